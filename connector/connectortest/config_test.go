package connectortest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/custom-app/interlock/connector/connectortest"
)

func TestNewJoinsAllFaults(t *testing.T) {
	_, err := connectortest.New(connectortest.Config{
		AccessLife:  -1,
		RefreshLife: 1,
		Users: []connectortest.User{
			{ID: 1, Name: "ann", Password: "x"},
			{ID: 1, Name: "ann"},
			{},
		},
	})
	if err == nil {
		t.Fatal("got no error")
	}
	for _, want := range []string{
		"AccessLife", "RefreshLife", "Users[1].ID: 1 is taken", `Users[1].Name: "ann" is taken`,
		"Users[1].Password: empty", "Users[2].ID: 0", "Users[2].Name: empty",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s among it", err, want)
		}
	}
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	var log bytes.Buffer
	config := connectortest.Config{
		Users: connectortest.DefaultUsers(),
		Log:   slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	inBubble(t, config, func(t *testing.T, c *client, _ *connectortest.Network) {
		pair := c.logIn()
		s := c.join()
		s.send(`{"id":3,"echo":{"text":"hi"}}`)
		s.next()

		var printed strings.Builder
		for _, value := range []any{config, &config, c.b, config.Users[0]} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%q", "%x", "%s"} {
				fmt.Fprintf(&printed, verb+"\n", value)
			}
			config.Log.Info("value", "value", value)
			data, err := json.Marshal(config.Users)
			if err != nil {
				t.Fatal(err)
			}
			printed.Write(data)
		}
		all := printed.String() + log.String()
		for _, secret := range []string{"secret", "hunter2", "letmein", pair.Access, pair.Refresh, fmt.Sprintf("%x", "secret")} {
			if strings.Contains(all, secret) {
				t.Errorf("got %d bytes of output with a secret in them, want none", len(all))
			}
		}
		if !strings.Contains(log.String(), "step=login") {
			t.Errorf("log: got %s, want the login in it", log.String())
		}
	})
}
