package api

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/custom-app/interlock/authhttp/internal/wire"
)

// Codec writes the bodies of requests and reads those of answers. It is used
// by many goroutines at once. The texts of its errors quote neither.
type Codec interface {
	// ContentType is the media type of the bodies, without parameters.
	ContentType() string
	Marshal(v any) ([]byte, error)
	// Unmarshal reads data into v, a pointer to the result.
	Unmarshal(data []byte, v any) error
}

// JSON is the [Codec] of encoding/json.
type JSON struct{}

// ContentType returns application/json.
func (JSON) ContentType() string { return "application/json" }

// Marshal is that of encoding/json.
func (JSON) Marshal(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, wire.Guard(fmt.Sprintf("a %T cannot be encoded as JSON", v), err)
	}
	return data, nil
}

// Unmarshal is that of encoding/json, after a byte order mark, which RFC 8259
// section 8.1 lets a reader ignore. Its error says where data is at fault.
func (JSON) Unmarshal(data []byte, v any) error {
	err := json.Unmarshal(bytes.TrimPrefix(data, []byte("\ufeff")), v)
	if err == nil {
		return nil
	}
	text := fmt.Sprintf("cannot be decoded into a %T", v)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		text = fmt.Sprintf("not JSON at byte %d", syntax.Offset)
	} else if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		where := "the whole"
		if mismatch.Field != "" {
			where = fmt.Sprintf("field %q", mismatch.Field)
		}
		text = fmt.Sprintf("%s: does not fit a %s", where, cmp.Or(mismatch.Type.Name(), mismatch.Type.Kind().String()))
	}
	return wire.Guard(text, err)
}
