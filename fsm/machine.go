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
	live   *looplabs
}

// cell is the stretch of ways that belong to one (state, event).
type cell struct{ first, count uint16 }

// way is one alternative of a cell.
type way[S, E, F ~uint8, D comparable] struct {
	guard  func(*D, Event[E]) bool // nil: always
	set    func(*D, Event[E])      // nil: the data stays
	do     []F
	never  *ImpossibleError // nil: possible
	event  string           // looplab's name of the alternative
	source string
	target string
	to     S
	row    int
}

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
// joins all faults, each naming its row, state or event.
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
			c.first = uint16(len(m.ways))
			for i := range m.decl.Rows {
				row := &m.decl.Rows[i]
				if has(row.From, S(s)) && has(row.On, E(e)) {
					c.count++
					m.ways = append(m.ways, m.wayOf(i, S(s), E(e), int(c.count)))
				}
			}
		}
	}
}

func (m *Machine[S, E, F, D]) wayOf(i int, s S, e E, nth int) way[S, E, F, D] {
	row := &m.decl.Rows[i]
	w := way[S, E, F, D]{do: row.Do, row: i, source: m.StateName(s), event: m.EventName(e)}
	if nth > 1 {
		w.event = fmt.Sprintf("%s#%d", w.event, nth)
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
	return w
}

// choose returns the way that the event takes from the snapshot. The declaration
// covers every cell with an unguarded last way, so nil means an undeclared state
// or event.
func (m *Machine[S, E, F, D]) choose(s *Snapshot[S, D], e Event[E]) *way[S, E, F, D] {
	at := int(s.State)*m.events + int(e.On)
	if int(e.On) >= m.events || at >= len(m.cells) {
		return nil
	}
	c := m.cells[at]
	ways := m.ways[c.first : int(c.first)+int(c.count)]
	for i := range ways {
		if w := &ways[i]; w.guard == nil || w.guard(&s.Data, e) {
			return w
		}
	}
	return nil
}

// Apply steps the snapshot in place and returns the effects to perform, in
// order; the slice is shared and must not be changed. On an error, always an
// [*ImpossibleError] unless looplab itself fails, the snapshot is unchanged.
func (m *Machine[S, E, F, D]) Apply(s *Snapshot[S, D], e Event[E]) ([]F, error) {
	w := m.choose(s, e)
	if w == nil {
		return nil, m.undeclared(s.State, e.On)
	}
	if m.engine == Looplab {
		if err := m.live.step(w.source, w.event, w.target, w.never != nil); err != nil {
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
	w := m.choose(s, e)
	return w != nil && w.never == nil && w.to != s.State
}

// RowOf returns the index of the row that the event takes from the snapshot, or
// -1 where the state or the event is not declared.
func (m *Machine[S, E, F, D]) RowOf(s *Snapshot[S, D], e Event[E]) int {
	if w := m.choose(s, e); w != nil {
		return w.row
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

// Timers returns the timers that run in a state.
func (m *Machine[S, E, F, D]) Timers(s S) []E { return m.decl.States[s].Timers }

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
