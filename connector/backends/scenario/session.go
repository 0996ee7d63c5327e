package scenario

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/custom-app/interlock/connector"
)

// session is a client that is a Go program with a connector.
type session[C, U, Req, Res any] struct {
	session     *connector.Session[C, U]
	socket      *connector.Socket[Req, Res]
	credentials func(Account) C
	dialect     Dialect

	messages *connector.Stream[Res]
	readies  *connector.Stream[connector.Ready]
	changes  *connector.Stream[connector.Change]
}

// NewSession returns a client over a session of the config, which ends with the test.
// Req and Res are the types of the dialect's socket, and hold on to what the dialect
// reads when they are encoded as JSON.
func NewSession[C, U, Req, Res any](t *testing.T, config connector.Config[C, U], dialect Dialect, credentials func(Account) C) Client {
	t.Helper()
	client, err := connector.New(config)
	if err != nil {
		t.Fatal(err)
	}
	s := &session[C, U, Req, Res]{session: client.NewSession(), credentials: credentials, dialect: dialect}
	s.changes = s.session.Changes(0)
	faults := s.session.Errors(0)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
		defer cancel()
		if err := s.session.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
		faults.Close()
		for fault := range faults.All(ctx) {
			t.Logf("the session's errors: %v", fault)
		}
	})
	if s.socket, err = connector.On[Req, Res](s.session, dialect.Socket); err != nil {
		t.Fatal(err)
	}
	s.messages, s.readies = s.socket.Messages(0), s.socket.Readies(0)
	return s
}

func (s *session[C, U, Req, Res]) Login(ctx context.Context, account Account) error {
	if err := s.session.Login(ctx, s.credentials(account)); err != nil {
		return err
	}
	return s.Ready(ctx) // which it is: the next one is another
}

func (s *session[C, U, Req, Res]) Ready(ctx context.Context) error {
	if _, ok := s.readies.Next(ctx); !ok {
		return fmt.Errorf("interlock: session: not ready again, but %+v: %w", s.session.Status(), context.Cause(ctx))
	}
	return nil
}

func (s *session[C, U, Req, Res]) Request(ctx context.Context, text string) (string, error) {
	var request Req
	if err := recode(s.dialect.Ask(text), &request); err != nil {
		return "", err
	}
	answer, err := s.socket.Request(ctx, request)
	if err != nil {
		return "", err
	}
	encoded, err := json.Marshal(answer)
	if err != nil {
		return "", err
	}
	return s.dialect.Answer(encoded)
}

func (s *session[C, U, Req, Res]) Pushed(ctx context.Context) (string, error) {
	for message := range s.messages.All(ctx) {
		encoded, err := json.Marshal(message)
		if err != nil {
			return "", err
		}
		if text, ok := s.dialect.Push(encoded); ok {
			return text, nil
		}
	}
	return "", fmt.Errorf("interlock: session: no push: %w", context.Cause(ctx))
}

func (s *session[C, U, Req, Res]) LoggedOut(ctx context.Context) error {
	for range s.changes.All(ctx) {
		if _, ok := s.session.User(); !ok {
			return nil
		}
	}
	return fmt.Errorf("interlock: session: still logged in: %w", context.Cause(ctx))
}

func (s *session[C, U, Req, Res]) Logout(ctx context.Context) error { return s.session.Logout(ctx) }

// recode puts a value into another type that has the same JSON.
func recode(from, to any) error {
	encoded, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(encoded, to)
}
