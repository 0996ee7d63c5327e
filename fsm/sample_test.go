package fsm_test

import "github.com/custom-app/interlock/fsm"

// The sample machine is a turnstile: two coins open it, a kick jams it, and a
// repair, which is a timer, ends the jam.

type (
	gate  uint8
	act   uint8
	doing uint8
	till  struct{ Coins, Passed uint32 }
)

const (
	locked gate = iota
	open
	jammed
)

const (
	coin act = iota + 1
	push
	kick
	repaired
)

const (
	unlock doing = iota
	lock
	ring
	callHelp
)

type (
	gateMachine     = fsm.Machine[gate, act, doing, till]
	gateDeclaration = fsm.Declaration[gate, act, doing, till]
	gateRow         = fsm.Row[gate, act, doing, till]
	gateSnapshot    = fsm.Snapshot[gate, till]
	gateInstance    = fsm.Instance[gate, act, doing, till]
	gateEvent       = fsm.Event[act]
)

func enough() *fsm.Guard[till, act] {
	return &fsm.Guard[till, act]{Name: "enough", Holds: func(d *till, e gateEvent) bool { return d.Coins+e.Arg >= 2 }}
}

func insert() *fsm.Update[till, act] {
	return &fsm.Update[till, act]{Name: "insert", Apply: func(d *till, e gateEvent) { d.Coins += e.Arg }}
}

func pass() *fsm.Update[till, act] {
	return &fsm.Update[till, act]{Name: "pass", Apply: func(d *till, _ gateEvent) { d.Coins, d.Passed = 0, d.Passed+1 }}
}

// turnstile returns a fresh declaration, so that a test may spoil it.
func turnstile() gateDeclaration {
	return gateDeclaration{
		Name: "turnstile", Initial: locked,
		States: []fsm.StateInfo[gate, act]{
			{Is: locked, Name: "locked"},
			{Is: open, Name: "open"},
			{Is: jammed, Name: "jammed", Kind: fsm.Wait, Timers: []act{repaired}},
		},
		Events: []fsm.EventInfo[act]{
			{Is: coin, Name: "coin", Doc: "Arg is its worth"},
			{Is: push, Name: "push"},
			{Is: kick, Name: "kick", Cause: fsm.Failure},
			{Is: repaired, Name: "repaired", Cause: fsm.Timer},
		},
		Effects: []fsm.EffectInfo[doing, act]{
			{Is: unlock, Name: "unlock", Answers: []act{push}},
			{Is: lock, Name: "lock"},
			{Is: ring, Name: "ring"},
			{Is: callHelp, Name: "callHelp", Answers: []act{repaired}},
		},
		Rows: []gateRow{
			{From: fsm.Of(locked), On: fsm.Of(coin), If: enough(), To: open, Set: insert(), Do: fsm.Of(unlock)},
			{From: fsm.Of(locked), On: fsm.Of(coin), Stay: true, Set: insert()},
			{From: fsm.Of(locked), On: fsm.Of(push), Stay: true, Do: fsm.Of(ring)},
			{From: fsm.Of(open), On: fsm.Of(coin), Never: "the slot is covered"},
			{From: fsm.Of(open), On: fsm.Of(push), To: locked, Set: pass(), Do: fsm.Of(lock, ring)},
			{From: fsm.Of(locked, open), On: fsm.Of(kick), To: jammed, Do: fsm.Of(callHelp)},
			{From: fsm.Of(locked, open), On: fsm.Of(repaired), Stay: true},
			{From: fsm.Of(jammed), On: fsm.Of(coin, push, kick), Stay: true},
			{From: fsm.Of(jammed), On: fsm.Of(repaired), To: locked},
		},
	}
}

func engines() []fsm.Engine { return []fsm.Engine{fsm.Looplab, fsm.Table} }
