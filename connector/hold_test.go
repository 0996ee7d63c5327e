package connector

import (
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/connector/connectortest"
)

// TestHold shows that subscription messages wait until it is known how many
// answers are awaited, also when somebody else flushes the connection meanwhile:
// an answer before that would not be counted.
func TestHold(t *testing.T) {
	t.Run("K4 held frames leave when they are released", func(t *testing.T) {
		backend, err := connectortest.Start(connectortest.Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = backend.Close() }()
		ws, _, err := websocket.DefaultDialer.Dial(backend.WebSocketURL(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = ws.Close() }()
		c := newConnection(&socketRun{wiring: &wiring{write: time.Minute}}, &opened{ws: ws}, 1)

		c.hold(frame{websocket.TextMessage, []byte(`{"id":1,"echo":{"text":"a"}}`)})
		c.flush()
		if got := len(c.queue); got != 1 {
			t.Fatalf("got %d frames waiting while held, want 1", got)
		}
		c.release()
		if got := len(c.queue); got != 0 {
			t.Errorf("got %d frames waiting after the release, want 0", got)
		}
		if _, _, err := ws.ReadMessage(); err != nil {
			t.Errorf("the peer has not answered what was released: %v", err)
		}
	})
}
