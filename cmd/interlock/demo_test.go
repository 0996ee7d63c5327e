package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/custom-app/interlock/connector/connectortest"
)

// played is a run of the demo and its journal.
type played struct {
	outcome
	journal string
	took    time.Duration
}

func playDemo(t *testing.T, args ...string) played {
	t.Helper()
	file := filepath.Join(t.TempDir(), "journal")
	temporary := emptyDirectory(t)
	start := time.Now()
	p := played{outcome: runWith(t, append([]string{"demo", "--journal", file}, args...)...), took: time.Since(start)}
	journal, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p.journal = string(journal)
	if p.status != done {
		t.Fatalf("got status %d, want 0\n%s%s", p.status, p.stdout, p.stderr)
	}
	temporary.check(t)
	return p
}

// directory is one that is to be empty in the end.
type directory string

// emptyDirectory is where temporary files go during the test.
func emptyDirectory(t *testing.T) directory {
	path := t.TempDir()
	t.Setenv("TMPDIR", path)
	return directory(path)
}

func (d directory) check(t *testing.T) {
	t.Helper()
	if left, err := os.ReadDir(string(d)); err != nil || len(left) != 0 {
		t.Errorf("got temporary files %v, %v, want none left", left, err)
	}
}

// moved is a change of state, in a form that every record of a run has. The machine
// of a socket or of a subscription has the socket's name behind it.
type moved struct {
	session                  int
	machine, from, event, to string
}

// of returns the changes of one session.
func of(session int, changes []moved) []moved {
	return slices.DeleteFunc(slices.Clone(changes), func(m moved) bool { return m.session != session })
}

// journalled returns the changes that a journal tells of.
func journalled(t *testing.T, journal string) (changes []moved, engine string) {
	t.Helper()
	sockets := make(map[int][]string) // of each session, in the order in which they came
	for text := range strings.Lines(journal) {
		var line struct {
			Journal, Engine, Added string
			Session                int
			Sockets                []struct{ Name string }
			Steps                  []struct {
				Machine, From, Event, To string
				ID                       int
			}
		}
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("journal: %q: %v", text, err)
		}
		if line.Journal != "" {
			engine = line.Engine
			for _, s := range line.Sockets {
				sockets[line.Session] = append(sockets[line.Session], s.Name)
			}
		}
		if line.Added != "" {
			sockets[line.Session] = append(sockets[line.Session], line.Added)
		}
		for _, s := range line.Steps {
			switch s.Machine {
			case "request":
				continue
			case "socket":
				s.Machine += " " + sockets[line.Session][s.ID]
			case "subscription": // each socket has one, and they count from 1
				s.Machine += " " + sockets[line.Session][s.ID-1]
			}
			if s.From != s.To {
				changes = append(changes, moved{line.Session, s.Machine, s.From, s.Event, s.To})
			}
		}
	}
	return changes, engine
}

// streamed returns the changes and the messages of JSON lines, and fails on any
// other line.
func streamed(t *testing.T, stdout string) (changes []moved, messages []messageLine) {
	t.Helper()
	for text := range strings.Lines(stdout) {
		var line struct {
			changeLine
			Socket  string    `json:"socket"`
			Message *response `json:"message"`
		}
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&line); err != nil || decoder.More() {
			t.Fatalf("got line %q, want one JSON object: %v", text, err)
		}
		if (line.Message == nil) == (line.Machine == "") || line.Session == 0 {
			t.Fatalf("got line %q, want either a change or a message, and its session", text)
		}
		if line.Message != nil {
			messages = append(messages, messageLine{line.Session, line.Socket, *line.Message})
			continue
		}
		if line.Reason == "" || line.Generation == 0 {
			t.Errorf("got line %q, want a reason and a generation", text)
		}
		if line.Machine == "socket" || line.Machine == "subscription" {
			line.Machine, line.ID = line.Machine+" "+line.ID, ""
		}
		if line.ID != "" {
			t.Errorf("got line %q, want an id on sockets and subscriptions only", text)
		}
		changes = append(changes, moved{line.Session, line.Machine, line.From, line.Event, line.To})
	}
	return changes, messages
}

// textLine is a line of a change as a person sees it.
var textLine = regexp.MustCompile(`^ +\d+\.\d{3}  (\d) (session|login|token|(?:socket|subscription) \w+) +(\w+) -> (\w+) +(\w+): \S`)

func printed(stdout string) (changes []moved) {
	for line := range strings.Lines(stdout) {
		if m := textLine.FindStringSubmatch(line); m != nil {
			changes = append(changes, moved{int(m[1][0] - '0'), m[2], m[3], m[5], m[4]})
		}
	}
	return changes
}

func TestDemo(t *testing.T) {
	asJSON, asText := playDemo(t, "--json"), playDemo(t, "--engine", "table")
	changes, messages := streamed(t, asJSON.stdout)

	t.Run("D4 the journal replays the same", func(t *testing.T) {
		for _, p := range []played{asJSON, asText} {
			got := runWith(t, "replay", kept(t, p.journal))
			if got.status != done || !strings.Contains(got.stdout, "of 3 sessions: the same states and effects") {
				t.Errorf("got %+v, want the journal of three sessions replayed", got)
			}
		}
	})
	t.Run("S10 every change is a line", func(t *testing.T) {
		inJSON, _ := journalled(t, asJSON.journal)
		inText, _ := journalled(t, asText.journal)
		for session := 1; session <= 3; session++ {
			if got, want := of(session, changes), of(session, inJSON); !slices.Equal(got, want) || len(got) == 0 {
				t.Errorf("JSON: session %d: got %d changes, want those %d of the journal\n%v\n%v", session, len(got), len(want), got, want)
			}
			if got, want := of(session, printed(asText.stdout)), of(session, inText); !slices.Equal(got, want) || len(got) == 0 {
				t.Errorf("text: session %d: got %d changes, want those %d of the journal\n%v\n%v", session, len(got), len(want), got, want)
			}
		}
		if got := len(of(1, changes)) + len(of(2, changes)) + len(of(3, changes)); got != len(changes) || len(changes) != len(inJSON) {
			t.Errorf("got %d changes of sessions 1 to 3, %d in all, want the %d of the journal", got, len(changes), len(inJSON))
		}
	})
	t.Run("every act is a heading", func(t *testing.T) {
		for i, a := range (&demo{}).acts() {
			heading := fmt.Sprintf("%d. %s\n", i+1, a.title)
			if !strings.Contains(asText.stdout, "\n"+heading) || !strings.Contains(asJSON.stderr, heading) {
				t.Errorf("want heading %q on stdout as text, and on stderr beside JSON", heading)
			}
		}
	})
	t.Run("every act happens", func(t *testing.T) { actsHappen(t, changes) })
	t.Run("every message is a line", func(t *testing.T) { messagesCome(t, messages) })
	t.Run("the users come and go", func(t *testing.T) {
		for name, want := range map[string][]string{
			"logged in: ":                    {"ann", "ann, as bob", "ann, as bob, as carol", "ann, as bob", "ann", "ann"},
			"GET /me: ":                      {"ann, id 1", "ann, id 1", "bob, id 2", "carol, id 3", "bob, id 2", "ann, id 1", "ann, id 1"},
			"accounts with tokens: ":         {"1", "1", "0"},
			"3 requests wait for the socket": {""},
			"there is no token: ":            {`auth_required, "Please log in to continue."`},
		} {
			if got := noted(asText.stdout, name); !slices.Equal(got, want) {
				t.Errorf("text: %s: got %q, want %q", name, got, want)
			}
			if got := noted(asJSON.stderr, name); !slices.Equal(got, want) {
				t.Errorf("JSON: %s: got %q, want %q", name, got, want)
			}
		}
	})
	t.Run("nothing is left", func(t *testing.T) {
		for _, want := range []string{
			"pending: 0\n", "connections open on this side: 0, of 18\n", "the proxy is closed", "sockets open: 0, of 18;",
			"accounts with tokens: 0\n", "goroutines: ",
		} {
			if !strings.Contains(asText.stdout, want) {
				t.Errorf("got %q, want it to have %q", asText.stdout, want)
			}
		}
	})
	t.Run("K10 a dead link is found in time", func(t *testing.T) {
		found := regexp.MustCompile(`the dead link of (\w+) is found after (\S+) s\n`)
		for _, text := range []string{asText.stdout, asJSON.stderr} {
			seconds := make(map[string]float64)
			for _, m := range found.FindAllStringSubmatch(text, -1) {
				seconds[m[1]], _ = strconv.ParseFloat(m[2], 64)
			}
			// How long each was silent before depends on chance.
			least, most := pingTimeout.Seconds(), (pingAfter + pingTimeout + 2*time.Second).Seconds()
			for _, id := range []string{menu, room} {
				if got := seconds[id]; got < least || got > most {
					t.Errorf("%s: got found after %v s, want %v to %v", id, got, least, most)
				}
			}
			if !strings.Contains(text, "sockets open: 4, the dead ones too") {
				t.Errorf("got %q, want the dead sockets still open at the backend", text)
			}
		}
	})
	t.Run("the engine is named", func(t *testing.T) {
		_, first := journalled(t, asJSON.journal)
		_, second := journalled(t, asText.journal)
		if first != "looplab" || second != "table" {
			t.Errorf("journals: got engines %q and %q, want looplab and table", first, second)
		}
		if !strings.Contains(asJSON.stderr, "engine looplab") || !strings.Contains(asText.stdout, "table engine") {
			t.Errorf("got %.60q and %.120q, want the engines named", asJSON.stderr, asText.stdout)
		}
	})
	t.Run("the output is pure", func(t *testing.T) {
		if asText.stderr != "" || strings.Contains(asText.stdout, "\x1b") {
			t.Errorf("got stderr %q, colour %v, want neither", asText.stderr, strings.Contains(asText.stdout, "\x1b"))
		}
		for line := range strings.Lines(asJSON.stderr) {
			if !strings.HasPrefix(line, "interlock: demo: ") {
				t.Errorf("got %q on stderr, want progress", line)
			}
		}
	})
	t.Run("X1 no secret", func(t *testing.T) {
		for _, p := range []played{asJSON, asText} {
			for _, text := range []string{p.stdout, p.stderr, p.journal} {
				if secret := secretIn(text); secret != "" {
					t.Errorf("got the secret %q in %.200q", secret, text)
				}
			}
		}
	})
	t.Run("it is over soon", func(t *testing.T) {
		if most := 10 * time.Second; asJSON.took > most || asText.took > most {
			t.Errorf("got %v and %v, want less than %v", asJSON.took, asText.took, most)
		}
	})
}

// noted returns how the notes go on that begin so.
func noted(text, beginning string) (notes []string) {
	for line := range strings.Lines(text) {
		if _, note, ok := strings.Cut(strings.TrimSuffix(line, "\n"), beginning); ok {
			notes = append(notes, note)
		}
	}
	return notes
}

// opaque are the backend's refresh tokens, and the ids in its access tokens.
var opaque = regexp.MustCompile(`[A-Z2-7]{26}`)

func secretIn(text string) string {
	for _, u := range connectortest.DefaultUsers() {
		if strings.Contains(text, u.Password) {
			return u.Password
		}
	}
	for _, word := range []string{"eyJ", "password", "Bearer"} {
		if strings.Contains(text, word) {
			return word
		}
	}
	return opaque.FindString(text)
}

// reader is told of what is written.
type reader func(text string)

func (r reader) Write(p []byte) (int, error) {
	r(string(p))
	return len(p), nil
}

func TestDemoInterrupted(t *testing.T) {
	for _, test := range []struct {
		act  int
		when string
	}{
		{4, "3 requests wait"}, {5, "subscribed -> probing"}, {6, "waits, while the token"}, {9, "Logout"},
	} {
		t.Run(test.when, func(t *testing.T) {
			temporary, goroutines := emptyDirectory(t), runtime.NumGoroutine()
			ctx, interrupt := context.WithCancelCause(t.Context())
			var stderr bytes.Buffer
			status := run(ctx, []string{"demo"}, reader(func(text string) {
				if strings.Contains(text, test.when) {
					interrupt(errors.New("somebody pressed Ctrl-C"))
				}
			}), &stderr)
			if status != failed || !strings.Contains(stderr.String(), fmt.Sprintf("act %d,", test.act)) || !strings.Contains(stderr.String(), "somebody pressed Ctrl-C") {
				t.Errorf("got status %d, stderr %q, want a failure that says where and why", status, stderr.String())
			}
			temporary.check(t)
			if err := holds(t.Context(), func() bool { return runtime.NumGoroutine() <= goroutines }); err != nil {
				t.Errorf("got %d goroutines, want at most %d: %v", runtime.NumGoroutine(), goroutines, err)
			}
		})
	}
}

func TestDemoJournalFails(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("SKIPPED, not tested here: no device that is full: %v", err)
	}
	_ = full.Close()
	got := runWith(t, "demo", "--journal", "/dev/full")
	if got.status != failed || !strings.Contains(got.stderr, "--journal") || !strings.Contains(got.stderr, "not complete") {
		t.Errorf("got status %d, stderr %q, want a failure that names the journal", got.status, got.stderr)
	}
}

func TestCredentialsArePrintedWithoutPassword(t *testing.T) {
	c := credentials{Name: "ann", Password: "hidden"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, value := range []any{c, &c, []credentials{c}} {
			if text := fmt.Sprintf(verb, value); strings.Contains(text, "hidden") || strings.Contains(text, fmt.Sprintf("%x", "hidden")) {
				t.Errorf("%s: got %q", verb, text)
			}
		}
	}
}
