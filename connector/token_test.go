package connector_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

// noSockets leaves a session its HTTP half.
func noSockets(c *connector.Config[credentials, user]) { c.Sockets = nil }

// jwt is an unsigned token with these claims.
func jwt(claims string) authhttp.Secret {
	encode := base64.RawURLEncoding.EncodeToString
	return authhttp.Secret(encode([]byte(`{"alg":"HS256"}`)) + "." + encode([]byte(claims)) + "." + encode([]byte("signature")))
}

func TestRefreshInTime(t *testing.T) {
	engines(t, "T2 a token is refreshed before it ends", connectortest.Config{AccessLife: time.Minute}, func(w *world) {
		w.login()
		time.Sleep(26 * time.Second)
		if got := w.backend.Counts().Refreshes; got != 0 {
			w.t.Errorf("got %d refreshes after 26s, want none yet", got)
		}
		time.Sleep(5 * time.Second)
		if got := w.backend.Counts().Refreshes; got != 1 {
			w.t.Errorf("got %d refreshes after 31s, want 1", got)
		}
		for range 100 { // rotation is honoured, or the backend would end the login
			time.Sleep(31 * time.Second)
			if got := w.me(w.token().Access.Reveal()); got != http.StatusOK {
				w.t.Fatalf("got %d for the token of %v", got, time.Now())
			}
		}
		if got := w.backend.Counts(); got.Upgrades != 1 || got.Logins != 1 {
			w.t.Errorf("got %+v, want one login and one socket", got)
		}
	})

	for _, c := range []struct {
		name     string
		pair     authhttp.Pair
		from, to int
	}{
		{"F23 a life of 1 ms", authhttp.Pair{Access: "a", Refresh: "r", Life: time.Millisecond}, 600, 720},
		{"F23 a life of 0 s by its claims", authhttp.Pair{Access: jwt(`{"iat":1000,"exp":1000}`), Refresh: "r"}, 600, 720},
		{"F23 a life that ended long ago by its claims", authhttp.Pair{Access: jwt(`{"exp":1000}`), Refresh: "r"}, 600, 720},
		{"F23 a negative life", authhttp.Pair{Access: "a", Refresh: "r", Life: -time.Hour}, 600, 720},
		{"T2 an unknown life", authhttp.Pair{Access: "opaque", Refresh: "r"}, 0, 0},
		{"T2 a life of a century", authhttp.Pair{Access: "a", Refresh: "r", Life: 100 * 365 * 24 * time.Hour}, 0, 0},
	} {
		bubbles(t, c.name, func(t *testing.T, engine change) {
			grants, refreshes := granting(c.pair), 0
			grants.refresh = func(context.Context, authhttp.Pair) (authhttp.Pair, error) {
				refreshes++
				return c.pair, nil
			}
			w := newWorld(t, connectortest.Config{}, engine, serving(grants), noSockets)
			defer w.end()
			w.login()
			for range 3600 {
				time.Sleep(time.Second)
				w.token()
			}
			synctest.Wait()
			if refreshes < c.from || refreshes > c.to {
				t.Errorf("got %d refreshes in an hour, want %d to %d", refreshes, c.from, c.to)
			}
			if got := w.token(); got.Access != c.pair.Access {
				t.Errorf("got token %v, want the one granted", got)
			}
		})
	}

	for _, jump := range []time.Duration{24 * time.Hour, -24 * time.Hour} {
		bubbles(t, "F42 the wall clock jumps by "+jump.String(), func(t *testing.T, engine change) {
			var offset atomic.Int64
			w := newWorld(t, connectortest.Config{AccessLife: time.Hour}, engine, func(c *connector.Config[credentials, user]) {
				c.Now = func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }
			})
			defer w.end()
			w.login()
			offset.Store(int64(jump))
			first := w.token()
			want := 0
			if jump > 0 {
				want = 1 // as far as anyone can tell it has ended
			}
			if got := w.backend.Counts().Refreshes; got != want || first.Access == "" {
				t.Errorf("got %d refreshes and token %v after the jump, want %d", got, first, want)
			}
			time.Sleep(50 * time.Minute)
			if got := w.backend.Counts().Refreshes; got != want {
				t.Errorf("got %d refreshes 50 minutes later, want %d", got, want)
			}
			time.Sleep(50 * time.Minute)
			if got := w.backend.Counts().Refreshes - want; got != 1 {
				t.Errorf("got %d refreshes in the next 50 minutes, want 1", got)
			}
			if s := w.session.Status(); !s.Ready {
				t.Errorf("got %+v, want ready", s)
			}
		})
	}

	bubbles(t, "F42 suspended right after a refresh", func(t *testing.T, engine change) {
		var offset atomic.Int64
		w := newWorld(t, connectortest.Config{AccessLife: time.Hour}, engine, noSockets, func(c *connector.Config[credentials, user]) {
			c.Now = func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }
		})
		defer w.end()
		w.login()
		w.until("token", "refreshing")
		w.until("token", "fresh")
		offset.Store(int64(24 * time.Hour))
		w.token() // the floor has not passed yet
		time.Sleep(6 * time.Second)
		w.token()
		if got := w.backend.Counts().Refreshes; got != 2 {
			t.Errorf("got %d refreshes, want another once the floor has passed", got)
		}
	})
}

func TestFreshForSockets(t *testing.T) {
	bubbles(t, "T3 dial and auth each use the token of their moment", func(t *testing.T, engine change) {
		var dialled, authed []authhttp.Token
		w := newWorld(t, connectortest.Config{AccessLife: 20 * time.Second}, engine,
			socket(func(s *connector.SocketConfig[user, request, response]) {
				s.Header = func(k connector.Known[user, response]) http.Header {
					dialled = append(dialled, k.Token)
					return nil
				}
				build := s.Auth.Build
				s.Auth.Build = func(ctx context.Context, k connector.Known[user, response]) (request, error) {
					authed = append(authed, k.Token)
					return build(ctx, k)
				}
			}),
			func(c *connector.Config[credentials, user]) {
				dial := c.DialContext
				c.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
					time.Sleep(12 * time.Second) // longer than a token is fresh
					return dial(ctx, network, address)
				}
			})
		defer w.end()
		w.login()
		time.Sleep(time.Minute)
		w.script(connectortest.DropSockets())
		w.until("session", "subscribed")
		w.until("session", "socketOpening")
		w.until("session", "subscribed")
		if len(dialled) != 2 || len(authed) != 2 {
			t.Fatalf("got %d dials and %d auths, want 2 each", len(dialled), len(authed))
		}
		if dialled[0].Generation >= authed[0].Generation || authed[0].Generation >= dialled[1].Generation || dialled[1].Generation >= authed[1].Generation {
			t.Errorf("got generations %v and %v, want ever newer ones", dialled, authed)
		}
		if got := w.backend.Counts().Auths; got != 2 {
			t.Errorf("got %d auths, want none refused", got)
		}
	})
}

func TestOneRefresh(t *testing.T) {
	engines(t, "T4 many find the token refused: one refresh", connectortest.Config{}, func(w *world) {
		w.login()
		w.script(connectortest.ExpireTokens())
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				answer, err := w.session.HTTP().Get(w.backend.URL() + "/me")
				if err != nil || answer.StatusCode != http.StatusOK {
					w.t.Errorf("got %v, %v, want 200", answer, err)
					return
				}
				_ = answer.Body.Close()
			})
		}
		all.Wait()
		if got := w.backend.Counts().Refreshes; got != 1 {
			w.t.Errorf("got %d refreshes, want 1", got)
		}
	})

	engines(t, "F34 many need a token while its refresh fails: everyone hears, nothing is lost", connectortest.Config{}, func(w *world) {
		w.login()
		old := w.token()
		w.script(connectortest.RefuseRefreshes(1, 503))
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if token, err := w.session.Token(context.Background(), old.Generation); !errors.Is(err, authhttp.ErrNoToken) {
					w.t.Errorf("got %v, %v, want none for now", token, err)
				}
			})
		}
		all.Wait()
		w.until("token", "waiting")
		w.until("token", "fresh")
		if got := w.token(); got.Generation <= old.Generation || w.backend.Counts().Refreshes != 2 {
			w.t.Errorf("got %v, %+v, want a newer token from the second refresh", got, w.backend.Counts())
		}
	})

	engines(t, "T4 a late 401 of an older token", connectortest.Config{}, func(w *world) {
		w.login()
		old := w.token()
		renewed, err := w.session.Token(context.Background(), old.Generation)
		if err != nil || renewed.Generation <= old.Generation || renewed.Access == old.Access {
			w.t.Fatalf("got %v, %v, want a newer token than %v", renewed, err, old)
		}
		for _, wait := range []time.Duration{0, 10 * time.Second} {
			time.Sleep(wait)
			if got, err := w.session.Token(context.Background(), old.Generation); got != renewed || err != nil {
				w.t.Errorf("got %v, %v, want the newer token", got, err)
			}
		}
		if got := w.backend.Counts().Refreshes; got != 1 {
			w.t.Errorf("got %d refreshes, want 1", got)
		}
	})

	engines(t, "T2 no forced refresh before the floor", connectortest.Config{}, func(w *world) {
		w.login()
		renewed, err := w.session.Token(context.Background(), w.token().Generation)
		if err != nil {
			w.t.Fatal(err)
		}
		if got, err := w.session.Token(context.Background(), renewed.Generation); !errors.Is(err, authhttp.ErrNoToken) {
			w.t.Errorf("got %v, %v right after a refresh, want none for now", got, err)
		}
		time.Sleep(6 * time.Second)
		if got, err := w.session.Token(context.Background(), renewed.Generation); err != nil || got.Generation <= renewed.Generation {
			w.t.Errorf("got %v, %v after the floor, want a newer token", got, err)
		}
	})
}

func TestRefreshOutcomes(t *testing.T) {
	bubbles(t, "F35 the same, still valid token back is success", func(t *testing.T, engine change) {
		same := &service{refresh: func(_ context.Context, pair authhttp.Pair) (authhttp.Pair, error) { return pair, nil }}
		w := newWorld(t, connectortest.Config{AccessLife: time.Hour}, engine, serving(same), socket(func(s *connector.SocketConfig[user, request, response]) {}))
		defer w.end()
		w.login()
		old := w.token()
		if got, err := w.session.Token(context.Background(), old.Generation); err != nil || got.Access != old.Access || got.Generation <= old.Generation {
			t.Errorf("got %v, %v, want the same token as a newer one", got, err)
		}
		if s := w.session.Status(); !s.Ready {
			t.Errorf("got %+v, want ready", s)
		}
	})

	engines(t, "F12 a refresh that finds no verdict keeps the session", connectortest.Config{}, func(w *world) {
		w.login()
		w.script(connectortest.RefuseRefreshes(5, 500))
		w.until("token", "waiting")
		for range 5 {
			if s := w.session.Status(); !s.Ready {
				w.t.Fatalf("got %+v, want ready", s)
			}
			if got, err := w.echo("still here"); got != "still here" {
				w.t.Errorf("got %q, %v", got, err)
			}
			time.Sleep(time.Second)
		}
		w.until("token", "fresh")
		if got := w.backend.Counts().Refreshes; got != 6 {
			w.t.Errorf("got %d refreshes, want 5 refused and one good", got)
		}
	})

	engines(t, "F12 without a network for ten minutes", connectortest.Config{}, func(w *world) {
		w.login()
		w.network.Refuse(true)
		w.network.Drop()
		time.Sleep(10 * time.Minute)
		if s := w.session.Status(); !s.LoggedIn {
			w.t.Errorf("got %+v, want logged in", s)
		}
		w.network.Refuse(false)
		time.Sleep(time.Minute)
		if s := w.session.Status(); !s.Ready || w.backend.Counts().Logins != 1 {
			w.t.Errorf("got %+v, want ready without another login", s)
		}
	})

	engines(t, "T5 a refresh retry whose backoff stops keeps the session", connectortest.Config{AccessLife: 10 * time.Minute}, func(w *world) {
		w.login()
		w.script(connectortest.RefuseRefreshes(4, 503))
		w.until("token", "stale")
		if s := w.session.Status(); !s.Ready {
			w.t.Errorf("got %+v, want ready", s)
		}
		if got := w.token(); got.Access == "" {
			w.t.Error("the next need does not refresh")
		}
	}, threeRetries)

	engines(t, "T5 a rejected refresh ends the session and says why", connectortest.Config{}, func(w *world) {
		w.login()
		w.script(connectortest.RevokeAll())
		c := w.until("session", "closing")
		if c.Event != "tokenExpired" || !strings.Contains(c.Reason, "rejected") {
			w.t.Errorf("got %+v, want tokenExpired, rejected", c)
		}
		w.until("session", "loggedOut")
		wantGone(w)
		if got := w.backend.Counts(); got.Logouts != 0 || got.Refreshes != 1 {
			w.t.Errorf("got %+v, want no request with dead tokens", got)
		}
		w.login()
	})

	engines(t, "T5 a token that cannot be refreshed ends with the next need", connectortest.Config{}, func(w *world) {
		w.login()
		w.until("token", "stale")
		if got := w.token(); got.Access != "" {
			w.t.Errorf("got %v, want none", got)
		}
		w.until("session", "loggedOut")
	}, serving(granting(authhttp.Pair{Access: "a", Life: time.Minute})), noSockets)

	engines(t, "F36 a hung refresh wedges nothing", connectortest.Config{}, func(w *world) {
		w.login()
		w.script(connectortest.HoldRefreshes(1))
		w.until("token", "refreshing")
		if got, err := w.echo("meanwhile"); got != "meanwhile" {
			w.t.Errorf("got %q, %v", got, err)
		}
		start := time.Now()
		token, err := w.session.Token(context.Background(), 0)
		if !errors.Is(err, authhttp.ErrNoToken) || time.Since(start) > 15*time.Second {
			w.t.Errorf("got %v, %v after %v, want none by RefreshTimeout", token, err, time.Since(start))
		}
		w.until("token", "fresh")
		if got := w.backend.Counts().Refreshes; got != 2 {
			w.t.Errorf("got %d refreshes, want 2", got)
		}
	})

	engines(t, "F36 a caller does not wait for a hung refresh longer than its context", connectortest.Config{}, func(w *world) {
		w.login()
		w.script(connectortest.HoldRefreshes(1))
		w.until("token", "refreshing")
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		start := time.Now()
		if _, err := w.session.Token(ctx, 0); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			w.t.Errorf("got %v after %v, want the deadline after 1s", err, time.Since(start))
		}
	})
}
