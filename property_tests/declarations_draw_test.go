package propertytests

import (
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/custom-app/interlock/fsm"
)

// A machine of nobody in particular.
type (
	anyState   uint8
	anyEvent   uint8
	anyEffect  uint8
	anyData    struct{ Sum, Turns uint32 }
	anyGuard   = fsm.Guard[anyData, anyEvent]
	anyUpdate  = fsm.Update[anyData, anyEvent]
	anyRow     = fsm.Row[anyState, anyEvent, anyEffect, anyData]
	anyMachine = fsm.Machine[anyState, anyEvent, anyEffect, anyData]
	anyDecl    = fsm.Declaration[anyState, anyEvent, anyEffect, anyData]
)

var (
	anyGuards = []*anyGuard{
		{Name: "odd", Holds: func(d *anyData, _ fsm.Event[anyEvent]) bool { return d.Sum%2 == 1 }},
		{Name: "stale", Holds: func(d *anyData, e fsm.Event[anyEvent]) bool { return e.Gen != d.Turns }},
		{Name: "large", Holds: func(_ *anyData, e fsm.Event[anyEvent]) bool { return e.Arg > 2 }},
		{Name: "always", Holds: func(*anyData, fsm.Event[anyEvent]) bool { return true }},
		{Name: "never", Holds: func(*anyData, fsm.Event[anyEvent]) bool { return false }},
	}
	anyUpdates = []*anyUpdate{
		{Name: "add", Apply: func(d *anyData, e fsm.Event[anyEvent]) { d.Sum += e.Arg }},
		{Name: "turn", Apply: func(d *anyData, _ fsm.Event[anyEvent]) { d.Turns++ }},
		{Name: "clear", Apply: func(d *anyData, _ fsm.Event[anyEvent]) { *d = anyData{} }},
	}
	// names that have nothing in common, and some that nearly have; # is not for them
	anyNames = []string{"a", "b", "A", "ab", "a b", "α", "go", "1", "-", `"`, "state 1", "a,b", "\n", "%s", "a→b", strings.Repeat("long", 40)}
)

// drawn is a declaration and whether it was spoilt on purpose.
type drawn struct {
	anyDecl
	spoilt []string // how; empty: it is sound
}

// declarations draws sound declarations, and as many that were spoilt.
var declarations = rapid.Custom(func(t *rapid.T) drawn {
	d := drawn{anyDecl: drawSound(t)}
	if rapid.Bool().Draw(t, "spoilt") {
		for range rapid.SampledFrom([]int{1, 1, 1, 2, 3}).Draw(t, "faults") {
			f := rapid.SampledFrom(spoilers).Draw(t, "fault")
			f.spoil(t, &d.anyDecl)
			d.spoilt = append(d.spoilt, f.name)
		}
	}
	return d
})

// alternatives are the rows of some cells, without their From and On.
type alternatives []anyRow

// drawSound draws a declaration that nothing is wrong with.
func drawSound(t *rapid.T) anyDecl {
	d := anyDecl{Name: pick(t, anyNames), Engine: rapid.SampledFrom([]fsm.Engine{fsm.Looplab, fsm.Table}).Draw(t, "engine")}
	names := func(most int) []string {
		all := rapid.Permutation(anyNames).Draw(t, "names")
		return all[:rapid.IntRange(1, most).Draw(t, "count")]
	}
	for i, name := range names(7) {
		d.States = append(d.States, fsm.StateInfo[anyState, anyEvent]{Is: anyState(i), Name: name})
	}
	for i, name := range names(6) {
		cause := fsm.Cause(rapid.IntRange(0, int(fsm.Coupled)).Draw(t, "cause"))
		d.Events = append(d.Events, fsm.EventInfo[anyEvent]{Is: anyEvent(i + 1), Name: name, Cause: cause})
	}
	if rapid.IntRange(0, 3).Draw(t, "with effects") > 0 {
		for i, name := range names(5) {
			d.Effects = append(d.Effects, fsm.EffectInfo[anyEffect, anyEvent]{Is: anyEffect(i), Name: name, Answers: some(t, numbered[anyEvent](1, len(d.Events)))})
		}
	}
	d.Initial = anyState(rapid.IntRange(0, len(d.States)-1).Draw(t, "initial"))
	d.Rows = drawRows(t, &d)
	drawKinds(t, &d)
	useEffects(t, &d)
	return d
}

// drawRows covers every cell, and has a ring of moves through all states on one
// event, so that each can be reached from each.
func drawRows(t *rapid.T, d *anyDecl) []anyRow {
	states := numbered[anyState](0, len(d.States))
	var rows []anyRow
	ring := anyEvent(rapid.IntRange(1, len(d.Events)).Draw(t, "ring event"))
	order := rapid.Permutation(states).Draw(t, "ring")
	for i, from := range order {
		last := anyRow{To: order[(i+1)%len(order)]}
		if len(order) == 1 {
			last = anyRow{Stay: true}
		}
		rows = append(rows, spread(drawAlternatives(t, d, fsm.Of(from), last), fsm.Of(from), fsm.Of(ring))...)
	}
	var rest []anyEvent
	for _, e := range numbered[anyEvent](1, len(d.Events)) {
		if e != ring {
			rest = append(rest, e)
		}
	}
	return append(rows, drawBlock(t, d, states, rest)...)
}

// drawBlock covers a block of cells by one set of alternatives, or splits it.
func drawBlock(t *rapid.T, d *anyDecl, from []anyState, on []anyEvent) []anyRow {
	if len(from) == 0 || len(on) == 0 {
		return nil
	}
	switch split := rapid.IntRange(0, 3).Draw(t, "split"); {
	case split < 2 && len(from) > 1:
		at := rapid.IntRange(1, len(from)-1).Draw(t, "state")
		return append(drawBlock(t, d, from[:at], on), drawBlock(t, d, from[at:], on)...)
	case split == 2 && len(on) > 1:
		at := rapid.IntRange(1, len(on)-1).Draw(t, "event")
		return append(drawBlock(t, d, from, on[:at]), drawBlock(t, d, from, on[at:])...)
	}
	last := drawRow(t, d, from)
	if rapid.IntRange(0, 4).Draw(t, "impossible") == 0 {
		last = anyRow{Never: pick(t, anyNames)}
	}
	return spread(drawAlternatives(t, d, from, last), from, on)
}

// drawAlternatives draws guarded rows, each with another guard, before the last one.
func drawAlternatives(t *rapid.T, d *anyDecl, from []anyState, last anyRow) alternatives {
	var all alternatives
	for _, guard := range some(t, anyGuards) {
		row := drawRow(t, d, from)
		row.If = guard
		all = append(all, row)
	}
	return append(all, last)
}

// drawRow draws what a row does in some states.
func drawRow(t *rapid.T, d *anyDecl, from []anyState) anyRow {
	row := anyRow{Stay: true, Do: some(t, numbered[anyEffect](0, len(d.Effects)))}
	if others := fsm.Except(numbered[anyState](0, len(d.States)), from...); len(others) > 0 && rapid.Bool().Draw(t, "moves") {
		row.Stay, row.To = false, pick(t, others)
	}
	if rapid.Bool().Draw(t, "sets") {
		row.Set = pick(t, anyUpdates)
	}
	return row
}

func spread(rows alternatives, from []anyState, on []anyEvent) []anyRow {
	for i := range rows {
		rows[i].From, rows[i].On = from, on
	}
	return rows
}

// drawKinds makes some states follow another machine, and those wait that a timer
// ends.
func drawKinds(t *rapid.T, d *anyDecl) {
	rest := pick(t, numbered[anyState](0, len(d.States)))
	for i := range d.States {
		s := &d.States[i]
		var timers, ending []anyEvent
		for _, e := range d.Events {
			if e.Cause == fsm.Timer {
				timers = append(timers, e.Is)
				if ends(d, s.Is, e.Is) {
					ending = append(ending, e.Is)
				}
			}
		}
		s.Timers = some(t, timers)
		switch kind := fsm.Kind(rapid.IntRange(0, 2).Draw(t, "kind")); {
		case s.Is == rest:
		case kind == fsm.Wait && len(ending) > 0:
			s.Kind = kind
			if end := pick(t, ending); !slices.Contains(s.Timers, end) {
				s.Timers = append(s.Timers, end)
			}
		case kind == fsm.Follow:
			s.Kind, s.By = kind, pick(t, anyNames)
		}
	}
}

// ends tells whether the unguarded row of a cell leaves its state.
func ends(d *anyDecl, s anyState, e anyEvent) bool {
	for _, r := range d.Rows {
		if r.If == nil && slices.Contains(r.From, s) && slices.Contains(r.On, e) {
			return !r.Stay && r.Never == ""
		}
	}
	return false
}

// useEffects lets every effect come out of some row: those of the ring, at least, are
// possible.
func useEffects(t *rapid.T, d *anyDecl) {
	for _, f := range d.Effects {
		if !slices.ContainsFunc(d.Rows, func(r anyRow) bool { return slices.Contains(r.Do, f.Is) }) {
			row := pick(t, slices.DeleteFunc(numbered[int](0, len(d.Rows)), func(i int) bool { return d.Rows[i].Never != "" }))
			d.Rows[row].Do = append(slices.Clone(d.Rows[row].Do), f.Is)
		}
	}
}

func numbered[T ~uint8 | ~int](from, count int) (all []T) {
	for i := range count {
		all = append(all, T(from+i))
	}
	return all
}

func pick[T any](t *rapid.T, from []T) T { return rapid.SampledFrom(from).Draw(t, "pick") }

// some draws a few of the members, each once, mostly none.
func some[T any](t *rapid.T, from []T) []T {
	if len(from) == 0 || rapid.IntRange(0, 2).Draw(t, "some") > 0 {
		return nil
	}
	return slices.Clone(rapid.Permutation(from).Draw(t, "which")[:rapid.IntRange(1, min(3, len(from))).Draw(t, "how many")])
}

// String has the declaration in a form that can be read.
func (d drawn) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%q by %s from %d, spoilt by %q\n", d.Name, d.Engine, d.Initial, d.spoilt)
	for _, s := range d.States {
		fmt.Fprintf(&b, "state %d %q kind %d timers %d by %q\n", s.Is, s.Name, s.Kind, s.Timers, s.By)
	}
	for _, e := range d.Events {
		fmt.Fprintf(&b, "event %d %q cause %d\n", e.Is, e.Name, e.Cause)
	}
	for _, f := range d.Effects {
		fmt.Fprintf(&b, "effect %d %q answers %d\n", f.Is, f.Name, f.Answers)
	}
	for i, r := range d.Rows {
		fmt.Fprintf(&b, "row %d: from %d on %d to %d stay %t do %d never %q", i+1, r.From, r.On, r.To, r.Stay, r.Do, r.Never)
		if r.If != nil {
			fmt.Fprintf(&b, " if %q", r.If.Name)
		}
		if r.Set != nil {
			fmt.Fprintf(&b, " set %q", r.Set.Name)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// GoString is String, for what is said of a failure.
func (d drawn) GoString() string { return d.String() }
