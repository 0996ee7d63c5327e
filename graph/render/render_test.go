package render_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/custom-app/interlock/graph/render"
)

func document(t testing.TB, name string) []byte {
	t.Helper()
	dot, err := os.ReadFile("../testdata/" + name + ".dot")
	if err != nil {
		t.Fatal(err)
	}
	return dot
}

// texts returns the text of an SVG, and fails on one that is not well-formed.
func texts(t *testing.T, svg []byte) string {
	t.Helper()
	var b strings.Builder
	for decoder := xml.NewDecoder(bytes.NewReader(svg)); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return b.String()
		}
		if err != nil {
			t.Fatalf("SVG is not well-formed: %v", err)
		}
		if data, ok := token.(xml.CharData); ok {
			b.Write(data)
			b.WriteByte('\n')
		}
	}
}

func TestSVG(t *testing.T) {
	for name, want := range map[string][]string{
		"session": {"loggedOut", "authenticating", "authBackoff", "socketOpening", "socketAuthing", "socketAuthed", "subscribed", "refreshing", "reconnectWait", "closing", "one connection"},
		"coupled": {"session", "door", "allReady"},
		"all":     {"session", "door", "loggedOut", "coupling"},
		"weird":   {`a "b" <c> & d\n`, "日本語", "]]>"},
	} {
		t.Run(name, func(t *testing.T) {
			var svg bytes.Buffer
			if err := render.SVG(t.Context(), &svg, document(t, name)); err != nil {
				t.Fatal(err)
			}
			got := strings.ReplaceAll(texts(t, svg.Bytes()), "\u00a0", " ")
			for _, w := range want {
				if !strings.Contains(got, w) {
					t.Errorf("SVG does not say %q", w)
				}
			}
		})
	}
}

func TestSVGIsTheSameFromEveryGoroutine(t *testing.T) {
	dot := document(t, "session")
	var want bytes.Buffer
	if err := render.SVG(t.Context(), &want, dot); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				var got bytes.Buffer
				if err := render.SVG(t.Context(), &got, dot); err != nil {
					t.Error(err)
				} else if !bytes.Equal(got.Bytes(), want.Bytes()) {
					t.Error("got another SVG than the first")
				}
				if err := render.SVG(t.Context(), io.Discard, []byte("digraph {")); err == nil {
					t.Error("got no error for a bad document among good ones")
				}
			}
		})
	}
	wg.Wait()
}

func TestBadDocuments(t *testing.T) {
	for _, dot := range []string{"", " \n", "nonsense", "digraph {", "digraph { a -> }", "digraph { a [label=<<b>] }", "digraph { \x00 }"} {
		t.Run(fmt.Sprintf("%q", dot), func(t *testing.T) {
			var out bytes.Buffer
			err := render.SVG(t.Context(), &out, []byte(dot))
			if err == nil || !strings.HasPrefix(err.Error(), "interlock: render: ") {
				t.Errorf("got error %v, want one of render", err)
			}
			if out.Len() > 0 {
				t.Errorf("got %d bytes beside the error", out.Len())
			}
		})
	}
	t.Run("with a context that has ended", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := render.SVG(ctx, io.Discard, document(t, "session")); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
	})
	t.Run("to a writer that fails", func(t *testing.T) {
		closed, w := io.Pipe()
		_ = closed.Close()
		if err := render.SVG(t.Context(), w, document(t, "session")); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("got %v, want %v", err, io.ErrClosedPipe)
		}
	})
}

func BenchmarkSVG(b *testing.B) {
	dot := document(b, "session")
	for b.Loop() {
		if err := render.SVG(b.Context(), io.Discard, dot); err != nil {
			b.Fatal(err)
		}
	}
}
