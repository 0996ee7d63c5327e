package connector

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/transitions"
)

// Session is one user on a client: logged out at first, and again after logout.
// Its methods may be called from any goroutine, also from builders and callbacks,
// but not from Common.Retry, Config.Backoff, Config.Now and the writer of
// Config.Journal.
type Session[C, U any] struct {
	driver *driver
	client *Client[C, U]
}

// String names the session without showing what it holds.
func (s *Session[C, U]) String() string { return fmt.Sprintf("interlock session %d", s.driver.number) }

// Number returns which session of its client it is, from 1 in the order in which they
// were made: by it Config.Log and the journal tell them apart.
func (s *Session[C, U]) Number() uint64 { return s.driver.number }

// Login logs in and returns when every socket is ready, or, with [WithoutSockets],
// when the user is logged in. It tries again while the server is unavailable, for
// as long as ctx and the backoff last.
//
// A command that is refused is [ErrBusy], [ErrLoggedIn], or the error of a ctx
// that had ended before, and has changed nothing. Any other error is a
// [*LoginError], which says whether the user is logged in. If not, it wraps
// [ErrLoggedOut], [ErrGate], ctx's error, or what Config.Auth gave:
// authhttp.ErrRejected or authhttp.ErrUnavailable, from a service that keeps to its
// interface. If so, the session stays: with ctx's error its sockets go on trying,
// with [ErrSocketFailed] one of them has failed for good, until it is opened by hand,
// and with [ErrDetached] they are closed by hand.
// Either way a watcher of [Session.Outcomes] is told.
func (s *Session[C, U]) Login(ctx context.Context, credentials C) error {
	call := s.driver.newCall(ctx, transitions.CommandLogin)
	call.credentials = credentials
	return s.driver.logIn(call, transitions.SessionLoginRequested)
}

// Adopt is Login with what the application has from elsewhere, as from a sign-on
// page: the user, and the tokens if there are any. Nothing is sent for it. Of an access
// token that is not new, set Pair.Life to what is left of it and Pair.Date to now: it is
// taken for one that was issued this moment otherwise.
func (s *Session[C, U]) Adopt(ctx context.Context, grant authhttp.Grant[U]) error {
	call := s.driver.newCall(ctx, transitions.CommandLogin)
	call.given = &granted{pair: grant.Pair, user: grant.User}
	return s.driver.logIn(call, transitions.SessionLoginRequested)
}

// Resume goes on with the tokens that Config.Store has for the session's account,
// refreshed first if they are stale, and asks the service whose they are. It returns
// as Login does. Its [*LoginError] wraps authhttp.ErrNothingStored when there is
// nothing to go on with, another error of the store when what was there cannot be
// used, which is then dropped, and authhttp.ErrNoToken when the server has ended
// the tokens. When ctx ends while the tokens are being refreshed, the server may have
// used up what is stored. Where the service cannot resume, it changes nothing and the error is
// authhttp.ErrNotSupported.
func (s *Session[C, U]) Resume(ctx context.Context) error {
	if !s.client.supports(authhttp.FeatureResume) {
		return authhttp.ErrNotSupported
	}
	return s.driver.logIn(s.driver.newCall(ctx, transitions.CommandResume), transitions.SessionResumeRequested)
}

// LoginAs logs the current user in as another one, whom id names in a type that
// the service knows, to any depth; Logout leads back. The present session and its
// sockets stay as they are until the server has accepted; then its sockets close
// and those of the other user open. It returns as Login does, with the present
// session as it was unless the error says LoggedIn. It is refused with
// [ErrNotLoggedIn] when nobody is logged in and with authhttp.ErrNotSupported where
// the service cannot. An answer without tokens is [ErrNoTokens], and the lack of a
// token to ask with authhttp.ErrNoToken.
//
// Only the tokens of the user who has logged in first are ever stored.
func (s *Session[C, U]) LoginAs(ctx context.Context, id any) error {
	if !s.client.supports(authhttp.FeatureLoginAs) {
		return authhttp.ErrNotSupported
	}
	call := s.driver.newCall(ctx, transitions.CommandLoginAs)
	call.id = id
	return s.driver.logIn(call, transitions.SessionLoginAsRequested)
}

// logIn posts a command and waits for its outcome.
func (d *driver) logIn(call *loginCall, on transitions.SessionEvent) error {
	if call.ctx.Err() != nil {
		return context.Cause(call.ctx)
	}
	if err := d.command(call, on); err != nil {
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

// command posts a command and, in the same breath, that its caller does not wait
// for the sockets.
func (d *driver) command(call *loginCall, on transitions.SessionEvent) error {
	now := d.settings.now()
	d.mailbox.Lock()
	d.lookAtClock(now)
	err := d.step(transitions.Input{To: transitions.SessionKind, On: uint8(on), Arg: call.ticket}, &cause{login: call, require: call.require})
	if err == nil && call.brief {
		_ = d.step(transitions.Input{To: transitions.LoginKind, On: uint8(transitions.LoginSufficed), Arg: call.ticket}, noCause)
	}
	for _, job := range d.drain() {
		go job()
	}
	return err
}

// HTTP returns a client whose requests carry a fresh token of this session, as
// Config.HTTP says: with no Origins there, to every https or loopback host that
// it is used for. It has no timeout of its own.
func (s *Session[C, U]) HTTP() *http.Client {
	transport := s.client.config.HTTP
	transport.Source = s
	return &http.Client{Transport: &transport}
}

// Token returns a fresh token, refreshing if need be; it makes the session an
// [authhttp.Source]. Without one the error is [authhttp.ErrNoToken].
func (s *Session[C, U]) Token(ctx context.Context, refused authhttp.Generation) (authhttp.Token, error) {
	return s.driver.token(ctx, refused)
}

// User returns what the server has said about the current user; false when nobody
// is logged in.
func (s *Session[C, U]) User() (user U, ok bool) {
	if users := s.Users(); len(users) > 0 {
		return users[len(users)-1], true
	}
	return user, false
}

// Users returns the current user, last, and those below who have logged in as
// another: the first one is the master, whose tokens are stored.
func (s *Session[C, U]) Users() []U {
	d := s.driver
	d.mailbox.Lock()
	state, data := d.core.Session()
	d.mailbox.Unlock()
	if state == transitions.SessionLoggedOut || state == transitions.SessionAuthenticating {
		return nil
	}
	all := d.loggedIn()
	var users []U
	for _, user := range all[:min(len(all), int(data.Depth)+1)] {
		typed, _ := user.(U)
		users = append(users, typed)
	}
	return users
}

// loggedIn returns who is logged in, the master first.
func (d *driver) loggedIn() []any {
	if users := d.users.Load(); users != nil {
		return *users
	}
	return nil
}

// user returns the current one, or nil.
func (d *driver) user() any {
	users := d.loggedIn()
	if len(users) == 0 {
		return nil
	}
	return users[len(users)-1]
}

func (d *driver) addUser(user any) {
	users := append(slices.Clone(d.loggedIn()), user)
	d.users.Store(&users)
}

// truncateUsers forgets all users but the first n.
func (d *driver) truncateUsers(n int) {
	users := slices.Clone(d.loggedIn())
	users = users[:min(len(users), max(n, 0))]
	d.users.Store(&users)
}

// Outcomes returns a stream of the outcomes of commands to log in, to resume and
// to log in as another, those of [Session.Require] included. It holds at most limit
// of them for a slow consumer; 0: 1024. Close it after use.
func (s *Session[C, U]) Outcomes(limit int) *Stream[Outcome] { return s.driver.outcomes.stream(limit) }

// Changes returns a stream of every change of state of the session, its login,
// its token, its sockets and their subscriptions, in order. It holds at most limit of them for a slow
// consumer; 0: 1024. Close it after use.
func (s *Session[C, U]) Changes(limit int) *Stream[Change] { return s.driver.changes.stream(limit) }

// Errors returns a stream of what went wrong outside of any call: on sockets, in
// builders and codecs, in the journal. It holds at most limit of them; 0: 1024.
// Close it after use.
func (s *Session[C, U]) Errors(limit int) *Stream[error] { return s.driver.faults.stream(limit) }
