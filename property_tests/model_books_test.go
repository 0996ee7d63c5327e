package propertytests

import (
	"slices"

	"pgregory.net/rapid"

	"github.com/custom-app/interlock/transitions"
)

// line is the books of a socket.
type line struct {
	plan       transitions.SocketPlan
	connection int  // how many connections it has had
	asked      bool // it is to send its auth message on this connection
	greeted    bool // and has
	authorised bool // on this connection
	guest      bool // ready before login
}

// interest is the books of a subscription.
type interest struct {
	socket   uint32
	declared bool
	sent     int // on which of the socket's connections it was sent last; 0: none
	removed  int // how often somebody was told that it is no more
}

// call is the books of a request.
type call struct {
	socket  uint32
	size    int
	data    transitions.RequestData
	state   transitions.RequestState
	sent    int // on which of the socket's connections it was written last; 0: none
	settled int // how often it was settled
}

var (
	readyStates     = []transitions.SocketState{transitions.SocketSubscribed, transitions.SocketProbing, transitions.SocketRenewing}
	authedStates    = append([]transitions.SocketState{transitions.SocketAuthed}, readyStates...)
	goneStates      = []transitions.SocketState{transitions.SocketClosing, transitions.SocketClosed, transitions.SocketRemoved}
	connectedStates = append([]transitions.SocketState{transitions.SocketAuthenticating}, authedStates...)
)

// install opens the books of a socket and of the subscriptions that it declares.
func (m *model) install(id uint32, plan transitions.SocketPlan) {
	m.sockets[id] = &line{plan: plan}
	for range plan.Subscriptions {
		m.subscriptions[uint32(len(m.subscriptions)+1)] = &interest{socket: id, declared: true}
	}
}

func (m *model) socketState(id uint32) transitions.SocketState {
	return transitions.SocketState(m.states[port{transitions.SocketKind, id}])
}

// stepSession books the group that the session has come to: the next one is asked
// for when those before it are ready, or closed by hand.
func (m *model) stepSession(t *rapid.T, out transitions.Output) {
	if out.From == out.To {
		return
	}
	switch transitions.SessionEvent(out.On) {
	case transitions.SessionGroupMade:
		m.group++
	case transitions.SessionSocketsReady:
		for id, s := range m.sockets {
			state := m.socketState(id)
			if s.plan.Group <= m.group && !slices.Contains(goneStates, state) && !slices.Contains(readyStates, state) {
				t.Fatalf("the sockets of group %d are ready, socket %d of group %d is %s", m.group, id, s.plan.Group, state)
			}
		}
	}
}

func (m *model) performSession(t *rapid.T, out transitions.Output) {
	if transitions.SessionEffect(out.Effect) == transitions.SessionOpenGroup && transitions.SessionEvent(out.On) != transitions.SessionGroupMade {
		m.group = 0
	}
	if transitions.SessionEffect(out.Effect) == transitions.SessionReportReady && m.group != m.plan.Groups-1 {
		t.Fatalf("ready with group %d of %d", m.group+1, m.plan.Groups)
	}
}

// stepSocket books what a socket has sent, and holds that the session opens none
// before its group, and that only what was added is removed.
func (m *model) stepSocket(t *rapid.T, out transitions.Output) {
	s, from, to := m.sockets[out.ID], transitions.SocketState(out.From), transitions.SocketState(out.To)
	if transitions.SocketEvent(out.On) == transitions.SocketAuthSent && from == transitions.SocketAuthenticating && out.Gen == out.Now && s.asked {
		s.greeted = true
	}
	if from == to {
		return
	}
	if from == transitions.SocketRemoved || to == transitions.SocketRemoved && !s.plan.Added {
		t.Fatalf("socket %d leads from %s to %s", out.ID, from, to)
	}
	if transitions.SocketEvent(out.On) == transitions.SocketOpenRequested && !slices.Contains(connectedStates, from) && s.plan.Group > m.group {
		t.Fatalf("socket %d of group %d opens in group %d", out.ID, s.plan.Group, m.group)
	}
	switch to {
	case transitions.SocketAuthenticating:
		s.asked, s.greeted = false, false
	case transitions.SocketAuthed:
		s.authorised = true
	}
	if !slices.Contains(readyStates, from) || !slices.Contains(readyStates, to) {
		s.guest = from == transitions.SocketAuthenticating && to == transitions.SocketSubscribed
	}
}

func (m *model) performSocket(out transitions.Output) {
	switch s := m.sockets[out.ID]; transitions.SocketEffect(out.Effect) {
	case transitions.SocketAdoptConnection:
		s.connection++
		s.authorised = false
	case transitions.SocketSendAuth:
		s.asked = true
	}
}

// meets tells whether a socket is as far as a request needs.
func (m *model) meets(socket uint32, need transitions.Need) bool {
	switch state := m.socketState(socket); {
	case slices.Contains(readyStates, state):
		return true
	case state == transitions.SocketAuthed:
		return need != transitions.NeedReady
	}
	return m.socketState(socket) == transitions.SocketAuthenticating && m.sockets[socket].greeted && need == transitions.NeedOpen
}

// stepRequest books a request that moves: it leaves in the order of submission
// as soon as its need is met, goes back only when its connection is lost and it
// is repeatable, and an overflow takes whom the policy names.
func (m *model) stepRequest(t *rapid.T, out transitions.Output) {
	r, from, to, on := m.requests[out.ID], transitions.RequestState(out.From), transitions.RequestState(out.To), transitions.RequestEvent(out.On)
	if r.state != from {
		t.Fatalf("request %d steps from %s, was %s", out.ID, from, r.state)
	}
	if from == transitions.RequestSent && on == transitions.RequestLeave && r.data.OneWay != (to == transitions.RequestWritten) {
		t.Fatalf("request %d is %s when it is written, %+v", out.ID, to, r.data)
	}
	if from == to {
		return
	}
	switch to {
	case transitions.RequestSent:
		m.checkTurn(t, out.ID)
		r.sent = m.sockets[r.socket].connection
	case transitions.RequestBuffered:
		if !r.data.Repeatable || on != transitions.RequestLose {
			t.Fatalf("request %d goes out again after %d, %+v", out.ID, on, r.data)
		}
	case transitions.RequestUnknown:
		switch {
		case from == transitions.RequestBuffered && r.sent > 0:
			m.checkOverflow(t, out.ID, to)
		case r.data.Repeatable || from != transitions.RequestSent:
			t.Fatalf("request %d is unknown from %s, %+v", out.ID, from, r.data)
		}
	case transitions.RequestDropped, transitions.RequestRefused:
		m.checkOverflow(t, out.ID, to)
	}
	r.state = to
}

// checkTurn holds that a request may go, and that none before it may.
func (m *model) checkTurn(t *rapid.T, id uint32) {
	r := m.requests[id]
	if !m.meets(r.socket, r.data.Need) {
		t.Fatalf("request %d goes, needs %s, socket %d is %s", id, r.data.Need, r.socket, m.socketState(r.socket))
	}
	for before := uint32(1); before < id; before++ {
		other := m.requests[before]
		if other.socket == r.socket && other.state == transitions.RequestBuffered && m.meets(r.socket, other.data.Need) {
			t.Fatalf("request %d goes before %d", id, before)
		}
	}
}

// buffer returns what waits for a socket with a need, in the order of submission.
func (m *model) buffer(socket uint32, need transitions.Need) (ids []uint32, bytes int) {
	for id := uint32(1); id <= uint32(len(m.requests)); id++ {
		if r := m.requests[id]; r.socket == socket && r.data.Need == need && r.state == transitions.RequestBuffered {
			ids, bytes = append(ids, id), bytes+r.size
		}
	}
	return ids, bytes
}

func (m *model) checkOverflow(t *rapid.T, id uint32, to transitions.RequestState) {
	r := m.requests[id]
	buffer, bytes := m.buffer(r.socket, r.data.Need)
	limit := m.sockets[r.socket].plan.Limits[r.data.Need]
	want, whom := transitions.RequestDropped, buffer[len(buffer)-1]
	switch newest := m.requests[whom]; {
	case newest.size > limit.Bytes || limit.Count == 0 || limit.Policy == transitions.Refuse:
		want = transitions.RequestRefused
	case limit.Policy == transitions.DropOldest:
		whom = buffer[0]
	}
	if m.requests[whom].sent > 0 { // it was to go out again
		want = transitions.RequestUnknown
	}
	if len(buffer) <= limit.Count && bytes <= limit.Bytes {
		t.Fatalf("request %d is %s, though %d requests of %d bytes wait in %+v", id, to, len(buffer), bytes, limit)
	}
	if id != whom || to != want {
		t.Fatalf("request %d is %s, want request %d %s by %+v", id, to, whom, want, limit)
	}
}

func (m *model) performRequest(t *rapid.T, out transitions.Output) {
	if transitions.RequestEffect(out.Effect) != transitions.RequestSettle {
		return
	}
	r := m.requests[out.ID]
	if r.settled++; r.settled > 1 {
		t.Fatalf("request %d is settled twice", out.ID)
	}
}

// performSubscription books a message of a subscription, which goes out once on
// each connection, and what is told of it.
func (m *model) performSubscription(t *rapid.T, out transitions.Output) {
	s := m.subscriptions[out.ID]
	socket, state := m.sockets[s.socket], m.socketState(s.socket)
	effect := transitions.SubscriptionEffect(out.Effect)
	if s.removed > 0 {
		t.Fatalf("subscription %d is removed, and does %d", out.ID, effect)
	}
	here := s.sent == socket.connection && socket.connection > 0
	switch effect {
	case transitions.SubscriptionSend:
		if here || socket.guest || !slices.Contains(authedStates, state) {
			t.Fatalf("subscription %d is sent on connection %d, and was on %d; its socket is %s", out.ID, socket.connection, s.sent, state)
		}
		s.sent = socket.connection
	case transitions.SubscriptionTellActive, transitions.SubscriptionReportRejected, transitions.SubscriptionReportFailed:
		if !here {
			t.Fatalf("subscription %d was not sent on this connection, and does %d", out.ID, effect)
		}
	case transitions.SubscriptionSendLeave:
		if !here || !socket.authorised || !slices.Contains(connectedStates, state) || s.declared {
			t.Fatalf("subscription %d is ended, declared %t, sent on %d of %d; its socket is %s", out.ID, s.declared, s.sent, socket.connection, state)
		}
	case transitions.SubscriptionTellRemoved:
		s.removed++
		if s.declared {
			t.Fatalf("subscription %d is declared, and removed", out.ID)
		}
	}
}

// checkSockets holds that there are the sockets that were not removed, and that
// the session is ready only when they are.
func (m *model) checkSockets(t *rapid.T) {
	there := 0
	for id, s := range m.sockets {
		state := m.socketState(id)
		if state != transitions.SocketRemoved {
			there++
		}
		if session, _ := m.core.Session(); session == transitions.SessionSubscribed && !slices.Contains(goneStates, state) && !slices.Contains(readyStates, state) {
			t.Fatalf("the session is ready, socket %d of %+v is %s", id, s.plan, state)
		}
	}
	if there != m.core.Sockets() {
		t.Fatalf("there are %d sockets, want %d", m.core.Sockets(), there)
	}
}

// checkRequests holds that nothing waits that may go, nothing is awaited from
// a connection that is lost, and no buffer holds more than it may.
func (m *model) checkRequests(t *rapid.T) {
	waiting, sent := 0, 0
	for id, r := range m.requests {
		socket, settled := m.sockets[r.socket], 0
		switch r.state {
		case transitions.RequestBuffered:
			waiting++
			if m.meets(r.socket, r.data.Need) {
				t.Fatalf("request %d waits, needs %s, socket %d is %s", id, r.data.Need, r.socket, m.socketState(r.socket))
			}
		case transitions.RequestSent:
			sent++
			if r.sent != socket.connection || !slices.Contains(connectedStates, m.socketState(r.socket)) {
				t.Fatalf("request %d awaits its answer on connection %d of %d, socket %d is %s", id, r.sent, socket.connection, r.socket, m.socketState(r.socket))
			}
		default:
			settled = 1
		}
		if r.settled != settled {
			t.Fatalf("request %d is %s, and has been settled %d times", id, r.state, r.settled)
		}
	}
	if pending, buffered := m.core.Pending(); buffered != waiting || pending != waiting+sent {
		t.Fatalf("the core has %d requests, %d of them waiting; the model %d and %d", pending, buffered, waiting+sent, waiting)
	}
	for id, s := range m.sockets {
		for need, limit := range s.plan.Limits {
			if ids, bytes := m.buffer(id, transitions.Need(need)); len(ids) > limit.Count || bytes > limit.Bytes {
				t.Fatalf("socket %d has %d requests of %d bytes waiting, over %+v", id, len(ids), bytes, limit)
			}
		}
	}
}

// checkSubscriptions holds that what is sent or active is so on the connection
// that its socket has, and that a socket is ready only with what it declares.
func (m *model) checkSubscriptions(t *rapid.T) {
	for id, s := range m.subscriptions {
		socket, at := m.sockets[s.socket], m.socketState(s.socket)
		state := transitions.SubscriptionState(m.states[port{transitions.SubscriptionKind, id}])
		if gone := state == transitions.SubscriptionRemoved; gone != (s.removed == 1) {
			t.Fatalf("subscription %d is %s, and has been told of its end %d times", id, state, s.removed)
		}
		onWire := state != transitions.SubscriptionWanted && state != transitions.SubscriptionRemoved
		if onWire && (s.sent != socket.connection || !socket.authorised || !slices.Contains(connectedStates, at)) {
			t.Fatalf("subscription %d is %s, sent on connection %d of %d, socket %d is %s", id, state, s.sent, socket.connection, s.socket, at)
		}
		if s.declared && slices.Contains(readyStates, at) && !socket.guest && state != transitions.SubscriptionActive {
			t.Fatalf("socket %d is %s, its subscription %d is %s", s.socket, at, id, state)
		}
	}
}
