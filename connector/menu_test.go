package connector_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/fsm"
)

// The service of a menu: what the backend's sockets speak.

type credentials struct {
	Name     string `json:"name"`
	Password string `json:"password"`
}

type user struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

type category struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

type request struct {
	ID      uint64       `json:"id"`
	Auth    *authRequest `json:"auth,omitempty"`
	Sub     *subscribe   `json:"sub,omitempty"`
	MenuAdd *category    `json:"menuAdd,omitempty"`
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

type response struct {
	ID      uint64       `json:"id"`
	Error   *serverError `json:"error"`
	Auth    *user        `json:"auth"`
	MenuAdd *category    `json:"menuAdd"`
	Echo    *echo        `json:"echo"`
	Push    *push        `json:"push"`
}

type serverError struct {
	Code, Text string
}

func (e *serverError) Error() string { return e.Code + ": " + e.Text }

type push struct {
	Categories     []category `json:"categories"`
	CategoryUpdate *category  `json:"categoryUpdate"`
	CategoryDelete *category  `json:"categoryDelete"`
}

var ann = credentials{Name: "ann", Password: "secret"}

// menuSocket declares the socket of the service.
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

// world is a backend on an in-memory network and a session on it, in virtual time.
type world struct {
	t       *testing.T
	backend *connectortest.Backend
	network *connectortest.Network
	config  connector.Config[credentials, user]
	session *connector.Session[credentials, user]
	changes *connector.Stream[connector.Change]
	menu    *connector.Socket[request, response]
}

// engines runs a test in virtual time under both engines.
func engines(t *testing.T, name string, backend connectortest.Config, test func(*world), changes ...func(*connector.Config[credentials, user])) {
	for _, engine := range []fsm.Engine{fsm.Looplab, fsm.Table} {
		t.Run(name+"/"+engine.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, backend, append(changes, func(c *connector.Config[credentials, user]) { c.Engine = engine })...)
				defer w.end()
				test(w)
			})
		})
	}
}

func newWorld(t *testing.T, backend connectortest.Config, changes ...func(*connector.Config[credentials, user])) *world {
	w := &world{t: t, network: connectortest.NewNetwork()}
	var err error
	if w.backend, err = connectortest.New(backend); err != nil {
		t.Fatal(err)
	}
	listener, err := w.network.Listen("127.0.0.1:80")
	if err != nil {
		t.Fatal(err)
	}
	w.backend.StartOn(listener)
	base := &http.Transport{DialContext: w.network.DialContext}
	t.Cleanup(base.CloseIdleConnections)
	w.config = connector.Config[credentials, user]{
		Auth: &authhttp.JSON[credentials, user]{
			LoginURL: w.backend.URL() + "/login", RefreshURL: w.backend.URL() + "/refresh", LogoutURL: w.backend.URL() + "/logout",
			Client: &http.Client{Transport: base},
		},
		HTTP:        authhttp.Transport{Base: base},
		Sockets:     []connector.AnySocket[user]{menuSocket(w.backend.WebSocketURL())},
		DialContext: w.network.DialContext,
		Seed:        1,
	}
	for _, change := range changes {
		change(&w.config)
	}
	client, err := connector.New(w.config)
	if err != nil {
		t.Fatal(err)
	}
	w.session = client.NewSession()
	w.changes = w.session.Changes(0)
	if len(w.config.Sockets) > 0 {
		if w.menu, err = connector.On[request, response](w.session, "menu"); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// end logs out and stops everything; the bubble fails when anything is left.
func (w *world) end() {
	if err := w.session.Logout(context.Background()); err != nil {
		w.t.Errorf("logout: %v", err)
	}
	w.changes.Close()
	if err := w.backend.Close(); err != nil {
		w.t.Errorf("close the backend: %v", err)
	}
	if transport, ok := w.config.HTTP.Base.(*http.Transport); ok {
		transport.CloseIdleConnections()
	}
	synctest.Wait()
	if n := w.network.OpenConns(); n != 0 {
		w.t.Errorf("got %d connections left open, want 0", n)
	}
}

func (w *world) login() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := w.session.Login(ctx, ann); err != nil {
		w.t.Fatalf("login: %v\n%s", err, w.history())
	}
}

// history is what has changed so far, for failure texts.
func (w *world) history() string {
	w.changes.Close()
	text := ""
	for c := range w.changes.All(context.Background()) {
		text += fmt.Sprintf("%s %s: %s -%s-> %s (%s)\n", c.Machine, c.ID, c.From, c.Event, c.To, c.Reason)
	}
	return text
}

// until waits for a change of a machine to a state.
func (w *world) until(machine, state string) connector.Change {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	seen := ""
	for c := range w.changes.All(ctx) {
		seen += fmt.Sprintf("%s %s: %s -%s-> %s (%s)\n", c.Machine, c.ID, c.From, c.Event, c.To, c.Reason)
		if c.Machine.String() == machine && c.To == state {
			return c
		}
	}
	w.t.Fatalf("%s never became %s:\n%s", machine, state, seen)
	return connector.Change{}
}

func (w *world) echo(text string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	res, err := w.menu.Request(ctx, request{Echo: &echo{Text: text}})
	if err != nil || res.Echo == nil {
		return "", errors.Join(err, ctx.Err())
	}
	return res.Echo.Text, nil
}
