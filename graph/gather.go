package graph

import (
	"slices"
	"strings"
)

// many is how many states make a crowd, whose lines to one state become one.
const many = 3

// moves returns the steps from each state to each state, in declared order.
func (d *drawing) moves() [][][]step {
	moves := make([][][]step, len(d.chart.States))
	for i := range moves {
		moves[i] = make([][]step, len(d.chart.States))
	}
	for _, row := range d.chart.Rows {
		if row.To == "" {
			continue
		}
		to := stateIndex(d.chart, row.To)
		for _, name := range row.From {
			from := stateIndex(d.chart, name)
			at := &moves[from][to]
			for _, on := range row.On {
				cause := d.chart.Events[eventIndex(d.chart, on)].Cause
				s := step{event: on, guard: row.If, cause: cause, do: row.Do, from: []int{from}}
				if !slices.ContainsFunc(*at, s.equal) {
					*at = append(*at, s)
				}
			}
		}
	}
	return moves
}

func (s step) equal(other step) bool {
	return s.event == other.event && s.guard == other.guard
}

// gather makes lines out of the moves, as few as tell everything: first notes,
// then lines of groups, then those of states.
func (d *drawing) gather(moves [][][]step) {
	d.takeNotes(moves)
	for _, g := range d.groups {
		d.lift(moves, g)
	}
	for _, g := range slices.Backward(d.groups) {
		d.merge(moves, g)
	}
	for from, targets := range moves {
		for to, steps := range targets {
			if len(steps) > 0 {
				d.lines = append(d.lines, line{from: from, to: to, steps: steps})
			}
		}
	}
}

// takeNotes takes out of the moves those to a state that every other one leads
// to, unless the main line does. A state of the main line that leads nowhere else
// keeps its line.
func (d *drawing) takeNotes(moves [][][]step) {
	for to := range d.chart.States {
		var others, busy []int
		for from := range d.chart.States {
			if from == to || len(moves[from][to]) == 0 {
				continue
			}
			others = append(others, from)
			if d.isAside(from) || leadsElsewhere(moves[from], to) {
				busy = append(busy, from)
			}
		}
		if len(others) < max(many, len(d.chart.States)-1) || slices.Index(d.main, to) > 0 {
			continue
		}
		steps := append(d.take(moves, others, to, true), d.take(moves, busy, to, false)...)
		d.name(steps, others, "every other state")
		d.lines = append(d.lines, line{from: to, note: true, to: to, steps: steps})
	}
}

func leadsElsewhere(targets [][]step, to int) bool {
	for other, steps := range targets {
		if other != to && len(steps) > 0 {
			return true
		}
	}
	return false
}

// lift takes out of the moves the steps that all states of a group share, and
// makes lines of the group out of them.
func (d *drawing) lift(moves [][][]step, g group) {
	if len(g.states) < 2 {
		return
	}
	for to := range d.chart.States {
		if slices.Contains(g.states, to) {
			continue
		}
		if shared := d.take(moves, g.states, to, true); len(shared) > 0 {
			d.lines = append(d.lines, line{group: g.path, to: to, steps: shared})
		}
	}
}

// merge adds to the lines of a group what many of its states, each in its own
// way, have left to lead to one state.
func (d *drawing) merge(moves [][][]step, g group) {
	for to := range d.chart.States {
		left := 0
		for _, from := range g.states {
			if len(moves[from][to]) > 0 {
				left++
			}
		}
		if left < many || slices.Contains(g.states, to) {
			continue
		}
		steps := d.take(moves, g.states, to, false)
		at := slices.IndexFunc(d.lines, func(l line) bool { return l.group == g.path && l.to == to })
		if at < 0 {
			d.lines = append(d.lines, line{group: g.path, to: to})
			at = len(d.lines) - 1
		}
		d.lines[at].steps = append(d.lines[at].steps, steps...)
		d.name(d.lines[at].steps, g.states, "all")
	}
}

// take takes out of the moves the steps that lead from some states to one: all
// of them, or those that the states share. A step that states take with unlike
// effects is without.
func (d *drawing) take(moves [][][]step, states []int, to int, shared bool) []step {
	var taken []step
	for _, from := range states {
		for _, s := range moves[from][to] {
			at := slices.IndexFunc(taken, s.equal)
			if at < 0 {
				taken = append(taken, s)
				continue
			}
			taken[at].from = append(taken[at].from, from)
			if !slices.Equal(taken[at].do, s.do) {
				taken[at].do = nil
			}
		}
	}
	if shared {
		taken = slices.DeleteFunc(taken, func(s step) bool { return len(s.from) < len(states) })
	}
	for _, from := range states {
		moves[from][to] = slices.DeleteFunc(moves[from][to], func(s step) bool { return slices.ContainsFunc(taken, s.equal) })
	}
	return taken
}

// name says who of a crowd takes each of some steps: all, or all but one, or the
// states by their names.
func (d *drawing) name(steps []step, crowd []int, all string) {
	for i, s := range steps {
		absent := slices.DeleteFunc(slices.Clone(crowd), func(state int) bool { return slices.Contains(s.from, state) })
		switch {
		case len(absent) == 0:
			steps[i].who = all
		case len(absent) == 1 && len(s.from) > 1:
			steps[i].who = all + " but " + d.chart.States[absent[0]].Name
		default:
			steps[i].who = strings.Join(each(s.from, func(state int) string { return d.chart.States[state].Name }), ", ")
		}
	}
}
