package connectortest_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/gorilla/websocket"
)

const (
	subMessage = `{"id":2,"sub":{"kind":"categories"}}`
	menuPush   = `{"push":{"categories":[{"id":1,"name":"Soup"},{"id":2,"name":"Bread"},{"id":3,"name":"Cake"}]}}`
	annsAuth   = `{"id":1,"auth":{"id":1,"name":"ann"}}`
)

func (s *socket) ask(message, answer string) {
	s.t.Helper()
	s.send(message)
	s.want(answer)
}

// authenticate opens a socket that is authenticated, as ann.
func (c *client) authenticate() *socket {
	c.t.Helper()
	s := c.open()
	s.ask(authMessage(c.logIn().Access), annsAuth)
	return s
}

func TestEndsAtEachStep(t *testing.T) {
	for _, test := range []struct {
		name      string
		drop, end connectortest.Fault // without and with a close frame
		message   string              // "auth" stands for one; "" for none
		answers   []string            // before the end
	}{
		{"after the upgrade", connectortest.DropUpgraded(2), connectortest.CloseUpgraded(2, 4001, "go"), "", nil},
		{"on auth", connectortest.DropOnAuth(2), connectortest.CloseOnAuth(2, 4001, "go"), "auth", nil},
		{"on subscribe", connectortest.DropOnSubscribe(2), connectortest.CloseOnSubscribe(2, 4001, "go"), subMessage, nil},
		{"after the subscribe answer", connectortest.DropSubscribed(2), connectortest.CloseSubscribed(2, 4001, "go"),
			subMessage, []string{subMessage, menuPush}},
	} {
		play := func(t *testing.T, c *client, fault connectortest.Fault, check func(*socket)) {
			var waiting []*socket // for their subscribe message
			if test.message == subMessage {
				waiting = []*socket{c.authenticate(), c.authenticate()}
			}
			c.script(fault)
			for i := range 2 {
				var s *socket
				switch test.message {
				case "":
					s = c.open()
				case "auth":
					s = c.open()
					s.send(authMessage(c.logIn().Access))
				default:
					s = waiting[i]
					s.send(test.message)
				}
				for _, want := range test.answers {
					s.want(want)
				}
				check(s)
			}
			c.join() // the fault is used up
		}
		t.Run(test.name, func(t *testing.T) {
			onBoth(t, plain, func(t *testing.T, c *client) {
				play(t, c, test.drop, func(s *socket) { s.wantBroken() })
				play(t, c, test.end, func(s *socket) { s.wantClosed(4001, "go") })
			})
		})
	}
}

func TestEndedSocketIsNotHeard(t *testing.T) {
	inBubble(t, plain, func(t *testing.T, c *client, _ *connectortest.Network) {
		s := c.authenticate()
		c.script(connectortest.CloseSubscribed(1, 4001, ""))
		s.send(subMessage)
		synctest.Wait()
		s.send(echoMessage)
		synctest.Wait()
		if got := c.b.Counts(); got.Requests != 0 || got.OpenSockets != 1 {
			t.Errorf("before the client answers: got %+v, want no request and the socket open", got)
		}
		time.Sleep(6 * time.Second)
		if got := c.b.Counts().OpenSockets; got != 0 {
			t.Errorf("open sockets: got %d, want 0", got)
		}
	})
}

func TestUpgradeFaultsKeepTheirOrder(t *testing.T) {
	inBubble(t, plain, func(t *testing.T, c *client, _ *connectortest.Network) {
		c.script(connectortest.RefuseUpgrades(1, 503), connectortest.DropUpgraded(1), connectortest.RefuseUpgrades(1, 429))
		c.wantStatus(503, "GET", "/ws", "", "")
		c.open().wantBroken()
		c.wantStatus(429, "GET", "/ws", "", "")
		c.join()
	})
}

func TestOddAnswers(t *testing.T) {
	const (
		sent   = echoMessage
		strays = `{"id":1099511627776,"echo":{"text":"nobody asked"}}`
		pushed = `{"push":{"news":{"text":"in the frame of an answer"}}}`
	)
	for _, test := range []struct {
		name  string
		fault connectortest.Fault
		want  []string // for two messages
	}{
		{"repeated", connectortest.RepeatAnswers(1), []string{sent, sent, sent}},
		{"repeated, both", connectortest.RepeatAnswers(2), []string{sent, sent, sent, sent}},
		{"stray", connectortest.StrayAnswers(1), []string{strays, sent, sent}},
		{"in one frame with a push", connectortest.BatchAnswers(1), []string{sent + "\n" + pushed, sent}},
	} {
		t.Run(test.name, func(t *testing.T) {
			onBoth(t, plain, func(t *testing.T, c *client) {
				s := c.authenticate()
				c.script(test.fault)
				if err := c.b.Push("of no concern"); err != nil { // a push is no answer
					t.Fatal(err)
				}
				s.send(sent)
				s.send(sent)
				for _, want := range test.want {
					s.want(want)
				}
			})
		})
	}
	t.Run("an error is an answer, a message without id is not", func(t *testing.T) {
		inBubble(t, plain, func(t *testing.T, c *client, _ *connectortest.Network) {
			s := c.open()
			c.script(connectortest.RepeatAnswers(1))
			s.send(`hello`)
			s.wantError(0, "bad_message")
			s.send(echoMessage)
			s.wantError(3, "auth_required")
			s.wantError(3, "auth_required")
			s.wantSilence()
		})
	})
}

func TestAnonymousErrors(t *testing.T) {
	inBubble(t, plain, func(t *testing.T, c *client, _ *connectortest.Network) {
		c.script(connectortest.AnonymousErrors(3), connectortest.RejectAuth(1))
		s, auth := c.open(), authMessage(c.logIn().Access)
		for _, message := range []string{auth, subMessage, `{"id":9,"ping":{}}`} {
			s.send(message)
			if got := s.next(); strings.Contains(got, `"id"`) || !strings.Contains(got, `"code":"unavailable"`) {
				t.Errorf("answer to %.20s: got %s, want the error unavailable without an id", message, got)
			}
		}
		s.send(auth)
		s.wantError(1, "invalid_token") // left for the message after
		s.ask(auth, annsAuth)
		if got := c.b.Counts(); got.Auths != 3 || got.Subscriptions != 1 || got.AppPings != 1 {
			t.Errorf("got %+v, want 3 auths, 1 subscription and 1 application ping", got)
		}
	})
}

func TestSaying(t *testing.T) {
	onBoth(t, plain, func(t *testing.T, c *client) {
		sockets := []*socket{c.join(), c.open(), c.openPublic()}
		data := []byte{0, 0xff}
		binary := connectortest.SayBinary(data)
		data[0] = 1 // the fault has its own
		c.script(connectortest.SaySockets("not { JSON"), binary)
		for _, s := range sockets {
			for _, want := range []struct {
				kind int
				data string
			}{{websocket.TextMessage, "not { JSON"}, {websocket.BinaryMessage, "\x00\xff"}} {
				kind, got, err := s.ws.ReadMessage()
				if kind != want.kind || string(got) != want.data || err != nil {
					t.Errorf("got %d %q, %v, want %d %q", kind, got, err, want.kind, want.data)
				}
			}
		}
	})
}

func TestPings(t *testing.T) {
	// ping sends a ping and a message, and counts the pongs until its answer.
	ping := func(s *socket, payload string) (pongs []string) {
		s.t.Helper()
		s.ws.SetPongHandler(func(data string) error {
			pongs = append(pongs, data)
			return nil
		})
		if err := s.ws.WriteControl(websocket.PingMessage, []byte(payload), time.Time{}); err != nil {
			s.t.Fatal(err)
		}
		s.ask(echoMessage, echoMessage)
		return pongs
	}
	t.Run("from the client", func(t *testing.T) {
		onBoth(t, plain, func(t *testing.T, c *client) {
			if got := ping(c.authenticate(), "you?"); len(got) != 1 || got[0] != "you?" {
				t.Errorf("pongs: got %q, want one of you?", got)
			}
			if got := c.b.Counts(); got.Pings != 1 || got.Pongs != 0 || got.AppPings != 0 {
				t.Errorf("got %+v, want 1 ping", got)
			}
		})
	})
	t.Run("from the client to a deaf socket", func(t *testing.T) {
		onBoth(t, plain, func(t *testing.T, c *client) {
			c.script(connectortest.Deaf(1))
			deaf, other := c.authenticate(), c.authenticate()
			if got := ping(deaf, "you?"); got != nil {
				t.Errorf("pongs: got %q, want none", got)
			}
			if got := ping(other, "you?"); len(got) != 1 {
				t.Errorf("pongs of the next socket: got %q, want one", got)
			}
			if got := c.b.Counts().Pings; got != 2 {
				t.Errorf("pings: got %d, want 2", got)
			}
		})
	})
	t.Run("from the backend", func(t *testing.T) {
		onBoth(t, plain, func(t *testing.T, c *client) {
			sockets := []*socket{c.authenticate(), c.openPublic()}
			c.script(connectortest.PingSockets())
			for _, s := range sockets {
				s.ask(echoMessage, echoMessage) // the client reads the ping,
				s.ask(echoMessage, echoMessage) // and the backend the pong
			}
			if got := c.b.Counts(); got.Pongs != 2 || got.Pings != 0 {
				t.Errorf("got %+v, want 2 pongs", got)
			}
		})
	})
}

func TestMute(t *testing.T) {
	inBubble(t, plain, func(t *testing.T, c *client, n *connectortest.Network) {
		c.script(connectortest.Mute(1))
		s := c.open()
		s.send(authMessage(c.logIn().Access))
		c.script(connectortest.SaySockets("unheard"), connectortest.PingSockets(), connectortest.CloseSockets(4000, ""))
		s.wantSilence()
		s.ws.Close()
		time.Sleep(time.Hour)
		if got := c.b.Counts(); got.OpenSockets != 1 || got.Auths != 0 || got.Pings != 0 {
			t.Errorf("got %+v, want the socket open and nothing heard", got)
		}
		c.join()
		c.script(connectortest.DropSockets())
		synctest.Wait()
		if got := c.b.Counts().OpenSockets; got != 0 {
			t.Errorf("open sockets: got %d, want 0", got)
		}
	})
	inBubble(t, plain, func(t *testing.T, c *client, _ *connectortest.Network) {
		c.script(connectortest.Mute(1))
		c.open() // ended by Close
	})
}
