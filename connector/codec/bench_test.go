package codec_test

import (
	"encoding/json"
	"testing"

	"github.com/custom-app/interlock/connector/codec"
)

// one is a message of the usual size and shape.
const one = `{"type":"dish.changed","id":7,"name":"Tea \"Earl Grey\"","tags":["hot","drink"],` +
	`"prices":[{"size":"small","cents":250},{"size":"large","cents":390}],` +
	`"text":"A cup of tea, brewed while you wait, with milk or lemon on the side.","sold_out":false}`

type event struct {
	Type   string   `json:"type"`
	ID     int      `json:"id"`
	Name   string   `json:"name"`
	Tags   []string `json:"tags"`
	Prices []struct {
		Size  string `json:"size"`
		Cents int    `json:"cents"`
	} `json:"prices"`
	Text    string `json:"text"`
	SoldOut bool   `json:"sold_out"`
}

func BenchmarkDecodeJSON(b *testing.B) {
	frame := codec.Frame{Data: []byte(one)}
	b.Run("codec", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(one)))
		var last event
		each := func(message event) { last = message }
		for b.Loop() {
			if err := (codec.JSON[string, event]{}).Decode(frame, each); err != nil {
				b.Fatal(err)
			}
		}
		if last.ID != 7 {
			b.Errorf("got %+v, want id 7", last)
		}
	})
	b.Run("json.Unmarshal", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(one)))
		for b.Loop() {
			var message event
			if err := json.Unmarshal(frame.Data, &message); err != nil {
				b.Fatal(err)
			}
		}
	})
}
