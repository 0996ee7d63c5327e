package connector_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

// slowWorld is a world whose server takes so long for each step of an attempt,
// until the world's end, which the function returned brings.
func slowWorld(t *testing.T, engine change, upgrade, auth, sub time.Duration, changes ...change) (*world, func()) {
	network, over := connectortest.NewNetwork(), make(chan struct{})
	take := func(long time.Duration) {
		select {
		case <-time.After(long):
		case <-over:
		}
	}
	url := peerUpgrading(t, network, func(_ int, ws *websocket.Conn) {
		follow(ws, func(r request) {
			switch {
			case r.Auth != nil:
				take(auth)
			case r.Sub != nil:
				take(sub)
			}
		})
	}, func(int) http.Header { take(upgrade); return nil })
	all := append([]change{engine, undying, socket(func(s *socketConfig) { s.URL = url })}, changes...)
	w := newWorldOn(t, network, connectortest.Config{}, all...)
	return w, func() { close(over); w.end() }
}

// nextEnd waits for the end of an attempt, and returns how long after its dial.
func (w *world) nextEnd() (connector.Change, time.Duration) {
	w.t.Helper()
	w.until("socket", "socketOpening")
	dialled := time.Now()
	for {
		c := w.nextOfSocket()
		if c.To == "waiting" || c.To == "subscribed" {
			return c, time.Since(dialled)
		}
	}
}

func TestAttemptTimeout(t *testing.T) {
	const second = time.Second
	deadlines := func(open, auth, sub, attempt time.Duration) change {
		return socket(func(s *socketConfig) {
			s.OpenTimeout, s.AuthTimeout, s.SubscribeTimeout, s.AttemptTimeout = open, auth, sub, attempt
		})
	}
	for _, c := range []struct {
		name               string
		upgrade, auth, sub time.Duration
		from               string
		then               time.Duration // the second attempt is ready after it; 0: it is not
	}{
		{"in opening", 13 * second, 0, 0, "socketOpening", 13 * second},
		{"in authenticating", 5 * second, 8 * second, 0, "socketAuthenticating", 13 * second},
		{"in subscribing", 5 * second, 5 * second, 5 * second, "socketAuthed", 15 * second},
	} {
		bubbles(t, "K13 each step within its deadline, together over that of the attempt: "+c.name, func(t *testing.T, engine change) {
			w, end := slowWorld(t, engine, c.upgrade, c.auth, c.sub, deadlines(14*second, 10*second, 10*second, 12*second))
			defer end()
			w.loginOnly()
			got, after := w.nextEnd()
			if got.Event != "attemptTimedOut" || got.From != c.from || after != 12*second {
				t.Errorf("got %s -%s-> after %v, want %s -attemptTimedOut-> after 12s", got.From, got.Event, after, c.from)
			}
			if got, after := w.nextEnd(); got.To != "subscribed" || after != c.then {
				t.Errorf("the second attempt: got -%s-> %s after %v, want ready after %v, in twice the time", got.Event, got.To, after, c.then)
			}
			time.Sleep(time.Hour)
			if s := w.session.Status(); !s.Ready || s.Sockets[0].Generation != 2 {
				t.Errorf("got %+v an hour later, want the same connection: the deadline is that of the attempt", s)
			}
			synctest.Wait()
			if got := w.network.OpenConns(); got > 3 { // the socket's, and those of HTTP
				t.Errorf("got %d connections open", got)
			}
		})
	}

	bubbles(t, "K13 F48 the deadline of an attempt grows to four times", func(t *testing.T, engine change) {
		w, end := slowWorld(t, engine, 0, 0, time.Hour, deadlines(0, 0, time.Hour, 10*second))
		defer end()
		w.loginOnly()
		for i, want := range []time.Duration{10 * second, 20 * second, 30 * second, 40 * second, 40 * second, 40 * second} {
			if got, after := w.nextEnd(); got.Event != "attemptTimedOut" || after != want {
				t.Errorf("attempt %d: got -%s-> after %v, want attemptTimedOut after %v", i, got.Event, after, want)
			}
		}
	})
	bubbles(t, "K13 F48 the deadline of a dial grows to four times", func(t *testing.T, engine change) {
		w, end := slowWorld(t, engine, 24*time.Hour, 0, 0, deadlines(7*second, 0, 0, time.Hour))
		defer end()
		w.loginOnly()
		for i, want := range []time.Duration{7 * second, 14 * second, 21 * second, 28 * second, 28 * second, 28 * second} {
			if got, after := w.nextEnd(); got.Event != "openTimedOut" || after != want {
				t.Errorf("attempt %d: got -%s-> after %v, want openTimedOut after %v", i, got.Event, after, want)
			}
		}
	})
	bubbles(t, "K13 F48 a server that takes three times the deadline gets its chance", func(t *testing.T, engine change) {
		w, end := slowWorld(t, engine, 20*second, 0, 0, deadlines(7*second, 0, 0, 0))
		defer end()
		w.login()
		if got := w.session.Status().Sockets[0].Generation; got != 3 {
			t.Errorf("got ready at attempt %d, want the third", got)
		}
	})
	bubbles(t, "K13 the defaults: 15s and 30s, and four times that", func(t *testing.T, engine change) {
		w, end := slowWorld(t, engine, 24*time.Hour, 0, 0)
		defer end()
		w.loginOnly()
		for i, want := range []time.Duration{15 * second, 30 * second, 45 * second, 60 * second, 60 * second} {
			if _, after := w.nextEnd(); after != want {
				t.Errorf("attempt %d: got ended after %v, want %v", i, after, want)
			}
		}
	})
	bubbles(t, "K13 deadlines are short again after a stable period", func(t *testing.T, engine change) {
		w := newWorld(t, connectortest.Config{AccessLife: 10 * time.Hour}, engine, deadlines(7*second, 0, 0, 0))
		defer w.end()
		w.script(connectortest.HoldUpgrades(3))
		w.login()
		w.until("socket", "subscribed")
		time.Sleep(time.Minute)
		w.script(connectortest.HoldUpgrades(1), connectortest.DropSockets())
		if got, after := w.nextEnd(); got.Event != "openTimedOut" || after != 14*second {
			t.Errorf("got -%s-> after %v, want openTimedOut after 14s, as of the second attempt", got.Event, after)
		}
	})
}
