package render_test

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"testing"

	"github.com/custom-app/interlock/graph"
	"github.com/custom-app/interlock/graph/render"
	"github.com/custom-app/interlock/transitions"
)

var update = flag.Bool("update", false, "write the pictures of package pictures anew")

// TestPictures holds that the pictures of package pictures, which the README shows,
// are those of the declarations that run.
func TestPictures(t *testing.T) {
	machine := func(m graph.Machine) func(io.Writer) error {
		return func(w io.Writer) error { return graph.DOT(w, m) }
	}
	pictures := map[string]func(io.Writer) error{
		"session": machine(transitions.Session), "login": machine(transitions.Login), "token": machine(transitions.Token),
		"socket": machine(transitions.Socket), "subscription": machine(transitions.Subscription), "request": machine(transitions.Request),
		"coupling": func(w io.Writer) error { return graph.SystemDOT(w, transitions.Shipped) },
		"all":      func(w io.Writer) error { return graph.AllDOT(w, transitions.Shipped) },
	}
	for name, draw := range pictures {
		t.Run("G1 "+name, func(t *testing.T) {
			var dot, svg bytes.Buffer
			if err := errors.Join(draw(&dot), render.SVG(t.Context(), &svg, dot.Bytes())); err != nil {
				t.Fatal(err)
			}
			file := "../../transitions/pictures/" + name + ".svg"
			if *update {
				if err := os.WriteFile(file, svg.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			kept, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(kept, svg.Bytes()) {
				t.Errorf("%s is not what the declaration draws; write it anew with: go test ./graph/render -update", file)
			}
		})
	}
}
