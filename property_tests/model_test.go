package propertytests

import (
	"errors"
	"slices"

	"pgregory.net/rapid"

	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/transitions"
)

// model is what a core must have told of itself: it reads outputs alone, keeps
// its own books, and compares.
type model struct {
	system  *transitions.System
	plan    transitions.Plan
	core    *transitions.Core
	outside map[transitions.Kind][]uint8 // events that the coupling does not post

	states   map[port]uint8      // of the session, the login, the token and each socket
	buffers  [2][]waiting        // requests that wait for each socket, in order
	sent     map[uint32]bool     // requests on the wire
	settled  map[uint32]int      // how often each request was settled
	timers   map[port][]uint8    // what runs for each machine
	requests map[uint32]struct{} // submitted
}

type port struct {
	kind transitions.Kind
	id   uint32
}

type waiting struct{ id, size uint32 }

func newModel(t *rapid.T, system *transitions.System) *model {
	m := &model{
		system: system, outside: outsideEvents(system), states: make(map[port]uint8), timers: make(map[port][]uint8),
		sent: make(map[uint32]bool), settled: make(map[uint32]int), requests: make(map[uint32]struct{}),
	}
	for range m.buffers {
		m.plan.Sockets = append(m.plan.Sockets, transitions.SocketPlan{
			Limit: transitions.Limit{
				Count: rapid.IntRange(0, 3).Draw(t, "count"), Bytes: rapid.IntRange(0, 12).Draw(t, "bytes"),
				Policy: rapid.SampledFrom([]transitions.Policy{transitions.DropOldest, transitions.DropNewest, transitions.Refuse}).Draw(t, "policy"),
			},
			Public: rapid.Bool().Draw(t, "public"), Early: rapid.Bool().Draw(t, "early"),
		})
	}
	core, err := system.New(m.plan)
	if err != nil {
		t.Fatal(err)
	}
	m.core = core
	return m
}

// outsideEvents returns the events of each machine that no link, quorum or bound
// posts.
func outsideEvents(system *transitions.System) map[transitions.Kind][]uint8 {
	chart := system.Chart()
	inside := make(map[string]bool)
	for _, l := range chart.Links {
		inside[l.To+" "+l.Event] = true
	}
	for _, q := range chart.Quorums {
		inside["session "+q.Up], inside["session "+q.Down] = true, true
	}
	for _, b := range chart.Bounds {
		inside["request "+b.Event] = true
	}
	outside := make(map[transitions.Kind][]uint8)
	for kind, machine := range chart.Machines {
		for i, e := range machine.Events {
			if !inside[machine.Name+" "+e.Name] && e.Name != "submitted" {
				outside[transitions.Kind(kind)] = append(outside[transitions.Kind(kind)], uint8(i+1))
			}
		}
	}
	return outside
}

// draw draws any input.
func (m *model) draw(t *rapid.T) transitions.Input { return m.drawOn(t, m.core) }

func (m *model) drawOn(t *rapid.T, core *transitions.Core) transitions.Input {
	at := *m
	at.core = core
	switch rapid.IntRange(0, 3).Draw(t, "which") {
	case 0:
		return at.drawInput(t)
	case 1:
		return at.drawSubmit(t)
	default:
		return at.drawGood(t)
	}
}

// drawInput draws an event that the environment may post at any time, whether it
// makes sense or not.
func (m *model) drawInput(t *rapid.T) transitions.Input {
	in := transitions.Input{To: rapid.SampledFrom([]transitions.Kind{
		transitions.SessionKind, transitions.LoginKind, transitions.TokenKind, transitions.SocketKind, transitions.SocketKind, transitions.RequestKind,
	}).Draw(t, "machine")}
	in.On = rapid.SampledFrom(m.outside[in.To]).Draw(t, "event")
	in.Arg = rapid.Uint32Range(0, 3).Draw(t, "arg")
	switch in.To {
	case transitions.SocketKind:
		in.ID = rapid.Uint32Range(0, 1).Draw(t, "socket")
	case transitions.TokenKind:
		in.ID = rapid.Uint32Range(0, uint32(m.core.Tokens())).Draw(t, "user") // one who is not there, too
	case transitions.RequestKind:
		in.ID = rapid.Uint32Range(0, m.core.NextRequest()).Draw(t, "request")
	}
	in.Gen = generation(m.core, in.To, in.ID)
	switch rapid.IntRange(0, 9).Draw(t, "age") {
	case 0:
		in.Gen--
	case 1:
		in.Gen = rapid.Uint32().Draw(t, "gen")
	}
	return in
}

// generation returns the generation that a machine's events have now.
func generation(core *transitions.Core, machine transitions.Kind, id uint32) uint32 {
	switch machine {
	case transitions.SessionKind:
		_, d := core.Session()
		return d.Gen
	case transitions.LoginKind:
		_, d := core.Login()
		return d.Gen
	case transitions.TokenKind:
		if int(id) < core.Tokens() {
			_, d := core.TokenOf(int(id))
			return d.Gen
		}
	case transitions.SocketKind:
		_, d := core.Socket(int(id))
		return d.Gen
	}
	return 0
}

// drawGood draws what a server that behaves does next, so that runs get far.
func (m *model) drawGood(t *rapid.T) transitions.Input {
	switch state, _ := m.core.Session(); state {
	case transitions.SessionLoggedOut:
		on := rapid.SampledFrom([]transitions.SessionEvent{transitions.SessionLoginRequested, transitions.SessionResumeRequested, transitions.SessionRequired, transitions.SessionOpenRequested}).Draw(t, "command")
		return transitions.Input{To: transitions.SessionKind, On: uint8(on)}
	case transitions.SessionSubscribed:
		if rapid.Bool().Draw(t, "as another") {
			return transitions.Input{To: transitions.SessionKind, On: uint8(transitions.SessionLoginAsRequested)}
		}
	}
	switch state, d := m.core.Login(); state {
	case transitions.LoginGated:
		return transitions.Input{To: transitions.LoginKind, On: uint8(transitions.LoginGateOpened), Gen: d.Gen}
	case transitions.LoginLoading:
		return transitions.Input{To: transitions.LoginKind, On: uint8(transitions.LoginLoaded), Gen: d.Gen, Arg: transitions.TokenPair}
	case transitions.LoginRequesting:
		return transitions.Input{To: transitions.LoginKind, On: uint8(transitions.LoginAccepted), Gen: d.Gen, Arg: transitions.TokenPair}
	}
	user := m.core.Tokens() - 1
	in := transitions.Input{To: transitions.TokenKind, ID: uint32(user)}
	switch state, d := m.core.TokenOf(user); state {
	case transitions.TokenStoring:
		in.On, in.Gen = uint8(transitions.TokenStored), d.Gen
		return in
	case transitions.TokenRefreshing, transitions.TokenRestoring:
		in.On, in.Gen, in.Arg = uint8(transitions.TokenRefreshed), d.Gen, transitions.TokenPair
		return in
	}
	id := rapid.Uint32Range(0, 1).Draw(t, "socket")
	state, d := m.core.Socket(int(id))
	in = transitions.Input{To: transitions.SocketKind, ID: id, Gen: d.Gen}
	switch state {
	case transitions.SocketOpening:
		in.On = uint8(transitions.SocketOpened)
	case transitions.SocketAuthenticating:
		in.On = uint8(transitions.SocketAuthAccepted)
	case transitions.SocketAuthed:
		in.On = uint8(transitions.SocketSubscriptionsSent)
	case transitions.SocketWaiting:
		in.On = uint8(transitions.SocketRetryDue)
	default:
		in.On = uint8(transitions.SocketStable)
	}
	return in
}

func (m *model) drawSubmit(t *rapid.T) transitions.Input {
	return transitions.Input{
		To: transitions.RequestKind, On: uint8(transitions.RequestSubmit), ID: m.core.NextRequest(),
		Gen: rapid.Uint32Range(0, 1).Draw(t, "socket"), Arg: rapid.Uint32Range(0, 14).Draw(t, "size"),
	}
}

// post gives an input to the core and reads what it says came of it.
func (m *model) post(t *rapid.T, in transitions.Input) {
	before := m.core.Key()
	outputs, err := m.core.Post(in)
	if err != nil {
		if errors.Is(err, transitions.ErrDefect) {
			t.Fatalf("%s %d %s: %v", in.To, in.ID, m.system.EventName(in.To, in.On), err)
		}
		if !errors.As(err, new(*fsm.ImpossibleError)) && !errors.Is(err, transitions.ErrSettled) {
			t.Fatalf("%+v: %v", in, err)
		}
		if got := m.core.Key(); got != before || len(outputs) != 0 {
			t.Fatalf("%+v was refused and has changed %q to %q, %v", in, before, got, outputs)
		}
		return
	}
	if in.To == transitions.RequestKind && in.On == uint8(transitions.RequestSubmit) {
		m.requests[in.ID] = struct{}{}
		m.buffers[in.Gen] = append(m.buffers[in.Gen], waiting{in.ID, in.Arg})
	}
	for _, out := range outputs {
		m.book(t, out)
	}
}

// book enters one output and compares it with the books.
func (m *model) book(t *rapid.T, out transitions.Output) {
	at := port{out.Machine, out.ID}
	switch out.What {
	case transitions.Stepped:
		if m.states[at] != out.From {
			t.Fatalf("%v steps from %d, was in %d", at, out.From, m.states[at])
		}
		m.states[at] = out.To
		if out.Machine == transitions.RequestKind && out.From != out.To {
			m.move(t, out.ID, transitions.RequestState(out.From), transitions.RequestState(out.To))
		}
	case transitions.Start:
		if slices.Contains(m.timers[at], out.Timer) {
			t.Fatalf("%v starts %d, which runs", at, out.Timer)
		}
		m.timers[at] = append(m.timers[at], out.Timer)
	case transitions.Stop:
		i := slices.Index(m.timers[at], out.Timer)
		if i < 0 {
			t.Fatalf("%v stops %d, which does not run", at, out.Timer)
		}
		m.timers[at] = slices.Delete(m.timers[at], i, i+1)
	case transitions.Perform:
		if out.Machine == transitions.RequestKind && out.Effect == uint8(transitions.RequestSettle) {
			if m.settled[out.ID]++; m.settled[out.ID] > 1 {
				t.Fatalf("request %d is settled twice", out.ID)
			}
		}
	}
}

// move books a request that leaves the buffer or settles: it leaves in the order
// of submission, and an overflow takes whom the policy names.
func (m *model) move(t *rapid.T, id uint32, from, to transitions.RequestState) {
	if from == transitions.RequestSent {
		if !m.sent[id] {
			t.Fatalf("request %d was not on the wire", id)
		}
		delete(m.sent, id)
		return
	}
	for s, buffer := range m.buffers {
		i := slices.IndexFunc(buffer, func(w waiting) bool { return w.id == id })
		if i < 0 {
			continue
		}
		limit := m.plan.Sockets[s].Limit
		newest := i == len(buffer)-1
		switch {
		case to == transitions.RequestSent && i != 0:
			t.Fatalf("request %d is sent before %d", id, buffer[0].id)
		case to == transitions.RequestDropped && limit.Policy == transitions.DropOldest && i != 0:
			t.Fatalf("request %d is dropped as the oldest, which is %d", id, buffer[0].id)
		case to == transitions.RequestDropped && limit.Policy == transitions.DropNewest && !newest:
			t.Fatalf("request %d is dropped as the newest, which is %d", id, buffer[len(buffer)-1].id)
		case to == transitions.RequestDropped && limit.Policy == transitions.Refuse, to == transitions.RequestRefused && !newest:
			t.Fatalf("request %d ends in state %d under policy %s", id, to, limit.Policy)
		}
		m.buffers[s] = slices.Delete(buffer, i, i+1)
		m.sent[id] = to == transitions.RequestSent
		if !m.sent[id] {
			delete(m.sent, id)
		}
		return
	}
	t.Fatalf("request %d was in no buffer", id)
}

// check compares the books with what the core says now.
func (m *model) check(t *rapid.T) {
	buffered := 0
	for s, buffer := range m.buffers {
		var bytes uint32
		for _, w := range buffer {
			bytes += w.size
		}
		if limit := m.plan.Sockets[s].Limit; len(buffer) > limit.Count || int(bytes) > limit.Bytes {
			t.Fatalf("socket %d has %d requests of %d bytes waiting, over %+v", s, len(buffer), bytes, limit)
		}
		buffered += len(buffer)
	}
	if pending, got := m.core.Pending(); got != buffered || pending != buffered+len(m.sent) {
		t.Fatalf("the core has %d requests, %d of them waiting; the model %d and %d", pending, got, buffered+len(m.sent), buffered)
	}
	if settled := len(m.requests) - buffered - len(m.sent); settled != len(m.settled) {
		t.Fatalf("%d requests are over, %d have settled", settled, len(m.settled))
	}
	session, data := m.core.Session()
	login, _ := m.core.Login()
	now := map[port]uint8{{transitions.SessionKind, 0}: uint8(session), {transitions.LoginKind, 0}: uint8(login)}
	for i := range m.core.Tokens() {
		token, _ := m.core.TokenOf(i)
		now[port{transitions.TokenKind, uint32(i)}] = uint8(token)
	}
	for at, state := range now {
		if m.states[at] != state {
			t.Fatalf("%s %d is in %d, its steps say %d", at.kind, at.id, state, m.states[at])
		}
	}
	if m.core.Tokens() != int(data.Depth)+1 {
		t.Fatalf("%d tokens, %d users below", m.core.Tokens(), data.Depth)
	}
	if m.core.Key() != m.core.Clone().Key() {
		t.Fatal("a clone is not equal")
	}
}

// logOut logs out every user with a network that answers nothing, and closes what
// was opened before login: only deadlines pass.
func (m *model) logOut(t *rapid.T) {
	timeOut := func() (state transitions.SessionState, depth uint32) {
		_, d := m.core.Session()
		m.post(t, transitions.Input{To: transitions.SessionKind, On: uint8(transitions.SessionCloseTimedOut), Gen: d.Gen})
		state, d = m.core.Session()
		return state, d.Depth
	}
	_, before := m.core.Session()
	for state, depth := timeOut(); state != transitions.SessionLoggedOut; {
		m.post(t, transitions.Input{To: transitions.SessionKind, On: uint8(transitions.SessionLogoutRequested)})
		was := depth
		if state, depth = timeOut(); state != transitions.SessionLoggedOut && depth >= was && was != before.Depth {
			t.Fatalf("a logout out of time leads from %d users below to %s with %d", was, state, depth)
		}
	}
	m.post(t, transitions.Input{To: transitions.SessionKind, On: uint8(transitions.SessionCloseRequested)})
	timeOut()
	m.check(t)
	session, _ := m.core.Session()
	login, _ := m.core.Login()
	token, _ := m.core.Token()
	pending, _ := m.core.Pending()
	if session != transitions.SessionLoggedOut || login != transitions.LoginIdle || token != transitions.TokenAbsent || pending != 0 {
		t.Fatalf("after a logout: session %d, login %d, token %d, %d requests", session, login, token, pending)
	}
	for i := range m.core.Sockets() {
		if state, _ := m.core.Socket(i); state != transitions.SocketClosed {
			t.Fatalf("after a logout socket %d is in %s", i, m.system.Socket.StateName(state))
		}
	}
	for at, running := range m.timers {
		if at.kind != transitions.RequestKind && len(running) != 0 {
			t.Fatalf("after a logout timers %v of %s %d run", running, at.kind, at.id)
		}
	}
	for id := range m.requests {
		if m.settled[id] != 1 {
			t.Fatalf("request %d was settled %d times", id, m.settled[id])
		}
	}
}
