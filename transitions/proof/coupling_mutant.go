package proof

import (
	"fmt"
	"slices"
	"strings"

	t "github.com/custom-app/interlock/transitions"
)

// couplingMutants yields the mutants of the coupling, and tells whether more are
// wanted: a link removed, with another scope, or without what it carries; a quorum
// or a gather removed, without one of its events, or with one state more or fewer;
// a bound removed, with the other request, or with the other event.
func couplingMutants(yield func(Mutant) bool) bool {
	return linkMutants(yield) && quorumMutants(yield) && gatherMutants(yield) && boundMutants(yield)
}

// coupled is the mutant that a changed coupling makes.
func coupled(row int, where, change string, edit func(*t.Coupling)) Mutant {
	m := Mutant{Of: "coupling", Row: row + 1, Where: where, Change: change}
	m.system = func() (*t.System, error) {
		c := t.Shipped.Coupling
		edit(&c)
		return t.NewSystem(t.Shipped.Machines, c)
	}
	m.alone = func() error {
		if _, err := m.system(); err != nil {
			return fmt.Errorf("the coupling: %w", err)
		}
		return nil
	}
	return m
}

// changed is a copy of a table with another row at i, or, where nil, without it.
func changed[R any](table []R, i int, change func(*R)) []R {
	table = slices.Clone(table)
	if change == nil {
		return slices.Delete(table, i, i+1)
	}
	change(&table[i])
	return table
}

func linkMutants(yield func(Mutant) bool) bool {
	system := t.Shipped
	for i, l := range system.Links {
		where := fmt.Sprintf("link %s %s -> %s %s", l.From.Machine, system.EffectName(l.From.Machine, l.From.Number), l.To.Machine, system.EventName(l.To.Machine, l.To.Number))
		if scope := l.Scope.String(); scope != "" {
			where += " of " + scope
		}
		one := func(what string, edit func(*t.Link)) bool {
			return yield(coupled(i, where, what, func(c *t.Coupling) { c.Links = changed(c.Links, i, edit) }))
		}
		more := one("removed", nil)
		for _, scope := range t.Scopes() {
			if scope != l.Scope && scope.Fits(l.To.Machine) {
				more = more && one("to "+name(scope), func(l *t.Link) { l.Scope = scope })
			}
		}
		if l.Gen != t.Nothing {
			more = more && one("without "+l.Gen.String()+" as Gen", func(l *t.Link) { l.Gen = t.Nothing })
		}
		if l.Arg != t.Nothing {
			more = more && one("without "+l.Arg.String()+" as Arg", func(l *t.Link) { l.Arg = t.Nothing })
		}
		if !more {
			return false
		}
	}
	return true
}

func name(s t.Scope) string {
	if s == t.TheOne {
		return "the one"
	}
	return s.String()
}

func quorumMutants(yield func(Mutant) bool) bool {
	system := t.Shipped
	for i, q := range system.Quorums {
		var events []string
		for _, on := range []t.SessionEvent{q.Up, q.Down} {
			if on != 0 {
				events = append(events, system.Session.EventName(on))
			}
		}
		one := func(what string, edit func(*t.Quorum)) bool {
			return yield(coupled(i, "quorum "+strings.Join(events, "|"), what, func(c *t.Coupling) { c.Quorums = changed(c.Quorums, i, edit) }))
		}
		more := one("removed", nil)
		if more && q.Up != 0 && q.Down != 0 {
			more = one("without "+events[0], func(q *t.Quorum) { q.Up = 0 }) && one("without "+events[1], func(q *t.Quorum) { q.Down = 0 })
		}
		for _, scope := range []t.Scope{t.EachSocket, t.EachUserSocket, t.EachEarlySocket, t.EachGroupSocket, t.EachChainSocket, t.EachAddedSocket} {
			more = more && (scope == q.Over || one("over "+scope.String(), func(q *t.Quorum) { q.Over = scope }))
		}
		for _, state := range system.Socket.Declaration().States {
			what, edit := flipped(q.All, state.Is, state.Name)
			more = more && one(what, func(q *t.Quorum) { q.All = edit })
		}
		if !more {
			return false
		}
	}
	return true
}

// flipped is a set with one member more, or fewer.
func flipped[S comparable](set []S, member S, name string) (what string, other []S) {
	if i := slices.Index(set, member); i >= 0 {
		return "without the state " + name, slices.Delete(slices.Clone(set), i, i+1)
	}
	return "with the state " + name, append(slices.Clone(set), member)
}

func gatherMutants(yield func(Mutant) bool) bool {
	system := t.Shipped
	for i, g := range system.Gathers {
		one := func(what string, edit func(*t.Gather)) bool {
			return yield(coupled(i, "gather "+system.Socket.EventName(g.Up), what, func(c *t.Coupling) { c.Gathers = changed(c.Gathers, i, edit) }))
		}
		more := one("removed", nil)
		for _, state := range system.Subscription.Declaration().States {
			what, edit := flipped(g.All, state.Is, state.Name)
			more = more && one(what, func(g *t.Gather) { g.All = edit })
		}
		if !more {
			return false
		}
	}
	return true
}

func boundMutants(yield func(Mutant) bool) bool {
	for i, b := range t.Shipped.Bounds {
		one := func(what string, edit func(*t.Bound)) bool {
			return yield(coupled(i, "bound "+b.Policy.String(), what, func(c *t.Coupling) { c.Bounds = changed(c.Bounds, i, edit) }))
		}
		other := t.RequestOverflow
		if b.Post == other {
			other = t.RequestRefuse
		}
		if !one("removed", nil) || !one("of the other request", func(b *t.Bound) { b.Newest = !b.Newest }) ||
			!one("to "+t.Request.EventName(other), func(b *t.Bound) { b.Post = other }) {
			return false
		}
	}
	return true
}
