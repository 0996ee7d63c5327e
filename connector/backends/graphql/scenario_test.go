package graphql_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/custom-app/interlock/connector/backends/graphql"
	"github.com/custom-app/interlock/connector/backends/scenario"
)

// dialect is how the scenarios speak with the server.
var dialect = scenario.Dialect{
	Socket: "graphql",
	Ask: func(text string) any {
		return operation("", "query ($text: String!) { echo(text: $text) }", map[string]string{"text": text})
	},
	Answer: func(answer json.RawMessage) (string, error) {
		said, err := read(answer)
		return said.Payload.Data.Echo, err
	},
	Push: func(message json.RawMessage) (string, bool) {
		said, err := read(message)
		return said.Payload.Data.News, err == nil && said.Type == "next"
	},
}

// said is what a message with the type next says.
type said struct {
	Type    string
	Payload struct{ Data struct{ Echo, News string } }
}

func read(message json.RawMessage) (s said, err error) {
	err = json.Unmarshal(message, &s)
	return s, err
}

func TestScenarios(t *testing.T) {
	scenario.Run(t, scenario.Backend{
		Name: "graphql",
		Start: func(t *testing.T, life time.Duration) scenario.Server {
			server, err := graphql.Start(life, 10*time.Second)
			if err != nil {
				t.Fatal(err)
			}
			return server
		},
		Session: func(t *testing.T, server scenario.Server) scenario.Client {
			return scenario.NewSession[credentials, user, message, message](t, config(server.(*graphql.Server).Address()), dialect,
				func(a scenario.Account) credentials { return credentials(a) })
		},
		Dialect: dialect,
	})
}
