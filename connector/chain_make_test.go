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

	"github.com/cenkalti/backoff/v4"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

// maker is a group whose Make says something else each time; the last is said again.
type maker struct {
	mu    sync.Mutex
	says  []func(context.Context) ([]anySocket, error)
	at    []time.Time     // when it was asked
	ended []time.Duration // how long after that its context ended, for those who wait for it
}

func (m *maker) make(ctx context.Context, _ groupSoFar) ([]anySocket, error) {
	m.mu.Lock()
	m.at = append(m.at, time.Now())
	say := m.says[min(len(m.at), len(m.says))-1]
	m.mu.Unlock()
	return say(ctx)
}

// times is how often it was asked.
func (m *maker) times() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.at)
}

// now says this from now on, as if it had never been asked.
func (m *maker) now(says ...func(context.Context) ([]anySocket, error)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.says, m.at, m.ended = says, nil, nil
}

func (m *maker) put(c *config) { c.Chain = []socketGroup{{Make: m.make}} }

// gaps are the times between what was asked.
func (m *maker) gaps() (gaps []time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := 1; i < len(m.at); i++ {
		gaps = append(gaps, m.at[i].Sub(m.at[i-1]))
	}
	return gaps
}

func saying(err error, sockets ...anySocket) func(context.Context) ([]anySocket, error) {
	return func(context.Context) ([]anySocket, error) { return sockets, err }
}

// hanging waits for the end of its context.
func (m *maker) hanging(ctx context.Context) ([]anySocket, error) {
	start := time.Now()
	<-ctx.Done()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ended = append(m.ended, time.Since(start))
	return nil, ctx.Err()
}

var errNotYet = errors.New("not yet")

// wantMade checks what came of a group: the states that the session has passed, and
// what its watchers of errors were told.
func wantMade(w *world, errs *connector.Stream[error], states string, faults ...string) {
	w.t.Helper()
	if got := strings.Join(passed(w.soFar(), transitions.SessionKind, ""), " "); got != states {
		w.t.Errorf("got states %s, want %s", got, states)
	}
	wantFaults(w.t, errs, faults...)
}

func TestChainMake(t *testing.T) {
	const (
		begun  = "authenticating socketOpening chaining "
		opened = "socketOpening socketAuthed subscribed"
		again  = "chainWaiting chaining "
	)
	type says = []func(context.Context) ([]anySocket, error)
	for _, c := range []struct {
		name   string
		says   says
		states string
		faults []string
		want   []transitions.SocketState
	}{
		{"K1 no further sockets", says{saying(nil)}, begun + opened, nil, []transitions.SocketState{subscribed}},
		{"K1 ErrNone means no further sockets", says{saying(connector.ErrNone)}, begun + opened, nil, []transitions.SocketState{subscribed}},
		{"K1 a wrapped ErrNone does too", says{saying(fmt.Errorf("nothing here: %w", connector.ErrNone))}, begun + opened, nil, []transitions.SocketState{subscribed}},
		{"K1 a group that fails once is made again", says{saying(errNotYet), saying(nil, link("a"))}, begun + again + opened,
			[]string{"chain: the next group was not made: not yet"}, []transitions.SocketState{subscribed, subscribed}},
		{"K1 sockets beside an error are none", says{saying(errNotYet, link("b")), saying(nil, link("a"))}, begun + again + opened,
			[]string{"not yet"}, []transitions.SocketState{subscribed, subscribed}},
		{"K1 X4 a panic is a failure", says{func(context.Context) ([]anySocket, error) { panic("oh") }, saying(nil, link("a"))}, begun + again + opened,
			[]string{"panic: oh"}, []transitions.SocketState{subscribed, subscribed}},
		{"K1 X4 an error whose text panics is a failure", says{saying(&spoilt{}), saying(nil, link("a"))}, begun + again + opened,
			[]string{"panic: no text"}, []transitions.SocketState{subscribed, subscribed}},
	} {
		m := &maker{}
		engines(t, c.name, longLived, func(w *world) {
			m.now(c.says...)
			errs := w.session.Errors(0)
			w.login()
			w.wantSockets("ready", c.want...)
			wantMade(w, errs, c.states, c.faults...)
			if m.times() != len(c.says) {
				w.t.Errorf("got asked %d times, want %d", m.times(), len(c.says))
			}
			w.wantNone("ready", "b")
		}, m.put)
	}

	m := &maker{}
	engines(t, "K1 K5 a group that fails is made again with backoff", longLived, func(w *world) {
		m.now(saying(errNotYet), saying(errNotYet), saying(errNotYet), saying(errNotYet), saying(nil))
		w.login()
		least := []time.Duration{100 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second}
		for i, gap := range m.gaps() {
			if gap < least[i] || gap > 500*time.Millisecond<<i {
				w.t.Errorf("got %v before attempt %d, want %v to %v", gap, i+2, least[i], 500*time.Millisecond<<i)
			}
		}
		w.logout()
		m.now(saying(errNotYet), saying(nil))
		w.login()
		if got := m.gaps(); len(got) != 1 || got[0] > 500*time.Millisecond {
			w.t.Errorf("got delays %v at the next login, want a first one", got)
		}
	}, m.put)

	engines(t, "K15 a group that waits is made at once on Wake", longLived, func(w *world) {
		m.now(saying(errNotYet), saying(errNotYet), saying(errNotYet), saying(errNotYet), saying(errNotYet), saying(nil, link("a")))
		w.loginOnly()
		for m.times() < 5 {
			w.until("session", "chainWaiting")
		}
		time.Sleep(time.Second)
		w.session.Wake()
		if synctest.Wait(); m.times() != 6 || m.gaps()[4] != time.Second {
			w.t.Errorf("got asked after %v, want at once", m.gaps())
		}
		w.wantReady("after Wake")
		w.wantSockets("after Wake", subscribed, subscribed)
	}, m.put)

	engines(t, "K1 a group that hangs is given up after GroupTimeout, and made again", longLived, func(w *world) {
		m.now(m.hanging, m.hanging, saying(nil, link("a")))
		errs := w.session.Errors(0)
		w.loginOnly()
		w.wantReady("at last")
		if len(m.ended) != 2 || m.ended[0] != 30*time.Second || m.ended[1] != 30*time.Second {
			w.t.Errorf("got contexts that ended after %v, want 30s each", m.ended)
		}
		if gaps := m.gaps(); len(gaps) != 2 || gaps[0] < 30*time.Second || gaps[0] > 31*time.Second || gaps[1] > 32*time.Second {
			w.t.Errorf("got asked again after %v, want 30s and the backoff", gaps)
		}
		wantMade(w, errs, begun+again+again+opened, "not made", "not made")
	}, m.put)

	engines(t, "K1 what comes later than GroupTimeout does not count", longLived, func(w *world) {
		m.now(func(context.Context) ([]anySocket, error) {
			time.Sleep(time.Minute)
			return []anySocket{link("late")}, nil
		}, saying(nil, link("a")))
		errs := w.session.Errors(0)
		start := time.Now()
		w.login()
		if told := published(errs); len(told) != 1 {
			w.t.Errorf("got told %v, want once that it was not made in time", told)
		}
		if took := time.Since(start); took < 30*time.Second || took > 31*time.Second {
			w.t.Errorf("got ready after %v, want not to wait for it", took)
		}
		time.Sleep(2 * time.Minute)
		w.wantNone("afterwards", "late")
		w.wantSockets("afterwards", subscribed, subscribed)
	}, m.put)
}

func TestChainBreaks(t *testing.T) {
	type says = []func(context.Context) ([]anySocket, error)
	good := saying(nil, link("a"), link("b"))
	m := &maker{}
	spent := func(c *config) {
		c.Backoff = func() backoff.BackOff { return backoff.WithMaxRetries(backoff.NewConstantBackOff(time.Second), 2) }
	}
	for _, c := range []struct {
		name   string
		says   says
		times  int // asked, before it breaks
		reason string
		change change
	}{
		{"K1 a permanent error", says{saying(backoff.Permanent(errNotYet))}, 1, "not yet", nil},
		{"K1 a wrapped permanent error", says{saying(fmt.Errorf("no: %w", backoff.Permanent(errNotYet)))}, 1, "not yet", nil},
		{"K1 a backoff that stops", says{saying(errNotYet)}, 3, "not yet", spent},
		{"K1 the id of a declared socket", says{saying(nil, link("b"), link("menu"))}, 1, "socket menu: ID: is taken", nil},
		{"K1 an id twice", says{saying(nil, link("b"), link("b"))}, 1, "socket b: ID: is taken", nil},
		{"K1 a socket without an id", says{saying(nil, link("b"), link(""))}, 1, "Sockets[1]: ID: is required", nil},
		{"K1 a socket without an address", says{saying(nil, link("b", func(s *socketConfig) { s.URL = "" }))}, 1, "Sockets[0]: URL: ", nil},
		{"K1 an address that others can read", says{saying(nil, link("b", func(s *socketConfig) { s.URL = "ws://example.com/ws" }))}, 1, "Sockets[0]: URL: ws:// to example.com", nil},
		{"K1 an early socket", says{saying(nil, link("b"), link("c", func(s *socketConfig) { s.Early = true }))}, 1, "Sockets[1]: Early: ", nil},
		{"K1 a socket that is nil", says{saying(nil, nil)}, 1, "Sockets[0]: is nil", nil},
		{"K1 two faults at once", says{saying(nil, link(""), link("b", func(s *socketConfig) { s.PingAfter = -1 }))}, 1, "PingAfter: -1ns is negative", nil},
	} {
		changes := []change{m.put}
		if c.change != nil {
			changes = append(changes, c.change)
		}
		engines(t, c.name+" ends the chain, and Open makes it try again", longLived, func(w *world) {
			m.now(c.says...)
			errs := w.session.Errors(0)
			defer errs.Close()
			err := ended(w.begin())
			var outcome *connector.LoginError
			if !errors.As(err, &outcome) || !outcome.LoggedIn || !strings.Contains(err.Error(), c.reason) {
				w.t.Errorf("got %v, want logged in, and %q", err, c.reason)
			}
			require := w.session.Require(context.Background(), connector.RequireReady)
			if !errors.As(require, &outcome) || !outcome.LoggedIn {
				w.t.Errorf("got %v from Require, want logged in and not ready", require)
			}
			synctest.Wait()
			var told []error
			for _, err := range published(errs) {
				if strings.Contains(err.Error(), c.reason) {
					told = append(told, err)
				}
			}
			if len(told) != c.times {
				w.t.Errorf("got told %v, want %q %d times", told, c.reason, c.times)
			}
			time.Sleep(time.Hour)
			s := w.session.Status()
			if m.times() != c.times || s.Session != transitions.SessionDegraded || !s.LoggedIn || s.Opening || s.Ready {
				w.t.Errorf("got asked %d times, %+v an hour later; want %d times and degraded", m.times(), s, c.times)
			}
			w.wantSockets("degraded", subscribed)
			w.wantNone("degraded", "a", "b", "c")
			w.wantAnswer("degraded", "menu")

			m.now(good)
			if err := w.session.Open(); err != nil {
				w.t.Errorf("open: %v", err)
			}
			w.wantReady("opened again")
			w.wantSockets("opened again", subscribed, subscribed, subscribed)
			if m.times() != 1 {
				w.t.Errorf("got asked %d times more, want once", m.times())
			}
		}, changes...)
	}

	engines(t, "K1 the id of a socket that was added breaks the chain", longLived, func(w *world) {
		m.now(func(context.Context) ([]anySocket, error) {
			if _, err := w.session.Add(link("b")); err != nil {
				w.t.Errorf("add: %v", err)
			}
			return []anySocket{link("a"), link("b")}, nil
		})
		err := ended(w.begin())
		if err == nil || !strings.Contains(err.Error(), "socket b: ID: is taken") {
			w.t.Errorf("got %v, want b taken", err)
		}
		w.wantSockets("degraded", subscribed, subscribed)
		w.wantNone("degraded", "a")
		if err := w.session.Remove(context.Background(), "b"); err != nil {
			w.t.Errorf("remove: %v", err)
		}
		m.now(good)
		if err := w.session.Open(); err != nil {
			w.t.Errorf("open: %v", err)
		}
		w.wantReady("opened again")
		w.wantSockets("opened again", subscribed, subscribed, subscribed)
	}, m.put)

	engines(t, "K1 a broken chain stays broken when a socket fails and is opened by hand", longLived, func(w *world) {
		m.now(saying(backoff.Permanent(errNotYet)))
		_ = ended(w.begin())
		h := w.handle("menu")
		if err := h.Close(context.Background()); err != nil {
			w.t.Errorf("close: %v", err)
		}
		if err := h.Open(); err != nil {
			w.t.Errorf("open: %v", err)
		}
		w.wantSockets("opened by hand", subscribed)
		if s := w.session.Status(); s.Session != transitions.SessionDegraded || m.times() != 1 {
			w.t.Errorf("got %v, asked %d times; want degraded", s.Session, m.times())
		}
		m.now(good)
		if err := w.session.Open(); err != nil {
			w.t.Errorf("open: %v", err)
		}
		w.wantReady("opened again")
	}, m.put)

	engines(t, "K1 K6 a chain that was mended is like any other", longLived, func(w *world) {
		m.now(saying(backoff.Permanent(errNotYet)), good)
		_ = ended(w.begin())
		if err := w.session.Open(); err != nil {
			w.t.Errorf("open: %v", err)
		}
		w.wantReady("opened again")
		w.script(connectortest.RejectAuth(2))
		if err := errors.Join(w.menu.Close(context.Background()), w.menu.Open()); err != nil {
			w.t.Errorf("close and open: %v", err)
		}
		w.until("session", "degraded")
		w.until("session", "degraded")
		if err := w.menu.Open(); err != nil {
			w.t.Errorf("open: %v", err)
		}
		w.wantReady("the socket opened")
		if m.times() != 2 {
			w.t.Errorf("got asked %d times, want twice", m.times())
		}
	}, m.put)

	engines(t, "K1 a broken chain is made anew at the next login", longLived, func(w *world) {
		m.now(saying(backoff.Permanent(errNotYet)), good)
		_ = ended(w.begin())
		w.logout()
		w.login()
		w.wantReady("logged in again")
		if got := passed(w.soFar(), transitions.SessionKind, ""); !slices.Equal(got[len(got)-3:], []string{"socketOpening", "socketAuthed", "subscribed"}) {
			w.t.Errorf("got states %v", got)
		}
	}, m.put)
}
