package proof

import (
	t "github.com/custom-app/interlock/transitions"
)

// mostOutputs is how much can come of one event, by far: what goes round in circles
// comes to more.
const mostOutputs = 1000

// checkStale holds that an event of another generation changes nothing; it may
// only close that connection, or revoke that token.
func checkStale(from, to *world, outputs []t.Output) error {
	for _, out := range outputs {
		closes := out.Machine == t.SocketKind && t.SocketEffect(out.Effect) == t.SocketCloseLate
		revokes := out.Machine == t.LoginKind && t.LoginEffect(out.Effect) == t.LoginRevokeLate
		if out.What == t.Perform && !closes && !revokes {
			return broken("9", "a stale event has caused %s", from.rules.EffectName(out.Machine, out.Effect))
		}
	}
	if before := (&world{core: from.core}); before.key() != (&world{core: to.core}).key() {
		return broken("9", "a stale event has changed something")
	}
	return nil
}

// tally counts what came of one event.
type tally struct {
	late     int // connections of dials that were given up are closed
	settled  int // requests are settled
	failed   [maxSockets + 1]int
	reported [maxSockets + 1]int
	cut      [maxSockets + 1]bool
}

func count(from *world, outputs []t.Output) (n tally) {
	for i := range outputs {
		out := &outputs[i]
		switch {
		case out.What == t.Stepped && out.Machine == t.SocketKind:
			if out.From != out.To && t.SocketState(out.To) == t.SocketFailed {
				n.failed[from.slot(out.ID)]++
			}
		case out.What != t.Perform:
		case out.Machine == t.RequestKind && t.RequestEffect(out.Effect) == t.RequestSettle:
			n.settled++
		case out.Machine == t.SocketKind:
			switch t.SocketEffect(out.Effect) {
			case t.SocketCloseLate:
				n.late++
			case t.SocketReportFailed:
				n.reported[from.slot(out.ID)]++
			case t.SocketCloseConnection, t.SocketSendClose:
				n.cut[from.slot(out.ID)] = true
			}
		}
	}
	return n
}

// checkOutputs holds what came of an event against the invariants of moves.
func checkOutputs(from, to *world, in t.Input, current bool, outputs []t.Output) error {
	n := count(from, outputs)
	if len(outputs) > mostOutputs {
		return broken("31", "%d things have come of one event", len(outputs))
	}
	submitted := 0
	if in.To == t.RequestKind && in.On == uint8(t.RequestSubmit) {
		submitted = 1
	}
	if left := from.core.Requests() + submitted - n.settled; left != to.core.Requests() {
		return broken("15", "%d requests have not been settled, the core has %d", left, to.core.Requests())
	}
	for i := range from.core.Sockets() {
		if n.failed[i] != n.reported[i] {
			return broken("33", "socket %d has failed %d times, and that was told %d times", i, n.failed[i], n.reported[i])
		}
	}
	if !from.rules.plan.Aimless {
		if err := checkConduct(from, to, in, outputs); err != nil {
			return err
		}
	}
	if before, _ := from.core.Session(); !open(before) && before != t.SessionDetached {
		if after, _ := to.core.Session(); open(after) && to.grown() {
			return broken("1", "a socket that was added for a user who has left is still there")
		}
	}
	if err := checkLeaving(from, to, in); err != nil {
		return err
	}
	if from.rules.about[in.To][in.On].command && len(outputs) < 2 && !joined(from, in) {
		return broken("S8", "%s leads to nothing", from.rules.EventName(in.To, in.On))
	}
	if in.To == t.SocketKind {
		return checkSocket(from, to, in, current, &n)
	}
	return checkRejected(from, to, in, current)
}

// joined tells whether a command waits for what is under way, and so leads to nothing
// of its own.
func joined(w *world, in t.Input) bool {
	session, _ := w.core.Session()
	switch t.SessionEvent(in.On) {
	case t.SessionRequired:
		return session == t.SessionAuthenticating
	case t.SessionLogoutRequested:
		return leaving(session)
	case t.SessionCloseRequested:
		return session == t.SessionShutting || session == t.SessionSettling
	case t.SessionDetachRequested:
		return session == t.SessionDetaching
	}
	return false
}

// checkSocket holds what came of an event of one socket.
func checkSocket(from, to *world, in t.Input, current bool, n *tally) error {
	if t.SocketEvent(in.On) == t.SocketOpened {
		state, _ := from.core.Socket(from.slot(in.ID))
		if owned := state == t.SocketOpening && current; owned == (n.late > 0) || n.late > 1 {
			return broken("10", "a dial has succeeded, and its connection was closed %d times", n.late)
		}
	}
	session, user := to.core.Session()
	if _, before := from.core.Session(); !from.rules.about[in.To][in.On].failure || !open(session) || user.Depth != before.Depth {
		return nil
	}
	for i := range from.core.Sockets() {
		if from.core.SocketID(i) != in.ID && n.cut[i] {
			return broken("32", "socket %d is cut since socket %d has failed", i, in.ID)
		}
	}
	return nil
}

// checkLeaving holds that a logout leaves, and that it is done when what is stored is
// gone, unless it is out of time.
func checkLeaving(from, to *world, in t.Input) error {
	before, user := from.core.Session()
	after, next := to.core.Session()
	if in.To == t.SessionKind && t.SessionEvent(in.On) == t.SessionLogoutRequested && !leaving(after) && after != t.SessionLoggedOut && next.Depth >= user.Depth {
		return broken("27", "a logout, and the session is %s", from.rules.Session.StateName(after))
	}
	leaves := before != t.SessionLoggedOut && before != t.SessionAuthenticating // which end otherwise when a login is rejected
	late := in.To == t.SessionKind && t.SessionEvent(in.On) == t.SessionCloseTimedOut
	if leaves && after == t.SessionLoggedOut && !late && to.ledger.users[0].erasing {
		return broken("2", "logged out, and what is stored is still being erased")
	}
	return nil
}

// open tells whether a session in the state is logged in, and has its sockets open.
func open(s t.SessionState) bool {
	switch s {
	case t.SessionSocketOpening, t.SessionSocketAuthed, t.SessionSubscribed, t.SessionDegraded, t.SessionChaining, t.SessionChainWaiting:
		return true
	}
	return false
}

// checkRejected holds that the session of a user whose refresh token is no good ends.
func checkRejected(from, to *world, in t.Input, current bool) error {
	if !current || in.To != t.TokenKind || t.TokenEvent(in.On) != t.TokenRejected || int(in.ID) != from.core.Tokens()-1 {
		return nil
	}
	token, _ := from.core.Token()
	before, user := from.core.Session()
	if after, next := to.core.Session(); token == t.TokenRefreshing && loggedIn(before) && loggedIn(after) && next.Depth == user.Depth {
		return broken("30", "the refresh token is no good, and the session is %s", from.rules.Session.StateName(after))
	}
	return nil
}

// loggedIn tells whether a session in the state has a user.
func loggedIn(s t.SessionState) bool {
	return open(s) || s == t.SessionSwitching || s == t.SessionDetaching || s == t.SessionDetached
}

// grown tells whether a socket was added and is still there.
func (w *world) grown() bool {
	for i := range w.core.Sockets() {
		if state, d := w.core.Socket(i); d.Added && state != t.SocketRemoved {
			return true
		}
	}
	return false
}

// told has, for each effect that answers a command, a bit for each event of the
// session that it answers.
var told = func() (table [kinds][64]uint64) {
	logins := []t.SessionEvent{t.SessionLoginRequested, t.SessionResumeRequested, t.SessionLoginAsRequested}
	table[t.SocketKind][t.SocketRefuseOpen] = mask(t.SessionSocketOpenRequested, t.SessionSocketRemoveRequested)
	table[t.SessionKind][t.SessionRefuseBusy] = mask(append(logins, t.SessionRequired, t.SessionOpenRequested, t.SessionSocketOpenRequested, t.SessionDetachRequested)...)
	table[t.LoginKind][t.LoginRefuseBusy] = mask(logins...)
	table[t.SessionKind][t.SessionTellNarrow] = mask(t.SessionLogoutRequested)
	table[t.LoginKind][t.LoginAskGate] = mask(append(logins, t.SessionRequired)...)
	return table
}()

func mask[E ~uint8](events ...E) (all uint64) {
	for _, e := range events {
		all |= 1 << e
	}
	return all
}

// checkTold holds that nobody is answered who has not asked.
func checkTold(from *world, in t.Input, out *t.Output) error {
	if asked := told[out.Machine][out.Effect]; asked != 0 && (in.To != t.SessionKind || asked&(1<<in.On) == 0) {
		return broken("S8", "%s answers nobody", from.rules.EffectName(out.Machine, out.Effect))
	}
	return nil
}
