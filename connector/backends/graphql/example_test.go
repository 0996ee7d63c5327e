package graphql_test

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
	"github.com/custom-app/interlock/connector/backends/graphql"
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

// message is one of the protocol, in either direction.
type message struct {
	ID      string          `json:"id,omitempty"` // of the operation
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// operation is a message that begins a query, a mutation or a subscription. Without an
// id of its own it gets that of a request.
func operation(id, query string, variables map[string]string) message {
	payload, _ := json.Marshal(map[string]any{"query": query, "variables": variables}) // strings always encode
	return message{ID: id, Type: "subscribe", Payload: payload}
}

// failed returns the first error of an operation: one that was not carried out has
// type error and a list, another has next and errors beside the data.
func (m message) failed() error {
	type list []struct{ Message string }
	var next struct{ Errors list }
	switch m.Type {
	case "error":
		_ = json.Unmarshal(m.Payload, &next.Errors)
	case "next":
		_ = json.Unmarshal(m.Payload, &next)
	}
	if len(next.Errors) > 0 {
		return errors.New(next.Errors[0].Message)
	}
	return nil
}

// config is that of a backend with /login, /refresh, /logout and /graphql.
func config(host string) connector.Config[credentials, user] {
	return connector.Config[credentials, user]{
		Base: "http://" + host,
		Auth: &authhttp.JSON[credentials, user]{
			LoginURL: "http://" + host + "/login", RefreshURL: "http://" + host + "/refresh", LogoutURL: "http://" + host + "/logout",
		},
		Sockets: []connector.AnySocket[user]{connector.SocketConfig[user, message, message]{
			ID: "graphql", URL: "/graphql", Subprotocols: []string{"graphql-transport-ws"},
			Auth: &connector.Step[user, message, message]{
				Build: func(_ context.Context, known connector.Known[user, message]) (message, error) {
					payload, err := json.Marshal(map[string]string{"Authorization": "Bearer " + known.Token.Access.Reveal()})
					return message{Type: "connection_init", Payload: payload}, err
				},
				IsAnswer: func(m message) bool { return m.Type == "connection_ack" }, // it has no id
			},
			Subscribe: []connector.Step[user, message, message]{{
				Build: func(context.Context, connector.Known[user, message]) (message, error) {
					return operation("news", "subscription { news }", nil), nil
				},
				NoAnswer: true, // what comes with its id are pushes
			}},
			SetID: func(m *message, id uint64) {
				if m.Type == "subscribe" && m.ID == "" {
					m.ID = strconv.FormatUint(id, 10)
				}
			},
			GetID: func(m message) (uint64, bool) {
				id, err := strconv.ParseUint(m.ID, 10, 64)
				return id, err == nil
			},
			IsError: message.failed,
			Heartbeat: connector.Heartbeat[message, message]{
				Ping:   func() message { return message{Type: "ping"} },
				IsPong: func(m message) bool { return m.Type == "pong" },
				Reply:  func(m message) (message, bool) { return message{Type: "pong"}, m.Type == "ping" },
			},
			Common: connector.Common{Rules: []connector.Rule{
				// What it says of a token that it does not take: an expired one, as a rule.
				{Source: connector.OfClose, From: 4403, Class: connector.ClassExpired},
			}},
		}},
	}
}

// A session with a GraphQL service: a query, a mutation, and a subscription that is
// there again after every reconnect.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server, err := graphql.Start(time.Minute, 0)
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	client, err := connector.New(config(server.Address()))
	if err != nil {
		log.Fatal(err)
	}
	session := client.NewSession()
	socket, err := connector.On[message, message](session, "graphql")
	if err != nil {
		log.Fatal(err)
	}
	messages := socket.Messages(0)
	if err := session.Login(ctx, credentials{"ann", "secret"}); err != nil {
		log.Fatal(err)
	}
	who, _ := session.User()
	fmt.Println("logged in:", who.Name)

	echo := "query ($text: String!) { echo(text: $text) }"
	answer, err := socket.Request(ctx, operation("", echo, map[string]string{"text": "hello"}))
	fmt.Println("answer:", string(answer.Payload), err)
	_, err = socket.Request(ctx, operation("", echo, map[string]string{"text": ""}))
	fmt.Println(err)

	if err := server.Push(ctx, "it rains"); err != nil {
		log.Fatal(err)
	}
	for m := range messages.All(ctx) {
		if m.ID == "news" { // the others say that a query is complete
			fmt.Println("push:", string(m.Payload))
			break
		}
	}
	fmt.Println("logged out:", session.Logout(ctx))
	// Output:
	// logged in: ann
	// answer: {"data":{"echo":"hello"}} <nil>
	// interlock: request: graphql: the peer answered: echo: the text is empty
	// push: {"data":{"news":"it rains"}}
	// logged out: <nil>
}
