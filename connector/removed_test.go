package connector_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

// extra is a socket to be added.
func (w *world) extra() connector.SocketConfig[user, request, response] {
	s := menuSocket(w.backend.WebSocketURL())
	s.ID = "extra"
	return s
}

// addExtra adds a socket and waits until it is ready.
func (w *world) addExtra() *connector.Socket[request, response] {
	w.t.Helper()
	if _, err := w.session.Add(w.extra()); err != nil {
		w.t.Fatal(err)
	}
	if err := w.session.Require(context.Background(), connector.RequireReady); err != nil {
		w.t.Fatal(err)
	}
	added, err := connector.On[request, response](w.session, "extra")
	if err != nil {
		w.t.Fatal(err)
	}
	return added
}

// journalHook is a journal that calls something when it is written to.
type journalHook func(line string)

func (h journalHook) Write(line []byte) (int, error) {
	h(string(line))
	return len(line), nil
}

// TestWhileRemoved gives commands in the moment in which a socket is removed, and the
// session has not been told yet.
func TestWhileRemoved(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(*world, *connector.Socket[request, response]) error
		want error
	}{
		{"Open", func(_ *world, s *connector.Socket[request, response]) error { return s.Open() }, connector.ErrSocketClosed},
		{"Close", func(_ *world, s *connector.Socket[request, response]) error { return s.Close(context.Background()) }, nil},
		{"Request", func(_ *world, s *connector.Socket[request, response]) error {
			_, err := s.Request(context.Background(), request{Echo: &echo{"x"}})
			return err
		}, connector.ErrSocketClosed},
		{"Subscribe", func(w *world, s *connector.Socket[request, response]) error {
			_, err := connector.Subscribe(context.Background(), s, connector.Subscription[user, request, response]{Join: w.extra().Subscribe[0]})
			return err
		}, connector.ErrSocketClosed},
		{"Remove", func(w *world, _ *connector.Socket[request, response]) error {
			err := w.session.Remove(context.Background(), "extra")
			if _, none := w.session.Socket("extra"); none == nil {
				w.t.Error("got the socket after it was removed")
			}
			return err
		}, nil},
		{"Add", func(w *world, _ *connector.Socket[request, response]) error {
			_, err := w.session.Add(w.extra())
			return err
		}, nil},
	} {
		var during atomic.Pointer[func()]
		engines(t, "K1 K8 "+c.name+" while the socket is removed", connectortest.Config{}, func(w *world) {
			w.login()
			added, done := w.addExtra(), make(chan error, 1)
			during.Store(new(func() { go func() { done <- c.do(w, added) }() }))
			if err := w.session.Remove(context.Background(), "extra"); err != nil {
				w.t.Fatal(err)
			}
			select {
			case err := <-done:
				if !errors.Is(err, c.want) {
					w.t.Errorf("got %v, want %v", err, c.want)
				}
			case <-time.After(time.Hour):
				w.t.Error("got no answer in an hour")
			}
		}, func(config *connector.Config[credentials, user]) {
			config.Journal = journalHook(func(line string) {
				if !strings.Contains(line, "emoveRequested") {
					return
				}
				if f := during.Swap(nil); f != nil {
					(*f)()
					time.Sleep(time.Millisecond) // as a journal on a disk takes
				}
			})
		})
	}
}

func TestRemovedForGood(t *testing.T) {
	engines(t, "K1 the streams of a removed socket end", connectortest.Config{}, func(w *world) {
		w.login()
		added := w.addExtra()
		messages, all, readies, faults := added.Messages(0), added.All(0), added.Readies(0), added.Errors(0)
		if err := w.session.Remove(context.Background(), "extra"); err != nil {
			w.t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		for range messages.All(ctx) {
		}
		for range all.All(ctx) {
		}
		for range readies.All(ctx) {
		}
		for range faults.All(ctx) {
		}
		if _, ok := added.Messages(0).Next(ctx); ok || ctx.Err() != nil {
			w.t.Errorf("got a message: %v, %v, want every stream ended", ok, ctx.Err())
		}
	})
	engines(t, "K1 Remove whose context ends goes on by itself", connectortest.Config{}, func(w *world) {
		w.login()
		w.addExtra()
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := w.session.Remove(ctx, "extra"); !errors.Is(err, context.Canceled) && err != nil {
			w.t.Errorf("got %v", err)
		}
		time.Sleep(time.Minute)
		if got := w.session.Status().Sockets; len(got) != 1 {
			w.t.Errorf("got %+v, want the declared socket alone", got)
		}
	})
}

// TestNothingAfterTheCut holds a message back in the reader until its user is another.
func TestNothingAfterTheCut(t *testing.T) {
	var holds atomic.Bool
	var held, release chan struct{}
	engines(t, "S6 K8 a message of a connection that is cut reaches nobody", connectortest.Config{}, func(w *world) {
		held, release = make(chan struct{}, 1), make(chan struct{})
		messages := w.menu.Messages(0)
		defer messages.Close()
		w.login()
		holds.Store(true)
		w.script(connectortest.SaySockets(`{"push":{"news":{"text":"for ann"}}}`))
		<-held
		holds.Store(false)
		w.logout()
		w.login()
		close(release)
		synctest.Wait()
		messages.Close()
		for m := range messages.All(context.Background()) {
			if m.ID == 0 && m.Push != nil && m.Push.Categories == nil {
				w.t.Errorf("got %+v, want nothing of the connection before", m)
			}
		}
	}, socket(func(s *socketConfig) {
		get := s.GetID
		s.GetID = func(r response) (uint64, bool) {
			if holds.Load() && r.Push != nil {
				held <- struct{}{}
				<-release
			}
			return get(r)
		}
	}))
}

func TestFarAway(t *testing.T) {
	engines(t, "K5 the longest wait that a server can ask for is a wait", connectortest.Config{}, func(w *world) {
		w.script(connectortest.RefuseUpgrades(100, 503).RetryAfter(1 << 62))
		w.loginOnly()
		time.Sleep(24 * time.Hour)
		if got := w.backend.Counts().Upgrades; got != 1 || w.session.Status().Sockets[0].State != transitions.SocketBusyWaiting {
			w.t.Errorf("got %d attempts in a day, %+v, want one", got, w.session.Status().Sockets[0])
		}
	})
	engines(t, "R2 an answer may be waited for more than once", connectortest.Config{}, func(w *world) {
		w.login()
		pending, err := w.menu.Submit(request{Echo: &echo{"x"}})
		if err != nil {
			w.t.Fatal(err)
		}
		for range 2 {
			if got, err := pending.Wait(context.Background()); err != nil || got.Echo == nil {
				w.t.Errorf("got %+v, %v, want the answer", got, err)
			}
		}
	})
}
