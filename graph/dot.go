package graph

import (
	"fmt"
	"io"
	"strings"

	"github.com/custom-app/interlock/fsm"
)

// DOT writes a machine as a Graphviz digraph. Its errors are those of w, and of
// a chart whose rows name what it does not declare.
func DOT(w io.Writer, m Machine) error {
	d, err := drawMarked(m)
	if err != nil {
		return err
	}
	p := &dotPrinter{}
	p.open(d.chart.Name)
	p.title(d.chart.Name, usedCauses(d))
	p.machine(d)
	p.close()
	return write(w, p.String(), nil)
}

// dotPrinter prints DOT, indented by its depth. prefix keeps apart the ids of
// several machines in one document.
type dotPrinter struct {
	strings.Builder
	depth  int
	prefix string
	frames int // how many there are so far
}

func (p *dotPrinter) printf(format string, args ...any) {
	p.WriteString(strings.Repeat("\t", p.depth))
	fmt.Fprintf(p, format+"\n", args...)
}

func (p *dotPrinter) open(name string) {
	p.printf("digraph %s {", quote(name))
	p.depth++
	p.printf(`graph [rankdir=TB, newrank=true, compound=true, fontname="%s", bgcolor="white", pad=0.4, nodesep=0.35, ranksep=0.22, charset="UTF-8"];`, font)
	p.printf(`node [shape=box, style="rounded,filled", fontname="%s", fontsize=14, fontcolor="%s", margin="0.22,0.1", height=0.6, width=1.7];`, font, ink)
	p.printf(`edge [fontname="%s", fontsize=12, arrowsize=0.8, penwidth=1.6];`, font)
}

func (p *dotPrinter) close() {
	p.depth--
	p.printf("}")
}

// title puts the name and the legend of causes at the top left.
func (p *dotPrinter) title(name string, used []causeStyle) {
	var legend []string
	for _, c := range used {
		legend = append(legend, fmt.Sprintf(`<font color="%s">%s</font>`, c.text, c.title))
	}
	p.printf(`labelloc=t; labeljust=l;`)
	p.printf(`label=<<table border="0" cellborder="0" cellspacing="0" cellpadding="3"><tr><td align="left"><font point-size="22" color="%s"><b>%s</b></font></td></tr><tr><td align="left">%s</td></tr></table>>;`,
		ink, escapeHTML(name), strings.Join(legend, " &#160; &#160;"))
}

func (p *dotPrinter) id(name string) string { return quote(p.prefix + name) }

// frameID is the id of a frame; Graphviz knows one by how it begins.
func (p *dotPrinter) frameID(path string) string { return quote("cluster" + p.prefix + path) }

func (p *dotPrinter) machine(d *drawing) {
	start := p.startID()
	p.printf(`%s [shape=point, style=filled, width=0.2, color="%s", fillcolor="%s"];`, start, ink, ink)
	p.states(d, "")
	p.printf(`%s -> %s [color="%s", weight=100, penwidth=1.8];`, start, p.id(d.chart.Initial), ink)
	for i := range d.lines {
		p.line(d, i)
	}
	p.ranks(d)
}

// startID is the id of the dot that a machine starts from. No state of package
// fsm has a # in its name.
func (p *dotPrinter) startID() string { return p.id("#start") }

// states prints what is in a group and in no inner one, then the inner groups.
// What is off the main line goes first, in a frame that is not seen: it keeps
// Graphviz from scattering it to both sides of the line.
func (p *dotPrinter) states(d *drawing, path string) {
	if d.framesAside(path) {
		p.aside(d, path)
	} else {
		p.members(d, path, true)
	}
	p.members(d, path, false)
	for _, g := range d.groups {
		if g.parent == path {
			p.group(d, g)
		}
	}
}

func (p *dotPrinter) aside(d *drawing, path string) {
	p.printf("subgraph %s {", p.frameID(path+"#aside"))
	p.depth++
	p.printf(`style=invis; label="";`)
	p.members(d, path, true)
	p.close()
}

// members prints the states and pills of a group that are off the main line, or
// those that are not.
func (p *dotPrinter) members(d *drawing, path string, aside bool) {
	for i, s := range d.chart.States {
		if groupPath(s) == path && d.isAside(i) == aside {
			p.state(d, i)
		}
	}
	for i, l := range d.lines {
		if d.hasPill(i) && d.around(l) == path && d.isLineAside(l) == aside {
			p.pill(d, l)
		}
	}
}

func (p *dotPrinter) group(d *drawing, g group) {
	fill := "#f8fafc"
	if g.parent != "" {
		fill = "white"
	}
	p.printf("subgraph %s {", p.frameID(g.path))
	p.depth++
	p.printf(`label=<<font color="%s"><b>%s</b></font>>; labelloc=b; labeljust=l; fontsize=12;`, mute, escapeHTML(g.label))
	p.printf(`style="rounded,filled"; color="%s"; fillcolor="%s"; margin=16; tooltip="";`, frame, fill)
	p.states(d, g.path)
	p.close()
}

func groupPath(s fsm.ChartState) string {
	if s.Group == "" {
		return ""
	}
	return "/" + s.Group
}

func (p *dotPrinter) state(d *drawing, i int) {
	s, l := d.chart.States[i], d.look(i)
	label := "<b>" + escapeHTML(s.Name) + "</b>"
	if l.name != "" {
		label = fmt.Sprintf(`<font color="%s">%s</font>`, l.name, label)
	}
	if small := subtitle(s); small != "" {
		label += fmt.Sprintf(`<br/><font point-size="10" color="%s">%s</font>`, l.text, escapeHTML(small))
	}
	style := "rounded,filled"
	if l.dashed {
		style += ",dashed"
	}
	column := ""
	if !d.isAside(i) {
		column = "group=main, "
	}
	p.printf(`%s [label=<%s>, %sstyle="%s", color="%s", fillcolor="%s", penwidth=%s, tooltip=%s];`,
		p.id(s.Name), label, column, style, l.edge, l.fill, l.width, quote(s.Doc))
}
