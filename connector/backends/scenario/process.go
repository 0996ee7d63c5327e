package scenario

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/custom-app/interlock/authhttp"
)

// root is the directory of the module that the program is in, from that of a test of
// a server's package.
const root = "../../.."

// configFile is the file of a server, from the directory of its test.
func configFile(name string) string {
	return filepath.Join(root, "cmd/interlock/testdata/backends", name+".yaml")
}

// Build makes the program interlock, in a directory that goes with the test.
func Build(t *testing.T) (program string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), "interlock")
	command := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./cmd/interlock")
	command.Dir = root
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}

// process is a client that is interlock connect, with a config file. It speaks JSON
// Lines with it, and reads its log for what becomes of the sockets.
type process struct {
	t       *testing.T
	program string
	file    string
	server  Server
	dialect Dialect

	stdin io.WriteCloser
	asked int // requests so far; a client is used by one goroutine

	pushes  chan string
	readies chan struct{}
	ended   chan struct{} // closed when it has ended
	err     error         // how; set before

	mu      sync.Mutex
	log     bytes.Buffer            // what it has said on stderr
	answers map[string]chan lineOut // by label
}

// lineIn is a line that the program reads.
type lineIn struct {
	Socket  string `json:"socket,omitempty"`
	Message any    `json:"message,omitempty"`
	Request string `json:"request,omitempty"`
	Logout  string `json:"logout,omitempty"`
}

// lineOut is a line that the program writes.
type lineOut struct {
	Socket  string          `json:"socket"`
	Message json.RawMessage `json:"message"`
	Request json.RawMessage `json:"request"` // a label, or the number of a line
	Answer  json.RawMessage `json:"answer"`
	Error   string          `json:"error"`
}

// newProcess returns a client that is not started yet.
func newProcess(t *testing.T, program string, name string, server Server, dialect Dialect) *process {
	return &process{
		t: t, program: program, file: configFile(name), server: server, dialect: dialect,
		pushes: make(chan string, 1024), readies: make(chan struct{}, 1024), ended: make(chan struct{}),
		answers: make(map[string]chan lineOut),
	}
}

func (p *process) Login(ctx context.Context, account Account) error {
	if err := p.start(account); err != nil {
		return err
	}
	select {
	case <-p.readies:
		return nil
	case <-p.ended:
		if p.err == nil {
			return errors.New("interlock: process: ended as if all had gone well\n" + p.said())
		}
		return p.failure("ended before it was ready")
	case <-ctx.Done():
		return p.failure("not ready: " + ctx.Err().Error())
	}
}

// variablesOf are those that the config file of a server reads.
func variablesOf(server Server, account Account) map[string]string {
	variables := maps.Clone(server.Variables())
	variables["USER_NAME"], variables["PASSWORD"] = account.Name, account.Password
	return variables
}

// start runs the program until the test ends.
func (p *process) start(account Account) error {
	command := exec.Command(p.program, "connect", "-c", p.file)
	command.Env = os.Environ()
	for name, value := range variablesOf(p.server, account) {
		command.Env = append(command.Env, name+"="+value)
	}
	stdin, inErr := command.StdinPipe()
	stdout, outErr := command.StdoutPipe()
	stderr, errErr := command.StderrPipe()
	if err := errors.Join(inErr, outErr, errErr); err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	p.stdin = stdin
	var read sync.WaitGroup
	read.Go(func() { p.read(stdout, p.takeLine) })
	read.Go(func() { p.read(stderr, p.takeLog) })
	go func() {
		defer close(p.ended)
		read.Wait()
		p.err = command.Wait()
	}()
	p.t.Cleanup(func() {
		_ = command.Process.Kill() // it has ended already, unless the test has failed or did not log out
		<-p.ended
		if p.t.Failed() {
			p.t.Logf("interlock connect: %v\n%s", p.err, p.said())
		}
	})
	return nil
}

// read gives take every line.
func (p *process) read(from io.Reader, take func(line []byte)) {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		take(lines.Bytes())
	}
	if err := lines.Err(); err != nil {
		p.note("reading: " + err.Error())
	}
}

// takeLine gives a line of stdout to who waits for it.
func (p *process) takeLine(line []byte) {
	var out lineOut
	if err := json.Unmarshal(line, &out); err != nil {
		p.t.Errorf("interlock connect: got a line of stdout that is no JSON object: %s", line)
		return
	}
	label := strings.Trim(string(out.Request), `"`)
	p.mu.Lock()
	waiting := p.answers[label]
	delete(p.answers, label)
	p.mu.Unlock()
	switch {
	case waiting != nil:
		waiting <- out
	case out.Message != nil:
		if text, ok := p.dialect.Push(out.Message); ok {
			p.pushes <- text
		}
	}
}

// takeLog keeps a line of stderr, and tells when it says that the socket is ready.
func (p *process) takeLog(line []byte) {
	p.note(string(line))
	if strings.Contains(string(line)+" ", " msg=ready socket="+p.dialect.Socket+" ") {
		p.readies <- struct{}{}
	}
}

func (p *process) Ready(ctx context.Context) error {
	select {
	case <-p.readies:
		return nil
	case <-p.ended:
		return p.failure("ended before it was ready again")
	case <-ctx.Done():
		return p.failure("not ready again: " + ctx.Err().Error())
	}
}

func (p *process) Request(ctx context.Context, text string) (string, error) {
	p.asked++
	label := fmt.Sprintf("request %d", p.asked)
	in := lineIn{Socket: p.dialect.Socket, Request: label, Message: p.dialect.Ask(text)}
	answer := make(chan lineOut, 1)
	p.mu.Lock()
	p.answers[label] = answer
	p.mu.Unlock()
	if err := p.write(in); err != nil {
		return "", err
	}
	select {
	case out := <-answer:
		if out.Error != "" {
			return "", errors.New(out.Error)
		}
		return p.dialect.Answer(out.Answer)
	case <-p.ended:
		return "", p.failure("ended without an answer")
	case <-ctx.Done():
		return "", p.failure("no answer: " + ctx.Err().Error())
	}
}

func (p *process) Pushed(ctx context.Context) (string, error) {
	select {
	case text := <-p.pushes:
		return text, nil
	case <-p.ended:
		return "", p.failure("ended without a push")
	case <-ctx.Done():
		return "", p.failure("no push: " + ctx.Err().Error())
	}
}

// LoggedOut returns when the program has ended: whoever is logged out against their
// will has failed, and is told why.
func (p *process) LoggedOut(ctx context.Context) error {
	if err := p.end(ctx); err != nil {
		return err
	}
	if p.err == nil {
		return p.failure("ended as if all had gone well")
	}
	return nil
}

func (p *process) Logout(ctx context.Context) error {
	if err := p.write(lineIn{Logout: "here"}); err != nil {
		return err
	}
	if err := p.end(ctx); err != nil {
		return err
	}
	if p.err != nil {
		return p.failure("not ended well")
	}
	return nil
}

// end waits until the program has ended.
func (p *process) end(ctx context.Context) error {
	select {
	case <-p.ended:
		return nil
	case <-ctx.Done():
		return p.failure("still running: " + ctx.Err().Error())
	}
}

// write gives the program a line.
func (p *process) write(in lineIn) error {
	line, err := json.Marshal(in)
	if err != nil {
		return err
	}
	_, err = p.stdin.Write(append(line, '\n'))
	return err
}

func (p *process) note(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.log.WriteString(line + "\n")
}

// said is what the program has said on stderr so far.
func (p *process) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// failure is an error that holds what the program has said: that of a login that was
// refused among others.
func (p *process) failure(what string) error {
	said := p.said()
	if strings.Contains(said, "rejected") {
		return fmt.Errorf("interlock: process: %s: %w\n%s", what, authhttp.ErrRejected, said)
	}
	return fmt.Errorf("interlock: process: %s\n%s", what, said)
}
