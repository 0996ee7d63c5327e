package connector_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

type session = connector.Session[credentials, user]

// leaves are the ways to end what there is.
var leaves = []struct {
	name string
	do   func(*session, context.Context) error
}{
	{"Logout", (*session).Logout},
	{"LogoutEverywhere", (*session).LogoutEverywhere},
	{"Forget", (*session).Forget},
	{"Close", (*session).Close},
}

// stage is a world with all that can be made to wait.
type stage struct {
	*world
	swamp swamp
	shut  atomic.Bool // the gate does not open
	slow  atomic.Bool // the store does not load
	as    *heldAnswers
	authhttp.MemoryStore
}

func newStage(t *testing.T, changes ...change) *stage {
	s := &stage{as: holdAnswers("/login-as")}
	s.world = newWorld(t, connectortest.Config{}, append(changes, s.swamp.under, s.as.ofService, storing(s), func(c *config) {
		c.Gate = func(ctx context.Context) error {
			if s.shut.Load() {
				<-ctx.Done()
			}
			return ctx.Err()
		}
	})...)
	return s
}

func (s *stage) Load(ctx context.Context, account string) (authhttp.Secret, error) {
	if s.slow.Load() {
		<-ctx.Done()
	}
	return s.MemoryStore.Load(ctx, account)
}

// heal makes everything work again.
func (s *stage) heal() {
	s.swamp.on.Store(false)
	s.shut.Store(false)
	s.slow.Store(false)
	s.network.Refuse(false)
}

// begun runs a command that the test does not wait for.
func begun(command func(context.Context) error) <-chan error {
	done := make(chan error, 1)
	go func() { done <- command(context.Background()) }()
	synctest.Wait()
	return done
}

// asBob logs in as bob above ann.
func (s *stage) asBob() {
	close(s.as.release)
	s.login()
	s.world.as(bobID)
}

// scenes bring a session into states beside those of moments. A login in flight is
// returned.
var scenes = []struct {
	name    string
	arrange func(s *stage) <-chan error
}{
	{"while gated", func(s *stage) <-chan error {
		s.shut.Store(true)
		return s.begin()
	}},
	{"while the store loads", func(s *stage) <-chan error {
		s.setAside()
		s.slow.Store(true)
		return begun(s.session.Resume)
	}},
	{"while a resume waits for its token", func(s *stage) <-chan error {
		s.setAside()
		time.Sleep(2 * time.Minute)
		s.script(connectortest.HoldRefreshes(1))
		return begun(s.session.Resume)
	}},
	{"during the request of a resume", func(s *stage) <-chan error {
		s.setAside()
		s.script(connectortest.HoldMe(1))
		return begun(s.session.Resume)
	}},
	{"during a login as another", func(s *stage) <-chan error {
		s.login()
		return s.beginAs(bobID)
	}},
	{"during the backoff of a login as another", func(s *stage) <-chan error {
		close(s.as.release)
		s.login()
		s.script(connectortest.RefuseLoginAs(1, 503).RetryAfter(time.Hour))
		return s.beginAs(bobID)
	}},
	{"while a gated login as another", func(s *stage) <-chan error {
		s.login()
		s.shut.Store(true)
		return s.beginAs(bobID)
	}},
	{"while switching", func(s *stage) <-chan error {
		s.login()
		done := s.beginAs(bobID)
		s.swamp.on.Store(true) // nobody answers the close frame
		close(s.as.release)
		s.until("session", "switching")
		return done
	}},
	{"as another", func(s *stage) <-chan error { s.asBob(); return nil }},
	{"as another, degraded", func(s *stage) <-chan error {
		close(s.as.release)
		s.login()
		s.script(connectortest.RejectAuth(2))
		_ = s.session.LoginAs(context.Background(), bobID)
		return nil
	}},
	{"while returning", func(s *stage) <-chan error {
		s.asBob()
		time.Sleep(2 * time.Minute)
		s.until("session", "switching")
		s.script(connectortest.HoldRefreshes(1))
		_ = begun(s.session.Logout)
		s.until("session", "returning")
		return nil
	}},
	{"while closing", func(s *stage) <-chan error {
		s.login()
		s.swamp.on.Store(true)
		_ = begun(s.session.Logout)
		s.until("session", "closing")
		return nil
	}},
	{"while closing as another", func(s *stage) <-chan error {
		s.asBob()
		s.swamp.on.Store(true)
		_ = begun(s.session.Logout)
		s.until("session", "closing")
		return nil
	}},
	{"while revoking", func(s *stage) <-chan error {
		s.login()
		s.script(connectortest.HoldLogouts(1))
		_ = begun(s.session.Logout)
		s.until("session", "revoking")
		return nil
	}},
	{"while shutting", func(s *stage) <-chan error {
		s.asBob()
		s.swamp.on.Store(true)
		_ = begun(s.session.Close)
		s.until("session", "shutting")
		return nil
	}},
}

func TestLeaveFromEveryState(t *testing.T) {
	all := scenes
	for _, m := range moments {
		all = append(all, struct {
			name    string
			arrange func(s *stage) <-chan error
		}{m.name, func(s *stage) <-chan error { return m.arrange(s.world) }})
	}
	for _, network := range []struct {
		name string
		cut  func(s *stage)
	}{
		{"alive", func(*stage) {}},
		{"down", func(s *stage) { s.network.Refuse(true); s.network.Drop() }},
		{"hung", func(s *stage) { s.swamp.on.Store(true) }},
	} {
		for _, l := range leaves {
			for _, scene := range all {
				bubbles(t, "S6 "+l.name+" "+scene.name+", network "+network.name, func(t *testing.T, engine change) {
					s := newStage(t, engine)
					defer s.end()
					defer s.heal()
					login := scene.arrange(s)
					synctest.Wait()
					network.cut(s)
					leaveAndLook(s, login, l.do)
				})
			}
		}
	}
}

// leaveAndLook leaves in time until nobody is logged in, and looks at what is left.
func leaveAndLook(s *stage, login <-chan error, leave func(*session, context.Context) error) {
	s.t.Helper()
	request := s.submit(context.Background(), "meanwhile")
	token := begun(func(ctx context.Context) error { _, err := s.session.Token(ctx, 0); return err })
	start := time.Now()
	for range 3 {
		began := time.Now()
		if err := leave(s.session, context.Background()); err != nil && !errors.Is(err, connector.ErrParentExpired) && !errors.Is(err, connector.ErrNotEverywhere) {
			s.t.Errorf("got %v", err)
		}
		if took := time.Since(began); took > 10*time.Second {
			s.t.Errorf("got an end after %v, want within CloseTimeout", took)
		}
		synctest.Wait()
		if login != nil {
			select {
			case err := <-login:
				if !errors.Is(err, connector.ErrLoggedOut) {
					s.t.Errorf("the command in flight: got %v, want logged out", err)
				}
			default:
				s.t.Error("the command in flight: got nothing, want logged out")
			}
			login = nil
		}
		if _, ok := s.session.User(); !ok {
			break
		}
	}
	wantGone(s.world)
	if len(request.done) == 0 || len(token) == 0 {
		s.t.Errorf("got request settled: %d, token settled: %d after %v; want both", len(request.done), len(token), time.Since(start))
	}
	again := time.Now()
	if err := leave(s.session, context.Background()); err != nil || time.Since(again) != 0 {
		s.t.Errorf("got %v after %v for one more, want nothing to do", err, time.Since(again))
	}
	synctest.Wait()
	before := s.backend.Counts()
	time.Sleep(time.Hour)
	after := s.backend.Counts()
	before.OpenSockets, after.OpenSockets = 0, 0
	if before != after {
		s.t.Errorf("got %+v an hour later, was %+v", after, before)
	}
	s.heal()
	s.login() // and everything works again
}

func TestLeaveAtOnce(t *testing.T) {
	for _, l := range leaves {
		engines(t, "F8 without sockets "+l.name+" ends at once", longLived, func(w *world) {
			w.login()
			w.as(bobID, carolID)
			for range 3 {
				start := time.Now()
				if err := l.do(w.session, context.Background()); err != nil || time.Since(start) != 0 {
					w.t.Errorf("got %v after %v, want at once", err, time.Since(start))
				}
			}
			if s := w.session.Status(); s.LoggedIn || s.LoggingOut || s.Closing || s.Depth != 0 {
				w.t.Errorf("got %+v, want logged out", s)
			}
		}, noSockets)

		for _, deep := range []bool{false, true} {
			name := "S6 ten at once are one: " + l.name
			if deep {
				name += " as another"
			}
			engines(t, name, longLived, func(w *world) {
				defer w.unwind()
				w.login()
				if deep {
					w.as(bobID)
				}
				w.until("session", "subscribed")
				w.script(connectortest.HoldLogouts(1)) // so that they meet
				var all sync.WaitGroup
				for range 10 {
					all.Go(func() {
						if err := l.do(w.session, context.Background()); err != nil {
							w.t.Errorf("got %v", err)
						}
					})
				}
				all.Wait()
				got, requests := w.backend.Counts(), 1
				if l.name == "Forget" || l.name == "Close" {
					requests = 0
				}
				if got.Logouts+got.LogoutsEverywhere != requests {
					w.t.Errorf("got %+v, want %d requests", got, requests)
				}
				if _, ok := w.session.User(); ok != (deep && l.name == "Logout" || deep && l.name == "LogoutEverywhere") && l.name != "Forget" {
					w.t.Errorf("got a user: %v", ok)
				}
			})
		}
	}
}
