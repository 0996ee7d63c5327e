package connector_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

// hurried has a socket find out soon that its peer is gone.
func hurried(s *roomConfig) {
	s.PingAfter, s.PingTimeout = 50*time.Millisecond, 1500*time.Millisecond
}

// eager has sockets try again soon.
func eager(c *config) { c.RetryFloor, c.RetryCap = 10*time.Millisecond, 50*time.Millisecond }

// untilPush waits for a push, and returns it.
func untilPush(t *testing.T, messages *connector.Stream[word]) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for m := range messages.All(ctx) {
		if m.Push != nil && m.Push.Kind != "" {
			return m.Push.Kind + " " + m.Push.Message
		}
	}
	t.Fatal("got no push in 30s")
	return ""
}

// wantUpgrades checks how many connections and renewals or auth messages there were.
func wantUpgrades(w *rooms, upgrades, auths int) {
	w.t.Helper()
	if got := w.backend.Counts(); got.Upgrades != upgrades || got.Auths != auths {
		w.t.Errorf("got %+v, want %d upgrades and %d auth messages", got, upgrades, auths)
	}
}

func TestSocketsOverTCP(t *testing.T) {
	for _, c := range []struct {
		name string
		edit roomEdit
		test func(*rooms)
	}{
		{"K3 auth awaited", nil, func(w *rooms) {
			w.ready()
			w.echoes("hi")
			wantUpgrades(w, 1, 1)
		}},
		{"K3 no answer to auth awaited", func(s *roomConfig) { s.Auth.NoAnswer = true }, func(w *rooms) {
			w.ready()
			w.echoes("hi")
			wantUpgrades(w, 1, 1)
		}},
		{"K3 no auth message", func(s *roomConfig) { s.Auth, s.Subscribe = nil, nil }, func(w *rooms) {
			w.ready()
			wantUpgrades(w, 1, 0)
		}},
		{"K3 rejected once, and given no answer once", func(s *roomConfig) { s.AuthTimeout = 2 * time.Second }, func(w *rooms) {
			w.script(connectortest.RejectAuth(1), connectortest.HoldAuth(1))
			w.ready()
			wantUpgrades(w, 3, 3)
			if got := w.backend.Counts().Refreshes; got != 1 {
				w.t.Errorf("got %d refreshes, want 1", got)
			}
		}},
		{"K3 rejected twice", nil, func(w *rooms) {
			w.script(connectortest.RejectAuth(2))
			if err := w.session.Login(context.Background(), ann); !errors.Is(err, connector.ErrSocketFailed) {
				w.t.Errorf("got %v, want a failed socket", err)
			}
			wantUpgrades(w, 2, 2)
		}},
		{"K4 subscribed, re-sent after a drop, left, and not re-sent", nil, func(w *rooms) {
			messages := w.socket.Messages(0)
			w.ready()
			s, other := w.joins("room-1"), w.joins("room-2")
			for _, text := range []string{"a", "b", "c"} {
				w.say("room-1", text)
				if got := untilPush(w.t, messages); got != "room-1 "+text {
					w.t.Errorf("got %s, want %s", got, text)
				}
				w.script(connectortest.DropSockets())
				w.again()
			}
			if err := s.Leave(context.Background()); err != nil {
				w.t.Errorf("got %v", err)
			}
			wantEnded(w.t, s, nil)
			w.say("room-1", "nobody")
			w.say("room-2", "d")
			if got := untilPush(w.t, messages); got != "room-2 d" {
				w.t.Errorf("got %s, want nothing of what was left", got)
			}
			w.script(connectortest.DropSockets())
			w.again()
			if got := w.backend.Counts(); got.Subscriptions != 4*3+2 || got.Unsubscriptions != 1 {
				w.t.Errorf("got %+v, want each sent once on each connection", got)
			}
			wantLasting(w.t, other)
		}},
		{"K4 rejected, and not answered in time", func(s *roomConfig) { s.SubscribeTimeout = 2 * time.Second }, func(w *rooms) {
			w.ready()
			w.script(connectortest.RejectSubscriptions(1), connectortest.HoldSubscriptions(1))
			if got := <-w.join(context.Background(), joining("room-1")); got.err == nil || !strings.Contains(got.err.Error(), "rejected") {
				w.t.Errorf("got %v, want rejected", got.err)
			}
			if got := <-w.join(context.Background(), joining("room-1")); !errors.Is(got.err, connector.ErrTimedOut) {
				w.t.Errorf("got %v, want timed out", got.err)
			}
			w.echoes("hi")
			wantUpgrades(w, 1, 1)
		}},
		{"K4 F39 during connect, many at once: each sent once", nil, func(w *rooms) {
			w.loginOnly()
			var all []<-chan joined
			for _, kind := range []string{"room-1", "room-2", "room-3", "room-4", "room-5"} {
				all = append(all, w.join(context.Background(), joining(kind)))
			}
			for _, s := range all {
				if got := <-s; got.err != nil {
					w.t.Errorf("got %v", got.err)
				}
			}
			if got := w.backend.Counts().Subscriptions; got != 6 {
				w.t.Errorf("got %d subscriptions sent, want 6", got)
			}
			if err := w.session.Logout(context.Background()); err != nil {
				w.t.Error(err)
			}
			w.login()
			if got := w.backend.Counts().Subscriptions; got != 7 {
				w.t.Errorf("got %d subscriptions sent after another login, want the declared one alone", got)
			}
		}},
		{"K10 pings and pongs in silence", func(s *roomConfig) { s.PingAfter = 50 * time.Millisecond }, func(w *rooms) {
			w.ready()
			for range 5 {
				w.until("socket", "probing")
				w.until("socket", "subscribed")
			}
			w.echoes("hi")
			wantUpgrades(w, 1, 1)
		}},
		{"F29 K10 a deaf server", hurried, func(w *rooms) {
			w.script(connectortest.Deaf(1))
			w.ready()
			if got := w.until("socket", "waiting"); got.Event != "pingTimedOut" {
				w.t.Errorf("got %+v, want the ping timed out", got)
			}
			w.until("session", "subscribed")
			w.echoes("back")
		}},
		{"K11 a renewal in place", func(s *roomConfig) { expiring(s); reoffering(s) }, func(w *rooms) {
			messages := w.socket.Messages(0)
			w.ready()
			w.joins("room-1")
			w.script(connectortest.ExpireTokens(), connectortest.AnnounceExpiry())
			w.until("socket", "renewing")
			w.echoes("meanwhile")
			w.until("socket", "subscribed")
			w.say("room-1", "still")
			if got := untilPush(w.t, messages); got != "room-1 still" {
				w.t.Errorf("got %s", got)
			}
			wantUpgrades(w, 1, 2)
		}},
		{"K11 a renewal that is not answered", func(s *roomConfig) { expiring(s); reoffering(s); s.AuthTimeout = 2 * time.Second }, func(w *rooms) {
			w.ready()
			w.script(connectortest.HoldAuth(1), connectortest.AnnounceExpiry())
			w.again()
			w.echoes("back")
			wantUpgrades(w, 2, 3)
		}},
		{"K11 without Renew", expiring, func(w *rooms) {
			w.ready()
			w.script(connectortest.ExpireTokens(), connectortest.AnnounceExpiry())
			w.again()
			w.echoes("back")
			wantUpgrades(w, 2, 2)
		}},
	} {
		edits := []roomEdit{}
		if c.edit != nil {
			edits = append(edits, c.edit)
		}
		overTCP(t, c.name, connectortest.Config{AccessLife: time.Hour}, func(w *world) {
			c.test(enterRooms(w, w.backend.WebSocketURL(), edits...))
		}, eager)
	}
}

func TestHalfOpenOverTCP(t *testing.T) {
	overTCP(t, "F47 K10 a link that is frozen", connectortest.Config{AccessLife: time.Hour}, func(world *world) {
		proxy, err := connectortest.NewProxy(strings.TrimPrefix(world.backend.URL(), "http://"))
		if err != nil {
			world.t.Fatal(err)
		}
		world.t.Cleanup(func() { _ = proxy.Close() })
		w := enterRooms(world, "ws://"+proxy.Addr()+"/ws", hurried)
		w.ready()
		s := w.joins("room-1")
		for range 3 {
			proxy.Freeze()
			w.until("socket", "waiting")
			w.until("session", "subscribed")
			w.echoes("back")
		}
		wantLasting(w.t, s)
		if got := w.backend.Counts(); got.Upgrades != 4 || got.Subscriptions != 8 {
			w.t.Errorf("got %+v, want four connections, with both subscriptions on each", got)
		}
	}, eager)
}

// submissions is a journal that tells of each request and subscription when it is
// submitted.
type submissions chan struct{}

func (s submissions) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte(`"event":"submitted"`)) || bytes.Contains(line, []byte(`"machine":"subscription"`)) && bytes.Contains(line, []byte(`"event":"added"`)) {
		s <- struct{}{}
	}
	return len(line), nil
}

func TestOrderOverTCP(t *testing.T) {
	overTCP(t, "R4 auth, subscriptions, added subscriptions, requests", connectortest.Config{AccessLife: time.Hour}, func(world *world) {
		l, gate, upgrader := &ledger{}, make(chan struct{}), websocket.Upgrader{}
		server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			<-gate
			ws, err := upgrader.Upgrade(rw, r, nil)
			if err != nil {
				return
			}
			defer ws.Close()
			l.serve(1, ws)
		}))
		world.t.Cleanup(server.Close)
		open := sync.OnceFunc(func() { close(gate) })
		world.t.Cleanup(open)
		submitted := make(submissions, 10)
		world.config.Journal = submitted
		w := enterRooms(world, "ws"+strings.TrimPrefix(server.URL, "http"))
		w.loginOnly()
		w.until("socket", "socketOpening")
		done := make(chan error, 2)
		for _, text := range []string{"1", "2"} {
			go func() {
				_, err := w.socket.Request(context.Background(), wish{request: request{Echo: &echo{text}}})
				done <- err
			}()
			<-submitted
		}
		s := w.join(context.Background(), joining("room-1"))
		<-submitted
		open()
		if got := <-s; got.err != nil {
			w.t.Fatal(got.err)
		}
		for range 2 {
			if err := <-done; err != nil {
				w.t.Error(err)
			}
		}
		w.echoes("3")
		l.wantNow(w.t, "1 auth", "1 sub categories", "1 sub room-1", "1 echo 1", "1 echo 2", "1 echo 3")
	})
}
