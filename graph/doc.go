// Package graph draws machines declared with package fsm, and their coupling,
// as Graphviz DOT, Mermaid and JSON.
//
// A drawing reads at a glance: what goes well runs straight down the page, what
// fails is dashed and leads aside, lines and words are coloured by whose doing
// an event is, and what every state of a group answers alike is drawn once, from
// the group. What many states answer each in its own way, with a move to the same
// state, is one line too, and its label names the states; what all states lead to
// has its label beside it and no line. A group named "signed in/connected" is drawn inside "signed in".
// [At] marks the state that a machine is in.
// Rows that stay in their state, and rows that are impossible, are not drawn;
// the JSON has them.
//
// The one invariant: equal charts give equal bytes, on every run and machine,
// because everything follows the declared order.
//
// What it will not do: lay out. Graphviz does that, see packages render and dot.
package graph

import (
	"io"

	"github.com/custom-app/interlock/fsm"
)

// Machine is what a machine is drawn from; every *fsm.Machine is one.
type Machine interface{ Chart() fsm.Chart }

// System is what coupled machines are drawn from.
type System interface{ Chart() fsm.SystemChart }

// write writes a finished document. Nothing is written of one that failed.
func write(w io.Writer, document string, err error) error {
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, document)
	return err
}
