package connectortest_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/custom-app/interlock/connector/connectortest"
)

const (
	annsLoginMessage = `{"id":1,"login":` + annsLogin + `}`
	bobsLoginMessage = `{"id":1,"login":` + bobsLogin + `}`
	logoutMessage    = `{"id":2,"logout":{}}`
	logoutAnswer     = `{"id":2,"logout":{}}`
	echoMessage      = `{"id":3,"echo":{"text":"hi"}}`
)

// logIn sends a login message and returns the tokens in its answer.
func (s *socket) logIn(message string) tokens {
	s.t.Helper()
	s.send(message)
	var got struct {
		ID    int
		Login tokens
	}
	text := s.next()
	if err := json.Unmarshal([]byte(text), &got); err != nil || got.ID != 1 || got.Login.Access == "" {
		s.t.Fatalf("login message: got %d bytes, id %d, %v, want tokens", len(text), got.ID, err)
	}
	return got.Login
}

func TestLoginOverSocket(t *testing.T) {
	onBoth(t, plain, func(t *testing.T, c *client) {
		s := c.open()
		s.send(`{"id":1,"login":{"name":"ann","password":"no"}}`)
		s.wantError(1, "failed_auth")
		s.send(echoMessage)
		s.wantError(3, "auth_required")
		pair := s.logIn(annsLoginMessage)
		if pair.ExpiresIn != 60 || pair.User.Name != "ann" {
			t.Errorf("got %v s and %s, want 60 and ann", pair.ExpiresIn, pair.User.Name)
		}
		s.send(echoMessage)
		s.want(echoMessage)
		c.wantWho("ann", pair.Access)
		c.wantWho("ann", c.refresh(pair.Refresh).Access)
		c.wantStatus(204, "POST", "/logout-everywhere", pair.Access, "")
		s.wantClosed(connectortest.CloseLoggedOut, "logged out")
		if got := c.b.Counts(); got.Logins != 2 || got.Auths != 0 {
			t.Errorf("got %+v, want 2 logins and no auth", got)
		}
	})
}

func TestLogoutOverSocket(t *testing.T) {
	onBoth(t, plain, func(t *testing.T, c *client) {
		s, other := c.join(), c.logIn()
		s.send(logoutMessage)
		s.want(logoutAnswer)
		s.send(echoMessage)
		s.wantError(3, "auth_required")
		s.send(logoutMessage)
		s.wantError(2, "auth_required")

		pair := s.logIn(bobsLoginMessage)
		if err := c.b.Push("not for the socket, whose subscription is over"); err != nil {
			t.Fatal(err)
		}
		s.send(logoutMessage)
		s.want(logoutAnswer)
		c.wantWho("", pair.Access)
		c.wantStatus(401, "POST", "/refresh", "", refreshBody(pair.Refresh))
		c.wantWho("ann", other.Access)

		// No longer a socket of ann or bob, it stays when they log out.
		c.wantStatus(204, "POST", "/logout-everywhere", other.Access, "")
		c.wantStatus(204, "POST", "/logout-everywhere", c.tokens("/login", bobsLogin).Access, "")
		s.send(echoMessage)
		s.wantError(3, "auth_required")
		if got := c.b.Counts().Logouts; got != 3 {
			t.Errorf("logouts: got %d, want 3", got)
		}
	})
}

func TestLogoutOverSocketEndsTheLoginOfItsToken(t *testing.T) {
	inBubble(t, plain, func(t *testing.T, c *client, _ *connectortest.Network) {
		pair := c.logIn()
		child := c.logInAs(pair.Access, "2")
		s, sibling := c.open(), c.open()
		for _, ws := range []*socket{s, sibling} {
			ws.send(authMessage(pair.Access))
			ws.next()
		}
		s.send(logoutMessage)
		s.want(logoutAnswer)
		c.wantWho("", pair.Access)
		c.wantWho("bob", child.Access)
		sibling.send(echoMessage)
		sibling.want(echoMessage)
	})
}

func TestLoginFaultsOverSocket(t *testing.T) {
	for _, test := range []struct {
		name    string
		fault   connectortest.Fault
		message string
		check   func(*socket)
	}{
		{"refuse login", connectortest.RefuseLogins(1, 503), annsLoginMessage,
			func(s *socket) { s.wantError(1, "unavailable") }},
		{"refuse login like a wrong password", connectortest.RefuseLogins(1, 401), annsLoginMessage,
			func(s *socket) { s.wantError(1, "failed_auth") }},
		{"hold login", connectortest.HoldLogins(1), annsLoginMessage, func(s *socket) { s.wantSilence() }},
		{"cut login", connectortest.CutLogins(1), annsLoginMessage, func(s *socket) { s.wantBroken() }},
		{"answer login", connectortest.AnswerLogins(1, 200, "text/html", "<html>"), annsLoginMessage,
			func(s *socket) { s.want("<html>") }},
		{"refuse logout", connectortest.RefuseLogouts(1, 500), logoutMessage,
			func(s *socket) { s.wantError(2, "unavailable") }},
		{"refuse logout like an invalid token", connectortest.RefuseLogouts(1, 401), logoutMessage,
			func(s *socket) { s.wantError(2, "invalid_token") }},
		{"hold logout", connectortest.HoldLogouts(1), logoutMessage, func(s *socket) { s.wantSilence() }},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := connectortest.Config{AccessLife: 2 * time.Hour} // longer than wantSilence waits
			inBubble(t, config, func(t *testing.T, c *client, _ *connectortest.Network) {
				s := c.open()
				var pair tokens
				if test.message == logoutMessage {
					pair = s.logIn(annsLoginMessage)
				}
				c.script(test.fault)
				s.send(test.message)
				test.check(s)
				if test.message == logoutMessage {
					c.wantWho("ann", pair.Access)
				}

				// The fault is used up: the same works on a new socket.
				again := c.open()
				again.logIn(bobsLoginMessage)
				again.send(logoutMessage)
				again.want(logoutAnswer)
			})
		})
	}
}

func TestPublicSocket(t *testing.T) {
	onBoth(t, plain, func(t *testing.T, c *client) {
		menu, s, bystander := c.join(), c.openPublic(), c.openPublic()
		s.send(echoMessage)
		s.want(echoMessage)
		for _, message := range []string{
			authMessage(c.logIn().Access), annsLoginMessage, `{"id":1,"logout":{}}`,
			`{"id":1,"menuAdd":{"name":"Tea"}}`, `{"id":1,"menuDelete":{"id":1}}`,
			`{"id":1,"echo":{"text":"hi"},"logout":{}}`,
		} {
			s.send(message)
			s.wantError(1, "bad_message")
		}
		s.send(`{"id":2,"sub":{"kind":"categories"}}`)
		s.wantError(2, "not_found")
		menu.send(`{"id":2,"sub":{"kind":"weather"}}`)
		menu.wantError(2, "not_found")

		c.b.News("too early")
		s.send(`{"id":2,"sub":{"kind":"news"}}`)
		s.want(`{"id":2,"sub":{"kind":"news"}}`)
		c.b.News("fresh <bread>")
		if err := c.b.Push("of the menu"); err != nil {
			t.Fatal(err)
		}
		c.b.News("")
		s.want(`{"push":{"news":{"text":"fresh \u003cbread\u003e"}}}`)
		s.want(`{"push":{"news":{"text":""}}}`)
		menu.want(`{"push":"of the menu"}`)
		bystander.send(echoMessage)
		bystander.want(echoMessage)

		got := c.b.Counts()
		want := connectortest.Counts{
			Logins: 2, Upgrades: 1, PublicUpgrades: 2, Auths: 1, Subscriptions: 4, Requests: 2, OpenSockets: 3,
		}
		if got != want {
			t.Errorf("counts: got %+v, want %+v", got, want)
		}
	})
}

func TestPublicSocketMeetsFaults(t *testing.T) {
	inBubble(t, plain, func(t *testing.T, c *client, _ *connectortest.Network) {
		c.script(connectortest.RefuseUpgrades(1, 503), connectortest.HoldRequests(1), connectortest.RejectSubscriptions(1))
		s := c.openPublic() // not one of the upgrades that are refused
		s.send(echoMessage)
		s.send(`{"id":2,"sub":{"kind":"news"}}`)
		s.wantError(2, "rejected")
		c.script(connectortest.CloseSockets(4000, "bye"))
		s.wantClosed(4000, "bye")
		dropped := c.openPublic()
		c.script(connectortest.DropSockets())
		dropped.wantBroken()
		c.wantStatus(503, "GET", "/ws", "", "")
	})
}
