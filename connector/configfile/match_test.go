package configfile

import (
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// message makes a message of JSON.
func message(t *testing.T, text string) Message {
	t.Helper()
	var m Message
	if err := m.UnmarshalJSON([]byte(text)); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return m
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		match   string
		yes, no []string
	}{
		{`/error`, []string{`{"error":{}}`, `{"error":0}`, `{"error":false}`, `{"error":""}`}, []string{`{}`, `{"error":null}`, `[]`, `"error"`}},
		{`""`, []string{`{}`, `1`}, []string{`null`}},
		{`{"": {is: {}}}`, []string{`{}`}, []string{`{"id":1}`, `null`, `[]`}},
		{`{/type: error}`, []string{`{"type":"error","id":1}`}, []string{`{"type":"errors"}`, `{}`, `{"type":null}`}},
		{`{/type: error, /code: {not: 0}}`, []string{`{"type":"error","code":1}`, `{"type":"error"}`, `{"type":"error","code":"0"}`},
			[]string{`{"type":"error","code":0}`, `{"type":"error","code":0.0}`, `{"code":1}`}},
		{`{/type: [error, failure, 3, null]}`, []string{`{"type":"failure"}`, `{"type":3.0}`, `{"type":null}`}, []string{`{"type":"3"}`, `{}`}},
		{`[/error, {/type: failure}]`, []string{`{"error":1}`, `{"type":"failure"}`}, []string{`{"type":"x"}`}},
		{`{/ok: true}`, []string{`{"ok":true}`}, []string{`{"ok":"true"}`, `{"ok":1}`}},
		{`{/code: 1}`, []string{`{"code":1}`, `{"code":1.0}`, `{"code":10e-1}`}, []string{`{"code":"1"}`, `{"code":2}`, `{"code":true}`}},
		{`{/id: 9007199254740993}`, []string{`{"id":9007199254740993}`}, []string{`{"id":9007199254740992}`}},
		{`{/code: "1"}`, []string{`{"code":"1"}`}, []string{`{"code":1}`}},
		{`{/a: {is: [1, {b: x}]}}`, []string{`{"a":[1.0,{"b":"x"}]}`}, []string{`{"a":[1]}`, `{"a":1}`, `{"a":[1,{"b":"y"}]}`, `{"a":[1,{"c":"x"}]}`, `{"a":[1,{}]}`}},
		{`{/a: {in: [[1], 2]}}`, []string{`{"a":[1]}`, `{"a":2}`}, []string{`{"a":1}`}},
		{`{/a: {not: [1, x]}}`, []string{`{"a":2}`, `{}`, `{"a":null}`}, []string{`{"a":1}`, `{"a":"x"}`}},
		{`{/a: {absent: true}}`, []string{`{}`, `{"a":null}`}, []string{`{"a":0}`}},
		{`{/a: {absent: false}}`, []string{`{"a":0}`}, []string{`{}`, `{"a":null}`}},
		{`{/a: {absent: false, not: 1}}`, []string{`{"a":0}`}, []string{`{}`, `{"a":1}`}},
		{`{/code: {from: 100, to: 199.5}}`, []string{`{"code":100}`, `{"code":199.5}`, `{"code":150}`}, []string{`{"code":99}`, `{"code":200}`, `{"code":"150"}`, `{}`}},
		{`{/code: {from: 100}}`, []string{`{"code":1e9}`}, []string{`{"code":-1}`, `{"code":99.999}`}},
		{`{/code: {to: 0}}`, []string{`{"code":-1}`}, []string{`{"code":1}`}},
		{`{/text: {matches: "expired$"}}`, []string{`{"text":"token expired"}`}, []string{`{"text":"expired token"}`, `{"text":1}`, `{}`}},
		{`{/a: null}`, []string{`{"a":null}`}, []string{`{}`, `{"a":0}`}},
		{`{/data/0/x: 1}`, []string{`{"data":[{"x":1}]}`}, []string{`{"data":{"0":{"x":2}}}`}},
	} {
		var m Match
		if err := yaml.Unmarshal([]byte(c.match), &m); err != nil {
			t.Errorf("%s: %v", c.match, err)
			continue
		}
		for want, all := range map[bool][]string{true: c.yes, false: c.no} {
			for _, text := range all {
				if got := m.fits(message(t, text)); got != want {
					t.Errorf("%s of %s: got %t, want %t", c.match, text, got, want)
				}
			}
		}
	}
	if (Match{}).fits(message(t, `{}`)) || (Match{}).given() {
		t.Error("the zero Match fits, want none")
	}
}

func TestMatchFaults(t *testing.T) {
	for _, c := range []struct{ match, want string }{
		{`error`, `"error" is no JSON Pointer, which begins with /; write /error, or what is to be where, such as {/type: error}`},
		{`{type: error}`, `write /type`},
		{`{/a~: 1}`, `~ without 0 or 1 after it`},
		{`{/a: {nott: 1}}`, "nott is no operator; write "},
		{`{/a: {in: 1}}`, "in: is no list"},
		{`{/a: {in: []}}`, "in: is no list"},
		{`{/a: {absent: maybe}}`, "absent: is no truth value"},
		{`{/a: {from: x}}`, "from: is no number"},
		{`{/a: {matches: "("}}`, "matches: is no regular expression (RE2): missing closing )"},
		{`{/a: {matches: 1}}`, "matches: is no text"},
		{`{/a: "{{user/id}}"}`, "has a placeholder"},
		{`{/a: {}}`, "{} says nothing of /a"},
		{`{}`, "{} says nothing"},
		{`[]`, "is an empty list"},
		{`[{}]`, "{} says nothing"},
		{`1`, "is no match"},
		{`[[/a]]`, "is no match"},
	} {
		var m Match
		if err := yaml.Unmarshal([]byte(c.match), &m); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.match, err, c.want)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	var m Match
	if err := yaml.Unmarshal([]byte(`[/error, {/push/channel: [news, sport], /code: {not: 0}}]`), &m); err != nil {
		b.Fatal(err)
	}
	message := Message{&value{json: []byte(hundred)}}
	b.ReportAllocs()
	for b.Loop() {
		if !m.fits(message) {
			b.Fatal("it does not fit")
		}
	}
}
