package graphql_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/backends/graphql"
	"github.com/custom-app/interlock/connector/backends/scenario"
	"github.com/custom-app/interlock/connector/configfile"
)

// word is a message of a session whose config is a file.
type word = configfile.Message

// readFile logs in with the config of graphql.yaml.
func readFile(t *testing.T, server *graphql.Server) *connector.Socket[word, word] {
	t.Helper()
	client, err := connector.New(scenario.FileConfig(t, "graphql", server))
	if err != nil {
		t.Fatal(err)
	}
	session := client.NewSession()
	t.Cleanup(func() { _ = session.Close(context.Background()) })
	socket, err := connector.On[word, word](session, "graphql")
	if err != nil {
		t.Fatal(err)
	}
	if err := session.Login(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return socket
}

func TestFile(t *testing.T) {
	t.Run("R2 graphql.yaml: what is said of an error", func(t *testing.T) {
		socket := readFile(t, serve(t, time.Minute, 0))
		for query, want := range map[string]string{"{ nothing }": "Cannot query field", `{ echo(text: "") }`: "the text is empty"} {
			m, err := configfile.MakeMessage(map[string]any{"type": "subscribe", "payload": map[string]any{"query": query}})
			if err != nil {
				t.Fatal(err)
			}
			if answer, err := socket.Request(t.Context(), m); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, %v, want %q", query, answer, err, want)
			}
		}
	})

	t.Run("K10 graphql.yaml: pings of the server are answered", func(t *testing.T) {
		server := serve(t, time.Minute, 250*time.Millisecond)
		all := readFile(t, server).All(0)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		pings := make(map[uint32]int) // by connection
		for m := range all.All(ctx) {
			if kind, _ := m.Message.At("/type"); kind == "ping" && m.Own {
				if pings[m.Generation]++; pings[m.Generation] == 4 { // the server waits for two intervals
					return
				}
			}
		}
		t.Errorf("got pings %v, want 4 on one connection", pings)
	})
}
