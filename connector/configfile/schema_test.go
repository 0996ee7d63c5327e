package configfile_test

import (
	jsontext "encoding/json"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/jsonschema-go/jsonschema"

	"github.com/custom-app/interlock/connector/configfile"
)

var resolved = sync.OnceValues(func() (*jsonschema.Resolved, error) {
	var schema jsonschema.Schema
	if err := jsontext.Unmarshal(configfile.Schema(), &schema); err != nil {
		return nil, err
	}
	return schema.Resolve(nil)
})

// schemaFault returns what the schema has against a text that is YAML.
func schemaFault(t testing.TB, text string) error {
	t.Helper()
	schema, err := resolved()
	if err != nil {
		t.Fatal(err)
	}
	converted, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
	var value any
	if err := jsontext.Unmarshal(converted, &value); err != nil {
		t.Fatalf("%s\n%v", converted, err)
	}
	return schema.Validate(value)
}

func TestSchemaText(t *testing.T) {
	var schema map[string]any
	if err := jsontext.Unmarshal(configfile.Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	t.Run("X4 draft", func(t *testing.T) {
		if got, want := schema["$schema"], "https://json-schema.org/draft/2020-12/schema"; got != want {
			t.Errorf("got %v, want %s", got, want)
		}
	})
	t.Run("X4 every field is described", func(t *testing.T) {
		described := 0
		var walk func(path string, value any)
		walk = func(path string, value any) {
			fields, _ := value.(map[string]any)
			properties, _ := fields["properties"].(map[string]any)
			for name, property := range properties {
				if text, _ := property.(map[string]any)["description"].(string); text == "" {
					t.Errorf("%s/%s: got no description, want one", path, name)
				}
				described++
				walk(path+"/"+name, property)
			}
			if items := fields["items"]; items != nil {
				walk(path, items)
			}
		}
		walk("", schema)
		defs, _ := schema["$defs"].(map[string]any)
		for name, def := range defs {
			walk(name, def)
		}
		if described < 90 || len(defs) < 8 {
			t.Errorf("got %d fields and %d definitions, want all", described, len(defs))
		}
	})
	t.Run("X4 what is written in many places is defined once", func(t *testing.T) {
		if most := 40 << 10; len(configfile.Schema()) > most {
			t.Errorf("got %d bytes, want at most %d", len(configfile.Schema()), most)
		}
	})
}

func TestSchema(t *testing.T) {
	socket := func(fields string) string {
		return login + "sockets: [{id: a, url: wss://a/b, " + fields + "}]\n"
	}
	for _, c := range []struct {
		name, text string
		right      bool
	}{
		{"a whole file", whole, true},
		{"the least", login, true},
		{"variables", socket(`public: "${A}", group: "${B}", blame: "${C}", timeouts: {open: "${D}"}, messageID: {request: "${E}"}, rules: [{close: "${F}", means: "${G}"}]`), true},
		{"matches", socket(`error: /a, push: [/a, {/b: {in: [1], absent: false, from: 1.5, to: 2, matches: "^a"}}], answer: {/a: x, /b: [1, null], "": {is: {}}}`), true},
		{"any template", socket(`auth: {send: [1, {a: null}], answer: /a}, subscribe: [{send: null, noAnswer: true}]`), true},
		{"tokens", "http: {base: https://a, tokens: {access: \"${A}\", refresh: \"\"}}", true},
		{"no body", "http: {login: {url: https://example.com/a, body: null}}", true},

		{"neither login nor tokens", "http: {base: https://a}", false},
		{"login and tokens", "http: {base: https://a, login: {url: b}, tokens: {access: c}}", false},
		{"no access token", "http: {base: https://a, tokens: {refresh: c}}", false},
		{"no http", "retry: {}", false},
		{"no url", "http: {login: {}}", false},
		{"empty url", "http: {login: {url: \"\"}}", false},
		{"unknown field", login + "foo: 1", false},
		{"unknown field within", socket("foo: 1"), false},
		{"text for a truth value", socket("public: yes"), false},
		{"number for a text", "http: {login: {url: 5}}", false},
		{"nothing for fields", login + "retry:", false},
		{"nothing for a list", login + "sockets:", false},
		{"zero", socket("readLimit: 0"), false},
		{"choice", socket("blame: them"), false},
		{"pointer", socket("messageID: {request: id}"), false},
		{"pointers", "http: {answer: {access: a.b}, login: {url: https://example.com/a}}", false},
		{"no pointers", "http: {answer: {access: []}, login: {url: https://example.com/a}}", false},
		{"duration", socket("timeouts: {open: 5}"), false},
		{"duration without a unit", socket("timeouts: {open: \"5\"}"), false},
		{"range", socket("rules: [{close: gone, means: busy}]"), false},
		{"match without pointers", socket("error: {type: error}"), false},
		{"match of another type", socket("error: 5"), false},
		{"unknown operator", socket("error: {/type: {iz: error}}"), false},
	} {
		t.Run("X4 "+c.name, func(t *testing.T) {
			fault := schemaFault(t, c.text)
			if got := fault == nil; got != c.right {
				t.Errorf("%s\ngot error %v, want none: %v", c.text, fault, c.right)
			}
			_, err := configfile.Parse("x.yaml", []byte(c.text), configfile.Options{Env: func(name string) (string, bool) {
				value, set := map[string]string{"A": "true", "B": "1", "C": "none", "D": "1s", "E": "/a", "F": "4401", "G": "busy"}[name]
				return value, set
			}})
			if got := err == nil; got != c.right {
				t.Errorf("%s\ngot error of Parse %v, want none: %v", c.text, err, c.right)
			}
		})
	}
}

func TestSchemaOfShippedFiles(t *testing.T) {
	paths, _ := filepath.Glob("../../cmd/interlock/testdata/backends/*.yaml")
	if len(paths) < 7 {
		t.Fatalf("got the files %v, want all that are shipped", paths)
	}
	for _, path := range paths {
		t.Run("X4 "+filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := schemaFault(t, string(text)); err != nil {
				t.Errorf("got error of the schema %v, want none", err)
			}
		})
	}
}
