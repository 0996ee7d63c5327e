package proof

import (
	"errors"
	"fmt"
	"slices"

	"github.com/custom-app/interlock/fsm"
	t "github.com/custom-app/interlock/transitions"
)

// invariants are what must hold of every world.
var invariants = []struct {
	Number int
	Holds  func(*walker, *world) error
}{
	{1, state(noSocketWithoutSession)},
	{2, state(loggedOutIsEmpty)},
	{3, state(oneUserOnASocket)},
	{10, state(openIsOwned)},
	{13, state(readyIsAuthenticated)},
	{13, state(readyIsSubscribed)},
	{25, state(buffersHaveBounds)},
	{28, state(nothingHangs)},
	{28, state(degradedHasReason)},
	{29, state(openIsHeeded)},
	{27, (*walker).leavingEnds},
	{29, (*walker).allGetsWell},
	{30, (*walker).refusalsEnd},
}

// clauses are held like invariants.
var clauses = []struct {
	Clause string
	Holds  func(*world) error
}{
	{"S8", commandsKeepTheirTicket},
	{"S9", nobodyWaitsForNothing},
	{"K1", addedSocketsEndWithTheLogin},
	{"K1", sessionIsAsItsSockets},
	{"K4", nobodyWaitsForAnswers},
}

// breach is a broken invariant.
type breach struct {
	invariant string // its number, or a clause
	err       error
}

func (b *breach) Error() string { return b.invariant + ": " + b.err.Error() }
func (b *breach) Unwrap() error { return b.err }

func broken(invariant, format string, args ...any) error {
	return &breach{invariant, fmt.Errorf(format, args...)}
}

// numbered puts the number of an invariant before what is said of it, unless a move
// that was made to see has broken another one.
func numbered(number int, err error) error {
	if _, ok := err.(*breach); ok {
		return err
	}
	return broken(fmt.Sprint(number), "%w", err)
}

func state(holds func(*world) error) func(*walker, *world) error {
	return func(_ *walker, w *world) error { return holds(w) }
}

// check holds a world against the invariants.
func (x *walker) check(w *world) error {
	x.known = x.sound[w.key()]
	for _, inv := range invariants {
		if slices.Contains(w.rules.plan.Without, inv.Number) {
			continue
		}
		if err := inv.Holds(x, w); err != nil {
			return numbered(inv.Number, err)
		}
	}
	for _, c := range clauses {
		if err := c.Holds(w); err != nil {
			return broken(c.Clause, "%w", err)
		}
	}
	return nil
}

func noSocketWithoutSession(w *world) error {
	session, _ := w.core.Session()
	for i := range w.core.Sockets() {
		state, data := w.core.Socket(i)
		ends, closed := !data.Public || !data.Early, state == t.SocketClosed || state == t.SocketRemoved
		switch session {
		case t.SessionLoggedOut, t.SessionAuthenticating:
			closed = closed || data.Early
		case t.SessionRevoking, t.SessionReturning:
			closed = closed || !ends
		case t.SessionClosing, t.SessionSwitching:
			closed = closed || state == t.SocketClosing || !ends
		case t.SessionSettling:
		case t.SessionShutting, t.SessionDetaching:
			closed = closed || state == t.SocketClosing
		case t.SessionDetached:
		default:
			continue
		}
		if !closed {
			return fmt.Errorf("session %s, socket %d %s", w.rules.Session.StateName(session), i, w.rules.Socket.StateName(state))
		}
	}
	return nil
}

func loggedOutIsEmpty(w *world) error {
	session, _ := w.core.Session()
	token, _ := w.core.Token()
	login, _ := w.core.Login()
	if session != t.SessionLoggedOut {
		return nil
	}
	pending := 0
	for i := range w.core.Requests() {
		_, of, _, _ := w.core.Request(i)
		if _, socket := w.core.Socket(w.slot(of)); !socket.Early {
			pending++
		}
	}
	if token != t.TokenAbsent || login != t.LoginIdle || pending > 0 {
		return fmt.Errorf("loggedOut with token %s, login %s, %d requests", w.rules.Token.StateName(token), w.rules.Login.StateName(login), pending)
	}
	for _, user := range w.ledger.users {
		if w.ledger.logins > 0 || user.refreshes > 0 || user.logouts > 0 {
			return fmt.Errorf("loggedOut with %d logins in flight, and of the tokens %v", w.ledger.logins, w.ledger.users)
		}
	}
	return nil
}

// oneUserOnASocket holds the users' tokens against their count, and the token that
// each socket has offered against the current user's.
func oneUserOnASocket(w *world) error {
	_, session := w.core.Session()
	if w.core.Tokens() != int(session.Depth)+1 {
		return fmt.Errorf("%d tokens, %d users below", w.core.Tokens(), session.Depth)
	}
	_, token := w.core.Token()
	for i := range w.core.Sockets() {
		state, data := w.core.Socket(i)
		switch state {
		case t.SocketOpening, t.SocketAuthenticating, t.SocketAuthed, t.SocketSubscribed, t.SocketProbing, t.SocketRenewing:
			mine := !data.Early || !data.Guest && (state == t.SocketAuthed || ready(state))
			if mine && !data.Public && (data.Token < token.Since || token.Since == 0 && data.Token != 0) {
				return fmt.Errorf("socket %d is %s with token %d, which was another user's: the current one's begin at %d", i, w.rules.Socket.StateName(state), data.Token, token.Since)
			}
		}
	}
	for i := session.Depth + 1; i < maxUsers; i++ {
		if w.ledger.users[i] != (account{}) {
			return fmt.Errorf("a user who is gone has left %v", w.ledger.users[i])
		}
	}
	return nil
}

func openIsOwned(w *world) error {
	for i := range w.core.Sockets() {
		state, _ := w.core.Socket(i)
		owns := state == t.SocketAuthenticating || state == t.SocketAuthed || ready(state) || state == t.SocketClosing
		if wire := w.ledger.sockets[i]; wire.open != owns || wire.dialling && state != t.SocketOpening {
			return fmt.Errorf("socket %d is %s, open %t, dialling %t", i, w.rules.Socket.StateName(state), wire.open, wire.dialling)
		}
	}
	return nil
}

func readyIsAuthenticated(w *world) error {
	session, _ := w.core.Session()
	for i := range w.core.Sockets() {
		state, data := w.core.Socket(i)
		if (state == t.SocketAuthed || ready(state)) && !data.Early && !w.ledger.sockets[i].authed {
			return fmt.Errorf("socket %d is %s without auth on this connection", i, w.rules.Socket.StateName(state))
		}
		byHand := state == t.SocketClosing || state == t.SocketClosed || state == t.SocketRemoved
		if session == t.SessionSubscribed && !ready(state) && !byHand {
			return fmt.Errorf("session subscribed, socket %d %s", i, w.rules.Socket.StateName(state))
		}
	}
	return nil
}

// ready tells whether a socket in the state is ready.
func ready(s t.SocketState) bool {
	return s == t.SocketSubscribed || s == t.SocketProbing || s == t.SocketRenewing
}

// readyIsSubscribed holds the subscriptions that a socket declares against it.
func readyIsSubscribed(w *world) error {
	for i := range w.core.Subscriptions() {
		id, of, state, sub := w.core.Subscription(i)
		at, data := w.core.Socket(w.slot(of))
		if sub.Declared && ready(at) && !data.Guest && state != t.SubscriptionActive {
			return fmt.Errorf("socket %d is %s, its subscription %d %s", of, w.rules.Socket.StateName(at), id, w.rules.Subscription.StateName(state))
		}
	}
	return nil
}

// nothingHangs holds each following state against the machine that it follows.
func nothingHangs(w *world) error {
	session, _ := w.core.Session()
	login, _ := w.core.Login()
	waiting := false
	for i := range w.core.Sockets() {
		state, _ := w.core.Socket(i)
		waiting = waiting || w.rules.Socket.State(state).Kind == fsm.Wait
	}
	follows := w.rules.Session.State(session)
	if follows.By == "login" && w.rules.Login.State(login).Kind != fsm.Wait {
		return fmt.Errorf("session %s, but login %s has no deadline", follows.Name, w.rules.Login.StateName(login))
	}
	if follows.By == "socket" && !waiting {
		return fmt.Errorf("session %s, but no socket has a deadline", follows.Name)
	}
	if w.rules.Login.State(login).By == "session" && follows.By != "socket" && follows.Kind != fsm.Wait {
		return fmt.Errorf("login %s, but session %s", w.rules.Login.StateName(login), follows.Name)
	}
	return nil
}

// degradedHasReason holds that a session stays degraded only while a socket has
// failed, or the next group cannot be made.
func degradedHasReason(w *world) error {
	session, data := w.core.Session()
	for i := range w.core.Sockets() {
		state, _ := w.core.Socket(i)
		if state == t.SocketFailed {
			return nil
		}
	}
	if session == t.SessionDegraded && !(data.Broken && data.Group < data.Last) {
		return errors.New("session degraded, though no socket has failed and no group is missing")
	}
	return nil
}

// openIsHeeded holds that a socket is closed, or closes, where it was last asked to,
// and not where it was last asked to open.
func openIsHeeded(w *world) error {
	for i := range w.core.Sockets() {
		state, _ := w.core.Socket(i)
		closed := state == t.SocketClosed || state == t.SocketClosing || state == t.SocketRemoved
		if wanted := w.ledger.sockets[i].wanted; wanted == closed {
			return fmt.Errorf("socket %d is %s, last asked to open: %t", i, w.rules.Socket.StateName(state), wanted)
		}
	}
	return nil
}

func buffersHaveBounds(w *world) error {
	for i := range w.core.Sockets() {
		for need, limit := range w.core.Limits(i) {
			if count, bytes := w.core.Buffered(i, t.Need(need)); count > limit.Count || bytes > limit.Bytes {
				return fmt.Errorf("%d requests of %d bytes wait for socket %d, at most %d of %d", count, bytes, i, limit.Count, limit.Bytes)
			}
		}
	}
	return nil
}

func commandsKeepTheirTicket(w *world) error {
	if state, d := w.core.Login(); state != t.LoginIdle && d.Ticket != ticket {
		return fmt.Errorf("the login is of command %d, which nobody has given", d.Ticket)
	}
	return nil
}

// nobodyWaitsForNothing holds that who does not wait for sockets has the answer
// as soon as the login is accepted.
func nobodyWaitsForNothing(w *world) error {
	if state, d := w.core.Login(); state == t.LoginOpening && d.Brief {
		return errors.New("the caller does not wait for the sockets, and has no answer")
	}
	return nil
}

func addedSocketsEndWithTheLogin(w *world) error {
	if session, _ := w.core.Session(); (session == t.SessionLoggedOut || session == t.SessionAuthenticating) && w.grown() {
		return fmt.Errorf("session %s, and a socket that was added is still there", w.rules.Session.StateName(session))
	}
	return nil
}
