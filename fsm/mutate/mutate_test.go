package mutate_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/fsm/mutate"
)

type (
	lamp uint8
	act  uint8
	deed uint8
	wear struct{ Pushes, Life uint32 }
	row  = fsm.Row[lamp, act, deed, wear]
)

const (
	off lamp = iota
	on
	broken
)

const (
	push act = iota + 1
	mend
)

const (
	light deed = iota
	pop
)

var (
	worn  = &fsm.Guard[wear, act]{Name: "worn", Holds: func(d *wear, _ fsm.Event[act]) bool { return d.Pushes >= 2 }}
	count = &fsm.Update[wear, act]{Name: "count", Apply: func(d *wear, _ fsm.Event[act]) { d.Pushes++ }}
)

var lamps = fsm.MustDeclare(fsm.Declaration[lamp, act, deed, wear]{
	Name: "lamp", Initial: off,
	States:  []fsm.StateInfo[lamp, act]{{Is: off, Name: "off"}, {Is: on, Name: "on"}, {Is: broken, Name: "broken"}},
	Events:  []fsm.EventInfo[act]{{Is: push, Name: "push"}, {Is: mend, Name: "mend"}},
	Effects: []fsm.EffectInfo[deed, act]{{Is: light, Name: "light"}, {Is: pop, Name: "pop"}},
	Rows: []row{
		{From: fsm.Of(off), On: fsm.Of(push), If: worn, To: broken, Do: fsm.Of(pop)},
		{From: fsm.Of(off), On: fsm.Of(push), To: on, Set: count, Do: fsm.Of(light)},
		{From: fsm.Of(on), On: fsm.Of(push), To: off},
		{From: fsm.Of(broken), On: fsm.Of(push), Stay: true},
		{From: fsm.Of(broken), On: fsm.Of(mend), To: off},
		{From: fsm.Of(off, on), On: fsm.Of(mend), Never: "it is whole"},
	},
})

// pops tells whether a lamp pops at the third time that it is switched on, and not
// before: the test that is tested.
func pops(m *fsm.Machine[lamp, act, deed, wear]) bool {
	at, popped := m.Initial(), 0
	for i := range 5 {
		to, effects, err := m.Step(at, fsm.Event[act]{On: push})
		if err != nil {
			return false
		}
		if slices.Contains(effects, pop) {
			popped = i + 1
		}
		at = to
	}
	return popped == 5 && at.State == broken
}

// A test of a machine is tested by the machine's mutants: those that neither the
// declaration nor the test refuses show what the test does not look at.
func ExampleRows() {
	refused, caught := 0, 0
	for m := range mutate.Rows(lamps) {
		switch machine, err := fsm.Declare(m.Declaration); {
		case err != nil:
			refused++
		case !pops(machine):
			caught++
		default:
			fmt.Printf("row %d survives: %s\n", m.Row+1, m.Change)
		}
	}
	fmt.Println(refused, "are refused,", caught, "caught")
	// Output:
	// row 4 survives: redirected to off
	// row 4 survives: redirected to on
	// row 5 survives: redirected to on
	// row 5 survives: redirected to broken
	// row 6 survives: redirected to off
	// row 6 survives: redirected to on
	// row 6 survives: redirected to broken
	// 12 are refused, 4 caught
}

func TestRows(t *testing.T) {
	before := fmt.Sprintf("%+v", lamps.Declaration().Rows)
	decl := lamps.Declaration()
	seen := make(map[string]bool)
	for m := range mutate.Rows(lamps) {
		name := fmt.Sprint(m.Row, m.Change)
		if seen[name] {
			t.Errorf("row %d is twice %s", m.Row+1, m.Change)
		}
		seen[name] = true
		changed := len(m.Declaration.Rows) - len(decl.Rows) + 1 // the rows in the place of one
		if changed < 0 || changed > 2 {
			t.Errorf("row %d, %s: got %d rows in its place", m.Row+1, m.Change, changed)
		}
		if !reflect.DeepEqual(names(m.Declaration.Rows[:m.Row]), names(decl.Rows[:m.Row])) || !reflect.DeepEqual(names(m.Declaration.Rows[m.Row+changed:]), names(decl.Rows[m.Row+1:])) {
			t.Errorf("row %d, %s: other rows have changed", m.Row+1, m.Change)
		}
	}
	if after := fmt.Sprintf("%+v", lamps.Declaration().Rows); after != before {
		t.Errorf("got %s, want the machine as it was: %s", after, before)
	}
	for _, want := range []string{"0removed", "0redirected to off", "0redirected to on", "0stripped of pop", "0guard worn negated", "1update count left out", "3redirected to on", "5redirected to broken"} {
		if !seen[want] {
			t.Errorf("there is no mutant %q of %v", want, seen)
		}
	}
	first := 0
	for range mutate.Rows(lamps) {
		if first++; first == 3 {
			break // which ends it
		}
	}
}

// names are rows without their functions, which cannot be compared.
func names(rows []row) (all []string) {
	for _, r := range rows {
		text := fmt.Sprint(r.From, r.On, r.To, r.Stay, r.Do, r.Never)
		if r.If != nil {
			text += r.If.Name
		}
		if r.Set != nil {
			text += r.Set.Name
		}
		all = append(all, text)
	}
	return all
}
