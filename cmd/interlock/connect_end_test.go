package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/custom-app/interlock/connector/connectortest"
)

func TestConnectLogin(t *testing.T) {
	t.Run("S3 a wrong password", func(t *testing.T) {
		backend := backendOf(t, connectortest.Config{})
		c := connect(t, fileFor(t, backend, strings.ReplaceAll(cafe, "password: secret", "password: letmein")))
		c.ends(failed, "interlock: connect: the server has said no: login: rejected (status 401); look at what http.login sends to "+backend.URL()+"/login: ")
		if n := backend.Counts().Logins; n != 1 {
			t.Errorf("got %d logins, want 1", n)
		}
	})
	t.Run("S3 a server that is not there yet", func(t *testing.T) {
		backend := backendOf(t, connectortest.Config{})
		script(t, backend, connectortest.RefuseLogins(1, http.StatusServiceUnavailable))
		c := connect(t, fileFor(t, backend, cafe))
		c.tells(`level=WARN msg="not logged in yet"`)
		c.hear(theMenu)
		c.stop()
		c.ends(done, "unavailable (status 503)")
	})
	t.Run("K5 the time of the next attempt", func(t *testing.T) {
		backend := backendOf(t, connectortest.Config{})
		script(t, backend, connectortest.RefuseLogins(1, http.StatusServiceUnavailable))
		patient := strings.Replace(cafe, "floor: 10ms, cap: 20ms", "floor: 1h, cap: 1h", 1)
		c := connect(t, fileFor(t, backend, patient))
		c.tells(`level=WARN msg="not logged in yet" next=`)
		c.stop()
		c.ends(done)

		c = connect(t, fileFor(t, backend, patient))
		c.hear(theMenu)
		script(t, backend, connectortest.DropSockets())
		c.tells(`level=WARN msg=lost socket=menu next=`)
		c.stop()
		c.ends(done)
	})
	t.Run("S3 an interrupt before there is an answer", func(t *testing.T) {
		backend := backendOf(t, connectortest.Config{})
		script(t, backend, connectortest.HoldLogins(1))
		c := connect(t, fileFor(t, backend, cafe))
		c.tells(`msg="logging in"`)
		c.stop()
		c.ends(done)
	})
	for name, answer := range map[string]struct {
		status         int
		kind, body, is string
	}{
		"a page of HTML": {http.StatusOK, "text/html", "<html>Log in</html>", "text/html"},
		"half an answer": {http.StatusOK, "application/json", `{"access_token":`, "not JSON at byte"},
	} {
		t.Run("X4 "+name, func(t *testing.T) {
			backend := backendOf(t, connectortest.Config{})
			script(t, backend, connectortest.AnswerLogins(1, answer.status, answer.kind, answer.body))
			c := connect(t, fileFor(t, backend, cafe))
			c.tells(answer.is)
			c.hear(theMenu) // the next login is answered as it should be
			c.stop()
			c.ends(done)
		})
	}
}

func TestConnectWithoutToken(t *testing.T) {
	t.Run("X4 an answer without a token is the end: each attempt would be a login", func(t *testing.T) {
		backend := backendOf(t, connectortest.Config{})
		script(t, backend, connectortest.AnswerLogins(1, http.StatusOK, "application/json", `{"error":"no"}`))
		c := connect(t, fileFor(t, backend, cafe))
		c.ends(failed, "the answer to login has no token at /access_token; it has the fields /error: set http.answer.access")
		if n := backend.Counts().Logins; n != 1 {
			t.Errorf("got %d logins, want 1", n)
		}
	})
}

func TestConnectRequests(t *testing.T) {
	t.Run("R3 requests wait until the socket is ready", func(t *testing.T) {
		backend := backendOf(t, connectortest.Config{})
		script(t, backend, connectortest.RefuseLogins(1, http.StatusServiceUnavailable))
		c := connect(t, fileFor(t, backend, strings.ReplaceAll(cafe, "subscribe: [{send: {sub: {kind: categories}}}]", "")))
		c.say(`{"message":{"echo":{"text":"early"}}}`)
		c.hear(`{"socket":"menu","request":1,"answer":{"id":ID,"echo":{"text":"early"}}}`)
		c.stop()
		c.ends(done)
	})
	t.Run("R2 many at once, each answered, none dropped", func(t *testing.T) {
		c := connect(t, fileFor(t, backendOf(t, connectortest.Config{}), cafe))
		c.hear(theMenu)
		go func() {
			for range 500 {
				c.say(`{"message":{"ping":{}}}`)
			}
		}()
		for range 500 {
			if !c.lines.Scan() || !strings.Contains(c.lines.Text(), `,"answer":{"id":`) {
				t.Fatalf("got %s, want an answer", c.lines.Text())
			}
		}
		c.stop()
		c.ends(done)
	})
	t.Run("R2 those in flight are cancelled at the end", func(t *testing.T) {
		backend := backendOf(t, connectortest.Config{})
		c := connect(t, fileFor(t, backend, cafe))
		c.hear(theMenu)
		script(t, backend, connectortest.HoldRequests(1))
		c.say(`{"message":{"echo":{"text":"?"}},"request":"last"}`, `{"message":{"ping":{}}}`)
		c.hear(`{"socket":"menu","request":2,"answer":{"id":4,"ping":{}}}`)
		c.stop()
		c.hear(`{"socket":"menu","request":"last","error":"cancelled: the program ends"}`)
		c.ends(done)
	})
	t.Run("R2 those that wait for a login are cancelled too", func(t *testing.T) {
		backend := backendOf(t, connectortest.Config{})
		script(t, backend, connectortest.HoldLogins(1))
		c := connect(t, fileFor(t, backend, cafe))
		c.say(`{"message":{"echo":{"text":"a"}}}`, `{"message":{"echo":{"text":"b"}}}`, `{"http":"GET /me"}`, `{"nonsense":1}`)
		c.hear(`{"request":4,"error":"the line asks for nothing; write a \"message\", \"http\", \"loginAs\" or \"logout\", such as {\"message\":{}}"}`) // so that the others were taken
		c.stop()
		c.hearAll(`{"http":"GET /me","error":"cancelled: the program ends"}`, `{"socket":"menu","request":1,"error":"cancelled: the program ends"}`, `{"socket":"menu","request":2,"error":"cancelled: the program ends"}`)
		c.ends(done)
	})
	t.Run("R2 each that was sent is told of", func(t *testing.T) {
		backend := backendOf(t, connectortest.Config{})
		for range 5 {
			c := connect(t, fileFor(t, backend, cafe))
			go func() {
				for {
					if _, err := io.WriteString(c.stdin, `{"message":{"ping":{}}}`+"\n"); err != nil {
						return
					}
				}
			}()
			told, last := make(map[int]bool), 0
			for c.lines.Scan() {
				var line struct{ Request int }
				if err := json.Unmarshal(c.lines.Bytes(), &line); err != nil {
					t.Fatal(err)
				}
				told[line.Request], last = true, max(last, line.Request)
				if last == 100 {
					c.stop()
				}
			}
			for number := range last {
				if number > 0 && !told[number] {
					t.Errorf("got nothing of request %d, want something of each of %d", number, last)
				}
			}
			c.ends(done)
		}
	})
	t.Run("R2 over a drop", func(t *testing.T) {
		backend := backendOf(t, connectortest.Config{})
		c := connect(t, fileFor(t, backend, cafe))
		c.hear(theMenu)
		script(t, backend, connectortest.HoldRequests(1))
		c.say(`{"message":{"echo":{"text":"once"}}}`, `{"message":{"ping":{}}}`)
		c.hear(`{"socket":"menu","request":2,"answer":{"id":4,"ping":{}}}`)
		script(t, backend, connectortest.DropSockets())
		c.hearAll(`{"socket":"menu","request":1,"error":"request: sent, then the connection was lost"}`, theMenu)
		c.stop()
		c.ends(done, `level=WARN msg=lost socket=menu`, "the connection ended without a close frame", "messages may have been missed")
	})
}

// serveFile is a config file for the backend of interlock serve, in whose place there is
// another.
func serveFile(t *testing.T, name string) string {
	t.Setenv("API", backendOf(t, connectortest.Config{}).URL())
	t.Setenv("PASSWORD", "secret")
	return "testdata/backends/" + name + ".yaml"
}

func TestConnectReadme(t *testing.T) {
	file := serveFile(t, "serve")
	got := runWith(t, "connect", "-c", file, "--once", `{"message":{"echo":{"text":"hello"}}}`)
	if answer := answerID.ReplaceAllString(got.stdout, `"answer":{"id":ID,`); answer != `{"socket":"menu","request":1,"answer":{"id":ID,"echo":{"text":"hello"}}}`+"\n" {
		t.Errorf("got %+v, want the answer", got)
	}
	c := connect(t, file)
	c.hear(theMenu)
	c.say(`{"message":{"menuAdd":{"name":"Tea"}}}`)
	c.hear(`{"socket":"menu","request":1,"answer":{"id":3,"menuAdd":{"id":4,"name":"Tea"}}}`,
		`{"socket":"menu","message":{"push":{"categoryUpdate":{"id":4,"name":"Tea"}}}}`)
	c.stop()
	c.ends(done)
}

func TestConnectUsers(t *testing.T) {
	t.Run("S5 another user, and back", func(t *testing.T) {
		c := connect(t, fileFor(t, backendOf(t, connectortest.Config{}), cafe))
		c.hear(theMenu)
		c.say(`{"loginAs":2}`)
		c.hear(`{"loginAs":2,"user":{"id":2,"name":"bob"}}`, theMenu)
		c.say(`{"http":"GET /me"}`)
		c.hear(`{"http":"GET /me","status":200,"answer":{"id":2,"name":"bob"}}`)
		c.say(`{"logout":"here"}`)
		c.hear(`{"logout":"here","user":{"id":1,"name":"ann"}}`, theMenu)
		c.say(`{"logout":"everywhere"}`)
		c.hear(`{"logout":"everywhere"}`)
		c.ends(done, "logged out")
	})
	t.Run("S5 each request is that of the user of its place", func(t *testing.T) {
		c := connect(t, serveFile(t, "serve-rooms"))
		c.hear(theMenu)
		go c.say(`{"http":"GET /me"}`, `{"loginAs":2}`, `{"socket":"room","request":"hello","message":{"echo":{"text":"hi"}}}`, `{"http":"GET /me"}`, `{"logout":"here"}`)
		c.hear(`{"http":"GET /me","status":200,"answer":{"id":1,"name":"ann"}}`, `{"loginAs":2,"user":{"id":2,"name":"bob"}}`)
		const back = `{"logout":"here","user":{"id":1,"name":"ann"}}`
		var got []string
		for c.lines.Scan() && c.lines.Text() != back {
			if line := c.lines.Text(); line != theMenu { // which may come too late for bob
				got = append(got, answerID.ReplaceAllString(line, `"answer":{"id":ID,`))
			}
		}
		slices.Sort(got) // a socket and HTTP have no order
		want := []string{`{"http":"GET /me","status":200,"answer":{"id":ID,"name":"bob"}}`, `{"socket":"room","request":"hello","answer":{"id":ID,"echo":{"text":"hi"}}}`}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q before the logout", got, want)
		}
		c.hear(theMenu)
		c.stop()
		c.ends(done)
	})
	t.Run("S5 refused", func(t *testing.T) {
		backend := backendOf(t, connectortest.Config{})
		c := connect(t, fileFor(t, backend, cafe))
		c.hear(theMenu)
		script(t, backend, connectortest.RefuseLoginAs(1, http.StatusForbidden))
		c.say(`{"loginAs":2,"request":"a"}`)
		c.hear(`{"loginAs":2,"request":"a","error":"loginAs: still the user before: login as: rejected (status 403)"}`)
		c.stop()
		c.ends(done)
	})
}

func TestConnectEnds(t *testing.T) {
	t.Run("T5 the server ends the session", func(t *testing.T) {
		backend := backendOf(t, connectortest.Config{})
		c := connect(t, fileFor(t, backend, cafe))
		c.hear(theMenu)
		script(t, backend, connectortest.RevokeAll(), connectortest.AnnounceExpiry())
		c.ends(failed, "connect: the server has ended the session: refresh: rejected (status 401); with --relogin the program logs in again")
	})
	t.Run("T5 and the program logs in again", func(t *testing.T) {
		backend := backendOf(t, connectortest.Config{})
		c := connect(t, fileFor(t, backend, cafe), "--relogin")
		c.hear(theMenu)
		script(t, backend, connectortest.RevokeAll(), connectortest.AnnounceExpiry())
		c.hear(theMenu)
		c.stop()
		c.ends(done, `msg="the server has ended the session" reason="refresh: rejected (status 401)"`)
		if n := backend.Counts().Logins; n != 2 {
			t.Errorf("got %d logins, want 2", n)
		}
	})
	t.Run("S7 T5 the server has ended that of the user before, and the program logs in again", func(t *testing.T) {
		backend := backendOf(t, connectortest.Config{AccessLife: time.Second})
		c := connect(t, fileFor(t, backend, strings.Replace(cafe, "    subscribe: [{send: {sub: {kind: categories}}}]\n", "", 1)), "--relogin")
		c.tells("every socket is ready")
		c.say(`{"loginAs":2}`)
		c.hear(`{"loginAs":2,"user":{"id":2,"name":"bob"}}`)
		script(t, backend, connectortest.RevokeUser("ann"), connectortest.RefuseRefreshes(1, http.StatusServiceUnavailable))
		c.tells("token is not refreshed") // bob's, so that ann's is stale too
		c.say(`{"logout":"here"}`)
		c.hear(`{"logout":"here","error":"session: that of the user before has ended too: refresh: rejected (status 401)"}`)
		c.say(`{"http":"GET /me"}`)
		c.hear(`{"http":"GET /me","status":200,"answer":{"id":1,"name":"ann"}}`)
		c.stop()
		c.ends(done)
		if n := backend.Counts().Logins; n != 2 {
			t.Errorf("got %d logins, want 2", n)
		}
	})
	t.Run("K9 an early socket has failed before the login, which opens it again", func(t *testing.T) {
		backend := backendOf(t, connectortest.Config{})
		script(t, backend, connectortest.RefuseUpgrades(1, http.StatusForbidden), connectortest.RefuseLogins(1000, http.StatusServiceUnavailable))
		c := connect(t, fileFor(t, backend, strings.Replace(cafe, "sockets:\n", "sockets:\n  - {id: news, url: /ws, public: true, early: true}\n", 1)))
		c.tells(`msg="failed for good" socket=news`)
		script(t, backend, connectortest.Behave())
		c.hear(theMenu)
		c.tells("every socket is ready")
		c.stop()
		c.ends(done)
	})
	t.Run("R1 a request to a socket that has failed before it dialled", func(t *testing.T) {
		file := fileFor(t, backendOf(t, connectortest.Config{}), strings.Replace(cafe, "sockets:\n", "sockets:\n  - {id: news, url: \"/ws?x={{user/none}}\", messageID: {request: /id}}\n", 1))
		c := connect(t, file, "--once", `{"socket":"news","message":{}}`)
		c.hear(`{"socket":"news","request":1,"error":"socket: is closed"}`)
		c.ends(failed)
	})
	t.Run("K9 every socket has failed for good", func(t *testing.T) {
		backend := backendOf(t, connectortest.Config{})
		c := connect(t, fileFor(t, backend, cafe))
		c.hear(theMenu)
		script(t, backend, connectortest.CloseSockets(4409, "elsewhere"))
		c.ends(failed, "level=ERROR msg=\"failed for good\" socket=menu", "connect: every socket has failed for good")
	})
}

func TestConnectStore(t *testing.T) {
	backend := backendOf(t, connectortest.Config{})
	dir := filepath.Join(t.TempDir(), "tokens")
	file := fileFor(t, backend, cafe+"store: {dir: "+dir+"}\n")
	first := connect(t, file, "--keep")
	first.hear(theMenu)
	first.stop()
	first.ends(done, "every socket is ready", "closed; the tokens stay stored")
	second := connect(t, file)
	second.hear(theMenu)
	second.stop()
	second.ends(done, "looking for stored tokens")
	if n := backend.Counts(); n.Logins != 1 || n.Logouts != 1 || n.Mes != 1 {
		t.Errorf("got %+v, want one login, one resume and one logout", n)
	}
	kept, err := os.ReadDir(dir)
	if err != nil || len(kept) != 0 {
		t.Errorf("got %v, %v, want nothing stored after the logout", kept, err)
	}
}

func TestConnectOutputFails(t *testing.T) {
	backend := backendOf(t, connectortest.Config{})
	file := fileFor(t, backend, cafe)
	begin := func(stdout *os.File, fault bool) (int, string) {
		in, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = in.Close() }()
		var stderr shared
		program := &commands{Connect: connectCommand{stdin: in}}
		if fault {
			return program.run(t.Context(), []string{"connect", "-c", file}, fullDisk{}, &stderr), stderr.String()
		}
		return program.run(t.Context(), []string{"connect", "-c", file}, stdout, &stderr), stderr.String()
	}
	t.Run("X4 a disk that is full", func(t *testing.T) {
		if status, stderr := begin(nil, true); status != failed || !strings.Contains(stderr, "connect: standard output: "+os.ErrClosed.Error()) || !strings.Contains(stderr, "logged out") {
			t.Errorf("got status %d, stderr %s, want a failure that says why", status, stderr)
		}
	})
	t.Run("X4 a reader who leaves", func(t *testing.T) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = w.Close() }()
		_ = r.Close()
		if status, stderr := begin(w, false); status != done || !strings.Contains(stderr, "the reader of standard output has left") || !strings.Contains(stderr, "logged out") {
			t.Errorf("got status %d, stderr %s, want a clean end", status, stderr)
		}
	})
}

func TestOutputStalls(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	o := newOutput(w)
	line := bytes.Repeat([]byte("x"), 1<<16)
	put := make(chan struct{})
	go func() {
		for range 100 {
			o.put(line)
		}
		close(put)
	}()
	o.hurry(0)
	<-put
	if err := o.close(); err == nil || !strings.Contains(err.Error(), "has stopped to read") {
		t.Errorf("got %v, want that the reader has stopped", err)
	}
	o.mu.Lock()
	if size := cap(o.waiting); size > 4*mostWaiting {
		t.Errorf("got %d bytes that wait, want them bounded", size)
	}
	o.mu.Unlock()
	_ = r.Close()
	_ = w.Close()
}
