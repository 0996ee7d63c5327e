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

	states        map[port]uint8   // of every machine but the requests
	timers        map[port][]uint8 // what runs for each machine
	group         int              // of sockets, that the session has come to
	sockets       map[uint32]*line
	subscriptions map[uint32]*interest
	requests      map[uint32]*call
}

type port struct {
	kind transitions.Kind
	id   uint32
}

func newModel(t *rapid.T, system *transitions.System) *model {
	m := &model{
		system: system, outside: outsideEvents(system), states: make(map[port]uint8), timers: make(map[port][]uint8),
		sockets: make(map[uint32]*line), subscriptions: make(map[uint32]*interest), requests: make(map[uint32]*call),
	}
	m.plan.Groups = rapid.IntRange(1, 2).Draw(t, "groups")
	for i := range 2 {
		plan := drawSocket(t, m.plan.Groups)
		m.plan.Sockets = append(m.plan.Sockets, plan)
		m.install(uint32(i), plan)
	}
	core, err := system.New(m.plan)
	if err != nil {
		t.Fatal(err)
	}
	m.core = core
	return m
}

// outsideEvents returns the events of each machine that no link, gather, quorum
// or bound posts, and that begin nothing new.
func outsideEvents(system *transitions.System) map[transitions.Kind][]uint8 {
	chart := system.Chart()
	inside := map[string]bool{"request submitted": true, "subscription added": true}
	for _, l := range chart.Links {
		inside[l.To+" "+l.Event] = true
	}
	for _, q := range chart.Quorums {
		inside[q.To+" "+q.Up], inside[q.To+" "+q.Down] = true, true
	}
	for _, b := range chart.Bounds {
		inside["request "+b.Event] = true
	}
	outside := make(map[transitions.Kind][]uint8)
	for kind, machine := range chart.Machines {
		for i, e := range machine.Events {
			if !inside[machine.Name+" "+e.Name] {
				outside[transitions.Kind(kind)] = append(outside[transitions.Kind(kind)], uint8(i+1))
			}
		}
	}
	return outside
}

// act does to the core what was drawn, and reads what it says came of it.
func (m *model) act(t *rapid.T, a action) {
	if a.add != nil {
		id, err := m.core.AddSocket(*a.add)
		if err != nil || m.sockets[id] != nil {
			t.Fatalf("an added socket got the id %d, error %v", id, err)
		}
		m.install(id, *a.add)
		return
	}
	m.post(t, a.Input)
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
	switch {
	case in.To == transitions.RequestKind && in.On == uint8(transitions.RequestSubmit):
		m.requests[in.ID] = &call{socket: in.Gen, size: int(in.Arg), data: in.Request}
	case in.To == transitions.SubscriptionKind && in.On == uint8(transitions.SubscriptionAdded):
		m.subscriptions[in.ID] = &interest{socket: in.Gen}
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
		if out.Machine == transitions.RequestKind {
			m.stepRequest(t, out)
			return
		}
		if m.states[at] != out.From {
			t.Fatalf("%v steps from %d, was in %d", at, out.From, m.states[at])
		}
		m.states[at] = out.To
		switch out.Machine {
		case transitions.SessionKind:
			m.stepSession(t, out)
		case transitions.SocketKind:
			m.stepSocket(t, out)
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
		m.perform(t, out)
	}
}

func (m *model) perform(t *rapid.T, out transitions.Output) {
	switch out.Machine {
	case transitions.SessionKind:
		m.performSession(t, out)
	case transitions.SocketKind:
		m.performSocket(out)
	case transitions.SubscriptionKind:
		m.performSubscription(t, out)
	case transitions.RequestKind:
		m.performRequest(t, out)
	}
}

// check compares the books with what the core says now.
func (m *model) check(t *rapid.T) {
	m.checkSockets(t)
	m.checkRequests(t)
	m.checkSubscriptions(t)
	session, data := m.core.Session()
	login, _ := m.core.Login()
	now := map[port]uint8{{transitions.SessionKind, 0}: uint8(session), {transitions.LoginKind, 0}: uint8(login)}
	for i := range m.core.Tokens() {
		token, _ := m.core.TokenOf(i)
		now[port{transitions.TokenKind, uint32(i)}] = uint8(token)
	}
	for i := range m.core.Sockets() {
		state, _ := m.core.Socket(i)
		now[port{transitions.SocketKind, m.core.SocketID(i)}] = uint8(state)
	}
	for i := range m.core.Subscriptions() {
		id, _, state, _ := m.core.Subscription(i)
		now[port{transitions.SubscriptionKind, id}] = uint8(state)
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
	from, before := m.core.Session()
	for state, depth := timeOut(); state != transitions.SessionLoggedOut; {
		m.post(t, transitions.Input{To: transitions.SessionKind, On: uint8(transitions.SessionLogoutRequested)})
		was := depth
		if state, depth = timeOut(); state != transitions.SessionLoggedOut && depth >= was && was != before.Depth {
			t.Fatalf("a logout out of time leads from %d users below to %s with %d", was, state, depth)
		}
	}
	if from != transitions.SessionLoggedOut {
		m.checkGone(t, func(s transitions.SocketPlan) bool { return !s.Public || !s.Early })
	}
	m.post(t, transitions.Input{To: transitions.SessionKind, On: uint8(transitions.SessionCloseRequested)})
	timeOut()
	m.checkGone(t, func(transitions.SocketPlan) bool { return true })
	m.check(t)
	session, _ := m.core.Session()
	login, _ := m.core.Login()
	token, _ := m.core.Token()
	if session != transitions.SessionLoggedOut || login != transitions.LoginIdle || token != transitions.TokenAbsent {
		t.Fatalf("after a logout: session %d, login %d, token %d", session, login, token)
	}
	for at, running := range m.timers {
		if len(running) != 0 {
			t.Fatalf("after a logout timers %v of %s %d run", running, at.kind, at.id)
		}
	}
}

// checkGone holds that nothing is left of some sockets: they are closed, what was
// submitted has settled once, and what was added has been told once of its end.
func (m *model) checkGone(t *rapid.T, some func(transitions.SocketPlan) bool) {
	for id, s := range m.sockets {
		if state := m.socketState(id); some(s.plan) && state != transitions.SocketClosed && state != transitions.SocketRemoved {
			t.Fatalf("after a logout socket %d is %s", id, state)
		}
	}
	for id, r := range m.requests {
		if some(m.sockets[r.socket].plan) && r.settled != 1 {
			t.Fatalf("after a logout request %d has been settled %d times", id, r.settled)
		}
	}
	for id, s := range m.subscriptions {
		if some(m.sockets[s.socket].plan) && !s.declared && s.removed != 1 {
			t.Fatalf("after a logout subscription %d, which was added, has been told of its end %d times", id, s.removed)
		}
	}
}
