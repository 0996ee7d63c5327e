package configfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// Template is a JSON value with placeholders in its texts, such as {{token}} or
// {{user/id}}, where a JSON Pointer follows the name. A text that is one placeholder
// takes the value with its type; in a longer text there are texts, numbers and truth
// values alone. The zero Template is null.
type Template struct {
	value any // decoded, with a phrase for each text that has placeholders
}

// Format prints nothing of it, which may be secret; see [Template.Outline].
func (Template) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "[template]") }

// phrase is a text with placeholders.
type phrase []piece

// piece is a part of a text: literal, or a placeholder.
type piece struct {
	literal string
	of      *placeholder // nil: it is literal
}

// placeholder stands for what is at a pointer in one of the values that are known
// when a template is rendered.
type placeholder struct {
	root string
	at   pointer
}

func (p placeholder) String() string { return "{{" + p.root + p.at.String() + "}}" }

// literalBraces stands for two braces that begin no placeholder.
const literalBraces = `{{"{{"}}`

// parsePhrase reads the placeholders of a text.
func parsePhrase(source string) (phrase, error) {
	var t phrase
	for source != "" {
		literal, rest, found := strings.Cut(source, "{{")
		if literal != "" {
			t = append(t, piece{literal: literal})
		}
		if !found {
			break
		}
		inside, after, closed := strings.Cut(rest, "}}")
		if !closed {
			return nil, errors.New("has {{ without }}; write a placeholder such as {{token}}")
		}
		if "{{"+inside+"}}" == literalBraces {
			t = append(t, piece{literal: "{{"})
			source = after
			continue
		}
		p, err := parsePlaceholder(strings.TrimSpace(inside))
		if err != nil {
			return nil, err
		}
		t = append(t, piece{of: p})
		source = after
	}
	return t, nil
}

func parsePlaceholder(inside string) (*placeholder, error) {
	root, rest, deeper := strings.Cut(inside, "/")
	if deeper {
		rest = "/" + rest
	}
	at, err := parsePointer(rest)
	if err != nil {
		return nil, fmt.Errorf("in {{%s}} %w", inside, err)
	}
	return &placeholder{root, at}, nil
}

// plain tells whether there are no placeholders.
func (t phrase) plain() bool {
	for _, p := range t {
		if p.of != nil {
			return false
		}
	}
	return true
}

// holdsPlaceholder tells whether there is one somewhere in a decoded value.
func holdsPlaceholder(tree any) bool {
	compiled, err := compile(tree)
	found := err != nil
	(Template{compiled}).placeholders(func(*placeholder) { found = true })
	return found
}

func (*Template) wanted() string { return "a JSON value, in which texts may hold {{placeholders}}" }

// UnmarshalYAML reads a template.
func (t *Template) UnmarshalYAML(node ast.Node) error {
	tree, err := treeOf(node)
	if err != nil {
		return err
	}
	t.value, err = compile(tree)
	return err
}

// compile puts a phrase for each text with placeholders.
func compile(tree any) (any, error) {
	var faults []error
	switch v := tree.(type) {
	case string:
		t, err := parsePhrase(v)
		if err != nil || !t.plain() {
			return t, err
		}
		return t.render(nil, nil)
	case []any:
		for i := range v {
			var err error
			v[i], err = compile(v[i])
			faults = append(faults, err)
		}
	case map[string]any:
		for name := range v {
			var err error
			v[name], err = compile(v[name])
			if strings.Contains(name, "{{") {
				err = errors.New("has a placeholder in a name; write it into a value")
			}
			faults = append(faults, err)
		}
	}
	return tree, errors.Join(faults...)
}

// placeholders calls each with every placeholder.
func (t Template) placeholders(each func(*placeholder)) {
	switch v := t.value.(type) {
	case phrase:
		v.placeholders(each)
	case []any:
		for _, one := range v {
			Template{one}.placeholders(each)
		}
	case map[string]any:
		for _, one := range v {
			Template{one}.placeholders(each)
		}
	}
}

func (t phrase) placeholders(each func(*placeholder)) {
	for _, p := range t {
		if p.of != nil {
			each(p.of)
		}
	}
}

// values are what placeholders stand for, by their names, as decoded JSON. They hold
// tokens in clear, and are never printed.
type values map[string]any

// render returns the value with what its placeholders stand for.
func (t Template) render(known values) (any, error) {
	switch v := t.value.(type) {
	case phrase:
		if len(v) == 1 {
			return known.of(v[0].of)
		}
		return v.render(known, nil)
	case []any:
		array, faults := make([]any, len(v)), make([]error, len(v))
		for i, one := range v {
			array[i], faults[i] = Template{one}.render(known)
		}
		return array, errors.Join(faults...)
	case map[string]any:
		object, faults := make(map[string]any, len(v)), []error(nil)
		for name, one := range v {
			value, err := Template{one}.render(known)
			object[name], faults = value, append(faults, err)
		}
		return object, errors.Join(faults...)
	}
	return t.value, nil
}

// message renders a message.
func (t Template) message(known values) (Message, error) {
	tree, err := t.render(known)
	if err != nil {
		return Message{}, err
	}
	return MakeMessage(tree)
}

// render returns the text, with what placeholders stand for escaped, if need be.
func (t phrase) render(known values, escaped func(before, value string) string) (string, error) {
	var out strings.Builder
	for _, p := range t {
		if p.of == nil {
			out.WriteString(p.literal)
			continue
		}
		value, err := known.of(p.of)
		if err != nil {
			return "", err
		}
		written, ok := scalar(value)
		if !ok {
			return "", fmt.Errorf("%s is %s, which fits into no text: name a field of it", p.of, kindOf(value))
		}
		if escaped != nil {
			written = escaped(out.String(), written)
		}
		out.WriteString(written)
	}
	return out.String(), nil
}

// scalar writes a value into a text; false: it cannot be.
func scalar(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return fmt.Sprint(v), true
	}
	return "", false
}

// of returns what a placeholder stands for. Its error says what there is instead by
// the names of fields alone.
func (known values) of(p *placeholder) (any, error) {
	tree, there := known[p.root]
	if !there {
		return nil, fmt.Errorf("%s: there is no %s", p, nouns[p.root])
	}
	value, there := p.at.in(tree)
	if !there {
		return nil, fmt.Errorf("%s: there is no %s in the %s; %s", p, p.at, nouns[p.root], p.at.instead(tree))
	}
	return value, nil
}

// decoded returns a value of Go as JSON would be decoded; false: it is none.
func decoded(value any) (any, bool) {
	m, err := MakeMessage(value)
	if err != nil {
		return nil, false
	}
	return m.at(nil)
}
