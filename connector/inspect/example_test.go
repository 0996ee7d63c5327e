package inspect_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/connector/inspect"
)

// A program that shows its session on a private port, and what somebody sees there who
// asks for JSON instead of the page.
func Example() {
	backend, err := connectortest.Start(connectortest.Config{}) // in the place of yours
	if err != nil {
		log.Fatal(err)
	}
	defer backend.Close()
	client, err := connector.New(connector.Config[person, person]{
		Auth:    &authhttp.JSON[person, person]{LoginURL: backend.URL() + "/login"},
		Sockets: []connector.AnySocket[person]{chat("chat", backend.WebSocketURL())},
	})
	if err != nil {
		log.Fatal(err)
	}
	session := client.NewSession()

	mux := http.NewServeMux()
	mux.Handle("/debug/interlock", &inspect.Handler{Sessions: inspect.Only("main", session)})
	private := httptest.NewServer(mux) // in a program: http.ListenAndServe("localhost:6060", mux)
	defer private.Close()

	if err := session.Login(context.Background(), ann); err != nil {
		log.Fatal(err)
	}
	answer, err := http.Get(private.URL + "/debug/interlock?session=main&format=json")
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	var seen struct {
		Session, Token struct{ State string }
		Sockets        []struct{ ID, State string }
	}
	if err := json.NewDecoder(answer.Body).Decode(&seen); err != nil {
		log.Fatal(err)
	}
	fmt.Println("session:", seen.Session.State)
	fmt.Println("token:", seen.Token.State)
	for _, socket := range seen.Sockets {
		fmt.Println("socket", socket.ID+":", socket.State)
	}
	fmt.Println(session.Logout(context.Background()))
	// Output:
	// session: subscribed
	// token: fresh
	// socket chat: subscribed
	// <nil>
}
