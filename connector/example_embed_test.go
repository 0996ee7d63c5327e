package connector_test

import (
	"context"
	"fmt"
	"log"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

// person is what the application logs in with, and learns of its user; message
// is what its socket speaks.
type (
	person  struct{ Name, Password string }
	message = map[string]any
)

// chat declares the socket: how it authenticates, where a message's id is, and which
// answers say no.
func chat(url string) connector.AnySocket[person] {
	return connector.SocketConfig[person, message, message]{
		ID: "chat", URL: url,
		Auth: &connector.Step[person, message, message]{
			Build: func(_ context.Context, known connector.Known[person, message]) (message, error) {
				return message{"auth": message{"token": known.Token.Access.Reveal()}}, nil
			},
		},
		SetID: func(m *message, id uint64) { (*m)["id"] = id },
		GetID: func(m message) (uint64, bool) { id, ok := m["id"].(float64); return uint64(id), ok },
		IsError: func(m message) error {
			if fault, ok := m["error"].(map[string]any); ok {
				return fmt.Errorf("the server says %v", fault["code"])
			}
			return nil
		},
	}
}

func Example() {
	backend, err := connectortest.Start(connectortest.Config{}) // in the place of yours
	if err != nil {
		log.Fatal(err)
	}
	defer backend.Close()
	client, err := connector.New(connector.Config[person, person]{
		Auth:    &authhttp.JSON[person, person]{LoginURL: backend.URL() + "/login", RefreshURL: backend.URL() + "/refresh"},
		Sockets: []connector.AnySocket[person]{chat(backend.WebSocketURL())},
	})
	if err != nil {
		log.Fatal(err)
	}
	session := client.NewSession()
	if err := session.Login(context.Background(), person{"ann", "secret"}); err != nil { // returns when the socket is ready
		log.Fatal(err)
	}
	socket, err := connector.On[message, message](session, "chat")
	if err != nil {
		log.Fatal(err)
	}
	answer, err := socket.Request(context.Background(), message{"echo": message{"text": "hello"}})
	fmt.Println(answer["echo"], err, session.Logout(context.Background()))
	// Output:
	// map[text:hello] <nil> <nil>
}
