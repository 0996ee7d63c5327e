package connector_test

import (
	"context"
	"fmt"
	"log"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

func Example() {
	type (
		person  struct{ Name, Password string }
		message = map[string]any
		step    = connector.Step[person, message, message]
		known   = connector.Known[person, message]
	)
	backend, err := connectortest.Start(connectortest.Config{}) // in the place of yours
	if err != nil {
		log.Fatal(err)
	}
	defer backend.Close()

	client, err := connector.New(connector.Config[person, person]{
		Auth: &authhttp.JSON[person, person]{LoginURL: backend.URL() + "/login", RefreshURL: backend.URL() + "/refresh"},
		Sockets: []connector.AnySocket[person]{connector.SocketConfig[person, message, message]{
			ID: "menu", URL: backend.WebSocketURL(),
			Auth: &step{Build: func(_ context.Context, known known) (message, error) {
				return message{"auth": message{"token": known.Token.Access.Reveal()}}, nil
			}},
			SetID: func(m *message, id uint64) { (*m)["id"] = id },
			GetID: func(m message) (uint64, bool) { id, ok := m["id"].(float64); return uint64(id), ok },
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	session := client.NewSession()
	menu, err := connector.On[message, message](session, "menu")
	if err != nil {
		log.Fatal(err)
	}
	if err := session.Login(context.Background(), person{"ann", "secret"}); err != nil { // returns when the socket is ready
		log.Fatal(err)
	}
	answer, err := menu.Request(context.Background(), message{"echo": message{"text": "hello"}})
	fmt.Println(answer["echo"], err)
	fmt.Println(session.Logout(context.Background()))
	// Output:
	// map[text:hello] <nil>
	// <nil>
}
