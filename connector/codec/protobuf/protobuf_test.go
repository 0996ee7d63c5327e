package protobuf_test

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protodelim"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/custom-app/interlock/connector/codec"
	"github.com/custom-app/interlock/connector/codec/protobuf"
)

// hidden is a text that must not be printed.
const hidden = "S3CRET"

type (
	text  = *wrapperspb.StringValue
	plain = protobuf.Codec[text, text]
)

var _ codec.Codec[text, *structpb.Struct] = protobuf.Codec[text, *structpb.Struct]{}

// decode returns what c delivers of the frame.
func decode[Req, Res any](c codec.Codec[Req, Res], f codec.Frame) ([]Res, error) {
	var messages []Res
	err := c.Decode(f, func(message Res) { messages = append(messages, message) })
	return messages, err
}

func equal[T proto.Message](got, want []T) bool {
	if len(got) != len(want) {
		return false
	}
	for i := range got {
		if !proto.Equal(got[i], want[i]) {
			return false
		}
	}
	return true
}

func checkFault(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || !strings.HasPrefix(err.Error(), "interlock: codec: protobuf: ") || !strings.Contains(err.Error(), text) {
		t.Fatalf("got error %v, want interlock: codec: protobuf: ... %s", err, text)
	}
	if printed := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(printed, hidden) {
		t.Errorf("got %s, want nothing of the content", printed)
	}
}

// delimited writes messages as package protodelim does.
func delimited(t testing.TB, messages ...text) []byte {
	t.Helper()
	var data bytes.Buffer
	for _, message := range messages {
		if _, err := protodelim.MarshalTo(&data, message); err != nil {
			t.Fatal(err)
		}
	}
	return data.Bytes()
}

func TestRoundTrip(t *testing.T) {
	value, err := structpb.NewStruct(map[string]any{"id": 7, "name": "Tea", "tags": []any{"hot", nil, true}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name      string
		delimited bool
		want      *structpb.Struct
	}{
		{"R6 protobuf", false, value},
		{"R6 protobuf, an empty message", false, new(structpb.Struct)},
		{"R6 protobuf, delimited", true, value},
		{"R6 protobuf, delimited, an empty message", true, new(structpb.Struct)},
	} {
		t.Run(c.name, func(t *testing.T) {
			structs := protobuf.Codec[*structpb.Struct, *structpb.Struct]{Delimited: c.delimited}
			frame, err := structs.Encode(c.want)
			if err != nil || !frame.Binary {
				t.Fatalf("got binary %t, %v, want a binary frame", frame.Binary, err)
			}
			got, err := decode(structs, frame)
			if err != nil || !equal(got, []*structpb.Struct{c.want}) {
				t.Errorf("got %v, %v, want %v", got, err, c.want)
			}
		})
	}
}

func TestDelimited(t *testing.T) {
	several := []text{wrapperspb.String("Tea"), wrapperspb.String(""), wrapperspb.String(strings.Repeat("Soup", 1000))}
	t.Run("R6 protobuf, delimited, is what protodelim writes", func(t *testing.T) {
		var data []byte
		for _, message := range several {
			frame, err := plain{Delimited: true}.Encode(message)
			if err != nil {
				t.Fatal(err)
			}
			data = append(data, frame.Data...)
		}
		if want := delimited(t, several...); !bytes.Equal(data, want) {
			t.Errorf("got %q, want %q", data, want)
		}
	})
	t.Run("F46 a frame with several messages", func(t *testing.T) {
		frame := codec.Frame{Binary: true, Data: delimited(t, several...)}
		got, err := decode(plain{Delimited: true}, frame)
		clear(frame.Data)
		if err != nil || !equal(got, several) {
			t.Fatalf("got %v, %v, want %v", got, err, several)
		}
		if got[0] == got[1] || got[1] == got[2] {
			t.Error("got one message several times, want new ones")
		}
	})
}

func TestDecodeFaults(t *testing.T) {
	const tea = "\x05\x0a\x03Tea"
	one := []text{wrapperspb.String("Tea")}
	binary := func(data string) codec.Frame { return codec.Frame{Binary: true, Data: []byte(data)} }
	for _, c := range []struct {
		name      string
		delimited bool
		frame     codec.Frame
		want      string
		delivered []text
	}{
		{"a text frame", false, codec.Frame{Data: []byte("\x0a\x03Tea")}, "the frame is text", nil},
		{"a text frame, delimited", true, codec.Frame{Data: []byte(tea)}, "the frame is text", nil},
		{"garbage", false, binary("\xff" + hidden), "*wrapperspb.StringValue: ", nil},
		{"cut short", false, binary("\x0a\x07" + hidden), "*wrapperspb.StringValue: ", nil},
		{"text that is no UTF-8", false, binary("\x0a\x07" + hidden + "\xff"), "UTF-8", nil},
		{"empty, delimited", true, binary(""), "the frame is empty", nil},
		{"garbage, delimited", true, binary(tea + "\x07\xff" + hidden), "message 2, byte 7: *wrapperspb.StringValue: ", one},
		{"no UTF-8, delimited", true, binary(tea + "\x09\x0a\x07" + hidden + "\xff"), "message 2, byte 7: *wrapperspb.StringValue: ", one},
		{"cut short, delimited", true, binary(tea + "\x09\x0a\x07" + hidden), "message 2, byte 7: no length, or one that exceeds", one},
		{"a length cut short", true, binary(tea + "\x80"), "message 2, byte 7: no length, or one that exceeds", one},
		{"a length of one byte too many", true, binary("\x06\x0a\x03Tea"), "message 1, byte 1: no length, or one that exceeds", nil},
		{"a length that fits no int", true, binary("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" + hidden), "message 1, byte 1: no length, or one that exceeds", nil},
		{"a length of too many bytes", true, binary(strings.Repeat("\xff", 11)), "message 1, byte 1: no length, or one that exceeds", nil},
	} {
		t.Run("R6 protobuf, bad: "+c.name, func(t *testing.T) {
			got, err := decode(plain{Delimited: c.delimited}, c.frame)
			if !equal(got, c.delivered) {
				t.Errorf("got %v, want %v", got, c.delivered)
			}
			checkFault(t, err, c.want)
		})
	}
	t.Run("R6 protobuf, bad: a huge length allocates nothing", func(t *testing.T) {
		frame := binary("\xff\xff\xff\xff\x07")
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := decode(plain{Delimited: true}, frame)
		runtime.ReadMemStats(&after)
		checkFault(t, err, "exceeds the frame")
		if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 1<<20 {
			t.Errorf("got %d bytes allocated, want no more than the error takes", allocated)
		}
	})
}

// wrapped is no generated message, but has the methods of one.
type wrapped struct{ *wrapperspb.StringValue }

func TestRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		call func() error
		want string
	}{
		{"nil", func() error { _, err := plain{}.Encode(nil); return err }, "*wrapperspb.StringValue: nil"},
		{"nil, delimited", func() error { _, err := plain{Delimited: true}.Encode(nil); return err }, "*wrapperspb.StringValue: nil"},
		{"a nil interface", func() error { _, err := protobuf.Codec[proto.Message, text]{}.Encode(nil); return err }, "<nil>: nil"},
		{"a nil dynamic message", func() error { _, err := protobuf.Codec[*dynamicpb.Message, text]{}.Encode(nil); return err }, "*dynamicpb.Message: nil"},
		{"nil, wrapped", func() error { _, err := protobuf.Codec[wrapped, text]{}.Encode(wrapped{}); return err }, "wrapped: nil"},
		{"a nil pointer, wrapped", func() error { _, err := protobuf.Codec[*wrapped, text]{}.Encode(nil); return err }, "wrapped: nil"},
		{"text that is no UTF-8", func() error { _, err := plain{}.Encode(wrapperspb.String(hidden + "\xff")); return err }, "UTF-8"},
		{"to make an interface", reading[proto.Message], "ProtoMessage: not a pointer to a generated message"},
		{"to make a dynamic message", reading[*dynamicpb.Message], "*dynamicpb.Message: not a pointer to a generated message"},
		{"to make a wrapped message", reading[wrapped], "wrapped: not a pointer to a generated message"},
		{"to make a pointer to a wrapped message", reading[*wrapped], "wrapped: not a pointer to a generated message"},
	} {
		t.Run("R6 protobuf refuses "+c.name, func(t *testing.T) { checkFault(t, c.call(), c.want) })
	}
}

func reading[Res proto.Message]() error {
	_, err := decode(protobuf.Codec[text, Res]{}, codec.Frame{Binary: true})
	return err
}

func FuzzCodec(f *testing.F) {
	value, err := structpb.NewStruct(map[string]any{"id": 7, "tags": []any{"hot", nil, true}})
	if err != nil {
		f.Fatal(err)
	}
	single, err := proto.Marshal(value)
	if err != nil {
		f.Fatal(err)
	}
	for _, delimited := range []bool{false, true} {
		f.Add(delimited, single)
		f.Add(delimited, append([]byte{0, byte(len(single))}, single...))
		f.Add(delimited, []byte("\xff\xff\xff\xff\x07"))
		f.Add(delimited, []byte{})
	}
	f.Fuzz(func(t *testing.T, delimited bool, data []byte) {
		c := protobuf.Codec[*structpb.Struct, *structpb.Struct]{Delimited: delimited}
		messages, err := decode(c, codec.Frame{Binary: true, Data: data})
		if err != nil {
			checkFault(t, err, "")
		}
		for _, want := range messages {
			frame, err := c.Encode(want)
			if err != nil {
				t.Fatalf("encode %v: %v", want, err)
			}
			got, err := decode(c, frame)
			if err != nil || !equal(got, []*structpb.Struct{want}) {
				t.Errorf("got %v, %v, want %v", got, err, want)
			}
		}
	})
}
