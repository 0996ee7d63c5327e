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
)

// TestDefaultBackoff lets a login fail for an hour of virtual time, with a server
// that is there and always says later.
func TestDefaultBackoff(t *testing.T) {
	attempts := func(t *testing.T, seed uint64) (at []time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			s := granting(authhttp.Pair{Access: "a"})
			s.login = func(context.Context, credentials) (authhttp.Grant[user], error) {
				at = append(at, time.Since(start))
				return authhttp.Grant[user]{}, authhttp.ErrUnavailable
			}
			w := newWorld(t, connectortest.Config{}, serving(s), noSockets, seeded(seed))
			defer w.end()
			ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
			defer cancel()
			if err := w.session.Login(ctx, ann); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want the caller's deadline: the backoff has no end of its own", err)
			}
		})
		return at
	}
	first := attempts(t, 1)
	t.Run("F73 no end after 15 minutes, and no delay past the cap", func(t *testing.T) {
		for i := 1; i < len(first); i++ {
			if delay := first[i] - first[i-1]; delay > 30*time.Second || delay < 100*time.Millisecond {
				t.Errorf("got a delay of %v before attempt %d, want 100 ms to 30 s", delay, i+1)
			}
		}
		if least := int(time.Hour / (30 * time.Second)); len(first) < least {
			t.Errorf("got %d attempts in an hour, want at least %d", len(first), least)
		}
	})
	t.Run("F73 chance is the session's own, from its seed", func(t *testing.T) {
		again, other := attempts(t, 1), attempts(t, 2)
		if len(again) != len(first) || again[5] != first[5] {
			t.Errorf("the same seed: got %v, want %v", again[:6], first[:6])
		}
		if other[5] == first[5] {
			t.Errorf("another seed: got the same %v", other[:6])
		}
	})
}

func seeded(seed uint64) change {
	return func(c *connector.Config[credentials, user]) { c.Seed = seed }
}
