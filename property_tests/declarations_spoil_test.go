package propertytests

import (
	"slices"

	"pgregory.net/rapid"

	"github.com/custom-app/interlock/fsm"
)

// spoiler does something to a declaration that is seldom right.
type spoiler struct {
	name  string
	spoil func(*rapid.T, *anyDecl)
}

var octet = rapid.OneOf(rapid.Uint8Range(0, 8), rapid.Uint8())

var spoilers = []spoiler{
	{"another initial state", func(t *rapid.T, d *anyDecl) { d.Initial = anyState(octet.Draw(t, "to")) }},
	{"another engine", func(t *rapid.T, d *anyDecl) { d.Engine = fsm.Engine(octet.Draw(t, "to")) }},
	{"no name", func(_ *rapid.T, d *anyDecl) { d.Name = "" }},
	{"no states", func(_ *rapid.T, d *anyDecl) { d.States = nil }},
	{"no events", func(_ *rapid.T, d *anyDecl) { d.Events = nil }},
	{"no effects", func(_ *rapid.T, d *anyDecl) { d.Effects = nil }},
	{"no rows", func(_ *rapid.T, d *anyDecl) { d.Rows = nil }},

	ofState("number", func(t *rapid.T, s *fsm.StateInfo[anyState, anyEvent]) { s.Is = anyState(octet.Draw(t, "to")) }),
	ofState("name", func(t *rapid.T, s *fsm.StateInfo[anyState, anyEvent]) { s.Name = drawName(t) }),
	ofState("kind", func(t *rapid.T, s *fsm.StateInfo[anyState, anyEvent]) { s.Kind = fsm.Kind(octet.Draw(t, "to")) }),
	ofState("timers", func(t *rapid.T, s *fsm.StateInfo[anyState, anyEvent]) { s.Timers = several[anyEvent](t) }),
	ofState("leader", func(t *rapid.T, s *fsm.StateInfo[anyState, anyEvent]) { s.By = drawName(t) }),
	ofEvent("number", func(t *rapid.T, e *fsm.EventInfo[anyEvent]) { e.Is = anyEvent(octet.Draw(t, "to")) }),
	ofEvent("name", func(t *rapid.T, e *fsm.EventInfo[anyEvent]) { e.Name = drawName(t) }),
	ofEvent("cause", func(t *rapid.T, e *fsm.EventInfo[anyEvent]) { e.Cause = fsm.Cause(octet.Draw(t, "to")) }),
	{"an effect too many", func(t *rapid.T, d *anyDecl) {
		d.Effects = append(d.Effects, fsm.EffectInfo[anyEffect, anyEvent]{Is: anyEffect(octet.Draw(t, "to")), Name: drawName(t), Answers: several[anyEvent](t)})
	}},

	ofRow("from", func(t *rapid.T, r *anyRow) { r.From = several[anyState](t) }),
	ofRow("on", func(t *rapid.T, r *anyRow) { r.On = several[anyEvent](t) }),
	ofRow("to", func(t *rapid.T, r *anyRow) { r.To = anyState(octet.Draw(t, "to")) }),
	ofRow("stay", func(_ *rapid.T, r *anyRow) { r.Stay = !r.Stay }),
	ofRow("effects", func(t *rapid.T, r *anyRow) { r.Do = several[anyEffect](t) }),
	ofRow("never", func(t *rapid.T, r *anyRow) { r.Never = drawName(t) }),
	ofRow("guard", func(t *rapid.T, r *anyRow) {
		r.If = pick(t, append(slices.Clone(anyGuards), nil, &anyGuard{}, &anyGuard{Name: "empty"}))
	}),
	ofRow("update", func(t *rapid.T, r *anyRow) {
		r.Set = pick(t, append(slices.Clone(anyUpdates), nil, &anyUpdate{}, &anyUpdate{Name: "empty"}))
	}),
	{"a row less", func(t *rapid.T, d *anyDecl) {
		if len(d.Rows) > 0 {
			i := rapid.IntRange(0, len(d.Rows)-1).Draw(t, "row")
			d.Rows = slices.Delete(slices.Clone(d.Rows), i, i+1)
		}
	}},
	{"a row twice", func(t *rapid.T, d *anyDecl) {
		if len(d.Rows) > 0 {
			d.Rows = append(d.Rows, pick(t, d.Rows))
		}
	}},
	{"rows in another order", func(t *rapid.T, d *anyDecl) {
		if len(d.Rows) > 0 {
			d.Rows = rapid.Permutation(d.Rows).Draw(t, "order")
		}
	}},
}

// ofState, ofEvent and ofRow spoil one of them, if there is one.
func ofState(what string, spoil func(*rapid.T, *fsm.StateInfo[anyState, anyEvent])) spoiler {
	return spoiler{"state: " + what, func(t *rapid.T, d *anyDecl) { oneOf(t, &d.States, spoil) }}
}

func ofEvent(what string, spoil func(*rapid.T, *fsm.EventInfo[anyEvent])) spoiler {
	return spoiler{"event: " + what, func(t *rapid.T, d *anyDecl) { oneOf(t, &d.Events, spoil) }}
}

func ofRow(what string, spoil func(*rapid.T, *anyRow)) spoiler {
	return spoiler{"row: " + what, func(t *rapid.T, d *anyDecl) { oneOf(t, &d.Rows, spoil) }}
}

func oneOf[T any](t *rapid.T, all *[]T, spoil func(*rapid.T, *T)) {
	if len(*all) > 0 {
		spoil(t, &(*all)[rapid.IntRange(0, len(*all)-1).Draw(t, "which")])
	}
}

func drawName(t *rapid.T) string {
	return rapid.SampledFrom(append(slices.Clone(anyNames), "", "a#2", "#")).Draw(t, "name")
}

func several[T ~uint8](t *rapid.T) (all []T) {
	for _, n := range rapid.SliceOfN(octet, 0, 4).Draw(t, "numbers") {
		all = append(all, T(n))
	}
	return all
}
