package connector_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"os"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

// What a session does, on a log: at level Info the session itself, at Debug each of its
// machines, at Warn what goes wrong.
func Example_log() {
	backend, err := connectortest.Start(connectortest.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer backend.Close()
	untimed := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "reason" {
			return slog.Attr{}
		}
		return a
	}
	client, err := connector.New(connector.Config[person, person]{
		Auth:    &authhttp.JSON[person, person]{LoginURL: backend.URL() + "/login", LogoutURL: backend.URL() + "/logout"},
		Sockets: []connector.AnySocket[person]{chat(backend.WebSocketURL())},
		Log:     slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: untimed})),
	})
	if err != nil {
		log.Fatal(err)
	}
	session := client.NewSession()
	if err := session.Login(context.Background(), person{"ann", "secret"}); err != nil {
		log.Fatal(err)
	}
	if err := session.Close(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// level=INFO msg="state changed" session=1 machine=session from=loggedOut event=loginRequested to=authenticating generation=1
	// level=INFO msg="state changed" session=1 machine=session from=authenticating event=loginAccepted to=socketOpening generation=1
	// level=INFO msg="state changed" session=1 machine=session from=socketOpening event=socketsAuthed to=socketAuthed generation=1
	// level=INFO msg="state changed" session=1 machine=session from=socketAuthed event=socketsReady to=subscribed generation=1
	// level=INFO msg="state changed" session=1 machine=session from=subscribed event=closeRequested to=shutting generation=2
	// level=INFO msg="state changed" session=1 machine=session from=shutting event=allClosed to=settling generation=2
	// level=INFO msg="state changed" session=1 machine=session from=settling event=tokenGone to=loggedOut generation=2
}
