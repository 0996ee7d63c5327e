package configfile

import (
	"encoding/json"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/custom-app/interlock/connector/codec"
)

// read returns the messages of a frame.
func readFrame(data string) (all []string, err error) {
	err = messages{}.Decode(codec.Frame{Data: []byte(data)}, func(m Message) { all = append(all, m.String()) })
	return all, err
}

func TestMessages(t *testing.T) {
	for _, c := range []struct {
		name, frame string
		want        []string
		fault       string
	}{
		{"R6 one object", `{"b":1, "a":"<&>"}`, []string{`{"b":1,"a":"<&>"}`}, ""},
		{"R6 lines", "{\"id\":1}\n{\"id\":2}\r\n {\"push\":{}}\n", []string{`{"id":1}`, `{"id":2}`, `{"push":{}}`}, ""},
		{"R6 no space between", `{"id":1}{"id":2}"text"null`, []string{`{"id":1}`, `{"id":2}`, `"text"`, `null`}, ""},
		{"R6 an array", `[ {"id" : 1} , [2, 3], 4.50 ]`, []string{`{"id":1}`, `[2,3]`, `4.50`}, ""},
		{"R6 arrays and values", `[1][] 2`, []string{"1", "2"}, ""},
		{"R6 numbers as they came", `[1.0,12345678901234567890,1e400]`, []string{"1.0", "12345678901234567890", "1e400"}, ""},
		{"R6 escapes as they came", `"\u00e9\/"`, []string{`"\u00e9\/"`}, ""},
		{"R6 bad: nothing", " \n", nil, "the frame is empty"},
		{"R6 bad: HTML", "<html>", nil, "message 1, byte 1: not JSON"},
		{"R6 bad: the second", `{"id":1} {"id":`, []string{`{"id":1}`}, "message 2, byte 15: not JSON"},
		{"R6 bad: in an array", `[1,x]`, []string{"1"}, "message 2, byte 4: not JSON"},
		{"R6 bad: no UTF-8", "\"S3CRET\xff\"", nil, "message 1, byte 1: cannot be decoded"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := readFrame(c.frame)
			if !reflect.DeepEqual(got, c.want) || (err == nil) != (c.fault == "") {
				t.Errorf("got %q, %v, want %q", got, err, c.want)
			}
			if err != nil && (!strings.Contains(err.Error(), c.fault) || strings.Contains(err.Error(), "S3CRET")) {
				t.Errorf("got %v, want it to say %q", err, c.fault)
			}
		})
	}
}

func TestMessage(t *testing.T) {
	t.Run("R6 the zero message is null", func(t *testing.T) {
		text, err := json.Marshal(Message{})
		if tree, there := (Message{}).At(""); string(text) != "null" || err != nil || tree != nil || !there {
			t.Errorf("got %s, %v, %v, want null", text, err, tree)
		}
		if frame, err := (messages{}).Encode(Message{}); string(frame.Data) != "null" || err != nil {
			t.Errorf("got %s, %v, want null", frame.Data, err)
		}
	})
	t.Run("R6 what is at pointers, decoded", func(t *testing.T) {
		var m Message
		if err := json.Unmarshal([]byte(`{"id": 9007199254740993, "a": {"b": [true, null, "x\u0041"]}}`), &m); err != nil {
			t.Fatal(err)
		}
		for at, want := range map[string]any{
			"/id": json.Number("9007199254740993"), "/a/b/0": true, "/a/b/1": nil, "/a/b/2": "xA", "/a": map[string]any{"b": []any{true, nil, "xA"}},
		} {
			if got, there := m.At(at); !there || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: got %v, %t, want %v", at, got, there, want)
			}
		}
		for _, at := range []string{"/x", "/a/b/3", "id", "/~"} {
			if got, there := m.At(at); there || got != nil {
				t.Errorf("%s: got %v, want nothing", at, got)
			}
		}
	})
	t.Run("R6 many goroutines", func(t *testing.T) {
		m, _ := MakeMessage(map[string]any{"a": []any{1, 2, 3}})
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				for range 100 {
					all, _ := m.At("/a")
					all.([]any)[0] = nil // it is the caller's
				}
			})
		}
		group.Wait()
		if m.String() != `{"a":[1,2,3]}` {
			t.Errorf("got %s, want it unchanged", m)
		}
	})
	t.Run("R6 nothing is escaped for HTML", func(t *testing.T) {
		if m, err := MakeMessage(map[string]any{"<": "&\u2028"}); m.String() != "{\"<\":\"&\\u2028\"}" || err != nil {
			t.Errorf("got %s, %v", m, err)
		}
		if _, err := MakeMessage(func() {}); err == nil {
			t.Error("got no error for a function")
		}
	})
	t.Run("R6 text that is no JSON", func(t *testing.T) {
		for _, bad := range []string{"", "{", "\"\xff\"", "1 2"} {
			if err := new(Message).UnmarshalJSON([]byte(bad)); err == nil {
				t.Errorf("%q: got no error", bad)
			}
		}
	})
}

func TestMessageID(t *testing.T) {
	for _, c := range []struct {
		name, text, at string
		id             any
		keeps          bool
		want           string
	}{
		{"R3 a number", `{"a":1}`, "/id", uint64(7), false, `{"a":1,"id":7}`},
		{"R3 a text", `{"a":1}`, "/id", "7", false, `{"a":1,"id":"7"}`},
		{"R3 deep", `{"a":1.0}`, "/meta/id", uint64(7), false, `{"a":1.0,"meta":{"id":7}}`},
		{"R3 one that is there", `{"id":"x"}`, "/id", uint64(7), false, `{"id":7}`},
		{"R3 one that is its own", `{"id":"x"}`, "/id", uint64(7), true, `{"id":"x"}`},
		{"R3 its own is missing", `{"a":1}`, "/id", uint64(7), true, `{"a":1,"id":7}`},
		{"R3 bad: a text", `"ping"`, "/id", uint64(7), false, ""},
		{"R3 bad: null", `null`, "/id", uint64(7), false, ""},
		{"R3 bad: something is in the way", `{"meta":"x"}`, "/meta/id", uint64(7), false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var m Message
			if err := json.Unmarshal([]byte(c.text), &m); err != nil {
				t.Fatal(err)
			}
			m.keepsID = c.keeps
			p, _ := parsePointer(c.at)
			frame, err := messages{}.Encode(m.withID(p, c.id))
			if (err == nil) != (c.want != "") || string(frame.Data) != c.want {
				t.Errorf("got %s, %v, want %s", frame.Data, err, c.want)
			}
			if m.String() != c.text {
				t.Errorf("got %s, want the message itself unchanged", m)
			}
		})
	}
}

func FuzzMessages(f *testing.F) {
	for _, seed := range []string{`{"id":1}` + "\n" + `{"id":2}`, `[1,[2]]`, `{"a":{"b":"\""}}`, "\ufeff{}", `{"a\u0062":-1e5}`, `[`, `"\ud800"`, "1 2"} {
		f.Add([]byte(seed), "/a/b")
	}
	f.Fuzz(func(t *testing.T, data []byte, at string) {
		_ = messages{}.Decode(codec.Frame{Data: data}, func(m Message) {
			if strings.ContainsAny(m.String(), "\n\r") || !json.Valid(m.text()) {
				t.Errorf("got %q, want one line of JSON", m)
			}
			p, err := parsePointer(at)
			if err != nil {
				return
			}
			got, there := m.at(p)
			if want, wanted := p.in(decode(m.text())); there != wanted || !reflect.DeepEqual(got, want) {
				t.Errorf("%s in %s: got %v, %t, want %v, %t", at, m, got, there, want, wanted)
			}
			if again, err := readFrame("[" + m.String() + "]"); err != nil || len(again) != 1 || again[0] != m.String() {
				t.Errorf("got %q, %v, want %s again", again, err, m)
			}
		})
	})
}
