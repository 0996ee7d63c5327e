package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/custom-app/interlock/transitions/proof"
)

// checkReport is what a walk has come to. The figures are those of the product.
type checkReport struct {
	Sockets      int               `json:"sockets"`
	States       int               `json:"states"`
	Transitions  int               `json:"transitions"`
	Depth        int               `json:"depth"`
	Seconds      float64           `json:"seconds"`
	Whole        bool              `json:"whole"` // every exploration was
	Violations   []violation       `json:"violations"`
	Invariants   map[string]string `json:"invariants"` // by number: a verdict, or the prover that holds it
	Goals        map[string]bool   `json:"goals"`
	Explorations []exploration     `json:"explorations"` // the product, and what is explored beside it

	all bool  // it was asked for all explorations, so that all goals must be reached
	cut error // why it was ended early

	way       *proof.Violation // the first one that an exploration has come to
	unwritten error            // why there is no journal of it
}

// exploration is the figures of one.
type exploration struct {
	Name        string  `json:"name"`
	States      int     `json:"states"`
	Transitions int     `json:"transitions"`
	Depth       int     `json:"depth"`
	Seconds     float64 `json:"seconds"`
	Whole       bool    `json:"whole"` // all that can be reached was walked
}

// violation is a broken invariant, or a rule of one machine.
type violation struct {
	Invariant string `json:"invariant"` // its number, or the clause
	Error     string `json:"error"`
	Scenario  string `json:"scenario,omitempty"` // the shortest run to it, as a script
	In        string `json:"in"`                 // the exploration; tables: a machine alone
}

// The verdicts on an invariant.
const (
	held      = "held"
	violated  = "violated"
	undecided = "undecided" // nothing violates it as far as the walk went
)

const inTables = "tables"

func newCheckReport(sockets int, all bool) *checkReport {
	return &checkReport{
		Sockets: sockets, Whole: true, Violations: []violation{},
		Invariants: make(map[string]string), Goals: make(map[string]bool), all: all,
	}
}

// holdRules takes what breaks a rule of a machine alone; nil: nothing.
func (r *checkReport) holdRules(err error) {
	if err == nil {
		return
	}
	text := strings.TrimPrefix(err.Error(), "proof: ")
	_, rule, _ := strings.Cut(text, ": ") // behind the machine; a rule's name begins with its number
	number, _, _ := strings.Cut(strings.TrimPrefix(rule, `rule "`), " ")
	r.Violations = append(r.Violations, violation{Invariant: number, Error: text, In: inTables})
}

func (r *checkReport) add(name string, explored proof.Report, took time.Duration) {
	r.Explorations = append(r.Explorations, exploration{
		Name: name, States: explored.States, Transitions: explored.Transitions, Depth: explored.Depth,
		Seconds: rounded(took), Whole: explored.Whole,
	})
	r.Whole = r.Whole && explored.Whole
	for goal, reached := range explored.Goals {
		r.Goals[goal] = r.Goals[goal] || reached
	}
	if v := explored.Violation; v != nil {
		if r.way == nil {
			r.way = v
		}
		r.Violations = append(r.Violations, violation{Invariant: v.Invariant, Error: v.Err.Error(), Scenario: v.Scenario, In: name})
	}
}

// conclude gives the verdicts, when there is nothing more to come.
func (r *checkReport) conclude() {
	product := r.Explorations[0]
	r.States, r.Transitions, r.Depth, r.Seconds = product.States, product.Transitions, product.Depth, product.Seconds
	wholeTables := !slices.ContainsFunc(r.Violations, func(v violation) bool { return v.In == inTables })
	for i, prover := range proof.Provers {
		verdict := string(prover.By)
		switch {
		case prover.By == proof.ByTable && wholeTables, prover.By == proof.ByExploration && r.Whole:
			verdict = held
		case prover.By == proof.ByTable, prover.By == proof.ByExploration:
			verdict = undecided
		}
		r.Invariants[strconv.Itoa(i+1)] = verdict
	}
	for _, v := range r.Violations {
		if _, numbered := r.Invariants[v.Invariant]; numbered {
			r.Invariants[v.Invariant] = violated
		}
	}
}

// unreached are the goals that were reached nowhere.
func (r *checkReport) unreached() (names []string) {
	for _, name := range slices.Sorted(maps.Keys(r.Goals)) {
		if !r.Goals[name] {
			names = append(names, name)
		}
	}
	return names
}

func (r *checkReport) faults() (all []error) {
	if r.cut != nil {
		all = append(all, fmt.Errorf("not whole: %w", r.cut))
	}
	for _, v := range r.Violations {
		all = append(all, fmt.Errorf("%s: violation of %s", v.In, v.Error))
	}
	if r.all && r.Whole {
		for _, name := range r.unreached() {
			all = append(all, fmt.Errorf("goal %q is reached nowhere", name))
		}
	}
	if r.unwritten != nil {
		all = append(all, r.unwritten)
	}
	return all
}

// print writes the report for a person.
func (r *checkReport) print(to *written) {
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(table, "states\ttransitions\tdepth\tseconds\t")
	for _, e := range r.Explorations {
		name := e.Name
		if !e.Whole {
			name += ", not whole"
		}
		_, _ = fmt.Fprintf(table, "%d\t%d\t%d\t%.1f\t  %s\n", e.States, e.Transitions, e.Depth, e.Seconds, name)
	}
	_ = table.Flush() // to keeps the fault
	to.printf("\n")
	for i, prover := range proof.Provers {
		number := strconv.Itoa(i + 1)
		to.printf("%3s  %-14s  %s\n", number, r.Invariants[number], prover.What)
	}
	unreached := r.unreached()
	to.printf("\n%d of %d goals are reached\n", len(r.Goals)-len(unreached), len(r.Goals))
	for _, name := range unreached {
		to.printf("     not: %s\n", name)
	}
	for _, v := range r.Violations {
		to.printf("\n%s: violation of %s\n%s", v.In, v.Error, v.Scenario)
	}
}

func rounded(d time.Duration) float64 { return d.Round(time.Millisecond).Seconds() }
