package journal

import (
	"fmt"

	"github.com/custom-app/interlock/transitions"
)

// Version is the version of the format that is written and read.
const Version = 2

// LineLimit is how long a line may be, in bytes. An event that settles a hundred
// thousand requests at once fits.
const LineLimit = 16 << 20

const format = "interlock"

// Plan is what a session begins with.
type Plan struct {
	Groups  int // as in [transitions.Plan]
	Sockets []Socket
}

// Socket is a socket with its name.
type Socket struct {
	Name string
	Plan transitions.SocketPlan
}

// Event is what a core was given, and what came of it.
type Event struct {
	Record  uint64   `json:"record"`
	Session uint64   `json:"session"`
	Machine string   `json:"machine"`
	ID      uint32   `json:"id"`
	Event   string   `json:"event"`
	Gen     uint32   `json:"gen"`
	Arg     uint32   `json:"arg"`
	Request *Request `json:"request,omitempty"` // of a request that is submitted
	Refused string   `json:"refused,omitempty"` // impossible, settled, invalid or defect; empty: it was not
	Why     string   `json:"why,omitempty"`     // it was refused, in words
	Steps   []Step   `json:"steps,omitempty"`
}

// Request is what a submitted request is.
type Request struct {
	Need       string `json:"need"`
	Repeatable bool   `json:"repeatable,omitempty"`
	OneWay     bool   `json:"oneWay,omitempty"`
	Written    bool   `json:"written,omitempty"`
}

// Step is a row that a machine took.
type Step struct {
	Machine string   `json:"machine"`
	ID      uint32   `json:"id"`
	From    string   `json:"from"`
	Event   string   `json:"event"`
	To      string   `json:"to"`
	Row     int      `json:"row"` // of the machine's table, from 1
	Do      []string `json:"do,omitempty"`
}

// String returns the step without its row.
func (s Step) String() string {
	return fmt.Sprintf("%s %d: %s -%s-> %s %v", s.Machine, s.ID, s.From, s.Event, s.To, s.Do)
}

type headerLine struct {
	Journal string       `json:"journal"`
	Version int          `json:"version"`
	Session uint64       `json:"session"`
	Engine  string       `json:"engine"`
	Groups  int          `json:"groups"`
	Sockets []socketLine `json:"sockets"`
}

type socketLine struct {
	Name string   `json:"name"`
	Plan planLine `json:"plan"`
}

type addedLine struct {
	Added   string   `json:"added"`
	Record  uint64   `json:"record"`
	Session uint64   `json:"session"`
	ID      uint32   `json:"id"`
	Plan    planLine `json:"plan"`
}

type delayLine struct {
	Delay   string  `json:"delay"`
	Record  uint64  `json:"record"` // of the event that leads to the delay
	Session uint64  `json:"session"`
	Machine string  `json:"machine"`
	ID      uint32  `json:"id"`
	Seconds float64 `json:"seconds"`
}

type planLine struct {
	Group         int         `json:"group"`
	Limits        []limitLine `json:"limits"`
	Subscriptions int         `json:"subscriptions"`
	Public        bool        `json:"public,omitempty"`
	Early         bool        `json:"early,omitempty"`
	Renews        bool        `json:"renews,omitempty"`
	Added         bool        `json:"added,omitempty"`
	NoPing        bool        `json:"noPing,omitempty"`
}

type limitLine struct {
	Need   string `json:"need"`
	Count  int    `json:"count"`
	Bytes  int    `json:"bytes"`
	Policy string `json:"policy"`
}

func lineOfPlan(p transitions.SocketPlan) planLine {
	line := planLine{
		Group: p.Group, Subscriptions: p.Subscriptions,
		Public: p.Public, Early: p.Early, Renews: p.Renews, Added: p.Added, NoPing: p.NoPing,
	}
	for need, limit := range p.Limits {
		line.Limits = append(line.Limits, limitLine{transitions.Need(need).String(), limit.Count, limit.Bytes, limit.Policy.String()})
	}
	return line
}

func (l planLine) plan() (transitions.SocketPlan, error) {
	p := transitions.SocketPlan{
		Group: l.Group, Subscriptions: l.Subscriptions,
		Public: l.Public, Early: l.Early, Renews: l.Renews, Added: l.Added, NoPing: l.NoPing,
	}
	if len(l.Limits) != len(p.Limits) {
		return p, fmt.Errorf("limits: there are %d, want %d", len(l.Limits), len(p.Limits))
	}
	var said [len(p.Limits)]bool
	for i, limit := range l.Limits {
		need, err := needOf(limit.Need)
		if err != nil || need == noNeed || said[need] {
			return p, fmt.Errorf("limits[%d]: need: %.40q is unknown, or there twice", i, limit.Need)
		}
		policy, err := policyOf(limit.Policy)
		if err != nil {
			return p, fmt.Errorf("limits[%d]: %w", i, err)
		}
		p.Limits[need], said[need] = transitions.Limit{Count: limit.Count, Bytes: limit.Bytes, Policy: policy}, true
	}
	return p, nil
}
