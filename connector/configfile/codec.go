package configfile

import (
	"bytes"

	"github.com/custom-app/interlock/connector/codec"
)

// messages is the codec of [Message]: codec.JSON, with the elements of arrays as
// messages, and with requests as they are.
type messages struct{}

// Encode writes the bytes of a message.
func (messages) Encode(m Message) (codec.Frame, error) {
	if err := m.sendable(); err != nil {
		return codec.Frame{}, err
	}
	text, _ := m.MarshalJSON()
	return codec.Frame{Data: bytes.Clone(text)}, nil
}

// Decode reads the values of a frame.
func (messages) Decode(f codec.Frame, each func(Message)) error {
	return codec.JSON[Message, Message]{Elements: true}.Decode(f, each)
}
