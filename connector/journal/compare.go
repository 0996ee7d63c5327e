package journal

import (
	"fmt"
	"slices"

	"github.com/custom-app/interlock/transitions"
)

// compare checks that a record says what came of it.
func (p *Replayer) compare(e *Event, outputs []transitions.Output, refused error) error {
	if got := refusal(refused); got != e.Refused {
		if !slices.Contains([]string{"", impossible, settled, invalid, defect}, e.Refused) {
			return fmt.Errorf("refused: %.40q is unknown", e.Refused)
		}
		return &Divergence{Journal: verdict(e.Refused, e.Why), Tables: verdict(got, fmt.Sprint(refused))}
	}
	p.steps = p.names.steps(p.steps[:0], outputs)
	for i, said := range e.Steps {
		if i >= len(p.steps) {
			return p.diverged(i, said.String(), "nothing more")
		}
		got := &p.steps[i]
		if said.Machine != got.Machine || said.ID != got.ID || said.From != got.From || said.Event != got.Event || said.To != got.To || !slices.Equal(said.Do, got.Do) {
			if err := p.names.known(said); err != nil {
				return fmt.Errorf("steps[%d]: %w", i, err)
			}
			return p.diverged(i, fmt.Sprintf("%.400s by row %d", said, said.Row), fmt.Sprintf("%s by row %d", got, got.Row))
		}
		switch {
		case said.Row < 1:
			return fmt.Errorf("steps[%d]: row: is %d, the first is 1", i, said.Row)
		case said.Row != got.Row && p.summary.Renumbered == 0:
			p.summary.Renumbered = e.Record
		}
	}
	if n := len(e.Steps); n < len(p.steps) {
		return p.diverged(n, "nothing more", p.steps[n].String())
	}
	return nil
}

func (p *Replayer) diverged(step int, journal, tables string) error {
	return &Divergence{Step: step + 1, Journal: journal, Tables: tables}
}

// verdict is a refusal in words.
func verdict(refused, why string) string {
	if refused == "" {
		return "that it was taken"
	}
	return fmt.Sprintf("that it was refused as %s (%.200s)", refused, why)
}

// known looks for a name of a step that the tables do not have.
func (n *names) known(s Step) error {
	if _, _, err := n.post(s.Machine, s.Event); err != nil {
		return err
	}
	m := &n.machines[n.kinds[s.Machine]]
	for _, state := range []struct{ field, name string }{{"from", s.From}, {"to", s.To}} {
		if !slices.Contains(m.states, state.name) {
			return fmt.Errorf("%s: the %s knows no state %.40q", state.field, m.name, state.name)
		}
	}
	for _, effect := range s.Do {
		if !slices.Contains(m.effects, effect) {
			return fmt.Errorf("do: the %s knows no effect %.40q", m.name, effect)
		}
	}
	return nil
}
