package fsmtest

import (
	"errors"
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"github.com/custom-app/interlock/fsm"
)

// Step is one event that was given to a machine, and what came of it.
type Step[S, E, F ~uint8, D comparable] struct {
	From    fsm.Snapshot[S, D]
	Event   fsm.Event[E]
	To      fsm.Snapshot[S, D]
	Effects []F
	Err     error // the event is impossible, and To is From; nil: it is possible
}

// Invariant is a rule that holds in every snapshot that a machine reaches, over
// every step that it takes, or both. Its functions return nil, or how it is broken.
type Invariant[S, E, F ~uint8, D comparable] struct {
	Name  string
	State func(fsm.Snapshot[S, D]) error
	Step  func(Step[S, E, F, D]) error
}

// Walk says where a machine is walked and what is held on the way. The machine
// itself decides nothing about the engine: both step it.
type Walk[S, E, F ~uint8, D comparable] struct {
	Machine    *fsm.Machine[S, E, F, D] // required
	Invariants []Invariant[S, E, F, D]

	// Start draws where a walk starts; nil: in the initial snapshot.
	Start *rapid.Generator[fsm.Snapshot[S, D]]
	// Event returns what draws the event to be posted next, where a declared event
	// with any numbers would seldom be to the point; nil: Events.
	Event func(fsm.Snapshot[S, D]) *rapid.Generator[fsm.Event[E]]
}

// Check walks a machine from its initial snapshot by any of its events, and holds
// the invariants and what a [Walk] holds of every machine. t is usually a
// [testing.T].
func Check[S, E, F ~uint8, D comparable](t rapid.TB, m *fsm.Machine[S, E, F, D], invariants ...Invariant[S, E, F, D]) {
	t.Helper()
	Walk[S, E, F, D]{Machine: m, Invariants: invariants}.Check(t)
}

// Check walks the machine at random, and fails t with the shortest run that breaks
// an invariant. Beside those it holds what is true of every well declared machine:
// both engines agree, an impossible event changes nothing, and no guard changes
// the data.
func (w Walk[S, E, F, D]) Check(t rapid.TB) {
	t.Helper()
	if w.Machine == nil {
		t.Fatalf("fsmtest: Machine: is required")
	}
	for i, v := range w.Invariants {
		if v.Name == "" || v.State == nil && v.Step == nil {
			t.Fatalf("fsmtest: Invariants[%d]: %q needs a Name, and State or Step", i, v.Name)
		}
	}
	if w.Event == nil {
		events := Events(w.Machine)
		w.Event = func(fsm.Snapshot[S, D]) *rapid.Generator[fsm.Event[E]] { return events }
	}
	rapid.Check(t, w.once)
}

// once is one walk.
func (w Walk[S, E, F, D]) once(t *rapid.T) {
	at := w.Machine.Initial()
	if w.Start != nil {
		at = w.Start.Draw(t, "start")
	}
	said := script[S, E, F, D]{machine: w.Machine, start: at}
	hold := func(err error) {
		if err != nil {
			t.Fatalf("%s: %v\n%s", w.Machine.Name(), err, said)
		}
	}
	hold(w.holdsIn(at))
	t.Repeat(map[string]func(*rapid.T){"post": func(t *rapid.T) {
		step, err := w.step(at, w.Event(at).Draw(t, "event"))
		said.steps = append(said.steps, step)
		hold(err)
		hold(w.holdsOver(step))
		hold(w.holdsIn(step.To))
		at = step.To
	}})
}

// step gives an event to the machine under both engines. The error tells what is
// wrong with the machine.
func (w Walk[S, E, F, D]) step(from fsm.Snapshot[S, D], e fsm.Event[E]) (Step[S, E, F, D], error) {
	table, looplab := w.by(fsm.Table, from, e), w.by(fsm.Looplab, from, e)
	asked := from
	w.Machine.RowOf(&asked, e)
	switch {
	case asked != from:
		return table, fmt.Errorf("a guard changes the data to %+v", asked.Data)
	case table.Err != nil && (table.To != from || len(table.Effects) != 0):
		return table, errors.New("an impossible event has changed the machine")
	case table.To != looplab.To || !slices.Equal(table.Effects, looplab.Effects) || fmt.Sprint(table.Err) != fmt.Sprint(looplab.Err):
		said := script[S, E, F, D]{machine: w.Machine}
		return table, fmt.Errorf("by the table it is %s; by looplab, or another time, %s", said.line(table), said.line(looplab))
	}
	return table, nil
}

func (w Walk[S, E, F, D]) by(engine fsm.Engine, from fsm.Snapshot[S, D], e fsm.Event[E]) Step[S, E, F, D] {
	to, effects, err := w.Machine.Using(engine).Step(from, e)
	return Step[S, E, F, D]{From: from, Event: e, To: to, Effects: effects, Err: err}
}

func (w Walk[S, E, F, D]) holdsIn(at fsm.Snapshot[S, D]) error {
	for _, v := range w.Invariants {
		if v.State != nil {
			if err := v.State(at); err != nil {
				return fmt.Errorf("%q: %w", v.Name, err)
			}
		}
	}
	return nil
}

func (w Walk[S, E, F, D]) holdsOver(step Step[S, E, F, D]) error {
	for _, v := range w.Invariants {
		if v.Step != nil {
			if err := v.Step(step); err != nil {
				return fmt.Errorf("%q: %w", v.Name, err)
			}
		}
	}
	return nil
}
