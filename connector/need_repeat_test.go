package connector_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

// holding is a server that answers no echo, until told, on connections up to n.
func holding(n int) *wire {
	return &wire{hold: func(on int, r request) bool { return r.Echo != nil && on <= n }}
}

// dropAndBack drops the connection and waits until the socket is ready again.
func (w *world) dropAndBack() {
	w.t.Helper()
	synctest.Wait() // for what is on its way
	w.network.Drop()
	w.until("socket", "waiting")
	w.until("socket", "subscribed")
	synctest.Wait()
}

func TestInFlight(t *testing.T) {
	forever := context.Background()

	bubbles(t, "F10 F32 in flight when the connection drops: unknown at once, or again once on the next", func(t *testing.T, engine change) {
		server := holding(4)
		w := peerWorld(t, engine, server.serve, undying)
		defer w.end()
		w.login()
		w.until("socket", "subscribed")
		var once, again []submitted
		for i := range 5 {
			once = append(once, w.submit(forever, fmt.Sprint("once", i)))
			again = append(again, w.repeating().submit(forever, fmt.Sprint("again", i)))
		}
		start := time.Now()
		for i := range 4 {
			w.dropAndBack()
			if i > 0 {
				continue
			}
			for _, s := range once {
				if got := s.want(t, connector.ErrOutcomeUnknown); got.at != start {
					t.Errorf("request %s: got told %v later, want at once", s.text, got.at.Sub(start))
				}
			}
		}
		for _, s := range again {
			s.want(t, nil)
		}
		for i := range 5 {
			if got := server.sentAs(once[i].text); len(got) != 1 {
				t.Errorf("request %s: got sent with the ids %v, want once", once[i].text, got)
			}
			got := server.sentAs(again[i].text)
			if len(got) != 5 || got[0] != slices.Max(got) || got[0] != slices.Min(got) {
				t.Errorf("request %s: got sent with the ids %v, want five times the same: once on each connection", again[i].text, got)
			}
		}
		for n := 2; n <= 5; n++ { // in the order of submission
			var got []string
			for _, line := range server.lines() {
				if text, ok := strings.CutPrefix(line, fmt.Sprint(n, " again")); ok {
					got = append(got, text)
				}
			}
			if fmt.Sprint(got) != "[0 1 2 3 4]" {
				t.Errorf("connection %d: got %v sent again, want all in order", n, got)
			}
		}
	})

	bubbles(t, "R2 F32 what was never on the wire goes out once, marked or not", func(t *testing.T, engine change) {
		server := &wire{}
		w := peerWorld(t, engine, server.serve, undying)
		defer w.end()
		w.network.Hang(true)
		w.loginOnly()
		plain, marked := w.submit(forever, "plain"), w.repeating().submit(forever, "marked")
		w.network.Hang(false)
		plain.want(t, nil)
		marked.want(t, nil)
		w.until("socket", "subscribed")
		w.dropAndBack()
		if len(server.sentAs("plain")) != 1 || len(server.sentAs("marked")) != 1 {
			t.Errorf("got sent %v, want each once: they were answered", server.lines())
		}
	})

	bubbles(t, "R2 timed out, counted from submission, however often it was sent", func(t *testing.T, engine change) {
		server := holding(1000)
		w := peerWorld(t, engine, server.serve, undying)
		defer w.end()
		w.login()
		w.until("socket", "subscribed")
		start := time.Now()
		s := w.repeating().submit(forever, "again")
		for time.Since(start) < 25*time.Second {
			w.dropAndBack()
		}
		if got := s.want(t, connector.ErrTimedOut).at.Sub(start); got != 30*time.Second {
			t.Errorf("got timed out after %v, want 30s", got)
		}
		sent := len(server.sentAs("again"))
		w.dropAndBack()
		if got := len(server.sentAs("again")); sent < 3 || got != sent {
			t.Errorf("got it sent %d and then %d times, want often, and not after its end", sent, got)
		}
	})

	for _, c := range []struct {
		name string
		end  func(w *world, cancel func())
		want error
	}{
		{"cancelled", func(_ *world, cancel func()) { cancel() }, context.Canceled},
		{"its socket closed by hand", func(w *world, _ func()) { _ = w.menu.Close(forever) }, connector.ErrSocketClosed},
		{"logged out", func(w *world, _ func()) { w.logout() }, connector.ErrSocketClosed},
	} {
		bubbles(t, "R2 to go out again, and "+c.name+" before", func(t *testing.T, engine change) {
			server := holding(1000)
			w := peerWorld(t, engine, server.serve, undying)
			defer w.end()
			w.login()
			w.until("socket", "subscribed")
			ctx, cancel := context.WithCancel(forever)
			defer cancel()
			s := w.repeating().submit(ctx, "again")
			w.network.Hang(true)
			w.network.Drop()
			w.until("socket", "socketOpening")
			s.pending(t)
			c.end(w, cancel)
			s.want(t, c.want)
			w.network.Hang(false)
			w.logout()
			w.login()
			if got := len(server.sentAs("again")); got != 1 {
				t.Errorf("got it sent %d times, want once", got)
			}
		})
	}

	bubbles(t, "R1 an answer that comes on the next connection reaches nobody who does not wait", func(t *testing.T, engine change) {
		var late []response
		w := peerWorld(t, engine, func(n int, ws *websocket.Conn) {
			for {
				var r request
				if ws.ReadJSON(&r) != nil {
					return
				}
				for _, answer := range late {
					_ = ws.WriteJSON(answer)
				}
				late = nil
				if r.Echo != nil && n == 1 {
					late = append(late, answerTo(r))
					return
				}
				_ = ws.WriteJSON(answerTo(r))
			}
		}, undying)
		defer w.end()
		messages, errs := w.menu.Messages(0), w.menu.Errors(0)
		w.login()
		w.until("socket", "subscribed")
		w.submit(forever, "lost").want(t, connector.ErrOutcomeUnknown)
		w.submit(forever, "next").want(t, nil)
		m, ok := messages.Next(forever)
		if !ok || m.Echo == nil || m.Echo.Text != "lost" {
			t.Errorf("got %+v, want the late answer among the messages", m)
		}
		wantFaults(t, errs, "read: ")
	})

	bubbles(t, "R2 R1 an answer that comes on the next connection, before the request goes out again", func(t *testing.T, engine change) {
		sent := 0
		w := peerWorld(t, engine, func(n int, ws *websocket.Conn) {
			for {
				var r request
				if ws.ReadJSON(&r) != nil {
					return
				}
				switch {
				case r.Echo != nil && n == 1:
					sent++
					return
				case r.Echo != nil:
					sent++
				case r.Auth != nil && n == 2: // the id of the request is one less
					_ = ws.WriteJSON(response{ID: r.ID - 1, Echo: &echo{"again"}})
				}
				_ = ws.WriteJSON(answerTo(r))
			}
		}, undying)
		defer w.end()
		w.login()
		w.until("socket", "subscribed")
		w.repeating().submit(forever, "again").want(t, nil)
		w.until("socket", "subscribed")
		if sent > 2 {
			t.Errorf("got it sent %d times, want at most twice", sent)
		}
		if got, err := w.echo("more"); got != "more" {
			t.Errorf("got %q, %v afterwards", got, err)
		}
	})

	bubbles(t, "R1 an answer that comes too late reaches nobody", func(t *testing.T, engine change) {
		server := holding(1000)
		w := peerWorld(t, engine, server.serve, undying)
		defer w.end()
		messages := w.menu.Messages(0)
		w.login()
		ctx, cancel := context.WithTimeout(forever, time.Second)
		defer cancel()
		w.submit(ctx, "left").want(t, context.DeadlineExceeded)
		w.submit(forever, "timed out").want(t, connector.ErrTimedOut)
		next := w.submit(forever, "next")
		server.release()
		next.want(t, nil)
		for _, want := range []string{"left", "timed out"} {
			if m, _ := messages.Next(forever); m.Echo == nil || m.Echo.Text != want {
				t.Errorf("got %+v, want the answer to %q among the messages", m, want)
			}
		}
	})
}

func TestBackInTheBuffer(t *testing.T) {
	forever := context.Background()
	for _, c := range []struct {
		name   string
		buffer connector.Buffer
		want   []error // of three that were in flight, which the server may have, and two that came after
	}{
		{"drop the oldest", connector.Buffer{Count: 3}, []error{connector.ErrOutcomeUnknown, connector.ErrOutcomeUnknown, nil, nil, nil}},
		{"drop the newest", connector.Buffer{Count: 3, Policy: transitions.DropNewest}, []error{nil, nil, nil, connector.ErrDropped, connector.ErrDropped}},
		{"refuse", connector.Buffer{Count: 3, Policy: transitions.Refuse}, []error{nil, nil, nil, connector.ErrBufferFull, connector.ErrBufferFull}},
		{"fewer than were in flight", connector.Buffer{Count: 2}, []error{connector.ErrOutcomeUnknown, connector.ErrOutcomeUnknown, connector.ErrOutcomeUnknown, nil, nil}},
	} {
		bubbles(t, "R3 R2 what is to go out again takes its place in the buffer: "+c.name, func(t *testing.T, engine change) {
			server := holding(1)
			w := peerWorld(t, engine, server.serve, undying, buffers(c.buffer, nil, nil))
			defer w.end()
			w.login()
			w.until("socket", "subscribed")
			var all []submitted
			for i := range 3 {
				all = append(all, w.repeating().submit(forever, fmt.Sprint("flight", i)))
			}
			w.network.Hang(true)
			w.network.Drop()
			w.until("socket", "socketOpening")
			for i := range 2 {
				all = append(all, w.submit(forever, fmt.Sprint("later", i)))
			}
			for i, want := range c.want {
				if want == nil {
					all[i].pending(t)
				} else {
					all[i].want(t, want)
				}
			}
			w.network.Hang(false)
			var sent []string
			for i, want := range c.want {
				if want == nil {
					all[i].want(t, nil)
					sent = append(sent, "2 "+all[i].text)
				}
			}
			if got := server.from(len(server.lines()) - len(sent)); !slices.Equal(got, sent) {
				t.Errorf("got %v on the wire, want it to end with %v", server.lines(), sent)
			}
		})
	}

	bubbles(t, "R2 R3 without a buffer, what was in flight and may go out again has an unknown outcome", func(t *testing.T, engine change) {
		server := holding(1)
		w := peerWorld(t, engine, server.serve, undying, buffers(connector.Buffer{None: true}, nil, nil))
		defer w.end()
		w.login()
		w.until("socket", "subscribed")
		s := w.repeating().submit(forever, "flight")
		w.network.Drop()
		s.want(t, connector.ErrOutcomeUnknown) // not refused: the server may have it
	})
}

func TestInFlightOverTCP(t *testing.T) {
	overTCP(t, "R2 F10 F32 unknown, or answered on the next connection", connectortest.Config{AccessLife: time.Hour}, func(w *world) {
		w.login()
		w.until("socket", "subscribed")
		w.script(connectortest.HoldRequests(2))
		outcomes := map[bool]chan error{false: make(chan error, 1), true: make(chan error, 1)}
		for repeatable, done := range outcomes {
			socket := w.menu.With(connector.Traits{Repeatable: repeatable})
			go func() {
				_, err := socket.Request(context.Background(), request{Echo: &echo{"hi"}})
				done <- err
			}()
		}
		for w.backend.Counts().Requests < 2 { // each look is a round trip to the server
			w.me(w.token().Access.Reveal())
		}
		w.script(connectortest.DropSockets())
		if err := <-outcomes[false]; !errors.Is(err, connector.ErrOutcomeUnknown) {
			w.t.Errorf("got %v, want unknown", err)
		}
		if err := <-outcomes[true]; err != nil {
			w.t.Errorf("got %v, want an answer on the next connection", err)
		}
		if got := w.backend.Counts().Requests; got != 3 {
			w.t.Errorf("got %d requests on the wire, want two, and one of them again", got)
		}
	})
}
