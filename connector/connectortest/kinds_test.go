package connectortest_test

import (
	"math"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/custom-app/interlock/connector/connectortest"
)

func TestKindsOfSubscription(t *testing.T) {
	onBoth(t, plain, func(t *testing.T, c *client) {
		s := c.authenticate()
		s.ask(`{"id":2,"sub":{"kind":"news"}}`, `{"id":2,"sub":{"kind":"news"}}`)
		s.ask(`{"id":3,"sub":{"kind":"room-9"}}`, `{"id":3,"sub":{"kind":"room-9"}}`)
		s.ask(`{"id":4,"sub":{"kind":"categories"}}`, `{"id":4,"sub":{"kind":"categories"}}`)
		s.want(menuPush)
		for _, kind := range []string{"news", "room-9", "categories"} {
			s.send(`{"id":5,"sub":{"kind":"` + kind + `"}}`)
			s.wantError(5, "already_subscribed")
		}

		say := func() {
			t.Helper()
			c.b.News("fresh bread")
			for _, room := range []string{"room-8", "room-9"} {
				if err := c.b.PushTo(room, map[string]int{"n": 1}); err != nil {
					t.Fatal(err)
				}
			}
			if err := c.b.Push("of the menu"); err != nil {
				t.Fatal(err)
			}
		}
		say()
		s.want(`{"push":{"news":{"text":"fresh bread"}}}`)
		s.want(`{"push":{"kind":"room-9","message":{"n":1}}}`)
		s.want(`{"push":"of the menu"}`)

		s.ask(`{"id":6,"unsub":{"kind":"room-9"}}`, `{"id":6,"unsub":{}}`)
		say()
		s.want(`{"push":{"news":{"text":"fresh bread"}}}`)
		s.want(`{"push":"of the menu"}`)
		s.ask(`{"id":7,"unsub":{"kind":"news"}}`, `{"id":7,"unsub":{}}`)
		s.ask(`{"id":7,"unsub":{"kind":"categories"}}`, `{"id":7,"unsub":{}}`)
		say()
		for _, kind := range []string{"room-9", "room-1", "weather", ""} {
			s.send(`{"id":8,"unsub":{"kind":"` + kind + `"}}`)
			s.wantError(8, "not_subscribed")
		}
		s.ask(`{"id":9,"sub":{"kind":"categories"}}`, `{"id":9,"sub":{"kind":"categories"}}`)
		s.want(menuPush)
		if got := c.b.Counts(); got.Subscriptions != 7 || got.Unsubscriptions != 7 {
			t.Errorf("got %+v, want 7 subscriptions and 7 unsubscriptions", got)
		}
	})
}

func TestKindsNotThere(t *testing.T) {
	inBubble(t, plain, func(t *testing.T, c *client, _ *connectortest.Network) {
		s, public := c.authenticate(), c.openPublic()
		for _, kind := range []string{"", "room-", "room-0", "room-10", "room-a", "room-1 ", "rooms", "9"} {
			s.send(`{"id":2,"sub":{"kind":"` + kind + `"}}`)
			s.wantError(2, "not_found")
			if err := c.b.PushTo(kind, 1); err == nil || !strings.HasPrefix(err.Error(), "interlock: push: kind: ") {
				t.Errorf("push to %q: got %v, want a fault of kind", kind, err)
			}
		}
		public.send(`{"id":2,"sub":{"kind":"room-1"}}`)
		public.wantError(2, "not_found")
		if err := c.b.PushTo("room-1", math.NaN()); err == nil {
			t.Error("push of NaN: got no error")
		}
	})
}

func TestNewMessagesNeedAuth(t *testing.T) {
	inBubble(t, plain, func(t *testing.T, c *client, _ *connectortest.Network) {
		s, public := c.open(), c.openPublic()
		for _, message := range []string{`{"id":7,"unsub":{"kind":"news"}}`, `{"id":7,"ping":{}}`} {
			s.send(message)
			s.wantError(7, "auth_required")
		}
		public.ask(`{"id":7,"ping":{}}`, `{"id":7,"ping":{}}`)
		public.ask(`{"id":2,"sub":{"kind":"news"}}`, `{"id":2,"sub":{"kind":"news"}}`)
		public.ask(`{"id":7,"unsub":{"kind":"news"}}`, `{"id":7,"unsub":{}}`)
		c.b.News("unheard")
		public.wantSilence()
	})
}

func TestAppPing(t *testing.T) {
	onBoth(t, plain, func(t *testing.T, c *client) {
		s := c.authenticate()
		s.ask(`{"id":8,"ping":{}}`, `{"id":8,"ping":{}}`)
		s.send(`{"id":8,"ping":{},"echo":{"text":"hi"}}`)
		s.wantError(8, "bad_message")
		if got := c.b.Counts(); got.AppPings != 1 || got.Pings != 0 || got.Requests != 0 {
			t.Errorf("got %+v, want 1 application ping", got)
		}
	})
}

func TestLogoutEndsEverySubscription(t *testing.T) {
	inBubble(t, plain, func(t *testing.T, c *client, _ *connectortest.Network) {
		s := c.join()
		s.ask(`{"id":2,"sub":{"kind":"room-1"}}`, `{"id":2,"sub":{"kind":"room-1"}}`)
		s.ask(logoutMessage, logoutAnswer)
		s.logIn(annsLoginMessage)
		if err := c.b.PushTo("room-1", 1); err != nil {
			t.Fatal(err)
		}
		s.ask(subMessage, subMessage)
		s.want(menuPush)
	})
}

func TestAuthAgain(t *testing.T) {
	onBoth(t, plain, func(t *testing.T, c *client) {
		s := c.authenticate()
		s.ask(`{"id":2,"sub":{"kind":"room-1"}}`, `{"id":2,"sub":{"kind":"room-1"}}`)
		newer := c.logIn()
		s.ask(authMessage(newer.Access), annsAuth)
		heard := func(message, want string) {
			t.Helper()
			if err := c.b.PushTo("room-1", message); err != nil {
				t.Fatal(err)
			}
			s.want(want)
		}
		heard("a", `{"push":{"kind":"room-1","message":"a"}}`)
		s.send(authMessage("nonsense"))
		s.wantError(1, "invalid_token")
		s.send(authMessage(c.tokens("/login", bobsLogin).Access))
		s.wantError(1, "other_user")
		heard("b", `{"push":{"kind":"room-1","message":"b"}}`)
		s.ask(echoMessage, echoMessage)

		// It is still a socket of ann, and of the login of the newer token.
		c.wantStatus(204, "POST", "/logout-everywhere", c.tokens("/login", bobsLogin).Access, "")
		c.wantWho("ann", newer.Access)
		s.ask(logoutMessage, logoutAnswer)
		c.wantWho("", newer.Access)
		s.ask(authMessage(c.tokens("/login", bobsLogin).Access), `{"id":1,"auth":{"id":2,"name":"bob"}}`)
	})
}

func TestAnnounceExpiry(t *testing.T) {
	onBoth(t, plain, func(t *testing.T, c *client) {
		s, other, anonymous, public := c.join(), c.open(), c.open(), c.openPublic()
		other.logIn(bobsLoginMessage)
		c.script(connectortest.AnnounceExpiry())
		const want = `{"error":{"code":"token_expired","text":"the token has expired; authenticate again"}}`
		s.want(want)
		other.want(want)
		s.ask(echoMessage, echoMessage)
		anonymous.send(echoMessage)
		anonymous.wantError(3, "auth_required")
		public.ask(echoMessage, echoMessage)

		c.script(connectortest.ExpireTokens())
		s.ask(authMessage(c.logIn().Access), annsAuth)
		if err := c.b.Push("of the menu"); err != nil {
			t.Fatal(err)
		}
		s.want(`{"push":"of the menu"}`)
	})
}

// A push and an unsub meet under one lock: what is pushed after the answer to
// unsub is not for the socket.
func TestNoPushAfterUnsub(t *testing.T) {
	inBubble(t, plain, func(t *testing.T, c *client, _ *connectortest.Network) {
		s := c.authenticate()
		s.ask(`{"id":2,"sub":{"kind":"room-1"}}`, `{"id":2,"sub":{"kind":"room-1"}}`)
		go func() {
			for range 100 {
				c.b.PushTo("room-1", 1)
			}
		}()
		s.send(`{"id":7,"unsub":{"kind":"room-1"}}`)
		for s.next() != `{"id":7,"unsub":{}}` {
		}
		synctest.Wait()
		s.wantSilence()
	})
}
