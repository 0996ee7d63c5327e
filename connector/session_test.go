package connector_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

func TestMainLine(t *testing.T) {
	engines(t, "S9 login returns when every socket is ready", connectortest.Config{}, func(w *world) {
		w.login()
		if s := w.session.Status(); !s.Ready {
			w.t.Fatalf("got %+v, want ready", s)
		}
		got, err := w.echo("hi")
		if got != "hi" || err != nil {
			w.t.Fatalf("got %q, %v", got, err)
		}
		w.until("session", "subscribed")
		w.script(connectortest.DropSockets())
		w.until("session", "socketOpening")
		got, err = w.echo("again")
		if got != "again" || err != nil {
			w.t.Fatalf("got %q, %v", got, err)
		}
	})
}

func TestLogin(t *testing.T) {
	engines(t, "S1 the answer's user and tokens are taken", connectortest.Config{}, func(w *world) {
		if _, ok := w.session.User(); ok {
			w.t.Error("got a user before login")
		}
		w.login()
		if got, ok := w.session.User(); got != (user{1, "ann"}) || !ok {
			w.t.Errorf("got user %v, %v, want 1 ann", got, ok)
		}
		token, err := w.session.Token(context.Background(), 0)
		if err != nil || token.Access == "" || token.Generation == 0 {
			w.t.Errorf("got token %v, %v, want one", token, err)
		}
		if got := w.backend.Counts().Logins; got != 1 {
			w.t.Errorf("got %d login requests, want 1", got)
		}
	})

	engines(t, "S2 a login answer without tokens", connectortest.Config{}, func(w *world) {
		w.login()
		if got, _ := w.session.User(); got.Name != "ann" {
			w.t.Errorf("got user %v, want ann", got)
		}
		if token, err := w.session.Token(context.Background(), 0); !errors.Is(err, authhttp.ErrNoToken) {
			w.t.Errorf("got %v, %v, want no token", token, err)
		}
	}, serving(granting(authhttp.Pair{})), socket(func(s *connector.SocketConfig[user, request, response]) { s.Auth, s.Subscribe = nil, nil }))

	engines(t, "S3 rejected: no retry, no token", connectortest.Config{}, func(w *world) {
		start := time.Now()
		err := w.session.Login(context.Background(), credentials{"ann", "wrong"})
		var outcome *connector.LoginError
		if !errors.Is(err, authhttp.ErrRejected) || errors.Is(err, authhttp.ErrUnavailable) || !errors.As(err, &outcome) || outcome.LoggedIn {
			w.t.Errorf("got %v, want rejected and not logged in", err)
		}
		time.Sleep(time.Hour)
		if got := w.backend.Counts(); got.Logins != 1 || got.Upgrades != 0 {
			w.t.Errorf("got %+v, want one login and nothing else", got)
		}
		if s := w.session.Status(); s.LoggedIn || s.LoggingIn || time.Since(start) > time.Hour {
			w.t.Errorf("got %+v", s)
		}
		w.login() // a rejected login leaves nothing behind
	})
}

func TestLoginUnavailable(t *testing.T) {
	for _, c := range []struct {
		name     string
		arrange  func(w *world)
		logins   int
		from, to time.Duration
	}{
		{"S3 503 three times", func(w *world) { w.script(connectortest.RefuseLogins(3, 503)) }, 4, 900 * time.Millisecond, 3600 * time.Millisecond},
		{"S3 429", func(w *world) { w.script(connectortest.RefuseLogins(1, 429)) }, 2, 100 * time.Millisecond, 500 * time.Millisecond},
		{"S3 Retry-After is honoured", func(w *world) { w.script(connectortest.RefuseLogins(1, 503).RetryAfter(7 * time.Second)) }, 2, 7 * time.Second, 7 * time.Second},
		{"S3 Retry-After may exceed the cap", func(w *world) { w.script(connectortest.RefuseLogins(1, 503).RetryAfter(50 * time.Second)) }, 2, 50 * time.Second, 50 * time.Second},
		{"S3 no answer", func(w *world) { w.script(connectortest.HoldLogins(1)) }, 2, 15100 * time.Millisecond, 15500 * time.Millisecond},
		{"S3 no network at first", func(w *world) {
			w.network.Refuse(true)
			time.AfterFunc(5*time.Second, func() { w.network.Refuse(false) })
		}, 1, 5 * time.Second, 15 * time.Second},
	} {
		engines(t, c.name, connectortest.Config{}, func(w *world) {
			c.arrange(w)
			start := time.Now()
			w.login()
			if got := time.Since(start); got < c.from || got > c.to {
				w.t.Errorf("got %v until logged in, want %v to %v", got, c.from, c.to)
			}
			if got := w.backend.Counts().Logins; got != c.logins {
				w.t.Errorf("got %d login requests, want %d", got, c.logins)
			}
		})
	}

	engines(t, "S3 the caller's context bounds the retries", connectortest.Config{}, func(w *world) {
		w.script(connectortest.RefuseLogins(1000, 503))
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		start := time.Now()
		err := w.session.Login(ctx, ann)
		var outcome *connector.LoginError
		if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &outcome) || outcome.LoggedIn || time.Since(start) != 20*time.Second {
			w.t.Errorf("got %v after %v, want the deadline after 20s", err, time.Since(start))
		}
		before := w.backend.Counts().Logins
		if before < 4 || before > 9 {
			w.t.Errorf("got %d requests in 20s, want growing delays", before)
		}
		time.Sleep(time.Hour)
		if got := w.backend.Counts().Logins; got != before {
			w.t.Errorf("got %d requests after the caller has left, want none", got-before)
		}
	})

	engines(t, "S3 a backoff that stops ends the login as unavailable", connectortest.Config{}, func(w *world) {
		w.script(connectortest.RefuseLogins(1000, 503))
		err := w.session.Login(context.Background(), ann)
		if !errors.Is(err, authhttp.ErrUnavailable) || errors.Is(err, authhttp.ErrRejected) {
			w.t.Errorf("got %v, want unavailable", err)
		}
		if got := w.backend.Counts().Logins; got != 4 {
			w.t.Errorf("got %d requests, want 1 and 3 retries", got)
		}
	}, threeRetries)
}

// threeRetries gives up after three retries, a second apart.
func threeRetries(c *connector.Config[credentials, user]) {
	c.Backoff = func() backoff.BackOff { return backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 3) }
}

func TestBusy(t *testing.T) {
	engines(t, "S8 a login during a login", connectortest.Config{}, func(w *world) {
		w.script(connectortest.HoldLogins(1))
		first := w.begin()
		synctest.Wait()
		if err := w.session.Login(context.Background(), ann); !errors.Is(err, connector.ErrBusy) {
			w.t.Errorf("got %v, want busy", err)
		}
		if got := w.backend.Counts().Logins; got != 1 {
			w.t.Errorf("got %d login requests, want 1", got)
		}
		if err := <-first; err != nil {
			w.t.Errorf("the first login: %v", err)
		}
	})
	engines(t, "S8 a busy caller that leaves does not end the other's login", connectortest.Config{}, func(w *world) {
		w.script(connectortest.HoldLogins(1))
		first := w.begin()
		synctest.Wait()
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := w.session.Login(ctx, ann); !errors.Is(err, connector.ErrBusy) && !errors.Is(err, context.Canceled) {
			w.t.Errorf("got %v, want busy or cancelled", err)
		}
		if err := <-first; err != nil {
			w.t.Errorf("the first login: %v", err)
		}
	})
	engines(t, "S8 a login during a logout", connectortest.Config{}, func(w *world) {
		w.login()
		mud.on.Store(true)
		defer mud.on.Store(false)
		done := make(chan struct{})
		go func() { w.logout(); close(done) }()
		synctest.Wait()
		if s := w.session.Status(); !s.LoggingOut || s.LoggedIn {
			w.t.Errorf("got %+v, want logging out", s)
		}
		if err := w.session.Login(context.Background(), ann); !errors.Is(err, connector.ErrBusy) {
			w.t.Errorf("got %v, want busy", err)
		}
		<-done
		if got := w.backend.Counts().Logins; got != 1 {
			w.t.Errorf("got %d login requests, want 1", got)
		}
	}, mud.under)
	engines(t, "S8 a login when logged in", connectortest.Config{}, func(w *world) {
		w.login()
		var outcome *connector.LoginError
		err := w.session.Login(context.Background(), ann)
		if !errors.Is(err, connector.ErrLoggedIn) || errors.As(err, &outcome) {
			w.t.Errorf("got %v, want logged in", err)
		}
		if got := w.backend.Counts(); got.Logins != 1 || got.Upgrades != 1 {
			w.t.Errorf("got %+v, want one login and one socket", got)
		}
	})
}

var mud swamp

func TestLoginHalves(t *testing.T) {
	for _, c := range []struct {
		name     string
		fault    connectortest.Fault
		loggedIn bool
	}{
		{"S9 the deadline in the login request", connectortest.HoldLogins(1), false},
		{"S9 the deadline while dialling", connectortest.HoldUpgrades(1), true},
		{"S9 the deadline while authenticating", connectortest.HoldAuth(1), true},
		{"S9 the deadline while subscribing", connectortest.HoldSubscriptions(1), true},
		{"S9 the deadline while backing off", connectortest.RefuseUpgrades(4, 502), true},
	} {
		engines(t, c.name, connectortest.Config{}, func(w *world) {
			w.script(c.fault)
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			start := time.Now()
			err := w.session.Login(ctx, ann)
			var outcome *connector.LoginError
			if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &outcome) || outcome.LoggedIn != c.loggedIn {
				w.t.Fatalf("got %v, want the deadline with LoggedIn %v", err, c.loggedIn)
			}
			if got := time.Since(start); got != time.Second {
				w.t.Errorf("got the answer after %v, want 1s", got)
			}
			if s := w.session.Status(); s.LoggedIn != c.loggedIn || s.Ready {
				w.t.Errorf("got %+v", s)
			}
			if c.loggedIn { // retries go on, and ready is told
				w.until("session", "subscribed")
			}
		})
	}

	engines(t, "S9 a final failure of a socket says that the user is logged in", connectortest.Config{}, func(w *world) {
		w.script(connectortest.RejectAuth(2))
		err := w.session.Login(context.Background(), ann)
		var outcome *connector.LoginError
		if !errors.Is(err, connector.ErrSocketFailed) || !errors.As(err, &outcome) || !outcome.LoggedIn {
			w.t.Errorf("got %v, want logged in with a failed socket", err)
		}
		if s := w.session.Status(); !s.LoggedIn || s.Ready || s.Opening {
			w.t.Errorf("got %+v, want degraded", s)
		}
	})

	engines(t, "S9 a caller does not wait for the sockets", connectortest.Config{}, func(w *world) {
		w.script(connectortest.HoldUpgrades(1))
		start := time.Now()
		w.loginOnly()
		if s := w.session.Status(); !s.LoggedIn || !s.Opening || s.Ready || time.Since(start) != 0 {
			w.t.Errorf("got %+v after %v, want opening at once", s, time.Since(start))
		}
		w.until("session", "subscribed")
	})

	engines(t, "S9 without sockets a login is ready at once", connectortest.Config{}, func(w *world) {
		w.login()
		if s := w.session.Status(); !s.Ready || len(s.Sockets) != 0 {
			w.t.Errorf("got %+v, want ready", s)
		}
	}, func(c *connector.Config[credentials, user]) { c.Sockets = nil })
}

func TestChanges(t *testing.T) {
	engines(t, "S10 every consumer sees every change in order", connectortest.Config{}, func(w *world) {
		streams := []*connector.Stream[connector.Change]{w.session.Changes(0), w.session.Changes(0), w.session.Changes(2)}
		w.login()
		w.logout()
		var seen [3][]connector.Change
		for i, s := range streams {
			missed := s.Missed()
			s.Close()
			seen[i] = slices.Collect(s.All(context.Background()))
			if i < 2 && missed != 0 {
				w.t.Errorf("consumer %d: got %d missed, want 0", i, missed)
			}
			if i == 2 && (len(seen[2]) != 2 || missed != uint64(len(seen[0])-2)) {
				w.t.Errorf("the slow consumer: got %d and %d missed, want 2 and the rest of %d", len(seen[2]), missed, len(seen[0]))
			}
		}
		if !slices.Equal(seen[0], seen[1]) || !slices.Equal(seen[0][len(seen[0])-2:], seen[2]) {
			w.t.Errorf("got different changes:\n%v\n%v\n%v", seen[0], seen[1], seen[2])
		}
		var main []string
		last := map[string]string{}
		for _, c := range seen[0] {
			machine := c.Machine.String() + c.ID
			if from, known := last[machine]; known && from != c.From {
				w.t.Errorf("%s leaves %s, having come to %s", machine, c.From, from)
			}
			last[machine] = c.To
			if c.Reason == "" || c.Event == "" || c.From == c.To || c.Generation == 0 {
				w.t.Errorf("got an incomplete change %+v", c)
			}
			if c.Machine.String() == "session" {
				main = append(main, c.To)
			}
		}
		want := "[authenticating socketOpening socketAuthed subscribed closing revoking loggedOut]"
		if fmt.Sprint(main) != want {
			w.t.Errorf("got %v, want %v", main, want)
		}
	})

	engines(t, "S10 the flags follow the state", connectortest.Config{}, func(w *world) {
		flags := func(want string) {
			w.t.Helper()
			s, got := w.session.Status(), ""
			for _, f := range []struct {
				on   bool
				name string
			}{{s.LoggingIn, "loggingIn "}, {s.LoggedIn, "loggedIn "}, {s.Opening, "opening "}, {s.Ready, "ready "}, {s.LoggingOut, "loggingOut "}} {
				if f.on {
					got += f.name
				}
			}
			if got != want {
				w.t.Errorf("got %q, want %q", got, want)
			}
		}
		flags("")
		w.script(connectortest.HoldLogins(1), connectortest.HoldUpgrades(1))
		done := w.begin()
		synctest.Wait()
		flags("loggingIn ")
		w.until("socket", "socketOpening")
		flags("loggedIn opening ")
		if err := <-done; err != nil {
			w.t.Fatal(err)
		}
		flags("loggedIn ready ")
		w.script(connectortest.DropSockets())
		synctest.Wait()
		flags("loggedIn opening ")
		w.until("socket", "subscribed")
		w.logout()
		flags("")
	})
}

func TestBuilders(t *testing.T) {
	bubbles(t, "S11 builders receive the user, a fresh token and the auth answer", func(t *testing.T, engine change) {
		var auth, sub connector.Known[user, response]
		w := newWorld(t, connectortest.Config{}, engine, socket(func(s *connector.SocketConfig[user, request, response]) {
			build, subscribe := s.Auth.Build, s.Subscribe[0].Build
			s.Auth.Build = func(ctx context.Context, k connector.Known[user, response]) (request, error) {
				auth = k
				return build(ctx, k)
			}
			s.Subscribe[0].Build = func(ctx context.Context, k connector.Known[user, response]) (request, error) {
				sub = k
				return subscribe(ctx, k)
			}
			s.Header = func(k connector.Known[user, response]) http.Header {
				if k.User.Name != "ann" || k.Token.Access == "" || k.AuthAnswer != nil {
					t.Errorf("the header's maker got %+v", k)
				}
				return nil
			}
		}))
		defer w.end()
		w.login()
		if auth.User != (user{1, "ann"}) || auth.Token != w.token() || auth.AuthAnswer != nil {
			t.Errorf("auth: got %+v", auth)
		}
		if sub.User != auth.User || sub.Token != auth.Token || sub.AuthAnswer == nil || *sub.AuthAnswer.Auth != (user{1, "ann"}) {
			t.Errorf("subscribe: got %+v", sub)
		}
	})
}
