package connector_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

// The ids by which the backend's users are logged in as.
const (
	annID   = 1
	bobID   = 2
	carolID = 3
)

// longLived is a backend whose tokens need no refresh during a test.
var longLived = connectortest.Config{AccessLife: 10 * time.Hour}

// as logs in as one user after the other, each time until every socket is ready.
func (w *world) as(ids ...int) {
	w.t.Helper()
	for _, id := range ids {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		err := w.session.LoginAs(ctx, id)
		cancel()
		if err != nil {
			w.t.Fatalf("login as %d: %v\n%s", id, err, w.history())
		}
	}
}

// beginAs logs in as another without waiting; the channel gives the outcome.
func (w *world) beginAs(id int) <-chan error {
	done := make(chan error, 1)
	go func() { done <- w.session.LoginAs(context.Background(), id) }()
	synctest.Wait()
	return done
}

// unwind logs out until nobody is logged in.
func (w *world) unwind() {
	for range 10 {
		if _, ok := w.session.User(); !ok {
			return
		}
		if err := w.session.Logout(context.Background()); err != nil && !errors.Is(err, connector.ErrParentExpired) {
			w.t.Errorf("logout: %v", err)
		}
	}
}

// wantUsers checks who is logged in, the master first, by all that tells it.
func (w *world) wantUsers(names ...string) {
	w.t.Helper()
	var got []string
	for _, u := range w.session.Users() {
		got = append(got, u.Name)
	}
	last, _ := w.session.User()
	s := w.session.Status()
	if !slices.Equal(got, names) || last.Name != names[len(names)-1] || s.Depth != len(names)-1 || s.Master != (len(names) == 1) || !s.LoggedIn {
		w.t.Errorf("got users %v, user %v, depth %d, master %v, logged in %v; want %v", got, last, s.Depth, s.Master, s.LoggedIn, names)
	}
}

// wantWorking waits until the session is ready, and checks that its socket answers
// and that the server knows its token as that of the user.
func (w *world) wantWorking(user int) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if err := w.session.Require(ctx, connector.RequireReady); err != nil {
		w.t.Fatalf("require: %v\n%s", err, w.history())
	}
	text := fmt.Sprint("of ", user)
	if got, err := w.echo(text); got != text {
		w.t.Errorf("got %q, %v, want %q", got, err, text)
	}
	token := w.token().Access
	claims, err := authhttp.ReadClaims(token)
	if err != nil || claims.Subject != fmt.Sprint(user) {
		w.t.Errorf("got the token of user %q, %v, want of %d", claims.Subject, err, user)
	}
	if got := w.me(token.Reveal()); got != http.StatusOK {
		w.t.Errorf("got %d for the token of user %d, want 200", got, user)
	}
	synctest.Wait() // the backend has noticed what closed
}

// wantUntouched runs what is to change nothing of the session, and checks that the
// connection stays the same one.
func (w *world) wantUntouched(user int, try func()) {
	w.t.Helper()
	synctest.Wait() // the backend has noticed what closed
	before, state, token, users := w.backend.Counts(), w.session.Status(), w.token(), w.session.Users()
	try()
	synctest.Wait()
	after := w.backend.Counts()
	if after.Upgrades != before.Upgrades || after.OpenSockets != before.OpenSockets || after.Auths != before.Auths {
		w.t.Errorf("got %+v, was %+v: want the same connection", after, before)
	}
	if s := w.session.Status(); s.Session != state.Session || s.Login != state.Login || s.Depth != state.Depth || s.Sockets[0] != state.Sockets[0] {
		w.t.Errorf("got %+v, was %+v", s, state)
	}
	if got := w.token(); got != token || !slices.Equal(w.session.Users(), users) {
		w.t.Errorf("got token %v of %v, want %v of %v", got.Generation, w.session.Users(), token.Generation, users)
	}
	w.wantWorking(user)
}

// wantNotLoggedIn checks an error that says that nobody was logged in, and why.
func wantNotLoggedIn(t *testing.T, err, want error) {
	t.Helper()
	var outcome *connector.LoginError
	if !errors.As(err, &outcome) || outcome.LoggedIn || !errors.Is(err, want) {
		t.Errorf("got %v, want a LoginError, not logged in, that wraps %v", err, want)
	}
}

// outOfReach lets no new connection through, while open sockets stay.
func (w *world) outOfReach() {
	w.network.Refuse(true)
	w.config.HTTP.Base.(*http.Transport).CloseIdleConnections()
}

// jump is an application's clock that can be set forward, as after a suspend.
type jump struct{ by time.Duration }

func (j *jump) under(c *connector.Config[credentials, user]) {
	c.Now = func() time.Time { return time.Now().Add(j.by) }
}

func TestLoginAs(t *testing.T) {
	engines(t, "F44 before the answer nothing changes", longLived, func(w *world) {
		defer w.unwind()
		w.login()
		w.script(connectortest.HoldLoginAs(1))
		done := w.beginAs(bobID)
		time.Sleep(10 * time.Second)
		s := w.session.Status()
		if s.Session != transitions.SessionSubscribed || !s.LoggingInAs || !s.Ready || s.LoggingIn || s.LoggingOut {
			w.t.Errorf("got %+v, want subscribed and logging in as another", s)
		}
		w.wantUsers("ann")
		w.wantWorking(annID)
		if got := w.backend.Counts(); got.Upgrades != 1 || got.OpenSockets != 1 {
			w.t.Errorf("got %+v, want the one connection", got)
		}
		if err := <-done; err != nil { // tried again when the first request was out of time
			w.t.Errorf("login as bob: %v", err)
		}
		w.wantUsers("ann", "bob")
	})

	bubbles(t, "S5 accepted: the sockets of one close, those of the other open", func(t *testing.T, engine change) {
		var authed []string
		w := newWorld(t, longLived, engine, socket(func(s *socketConfig) {
			build := s.Subscribe[0].Build
			s.Subscribe[0].Build = func(ctx context.Context, k knowing) (request, error) {
				authed = append(authed, k.AuthAnswer.Auth.Name)
				return build(ctx, k)
			}
		}))
		defer w.end()
		defer w.unwind()
		w.login()
		w.as(bobID)
		w.wantUsers("ann", "bob")
		w.wantWorking(bobID)
		if got := w.backend.Counts(); got.LoginAs != 1 || got.Upgrades != 2 || got.OpenSockets != 1 || got.Logouts != 0 || got.Refreshes != 0 {
			t.Errorf("got %+v, want one request and one socket after the other", got)
		}
		if want := []string{"ann", "bob"}; !slices.Equal(authed, want) {
			t.Errorf("got sockets authenticated as %v, want %v", authed, want)
		}
		want := "[authenticating socketOpening socketAuthed subscribed switching socketOpening socketAuthed subscribed]"
		if got := fmt.Sprint(w.states("session")); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	})

	engines(t, "S5 two deep", longLived, func(w *world) {
		defer w.unwind()
		w.login()
		w.as(bobID, carolID)
		w.wantUsers("ann", "bob", "carol")
		w.wantWorking(carolID)
		if got := w.backend.Counts(); got.LoginAs != 2 || got.OpenSockets != 1 {
			w.t.Errorf("got %+v, want two requests and one open socket", got)
		}
	})

	engines(t, "S5 503 is tried again", longLived, func(w *world) {
		defer w.unwind()
		w.login()
		w.script(connectortest.RefuseLoginAs(2, 503))
		w.as(bobID)
		w.wantUsers("ann", "bob")
		if got := w.backend.Counts().LoginAs; got != 3 {
			w.t.Errorf("got %d requests, want 3", got)
		}
	})

	engines(t, "S5 WithoutSockets returns when the answer has come", longLived, func(w *world) {
		defer w.unwind()
		w.login()
		w.script(connectortest.HoldUpgrades(1))
		start := time.Now()
		if err := w.session.LoginAs(connector.WithoutSockets(context.Background()), bobID); err != nil || time.Since(start) != 0 {
			w.t.Errorf("got %v after %v, want logged in at once", err, time.Since(start))
		}
		w.wantUsers("ann", "bob")
		if s := w.session.Status(); !s.Opening || s.Ready || s.LoggingInAs {
			w.t.Errorf("got %+v, want opening", s)
		}
		w.wantWorking(bobID)
	})

	for _, c := range []struct {
		name  string
		fault connectortest.Fault
		state string
	}{
		{"dials", connectortest.HoldUpgrades(1), "socketOpening"},
		{"authenticates", connectortest.HoldAuth(1), "socketAuthenticating"},
		{"subscribes", connectortest.HoldSubscriptions(1), "socketAuthed"},
		{"backs off", connectortest.RefuseUpgrades(1, 503).RetryAfter(time.Hour), "busyWaiting"},
	} {
		engines(t, "S5 while the socket of the user before still "+c.name, longLived, func(w *world) {
			defer w.unwind()
			w.script(c.fault)
			w.loginOnly()
			w.until("socket", c.state)
			synctest.Wait() // the fault has been met
			start := time.Now()
			w.as(bobID)
			if got := time.Since(start); got > time.Second {
				w.t.Errorf("got bob ready after %v, want at once", got)
			}
			w.wantUsers("ann", "bob")
			w.wantWorking(bobID)
		})
	}

	engines(t, "S5 a drop of the socket meanwhile does not disturb", longLived, func(w *world) {
		defer w.unwind()
		w.login()
		w.until("session", "subscribed")
		w.script(connectortest.HoldLoginAs(1))
		done := w.beginAs(bobID)
		w.script(connectortest.DropSockets())
		w.until("session", "subscribed")
		if s := w.session.Status(); !s.LoggingInAs {
			w.t.Errorf("got %+v, want the command still in flight", s)
		}
		w.wantUsers("ann")
		w.wantWorking(annID)
		if err := <-done; err != nil {
			w.t.Errorf("login as bob: %v", err)
		}
		w.wantWorking(bobID)
	})

	bubbles(t, "T3 a stale token is refreshed before it asks", func(t *testing.T, engine change) {
		clock := &jump{}
		w := newWorld(t, connectortest.Config{}, engine, clock.under)
		defer w.end()
		defer w.unwind()
		w.login()
		w.script(connectortest.ExpireTokens()) // the server would refuse the old one
		clock.by = time.Minute
		w.as(bobID)
		if got := w.backend.Counts(); got.LoginAs != 1 || got.Refreshes != 1 {
			t.Errorf("got %+v, want a refresh and then one request", got)
		}
	})

	engines(t, "T6 401 costs one forced refresh and one more try", longLived, func(w *world) {
		defer w.unwind()
		w.login()
		w.script(connectortest.ExpireTokens())
		w.as(bobID)
		if got := w.backend.Counts(); got.LoginAs != 2 || got.Refreshes != 1 {
			w.t.Errorf("got %+v, want two requests and a refresh", got)
		}
		w.wantUsers("ann", "bob")
	})
}
