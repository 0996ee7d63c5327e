package codec

import (
	"errors"
	"unicode/utf8"
)

// Frame is one whole WebSocket message (RFC 6455 section 5.6), fragments
// already joined.
type Frame struct {
	Binary bool   // a binary message, otherwise a text message
	Data   []byte // UTF-8 if it is a text message
}

// Codec writes requests and reads messages. It is used by many goroutines at
// once. The texts of its errors quote neither.
type Codec[Req, Res any] interface {
	// Encode writes a request. The frame is the caller's: the codec keeps none
	// of it.
	Encode(Req) (Frame, error)
	// Decode calls each with every message of the frame, in order, before it
	// returns. It stops at the first message that cannot be decoded and returns
	// an error; those before it were delivered. What it delivers shares no
	// memory with f.Data.
	Decode(f Frame, each func(Res)) error
}

// outgoing returns data as a frame, if it may be one: an endpoint that gets a
// text message that is not UTF-8 closes the connection (RFC 6455 section 8.1).
func outgoing(noun string, binary bool, data []byte) (Frame, error) {
	if !binary && !utf8.Valid(data) {
		return Frame{}, errors.New("interlock: codec: " + noun + ": a text frame must be UTF-8")
	}
	return Frame{Binary: binary, Data: data}, nil
}

// fault keeps a cause for errors.Is and errors.As but prints only text, because
// the cause may quote a message.
type fault struct {
	text  string
	cause error
}

func (f *fault) Error() string    { return f.text }
func (f *fault) GoString() string { return f.text }
func (f *fault) Unwrap() error    { return f.cause }
