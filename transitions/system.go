package transitions

import (
	"errors"
	"fmt"

	"github.com/custom-app/interlock/fsm"
)

// Machines are the declared machines that a system couples.
type Machines struct {
	Session *fsm.Machine[SessionState, SessionEvent, SessionEffect, SessionData]
	Login   *fsm.Machine[LoginState, LoginEvent, LoginEffect, LoginData]
	Token   *fsm.Machine[TokenState, TokenEvent, TokenEffect, TokenData]
	Socket  *fsm.Machine[SocketState, SocketEvent, SocketEffect, SocketData]
	Request *fsm.Machine[RequestState, RequestEvent, RequestEffect, RequestData]

	Subscription *fsm.Machine[SubscriptionState, SubscriptionEvent, SubscriptionEffect, SubscriptionData]
}

// Coupling is what makes the machines depend on each other.
type Coupling struct {
	Links   []Link
	Gathers []Gather
	Quorums []Quorum
	Bounds  []Bound
}

// System is what a [Core] runs: machines and their coupling. It must not be
// changed, and may be used by any number of cores and goroutines; a mutant is
// coupled anew from changed copies.
type System struct {
	Machines
	Coupling

	byEffect [kinds][][]*Link
	charts   [kinds]fsm.Chart
}

// Shipped is the system that the connector runs.
var Shipped = mustCouple(
	Machines{Session: Session, Login: Login, Token: Token, Socket: Socket, Subscription: Subscription, Request: Request},
	Coupling{links, gathers, quorums, bounds},
)

func mustCouple(machines Machines, coupling Coupling) *System {
	s, err := NewSystem(machines, coupling)
	if err != nil {
		panic(err)
	}
	return s
}

// NewSystem couples machines. It returns one error that joins all faults, each
// naming its link, gather, quorum or bound. [Shipped] is the one to use; another is for
// those who test what a changed table would do.
func NewSystem(machines Machines, coupling Coupling) (*System, error) {
	s := &System{Machines: machines, Coupling: coupling}
	s.charts = [kinds]fsm.Chart{
		machines.Session.Chart(), machines.Login.Chart(), machines.Token.Chart(),
		machines.Socket.Chart(), machines.Subscription.Chart(), machines.Request.Chart(),
	}
	for kind := range kinds {
		s.byEffect[kind] = make([][]*Link, len(s.charts[kind].Effects))
	}
	var faults []error
	for i := range coupling.Links {
		if err := s.couple(&coupling.Links[i]); err != nil {
			faults = append(faults, fmt.Errorf("transitions: link %d: %w", i+1, err))
		}
	}
	for i, g := range coupling.Gathers {
		if g.Up == 0 || int(g.Up) > len(s.charts[SocketKind].Events) {
			faults = append(faults, fmt.Errorf("transitions: gather %d: Up is not declared", i+1))
		}
	}
	for i, q := range coupling.Quorums {
		if !scopeFits[q.Over][SocketKind] || q.Over == OwnSocket || q.Over == OneSocket || q.Over == SameSocket {
			faults = append(faults, fmt.Errorf("transitions: quorum %d: Over must reach sockets", i+1))
		}
		if (q.Up == 0 && q.Down == 0) || max(int(q.Up), int(q.Down)) > len(s.charts[SessionKind].Events) {
			faults = append(faults, fmt.Errorf("transitions: quorum %d: needs a declared Up or Down", i+1))
		}
	}
	for i, b := range coupling.Bounds {
		if b.Post == 0 || int(b.Post) > len(s.charts[RequestKind].Events) {
			faults = append(faults, fmt.Errorf("transitions: bound %d: Post is not declared", i+1))
		}
	}
	return s, errors.Join(faults...)
}

func (s *System) couple(l *Link) error {
	if l.From.Machine >= kinds || int(l.From.Number) >= len(s.byEffect[l.From.Machine]) {
		return errors.New("the effect of From is not declared")
	}
	if l.To.Machine >= kinds || l.To.Number == 0 || int(l.To.Number) > len(s.charts[l.To.Machine].Events) {
		return errors.New("the event of To is not declared")
	}
	if !l.Scope.Fits(l.To.Machine) {
		return fmt.Errorf("the Scope %q does not lead to the machine %s", l.Scope, l.To.Machine)
	}
	if !l.Scope.starts(l.From.Machine) {
		return fmt.Errorf("the Scope %q does not start from the machine %s", l.Scope, l.From.Machine)
	}
	for _, carry := range []Carry{l.Gen, l.Arg} {
		if !carry.starts(l.From.Machine) {
			return fmt.Errorf("the machine %s does not know %s", l.From.Machine, carry)
		}
	}
	list := &s.byEffect[l.From.Machine][l.From.Number]
	*list = append(*list, l)
	return nil
}

// Scopes are all scopes.
func Scopes() (all []Scope) {
	for scope := range scopeFits {
		all = append(all, Scope(scope))
	}
	return all
}

// Fits tells whether the scope can lead to the machine.
func (s Scope) Fits(machine Kind) bool {
	return int(s) < len(scopeFits) && machine < kinds && scopeFits[s][machine]
}

// starts tells whether effects of the machine can have the scope.
func (s Scope) starts(machine Kind) bool {
	switch s {
	case SameSocket, EachSubscription, EachRequest, OneSubscription, OneRequest:
		return machine == SocketKind
	case OwnSocket:
		return machine == SubscriptionKind || machine == RequestKind
	}
	return true
}

// starts tells whether effects of the machine have what is to be carried.
func (c Carry) starts(machine Kind) bool {
	switch c {
	case OfferedToken:
		return machine == LoginKind || machine == SocketKind
	case MetNeed:
		return machine == SocketKind
	}
	return int(c) < len(carryNames)
}

// scopeFits says which machines a scope can lead to.
var scopeFits = [...][kinds]bool{
	TheOne:           {SessionKind: true, LoginKind: true, TokenKind: true},
	AddedToken:       {TokenKind: true},
	PreviousToken:    {TokenKind: true},
	MasterToken:      {TokenKind: true},
	EachToken:        {TokenKind: true},
	EachSocket:       {SocketKind: true},
	EachUserSocket:   {SocketKind: true},
	EachEarlySocket:  {SocketKind: true},
	EachGroupSocket:  {SocketKind: true},
	EachChainSocket:  {SocketKind: true},
	EachAddedSocket:  {SocketKind: true},
	SameSocket:       {SocketKind: true},
	OneSocket:        {SocketKind: true},
	OwnSocket:        {SocketKind: true},
	EachSubscription: {SubscriptionKind: true},
	OneSubscription:  {SubscriptionKind: true},
	EachRequest:      {RequestKind: true},
	OneRequest:       {RequestKind: true},
}

// Using returns the same system with its machines stepped by the given engine. The
// machine of requests, of which there may be thousands a second, always steps by
// the table.
func (s *System) Using(engine fsm.Engine) *System {
	other, err := NewSystem(Machines{
		Session: s.Session.Using(engine), Login: s.Login.Using(engine), Token: s.Token.Using(engine),
		Socket: s.Socket.Using(engine), Subscription: s.Subscription.Using(engine), Request: s.Request.Using(fsm.Table),
	}, s.Coupling)
	if err != nil {
		panic(err) // s was sound
	}
	return other
}

// Engine returns the engine of the session machine.
func (s *System) Engine() fsm.Engine { return s.Session.Engine() }

// StateName returns the name of a machine's state.
func (s *System) StateName(machine Kind, state uint8) string {
	return s.charts[machine].States[state].Name
}

// EventName returns the name of a machine's event.
func (s *System) EventName(machine Kind, event uint8) string {
	return s.charts[machine].Events[event-1].Name
}

// EventDoc returns what a machine's event means.
func (s *System) EventDoc(machine Kind, event uint8) string {
	return s.charts[machine].Events[event-1].Doc
}

// EffectName returns the name of a machine's effect.
func (s *System) EffectName(machine Kind, effect uint8) string {
	return s.charts[machine].Effects[effect].Name
}

// Chart returns the whole system in names, for diagrams.
func (s *System) Chart() fsm.SystemChart {
	chart := fsm.SystemChart{Name: "coupling", Machines: s.charts[:]}
	for _, l := range s.Links {
		chart.Links = append(chart.Links, fsm.ChartLink{
			From: l.From.Machine.String(), Effect: s.EffectName(l.From.Machine, l.From.Number),
			To: l.To.Machine.String(), Event: s.EventName(l.To.Machine, l.To.Number),
			Scope: l.Scope.String(), Gen: l.Gen.String(), Arg: l.Arg.String(), Doc: l.Doc,
		})
	}
	for _, g := range s.Gathers {
		cg := fsm.ChartQuorum{Over: EachSubscription.String(), To: SocketKind.String(), Up: s.Socket.EventName(g.Up), Doc: g.Doc}
		for _, state := range g.All {
			cg.All = append(cg.All, s.Subscription.StateName(state))
		}
		chart.Quorums = append(chart.Quorums, cg)
	}
	for _, q := range s.Quorums {
		cq := fsm.ChartQuorum{Over: q.Over.String(), To: SessionKind.String(), Doc: q.Doc}
		for _, state := range q.All {
			cq.All = append(cq.All, s.Socket.StateName(state))
		}
		if q.Up != 0 {
			cq.Up = s.Session.EventName(q.Up)
		}
		if q.Down != 0 {
			cq.Down = s.Session.EventName(q.Down)
		}
		chart.Quorums = append(chart.Quorums, cq)
	}
	for _, b := range s.Bounds {
		chart.Bounds = append(chart.Bounds, fsm.ChartBound{
			Over: "requests of a socket", In: s.Request.StateName(RequestBuffered),
			Policy: b.Policy.String(), Event: s.Request.EventName(b.Post), Doc: b.Doc,
		})
	}
	return chart
}

// EventCause returns whose doing a machine's event is.
func (s *System) EventCause(machine Kind, event uint8) fsm.Cause {
	return s.charts[machine].Events[event-1].Cause
}
