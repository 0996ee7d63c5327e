package connector_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/transitions"
)

// cycles opens and closes at random.
type cycles struct {
	storm
	events atomic.Int64 // looks at the clock, which every event begins with
	passed int
	seen   map[string]int // what was done, and where it found the socket
}

// chain is the config of a session with a group that is computed, which fails at times.
func (c *cycles) chain(engine fsm.Engine) change {
	return func(cfg *config) {
		cfg.Engine = engine
		cfg.Now = func() time.Time { c.events.Add(1); return time.Now() }
		asked := 0
		cfg.Chain = []socketGroup{declaring("b"), making(func(ctx context.Context, _ groupSoFar) ([]anySocket, error) {
			switch asked++; asked % 7 {
			case 0:
				return nil, backoff.Permanent(errNotYet)
			case 1:
				return nil, errNotYet
			case 2:
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return []anySocket{link("a")}, nil
		})}
	}
}

// pause waits for up to so long.
func (c *cycles) pause(most time.Duration) { time.Sleep(time.Duration(c.chance.Int64N(int64(most)))) }

// pick does one of these.
func (c *cycles) pick(all ...func()) { all[c.chance.IntN(len(all))]() }

// later runs what may take its time; it must end with none but declared errors.
func (c *cycles) later(f func(ctx context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(1+c.chance.IntN(60))*time.Second)
	c.running.Go(func() {
		defer cancel()
		c.check(f(ctx))
	})
}

// open opens what is closed.
func (c *cycles) open() {
	if s := c.session.Status(); !s.LoggedIn {
		c.later(func(ctx context.Context) error { return c.session.Login(ctx, ann) })
		return
	}
	c.check(c.session.Open())
	c.pick(
		func() {},
		c.session.Wake,
		func() {
			if _, err := c.session.Add(link("added")); err == nil {
				c.later(func(ctx context.Context) error { return c.session.Remove(ctx, "added") })
			}
		},
		func() { c.later(func(ctx context.Context) error { return c.session.LoginAs(ctx, bobID) }) },
	)
}

// wait waits a little, longer, or until the sockets are ready, if they are at all.
func (c *cycles) wait() {
	c.pick(
		func() { c.pause(time.Millisecond) },
		func() { c.pause(3 * time.Second) },
		func() { c.pause(time.Minute) },
		func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			c.check(c.session.Require(ctx, connector.RequireReady))
		},
	)
}

// drop lets something go wrong, at once or at some step to come.
func (c *cycles) drop() {
	for range c.chance.IntN(3) {
		c.pick(
			func() { c.script(connectortest.DropSockets()) },
			c.network.Drop,
			c.network.Freeze,
			func() { c.network.Refuse(c.chance.IntN(2) == 0) },
			func() { c.network.Hang(c.chance.IntN(2) == 0) },
			func() { c.network.Latency(time.Duration(c.chance.IntN(3)) * 100 * time.Millisecond) },
			func() { c.script(connectortest.DropUpgraded(1)) },
			func() { c.script(connectortest.CloseUpgraded(1, []int{1000, 1013, 4403}[c.chance.IntN(3)], "")) },
			func() { c.script(connectortest.Deaf(1)) },
			func() { c.script(connectortest.Mute(1)) },
			func() { c.script(connectortest.CloseOnAuth(1, 4401, "")) },
			func() { c.script(connectortest.DropSubscribed(1)) },
			func() { c.script(c.fault()) },
		)
	}
}

// close closes by hand, in time, or leaves that to the next cycle.
func (c *cycles) close() {
	by := byHand[c.chance.IntN(len(byHand))]
	c.seen[fmt.Sprint(by.name, " in ", c.menu.Status().State)]++
	start := time.Now()
	err := by.do(c.world, context.Background())
	if took := time.Since(start); took > by.most {
		c.t.Errorf("cycle %d: %s: got %v after %v, want within %v", c.passed, by.name, err, took, by.most)
	}
	for _, known := range []error{nil, connector.ErrNotLoggedIn, connector.ErrBusy, connector.ErrParentExpired} {
		if errors.Is(err, known) {
			return
		}
	}
	c.t.Errorf("cycle %d: %s: got %v", c.passed, by.name, err)
}

// cycle opens, drops, reconnects and closes, each at a random moment.
func (c *cycles) cycle() {
	c.passed++
	if c.chance.IntN(10) > 0 {
		c.network.Refuse(false)
		c.network.Hang(false)
	}
	c.open()
	c.wait()
	for range c.chance.IntN(3) {
		c.later(func(ctx context.Context) error { c.request(ctx); return nil })
	}
	c.drop()
	c.wait()
	c.close()
}

// wantNothing ends everything, and looks at what is left.
func (c *cycles) wantNothing(idle func()) {
	c.t.Helper()
	c.network.Refuse(false)
	c.network.Hang(false)
	c.network.Latency(0)
	if err := c.session.Close(context.Background()); err != nil {
		c.t.Errorf("close: %v", err)
	}
	c.running.Wait() // a login may have begun behind it
	if err := c.session.Close(context.Background()); err != nil {
		c.t.Errorf("close: %v", err)
	}
	c.script(connectortest.DropSockets()) // of those that are mute
	idle()
	wantGone(c.world)
	events := c.rest()
	time.Sleep(time.Second) // what was closed on a slow network is still on its way
	if s := c.session.Status(); len(s.Sockets) != 2 || s.Sockets[1].State != closed || s.LoggingIn || s.Closing || s.Depth != 0 {
		c.t.Errorf("after %d cycles: got %+v, want the declared sockets, closed", c.passed, s)
	}
	if got := c.network.OpenConns(); got != 0 {
		c.t.Errorf("after %d cycles: got %d connections, want none", c.passed, got)
	}
	if got := ownGoroutines(); len(got) != 0 {
		c.t.Errorf("after %d cycles: got %d goroutines, want none:\n%s", c.passed, len(got), strings.Join(got, "\n\n"))
	}
	time.Sleep(24 * time.Hour)
	if got := c.rest(); got != events {
		c.t.Errorf("after %d cycles: got %d events in a day of rest, want none", c.passed, got-events)
	}
	if c.t.Failed() {
		c.t.FailNow()
	}
}

// raced tells whether the race detector slows the test down.
func raced() bool {
	info, _ := debug.ReadBuildInfo()
	return slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// rest waits until nothing goes on, and returns how many events there were.
func (c *cycles) rest() int64 {
	synctest.Wait()
	return c.events.Load()
}

func TestCycles(t *testing.T) {
	const whole = 5000 // under each engine
	total := whole
	if testing.Short() || raced() {
		total = 500
	}
	for _, engine := range []fsm.Engine{fsm.Looplab, fsm.Table} {
		t.Run("K8 ten thousand cycles leave nothing/"+engine.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &cycles{seen: make(map[string]int)}
				c.chance = rand.New(rand.NewPCG(8, uint64(engine)))
				c.world = newWorld(t, connectortest.Config{}, c.chain(engine))
				defer c.end()
				errs := c.session.Errors(1 << 20)
				for c.passed < total {
					if c.cycle(); c.passed%min(total, 1000) == 0 || c.passed == total {
						c.wantNothing(c.idle)
						c.soFar()
					}
				}
				if got := c.backend.Counts(); got.Upgrades < total || got.Subscriptions < total {
					t.Errorf("got %+v in %d cycles, want a reconnect in most of them", got, total)
				}
				for _, err := range published(errs) {
					c.check(err)
				}
				if total < whole {
					return // too few to meet every state
				}
				for _, state := range []transitions.SocketState{
					transitions.SocketClosed, transitions.SocketTokenPending, transitions.SocketOpening, transitions.SocketAuthenticating,
					transitions.SocketAuthed, transitions.SocketSubscribed, transitions.SocketProbing, transitions.SocketWaiting,
					transitions.SocketBusyWaiting, transitions.SocketFailed,
				} {
					if c.seen["Handle.Close in "+state.String()]+c.seen["Logout in "+state.String()]+c.seen["CloseSockets in "+state.String()] == 0 {
						t.Errorf("got no socket closed in %v: the cycles do not cover it", state)
					}
				}
			})
		})
	}

	quick := func(c *config) {
		c.RetryFloor, c.RetryCap, c.AttemptsPerMinute = time.Millisecond, 2*time.Millisecond, 1<<20
	}
	for _, engine := range []fsm.Engine{fsm.Looplab, fsm.Table} {
		t.Run("K8 two hundred cycles over TCP leave nothing/tcp/"+engine.String(), func(t *testing.T) {
			before := runtime.NumGoroutine()
			c := &cycles{}
			c.chance = rand.New(rand.NewPCG(9, uint64(engine)))
			c.world = newWorldOnTCP(t, longLived, quick, func(cfg *config) { cfg.Engine = engine })
			for c.passed < 100 {
				c.overTCP()
			}
			c.running.Wait()
			c.logout()
			c.changes.Close()
			if err := c.backend.Close(); err != nil {
				t.Errorf("close the backend: %v", err)
			}
			c.config.HTTP.Base.(*http.Transport).CloseIdleConnections()
			stacks := make([]byte, 1<<20)
			for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
				if time.Now().After(deadline) {
					t.Fatalf("got %d goroutines, were %d:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
				}
			}
		})
	}
}

// overTCP is a cycle in real time.
func (c *cycles) overTCP() {
	c.passed++
	readies := c.menu.Readies(0)
	defer readies.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	open := c.menu.Status().State == subscribed // closed before it was logged in
	if s := c.session.Status(); !s.LoggedIn {
		c.later(func(context.Context) error { return c.session.Login(context.Background(), ann) })
	} else if err := c.session.Open(); err != nil {
		c.t.Errorf("cycle %d: open: %v", c.passed, err)
	}
	if c.chance.IntN(4) > 0 { // else it is closed while it opens
		for !open {
			if _, open = readies.Next(ctx); !open {
				c.t.Fatalf("cycle %d: got not ready in a minute: %+v", c.passed, c.session.Status())
			}
		}
		c.running.Go(func() { _, _ = c.echo("hi") })
		c.pick(
			func() { c.script(connectortest.DropSockets()) },
			func() { c.script(connectortest.DropOnAuth(1), connectortest.DropSockets()) },
			func() { c.script(connectortest.RefuseUpgrades(1, 502), connectortest.CloseSockets(1001, "")) },
		)
		if c.chance.IntN(2) > 0 { // else it is closed while it reconnects
			if _, ok := readies.Next(ctx); !ok {
				c.t.Fatalf("cycle %d: got not ready again in a minute: %+v", c.passed, c.session.Status())
			}
		}
	}
	by := byHand[c.chance.IntN(len(byHand))]
	start := time.Now()
	err := by.do(c.world, ctx)
	if err != nil && !errors.Is(err, connector.ErrNotLoggedIn) || time.Since(start) > by.most {
		c.t.Errorf("cycle %d: %s: got %v after %v, want within %v", c.passed, by.name, err, time.Since(start), by.most)
	}
	c.running.Wait()
}
