package pocketbase_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/authhttp/errcode"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/backends/pocketbase"
	"github.com/custom-app/interlock/transitions"
)

// deadline bounds each test.
const deadline = time.Minute

// stage is where a test is played: a server, and a client of it.
type stage struct {
	*testing.T
	ctx     context.Context
	server  *pocketbase.Server
	client  *connector.Client[login, record]
	session *connector.Session[login, record]
}

// serve starts a server, which ends with the test.
func serve(t *testing.T, life time.Duration) *pocketbase.Server {
	t.Helper()
	server := start(t, life)
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("close the server: %v", err)
		}
	})
	return server
}

// play starts a server, and has change make of its config what the test needs.
func play(t *testing.T, life time.Duration, collection string, change func(*connector.Config[login, record])) *stage {
	t.Helper()
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	t.Cleanup(cancel)
	server := serve(t, life)
	c := config(server.URL(), collection)
	if change != nil {
		change(&c)
	}
	client, err := connector.New(c)
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t, ctx, server, client, client.NewSession()}
	t.Cleanup(func() {
		if err := s.session.Close(context.WithoutCancel(ctx)); err != nil {
			t.Errorf("close the session: %v", err)
		}
	})
	return s
}

func (s *stage) must(what string, err error) {
	s.Helper()
	if err != nil {
		s.Fatalf("%s: %v", what, err)
	}
}

func (s *stage) login(name string) {
	s.Helper()
	s.must("login", s.session.Login(s.ctx, login{name, pocketbase.Password}))
}

// id is that of one of users.
func (s *stage) id(email string) string {
	s.Helper()
	id, err := s.server.ID(email)
	s.must("id", err)
	return id
}

// reads checks the status of a request for a user's record.
func (s *stage) reads(id string, want int) {
	s.Helper()
	request, err := http.NewRequestWithContext(s.ctx, "GET", s.server.URL()+"/api/collections/users/records/"+id, nil)
	s.must("request", err)
	answer, err := s.session.HTTP().Do(request)
	s.must("request", err)
	answer.Body.Close()
	if answer.StatusCode != want {
		s.Errorf("record: got %s, want %d", answer.Status, want)
	}
}

// is checks who is logged in.
func (s *stage) is(email string) {
	s.Helper()
	if user, ok := s.session.User(); !ok || user.Email != email {
		s.Errorf("got the user %q, want %q", user.Email, email)
	}
}

// until returns when a change of the session has made something so.
func (s *stage) until(changes *connector.Stream[connector.Change], so func() bool) {
	s.Helper()
	for range changes.All(s.ctx) {
		if so() {
			return
		}
	}
	s.Fatalf("the session stays %+v: %v", s.session.Status(), context.Cause(s.ctx))
}

// loggedOut tells whether nobody is logged in.
func (s *stage) loggedOut() bool {
	return s.session.Status().Session == transitions.SessionLoggedOut
}

// counts checks what the server has accepted.
func (s *stage) counts(logins, refreshes int) {
	s.Helper()
	if got := s.server.Counts(); got.Logins != logins || got.Refreshes != refreshes {
		s.Errorf("got %+v, want %d logins and %d refreshes", got, logins, refreshes)
	}
}

func TestHTTP(t *testing.T) {
	t.Parallel()
	t.Run("T7 requests carry the token, bare", func(t *testing.T) {
		s := play(t, 0, "users", nil)
		s.reads(s.id(pocketbase.Ann), 404) // a guest
		s.login(pocketbase.Ann)
		s.reads(s.id(pocketbase.Ann), 200)
		s.reads(s.id(pocketbase.Bob), 404)
		s.must("logout", s.session.Logout(s.ctx))
		s.reads(s.id(pocketbase.Ann), 404)
	})
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	t.Run("T5 a token cannot be refreshed after its end", func(t *testing.T) {
		s := play(t, 10*time.Second, "users", nil)
		s.login(pocketbase.Ann)
		held, err := s.session.Token(s.ctx, 0)
		s.must("token", err)
		claims, err := authhttp.ReadClaims(held.Access)
		s.must("claims", err)
		s.must("stop", s.server.Stop())
		<-time.After(time.Until(claims.Expires)) // the outage is longer than the token lives
		changes := s.session.Changes(0)
		defer changes.Close()
		s.must("resume", s.server.Resume())
		s.until(changes, s.loggedOut)
		s.counts(1, 0)
	})
	t.Run("T5 a revoked user without sockets is logged out by the next refresh", func(t *testing.T) {
		s := play(t, 10*time.Second, "users", func(c *connector.Config[login, record]) { c.Sockets = nil })
		s.login(pocketbase.Ann)
		changes := s.session.Changes(0)
		defer changes.Close()
		s.must("password", s.server.SetPassword(pocketbase.Ann, "another-horse"))
		s.reads(s.id(pocketbase.Ann), 404) // a guest again, but no 401 says so
		s.is(pocketbase.Ann)
		held, err := s.session.Token(s.ctx, 0)
		s.must("token", err)
		if _, err = s.session.Token(s.ctx, held.Generation); !errors.Is(err, authhttp.ErrNoToken) {
			s.Errorf("got %v, want %v", err, authhttp.ErrNoToken)
		}
		s.until(changes, s.loggedOut)
	})
}

func TestResume(t *testing.T) {
	t.Parallel()
	again := func(s *stage) error {
		s.must("close", s.session.Close(s.ctx))
		s.session = s.client.NewSession()
		return s.session.Resume(s.ctx)
	}
	stored := func(c *connector.Config[login, record]) { c.Store = &authhttp.MemoryStore{} }
	t.Run("S4 a refresh tells whose the stored token is", func(t *testing.T) {
		s := play(t, 0, "users", stored)
		s.login(pocketbase.Ann)
		s.must("resume", again(s))
		s.is(pocketbase.Ann)
		s.counts(1, 1)
	})
	t.Run("S4 a token that was revoked meanwhile is no good", func(t *testing.T) {
		s := play(t, 0, "users", stored)
		s.login(pocketbase.Ann)
		s.must("password", s.server.SetPassword(pocketbase.Ann, "another-horse"))
		if err := again(s); errcode.Of(err) != errcode.AuthRequired {
			s.Errorf("got %v, want the code %v", err, errcode.AuthRequired)
		}
		s.counts(1, 0)
	})
}

func TestLoginAs(t *testing.T) {
	t.Parallel()
	t.Run("S5 a superuser becomes a user, and is itself again by a logout", func(t *testing.T) {
		s := play(t, 0, "_superusers", nil)
		s.login(pocketbase.Root)
		s.must("login as", s.session.LoginAs(s.ctx, s.id(pocketbase.Ann)))
		s.is(pocketbase.Ann)
		s.reads(s.id(pocketbase.Ann), 200)
		s.reads(s.id(pocketbase.Bob), 404)
		s.must("logout", s.session.Logout(s.ctx))
		s.is(pocketbase.Root)
		s.reads(s.id(pocketbase.Bob), 200)
		s.counts(1, 0)
	})
	t.Run("S5 only a superuser becomes somebody else", func(t *testing.T) {
		s := play(t, 0, "users", nil)
		s.login(pocketbase.Bob)
		if err := s.session.LoginAs(s.ctx, s.id(pocketbase.Ann)); !errors.Is(err, authhttp.ErrRejected) {
			s.Errorf("got %v, want %v", err, authhttp.ErrRejected)
		}
		s.is(pocketbase.Bob)
		s.reads(s.id(pocketbase.Bob), 200)
	})
	t.Run("S5 a superuser becomes nobody who is unknown", func(t *testing.T) {
		s := play(t, 0, "_superusers", nil)
		s.login(pocketbase.Root)
		if err := s.session.LoginAs(s.ctx, "nobody"); !errors.Is(err, authhttp.ErrRejected) {
			s.Errorf("got %v, want %v", err, authhttp.ErrRejected)
		}
		s.is(pocketbase.Root)
	})
	t.Run("S7 at the end of an impersonation the superuser is itself again", func(t *testing.T) {
		s := play(t, 0, "_superusers", func(c *connector.Config[login, record]) {
			c.Auth, c.RefreshFloor = auth(c.Base, "_superusers", 2*time.Second), 100*time.Millisecond
		})
		s.login(pocketbase.Root)
		changes := s.session.Changes(0)
		defer changes.Close()
		s.must("login as", s.session.LoginAs(s.ctx, s.id(pocketbase.Ann)))
		s.is(pocketbase.Ann)
		s.until(changes, func() bool {
			status := s.session.Status()
			return status.Master && status.Ready
		})
		s.is(pocketbase.Root)
		s.reads(s.id(pocketbase.Bob), 200)
		s.counts(1, 0)
	})
	t.Run("S7 an impersonated user is revoked, and a logout leads back", func(t *testing.T) {
		s := play(t, 0, "_superusers", nil)
		s.login(pocketbase.Root)
		s.must("login as", s.session.LoginAs(s.ctx, s.id(pocketbase.Ann)))
		changes := s.session.Changes(0)
		defer changes.Close()
		s.must("password", s.server.SetPassword(pocketbase.Ann, "another-horse"))
		s.until(changes, func() bool { return s.session.Status().Session == transitions.SessionDegraded }) // there is no token to try next
		s.is(pocketbase.Ann)
		s.must("logout", s.session.Logout(s.ctx))
		s.must("ready", s.session.Require(s.ctx, connector.RequireReady))
		s.is(pocketbase.Root)
	})
}
