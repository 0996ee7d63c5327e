package proof_test

import (
	"testing"

	"github.com/custom-app/interlock/transitions/proof"
)

// TestTrials holds that mutants are judged by several small plans, each of its own.
func TestTrials(t *testing.T) {
	known := make(map[string]bool)
	for _, trial := range proof.Trials() {
		if known[trial.Name] || len(trial.Sockets) > 2 {
			t.Errorf("V3 %q: got it twice: %t, with %d sockets; want one with at most two", trial.Name, known[trial.Name], len(trial.Sockets))
		}
		known[trial.Name] = true
	}
}

// TestEquivalents holds that each entry has a mutant of its own, and a reason.
func TestEquivalents(t *testing.T) {
	listed := make(map[string]bool)
	for _, e := range proof.Equivalents {
		if e.Reason == "" || listed[e.Mutant] {
			t.Errorf("%q: got reason %q, listed before: %t; want a reason, once", e.Mutant, e.Reason, listed[e.Mutant])
		}
		listed[e.Mutant] = true
	}
	for m := range proof.Mutants() {
		if reason, ok := proof.Equivalent(m); ok != listed[m.String()] || ok != (reason != "") {
			t.Errorf("%v: got %q, %t, want %t", m, reason, ok, listed[m.String()])
		}
	}
}

func TestCatcher(t *testing.T) {
	for by, want := range map[string]proof.Catcher{
		"":                                 proof.Survived,
		"the declaration: fsm: socket: no": proof.ByDeclaration,
		"the coupling: transitions: no":    proof.ByDeclaration,
		"S6 a rule: opened in opening: no": proof.ByRule,
		"invariant 9: a stale event":       proof.ByInvariant,
		`goal "degraded" is not reached`:   proof.ByGoal,
	} {
		if got := (proof.Verdict{By: by}).Catcher(); got != want {
			t.Errorf("%q: got %q, want %q", by, got, want)
		}
	}
}
