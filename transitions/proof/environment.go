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
	logins  int8 // requests sent and neither answered nor given up
	users   [maxUsers]account
	sockets [maxSockets]wire
}

const (
	maxSockets = 3
	maxUsers   = 4
)

// account is the world's side of one user's token.
type account struct {
	refreshes, logouts int8
	storing            uint32 // the generation of the token that is on its way to the store; 0: none
}

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
	rules  *rules
	ledger ledger
}

// rules are what all worlds of an exploration share.
type rules struct {
	*t.System
	outside [t.RequestKind][]occurrence // what the environment may post to each machine
	depth   uint32                      // how often somebody may log in as another
	adds    int                         // how many subscriptions may be added at a time
	next    *world                      // lent for each move in turn
}

// occurrence is an event with its argument.
type occurrence struct {
	on  uint8
	arg uint32
}

// key is what matters of a world. It holds all of it, not a hash, so that no two
// worlds are taken for one.
type key struct {
	length uint8
	bytes  [keySize]byte
}

const keySize = 95

func (w *world) key() key {
	var k key
	b := w.core.AppendKey(k.bytes[:0])
	b = append(b, byte(w.ledger.logins))
	for i := range w.core.Tokens() {
		user := &w.ledger.users[i]
		_, token := w.core.TokenOf(i) // as generations go, equal or not is all that matters
		b = append(b, byte(user.refreshes)|byte(user.logouts)<<2|byte(bits(user.storing != 0, user.storing == token.Gen))<<4)
	}
	var space [maxSockets][32]byte
	var sockets [maxSockets][]byte
	for i := range w.core.Sockets() {
		sockets[i] = append(w.core.AppendSocketKey(space[i][:0], i), byte(w.ledger.sockets[i].bits()))
	}
	slices.SortFunc(sockets[:w.core.Sockets()], slices.Compare[[]byte])
	for _, s := range sockets {
		b = append(b, s...)
	}
	k.length = uint8(len(b))
	if len(b) > keySize {
		panic(fmt.Sprintf("proof: a key of %d bytes", len(b))) // the limits of Plan exclude it
	}
	return k
}

func (w wire) bits() uint16 { return bits(w.dialling, w.late, w.open, w.authed) }

func bits(flags ...bool) uint16 {
	var all uint16
	for i, set := range flags {
		if set {
			all |= 1 << i
		}
	}
	return all
}

// newRules finds what the environment may post: all but the targets of links,
// gathers and quorums, also of those that a changed system leaves out.
func newRules(system *t.System, plan Plan) *rules {
	r := &rules{System: system, depth: uint32(plan.Depth), adds: plan.Adds, next: &world{core: &t.Core{}}}
	r.next.rules = r
	inside := make(map[t.Port]bool)
	for _, l := range append(slices.Clone(t.Shipped.Links), system.Links...) {
		inside[l.To] = true
	}
	for _, g := range append(slices.Clone(t.Shipped.Gathers), system.Gathers...) {
		inside[t.Port{Machine: t.SocketKind, Number: uint8(g.Up)}] = true
	}
	for _, q := range append(slices.Clone(t.Shipped.Quorums), system.Quorums...) {
		inside[t.Port{Machine: t.SessionKind, Number: uint8(q.Up)}] = true
		inside[t.Port{Machine: t.SessionKind, Number: uint8(q.Down)}] = true
	}
	for kind, chart := range system.Chart().Machines[:t.RequestKind] {
		for i := range chart.Events {
			on := uint8(i + 1)
			if inside[t.Port{Machine: t.Kind(kind), Number: on}] || plan.Calm && fares(t.Kind(kind), chart.Events[i]) {
				continue
			}
			args := arguments[t.Kind(kind)][on]
			if args == nil {
				args = []uint32{0}
			}
			if t.Kind(kind) == t.SessionKind && slices.Contains(numbers(t.SessionSocketOpenRequested, t.SessionSocketCloseRequested), on) {
				args = sockets(plan)
			}
			for _, arg := range args {
				r.outside[kind] = append(r.outside[kind], occurrence{on, arg})
			}
		}
	}
	return r
}

func numbers[E ~uint8](events ...E) []uint8 {
	var all []uint8
	for _, e := range events {
		all = append(all, uint8(e))
	}
	return all
}

// fares tells whether an event is of how a login or a token fares, other than well.
func fares(kind t.Kind, event fsm.ChartEvent) bool {
	return (kind == t.LoginKind || kind == t.TokenKind) && (event.Cause == fsm.Failure || event.Cause == fsm.Timer)
}

// sockets are the ids of a plan's sockets.
func sockets(plan Plan) (ids []uint32) {
	for i := range plan.Sockets {
		ids = append(ids, uint32(i))
	}
	return ids
}

// arguments are the values of Arg that make a difference; events not named here have none.
var arguments = map[t.Kind]map[uint8][]uint32{
	t.SessionKind: {uint8(t.SessionLogoutRequested): {t.ThisDevice, t.EveryDevice, t.NoDevice}},
	t.LoginKind: {
		uint8(t.LoginLoaded):    {t.AccessOnly, t.TokenPair, t.StaleAccess, t.StalePair},
		uint8(t.LoginAccepted):  {t.NoTokens, t.AccessOnly, t.TokenPair},
		uint8(t.LoginAbandoned): {0, 1}, uint8(t.LoginSufficed): {0, 1},
	},
	t.TokenKind: {uint8(t.TokenRefreshed): {t.AccessOnly, t.TokenPair}, uint8(t.TokenUnavailable): {0, 1}},
}

// inputs calls each with everything that the environment may do next: every
// event from outside, of the current generation and of the one before.
func (w *world) inputs(each func(in t.Input, current bool)) {
	_, session := w.core.Session()
	w.inputsOf(t.Input{To: t.SessionKind, Gen: session.Gen}, each)
	_, login := w.core.Login()
	w.inputsOf(t.Input{To: t.LoginKind, Gen: login.Gen}, each)
	for i := range w.core.Tokens() {
		_, token := w.core.TokenOf(i)
		w.inputsOf(t.Input{To: t.TokenKind, ID: uint32(i), Gen: token.Gen}, each)
	}
	for i := range w.core.Sockets() {
		_, socket := w.core.Socket(i)
		w.inputsOf(t.Input{To: t.SocketKind, ID: uint32(i), Gen: socket.Gen}, each)
	}
	added := 0
	for i := range w.core.Subscriptions() {
		id, _, _, data := w.core.Subscription(i)
		w.inputsOf(t.Input{To: t.SubscriptionKind, ID: id, Gen: data.Gen}, each)
		added += int(bits(!data.Declared))
	}
	for i := range w.core.Sockets() {
		if added < w.rules.adds {
			each(t.Input{To: t.SubscriptionKind, ID: w.core.NextSubscription(), On: uint8(t.SubscriptionAdded), Gen: uint32(i)}, true)
		}
	}
}

func (w *world) inputsOf(in t.Input, each func(t.Input, bool)) {
	gen := in.Gen
	for _, what := range w.rules.outside[in.To] {
		in.On, in.Arg = what.on, what.arg
		for _, current := range [...]bool{true, false} {
			in.Gen = gen
			if !current {
				in.Gen--
			}
			if w.possible(in, current) {
				each(in, current)
			}
		}
	}
}

// possible tells whether the world can cause the event: a dial succeeds and
// a store has stored only where that is under way, a timer fires only where it
// runs, and users log in as others only so deep. Everything else
// may come at any time, as often as it likes.
func (w *world) possible(in t.Input, current bool) bool {
	if in.To == t.SessionKind && in.On == uint8(t.SessionLoginAsRequested) {
		_, session := w.core.Session()
		return session.Depth < w.rules.depth
	}
	if in.To == t.SubscriptionKind && in.On == uint8(t.SubscriptionAdded) {
		return false // those that are there are
	}
	if in.To == t.TokenKind && (in.On == uint8(t.TokenAsked) || in.On == uint8(t.TokenRefused)) {
		return int(in.ID) == w.core.Tokens()-1 // requests are given the current user's
	}
	if current && in.To == t.TokenKind && in.On == uint8(t.TokenStored) {
		return w.ledger.users[in.ID].storing == in.Gen
	}
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
	return w.rules.EventCause(in.To, in.On) == fsm.Timer && (in.To != t.TokenKind || in.On != uint8(t.TokenExpired))
}

// runs tells whether the state that the machine is in names the timer.
func (w *world) runs(in t.Input) bool {
	switch in.To {
	case t.SessionKind:
		s, _ := w.core.Session()
		return slices.Contains(numbers(w.rules.Session.Timers(s)...), in.On)
	case t.LoginKind:
		s, _ := w.core.Login()
		return slices.Contains(numbers(w.rules.Login.Timers(s)...), in.On)
	case t.TokenKind:
		s, _ := w.core.TokenOf(int(in.ID))
		return slices.Contains(numbers(w.rules.Token.Timers(s)...), in.On)
	case t.SubscriptionKind:
		for i := range w.core.Subscriptions() {
			if id, _, s, _ := w.core.Subscription(i); id == in.ID {
				return slices.Contains(numbers(w.rules.Subscription.Timers(s)...), in.On)
			}
		}
		return false
	default:
		s, _ := w.core.Socket(int(in.ID))
		return slices.Contains(numbers(w.rules.Socket.Timers(s)...), in.On)
	}
}

// kept returns a world of one's own.
func (w *world) kept() *world {
	return &world{core: w.core.Clone(), rules: w.rules, ledger: w.ledger}
}

// post gives an event to a copy of the world, which is lent until the next post,
// and books what came of it.
func (w *world) post(in t.Input, current bool) (*world, []t.Output, error) {
	next := w.rules.next
	next.ledger = w.ledger
	if w.core.Idle(in) {
		next.ledger.cause(in, current)
		if next.ledger == w.ledger {
			return w, nil, nil
		}
		next.core.Assign(w.core)
		return next, nil, nil
	}
	next.core.Assign(w.core)
	outputs, err := next.core.Post(in)
	if err != nil {
		return nil, nil, err
	}
	next.ledger.cause(in, current)
	for _, out := range outputs {
		if out.What != t.Perform {
			continue
		}
		if err := next.perform(out); err != nil {
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
	case in.To == t.LoginKind && slices.Contains(numbers(t.LoginAccepted, t.LoginTokenRefused, t.LoginRejected, t.LoginUnavailable), in.On):
		l.logins = 0
	case in.To == t.TokenKind && slices.Contains(numbers(t.TokenRefreshed, t.TokenRejected, t.TokenUnavailable), in.On):
		l.users[in.ID].refreshes = 0
	case in.To == t.TokenKind && in.On == uint8(t.TokenRevoked):
		l.users[in.ID].logouts = 0
	case in.To == t.TokenKind && slices.Contains(numbers(t.TokenStored, t.TokenStoreTimedOut), in.On):
		l.users[in.ID].storing = 0
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
	case e == t.SocketEnded || e == t.SocketDropped || e == t.SocketExpired || e == t.SocketRejected || e == t.SocketReplaced || e == t.SocketBusy:
		w.dialling = false
	}
}

// perform books an effect, and tells if it must not be.
func (w *world) perform(out t.Output) error {
	l := &w.ledger
	switch out.Machine {
	case t.SubscriptionKind:
		return w.performSubscription(out)
	case t.LoginKind:
		switch t.LoginEffect(out.Effect) {
		case t.LoginSend:
			return one(&l.logins, "login")
		case t.LoginCancel:
			l.logins = 0
		}
	case t.TokenKind:
		return l.users[out.ID].perform(out)
	case t.SocketKind:
		return l.sockets[out.ID].perform(t.SocketEffect(out.Effect))
	}
	return nil
}

// performSubscription tells if a message of a subscription must not be sent.
func (w *world) performSubscription(out t.Output) error {
	effect := t.SubscriptionEffect(out.Effect)
	if effect != t.SubscriptionSend && effect != t.SubscriptionSendLeave {
		return nil
	}
	for i := range w.core.Subscriptions() {
		if id, socket, _, _ := w.core.Subscription(i); id == out.ID && !w.ledger.sockets[socket].authed {
			return fmt.Errorf("14: %s on a connection that is not authorised", w.rules.EffectName(out.Machine, out.Effect))
		}
	}
	return nil
}

func (a *account) perform(out t.Output) error {
	switch t.TokenEffect(out.Effect) {
	case t.TokenSendRefresh:
		return one(&a.refreshes, "refresh")
	case t.TokenCancelRefresh:
		a.refreshes = 0
	case t.TokenSendLogout, t.TokenSendLogoutEverywhere:
		return one(&a.logouts, "logout")
	case t.TokenCancelLogout:
		a.logouts = 0
	case t.TokenStore:
		a.storing = out.Now
	case t.TokenDrop:
		a.storing = 0
	case t.TokenTellFresh, t.TokenAnnounceFresh:
		if a.storing == out.Now {
			return errors.New("7: a token is used before it is stored")
		}
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
	case t.SocketAdoptConnection, t.SocketSendAuth, t.SocketSendRenewal, t.SocketSendPing, t.SocketSendClose:
		if !w.open {
			return fmt.Errorf("14: %d is sent without a connection", effect)
		}
	}
	return nil
}
