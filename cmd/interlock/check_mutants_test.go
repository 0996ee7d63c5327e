package main

import (
	"strings"
	"testing"

	"github.com/custom-app/interlock/transitions/proof"
)

// judged is the JSON of a check with --mutants.
type judged struct {
	Mutants, Caught, Equivalent int
	By                          map[string]int
	Survivors                   []struct {
		Mutant, Machine, Equivalent string
		Row                         int
	}
	Machines map[string]struct {
		Mutants, Caught, Equivalent int
		By                          map[string]int
	}
	Seconds float64
	Whole   bool
}

func TestCheckMutants(t *testing.T) {
	for _, machine := range []string{"request", "subscription"} {
		t.Run("V3 "+machine, func(t *testing.T) {
			out := runWith(t, "check", "--mutants", "--machine", machine, "--json")
			if out.status != done {
				t.Fatalf("got status %d, want 0\n%s%s", out.status, out.stderr, out.stdout)
			}
			got := decoded[judged](t, out.stdout)
			if !got.Whole || got.Mutants < 100 || got.Caught+got.Equivalent != got.Mutants || got.Seconds == 0 || len(got.Survivors) != got.Equivalent {
				t.Errorf("got %+v, want all mutants caught but those with a reason", got)
			}
			if sum := got.By["declaration"] + got.By["rule"] + got.By["invariant"] + got.By["goal"]; sum != got.Caught || got.By["rule"] == 0 || len(got.By) != 4 {
				t.Errorf("got %v, want what caught each of %d", got.By, got.Caught)
			}
			if len(got.Machines) != 1 || got.Machines[machine].Mutants != got.Mutants || got.Machines[machine].Caught != got.Caught {
				t.Errorf("got %+v, want %s alone", got.Machines, machine)
			}
		})
	}
}

func TestCheckMutantsShows(t *testing.T) {
	got := runWith(t, "check", "--mutants", "--machine", "request")
	if got.status != done || !strings.Contains(got.stdout, "by declaration") || !strings.Contains(got.stdout, "  request\n") || strings.Contains(got.stdout, "SURVIVES") {
		t.Errorf("got %+v, want a table of the mutants of request", got)
	}
}

// TestSurvivors holds that a mutant which nothing catches fails the check unless
// the list of equivalents has it, and that the list cannot rot.
func TestSurvivors(t *testing.T) {
	caught := proof.Verdict{Mutant: proof.Mutant{Of: "request", Row: 1, Where: "submit in none", Change: "removed"}, By: "the declaration: no"}
	survivor := proof.Verdict{Mutant: proof.Mutant{Of: "request", Row: 2, Where: "sent in none", Change: "removed"}}
	same := equivalents{survivor.String(): "nothing is sent then"}
	for _, test := range []struct {
		name  string
		list  equivalents
		shows string
		want  string // no fault where empty
	}{
		{"V3 unexplained", nil, "SURVIVES", "nothing catches 1 mutants, and nothing says why"},
		{"V3 explained", same, "equivalent: nothing is sent then", ""},
		{"V3 an entry that is caught", equivalents{survivor.String(): "nothing is sent then", caught.String(): "no"}, "equivalent", `but caught: "request, submit in none: removed"`},
		{"V3 an entry without a mutant", equivalents{survivor.String(): "nothing is sent then", "request, gone: removed": "no"}, "equivalent", `but there is no mutant "request, gone: removed"`},
		{"V3 an entry of another machine", equivalents{survivor.String(): "nothing is sent then", "socket, gone: removed": "no"}, "equivalent", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			report := newMutantReport([]proof.Verdict{caught, survivor}, "request", test.list)
			var text strings.Builder
			report.print(&written{to: &text})
			if want := "request, sent in none: removed: " + test.shows; !strings.Contains(text.String(), want) {
				t.Errorf("got %s\nwant it to have %q", text.String(), want)
			}
			if report.Caught != 1 || report.By[proof.ByDeclaration] != 1 || len(report.Survivors) != 1 || report.Survivors[0].Row != 2 {
				t.Errorf("got %+v, want one caught and one survivor", report)
			}
			got := report.faults()
			if (test.want == "") != (len(got) == 0) || len(got) > 0 && !strings.Contains(got[0].Error(), test.want) {
				t.Errorf("got %v, want %q", got, test.want)
			}
		})
	}
}
