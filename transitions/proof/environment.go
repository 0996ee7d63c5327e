package proof

import (
	"slices"

	"github.com/custom-app/interlock/fsm"
	t "github.com/custom-app/interlock/transitions"
)

// rules are what all worlds of an exploration share: what the environment may do.
type rules struct {
	*t.System
	plan    Plan
	outside [kinds][]occurrence // what the environment may post to each machine
	about   [kinds][64]trait    // of each event
	timers  [kinds][32]uint64   // that run in each state, a bit for each event
}

const kinds = t.RequestKind + 1

// occurrence is an event with its argument.
type occurrence struct {
	on  uint8
	arg uint32
}

// trait is what matters of an event.
type trait struct {
	generational bool // it belongs to a generation
	timer        bool // it comes only where a state says so
	failure      bool
	command      bool // of the application, to the session
	booked       bool // the ledger has something to do with it
	names        bool // a socket, by the argument
}

// newRules finds what the environment may post: all but the targets of links,
// gathers, quorums and bounds, also of those that a changed system leaves out.
func newRules(system *t.System, plan Plan) *rules {
	r := &rules{System: system, plan: plan}
	inside := insiders(t.Shipped.Coupling, system.Coupling)
	for i, chart := range system.Chart().Machines {
		kind := t.Kind(i)
		for j, event := range chart.Events {
			on := uint8(j + 1)
			r.about[kind][on] = trait{
				generational: generational(kind, on),
				timer:        event.Cause == fsm.Timer && kind != t.RequestKind && (kind != t.TokenKind || on != uint8(t.TokenExpired)),
				failure:      event.Cause == fsm.Failure,
				command:      kind == t.SessionKind && event.Cause == fsm.User,
				booked:       booked(kind, on),
				names:        kind == t.SessionKind && slices.Contains(numbers(t.SessionSocketOpenRequested, t.SessionSocketCloseRequested, t.SessionSocketRemoveRequested), on),
			}
			if slices.Contains(inside, t.Port{Machine: kind, Number: on}) || plan.Calm && fares(kind, event) {
				continue
			}
			for _, arg := range argumentsOf(kind, on, plan) {
				r.outside[kind] = append(r.outside[kind], occurrence{on, arg})
			}
		}
	}
	r.timers = [kinds][32]uint64{
		t.SessionKind: timers(system.Session), t.LoginKind: timers(system.Login), t.TokenKind: timers(system.Token),
		t.SocketKind: timers(system.Socket), t.SubscriptionKind: timers(system.Subscription), t.RequestKind: timers(system.Request),
	}
	return r
}

// timers are a bit for each timer that runs in a state, for each of a machine's.
func timers[S, E, F ~uint8, D comparable](m *fsm.Machine[S, E, F, D]) (running [32]uint64) {
	for i, state := range m.Declaration().States {
		for _, on := range state.Timers {
			running[i] |= mask(on)
		}
	}
	return running
}

// insiders are the events that come from inside alone. What adds a machine is
// posted with care of its own.
func insiders(couplings ...t.Coupling) []t.Port {
	inside := []t.Port{{Machine: t.SubscriptionKind, Number: uint8(t.SubscriptionAdded)}, {Machine: t.RequestKind, Number: uint8(t.RequestSubmit)}}
	for _, c := range couplings {
		for _, l := range c.Links {
			inside = append(inside, l.To)
		}
		for _, g := range c.Gathers {
			inside = append(inside, t.Port{Machine: t.SocketKind, Number: uint8(g.Up)})
		}
		for _, q := range c.Quorums {
			inside = append(inside, t.Port{Machine: t.SessionKind, Number: uint8(q.Up)}, t.Port{Machine: t.SessionKind, Number: uint8(q.Down)})
		}
		for _, b := range c.Bounds {
			inside = append(inside, t.Port{Machine: t.RequestKind, Number: uint8(b.Post)})
		}
	}
	return inside
}

// fares tells whether an event is of how a login or a token fares, other than well.
func fares(kind t.Kind, event fsm.ChartEvent) bool {
	return (kind == t.LoginKind || kind == t.TokenKind) && (event.Cause == fsm.Failure || event.Cause == fsm.Timer)
}

// generational tells whether an event belongs to a generation. A refused token
// names its own, which may be an older one by right.
func generational(kind t.Kind, on uint8) bool {
	switch kind {
	case t.SessionKind:
		return slices.Contains(numbers(t.SessionCloseTimedOut, t.SessionGroupMade, t.SessionGroupUnavailable, t.SessionGroupFailed, t.SessionRetriesSpent, t.SessionGroupTimedOut, t.SessionRetryDue), on)
	case t.SubscriptionKind:
		return on != uint8(t.SubscriptionAdded) && on != uint8(t.SubscriptionRemoveRequested)
	case t.LoginKind:
		return on != uint8(t.LoginAbandoned) && on != uint8(t.LoginSufficed)
	case t.TokenKind:
		return on != uint8(t.TokenAsked) && on != uint8(t.TokenRefused)
	case t.RequestKind:
		return false
	}
	return true
}

func numbers[E ~uint8](events ...E) (all []uint8) {
	for _, e := range events {
		all = append(all, uint8(e))
	}
	return all
}

// argumentsOf are the values of Arg that make a difference.
func argumentsOf(kind t.Kind, on uint8, plan Plan) []uint32 {
	if kind == t.SessionKind && slices.Contains(numbers(t.SessionSocketOpenRequested, t.SessionSocketCloseRequested, t.SessionSocketRemoveRequested), on) {
		return places(plan)
	}
	if args := arguments[kind][on]; args != nil {
		return args
	}
	return []uint32{0}
}

// places are those of a plan's sockets among all that there are.
func places(plan Plan) (all []uint32) {
	for i := range plan.Sockets {
		all = append(all, uint32(i))
	}
	if plan.Joins != nil {
		all = append(all, uint32(len(plan.Sockets)))
	}
	return all
}

// joins stands for a socket that is added, which is no event.
var joins = t.Input{To: t.SocketKind}

// ticket is that of every command; who names another names one that is over.
const ticket = 1

// arguments are those values; events not named here have none.
var arguments = map[t.Kind]map[uint8][]uint32{
	t.SessionKind: {
		uint8(t.SessionLoginRequested): {ticket}, uint8(t.SessionResumeRequested): {ticket}, uint8(t.SessionRequired): {ticket}, uint8(t.SessionLoginAsRequested): {ticket},
		uint8(t.SessionLogoutRequested): {t.ThisDevice, t.EveryDevice, t.NoDevice},
	},
	t.LoginKind: {
		uint8(t.LoginLoaded):    {t.AccessOnly, t.TokenPair, t.StaleAccess, t.StalePair},
		uint8(t.LoginAccepted):  {t.NoTokens, t.AccessOnly, t.TokenPair},
		uint8(t.LoginAbandoned): {ticket, ticket + 1}, uint8(t.LoginSufficed): {ticket, ticket + 1},
	},
	t.TokenKind: {uint8(t.TokenRefreshed): {t.AccessOnly, t.TokenPair}, uint8(t.TokenUnavailable): {0, 1}},
}

// inputs calls each with everything that the environment may do next: every
// event from outside, of the current generation and of the one before.
func (w *world) inputs(each func(in t.Input, current bool)) {
	c := w.core
	session, sd := c.Session()
	w.inputsOf(t.Input{To: t.SessionKind, Gen: sd.Gen}, uint8(session), each)
	login, ld := c.Login()
	w.inputsOf(t.Input{To: t.LoginKind, Gen: ld.Gen}, uint8(login), each)
	for i := range c.Tokens() {
		token, d := c.TokenOf(i)
		w.inputsOf(t.Input{To: t.TokenKind, ID: uint32(i), Gen: d.Gen}, uint8(token), each)
	}
	grown := 0
	for i := range c.Sockets() {
		socket, d := c.Socket(i)
		w.inputsOf(t.Input{To: t.SocketKind, ID: c.SocketID(i), Gen: d.Gen}, uint8(socket), each)
		grown += int(bits(d.Added))
	}
	if w.rules.plan.Joins != nil && grown == 0 && (open(session) || session == t.SessionDetached) {
		each(joins, true)
	}
	added := 0
	for i := range c.Subscriptions() {
		id, _, subscription, d := c.Subscription(i)
		w.inputsOf(t.Input{To: t.SubscriptionKind, ID: id, Gen: d.Gen}, uint8(subscription), each)
		added += int(bits(!d.Declared))
	}
	var pending [maxSockets]int
	for i := range c.Requests() {
		id, socket, request, _ := c.Request(i)
		w.inputsOf(t.Input{To: t.RequestKind, ID: id}, uint8(request), each)
		pending[w.slot(socket)]++
	}
	for i := range c.Sockets() {
		if added < w.rules.plan.Adds {
			each(t.Input{To: t.SubscriptionKind, ID: c.NextSubscription(), On: uint8(t.SubscriptionAdded), Gen: c.SocketID(i)}, true)
		}
		if pending[i] < max(w.rules.plan.Pending, 1) {
			for _, request := range w.rules.plan.Requests {
				each(t.Input{To: t.RequestKind, ID: c.NextRequest(), On: uint8(t.RequestSubmit), Gen: c.SocketID(i), Arg: 1, Request: request}, true)
			}
		}
	}
}

// inputsOf calls each with what may come to one machine.
func (w *world) inputsOf(in t.Input, state uint8, each func(t.Input, bool)) {
	gen, about, running := in.Gen, &w.rules.about[in.To], w.rules.timers[in.To][state]
	for _, what := range w.rules.outside[in.To] {
		in.On, in.Arg, in.Gen = what.on, what.arg, gen
		if in.To == t.TokenKind && what.on == uint8(t.TokenErased) {
			in.Gen, _ = w.core.Generation(in)
		}
		of := about[what.on]
		if of.names {
			if int(what.arg) >= w.core.Sockets() {
				continue
			}
			in.Arg = w.core.SocketID(int(what.arg))
		}
		if (!of.timer || running&(1<<what.on) != 0) && w.possible(in) {
			each(in, true)
		}
		if of.generational || in.To == t.TokenKind && what.on == uint8(t.TokenRefused) {
			in.Gen--
			each(in, false)
		}
	}
}

// possible tells whether the world can cause an event of the current generation: a
// store has stored, or erased, only where that is under way, a dial opens one connection, if
// late, users log in as others only so deep, and requests are given the current
// user's token. Everything else may come at any time, as often as it likes.
func (w *world) possible(in t.Input) bool {
	switch in.To {
	case t.SessionKind:
		if in.On == uint8(t.SessionLoginAsRequested) {
			_, session := w.core.Session()
			return session.Depth < uint32(w.rules.plan.Depth)
		}
	case t.TokenKind:
		switch t.TokenEvent(in.On) {
		case t.TokenAsked, t.TokenRefused:
			return int(in.ID) == w.core.Tokens()-1
		case t.TokenStored:
			return w.ledger.users[in.ID].storing == in.Gen
		case t.TokenErased:
			return w.ledger.users[in.ID].erasing
		}
	case t.SocketKind:
		if in.On == uint8(t.SocketOpened) {
			wire := w.ledger.sockets[w.slot(in.ID)]
			return wire.dialling || !wire.open // or late
		}
	}
	return true
}
