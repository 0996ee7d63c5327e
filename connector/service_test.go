package connector_test

import (
	"context"
	"crypto/sha1"
	"encoding/base64"
	"net"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

// service is a Service of functions; those that are nil go to the backend.
type service struct {
	authhttp.Service[credentials, user]
	login   func(context.Context, credentials) (authhttp.Grant[user], error)
	refresh func(context.Context, authhttp.Pair) (authhttp.Pair, error)
	logout  func(context.Context, authhttp.Pair) error
}

func (s *service) Login(ctx context.Context, c credentials) (authhttp.Grant[user], error) {
	if s.login != nil {
		return s.login(ctx, c)
	}
	return s.Service.Login(ctx, c)
}

func (s *service) Refresh(ctx context.Context, pair authhttp.Pair) (authhttp.Pair, error) {
	if s.refresh != nil {
		return s.refresh(ctx, pair)
	}
	return s.Service.Refresh(ctx, pair)
}

func (s *service) Logout(ctx context.Context, pair authhttp.Pair) error {
	if s.logout != nil {
		return s.logout(ctx, pair)
	}
	return s.Service.Logout(ctx, pair)
}

// serving puts a service before the backend's.
func serving(s *service) change {
	return func(c *connector.Config[credentials, user]) {
		s.Service = c.Auth
		c.Auth = s
	}
}

// granting is a service that grants tokens of its own, for sockets that need none.
func granting(pair authhttp.Pair) *service {
	return &service{
		login: func(context.Context, credentials) (authhttp.Grant[user], error) {
			return authhttp.Grant[user]{Pair: pair, User: user{ID: 1, Name: "ann"}}, nil
		},
		logout: func(context.Context, authhttp.Pair) error { return nil },
	}
}

// swamp swallows what the client writes once it is on: links whose other end is
// gone, and where writes still succeed.
type swamp struct{ on atomic.Bool }

// under puts the swamp under HTTP and sockets.
func (s *swamp) under(c *connector.Config[credentials, user]) {
	dial := c.DialContext
	c.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &swampConn{conn, s}, nil
	}
	c.HTTP.Base.(*http.Transport).DialContext = c.DialContext
}

type swampConn struct {
	net.Conn
	swamp *swamp
}

func (c *swampConn) Write(p []byte) (int, error) {
	if c.swamp.on.Load() {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

// peer is a WebSocket server of the test's own in the same network. serve gets
// each connection, numbered from 1, and ends with it.
func peer(t *testing.T, network *connectortest.Network, serve func(n int, ws *websocket.Conn)) (url string) {
	t.Helper()
	return peerUpgrading(t, network, serve, func(int) http.Header { return nil })
}

func peerUpgrading(t *testing.T, network *connectortest.Network, serve func(n int, ws *websocket.Conn), header func(n int) http.Header) (url string) {
	t.Helper()
	listener, err := network.Listen("127.0.0.1:81")
	if err != nil {
		t.Fatal(err)
	}
	var dials atomic.Int32
	upgrader := websocket.Upgrader{}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := int(dials.Add(1))
		ws, err := upgrader.Upgrade(w, r, header(n))
		if err != nil {
			return
		}
		defer ws.Close()
		serve(n, ws)
	})}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return "ws://127.0.0.1:81/"
}

// peerWorld is a world whose socket is served by the test itself.
func peerWorld(t *testing.T, engine change, serve func(n int, ws *websocket.Conn), changes ...change) *world {
	t.Helper()
	network := connectortest.NewNetwork()
	url := peer(t, network, serve)
	changes = append([]change{engine, socket(func(s *connector.SocketConfig[user, request, response]) { s.URL = url })}, changes...)
	return newWorldOn(t, network, connectortest.Config{}, changes...)
}

// follow answers everything that comes on a connection as the backend would, and
// tells the test what came, until the connection ends.
func follow(ws *websocket.Conn, heard func(request)) {
	for {
		var r request
		if ws.ReadJSON(&r) != nil {
			return
		}
		heard(r)
		if ws.WriteJSON(answerTo(r)) != nil {
			return
		}
	}
}

// answerTo is the good answer to a request.
func answerTo(r request) response {
	answer := response{ID: r.ID, Echo: r.Echo, MenuAdd: r.MenuAdd}
	if r.Auth != nil {
		answer.Auth = &user{ID: 1, Name: "ann"}
	}
	return answer
}

// acceptKey answers the key of an upgrade request (RFC 6455 section 4.2.2).
func acceptKey(r *http.Request) string {
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}
