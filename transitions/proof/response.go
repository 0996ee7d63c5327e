package proof

import (
	"fmt"
	"slices"

	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/fsm/explore"
)

// response is a rule of one machine: what must come of some events in some
// states. It says why a row is there, so that no row can go wrong unnoticed. It
// holds in every snapshot that the machine reaches.
type response[S, E, F ~uint8, D comparable] struct {
	Name string // which begins with the number of its clause or invariant
	In   []S    // nil: in any state
	On   []E
	If   func(d D, e fsm.Event[E]) bool // nil: always
	Late bool                           // it is about events of another generation; the others are not

	To    []S  // it is in one of these states afterwards; nil: in any
	Stay  bool // it does not move
	Never bool // it is impossible; nothing else is said then
	Do    []F  // these effects, in this order, with others before, between and behind
	Not   []F  // none of these effects
	Quiet bool // no effects at all
	Data  func(from, to D, e fsm.Event[E]) bool
}

func (r *response[S, E, F, D]) concerns(from *fsm.Snapshot[S, D], e fsm.Event[E], late bool) bool {
	return r.Late == late && (r.In == nil || slices.Contains(r.In, from.State)) && slices.Contains(r.On, e.On) && (r.If == nil || r.If(from.Data, e))
}

// check gives the event to the machine and tells how that breaks the rule.
func (r *response[S, E, F, D]) check(m *fsm.Machine[S, E, F, D], from fsm.Snapshot[S, D], e fsm.Event[E]) error {
	to := from
	effects, err := m.Apply(&to, e)
	switch {
	case r.Never != (err != nil):
		return fmt.Errorf("impossible: %t, want %t", err != nil, r.Never)
	case err != nil:
		return nil
	case r.Stay && to.State != from.State, r.To != nil && !slices.Contains(r.To, to.State):
		return fmt.Errorf("it leads to %s", m.StateName(to.State))
	case r.Quiet && len(effects) > 0:
		return fmt.Errorf("it causes %s", m.EffectName(effects[0]))
	case r.Data != nil && !r.Data(from.Data, to.Data, e):
		return fmt.Errorf("it leaves %+v", to.Data)
	}
	rest := effects
	for _, want := range r.Do {
		i := slices.Index(rest, want)
		if i < 0 {
			return fmt.Errorf("it does not cause %s", m.EffectName(want))
		}
		rest = rest[i+1:]
	}
	for _, f := range effects {
		if slices.Contains(r.Not, f) {
			return fmt.Errorf("it causes %s", m.EffectName(f))
		}
	}
	return nil
}

// book is what is said of one machine alone.
type book[S, E, F ~uint8, D comparable] struct {
	machine   *fsm.Machine[S, E, F, D]
	alike     func(fsm.Snapshot[S, D]) fsm.Snapshot[S, D] // what stands for a snapshot, so that counters do not make the walk endless
	gen       func(D) uint32                              // the machine's generation
	late      func(D, fsm.Event[E]) bool                  // the event belongs to another generation
	born      []D                                         // data that a machine may begin with, beside none
	responses []response[S, E, F, D]
}

// args is how many values of an event's argument are tried, from 0.
const args = 5

// variants are the events of one kind that may come to a machine with such data:
// of this generation and of others, with every argument that makes a difference.
func (b *book[S, E, F, D]) variants(d D, on E) (all []fsm.Event[E]) {
	gen := b.gen(d)
	for _, g := range []uint32{gen, gen - 1, gen + 1} {
		for arg := range uint32(args) {
			all = append(all, fsm.Event[E]{On: on, Gen: g, Arg: arg})
		}
	}
	return all
}

// walk returns the space of the machine alone.
func (b *book[S, E, F, D]) space() explore.Space[fsm.Snapshot[S, D], fsm.Event[E], fsm.Snapshot[S, D]] {
	m := b.machine.Using(fsm.Table)
	space := explore.Machine(m, func(s fsm.Snapshot[S, D], on E) []fsm.Event[E] { return b.variants(s.Data, on) }, b.alike)
	for _, data := range b.born {
		space.Start = append(space.Start, fsm.Snapshot[S, D]{State: m.Initial().State, Data: data})
	}
	return space
}

// reached returns every snapshot that the machine alone reaches, in the order of
// the walk.
func (b *book[S, E, F, D]) reached() (all []fsm.Snapshot[S, D]) {
	space := b.space()
	space.Check = func(s fsm.Snapshot[S, D]) error { all = append(all, b.alike(s)); return nil }
	space.Walk()
	return all
}

// holds checks the responses to some events in some of the snapshots, by a machine
// that may be a changed one. used counts how often each rule has been held.
func (b *book[S, E, F, D]) holds(m *fsm.Machine[S, E, F, D], reached []fsm.Snapshot[S, D], in []S, on []E, used []int) error {
	for _, e := range on {
		var about []int
		for i := range b.responses {
			if slices.Contains(b.responses[i].On, e) {
				about = append(about, i)
			}
		}
		for i := range reached {
			if !slices.Contains(in, reached[i].State) {
				continue
			}
			for _, event := range b.variants(reached[i].Data, e) {
				if err := b.hold(m, &reached[i], event, about, used); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (b *book[S, E, F, D]) hold(m *fsm.Machine[S, E, F, D], at *fsm.Snapshot[S, D], event fsm.Event[E], about, used []int) error {
	late := b.late(at.Data, event)
	for _, i := range about {
		r := &b.responses[i]
		if !r.concerns(at, event, late) {
			continue
		}
		used[i]++
		if err := r.check(m, *at, event); err != nil {
			return fmt.Errorf("%s: %s in %s %+v, gen %d, arg %d: %w", r.Name, m.EventName(event.On), m.StateName(at.State), at.Data, event.Gen, event.Arg, err)
		}
	}
	return nil
}
