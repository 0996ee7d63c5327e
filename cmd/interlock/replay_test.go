package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/custom-app/interlock/connector/journal"
	"github.com/custom-app/interlock/transitions"
)

// logins is a journal of two sessions: each begins to log in, with a request that
// waits in the first.
func logins(t *testing.T) string {
	t.Helper()
	var text bytes.Buffer
	writer := journal.NewWriter(&text, transitions.Shipped)
	plan := transitions.SocketPlan{Limits: transitions.Limits{{Count: 1, Bytes: 9}}, Subscriptions: 1}
	for number := range uint64(2) {
		core, err := transitions.Shipped.New(transitions.Plan{Sockets: []transitions.SocketPlan{plan}})
		if err != nil {
			t.Fatal(err)
		}
		to := writer.Session(number+1, journal.Plan{Sockets: []journal.Socket{{Name: "menu", Plan: plan}}})
		for _, in := range []transitions.Input{
			{To: transitions.SessionKind, On: uint8(transitions.SessionLoginRequested), Arg: 1},
			{To: transitions.LoginKind, On: uint8(transitions.LoginGateOpened), Gen: 1},
			{To: transitions.LoginKind, On: uint8(transitions.LoginAccepted), Gen: 1, Arg: transitions.TokenPair},
			{To: transitions.RequestKind, ID: 1, On: uint8(transitions.RequestSubmit), Request: transitions.RequestData{Need: transitions.NeedReady, Repeatable: true}},
		} {
			outputs, refused := core.Post(in)
			if err := to.Post(in, outputs, refused); err != nil {
				t.Fatal(err)
			}
		}
	}
	return text.String()
}

func kept(t *testing.T, text string) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "journal")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestReplay(t *testing.T) {
	text := logins(t)
	file := kept(t, text)
	wantOut := func(t *testing.T, got outcome, want string) {
		t.Helper()
		if got.status != done || got.stderr != "" || got.stdout != want {
			t.Errorf("got %+v, want only %q", got, want)
		}
	}
	t.Run("D4 a journal", func(t *testing.T) {
		wantOut(t, runWith(t, "replay", file), "replayed 8 records of 2 sessions: the same states and effects\n")
	})
	t.Run("D4 of standard input", func(t *testing.T) {
		from, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer func(before *os.File) { os.Stdin = before }(os.Stdin)
		os.Stdin = from
		wantOut(t, runWith(t, "replay", "-"), "replayed 8 records of 2 sessions: the same states and effects\n")
	})
	t.Run("D4 cut off", func(t *testing.T) {
		cut := kept(t, text[:len(text)-20])
		wantOut(t, runWith(t, "replay", cut), "replayed 7 records of 2 sessions: the same states and effects\nthe last line is cut off, and was not replayed\n")
		if got := replayedJSON(t, cut); !got.Truncated || got.Records != 7 {
			t.Errorf("got %+v, want 7 records, truncated", got)
		}
	})
	t.Run("D4 as JSON", func(t *testing.T) {
		if got := replayedJSON(t, file); got.Records != 8 || got.Sessions != 2 || got.Truncated || got.Seconds <= 0 || got.Seconds > 60 || got.At != nil {
			t.Errorf("got %+v, want all of two sessions", got)
		}
	})
	t.Run("D4 the state after a record", func(t *testing.T) {
		wantOut(t, runWith(t, "replay", file, "--at", "4"), `replayed 4 records of 1 session: the same states and effects

session 1, after its record 4, by the looplab engine
  session           socketOpening        gen=1
  login             opening              gen=1 ticket=1 command=login
  token             storing              gen=1 since=1 renewable=true
  socket 0          tokenPending         gen=1 of "menu"
  subscription 1    wanted               declared=true of "menu"
  request 1         buffered             need=ready repeatable=true of "menu"
`)
		got := replayedJSON(t, file, "--at", "7")
		if len(got.At) != 2 || got.At[0].Record != 4 || got.At[1].Record != 7 || got.Records != 7 {
			t.Fatalf("got %+v, want both sessions", got)
		}
		for _, m := range []machineState{
			{"session", 0, "", "socketOpening", map[string]any{"gen": 1.0}},
			{"request", 1, "menu", "buffered", map[string]any{"need": "ready", "repeatable": true}},
		} {
			found := false
			for _, other := range got.At[0].Machines {
				found = found || fmt.Sprint(other) == fmt.Sprint(m)
			}
			if !found {
				t.Errorf("got %+v, want %+v among them", got.At[0].Machines, m)
			}
		}
	})
	t.Run("D4 a divergence", func(t *testing.T) {
		edited := strings.Replace(text, `"to":"requesting"`, `"to":"idle"`, 1)
		for _, args := range [][]string{{}, {"--json"}, {"--at", "5"}} {
			got := runWith(t, append([]string{"replay", kept(t, edited)}, args...)...)
			if got.status != failed || got.stdout != "" || !strings.HasPrefix(got.stderr, "interlock: replay: journal: line 3, record 2 of session 1: was changed") {
				t.Errorf("%v: got %+v, want the record named", args, got)
			}
		}
		wantOut(t, runWith(t, "replay", kept(t, edited), "--at", "1"), runWith(t, "replay", file, "--at", "1").stdout)
	})
	t.Run("X4 a record that is not there", func(t *testing.T) {
		got := runWith(t, "replay", file, "--at", "9")
		if got.status != failed || got.stdout != "" || !strings.Contains(got.stderr, "the journal has 8 records, and no record 9") {
			t.Errorf("got %+v, want the record named", got)
		}
	})
	t.Run("X3 more machines than may be", func(t *testing.T) {
		got := runWith(t, "replay", file, "--machines", "7")
		if got.status != failed || !strings.Contains(got.stderr, "line 6, session 2: there are more than 7 machines at once") {
			t.Errorf("got %+v, want the second session refused", got)
		}
	})
	t.Run("X4 an interrupt", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		var stdout, stderr bytes.Buffer
		if status := run(ctx, []string{"replay", file}, &stdout, &stderr); status != failed || stdout.Len() != 0 || !strings.Contains(stderr.String(), "after 0 records") {
			t.Errorf("got status %d, %q, %q", status, stdout.String(), stderr.String())
		}
	})
	t.Run("X4 a full disk", func(t *testing.T) {
		for _, args := range [][]string{{}, {"--json"}, {"--at", "3"}} {
			var stderr bytes.Buffer
			status := run(t.Context(), append([]string{"replay", file}, args...), fullDisk{}, &stderr)
			if status != failed || !strings.Contains(stderr.String(), os.ErrClosed.Error()) {
				t.Errorf("%v: got status %d, stderr %q, want a failure that says why", args, status, stderr.String())
			}
		}
	})
}

func replayedJSON(t *testing.T, args ...string) (result replayed) {
	t.Helper()
	got := runWith(t, append([]string{"replay", "--json"}, args...)...)
	decoder := json.NewDecoder(strings.NewReader(got.stdout))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&result); got.status != done || err != nil || decoder.More() || strings.Count(got.stdout, "\n") != 1 {
		t.Fatalf("got %+v, %v, want one object", got, err)
	}
	return result
}
