package explore_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/fsm/explore"
)

var errBad = errors.New("bad number")

// numbers is the space of the numbers up to a bound, from 0 by the given steps.
func numbers(bound int, steps ...int) explore.Space[int, int, int] {
	return explore.Space[int, int, int]{
		Start: []int{0},
		Key:   func(n int) int { return n },
		Moves: func(n int, each func(int, int, error)) {
			for _, step := range steps {
				if n+step <= bound {
					each(step, n+step, nil)
				}
			}
		},
	}
}

func TestWalkIsWhole(t *testing.T) {
	got := numbers(9, 1, 3).Walk()
	want := explore.Report[int, int]{States: 10, Transitions: 9 + 7, Depth: 4, Whole: true}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestWalkFindsTheShortestWay(t *testing.T) {
	tests := []struct {
		name string
		from []int
		bad  int
		path []int
	}{
		{"seven in three", []int{0}, 7, []int{1, 3, 3}},
		{"the start itself", []int{0}, 0, nil},
		{"from the nearer start", []int{0, 6}, 7, []int{1}},
		{"a start further off", []int{50, 2}, 3, []int{1}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			space := numbers(100, 1, 3)
			space.Start = test.from
			space.Check = func(n int) error {
				if n == test.bad {
					return errBad
				}
				return nil
			}
			report := space.Walk()
			v := report.Violation
			if v == nil || report.Whole {
				t.Fatalf("got %+v, want a violation and not the whole", report)
			}
			if !slices.Equal(v.Path, test.path) || v.At != test.bad || !errors.Is(v, errBad) {
				t.Errorf("got %v to %d: %v; want %v to %d: %v", v.Path, v.At, v.Err, test.path, test.bad, errBad)
			}
			sum := v.From
			for _, step := range v.Path {
				sum += step
			}
			if sum != v.At {
				t.Errorf("the way from %d by %v does not lead to %d", v.From, v.Path, v.At)
			}
			if got, want := v.Error(), fmt.Sprintf("explore: after %d moves: bad number", len(test.path)); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestWalkReportsAMoveThatBreaksARule(t *testing.T) {
	space := numbers(9, 1)
	moves := space.Moves
	space.Moves = func(n int, each func(int, int, error)) {
		moves(n, each)
		if n == 4 {
			each(-4, 0, errBad) // to a state that is known
		}
	}
	v := space.Walk().Violation
	if v == nil || !slices.Equal(v.Path, []int{1, 1, 1, 1, -4}) || !errors.Is(v, errBad) {
		t.Errorf("got %+v, want the way over 4", v)
	}
}

func TestWalkStopsAtItsLimit(t *testing.T) {
	for limit := 1; limit <= 12; limit++ {
		space := numbers(9, 1)
		space.Limit = limit
		checked := 0
		space.Check = func(int) error { checked++; return nil }
		got := space.Walk()
		if want := min(limit, 10); got.States != want || checked < want {
			t.Errorf("limit %d: %d states, %d checked; want %d", limit, got.States, checked, want)
		}
		if want := limit >= 10; got.Whole != want {
			t.Errorf("limit %d: whole %t, want %t", limit, got.Whole, want)
		}
	}
}

func TestWalkTwiceIsTheSame(t *testing.T) {
	walk := func() (order []int) {
		space := numbers(1000, 7, 5, 3, 11)
		space.Check = func(n int) error { order = append(order, n); return nil }
		space.Walk()
		return order
	}
	first := walk()
	for range 3 {
		if again := walk(); !slices.Equal(first, again) {
			t.Fatalf("two walks visit %v and %v", first, again)
		}
	}
	if want := []int{0, 7, 5, 3, 11, 14, 12}; !slices.Equal(first[:7], want) {
		t.Errorf("the walk begins %v, want breadth first %v", first[:7], want)
	}
}

type (
	lamp   uint8
	finger uint8
	bulb   struct{ Switched uint32 }
)

const (
	off lamp = iota
	on
)

const (
	pressed finger = iota + 1
	dimmed
)

type lampSnapshot = fsm.Snapshot[lamp, bulb]

// lampMachine counts for ever, so that it is finite only under its key.
var lampMachine = func() *fsm.Machine[lamp, finger, uint8, bulb] {
	count := &fsm.Update[bulb, finger]{Name: "count", Apply: func(d *bulb, e fsm.Event[finger]) { d.Switched += e.Arg }}
	return fsm.MustDeclare(fsm.Declaration[lamp, finger, uint8, bulb]{
		Name:   "lamp",
		States: []fsm.StateInfo[lamp, finger]{{Is: off, Name: "off"}, {Is: on, Name: "on"}},
		Events: []fsm.EventInfo[finger]{{Is: pressed, Name: "pressed"}, {Is: dimmed, Name: "dimmed"}},
		Rows: []fsm.Row[lamp, finger, uint8, bulb]{
			{From: fsm.Of(off), On: fsm.Of(pressed), To: on, Set: count},
			{From: fsm.Of(on), On: fsm.Of(pressed), To: off, Set: count},
			{From: fsm.Of(on), On: fsm.Of(dimmed), Stay: true},
			{From: fsm.Of(off), On: fsm.Of(dimmed), Never: "it is off"},
		},
	})
}()

func TestMachineSpace(t *testing.T) {
	variants := func(_ lampSnapshot, e finger) []fsm.Event[finger] {
		return []fsm.Event[finger]{{On: e, Arg: 1}, {On: e, Arg: 2}}
	}
	t.Run("with its key", func(t *testing.T) {
		space := explore.Machine(lampMachine, variants, func(s lampSnapshot) lampSnapshot {
			s.Data.Switched %= 3
			return s
		})
		got := space.Walk()
		// Six states; two presses leave each, and two dimmings each of the three that are on.
		if got.States != 6 || got.Transitions != 6*2+3*2 || !got.Whole {
			t.Errorf("got %+v, want 6 states and 18 transitions, whole", got)
		}
	})
	t.Run("as it is", func(t *testing.T) {
		space := explore.Machine(lampMachine, variants, nil)
		space.Limit = 50
		if got := space.Walk(); got.States != 50 || got.Whole {
			t.Errorf("got %+v, want 50 states of an endless space", got)
		}
	})
	t.Run("the shortest way to a state", func(t *testing.T) {
		space := explore.Machine(lampMachine, variants, nil)
		space.Check = func(s lampSnapshot) error {
			if s.State == on && s.Data.Switched >= 5 {
				return errBad
			}
			return nil
		}
		v := space.Walk().Violation
		if v == nil || len(v.Path) != 3 || v.At != (lampSnapshot{State: on, Data: bulb{Switched: 5}}) {
			t.Errorf("got %+v, want three presses to five", v)
		}
	})
}

// TestWalkByMany holds that a walk by several goroutines is the walk by one: the
// same states, the same figures, and the same way to a violation.
func TestWalkByMany(t *testing.T) {
	grid := func(bad int) explore.Space[[2]int, int, [2]int] {
		return explore.Space[[2]int, int, [2]int]{
			Start: [][2]int{{0, 0}},
			Key:   func(n [2]int) [2]int { return n },
			Moves: func(n [2]int, each func(int, [2]int, error)) {
				for i := range 2 {
					if next := n; n[i] < 200 {
						next[i]++
						each(i, next, nil)
					}
				}
			},
			Check: func(n [2]int) error {
				if n[0]+n[1] == bad {
					return errBad
				}
				return nil
			},
		}
	}
	for _, bad := range []int{-1, 1, 77, 250} {
		want := grid(bad).Walk()
		many := grid(bad)
		many.Workers, many.Fork = 3, func() explore.Space[[2]int, int, [2]int] { return grid(bad) }
		told := 0
		many.Progress = func(states, transitions, depth int) bool { told++; return true }
		got := many.Walk()
		if got.States != want.States || got.Transitions != want.Transitions || got.Depth != want.Depth || got.Whole != want.Whole || told == 0 {
			t.Errorf("bad %d: got %+v after %d reports, want %+v", bad, got, told, want)
		}
		if (got.Violation == nil) != (want.Violation == nil) || got.Violation != nil && !slices.Equal(got.Violation.Path, want.Violation.Path) {
			t.Errorf("bad %d: got %+v, want %+v", bad, got.Violation, want.Violation)
		}
	}
	ended := grid(-1)
	ended.Progress = func(states, _, _ int) bool { return states < 1000 }
	if got := ended.Walk(); got.Whole || got.States < 1000 || got.States == 201*201 {
		t.Errorf("got %+v, want the walk ended after 1000 states", got)
	}
}
