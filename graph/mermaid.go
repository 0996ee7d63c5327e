package graph

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
)

// Mermaid writes a machine as a Mermaid stateDiagram-v2. Mermaid cannot draw a
// line between the insides of two composite states, so groups are not drawn.
// Its errors are those of [DOT].
func Mermaid(w io.Writer, m Machine) error {
	d, err := drawMarked(m)
	if err != nil {
		return err
	}
	p := &mermaidPrinter{}
	p.open(d.chart.Name)
	p.machine(d, "s")
	p.looks()
	return write(w, p.String(), nil)
}

// mermaidPrinter prints Mermaid. States are numbered, for a name may hold what
// no Mermaid id can.
type mermaidPrinter struct {
	strings.Builder
	depth   int
	classes []string // assignments, which Mermaid wants after the states
	current []look   // of a current state
}

func (p *mermaidPrinter) printf(format string, args ...any) {
	p.WriteString(strings.Repeat("    ", p.depth))
	fmt.Fprintf(p, format+"\n", args...)
}

func (p *mermaidPrinter) open(name string) {
	p.printf("---")
	p.printf("title: %s", quote(name))
	p.printf("---")
	p.printf("stateDiagram-v2")
	p.depth++
	p.printf("direction TB")
}

// machine prints a machine whose states have the ids prefix0, prefix1 and so on.
func (p *mermaidPrinter) machine(d *drawing, prefix string) {
	for i, s := range d.chart.States {
		p.printf(`state "%s" as %s%d`, escapeMermaid(s.Name), prefix, i)
		if small := subtitle(s); small != "" {
			p.printf("%s%d : %s", prefix, i, escapeMermaid(small))
		}
		l := d.look(i)
		p.classes = append(p.classes, fmt.Sprintf("class %s%d %s", prefix, i, l.class))
		if s.Name == d.current {
			p.current = append(p.current, l)
		}
	}
	p.printf("[*] --> %s%d", prefix, stateIndex(d.chart, d.chart.Initial))
	for from := range d.chart.States {
		for to := range d.chart.States {
			if l := d.between(from, to); len(l.steps) > 0 {
				p.printf("%s%d --> %s%d : %s", prefix, from, prefix, to, l.mermaidLabel())
			}
		}
	}
}

// between returns all that leads from one state to another as one line, what is
// gathered with other states' included.
func (d *drawing) between(from, to int) line {
	whole := line{from: from, to: to}
	for _, l := range d.lines {
		for _, s := range l.steps {
			if l.to == to && slices.Contains(s.from, from) {
				s.who = ""
				whole.steps = append(whole.steps, s)
			}
		}
	}
	return whole
}

func (l line) mermaidLabel() string {
	var parts []string
	for _, s := range l.sayings() {
		var words []string
		for _, w := range s.words {
			words = append(words, w.text)
		}
		part := escapeMermaid(strings.Join(words, " · "))
		if len(s.effects) > 0 {
			part += " / " + escapeMermaid(strings.Join(s.effects, ", "))
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "<br/>")
}

func (p *mermaidPrinter) looks() {
	for _, l := range append(slices.Clip(looks), p.current...) {
		dashes := ""
		if l.dashed {
			dashes = ",stroke-dasharray:5 3"
		}
		p.printf("classDef %s fill:%s,stroke:%s,color:%s,stroke-width:%spx%s", l.class, l.fill, l.edge, cmp.Or(l.name, ink), l.width, dashes)
	}
	for _, class := range p.classes {
		p.printf("%s", class)
	}
}

// escapeMermaid writes as #number; what Mermaid could take for syntax.
func escapeMermaid(text string) string {
	var b strings.Builder
	for _, r := range printable(text) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(" ·,.[]()…_'", r) {
			b.WriteRune(r)
			continue
		}
		fmt.Fprintf(&b, "#%d;", r)
	}
	return b.String()
}
