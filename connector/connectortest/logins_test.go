package connectortest_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/connector/connectortest"
)

func TestDefaultUsers(t *testing.T) {
	c := onLoopback(t, plain)
	for login, want := range map[string]string{
		annsLogin:   `{"id":1,"name":"ann"}`,
		bobsLogin:   `{"id":2,"name":"bob"}`,
		carolsLogin: `{"id":3,"name":"carol"}`,
	} {
		if _, got, _ := c.call("GET", "/me", c.tokens("/login", login).Access, ""); got != want {
			t.Errorf("me: got %s, want %s", got, want)
		}
	}
	var permitted []string
	for _, u := range connectortest.DefaultUsers() {
		if u.MayLoginAs {
			permitted = append(permitted, u.Name)
		}
	}
	if got := strings.Join(permitted, " "); got != "ann bob" {
		t.Errorf("may log in as another: got %s, want ann bob", got)
	}
}

func TestLoginByToken(t *testing.T) {
	onBoth(t, plain, func(t *testing.T, c *client) {
		pair := c.logIn()
		body := `{"token":"` + pair.Access + `"}`
		if status, text, _ := c.call("POST", "/login", "", body); status != 200 || text != `{"user":{"id":1,"name":"ann"}}` {
			t.Errorf("got %d %s, want 200 and ann without tokens", status, text)
		}
		c.wantStatus(204, "POST", "/logout", pair.Access, "")
		c.wantStatus(401, "POST", "/login", "", body)
		if got := c.b.Counts().Logins; got != 3 {
			t.Errorf("logins: got %d, want 3", got)
		}
	})
}

func TestLoginAs(t *testing.T) {
	onBoth(t, plain, func(t *testing.T, c *client) {
		ann := c.logIn()
		status, text, header := c.call("POST", "/login-as", ann.Access, `{"user_id":3}`)
		if want := `"expires_in":60,"user":{"id":3,"name":"carol"}}`; status != 200 || !strings.HasSuffix(text, want) {
			t.Errorf("login-as: got %d, want 200 and an answer that ends in %s", status, want)
		}
		if got := header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("Cache-Control: got %q, want no-store", got)
		}
		var carol tokens
		if err := json.Unmarshal([]byte(text), &carol); err != nil {
			t.Fatal(err)
		}
		c.wantWho("carol", carol.Access)
		c.wantWho("carol", c.refresh(carol.Refresh).Access)
		c.wantWho("ann", ann.Access)
		c.wantStatus(403, "POST", "/login-as", carol.Access, `{"user_id":1}`)
		if got := c.b.Counts(); got.LoginAs != 2 || got.Logins != 1 || got.Mes != 3 {
			t.Errorf("got %+v, want 2 logins as another, 1 login, 3 me", got)
		}
	})
}

func TestLoginsAreApart(t *testing.T) {
	// Each ends one login; parent is ann's, child is bob's that ann began, other
	// is bob's own, grandchild is carol's that the child began.
	for _, test := range []struct {
		name string
		end  func(c *client, parent, child, other tokens)
		left string // names of the tokens that still work
	}{
		{"logout of the parent", func(c *client, parent, _, _ tokens) {
			c.wantStatus(204, "POST", "/logout", parent.Access, "")
		}, "child other grandchild"},
		{"logout of the child", func(c *client, _, child, _ tokens) {
			c.wantStatus(204, "POST", "/logout", child.Access, "")
		}, "parent other grandchild"},
		{"theft of the child's refresh token", func(c *client, _, child, _ tokens) {
			c.refresh(child.Refresh)
			c.wantStatus(401, "POST", "/refresh", "", refreshBody(child.Refresh))
		}, "parent other grandchild"},
		{"logout everywhere of the parent", func(c *client, parent, _, _ tokens) {
			c.wantStatus(204, "POST", "/logout-everywhere", parent.Access, "")
		}, "child other grandchild"},
		{"logout everywhere of the child", func(c *client, _, child, _ tokens) {
			c.wantStatus(204, "POST", "/logout-everywhere", child.Access, "")
		}, "parent grandchild"},
		{"logout everywhere of the other", func(c *client, _, _, other tokens) {
			c.wantStatus(204, "POST", "/logout-everywhere", other.Access, "")
		}, "parent grandchild"},
		{"revoking ann", func(c *client, _, _, _ tokens) {
			c.script(connectortest.RevokeUser("ann"))
		}, "child other grandchild"},
		{"revoking bob", func(c *client, _, _, _ tokens) {
			c.script(connectortest.RevokeUser("bob"))
		}, "parent grandchild"},
	} {
		t.Run(test.name, func(t *testing.T) {
			onBoth(t, plain, func(t *testing.T, c *client) {
				parent, other := c.logIn(), c.tokens("/login", bobsLogin)
				child := c.logInAs(parent.Access, "2")
				grandchild := c.logInAs(child.Access, "3")
				test.end(c, parent, child, other)
				for name, pair := range map[string]tokens{"parent": parent, "child": child, "other": other, "grandchild": grandchild} {
					want := http.StatusUnauthorized
					if strings.Contains(" "+test.left+" ", " "+name+" ") {
						want = http.StatusOK
					}
					if got, _, _ := c.call("GET", "/me", pair.Access, ""); got != want {
						t.Errorf("access token of the %s: got %d, want %d", name, got, want)
					}
					if got, _, _ := c.call("POST", "/refresh", "", refreshBody(pair.Refresh)); got != want {
						t.Errorf("refresh token of the %s: got %d, want %d", name, got, want)
					}
				}
			})
		})
	}
}

func TestLogOutEverywhere(t *testing.T) {
	onBoth(t, plain, func(t *testing.T, c *client) {
		phone, desk, bob := c.logIn(), c.logIn(), c.tokens("/login", bobsLogin)
		desk = c.refresh(desk.Refresh)
		asBob := c.logInAs(desk.Access, "2")
		on := func(token, name string) *socket {
			s := c.open()
			s.send(authMessage(token))
			if got := s.next(); !strings.Contains(got, `"name":"`+name+`"`) {
				t.Errorf("auth: got %s, want %s", got, name)
			}
			return s
		}
		closed := []*socket{on(phone.Access, "ann"), on(desk.Access, "ann"), c.join()}
		kept := []*socket{on(bob.Access, "bob"), on(asBob.Access, "bob"), c.open()}

		c.wantStatus(204, "POST", "/logout-everywhere", phone.Access, "")
		for _, s := range closed {
			s.wantClosed(connectortest.CloseLoggedOut, "logged out")
		}
		for _, token := range []string{phone.Access, desk.Access} {
			c.wantWho("", token)
		}
		for _, pair := range []tokens{phone, desk} {
			c.wantStatus(401, "POST", "/refresh", "", refreshBody(pair.Refresh))
		}
		for _, s := range kept[:2] {
			s.send(`{"id":3,"echo":{"text":"hi"}}`)
			s.want(`{"id":3,"echo":{"text":"hi"}}`)
		}
		kept[2].send(authMessage(desk.Access))
		kept[2].wantError(1, "invalid_token")
		c.wantWho("bob", c.refresh(bob.Refresh).Access)
		c.wantWho("ann", c.logIn().Access)
		if got := c.b.Counts(); got.LogoutsEverywhere != 1 || got.Logouts != 0 {
			t.Errorf("got %+v, want 1 logout everywhere and no other", got)
		}
	})
}

// A socket that authenticates while its user logs out everywhere is either
// turned away or closed, and never left open.
func TestLogOutEverywhereMissesNoSocket(t *testing.T) {
	inBubble(t, plain, authenticateWhileLoggingOut)
}

func authenticateWhileLoggingOut(t *testing.T, c *client, _ *connectortest.Network) {
	const count = 200
	token := c.logIn().Access
	var sockets []*socket
	for range count {
		sockets = append(sockets, c.open())
	}
	var sending sync.WaitGroup
	for batch := range slices.Chunk(sockets, count/4) {
		sending.Go(func() {
			for _, s := range batch {
				s.send(authMessage(token))
			}
		})
	}
	sending.Go(func() { c.wantStatus(204, "POST", "/logout-everywhere", token, "") })
	sending.Wait()
	for _, s := range sockets {
		s.ws.SetReadDeadline(time.Now().Add(time.Hour))
		_, data, err := s.ws.ReadMessage()
		if err == nil && strings.Contains(string(data), `"auth"`) {
			s.wantClosed(connectortest.CloseLoggedOut, "logged out")
		} else if err == nil && !strings.Contains(string(data), "invalid_token") || isTimeout(err) {
			t.Errorf("got %s, %v, want the socket closed or turned away", data, err)
		}
	}
}

func TestRevokeUserFindsWhoHasOnlyARefreshToken(t *testing.T) {
	inBubble(t, plain, func(t *testing.T, c *client, _ *connectortest.Network) {
		ann, bob := c.logIn(), c.tokens("/login", bobsLogin)
		c.script(connectortest.ExpireTokens(), connectortest.RevokeUser("ann"))
		c.wantStatus(401, "POST", "/refresh", "", refreshBody(ann.Refresh))
		c.refresh(bob.Refresh)
	})
}

func TestRevokeUserKeepsSockets(t *testing.T) {
	inBubble(t, plain, func(t *testing.T, c *client, _ *connectortest.Network) {
		s := c.join()
		c.script(connectortest.RevokeUser("ann"))
		s.send(`{"id":3,"echo":{"text":"hi"}}`)
		s.want(`{"id":3,"echo":{"text":"hi"}}`)
		c.wantWho("ann", c.logIn().Access)
	})
}

func TestRefusedLogoutKeepsTokens(t *testing.T) {
	for _, path := range []string{"/logout", "/logout-everywhere"} {
		t.Run(path, func(t *testing.T) {
			inBubble(t, plain, func(t *testing.T, c *client, _ *connectortest.Network) {
				s, pair := c.join(), c.logIn()
				c.script(connectortest.RefuseLogouts(1, 503))
				c.wantStatus(503, "POST", path, pair.Access, "")
				synctest.Wait()
				c.wantWho("ann", pair.Access)
				s.send(`{"id":3,"echo":{"text":"hi"}}`)
				s.want(`{"id":3,"echo":{"text":"hi"}}`)
				c.wantStatus(204, "POST", path, pair.Access, "")
				c.wantWho("", pair.Access)
			})
		})
	}
}
