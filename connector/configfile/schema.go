package configfile

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"

	"github.com/google/jsonschema-go/jsonschema"
)

// hasVariable is the form of a text with a variable, which may stand for any number,
// truth value or choice.
const hasVariable = `\$\{`

// Schema returns the JSON Schema (draft 2020-12) of a config file, for editors that
// complete and check as one writes. What it refuses Parse refuses too; Parse knows
// more, such as which fields need each other.
func Schema() []byte {
	defs, known := make(map[string]*jsonschema.Schema), inPlaces()
	for t, s := range unions() {
		defs[t.Name()], known[t] = s, refTo(t)
	}
	repeated := []reflect.Type{reflect.TypeFor[Call](), reflect.TypeFor[Answer](), reflect.TypeFor[Step]()}
	for _, t := range repeated {
		known[t] = refTo(t)
	}
	for _, t := range repeated {
		defs[t.Name()] = schemaOf(t, known)
	}
	s := schemaOf(reflect.TypeFor[File](), known)
	s.Schema = "https://json-schema.org/draft/2020-12/schema"
	s.Title = "interlock connect"
	s.Defs = defs
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic("interlock: config file: schema: " + err.Error())
	}
	return append(text, '\n')
}

func refTo(t reflect.Type) *jsonschema.Schema { return &jsonschema.Schema{Ref: "#/$defs/" + t.Name()} }

// schemaOf infers the schema of a type, given those of other types.
func schemaOf(t reflect.Type, known map[reflect.Type]*jsonschema.Schema) *jsonschema.Schema {
	known = maps.Clone(known)
	delete(known, t)
	s, err := jsonschema.ForType(t, &jsonschema.ForOptions{TypeSchemas: known})
	if err != nil {
		panic("interlock: config file: schema: " + err.Error()) // of types that never change
	}
	refine(s, t, known)
	return s
}

// inPlaces are the schemas of the types that are spelled out where they are used.
func inPlaces() map[reflect.Type]*jsonschema.Schema {
	return map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[bool]():     either(&jsonschema.Schema{Type: "boolean"}, textLike(hasVariable)),
		reflect.TypeFor[int]():      either(&jsonschema.Schema{Type: "integer", Minimum: new(1.0)}, textLike(hasVariable)),
		reflect.TypeFor[int64]():    either(&jsonschema.Schema{Type: "integer", Minimum: new(1.0)}, textLike(hasVariable)),
		reflect.TypeFor[Template](): {},
	}
}

// unions are the schemas of the types that a file can write in more than one way.
func unions() map[reflect.Type]*jsonschema.Schema {
	pointer, place := textLike(`^(/|$)|`+hasVariable), textLike(`^(/|$|none$)|`+hasVariable)
	codes := textLike(`^\s*-?[0-9]+\s*(-\s*-?[0-9]+\s*)?$|` + hasVariable)
	number := &jsonschema.Schema{Type: "integer"}
	all := &jsonschema.Schema{Type: "object", PropertyNames: textLike(`^(/|$)`), AdditionalProperties: wants(), MinProperties: new(1)}
	return map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[Duration](): textLike(`^[0-9+.]+(ns|us|µs|μs|ms|s|m|h)|` + hasVariable),
		reflect.TypeFor[Pointers](): either(place, listOf(pointer)),
		reflect.TypeFor[Range]():    either(number, codes),
		reflect.TypeFor[Saying]():   either(number, &jsonschema.Schema{Type: "string"}),
		reflect.TypeFor[Match]():    either(pointer, all, listOf(either(pointer, all))),
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
func refine(s *jsonschema.Schema, t reflect.Type, known map[reflect.Type]*jsonschema.Schema) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if known[t] != nil { // which may be pointed to
		s.Types = nil
		return
	}
	switch t.Kind() {
	case reflect.Struct:
		s.Type, s.Types = "object", nil
		for _, f := range fieldsOf(t) {
			property := s.Properties[f.name]
			refine(property, t.Field(f.index).Type, known)
			refineText(property, f)
			if f.instead != "" {
				s.Required = slices.DeleteFunc(s.Required, func(name string) bool { return name == f.name })
				s.OneOf = []*jsonschema.Schema{{Required: []string{f.name}}, {Required: []string{f.instead}}}
			}
		}
	case reflect.Slice:
		s.Type, s.Types = "array", nil
		refine(s.Items, t.Elem(), known)
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
