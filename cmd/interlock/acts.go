package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/custom-app/interlock/authhttp/errcode"
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
		{"Log in, until everything is ready", "Over HTTP; then the socket menu opens, authenticates and subscribes. What it is told makes the second group: a socket for the user's own room.", d.logIn},
		{"Requests and answers", "Typed requests on a socket, each with its answer.", d.request},
		{"Pushes", "What the backend says unasked waits in a stream until the application reads it.", d.push},
		{"The connection breaks", "Requests made meanwhile wait, and are answered in their order when the socket has recovered.", d.drop},
		{"A link that is dead, and says nothing", fmt.Sprintf("Nothing fails, and nothing comes. After %v of silence a socket sends a ping; if then nothing comes for %v, it connects anew.", pingAfter, pingTimeout), d.freeze},
		{"The token runs out", fmt.Sprintf("Tokens live %v here. The session refreshes its own in time, and stores the new one before anybody uses it.", accessLife), d.expire},
		{"The process ends, and another one goes on", "Close tells the server nothing and leaves what is stored. A new session goes on with that.", d.resume},
		{"Log in as another user, twice", "The sockets stay until the server has accepted, then the other user's open. Only the first one's tokens are stored.", d.become},
		{"And back", "Each logout leads to the user before, who has a token and sockets again.", d.goBack},
		{"Log out everywhere", "ann logs in on another device too. Then she logs out everywhere from the first one, and the server ends both.", d.logOutEverywhere},
		{"All closed", "Nothing is left open, nothing is left stored, and nothing is left running.", d.prove},
	}
}

func (d *demo) logIn(ctx context.Context) error {
	if err := d.logInAnn(ctx, d.session); err != nil {
		return err
	}
	d.session.note("application", "Login has returned: ready")
	return nil
}

// logInAnn logs in with a name and a password.
func (d *demo) logInAnn(ctx context.Context, s *session) error {
	ann := connectortest.DefaultUsers()[0]
	s.note("application", "Login as "+ann.Name)
	return s.enter(ctx, func(ctx context.Context) error {
		return s.Login(ctx, credentials{Name: ann.Name, Password: ann.Password})
	})
}

func (d *demo) request(ctx context.Context) error {
	if err := d.session.ask(ctx, request{Echo: &echo{Text: "hello"}}); err != nil {
		return err
	}
	return d.session.ask(ctx, request{MenuAdd: &category{Name: "Tea"}})
}

func (d *demo) push(ctx context.Context) error {
	if err := d.session.heardMenu(ctx, 2); err != nil { // the list, and the addition of the act before
		return err
	}
	if err := d.session.ask(ctx, request{MenuDelete: &category{ID: 1}}); err != nil {
		return err
	}
	if err := d.session.heardMenu(ctx, 1); err != nil {
		return err
	}
	who, _ := d.session.User()
	d.show.note(0, "backend", "speaks in "+roomOf(who)+" only")
	return d.session.heardRoom(ctx, "Your table is ready")
}

func (d *demo) drop(ctx context.Context) error {
	d.show.note(0, "backend", "cuts the connections")
	if err := d.backend.Script(connectortest.DropSockets()); err != nil {
		return err
	}
	if err := d.session.until(ctx, "both sockets to notice", nth(2, isLost)); err != nil {
		return err
	}
	if err := d.session.askWhileDown(ctx, "first", "second", "third"); err != nil {
		return err
	}
	return d.recovered(ctx)
}

// isLost tells whether a change is that of a subscription whose connection is lost.
func isLost(c connector.Change) bool {
	return c.Machine == transitions.SubscriptionKind && c.Event == transitions.Subscription.EventName(transitions.SubscriptionLost)
}

// recovered waits until every socket is ready again.
func (d *demo) recovered(ctx context.Context) error {
	err := d.session.during(ctx, func(ctx context.Context) error { return d.session.Require(ctx, connector.RequireReady) })
	if err != nil {
		return err
	}
	return d.session.heardMenu(ctx, 1) // subscribing again brings the list again
}

func (d *demo) freeze(ctx context.Context) error {
	d.show.note(0, "network", "freezes the links of both sockets")
	d.proxy.Freeze()
	start := time.Now()
	err := d.session.until(ctx, "both dead links to be found", nth(2, func(c connector.Change) bool {
		found := c.Machine == transitions.SocketKind && c.Event == transitions.Socket.EventName(transitions.SocketPingTimedOut)
		if found {
			d.session.note("application", fmt.Sprintf("the dead link of %s is found after %.2f s", c.ID, time.Since(start).Seconds()))
		}
		return found
	}))
	if err != nil {
		return err
	}
	if err := d.recovered(ctx); err != nil {
		return err
	}
	d.show.note(0, "backend", fmt.Sprintf("sockets open: %d, the dead ones too, since nobody has told it", d.backend.Counts().OpenSockets))
	if err := d.session.ask(ctx, request{Echo: &echo{Text: "anybody there?"}}); err != nil {
		return err
	}
	return d.session.heardRoom(ctx, "Still here")
}

// nth tells whether a change is the n-th that is so.
func nth(n int, is func(connector.Change) bool) func(connector.Change) bool {
	return func(c connector.Change) bool {
		if is(c) {
			n--
		}
		return n == 0
	}
}

func (d *demo) expire(ctx context.Context) error {
	d.session.note("application", "waits, while the token nears its end")
	err := d.session.until(ctx, "a refreshed token", func(c connector.Change) bool {
		return c.Machine == transitions.TokenKind && c.Event == transitions.Token.EventName(transitions.TokenStored)
	})
	if err != nil {
		return err
	}
	_, err = d.session.me(ctx)
	return err
}

func (d *demo) resume(ctx context.Context) (err error) {
	d.session.note("application", "Close")
	if err := d.session.during(ctx, d.session.Close); err != nil {
		return err
	}
	if err := d.stored(ctx, 1); err != nil {
		return err
	}
	if d.session, err = d.open("this device"); err != nil {
		return err
	}
	d.session.note("application", "Resume")
	if err := d.session.enter(ctx, d.session.Resume); err != nil {
		return err
	}
	return d.session.introduce(ctx)
}

func (d *demo) become(ctx context.Context) error {
	for _, other := range connectortest.DefaultUsers()[1:] {
		d.session.note("application", "LoginAs "+other.Name)
		err := d.session.enter(ctx, func(ctx context.Context) error { return d.session.LoginAs(ctx, other.ID) })
		if err != nil {
			return err
		}
		if err := d.session.introduce(ctx); err != nil {
			return err
		}
	}
	return d.stored(ctx, 1)
}

func (d *demo) goBack(ctx context.Context) error {
	for !d.session.Status().Master {
		d.session.note("application", "Logout")
		err := d.session.enter(ctx, func(ctx context.Context) error {
			if err := d.session.Logout(ctx); err != nil {
				return err
			}
			return d.session.Require(ctx, connector.RequireReady) // the sockets of the user before
		})
		if err != nil {
			return err
		}
		if err := d.session.introduce(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) logOutEverywhere(ctx context.Context) error {
	there, err := d.open("another device")
	if err != nil {
		return err
	}
	if err := d.logInAnn(ctx, there); err != nil {
		return err
	}
	if err := there.introduce(ctx); err != nil {
		return err
	}
	d.session.note("application", "LogoutEverywhere")
	if err := d.session.during(ctx, d.session.LogoutEverywhere); err != nil {
		return err
	}
	d.show.note(0, "backend", fmt.Sprintf("has ended the tokens of session %d too, and closes its sockets", there.number))
	if err := there.until(ctx, "the end of the other session, and of its room", nth(2, isOver)); err != nil {
		return err
	}
	_, err = there.Token(ctx, 0)
	if err == nil {
		return fmt.Errorf("session %d still has a token", there.number)
	}
	there.note("application", fmt.Sprintf("there is no token: %s, %q", errcode.Of(err), errcode.Shipped().Text("en", err)))
	return nil
}

// isOver tells whether a change is the end of a session's login, or of a socket that
// was made for it.
func isOver(c connector.Change) bool {
	return c.Machine == transitions.SessionKind && c.To == transitions.Session.StateName(transitions.SessionLoggedOut) ||
		c.Machine == transitions.SocketKind && c.To == transitions.Socket.StateName(transitions.SocketRemoved)
}

// stored waits until so many accounts have tokens in the store, and shows that.
func (d *demo) stored(ctx context.Context, accounts int) error {
	var files []os.DirEntry
	var fault error
	err := holds(ctx, func() bool {
		files, fault = os.ReadDir(d.store.Dir)
		return fault != nil || len(files) == accounts
	})
	if err := errors.Join(fault, err); err != nil {
		return fmt.Errorf("the store has %d files, want %d: %w", len(files), accounts, err)
	}
	d.show.note(0, "store", fmt.Sprintf("accounts with tokens: %d", len(files)))
	return nil
}

// prove shows that nothing is left: no request, no connection on either side, no
// token in the store, then, when the backend is stopped too, no goroutine more than
// at the start.
func (d *demo) prove(ctx context.Context) error {
	for _, s := range d.sessions {
		if missed := s.changes.Missed(); missed != 0 {
			return fmt.Errorf("%d changes of session %d were not shown", missed, s.number)
		}
	}
	if err := d.proveSessions(ctx); err != nil {
		return err
	}
	if err := d.proveBackend(ctx); err != nil {
		return err
	}
	if err := d.stored(ctx, 0); err != nil {
		return err
	}
	return d.proveProcess(ctx)
}

// proveSessions shows that the sessions have no request and no connection left.
func (d *demo) proveSessions(ctx context.Context) error {
	pending := 0
	for _, s := range d.sessions {
		pending += s.Status().Pending
	}
	if pending != 0 {
		return fmt.Errorf("%d requests have not settled", pending)
	}
	d.show.note(0, "requests", fmt.Sprintf("pending: %d", pending))
	// A connection is cut on a goroutine of its own, a moment after the session says so.
	if err := holds(ctx, func() bool { return d.links.open.Load() == 0 }); err != nil {
		return fmt.Errorf("%d connections are open on this side: %w", d.links.open.Load(), err)
	}
	d.show.note(0, "network", fmt.Sprintf("sockets' connections open on this side: %d, of %d", d.links.open.Load(), d.links.dialed.Load()))
	return nil
}

// proveBackend shows that the backend has no socket open, when the proxy has told it
// of the links that were dead.
func (d *demo) proveBackend(ctx context.Context) error {
	if err := d.proxy.Close(); err != nil {
		return err
	}
	d.show.note(0, "network", "the proxy is closed, and with it the frozen links")
	// The backend learns of the closed socket a moment after the session.
	err := holds(ctx, func() bool { return d.backend.Counts().OpenSockets == 0 })
	counts := d.backend.Counts()
	if err != nil {
		return fmt.Errorf("the backend has %d sockets open: %w", counts.OpenSockets, err)
	}
	d.show.note(0, "backend", fmt.Sprintf("sockets open: %d, of %d; logins: %d, as another: %d; refreshes: %d; logouts: %d, everywhere: %d",
		counts.OpenSockets, counts.Upgrades, counts.Logins, counts.LoginAs, counts.Refreshes, counts.Logouts, counts.LogoutsEverywhere))
	return nil
}

// proveProcess shows that no goroutine is left when the backend is closed.
func (d *demo) proveProcess(ctx context.Context) error {
	d.transport.CloseIdleConnections()
	if err := d.backend.Close(); err != nil {
		return err
	}
	err := holds(ctx, func() bool { return runtime.NumGoroutine() <= d.goroutines })
	if err != nil {
		return fmt.Errorf("%d goroutines are left, %d were there at the start: %w", runtime.NumGoroutine(), d.goroutines, err)
	}
	d.show.note(0, "process", fmt.Sprintf("goroutines: %d; at the start: %d", runtime.NumGoroutine(), d.goroutines))
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
