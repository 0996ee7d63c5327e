package propertytests

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	lab "github.com/looplab/fsm"
	"pgregory.net/rapid"

	"github.com/custom-app/interlock/fsm"
)

// TestDeclarations holds of declarations that nobody has thought of that they are
// refused with a reason, or step like looplab and like their rows, read by the
// interpreter.
func TestDeclarations(t *testing.T) {
	t.Run("D2 D3 refused with a reason, or like looplab and the rows", func(t *testing.T) {
		for range 60 { // they are small
			rapid.Check(t, declared)
		}
	})
	t.Run("D3 a good share of what is drawn is accepted, and of what is refused", func(t *testing.T) {
		const samples = 500
		accepted := 0
		for seed := range samples {
			if _, err := fsm.Declare(declarations.Example(seed).anyDecl); err == nil {
				accepted++
			}
		}
		t.Logf("%d of %d declarations are accepted", accepted, samples)
		if accepted < samples*3/10 || accepted > samples*8/10 {
			t.Errorf("%d of %d declarations are accepted, want 30%% to 80%%", accepted, samples)
		}
	})
}

func declared(t *rapid.T) {
	d := declarations.Draw(t, "declaration")
	machine, err := fsm.Declare(d.anyDecl)
	switch {
	case err == nil:
		walkAlike(t, d, machine)
	case len(d.spoilt) == 0:
		t.Fatalf("nothing is wrong with it, and yet: %v", err)
	default:
		reasoned(t, d, machine, err)
	}
}

// faultText is what every fault has: what it is about.
var faultText = regexp.MustCompile(`(?s)row \d+|states? |events? |effect |in .* is not declared by any row|the last alternative is guarded|^(Name|Engine|Initial)\b`)

// reasoned holds that a refusal names what is wrong, fault by fault.
func reasoned(t *rapid.T, d drawn, machine *anyMachine, err error) {
	joined, ok := err.(interface{ Unwrap() []error })
	if machine != nil || !ok || len(joined.Unwrap()) == 0 {
		t.Fatalf("got the machine %v and %T %v, want none and joined faults", machine, err, err)
	}
	name := d.Name
	if name == "" {
		name = "machine without a name"
	}
	for _, fault := range joined.Unwrap() {
		text, ok := strings.CutPrefix(fault.Error(), "fsm: "+name+": ")
		if !ok || !faultText.MatchString(text) {
			t.Fatalf("got %q, want it to name the machine %q, and a row, a state, an event or a field", fault, name)
		}
	}
}

// walkAlike gives a run of events to every way of stepping the machine.
func walkAlike(t *rapid.T, d drawn, m *anyMachine) {
	if m.Engine() != d.Engine || m.Name() != d.Name {
		t.Fatalf("got %q by %s, want %q by %s", m.Name(), m.Engine(), d.Name, d.Engine)
	}
	at, bare := m.Initial(), m.Looplab()
	if want := (fsm.Snapshot[anyState, anyData]{State: d.Initial}); at != want || bare.Current() != m.StateName(at.State) {
		t.Fatalf("it starts in %+v, looplab in %q, want %+v", at, bare.Current(), want)
	}
	for range rapid.IntRange(1, 40).Draw(t, "steps") {
		e := fsm.Event[anyEvent]{
			On:  anyEvent(rapid.IntRange(0, len(d.Events)+1).Draw(t, "event")),
			Gen: numbers.Draw(t, "gen"), Arg: numbers.Draw(t, "arg"),
		}
		want := interpret(d.Rows, at, e)
		where := fmt.Sprintf("%q in %+v", m.EventName(e.On), at)
		for _, engine := range []fsm.Engine{fsm.Table, fsm.Looplab} {
			if err := stepsTo(m.Using(engine), at, e, want); err != nil {
				t.Fatalf("%s by %s: %v", where, engine, err)
			}
		}
		if err := bareStepsTo(bare, m, at, e, want); err != nil {
			t.Fatalf("%s by a machine of looplab's own: %v", where, err)
		}
		at = want.to
	}
}

// stepsTo holds a step against the interpreter's answer.
func stepsTo(m *anyMachine, at fsm.Snapshot[anyState, anyData], e fsm.Event[anyEvent], want answer[anyState, anyEffect, anyData]) error {
	if got := m.RowOf(&at, e); got != want.row {
		return fmt.Errorf("it takes row %d, want %d", got+1, want.row+1)
	}
	if got := m.Moves(&at, e); got != (want.to.State != at.State) {
		return fmt.Errorf("it moves: %t, want %+v", got, want)
	}
	to, effects, err := m.Step(at, e)
	if to != want.to || !slices.Equal(effects, want.effects) {
		return fmt.Errorf("got %+v %v, want %+v", to, effects, want)
	}
	return refusal(m, at, e, want, err)
}

// refusal holds that an error says what is impossible, and why.
func refusal(m *anyMachine, at fsm.Snapshot[anyState, anyData], e fsm.Event[anyEvent], want answer[anyState, anyEffect, anyData], err error) error {
	if want.row >= 0 && !want.never {
		if err != nil {
			return fmt.Errorf("got %w, want no error", err)
		}
		return nil
	}
	reason := "it is not declared"
	if want.never {
		reason = m.Declaration().Rows[want.row].Never
	}
	var got *fsm.ImpossibleError
	if !errors.As(err, &got) || *got != (fsm.ImpossibleError{Machine: m.Name(), State: m.StateName(at.State), Event: m.EventName(e.On), Reason: reason}) {
		return fmt.Errorf("got %v, want it impossible because %q", err, reason)
	}
	return nil
}

// bareStepsTo gives the event to a machine of looplab's own, by the name of the
// alternative that the guards choose.
func bareStepsTo(bare *lab.FSM, m *anyMachine, at fsm.Snapshot[anyState, anyData], e fsm.Event[anyEvent], want answer[anyState, anyEffect, anyData]) error {
	name := m.EventName(e.On)
	if want.row >= 0 {
		nth := 1
		for _, r := range m.Declaration().Rows[:want.row] {
			if slices.Contains(r.From, at.State) && slices.Contains(r.On, e.On) {
				nth++
			}
		}
		if nth > 1 {
			name = fmt.Sprintf("%s#%d", name, nth)
		}
	}
	err := bare.Event(context.Background(), name)
	_, stayed := err.(lab.NoTransitionError)
	_, invalid := err.(lab.InvalidEventError)
	_, unknown := err.(lab.UnknownEventError)
	switch refused := want.row < 0 || want.never; {
	case refused != (invalid || unknown), !refused && stayed != (want.to.State == at.State), err != nil && !stayed && !refused:
		return fmt.Errorf("%q: got %v, want %+v", name, err, want)
	case bare.Current() != m.StateName(want.to.State):
		return fmt.Errorf("%q leads to %q, want %q", name, bare.Current(), m.StateName(want.to.State))
	}
	return nil
}
