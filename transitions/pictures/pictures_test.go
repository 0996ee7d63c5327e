package pictures_test

import (
	"bytes"
	"testing"

	"github.com/custom-app/interlock/transitions"
	"github.com/custom-app/interlock/transitions/pictures"
)

func TestMarked(t *testing.T) {
	for _, machine := range transitions.Shipped.Chart().Machines {
		t.Run("G2 every state of "+machine.Name+" can be marked", func(t *testing.T) {
			plain, ok := pictures.SVG(machine.Name)
			if !ok {
				t.Fatal("got no picture")
			}
			for _, state := range machine.States {
				marked, _ := pictures.Marked(machine.Name, state.Name)
				if bytes.Count(marked, []byte(`class="current"`)) != 1 || len(marked) <= len(plain) {
					t.Errorf("%s: got no mark", state.Name)
				}
			}
		})
	}
	if svg, ok := pictures.Marked("socket", "nowhere"); !ok || bytes.Contains(svg, []byte("current")) {
		t.Errorf("got %d bytes, %v, want the picture without a mark", len(svg), ok)
	}
	if svg, ok := pictures.Marked("nobody", "closed"); ok || svg != nil {
		t.Errorf("got %d bytes of a machine that is not there", len(svg))
	}
}
