package fsmtest_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/fsm/fsmtest"
)

// The turnstile lets one pass for two coins.
type (
	gate  uint8
	act   uint8
	deed  uint8
	till  struct{ Coins, Passed uint32 }
	check = fsmtest.Invariant[gate, act, deed, till]
	step  = fsmtest.Step[gate, act, deed, till]
	row   = fsm.Row[gate, act, deed, till]
)

const (
	locked gate = iota
	open
)

const (
	coin act = iota + 1
	push
)

const (
	unlock deed = iota
	lock
)

var (
	enough = &fsm.Guard[till, act]{Name: "enough", Holds: func(d *till, e fsm.Event[act]) bool { return d.Coins+1 >= 2*(d.Passed+1) }}
	insert = &fsm.Update[till, act]{Name: "insert", Apply: func(d *till, e fsm.Event[act]) { d.Coins++ }}
	pass   = &fsm.Update[till, act]{Name: "pass", Apply: func(d *till, _ fsm.Event[act]) { d.Passed++ }}
)

func turnstile(rows ...row) *fsm.Machine[gate, act, deed, till] {
	return fsm.MustDeclare(fsm.Declaration[gate, act, deed, till]{
		Name:    "turnstile",
		States:  []fsm.StateInfo[gate, act]{{Is: locked, Name: "locked"}, {Is: open, Name: "open"}},
		Events:  []fsm.EventInfo[act]{{Is: coin, Name: "coin"}, {Is: push, Name: "push"}},
		Effects: []fsm.EffectInfo[deed, act]{{Is: unlock, Name: "unlock"}, {Is: lock, Name: "lock"}},
		Rows: slices.Concat(rows, []row{
			{From: fsm.Of(locked), On: fsm.Of(coin), If: enough, To: open, Set: insert, Do: fsm.Of(unlock)},
			{From: fsm.Of(locked), On: fsm.Of(coin), Stay: true, Set: insert},
			{From: fsm.Of(open), On: fsm.Of(coin), Never: "the slot is covered"},
			{From: fsm.Of(open), On: fsm.Of(push), To: locked, Set: pass, Do: fsm.Of(lock)},
		}),
	})
}

// sound is the turnstile as it should be.
var sound = turnstile(row{From: fsm.Of(locked), On: fsm.Of(push), Stay: true})

// paid and locks are what an owner of turnstiles wants to hold.
var (
	paid = check{Name: "passing costs two", State: func(at fsm.Snapshot[gate, till]) error {
		if d := at.Data; d.Coins < 2*d.Passed {
			return fmt.Errorf("%d have passed for %d coins", d.Passed, d.Coins)
		}
		return nil
	}}
	locks = check{Name: "it locks behind whoever passes", Step: func(s step) error {
		if s.To.Data.Passed > s.From.Data.Passed && (s.To.State != locked || !slices.Contains(s.Effects, lock)) {
			return errors.New("it does not")
		}
		return nil
	}}
)

// In a test, t is what the test is given.
func Example() {
	var t *testing.T
	fsmtest.Check(t, sound, paid, locks)
}
