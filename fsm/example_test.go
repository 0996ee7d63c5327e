package fsm_test

import (
	"context"
	"fmt"

	"github.com/custom-app/interlock/fsm"
)

type (
	door     uint8
	doorWord uint8
	doorDeed uint8
	doorData struct{ Code uint32 }
)

const (
	shut door = iota
	ajar
	bolted
)

const (
	pulled doorWord = iota + 1
	pushed
	keyed
)

const creak doorDeed = 0

// rightCode is a guard: it reads the door's data and the event, and changes nothing.
var rightCode = &fsm.Guard[doorData, doorWord]{
	Name:  "rightCode",
	Holds: func(d *doorData, e fsm.Event[doorWord]) bool { return e.Arg == d.Code },
}

var chooseCode = &fsm.Update[doorData, doorWord]{
	Name:  "chooseCode",
	Apply: func(d *doorData, e fsm.Event[doorWord]) { d.Code = e.Arg },
}

var doorMachine = fsm.MustDeclare(fsm.Declaration[door, doorWord, doorDeed, doorData]{
	Name: "door", Initial: shut,
	States: []fsm.StateInfo[door, doorWord]{
		{Is: shut, Name: "shut", Doc: "closed, not bolted"},
		{Is: ajar, Name: "ajar", Doc: "open"},
		{Is: bolted, Name: "bolted", Doc: "opens with the code it was bolted with"},
	},
	Events: []fsm.EventInfo[doorWord]{
		{Is: pulled, Name: "pulled"},
		{Is: pushed, Name: "pushed"},
		{Is: keyed, Name: "keyed", Doc: "Arg is the code"},
	},
	Effects: []fsm.EffectInfo[doorDeed, doorWord]{{Is: creak, Name: "creak"}},
	Rows: []fsm.Row[door, doorWord, doorDeed, doorData]{
		{From: fsm.Of(shut), On: fsm.Of(pulled), To: ajar, Do: fsm.Of(creak)},
		{From: fsm.Of(ajar), On: fsm.Of(pushed), To: shut},
		{From: fsm.Of(shut), On: fsm.Of(keyed), To: bolted, Set: chooseCode},
		{From: fsm.Of(bolted), On: fsm.Of(keyed), If: rightCode, To: shut},
		{From: fsm.Of(bolted), On: fsm.Of(keyed), Stay: true, Doc: "the wrong code"},
		{From: fsm.Of(ajar), On: fsm.Of(keyed), Never: "the bolt needs a frame"},
		{From: fsm.Of(bolted), On: fsm.Of(pulled), Stay: true},
		{From: fsm.Of(shut, bolted), On: fsm.Of(pushed), Stay: true},
		{From: fsm.Of(ajar), On: fsm.Of(pulled), Stay: true},
	},
})

// A machine is a table of rows. A step gives the next snapshot and the effects,
// as data.
func Example() {
	at := doorMachine.Initial()
	for _, e := range []fsm.Event[doorWord]{
		{On: pulled}, {On: keyed, Arg: 42}, {On: pushed}, {On: keyed, Arg: 42}, {On: pulled}, {On: keyed, Arg: 7}, {On: keyed, Arg: 42},
	} {
		next, effects, err := doorMachine.Step(at, e)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Printf("%s -%s-> %s", doorMachine.StateName(at.State), doorMachine.EventName(e.On), doorMachine.StateName(next.State))
		for _, effect := range effects {
			fmt.Print(", ", doorMachine.EffectName(effect))
		}
		fmt.Println()
		at = next
	}
	// Output:
	// shut -pulled-> ajar, creak
	// fsm: door: keyed in ajar is impossible: the bolt needs a frame
	// ajar -pushed-> shut
	// shut -keyed-> bolted
	// bolted -pulled-> bolted
	// bolted -keyed-> bolted
	// bolted -keyed-> shut
}

// A looplab machine of the same rows, for use with looplab's own ecosystem.
func ExampleMachine_Looplab() {
	bare := doorMachine.Looplab()
	fmt.Println(bare.Current(), bare.Can("pulled"), bare.Can("pushed"))
	if err := bare.Event(context.Background(), "pulled"); err != nil {
		fmt.Println(err)
	}
	fmt.Println(bare.Current(), bare.Can("keyed"))
	// Output:
	// shut true true
	// ajar false
}

// A live instance performs effects through a function, and may be posted to from
// any goroutine.
func ExampleMachine_New() {
	type instance = fsm.Instance[door, doorWord, doorDeed, doorData]
	front := doorMachine.New(func(in *instance, effect doorDeed, cause fsm.Event[doorWord]) {
		fmt.Println(doorMachine.EffectName(effect), "in", doorMachine.StateName(in.Now().State))
	})
	fmt.Println(front.Post(fsm.Event[doorWord]{On: pulled}))
	// Output:
	// creak in ajar
	// <nil>
}
