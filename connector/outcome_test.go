package connector_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

// published ends a stream and returns what it has brought.
func published[T any](s *connector.Stream[T]) []T {
	s.Close()
	return slices.Collect(s.All(context.Background()))
}

// setAside leaves ann's tokens in the store and nobody logged in.
func (w *world) setAside() {
	w.t.Helper()
	w.login()
	if err := w.session.Close(context.Background()); err != nil {
		w.t.Fatal(err)
	}
	synctest.Wait()
}

// slowWish is a context that takes its time to say whether its caller waits for
// the sockets.
type slowWish struct{ context.Context }

func (c slowWish) Value(key any) any {
	if fmt.Sprintf("%T", key) == "connector.briefKey" {
		time.Sleep(time.Second)
	}
	return c.Context.Value(key)
}

func TestOutcomes(t *testing.T) {
	login := func(w *world) error { return w.session.Login(context.Background(), ann) }
	resume := func(w *world) error { return w.session.Resume(context.Background()) }
	loginAs := func(w *world) error { return w.session.LoginAs(context.Background(), bobID) }
	soon := func(command func(s *session, ctx context.Context) error) func(w *world) error {
		return func(w *world) error {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			return command(w.session, ctx)
		}
	}
	soonLogin := soon(func(s *session, ctx context.Context) error { return s.Login(ctx, ann) })
	soonResume := soon((*session).Resume)
	soonLoginAs := soon(func(s *session, ctx context.Context) error { return s.LoginAs(ctx, bobID) })
	brief := func(w *world) error {
		return w.session.Login(connector.WithoutSockets(context.Background()), ann)
	}
	adopt := func(w *world) error {
		return w.session.Adopt(context.Background(), authhttp.Grant[user]{User: user{9, "eve"}})
	}
	nothing := func(*world) {}
	faults := func(f ...connectortest.Fault) func(*world) { return func(w *world) { w.script(f...) } }
	after := func(first func(*world), f ...connectortest.Fault) func(*world) {
		return func(w *world) { first(w); w.script(f...) }
	}
	for _, c := range []struct {
		name     string
		arrange  func(*world)
		do       func(*world) error
		want     string
		loggedIn bool
		err      error
	}{
		{"a login", nothing, login, connector.LoginReady, true, nil},
		{"a login whose caller does not wait", faults(connectortest.HoldUpgrades(1)), brief, connector.LoginReady, true, nil},
		{"a login that is rejected", faults(connectortest.RefuseLogins(1, 401)), login, connector.LoginFailed, false, authhttp.ErrRejected},
		{"a login that is given up", faults(connectortest.HoldLogins(1)), soonLogin, connector.LoginFailed, false, context.DeadlineExceeded},
		{"a login whose sockets fail", faults(connectortest.RejectAuth(2)), login, connector.LoginFailed, true, connector.ErrSocketFailed},
		{"a login whose sockets are too slow", faults(connectortest.HoldUpgrades(1)), soonLogin, connector.LoginFailed, true, context.DeadlineExceeded},
		{"an adoption without tokens", faults(connectortest.HoldAuth(1)), adopt, connector.LoginFailed, true, connector.ErrSocketFailed},
		{"a resume", (*world).setAside, resume, connector.ResumeReady, true, nil},
		{"a resume of nothing", nothing, resume, connector.ResumeFailed, false, authhttp.ErrNothingStored},
		{"a resume that is rejected", after((*world).setAside, connectortest.RevokeAll()), resume, connector.ResumeFailed, false, authhttp.ErrNoToken},
		{"a resume that is given up", after((*world).setAside, connectortest.HoldMe(1)), soonResume, connector.ResumeFailed, false, context.DeadlineExceeded},
		{"a resume whose sockets fail", after((*world).setAside, connectortest.RejectAuth(2)), resume, connector.ResumeFailed, true, connector.ErrSocketFailed},
		{"a login as another", (*world).login, loginAs, connector.LoginAsReady, true, nil},
		{"a login as another that is rejected", after((*world).login, connectortest.RefuseLoginAs(1, 403)), loginAs, connector.LoginAsFailed, false, authhttp.ErrRejected},
		{"a login as another that is given up", after((*world).login, connectortest.HoldLoginAs(1)), soonLoginAs, connector.LoginAsFailed, false, context.DeadlineExceeded},
		{"a login as another whose sockets fail", after((*world).login, connectortest.RejectAuth(2)), loginAs, connector.LoginAsFailed, true, connector.ErrSocketFailed},
		{"a login as another whose sockets are too slow", after((*world).login, connectortest.HoldUpgrades(1)), soonLoginAs, connector.LoginAsFailed, true, context.DeadlineExceeded},
	} {
		engines(t, "S9 "+c.name+" has one outcome", longLived, func(w *world) {
			defer w.unwind()
			c.arrange(w)
			outcomes := w.session.Outcomes(0)
			err := c.do(w)
			time.Sleep(time.Hour)
			got := published(outcomes)
			if len(got) != 1 {
				w.t.Fatalf("got %+v, want one outcome", got)
			}
			o := got[0]
			if o.Name() != c.want || o.LoggedIn != c.loggedIn || o.Ready != (c.err == nil) {
				w.t.Errorf("got %s %+v, want %s, logged in: %v", o.Name(), o, c.want, c.loggedIn)
			}
			if !errors.Is(err, c.err) || fmt.Sprint(o.Err) != fmt.Sprint(err) {
				w.t.Errorf("got %v and the outcome's %v, want %v", err, o.Err, c.err)
			}
			var half *connector.LoginError
			if c.err != nil && (!errors.As(err, &half) || half.LoggedIn != c.loggedIn || half.Command != o.Command) {
				w.t.Errorf("got %v, want a LoginError, logged in: %v", err, c.loggedIn)
			}
		}, memory)
	}

	engines(t, "F1 a second login has its outcome too", longLived, func(w *world) {
		defer w.unwind()
		outcomes := w.session.Outcomes(0)
		w.login()
		w.logout()
		w.login()
		if err := w.session.Close(context.Background()); err != nil {
			w.t.Fatal(err)
		}
		if err := w.session.Resume(context.Background()); err != nil {
			w.t.Fatal(err)
		}
		w.as(bobID)
		w.as(carolID)
		w.unwind()
		w.login()
		var names []string
		for _, o := range published(outcomes) {
			names = append(names, o.Name())
		}
		if want := []string{"loginReady", "loginReady", "resumeReady", "loginAsReady", "loginAsReady", "loginReady"}; !slices.Equal(names, want) {
			w.t.Errorf("got %v, want %v", names, want)
		}
	}, memory)

	engines(t, "F2 each outcome comes once, after any number of logins", longLived, func(w *world) {
		outcomes := w.session.Outcomes(0)
		const logins = 20
		for range logins {
			w.login()
			w.logout()
		}
		if got := len(published(outcomes)); got != logins {
			w.t.Errorf("got %d outcomes of %d logins", got, logins)
		}
	})

	engines(t, "S9 what is refused has no outcome", longLived, func(w *world) {
		outcomes := w.session.Outcomes(0)
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		_ = w.session.Login(ended, ann)
		_ = w.session.LoginAs(context.Background(), bobID)
		w.script(connectortest.HoldLogins(1))
		login := w.begin()
		synctest.Wait()
		_ = w.session.Login(context.Background(), ann)
		_ = w.session.Resume(context.Background())
		if err := <-login; err != nil {
			w.t.Error(err)
		}
		_ = w.session.Login(context.Background(), ann)
		w.script(connectortest.HoldLogouts(1))
		logout := begun(w.session.Logout)
		_ = w.session.LoginAs(context.Background(), bobID)
		<-logout
		if got := published(outcomes); len(got) != 1 || got[0].Name() != connector.LoginReady {
			w.t.Errorf("got %+v, want that of the first login", got)
		}
	})

	engines(t, "S9 a logout cancels a command, which has its outcome", longLived, func(w *world) {
		outcomes := w.session.Outcomes(0)
		w.script(connectortest.HoldLogins(1))
		login := w.begin()
		synctest.Wait()
		w.logout()
		got, err := published(outcomes), <-login
		wantNotLoggedIn(w.t, err, connector.ErrLoggedOut)
		if len(got) != 1 || got[0].Name() != connector.LoginFailed || !errors.Is(got[0].Err, connector.ErrLoggedOut) {
			w.t.Errorf("got %+v, want one of a login that was cancelled", got)
		}
	})

	engines(t, "S9 a later ready is seen after a wait that failed", longLived, func(w *world) {
		defer w.unwind()
		outcomes := w.session.Outcomes(0)
		w.script(connectortest.HoldUpgrades(2))
		err := soonLogin(w)
		if !errors.Is(err, context.DeadlineExceeded) || w.session.Status().Ready {
			w.t.Errorf("got %v, ready: %v; want the deadline", err, w.session.Status().Ready)
		}
		w.until("session", "subscribed")
		w.script(connectortest.HoldUpgrades(1))
		if err := soonLoginAs(w); !errors.Is(err, context.DeadlineExceeded) {
			w.t.Errorf("got %v, want the deadline", err)
		}
		w.until("session", "switching")
		w.until("session", "subscribed")
		w.wantUsers("ann", "bob")
		if got := published(outcomes); len(got) != 2 || !got[0].LoggedIn || !got[1].LoggedIn {
			w.t.Errorf("got %+v, want one of each command, logged in", got)
		}
	})

	engines(t, "S9 two consumers hear the same", longLived, func(w *world) {
		one, two := w.session.Outcomes(0), w.session.Outcomes(0)
		_ = w.session.Login(context.Background(), credentials{"ann", "wrong"})
		w.login()
		if a, b := published(one), published(two); len(a) != 2 || fmt.Sprint(a) != fmt.Sprint(b) {
			w.t.Errorf("got %v and %v, want the same two", a, b)
		}
	})

	engines(t, "S9 WithoutSockets holds from the start, however fast the sockets fail", longLived, func(w *world) {
		w.script(connectortest.RejectAuth(2))
		if err := w.session.Login(slowWish{connector.WithoutSockets(context.Background())}, ann); err != nil {
			w.t.Errorf("got %v, want logged in", err)
		}
	})
}
