package configfile

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/goccy/go-yaml/ast"
)

// nodeError is what is wrong with one value of a file.
type nodeError struct {
	node ast.Node
	text string
}

func (e *nodeError) Error() string { return e.text }

func wrong(node ast.Node, format string, args ...any) error {
	return &nodeError{node, fmt.Sprintf(format, args...)}
}

// treeOf returns a plain value as a decoded JSON value, with numbers as json.Number.
func treeOf(node ast.Node) (any, error) {
	switch n := node.(type) {
	case *ast.NullNode:
		return nil, nil
	case *ast.BoolNode:
		return n.Value, nil
	case *ast.StringNode:
		return n.Value, nil
	case *ast.IntegerNode, *ast.FloatNode:
		return json.Number(n.GetToken().Value), nil
	case *ast.SequenceNode:
		array, faults := make([]any, len(n.Values)), make([]error, len(n.Values))
		for i, one := range n.Values {
			array[i], faults[i] = treeOf(one)
		}
		return array, errors.Join(faults...)
	case *ast.MappingNode:
		object, faults := make(map[string]any, len(n.Values)), make([]error, len(n.Values))
		for i, entry := range n.Values {
			object[entry.Key.GetToken().Value], faults[i] = treeOf(entry.Value)
		}
		return object, errors.Join(faults...)
	}
	return nil, wrong(node, "cannot be read; write a text, a number, a list or fields")
}
