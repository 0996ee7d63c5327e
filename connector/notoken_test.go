package connector_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

// listener is an application's Config.NoToken that notes what it is told.
type listener struct {
	mu    sync.Mutex
	heard []connector.NoToken
}

func (l *listener) listening(c *config) {
	l.heard = nil
	c.NoToken = l.hear
}

func (l *listener) hear(n connector.NoToken) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heard = append(l.heard, n)
}

// take returns what was heard, once all is at rest.
func (l *listener) take() []connector.NoToken {
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	heard := l.heard
	l.heard = nil
	return heard
}

// want checks what was heard since it was looked at last.
func (l *listener) want(t *testing.T, causes ...connector.NoTokenCause) {
	t.Helper()
	var got []connector.NoTokenCause
	for _, n := range l.take() {
		if n.Err == nil {
			t.Errorf("got %v without an error", n.Cause)
		}
		got = append(got, n.Cause)
	}
	if !slices.Equal(got, causes) {
		t.Errorf("got the causes %v, want %v", got, causes)
	}
}

// ask makes a request through the session's client and returns its status.
func (w *world) ask(ctx context.Context) int {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.backend.URL()+"/me", nil)
	if err != nil {
		w.t.Error(err)
		return 0
	}
	answer, err := w.session.HTTP().Do(r)
	if err != nil {
		return 0
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
	return answer.StatusCode
}

// occasions make somebody want a token when there is none.
var occasions = []struct {
	cause connector.NoTokenCause
	want  func(w *world, ctx context.Context)
}{
	{connector.CauseRequest, func(w *world, ctx context.Context) { w.ask(ctx) }},
	{connector.CauseResume, func(w *world, ctx context.Context) { _ = w.session.Resume(ctx) }},
	{connector.CauseGuard, func(w *world, ctx context.Context) { _ = w.session.Require(ctx, connector.RequireLogin) }},
	{connector.CauseLoginAs, func(w *world, ctx context.Context) {
		w.loginOnly()
		time.Sleep(2 * time.Minute)
		_ = w.session.LoginAs(ctx, 2)
	}},
}

func TestNoToken(t *testing.T) {
	heard := &listener{}
	fleeting := connectortest.Config{NoRefresh: true}
	for _, o := range occasions {
		vaulted(t, "T8 told of "+o.cause.String()+" once", fleeting, func(w *world, _ *vault) {
			o.want(w, context.Background())
			heard.want(w.t, o.cause)
		}, heard.listening, noSockets)
		vaulted(t, "T8 Quiet, "+o.cause.String(), fleeting, func(w *world, _ *vault) {
			o.want(w, connector.Quiet(context.Background()))
			heard.want(w.t)
		}, heard.listening, noSockets)
		for _, muted := range occasions {
			vaulted(t, "T8 told of "+o.cause.String()+" with "+muted.cause.String()+" muted", fleeting, func(w *world, _ *vault) {
				o.want(w, context.Background())
				if muted.cause == o.cause {
					heard.want(w.t)
				} else {
					heard.want(w.t, o.cause)
				}
			}, heard.listening, noSockets, func(c *config) { c.NoTokenMute = []connector.NoTokenCause{muted.cause} })
		}
	}
	for _, muted := range []bool{false, true} {
		name := map[bool]string{false: "T8 told of a socket once", true: "T8 a socket, muted"}[muted]
		engines(t, name, connectortest.Config{}, func(w *world) {
			w.login()
			w.script(connectortest.RefuseRefreshes(3, 503), connectortest.ExpireTokens(), connectortest.DropSockets())
			w.until("token", "refreshing")
			w.until("session", "subscribed")
			if muted {
				heard.want(w.t)
			} else {
				heard.want(w.t, connector.CauseSocket)
			}
		}, heard.listening, func(c *config) {
			if muted {
				c.NoTokenMute = []connector.NoTokenCause{connector.CauseSocket}
			}
		})
	}
	engines(t, "T8 nobody listens", connectortest.Config{}, func(w *world) {
		if got := w.ask(context.Background()); got != http.StatusUnauthorized {
			w.t.Errorf("got %d, want the server's 401", got)
		}
		_ = w.session.Resume(context.Background())
	})
	engines(t, "T8 a token is there", connectortest.Config{}, func(w *world) {
		w.login()
		for range 10 {
			w.ask(context.Background())
			time.Sleep(time.Minute)
		}
		heard.want(w.t)
	}, heard.listening)
}

func TestNoTokenOnce(t *testing.T) {
	heard := &listener{}
	engines(t, "T8 many requests, one generation", connectortest.Config{}, func(w *world) {
		for range 3 {
			w.login()
			w.script(connectortest.RevokeAll())
			var all sync.WaitGroup
			for range 50 {
				all.Go(func() { w.ask(context.Background()) })
			}
			all.Wait()
			heard.want(w.t, connector.CauseRequest)
			for range 50 {
				all.Go(func() { w.ask(context.Background()) })
			}
			all.Wait()
			heard.want(w.t) // still the same generation
			w.logout()
		}
	}, heard.listening)
	engines(t, "T8 a request that was muted leaves the one time to others", connectortest.Config{}, func(w *world) {
		w.ask(connector.Quiet(context.Background()))
		heard.want(w.t)
		w.ask(context.Background())
		heard.want(w.t, connector.CauseRequest)
	}, heard.listening)
	for _, c := range []struct {
		name   string
		quiet  []bool
		causes []connector.NoTokenCause
	}{
		{"one quiet and one not", []bool{true, false}, []connector.NoTokenCause{connector.CauseRequest}},
		{"one not and one quiet", []bool{false, true}, []connector.NoTokenCause{connector.CauseRequest}},
		{"both quiet", []bool{true, true}, nil},
		{"none quiet", []bool{false, false}, []connector.NoTokenCause{connector.CauseRequest}},
	} {
		engines(t, "T8 callers that share a refresh, "+c.name, connectortest.Config{}, func(w *world) {
			w.login()
			token := w.token()
			w.script(connectortest.HoldRefreshes(1))
			var all sync.WaitGroup
			for _, quiet := range c.quiet {
				ctx := context.Background()
				if quiet {
					ctx = connector.Quiet(ctx)
				}
				all.Go(func() {
					if _, err := w.session.Token(ctx, token.Generation); !errors.Is(err, authhttp.ErrNoToken) {
						w.t.Errorf("got %v, want no token", err)
					}
				})
				synctest.Wait()
			}
			all.Wait()
			heard.want(w.t, c.causes...)
			if got := w.backend.Counts().Refreshes; got != 1 {
				w.t.Errorf("got %d refreshes, want one that both share", got)
			}
		}, heard.listening, noSockets)
	}
}

func TestNoTokenAndLogout(t *testing.T) {
	heard := &listener{}
	for _, token := range []string{"fresh", "waiting"} {
		for _, c := range []struct {
			state string
			fault connectortest.Fault // zero: the network hangs
		}{
			{"closing", connectortest.Fault{}},
			{"revoking", connectortest.HoldLogouts(1)},
		} {
			s := &swamp{}
			engines(t, "T8 requests while "+c.state+", the token was "+token, connectortest.Config{}, func(w *world) {
				w.login()
				if token == "waiting" {
					w.script(connectortest.RefuseRefreshes(1, 503).RetryAfter(time.Hour))
					w.until("token", token)
					heard.take()
				}
				if c.state == "closing" {
					s.on.Store(true)
				} else {
					w.script(c.fault)
				}
				done := make(chan struct{})
				go func() { w.logout(); close(done) }()
				synctest.Wait()
				if got := w.session.Status().Session.String(); got != c.state {
					w.t.Fatalf("got %s, want to ask while %s", got, c.state)
				}
				var all sync.WaitGroup
				for range 10 {
					all.Go(func() { _ = w.token() })
				}
				<-done
				all.Wait()
				heard.want(w.t)
				s.on.Store(false)
			}, heard.listening, s.under)
		}
	}
	engines(t, "T8 who waits for a refresh when the logout begins", connectortest.Config{}, func(w *world) {
		w.login()
		w.script(connectortest.HoldRefreshes(1))
		w.until("token", "refreshing")
		token := w.token
		done := make(chan authhttp.Token, 10)
		for range cap(done) {
			go func() { done <- token() }()
		}
		w.script(connectortest.DropSockets())
		synctest.Wait()
		w.logout()
		for range cap(done) {
			if got := <-done; got.Access != "" {
				w.t.Errorf("got %v, want none", got)
			}
		}
		heard.want(w.t)
	}, heard.listening)
}

func TestNoTokenListener(t *testing.T) {
	bubbles(t, "T8 X4 a listener that panics", func(t *testing.T, engine change) {
		w := newWorld(t, connectortest.Config{}, engine, func(c *config) { c.NoToken = func(connector.NoToken) { panic("boom") } })
		defer w.end()
		errs := w.session.Errors(0)
		if got := w.ask(context.Background()); got != http.StatusUnauthorized {
			t.Errorf("got %d, want the server's 401", got)
		}
		_ = w.session.Resume(context.Background())
		w.login()
		w.logout()
		synctest.Wait()
		wantFaults(t, errs, "panic: boom", "panic: boom")
	})
	bubbles(t, "T8 X4 a listener that blocks", func(t *testing.T, engine change) {
		var calls atomic.Int32
		release := make(chan struct{})
		w := newWorld(t, connectortest.Config{}, engine, func(c *config) {
			c.NoToken = func(connector.NoToken) { calls.Add(1); <-release }
		})
		defer w.end()
		start := time.Now()
		w.ask(context.Background())
		for range 2000 { // more than are kept for it
			_ = w.session.Resume(context.Background())
		}
		w.login()
		if got := w.ask(context.Background()); got != http.StatusOK {
			t.Errorf("got %d, want 200", got)
		}
		w.logout()
		if took := time.Since(start); took > time.Second {
			t.Errorf("got all done after %v, want no wait for the listener", took)
		}
		close(release)
		synctest.Wait()
		if got := calls.Load(); got < 1000 || got > 1100 {
			t.Errorf("got %d calls in the end, want about a thousand kept and the rest left out", got)
		}
	})
	bubbles(t, "T8 K8 a listener that logs in", func(t *testing.T, engine change) {
		var w *world
		done := make(chan error, 1)
		w = newWorld(t, connectortest.Config{}, engine, func(c *config) {
			c.NoToken = func(connector.NoToken) { done <- w.session.Login(context.Background(), ann) }
		})
		defer w.end()
		_ = w.session.Resume(context.Background())
		if err := <-done; err != nil {
			t.Errorf("login: %v", err)
		}
		if s := w.session.Status(); !s.Ready {
			t.Errorf("got %+v, want ready", s)
		}
	})
	bubbles(t, "T8 K8 a listener that logs out", func(t *testing.T, engine change) {
		var w *world
		done := make(chan error, 1)
		w = newWorld(t, connectortest.Config{}, engine, func(c *config) {
			c.NoToken = func(connector.NoToken) { done <- w.session.Logout(context.Background()) }
		})
		defer w.end()
		w.login()
		w.script(connectortest.RevokeAll())
		w.ask(context.Background())
		if err := <-done; err != nil {
			t.Errorf("logout: %v", err)
		}
		wantGone(w)
	})
}
