package configfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"unicode/utf8"
)

// Message is one JSON value, as it came or as it goes. Its copies are the same
// message, and may be used by many goroutines at once. The zero Message is null.
type Message struct{ *value }

// value is what the copies of a message share.
type value struct {
	json    []byte       // valid, without space around its parts
	keepsID bool         // an id that it has is its own
	noID    bool         // it is sent as it is
	fault   error        // why it cannot be sent
	step    atomic.Int32 // which of the subscriptions it answers, from 1; 0: none
}

var null = []byte("null")

// MakeMessage encodes a value as JSON. Nothing is escaped for HTML.
func MakeMessage(tree any) (Message, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(tree); err != nil {
		return Message{}, errors.New("interlock: message: cannot be written as JSON")
	}
	var m Message
	return m, m.UnmarshalJSON(text.Bytes())
}

// MarshalJSON returns the bytes of the message as they came, but for the space around
// its parts. They are not to be changed.
func (m Message) MarshalJSON() ([]byte, error) { return m.text(), nil }

func (m Message) text() []byte {
	if m.value == nil {
		return null
	}
	return m.json
}

// UnmarshalJSON keeps the bytes of one value. Text that is not UTF-8 is an error, as
// RFC 8259 section 8.1 has it.
func (m *Message) UnmarshalJSON(text []byte) error {
	if !utf8.Valid(text) {
		return errors.New("interlock: message: is not UTF-8")
	}
	var compact bytes.Buffer
	compact.Grow(len(text))
	if err := json.Compact(&compact, text); err != nil {
		return err
	}
	*m = Message{&value{json: compact.Bytes()}}
	return nil
}

// String returns the message as JSON.
func (m Message) String() string { return string(m.text()) }

// At returns what is at a JSON Pointer (RFC 6901), decoded: nil, bool, string,
// json.Number, []any or map[string]any, which are the caller's. The empty pointer is
// for the whole. False: nothing is there, or this is no pointer. Of members of the
// same name the last one counts.
func (m Message) At(at string) (any, bool) {
	p, err := parsePointer(at)
	if err != nil {
		return nil, false
	}
	return m.at(p)
}

func (m Message) at(p pointer) (any, bool) {
	text, there := p.find(m.text())
	if !there {
		return nil, false
	}
	return decode(text), true
}

// note notes which of the subscriptions the message answers, from 1.
func (m Message) note(step int32) {
	if m.value != nil {
		m.value.step.Store(step)
	}
}

// noted returns which of the subscriptions the message answers; 0: none.
func (m Message) noted() int32 {
	if m.value == nil {
		return 0
	}
	return m.value.step.Load()
}

// decode returns the tree of a valid JSON text.
func decode(text []byte) (tree any) {
	switch first := text[0]; {
	case first == 'n':
		return nil
	case first == 't' || first == 'f':
		return first == 't'
	case isNumber(text):
		return json.Number(text)
	case first == '"' && bytes.IndexByte(text, '\\') < 0:
		return string(text[1 : len(text)-1])
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	_ = decoder.Decode(&tree)
	return tree
}

// sendable says why the message cannot be sent.
func (m Message) sendable() error {
	if m.value == nil {
		return nil
	}
	return m.fault
}

// unsendable is a message that cannot be sent.
func unsendable(why error) Message { return Message{&value{json: null, fault: why}} }

// withID returns the message with an id at a place, or as it is when it keeps the one
// that it has there.
func (m Message) withID(at pointer, id any) Message {
	if m.value != nil && m.noID || m.sendable() != nil {
		return m
	}
	tree := decode(m.text())
	if own, there := at.in(tree); there && own != nil && m.keepsID {
		return m
	}
	placed, ok := at.put(tree, id)
	if _, object := tree.(map[string]any); !ok || !object {
		return unsendable(fmt.Errorf("interlock: message: there is no place for an id at %s, where the message is no object", at))
	}
	made, err := MakeMessage(placed)
	if err != nil {
		return unsendable(err)
	}
	return made
}
