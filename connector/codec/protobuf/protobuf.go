// Package protobuf is the codec of Protocol Buffers for package codec.
//
// It is a package of its own so that only who imports it depends on
// google.golang.org/protobuf. Its one invariant: a frame is binary and made of
// whole messages, or it is an error that says where. It does not speak the JSON
// form of messages, nor gRPC.
package protobuf

import (
	"errors"
	"fmt"
	"reflect"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/custom-app/interlock/connector/codec"
)

// Codec writes requests and reads messages in the wire format, in binary frames.
// Req and Res are pointers to generated messages: Codec[*pb.Order, *pb.Dish].
// Each message that it delivers is a new one. It implements Codec of package
// codec. An error of Decode counts messages from 1, and bytes from 1.
type Codec[Req, Res proto.Message] struct {
	// Delimited puts the length of each message before it, as a varint, as
	// package protodelim does, and takes several messages a frame; a frame
	// without any is an error. Otherwise a frame is one message, and an empty
	// frame an empty message.
	Delimited bool
}

// Encode writes a request, which must not be nil.
func (c Codec[Req, Res]) Encode(request Req) (codec.Frame, error) {
	if isNil(request) {
		return codec.Frame{}, fmt.Errorf("interlock: codec: protobuf: %T: nil", request)
	}
	data, err := proto.Marshal(request)
	if err != nil {
		return codec.Frame{}, fmt.Errorf("interlock: codec: protobuf: %T: %w", request, err)
	}
	if c.Delimited {
		data = protowire.AppendBytes(nil, data)
	}
	return codec.Frame{Binary: true, Data: data}, nil
}

func isNil(request proto.Message) bool {
	v := reflect.ValueOf(request)
	return !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() || !request.ProtoReflect().IsValid()
}

// Decode delivers the message of the frame or, if Delimited, its messages.
func (c Codec[Req, Res]) Decode(f codec.Frame, each func(Res)) error {
	if !f.Binary {
		return errors.New("interlock: codec: protobuf: the frame is text")
	}
	if !c.Delimited {
		message, err := decode[Res](f.Data)
		if err != nil {
			return fmt.Errorf("interlock: codec: protobuf: %w", err)
		}
		each(message)
		return nil
	}
	if len(f.Data) == 0 {
		return errors.New("interlock: codec: protobuf: the frame is empty")
	}
	for number, rest := 1, f.Data; len(rest) > 0; number++ {
		first := len(f.Data) - len(rest) + 1
		data, size := protowire.ConsumeBytes(rest)
		if size < 0 {
			return fmt.Errorf("interlock: codec: protobuf: message %d, byte %d: no length, or one that exceeds the frame", number, first)
		}
		message, err := decode[Res](data)
		if err != nil {
			return fmt.Errorf("interlock: codec: protobuf: message %d, byte %d: %w", number, first, err)
		}
		each(message)
		rest = rest[size:]
	}
	return nil
}

// decode reads data into a new message.
func decode[Res proto.Message](data []byte) (Res, error) {
	var none Res
	message, err := fresh[Res]()
	if err != nil {
		return none, err
	}
	if err := proto.Unmarshal(data, message); err != nil {
		return none, fmt.Errorf("%T: %w", none, err)
	}
	return message, nil
}

// fresh returns a new message. Only generated messages promise that a nil
// pointer knows its type, so others may panic.
func fresh[Res proto.Message]() (message Res, err error) {
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("%v: not a pointer to a generated message", reflect.TypeFor[Res]())
		}
	}()
	return message.ProtoReflect().New().Interface().(Res), nil
}
