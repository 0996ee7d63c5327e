package proof

import (
	"errors"
	"fmt"

	"github.com/custom-app/interlock/fsm"
	t "github.com/custom-app/interlock/transitions"
)

// logoutEnds logs out with a dead network: nothing answers, only timers fire. It
// ends where nobody is logged in, or the user before.
func (x *walker) logoutEnds(w *world) error {
	in := t.Input{To: t.SessionKind, On: uint8(t.SessionLogoutRequested)}
	for range 8 {
		if err := x.advance(&w, in); err != nil {
			return err
		}
		state, data := w.core.Session()
		switch state {
		case t.SessionClosing, t.SessionRevoking, t.SessionReturning, t.SessionShutting, t.SessionSettling:
		default:
			return nil
		}
		in = t.Input{To: t.SessionKind, On: uint8(t.SessionCloseTimedOut), Gen: data.Gen}
	}
	return errors.New("logout does not end by its deadline")
}

// advance makes w what becomes of it by an event, a world that is lent.
func (x *walker) advance(w **world, in t.Input) error {
	next := &x.run[0]
	if *w == next {
		next = &x.run[1]
	}
	err := next.post(*w, in, true)
	*w = next
	return err
}

// mostSteps is how many events it takes at most until all is well, where the world
// answers everything.
const mostSteps = 100

// mostSound is how many worlds are remembered from which all gets well.
const mostSound = 1_000_000

// allGetsWell lets the world behave: whatever is asked is granted, and timers fire
// where nothing else can happen. All sockets that are wanted become ready, and no
// request is left. An error of a move on the way is told as it is.
func (x *walker) allGetsWell(w *world) error {
	var way [mostSteps]key
	for i := range way {
		way[i] = w.key()
		in, more := w.kindly()
		if !more || x.sound[way[i]] {
			if !more && !w.well() {
				session, _ := w.core.Session()
				return fmt.Errorf("nothing more happens, and the session is %s with %d requests pending", w.rules.Session.StateName(session), w.core.Requests())
			}
			if len(x.sound) > mostSound {
				clear(x.sound)
			}
			for _, k := range way[:i+1] {
				x.sound[k] = true
			}
			return nil
		}
		if err := x.advance(&w, in); err != nil {
			return err
		}
	}
	return fmt.Errorf("after %d events for the better not all is well", mostSteps)
}

// well tells whether nothing is left to wait for.
func (w *world) well() bool {
	session, _ := w.core.Session()
	login, _ := w.core.Login()
	if login != t.LoginIdle || w.rules.Session.State(session).Kind != fsm.Rest {
		return false
	}
	for i := range w.core.Sockets() {
		state, _ := w.core.Socket(i)
		if w.rules.Socket.State(state).Kind != fsm.Rest || session == t.SessionSubscribed && state == t.SocketFailed {
			return false
		}
	}
	return w.core.Requests() == 0
}

// kindly returns what happens next in a world that behaves; false: nothing more.
func (w *world) kindly() (t.Input, bool) {
	in, ok := kindlyToTokens(w) // first, since the others wait for them
	if !ok {
		in, ok = kindlyToLogin(w)
	}
	if !ok {
		in, ok = kindlyToSockets(w)
	}
	if !ok {
		in, ok = kindlyToRequests(w)
	}
	if !ok {
		in, ok = kindlyToSession(w)
	}
	if !ok {
		in, ok = w.late()
	}
	return in, ok
}

// late returns a deadline of who waits for what nobody has.
func (w *world) late() (t.Input, bool) {
	if state, d := w.core.Login(); state == t.LoginTokenPending {
		return t.Input{To: t.LoginKind, On: uint8(t.LoginTokenTimedOut), Gen: d.Gen}, true
	}
	for i := range w.core.Sockets() {
		in := t.Input{To: t.SocketKind, ID: w.core.SocketID(i)}
		state, d := w.core.Socket(i)
		switch in.Gen = d.Gen; state {
		case t.SocketTokenPending:
			in.On = uint8(t.SocketTokenTimedOut)
		case t.SocketAuthenticating, t.SocketRenewing:
			in.On = uint8(t.SocketAuthTimedOut)
		default:
			continue
		}
		return in, true
	}
	return t.Input{}, false
}

func kindlyToLogin(w *world) (t.Input, bool) {
	state, d := w.core.Login()
	var on t.LoginEvent
	switch state {
	case t.LoginGated:
		on = t.LoginGateOpened
	case t.LoginLoading:
		on = t.LoginLoaded
	case t.LoginRequesting:
		on = t.LoginAccepted
	case t.LoginWaiting:
		on = t.LoginRetryDue
	}
	return t.Input{To: t.LoginKind, On: uint8(on), Gen: d.Gen, Arg: t.TokenPair}, on != 0
}

func kindlyToTokens(w *world) (t.Input, bool) {
	for i := range w.core.Tokens() {
		state, d := w.core.TokenOf(i)
		on := kindToToken(state, d, w.ledger.users[i])
		if on != 0 {
			return t.Input{To: t.TokenKind, ID: uint32(i), On: uint8(on), Gen: d.Gen, Arg: t.TokenPair}, true
		}
	}
	return t.Input{}, false
}

// kindToToken is the answer that a token waits for; 0: to none.
func kindToToken(state t.TokenState, d t.TokenData, a account) t.TokenEvent {
	storing := a.storing != 0 && a.storing == d.Gen
	switch state {
	case t.TokenStoring:
		return t.TokenStored
	case t.TokenFresh:
		if d.Wanted {
			return t.TokenFloorPassed
		}
	case t.TokenRefreshing, t.TokenLeaving:
		return t.TokenRefreshed
	case t.TokenParking, t.TokenRestoring, t.TokenSettling:
		if storing {
			return t.TokenStored
		}
		return t.TokenRefreshed
	case t.TokenWaiting:
		return t.TokenRetryDue
	case t.TokenRevoking:
		return t.TokenRevoked
	case t.TokenErasing:
		return t.TokenErased
	}
	return 0
}

func kindlyToSockets(w *world) (t.Input, bool) {
	for i := range w.core.Subscriptions() {
		id, _, state, d := w.core.Subscription(i)
		switch state {
		case t.SubscriptionSent:
			return t.Input{To: t.SubscriptionKind, ID: id, On: uint8(t.SubscriptionAccepted), Gen: d.Gen}, true
		case t.SubscriptionLeaving:
			return t.Input{To: t.SubscriptionKind, ID: id, On: uint8(t.SubscriptionLeft), Gen: d.Gen}, true
		}
	}
	for i := range w.core.Sockets() {
		state, d := w.core.Socket(i)
		if on := kindToSocket(state, d); on != 0 {
			return t.Input{To: t.SocketKind, ID: w.core.SocketID(i), On: uint8(on), Gen: d.Gen}, true
		}
	}
	return t.Input{}, false
}

// kindToSocket is the answer that a socket waits for; 0: to none.
func kindToSocket(state t.SocketState, d t.SocketData) t.SocketEvent {
	switch state {
	case t.SocketOpening:
		return t.SocketOpened
	case t.SocketAuthenticating, t.SocketRenewing:
		if d.AuthSent {
			return t.SocketAuthAccepted
		}
	case t.SocketWaiting, t.SocketOutage, t.SocketBusyWaiting:
		return t.SocketRetryDue
	case t.SocketProbing:
		return t.SocketHeard
	case t.SocketClosing:
		return t.SocketEnded
	}
	return 0
}

func kindlyToRequests(w *world) (t.Input, bool) {
	for i := range w.core.Requests() {
		id, _, state, data := w.core.Request(i)
		if state == t.RequestSent {
			on := t.RequestAnswer
			if data.OneWay {
				on = t.RequestLeave
			}
			return t.Input{To: t.RequestKind, ID: id, On: uint8(on)}, true
		}
	}
	return t.Input{}, false
}

func kindlyToSession(w *world) (t.Input, bool) {
	state, d := w.core.Session()
	var on t.SessionEvent
	switch state {
	case t.SessionChaining:
		on = t.SessionGroupMade
	case t.SessionChainWaiting:
		on = t.SessionRetryDue
	}
	return t.Input{To: t.SessionKind, On: uint8(on), Gen: d.Gen}, on != 0
}
