package connector

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/custom-app/interlock/transitions"
)

// journal writes what a core was given and what came of it, as JSON Lines, in
// names. The core holds no secret, so neither does the journal.
type journal struct {
	to      io.Writer
	lines   *sync.Mutex // of all journals on the writer
	driver  *driver
	records uint64
	failed  bool
}

// record is one event's line before it is put into names.
type record struct {
	in      transitions.Input
	outputs []transitions.Output
	err     error

	added string // a socket that is added instead, with its id and plan
	id    uint32
	plan  transitions.SocketPlan
}

func newRecord(in transitions.Input, outputs []transitions.Output, err error) *record {
	return &record{in: in, outputs: slices.Clone(outputs), err: err}
}

type headLine struct {
	Journal string   `json:"journal"`
	Version int      `json:"version"`
	Session uint64   `json:"session"`
	Engine  string   `json:"engine"`
	Sockets []string `json:"sockets"`
}

type eventLine struct {
	Record  uint64     `json:"record"`
	Session uint64     `json:"session"`
	Machine string     `json:"machine"`
	ID      uint32     `json:"id"`
	Event   string     `json:"event"`
	Gen     uint32     `json:"gen"`
	Arg     uint32     `json:"arg"`
	Need    string     `json:"need,omitempty"`       // of a request
	Repeat  bool       `json:"repeatable,omitempty"` // a request
	OneWay  bool       `json:"oneWay,omitempty"`     // a request
	Refused string     `json:"refused,omitempty"`
	Steps   []stepLine `json:"steps,omitempty"`
}

type stepLine struct {
	Machine string   `json:"machine"`
	ID      uint32   `json:"id"`
	From    string   `json:"from"`
	Event   string   `json:"event"`
	To      string   `json:"to"`
	Row     int      `json:"row"` // of the machine's table, from 1
	Do      []string `json:"do,omitempty"`
}

type addLine struct {
	Record  uint64                 `json:"record"`
	Session uint64                 `json:"session"`
	Added   string                 `json:"added"`
	ID      uint32                 `json:"id"`
	Plan    transitions.SocketPlan `json:"plan"`
}

type delayLine struct {
	Record  uint64  `json:"record"` // of the event that leads to the delay
	Session uint64  `json:"session"`
	Machine string  `json:"machine"`
	ID      uint32  `json:"id"`
	Timer   string  `json:"timer"`
	Seconds float64 `json:"seconds"`
}

// begin writes the first line.
func (j *journal) begin() {
	line := headLine{Journal: "interlock", Version: 1, Session: j.driver.number, Engine: j.driver.settings.system.Engine().String(), Sockets: []string{}}
	for _, run := range j.driver.socketRuns() {
		if !run.wiring.plan.Added {
			line.Sockets = append(line.Sockets, run.wiring.id)
		}
	}
	j.put(line)
}

// write writes one event's line, before its effects are performed. The first
// line goes before the first event, so that its failure can be watched.
func (j *journal) write(r *record) {
	if j.records == 0 {
		j.begin()
	}
	system := j.driver.settings.system
	j.records++
	if r.added != "" {
		j.put(addLine{Record: j.records, Session: j.driver.number, Added: r.added, ID: r.id, Plan: r.plan})
		return
	}
	line := eventLine{
		Record: j.records, Session: j.driver.number, Machine: r.in.To.String(), ID: r.in.ID,
		Event: system.EventName(r.in.To, r.in.On), Gen: r.in.Gen, Arg: r.in.Arg,
	}
	if r.in.To == transitions.RequestKind && r.in.On == uint8(transitions.RequestSubmit) {
		line.Need, line.Repeat, line.OneWay = r.in.Request.Need.String(), r.in.Request.Repeatable, r.in.Request.OneWay
	}
	if r.err != nil {
		line.Refused = r.err.Error()
	}
	for _, out := range r.outputs {
		switch out.What {
		case transitions.Stepped:
			line.Steps = append(line.Steps, stepLine{
				Machine: out.Machine.String(), ID: out.ID, From: system.StateName(out.Machine, out.From),
				Event: system.EventName(out.Machine, out.On), To: system.StateName(out.Machine, out.To), Row: int(out.Row) + 1,
			})
		case transitions.Perform:
			last := &line.Steps[len(line.Steps)-1]
			last.Do = append(last.Do, system.EffectName(out.Machine, out.Effect))
		case transitions.Start, transitions.Stop:
			// The states say which timers run.
		}
	}
	j.put(line)
}

// delay notes how long a retry waits, which chance and the server have a say in.
func (j *journal) delay(out transitions.Output, delay time.Duration) {
	j.put(delayLine{
		Record: j.records, Session: j.driver.number, Machine: out.Machine.String(), ID: out.ID,
		Timer: j.driver.settings.system.EventName(out.Machine, out.Timer), Seconds: delay.Seconds(),
	})
}

// put writes a line. After a failed write, which is told once, the journal ends,
// so that it never has a gap.
func (j *journal) put(line any) {
	if j.failed {
		return
	}
	text, err := json.Marshal(line)
	if err == nil {
		j.lines.Lock()
		_, err = guarded(func() (int, error) { return j.to.Write(append(text, '\n')) })
		j.lines.Unlock()
	}
	if err != nil {
		j.failed = true
		j.driver.fail("", fmt.Errorf("interlock: journal: %w", err))
	}
}
