package connector_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/codec"
	"github.com/custom-app/interlock/connector/connectortest"
)

type (
	lines      = connector.Socket[string, string]
	lineConfig = connector.SocketConfig[user, string, string]
	lineStep   = connector.Step[user, string, string]
)

// lineWorld is a world whose one socket speaks lines of text, without ids.
func lineWorld(t *testing.T, engine change, serve func(n int, ws *websocket.Conn), edit func(*lineConfig)) (*world, *lines) {
	t.Helper()
	say := func(text string) lineStep {
		return lineStep{NoAnswer: true, Build: func(context.Context, connector.Known[user, string]) (string, error) { return text, nil }}
	}
	network, auth := connectortest.NewNetwork(), say("auth")
	declared := lineConfig{ID: "menu", URL: peer(t, network, serve), Codec: codec.Text[string]{}, Auth: &auth, Subscribe: []lineStep{say("sub")}}
	if edit != nil {
		edit(&declared)
	}
	w := newWorldOn(t, network, connectortest.Config{}, engine, undying, noSockets)
	w.config.Sockets = []connector.AnySocket[user]{declared}
	client, err := connector.New(w.config)
	if err != nil {
		t.Fatal(err)
	}
	w.session = client.NewSession()
	w.changes = w.session.Changes(0)
	socket, err := connector.On[string, string](w.session, "menu")
	if err != nil {
		t.Fatal(err)
	}
	return w, socket
}

// sending begins to send a line; it has been submitted when sending returns.
func sending(ctx context.Context, s *lines, text string) submitted {
	sent := submitted{text, make(chan settled, 1)}
	go func() {
		err := s.Send(ctx, text)
		sent.done <- settled{text, err, time.Now()}
	}()
	synctest.Wait()
	return sent
}

// lineLog is the lines that a server has received.
type lineLog struct {
	mu  sync.Mutex
	got []string
}

// serve writes down what comes, with the connection's number.
func (h *lineLog) serve(n int, ws *websocket.Conn) {
	for {
		_, text, err := ws.ReadMessage()
		if err != nil {
			return
		}
		h.mu.Lock()
		h.got = append(h.got, fmt.Sprint(n, " ", string(text)))
		h.mu.Unlock()
	}
}

// lines are what has come so far.
func (h *lineLog) lines() []string {
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.got)
}

func TestSend(t *testing.T) {
	forever := context.Background()

	bubbles(t, "R5 a message without an id settles when it is written", func(t *testing.T, engine change) {
		var got lineLog
		w, socket := lineWorld(t, engine, got.serve, nil)
		defer w.end()
		w.login()
		start := time.Now()
		for i := range 3 {
			sending(forever, socket, fmt.Sprint(i)).want(t, nil)
		}
		if fmt.Sprint(got.lines()) != "[1 auth 1 sub 1 0 1 1 1 2]" || time.Since(start) != 0 {
			t.Errorf("got %v after %v, want all at once and in order", got.lines(), time.Since(start))
		}
		if _, err := socket.Request(forever, "hi"); err == nil || !strings.Contains(err.Error(), "SetID and GetID") {
			t.Errorf("a request: got %v, want that it needs ids", err)
		}
	})

	bubbles(t, "R3 R5 what is sent offline waits for its need, in order, and goes once", func(t *testing.T, engine change) {
		var got lineLog
		w, socket := lineWorld(t, engine, got.serve, func(c *lineConfig) {
			c.Subscribe[0].Build = func(context.Context, connector.Known[user, string]) (string, error) {
				time.Sleep(time.Second)
				return "sub", nil
			}
		})
		defer w.end()
		w.network.Hang(true)
		w.loginOnly()
		var all []submitted
		for i := range 2 {
			for _, need := range allNeeds {
				all = append(all, sending(forever, socket.With(connector.Traits{Need: need, Repeatable: i == 1}), need.String()+fmt.Sprint(i)))
			}
		}
		for _, s := range all {
			s.pending(t)
		}
		w.network.Hang(false)
		for _, s := range all {
			s.want(t, nil)
		}
		w.until("socket", "subscribed")
		w.dropAndBack()
		if text := fmt.Sprint(got.lines()); !strings.HasPrefix(text, "[1 auth 1 open0 1 open1 1 authed0 1 authed1 1 sub 1 ready0 1 ready1 2 auth ") || strings.Contains(text, "2 open") {
			t.Errorf("got %v, want each in its place, once", got.lines())
		}
	})

	for _, c := range []struct {
		name   string
		buffer connector.Buffer
		end    func(w *world, s *lines, cancel func())
		want   error
		after  time.Duration
	}{
		{"dropped", connector.Buffer{Count: 1}, func(_ *world, s *lines, _ func()) { sending(forever, s, "newer") }, connector.ErrDropped, 0},
		{"refused", connector.Buffer{None: true}, func(*world, *lines, func()) {}, connector.ErrBufferFull, 0},
		{"cancelled", connector.Buffer{}, func(_ *world, _ *lines, cancel func()) { cancel() }, context.Canceled, 0},
		{"timed out", connector.Buffer{}, func(*world, *lines, func()) {}, connector.ErrTimedOut, 30 * time.Second},
		{"failed by close", connector.Buffer{}, func(w *world, _ *lines, _ func()) { w.logout() }, connector.ErrSocketClosed, 0},
	} {
		bubbles(t, "R2 R5 a message without an id, offline: "+c.name, func(t *testing.T, engine change) {
			var got lineLog
			w, socket := lineWorld(t, engine, got.serve, func(s *lineConfig) { s.Buffer = c.buffer })
			defer w.end()
			w.network.Hang(true)
			w.loginOnly()
			ctx, cancel := context.WithCancel(forever)
			defer cancel()
			start := time.Now()
			s := sending(ctx, socket, "hi")
			c.end(w, socket, cancel)
			if got := s.want(t, c.want); got.at.Sub(start) != c.after {
				t.Errorf("got told after %v, want %v", got.at.Sub(start), c.after)
			}
			w.network.Hang(false)
			time.Sleep(time.Minute)
			if text := fmt.Sprint(got.lines()); strings.Contains(text, "hi") {
				t.Errorf("got %v, want it never sent", got.lines())
			}
		})
	}

	bubbles(t, "R2 R5 a message that is stuck when the connection drops: unknown, or again if it may", func(t *testing.T, engine change) {
		read := make(chan struct{})
		var got lineLog
		w, socket := lineWorld(t, engine, func(n int, ws *websocket.Conn) {
			if n == 1 {
				<-read
				return
			}
			got.serve(n, ws)
		}, nil)
		defer w.end()
		defer close(read)
		w.login()
		w.until("socket", "subscribed")
		stuck := sending(forever, socket, strings.Repeat("x", 900<<10))
		plain := sending(forever, socket, "plain")
		again := sending(forever, socket.With(connector.Traits{Repeatable: true}), "again")
		for _, s := range []submitted{stuck, plain, again} {
			s.pending(t)
		}
		w.network.Drop()
		stuck.want(t, connector.ErrOutcomeUnknown)
		plain.want(t, connector.ErrOutcomeUnknown)
		again.want(t, nil)
		if fmt.Sprint(got.lines()) != "[2 auth 2 sub 2 again]" {
			t.Errorf("got %v on the second connection, want the one that may go again", got.lines())
		}
	})

	bubbles(t, "R5 many senders: each line once, those of one sender in order", func(t *testing.T, engine change) {
		var got lineLog
		w, socket := lineWorld(t, engine, got.serve, func(c *lineConfig) { c.Buffer.Count = 1000 })
		defer w.end()
		w.login()
		done := make(chan error)
		for i := range 20 {
			go func() {
				var errs []error
				for j := range 50 {
					errs = append(errs, socket.Send(forever, fmt.Sprintf("%02d/%02d", i, j)))
				}
				done <- errors.Join(errs...)
			}()
		}
		for range 20 {
			if err := <-done; err != nil {
				t.Errorf("got %v", err)
			}
		}
		synctest.Wait()
		last := map[string]string{}
		for _, line := range got.lines() {
			_, text, _ := strings.Cut(line, " ")
			sender, n, is := strings.Cut(text, "/")
			if is && n <= last[sender] {
				t.Errorf("sender %s: got %s after %s", sender, n, last[sender])
			}
			last[sender] = n
		}
		if len(got.lines()) != 2+1000 {
			t.Errorf("got %d lines, want 1000", len(got.lines())-2)
		}
	})

	bubbles(t, "R5 an encoder that fails, and a context that has ended, send nothing", func(t *testing.T, engine change) {
		var got lineLog
		w, socket := lineWorld(t, engine, got.serve, nil)
		defer w.end()
		w.login()
		ctx, cancel := context.WithCancel(forever)
		cancel()
		sending(ctx, socket, "ended").want(t, context.Canceled)
		if err := socket.Send(forever, "\xff\xfe"); err == nil || !strings.Contains(err.Error(), "encode") {
			t.Errorf("got %v for text that is not UTF-8, want a fault of the encoder", err)
		}
		sending(forever, socket, "good").want(t, nil)
		if fmt.Sprint(got.lines()) != "[1 auth 1 sub 1 good]" {
			t.Errorf("got %v on the wire, want the good one alone", got.lines())
		}
	})

	bubbles(t, "R5 on a socket with ids a message is sent without one, and its answer is for everybody", func(t *testing.T, engine change) {
		server := &wire{}
		w := peerWorld(t, engine, server.serve, undying)
		defer w.end()
		messages := w.menu.Messages(0)
		w.login()
		if err := w.menu.Send(forever, request{Echo: &echo{"hi"}}); err != nil {
			t.Fatal(err)
		}
		if m, _ := messages.Next(forever); m.Echo == nil || m.ID != 0 || fmt.Sprint(server.sentAs("hi")) != "[0]" {
			t.Errorf("got %+v to the ids %v, want it among the messages", m, server.sentAs("hi"))
		}
	})
}
