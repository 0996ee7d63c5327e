package peer

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"time"

	"github.com/custom-app/interlock/connector/backends/scenario"
)

// Options are the times of a server. Zero values mean the defaults that the fields
// state.
type Options struct {
	Life  time.Duration // of access tokens; 0: 1 min
	Grace time.Duration // for auth, after token_expired; 0: 2 s
	Auth  time.Duration // for the first auth; 0: 5 s
	Ping  time.Duration // between pings, each of which is to be answered before the next; 0: 10 s
}

// argument is what server.mjs is started with.
func (o Options) argument() string {
	text, _ := json.Marshal(map[string]int64{ // numbers always encode
		"lifeMs":  cmp.Or(o.Life, time.Minute).Milliseconds(),
		"graceMs": cmp.Or(o.Grace, 2*time.Second).Milliseconds(),
		"authMs":  cmp.Or(o.Auth, 5*time.Second).Milliseconds(),
		"pingMs":  cmp.Or(o.Ping, 10*time.Second).Milliseconds(),
	})
	return string(text)
}

// Server is a process of Node.js that runs server.mjs, on a port of loopback. Its
// methods may be called from any goroutine.
type Server struct {
	scenario.Tally
	process *exec.Cmd
	ports   chan int      // one for each time that it listens
	told    chan struct{} // one for each time that it has told its counts because it was asked
	host    string
	faults  bytes.Buffer  // what it has said on stderr; to be read when it has ended
	ended   chan struct{} // closed when the process has ended

	asking sync.Mutex // for counts

	mu       sync.Mutex
	commands io.WriteCloser
}

// Start runs the server that is installed in dir, and returns when it listens. It
// ends with Close, and with this process at the latest.
func Start(ctx context.Context, dir string, o Options) (*Server, error) {
	s := &Server{process: exec.Command("node", "server.mjs", o.argument()), ports: make(chan int, 16), told: make(chan struct{}, 1), ended: make(chan struct{})}
	s.process.Dir = dir
	s.process.Stderr = &s.faults
	stdin, inErr := s.process.StdinPipe()
	stdout, outErr := s.process.StdoutPipe()
	if err := errors.Join(inErr, outErr); err != nil {
		return nil, err
	}
	if err := s.process.Start(); err != nil {
		return nil, fmt.Errorf("interlock: peer: %w", err)
	}
	s.commands = stdin
	go s.read(stdout)
	port, err := s.listening(ctx)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.host = fmt.Sprintf("127.0.0.1:%d", port)
	return s, nil
}

// read takes in what the server tells, until it ends.
func (s *Server) read(stdout io.Reader) {
	defer close(s.ended)
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		var told struct {
			Port   int
			Counts *scenario.Counts
			Told   bool
		}
		if err := json.Unmarshal(lines.Bytes(), &told); err != nil {
			continue // node's own word
		}
		if told.Counts != nil {
			s.Count(func(n *scenario.Counts) { *n = *told.Counts })
		}
		if told.Port != 0 {
			s.ports <- told.Port
		}
		if told.Told {
			s.told <- struct{}{}
		}
	}
	_ = s.process.Wait() // Close kills it
}

// listening returns the port when the server listens.
func (s *Server) listening(ctx context.Context) (int, error) {
	select {
	case port := <-s.ports:
		return port, nil
	case <-s.ended:
		return 0, errors.New("interlock: peer: node has ended")
	case <-ctx.Done():
		return 0, fmt.Errorf("interlock: peer: does not listen: %w", context.Cause(ctx))
	}
}

// command has the server do something.
func (s *Server) command(name string, value any) error {
	line, err := json.Marshal(map[string]any{name: value})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err = s.commands.Write(append(line, '\n'))
	return err
}

// Counts asks the server for the counts as they are now. Of one that has ended they are
// as they were last.
func (s *Server) Counts() scenario.Counts {
	s.asking.Lock()
	defer s.asking.Unlock()
	if err := s.command("counts", true); err == nil {
		select {
		case <-s.told:
		case <-s.ended:
		}
	}
	return s.Tally.Counts()
}

// Host is host:port of the server.
func (s *Server) Host() string { return s.host }

// Variables has the config files find the server.
func (s *Server) Variables() map[string]string { return map[string]string{"API": "http://" + s.host} }

// Account is the only one there is.
func (s *Server) Account() scenario.Account {
	return scenario.Account{Name: "ann", Password: "secret"}
}

// Restart ends every connection, and listens on the same port again.
func (s *Server) Restart(ctx context.Context) error {
	if err := s.command("restart", true); err != nil {
		return err
	}
	_, err := s.listening(ctx)
	return err
}

// Push sends an event to all who are subscribed, or to the first who will be.
func (s *Server) Push(_ context.Context, text string) error { return s.command("push", text) }

// Revoke ends all tokens of a user, and the user's sockets.
func (s *Server) Revoke(_ context.Context, name string) error { return s.command("revoke", name) }

// Close kills the process, and returns when it has ended. The error says that it had
// ended before, and why.
func (s *Server) Close() error {
	_ = s.process.Process.Kill()
	<-s.ended
	if state := s.process.ProcessState; state != nil && state.Exited() {
		return fmt.Errorf("interlock: peer: node has ended by itself: %v\n%s", state, s.faults.String())
	}
	return nil
}
