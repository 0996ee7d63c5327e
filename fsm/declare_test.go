package fsm_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/custom-app/interlock/fsm"
)

// faults are the spoilt declarations and every line of the error they give.
var faults = []struct {
	name  string
	spoil func(*gateDeclaration)
	want  []string
}{
	{"no name", func(d *gateDeclaration) { d.Name = "" },
		[]string{"fsm: machine without a name: Name is empty"}},
	{"initial not declared", func(d *gateDeclaration) { d.Initial = 9 },
		[]string{"fsm: turnstile: Initial: state 9 is not declared"}},
	{"state out of order", func(d *gateDeclaration) { d.States[1].Is = jammed },
		[]string{`fsm: turnstile: state "open" has number 2, want 1: states are declared in the order of their numbers, from 0`}},
	{"event out of order", func(d *gateDeclaration) { d.Events[1].Is = 0 },
		[]string{`fsm: turnstile: event "push" has number 0, want 2: events are declared in the order of their numbers, from 1`}},
	{"effect out of order", func(d *gateDeclaration) { d.Effects[3].Is = 200 },
		[]string{`fsm: turnstile: effect "callHelp" has number 200, want 3: effects are declared in the order of their numbers, from 0`}},
	{"kind not declared", func(d *gateDeclaration) { d.States[2].Kind = 9 },
		[]string{`fsm: turnstile: state "jammed": Kind 9 is not declared`}},
	{"cause not declared", func(d *gateDeclaration) { d.Events[0].Cause = 200 },
		[]string{`fsm: turnstile: event "coin": Cause 200 is not declared`}},
	{"engine not declared", func(d *gateDeclaration) { d.Engine = 7 },
		[]string{"fsm: turnstile: Engine 7 is not declared"}},
	{"state twice", func(d *gateDeclaration) { d.States[1].Name = "locked" },
		[]string{`fsm: turnstile: state "locked" is declared twice`}},
	{"event twice", func(d *gateDeclaration) { d.Events[1].Name = "coin" },
		[]string{`fsm: turnstile: event "coin" is declared twice`}},
	{"effect twice", func(d *gateDeclaration) { d.Effects[1].Name = "unlock" },
		[]string{`fsm: turnstile: effect "unlock" is declared twice`}},
	{"state without a name", func(d *gateDeclaration) { d.States[1].Name = "" },
		[]string{"fsm: turnstile: state 1 has no name"}},
	{"name like an alternative", func(d *gateDeclaration) { d.Events[0].Name = "coin#2" },
		[]string{`fsm: turnstile: event "coin#2": # is kept for alternatives`}},
	{"answer not declared", func(d *gateDeclaration) { d.Effects[0].Answers[0] = 77 },
		[]string{`fsm: turnstile: effect "unlock": Answers: event 77 is not declared`}},

	{"row of nothing", func(d *gateDeclaration) { d.Rows = append(d.Rows, gateRow{Stay: true}) },
		[]string{"fsm: turnstile: row 10: From and On name at least one state and one event"}},
	{"row from an undeclared state", func(d *gateDeclaration) { d.Rows[2].From = fsm.Of[gate](7) },
		[]string{"fsm: turnstile: row 3: From: state 7 is not declared"}},
	{"row from a state twice", func(d *gateDeclaration) { d.Rows[6].From = fsm.Of(locked, open, locked) },
		[]string{"fsm: turnstile: row 7: From names locked twice"}},
	{"row to its own state", func(d *gateDeclaration) { d.Rows[8].To = jammed },
		[]string{"fsm: turnstile: row 9: moves from jammed to itself; say Stay"}},
	{"row to an undeclared state", func(d *gateDeclaration) { d.Rows[8].To = 250 },
		[]string{"fsm: turnstile: row 9: To: state 250 is not declared"}},
	{"row on event zero", func(d *gateDeclaration) { d.Rows[2].On = fsm.Of[act](0) },
		[]string{"fsm: turnstile: row 3: On: event 0 is not declared"}},
	{"row on an undeclared event", func(d *gateDeclaration) { d.Rows[2].On = fsm.Of[act](99) },
		[]string{"fsm: turnstile: row 3: On: event 99 is not declared"}},
	{"row on an event twice", func(d *gateDeclaration) { d.Rows[7].On = fsm.Of(coin, push, kick, push) },
		[]string{"fsm: turnstile: row 8: On names event 2 twice"}},
	{"row with an undeclared effect", func(d *gateDeclaration) { d.Rows[2].Do = fsm.Of[doing](50) },
		[]string{"fsm: turnstile: row 3: Do: effect 50 is not declared"}},
	{"row that moves and stays", func(d *gateDeclaration) { d.Rows[2].To = open },
		[]string{"fsm: turnstile: row 3: has both To and Stay"}},
	{"never with an effect", func(d *gateDeclaration) { d.Rows[3].Do = fsm.Of(ring) },
		[]string{"fsm: turnstile: row 4: a Never row has nothing else"}},
	{"guard without a condition", func(d *gateDeclaration) { d.Rows[0].If.Holds = nil },
		[]string{"fsm: turnstile: row 1: If needs a Name and Holds"}},
	{"guard without a name", func(d *gateDeclaration) { d.Rows[0].If.Name = "" },
		[]string{"fsm: turnstile: row 1: If needs a Name and Holds"}},
	{"update without a change", func(d *gateDeclaration) { d.Rows[4].Set.Apply = nil },
		[]string{"fsm: turnstile: row 5: Set needs a Name and Apply"}},
	{"update without a name", func(d *gateDeclaration) { d.Rows[4].Set.Name = "" },
		[]string{"fsm: turnstile: row 5: Set needs a Name and Apply"}},

	{"cell without a row", func(d *gateDeclaration) { d.Rows[7].On = fsm.Of(coin, push) },
		[]string{"fsm: turnstile: kick in jammed is not declared by any row"}},
	{"cell without an unguarded row", func(d *gateDeclaration) { d.Rows[1].If = enough(); d.Rows[1].If.Name = "other" },
		[]string{"fsm: turnstile: coin in locked: the last alternative is guarded by other"}},
	{"cell decided twice", func(d *gateDeclaration) {
		d.Rows = append(d.Rows, gateRow{From: fsm.Of(open), On: fsm.Of(push), Stay: true})
	},
		[]string{"fsm: turnstile: row 10: push in open is already decided by an earlier row"}},
	{"guard asked twice", func(d *gateDeclaration) {
		d.Rows = slices.Insert(d.Rows, 1, gateRow{From: fsm.Of(locked), On: fsm.Of(coin), If: enough(), Stay: true})
	},
		[]string{"fsm: turnstile: row 2: dead for coin in locked: row 1 asks enough before"}},

	{"state out of reach", func(d *gateDeclaration) {
		d.Rows[5] = gateRow{From: fsm.Of(locked, open), On: fsm.Of(kick), Stay: true, Do: fsm.Of(callHelp)}
	},
		[]string{"fsm: turnstile: state jammed cannot be reached"}},
	{"trap", func(d *gateDeclaration) {
		d.States[2] = fsm.StateInfo[gate, act]{Is: jammed, Name: "jammed", Kind: fsm.Follow, By: "mechanic"}
		d.Rows[8] = gateRow{From: fsm.Of(jammed), On: fsm.Of(repaired), Stay: true}
	},
		[]string{"fsm: turnstile: state jammed is a trap: no way leads from it to a rest state"}},
	{"wait without a timer", func(d *gateDeclaration) { d.States[2].Timers = nil },
		[]string{"fsm: turnstile: state jammed waits without a timer"}},
	{"timer not declared", func(d *gateDeclaration) { d.States[0].Timers = fsm.Of[act](40) },
		[]string{"fsm: turnstile: state locked: Timers: event 40 is not declared"}},
	{"timer with another cause", func(d *gateDeclaration) { d.Events[3].Cause = fsm.Peer },
		[]string{"fsm: turnstile: state jammed: repaired runs as a timer, its cause says otherwise"}},
	{"timer that ends nothing", func(d *gateDeclaration) {
		d.Rows[7].On, d.Rows[8].On = fsm.Of(coin, push, repaired), fsm.Of(kick)
	},
		[]string{"fsm: turnstile: state jammed: none of its timers ends it"}},
	{"follow nobody", func(d *gateDeclaration) { d.States[1].Kind = fsm.Follow },
		[]string{"fsm: turnstile: state open: By names the machine that ends it, for a state that follows and no other"}},
	{"rest that follows", func(d *gateDeclaration) { d.States[1].By = "mechanic" },
		[]string{"fsm: turnstile: state open: By names the machine that ends it, for a state that follows and no other"}},
	{"effect out of no row", func(d *gateDeclaration) { d.Rows[2].Do, d.Rows[4].Do = nil, fsm.Of(lock) },
		[]string{"fsm: turnstile: effect ring comes out of no row"}},

	{"several at once", func(d *gateDeclaration) {
		d.Name, d.Initial = "", 3
		d.States[2].Name = "open"
		d.Rows[0].If.Holds = nil
		d.Rows[8].To = jammed
	}, []string{
		"fsm: machine without a name: Name is empty",
		`fsm: machine without a name: state "open" is declared twice`,
		"fsm: machine without a name: Initial: state 3 is not declared",
		"fsm: machine without a name: row 1: If needs a Name and Holds",
		"fsm: machine without a name: row 9: moves from open to itself; say Stay",
	}},
	{"several cells at once", func(d *gateDeclaration) {
		d.Rows[7].On = fsm.Of(push)
		d.Rows[2].Do, d.Rows[4].Do = nil, nil
		d.States[2].Timers = nil
	}, []string{
		"fsm: turnstile: coin in jammed is not declared by any row",
		"fsm: turnstile: kick in jammed is not declared by any row",
		"fsm: turnstile: state jammed waits without a timer",
		"fsm: turnstile: effect lock comes out of no row",
		"fsm: turnstile: effect ring comes out of no row",
	}},
}

func TestDeclareFaults(t *testing.T) {
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			decl := turnstile()
			f.spoil(&decl)
			machine, err := fsm.Declare(decl)
			if machine != nil || err == nil {
				t.Fatalf("got machine %v, error %v; want no machine and an error", machine, err)
			}
			if got := strings.Split(err.Error(), "\n"); !slices.Equal(got, f.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(f.want, "\n  "))
			}
			joined, ok := err.(interface{ Unwrap() []error })
			if !ok || len(joined.Unwrap()) != len(f.want) {
				t.Errorf("got %T, want an error that joins %d", err, len(f.want))
			}
		})
	}
}

func TestDeclareSound(t *testing.T) {
	machine, err := fsm.Declare(turnstile())
	if err != nil {
		t.Fatal(err)
	}
	if got := machine.Engine(); got != fsm.Looplab {
		t.Errorf("the engine of a declaration that names none is %s, want looplab", got)
	}
	if got := machine.Initial(); got != (gateSnapshot{State: locked}) {
		t.Errorf("got initial %+v, want locked with zero data", got)
	}
}

func TestMustDeclarePanicsOnAFault(t *testing.T) {
	defer func() {
		if err, ok := recover().(error); !ok || !strings.Contains(err.Error(), "Name is empty") {
			t.Errorf("got panic %v, want the fault", err)
		}
	}()
	decl := turnstile()
	decl.Name = ""
	fsm.MustDeclare(decl)
}

// TestDeclareAbsurd holds that nonsense is refused, whatever it is, and never panics.
func TestDeclareAbsurd(t *testing.T) {
	absurd := map[string]func(*gateDeclaration){
		"nothing":      func(d *gateDeclaration) { *d = gateDeclaration{} },
		"no states":    func(d *gateDeclaration) { d.States = nil },
		"no events":    func(d *gateDeclaration) { d.Events = nil },
		"no effects":   func(d *gateDeclaration) { d.Effects = nil },
		"no rows":      func(d *gateDeclaration) { d.Rows = nil },
		"empty rows":   func(d *gateDeclaration) { d.Rows = make([]gateRow, 1000) },
		"empty states": func(d *gateDeclaration) { d.States = make([]fsm.StateInfo[gate, act], 3) },
		"empty guards": func(d *gateDeclaration) {
			d.Rows[0].If, d.Rows[0].Set = &fsm.Guard[till, act]{}, &fsm.Update[till, act]{}
		},
		"300 states":  func(d *gateDeclaration) { d.States = manyStates(300); d.Initial = 255 },
		"256 states":  func(d *gateDeclaration) { d.States = manyStates(256) },
		"300 events":  func(d *gateDeclaration) { d.Events = manyEvents(300); d.States[0].Timers = fsm.Of[act](255) },
		"255 events":  func(d *gateDeclaration) { d.Events = manyEvents(255) },
		"300 effects": func(d *gateDeclaration) { d.Effects = make([]fsm.EffectInfo[doing, act], 300) },
		"all out of range": func(d *gateDeclaration) {
			d.Rows[0] = gateRow{From: fsm.Of[gate](255), On: fsm.Of[act](255), To: 255, Do: fsm.Of[doing](255)}
		},
	}
	for name, spoil := range absurd {
		t.Run(name, func(t *testing.T) {
			decl := turnstile()
			spoil(&decl)
			if _, err := fsm.Declare(decl); err == nil {
				t.Error("got no error, want one")
			}
		})
	}
}

// TestDeclareAsManyAsFit holds that a machine of the largest size works in its
// last cell, with an alternative in each.
func TestDeclareAsManyAsFit(t *testing.T) {
	const states, events = 255, 254
	var from []gate
	var on []act
	for i := range states {
		from = append(from, gate(i))
	}
	for i := range events {
		on = append(on, act(i+1))
	}
	decl := chain("large", from, on)
	machine, err := fsm.Declare(decl)
	if err != nil {
		t.Fatal(err)
	}
	for _, arg := range []uint32{0, 2} {
		got, _, err := machine.Step(gateSnapshot{State: states - 1}, gateEvent{On: events, Arg: arg})
		want := gateSnapshot{State: states - 1, Data: till{Coins: arg}}
		if err != nil || got != want {
			t.Errorf("Arg %d in the last cell: got %+v, %v; want %+v", arg, got, err, want)
		}
	}
}

// chain declares states that follow each other round by the first event, and a
// guarded alternative for every other event everywhere.
func chain(name string, from []gate, on []act) gateDeclaration {
	d := gateDeclaration{Name: name, States: manyStates(len(from)), Events: manyEvents(len(on)), Engine: fsm.Table}
	for i, s := range from {
		d.Rows = append(d.Rows, gateRow{From: fsm.Of(s), On: on[:1], To: from[(i+1)%len(from)]})
	}
	d.Rows = append(d.Rows,
		gateRow{From: from, On: on[1:], If: enough(), Stay: true, Set: insert()},
		gateRow{From: from, On: on[1:], Stay: true})
	return d
}

func manyStates(n int) []fsm.StateInfo[gate, act] {
	var states []fsm.StateInfo[gate, act]
	for i := range n {
		states = append(states, fsm.StateInfo[gate, act]{Is: gate(i), Name: fmt.Sprint("state", i)})
	}
	return states
}

func manyEvents(n int) []fsm.EventInfo[act] {
	var events []fsm.EventInfo[act]
	for i := range n {
		events = append(events, fsm.EventInfo[act]{Is: act(i + 1), Name: fmt.Sprint("event", i+1)})
	}
	return events
}
