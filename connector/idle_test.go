package connector_test

import (
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

// goroutines returns the stacks of all that are alive. Unlike
// runtime.NumGoroutine it does not count one that has ended but is not put away.
func goroutines() []string {
	buffer := make([]byte, 1<<20)
	for {
		n := runtime.Stack(buffer, true)
		if n < len(buffer) {
			return strings.Split(strings.TrimSpace(string(buffer[:n])), "\n\n")
		}
		buffer = make([]byte, 2*len(buffer))
	}
}

// ownGoroutines returns the stacks of those that run code of this package.
func ownGoroutines() []string {
	return slices.DeleteFunc(goroutines(), func(stack string) bool { return !strings.Contains(stack, "interlock/connector.") })
}

func TestIdleCost(t *testing.T) {
	var looks atomic.Int64 // at the clock, which every event begins with
	engines(t, "X3 an idle session with one ready socket is one goroutine and no poll", connectortest.Config{}, func(w *world) {
		if got := ownGoroutines(); len(got) != 0 {
			w.t.Errorf("logged out: got %d goroutines, want none:\n%s", len(got), strings.Join(got, "\n\n"))
		}
		w.login()
		time.Sleep(time.Minute) // stable, and every request done
		synctest.Wait()
		if got := ownGoroutines(); len(got) != 1 || !strings.Contains(got[0], "connection).read") {
			w.t.Errorf("ready: got %d goroutines, want the reader alone:\n%s", len(got), strings.Join(got, "\n\n"))
		}
		before := looks.Load()
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if got := looks.Load() - before; got != 0 {
			w.t.Errorf("got %d events in an idle day, want none", got)
		}
		w.logout()
		synctest.Wait()
		if got := ownGoroutines(); len(got) != 0 {
			w.t.Errorf("after logout: got %d goroutines, want none:\n%s", len(got), strings.Join(got, "\n\n"))
		}
	}, serving(granting(authhttp.Pair{Access: "opaque", Refresh: "r"})),
		socket(func(s *socketConfig) { s.Auth, s.Subscribe, s.NoPing = nil, nil, true }),
		func(c *connector.Config[credentials, user]) {
			c.Now = func() time.Time { looks.Add(1); return time.Now() }
		})
}
