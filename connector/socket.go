package connector

import (
	"context"
	"fmt"
)

// Socket is the typed handle of a session's socket. It stays good over drops,
// logouts and logins, and may be used by many goroutines.
type Socket[Req, Res any] struct {
	run      *socketRun
	messages *hub[Res]
	encode   func(Req, uint64) ([]byte, error)
}

// String names the socket without showing what it holds.
func (s *Socket[Req, Res]) String() string { return "interlock socket " + s.run.wiring.id }

// On returns the handle of the socket with this id. The error says whether there
// is no such socket or its types are others.
func On[Req, Res, C, U any](s *Session[C, U], id string) (*Socket[Req, Res], error) {
	for _, run := range s.driver.sockets {
		if run.wiring.id != id {
			continue
		}
		messages, ok := run.messages.(*hub[Res])
		encode, encodes := run.wiring.encode.(func(Req, uint64) ([]byte, error))
		if !ok || run.wiring.encode != nil && !encodes {
			return nil, fmt.Errorf("interlock: socket %s: is declared with other request or message types", id)
		}
		return &Socket[Req, Res]{run: run, messages: messages, encode: encode}, nil
	}
	return nil, fmt.Errorf("interlock: socket %q: is not declared", id)
}

// Request sends a request when the socket is ready, and returns its answer. Until
// then it waits in the socket's buffer. The error is an [*AnswerError] when the
// peer answers with an error, beside the answer; else it is the context's, or one
// of [ErrTimedOut], [ErrDropped], [ErrBufferFull], [ErrSocketClosed] and
// [ErrOutcomeUnknown].
func (s *Socket[Req, Res]) Request(ctx context.Context, req Req) (Res, error) {
	var none Res
	if s.encode == nil {
		return none, fmt.Errorf("interlock: socket %s: requests need SetID and GetID", s.run.wiring.id)
	}
	if err := ctx.Err(); err != nil {
		return none, err
	}
	id := s.run.driver.wireID.Add(1)
	payload, err := guarded(func() ([]byte, error) { return s.encode(req, id) })
	if err != nil {
		return none, fmt.Errorf("interlock: socket %s: encode: %w", s.run.wiring.id, err)
	}
	message, err := s.run.request(ctx, id, payload)
	res, _ := message.(Res)
	return res, err
}

// Messages returns a stream of the messages that answer nothing, in order. It
// holds at most limit of them for a slow consumer; 0: 1024. Close it after use.
func (s *Socket[Req, Res]) Messages(limit int) *Stream[Res] { return s.messages.stream(limit) }
