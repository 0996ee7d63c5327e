package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

// session is a session in play, and what is watched of it.
type session struct {
	*connector.Session[credentials, user]
	number  int // as in the journal
	backend *connectortest.Backend
	menu    *connector.Socket[request, response]
	changes *connector.Stream[connector.Change]
	pushes  *connector.Stream[response]
	show    show
}

// open makes another session on the client, logged out, whose tokens are stored
// under the account.
func (d *demo) open(account string) (*session, error) {
	s := &session{Session: d.client.NewSessionOf(account), number: len(d.sessions) + 1, backend: d.backend, show: d.show}
	s.changes = s.Changes(0)
	var err error
	if s.menu, err = connector.On[request, response](s.Session, "menu"); err != nil {
		return nil, err
	}
	s.pushes = s.menu.Messages(0)
	d.sessions = append(d.sessions, s)
	return s, nil
}

func (s *session) note(who, text string) { s.show.note(s.number, who, text) }

// during does something and shows what changes meanwhile.
func (s *session) during(ctx context.Context, do func(context.Context) error) error {
	over, end := context.WithCancel(ctx)
	result := make(chan error, 1)
	go func() {
		result <- do(ctx)
		end()
	}()
	// Twice, since the end of the context may come before a change that was there.
	for range 2 {
		for change := range s.changes.All(over) {
			s.show.change(s.number, change)
		}
	}
	return <-result
}

// until shows changes up to the one that is waited for.
func (s *session) until(ctx context.Context, what string, is func(connector.Change) bool) error {
	for change := range s.changes.All(ctx) {
		s.show.change(s.number, change)
		if is(change) {
			return nil
		}
	}
	return fmt.Errorf("waiting for %s: %w", what, context.Cause(ctx))
}

// enter logs in, in whichever way, and checks that everything is ready then.
func (s *session) enter(ctx context.Context, logIn func(context.Context) error) error {
	if err := s.during(ctx, logIn); err != nil {
		return err
	}
	if !s.Status().Ready {
		return errors.New("the user is logged in, but not every socket is ready")
	}
	return nil
}

// ask sends a request, and shows it, what changes meanwhile, and the answer.
func (s *session) ask(ctx context.Context, r request) error {
	s.show.request(s.number, r)
	var answer response
	err := s.during(ctx, func(ctx context.Context) (err error) {
		answer, err = s.menu.Request(ctx, r)
		return err
	})
	if err == nil {
		s.show.message(s.number, "answer", answer)
	}
	return err
}

// heard shows the next pushes.
func (s *session) heard(ctx context.Context, count int) error {
	for range count {
		message, ok := s.pushes.Next(ctx)
		if !ok {
			return fmt.Errorf("waiting for a push: %w", context.Cause(ctx))
		}
		s.show.message(s.number, "push", message)
	}
	return nil
}

// introduce shows that the current user has both a socket and a token: it is
// subscribed, which brings the list, and the backend says who that is.
func (s *session) introduce(ctx context.Context) error {
	if err := s.heard(ctx, 1); err != nil {
		return err
	}
	who, err := s.me(ctx)
	if err != nil {
		return err
	}
	if current, _ := s.User(); who != current {
		return fmt.Errorf("GET /me: got %v, want %v", who, current)
	}
	var names []string
	for _, u := range s.Users() {
		names = append(names, u.Name)
	}
	s.note("application", "logged in: "+strings.Join(names, ", as "))
	return nil
}

// me asks who is logged in, over HTTP.
func (s *session) me(ctx context.Context) (who user, err error) {
	err = s.during(ctx, func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.backend.URL()+"/me", nil)
		if err != nil {
			return err
		}
		answer, err := s.HTTP().Do(r)
		if err != nil {
			return err
		}
		defer func() { _ = answer.Body.Close() }()
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("status %d", answer.StatusCode)
		}
		return json.NewDecoder(answer.Body).Decode(&who)
	})
	if err != nil {
		return who, fmt.Errorf("GET /me: %w", err)
	}
	s.note("http", fmt.Sprintf("GET /me: %s, id %d", who.Name, who.ID))
	return who, nil
}
