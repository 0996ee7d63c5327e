package connector_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/transitions"
)

// withoutIDs has the socket know answers by what they are, and by their turn.
func withoutIDs(s *socketConfig) {
	s.SetID, s.GetID, s.Subscribe = nil, nil, nil
	s.Auth.IsAnswer = func(r response) bool { return r.Auth != nil }
	s.IsAnswer = func(r response) bool { return r.Echo != nil || r.Error != nil }
}

// subscribedWithoutIDs subscribes the socket to a and b, whose answers name them.
func subscribedWithoutIDs(s *socketConfig) {
	s.Subscribe = []socketStep{sub("a"), sub("b")}
	for i, kind := range []string{"a", "b"} {
		s.Subscribe[i].IsAnswer = func(r response) bool { return r.Sub != nil && r.Sub.Kind == kind }
	}
}

func TestAnswersWithoutIDs(t *testing.T) {
	bubbles(t, "R1 steps know their answers, and requests are answered in turn", func(t *testing.T, engine change) {
		w := peerWorld(t, engine, func(_ int, ws *websocket.Conn) {
			var held *subscribe
			for {
				var r request
				if ws.ReadJSON(&r) != nil {
					return
				}
				switch {
				case r.Sub != nil && held == nil: // answered in the other order, and after a push
					held = r.Sub
				case r.Sub != nil:
					_ = ws.WriteJSON(response{MenuAdd: &category{Name: "Tea"}})
					_ = ws.WriteJSON(response{Sub: r.Sub})
					_ = ws.WriteJSON(response{Sub: held})
				default:
					_ = ws.WriteJSON(answerTo(r))
				}
			}
		}, socket(withoutIDs), socket(subscribedWithoutIDs))
		defer w.end()
		pushes := w.menu.Messages(0)
		w.login()
		for i := range 3 {
			w.submit(context.Background(), fmt.Sprint(i)).want(t, nil)
		}
		if got := published(pushes); len(got) != 1 || got[0].MenuAdd == nil {
			t.Errorf("got %+v, want the push alone", got)
		}
	})

	bubbles(t, "R2 a request that is cancelled keeps its turn", func(t *testing.T, engine change) {
		release := make(chan struct{})
		w := peerWorld(t, engine, func(_ int, ws *websocket.Conn) {
			follow(ws, func(r request) {
				if r.Echo != nil && r.Echo.Text == "slow" {
					<-release
				}
			})
		}, socket(withoutIDs))
		defer w.end()
		w.login()
		ctx, cancel := context.WithCancel(context.Background())
		slow := w.submit(ctx, "slow")
		cancel()
		slow.want(t, context.Canceled)
		next := w.submit(context.Background(), "next")
		close(release)
		next.want(t, nil)
	})

	bubbles(t, "X3 a peer that never answers is given up, not remembered without end", func(t *testing.T, engine change) {
		w := peerWorld(t, engine, func(_ int, ws *websocket.Conn) {
			follow(ws, func(r request) {
				for r.Echo != nil {
					if ws.ReadJSON(&r) != nil {
						return
					}
				}
			})
		}, socket(withoutIDs), socket(func(s *socketConfig) {
			s.RequestTimeout, s.Buffer.Count = time.Second, 2000
		}))
		defer w.end()
		w.login()
		for range 1100 {
			if _, err := w.menu.Submit(request{Echo: &echo{"?"}}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if got := w.menu.Status(); got.Failures != 1 {
			t.Errorf("got %+v, want the connection given up once", got)
		}
	})
}

func TestWhenNext(t *testing.T) {
	bubbles(t, "K2 the next attempt of a socket and of a login, and the life of the token", func(t *testing.T, engine change) {
		w := peerWorld(t, engine, func(n int, ws *websocket.Conn) {
			if n == 1 {
				return
			}
			follow(ws, func(request) {})
		})
		defer w.end()
		w.loginOnly()
		w.ofSocket(w.menu.Handle, transitions.SocketWaiting)
		status := w.session.Status()
		if until := time.Until(status.Sockets[0].Next); until <= 0 || until > 500*time.Millisecond {
			t.Errorf("got the next attempt in %v, want within 500ms", until)
		}
		if life := time.Until(status.StaleAt); life <= 0 || life > time.Hour {
			t.Errorf("got a token fresh for %v", life)
		}
		time.Sleep(time.Until(status.StaleAt) / 2)
		if got := w.session.Status(); !got.StaleAt.Equal(status.StaleAt) || !got.Sockets[0].Next.IsZero() {
			t.Errorf("got %+v, want the same end, and no attempt that is waited for", got)
		}
	})

	bubbles(t, "S3 a login that waits says until when", func(t *testing.T, engine change) {
		w := peerWorld(t, engine, func(int, *websocket.Conn) {})
		defer w.end()
		w.backend.Close()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		done := make(chan error, 1)
		go func() { done <- w.session.Login(ctx, ann) }()
		for w.session.Status().Login != transitions.LoginWaiting {
			time.Sleep(time.Millisecond)
			synctest.Wait() // its timer is started just after
		}
		if until := time.Until(w.session.Status().NextLogin); until <= 0 || until > 500*time.Millisecond {
			t.Errorf("got the next login in %v, want within 500ms", until)
		}
		if err := <-done; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the deadline", err)
		}
		if got := w.session.Status(); !got.NextLogin.IsZero() {
			t.Errorf("got %v, want nothing waited for", got.NextLogin)
		}
	})
}
