package fsm

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// check collects the faults of one declaration.
type check[S, E, F ~uint8, D comparable] struct {
	decl   *Declaration[S, E, F, D]
	faults []error
}

// validate returns all faults of a declaration, joined. Faults of names and rows
// come first: what depends on cells is looked at only when they are sound.
func validate[S, E, F ~uint8, D comparable](decl *Declaration[S, E, F, D]) error {
	c := &check[S, E, F, D]{decl: decl}
	c.names()
	for i := range decl.Rows {
		c.row(i)
	}
	if len(c.faults) == 0 {
		c.cells()
		c.reach()
		c.timers()
		c.unused()
	}
	return errors.Join(c.faults...)
}

func (c *check[S, E, F, D]) fault(format string, args ...any) {
	name := c.decl.Name
	if name == "" {
		name = "machine without a name"
	}
	c.faults = append(c.faults, fmt.Errorf("fsm: %s: "+format, append([]any{name}, args...)...))
}

func (c *check[S, E, F, D]) names() {
	d := c.decl
	if d.Name == "" {
		c.fault("Name is empty")
	}
	if d.Engine > Table {
		c.fault("Engine %d is not declared", d.Engine)
	}
	if len(d.States) == 0 || len(d.States) > 255 || len(d.Events) == 0 || len(d.Events) > 254 {
		c.fault("needs 1 to 255 states and 1 to 254 events, has %d and %d", len(d.States), len(d.Events))
	}
	var states, events, effects []string
	for i, s := range d.States {
		states = append(states, s.Name)
		if int(s.Is) != i {
			c.fault("state %q has number %d, want %d: states are declared in the order of their numbers, from 0", s.Name, s.Is, i)
		}
		if s.Kind > Follow {
			c.fault("state %q: Kind %d is not declared", s.Name, s.Kind)
		}
	}
	for i, e := range d.Events {
		events = append(events, e.Name)
		if int(e.Is) != i+1 {
			c.fault("event %q has number %d, want %d: events are declared in the order of their numbers, from 1", e.Name, e.Is, i+1)
		}
		if e.Cause > Coupled {
			c.fault("event %q: Cause %d is not declared", e.Name, e.Cause)
		}
	}
	for i, f := range d.Effects {
		effects = append(effects, f.Name)
		if int(f.Is) != i {
			c.fault("effect %q has number %d, want %d: effects are declared in the order of their numbers, from 0", f.Name, f.Is, i)
		}
		for _, e := range f.Answers {
			c.event(e, "effect %q: Answers", f.Name)
		}
	}
	c.unique("state", states)
	c.unique("event", events)
	c.unique("effect", effects)
	if int(d.Initial) >= len(d.States) {
		c.fault("Initial: state %d is not declared", d.Initial)
	}
}

func (c *check[S, E, F, D]) unique(what string, names []string) {
	seen := make(map[string]bool, len(names))
	for i, name := range names {
		switch {
		case name == "":
			c.fault("%s %d has no name", what, i)
		case strings.Contains(name, "#"):
			c.fault("%s %q: # is kept for alternatives", what, name)
		case seen[name]:
			c.fault("%s %q is declared twice", what, name)
		}
		seen[name] = true
	}
}

func (c *check[S, E, F, D]) event(e E, format string, args ...any) {
	if e == 0 || int(e) > len(c.decl.Events) {
		c.fault(format+": event %d is not declared", append(args, e)...)
	}
}

// row checks one row by itself.
func (c *check[S, E, F, D]) row(i int) {
	r, n := &c.decl.Rows[i], i+1
	if len(r.From) == 0 || len(r.On) == 0 {
		c.fault("row %d: From and On name at least one state and one event", n)
	}
	for j, s := range r.From {
		switch {
		case int(s) >= len(c.decl.States):
			c.fault("row %d: From: state %d is not declared", n, s)
		case has(r.From[:j], s):
			c.fault("row %d: From names %s twice", n, c.decl.States[s].Name)
		case !r.Stay && r.Never == "" && s == r.To:
			c.fault("row %d: moves from %s to itself; say Stay", n, c.decl.States[s].Name)
		}
	}
	for j, e := range r.On {
		c.event(e, "row %d: On", n)
		if has(r.On[:j], e) {
			c.fault("row %d: On names event %d twice", n, e)
		}
	}
	for _, f := range r.Do {
		if int(f) >= len(c.decl.Effects) {
			c.fault("row %d: Do: effect %d is not declared", n, f)
		}
	}
	if int(r.To) >= len(c.decl.States) {
		c.fault("row %d: To: state %d is not declared", n, r.To)
	}
	if r.Stay && r.To != 0 {
		c.fault("row %d: has both To and Stay", n)
	}
	if r.Never != "" && (r.Stay || r.To != 0 || r.Set != nil || len(r.Do) > 0 || r.If != nil) {
		c.fault("row %d: a Never row has nothing else", n)
	}
	if r.If != nil && (r.If.Name == "" || r.If.Holds == nil) {
		c.fault("row %d: If needs a Name and Holds", n)
	}
	if r.Set != nil && (r.Set.Name == "" || r.Set.Apply == nil) {
		c.fault("row %d: Set needs a Name and Apply", n)
	}
}

// cells checks that every cell is covered, ends unguarded, and says nothing twice.
func (c *check[S, E, F, D]) cells() {
	for _, s := range c.decl.States {
		for _, e := range c.decl.Events {
			var last *Row[S, E, F, D]
			guards := make(map[string]int)
			for i := range c.decl.Rows {
				r := &c.decl.Rows[i]
				if !has(r.From, s.Is) || !has(r.On, e.Is) {
					continue
				}
				if last != nil && last.If == nil {
					c.fault("row %d: %s in %s is already decided by an earlier row", i+1, e.Name, s.Name)
					continue
				}
				if r.If != nil {
					if first, ok := guards[r.If.Name]; ok {
						c.fault("row %d: dead for %s in %s: row %d asks %s before", i+1, e.Name, s.Name, first, r.If.Name)
					}
					guards[r.If.Name] = i + 1
				}
				last = r
			}
			switch {
			case last == nil:
				c.fault("%s in %s is not declared by any row", e.Name, s.Name)
			case last.If != nil:
				c.fault("%s in %s: the last alternative is guarded by %s", e.Name, s.Name, last.If.Name)
			}
		}
	}
}

// moves calls f for each declared move.
func (c *check[S, E, F, D]) moves(f func(from, to S)) {
	for _, r := range c.decl.Rows {
		if r.Stay || r.Never != "" {
			continue
		}
		for _, from := range r.From {
			f(from, r.To)
		}
	}
}

// reach checks that every state can be reached, and a rest state from it.
func (c *check[S, E, F, D]) reach() {
	reached := c.closure(func(s S) bool { return s == c.decl.Initial }, false)
	rests := c.closure(func(s S) bool { return c.decl.States[s].Kind == Rest }, true)
	for _, s := range c.decl.States {
		if !reached[s.Is] {
			c.fault("state %s cannot be reached", s.Name)
		}
		if !rests[s.Is] {
			c.fault("state %s is a trap: no way leads from it to a rest state", s.Name)
		}
	}
}

// closure returns the states connected to the seeds by moves, forwards or backwards.
func (c *check[S, E, F, D]) closure(seed func(S) bool, backwards bool) map[S]bool {
	in := make(map[S]bool)
	for _, s := range c.decl.States {
		if seed(s.Is) {
			in[s.Is] = true
		}
	}
	for grown := true; grown; {
		grown = false
		c.moves(func(from, to S) {
			if backwards {
				from, to = to, from
			}
			if in[from] && !in[to] {
				in[to], grown = true, true
			}
		})
	}
	return in
}

// timers checks that each waiting state ends by one of its timers, whatever guards say,
// and that following states name whom they follow.
func (c *check[S, E, F, D]) timers() {
	for _, s := range c.decl.States {
		for _, t := range s.Timers {
			if t == 0 || int(t) > len(c.decl.Events) {
				c.fault("state %s: Timers: event %d is not declared", s.Name, t)
				continue
			}
			timer := c.decl.Events[t-1]
			if timer.Cause != Timer {
				c.fault("state %s: %s runs as a timer, its cause says otherwise", s.Name, timer.Name)
			}
		}
		if s.Kind == Wait && len(s.Timers) > 0 && !slices.ContainsFunc(s.Timers, func(t E) bool { return c.leaves(s.Is, t) }) {
			c.fault("state %s: none of its timers ends it", s.Name)
		}
		if s.Kind == Wait && len(s.Timers) == 0 {
			c.fault("state %s waits without a timer", s.Name)
		}
		if (s.Kind == Follow) != (s.By != "") {
			c.fault("state %s: By names the machine that ends it, for a state that follows and no other", s.Name)
		}
	}
}

func (c *check[S, E, F, D]) leaves(s S, e E) bool {
	for i := range c.decl.Rows {
		r := &c.decl.Rows[i]
		if has(r.From, s) && has(r.On, e) && r.If == nil {
			return !r.Stay && r.Never == ""
		}
	}
	return false
}

// unused checks that every effect comes out of a row.
func (c *check[S, E, F, D]) unused() {
	used := make(map[F]bool)
	for _, r := range c.decl.Rows {
		for _, f := range r.Do {
			used[f] = true
		}
	}
	for _, f := range c.decl.Effects {
		if !used[f.Is] {
			c.fault("effect %s comes out of no row", f.Name)
		}
	}
}
