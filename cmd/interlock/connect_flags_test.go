package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/custom-app/interlock/connector/connectortest"
)

func TestConnectUsage(t *testing.T) {
	open := filepath.Join(t.TempDir(), "open.yaml")
	if err := os.WriteFile(open, []byte(strings.ReplaceAll(cafe, "BASE", "http://127.0.0.1:1")), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	nobody := fileAt(t, "http://127.0.0.1:1", strings.ReplaceAll(cafe, "  user: {url: /me}\n", "")+"store: {dir: "+t.TempDir()+"}\n")
	for name, test := range map[string]struct {
		args   []string
		status int
		stderr []string
	}{
		"no file":             {nil, wrongUsage, []string{"--config", "-c FILE", "--schema", "see interlock connect --help"}},
		"no such file":        {[]string{"-c", "/nonexistent/x.yaml"}, wrongUsage, []string{"/nonexistent/x.yaml: there is no such file"}},
		"a negative time":     {[]string{"-c", "x", "--for", "-1s"}, wrongUsage, []string{"--for", "-1s"}},
		"a time of no unit":   {[]string{"-c", "x", "--for", "5"}, wrongUsage, []string{"--for", `"5"`}},
		"two ends":            {[]string{"-c", "x", "--once", "--until-ready"}, wrongUsage, []string{"--once", "--until-ready", "together"}},
		"a file by itself":    {[]string{"serve.yaml"}, wrongUsage, []string{"--config: missing; write -c serve.yaml"}},
		"a request by itself": {[]string{"-c", "x", `{"message":1}`}, wrongUsage, []string{`{"message":1}`, "--once"}},
		"a secret for all":    {[]string{"-c", open}, wrongUsage, []string{"open.yaml:4: http.login.body.password: is a secret in clear", "${PASSWORD}", "--insecure-config"}},
		"nothing to keep":     {[]string{"-c", open, "--insecure-config", "--keep"}, wrongUsage, []string{"--keep", "no store", "store: {dir: DIRECTORY}"}},
		"kept for nobody":     {[]string{"-c", nobody, "--keep"}, wrongUsage, []string{"--keep", "no http.user", "add user: {url: URL}"}},
		"no journal":          {[]string{"-c", open, "--insecure-config", "--journal", "/nonexistent/x"}, failed, []string{"--journal", "/nonexistent/x", "name a file that can be written"}},
	} {
		t.Run("X4 "+name, func(t *testing.T) {
			got := runWith(t, append([]string{"connect"}, test.args...)...)
			if got.status != test.status || got.stdout != "" {
				t.Errorf("got status %d and stdout %q, want %d and none", got.status, got.stdout, test.status)
			}
			for _, want := range test.stderr {
				if !strings.Contains(got.stderr, want) {
					t.Errorf("got stderr %q, want it to have %q", got.stderr, want)
				}
			}
			if strings.Contains(strings.ReplaceAll(got.stderr, "is a secret in clear", ""), "secret") {
				t.Errorf("got stderr %q, want no password", got.stderr)
			}
		})
	}
}

func TestConnectSchema(t *testing.T) {
	got := runWith(t, "connect", "--schema")
	var schema map[string]any
	if err := json.Unmarshal([]byte(got.stdout), &schema); err != nil || got.status != done || got.stderr != "" || schema["$schema"] == nil {
		t.Errorf("got status %d, stderr %q, fault %v, want a JSON Schema", got.status, got.stderr, err)
	}
}

func TestConnectUntilReady(t *testing.T) {
	t.Run("S9 every socket is ready", func(t *testing.T) {
		backend := backendOf(t, connectortest.Config{})
		connect(t, fileFor(t, backend, cafe), "--until-ready").ends(done, "every socket is ready")
		if n := backend.Counts().Logouts; n != 1 {
			t.Errorf("got %d logouts, want 1", n)
		}
	})
	t.Run("S9 a socket has failed for good", func(t *testing.T) {
		backend := backendOf(t, connectortest.Config{})
		script(t, backend, connectortest.RefuseUpgrades(1, http.StatusForbidden))
		connect(t, fileFor(t, backend, cafe), "--until-ready").ends(failed, "level=ERROR msg=\"failed for good\" socket=menu", "403", "interlock: connect: --until-ready: a socket has failed for good: socket menu: dial: ")
	})
	t.Run("S9 T5 the server ends the session before, and the program logs in again", func(t *testing.T) {
		backend := backendOf(t, connectortest.Config{})
		script(t, backend, connectortest.RefuseUpgrades(1000, http.StatusBadGateway))
		c := connect(t, fileFor(t, backend, cafe), "--until-ready", "--relogin")
		c.tells(`msg="not ready"`)
		script(t, backend, connectortest.RevokeAll(), connectortest.Behave())
		c.ends(done, "the server has ended the session", "every socket is ready")
	})
	t.Run("X1 a path that the server does not know is named, without its secrets", func(t *testing.T) {
		t.Setenv("KEY", "hunter2")
		c := connect(t, fileFor(t, backendOf(t, connectortest.Config{}), strings.Replace(cafe, "url: /ws", `url: "/sockets/${KEY}?key=hunter2"`, 1)), "--until-ready")
		c.tells("status 404: check the path of the address")
		c.stop()
		c.ends(failed, "/sockets/${KEY}?…")
	})
	t.Run("S9 nothing is ready in time", func(t *testing.T) {
		backend := backendOf(t, connectortest.Config{})
		script(t, backend, connectortest.HoldAuth(9))
		connect(t, fileFor(t, backend, cafe), "--until-ready", "--for", "50ms").ends(failed, "--until-ready: not every socket was ready: the time of --for is over")
	})
}

func TestConnectFor(t *testing.T) {
	t.Run("S6 its end is a logout", func(t *testing.T) {
		backend := backendOf(t, connectortest.Config{})
		c := connect(t, fileFor(t, backend, cafe), "--for", "500ms")
		go func() {
			for c.lines.Scan() { // what comes in that time, if anything does
			}
		}()
		status := <-c.ended
		late := status == failed && strings.Contains(c.stderr.String(), "nobody is logged in")
		if status != done && !late {
			t.Errorf("got status %d, stderr %s, want %d", status, c.stderr, done)
		}
		if n := backend.Counts(); !late && n.Logouts != n.Logins { // a login that was cut short may have been counted
			t.Errorf("got %d logouts after %d logins", n.Logouts, n.Logins)
		}
	})
	t.Run("S3 a login that has no answer in that time", func(t *testing.T) {
		backend := backendOf(t, connectortest.Config{})
		script(t, backend, connectortest.HoldLogins(1))
		connect(t, fileFor(t, backend, cafe), "--for", "50ms").ends(failed, "connect: nobody is logged in: the time of --for is over")
	})
}

func TestConnectCredentials(t *testing.T) {
	text := strings.ReplaceAll(cafe, "password: secret", `password: "{{credentials/password}}"`)
	got := runWith(t, "connect", "-c", fileFor(t, backendOf(t, connectortest.Config{}), text))
	if want := "{{credentials/password}} is for Go programs; write a variable, such as ${PASSWORD}"; got.status != wrongUsage || !strings.Contains(got.stderr, want) {
		t.Errorf("got %+v, want %s", got, want)
	}
}

func TestConnectOnceUnknownAnswer(t *testing.T) {
	text := strings.NewReplacer("    subscribe: [{send: {sub: {kind: categories}}}]\n", "", "{token: \"{{token}}\"}}}", "{token: \"{{token}}\"}}, accept: /auth}",
		"{request: /id}", "{request: /id, answer: /ref}\n    timeouts: {request: 2s}").Replace(cafe)
	got := runWith(t, "connect", "-c", fileFor(t, backendOf(t, connectortest.Config{}), text), "--once", `{"message":{"echo":{"text":"hi"}}}`)
	const want = `{"socket":"menu","request":1,"error":"request: no answer in time, though messages came that are no answer: 1; look at them without --once, and at messageID and answer of the socket in the file"}` + "\n"
	if got.status != failed || got.stdout != want {
		t.Errorf("got %+v, want %s", got, want)
	}
}

func TestConnectOnce(t *testing.T) {
	backend := backendOf(t, connectortest.Config{})
	file := fileFor(t, backend, cafe)
	for name, test := range map[string]struct {
		request string
		status  int
		stdout  string
		stderr  string
	}{
		"an answer":       {`{"message":{"echo":{"text":"hi"}}}`, done, `{"socket":"menu","request":1,"answer":{"id":ID,"echo":{"text":"hi"}}}`, ""},
		"an error":        {`{"message":{"menuDelete":{"id":99}}}`, failed, `{"socket":"menu","request":1,"error":"not_found","answer":{"id":ID,"error":{"code":"not_found","text":"there is no such category"}}}`, "--once: the request has failed"},
		"over HTTP":       {`{"http":"POST /echo","body":{"a": 1}}`, done, `{"http":"POST /echo","status":200,"answer":{"a":1}}`, ""},
		"an HTTP status":  {`{"http":"GET /nowhere","request":"x"}`, failed, `{"http":"GET /nowhere","request":"x","status":404,"answer":"404 page not found\n"}`, "--once: the request has failed"},
		"another user":    {`{"loginAs":2}`, done, `{"loginAs":2,"user":{"id":2,"name":"bob"}}`, ""},
		"nobody":          {`{"loginAs":99}`, failed, `{"loginAs":99,"error":"loginAs: still the user before: login as: rejected (status 404)"}`, "--once: the request has failed"},
		"a logout":        {`{"logout":"here"}`, done, `{"logout":"here"}`, ""},
		"no answer":       {`{"message":{"quiet":1},"noAnswer":true}`, done, "", ""},
		"none by a match": {`{"message":{"quiet":1}}`, done, "", ""},
		"no JSON":         {`hello`, wrongUsage, "", "--once: the request is not a JSON object"},
		"no socket":       {`{"socket":"meun","message":1}`, wrongUsage, "", `--once: the request has an unknown socket "meun"; write one of menu`},
		"nothing":         {"", failed, "", "--once: standard input has no request; write one, such as"},
	} {
		for _, from := range []string{"argument", "standard input"} {
			t.Run("X4 "+name+" "+from, func(t *testing.T) {
				args := []string{"connect", "-c", file, "--once"}
				if from == "argument" && test.request != "" {
					args = append(args, test.request)
				}
				program := &commands{Connect: connectCommand{stdin: strings.NewReader(test.request + "\n" + `{"http":"GET /me"}`)}}
				if test.request == "" {
					program.Connect.stdin = strings.NewReader("\n")
				}
				var stdout, stderr bytes.Buffer
				status := program.run(t.Context(), args, &stdout, &stderr)
				got := answerID.ReplaceAllString(strings.TrimSuffix(stdout.String(), "\n"), `"answer":{"id":ID,`)
				if status != test.status || got != test.stdout || !strings.Contains(stderr.String(), test.stderr) {
					t.Errorf("got status %d, stdout\n%s\nstderr\n%s\nwant %d,\n%s\nand %q", status, got, stderr.String(), test.status, test.stdout, test.stderr)
				}
			})
		}
	}
}

func TestConnectGreatBuffer(t *testing.T) {
	file := fileFor(t, backendOf(t, connectortest.Config{}), strings.Replace(cafe, "    noAnswer:", "    buffer: {count: 1000000000000000000}\n    noAnswer:", 1))
	if got := runWith(t, "connect", "-c", file, "--once", `{"message":{"ping":{}}}`); got.status != done || !strings.Contains(got.stdout, `"request":1,"answer":{`) {
		t.Errorf("got %+v, want an answer", got)
	}
}

func TestConnectJournal(t *testing.T) {
	journal := filepath.Join(t.TempDir(), "run.jsonl")
	backend := backendOf(t, connectortest.Config{})
	connect(t, fileFor(t, backend, cafe), "--journal", journal, "--until-ready").ends(done)
	if got := runWith(t, "replay", journal); got.status != done || !strings.Contains(got.stdout, "of 1 session: the same states and effects") {
		t.Errorf("got %+v, want a journal that replays", got)
	}
}

func script(t *testing.T, backend *connectortest.Backend, faults ...connectortest.Fault) {
	t.Helper()
	if err := backend.Script(faults...); err != nil {
		t.Fatal(err)
	}
}
