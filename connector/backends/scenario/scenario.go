// Package scenario holds what the connector must show against every backend, written
// once: eight scenarios, from a login to a logout, which [Run] plays against a fresh
// [Server] each, by a session of a Go program and by the program interlock connect.
//
// A package of a server implements [Server], mostly with a [Tally] that counts what it
// sees, a [Site] that can be restarted on its port, and, where the server knows no
// logins, the [Accounts] beside it. Its test says in a [Backend] how it is started and
// spoken with.
//
// Its one invariant: it waits for what it is told, never for time to pass, and every
// wait ends.
package scenario

import (
	"bytes"
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
)

// Backend says how a server is started and spoken with.
type Backend struct {
	Name string // of the config file, cmd/interlock/testdata/backends/NAME.yaml
	// Start starts the server, whose access tokens live for life. Run closes it.
	Start func(t *testing.T, life time.Duration) Server
	// Session makes the Go client of a server that runs, as [NewSession] does.
	Session func(t *testing.T, server Server) Client
	Dialect Dialect
	// NoLogout says that the server is not told of a logout: the client drops its token.
	NoLogout bool
}

// life is how long access tokens live: a session refreshes them after 5 s.
const life = 6 * time.Second

// deadline bounds each scenario.
const deadline = time.Minute

// scenarios are what is played, by name.
var scenarios = []struct {
	name string
	play func(*stage)
}{
	{"S9 login → ready", (*stage).login},
	{"R1 request and answer", (*stage).request},
	{"R5 push", (*stage).push},
	{"K5 server restart", (*stage).restart},
	{"T3 token expiry while connected", (*stage).expiry},
	{"S3 wrong password", (*stage).wrongPassword},
	{"T5 revoked user", (*stage).revoked},
	{"S6 logout", (*stage).logout},
}

// Run plays every scenario as a subtest, by both clients.
func Run(t *testing.T, b Backend) {
	t.Run("session", func(t *testing.T) {
		play(t, b, b.Session)
	})
	t.Run("interlock connect", func(t *testing.T) {
		checkFile(t, b)
		program := Build(t)
		play(t, b, func(t *testing.T, server Server) Client { return newProcess(t, program, b.Name, server, b.Dialect) })
	})
}

// mostLines is how long a config file may be, with what it explains.
const mostLines = 40

// checkFile checks a config file: that a person can read it, and that it is right.
func checkFile(t *testing.T, b Backend) {
	t.Helper()
	text, err := os.ReadFile(configFile(b.Name))
	if err != nil {
		t.Fatal(err)
	}
	if got := bytes.Count(text, []byte("\n")); got > mostLines {
		t.Errorf("%s.yaml has %d lines, want at most %d", b.Name, got, mostLines)
	}
	config := FileConfig(t, b.Name, start(t, b))
	if _, err := connector.New(config); err != nil {
		t.Errorf("got %v, want a client", err)
	}
}

// start starts a server, which ends with the test.
func start(t *testing.T, b Backend) Server {
	t.Helper()
	server := b.Start(t, life)
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("close the server: %v", err)
		}
	})
	return server
}

// play plays every scenario by one kind of client.
func play(t *testing.T, b Backend, client func(*testing.T, Server) Client) {
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			server := start(t, b)
			ctx, cancel := context.WithTimeout(t.Context(), deadline)
			defer cancel()
			s.play(&stage{T: t, ctx: ctx, server: server, client: client(t, server), noLogout: b.NoLogout})
		})
	}
}

// stage is where a scenario is played.
type stage struct {
	*testing.T
	ctx      context.Context
	server   Server
	client   Client
	noLogout bool
}

// must ends the test with an error.
func (s *stage) must(what string, err error) {
	s.Helper()
	if err != nil {
		s.Fatalf("%s: %v", what, err)
	}
}

// ready logs in.
func (s *stage) ready() {
	s.Helper()
	s.must("login", s.client.Login(s.ctx, s.server.Account()))
}

// echoes makes a request.
func (s *stage) echoes(text string) {
	s.Helper()
	got, err := s.client.Request(s.ctx, text)
	s.must("request", err)
	if got != text {
		s.Errorf("got the answer %q, want %q", got, text)
	}
}

// pushes has the server push a text.
func (s *stage) pushes(text string) {
	s.Helper()
	s.must("push", s.server.Push(s.ctx, text))
	got, err := s.client.Pushed(s.ctx)
	s.must("the push at the client", err)
	if got != text {
		s.Errorf("got the push %q, want %q", got, text)
	}
}

// counts waits until so many sockets are open, and checks the logins.
func (s *stage) counts(logins, open int) {
	s.Helper()
	s.must("sockets", s.server.Await(s.ctx, "open sockets", func(n Counts) bool { return n.Open == open }))
	if got := s.server.Counts(); got.Logins != logins {
		s.Errorf("got %+v, want %d logins", got, logins)
	}
}

func (s *stage) login() {
	s.ready()
	s.counts(1, 1)
}

func (s *stage) request() {
	s.ready()
	s.echoes("hello")
	s.echoes("größer als \"das\"\n")
}

func (s *stage) push() {
	s.ready()
	s.pushes("first")
	s.pushes("second")
}

// restart ends every connection: the client comes back with the tokens it has.
func (s *stage) restart() {
	s.ready()
	s.echoes("before")
	s.must("restart", s.server.Restart(s.ctx))
	s.must("ready again", s.client.Ready(s.ctx))
	s.echoes("after")
	s.pushes("after")
	s.counts(1, 1)
}

// expiry outlives the token of the login, and the one after it, without another login.
func (s *stage) expiry() {
	s.ready()
	s.must("refresh", s.server.Await(s.ctx, "two refreshes", func(n Counts) bool { return n.Refreshes >= 2 }))
	s.echoes("after")
	s.pushes("after")
	s.counts(1, 1)
}

func (s *stage) wrongPassword() {
	account := s.server.Account()
	account.Password = "not " + account.Password
	if err := s.client.Login(s.ctx, account); !errors.Is(err, authhttp.ErrRejected) {
		s.Errorf("got %v, want %v", err, authhttp.ErrRejected)
	}
	if got := s.server.Counts(); got.Refused != 1 || got.Opened != 0 {
		s.Errorf("got %+v, want one login that was refused and no socket", got)
	}
	s.counts(0, 0)
}

// revoked ends the user's tokens: the client loses its socket, learns by its next
// refresh that the login is over, and leaves it at that.
func (s *stage) revoked() {
	s.ready()
	s.must("revoke", s.server.Revoke(s.ctx, s.server.Account().Name))
	s.must("logged out", s.client.LoggedOut(s.ctx))
	s.counts(1, 0)
	if got, err := s.client.Request(s.ctx, "after"); err == nil {
		s.Errorf("got the answer %q, want an error", got)
	}
}

func (s *stage) logout() {
	s.ready()
	s.echoes("before")
	s.must("logout", s.client.Logout(s.ctx))
	s.counts(1, 0)
	if got := s.server.Counts().Logouts; !s.noLogout && got != 1 {
		s.Errorf("got %d logouts, want 1", got)
	}
}
