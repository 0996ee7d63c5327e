package fsm_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	lab "github.com/looplab/fsm"

	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/transitions"
)

// steps are steps of the turnstile, one for each of its rows and for what no
// row is about.
var steps = []struct {
	name    string
	from    gateSnapshot
	on      gateEvent
	to      gateSnapshot
	row     int
	effects []doing
	err     string
}{
	{"D1 a guard that holds", gateSnapshot{locked, till{1, 0}}, gateEvent{On: coin, Arg: 1}, gateSnapshot{open, till{2, 0}}, 0, fsm.Of(unlock), ""},
	{"D1 a guard sees the event", gateSnapshot{locked, till{0, 3}}, gateEvent{On: coin, Arg: 2}, gateSnapshot{open, till{2, 3}}, 0, fsm.Of(unlock), ""},
	{"D1 a guard that does not hold", gateSnapshot{locked, till{0, 0}}, gateEvent{On: coin, Arg: 1}, gateSnapshot{locked, till{1, 0}}, 1, nil, ""},
	{"D1 a stay with an effect", gateSnapshot{locked, till{1, 0}}, gateEvent{On: push}, gateSnapshot{locked, till{1, 0}}, 2, fsm.Of(ring), ""},
	{"D1 a move, a change and effects in order", gateSnapshot{open, till{2, 4}}, gateEvent{On: push}, gateSnapshot{locked, till{0, 5}}, 4, fsm.Of(lock, ring), ""},
	{"D1 a move without a change", gateSnapshot{open, till{2, 0}}, gateEvent{On: kick}, gateSnapshot{jammed, till{2, 0}}, 5, fsm.Of(callHelp), ""},
	{"D3 a stay that ignores", gateSnapshot{jammed, till{2, 0}}, gateEvent{On: coin, Arg: 5}, gateSnapshot{jammed, till{2, 0}}, 7, nil, ""},
	{"D3 never", gateSnapshot{open, till{2, 1}}, gateEvent{On: coin, Arg: 1}, gateSnapshot{open, till{2, 1}}, 3, nil,
		"fsm: turnstile: coin in open is impossible: the slot is covered"},
	{"D3 the event zero", gateSnapshot{open, till{2, 1}}, gateEvent{}, gateSnapshot{open, till{2, 1}}, -1, nil,
		"fsm: turnstile: event 0 in open is impossible: it is not declared"},
	{"D3 an undeclared event", gateSnapshot{locked, till{}}, gateEvent{On: 5}, gateSnapshot{locked, till{}}, -1, nil,
		"fsm: turnstile: event 5 in locked is impossible: it is not declared"},
	{"D3 the last event there can be", gateSnapshot{locked, till{}}, gateEvent{On: 255}, gateSnapshot{locked, till{}}, -1, nil,
		"fsm: turnstile: event 255 in locked is impossible: it is not declared"},
	{"D3 an undeclared state", gateSnapshot{3, till{1, 1}}, gateEvent{On: coin}, gateSnapshot{3, till{1, 1}}, -1, nil,
		"fsm: turnstile: coin in state 3 is impossible: it is not declared"},
	{"D3 the last state there can be", gateSnapshot{255, till{1, 1}}, gateEvent{On: 255}, gateSnapshot{255, till{1, 1}}, -1, nil,
		"fsm: turnstile: event 255 in state 255 is impossible: it is not declared"},
}

func TestStep(t *testing.T) {
	declared := fsm.MustDeclare(turnstile())
	for _, engine := range engines() {
		machine := declared.Using(engine)
		for _, s := range steps {
			t.Run(fmt.Sprintf("%s, %s", s.name, engine), func(t *testing.T) {
				if got := machine.RowOf(&s.from, s.on); got != s.row {
					t.Errorf("row: got %d, want %d", got, s.row)
				}
				if got, want := machine.Moves(&s.from, s.on), s.from.State != s.to.State; got != want {
					t.Errorf("moves: got %t, want %t", got, want)
				}
				to, effects, err := machine.Step(s.from, s.on)
				applied := s.from
				sameEffects, sameErr := machine.Apply(&applied, s.on)
				if to != s.to || applied != s.to {
					t.Errorf("Step leads to %+v, Apply to %+v; want %+v", to, applied, s.to)
				}
				if !slices.Equal(effects, s.effects) || !slices.Equal(sameEffects, s.effects) {
					t.Errorf("Step has effects %v, Apply %v; want %v", effects, sameEffects, s.effects)
				}
				if textOf(err) != s.err || textOf(sameErr) != s.err {
					t.Errorf("Step fails with %q, Apply with %q; want %q", textOf(err), textOf(sameErr), s.err)
				}
				if impossible := new(fsm.ImpossibleError); err != nil && !errors.As(err, &impossible) {
					t.Errorf("got a %T, want an ImpossibleError", err)
				}
			})
		}
	}
}

func TestGuardsAreAskedInOrder(t *testing.T) {
	for holds := range 4 {
		var asked []int
		guard := func(i int) *fsm.Guard[till, act] {
			return &fsm.Guard[till, act]{Name: fmt.Sprint("guard", i), Holds: func(*till, gateEvent) bool {
				asked = append(asked, i)
				return i == holds
			}}
		}
		decl := turnstile()
		decl.Rows[0].If = guard(0)
		decl.Rows = slices.Insert(decl.Rows, 1,
			gateRow{From: fsm.Of(locked), On: fsm.Of(coin), If: guard(1), To: jammed},
			gateRow{From: fsm.Of(locked), On: fsm.Of(coin), If: guard(2), Stay: true, Do: fsm.Of(ring)})
		machine := fsm.MustDeclare(decl)
		s := machine.Initial()
		if got := machine.RowOf(&s, gateEvent{On: coin}); got != holds {
			t.Errorf("guard %d holds: got row %d, want %d", holds, got, holds)
		}
		if want := []int{0, 1, 2}[:min(holds+1, 3)]; !slices.Equal(asked, want) {
			t.Errorf("guard %d holds: asked %v, want %v", holds, asked, want)
		}
	}
}

func textOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestEveryCellLikeLooplab asks a bare looplab machine, both engines and the
// rows about every alternative of every cell of the shipped machines.
func TestEveryCellLikeLooplab(t *testing.T) {
	t.Run("D2 session", func(t *testing.T) { likeLooplab(t, transitions.Session) })
	t.Run("D2 login", func(t *testing.T) { likeLooplab(t, transitions.Login) })
	t.Run("D2 token", func(t *testing.T) { likeLooplab(t, transitions.Token) })
	t.Run("D2 socket", func(t *testing.T) { likeLooplab(t, transitions.Socket) })
	t.Run("D2 request", func(t *testing.T) { likeLooplab(t, transitions.Request) })
	t.Run("D2 turnstile", func(t *testing.T) { likeLooplab(t, fsm.MustDeclare(turnstile())) })
}

func likeLooplab[S, E, F ~uint8, D comparable](t *testing.T, m *fsm.Machine[S, E, F, D]) {
	bare, asked := m.Looplab(), 0
	for _, state := range m.Declaration().States {
		for _, event := range m.Declaration().Events {
			for i, row := range m.Declaration().Rows {
				if !slices.Contains(row.From, state.Is) || !slices.Contains(row.On, event.Is) {
					continue
				}
				asked++
				bare.SetState(state.Name)
				err := bare.Event(t.Context(), looplabName(m, state.Is, event.Is, i))
				switch err.(type) {
				case nil:
					if row.Stay || row.Never != "" || bare.Current() != m.StateName(row.To) {
						t.Errorf("row %d: looplab moves %s in %s to %s", i+1, event.Name, state.Name, bare.Current())
					}
				case lab.NoTransitionError:
					if !row.Stay || bare.Current() != state.Name {
						t.Errorf("row %d: looplab stays %s in %s", i+1, event.Name, state.Name)
					}
				default:
					if row.Never == "" || bare.Current() != state.Name {
						t.Errorf("row %d: looplab refuses %s in %s: %v", i+1, event.Name, state.Name, err)
					}
				}
			}
			enginesAgree(t, m, fsm.Snapshot[S, D]{State: state.Is}, event.Is)
		}
	}
	if cells := len(m.Declaration().States) * len(m.Declaration().Events); asked < cells {
		t.Errorf("%d alternatives in %d cells", asked, cells)
	}
}

func enginesAgree[S, E, F ~uint8, D comparable](t *testing.T, m *fsm.Machine[S, E, F, D], from fsm.Snapshot[S, D], on E) {
	for _, gen := range []uint32{0, 1} {
		for _, arg := range []uint32{0, 1, 2} {
			e := fsm.Event[E]{On: on, Gen: gen, Arg: arg}
			to, effects, err := m.Using(fsm.Table).Step(from, e)
			to2, effects2, err2 := m.Using(fsm.Looplab).Step(from, e)
			if to != to2 || !slices.Equal(effects, effects2) || textOf(err) != textOf(err2) {
				t.Errorf("%s in %s: the table says %+v %v %v, looplab %+v %v %v",
					m.EventName(on), m.StateName(from.State), to, effects, err, to2, effects2, err2)
			}
			if err != nil && to != from {
				t.Errorf("%s in %s: an error, and yet %+v has become %+v", m.EventName(on), m.StateName(from.State), from, to)
			}
		}
	}
}
