package proof

import "testing"

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
	if err := b.holdAll(); err != nil {
		t.Error(err)
	}
	decl := b.machine.Declaration()
	states, rows := make(map[S]bool), make(map[int]bool)
	for _, at := range b.reached() {
		states[at.State] = true
		for _, on := range decl.Events {
			for _, e := range b.variants(at.Data, on.Is) {
				rows[b.machine.RowOf(&at, e)] = true
			}
		}
	}
	for _, s := range decl.States {
		if !states[s.Is] {
			t.Errorf("state %s is never entered", s.Name)
		}
	}
	for i := range decl.Rows {
		if !rows[i] {
			t.Errorf("row %d, %s, is never taken", i+1, where(b.machine, decl.Rows[i]))
		}
	}
}
