package connector_test

import (
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

// ownGoroutines are the stacks of all goroutines that run code of the package.
func ownGoroutines() []string {
	buffer := make([]byte, 1<<20)
	var own []string
	for stack := range strings.SplitSeq(string(buffer[:runtime.Stack(buffer, true)]), "\n\n") {
		if strings.Contains(stack, "interlock/connector.") {
			own = append(own, stack)
		}
	}
	return own
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
