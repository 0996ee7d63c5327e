package connector

import (
	"context"
	"fmt"

	"github.com/custom-app/interlock/transitions"
)

// Handle is a session's socket, whatever its types. It stays good over drops,
// logouts and logins, and may be used by many goroutines. That of a socket which
// was added while running is good until it is removed, or that user is logged out: then
// its streams end.
type Handle struct{ run *socketRun }

// Socket returns the handle of the socket with this id, or an error that there is
// none. Declared sockets are there from the beginning.
func (s *Session[C, U]) Socket(id string) (*Handle, error) {
	runs := s.driver.socketRuns()
	for i := range runs { // the last first: one of the same id before may be about to go
		if run := runs[len(runs)-1-i]; run.wiring.id == id {
			return &Handle{run}, nil
		}
	}
	return nil, fmt.Errorf("interlock: socket %q: is not declared, and was not added", id)
}

// String names the socket without showing what it holds.
func (h *Handle) String() string { return "interlock socket " + h.run.wiring.id }

// ID returns the socket's id.
func (h *Handle) ID() string { return h.run.wiring.id }

// Open opens the socket: one that was closed by hand, or has failed. It does not
// wait: requests to it do. The error is [ErrSocketOpen] when it is open, opening or
// not closed yet, [ErrNotLoggedIn], or [ErrBusy] while the session is leaving or
// changes its user. To accept sockets that are open, use [Session.Open].
func (h *Handle) Open() error {
	return h.command(transitions.SessionSocketOpenRequested)
}

// Close closes the socket, which then stays closed, and holds up nobody, until it
// is opened by hand or at the next login. It returns when the socket is closed, at
// the latest after half of Config.CloseTimeout, or when ctx ends: then it goes on by
// itself. [Session.Open] and a login cut it short.
func (h *Handle) Close(ctx context.Context) error {
	closed := make(chan error, 1)
	in := transitions.Input{To: transitions.SessionKind, On: uint8(transitions.SessionSocketCloseRequested), Arg: h.run.id}
	if err := h.run.driver.onSocket(h.run, in, &cause{closer: closed}); err != nil {
		return nil // it is removed, and so closed
	}
	select {
	case err := <-closed:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// command posts an event of the session about this socket, and returns how it was
// taken.
func (h *Handle) command(on transitions.SessionEvent) error {
	refused := make(chan error, 1)
	in := transitions.Input{To: transitions.SessionKind, On: uint8(on), Arg: h.run.id}
	if err := h.run.driver.onSocket(h.run, in, &cause{refused: refused}); err != nil {
		return err
	}
	return <-refused
}

// onSocket posts an event about a socket, if it is still there.
func (d *driver) onSocket(run *socketRun, in transitions.Input, why *cause) error {
	now := d.settings.now()
	d.mailbox.Lock()
	d.lookAtClock(now)
	err := run.removed()
	if d.core.HasSocket(run.id) {
		err = d.step(in, why)
	}
	for _, job := range d.drain() {
		go job()
	}
	return err
}

// removed is the error of a command to a socket that is no more.
func (r *socketRun) removed() error {
	return fmt.Errorf("%w: socket %s is removed", ErrSocketClosed, r.wiring.id)
}

// Status returns the socket at this moment.
func (h *Handle) Status() SocketStatus {
	d := h.run.driver
	d.mailbox.Lock()
	defer d.mailbox.Unlock()
	for i := range d.core.Sockets() {
		if d.core.SocketID(i) == h.run.id {
			return h.run.status(d.core.Socket(i))
		}
	}
	return SocketStatus{ID: h.run.wiring.id, State: transitions.SocketRemoved}
}

// Readies returns a stream of every time that the socket becomes ready, which says
// whether messages may have been missed. It holds at most limit of them for a slow
// consumer; 0: 1024. Close it after use.
func (h *Handle) Readies(limit int) *Stream[Ready] { return h.run.readies.stream(limit) }

// Errors returns a stream of what went wrong on this socket outside of any call:
// dialling, codecs, builders, messages. It holds at most limit of them; 0: 1024.
// Close it after use.
func (h *Handle) Errors(limit int) *Stream[error] { return h.run.faults.stream(limit) }
