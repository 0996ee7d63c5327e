package configfile_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/configfile"
	"github.com/custom-app/interlock/transitions"
)

type socketConfig = connector.SocketConfig[configfile.User, configfile.Message, configfile.Message]

func TestConfig(t *testing.T) {
	config, err := parse(t, `
http:
  base: https://api.example/v1
  allowPlain: true
  token: {header: X-Token, format: "{{token}}"}
  exclude: [/public, open, "https://cdn.example/x"]
  excludePattern: ["[.]png$"]
  login: {url: login}
store: {dir: /tmp/x, account: ann}
retry: {floor: 50ms, cap: 2m, perMinute: 60}
sockets:
  - {id: late, group: 3, url: /late}
  - {id: one, url: ws}
  - id: two
    group: 2
    url: ws://other.example/ws
    public: true
    buffer: {count: 7, bytes: 100, overflow: refuse}
    timeouts: {open: 1s, auth: 2s, subscribe: 3s, attempt: 4s, request: 5s, pingAfter: 6s, ping: 7s, stable: 8s}
    readLimit: 9
    compress: true
    code: {number: /c, text: /t}
    rules:
      - {close: 3500-3999, means: rejected}
      - {close: 4000, reason: bye, means: replaced}
      - {status: 429, means: busy}
      - {message: 109, means: expired}
      - {message: gone, means: network}
`, "").Config()
	if err != nil {
		t.Fatal(err)
	}
	t.Run("C1 groups, in the order of their numbers", func(t *testing.T) {
		var got []string
		for _, group := range append([]connector.Group[configfile.User]{{Sockets: config.Sockets}}, config.Chain...) {
			for _, s := range group.Sockets {
				got = append(got, s.(socketConfig).ID+" "+s.(socketConfig).URL)
			}
		}
		if want := []string{"one wss://api.example/v1/ws", "two ws://other.example/ws", "late wss://api.example/late"}; !reflect.DeepEqual(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("K1 what a socket says", func(t *testing.T) {
		two := config.Chain[0].Sockets[0].(socketConfig)
		want := connector.Common{
			OpenTimeout: time.Second, AuthTimeout: 2 * time.Second, SubscribeTimeout: 3 * time.Second, AttemptTimeout: 4 * time.Second,
			RequestTimeout: 5 * time.Second, PingAfter: 6 * time.Second, PingTimeout: 7 * time.Second, StablePeriod: 8 * time.Second,
			ReadLimit: 9, Compress: true,
			Rules: []connector.Rule{
				{Source: connector.OfClose, From: 3500, To: 3999, Class: connector.ClassRejected},
				{Source: connector.OfClose, From: 4000, To: 4000, Text: "bye", Class: connector.ClassReplaced},
				{Source: connector.OfStatus, From: 429, To: 429, Class: connector.ClassBusy},
				{Source: connector.OfMessage, From: 109, To: 109, Class: connector.ClassExpired},
				{Source: connector.OfMessage, Text: "gone", Class: connector.ClassNetwork},
			},
		}
		if got := two.Common; !reflect.DeepEqual(got, want) || !two.Public {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if want := (connector.Buffer{Count: 7, Bytes: 100, Policy: transitions.Refuse}); two.Buffer != want {
			t.Errorf("got %+v, want %+v", two.Buffer, want)
		}
		for text, want := range map[string]connector.Code{`{"c":109,"t":"x"}`: {Number: 109, Text: "x"}, `{"c":"3"}`: {Number: 3}, `{"t":"x","c":1.5}`: {Text: "x"}} {
			if got, ok := two.Code(message(t, text)); !ok || got != want {
				t.Errorf("%s: got %v, %t, want %v", text, got, ok, want)
			}
		}
		if code, ok := two.Code(message(t, `{"c":null,"t":1}`)); ok {
			t.Errorf("got %v, want no code", code)
		}
	})
	t.Run("T1 how requests of the application go out", func(t *testing.T) {
		h := config.HTTP
		if h.Header != "X-Token" || h.Format("A") != "A" || !h.AllowPlain || fmt.Sprint(h.Origins) != "[https://api.example]" ||
			fmt.Sprint(h.Exclude) != "[https://api.example/public https://api.example/v1/open https://cdn.example/x]" || fmt.Sprint(h.ExcludePattern) != "[[.]png$]" {
			t.Errorf("got %+v", h)
		}
	})
	t.Run("S7 the store, and how attempts follow each other", func(t *testing.T) {
		if config.Store != (authhttp.FileStore{Dir: "/tmp/x"}) || config.RetryFloor != 50*time.Millisecond || config.RetryCap != 2*time.Minute || config.AttemptsPerMinute != 60 {
			t.Errorf("got %+v, %v, %v, %d", config.Store, config.RetryFloor, config.RetryCap, config.AttemptsPerMinute)
		}
		delays := config.Backoff()
		var last time.Duration
		for range 20 {
			last = delays.NextBackOff()
		}
		if last != 2*time.Minute {
			t.Errorf("got %v after 20 attempts, want the cap", last)
		}
	})
	t.Run("K1 it is one that the connector takes", func(t *testing.T) {
		if _, err := connector.New(config); err != nil {
			t.Error(err)
		}
	})
	t.Run("K1 nothing but a login", func(t *testing.T) {
		config, err := parse(t, `http: {login: {url: "https://a.example:8443/x"}}`, "").Config()
		if err != nil || fmt.Sprint(config.HTTP.Origins) != "[https://a.example:8443]" || config.Backoff != nil || config.Store != nil {
			t.Errorf("got %+v, %v", config.HTTP.Origins, err)
		}
		if _, err := connector.New(config); err != nil {
			t.Error(err)
		}
	})
}

func TestPlaceholdersOfFiles(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`http: {login: {url: "https://a.example/x", body: {a: "{{credential/x}}"}}}`, "test.yaml:1: http.login.body: {{credential/x}} stands for nothing; write {{credentials/NAME}}: here there are {{credentials/NAME}}"},
		{`http: {login: {url: "https://a.example/x", body: {a: "{{token}}"}}}`, "http.login.body: {{token}} is not known here; here there are {{credentials/NAME}}"},
		{`http: {login: {url: "https://a.example/x", headers: {A: "{{user/id}}"}}}`, "http.login.headers.A: {{user/id}} is not known here"},
		{`http: {login: {url: "https://{{credentials/host}}/x"}}`, "http.login.url: has a placeholder before its path"},
		{`http: {login: {url: "{{credentials/host}}/x"}}`, "http.login.url: has a placeholder before its path"},
		{`http: {login: {url: "https://a.example/x"}, headers: {A: "{{token}}"}}`, "http.headers.A: {{token}} is not known here; nothing has placeholders here"},
		{`http: {login: {url: "https://a.example/x"}, token: {format: "{{token}} {{x}}"}}`, "http.token.format: {{x}} stands for nothing"},
		{`http: {login: {url: "https://a.example/x"}, loginAs: {url: "https://a.example/{{id/x}}"}}`, "http.loginAs.url: {{id/x}}: the id has no fields; write {{id}}"},
		{`http: {login: {url: "https://a.example/x"}, refresh: {url: "https://a.example/x", body: "{{id}}"}}`, "http.refresh.body: {{id}} is not known here; here there are {{token}}, {{refresh}}"},
		{`http: {login: {url: "https://a.example/{{credentials"}}`, "http.login.url: has {{ without }}"},
		{socketFile(`auth: {send: "{{auth/x}}", noAnswer: true}`), "sockets[0].auth.send: {{auth/x}} is not known here; here there are {{user/FIELD}}, {{token}}"},
		{socketFile(`auth: {send: "{{refresh}}", noAnswer: true}`), "sockets[0].auth.send: {{refresh}} is not known here"},
		{socketFile(`subscribe: [{send: "{{auth/x}}", noAnswer: true}]`), "sockets[0].subscribe[0].send: {{auth/x}} is not known here"},
		{socketFile(`subscribe: [{send: "{{answers/b/auth}}", noAnswer: true}]`), "sockets[0].subscribe[0].send: {{answers/b/auth}} is not known here"},
		{socketFile(`public: true, headers: {A: "{{token}}"}`), "sockets[0].headers.A: {{token}} is not known here; here there are {{user/FIELD}}"},
		{socketFile(`early: true, headers: {A: "{{token}}"}`), "sockets[0].headers.A: {{token}} is not known here; nothing has placeholders here"},
		{socketFile(`ping: {send: "{{token}}"}`), "sockets[0].ping.send: {{token}} is not known here; nothing has placeholders here"},
		{socketFile(`pong: {to: /ping, send: "{{token}}"}`), "sockets[0].pong.send: {{token}} is not known here; here there are {{message/FIELD}}"},
		{socketFile(`messageID: {request: id}`), `sockets[0].messageID.request: "id" is no JSON Pointer`},
		{socketFile(`url: "wss://{{user/host}}/x"`), "sockets[0].url: has a placeholder before its path"},
		{socketFile(`group: 2, auth: {send: "{{answers/c/auth}}", noAnswer: true}}, {id: b, url: /ws`), "sockets[0].auth.send: {{answers/c/auth}}: there is no socket c of an earlier group"},
	} {
		_, err := configfile.Parse("test.yaml", []byte(c.text), configfile.Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.text, err, c.want)
		}
	}
	for _, fine := range []string{
		socketFile(`early: true, auth: {send: "{{token}}", answer: /ok}, subscribe: [{send: "{{auth/x}} {{user}}", noAnswer: true}]`),
		socketFile(`public: true, auth: {send: "{{user/id}}", answer: /ok}`),
		`http: {login: {url: "https://a.example/{{credentials/tenant}}/x?y={{credentials/z}}"}}`,
	} {
		if _, err := configfile.Parse("test.yaml", []byte(fine), configfile.Options{}); err != nil {
			t.Errorf("%s: %v", fine, err)
		}
	}
}

// socketFile is a file with one socket.
func socketFile(fields string) string {
	url := "url: /ws, "
	if strings.HasPrefix(fields, "url") {
		url = ""
	}
	return `http: {base: "https://a.example", login: {url: /login}}` + "\nsockets: [{id: a, " + url + fields + "}]"
}

func TestFilesMadeInCode(t *testing.T) {
	file := &configfile.File{
		HTTP: configfile.HTTP{
			Login: &configfile.Call{URL: "https://a.example/{{x}}"}, ExcludeRE: []string{"("},
			Answer: configfile.Answer{Life: configfile.Life{Unit: "years"}},
		},
		Sockets: []configfile.Socket{{
			ID: "a", URL: "wss://a.example", Blame: "me", MessageID: configfile.ID{Request: "id", As: "uuid"},
			Buffer: configfile.Buffer{Overflow: "spill"}, Rules: []configfile.Rule{{Means: "maybe"}},
		}},
	}
	_, err := file.Config()
	for _, want := range []string{
		"http.login.url: {{x}} stands for nothing", "http.excludePattern[0]: is no regular expression", "http.answer.life.unit: is none of",
		"sockets[0].blame", "sockets[0].messageID.as", "sockets[0].messageID.request", "sockets[0].buffer.overflow", "sockets[0].rules[0].means",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	for want, http := range map[string]configfile.HTTP{
		"http.login: is missing, and so is http.tokens": {},
		"http.tokens: is there beside login":            {Login: &configfile.Call{URL: "https://a.example/x"}, Tokens: &configfile.Tokens{Access: "a"}},
	} {
		if _, err := (&configfile.File{HTTP: http}).Config(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if _, err := (&configfile.File{HTTP: configfile.HTTP{Login: &configfile.Call{URL: "https://a.example/x"}}}).Config(); err != nil {
		t.Error(err)
	}
}
