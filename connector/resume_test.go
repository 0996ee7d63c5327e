package connector_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

// vault is a store whose operations are counted, and may first do something else.
type vault struct {
	authhttp.Store
	loads, saves, drops atomic.Int32
	load, save, drop    hook
}

// hook is what is done before an operation; it may be set while others run.
type hook struct {
	f atomic.Pointer[func(context.Context) error]
}

func (h *hook) set(f func(context.Context) error) { h.f.Store(&f) }

func (h *hook) clear() { h.f.Store(nil) }

func (h *hook) run(ctx context.Context) error {
	if f := h.f.Load(); f != nil {
		return (*f)(ctx)
	}
	return nil
}

func (v *vault) Load(ctx context.Context, account string) (authhttp.Secret, error) {
	v.loads.Add(1)
	if err := v.load.run(ctx); err != nil {
		return "", err
	}
	return v.Store.Load(ctx, account)
}

// Save goes on when its context has ended, as a call that cannot be cancelled does.
func (v *vault) Save(ctx context.Context, account string, content authhttp.Secret) error {
	v.saves.Add(1)
	if err := v.save.run(ctx); err != nil {
		return err
	}
	return v.Store.Save(context.WithoutCancel(ctx), account, content)
}

// Drop goes on when its context has ended, too.
func (v *vault) Drop(ctx context.Context, account string) error {
	v.drops.Add(1)
	if err := v.drop.run(ctx); err != nil {
		return err
	}
	return v.Store.Drop(context.WithoutCancel(ctx), account)
}

// keptIn puts the tokens of a world into a store.
func keptIn(store authhttp.Store) change { return func(c *config) { c.Store = store } }

// vaulted runs a test in virtual time under both engines, with a store in memory.
func vaulted(t *testing.T, name string, backend connectortest.Config, test func(w *world, v *vault), changes ...change) {
	t.Helper()
	bubbles(t, name, func(t *testing.T, engine change) {
		v := &vault{Store: &authhttp.MemoryStore{}}
		w := newWorld(t, backend, append(slices.Clone(changes), engine, keptIn(v))...)
		defer w.end()
		test(w, v)
	})
}

// restart closes the session and begins one of a new client, as a program does
// that ends and is started again.
func (w *world) restart(changes ...change) {
	w.t.Helper()
	if err := w.session.Close(context.Background()); err != nil {
		w.t.Fatalf("close: %v", err)
	}
	w.changes.Close()
	for _, change := range changes {
		change(&w.config)
	}
	client, err := connector.New(w.config)
	if err != nil {
		w.t.Fatal(err)
	}
	w.session = client.NewSession()
	w.changes = w.session.Changes(0)
	if len(w.config.Sockets) > 0 {
		if w.menu, err = connector.On[request, response](w.session, "menu"); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) resume() {
	w.t.Helper()
	if err := w.session.Resume(context.Background()); err != nil {
		w.t.Fatalf("resume: %v\n%s", err, w.history())
	}
}

// counted returns how often the backend was asked while f ran.
func (w *world) counted(f func()) connectortest.Counts {
	before := w.backend.Counts()
	f()
	after := w.backend.Counts()
	after.Logins -= before.Logins
	after.LoginAs -= before.LoginAs
	after.Refreshes -= before.Refreshes
	after.Logouts -= before.Logouts
	after.Mes -= before.Mes
	after.Upgrades -= before.Upgrades
	return after
}

// wantStored checks whether anything is stored once all that was asked is done.
func (w *world) wantStored(want bool) {
	w.t.Helper()
	synctest.Wait()
	_, err := w.config.Store.Load(context.Background(), "")
	if want && err != nil || !want && !errors.Is(err, authhttp.ErrNothingStored) {
		w.t.Errorf("got %v from the store, want something stored: %v", err, want)
	}
}

// wantNotResumed checks the outcome of a resume that has failed.
func (w *world) wantNotResumed(err error, causes ...error) {
	w.t.Helper()
	var outcome *connector.LoginError
	if !errors.As(err, &outcome) || outcome.LoggedIn || outcome.Command != transitions.CommandResume {
		w.t.Errorf("got %v, want a LoginError of a resume, not logged in", err)
		return
	}
	for _, cause := range causes {
		if !errors.Is(err, cause) {
			w.t.Errorf("got %v, want %v", err, cause)
		}
	}
	if s := w.session.Status(); s.Session != transitions.SessionLoggedOut || s.Login != transitions.LoginIdle || s.Token != transitions.TokenAbsent {
		w.t.Errorf("got %v, %v and %v, want a session at rest", s.Session, s.Login, s.Token)
	}
	if who, ok := w.session.User(); ok {
		w.t.Errorf("got user %v, want none", who)
	}
}

// shelves are the stores that this module brings.
var shelves = []struct {
	name string
	make func(t *testing.T) authhttp.Store
}{
	{"in memory", func(*testing.T) authhttp.Store { return &authhttp.MemoryStore{} }},
	{"in a file", func(t *testing.T) authhttp.Store { return authhttp.FileStore{Dir: t.TempDir()} }},
}

func TestResume(t *testing.T) {
	for _, c := range []struct {
		name               string
		away               time.Duration
		arrange            []connectortest.Fault
		mes, refreshes     int
		atLeast, notLonger time.Duration
	}{
		{name: "S4 fresh tokens are used as they are", away: 10 * time.Second, mes: 1},
		{name: "S4 tokens close to their end are refreshed first", away: 45 * time.Second, mes: 1, refreshes: 1},
		{name: "S4 tokens past their life are refreshed first", away: time.Hour, mes: 1, refreshes: 1},
		{name: "S4 T6 one 401 costs a refresh", away: time.Second, arrange: []connectortest.Fault{connectortest.RefuseMe(1, 401)}, mes: 2, refreshes: 1},
		{name: "S4 T6 one 403 costs a refresh", away: time.Second, arrange: []connectortest.Fault{connectortest.RefuseMe(1, 403)}, mes: 2, refreshes: 1},
		{name: "S4 T6 access tokens that the server has forgotten are refreshed", away: time.Second, arrange: []connectortest.Fault{connectortest.ExpireTokens()}, mes: 2, refreshes: 1},
		{name: "S4 503 three times", away: time.Second, arrange: []connectortest.Fault{connectortest.RefuseMe(3, 503)}, mes: 4, atLeast: 900 * time.Millisecond, notLonger: 3600 * time.Millisecond},
		{name: "S4 Retry-After is honoured", away: time.Second, arrange: []connectortest.Fault{connectortest.RefuseMe(1, 503).RetryAfter(7 * time.Second)}, mes: 2, atLeast: 7 * time.Second, notLonger: 7 * time.Second},
		{name: "S4 no answer", away: time.Second, arrange: []connectortest.Fault{connectortest.HoldMe(1)}, mes: 2, atLeast: 15100 * time.Millisecond, notLonger: 15500 * time.Millisecond},
		{name: "S4 F12 a refresh without a verdict is tried again", away: time.Hour, arrange: []connectortest.Fault{connectortest.RefuseRefreshes(2, 503)}, mes: 1, refreshes: 3, atLeast: 200 * time.Millisecond, notLonger: 10 * time.Second},
	} {
		for _, shelf := range shelves {
			bubbles(t, c.name+", "+shelf.name, func(t *testing.T, engine change) {
				w := newWorld(t, connectortest.Config{}, engine, keptIn(shelf.make(t)))
				defer w.end()
				w.login()
				w.restart()
				time.Sleep(c.away)
				w.script(c.arrange...)
				start := time.Now()
				var took time.Duration
				got := w.counted(func() { w.resume(); took = time.Since(start) })
				if got.Mes != c.mes || got.Refreshes != c.refreshes || got.Logins != 0 || got.Upgrades != 1 {
					t.Errorf("got %+v, want %d questions, %d refreshes and one socket", got, c.mes, c.refreshes)
				}
				if took < c.atLeast || took > c.notLonger {
					t.Errorf("got resumed after %v, want %v to %v", took, c.atLeast, c.notLonger)
				}
				if who, ok := w.session.User(); !ok || who != (user{1, "ann"}) {
					t.Errorf("got user %v, %v, want 1 ann", who, ok)
				}
				if s := w.session.Status(); !s.Ready || !s.Master {
					t.Errorf("got %+v, want ready", s)
				}
				if status := w.me(w.token().Access.Reveal()); status != 200 {
					t.Errorf("got %d for the session's token, want 200", status)
				}
				w.restart() // what was rotated meanwhile is stored
				w.resume()
			})
		}
	}
}

func TestResumeFails(t *testing.T) {
	vaulted(t, "S4 a token past its life that cannot be refreshed", connectortest.Config{NoRefresh: true}, func(w *world, _ *vault) {
		w.login()
		w.restart()
		time.Sleep(2 * time.Minute)
		got := w.counted(func() { w.wantNotResumed(w.session.Resume(context.Background()), authhttp.ErrNoToken) })
		if got.Mes != 0 || got.Refreshes != 0 {
			w.t.Errorf("got %+v, want no request with a dead token", got)
		}
		w.wantStored(false)
	})
	for _, away := range []time.Duration{time.Second, time.Hour} {
		vaulted(t, "S4 everything revoked "+away.String()+" ago", connectortest.Config{}, func(w *world, _ *vault) {
			w.login()
			w.restart()
			w.script(connectortest.RevokeAll())
			time.Sleep(away)
			got := w.counted(func() {
				w.wantNotResumed(w.session.Resume(context.Background()), authhttp.ErrNoToken, authhttp.ErrRejected)
			})
			if got.Refreshes != 1 || got.Mes > 1 || got.Upgrades != 0 || got.Logouts != 0 {
				w.t.Errorf("got %+v, want one refresh, forced by one refusal at most, and nothing else", got)
			}
			w.wantStored(false)
			w.login()
		})
	}
	vaulted(t, "S4 a question refused for good although the refresh works", connectortest.Config{}, func(w *world, _ *vault) {
		w.login()
		w.restart()
		w.script(connectortest.RefuseMe(2, 401))
		got := w.counted(func() { w.wantNotResumed(w.session.Resume(context.Background()), authhttp.ErrTokenRefused) })
		if got.Mes != 2 || got.Refreshes != 1 {
			w.t.Errorf("got %+v, want one forced refresh and one more question", got)
		}
	})
	for _, away := range []time.Duration{time.Second, time.Hour} {
		vaulted(t, "S4 F12 no network, tokens "+away.String()+" old", connectortest.Config{}, func(w *world, _ *vault) {
			w.login()
			w.restart()
			time.Sleep(away)
			w.network.Refuse(true)
			w.network.Drop()
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			start := time.Now()
			w.wantNotResumed(w.session.Resume(ctx), context.DeadlineExceeded)
			if took := time.Since(start); took != 20*time.Second {
				w.t.Errorf("got the outcome after %v, want 20s", took)
			}
			w.wantStored(true)
			w.network.Refuse(false)
			w.resume()
		})
	}
	vaulted(t, "S4 a backoff that stops ends the resume as unavailable", connectortest.Config{}, func(w *world, _ *vault) {
		w.login()
		w.restart()
		w.script(connectortest.RefuseMe(4, 503))
		err := w.session.Resume(context.Background())
		w.wantNotResumed(err, authhttp.ErrUnavailable)
		if errors.Is(err, authhttp.ErrRejected) {
			w.t.Errorf("got %v, want no verdict", err)
		}
		w.wantStored(true)
		w.resume()
	}, threeRetries)
	vaulted(t, "S4 nothing stored", connectortest.Config{}, func(w *world, v *vault) {
		got := w.counted(func() { w.wantNotResumed(w.session.Resume(context.Background()), authhttp.ErrNothingStored) })
		if got != (connectortest.Counts{}) || v.loads.Load() != 1 {
			w.t.Errorf("got %+v and %d loads, want the store asked once and the server never", got, v.loads.Load())
		}
		w.login()
	})
	engines(t, "S4 no store", connectortest.Config{}, func(w *world) {
		w.wantNotResumed(w.session.Resume(context.Background()), authhttp.ErrNothingStored)
		w.login()
	})
	for name, content := range map[string]authhttp.Secret{
		"text that is not JSON": "nonsense",
		"half a text":           authhttp.Stored{Pair: authhttp.Pair{Access: "a"}}.Encode("")[:40],
		"another account's":     authhttp.Stored{Pair: authhttp.Pair{Access: "a"}}.Encode("other"),
		"no access token":       authhttp.Stored{Pair: authhttp.Pair{Refresh: "r"}}.Encode(""),
	} {
		vaulted(t, "S4 stored is "+name, connectortest.Config{}, func(w *world, v *vault) {
			if err := v.Store.Save(context.Background(), "", content); err != nil {
				w.t.Fatal(err)
			}
			errs := w.session.Errors(0)
			got := w.counted(func() { w.wantNotResumed(w.session.Resume(context.Background()), authhttp.ErrUnusable) })
			if got != (connectortest.Counts{}) {
				w.t.Errorf("got %+v, want no request", got)
			}
			w.wantStored(false)
			wantFaults(w.t, errs, "store: load: ")
			w.login()
			w.wantStored(true)
		})
	}
	vaulted(t, "S4 a store that cannot be read keeps what it has", connectortest.Config{}, func(w *world, v *vault) {
		w.login()
		w.restart()
		errs := w.session.Errors(0)
		broken := errors.New("the disk is gone")
		v.load.set(func(context.Context) error { return broken })
		w.wantNotResumed(w.session.Resume(context.Background()), broken)
		wantFaults(w.t, errs, "store: load: the disk is gone")
		v.load.clear()
		w.wantStored(true)
		w.resume()
	})
	vaulted(t, "S4 a store that does not answer", connectortest.Config{}, func(w *world, v *vault) {
		w.login()
		w.restart()
		release := make(chan struct{})
		v.load.set(func(context.Context) error { <-release; return nil })
		start := time.Now()
		w.wantNotResumed(w.session.Resume(context.Background()), authhttp.ErrUnavailable)
		if took := time.Since(start); took != 5*time.Second {
			w.t.Errorf("got the outcome after %v, want StoreTimeout, 5s", took)
		}
		close(release)
		v.load.clear()
		w.wantStored(true)
		w.resume()
	})
}
