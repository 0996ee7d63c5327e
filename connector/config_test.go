package connector_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/transitions"
)

type config = connector.Config[credentials, user]

// goodConfig is a config without a fault.
func goodConfig() config {
	return config{
		Auth:    &authhttp.JSON[credentials, user]{LoginURL: "https://api.example/login"},
		Sockets: []connector.AnySocket[user]{menuSocket("wss://api.example/ws")},
	}
}

func TestConfig(t *testing.T) {
	edit := func(edit func(*socketConfig)) func(*config) { return change(socket(edit)) }
	second := -time.Second
	cases := []struct {
		want string // in the error; empty: there is none
		edit func(*config)
	}{
		{"", func(*config) {}},
		{"", func(c *config) { c.Sockets = nil }},
		{"Auth: is required", func(c *config) { c.Auth = nil }},
		{"LoginURL: missing", func(c *config) { c.Auth = &authhttp.JSON[credentials, user]{} }},
		{"Auth: ", func(c *config) { c.Auth = (*authhttp.JSON[credentials, user])(nil) }},
		{"X2 LoginURL: plain http", func(c *config) { c.Auth = &authhttp.JSON[credentials, user]{LoginURL: "http://api.example/login"} }},
		{"HTTP: Source", func(c *config) { c.HTTP.Source = &connector.Session[credentials, user]{} }},
		{"HTTP: ", func(c *config) { c.HTTP.Origins = []string{"nonsense"} }},
		{"LoginTimeout", func(c *config) { c.LoginTimeout = second }},
		{"RefreshTimeout", func(c *config) { c.RefreshTimeout = second }},
		{"RevokeTimeout", func(c *config) { c.RevokeTimeout = second }},
		{"CloseTimeout", func(c *config) { c.CloseTimeout = second }},
		{"StaleGap", func(c *config) { c.StaleGap = second }},
		{"RefreshFloor", func(c *config) { c.RefreshFloor = second }},
		{"RetryFloor", func(c *config) { c.RetryFloor = second }},
		{"RetryCap: 1ms is less than RetryFloor", func(c *config) { c.RetryCap = time.Millisecond }},
		{"Backoff", func(c *config) { c.Backoff = func() backoff.BackOff { return nil } }},
		{"Engine", func(c *config) { c.Engine = 7 }},
		{"Sockets[0]: is nil", func(c *config) { c.Sockets[0] = nil }},
		{`Sockets[1]: ID: "menu" is taken`, func(c *config) { c.Sockets = append(c.Sockets, c.Sockets[0]) }},
		{"Sockets[0]: ID: is required", edit(func(s *socketConfig) { s.ID = "" })},
		{"Sockets[0]: URL", edit(func(s *socketConfig) { s.URL = "" })},
		{"Sockets[0]: URL", edit(func(s *socketConfig) { s.URL = "https://api.example" })},
		{"Sockets[0]: URL", edit(func(s *socketConfig) { s.URL = "wss://\x7f" })},
		{"Sockets[0]: URL: holds credentials", edit(func(s *socketConfig) { s.URL = "wss://u:p@api.example" })},
		{"X2 Sockets[0]: URL: ws:// to api.example", edit(func(s *socketConfig) { s.URL = "ws://api.example/ws" })},
		{"", edit(func(s *socketConfig) { s.URL = "ws://127.0.0.1:1/ws" })},
		{"", edit(func(s *socketConfig) { s.URL = "ws://[::1]:1/ws" })},
		{"", edit(func(s *socketConfig) { s.URL = "ws://localhost:1/ws" })},
		{"", func(c *config) { edit(func(s *socketConfig) { s.URL = "ws://api.example/ws" })(c); c.AllowPlain = true }},
		{"SetID, GetID", edit(func(s *socketConfig) { s.GetID = nil })},
		{"Auth: Build", edit(func(s *socketConfig) { s.Auth.Build = nil })},
		{"Subscribe[0]: Build", edit(func(s *socketConfig) { s.Subscribe[0].Build = nil })},
		{"Auth: awaits an answer", edit(func(s *socketConfig) { s.SetID, s.GetID = nil, nil })},
		{"Subscribe: 256", edit(func(s *socketConfig) {
			for len(s.Subscribe) < 256 {
				s.Subscribe = append(s.Subscribe, sub("a"))
			}
		})},
		{"Buffer: Count", edit(func(s *socketConfig) { s.Buffer.Count = -1 })},
		{"Buffer: Policy", edit(func(s *socketConfig) { s.Buffer.Policy = transitions.Refuse + 1 })},
		{"OpenTimeout", edit(func(s *socketConfig) { s.OpenTimeout = second })},
		{"AuthTimeout", edit(func(s *socketConfig) { s.AuthTimeout = second })},
		{"SubscribeTimeout", edit(func(s *socketConfig) { s.SubscribeTimeout = second })},
		{"RequestTimeout", edit(func(s *socketConfig) { s.RequestTimeout = second })},
		{"WriteTimeout", edit(func(s *socketConfig) { s.WriteTimeout = second })},
		{"StablePeriod", edit(func(s *socketConfig) { s.StablePeriod = second })},
		{"ReadLimit", edit(func(s *socketConfig) { s.ReadLimit = -1 })},
	}
	for _, c := range cases {
		clause, want, isX2 := "X4 ", c.want, false
		if want, isX2 = strings.CutPrefix(c.want, "X2 "); isX2 {
			clause = "X2 "
		}
		t.Run(clause+want, func(t *testing.T) {
			bad := goodConfig()
			c.edit(&bad)
			client, err := connector.New(bad)
			if want == "" && (err != nil || client == nil) {
				t.Errorf("got %v, want none", err)
			}
			if want != "" && (err == nil || !strings.Contains(err.Error(), "interlock: config: ") || !strings.Contains(err.Error(), want)) {
				t.Errorf("got %v, want it to say %q", err, want)
			}
		})
	}

	t.Run("X4 all faults at once", func(t *testing.T) {
		_, err := connector.New(config{CloseTimeout: -1, Engine: 9, Sockets: []connector.AnySocket[user]{
			socketConfig{Auth: &socketStep{}, Buffer: connector.Buffer{Bytes: -1}}, nil,
		}})
		for _, want := range []string{"Auth: is required", "CloseTimeout", "Engine", "Sockets[0]", "ID: is required", "URL", "Auth: Build", "Auth: awaits", "Buffer", "Sockets[1]: is nil"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want it to say %q", err, want)
			}
		}
	})
}

func TestHandles(t *testing.T) {
	client, err := connector.New(goodConfig())
	if err != nil {
		t.Fatal(err)
	}
	s := client.NewSession()
	if _, err := connector.On[request, response](s, "nowhere"); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("got %v for an id that is not declared", err)
	}
	if _, err := connector.On[request, http.Header](s, "menu"); err == nil || !strings.Contains(err.Error(), "types") {
		t.Errorf("got %v for other message types", err)
	}
	if _, err := connector.On[int, response](s, "menu"); err == nil || !strings.Contains(err.Error(), "types") {
		t.Errorf("got %v for other request types", err)
	}
}
