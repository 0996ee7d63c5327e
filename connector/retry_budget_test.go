package connector_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

// withSockets adds sockets like the first one until there are so many.
func withSockets(n int) change {
	return func(c *config) {
		next := c.Sockets[0].(socketConfig)
		for i := 1; i < n; i++ {
			next.ID = fmt.Sprint("menu", i)
			c.Sockets = append(c.Sockets, next)
		}
	}
}

// attempts sets how many attempts a minute there may be.
func attempts(perMinute int) change {
	return func(c *config) { c.AttemptsPerMinute = perMinute }
}

// dialled is a dead server's list of when it was dialled.
type dialled struct {
	mu sync.Mutex
	at []time.Time
}

func (d *dialled) under(c *config) {
	c.DialContext = func(context.Context, string, string) (net.Conn, error) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.at = append(d.at, time.Now())
		return nil, errors.New("nobody is there")
	}
}

// count returns how many dials there were.
func (d *dialled) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.at)
}

// take returns when it was dialled since the last time.
func (d *dialled) take() []time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	at := d.at
	d.at = nil
	return at
}

// mostInAMinute returns the greatest number of moments within a minute.
func mostInAMinute(at []time.Time) (most int) {
	for i, from := range at {
		last, _ := slices.BinarySearchFunc(at[i:], from.Add(time.Minute), time.Time.Compare)
		most = max(most, last)
	}
	return most
}

func TestAttemptsPerMinute(t *testing.T) {
	const sessions, sockets = 50, 4
	for _, c := range []struct {
		perMinute int
		over      time.Duration // in which each socket has its turn
	}{{60, 10 * time.Minute}, {30, 15 * time.Minute}, {600, 10 * time.Minute}} {
		bubbles(t, fmt.Sprintf("K5 F48 %d sockets and a dead server, %d attempts a minute", sessions*sockets, c.perMinute), func(t *testing.T, engine change) {
			var server dialled
			w := newWorld(t, connectortest.Config{}, engine, undying, withSockets(sockets), server.under, attempts(c.perMinute))
			defer w.end()
			client, err := connector.New(w.config)
			if err != nil {
				t.Fatal(err)
			}
			all := make([]*connector.Session[credentials, user], sessions)
			for i := range all {
				all[i] = client.NewSession()
				defer all[i].Logout(context.Background())
				if err := all[i].Login(connector.WithoutSockets(context.Background()), ann); err != nil {
					t.Fatal(err)
				}
			}
			synctest.Wait()
			if got := server.take(); len(got) != sessions*sockets {
				t.Fatalf("got %d first attempts, want all %d at once", len(got), sessions*sockets)
			}
			time.Sleep(c.over)
			synctest.Wait()
			at, slot := server.take(), max(c.perMinute/60, 1)
			if got := mostInAMinute(at); got > c.perMinute+slot {
				t.Errorf("got %d attempts in a minute, want at most %d and a slot's %d", got, c.perMinute, slot)
			}
			if least := min(c.perMinute, 200) * int(c.over/time.Minute) / 2; c.perMinute <= 60 && len(at) < least {
				t.Errorf("got %d attempts in %v, want the budget used, at least %d", len(at), c.over, least)
			}
			for i, s := range all {
				for _, socket := range s.Status().Sockets {
					if socket.Generation < 2 {
						t.Errorf("session %d: got %+v, want it tried again in %v", i, socket, c.over)
					}
				}
			}
		})
	}

	bubbles(t, "K5 first attempts and Wake do not wait for the budget", func(t *testing.T, engine change) {
		var server dialled
		w := newWorld(t, connectortest.Config{}, engine, undying, server.under, attempts(1))
		defer w.end()
		w.loginOnly()
		for i := range 5 {
			synctest.Wait()
			if got := server.count(); got != i+1 {
				t.Fatalf("got %d attempts, want %d at once", got, i+1)
			}
			w.session.Wake()
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if got := server.count(); got < 8 || got > 12 {
			t.Errorf("got %d attempts in ten minutes, want those at once and one a minute in all", got)
		}
	})

	t.Run("X4 a negative budget", func(t *testing.T) {
		bad := goodConfig()
		bad.AttemptsPerMinute = -1
		if _, err := connector.New(bad); err == nil || !strings.Contains(err.Error(), "AttemptsPerMinute: -1 is negative") {
			t.Errorf("got %v, want it to name AttemptsPerMinute", err)
		}
	})
}
