package connector_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

const eightHours = 8 * time.Hour

// suspend lets time pass of which no timer and no monotonic clock knows; the
// server's tokens have ended meanwhile.
func (w *world) suspend(clock *timeShift) {
	w.t.Helper()
	clock.jump(eightHours)
	w.script(connectortest.ExpireTokens())
}

// wantBack checks that a request and the socket work as a user.
func (w *world) wantBack(id int) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := w.session.Require(ctx, connector.RequireReady); err != nil {
		w.t.Errorf("got %v, want ready", err)
	}
	answer, err := w.session.HTTP().Get(w.backend.URL() + "/me")
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	var got user
	if err := json.NewDecoder(answer.Body).Decode(&got); err != nil || got.ID != id {
		w.t.Errorf("got %d, user %v, %v, want user %d", answer.StatusCode, got, err, id)
	}
	if got, err := w.echo("back"); got != "back" {
		w.t.Errorf("got %q, %v over the socket", got, err)
	}
}

func TestSuspend(t *testing.T) {
	clock := &timeShift{}
	hour := connectortest.Config{AccessLife: time.Hour}

	engines(t, "F42 the first request after a suspend refreshes first", hour, func(w *world) {
		w.login()
		w.suspend(clock)
		w.wantBack(1)
		if got := w.backend.Counts(); got.Refreshes != 1 || got.Mes != 1 || got.Auths != 1 {
			w.t.Errorf("got %+v, want one refresh, one request, and the socket left alone", got)
		}
	}, clock.under)

	engines(t, "F76 a socket that opens after a suspend has a refreshed token", hour, func(w *world) {
		w.login()
		w.suspend(clock)
		w.network.Drop()
		w.until("session", "subscribed")
		w.until("session", "socketOpening")
		w.until("session", "subscribed")
		if got := w.backend.Counts(); got.Refreshes != 1 || got.Auths != 2 {
			w.t.Errorf("got %+v, want one refresh, and no auth with a dead token", got)
		}
		w.wantBack(1)
	}, clock.under)

	engines(t, "F76 a login as another after a suspend asks with a refreshed token", hour, func(w *world) {
		w.login()
		w.suspend(clock)
		if err := w.session.LoginAs(context.Background(), 2); err != nil {
			w.t.Fatalf("got %v", err)
		}
		w.wantBack(2)
		if got := w.backend.Counts(); got.Refreshes != 1 || got.LoginAs != 1 {
			w.t.Errorf("got %+v, want one refresh and one login as another", got)
		}
	}, clock.under)

	engines(t, "F76 a logout after a suspend tells the server with a refreshed token", hour, func(w *world) {
		w.login()
		w.suspend(clock)
		if took := w.logout(); took > 10*time.Second {
			w.t.Errorf("got logged out after %v", took)
		}
		if got := w.backend.Counts(); got.Refreshes != 1 || got.Logouts != 1 {
			w.t.Errorf("got %+v, want one refresh and one logout", got)
		}
	}, clock.under)

	engines(t, "F42 a refresh token that died during a suspend ends the session once", hour, func(w *world) {
		w.login()
		clock.jump(eightHours)
		w.script(connectortest.RevokeAll())
		wantStatuses(w, everyone(w, patient), http.StatusUnauthorized, stampede)
		w.until("session", "loggedOut")
		if got := w.backend.Counts(); got.Refreshes != 1 || got.Logouts != 0 {
			w.t.Errorf("got %+v, want one refresh", got)
		}
	}, crowded, clock.under)
}

func TestSuspendBelowAnother(t *testing.T) {
	clock := &timeShift{}
	hour := connectortest.Config{AccessLife: time.Hour}
	as := func(w *world, ids ...int) {
		w.t.Helper()
		w.login()
		for _, id := range ids {
			if err := w.session.LoginAs(context.Background(), id); err != nil {
				w.t.Fatalf("as %d: %v", id, err)
			}
		}
	}

	engines(t, "F76 a parked token that aged during a suspend is refreshed on return", hour, func(w *world) {
		as(w, 2)
		w.suspend(clock)
		w.logout()
		w.wantBack(1)
		if got := w.backend.Counts(); got.Refreshes != 2 || got.Logouts != 1 || got.Auths != 3 {
			w.t.Errorf("got %+v, want a refresh of either token, one logout, and no auth with a dead token", got)
		}
	}, clock.under)

	engines(t, "F76 two parked tokens that aged during a suspend", hour, func(w *world) {
		as(w, 2, 3)
		w.suspend(clock)
		w.logout()
		w.wantBack(2)
		w.logout()
		w.wantBack(1)
		if got := w.backend.Counts(); got.Refreshes != 3 || got.Logouts != 2 {
			w.t.Errorf("got %+v, want one refresh of each token", got)
		}
	}, clock.under)

	engines(t, "F76 the refresh on return finds no verdict: the session goes on", hour, func(w *world) {
		as(w, 2)
		w.suspend(clock)
		if got := w.token(); got.Access == "" { // the child's is refreshed
			w.t.Error("got no token of the child")
		}
		w.script(connectortest.RefuseRefreshes(2, 503))
		w.logout()
		if got, _ := w.session.User(); got.ID != 1 {
			w.t.Errorf("got user %v, want ann", got)
		}
		w.until("token", "waiting")
		time.Sleep(10 * time.Second)
		w.wantBack(1)
	}, clock.under)

	engines(t, "F76 the refresh on return is rejected: the error says so", hour, func(w *world) {
		as(w, 2)
		clock.jump(eightHours)
		w.script(connectortest.RevokeUser("ann"))
		if err := w.session.Logout(context.Background()); !errors.Is(err, connector.ErrParentExpired) {
			w.t.Errorf("got %v, want that the parent has ended too", err)
		}
		if got := w.session.Users(); len(got) != 0 {
			w.t.Errorf("got users %v", got)
		}
	}, clock.under)
}

// TestSetClock sets the wall clock in ways that a person, or a broken server of
// time, does.
func TestSetClock(t *testing.T) {
	const day = 24 * time.Hour
	for _, kind := range []struct {
		name  string
		under func(*timeShift) change
	}{
		{"with its monotonic half", func(s *timeShift) change { return s.under }},
		{"of the wall alone", func(s *timeShift) change {
			return func(c *connector.Config[credentials, user]) {
				s.under(c)
				now := c.Now
				c.Now = func() time.Time { return now().Round(0) }
			}
		}},
	} {
		for _, c := range []struct {
			name  string
			jumps []time.Duration // every 10 s, again and again
			most  int             // refreshes in an hour of tokens that live an hour
		}{
			{"a day on, once", []time.Duration{day}, 3},
			{"a day back, once", []time.Duration{-day}, 3},
			{"on and back, once", []time.Duration{day, -day}, 3},
			{"back and on, once", []time.Duration{-day, day}, 3},
		} {
			clock := &timeShift{}
			engines(t, "F42 the clock is set "+c.name+", "+kind.name, connectortest.Config{AccessLife: time.Hour}, func(w *world) {
				w.login()
				for _, jump := range c.jumps {
					clock.jump(jump)
					for range 10 {
						time.Sleep(time.Second)
						w.token()
					}
				}
				for range 60 {
					time.Sleep(time.Minute)
					w.wantBack(1)
				}
				if got := w.backend.Counts(); got.Refreshes < 1 || got.Refreshes > c.most || got.Logins != 1 || got.Upgrades != 1 {
					w.t.Errorf("got %+v, want 1 to %d refreshes, one login and one socket", got, c.most)
				}
			}, kind.under(clock))
		}

		clock := &timeShift{}
		engines(t, "F42 a clock that swings costs no more refreshes than the floor allows, "+kind.name, connectortest.Config{AccessLife: time.Hour}, func(w *world) {
			w.login()
			for minute := range 10 {
				before := w.backend.Counts().Refreshes
				for second := range 60 {
					clock.jump([]time.Duration{day, -day}[second%2])
					time.Sleep(time.Second)
					w.wantBack(1)
				}
				if got := w.backend.Counts().Refreshes - before; got > 12 {
					w.t.Fatalf("got %d refreshes in minute %d, want at most 12", got, minute)
				}
			}
			if s := w.session.Status(); !s.Ready {
				w.t.Errorf("got %+v, want ready", s)
			}
		}, kind.under(clock))

		back := &timeShift{}
		engines(t, "F42 a clock set back below another user: the parent's token is refreshed in time, "+kind.name, connectortest.Config{AccessLife: time.Hour}, func(w *world) {
			w.login()
			if err := w.session.LoginAs(context.Background(), 2); err != nil {
				w.t.Fatal(err)
			}
			back.jump(-day)
			w.logout()
			before := w.backend.Counts().Refreshes
			time.Sleep(59 * time.Minute)
			if got := w.backend.Counts().Refreshes - before; got != 1 {
				w.t.Errorf("got %d refreshes in the 59 minutes after the return, want 1", got)
			}
		}, kind.under(back))

		slow := &timeShift{}
		engines(t, "F42 a clock set back while a token is stored: it is refreshed in time, "+kind.name, connectortest.Config{AccessLife: time.Hour}, func(w *world) {
			w.login()
			time.Sleep(59 * time.Minute)
			if got := w.backend.Counts().Refreshes; got != 1 {
				w.t.Errorf("got %d refreshes in 59 minutes, want 1", got)
			}
		}, kind.under(slow), func(c *connector.Config[credentials, user]) {
			c.Store = &savingStore{Store: &authhttp.MemoryStore{}, saving: func() { slow.jump(-day) }}
		})
	}
}

// savingStore tells when something is saved.
type savingStore struct {
	authhttp.Store
	saving func()
}

func (s *savingStore) Save(ctx context.Context, account string, content authhttp.Secret) error {
	s.saving()
	return s.Store.Save(ctx, account, content)
}

func TestShortLives(t *testing.T) {
	for _, c := range []struct {
		name   string
		config connectortest.Config
		script func(w *world)
	}{
		{"F23 a server whose tokens live 1 ms", connectortest.Config{AccessLife: time.Millisecond}, func(*world) {}},
		{"F23 a server whose tokens live 1 ms by their claims", connectortest.Config{AccessLife: time.Millisecond, NoExpiresIn: true}, func(*world) {}},
		{"F23 a server whose refreshed tokens live 0 s", connectortest.Config{}, func(w *world) {
			w.script(connectortest.AnswerRefreshes(10000, 200, "application/json", `{"access_token":"dead","refresh_token":"r","expires_in":0}`))
		}},
		{"F23 a server whose refreshed tokens lived long ago", connectortest.Config{}, func(w *world) {
			body, err := json.Marshal(map[string]string{"access_token": jwt(`{"exp":1000}`).Reveal()})
			if err != nil {
				w.t.Fatal(err)
			}
			w.script(connectortest.AnswerRefreshes(10000, 200, "application/json", string(body)))
		}},
	} {
		engines(t, c.name, c.config, func(w *world) {
			w.login()
			c.script(w)
			client := w.session.HTTP()
			for minute := range 10 {
				before := w.backend.Counts().Refreshes
				for range 60 {
					time.Sleep(time.Second)
					postEcho(w, client, context.Background(), "hi") // whatever the answer is
					if minute == 5 {
						w.script(connectortest.DropSockets()) // sockets want tokens too
					}
				}
				if got := w.backend.Counts().Refreshes - before; got > 12 {
					w.t.Fatalf("got %d refreshes in minute %d, want at most 12", got, minute)
				}
			}
			if s := w.session.Status(); !s.LoggedIn || w.backend.Counts().Refreshes == 0 {
				w.t.Errorf("got %+v and %+v, want logged in, refreshing", s, w.backend.Counts())
			}
		})
	}
}

// firstRefresh is how long after the login a world's token is refreshed.
func firstRefresh(t *testing.T, life time.Duration, changes ...change) (after time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, connectortest.Config{AccessLife: life}, changes...)
		defer w.end()
		w.login()
		start := time.Now()
		w.until("token", "refreshing")
		after = time.Since(start)
	})
	return after
}

func TestJitter(t *testing.T) {
	for _, c := range []struct {
		life     time.Duration
		from, to time.Duration
		distinct int // of 20
	}{
		{10 * time.Minute, 513 * time.Second, 570 * time.Second, 18}, // before StaleGap, by up to a tenth
		{time.Minute, 27 * time.Second, 30 * time.Second, 18},
		{6 * time.Second, 5 * time.Second, 5 * time.Second, 1}, // the floor
		{time.Second, 5 * time.Second, 5 * time.Second, 1},
	} {
		t.Run(fmt.Sprintf("T2 a life of %v", c.life), func(t *testing.T) {
			seen := make(map[time.Duration]bool)
			for seed := range uint64(20) {
				under := func(config *connector.Config[credentials, user]) { config.Seed = seed + 1 }
				got, again := firstRefresh(t, c.life, under), firstRefresh(t, c.life, under)
				if got < c.from || got > c.to {
					t.Errorf("seed %d: got a refresh after %v, want %v to %v", seed, got, c.from, c.to)
				}
				if got != again {
					t.Errorf("seed %d: got %v, then %v, want the same twice", seed, got, again)
				}
				seen[got] = true
			}
			if len(seen) < c.distinct {
				t.Errorf("got %d distinct times of 20 seeds, want at least %d", len(seen), c.distinct)
			}
		})
	}
}
