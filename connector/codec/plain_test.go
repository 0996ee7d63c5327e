package codec_test

import (
	"errors"
	"reflect"
	"strconv"
	"testing"

	"github.com/custom-app/interlock/connector/codec"
)

type line string

func TestText(t *testing.T) {
	text := codec.Text[line]{}
	for _, c := range []struct {
		name string
		text line
	}{
		{"R6 text", "Tea, größe 2\n"},
		{"R6 text, empty", ""},
		{"R6 text, JSON is text too", "[1,2]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			frame, err := text.Encode(c.text)
			if err != nil || frame.Binary || string(frame.Data) != string(c.text) {
				t.Errorf("got %q, binary %t, %v, want %q in a text frame", frame.Data, frame.Binary, err, c.text)
			}
			got, err := decode(text, frame)
			if err != nil || !reflect.DeepEqual(got, []line{c.text}) {
				t.Errorf("got %q, %v, want %q", got, err, c.text)
			}
		})
	}
	t.Run("R6 text, bad: a binary frame", fails(text, codec.Frame{Binary: true, Data: []byte(hidden)}, "Text: the frame is binary"))
	t.Run("R6 text, bad: no UTF-8", fails(text, codec.Frame{Data: []byte(hidden + "\xff")}, "Text: the frame is not UTF-8"))
	t.Run("R6 text, bad: no UTF-8 to send", func(t *testing.T) {
		_, err := text.Encode(hidden + "\xff")
		checkFault(t, err, "Text: a text frame must be UTF-8")
	})
}

func TestBytes(t *testing.T) {
	for _, data := range []string{"", "\x00\xff", "Tea"} {
		t.Run("R6 bytes "+strconv.Quote(data), reads(codec.Bytes{}, data, []byte(data)))
	}
	t.Run("R6 bytes are not shared", func(t *testing.T) {
		request := []byte("Tea")
		frame, err := codec.Bytes{}.Encode(request)
		clear(request)
		if err != nil || !frame.Binary || string(frame.Data) != "Tea" {
			t.Errorf("got %q, binary %t, %v, want Tea in a binary frame", frame.Data, frame.Binary, err)
		}
		got, err := decode(codec.Bytes{}, frame)
		clear(frame.Data)
		if err != nil || len(got) != 1 || string(got[0]) != "Tea" {
			t.Errorf("got %q, %v, want Tea", got, err)
		}
	})
}

func TestFuncs(t *testing.T) {
	errOwn := errors.New(hidden)
	numbers := codec.Funcs[int, int]{
		EncodeFunc: func(n int) ([]byte, error) {
			if n < 0 {
				return nil, errOwn
			}
			return []byte(strconv.Itoa(n)), nil
		},
		DecodeFunc: func(data []byte) (int, error) {
			n, err := strconv.Atoi(string(data))
			if err != nil {
				return n, errOwn
			}
			return n, nil
		},
	}
	t.Run("R6 a format of one's own", reads(numbers, "7", 7))
	for _, binary := range []bool{false, true} {
		t.Run("R6 a format of one's own, binary "+strconv.FormatBool(binary), func(t *testing.T) {
			numbers := numbers
			numbers.Binary = binary
			frame, err := numbers.Encode(7)
			if err != nil || frame.Binary != binary || string(frame.Data) != "7" {
				t.Errorf("got %q, binary %t, %v, want 7, binary %t", frame.Data, frame.Binary, err, binary)
			}
		})
	}
	t.Run("R6 a format of one's own, bad frame", fails(numbers, codec.Frame{Data: []byte(hidden)}, "Funcs: DecodeFunc: failed"))
	t.Run("R6 a format of one's own, no DecodeFunc", fails(codec.Funcs[int, int]{}, codec.Frame{Data: []byte(hidden)}, "Funcs: DecodeFunc: missing"))
	for _, c := range []struct {
		name  string
		codec codec.Funcs[int, int]
		want  string
		cause error
	}{
		{"bad request", numbers, "Funcs: EncodeFunc: failed", errOwn},
		{"no EncodeFunc", codec.Funcs[int, int]{}, "Funcs: EncodeFunc: missing", nil},
		{"no UTF-8", codec.Funcs[int, int]{EncodeFunc: func(int) ([]byte, error) { return []byte(hidden + "\xff"), nil }}, "Funcs: a text frame must be UTF-8", nil},
	} {
		t.Run("R6 a format of one's own, "+c.name, func(t *testing.T) {
			_, err := c.codec.Encode(-1)
			checkFault(t, err, c.want)
			if c.cause != nil && !errors.Is(err, c.cause) {
				t.Errorf("got %v, want an error that is that of the function", err)
			}
		})
	}
	t.Run("R6 any bytes in binary frames", func(t *testing.T) {
		raw := codec.Funcs[string, string]{EncodeFunc: func(s string) ([]byte, error) { return []byte(s), nil }, Binary: true}
		frame, err := raw.Encode("\xff")
		if err != nil || string(frame.Data) != "\xff" {
			t.Errorf("got %q, %v, want the byte ff", frame.Data, err)
		}
	})
}

func FuzzText(f *testing.F) {
	f.Add(false, []byte("Tea"))
	f.Add(false, []byte("\xff"))
	f.Add(true, []byte(""))
	f.Fuzz(func(t *testing.T, binary bool, data []byte) {
		if texts, err := decode(codec.Text[line]{}, codec.Frame{Binary: binary, Data: data}); err == nil {
			again(t, codec.Text[line]{}, texts)
		}
	})
}

func FuzzBytes(f *testing.F) {
	f.Add(false, []byte("Tea"))
	f.Add(true, []byte("\x00\xff"))
	f.Fuzz(func(t *testing.T, binary bool, data []byte) {
		got, err := decode(codec.Bytes{}, codec.Frame{Binary: binary, Data: data})
		if err != nil || !reflect.DeepEqual(got, [][]byte{data}) {
			t.Errorf("got %q, %v, want %q", got, err, data)
		}
		again(t, codec.Bytes{}, got)
	})
}

func FuzzFuncs(f *testing.F) {
	quoted := codec.Funcs[string, string]{
		EncodeFunc: func(s string) ([]byte, error) { return []byte(strconv.Quote(s)), nil },
		DecodeFunc: func(data []byte) (string, error) { return strconv.Unquote(string(data)) },
	}
	f.Add(false, []byte(`"Tea"`))
	f.Add(true, []byte(`"`))
	f.Fuzz(func(t *testing.T, binary bool, data []byte) {
		if texts, err := decode(quoted, codec.Frame{Binary: binary, Data: data}); err == nil {
			again(t, quoted, texts)
		}
	})
}
