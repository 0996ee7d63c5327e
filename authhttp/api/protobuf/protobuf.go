// Package protobuf is the codec of Protocol Buffers for package api.
//
// It is a package of its own so that only who imports it depends on
// google.golang.org/protobuf. Its one invariant: a value is a message or an
// error that names its type. It does not speak the JSON form of messages, nor
// gRPC.
package protobuf

import (
	"fmt"
	"reflect"

	"google.golang.org/protobuf/proto"
)

// Codec writes and reads messages in the wire format. Requests and results are
// pointers to generated messages, as [proto.Message] is: Get[*pb.User]. It
// implements Codec of package api.
type Codec struct{}

// ContentType returns application/x-protobuf.
func (Codec) ContentType() string { return "application/x-protobuf" }

// Marshal encodes v, which must be a [proto.Message] other than nil.
func (Codec) Marshal(v any) ([]byte, error) {
	message, ok := v.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("interlock: protobuf: %T: not a proto.Message", v)
	}
	if !message.ProtoReflect().IsValid() {
		return nil, fmt.Errorf("interlock: protobuf: %T: nil", v)
	}
	data, err := proto.Marshal(message)
	if err != nil {
		return nil, fmt.Errorf("interlock: protobuf: %T: %w", v, err)
	}
	return data, nil
}

// Unmarshal decodes data into v: a [proto.Message], or a pointer to one, which
// is set to a new message.
func (Codec) Unmarshal(data []byte, v any) error {
	if message, ok := v.(proto.Message); ok {
		return decode(data, message)
	}
	target := reflect.ValueOf(v)
	if target.Kind() != reflect.Pointer || target.IsNil() || target.Elem().Kind() != reflect.Pointer {
		return fmt.Errorf("interlock: protobuf: %T: neither a proto.Message nor a pointer to one", v)
	}
	fresh := reflect.New(target.Type().Elem().Elem())
	message, ok := fresh.Interface().(proto.Message)
	if !ok {
		return fmt.Errorf("interlock: protobuf: %T: neither a proto.Message nor a pointer to one", v)
	}
	if err := decode(data, message); err != nil {
		return err
	}
	target.Elem().Set(fresh)
	return nil
}

func decode(data []byte, message proto.Message) error {
	if !message.ProtoReflect().IsValid() {
		return fmt.Errorf("interlock: protobuf: %T: nil", message)
	}
	if err := proto.Unmarshal(data, message); err != nil {
		return fmt.Errorf("interlock: protobuf: %T: %w", message, err)
	}
	return nil
}
