package connector_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

// plights are the states that a socket can be closed in, and what brings it there.
var plights = []struct {
	state   transitions.SocketState
	name    string
	arrange func(w *world)
}{
	{transitions.SocketTokenPending, "", func(w *world) {
		w.login()
		w.script(connectortest.HoldRefreshes(1), connectortest.ExpireTokens(), connectortest.CloseSockets(4401, "expired"))
	}},
	{transitions.SocketOpening, "while the network hangs", func(w *world) {
		w.login()
		w.network.Hang(true)
		w.network.Drop()
	}},
	{transitions.SocketOpening, "while the upgrade hangs", func(w *world) { w.script(connectortest.HoldUpgrades(1)); w.loginOnly() }},
	{transitions.SocketAuthenticating, "", func(w *world) { w.script(connectortest.HoldAuth(1)); w.loginOnly() }},
	{transitions.SocketAuthed, "", func(w *world) { w.script(connectortest.HoldSubscriptions(1)); w.loginOnly() }},
	{transitions.SocketSubscribed, "", func(w *world) { w.login() }},
	{transitions.SocketProbing, "", func(w *world) { w.login(); w.network.Freeze() }},
	{transitions.SocketRenewing, "", func(w *world) {
		w.login()
		w.script(connectortest.HoldAuth(1))
		if _, err := w.session.Token(context.Background(), w.token().Generation); err != nil { // as if refused
			w.t.Errorf("refresh: %v", err)
		}
	}},
	{transitions.SocketWaiting, "", func(w *world) { w.script(connectortest.RefuseUpgrades(1, 502)); w.loginOnly() }},
	{transitions.SocketOutage, "", func(w *world) { w.script(connectortest.RefuseUpgrades(1000, 502)); w.loginOnly() }},
	{transitions.SocketBusyWaiting, "", func(w *world) {
		w.script(connectortest.RefuseUpgrades(1, 503).RetryAfter(time.Hour))
		w.loginOnly()
	}},
	{transitions.SocketClosing, "", func(w *world) {
		w.login()
		mud.on.Store(true)
		_ = begun(w.handle("menu").Close)
	}},
	{transitions.SocketFailed, "", func(w *world) { w.script(connectortest.RejectAuth(2)); w.loginOnly() }},
	{transitions.SocketClosed, "", func(w *world) { w.login(); w.wantClosed(w.handle("menu"), 0) }},
}

// byHand are the ways to close sockets, and how long they may take.
var byHand = []struct {
	name string
	most time.Duration
	do   func(*world, context.Context) error
}{
	{"Handle.Close", 5 * time.Second, func(w *world, ctx context.Context) error { return w.menu.Close(ctx) }},
	{"CloseSockets", 10 * time.Second, func(w *world, ctx context.Context) error { return w.session.CloseSockets(ctx) }},
	{"Logout", 10 * time.Second, func(w *world, ctx context.Context) error { return w.session.Logout(ctx) }},
	{"Close", 10 * time.Second, func(w *world, ctx context.Context) error { return w.session.Close(ctx) }},
}

// renewable lets the world's socket take a newer token on an open connection.
func renewable(s *socketConfig) { s.Renew = s.Auth }

func TestCloseFromEveryState(t *testing.T) {
	for _, hung := range []bool{false, true} {
		for _, by := range byHand {
			for _, p := range plights {
				name := "K8 " + by.name + " in " + p.state.String() + " " + p.name
				if hung {
					name += ", and nobody answers"
				}
				engines(t, name, longLived, func(w *world) {
					defer mud.on.Store(false)
					p.arrange(w)
					w.ofSocket(w.handle("menu"), p.state)
					mud.on.Store(hung || p.state == transitions.SocketClosing)
					start := time.Now()
					first := begun(func(ctx context.Context) error { return by.do(w, ctx) })
					request := w.submit(context.Background(), "late")
					second := begun(func(ctx context.Context) error { return by.do(w, ctx) })
					if err := errors.Join(ended(first), ended(second)); err != nil || time.Since(start) > by.most {
						w.t.Errorf("got %v after %v, want within %v", err, time.Since(start), by.most)
					}
					request.want(w.t, connector.ErrSocketClosed)
					if got := w.menu.Status().State; got != closed {
						w.t.Errorf("got %v when it has returned, want closed", got)
					}
					mud.on.Store(false)
					w.network.Hang(false)
					w.script(connectortest.DropSockets()) // of those that have not noticed
					synctest.Wait()
					before := w.backend.Counts()
					time.Sleep(time.Hour)
					after := w.backend.Counts()
					if after.Upgrades != before.Upgrades || after.OpenSockets != 0 || w.menu.Status().State != closed {
						w.t.Errorf("got %+v an hour later, was %+v; want no attempt", after, before)
					}
				}, mud.under, socket(renewable), socket(func(s *socketConfig) { s.OutageAfter = 30 * time.Second }))
			}
		}
	}
}

func TestCloseLoops(t *testing.T) {
	for _, by := range byHand {
		engines(t, "F27 "+by.name+" ends the loop of a socket that is closed again and again", longLived, func(w *world) {
			w.script(connectortest.CloseUpgraded(1000000, 4403, "never"))
			w.loginOnly()
			time.Sleep(time.Hour)
			if got := w.backend.Counts().Upgrades; got < 20 {
				w.t.Errorf("got %d attempts, want a loop", got)
			}
			if err := by.do(w, context.Background()); err != nil {
				w.t.Errorf("got %v", err)
			}
			before := w.backend.Counts().Upgrades
			time.Sleep(24 * time.Hour)
			if got := w.backend.Counts().Upgrades; got != before {
				w.t.Errorf("got %d attempts a day later, were %d", got, before)
			}
		}, socket(func(s *socketConfig) {
			s.Rules = []connector.Rule{{Source: connector.OfClose, From: 4403, Class: connector.ClassNetwork}}
		}))

		engines(t, "F27 a terminal close code is not retried, and "+by.name+" works after it", longLived, func(w *world) {
			w.script(connectortest.CloseUpgraded(1000000, 4403, "never"))
			err := w.session.Login(context.Background(), ann)
			if !errors.Is(err, connector.ErrSocketFailed) {
				w.t.Errorf("got %v, want a failed socket", err)
			}
			time.Sleep(24 * time.Hour)
			if got := w.backend.Counts().Upgrades; got != 1 {
				w.t.Errorf("got %d attempts, want 1", got)
			}
			start := time.Now()
			if err := by.do(w, context.Background()); err != nil || time.Since(start) != 0 || w.menu.Status().State != closed {
				w.t.Errorf("got %v after %v, %v; want closed at once", err, time.Since(start), w.menu.Status().State)
			}
		})

		engines(t, "F28 "+by.name+" while the upgrade hangs leaves no connection", longLived, func(w *world) {
			w.script(connectortest.HoldUpgrades(1))
			w.loginOnly()
			w.ofSocket(w.handle("menu"), transitions.SocketOpening)
			w.idle()
			if got := w.network.OpenConns(); got != 1 {
				w.t.Errorf("got %d connections, want that of the upgrade", got)
			}
			start := time.Now()
			if err := by.do(w, context.Background()); err != nil || time.Since(start) != 0 {
				w.t.Errorf("got %v after %v, want at once", err, time.Since(start))
			}
			if w.idle(); w.network.OpenConns() != 0 {
				w.t.Errorf("got %d connections, want none", w.network.OpenConns())
			}
		})

		for _, c := range []struct {
			name  string
			fails bool
		}{{"succeeds", false}, {"fails", true}} {
			engines(t, "K8 F28 a dial that "+c.name+" after "+by.name+" leaves nothing", longLived, func(w *world) {
				w.loginOnly()
				w.ofSocket(w.handle("menu"), transitions.SocketOpening)
				start := time.Now()
				if err := by.do(w, context.Background()); err != nil || time.Since(start) != 0 {
					w.t.Errorf("got %v after %v, want at once", err, time.Since(start))
				}
				time.Sleep(time.Hour)
				w.idle()
				if got := w.backend.Counts(); w.network.OpenConns() != 0 || got.OpenSockets != 0 || got.Auths != 0 || w.menu.Status().State != closed {
					w.t.Errorf("got %+v, %d connections, %v; want nothing left", got, w.network.OpenConns(), w.menu.Status().State)
				}
			}, func(cfg *config) {
				dial := cfg.DialContext
				cfg.DialContext = func(_ context.Context, network, address string) (net.Conn, error) {
					time.Sleep(time.Minute) // whatever its context
					if c.fails {
						return nil, errors.New("no")
					}
					return dial(context.Background(), network, address)
				}
			})
		}
	}

	for _, by := range byHand[:2] {
		bubbles(t, "K8 "+by.name+" of a server that never answers the close frame, and open again", func(t *testing.T, engine change) {
			w := peerWorld(t, engine, func(n int, ws *websocket.Conn) {
				if n == 1 {
					ws.SetCloseHandler(func(int, string) error { return nil })
				}
				follow(ws, func(request) {})
				if n == 1 {
					time.Sleep(time.Hour)
				}
			})
			defer w.end()
			w.login()
			start := time.Now()
			if err := by.do(w, context.Background()); err != nil || time.Since(start) != 5*time.Second {
				t.Errorf("got %v after %v, want to wait 5s for an answer", err, time.Since(start))
			}
			if err := w.session.Open(); err != nil {
				t.Errorf("open: %v", err)
			}
			w.wantReady("opened")
			time.Sleep(2 * time.Hour)
			synctest.Wait() // a ping may be on its way
			if got := w.menu.Status(); got.Generation != 2 || got.State != subscribed {
				t.Errorf("got %+v, want the second connection untouched", got)
			}
		})
	}

	engines(t, "K8 one who closes and opens a thousand times", longLived, func(w *world) {
		w.login()
		for i := range 1000 {
			w.wantClosed(w.menu.Handle, 0)
			if err := w.menu.Open(); err != nil {
				w.t.Fatalf("open: %v", err)
			}
			time.Sleep(time.Duration(i%3) * time.Microsecond)
		}
		w.wantReady("at last")
		w.idle()
		if got := w.backend.Counts().OpenSockets; got != 1 || w.network.OpenConns() != 1 {
			w.t.Errorf("got %d sockets, %d connections, want 1", got, w.network.OpenConns())
		}
	})
}

// idle ends the connections of HTTP that nobody uses.
func (w *world) idle() {
	w.config.HTTP.Base.(interface{ CloseIdleConnections() }).CloseIdleConnections()
	synctest.Wait()
}
