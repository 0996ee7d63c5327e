package graph

import (
	"fmt"
	"slices"
	"strings"

	"github.com/custom-app/interlock/fsm"
)

// line prints a line. Its label is a node in the middle of it, a pill, which
// Graphviz puts on the line and not beside it; only between neighbours it is the
// label of an edge.
func (p *dotPrinter) line(d *drawing, i int) {
	l := d.lines[i]
	from, to, c := p.id(d.chart.States[l.from].Name), p.id(d.chart.States[l.to].Name), styleOf(l.cause())
	attrs := fmt.Sprintf(`color="%s"`, c.line)
	switch {
	case d.isMain(l):
		attrs += ", weight=100, penwidth=2.4"
	case l.level:
		attrs += ", constraint=false, weight=0"
	default:
		attrs += ", constraint=false"
	}
	if l.cause() == fsm.Failure {
		attrs += ", style=dashed"
	}
	tail := ""
	if l.group != "" {
		tail = ", ltail=" + p.frameID(l.group)
	}
	if l.level {
		p.printf("%s -> %s [%s%s, label=<%s>];", from, to, attrs, tail, pillTable(l, c))
		return
	}
	pill := p.pillID(d, d.lines[l.pill])
	p.printf("%s -> %s [%s%s, arrowhead=none];", from, pill, attrs, tail)
	if d.hasPill(i) {
		p.printf("%s -> %s [%s];", pill, to, attrs)
	}
}

func (p *dotPrinter) pillID(d *drawing, l line) string {
	from := d.chart.States[l.from].Name
	if l.group != "" {
		from = l.group + "#" // a group may have the name of a state
	}
	return p.id(from + "#" + d.chart.States[l.to].Name)
}

func (p *dotPrinter) pill(d *drawing, l line) {
	c, column := styleOf(l.cause()), ""
	if d.isMain(l) {
		column = "group=main, "
	}
	p.printf(`%s [label=<%s>, %sfontsize=12, width=0, height=0, margin="0.09,0.05", color="%s", fillcolor="%s"];`,
		p.pillID(d, l), strings.Join(l.htmlLines(), "<br/>"), column, c.pill, c.pill)
}

func pillTable(l line, c causeStyle) string {
	return fmt.Sprintf(`<table border="0" cellborder="0" cellspacing="0" cellpadding="4" bgcolor="%s" style="rounded"><tr><td>%s</td></tr></table>`,
		c.pill, strings.Join(l.htmlLines(), "<br/>"))
}

// ranks puts every state and pill on its height. The heights are those of a
// spine of unseen nodes, a place and the row below it in turn.
func (p *dotPrinter) ranks(d *drawing) {
	heights := make([][]string, 2*slices.Max(d.places)+2)
	for i, place := range d.places {
		heights[2*place] = append(heights[2*place], p.id(d.chart.States[i].Name))
	}
	for i, l := range d.lines {
		if d.hasPill(i) {
			at := 2*d.row(l) + 1
			heights[at] = append(heights[at], p.pillID(d, l))
		}
	}
	for at, members := range heights {
		p.printf(`{ rank=same; %s [style=invis, label="", width=0, height=0, margin=0]; %s }`, p.spineID(at), strings.Join(members, "; "))
		if at > 0 {
			p.printf("%s -> %s [style=invis];", p.spineID(at-1), p.spineID(at))
		}
	}
	for i, place := range d.places {
		if d.isAside(i) && place < len(d.main) {
			p.printf("%s -> %s [style=invis];", p.id(d.chart.States[d.main[place]].Name), p.id(d.chart.States[i].Name))
		}
	}
}

func (p *dotPrinter) spineID(at int) string { return p.id(fmt.Sprintf("#%d", at)) }
