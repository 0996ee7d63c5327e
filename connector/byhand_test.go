package connector_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

// ofSocket waits until a socket is in a state.
func (w *world) ofSocket(h *connector.Handle, state transitions.SocketState) {
	w.t.Helper()
	for began := time.Now(); h.Status().State != state; time.Sleep(time.Millisecond) {
		if time.Since(began) > time.Hour {
			w.t.Fatalf("got %+v, want %v", h.Status(), state)
		}
	}
	synctest.Wait()
}

// ended waits for what was begun.
func ended(done <-chan error) error {
	select {
	case err := <-done:
		return err
	case <-time.After(time.Hour):
		return errors.New("got no end in an hour")
	}
}

// wantClosed closes a socket by hand, which must take no longer than it may.
func (w *world) wantClosed(h *connector.Handle, most time.Duration) {
	w.t.Helper()
	start := time.Now()
	if err := h.Close(context.Background()); err != nil || time.Since(start) > most {
		w.t.Errorf("close: got %v after %v, want within %v", err, time.Since(start), most)
	}
	if got := h.Status().State; got != closed {
		w.t.Errorf("got %v when Close has returned, want closed", got)
	}
}

func TestOpenByHand(t *testing.T) {
	for _, c := range []struct {
		name    string
		arrange func(w *world)
		state   transitions.SocketState
		want    error
	}{
		{"open", func(w *world) { w.login() }, subscribed, connector.ErrSocketOpen},
		{"dialling", func(w *world) { w.script(connectortest.HoldUpgrades(1)); w.loginOnly() }, transitions.SocketOpening, connector.ErrSocketOpen},
		{"authenticating", func(w *world) { w.script(connectortest.HoldAuth(1)); w.loginOnly() }, transitions.SocketAuthenticating, connector.ErrSocketOpen},
		{"subscribing", func(w *world) { w.script(connectortest.HoldSubscriptions(1)); w.loginOnly() }, transitions.SocketAuthed, connector.ErrSocketOpen},
		{"waiting", func(w *world) { w.script(connectortest.RefuseUpgrades(1, 502)); w.loginOnly() }, transitions.SocketWaiting, connector.ErrSocketOpen},
		{"busy", func(w *world) { w.script(connectortest.RefuseUpgrades(1, 503)); w.loginOnly() }, transitions.SocketBusyWaiting, connector.ErrSocketOpen},
		{"closing", func(w *world) {
			w.login()
			mud.on.Store(true)
			_ = begun(w.handle("menu").Close)
		}, transitions.SocketClosing, connector.ErrSocketOpen},
		{"failed", func(w *world) { w.script(connectortest.RejectAuth(2)); w.loginOnly() }, transitions.SocketFailed, nil},
		{"closed", func(w *world) { w.login(); w.wantClosed(w.handle("menu"), 0) }, closed, nil},
	} {
		engines(t, "K7 open a socket that is "+c.name, longLived, func(w *world) {
			defer mud.on.Store(false)
			c.arrange(w)
			h := w.handle("menu")
			w.ofSocket(h, c.state)
			before := h.Status()
			start := time.Now()
			if err := h.Open(); !errors.Is(err, c.want) || time.Since(start) != 0 {
				w.t.Errorf("got %v after %v, want %v at once", err, time.Since(start), c.want)
			}
			if after := h.Status(); c.want != nil && after != before || c.want == nil && after.Generation != before.Generation+1 {
				w.t.Errorf("got %+v, was %+v", after, before)
			}
			if err := h.Open(); !errors.Is(err, connector.ErrSocketOpen) {
				w.t.Errorf("got %v the second time, want open", err)
			}
			if err := w.session.Open(); err != nil {
				w.t.Errorf("got %v from Session.Open, want it accepted", err)
			}
			mud.on.Store(false)
			w.wantReady("at last")
		}, mud.under)
	}

	engines(t, "K16 to open all cuts a close short", longLived, func(w *world) {
		w.login()
		mud.on.Store(true)
		h := w.handle("menu")
		done := begun(h.Close)
		w.ofSocket(h, transitions.SocketClosing)
		before, start := h.Status(), time.Now()
		if err := errors.Join(w.session.Open(), ended(done)); err != nil || time.Since(start) != 0 {
			w.t.Errorf("got %v after %v from the open and the close, want both at once", err, time.Since(start))
		}
		mud.on.Store(false)
		w.wantReady("again")
		if after := h.Status(); after.Generation <= before.Generation {
			w.t.Errorf("got %+v, was %+v: want another connection", after, before)
		}
	}, mud.under)

	engines(t, "K7 open before login, and while leaving", longLived, func(w *world) {
		h := w.handle("menu")
		if err := h.Open(); !errors.Is(err, connector.ErrNotLoggedIn) {
			w.t.Errorf("got %v before login, want nobody logged in", err)
		}
		if err := w.session.Open(); err != nil {
			w.t.Errorf("got %v from Session.Open before login", err)
		}
		w.wantSockets("before login", closed)
		w.login()
		mud.on.Store(true)
		defer mud.on.Store(false)
		done := begun(w.session.Logout)
		if err, all := h.Open(), w.session.Open(); !errors.Is(err, connector.ErrBusy) || !errors.Is(all, connector.ErrBusy) {
			w.t.Errorf("got %v and %v while leaving, want busy", err, all)
		}
		_ = ended(done)
	}, mud.under)

	engines(t, "K7 open a socket that is removed", longLived, func(w *world) {
		w.login()
		h := w.add("a")
		w.wantRemoved(h)
		if err := h.Open(); !errors.Is(err, connector.ErrSocketClosed) {
			w.t.Errorf("got %v, want closed", err)
		}
		w.wantReady("as ever")
	})

	engines(t, "K6 K16 a failed socket that is opened by hand brings the session back", longLived, func(w *world) {
		for _, open := range []func() error{w.handle("menu").Open, w.session.Open} {
			w.script(connectortest.RejectAuth(2))
			if err := w.session.Login(context.Background(), ann); !errors.Is(err, connector.ErrSocketFailed) {
				w.t.Errorf("got %v, want a failed socket", err)
			}
			time.Sleep(time.Hour)
			w.session.Wake()
			synctest.Wait()
			if s := w.session.Status(); s.Session != transitions.SessionDegraded || s.Sockets[0].State != transitions.SocketFailed {
				w.t.Errorf("got %+v, want degraded", s)
			}
			if err := open(); err != nil {
				w.t.Errorf("open: %v", err)
			}
			w.wantReady("opened")
			w.wantAnswer("opened", "menu")
			w.logout()
		}
	})

	engines(t, "K6 K16 a failed socket that is closed by hand holds nobody up", longLived, func(w *world) {
		w.script(connectortest.RejectAuth(2))
		w.loginOnly()
		w.until("session", "degraded")
		w.wantClosed(w.handle("menu"), 0)
		w.wantReady("closed")
		if err := w.handle("menu").Open(); err != nil {
			w.t.Errorf("open: %v", err)
		}
		w.wantAnswer("opened", "menu")
	}, chained(declaring("a")))
}

func TestCloseByHand(t *testing.T) {
	engines(t, "K16 a socket that is closed by hand holds nobody up, and stays closed", connectortest.Config{}, func(w *world) {
		w.login()
		h := w.handle("a")
		late := begun(func(ctx context.Context) error {
			s, _ := connector.On[request, response](w.session, "a")
			w.script(connectortest.HoldRequests(1))
			_, err := s.Request(ctx, request{Echo: &echo{"hi"}})
			return err
		})
		w.soFar()
		w.wantClosed(h, 0)
		if err := ended(late); !errors.Is(err, connector.ErrSocketClosed) {
			w.t.Errorf("got %v for a request, want closed", err)
		}
		if got := passed(w.soFar(), transitions.SessionKind, ""); len(got) != 0 {
			w.t.Errorf("got states %v, want still subscribed", got)
		}
		for _, do := range []func(){
			func() { w.script(connectortest.DropSockets()) },
			w.session.Wake,
			func() { time.Sleep(time.Hour) }, // refreshes
			func() { w.script(connectortest.ExpireTokens()); w.network.Drop() },
			func() { time.Sleep(time.Minute) },
		} {
			do()
			synctest.Wait()
			w.wantReady("as ever")
			w.wantSockets("as ever", subscribed, closed)
		}
		w.wantClosed(h, 0)
		if got := h.Status(); got.Generation != 1 || got.Readies != 1 {
			w.t.Errorf("got %+v, want no attempt", got)
		}
		for i, open := range []func(){
			func() {
				if err := h.Open(); err != nil {
					w.t.Errorf("open: %v", err)
				}
			},
			func() {
				if err := w.session.Open(); err != nil {
					w.t.Errorf("open: %v", err)
				}
			},
			func() { w.logout(); w.login() },
			func() { w.as(bobID) },
			func() { w.logout() }, // as ann again
		} {
			w.wantReady("before")
			w.wantClosed(h, 0)
			open()
			w.wantReady("opened")
			if got := h.Status().State; got != subscribed {
				w.t.Errorf("the %d. way to open: got %v, want subscribed", i+1, got)
			}
		}
	}, chained(declaring("a")))

	engines(t, "K16 one who closes a socket that a login waits for lets it end", longLived, func(w *world) {
		w.script(connectortest.HoldAuth(1))
		login := w.begin()
		w.ofSocket(w.handle("menu"), transitions.SocketAuthenticating)
		if len(login) != 0 {
			w.t.Errorf("got %v, want pending", <-login)
		}
		w.wantClosed(w.handle("menu"), 0)
		if err := ended(login); err != nil {
			w.t.Errorf("login: %v", err)
		}
		w.wantSockets("logged in", closed, subscribed)
	}, chained(declaring("a")))

	engines(t, "K16 a session whose one socket is closed by hand is ready", longLived, func(w *world) {
		w.login()
		w.wantClosed(w.handle("menu"), 0)
		if err := w.session.Require(context.Background(), connector.RequireReady); err != nil {
			w.t.Errorf("require: %v", err)
		}
		if s := w.session.Status(); !s.Ready || s.Session != transitions.SessionSubscribed {
			w.t.Errorf("got %+v without any open socket, want ready", s)
		}
		if _, err := w.menu.Request(context.Background(), request{Echo: &echo{"hi"}}); !errors.Is(err, connector.ErrSocketClosed) {
			w.t.Errorf("got %v, want closed", err)
		}
	})

	engines(t, "K8 ten who close one socket", longLived, func(w *world) {
		w.login()
		mud.on.Store(true)
		defer mud.on.Store(false)
		start := time.Now()
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() { w.wantClosed(w.handle("menu"), 5*time.Second) })
		}
		all.Wait()
		if took := time.Since(start); took != 5*time.Second {
			w.t.Errorf("got closed after %v, want 5s for a close frame that is not answered", took)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := w.handle("menu").Close(ctx); err != nil && !errors.Is(err, context.Canceled) {
			w.t.Errorf("got %v", err)
		}
	}, mud.under)
}
