package connector_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

// deciding gives the socket a Retry.
func deciding(retry func(connector.Outlook) (time.Duration, bool)) change {
	return socket(func(s *socketConfig) { s.Retry = retry })
}

// nextAttempt waits for a failure, and returns how long after it the next dial is.
func (w *world) nextAttempt(waiting string) time.Duration {
	w.t.Helper()
	w.until("socket", waiting)
	start := time.Now()
	w.until("socket", "socketOpening")
	return time.Since(start)
}

func TestRetryHook(t *testing.T) {
	hour := connectortest.Config{AccessLife: time.Hour}

	var seen []connector.Outlook
	noting := deciding(func(o connector.Outlook) (time.Duration, bool) {
		seen = append(seen, o)
		return o.Delay, true
	})
	engines(t, "K6 the counters are right, and so are the error and the delay", hour, func(w *world) {
		seen = nil
		w.script(connectortest.RefuseUpgrades(2, 502), connectortest.CloseUpgraded(1, 4001, ""))
		w.login()
		w.until("session", "subscribed")
		w.script(connectortest.RefuseUpgrades(1, 503), connectortest.CloseSockets(4000, "x"))
		w.until("session", "socketOpening")
		w.until("session", "subscribed")
		want := []struct {
			connector.SocketStatus
			err   string
			delay time.Duration // at most
		}{
			{connector.SocketStatus{State: transitions.SocketWaiting, Generation: 1, Failures: 1, CloseCode: 502}, "status 502", 500 * time.Millisecond},
			{connector.SocketStatus{State: transitions.SocketWaiting, Generation: 2, Attempt: 1, Failures: 2, CloseCode: 502}, "status 502", time.Second},
			{connector.SocketStatus{State: transitions.SocketWaiting, Generation: 3, Attempt: 2, Failures: 3, Opened: true, CloseCode: 4001}, "code 4001", 2 * time.Second},
			{connector.SocketStatus{State: transitions.SocketWaiting, Generation: 4, Attempt: 3, Failures: 4, Readies: 1, Opened: true, CloseCode: 4000}, "code 4000", 4 * time.Second},
			{connector.SocketStatus{State: transitions.SocketBusyWaiting, Generation: 5, Attempt: 4, Failures: 5, Readies: 1, CloseCode: 503}, "status 503", 30 * time.Second},
		}
		if len(seen) != len(want) {
			w.t.Fatalf("got asked %d times, want %d: %+v", len(seen), len(want), seen)
		}
		for i, want := range want {
			want.ID = "menu"
			got := seen[i]
			if got.Socket != want.SocketStatus || got.Err == nil || !strings.Contains(got.Err.Error(), want.err) {
				w.t.Errorf("failure %d: got %+v, want %+v because of %q", i, got, want.SocketStatus, want.err)
			}
			if got.Delay > want.delay || got.Delay < 100*time.Millisecond || i > 0 && got.Delay < want.delay/2 {
				w.t.Errorf("failure %d: got a delay of %v, want up to %v", i, got.Delay, want.delay)
			}
		}
	}, noting)

	errs := func(w *world) *connector.Stream[error] { return w.session.Errors(0) }
	engines(t, "K6 it stops: failed, told once, and to the login", hour, func(w *world) {
		faults := errs(w)
		w.script(connectortest.RefuseUpgrades(1000, 502))
		err := w.session.Login(context.Background(), ann)
		var outcome *connector.LoginError
		if !errors.Is(err, connector.ErrSocketFailed) || !errors.As(err, &outcome) || !outcome.LoggedIn || !strings.Contains(err.Error(), "status 502") {
			w.t.Errorf("got %v, want logged in with a socket that failed, and why", err)
		}
		time.Sleep(time.Hour)
		if got := w.backend.Counts().Upgrades; got != 3 {
			w.t.Errorf("got %d attempts, want 3", got)
		}
		wantFaults(w.t, faults, "502", "502", "502", "given up for good")
	}, deciding(func(o connector.Outlook) (time.Duration, bool) { return o.Delay, o.Socket.Failures < 3 }))

	for _, c := range []struct {
		name        string
		delay       time.Duration
		fault       connectortest.Fault
		state       string
		least, most time.Duration
	}{
		{"a longer delay", 7 * time.Minute, connectortest.RefuseUpgrades(1, 502), "waiting", 7 * time.Minute, 7 * time.Minute},
		{"a delay under the floor", time.Millisecond, connectortest.RefuseUpgrades(1, 502), "waiting", 100 * time.Millisecond, 100 * time.Millisecond},
		{"a negative delay", -time.Hour, connectortest.RefuseUpgrades(1, 502), "waiting", 100 * time.Millisecond, 100 * time.Millisecond},
		{"the least duration", math.MinInt64, connectortest.RefuseUpgrades(1, 502), "waiting", 100 * time.Millisecond, 100 * time.Millisecond},
		{"a delay before Retry-After", time.Second, connectortest.RefuseUpgrades(1, 503).RetryAfter(40 * time.Second), "busyWaiting", 40 * time.Second, 40*time.Second + 100*time.Millisecond},
		{"a delay behind Retry-After", time.Minute, connectortest.RefuseUpgrades(1, 503).RetryAfter(40 * time.Second), "busyWaiting", time.Minute, time.Minute},
		{"a short one when the server is busy", 2 * time.Second, connectortest.RefuseUpgrades(1, 503), "busyWaiting", 2 * time.Second, 2 * time.Second},
	} {
		engines(t, "K6 it chooses "+c.name, hour, func(w *world) {
			w.script(c.fault)
			w.loginOnly()
			if got := w.nextAttempt(c.state); got < c.least || got > c.most {
				w.t.Errorf("got tried again after %v, want %v to %v", got, c.least, c.most)
			}
		}, attempts(60_000), deciding(func(connector.Outlook) (time.Duration, bool) { return c.delay, true }))
	}

	bubbles(t, "K6 a hook that says never, to more sockets than the budget has room for", func(t *testing.T, engine change) {
		var server dialled
		w := newWorld(t, connectortest.Config{}, engine, undying, server.under, withSockets(5), attempts(60), func(c *config) {
			c.Common.Retry = func(connector.Outlook) (time.Duration, bool) { return math.MaxInt64, server.count() < 100 }
		})
		defer w.end()
		w.loginOnly()
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := server.count(); got != 5 {
			t.Errorf("got %d attempts, want the 5 first ones", got)
		}
		w.session.Wake()
		synctest.Wait()
		if got := server.count(); got != 10 {
			t.Errorf("got %d attempts after Wake, want 10", got)
		}
	})

	engines(t, "K6 X4 a hook that panics: the backoff decides, and it is told", hour, func(w *world) {
		faults := errs(w)
		w.script(connectortest.RefuseUpgrades(2, 502))
		w.login()
		wantFaults(w.t, faults, "502", "retry: application: panic: boom", "502", "retry: application: panic: boom")
	}, deciding(func(connector.Outlook) (time.Duration, bool) { panic("boom") }))

	asked := ""
	engines(t, "K6 a socket's own comes before that of Common", hour, func(w *world) {
		asked = ""
		w.script(connectortest.RefuseUpgrades(1, 502))
		w.login()
		if asked != "own" {
			w.t.Errorf("got asked: %q, want the socket's own", asked)
		}
	}, func(c *config) {
		c.Common.Retry = func(o connector.Outlook) (time.Duration, bool) { asked += "common"; return o.Delay, true }
	}, deciding(func(o connector.Outlook) (time.Duration, bool) { asked += "own"; return o.Delay, true }))
}

func TestGivenUp(t *testing.T) {
	hour := connectortest.Config{AccessLife: time.Hour}
	stopping := func(c *config) {
		c.Backoff = func() backoff.BackOff { return backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 2) }
	}
	for _, how := range []struct {
		name string
		by   change
	}{
		{"the hook", deciding(func(o connector.Outlook) (time.Duration, bool) { return time.Second, o.Socket.Attempt < 2 })},
		{"the backoff", stopping},
	} {
		engines(t, "K6 when "+how.name+" has given up only an explicit open goes on", hour, func(w *world) {
			w.script(connectortest.RefuseUpgrades(1000, 502))
			_ = w.session.Login(context.Background(), ann)
			if got := w.session.Status().Sockets[0]; got.State != transitions.SocketFailed || got.Generation != 3 {
				w.t.Fatalf("got %+v, want failed after three attempts", got)
			}
			w.session.Wake()
			if err := w.session.Login(context.Background(), ann); !errors.Is(err, connector.ErrLoggedIn) {
				w.t.Errorf("a second login: got %v, want logged in", err)
			}
			w.script(connectortest.ExpireTokens())
			_, _ = w.session.Token(context.Background(), w.token().Generation) // a refresh
			time.Sleep(2 * time.Hour)                                          // and others by themselves
			if got := w.session.Status(); got.Sockets[0].State != transitions.SocketFailed || got.Sockets[0].Generation != 3 || got.Session != transitions.SessionDegraded {
				w.t.Errorf("got %+v two hours later, want it failed as before", got)
			}
			if got := w.backend.Counts().Refreshes; got < 2 {
				w.t.Errorf("got %d refreshes, want some meanwhile", got)
			}
			for i, open := range []func() error{w.session.Open, w.menu.Open, w.session.Open} {
				w.changes.Close()
				w.changes = w.session.Changes(0)
				if err := open(); err != nil {
					w.t.Fatal(err)
				}
				w.until("socket", "failed")
				if got := w.session.Status().Sockets[0]; int(got.Generation) != 3*(i+2) || got.Attempt != 2 {
					w.t.Errorf("opened by hand: got %+v, want three more attempts, counted from the first", got)
				}
			}
			if err := w.menu.Open(); err != nil {
				w.t.Fatal(err)
			}
			if err := w.menu.Open(); !errors.Is(err, connector.ErrSocketOpen) {
				w.t.Errorf("opened again: got %v, want open", err)
			}
		}, how.by)
	}

	engines(t, "K6 a backoff that stops at once", hour, func(w *world) {
		w.script(connectortest.DropUpgraded(1))
		if err := w.session.Login(context.Background(), ann); !errors.Is(err, connector.ErrSocketFailed) {
			w.t.Errorf("got %v, want a failed socket", err)
		}
	}, func(c *config) { c.Backoff = func() backoff.BackOff { return &backoff.StopBackOff{} } })

	asked := 0
	engines(t, "K6 the hook is not asked when the backoff has stopped", hour, func(w *world) {
		asked = 0
		w.script(connectortest.RefuseUpgrades(1000, 502))
		_ = w.session.Login(context.Background(), ann)
		if asked != 2 {
			w.t.Errorf("got asked %d times, want 2", asked)
		}
	}, stopping, deciding(func(o connector.Outlook) (time.Duration, bool) { asked++; return o.Delay, true }))

	for _, c := range []struct {
		name   string
		fault  connectortest.Fault
		reason string
	}{
		{"rejected", connectortest.CloseSockets(4403, "go away"), "code 4403"},
		{"replaced", connectortest.CloseSockets(4409, ""), "code 4409"},
	} {
		engines(t, "K6 a final close is one event: "+c.name, hour, func(w *world) {
			w.login()
			w.until("session", "subscribed")
			faults := w.menu.Errors(0)
			w.script(c.fault)
			w.until("session", "degraded")
			time.Sleep(time.Hour)
			wantFaults(w.t, faults, c.reason, "given up for good: ")
			if states := w.states("socket"); len(states) != 0 {
				w.t.Errorf("got further states %v, want none", states)
			}
		})
	}
}
