package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/custom-app/interlock/connector/configfile"
)

// everything is a config file with much in it, and with secrets wherever they may be.
const everything = `
http:
  base: https://example.com/api
  headers: {X-Api-Key: "${KEY}"}
  token: {header: X-Token, format: "{{token}}"}
  login: {method: PUT, url: "/login?key=${KEY}", headers: {X-One: a}, body: {name: ann, password: "${PASSWORD}", code: 1234}}
  refresh: {url: /refresh}
  user: {url: /me}
  loginAs: {url: /as}
sockets:
  - id: menu
    url: /ws
    auth: {send: {auth: {token: "{{token}}", secret: topsecret}}}
    renew: {send: {again: "{{token}}"}}
    subscribe: [{send: {sub: {kind: categories}}}, {send: {sub: {kind: "${CHANNEL}"}}, noAnswer: true}]
    messageID: {request: /id, as: string}
    ping: {send: {ping: {}}}
  - {id: news, url: "wss://news.example.com/ws?token=${PASSWORD}", public: true, early: true}
  - {id: room, group: 2, url: "ws/{{user/id}}"}
store: {dir: /var/lib/tokens}
`

const planOfEverything = `FILE is good: a session with 3 sockets. Nothing was connected to.

Over HTTP

  login             PUT  https://example.com/login?…
                    body {"code":"…","name":"…","password":"…"}
                    headers X-One
  refresh           POST https://example.com/refresh
                    body {"refresh_token":"{{refresh}}"}
  user              GET  https://example.com/me
  loginAs           POST https://example.com/as
                    body {"user_id":"{{id}}"}
  Requests carry X-Token: {{token}}

Sockets of group 1, together, after the login

  menu              wss://example.com/ws
                    auth      {"auth":{"secret":"…","token":"{{token}}"}}  (awaits its answer)
                    subscribe {"sub":{"kind":"categories"}}  (awaits its answer)
                    subscribe {"sub":{"kind":"${CHANNEL}"}}  (no answer)
                    renew     {"again":"{{token}}"}  (awaits its answer)
                    ping      {"ping":{}}  (awaits its answer)
                    requests have their id at /id, a string
  news              wss://news.example.com/ws?…, public, before the login

Sockets of group 2, together, when those before are ready

  room              wss://example.com/api/ws/{{user/id}}

Tokens are kept in /var/lib/tokens, for the next run, if this one ends with --keep or is killed.

Its machines, in Mermaid; interlock graph all has them whole

  flowchart LR
    login --> token((token))
    login --> group1
    subgraph group1 [group 1]
      socket1["menu: open, auth, 2 subscriptions, ready"]
      socket2["news: open, ready"]
    end
    group1 --> group2
    subgraph group2 [group 2]
      socket3["room: open, ready"]
    end
    token -.-> socket1
    token -.-> socket3
    group2 --> ready
    ready --> logout
`

func TestConnectDryRun(t *testing.T) {
	t.Setenv("PASSWORD", "pw8!?x")
	t.Setenv("KEY", "k3y")
	t.Setenv("CHANNEL", "a-private-channel")
	write := func(text string) string {
		file := filepath.Join(t.TempDir(), "x.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	t.Run("X1 what a file leads to, without its secrets", func(t *testing.T) {
		file := write(everything)
		got := runWith(t, "connect", "-c", file, "--dry-run")
		if text := strings.ReplaceAll(got.stdout, file, "FILE"); got.status != done || got.stderr != "" || text != planOfEverything {
			t.Errorf("got status %d, stderr %q, stdout\n%s\nwant\n%s", got.status, got.stderr, text, planOfEverything)
		}
		for _, secret := range []string{"pw8!?x", "k3y", "a-private-channel", "topsecret", "ann", "1234"} {
			if strings.Contains(got.stdout, secret) {
				t.Errorf("got %q in the plan", secret)
			}
		}
	})
	t.Run("X4 HTTP alone", func(t *testing.T) {
		got := runWith(t, "connect", "-c", write("http: {base: http://127.0.0.1, login: {url: login}}\n"), "--dry-run")
		if got.status != done || !strings.Contains(got.stdout, "a session with 0 sockets") || !strings.HasSuffix(got.stdout, "    login --> logout\n") {
			t.Errorf("got %+v, want a plan", got)
		}
	})
	t.Run("X4 a file that is wrong", func(t *testing.T) {
		file := write(strings.ReplaceAll(everything, "subscribe:", "subscribes:"))
		got := runWith(t, "connect", "-c", file, "--dry-run")
		if got.status != wrongUsage || got.stdout != "" || !strings.Contains(got.stderr, file+":15: sockets[0].subscribes: ") {
			t.Errorf("got %+v, want the line and the field", got)
		}
	})
	t.Run("X4 a full disk", func(t *testing.T) {
		var stderr strings.Builder
		if status := run(t.Context(), []string{"connect", "-c", write(everything), "--dry-run"}, fullDisk{}, &stderr); status != failed || !strings.Contains(stderr.String(), os.ErrClosed.Error()) {
			t.Errorf("got status %d, stderr %q, want a failure that says why", status, stderr.String())
		}
	})
}

func TestAddress(t *testing.T) {
	v := veil{"k3y8": "KEY"}
	for text, want := range map[string]string{
		"https://example.com":                        "https://example.com/",
		"ws://example.com:80/a/k3y8/{{user/id}}":     "ws://example.com:80/a/${KEY}/{{user/id}}",
		"wss://example.com/ws?key=abc&to={{token}}":  "wss://example.com/ws?…",
		"https://ann:pw@x@example.com/login?k=a/b@c": "https://…@example.com/login?…",
	} {
		if got := v.address(text); got != want {
			t.Errorf("X1 %s: got %s, want %s", text, got, want)
		}
	}
}

func TestShortFile(t *testing.T) {
	if _, err := configfile.Parse("short.yaml", []byte(shortFile), configfile.Options{Env: func(string) (string, bool) { return "x", true }}); err != nil {
		t.Errorf("got %v, want that the file of the help is good", err)
	}
}
