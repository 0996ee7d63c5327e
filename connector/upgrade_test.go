package connector_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/connector/connectortest"
)

// upgradeWorld is a world whose first upgrade request is answered by first, and
// whose others are served as by the backend.
func upgradeWorld(t *testing.T, engine change, first http.HandlerFunc, changes ...change) *world {
	t.Helper()
	network := connectortest.NewNetwork()
	listener, err := network.Listen("127.0.0.1:81")
	if err != nil {
		t.Fatal(err)
	}
	var requests atomic.Int32
	upgrader := websocket.Upgrader{}
	server := &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if requests.Add(1) == 1 {
			first(rw, r)
			return
		}
		if ws, err := upgrader.Upgrade(rw, r, nil); err == nil {
			defer ws.Close()
			follow(ws, func(request) {})
		}
	})}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	all := append([]change{engine, socket(func(s *socketConfig) { s.URL = "ws://127.0.0.1:81/" })}, changes...)
	return newWorldOn(t, network, connectortest.Config{}, all...)
}

// hijacked answers an upgrade with raw bytes and then waits for the client's end.
func hijacked(answer func(r *http.Request, conn net.Conn)) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(rw).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		answer(r, conn)
		_, _ = io.Copy(io.Discard, conn)
	}
}

// statusAnswer answers an upgrade with a status and a header.
func statusAnswer(status int, header ...string) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			rw.Header().Set(header[i], header[i+1])
		}
		rw.WriteHeader(status)
		_, _ = io.WriteString(rw, "<html>not what you want</html>")
	}
}

// later is a Retry-After of a date, by the server's clock.
func later(status int, after time.Duration) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		statusAnswer(status, "Retry-After", time.Now().Add(after).UTC().Format(http.TimeFormat))(rw, r)
	}
}

// endless writes header lines until the client has gone.
func endless(_ *http.Request, conn net.Conn) {
	_, err := io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\n")
	for line := "X-More: " + strings.Repeat("x", 1000) + "\r\n"; err == nil; {
		_, err = io.WriteString(conn, line)
	}
}

// trickle writes a header line a second until the client has gone.
func trickle(_ *http.Request, conn net.Conn) {
	_, err := io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\n")
	for err == nil {
		time.Sleep(time.Second)
		_, err = io.WriteString(conn, "X-More: x\r\n")
	}
}

func TestUpgradeAnswers(t *testing.T) {
	network, expired := verdict{"dropped", "waiting", 0, true}, verdict{"expired", "tokenPending", 1, true}
	slow := 15 * time.Second // the least of a busy server that does not say
	for _, c := range []struct {
		name    string
		answer  http.HandlerFunc
		want    verdict
		advice  string
		least   time.Duration // before the next attempt
		exactly bool          // and little more
	}{
		{"200, a captive portal", statusAnswer(200, "Content-Type", "text/html"), network, "captive portal", 0, false},
		{"204", statusAnswer(204), network, "check that the address is a WebSocket endpoint", 0, false},
		{"302", statusAnswer(302, "Location", "http://127.0.0.1:81/elsewhere"), network, "redirects are not followed", 0, false},
		{"307", statusAnswer(307, "Location", "ws://127.0.0.1:81/elsewhere"), network, "redirects are not followed", 0, false},
		{"400", statusAnswer(400), asBusy, "check the address, the headers and the subprotocols", slow, false},
		{"401", statusAnswer(401), expired, "wants credentials", 0, false},
		{"403", statusAnswer(403), asRejected, "not allowed here", 0, false},
		{"404", statusAnswer(404), asBusy, "check the path", slow, false},
		{"426", statusAnswer(426, "Upgrade", "h2c"), asRejected, "another version", 0, false},
		{"429", statusAnswer(429), asBusy, "too many attempts", slow, false},
		{"429 with Retry-After in seconds", statusAnswer(429, "Retry-After", "50"), asBusy, "too many attempts", 50 * time.Second, true},
		{"429 with Retry-After as a date", later(429, 50*time.Second), asBusy, "too many attempts", 49 * time.Second, true},
		{"500", statusAnswer(500), network, "look into its log", 0, false},
		{"502", statusAnswer(502), network, "the gateway does not reach the server", 0, false},
		{"502 with Retry-After", statusAnswer(502, "Retry-After", "50"), asBusy, "the gateway does not reach the server", 50 * time.Second, true},
		{"503", statusAnswer(503), asBusy, "overloaded or down", slow, false},
		{"503 with Retry-After in seconds", statusAnswer(503, "Retry-After", "50"), asBusy, "overloaded or down", 50 * time.Second, true},
		{"503 with Retry-After as a date", later(503, 50*time.Second), asBusy, "overloaded or down", 49 * time.Second, true},
		{"503 with a Retry-After that is past", later(503, -time.Hour), asBusy, "overloaded or down", slow, false},
		{"503 with a Retry-After that is none", statusAnswer(503, "Retry-After", "soon"), asBusy, "overloaded or down", slow, false},
		{"503 with Retry-After 0", statusAnswer(503, "Retry-After", "0"), asBusy, "overloaded or down", slow, false},

		{"a wrong accept key", hijacked(func(_ *http.Request, conn net.Conn) {
			_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: nonsense\r\n\r\n")
		}), network, "answers from a cache", 0, false},
		{"101 without the headers", hijacked(func(r *http.Request, conn net.Conn) {
			_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: "+acceptKey(r)+"\r\n\r\n")
		}), network, "strips the headers", 0, false},
		{"no HTTP", hijacked(func(_ *http.Request, conn net.Conn) { _, _ = io.WriteString(conn, "220 mail.example ESMTP\r\n") }), network, "check the port", 0, false},
		{"the end, without a word", hijacked(func(_ *http.Request, conn net.Conn) { _ = conn.Close() }), network, "check the network", 0, false},
		{"headers that never end", hijacked(endless), network, "raise HeaderLimit", 0, false},
		{"headers that trickle", hijacked(trickle), verdict{"openTimedOut", "waiting", 0, true}, "check", 0, false},
		{"nothing at all", hijacked(func(*http.Request, net.Conn) {}), verdict{"openTimedOut", "waiting", 0, true}, "check", 0, false},
	} {
		bubbles(t, "F80 "+c.name, func(t *testing.T, engine change) {
			refreshes := 0
			w := upgradeWorld(t, engine, c.answer, counting(&refreshes))
			defer w.end()
			errs := w.menu.Errors(0)
			w.loginOnly()
			w.until("socket", "socketOpening")
			got := w.nextOfSocket()
			failed := time.Now()
			if got.Event != c.want.event || got.To != c.want.state || !strings.Contains(got.Reason, c.advice) || !strings.Contains(got.Reason, "menu: dial: ") {
				t.Errorf("got -%s-> %s (%s), want -%s-> %s and the advice %q", got.Event, got.To, got.Reason, c.want.event, c.want.state, c.advice)
			}
			for range 100 { // which does not disturb a busy server
				if c.want.state != "busyWaiting" {
					break
				}
				time.Sleep(100 * time.Millisecond)
				w.session.Wake()
			}
			if c.want.ready {
				w.until("socket", "socketOpening")
				if after := time.Since(failed); after < c.least || c.exactly && after > c.least+2*time.Second || after > 51*time.Second {
					t.Errorf("got tried again after %v, want %v", after, c.least)
				}
			}
			time.Sleep(10 * time.Minute)
			synctest.Wait()
			if s := w.session.Status(); s.Ready != c.want.ready || refreshes != c.want.refreshes || s.Sockets[0].Generation > 2 {
				t.Errorf("got %+v and %d refreshes, want ready: %v, and %d", s, refreshes, c.want.ready, c.want.refreshes)
			}
			faults := []string{c.advice}
			if !c.want.ready {
				faults = append(faults, "given up for good")
			}
			wantFaults(t, errs, faults...)
			w.config.HTTP.Base.(*http.Transport).CloseIdleConnections()
			synctest.Wait()
			if open := w.network.OpenConns(); c.want.ready && open != 1 || !c.want.ready && open > 1 {
				t.Errorf("got %d connections open, want the socket's alone", open)
			}
		})
	}
}

// TestSilentServers shows what becomes of hosts that accept and say nothing.
func TestSilentServers(t *testing.T) {
	for _, c := range []struct {
		name, scheme, advice string
	}{{"TCP that accepts and says nothing", "ws", "check"}, {"TLS that never finishes", "wss", "check"}} {
		bubbles(t, "F80 "+c.name, func(t *testing.T, engine change) {
			network := connectortest.NewNetwork()
			listener, err := network.Listen("127.0.0.1:81")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = listener.Close() })
			accepted := 0
			go func() {
				for conn, err := listener.Accept(); err == nil; conn, err = listener.Accept() {
					accepted++
					go func() { _, _ = io.Copy(io.Discard, conn); _ = conn.Close() }()
				}
			}()
			w := newWorldOn(t, network, connectortest.Config{}, engine, undying, socket(func(s *socketConfig) { s.URL = c.scheme + "://127.0.0.1:81/" }))
			defer w.end()
			errs := w.menu.Errors(0)
			w.loginOnly()
			for i, want := range []time.Duration{15 * time.Second, 30 * time.Second, 45 * time.Second} {
				got, after := w.nextEnd()
				if got.Event != "openTimedOut" || after != want || !strings.Contains(got.Reason, c.advice) {
					t.Errorf("attempt %d: got -%s-> (%s) after %v, want openTimedOut after %v and the advice %q", i, got.Event, got.Reason, after, want, c.advice)
				}
			}
			w.logout()
			synctest.Wait()
			wantFaults(t, errs, c.advice, c.advice, c.advice)
			if accepted != 3 {
				t.Errorf("got %d connections, want one for each attempt", accepted)
			}
		})
	}
}

// TestRetryAfterOverTCP is in real time.
func TestRetryAfterOverTCP(t *testing.T) {
	overTCP(t, "F80 503 with Retry-After, and Wake", connectortest.Config{AccessLife: time.Hour}, func(w *world) {
		w.script(connectortest.RefuseUpgrades(1, 503).RetryAfter(time.Second))
		w.loginOnly()
		w.until("socket", "busyWaiting")
		w.session.Wake()
		w.until("socket", "subscribed")
		at := w.backend.UpgradeTimes()
		if len(at) != 2 || at[1].Sub(at[0]) < time.Second {
			w.t.Errorf("got the upgrades at %v, want the second a second later", at)
		}
		w.session.Wake() // a ping
		if got, err := w.echo("hi"); got != "hi" {
			w.t.Errorf("got %q, %v", got, err)
		}
	})
}
