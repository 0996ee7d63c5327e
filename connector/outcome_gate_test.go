package connector_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

// memory keeps the tokens of a world, of its own.
func memory(c *config) { c.Store = &authhttp.MemoryStore{} }

// gated asks a gate before each command.
func gated(gate func(context.Context) error) change { return func(c *config) { c.Gate = gate } }

// commands are those that a gate is asked before, each on a session where it can
// be given, and what it sends.
var commands = []struct {
	name    string
	arrange func(*world)
	do      func(*session, context.Context) error
	sent    func(connectortest.Counts) int
}{
	{"Login", func(*world) {}, func(s *session, ctx context.Context) error { return s.Login(ctx, ann) }, func(c connectortest.Counts) int { return c.Logins }},
	{"Resume", (*world).setAside, (*session).Resume, func(c connectortest.Counts) int { return c.Mes }},
	{"LoginAs", (*world).login, func(s *session, ctx context.Context) error { return s.LoginAs(ctx, bobID) }, func(c connectortest.Counts) int { return c.LoginAs }},
}

func TestGate(t *testing.T) {
	bang := errors.New("bang")
	for _, c := range commands {
		bubbles(t, "S13 the gate is asked once, before the request: "+c.name, func(t *testing.T, engine change) {
			var w *world
			var asked []int
			w = newWorld(t, longLived, engine, memory, gated(func(context.Context) error {
				time.Sleep(3 * time.Second)
				asked = append(asked, c.sent(w.backend.Counts()))
				return nil
			}))
			defer w.end()
			defer w.unwind()
			c.arrange(w)
			asked = nil
			before := c.sent(w.backend.Counts())
			start := time.Now()
			done := begun(func(ctx context.Context) error { return c.do(w.session, ctx) })
			if s := w.session.Status(); s.Login != transitions.LoginGated || s.LoggingIn != (c.name == "Login") || s.Resuming != (c.name == "Resume") || s.LoggingInAs != (c.name == "LoginAs") {
				t.Errorf("got %+v, want the command in flight", s)
			}
			if err := <-done; err != nil || time.Since(start) != 3*time.Second {
				t.Errorf("got %v after %v, want nil after 3s", err, time.Since(start))
			}
			if !slices.Equal(asked, []int{before}) || c.sent(w.backend.Counts()) != before+1 {
				t.Errorf("got the gate asked at %v requests, then %d; want once at %d, then one more", asked, c.sent(w.backend.Counts()), before)
			}
		})

		for _, g := range []struct {
			name string
			gate func(context.Context) error
			took time.Duration
			text string
			is   error
		}{
			{"an error", func(context.Context) error { return bang }, 0, "bang", bang},
			{"a panic", func(context.Context) error { panic("boom") }, 0, "boom", nil},
			{"no answer", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, 30 * time.Second, "", nil},
			{"deafness", func(context.Context) error { time.Sleep(time.Minute); return nil }, 30 * time.Second, "", nil},
		} {
			bubbles(t, "S13 a gate that does not open: "+g.name+", "+c.name, func(t *testing.T, engine change) {
				armed := false
				w := newWorld(t, longLived, engine, memory, gated(func(ctx context.Context) error {
					if armed {
						return g.gate(ctx)
					}
					return nil
				}))
				defer w.end()
				defer w.unwind()
				c.arrange(w)
				armed = true
				before, state := w.backend.Counts(), w.session.Status()
				start := time.Now()
				err := c.do(w.session, context.Background())
				wantNotLoggedIn(t, err, connector.ErrGate)
				if g.is != nil && !errors.Is(err, g.is) || !strings.Contains(err.Error(), g.text) || time.Since(start) != g.took {
					t.Errorf("got %v after %v, want %q after %v", err, time.Since(start), g.text, g.took)
				}
				time.Sleep(2 * time.Minute)
				synctest.Wait()
				after := w.backend.Counts()
				if after.Pings = before.Pings; after != before {
					t.Errorf("got %+v, was %+v: want nothing sent", after, before)
				}
				if s := w.session.Status(); s.Session != state.Session || s.Login != transitions.LoginIdle {
					t.Errorf("got %+v, want it as before", s)
				}
				armed = false
				if err := c.do(w.session, context.Background()); err != nil {
					t.Errorf("got %v for one more, want nil", err)
				}
			})
		}

		for _, l := range leaves {
			bubbles(t, "S13 the gate's context ends with "+l.name+": "+c.name, func(t *testing.T, engine change) {
				armed, ended := false, false
				w := newWorld(t, longLived, engine, memory, gated(func(ctx context.Context) error {
					if armed {
						<-ctx.Done()
						ended = true
					}
					return nil
				}))
				defer w.end()
				c.arrange(w)
				armed = true
				before := c.sent(w.backend.Counts())
				start := time.Now()
				done := begun(func(ctx context.Context) error { return c.do(w.session, ctx) })
				if err := l.do(w.session, context.Background()); err != nil {
					t.Errorf("got %v", err)
				}
				wantNotLoggedIn(t, <-done, connector.ErrLoggedOut)
				synctest.Wait()
				if !ended || time.Since(start) != 0 || c.sent(w.backend.Counts()) != before {
					t.Errorf("got the gate ended: %v after %v, %d requests; want it ended at once, and none", ended, time.Since(start), c.sent(w.backend.Counts())-before)
				}
				wantGone(w)
			})
		}
	}

	bubbles(t, "S13 a caller who leaves ends the gate", func(t *testing.T, engine change) {
		ended := false
		w := newWorld(t, longLived, engine, gated(func(ctx context.Context) error { <-ctx.Done(); ended = true; return nil }))
		defer w.end()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		wantNotLoggedIn(t, w.session.Login(ctx, ann), context.DeadlineExceeded)
		synctest.Wait()
		if !ended || w.backend.Counts().Logins != 0 {
			t.Errorf("got the gate ended: %v, %+v; want it ended and nothing sent", ended, w.backend.Counts())
		}
	})
}

func TestAdopt(t *testing.T) {
	bubbles(t, "T1 what comes from elsewhere is adopted without a request", func(t *testing.T, engine change) {
		store := &authhttp.MemoryStore{}
		w := newWorld(t, connectortest.Config{}, engine, storing(store))
		defer w.end()
		grant, err := w.config.Auth.Login(context.Background(), ann) // elsewhere
		if err != nil {
			t.Fatal(err)
		}
		elsewhere := w.backend.Counts()
		if err := w.session.Adopt(connector.WithoutSockets(context.Background()), grant); err != nil {
			t.Fatal(err)
		}
		w.wantUsers("ann")
		if w.token().Access != grant.Pair.Access || stored(t, store) != grant.Pair.Access {
			t.Error("got other tokens in use or stored than those adopted")
		}
		w.until("session", "subscribed")
		after := w.backend.Counts()
		if after.Logins != elsewhere.Logins || after.Mes != 0 || after.Refreshes != 0 || after.LoginAs != 0 {
			t.Errorf("got %+v, want no request but for the socket", after)
		}
		w.wantWorking(annID)
		time.Sleep(5 * time.Minute) // refreshed several times
		w.wantWorking(annID)
		if got := w.token().Access; got == grant.Pair.Access || stored(t, store) != got {
			t.Error("got the adopted token still, or another one stored; want a newer one")
		}
		w.as(bobID)
		w.wantUsers("ann", "bob")
		w.logout()
		w.logout()
		if stored(t, store) != "" || w.me(w.token().Access.Reveal()) != http.StatusUnauthorized {
			t.Error("got tokens left")
		}
	})

	engines(t, "S2 a user without tokens is adopted", longLived, func(w *world) {
		if err := w.session.Adopt(context.Background(), authhttp.Grant[user]{User: user{7, "eve"}}); err != nil {
			w.t.Fatal(err)
		}
		w.wantUsers("eve")
		w.logout()
		if got := w.backend.Counts(); got != (connectortest.Counts{}) {
			w.t.Errorf("got %+v, want no request", got)
		}
	}, noSockets)
}
