package configfile_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/configfile"
)

// FuzzParse wants of every text a file that the schema accepts too and that makes a
// client, or the same faults each time, in lines that there are, without the values
// of variables.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		whole, login, "", "\xff", "http:\n\tlogin: {}\n", "a: &a [*a]\n", "? - a\n: b\n", "<<: {a: b}\n",
		"%YAML 1.2\n---\n" + login + "...\n", login + "retry: {floor: \"${A}\", cap: \"${A\"}\n", "a: |2-\n   b\n", "a: \"\\u12\"\n",
		login + "sockets: [{id: a, url: \"wss://{{user/host}}/\", error: [{/a: {from: 1e3}}], rules: [{message: -1--2, means: ${A}}]}]\n",
		"http: {login: {url: \"{{\", body: {a: 0x10, b: 1_0, c: .nan, d: ~, 5: !!str 5}}}\n", "- a\n- &b\n- *b\n", "http: {base: \"https://a\", tokens: {access: \"${A}\", refresh: \"{{\"}}\n", "{a: {b: [c, {d: 'e'}]}}",
	} {
		f.Add(text)
	}
	const value = "squeamish ossifrage"
	options := configfile.Options{Env: func(string) (string, bool) { return value, true }}
	form := regexp.MustCompile(`^x\.yaml(:[0-9]+)?: .`)
	f.Fuzz(func(t *testing.T, text string) {
		file, err := configfile.Parse("x.yaml", []byte(text), options)
		if err == nil {
			if fault := schemaFault(t, text); fault != nil {
				t.Errorf("got error of the schema %v, want none as Parse has", fault)
			}
			config, fault := file.Config()
			if fault == nil {
				_, fault = connector.New(config)
			}
			if fault != nil {
				t.Errorf("got error %v of a client, want none", fault)
			}
			if strings.Contains(fmt.Sprintf("%+v", file), value) {
				t.Error("got a file that prints the value of a variable")
			}
			return
		}
		if _, again := configfile.Parse("x.yaml", []byte(text), options); again == nil || again.Error() != err.Error() {
			t.Errorf("got error\n%v\nwant the same as before\n%v", again, err)
		}
		if strings.Contains(err.Error(), value) {
			t.Errorf("got the value of a variable in %v", err)
		}
		joined, ok := err.(interface{ Unwrap() []error })
		if !ok {
			t.Fatalf("got error %T, want one that joins all", err)
		}
		for _, fault := range joined.Unwrap() {
			var line int
			_, _ = fmt.Sscanf(fault.Error(), "x.yaml:%d:", &line)
			if !form.MatchString(fault.Error()) || line > strings.Count(text, "\n")+strings.Count(text, "\r")+1 {
				t.Errorf("got fault %q, want one with its file and a line of it", fault)
			}
		}
	})
}
