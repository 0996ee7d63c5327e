package peer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"strconv"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/backends/peer"
)

// credentials are what a user logs in with.
type credentials struct {
	Name     string `json:"name"`
	Password string `json:"password"`
}

// user is what the backend says about who has logged in.
type user struct {
	Name string `json:"name"`
}

// message is one of the protocol, in either direction. Its id is sent as a number, and
// comes back as one or as a text; a json.Number reads both.
type message struct {
	ID    json.Number `json:"id,omitempty"`
	Op    string      `json:"op"`
	Token string      `json:"token,omitempty"`
	Topic string      `json:"topic,omitempty"`
	Text  string      `json:"text,omitempty"`
	Error string      `json:"error,omitempty"`
	Late  int         `json:"lateMs,omitempty"` // for an answer that takes so long
}

// answer is that of /login and of /refresh. No is said with status 200.
type answer struct {
	Error string
	Data  struct {
		AccessToken, RefreshToken string
		ExpiresInMS               int64
		User                      user
	}
}

func tokens(body []byte) (authhttp.Pair, error) {
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		return authhttp.Pair{}, err
	}
	if a.Error != "" {
		return authhttp.Pair{}, fmt.Errorf("%w: %s", authhttp.ErrRejected, a.Error)
	}
	return authhttp.Pair{
		Access: authhttp.Secret(a.Data.AccessToken), Refresh: authhttp.Secret(a.Data.RefreshToken),
		Life: time.Duration(a.Data.ExpiresInMS) * time.Millisecond,
	}, nil
}

func who(body []byte) (user, error) {
	var a answer
	err := json.Unmarshal(body, &a)
	return a.Data.User, err
}

// auth is the first message, and the one that offers a newer token on an open
// connection. A refusal has no id.
var auth = connector.Step[user, message, message]{
	Build: func(_ context.Context, known connector.Known[user, message]) (message, error) {
		return message{Op: "auth", Token: known.Token.Access.Reveal()}, nil
	},
	IsAnswer: func(m message) bool { return m.Error == "auth_failed" },
}

// socket is that of /ws.
func socket() connector.SocketConfig[user, message, message] {
	return connector.SocketConfig[user, message, message]{
		ID: "peer", URL: "/ws",
		Auth: &auth, Renew: &auth,
		Subscribe: []connector.Step[user, message, message]{{
			Build: func(context.Context, connector.Known[user, message]) (message, error) {
				return message{Op: "subscribe", Topic: "news"}, nil
			},
			NoAnswer: true,
		}},
		SetID: func(m *message, id uint64) { m.ID = json.Number(strconv.FormatUint(id, 10)) },
		GetID: func(m message) (uint64, bool) {
			id, err := strconv.ParseUint(m.ID.String(), 10, 64)
			return id, err == nil
		},
		IsError: func(m message) error {
			if m.Error == "" {
				return nil
			}
			return errors.New(m.Error)
		},
		Blame: connector.BlameOldest[message], // errors have no ids
		Code:  func(m message) (connector.Code, bool) { return connector.Code{Text: m.Op}, true },
		Heartbeat: connector.Heartbeat[message, message]{
			Ping:   func() message { return message{Op: "ping"} }, // protocol pings are not answered
			IsPong: func(m message) bool { return m.Op == "pong" },
			Reply:  func(m message) (message, bool) { return message{Op: "pong"}, m.Op == "ping" },
		},
		Common: connector.Common{Rules: []connector.Rule{
			{Source: connector.OfMessage, Text: "token_expired", Class: connector.ClassExpired},
		}},
	}
}

// config is that of a backend with /login, /refresh, /logout and sockets.
func config(host string, sockets ...connector.AnySocket[user]) connector.Config[credentials, user] {
	return connector.Config[credentials, user]{
		Base: "http://" + host,
		Auth: &authhttp.JSON[credentials, user]{
			LoginURL: "http://" + host + "/login", RefreshURL: "http://" + host + "/refresh", LogoutURL: "http://" + host + "/logout",
			Tokens: tokens, User: who,
		},
		Sockets: sockets,
	}
}

// A session with a server in JavaScript: errors without an id, an acknowledgement that
// never comes, an event before the answer, and a newer token on the same connection.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	server, err := peer.Start(ctx, installed, peer.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	client, err := connector.New(config(server.Host(), socket()))
	if err != nil {
		log.Fatal(err)
	}
	session := client.NewSession()
	socket, err := connector.On[message, message](session, "peer")
	if err != nil {
		log.Fatal(err)
	}
	events := socket.Messages(0)
	if err := session.Login(ctx, credentials{"ann", "secret"}); err != nil {
		log.Fatal(err)
	}
	fmt.Println("logged in")

	echo, err := socket.Request(ctx, message{Op: "echo", Text: "hello"})
	fmt.Println("answer:", echo.Text, err)
	_, err = socket.Request(ctx, message{Op: "echo"})
	fmt.Println(err)

	said, err := socket.Request(ctx, message{Op: "say", Text: "it rains"})
	fmt.Println("answer:", said.Op, err)
	event, _ := events.Next(ctx)
	fmt.Println("event:", event.Text)
	fmt.Println("logged out:", session.Logout(ctx))
	// Output:
	// logged in
	// answer: hello <nil>
	// interlock: request: peer: the peer answered: empty
	// answer: say <nil>
	// event: it rains
	// logged out: <nil>
}
