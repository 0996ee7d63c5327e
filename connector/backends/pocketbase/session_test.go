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
)

// deadline bounds each test.
const deadline = time.Minute

// stage is where a test is played: a server, and a client of it.
type stage struct {
	*testing.T
	ctx     context.Context
	server  *pocketbase.Server
	session *connector.Session[login, record]
}

// play starts a server, and has change make of its config what the test needs.
func play(t *testing.T, life time.Duration, collection string, change func(*connector.Config[login, record])) *stage {
	t.Helper()
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	t.Cleanup(cancel)
	server := start(t, life)
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("close the server: %v", err)
		}
	})
	c := config(server.URL(), collection)
	if change != nil {
		change(&c)
	}
	client, err := connector.New(c)
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t, ctx, server, client.NewSession()}
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

// socketOf checks whose the application's socket is, by the answer to its auth.
func (s *stage) is(email string) {
	s.Helper()
	if user, ok := s.session.User(); !ok || user.Email != email {
		s.Errorf("got the user %q, want %q", user.Email, email)
	}
}

// until returns when a change leaves the session as ok wants it.
func (s *stage) until(changes *connector.Stream[connector.Change], ok func() bool) {
	s.Helper()
	for range changes.All(s.ctx) {
		if ok() {
			return
		}
	}
	s.Fatalf("the session stays %+v: %v", s.session.Status(), context.Cause(s.ctx))
}

func TestHTTP(t *testing.T) {
	t.Run("T3 requests carry the token, bare", func(t *testing.T) {
		s := play(t, 0, "users", nil)
		s.reads(s.id(pocketbase.Ann), 404)
		s.login(pocketbase.Ann)
		s.reads(s.id(pocketbase.Ann), 200)
		s.reads(s.id(pocketbase.Bob), 404)
		s.must("logout", s.session.Logout(s.ctx))
		s.reads(s.id(pocketbase.Ann), 404)
	})
}

func TestRefresh(t *testing.T) {
	t.Run("T3 a token is refreshed by itself before its end", func(t *testing.T) {
		s := play(t, 10*time.Second, "users", nil)
		s.login(pocketbase.Ann)
		first, err := s.session.Token(s.ctx, 0)
		s.must("token", err)
		s.must("refresh", s.session.Wait(s.ctx, first))
		s.reads(s.id(pocketbase.Ann), 200)
	})
	t.Run("T5 a token that has ended cannot be refreshed", func(t *testing.T) {
	})
}
