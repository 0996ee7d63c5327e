package connector_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

// wantParentExpired logs out and checks that the session below had ended too.
func (w *world) wantParentExpired() {
	w.t.Helper()
	start := time.Now()
	if err := w.session.Logout(context.Background()); !errors.Is(err, connector.ErrParentExpired) {
		w.t.Errorf("logout: got %v, want that the user before has expired", err)
	}
	if got := time.Since(start); got > 10*time.Second {
		w.t.Errorf("got logged out after %v, want within CloseTimeout", got)
	}
}

// slowDrop is a store that takes its time to drop.
type slowDrop struct{ authhttp.MemoryStore }

func (s *slowDrop) Drop(ctx context.Context, account string) error {
	time.Sleep(time.Second)
	return s.MemoryStore.Drop(ctx, account)
}

func TestReturn(t *testing.T) {
	engines(t, "S7 the token of one is revoked, the user before is back", longLived, func(w *world) {
		w.login()
		parent := w.token()
		w.as(bobID)
		child := w.token()
		w.logout()
		w.wantUsers("ann")
		if got := w.me(child.Access.Reveal()); got != http.StatusUnauthorized {
			w.t.Errorf("got %d for the token of who has left, want 401", got)
		}
		if got := w.token(); got.Access != parent.Access || got.Generation <= child.Generation {
			w.t.Errorf("got token %d, want that of before under a generation above %d", got.Generation, child.Generation)
		}
		w.wantWorking(annID)
		if got := w.backend.Counts(); got.Logouts != 1 || got.Refreshes != 0 || got.Upgrades != 3 || got.OpenSockets != 1 || got.Logins != 1 {
			w.t.Errorf("got %+v, want one logout and no refresh", got)
		}
		newer, err := w.session.Token(context.Background(), w.token().Generation)
		if err != nil || newer.Access == parent.Access {
			w.t.Errorf("got %v, want the refresh token of before to work", err)
		}
		w.wantWorking(annID)
	})

	engines(t, "F7 sockets reopen, and close first", longLived, func(w *world) {
		w.login()
		w.as(bobID)
		w.until("session", "subscribed")
		w.until("session", "subscribed")
		start := time.Now()
		w.logout()
		if s := w.session.Status(); !s.LoggedIn || !s.Opening && !s.Ready || time.Since(start) != 0 {
			w.t.Errorf("got %+v after %v, want sockets opening at once", s, time.Since(start))
		}
		w.wantWorking(annID)
		seen := w.states("session")
		want := []string{"closing", "revoking", "returning", "socketOpening", "socketAuthed", "subscribed"}
		if !slices.Equal(seen, want) {
			w.t.Errorf("got %v, want %v", seen, want)
		}
	})

	engines(t, "S7 a stale token is refreshed before sockets open", connectortest.Config{}, func(w *world) {
		w.login()
		w.as(bobID)
		time.Sleep(2 * time.Minute)
		before := w.backend.Counts()
		w.logout()
		w.wantWorking(annID)
		after := w.backend.Counts()
		if after.Refreshes != before.Refreshes+1 || after.Auths != before.Auths+1 || after.Upgrades != before.Upgrades+1 {
			w.t.Errorf("got %+v, was %+v: want one refresh and one socket", after, before)
		}
		w.wantUsers("ann")
		time.Sleep(5 * time.Minute) // and it is refreshed by itself again
		w.wantWorking(annID)
	})

	engines(t, "T5 the token of the other user is refreshed by itself", connectortest.Config{}, func(w *world) {
		defer w.unwind()
		w.login()
		w.as(bobID)
		before := w.backend.Counts().Refreshes
		time.Sleep(5 * time.Minute)
		w.wantWorking(bobID)
		if got := w.backend.Counts().Refreshes - before; got < 8 || got > 14 {
			w.t.Errorf("got %d refreshes of a token of 60s in 5 minutes, want one each 27s to 30s", got)
		}
	})

	bubbles(t, "S7 the user before has expired meanwhile", func(t *testing.T, engine change) {
		store := &authhttp.MemoryStore{}
		w := newWorld(t, connectortest.Config{}, engine, storing(store))
		defer w.end()
		w.login()
		w.as(bobID)
		w.script(connectortest.RevokeUser("ann"))
		time.Sleep(2 * time.Minute)
		w.wantWorking(bobID)
		if stored(t, store) == "" {
			t.Error("got nothing stored, want the master's tokens")
		}
		w.wantParentExpired()
		wantGone(w)
		if got := stored(t, store); got != "" {
			t.Error("got tokens stored, want none")
		}
		w.changes.Close()
		reason := ""
		for c := range w.changes.All(context.Background()) {
			if c.Machine == transitions.SessionKind && c.Event == "tokenExpired" {
				reason = c.From + " " + c.To + " " + c.Reason
			}
		}
		if !strings.HasPrefix(reason, "returning revoking ") || !strings.Contains(reason, "rejected") {
			t.Errorf("got the reason %q, want that the refresh was rejected", reason)
		}
	})

	bubbles(t, "S7 the user before has expired meanwhile, and the store is slow", func(t *testing.T, engine change) {
		store := &slowDrop{}
		w := newWorld(t, connectortest.Config{}, engine, storing(store))
		defer w.end()
		w.login()
		w.as(bobID)
		w.script(connectortest.RevokeUser("ann"))
		time.Sleep(2 * time.Minute)
		w.wantParentExpired()
		wantGone(w)
		if got := stored(t, store); got != "" {
			t.Error("got tokens stored, want none")
		}
	})

	engines(t, "S7 the user before has expired, which only the server knows", longLived, func(w *world) {
		w.login()
		w.as(bobID)
		w.script(connectortest.RevokeUser("ann"))
		w.logout() // the token looks fresh
		w.until("session", "returning")
		if c := w.until("session", "loggedOut"); c.From == "" {
			w.t.Errorf("got %+v", c)
		}
		synctest.Wait()
		wantGone(w)
	})

	engines(t, "S7 three deep and back step by step", longLived, func(w *world) {
		w.login()
		w.as(bobID, annID, carolID)
		w.wantUsers("ann", "bob", "ann", "carol")
		for _, names := range [][]string{{"ann", "bob", "ann"}, {"ann", "bob"}, {"ann"}} {
			w.logout()
			w.wantUsers(names...)
			w.wantWorking(map[string]int{"ann": annID, "bob": bobID}[names[len(names)-1]])
		}
		w.logout()
		wantGone(w)
		synctest.Wait() // until the server has seen the close
		if got := w.backend.Counts(); got.Logouts != 4 || got.Refreshes != 0 || got.OpenSockets != 0 {
			w.t.Errorf("got %+v, want four logouts", got)
		}
	})

	engines(t, "S7 one in the middle has expired", connectortest.Config{}, func(w *world) {
		w.login()
		w.as(bobID, carolID)
		w.script(connectortest.RevokeUser("bob"))
		time.Sleep(2 * time.Minute)
		w.wantParentExpired()
		w.wantUsers("ann")
		w.wantWorking(annID)
	})

	engines(t, "S7 all below have expired", connectortest.Config{}, func(w *world) {
		w.login()
		w.as(bobID, carolID)
		w.script(connectortest.RevokeUser("bob"), connectortest.RevokeUser("ann"))
		time.Sleep(2 * time.Minute)
		w.wantParentExpired()
		synctest.Wait()
		time.Sleep(time.Minute)
		wantGone(w)
	})

	engines(t, "T5 the token of the other user ends, and the user before is back", connectortest.Config{}, func(w *world) {
		w.login()
		w.as(bobID)
		w.script(connectortest.RevokeUser("bob"))
		w.until("session", "switching")
		c := w.until("session", "closing")
		if c.Event != "tokenExpired" || !strings.Contains(c.Reason, "rejected") {
			w.t.Errorf("got %+v, want that the refresh was rejected", c)
		}
		w.until("session", "returning")
		w.until("session", "subscribed")
		w.wantUsers("ann")
		w.wantWorking(annID)
		if got := w.backend.Counts().Logouts; got != 0 {
			w.t.Errorf("got %d logout requests with a token that has ended, want none", got)
		}
	})

	engines(t, "S7 two logouts at once are one", longLived, func(w *world) {
		defer w.unwind()
		w.login()
		w.as(bobID, carolID)
		w.script(connectortest.HoldLogouts(1)) // so that both meet
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() {
				if err := w.session.Logout(context.Background()); err != nil {
					w.t.Errorf("logout: %v", err)
				}
			})
		}
		both.Wait()
		w.wantUsers("ann", "bob")
		if got := w.backend.Counts().Logouts; got != 1 {
			w.t.Errorf("got %d logout requests, want 1", got)
		}
	})
}

func TestReturnOnBadNetwork(t *testing.T) {
	for _, network := range []struct {
		name      string
		cut, heal func(w *world, s *swamp)
	}{
		{"down", func(w *world, _ *swamp) { w.network.Refuse(true); w.network.Drop() }, func(w *world, _ *swamp) { w.network.Refuse(false) }},
		{"hung", func(_ *world, s *swamp) { s.on.Store(true) }, func(_ *world, s *swamp) { s.on.Store(false) }},
	} {
		for _, stale := range []bool{false, true} {
			name := "S7 back to a fresh token, network " + network.name
			if stale {
				name = "S7 back to a stale token, network " + network.name
			}
			bubbles(t, name, func(t *testing.T, engine change) {
				s := &swamp{}
				w := newWorld(t, connectortest.Config{AccessLife: 10 * time.Minute}, engine, s.under)
				defer w.end()
				w.login()
				w.as(bobID)
				if stale {
					time.Sleep(15 * time.Minute)
				}
				network.cut(w, s)
				if took := w.logout(); took > 10*time.Second {
					t.Errorf("got back after %v, want within CloseTimeout", took)
				}
				w.wantUsers("ann")
				time.Sleep(3 * time.Minute)
				w.wantUsers("ann")
				if w.session.Status().Ready {
					t.Error("got ready without a network")
				}
				network.heal(w, s)
				w.wantWorking(annID)
			})
		}
	}
}
