package configfile

import (
	"cmp"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// Match says which messages are meant; the zero Match means none. In a file it is one
// of
//
//	/error                                 something other than null is at this JSON Pointer
//	{/type: error, /code: {not: 0}}        all of this holds of what is at the pointers
//	[/error, {/type: [error, failure]}]    one of these
//
// At a pointer a value is to be equal, and one of a list to be. Numbers are equal as
// numbers, so that 1 is 1.0, and no text is a number. What else is to be, a mapping
// says, all of whose operators hold:
//
//	is: VALUE        it is equal, where a list is one array
//	in: [VALUE, …]   it is one of these
//	not: VALUE       it is not equal, nor one of a list; so too where nothing is
//	absent: true     nothing is there, or null; false: something else is
//	from: N, to: N   it is a number, from the one to the other, both included
//	matches: RE2     it is a text that the regular expression matches somewhere
type Match struct{ any []condition }

// condition is tests that all must hold.
type condition []test

// test looks at one place. It is given the JSON that is there; nil: nothing is.
type test struct {
	at    pointer
	holds func(text []byte) bool
}

// given tells whether the file says anything.
func (m Match) given() bool { return len(m.any) > 0 }

// fits tells whether a message is meant.
func (m Match) fits(message Message) bool {
	for _, c := range m.any {
		if c.fits(message.text()) {
			return true
		}
	}
	return false
}

func (c condition) fits(message []byte) bool {
	for _, t := range c {
		text, _ := t.at.find(message)
		if !t.holds(text) {
			return false
		}
	}
	return true
}

func (*Match) wanted() string {
	return "a JSON Pointer such as /error, or what is to be at some, such as {/type: error}, or a list of these"
}

// UnmarshalYAML reads a match.
func (m *Match) UnmarshalYAML(node ast.Node) error {
	nodes := []ast.Node{node}
	if list, ok := node.(*ast.SequenceNode); ok {
		nodes = list.Values
	}
	if len(nodes) == 0 {
		return wrong(node, "is an empty list, which fits no message; write a JSON Pointer such as /error, or leave the field out")
	}
	*m = Match{}
	var faults []error
	for _, n := range nodes {
		c, err := m.condition(n)
		m.any, faults = append(m.any, c), append(faults, err)
	}
	return errors.Join(faults...)
}

func (m *Match) condition(node ast.Node) (condition, error) {
	if text, ok := node.(*ast.StringNode); ok {
		at, err := parsePointer(text.Value)
		if err != nil {
			return nil, wrong(node, "%v, or what is to be where, such as {/type: %s}", err, text.Value)
		}
		return condition{{at, isThere}}, nil
	}
	mapping, ok := node.(*ast.MappingNode)
	if !ok {
		return nil, wrong(node, "is no match; write %s", m.wanted())
	}
	if len(mapping.Values) == 0 {
		return nil, wrong(node, "{} says nothing of a message; write what is to be where, such as {/type: error}")
	}
	var c condition
	var faults []error
	for _, entry := range mapping.Values {
		tests, err := testsOf(entry)
		c, faults = append(c, tests...), append(faults, err)
	}
	return c, errors.Join(faults...)
}

// testsOf reads what is to be at one pointer.
func testsOf(entry *ast.MappingValueNode) ([]test, error) {
	at, err := parsePointer(entry.Key.GetToken().Value)
	if err != nil {
		return nil, wrong(entry.Key, "%v", err)
	}
	operators, ok := entry.Value.(*ast.MappingNode)
	if !ok {
		name := "is"
		if _, list := entry.Value.(*ast.SequenceNode); list {
			name = "in"
		}
		holds, err := operator(name, entry.Key, entry.Value)
		return []test{{at, holds}}, err
	}
	if len(operators.Values) == 0 {
		return nil, wrong(entry.Value, "{} says nothing of %s; write one of %s, where {is: {}} is an empty object", at, strings.Join(operatorNames, ", "))
	}
	var tests []test
	var faults []error
	for _, op := range operators.Values {
		holds, err := operator(op.Key.GetToken().Value, op.Key, op.Value)
		tests, faults = append(tests, test{at, holds}), append(faults, err)
	}
	return tests, errors.Join(faults...)
}

var operatorNames = []string{"is", "in", "not", "absent", "from", "to", "matches"}

// operator returns the test that one operator is.
func operator(name string, key, node ast.Node) (func([]byte) bool, error) {
	value, err := treeOf(node)
	if err != nil {
		return nil, err
	}
	if holdsPlaceholder(value) {
		return nil, wrong(node, "has a placeholder, of which a match knows none; write the value itself")
	}
	list, isList := value.([]any)
	switch name {
	case "is":
		return isOneOf([]any{value}), nil
	case "in":
		if !isList || len(list) == 0 {
			return nil, wrong(node, "in: is no list of values; write one such as [1, 2]")
		}
		return isOneOf(list), nil
	case "not":
		if !isList {
			list = []any{value}
		}
		one := isOneOf(list)
		return func(text []byte) bool { return !one(text) }, nil
	case "absent":
		want, ok := value.(bool)
		if !ok {
			return nil, wrong(node, "absent: is no truth value; write true or false")
		}
		return func(text []byte) bool { return isThere(text) != want }, nil
	case "from", "to":
		bound, ok := value.(json.Number)
		if !ok {
			return nil, wrong(node, "%s: is no number; write one such as 100", name)
		}
		return isWithin(name == "from", bound), nil
	case "matches":
		return matcher(node, value)
	}
	return nil, wrong(key, "%s is no operator; %s", name, oneOf(name, operatorNames))
}

func isThere(text []byte) bool { return text != nil && string(text) != "null" }

func isOneOf(values []any) func([]byte) bool {
	return func(text []byte) bool {
		return text != nil && slices.ContainsFunc(values, func(value any) bool { return same(text, value) })
	}
}

// same compares a JSON text with a decoded value, and decodes it only if it must.
func same(text []byte, value any) bool {
	switch v := value.(type) {
	case nil:
		return text[0] == 'n'
	case bool:
		return text[0] == 't' && v || text[0] == 'f' && !v
	case string:
		return text[0] == '"' && isName(text, v)
	case json.Number:
		return isNumber(text) && compare(json.Number(text), v) == 0
	case []any:
		return text[0] == '[' && (len(text) > 2) == (len(v) > 0) && equal(decode(text), v)
	case map[string]any:
		return text[0] == '{' && (len(text) > 2) == (len(v) > 0) && equal(decode(text), v)
	}
	return false
}

func isNumber(text []byte) bool { return text[0] == '-' || '0' <= text[0] && text[0] <= '9' }

func isWithin(from bool, bound json.Number) func([]byte) bool {
	return func(text []byte) bool {
		if text == nil || !isNumber(text) {
			return false
		}
		order := compare(json.Number(text), bound)
		return order == 0 || from == (order > 0)
	}
}

func matcher(node ast.Node, value any) (func([]byte) bool, error) {
	pattern, ok := value.(string)
	if !ok {
		return nil, wrong(node, "matches: is no text; write a regular expression in quotes")
	}
	expression, err := regexp.Compile(pattern)
	if err != nil {
		return nil, wrong(node, "matches: is no regular expression (RE2): %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return func(text []byte) bool {
		if text == nil {
			return false
		}
		got, ok := decode(text).(string)
		return ok && expression.MatchString(got)
	}, nil
}

// equal compares decoded values, numbers as numbers.
func equal(a, b any) bool {
	switch x := a.(type) {
	case json.Number:
		y, ok := b.(json.Number)
		return ok && compare(x, y) == 0
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !equal(x[i], y[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for name := range x {
			other, there := y[name]
			if !there || !equal(x[name], other) {
				return false
			}
		}
		return true
	}
	switch b.(type) {
	case json.Number, []any, map[string]any: // the last two cannot be compared by ==
		return false
	}
	return a == b
}

// compare orders numbers: whole ones of 64 bits exactly, others as floating point.
func compare(a, b json.Number) int {
	if a == b {
		return 0
	}
	x, errX := a.Int64()
	y, errY := b.Int64()
	if errX == nil && errY == nil {
		return cmp.Compare(x, y)
	}
	v, _ := a.Float64()
	w, _ := b.Float64()
	return cmp.Compare(v, w)
}
