package connector_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

// held returns a hook that waits until it is let go, whatever its context does.
func held() (wait func(context.Context) error, release func()) {
	released := make(chan struct{})
	return func(context.Context) error { <-released; return nil }, func() { close(released) }
}

// stored returns what is stored for an account.
func (w *world) stored(account string) authhttp.Stored {
	w.t.Helper()
	text, err := w.config.Store.Load(context.Background(), account)
	if err != nil {
		w.t.Fatal(err)
	}
	kept, err := authhttp.DecodeStored(account, text)
	if err != nil {
		w.t.Fatal(err)
	}
	return kept
}

// asked tells whether somebody who asks for a token now has an answer already.
func (w *world) asked() <-chan authhttp.Token {
	done := make(chan authhttp.Token, 1)
	go func() { done <- w.token() }()
	return done
}

func TestStoredBeforeUse(t *testing.T) {
	for _, c := range []struct {
		name    string
		release time.Duration // 0: never
		used    time.Duration
	}{
		{"until it is stored", 2 * time.Second, 2 * time.Second},
		{"until StoreTimeout", 0, 5 * time.Second},
	} {
		vaulted(t, "T1 a login's token waits "+c.name, connectortest.Config{}, func(w *world, v *vault) {
			wait, release := held()
			v.save.set(wait)
			if c.release > 0 {
				time.AfterFunc(c.release, release)
			} else {
				defer release()
			}
			start := time.Now()
			done := w.begin()
			synctest.Wait()
			token := w.asked()
			time.Sleep(c.used - time.Millisecond)
			synctest.Wait()
			if got := w.backend.Counts(); got.Logins != 1 || got.Upgrades != 0 || len(token) != 0 {
				w.t.Errorf("got %+v and the token given out: %v, want it unused yet", got, len(token) != 0)
			}
			if s := w.session.Status(); !s.LoggedIn {
				w.t.Errorf("got %+v, want logged in", s)
			}
			if err := <-done; err != nil || time.Since(start) != c.used {
				w.t.Errorf("got %v after %v, want ready after %v", err, time.Since(start), c.used)
			}
			if got := <-token; got.Access == "" {
				w.t.Error("got no token afterwards")
			}
			v.save.clear()
		})
		vaulted(t, "T1 a refreshed token waits "+c.name, connectortest.Config{}, func(w *world, v *vault) {
			w.login()
			before := w.token().Access
			wait, release := held()
			v.save.set(wait)
			w.until("token", "storing")
			w.until("token", "storing") // of the login, then of the refresh
			synctest.Wait()
			token, start := w.asked(), time.Now()
			if c.release > 0 {
				time.AfterFunc(c.release, release)
			} else {
				defer release()
			}
			if got := <-token; got.Access == before || got.Access == "" || time.Since(start) != c.used {
				w.t.Errorf("got another token: %v, after %v, want one after %v", got.Access != before, time.Since(start), c.used)
			}
			v.save.clear()
		})
	}

	vaulted(t, "T1 a store that fails is reported, and the session goes on in memory", connectortest.Config{}, func(w *world, v *vault) {
		full := errors.New("the disk is full")
		v.save.set(func(context.Context) error { return full })
		errs := w.session.Errors(0)
		w.login()
		time.Sleep(31 * time.Second) // and a refresh
		if s := w.session.Status(); !s.Ready || w.backend.Counts().Refreshes != 1 {
			w.t.Errorf("got %+v, want ready after a refresh", s)
		}
		if got := w.me(w.token().Access.Reveal()); got != 200 {
			w.t.Errorf("got %d for the token, want 200", got)
		}
		wantFaults(w.t, errs, "store: save: the disk is full", "store: save: the disk is full")
	})
	vaulted(t, "T1 X4 a store that panics is reported, and the session goes on in memory", connectortest.Config{}, func(w *world, v *vault) {
		spoil := func(context.Context) error { panic("boom") }
		v.load.set(spoil)
		v.save.set(spoil)
		v.drop.set(spoil)
		errs := w.session.Errors(0)
		w.wantNotResumed(w.session.Resume(context.Background()))
		w.login()
		w.logout()
		wantFaults(w.t, errs, "panic: boom", "panic: boom", "panic: boom")
	})
}

func TestStoredPair(t *testing.T) {
	vaulted(t, "T1 every refresh stores the pair that it brought", connectortest.Config{}, func(w *world, v *vault) {
		w.login()
		last := authhttp.Pair{}
		for range 20 {
			token := w.token()
			synctest.Wait()
			kept := w.stored("")
			if kept.Pair.Access != token.Access || kept.Pair.Refresh == last.Refresh || kept.Pair.Refresh == "" || kept.Received.After(time.Now()) {
				w.t.Fatalf("got another pair stored than the one in use, or an old one, at %v", time.Now())
			}
			last = kept.Pair
			time.Sleep(31 * time.Second)
		}
		if saves, refreshes := int(v.saves.Load()), w.backend.Counts().Refreshes; saves != refreshes+1 {
			w.t.Errorf("got %d saves, want one for the login and each of %d refreshes", saves, refreshes)
		}
	})
	vaulted(t, "T1 a user who was logged in as is never stored", connectortest.Config{}, func(w *world, v *vault) {
		w.login()
		master := w.stored("")
		if err := w.session.LoginAs(context.Background(), 2); err != nil {
			w.t.Fatal(err)
		}
		saves := v.saves.Load()
		if got := w.counted(func() { time.Sleep(10 * time.Minute) }); got.Refreshes < 10 {
			w.t.Errorf("got %d refreshes, want the other user's", got.Refreshes)
		}
		if v.saves.Load() != saves || w.stored("") != master {
			w.t.Errorf("got %d saves, want what is stored as it was", v.saves.Load()-saves)
		}
		w.restart()
		w.resume()
		if who := w.session.Users(); len(who) != 1 || who[0].Name != "ann" {
			w.t.Errorf("got users %v, want the master", who)
		}
	})
	bubbles(t, "T1 accounts are kept apart", func(t *testing.T, engine change) {
		for _, shelf := range shelves {
			w := newWorld(t, connectortest.Config{}, engine, keptIn(shelf.make(t)), noSockets)
			accounts := map[string]credentials{"a": ann, "A": {"bob", "hunter2"}, "": {"carol", "letmein"}}
			session := func(account string) *connector.Session[credentials, user] {
				client, err := connector.New(w.config)
				if err != nil {
					t.Fatal(err)
				}
				return client.NewSessionOf(account)
			}
			for account, who := range accounts {
				s := session(account)
				if err := s.Login(context.Background(), who); err != nil {
					t.Fatal(err)
				}
				synctest.Wait() // without sockets, nobody waits for the store
				if err := s.Close(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
			for account, who := range accounts {
				s := session(account)
				if err := s.Resume(context.Background()); err != nil {
					t.Errorf("%s, %q: %v", shelf.name, account, err)
				}
				if got, _ := s.User(); got.Name != who.Name {
					t.Errorf("%s, %q: got %v, want %s", shelf.name, account, got, who.Name)
				}
				if err := s.Logout(context.Background()); err != nil {
					t.Error(err)
				}
				delete(accounts, account)
				for other := range accounts {
					w.stored(other)
				}
			}
			w.end()
		}
	})
}

func TestStoredErased(t *testing.T) {
	dead := map[string]func(w *world, s *swamp, v *vault) (release func()){
		"the server answers": func(*world, *swamp, *vault) func() { return func() {} },
		"the server refuses": func(w *world, _ *swamp, _ *vault) func() {
			w.script(connectortest.RefuseLogouts(1, 503))
			return func() {}
		},
		"there is no network": func(w *world, _ *swamp, _ *vault) func() {
			w.network.Refuse(true)
			w.network.Drop()
			return func() { w.network.Refuse(false) }
		},
		"the network hangs": func(_ *world, s *swamp, _ *vault) func() {
			s.on.Store(true)
			return func() { s.on.Store(false) }
		},
		"the store hangs": func(_ *world, _ *swamp, v *vault) func() {
			wait, release := held()
			v.drop.set(wait)
			return func() { v.drop.clear(); release() }
		},
		"store and network hang": func(_ *world, s *swamp, v *vault) func() {
			s.on.Store(true)
			wait, release := held()
			v.drop.set(wait)
			return func() { s.on.Store(false); v.drop.clear(); release() }
		},
	}
	for name, arrange := range dead {
		s := &swamp{}
		vaulted(t, "T1 a logout erases when "+name, connectortest.Config{}, func(w *world, v *vault) {
			w.login()
			release := arrange(w, s, v)
			if took := w.logout(); took > 10*time.Second {
				w.t.Errorf("got logged out after %v, want within CloseTimeout", took)
			}
			wantGone(w)
			release()
			w.wantStored(false)
		}, s.under)
	}
	vaulted(t, "T1 Forget erases and tells nobody", connectortest.Config{}, func(w *world, _ *vault) {
		w.login()
		got := w.counted(func() {
			if err := w.session.Forget(context.Background()); err != nil {
				w.t.Fatal(err)
			}
		})
		if got.Logouts != 0 {
			w.t.Errorf("got %d logout requests, want none", got.Logouts)
		}
		w.wantStored(false)
	})
	vaulted(t, "T1 a save that hangs does not undo the logout after it", connectortest.Config{}, func(w *world, v *vault) {
		wait, release := held()
		v.save.set(wait)
		done := w.begin()
		time.Sleep(time.Second)
		if took := w.logout(); took > 10*time.Second {
			w.t.Errorf("got logged out after %v, want within CloseTimeout", took)
		}
		if err := <-done; !errors.Is(err, connector.ErrLoggedOut) {
			w.t.Errorf("the login: got %v, want logged out", err)
		}
		release()
		w.wantStored(false)
	})
	vaulted(t, "S6 a slow drop for a login before does not end the logout early", connectortest.Config{}, func(w *world, v *vault) {
		v.drop.set(func(context.Context) error { time.Sleep(2 * time.Second); return nil })
		if err := w.session.Login(context.Background(), credentials{"ann", "wrong"}); !errors.Is(err, authhttp.ErrRejected) {
			w.t.Errorf("got %v, want rejected", err)
		}
		w.loginOnly()
		if took := w.logout(); took < 3*time.Second || took > 4*time.Second {
			w.t.Errorf("got logged out after %v, want when both drops are done", took)
		}
		w.wantStored(false)
		if drops := v.drops.Load(); drops != 2 {
			w.t.Errorf("got %d drops, want 2", drops)
		}
	})
	vaulted(t, "S6 a logout that a close ends is told when what is stored is gone", connectortest.Config{}, func(w *world, v *vault) {
		w.login()
		v.drop.set(func(context.Context) error { time.Sleep(2 * time.Second); return nil })
		done, start := begun(w.session.Logout), time.Now()
		if err := errors.Join(w.session.Close(context.Background()), ended(done)); err != nil {
			w.t.Errorf("got %v from the logout and the close", err)
		}
		if took := time.Since(start); took < 2*time.Second || took > 5*time.Second {
			w.t.Errorf("got closed after %v, want when what is stored is gone", took)
		}
		w.wantStored(false)
		time.Sleep(2 * time.Second) // the close has asked for it once more
	})
	vaulted(t, "T1 a drop that hangs does not undo the login after it", connectortest.Config{}, func(w *world, v *vault) {
		w.login()
		wait, release := held()
		v.drop.set(wait)
		w.logout()
		start := time.Now()
		w.login()
		if took := time.Since(start); took != 5*time.Second {
			w.t.Errorf("got logged in after %v, want StoreTimeout, 5s", took)
		}
		v.drop.clear()
		release()
		w.wantStored(true)
		if w.stored("").Pair.Access != w.token().Access {
			w.t.Error("got another token stored than the one in use")
		}
	})
	vaulted(t, "T1 a store that fails to erase is reported, and the logout is done", connectortest.Config{}, func(w *world, v *vault) {
		errs := w.session.Errors(0)
		w.login()
		v.drop.set(func(context.Context) error { return errors.New("read only") })
		w.logout()
		wantGone(w)
		wantFaults(w.t, errs, "store: drop: read only")
		v.drop.clear()
	})
}

func TestStoredAndVerdicts(t *testing.T) {
	vaulted(t, "S3 a rejected login drops what was stored", connectortest.Config{}, func(w *world, _ *vault) {
		w.login()
		w.restart()
		if err := w.session.Login(context.Background(), credentials{"ann", "wrong"}); !errors.Is(err, authhttp.ErrRejected) {
			w.t.Errorf("got %v, want rejected", err)
		}
		w.wantStored(false)
	})
	vaulted(t, "S3 an unavailable login keeps what was stored", connectortest.Config{}, func(w *world, _ *vault) {
		w.login()
		w.restart()
		w.script(connectortest.RefuseLogins(4, 503))
		if err := w.session.Login(context.Background(), ann); !errors.Is(err, authhttp.ErrUnavailable) {
			w.t.Errorf("got %v, want unavailable", err)
		}
		w.wantStored(true)
		w.resume()
	}, threeRetries)
	vaulted(t, "F12 a refresh that meets no network keeps what was stored", connectortest.Config{}, func(w *world, _ *vault) {
		w.login()
		before := w.stored("")
		w.network.Refuse(true)
		w.network.Drop()
		time.Sleep(10 * time.Minute)
		if s := w.session.Status(); !s.LoggedIn || w.stored("") != before {
			w.t.Errorf("got %+v, want logged in and the store as it was", s)
		}
		w.restart()
		w.network.Refuse(false)
		w.resume()
	})
	vaulted(t, "T5 a rejected refresh drops what was stored", connectortest.Config{}, func(w *world, _ *vault) {
		w.login()
		w.script(connectortest.RevokeAll())
		w.until("session", "loggedOut")
		w.wantStored(false)
	})
}
