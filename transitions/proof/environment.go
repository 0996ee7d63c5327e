package proof

import (
	"errors"
	"fmt"
	"slices"

	"github.com/custom-app/interlock/fsm"
	t "github.com/custom-app/interlock/transitions"
)

// ledger is what the world outside of a core knows: which operations are under
// way, and which connections are open. The core never sees it.
type ledger struct {
	logins, refreshes, logouts int8 // requests sent and neither answered nor given up
	sockets                    [maxSockets]wire
}

const maxSockets = 3

// wire is the world's side of one socket.
type wire struct {
	dialling bool // the dial of the current generation is under way
	late     bool // some dial that was given up may still succeed
	open     bool // a connection is open and owned
	authed   bool // the auth answer of this connection was good, or none was needed
}

// world is a core and what surrounds it.
type world struct {
	core   *t.Core
	system *t.System
	ledger ledger
}

// key is what matters of a world.
type key struct {
	core   string
	ledger [maxSockets + 1]uint16
}

func (w *world) key() key {
	k := key{core: w.core.Key()}
	k.ledger[maxSockets] = uint16(w.ledger.logins) | uint16(w.ledger.refreshes)<<4 | uint16(w.ledger.logouts)<<8
	for i := range w.core.Sockets() {
		state, _ := w.core.Socket(i)
		k.ledger[i] = uint16(state)<<4 | w.ledger.sockets[i].bits()
	}
	slices.Sort(k.ledger[:w.core.Sockets()])
	return k
}

func (w wire) bits() uint16 {
	var bits uint16
	for i, set := range [...]bool{w.dialling, w.late, w.open, w.authed} {
		if set {
			bits |= 1 << i
		}
	}
	return bits
}

// internal are the events that only the coupling posts.
var internal = map[t.Kind][]uint8{
	t.SessionKind: numbers(t.SessionLoginAccepted, t.SessionLoginRejected, t.SessionLoginGivenUp, t.SessionSocketsAuthed, t.SessionSocketsNotAuthed, t.SessionSocketsReady, t.SessionSocketsNotReady, t.SessionSocketFailed, t.SessionSocketsClosed, t.SessionTokenExpired, t.SessionTokenGone, t.SessionLeft),
	t.LoginKind:   numbers(t.LoginStarted, t.LoginCancelled, t.LoginReady, t.LoginSocketsFailed),
	t.TokenKind:   numbers(t.TokenAdopted, t.TokenRenewRequested, t.TokenRevokeRequested, t.TokenDropRequested),
	t.SocketKind:  numbers(t.SocketOpenRequested, t.SocketCloseRequested, t.SocketAbortRequested, t.SocketTokenFresh, t.SocketTokenUnavailable, t.SocketTokenAbsent, t.SocketRequestSubmitted),
}

func numbers[E ~uint8](events ...E) []uint8 {
	var all []uint8
	for _, e := range events {
		all = append(all, uint8(e))
	}
	return all
}

// arguments are the values of Arg that make a difference; events not named here have none.
var arguments = map[t.Kind]map[uint8][]uint32{
	t.LoginKind:  {uint8(t.LoginAccepted): {t.NoTokens, t.AccessOnly, t.TokenPair}, uint8(t.LoginAbandoned): {0, 1}},
	t.TokenKind:  {uint8(t.TokenRefreshed): {t.AccessOnly, t.TokenPair}},
	t.SocketKind: {uint8(t.SocketSubscriptionsSent): {0, 1, 2}},
}

// inputs calls each with everything that the environment may do next: every
// event from outside, of the current generation and of the one before.
func (w *world) inputs(each func(in t.Input, current bool)) {
	_, session := w.core.Session()
	_, login := w.core.Login()
	_, token := w.core.Token()
	w.inputsOf(t.SessionKind, 0, session.Gen, len(w.system.Session.Chart().Events), each)
	w.inputsOf(t.LoginKind, 0, login.Gen, len(w.system.Login.Chart().Events), each)
	w.inputsOf(t.TokenKind, 0, token.Gen, len(w.system.Token.Chart().Events), each)
	for i := range w.core.Sockets() {
		_, socket := w.core.Socket(i)
		w.inputsOf(t.SocketKind, uint32(i), socket.Gen, len(w.system.Socket.Chart().Events), each)
	}
}

func (w *world) inputsOf(machine t.Kind, id, gen uint32, events int, each func(t.Input, bool)) {
	for e := uint8(1); int(e) <= events; e++ {
		if slices.Contains(internal[machine], e) {
			continue
		}
		args := arguments[machine][e]
		if args == nil {
			args = []uint32{0}
		}
		for _, arg := range args {
			for _, current := range [...]bool{true, false} {
				in := t.Input{To: machine, ID: id, On: e, Gen: gen, Arg: arg}
				if !current {
					in.Gen--
				}
				if w.possible(in, current) {
					each(in, current)
				}
			}
		}
	}
}

// possible tells whether the world can cause the event: a dial succeeds only
// where one is under way, and a timer fires only where it runs. Everything else
// may come at any time, as often as it likes.
func (w *world) possible(in t.Input, current bool) bool {
	if in.To == t.SocketKind && in.On == uint8(t.SocketOpened) {
		wire := w.ledger.sockets[in.ID]
		return current && wire.dialling || wire.late
	}
	if current && w.isTimer(in) {
		return w.runs(in)
	}
	return true
}

func (w *world) isTimer(in t.Input) bool {
	return w.system.EventCause(in.To, in.On) == fsm.Timer && (in.To != t.TokenKind || in.On != uint8(t.TokenExpired))
}

// runs tells whether the state that the machine is in names the timer.
func (w *world) runs(in t.Input) bool {
	switch in.To {
	case t.SessionKind:
		s, _ := w.core.Session()
		return slices.Contains(numbers(w.system.Session.Timers(s)...), in.On)
	case t.LoginKind:
		s, _ := w.core.Login()
		return slices.Contains(numbers(w.system.Login.Timers(s)...), in.On)
	case t.TokenKind:
		s, _ := w.core.Token()
		return slices.Contains(numbers(w.system.Token.Timers(s)...), in.On)
	default:
		s, _ := w.core.Socket(int(in.ID))
		return slices.Contains(numbers(w.system.Socket.Timers(s)...), in.On)
	}
}

// post gives an event to a copy of the world and books what came of it.
func (w *world) post(in t.Input, current bool) (*world, []t.Output, error) {
	next := &world{core: w.core.Clone(), system: w.system, ledger: w.ledger}
	outputs, err := next.core.Post(in)
	if err != nil {
		return nil, nil, err
	}
	next.ledger.cause(in, current)
	for _, out := range outputs {
		if out.What != t.Perform {
			continue
		}
		if err := next.ledger.perform(out); err != nil {
			return next, outputs, err
		}
	}
	return next, outputs, nil
}

// cause books what an event says about the world.
func (l *ledger) cause(in t.Input, current bool) {
	if in.To == t.SocketKind {
		l.sockets[in.ID].cause(t.SocketEvent(in.On), current)
		return
	}
	if !current {
		return
	}
	switch {
	case in.To == t.LoginKind && (in.On == uint8(t.LoginAccepted) || in.On == uint8(t.LoginRejected) || in.On == uint8(t.LoginUnavailable)):
		l.logins = 0
	case in.To == t.TokenKind && (in.On == uint8(t.TokenRefreshed) || in.On == uint8(t.TokenRejected) || in.On == uint8(t.TokenUnavailable)):
		l.refreshes = 0
	case in.To == t.TokenKind && in.On == uint8(t.TokenRevoked):
		l.logouts = 0
	}
}

func (w *wire) cause(e t.SocketEvent, current bool) {
	switch {
	case e == t.SocketOpened && current && w.dialling:
		w.dialling, w.open = false, true
	case e == t.SocketOpened:
		w.late = false
	case !current:
	case e == t.SocketAuthAccepted || e == t.SocketAuthSkipped:
		w.authed = w.open
	case e == t.SocketEnded || e == t.SocketDropped || e == t.SocketExpired || e == t.SocketRejected:
		w.dialling = false
	}
}

// perform books an effect, and tells if it must not be.
func (l *ledger) perform(out t.Output) error {
	switch out.Machine {
	case t.LoginKind:
		switch t.LoginEffect(out.Effect) {
		case t.LoginSend:
			return one(&l.logins, "login")
		case t.LoginCancel:
			l.logins = 0
		}
	case t.TokenKind:
		switch t.TokenEffect(out.Effect) {
		case t.TokenSendRefresh:
			return one(&l.refreshes, "refresh")
		case t.TokenCancelRefresh:
			l.refreshes = 0
		case t.TokenSendLogout:
			return one(&l.logouts, "logout")
		case t.TokenCancelLogout:
			l.logouts = 0
		}
	case t.SocketKind:
		return l.sockets[out.ID].perform(t.SocketEffect(out.Effect))
	}
	return nil
}

func one(inFlight *int8, what string) error {
	if *inFlight++; *inFlight > 1 {
		return fmt.Errorf("5: a second %s is sent while one is in flight", what)
	}
	return nil
}

func (w *wire) perform(effect t.SocketEffect) error {
	switch effect {
	case t.SocketDial:
		if w.dialling || w.open {
			return errors.New("11: a dial while the socket has a connection, or dials")
		}
		w.dialling = true
	case t.SocketCloseConnection:
		w.late = w.late || w.dialling
		*w = wire{late: w.late}
	case t.SocketAdoptConnection, t.SocketSendAuth, t.SocketSendSubscriptions, t.SocketSendClose:
		if !w.open {
			return fmt.Errorf("14: %d is sent without a connection", effect)
		}
	}
	return nil
}
