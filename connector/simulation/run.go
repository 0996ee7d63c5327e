package simulation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/transitions"
)

// Run is one run: a client with two sockets, and all that happens to it in a day.
type Run struct {
	Seed    uint64              // of everything that chance has a say in
	For     time.Duration       // of virtual time; 0: 24 h
	Acts    []Act               // what happens; nil: what Day draws from the seed
	System  *transitions.System // the machines; nil: transitions.Shipped
	Journal io.Writer           // gets the client's journal; nil: only its end is kept, for the report

	edit func(*connector.Config[credentials, user]) // plants a bug; nil: none
}

// Figures are what a run has seen.
type Figures struct {
	Events      int `json:"events"` // lines of the journal
	Commands    int `json:"commands"`
	Faults      int `json:"faults"`
	Dials       int `json:"dials"`       // of sockets
	Connections int `json:"connections"` // upgrades that succeeded
	Readies     int `json:"readies"`
	Messages    int `json:"messages"`
	Requests    int `json:"requests"` // on sockets
	Settled     int `json:"settled"`
	HTTP        int `json:"http"`
	Refreshes   int `json:"refreshes"`
	Recoveries  int `json:"recoveries"` // checks that all is well after the faults
	Logouts     int `json:"logouts"`    // checks that nothing is left
}

// Violation is an invariant that did not hold.
type Violation struct {
	Invariant int           `json:"invariant"` // its number in Invariants; 0: the run itself has failed
	At        time.Duration `json:"at_ns"`     // after the run has begun
	Text      string        `json:"text"`
}

// Error says what did not hold, and when.
func (v Violation) Error() string {
	return fmt.Sprintf("interlock: simulation: invariant %d: after %v: %s", v.Invariant, v.At, v.Text)
}

// Report is what became of a run.
type Report struct {
	Seed       uint64
	For        time.Duration // of virtual time, until the end or the first violation
	Figures    Figures
	Violations []Violation // the first few; none: everything held
	Acts       []Act       // what has happened until then
	Tail       []string    // the last lines of the journal
}

// Err is the first violation, or nil.
func (r Report) Err() error {
	if len(r.Violations) == 0 {
		return nil
	}
	return r.Violations[0]
}

// tailLength is how many lines of the journal a report has.
const tailLength = 40

// tail counts lines, and keeps the last ones. The connector writes them one at a time.
type tail struct {
	to    io.Writer
	lines int
	last  [][]byte
	leak  string
}

// Write keeps one line.
func (t *tail) Write(line []byte) (int, error) {
	t.lines++
	if t.leak == "" {
		t.leak = secret(line)
	}
	if len(t.last) < tailLength {
		t.last = append(t.last, nil)
	}
	i := (t.lines - 1) % tailLength
	t.last[i] = append(t.last[i][:0], line...)
	if t.to == nil {
		return len(line), nil
	}
	return t.to.Write(line)
}

func (t *tail) text() (lines []string) {
	for i := range t.last {
		lines = append(lines, string(bytes.TrimSpace(t.last[(t.lines+i)%len(t.last)])))
	}
	return lines
}

// Do does the run, in a testing/synctest bubble of its own: it takes as long as the
// machine is busy with it, and may be called from many goroutines at once, by any
// program, though not within another bubble. A panic on a goroutine of the run's own ends the program, as panics do.
func (r Run) Do() (report Report) {
	if r.For == 0 {
		r.For = 24 * time.Hour
	}
	if r.Acts == nil {
		r.Acts = Day(r.Seed, r.For)
	}
	journal := &tail{to: r.Journal}
	report.Seed = r.Seed
	var w *world
	defer func() {
		p := recover()
		if p != nil && w == nil {
			panic(p) // there is no bubble
		}
		if p != nil { // its goroutines wait for each other
			w.violation(28, "%v", p)
		}
		w.conclude(&report, journal)
		report.Acts = r.Acts[:w.acted]
	}()
	// A T that no test runs does for a function that uses nothing of it, and is what
	// a program without tests has.
	synctest.Test(new(testing.T), func(*testing.T) {
		w = newWorld()
		if err := w.furnish(r, journal); err != nil {
			w.violation(0, "%v", err)
			w.shut()
			return
		}
		w.live(r.Acts)
	})
	return report
}

// conclude fills in the report.
func (w *world) conclude(report *Report, journal *tail) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if journal.leak != "" {
		w.note(8, "the journal holds a secret, %s…", journal.leak)
	}
	report.For, report.Figures, report.Violations = w.lived, w.figures, w.wrong
	report.Figures.Events, report.Tail = journal.lines, journal.text()
}

// live lives through the acts, until something is wrong.
func (w *world) live(acts []Act) {
	for i, act := range acts {
		time.Sleep(time.Until(w.began.Add(act.At)))
		if w.failed() {
			break
		}
		w.acted = i + 1
		if err := w.perform(act); err != nil {
			w.violation(0, "%v", err)
		}
		w.sees()
	}
	if !w.failed() {
		w.heal()
		w.leaves()
	}
	w.mu.Lock()
	w.lived = time.Since(w.began)
	w.mu.Unlock()
	w.end()
}

// end ends everything; the bubble tells when a goroutine is left.
func (w *world) end() {
	w.heal()
	defer w.command()()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err := w.session.Close(ctx)
	settled := w.settled()
	if err = errors.Join(err, w.session.Close(ctx)); err != nil { // a login may have begun behind the first
		w.violation(27, "the session did not end: %v", err)
	}
	w.stopped.Store(err != nil || !settled)
	time.Sleep(dying)
	for _, l := range w.lines {
		if n := w.openTaps(l); n > 0 {
			w.violation(10, "%d connections of socket %s are open after the end", n, l.id)
		}
	}
	w.shut()
	synctest.Wait()
	if n := w.network.OpenConns(); n > 0 {
		w.violation(10, "%d connections are open after the end", n)
		w.network.Drop()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.figures.Settled != w.figures.Requests {
		w.note(15, "%d requests were made, and %d have settled", w.figures.Requests, w.figures.Settled)
	}
}

// shut closes everything but the session.
func (w *world) shut() {
	for _, s := range w.streams {
		s.Close()
	}
	if w.backend != nil {
		if err := w.backend.Close(); err != nil {
			w.violation(0, "%v", err)
		}
	}
	if err := w.foreign.Close(); err != nil {
		w.violation(0, "%v", err)
	}
	w.base.CloseIdleConnections()
	w.joins.Wait()
}

// settled waits until every command and request has come to its end.
func (w *world) settled() bool {
	all := make(chan struct{})
	w.joins.Go(func() {
		w.running.Wait()
		close(all)
	})
	select {
	case <-all:
		return true
	case <-time.After(time.Hour):
		w.violation(28, "something has not come to its end an hour after the session was closed")
		return false
	}
}
