package codec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// JSON is the [Codec] of encoding/json. The zero value sends text frames.
//
// A request is one frame. A frame that comes in, text or binary, holds one or
// more JSON values with any or no whitespace between them, though two adjacent
// numbers or literals need some. Each value is a message; so is each element of
// an array, unless Res takes arrays itself and Elements is not set: then the array
// is one message. Res takes arrays if it is a slice, an array or an interface, if it
// implements json.Unmarshaler, or if it points to such a type.
//
// An empty array holds no message. A null is what encoding/json makes of it,
// mostly the zero Res. A frame that is empty or only whitespace is an error: a
// service that sends such frames as heartbeats needs a Codec that skips them
// before it calls this one. A byte order mark is ignored (RFC 8259 section 8.1).
//
// An error of Decode says which message of the frame is at fault and at which
// byte, both counted from 1.
type JSON[Req, Res any] struct {
	Binary   bool // requests are sent as binary frames
	Elements bool // each element of an array is a message, also where Res takes arrays
}

// Encode is json.Marshal.
func (c JSON[Req, Res]) Encode(request Req) (Frame, error) {
	data, err := json.Marshal(request)
	if err != nil {
		return Frame{}, &fault{fmt.Sprintf("interlock: codec: JSON: a %T cannot be encoded", request), err}
	}
	return outgoing("JSON", c.Binary, data)
}

// Decode is json.Unmarshal for each message of the frame.
func (c JSON[Req, Res]) Decode(f Frame, each func(Res)) error {
	r := reader[Res]{data: f.Data, each: each}
	if bytes.HasPrefix(f.Data, []byte("\ufeff")) {
		r.at = len("\ufeff")
	}
	if r.skipSpace(); r.ended() {
		return errors.New("interlock: codec: JSON: the frame is empty")
	}
	for !r.ended() {
		read := r.message
		if r.data[r.at] == '[' && (c.Elements || !takesArrays(reflect.TypeFor[Res]())) {
			read = r.elements
		}
		if err := read(); err != nil {
			return err
		}
		r.skipSpace()
	}
	return nil
}

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

func takesArrays(t reflect.Type) bool {
	if reflect.PointerTo(t).Implements(unmarshaler) {
		return true
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Array, reflect.Interface:
		return true
	case reflect.Pointer:
		return takesArrays(t.Elem())
	}
	return false
}

// reader is a walk through one frame. It only finds where a message ends;
// whether that is JSON is for encoding/json to say.
type reader[Res any] struct {
	data      []byte
	at        int // the next byte
	delivered int
	each      func(Res)
}

func (r *reader[Res]) ended() bool { return r.at == len(r.data) }

func (r *reader[Res]) skipSpace() {
	for !r.ended() && strings.IndexByte(" \t\r\n", r.data[r.at]) >= 0 {
		r.at++
	}
}

// message delivers the value that begins here.
func (r *reader[Res]) message() error {
	end := valueEnd(r.data, r.at)
	var message Res
	if err := json.Unmarshal(r.data[r.at:end], &message); err != nil {
		return r.fault(err)
	}
	r.at = end
	r.delivered++
	r.each(message)
	return nil
}

// elements delivers each element of the array that begins here.
func (r *reader[Res]) elements() error {
	r.at++
	r.skipSpace()
	if r.accept(']') {
		return nil
	}
	for {
		if err := r.message(); err != nil {
			return err
		}
		r.skipSpace()
		if r.accept(']') {
			return nil
		}
		if !r.accept(',') {
			return r.fault(&json.SyntaxError{Offset: 1})
		}
		r.skipSpace()
	}
}

// accept passes over the next byte if it is c.
func (r *reader[Res]) accept(c byte) bool {
	if r.ended() || r.data[r.at] != c {
		return false
	}
	r.at++
	return true
}

// fault describes what is wrong with the message that begins here. It names no
// field: a field may be a key of a map, which is content.
func (r *reader[Res]) fault(cause error) error {
	offset, text := int64(1), fmt.Sprintf("cannot be decoded into a %v", reflect.TypeFor[Res]())
	if syntax, ok := errors.AsType[*json.SyntaxError](cause); ok {
		offset, text = syntax.Offset, "not JSON"
	} else if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](cause); ok {
		offset, text = mismatch.Offset, fmt.Sprintf("does not fit a %v", mismatch.Type)
	}
	// An offset is a count of bytes read: none if the frame ends too early.
	at := min(int64(r.at)+max(offset, 1), int64(len(r.data)))
	return &fault{fmt.Sprintf("interlock: codec: JSON: message %d, byte %d: %s", r.delivered+1, at, text), cause}
}
