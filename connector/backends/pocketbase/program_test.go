package pocketbase_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/custom-app/interlock/connector/backends/pocketbase"
	"github.com/custom-app/interlock/connector/backends/scenario"
)

// program is interlock connect, with the config file of PocketBase. It is asked one
// thing at a time.
type program struct {
	*testing.T
	command *exec.Cmd
	stdin   io.Writer
	stdout  *bufio.Scanner
}

// line is what the program says of one request.
type line struct {
	Error  string
	Status int
	User   record
	Answer struct{ Echo text }
}

// connect runs the program until the test ends, for a superuser.
func connect(t *testing.T, server *pocketbase.Server) *program {
	t.Helper()
	command := exec.CommandContext(t.Context(), scenario.Build(t), "connect", "-c", "../../../cmd/interlock/testdata/backends/pocketbase.yaml")
	command.Env = append(os.Environ(), "POCKETBASE="+server.URL(), "COLLECTION=_superusers",
		"USER_NAME="+pocketbase.Root, "PASSWORD="+pocketbase.Password)
	var log strings.Builder
	command.Stderr = &log
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill() // it has ended already, unless the test has failed
		_ = command.Wait()
		if t.Failed() {
			t.Logf("interlock connect says:\n%s", log.String())
		}
	})
	return &program{t, command, stdin, bufio.NewScanner(stdout)}
}

// asks writes a line, and returns the next one that the program writes.
func (p *program) asks(request string) (said line) {
	p.Helper()
	if _, err := io.WriteString(p.stdin, request+"\n"); err != nil {
		p.Fatal(err)
	}
	if !p.stdout.Scan() {
		p.Fatalf("%s: no answer: %v", request, p.stdout.Err())
	}
	p.Logf("%s\n%s", request, p.stdout.Text())
	if err := json.Unmarshal(p.stdout.Bytes(), &said); err != nil {
		p.Fatalf("%s: %v", p.stdout.Text(), err)
	}
	if said.Error != "" {
		p.Fatalf("%s: %s", request, said.Error)
	}
	return said
}

// reads checks the status of a request for a user's record.
func (p *program) reads(id string, want int) {
	p.Helper()
	if got := p.asks(`{"http":"GET /api/collections/users/records/` + id + `"}`); got.Status != want {
		p.Errorf("got %d, want %d", got.Status, want)
	}
}

func TestProgram(t *testing.T) {
	t.Parallel()
	t.Run("S5 a superuser becomes a user, and is itself again by a logout", func(t *testing.T) {
		server := serve(t, 0)
		p := connect(t, server)
		ann, annErr := server.ID(pocketbase.Ann)
		bob, bobErr := server.ID(pocketbase.Bob)
		if err := errors.Join(annErr, bobErr); err != nil {
			t.Fatal(err)
		}
		p.reads(bob, 200)
		if got := p.asks(`{"loginAs":"` + ann + `"}`); got.User.Email != pocketbase.Ann {
			t.Errorf("got the user %q, want %q", got.User.Email, pocketbase.Ann)
		}
		p.reads(ann, 200)
		p.reads(bob, 404)
		if got := p.asks(`{"message":{"echo":{"text":"hello"}}}`); got.Answer.Echo.Text != "hello" {
			t.Errorf("got %q, want hello", got.Answer.Echo.Text)
		}
		if got := p.asks(`{"logout":"here"}`); got.User.Email != pocketbase.Root {
			t.Errorf("got the user %q, want %q", got.User.Email, pocketbase.Root)
		}
		p.reads(bob, 200)
		p.asks(`{"logout":"here"}`)
		if err := p.command.Wait(); err != nil {
			t.Errorf("the program: %v", err)
		}
	})
}
