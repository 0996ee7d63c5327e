package connector_test

import (
	"math"
	"runtime"
	"testing"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
)

func TestNewSession(t *testing.T) {
	t.Run("X3 a session with one socket costs about two kilobytes until it opens", func(t *testing.T) {
		client, err := connector.New(connector.Config[credentials, user]{
			Auth: granting(authhttp.Pair{}), Sockets: []connector.AnySocket[user]{menuSocket("ws://127.0.0.1/ws")},
		})
		if err != nil {
			t.Fatal(err)
		}
		const sessions = 1000
		got := uint64(math.MaxUint64)
		for range 5 { // somebody else may allocate meanwhile
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for range sessions {
				client.NewSession()
			}
			runtime.ReadMemStats(&after)
			got = min(got, (after.TotalAlloc-before.TotalAlloc)/sessions)
		}
		if got > 2500 {
			t.Errorf("got %d bytes, want at most 2500", got)
		}
		t.Logf("%d bytes a session", got)
	})
}
