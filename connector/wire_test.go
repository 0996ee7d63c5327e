package connector_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

func TestOrderOnTheWire(t *testing.T) {
	bubbles(t, "F41 auth, subscriptions, buffered requests in order, then ready", func(t *testing.T, engine change) {
		wire := make(chan string, 100)
		w := peerWorld(t, engine, func(n int, ws *websocket.Conn) {
			follow(ws, func(r request) {
				switch {
				case r.Auth != nil:
					wire <- "auth"
				case r.Sub != nil:
					wire <- r.Sub.Kind
				case r.Echo != nil:
					wire <- r.Echo.Text
				}
				time.Sleep(time.Second) // a slow server
			})
		}, socket(func(s *socketConfig) { s.Subscribe = []socketStep{sub("a"), sub("b")} }))
		defer w.end()
		w.loginOnly()
		var all []submitted
		for i := range 4 {
			all = append(all, w.submit(context.Background(), fmt.Sprint(i)))
		}
		w.until("session", "subscribed")
		all = append(all, w.submit(context.Background(), "after ready"))
		for _, s := range all {
			s.want(t, nil)
		}
		close(wire)
		var got []string
		for text := range wire {
			got = append(got, text)
		}
		if want := "[auth a b 0 1 2 3 after ready]"; fmt.Sprint(got) != want {
			t.Errorf("F9 got %v, want %v", got, want)
		}
	})

	bubbles(t, "F37 no id is used twice, and an old id answers nothing new", func(t *testing.T, engine change) {
		ids := make(chan uint64, 100)
		w := peerWorld(t, engine, func(n int, ws *websocket.Conn) {
			for {
				var r request
				if ws.ReadJSON(&r) != nil {
					return
				}
				ids <- r.ID
				if r.Echo != nil && n == 1 {
					return // and the outcome is unknown
				}
				for old := range r.ID {
					_ = ws.WriteJSON(response{ID: old, Echo: &echo{"stale"}})
				}
				_ = ws.WriteJSON(answerTo(r))
			}
		})
		defer w.end()
		w.login()
		w.submit(context.Background(), "lost").want(t, connector.ErrOutcomeUnknown)
		w.submit(context.Background(), "second").want(t, nil)
		w.logout()
		w.login()
		w.submit(context.Background(), "third").want(t, nil)
		seen := map[uint64]bool{}
		for range len(ids) {
			id := <-ids
			if seen[id] || id == 0 {
				t.Errorf("got id %d twice, or 0", id)
			}
			seen[id] = true
		}
		if len(seen) != 9 {
			t.Errorf("got %d ids, want 9", len(seen))
		}
	})

	bubbles(t, "R1 answers in any order, each to its own request", func(t *testing.T, engine change) {
		w := peerWorld(t, engine, func(_ int, ws *websocket.Conn) {
			var waiting []request
			for {
				var r request
				if ws.ReadJSON(&r) != nil {
					return
				}
				if r.Echo == nil {
					_ = ws.WriteJSON(answerTo(r))
					continue
				}
				if waiting = append(waiting, r); len(waiting) == 5 {
					for i := range waiting {
						_ = ws.WriteJSON(response{Push: &push{CategoryUpdate: &category{ID: i}}})
						_ = ws.WriteJSON(answerTo(waiting[4-i]))
						_ = ws.WriteJSON(answerTo(waiting[4-i])) // twice
					}
				}
			}
		})
		defer w.end()
		messages := w.menu.Messages(0)
		w.login()
		var all []submitted
		for i := range 5 {
			all = append(all, w.submit(context.Background(), fmt.Sprint(i)))
		}
		for _, s := range all {
			s.want(t, nil)
		}
		synctest.Wait()
		messages.Close()
		var got []string
		for m := range messages.All(context.Background()) {
			if m.Push != nil {
				got = append(got, fmt.Sprint("push ", m.Push.CategoryUpdate.ID))
			} else {
				got = append(got, "again "+m.Echo.Text)
			}
		}
		if want := "[push 0 again 4 push 1 again 3 push 2 again 2 push 3 again 1 push 4 again 0]"; fmt.Sprint(got) != want {
			t.Errorf("got %v, want %v", got, want)
		}
	})

	engines(t, "R1 many at once", connectortest.Config{}, func(w *world) {
		w.login()
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() {
				for j := range 20 {
					text := fmt.Sprint(i, j)
					if got, err := w.echo(text); got != text {
						w.t.Errorf("got %q, %v, want %q", got, err, text)
					}
				}
			})
		}
		all.Wait()
	})
}

func TestMessages(t *testing.T) {
	engines(t, "R5 every consumer gets every push in order; a slow one loses the oldest and knows", connectortest.Config{}, func(w *world) {
		streams := []*connector.Stream[response]{w.menu.Messages(0), w.menu.Messages(0), w.menu.Messages(3)}
		w.login()
		for i := range 10 {
			if err := w.backend.Push(push{CategoryUpdate: &category{ID: i}}); err != nil {
				w.t.Fatal(err)
			}
		}
		synctest.Wait()
		for i, s := range streams {
			s.Close()
			var got []int
			for m := range s.All(context.Background()) {
				if m.Push.CategoryUpdate != nil {
					got = append(got, m.Push.CategoryUpdate.ID)
				}
			}
			want, missed := "[0 1 2 3 4 5 6 7 8 9]", uint64(0)
			if i == 2 {
				want, missed = "[7 8 9]", 8 // the list of categories came first
			}
			if fmt.Sprint(got) != want || s.Missed() != missed {
				w.t.Errorf("consumer %d: got %v and %d missed, want %v and %d", i, got, s.Missed(), want, missed)
			}
		}
	})
}
