package transitions

import (
	"errors"
	"fmt"
	"slices"

	"github.com/custom-app/interlock/fsm"
)

// Input is one event for one machine of a core.
type Input struct {
	To  Kind
	ID  uint32 // which socket, from 0, which token, the master's being 0, or which subscription or request, from 1; otherwise 0
	On  uint8  // the event's number
	Gen uint32 // the generation the event belongs to; for an added subscription or a submitted request its socket
	Arg uint32 // what the event's doc says; for a submitted request its size in bytes

	Request RequestData // set for a submitted request
}

// What tells the kinds of outputs apart.
type What uint8

// The kinds of outputs.
const (
	Stepped What = iota // a machine took a row; From and To are equal for a stay
	Perform             // an effect is to be performed
	Start               // a timer is to be started
	Stop                // a timer is to be stopped
)

// Output is one thing that came of an input: first what happened to a machine,
// then what is to be done about it. Which fields are set depends on What.
type Output struct {
	What    What
	Machine Kind
	ID      uint32 // which socket, token, subscription or request; otherwise 0

	On  uint8  // the event that caused it
	Gen uint32 // the event's generation
	Arg uint32 // the event's argument

	From, To uint8  // the machine's states before and after
	Row      uint16 // the row taken, from 0
	Effect   uint8  // set for Perform
	Timer    uint8  // the event that the timer posts; set for Start and Stop
	Now      uint32 // the machine's generation after the step; a timer's event carries it
	Attempt  uint16 // how many attempts of its kind the machine has made again
}

// Plan says what a core's session is made of.
type Plan struct {
	Sockets []SocketPlan
	Groups  int // of sockets, opened one after the other; 0: one
}

// SocketPlan says what a socket is.
type SocketPlan struct {
	Group         int // of the chain, from 0
	Limits        Limits
	Subscriptions int  // declared ones
	Public        bool // needs no token, and is given none
	Early         bool // may open before login; a public one then outlives the logout
	Renews        bool // can be authorised anew on the same connection
	Added         bool // while running: it ends with the login
	NoPing        bool // is sent no ping
}

// Limits bound the requests that wait for one socket, those of each [Need] apart.
type Limits [needs]Limit

// Limit bounds the requests of one need that wait for one socket.
type Limit struct {
	Count  int // at most so many requests; 0: none waits
	Bytes  int // at most so many bytes in all
	Policy Policy
}

// most is how many groups, and how many declared subscriptions of a socket, there
// can be.
const most = 255

// validate joins the faults of a socket's plan.
func (p SocketPlan) validate(groups int) error {
	var faults []error
	for need, l := range p.Limits {
		if l.Count < 0 || l.Bytes < 0 || l.Policy > Refuse {
			faults = append(faults, fmt.Errorf("%s[%d]: Count and Bytes must not be negative, and Policy must be declared", "Limits", need))
		}
	}
	if p.Group < 0 || p.Group >= groups {
		faults = append(faults, fmt.Errorf("the Group is %d, of %d", p.Group, groups))
	}
	if p.Subscriptions < 0 || p.Subscriptions > most {
		faults = append(faults, fmt.Errorf("Subscriptions: %d, at most %d", p.Subscriptions, most))
	}
	return errors.Join(faults...)
}

// Errors of [Core.Post], beside [fsm.ImpossibleError].
var (
	ErrSettled = errors.New("transitions: input: its request has settled, its token, socket or subscription is gone, or it never was")
	ErrDefect  = errors.New("transitions: defect: a machine refused an internal event")
	ErrEndless = errors.New("transitions: defect: what comes of an event has no end")
)

type (
	session = fsm.Snapshot[SessionState, SessionData]
	login   = fsm.Snapshot[LoginState, LoginData]
	token   = fsm.Snapshot[TokenState, TokenData]
	request = struct {
		fsm.Snapshot[RequestState, RequestData]
		id, socket uint32
		size       int
	}
	subscription = struct {
		fsm.Snapshot[SubscriptionState, SubscriptionData]
		id, socket uint32
	}
)

// socket is a socket's machine and its buffers, one for each need.
type socket struct {
	fsm.Snapshot[SocketState, SocketData]
	id       uint32
	group    int
	limits   Limits
	buffered [needs]struct{ count, bytes int }
}

// within tells whether a scope reaches the socket, in a chain that has come to a
// group.
func (s *socket) within(scope Scope, group int) bool {
	switch scope {
	case EachUserSocket:
		return !s.Data.Public || !s.Data.Early
	case EachEarlySocket:
		return s.Data.Early
	case EachGroupSocket:
		return s.group == group
	case EachChainSocket:
		return s.group <= group
	case EachAddedSocket:
		return s.Data.Added
	}
	return true
}

// Core is the machines of one session, stepped together: pure, and to be used by
// one goroutine at a time.
type Core struct {
	system     *System
	session    session
	login      login
	tokens     []token   // the master's first, the current user's last
	sockets    []socket  // in the order of their ids, as the others are
	requests   []request // which is also that of submission
	subscribed []subscription

	nextSocket, lastRequest, lastSubscription uint32
	lastToken                                 uint32 // the greatest generation of a token so far

	queue   []Input
	out     []Output
	moved   bool // a session, a socket or a subscription has moved since the quorums were looked at
	filled  bool // a buffer has grown since the bounds were looked at
	settled bool // a request has settled, or a subscription or a socket is removed
}

// New returns a core in its initial state: logged out, everything closed. The
// error joins the faults of the plan.
func (s *System) New(plan Plan) (*Core, error) {
	c := &Core{system: s, session: s.Session.Initial(), login: s.Login.Initial(), tokens: []token{s.Token.Initial()}}
	groups := max(plan.Groups, 1)
	if plan.Groups < 0 || plan.Groups > most {
		return nil, fmt.Errorf("transitions: plan: Groups: %d, at most %d", plan.Groups, most)
	}
	c.session.Data.Last = uint8(groups - 1)
	var faults []error
	for i, p := range plan.Sockets {
		if _, err := c.AddSocket(p); err != nil {
			faults = append(faults, fmt.Errorf("transitions: plan: socket %d: %w", i, err))
		}
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return c, nil
}

// AddSocket adds a closed socket, with the subscriptions that it declares, and
// returns its id, which is never used again. It is not opened, and so has no
// outputs.
func (c *Core) AddSocket(plan SocketPlan) (id uint32, err error) {
	if err := plan.validate(int(c.session.Data.Last) + 1); err != nil {
		return 0, err
	}
	added := socket{Snapshot: c.system.Socket.Initial(), id: c.nextSocket, group: plan.Group, limits: plan.Limits}
	added.Data.Public, added.Data.Early, added.Data.Renews = plan.Public, plan.Early, plan.Renews
	added.Data.Added, added.Data.NoPing = plan.Added, plan.NoPing
	c.nextSocket++
	c.sockets = append(c.sockets, added)
	for range plan.Subscriptions {
		c.addSubscription(added.id, SubscriptionData{Declared: true})
	}
	return added.id, nil
}

// Post steps the core by one event from outside and everything that it leads to
// inside, and returns what came of it in order. The outputs are valid until the
// next Post. An event that is refused has changed nothing: the error is an
// [*fsm.ImpossibleError], [ErrSettled], or tells which field of the input is
// wrong. [ErrDefect] and [ErrEndless] mean that the tables contradict each other;
// exploring them shows that the shipped ones do not.
func (c *Core) Post(in Input) ([]Output, error) {
	if c.out == nil {
		c.out, c.queue = make([]Output, 0, 16), make([]Input, 0, 8)
	}
	c.out = c.out[:0]
	switch {
	case in.To == TokenKind && int(in.ID) >= len(c.tokens):
		return nil, ErrSettled
	case in.To == SocketKind && c.socketOf(in.ID) == nil:
		return nil, ErrSettled
	case in.To == RequestKind && in.On == uint8(RequestSubmit):
		if err := c.submit(in); err != nil {
			return nil, err
		}
	case in.To == SubscriptionKind && in.On == uint8(SubscriptionAdded):
		if err := c.subscribe(in); err != nil {
			return nil, err
		}
	}
	if err := c.step(in); err != nil {
		return nil, err
	}
	err := c.settle()
	if c.settled {
		c.requests = slices.DeleteFunc(c.requests, func(r request) bool { return r.State > RequestSent })
		c.sockets = slices.DeleteFunc(c.sockets, func(s socket) bool { return s.State == SocketRemoved })
		c.subscribed = slices.DeleteFunc(c.subscribed, func(s subscription) bool {
			return s.State == SubscriptionRemoved || c.socketOf(s.socket) == nil
		})
		c.settled = false
	}
	return c.out, err
}

// stepsEach is how many internal events can come of one event for each machine, by
// far.
const stepsEach = 1000

// settle steps internal events until none is left, then asks the gathers, the
// quorums and the bounds, until these have nothing to add either.
func (c *Core) settle() error {
	most := stepsEach * (8 + len(c.tokens) + len(c.sockets) + len(c.subscribed) + len(c.requests))
	for steps := 0; ; {
		for i := 0; i < len(c.queue); i++ {
			if steps++; steps > most {
				c.queue = c.queue[:0]
				return ErrEndless
			}
			if err := c.step(c.queue[i]); err != nil {
				c.queue = c.queue[:0]
				return fmt.Errorf("%w: %w", ErrDefect, err)
			}
		}
		c.queue = c.queue[:0]
		if !c.askGathers() && !c.askQuorums() && !c.askBounds() {
			return nil
		}
	}
}

// step gives one event to its machine.
func (c *Core) step(in Input) error {
	switch in.To {
	case SessionKind:
		return step(c, in, c.system.Session, &c.session)
	case LoginKind:
		return step(c, in, c.system.Login, &c.login)
	case TokenKind:
		if in.ID == addedToken {
			in.ID = c.addToken()
		}
		if int(in.ID) >= len(c.tokens) {
			return ErrSettled
		}
		err := step(c, in, c.system.Token, &c.tokens[in.ID])
		c.lastToken = later(c.tokens[in.ID].Data.Gen, c.lastToken)
		c.trim()
		return err
	case SocketKind:
		s := c.socketOf(in.ID)
		if s == nil {
			return ErrSettled
		}
		err := step(c, in, c.system.Socket, &s.Snapshot)
		c.settled = c.settled || s.State == SocketRemoved
		return err
	case SubscriptionKind:
		s := c.subscriptionOf(in.ID)
		if s == nil {
			return ErrSettled
		}
		err := step(c, in, c.system.Subscription, &s.Snapshot)
		c.settled = c.settled || s.State == SubscriptionRemoved
		return err
	case RequestKind:
		r := c.requestOf(in.ID)
		if r == nil {
			return ErrSettled
		}
		from := r.State
		err := step(c, in, c.system.Request, &r.Snapshot)
		c.account(r, from)
		return err
	}
	return fmt.Errorf("transitions: input: To: there is no machine %d", in.To)
}

// step gives one event to one machine, notes what came of it, and queues what
// it means to the others.
func step[S, E, F ~uint8, D comparable](c *Core, in Input, m *fsm.Machine[S, E, F, D], s *fsm.Snapshot[S, D]) error {
	event := fsm.Event[E]{On: E(in.On), Gen: in.Gen, Arg: in.Arg}
	before, _ := c.generation(in.To, in.ID)
	from, row := s.State, m.RowOf(s, event)
	effects, err := m.Apply(s, event)
	if err != nil {
		return err
	}
	note := Output{What: Stepped, Machine: in.To, ID: in.ID, On: in.On, Gen: in.Gen, Arg: in.Arg}
	note.From, note.To, note.Row = uint8(from), uint8(s.State), uint16(row)
	note.Now, note.Attempt = c.generation(in.To, in.ID)
	c.out = append(c.out, note)
	restarts := from != s.State || before != note.Now // in another generation what its timers post would be stale
	if from != s.State {
		c.moved = c.moved || in.To == SessionKind || in.To == SocketKind || in.To == SubscriptionKind
	}
	if restarts {
		stopTimers(c, note, m.Timers(from), m.Timers(s.State), before == note.Now)
	}
	for _, f := range effects {
		note.What, note.Effect = Perform, uint8(f)
		c.out = append(c.out, note)
		for _, l := range c.system.byEffect[in.To][f] {
			c.follow(l, in)
		}
	}
	if restarts {
		startTimers(c, note, m.Timers(from), m.Timers(s.State), before == note.Now)
	}
	return nil
}

// stopTimers stops the timers that only the state left names, before the effects;
// in another generation every one, since what it posts would be stale.
func stopTimers[E ~uint8](c *Core, note Output, left, entered []E, same bool) {
	for _, timer := range left {
		if !same || !slices.Contains(entered, timer) {
			note.What, note.Timer = Stop, uint8(timer)
			c.out = append(c.out, note)
		}
	}
}

// startTimers starts the timers that only the state entered names, after the
// effects, which may decide how long they run; in another generation every one.
func startTimers[E ~uint8](c *Core, note Output, left, entered []E, same bool) {
	for _, timer := range entered {
		if !same || !slices.Contains(left, timer) {
			note.What, note.Timer, note.Effect = Start, uint8(timer), 0
			c.out = append(c.out, note)
		}
	}
}

// generation returns a machine's generation and its count of failed attempts.
func (c *Core) generation(machine Kind, id uint32) (gen uint32, attempt uint16) {
	switch machine {
	case SessionKind:
		return c.session.Data.Gen, c.session.Data.Attempt
	case LoginKind:
		return c.login.Data.Gen, c.login.Data.Attempt
	case TokenKind:
		return c.tokens[id].Data.Gen, c.tokens[id].Data.Attempt
	case SocketKind:
		s := c.socketOf(id)
		return s.Data.Gen, s.Data.Attempt
	case SubscriptionKind:
		return c.subscriptionOf(id).Data.Gen, 0
	}
	return 0, 0
}
