package connector_test

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/fsm"
)

// everyStep are servers that let a socket come so far, and then close.
var everyStep = []struct {
	name  string
	fault func(n int) connectortest.Fault
	ready bool // it becomes ready each time
}{
	{"F22 accept, then drop", connectortest.DropUpgraded, false},
	{"F22 accept, then close", func(n int) connectortest.Fault { return connectortest.CloseUpgraded(n, 1000, "") }, false},
	{"F22 accept, then close with an error", func(n int) connectortest.Fault { return connectortest.CloseUpgraded(n, 1011, "") }, false},
	{"F21 drop on auth", connectortest.DropOnAuth, false},
	{"F21 close on auth", func(n int) connectortest.Fault { return connectortest.CloseOnAuth(n, 1000, "") }, false},
	{"F20 drop on the first subscription", connectortest.DropOnSubscribe, false},
	{"F20 close on the first subscription", func(n int) connectortest.Fault { return connectortest.CloseOnSubscribe(n, 1001, "") }, false},
	{"K5 drop when ready", connectortest.DropSubscribed, true},
	{"K5 close when ready", func(n int) connectortest.Fault { return connectortest.CloseSubscribed(n, 4000, "") }, true},
}

func TestEveryStep(t *testing.T) {
	for _, c := range everyStep {
		engines(t, c.name+", for an hour", connectortest.Config{AccessLife: 10 * time.Hour}, func(w *world) {
			w.script(c.fault(100_000))
			w.loginOnly()
			time.Sleep(time.Hour)
			synctest.Wait()
			at := w.backend.UpgradeTimes()
			wantBackoff(w.t, at, c.ready)
			s := w.session.Status().Sockets[0]
			if got := int(s.Attempt); got != len(at)-1 && got != len(at) {
				w.t.Errorf("got %d attempts counted, want the %d that were made: none was stable", got, len(at))
			}
			if (s.Readies > 0) != c.ready {
				w.t.Errorf("got ready %d times, want some: %v", s.Readies, c.ready)
			}
		})
	}
}

// wantBackoff checks the delays between attempts that fail at once: the default
// backoff, and after five minutes without being ready the slow one.
func wantBackoff(t *testing.T, at []time.Time, ready bool) {
	t.Helper()
	if len(at) < 30 {
		t.Fatalf("got %d attempts in an hour, want at least one each two minutes", len(at))
	}
	for i := 1; i < len(at); i++ {
		most := min(500*time.Millisecond<<min(i-1, 10), 30*time.Second)
		least := most / 2
		if i == 1 {
			least = 100 * time.Millisecond
		}
		if !ready && at[i-1].Sub(at[0]) >= 5*time.Minute {
			least, most = time.Minute, 2*time.Minute
		}
		if delay := at[i].Sub(at[i-1]); delay < least || delay > most {
			t.Errorf("delay %d, %v after the first attempt: got %v, want %v to %v", i, at[i-1].Sub(at[0]), delay, least, most)
		}
	}
	for i := range at {
		n := 0
		for _, other := range at[i:] {
			if other.Sub(at[i]) < time.Minute {
				n++
			}
		}
		if n > 12 {
			t.Errorf("got %d attempts in a minute, want at most 12", n)
		}
	}
}

func TestEveryStepOverTCP(t *testing.T) {
	quick := func(c *config) { c.RetryFloor, c.RetryCap = 10*time.Millisecond, 100*time.Millisecond }
	for i, c := range everyStep {
		if i%2 != 0 || testing.Short() && !c.ready { // the others differ in the end of the connection alone
			continue
		}
		overTCP(t, c.name, connectortest.Config{}, func(w *world) {
			w.script(c.fault(100_000))
			w.loginOnly()
			var at []time.Time
			for len(at) < 10 {
				w.until("socket", "waiting")
				at = w.backend.UpgradeTimes()
			}
			const slack = 20 * time.Millisecond // the server's own, before it looks at its clock
			shortest := time.Hour
			for i := 2; i < len(at); i++ {
				delay := at[i].Sub(at[i-1])
				if shortest = min(shortest, delay); delay < 50*time.Millisecond-slack {
					w.t.Errorf("delay %d: got %v, want at least half of the cap", i, delay)
				}
			}
			if shortest > 500*time.Millisecond {
				w.t.Errorf("got %v at least, want delays of 50 to 100 ms", shortest)
			}
		}, quick)
	}
}

func TestStablePeriod(t *testing.T) {
	for _, c := range []struct {
		name  string
		ready time.Duration // for so long each time
		grows bool
	}{{"a little less than a stable period", 9900 * time.Millisecond, true}, {"a little more", 10100 * time.Millisecond, false}} {
		bubbles(t, "K5 ready for "+c.name+" each time", func(t *testing.T, engine change) {
			w := peerWorld(t, engine, func(_ int, ws *websocket.Conn) {
				time.AfterFunc(c.ready, func() { _ = ws.Close() })
				follow(ws, func(request) {})
			}, undying)
			defer w.end()
			w.loginOnly()
			for i := range 12 {
				w.until("socket", "subscribed")
				down := time.Now().Add(c.ready)
				w.until("socket", "socketOpening")
				delay, most := time.Since(down), 500*time.Millisecond
				if c.grows {
					most = min(most<<i, 30*time.Second)
				}
				if delay > most || c.grows && i > 0 && delay < most/2 {
					t.Errorf("delay %d: got %v, want up to %v, and growing: %v", i, delay, most, c.grows)
				}
			}
		})
	}
}

// TestAttemptsDoNotOverflow shows that the counter of attempts survives any number
// of them.
func TestAttemptsDoNotOverflow(t *testing.T) {
	if testing.Short() {
		t.Skip("seventy thousand attempts")
	}
	t.Run("K5 more attempts than the counter holds", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var dials atomic.Int64
			w := newWorld(t, connectortest.Config{}, undying, deadServer(&dials), func(c *config) {
				c.Engine, c.RetryFloor, c.RetryCap, c.AttemptsPerMinute = fsm.Table, time.Millisecond, time.Millisecond, 1_000_000
				c.Common.OutageRetry = 2 * time.Millisecond
			})
			defer w.end()
			w.loginOnly()
			for dials.Load() < 70_000 {
				time.Sleep(time.Second)
			}
			if got := w.session.Status().Sockets[0]; got.Attempt != 65535 || got.Failures < 69_999 {
				t.Errorf("got %+v, want the greatest number of attempts", got)
			}
		})
	})
}

// deadServer refuses every dial of a socket, and counts them.
func deadServer(dials *atomic.Int64) change {
	return func(c *config) {
		c.DialContext = func(context.Context, string, string) (net.Conn, error) {
			dials.Add(1)
			return nil, errors.New("nobody is there")
		}
	}
}
