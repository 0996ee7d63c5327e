package centrifugal_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/custom-app/interlock/connector/backends/centrifugal"
	"github.com/custom-app/interlock/connector/backends/scenario"
)

// dialect is how the scenarios speak with the node.
var dialect = scenario.Dialect{
	Socket: "node",
	Ask:    func(said string) any { return frame{RPC: &call{Method: "echo", Data: &text{said}}} },
	Answer: func(answer json.RawMessage) (string, error) {
		var f frame
		if err := json.Unmarshal(answer, &f); err != nil || f.RPC == nil || f.RPC.Data == nil {
			return "", errors.Join(err, errors.New("not the answer to an rpc"))
		}
		return f.RPC.Data.Text, nil
	},
	Push: func(message json.RawMessage) (string, bool) {
		var f frame
		if err := json.Unmarshal(message, &f); err != nil || f.Push == nil || f.Push.Pub == nil {
			return "", false
		}
		return f.Push.Pub.Data.Text, true
	},
}

func TestScenarios(t *testing.T) {
	scenario.Run(t, scenario.Backend{
		Name: "centrifuge",
		Start: func(t *testing.T, life time.Duration) scenario.Server {
			server, err := centrifugal.Start(centrifugal.Config{Life: life})
			if err != nil {
				t.Fatal(err)
			}
			return server
		},
		Session: func(t *testing.T, s scenario.Server) scenario.Client {
			server := s.(*centrifugal.Server)
			return scenario.NewSession[login, user, frame, frame](t, config(server.URL(), server.WebSocketURL()), dialect,
				func(a scenario.Account) login { return login{a.Name, a.Password} })
		},
		Dialect: dialect,
	})
}
