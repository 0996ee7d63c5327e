package proof

import (
	"errors"
	"fmt"
	"strings"

	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/fsm/explore"
	t "github.com/custom-app/interlock/transitions"
)

// Plan says what is explored together: sockets, at most three, how often somebody
// may log in as another, at most three deep, and what is subscribed to and
// requested while running.
type Plan struct {
	Sockets  []t.SocketPlan
	Groups   int             // of sockets; 0: one
	Depth    int             // users above each other, beside the first
	Adds     int             // subscriptions that may be added at a time
	Joins    *t.SocketPlan   // a socket that may be added while logged in, one at a time; nil: none
	Requests []t.RequestData // those that may be submitted to each socket
	Pending  int             // how many of them at a time; 0: one

	// Calm leaves out what goes wrong with logins and tokens, and logins as another,
	// so that more of the sockets can be walked.
	Calm bool

	// To see what the other invariants say, some may be left out.
	Without []int // by their numbers, of those that states are held against
	Aimless bool  // what effects must come to at the other machines

	Limit    int                                              // states to visit at most; 0: no limit
	Workers  int                                              // goroutines that walk; 0: one
	Progress func(states, transitions, depth int) (more bool) // told now and then, by one goroutine at a time; nil: nobody
}

// validate joins the faults of a plan.
func (p Plan) validate() error {
	var faults []error
	sockets := len(p.Sockets)
	if p.Joins != nil {
		sockets++
	}
	if sockets > maxSockets {
		faults = append(faults, fmt.Errorf("proof: plan: Sockets: %d, at most %d, with the one that joins", sockets, maxSockets))
	}
	if p.Depth < 0 || p.Depth >= maxUsers {
		faults = append(faults, fmt.Errorf("proof: plan: Depth: %d, at most %d", p.Depth, maxUsers-1))
	}
	if p.Adds < 0 || p.Pending < 0 || p.Limit < 0 || p.Workers < 0 {
		faults = append(faults, errors.New("proof: plan: Adds, Pending, Limit and Workers must not be negative"))
	}
	if size := p.keySize(); size > keySize {
		faults = append(faults, fmt.Errorf("proof: plan: a world takes %d bytes, at most %d: fewer subscriptions or requests at a time", size, keySize))
	}
	return errors.Join(faults...)
}

// Report is what an exploration has seen.
type Report struct {
	States, Transitions, Depth int
	Whole                      bool
	Goals                      map[string]bool // which goals were reached
	Violation                  *Violation      // the first broken invariant; nil: all are held
	Err                        error           // the plan is wrong
}

// Reached returns the goals that were reached, in their order.
func (r *Report) Reached() (names []string) {
	for _, goal := range goals {
		if r.Goals[goal.Name] {
			names = append(names, goal.Name)
		}
	}
	return names
}

// Violation is a broken invariant with the shortest way to it.
type Violation struct {
	Invariant string // its number, or the clause
	Err       error  // how it is broken; it begins with the number
	Core      t.Plan // of the core, in its initial state
	Way       []t.Input
	Joins     *t.SocketPlan // of the socket that a step of the way adds, see [Adds]
	Scenario  string        // the same as a script, a line for each event
}

// Error has the number of the invariant, how it is broken, and the scenario.
func (v *Violation) Error() string {
	return fmt.Sprintf("proof: invariant %v\n%s", v.Err, v.Scenario)
}

// Adds tells whether a step of a way is no event, but a socket that is added.
func Adds(step t.Input) bool { return step == joins }

// Unwrap returns how the invariant is broken.
func (v *Violation) Unwrap() error { return v.Err }

// Explore walks the product of the system's session, login, tokens, sockets,
// subscriptions and requests, and holds every state and move against the
// invariants.
func Explore(system *t.System, plan Plan) Report {
	system = system.Using(fsm.Table)
	cores := t.Plan{Sockets: plan.Sockets, Groups: plan.Groups}
	core, err := system.New(cores)
	if err := errors.Join(err, plan.validate()); err != nil {
		return Report{Err: err}
	}
	var walkers []*walker
	fork := func() explore.Space[*world, t.Input, key] {
		x := newWalker()
		walkers = append(walkers, x)
		return explore.Space[*world, t.Input, key]{
			Key: (*world).key, Moves: x.moves, Check: x.check, Keep: (*world).kept,
			Same: func(a, b *world) bool { return a == b },
		}
	}
	space := fork()
	space.Start = []*world{{core: core, rules: newRules(system, plan)}}
	space.Fork, space.Workers, space.Progress, space.Limit = fork, plan.Workers, plan.Progress, plan.Limit
	walked := space.Walk()
	report := Report{States: walked.States, Transitions: walked.Transitions, Depth: walked.Depth, Whole: walked.Whole, Goals: make(map[string]bool)}
	for i, goal := range goals {
		for _, x := range walkers {
			report.Goals[goal.Name] = report.Goals[goal.Name] || x.reached[i]
		}
	}
	if v := walked.Violation; v != nil {
		number := "D3" // the core refuses an event in a way of its own
		var b *breach
		if errors.As(v.Err, &b) {
			number = b.invariant
		}
		report.Violation = &Violation{Invariant: number, Err: v.Err, Core: cores, Way: v.Path, Joins: plan.Joins, Scenario: scenario(system, plan, v.Path)}
	}
	return report
}

// scenario writes a way as a script that the scenario tests play, an event a line.
// A generation is the machine's own unless it is said to be the one before.
func scenario(system *t.System, plan Plan, way []t.Input) string {
	var text strings.Builder
	text.WriteString(planLine(plan))
	core, err := system.New(t.Plan{Sockets: plan.Sockets, Groups: plan.Groups})
	if err != nil {
		return err.Error()
	}
	for _, in := range way {
		fmt.Fprintln(&text, inputLine(system, core, in))
		if in == joins {
			_, _ = core.AddSocket(*plan.Joins)
			continue
		}
		_, _ = core.Post(in) // which is what the way is about
	}
	return text.String()
}

func planLine(plan Plan) string {
	line := fmt.Sprintf("core sockets=%d", len(plan.Sockets))
	if plan.Groups > 1 {
		line += fmt.Sprintf(" groups=%d", plan.Groups)
	}
	var subscriptions []string
	for _, s := range plan.Sockets {
		subscriptions = append(subscriptions, fmt.Sprint(s.Subscriptions))
	}
	if all := strings.Join(subscriptions, ","); strings.Trim(all, "0,") != "" {
		line += " subscriptions=" + all
	}
	if len(plan.Sockets) > 0 {
		first := plan.Sockets[0]
		limit := first.Limits[0]
		line += fmt.Sprintf(" count=%d bytes=%d policy=%s", limit.Count, limit.Bytes, limit.Policy)
		for _, flag := range []struct {
			name string
			set  bool
		}{{"public", first.Public}, {"early", first.Early}, {"renews", first.Renews}, {"noPing", first.NoPing}} {
			if flag.set {
				line += " " + flag.name + "=yes"
			}
		}
	}
	line += "\n"
	for i, s := range plan.Sockets {
		if first := plan.Sockets[0]; s.Public != first.Public || s.Early != first.Early || s.Renews != first.Renews || s.NoPing != first.NoPing {
			line += fmt.Sprintf("# socket %d differs: %+v\n", i, s)
		}
	}
	return line
}

func inputLine(system *t.System, core *t.Core, in t.Input) string {
	switch {
	case in == joins:
		return "socket add"
	case in.To == t.RequestKind && in.On == uint8(t.RequestSubmit):
		line := fmt.Sprintf("request submitted socket=%d size=%d need=%s", in.Gen, in.Arg, in.Request.Need)
		if in.Request.Repeatable {
			line += " repeatable=yes"
		}
		if in.Request.OneWay {
			line += " oneWay=yes"
		}
		return line
	case in.To == t.SubscriptionKind && in.On == uint8(t.SubscriptionAdded):
		return fmt.Sprintf("subscription added socket=%d", in.Gen)
	}
	line := in.To.String()
	if in.To != t.SessionKind && in.To != t.LoginKind {
		line += fmt.Sprintf(" %d", in.ID)
	}
	line += " " + system.EventName(in.To, in.On)
	if in.Arg != 0 {
		line += fmt.Sprintf(" arg=%d", in.Arg)
	}
	if gen, ok := core.Generation(in); ok && in.Gen+1 == gen {
		line += " gen=-1"
	}
	return line
}
