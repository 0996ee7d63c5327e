package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/custom-app/interlock/connector/journal"
	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/transitions"
)

var byTable = transitions.Shipped.Using(fsm.Table)

// tape drives some cores at random, and records them. pick draws a number from 0
// below n.
type tape struct {
	pick     func(n int) int
	text     bytes.Buffer
	writer   *journal.Writer
	system   *transitions.System
	cores    []*transitions.Core
	to       []*journal.Recorder
	events   [][]uint8 // of each machine that are drawn: those that the coupling does not post, or all
	wild     bool
	records  int
	refusals map[string]int
}

func newTape(system *transitions.System, sessions int, pick func(int) int) *tape {
	p := &tape{pick: pick, system: system, refusals: make(map[string]int)}
	p.writer = journal.NewWriter(&p.text, system)
	for i := range sessions {
		plan, recorded := transitions.Plan{Groups: 1 + pick(2)}, journal.Plan{}
		recorded.Groups = plan.Groups
		for j := range pick(3) {
			s := p.plan(plan.Groups)
			plan.Sockets = append(plan.Sockets, s)
			recorded.Sockets = append(recorded.Sockets, journal.Socket{Name: fmt.Sprintf("socket %d", j), Plan: s})
		}
		core, err := system.New(plan)
		if err != nil {
			panic(err)
		}
		p.cores, p.to = append(p.cores, core), append(p.to, p.writer.Session(uint64(i+1), recorded))
	}
	inside := map[string]bool{"subscription added": true, "request submitted": true}
	chart := system.Chart()
	for _, l := range chart.Links {
		inside[l.To+" "+l.Event] = true
	}
	for _, q := range chart.Quorums {
		inside[q.To+" "+q.Up], inside[q.To+" "+q.Down] = true, true
	}
	for _, b := range chart.Bounds {
		inside["request "+b.Event] = true
	}
	for _, m := range chart.Machines {
		var events []uint8
		for i, e := range m.Events {
			if !inside[m.Name+" "+e.Name] {
				events = append(events, uint8(i+1))
			}
		}
		p.events = append(p.events, events)
	}
	return p
}

// anything makes the tape post what no connector posts.
func (p *tape) anything() {
	p.wild = true
	for kind, m := range p.system.Chart().Machines {
		p.events[kind] = p.events[kind][:0]
		for i := range m.Events {
			p.events[kind] = append(p.events[kind], uint8(i+1))
		}
	}
}

func (p *tape) flip() bool { return p.pick(2) == 0 }

func (p *tape) plan(groups int) transitions.SocketPlan {
	plan := transitions.SocketPlan{
		Group: p.pick(groups), Subscriptions: p.pick(3),
		Public: p.flip(), Early: p.flip(), Renews: p.flip(), NoPing: p.flip(),
	}
	for need := range plan.Limits {
		plan.Limits[need] = transitions.Limit{Count: p.pick(4), Bytes: p.pick(20), Policy: transitions.Policy(p.pick(3))}
	}
	return plan
}

// step does one thing to one of the cores, and records it.
func (p *tape) step() error {
	i := p.pick(len(p.cores))
	core, to := p.cores[i], p.to[i]
	p.records++
	at := p.pick(40)
	if at == 0 && core.Sockets() < 4 {
		plan := p.plan(1)
		plan.Added, plan.Early = true, false
		id, err := core.AddSocket(plan)
		return errors.Join(err, to.Add(journal.Socket{Name: fmt.Sprintf("added %d", id), Plan: plan}, id))
	}
	in := p.draw(core, at)
	for range 8 {
		if in.To == transitions.SubscriptionKind || in.To == transitions.RequestKind || core.Moves(in) {
			break
		}
		in = p.draw(core, at)
	}
	outputs, refused := core.Post(in)
	switch {
	case errors.Is(refused, transitions.ErrDefect):
		p.refusals["defect"]++
	case errors.Is(refused, transitions.ErrSettled):
		p.refusals["settled"]++
	case errors.As(refused, new(*fsm.ImpossibleError)):
		p.refusals["impossible"]++
	case refused != nil:
		p.refusals["invalid"]++
	}
	if err := to.Post(in, outputs, refused); err != nil {
		return err
	}
	for _, out := range outputs {
		if out.What == transitions.Start && strings.HasSuffix(p.system.EventName(out.Machine, out.Timer), "retryDue") {
			if err := to.Delay(out, time.Duration(p.pick(1000))*time.Millisecond); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *tape) draw(core *transitions.Core, at int) transitions.Input {
	socket := uint32(p.pick(2))
	if n := core.Sockets(); n > 0 {
		socket = core.SocketID(p.pick(n))
	}
	switch at {
	case 1:
		return transitions.Input{To: transitions.SubscriptionKind, On: uint8(transitions.SubscriptionAdded), ID: core.NextSubscription(), Gen: socket}
	case 2, 3, 4:
		return transitions.Input{
			To: transitions.RequestKind, On: uint8(transitions.RequestSubmit), ID: core.NextRequest(), Gen: socket, Arg: uint32(p.pick(16)),
			Request: transitions.RequestData{Need: transitions.Need(p.pick(5)), Repeatable: p.flip(), OneWay: p.flip()},
		}
	}
	kind := []transitions.Kind{0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3, 4, 5}[p.pick(15)]
	in := transitions.Input{To: kind, On: p.events[kind][p.pick(len(p.events[kind]))], Arg: uint32(p.pick(4))}
	switch kind {
	case transitions.SessionKind:
		_, d := core.Session()
		in.Gen = d.Gen
	case transitions.LoginKind:
		_, d := core.Login()
		in.Gen = d.Gen
	case transitions.TokenKind:
		in.ID = uint32(p.pick(core.Tokens()))
		_, d := core.TokenOf(int(in.ID))
		in.Gen = d.Gen
	case transitions.SocketKind:
		in.ID = socket
		for i := range core.Sockets() {
			if core.SocketID(i) == socket {
				_, d := core.Socket(i)
				in.Gen = d.Gen
			}
		}
	case transitions.SubscriptionKind:
		in.ID = uint32(p.pick(int(core.NextSubscription()) + 1))
		for i := range core.Subscriptions() {
			if id, _, _, d := core.Subscription(i); id == in.ID {
				in.Gen = d.Gen
			}
		}
	case transitions.RequestKind:
		in.ID = core.NextRequest() - min(core.NextRequest(), uint32(p.pick(6)))
	}
	if p.pick(30) == 0 {
		in.Gen--
	}
	if p.wild {
		for _, number := range []*uint32{&in.ID, &in.Gen, &in.Arg} {
			if p.pick(20) == 0 {
				*number = []uint32{0, 1, 2, 1 << 31, ^uint32(0)}[p.pick(5)]
			}
		}
	}
	return in
}

// recorded is a journal of so many records of some sessions.
func recorded(t testing.TB, seed uint64, sessions, records int) string {
	t.Helper()
	p := newTape(byTable, sessions, rand.New(rand.NewPCG(seed, 0)).IntN)
	for range records {
		if err := p.step(); err != nil {
			t.Fatal(err)
		}
	}
	return p.text.String()
}

// resealed is a journal whose lines, as far as they have sums, have the right ones.
func resealed(text string) string {
	var b strings.Builder
	sum := uint32(0)
	for line := range strings.Lines(text) {
		at := strings.LastIndex(line, `,"sum":"`)
		if at < 0 || !strings.HasSuffix(line, "\n") {
			b.WriteString(line)
			continue
		}
		sum = crc32.Update(sum, crc32.MakeTable(crc32.Castagnoli), []byte(line[:at]))
		fmt.Fprintf(&b, "%s,\"sum\":\"%08x\"}\n", line[:at], sum)
	}
	return b.String()
}

// replayOf replays a text.
func replayOf(text string) (journal.Summary, *journal.Error) {
	summary, err := journal.Replay(strings.NewReader(text), nil)
	var fault *journal.Error
	if err != nil && !errors.As(err, &fault) {
		panic(err)
	}
	return summary, fault
}

// replayed replays a text, and holds what is true of any error.
func replayed(t testing.TB, text string) (journal.Summary, *journal.Error) {
	t.Helper()
	summary, err := replayOf(text)
	if err != nil && (err.Line == 0 || len(err.Error()) > 2000 || !strings.HasPrefix(err.Error(), "interlock: journal: line ")) {
		t.Errorf("got %.3000q, want an error of the journal, with its line", err.Error())
	}
	return summary, err
}
