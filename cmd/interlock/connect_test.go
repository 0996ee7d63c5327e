package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/custom-app/interlock/connector/connectortest"
)

// cafe is a config file for the backend of package connectortest at BASE.
const cafe = `
http:
  base: BASE
  login: {url: /login, body: {name: ann, password: secret}}
  refresh: {url: /refresh}
  user: {url: /me}
  loginAs: {url: /login-as}
  logout: {url: /logout}
  logoutEverywhere: {url: /logout-everywhere}
sockets:
  - id: menu
    url: /ws
    auth: {send: {auth: {token: "{{token}}"}}}
    subscribe: [{send: {sub: {kind: categories}}}]
    messageID: {request: /id}
    error: /error
    code: {text: /error/code}
    rules: [{message: token_expired, means: expired}]
    noAnswer: /quiet
retry: {floor: 10ms, cap: 20ms}
`

// theMenu is the first push on the socket.
const theMenu = `{"socket":"menu","message":{"push":{"categories":[{"id":1,"name":"Soup"},{"id":2,"name":"Bread"},{"id":3,"name":"Cake"}]}}}`

func backendOf(t *testing.T, config connectortest.Config) *connectortest.Backend {
	t.Helper()
	backend, err := connectortest.Start(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = backend.Close() })
	return backend
}

// fileFor writes a config file for a backend, and returns where it is.
func fileFor(t *testing.T, backend *connectortest.Backend, text string) string {
	t.Helper()
	return fileAt(t, backend.URL(), text)
}

// fileAt writes a config file for the backend of a URL, and returns where it is.
func fileAt(t *testing.T, base, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "cafe.yaml")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(text, "BASE", base)), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// shared is what is written to standard error so far.
type shared struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{} // holds one token after a write
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.more <- struct{}{}:
	default:
	}
	return s.text.Write(p)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// connecting is a run of connect under way.
type connecting struct {
	t      *testing.T
	stdin  *io.PipeWriter
	lines  *bufio.Scanner // of its standard output
	stderr *shared
	stop   context.CancelFunc
	ended  chan int
}

// connect runs the command with a config file.
func connect(t *testing.T, file string, args ...string) *connecting {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	in, stdin := io.Pipe()
	out, stdout := io.Pipe()
	c := &connecting{
		t: t, stdin: stdin, lines: bufio.NewScanner(out), stderr: &shared{more: make(chan struct{}, 1)},
		stop: cancel, ended: make(chan int, 1),
	}
	c.lines.Buffer(nil, 4<<20)
	go func() {
		program := &commands{Connect: connectCommand{stdin: in, leastSession: time.Millisecond}}
		status := program.run(ctx, append([]string{"connect", "-c", file}, args...), stdout, c.stderr)
		_ = stdout.Close()
		_ = in.Close()
		c.ended <- status
	}()
	t.Cleanup(func() { cancel(); _ = stdin.Close(); _ = out.Close() })
	return c
}

// say writes lines to standard input.
func (c *connecting) say(lines ...string) {
	c.t.Helper()
	for _, line := range lines {
		if _, err := io.WriteString(c.stdin, line+"\n"); err != nil {
			c.t.Error(err)
		}
	}
}

// answerID is the id of an answer, which some tests do not know.
var answerID = regexp.MustCompile(`"answer":\{"id":\d+,`)

// hear expects lines on standard output, in this order.
func (c *connecting) hear(want ...string) {
	c.t.Helper()
	for _, line := range want {
		if !c.lines.Scan() {
			c.t.Fatalf("got no more lines, stderr %q, want %q", c.stderr, line)
		}
		got := c.lines.Text()
		if strings.Contains(line, `"id":ID`) {
			got = answerID.ReplaceAllString(got, `"answer":{"id":ID,`)
		}
		if got != line {
			c.t.Fatalf("got line\n%s\nwant\n%s\nstderr %s", got, line, c.stderr)
		}
	}
}

// hearAll reads lines of standard output, which are to be these in any order.
func (c *connecting) hearAll(want ...string) {
	c.t.Helper()
	var got []string
	for len(got) < len(want) && c.lines.Scan() {
		got = append(got, c.lines.Text())
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		c.t.Fatalf("got lines %q, want %q in any order; stderr %s", got, want, c.stderr)
	}
}

// tells waits until standard error has a text.
func (c *connecting) tells(want string) {
	c.t.Helper()
	for !strings.Contains(c.stderr.String(), want) {
		select {
		case <-c.stderr.more:
		case status := <-c.ended:
			c.ended <- status
			if !strings.Contains(c.stderr.String(), want) {
				c.t.Fatalf("ended with %d, got stderr\n%s\nwant it to have %q", status, c.stderr, want)
			}
		}
	}
}

// ends expects the end, with nothing more on standard output.
func (c *connecting) ends(status int, stderr ...string) {
	c.t.Helper()
	for c.lines.Scan() {
		c.t.Errorf("got line %s, want no more", c.lines.Text())
	}
	if got := <-c.ended; got != status {
		c.t.Errorf("got status %d, stderr\n%s\nwant %d", got, c.stderr, status)
	}
	for _, want := range stderr {
		if !strings.Contains(c.stderr.String(), want) {
			c.t.Errorf("got stderr\n%s\nwant it to have %q", c.stderr, want)
		}
	}
	for _, secret := range []string{"eyJ", `"secret"`, "hunter2"} {
		if strings.Contains(c.stderr.String(), secret) {
			c.t.Errorf("got %q on stderr, want no secret", secret)
		}
	}
}

func TestConnect(t *testing.T) {
	t.Run("requests, answers and pushes in order", func(t *testing.T) {
		backend := backendOf(t, connectortest.Config{})
		c := connect(t, fileFor(t, backend, cafe))
		c.hear(theMenu)
		c.say(`{"message":{"echo":{"text":"one"}}}`)
		c.hear(`{"socket":"menu","request":1,"answer":{"id":3,"echo":{"text":"one"}}}`)
		c.say("", `{"request":"mine","socket":"menu","message":{"echo":{"text":"two"}},"repeatable":true,"need":"authed"}`)
		c.hear(`{"socket":"menu","request":"mine","answer":{"id":4,"echo":{"text":"two"}}}`)
		c.say(`{"message":{"menuDelete":{"id":99}}}`)
		c.hear(`{"socket":"menu","request":4,"error":"not_found","answer":{"id":5,"error":{"code":"not_found","text":"there is no such category"}}}`)
		c.say(`{"message":{"menuAdd":{"name":"Tea"}}}`)
		c.hear(`{"socket":"menu","request":5,"answer":{"id":6,"menuAdd":{"id":4,"name":"Tea"}}}`,
			`{"socket":"menu","message":{"push":{"categoryUpdate":{"id":4,"name":"Tea"}}}}`)
		c.stop()
		c.ends(done, "level=INFO msg=ready socket=menu\n", `msg="logged out"`)
		if n := backend.Counts().Logouts; n != 1 {
			t.Errorf("got %d logouts, want 1", n)
		}
	})
	t.Run("the end of standard input is not that of the program", func(t *testing.T) {
		backend := backendOf(t, connectortest.Config{})
		c := connect(t, fileFor(t, backend, cafe))
		_ = c.stdin.Close()
		c.hear(theMenu)
		_ = backend.Push("hi")
		c.hear(`{"socket":"menu","message":{"push":"hi"}}`)
		c.stop()
		c.ends(done)
	})
}
