package configfile

import (
	"testing"

	"github.com/custom-app/interlock/connector/codec"
)

// hundred is a message of 100 bytes.
const hundred = `{"push":{"channel":"news","pub":{"data":{"text":"tea is ready, come"},"offset":1234567,"epoch":"a1"}}}`

func BenchmarkDecode(b *testing.B) {
	frame := codec.Frame{Data: []byte(hundred)}
	b.Run("messages", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = messages{}.Decode(frame, func(Message) {})
		}
	})
	b.Run("messages, read at three places", func(b *testing.B) {
		b.ReportAllocs()
		id, fault, data := pointer{"id"}, pointer{"error"}, pointer{"push", "pub", "data"}
		for b.Loop() {
			_ = messages{}.Decode(frame, func(m Message) {
				m.at(id)
				m.at(fault)
				m.at(data)
			})
		}
	})
	b.Run("codec.JSON of a map", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = codec.JSON[map[string]any, map[string]any]{}.Decode(frame, func(map[string]any) {})
		}
	})
}
