package configfile_test

import (
	"strings"
	"testing"

	"github.com/custom-app/interlock/connector/configfile"
)

// login is the part that every file needs, in one line.
const login = "http: {login: {url: https://example.com/login}}\n"

// variables are those of tests.
var variables = map[string]string{
	"HOST": "example.com", "NUMBER": "5", "TRUTH": "true", "WORD": "squeamish", "EMPTY": "",
	"BRACES": "a{{b}}c", "YAML": "x\", user: {name: y}, z: \"", "NESTED": "${WORD}",
}

func env(name string) (string, bool) {
	value, set := variables[name]
	return value, set
}

// wantFaults parses a text and compares its error.
func wantFaults(t *testing.T, text string, want ...string) {
	t.Helper()
	file, err := configfile.Parse("x.yaml", []byte(text), configfile.Options{Env: env})
	got := ""
	if err != nil {
		got = err.Error()
	}
	if want := strings.Join(want, "\n"); got != want {
		t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
	}
	if err == nil {
		if err := schemaFault(t, text); err != nil {
			t.Errorf("%s\ngot error of the schema %v, want none", text, err)
		}
	}
	if (file == nil) != (err != nil) {
		t.Errorf("%s\ngot a file: %v, with error %v", text, file != nil, err)
	}
}

type faultCase struct {
	name, text string
	want       []string
}

func runFaults(t *testing.T, cases []faultCase) {
	for _, c := range cases {
		t.Run("X4 "+c.name, func(t *testing.T) { wantFaults(t, c.text, c.want...) })
	}
}

const leastFile = "write at least http: {login: {url: https://example.com/login}}"

func TestSyntaxFaults(t *testing.T) {
	deep := "x.yaml:1: has more values in each other, or further to the right, than a config file needs; write them flatter"
	runFaults(t, []faultCase{
		{"empty file", "", []string{"x.yaml: is empty; " + leastFile}},
		{"blank file", " \n\n", []string{"x.yaml: is empty; " + leastFile}},
		{"comments alone", "# nothing\n", []string{"x.yaml: says nothing; " + leastFile}},
		{"not UTF-8", "http:\n  # caf\xe9\n", []string{"x.yaml:2: is not UTF-8; save it as UTF-8"}},
		{"too long", "#" + strings.Repeat(" ", 1<<20), []string{"x.yaml: is longer than 1 MiB; a config file is far shorter"}},
		{"too many words", "a: [" + strings.Repeat("1,", 20_000) + "1]", []string{"x.yaml: has more than 20000 words and signs; a config file is far shorter"}},
		{"two documents", login + "---\n" + login, []string{"x.yaml:3: a second document begins here; write a file for each, without ---"}},
		{"tab before a field", "http:\n\tlogin: {}\n", []string{"x.yaml:2: begins with a tab; indent with spaces"}},
		{"tab before the first field", "\thttp: {}\n", []string{"x.yaml:1: begins with a tab; indent with spaces"}},
		{"second colon", "http: login: {}\n", []string{`x.yaml:1: has a second ": ", or is indented under a text; put a text that holds one in quotes`}},
		{"list not closed", "sockets: [1, 2\n", []string{"x.yaml:1: opens a list with [ that has no ]; write ] at its end"}},
		{"fields not closed", "http: {login: {}\n", []string{"x.yaml:1: opens fields with { that have no }; write } at their end"}},
		{"comma missing", "http: {login: {}\nretry: {}}\n", []string{"x.yaml:2: goes on in fields that a { has opened, without a comma or }; write the one that is missing"}},
		{"comma missing in a list", "http: [a\nretry: b]\n", []string{"x.yaml:2: goes on in a list that a [ has opened, without a comma or ]; write the one that is missing"}},
		{"colon missing in brackets", "http: {login", []string{"x.yaml:1: has no colon after a name in {}; write {NAME: VALUE}"}},
		{"bracket too many", "http: ]\n", []string{"x.yaml:1: has a ] without a [; leave it out, or put the text in quotes"}},
		{"quote not closed", "http: \"a\n", []string{"x.yaml:1: opens a quote that is not closed; write the same quote at its end"}},
		{"apostrophe in a quote", "http: 'it's'\n", []string{"x.yaml:1: does not belong to what stands before; indent it like the fields of its level, and close all quotes"}},
		{"indentation", "http:\n  base: a\n login: b\n", []string{"x.yaml:3: does not belong to what stands before; indent it like the fields of its level, and close all quotes"}},
		{"colon missing", "http:\n  base: a\n  login\nretry: {}\n", []string{"x.yaml:3: has no colon after the name; write NAME: VALUE"}},
		{"colon missing first", "http:\n  login\n  base: a\n", []string{"x.yaml:2: has no colon after the name; write NAME: VALUE"}},
		{"name missing", "? [a]\n: b\n", []string{"x.yaml:2: has no text before the colon; write NAME: VALUE"}},
		{"at sign", "http: @a\n", []string{"x.yaml:1: begins a text with a sign that YAML keeps for itself; put the text in quotes"}},
		{"percent sign", "http: %a\n", []string{"x.yaml:1: begins a text with %; put the text in quotes"}},
		{"list behind a name", "sockets: - id: a\n", []string{"x.yaml:1: begins a list behind a name; write each - in a line of its own, below the name"}},
		{"text behind a bar", "http: | a\n", []string{"x.yaml:1: goes on after | or >; begin the text in the next line"}},
		{"backslash", `http: "a\q"`, []string{`x.yaml:1: has a \ in double quotes before a sign with which it means nothing; use single quotes`}},
		{"placeholder without quotes", "a:\n  b: {{token}}\n", []string{`x.yaml:2: has a {{placeholder}} or a ${VARIABLE} outside of quotes; put the text in quotes, as in "{{token}}"`}},
		{"variable without quotes in brackets", "a: {b: ${B}}\n", []string{`x.yaml:1: has a {{placeholder}} or a ${VARIABLE} outside of quotes; put the text in quotes, as in "{{token}}"`}},
		{"tag", "http: !!map {}\n", []string{"x.yaml:1: has a tag, which begins with !; leave it out, or put the text in quotes"}},
		{"deep in brackets", strings.Repeat("[", 1000), []string{deep}},
		{"deep in a line", strings.Repeat("- ", 1000), []string{deep}},
		{"far to the right", "a:\n" + strings.Repeat(" ", 200) + "b: c\n", []string{strings.Replace(deep, ":1:", ":2:", 1)}},
		{"long name", strings.Repeat("a", 200) + ": b\n", []string{"x.yaml:1: has a name of more than 128 bytes before a colon; put a text that holds a colon in quotes"}},
	})
}

func TestAliasFaults(t *testing.T) {
	runFaults(t, []faultCase{
		{"alias of nothing", login + "retry: *r\n", []string{"x.yaml:2: retry: is *r, and nothing before is named &r; put a text that begins with * in quotes"}},
		{"alias without a name", login + "retry: *\n", []string{"x.yaml:2: begins a text with *; put the text in quotes"}},
		{"anchor without a name", login + "retry: &\n", []string{"x.yaml:2: begins a text with &; put the text in quotes"}},
		{"cycle", login + "retry: &r {floor: *r}\n", []string{"x.yaml:2: retry.floor: is *r in the value that is named &r, which would never end; write it out"}},
		{"anchor twice", "http: {login: &a {url: https://example.com/a}, refresh: &a {url: https://example.com/b}}\n",
			[]string{"x.yaml:1: http.refresh: names &a again, first in line 1; choose another name"}},
		{"merge", login + "<<: {retry: {}}\n", []string{"x.yaml:2: holds <<, which is not understood; write the fields out, or use *NAME for a whole value"}},
		{"many by aliases", bomb, []string{"x.yaml:2: http.login.body.e[4][8][6][5][8]: has more than 50000 values with those of aliases; use fewer"}},
	})
	t.Run("X4 alias of a value", func(t *testing.T) {
		wantFaults(t, "http:\n  login: &a {url: https://example.com/a}\n  refresh: *a\n")
	})
}

// bomb doubles nine values of one another eight times.
var bomb = func() string {
	text := "http:\n  login: {url: https://example.com/a, body: {a: &a [1,1,1,1,1,1,1,1,1]"
	for c := 'b'; c <= 'h'; c++ {
		of := ",*" + string(c-1) + " "
		text += ",\n    " + string(c) + ": &" + string(c) + " [" + strings.Repeat(of, 9)[1:] + "]"
	}
	return text + "}}\n"
}()

func TestFieldFaults(t *testing.T) {
	runFaults(t, []faultCase{
		{"a text for a file", "http", []string{"x.yaml:1: is a text; write the fields it has, of http, sockets, store, retry"}},
		{"unknown field of the file", login + "socket: []\n", []string{"x.yaml:2: socket: is no field of the file; write sockets"}},
		{"unknown field far from all", login + "foo: []\n", []string{"x.yaml:2: foo: is no field of the file; write one of http, sockets, store, retry"}},
		{"letters in another order", "http:\n  login:\n    ulr: https://example.com\n", []string{"x.yaml:3: http.login.ulr: is no field of http.login; write url"}},
		{"case", login + "retry: {permminute: 5}\n", []string{"x.yaml:2: retry.permminute: is no field of retry; write perMinute"}},
		{"longer word", login + "sockets: [{id: a, url: wss://a/b, subscriptions: []}]\n", []string{"x.yaml:2: sockets[0].subscriptions: is no field of sockets[0]; write subscribe"}},
		{"number as a field", login + "1: a\n", []string{`x.yaml:2: ["1"]: is no field of the file; write one of http, sockets, store, retry`}},
		{"null as a field", login + "~: a\n", []string{"x.yaml:2: has a name that is no text; put it in quotes"}},
		{"field twice", login + "retry: {floor: 1s}\nretry: {cap: 9s}\n", []string{"x.yaml:3: retry: is there twice, first in line 2; leave one out"}},
		{"field twice in a body", "http: {login: {url: https://example.com/a, body: {a: 1,\n a: 2}}}\n", []string{"x.yaml:2: http.login.body.a: is there twice, first in line 1; leave one out"}},
		{"http missing", "retry: {floor: 1s}\n", []string{"x.yaml:1: http: is missing; write something like http: {login: {url: https://example.com/login}}"}},
		{"login missing", "http:\n  base: https://example.com\n", []string{"x.yaml:2: http.login: is missing; write something like login: {url: https://example.com/login}, or tokens: {access: \"${TOKEN}\"}"}},
		{"url missing", "http:\n  login:\n    method: PUT\n", []string{"x.yaml:3: http.login.url: is missing; write something like url: https://example.com/login"}},
		{"all of a socket missing", login + "sockets:\n  - group: 1\n    auth: {noAnswer: true}\n    pong: {}\n    ping: {}\n    rules:\n      - close: 4401\n", []string{
			"x.yaml:3: sockets[0].id: is missing; write something like id: chat",
			"x.yaml:3: sockets[0].url: is missing; write something like url: wss://example.com/ws",
			"x.yaml:4: sockets[0].auth.send: is missing; write something like send: {type: hello}",
			"x.yaml:5: sockets[0].pong.to: is missing; write something like to: {/type: ping}",
			"x.yaml:5: sockets[0].pong.send: is missing; write something like send: {type: hello}",
			"x.yaml:6: sockets[0].ping.send: is missing; write something like send: {type: hello}",
			"x.yaml:8: sockets[0].rules[0].means: is missing; write something like means: expired",
		}},
		{"dir missing", login + "store: {account: ann}\n", []string{"x.yaml:2: store.dir: is missing; write something like dir: /home/me/.tokens"}},
		{"empty text", "http: {login: {url: \"\"}}\n", []string{"x.yaml:1: http.login.url: is empty; write something like https://example.com/login"}},
		{"nothing for fields", login + "retry:\n", []string{"x.yaml:2: retry: is empty; write the fields it has, of floor, cap, perMinute, or leave the field out"}},
		{"nothing for a number", login + "retry: {perMinute: ~}\n", []string{"x.yaml:2: retry.perMinute: is empty; write a whole number, without quotes, or leave the field out"}},
		{"text for fields", "http:\n  login: https://example.com\n", []string{"x.yaml:2: http.login: is a text; write the fields it has, of method, url, headers, body, answer"}},
		{"fields for a list", login + "sockets: {id: a}\n", []string{"x.yaml:2: sockets: is a mapping; write a list, with - before each of its elements"}},
		{"text for a list", "http: {exclude: /public, login: {url: https://example.com/a}}\n", []string{"x.yaml:1: http.exclude: is a text; write a list, as in [a, b]"}},
		{"number for a text", "http: {headers: {X-A: 1}, login: {url: https://example.com/a}}\n", []string{"x.yaml:1: http.headers.X-A: is a number; put it in quotes to make it a text"}},
		{"list for a text", "http: {login: {url: [https://example.com/a]}}\n", []string{"x.yaml:1: http.login.url: is a list; write a text such as https://example.com/login"}},
		{"text for headers", "http: {headers: a, login: {url: https://example.com/a}}\n", []string{`x.yaml:1: http.headers: is a text; write names with texts, as in X-Client: "1"`}},
		{"text for a truth value", login + "sockets: [{id: a, url: wss://a/b, public: yes}]\n", []string{"x.yaml:2: sockets[0].public: is a text; write true or false, without quotes"}},
		{"text for a number", login + "retry: {perMinute: \"5\"}\n", []string{"x.yaml:2: retry.perMinute: is a text; write a whole number, without quotes"}},
		{"fraction for a number", login + "retry: {perMinute: 1.5}\n", []string{"x.yaml:2: retry.perMinute: is a number; write a whole number, without quotes"}},
		{"zero for a number", login + "retry: {perMinute: 0}\n", []string{"x.yaml:2: retry.perMinute: is less than 1; write more, or leave the field out for its default"}},
		{"octal number", login + "retry: {perMinute: 010}\n", []string{"x.yaml:2: retry.perMinute: begins with 0; leave that out, or put it in quotes to make it a text"}},
		{"long number", login + "retry: {perMinute: 99999999999999999999}\n", []string{"x.yaml:2: retry.perMinute: is a number of more than 64 bits; put it in quotes to make it a text"}},
		{"endless number", login + "retry: {perMinute: .inf}\n", []string{"x.yaml:2: retry.perMinute: is no number of JSON; write a finite one"}},
		{"choice near one", login + "sockets: [{id: a, url: wss://a/b, buffer: {overflow: dropoldest}}]\n", []string{`x.yaml:2: sockets[0].buffer.overflow: "dropoldest" is not one of its values; write dropOldest`}},
		{"choice begun", "http: {answer: {life: {unit: sec}}, login: {url: https://example.com/a}}\n", []string{`x.yaml:1: http.answer.life.unit: "sec" is not one of its values; write seconds`}},
		{"choice far from all", login + "sockets: [{id: a, url: wss://a/b, blame: them}]\n", []string{`x.yaml:2: sockets[0].blame: "them" is not one of its values; write one of oldest, none`}},
	})
}

func TestValueFaults(t *testing.T) {
	retry := func(value string) string { return login + "retry: {cap: " + value + "}\n" }
	access := func(value string) string {
		return "http:\n  login: {url: https://example.com/a}\n  answer:\n    access: " + value + "\n"
	}
	rule := func(rule string) string {
		return login + "sockets:\n  - id: a\n    url: wss://a/b\n    code: {text: /code, number: /code}\n    rules:\n      - " + rule + "\n"
	}
	const durations = "write a duration such as 1500ms, 30s, 5m or 1h30m"
	runFaults(t, []faultCase{
		{"duration without a unit", retry("45"), []string{"x.yaml:2: retry.cap: is a number without a unit; write 45s, or 45ms"}},
		{"duration of another form", retry("5 seconds"), []string{`x.yaml:2: retry.cap: "5 seconds" is no duration; ` + durations}},
		{"duration of another type", retry("true"), []string{"x.yaml:2: retry.cap: is a truth value; " + durations}},
		{"duration below zero", retry("-5s"), []string{"x.yaml:2: retry.cap: is not more than 0; leave the field out for its default"}},
		{"path of names", access("data.token"), []string{`x.yaml:4: http.answer.access: "data.token" is no JSON Pointer, which begins with /; write /data/token`}},
		{"JSONPath", access("$.data.token"), []string{`x.yaml:4: http.answer.access: "$.data.token" is no JSON Pointer, which begins with /; write /data/token`}},
		{"fragment", access(`"#/token"`), []string{`x.yaml:4: http.answer.access: "#/token" is no JSON Pointer, which begins with /; write /token`}},
		{"tilde", access("/a~b"), []string{`x.yaml:4: http.answer.access: "/a~b" has ~ without 0 or 1 after it; write ~0 for ~, and ~1 for / in a name`}},
		{"one of several pointers", access("[/a,\n     b/c, 5]"), []string{
			`x.yaml:5: http.answer.access: "b/c" is no JSON Pointer, which begins with /; write /b/c`,
			"x.yaml:5: http.answer.access: holds a number; write JSON Pointers such as /data/token",
		}},
		{"no pointers", access("[]"), []string{"x.yaml:4: http.answer.access: is no JSON Pointer; write a JSON Pointer such as /data/token, a list of them, or none"}},
		{"pointer of an id", login + "sockets: [{id: a, url: wss://a/b, messageID: {request: id}}]\n", []string{`x.yaml:2: sockets[0].messageID.request: "id" is no JSON Pointer, which begins with /; write /id`}},
		{"empty pointer of an id", login + "sockets: [{id: a, url: wss://a/b, messageID: {request: \"\"}}]\n", []string{"x.yaml:2: sockets[0].messageID.request: is empty; write something like /id"}},
		{"range backwards", rule("{close: 3999-3500, means: busy}"), []string{"x.yaml:7: sockets[0].rules[0].close: ends before it begins; write 3500-3999"}},
		{"range of words", rule("{close: gone, means: busy}"), []string{`x.yaml:7: sockets[0].rules[0].close: "gone" is no number and no range; write a number such as 4401, or a range such as 3500-3999`}},
		{"range of another type", rule("{status: [401], means: busy}"), []string{"x.yaml:7: sockets[0].rules[0].status: is a list; write a number such as 4401, or a range such as 3500-3999"}},
		{"range of zero", rule("{message: 0, means: busy}"), []string{"x.yaml:7: sockets[0].rules[0].message: begins or ends with 0, which is no code; write another number"}},
		{"range beyond all", rule("{message: 1-99999999999999999999, means: busy}"), []string{"x.yaml:7: sockets[0].rules[0].message: has a number of more than 64 bits; write a smaller one"}},
		{"close out of bounds", rule("{close: 200-5000, means: busy}"), []string{"x.yaml:7: sockets[0].rules[0].close: is out of bounds; codes of close frames are from 1000 to 4999"}},
		{"status out of bounds", rule("{status: 4401, means: busy}"), []string{"x.yaml:7: sockets[0].rules[0].status: is out of bounds; statuses of HTTP are from 100 to 599"}},
		{"saying of another type", rule("{message: {a: b}, means: busy}"), []string{"x.yaml:7: sockets[0].rules[0].message: is a mapping; write a number such as 109, a range such as 100-199, or a text such as token_expired"}},
		{"empty saying", rule("{message: \"\", means: busy}"), []string{"x.yaml:7: sockets[0].rules[0].message: is empty; write a number such as 109, a range such as 100-199, or a text such as token_expired"}},
		{"placeholder", "http:\n  login:\n    url: https://example.com/a\n    body:\n      a: \"{{token\"\n      b: [\"{{user/~}}\"]\n      \"{{c}}\": d\n", []string{
			"x.yaml:5: http.login.body.a: has {{ without }}; write a placeholder such as {{token}}",
			"x.yaml:6: http.login.body.b[0]: in {{user/~}} \"/~\" has ~ without 0 or 1 after it; write ~0 for ~, and ~1 for / in a name",
			"x.yaml:7: http.login.body[\"{{c}}\"]: has a placeholder in its name; write it into a value",
		}},
		{"match", login + "sockets:\n  - id: a\n    url: wss://a/b\n    error:\n      - /error\n      - {/type: {iz: error}}\n", []string{"x.yaml:7: sockets[0].error: iz is no operator; write one of is, in, not, absent, from, to, matches"}},
	})
}
