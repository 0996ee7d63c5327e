package connectortest_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/custom-app/interlock/connector/connectortest"
)

func TestAnsweredUpgrades(t *testing.T) {
	onBoth(t, plain, func(t *testing.T, c *client) {
		const page = "<html>Welcome to the hotel</html>"
		c.script(connectortest.AnswerUpgrades(2, 200, "text/html", page))
		for range 2 {
			ws, response, err := c.dialer.DialContext(t.Context(), c.b.WebSocketURL(), nil)
			if err == nil {
				ws.Close()
				t.Fatal("dial: got a socket, want none")
			}
			body, _ := io.ReadAll(response.Body)
			if response.StatusCode != 200 || response.Header.Get("Content-Type") != "text/html" || string(body) != page {
				t.Errorf("got %d %q %q, want the page", response.StatusCode, response.Header, body)
			}
		}
		c.join()
		if got := c.b.Counts(); got.Upgrades != 3 || got.OpenSockets != 1 {
			t.Errorf("got %+v, want 3 upgrades and 1 open socket", got)
		}
	})
}

func TestRetryAfterDate(t *testing.T) {
	// In a bubble the clock begins at a whole second.
	for _, test := range []struct {
		name  string
		fault connectortest.Fault
		skew  time.Duration
		want  time.Duration // after now; zero for no header
	}{
		{"of an upgrade", connectortest.RefuseUpgrades(1, 503).RetryAfterDate(time.Minute), 0, time.Minute},
		{"rounded up", connectortest.RefuseUpgrades(1, 429).RetryAfterDate(time.Millisecond), 0, time.Second},
		{"by the backend's clock", connectortest.RefuseUpgrades(1, 503).RetryAfterDate(time.Minute), time.Hour, time.Hour + time.Minute},
		{"none", connectortest.RefuseUpgrades(1, 503).RetryAfterDate(0), 0, 0},
		{"of two forms the last", connectortest.RefuseUpgrades(1, 503).RetryAfter(time.Hour).RetryAfterDate(time.Minute), 0, time.Minute},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, connectortest.Config{ClockSkew: test.skew}, func(t *testing.T, c *client, _ *connectortest.Network) {
				c.script(test.fault)
				want := ""
				if test.want != 0 {
					want = time.Now().Add(test.want).UTC().Format(http.TimeFormat)
				}
				_, _, header := c.call("GET", "/ws", "", "")
				if got := header.Get("Retry-After"); got != want {
					t.Errorf("Retry-After: got %q, want %q", got, want)
				}
			})
		})
	}
	t.Run("of two forms the last is seconds", func(t *testing.T) {
		inBubble(t, plain, func(t *testing.T, c *client, _ *connectortest.Network) {
			c.script(connectortest.RefuseMe(1, 503).RetryAfterDate(time.Hour).RetryAfter(time.Second))
			if _, _, header := c.call("GET", "/me", "", ""); header.Get("Retry-After") != "1" {
				t.Errorf("Retry-After: got %q, want 1", header.Get("Retry-After"))
			}
		})
	})
}

func TestUpgradeTimes(t *testing.T) {
	inBubble(t, plain, func(t *testing.T, c *client, _ *connectortest.Network) {
		if got := c.b.UpgradeTimes(); len(got) != 0 {
			t.Errorf("before any: got %v", got)
		}
		started := time.Now()
		c.script(connectortest.RefuseUpgrades(1, 503))
		c.call("GET", "/ws", "", "")
		time.Sleep(time.Minute)
		c.openPublic() // not one of them
		c.open()
		time.Sleep(time.Second)
		c.open()
		got := c.b.UpgradeTimes()
		for i, want := range []time.Duration{0, time.Minute, 61 * time.Second} {
			if len(got) != 3 || got[i].Sub(started) != want {
				t.Fatalf("got %v, want %v after %v at %d, of 3", got, want, started, i)
			}
		}
		got[0] = time.Time{} // a copy
		if c.b.UpgradeTimes()[0].IsZero() {
			t.Error("after a change of the copy: got it in the backend")
		}
	})
}
