package graph

import (
	"slices"

	"github.com/custom-app/interlock/fsm"
)

// findMain follows what goes well, from the initial state to later declared
// states, by the smallest stride each time; what can fail to the same state, and is
// no command, only where there is nothing better.
func (d *drawing) findMain(moves [][][]step) {
	at := stateIndex(d.chart, d.chart.Initial)
	for {
		d.main = append(d.main, at)
		stride := slices.IndexFunc(moves[at][at+1:], func(steps []step) bool {
			l := line{steps: steps}
			return l.goesWell() && (l.cause() != fsm.Failure || l.commanded())
		})
		if stride < 0 {
			stride = slices.IndexFunc(moves[at][at+1:], func(steps []step) bool { return line{steps: steps}.goesWell() })
		}
		if stride < 0 {
			return
		}
		at += 1 + stride
	}
}

func (l line) leaves(state int) bool {
	return slices.ContainsFunc(l.steps, func(s step) bool { return slices.Contains(s.from, state) })
}

func (l line) commanded() bool {
	return slices.ContainsFunc(l.steps, func(s step) bool { return s.cause == fsm.User })
}

func (l line) goesWell() bool {
	return slices.ContainsFunc(l.steps, func(s step) bool { return s.cause == fsm.User || s.cause == fsm.Peer || s.cause == fsm.Coupled })
}

// place gives every state its place down the page. The main line has the first
// ones; a state off it stands beside one of them, or below them all.
func (d *drawing) place() {
	d.places = make([]int, len(d.chart.States))
	taken := make([]bool, len(d.main)+len(d.chart.States))
	for i := range d.places {
		if at := slices.Index(d.main, i); at >= 0 {
			d.places[i] = at
			continue
		}
		at := d.bestPlace(i)
		for taken[at] {
			at++
		}
		d.places[i], taken[at] = at, true
	}
	for _, state := range d.main {
		d.lower(state)
	}
}

// lower moves a state of the main line, and what is declared after it and stands
// no higher, below the states off the line that are declared before it.
func (d *drawing) lower(state int) {
	place, by := d.places[state], 0
	for i, p := range d.places[:state] {
		if d.isAside(i) {
			by = max(by, p+1-place)
		}
	}
	for i := state; i < len(d.places); i++ {
		if d.places[i] >= place {
			d.places[i] += by
		}
	}
}

// bestPlace returns where a state off the main line leads back to when its time
// is up, or else the middle of where it comes from.
func (d *drawing) bestPlace(state int) int {
	for _, l := range d.lines {
		back := l.group == "" && l.from == state && l.to < state && l.cause() == fsm.Timer
		if at := slices.Index(d.main, l.to); back && at >= 0 {
			return at
		}
	}
	var sources []int
	for _, l := range d.lines {
		if l.to == state {
			sources = append(sources, d.sources(l)...)
		}
	}
	if len(sources) > 0 {
		slices.Sort(sources)
		return sources[len(sources)/2]
	}
	for _, l := range d.lines {
		if l.to == state && l.group == "" && l.from < state {
			return d.places[l.from]
		}
	}
	return len(d.main) - 1
}

// sources returns the places on the main line that a line leaves.
func (d *drawing) sources(l line) []int {
	var places []int
	for at, state := range d.main {
		if l.leaves(state) {
			places = append(places, at)
		}
	}
	return places
}

// tieGroupLines chooses the state that each line of a group is tied to: one on
// the main line that is level with where the line leads, else the last. Lines
// with large pills are tied to states of their own.
func (d *drawing) tieGroupLines() {
	for i := range d.lines {
		l := &d.lines[i]
		if l.group == "" {
			continue
		}
		states := d.group(l.group).states
		l.from = states[len(states)-1]
		for _, at := range d.sources(*l) {
			state := d.main[at]
			if l.named() && hasTie(l.group, state, d.lines[:i]) {
				continue
			}
			l.from = state
			if d.places[state] > d.places[l.to] || d.places[state] == d.places[l.to] && !d.joined(l.to, state) {
				break
			}
		}
	}
}

// hasTie tells whether a state has a line of a group with a large pill.
func hasTie(group string, state int, lines []line) bool {
	return slices.ContainsFunc(lines, func(l line) bool { return l.named() && l.group == group && l.from == state })
}

// joined tells whether a line leads from one state to the other.
func (d *drawing) joined(from, to int) bool {
	return slices.ContainsFunc(d.lines, func(l line) bool { return l.group == "" && l.from == from && l.to == to })
}

// around returns the path of the innermost group that has both ends of a line in it.
func (d *drawing) around(l line) string {
	around := ""
	for _, g := range d.groups {
		inside := slices.Contains(g.states, l.from) && slices.Contains(g.states, l.to)
		if inside && len(g.path) > len(around) {
			around = g.path
		}
	}
	return around
}

// isMain tells whether a line is a stretch of the main line.
func (d *drawing) isMain(l line) bool {
	at := slices.Index(d.main, l.from)
	return at >= 0 && at+1 < len(d.main) && d.main[at+1] == l.to && l.goesWell()
}

// level finds the lines that lead straight across the page, between neighbours.
// Graphviz draws several lines between two neighbours on top of each other unless
// they stand in the same frame; elsewhere only one is level, best one that leads
// back to the main line.
func (d *drawing) level() {
	for _, back := range []bool{true, false} {
		for i, l := range d.lines {
			if d.isBeside(l) || d.places[l.from] != d.places[l.to] || d.isAside(l.from) != back {
				continue
			}
			crowded := slices.ContainsFunc(d.lines, func(other line) bool {
				return other.level && (other.from == l.from && other.to == l.to || other.from == l.to && other.to == l.from)
			})
			d.lines[i].level = !crowded || d.inOneFrame(l)
		}
	}
}

// inOneFrame tells whether a line and its ends are in the same frame.
func (d *drawing) inOneFrame(l line) bool {
	from, to := d.chart.States[l.from], d.chart.States[l.to]
	return l.group == "" && from.Group == to.Group && !d.framesAside(groupPath(from))
}

// framesAside tells whether what is off the main line in a group is kept apart
// from inner groups by a frame.
func (d *drawing) framesAside(path string) bool {
	inner := slices.ContainsFunc(d.groups, func(g group) bool { return g.parent == path })
	for i, s := range d.chart.States {
		if inner && groupPath(s) == path && d.isAside(i) {
			return true
		}
	}
	return false
}

// row returns the place below which the pill of a line is: next to where the
// line comes from, on the way to where it leads. What leads down to a state off
// the main line, from another one or to below them all, has it next to that one,
// for such lines often begin together.
func (d *drawing) row(l line) int {
	from, to := d.places[l.from], d.places[l.to]
	switch {
	case to < from:
		return from - 1
	case to > from && d.isAside(l.to) && (d.isAside(l.from) || to > d.places[d.main[len(d.main)-1]]):
		return to - 1
	}
	return from
}

// share lets lines that say the same and lead to the same state share a pill, if
// it names no states.
func (d *drawing) share() {
	for i := range d.lines {
		l := &d.lines[i]
		l.pill = i
		if d.isMain(*l) || l.level || d.isBeside(*l) {
			continue
		}
		for j, other := range d.lines[:i] {
			if other.to == l.to && !d.isMain(other) && !other.level && !d.isBeside(other) && slices.EqualFunc(other.steps, l.steps, step.equal) {
				l.pill = j
				break
			}
		}
	}
}

// named tells whether the label of a line names states.
func (l line) named() bool {
	return slices.ContainsFunc(l.steps, func(s step) bool { return s.who != "" })
}

// isBeside tells whether the pill of a line, being large, stands beside a state
// and not on the way.
func (d *drawing) isBeside(l line) bool { return l.note || l.named() && !d.isMain(l) }

// hasPill tells whether a line has a pill of its own.
func (d *drawing) hasPill(i int) bool { return d.lines[i].pill == i && !d.lines[i].level }

func (d *drawing) isAside(state int) bool { return !slices.Contains(d.main, state) }

// isLineAside tells whether the pill of a line is off the main line.
func (d *drawing) isLineAside(l line) bool {
	return d.isAside(l.from) || d.isAside(l.to) || d.isBeside(l) && !l.note
}
