package connector

import (
	"context"
	"errors"
	"fmt"

	"github.com/cenkalti/backoff/v4"
	"github.com/custom-app/interlock/transitions"
)

// Add adds a socket for the current user and opens it, without waiting: requests to
// it do. It lasts until the user is logged out, or logs in as another. A login that
// is under way waits for it as for the others. The error names what is wrong with
// the declaration, or is [ErrNotLoggedIn].
func (s *Session[C, U]) Add(socket AnySocket[U]) (*Handle, error) {
	d := s.driver
	w, err := bindOne[U](socket, s.client.surroundings)
	if err != nil {
		return nil, fmt.Errorf("interlock: add: %w", err)
	}
	run, err := d.addLater(w)
	if err != nil {
		return nil, fmt.Errorf("interlock: add: %w", err)
	}
	h := &Handle{run}
	if err := h.Open(); err != nil {
		_ = h.command(transitions.SessionSocketRemoveRequested)
		return nil, err
	}
	return h, nil
}

// addLater adds a socket that is still to be opened.
func (d *driver) addLater(w *wiring) (*socketRun, error) {
	d.mailbox.Lock()
	_, data := d.core.Session()
	err := d.addRuns([]*wiring{w}, int(data.Group))
	runs := d.socketRuns()
	for _, job := range d.drain() {
		go job()
	}
	if err != nil {
		return nil, err
	}
	return runs[len(runs)-1], nil
}

// Remove closes a socket that was added, as [Handle.Close] does, and removes it. A
// declared one cannot be removed, only closed.
func (s *Session[C, U]) Remove(ctx context.Context, id string) error {
	h, err := s.Socket(id)
	if err != nil {
		return err
	}
	if !h.run.wiring.plan.Added {
		return fmt.Errorf("interlock: socket %s: is declared, and can only be closed", id)
	}
	if err := h.Close(ctx); err != nil {
		return err
	}
	err = h.command(transitions.SessionSocketRemoveRequested)
	if errors.Is(err, ErrSocketClosed) {
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
			faults = append(faults, fmt.Errorf("Sockets[%d]: %w", i, err))
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
			return nil, errors.New("Early: only declared sockets open before login")
		}
		w := s.bind(in)
		w.plan.Added = true
		return w, nil
	})
}
