package connector_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

// lobby is a group of sockets that depends on what the server has said on the socket
// before: whose name is in the answer to auth.
func lobby(url string) connector.Group[person] {
	return connector.Group[person]{
		Make: func(_ context.Context, so connector.Chain[person]) ([]connector.AnySocket[person], error) {
			answer, _ := connector.AuthAnswer[message](so, "chat")
			who, ok := answer["auth"].(map[string]any)
			if !ok {
				return nil, errors.New("no name in the answer")
			}
			return []connector.AnySocket[person]{connector.SocketConfig[person, message, message]{
				ID: fmt.Sprintf("lobby of %s", who["name"]), URL: url, Public: true,
				SetID: func(m *message, id uint64) { (*m)["id"] = id },
				GetID: func(m message) (uint64, bool) { id, ok := m["id"].(float64); return uint64(id), ok },
			}}, nil
		},
	}
}

// room is a subscription that is added while running, and the message that ends it.
func room(kind string) connector.Subscription[person, message, message] {
	type step = connector.Step[person, message, message]
	say := func(what string) step {
		return step{Build: func(context.Context, connector.Known[person, message]) (message, error) {
			return message{what: message{"kind": kind}}, nil
		}}
	}
	leave := say("unsub")
	return connector.Subscription[person, message, message]{Join: say("sub"), Leave: &leave}
}

// A second group of sockets is made of what the first one was told; a subscription
// comes and goes while running; requests say how much of a socket they need.
func Example_chain() {
	backend, err := connectortest.Start(connectortest.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer backend.Close()
	client, err := connector.New(connector.Config[person, person]{
		Auth:    &authhttp.JSON[person, person]{LoginURL: backend.URL() + "/login", RefreshURL: backend.URL() + "/refresh"},
		Sockets: []connector.AnySocket[person]{chat(backend.WebSocketURL())},
		Chain:   []connector.Group[person]{lobby(backend.PublicWebSocketURL())}, // opens when chat is ready
		Common:  connector.Common{RequestTimeout: 5 * time.Second},              // of every socket that says nothing else
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx, session := context.Background(), client.NewSession()
	if err := session.Login(ctx, person{"ann", "secret"}); err != nil { // returns when both are ready
		log.Fatal(err)
	}
	for _, socket := range session.Status().Sockets {
		fmt.Println(socket.ID, socket.State)
	}

	chat, err := connector.On[message, message](session, "chat")
	if err != nil {
		log.Fatal(err)
	}
	messages := chat.Messages(0)
	defer messages.Close()
	joined, err := connector.Subscribe(ctx, chat, room("room-1")) // on this connection, and on each one after a drop
	fmt.Println("joined:", err)
	err = backend.PushTo("room-1", "hello")
	heard, _ := messages.Next(ctx)
	fmt.Println(heard["push"], err)
	fmt.Println("left:", joined.Leave(ctx))

	urgent := chat.With(connector.Traits{Need: transitions.NeedAuthed, Repeatable: true})
	answer, err := urgent.Request(ctx, message{"echo": message{"text": "twice is fine"}})
	fmt.Println(answer["echo"], err)

	fmt.Println(session.CloseSockets(ctx), session.Status().Session) // logged in, without sockets
	fmt.Println(session.Open(), session.Require(ctx, connector.RequireReady), session.Status().Session)
	fmt.Println(session.Logout(ctx))
	// Output:
	// chat subscribed
	// lobby of ann subscribed
	// joined: <nil>
	// map[kind:room-1 message:hello] <nil>
	// left: <nil>
	// map[text:twice is fine] <nil>
	// <nil> detached
	// <nil> <nil> subscribed
	// <nil>
}
