package connector

import (
	"io"
	"slices"
	"time"

	"github.com/custom-app/interlock/connector/journal"
	"github.com/custom-app/interlock/transitions"
)

// record is what a core was given, before it is put into names.
type record struct {
	in      transitions.Input
	outputs []transitions.Output
	err     error

	added *journal.Socket // a socket that is added instead, with its id
	id    uint32
}

func newRecord(in transitions.Input, outputs []transitions.Output, err error) *record {
	return &record{in: in, outputs: slices.Clone(outputs), err: err}
}

// journalist writes the journal of one session. A failed write is told once, and
// is the last.
type journalist struct {
	driver *driver
	to     *journal.Recorder
	failed bool
}

// write writes one record, before its effects are performed.
func (j *journalist) write(r *record) {
	if r.added != nil {
		j.see(j.to.Add(*r.added, r.id))
	} else {
		j.see(j.to.Post(r.in, r.outputs, r.err))
	}
}

// delay notes how long a retry waits, which chance and the server have a say in.
func (j *journalist) delay(out transitions.Output, delay time.Duration) {
	j.see(j.to.Delay(out, delay))
}

func (j *journalist) see(err error) {
	if err != nil && !j.failed {
		j.failed = true
		j.driver.fail("", err)
	}
}

// journalWriter is the application's writer, whose panics are errors.
type journalWriter struct{ to io.Writer }

func (w journalWriter) Write(line []byte) (int, error) {
	return guarded(func() (int, error) { return w.to.Write(line) })
}
