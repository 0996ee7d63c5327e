package connector_test

import (
	"context"
	"fmt"
	"log"
	"slices"
	"sync"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

// chatting is a session of a client, on a backend that lasts until end is called.
func chatting(observer connector.Observer) (session *connector.Session[person, person], end func()) {
	backend, err := connectortest.Start(connectortest.Config{})
	if err != nil {
		log.Fatal(err)
	}
	client, err := connector.New(connector.Config[person, person]{
		Auth:     &authhttp.JSON[person, person]{LoginURL: backend.URL() + "/login", LogoutURL: backend.URL() + "/logout"},
		Sockets:  []connector.AnySocket[person]{chat(backend.WebSocketURL())},
		Observer: observer,
	})
	if err != nil {
		log.Fatal(err)
	}
	return client.NewSession(), func() { _ = backend.Close() }
}

// Messages of a socket are ranged over as they come, until the context or the stream
// ends: here when the session has said all that there was.
func ExampleStream_All() {
	session, end := chatting(nil)
	defer end()
	ctx := context.Background()
	if err := session.Login(ctx, person{"ann", "secret"}); err != nil {
		log.Fatal(err)
	}
	socket, err := connector.On[message, message](session, "chat")
	if err != nil {
		log.Fatal(err)
	}
	all := socket.All(0)
	for _, text := range []string{"one", "two"} {
		if _, err := socket.Request(ctx, message{"echo": message{"text": text}}); err != nil {
			log.Fatal(err)
		}
	}
	all.Close()
	for inbound := range all.All(ctx) {
		fmt.Println(inbound.Message["echo"], "is an answer:", inbound.Own)
	}
	fmt.Println("missed:", all.Missed(), "logged out:", session.Logout(ctx))
	// Output:
	// map[text:one] is an answer: true
	// map[text:two] is an answer: true
	// missed: 0 logged out: <nil>
}

// Every change of every machine, with its reason.
func ExampleSession_Changes() {
	session, end := chatting(nil)
	defer end()
	changes := session.Changes(0)
	if err := session.Login(context.Background(), person{"ann", "secret"}); err != nil {
		log.Fatal(err)
	}
	if err := session.Logout(context.Background()); err != nil {
		log.Fatal(err)
	}
	changes.Close()
	for c := range changes.All(context.Background()) {
		if c.Machine == transitions.SessionKind {
			fmt.Printf("%s -> %s: %s\n", c.From, c.To, c.Reason)
		}
	}
	// Output:
	// loggedOut -> authenticating: the application logs in
	// authenticating -> socketOpening: the server has accepted the login
	// socketOpening -> socketAuthed: every socket is authorised
	// socketAuthed -> subscribed: every socket is subscribed
	// subscribed -> closing: the application logs out
	// closing -> revoking: every socket that ends with the user is closed
	// revoking -> loggedOut: the token is revoked, or there was none
}

// tally counts how operations end.
type tally struct {
	connector.NoObserver
	mu    sync.Mutex
	ended []string
}

func (t *tally) Begin(ctx context.Context, op connector.Operation) (context.Context, func(connector.End)) {
	return ctx, func(end connector.End) {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.ended = append(t.ended, fmt.Sprintf("%s %s: %s", op.Kind, op.Name, end.Outcome))
	}
}

// An observer of one's own: it embeds NoObserver, and tells what it is interested in.
func ExampleObserver() {
	t := &tally{}
	session, end := chatting(t)
	defer end()
	if err := session.Login(context.Background(), person{"ann", "wrong"}); err != nil {
		fmt.Println(err)
	}
	if err := session.Login(context.Background(), person{"ann", "secret"}); err != nil {
		log.Fatal(err)
	}
	if err := session.Logout(context.Background()); err != nil {
		log.Fatal(err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	slices.Sort(t.ended)
	for _, line := range t.ended {
		fmt.Println(line)
	}
	// Output:
	// interlock: login: not logged in: login: rejected (status 401)
	// attempt connect: ready
	// call login: accepted
	// call login: rejected
	// call logout: accepted
	// command login: ready
	// command login: rejected
	// command logout: done
}
