package codec

import (
	"bytes"
	"errors"
	"unicode/utf8"
)

// Text is the [Codec] of messages that are plain text, one a frame; an empty
// frame is an empty message. A binary frame is an error, and so is text that is
// not UTF-8, either way.
type Text[T ~string] struct{}

// Encode returns a text frame.
func (Text[T]) Encode(request T) (Frame, error) {
	return outgoing("Text", false, []byte(request))
}

// Decode delivers the text of the frame.
func (Text[T]) Decode(f Frame, each func(T)) error {
	switch {
	case f.Binary:
		return errors.New("interlock: codec: Text: the frame is binary")
	case !utf8.Valid(f.Data):
		return errors.New("interlock: codec: Text: the frame is not UTF-8")
	}
	each(T(f.Data))
	return nil
}

// Bytes is the [Codec] of messages that are plain bytes, one a frame; an empty
// frame is an empty message. It sends binary frames, accepts both kinds, and
// copies in both directions.
type Bytes struct{}

// Encode returns a binary frame with a copy of request.
func (Bytes) Encode(request []byte) (Frame, error) {
	return Frame{Binary: true, Data: bytes.Clone(request)}, nil
}

// Decode delivers a copy of the data of the frame.
func (Bytes) Decode(f Frame, each func([]byte)) error {
	each(bytes.Clone(f.Data))
	return nil
}

// Funcs is the [Codec] of a format of one's own, with one message a frame. Both
// functions are called by many goroutines at once; one that is nil is an error
// when it is needed. It accepts both kinds of frames. The errors of the
// functions are kept for errors.Is and errors.As, but not printed, because they
// may quote a message.
type Funcs[Req, Res any] struct {
	// EncodeFunc returns the data of a frame, which it must not use again:
	// UTF-8, unless Binary is set.
	EncodeFunc func(Req) ([]byte, error)
	// DecodeFunc reads the data of a frame, of which it must keep nothing.
	DecodeFunc func([]byte) (Res, error)
	Binary     bool // requests are sent as binary frames
}

// Encode calls EncodeFunc.
func (c Funcs[Req, Res]) Encode(request Req) (Frame, error) {
	if c.EncodeFunc == nil {
		return Frame{}, errors.New("interlock: codec: Funcs: EncodeFunc: missing")
	}
	data, err := c.EncodeFunc(request)
	if err != nil {
		return Frame{}, &fault{"interlock: codec: Funcs: EncodeFunc: failed", err}
	}
	return outgoing("Funcs", c.Binary, data)
}

// Decode calls DecodeFunc.
func (c Funcs[Req, Res]) Decode(f Frame, each func(Res)) error {
	if c.DecodeFunc == nil {
		return errors.New("interlock: codec: Funcs: DecodeFunc: missing")
	}
	message, err := c.DecodeFunc(f.Data)
	if err != nil {
		return &fault{"interlock: codec: Funcs: DecodeFunc: failed", err}
	}
	each(message)
	return nil
}
