package connector_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

// add adds a socket, which must be taken.
func (w *world) add(id string, edits ...func(*socketConfig)) *connector.Handle {
	w.t.Helper()
	h, err := w.session.Add(link(id, edits...))
	if err != nil || h.ID() != id {
		w.t.Fatalf("add %s: got %v, %v", id, h, err)
	}
	return h
}

// wantRemoved removes a socket, and checks that it is gone at once.
func (w *world) wantRemoved(h *connector.Handle) {
	w.t.Helper()
	start := time.Now()
	err := w.session.Remove(context.Background(), h.ID())
	if took := time.Since(start); err != nil || took > 5*time.Second {
		w.t.Errorf("remove %s: got %v after %v, want within 5s", h.ID(), err, took)
	}
	w.wantNone("removed", h.ID())
	if got := h.Status(); got.State != transitions.SocketRemoved || got.ID != h.ID() {
		w.t.Errorf("got %+v of a removed socket", got)
	}
	if err := h.Open(); !errors.Is(err, connector.ErrSocketClosed) {
		w.t.Errorf("got %v when a removed socket is opened, want closed", err)
	}
	if err := h.Close(context.Background()); err != nil {
		w.t.Errorf("got %v when a removed socket is closed", err)
	}
}

func TestAdd(t *testing.T) {
	engines(t, "K1 a socket is added for who is logged in", longLived, func(w *world) {
		for range 2 {
			if h, err := w.session.Add(link("a")); !errors.Is(err, connector.ErrNotLoggedIn) || h != nil {
				w.t.Errorf("got %v, %v before login, want nobody logged in", h, err)
			}
			w.wantNone("before login", "a")
		}
		w.login()
		w.soFar()
		h := w.add("a")
		w.wantAnswer("at once", "a")
		w.wantReady("added")
		w.wantSockets("added", subscribed, subscribed)
		if got := passed(w.soFar(), transitions.SessionKind, ""); !slices.Equal(got, []string{"socketOpening", "socketAuthed", "subscribed"}) {
			w.t.Errorf("got states %v, want the session to follow", got)
		}
		if got := h.Status(); got.Readies != 1 {
			w.t.Errorf("got %+v", got)
		}
		w.script(connectortest.DropSockets())
		w.until("session", "subscribed")
		w.wantAnswer("after a drop", "a")
		w.wantRemoved(h)
		w.wantSockets("removed", subscribed)
		if got := w.backend.Counts().OpenSockets; got != 1 {
			w.t.Errorf("got %d sockets open at the backend, want 1", got)
		}
		again := w.add("a")
		w.wantAnswer("added again", "a")
		if again == h || h.Status().State != transitions.SocketRemoved {
			w.t.Errorf("got the old handle %v", h.Status())
		}
	})

	for _, c := range []struct {
		name string
		s    anySocket
		want string
	}{
		{"nil", nil, "is nil"},
		{"without an id", link(""), "ID: is required"},
		{"without an address", link("a", func(s *socketConfig) { s.URL = "x" }), "URL: "},
		{"early", link("a", func(s *socketConfig) { s.Early = true }), "Early: "},
		{"of a declared socket's id", link("menu"), "menu: ID: is taken"},
		{"of a later group's id", link("later"), "later: ID: is taken"},
		{"of a computed socket's id", link("computed"), "computed: ID: is taken"},
		{"of an added socket's id", link("added"), "added: ID: is taken"},
	} {
		engines(t, "K1 add what cannot be added: "+c.name, longLived, func(w *world) {
			w.login()
			w.add("added")
			w.wantReady("added")
			before := w.session.Status()
			h, err := w.session.Add(c.s)
			if err == nil || h != nil || !strings.HasPrefix(err.Error(), "interlock: add: ") || !strings.Contains(err.Error(), c.want) {
				w.t.Errorf("got %v, %v, want %q", h, err, c.want)
			}
			if got := w.session.Status(); !slices.Equal(got.Sockets, before.Sockets) || got.Session != before.Session {
				w.t.Errorf("got %+v, was %+v", got, before)
			}
		}, chained(socketGroup{Sockets: []anySocket{link("later")}, Make: func(context.Context, groupSoFar) ([]anySocket, error) {
			return []anySocket{link("computed")}, nil
		}}))
	}

	m := &maker{}
	engines(t, "K1 S9 a login waits for what is added on its way, and so does the chain", longLived, func(w *world) {
		m.now(func(context.Context) ([]anySocket, error) {
			w.add("during the chain")
			if got := w.handle("during the chain").Status().State; got == subscribed {
				w.t.Errorf("got ready at once")
			}
			return []anySocket{link("computed")}, nil
		})
		w.network.Latency(time.Second)
		login := w.begin()
		w.until("session", "socketOpening")
		w.add("during the login", func(s *socketConfig) { s.Subscribe = append(s.Subscribe, sub("news")) })
		w.add("late", func(s *socketConfig) { s.URL = "ws://127.0.0.1:9/" }) // nobody listens there
		time.Sleep(time.Minute)
		if len(login) != 0 || m.times() != 0 {
			w.t.Errorf("got the login ended: %d, the next group asked for %d times; want to wait for the socket", len(login), m.times())
		}
		w.wantRemoved(w.handle("late"))
		if err := ended(login); err != nil {
			w.t.Errorf("login: %v", err)
		}
		w.wantSockets("at last", subscribed, subscribed, subscribed, subscribed)
	}, m.put)

	for _, l := range append(slices.Clone(leaves), struct {
		name string
		do   func(*session, context.Context) error
	}{"LoginAs", func(s *session, ctx context.Context) error { return s.LoginAs(ctx, bobID) }}) {
		engines(t, "K1 what was added ends with the login: "+l.name, longLived, func(w *world) {
			defer w.unwind()
			w.login()
			h := w.add("a")
			w.wantReady("added")
			w.script(connectortest.HoldRequests(1))
			s, _ := connector.On[request, response](w.session, "a")
			sent := begun(func(ctx context.Context) error { _, err := s.Request(ctx, request{Echo: &echo{"hi"}}); return err })
			if err := l.do(w.session, context.Background()); err != nil {
				w.t.Errorf("got %v", err)
			}
			w.wantNone("afterwards", "a")
			if err := ended(sent); !errors.Is(err, connector.ErrSocketClosed) || h.Status().State != transitions.SocketRemoved {
				w.t.Errorf("got %v for a request, %v, want closed and removed", err, h.Status().State)
			}
			if _, err := s.Request(context.Background(), request{Echo: &echo{"hi"}}); !errors.Is(err, connector.ErrSocketClosed) {
				w.t.Errorf("got %v by the old handle, want closed", err)
			}
			w.unwind()
			w.login()
			w.wantNone("logged in again", "a")
			w.add("a")
			w.wantAnswer("logged in again", "a")
		})
	}

	engines(t, "K1 add while leaving is refused, and leaves nothing", longLived, func(w *world) {
		w.login()
		w.script(connectortest.HoldLogouts(1))
		done := begun(w.session.Logout)
		if h, err := w.session.Add(link("a")); !errors.Is(err, connector.ErrBusy) || h != nil {
			w.t.Errorf("got %v, %v, want busy", h, err)
		}
		w.wantNone("refused", "a")
		_ = ended(done)
	})
}

func TestRemove(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault connectortest.Fault
		state transitions.SocketState
	}{
		{"while dialling", connectortest.HoldUpgrades(1), transitions.SocketOpening},
		{"during auth", connectortest.HoldAuth(1), transitions.SocketAuthenticating},
		{"during subscription", connectortest.HoldSubscriptions(1), transitions.SocketAuthed},
		{"while it waits", connectortest.RefuseUpgrades(1, 502), transitions.SocketWaiting},
		{"while the server is busy", connectortest.RefuseUpgrades(1, 503), transitions.SocketBusyWaiting},
		{"when it has failed", connectortest.RejectAuth(2), transitions.SocketFailed},
		{"when the server is silent", connectortest.Mute(1), transitions.SocketAuthenticating},
	} {
		engines(t, "K1 K8 remove "+c.name, longLived, func(w *world) {
			w.login()
			w.script(c.fault)
			h := w.add("a")
			for began := time.Now(); h.Status().State != c.state; time.Sleep(time.Millisecond) {
				if time.Since(began) > time.Minute {
					w.t.Fatalf("got %v, want %v", h.Status(), c.state)
				}
			}
			s, _ := connector.On[request, response](w.session, "a")
			sent := begun(func(ctx context.Context) error { _, err := s.Request(ctx, request{Echo: &echo{"hi"}}); return err })
			w.wantRemoved(h)
			if err := ended(sent); !errors.Is(err, connector.ErrSocketClosed) {
				w.t.Errorf("got %v for a request, want closed", err)
			}
			w.wantReady("removed")
			before := w.backend.Counts().Upgrades
			time.Sleep(time.Hour)
			if got := w.backend.Counts(); got.Upgrades != before {
				w.t.Errorf("got %+v an hour later, want no attempt", got)
			}
			w.script(connectortest.DropSockets()) // a mute one does not notice that its client has left
		})
	}

	engines(t, "K1 remove what was not added", longLived, func(w *world) {
		for _, when := range []string{"before login", "logged in"} {
			for _, id := range []string{"menu", "later"} {
				if err := w.session.Remove(context.Background(), id); err == nil || !strings.Contains(err.Error(), id+": is declared") {
					w.t.Errorf("%s: got %v, want %s declared", when, err, id)
				}
			}
			if err := w.session.Remove(context.Background(), "none"); err == nil || !strings.Contains(err.Error(), `"none": is not declared`) {
				w.t.Errorf("%s: got %v, want none", when, err)
			}
			if when == "before login" {
				w.login()
			}
			w.wantReady("logged in")
		}
		w.wantSockets("logged in", subscribed, subscribed, subscribed)
		w.wantRemoved(w.handle("computed")) // as one that was added
		w.wantSockets("removed", subscribed, subscribed)
	}, chained(socketGroup{Sockets: []anySocket{link("later")}, Make: func(context.Context, groupSoFar) ([]anySocket, error) {
		return []anySocket{link("computed")}, nil
	}}))

	engines(t, "K1 two who remove one socket, and one who leaves", longLived, func(w *world) {
		w.login()
		w.add("a")
		w.wantReady("added")
		mud.on.Store(true)
		defer mud.on.Store(false)
		remove := func(ctx context.Context) error { return w.session.Remove(ctx, "a") }
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := remove(ctx); !errors.Is(err, context.DeadlineExceeded) {
			w.t.Errorf("got %v, want the deadline", err)
		}
		start := time.Now()
		first, second := begun(remove), begun(remove)
		if err := errors.Join(ended(first), ended(second)); err != nil || time.Since(start) > 4*time.Second {
			w.t.Errorf("got %v after %v, want both removed", err, time.Since(start))
		}
		synctest.Wait() // the one who left may have removed it, and be at it still
		w.wantNone("removed", "a")
	}, mud.under)

	engines(t, "K1 add and remove a thousand times leaves nothing", longLived, func(w *world) {
		w.login()
		time.Sleep(time.Minute)
		synctest.Wait()
		before, conns := len(goroutines()), w.network.OpenConns()
		for i := range 1000 {
			h := w.add(fmt.Sprint("a", i%3))
			switch i % 4 {
			case 0:
				w.wantReady("added")
			case 1:
				synctest.Wait()
			case 2:
				time.Sleep(time.Duration(i) * time.Microsecond)
			}
			w.wantRemoved(h)
		}
		w.wantReady("at last")
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := goroutines(); len(got) > before {
			w.t.Errorf("got %d goroutines, were %d:\n%s", len(got), before, strings.Join(got, "\n\n"))
		}
		if got, open := w.network.OpenConns(), w.backend.Counts().OpenSockets; got > conns || open != 1 {
			w.t.Errorf("got %d connections, %d sockets, were %d and 1", got, open, conns)
		}
		w.wantSockets("at last", subscribed)
	})

	overTCP(t, "K1 many add and remove at once over TCP", longLived, func(w *world) {
		w.login()
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				for range 50 {
					if _, err := w.session.Add(link(fmt.Sprint(i), func(s *socketConfig) { s.URL = w.backend.WebSocketURL() })); err != nil {
						w.t.Errorf("add: %v", err)
						return
					}
					if err := w.session.Remove(context.Background(), fmt.Sprint(i)); err != nil {
						w.t.Errorf("remove: %v", err)
						return
					}
				}
			})
		}
		all.Wait()
		if got := w.session.Status(); len(got.Sockets) != 1 {
			w.t.Errorf("got %+v, want one socket", got)
		}
	})
}
