package transitions

import (
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
	case EachSocket, EachUserSocket, EachEarlySocket:
		for i := range c.sockets {
			if c.sockets[i].within(l.Scope) {
				in.ID = uint32(i)
				c.queue = append(c.queue, in)
			}
		}
	case OwnSocket:
		if i, ok := c.find(cause.ID); ok {
			in.ID = c.requests[i].socket
			c.queue = append(c.queue, in)
		}
	case EachRequest:
		for i := range c.requests {
			if c.requests[i].socket == cause.ID {
				in.ID = c.requests[i].id
				c.queue = append(c.queue, in)
			}
		}
	case OneRequest:
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
		return c.sockets[cause.ID].Data.Token
	case CurrentToken:
		return c.tokens[len(c.tokens)-1].Data.Gen
	case CauseArg:
		return cause.Arg
	case OwnID:
		return cause.ID
	case Devices:
		return uint32(c.session.Data.Leave)
	}
	return 0
}

// addedToken stands for the id of a token that is added when its event is due.
const addedToken = ^uint32(0)

// addToken adds the machine of another user's token. Its generations go on where
// the current user's are, so that none is ever used for two users.
func (c *Core) addToken() (id uint32) {
	added := c.system.Token.Initial()
	added.Data.Nested, added.Data.Gen = true, c.tokens[len(c.tokens)-1].Data.Gen
	c.tokens = append(c.tokens, added)
	return uint32(len(c.tokens) - 1)
}

// trim removes the tokens of users whom the session no longer counts.
func (c *Core) trim() {
	for last := len(c.tokens) - 1; last > int(c.session.Data.Depth) && c.tokens[last].State == TokenAbsent; last-- {
		c.tokens = c.tokens[:last]
	}
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
		if c.sockets[i].within(over) && !slices.Contains(states, c.sockets[i].State) {
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
	if int(in.Gen) >= len(c.sockets) {
		return fmt.Errorf("transitions: input: Gen: there is no socket %d", in.Gen)
	}
	c.lastRequest = in.ID
	c.requests = append(c.requests, request{Snapshot: c.system.Request.Initial(), id: in.ID, socket: in.Gen, size: int(in.Arg)})
	s := &c.sockets[in.Gen]
	s.buffered, s.bytes, c.filled = s.buffered+1, s.bytes+int(in.Arg), true
	c.out = append(c.out, Output{What: Start, Machine: RequestKind, ID: in.ID, On: in.On, Gen: in.Gen, Arg: in.Arg, Timer: uint8(RequestTimeOut)})
	return nil
}

// leave accounts for a request that has left the buffer or settled.
func (c *Core) leave(r *request, from RequestState) {
	if from == RequestBuffered && r.State != RequestBuffered {
		s := &c.sockets[r.socket]
		s.buffered, s.bytes = s.buffered-1, s.bytes-r.size
	}
	c.settled = c.settled || r.State != from && r.State > RequestSent
}

// askBounds queues an event for one request of the first buffer that holds more
// than its limit, if any.
func (c *Core) askBounds() bool {
	if !c.filled {
		return false
	}
	for i := range c.sockets {
		s := &c.sockets[i]
		if s.buffered <= s.limit.Count && s.bytes <= s.limit.Bytes {
			continue
		}
		oldest, newest := c.buffered(uint32(i))
		policy := s.limit.Policy
		if newest.size > s.limit.Bytes || s.limit.Count == 0 {
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
	}
	c.filled = false
	return false
}

// buffered returns the first and the last of a socket's buffered requests; there
// is at least one.
func (c *Core) buffered(socket uint32) (oldest, newest *request) {
	for i := range c.requests {
		r := &c.requests[i]
		if r.socket == socket && r.State == RequestBuffered {
			if oldest == nil {
				oldest = r
			}
			newest = r
		}
	}
	return oldest, newest
}

// find returns where the request of an id is.
func (c *Core) find(id uint32) (int, bool) {
	return slices.BinarySearchFunc(c.requests, id, func(r request, id uint32) int {
		switch {
		case r.id < id:
			return -1
		case r.id > id:
			return 1
		}
		return 0
	})
}
