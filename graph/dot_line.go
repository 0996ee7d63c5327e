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
	from, to, pill := p.id(d.chart.States[l.from].Name), p.id(d.chart.States[l.to].Name), p.pillID(d, d.lines[l.pill])
	c := styleOf(l.cause())
	attrs := fmt.Sprintf(`color="%s"`, c.line)
	if l.cause() == fsm.Failure {
		attrs += ", style=dashed"
	}
	if l.note {
		// Graphviz puts what a line leads to on its right, so this one is drawn backwards.
		p.printf("%s -> %s [%s, dir=back];", to, pill, attrs)
		return
	}
	if d.isMain(l) {
		attrs += ", weight=100, penwidth=2.4"
	} else {
		attrs += ", constraint=false"
	}
	tail := ""
	if l.group != "" {
		tail = ", ltail=" + p.frameID(l.group)
	}
	if l.level {
		p.printf("%s -> %s [%s, weight=0%s, label=<%s>];", from, to, attrs, tail, pillTable(l, c))
		return
	}
	p.printf("%s -> %s [%s%s, arrowhead=none];", from, pill, attrs, tail)
	if d.hasPill(i) {
		p.printf("%s -> %s [%s];", pill, to, attrs)
	}
}

func (p *dotPrinter) pillID(d *drawing, l line) string {
	from, to := d.chart.States[l.from].Name, d.chart.States[l.to].Name
	switch {
	case l.note:
		return p.id(to + "##")
	case l.group != "":
		from = l.group + "#" // a group may have the name of a state
	}
	return p.id(from + "#" + to)
}

func (p *dotPrinter) pill(d *drawing, l line) {
	c, column := styleOf(l.cause()), ""
	if d.isMain(l) {
		column = "group=main, "
	}
	p.printf(`%s [label=<%s>, %sfontsize=12, width=0, height=0, margin="0.09,0.05", color="%s", fillcolor="%s"];`,
		p.pillID(d, l), l.html(), column, c.pill, c.pill)
}

func pillTable(l line, c causeStyle) string {
	return fmt.Sprintf(`<table border="0" cellborder="0" cellspacing="0" cellpadding="4" bgcolor="%s" style="rounded"><tr><td>%s</td></tr></table>`,
		c.pill, l.html())
}

// ranks puts every state and pill on its height. The heights are those of a
// spine of unseen nodes, a place and the row below it in turn.
func (p *dotPrinter) ranks(d *drawing) {
	heights := make([][]string, d.foot()+1)
	for i, place := range d.places {
		heights[2*place] = append(heights[2*place], p.id(d.chart.States[i].Name))
	}
	for i, l := range d.lines {
		if d.hasPill(i) {
			at := 2*d.row(l) + 1
			if d.isBeside(l) {
				at = 2 * d.places[l.from]
			}
			heights[at] = append(heights[at], p.pillID(d, l))
		}
	}
	for at, members := range heights {
		p.printf(`{ rank=same; %s [style=invis, label="", width=0, height=0, margin=0]; %s }`, p.spineID(at), strings.Join(members, "; "))
		if at > 0 {
			p.printf("%s -> %s [style=invis];", p.spineID(at-1), p.spineID(at))
		}
	}
	p.besides(d)
}

// besides puts what is off the main line to the right of it, with room for the
// label of a line between the two.
func (p *dotPrinter) besides(d *drawing) {
	for _, beside := range d.main {
		for i, place := range d.places {
			if d.isAside(i) && place == d.places[beside] {
				p.printf("%s -> %s [style=invis, minlen=4];", p.id(d.chart.States[beside].Name), p.id(d.chart.States[i].Name))
			}
		}
	}
}

// foot is the number of the lowest height.
func (d *drawing) foot() int { return 2*slices.Max(d.places) + 1 }

func (p *dotPrinter) spineID(at int) string { return p.id(fmt.Sprintf("#%d", at)) }
