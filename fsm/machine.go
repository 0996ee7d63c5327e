package fsm

import "fmt"

// Engine says who decides a step.
type Engine uint8

// The engines.
const (
	Looplab Engine = iota // a github.com/looplab/fsm machine is asked for each step
	Table                 // the table filled from looplab's answers at declaration
)

// String returns the engine's name.
func (e Engine) String() string {
	if e == Table {
		return "table"
	}
	return "looplab"
}

// Machine is a validated declaration. It holds no state of its own, never
// changes, and may be used by any number of goroutines.
type Machine[S, E, F ~uint8, D comparable] struct {
	decl   Declaration[S, E, F, D]
	engine Engine
	events int // one more than the highest event number
	cells  []cell
	ways   []way[S, E, F, D]
	asked  []question // beside ways: what looplab is asked for each
	live   *looplabs
}

// cell is the stretch of ways that belong to one (state, event).
type cell struct{ first, count uint32 }

// way is one alternative of a cell: what a step by the table reads, in one cache
// line.
type way[S, E, F ~uint8, D comparable] struct {
	guard func(*D, Event[E]) bool // nil: always
	set   func(*D, Event[E])      // nil: the data stays
	do    []F
	never *ImpossibleError // nil: possible
	row   uint32
	to    S
}

// question is a way in looplab's words, and its answer.
type question struct{ source, event, target string }

// ImpossibleError is the answer of a cell declared Never, or of an event that is
// not declared at all. The snapshot has not changed.
type ImpossibleError struct {
	Machine, State, Event string
	Reason                string
}

// Error names the machine, the state, the event and the reason.
func (e *ImpossibleError) Error() string {
	return fmt.Sprintf("fsm: %s: %s in %s is impossible: %s", e.Machine, e.Event, e.State, e.Reason)
}

// Declare validates a declaration and returns its machine, or one error that
// joins its faults, each naming its row, state or event. Names and rows are
// looked at first; what depends on cells only once they are sound.
//
//   - States and effects are numbered from 0 and events from 1, in the order of
//     their declaration, without gaps: 1 to 255 states, 1 to 254 events. Names
//     are unique and hold no #.
//   - Every cell is covered, nothing is said twice, and the last way of each is
//     unguarded.
//   - Every state can be reached, and from each a state of kind Rest.
//   - A state of kind Wait has timers, each ending it by an unguarded row; the
//     cause of a timer's event is Timer. A state of kind Follow, and no other,
//     names whom it follows.
//   - Every effect comes out of some row.
func Declare[S, E, F ~uint8, D comparable](decl Declaration[S, E, F, D]) (*Machine[S, E, F, D], error) {
	if err := validate(&decl); err != nil {
		return nil, err
	}
	m := &Machine[S, E, F, D]{decl: decl, engine: decl.Engine, events: len(decl.Events) + 1}
	m.layOut()
	if err := m.askLooplab(); err != nil {
		return nil, err
	}
	return m, nil
}

// MustDeclare is Declare for package variables; it panics on a fault.
func MustDeclare[S, E, F ~uint8, D comparable](decl Declaration[S, E, F, D]) *Machine[S, E, F, D] {
	m, err := Declare(decl)
	if err != nil {
		panic(err)
	}
	return m
}

// layOut sorts the rows into cells. What a way does to the state is left for
// looplab to say.
func (m *Machine[S, E, F, D]) layOut() {
	m.cells = make([]cell, len(m.decl.States)*m.events)
	for s := range m.decl.States {
		for e := 1; e < m.events; e++ {
			c := &m.cells[s*m.events+e]
			c.first = uint32(len(m.ways))
			for i := range m.decl.Rows {
				row := &m.decl.Rows[i]
				if has(row.From, S(s)) && has(row.On, E(e)) {
					c.count++
					m.add(i, S(s), E(e), int(c.count))
				}
			}
		}
	}
}

// add lays out row i as the nth alternative of a cell.
func (m *Machine[S, E, F, D]) add(i int, s S, e E, nth int) {
	row := &m.decl.Rows[i]
	w := way[S, E, F, D]{do: row.Do, row: uint32(i)}
	q := question{source: m.StateName(s), event: m.EventName(e)}
	if nth > 1 {
		q.event = fmt.Sprintf("%s#%d", q.event, nth)
	}
	if row.If != nil {
		w.guard = row.If.Holds
	}
	if row.Set != nil {
		w.set = row.Set.Apply
	}
	if row.Never != "" {
		w.never = &ImpossibleError{m.decl.Name, m.StateName(s), m.EventName(e), row.Never}
	}
	m.ways, m.asked = append(m.ways, w), append(m.asked, q)
}

// choose returns the index of the way that the event takes from the snapshot.
// The declaration covers every cell with an unguarded last way, so -1 means an
// undeclared state or event.
func (m *Machine[S, E, F, D]) choose(s *Snapshot[S, D], e Event[E]) int {
	at := int(s.State)*m.events + int(e.On)
	if int(e.On) >= m.events || at >= len(m.cells) {
		return -1
	}
	c := m.cells[at]
	for i := c.first; i < c.first+c.count; i++ {
		if guard := m.ways[i].guard; guard == nil || guard(&s.Data, e) {
			return int(i)
		}
	}
	return -1
}

// Apply steps the snapshot in place and returns the effects to perform, in
// order; the slice is shared and must not be changed. On an error, always an
// [*ImpossibleError] unless looplab itself fails, the snapshot is unchanged.
func (m *Machine[S, E, F, D]) Apply(s *Snapshot[S, D], e Event[E]) ([]F, error) {
	i := m.choose(s, e)
	if i < 0 {
		return nil, m.undeclared(s.State, e.On)
	}
	w := &m.ways[i]
	if m.engine == Looplab {
		if err := m.live.step(m.asked[i], w.never != nil); err != nil {
			return nil, err
		}
	}
	if w.never != nil {
		return nil, w.never
	}
	if w.set != nil {
		w.set(&s.Data, e)
	}
	s.State = w.to
	return w.do, nil
}

func (m *Machine[S, E, F, D]) undeclared(s S, e E) error {
	return &ImpossibleError{m.decl.Name, m.StateName(s), m.EventName(e), "it is not declared"}
}

// Step is Apply on a value.
func (m *Machine[S, E, F, D]) Step(s Snapshot[S, D], e Event[E]) (Snapshot[S, D], []F, error) {
	effects, err := m.Apply(&s, e)
	return s, effects, err
}

// Moves tells whether the event would take the snapshot to another state.
func (m *Machine[S, E, F, D]) Moves(s *Snapshot[S, D], e Event[E]) bool {
	i := m.choose(s, e)
	return i >= 0 && m.ways[i].never == nil && m.ways[i].to != s.State
}

// Idle tells whether the event would leave the snapshot as it is and have no
// effects.
func (m *Machine[S, E, F, D]) Idle(s *Snapshot[S, D], e Event[E]) bool {
	i := m.choose(s, e)
	if i < 0 {
		return false
	}
	w := &m.ways[i]
	return w.never == nil && w.to == s.State && w.set == nil && len(w.do) == 0
}

// RowOf returns the index of the row that the event takes from the snapshot, or
// -1 where the state or the event is not declared.
func (m *Machine[S, E, F, D]) RowOf(s *Snapshot[S, D], e Event[E]) int {
	if i := m.choose(s, e); i >= 0 {
		return int(m.ways[i].row)
	}
	return -1
}

// Using returns the same machine, stepped by the given engine.
func (m *Machine[S, E, F, D]) Using(engine Engine) *Machine[S, E, F, D] {
	other := *m
	other.engine = engine
	return &other
}

// Engine returns the engine that steps the machine.
func (m *Machine[S, E, F, D]) Engine() Engine { return m.engine }

// Name returns the machine's name.
func (m *Machine[S, E, F, D]) Name() string { return m.decl.Name }

// Initial returns the snapshot a machine starts from: the initial state and zero data.
func (m *Machine[S, E, F, D]) Initial() Snapshot[S, D] {
	return Snapshot[S, D]{State: m.decl.Initial}
}

// Declaration returns what the machine was declared from. Its slices are shared
// and must not be changed; a mutant is a copy with other rows, declared anew.
func (m *Machine[S, E, F, D]) Declaration() Declaration[S, E, F, D] { return m.decl }

// State returns the declaration of a state; the zero StateInfo where it is not declared.
func (m *Machine[S, E, F, D]) State(s S) StateInfo[S, E] {
	if int(s) < len(m.decl.States) {
		return m.decl.States[s]
	}
	return StateInfo[S, E]{}
}

// Timers returns the timers that run in a state. Whoever runs an [Instance]
// compares those before a step with those after it, to stop and start them.
func (m *Machine[S, E, F, D]) Timers(s S) []E { return m.State(s).Timers }

// StateName returns a state's name.
func (m *Machine[S, E, F, D]) StateName(s S) string {
	if int(s) < len(m.decl.States) {
		return m.decl.States[s].Name
	}
	return fmt.Sprintf("state %d", s)
}

// EventName returns an event's name.
func (m *Machine[S, E, F, D]) EventName(e E) string {
	if e > 0 && int(e) < m.events {
		return m.decl.Events[e-1].Name
	}
	return fmt.Sprintf("event %d", e)
}

// EffectName returns an effect's name.
func (m *Machine[S, E, F, D]) EffectName(f F) string {
	if int(f) < len(m.decl.Effects) {
		return m.decl.Effects[f].Name
	}
	return fmt.Sprintf("effect %d", f)
}
