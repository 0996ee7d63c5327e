package main

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
)

// outcome is what a run of the program came to.
type outcome struct {
	status         int
	stdout, stderr string
}

func runWith(t *testing.T, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status := run(t.Context(), args, &stdout, &stderr)
	return outcome{status, stdout.String(), stderr.String()}
}

func TestUsage(t *testing.T) {
	for name, test := range map[string]struct {
		args   []string
		status int
		stderr []string
	}{
		"nothing":           {nil, wrongUsage, []string{`expected one of "connect", "demo", "serve", "replay", "check"`, "see interlock --help"}},
		"unknown command":   {[]string{"grap"}, wrongUsage, []string{"unexpected argument grap", `did you mean "graph"?`}},
		"unknown flag":      {[]string{"demo", "--bogus"}, wrongUsage, []string{"unknown flag --bogus", "see interlock demo --help"}},
		"unknown engine":    {[]string{"demo", "--engine", "steam"}, wrongUsage, []string{"--engine", `"looplab","table"`, `"steam"`}},
		"no file":           {[]string{"replay"}, wrongUsage, []string{`"<file>"`, "see interlock replay --help"}},
		"record 0":          {[]string{"replay", "x", "--at", "0"}, wrongUsage, []string{"--at", "the first record is 1"}},
		"record -1":         {[]string{"replay", "x", "--at=-1"}, wrongUsage, []string{"--at", `"-1"`}},
		"no machines":       {[]string{"replay", "x", "--machines", "0"}, wrongUsage, []string{"--machines", "at least 1"}},
		"no such file":      {[]string{"replay", "/nonexistent/x"}, failed, []string{"replay", "/nonexistent/x", "no such file"}},
		"no journal":        {[]string{"replay", "main_test.go"}, failed, []string{"line 1", "no journal"}},
		"a directory":       {[]string{"replay", "."}, failed, []string{"replay", "directory"}},
		"no machine":        {[]string{"graph"}, wrongUsage, []string{`"<machine>"`, "see interlock graph --help"}},
		"unknown machine":   {[]string{"graph", "foo"}, wrongUsage, []string{`"session"`, `"coupling"`, `"foo"`}},
		"unknown format":    {[]string{"graph", "session", "--format", "gif"}, wrongUsage, []string{"--format", `"svg"`, `"gif"`}},
		"no socket":         {[]string{"check", "--sockets", "0"}, wrongUsage, []string{"--sockets", "1, 2 or 3, not 0", "see interlock check --help"}},
		"four sockets":      {[]string{"check", "--sockets", "4"}, wrongUsage, []string{"--sockets", "1, 2 or 3, not 4"}},
		"sockets x":         {[]string{"check", "--sockets", "x"}, wrongUsage, []string{"--sockets", `"x"`}},
		"sockets, mutants":  {[]string{"check", "--sockets", "1", "--mutants"}, wrongUsage, []string{"--sockets", "--mutants", "together"}},
		"product, mutants":  {[]string{"check", "--product-only", "--mutants"}, wrongUsage, []string{"--product-only", "--mutants", "together"}},
		"journal, mutants":  {[]string{"check", "--journal", "x", "--mutants"}, wrongUsage, []string{"--journal", "--mutants", "together"}},
		"no such machine":   {[]string{"check", "--mutants", "--machine", "foo"}, wrongUsage, []string{"--machine", `"socket"`, `"foo"`}},
		"machine alone":     {[]string{"check", "--machine", "socket"}, wrongUsage, []string{"--machine", "--mutants"}},
		"address":           {[]string{"serve", "--addr", "foo"}, wrongUsage, []string{"--addr", `"foo"`, "HOST:PORT"}},
		"port":              {[]string{"serve", "--addr", "127.0.0.1:99999"}, wrongUsage, []string{"--addr", `"99999"`, "65535"}},
		"life":              {[]string{"serve", "--access-life", "0s"}, wrongUsage, []string{"--access-life", "1ms"}},
		"life of no unit":   {[]string{"serve", "--access-life", "5"}, wrongUsage, []string{"--access-life", `"5"`}},
		"journal":           {[]string{"demo", "--journal", "/nonexistent/x"}, failed, []string{"--journal", "/nonexistent/x", "name a file that can be written"}},
		"output":            {[]string{"graph", "login", "-o", "/nonexistent/x"}, failed, []string{"-o /nonexistent/x", "no such file"}},
		"output to nowhere": {[]string{"graph", "login", "-o", os.DevNull}, failed, []string{os.DevNull, "not an ordinary file"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := runWith(t, test.args...)
			if got.status != test.status || got.stdout != "" {
				t.Errorf("got status %d and stdout %q, want %d and none", got.status, got.stdout, test.status)
			}
			for _, want := range test.stderr {
				if !strings.Contains(got.stderr, want) {
					t.Errorf("got stderr %q, want it to have %q", got.stderr, want)
				}
			}
			for line := range strings.Lines(got.stderr) {
				if !strings.HasPrefix(line, "interlock: ") || strings.Count(line, "interlock: ") != 1 {
					t.Errorf("got %q, want it to begin with the program's name, once", line)
				}
			}
		})
	}
}

func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"connect", "--help"}, {"demo", "--help"}, {"serve", "-h"}, {"graph", "--help"}, {"graph", "nothing", "-h"}, {"replay", "--help"}, {"check", "--help"}} {
		got := runWith(t, args...)
		if got.status != done || got.stderr != "" || !strings.HasPrefix(got.stdout, "Usage: interlock") {
			t.Errorf("%v: got %+v, want help on stdout", args, got)
		}
	}
}

func TestCommands(t *testing.T) {
	got := runWith(t, "--help")
	var commands []string
	_, list, _ := strings.Cut(got.stdout, "Commands:\n")
	for line := range strings.Lines(list) {
		if rest, ok := strings.CutPrefix(line, "  "); ok && !strings.HasPrefix(rest, " ") {
			commands = append(commands, strings.Fields(rest)[0])
		}
	}
	if want := []string{"connect", "demo", "serve", "replay", "check", "simulate", "graph", "version"}; !slices.Equal(commands, want) {
		t.Errorf("got commands %q, want %q", commands, want)
	}
}

func TestVersion(t *testing.T) {
	got := runWith(t, "version")
	if got.status != done || !strings.HasPrefix(got.stdout, "interlock ") || !strings.Contains(got.stdout, " go1.") {
		t.Errorf("got %+v, want a version", got)
	}
}

// fullDisk takes nothing.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestOutputFails(t *testing.T) {
	for _, args := range [][]string{{"version"}, {"graph", "login"}, {"demo"}, {"demo", "--json"}, {"check", "--mutants", "--machine", "request"}, {"simulate", "--runs", "1", "--for", "2h"}, {"simulate", "--runs", "1", "--for", "2h", "--json"}, {"serve", "--addr", "127.0.0.1:0"}, {"serve", "--json", "--addr", "127.0.0.1:0"}} {
		var stderr bytes.Buffer
		status := run(t.Context(), args, fullDisk{}, &stderr)
		if status != failed || !strings.Contains(stderr.String(), os.ErrClosed.Error()) {
			t.Errorf("%v: got status %d, stderr %q, want a failure that says why", args, status, stderr.String())
		}
	}
}

func TestTerminal(t *testing.T) {
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("SKIPPED, not tested here: no pseudo-terminal: %v", err)
	}
	defer func() { _ = terminal.Close() }()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = null.Close() }()

	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "")
	if !isColoured(terminal) || isColoured(null) || isColoured(&bytes.Buffer{}) {
		t.Errorf("got colour %v on a terminal, %v on the null device, %v in a buffer, want only the first",
			isColoured(terminal), isColoured(null), isColoured(&bytes.Buffer{}))
	}
	t.Setenv("NO_COLOR", "1")
	if isColoured(terminal) {
		t.Error("got colour although NO_COLOR is set")
	}
	if v := newView(terminal); v.size == nil || v.coloured {
		t.Errorf("got a line that says how things are: %v, colour: %v, want the line alone", v.size != nil, v.coloured)
	}
	t.Setenv("TERM", "dumb")
	if v := newView(terminal); v.size != nil {
		t.Error("got a line that says how things are on a terminal that cannot move its cursor")
	}
	var stderr bytes.Buffer
	status := run(t.Context(), []string{"graph", "session", "--format", "png"}, terminal, &stderr)
	if status != failed || !strings.Contains(stderr.String(), "-o session.png") {
		t.Errorf("got status %d, stderr %q, want a PNG on a terminal refused with a hint", status, stderr.String())
	}
}
