package codec_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/custom-app/interlock/connector/codec"
)

// hidden is a text that must not be printed.
const hidden = "S3CRET"

type dish struct {
	ID   int    `json:"id"`
	Name string `json:"name,omitempty"`
}

type order struct {
	Dish int `json:"dish"`
}

// pair reads itself from an array of two.
type pair struct{ a, b int }

var errPair = errors.New("not a pair: " + hidden)

func (p *pair) UnmarshalJSON(data []byte) error {
	var both []int
	if err := json.Unmarshal(data, &both); err != nil || len(both) != 2 {
		return errPair
	}
	*p = pair{both[0], both[1]}
	return nil
}

// decode returns what c delivers of the frame.
func decode[Req, Res any](c codec.Codec[Req, Res], f codec.Frame) ([]Res, error) {
	var messages []Res
	err := c.Decode(f, func(message Res) { messages = append(messages, message) })
	return messages, err
}

// reads returns a test that c delivers want of data, in both kinds of frames.
func reads[Req, Res any](c codec.Codec[Req, Res], data string, want ...Res) func(*testing.T) {
	return func(t *testing.T) {
		for _, binary := range []bool{false, true} {
			got, err := decode(c, codec.Frame{Binary: binary, Data: []byte(data)})
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("binary %t: got %v, %v, want %v", binary, got, err, want)
			}
		}
	}
}

// fails returns a test that c delivers only want of data, and then an error that
// contains text and quotes nothing.
func fails[Req, Res any](c codec.Codec[Req, Res], f codec.Frame, text string, want ...Res) func(*testing.T) {
	return func(t *testing.T) {
		got, err := decode(c, f)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		checkFault(t, err, text)
	}
}

func checkFault(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || !strings.HasPrefix(err.Error(), "interlock: codec: ") || !strings.Contains(err.Error(), text) {
		t.Fatalf("got error %v, want interlock: codec: ... %s", err, text)
	}
	if printed := fmt.Sprintf("%v %+v %#v %q", err, err, err, err); strings.Contains(printed, hidden) {
		t.Errorf("got %s, want nothing of the content", printed)
	}
}

func TestJSONEncode(t *testing.T) {
	for _, c := range []struct {
		name  string
		codec codec.JSON[any, any]
		value any
		want  string
	}{
		{"R6 JSON", codec.JSON[any, any]{}, order{7}, `{"dish":7}`},
		{"R6 JSON in binary frames", codec.JSON[any, any]{Binary: true}, order{7}, `{"dish":7}`},
		{"R6 JSON, nil", codec.JSON[any, any]{}, nil, `null`},
		{"R6 JSON, text that is no UTF-8", codec.JSON[any, any]{}, "\xff", `"\ufffd"`},
		{"R6 JSON, any bytes in binary frames", codec.JSON[any, any]{Binary: true}, json.RawMessage("\"\xff\""), "\"\xff\""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.codec.Encode(c.value)
			if err != nil || string(got.Data) != c.want || got.Binary != c.codec.Binary {
				t.Errorf("got %q, binary %t, %v, want %q, binary %t", got.Data, got.Binary, err, c.want, c.codec.Binary)
			}
		})
	}
	for _, c := range []struct {
		name  string
		value any
		want  string
	}{
		{"R6 JSON cannot write a channel", make(chan int), "JSON: a chan int cannot be encoded"},
		{"R6 JSON cannot write infinity", math.Inf(1), "JSON: a float64 cannot be encoded"},
		{"R6 JSON cannot write bad JSON", json.RawMessage(`"` + hidden), "JSON: a json.RawMessage cannot be encoded"},
		{"R6 JSON sends no text frame that is no UTF-8", json.RawMessage("\"" + hidden + "\xff\""), "JSON: a text frame must be UTF-8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := codec.JSON[any, any]{}.Encode(c.value)
			checkFault(t, err, c.want)
			if got.Data != nil {
				t.Errorf("got %q, want no frame", got.Data)
			}
		})
	}
}

func TestJSONDecode(t *testing.T) {
	one, two, three := dish{1, ""}, dish{2, `"]}\`}, dish{3, "Tea"}
	const second = `{"id":2,"name":"\"]}\\"}`
	menu := codec.JSON[order, dish]{}
	numbers := codec.JSON[order, int]{}

	t.Run("R6 JSON", reads(menu, `{"id":1}`, one))
	t.Run("R6 JSON with white space around it", reads(menu, " \r\n\t{ \"id\" : 1 }\n", one))
	t.Run("R6 JSON after a byte order mark", reads(menu, "\ufeff"+`{"id":1}`, one))
	t.Run("R6 JSON null is the zero message", reads(menu, `null`, dish{}))
	t.Run("F46 a frame with several messages", func(t *testing.T) {
		t.Run("R6 on lines", reads(menu, `{"id":1}`+"\n"+second+"\r\n"+`{"id":3,"name":"Tea"}`+"\n", one, two, three))
		t.Run("R6 with spaces", reads(menu, `{"id":1} `+second, one, two))
		t.Run("R6 adjacent", reads(menu, `{"id":1}`+second+`{"id":3,"name":"Tea"}`, one, two, three))
		t.Run("R6 in an array", reads(menu, `[{"id":1},`+second+` , {"id":3,"name":"Tea"} ]`, one, two, three))
		t.Run("R6 in arrays and beside them", reads(menu, `{"id":1}[`+second+`] [] [{"id":3,"name":"Tea"}]`, one, two, three))
		t.Run("R6 numbers", reads(numbers, "1 -2\n3[4,5]6", 1, -2, 3, 4, 5, 6))
		t.Run("R6 literals", reads(codec.JSON[order, bool]{}, "true false\ttrue", true, false, true))
		t.Run("R6 texts", reads(codec.JSON[order, string]{}, `"a\\""b\"" "c"`, `a\`, `b"`, "c"))
		t.Run("R6 pointers", reads(codec.JSON[order, *dish]{}, `[{"id":1},`+second+`]`, &one, &two))
	})
	t.Run("R6 JSON, an empty array holds no message", reads(menu, ` [ ] `))

	t.Run("R6 JSON, an array where Res is a slice", reads(codec.JSON[order, []int]{}, `[1,2][] [3]`, []int{1, 2}, []int{}, []int{3}))
	t.Run("R6 JSON, an array where Res is an array", reads(codec.JSON[order, [2]int]{}, `[1,2]`, [2]int{1, 2}))
	t.Run("R6 JSON, an array where Res is an interface", reads(codec.JSON[order, any]{}, `[1,"b"]2`, any([]any{1.0, "b"}), any(2.0)))
	t.Run("R6 JSON, an array where Res is raw", reads(codec.JSON[order, json.RawMessage]{}, `[1, 2]`, json.RawMessage(`[1, 2]`)))
	t.Run("R6 JSON, an array where Res reads itself", reads(codec.JSON[order, pair]{}, `[1,2][3,4]`, pair{1, 2}, pair{3, 4}))
	t.Run("R6 JSON, elements where Res reads itself", reads(codec.JSON[order, pair]{Elements: true}, `[[1,2], [3,4]]`, pair{1, 2}, pair{3, 4}))
	t.Run("R6 JSON, elements where Res is raw", reads(codec.JSON[order, json.RawMessage]{Elements: true}, `[1, [2]] {}`, json.RawMessage(`1`), json.RawMessage(`[2]`), json.RawMessage(`{}`)))
	t.Run("R6 JSON, an array where Res points to such a type", reads(codec.JSON[order, *pair]{}, `[1,2]`, &pair{1, 2}))
	t.Run("R6 JSON, an array of slices is one message only", fails(codec.JSON[order, []int]{}, codec.Frame{Data: []byte(`[[1],[2]]`)}, "message 1, byte 2: does not fit a int"))

	t.Run("R6 JSON that is delivered is not shared", func(t *testing.T) {
		frame := codec.Frame{Data: []byte(`"abc"`)}
		got, err := decode(codec.JSON[order, json.RawMessage]{}, frame)
		clear(frame.Data)
		if err != nil || len(got) != 1 || string(got[0]) != `"abc"` {
			t.Errorf("got %q, %v, want %q", got, err, `"abc"`)
		}
	})
}

func TestJSONFaults(t *testing.T) {
	one := dish{ID: 1}
	for _, c := range []struct {
		name, data, want string
		delivered        []dish
	}{
		{"empty", "", "JSON: the frame is empty", nil},
		{"white space", " \r\n\t", "JSON: the frame is empty", nil},
		{"a byte order mark", "\ufeff ", "JSON: the frame is empty", nil},
		{"no JSON", hidden, "message 1, byte 1: not JSON", nil},
		{"HTML", "<html>" + hidden, "message 1, byte 1: not JSON", nil},
		{"cut short", `{"id":1,"name":"` + hidden, "message 1, byte 22: not JSON", nil},
		{"cut short at an escape", `{"id":1,"name":"\`, "message 1, byte 17: not JSON", nil},
		{"closed by another bracket", `{"id":1]`, "message 1, byte 8: not JSON", nil},
		{"a bracket too many", `{"id":1}}`, "message 2, byte 9: not JSON", []dish{one}},
		{"trailing garbage", `{"id":1} ` + hidden, "message 2, byte 10: not JSON", []dish{one}},
		{"a trailing zero byte", `{"id":1}` + "\x00", "message 2, byte 9: not JSON", []dish{one}},
		{"white space of another kind", `{"id":1}` + "\u00a0", "message 2, byte 9: not JSON", []dish{one}},
		{"a comma between values", `{"id":1},{"id":2}`, "message 2, byte 9: not JSON", []dish{one}},
		{"a fault in the second of several", `{"id":1}` + "\n" + `{"id":x}` + "\n" + `{"id":3}`, "message 2, byte 16: not JSON", []dish{one}},
		{"an array cut short", `[`, "message 1, byte 1: not JSON", nil},
		{"an array cut short after a message", `[{"id":1}`, "message 2, byte 9: not JSON", []dish{one}},
		{"an array cut short after a comma", `[{"id":1},`, "message 2, byte 10: not JSON", []dish{one}},
		{"an array with a comma too many", `[{"id":1},]`, "message 2, byte 11: not JSON", []dish{one}},
		{"an array that begins with a comma", `[,{"id":1}]`, "message 1, byte 2: not JSON", nil},
		{"an array without a comma", `[{"id":1} {"id":2}]`, "message 2, byte 11: not JSON", []dish{one}},
		{"an array closed by another bracket", `[{"id":1}}`, "message 2, byte 10: not JSON", []dish{one}},
		{"a fault in the second of an array", `[{"id":1}, {"id":"` + hidden + `"}]`, "message 2, byte 25: does not fit a int", []dish{one}},
		{"an array in an array", `[[{"id":1}]]`, "message 1, byte 2: does not fit a codec_test.dish", nil},
		{"another type", `{"id":1}"` + hidden + `"`, "message 2, byte 16: does not fit a codec_test.dish", []dish{one}},
		{"a number too large", `{"id":123456789012345678901234567890}`, "does not fit a int", nil},
		{"too deep", `{"id":1}` + strings.Repeat(`{"a":`, 20000), "message 2, byte 50009: not JSON", []dish{one}},
		{"too deep in an array", strings.Repeat("[", 20000), "message 1, byte 10002: not JSON", nil},
	} {
		t.Run("R6 JSON, bad: "+c.name, fails(codec.JSON[order, dish]{}, codec.Frame{Data: []byte(c.data)}, c.want, c.delivered...))
	}
	t.Run("R6 JSON, bad: adjacent numbers", fails(codec.JSON[order, int]{}, codec.Frame{Data: []byte("1 01")}, "message 2, byte 4: not JSON", 1))
	t.Run("R6 JSON, bad: adjacent literals", fails(codec.JSON[order, bool]{}, codec.Frame{Data: []byte("truefalse")}, "message 1, byte 5: not JSON"))
	t.Run("R6 JSON, bad: a key of a map", fails(codec.JSON[order, map[string]int]{}, codec.Frame{Data: []byte(`{"` + hidden + `":""}`)}, "does not fit a int"))
	t.Run("R6 JSON, bad: a Res that cannot be read", fails(codec.JSON[order, chan int]{}, codec.Frame{Data: []byte("1")}, "does not fit a chan int"))
	t.Run("R6 JSON, bad: the error of a Res that reads itself", func(t *testing.T) {
		got, err := decode(codec.JSON[order, pair]{}, codec.Frame{Data: []byte("[1,2] [3]")})
		if !reflect.DeepEqual(got, []pair{{1, 2}}) || !errors.Is(err, errPair) {
			t.Errorf("got %v, %v, want one pair and an error that is errPair", got, err)
		}
		checkFault(t, err, "message 2, byte 7: cannot be decoded into a codec_test.pair")
	})
}

// FuzzJSON holds every frame that is accepted against json.Decoder, and writes
// what was read again.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{
		`{"id":1}`, one, "1 2\n[3,null]\"\\\"\"", `[{"id":1},{"id":2}][]`, `[{"id":1}`, "01", "\ufefftrue", "", "{]", "\"\xff\"", `"\`, "[[[]]]",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		frame := codec.Frame{Data: data}
		if values, err := decode(codec.JSON[any, any]{}, frame); err == nil {
			if want := streamed(t, strings.TrimPrefix(string(data), "\ufeff")); !reflect.DeepEqual(values, want) {
				t.Errorf("got %v, want %v, as json.Decoder", values, want)
			}
			again(t, codec.JSON[any, any]{}, values)
		}
		if dishes, err := decode(codec.JSON[dish, dish]{}, frame); err == nil {
			again(t, codec.JSON[dish, dish]{}, dishes)
		}
	})
}

func streamed(t *testing.T, data string) []any {
	var values []any
	for d := json.NewDecoder(strings.NewReader(data)); ; {
		var value any
		switch err := d.Decode(&value); err {
		case nil:
			values = append(values, value)
		case io.EOF:
			return values
		default:
			t.Fatalf("json.Decoder: got %v, want no error", err)
		}
	}
}

// again writes each message and reads it again.
func again[T any](t *testing.T, c codec.Codec[T, T], messages []T) {
	t.Helper()
	for _, want := range messages {
		frame, err := c.Encode(want)
		if err != nil {
			t.Fatalf("encode %v: %v", want, err)
		}
		got, err := decode(c, frame)
		if err != nil || !reflect.DeepEqual(got, []T{want}) {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	}
}
