// Package pictures has the diagrams of the shipped machines and of their coupling as
// SVG, laid out beforehand, for programs that show them and do not carry Graphviz.
//
// The one invariant: a picture is what the declaration that is built draws; a test
// fails when it is not current.
//
// What it will not do: draw any other machine, see packages graph and graph/render.
package pictures

import (
	"bytes"
	"embed"
	"html"
)

//go:embed *.svg
var files embed.FS

// SVG returns the picture of a machine of transitions.Shipped by its name, of their
// coupling, or of all; false: there is none of that name. The bytes are the caller's.
func SVG(name string) ([]byte, bool) {
	svg, err := files.ReadFile(name + ".svg")
	return svg, err == nil
}

// Marked is SVG of a machine with one of its states marked as the current one; without
// the mark when it has no such state.
func Marked(machine, state string) ([]byte, bool) {
	svg, ok := SVG(machine)
	title := "<title>" + html.EscapeString(state) + "</title>\n"
	at := bytes.Index(svg, []byte(title))
	if !ok || at < 0 {
		return svg, ok
	}
	shape := bytes.Index(svg[at:], []byte("<path "))
	if shape < 0 {
		return svg, ok
	}
	at += shape + len("<path ")
	marked := append([]byte(nil), svg[:at]...)
	marked = append(marked, `class="current" style="fill:#fde047;stroke:#b91c1c;stroke-width:6;stroke-dasharray:none" `...)
	return append(marked, svg[at:]...), ok
}
