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
	case t.SessionKind:
		return m.checkSockets(out)
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

// muster is what sockets say together.
type muster struct {
	failed            bool // one has failed for good
	authed, ready     bool // every one is, but those closed by hand, or not opened yet
	closed, allClosed bool // every one that ends with the user is, or simply every one
}

// mustered asks the sockets of a world, each of which is in the given state.
func (w *world) mustered(state func(i int) t.SocketState) muster {
	all := muster{authed: true, ready: true, closed: true, allClosed: true}
	for i := range w.core.Sockets() {
		_, d := w.core.Socket(i)
		is := state(i)
		gone := is == t.SocketClosed || is == t.SocketRemoved
		serves := gone || is == t.SocketClosing || ready(is)
		all.failed = all.failed || is == t.SocketFailed
		all.authed = all.authed && (serves || is == t.SocketAuthed)
		all.ready = all.ready && serves
		all.closed = all.closed && (gone || d.Public && d.Early)
		all.allClosed = all.allClosed && gone
	}
	return all
}

// checkSockets holds that what the session is told of its sockets is so.
func (m *moment) checkSockets(out *t.Output) error {
	all := m.from.mustered(func(i int) t.SocketState {
		state, _ := m.from.core.Socket(i)
		for _, step := range m.outputs[:m.at] {
			if step.What == t.Stepped && step.Machine == t.SocketKind && step.ID == m.from.core.SocketID(i) {
				state = t.SocketState(step.To)
			}
		}
		return state
	})
	so := false
	switch t.SessionEvent(out.On) {
	case t.SessionSocketsSound:
		so = !all.failed
	case t.SessionSocketFailed:
		so = all.failed
	case t.SessionSocketsAuthed:
		so = all.authed
	case t.SessionSocketsNotAuthed:
		so = !all.authed
	case t.SessionSocketsReady:
		so = all.ready
	case t.SessionSocketsNotReady:
		so = !all.ready
	case t.SessionSocketsClosed:
		so = all.closed
	case t.SessionAllClosed:
		so = all.allClosed
	}
	if !so {
		return broken("K1", "the session is told %s, while of its sockets %+v", m.from.rules.EventName(out.Machine, out.On), all)
	}
	return nil
}

// sessionIsAsItsSockets holds a session against what its sockets say together.
func sessionIsAsItsSockets(w *world) error {
	all := w.mustered(func(i int) t.SocketState { state, _ := w.core.Socket(i); return state })
	session, d := w.core.Session()
	so := true
	switch session {
	case t.SessionSocketOpening:
		so = !all.failed && !all.ready && (!all.authed || d.Group < d.Last)
	case t.SessionSocketAuthed:
		so = !all.failed && all.authed && !all.ready
	case t.SessionSubscribed:
		so = all.ready
	case t.SessionChaining, t.SessionChainWaiting:
		so = !all.failed
	case t.SessionDegraded:
		so = all.failed || d.Broken
	case t.SessionClosing, t.SessionSwitching:
		so = !all.closed
	case t.SessionShutting, t.SessionDetaching:
		so = !all.allClosed
	}
	if !so {
		return fmt.Errorf("session %s, while of its sockets %+v", w.rules.Session.StateName(session), all)
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
