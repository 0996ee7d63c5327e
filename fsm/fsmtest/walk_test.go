package fsmtest_test

import (
	"errors"
	"flag"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/fsm/fsmtest"
)

// recorder is a test that only notes how it fails.
type recorder struct {
	*testing.T
	failed bool
	last   string // what was said last
}

func (r *recorder) Logf(format string, args ...any) { r.last = fmt.Sprintf(format, args...) }
func (r *recorder) Log(args ...any)                 { r.last = fmt.Sprint(args...) }
func (r *recorder) Errorf(format string, args ...any) {
	r.failed = true
	r.Logf(format, args...)
}
func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	r.FailNow()
}
func (r *recorder) Failed() bool { return r.failed }
func (r *recorder) FailNow()     { runtime.Goexit() }

// failure returns what a check says last when it fails; empty: it does not.
func failure(t *testing.T, check func(rapid.TB)) string {
	t.Helper()
	quiet := flag.Lookup("rapid.nofailfile")
	was := quiet.Value.String()
	if err := quiet.Value.Set("true"); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = quiet.Value.Set(was) }()
	r := &recorder{T: t}
	done := make(chan struct{})
	go func() { // which FailNow ends
		defer close(done)
		check(r)
	}()
	<-done
	if !r.failed {
		return ""
	}
	return r.last
}

func TestSound(t *testing.T) {
	t.Run("D2 it holds what it is told to", func(t *testing.T) { fsmtest.Check(t, sound, paid, locks) })
	t.Run("D2 with nothing but what holds of every machine", func(t *testing.T) { fsmtest.Check(t, sound) })
}

// TestPlanted holds that each planted bug is found and shrunk to the shortest run
// that shows it.
func TestPlanted(t *testing.T) {
	stays := row{From: fsm.Of(locked), On: fsm.Of(push), Stay: true}
	on := func(change row) *fsm.Machine[gate, act, deed, till] {
		change.From, change.On = fsm.Of(locked), fsm.Of(push)
		return turnstile(change)
	}
	calls := uint32(0)
	tests := []struct {
		name    string
		machine *fsm.Machine[gate, act, deed, till]
		want    string
	}{
		{"a climber is counted", on(row{Stay: true, Set: pass}), `turnstile: "it locks behind whoever passes": it does not
after 1 events:
	locked {Coins:0 Passed:0}
	-push-> locked {Coins:0 Passed:1}`},
		{"a push opens it", on(row{To: open}), `turnstile: "passing costs two": 1 have passed for 0 coins
after 2 events:
	locked {Coins:0 Passed:0}
	-push-> open {Coins:0 Passed:0}
	-push-> locked {Coins:0 Passed:1}, lock`},
		{"one who has paid may push on", turnstile(stays, row{From: fsm.Of(open), On: fsm.Of(push), If: never, To: locked, Set: pass}), ""},
		{"the fourth who passes leaves it open", turnstile(stays, row{From: fsm.Of(open), On: fsm.Of(push), If: fourth, Stay: true, Set: pass}), `turnstile: "it locks behind whoever passes": it does not
after 12 events:
	locked {Coins:0 Passed:0}
	-coin-> locked {Coins:1 Passed:0}
	-coin-> open {Coins:2 Passed:0}, unlock
	-push-> locked {Coins:2 Passed:1}, lock
	-coin-> locked {Coins:3 Passed:1}
	-coin-> open {Coins:4 Passed:1}, unlock
	-push-> locked {Coins:4 Passed:2}, lock
	-coin-> locked {Coins:5 Passed:2}
	-coin-> open {Coins:6 Passed:2}, unlock
	-push-> locked {Coins:6 Passed:3}, lock
	-coin-> locked {Coins:7 Passed:3}
	-coin-> open {Coins:8 Passed:3}, unlock
	-push-> open {Coins:8 Passed:4}`},
		{"a guard that takes a coin", turnstile(stays, row{From: fsm.Of(open), On: fsm.Of(push), If: greedy, Stay: true}), `turnstile: a guard changes the data to {Coins:1 Passed:0}
after 3 events:
	locked {Coins:0 Passed:0}
	-coin-> locked {Coins:1 Passed:0}
	-coin-> open {Coins:2 Passed:0}, unlock
	-push-> locked {Coins:1 Passed:1}, lock`},
		{"an update that counts elsewhere", on(row{Stay: true, Set: &fsm.Update[till, act]{Name: "count", Apply: func(d *till, _ fsm.Event[act]) {
			calls++
			d.Coins += 2 + calls%2
		}}}), "turnstile: by the table it is -push-> locked {Coins:"},
	}
	for _, test := range tests {
		t.Run("D2 "+test.name, func(t *testing.T) {
			got := failure(t, func(t rapid.TB) { fsmtest.Check(t, test.machine, paid, locks) })
			if got != test.want && (!strings.HasSuffix(test.want, ":") || !strings.HasPrefix(got, test.want)) {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

var (
	never  = &fsm.Guard[till, act]{Name: "never", Holds: func(*till, fsm.Event[act]) bool { return false }}
	fourth = &fsm.Guard[till, act]{Name: "fourth", Holds: func(d *till, _ fsm.Event[act]) bool { return d.Passed == 3 }}
	greedy = &fsm.Guard[till, act]{Name: "greedy", Holds: func(d *till, _ fsm.Event[act]) bool { d.Coins--; return false }}
)

func TestMisused(t *testing.T) {
	tests := []struct {
		name string
		walk fsmtest.Walk[gate, act, deed, till]
		want string
	}{
		{"no machine", fsmtest.Walk[gate, act, deed, till]{}, "fsmtest: Machine: is required"},
		{"an invariant of nothing", fsmtest.Walk[gate, act, deed, till]{Machine: sound, Invariants: []check{paid, {Name: "empty"}}}, `fsmtest: Invariants[1]: "empty" needs a Name, and State or Step`},
		{"an invariant without a name", fsmtest.Walk[gate, act, deed, till]{Machine: sound, Invariants: []check{{State: paid.State}}}, `fsmtest: Invariants[0]: "" needs a Name, and State or Step`},
	}
	for _, test := range tests {
		t.Run("X4 "+test.name, func(t *testing.T) {
			if got := failure(t, test.walk.Check); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestWhatIsDrawn holds that a walk goes where it is told to, and that invariants
// see what is impossible, too.
func TestWhatIsDrawn(t *testing.T) {
	t.Run("D2 a walk starts and goes on as it is told", func(t *testing.T) {
		start := fsm.Snapshot[gate, till]{State: open, Data: till{Coins: 9, Passed: 2}}
		want := "turnstile: \"no push\": pushed\nafter 1 events:\n\topen {Coins:9 Passed:2}\n\t-push gen 7 arg 9-> locked {Coins:9 Passed:3}, lock"
		got := failure(t, fsmtest.Walk[gate, act, deed, till]{
			Machine: sound, Start: rapid.Just(start),
			Event: func(at fsm.Snapshot[gate, till]) *rapid.Generator[fsm.Event[act]] {
				return rapid.Just(fsm.Event[act]{On: push, Gen: 7, Arg: at.Data.Coins})
			},
			Invariants: []check{{Name: "no push", Step: func(s step) error { return errors.New("pushed") }}},
		}.Check)
		if got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
	t.Run("D2 the state that a walk starts in is held too", func(t *testing.T) {
		got := failure(t, fsmtest.Walk[gate, act, deed, till]{
			Machine: sound, Start: rapid.Just(fsm.Snapshot[gate, till]{Data: till{Passed: 1}}), Invariants: []check{paid},
		}.Check)
		if want := "turnstile: \"passing costs two\": 1 have passed for 0 coins\nafter 0 events:\n\tlocked {Coins:0 Passed:1}"; got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
	t.Run("D2 impossible and undeclared events are steps that change nothing", func(t *testing.T) {
		impossible := 0
		fsmtest.Walk[gate, act, deed, till]{
			Machine: sound,
			Event: func(fsm.Snapshot[gate, till]) *rapid.Generator[fsm.Event[act]] {
				return rapid.Map(rapid.IntRange(0, 3), func(on int) fsm.Event[act] { return fsm.Event[act]{On: act(on)} })
			},
			Invariants: []check{{Name: "count", Step: func(s step) error {
				if s.Err != nil {
					impossible++
				}
				if refused := s.Event.On == 0 || s.Event.On > push || s.From.State == open && s.Event.On == coin; refused != (s.Err != nil) {
					return fmt.Errorf("got %v, refused should be %t", s.Err, refused)
				}
				return nil
			}}},
		}.Check(t)
		if impossible == 0 {
			t.Error("no impossible event was drawn")
		}
	})
}

func TestGenerators(t *testing.T) {
	const samples = 2000
	t.Run("D2 events are all that are declared, with the numbers that they carry", func(t *testing.T) {
		decl := sound.Declaration()
		decl.Events = slices.Clone(decl.Events)
		decl.Events[0].Carries = "Arg is its worth"
		carrying := fsm.MustDeclare(decl)
		numbers := make(map[act]map[uint32]bool)
		for seed := range samples {
			e := fsmtest.Events(carrying).Example(seed)
			if numbers[e.On] == nil {
				numbers[e.On] = make(map[uint32]bool)
			}
			numbers[e.On][e.Arg] = true
		}
		if len(numbers) != 2 || len(numbers[push]) != 1 || !numbers[push][0] {
			t.Errorf("got the numbers %v, want coins with some and pushes without", numbers)
		}
		for _, n := range []uint32{0, 1, 2, 3, 1<<32 - 1} {
			if !numbers[coin][n] {
				t.Errorf("no coin carries %d", n)
			}
		}
	})
	t.Run("D2 runs are of all lengths", func(t *testing.T) {
		longest, empty := 0, false
		for seed := range samples {
			run := fsmtest.Runs(sound).Example(seed)
			longest, empty = max(longest, len(run)), empty || len(run) == 0
		}
		if longest < 5 || !empty {
			t.Errorf("the longest of %d runs has %d events, an empty one: %t", samples, longest, empty)
		}
	})
}
