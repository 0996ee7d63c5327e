package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/custom-app/interlock/connector/simulation"
	"github.com/custom-app/interlock/transitions"
)

// simulateCommand runs the client in virtual time over a faulty network.
type simulateCommand struct {
	Runs     int           `default:"100" placeholder:"N" help:"How many runs, each with a seed of its own. Default: ${default}."`
	Seed     uint64        `default:"0" placeholder:"S" help:"The seed of the first run; the others count up from it. Default: ${default}."`
	For      time.Duration `default:"24h" placeholder:"DURATION" help:"The virtual time that a run lasts, from 2h to 744h. Default: ${default}."`
	Journals string        `placeholder:"DIR" help:"Where the journals of runs that fail go, each a file. Default: the directory for temporary files."`
	Tries    int           `default:"200" placeholder:"N" help:"How many runs to spend on making a failing one shorter. Default: ${default}."`
	JSON     bool          `name:"json" help:"One JSON object at the end."`

	system *transitions.System // nil: the shipped machines
}

// Validate refuses what can be told from the arguments alone.
func (c *simulateCommand) Validate() error {
	switch {
	case c.Runs < 1 || c.Runs > 1e6:
		return fmt.Errorf("--runs: %d is not in 1 to 1000000", c.Runs)
	case c.For < 2*time.Hour || c.For > 31*24*time.Hour:
		return fmt.Errorf("--for: %v is not in 2h to 744h", c.For)
	case c.Tries < 0:
		return fmt.Errorf("--tries: %d is negative", c.Tries)
	}
	return nil
}

// failure is a run that has failed.
type failure struct {
	Seed uint64 `json:"seed"`
	simulation.Violation
	Acts    []simulation.Act `json:"acts"`              // the fewest that are known to lead to it
	Journal string           `json:"journal,omitempty"` // the file
	Tail    []string         `json:"tail"`              // the end of the journal
}

// verdict is what all runs came to.
type verdict struct {
	Runs             int               `json:"runs"`
	Seconds          float64           `json:"seconds"`
	SimulatedSeconds float64           `json:"simulatedSeconds"`
	Events           int               `json:"events"`
	Figures          map[string]int    `json:"figures"`
	Failures         []failure         `json:"failures"`
	Invariants       map[string]string `json:"invariants"`
}

// Run does the runs, as many at once as there are processors.
func (c *simulateCommand) Run(ctx context.Context, out *console) error {
	start := time.Now()
	seeds := make(chan uint64)
	go func() {
		defer close(seeds)
		for i := range c.Runs {
			select {
			case seeds <- c.Seed + uint64(i):
			case <-ctx.Done():
				return
			}
		}
	}()
	total := newVerdict()
	var mu sync.Mutex // of total and standard error
	var working sync.WaitGroup
	shown := start
	for range runtime.GOMAXPROCS(0) {
		working.Go(func() {
			for seed := range seeds {
				report, fault := c.simulate(seed)
				mu.Lock()
				total.add(report, fault)
				if fault != nil {
					_, _ = fmt.Fprintln(out.stderr, "interlock: simulate: "+fault.line())
				}
				if time.Since(shown) > 2*time.Second {
					shown = time.Now()
					_, _ = fmt.Fprintf(out.stderr, "interlock: simulate: %s\n", total.progress(c.Runs, time.Since(start)))
				}
				mu.Unlock()
			}
		})
	}
	working.Wait()
	total.Seconds = time.Since(start).Seconds()
	if err := total.print(out, c.JSON); err != nil {
		return fmt.Errorf("simulate: standard output: %w", err)
	}
	switch {
	case len(total.Failures) > 0:
		return fmt.Errorf("simulate: %d of %d runs have failed", len(total.Failures), total.Runs)
	case ctx.Err() != nil:
		return fmt.Errorf("simulate: stopped after %d of %d runs", total.Runs, c.Runs)
	}
	return nil
}

// simulate does one run. One that fails is made shorter, and its journal kept.
func (c *simulateCommand) simulate(seed uint64) (simulation.Report, *failure) {
	var journal bytes.Buffer
	run := simulation.Run{Seed: seed, For: c.For, System: c.system, Journal: &journal}
	report := run.Do()
	if len(report.Violations) == 0 {
		return report, nil
	}
	fault := &failure{Seed: seed, Violation: report.Violations[0], Tail: report.Tail}
	fault.Acts = run.Shrink(report, c.Tries).Acts
	dir := c.Journals
	if dir == "" {
		dir = os.TempDir()
	}
	file := filepath.Join(dir, fmt.Sprintf("interlock-simulate-%d.jsonl", seed))
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(file, journal.Bytes(), 0o600)); err != nil {
		fault.Text += fmt.Sprintf("; its journal is lost: %v", err)
	} else {
		fault.Journal = file
	}
	return report, fault
}

// line tells of a failure in one line.
func (f *failure) line() string {
	acts := make([]string, len(f.Acts))
	for i, act := range f.Acts {
		acts[i] = act.String()
	}
	return fmt.Sprintf("seed %d: invariant %d: after %v: %s; journal: %s; %d acts are enough: %s",
		f.Seed, f.Invariant, f.At, f.Text, f.Journal, len(acts), strings.Join(acts, ", "))
}

func newVerdict() *verdict {
	v := &verdict{Figures: make(map[string]int), Failures: []failure{}, Invariants: make(map[string]string)}
	for _, i := range simulation.Invariants() {
		v.Invariants[strconv.Itoa(i.Number)] = "held"
	}
	return v
}

// add adds one run.
func (v *verdict) add(report simulation.Report, fault *failure) {
	v.Runs++
	v.SimulatedSeconds += report.For.Seconds()
	v.Events += report.Figures.Events
	for name, n := range counted(report.Figures) {
		v.Figures[name] += n
	}
	if fault != nil {
		v.Failures = append(v.Failures, *fault)
	}
	for _, wrong := range report.Violations {
		v.Invariants[strconv.Itoa(wrong.Invariant)] = "violated"
	}
}

// counted are the figures by their names.
func counted(figures simulation.Figures) (counts map[string]int) {
	text, err := json.Marshal(figures)
	if err == nil {
		err = json.Unmarshal(text, &counts)
	}
	if err != nil {
		panic(err) // they are numbers
	}
	return counts
}

func (v *verdict) progress(runs int, took time.Duration) string {
	return fmt.Sprintf("%d of %d runs, %d events, %.1f simulated days a second, %d failures",
		v.Runs, runs, v.Events, v.SimulatedSeconds/(24*time.Hour).Seconds()/took.Seconds(), len(v.Failures))
}

// print prints the verdict.
func (v *verdict) print(to *console, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(to.stdout).Encode(v)
	}
	out := written{to: to.stdout}
	out.printf("%s, in %.1f s\n", v.progress(v.Runs, time.Duration(v.Seconds*float64(time.Second))), v.Seconds)
	for _, i := range simulation.Invariants() {
		out.printf("  %2d  %-8s  %s\n", i.Number, v.Invariants[strconv.Itoa(i.Number)], i.Text)
	}
	return out.err
}
