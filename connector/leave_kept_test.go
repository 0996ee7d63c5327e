package connector_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

func TestForget(t *testing.T) {
	bubbles(t, "S6 Forget erases without a word to the server", func(t *testing.T, engine change) {
		store := &authhttp.MemoryStore{}
		w := newWorld(t, longLived, engine, storing(store))
		defer w.end()
		w.login()
		token := w.token()
		if stored(t, store) != token.Access {
			t.Error("got another token stored than ann's")
		}
		if err := w.session.Forget(context.Background()); err != nil {
			t.Errorf("got %v", err)
		}
		wantGone(w)
		if stored(t, store) != "" {
			t.Error("got tokens stored, want none")
		}
		if got := w.backend.Counts(); got.Logouts+got.LogoutsEverywhere != 0 {
			t.Errorf("got %+v, want no logout request", got)
		}
		if got := w.me(token.Access.Reveal()); got != http.StatusOK {
			t.Errorf("got %d, want the server to know nothing of it", got)
		}
	})

	bubbles(t, "S6 Forget as another leads back to the user before", func(t *testing.T, engine change) {
		store := &authhttp.MemoryStore{}
		w := newWorld(t, longLived, engine, storing(store))
		defer w.end()
		w.login()
		w.as(bobID)
		child := w.token()
		if err := w.session.Forget(context.Background()); err != nil {
			t.Errorf("got %v", err)
		}
		w.wantUsers("ann")
		w.wantWorking(annID)
		if got := w.backend.Counts(); got.Logouts != 0 {
			t.Errorf("got %+v, want no logout request", got)
		}
		if w.me(child.Access.Reveal()) != http.StatusOK || stored(t, store) != w.token().Access {
			t.Error("got bob's token revoked or ann's no longer stored")
		}
	})
}

func TestClose(t *testing.T) {
	for _, deep := range []bool{false, true} {
		name := "S6 Close tells nobody and keeps what is stored"
		if deep {
			name = "S6 Close ends all depths"
		}
		bubbles(t, name, func(t *testing.T, engine change) {
			store := &authhttp.MemoryStore{}
			w := newWorld(t, longLived, engine, storing(store), twoSockets)
			defer w.end()
			if err := w.session.Open(); err != nil {
				t.Fatal(err)
			}
			w.login()
			master := w.token().Access
			if deep {
				w.as(bobID, carolID)
			}
			if got := w.backend.Counts().OpenSockets; got != 3 {
				t.Errorf("got %d open sockets, want 3", got)
			}
			if err := w.session.Close(context.Background()); err != nil {
				t.Errorf("got %v", err)
			}
			wantGone(w)
			synctest.Wait()
			for _, s := range w.session.Status().Sockets {
				if s.State != transitions.SocketClosed {
					t.Errorf("socket %s: got %v, want closed", s.ID, s.State)
				}
			}
			if got := w.backend.Counts(); got.Logouts != 0 || got.OpenSockets != 0 {
				t.Errorf("got %+v, want no logout request and no socket", got)
			}
			if stored(t, store) != master {
				t.Error("got another token stored than the master's")
			}
			if err := w.session.Resume(context.Background()); err != nil {
				t.Errorf("resume: %v", err)
			}
			w.wantUsers("ann")
			w.wantWorking(annID)
		})
	}

	engines(t, "S6 Close closes early sockets before anybody logs in", longLived, func(w *world) {
		if err := w.session.Open(); err != nil {
			w.t.Fatal(err)
		}
		synctest.Wait()
		if got := w.backend.Counts(); got.PublicUpgrades != 1 || got.OpenSockets != 1 || got.Upgrades != 0 {
			w.t.Errorf("got %+v, want the early socket open", got)
		}
		w.logout() // which does not
		synctest.Wait()
		if got := w.backend.Counts().OpenSockets; got != 1 {
			w.t.Errorf("got %d open sockets after logout, want 1", got)
		}
		if err := w.session.Close(context.Background()); err != nil {
			w.t.Errorf("got %v", err)
		}
		synctest.Wait()
		if got := w.backend.Counts().OpenSockets; got != 0 {
			w.t.Errorf("got %d open sockets after close, want 0", got)
		}
	}, twoSockets)

	for _, c := range []struct {
		name          string
		first, second func(*session, context.Context) error
		deep, kept    bool
	}{
		{"Close during a Logout", (*session).Logout, (*session).Close, false, false},
		{"Close during a Logout as another", (*session).Logout, (*session).Close, true, true},
		{"Logout during a Close", (*session).Close, (*session).Logout, false, false},
		{"Forget during a Close", (*session).Close, (*session).Forget, false, false},
		{"Logout during a Close as another", (*session).Close, (*session).Logout, true, false},
		{"Close during a Close", (*session).Close, (*session).Close, true, true},
	} {
		bubbles(t, "S6 "+c.name, func(t *testing.T, engine change) {
			s, store := &swamp{}, &authhttp.MemoryStore{}
			w := newWorld(t, longLived, engine, storing(store), s.under)
			defer w.end()
			w.login()
			if c.deep {
				w.as(bobID)
			}
			s.on.Store(true)
			start := time.Now()
			first := begun(func(ctx context.Context) error { return c.first(w.session, ctx) })
			second := begun(func(ctx context.Context) error { return c.second(w.session, ctx) })
			s.on.Store(false)
			if err := errors.Join(<-first, <-second); err != nil || time.Since(start) > 10*time.Second {
				t.Errorf("got %v after %v, want both to end within CloseTimeout", err, time.Since(start))
			}
			wantGone(w)
			synctest.Wait()
			if kept := stored(t, store) != ""; kept != c.kept {
				t.Errorf("got stored: %v, want %v", kept, c.kept)
			}
			if got := w.backend.Counts(); got.Logouts != 0 {
				t.Errorf("got %+v, want the server not told", got)
			}
		})
	}

	engines(t, "S6 Close while the server is told of a Logout", longLived, func(w *world) {
		w.login()
		w.script(connectortest.HoldLogouts(1))
		logout := begun(w.session.Logout)
		start := time.Now()
		if err := w.session.Close(context.Background()); err != nil || time.Since(start) != 0 {
			w.t.Errorf("close: got %v after %v, want at once", err, time.Since(start))
		}
		if err := <-logout; err != nil {
			w.t.Errorf("logout: got %v", err)
		}
		wantGone(w)
	})
}

func TestLeaveSettles(t *testing.T) {
	for _, l := range leaves {
		engines(t, "S6 calls in flight settle: "+l.name, longLived, func(w *world) {
			w.login()
			w.script(connectortest.HoldRequests(1), connectortest.HoldRefreshes(1), connectortest.RefuseMe(1, 401))
			sent := w.submit(context.Background(), "sent")
			status := make(chan int, 1)
			go func() { // waits for a newer token
				answer, err := w.session.HTTP().Get(w.backend.URL() + "/me")
				if err != nil {
					status <- 0
					return
				}
				_ = answer.Body.Close()
				status <- answer.StatusCode
			}()
			synctest.Wait()
			token := begun(func(ctx context.Context) error { _, err := w.session.Token(ctx, 0); return err })
			if s := w.session.Status(); s.Token != transitions.TokenRefreshing || len(token)+len(status) != 0 {
				w.t.Errorf("got %+v, want a refresh that is waited for", s)
			}
			start := time.Now()
			done := begun(func(ctx context.Context) error { return l.do(w.session, ctx) })
			sent.want(w.t, connector.ErrSocketClosed)
			if err := <-token; !errors.Is(err, authhttp.ErrNoToken) {
				w.t.Errorf("token: got %v, want none", err)
			}
			if got := <-status; got != http.StatusUnauthorized {
				w.t.Errorf("HTTP request: got %d, want the 401", got)
			}
			if got := time.Since(start); got != 0 {
				w.t.Errorf("got them settled after %v, want at once", got)
			}
			if err := <-done; err != nil || time.Since(start) > 10*time.Second {
				w.t.Errorf("got %v after %v, want within CloseTimeout", err, time.Since(start))
			}
			wantGone(w)
		})
	}
}
