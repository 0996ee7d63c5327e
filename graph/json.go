package graph

import (
	"encoding/json"
	"io"

	"github.com/custom-app/interlock/fsm"
)

// JSON writes a machine's whole chart, the rows that are not drawn included:
// indented, in declared order, kinds and causes as words. Its errors are those of w,
// and of a mark of [At].
func JSON(w io.Writer, m Machine) error {
	c := m.Chart()
	machine := machineOf(c)
	machine.Current = markOf(m)
	if err := checkMark(c, machine.Current); err != nil {
		return err
	}
	return writeJSON(w, machine)
}

type jsonMachine struct {
	Name    string       `json:"name"`
	Initial string       `json:"initial"`
	Current string       `json:"current,omitempty"`
	States  []jsonState  `json:"states"`
	Events  []jsonEvent  `json:"events"`
	Effects []jsonEffect `json:"effects"`
	Rows    []jsonRow    `json:"rows"`
}

type jsonState struct {
	Name   string   `json:"name"`
	Kind   string   `json:"kind"`
	Timers []string `json:"timers,omitempty"`
	By     string   `json:"by,omitempty"`
	Group  string   `json:"group,omitempty"`
	Doc    string   `json:"doc,omitempty"`
}

type jsonEvent struct {
	Name  string `json:"name"`
	Cause string `json:"cause"`
	Doc   string `json:"doc,omitempty"`
}

type jsonEffect struct {
	Name    string   `json:"name"`
	Answers []string `json:"answers,omitempty"`
	Doc     string   `json:"doc,omitempty"`
}

type jsonRow struct {
	From  []string `json:"from"`
	On    []string `json:"on"`
	If    string   `json:"if,omitempty"`
	To    string   `json:"to,omitempty"`
	Stay  bool     `json:"stay,omitempty"`
	Set   string   `json:"set,omitempty"`
	Do    []string `json:"do,omitempty"`
	Never string   `json:"never,omitempty"`
	Doc   string   `json:"doc,omitempty"`
}

type jsonSystem struct {
	Name     string       `json:"name"`
	Machines any          `json:"machines"` // names, or whole machines
	Links    []jsonLink   `json:"links"`
	Quorums  []jsonQuorum `json:"quorums"`
	Bounds   []jsonBound  `json:"bounds"`
}

type jsonLink struct {
	From   string `json:"from"`
	Effect string `json:"effect"`
	To     string `json:"to"`
	Event  string `json:"event"`
	Scope  string `json:"scope,omitempty"`
	Gen    string `json:"gen,omitempty"`
	Arg    string `json:"arg,omitempty"`
	Doc    string `json:"doc,omitempty"`
}

type jsonQuorum struct {
	Over string   `json:"over"`
	All  []string `json:"all"`
	To   string   `json:"to"`
	Up   string   `json:"up,omitempty"`
	Down string   `json:"down,omitempty"`
	Doc  string   `json:"doc,omitempty"`
}

type jsonBound struct {
	Over   string `json:"over"`
	In     string `json:"in"`
	Policy string `json:"policy"`
	Event  string `json:"event"`
	Doc    string `json:"doc,omitempty"`
}

func machineOf(c fsm.Chart) jsonMachine {
	return jsonMachine{
		Name:    c.Name,
		Initial: c.Initial,
		States: each(c.States, func(s fsm.ChartState) jsonState {
			return jsonState{s.Name, kindWord(s.Kind), s.Timers, s.By, s.Group, s.Doc}
		}),
		Events: each(c.Events, func(e fsm.ChartEvent) jsonEvent {
			return jsonEvent{e.Name, styleOf(e.Cause).word, e.Doc}
		}),
		Effects: each(c.Effects, func(f fsm.ChartEffect) jsonEffect { return jsonEffect(f) }),
		Rows:    each(c.Rows, func(r fsm.ChartRow) jsonRow { return jsonRow(r) }),
	}
}

func systemOf(c fsm.SystemChart, machines any) jsonSystem {
	return jsonSystem{
		Name:     c.Name,
		Machines: machines,
		Links:    each(c.Links, func(l fsm.ChartLink) jsonLink { return jsonLink(l) }),
		Quorums:  each(c.Quorums, func(q fsm.ChartQuorum) jsonQuorum { return jsonQuorum(q) }),
		Bounds:   each(c.Bounds, func(b fsm.ChartBound) jsonBound { return jsonBound(b) }),
	}
}

func kindWord(k fsm.Kind) string {
	switch k {
	case fsm.Rest:
		return "rest"
	case fsm.Wait:
		return "wait"
	case fsm.Follow:
		return "follow"
	}
	return "unknown"
}

// each never returns nil, so that an empty list is [] and not null.
func each[A, B any](list []A, f func(A) B) []B {
	out := make([]B, 0, len(list))
	for _, item := range list {
		out = append(out, f(item))
	}
	return out
}

func writeJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
