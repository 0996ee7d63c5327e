package fsm

// The one file that asks looplab. A looplab machine here has no callbacks, its
// context is never cancelled, and one goroutine at a time uses it: none of what
// makes looplab machines wedge, race or deadlock is within reach.

import (
	"context"
	"errors"
	"fmt"

	"github.com/looplab/fsm"
)

// looplabs hands out looplab machines built from one list of transitions.
type looplabs struct {
	initial string
	events  []fsm.EventDesc
	free    pool[*fsm.FSM]
}

// askLooplab builds the looplab machine of the rows and fills the table from its
// answers to every cell.
func (m *Machine[S, E, F, D]) askLooplab() error {
	m.live = &looplabs{initial: m.StateName(m.decl.Initial)}
	for i := range m.ways {
		w := &m.ways[i]
		if w.never != nil {
			continue
		}
		q := m.asked[i]
		target := q.source
		if row := &m.decl.Rows[w.row]; !row.Stay {
			target = m.StateName(row.To)
		}
		m.live.events = append(m.live.events, fsm.EventDesc{Name: q.event, Src: []string{q.source}, Dst: target})
	}
	number := make(map[string]S, len(m.decl.States))
	for _, info := range m.decl.States {
		number[info.Name] = info.Is
	}
	oracle := m.live.build()
	var faults []error
	for i := range m.ways {
		q := &m.asked[i]
		var possible bool
		var err error
		q.target, possible, err = ask(oracle, q.source, q.event)
		if err == nil {
			m.ways[i].to = number[q.target]
			err = m.compare(i, possible)
		}
		if err != nil {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

// compare tells how looplab's answer for a way differs from its row, if it does.
func (m *Machine[S, E, F, D]) compare(i int, possible bool) error {
	q, at := m.asked[i], m.ways[i].row
	row := &m.decl.Rows[at]
	want := q.source
	if !row.Stay && row.Never == "" {
		want = m.StateName(row.To)
	}
	if q.target != want || possible != (row.Never == "") {
		return fmt.Errorf("fsm: %s: row %d: %s in %s leads to %s, looplab goes to %s",
			m.decl.Name, at+1, q.event, q.source, want, q.target)
	}
	return nil
}

// ask puts one event to a looplab machine in the given state. An event that has
// no transition there is not possible; any other refusal is an error.
func ask(machine *fsm.FSM, source, event string) (target string, possible bool, err error) {
	machine.SetState(source)
	switch err := machine.Event(context.Background(), event); err.(type) {
	case nil, fsm.NoTransitionError:
		return machine.Current(), true, nil
	case fsm.InvalidEventError, fsm.UnknownEventError:
		return source, false, nil
	default:
		return source, false, fmt.Errorf("fsm: looplab: %s in %s: %w", event, source, err)
	}
}

func (l *looplabs) build() *fsm.FSM { return fsm.NewFSM(l.initial, l.events, nil) }

// step asks a pooled looplab machine for one transition and holds its answer
// against the declared one.
func (l *looplabs) step(q question, never bool) error {
	machine, ok := l.free.get()
	if !ok {
		machine = l.build()
	}
	got, possible, err := ask(machine, q.source, q.event)
	l.free.put(machine)
	if err == nil && (possible == never || got != q.target) {
		err = fmt.Errorf("fsm: looplab: %s in %s went to %s, declared %s", q.event, q.source, got, q.target)
	}
	return err
}

// Looplab returns a fresh looplab machine with the declared transitions, in the
// initial state, for use with looplab's own ecosystem. It shares nothing with
// the machine. The second and further alternatives of a cell are named event#2,
// event#3 and so on; their guards are the caller's to check.
func (m *Machine[S, E, F, D]) Looplab() *fsm.FSM { return m.live.build() }
