package graph_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/graph"
)

var update = flag.Bool("update", false, "write the golden files anew")

// chart and system are charts made by hand.
type (
	chart  fsm.Chart
	system fsm.SystemChart
)

func (c chart) Chart() fsm.Chart        { return fsm.Chart(c) }
func (s system) Chart() fsm.SystemChart { return fsm.SystemChart(s) }

// door is followed by the session of the coupled sample.
var door = chart{
	Name: "door", Initial: "shut",
	States:  []fsm.ChartState{{Name: "shut"}, {Name: "open"}},
	Events:  []fsm.ChartEvent{{Name: "push", Cause: fsm.User}, {Name: "tooMany", Cause: fsm.Coupled}},
	Effects: []fsm.ChartEffect{{Name: "ring"}},
	Rows: []fsm.ChartRow{
		{From: []string{"shut"}, On: []string{"push"}, To: "open", Do: []string{"ring"}},
		{From: []string{"open"}, On: []string{"push", "tooMany"}, To: "shut"},
	},
}

// weird has names that mean something to DOT, HTML or Mermaid.
var weird = chart{
	Name: `<b>&"weird"\N`, Initial: `a "b" <c> & d\n`,
	States: []fsm.ChartState{
		{Name: `a "b" <c> & d\n`, Group: "node", Doc: "tab\tnul\x00 bad\xff"},
		{Name: "日本語", Group: "node", Kind: fsm.Follow, By: `}"];`},
		{Name: "]]>", Kind: fsm.Wait, Timers: []string{"--> x : y"}},
		{Name: "node", Doc: "has the name of a group"},
	},
	Events: []fsm.ChartEvent{{Name: "--> x : y", Cause: fsm.Timer}, {Name: "%%{init}%%", Cause: fsm.Failure}, {Name: "go\nto", Cause: fsm.User}, {Name: "x", Cause: fsm.Cause(99)}},
	Rows: []fsm.ChartRow{
		{From: []string{`a "b" <c> & d\n`}, On: []string{"go\nto"}, If: "a<b && c>d", To: "日本語", Do: []string{`"`, ";", "<br/>"}},
		{From: []string{`a "b" <c> & d\n`, "日本語"}, On: []string{"%%{init}%%"}, To: "]]>"},
		{From: []string{"]]>"}, On: []string{"--> x : y", "x"}, To: `a "b" <c> & d\n`},
		{From: []string{"]]>", `a "b" <c> & d\n`}, On: []string{"x"}, To: "node"},
	},
}

func coupled(t *testing.T) system {
	return system{
		Name:     "coupled",
		Machines: []fsm.Chart{sample(t).Chart(), fsm.Chart(door)},
		Links: []fsm.ChartLink{
			{From: "door", Effect: "ring", To: "session", Event: "opened", Scope: "owner"},
			{From: "session", Effect: "dial", To: "door", Event: "push", Scope: "each door", Gen: "own"},
			{From: "session", Effect: "closeSocket", To: "door", Event: "push", Scope: "each door"},
		},
		Quorums: []fsm.ChartQuorum{{Over: "all doors", All: []string{"open"}, To: "session", Up: "allReady", Down: "notReady"}},
		Bounds:  []fsm.ChartBound{{Over: "all doors", In: "open", Policy: "oldest first", Event: "tooMany"}},
	}
}

// documents are all that the package writes of the samples, by golden file.
func documents(t *testing.T) map[string]func(io.Writer) error {
	m, s := sample(t), coupled(t)
	return map[string]func(io.Writer) error{
		"session.dot":  func(w io.Writer) error { return graph.DOT(w, m) },
		"session.mmd":  func(w io.Writer) error { return graph.Mermaid(w, m) },
		"session.json": func(w io.Writer) error { return graph.JSON(w, m) },
		"coupled.dot":  func(w io.Writer) error { return graph.SystemDOT(w, s) },
		"coupled.mmd":  func(w io.Writer) error { return graph.SystemMermaid(w, s) },
		"coupled.json": func(w io.Writer) error { return graph.SystemJSON(w, s) },
		"all.dot":      func(w io.Writer) error { return graph.AllDOT(w, s) },
		"all.mmd":      func(w io.Writer) error { return graph.AllMermaid(w, s) },
		"all.json":     func(w io.Writer) error { return graph.AllJSON(w, s) },
		"current.dot":  func(w io.Writer) error { return graph.DOT(w, graph.At(m, "socketAuthed")) },
		"current.mmd":  func(w io.Writer) error { return graph.Mermaid(w, graph.At(m, "socketAuthed")) },
		"current.json": func(w io.Writer) error { return graph.JSON(w, graph.At(m, "socketAuthed")) },
		"weird.dot":    func(w io.Writer) error { return graph.DOT(w, weird) },
		"weird.mmd":    func(w io.Writer) error { return graph.Mermaid(w, weird) },
		"weird.json":   func(w io.Writer) error { return graph.JSON(w, weird) },
	}
}

func TestGolden(t *testing.T) {
	for name, document := range documents(t) {
		t.Run("G1 "+name, func(t *testing.T) {
			var got bytes.Buffer
			if err := document(&got); err != nil {
				t.Fatal(err)
			}
			path := "testdata/" + name
			if *update {
				if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%s is not current; look at it with: go test ./graph -update && git diff", path)
			}
		})
	}
}

func TestSameBytesOnEveryRun(t *testing.T) {
	for name, document := range documents(t) {
		t.Run("G1 "+name, func(t *testing.T) {
			var want bytes.Buffer
			_ = document(&want)
			for range 100 {
				var got bytes.Buffer
				if err := document(&got); err != nil || !bytes.Equal(got.Bytes(), want.Bytes()) {
					t.Fatalf("got other bytes than the first time (error %v)", err)
				}
			}
		})
	}
}

func dotOf(t *testing.T, m graph.Machine) string {
	t.Helper()
	var b strings.Builder
	if err := graph.DOT(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestDOTDrawsEachPairOnce(t *testing.T) {
	dot := dotOf(t, sample(t))
	for what, want := range map[string]int{
		`"socketOpening" -> "socketOpening#socketAuthing" [`:              1,
		`"socketOpening#socketAuthing" -> "socketAuthing" [`:              1,
		`"/signed in/one connection##reconnectWait" -> "reconnectWait" [`: 1, // four states lose their connection alike
		`ltail="cluster/signed in/one connection"`:                        3,
		`"#start" -> "loggedOut" [`:                                       1,
		"heartbeat</b>":                                                   0, // stays are not drawn
		"unauthorized [firstRefusal]":                                     1,
	} {
		if got := strings.Count(dot, what); got != want {
			t.Errorf("got %d times %s, want %d", got, what, want)
		}
	}
}

func TestMainLine(t *testing.T) {
	dot := dotOf(t, sample(t))
	for _, l := range strings.Split(dot, "\n") {
		failure := strings.Contains(l, "->") && strings.Contains(l, "style=dashed")
		if failure && (!strings.Contains(l, "constraint=false") || strings.Contains(l, "weight=100")) {
			t.Errorf("a failure pulls on the main line: %s", l)
		}
	}
	main := []string{"loggedOut", "authenticating", "socketOpening", "socketAuthing", "socketAuthed", "subscribed"}
	for i, from := range main[:len(main)-1] {
		want := `"` + from + "#" + main[i+1] + `" -> "` + main[i+1] + `" [`
		at := strings.Index(dot, want)
		if at < 0 || !strings.Contains(strings.SplitN(dot[at:], "\n", 2)[0], "weight=100") {
			t.Errorf("%s to %s is not on the main line", from, main[i+1])
		}
	}
}

func TestMainLinePassesByWhatCanFail(t *testing.T) {
	dot := dotOf(t, chart{
		Name: "line", Initial: "ready",
		States: []fsm.ChartState{{Name: "ready"}, {Name: "waiting"}, {Name: "closing"}},
		Events: []fsm.ChartEvent{{Name: "ended", Cause: fsm.Peer}, {Name: "dropped", Cause: fsm.Failure}, {Name: "close", Cause: fsm.User}},
		Rows: []fsm.ChartRow{
			{From: []string{"ready"}, On: []string{"ended", "dropped"}, To: "waiting"},
			{From: []string{"ready"}, On: []string{"close"}, To: "closing"},
		},
	})
	for state, want := range map[string]bool{"ready": true, "waiting": false, "closing": true} {
		if got := strings.Contains(dot, "<b>"+state+"</b>>, group=main,"); got != want {
			t.Errorf("%s is on the main line: got %t, want %t", state, got, want)
		}
	}
}

func TestEveryNameIsInEveryDocument(t *testing.T) {
	for _, name := range []string{"session.dot", "session.mmd", "session.json"} {
		var got strings.Builder
		if err := documents(t)[name](&got); err != nil {
			t.Fatal(err)
		}
		for _, s := range declaration.States {
			if !strings.Contains(got.String(), s.Name) {
				t.Errorf("%s does not name %s", name, s.Name)
			}
		}
	}
}

func TestMermaidDrawsEachPairOnce(t *testing.T) {
	var b strings.Builder
	if err := graph.Mermaid(&b, sample(t)); err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, l := range strings.Split(b.String(), "\n") {
		pair, _, drawn := strings.Cut(l, " : ")
		if !drawn || !strings.Contains(pair, "-->") {
			continue
		}
		if seen[pair] {
			t.Errorf("got %s twice, want once", pair)
		}
		seen[pair] = true
	}
	if want := 26; len(seen) != want {
		t.Errorf("got %d pairs, want %d", len(seen), want)
	}
}

func TestJSONIsWholeAndInWords(t *testing.T) {
	var b bytes.Buffer
	if err := graph.JSON(&b, sample(t)); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Initial string
		States  []struct{ Name, Kind, Group string }
		Events  []struct{ Name, Cause string }
		Rows    []struct{ From, On []string }
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := sample(t).Chart()
	if got.Initial != want.Initial || len(got.States) != len(want.States) || len(got.Rows) != len(want.Rows) {
		t.Errorf("got %s, %d states, %d rows, want %s, %d, %d", got.Initial, len(got.States), len(got.Rows), want.Initial, len(want.States), len(want.Rows))
	}
	if s := got.States[refreshing]; s.Kind != "follow" || s.Group != "signed in" {
		t.Errorf("got refreshing as %+v, want a follow state of signed in", s)
	}
	if e := got.Events[loginDenied-1]; e.Cause != "failure" {
		t.Errorf("got cause %q of loginDenied, want failure", e.Cause)
	}
}

func TestBadCharts(t *testing.T) {
	broken := func(change func(*chart)) chart {
		c := door
		c.Rows = append([]fsm.ChartRow{}, door.Rows...)
		change(&c)
		return c
	}
	for want, c := range map[string]chart{
		`door: Initial: state "ajar"`: broken(func(c *chart) { c.Initial = "ajar" }),
		`door: row 1: state "ajar"`:   broken(func(c *chart) { c.Rows[0].To = "ajar" }),
		`door: row 2: state "ajar"`:   broken(func(c *chart) { c.Rows[1].From = []string{"ajar"} }),
		`door: row 2: event "pull"`:   broken(func(c *chart) { c.Rows[1].On = []string{"pull"} }),
		`: Initial: state ""`:         {},
	} {
		for name, err := range map[string]error{
			"DOT": graph.DOT(io.Discard, c), "Mermaid": graph.Mermaid(io.Discard, c),
			"AllDOT":     graph.AllDOT(io.Discard, system{Machines: []fsm.Chart{fsm.Chart(c)}}),
			"AllMermaid": graph.AllMermaid(io.Discard, system{Machines: []fsm.Chart{fsm.Chart(c)}}),
		} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got error %v, want one with %s", name, err, want)
			}
		}
	}
}

func TestBadSystems(t *testing.T) {
	machines := []fsm.Chart{fsm.Chart(door)}
	for want, s := range map[string]system{
		`link 1: leads from "door" to "window"`: {Machines: machines, Links: []fsm.ChartLink{{From: "door", To: "window"}}},
		`quorum 1: To: "window"`:                {Machines: machines, Quorums: []fsm.ChartQuorum{{To: "window"}}},
		`bound 1: no machine`:                   {Machines: machines, Bounds: []fsm.ChartBound{{In: "ajar"}}},
	} {
		for name, err := range map[string]error{
			"SystemDOT": graph.SystemDOT(io.Discard, s), "SystemMermaid": graph.SystemMermaid(io.Discard, s),
			"AllDOT": graph.AllDOT(io.Discard, s), "AllMermaid": graph.AllMermaid(io.Discard, s),
		} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got error %v, want one with %s", name, err, want)
			}
		}
	}
}

func TestWriterThatFails(t *testing.T) {
	for name, document := range documents(t) {
		r, w := io.Pipe()
		r.Close()
		if err := document(w); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("%s: got %v, want %v", name, err, io.ErrClosedPipe)
		}
	}
}
