package connectortest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

type (
	user    struct{ Name, Password string }
	message = map[string]any
)

// An application is tested against a backend that refuses its first login, over a
// network that drops its connections, all in the process. In a bubble of testing/synctest
// the same takes no time at all.
func Example() {
	ctx := context.Background()
	network := connectortest.NewNetwork()
	backend, err := connectortest.New(connectortest.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	listener, err := network.Listen("127.0.0.1:80")
	if err != nil {
		fmt.Println(err)
		return
	}
	backend.StartOn(listener)
	transport := &http.Transport{DialContext: network.DialContext}
	client, err := connector.New(connector.Config[user, user]{
		Auth:        &authhttp.JSON[user, user]{LoginURL: backend.URL() + "/login", LogoutURL: backend.URL() + "/logout", Client: &http.Client{Transport: transport}},
		Sockets:     []connector.AnySocket[user]{connector.SocketConfig[user, message, message]{ID: "news", URL: backend.PublicWebSocketURL(), Public: true}},
		DialContext: network.DialContext,
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	session := client.NewSession()
	socket, err := session.Socket("news")
	if err != nil {
		fmt.Println(err)
		return
	}
	readies := socket.Readies(0)
	if err := backend.Script(connectortest.RefuseLogins(1, http.StatusBadGateway)); err != nil {
		fmt.Println(err)
	}
	fmt.Println("login:", session.Login(ctx, user{"ann", "secret"}))
	first, _ := readies.Next(ctx)
	fmt.Println("ready, missed:", first.Missed)

	network.Drop()
	again, _ := readies.Next(ctx)
	fmt.Println("ready again, missed:", again.Missed)

	fmt.Println("end:", errors.Join(session.Logout(ctx), backend.Close()))
	transport.CloseIdleConnections()
	// Output:
	// login: <nil>
	// ready, missed: false
	// ready again, missed: true
	// end: <nil>
}
