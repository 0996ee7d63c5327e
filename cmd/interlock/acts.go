package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"time"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

// act is a part of the demo.
type act struct {
	title string
	about string
	play  func(ctx context.Context) error
}

func (d *demo) acts() []act {
	return []act{
		{"Log in, until everything is ready", "Over HTTP; then the socket opens, authenticates and subscribes. Login returns at the end.", d.logIn},
		{"Requests and answers", "Typed requests on the socket, each with its answer.", d.request},
		{"Pushes", "What the backend says unasked waits in a stream until the application reads it.", d.push},
		{"The connection breaks", "A request made meanwhile waits, and is answered when the socket has recovered.", d.drop},
		{"The token runs out", fmt.Sprintf("Tokens live %v here. The session refreshes its own in time, whoever uses it.", accessLife), d.expire},
		{"Log out", "The socket closes first, with a closing handshake, then the backend revokes the token.", d.logOut},
		{"All closed", "Nothing is left open, and nothing is left running.", d.prove},
	}
}

func (d *demo) logIn(ctx context.Context) error {
	account := connectortest.DefaultUsers()[0]
	d.show.note("application", "Login as "+account.Name)
	err := d.during(ctx, func(ctx context.Context) error {
		return d.session.Login(ctx, credentials{Name: account.Name, Password: account.Password})
	})
	if err != nil {
		return err
	}
	if !d.session.Status().Ready {
		return errors.New("the login has returned, but not every socket is ready")
	}
	d.show.note("application", "Login has returned: ready")
	return nil
}

func (d *demo) request(ctx context.Context) error {
	if _, err := d.ask(ctx, request{Echo: &echo{Text: "hello"}}); err != nil {
		return err
	}
	_, err := d.ask(ctx, request{MenuAdd: &category{Name: "Tea"}})
	return err
}

func (d *demo) push(ctx context.Context) error {
	if err := d.heard(ctx, 2); err != nil { // the list, and the addition of the act before
		return err
	}
	if _, err := d.ask(ctx, request{MenuDelete: &category{ID: 1}}); err != nil {
		return err
	}
	return d.heard(ctx, 1)
}

func (d *demo) drop(ctx context.Context) error {
	d.show.note("backend", "cuts the connection")
	if err := d.backend.Script(connectortest.DropSockets()); err != nil {
		return err
	}
	err := d.until(ctx, "the session to notice", func(c connector.Change) bool {
		return c.Machine == transitions.SessionKind && c.To == transitions.Session.StateName(transitions.SessionSocketOpening)
	})
	if err != nil {
		return err
	}
	if _, err := d.ask(ctx, request{Echo: &echo{Text: "anybody there?"}}); err != nil {
		return err
	}
	return d.heard(ctx, 1) // subscribing again brings the list again
}

func (d *demo) expire(ctx context.Context) error {
	d.show.note("application", "waits, while the token nears its end")
	err := d.until(ctx, "a refreshed token", func(c connector.Change) bool {
		return c.Machine == transitions.TokenKind && c.Event == transitions.Token.EventName(transitions.TokenRefreshed)
	})
	if err != nil {
		return err
	}
	d.show.note("http", "GET /me with the new token")
	return d.during(ctx, d.me)
}

// me asks who is logged in, over HTTP.
func (d *demo) me(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, d.backend.URL()+"/me", nil)
	if err != nil {
		return err
	}
	answer, err := d.session.HTTP().Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("GET /me: status %d", answer.StatusCode)
	}
	var who user
	if err := json.NewDecoder(answer.Body).Decode(&who); err != nil {
		return fmt.Errorf("GET /me: %w", err)
	}
	d.show.note("http", fmt.Sprintf("200: %s, id %d", who.Name, who.ID))
	return nil
}

func (d *demo) logOut(ctx context.Context) error {
	d.show.note("application", "Logout")
	if err := d.during(ctx, d.session.Logout); err != nil {
		return err
	}
	d.show.note("application", "Logout has returned")
	return nil
}

// prove shows that nothing is left: no socket at the backend, then, when that is
// stopped too, no goroutine more than at the start.
func (d *demo) prove(ctx context.Context) error {
	if missed := d.changes.Missed(); missed != 0 {
		return fmt.Errorf("%d changes were not shown", missed)
	}
	// The backend learns of the closed socket a moment after the session.
	err := holds(ctx, func() bool { return d.backend.Counts().OpenSockets == 0 })
	counts := d.backend.Counts()
	if err != nil {
		return fmt.Errorf("the backend has %d sockets open: %w", counts.OpenSockets, err)
	}
	d.show.note("backend", fmt.Sprintf("sockets open: %d; in all there were logins: %d, sockets: %d, refreshes: %d, logouts: %d",
		counts.OpenSockets, counts.Logins, counts.Upgrades, counts.Refreshes, counts.Logouts))

	d.transport.CloseIdleConnections()
	if err := d.backend.Close(); err != nil {
		return err
	}
	err = holds(ctx, func() bool { return runtime.NumGoroutine() <= d.goroutines })
	if err != nil {
		return fmt.Errorf("%d goroutines are left, %d were there at the start: %w", runtime.NumGoroutine(), d.goroutines, err)
	}
	d.show.note("process", fmt.Sprintf("goroutines: %d; at the start: %d", runtime.NumGoroutine(), d.goroutines))
	return nil
}

// holds waits for a condition that nothing announces.
func holds(ctx context.Context, condition func() bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, 5*time.Second, errors.New("still so after 5 s"))
	defer cancel()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for !condition() {
		select {
		case <-look.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}
