package proof

import (
	"slices"
	"testing"

	tr "github.com/custom-app/interlock/transitions"
)

// TestConduct holds that each link is there for a rule, and each rule for a link.
func TestConduct(t *testing.T) {
	for _, l := range tr.Shipped.Links {
		rules := conducts[l.From.Machine][l.From.Number]
		if n := len(slices.DeleteFunc(slices.Clone(rules), func(c *conduct) bool { return c.Meets != l.To })); n != 1 {
			t.Errorf("D2 link %s %s -> %s %s: got %d rules that it is for, want 1", l.From.Machine, tr.Shipped.EffectName(l.From.Machine, l.From.Number), l.To.Machine, tr.Shipped.EventName(l.To.Machine, l.To.Number), n)
		}
	}
	for machine := range conducts {
		for effect, rules := range conducts[machine] {
			from := tr.Port{Machine: tr.Kind(machine), Number: uint8(effect)}
			for _, c := range rules {
				if !slices.ContainsFunc(tr.Shipped.Links, func(l tr.Link) bool { return l.From == from && l.To == c.Meets }) {
					t.Errorf("%s: got no link of %s %s", c.Name, from.Machine, tr.Shipped.EffectName(from.Machine, from.Number))
				}
			}
		}
	}
}
