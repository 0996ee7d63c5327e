package propertytests

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/custom-app/interlock/transitions/proof"
)

// TestReadme holds that every piece of Go in the README is compiled code: it
// stands, but for indentation, in an example or in a table.
func TestReadme(t *testing.T) {
	var sources []string
	for _, pattern := range []string{"../connector/example*_test.go", "../transitions/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			sources = append(sources, flush(string(text)))
		}
	}
	blocks := strings.Split(readme(t), "```go\n")[1:]
	if len(blocks) < 3 {
		t.Errorf("got %d pieces of Go, want the embedding program, the core by hand and a row", len(blocks))
	}
	for _, block := range blocks {
		block, _, _ = strings.Cut(block, "```")
		if !stands(sources, flush(block)) {
			t.Errorf("this stands in no example and no table:\n%s", block)
		}
	}
}

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func stands(sources []string, block string) bool {
	for _, source := range sources {
		if strings.Contains(source, block) {
			return true
		}
	}
	return false
}

// flush takes the indentation off every line.
func flush(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	return strings.Join(lines, "\n")
}

// TestReadmeFiles holds that every config file in the README is one that the tests
// connect with.
func TestReadmeFiles(t *testing.T) {
	files, err := filepath.Glob("../cmd/interlock/testdata/backends/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var sources []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, string(text))
	}
	blocks := strings.Split(readme(t), "```yaml\n")[1:]
	if len(blocks) == 0 {
		t.Error("got no config file")
	}
	for _, block := range blocks {
		block, _, _ = strings.Cut(block, "```")
		if !slices.Contains(sources, block) {
			t.Errorf("this is no file of cmd/interlock/testdata/backends:\n%s", block)
		}
	}
}

// TestReadmeNames holds that every test that the README names is there.
func TestReadmeNames(t *testing.T) {
	named := regexp.MustCompile("`(Test[A-Za-z0-9]+)`").FindAllStringSubmatch(readme(t), -1)
	if len(named) < 50 {
		t.Errorf("got %d tests named, want those of the table", len(named))
	}
	there := make(map[string]bool)
	err := filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, found := range regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9]+)\(`).FindAllStringSubmatch(string(text), -1) {
			there[found[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range named {
		if !there[name[1]] {
			t.Errorf("the README names %s, which is nowhere", name[1])
		}
	}
}

// TestInvariantsAreListed holds that GUARANTEES.md names every invariant, and what
// holds it.
func TestInvariantsAreListed(t *testing.T) {
	text, err := os.ReadFile("GUARANTEES.md")
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range proof.Provers {
		if row := fmt.Sprintf("| %d | %s | %s |", i+1, p.What, p.By); !strings.Contains(string(text), row) {
			t.Errorf("GUARANTEES.md has not %q", row)
		}
	}
}
