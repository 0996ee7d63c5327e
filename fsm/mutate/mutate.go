// Package mutate changes a declared machine, one row at a time, to test the tests
// of it: whoever holds invariants and rules of a machine should notice when a row
// is removed, leads elsewhere, forgets an effect or its update, or asks the
// opposite.
//
// The one invariant: a mutant differs from the machine in what stands in the place of
// one row; the machine itself is never changed.
//
// What it will not do: judge. A mutant that no rule notices is either equivalent
// to the machine, or the sign of a missing rule.
package mutate

import (
	"fmt"
	"iter"
	"slices"

	"github.com/custom-app/interlock/fsm"
)

// Mutant is a declaration with one row changed. It need not be sound: to be
// refused by [fsm.Declare] is one way to be caught.
type Mutant[S, E, F ~uint8, D comparable] struct {
	Row         int    // of the machine it was made from, from 0
	Change      string // in the machine's names, such as "redirected to closed"
	Declaration fsm.Declaration[S, E, F, D]
}

// Rows yields every mutant of a machine, row by row: the row removed, redirected
// to every other state, stripped of each of its effects, its guard negated, and
// its update left out. Redirected to a state that it starts from, a row stays there,
// and so stands in two parts where it starts from others too. An impossible row
// becomes possible.
func Rows[S, E, F ~uint8, D comparable](m *fsm.Machine[S, E, F, D]) iter.Seq[Mutant[S, E, F, D]] {
	decl := m.Declaration()
	return func(yield func(Mutant[S, E, F, D]) bool) {
		for i := range decl.Rows {
			for _, c := range changes(m, decl.Rows[i]) {
				mutant := Mutant[S, E, F, D]{Row: i, Change: c.what, Declaration: decl}
				mutant.Declaration.Rows = slices.Concat(decl.Rows[:i], c.rows, decl.Rows[i+1:])
				if !yield(mutant) {
					return
				}
			}
		}
	}
}

// change is what stands in the place of a row.
type change[S, E, F ~uint8, D comparable] struct {
	what string
	rows []fsm.Row[S, E, F, D]
}

func changes[S, E, F ~uint8, D comparable](m *fsm.Machine[S, E, F, D], row fsm.Row[S, E, F, D]) []change[S, E, F, D] {
	all := []change[S, E, F, D]{{what: "removed"}}
	for _, state := range m.Declaration().States {
		if rows := redirected(row, state.Is); rows != nil {
			all = append(all, change[S, E, F, D]{"redirected to " + state.Name, rows})
		}
	}
	one := func(what string, r fsm.Row[S, E, F, D]) {
		all = append(all, change[S, E, F, D]{what, []fsm.Row[S, E, F, D]{r}})
	}
	for i, f := range row.Do {
		stripped := row
		stripped.Do = slices.Delete(slices.Clone(row.Do), i, i+1)
		one("stripped of "+m.EffectName(f), stripped)
	}
	if row.If != nil {
		negated, asked := row, row.If.Holds
		negated.If = &fsm.Guard[D, E]{Name: fmt.Sprintf("not %s", row.If.Name), Holds: func(d *D, e fsm.Event[E]) bool { return !asked(d, e) }}
		one("guard "+row.If.Name+" negated", negated)
	}
	if row.Set != nil {
		forgetful := row
		forgetful.Set = nil
		one("update "+row.Set.Name+" left out", forgetful)
	}
	return all
}

// redirected leads a row to another state, or returns nil where it leads there
// already. Of the states that it starts from, the other state itself stays.
func redirected[S, E, F ~uint8, D comparable](row fsm.Row[S, E, F, D], to S) (rows []fsm.Row[S, E, F, D]) {
	if !row.Stay && row.Never == "" && row.To == to {
		return nil
	}
	from := fsm.Except(row.From, to)
	if len(from) == 0 && row.Stay {
		return nil
	}
	row.Never = ""
	if len(from) > 0 {
		moves := row
		moves.From, moves.To, moves.Stay = from, to, false
		rows = append(rows, moves)
	}
	if len(from) < len(row.From) {
		stays := row
		stays.From, stays.To, stays.Stay = fsm.Of(to), 0, true
		rows = append(rows, stays)
	}
	return rows
}
