package connector_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v4"
	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

// spoilt is an error whose text cannot be had.
type spoilt struct{}

func (*spoilt) Error() string { panic("no text") }

// spoiltReader is a source of chance that panics.
type spoiltReader struct{}

func (spoiltReader) Read([]byte) (int, error) { panic("no chance") }

// faulty is a service whose validation fails.
type faulty struct{ err error }

func (f faulty) Validate() error { return f.err }

func (faulty) Login(context.Context, credentials) (authhttp.Grant[user], error) {
	return authhttp.Grant[user]{}, authhttp.ErrRejected
}

func (faulty) Refresh(context.Context, authhttp.Pair) (authhttp.Pair, error) {
	return authhttp.Pair{}, authhttp.ErrRejected
}

func (faulty) Logout(context.Context, authhttp.Pair) error { return nil }

// TestHostileApplication shows that code of the application that panics or gives
// nonsense ends no process, and that the session goes on.
func TestHostileApplication(t *testing.T) {
	failing := func(err error) change {
		first := true
		return func(c *config) {
			inner := c.Auth
			serving(&service{login: func(ctx context.Context, who credentials) (authhttp.Grant[user], error) {
				if first {
					first = false
					return authhttp.Grant[user]{}, err
				}
				return inner.Login(ctx, who)
			}})(c)
		}
	}
	dialling := func(once func() (net.Conn, error)) change {
		first := true
		return func(c *config) {
			dial := c.DialContext
			c.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
				if first {
					first = false
					return once()
				}
				return dial(ctx, network, address)
			}
		}
	}
	for name, edit := range map[string]func() change{
		"X4 a nil error that is none":           func() change { return failing((*authhttp.Error)(nil)) },
		"X4 an error whose text panics":         func() change { return failing(&spoilt{}) },
		"X4 a dialer that panics":               func() change { return dialling(func() (net.Conn, error) { panic("boom") }) },
		"X4 a dialer that gives nothing":        func() change { return dialling(func() (net.Conn, error) { return nil, nil }) },
		"X4 a dialer whose error's text panics": func() change { return dialling(func() (net.Conn, error) { return nil, &spoilt{} }) },
	} {
		bubbles(t, name, func(t *testing.T, engine change) {
			w := newWorld(t, connectortest.Config{}, engine, edit())
			defer w.end()
			w.login()
		})
	}
	bubbles(t, "X4 K6 a backoff that panics gives up", func(t *testing.T, engine change) {
		made := 0
		w := newWorld(t, connectortest.Config{}, engine, func(c *config) {
			c.Backoff = func() backoff.BackOff {
				if made++; made > 1 { // the first is made to validate the config
					panic("boom")
				}
				return &backoff.ZeroBackOff{}
			}
		})
		defer w.end()
		w.script(connectortest.RefuseLogins(1, 503))
		if err := w.session.Login(context.Background(), ann); !errors.Is(err, authhttp.ErrUnavailable) {
			t.Errorf("got %v, want unavailable", err)
		}
	})
	bubbles(t, "S3 a login that times out with its retries spent", func(t *testing.T, engine change) {
		w := newWorld(t, connectortest.Config{}, engine, func(c *config) {
			c.Backoff = func() backoff.BackOff { return &backoff.StopBackOff{} }
		})
		defer w.end()
		w.script(connectortest.HoldLogins(1))
		if err := w.session.Login(context.Background(), ann); !errors.Is(err, authhttp.ErrUnavailable) || err.Error() == "" {
			t.Errorf("got %v, want unavailable", err)
		}
	})
	bubbles(t, "X4 a TLS config that panics", func(t *testing.T, engine change) {
		w := newWorld(t, connectortest.Config{}, engine, func(c *config) {
			c.TLS = &tls.Config{Rand: spoiltReader{}}
			c.Backoff = func() backoff.BackOff { return &backoff.StopBackOff{} }
		}, socket(func(s *socketConfig) { s.URL = "wss" + strings.TrimPrefix(s.URL, "ws") }))
		defer w.end()
		if err := w.session.Login(context.Background(), ann); !errors.Is(err, connector.ErrSocketFailed) {
			t.Errorf("got %v, want a failed socket", err)
		}
	})
	t.Run("X4 a fault keeps its words", func(t *testing.T) {
		c := goodConfig()
		c.Auth = faulty{fmt.Errorf("issuer x: %w", errors.Join(errors.New("a"), errors.New("b")))}
		if _, err := connector.New(c); err == nil || !strings.Contains(err.Error(), "Auth: issuer x: a\nb") {
			t.Errorf("got %v, want the issuer named", err)
		}
	})
	t.Run("X4 a nil socket", func(t *testing.T) {
		c := goodConfig()
		c.Sockets = []connector.AnySocket[user]{(*socketConfig)(nil)}
		if _, err := connector.New(c); err == nil || !strings.Contains(err.Error(), "Sockets[0]: ") {
			t.Errorf("got %v, want a fault of Sockets[0]", err)
		}
	})
	bubbles(t, "K8 a clock that asks the session", func(t *testing.T, engine change) {
		var w *world
		w = newWorld(t, connectortest.Config{}, engine, func(c *config) {
			c.Now = func() time.Time {
				if w != nil {
					_ = w.session.Status()
				}
				return time.Now()
			}
		})
		defer w.end()
		w.login()
	})
	bubbles(t, "S9 a login whose context has ended sends nothing", func(t *testing.T, engine change) {
		w := newWorld(t, connectortest.Config{}, engine)
		defer w.end()
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := w.session.Login(ctx, ann); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want cancelled", err)
		}
		if got := w.backend.Counts().Logins; got != 0 {
			t.Errorf("got %d login requests, want none", got)
		}
	})
}

// TestHostilePeer shows what a peer cannot do.
func TestHostilePeer(t *testing.T) {
	bubbles(t, "R2 a request ends with its context while the peer reads nothing", func(t *testing.T, engine change) {
		stop := make(chan struct{})
		w := peerWorld(t, engine, func(_ int, ws *websocket.Conn) {
			for range 2 { // auth and subscription
				var r request
				if ws.ReadJSON(&r) != nil || ws.WriteJSON(answerTo(r)) != nil {
					return
				}
			}
			<-stop
		})
		defer w.end()
		defer close(stop)
		w.login()
		ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		defer cancel()
		start := time.Now()
		_, err := w.menu.Request(ctx, request{Echo: &echo{strings.Repeat("x", 900<<10)}})
		if took := time.Since(start); took > time.Second || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v after %v, want the context's error at its end", err, took)
		}
	})
	bubbles(t, "S6 a dial that outlives its logout sends nothing", func(t *testing.T, engine change) {
		dialling, release := make(chan struct{}, 1), make(chan struct{})
		w := newWorld(t, connectortest.Config{}, engine, func(c *config) {
			dial := c.DialContext
			c.DialContext = func(_ context.Context, network, address string) (net.Conn, error) {
				conn, err := dial(context.Background(), network, address)
				dialling <- struct{}{}
				<-release
				return conn, err
			}
		})
		defer w.end()
		w.loginOnly()
		<-dialling
		w.logout()
		close(release)
		time.Sleep(time.Minute)
		if got := w.backend.Counts().Upgrades; got != 0 {
			t.Errorf("got %d upgrades after logout, want none", got)
		}
	})
	bubbles(t, "K3 a refused young token waits for a floor longer than the refresh", func(t *testing.T, engine change) {
		w := newWorld(t, connectortest.Config{AccessLife: 10 * time.Minute}, engine, func(c *config) { c.RefreshFloor = time.Minute })
		defer w.end()
		w.login()
		w.until("session", "subscribed")
		for range 2 {
			w.script(connectortest.ExpireTokens(), connectortest.DropSockets())
			w.until("session", "socketOpening")
			w.until("session", "subscribed")
		}
	})
	bubbles(t, "K3 a refused young token waits for the floor, whatever an HTTP request meets meanwhile", func(t *testing.T, engine change) {
		w := newWorld(t, connectortest.Config{AccessLife: 10 * time.Minute}, engine, func(c *config) { c.RefreshFloor = time.Minute })
		defer w.end()
		w.login()
		w.until("session", "subscribed")
		for range 2 {
			w.script(connectortest.ExpireTokens(), connectortest.DropSockets())
			w.until("socket", "tokenPending")
			w.until("socket", "socketAuthenticating")
			w.until("socket", "tokenPending") // the token was refused
			_, _ = w.session.Token(context.Background(), w.token().Generation)
			w.until("session", "subscribed")
		}
	})
	bubbles(t, "T2 a token that cannot be refreshed lives to its end", func(t *testing.T, engine change) {
		for seed := range uint64(10) {
			w := newWorld(t, connectortest.Config{}, engine, serving(granting(authhttp.Pair{Access: "a", Life: time.Hour})), noSockets,
				func(c *config) { c.Seed = seed + 1 })
			w.login()
			time.Sleep(59 * time.Minute)
			if _, err := w.session.Token(context.Background(), 0); err != nil {
				t.Errorf("seed %d: got %v a minute before the end", seed+1, err)
			}
			w.end()
		}
	})
}

// TestJournalOfMany shows that sessions share a journal's writer line by line.
func TestJournalOfMany(t *testing.T) {
	t.Run("D4 X4 sessions do not write at once", func(t *testing.T) {
		var lines bytes.Buffer
		client, err := connector.New(config{Auth: granting(authhttp.Pair{Access: "a"}), Journal: &lines})
		if err != nil {
			t.Fatal(err)
		}
		var sessions sync.WaitGroup
		for range 4 {
			sessions.Go(func() {
				s := client.NewSession()
				for range 20 {
					if err := errors.Join(s.Login(context.Background(), ann), s.Logout(context.Background())); err != nil {
						t.Error(err)
					}
				}
			})
		}
		sessions.Wait()
		for line := range strings.Lines(lines.String()) {
			if !strings.HasPrefix(line, "{") || !strings.HasSuffix(line, "}\n") {
				t.Fatalf("got the line %q", line)
			}
		}
	})
}
