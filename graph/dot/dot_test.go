package dot_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/custom-app/interlock/graph/dot"
)

func document(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("../testdata/" + name + ".dot")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func needsDot(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("dot"); err != nil {
		t.Skip("PNG IS NOT TESTED: ", dot.ErrNoDot)
	}
}

func TestPNG(t *testing.T) {
	needsDot(t)
	for _, name := range []string{"session", "coupled", "all", "weird"} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := dot.PNG(t.Context(), &out, document(t, name)); err != nil {
				t.Fatal(err)
			}
			if _, err := png.Decode(&out); err != nil {
				t.Errorf("got no PNG: %v", err)
			}
		})
	}
}

func TestPNGWithoutDot(t *testing.T) {
	t.Run("F77 a PNG needs dot and says so", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		var out bytes.Buffer
		err := dot.PNG(t.Context(), &out, document(t, "session"))
		if !errors.Is(err, dot.ErrNoDot) || !strings.Contains(err.Error(), "install") {
			t.Errorf("got %v, want %v", err, dot.ErrNoDot)
		}
	})
}

func TestBadDocuments(t *testing.T) {
	needsDot(t)
	for _, text := range []string{"", " \n", "nonsense", "digraph {", "digraph { a -> }", "digraph { a [label=<<b>] }", "digraph { \x00 }"} {
		t.Run(fmt.Sprintf("%q", text), func(t *testing.T) {
			var out bytes.Buffer
			err := dot.PNG(t.Context(), &out, []byte(text))
			if err == nil || !strings.HasPrefix(err.Error(), "interlock: dot: ") {
				t.Errorf("got error %v, want one of dot", err)
			}
			if out.Len() > 0 {
				t.Errorf("got %d bytes beside the error", out.Len())
			}
		})
	}
	t.Run("with a context that has ended", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := dot.PNG(ctx, io.Discard, document(t, "session")); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
	})
	t.Run("to a writer that fails", func(t *testing.T) {
		closed, w := io.Pipe()
		_ = closed.Close()
		if err := dot.PNG(t.Context(), w, document(t, "session")); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("got %v, want %v", err, io.ErrClosedPipe)
		}
	})
}
