package connector_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

// links is a chain of two groups that are computed: the first is one socket of the
// user's name, the second another; and what can be made to go wrong on the way.
type links struct {
	*world
	hang, deaf, fail atomic.Bool // what Make of the first group does; deaf: for an hour, whatever its context
	holdSecond       atomic.Bool // the second group is not made
	running, asked   atomic.Int32
	behind           []connectortest.Fault // what the second group meets
}

func newLinks(t *testing.T, changes ...change) *links {
	l := &links{}
	l.world = newWorld(t, longLived, append(changes, chained(making(l.first), making(l.second)))...)
	return l
}

func (l *links) first(ctx context.Context, so groupSoFar) ([]anySocket, error) {
	l.running.Add(1)
	l.asked.Add(1)
	defer l.running.Add(-1)
	switch {
	case l.hang.Load():
		<-ctx.Done()
		return nil, ctx.Err()
	case l.deaf.Load():
		time.Sleep(time.Hour)
	case l.fail.Load():
		return nil, errNotYet
	}
	for _, fault := range l.behind {
		l.script(fault)
	}
	l.behind = nil
	return []anySocket{link("first of " + so.User.Name)}, nil
}

func (l *links) second(ctx context.Context, so groupSoFar) ([]anySocket, error) {
	l.running.Add(1)
	defer l.running.Add(-1)
	if l.holdSecond.Load() {
		<-ctx.Done()
	}
	return []anySocket{link("second of " + so.User.Name)}, ctx.Err()
}

// heal makes everything work again.
func (l *links) heal() {
	for _, on := range []*atomic.Bool{&l.hang, &l.deaf, &l.fail, &l.holdSecond} {
		on.Store(false)
	}
}

// stations are where a chain can be when something else is wanted; each leaves the
// login in flight.
var stations = []struct {
	name    string
	arrange func(l *links)
	state   transitions.SessionState
}{
	{"while the first group opens", func(l *links) {
		l.script(connectortest.HoldUpgrades(1))
	}, transitions.SessionSocketOpening},
	{"while a group is made", func(l *links) { l.hang.Store(true) }, transitions.SessionChaining},
	{"while a group is made by one who does not listen", func(l *links) { l.deaf.Store(true) }, transitions.SessionChaining},
	{"while a group waits to be made again", func(l *links) { l.fail.Store(true) }, transitions.SessionChainWaiting},
	{"while the second group opens", func(l *links) { l.behind = append(l.behind, connectortest.HoldUpgrades(1)) }, transitions.SessionSocketOpening},
	{"while the second group is authorised", func(l *links) { l.behind = append(l.behind, connectortest.HoldAuth(1)) }, transitions.SessionSocketOpening},
	{"while the second group subscribes", func(l *links) { l.behind = append(l.behind, connectortest.HoldSubscriptions(1)) }, transitions.SessionSocketOpening},
	{"while the second group waits", func(l *links) {
		l.behind = append(l.behind, connectortest.RefuseUpgrades(1, 503).RetryAfter(time.Hour))
	}, transitions.SessionSocketOpening},
	{"while the third group is made", func(l *links) { l.holdSecond.Store(true) }, transitions.SessionChaining},
}

// at brings a chain to a station, and returns the login in flight.
func (l *links) at(arrange func(*links), state transitions.SessionState, login func() <-chan error) <-chan error {
	l.t.Helper()
	arrange(l)
	done := login()
	time.Sleep(10 * time.Millisecond) // virtual: less than any backoff
	synctest.Wait()
	if got := l.session.Status().Session; got != state {
		l.t.Fatalf("got %v, want %v\n%s", got, state, l.history())
	}
	return done
}

func TestChainLeave(t *testing.T) {
	for _, leave := range leaves {
		for _, station := range stations {
			bubbles(t, "K1 K8 S6 "+leave.name+" "+station.name, func(t *testing.T, engine change) {
				l := newLinks(t, engine)
				defer l.end()
				login := l.at(station.arrange, station.state, l.begin)
				start := time.Now()
				if err := leave.do(l.session, context.Background()); err != nil || time.Since(start) > 10*time.Second {
					t.Errorf("got %v after %v, want an end within 10s", err, time.Since(start))
				}
				synctest.Wait()
				if len(login) == 0 {
					t.Error("the login in flight: got nothing, want logged out")
				} else if err := ended(login); !errors.Is(err, connector.ErrLoggedOut) {
					t.Errorf("the login in flight: got %v, want logged out", err)
				}
				if synctest.Wait(); l.running.Load() != 0 && !l.deaf.Load() {
					t.Errorf("got %d groups still being made", l.running.Load())
				}
				if got := l.running.Load(); got != 0 && !l.deaf.Load() {
					t.Errorf("got %d groups still being made", got)
				}
				wantGone(l.world)
				before := l.backend.Counts()
				time.Sleep(2 * time.Hour)
				after := l.backend.Counts()
				before.OpenSockets, after.OpenSockets = 0, 0
				if before != after || l.asked.Load() > 1 {
					t.Errorf("got %+v, asked %d times two hours later, was %+v", after, l.asked.Load(), before)
				}
				l.wantSockets("two hours later", closed)
				l.heal()
				l.login()
				l.wantSockets("logged in again", subscribed, subscribed, subscribed)
			})
		}
	}
}

func TestChainLoginAs(t *testing.T) {
	for _, station := range stations {
		bubbles(t, "K1 S5 LoginAs "+station.name+" computes the chain anew", func(t *testing.T, engine change) {
			l := newLinks(t, engine)
			defer l.end()
			l.at(station.arrange, station.state, func() <-chan error { l.loginOnly(); return nil })
			l.heal()
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			if err := l.session.LoginAs(ctx, bobID); err != nil {
				t.Fatalf("login as bob: %v\n%s", err, l.history())
			}
			l.wantOf("bob", "ann")
			if err := l.session.Logout(context.Background()); err != nil {
				t.Errorf("logout: %v", err)
			}
			l.wantReady("back")
			l.wantOf("ann", "bob")
			time.Sleep(2 * time.Hour) // whoever did not listen has ended
			l.wantOf("ann", "bob")
			if got := l.backend.Counts().OpenSockets; got != 3 {
				t.Errorf("got %d sockets open at the backend, want 3", got)
			}
		})
	}

	bubbles(t, "K1 S5 S7 a computed socket ends with its user, and its requests with it", func(t *testing.T, engine change) {
		l := newLinks(t, engine)
		defer l.end()
		l.login()
		l.wantOf("ann", "bob")
		for _, to := range []struct {
			user, before string
			do           func() error
		}{
			{"bob", "ann", func() error { return l.session.LoginAs(context.Background(), bobID) }},
			{"ann", "bob", func() error { return l.session.Logout(context.Background()) }},
		} {
			old, err := connector.On[request, response](l.session, "first of "+to.before)
			if err != nil {
				t.Fatal(err)
			}
			l.script(connectortest.HoldRequests(1))
			sent := begun(func(ctx context.Context) error {
				_, err := old.Request(ctx, request{Echo: &echo{"held"}})
				return err
			})
			if err := to.do(); err != nil {
				t.Errorf("to %s: %v", to.user, err)
			}
			if err := ended(sent); !errors.Is(err, connector.ErrSocketClosed) {
				t.Errorf("to %s: got %v for a request on the wire, want closed", to.user, err)
			}
			l.wantReady("as " + to.user)
			if _, err := old.Request(context.Background(), request{Echo: &echo{"hi"}}); !errors.Is(err, connector.ErrSocketClosed) {
				t.Errorf("as %s: got %v by the old handle, want closed", to.user, err)
			}
			if err := old.Open(); !errors.Is(err, connector.ErrSocketClosed) {
				t.Errorf("as %s: got %v when the old handle is opened, want closed", to.user, err)
			}
			if err := old.Close(context.Background()); err != nil || old.Status().State != transitions.SocketRemoved {
				t.Errorf("as %s: got %v, %v from the old handle, want removed", to.user, err, old.Status().State)
			}
			l.wantOf(to.user, to.before)
		}
	})

	bubbles(t, "K1 S5 a login as another that fails leaves the chain as it is", func(t *testing.T, engine change) {
		l := newLinks(t, engine)
		defer l.end()
		l.login()
		l.soFar()
		l.script(connectortest.RefuseLoginAs(1, http.StatusForbidden))
		if err := l.session.LoginAs(context.Background(), bobID); err == nil {
			t.Error("got logged in as bob")
		}
		if got := slices.DeleteFunc(l.soFar(), func(c connector.Change) bool { return c.Machine == transitions.LoginKind }); len(got) != 0 || l.asked.Load() != 1 {
			t.Errorf("got %v, want nothing changed", got)
		}
		l.wantOf("ann", "bob")
	})
}

func TestChainFails(t *testing.T) {
	for _, station := range stations {
		if station.state == transitions.SessionSocketOpening {
			continue
		}
		bubbles(t, "K1 K6 a socket that fails "+station.name+" stops the chain", func(t *testing.T, engine change) {
			l := newLinks(t, engine)
			defer l.end()
			login := l.at(station.arrange, station.state, l.begin)
			l.script(connectortest.CloseSockets(4403, "never"))
			if err := ended(login); !errors.Is(err, connector.ErrSocketFailed) {
				t.Errorf("got %v, want a failed socket", err)
			}
			if synctest.Wait(); l.running.Load() != 0 && !l.deaf.Load() {
				t.Errorf("got %d groups still being made", l.running.Load())
			}
			asked := l.asked.Load()
			time.Sleep(2 * time.Hour)
			if s := l.session.Status(); s.Session != transitions.SessionDegraded || l.asked.Load() != asked {
				t.Errorf("got %v, asked %d times, want degraded and still %d", s.Session, l.asked.Load(), asked)
			}
			l.heal()
			if err := l.session.Open(); err != nil {
				t.Errorf("open: %v", err)
			}
			l.wantReady("opened")
			l.wantOf("ann", "bob")
		})
	}
}

// wantOf checks whose sockets there are.
func (l *links) wantOf(name, before string) {
	l.t.Helper()
	l.wantSockets("as "+name, subscribed, subscribed, subscribed)
	for _, id := range []string{"menu", "first of " + name, "second of " + name} {
		l.wantAnswer("as "+name, id)
	}
	l.wantNone("as "+name, "first of "+before, "second of "+before)
}
