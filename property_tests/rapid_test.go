package propertytests

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/fsm/fsmtest"
	"github.com/custom-app/interlock/transitions"
)

// TestMachinesLikeTheirRows steps each machine at random, under both engines and
// by the interpreter of its rows.
func TestMachinesLikeTheirRows(t *testing.T) {
	t.Run("D2 session", func(t *testing.T) { likeItsRows(t, transitions.Session, sessions) })
	t.Run("D2 login", func(t *testing.T) { likeItsRows(t, transitions.Login, logins) })
	t.Run("D2 token", func(t *testing.T) { likeItsRows(t, transitions.Token, tokens) })
	t.Run("D2 socket", func(t *testing.T) { likeItsRows(t, transitions.Socket, sockets) })
	t.Run("D2 subscription", func(t *testing.T) { likeItsRows(t, transitions.Subscription, subscriptions) })
	t.Run("D2 request", func(t *testing.T) { likeItsRows(t, transitions.Request, requests) })
}

func likeItsRows[S, E, F ~uint8, D comparable](t *testing.T, m *fsm.Machine[S, E, F, D], data *rapid.Generator[D]) {
	decl := m.Declaration()
	events := rapid.Custom(func(t *rapid.T) fsm.Event[E] { // those that are not declared, too
		return fsm.Event[E]{On: E(rapid.IntRange(0, len(decl.Events)+1).Draw(t, "on")), Gen: numbers.Draw(t, "gen"), Arg: numbers.Draw(t, "arg")}
	})
	fsmtest.Walk[S, E, F, D]{
		Machine: m,
		Start: rapid.Custom(func(t *rapid.T) fsm.Snapshot[S, D] {
			return fsm.Snapshot[S, D]{State: S(rapid.IntRange(0, len(decl.States)).Draw(t, "state")), Data: data.Draw(t, "data")}
		}),
		Event: func(fsm.Snapshot[S, D]) *rapid.Generator[fsm.Event[E]] { return events },
		Invariants: []fsmtest.Invariant[S, E, F, D]{{Name: "like its rows", Step: func(s fsmtest.Step[S, E, F, D]) error {
			want := interpret(decl.Rows, s.From, s.Event)
			if got := m.RowOf(&s.From, s.Event); got != want.row {
				return fmt.Errorf("it takes row %d, want %d", got+1, want.row+1)
			}
			if refused := want.never || want.row < 0; s.To != want.to || !slices.Equal(s.Effects, want.effects) || errors.As(s.Err, new(*fsm.ImpossibleError)) != refused {
				return fmt.Errorf("got %+v %v %v, want %+v", s.To, s.Effects, s.Err, want)
			}
			return nil
		}}},
	}.Check(t)
}

// TestCore drives a core with two sockets, more that are added, subscriptions and
// requests at random, and holds it against a model that believes nothing: see
// model.
func TestCore(t *testing.T) {
	t.Run("D2 R2 R3 S6 random inputs", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) { drive(t, transitions.Shipped.Using(fsm.Table)) })
	})
	t.Run("D2 R2 R3 S6 random inputs by looplab", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) { drive(t, transitions.Shipped) })
	})
	t.Run("D1 the same inputs give the same outputs", func(t *testing.T) { rapid.Check(t, replay) })
	t.Run("D1 a clone is equal and independent", func(t *testing.T) { rapid.Check(t, cloned) })
}

func drive(t *rapid.T, system *transitions.System) {
	m := newModel(t, system)
	t.Repeat(map[string]func(*rapid.T){
		"environment": func(t *rapid.T) { m.post(t, m.drawInput(t)) },
		"good": func(t *rapid.T) {
			for range rapid.IntRange(1, 12).Draw(t, "inputs") {
				m.post(t, m.drawGood(t))
				m.check(t)
			}
		},
		"add":    func(t *rapid.T) { m.act(t, m.drawAdd(t)) },
		"submit": func(t *rapid.T) { m.post(t, m.drawSubmit(t)) },
		"":       m.check,
	})
	m.logOut(t)
}

// replay records the inputs and outputs of a run, and gives the same inputs to a
// core that is stepped by the other engine.
func replay(t *rapid.T) {
	m := newModel(t, transitions.Shipped.Using(fsm.Table))
	again, err := transitions.Shipped.Using(fsm.Looplab).New(m.plan)
	if err != nil {
		t.Fatal(err)
	}
	for range rapid.IntRange(1, 60).Draw(t, "inputs") {
		in := m.draw(t)
		out, err := in.on(m.core)
		out2, err2 := in.on(again)
		if !slices.Equal(out, out2) || (err == nil) != (err2 == nil) || err != nil && err.Error() != err2.Error() {
			t.Fatalf("%+v: first %+v %v, then %+v %v", in, out, err, out2, err2)
		}
		if m.core.Key() != again.Key() {
			t.Fatalf("%+v: first %q, then %q", in, m.core.Key(), again.Key())
		}
	}
}

// cloned gives the same inputs to a core and to its clone, and others to a clone
// of which neither may know.
func cloned(t *rapid.T) {
	m := newModel(t, transitions.Shipped.Using(fsm.Table))
	for range rapid.IntRange(0, 40).Draw(t, "before") {
		_, _ = m.draw(t).on(m.core)
	}
	before := m.core.Key()
	twin, other := m.core.Clone(), m.core.Clone()
	for range rapid.IntRange(1, 20).Draw(t, "aside") {
		_, _ = m.drawOn(t, other).on(other)
	}
	if m.core.Key() != before || twin.Key() != before {
		t.Fatalf("what was posted to a clone has changed the core: %q to %q and %q", before, m.core.Key(), twin.Key())
	}
	for range rapid.IntRange(1, 20).Draw(t, "after") {
		in := m.draw(t)
		out, err := in.on(m.core)
		out2, err2 := in.on(twin)
		if !slices.Equal(out, out2) || (err == nil) != (err2 == nil) || m.core.Key() != twin.Key() {
			t.Fatalf("%+v: the core says %+v %v, its clone %+v %v", in, out, err, out2, err2)
		}
	}
}
