package connector_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

// detach closes every socket, which must take no longer than it may.
func (w *world) detach(most time.Duration) {
	w.t.Helper()
	start := time.Now()
	if err := w.session.CloseSockets(context.Background()); err != nil || time.Since(start) > most {
		w.t.Errorf("close sockets: got %v after %v, want within %v", err, time.Since(start), most)
	}
	if s := w.session.Status(); s.Session != transitions.SessionDetached || !s.LoggedIn || s.Opening || s.Ready {
		w.t.Errorf("got %+v when CloseSockets has returned, want detached", s)
	}
	for _, s := range w.session.Status().Sockets {
		if s.State != closed {
			w.t.Errorf("got %+v when CloseSockets has returned, want closed", s)
		}
	}
}

// wantDetachedError checks an error of one who has waited for sockets.
func wantDetachedError(t *testing.T, err error) {
	t.Helper()
	var outcome *connector.LoginError
	if !errors.As(err, &outcome) || !outcome.LoggedIn || !errors.Is(err, connector.ErrDetached) {
		t.Errorf("got %v, want logged in, and sockets closed by hand", err)
	}
}

func TestDetach(t *testing.T) {
	get := func(w *world) int {
		w.t.Helper()
		answer, err := w.session.HTTP().Get(w.backend.URL() + "/me")
		if err != nil {
			w.t.Fatal(err)
		}
		_ = answer.Body.Close()
		return answer.StatusCode
	}
	for _, c := range []struct {
		name    string
		sockets int
		change  change
	}{
		{"no socket", 0, noSockets},
		{"one socket", 1, func(*config) {}},
		{"several sockets", 4, chained(declaring("a", "b"), declaring("c"))},
		{"an early one too", 3, twoSockets},
	} {
		engines(t, "K16 F8 CloseSockets with "+c.name, connectortest.Config{AccessLife: 20 * time.Minute}, func(w *world) {
			defer w.close()
			w.login()
			w.wantReady("at first")
			w.detach(0)
			w.detach(0) // nothing to do
			if got := passed(w.soFar(), transitions.SessionKind, ""); !slices.Equal(got[len(got)-2:], []string{"detaching", "detached"}) {
				w.t.Errorf("got states %v", got)
			}
			wantDetachedError(w.t, w.session.Require(context.Background(), connector.RequireReady))
			if err := w.session.Require(context.Background(), connector.RequireLogin); err != nil {
				w.t.Errorf("require a login: %v", err)
			}
			before := w.backend.Counts()
			token := w.token()
			time.Sleep(time.Hour)
			w.session.Wake()
			w.script(connectortest.ExpireTokens())
			if got := get(w); got != http.StatusOK || w.token() == token {
				w.t.Errorf("got %d and token %v, want HTTP and refreshes to go on", got, w.token().Generation)
			}
			if after := w.backend.Counts(); after.Upgrades != before.Upgrades || after.Refreshes == before.Refreshes || w.session.Status().Session != transitions.SessionDetached {
				w.t.Errorf("got %+v, was %+v; want detached, refreshed, and no attempt", after, before)
			}
			if err := w.session.Open(); err != nil {
				w.t.Errorf("open: %v", err)
			}
			w.wantReady("opened")
			for _, s := range w.session.Status().Sockets {
				if s.State != subscribed {
					w.t.Errorf("got %+v, want subscribed", s)
				}
			}
			if got := len(w.session.Status().Sockets); got != c.sockets {
				w.t.Errorf("got %d sockets, want %d", got, c.sockets)
			}
		}, c.change)
	}

	engines(t, "K16 one of several does not answer the close frame", longLived, func(w *world) {
		w.login()
		w.script(connectortest.Mute(1))
		h := w.add("mute")
		w.ofSocket(h, transitions.SocketAuthenticating)
		w.detach(10 * time.Second)
		if got := w.handle("menu").Status(); got.State != closed {
			w.t.Errorf("got %+v", got)
		}
		w.script(connectortest.DropSockets())
	}, chained(declaring("a")))

	engines(t, "K16 two who close all sockets, one who leaves, and none answers", longLived, func(w *world) {
		w.login()
		mud.on.Store(true)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		start := time.Now()
		if err := w.session.CloseSockets(ctx); !errors.Is(err, context.DeadlineExceeded) {
			w.t.Errorf("got %v, want the deadline", err)
		}
		if s := w.session.Status(); s.Session != transitions.SessionDetaching || !s.LoggedIn || s.Ready || s.Opening {
			w.t.Errorf("got %+v, want detaching", s)
		}
		wantDetachedError(w.t, w.session.Require(context.Background(), connector.RequireReady))
		if err := errors.Join(w.session.Open(), w.handle("menu").Open()); !errors.Is(err, connector.ErrBusy) {
			w.t.Errorf("got %v from Open while detaching, want busy", err)
		}
		first, second := begun(w.session.CloseSockets), begun(w.session.CloseSockets)
		if err := errors.Join(ended(first), ended(second)); err != nil || time.Since(start) != 5*time.Second {
			w.t.Errorf("got %v after %v, want both after 5s", err, time.Since(start))
		}
		mud.on.Store(false)
		if err := w.session.Open(); err != nil {
			w.t.Errorf("open: %v", err)
		}
		w.wantReady("opened")
	}, mud.under)

	engines(t, "K16 one socket is opened of those that are detached", longLived, func(w *world) {
		w.login()
		w.detach(0)
		if err := w.handle("b").Open(); err != nil {
			w.t.Errorf("open: %v", err)
		}
		w.wantReady("opened")
		w.wantSockets("opened", closed, closed, subscribed)
		w.detach(0)
		w.add("added")
		w.wantReady("added")
		w.wantSockets("added", closed, closed, closed, subscribed)
	}, chained(declaring("a", "b")))

	engines(t, "K16 CloseSockets is refused to nobody, and while leaving", longLived, func(w *world) {
		if err := w.session.CloseSockets(context.Background()); !errors.Is(err, connector.ErrNotLoggedIn) {
			w.t.Errorf("got %v, want nobody logged in", err)
		}
		w.login()
		mud.on.Store(true)
		defer mud.on.Store(false)
		done := begun(w.session.Logout)
		if err := w.session.CloseSockets(context.Background()); !errors.Is(err, connector.ErrBusy) {
			w.t.Errorf("got %v while leaving, want busy", err)
		}
		_ = ended(done)
	}, mud.under)
}

func TestDetachWhile(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault connectortest.Fault
	}{
		{"dials", connectortest.HoldUpgrades(1)},
		{"is authorised", connectortest.HoldAuth(1)},
		{"subscribes", connectortest.HoldSubscriptions(1)},
		{"waits", connectortest.RefuseUpgrades(1, 503).RetryAfter(time.Hour)},
	} {
		engines(t, "K16 CloseSockets while a socket "+c.name+" ends who waits for it", longLived, func(w *world) {
			w.script(c.fault)
			login := w.begin()
			time.Sleep(time.Second)
			require := begun(func(ctx context.Context) error { return w.session.Require(ctx, connector.RequireReady) })
			w.detach(0)
			wantDetachedError(w.t, ended(login))
			wantDetachedError(w.t, ended(require))
			if user, ok := w.session.User(); !ok || user.Name != "ann" {
				w.t.Errorf("got %v, %v, want ann logged in", user, ok)
			}
			if err := w.session.Login(context.Background(), ann); !errors.Is(err, connector.ErrLoggedIn) {
				w.t.Errorf("got %v, want logged in", err)
			}
			if err := w.session.Open(); err != nil {
				w.t.Errorf("open: %v", err)
			}
			w.wantReady("opened")
			w.wantSockets("opened", subscribed, subscribed)
		}, chained(declaring("a")))
	}

	for _, station := range stations {
		bubbles(t, "K16 K1 CloseSockets "+station.name, func(t *testing.T, engine change) {
			l := newLinks(t, engine)
			defer l.end()
			login := l.at(station.arrange, station.state, l.begin)
			l.detach(0)
			wantDetachedError(t, ended(login))
			if synctest.Wait(); l.running.Load() != 0 && !l.deaf.Load() {
				t.Errorf("got %d groups still being made", l.running.Load())
			}
			before := l.backend.Counts().Upgrades
			time.Sleep(2 * time.Hour)
			if got := l.backend.Counts().Upgrades; got != before || l.session.Status().Session != transitions.SessionDetached {
				t.Errorf("got %d upgrades and %v, want %d and detached", got, l.session.Status().Session, before)
			}
			l.heal()
			if err := l.session.Open(); err != nil {
				t.Errorf("open: %v", err)
			}
			l.wantReady("opened")
			l.wantOf("ann", "bob")
		})
	}

	for _, detaching := range []bool{false, true} {
		when, most := "detached", time.Duration(0)
		if detaching {
			when, most = "detaching", 5*time.Second // for the answer to the close frame
		}
		arrange := func(w *world) <-chan error {
			w.login()
			mud.on.Store(detaching)
			done := begun(w.session.CloseSockets)
			if got := w.session.Status().Session.String(); got != when {
				w.t.Errorf("got %v, want %s", got, when)
			}
			mud.on.Store(false)
			return done
		}
		wantDone := func(w *world, detach <-chan error) {
			w.t.Helper()
			if synctest.Wait(); len(detach) != 1 {
				w.t.Error("got CloseSockets not returned")
			} else if err := ended(detach); err != nil {
				w.t.Errorf("got %v from CloseSockets", err)
			}
		}
		for _, l := range leaves {
			engines(t, "K16 S6 "+l.name+" when "+when, longLived, func(w *world) {
				detach := arrange(w)
				start := time.Now()
				if err := l.do(w.session, context.Background()); err != nil || time.Since(start) > most {
					w.t.Errorf("got %v after %v, want within %v", err, time.Since(start), most)
				}
				wantDone(w, detach)
				wantGone(w)
				w.login()
				w.wantSockets("logged in again", subscribed, subscribed)
			}, chained(declaring("a")), mud.under)
		}

		engines(t, "K16 S5 LoginAs when "+when+", and back", longLived, func(w *world) {
			detach := arrange(w)
			start := time.Now()
			w.as(bobID)
			if time.Since(start) > most {
				w.t.Errorf("got logged in as bob after %v, want within %v", time.Since(start), most)
			}
			wantDone(w, detach)
			w.wantWorking(bobID)
			w.wantSockets("as bob", subscribed, subscribed)
			w.detach(0)
			w.logout()
			w.wantWorking(annID)
			w.wantSockets("as ann again", subscribed, subscribed)
		}, chained(declaring("a")), mud.under)

		engines(t, "K16 S5 a LoginAs that is rejected when "+when+" changes nothing", longLived, func(w *world) {
			detach := arrange(w)
			w.script(connectortest.RefuseLoginAs(1, http.StatusForbidden))
			if err := w.session.LoginAs(context.Background(), bobID); err == nil {
				w.t.Error("got logged in as bob")
			}
			if err := ended(detach); err != nil {
				w.t.Errorf("got %v from CloseSockets", err)
			}
			w.wantUsers("ann")
			if s := w.session.Status(); s.Session != transitions.SessionDetached {
				w.t.Errorf("got %v, want detached", s.Session)
			}
		}, mud.under)

		engines(t, "K16 T5 a token that ends when "+when, longLived, func(w *world) {
			detach := arrange(w)
			w.script(connectortest.RevokeAll())
			_, _ = w.session.Token(context.Background(), w.token().Generation)
			time.Sleep(20 * time.Second)
			wantDone(w, detach)
			wantGone(w)
		}, mud.under)
	}

	bubbles(t, "K16 S6 a Logout of one who logs in as another while detaching keeps its deadline", func(t *testing.T, engine change) {
		s := newStage(t, engine, func(c *config) { c.RevokeTimeout = time.Hour })
		defer s.end()
		defer s.heal()
		s.login()
		as := s.beginAs(bobID)
		s.swamp.on.Store(true) // nobody answers the close frame
		detach := begun(s.session.CloseSockets)
		time.Sleep(time.Second)
		s.swamp.on.Store(false)
		close(s.as.release)
		s.until("session", "switching")
		s.script(connectortest.HoldLogouts(1))
		start := time.Now()
		if err := s.session.Logout(context.Background()); err != nil || time.Since(start) > 10*time.Second {
			t.Errorf("got %v after %v, want an end within 10s", err, time.Since(start))
		}
		if err := ended(detach); err != nil {
			t.Errorf("got %v from CloseSockets", err)
		}
		if err := ended(as); !errors.Is(err, connector.ErrLoggedOut) {
			t.Errorf("got %v from LoginAs, want logged out", err)
		}
		s.wantReady("as ann again")
	})
}
