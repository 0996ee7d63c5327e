package propertytests

import (
	"slices"

	"github.com/custom-app/interlock/fsm"
)

// answer is what comes of a step.
type answer[S, F ~uint8, D comparable] struct {
	to      fsm.Snapshot[S, D]
	effects []F
	row     int // -1: none
	never   bool
}

// interpret steps by reading the rows from top to bottom, as their documentation
// says they are read: the plainest machine there can be.
func interpret[S, E, F ~uint8, D comparable](rows []fsm.Row[S, E, F, D], from fsm.Snapshot[S, D], e fsm.Event[E]) answer[S, F, D] {
	for i, row := range rows {
		if !slices.Contains(row.From, from.State) || !slices.Contains(row.On, e.On) {
			continue
		}
		asked := from.Data
		if row.If != nil && !row.If.Holds(&asked, e) {
			continue
		}
		if row.Never != "" {
			return answer[S, F, D]{to: from, row: i, never: true}
		}
		to := from
		if row.Set != nil {
			row.Set.Apply(&to.Data, e)
		}
		if !row.Stay {
			to.State = row.To
		}
		return answer[S, F, D]{to: to, effects: row.Do, row: i}
	}
	return answer[S, F, D]{to: from, row: -1}
}
