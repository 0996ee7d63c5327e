package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/custom-app/interlock/connector/journal"
	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/fsm/mutate"
	"github.com/custom-app/interlock/transitions"
	"github.com/custom-app/interlock/transitions/proof"
)

// walked is a check's JSON, as a user would read it.
type walked struct {
	Sockets, States, Transitions, Depth int
	Seconds                             float64
	Whole                               bool
	Violations                          []struct{ Invariant, Error, Scenario, In string }
	Invariants                          map[string]string
	Goals                               map[string]bool
	Explorations                        []struct {
		Name                       string
		States, Transitions, Depth int
		Seconds                    float64
		Whole                      bool
	}
}

func decoded[T any](t *testing.T, document string) (value T) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(document))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&value); err != nil || strings.Count(document, "\n") != 1 {
		t.Fatalf("got %.300q, %v, want one object on one line", document, err)
	}
	return value
}

func TestCheckHolds(t *testing.T) {
	asJSON := runWith(t, "check", "--sockets", "1", "--product-only", "--json")
	if asJSON.status != done {
		t.Fatalf("got status %d, want 0\n%s", asJSON.status, asJSON.stderr)
	}
	got := decoded[walked](t, asJSON.stdout)
	if got.Sockets != 1 || got.States == 0 || got.Transitions < got.States || got.Depth == 0 || got.Seconds == 0 || !got.Whole || len(got.Violations) > 0 {
		t.Errorf("got %+v, want the figures of a whole product", got)
	}
	if !strings.Contains(asJSON.stdout, `"violations":[]`) {
		t.Errorf("got %.200q, want an empty list of violations", asJSON.stdout)
	}
	product := got.Explorations[0]
	if len(got.Explorations) != 1 || product.States != got.States || product.Transitions != got.Transitions || product.Depth != got.Depth {
		t.Errorf("got explorations %+v, want the product", got.Explorations)
	}
	for i, prover := range proof.Provers {
		want := held
		if prover.By == proof.BySimulation || prover.By == proof.ByProperties {
			want = string(prover.By)
		}
		if verdict := got.Invariants[strconv.Itoa(i+1)]; verdict != want {
			t.Errorf("invariant %d: got %q, want %q", i+1, verdict, want)
		}
	}
	if !got.Goals["every socket ready"] || got.Goals["as another, three deep"] {
		t.Errorf("got goals %v, want those that one socket and one user below reach", got.Goals)
	}
}

func TestCheckShows(t *testing.T) {
	alone := runOn(t.Context(), transitions.Shipped, "check", "--sockets", "1", "--product-only")
	if alone.status != done {
		t.Errorf("got status %d, want 0\n%s", alone.status, alone.stderr)
	}
	whole := runOn(t.Context(), transitions.Shipped, "check", "--sockets", "1")
	if want := `interlock: check: goal "as another, three deep" is reached nowhere`; whole.status != failed || !strings.Contains(whole.stderr, want) {
		t.Errorf("got status %d, stderr %q, want %q, since not all parts were walked", whole.status, whole.stderr, want)
	}
	for _, got := range []outcome{alone, whole} {
		for _, want := range []string{"  the product\n", "\n  1  held ", "\n  4  simulation ", " goals are reached\n", "not: as another, three deep\n"} {
			if !strings.Contains(got.stdout, want) {
				t.Errorf("got %s\nwant it to have %q", got.stdout, want)
			}
		}
		if progress, _, _ := strings.Cut(got.stderr, "\n"); progress != "interlock: check: the rules of each machine alone" || strings.Contains(got.stdout, "states/s") {
			t.Errorf("got stderr %q and stdout %q, want progress on stderr alone", got.stderr, got.stdout)
		}
	}
	if part := "  K11 "; strings.Contains(alone.stdout, part) || !strings.Contains(whole.stdout, part) {
		t.Errorf("got %s\nand %s\nwant %q in the second alone", alone.stdout, whole.stdout, part)
	}
}

// broken is a system that does not close the connection of a dial that was given up.
func broken(t *testing.T) *transitions.System {
	t.Helper()
	for m := range mutate.Rows(transitions.Socket) {
		if m.Change != "stripped of closeLate" || transitions.Socket.Declaration().Rows[m.Row].If != nil {
			continue
		}
		machines := transitions.Shipped.Machines
		var err error
		if machines.Socket, err = fsm.Declare(m.Declaration); err != nil {
			t.Fatal(err)
		}
		system, err := transitions.NewSystem(machines, transitions.Shipped.Coupling)
		if err != nil {
			t.Fatal(err)
		}
		return system
	}
	t.Fatal("no row closes late connections")
	return nil
}

// runOn runs the program on another system, without the rules, and with one part
// beside the product.
func runOn(ctx context.Context, system *transitions.System, args ...string) outcome {
	parts := slices.DeleteFunc(proof.Parts(), func(p proof.Named) bool { return !strings.HasPrefix(p.Name, "K11 ") })
	c := &commands{Check: checkCommand{subject: &subject{system: system, rules: func() error { return nil }, parts: parts}}}
	var stdout, stderr bytes.Buffer
	status := c.run(ctx, args, &stdout, &stderr)
	return outcome{status, stdout.String(), stderr.String()}
}

func TestCheckFindsAViolation(t *testing.T) {
	t.Run("D2 as JSON", func(t *testing.T) {
		out := runOn(t.Context(), broken(t), "check", "--sockets", "1", "--product-only", "--json")
		got := decoded[walked](t, out.stdout)
		if out.status != failed || got.Whole || len(got.Violations) != 1 {
			t.Fatalf("got status %d, %+v, want a violation", out.status, got)
		}
		v := got.Violations[0]
		if v.Invariant != "10" || !strings.HasPrefix(v.Error, "10: ") || !strings.HasPrefix(v.Scenario, "core sockets=1") || v.In != "the product" {
			t.Errorf("got %+v, want how invariant 10 is broken", v)
		}
		if got.Invariants["10"] != violated || got.Invariants["9"] != undecided || got.Invariants["19"] != held || got.Invariants["4"] != string(proof.BySimulation) {
			t.Errorf("got %v, want 10 violated, 9 undecided, 19 held, and 4 left to the simulation", got.Invariants)
		}
	})
	t.Run("D2 as text", func(t *testing.T) {
		out := runOn(t.Context(), broken(t), "check", "--sockets", "1", "--product-only")
		if out.status != failed || !strings.Contains(out.stderr, "interlock: check: the product: violation of 10: ") {
			t.Errorf("got status %d, stderr %q, want a failure that says what is broken", out.status, out.stderr)
		}
		for _, want := range []string{"the product, not whole\n", " 10  violated ", "\nthe product: violation of 10: ", "\ncore sockets=1", "\nsocket 0 opened"} {
			if !strings.Contains(out.stdout, want) {
				t.Errorf("got %s\nwant it to have %q", out.stdout, want)
			}
		}
	})
}

func TestCheckWritesAJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	args := []string{"check", "--sockets", "1", "--product-only", "--json", "--journal", path}
	if out := runOn(t.Context(), transitions.Shipped, args...); out.status != done {
		t.Fatalf("got %+v, want status 0", out)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want no journal where nothing is broken", err)
	}
	out := runOn(t.Context(), broken(t), args...)
	if out.status != failed {
		t.Fatalf("got %+v, want a violation", out)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	summary, err := journal.Replay(file, broken(t).Using(fsm.Table))
	scenario := decoded[walked](t, out.stdout).Violations[0].Scenario
	if events := strings.Count(scenario, "\n") - 1; err != nil || summary.Sessions != 1 || summary.Records != uint64(events) {
		t.Errorf("got %+v, %v, want one session of %d records that replays by the broken tables", summary, err, events)
	}
	args[len(args)-1] = "/nonexistent/x"
	if out := runOn(t.Context(), broken(t), args...); !strings.Contains(out.stderr, "interlock: check: --journal /nonexistent/x: ") {
		t.Errorf("got stderr %q, want that the journal cannot be written", out.stderr)
	}
}

func TestCheckGoals(t *testing.T) {
	report := newCheckReport(1, true)
	report.add("the product", proof.Report{Whole: true, Goals: map[string]bool{"a": true, "b": false}}, 0)
	report.add("a part", proof.Report{Whole: true, Goals: map[string]bool{"a": false, "b": false}}, 0)
	report.conclude()
	if got := report.faults(); len(got) != 1 || got[0].Error() != `goal "b" is reached nowhere` {
		t.Errorf("got %v, want that b is not reached", got)
	}
	report.all = false
	if got := report.faults(); got != nil {
		t.Errorf("got %v, want none where the parts were not walked", got)
	}
}

func TestCheckRules(t *testing.T) {
	report := newCheckReport(1, true)
	report.holdRules(errors.New("proof: socket: 18 a gap is told: opened in opening: it does not cause reportReady"))
	report.add("the product", proof.Report{Whole: true}, 0)
	report.conclude()
	if report.Invariants["18"] != violated || report.Invariants["19"] != undecided || report.Invariants["1"] != held {
		t.Errorf("got %v, want 18 violated, 19 undecided and 1 held", report.Invariants)
	}
	if got := report.faults(); len(got) != 1 || !strings.HasPrefix(got[0].Error(), "tables: violation of socket: 18 a gap") {
		t.Errorf("got %v, want the rule", got)
	}
}

func TestCheckIsInterrupted(t *testing.T) {
	for _, args := range [][]string{{"check", "--json"}, {"check", "--mutants"}} {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errors.New("somebody pressed Ctrl-C"))
		got := runOn(ctx, transitions.Shipped, args...)
		if got.status != failed || !strings.Contains(got.stderr, "not whole") || !strings.Contains(got.stderr, "somebody pressed Ctrl-C") {
			t.Errorf("%v: got %+v, want that it is not whole, and why", args, got)
		}
		if strings.Contains(got.stdout, `"whole":true`) || strings.Contains(got.stdout, `"9":"held"`) {
			t.Errorf("%v: got %q, want nothing held that was not walked", args, got.stdout)
		}
	}
}

func TestProgressOnATerminal(t *testing.T) {
	var out bytes.Buffer
	p := &progress{to: &out, same: true}
	p.tell(func() string { return "longer" })
	p.tell(func() string { return "short" })
	p.wipe()
	const name = "interlock: check: "
	if want := "\r" + name + "longer" + "\r" + name + "short " + "\r" + strings.Repeat(" ", len(name)+5) + "\r"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestProgressInAFile(t *testing.T) {
	var out bytes.Buffer
	p := newProgress(&out)
	for range 3 {
		p.tell(func() string { return "here" })
	}
	p.wipe()
	if want := "interlock: check: here\n"; out.String() != want {
		t.Errorf("got %q, want %q: the others come too soon", out.String(), want)
	}
}
