package graph

import (
	"fmt"

	"github.com/custom-app/interlock/fsm"
)

// At is a machine whose drawing marks a state as the current one: [DOT] and [Mermaid]
// fill it with the colour of its text, and [JSON] names it as current. Nothing else of
// the drawing differs. A state that the machine does not declare is a fault of the
// drawing.
func At(m Machine, state string) Machine { return marked{m, state} }

// marked is a machine with a current state.
type marked struct {
	Machine
	state string
}

// markOf returns the state that is marked; empty: none is.
func markOf(m Machine) string {
	if m, ok := m.(marked); ok {
		return m.state
	}
	return ""
}

// checkMark fails on a mark that the chart does not declare.
func checkMark(c fsm.Chart, state string) error {
	if state != "" && stateIndex(c, state) < 0 {
		return fmt.Errorf("interlock: graph: %s: current: state %q is not declared", c.Name, state)
	}
	return nil
}

// drawMarked is draw, with what the machine marks.
func drawMarked(m Machine) (*drawing, error) {
	d, err := draw(m.Chart())
	if err != nil {
		return nil, err
	}
	d.current = markOf(m)
	return d, checkMark(d.chart, d.current)
}

// current returns how the look is when its state is the current one.
func (l look) current() look {
	l.class, l.fill, l.edge, l.width, l.dashed = "current", l.text, ink, "4.0", false
	l.text, l.name = "#f8fafc", "white"
	return l
}
