package connector

import (
	"context"
	"fmt"

	"github.com/custom-app/interlock/connector/internal/ws"
	"github.com/custom-app/interlock/transitions"
)

// Socket is the typed handle of a session's socket. It stays good over drops,
// logouts and logins, and may be used by many goroutines.
type Socket[Req, Res any] struct {
	*Handle
	streams *inbound[Res]
	encode  func(Req, uint64, bool) (ws.Frame, error)
	traits  Traits
}

// Traits are what a request is beside its message.
type Traits struct {
	// Need says how far the socket must be before the request goes out; until then it
	// waits in the buffer of that need. The zero value needs a ready socket.
	Need transitions.Need
	// Repeatable says that the request may reach the server twice: when the connection
	// is lost before its answer, it goes out again on the next one, instead of ending
	// with [ErrOutcomeUnknown].
	Repeatable bool
}

// On returns the handle of the socket with this id. The error says whether there
// is no such socket or its types are others.
func On[Req, Res, C, U any](s *Session[C, U], id string) (*Socket[Req, Res], error) {
	handle, err := s.Socket(id)
	if err != nil {
		return nil, err
	}
	streams, ok := handle.run.messages.(*inbound[Res])
	encode, encodes := handle.run.wiring.encode.(func(Req, uint64, bool) (ws.Frame, error))
	if !ok || !encodes {
		return nil, fmt.Errorf("interlock: socket %s: is declared with other request or message types", id)
	}
	return &Socket[Req, Res]{Handle: handle, streams: streams, encode: encode}, nil
}

// With returns a handle whose requests are of these traits.
func (s *Socket[Req, Res]) With(traits Traits) *Socket[Req, Res] {
	other := *s
	other.traits = traits
	return &other
}

// Request sends a request when the socket is as far as it needs, and returns its
// answer. Until then it waits in the socket's buffer. The error is an
// [*AnswerError] when the peer answers with an error, beside the answer; else it is
// the context's, or one of [ErrTimedOut], [ErrDropped], [ErrBufferFull],
// [ErrSocketClosed] and [ErrOutcomeUnknown].
func (s *Socket[Req, Res]) Request(ctx context.Context, req Req) (Res, error) {
	var none Res
	if ctx.Err() != nil {
		return none, context.Cause(ctx)
	}
	pending, err := s.request(ctx, req)
	if err != nil {
		return none, err
	}
	return pending.Wait(ctx)
}

// Pending is a request that is submitted.
type Pending[Res any] struct{ call *call }

// Submit is the first half of Request: it returns when the request is in the buffer,
// or on its way. Requests that are submitted one after the other are sent in that
// order.
func (s *Socket[Req, Res]) Submit(req Req) (*Pending[Res], error) {
	return s.request(context.Background(), req)
}

func (s *Socket[Req, Res]) request(ctx context.Context, req Req) (*Pending[Res], error) {
	if !s.run.wiring.types.answered {
		return nil, fmt.Errorf("interlock: socket %s: requests need SetID and GetID, or IsAnswer", s.run.wiring.id)
	}
	c, err := s.submit(ctx, req, s.run.driver.wireID.Add(1))
	if err != nil {
		return nil, err
	}
	return &Pending[Res]{c}, nil
}

// Number tells the request from others of the session, and its answer on the stream of
// [Socket.All], where that comes before Wait returns.
func (p *Pending[Res]) Number() uint64 { return p.call.wireID }

// Wait is the second half of Request; it may be called again. When ctx ends, the
// request is cancelled, for whoever else waits too.
func (p *Pending[Res]) Wait(ctx context.Context) (Res, error) {
	value, err := p.call.wait(ctx)
	return as[Res](value), err
}

// Send sends a message that has no id and no answer, when the socket is as far as
// it needs. It returns when the message is written, or as Request does. Written
// does not mean received: see [ErrOutcomeUnknown].
func (s *Socket[Req, Res]) Send(ctx context.Context, req Req) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	c, err := s.submit(ctx, req, 0)
	if err != nil {
		return err
	}
	_, err = c.wait(ctx)
	return err
}

// submit encodes and submits a request; under the id 0 it has none.
func (s *Socket[Req, Res]) submit(ctx context.Context, req Req, id uint64) (*call, error) {
	f, err := guarded(func() (ws.Frame, error) { return s.encode(req, id, id != 0) })
	if err != nil {
		return nil, fmt.Errorf("interlock: socket %s: encode: %w", s.run.wiring.id, err)
	}
	data := transitions.RequestData{Need: s.traits.Need, Repeatable: s.traits.Repeatable, OneWay: id == 0}
	c := &call{wireID: id, socket: s.run, message: f, data: data, done: make(chan outcome, 1)}
	c.begin(ctx)
	if err := s.run.driver.submit(c); err != nil {
		c.operation.done("failed", err)
		return nil, err
	}
	return c, nil
}

// Messages returns a stream of the messages that answer nothing, in order. It
// holds at most limit of them for a slow consumer, who then loses what the
// socket's Slow says; 0: 1024. Close it after use.
func (s *Socket[Req, Res]) Messages(limit int) *Stream[Res] { return s.streams.messages.stream(limit) }

// All returns a stream of every message, in order: answers, errors and heartbeats
// too. It is otherwise like that of Messages.
func (s *Socket[Req, Res]) All(limit int) *Stream[Inbound[Res]] { return s.streams.all.stream(limit) }
