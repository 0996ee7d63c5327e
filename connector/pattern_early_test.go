package connector_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

func TestPatternPublicFirst(t *testing.T) {
	patterns(t, "S13 logins and logouts leave an early public socket as it is, and Close closes it", func(w *world) {
		w.open()
		w.open()
		w.wantSockets("opened", subscribed, closed)
		w.wantEcho("before login")
		if s := w.session.Status(); s.Session != transitions.SessionLoggedOut || s.LoggedIn {
			w.t.Errorf("got %+v before login, want logged out", s)
		}
		for range 2 {
			w.login()
			w.open()
			w.wantSockets("logged in", subscribed, subscribed)
			w.logout()
			w.wantSockets("logged out", subscribed, closed)
			w.wantEcho("logged out")
		}
		if got := w.backend.Counts(); got.PublicUpgrades != 1 || got.Upgrades != 2 {
			w.t.Errorf("got %+v, want one public connection for all that", got)
		}
		start := time.Now()
		w.close()
		w.wantSockets("closed", closed, closed)
		if took := time.Since(start); took != 0 {
			w.t.Errorf("got closed after %v, want at once", took)
		}
		if _, err := w.echo("hi"); !errors.Is(err, connector.ErrSocketClosed) {
			w.t.Errorf("got %v after Close, want closed", err)
		}
		w.open()
		w.wantEcho("opened again")
	}, publicly(true), beside)

	patterns(t, "S13 an early public socket recovers from drops, whoever is logged in", func(w *world) {
		w.open()
		for _, step := range []struct {
			when string
			do   func()
		}{{"before login", func() {}}, {"logged in", w.login}, {"logged out", func() { w.logout() }}} {
			step.do()
			w.wantEcho(step.when)
			w.script(connectortest.DropSockets())
			w.until("socket", "waiting")
			w.wantEcho(step.when + ", after a drop")
		}
		if got := w.backend.Counts().PublicUpgrades; got != 4 {
			w.t.Errorf("got %d upgrades, want 4", got)
		}
	}, publicly(true))

	patterns(t, "S13 an early public socket stays when no login comes of it", func(w *world) {
		w.open()
		w.wantEcho("before login")
		if err := w.session.Login(context.Background(), credentials{"ann", "wrong"}); !errors.Is(err, authhttp.ErrRejected) {
			w.t.Errorf("got %v, want rejected", err)
		}
		w.wantEcho("after a rejected login")
		w.script(connectortest.HoldLogins(2))
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := w.session.Login(ctx, ann); !errors.Is(err, context.DeadlineExceeded) {
			w.t.Errorf("got %v, want the deadline", err)
		}
		w.wantEcho("after a login given up")
		done := w.begin()
		synctest.Wait()
		w.wantEcho("during a login that hangs")
		w.logout()
		if err := <-done; !errors.Is(err, connector.ErrLoggedOut) {
			w.t.Errorf("got %v, want logged out", err)
		}
		w.wantEcho("after a logout during the login")
		if got := w.backend.Counts().PublicUpgrades; got != 1 {
			w.t.Errorf("got %d upgrades, want the one connection", got)
		}
	}, publicly(true), beside)

	for _, c := range []struct {
		name  string
		fault connectortest.Fault
	}{{"403", connectortest.RefusePublicUpgrades(1, 403)}, {"a rejected subscription", connectortest.RejectSubscriptions(1)}} {
		for name, again := range map[string]func(*world){"Login": (*world).login, "Open": (*world).open} {
			patterns(t, "S13 an early public socket failed by "+c.name+" is opened again by "+name, func(w *world) {
				w.script(c.fault)
				w.open()
				w.wantSockets("refused", transitions.SocketFailed)
				again(w)
				w.wantSockets("again", subscribed)
				w.wantEcho("again")
			}, publicly(true))
		}
	}

	patterns(t, "S13 requests before login wait for the early socket", func(w *world) {
		w.script(connectortest.RefusePublicUpgrades(2, 502))
		w.open()
		start := time.Now()
		w.wantEcho("while it opens")
		if took := time.Since(start); took == 0 || w.backend.Counts().PublicUpgrades != 3 {
			w.t.Errorf("got an answer after %v, want at the third attempt", took)
		}
	}, publicly(true))

	for _, c := range []struct {
		name  string
		fault connectortest.Fault
		takes time.Duration // until the second attempt begins
	}{{"opens", connectortest.HoldPublicUpgrades(1), 15 * time.Second}, {"subscribes", connectortest.HoldSubscriptions(1), 10 * time.Second}} {
		patterns(t, "S13 login waits for an early public socket that still "+c.name, func(w *world) {
			w.script(c.fault)
			start := time.Now()
			w.open()
			synctest.Wait()
			w.login()
			if took := time.Since(start); took < c.takes || took > c.takes+time.Second {
				w.t.Errorf("got logged in after %v, want when the second attempt has come through", took)
			}
			w.wantSockets("logged in", subscribed, subscribed)
		}, publicly(true), beside)
	}

	patterns(t, "S13 an early public socket stays over a login as another", func(w *world) {
		w.open()
		w.login()
		if err := w.session.LoginAs(context.Background(), 2); err != nil {
			w.t.Fatal(err)
		}
		w.wantEcho("as another")
		w.logout()
		w.wantEcho("back")
		w.wantSockets("back", subscribed, subscribed)
		if got := w.backend.Counts(); got.PublicUpgrades != 1 || got.Upgrades != 3 {
			w.t.Errorf("got %+v, want one public connection and three of the users", got)
		}
	}, publicly(true), beside)

	mire := &swamp{}
	for _, c := range []struct {
		state string
		leave func(*world) error
	}{
		{"closing", func(w *world) error { mire.on.Store(true); return w.session.Logout(context.Background()) }},
		{"revoking", func(w *world) error {
			w.script(connectortest.HoldLogouts(1))
			return w.session.Logout(context.Background())
		}},
		{"shutting", func(w *world) error { mire.on.Store(true); return w.session.Close(context.Background()) }},
	} {
		patterns(t, "S13 Open is refused while the session is "+c.state, func(w *world) {
			defer mire.on.Store(false)
			w.open()
			w.login()
			done := make(chan error, 1)
			go func() { done <- c.leave(w) }()
			w.until("session", c.state)
			synctest.Wait()
			if err := w.session.Open(); !errors.Is(err, connector.ErrBusy) {
				w.t.Errorf("got %v, want busy", err)
			}
			if err := <-done; err != nil {
				w.t.Errorf("leave: %v", err)
			}
			mire.on.Store(false)
			w.open()
			w.wantEcho("opened afterwards")
		}, publicly(true), beside, mire.under)
	}

	bubbles(t, "S13 Open waits for its verdict", func(t *testing.T, engine change) {
		j := &jam{gone: make(chan struct{})}
		w := newWorld(t, connectortest.Config{}, engine, publicly(true), func(c *connector.Config[credentials, user]) { c.Journal = j })
		defer w.end()
		w.login()
		w.script(connectortest.HoldLogouts(1))
		go w.session.Logout(context.Background())
		w.until("session", "revoking")
		synctest.Wait()
		j.on.Store(true)
		other, opened := make(chan error, 1), make(chan error, 1)
		go func() { other <- w.session.Login(context.Background(), ann) }() // runs the outputs of both
		synctest.Wait()
		go func() { opened <- w.session.Open() }()
		synctest.Wait()
		close(j.gone)
		for _, verdict := range []<-chan error{other, opened} {
			if err := <-verdict; !errors.Is(err, connector.ErrBusy) {
				t.Errorf("got %v while it logs out, want busy", err)
			}
		}
	})
}

// jam is a journal that is not written to, once it is on, until the jam is gone.
type jam struct {
	on   atomic.Bool
	gone chan struct{}
}

func (j *jam) Write(line []byte) (int, error) {
	if j.on.Load() {
		<-j.gone
	}
	return len(line), nil
}
