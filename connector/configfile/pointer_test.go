package configfile

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// rfc6901 is the document of RFC 6901 section 5.
const rfc6901 = `{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8}`

func TestPointer(t *testing.T) {
	for _, c := range []struct{ text, at, want string }{
		{rfc6901, "", rfc6901}, {rfc6901, "/foo", `["bar","baz"]`}, {rfc6901, "/foo/0", `"bar"`}, {rfc6901, "/", "0"},
		{rfc6901, "/a~1b", "1"}, {rfc6901, "/c%d", "2"}, {rfc6901, "/e^f", "3"}, {rfc6901, "/g|h", "4"},
		{rfc6901, `/i\j`, "5"}, {rfc6901, `/k"l`, "6"}, {rfc6901, "/ ", "7"}, {rfc6901, "/m~0n", "8"},
		{`{"~1":1}`, "/~01", "1"}, // section 4: ~01 is ~1, not /
		{rfc6901, "/foo/2", ""}, {rfc6901, "/foo/-", ""}, {rfc6901, "/foo/00", ""}, {rfc6901, "/foo/-1", ""},
		{rfc6901, "/foo/99999999999999999999", ""}, {rfc6901, "/foo/0/x", ""}, {rfc6901, "/a", ""}, {rfc6901, "//", ""},
		{`[[],[1,[2,"]"]],{}]`, "/1/1/1", `"]"`}, {`[[],[1,[2,"]"]],{}]`, "/2", `{}`}, {`[]`, "/0", ""}, {`{}`, "/a", ""},
		{`{"a\u0062":1}`, "/ab", "1"}, {`{"a":1,"b":"}","a":[2]}`, "/a", "[2]"}, {`{"a":{"b":null}}`, "/a/b", "null"},
		{`"text"`, "", `"text"`}, {`"text"`, "/0", ""}, {`12`, "/a", ""}, {`{"a":"\\"}`, "/a", `"\\"`}, {`{"a":"\"{","b":-1.5e3}`, "/b", "-1.5e3"},
	} {
		p, err := parsePointer(c.at)
		if err != nil || p.String() != c.at {
			t.Errorf("%s: got %q, %v, want it back", c.at, p, err)
			continue
		}
		got, there := p.find([]byte(c.text))
		if string(got) != c.want || there != (c.want != "") {
			t.Errorf("%s in %s: got %s, %t, want %s", c.at, c.text, got, there, c.want)
		}
		inTree, inThere := p.in(decode([]byte(c.text)))
		if inThere != there || there && !reflect.DeepEqual(inTree, decode([]byte(c.want))) {
			t.Errorf("%s in the tree of %s: got %v, %t, want %s", c.at, c.text, inTree, inThere, c.want)
		}
	}
	for _, bad := range []string{"a", "#/a", "/~", "/~2", "/a~x/b"} {
		if p, err := parsePointer(bad); err == nil {
			t.Errorf("%s: got %v, want an error", bad, p)
		}
	}
}

func TestPointerPut(t *testing.T) {
	for _, c := range []struct{ text, at, want string }{
		{`{}`, "/id", `{"id":7}`}, {`{"id":1,"a":2}`, "/id", `{"a":2,"id":7}`}, {`{}`, "/a/b/c", `{"a":{"b":{"c":7}}}`},
		{`{"a":{"x":1}}`, "/a/b", `{"a":{"b":7,"x":1}}`}, {`{"a":null}`, "/a/b", `{"a":{"b":7}}`}, {`{"a":[1,2]}`, "/a/1", `{"a":[1,7]}`},
		{`[{"x":1}]`, "/0/y", `[{"x":1,"y":7}]`}, {`null`, "/a", `{"a":7}`}, {`{}`, "", "7"},
		{`{"a":1}`, "/a/b", ""}, {`{"a":"text"}`, "/a/b/c", ""}, {`[1]`, "/1", ""}, {`[1]`, "/-", ""}, {`true`, "/a", ""},
	} {
		p, _ := parsePointer(c.at)
		got, ok := p.put(decode([]byte(c.text)), json.Number("7"))
		if m, _ := MakeMessage(got); ok != (c.want != "") || ok && m.String() != c.want {
			t.Errorf("%s in %s: got %s, %t, want %s", c.at, c.text, m, ok, c.want)
		}
	}
}

func TestPointerInstead(t *testing.T) {
	many := make([]string, 20)
	for i := range many {
		many[i] = `"` + string(rune('a'+i)) + `":1`
	}
	for _, c := range []struct{ text, at, want string }{
		{`{"id":7,"name":"ann"}`, "/idd", "it has /id, /name"}, {`{}`, "/a", "it has nothing"}, {`{"a":{}}`, "/a/b", "it has nothing at /a"},
		{`{"a":{"b":1}}`, "/a/c/d", "it has /a/b"}, {`{"a":"secret"}`, "/a/c", "/a is a text"}, {`"secret"`, "/a", "it is a text"},
		{`[1,2]`, "/2", "it is a list of 2"}, {`{"a":null}`, "/a/b", "/a is null"}, {`{"a/b":true}`, "/a~1b/c", "/a~1b is a truth value"},
		{`12`, "/a", "it is a number"}, {`{` + strings.Join(many, ",") + `}`, "/x/y", "it has /a, /b, /c, /d, /e, /f, /g, /h, /i, /j, /k, /l, 8 more"},
	} {
		p, _ := parsePointer(c.at)
		if got := p.instead(decode([]byte(c.text))); got != c.want {
			t.Errorf("%s in %s: got %q, want %q", c.at, c.text, got, c.want)
		}
	}
}
