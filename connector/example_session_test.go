package connector_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/authhttp/errcode"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

// A session that outlives its process, and its user's becoming another.
func Example_session() {
	backend, err := connectortest.Start(connectortest.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer backend.Close()
	dir, err := os.MkdirTemp("", "interlock")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	url, ctx := backend.URL(), context.Background()
	client, err := connector.New(connector.Config[person, person]{
		Auth: &authhttp.JSON[person, person]{
			LoginURL: url + "/login", RefreshURL: url + "/refresh", UserURL: url + "/me", LoginAsURL: url + "/login-as",
			LogoutURL: url + "/logout", LogoutEverywhereURL: url + "/logout-everywhere",
		},
		Sockets: []connector.AnySocket[person]{chat(backend.WebSocketURL())},
		Store:   authhttp.FileStore{Dir: dir},
	})
	if err != nil {
		log.Fatal(err)
	}

	session := client.NewSession()
	err = session.Resume(ctx)
	if errcode.Of(err) == errcode.AuthRequired { // nothing is stored, or it is no longer good
		err = session.Login(ctx, person{"ann", "secret"})
	}
	who(session, err)

	who(session, session.LoginAs(ctx, 2)) // accepted first; then ann's socket closes, and bob's opens
	who(session, session.LoginAs(ctx, 3))
	who(session, session.Logout(ctx)) // back to bob
	who(session, session.Logout(ctx)) // back to ann, with her tokens and her socket
	who(session, session.Close(ctx))  // the end of the process, not of the login

	session = client.NewSession()
	who(session, session.Resume(ctx))
	who(session, session.LogoutEverywhere(ctx))
	// Output:
	// [ann] <nil>
	// [ann bob] <nil>
	// [ann bob carol] <nil>
	// [ann bob] <nil>
	// [ann] <nil>
	// [] <nil>
	// [ann] <nil>
	// [] <nil>
}

// who shows who is logged in, the master first.
func who(session *connector.Session[person, person], err error) {
	var names []string
	for _, user := range session.Users() {
		names = append(names, user.Name)
	}
	fmt.Println(names, err)
}
