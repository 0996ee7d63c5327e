package pocketbase_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/custom-app/interlock/connector/backends/pocketbase"
	"github.com/custom-app/interlock/connector/backends/scenario"
)

// dialect is how the scenarios speak with the application's socket.
var dialect = scenario.Dialect{
	Socket: "app",
	Ask:    func(said string) any { return frame{Echo: &text{said}} },
	Answer: func(answer json.RawMessage) (string, error) {
		var f frame
		if err := json.Unmarshal(answer, &f); err != nil || f.Echo == nil {
			return "", errors.Join(err, errors.New("not the answer to an echo"))
		}
		return f.Echo.Text, nil
	},
	Push: func(message json.RawMessage) (string, bool) {
		var f frame
		if err := json.Unmarshal(message, &f); err != nil || f.Push == nil {
			return "", false
		}
		return f.Push.Text, true
	},
}

// start starts a PocketBase.
func start(t *testing.T, life time.Duration) *pocketbase.Server {
	t.Helper()
	server, err := pocketbase.Start(t.TempDir(), life)
	if err != nil {
		t.Fatal(err)
	}
	return server
}

func TestScenarios(t *testing.T) {
	t.Parallel()
	scenario.Run(t, scenario.Backend{
		Name: "pocketbase",
		Start: func(t *testing.T, life time.Duration) scenario.Server {
			return start(t, max(life, 10*time.Second)) // PocketBase takes no less
		},
		Session: func(t *testing.T, s scenario.Server) scenario.Client {
			base := s.(*pocketbase.Server).URL()
			return scenario.NewSession[login, record, frame, frame](t, config(base, "users"), dialect,
				func(a scenario.Account) login { return login{a.Name, a.Password} })
		},
		Dialect:  dialect,
		NoLogout: true, // PocketBase has no endpoint for it
	})
}
