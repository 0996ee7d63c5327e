package proof

import (
	"errors"
	"fmt"
	"slices"

	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/fsm/explore"
	t "github.com/custom-app/interlock/transitions"
)

// Report is what an exploration has seen.
type Report struct {
	States, Transitions, Depth int
	Whole                      bool
	Goals                      map[string]bool // which goals were reached
	Err                        error           // the first broken invariant, with its number and the shortest way to it
}

// Plan says what is explored together: sockets, at most three, and how often
// somebody may log in as another, at most three deep.
type Plan struct {
	Sockets []t.SocketPlan
	Groups  int // of sockets; 0: one
	Depth   int
	Adds    int // subscriptions that may be added at a time

	// Calm leaves out what goes wrong with logins and tokens, and logins as another,
	// so that more of the sockets can be walked.
	Calm bool
}

// Explore walks the product of the system's session, login, tokens and sockets,
// and holds every state and move against the invariants.
func Explore(system *t.System, plan Plan) Report {
	system = system.Using(fsm.Table)
	core, err := system.New(t.Plan{Sockets: plan.Sockets, Groups: plan.Groups})
	if err != nil || len(plan.Sockets) > maxSockets || plan.Depth < 0 || plan.Depth >= maxUsers {
		return Report{Err: errors.Join(err, fmt.Errorf("proof: plan: %d sockets, at most %d; depth %d, at most %d", len(plan.Sockets), maxSockets, plan.Depth, maxUsers-1))}
	}
	reached := make([]bool, len(goals))
	note := func(w *world) {
		for i := range goals {
			reached[i] = reached[i] || goals[i].Holds(w)
		}
	}
	space := explore.Space[*world, t.Input, key]{
		Start: []*world{{core: core, rules: newRules(system, plan)}},
		Key:   (*world).key,
		Moves: func(from *world, each func(t.Input, *world, error)) {
			from.moves(func(in t.Input, to *world, err error) {
				if to != from {
					note(to) // also where the key has been seen: goals may look at what no guard reads
				}
				each(in, to, err)
			})
		},
		Check: check,
		Keep:  (*world).kept,
		Same:  func(a, b *world) bool { return a == b },
	}
	walked := space.Walk()
	report := Report{States: walked.States, Transitions: walked.Transitions, Depth: walked.Depth, Whole: walked.Whole, Goals: make(map[string]bool)}
	for i, goal := range goals {
		report.Goals[goal.Name] = reached[i]
	}
	if v := walked.Violation; v != nil {
		report.Err = fmt.Errorf("invariant %w\n%s", v.Err, describe(system, v.Path))
	}
	return report
}

// moves calls each with every possible next world. An event that is declared
// impossible changes nothing and is no move.
func (w *world) moves(each func(t.Input, *world, error)) {
	w.inputs(func(in t.Input, current bool) {
		next, outputs, err := w.post(in, current)
		var impossible *fsm.ImpossibleError
		switch {
		case errors.Is(err, t.ErrDefect):
			each(in, w, fmt.Errorf("D2: %w", err))
		case errors.As(err, &impossible):
		case err != nil:
			each(in, w, err)
		default:
			each(in, next, checkMove(w, next, in, current, outputs))
		}
	})
}

// checkMove holds a move against the invariants of moves.
func checkMove(from, to *world, in t.Input, current bool, outputs []t.Output) error {
	if !current && generational(in) && from != to && from.core.Key() != to.core.Key() {
		return errors.New("9: a stale event has changed something")
	}
	late := 0
	for _, out := range outputs {
		if out.What != t.Perform {
			continue
		}
		closes := out.Machine == t.SocketKind && t.SocketEffect(out.Effect) == t.SocketCloseLate
		revokes := out.Machine == t.LoginKind && t.LoginEffect(out.Effect) == t.LoginRevokeLate
		if !current && generational(in) && !closes && !revokes {
			return fmt.Errorf("9: a stale event has caused %s", from.rules.EffectName(out.Machine, out.Effect))
		}
		if closes {
			late++
		}
	}
	if in.To == t.SocketKind && in.On == uint8(t.SocketOpened) {
		state, _ := from.core.Socket(int(in.ID))
		if owned := state == t.SocketOpening && current; owned == (late > 0) || late > 1 {
			return fmt.Errorf("10: a dial has succeeded, and its connection was closed %d times", late)
		}
	}
	return nil
}

// generational tells whether the event belongs to a generation. A refused token
// names its own, which may be an older one by right.
func generational(in t.Input) bool {
	switch in.To {
	case t.SessionKind:
		return slices.Contains(numbers(t.SessionCloseTimedOut, t.SessionGroupMade, t.SessionGroupUnavailable, t.SessionGroupFailed, t.SessionRetriesSpent, t.SessionGroupTimedOut, t.SessionRetryDue), in.On)
	case t.SubscriptionKind:
		return in.On != uint8(t.SubscriptionAdded) && in.On != uint8(t.SubscriptionRemoveRequested)
	case t.LoginKind:
		return in.On != uint8(t.LoginAbandoned) && in.On != uint8(t.LoginSufficed)
	case t.TokenKind:
		return in.On != uint8(t.TokenAsked) && in.On != uint8(t.TokenRefused) && in.On != uint8(t.TokenErased)
	}
	return true
}

// check holds a state against the invariants of states.
func check(w *world) error {
	for _, inv := range invariants {
		if err := inv.Holds(w); err != nil {
			return fmt.Errorf("%d: %w", inv.Number, err)
		}
	}
	return nil
}

var invariants = []struct {
	Number int
	Holds  func(*world) error
}{
	{1, noSocketWithoutSession},
	{2, loggedOutIsEmpty},
	{3, oneUserOnASocket},
	{10, openIsOwned},
	{13, readyIsAuthenticated},
	{13, readyIsSubscribed},
	{27, logoutEndsByDeadlines},
	{28, nothingHangs},
	{28, degradedHasReason},
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
	if pending, _ := w.core.Pending(); token != t.TokenAbsent || login != t.LoginIdle || pending > 0 {
		return fmt.Errorf("loggedOut with token %s, login %s, %d requests", w.rules.Token.StateName(token), w.rules.Login.StateName(login), pending)
	}
	if l := w.ledger; l.logins > 0 || l.users != [maxUsers]account{} {
		return fmt.Errorf("loggedOut with %d logins in flight, and of the tokens %v", l.logins, l.users)
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
			if mine && !data.Public && data.Token < token.Since {
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
		at, data := w.core.Socket(int(of))
		if sub.Declared && ready(at) && !data.Guest && state != t.SubscriptionActive {
			return fmt.Errorf("socket %d is %s, its subscription %d %s", of, w.rules.Socket.StateName(at), id, w.rules.Subscription.StateName(state))
		}
	}
	return nil
}

// logoutEndsByDeadlines logs out with a dead network: nothing answers, only
// timers fire. It ends where nobody is logged in, or the user before.
func logoutEndsByDeadlines(w *world) error {
	at, _, err := w.post(t.Input{To: t.SessionKind, On: uint8(t.SessionLogoutRequested)}, true)
	for range 8 {
		if err != nil {
			return err
		}
		state, data := at.core.Session()
		switch state {
		case t.SessionClosing, t.SessionRevoking, t.SessionReturning, t.SessionShutting, t.SessionSettling:
		default:
			return nil
		}
		at, _, err = at.post(t.Input{To: t.SessionKind, On: uint8(t.SessionCloseTimedOut), Gen: data.Gen}, true)
	}
	return errors.New("logout does not end by its deadline")
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

// describe prints a way as a scenario, one event a line.
func describe(system *t.System, path []t.Input) string {
	text := ""
	for _, in := range path {
		text += fmt.Sprintf("  %s %d %s gen=%d arg=%d\n", in.To, in.ID, system.EventName(in.To, in.On), in.Gen, in.Arg)
	}
	return text
}
