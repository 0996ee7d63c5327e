package graph

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/custom-app/interlock/fsm"
)

// The styles of what couples machines.
var (
	linkStyle   = causeStyle{title: "effect → event", line: "#0891b2", text: "#155e75", pill: "#ecfeff"}
	quorumStyle = causeStyle{title: "quorum", line: "#7c3aed", text: "#5b21b6", pill: "#f5f3ff"}
	boundStyle  = causeStyle{title: "bound", line: "#d97706", text: "#92400e", pill: "#fffbeb"}
)

// SystemDOT writes the coupling of a system as a Graphviz digraph: its machines,
// and one line from machine to machine for all links between the two. Its errors
// are those of w, and of a chart that couples machines it does not have.
func SystemDOT(w io.Writer, s System) error {
	chart := s.Chart()
	ties, err := tiesOf(chart)
	if err != nil {
		return err
	}
	p := &dotPrinter{}
	p.open(chart.Name)
	p.title(chart.Name, usedTies(ties))
	p.coupling(chart, ties)
	p.close()
	return write(w, p.String(), nil)
}

// SystemMermaid writes the coupling of a system as a Mermaid stateDiagram-v2.
// Its errors are those of [SystemDOT].
func SystemMermaid(w io.Writer, s System) error {
	chart := s.Chart()
	ties, err := tiesOf(chart)
	if err != nil {
		return err
	}
	p := &mermaidPrinter{}
	p.open(chart.Name)
	p.coupling(chart, ties)
	return write(w, p.String(), nil)
}

// SystemJSON writes the coupling of a system: the names of its machines, links,
// quorums and bounds. Its errors are those of w.
func SystemJSON(w io.Writer, s System) error {
	c := s.Chart()
	names := each(c.Machines, func(m fsm.Chart) string { return m.Name })
	return writeJSON(w, systemOf(c, names))
}

// tie is one line of a coupling: all links from a machine to another, or all
// quorums, or all bounds. The indices are those of the machines.
type tie struct {
	from, to int // from is -1 where the chart does not tell
	style    causeStyle
	texts    []tieText
}

// tieText is one line of a tie's label: a plain beginning, then what is posted.
type tieText struct{ plain, event, scope string }

func tiesOf(c fsm.SystemChart) ([]tie, error) {
	var ties []tie
	add := func(from, to int, style causeStyle, texts ...tieText) {
		at := slices.IndexFunc(ties, func(t tie) bool { return t.from == from && t.to == to && t.style == style })
		if at < 0 {
			ties = append(ties, tie{from: from, to: to, style: style})
			at = len(ties) - 1
		}
		ties[at].texts = append(ties[at].texts, texts...)
	}
	for i, link := range c.Links {
		from, to := machineIndex(c, link.From), machineIndex(c, link.To)
		if from < 0 || to < 0 {
			return nil, fmt.Errorf("interlock: graph: %s: link %d: leads from %q to %q, both must be machines of the system", c.Name, i+1, link.From, link.To)
		}
		add(from, to, linkStyle, tieText{link.Effect, link.Event, link.Scope})
	}
	for i, q := range c.Quorums {
		to := machineIndex(c, q.To)
		if to < 0 {
			return nil, fmt.Errorf("interlock: graph: %s: quorum %d: To: %q is no machine of the system", c.Name, i+1, q.To)
		}
		from := machineWith(c, q.All, "", to)
		add(from, to, quorumStyle, quorumTexts(q, absentFrom(c, from, q.All))...)
	}
	for i, b := range c.Bounds {
		in := machineWith(c, []string{b.In}, b.Event, -1)
		if in < 0 {
			return nil, fmt.Errorf("interlock: graph: %s: bound %d: no machine of the system has both the state %q and the event %q", c.Name, i+1, b.In, b.Event)
		}
		add(in, in, boundStyle, tieText{"too many in " + b.In, b.Event, b.Over + ", " + b.Policy})
	}
	return ties, nil
}

// quorumTexts says what a quorum asks: by the states that it lacks, if these are
// fewer.
func quorumTexts(q fsm.ChartQuorum, absent []string) []tieText {
	met, missed, states := "all in ", "not all in ", q.All
	if len(absent) > 0 && len(absent) < len(q.All) {
		met, missed, states = "none in ", "some in ", absent
	}
	in := strings.Join(states, ", ")
	if len(states) > namesPerLine {
		in = strings.Join(states[:namesPerLine], ", ") + ", …"
	}
	var texts []tieText
	if q.Up != "" {
		texts = append(texts, tieText{met + in, q.Up, q.Over})
	}
	if q.Down != "" {
		texts = append(texts, tieText{missed + in, q.Down, q.Over})
	}
	return texts
}

// absentFrom returns the states of a machine that are not among some.
func absentFrom(c fsm.SystemChart, machine int, some []string) []string {
	var absent []string
	if machine >= 0 {
		for _, s := range c.Machines[machine].States {
			if !slices.Contains(some, s.Name) {
				absent = append(absent, s.Name)
			}
		}
	}
	return absent
}

func machineIndex(c fsm.SystemChart, name string) int {
	return slices.IndexFunc(c.Machines, func(m fsm.Chart) bool { return m.Name == name })
}

// machineWith returns the first machine, other than one, that has all of the
// states, and the event unless it is empty; -1 where there is none.
func machineWith(c fsm.SystemChart, states []string, event string, other int) int {
	for i, m := range c.Machines {
		missing := func(state string) bool { return stateIndex(m, state) < 0 }
		if i != other && !slices.ContainsFunc(states, missing) && (event == "" || eventIndex(m, event) >= 0) {
			return i
		}
	}
	return -1
}

func usedTies(ties []tie) []causeStyle {
	var used []causeStyle
	for _, style := range []causeStyle{linkStyle, quorumStyle, boundStyle} {
		if slices.ContainsFunc(ties, func(t tie) bool { return t.style == style }) {
			used = append(used, style)
		}
	}
	return used
}

func (p *dotPrinter) coupling(c fsm.SystemChart, ties []tie) {
	for _, m := range c.Machines {
		p.printf(`%s [label=<<b>%s</b><br/><font point-size="10" color="%s">%d states, %d events</font>>, color="%s", fillcolor="%s", penwidth=2];`,
			p.id("#"+m.Name), escapeHTML(m.Name), slate, len(m.States), len(m.Events), lookStart.edge, lookStart.fill)
	}
	for i, t := range ties {
		pill := p.id(fmt.Sprintf("#%d", i+1))
		p.printf(`%s [label=<%s>, fontsize=12, width=0, height=0, margin="0.09,0.05", color="%s", fillcolor="%s"];`, pill, t.html(), t.style.pill, t.style.pill)
		attrs := fmt.Sprintf(`color="%s"`, t.style.line)
		if t.style != linkStyle {
			attrs += ", style=dashed"
		}
		if t.from >= 0 {
			p.printf("%s -> %s [%s, arrowhead=none];", p.id("#"+c.Machines[t.from].Name), pill, attrs)
		}
		p.printf("%s -> %s [%s];", pill, p.id("#"+c.Machines[t.to].Name), attrs)
	}
}

func (t tie) html() string {
	var lines []string
	for _, text := range t.texts {
		scope := ""
		if text.scope != "" {
			scope = fmt.Sprintf(`<font color="%s"> (%s)</font>`, mute, escapeHTML(text.scope))
		}
		lines = append(lines, fmt.Sprintf(`<font color="%s">%s → </font><font color="%s"><b>%s</b></font>%s<br align="left"/>`,
			slate, escapeHTML(text.plain), t.style.text, escapeHTML(text.event), scope))
	}
	return strings.Join(lines, "")
}

func (p *mermaidPrinter) coupling(c fsm.SystemChart, ties []tie) {
	for i, m := range c.Machines {
		p.printf(`state "%s" as m%d`, escapeMermaid(m.Name), i)
	}
	for _, t := range ties {
		from := fmt.Sprintf("m%d", t.from)
		if t.from < 0 {
			from = "[*]"
		}
		p.printf("%s --> m%d : %s", from, t.to, t.mermaidLabel())
	}
}

func (t tie) mermaidLabel() string {
	var lines []string
	for _, text := range t.texts {
		l := escapeMermaid(text.plain) + " → " + escapeMermaid(text.event)
		if text.scope != "" {
			l += " (" + escapeMermaid(text.scope) + ")"
		}
		lines = append(lines, l)
	}
	return strings.Join(lines, "<br/>")
}
