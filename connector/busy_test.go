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
	"github.com/custom-app/interlock/transitions"
)

// inFlight are commands that are under way when another one is given.
var inFlight = []struct {
	name  string
	begin func(s *stage) <-chan error
	on    func(s *stage) // lets it go on
	ends  error          // when it is let go on
	gone  error          // when it is cancelled
	with  map[string]error
}{
	{
		"Login",
		func(s *stage) <-chan error {
			s.script(connectortest.HoldLogins(1))
			return begun(seconds["Login"](s.session))
		},
		func(*stage) {}, nil, connector.ErrLoggedOut, whileAuthenticating,
	},
	{
		"Resume",
		func(s *stage) <-chan error {
			s.setAside()
			s.script(connectortest.HoldMe(1))
			return begun(s.session.Resume)
		},
		func(*stage) {}, nil, connector.ErrLoggedOut, whileAuthenticating,
	},
	{
		"Adopt",
		func(s *stage) <-chan error {
			s.shut.Store(true)
			return begun(seconds["Adopt"](s.session))
		},
		func(*stage) {}, connector.ErrGate, connector.ErrLoggedOut, whileAuthenticating,
	},
	{
		"Require",
		func(s *stage) <-chan error {
			s.setAside()
			s.script(connectortest.HoldMe(1))
			return begun(seconds["Require"](s.session))
		},
		func(*stage) {}, nil, connector.ErrNotLoggedIn, whileAuthenticating,
	},
	{
		"LoginAs",
		func(s *stage) <-chan error {
			s.login()
			return s.beginAs(bobID)
		},
		func(s *stage) { close(s.as.release) }, nil, connector.ErrLoggedOut,
		map[string]error{"Login": connector.ErrLoggedIn, "Resume": connector.ErrLoggedIn, "Adopt": connector.ErrLoggedIn, "LoginAs": connector.ErrBusy},
	},
	{
		"Logout",
		func(s *stage) <-chan error {
			s.login()
			s.script(connectortest.HoldLogouts(1))
			return begun(s.session.Logout)
		},
		func(*stage) {}, nil, nil, whileLeaving,
	},
	{
		"Close",
		func(s *stage) <-chan error {
			s.login()
			s.swamp.on.Store(true)
			return begun(s.session.Close)
		},
		func(s *stage) { s.swamp.on.Store(false) }, nil, nil, whileLeaving,
	},
	{
		"Open",
		func(s *stage) <-chan error {
			s.script(connectortest.HoldPublicUpgrades(1))
			return begun(seconds["Open"](s.session))
		},
		func(*stage) {}, nil, nil,
		map[string]error{"Resume": authhttp.ErrNothingStored, "LoginAs": connector.ErrNotLoggedIn, "Require": connector.ErrNotLoggedIn},
	},
}

var (
	whileAuthenticating = map[string]error{
		"Login": connector.ErrBusy, "Resume": connector.ErrBusy, "Adopt": connector.ErrBusy, "LoginAs": connector.ErrBusy,
	}
	whileLeaving = map[string]error{
		"Login": connector.ErrBusy, "Resume": connector.ErrBusy, "Adopt": connector.ErrBusy, "LoginAs": connector.ErrBusy,
		"Open": connector.ErrBusy, "Require": connector.ErrBusy,
	}
)

// seconds are the commands that are given while one is in flight.
var seconds = map[string]func(*session) func(context.Context) error{
	"Login": func(s *session) func(context.Context) error {
		return func(ctx context.Context) error { return s.Login(ctx, ann) }
	},
	"Resume": func(s *session) func(context.Context) error { return s.Resume },
	"Adopt": func(s *session) func(context.Context) error {
		return func(ctx context.Context) error {
			return s.Adopt(connector.WithoutSockets(ctx), authhttp.Grant[user]{User: user{9, "eve"}})
		}
	},
	"LoginAs": func(s *session) func(context.Context) error {
		return func(ctx context.Context) error { return s.LoginAs(ctx, bobID) }
	},
	"Logout": func(s *session) func(context.Context) error { return s.Logout },
	"Close":  func(s *session) func(context.Context) error { return s.Close },
	"Open": func(s *session) func(context.Context) error {
		return func(context.Context) error { return s.Open() }
	},
	"Require": func(s *session) func(context.Context) error {
		return func(ctx context.Context) error { return s.Require(ctx, connector.RequireLogin) }
	},
}

// asked counts the requests that commands other than a logout make.
func asked(c connectortest.Counts) [4]int { return [4]int{c.Logins, c.Mes, c.LoginAs, c.Refreshes} }

func TestPairs(t *testing.T) {
	for _, first := range inFlight {
		for name, second := range seconds {
			bubbles(t, "S8 "+name+" during "+first.name, func(t *testing.T, engine change) {
				s := newStage(t, twoSockets, engine)
				defer s.end()
				defer s.unwind()
				defer s.heal()
				one := first.begin(s)
				synctest.Wait()
				before, outcomes := s.backend.Counts(), s.session.Outcomes(0)
				start := time.Now()
				two := begun(second(s.session))
				after := s.backend.Counts()
				if first.name != "Open" && asked(after) != asked(before) {
					t.Errorf("got %+v, was %+v: want no second request", after, before)
				}
				want, refused := first.with[name]
				ends := first.ends
				if name == "Logout" || name == "Close" {
					ends = first.gone
				}
				if refused {
					err := <-two
					if !errors.Is(err, want) || time.Since(start) != 0 {
						t.Errorf("%s: got %v after %v, want %v at once", name, err, time.Since(start), want)
					}
					var outcome *connector.LoginError
					if first.name != "Open" && errors.As(err, &outcome) {
						t.Errorf("%s: got %v, want a refusal that says nothing of a login", name, err)
					}
				}
				first.on(s)
				if err := <-one; !errors.Is(err, ends) {
					t.Errorf("%s: got %v, want %v", first.name, err, ends)
				}
				if !refused {
					wantSecond(t, name, first.name, <-two)
				}
				if took := time.Since(start); took > time.Minute {
					t.Errorf("got both ended after %v", took)
				}
				synctest.Wait()
				if got := s.backend.Counts(); got.Logouts > 1 || got.PublicUpgrades > 3 {
					t.Errorf("got %+v, want at most one logout", got)
				}
				if got := published(outcomes); len(got) > 1 {
					t.Errorf("got %+v, want at most one outcome", got)
				}
			})
		}
	}
}

// wantSecond checks the end of a command that was not refused.
func wantSecond(t *testing.T, name, first string, err error) {
	t.Helper()
	switch {
	case name == "Require" && first == "Adopt":
		if !errors.Is(err, connector.ErrNotLoggedIn) {
			t.Errorf("%s: got %v, want not logged in", name, err)
		}
	case err != nil:
		t.Errorf("%s: got %v, want nil", name, err)
	}
}

func TestRequireShares(t *testing.T) {
	engines(t, "S8 many who require share one resume", longLived, func(w *world) {
		defer w.unwind()
		w.setAside()
		w.script(connectortest.HoldMe(1))
		before := w.backend.Counts().Mes
		outcomes := w.session.Outcomes(0)
		var waiting []<-chan error
		for range 10 {
			waiting = append(waiting, begun(func(ctx context.Context) error { return w.session.Require(ctx, connector.RequireReady) }))
		}
		if got := w.backend.Counts().Mes - before; got != 1 {
			w.t.Errorf("got %d requests, want 1", got)
		}
		for i, one := range waiting {
			if err := <-one; err != nil {
				w.t.Errorf("%d: got %v", i, err)
			}
		}
		if got := published(outcomes); len(got) != 1 || got[0].Name() != connector.ResumeReady {
			w.t.Errorf("got %+v, want one resume", got)
		}
	}, memory)
}

func TestTwoLoginsAs(t *testing.T) {
	engines(t, "S8 a login as another while the sockets change hands", longLived, func(w *world) {
		defer w.unwind()
		w.login()
		w.script(connectortest.HoldUpgrades(1))
		if err := w.session.LoginAs(connector.WithoutSockets(context.Background()), bobID); err != nil {
			w.t.Fatal(err)
		}
		w.as(carolID) // the sockets of bob were still opening
		w.wantUsers("ann", "bob", "carol")
		w.wantWorking(carolID)
		w.logout()
		w.wantUsers("ann", "bob")
		w.wantWorking(bobID)
	})

	bubbles(t, "S8 a login as yet another before the sockets have closed", func(t *testing.T, engine change) {
		p := &reticent{}
		w := peerWorld(t, engine, p.serve)
		defer w.end()
		defer w.unwind()
		w.login()
		start := time.Now()
		for i, id := range []int{bobID, carolID} {
			if err := w.session.LoginAs(connector.WithoutSockets(context.Background()), id); err != nil {
				t.Fatal(err)
			}
			if s := w.session.Status(); s.Session != transitions.SessionSwitching || s.Depth != i+1 || time.Since(start) != 0 {
				t.Errorf("got %+v after %v, want switching at once", s, time.Since(start))
			}
		}
		w.wantUsers("ann", "bob", "carol")
		w.wantWorking(carolID)
		if got := time.Since(start); got != 5*time.Second {
			t.Errorf("got ready after %v, want 5s for the one close frame that is not answered", got)
		}
		w.logout()
		w.wantUsers("ann", "bob")
		w.wantWorking(bobID)
	})

	engines(t, "S8 ten logins as another at once are one", longLived, func(w *world) {
		defer w.unwind()
		w.login()
		w.script(connectortest.HoldLoginAs(1))
		first := w.beginAs(bobID)
		for range 9 {
			if err := <-w.beginAs(carolID); !errors.Is(err, connector.ErrBusy) {
				w.t.Errorf("got %v, want busy", err)
			}
		}
		if got := w.backend.Counts().LoginAs; got != 1 {
			w.t.Errorf("got %d requests, want 1", got)
		}
		if err := <-first; err != nil {
			w.t.Error(err)
		}
		w.wantUsers("ann", "bob")
	})
}
