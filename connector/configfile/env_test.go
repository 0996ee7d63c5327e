package configfile_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/custom-app/interlock/connector/configfile"
)

func TestVariables(t *testing.T) {
	parse := func(t *testing.T, text string) *configfile.File {
		t.Helper()
		file, err := configfile.Parse("x.yaml", []byte(text), configfile.Options{Env: env})
		if err != nil {
			t.Fatalf("%s\ngot error %v", text, err)
		}
		return file
	}
	for _, c := range []struct{ text, want string }{
		{"${WORD}", "squeamish"}, {"a${WORD}b${NUMBER}", "asqueamishb5"}, {"'${WORD}'", "squeamish"},
		{"${EMPTY}", ""}, {"${EMPTY:-a}", "a"}, {"${ABSENT:-a b}", "a b"}, {"${ABSENT:-}", ""}, {"${WORD:-a}", "squeamish"},
		{"${ABSENT:-a:-b}", "a:-b"}, {"$${WORD}", "${WORD}"}, {"$$${WORD}", "$${WORD}"}, {"a$${b", "a${b"}, {"$WORD $5", "$WORD $5"},
		{"${NUMBER}", "5"}, {"${TRUTH}", "true"}, {"${NESTED}", "${WORD}"}, {`"${YAML}"`, variables["YAML"]},
		{"|-\n    a\n    ${WORD}", "a\nsqueamish"},
	} {
		t.Run("X1 "+c.text, func(t *testing.T) {
			file := parse(t, login+"store:\n  dir: x\n  account: "+c.text+"\n")
			if got := file.Store.Account; got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	t.Run("X4 where no text is wanted", func(t *testing.T) {
		file := parse(t, login+`sockets: [{id: a, url: wss://a/b, public: "${TRUTH}", group: "${ABSENT:-1}", readLimit: "${NUMBER}00",
			timeouts: {open: "${NUMBER}s"}, rules: [{close: "4${ABSENT:-401}", means: "${ABSENT:-busy}"}]}]`)
		s := file.Sockets[0]
		got := fmt.Sprint(s.Public, s.Group, s.ReadLimit, int64(s.Timeouts.Open), s.Rules[0].Close, s.Rules[0].Means)
		if want := "true 1 500 5000000000 {4401 4401}busy"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
	t.Run("X4 names hold no variables", func(t *testing.T) {
		wantFaults(t, login+"\"${WORD}\": 1\n", "x.yaml:2: [\"${WORD}\"]: is no field of the file; write one of http, sockets, store, retry")
	})
	t.Run("X4 nil Env reads those of the process", func(t *testing.T) {
		t.Setenv("INTERLOCK_CONFIGFILE_TEST", "squeamish")
		file, err := configfile.Parse("x.yaml", []byte(login+"store: {dir: \"${INTERLOCK_CONFIGFILE_TEST}\"}"), configfile.Options{})
		if err != nil || file.Store.Dir != "squeamish" {
			t.Errorf("got %v, error %v, want the variable's value", file, err)
		}
	})
}

func TestVariableFaults(t *testing.T) {
	store := func(dir string) string { return login + "store:\n  dir: " + dir + "\n" }
	runFaults(t, []faultCase{
		{"not set", store("${ABSENT}"), []string{"x.yaml:3: store.dir: the variable ABSENT is not set; set it, or write ${ABSENT:-default}"}},
		{"each that is not set", "http:\n  login:\n    url: https://example.com/a\n    body:\n      a: ${ABSENT}\n      b: [\"${GONE}\"]\n", []string{
			"x.yaml:5: http.login.body.a: the variable ABSENT is not set; set it, or write ${ABSENT:-default}",
			"x.yaml:6: http.login.body.b[0]: the variable GONE is not set; set it, or write ${GONE:-default}",
		}},
		{"not set for a number", login + "retry: {perMinute: \"${ABSENT}\"}\n", []string{"x.yaml:2: retry.perMinute: the variable ABSENT is not set; set it, or write ${ABSENT:-default}"}},
		{"empty where text is wanted", store("${EMPTY}"), []string{"x.yaml:3: store.dir: is empty; write something like /home/me/.tokens"}},
		{"not closed", store("\"${WORD\""), []string{"x.yaml:3: store.dir: has ${ without }; write ${NAME}, or $${ for the two signs themselves"}},
		{"no name", store("${}"), []string{"x.yaml:3: store.dir: has ${ without the name of a variable after it; write ${NAME} or ${NAME:-default}, or $${ for the two signs themselves"}},
		{"another form of the shell", store("${WORD-x}"), []string{"x.yaml:3: store.dir: has ${ without the name of a variable after it; write ${NAME} or ${NAME:-default}, or $${ for the two signs themselves"}},
		{"variable in a default", store("${ABSENT:-${WORD}}"), []string{"x.yaml:3: store.dir: has a variable in the default of ${ABSENT}; write a plain text there"}},
		{"word for a number", login + "retry: {perMinute: \"${WORD}\"}\n", []string{"x.yaml:2: retry.perMinute: is a text; write a whole number, without quotes"}},
		{"number for a truth value", login + "sockets: [{id: a, url: wss://a/b, public: \"${NUMBER}\"}]\n", []string{"x.yaml:2: sockets[0].public: is a text; write true or false, without quotes"}},
	})
	t.Run("X1 the value of a variable is in no fault", func(t *testing.T) {
		text := `
http:
  base: ${WORD}
  headers: {"${WORD}": "${WORD}"}
  token: {header: "${WORD} a", format: "${WORD}"}
  origins: ["${WORD}"]
  excludePattern: ["(${WORD}"]
  login: {method: "${WORD}", url: "${WORD}://${WORD}", body: {a: "{{${WORD}/~"}}
  answer: {access: ["${WORD}"], refresh: "${WORD}", life: {at: "${WORD}", unit: "${WORD}", fixed: "${WORD}"}, rejected: {"/a": {matches: "(${WORD}"}}}
sockets:
  - id: ${WORD}
    url: https://${WORD}
    group: ${WORD}
    public: ${WORD}
    messageID: {request: "${WORD}", as: "${WORD}"}
    error: ${WORD}
    rules: [{close: "${WORD}", means: "${WORD}"}, {message: "${WORD}", means: busy}]
  - id: ${WORD}
    url: ws://${WORD}
retry: {floor: "${WORD}"}
`
		_, err := configfile.Parse("x.yaml", []byte(text), configfile.Options{Env: env})
		if err == nil || strings.Contains(strings.ToLower(err.Error()), variables["WORD"]) {
			t.Errorf("got error %v, want one without %s", err, variables["WORD"])
		}
		if got := len(strings.Split(err.Error(), "\n")); got < 20 {
			t.Errorf("got %d faults, want one of each field:\n%v", got, err)
		}
	})
}
