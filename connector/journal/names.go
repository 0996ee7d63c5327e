package journal

import (
	"errors"
	"fmt"

	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/transitions"
)

// names are the names of a system's machines, and their numbers.
type names struct {
	machines []machineNames // by their kind
	kinds    map[string]transitions.Kind
}

type machineNames struct {
	name                    string
	states, events, effects []string
	event                   map[string]uint8
}

func namesOf(system *transitions.System) *names {
	n := &names{kinds: make(map[string]transitions.Kind)}
	for i, chart := range system.Chart().Machines {
		kind := transitions.Kind(i)
		m := machineNames{name: kind.String(), event: make(map[string]uint8)}
		for _, s := range chart.States {
			m.states = append(m.states, s.Name)
		}
		for i, e := range chart.Events {
			m.events = append(m.events, e.Name)
			m.event[e.Name] = uint8(i + 1)
		}
		for _, f := range chart.Effects {
			m.effects = append(m.effects, f.Name)
		}
		n.machines, n.kinds[m.name] = append(n.machines, m), kind
	}
	return n
}

// post returns the machine and the number of an event.
func (n *names) post(machine, event string) (kind transitions.Kind, on uint8, err error) {
	kind, ok := n.kinds[machine]
	if !ok {
		return 0, 0, fmt.Errorf("machine: %.40q is unknown", machine)
	}
	on, ok = n.machines[kind].event[event]
	if !ok {
		return 0, 0, fmt.Errorf("event: the %s knows no %.40q", machine, event)
	}
	return kind, on, nil
}

// input returns the line of an input, without what came of it.
func (n *names) input(in transitions.Input) (Event, error) {
	if int(in.To) >= len(n.machines) {
		return Event{}, fmt.Errorf("there is no machine %d", in.To)
	}
	m := &n.machines[in.To]
	if in.On == 0 || int(in.On) > len(m.events) {
		return Event{}, fmt.Errorf("the %s has no event %d", m.name, in.On)
	}
	line := Event{Machine: m.name, ID: in.ID, Event: m.events[in.On-1], Gen: in.Gen, Arg: in.Arg}
	if submits(in.To, in.On) {
		r := in.Request
		line.Request = &Request{Need: r.Need.String(), Repeatable: r.Repeatable, OneWay: r.OneWay, Written: r.Written}
	}
	return line, nil
}

// submits tells whether an event brings a request along.
func submits(kind transitions.Kind, on uint8) bool {
	return kind == transitions.RequestKind && on == uint8(transitions.RequestSubmit)
}

// steps appends the steps among some outputs.
func (n *names) steps(to []Step, outputs []transitions.Output) []Step {
	for i := range outputs {
		out := &outputs[i]
		m := &n.machines[out.Machine]
		switch out.What {
		case transitions.Stepped:
			to = append(to, Step{
				Machine: m.name, ID: out.ID, From: m.states[out.From], Event: m.events[out.On-1], To: m.states[out.To], Row: int(out.Row) + 1,
			})
		case transitions.Perform:
			last := &to[len(to)-1]
			last.Do = append(last.Do, m.effects[out.Effect])
		case transitions.Start, transitions.Stop:
			// The states say which timers run.
		}
	}
	return to
}

// The kinds of refusals.
const (
	impossible = "impossible" // the tables say so
	settled    = "settled"    // whom it is for is gone, or never was
	invalid    = "invalid"    // a field of the input is wrong
	defect     = "defect"     // the tables contradict each other
)

// refusal returns the kind of an error of [transitions.Core.Post]; nil is none.
func refusal(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, transitions.ErrDefect):
		return defect
	case errors.Is(err, transitions.ErrSettled):
		return settled
	case errors.As(err, new(*fsm.ImpossibleError)):
		return impossible
	default:
		return invalid
	}
}

// noNeed has no name of its own: every need that is not declared, which a core
// refuses, is written as it is.
const noNeed = transitions.Need(len(transitions.Limits{}))

func needOf(name string) (transitions.Need, error) {
	for need := range noNeed + 1 {
		if need.String() == name {
			return need, nil
		}
	}
	return 0, fmt.Errorf("need: %.40q is unknown", name)
}

func policyOf(name string) (transitions.Policy, error) {
	for policy := range transitions.Refuse + 1 {
		if policy.String() == name {
			return policy, nil
		}
	}
	return 0, fmt.Errorf("policy: %.40q is unknown", name)
}

func engineOf(name string) (fsm.Engine, error) {
	for _, engine := range []fsm.Engine{fsm.Looplab, fsm.Table} {
		if engine.String() == name {
			return engine, nil
		}
	}
	return 0, fmt.Errorf("engine: %.40q is unknown", name)
}
