package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// subjects are what can be drawn, each with a name that its drawing must show.
var subjects = map[string]string{
	"session": "socketOpening", "login": "requesting", "socket": "tokenPending", "token": "refreshing",
	"subscription": "leaving", "request": "errorAnswered", "coupling": "session", "all": "refreshing",
}

// formats check that a document is what its format says, and return its text.
var formats = map[string]func(document string) (text string, err error){
	"dot":     startsWith("digraph"),
	"mermaid": startsWith("stateDiagram-v2"),
	"json": func(document string) (string, error) {
		var any any
		return document, json.Unmarshal([]byte(document), &any)
	},
	"svg": func(document string) (string, error) {
		for decoder := xml.NewDecoder(strings.NewReader(document)); ; {
			if _, err := decoder.Token(); errors.Is(err, io.EOF) {
				return document, nil
			} else if err != nil {
				return "", err
			}
		}
	},
	"png": func(document string) (string, error) {
		_, err := png.Decode(strings.NewReader(document))
		return "", err
	},
}

func startsWith(word string) func(string) (string, error) {
	return func(document string) (string, error) {
		if !strings.Contains(document[:min(len(document), 300)], word) {
			return "", errors.New("does not begin with " + word)
		}
		return document, nil
	}
}

func TestGraph(t *testing.T) {
	for format, check := range formats {
		for subject, name := range subjects {
			t.Run(format+"/"+subject, func(t *testing.T) {
				if _, err := exec.LookPath("dot"); format == "png" && err != nil {
					t.Skip("SKIPPED, not tested here: PNG needs Graphviz's dot program")
				}
				got := runWith(t, "graph", subject, "--format", format)
				if got.status != done || got.stderr != "" {
					t.Fatalf("got status %d, stderr %q, want none", got.status, got.stderr)
				}
				text, err := check(got.stdout)
				if err != nil || format != "png" && !strings.Contains(text, name) {
					t.Errorf("got fault %v, %d bytes, want %s with %q", err, len(got.stdout), format, name)
				}
				if again := runWith(t, "graph", subject, "--format", format); again.stdout != got.stdout {
					t.Error("got other bytes the second time, want the same")
				}
			})
		}
	}
}

func TestGraphIsDOTByDefault(t *testing.T) {
	if got, want := runWith(t, "graph", "token"), runWith(t, "graph", "token", "--format", "dot"); got != want {
		t.Errorf("got %.60q, want %.60q", got.stdout, want.stdout)
	}
}

func TestGraphWithoutGraphviz(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	got := runWith(t, "graph", "session", "--format", "png")
	if got.status != failed || got.stdout != "" || !strings.Contains(got.stderr, "install the package graphviz") {
		t.Errorf("got %+v, want a failure that says what to install", got)
	}
	if got := runWith(t, "graph", "session", "--format", "svg"); got.status != done {
		t.Errorf("got status %d, stderr %q, want an SVG without Graphviz", got.status, got.stderr)
	}
}

func TestGraphIntoFile(t *testing.T) {
	want := runWith(t, "graph", "login", "--format", "mermaid").stdout
	dir := t.TempDir()
	existing, link := filepath.Join(dir, "existing"), filepath.Join(dir, "link")
	if err := errors.Join(os.WriteFile(existing, []byte("old"), 0o600), os.Symlink("existing", link)); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{"new": filepath.Join(dir, "new"), "existing": existing, "through a link": link} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(existing, []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			if got := runWith(t, "graph", "login", "--format", "mermaid", "-o", path); got != (outcome{}) {
				t.Fatalf("got %+v, want nothing printed", got)
			}
			if got, err := os.ReadFile(path); err != nil || string(got) != want {
				t.Errorf("got %.40q, %v, want the drawing", got, err)
			}
		})
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("got %v, %v, want the link still a link", info, err)
	}
	t.Run("a directory", func(t *testing.T) {
		got := runWith(t, "graph", "login", "-o", dir)
		if got.status != failed || !strings.Contains(got.stderr, "not an ordinary file") {
			t.Errorf("got %+v, want a refusal", got)
		}
	})
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 3 {
		t.Errorf("got %v, %v, want existing, link and new, and no temporary file", entries, err)
	}
}

func TestReplaceLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "file")
	if err := replace(target, bytes.Repeat([]byte("x"), 1<<16)); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(target); err != nil || info.Mode().Perm() != 0o644 || info.Size() != 1<<16 {
		t.Errorf("got %v, %v, want a file that all can read", info, err)
	}
}
