package transitions

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/custom-app/interlock/fsm"
)

// follow queues what a link makes of an effect that the input has caused.
func (c *Core) follow(l *Link, cause Input) {
	in := Input{To: l.To.Machine, On: l.To.Number, Gen: c.carried(l.Gen, cause), Arg: c.carried(l.Arg, cause)}
	current := len(c.tokens) - 1
	switch l.Scope {
	case TheOne:
		if in.To == TokenKind {
			in.ID = uint32(current)
		}
		c.queue = append(c.queue, in)
	case AddedToken:
		in.ID = addedToken
		c.queue = append(c.queue, in)
	case PreviousToken:
		in.ID = uint32(current - 1)
		c.queue = append(c.queue, in)
	case MasterToken:
		c.queue = append(c.queue, in)
	case EachToken:
		for i := current; i >= 0; i-- {
			in.ID = uint32(i)
			c.queue = append(c.queue, in)
		}
	case EachSocket, EachUserSocket, EachEarlySocket, EachGroupSocket, EachChainSocket, EachAddedSocket:
		for i := range c.sockets {
			if c.sockets[i].within(l.Scope, int(c.session.Data.Group)) {
				in.ID = c.sockets[i].id
				c.queue = append(c.queue, in)
			}
		}
	case SameSocket:
		in.ID = cause.ID
		c.queue = append(c.queue, in)
	case OneSocket:
		if c.socketOf(cause.Arg) != nil {
			in.ID = cause.Arg
			c.queue = append(c.queue, in)
		}
	case OwnSocket:
		in.ID = c.ownerOf(cause)
		c.queue = append(c.queue, in)
	case EachSubscription:
		for i := range c.subscribed {
			if c.subscribed[i].socket == cause.ID {
				in.ID = c.subscribed[i].id
				c.queue = append(c.queue, in)
			}
		}
	case EachRequest:
		for i := range c.requests {
			if c.requests[i].socket == cause.ID {
				in.ID = c.requests[i].id
				c.queue = append(c.queue, in)
			}
		}
	case OneRequest, OneSubscription:
		in.ID = cause.Arg
		c.queue = append(c.queue, in)
	}
}

func (c *Core) carried(what Carry, cause Input) uint32 {
	switch what {
	case OwnGeneration:
		gen, _ := c.generation(cause.To, cause.ID)
		return gen
	case OfferedToken:
		if cause.To == LoginKind {
			return c.login.Data.Token
		}
		return c.socketOf(cause.ID).Data.Token
	case CurrentToken:
		return c.tokens[len(c.tokens)-1].Data.Gen
	case UserToken:
		return c.tokens[len(c.tokens)-1].Data.Since
	case LastToken:
		return c.lastToken
	case CauseArg:
		return cause.Arg
	case OwnID:
		return cause.ID
	case Devices:
		return uint32(c.session.Data.Leave)
	case MetNeed:
		return uint32(c.socketOf(cause.ID).met())
	}
	return 0
}

// met returns the greatest need of requests that the socket meets.
func (s *socket) met() Need {
	switch s.State {
	case SocketSubscribed, SocketProbing, SocketRenewing:
		return NeedReady
	case SocketAuthed:
		return NeedAuthed
	case SocketAuthenticating:
		if s.Data.Greeted {
			return NeedOpen
		}
	}
	return needs
}

// ownerOf returns the socket of a subscription or a request.
func (c *Core) ownerOf(cause Input) uint32 {
	if cause.To == SubscriptionKind {
		return c.subscriptionOf(cause.ID).socket
	}
	return c.requestOf(cause.ID).socket
}

// addedToken stands for the id of a token that is added when its event is due.
const addedToken = ^uint32(0)

// addToken adds the machine of another user's token.
func (c *Core) addToken() (id uint32) {
	added := c.system.Token.Initial()
	added.Data.Nested = true
	c.tokens = append(c.tokens, added)
	return uint32(len(c.tokens) - 1)
}

// trim removes the tokens of users whom the session no longer counts.
func (c *Core) trim() {
	for last := len(c.tokens) - 1; last > int(c.session.Data.Depth) && c.tokens[last].State == TokenAbsent; last-- {
		c.tokens = c.tokens[:last]
	}
}

// askGathers queues the first event of subscriptions that moves their socket, if
// any.
func (c *Core) askGathers() bool {
	if !c.moved {
		return false
	}
	for i := range c.sockets {
		s := &c.sockets[i]
		for _, g := range c.system.Gathers {
			if c.system.Socket.Moves(&s.Snapshot, fsm.Event[SocketEvent]{On: g.Up, Gen: s.Data.Gen}) && c.gathered(s.id, g.All) {
				c.queue = append(c.queue, Input{To: SocketKind, ID: s.id, On: uint8(g.Up), Gen: s.Data.Gen})
				return true
			}
		}
	}
	return false
}

// gathered tells whether every subscription of a socket is in one of the states.
func (c *Core) gathered(socket uint32, states []SubscriptionState) bool {
	for i := range c.subscribed {
		if c.subscribed[i].socket == socket && !slices.Contains(states, c.subscribed[i].State) {
			return false
		}
	}
	return true
}

// askQuorums queues the first quorum event that moves the session, if any.
func (c *Core) askQuorums() bool {
	if !c.moved {
		return false
	}
	for i := range c.system.Quorums {
		q := &c.system.Quorums[i]
		event := q.Down
		if c.all(q.Over, q.All) {
			event = q.Up
		}
		if event != 0 && c.system.Session.Moves(&c.session, fsm.Event[SessionEvent]{On: event}) {
			c.queue = append(c.queue, Input{To: SessionKind, On: uint8(event)})
			return true
		}
	}
	c.moved = false
	return false
}

func (c *Core) all(over Scope, states []SocketState) bool {
	for i := range c.sockets {
		if c.sockets[i].within(over, int(c.session.Data.Group)) && !slices.Contains(states, c.sockets[i].State) {
			return false
		}
	}
	return true
}

// submit adds the request that the input announces.
func (c *Core) submit(in Input) error {
	if c.lastRequest == ^uint32(0) {
		return errors.New("transitions: input: ID: the session has used up its request ids")
	}
	if in.ID != c.lastRequest+1 {
		return fmt.Errorf("transitions: input: ID: the next request is %d, not %d", c.lastRequest+1, in.ID)
	}
	s := c.socketOf(in.Gen)
	if s == nil {
		return fmt.Errorf("transitions: input: Gen: there is no socket %d", in.Gen)
	}
	if in.Request.Need >= needs {
		return fmt.Errorf("transitions: input: Request: Need: %d is not declared", in.Request.Need)
	}
	c.lastRequest = in.ID
	added := request{Snapshot: c.system.Request.Initial(), id: in.ID, socket: in.Gen, size: int(in.Arg)}
	added.Data = in.Request
	c.requests = append(c.requests, added)
	buffer := &s.buffered[in.Request.Need]
	buffer.count, buffer.bytes, c.filled = buffer.count+1, buffer.bytes+added.size, true
	c.out = append(c.out, Output{What: Start, Machine: RequestKind, ID: in.ID, On: in.On, Gen: in.Gen, Arg: in.Arg, Timer: uint8(RequestTimeOut)})
	return nil
}

// subscribe adds the subscription that the input announces.
func (c *Core) subscribe(in Input) error {
	if in.ID != c.lastSubscription+1 {
		return fmt.Errorf("transitions: input: ID: the next subscription is %d, not %d", c.lastSubscription+1, in.ID)
	}
	if c.socketOf(in.Gen) == nil {
		return fmt.Errorf("transitions: input: Gen: there is no socket %d", in.Gen)
	}
	c.addSubscription(in.Gen, SubscriptionData{})
	return nil
}

func (c *Core) addSubscription(socket uint32, data SubscriptionData) {
	c.lastSubscription++
	added := subscription{Snapshot: c.system.Subscription.Initial(), id: c.lastSubscription, socket: socket}
	added.Data = data
	c.subscribed = append(c.subscribed, added)
}

// account books a request that has left the buffer, gone back to it, or settled.
func (c *Core) account(r *request, from RequestState) {
	s := c.socketOf(r.socket)
	if r.State == from || s == nil {
		return
	}
	buffer := &s.buffered[r.Data.Need]
	if from == RequestBuffered {
		buffer.count, buffer.bytes = buffer.count-1, buffer.bytes-r.size
	}
	if r.State == RequestBuffered {
		buffer.count, buffer.bytes, c.filled = buffer.count+1, buffer.bytes+r.size, true
	}
	c.settled = c.settled || r.State > RequestSent
}

// askBounds queues an event for one request of the first buffer that holds more
// than its limit, if any.
func (c *Core) askBounds() bool {
	if !c.filled {
		return false
	}
	for i := range c.sockets {
		for need := range needs {
			if c.askBound(&c.sockets[i], need) {
				return true
			}
		}
	}
	c.filled = false
	return false
}

func (c *Core) askBound(s *socket, need Need) bool {
	buffer, limit := s.buffered[need], s.limits[need]
	if buffer.count <= limit.Count && buffer.bytes <= limit.Bytes {
		return false
	}
	oldest, newest := c.buffered(s.id, need)
	policy := limit.Policy
	if newest.size > limit.Bytes || limit.Count == 0 {
		policy = oversize
	}
	for _, b := range c.system.Bounds {
		if b.Policy != policy {
			continue
		}
		in := Input{To: RequestKind, ID: oldest.id, On: uint8(b.Post)}
		if b.Newest {
			in.ID = newest.id
		}
		c.queue = append(c.queue, in)
		return true
	}
	return false
}

// buffered returns the first and the last of the requests in a socket's buffer;
// there is at least one.
func (c *Core) buffered(socket uint32, need Need) (oldest, newest *request) {
	for i := range c.requests {
		r := &c.requests[i]
		if r.socket == socket && r.State == RequestBuffered && r.Data.Need == need {
			if oldest == nil {
				oldest = r
			}
			newest = r
		}
	}
	return oldest, newest
}

// socketOf returns the socket of an id, or nil.
func (c *Core) socketOf(id uint32) *socket {
	if i := int(id); i < len(c.sockets) && c.sockets[i].id == id {
		return &c.sockets[i] // none has been removed before it
	}
	i, ok := slices.BinarySearchFunc(c.sockets, id, func(s socket, id uint32) int { return cmp.Compare(s.id, id) })
	if !ok {
		return nil
	}
	return &c.sockets[i]
}

// subscriptionOf returns the subscription of an id, or nil.
func (c *Core) subscriptionOf(id uint32) *subscription {
	i, ok := slices.BinarySearchFunc(c.subscribed, id, func(s subscription, id uint32) int { return cmp.Compare(s.id, id) })
	if !ok {
		return nil
	}
	return &c.subscribed[i]
}

// requestOf returns the request of an id, or nil.
func (c *Core) requestOf(id uint32) *request {
	i, ok := slices.BinarySearchFunc(c.requests, id, func(r request, id uint32) int { return cmp.Compare(r.id, id) })
	if !ok {
		return nil
	}
	return &c.requests[i]
}
