package connector_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/connector"
)

// deafPeer answers the way to ready of its first connection, and reads nothing more.
func deafPeer(n int, ws *websocket.Conn, stop <-chan struct{}) {
	if n > 1 {
		follow(ws, func(request) {})
		return
	}
	for range 2 {
		var r request
		if ws.ReadJSON(&r) != nil || ws.WriteJSON(answerTo(r)) != nil {
			return
		}
	}
	<-stop
}

func TestQueue(t *testing.T) {
	bubbles(t, "X3 a peer that does not read is given up when too much waits for it", func(t *testing.T, engine change) {
		stop := make(chan struct{})
		w := peerWorld(t, engine, func(n int, ws *websocket.Conn) { deafPeer(n, ws, stop) })
		defer w.end()
		defer close(stop)
		w.login()
		errs := w.session.Errors(0)
		start := time.Now()
		var all []*connector.Pending[response]
		for range 20 {
			pending, err := w.menu.Submit(request{Echo: &echo{strings.Repeat("x", 1<<20)}})
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, pending)
		}
		for _, pending := range all {
			if _, err := pending.Wait(context.Background()); err == nil {
				t.Error("got an answer of a peer that reads nothing")
			}
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("got given up after %v, want long before WriteTimeout", took)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err, ok := errs.Next(ctx); !ok || !strings.Contains(err.Error(), "reads too slowly") {
			t.Errorf("got %v, want to be told why", err)
		}
	})
	bubbles(t, "K10 X3 of the answers to a server's pings only the latest waits", func(t *testing.T, engine change) {
		flooded := make(chan struct{})
		w := peerWorld(t, engine, func(_ int, ws *websocket.Conn) {
			pings := []byte(strings.Repeat(`{"echo":{"text":"ping"}}`+"\n", 1000))
			follow(ws, func(r request) {
				if r.Echo == nil || r.Echo.Text != "flood" {
					return
				}
				for range 100 { // and reads nothing meanwhile
					if ws.WriteMessage(websocket.TextMessage, pings) != nil {
						return
					}
				}
				close(flooded)
			})
		}, socket(func(s *socketConfig) {
			s.Heartbeat.Reply = func(r response) (request, bool) {
				return request{Echo: &echo{strings.Repeat("pong", 100)}}, r.ID == 0 && r.Echo != nil && r.Echo.Text == "ping"
			}
		}))
		defer w.end()
		w.login()
		if _, err := w.echo("flood"); err != nil {
			t.Errorf("got %v, want the answer behind the pings", err)
		}
		<-flooded
		time.Sleep(time.Second)
		if got := w.session.Status(); got.Sockets[0].Generation != 1 || !got.Ready {
			t.Errorf("got %+v, want ready on the first connection", got)
		}
	})
}
