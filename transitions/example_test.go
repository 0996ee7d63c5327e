package transitions_test

import (
	"fmt"

	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/transitions"
)

// A core driven by hand: no network, no clock, no goroutine. Every event that is
// posted here is one that the package connector would post.
func Example() {
	system := transitions.Shipped.Using(fsm.Table)
	core, err := system.New(transitions.Plan{Sockets: []transitions.SocketPlan{{Subscriptions: 1}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	post := func(in transitions.Input) {
		outputs, err := core.Post(in)
		if err != nil {
			fmt.Println(err)
		}
		for _, out := range outputs {
			if out.What == transitions.Stepped && out.From != out.To {
				fmt.Printf("%s: %s -%s-> %s\n", out.Machine, system.StateName(out.Machine, out.From),
					system.EventName(out.Machine, out.On), system.StateName(out.Machine, out.To))
			}
		}
	}
	socket := func(on transitions.SocketEvent, arg uint32) {
		post(transitions.Input{To: transitions.SocketKind, On: uint8(on), Gen: 1, Arg: arg})
	}

	post(transitions.Input{To: transitions.SessionKind, On: uint8(transitions.SessionLoginRequested)})
	post(transitions.Input{To: transitions.LoginKind, On: uint8(transitions.LoginGateOpened), Gen: 1})
	post(transitions.Input{To: transitions.LoginKind, On: uint8(transitions.LoginAccepted), Gen: 1, Arg: transitions.TokenPair})
	post(transitions.Input{To: transitions.TokenKind, On: uint8(transitions.TokenStored), Gen: 1})
	socket(transitions.SocketOpened, 0)
	socket(transitions.SocketAuthAccepted, 0)
	post(transitions.Input{To: transitions.SubscriptionKind, ID: 1, On: uint8(transitions.SubscriptionAccepted), Gen: 1})
	fmt.Println("the connection is lost:")
	socket(transitions.SocketDropped, 1006)
	// Output:
	// session: loggedOut -loginRequested-> authenticating
	// login: idle -started-> gated
	// login: gated -gateOpened-> requesting
	// login: requesting -accepted-> opening
	// token: absent -adopted-> storing
	// session: authenticating -loginAccepted-> socketOpening
	// socket: closed -openRequested-> tokenPending
	// token: storing -stored-> fresh
	// socket: tokenPending -tokenFresh-> socketOpening
	// socket: socketOpening -opened-> socketAuthenticating
	// socket: socketAuthenticating -authAccepted-> socketAuthed
	// subscription: wanted -released-> sent
	// session: socketOpening -socketsAuthed-> socketAuthed
	// subscription: sent -accepted-> active
	// socket: socketAuthed -subscriptionsActive-> subscribed
	// session: socketAuthed -socketsReady-> subscribed
	// login: opening -ready-> idle
	// the connection is lost:
	// socket: subscribed -dropped-> waiting
	// subscription: active -connectionLost-> wanted
	// session: subscribed -socketsNotAuthed-> socketOpening
}
