package connector_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

// slowly makes sockets dial slowly, deaf to their context.
func slowly(delay time.Duration) change {
	return func(c *connector.Config[credentials, user]) {
		dial := c.DialContext
		c.DialContext = func(_ context.Context, network, address string) (net.Conn, error) {
			time.Sleep(delay)
			return dial(context.Background(), network, address)
		}
	}
}

func TestLateDials(t *testing.T) {
	bubbles(t, "K8 a dial that succeeds after logout is closed", func(t *testing.T, engine change) {
		w := newWorld(t, connectortest.Config{}, engine, slowly(14*time.Second))
		defer w.end()
		w.loginOnly()
		time.Sleep(time.Second)
		if took := w.logout(); took != 0 {
			t.Errorf("got logged out after %v, want at once", took)
		}
		time.Sleep(time.Minute)
		wantGone(w)
		if got := w.backend.Counts(); got.OpenSockets != 0 || got.Auths != 0 {
			t.Errorf("got %+v, want no socket", got)
		}
	})
	bubbles(t, "K8 a dial that succeeds after its deadline is closed", func(t *testing.T, engine change) {
		w := newWorld(t, connectortest.Config{}, engine, slowly(3*time.Second), socket(func(s *socketConfig) { s.OpenTimeout = 500 * time.Millisecond }))
		defer w.end()
		w.loginOnly()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if got := w.backend.Counts(); got.OpenSockets != 0 || got.Auths != 0 {
			t.Errorf("got %+v, want every late connection closed", got)
		}
	})
	bubbles(t, "F28 an upgrade that hangs is given up at its deadline", func(t *testing.T, engine change) {
		w := newWorld(t, connectortest.Config{}, engine)
		defer w.end()
		w.script(connectortest.HoldUpgrades(2))
		start := time.Now()
		w.login()
		if got := time.Since(start); got < 45*time.Second || got > 49*time.Second {
			t.Errorf("got ready after %v, want a deadline of 15s, one of 30s, and their delays", got)
		}
		w.config.HTTP.Base.(*http.Transport).CloseIdleConnections()
		synctest.Wait()
		if got := w.network.OpenConns(); got != 1 {
			t.Errorf("got %d open connections, want the socket's own", got)
		}
	})
	bubbles(t, "F25 a connection whose token fails after the dial is closed", func(t *testing.T, engine change) {
		w := newWorld(t, connectortest.Config{AccessLife: 20 * time.Second}, engine, slowly(12*time.Second))
		defer w.end()
		w.script(connectortest.RefuseRefreshes(30, 503))
		w.loginOnly()
		for range 60 {
			time.Sleep(5 * time.Second)
			if got := w.backend.Counts().OpenSockets; got > 1 {
				t.Fatalf("got %d open sockets, want at most one", got)
			}
		}
		if got := w.backend.Counts().Upgrades; got < 1 {
			t.Errorf("got %d upgrades, want the dial to have succeeded", got)
		}
	})
}

func TestCloseFromCallbacks(t *testing.T) {
	for _, c := range []struct {
		name string
		put  func(s *socketConfig, logout func())
	}{
		{"F26 from inside the header's maker", func(s *socketConfig, logout func()) {
			s.Header = func(knowing) http.Header { logout(); return nil }
		}},
		{"F26 from inside the auth builder", func(s *socketConfig, logout func()) {
			build := s.Auth.Build
			s.Auth.Build = func(ctx context.Context, k knowing) (request, error) { logout(); return build(ctx, k) }
		}},
		{"F26 from inside a subscription builder", func(s *socketConfig, logout func()) {
			build := s.Subscribe[0].Build
			s.Subscribe[0].Build = func(ctx context.Context, k knowing) (request, error) { logout(); return build(ctx, k) }
		}},
		{"F26 from inside Accept", func(s *socketConfig, logout func()) {
			s.Subscribe[0].Accept = func(response) bool { logout(); return true }
		}},
		{"F26 from inside the encoder", func(s *socketConfig, logout func()) {
			s.Codec = coded(logout, func() {})
		}},
		{"F26 from inside the decoder", func(s *socketConfig, logout func()) {
			s.Codec = coded(func() {}, logout)
		}},
		{"F26 from inside IsError", func(s *socketConfig, logout func()) {
			s.IsError = func(response) error { logout(); return nil }
		}},
	} {
		bubbles(t, c.name, func(t *testing.T, engine change) {
			var w *world
			called := false
			w = newWorld(t, connectortest.Config{}, engine, socket(func(s *socketConfig) {
				c.put(s, func() {
					if called {
						return
					}
					called = true
					if took := w.logout(); took > 10*time.Second {
						t.Errorf("got logged out after %v, want within CloseTimeout", took)
					}
					wantGone(w)
				})
			}))
			defer w.end()
			if err := w.session.Login(context.Background(), ann); !errors.Is(err, connector.ErrLoggedOut) || !called {
				t.Errorf("got %v, called: %v; want logged out meanwhile", err, called)
			}
			synctest.Wait()
			if got := w.backend.Counts().OpenSockets; got != 0 {
				t.Errorf("got %d open sockets, want none", got)
			}
		})
	}
}
