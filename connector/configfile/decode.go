package configfile

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// decode fills one field from a plain value. tag is that of the field.
func (r *reader) decode(node ast.Node, v reflect.Value, path string, tag reflect.StructTag) {
	r.lines[path] = r.lineOf(node)
	if r.broken[node] {
		return
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	if _, null := node.(*ast.NullNode); null && v.Type() != reflect.TypeFor[Template]() {
		r.mistake(node, path, "is empty; write %s, or leave the field out", wanted(v.Type(), tag))
		return
	}
	if _, ok := v.Interface().(Template); ok && !r.checkTexts(node, path) {
		return
	}
	if own, ok := v.Addr().Interface().(yaml.NodeUnmarshaler); ok {
		for _, one := range parts(own.UnmarshalYAML(node)) {
			at := node
			if inner := (*nodeError)(nil); errors.As(one, &inner) {
				at = inner.node
			}
			r.mistake(at, path, "%s", r.unfilled(node, one.Error()))
		}
		return
	}
	if r.decodeKind(node, v, path, tag) {
		return
	}
	instead := "write " + wanted(v.Type(), tag)
	if _, scalar := node.(ast.ScalarNode); scalar && v.Kind() == reflect.String {
		instead = "put it in quotes to make it a text"
	}
	r.mistake(node, path, "is %s; %s", given(node), instead)
}

// checkTexts tells what is wrong with the placeholders of a template, where they
// are; true: nothing is.
func (r *reader) checkTexts(node ast.Node, path string) bool {
	before := len(r.faults)
	switch n := node.(type) {
	case *ast.MappingNode:
		for _, entry := range n.Values {
			name, _ := nameOf(entry.Key)
			if strings.Contains(name, "{{") {
				r.mistake(entry.Key, join(path, name), "has a placeholder in its name; write it into a value")
			}
			r.checkTexts(entry.Value, join(path, name))
		}
	case *ast.SequenceNode:
		for i, one := range n.Values {
			r.checkTexts(one, nth(path, i))
		}
	case *ast.StringNode:
		if _, err := parsePhrase(n.Value); err != nil {
			r.mistake(n, path, "%s", r.unfilled(n, err.Error()))
		}
	}
	return len(r.faults) == before
}

// unfilled puts back into the text of a fault what the file has instead of the values
// of variables, which may be secret.
func (r *reader) unfilled(node ast.Node, text string) string {
	switch n := node.(type) {
	case *ast.MappingNode:
		for _, entry := range n.Values {
			text = r.unfilled(entry.Value, text)
		}
	case *ast.SequenceNode:
		for _, one := range n.Values {
			text = r.unfilled(one, text)
		}
	case *ast.StringNode:
		if raw, ok := r.filled[n]; ok && n.Value != "" {
			quoted := strconv.Quote(n.Value)
			text = strings.ReplaceAll(text, quoted, strconv.Quote(raw))
			if len(n.Value) > 2 { // shorter ones are part of other words
				text = strings.NewReplacer(quoted[1:len(quoted)-1], raw, n.Value, raw).Replace(text)
			}
		}
	}
	return text
}

func (r *reader) hasVariable(node ast.Node) bool {
	_, ok := r.filled[node]
	return ok
}

// mistake tells a fault of a plain value.
func (r *reader) mistake(node ast.Node, path, format string, args ...any) {
	r.add(r.lineOf(node), path, format, args...)
}

// decodeKind decodes what has no way of its own; false: the value is of another kind.
func (r *reader) decodeKind(node ast.Node, v reflect.Value, path string, tag reflect.StructTag) bool {
	switch v.Kind() {
	case reflect.Struct:
		n, ok := node.(*ast.MappingNode)
		if ok {
			r.decodeStruct(n, v, path)
		}
		return ok
	case reflect.Map:
		n, ok := node.(*ast.MappingNode)
		if ok {
			r.decodeMap(n, v, path)
		}
		return ok
	case reflect.Slice:
		n, ok := node.(*ast.SequenceNode)
		if ok {
			v.Set(reflect.MakeSlice(v.Type(), len(n.Values), len(n.Values)))
			for i, one := range n.Values {
				r.decode(one, v.Index(i), nth(path, i), "")
			}
		}
		return ok
	case reflect.String:
		n, ok := node.(*ast.StringNode)
		if ok {
			r.decodeText(n, v, path, tag)
		}
		return ok
	case reflect.Bool:
		value, ok := r.boolOf(node)
		v.SetBool(value)
		return ok
	case reflect.Int, reflect.Int64:
		value, ok := r.intOf(node)
		if ok && value < 1 {
			r.mistake(node, path, "is less than 1; write more, or leave the field out for its default")
		}
		v.SetInt(value)
		return ok
	}
	panic("interlock: config file: a field of type " + v.Type().String())
}

// boolOf returns a truth value, or what a variable says.
func (r *reader) boolOf(node ast.Node) (value, ok bool) {
	switch n := node.(type) {
	case *ast.BoolNode:
		return n.Value, true
	case *ast.StringNode:
		if r.hasVariable(n) {
			return n.Value == "true", n.Value == "true" || n.Value == "false"
		}
	}
	return false, false
}

// intOf returns a number, or what a variable says.
func (r *reader) intOf(node ast.Node) (int64, bool) {
	_, number := node.(*ast.IntegerNode)
	if !number && !r.hasVariable(node) {
		return 0, false
	}
	value, err := strconv.ParseInt(node.GetToken().Value, 10, 64)
	return value, err == nil
}

// decodeText sets a text, of those that its field allows.
func (r *reader) decodeText(n *ast.StringNode, v reflect.Value, path string, tag reflect.StructTag) {
	v.SetString(n.Value)
	if example := tag.Get("example"); n.Value == "" && example != "" {
		r.mistake(n, path, "is empty; write something like %s", example)
	} else if err := checkPointer(n.Value); err != nil && tag.Get("form") == "pointer" {
		r.mistake(n, path, "%s", r.unfilled(n, err.Error()))
	}
	if choices := choices(tag); choices != nil && !slices.Contains(choices, n.Value) {
		r.mistake(n, path, "%s", r.unfilled(n, fmt.Sprintf("%q is not one of its values; %s", n.Value, oneOf(n.Value, choices))))
	}
}

// choices are the texts that a field allows; nil: any.
func choices(tag reflect.StructTag) []string {
	if enum := tag.Get("enum"); enum != "" {
		return strings.Split(enum, ",")
	}
	return nil
}

func (r *reader) decodeMap(n *ast.MappingNode, v reflect.Value, path string) {
	v.Set(reflect.MakeMap(v.Type()))
	for _, entry := range n.Values {
		name, _ := nameOf(entry.Key)
		value := reflect.New(v.Type().Elem()).Elem()
		r.decode(entry.Value, value, join(path, name), "")
		v.SetMapIndex(reflect.ValueOf(name), value)
	}
}

func (r *reader) decodeStruct(n *ast.MappingNode, v reflect.Value, path string) {
	fields := fieldsOf(v.Type())
	meant := make(map[string]bool) // the fields that are given, if by another name
	for _, entry := range n.Values {
		name, _ := nameOf(entry.Key)
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
		if i < 0 {
			likely := r.unknown(entry.Key, path, name, fields)
			meant[likely] = true
			continue
		}
		meant[name] = true
		r.decode(entry.Value, v.Field(fields[i].index), join(path, name), fields[i].tag)
	}
	for _, f := range fields {
		if !f.required || meant[f.name] || meant[f.instead] {
			continue
		}
		like := f.like()
		if i := slices.IndexFunc(fields, func(other field) bool { return other.name == f.instead }); i >= 0 {
			like += ", or " + fields[i].like()
		}
		r.mistake(n, join(path, f.name), "is missing; write something like %s", like)
	}
}

// unknown tells that there is no such field, and returns which was meant, if one was.
func (r *reader) unknown(key ast.Node, path, name string, fields []field) string {
	var names []string
	for _, f := range fields {
		names = append(names, f.name)
	}
	where := path
	if where == "" {
		where = "the file"
	}
	r.mistake(key, join(path, name), "is no field of %s; %s", where, oneOf(name, names))
	likely, _ := nearest(name, names)
	return likely
}

// field is one field of a struct, as a file names it.
type field struct {
	name     string
	index    int
	required bool
	instead  string // the field that may be there in its place; empty: none
	tag      reflect.StructTag
}

// like is what may be written.
func (f field) like() string { return f.name + ": " + f.tag.Get("example") }

// fieldsOf returns the fields that a file can name.
func fieldsOf(t reflect.Type) (fields []field) {
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() {
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		fields = append(fields, field{name: name, index: i, required: options == "", instead: f.Tag.Get("instead"), tag: f.Tag})
	}
	return fields
}

// wanted says what a field takes.
func wanted(t reflect.Type, tag reflect.StructTag) string {
	if own, ok := reflect.New(t).Interface().(interface{ wanted() string }); ok {
		return own.wanted()
	}
	if choices := choices(tag); choices != nil {
		return "one of " + strings.Join(choices, ", ")
	}
	switch t.Kind() {
	case reflect.Struct:
		var names []string
		for _, f := range fieldsOf(t) {
			names = append(names, f.name)
		}
		if len(names) == 0 {
			return "a value"
		}
		return "the fields it has, of " + strings.Join(names, ", ")
	case reflect.Map:
		return "names with texts, as in X-Client: \"1\""
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Struct {
			return "a list, with - before each of its elements"
		}
		return "a list, as in [a, b]"
	case reflect.Bool:
		return "true or false, without quotes"
	case reflect.Int, reflect.Int64:
		return "a whole number, without quotes"
	}
	if example := tag.Get("example"); example != "" {
		return "a text such as " + example
	}
	return "a text"
}

// given says what a value is, and not which.
func given(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.IntegerNode, *ast.FloatNode:
		return "a number"
	case *ast.BoolNode:
		return "a truth value"
	case *ast.StringNode:
		return "a text"
	}
	return "empty"
}

// parts returns the errors that were joined into one.
func parts(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || errors.Join(joined.Unwrap()...).Error() != err.Error() {
		return []error{err}
	}
	var all []error
	for _, one := range joined.Unwrap() {
		all = append(all, parts(one)...)
	}
	return all
}
