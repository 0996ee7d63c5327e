package connector_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/codec"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/fsm"
)

// world is a backend on an in-memory network and a session on it, in virtual time.
type world struct {
	t        *testing.T
	backend  *connectortest.Backend
	network  *connectortest.Network
	config   connector.Config[credentials, user]
	session  *connector.Session[credentials, user]
	changes  *connector.Stream[connector.Change]
	menu     *connector.Socket[request, response]
	recorded *bytes.Buffer // its journal, unless the config has another
	observed *observed     // unless the config has another observer
}

// engines runs a test in virtual time under both engines.
func engines(t *testing.T, name string, backend connectortest.Config, test func(*world), changes ...change) {
	t.Helper()
	bubbles(t, name, func(t *testing.T, engine change) {
		w := newWorld(t, backend, append(slices.Clone(changes), engine)...)
		defer w.end()
		test(w)
	})
}

// change is a change of a world's config, applied before its client is made.
type change = func(*connector.Config[credentials, user])

// bubbles runs a test in virtual time, once for each engine.
func bubbles(t *testing.T, name string, test func(t *testing.T, engine change)) {
	t.Helper()
	for _, engine := range []fsm.Engine{fsm.Looplab, fsm.Table} {
		t.Run(name+"/"+engine.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				test(t, func(c *connector.Config[credentials, user]) { c.Engine = engine })
			})
		})
	}
}

// socket changes the one socket of a world.
func socket(edit func(*connector.SocketConfig[user, request, response])) change {
	return func(c *connector.Config[credentials, user]) {
		s := c.Sockets[0].(connector.SocketConfig[user, request, response])
		edit(&s)
		c.Sockets = []connector.AnySocket[user]{s}
	}
}

// coded is a codec of JSON that calls these.
func coded(encoding, decoding func()) codec.Codec[request, response] {
	return codec.Funcs[request, response]{
		EncodeFunc: func(r request) ([]byte, error) { encoding(); return json.Marshal(r) },
		DecodeFunc: func(data []byte) (r response, err error) { decoding(); return r, json.Unmarshal(data, &r) },
	}
}

func newWorld(t *testing.T, backend connectortest.Config, changes ...change) *world {
	t.Helper()
	return newWorldOn(t, connectortest.NewNetwork(), backend, changes...)
}

func newWorldOn(t *testing.T, network *connectortest.Network, backend connectortest.Config, changes ...change) *world {
	t.Helper()
	w := &world{t: t, network: network}
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
			UserURL: w.backend.URL() + "/me", LoginAsURL: w.backend.URL() + "/login-as", LogoutEverywhereURL: w.backend.URL() + "/logout-everywhere",
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
	recorded := w.config
	if recorded.Journal == nil {
		w.recorded = new(bytes.Buffer)
		recorded.Journal = w.recorded
	}
	if recorded.Observer == nil {
		w.observed = newObserved()
		recorded.Observer = w.observed
	}
	client, err := connector.New(recorded)
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
	w.wantReplayed()
	if w.observed != nil {
		w.observed.wantEnded(w.t)
	}
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

// script makes the backend misbehave.
func (w *world) script(faults ...connectortest.Fault) {
	w.t.Helper()
	if err := w.backend.Script(faults...); err != nil {
		w.t.Fatal(err)
	}
}

// logout logs out and returns how long that took.
func (w *world) logout() time.Duration {
	w.t.Helper()
	start := time.Now()
	if err := w.session.Logout(context.Background()); err != nil {
		w.t.Fatalf("logout: %v", err)
	}
	return time.Since(start)
}

// begin logs in without waiting; the channel gives the outcome.
func (w *world) begin() <-chan error {
	done := make(chan error, 1)
	go func() { done <- w.session.Login(context.Background(), ann) }()
	return done
}

// loginOnly logs in without waiting for the sockets.
func (w *world) loginOnly() {
	w.t.Helper()
	if err := w.session.Login(connector.WithoutSockets(context.Background()), ann); err != nil {
		w.t.Fatalf("login: %v", err)
	}
}

// token returns the session's token, or the empty one.
func (w *world) token() authhttp.Token {
	token, _ := w.session.Token(context.Background(), 0)
	return token
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

// me asks the backend who a token belongs to, and returns the status.
func (w *world) me(token string) int {
	w.t.Helper()
	r, err := http.NewRequest(http.MethodGet, w.backend.URL()+"/me", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := w.config.HTTP.Base.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}
