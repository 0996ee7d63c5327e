package connector_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/connector"
)

func TestSubscribe(t *testing.T) {
	inRooms(t, "K4 subscribe while ready", func(w *rooms) {
		messages := w.socket.Messages(0)
		w.ready()
		w.say("room-1", "before")
		s := w.joins("room-1")
		w.say("room-1", "during")
		if got := w.heard(messages); got != "room-1 during" {
			w.t.Errorf("got %q, want what was said while subscribed", got)
		}
		wantLasting(w.t, s)
		w.wantOne()
		if got := w.backend.Counts(); got.Subscriptions != 2 || got.Auths != 1 {
			w.t.Errorf("got %+v, want the declared subscription and the added one", got)
		}
	})

	byLedger(t, "K4 subscribe to a socket that is closed is refused at once", func(w *rooms, l *ledger) {
		try := func(when string) {
			w.t.Helper()
			if _, err := connector.Subscribe(context.Background(), w.socket, joining("room-1")); !errors.Is(err, connector.ErrSocketClosed) {
				w.t.Errorf("%s: got %v, want closed", when, err)
			}
		}
		try("before login")
		w.ready()
		w.logout()
		try("after logout")
		w.ready()
		if err := w.socket.Close(context.Background()); err != nil {
			w.t.Fatal(err)
		}
		try("closed by hand")
		if err := w.socket.Open(); err != nil {
			w.t.Fatal(err)
		}
		w.echoes("open again")
		l.want(w.t, "1 auth", "1 sub categories", "2 auth", "2 sub categories", "3 auth", "3 sub categories", "3 echo open again")
	})

	byLedger(t, "R4 auth, subscriptions, added subscriptions, requests", func(w *rooms, l *ledger) {
		l.delay = time.Second
		w.loginOnly()
		for _, text := range []string{"1", "2"} {
			go w.echoes(text)
			synctest.Wait()
		}
		s := w.join(context.Background(), joining("room-1"))
		if got := <-s; got.err != nil {
			w.t.Fatalf("got %v", got.err)
		}
		w.until("session", "subscribed")
		w.echoes("3")
		l.want(w.t, "1 auth", "1 sub categories", "1 sub room-1", "1 echo 1", "1 echo 2", "1 echo 3")
	})

	for _, c := range []struct{ name, state string }{
		{"the token is pending", "tokenPending"}, {"it dials", "socketOpening"},
		{"auth is under way", "socketAuthenticating"}, {"declared subscriptions are under way", "socketAuthed"},
	} {
		byLedger(t, "F39 subscribe while "+c.name+": sent once", func(w *rooms, l *ledger) {
			l.delay = time.Second
			w.network.Latency(100 * time.Millisecond)
			w.loginOnly()
			w.until("socket", c.state)
			s := w.join(context.Background(), joining("room-1"))
			w.until("session", "subscribed")
			ready := time.Now()
			if got := <-s; got.err != nil || got.at.After(ready) {
				w.t.Errorf("got %v %v after ready, want the answer to what was added to delay ready", got.err, got.at.Sub(ready))
			}
			l.want(w.t, "1 auth", "1 sub categories", "1 sub room-1")
		})
	}

	byLedger(t, "K4 two at once, and each is sent once", func(w *rooms, l *ledger) {
		w.ready()
		a, b := w.join(context.Background(), joining("room-1")), w.join(context.Background(), joining("room-2"))
		for _, s := range []<-chan joined{a, b} {
			if got := <-s; got.err != nil {
				w.t.Errorf("got %v", got.err)
			}
		}
		synctest.Wait()
		l.mu.Lock()
		slices.Sort(l.lines[2:])
		l.mu.Unlock()
		l.want(w.t, "1 auth", "1 sub categories", "1 sub room-1", "1 sub room-2")
		w.wantOne()
	})

	for _, c := range []struct {
		name   string
		public bool
	}{{"a guest's subscription waits for the login, on the same connection", false}, {"that of a public early socket does not wait", true}} {
		bubbles(t, "K4 "+c.name, func(t *testing.T, engine change) {
			l := &ledger{}
			world := peerWorld(t, engine, l.serve)
			defer world.end()
			w := enterRooms(world, "ws://127.0.0.1:81/", func(s *roomConfig) {
				s.Early, s.Public, s.Subscribe = true, c.public, nil
				if c.public {
					s.Auth = nil
				}
			})
			w.open()
			w.until("socket", "subscribed")
			s := w.join(context.Background(), joining("room-1"))
			time.Sleep(time.Hour)
			want := []string{"1 auth", "1 sub room-1"}
			if c.public {
				want = []string{"1 sub room-1"}
				l.want(t, want...)
			} else {
				l.want(t)
			}
			w.login()
			if got := <-s; got.err != nil {
				t.Errorf("got %v", got.err)
			}
			l.want(t, want...)
			w.close()
		})
	}
}
