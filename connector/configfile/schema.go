package configfile

import (
	"encoding/json"
	"reflect"

	"github.com/google/jsonschema-go/jsonschema"
)

// hasVariable is the form of a text with a variable, which may stand for any number,
// truth value or choice.
const hasVariable = `\$\{`

// Schema returns the JSON Schema (draft 2020-12) of a config file, for editors that
// complete and check as one writes. What it refuses Parse refuses too; Parse knows
// more, such as which fields need each other.
func Schema() []byte {
	t, unions := reflect.TypeFor[File](), unions()
	s, err := jsonschema.ForType(t, &jsonschema.ForOptions{TypeSchemas: unions})
	if err != nil {
		panic("interlock: config file: schema: " + err.Error()) // of types that never change
	}
	refine(s, t, unions)
	s.Schema = "https://json-schema.org/draft/2020-12/schema"
	s.Title = "interlock connect"
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic("interlock: config file: schema: " + err.Error())
	}
	return append(text, '\n')
}

// unions are the schemas of the types that a file can write in more than one way.
func unions() map[reflect.Type]*jsonschema.Schema {
	pointer := func() *jsonschema.Schema { return textLike(`^(/|$)|` + hasVariable) }
	place := textLike(`^(/|$|none$)|` + hasVariable)
	codes := textLike(`^\s*-?[0-9]+\s*(-\s*-?[0-9]+\s*)?$|` + hasVariable)
	number := &jsonschema.Schema{Type: "integer"}
	all := &jsonschema.Schema{Type: "object", PropertyNames: textLike(`^(/|$)`), AdditionalProperties: wants(), MinProperties: new(1)}
	match := either(pointer(), all)
	return map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[bool]():     either(&jsonschema.Schema{Type: "boolean"}, textLike(hasVariable)),
		reflect.TypeFor[int]():      either(&jsonschema.Schema{Type: "integer", Minimum: new(1.0)}, textLike(hasVariable)),
		reflect.TypeFor[int64]():    either(&jsonschema.Schema{Type: "integer", Minimum: new(1.0)}, textLike(hasVariable)),
		reflect.TypeFor[Duration](): textLike(`^[0-9+.]+(ns|us|µs|μs|ms|s|m|h)|` + hasVariable),
		reflect.TypeFor[Pointers](): either(place, listOf(pointer())),
		reflect.TypeFor[Range]():    either(number, codes),
		reflect.TypeFor[Saying]():   either(number, &jsonschema.Schema{Type: "string"}),
		reflect.TypeFor[Match]():    either(pointer(), all, listOf(match)),
		reflect.TypeFor[Template](): {},
	}
}

// wants is what a match can want at one pointer.
func wants() *jsonschema.Schema {
	operators := &jsonschema.Schema{
		Type: "object", MinProperties: new(1), AdditionalProperties: &jsonschema.Schema{Not: &jsonschema.Schema{}},
		Properties: map[string]*jsonschema.Schema{
			"is":      {Description: "it is equal"},
			"in":      {Description: "it is one of these", Type: "array", MinItems: new(1)},
			"not":     {Description: "it is not equal, nor one of a list"},
			"absent":  {Description: "nothing is there, or null; false: something else is", Type: "boolean"},
			"from":    {Description: "it is a number, and not less", Type: "number"},
			"to":      {Description: "it is a number, and not more", Type: "number"},
			"matches": {Description: "it is a text that this regular expression (RE2) matches somewhere", Type: "string"},
		},
		PropertyOrder: operatorNames,
	}
	return either(&jsonschema.Schema{Types: []string{"string", "number", "boolean", "null", "array"}}, operators)
}

func textLike(pattern string) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: pattern}
}

func listOf(of *jsonschema.Schema) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "array", Items: of, MinItems: new(1)}
}

func either(schemas ...*jsonschema.Schema) *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: schemas}
}

// refine adds to an inferred schema what jsonschema does not know: the tags of
// fields, and that nothing here may be null.
func refine(s *jsonschema.Schema, t reflect.Type, unions map[reflect.Type]*jsonschema.Schema) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if _, union := unions[t]; union { // which may be pointed to
		s.Types = nil
		return
	}
	switch t.Kind() {
	case reflect.Struct:
		s.Type, s.Types = "object", nil
		for _, f := range fieldsOf(t) {
			property := s.Properties[f.name]
			refine(property, t.Field(f.index).Type, unions)
			refineText(property, f)
		}
	case reflect.Slice:
		s.Type, s.Types = "array", nil
		refine(s.Items, t.Elem(), unions)
	}
}

// refineText says which texts a field takes.
func refineText(s *jsonschema.Schema, f field) {
	if f.tag.Get("form") == "pointer" {
		s.Pattern = `^/|` + hasVariable
	}
	if allowed := choices(f.tag); allowed != nil {
		enum := &jsonschema.Schema{Type: "string"}
		for _, one := range allowed {
			enum.Enum = append(enum.Enum, one)
		}
		s.Type, s.AnyOf = "", []*jsonschema.Schema{enum, textLike(hasVariable)}
	}
	if f.required && s.Type == "string" {
		s.MinLength = new(1)
	}
}
