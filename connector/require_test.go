package connector_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

// requiring begins to require a login; the channel gives the outcome.
func (w *world) requiring(ctx context.Context, need connector.Need) <-chan error {
	done := make(chan error, 1)
	go func() { done <- w.session.Require(ctx, need) }()
	return done
}

// wantDone checks that somebody who waits has the outcome nil now, or waits still.
func wantDone(t *testing.T, who string, done <-chan error, want bool) {
	t.Helper()
	synctest.Wait()
	select {
	case err := <-done:
		if !want || err != nil {
			t.Errorf("%s: got the outcome %v, want %v", who, err, map[bool]string{true: "nil", false: "none yet"}[want])
		}
	default:
		if want {
			t.Errorf("%s: got no outcome yet, want one", who)
		}
	}
}

func TestRequire(t *testing.T) {
	vaulted(t, "S14 logged in", connectortest.Config{}, func(w *world, v *vault) {
		w.login()
		loads := v.loads.Load()
		got := w.counted(func() {
			start := time.Now()
			for _, need := range []connector.Need{connector.RequireLogin, connector.RequireReady} {
				if err := w.session.Require(context.Background(), need); err != nil || time.Since(start) != 0 {
					w.t.Errorf("need %d: got %v after %v, want it at once", need, err, time.Since(start))
				}
			}
		})
		if got.Mes != 0 || got.Logins != 0 || v.loads.Load() != loads {
			w.t.Errorf("got %+v and %d loads, want nobody asked", got, v.loads.Load()-loads)
		}
	})
	vaulted(t, "S14 many share one resume", connectortest.Config{}, func(w *world, v *vault) {
		w.login()
		w.restart()
		w.script(connectortest.HoldMe(1), connectortest.HoldUpgrades(1))
		loads := v.loads.Load()
		outcomes := w.session.Outcomes(0)
		var all sync.WaitGroup
		var early, ready atomic.Int32
		start := time.Now()
		got := w.counted(func() {
			for i := range 20 {
				all.Go(func() {
					need := connector.Need(i % 2)
					if err := w.session.Require(context.Background(), need); err != nil {
						w.t.Errorf("caller %d: %v", i, err)
					}
					s := w.session.Status()
					if need == connector.RequireReady && !s.Ready {
						w.t.Errorf("caller %d: got %+v, want ready", i, s)
					}
					if need == connector.RequireLogin && s.LoggedIn && !s.Ready {
						early.Add(1)
					}
					if need == connector.RequireReady {
						ready.Add(1)
					}
				})
			}
			w.until("session", "socketOpening")
			synctest.Wait()
			if early.Load() != 10 || ready.Load() != 0 {
				w.t.Errorf("got %d callers back before the sockets were ready and %d of those who need them, want 10 and 0", early.Load(), ready.Load())
			}
			all.Wait()
		})
		if got.Mes != 2 || got.Refreshes != 0 && got.Refreshes != 1 || got.Logins != 0 || v.loads.Load()-loads != 1 {
			w.t.Errorf("got %+v and %d loads, want one resume, whose question was asked twice", got, v.loads.Load()-loads)
		}
		if names := named(outcomes); len(names) != 1 || names[0] != connector.ResumeReady {
			w.t.Errorf("got outcomes %v after %v, want resumeReady once", names, time.Since(start))
		}
	})
	vaulted(t, "S14 it waits for a login in flight", connectortest.Config{}, func(w *world, v *vault) {
		w.script(connectortest.HoldLogins(1), connectortest.HoldUpgrades(1))
		login := w.begin()
		synctest.Wait()
		in, ready := w.requiring(context.Background(), connector.RequireLogin), w.requiring(context.Background(), connector.RequireReady)
		wantDone(w.t, "who needs a login, before it", in, false)
		w.until("session", "socketOpening")
		wantDone(w.t, "who needs a login", in, true)
		wantDone(w.t, "who needs sockets, before they are ready", ready, false)
		w.until("session", "subscribed")
		wantDone(w.t, "who needs sockets", ready, true)
		if err := <-login; err != nil || v.loads.Load() != 0 || w.backend.Counts().Mes != 0 {
			w.t.Errorf("got %v, %d loads and %+v, want the login alone", err, v.loads.Load(), w.backend.Counts())
		}
	})
	vaulted(t, "S14 a login in flight that fails", connectortest.Config{}, func(w *world, _ *vault) {
		w.script(connectortest.RefuseLogins(1, 503).RetryAfter(2 * time.Second))
		login := make(chan error, 1)
		go func() { login <- w.session.Login(context.Background(), credentials{"ann", "wrong"}) }()
		synctest.Wait()
		err := <-w.requiring(context.Background(), connector.RequireReady)
		w.wantNotResumed(err, connector.ErrNotLoggedIn, authhttp.ErrRejected)
		<-login
	})
	vaulted(t, "S14 during a logout", connectortest.Config{}, func(w *world, _ *vault) {
		w.login()
		w.script(connectortest.HoldLogouts(1))
		done := make(chan struct{})
		go func() { w.logout(); close(done) }()
		time.Sleep(time.Second)
		if err := w.session.Require(context.Background(), connector.RequireLogin); !errors.Is(err, connector.ErrBusy) {
			w.t.Errorf("got %v, want busy", err)
		}
		<-done
	})
	vaulted(t, "S14 S6 a logout ends the wait", connectortest.Config{}, func(w *world, _ *vault) {
		w.login()
		w.restart()
		w.script(connectortest.HoldMe(1))
		done := w.requiring(context.Background(), connector.RequireReady)
		synctest.Wait()
		w.logout()
		var outcome *connector.LoginError
		if err := <-done; !errors.Is(err, connector.ErrNotLoggedIn) || !errors.As(err, &outcome) {
			w.t.Errorf("got %v, want not logged in", err)
		}
	})
	vaulted(t, "S14 a socket that has failed for good", connectortest.Config{}, func(w *world, _ *vault) {
		w.login()
		w.restart()
		w.script(connectortest.RejectAuth(2))
		for _, when := range []string{"while it fails", "afterwards"} {
			var outcome *connector.LoginError
			err := w.session.Require(context.Background(), connector.RequireReady)
			if !errors.Is(err, connector.ErrSocketFailed) || !errors.As(err, &outcome) || !outcome.LoggedIn {
				w.t.Errorf("%s: got %v, want logged in with a failed socket", when, err)
			}
		}
		if err := w.session.Require(context.Background(), connector.RequireLogin); err != nil {
			w.t.Errorf("got %v for who needs a login only", err)
		}
	})
	vaulted(t, "S14 who has required a login leaves nothing in flight", connectortest.Config{}, func(w *world, _ *vault) {
		w.login()
		w.restart()
		w.script(connectortest.HoldUpgrades(1))
		if err := w.session.Require(context.Background(), connector.RequireLogin); err != nil {
			w.t.Fatal(err)
		}
		if err := w.session.LoginAs(context.Background(), 2); err != nil {
			w.t.Errorf("got %v for a login as another behind it, want it to go on", err)
		}
	})
}

func TestRequireLeavers(t *testing.T) {
	for _, c := range []struct {
		name  string
		owner bool
	}{
		{"one of them leaves", false},
		{"the one whose resume it is leaves", true},
	} {
		for _, after := range []time.Duration{0, time.Second} {
			vaulted(t, fmt.Sprintf("S14 %s after %v", c.name, after), connectortest.Config{}, func(w *world, _ *vault) {
				w.login()
				w.restart()
				w.script(connectortest.HoldMe(1))
				ctx, cancel := context.WithCancel(context.Background())
				var others []<-chan error
				stay := func() {
					for i := range 10 {
						others = append(others, w.requiring(context.Background(), connector.Need(i%2)))
					}
				}
				if !c.owner {
					stay()
					synctest.Wait()
				}
				leaver := w.requiring(ctx, connector.RequireReady)
				synctest.Wait()
				if c.owner {
					stay()
					synctest.Wait()
				}
				time.Sleep(after)
				got := w.counted(func() {
					start := time.Now()
					cancel()
					if err := <-leaver; !errors.Is(err, context.Canceled) || time.Since(start) != 0 {
						w.t.Errorf("who leaves: got %v after %v, want its context's error at once", err, time.Since(start))
					}
					for i, done := range others {
						if err := <-done; err != nil {
							w.t.Errorf("who stays, %d: %v", i, err)
						}
					}
				})
				if got.Mes != 1 || got.Refreshes > 1 {
					w.t.Errorf("got %+v afterwards, want one more question", got)
				}
				if s := w.session.Status(); !s.Ready {
					w.t.Errorf("got %+v, want ready", s)
				}
			})
		}
	}
	vaulted(t, "S14 the only one leaves", connectortest.Config{}, func(w *world, _ *vault) {
		w.login()
		w.restart()
		w.script(connectortest.HoldMe(1))
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := w.session.Require(ctx, connector.RequireReady); !errors.Is(err, context.DeadlineExceeded) {
			w.t.Errorf("got %v, want the deadline", err)
		}
		if s := w.session.Status(); s.Resuming || s.LoggedIn {
			w.t.Errorf("got %+v, want the resume given up", s)
		}
		w.wantStored(true)
		w.resume()
	})
	vaulted(t, "S14 the only one leaves while the sockets open", connectortest.Config{}, func(w *world, _ *vault) {
		w.login()
		w.restart()
		w.script(connectortest.HoldUpgrades(1))
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := w.session.Require(ctx, connector.RequireReady); !errors.Is(err, context.DeadlineExceeded) {
			w.t.Errorf("got %v, want the deadline", err)
		}
		if err := w.session.Require(context.Background(), connector.RequireReady); err != nil {
			w.t.Errorf("another one: %v", err)
		}
	})
	vaulted(t, "S14 a context that has ended asks nobody", connectortest.Config{}, func(w *world, v *vault) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := w.session.Require(ctx, connector.RequireLogin); !errors.Is(err, context.Canceled) || v.loads.Load() != 0 {
			w.t.Errorf("got %v and %d loads, want cancelled and none", err, v.loads.Load())
		}
	})
}

func TestRequireFails(t *testing.T) {
	for _, c := range []struct {
		name    string
		arrange func(w *world)
		cause   error
	}{
		{"nothing stored", func(*world) {}, authhttp.ErrNothingStored},
		{"everything revoked", func(w *world) {
			w.login()
			w.restart()
			w.script(connectortest.RevokeAll())
		}, authhttp.ErrRejected},
		{"a refresh that is rejected", func(w *world) {
			w.login()
			w.restart()
			time.Sleep(time.Hour)
			w.script(connectortest.RefuseRefreshes(1, 401))
		}, authhttp.ErrRejected},
	} {
		heard := &listener{}
		vaulted(t, "S14 T8 "+c.name, connectortest.Config{}, func(w *world, v *vault) {
			c.arrange(w)
			wait, release := held()
			v.load.set(wait)
			var all sync.WaitGroup
			for range 20 {
				all.Go(func() {
					err := w.session.Require(context.Background(), connector.RequireReady)
					w.wantNotResumed(err, connector.ErrNotLoggedIn, c.cause)
				})
			}
			synctest.Wait()
			heard.want(w.t)
			v.load.clear()
			release()
			all.Wait()
			heard.want(w.t, connector.CauseGuard)
		}, heard.listening)
	}
}
