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
	"slices"
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
	return p
}

// moved is a change of state, in a form that every record of a run has.
type moved struct{ machine, from, event, to string }

// journalled returns the changes that a journal tells of.
func journalled(t *testing.T, journal string) (changes []moved, engine string) {
	t.Helper()
	for text := range strings.Lines(journal) {
		var line struct {
			Journal, Engine string
			Steps           []struct{ Machine, From, Event, To string }
		}
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("journal: %q: %v", text, err)
		}
		if line.Journal != "" {
			engine = line.Engine
		}
		for _, s := range line.Steps {
			if s.From != s.To && s.Machine != "request" {
				changes = append(changes, moved{s.Machine, s.From, s.Event, s.To})
			}
		}
	}
	return changes, engine
}

// streamed returns the changes and the messages of JSON lines, and fails on any
// other line.
func streamed(t *testing.T, stdout string) (changes []moved, messages []response) {
	t.Helper()
	for text := range strings.Lines(stdout) {
		var line struct {
			changeLine
			Message *response `json:"message"`
		}
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&line); err != nil || decoder.More() {
			t.Fatalf("got line %q, want one JSON object: %v", text, err)
		}
		if (line.Message == nil) == (line.Machine == "") {
			t.Fatalf("got line %q, want either a change or a message", text)
		}
		if line.Message != nil {
			messages = append(messages, *line.Message)
			continue
		}
		if line.Reason == "" || line.Generation == 0 || (line.Machine == "socket") != (line.ID == "menu") {
			t.Errorf("got line %q, want a reason, a generation, and an id on a socket only", text)
		}
		changes = append(changes, moved{line.Machine, line.From, line.Event, line.To})
	}
	return changes, messages
}

// textLine is a line of a change as a person sees it.
var textLine = regexp.MustCompile(`^ +\d+\.\d{3}  (session|login|token|socket)(?: menu)? +(\w+) -> (\w+) +(\w+): \S`)

func printed(stdout string) (changes []moved) {
	for line := range strings.Lines(stdout) {
		if m := textLine.FindStringSubmatch(line); m != nil {
			changes = append(changes, moved{m[1], m[2], m[4], m[3]})
		}
	}
	return changes
}

func TestDemo(t *testing.T) {
	asJSON, asText := playDemo(t, "--json"), playDemo(t, "--engine", "table")
	changes, messages := streamed(t, asJSON.stdout)

	t.Run("S10 every change is a line", func(t *testing.T) {
		want, _ := journalled(t, asJSON.journal)
		if !slices.Equal(changes, want) {
			t.Errorf("JSON: got %d changes, want those %d of the journal\n%v\n%v", len(changes), len(want), changes, want)
		}
		want, _ = journalled(t, asText.journal)
		if got := printed(asText.stdout); !slices.Equal(got, want) {
			t.Errorf("text: got %d changes, want those %d of the journal\n%v\n%v", len(got), len(want), got, want)
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
	t.Run("every act happens", func(t *testing.T) { actsHappen(t, changes, messages) })
	t.Run("nothing is left", func(t *testing.T) {
		for _, want := range []string{"sockets open: 0;", "goroutines: "} {
			if !strings.Contains(asText.stdout, want) {
				t.Errorf("got %q, want it to have %q", asText.stdout, want)
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

// actsHappen checks that what the acts promise is there, in this order.
func actsHappen(t *testing.T, changes []moved, messages []response) {
	t.Helper()
	rest := changes
	for _, want := range []moved{
		{"session", "loggedOut", "loginRequested", "authenticating"},
		{"session", "socketAuthed", "socketsReady", "subscribed"},
		{"socket", "subscribed", "dropped", "waiting"},
		{"socket", "socketAuthed", "subscriptionAccepted", "subscribed"},
		{"token", "refreshing", "refreshed", "fresh"},
		{"session", "subscribed", "logoutRequested", "closing"},
		{"socket", "closing", "ended", "closed"},
		{"token", "revoking", "revoked", "absent"},
		{"session", "revoking", "tokenGone", "loggedOut"},
	} {
		i := slices.Index(rest, want)
		if i < 0 {
			t.Fatalf("got no %v, or not in its place\n%v", want, changes)
		}
		rest = rest[i+1:]
	}
	if len(rest) != 0 {
		t.Errorf("got %v after the logout, want nothing", rest)
	}
	var texts []string
	for _, m := range messages {
		texts = append(texts, m.String())
	}
	if want := []string{
		`echo "hello"`, "menuAdd: 4 Tea is on the menu",
		"list: 1 Soup, 2 Bread, 3 Cake", "update: 4 Tea", "menuDelete: 1 is off the menu", "delete: 1",
		`echo "anybody there?"`, "list: 2 Bread, 3 Cake, 4 Tea",
	}; !slices.Equal(texts, want) {
		t.Errorf("got messages\n%q, want\n%q", texts, want)
	}
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
	ctx, interrupt := context.WithCancelCause(t.Context())
	var stderr bytes.Buffer
	status := run(ctx, []string{"demo"}, reader(func(text string) {
		if strings.Contains(text, "5. ") {
			interrupt(errors.New("somebody pressed Ctrl-C"))
		}
	}), &stderr)
	if status != failed || !strings.Contains(stderr.String(), "act 5") || !strings.Contains(stderr.String(), "somebody pressed Ctrl-C") {
		t.Errorf("got status %d, stderr %q, want a failure that says where and why", status, stderr.String())
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
