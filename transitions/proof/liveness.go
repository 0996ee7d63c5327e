package proof

import (
	"errors"
	"fmt"

	"github.com/custom-app/interlock/fsm"
	t "github.com/custom-app/interlock/transitions"
)

// leaving tells whether a session in the state is on its way out, or back.
func leaving(s t.SessionState) bool {
	switch s {
	case t.SessionClosing, t.SessionRevoking, t.SessionReturning, t.SessionShutting, t.SessionSettling:
		return true
	}
	return false
}

// leavingEnds waits with a dead network: nothing answers, only the deadline comes. A
// session that is leaving ends where nobody is logged in, or the user before. That
// every logout leaves is held of moves.
func (x *walker) leavingEnds(w *world) error {
	for range 8 {
		state, data := w.core.Session()
		if !leaving(state) {
			return nil
		}
		if err := x.advance(&w, t.Input{To: t.SessionKind, On: uint8(t.SessionCloseTimedOut), Gen: data.Gen}); err != nil {
			return err
		}
	}
	return errors.New("leaving does not end by its deadlines")
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

// mostSteps is how many events it takes at most until nothing more happens, where
// the world answers everything.
const mostSteps = 100

// mostSound is how many worlds are remembered from which all gets well.
const mostSound = 1_000_000

// policy is a way for the world to behave, so that what happens next is decided.
type policy struct {
	next func(*world) (t.Input, bool) // false: nothing more
	well func(*world) bool            // it may end so
}

// policies are how the world behaves in the runs of liveness: kindly, or so to all
// but the token.
var policies = [...]policy{
	{(*world).kindly, (*world).well},
	{refusing(t.SocketOpening, t.SocketExpired), (*world).settled},
	{refusing(t.SocketAuthenticating, t.SocketAuthRejected), (*world).settled},
	{refusing(t.SocketAuthed, t.SocketExpired), (*world).settled},
}

// allGetsWell lets the world behave: whatever is asked is granted, and timers fire
// where nothing else can happen. All sockets that are wanted become ready, and no
// request is left.
func (x *walker) allGetsWell(w *world) error { return x.ends(w, 0) }

// refusalsEnd lets the world refuse every token at one step of a socket, and be kind
// in everything else. No token is refreshed for that without end.
func (x *walker) refusalsEnd(w *world) error {
	for i := 1; i < len(policies); i++ {
		if err := x.ends(w, i); err != nil {
			return err
		}
	}
	return nil
}

// ends follows a policy until nothing more happens. An error of a move on the way is
// told as it is.
func (x *walker) ends(w *world, by int) error {
	if x.known&(1<<by) != 0 {
		return nil
	}
	var way [mostSteps]key
	for i := range way {
		way[i] = w.key()
		in, more := policies[by].next(w)
		if !more || x.sound[way[i]]&(1<<by) != 0 {
			if !more && !policies[by].well(w) {
				session, _ := w.core.Session()
				return fmt.Errorf("nothing more happens, and the session is %s with %d requests pending", w.rules.Session.StateName(session), w.core.Requests())
			}
			if len(x.sound) > mostSound {
				clear(x.sound)
			}
			for _, k := range way[:i+1] {
				x.sound[k] |= 1 << by
			}
			return nil
		}
		if err := x.advance(&w, in); err != nil {
			return err
		}
	}
	return fmt.Errorf("after %d events it has not ended", mostSteps)
}

// well tells whether nothing is left to wait for, and every socket of a session that
// is ready is so itself.
func (w *world) well() bool {
	session, _ := w.core.Session()
	for i := range w.core.Sockets() {
		if state, _ := w.core.Socket(i); session == t.SessionSubscribed && state == t.SocketFailed {
			return false
		}
	}
	return w.settled()
}

// settled tells whether nothing is left to wait for.
func (w *world) settled() bool {
	session, _ := w.core.Session()
	login, _ := w.core.Login()
	rests := login == t.LoginIdle && w.rules.Session.State(session).Kind == fsm.Rest
	for i := range w.core.Sockets() {
		state, _ := w.core.Socket(i)
		rests = rests && w.rules.Socket.State(state).Kind == fsm.Rest
	}
	return rests && w.core.Requests() == 0
}

// refusing is a world that refuses every token which a socket offers in a state, and
// which a command to resume or to log in as another carries.
func refusing(in t.SocketState, on t.SocketEvent) func(*world) (t.Input, bool) {
	return func(w *world) (t.Input, bool) {
		if state, d := w.core.Login(); state == t.LoginRequesting && d.Command != t.CommandLogin {
			return t.Input{To: t.LoginKind, On: uint8(t.LoginTokenRefused), Gen: d.Gen}, true
		}
		for i := range w.core.Sockets() {
			state, d := w.core.Socket(i)
			offers := !d.Public && (!d.Guest || d.Token != 0) && (state != t.SocketAuthenticating || d.AuthSent)
			if state == in && offers {
				return t.Input{To: t.SocketKind, ID: w.core.SocketID(i), On: uint8(on), Gen: d.Gen}, true
			}
		}
		return w.kindly()
	}
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
			in := t.Input{To: t.TokenKind, ID: uint32(i), On: uint8(on), Arg: t.TokenPair}
			in.Gen, _ = w.core.Generation(in)
			return in, true
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
