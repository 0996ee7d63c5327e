package journal

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"sync"
	"time"

	"github.com/custom-app/interlock/transitions"
)

// castagnoli is the polynomial of the sums.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Writer writes one journal, each line in one Write. It may be used by many
// goroutines. After a failed write it writes nothing more, so that the journal
// never has a gap: whoever writes gets the same error.
type Writer struct {
	names  *names
	engine string

	mu      sync.Mutex
	to      io.Writer
	records uint64
	sum     uint32
	err     error
}

// NewWriter returns a writer of the journal of cores that run the system; nil:
// [transitions.Shipped].
func NewWriter(to io.Writer, system *transitions.System) *Writer {
	if system == nil {
		system = transitions.Shipped
	}
	return &Writer{names: namesOf(system), engine: system.Engine().String(), to: to}
}

// Recorder writes the lines of one session. One goroutine may use it at a time.
type Recorder struct {
	writer  *Writer
	session uint64
	plan    Plan
	begun   bool
	record  uint64 // the last one
}

// Session returns the recorder of a session, whose number, from 1, no other one
// of the journal has. What begins the session is written before its first record.
func (w *Writer) Session(number uint64, plan Plan) *Recorder {
	return &Recorder{writer: w, session: number, plan: plan}
}

// Post writes what the core was given, and what [transitions.Core.Post] returned;
// the core runs the writer's system.
func (r *Recorder) Post(in transitions.Input, outputs []transitions.Output, refused error) error {
	line, err := r.writer.names.input(in)
	if err != nil {
		return fmt.Errorf("interlock: journal: %w", err)
	}
	line.Session, line.Steps = r.session, r.writer.names.steps(nil, outputs)
	if refused != nil {
		line.Refused, line.Why = refusal(refused), refused.Error()
	}
	return r.put(func(record uint64) any { line.Record = record; return line })
}

// Add writes that a socket was added, and the id that [transitions.Core.AddSocket]
// returned.
func (r *Recorder) Add(s Socket, id uint32) error {
	line := addedLine{Added: s.Name, Session: r.session, ID: id, Plan: lineOfPlan(s.Plan)}
	return r.put(func(record uint64) any { line.Record = record; return line })
}

// Delay writes how long a timer runs that an output of the last event starts.
func (r *Recorder) Delay(start transitions.Output, delay time.Duration) error {
	timer, err := r.writer.names.input(transitions.Input{To: start.Machine, On: start.Timer})
	if err != nil {
		return fmt.Errorf("interlock: journal: %w", err)
	}
	w := r.writer
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.put(delayLine{
		Delay: timer.Event, Record: r.record, Session: r.session, Machine: timer.Machine, ID: start.ID, Seconds: delay.Seconds(),
	})
}

// put writes a record under the next number, and before the first what begins the
// session.
func (r *Recorder) put(line func(record uint64) any) error {
	w := r.writer
	w.mu.Lock()
	defer w.mu.Unlock()
	if !r.begun {
		if err := w.put(w.header(r.session, r.plan)); err != nil {
			return err
		}
		r.begun = true
	}
	w.records++
	r.record = w.records
	return w.put(line(r.record))
}

func (w *Writer) header(session uint64, plan Plan) headerLine {
	line := headerLine{Journal: format, Version: Version, Session: session, Engine: w.engine, Groups: plan.Groups, Sockets: []socketLine{}}
	for _, s := range plan.Sockets {
		line.Sockets = append(line.Sockets, socketLine{s.Name, lineOfPlan(s.Plan)})
	}
	return line
}

// put writes a line with its sum. The caller holds the lock.
func (w *Writer) put(line any) error {
	if w.err == nil {
		w.err = w.write(line)
	}
	return w.err
}

func (w *Writer) write(line any) error {
	text, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("interlock: journal: %w", err)
	}
	text, w.sum = sealed(text, w.sum)
	if len(text) > LineLimit {
		return fmt.Errorf("interlock: journal: a line of %d bytes, at most %d", len(text), LineLimit)
	}
	n, err := w.to.Write(text)
	if err == nil && n < len(text) {
		err = io.ErrShortWrite
	}
	if err != nil {
		return fmt.Errorf("interlock: journal: %w", err)
	}
	return nil
}

// sealed returns a JSON object with its sum and a line's end, given the sum of the
// lines before it.
func sealed(object []byte, before uint32) (line []byte, sum uint32) {
	body := object[:len(object)-1]
	sum = crc32.Update(before, castagnoli, body)
	return fmt.Appendf(body, sumBegins+"%08x"+sumEnds+"\n", sum), sum
}

// A line ends with its sum, of eight digits.
const (
	sumBegins = `,"sum":"`
	sumEnds   = `"}`
	sumLength = len(sumBegins) + 8 + len(sumEnds)
)
