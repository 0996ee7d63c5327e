package connector_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

type (
	socketConfig = connector.SocketConfig[user, request, response]
	socketStep   = connector.Step[user, request, response]
	knowing      = connector.Known[user, response]
)

// states are the states that a machine has passed, from what was published so far.
func (w *world) states(machine string) []string {
	w.changes.Close()
	var states []string
	for c := range w.changes.All(context.Background()) {
		if c.Machine.String() == machine {
			states = append(states, c.To)
		}
	}
	return states
}

// sub is a subscription message of a kind.
func sub(kind string) socketStep {
	return socketStep{Build: func(context.Context, knowing) (request, error) {
		return request{Sub: &subscribe{Kind: kind}}, nil
	}}
}

func TestCounters(t *testing.T) {
	engines(t, "K2 counters and last close code", connectortest.Config{}, func(w *world) {
		want := func(want connector.SocketStatus) {
			w.t.Helper()
			want.ID, want.State = "menu", transitions.SocketSubscribed
			if got := w.session.Status().Sockets[0]; got != want {
				w.t.Errorf("got %+v, want %+v", got, want)
			}
		}
		again := func(faults ...connectortest.Fault) {
			w.script(faults...)
			w.until("session", "socketOpening")
			w.until("session", "subscribed")
		}
		w.login()
		w.until("session", "subscribed")
		want(connector.SocketStatus{Generation: 1, Readies: 1, Opened: true})
		again(connectortest.DropSockets())
		want(connector.SocketStatus{Generation: 2, Attempt: 1, Readies: 2, Failures: 1, Opened: true, CloseCode: 1006})
		again(connectortest.CloseSockets(4000, "bye"))
		want(connector.SocketStatus{Generation: 3, Attempt: 2, Readies: 3, Failures: 2, Opened: true, CloseCode: 4000})
		again(connectortest.RefuseUpgrades(1, 502), connectortest.DropSockets())
		want(connector.SocketStatus{Generation: 5, Attempt: 4, Readies: 4, Failures: 4, Opened: true, CloseCode: 502})
		time.Sleep(11 * time.Second)
		want(connector.SocketStatus{Generation: 5, Attempt: 0, Readies: 4, Failures: 4, Opened: true, CloseCode: 502})
	})
}

func TestAuth(t *testing.T) {
	engines(t, "F13 an auth answer that never comes", connectortest.Config{}, func(w *world) {
		w.script(connectortest.HoldAuth(1))
		start := time.Now()
		w.login()
		if got := time.Since(start); got < 10*time.Second || got > 11*time.Second {
			w.t.Errorf("got ready after %v, want AuthTimeout and a retry", got)
		}
	})
	engines(t, "K3 the first rejection costs one forced refresh", connectortest.Config{}, func(w *world) {
		w.script(connectortest.RejectAuth(1))
		w.login()
		if got := w.backend.Counts(); got.Refreshes != 1 || got.Auths != 2 || got.Upgrades != 2 {
			w.t.Errorf("got %+v, want one refresh and a second attempt", got)
		}
	})
	engines(t, "K3 the second rejection is final", connectortest.Config{}, func(w *world) {
		errs := w.session.Errors(0)
		w.script(connectortest.RejectAuth(2))
		err := w.session.Login(context.Background(), ann)
		if !errors.Is(err, connector.ErrSocketFailed) || !strings.Contains(err.Error(), "invalid_token") {
			w.t.Errorf("got %v, want a failed socket and what the server said", err)
		}
		time.Sleep(time.Hour)
		if got := w.backend.Counts(); got.Auths != 2 || got.Upgrades != 2 {
			w.t.Errorf("got %+v an hour later, want no further attempt", got)
		}
		if got := w.session.Status().Sockets[0].State; got != transitions.SocketFailed {
			w.t.Errorf("got state %v, want failed", got)
		}
		wantFaults(w.t, errs, "auth: invalid_token", "auth: invalid_token", "given up for good")
	})
	engines(t, "K3 a token refused behind the auth, twice before ready, is final", connectortest.Config{}, func(w *world) {
		w.script(connectortest.HoldSubscriptions(2))
		w.loginOnly()
		for range 2 {
			w.until("socket", "socketAuthed")
			w.script(connectortest.CloseSockets(4401, "expired"))
		}
		w.until("socket", "failed")
		if got := w.backend.Counts(); got.Refreshes != 1 {
			w.t.Errorf("got %+v, want one refresh", got)
		}
		time.Sleep(time.Hour)
		if got := w.backend.Counts(); got.Auths != 2 || got.Upgrades != 2 {
			w.t.Errorf("got %+v an hour later, want no third attempt", got)
		}
	})
	engines(t, "K3 rejections before and after being ready are counted anew", connectortest.Config{}, func(w *world) {
		for range 3 {
			w.script(connectortest.RejectAuth(1), connectortest.DropSockets())
			if !w.session.Status().LoggedIn {
				w.login()
			} else {
				w.until("session", "socketOpening")
			}
			w.until("session", "subscribed")
			time.Sleep(20 * time.Second)
		}
	})

	for _, c := range []struct {
		name    string
		step    func(*socketStep)
		faults  []string
		final   bool
		upgrade int
	}{
		{"K3 Accept judges the answer", func(s *socketStep) { s.Accept = func(r response) bool { return r.Auth.Name == "ann" } }, nil, false, 1},
		{"K3 Accept says no", func(s *socketStep) { s.Accept = func(response) bool { return false } }, []string{"not accepted", "not accepted", "given up"}, true, 2},
		{"K3 a builder without a message closes the socket for good", failing(connector.ErrNone, 1), []string{"no message", "given up"}, true, 1},
		{"K3 a builder that fails is tried again", failing(errors.New("not yet"), 3), []string{"auth: not yet", "auth: not yet", "auth: not yet"}, false, 4},
		{"X4 a builder that panics", func(s *socketStep) {
			failing(errors.New("no"), 1)(s)
			build := s.Build
			s.Build = func(ctx context.Context, k knowing) (request, error) {
				r, err := build(ctx, k)
				if err != nil {
					panic("boom")
				}
				return r, nil
			}
		}, []string{"boom"}, false, 2},
		{"X4 an Accept that panics", func(s *socketStep) {
			calls := 0
			s.Accept = func(response) bool {
				if calls++; calls == 1 {
					panic("boom")
				}
				return true
			}
		}, []string{"boom"}, false, 2},
		{"F13 a builder that waits for ever", func(s *socketStep) {
			build, calls := s.Build, 0
			s.Build = func(ctx context.Context, k knowing) (request, error) {
				if calls++; calls == 1 {
					<-ctx.Done()
					return request{}, ctx.Err()
				}
				return build(ctx, k)
			}
		}, []string{"in time"}, false, 2},
	} {
		for i, which := range []string{"auth", "subscription"} {
			if i == 1 && (strings.HasPrefix(c.name, "K3 Accept judges") || strings.Contains(c.name, "without a message")) {
				continue
			}
			bubbles(t, strings.Replace(c.name, "K3", []string{"K3", "K4"}[i], 1)+"/"+which, func(t *testing.T, engine change) {
				w := newWorld(t, connectortest.Config{}, engine, socket(func(s *socketConfig) {
					if i == 0 {
						c.step(s.Auth)
					} else {
						c.step(&s.Subscribe[0])
					}
				}))
				defer w.end()
				errs := w.session.Errors(0)
				err := w.session.Login(context.Background(), ann)
				if c.final != errors.Is(err, connector.ErrSocketFailed) || !c.final && err != nil {
					t.Errorf("got %v, want final: %v", err, c.final)
				}
				synctest.Wait()
				if got := w.backend.Counts(); got.Upgrades != c.upgrade || got.OpenSockets > 1 {
					t.Errorf("got %+v, want %d upgrades", got, c.upgrade)
				}
				var faults []string
				for _, f := range c.faults {
					faults = append(faults, strings.Replace(f, "auth", []string{"auth", "message 1"}[i], 1))
				}
				wantFaults(t, errs, faults...)
			})
		}
	}
}

// failing makes a builder fail for so many times.
func failing(err error, times int) func(*socketStep) {
	return func(s *socketStep) {
		build, left := s.Build, times
		s.Build = func(ctx context.Context, k knowing) (request, error) {
			if left--; left >= 0 {
				return request{}, err
			}
			return build(ctx, k)
		}
	}
}

// wantFaults checks the errors told so far, by a part of each.
func wantFaults(t *testing.T, errs *connector.Stream[error], want ...string) {
	t.Helper()
	errs.Close()
	got := slices.Collect(errs.All(context.Background()))
	same := len(got) == len(want)
	for i := range min(len(got), len(want)) {
		same = same && strings.Contains(got[i].Error(), want[i])
	}
	if !same {
		t.Errorf("got errors %q, want %q", got, want)
	}
}

func TestOptionalSteps(t *testing.T) {
	passed := "[tokenPending socketOpening socketAuthenticating socketAuthed subscribed]"
	silent := func(_ int, ws *websocket.Conn) {
		for {
			if _, _, err := ws.ReadMessage(); err != nil {
				return
			}
		}
	}
	for _, c := range []struct {
		name string
		edit func(*socketConfig)
	}{
		{"K3 no auth declared", func(s *socketConfig) { s.Auth, s.Subscribe = nil, nil }},
		{"K3 NoAnswer does not wait", func(s *socketConfig) { s.Auth.NoAnswer, s.Subscribe = true, nil }},
		{"K4 NoAnswer does not wait", func(s *socketConfig) { s.Auth, s.Subscribe[0].NoAnswer = nil, true }},
		{"K4 a builder without a message leaves its subscription out", func(s *socketConfig) {
			s.Auth = nil
			failing(connector.ErrNone, 1)(&s.Subscribe[0])
		}},
	} {
		bubbles(t, c.name, func(t *testing.T, engine change) {
			w := peerWorld(t, engine, silent, socket(c.edit))
			defer w.end()
			start := time.Now()
			w.login()
			if time.Since(start) != 0 {
				t.Errorf("got ready after %v, want at once", time.Since(start))
			}
			if got := fmt.Sprint(w.states("socket")); got != passed {
				t.Errorf("got %v, want %v", got, passed)
			}
		})
	}
}

func TestSubscriptions(t *testing.T) {
	engines(t, "F46 a subscription without an answer", connectortest.Config{}, func(w *world) {
		w.script(connectortest.HoldSubscriptions(1))
		start := time.Now()
		w.login()
		if got := time.Since(start); got < 10*time.Second || got > 11*time.Second {
			w.t.Errorf("got ready after %v, want SubscribeTimeout and a retry", got)
		}
	})
	engines(t, "K4 a rejected subscription is tried once more, then final", connectortest.Config{}, func(w *world) {
		w.script(connectortest.RejectSubscriptions(1))
		w.login()
		w.logout()
		w.script(connectortest.RejectSubscriptions(2))
		if err := w.session.Login(context.Background(), ann); !errors.Is(err, connector.ErrSocketFailed) {
			w.t.Errorf("got %v, want a failed socket", err)
		}
	})
	engines(t, "F40 every drop in a row resubscribes, once", connectortest.Config{}, func(w *world) {
		w.login()
		w.until("session", "subscribed")
		for i := range 5 {
			w.script(connectortest.DropSockets())
			w.until("session", "socketOpening")
			w.until("session", "subscribed")
			if got := w.backend.Counts(); got.Subscriptions != i+2 || got.Upgrades != i+2 || got.Auths != i+2 {
				w.t.Errorf("got %+v after %d drops", got, i+1)
			}
		}
	})

	bubbles(t, "F39 several subscriptions: each once per connection, none before auth", func(t *testing.T, engine change) {
		heard := make([][]string, 4)
		w := peerWorld(t, engine, func(n int, ws *websocket.Conn) {
			follow(ws, func(r request) {
				switch {
				case r.Auth != nil:
					heard[n] = append(heard[n], "auth")
				case r.Sub != nil:
					heard[n] = append(heard[n], r.Sub.Kind)
				}
			})
		}, socket(func(s *socketConfig) {
			none := sub("")
			failing(connector.ErrNone, 100)(&none)
			s.Subscribe = []socketStep{sub("a"), none, sub("b"), {Build: sub("c").Build, NoAnswer: true}, sub("d")}
		}))
		defer w.end()
		w.login()
		w.until("session", "subscribed")
		for n := 1; n <= 3; n++ {
			synctest.Wait()
			if got := fmt.Sprint(heard[n]); got != "[auth a b c d]" {
				t.Errorf("connection %d: got %v, want auth and each once", n, got)
			}
			if n < 3 {
				w.network.Drop()
				w.until("session", "socketOpening")
				w.until("session", "subscribed")
			}
		}
	})
}
