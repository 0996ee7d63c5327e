package connector

import (
	"context"

	"github.com/custom-app/interlock/transitions"
)

// Open opens sockets: before login those that are declared Early, and when logged in
// those of the groups so far that were closed by hand or have failed; the close of
// one that is not closed yet is cut short. It accepts those that are open, and does
// not wait: requests to them do. What was opened before login ends with Close. The
// error is [ErrBusy] while the session is leaving, or changes its user.
func (s *Session[C, U]) Open() error {
	refused := make(chan error, 1)
	in := transitions.Input{To: transitions.SessionKind, On: uint8(transitions.SessionOpenRequested)}
	if err := s.driver.post(in, &cause{refused: refused}); err != nil {
		return err
	}
	return <-refused
}

// CloseSockets closes every socket, and stays logged in: HTTP goes on, the token is
// kept fresh, and the session is detached until Open opens the sockets again. Those
// who wait for the sockets get [ErrDetached]. It returns when all are closed, at the
// latest after Config.CloseTimeout, or when ctx ends: then it goes on by itself. The
// error is else [ErrNotLoggedIn], or [ErrBusy] while the session is leaving or
// changes its user.
func (s *Session[C, U]) CloseSockets(ctx context.Context) error {
	done := make(chan error, 1)
	in := transitions.Input{To: transitions.SessionKind, On: uint8(transitions.SessionDetachRequested)}
	if err := s.driver.post(in, &cause{detacher: done, err: ErrDetached}); err != nil {
		return err
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Wake says that the network is back, or that the machine was suspended: sockets
// that wait for their next attempt, and a token that waits for its, try again at
// once, unless the server has asked them to wait; those that are ready find out by a
// ping whether they still are.
func (s *Session[C, U]) Wake() {
	_ = s.driver.post(transitions.Input{To: transitions.SessionKind, On: uint8(transitions.SessionWoken)}, noCause)
}
