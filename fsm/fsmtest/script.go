package fsmtest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/custom-app/interlock/fsm"
)

// script is a walk in names.
type script[S, E, F ~uint8, D comparable] struct {
	machine *fsm.Machine[S, E, F, D]
	start   fsm.Snapshot[S, D]
	steps   []Step[S, E, F, D]
}

// String has a line for where the walk starts, and one for each step.
func (s script[S, E, F, D]) String() string {
	lines := []string{s.at(s.start)}
	for _, step := range s.steps {
		lines = append(lines, s.line(step))
	}
	return fmt.Sprintf("after %d events:\n\t%s", len(s.steps), strings.Join(lines, "\n\t"))
}

func (s script[S, E, F, D]) line(step Step[S, E, F, D]) string {
	var b strings.Builder
	fmt.Fprintf(&b, "-%s", s.machine.EventName(step.Event.On))
	if step.Event.Gen != 0 {
		fmt.Fprintf(&b, " gen %d", step.Event.Gen)
	}
	if step.Event.Arg != 0 {
		fmt.Fprintf(&b, " arg %d", step.Event.Arg)
	}
	fmt.Fprintf(&b, "-> %s", s.at(step.To))
	for _, f := range step.Effects {
		fmt.Fprintf(&b, ", %s", s.machine.EffectName(f))
	}
	switch impossible := (*fsm.ImpossibleError)(nil); {
	case errors.As(step.Err, &impossible):
		fmt.Fprintf(&b, ", impossible: %s", impossible.Reason)
	case step.Err != nil:
		fmt.Fprintf(&b, ", %v", step.Err)
	}
	return b.String()
}

func (s script[S, E, F, D]) at(here fsm.Snapshot[S, D]) string {
	return fmt.Sprintf("%s %+v", s.machine.StateName(here.State), here.Data)
}
