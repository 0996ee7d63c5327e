package connector_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

type (
	socketGroup = connector.Group[user]
	groupSoFar  = connector.Chain[user]
	anySocket   = connector.AnySocket[user]
)

// link is the world's usual socket under another id.
func link(id string, edits ...func(*socketConfig)) anySocket {
	s := menuSocket("ws://127.0.0.1:80/ws")
	s.ID = id
	for _, edit := range edits {
		edit(&s)
	}
	return s
}

// chained puts groups behind the world's one socket.
func chained(groups ...socketGroup) change {
	return func(c *config) { c.Chain = groups }
}

// making is a group that is computed.
func making(make func(context.Context, groupSoFar) ([]anySocket, error)) socketGroup {
	return socketGroup{Make: make}
}

// declaring is a group that is known beforehand.
func declaring(ids ...string) (g socketGroup) {
	for _, id := range ids {
		g.Sockets = append(g.Sockets, link(id))
	}
	return g
}

// soFar is what has changed and was not looked at yet.
func (w *world) soFar() []connector.Change {
	synctest.Wait()
	over, cancel := context.WithCancel(context.Background())
	cancel()
	return slices.Collect(w.changes.All(over))
}

// passed are the states of one machine among changes; id is a socket's.
func passed(changes []connector.Change, machine transitions.Kind, id string) (states []string) {
	for _, c := range changes {
		if c.Machine == machine && c.ID == id {
			states = append(states, c.To)
		}
	}
	return states
}

// handle returns a socket's handle, which must be there.
func (w *world) handle(id string) *connector.Handle {
	w.t.Helper()
	h, err := w.session.Socket(id)
	if err != nil {
		w.t.Fatal(err)
	}
	return h
}

// wantNone checks that there is no socket of these ids.
func (w *world) wantNone(when string, ids ...string) {
	w.t.Helper()
	for _, id := range ids {
		if h, err := w.session.Socket(id); err == nil || !strings.Contains(err.Error(), id) {
			w.t.Errorf("%s: got %v, %v, want no socket %s", when, h, err, id)
		}
	}
	for _, s := range w.session.Status().Sockets {
		if slices.Contains(ids, s.ID) {
			w.t.Errorf("%s: got %s in the status", when, s.ID)
		}
	}
}

// wantAnswer checks that a socket answers, whichever it is.
func (w *world) wantAnswer(when, id string) {
	w.t.Helper()
	s, err := connector.On[request, response](w.session, id)
	if err != nil {
		w.t.Errorf("%s: %v", when, err)
		return
	}
	res, err := s.Request(context.Background(), request{Echo: &echo{id}})
	if err != nil || res.Echo == nil || res.Echo.Text != id {
		w.t.Errorf("%s: got %+v, %v from %s, want its answer", when, res, err, id)
	}
}

// wantReady checks that every socket is ready, and so the session.
func (w *world) wantReady(when string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	err := w.session.Require(ctx, connector.RequireReady)
	s := w.session.Status()
	if err != nil || s.Session != transitions.SessionSubscribed || !s.Ready || s.Opening || !s.LoggedIn {
		w.t.Fatalf("%s: got %v, %+v, want ready", when, err, s)
	}
}

func TestChainOrder(t *testing.T) {
	var base time.Duration // of a login and one socket
	for _, c := range []struct {
		name   string
		groups []socketGroup
		times  time.Duration
	}{
		{"K1 one socket is the measure", nil, 1},
		{"K1 two sockets of a group take as long as one", []socketGroup{declaring("a", "b")}, 2},
		{"K1 three groups take three times as long", []socketGroup{declaring("a", "b"), declaring("c", "d", "e")}, 3},
		{"K1 a group without sockets takes no time", []socketGroup{{}, declaring("a"), {}}, 2},
	} {
		engines(t, c.name, longLived, func(w *world) {
			w.network.Latency(time.Second)
			start := time.Now()
			w.loginOnly()
			accepted := time.Now()
			w.wantReady("with a slow network")
			took := time.Since(accepted)
			if base == 0 {
				base = took
			}
			if base < 4*time.Second || took != c.times*base {
				w.t.Errorf("got ready %v after the login, want %d times %v", took, c.times, base)
			}
			if time.Since(start) <= took {
				w.t.Errorf("got ready in %v, want the login before the sockets", took)
			}
		}, chained(c.groups...))
	}

	engines(t, "K1 no socket of a group begins before every one of the group before is ready", longLived, func(w *world) {
		w.script(connectortest.RefuseUpgrades(1, 502), connectortest.HoldSubscriptions(1))
		w.login()
		ready := map[string]bool{}
		groups := map[string][]string{"menu": {}, "a": {"menu"}, "b": {"menu"}, "c": {"menu", "a", "b"}}
		began := 0
		for _, c := range w.soFar() {
			if c.Machine != transitions.SocketKind {
				continue
			}
			ready[c.ID] = c.To == "subscribed"
			if c.From != "closed" {
				continue
			}
			began++
			for _, id := range groups[c.ID] {
				if !ready[id] {
					w.t.Errorf("got %s begun while %s was not ready", c.ID, id)
				}
			}
		}
		if began != 4 {
			w.t.Errorf("got %d sockets begun, want each once", began)
		}
	}, chained(declaring("a", "b"), declaring("c")))

	engines(t, "K1 S9 the session's states and flags, and when Login returns", longLived, func(w *world) {
		w.network.Latency(time.Second)
		login := w.begin()
		for i, want := range []string{"authenticating", "socketOpening", "chaining", "socketOpening", "chaining", "socketOpening", "socketAuthed"} {
			c := w.until("session", want)
			if c.From == want {
				w.t.Errorf("got %+v", c)
			}
			s := w.session.Status()
			if i > 0 && (!s.LoggedIn || !s.Opening || s.Ready || s.LoggingIn) {
				w.t.Errorf("in %s, the %d. state: got %+v, want logged in and opening", want, i+1, s)
			}
			if len(login) != 0 {
				w.t.Errorf("in %s, the %d. state: got the login ended with %v, want pending", want, i+1, <-login)
			}
		}
		if err := ended(login); err != nil {
			w.t.Errorf("login: %v", err)
		}
		if s := w.session.Status(); !s.Ready || s.Opening || s.Session != transitions.SessionSubscribed {
			w.t.Errorf("got %+v when the login has ended, want ready", s)
		}
		if got := passed(w.soFar(), transitions.SessionKind, ""); !slices.Equal(got, []string{"subscribed"}) {
			w.t.Errorf("got further states %v, want subscribed", got)
		}
	}, chained(making(func(context.Context, groupSoFar) ([]anySocket, error) {
		time.Sleep(time.Second)
		return []anySocket{link("a")}, nil
	}), declaring("b")))

	engines(t, "K1 S9 a caller who does not wait for sockets does not wait for the chain", longLived, func(w *world) {
		w.loginOnly()
		if s := w.session.Status(); !s.LoggedIn || s.Ready {
			w.t.Errorf("got %+v, want logged in and not ready", s)
		}
		if err := w.session.Require(context.Background(), connector.RequireLogin); err != nil {
			w.t.Errorf("require a login: %v", err)
		}
		w.wantReady("later")
	}, chained(making(func(context.Context, groupSoFar) ([]anySocket, error) { time.Sleep(time.Second); return nil, nil })))
}

func TestChainComputes(t *testing.T) {
	var seen []groupSoFar
	note := func(id string) socketGroup {
		return making(func(_ context.Context, so groupSoFar) ([]anySocket, error) {
			seen = append(seen, so)
			return []anySocket{link(id+" of "+so.User.Name, func(s *socketConfig) {
				s.Header = func(k knowing) http.Header { return http.Header{"X-User": {k.User.Name}} }
				s.Subscribe = []socketStep{sub("news"), sub("room-1")}
			})}, nil
		})
	}
	engines(t, "K1 a group is computed from the user, the token and the answers so far", longLived, func(w *world) {
		seen = nil
		w.login()
		if len(seen) != 2 {
			w.t.Fatalf("got %d groups computed, want 2", len(seen))
		}
		for i, so := range seen {
			if so.User != (user{1, "ann"}) || so.Token != w.token() || so.Token.Access == "" {
				w.t.Errorf("group %d: got user %v, token %v, want ann's", i, so.User, so.Token)
			}
			auth, ok := connector.AuthAnswer[response](so, "menu")
			if !ok || auth.Auth == nil || auth.Auth.Name != "ann" {
				w.t.Errorf("group %d: got auth answer %+v, %v, want ann", i, auth, ok)
			}
			subs := connector.SubscriptionAnswers[response](so, "menu")
			if len(subs) != 1 || subs[0].Sub == nil || subs[0].Sub.Kind != "categories" {
				w.t.Errorf("group %d: got subscription answers %+v, want categories", i, subs)
			}
			if _, ok := connector.AuthAnswer[string](so, "menu"); ok || connector.SubscriptionAnswers[string](so, "menu") != nil {
				w.t.Errorf("group %d: got answers of another type", i)
			}
			if _, ok := connector.AuthAnswer[response](so, "none"); ok || connector.SubscriptionAnswers[response](so, "none") != nil {
				w.t.Errorf("group %d: got answers of a socket that is none", i)
			}
		}
		if _, ok := connector.AuthAnswer[response](seen[0], "first of ann"); ok {
			w.t.Error("got an answer of a socket that was not there yet")
		}
		auth, ok := connector.AuthAnswer[response](seen[1], "first of ann")
		if got := connector.SubscriptionAnswers[response](seen[1], "first of ann"); !ok || auth.Auth == nil || len(got) != 2 || got[0].Sub.Kind != "news" || got[1].Sub.Kind != "room-1" {
			w.t.Errorf("got %+v, %+v of the computed socket, want its answers", auth, got)
		}
		w.wantAnswer("ready", "menu")
		w.wantAnswer("ready", "first of ann")
		w.wantAnswer("ready", "second of ann")
	}, chained(note("first"), note("second")))

	engines(t, "K1 what is declared in the chain is there before login, what is computed is not", longLived, func(w *world) {
		later, err := connector.On[request, response](w.session, "later")
		if err != nil {
			w.t.Fatal(err)
		}
		if got := later.Status(); got.State != closed || got.ID != "later" {
			w.t.Errorf("got %+v before login, want closed", got)
		}
		w.wantSockets("before login", closed, closed)
		w.wantNone("before login", "computed")
		w.login()
		if _, err := later.Request(context.Background(), request{Echo: &echo{"hi"}}); err != nil {
			w.t.Errorf("got %v by the handle from before login", err)
		}
		w.wantAnswer("logged in", "computed")
		w.wantSockets("logged in", subscribed, subscribed, subscribed)
		w.logout()
		w.wantSockets("logged out", closed, closed)
		w.wantNone("logged out", "computed")
		w.login()
		if _, err := later.Request(context.Background(), request{Echo: &echo{"hi"}}); err != nil {
			w.t.Errorf("got %v by the handle from before, logged in again", err)
		}
	}, chained(socketGroup{
		Sockets: []anySocket{link("later")},
		Make:    func(context.Context, groupSoFar) ([]anySocket, error) { return []anySocket{link("computed")}, nil },
	}))
}

func TestChainDrops(t *testing.T) {
	drop := make(chan struct{}, 1)
	dropping := func(n int, ws *websocket.Conn) {
		go func() {
			if n == 1 {
				<-drop
				ws.Close()
			}
		}()
		follow(ws, func(request) {})
	}
	hold := make(chan struct{}, 1)
	asked := 0
	held := making(func(ctx context.Context, _ groupSoFar) ([]anySocket, error) {
		if asked++; len(hold) > 0 {
			<-hold
			time.Sleep(10 * time.Second)
		}
		return []anySocket{link("a")}, nil
	})
	for _, when := range []string{"when ready", "while the next group is made", "while the next group opens"} {
		bubbles(t, "K1 a socket of the first group that drops touches no other, "+when, func(t *testing.T, engine change) {
			drop, hold, asked = make(chan struct{}, 1), make(chan struct{}, 1), 0
			w := peerWorld(t, engine, dropping, chained(held))
			defer w.end()
			switch when {
			case "when ready":
				w.login()
			case "while the next group is made":
				hold <- struct{}{}
				w.loginOnly()
				w.until("session", "chaining")
			default:
				w.script(connectortest.HoldUpgrades(1)) // for 15 s
				w.loginOnly()
				w.until("session", "chaining")
				w.until("session", "socketOpening")
			}
			synctest.Wait()
			w.soFar()
			drop <- struct{}{}
			w.until("socket", "waiting")
			if s := w.session.Status(); s.Session == transitions.SessionSubscribed || s.Ready {
				t.Errorf("got %+v while a socket waits, want not ready", s)
			}
			w.wantReady("after the drop")
			if got := w.handle("menu").Status(); got.Readies != 2 || got.Generation != 2 {
				t.Errorf("got %+v of the socket that dropped, want ready again", got)
			}
			want := uint32(1)
			if when == "while the next group opens" {
				want = 2 // its own dial was out of time
			}
			if got := w.handle("a").Status(); got.Readies != 1 || got.Generation != want || asked != 1 {
				t.Errorf("got %+v, asked %d times; want the other socket untouched", got, asked)
			}
		})
	}

	engines(t, "K1 K6 a failed socket stops the chain until it is opened by hand", longLived, func(w *world) {
		w.script(connectortest.RejectAuth(2))
		err := w.session.Login(context.Background(), ann)
		var outcome *connector.LoginError
		if !errors.As(err, &outcome) || !outcome.LoggedIn || !errors.Is(err, connector.ErrSocketFailed) {
			w.t.Errorf("got %v, want logged in and a failed socket", err)
		}
		before := w.backend.Counts().Upgrades
		time.Sleep(time.Hour)
		if s, got := w.session.Status(), w.backend.Counts().Upgrades; s.Session != transitions.SessionDegraded || got != before || s.Opening || s.Ready {
			w.t.Errorf("got %+v, %d upgrades, want degraded and still %d", s, got, before)
		}
		w.wantSockets("degraded", transitions.SocketFailed, closed)
		w.soFar()
		if err := w.handle("menu").Open(); err != nil {
			w.t.Errorf("open: %v", err)
		}
		w.wantReady("opened by hand")
		w.wantSockets("opened by hand", subscribed, subscribed)
		if got := passed(w.soFar(), transitions.SessionKind, ""); !slices.Equal(got, []string{"socketOpening", "chaining", "socketOpening", "socketAuthed", "subscribed"}) {
			w.t.Errorf("got states %v, want the chain to go on", got)
		}
	}, chained(declaring("a")))
}
