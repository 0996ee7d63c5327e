package connector_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/transitions"
)

// needing is the socket for requests with this need.
func (w *world) needing(need transitions.Need) *world {
	other := *w
	other.menu = w.menu.With(connector.Traits{Need: need})
	return &other
}

// repeating is the socket for requests that may reach the server twice.
func (w *world) repeating() *world {
	other := *w
	other.menu = w.menu.With(connector.Traits{Repeatable: true})
	return &other
}

// wire is what a hand-written server has received, and when it answers.
type wire struct {
	hold func(n int, r request) bool // do not answer this yet

	mu   sync.Mutex
	got  []string            // in order: the connection's number and what came
	ids  map[string][]uint64 // of echoes, by text
	held []func()
}

// serve answers what is not held.
func (s *wire) serve(n int, ws *websocket.Conn) {
	for {
		var r request
		if ws.ReadJSON(&r) != nil {
			return
		}
		s.mu.Lock()
		s.note(n, r)
		answer := func() { _ = ws.WriteJSON(answerTo(r)) }
		if s.hold != nil && s.hold(n, r) {
			s.held = append(s.held, answer)
		} else {
			answer()
		}
		s.mu.Unlock()
	}
}

func (s *wire) note(n int, r request) {
	what := "auth"
	switch {
	case r.Sub != nil:
		what = "sub"
	case r.Echo != nil:
		what = r.Echo.Text
		if s.ids == nil {
			s.ids = make(map[string][]uint64)
		}
		s.ids[what] = append(s.ids[what], r.ID)
	}
	s.got = append(s.got, fmt.Sprint(n, " ", what))
}

// lines are what has come so far.
func (s *wire) lines() []string {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got)
}

// from are those lines but the first n.
func (s *wire) from(n int) []string {
	lines := s.lines()
	return lines[max(min(n, len(lines)), 0):]
}

// sentAs are the ids that a text has come with.
func (s *wire) sentAs(text string) []uint64 {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.ids[text])
}

// release answers what was held so far.
func (s *wire) release() {
	synctest.Wait()
	s.mu.Lock()
	for _, answer := range s.held {
		answer()
	}
	s.held = nil
	s.mu.Unlock()
	synctest.Wait()
}

func TestNeeds(t *testing.T) {
	forever := context.Background()
	handshake := func(_ int, r request) bool { return r.Auth != nil || r.Sub != nil }

	bubbles(t, "R3 R4 each request goes out as soon as its need is met", func(t *testing.T, engine change) {
		server := &wire{hold: handshake}
		w := peerWorld(t, engine, server.serve, undying)
		defer w.end()
		w.network.Hang(true)
		w.loginOnly()
		ready := w.needing(transitions.NeedReady).submit(forever, "ready")
		authed := w.needing(transitions.NeedAuthed).submit(forever, "authed")
		open := w.needing(transitions.NeedOpen).submit(forever, "open")
		want := func(want string) {
			t.Helper()
			if got := fmt.Sprint(server.lines()); got != want {
				t.Errorf("got on the wire %v, want %v", got, want)
			}
		}
		want("[]")
		w.network.Hang(false)
		want("[1 auth 1 open]")
		open.want(t, nil)
		authed.pending(t)
		server.release() // auth
		if got := server.from(2); !slices.Contains(got, "1 sub") || !slices.Contains(got, "1 authed") || len(got) != 2 {
			t.Errorf("got %v after the answer to auth, want the subscription and the request", got)
		}
		authed.want(t, nil)
		ready.pending(t)
		server.release() // the subscription
		ready.want(t, nil)
		if got := server.from(4); fmt.Sprint(got) != "[1 ready]" {
			t.Errorf("got %v after the answer to the subscription, want the last request", got)
		}
	})

	for _, c := range []struct {
		name  string
		need  transitions.Need
		waits []bool // in authenticating, in subscribing, when ready
	}{
		{"open", transitions.NeedOpen, []bool{false, false, false}},
		{"authed", transitions.NeedAuthed, []bool{true, false, false}},
		{"ready", transitions.NeedReady, []bool{true, true, false}},
	} {
		bubbles(t, "R3 F11 what is submitted on the way goes at once, or waits for its need alone: "+c.name, func(t *testing.T, engine change) {
			server := &wire{hold: handshake}
			w := peerWorld(t, engine, server.serve, undying)
			defer w.end()
			w.loginOnly()
			for i, waits := range c.waits {
				s := w.needing(c.need).submit(forever, fmt.Sprint(i))
				if got := len(s.done) == 0; got != waits {
					t.Errorf("step %d: got it waiting: %v, want %v", i, got, waits)
				}
				server.release()
				if waits && (i == 1 || c.need == transitions.NeedAuthed) {
					s.want(t, nil)
				}
			}
		})
	}

	bubbles(t, "R3 what needs an open socket waits for a slow builder of auth", func(t *testing.T, engine change) {
		server := &wire{}
		w := peerWorld(t, engine, server.serve, undying, socket(func(s *socketConfig) {
			build := s.Auth.Build
			s.Auth.Build = func(ctx context.Context, k knowing) (request, error) {
				time.Sleep(5 * time.Second)
				return build(ctx, k)
			}
		}))
		defer w.end()
		w.loginOnly()
		w.needing(transitions.NeedOpen).submit(forever, "open").want(t, nil)
		if got := fmt.Sprint(server.lines()); !strings.HasPrefix(got, "[1 auth 1 open ") {
			t.Errorf("got %v, want the request behind auth", server.lines())
		}
	})

	for _, c := range []struct {
		name string
		edit change
	}{
		{"without auth", socket(func(s *socketConfig) { s.Auth = nil })},
		{"with auth that awaits no answer", socket(func(s *socketConfig) { s.Auth.NoAnswer = true })},
		{"that is public", socket(func(s *socketConfig) { s.Public = true })},
	} {
		bubbles(t, "R3 needs on a socket "+c.name, func(t *testing.T, engine change) {
			server := &wire{hold: func(_ int, r request) bool { return r.Sub != nil }}
			w := peerWorld(t, engine, server.serve, undying, c.edit)
			defer w.end()
			w.loginOnly()
			w.needing(transitions.NeedOpen).submit(forever, "open").want(t, nil)
			w.needing(transitions.NeedAuthed).submit(forever, "authed").want(t, nil)
			s := w.submit(forever, "ready")
			s.pending(t)
			server.release()
			s.want(t, nil)
		})
	}

	bubbles(t, "R3 a socket opened before login: open and authed are met, though nobody is logged in", func(t *testing.T, engine change) {
		server := &wire{}
		w := peerWorld(t, engine, server.serve, undying, socket(func(s *socketConfig) { s.Early = true }))
		defer w.end()
		if err := w.session.Open(); err != nil {
			t.Fatal(err)
		}
		w.needing(transitions.NeedOpen).submit(forever, "open").want(t, nil)
		if got := fmt.Sprint(server.lines()); got != "[1 open]" {
			t.Errorf("got %v, want the request without auth", got)
		}
		if err := w.session.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})

	bubbles(t, "R3 X4 a need that is none", func(t *testing.T, engine change) {
		w := peerWorld(t, engine, (&wire{}).serve, undying)
		defer w.end()
		w.login()
		if _, err := w.needing(77).echo("hi"); err == nil || !strings.Contains(err.Error(), "Need") {
			t.Errorf("got %v, want an error that names Need", err)
		}
		if got, err := w.echo("hi"); got != "hi" {
			t.Errorf("got %q, %v afterwards", got, err)
		}
	})

	bubbles(t, "F9 R4 in the order of submission across reconnects", func(t *testing.T, engine change) {
		server := &wire{}
		w := peerWorld(t, engine, server.serve, undying)
		defer w.end()
		w.login()
		w.until("socket", "subscribed")
		w.network.Refuse(true)
		w.network.Drop()
		w.until("socket", "waiting")
		var all []submitted
		for i := range 40 {
			if i%10 == 5 { // some attempts fail in between
				w.until("socket", "waiting")
			}
			s := w
			if i%4 == 3 {
				s = w.repeating() // which are never on the wire before
			}
			all = append(all, s.submit(forever, fmt.Sprint(i)))
		}
		w.network.Refuse(false)
		before := len(server.lines())
		for _, s := range all {
			s.want(t, nil)
		}
		want := []string{"2 auth", "2 sub"}
		for i := range all {
			want = append(want, fmt.Sprint("2 ", i))
		}
		got := server.from(before)
		for i, line := range got {
			_, what, _ := strings.Cut(line, " ")
			got[i] = "2 " + what // whatever the number of the connection
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func TestThousandRequests(t *testing.T) {
	bubbles(t, "R1 a thousand requests, answered in any order, a push before each", func(t *testing.T, engine change) {
		const n = 1000
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
				if waiting = append(waiting, r); len(waiting) < n {
					continue
				}
				for i := range waiting {
					r := waiting[i*619%n] // 619 and n have no common divisor
					_ = ws.WriteJSON(response{Push: &push{CategoryUpdate: &category{ID: int(r.ID)}}})
					_ = ws.WriteJSON(answerTo(r))
				}
				waiting = nil
			}
		}, undying, socket(func(s *socketConfig) { s.Buffer.Count = n }))
		defer w.end()
		messages := w.menu.Messages(2 * n)
		w.loginOnly()
		for range 2 { // before the socket is ready, and when it is
			all := make([]submitted, n)
			for i := range all {
				all[i] = submitted{fmt.Sprint(i), make(chan settled, 1)}
				go func() {
					res, err := w.menu.Request(context.Background(), request{Echo: &echo{all[i].text}})
					got := settled{err: err}
					if res.Echo != nil {
						got.text = res.Echo.Text
					}
					all[i].done <- got
				}()
			}
			for _, s := range all {
				s.want(t, nil)
			}
		}
		messages.Close()
		seen := map[int]bool{}
		for m := range messages.All(context.Background()) {
			if m.Push == nil || seen[m.Push.CategoryUpdate.ID] {
				t.Errorf("got the message %+v, want each push once and no answer", m)
				continue
			}
			seen[m.Push.CategoryUpdate.ID] = true
		}
		if len(seen) != 2*n || messages.Missed() != 0 {
			t.Errorf("got %d pushes and %d missed, want %d", len(seen), messages.Missed(), 2*n)
		}
	})
}
