package codec_test

import (
	"fmt"

	"github.com/custom-app/interlock/connector/codec"
)

func ExampleJSON() {
	type order struct {
		Dish int `json:"dish"`
	}
	type news struct {
		Dish    int  `json:"dish"`
		SoldOut bool `json:"sold_out"`
	}
	menu := codec.JSON[order, news]{}
	frame, err := menu.Encode(order{Dish: 7})
	fmt.Println(string(frame.Data), err)

	print := func(n news) { fmt.Println(n.Dish, n.SoldOut) }
	several := codec.Frame{Data: []byte(`{"dish":7,"sold_out":true} [{"dish":8}] Bye!`)}
	fmt.Println(menu.Decode(several, print))
	// Output:
	// {"dish":7} <nil>
	// 7 true
	// 8 false
	// interlock: codec: JSON: message 3, byte 41: not JSON
}
