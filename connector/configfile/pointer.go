package configfile

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// pointer is a JSON Pointer (RFC 6901), token by token. It leads through trees of
// map[string]any and []any.
type pointer []string

var (
	unescape = strings.NewReplacer("~1", "/", "~0", "~")
	escape   = strings.NewReplacer("~", "~0", "/", "~1")
)

// parsePointer reads a pointer as RFC 6901 section 3 has it: empty, which is the
// whole, or tokens that each begin with a slash.
func parsePointer(text string) (pointer, error) {
	if err := checkPointer(text); err != nil || text == "" {
		return nil, err
	}
	tokens := strings.Split(text[1:], "/")
	for i, token := range tokens {
		tokens[i] = unescape.Replace(token)
	}
	return tokens, nil
}

// String returns the text of the pointer.
func (p pointer) String() string {
	var text strings.Builder
	for _, token := range p {
		text.WriteString("/" + escape.Replace(token))
	}
	return text.String()
}

// in returns what is at the pointer in a tree; false: nothing is.
func (p pointer) in(tree any) (any, bool) {
	for _, token := range p {
		var there bool
		if tree, there = child(tree, token); !there {
			return nil, false
		}
	}
	return tree, true
}

// child returns one member of an object, or element of an array.
func child(tree any, token string) (any, bool) {
	switch parent := tree.(type) {
	case map[string]any:
		value, there := parent[token]
		return value, there
	case []any:
		if i, ok := index(token); ok && i < len(parent) {
			return parent[i], true
		}
	}
	return nil, false
}

// index reads the index of an array, which has no leading zeros (RFC 6901 section 4).
func index(token string) (int, bool) {
	i, err := strconv.ParseUint(token, 10, 31)
	return int(i), err == nil && strconv.FormatUint(i, 10) == token
}

// put sets what is at the pointer, and returns the tree with it. Objects that are
// missing on the way are made; false: something else is in the way.
func (p pointer) put(tree, value any) (any, bool) {
	if len(p) == 0 {
		return value, true
	}
	if tree == nil {
		tree = map[string]any{}
	}
	old, there := child(tree, p[0])
	placed, ok := p[1:].put(old, value)
	switch parent := tree.(type) {
	case map[string]any:
		parent[p[0]] = placed
		return parent, ok
	case []any:
		if i, _ := index(p[0]); there {
			parent[i] = placed
			return parent, ok
		}
	}
	return tree, false
}

// instead says what a tree has where the pointer, which leads nowhere, leaves it: the
// names of fields and kinds of values, but no value.
func (p pointer) instead(tree any) string {
	way := pointer(nil)
	for _, token := range p {
		next, there := child(tree, token)
		if !there {
			break
		}
		way, tree = append(way, token), next
	}
	object, ok := tree.(map[string]any)
	switch {
	case !ok && len(way) == 0:
		return "it is " + kindOf(tree)
	case !ok:
		return way.String() + " is " + kindOf(tree)
	case len(object) == 0:
		return "it has nothing" + strings.TrimSuffix(" at "+way.String(), " at ")
	}
	return "it has " + strings.Join(way.fields(object), ", ")
}

// mostNames is how many fields an error names.
const mostNames = 12

// fields returns the pointers of the fields of an object at this one.
func (p pointer) fields(object map[string]any) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if len(all) == mostNames {
			return append(all, strconv.Itoa(len(object)-mostNames)+" more")
		}
		all = append(all, fmt.Sprintf("%.80s", append(slices.Clone(p), name).String()))
	}
	return all
}

// kindOf says what a decoded value is, and not which.
func kindOf(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case bool:
		return "a truth value"
	case string:
		return "a text"
	case json.Number:
		return "a number"
	case []any:
		return "a list of " + strconv.Itoa(len(v))
	}
	return "an object"
}
