package connector

import (
	"context"
	"errors"
	"fmt"

	"github.com/cenkalti/backoff/v4"
	"github.com/custom-app/interlock/transitions"
)

// Add adds a socket for the current user and opens it, without waiting: requests to
// it do. It lasts until the user is logged out, or logs in as another; then the streams
// of its handle end. A login that is under way waits for it as for the others. The
// error names what is wrong with the declaration, or is [ErrNotLoggedIn], or [ErrBusy]
// while the session is leaving or changes its user.
func (s *Session[C, U]) Add(socket AnySocket[U]) (*Handle, error) {
	w, err := bindOne[U](socket, s.client.surroundings)
	if err != nil {
		return nil, fmt.Errorf("interlock: add: %w", err)
	}
	refused := make(chan error, 1)
	run, err := s.driver.addAndOpen(w, &cause{refused: refused})
	if err != nil {
		return nil, fmt.Errorf("interlock: add: %w", err)
	}
	h := &Handle{run}
	if err := <-refused; err != nil {
		_ = h.command(transitions.SessionSocketRemoveRequested)
		return nil, err
	}
	return h, nil
}

// addAndOpen adds a socket, and in the same breath opens it.
func (d *driver) addAndOpen(w *wiring, why *cause) (run *socketRun, err error) {
	now := d.settings.now()
	d.mailbox.Lock()
	d.lookAtClock(now)
	_, data := d.core.Session()
	if err = d.addRuns([]*wiring{w}, int(data.Group)); err == nil {
		runs := d.socketRuns()
		run = runs[len(runs)-1]
		err = d.step(transitions.Input{To: transitions.SessionKind, On: uint8(transitions.SessionSocketOpenRequested), Arg: run.id}, why)
	}
	for _, job := range d.drain() {
		go job()
	}
	return run, err
}

// Remove closes a socket that was added, as [Handle.Close] does, and removes it: when
// ctx ends, that goes on by itself. A declared one cannot be removed, only closed.
func (s *Session[C, U]) Remove(ctx context.Context, id string) error {
	h, err := s.Socket(id)
	if err != nil {
		return err
	}
	if !h.run.wiring.plan.Added {
		return fmt.Errorf("interlock: socket %s: is declared, and can only be closed", id)
	}
	removed := make(chan error, 1)
	go func() { removed <- h.remove() }()
	select {
	case err := <-removed:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// remove closes the socket and removes it. That somebody else does so too is no fault.
func (h *Handle) remove() error {
	if err := h.Close(context.Background()); err != nil {
		return err
	}
	err := h.command(transitions.SessionSocketRemoveRequested)
	if errors.Is(err, ErrSocketClosed) {
		<-h.run.gone
		return nil
	}
	return err
}

// bindAll validates and binds sockets that are given while running. A fault is not
// to be mended by another attempt.
func bindAll[U any](sockets []AnySocket[U], in surroundings) (all []*wiring, _ error) {
	var faults []error
	for i, s := range sockets {
		w, err := bindOne[U](s, in)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s[%d]: %w", "Sockets", i, err))
		}
		all = append(all, w)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, backoff.Permanent(err)
	}
	return all, nil
}

func bindOne[U any](s AnySocket[U], in surroundings) (*wiring, error) {
	if s == nil {
		return nil, errors.New("is nil")
	}
	return guarded(func() (*wiring, error) {
		if err := s.validate(in); err != nil {
			return nil, err
		}
		if s.early() {
			return nil, fmt.Errorf("%s: only declared sockets open before login", "Early")
		}
		w := s.bind(in)
		w.plan.Added = true
		return w, nil
	})
}
