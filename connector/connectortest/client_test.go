package connectortest_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/gorilla/websocket"
)

const inMemory = "127.0.0.1:8080"

// client is a plain HTTP and WebSocket client of a backend.
type client struct {
	t      *testing.T
	b      *connectortest.Backend
	http   *http.Client
	dialer *websocket.Dialer
}

type tokens struct {
	Access    string  `json:"access_token"`
	Refresh   string  `json:"refresh_token"`
	ExpiresIn float64 `json:"expires_in"`
	User      struct{ Name string }
}

// inBubble runs f with a backend on an in-memory network, in virtual time. The
// bubble fails the test when a goroutine is left.
func inBubble(t *testing.T, c connectortest.Config, f func(*testing.T, *client, *connectortest.Network)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := connectortest.NewNetwork()
		l, err := n.Listen(inMemory)
		if err != nil {
			t.Fatal(err)
		}
		b, err := connectortest.New(c)
		if err != nil {
			t.Fatal(err)
		}
		b.StartOn(l)
		transport := &http.Transport{DialContext: n.DialContext}
		f(t, &client{
			t: t, b: b,
			http:   &http.Client{Transport: transport},
			dialer: &websocket.Dialer{NetDialContext: n.DialContext},
		}, n)
		if err := b.Close(); err != nil {
			t.Errorf("close: got %v, want nil", err)
		}
		transport.CloseIdleConnections()
	})
}

func (c *client) script(faults ...connectortest.Fault) {
	c.t.Helper()
	if err := c.b.Script(faults...); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) do(ctx context.Context, method, path, token, body string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.b.URL()+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return c.http.Do(r)
}

// call returns the status, the body and the header of the answer.
func (c *client) call(method, path, token, body string) (int, string, http.Header) {
	c.t.Helper()
	response, err := c.do(c.t.Context(), method, path, token, body)
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return response.StatusCode, strings.TrimSpace(string(data)), response.Header
}

func (c *client) wantStatus(want int, method, path, token, body string) {
	c.t.Helper()
	if got, text, _ := c.call(method, path, token, body); got != want {
		c.t.Errorf("%s %s: got %d %s, want %d", method, path, got, text, want)
	}
}

func (c *client) tokens(path, body string) tokens {
	c.t.Helper()
	return c.tokensAs("", path, body)
}

func (c *client) tokensAs(token, path, body string) tokens {
	c.t.Helper()
	status, text, _ := c.call("POST", path, token, body)
	if status != http.StatusOK {
		c.t.Fatalf("POST %s: got %d %s, want 200", path, status, text)
	}
	var got tokens
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		c.t.Fatal(err)
	}
	return got
}

const (
	annsLogin   = `{"name":"ann","password":"secret"}`
	bobsLogin   = `{"name":"bob","password":"hunter2"}`
	carolsLogin = `{"name":"carol","password":"letmein"}`
)

func (c *client) logIn() tokens {
	c.t.Helper()
	return c.tokens("/login", annsLogin)
}

func (c *client) refresh(token string) tokens {
	c.t.Helper()
	return c.tokens("/refresh", refreshBody(token))
}

func refreshBody(token string) string { return `{"refresh_token":"` + token + `"}` }

// logInAs asks with token for a login as the user of that id.
func (c *client) logInAs(token, id string) tokens {
	c.t.Helper()
	return c.tokensAs(token, "/login-as", `{"user_id":`+id+`}`)
}

// wantWho expects token to belong to the user of that name; "" expects it to
// be no longer valid.
func (c *client) wantWho(name, token string) {
	c.t.Helper()
	status, text, _ := c.call("GET", "/me", token, "")
	if name == "" && status != http.StatusUnauthorized {
		c.t.Errorf("GET /me: got %d %s, want 401", status, text)
	}
	if name != "" && !strings.HasSuffix(text, `"name":"`+name+`"}`) {
		c.t.Errorf("GET /me: got %d %s, want %s", status, text, name)
	}
}

func (c *client) open() *socket {
	c.t.Helper()
	return c.dial(c.b.WebSocketURL())
}

func (c *client) openPublic() *socket {
	c.t.Helper()
	return c.dial(c.b.PublicWebSocketURL())
}

func (c *client) dial(url string) *socket {
	c.t.Helper()
	ws, _, err := c.dialer.DialContext(c.t.Context(), url, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { ws.Close() })
	return &socket{c.t, ws}
}

// join opens a socket that is authenticated and subscribed.
func (c *client) join() *socket {
	c.t.Helper()
	s := c.open()
	s.send(authMessage(c.logIn().Access))
	s.want(`{"id":1,"auth":{"id":1,"name":"ann"}}`)
	s.send(`{"id":2,"sub":{"kind":"categories"}}`)
	s.want(`{"id":2,"sub":{"kind":"categories"}}`)
	s.next()
	return s
}

func authMessage(token string) string { return `{"id":1,"auth":{"token":"` + token + `"}}` }

type socket struct {
	t  *testing.T
	ws *websocket.Conn
}

func (s *socket) send(message string) {
	s.t.Helper()
	if err := s.ws.WriteMessage(websocket.TextMessage, []byte(message)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *socket) next() string {
	s.t.Helper()
	_, data, err := s.ws.ReadMessage()
	if err != nil {
		s.t.Fatal(err)
	}
	return string(data)
}

func (s *socket) want(want string) {
	s.t.Helper()
	if got := s.next(); got != want {
		s.t.Errorf("message: got %s, want %s", got, want)
	}
}

// wantError reads an error message and compares its id and code.
func (s *socket) wantError(id int, code string) {
	s.t.Helper()
	var got struct {
		ID    int
		Error struct{ Code string }
	}
	text := s.next()
	if err := json.Unmarshal([]byte(text), &got); err != nil || got.ID != id || got.Error.Code != code {
		s.t.Errorf("message: got %s, want id %d and error %s", text, id, code)
	}
}

// wantClosed expects the backend to close the socket.
func (s *socket) wantClosed(code int, reason string) {
	s.t.Helper()
	_, data, err := s.ws.ReadMessage()
	var got *websocket.CloseError
	if !errors.As(err, &got) || got.Code != code || got.Text != reason {
		s.t.Errorf("read: got %q, %v, want close %d %s", data, err, code, reason)
	}
}

// wantSilence is for virtual time. The socket cannot be read afterwards.
func (s *socket) wantSilence() {
	s.t.Helper()
	s.ws.SetReadDeadline(time.Now().Add(time.Hour))
	if _, data, err := s.ws.ReadMessage(); !isTimeout(err) {
		s.t.Errorf("read: got %q, %v, want a timeout", data, err)
	}
}

// wantBroken expects the connection to end without a close frame.
func (s *socket) wantBroken() {
	s.t.Helper()
	_, data, err := s.ws.ReadMessage()
	if err == nil || isTimeout(err) || websocket.IsUnexpectedCloseError(err, websocket.CloseAbnormalClosure) {
		s.t.Errorf("read: got %q, %v, want a broken connection", data, err)
	}
}

func isTimeout(err error) bool {
	timeout, ok := err.(interface{ Timeout() bool })
	return ok && timeout.Timeout()
}
