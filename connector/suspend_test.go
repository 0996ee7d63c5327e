package connector_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
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

func TestSameToken(t *testing.T) {
	fixed := connectortest.Config{AccessLife: time.Hour, FixedRefresh: true}
	sameAgain := func(w *world, n int) authhttp.Token {
		w.t.Helper()
		old := w.token()
		body := fmt.Sprintf(`{"access_token":%q,"expires_in":3600}`, old.Access.Reveal())
		w.script(connectortest.AnswerRefreshes(n, 200, "application/json", body))
		return old
	}
	engines(t, "F35 a forced refresh that brings the same token is success", fixed, func(w *world) {
		w.login()
		old := sameAgain(w, 1)
		got, err := w.session.Token(context.Background(), old.Generation)
		if err != nil || got.Access != old.Access || got.Generation <= old.Generation {
			w.t.Errorf("got %v, %v, want the same token as a newer one", got, err)
		}
		w.wantBack(1)
		if got := w.backend.Counts(); got.Refreshes != 1 || got.Upgrades != 1 {
			w.t.Errorf("got %+v, want one refresh and the socket left alone", got)
		}
	})
	engines(t, "F35 refreshes in time that bring the same token do not end the session", fixed, func(w *world) {
		w.login()
		sameAgain(w, 1)
		w.until("token", "refreshing")
		w.until("token", "fresh")
		w.wantBack(1)
		time.Sleep(59 * time.Minute) // the next one brings another, with the old refresh token
		w.wantBack(1)
		if got := w.backend.Counts(); got.Refreshes != 2 || got.Logins != 1 {
			w.t.Errorf("got %+v, want two refreshes", got)
		}
	})
	engines(t, "F35 a 401 and the same token back: one retry, and the 401 is the caller's", fixed, func(w *world) {
		w.login()
		sameAgain(w, 1000)
		w.script(connectortest.ExpireTokens())
		client := w.session.HTTP()
		for range 60 {
			if got := postEcho(w, client, context.Background(), "hi"); got != http.StatusUnauthorized {
				w.t.Errorf("got %d, want 401", got)
			}
			time.Sleep(time.Second)
		}
		wantRefreshesAtMost(w, 12)
	})
}

func wantRefreshesAtMost(w *world, most int) {
	w.t.Helper()
	if got := w.backend.Counts().Refreshes; got < 1 || got > most {
		w.t.Errorf("got %d refreshes, want 1 to %d", got, most)
	}
	if s := w.session.Status(); !s.Ready {
		w.t.Errorf("got %+v, want ready", s)
	}
}

// TestDeafRefresh has a service whose refresh never returns, whatever its context.
func TestDeafRefresh(t *testing.T) {
	bubbles(t, "F36 a refresh that never returns wedges nothing", func(t *testing.T, engine change) {
		release := make(chan struct{})
		deaf := &service{refresh: func(context.Context, authhttp.Pair) (authhttp.Pair, error) {
			<-release
			return authhttp.Pair{}, authhttp.ErrUnavailable
		}}
		w := newWorld(t, connectortest.Config{AccessLife: time.Minute}, engine, serving(deaf))
		defer w.end()
		defer close(release)
		w.login()
		w.until("token", "refreshing")
		for range 10 {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			start := time.Now()
			if _, err := w.session.Token(ctx, 0); err == nil || time.Since(start) > time.Second {
				t.Errorf("got %v after %v, want none by its context", err, time.Since(start))
			}
			cancel()
			if got, err := w.echo("meanwhile"); got != "meanwhile" {
				t.Errorf("got %q, %v", got, err)
			}
			if s := w.session.Status(); !s.Ready {
				t.Errorf("got %+v, want ready", s)
			}
			time.Sleep(7 * time.Second)
		}
		if took := w.logout(); took > 15*time.Second {
			t.Errorf("got logged out after %v", took)
		}
		wantGone(w)
		w.login() // and the next user is not held up
	})
}

func TestRefreshAnswers(t *testing.T) {
	// seen is what the token and the session have gone through after the answer.
	type seen struct{ unavailable, refreshed, rejected, expired int }
	for _, c := range []struct {
		name    string
		script  func(w *world) connectortest.Fault
		want    seen
		reason  string        // of the end
		noRetry time.Duration // from the answer
	}{
		{name: "200 the same token", want: seen{refreshed: 1}, script: func(w *world) connectortest.Fault {
			return connectortest.AnswerRefreshes(1, 200, "application/json", fmt.Sprintf(`{"access_token":%q,"expires_in":60}`, w.token().Access.Reveal()))
		}},
		{name: "200 with an empty body", want: seen{unavailable: 1, refreshed: 1}, script: func(*world) connectortest.Fault { return connectortest.AnswerRefreshes(1, 200, "", "") }},
		{name: "200 with an empty object", want: seen{unavailable: 1, refreshed: 1}, script: func(*world) connectortest.Fault {
			return connectortest.AnswerRefreshes(1, 200, "application/json", "{}")
		}},
		{name: "204", want: seen{unavailable: 1, refreshed: 1}, script: func(*world) connectortest.Fault { return connectortest.AnswerRefreshes(1, 204, "", "") }},
		{name: "HTML", want: seen{unavailable: 1, refreshed: 1}, script: func(*world) connectortest.Fault {
			return connectortest.AnswerRefreshes(1, 200, "text/html", "<html>Welcome to the hotel</html>")
		}},
		{name: "500", want: seen{unavailable: 1, refreshed: 1}, script: func(*world) connectortest.Fault { return connectortest.RefuseRefreshes(1, 500) }},
		{name: "404", want: seen{unavailable: 1, refreshed: 1}, script: func(*world) connectortest.Fault { return connectortest.RefuseRefreshes(1, 404) }},
		{name: "429 with Retry-After", want: seen{unavailable: 1, refreshed: 1}, noRetry: 17 * time.Second, script: func(*world) connectortest.Fault {
			return connectortest.RefuseRefreshes(1, 429).RetryAfter(17 * time.Second)
		}},
		{name: "429 with a Retry-After beyond the end of the token", want: seen{unavailable: 1, refreshed: 1}, noRetry: 100 * time.Second, script: func(*world) connectortest.Fault {
			return connectortest.RefuseRefreshes(1, 429).RetryAfter(100 * time.Second)
		}},
		{name: "a cut connection", want: seen{unavailable: 1, refreshed: 1}, script: func(*world) connectortest.Fault { return connectortest.CutRefreshes(1) }},
		{name: "no answer", want: seen{unavailable: 1, refreshed: 1}, script: func(*world) connectortest.Fault { return connectortest.HoldRefreshes(1) }},
		{name: "400", want: seen{rejected: 1, expired: 1}, reason: "rejected", script: func(*world) connectortest.Fault { return connectortest.RefuseRefreshes(1, 400) }},
		{name: "401", want: seen{rejected: 1, expired: 1}, reason: "rejected", script: func(*world) connectortest.Fault { return connectortest.RefuseRefreshes(1, 401) }},
		{name: "403", want: seen{rejected: 1, expired: 1}, reason: "rejected", script: func(*world) connectortest.Fault { return connectortest.RefuseRefreshes(1, 403) }},
	} {
		engines(t, "T5 "+c.name, connectortest.Config{AccessLife: time.Minute}, func(w *world) {
			w.login()
			w.script(c.script(w))
			w.until("token", "refreshing")
			start, retried := time.Now(), time.Duration(0)
			var got seen
			ctx, cancel := context.WithTimeout(context.Background(), 25*time.Second+c.noRetry)
			defer cancel()
			for change := range w.changes.All(ctx) {
				switch change.Event {
				case "unavailable", "refreshTimedOut":
					got.unavailable++
				case "refreshed":
					got.refreshed++
				case "rejected":
					got.rejected++
				case "tokenExpired":
					got.expired++
					if !strings.Contains(change.Reason, c.reason) {
						w.t.Errorf("got reason %q, want one with %q", change.Reason, c.reason)
					}
				case "retryDue":
					retried = time.Since(start)
				}
			}
			if got != c.want {
				w.t.Errorf("got %+v, want %+v", got, c.want)
			}
			if c.noRetry > 0 && (retried < c.noRetry || retried > c.noRetry+5*time.Second) {
				w.t.Errorf("got a retry after %v, want not before %v", retried, c.noRetry)
			}
			s := w.session.Status()
			if stays := c.want.expired == 0; s.Ready != stays || s.LoggedIn != stays {
				w.t.Errorf("got %+v, want logged in and ready: %v", s, stays)
			}
			if counts := w.backend.Counts(); counts.Refreshes != c.want.unavailable+1 || counts.Logins != 1 || counts.Upgrades != 1 {
				w.t.Errorf("got %+v, want %d refreshes, one login and one socket", counts, c.want.unavailable+1)
			}
		})
	}
}
