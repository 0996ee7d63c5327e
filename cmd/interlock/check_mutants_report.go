package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/custom-app/interlock/transitions/proof"
)

// mutantReport is what has caught the mutants.
type mutantReport struct {
	mutantCount
	Survivors []survivor             `json:"survivors"`
	Machines  map[string]mutantCount `json:"machines"`
	Seconds   float64                `json:"seconds"`
	Whole     bool                   `json:"whole"` // every mutant is judged

	order  []string // of the machines
	broken []error  // why the check fails, beside survivors
}

// mutantCount counts some mutants.
type mutantCount struct {
	Mutants    int                   `json:"mutants"`
	Caught     int                   `json:"caught"`
	Equivalent int                   `json:"equivalent"`
	By         map[proof.Catcher]int `json:"by"`
}

// survivor is a mutant that nothing has caught.
type survivor struct {
	Mutant     string `json:"mutant"`
	Machine    string `json:"machine"`
	Row        int    `json:"row"`                  // of the machine's table, from 1
	Equivalent string `json:"equivalent,omitempty"` // why that is right
}

// catchers are all of them, in the order in which mutants meet them.
var catchers = [...]proof.Catcher{proof.ByDeclaration, proof.ByRule, proof.ByInvariant, proof.ByGoal}

func newCount() mutantCount {
	count := mutantCount{By: make(map[proof.Catcher]int)}
	for _, by := range catchers {
		count.By[by] = 0
	}
	return count
}

// equivalents are the reasons why mutants need not be caught, by the mutants' names.
type equivalents map[string]string

func shippedEquivalents() equivalents {
	list := make(equivalents)
	for _, e := range proof.Equivalents {
		list[e.Mutant] = e.Reason
	}
	return list
}

// newMutantReport counts the verdicts on the mutants of one machine, or of all.
func newMutantReport(verdicts []proof.Verdict, machine string, list equivalents) *mutantReport {
	r := &mutantReport{mutantCount: newCount(), Survivors: []survivor{}, Machines: make(map[string]mutantCount), Whole: true}
	survives := make(map[string]bool) // by name
	for _, v := range verdicts {
		count, known := r.Machines[v.Of]
		if !known {
			r.order, count = append(r.order, v.Of), newCount()
		}
		name, by := v.Mutant.String(), v.Catcher()
		reason, equivalent := list[name]
		for _, c := range []*mutantCount{&r.mutantCount, &count} {
			c.add(by, equivalent)
		}
		r.Machines[v.Of] = count
		if by == proof.Survived {
			r.Survivors = append(r.Survivors, survivor{name, v.Of, v.Row, reason})
		}
		survives[name] = by == proof.Survived
	}
	for _, name := range slices.Sorted(maps.Keys(list)) {
		survived, known := survives[name]
		switch {
		case machine != "" && !strings.HasPrefix(name, machine+", "):
		case !known:
			r.broken = append(r.broken, fmt.Errorf("listed as equivalent, but there is no mutant %q", name))
		case !survived:
			r.broken = append(r.broken, fmt.Errorf("listed as equivalent, but caught: %q", name))
		}
	}
	return r
}

func (c *mutantCount) add(by proof.Catcher, equivalent bool) {
	c.Mutants++
	switch {
	case by != proof.Survived:
		c.Caught++
		c.By[by]++
	case equivalent:
		c.Equivalent++
	}
}

func (r *mutantReport) faults() (all []error) {
	if n := r.Mutants - r.Caught - r.Equivalent; n > 0 {
		all = append(all, fmt.Errorf("nothing catches %d mutants, and nothing says why", n))
	}
	return append(all, r.broken...)
}

// print writes the report for a person.
func (r *mutantReport) print(to *written) {
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprint(table, "mutants\tcaught\t")
	for _, by := range catchers {
		_, _ = fmt.Fprintf(table, "by %s\t", by)
	}
	_, _ = fmt.Fprintln(table, "equivalent\tsurvive\t")
	for _, machine := range r.order {
		r.Machines[machine].print(table, machine)
	}
	if len(r.order) > 1 {
		r.mutantCount.print(table, "all")
	}
	_ = table.Flush() // to keeps the fault
	if len(r.Survivors) > 0 {
		to.printf("\n")
	}
	for _, s := range r.Survivors {
		verdict := "SURVIVES"
		if s.Equivalent != "" {
			verdict = "equivalent: " + s.Equivalent
		}
		to.printf("%s: %s\n", s.Mutant, verdict)
	}
	to.printf("\n%.1f seconds\n", r.Seconds)
}

func (c mutantCount) print(table *tabwriter.Writer, name string) {
	_, _ = fmt.Fprintf(table, "%d\t%d\t", c.Mutants, c.Caught)
	for _, by := range catchers {
		_, _ = fmt.Fprintf(table, "%d\t", c.By[by])
	}
	_, _ = fmt.Fprintf(table, "%d\t%d\t  %s\n", c.Equivalent, c.Mutants-c.Caught-c.Equivalent, name)
}
