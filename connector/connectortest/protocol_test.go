package connectortest_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/golang-jwt/jwt/v5"
	"github.com/gorilla/websocket"
)

func onLoopback(t *testing.T, config connectortest.Config) *client {
	t.Helper()
	b, err := connectortest.Start(config)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("close: got %v, want nil", err)
		}
		transport.CloseIdleConnections()
	})
	return &client{t: t, b: b, http: &http.Client{Transport: transport}, dialer: &websocket.Dialer{}}
}

// onBoth runs f with a backend on a real port of the loopback and with one on an
// in-memory network.
func onBoth(t *testing.T, config connectortest.Config, f func(*testing.T, *client)) {
	t.Helper()
	t.Run("loopback", func(t *testing.T) { f(t, onLoopback(t, config)) })
	t.Run("in memory", func(t *testing.T) {
		inBubble(t, config, func(t *testing.T, c *client, _ *connectortest.Network) { f(t, c) })
	})
}

func TestHTTPOverLoopback(t *testing.T) {
	c := onLoopback(t, plain)
	_, text, _ := c.call("POST", "/login", "", annsLogin)
	if want := `"expires_in":60,"user":{"id":1,"name":"ann"}}`; !strings.HasSuffix(text, want) {
		t.Error("login: the answer does not end in", want)
	}
	first := c.logIn()
	if got, text, header := c.call("GET", "/me", first.Access, ""); got != 200 ||
		text != `{"id":1,"name":"ann"}` || header.Get("Content-Type") != "application/json" {
		t.Errorf("me: got %d %s %v", got, text, header)
	}
	if got, text, _ := c.call("POST", "/echo", first.Access, "hello"); got != 200 || text != "hello" {
		t.Errorf("echo: got %d %s, want 200 hello", got, text)
	}
	second := c.refresh(first.Refresh)
	if second.Refresh == first.Refresh || second.Access == first.Access {
		t.Error("refresh: got an old token again")
	}
	c.wantStatus(204, "POST", "/logout", second.Access, "")
	c.wantStatus(401, "GET", "/me", second.Access, "")
	c.wantStatus(401, "GET", "/me", first.Access, "")
	c.wantStatus(401, "POST", "/refresh", "", refreshBody(second.Refresh))
}

func TestHTTPRefusals(t *testing.T) {
	c := onLoopback(t, plain)
	forged, err := jwt.New(jwt.SigningMethodNone).SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	access, carol := c.logIn().Access, c.tokens("/login", carolsLogin).Access
	for _, test := range []struct {
		name, method, path, token, body string
		status                          int
		code                            string
	}{
		{"wrong password", "POST", "/login", "", `{"name":"ann","password":"no"}`, 401, "failed_auth"},
		{"unknown user", "POST", "/login", "", `{"name":"eve","password":""}`, 401, "failed_auth"},
		{"login not JSON", "POST", "/login", "", `name=ann`, 400, "bad_message"},
		{"login too large", "POST", "/login", "", strings.Repeat(" ", 1<<20), 413, "bad_message"},
		{"unknown refresh token", "POST", "/refresh", "", refreshBody("x"), 401, "invalid_token"},
		{"access token as refresh token", "POST", "/refresh", "", refreshBody(access), 401, "invalid_token"},
		{"me without token", "GET", "/me", "", "", 401, "invalid_token"},
		{"me with unsigned token", "GET", "/me", forged, "", 401, "invalid_token"},
		{"echo without token", "POST", "/echo", "", "hi", 401, "invalid_token"},
		{"echo too large", "POST", "/echo", access, strings.Repeat(" ", 1<<20), 413, "bad_message"},
		{"login with a wrong token", "POST", "/login", "", `{"token":"x"}`, 401, "invalid_token"},
		{"login with an empty token", "POST", "/login", "", `{"token":""}`, 401, "invalid_token"},
		{"login with a refresh token", "POST", "/login", "", `{"token":"` + c.logIn().Refresh + `"}`, 401, "invalid_token"},
		{"login with neither", "POST", "/login", "", `{}`, 401, "failed_auth"},
		{"login-as without token", "POST", "/login-as", "", `{"user_id":2}`, 401, "invalid_token"},
		{"login-as not JSON", "POST", "/login-as", access, `user_id=2`, 400, "bad_message"},
		{"login-as who may not", "POST", "/login-as", carol, `{"user_id":2}`, 403, "permission_denied"},
		{"login-as who may not, unknown id", "POST", "/login-as", carol, `{"user_id":9}`, 403, "permission_denied"},
		{"login-as unknown id", "POST", "/login-as", access, `{"user_id":9}`, 404, "not_found"},
		{"login-as nobody", "POST", "/login-as", access, `{}`, 404, "not_found"},
		{"logout without token", "POST", "/logout", "", "", 401, "invalid_token"},
		{"logout-everywhere without token", "POST", "/logout-everywhere", "", "", 401, "invalid_token"},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, text, _ := c.call(test.method, test.path, test.token, test.body)
			if status != test.status || !strings.HasPrefix(text, `{"error":{"code":"`+test.code+`",`) {
				t.Errorf("got %d %s, want %d and code %s", status, text, test.status, test.code)
			}
		})
	}
}

func TestSocketOverLoopback(t *testing.T) {
	c := onLoopback(t, plain)
	other := c.join()
	s := c.open()

	s.send(`{"id":1,"echo":{"text":"hi"}}`)
	s.wantError(1, "auth_required")
	s.send(`{"id":2,"sub":{"kind":"categories"}}`)
	s.wantError(2, "auth_required")
	s.send(authMessage("nonsense"))
	s.wantError(1, "invalid_token")
	s.send(authMessage(c.logIn().Access))
	s.want(`{"id":1,"auth":{"id":1,"name":"ann"}}`)

	s.send(`{"id":2,"sub":{"kind":"weather"}}`)
	s.wantError(2, "not_found")
	s.send(`{"id":2,"sub":{"kind":"categories"}}`)
	s.want(`{"id":2,"sub":{"kind":"categories"}}`)
	s.want(`{"push":{"categories":[{"id":1,"name":"Soup"},{"id":2,"name":"Bread"},{"id":3,"name":"Cake"}]}}`)

	s.send(`{"id":3,"menuAdd":{"name":"Tea"}}`)
	s.want(`{"id":3,"menuAdd":{"id":4,"name":"Tea"}}`)
	s.send(`{"id":4,"menuDelete":{"id":4}}`)
	s.want(`{"push":{"categoryUpdate":{"id":4,"name":"Tea"}}}`)
	s.want(`{"id":4,"menuDelete":{"id":4}}`)
	s.want(`{"push":{"categoryDelete":{"id":4}}}`)
	s.send(`{"id":5,"menuDelete":{"id":4}}`)
	s.wantError(5, "not_found")
	s.send(`{"id":6,"echo":{"text":"hi"}}`)
	s.want(`{"id":6,"echo":{"text":"hi"}}`)

	other.want(`{"push":{"categoryUpdate":{"id":4,"name":"Tea"}}}`)
	other.want(`{"push":{"categoryDelete":{"id":4}}}`)

	want := connectortest.Counts{
		Logins: 2, Upgrades: 2, Auths: 3, Subscriptions: 4, Requests: 5, OpenSockets: 2,
	}
	if got := c.b.Counts(); got != want {
		t.Errorf("counts: got %+v, want %+v", got, want)
	}
}

func TestBadMessages(t *testing.T) {
	c := onLoopback(t, plain)
	s := c.join()
	for _, test := range []struct {
		name, message string
		id            int
	}{
		{"not JSON", `hello`, 0},
		{"no id", `{"echo":{"text":"hi"}}`, 0},
		{"mistyped", `{"id":7,"echo":{"text":1}}`, 0},
		{"nothing asked", `{"id":7}`, 7},
		{"unknown request", `{"id":7,"dance":{}}`, 7},
		{"two requests", `{"id":7,"echo":{"text":"hi"},"menuDelete":{"id":1}}`, 7},
	} {
		t.Run(test.name, func(t *testing.T) {
			s.send(test.message)
			s.wantError(test.id, "bad_message")
		})
	}
}

func TestRotation(t *testing.T) {
	c := onLoopback(t, plain)
	bystander := c.logIn()
	first := c.logIn()
	second := c.refresh(first.Refresh)
	c.wantStatus(200, "GET", "/me", second.Access, "")

	c.wantStatus(401, "POST", "/refresh", "", refreshBody(first.Refresh))
	c.wantStatus(401, "GET", "/me", second.Access, "")
	c.wantStatus(401, "POST", "/refresh", "", refreshBody(second.Refresh))
	c.wantStatus(200, "GET", "/me", bystander.Access, "")
	c.refresh(bystander.Refresh)
}

func TestTokenLives(t *testing.T) {
	config := connectortest.Config{AccessLife: 1500 * time.Millisecond, RefreshLife: time.Minute}
	inBubble(t, config, func(t *testing.T, c *client, _ *connectortest.Network) {
		first := c.logIn()
		if first.ExpiresIn != 1.5 {
			t.Errorf("expires_in: got %v, want 1.5", first.ExpiresIn)
		}
		claims := jwt.MapClaims{}
		if _, _, err := jwt.NewParser().ParseUnverified(first.Access, claims); err != nil {
			t.Fatal(err)
		}
		if life := claims["exp"].(float64) - claims["iat"].(float64); life != 1.5 || claims["sub"] != "1" {
			t.Errorf("claims: got life %v and sub %v, want 1.5 and 1", life, claims["sub"])
		}
		s := c.open()
		time.Sleep(1499 * time.Millisecond)
		c.wantStatus(200, "GET", "/me", first.Access, "")
		time.Sleep(time.Millisecond)
		c.wantStatus(401, "GET", "/me", first.Access, "")
		s.send(authMessage(first.Access))
		s.wantError(1, "invalid_token")

		second := c.refresh(first.Refresh)
		s.send(authMessage(second.Access))
		s.want(`{"id":1,"auth":{"id":1,"name":"ann"}}`)
		time.Sleep(time.Minute)
		c.wantStatus(401, "POST", "/refresh", "", refreshBody(second.Refresh))
	})
}

func TestHandlerOnAnotherServer(t *testing.T) {
	b, err := connectortest.New(connectortest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(b.Handler())
	defer server.Close()
	ws, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(server.URL, "http")+"/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	(&socket{t, ws}).wantBroken()
	response, err := server.Client().Get(server.URL + "/me")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("after close: got %d, want 503", response.StatusCode)
	}
}
