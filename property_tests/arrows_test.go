package propertytests

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/custom-app/interlock"

// source is the source of one package, without its test files.
type source struct {
	path  string // inside the module
	files map[string]*ast.File
	fset  *token.FileSet
	info  *types.Info
}

func TestArrows(t *testing.T) {
	sources := moduleSources(t)
	for _, r := range rules {
		bound := 0
		for _, s := range sources {
			for name := range s.files {
				if r.binds(s.path, name) {
					bound++
				}
			}
		}
		if bound == 0 {
			t.Errorf("rule for %v binds no file: is a name misspelt?", r.In)
		}
	}
	for _, fault := range violations(rules, sources) {
		t.Error(fault)
	}
}

// violations holds sources against rules and returns "file:line: what: reason",
// sorted.
func violations(rules []rule, sources []source) []string {
	var faults []string
	for _, s := range sources {
		for name, file := range s.files {
			for _, r := range rules {
				if !r.binds(s.path, name) {
					continue
				}
				say := func(at token.Pos, format string, args ...any) {
					pos := s.fset.Position(at)
					faults = append(faults, fmt.Sprintf("%s/%s:%d: %s %s: %s", s.path, name, pos.Line, strings.Join(r.In, ", "), fmt.Sprintf(format, args...), r.Reason))
				}
				r.checkImports(file, say)
				r.checkSyntax(file, s.info, say)
			}
		}
	}
	slices.Sort(faults)
	return faults
}

func (r rule) binds(pkg, file string) bool {
	named := func(patterns []string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, pkg) || p == path.Join(pkg, file) })
	}
	return named(r.In) && !named(r.Not)
}

// matches tells whether a pattern covers a package; "..." is as in the go command.
func matches(pattern, pkg string) bool {
	if root, ok := strings.CutSuffix(pattern, "..."); ok {
		return root == "" || pkg+"/" == root || strings.HasPrefix(pkg, root)
	}
	return pattern == pkg
}

func (r rule) checkImports(file *ast.File, say func(token.Pos, string, ...any)) {
	for _, spec := range file.Imports {
		full, _ := strconv.Unquote(spec.Path.Value)
		local, own := strings.CutPrefix(full, module+"/")
		covers := func(patterns []string) bool {
			return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, local) || matches(p, full) })
		}
		switch {
		case r.Only != nil && !covers(r.Only):
			say(spec.Pos(), "must not import %s, only %s", full, strings.Join(r.Only, ", "))
		case r.Own != nil && own && !covers(r.Own):
			say(spec.Pos(), "must not import %s, of this module only %s", full, strings.Join(r.Own, ", "))
		case covers(r.Never):
			say(spec.Pos(), "must not import %s", full)
		}
	}
}

// clocks are the names of package time that read a clock or wait for it.
var clocks = []string{"Now", "Since", "Until", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick", "Sleep"}

func (r rule) checkSyntax(file *ast.File, info *types.Info, say func(token.Pos, string, ...any)) {
	ast.Inspect(file, func(n ast.Node) bool {
		construct := ""
		switch n := n.(type) {
		case *ast.GoStmt:
			construct = "go"
		case *ast.ChanType, *ast.SendStmt:
			construct = "chan"
		case *ast.UnaryExpr:
			if n.Op == token.ARROW {
				construct = "chan"
			}
		case *ast.SelectStmt:
			construct = "select"
		case *ast.RangeStmt:
			if isMap(info.TypeOf(n.X)) {
				construct = "map range"
			}
		case *ast.SelectorExpr:
			if isClock(n, info) {
				construct = "clock"
			}
		}
		if construct != "" && slices.Contains(r.Without, construct) {
			say(n.Pos(), "must not contain: %s", construct)
		}
		return true
	})
}

// isMap tells whether a type is a map, or a parameter that may be one.
func isMap(t types.Type) bool {
	if t == nil {
		return false
	}
	if parameter, ok := types.Unalias(t).(*types.TypeParam); ok {
		return slices.ContainsFunc(terms(parameter.Constraint()), isMap)
	}
	_, ok := t.Underlying().(*types.Map)
	return ok
}

// terms returns the types that a constraint names.
func terms(constraint types.Type) []types.Type {
	var all []types.Type
	switch c := constraint.Underlying().(type) {
	case *types.Interface:
		for embedded := range c.EmbeddedTypes() {
			if union, ok := embedded.(*types.Union); ok {
				for term := range union.Terms() {
					all = append(all, term.Type())
				}
				continue
			}
			all = append(all, terms(embedded)...)
		}
	default:
		all = append(all, constraint)
	}
	return all
}

func isClock(n *ast.SelectorExpr, info *types.Info) bool {
	x, ok := n.X.(*ast.Ident)
	if !ok || !slices.Contains(clocks, n.Sel.Name) {
		return false
	}
	name, ok := info.Uses[x].(*types.PkgName)
	return ok && name.Imported().Path() == "time"
}

// listed is what go list says of a package.
type listed struct {
	ImportPath, Dir, Export string
	GoFiles, IgnoredGoFiles []string
	CgoFiles                []string
	Module                  *struct{ Path string }
}

// moduleSources reads and type-checks every package of the module.
func moduleSources(t *testing.T) []source {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles,IgnoredGoFiles,CgoFiles,Module", "./...")
	cmd.Dir = ".."
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	exports := make(map[string]string)
	var own []listed
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		exports[p.ImportPath] = p.Export
		if p.Module != nil && p.Module.Path == module {
			own = append(own, p)
		}
	}
	fset := token.NewFileSet()
	compiled := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	var sources []source
	for _, p := range own {
		files := make(map[string]*ast.File)
		for _, name := range slices.Concat(p.GoFiles, p.IgnoredGoFiles, p.CgoFiles) {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			files[name] = file
		}
		local := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		sources = append(sources, typed(local, fset, files, compiled))
	}
	return sources
}

// typed type-checks a package as far as that goes; what stands in the way is the
// compiler's to report.
func typed(pkg string, fset *token.FileSet, files map[string]*ast.File, from types.Importer) source {
	info := &types.Info{Types: make(map[ast.Expr]types.TypeAndValue), Uses: make(map[*ast.Ident]types.Object), Defs: make(map[*ast.Ident]types.Object)}
	config := types.Config{Importer: from, Error: func(error) {}}
	var all []*ast.File
	for _, file := range files {
		all = append(all, file)
	}
	_, _ = config.Check(module+"/"+pkg, fset, all, info)
	return source{path: pkg, files: files, fset: fset, info: info}
}

// nameOnly imports packages of which only the path is known.
type nameOnly struct{}

func (nameOnly) Import(full string) (*types.Package, error) {
	p := types.NewPackage(full, path.Base(full))
	p.MarkComplete()
	return p, nil
}

// TestArrowsChecker shows that the check finds a breach of every rule, on its line.
func TestArrowsChecker(t *testing.T) {
	tests := []struct {
		name, pkg, file, source string
		want                    string // file:line and what; empty: nothing is wrong
	}{
		{"pure", "transitions", "a.go", `import "slices"; func f(n []int) { for range slices.Clone(n) {} }`, ""},
		{"encoding", "transitions", "a.go", `import "encoding/binary"`, "must not import encoding/binary"},
		{"net", "transitions", "a.go", `import "net/http"`, "must not import net/http"},
		{"blank import", "transitions", "a.go", `import _ "os"`, "must not import os"},
		{"explore", "transitions", "a.go", `import "github.com/custom-app/interlock/fsm/explore"`, "must not import github.com/custom-app/interlock/fsm/explore"},
		{"explore in proof", "transitions/proof", "a.go", `import "github.com/custom-app/interlock/fsm/explore"`, ""},
		{"random proof", "transitions/proof", "a.go", `import "math/rand"`, "must not import math/rand"},
		{"go", "transitions", "a.go", `func f() { go f() }`, "must not contain: go"},
		{"chan", "transitions", "a.go", `var c chan int`, "must not contain: chan"},
		{"receive", "transitions", "a.go", `func f[C ~chan int](c C) { <-c }`, "must not contain: chan"},
		{"select", "transitions", "a.go", `func f() { select {} }`, "must not contain: select"},
		{"map range", "transitions", "a.go", `type m map[int]int; func f(x m) { for range x {} }`, "must not contain: map range"},
		{"map field", "transitions", "a.go", `var s struct{ in []map[int]int }; func f() { for range s.in[0] {} }`, "must not contain: map range"},
		{"map parameter", "transitions", "a.go", `func f[M ~map[int]int](x M) { for range x {} }`, "must not contain: map range"},
		{"slice parameter", "transitions", "a.go", `func f[L ~[]int | ~[3]int](x L) { for range x {} }`, ""},
		{"clock", "fsm/explore", "a.go", `import clock "time"; var now = clock.Now()`, "must not contain: clock"},
		{"goroutine of an exploration", "fsm/explore", "a.go", `func f() { go f() }`, ""},
		{"looplab elsewhere", "fsm", "step.go", `import "github.com/looplab/fsm"`, "must not import github.com/looplab/fsm"},
		{"looplab", "fsm", "looplab.go", `import ("github.com/looplab/fsm"; "context")`, ""},
		{"lock elsewhere", "fsm", "step.go", `import "sync"`, "must not import sync"},
		{"lock", "fsm", "mailbox.go", `import "sync"`, ""},
		{"context in the mailbox", "fsm", "mailbox.go", `import "context"`, "must not import context"},
		{"goroutine of the mailbox", "fsm", "mailbox.go", `func f() { go f() }`, "must not contain: go"},
		{"graph of machines", "graph/render", "a.go", `import "github.com/custom-app/interlock/transitions"`, "must not import github.com/custom-app/interlock/transitions"},
		{"graph", "graph/render", "a.go", `import ("os"; "github.com/custom-app/interlock/graph")`, ""},
		{"authhttp with machines", "authhttp", "a.go", `import "github.com/custom-app/interlock/fsm"`, "must not import github.com/custom-app/interlock/fsm"},
		{"authhttp with sockets", "authhttp", "a.go", `import "github.com/custom-app/interlock/connector"`, "must not import github.com/custom-app/interlock/connector"},
		{"gorilla", "cmd/interlock", "a.go", `import "github.com/gorilla/websocket"`, "must not import github.com/gorilla/websocket"},
		{"gorilla of the connector", "connector", "a.go", `import "github.com/gorilla/websocket"; func f() { go f() }`, ""},
		{"gorilla of the adapter", "connector/internal/ws", "a.go", `import "github.com/gorilla/websocket"`, ""},
		{"goroutine of the adapter", "connector/internal/ws", "a.go", `func f() { go f() }`, "must not contain: go"},
		{"gorilla of the tests' server", "connector/connectortest", "a.go", `import "github.com/gorilla/websocket"; func f() { go f() }`, ""},
		{"gorilla of a codec", "connector/codec", "a.go", `import "github.com/gorilla/websocket"`, "must not import github.com/gorilla/websocket"},
		{"goroutine of a codec", "connector/codec/protobuf", "a.go", `func f() { go f() }`, "must not contain: go"},
		{"codec", "connector/codec/protobuf", "a.go", `import "github.com/custom-app/interlock/connector/codec"`, ""},
		{"codec with sockets", "connector/codec", "a.go", `import "github.com/custom-app/interlock/connector/internal/ws"`, "must not import github.com/custom-app/interlock/connector/internal/ws"},
		{"adapter with machines", "connector/internal/ws", "a.go", `import "github.com/custom-app/interlock/transitions"`, "must not import github.com/custom-app/interlock/transitions"},
		{"goroutine of a library", "authhttp", "a.go", `func f() { go f() }`, "must not contain: go"},
		{"goroutine of a program", "cmd/interlock", "a.go", `func f() { go f() }`, ""},
		{"program imported", "connector", "a.go", `import "github.com/custom-app/interlock/cmd/interlock"`, "must not import github.com/custom-app/interlock/cmd/interlock"},
		{"proof imported", "cmd/interlock", "a.go", `import "github.com/custom-app/interlock/property_tests"`, "must not import github.com/custom-app/interlock/property_tests"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, test.file, "package p\n\n"+test.source+"\n", parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			faults := violations(rules, []source{typed(test.pkg, fset, map[string]*ast.File{test.file: file}, nameOnly{})})
			if test.want == "" {
				if len(faults) != 0 {
					t.Errorf("got %q, want nothing", faults)
				}
				return
			}
			where := path.Join(test.pkg, test.file) + ":3: "
			if !slices.ContainsFunc(faults, func(f string) bool {
				return strings.HasPrefix(f, where) && strings.Contains(f, test.want) && slices.ContainsFunc(rules, func(r rule) bool { return strings.HasSuffix(f, ": "+r.Reason) })
			}) {
				t.Errorf("got %q, want one at %s that says %q and its reason", faults, where, test.want)
			}
		})
	}
}
