package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

// session is a session in play, and what is watched of it.
type session struct {
	*connector.Session[credentials, user]
	number     int // as in the journal
	backend    *connectortest.Backend
	changes    *connector.Stream[connector.Change]
	menu, room *listened // room: the current user's, or of the last one
	show       show
}

// listened is a socket whose pushes wait to be read.
type listened struct {
	*connector.Socket[request, response]
	pushes *connector.Stream[response]
}

// open makes another session on the client, logged out, whose tokens are stored
// under the account.
func (d *demo) open(account string) (*session, error) {
	s := &session{Session: d.client.NewSessionOf(account), number: len(d.sessions) + 1, backend: d.backend, show: d.show}
	s.changes = s.Changes(0)
	var err error
	if s.menu, err = s.listen(menu); err != nil {
		return nil, err
	}
	d.sessions = append(d.sessions, s)
	return s, nil
}

// listen takes the handle of a socket, and a stream of what it brings.
func (s *session) listen(id string) (*listened, error) {
	socket, err := connector.On[request, response](s.Session, id)
	if err != nil {
		return nil, err
	}
	return &listened{socket, socket.Messages(0)}, nil
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
func (s *session) enter(ctx context.Context, logIn func(context.Context) error) (err error) {
	if err := s.during(ctx, logIn); err != nil {
		return err
	}
	if !s.Status().Ready {
		return errors.New("the user is logged in, but not every socket is ready")
	}
	s.room, err = s.listen(room) // each user has another one
	return err
}

// ask sends a request, and shows it, what changes meanwhile, and the answer.
func (s *session) ask(ctx context.Context, r request) error {
	s.show.request(s.number, menu, r)
	var answer response
	err := s.during(ctx, func(ctx context.Context) (err error) {
		answer, err = s.menu.Request(ctx, r)
		return err
	})
	if err == nil {
		s.show.message(s.number, menu, "answer", answer)
	}
	return err
}

// askWhileDown submits echoes one after the other, without waiting for answers, and
// shows the answers, which must come in that order.
func (s *session) askWhileDown(ctx context.Context, texts ...string) error {
	received := s.menu.All(0)
	defer received.Close()
	var asked []*connector.Pending[response]
	for _, text := range texts {
		s.show.request(s.number, menu, request{Echo: &echo{text}})
		pending, err := s.menu.Submit(request{Echo: &echo{text}})
		if err != nil {
			return err
		}
		asked = append(asked, pending)
	}
	s.note("application", fmt.Sprintf("%d requests wait for the socket", s.Status().Pending))
	err := s.during(ctx, func(ctx context.Context) (err error) {
		for _, pending := range asked {
			_, failed := pending.Wait(ctx)
			err = errors.Join(err, failed)
		}
		return err
	})
	if err != nil {
		return err
	}
	return s.answeredInOrder(ctx, received.All(ctx), texts)
}

// answeredInOrder shows the answers to echoes as they were received.
func (s *session) answeredInOrder(ctx context.Context, received iter.Seq[connector.Inbound[response]], texts []string) error {
	for in := range received {
		if in.Message.Echo == nil {
			continue // of the way to ready
		}
		s.show.message(s.number, menu, "answer", in.Message)
		if got, want := in.Message.Echo.Text, texts[0]; got != want {
			return fmt.Errorf("out of order: got the answer to %q, want that to %q", got, want)
		}
		if texts = texts[1:]; len(texts) == 0 {
			return nil
		}
	}
	return fmt.Errorf("waiting for %d answers: %w", len(texts), context.Cause(ctx))
}

// heard shows the next push on a socket.
func (s *session) heard(ctx context.Context, from *listened) (response, error) {
	message, ok := from.pushes.Next(ctx)
	if !ok {
		return message, fmt.Errorf("waiting for a push: %w", context.Cause(ctx))
	}
	s.show.message(s.number, from.ID(), "push", message)
	return message, nil
}

// heardMenu shows the next pushes on the socket of the menu.
func (s *session) heardMenu(ctx context.Context, count int) error {
	for range count {
		if _, err := s.heard(ctx, s.menu); err != nil {
			return err
		}
	}
	return nil
}

// heardRoom lets the backend say something in the current user's room, and shows
// that it arrives on that socket.
func (s *session) heardRoom(ctx context.Context, text string) error {
	who, _ := s.User()
	if err := s.backend.PushTo(roomOf(who), text); err != nil {
		return err
	}
	heard, err := s.heard(ctx, s.room)
	if err != nil {
		return err
	}
	if got := heard.Push; got == nil || got.Kind != roomOf(who) || got.Message != text {
		return fmt.Errorf("in the room of %s: got %v, want %q in %s", who.Name, heard, text, roomOf(who))
	}
	return nil
}

// introduce shows that the current user has sockets and a token: both sockets are
// subscribed, which brings the list on one, and the backend says who that is.
func (s *session) introduce(ctx context.Context) error {
	if err := s.heardMenu(ctx, 1); err != nil {
		return err
	}
	who, _ := s.User()
	if err := s.heardRoom(ctx, "Hello, "+who.Name); err != nil {
		return err
	}
	return s.tellWho(ctx)
}

// tellWho shows who is logged in, as the backend says and as the session does.
func (s *session) tellWho(ctx context.Context) error {
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
