package connectortest_test

import (
	"context"
	"errors"
	"math"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/gorilla/websocket"
)

var plain connectortest.Config

func TestRefusals(t *testing.T) {
	for _, test := range []struct {
		name               string
		fault              func(n, status int) connectortest.Fault
		status             int
		method, path, code string
	}{
		{"login", connectortest.RefuseLogins, 503, "POST", "/login", "unavailable"},
		{"login like a wrong password", connectortest.RefuseLogins, 401, "POST", "/login", "failed_auth"},
		{"refresh", connectortest.RefuseRefreshes, 500, "POST", "/refresh", "unavailable"},
		{"refresh like an invalid token", connectortest.RefuseRefreshes, 401, "POST", "/refresh", "invalid_token"},
		{"upgrade", connectortest.RefuseUpgrades, 429, "GET", "/ws", "unavailable"},
		{"public upgrade", connectortest.RefusePublicUpgrades, 503, "GET", "/public", "unavailable"},
		{"me", connectortest.RefuseMe, 503, "GET", "/me", "unavailable"},
		{"me like an invalid token", connectortest.RefuseMe, 401, "GET", "/me", "invalid_token"},
		{"login-as", connectortest.RefuseLoginAs, 500, "POST", "/login-as", "unavailable"},
		{"login-as like a missing permission", connectortest.RefuseLoginAs, 403, "POST", "/login-as", "permission_denied"},
		{"login-as like an unknown user", connectortest.RefuseLoginAs, 404, "POST", "/login-as", "not_found"},
		{"logout", connectortest.RefuseLogouts, 503, "POST", "/logout", "unavailable"},
		{"logout-everywhere", connectortest.RefuseLogouts, 502, "POST", "/logout-everywhere", "unavailable"},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, plain, func(t *testing.T, c *client, _ *connectortest.Network) {
				c.script(test.fault(2, test.status).RetryAfter(1200 * time.Millisecond))
				for range 2 {
					status, text, header := c.call(test.method, test.path, "", annsLogin)
					if status != test.status || !strings.Contains(text, `"`+test.code+`"`) {
						t.Errorf("got %d %s, want %d and code %s", status, text, test.status, test.code)
					}
					if got := header.Get("Retry-After"); got != "2" {
						t.Errorf("Retry-After: got %q, want 2", got)
					}
				}
				if status, _, header := c.call(test.method, test.path, "", annsLogin); header.Get("Retry-After") != "" {
					t.Errorf("after the refusals: got %d with Retry-After, want an ordinary answer", status)
				}
			})
		})
	}
}

func TestRefusedRefreshKeepsItsToken(t *testing.T) {
	inBubble(t, plain, func(t *testing.T, c *client, _ *connectortest.Network) {
		token := c.logIn().Refresh
		c.script(connectortest.RefuseRefreshes(1, 503))
		c.wantStatus(503, "POST", "/refresh", "", refreshBody(token))
		c.refresh(token)
	})
}

func TestHeldHTTP(t *testing.T) {
	for _, test := range []struct {
		name               string
		fault              connectortest.Fault
		method, path, body string
	}{
		{"login", connectortest.HoldLogins(2), "POST", "/login", annsLogin},
		{"refresh", connectortest.HoldRefreshes(2), "POST", "/refresh", refreshBody("x")},
		{"upgrade", connectortest.HoldUpgrades(2), "GET", "/ws", ""},
		{"public upgrade", connectortest.HoldPublicUpgrades(2), "GET", "/public", ""},
		{"me", connectortest.HoldMe(2), "GET", "/me", ""},
		{"login-as", connectortest.HoldLoginAs(2), "POST", "/login-as", `{"user_id":2}`},
		{"logout", connectortest.HoldLogouts(2), "POST", "/logout", "a body"},
		{"logout-everywhere", connectortest.HoldLogouts(2), "POST", "/logout-everywhere", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, plain, func(t *testing.T, c *client, n *connectortest.Network) {
				c.script(test.fault)
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				if _, err := c.do(ctx, test.method, test.path, "", test.body); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
				}
				synctest.Wait()
				if got := n.OpenConns(); got != 0 {
					t.Errorf("connections after the client left: got %d, want 0", got)
				}

				answered := make(chan error)
				go func() {
					response, err := c.do(t.Context(), test.method, test.path, "", test.body)
					if err == nil {
						response.Body.Close()
					}
					answered <- err
				}()
				synctest.Wait()
				select {
				case err := <-answered:
					t.Fatalf("before close: got an answer (%v), want none", err)
				default:
				}
				if err := c.b.Close(); err != nil {
					t.Error(err)
				}
				<-answered
			})
		})
	}
}

func TestSocketSteps(t *testing.T) {
	const (
		subscribe = `{"id":2,"sub":{"kind":"categories"}}`
		request   = `{"id":3,"echo":{"text":"hi"}}`
	)
	silence := func(s *socket) { s.wantSilence() }
	broken := func(s *socket) { s.wantBroken() }
	rejected := func(id int, code string) func(*socket) {
		return func(s *socket) { s.wantError(id, code) }
	}
	for _, test := range []struct {
		name    string
		fault   connectortest.Fault
		message string // "" stands for auth
		check   func(*socket)
	}{
		{"hold auth", connectortest.HoldAuth(1), "", silence},
		{"reject auth", connectortest.RejectAuth(1), "", rejected(1, "invalid_token")},
		{"drop on auth", connectortest.DropOnAuth(1), "", broken},
		{"hold subscription", connectortest.HoldSubscriptions(1), subscribe, silence},
		{"reject subscription", connectortest.RejectSubscriptions(1), subscribe, rejected(2, "rejected")},
		{"drop on subscribe", connectortest.DropOnSubscribe(1), subscribe, broken},
		{"hold request", connectortest.HoldRequests(1), request, silence},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, plain, func(t *testing.T, c *client, _ *connectortest.Network) {
				s, auth := c.open(), authMessage(c.logIn().Access)
				if test.message == "" {
					c.script(test.fault)
					s.send(auth)
				} else {
					s.send(auth)
					s.next()
					c.script(test.fault)
					s.send(test.message)
				}
				test.check(s)

				// The fault is used up: the same message works on a new socket.
				again := c.open()
				again.send(authMessage(c.logIn().Access))
				again.want(`{"id":1,"auth":{"id":1,"name":"ann"}}`)
				if test.message != "" {
					again.send(test.message)
					again.want(test.message)
				}
			})
		})
	}
}

func TestFaultsOnOneStepQueue(t *testing.T) {
	inBubble(t, plain, func(t *testing.T, c *client, _ *connectortest.Network) {
		c.script(connectortest.RefuseLogins(1, 503), connectortest.RefuseLogins(1, 500))
		c.script(connectortest.RefuseLogins(1, 429))
		for _, want := range []int{503, 500, 429, 200} {
			c.wantStatus(want, "POST", "/login", "", annsLogin)
		}
		if got := c.b.Counts().Logins; got != 4 {
			t.Errorf("logins: got %d, want 4", got)
		}
	})
}

func TestBehave(t *testing.T) {
	inBubble(t, plain, func(t *testing.T, c *client, _ *connectortest.Network) {
		c.script(connectortest.RefuseLogins(2, 503), connectortest.RefuseMe(1, 500))
		c.wantStatus(503, "POST", "/login", "", annsLogin)
		c.script(connectortest.Behave())
		c.wantStatus(200, "GET", "/me", c.logIn().Access, "")
		c.script(connectortest.RefuseMe(1, 500))
		c.wantStatus(500, "GET", "/me", "", "")
	})
}

func TestDropSockets(t *testing.T) {
	inBubble(t, plain, func(t *testing.T, c *client, _ *connectortest.Network) {
		sockets := []*socket{c.join(), c.open()}
		c.script(connectortest.DropSockets())
		if got := c.b.Counts().OpenSockets; got != 0 {
			t.Errorf("open sockets: got %d, want 0", got)
		}
		for _, s := range sockets {
			s.wantBroken()
		}
		c.join()
	})
}

func TestCloseSockets(t *testing.T) {
	t.Run("the client answers", func(t *testing.T) {
		inBubble(t, plain, func(t *testing.T, c *client, _ *connectortest.Network) {
			s := c.join()
			c.script(connectortest.CloseSockets(4401, "who are you"))
			_, _, err := s.ws.ReadMessage()
			var got *websocket.CloseError
			if !errors.As(err, &got) || got.Code != 4401 || got.Text != "who are you" {
				t.Errorf("got %v, want close 4401 who are you", err)
			}
			synctest.Wait()
			if got := c.b.Counts().OpenSockets; got != 0 {
				t.Errorf("open sockets: got %d, want 0", got)
			}
		})
	})
	t.Run("the client is silent", func(t *testing.T) {
		inBubble(t, plain, func(t *testing.T, c *client, _ *connectortest.Network) {
			s := c.join()
			c.script(connectortest.CloseSockets(websocket.CloseGoingAway, ""))
			s.send(`{"id":9,"menuAdd":{"name":"Tea"}}`)
			time.Sleep(6 * time.Second)
			if got := c.b.Counts(); got.OpenSockets != 0 || got.Requests != 0 {
				t.Errorf("got %+v, want no open socket and no request", got)
			}
		})
	})
}

func TestExpireAndRevoke(t *testing.T) {
	inBubble(t, plain, func(t *testing.T, c *client, _ *connectortest.Network) {
		s, first := c.open(), c.logIn()
		c.script(connectortest.ExpireTokens())
		c.wantStatus(401, "GET", "/me", first.Access, "")
		s.send(authMessage(first.Access))
		s.wantError(1, "invalid_token")
		second := c.refresh(first.Refresh)
		c.wantStatus(200, "GET", "/me", second.Access, "")

		c.script(connectortest.RevokeAll())
		c.wantStatus(401, "GET", "/me", second.Access, "")
		c.wantStatus(401, "POST", "/refresh", "", refreshBody(second.Refresh))
		c.wantStatus(200, "GET", "/me", c.logIn().Access, "")
	})
}

func TestPush(t *testing.T) {
	inBubble(t, plain, func(t *testing.T, c *client, _ *connectortest.Network) {
		s, bystander := c.join(), c.open()
		if err := c.b.Push(map[string]int{"news": 1}); err != nil {
			t.Fatal(err)
		}
		s.want(`{"push":{"news":1}}`)
		if err := c.b.Push(math.NaN()); err == nil {
			t.Error("push of NaN: got no error")
		}
		bystander.wantSilence()
	})
}

func TestSlowSocketIsDropped(t *testing.T) {
	inBubble(t, plain, func(t *testing.T, c *client, _ *connectortest.Network) {
		c.join()
		large := strings.Repeat("x", 1<<20) // more than the connection holds
		if err := c.b.Push(large); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if got := c.b.Counts().OpenSockets; got != 0 {
			t.Errorf("open sockets: got %d, want 0", got)
		}
	})
}

func TestBadFaultsChangeNothing(t *testing.T) {
	b, err := connectortest.New(plain)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name  string
		fault connectortest.Fault
		want  string
	}{
		{"zero", connectortest.Fault{}, "empty fault"},
		{"n", connectortest.HoldAuth(0), "n: 0"},
		{"status", connectortest.RefuseLogins(1, 200), "status: 200"},
		{"RetryAfter of a hold", connectortest.HoldLogins(1).RetryAfter(1), "RetryAfter"},
		{"negative RetryAfter", connectortest.RefuseLogins(1, 503).RetryAfter(-1), "RetryAfter"},
		{"status of an answer", connectortest.AnswerMe(1, 199, "", ""), "status: 199"},
		{"n of an answer", connectortest.AnswerMe(0, 200, "", ""), "n: 0"},
		{"RetryAfter of an answer", connectortest.AnswerMe(1, 503, "", "").RetryAfter(1), "RetryAfter"},
		{"content type", connectortest.AnswerLogins(1, 200, "text/html\r\nX: y", ""), "contentType"},
		{"body of a 204", connectortest.AnswerRefreshes(1, 204, "", "x"), "body"},
		{"n of a cut", connectortest.CutLogins(-1), "n: -1"},
		{"unknown user", connectortest.RevokeUser("eve"), `name: there is no user "eve"`},
		{"no user", connectortest.RevokeUser(""), `name: there is no user ""`},
		{"code", connectortest.CloseSockets(1006, ""), "code: 1006"},
		{"n of a dropped upgrade", connectortest.DropUpgraded(0), "n: 0"},
		{"n of a deaf socket", connectortest.Deaf(0), "n: 0"},
		{"n of odd answers", connectortest.RepeatAnswers(-1), "n: -1"},
		{"n of errors without an id", connectortest.AnonymousErrors(0), "n: 0"},
		{"code on auth", connectortest.CloseOnAuth(1, 1005, ""), "code: 1005"},
		{"code after the upgrade", connectortest.CloseUpgraded(1, 999, ""), "code: 999"},
		{"reason on subscribe", connectortest.CloseOnSubscribe(1, 1000, "\xff"), "reason"},
		{"reason after the subscribe answer", connectortest.CloseSubscribed(1, 1000, strings.Repeat("x", 124)), "reason"},
		{"negative RetryAfterDate", connectortest.RefuseUpgrades(1, 503).RetryAfterDate(-1), "RetryAfter"},
		{"RetryAfterDate of a drop", connectortest.DropUpgraded(1).RetryAfterDate(1), "RetryAfter"},
		{"body of an upgrade with a 304", connectortest.AnswerUpgrades(1, 304, "", "x"), "body"},
		{"reason", connectortest.CloseSockets(1000, strings.Repeat("x", 124)), "reason"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := b.Script(connectortest.DropSockets(), test.fault)
			if err == nil || !strings.Contains(err.Error(), "faults[1]: "+test.want) {
				t.Errorf("got %v, want a fault of faults[1]: %s", err, test.want)
			}
		})
	}
}

func TestCloseEndsEverything(t *testing.T) {
	inBubble(t, plain, func(t *testing.T, c *client, n *connectortest.Network) {
		s := c.join()
		for range 2 {
			if err := c.b.Close(); err != nil {
				t.Errorf("close: got %v, want nil", err)
			}
		}
		s.wantBroken()
		if _, err := c.do(t.Context(), http.MethodGet, "/me", "", ""); err == nil {
			t.Error("request after close: got an answer")
		}
		l, err := n.Listen(inMemory)
		if err != nil {
			t.Fatalf("listen again: got %v, want nil", err)
		}
		if err := c.b.Serve(l); !errors.Is(err, net.ErrClosed) {
			t.Errorf("serve after close: got %v, want %v", err, net.ErrClosed)
		}
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("its listener: got %v, want %v", err, net.ErrClosed)
		}
	})
}

func TestServeReturnsOnClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, err := connectortest.New(plain)
		if err != nil {
			t.Fatal(err)
		}
		l, err := connectortest.NewNetwork().Listen("backend.test:80")
		if err != nil {
			t.Fatal(err)
		}
		if got := b.URL() + b.WebSocketURL(); got != "" {
			t.Errorf("before serving: got %q, want nothing", got)
		}
		served := make(chan error, 1)
		go func() { served <- b.Serve(l) }()
		synctest.Wait()
		if got, want := b.WebSocketURL(), "ws://backend.test:80/ws"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		b.Close()
		if err := <-served; err != nil {
			t.Errorf("serve: got %v, want nil", err)
		}
	})
}
