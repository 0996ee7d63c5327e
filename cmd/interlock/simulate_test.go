package main

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/custom-app/interlock/connector/simulation"
	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/transitions"
)

// leaky are the shipped machines, but that a connection which comes late stays open.
func leaky(t *testing.T) *transitions.System {
	t.Helper()
	machines := transitions.Shipped.Machines
	decl := machines.Socket.Declaration()
	decl.Rows = slices.Clone(decl.Rows)
	for i := range decl.Rows {
		if decl.Rows[i].If == nil {
			decl.Rows[i].Do = slices.DeleteFunc(slices.Clone(decl.Rows[i].Do), func(e transitions.SocketEffect) bool { return e == transitions.SocketCloseLate })
		}
	}
	var err error
	if machines.Socket, err = fsm.Declare(decl); err != nil {
		t.Fatal(err)
	}
	system, err := transitions.NewSystem(machines, transitions.Shipped.Coupling)
	if err != nil {
		t.Fatal(err)
	}
	return system
}

func TestSimulate(t *testing.T) {
	t.Run("V2 runs that hold", func(t *testing.T) {
		got := runWith(t, "simulate", "--runs", "3", "--for", "3h", "--seed", "9")
		if got.status != done || !strings.HasPrefix(got.stdout, "3 of 3 runs, ") || strings.Count(got.stdout, " held ") != len(simulation.Invariants()) {
			t.Errorf("got %+v, want every invariant held", got)
		}
	})
	t.Run("V2 runs that hold, as JSON", func(t *testing.T) {
		got := runWith(t, "simulate", "--runs", "2", "--for", "2h", "--json")
		var v verdict
		if err := json.Unmarshal([]byte(got.stdout), &v); err != nil || got.status != done {
			t.Fatalf("got %v, %+v", err, got)
		}
		if v.Runs != 2 || v.SimulatedSeconds < 3600 || v.Events == 0 || v.Seconds <= 0 || v.Figures["faults"] == 0 || v.Invariants["29"] != "held" {
			t.Errorf("got %+v", v)
		}
		if !strings.Contains(got.stdout, `"failures":[]`) {
			t.Errorf("got %s, want an empty list of failures", got.stdout)
		}
	})
	t.Run("V2 runs that fail", func(t *testing.T) {
		dir := t.TempDir()
		var stdout, stderr strings.Builder
		c := simulateCommand{Runs: 3, For: 24 * time.Hour, Journals: dir, Tries: 50, JSON: true, system: leaky(t)}
		err := c.Run(t.Context(), &console{&stdout, &stderr})
		if err == nil || !strings.Contains(err.Error(), "of 3 runs have failed") {
			t.Errorf("got %v, want the failures counted", err)
		}
		var v verdict
		if err := json.Unmarshal([]byte(stdout.String()), &v); err != nil || len(v.Failures) == 0 {
			t.Fatalf("got %v, %s", err, stdout.String())
		}
		for _, f := range v.Failures {
			if f.Invariant != 10 && f.Invariant != 11 || len(f.Acts) == 0 || len(f.Tail) == 0 || f.At == 0 {
				t.Errorf("got %+v, want a connection left open, and how it came to that", f)
			}
			if kept, err := os.ReadFile(f.Journal); err != nil || strings.Count(string(kept), "\n") < len(f.Tail) {
				t.Errorf("got %v and a journal of %d bytes, want the whole of it", err, len(kept))
			}
			if want := f.line(); strings.Count(stderr.String(), want+"\n") != 1 {
				t.Errorf("got %s, want one line of %s", stderr.String(), want)
			}
		}
		if v.Invariants["10"] != "violated" && v.Invariants["11"] != "violated" || v.Invariants["3"] != "held" {
			t.Errorf("got %v", v.Invariants)
		}
	})
	t.Run("V2 a journal that cannot be kept is told", func(t *testing.T) {
		var stdout, stderr strings.Builder
		c := simulateCommand{Runs: 3, For: 24 * time.Hour, Journals: "/dev/null/x", system: leaky(t)}
		_ = c.Run(t.Context(), &console{&stdout, &stderr})
		if !strings.Contains(stderr.String(), "its journal is lost: ") {
			t.Errorf("got %s", stderr.String())
		}
	})
	for name, test := range map[string]struct{ args, want []string }{
		"runs":  {[]string{"--runs", "0"}, []string{"--runs", "1 to 1000000"}},
		"for":   {[]string{"--for", "1m"}, []string{"--for", "1m0s", "2h"}},
		"tries": {[]string{"--tries", "-1"}, []string{"--tries", "-1"}},
		"seed":  {[]string{"--seed", "x"}, []string{"--seed", `"x"`}},
	} {
		t.Run("bad "+name, func(t *testing.T) {
			got := runWith(t, append([]string{"simulate"}, test.args...)...)
			if got.status != wrongUsage {
				t.Errorf("got status %d, want %d", got.status, wrongUsage)
			}
			for _, want := range test.want {
				if !strings.Contains(got.stderr, want) {
					t.Errorf("got %q, want it to have %q", got.stderr, want)
				}
			}
		})
	}
}
