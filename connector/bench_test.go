package connector_test

import (
	"bytes"
	"context"
	"encoding/json"
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

// BenchmarkLoginToReady is one login until its socket is authorised and
// subscribed. Logging out is not counted.
func BenchmarkLoginToReady(b *testing.B) {
	backend, client := loopback(b)
	c, err := connector.New(connector.Config[credentials, user]{
		Auth: &authhttp.JSON[credentials, user]{
			LoginURL: backend.URL() + "/login", RefreshURL: backend.URL() + "/refresh", LogoutURL: backend.URL() + "/logout",
			Client: client,
		},
		Sockets: []connector.AnySocket[user]{menuSocket(backend.WebSocketURL())},
	})
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
}

// BenchmarkLoginToReadyByHand is the same round trips in a straight line.
func BenchmarkLoginToReadyByHand(b *testing.B) {
	backend, client := loopback(b)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		token, ws := byHand(b, backend, client)
		b.StopTimer()
		closeByHand(b, backend, client, token, ws)
		b.StartTimer()
	}
}

// byHand logs in, dials, authenticates and subscribes, one at a time.
func byHand(b *testing.B, backend *connectortest.Backend, client *http.Client) (token string, ws *websocket.Conn) {
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
	ws, _, err = websocket.DefaultDialer.Dial(backend.WebSocketURL(), nil)
	if err != nil {
		b.Fatal(err)
	}
	for _, r := range []request{
		{ID: 1, Auth: &authRequest{Token: granted.Access}},
		{ID: 2, Sub: &subscribe{Kind: "categories"}},
	} {
		var res response
		if err := ws.WriteJSON(r); err != nil {
			b.Fatal(err)
		}
		if err := ws.ReadJSON(&res); err != nil || res.ID != r.ID || res.Error != nil {
			b.Fatal(err, res)
		}
	}
	return granted.Access, ws
}

// closeByHand closes the socket in good order and tells the server.
func closeByHand(b *testing.B, backend *connectortest.Backend, client *http.Client, token string, ws *websocket.Conn) {
	message := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	if err := ws.WriteControl(websocket.CloseMessage, message, time.Now().Add(time.Second)); err != nil {
		b.Fatal(err)
	}
	for err := error(nil); err == nil; {
		_, _, err = ws.ReadMessage()
	}
	_ = ws.Close()
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
