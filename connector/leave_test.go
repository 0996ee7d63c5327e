package connector_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

// twoSockets adds a second socket with a token, and a public one that opens early.
func twoSockets(c *config) {
	menu := c.Sockets[0].(socketConfig)
	second, news := menu, menu
	second.ID = "second"
	news.ID, news.URL, news.Public, news.Early = "news", menu.URL[:len(menu.URL)-len("ws")]+"public", true, true
	news.Auth, news.Subscribe = nil, []socketStep{sub("news")}
	c.Sockets = []connector.AnySocket[user]{menu, second, news}
}

// another returns a world of another session, as on another device.
func (w *world) another(c credentials) *world {
	w.t.Helper()
	client, err := connector.New(w.config)
	if err != nil {
		w.t.Fatal(err)
	}
	other := *w
	other.session = client.NewSessionOf("other")
	other.changes = other.session.Changes(0)
	if other.menu, err = connector.On[request, response](other.session, "menu"); err != nil {
		w.t.Fatal(err)
	}
	if err := other.session.Login(context.Background(), c); err != nil {
		w.t.Fatal(err)
	}
	return &other
}

// reticent is a peer that does not answer the first close frame, and notes what
// comes behind it.
type reticent struct{ after []byte }

func (p *reticent) serve(n int, ws *websocket.Conn) {
	if n > 1 {
		follow(ws, func(request) {})
		return
	}
	ws.SetCloseHandler(func(int, string) error { return nil })
	follow(ws, func(request) {})
	_ = ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second))
	_ = ws.WriteJSON(response{Push: &push{}})
	buffer := make([]byte, 100)
	for {
		n, err := ws.NetConn().Read(buffer)
		p.after = append(p.after, buffer[:n]...)
		if err != nil {
			return
		}
	}
}

func TestSilenceAfterClose(t *testing.T) {
	switching := struct {
		name string
		do   func(*session, context.Context) error
	}{"LoginAs", func(s *session, ctx context.Context) error { return s.LoginAs(ctx, bobID) }}
	for _, c := range append(leaves[:len(leaves):len(leaves)], switching) {
		bubbles(t, "F43 nothing is sent on a socket after its close frame: "+c.name, func(t *testing.T, engine change) {
			p := &reticent{}
			w := peerWorld(t, engine, p.serve)
			defer w.end()
			defer w.unwind()
			w.login()
			start := time.Now()
			done := begun(func(ctx context.Context) error { return c.do(w.session, ctx) })
			for range 5 {
				late := w.submit(context.Background(), "late")
				late.want(t, connector.ErrSocketClosed)
			}
			if err := <-done; err != nil {
				t.Errorf("got %v", err)
			}
			if got := time.Since(start); got < 5*time.Second || got > 10*time.Second {
				t.Errorf("got an end after %v, want to wait for the close frame's answer", got)
			}
			synctest.Wait()
			if len(p.after) != 0 {
				t.Errorf("got %d bytes after the close frame, want none", len(p.after))
			}
		})
	}
}

func TestLogoutFails(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault connectortest.Fault
		most  time.Duration
	}{
		{"500", connectortest.RefuseLogouts(1, 500), 0},
		{"401", connectortest.RefuseLogouts(1, 401), 0},
		{"no answer", connectortest.HoldLogouts(1), 5 * time.Second},
	} {
		for _, l := range leaves[:2] {
			engines(t, "F6 a failed "+l.name+" still closes every socket: "+c.name, longLived, func(w *world) {
				if err := w.session.Open(); err != nil {
					w.t.Fatal(err)
				}
				w.login()
				token := w.token()
				w.script(c.fault)
				start := time.Now()
				done := begun(func(ctx context.Context) error { return l.do(w.session, ctx) })
				if got := w.backend.Counts().OpenSockets; got != 1 {
					w.t.Errorf("got %d sockets open, want the public one alone", got)
				}
				if err := <-done; err != nil || time.Since(start) > c.most {
					w.t.Errorf("got %v after %v, want an end after %v", err, time.Since(start), c.most)
				}
				wantGone(w)
				if got := w.me(token.Access.Reveal()); got != http.StatusOK {
					w.t.Errorf("got %d, want the server to have kept the token", got)
				}
				if err := w.session.Close(context.Background()); err != nil {
					w.t.Errorf("close: %v", err)
				}
				synctest.Wait()
				if got := w.backend.Counts(); got.OpenSockets != 0 || got.Logouts+got.LogoutsEverywhere != 1 {
					w.t.Errorf("got %+v, want no socket and one request", got)
				}
			}, twoSockets)
		}
	}
}

func TestLogoutEverywhere(t *testing.T) {
	engines(t, "S6 LogoutEverywhere ends the user's other sessions, and nobody else's", longLived, func(w *world) {
		w.login()
		same, bobs := w.another(ann), w.another(credentials{"bob", "hunter2"})
		defer bobs.unwind()
		token, mine := same.token(), w.token()
		var bob []connector.Change
		bobs.changes.Close()
		bobs.changes = bobs.session.Changes(0)
		if err := w.session.LogoutEverywhere(context.Background()); err != nil {
			w.t.Errorf("got %v", err)
		}
		wantGone(w)
		for _, secret := range []authhttp.Secret{token.Access, mine.Access} {
			if got := w.me(secret.Reveal()); got != http.StatusUnauthorized {
				w.t.Errorf("got %d for a token of ann, want 401", got)
			}
		}
		same.until("session", "subscribed")
		if c := same.until("session", "loggedOut"); c.Machine != transitions.SessionKind {
			w.t.Errorf("got %+v", c)
		}
		synctest.Wait()
		wantGone(same)
		if got := same.session.Status().Sockets[0].CloseCode; got != connectortest.CloseLoggedOut {
			w.t.Errorf("got close code %d, want %d", got, connectortest.CloseLoggedOut)
		}
		bobs.wantWorking(bobID)
		bobs.changes.Close()
		for c := range bobs.changes.All(context.Background()) {
			bob = append(bob, c)
		}
		if got := w.backend.Counts(); len(bob) != 0 || got.OpenSockets != 1 || got.LogoutsEverywhere != 1 || got.Logouts != 0 {
			w.t.Errorf("got %+v and %v of bob, want nothing of bob changed", got, bob)
		}
	})

	bubbles(t, "S6 LogoutEverywhere widens a Logout while sockets close", func(t *testing.T, engine change) {
		s := &swamp{}
		w := newWorld(t, longLived, engine, s.under)
		defer w.end()
		w.login()
		s.on.Store(true)
		narrow := begun(w.session.Logout)
		wide := begun(w.session.LogoutEverywhere)
		s.on.Store(false)
		if err := errors.Join(<-narrow, <-wide); err != nil {
			t.Errorf("got %v", err)
		}
		if got := w.backend.Counts(); got.Logouts != 0 || got.LogoutsEverywhere != 1 {
			t.Errorf("got %+v, want every device logged out", got)
		}
	})

	bubbles(t, "S6 a Logout or a Forget does not narrow a LogoutEverywhere", func(t *testing.T, engine change) {
		s := &swamp{}
		w := newWorld(t, longLived, engine, s.under)
		defer w.end()
		w.login()
		s.on.Store(true)
		wide, narrow, silent := begun(w.session.LogoutEverywhere), begun(w.session.Logout), begun(w.session.Forget)
		s.on.Store(false)
		if err := errors.Join(<-narrow, <-wide, <-silent); err != nil {
			t.Errorf("got %v", err)
		}
		if got := w.backend.Counts(); got.Logouts != 0 || got.LogoutsEverywhere != 1 {
			t.Errorf("got %+v, want every device logged out", got)
		}
	})

	engines(t, "S6 LogoutEverywhere where the service cannot", longLived, func(w *world) {
		w.login()
		if err := w.session.LogoutEverywhere(context.Background()); !errors.Is(err, authhttp.ErrNotSupported) {
			w.t.Errorf("got %v, want not supported", err)
		}
		w.wantUsers("ann")
		w.wantWorking(annID)
	}, func(c *config) { c.Auth.(*authhttp.JSON[credentials, user]).LogoutEverywhereURL = "" })
}
