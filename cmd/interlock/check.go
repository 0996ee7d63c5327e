package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/custom-app/interlock/transitions"
	"github.com/custom-app/interlock/transitions/proof"
)

// checkCommand explores the machines, or tests what holds them.
type checkCommand struct {
	Sockets     *int   `xor:"sockets" placeholder:"N" help:"Sockets of the product: 1, 2, or 3, which has no requests then. Default: 2."`
	ProductOnly bool   `xor:"product" help:"Walk the product alone, without what is explored beside it."`
	Mutants     bool   `xor:"sockets,product,journal" help:"Change the tables, a row at a time, and see that each change is noticed."`
	Machine     string `default:"" enum:",session,login,token,socket,subscription,request,coupling" placeholder:"MACHINE" help:"With --mutants: change this machine alone: session, login, token, socket, subscription, request, or coupling."`
	Journal     string `xor:"journal" placeholder:"FILE" help:"Where something is broken, write the shortest run to it into this file, as a journal."`
	JSON        bool   `name:"json" help:"One JSON object on standard output."`

	subject *subject // nil: what is shipped
}

// subject is what is checked.
type subject struct {
	system *transitions.System
	rules  func() error // holds the rules of each machine alone
	parts  []proof.Named
}

// rareGC makes the collector run when the heap has grown fourfold: most of what an
// exploration allocates stays.
const rareGC = 300

// memoryGoal makes it run more often again from there on.
const memoryGoal = 3 << 30

// Validate refuses what can be told from the arguments alone.
func (c *checkCommand) Validate() error {
	if n := c.sockets(); n < 1 || n > 3 {
		return fmt.Errorf("--sockets: must be 1, 2 or 3, not %d", n)
	}
	if c.Machine != "" && !c.Mutants {
		return errors.New("--machine: is for --mutants")
	}
	return nil
}

func (c *checkCommand) sockets() int {
	if c.Sockets == nil {
		return 2
	}
	return *c.Sockets
}

// Run checks, and shows what came of it even where that fails.
func (c *checkCommand) Run(ctx context.Context, out *console) error {
	check := c.walkAll
	if c.Mutants {
		check = c.judgeAll
	}
	told := newProgress(out.stderr)
	found, err := check(ctx, told)
	told.wipe()
	if err != nil {
		return fmt.Errorf("check: %w", err)
	}
	to := &written{to: out.stdout}
	if c.JSON {
		err = json.NewEncoder(to).Encode(found)
	} else {
		found.print(to)
	}
	if err == nil {
		err = to.err
	}
	if err != nil {
		return fmt.Errorf("check: standard output: %w", err)
	}
	var faults []error
	for _, fault := range found.faults() {
		faults = append(faults, fmt.Errorf("check: %w", fault))
	}
	return errors.Join(faults...)
}

// findings are what came of a check.
type findings interface {
	print(to *written)
	faults() []error // what makes the check fail
}

// walkAll holds the rules and explores the product and, unless that is not wanted,
// what is explored beside it. When ctx ends it stops where it is.
func (c *checkCommand) walkAll(ctx context.Context, told *progress) (findings, error) {
	of := c.subject
	if of == nil {
		of = &subject{transitions.Shipped, proof.HoldTables, proof.Parts()}
	}
	plans := []proof.Named{proof.Whole(c.sockets())}
	if !c.ProductOnly {
		plans = append(plans, of.parts...)
	}
	defer debug.SetGCPercent(debug.SetGCPercent(rareGC))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(memoryGoal))
	report := newCheckReport(c.sockets(), !c.ProductOnly)
	told.tell(func() string { return "the rules of each machine alone" })
	report.holdRules(of.rules())
	for _, plan := range plans {
		began := time.Now()
		plan.Workers = runtime.GOMAXPROCS(0)
		plan.Progress = func(states, transitions, depth int) bool {
			told.tell(func() string {
				speed := float64(states) / time.Since(began).Seconds()
				return fmt.Sprintf("%s: %d states, %d transitions, %.0f states/s, depth %d", plan.Name, states, transitions, speed, depth)
			})
			return ctx.Err() == nil
		}
		explored := proof.Explore(of.system, plan.Plan)
		if explored.Err != nil {
			return nil, fmt.Errorf("%s: %w", plan.Name, explored.Err)
		}
		report.add(plan.Name, explored, time.Since(began))
		if !explored.Whole && ctx.Err() != nil {
			report.cut = context.Cause(ctx)
			break
		}
	}
	report.conclude()
	if c.Journal != "" && report.way != nil {
		report.unwritten = c.writeJournal(of.system, report.way)
	}
	return report, nil
}

func (c *checkCommand) writeJournal(system *transitions.System, way *proof.Violation) error {
	journal, err := journalOf(system, way)
	if err == nil {
		err = replace(c.Journal, journal)
	}
	if err != nil {
		return fmt.Errorf("--journal %s: %w", c.Journal, err)
	}
	return nil
}
