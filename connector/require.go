package connector

import (
	"context"
	"errors"
	"slices"

	"github.com/custom-app/interlock/transitions"
)

// Need is how far a session must be.
type Need uint8

// The needs.
const (
	RequireLogin Need = iota // a user is logged in
	RequireReady             // and every socket is ready
)

// requirer is somebody who waits for a session to be so far.
type requirer struct {
	need  Need
	quiet bool       // does not want the listener told
	done  chan error // holds one
}

// settle tells the outcome; only the first counts.
func (r *requirer) settle(err error) {
	select {
	case r.done <- err:
	default:
	}
}

// Require waits until the session is as far as needed: at once when it is there,
// else for what is in flight, else for one resume that all callers share. It is
// for guarding pages, commands and handlers. Its error is [ErrBusy] while the
// session is leaving, ctx's, or a [*LoginError] that wraps [ErrNotLoggedIn] or
// [ErrSocketFailed]. A resume that finds no token is told to Config.NoToken.
func (s *Session[C, U]) Require(ctx context.Context, need Need) error {
	for {
		err := s.driver.require(ctx, need)
		if !errors.Is(err, errOwnerLeft) || ctx.Err() != nil {
			return err
		}
	}
}

func (d *driver) require(ctx context.Context, need Need) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	r := &requirer{need: need, quiet: isQuiet(ctx), done: make(chan error, 1)}
	shared := d.newCall(context.WithoutCancel(ctx), transitions.CommandResume)
	shared.require, shared.brief = r, true // who waits for the sockets waits for the session to say so
	if err := d.command(shared, transitions.SessionRequired); err != nil {
		return err
	}
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
	}
	// The resume, if it is this caller's, is given up; who shares it begins another.
	in := transitions.Input{To: transitions.LoginKind, On: uint8(transitions.LoginAbandoned), Arg: shared.ticket}
	_ = d.post(in, &cause{err: errOwnerLeft, require: r})
	return context.Cause(ctx)
}

// tellRequirers tells those who need no more than what is reached, or, with an
// error, what will not be.
func (d *driver) tellRequirers(err error, reached Need) {
	d.requirers = slices.DeleteFunc(d.requirers, func(r *requirer) bool {
		if r.need > reached {
			return false
		}
		r.settle(err)
		return true
	})
}
