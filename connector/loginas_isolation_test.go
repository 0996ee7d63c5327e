package connector_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

// heldAnswers holds back the answers to requests of one path until it is released.
type heldAnswers struct {
	http.RoundTripper
	path    string
	release chan struct{}
}

func holdAnswers(path string) *heldAnswers {
	return &heldAnswers{path: path, release: make(chan struct{})}
}

func (h *heldAnswers) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := h.RoundTripper.RoundTrip(r)
	if r.URL.Path != h.path || err != nil {
		return answer, err
	}
	select {
	case <-h.release:
		return answer, nil
	case <-r.Context().Done():
		_ = answer.Body.Close()
		return nil, r.Context().Err()
	}
}

// ofService puts it under the calls of the service.
func (h *heldAnswers) ofService(c *config) {
	client := c.Auth.(*authhttp.JSON[credentials, user]).Client
	h.RoundTripper, client.Transport = client.Transport, h
}

// ofApplication puts it under the application's own requests.
func (h *heldAnswers) ofApplication(c *config) {
	h.RoundTripper, c.HTTP.Base = c.HTTP.Base, h
}

// storing keeps the tokens of a world.
func storing(store authhttp.Store) change { return func(c *config) { c.Store = store } }

// stored returns the access token that a store has for the session.
func stored(t *testing.T, store authhttp.Store) authhttp.Secret {
	t.Helper()
	content, err := store.Load(context.Background(), "")
	if errors.Is(err, authhttp.ErrNothingStored) {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	kept, err := authhttp.DecodeStored("", content)
	if err != nil {
		t.Fatal(err)
	}
	return kept.Pair.Access
}

// refreshInFlight leaves ann's refresh in flight below bob: the refresh began while
// the login as bob was under way.
func refreshInFlight(w *world, as *heldAnswers) {
	w.t.Helper()
	w.login()
	done := w.beginAs(bobID)
	refused := make(chan error, 1)
	go func() {
		_, err := w.session.Token(context.Background(), w.token().Generation)
		refused <- err
	}()
	synctest.Wait()
	if s := w.session.Status(); s.Token != transitions.TokenRefreshing || s.Login != transitions.LoginRequesting {
		w.t.Fatalf("got %+v, want a refresh and a login in flight", s)
	}
	close(as.release)
	if err := <-done; err != nil {
		w.t.Fatalf("login as bob: %v", err)
	}
	if err := <-refused; !errors.Is(err, authhttp.ErrNoToken) {
		w.t.Errorf("who waited for ann's token: got %v, want no token", err)
	}
	w.wantUsers("ann", "bob")
}

func TestLoginAsDuringRefresh(t *testing.T) {
	for _, c := range []struct {
		name      string
		early     bool // the answer comes before bob logs out
		refreshes int
		faults    []connectortest.Fault
		want      error
	}{
		{"answered below bob", true, 1, nil, nil},
		{"answered while leading back", false, 1, nil, nil},
		{"never answered", false, 2, []connectortest.Fault{connectortest.HoldRefreshes(1)}, nil},
		{"unavailable", true, 2, []connectortest.Fault{connectortest.RefuseRefreshes(1, 503)}, nil},
		{"rejected", true, 1, []connectortest.Fault{connectortest.RefuseRefreshes(1, 401)}, connector.ErrParentExpired},
	} {
		bubbles(t, "S5 a refresh of the user before is not lost: "+c.name, func(t *testing.T, engine change) {
			as, refresh, store := holdAnswers("/login-as"), holdAnswers("/refresh"), &authhttp.MemoryStore{}
			w := newWorld(t, longLived, engine, as.ofService, refresh.ofService, storing(store))
			defer w.end()
			defer w.unwind()
			w.script(c.faults...)
			refreshInFlight(w, as)
			w.wantWorking(bobID)
			if c.early {
				close(refresh.release)
				synctest.Wait()
			}
			left := make(chan error, 1)
			go func() { left <- w.session.Logout(context.Background()) }()
			synctest.Wait()
			if !c.early {
				if s := w.session.Status(); s.Session != transitions.SessionReturning || !s.LoggingOut {
					t.Errorf("got %+v, want to wait for the refresh", s)
				}
				close(refresh.release)
			}
			if err := <-left; !errors.Is(err, c.want) {
				t.Fatalf("logout: got %v, want %v", err, c.want)
			}
			if c.want == nil {
				w.wantUsers("ann")
				w.wantWorking(annID)
			} else {
				wantGone(w)
			}
			if got := w.backend.Counts().Refreshes; got != c.refreshes {
				t.Errorf("got %d refreshes, want %d", got, c.refreshes)
			}
			if token := w.token(); stored(t, store) != token.Access {
				t.Error("got another token stored than ann's newest")
			}
		})
	}
}

// guestbook is a peer that notes what came on each connection.
type guestbook struct {
	mu     sync.Mutex
	visits []*visit
	deaf   bool // nothing is answered but the handshake
}

type visit struct {
	user  string // whose token it was
	texts []string
}

func (g *guestbook) serve(_ int, ws *websocket.Conn) {
	v := &visit{}
	g.mu.Lock()
	g.visits = append(g.visits, v)
	g.mu.Unlock()
	for {
		var r request
		if ws.ReadJSON(&r) != nil {
			return
		}
		g.mu.Lock()
		switch {
		case r.Auth != nil:
			claims, _ := authhttp.ReadClaims(authhttp.Secret(r.Auth.Token))
			v.user = claims.Subject
		case r.Echo != nil:
			v.texts = append(v.texts, r.Echo.Text)
		}
		silent := g.deaf && r.Echo != nil
		g.mu.Unlock()
		if !silent && ws.WriteJSON(answerTo(r)) != nil {
			return
		}
	}
}

// want checks who came, one connection after the other, and what each has said.
func (g *guestbook) want(t *testing.T, want ...string) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	var got []string
	for _, v := range g.visits {
		got = append(got, v.user+": "+strings.Join(v.texts, " "))
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got connections %q, want %q", got, want)
	}
}

func TestUsersAreApart(t *testing.T) {
	bubbles(t, "S5 nothing of one user is sent on a connection of another", func(t *testing.T, engine change) {
		g, forever := &guestbook{deaf: true}, context.Background()
		w := peerWorld(t, engine, g.serve)
		defer w.end()
		defer w.unwind()
		w.login()
		sent := w.submit(forever, "ann-1")
		sent.pending(t)
		w.as(bobID)
		sent.want(t, connector.ErrSocketClosed)
		sent = w.submit(forever, "bob-1")
		w.as(carolID)
		sent.want(t, connector.ErrSocketClosed)
		sent = w.submit(forever, "carol-1")
		w.logout()
		sent.want(t, connector.ErrSocketClosed)
		w.until("session", "returning")
		w.until("session", "subscribed")
		sent = w.submit(forever, "bob-2")
		w.logout()
		sent.want(t, connector.ErrSocketClosed)
		w.until("session", "returning")
		w.until("session", "subscribed")
		sent = w.submit(forever, "ann-2")
		w.logout()
		sent.want(t, connector.ErrSocketClosed)
		g.want(t, "1: ann-1", "2: bob-1", "3: carol-1", "2: bob-2", "1: ann-2")
	})

	engines(t, "S5 what the user before has buffered fails and is never sent", longLived, func(w *world) {
		defer w.unwind()
		w.login()
		w.script(connectortest.HoldUpgrades(1), connectortest.DropSockets())
		w.until("socket", "waiting")
		w.until("socket", "socketOpening")
		buffered := w.submit(context.Background(), "of ann")
		buffered.pending(w.t)
		w.as(bobID)
		buffered.want(w.t, connector.ErrSocketClosed)

		w.script(connectortest.HoldUpgrades(1), connectortest.DropSockets())
		w.until("socket", "waiting")
		w.until("socket", "socketOpening")
		buffered = w.submit(context.Background(), "of bob")
		buffered.pending(w.t)
		w.logout()
		buffered.want(w.t, connector.ErrSocketClosed)
		w.until("session", "returning")
		w.until("session", "subscribed")
		time.Sleep(time.Hour)
		if got := w.backend.Counts().Requests; got != 0 {
			w.t.Errorf("got %d requests at the server, want none", got)
		}
	})
}

func TestLate401(t *testing.T) {
	for _, c := range []struct {
		name string
		move func(w *world)
		user int
	}{
		{"of the user before, when the other is the current one", func(w *world) { w.as(bobID) }, bobID},
		{"of one who has left, when the user before is back", func(w *world) { w.logout() }, annID},
	} {
		bubbles(t, "S5 a 401 is not tried again with the token of another: "+c.name, func(t *testing.T, engine change) {
			held := holdAnswers("/me")
			w := newWorld(t, longLived, engine, held.ofApplication)
			defer w.end()
			defer w.unwind()
			w.login()
			if c.user == annID {
				w.as(bobID)
			}
			w.script(connectortest.RefuseMe(1, 401))
			status := make(chan int, 1)
			go func() {
				answer, err := w.session.HTTP().Get(w.backend.URL() + "/me")
				if err != nil {
					t.Errorf("got %v, want an answer", err)
					status <- 0
					return
				}
				_ = answer.Body.Close()
				status <- answer.StatusCode
			}()
			synctest.Wait()
			c.move(w)
			before := w.token()
			close(held.release)
			if got := <-status; got != http.StatusUnauthorized {
				t.Errorf("got %d, want the 401", got)
			}
			if got := w.backend.Counts(); got.Mes != 1 || got.Refreshes != 0 {
				t.Errorf("got %+v, want one request and no refresh", got)
			}
			if got := w.token(); got != before {
				t.Errorf("got token %v, want %v untouched", got.Generation, before.Generation)
			}
			w.wantWorking(c.user)
		})
	}
}
