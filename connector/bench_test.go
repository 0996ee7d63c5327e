package connector_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

// loopback is a backend on loopback and a client whose connections are kept.
func loopback(b *testing.B) (*connectortest.Backend, *http.Client) {
	b.Helper()
	backend, err := connectortest.Start(connectortest.Config{AccessLife: time.Hour})
	if err != nil {
		b.Fatal(err)
	}
	transport := &http.Transport{}
	b.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := backend.Close(); err != nil {
			b.Error(err)
		}
	})
	return backend, &http.Client{Transport: transport}
}

// sizes are what is opened: one socket is four round trips of which none can go
// beside another; a group of sockets, with several subscriptions each, has some
// that can.
var sizes = []struct{ sockets, subscriptions int }{{1, 1}, {2, 2}, {4, 2}}

func eachSize(b *testing.B, bench func(b *testing.B, sockets, subscriptions int)) {
	for _, size := range sizes {
		b.Run(fmt.Sprintf("sockets=%d/subscriptions=%d", size.sockets, size.subscriptions), func(b *testing.B) {
			bench(b, size.sockets, size.subscriptions)
		})
	}
}

// BenchmarkLoginToReady is one login until its sockets are authorised and
// subscribed. Logging out is not counted.
func BenchmarkLoginToReady(b *testing.B) {
	eachSize(b, func(b *testing.B, sockets, subscriptions int) {
		backend, client := loopback(b)
		config := connector.Config[credentials, user]{
			Auth: &authhttp.JSON[credentials, user]{
				LoginURL: backend.URL() + "/login", RefreshURL: backend.URL() + "/refresh", LogoutURL: backend.URL() + "/logout",
				Client: client,
			},
		}
		for i := range sockets {
			socket := menuSocket(backend.WebSocketURL())
			socket.ID = fmt.Sprint("menu", i)
			socket.Subscribe = nil
			for n := range subscriptions {
				socket.Subscribe = append(socket.Subscribe, sub(kinds[n]))
			}
			config.Sockets = append(config.Sockets, socket)
		}
		c, err := connector.New(config)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		b.ResetTimer()
		for range b.N {
			session := c.NewSession()
			if err := session.Login(context.Background(), ann); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			if err := session.Logout(context.Background()); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
	})
}

// BenchmarkLoginToReadyByHand is the same round trips in a straight line.
func BenchmarkLoginToReadyByHand(b *testing.B) {
	eachSize(b, func(b *testing.B, sockets, subscriptions int) {
		backend, client := loopback(b)
		open := make([]*websocket.Conn, sockets)
		b.ReportAllocs()
		b.ResetTimer()
		for range b.N {
			token := loginByHand(b, backend, client)
			for i := range open {
				open[i] = readyByHand(b, backend, token, subscriptions)
			}
			b.StopTimer()
			closeByHand(b, backend, client, token, open)
			b.StartTimer()
		}
	})
}

func loginByHand(b *testing.B, backend *connectortest.Backend, client *http.Client) (token string) {
	body, err := json.Marshal(ann)
	if err != nil {
		b.Fatal(err)
	}
	answer, err := client.Post(backend.URL()+"/login", "application/json", bytes.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	var granted struct {
		Access string `json:"access_token"`
		User   user   `json:"user"`
	}
	err = json.NewDecoder(answer.Body).Decode(&granted)
	_ = answer.Body.Close()
	if err != nil {
		b.Fatal(err)
	}
	return granted.Access
}

// kinds are what the benchmarks subscribe to.
var kinds = []string{"categories", "news"}

// readyByHand dials, authenticates and subscribes, one at a time.
func readyByHand(b *testing.B, backend *connectortest.Backend, token string, subscriptions int) *websocket.Conn {
	ws, _, err := websocket.DefaultDialer.Dial(backend.WebSocketURL(), nil)
	if err != nil {
		b.Fatal(err)
	}
	requests := []request{{ID: 1, Auth: &authRequest{Token: token}}}
	for i := range subscriptions {
		requests = append(requests, request{ID: uint64(i) + 2, Sub: &subscribe{Kind: kinds[i]}})
	}
	for _, r := range requests {
		if err := ws.WriteJSON(r); err != nil {
			b.Fatal(err)
		}
		for res := (response{}); res.ID != r.ID; { // pushes may come between
			if err := ws.ReadJSON(&res); err != nil || res.Error != nil {
				b.Fatal(err, res)
			}
		}
	}
	return ws
}

// closeByHand closes the sockets in good order and tells the server.
func closeByHand(b *testing.B, backend *connectortest.Backend, client *http.Client, token string, open []*websocket.Conn) {
	message := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	for _, ws := range open {
		if err := ws.WriteControl(websocket.CloseMessage, message, time.Now().Add(time.Second)); err != nil {
			b.Fatal(err)
		}
		for err := error(nil); err == nil; {
			_, _, err = ws.ReadMessage()
		}
		_ = ws.Close()
	}
	r, err := http.NewRequest(http.MethodPost, backend.URL()+"/logout", nil)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := client.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	_ = answer.Body.Close()
}
