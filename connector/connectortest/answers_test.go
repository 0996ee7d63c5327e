package connectortest_test

import (
	"errors"
	"io"
	"testing"

	"github.com/custom-app/interlock/connector/connectortest"
)

func TestScriptedAnswers(t *testing.T) {
	for _, test := range []struct {
		name         string
		fault        func(n, status int, contentType, body string) connectortest.Fault
		method, path string
	}{
		{"login", connectortest.AnswerLogins, "POST", "/login"},
		{"login-as", connectortest.AnswerLoginAs, "POST", "/login-as"},
		{"refresh", connectortest.AnswerRefreshes, "POST", "/refresh"},
		{"me", connectortest.AnswerMe, "GET", "/me"},
	} {
		t.Run(test.name, func(t *testing.T) {
			onBoth(t, plain, func(t *testing.T, c *client) {
				for _, odd := range []struct {
					status      int
					contentType string
					body        string
				}{
					{200, "text/html", "<html>Welcome to the hotel</html>"},
					{200, "application/json", `{"access_token":`},
					{200, "", "\x00\xff"},
					{204, "", ""},
					{401, "application/json", "[]"},
					{599, "text/plain; charset=utf-8", ""},
				} {
					c.script(test.fault(2, odd.status, odd.contentType, odd.body))
					for range 2 {
						status, body, header := c.call(test.method, test.path, "", "not JSON")
						if status != odd.status || body != odd.body || header.Get("Content-Type") != odd.contentType {
							t.Errorf("got %d %q %q, want %d %q %q", status, header.Values("Content-Type"), body,
								odd.status, odd.contentType, odd.body)
						}
						if odd.contentType == "" && header.Values("Content-Type") != nil {
							t.Errorf("Content-Type: got %q, want none", header.Values("Content-Type"))
						}
					}
				}
				if _, _, header := c.call(test.method, test.path, "", annsLogin); header.Get("Content-Type") != "application/json" {
					t.Errorf("after the odd answers: got %v, want an ordinary one", header)
				}
			})
		})
	}
}

func TestScriptedRefreshKeepsItsToken(t *testing.T) {
	inBubble(t, plain, func(t *testing.T, c *client, _ *connectortest.Network) {
		token := c.logIn().Refresh
		c.script(connectortest.AnswerRefreshes(1, 200, "", "{}"), connectortest.CutRefreshes(1))
		c.wantStatus(200, "POST", "/refresh", "", refreshBody(token))
		if _, err := c.do(t.Context(), "POST", "/refresh", "", refreshBody(token)); err == nil {
			t.Error("cut refresh: got an answer, want none")
		}
		c.refresh(token)
	})
}

func TestCuts(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault connectortest.Fault
		path  string
	}{
		{"login", connectortest.CutLogins(2), "/login"},
		{"refresh", connectortest.CutRefreshes(2), "/refresh"},
	} {
		t.Run(test.name, func(t *testing.T) {
			onBoth(t, plain, func(t *testing.T, c *client) {
				body := annsLogin
				if test.path == "/refresh" {
					body = refreshBody(c.logIn().Refresh)
				}
				c.script(test.fault)
				for range 2 {
					if _, err := c.do(t.Context(), "POST", test.path, "", body); !errors.Is(err, io.EOF) {
						t.Errorf("got %v, want %v", err, io.EOF)
					}
				}
				c.tokens(test.path, body)
			})
		})
	}
}

func TestLogoutFaultsAreShared(t *testing.T) {
	inBubble(t, plain, func(t *testing.T, c *client, _ *connectortest.Network) {
		pair := c.logIn()
		c.script(connectortest.RefuseLogouts(2, 503))
		c.wantStatus(503, "POST", "/logout-everywhere", pair.Access, "")
		c.wantStatus(503, "POST", "/logout", pair.Access, "")
		c.wantStatus(204, "POST", "/logout", pair.Access, "")
		if got := c.b.Counts(); got.Logouts != 2 || got.LogoutsEverywhere != 1 {
			t.Errorf("got %+v, want 2 logouts and 1 everywhere", got)
		}
	})
}

func TestRefusedTokenIsChallenged(t *testing.T) {
	inBubble(t, plain, func(t *testing.T, c *client, _ *connectortest.Network) {
		_, _, genuine := c.call("GET", "/me", "", "")
		c.script(connectortest.RefuseMe(1, 401))
		_, _, scripted := c.call("GET", "/me", c.logIn().Access, "")
		want := `Bearer error="invalid_token"`
		if got := genuine.Get("WWW-Authenticate"); got != want {
			t.Errorf("genuine: got %q, want %q", got, want)
		}
		if got := scripted.Get("WWW-Authenticate"); got != want {
			t.Errorf("scripted: got %q, want %q", got, want)
		}
	})
}
