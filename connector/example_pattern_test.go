package connector_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

// serviceOf reaches a backend that runs in the process, in the place of yours.
func serviceOf(b *connectortest.Backend) *authhttp.JSON[person, person] {
	return &authhttp.JSON[person, person]{LoginURL: b.URL() + "/login", RefreshURL: b.URL() + "/refresh", LogoutURL: b.URL() + "/logout"}
}

// news declares a socket that needs no token, and is given none.
func news(url string) connector.SocketConfig[person, message, message] {
	return connector.SocketConfig[person, message, message]{
		ID: "news", URL: url, Public: true,
		Subscribe: []connector.Step[person, message, message]{{
			Build: func(context.Context, connector.Known[person, message]) (message, error) {
				return message{"sub": message{"kind": "news"}}, nil
			},
		}},
		SetID: func(m *message, id uint64) { (*m)["id"] = id },
		GetID: func(m message) (uint64, bool) { id, ok := m["id"].(float64); return uint64(id), ok },
	}
}

// Login over HTTP, and no sockets: requests carry the token.
func Example_patternHTTP() {
	backend, err := connectortest.Start(connectortest.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer backend.Close()
	ctx := context.Background()
	client, err := connector.New(connector.Config[person, person]{Auth: serviceOf(backend)})
	if err != nil {
		log.Fatal(err)
	}
	session := client.NewSession()
	if err := session.Login(ctx, person{"ann", "secret"}); err != nil {
		log.Fatal(err)
	}
	answer, err := session.HTTP().Get(backend.URL() + "/me") // with a fresh token
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	fmt.Println(answer.Status, session.Logout(ctx))
	_, err = session.Token(ctx, 0)
	fmt.Println("no token:", errors.Is(err, authhttp.ErrNoToken))
	// Output:
	// 200 OK <nil>
	// no token: true
}

// Login over HTTP, then public sockets: they open at the login and close at the
// logout, and never see a token.
func Example_patternPublicAfter() {
	backend, err := connectortest.Start(connectortest.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer backend.Close()
	ctx := context.Background()
	client, err := connector.New(connector.Config[person, person]{
		Auth:    serviceOf(backend),
		Sockets: []connector.AnySocket[person]{news(backend.PublicWebSocketURL())},
	})
	if err != nil {
		log.Fatal(err)
	}
	session := client.NewSession()
	socket, err := connector.On[message, message](session, "news")
	if err != nil {
		log.Fatal(err)
	}
	pushes := socket.Messages(0)
	defer pushes.Close()
	if err := session.Login(ctx, person{"ann", "secret"}); err != nil { // returns when the socket is ready
		log.Fatal(err)
	}
	backend.News("soup is back")
	push, _ := pushes.Next(ctx)
	fmt.Println(push["push"], session.Logout(ctx))
	fmt.Println("news:", session.Status().Sockets[0].State)
	// Output:
	// map[news:map[text:soup is back]] <nil>
	// news: closed
}

// Public sockets first, then login over HTTP: logins and logouts leave them as
// they are.
func Example_patternPublicFirst() {
	backend, err := connectortest.Start(connectortest.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer backend.Close()
	ctx := context.Background()
	early := news(backend.PublicWebSocketURL())
	early.Early = true
	client, err := connector.New(connector.Config[person, person]{
		Auth:    serviceOf(backend),
		Sockets: []connector.AnySocket[person]{early, chat(backend.WebSocketURL())},
	})
	if err != nil {
		log.Fatal(err)
	}
	session := client.NewSession()
	if err := session.Open(); err != nil { // the early ones; it does not wait, but requests do
		log.Fatal(err)
	}
	socket, err := connector.On[message, message](session, "news")
	if err != nil {
		log.Fatal(err)
	}
	ask := func(when string) {
		answer, err := socket.Request(ctx, message{"echo": message{"text": "hello"}})
		fmt.Println(when, answer["echo"], err)
	}
	ask("before login:")
	if err := session.Login(ctx, person{"ann", "secret"}); err != nil {
		log.Fatal(err)
	}
	ask("logged in:")
	if err := session.Logout(ctx); err != nil { // closes the chat
		log.Fatal(err)
	}
	ask("logged out:")
	fmt.Println(session.Close(ctx)) // closes the news too
	// Output:
	// before login: map[text:hello] <nil>
	// logged in: map[text:hello] <nil>
	// logged out: map[text:hello] <nil>
	// <nil>
}
