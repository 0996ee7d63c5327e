package connector_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

// tenHours is a backend whose tokens outlive a test.
var tenHours = connectortest.Config{AccessLife: 10 * time.Hour}

// socketState is the state of the first socket now.
func (w *world) socketState() transitions.SocketState {
	synctest.Wait()
	return w.session.Status().Sockets[0].State
}

// goDown lets the network fail a socket that is ready.
func (w *world) goDown() {
	w.network.Refuse(true)
	w.script(connectortest.DropSockets())
}

func TestOutage(t *testing.T) {
	engines(t, "K15 in outage after OutageAfter, and slow then", tenHours, func(w *world) {
		w.login()
		time.Sleep(time.Minute)
		w.goDown()
		down := time.Now()
		w.until("socket", "waiting")
		c := w.until("socket", "outage")
		if after := time.Since(down); c.Event != "outageDue" || c.From != "waiting" || after != 3*time.Minute {
			w.t.Errorf("got %s -%s-> outage after %v, want waiting -outageDue-> after 3m", c.From, c.Event, after)
		}
		last := time.Time{}
		for i := range 30 {
			w.until("socket", "socketOpening")
			if delay := time.Since(last); i > 0 && (delay < 40*time.Second || delay > 80*time.Second) {
				w.t.Errorf("delay %d: got %v, want 40 to 80s", i, delay)
			}
			last = time.Now()
			w.until("socket", "outage")
			if since := time.Since(last); since != 0 {
				w.t.Errorf("got outage %v after the failed attempt, want at once", since)
			}
		}
		w.network.Refuse(false)
		w.until("socket", "subscribed")
		time.Sleep(time.Minute)
		w.goDown()
		if got := w.nextAttempt("waiting"); got > 500*time.Millisecond {
			w.t.Errorf("after it was ready: got tried again after %v, want soon", got)
		}
		w.until("socket", "waiting")
		down = time.Now()
		w.until("socket", "outage")
		if after := time.Since(down); after < 2*time.Minute {
			w.t.Errorf("after it was ready: got outage %v later, want 3m", after)
		}
		w.network.Refuse(false)
	}, func(c *config) { c.Common.OutageAfter, c.Common.OutageRetry = 3*time.Minute, 80*time.Second })

	engines(t, "K15 an attempt that hangs past OutageAfter ends in outage", tenHours, func(w *world) {
		w.login()
		w.network.Hang(true)
		w.script(connectortest.DropSockets())
		down := time.Now()
		w.until("socket", "outage")
		if after := time.Since(down); after < 20*time.Second || after > 2*time.Minute {
			w.t.Errorf("got outage after %v, want at the first failure behind 20s", after)
		}
		w.network.Hang(false)
	}, func(c *config) { c.Common.OutageAfter = 20 * time.Second })

	engines(t, "K15 a login whose socket never opens is in outage too", tenHours, func(w *world) {
		w.network.Refuse(false)
		w.script(connectortest.RefuseUpgrades(1000, 502))
		w.loginOnly()
		start := time.Now()
		w.until("socket", "outage")
		if after := time.Since(start); after != 5*time.Minute {
			w.t.Errorf("got outage after %v, want 5m", after)
		}
		w.logout()
		if got := w.socketState(); got != transitions.SocketClosed {
			w.t.Errorf("got %v after logout, want closed", got)
		}
		w.loginOnly()
		w.until("socket", "closed")
		if got := w.nextAttempt("waiting"); got > 500*time.Millisecond {
			w.t.Errorf("after the next login: got tried again after %v, want soon", got)
		}
	})

	engines(t, "K15 a socket that had failed begins anew", tenHours, func(w *world) {
		w.script(connectortest.RefuseUpgrades(1, 403))
		_ = w.session.Login(context.Background(), ann)
		time.Sleep(time.Hour)
		w.script(connectortest.RefuseUpgrades(1000, 502))
		if err := w.menu.Open(); err != nil {
			w.t.Fatal(err)
		}
		opened := time.Now()
		if got := w.nextAttempt("waiting"); got > 500*time.Millisecond {
			w.t.Errorf("got tried again after %v, want soon: it was not wanted for that hour", got)
		}
		w.until("socket", "outage")
		if after := time.Since(opened); after != 5*time.Minute {
			w.t.Errorf("got outage after %v, want 5m", after)
		}
	})

	engines(t, "K15 giving up ends an outage", tenHours, func(w *world) {
		w.login()
		w.goDown()
		w.until("socket", "outage")
		w.until("socket", "failed")
		w.network.Refuse(false)
	}, deciding(func(o connector.Outlook) (time.Duration, bool) { return o.Delay, o.Socket.Attempt < 20 }))
}

func TestWake(t *testing.T) {
	woken := func(w *world, from transitions.SocketState) {
		w.t.Helper()
		if got := w.socketState(); got != from {
			w.t.Fatalf("got %v, want %v", got, from)
		}
		w.network.Refuse(false)
		start := time.Now()
		w.session.Wake()
		w.until("socket", "subscribed")
		if took := time.Since(start); took != 0 {
			w.t.Errorf("got ready %v after Wake, want at once", took)
		}
	}
	engines(t, "K15 Wake tries again at once: waiting", tenHours, func(w *world) {
		w.login()
		w.until("socket", "subscribed")
		w.goDown()
		time.Sleep(90 * time.Second)
		woken(w, transitions.SocketWaiting)
	})
	engines(t, "K15 Wake tries again at once: outage", tenHours, func(w *world) {
		w.login()
		w.until("socket", "subscribed")
		w.goDown()
		time.Sleep(time.Hour)
		woken(w, transitions.SocketOutage)
	})
	engines(t, "K15 Wake many times: one attempt at a time, and the delays still grow", tenHours, func(w *world) {
		w.login()
		w.until("socket", "subscribed")
		w.goDown()
		w.network.Hang(true)
		w.network.Refuse(false)
		time.Sleep(time.Minute)
		before := w.session.Status().Sockets[0].Generation
		for range 100 {
			w.session.Wake()
		}
		synctest.Wait()
		if got := w.session.Status().Sockets[0].Generation - before; got > 1 {
			w.t.Errorf("got %d attempts for 100 Wakes while one hangs, want at most 1", got)
		}
		w.network.Hang(false)
	})
	for _, c := range []struct {
		name  string
		fault connectortest.Fault
		least time.Duration
	}{
		{"503 with Retry-After", connectortest.RefuseUpgrades(1, 503).RetryAfter(90 * time.Second), 90 * time.Second},
		{"429 with a date", connectortest.RefuseUpgrades(1, 429).RetryAfterDate(90 * time.Second), 89 * time.Second},
		{"502 with Retry-After", connectortest.RefuseUpgrades(1, 502).RetryAfter(90 * time.Second), 90 * time.Second},
		{"no Retry-After", connectortest.RefuseUpgrades(1, 503), 15 * time.Second},
	} {
		engines(t, "K15 Wake does not disturb a busy server: "+c.name, tenHours, func(w *world) {
			w.script(c.fault)
			w.loginOnly()
			w.until("socket", "busyWaiting")
			start := time.Now()
			for range 100 {
				time.Sleep(100 * time.Millisecond)
				w.session.Wake()
			}
			w.until("socket", "socketOpening")
			if got := time.Since(start); got < c.least || got > c.least+15*time.Second {
				w.t.Errorf("got tried again after %v, want not before %v", got, c.least)
			}
		})
	}
	engines(t, "K15 Wake when nobody is logged in, and after Close, does nothing", tenHours, func(w *world) {
		for _, when := range []string{"before login", "after logout", "after Close"} {
			w.session.Wake()
			time.Sleep(time.Minute)
			synctest.Wait()
			if got := w.backend.Counts(); got.OpenSockets != 0 {
				w.t.Errorf("%s: got %+v, want no socket", when, got)
			}
			if got := w.session.Status(); got.LoggedIn || got.Sockets[0].State != transitions.SocketClosed {
				w.t.Errorf("%s: got %+v, want everything closed", when, got)
			}
			w.login()
			if when == "before login" {
				w.logout()
			} else if err := w.session.Close(context.Background()); err != nil {
				w.t.Error(err)
			}
		}
		if got := w.backend.Counts().Upgrades; got != 3 {
			w.t.Errorf("got %d upgrades, want one for each login", got)
		}
	})
	engines(t, "K15 Wake does not open what was closed by hand", tenHours, func(w *world) {
		w.login()
		if err := w.menu.Close(context.Background()); err != nil {
			w.t.Fatal(err)
		}
		w.session.Wake()
		time.Sleep(time.Minute)
		if got := w.socketState(); got != transitions.SocketClosed {
			w.t.Errorf("got %v, want closed", got)
		}
	})
}

func TestWakeToken(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault func(n int) connectortest.Fault
		paced bool
	}{
		{"a token that waits for its refresh is woken", func(n int) connectortest.Fault { return connectortest.RefuseRefreshes(n, 500) }, false},
		{"one whose refresh was cut too", connectortest.CutRefreshes, false},
		{"a token that the server asked to wait for is not woken", func(n int) connectortest.Fault {
			return connectortest.RefuseRefreshes(n, 503).RetryAfter(90 * time.Second)
		}, true},
	} {
		engines(t, "K15 "+c.name, connectortest.Config{AccessLife: time.Minute}, func(w *world) {
			w.login()
			w.until("socket", "subscribed")
			w.script(c.fault(1))
			w.until("token", "waiting")
			before, start := w.backend.Counts().Refreshes, time.Now()
			w.session.Wake()
			synctest.Wait()
			if got := w.backend.Counts().Refreshes - before; (got == 0) != c.paced {
				w.t.Errorf("got %d refreshes at Wake, want it left alone: %v", got, c.paced)
			}
			w.until("token", "fresh")
			if took := time.Since(start); c.paced && took < 89*time.Second || !c.paced && took != 0 {
				w.t.Errorf("got fresh after %v, want it to wait: %v", took, c.paced)
			}
		})
	}
}

func TestOutageClock(t *testing.T) {
	clock := &timeShift{}
	wall := func(c *config) {
		clock.under(c)
		now := c.Now
		c.Now = func() time.Time { return now().Round(0) }
	}
	for _, jump := range []time.Duration{eightHours, 24 * time.Hour} {
		engines(t, "F42 K15 a suspend is an outage at the next failure, and no loop", connectortest.Config{AccessLife: 100 * time.Hour}, func(w *world) {
			w.login()
			time.Sleep(time.Minute)
			w.goDown()
			w.until("socket", "waiting")
			synctest.Wait()
			clock.jump(jump)
			c := w.until("socket", "outage")
			failures := w.session.Status().Sockets[0].Failures
			if c.Event != "outageDue" || failures > 3 {
				w.t.Errorf("got outage by %s after %d failures, want at the next one", c.Event, failures)
			}
			before := w.session.Status().Sockets[0].Generation
			time.Sleep(time.Hour)
			if got := w.session.Status().Sockets[0].Generation - before; got < 30 || got > 61 {
				w.t.Errorf("got %d attempts in an hour, want one each minute or two", got)
			}
			w.network.Refuse(false)
			w.session.Wake()
			w.until("socket", "subscribed")
		}, clock.under)
	}
	engines(t, "F42 K15 a suspend while ready is no outage", connectortest.Config{AccessLife: 100 * time.Hour}, func(w *world) {
		w.login()
		time.Sleep(time.Minute)
		clock.jump(eightHours)
		w.goDown()
		if got := w.nextAttempt("waiting"); got > 500*time.Millisecond {
			w.t.Errorf("got tried again after %v, want soon", got)
		}
		w.network.Refuse(false)
	}, clock.under)
	engines(t, "F42 K15 a clock set back does not put off the outage for long", connectortest.Config{AccessLife: 100 * time.Hour}, func(w *world) {
		w.login()
		time.Sleep(time.Minute)
		w.goDown()
		w.until("socket", "waiting")
		synctest.Wait()
		clock.jump(-24 * time.Hour)
		time.Sleep(12 * time.Minute)
		if got := w.socketState(); got != transitions.SocketOutage {
			w.t.Errorf("got %v after twelve minutes, want outage", got)
		}
		w.network.Refuse(false)
	}, wall)
}

func TestOutageOverTCP(t *testing.T) {
	var proxy *connectortest.Proxy
	overTCP(t, "K15 outage, Wake, ready", connectortest.Config{AccessLife: time.Hour}, func(w *world) {
		w.login()
		w.until("socket", "subscribed")
		proxy.Refuse(true)
		proxy.Drop()
		w.until("socket", "outage")
		proxy.Refuse(false)
		w.session.Wake()
		if c := w.until("socket", "tokenPending"); c.From != "outage" || c.Event != "woken" {
			w.t.Errorf("got %s -%s-> tokenPending, want outage -woken->", c.From, c.Event)
		}
		w.until("socket", "subscribed")
		if err := proxy.Close(); err != nil {
			w.t.Error(err)
		}
	}, throughProxy(t, &proxy), func(c *config) {
		c.Common.OutageAfter, c.Common.OutageRetry = 300*time.Millisecond, time.Hour
	})
}

// throughProxy puts a new proxy before the socket's server.
func throughProxy(t *testing.T, proxy **connectortest.Proxy) change {
	return socket(func(s *socketConfig) {
		host := strings.TrimSuffix(strings.TrimPrefix(s.URL, "ws://"), "/ws")
		p, err := connectortest.NewProxy(host)
		if err != nil {
			t.Fatal(err)
		}
		*proxy, s.URL = p, "ws://"+p.Addr()+"/ws"
	})
}
