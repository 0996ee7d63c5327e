package propertytests

import (
	"pgregory.net/rapid"

	"github.com/custom-app/interlock/transitions"
)

// action is what can be done to a core: to add a socket, or to post an input.
type action struct {
	add *transitions.SocketPlan
	transitions.Input
}

func (a action) on(core *transitions.Core) ([]transitions.Output, error) {
	if a.add != nil {
		_, err := core.AddSocket(*a.add)
		return nil, err
	}
	return core.Post(a.Input)
}

// draw draws any action.
func (m *model) draw(t *rapid.T) action { return m.drawOn(t, m.core) }

func (m *model) drawOn(t *rapid.T, core *transitions.Core) action {
	at := *m
	at.core = core
	switch rapid.IntRange(0, 9).Draw(t, "which") {
	case 0:
		return at.drawAdd(t)
	case 1, 2:
		return action{Input: at.drawSubmit(t)}
	case 3, 4, 5:
		return action{Input: at.drawInput(t)}
	default:
		return action{Input: at.drawGood(t)}
	}
}

// drawSocket draws what a socket is.
func drawSocket(t *rapid.T, groups int) transitions.SocketPlan {
	plan := transitions.SocketPlan{
		Group:         rapid.IntRange(0, groups-1).Draw(t, "group"),
		Subscriptions: rapid.IntRange(0, 2).Draw(t, "subscriptions"),
		Public:        rapid.Bool().Draw(t, "public"), Early: rapid.Bool().Draw(t, "early"), Renews: rapid.Bool().Draw(t, "renews"),
	}
	for need := range plan.Limits {
		plan.Limits[need] = transitions.Limit{
			Count: rapid.IntRange(0, 3).Draw(t, "count"), Bytes: rapid.IntRange(0, 12).Draw(t, "bytes"),
			Policy: rapid.SampledFrom([]transitions.Policy{transitions.DropOldest, transitions.DropNewest, transitions.Refuse}).Draw(t, "policy"),
		}
	}
	return plan
}

// drawAdd draws a subscription or a socket to be added.
func (m *model) drawAdd(t *rapid.T) action {
	if m.core.Sockets() < 4 && rapid.IntRange(0, 3).Draw(t, "what is added") == 0 {
		plan := drawSocket(t, m.plan.Groups)
		plan.Added, plan.Early = true, false
		return action{add: &plan}
	}
	return action{Input: transitions.Input{
		To: transitions.SubscriptionKind, On: uint8(transitions.SubscriptionAdded),
		ID: m.core.NextSubscription(), Gen: m.drawID(t),
	}}
}

// drawID draws a socket that is there.
func (m *model) drawID(t *rapid.T) uint32 {
	return m.core.SocketID(rapid.IntRange(0, m.core.Sockets()-1).Draw(t, "socket"))
}

func (m *model) drawSubmit(t *rapid.T) transitions.Input {
	return transitions.Input{
		To: transitions.RequestKind, On: uint8(transitions.RequestSubmit), ID: m.core.NextRequest(),
		Gen: m.drawID(t), Arg: rapid.Uint32Range(0, 14).Draw(t, "size"), Request: requests.Draw(t, "request"),
	}
}

// drawInput draws an event that the environment may post at any time, whether it
// makes sense or not.
func (m *model) drawInput(t *rapid.T) transitions.Input {
	in := transitions.Input{To: rapid.SampledFrom([]transitions.Kind{
		transitions.SessionKind, transitions.LoginKind, transitions.TokenKind, transitions.SocketKind, transitions.SocketKind,
		transitions.SubscriptionKind, transitions.RequestKind,
	}).Draw(t, "machine")}
	in.On = rapid.SampledFrom(m.outside[in.To]).Draw(t, "event")
	in.Arg = rapid.Uint32Range(0, 3).Draw(t, "arg")
	switch in.To { // those who are not there, or no longer, too
	case transitions.SocketKind:
		in.ID = rapid.Uint32Range(0, 3).Draw(t, "socket")
	case transitions.TokenKind:
		in.ID = rapid.Uint32Range(0, uint32(m.core.Tokens())).Draw(t, "user")
	case transitions.SubscriptionKind:
		in.ID = rapid.Uint32Range(0, m.core.NextSubscription()).Draw(t, "subscription")
	case transitions.RequestKind:
		next := m.core.NextRequest()
		in.ID = rapid.Uint32Range(next-min(next, 4), next).Draw(t, "request")
	}
	in.Gen, _ = m.core.Generation(in)
	switch rapid.IntRange(0, 9).Draw(t, "age") {
	case 0:
		in.Gen--
	case 1:
		in.Gen = rapid.Uint32().Draw(t, "gen")
	}
	return in
}

// drawGood draws what a server and an application that behave do next, so that
// runs get far.
func (m *model) drawGood(t *rapid.T) transitions.Input {
	session, d := m.core.Session()
	to := func(on transitions.SessionEvent) transitions.Input {
		return transitions.Input{To: transitions.SessionKind, On: uint8(on), Gen: d.Gen}
	}
	switch session {
	case transitions.SessionLoggedOut:
		return to(rapid.SampledFrom([]transitions.SessionEvent{transitions.SessionLoginRequested, transitions.SessionResumeRequested, transitions.SessionRequired, transitions.SessionOpenRequested}).Draw(t, "command"))
	case transitions.SessionChaining:
		return to(transitions.SessionGroupMade)
	case transitions.SessionChainWaiting:
		return to(transitions.SessionRetryDue)
	case transitions.SessionDetached:
		return to(transitions.SessionOpenRequested)
	case transitions.SessionSubscribed:
		switch rapid.IntRange(0, 9).Draw(t, "whim") {
		case 0:
			return to(transitions.SessionLoginAsRequested)
		case 1:
			return to(transitions.SessionDetachRequested)
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
	if next := m.core.NextRequest(); next > 1 && rapid.IntRange(0, 4).Draw(t, "answer") == 0 {
		on := rapid.SampledFrom([]transitions.RequestEvent{transitions.RequestLeave, transitions.RequestAnswer}).Draw(t, "how")
		return transitions.Input{To: transitions.RequestKind, ID: rapid.Uint32Range(1, next-1).Draw(t, "request"), On: uint8(on)}
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
	return m.drawGoodSocket(t)
}

// drawGoodSocket draws what happens next to one of the sockets.
func (m *model) drawGoodSocket(t *rapid.T) transitions.Input {
	i := rapid.IntRange(0, m.core.Sockets()-1).Draw(t, "socket")
	state, d := m.core.Socket(i)
	in := transitions.Input{To: transitions.SocketKind, ID: m.core.SocketID(i), Gen: d.Gen}
	if answer, awaited := m.drawAnswer(t, in.ID); awaited {
		return answer
	}
	next := []transitions.SocketEvent{transitions.SocketStable}
	switch state {
	case transitions.SocketClosed, transitions.SocketFailed:
		return transitions.Input{To: transitions.SessionKind, On: uint8(transitions.SessionSocketOpenRequested), Arg: in.ID}
	case transitions.SocketOpening:
		next = []transitions.SocketEvent{transitions.SocketOpened}
	case transitions.SocketAuthenticating, transitions.SocketRenewing:
		next = []transitions.SocketEvent{transitions.SocketAuthSent, transitions.SocketAuthAccepted}
	case transitions.SocketSubscribed:
		next = []transitions.SocketEvent{transitions.SocketStable, transitions.SocketSilent, transitions.SocketDropped}
	case transitions.SocketProbing:
		next = []transitions.SocketEvent{transitions.SocketHeard}
	case transitions.SocketWaiting, transitions.SocketOutage, transitions.SocketBusyWaiting:
		next = []transitions.SocketEvent{transitions.SocketRetryDue}
	case transitions.SocketClosing:
		next = []transitions.SocketEvent{transitions.SocketEnded}
	}
	in.On = uint8(rapid.SampledFrom(next).Draw(t, "next"))
	return in
}

// drawAnswer draws the answer to a subscription of a socket, or one of its ends.
func (m *model) drawAnswer(t *rapid.T, socket uint32) (in transitions.Input, awaited bool) {
	for i := range m.core.Subscriptions() {
		id, of, state, d := m.core.Subscription(i)
		in := transitions.Input{To: transitions.SubscriptionKind, ID: id, Gen: d.Gen}
		switch {
		case of != socket:
		case state == transitions.SubscriptionSent:
			in.On = uint8(transitions.SubscriptionAccepted)
			return in, true
		case state == transitions.SubscriptionLeaving:
			in.On = uint8(transitions.SubscriptionLeft)
			return in, true
		case state == transitions.SubscriptionActive && !d.Declared && rapid.IntRange(0, 3).Draw(t, "unsubscribe") == 0:
			in.On = uint8(transitions.SubscriptionRemoveRequested)
			return in, true
		}
	}
	return in, false
}
