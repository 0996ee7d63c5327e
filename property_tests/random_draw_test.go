package propertytests

import (
	"slices"

	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/transitions"
)

var (
	tableSystem  = transitions.Shipped.Using(fsm.Table)
	tableOutside = outsideEvents(tableSystem)
	tableKindly  = kindly(tableSystem, tableOutside)
)

// kindly returns those of some events by which runs get far, the likely ones more
// than once.
func kindly(system *transitions.System, events map[transitions.Kind][]uint8) map[transitions.Kind][]uint8 {
	is := func(machine transitions.Kind, on uint8) transitions.Port {
		return transitions.Port{Machine: machine, Number: on}
	}
	special := map[transitions.Port]int{
		is(transitions.SessionKind, uint8(transitions.SessionLoginRequested)): 3, is(transitions.SessionKind, uint8(transitions.SessionResumeRequested)): 3,
		is(transitions.SessionKind, uint8(transitions.SessionLoginAsRequested)): 3, is(transitions.SessionKind, uint8(transitions.SessionOpenRequested)): 3,
		is(transitions.SessionKind, uint8(transitions.SessionSocketOpenRequested)): 3, is(transitions.LoginKind, uint8(transitions.LoginGateOpened)): 6,
		is(transitions.SocketKind, uint8(transitions.SocketEnded)): 0, is(transitions.TokenKind, uint8(transitions.TokenExpired)): 2,
	}
	often := map[fsm.Cause]int{fsm.Peer: 6, fsm.Coupled: 6, fsm.Timer: 1}
	likely := make(map[transitions.Kind][]uint8)
	for machine, all := range events {
		for _, on := range all {
			n, ok := special[is(machine, on)]
			if !ok {
				n = often[system.EventCause(machine, on)]
			}
			likely[machine] = append(likely[machine], slices.Repeat([]uint8{on}, n)...)
		}
	}
	return likely
}

func (s *stroll) flip() bool { return s.random.IntN(2) == 0 }

func (s *stroll) socketPlan() transitions.SocketPlan {
	p := transitions.SocketPlan{
		Group: s.random.IntN(s.groups), Subscriptions: s.random.IntN(3),
		Public: s.flip(), Early: s.flip(), Renews: s.flip(), NoPing: s.flip(),
	}
	for need := range p.Limits {
		p.Limits[need] = transitions.Limit{Count: s.random.IntN(5), Bytes: s.random.IntN(20), Policy: transitions.Policy(s.random.IntN(3))}
	}
	return p
}

// socketID is the id of some socket, most often of one that is there.
func (s *stroll) socketID() uint32 {
	if s.random.IntN(50) == 0 {
		return s.random.Uint32N(s.ids[0] + 2)
	}
	return s.core.SocketID(s.random.IntN(s.core.Sockets()))
}

// mostUsers is how many users log in above each other.
const mostUsers = 4

// kindsDrawn has each machine as often as it is drawn.
var kindsDrawn = slices.Concat(
	slices.Repeat([]transitions.Kind{transitions.SessionKind}, 3), slices.Repeat([]transitions.Kind{transitions.LoginKind}, 2),
	slices.Repeat([]transitions.Kind{transitions.TokenKind}, 4), slices.Repeat([]transitions.Kind{transitions.SocketKind}, 6),
	[]transitions.Kind{transitions.SubscriptionKind, transitions.RequestKind},
)

// draw draws one of some events, of the generation that counts or of another.
func (s *stroll) draw(from map[transitions.Kind][]uint8) transitions.Input {
	in := transitions.Input{To: kindsDrawn[s.random.IntN(len(kindsDrawn))], Arg: s.random.Uint32N(4)}
	in.On = from[in.To][s.random.IntN(len(from[in.To]))]
	switch in.To { // those who are not there, or no longer, too
	case transitions.SessionKind:
		switch on := transitions.SessionEvent(in.On); {
		case on == transitions.SessionLoginAsRequested && s.core.Tokens() >= mostUsers:
			in.On = uint8(transitions.SessionLogoutRequested)
		case on >= transitions.SessionSocketOpenRequested && on <= transitions.SessionSocketRemoveRequested:
			in.Arg = s.socketID()
		}
	case transitions.TokenKind:
		in.ID = s.random.Uint32N(uint32(s.core.Tokens()) + 1)
	case transitions.SocketKind:
		in.ID = s.socketID()
	case transitions.SubscriptionKind:
		in.ID = s.core.NextSubscription()
		if n := s.core.Subscriptions(); n > 0 && s.random.IntN(10) > 0 {
			in.ID, _, _, _ = s.core.Subscription(s.random.IntN(n))
		}
	case transitions.RequestKind:
		next := s.core.NextRequest()
		in.ID = next - s.random.Uint32N(min(next, 24)+1)
	}
	in.Gen, _ = s.core.Generation(in)
	switch s.random.IntN(16) {
	case 0:
		in.Gen--
	case 1:
		in.Gen = s.random.Uint32()
	}
	return in
}
