package connector_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

// moments bring a session into each state from which it may log out. A login that
// is in flight is returned.
var moments = []struct {
	name    string
	arrange func(w *world) <-chan error
}{
	{"when logged out", func(*world) <-chan error { return nil }},
	{"during the login request", func(w *world) <-chan error {
		w.script(connectortest.HoldLogins(1))
		done := w.begin()
		w.until("login", "requesting")
		return done
	}},
	{"during the login backoff", func(w *world) <-chan error {
		w.script(connectortest.RefuseLogins(1, 503))
		done := w.begin()
		w.until("login", "waiting")
		return done
	}},
	{"while dialling", opening(connectortest.HoldUpgrades(1), "socketOpening")},
	{"during auth", opening(connectortest.HoldAuth(1), "socketAuthenticating")},
	{"during subscription", opening(connectortest.HoldSubscriptions(1), "socketAuthed")},
	{"during the socket's backoff", opening(connectortest.RefuseUpgrades(1, 502), "waiting")},
	{"when ready", func(w *world) <-chan error { w.login(); return nil }},
	{"during a refresh", func(w *world) <-chan error {
		w.script(connectortest.HoldRefreshes(1))
		w.login()
		w.until("token", "refreshing")
		return nil
	}},
	{"during the refresh backoff", func(w *world) <-chan error {
		w.script(connectortest.RefuseRefreshes(1, 503))
		w.login()
		w.until("token", "waiting")
		return nil
	}},
	{"when a reconnect waits for a token", func(w *world) <-chan error {
		w.script(connectortest.HoldRefreshes(1))
		w.login()
		w.until("token", "refreshing")
		w.script(connectortest.DropSockets())
		w.until("socket", "tokenPending")
		return nil
	}},
	{"when degraded", func(w *world) <-chan error {
		w.script(connectortest.RejectAuth(2))
		w.loginOnly()
		w.until("session", "degraded")
		return nil
	}},
}

func opening(fault connectortest.Fault, state string) func(w *world) <-chan error {
	return func(w *world) <-chan error {
		w.script(fault)
		done := w.begin()
		w.until("socket", state)
		return done
	}
}

func TestLogoutFromEveryState(t *testing.T) {
	for _, network := range []struct {
		name string
		cut  func(w *world, s *swamp)
	}{
		{"alive", func(*world, *swamp) {}},
		{"down", func(w *world, _ *swamp) { w.network.Refuse(true); w.network.Drop() }},
		{"refusing", func(w *world, _ *swamp) { w.network.Refuse(true) }},
		{"hung", func(_ *world, s *swamp) { s.on.Store(true) }},
	} {
		for _, m := range moments {
			bubbles(t, "S6 "+m.name+", network "+network.name, func(t *testing.T, engine change) {
				s := &swamp{}
				w := newWorld(t, connectortest.Config{}, engine, s.under)
				defer w.end()
				login := m.arrange(w)
				synctest.Wait()
				network.cut(w, s)
				start := time.Now()
				took := w.logout()
				if took > 10*time.Second || network.name == "alive" && took > 10*time.Second {
					t.Errorf("got logged out after %v, want within CloseTimeout", took)
				}
				wantGone(w)
				if again := w.logout(); again != 0 {
					t.Errorf("got %v for a second logout, want nothing to do", again)
				}
				if login != nil {
					if err := <-login; !errors.Is(err, connector.ErrLoggedOut) || time.Since(start) > 10*time.Second {
						t.Errorf("the login in flight: got %v after %v, want logged out", err, time.Since(start))
					}
				}
				before := w.backend.Counts()
				time.Sleep(time.Hour)
				after := w.backend.Counts()
				before.OpenSockets, after.OpenSockets = 0, 0
				if before != after {
					t.Errorf("got %+v an hour after logout, was %+v", after, before)
				}
				s.on.Store(false)
				w.network.Refuse(false)
				w.login() // and everything works again
			})
		}
	}
}

// wantGone checks that nothing of a session is left on this side.
func wantGone(w *world) {
	w.t.Helper()
	s := w.session.Status()
	if s.Session != transitions.SessionLoggedOut || s.Login != transitions.LoginIdle || s.Token != transitions.TokenAbsent || s.Sockets[0].State != transitions.SocketClosed {
		w.t.Errorf("got %+v, want everything at rest", s)
	}
	if u, ok := w.session.User(); ok {
		w.t.Errorf("got user %v after logout", u)
	}
	if token, err := w.session.Token(context.Background(), 0); !errors.Is(err, authhttp.ErrNoToken) {
		w.t.Errorf("got token %v, %v after logout", token, err)
	}
	if _, err := w.menu.Request(context.Background(), request{Echo: &echo{"hi"}}); !errors.Is(err, connector.ErrSocketClosed) {
		w.t.Errorf("got %v for a request after logout, want closed", err)
	}
}

func TestLogout(t *testing.T) {
	engines(t, "S6 concurrent logouts all return", connectortest.Config{}, func(w *world) {
		w.login()
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if err := w.session.Logout(context.Background()); err != nil {
					w.t.Errorf("logout: %v", err)
				}
				if s := w.session.Status(); s.Session != transitions.SessionLoggedOut {
					w.t.Errorf("returned in %v", s.Session)
				}
			})
		}
		all.Wait()
		if got := w.backend.Counts().Logouts; got != 1 {
			w.t.Errorf("got %d logout requests, want 1", got)
		}
	})

	bubbles(t, "S6 sockets close before the server is told", func(t *testing.T, engine change) {
		var w *world
		told := 0
		tell := &service{}
		tell.logout = func(ctx context.Context, pair authhttp.Pair) error {
			told++
			time.Sleep(time.Millisecond) // virtual: the backend notices
			if got := w.backend.Counts().OpenSockets; got != 0 {
				t.Errorf("got %d open sockets when the server is told, want 0", got)
			}
			return tell.Service.Logout(ctx, pair)
		}
		w = newWorld(t, connectortest.Config{}, engine, serving(tell))
		defer w.end()
		w.login()
		token := w.token()
		w.logout()
		if told != 1 || w.backend.Counts().Logouts != 1 {
			t.Errorf("got the server told %d times, want once", told)
		}
		if status := w.me(token.Access.Reveal()); status != 401 {
			t.Errorf("got %d for the token after logout, want 401", status)
		}
	})

	bubbles(t, "S6 nothing is sent on a socket after its close frame", func(t *testing.T, engine change) {
		var after []byte
		ended := make(chan struct{})
		w := peerWorld(t, engine, func(_ int, ws *websocket.Conn) {
			defer close(ended)
			ws.SetCloseHandler(func(int, string) error { return nil }) // no answer
			follow(ws, func(request) {})
			_ = ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second))
			_ = ws.WriteJSON(response{Push: &push{}})
			buffer := make([]byte, 100)
			for {
				n, err := ws.NetConn().Read(buffer)
				after = append(after, buffer[:n]...)
				if err != nil {
					return
				}
			}
		})
		defer w.end()
		w.login()
		go func() { _, _ = w.echo("late") }()
		took := w.logout()
		<-ended
		if len(after) != 0 {
			t.Errorf("got %d bytes after the close frame, want none", len(after))
		}
		if took != 5*time.Second {
			t.Errorf("got logged out after %v, want 5s for a close frame that is not answered", took)
		}
	})

	engines(t, "S6 a logout whose caller leaves goes on", connectortest.Config{}, func(w *world) {
		w.login()
		mud.on.Store(true)
		defer mud.on.Store(false)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := w.session.Logout(ctx); !errors.Is(err, context.DeadlineExceeded) {
			w.t.Errorf("got %v, want the deadline", err)
		}
		time.Sleep(9 * time.Second)
		synctest.Wait()
		wantGone(w)
	}, mud.under)

	engines(t, "S6 T1 a logout whose server says no is a logout", connectortest.Config{}, func(w *world) {
		errs := w.session.Errors(0)
		w.login()
		w.script(connectortest.RevokeAll())
		w.logout()
		wantGone(w)
		errs.Close()
		if err, ok := errs.Next(context.Background()); !ok || !errors.Is(err, authhttp.ErrRejected) {
			w.t.Errorf("got %v, want to hear that the server said no", err)
		}
	})

	engines(t, "S6 T1 a logout whose server does not answer is told", connectortest.Config{}, func(w *world) {
		errs := w.session.Errors(0)
		w.login()
		w.script(connectortest.HoldLogouts(1))
		w.logout()
		wantGone(w)
		wantFaults(w.t, errs, "logout: the server was not told: context deadline exceeded")
	})

	engines(t, "S6 a stale token is refreshed to log out with", connectortest.Config{AccessLife: time.Minute}, func(w *world) {
		w.login()
		w.script(connectortest.RefuseRefreshes(1, 503).RetryAfter(time.Hour))
		w.until("token", "waiting")
		time.Sleep(2 * time.Minute) // the access token has ended
		w.logout()
		if got := w.backend.Counts(); got.Refreshes != 2 || got.Logouts != 1 {
			w.t.Errorf("got %+v, want a second refresh and one logout", got)
		}
	})
}
