package proof

import (
	"fmt"
	"iter"
	"strings"

	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/fsm/mutate"
	t "github.com/custom-app/interlock/transitions"
)

// Mutant is the shipped system with one change.
type Mutant struct {
	Of     string // the machine whose row is changed, or coupling
	Row    int    // of that table, from 1
	Where  string // the row, in names
	Change string

	alone  func() error              // nil, or what of the machine alone is broken
	system func() (*t.System, error) // the whole with the change
}

// String names the mutant without the number of its row, which changes with every
// row that is written above.
func (m Mutant) String() string { return fmt.Sprintf("%s, %s: %s", m.Of, m.Where, m.Change) }

// Alone holds the changed machine against its declaration and the responses. It
// returns what catches the mutant, or nil.
func (m Mutant) Alone() error { return m.alone() }

// Mutants yields every mutant of the machines' rows, and of their coupling.
func Mutants() iter.Seq[Mutant] {
	return func(yield func(Mutant) bool) {
		_ = mutants(&sessionBook, func(to *t.Machines, m *fsm.Machine[t.SessionState, t.SessionEvent, t.SessionEffect, t.SessionData]) {
			to.Session = m
		}, yield) &&
			mutants(&loginBook, func(to *t.Machines, m *fsm.Machine[t.LoginState, t.LoginEvent, t.LoginEffect, t.LoginData]) {
				to.Login = m
			}, yield) &&
			mutants(&tokenBook, func(to *t.Machines, m *fsm.Machine[t.TokenState, t.TokenEvent, t.TokenEffect, t.TokenData]) {
				to.Token = m
			}, yield) &&
			mutants(&socketBook, func(to *t.Machines, m *fsm.Machine[t.SocketState, t.SocketEvent, t.SocketEffect, t.SocketData]) {
				to.Socket = m
			}, yield) &&
			mutants(&subscriptionBook, func(to *t.Machines, m *fsm.Machine[t.SubscriptionState, t.SubscriptionEvent, t.SubscriptionEffect, t.SubscriptionData]) {
				to.Subscription = m
			}, yield) &&
			mutants(&requestBook, func(to *t.Machines, m *fsm.Machine[t.RequestState, t.RequestEvent, t.RequestEffect, t.RequestData]) {
				to.Request = m
			}, yield) &&
			couplingMutants(yield)
	}
}

// mutants yields the mutants of one machine, and tells whether more are wanted.
func mutants[S, E, F ~uint8, D comparable](b *book[S, E, F, D], put func(*t.Machines, *fsm.Machine[S, E, F, D]), yield func(Mutant) bool) bool {
	reached := b.reached()
	rows := b.machine.Declaration().Rows
	for change := range mutate.Rows(b.machine) {
		row := rows[change.Row]
		m := Mutant{Of: b.machine.Name(), Row: change.Row + 1, Where: where(b.machine, row), Change: change.Change}
		m.alone = func() error {
			mutant, err := fsm.Declare(change.Declaration)
			if err != nil {
				return fmt.Errorf("the declaration: %w", err)
			}
			return b.holds(mutant.Using(fsm.Table), reached, row.From, row.On, make([]int, len(b.responses)))
		}
		m.system = func() (*t.System, error) {
			mutant, err := fsm.Declare(change.Declaration)
			if err != nil {
				return nil, err
			}
			machines := t.Shipped.Machines
			put(&machines, mutant)
			return t.NewSystem(machines, t.Shipped.Coupling)
		}
		if !yield(m) {
			return false
		}
	}
	return true
}

// where names a row: its states, its events and its guard.
func where[S, E, F ~uint8, D comparable](m *fsm.Machine[S, E, F, D], row fsm.Row[S, E, F, D]) string {
	var from, on []string
	for _, s := range row.From {
		from = append(from, m.StateName(s))
	}
	for _, e := range row.On {
		on = append(on, m.EventName(e))
	}
	text := fmt.Sprintf("%s in %s", strings.Join(on, "|"), strings.Join(from, "|"))
	if row.If != nil {
		text += " if " + row.If.Name
	}
	return text
}
