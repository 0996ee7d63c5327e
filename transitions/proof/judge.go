package proof

import (
	"fmt"
	"slices"

	t "github.com/custom-app/interlock/transitions"
)

// Verdict says what has caught a mutant.
type Verdict struct {
	Mutant
	By string // the declaration, a rule, an invariant or a goal; empty: nothing, it survives
}

// Judge judges mutants by the machine alone first, and then by explorations of the
// whole, small ones first. It may be used by several goroutines.
type Judge struct {
	trials []trial
}

// trial is one exploration, and what the shipped system comes to in it.
type trial struct {
	Named
	states int
	goals  []string
}

// NewJudge explores the shipped system by each of the plans, to know what a mutant
// must reach.
func NewJudge(plans ...Named) (*Judge, error) {
	j := &Judge{}
	for _, p := range plans {
		report := Explore(t.Shipped, p.Plan)
		if report.Err != nil {
			return nil, report.Err
		}
		if report.Violation != nil {
			return nil, fmt.Errorf("proof: %s: the shipped system itself: %w", p.Name, report.Violation)
		}
		j.trials = append(j.trials, trial{p, report.States, report.Reached()})
	}
	return j, nil
}

// Judge returns what catches a mutant.
func (j *Judge) Judge(m Mutant) Verdict {
	if err := m.Alone(); err != nil {
		return Verdict{m, err.Error()}
	}
	system, err := m.system()
	if err != nil {
		return Verdict{m, err.Error()}
	}
	for _, trial := range j.trials {
		if by := trial.catches(system); by != "" {
			return Verdict{m, by}
		}
	}
	return Verdict{Mutant: m}
}

// mostGrowth is how much larger than the shipped one the product of a mutant may
// become before its walk is given up.
const mostGrowth = 3

func (r *trial) catches(system *t.System) string {
	plan := r.Plan
	plan.Limit = mostGrowth * r.states
	report := Explore(system, plan)
	switch {
	case report.Err != nil:
		return report.Err.Error()
	case report.Violation != nil:
		return "invariant " + report.Violation.Err.Error()
	case !report.Whole:
		return ""
	}
	reached := report.Reached()
	for _, goal := range r.goals {
		if !slices.Contains(reached, goal) {
			return fmt.Sprintf("goal %q is not reached", goal)
		}
	}
	return ""
}
