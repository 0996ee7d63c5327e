package connector_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

// renewing declares a socket of a server that says in a message that the token has
// expired, and takes another one on the same connection.
func renewing(url string) connector.AnySocket[person] {
	auth := connector.Step[person, message, message]{
		Build: func(_ context.Context, known connector.Known[person, message]) (message, error) {
			return message{"auth": message{"token": known.Token.Access.Reveal()}}, nil
		},
	}
	return connector.SocketConfig[person, message, message]{
		ID: "chat", URL: url, Auth: &auth, Renew: &auth,
		SetID: func(m *message, id uint64) { (*m)["id"] = id },
		GetID: func(m message) (uint64, bool) { id, ok := m["id"].(float64); return uint64(id), ok },
		IsError: func(m message) error {
			if m["error"] == nil {
				return nil
			}
			return errors.New("the server says no")
		},
		Code: func(m message) (connector.Code, bool) {
			fault, ok := m["error"].(map[string]any)
			text, _ := fault["code"].(string)
			return connector.Code{Text: text}, ok
		},
		Common: connector.Common{
			Rules: []connector.Rule{
				{Source: connector.OfMessage, Text: "token_expired", Class: connector.ClassExpired},
				{Source: connector.OfClose, From: 3500, To: 3999, Class: connector.ClassRejected},
			},
		},
	}
}

// What the server says means what the rules say: here a refresh and another auth
// message on the same connection, and later the end of the socket.
func Example_rules() {
	backend, err := connectortest.Start(connectortest.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer backend.Close()
	client, err := connector.New(connector.Config[person, person]{
		Auth:         &authhttp.JSON[person, person]{LoginURL: backend.URL() + "/login", RefreshURL: backend.URL() + "/refresh"},
		Sockets:      []connector.AnySocket[person]{renewing(backend.WebSocketURL())},
		RefreshFloor: 1, // the token is some milliseconds old
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx, session := context.Background(), client.NewSession()
	if err := session.Login(ctx, person{"ann", "secret"}); err != nil {
		log.Fatal(err)
	}
	changes := session.Changes(0)
	defer changes.Close()
	until := func(state transitions.SocketState) {
		for change := range changes.All(ctx) {
			if change.Machine == transitions.SocketKind {
				fmt.Printf("%s -%s-> %s\n", change.From, change.Event, change.To)
				if change.To == state.String() {
					return
				}
			}
		}
	}
	fmt.Println(backend.Script(connectortest.AnnounceExpiry()))
	until(transitions.SocketSubscribed)
	fmt.Println(backend.Script(connectortest.CloseSockets(3501, "bad request")))
	until(transitions.SocketFailed)
	fmt.Println(session.Status().Session, session.Logout(ctx))
	// Output:
	// <nil>
	// subscribed -tokenRefused-> renewing
	// renewing -authAccepted-> subscribed
	// <nil>
	// subscribed -rejected-> failed
	// degraded <nil>
}
