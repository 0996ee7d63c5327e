package connector

import (
	"context"
	"fmt"
	"net/http"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/transitions"
)

// Session is one user on a client: logged out at first, and again after logout.
// Its methods may be called from any goroutine, also from builders.
type Session[C, U any] struct {
	driver *driver
	http   *authhttp.Transport // to be copied
}

// String names the session without showing what it holds.
func (s *Session[C, U]) String() string { return fmt.Sprintf("interlock session %d", s.driver.number) }

// Login logs in and returns when every socket is ready. It tries again while
// the server is unavailable, for as long as ctx and the backoff last.
//
// A command that is refused is [ErrBusy], [ErrLoggedIn], or the error of a ctx
// that had ended before, and has changed nothing. Any other error is a
// [*LoginError], which says whether the user is logged in. If not, it wraps
// [ErrLoggedOut], ctx's error, or what Config.Auth gave: authhttp.ErrRejected or
// authhttp.ErrUnavailable, from a service that keeps to its interface. If so, the
// session stays: with ctx's error its sockets go on trying, with [ErrSocketFailed]
// one of them has failed for good, which only a logout ends.
func (s *Session[C, U]) Login(ctx context.Context, credentials C) error {
	return s.driver.logIn(&loginCall{ctx: ctx, credentials: credentials, done: make(chan error, 1)})
}

// LoginOnly is Login, but returns when the user is logged in, while the sockets
// are still opening.
func (s *Session[C, U]) LoginOnly(ctx context.Context, credentials C) error {
	return s.driver.logIn(&loginCall{ctx: ctx, credentials: credentials, early: true, done: make(chan error, 1)})
}

func (d *driver) logIn(call *loginCall) error {
	if call.ctx.Err() != nil {
		return context.Cause(call.ctx)
	}
	call.ticket = d.tickets.Add(1)
	in := transitions.Input{To: transitions.SessionKind, On: uint8(transitions.SessionLoginRequested), Arg: call.ticket}
	if err := d.post(in, &cause{login: call}); err != nil {
		return err
	}
	select {
	case err := <-call.done:
		return err
	case <-call.ctx.Done():
	}
	_ = d.post(transitions.Input{To: transitions.LoginKind, On: uint8(transitions.LoginAbandoned), Arg: call.ticket}, noCause)
	return <-call.done
}

// Logout closes every socket, tells the server, and forgets the tokens and the
// user, whatever the server says. It returns when all that is done, at the latest
// after CloseTimeout, or when ctx ends: then it goes on by itself. When logged
// out it does nothing.
func (s *Session[C, U]) Logout(ctx context.Context) error {
	done := make(chan struct{})
	in := transitions.Input{To: transitions.SessionKind, On: uint8(transitions.SessionLogoutRequested)}
	if err := s.driver.post(in, &cause{logout: done}); err != nil {
		return err
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// HTTP returns a client whose requests carry a fresh token of this session, as
// Config.HTTP says: with no Origins there, to every https or loopback host that
// it is used for. It has no timeout of its own.
func (s *Session[C, U]) HTTP() *http.Client {
	transport := *s.http
	transport.Source = s
	return &http.Client{Transport: &transport}
}

// Token returns a fresh token, refreshing if need be; it makes the session an
// [authhttp.Source]. Without one the error is [authhttp.ErrNoToken].
func (s *Session[C, U]) Token(ctx context.Context, refused authhttp.Generation) (authhttp.Token, error) {
	return s.driver.token(ctx, refused)
}

// User returns what the login answer said about the user; false when logged out.
func (s *Session[C, U]) User() (user U, ok bool) {
	d := s.driver
	d.mailbox.Lock()
	state, _ := d.core.Session()
	d.mailbox.Unlock()
	switch state {
	case transitions.SessionLoggedOut, transitions.SessionAuthenticating:
		return user, false
	}
	if u := d.user.Load(); u != nil {
		user, ok = (*u).(U)
	}
	return user, ok
}

// Changes returns a stream of every change of state of the session, its login,
// its token and its sockets, in order. It holds at most limit of them for a slow
// consumer; 0: 1024. Close it after use.
func (s *Session[C, U]) Changes(limit int) *Stream[Change] { return s.driver.changes.stream(limit) }

// Errors returns a stream of what went wrong outside of any call: on sockets, in
// builders and codecs, in the journal. It holds at most limit of them; 0: 1024.
// Close it after use.
func (s *Session[C, U]) Errors(limit int) *Stream[error] { return s.driver.faults.stream(limit) }

// Status is a session at one moment.
type Status struct {
	Session transitions.SessionState
	Login   transitions.LoginState
	Token   transitions.TokenState

	LoggingIn  bool // a login request is in flight, or waits for its retry
	LoggedIn   bool
	Opening    bool // logged in, and some socket is not ready yet
	Ready      bool // every socket is ready
	LoggingOut bool

	Sockets []SocketStatus // in the order of the config
}

// SocketStatus is a socket at one moment.
type SocketStatus struct {
	ID         string
	State      transitions.SocketState
	Generation uint32 // grows with every attempt to connect
	Attempt    uint16 // attempts since it was last stable
	Readies    uint32 // how often it became ready
	Failures   uint32 // how often an attempt or a connection failed
	Opened     bool   // whether the last attempt opened a connection
	CloseCode  uint16 // the close code or HTTP status of the last failure; 0: none was given
}

// Status returns the session at this moment.
func (s *Session[C, U]) Status() Status {
	d := s.driver
	d.mailbox.Lock()
	defer d.mailbox.Unlock()
	var status Status
	status.Session, _ = d.core.Session()
	status.Login, _ = d.core.Login()
	status.Token, _ = d.core.Token()
	switch status.Session {
	case transitions.SessionLoggedOut:
	case transitions.SessionAuthenticating:
		status.LoggingIn = true
	case transitions.SessionSocketOpening, transitions.SessionSocketAuthed:
		status.LoggedIn, status.Opening = true, true
	case transitions.SessionSubscribed:
		status.LoggedIn, status.Ready = true, true
	case transitions.SessionDegraded:
		status.LoggedIn = true
	case transitions.SessionClosing, transitions.SessionRevoking:
		status.LoggingOut = true
	}
	for i, run := range d.sockets {
		state, data := d.core.Socket(i)
		status.Sockets = append(status.Sockets, SocketStatus{
			ID: run.wiring.id, State: state, Generation: data.Gen, Attempt: data.Attempt, Readies: data.Readies,
			Failures: data.Failures, Opened: data.Opened, CloseCode: data.Code,
		})
	}
	return status
}
