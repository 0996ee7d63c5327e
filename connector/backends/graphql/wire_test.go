package graphql_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/custom-app/interlock/connector/backends/graphql"
)

// wire is a bare connection to the server.
type wire struct {
	t    *testing.T
	conn *websocket.Conn
}

// dial connects without another word.
func dial(t *testing.T, server *graphql.Server) wire {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), "ws://"+server.Address()+"/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	return wire{t, conn}
}

// enter connects, and is let in.
func enter(t *testing.T, server *graphql.Server) wire {
	t.Helper()
	w := dial(t, server)
	w.send(`{"type":"connection_init","payload":{"Authorization":"Bearer ` + token(t, server) + `"}}`)
	w.wants(`{"payload":{"name":"ann"},"type":"connection_ack"}`)
	return w
}

func (w wire) send(texts ...string) {
	w.t.Helper()
	for _, text := range texts {
		if err := w.conn.Write(w.t.Context(), websocket.MessageText, []byte(text)); err != nil {
			w.t.Fatal(err)
		}
	}
}

// next returns the next message, or how the connection was closed.
func (w wire) next() string {
	ctx, cancel := context.WithTimeout(w.t.Context(), 5*time.Second)
	defer cancel()
	_, text, err := w.conn.Read(ctx)
	var closed websocket.CloseError
	switch {
	case errors.As(err, &closed):
		return fmt.Sprintf("%d %s", closed.Code, closed.Reason)
	case err != nil:
		return err.Error()
	}
	return strings.TrimSpace(string(text))
}

// wants checks the next messages, or the close after them.
func (w wire) wants(wants ...string) {
	w.t.Helper()
	for _, want := range wants {
		if got := w.next(); got != want {
			w.t.Fatalf("got %s, want %s", got, want)
		}
	}
}

// token is one of ann.
func token(t *testing.T, server *graphql.Server) string {
	t.Helper()
	token, err := server.Token("ann")
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// serve starts a server that lasts as long as the test.
func serve(t *testing.T, life, pingEvery time.Duration) *graphql.Server {
	t.Helper()
	server, err := graphql.Start(life, pingEvery)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server
}

func TestWire(t *testing.T) {
	server := serve(t, time.Minute, 0)

	for _, refused := range []struct{ name, message, want string }{
		{"a token that was never good", `{"type":"connection_init","payload":{"Authorization":"Bearer x"}}`, "4403 Forbidden"},
		{"no payload", `{"type":"connection_init"}`, "4403 Forbidden"},
		{"another first message", `{"id":"1","type":"subscribe","payload":{"query":"{ __typename }"}}`, "1002 unexpected message"},
		{"a first message of no type of the protocol", `{"type":"hello"}`, "1002 decoding error"},
		{"no first message", "", "1002 connection initialisation timeout"},
	} {
		t.Run("K9 "+refused.name, func(t *testing.T) {
			t.Parallel()
			w := dial(t, server)
			if refused.message != "" {
				w.send(refused.message)
			}
			w.wants(refused.want)
		})
	}
	for _, later := range []struct{ name, message, want string }{
		{"a second connection_init", `{"type":"connection_init"}`, "1002 unexpected message"},
		{"a later message of no type of the protocol", `{"type":"hello"}`, "1000 terminated"},
	} {
		t.Run("K9 "+later.name, func(t *testing.T) {
			w := enter(t, server)
			w.send(later.message)
			w.wants(later.want)
		})
	}

	t.Run("K13 a payload that is no object gets no answer, and no close", func(t *testing.T) {
		w := dial(t, server)
		w.send(`{"type":"connection_init","payload":"x"}`)
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond) // longer than the time for connection_init
		defer cancel()
		if _, text, err := w.conn.Read(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %s, %v", text, err)
		}
	})

	t.Run("R1 a query gets next and complete, and its id is a text", func(t *testing.T) {
		w := enter(t, server)
		w.send(`{"id":"q","type":"subscribe","payload":{"query":"{ a: echo(text: \"hi\") __typename }"}}`)
		w.wants(`{"payload":{"data":{"__typename":"Query","a":"hi"}},"id":"q","type":"next"}`, `{"id":"q","type":"complete"}`)
	})
	t.Run("R2 an error of a field is in next, that of a query is an error", func(t *testing.T) {
		w := enter(t, server)
		w.send(`{"id":"1","type":"subscribe","payload":{"query":"{ echo(text: \"\") }"}}`)
		w.wants(`{"payload":{"errors":[{"message":"echo: the text is empty"}],"data":null},"id":"1","type":"next"}`, `{"id":"1","type":"complete"}`)
		w.send(`{"id":"2","type":"subscribe","payload":{"query":"{ nothing }"}}`)
		w.wants(`{"payload":[{"message":"Cannot query field \"nothing\" on type \"Query\".","locations":[{"line":1,"column":3}],`+
			`"extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}],"id":"2","type":"error"}`, `{"id":"2","type":"complete"}`)
	})
	t.Run("R5 a subscription is not acknowledged, and an id in use begins another", func(t *testing.T) {
		alone := serve(t, time.Minute, 0)
		w := enter(t, alone)
		w.send(`{"id":"n","type":"subscribe","payload":{"query":"subscription { news }"}}`)
		if err := alone.Push(t.Context(), "one"); err != nil {
			t.Fatal(err)
		}
		w.wants(`{"payload":{"data":{"news":"one"}},"id":"n","type":"next"}`)
		w.send(`{"id":"n","type":"subscribe","payload":{"query":"subscription { news }"}}`)
		if err := alone.PushTo(t.Context(), 2, "two"); err != nil {
			t.Fatal(err)
		}
		w.wants(`{"payload":{"data":{"news":"two"}},"id":"n","type":"next"}`, `{"payload":{"data":{"news":"two"}},"id":"n","type":"next"}`)
	})
	t.Run("R5 a mutation tells who is subscribed, and complete from the client ends that", func(t *testing.T) {
		alone := serve(t, time.Minute, 0)
		w, other := enter(t, alone), enter(t, alone)
		w.send(`{"id":"n","type":"subscribe","payload":{"query":"subscription { news }"}}`)
		if err := alone.Push(t.Context(), "first"); err != nil {
			t.Fatal(err)
		}
		w.wants(`{"payload":{"data":{"news":"first"}},"id":"n","type":"next"}`)
		other.send(`{"id":"m","type":"subscribe","payload":{"query":"mutation { say(text: \"it rains\") }"}}`)
		other.wants(`{"payload":{"data":{"say":"it rains"}},"id":"m","type":"next"}`, `{"id":"m","type":"complete"}`)
		w.wants(`{"payload":{"data":{"news":"it rains"}},"id":"n","type":"next"}`)
		w.send(`{"id":"n","type":"complete"}`)
		w.wants(`{"id":"n","type":"complete"}`)
	})

	t.Run("K10 a ping gets a pong with its payload", func(t *testing.T) {
		w := enter(t, server)
		w.send(`{"type":"ping","payload":{"n":1}}`)
		w.wants(`{"payload":{"n":1},"type":"pong"}`)
	})
	t.Run("K10 a server whose ping is not answered ends the connection without a close frame", func(t *testing.T) {
		w := enter(t, serve(t, time.Minute, 50*time.Millisecond))
		w.wants(`{"type":"ping"}`)
		got := w.next()
		for got == `{"type":"ping"}` {
			got = w.next()
		}
		if !strings.Contains(got, "EOF") && !strings.Contains(got, "reset") {
			t.Errorf("got %s, want the end of the connection", got)
		}
	})

	t.Run("T2 the end of a token, or of its user, is a close with 1000, and nothing before it", func(t *testing.T) {
		t.Parallel()
		ended := enter(t, serve(t, time.Second, 0))
		ended.send(`{"id":"n","type":"subscribe","payload":{"query":"subscription { news }"}}`)
		ended.wants("1000 terminated")
		alone := serve(t, time.Minute, 0)
		revoked := enter(t, alone)
		if err := alone.Revoke(t.Context(), "ann"); err != nil {
			t.Fatal(err)
		}
		revoked.wants("1000 terminated")
	})
}
