package configfile_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/configfile"
	"github.com/custom-app/interlock/connector/connectortest"
)

type (
	session = connector.Session[configfile.Credentials, configfile.User]
	socket  = connector.Socket[configfile.Message, configfile.Message]
)

// menu is the file for the backend of connectortest.
const menu = `
http:
  base: ${BASE}
  login: {url: /login, body: {name: "{{credentials/name}}", password: "{{credentials/password}}"}}
  refresh: {url: /refresh}
  loginAs: {url: /login-as}
  logout: {url: /logout}
  logoutEverywhere: {url: /logout-everywhere}
  user: {url: /me}
sockets:
  - id: menu
    url: /ws
    auth: {send: {auth: {token: "{{token}}"}}}
    renew: {send: {auth: {token: "{{token}}"}}}
    subscribe: [{send: {sub: {kind: categories}}}, {send: {sub: {kind: news}}}]
    messageID: {request: /id}
    error: /error
    code: {text: /error/code}
    rules: [{message: invalid_token, means: expired}]
    ping: {send: {ping: {}}, answer: {/ping: {is: {}}}}
    timeouts: {pingAfter: 5s}
`

// parse reads a file for a base.
func parse(t *testing.T, text, base string) *configfile.File {
	t.Helper()
	file, err := configfile.Parse("test.yaml", []byte(text), configfile.Options{Env: func(name string) (string, bool) {
		return map[string]string{"BASE": base, "WS": strings.Replace(base, "http", "ws", 1)}[name], true
	}})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// start makes a session of a file.
func start(t *testing.T, file *configfile.File, changes ...func(*connector.Config[configfile.Credentials, configfile.User])) *session {
	t.Helper()
	config, err := file.Config()
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range changes {
		change(&config)
	}
	client, err := connector.New(config)
	if err != nil {
		t.Fatal(err)
	}
	session := client.NewSession()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := session.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return session
}

var ann = configfile.Credentials{"name": "ann", "password": "secret"}

// soon is the time that tests over loopback have.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// on returns a socket of a session.
func on(t *testing.T, s *session, id string) *socket {
	t.Helper()
	handle, err := connector.On[configfile.Message, configfile.Message](s, id)
	if err != nil {
		t.Fatal(err)
	}
	return handle
}

// message makes a message of JSON.
func message(t *testing.T, text string) configfile.Message {
	t.Helper()
	var m configfile.Message
	if err := m.UnmarshalJSON([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return m
}

// want checks what is at a pointer of a message.
func want(t *testing.T, m configfile.Message, at, want string) {
	t.Helper()
	if got, there := m.At(at); !there || fmt.Sprint(got) != want {
		t.Errorf("got %v at %s of %s, want %s", got, at, m, want)
	}
}

// next returns the next message that has something at a pointer.
func next(t *testing.T, messages *connector.Stream[configfile.Message], at string) configfile.Message {
	t.Helper()
	for m := range messages.All(soon(t)) {
		if _, there := m.At(at); there {
			return m
		}
	}
	t.Fatalf("no message has %s", at)
	return configfile.Message{}
}

func TestSession(t *testing.T) {
	backend, err := connectortest.Start(connectortest.Config{AccessLife: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Close()
	session := start(t, parse(t, menu, backend.URL()))
	socket := on(t, session, "menu")
	messages := socket.Messages(0)
	defer messages.Close()

	t.Run("S1 C1 logs in and gets ready", func(t *testing.T) {
		if err := session.Login(soon(t), ann); err != nil {
			t.Fatal(err)
		}
		if user, ok := session.User(); !ok || fmt.Sprint(user) != "map[id:1 name:ann]" || !session.Status().Ready {
			t.Errorf("got user %v in %+v, want ann, ready", user, session.Status())
		}
	})
	t.Run("R1 requests", func(t *testing.T) {
		answer, err := socket.Request(soon(t), message(t, `{"echo":{"text":"<hi>"}}`))
		if err != nil {
			t.Fatal(err)
		}
		want(t, answer, "/echo/text", "<hi>")
		answer, err = socket.Request(soon(t), message(t, `{"menuDelete":{"id":99}}`))
		if refused := new(connector.AnswerError); !errors.As(err, &refused) || refused.Err.Error() != "not_found" {
			t.Errorf("got %v, %v, want not_found", answer, err)
		}
		if peer, ok := errors.AsType[*configfile.PeerError](err); !ok || peer.Code.Text != "not_found" {
			t.Errorf("got %v, want a PeerError", err)
		}
		if _, err := socket.Request(soon(t), message(t, `"text"`)); err == nil || !strings.Contains(err.Error(), "there is no place for an id at /id") {
			t.Errorf("got %v for a text, want that it has no place for an id", err)
		}
	})
	t.Run("P1 pushes", func(t *testing.T) {
		want(t, next(t, messages, "/push/categories"), "/push/categories/0/id", "1")
		backend.News("tea is ready")
		want(t, next(t, messages, "/push/news"), "/push/news/text", "tea is ready")
	})
	t.Run("T3 renews on the open connection", func(t *testing.T) {
		before := backend.Counts()
		token, err := session.Token(soon(t), 0)
		if err != nil {
			t.Fatal(err)
		}
		newer, err := session.Token(soon(t), token.Generation)
		if err != nil || newer.Access == token.Access {
			t.Fatalf("got %v, %v, want a newer token", newer.Generation, err)
		}
		for backend.Counts().Auths == before.Auths {
			if _, err := socket.Request(soon(t), message(t, `{"echo":{"text":"x"}}`)); err != nil {
				t.Fatal(err)
			}
		}
		if after := backend.Counts(); after.Upgrades != before.Upgrades {
			t.Errorf("got %d upgrades, want %d", after.Upgrades, before.Upgrades)
		}
	})
	t.Run("T1 requests of the application carry the token", func(t *testing.T) {
		response, err := session.HTTP().Get(backend.URL() + "/me")
		if err != nil || response.StatusCode != http.StatusOK {
			t.Errorf("got %v, %v, want 200", response, err)
		}
	})
	t.Run("S8 logs in as another, and back", func(t *testing.T) {
		if err := session.LoginAs(soon(t), 2); err != nil {
			t.Fatal(err)
		}
		if user, _ := session.User(); fmt.Sprint(user) != "map[id:2 name:bob]" {
			t.Errorf("got %v, want bob", user)
		}
		if err := session.Logout(soon(t)); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("S4 logs out", func(t *testing.T) {
		before := backend.Counts().Logouts
		if err := session.Logout(soon(t)); err != nil || backend.Counts().Logouts != before+1 {
			t.Errorf("got %v, %+v, want one logout more", err, backend.Counts())
		}
	})
	t.Run("S2 a wrong password", func(t *testing.T) {
		err := session.Login(soon(t), configfile.Credentials{"name": "ann", "password": "S3CRET"})
		if !errors.Is(err, authhttp.ErrRejected) || strings.Contains(err.Error(), "S3CRET") {
			t.Errorf("got %v, want rejected", err)
		}
	})
	t.Run("S2 a password that is missing", func(t *testing.T) {
		err := session.Login(soon(t), configfile.Credentials{"name": "ann"})
		if !errors.Is(err, authhttp.ErrRejected) || !strings.Contains(err.Error(), "http.login.body: {{credentials/password}}: there is no /password in the credentials; it has /name") {
			t.Errorf("got %v, want what is missing", err)
		}
	})
}
