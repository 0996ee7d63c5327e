package propertytests

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/transitions"
	"github.com/custom-app/interlock/transitions/proof"
)

// TestExploreTogether explores the whole product of two sockets, and the parts that
// a whole of that size has no room for, and holds the invariants in each.
func TestExploreTogether(t *testing.T) {
	var mu sync.Mutex
	reached := make(map[string]bool)
	plans := append(proof.Parts(), proof.Whole(2))
	t.Cleanup(func() { // when all of them are done
		for goal, yes := range reached {
			if !yes && !underRace {
				t.Errorf("goal %q was not reached", goal)
			}
		}
	})
	for _, p := range plans {
		t.Run(p.Name, func(t *testing.T) {
			if underRace {
				t.Skip("SKIPPED: too large under the race detector, which has nothing to find in it; it runs without")
			}
			plan := p.Plan
			plan.Workers = runtime.NumCPU()
			report := proof.Explore(transitions.Shipped, plan)
			t.Logf("%d states, %d moves, depth %d", report.States, report.Transitions, report.Depth)
			if report.Err != nil || report.Violation != nil {
				t.Fatal(report.Err, report.Violation)
			}
			if !report.Whole {
				t.Error("not every reachable state was visited")
			}
			if want := strings.ReplaceAll(humanised(report.States), ",", "\u00a0"); p.Name == proof.Whole(2).Name && !strings.Contains(flush(readme(t)), want+" states") {
				t.Errorf("the README does not say %s states", want)
			}
			mu.Lock()
			defer mu.Unlock()
			for goal, yes := range report.Goals {
				reached[goal] = reached[goal] || yes
			}
		})
	}
}

// TestExploreByMany holds that several goroutines walk as one does.
func TestExploreByMany(t *testing.T) {
	plan := proof.Whole(1).Plan
	plan.Depth = 0
	want := proof.Explore(transitions.Shipped, plan)
	plan.Workers = 3
	if got := proof.Explore(transitions.Shipped, plan); got.States != want.States || got.Transitions != want.Transitions || got.Depth != want.Depth || got.Violation != nil {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestViolationIsAScenario holds that the way to a violation can be played again as
// a script, and ends where the invariant is broken.
func TestViolationIsAScenario(t *testing.T) {
	c := transitions.Shipped.Coupling
	c.Links = slices.DeleteFunc(slices.Clone(c.Links), func(l transitions.Link) bool {
		return l.From == transitions.Port{Machine: transitions.SessionKind, Number: uint8(transitions.SessionCloseSockets)}
	})
	mutant, err := transitions.NewSystem(transitions.Shipped.Machines, c)
	if err != nil {
		t.Fatal(err)
	}
	v := proof.Explore(mutant, proof.Whole(1).Plan).Violation
	if v == nil || v.Invariant != "S6" {
		t.Fatalf("got %v, want a logout that leaves its socket open to be found", v)
	}
	played := runScript(t, mutant.Using(fsm.Table), v.Scenario)
	if strings.Contains(played, "refused") || strings.Count(v.Scenario, "\n") != len(v.Way)+1 {
		t.Errorf("got a scenario of %d events that is played as\n%s", len(v.Way), played)
	}
}

// humanised writes a number in groups of three.
func humanised(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", humanised(n/1000), n%1000)
}

func TestExploreRefusesTooMuch(t *testing.T) {
	for want, plan := range map[string]proof.Plan{
		"Depth: 99":            {Depth: 99},
		"Sockets: 99":          {Sockets: make([]transitions.SocketPlan, 99)},
		"Sockets: 4":           {Sockets: make([]transitions.SocketPlan, 3), Joins: &transitions.SocketPlan{Added: true}},
		"must not be negative": {Adds: -1},
		"a world takes":        {Sockets: []transitions.SocketPlan{{Subscriptions: 200}}},
		"the Group is 7":       {Sockets: []transitions.SocketPlan{{Group: 7}}},
		"requests at a time":   {Sockets: make([]transitions.SocketPlan, 1), Requests: make([]transitions.RequestData, 1), Pending: 99},
	} {
		if report := proof.Explore(transitions.Shipped, plan); report.Err == nil || !strings.Contains(report.Err.Error(), want) || report.Whole {
			t.Errorf("got %+v, want the error %q", report, want)
		}
	}
}
