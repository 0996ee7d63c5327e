package fsm

// Event is one occurrence of a declared event.
type Event[E ~uint8] struct {
	On  E
	Gen uint32 // the receiver's generation that the event belongs to; set where EventInfo.Carries says so
	Arg uint32 // what EventInfo.Carries says; otherwise zero
}

// Snapshot is the whole of a machine at one moment. It is comparable, so it is
// a map key, and two equal snapshots behave alike for ever.
type Snapshot[S ~uint8, D comparable] struct {
	State S
	Data  D
}

// Kind says how long a machine may stay in a state.
type Kind uint8

// The kinds of states.
const (
	Rest   Kind = iota // may last for ever
	Wait               // ends by one of its own timers at the latest
	Follow             // ends by the doing of another machine, which has the deadline
)

// Cause says whose doing an event is. Diagrams colour by it.
type Cause uint8

// The causes of events.
const (
	User    Cause = iota // a command of the application
	Peer                 // a good answer or message of the other side
	Timer                // a timer that a state runs
	Failure              // a refusal, a loss, a fault
	Coupled              // the doing of another declared machine
)

// StateInfo declares a state: what is true there, and what ends it.
type StateInfo[S, E ~uint8] struct {
	Is     S
	Name   string // unique among the states; what journals and diagrams show
	Kind   Kind
	Timers []E    // run while the machine is here; one timer spans consecutive states that name it
	By     string // the machine that ends the state; set for Follow
	Group  string // what diagrams draw around it and its neighbours; optional
	Doc    string
}

// EventInfo declares an event. The event number zero is never declared, so that
// a forgotten event is refused.
type EventInfo[E ~uint8] struct {
	Is      E
	Name    string // unique among the events
	Cause   Cause
	Doc     string // what has happened, in words that can be shown as a reason
	Carries string // what Gen and Arg hold; empty: neither is set
}

// EffectInfo declares an effect: something for the caller to do.
type EffectInfo[F, E ~uint8] struct {
	Is      F
	Name    string // unique among the effects
	Answers []E    // the events that may come of it
	Doc     string
}

// Guard is a named condition. Holds must not change the data.
type Guard[D comparable, E ~uint8] struct {
	Name  string
	Holds func(*D, Event[E]) bool
}

// Update is a named change of the data. Apply must depend on its arguments alone.
type Update[D comparable, E ~uint8] struct {
	Name  string
	Apply func(*D, Event[E])
}

// Row declares what happens in all cells of From × On. Rows of one cell are
// tried in order; the last one of a cell is unguarded.
type Row[S, E, F ~uint8, D comparable] struct {
	From []S
	On   []E
	If   *Guard[D, E] // nil: always

	To   S    // the state moved to, another than every From; zero where the row does not move
	Stay bool // no move

	Set *Update[D, E] // nil: the data stays
	Do  []F           // in this order

	Never string // the cell is impossible, and why; then only From, On and Doc are set beside it
	Doc   string // where the row surprises
}

// Declaration is a machine before it is validated.
type Declaration[S, E, F ~uint8, D comparable] struct {
	Name    string
	Initial S
	States  []StateInfo[S, E]
	Events  []EventInfo[E]
	Effects []EffectInfo[F, E]
	Rows    []Row[S, E, F, D]
	Engine  Engine // which engine steps the machine; the zero value is Looplab
}

// Of is a set of states or events, for a row.
func Of[T ~uint8](members ...T) []T { return members }

// Except is a set without some of its members, in its order.
func Except[T ~uint8](set []T, without ...T) []T {
	var rest []T
	for _, member := range set {
		if !has(without, member) {
			rest = append(rest, member)
		}
	}
	return rest
}

func has[T comparable](set []T, member T) bool {
	for _, m := range set {
		if m == member {
			return true
		}
	}
	return false
}
