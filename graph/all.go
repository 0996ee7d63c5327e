package graph

import (
	"fmt"
	"io"
	"strings"

	"github.com/custom-app/interlock/fsm"
)

// columns is how many frames stand side by side.
const columns = 3

// AllDOT writes a whole system as one Graphviz digraph: every machine in a frame
// of its own, and the coupling in another, in rows of three. Its errors are those
// of [DOT] and [SystemDOT].
func AllDOT(w io.Writer, s System) error {
	chart := s.Chart()
	drawings, ties, err := drawAll(chart)
	if err != nil {
		return err
	}
	p := &dotPrinter{}
	p.open(chart.Name)
	p.title(chart.Name, append(usedCauses(drawings...), usedTies(ties)...))
	for _, d := range drawings {
		p.framed(d.chart.Name, func() { p.machine(d) })
	}
	p.framed("coupling", func() { p.coupling(chart, ties) })
	p.stack(drawings)
	p.close()
	return write(w, p.String(), nil)
}

// framed prints what a function prints into a frame, its ids apart from others.
func (p *dotPrinter) framed(name string, print func()) {
	p.frames++
	p.prefix = framePrefix(p.frames, name)
	p.printf("subgraph %s {", p.frameID(""))
	p.depth++
	p.printf(`label=<<font point-size="18" color="%s"><b>%s</b></font>>; labelloc=t; labeljust=l;`, ink, escapeHTML(name))
	p.printf(`style="rounded"; color="%s"; margin=24; tooltip="";`, frame)
	print()
	p.close()
	p.prefix = ""
}

func framePrefix(number int, name string) string { return fmt.Sprintf("%d.%s.", number, name) }

// stack puts the heads of each row of frames level, below the feet of the row above.
func (p *dotPrinter) stack(drawings []*drawing) {
	var heads, feet []string
	for i, d := range drawings {
		p.prefix = framePrefix(i+1, d.chart.Name)
		heads, feet = append(heads, p.startID()), append(feet, p.spineID(d.foot()))
	}
	p.prefix = framePrefix(len(drawings)+1, "coupling")
	if len(drawings) > 0 {
		heads = append(heads, p.id("#"+drawings[0].chart.Name))
	}
	p.prefix = ""
	for i := 0; i < len(heads); i += columns {
		level := strings.Join(heads[i:min(i+columns, len(heads))], "; ")
		p.printf("{ rank=same; %s }", level)
		for _, foot := range feet[max(0, i-columns):min(i, len(feet))] {
			p.printf("%s -> { %s } [style=invis];", foot, level)
		}
	}
}

// AllMermaid writes a whole system as one Mermaid stateDiagram-v2: every machine
// in a composite state, and the coupling in another. Its errors are those of
// [AllDOT].
func AllMermaid(w io.Writer, s System) error {
	chart := s.Chart()
	drawings, ties, err := drawAll(chart)
	if err != nil {
		return err
	}
	p := &mermaidPrinter{}
	p.open(chart.Name)
	for i, d := range drawings {
		p.composite(d.chart.Name, fmt.Sprintf("machine%d", i), func() { p.machine(d, fmt.Sprintf("s%d_", i)) })
	}
	p.composite("coupling", "coupling", func() { p.coupling(chart, ties) })
	p.looks()
	return write(w, p.String(), nil)
}

func (p *mermaidPrinter) composite(name, id string, print func()) {
	p.printf(`state "%s" as %s {`, escapeMermaid(name), id)
	p.depth++
	print()
	p.depth--
	p.printf("}")
}

// AllJSON writes a whole system: its machines with all their rows, links,
// quorums and bounds. Its errors are those of w.
func AllJSON(w io.Writer, s System) error {
	c := s.Chart()
	return writeJSON(w, systemOf(c, each(c.Machines, machineOf)))
}

func drawAll(c fsm.SystemChart) ([]*drawing, []tie, error) {
	var drawings []*drawing
	for _, m := range c.Machines {
		d, err := draw(m)
		if err != nil {
			return nil, nil, err
		}
		drawings = append(drawings, d)
	}
	ties, err := tiesOf(c)
	return drawings, ties, err
}
