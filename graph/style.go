package graph

import (
	"slices"

	"github.com/custom-app/interlock/fsm"
)

// font is one that Graphviz can measure where no fonts are installed; a list of
// fonts it would measure as Times, and text would leave its box.
const font = "Arial"

// The greys of what is not coloured by cause or kind.
const (
	ink   = "#0f172a"
	slate = "#475569"
	mute  = "#64748b"
	frame = "#cbd5e1"
)

// causeStyle is how a cause is drawn and named.
type causeStyle struct {
	cause fsm.Cause
	word  string // in JSON
	title string // in the legend
	line  string
	text  string
	pill  string
}

var causes = []causeStyle{
	{fsm.User, "user", "user command", "#4338ca", "#3730a3", "#eef2ff"},
	{fsm.Peer, "peer", "success", "#16a34a", "#166534", "#f0fdf4"},
	{fsm.Timer, "timer", "timer", "#d97706", "#92400e", "#fffbeb"},
	{fsm.Failure, "failure", "failure", "#dc2626", "#991b1b", "#fef2f2"},
	{fsm.Coupled, "coupled", "coupled", "#0891b2", "#155e75", "#ecfeff"},
}

func styleOf(cause fsm.Cause) causeStyle {
	for _, s := range causes {
		if s.cause == cause {
			return s
		}
	}
	return causeStyle{word: "unknown", title: "unknown", line: slate, text: slate, pill: "#f1f5f9"}
}

// look is how a state is drawn.
type look struct {
	class            string // in Mermaid
	fill, edge, text string
	width            string
	dashed           bool
	name             string // the colour of the state's name; empty: ink
}

var (
	lookStart   = look{"start", "#f1f5f9", "#334155", slate, "2.2", false, ""}
	lookRest    = look{"rest", "#e2e8f0", "#64748b", "#334155", "1.6", false, ""}
	lookGood    = look{"good", "#dcfce7", "#16a34a", "#166534", "2.6", false, ""}
	lookWait    = look{"wait", "#dbeafe", "#3b82f6", "#1d4ed8", "1.6", false, ""}
	lookBackoff = look{"backoff", "#fef3c7", "#f59e0b", "#b45309", "1.6", true, ""}
	lookFollow  = look{"follow", "#cffafe", "#0891b2", "#155e75", "1.6", false, ""}
)

var looks = []look{lookStart, lookRest, lookGood, lookWait, lookBackoff, lookFollow}

func usedCauses(drawings ...*drawing) []causeStyle {
	var used []causeStyle
	for _, c := range causes {
		if slices.ContainsFunc(drawings, func(d *drawing) bool { return d.uses(c.cause) }) {
			used = append(used, c)
		}
	}
	return used
}

func (d *drawing) uses(cause fsm.Cause) bool {
	return slices.ContainsFunc(d.lines, func(l line) bool {
		return slices.ContainsFunc(l.steps, func(s step) bool { return s.cause == cause })
	})
}

// look chooses how a state is drawn.
func (d *drawing) look(state int) look {
	l := d.lookUnmarked(state)
	if d.chart.States[state].Name == d.current {
		return l.current()
	}
	return l
}

// lookUnmarked chooses by the state's kind, by whether it is where all goes well, and
// by whether only time ends it.
func (d *drawing) lookUnmarked(state int) look {
	s := d.chart.States[state]
	switch {
	case s.Kind == fsm.Follow:
		return lookFollow
	case s.Kind == fsm.Wait && d.isAside(state) && d.onlyTimeEnds(state):
		return lookBackoff
	case s.Kind == fsm.Wait:
		return lookWait
	case s.Name == d.chart.Initial:
		return lookStart
	case slices.Contains(d.main, state):
		return lookGood
	}
	return lookRest
}

// onlyTimeEnds tells a pause from a wait for a good answer.
func (d *drawing) onlyTimeEnds(state int) bool {
	return !slices.ContainsFunc(d.lines, func(l line) bool {
		return slices.ContainsFunc(l.steps, func(s step) bool {
			return s.cause == fsm.Peer && slices.Contains(s.from, state)
		})
	})
}
