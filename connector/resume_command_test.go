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

// named returns the names of the outcomes told, once all is at rest.
func named(outcomes *connector.Stream[connector.Outcome]) []string {
	synctest.Wait()
	outcomes.Close()
	var names []string
	for o := range outcomes.All(context.Background()) {
		names = append(names, o.Name())
	}
	return names
}

func TestResumeOutcomes(t *testing.T) {
	vaulted(t, "F1 a resume has outcomes of its own", connectortest.Config{}, func(w *world, _ *vault) {
		outcomes := w.session.Outcomes(0)
		_ = w.session.Resume(context.Background())
		if got := named(outcomes); !slices.Equal(got, []string{connector.ResumeFailed}) {
			w.t.Errorf("nothing stored: got %v, want resumeFailed", got)
		}
		w.login()
		w.restart()
		outcomes = w.session.Outcomes(0)
		w.resume()
		if got := named(outcomes); !slices.Equal(got, []string{connector.ResumeReady}) {
			w.t.Errorf("got %v, want resumeReady", got)
		}
		w.logout()
		outcomes = w.session.Outcomes(0)
		w.login()
		if got := named(outcomes); !slices.Equal(got, []string{connector.LoginReady}) {
			w.t.Errorf("a login: got %v, want loginReady", got)
		}
	})
	vaulted(t, "F2 one outcome for each command, however many there were", connectortest.Config{}, func(w *world, _ *vault) {
		outcomes := w.session.Outcomes(0)
		var want []string
		for range 10 {
			w.login()
			w.logout()
			_ = w.session.Login(context.Background(), credentials{"ann", "wrong"})
			_ = w.session.Resume(context.Background())
			want = append(want, connector.LoginReady, connector.LoginFailed, connector.ResumeFailed)
		}
		if got := named(outcomes); !slices.Equal(got, want) {
			w.t.Errorf("got %d outcomes %v, want %d", len(got), got, len(want))
		}
	})
	vaulted(t, "F2 the outcome is told before the command returns", connectortest.Config{}, func(w *world, _ *vault) {
		outcomes := w.session.Outcomes(0)
		defer outcomes.Close()
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		for range 200 {
			_ = w.session.Resume(context.Background())
			if _, ok := outcomes.Next(ended); !ok {
				w.t.Fatal("got no outcome when the command had returned, want one")
			}
		}
	})
	vaulted(t, "F1 F2 an outcome says which half failed", connectortest.Config{}, func(w *world, _ *vault) {
		w.login()
		w.restart()
		w.script(connectortest.RejectAuth(2))
		outcomes := w.session.Outcomes(0)
		defer outcomes.Close()
		err := w.session.Resume(context.Background())
		o, ok := outcomes.Next(context.Background())
		if !ok || o.Name() != connector.ResumeFailed || !o.LoggedIn || o.Err != err || !errors.Is(err, connector.ErrSocketFailed) {
			w.t.Errorf("got %+v and %v, want resumeFailed, logged in, with the caller's error", o, err)
		}
	})
}

func TestResumeRefused(t *testing.T) {
	vaulted(t, "S8 a resume when logged in", connectortest.Config{}, func(w *world, v *vault) {
		w.login()
		outcomes, loads := w.session.Outcomes(0), v.loads.Load()
		var outcome *connector.LoginError
		if err := w.session.Resume(context.Background()); !errors.Is(err, connector.ErrLoggedIn) || errors.As(err, &outcome) {
			w.t.Errorf("got %v, want logged in", err)
		}
		if got := named(outcomes); got != nil || v.loads.Load() != loads {
			w.t.Errorf("got outcomes %v and %d loads, want nothing changed", got, v.loads.Load()-loads)
		}
		if s := w.session.Status(); !s.Ready {
			w.t.Errorf("got %+v, want ready", s)
		}
	})
	vaulted(t, "S8 a resume during a login, and a login during a resume", connectortest.Config{}, func(w *world, _ *vault) {
		w.script(connectortest.HoldLogins(1))
		login := w.begin()
		synctest.Wait()
		if err := w.session.Resume(context.Background()); !errors.Is(err, connector.ErrBusy) {
			w.t.Errorf("got %v, want busy", err)
		}
		if err := <-login; err != nil {
			w.t.Fatal(err)
		}
		w.restart()
		w.script(connectortest.HoldMe(1))
		done := make(chan error, 1)
		go func() { done <- w.session.Resume(context.Background()) }()
		synctest.Wait()
		if s := w.session.Status(); !s.Resuming || s.LoggingIn {
			w.t.Errorf("got %+v, want resuming", s)
		}
		for _, err := range []error{w.session.Login(context.Background(), ann), w.session.Resume(context.Background())} {
			if !errors.Is(err, connector.ErrBusy) {
				w.t.Errorf("got %v, want busy", err)
			}
		}
		if err := <-done; err != nil {
			w.t.Errorf("the resume: %v", err)
		}
	})
	vaulted(t, "S6 a logout during a resume", connectortest.Config{}, func(w *world, _ *vault) {
		w.login()
		w.restart()
		w.script(connectortest.HoldMe(1))
		done := make(chan error, 1)
		go func() { done <- w.session.Resume(context.Background()) }()
		synctest.Wait()
		w.logout()
		w.wantNotResumed(<-done, connector.ErrLoggedOut)
		w.wantStored(false)
	})
	vaulted(t, "T1 a close during a resume keeps what is stored", connectortest.Config{}, func(w *world, _ *vault) {
		w.login()
		w.restart()
		w.script(connectortest.HoldMe(1))
		done := make(chan error, 1)
		go func() { done <- w.session.Resume(context.Background()) }()
		synctest.Wait()
		if err := w.session.Close(context.Background()); err != nil {
			w.t.Fatal(err)
		}
		w.wantNotResumed(<-done, connector.ErrLoggedOut)
		w.wantStored(true)
		w.resume()
	})
	unable := map[string]change{
		"without the method": serving(&service{}),
		"that says no": func(c *config) {
			c.Auth.(*authhttp.JSON[credentials, user]).UserURL = ""
		},
	}
	for name, edit := range unable {
		vaulted(t, "S4 a service "+name, connectortest.Config{}, func(w *world, v *vault) {
			w.login()
			w.restart()
			outcomes := w.session.Outcomes(0)
			loads := v.loads.Load()
			var outcome *connector.LoginError
			if err := w.session.Resume(context.Background()); !errors.Is(err, authhttp.ErrNotSupported) || errors.As(err, &outcome) {
				w.t.Errorf("got %v, want not supported", err)
			}
			if got := w.states("session"); len(got) != 0 || v.loads.Load() != loads {
				w.t.Errorf("got states %v and %d loads, want nothing changed", got, v.loads.Load()-loads)
			}
			if got := named(outcomes); got != nil {
				w.t.Errorf("got outcomes %v, want none", got)
			}
			w.wantStored(true)
		}, edit)
	}
}

// tokenLogin is a service that resumes by a login with the stored token.
type tokenLogin struct {
	*authhttp.JSON[map[string]string, user]
}

func (s tokenLogin) Login(ctx context.Context, c credentials) (authhttp.Grant[user], error) {
	return s.JSON.Login(ctx, map[string]string{"name": c.Name, "password": c.Password})
}

func byToken(c *config) {
	was := c.Auth.(*authhttp.JSON[credentials, user])
	c.Auth = tokenLogin{&authhttp.JSON[map[string]string, user]{
		LoginURL: was.LoginURL, RefreshURL: was.RefreshURL, LogoutURL: was.LogoutURL, Client: was.Client,
		ByToken: func(pair authhttp.Pair) map[string]string { return map[string]string{"token": pair.Access.Reveal()} },
	}}
}

func TestResumeByToken(t *testing.T) {
	vaulted(t, "S2 S4 an answer without tokens leaves the stored ones", connectortest.Config{}, func(w *world, v *vault) {
		w.login()
		token := w.token().Access
		w.restart()
		before, _ := v.Store.Load(context.Background(), "")
		time.Sleep(10 * time.Second)
		got := w.counted(w.resume)
		if got.Logins != 1 || got.Mes != 0 || got.Refreshes != 0 || got.Upgrades != 1 {
			w.t.Errorf("got %+v, want one login by token", got)
		}
		if again := w.token().Access; again != token {
			w.t.Error("got another token than the stored one")
		}
		if after, err := v.Store.Load(context.Background(), ""); after != before || err != nil {
			w.t.Errorf("got another text stored, or %v, want the same", err)
		}
		if who, _ := w.session.User(); who.Name != "ann" {
			w.t.Errorf("got user %v, want ann", who)
		}
	}, byToken)
	vaulted(t, "S4 T6 a token that is refused is refreshed once", connectortest.Config{}, func(w *world, _ *vault) {
		w.login()
		w.restart()
		w.script(connectortest.ExpireTokens())
		if got := w.counted(w.resume); got.Logins != 2 || got.Refreshes != 1 {
			w.t.Errorf("got %+v, want one refresh and another login by token", got)
		}
	}, byToken)
	vaulted(t, "S4 everything revoked", connectortest.Config{}, func(w *world, _ *vault) {
		w.login()
		w.restart()
		w.script(connectortest.RevokeAll())
		w.wantNotResumed(w.session.Resume(context.Background()), authhttp.ErrNoToken)
		w.wantStored(false)
	}, byToken)
}

func TestResumeWithoutSockets(t *testing.T) {
	vaulted(t, "S9 a resume that does not wait for the sockets", connectortest.Config{}, func(w *world, _ *vault) {
		w.login()
		w.restart()
		w.script(connectortest.HoldUpgrades(1))
		start := time.Now()
		if err := w.session.Resume(connector.WithoutSockets(context.Background())); err != nil {
			w.t.Fatal(err)
		}
		if s := w.session.Status(); !s.LoggedIn || !s.Opening || s.Ready || time.Since(start) != 0 {
			w.t.Errorf("got %+v after %v, want opening at once", s, time.Since(start))
		}
		w.until("session", "subscribed")
	})
	vaulted(t, "S9 the deadline of a resume while the sockets open", connectortest.Config{}, func(w *world, _ *vault) {
		w.login()
		w.restart()
		w.script(connectortest.HoldUpgrades(1))
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		err := w.session.Resume(ctx)
		var outcome *connector.LoginError
		if !errors.As(err, &outcome) || !outcome.LoggedIn || !errors.Is(err, context.DeadlineExceeded) {
			w.t.Errorf("got %v, want the deadline, logged in", err)
		}
		w.until("session", "subscribed")
		w.wantStored(true)
	})
}

// TestResumeByClock shows that wall clocks that were set meanwhile harm nothing.
func TestResumeByClock(t *testing.T) {
	for _, c := range []struct {
		jump      time.Duration
		refreshes int
	}{
		{-24 * time.Hour, 1}, // nobody knows how old the tokens are
		{-30 * time.Second, 0},
		{0, 0},
		{24 * time.Hour, 1}, // as far as anyone can tell they have ended
	} {
		for _, backend := range []connectortest.Config{
			{AccessLife: time.Hour}, {AccessLife: time.Hour, NoExpiresIn: true}, {AccessLife: time.Hour, NoExpiresIn: true, NoIssuedAt: true},
		} {
			name := fmt.Sprintf("S12 the wall clock is set by %v before a resume, expires_in %v, iat %v", c.jump, !backend.NoExpiresIn, !backend.NoIssuedAt)
			vaulted(t, name, backend, func(w *world, _ *vault) {
				w.login()
				w.restart(func(config *config) { config.Now = func() time.Time { return time.Now().Add(c.jump) } })
				if got := w.counted(w.resume); got.Refreshes != c.refreshes || got.Mes != 1 {
					w.t.Errorf("got %+v, want %d refreshes and one question", got, c.refreshes)
				}
				got := w.counted(func() {
					for range 10 {
						time.Sleep(30 * time.Minute)
						if status := w.me(w.token().Access.Reveal()); status != 200 {
							w.t.Errorf("got %d for the session's token, want 200", status)
						}
					}
				})
				if got.Refreshes < 5 || got.Refreshes > 6 {
					w.t.Errorf("got %d refreshes in 5 hours, want one in each life of an hour", got.Refreshes)
				}
			})
		}
	}
}
