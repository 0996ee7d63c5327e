package graph

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/custom-app/interlock/fsm"
)

// drawing is a chart made ready to draw: its groups as a tree, its moves merged
// into lines, and its main line.
type drawing struct {
	chart   fsm.Chart
	current string  // the state that is marked; empty: none is
	groups  []group // in the order of their first states, a group before those inside it
	lines   []line
	main    []int // the states that run down the page
	places  []int // for each state, how far down the page it is
}

// group is a frame around states, with the frames inside it.
type group struct {
	path   string
	label  string
	parent string // the path of the group around it; empty for none
	states []int  // all of them, those of inner groups included
}

// line is everything that leads from one state, or from the states of a group,
// to one state. A note is what leads to a state from all over the machine: it
// has no beginning, its label names the states.
type line struct {
	from  int    // the state; of a group, the one that the line is tied to; of a note, where it leads
	group string // the path of the group the line leaves; empty for a state
	note  bool
	to    int
	steps []step
	level bool // leads straight across the page, its label beside it
	pill  int  // the line that has this one's label; mostly itself
}

// step is one way along a line.
type step struct {
	event string
	guard string
	cause fsm.Cause
	do    []string
	from  []int  // the states that take it
	who   string // names them; empty where the line tells
}

// draw makes a chart ready. It fails on a chart whose rows name what it does not
// declare, which no machine of package fsm returns.
func draw(chart fsm.Chart) (*drawing, error) {
	if err := check(chart); err != nil {
		return nil, err
	}
	d := &drawing{chart: chart}
	d.findGroups()
	moves := d.moves()
	d.findMain(moves)
	d.gather(moves)
	d.place()
	d.tieGroupLines()
	d.level()
	d.share()
	d.shorten()
	return d, nil
}

func check(chart fsm.Chart) error {
	var faults []error
	state := func(name, where string) {
		if stateIndex(chart, name) < 0 {
			faults = append(faults, fmt.Errorf("interlock: graph: %s: %s: state %q is not declared", chart.Name, where, name))
		}
	}
	state(chart.Initial, "Initial")
	for i, row := range chart.Rows {
		where := fmt.Sprintf("row %d", i+1)
		for _, from := range row.From {
			state(from, where)
		}
		if row.To != "" {
			state(row.To, where)
		}
		for _, on := range row.On {
			if eventIndex(chart, on) < 0 {
				faults = append(faults, fmt.Errorf("interlock: graph: %s: %s: event %q is not declared", chart.Name, where, on))
			}
		}
	}
	return errors.Join(faults...)
}

func stateIndex(chart fsm.Chart, name string) int {
	return slices.IndexFunc(chart.States, func(s fsm.ChartState) bool { return s.Name == name })
}

func eventIndex(chart fsm.Chart, name string) int {
	return slices.IndexFunc(chart.Events, func(e fsm.ChartEvent) bool { return e.Name == name })
}

func (d *drawing) findGroups() {
	for i, state := range d.chart.States {
		if state.Group == "" {
			continue
		}
		path, parent := "", ""
		for _, label := range strings.Split(state.Group, "/") {
			path += "/" + label
			g := d.group(path)
			if g == nil {
				d.groups = append(d.groups, group{path: path, label: label, parent: parent})
				g = &d.groups[len(d.groups)-1]
			}
			g.states = append(g.states, i)
			parent = path
		}
	}
}

func (d *drawing) group(path string) *group {
	for i := range d.groups {
		if d.groups[i].path == path {
			return &d.groups[i]
		}
	}
	return nil
}

// shorten drops the effects of lines off the main line, unless they are few and
// the same all along it, and along all lines it shares its pill with.
func (d *drawing) shorten() {
	for i, l := range d.lines {
		if d.isMain(l) {
			continue
		}
		do := l.steps[0].do
		few := len(do) <= 2
		for _, other := range d.lines {
			differs := func(s step) bool { return !slices.Equal(s.do, do) }
			if other.pill == i && slices.ContainsFunc(other.steps, differs) {
				few = false
			}
		}
		if !few {
			for s := range l.steps {
				l.steps[s].do = nil
			}
		}
	}
}

// cause returns whose doing a line is; a mixed one is its worst.
func (l line) cause() fsm.Cause {
	for _, cause := range []fsm.Cause{fsm.Failure, fsm.Timer, fsm.User, fsm.Peer} {
		if slices.ContainsFunc(l.steps, func(s step) bool { return s.cause == cause }) {
			return cause
		}
	}
	return fsm.Coupled
}
