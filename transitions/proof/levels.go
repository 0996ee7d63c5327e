package proof

import (
	"fmt"
	"slices"

	t "github.com/custom-app/interlock/transitions"
)

// levels are the events that nobody posts for an effect's sake: what sockets,
// subscriptions and buffers say of themselves. That they come is held of the worlds.
var levels = append(append(
	ports(t.SessionSocketsSound, t.SessionSocketFailed, t.SessionSocketsAuthed, t.SessionSocketsNotAuthed, t.SessionSocketsReady, t.SessionSocketsNotReady, t.SessionSocketsClosed, t.SessionAllClosed),
	ports(t.SocketSubscriptionsActive)...), ports(t.RequestOverflow, t.RequestRefuse)...)

// checkLevel holds an event that no effect has asked for.
func (m *moment) checkLevel() error {
	out := m.cause()
	if !slices.Contains(levels, t.Port{Machine: out.Machine, Number: out.On}) {
		return broken("D2", "%s comes to %s %d of nothing", m.from.rules.EventName(out.Machine, out.On), out.Machine, out.ID)
	}
	switch out.Machine {
	case t.SocketKind:
		return m.checkAnswered(out)
	case t.RequestKind:
		return m.checkOverflow(out)
	}
	return nil
}

// checkAnswered holds that a socket becomes ready behind its slowest subscription.
func (m *moment) checkAnswered(out *t.Output) error {
	for i := range m.to.core.Subscriptions() {
		id, of, state, _ := m.to.core.Subscription(i)
		if at, _ := m.to.core.Socket(m.to.slot(of)); of == out.ID && ready(at) && !answered(state) {
			return broken("K4", "socket %d is ready, its subscription %d %s", of, id, m.from.rules.Subscription.StateName(state))
		}
	}
	return nil
}

// checkOverflow holds who gives way in a buffer that holds more than it may, and
// how.
func (m *moment) checkOverflow(out *t.Output) error {
	socket, data := m.request(out.ID)
	limit := m.from.core.Limits(m.from.slot(socket))[data.Need]
	room := min(limit.Count, limit.Bytes) // for requests of one byte
	older, younger := 0, 0
	for k := 0; ; k++ {
		id, ok := m.there(t.RequestKind, k)
		if !ok {
			break
		}
		if of, other := m.request(id); of != socket || other.Need != data.Need || !m.buffered(id) {
			continue
		}
		older, younger = older+int(bits(id < out.ID)), younger+int(bits(id > out.ID))
	}
	refused := t.RequestEvent(out.On) == t.RequestRefuse
	switch {
	case older+younger+1 <= room:
		return broken("R3", "request %d gives way where there is room for %d", out.ID, room)
	case refused != (room == 0 || limit.Policy == t.Refuse):
		return broken("R3", "request %d is refused: %t, by the policy %s, where there is room for %d", out.ID, refused, limit.Policy, room)
	case room > 0 && limit.Policy == t.DropOldest && older > 0:
		return broken("R3", "request %d gives way to %d older ones", out.ID, older)
	case (room == 0 || limit.Policy != t.DropOldest) && younger > 0:
		return broken("R3", "request %d gives way to %d younger ones", out.ID, younger)
	}
	return nil
}

// request returns the socket and the data of a request, the one just submitted too.
func (m *moment) request(id uint32) (socket uint32, data t.RequestData) {
	if socket, data, ok := m.from.request(id); ok {
		return socket, data
	}
	return m.in.Gen, m.in.Request
}

// buffered tells whether a request waits at that time.
func (m *moment) buffered(id uint32) bool {
	for i := m.at - 1; i >= 0; i-- {
		if out := &m.outputs[i]; out.What == t.Stepped && out.Machine == t.RequestKind && out.ID == id {
			return t.RequestState(out.To) == t.RequestBuffered
		}
	}
	for i := range m.from.core.Requests() {
		if of, _, state, _ := m.from.core.Request(i); of == id {
			return state == t.RequestBuffered
		}
	}
	return false
}

func answered(s t.SubscriptionState) bool {
	return s == t.SubscriptionActive || s == t.SubscriptionLeaving || s == t.SubscriptionRemoved
}

// sessionIsAsItsSockets holds a session against what its sockets say together.
func sessionIsAsItsSockets(w *world) error {
	failed, authed, served, closed, allClosed := false, true, true, true, true
	for i := range w.core.Sockets() {
		state, d := w.core.Socket(i)
		gone := state == t.SocketClosed || state == t.SocketRemoved
		serves := gone || ready(state) || state == t.SocketClosing
		failed = failed || state == t.SocketFailed
		authed = authed && (serves || state == t.SocketAuthed)
		served = served && serves
		closed = closed && (gone || d.Public && d.Early)
		allClosed = allClosed && gone
	}
	session, d := w.core.Session()
	right := true
	switch session {
	case t.SessionSocketOpening:
		right = !failed && !served && (!authed || d.Group < d.Last)
	case t.SessionSocketAuthed:
		right = !failed && authed && !served
	case t.SessionSubscribed:
		right = served
	case t.SessionChaining, t.SessionChainWaiting:
		right = !failed
	case t.SessionDegraded:
		right = failed || d.Broken
	case t.SessionClosing, t.SessionSwitching:
		right = !closed
	case t.SessionShutting, t.SessionDetaching:
		right = !allClosed
	}
	if !right {
		return fmt.Errorf("session %s; of its sockets one has failed: %t; all are authorised: %t, ready: %t, closed: %t, with those opened before login: %t", w.rules.Session.StateName(session), failed, authed, served, closed, allClosed)
	}
	return nil
}

// nobodyWaitsForAnswers holds that a socket whose subscriptions all have an answer
// is ready.
func nobodyWaitsForAnswers(w *world) error {
	for i := range w.core.Sockets() {
		if state, _ := w.core.Socket(i); state != t.SocketAuthed {
			continue
		}
		waits := false
		for j := range w.core.Subscriptions() {
			_, of, state, _ := w.core.Subscription(j)
			waits = waits || of == w.core.SocketID(i) && !answered(state)
		}
		if !waits {
			return fmt.Errorf("socket %d waits for subscriptions that all have an answer", i)
		}
	}
	return nil
}
