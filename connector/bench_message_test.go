package connector_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
)

// ready logs in on a client whose one socket is served on loopback.
func ready(b *testing.B, serve func(*websocket.Conn), changes ...change) *connector.Socket[request, response] {
	b.Helper()
	upgrader := websocket.Upgrader{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			b.Error(err)
			return
		}
		serve(ws)
		_ = ws.Close()
	}))
	b.Cleanup(server.Close)
	s := menuSocket("ws" + strings.TrimPrefix(server.URL, "http"))
	s.Auth, s.Subscribe, s.Slow = nil, nil, connector.HoldBack
	config := connector.Config[credentials, user]{Auth: granting(authhttp.Pair{Access: "token"}), Sockets: []connector.AnySocket[user]{s}}
	for _, change := range changes {
		change(&config)
	}
	client, err := connector.New(config)
	if err != nil {
		b.Fatal(err)
	}
	session := client.NewSession()
	socket, err := connector.On[request, response](session, "menu")
	if err != nil {
		b.Fatal(err)
	}
	if err := session.Login(context.Background(), ann); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = session.Close(context.Background()) })
	return socket
}

// echoing answers each request with what it says, until the connection ends.
func echoing(ws *websocket.Conn) {
	for {
		kind, text, err := ws.ReadMessage()
		if err != nil || ws.WriteMessage(kind, text) != nil {
			return
		}
	}
}

// pushing sends a message of about 100 bytes, again and again, until the connection ends.
func pushing(ws *websocket.Conn) {
	go func() {
		for {
			if _, _, err := ws.ReadMessage(); err != nil {
				_ = ws.Close()
				return
			}
		}
	}()
	text := []byte(`{"push":{"categoryUpdate":{"id":4,"name":"` + strings.Repeat("x", 60) + `"}}}`)
	for ws.WriteMessage(websocket.TextMessage, text) == nil {
	}
}

// eachObserved runs a benchmark without an observer, and with one that does nothing.
func eachObserved(b *testing.B, bench func(b *testing.B, changes ...change)) {
	b.Run("silent", func(b *testing.B) { bench(b) })
	b.Run("observed", func(b *testing.B) { bench(b, observing(connector.NoObserver{})) })
}

// BenchmarkRequest is one request and its answer, over loopback.
func BenchmarkRequest(b *testing.B) { eachObserved(b, benchmarkRequest) }

func benchmarkRequest(b *testing.B, changes ...change) {
	socket := ready(b, echoing, changes...)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		if _, err := socket.Request(context.Background(), request{Echo: &echo{Text: "hello"}}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMessage is one message of about 100 bytes, over loopback, of a server that
// sends as fast as its consumer takes them.
func BenchmarkMessage(b *testing.B) { eachObserved(b, benchmarkMessage) }

func benchmarkMessage(b *testing.B, changes ...change) {
	socket := ready(b, pushing, changes...)
	messages := socket.Messages(0)
	defer messages.Close()
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		if _, ok := messages.Next(context.Background()); !ok {
			b.Fatal("the stream has ended")
		}
	}
}
