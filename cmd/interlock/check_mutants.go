package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/custom-app/interlock/transitions/proof"
)

// judgeAll judges every mutant, or those of one machine, by as many goroutines as
// can run at a time. When ctx ends it stops, and reports on those that are judged.
func (c *checkCommand) judgeAll(ctx context.Context, told *progress) (findings, error) {
	began := time.Now()
	trial, err := newTrial(ctx, c.Machine, told)
	if err != nil {
		return nil, err
	}
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(trial.run)
	}
	group.Wait()
	if trial.fault != nil && ctx.Err() == nil {
		return nil, trial.fault
	}
	judged := slices.DeleteFunc(trial.verdicts, func(v proof.Verdict) bool { return v.Of == "" })
	report := newMutantReport(judged, c.Machine, shippedEquivalents())
	report.Seconds = rounded(time.Since(began))
	if n := len(trial.mutants); len(judged) < n {
		report.Whole = false
		// What is said of the list of equivalents is not to be trusted then.
		report.broken = []error{fmt.Errorf("not whole: %d of %d mutants judged: %w", len(judged), n, context.Cause(ctx))}
	}
	return report, nil
}

// trial is the mutants that are judged, and how far that is.
type trial struct {
	ctx       context.Context
	mutants   []proof.Mutant
	alone     *proof.Judge                 // by a mutant's machine alone
	exploring func() (*proof.Judge, error) // by all; made for the first that needs it

	mu       sync.Mutex      // of what is below
	next     int             // mutant to judge
	verdicts []proof.Verdict // none where a mutant is not judged
	judged   int
	survived int
	fault    error
	told     *progress
}

func newTrial(ctx context.Context, machine string, told *progress) (*trial, error) {
	alone, err := proof.NewJudge()
	if err != nil {
		return nil, err
	}
	t := &trial{ctx: ctx, alone: alone, told: told}
	for m := range proof.Mutants() {
		if machine == "" || machine == m.Of {
			t.mutants = append(t.mutants, m)
		}
	}
	t.verdicts = make([]proof.Verdict, len(t.mutants))
	t.exploring = sync.OnceValues(func() (*proof.Judge, error) {
		plans := proof.Trials()
		for i := range plans {
			plans[i].Progress = func(_, _, _ int) bool { return ctx.Err() == nil }
		}
		return proof.NewJudge(plans...)
	})
	return t, nil
}

// run judges mutants until none is left.
func (t *trial) run() {
	for i, ok := t.take(); ok; i, ok = t.take() {
		verdict, err := t.judge(t.mutants[i])
		t.put(i, verdict, err)
	}
}

// take returns the next mutant to judge.
func (t *trial) take() (i int, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	i = t.next
	t.next++
	return i, i < len(t.mutants) && t.fault == nil && t.ctx.Err() == nil
}

// put notes the verdict on a mutant.
func (t *trial) put(i int, verdict proof.Verdict, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		t.fault = err
		return
	}
	if verdict.Catcher() == proof.Survived && t.ctx.Err() != nil {
		return // its explorations were ended early
	}
	t.verdicts[i] = verdict
	t.judged++
	if verdict.Catcher() == proof.Survived {
		t.survived++
	}
	t.told.tell(func() string {
		return fmt.Sprintf("%d of %d mutants judged, %d survive; now of %s", t.judged, len(t.mutants), t.survived, verdict.Of)
	})
}

// judge returns what catches a mutant: its machine alone, or else explorations.
func (t *trial) judge(m proof.Mutant) (proof.Verdict, error) {
	if verdict := t.alone.Judge(m); verdict.Catcher() != proof.Survived {
		return verdict, nil
	}
	exploring, err := t.exploring()
	if err != nil {
		return proof.Verdict{}, err
	}
	return exploring.Judge(m), nil
}
