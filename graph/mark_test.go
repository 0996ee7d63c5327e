package graph_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/custom-app/interlock/graph"
)

func TestMark(t *testing.T) {
	m := sample(t)
	documents := map[string]func(io.Writer, graph.Machine) error{"DOT": graph.DOT, "Mermaid": graph.Mermaid, "JSON": graph.JSON}
	for name, document := range documents {
		t.Run("G2 in "+name+" nothing but the current state differs", func(t *testing.T) {
			for _, state := range m.Chart().States {
				var plain, marked bytes.Buffer
				if err := document(&plain, m); err != nil {
					t.Fatal(err)
				}
				if err := document(&marked, graph.At(m, state.Name)); err != nil {
					t.Fatal(err)
				}
				before, differ := strings.Split(plain.String(), "\n"), 0
				for line := range strings.SplitSeq(marked.String(), "\n") {
					if len(before) > 0 && line == before[0] {
						before = before[1:]
						continue
					}
					differ++
					if len(before) > 0 && name != "JSON" && !strings.Contains(line, "classDef current") {
						before = before[1:]
					}
				}
				if differ == 0 || differ > 2 || len(before) > 0 {
					t.Errorf("%s: got %d lines that differ, and %d left, want its own alone", state.Name, differ, len(before))
				}
			}
		})

		t.Run("G2 "+name+" of a state that is not declared", func(t *testing.T) {
			var got bytes.Buffer
			err := document(&got, graph.At(m, "nowhere"))
			if want := `interlock: graph: session: current: state "nowhere" is not declared`; err == nil || err.Error() != want || got.Len() > 0 {
				t.Errorf("got %v, want %s", err, want)
			}
		})
	}
}

// A diagram of where a machine is now.
func ExampleAt() {
	var mermaid strings.Builder
	if err := graph.Mermaid(&mermaid, graph.At(door, "open")); err != nil {
		fmt.Println(err)
	}
	for line := range strings.SplitSeq(mermaid.String(), "\n") {
		if strings.Contains(line, "current") || strings.Contains(line, `state "`) {
			fmt.Println(strings.TrimSpace(line))
		}
	}
	// Output:
	// state "shut" as s0
	// state "open" as s1
	// classDef current fill:#166534,stroke:#0f172a,color:white,stroke-width:4.0px
	// class s1 current
}
