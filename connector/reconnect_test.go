package connector_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

func TestDelaysGrow(t *testing.T) {
	engines(t, "F20 drop on every subscription", connectortest.Config{}, func(w *world) {
		w.script(connectortest.DropOnSubscribe(1000))
		wantCalm(w, func() int { return w.backend.Counts().Upgrades })
	})
	engines(t, "F20 drop on every auth", connectortest.Config{}, func(w *world) {
		w.script(connectortest.DropOnAuth(1000))
		wantCalm(w, func() int { return w.backend.Counts().Upgrades })
	})
	engines(t, "K5 refuse every upgrade", connectortest.Config{}, func(w *world) {
		w.script(connectortest.RefuseUpgrades(1000, 502))
		wantCalm(w, func() int { return w.backend.Counts().Upgrades })
	})
	for _, c := range []struct {
		name    string
		answers int
	}{{"F22 accept, then close", 0}, {"F21 acknowledge auth, then close", 1}, {"F21 acknowledge everything, then close", 2}} {
		bubbles(t, c.name, func(t *testing.T, engine change) {
			w := peerWorld(t, engine, func(_ int, ws *websocket.Conn) {
				for range c.answers {
					var r request
					if ws.ReadJSON(&r) != nil || ws.WriteJSON(answerTo(r)) != nil {
						return
					}
				}
			})
			defer w.end()
			wantCalm(w, func() int { return int(w.session.Status().Sockets[0].Generation) })
		})
	}
}

// wantCalm checks that a socket that never becomes stable is opened ever more
// rarely: 500 ms, doubling to 30 s, give 7 to 12 attempts in a minute.
func wantCalm(w *world, attempts func() int) {
	w.t.Helper()
	w.loginOnly()
	time.Sleep(time.Minute)
	synctest.Wait()
	first := attempts()
	if first < 5 || first > 12 {
		w.t.Errorf("got %d attempts in a minute, want 7 to 12 by the backoff", first)
	}
	time.Sleep(10 * time.Minute)
	synctest.Wait()
	if got := attempts() - first; got < 15 || got > 45 {
		w.t.Errorf("got %d attempts in the next ten minutes, want one each 15 to 30s", got)
	}
}

func TestDelays(t *testing.T) {
	bubbles(t, "F24 delays are spread after the cap, and never pass it", func(t *testing.T, engine change) {
		var at []time.Time
		w := peerWorld(t, engine, func(int, *websocket.Conn) {}, func(c *connector.Config[credentials, user]) {
			dial := c.DialContext
			c.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
				at = append(at, time.Now())
				return dial(ctx, network, address)
			}
			c.Common.OutageAfter = time.Hour
		})
		defer w.end()
		w.loginOnly()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		last, different := time.Duration(0), 0
		for i := 1; i < len(at); i++ {
			delay, base := at[i].Sub(at[i-1]), min(500*time.Millisecond<<(i-1), 30*time.Second)
			least := base / 2
			if i == 1 {
				least = 100 * time.Millisecond
			}
			if delay < least || delay > base {
				t.Errorf("delay %d: got %v, want %v to %v", i, delay, least, base)
			}
			if base == 30*time.Second && delay != last && delay != base {
				different++
			}
			last = delay
		}
		if different < 10 {
			t.Errorf("got %d different delays at the cap of %d, want them spread", different, len(at))
		}
	})

	engines(t, "K5 attempts count from zero again only after a stable period", connectortest.Config{}, func(w *world) {
		w.login()
		w.until("session", "subscribed")
		for i := range 4 { // each time ready for less than StablePeriod
			time.Sleep(9 * time.Second)
			w.script(connectortest.DropSockets())
			w.until("session", "socketOpening")
			w.until("session", "subscribed")
			if got := w.session.Status().Sockets[0].Attempt; int(got) != i+1 {
				w.t.Errorf("got %d attempts after %d drops", got, i+1)
			}
		}
		time.Sleep(11 * time.Second)
		if got := w.session.Status().Sockets[0].Attempt; got != 0 {
			w.t.Errorf("got %d attempts after a stable period, want 0", got)
		}
	})

	engines(t, "K5 Retry-After of a refused upgrade is honoured", connectortest.Config{}, func(w *world) {
		w.script(connectortest.RefuseUpgrades(1, 503).RetryAfter(40 * time.Second))
		start := time.Now()
		w.login()
		if got := time.Since(start); got < 40*time.Second || got > 40*time.Second+100*time.Millisecond {
			w.t.Errorf("got ready after %v, want 40s, and a little", got)
		}
	})
}

func TestGivingUp(t *testing.T) {
	engines(t, "K6 a backoff that stops gives up, once", connectortest.Config{}, func(w *world) {
		errs := w.session.Errors(0)
		w.script(connectortest.RefuseUpgrades(1000, 502))
		err := w.session.Login(context.Background(), ann)
		var outcome *connector.LoginError
		if !errors.Is(err, connector.ErrSocketFailed) || !errors.As(err, &outcome) || !outcome.LoggedIn {
			w.t.Errorf("got %v, want logged in with a failed socket", err)
		}
		var fault *connector.SocketError
		if !errors.As(err, &fault) || fault.Socket != "menu" || fault.Op != "dial" {
			w.t.Errorf("got %v, want it to tell what went wrong last", err)
		}
		w.until("session", "degraded")
		time.Sleep(time.Hour)
		if got := w.backend.Counts().Upgrades; got != 4 {
			w.t.Errorf("got %d attempts, want 1 and 3 retries", got)
		}
		if _, err := w.echo("hi"); !errors.Is(err, connector.ErrSocketClosed) {
			w.t.Errorf("got %v for a request, want closed", err)
		}
		wantFaults(w.t, errs, "dial", "dial", "dial", "dial", "given up for good")
		w.logout()
		w.script(connectortest.DropSockets()) // nothing to drop
	}, threeRetries)

	engines(t, "K6 giving up while logged in fails what waits", connectortest.Config{}, func(w *world) {
		w.login()
		w.until("session", "subscribed")
		w.script(connectortest.RefuseUpgrades(1000, 502), connectortest.DropSockets())
		w.until("session", "socketOpening")
		if _, err := w.echo("waits"); !errors.Is(err, connector.ErrSocketClosed) {
			w.t.Errorf("got %v, want closed", err)
		}
		if s := w.session.Status(); s.Session != transitions.SessionDegraded || !s.LoggedIn {
			w.t.Errorf("got %+v, want degraded", s)
		}
	}, threeRetries)
}

func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		name      string
		fault     connectortest.Fault // upgrades come after a drop
		refreshes int
		final     bool
	}{
		{"K9 upgrade 401 once: expired", connectortest.RefuseUpgrades(1, 401), 1, false},
		{"K9 upgrade 401 twice: rejected", connectortest.RefuseUpgrades(2, 401), 1, true},
		{"K9 upgrade 403: rejected", connectortest.RefuseUpgrades(1, 403), 0, true},
		{"K9 upgrade 404: tried again", connectortest.RefuseUpgrades(1, 404), 0, false},
		{"K9 upgrade 429: tried again", connectortest.RefuseUpgrades(1, 429), 0, false},
		{"K9 close 4401: expired", connectortest.CloseSockets(4401, ""), 1, false},
		{"F27 close 4403: rejected", connectortest.CloseSockets(4403, "go away"), 0, true},
		{"K9 close 1000: tried again", connectortest.CloseSockets(1000, ""), 0, false},
		{"K9 close 1001: tried again", connectortest.CloseSockets(1001, ""), 0, false},
		{"K9 close 4000: tried again", connectortest.CloseSockets(4000, ""), 0, false},
	} {
		engines(t, c.name, connectortest.Config{AccessLife: time.Hour}, func(w *world) {
			w.login()
			w.until("session", "subscribed")
			w.script(c.fault)
			if strings.Contains(c.name, "upgrade") {
				w.script(connectortest.DropSockets())
			}
			if c.final {
				w.until("session", "degraded")
			} else {
				w.until("session", "socketOpening")
				w.until("session", "subscribed")
			}
			time.Sleep(20 * time.Second)
			before := w.backend.Counts()
			if before.Refreshes != c.refreshes {
				w.t.Errorf("got %d refreshes, want %d", before.Refreshes, c.refreshes)
			}
			if s := w.session.Status(); s.Ready == c.final {
				w.t.Errorf("got %+v, want final: %v", s, c.final)
			}
		})
	}

	bubbles(t, "F80 a Retry-After that is a date", func(t *testing.T, engine change) {
		network := connectortest.NewNetwork()
		listener, err := network.Listen("127.0.0.1:81")
		if err != nil {
			t.Fatal(err)
		}
		dials, upgrader := 0, websocket.Upgrader{}
		server := &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if dials++; dials == 1 {
				rw.Header().Set("Retry-After", time.Now().Add(40*time.Second).UTC().Format(http.TimeFormat))
				rw.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			if ws, err := upgrader.Upgrade(rw, r, nil); err == nil {
				defer ws.Close()
				follow(ws, func(request) {})
			}
		})}
		go server.Serve(listener)
		t.Cleanup(func() { server.Close() })
		w := newWorldOn(t, network, connectortest.Config{}, engine, socket(func(s *socketConfig) { s.URL = "ws://127.0.0.1:81/" }))
		defer w.end()
		start := time.Now()
		w.login()
		if got := time.Since(start); got < 39*time.Second || got > 41*time.Second {
			t.Errorf("got ready after %v, want about 40s", got)
		}
	})
}
