package proof

import (
	"testing"

	"github.com/custom-app/interlock/fsm"
)

// TestResponses holds the rules of each machine alone, and that each rule is of use.
func TestResponses(t *testing.T) {
	t.Run("D2 session", func(t *testing.T) { responds(t, &sessionBook) })
	t.Run("D2 login", func(t *testing.T) { responds(t, &loginBook) })
	t.Run("D2 token", func(t *testing.T) { responds(t, &tokenBook) })
	t.Run("D2 socket", func(t *testing.T) { responds(t, &socketBook) })
	t.Run("D2 subscription", func(t *testing.T) { responds(t, &subscriptionBook) })
	t.Run("D2 request", func(t *testing.T) { responds(t, &requestBook) })
}

func responds[S, E, F ~uint8, D comparable](t *testing.T, b *book[S, E, F, D]) {
	decl, used := b.machine.Declaration(), make([]int, len(b.responses))
	var in []S
	for _, s := range decl.States {
		in = append(in, s.Is)
	}
	var on []E
	for _, e := range decl.Events {
		on = append(on, e.Is)
	}
	if err := b.holds(b.machine.Using(fsm.Table), b.reached(), in, on, used); err != nil {
		t.Error(err)
		return
	}
	for i, n := range used {
		if n == 0 {
			t.Errorf("rule %q is never held: nothing that it is about happens", b.responses[i].Name)
		}
	}
}

// TestMutantsAlone counts the mutants that a machine's own rules catch.
func TestMutantsAlone(t *testing.T) {
	caught, all := make(map[string]int), make(map[string]int)
	for m := range Mutants() {
		all[m.Of]++
		if err := m.Alone(); err != nil {
			caught[m.Of]++
		} else if testing.Verbose() {
			t.Logf("survives alone: row %d, %v", m.Row, m)
		}
	}
	for of, n := range all {
		t.Logf("%s: %d of %d mutants are caught alone", of, caught[of], n)
	}
}
