package configfile_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/codec"
	"github.com/custom-app/interlock/connector/configfile"
)

// hundred is a message of 100 bytes.
const hundred = `{"push":{"channel":"news","pub":{"data":{"text":"tea is ready, come"},"offset":1234567,"epoch":"a1"}}}`

// BenchmarkStream receives messages over loopback, from a server in the same process.
func BenchmarkStream(b *testing.B) {
	b.Run("configfile", func(b *testing.B) {
		file, err := configfile.Parse("bench.yaml", []byte(`
http: {base: "http://127.0.0.1:1", login: {url: /login}}
sockets: [{id: s, url: /ws, messageID: {request: /id}, error: /error, code: {number: /error/code}, pong: {to: {"": {is: {}}}, send: {}},
  rules: [{message: 109, means: expired}], ping: {send: {}, answer: {/type: pong}}}]`), configfile.Options{})
		if err != nil {
			b.Fatal(err)
		}
		config, err := file.Config()
		if err != nil {
			b.Fatal(err)
		}
		receive(b, config, config.Sockets[0].(connector.SocketConfig[configfile.User, configfile.Message, configfile.Message]))
	})
	b.Run("codec.JSON of a map", func(b *testing.B) {
		type tree = map[string]any
		config := connector.Config[configfile.Credentials, configfile.User]{Auth: &authhttp.JSON[configfile.Credentials, configfile.User]{LoginURL: "http://127.0.0.1:1"}}
		receive(b, config, connector.SocketConfig[configfile.User, tree, tree]{
			ID: "s", Codec: codec.JSON[tree, tree]{},
			SetID: func(m *tree, id uint64) { (*m)["id"] = id },
			GetID: func(m tree) (uint64, bool) { id, ok := m["id"].(float64); return uint64(id), ok },
		})
	})
}

func receive[M any](b *testing.B, config connector.Config[configfile.Credentials, configfile.User], s connector.SocketConfig[configfile.User, M, M]) {
	begin := make(chan int)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := (&websocket.Upgrader{WriteBufferSize: 1 << 16}).Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		go func() { // answers the close
			for _, _, err := conn.NextReader(); err == nil; _, _, err = conn.NextReader() {
			}
		}()
		message, _ := websocket.NewPreparedMessage(websocket.TextMessage, []byte(hundred))
		for n := range begin {
			for range n {
				if conn.WritePreparedMessage(message) != nil {
					return
				}
			}
		}
	}))
	defer server.Close()
	defer close(begin)
	s.URL, s.Slow = "ws"+server.URL[len("http"):]+"/ws", connector.HoldBack
	config.Sockets = []connector.AnySocket[configfile.User]{s}
	client, err := connector.New(config)
	if err != nil {
		b.Fatal(err)
	}
	session := client.NewSession()
	defer session.Close(context.Background())
	if err := session.Adopt(context.Background(), authhttp.Grant[configfile.User]{Pair: authhttp.Pair{Access: "A", Life: 1 << 40}}); err != nil {
		b.Fatal(err)
	}
	handle, err := connector.On[M, M](session, "s")
	if err != nil {
		b.Fatal(err)
	}
	messages := handle.Messages(0)
	defer messages.Close()
	b.ReportAllocs()
	b.ResetTimer()
	begin <- b.N
	for range b.N {
		if _, ok := messages.Next(context.Background()); !ok {
			b.Fatal("the stream has ended")
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}
