package connector_test

import (
	"context"
	"fmt"
	"log"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

// credentials are what a user logs in with.
type credentials struct {
	Name     string `json:"name"`
	Password string `json:"password"`
}

// user is what the backend says about who logged in.
type user struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

// category is an entry of the menu.
type category struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

// request is a message to the backend: one field beside the id.
type request struct {
	ID      uint64       `json:"id"`
	Auth    *authRequest `json:"auth,omitempty"`
	Sub     *subscribe   `json:"sub,omitempty"`
	MenuAdd *category    `json:"menuAdd,omitempty"`
	Delete  *category    `json:"menuDelete,omitempty"`
	Echo    *echo        `json:"echo,omitempty"`
}

type authRequest struct {
	Token string `json:"token"`
}

type subscribe struct {
	Kind string `json:"kind"`
}

type echo struct {
	Text string `json:"text"`
}

// response is a message from the backend: the answer to the request with its id,
// or a push, which has none.
type response struct {
	ID      uint64       `json:"id"`
	Error   *serverError `json:"error,omitempty"`
	Auth    *user        `json:"auth,omitempty"`
	Sub     *subscribe   `json:"sub,omitempty"`
	MenuAdd *category    `json:"menuAdd,omitempty"`
	Delete  *category    `json:"menuDelete,omitempty"`
	Echo    *echo        `json:"echo,omitempty"`
	Push    *push        `json:"push,omitempty"`
}

type serverError struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

func (e *serverError) Error() string { return e.Code + ": " + e.Text }

// push is what the backend sends unasked, by kind.
type push struct {
	Categories     []category `json:"categories,omitempty"`
	CategoryUpdate *category  `json:"categoryUpdate,omitempty"`
	CategoryDelete *category  `json:"categoryDelete,omitempty"`
}

var ann = credentials{Name: "ann", Password: "secret"}

// menuSocket declares the socket of the service: an auth message with the token,
// one subscription, and requests matched by their ids.
func menuSocket(url string) connector.SocketConfig[user, request, response] {
	return connector.SocketConfig[user, request, response]{
		ID: "menu", URL: url,
		Auth: &connector.Step[user, request, response]{
			Build: func(_ context.Context, known connector.Known[user, response]) (request, error) {
				return request{Auth: &authRequest{Token: known.Token.Access.Reveal()}}, nil
			},
		},
		Subscribe: []connector.Step[user, request, response]{{
			Build: func(context.Context, connector.Known[user, response]) (request, error) {
				return request{Sub: &subscribe{Kind: "categories"}}, nil
			},
		}},
		SetID: func(r *request, id uint64) { r.ID = id },
		GetID: func(r response) (uint64, bool) { return r.ID, r.ID != 0 },
		IsError: func(r response) error {
			if r.Error == nil {
				return nil
			}
			return r.Error
		},
	}
}

// handle shows a push by its kind.
func handle(p *push) {
	switch {
	case p.CategoryUpdate != nil:
		fmt.Println("push: category", p.CategoryUpdate.ID, "is", p.CategoryUpdate.Name)
	case p.CategoryDelete != nil:
		fmt.Println("push: category", p.CategoryDelete.ID, "is gone")
	default:
		fmt.Println("push: the menu is", p.Categories)
	}
}

func Example_menu() {
	backend, err := connectortest.Start(connectortest.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer backend.Close()
	client, err := connector.New(connector.Config[credentials, user]{
		Auth: &authhttp.JSON[credentials, user]{
			LoginURL: backend.URL() + "/login", RefreshURL: backend.URL() + "/refresh", LogoutURL: backend.URL() + "/logout",
		},
		Sockets: []connector.AnySocket[user]{menuSocket(backend.WebSocketURL())},
	})
	if err != nil {
		log.Fatal(err)
	}
	session := client.NewSession()
	menu, err := connector.On[request, response](session, "menu")
	if err != nil {
		log.Fatal(err)
	}
	pushes := menu.Messages(0)
	defer pushes.Close()

	ctx := context.Background()
	if err := session.Login(ctx, ann); err != nil {
		log.Fatal(err)
	}
	who, _ := session.User()
	fmt.Println("logged in:", who.Name)
	next := func() {
		if message, ok := pushes.Next(ctx); ok {
			handle(message.Push)
		}
	}
	next()

	added, err := menu.Request(ctx, request{MenuAdd: &category{Name: "Tea"}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("answer: added", added.MenuAdd.Name)
	next()
	if _, err := menu.Request(ctx, request{Delete: &category{ID: added.MenuAdd.ID}}); err != nil {
		log.Fatal(err)
	}
	next()
	_, err = menu.Request(ctx, request{Delete: &category{ID: 99}})
	fmt.Println(err)

	fmt.Println("logged out:", session.Logout(ctx))
	// Output:
	// logged in: ann
	// push: the menu is [{1 Soup} {2 Bread} {3 Cake}]
	// answer: added Tea
	// push: category 4 is Tea
	// push: category 4 is gone
	// interlock: request: menu: the peer answered: not_found: there is no such category
	// logged out: <nil>
}
