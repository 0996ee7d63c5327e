package peer_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/backends/peer"
	"github.com/custom-app/interlock/connector/backends/scenario"
)

// dialect is how the scenarios speak with the server.
var dialect = scenario.Dialect{
	Socket: "peer",
	Ask:    func(text string) any { return message{Op: "echo", Text: text} },
	Answer: func(answer json.RawMessage) (string, error) {
		m, err := read(answer)
		return m.Text, err
	},
	Push: func(pushed json.RawMessage) (string, bool) {
		m, err := read(pushed)
		return m.Text, err == nil && m.Op == "event"
	},
}

func read(text json.RawMessage) (m message, err error) {
	err = json.Unmarshal(text, &m)
	return m, err
}

// backend is what the scenarios are played against, with the config file and the
// socket of this name.
func backend(file string, socket func() connector.SocketConfig[user, message, message]) scenario.Backend {
	return scenario.Backend{
		Name: file,
		Start: func(t *testing.T, life time.Duration) scenario.Server {
			return start(t, peer.Options{Life: life})
		},
		Session: func(t *testing.T, server scenario.Server) scenario.Client {
			return scenario.NewSession[credentials, user, message, message](t, config(server.(*peer.Server).Host(), socket()), dialect,
				func(a scenario.Account) credentials { return credentials(a) })
		},
		Dialect: dialect,
	}
}

func start(t *testing.T, o peer.Options) *peer.Server {
	t.Helper()
	server, err := peer.Start(t.Context(), installed, o)
	if err != nil {
		t.Fatal(err)
	}
	return server
}

func TestScenarios(t *testing.T) { scenario.Run(t, backend("ws", socket)) }
