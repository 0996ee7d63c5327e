package journal

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/transitions"
)

// Replayer reads a journal, line by line, and gives each session's events to a core
// of its own. One goroutine may use it at a time.
type Replayer struct {
	// MachineLimit is how many machines there may be at once, those of all sessions
	// together, before the replay ends with an error; 0: 1<<20, at about 400 bytes
	// each. A session that is logged out may log in again, and so stays.
	MachineLimit int

	system   *transitions.System
	names    *names
	lines    lines
	sum      uint32
	sessions map[uint64]*Session
	order    []*Session
	machines int
	summary  Summary
	steps    []Step // of the record at hand
	err      error  // the first
}

// Summary is how far a journal was replayed.
type Summary struct {
	Records    uint64
	Sessions   int
	Truncated  bool   // the last line is cut off, and was not replayed; known at the end
	Renumbered uint64 // the first record whose rows the tables have under other numbers, though they do the same; 0: none
}

// Line is a line that was replayed.
type Line struct {
	Number  uint64 // from 1
	Record  uint64 // what begins a session has none: 0; a delay has that of its event
	Session uint64
	Event   *Event // nil: the line is none
}

var shipped = transitions.Shipped.Using(fsm.Table)

// NewReplayer returns a replayer by the tables of the system; nil: by those that the
// connector runs, [transitions.Shipped].
func NewReplayer(from io.Reader, system *transitions.System) *Replayer {
	if system == nil {
		system = shipped
	}
	return &Replayer{
		system: system, names: namesOf(system), lines: lines{from: bufio.NewReaderSize(from, 64<<10)}, sessions: make(map[uint64]*Session),
	}
}

// Replay replays a whole journal. The error is the first [*Error].
func Replay(from io.Reader, system *transitions.System) (Summary, error) {
	p := NewReplayer(from, system)
	for {
		if _, err := p.Next(); errors.Is(err, io.EOF) {
			return p.Summary(), nil
		} else if err != nil {
			return p.Summary(), err
		}
	}
}

// Summary returns how far the journal is replayed.
func (p *Replayer) Summary() Summary {
	s := p.summary
	s.Sessions, s.Truncated = len(p.order), p.lines.cut
	return s
}

// Sessions returns the sessions so far, in the order of their beginnings. The next
// line changes them.
func (p *Replayer) Sessions() []*Session { return p.order }

// Next replays one line, and checks that the tables make the same of it: each
// machine, id, state and effect, in order, and each refusal. The row's number only
// helps to find the row: see [Summary]. The error is io.EOF at the end, and
// else an [*Error]; after one, Next returns the same again.
func (p *Replayer) Next() (Line, error) {
	if p.err != nil {
		return Line{}, p.err
	}
	line, err := p.next()
	if err != nil {
		p.err = err
	}
	return line, err
}

func (p *Replayer) next() (Line, error) {
	text, err := p.lines.next()
	at := &Error{Line: p.lines.number, Record: p.summary.Records}
	if errors.Is(err, io.EOF) {
		if at.Line > 0 {
			return Line{}, io.EOF
		}
		if at.Line, at.Err = 1, errors.New("the journal is empty"); p.lines.cut {
			at.Err = errors.New("is cut off, or this is no journal")
		}
		return Line{}, at
	}
	line := Line{Number: at.Line}
	if err == nil {
		err = p.replay(text, &line)
	}
	if err != nil {
		if line.Session != 0 {
			at.Record, at.Session = line.Record, line.Session
		}
		at.Err = err
		return Line{}, at
	}
	return line, nil
}

// replay replays a line, and sets its fields as far as they can be told.
func (p *Replayer) replay(text []byte, line *Line) error {
	begins := func(with string) bool { return bytes.HasPrefix(text, []byte(with)) }
	if begins(headerBegins) {
		if err := ofThisVersion(text); err != nil {
			return err
		}
	} else if len(p.order) == 0 {
		return errors.New("the header is missing, or this is no journal")
	}
	object, sum, err := unseal(text)
	if err != nil {
		return err
	}
	switch {
	case begins(headerBegins):
		return p.begin(object, sum, line)
	case begins(eventBegins):
		return p.event(object, sum, line)
	case begins(addedBegins):
		return p.added(object, sum, line)
	case begins(delayBegins):
		return p.delay(object, sum, line)
	default:
		return errors.New("is no line of a journal")
	}
}

// ofThisVersion looks at no more of a line than what it says to be.
func ofThisVersion(line []byte) error {
	var what struct {
		Journal string `json:"journal"`
		Version int    `json:"version"`
	}
	if err := json.Unmarshal(line, &what); err != nil {
		return readable(err)
	}
	if what.Journal != format {
		return fmt.Errorf("journal: is of %.40q, not of %q", what.Journal, format)
	}
	if what.Version != Version {
		return fmt.Errorf("version: is %d, and this program reads %d", what.Version, Version)
	}
	return nil
}

// sealedBy checks the sum of a line.
func (p *Replayer) sealedBy(object []byte, sum uint32) error {
	want := sumOf(object, p.sum)
	if sum != want {
		return fmt.Errorf("was changed, or does not follow the line before it: its sum is %08x, want %08x", sum, want)
	}
	p.sum = sum
	return nil
}

// begin begins a session.
func (p *Replayer) begin(object []byte, sum uint32, line *Line) error {
	var h headerLine
	if err := decode(object, &h); err != nil {
		return err
	}
	if line.Session = h.Session; h.Session == 0 {
		return errors.New("session: is 0, the first is 1")
	}
	if p.sessions[h.Session] != nil {
		return errors.New("session: has begun before; a file holds one journal")
	}
	if err := p.sealedBy(object, sum); err != nil {
		return err
	}
	if _, err := engineOf(h.Engine); err != nil {
		return err
	}
	plan, count := transitions.Plan{Groups: h.Groups}, 0
	for i, s := range h.Sockets {
		one, err := s.Plan.plan()
		if err != nil {
			return fmt.Errorf("sockets[%d]: plan: %w", i, err)
		}
		plan.Sockets = append(plan.Sockets, one)
		count += 1 + min(max(one.Subscriptions, 0), 1<<8) // more are refused
	}
	if err := p.bounded(count); err != nil {
		return err
	}
	core, err := p.system.New(plan)
	if err != nil {
		return fmt.Errorf("sockets: %w", err)
	}
	s := &Session{Number: h.Session, Engine: h.Engine, system: p.system, core: core, sockets: make(map[uint32]string)}
	for i, socket := range h.Sockets {
		s.name(uint32(i), socket.Name)
	}
	p.sessions[h.Session], p.order = s, append(p.order, s)
	return p.recount(s)
}

// recordOf checks that a record is the next, and returns its session.
func (p *Replayer) recordOf(record, session uint64, line *Line) (*Session, error) {
	line.Record, line.Session = record, session
	switch next := p.summary.Records + 1; {
	case record > next:
		return nil, fmt.Errorf("record: is %d after %d: what is between is missing", record, next-1)
	case record < next:
		return nil, fmt.Errorf("record: is %d after %d", record, next-1)
	}
	return p.sessionOf(session)
}

func (p *Replayer) sessionOf(number uint64) (*Session, error) {
	if s := p.sessions[number]; s != nil {
		return s, nil
	}
	return nil, fmt.Errorf("session: %d has not begun: its header is missing", number)
}

// event gives an event to its core.
func (p *Replayer) event(object []byte, sum uint32, line *Line) error {
	var e Event
	if err := decode(object, &e); err != nil {
		return err
	}
	s, err := p.recordOf(e.Record, e.Session, line)
	if err != nil {
		return err
	}
	if err := p.sealedBy(object, sum); err != nil {
		return err
	}
	in, err := p.inputOf(&e)
	if err != nil {
		return err
	}
	outputs, refused, err := s.post(in)
	if err != nil {
		return err
	}
	if err := p.compare(&e, outputs, refused); err != nil {
		return err
	}
	s.note(e.Record, outputs)
	line.Event, p.summary.Records = &e, e.Record
	return p.recount(s)
}

func (p *Replayer) inputOf(e *Event) (transitions.Input, error) {
	in := transitions.Input{ID: e.ID, Gen: e.Gen, Arg: e.Arg}
	var err error
	if in.To, in.On, err = p.names.post(e.Machine, e.Event); err != nil {
		return in, err
	}
	if submits(in.To, in.On) != (e.Request != nil) {
		return in, errors.New("request: belongs to the event that submits one, and to no other")
	}
	if r := e.Request; r != nil {
		in.Request = transitions.RequestData{Repeatable: r.Repeatable, OneWay: r.OneWay, Written: r.Written}
		if in.Request.Need, err = needOf(r.Need); err != nil {
			return in, fmt.Errorf("request: %w", err)
		}
	}
	return in, nil
}

// added adds a socket to its core.
func (p *Replayer) added(object []byte, sum uint32, line *Line) error {
	var a addedLine
	if err := decode(object, &a); err != nil {
		return err
	}
	s, err := p.recordOf(a.Record, a.Session, line)
	if err != nil {
		return err
	}
	if err := p.sealedBy(object, sum); err != nil {
		return err
	}
	plan, err := a.Plan.plan()
	if err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	id, err := s.core.AddSocket(plan)
	if err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	if id != a.ID {
		return &Divergence{Journal: fmt.Sprintf("socket %d", a.ID), Tables: fmt.Sprintf("socket %d", id)}
	}
	s.name(id, a.Added)
	s.note(a.Record, nil)
	p.summary.Records = a.Record
	return p.recount(s)
}

// delay checks that the session's last record has started the timer.
func (p *Replayer) delay(object []byte, sum uint32, line *Line) error {
	var d delayLine
	if err := decode(object, &d); err != nil {
		return err
	}
	line.Record, line.Session = d.Record, d.Session
	s, err := p.sessionOf(d.Session)
	if err != nil {
		return err
	}
	if d.Record != s.Record {
		return fmt.Errorf("record: is %d, but the session's last is %d", d.Record, s.Record)
	}
	if err := p.sealedBy(object, sum); err != nil {
		return err
	}
	kind, event, err := p.names.post(d.Machine, d.Delay)
	if err != nil {
		return fmt.Errorf("delay: %w", err)
	}
	if d.Seconds < 0 {
		return errors.New("seconds: must not be negative")
	}
	i := slices.Index(s.started, timer{kind, d.ID, event})
	if i < 0 {
		return fmt.Errorf("delay: the record has not started the timer %s of the %s %d, or its delay was told before", d.Delay, d.Machine, d.ID)
	}
	s.started = slices.Delete(s.started, i, i+1)
	return nil
}

// recount counts the machines of a session anew.
func (p *Replayer) recount(s *Session) error {
	now := s.machines()
	p.machines += now - s.count
	s.count = now
	return p.bounded(0)
}

// bounded checks that there may be so many more machines.
func (p *Replayer) bounded(more int) error {
	limit := p.MachineLimit
	if limit == 0 {
		limit = 1 << 20
	}
	if p.machines+more > limit {
		return fmt.Errorf("there are more than %d machines at once", limit)
	}
	return nil
}
