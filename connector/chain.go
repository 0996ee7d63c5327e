package connector

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cenkalti/backoff/v4"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/transitions"
)

// Group is sockets that open together, when every socket of the groups before is
// ready. When a socket of an earlier group drops and comes back, the later ones
// stay as they are.
type Group[U any] struct {
	Sockets []AnySocket[U] // those that are known beforehand

	// Make says which other sockets the group has, for this user. It runs on a
	// goroutine of its own and may block until ctx ends, at the latest after
	// Config.GroupTimeout. With [ErrNone] there are none. Another error is told, and
	// Make asked again after a while, but for a backoff.PermanentError, which ends the
	// chain: the session is degraded. What it returns lasts until the user is logged
	// out; at the next login it is asked again, and, when it has ended the chain, by
	// [Session.Open]. nil: there are no others.
	Make func(context.Context, Chain[U]) ([]AnySocket[U], error)
}

// Chain is what the sockets so far have come to.
type Chain[U any] struct {
	User    U
	Token   authhttp.Token
	answers map[string]answers
}

// answers are those of one socket's handshake.
type answers struct {
	auth          any
	subscriptions []any
}

// AuthAnswer returns the answer to a socket's auth message; false when there is
// none of this type.
func AuthAnswer[Res, U any](so Chain[U], socket string) (Res, bool) {
	res, ok := so.answers[socket].auth.(Res)
	return res, ok
}

// SubscriptionAnswers returns the answers to a socket's subscription messages, as
// they came.
func SubscriptionAnswers[Res, U any](so Chain[U], socket string) []Res {
	var all []Res
	for _, value := range so.answers[socket].subscriptions {
		if res, ok := value.(Res); ok {
			all = append(all, res)
		}
	}
	return all
}

// soFar is Chain without its type.
type soFar struct {
	user    any
	token   authhttp.Token
	answers map[string]answers
}

func (d *driver) soFar() soFar {
	so := soFar{user: d.user(), token: d.current().token(), answers: make(map[string]answers)}
	for _, run := range d.socketRuns() {
		run.mu.Lock()
		so.answers[run.wiring.id] = answers{run.authed, slices.Clone(run.answers)}
		run.mu.Unlock()
	}
	return so
}

// bindGroup takes the types off a group's Make.
func bindGroup[U any](g Group[U], in surroundings) func(context.Context, soFar) ([]*wiring, error) {
	return func(ctx context.Context, so soFar) ([]*wiring, error) {
		if g.Make == nil {
			return nil, nil
		}
		sockets, err := guarded(func() ([]AnySocket[U], error) {
			return g.Make(ctx, Chain[U]{as[U](so.user), so.token, so.answers})
		})
		if err != nil {
			return nil, err
		}
		return bindAll(sockets, in)
	}
}

// makeGroup asks the application for the next group.
func (d *driver) makeGroup(gen uint32) {
	d.mailbox.Lock()
	_, data := d.core.Session()
	d.mailbox.Unlock()
	if int(data.Group) >= len(d.settings.chain) {
		return // the session has gone on
	}
	var ctx context.Context
	ctx, d.stopMaking = context.WithCancelCause(context.Background())
	stop, so, build := d.stopMaking, d.soFar(), d.settings.chain[data.Group]
	d.begin(func() {
		defer stop(nil)
		wirings, err := build(ctx, so)
		if ctx.Err() == nil { // else nobody waits any more
			d.groupMade(gen, wirings, err)
		}
	})
}

// stopGroup gives up the group that is being made.
func (d *driver) stopGroup(w work) {
	if d.stopMaking == nil {
		return
	}
	late := w.out.On == uint8(transitions.SessionGroupTimedOut)
	if !late {
		d.stopMaking(nil)
		return
	}
	d.stopMaking(context.DeadlineExceeded)
	d.fail("", fmt.Errorf("interlock: chain: the next group was not made: %w", context.DeadlineExceeded))
}

// groupMade posts what the application says of the next group.
func (d *driver) groupMade(gen uint32, wirings []*wiring, err error) {
	in := transitions.Input{To: transitions.SessionKind, On: uint8(transitions.SessionGroupMade), Gen: gen}
	none, final := verdictOf(err)
	switch {
	case none:
		err = nil
	case final:
		in.On = uint8(transitions.SessionGroupFailed)
	case err != nil:
		in.On = uint8(transitions.SessionGroupUnavailable)
	}
	if err = d.postGroup(in, wirings, err); err != nil {
		d.fail("", err)
	}
}

// verdictOf tells what an error of a builder means: that there is nothing to make, or
// that there never will be.
func verdictOf(err error) (none, final bool) {
	_, _ = guarded(func() (struct{}, error) {
		var permanent *backoff.PermanentError
		none, final = errors.Is(err, ErrNone), errors.As(err, &permanent)
		return struct{}{}, nil
	})
	return none, final
}

// postGroup posts that a group is made, and in the same breath adds its sockets, or
// why there is none. It returns what is to be told.
func (d *driver) postGroup(in transitions.Input, wirings []*wiring, err error) error {
	now := d.settings.now()
	d.mailbox.Lock()
	d.lookAtClock(now)
	if err == nil && d.core.Moves(in) {
		_, data := d.core.Session()
		if err = d.addRuns(wirings, int(data.Group)+1); err != nil {
			in.On = uint8(transitions.SessionGroupFailed)
		}
	}
	if err != nil {
		err = fmt.Errorf("interlock: chain: the next group was not made: %w", err)
	}
	_ = d.step(in, &cause{err: err}) // it is declared in every state
	for _, job := range d.drain() {
		go job()
	}
	return err
}
