package propertytests

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/transitions"
)

func TestCells(t *testing.T) {
	t.Run("D3 session", func(t *testing.T) { everyCell(t, transitions.Session, sessions) })
	t.Run("D3 login", func(t *testing.T) { everyCell(t, transitions.Login, logins) })
	t.Run("D3 token", func(t *testing.T) { everyCell(t, transitions.Token, tokens) })
	t.Run("D3 socket", func(t *testing.T) { everyCell(t, transitions.Socket, sockets) })
	t.Run("D3 subscription", func(t *testing.T) { everyCell(t, transitions.Subscription, subscriptions) })
	t.Run("D3 request", func(t *testing.T) { everyCell(t, transitions.Request, requests) })
}

// everyCell goes through all pairs of a state and an event, each with a few
// drawn values of data, generation and argument, and then beyond them.
func everyCell[S, E, F ~uint8, D comparable](t *testing.T, m *fsm.Machine[S, E, F, D], data *rapid.Generator[D]) {
	const draws = 12
	decl := m.Declaration()
	for s := range len(decl.States) {
		for on := 1; on <= len(decl.Events); on++ {
			for seed := range draws {
				from := fsm.Snapshot[S, D]{State: S(s)}
				if seed > 0 {
					from.Data = data.Example(seed)
				}
				for _, gen := range []uint32{0, 1, 2} {
					cell(t, m, from, fsm.Event[E]{On: E(on), Gen: gen, Arg: uint32(seed) % 3})
				}
			}
		}
	}
	for _, beyond := range []struct{ s, on int }{{0, 0}, {0, len(decl.Events) + 1}, {len(decl.States), 1}, {255, 255}} {
		from := fsm.Snapshot[S, D]{State: S(beyond.s)}
		for _, engine := range []fsm.Engine{fsm.Table, fsm.Looplab} {
			to, effects, err := m.Using(engine).Step(from, fsm.Event[E]{On: E(beyond.on)})
			if !errors.As(err, new(*fsm.ImpossibleError)) || to != from || effects != nil {
				t.Errorf("event %d in state %d: got %v, %v, %v; want it impossible", beyond.on, beyond.s, to, effects, err)
			}
		}
	}
}

func cell[S, E, F ~uint8, D comparable](t *testing.T, m *fsm.Machine[S, E, F, D], from fsm.Snapshot[S, D], e fsm.Event[E]) {
	t.Helper()
	rows := m.Declaration().Rows
	row := m.RowOf(&from, e)
	if row < 0 {
		t.Errorf("%s in %s is not declared", m.EventName(e.On), m.StateName(from.State))
		return
	}
	to, effects, err := m.Using(fsm.Table).Step(from, e)
	to2, effects2, err2 := m.Using(fsm.Looplab).Step(from, e)
	if to != to2 || !slices.Equal(effects, effects2) || err != err2 {
		t.Errorf("%s in %+v: by the table %+v %v %v, by looplab %+v %v %v", m.EventName(e.On), from, to, effects, err, to2, effects2, err2)
	}
	switch r := rows[row]; {
	case r.Never != "":
		var impossible *fsm.ImpossibleError
		if !errors.As(err, &impossible) || impossible.Reason != r.Never || impossible.State != m.StateName(from.State) || impossible.Event != m.EventName(e.On) || impossible.Machine != m.Name() {
			t.Errorf("%s in %s: got %v, want it impossible because %s", m.EventName(e.On), m.StateName(from.State), err, r.Never)
		}
		if to != from || effects != nil {
			t.Errorf("%s in %s is impossible, and yet leads to %+v with %v", m.EventName(e.On), m.StateName(from.State), to, effects)
		}
	case err != nil:
		t.Errorf("%s in %s: %v, though row %d is possible", m.EventName(e.On), m.StateName(from.State), err, row+1)
	case r.Stay && to.State != from.State, !r.Stay && to.State != r.To:
		t.Errorf("%s in %s leads to %s, against row %d", m.EventName(e.On), m.StateName(from.State), m.StateName(to.State), row+1)
	}
}
