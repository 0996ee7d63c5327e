package configfile_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/custom-app/interlock/connector/configfile"
)

const whole = `
http:
  base: https://example.com/api
  headers: {X-Client: "1"}
  token: {header: X-Token, format: "{{token}}"}
  exclude: [/public]
  login:
    url: login
    answer:
      access: [/data/access, /data/token]
      refresh: none
      life: {at: /data/ttl, unit: milliseconds}
  refresh:
    url: refresh
sockets:
  - id: chat
    url: ws
    group: 1
    subprotocols: [v2, v1]
    messageID: {request: /id, as: string}
    blame: oldest
    code: {number: /error/code, text: [/error/name]}
    rules:
      - {close: 3500-3999, means: rejected}
      - {message: token_expired, means: expired}
      - {message: -32099--32000, means: busy}
    buffer: {count: 5, overflow: refuse}
    timeouts: {open: 2s, request: 1m30s}
    readLimit: 4096
    compress: true
store: {dir: /var/lib/tokens, account: ann}
retry: {floor: 1s, perMinute: 60}
`

func TestParse(t *testing.T) {
	file, err := configfile.Parse("x.yaml", []byte(whole), configfile.Options{})
	if err != nil {
		t.Fatalf("got error\n%v", err)
	}
	socket := file.Sockets[0]
	for _, c := range []struct {
		name      string
		got, want any
	}{
		{"base", file.HTTP.Base, "https://example.com/api"},
		{"headers", file.HTTP.Headers, configfile.Headers{"X-Client": "1"}},
		{"token", file.HTTP.Token, configfile.TokenHeader{Header: "X-Token", Format: "{{token}}"}},
		{"exclude", file.HTTP.Exclude, []string{"/public"}},
		{"login.url", file.HTTP.Login.URL, "login"},
		{"access", file.HTTP.Login.Answer.Access, configfile.Pointers{At: []string{"/data/access", "/data/token"}}},
		{"refresh", file.HTTP.Login.Answer.Refresh, configfile.Pointers{None: true}},
		{"life", file.HTTP.Login.Answer.Life, configfile.Life{At: configfile.Pointers{At: []string{"/data/ttl"}}, Unit: "milliseconds"}},
		{"refresh.url", file.HTTP.Refresh.URL, "refresh"},
		{"logout", file.HTTP.Logout, (*configfile.Call)(nil)},
		{"id", socket.ID, "chat"},
		{"group", socket.Group, 1},
		{"subprotocols", socket.Subprotocols, []string{"v2", "v1"}},
		{"messageID", socket.MessageID, configfile.ID{Request: "/id", As: "string"}},
		{"rules", socket.Rules, []configfile.Rule{
			{Close: configfile.Range{From: 3500, To: 3999}, Means: "rejected"},
			{Message: &configfile.Saying{Text: "token_expired"}, Means: "expired"},
			{Message: &configfile.Saying{Range: configfile.Range{From: -32099, To: -32000}}, Means: "busy"},
		}},
		{"buffer", socket.Buffer, configfile.Buffer{Count: 5, Overflow: "refuse"}},
		{"timeouts", socket.Timeouts, configfile.Timeouts{Open: configfile.Duration(2 * time.Second), Request: configfile.Duration(90 * time.Second)}},
		{"readLimit", socket.ReadLimit, int64(4096)},
		{"compress", socket.Compress, true},
		{"store", file.Store, &configfile.Store{Dir: "/var/lib/tokens", Account: "ann"}},
		{"retry", file.Retry, configfile.Retry{Floor: configfile.Duration(time.Second), PerMinute: 60}},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("%s: got %#v, want %#v", c.name, c.got, c.want)
		}
	}
}
