package configfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds of a file, which keep small what YAML can be made to do.
const (
	mostTokens = 20_000 // words and signs
	mostNested = 32     // values in each other
	mostColumn = 128    // where a field or an element may begin, outside of brackets
	mostName   = 128    // bytes of a name
	mostValues = 50_000 // with those of aliases
)

// reader makes a File of a text.
type reader struct {
	places
	env    func(string) (string, bool)
	faults []fault
	last   int // line of the file

	anchors map[string]*ast.AnchorNode // those before what is being read
	open    map[*ast.AnchorNode]bool   // whose values are being read
	values  int                        // how many there are so far
	filled  map[ast.Node]string        // texts with variables, as the file has them
	broken  map[ast.Node]bool          // values with a fault that was told: whatever they are, it is none again
}

func newReader(name string, env func(string) (string, bool)) *reader {
	return &reader{
		places: places{file: name, lines: make(map[string]int)}, env: env,
		anchors: make(map[string]*ast.AnchorNode), open: make(map[*ast.AnchorNode]bool),
		filled: make(map[ast.Node]string), broken: make(map[ast.Node]bool),
	}
}

// add tells a fault; line 0: it is of the whole file.
func (r *reader) add(line int, path, format string, args ...any) {
	r.faults = append(r.faults, fault{r.file, line, path, fmt.Sprintf(format, args...)})
}

// at tells a fault of a field.
func (r *reader) at(path, format string, args ...any) {
	r.faults = append(r.faults, r.fault(path, format, args...))
}

// plain reads YAML, and returns its one value as mappings, lists, texts, numbers,
// truth values and nulls alone, with aliases and variables put in: the names of
// mappings are texts, each once, and the token of a number is that number in JSON.
// nil: it has faults that hide all others.
func (r *reader) plain(text []byte) ast.Node {
	if !r.legible(text) {
		return nil
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	r.last = 1 + bytes.Count(text, []byte("\n")) + bytes.Count(text, []byte("\r")) - bytes.Count(text, []byte("\r\n"))
	tokens := lexer.Tokenize(string(text))
	if !r.bounded(tokens) {
		return nil
	}
	tree, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		r.syntax(err, text)
		return nil
	}
	var root ast.Node
	for _, doc := range tree.Docs {
		if _, ok := doc.Body.(*ast.DirectiveNode); ok || doc.Body == nil {
			continue
		}
		if root != nil {
			r.add(r.lineOf(doc.Body), "", "a second document begins here; write a file for each, without ---")
			return nil
		}
		root = doc.Body
	}
	if root == nil {
		r.add(0, "", "says nothing; write at least %s", least)
		return nil
	}
	return r.value(root, "", 1)
}

// least is the shortest config file.
const least = "http: {login: {url: https://example.com/login}}"

// bounded tells whether the parser can be given the tokens: it recurses, and keeps
// for each name the names of all that it is in.
func (r *reader) bounded(tokens token.Tokens) bool {
	if len(tokens) > mostTokens {
		r.add(0, "", "has more than %d words and signs; a config file is far shorter", mostTokens)
		return false
	}
	brackets := 0
	for _, t := range tokens {
		line, column := t.Position.Line, 0
		switch t.Type {
		case token.MappingStartType, token.SequenceStartType:
			brackets++
		case token.MappingEndType, token.SequenceEndType:
			brackets--
		case token.SequenceEntryType, token.MappingKeyType:
			column = t.Position.Column
		case token.TagType:
			r.add(line, "", "has a tag, which begins with !; leave it out, or put the text in quotes")
			return false
		case token.MappingValueType:
			if t.Prev != nil {
				column = t.Prev.Position.Column
			}
			if t.Prev != nil && len(t.Prev.Value) > mostName {
				r.add(line, "", "has a name of more than %d bytes before a colon; put a text that holds a colon in quotes", mostName)
				return false
			}
		}
		if brackets > mostNested || brackets <= 0 && column > mostColumn {
			r.add(line, "", "has more values in each other, or further to the right, than a config file needs; write them flatter")
			return false
		}
	}
	return true
}

// value makes a value plain.
func (r *reader) value(node ast.Node, path string, depth int) ast.Node {
	if r.values++; r.values > mostValues {
		if r.values == mostValues+1 {
			r.add(r.lineOf(node), path, "has more than %d values with those of aliases; use fewer", mostValues)
		}
		return r.brokenAt(node)
	}
	if depth > mostNested {
		return r.refuse(node, path, "is the last of more than %d values in each other; a config file has few", mostNested)
	}
	switch n := node.(type) {
	case *ast.MappingNode:
		return r.mapping(n, path, depth)
	case *ast.SequenceNode:
		plain := ast.Sequence(n.Start, n.IsFlowStyle)
		for i, one := range n.Values {
			plain.Values = append(plain.Values, r.value(one, nth(path, i), depth+1))
		}
		return plain
	case *ast.StringNode:
		return r.text(n, path)
	case *ast.LiteralNode:
		return r.text(n.Value, path)
	case *ast.IntegerNode:
		return r.integer(n, path)
	case *ast.FloatNode:
		return float(n.Token, n.Value)
	case *ast.BoolNode, *ast.NullNode:
		return n
	case *ast.AnchorNode:
		return r.anchor(n, path, depth)
	case *ast.AliasNode:
		return r.alias(n, path, depth)
	case *ast.InfinityNode, *ast.NanNode:
		return r.refuse(node, path, "is no number of JSON; write a finite one")
	}
	return r.refuse(node, path, "cannot be read; write a text, a number, a list or fields")
}

// refuse tells a fault of a value.
func (r *reader) refuse(node ast.Node, path, format string, args ...any) ast.Node {
	r.add(r.lineOf(node), path, format, args...)
	return r.brokenAt(node)
}

// brokenAt stands for a value with a fault.
func (r *reader) brokenAt(node ast.Node) ast.Node {
	null := ast.Null(node.GetToken())
	r.broken[null] = true
	return null
}

func (r *reader) mapping(n *ast.MappingNode, path string, depth int) ast.Node {
	plain := ast.Mapping(n.Start, n.IsFlowStyle)
	seen := make(map[string]int)
	for _, entry := range n.Values {
		name, ok := nameOf(entry.Key)
		at, line := join(path, name), r.lineOf(entry.Key)
		if _, merge := entry.Key.(*ast.MergeKeyNode); merge {
			r.add(line, path, "holds <<, which is not understood; write the fields out, or use *NAME for a whole value")
			continue
		}
		if !ok {
			r.add(line, path, "has a name that is no text; put it in quotes")
			continue
		}
		if first := seen[name]; first > 0 {
			r.add(line, at, "is there twice, first in line %d; leave one out", first)
			continue
		}
		seen[name] = line
		key := entry.Key.GetToken().Clone()
		key.Value = name
		plain.Values = append(plain.Values, ast.MappingValue(entry.Start, ast.String(key), r.value(entry.Value, at, depth+1)))
	}
	return plain
}

// nameOf returns the text of a name; false: it is something else.
func nameOf(key ast.Node) (string, bool) {
	switch key := key.(type) {
	case *ast.StringNode:
		return key.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return key.GetToken().Value, true
	}
	return "", false
}

// text puts variables into a text.
func (r *reader) text(n *ast.StringNode, path string) ast.Node {
	if n.Token.Type == token.StringType && jsonNumber.MatchString(n.Value) {
		return r.number(n, path)
	}
	value, found, err := fill(n.Value, r.env)
	if err != nil {
		return r.refuse(n, path, "%s", err)
	}
	t := n.Token.Clone()
	t.Value = value
	plain := ast.String(t)
	if found {
		r.filled[plain] = n.Value
	}
	return plain
}

// jsonNumber are the numbers of JSON, of which go-yaml takes some for texts, as 1e3.
var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

// number returns the number that a text is.
func (r *reader) number(n *ast.StringNode, path string) ast.Node {
	if value, err := strconv.ParseFloat(n.Value, 64); err == nil && strings.ContainsAny(n.Value, ".eE") {
		return float(n.Token, value)
	}
	return r.refuse(n, path, "is a number of more than 64 bits; put it in quotes to make it a text")
}

// integer refuses what reads like a decimal number and is an octal one.
func (r *reader) integer(n *ast.IntegerNode, path string) ast.Node {
	if n.Token.Type == token.OctetIntegerType && !strings.Contains(n.Token.Value, "o") {
		return r.refuse(n, path, "begins with 0; leave that out, or put it in quotes to make it a text")
	}
	t := n.Token.Clone()
	t.Value = fmt.Sprint(n.Value)
	plain := ast.Integer(t)
	plain.Value = n.Value
	return plain
}

// float makes a number whose token is that number in JSON.
func float(t *token.Token, value float64) ast.Node {
	if !json.Valid([]byte(t.Value)) {
		t = t.Clone()
		text, _ := json.Marshal(value) // finite
		t.Value = string(text)
	}
	plain := ast.Float(t)
	plain.Value = value
	return plain
}

func (r *reader) anchor(n *ast.AnchorNode, path string, depth int) ast.Node {
	name := n.Name.GetToken().Value
	if first := r.anchors[name]; first != nil && first != n {
		return r.refuse(n, path, "names &%s again, first in line %d; choose another name", name, r.lineOf(first))
	}
	r.anchors[name] = n
	r.open[n] = true
	defer delete(r.open, n)
	return r.value(n.Value, path, depth)
}

// alias reads the value of an anchor once more.
func (r *reader) alias(n *ast.AliasNode, path string, depth int) ast.Node {
	name := n.Value.GetToken().Value
	switch anchor := r.anchors[name]; {
	case anchor == nil:
		return r.refuse(n, path, "is *%s, and nothing before is named &%s; put a text that begins with * in quotes", name, name)
	case r.open[anchor]:
		return r.refuse(n, path, "is *%s in the value that is named &%s, which would never end; write it out", name, name)
	default:
		r.open[anchor] = true
		defer delete(r.open, anchor)
		return r.value(anchor.Value, path, depth)
	}
}

// lineOf returns the line in which a value begins; one that is not there, as at the
// end of a file, begins in the last.
func (r *reader) lineOf(n ast.Node) int {
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 && !m.IsFlowStyle {
		n = m.Values[0].Key
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return min(t.Position.Line, r.last)
	}
	return 0
}
