package configfile

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// Pointers are JSON Pointers (RFC 6901), of which the first that is there counts. In
// a file they are one text or a list; the text none stands for no place at all, and
// the empty text for the whole.
type Pointers struct {
	None bool
	At   []string
}

func (*Pointers) wanted() string {
	return "a JSON Pointer such as /data/token, a list of them, or none"
}

// UnmarshalYAML reads a plain value.
func (p *Pointers) UnmarshalYAML(node ast.Node) error {
	if text, ok := node.(*ast.StringNode); ok {
		if p.None = text.Value == "none"; p.None {
			return nil
		}
		p.At = []string{text.Value}
		return checkPointer(text.Value)
	}
	list, ok := node.(*ast.SequenceNode)
	if !ok || len(list.Values) == 0 {
		return fmt.Errorf("is no JSON Pointer; write %s", p.wanted())
	}
	var faults []error
	for _, one := range list.Values {
		text, ok := one.(*ast.StringNode)
		if !ok {
			faults = append(faults, wrong(one, "holds %s; write JSON Pointers such as /data/token", given(one)))
			continue
		}
		p.At = append(p.At, text.Value)
		if err := checkPointer(text.Value); err != nil {
			faults = append(faults, wrong(one, "%v", err))
		}
	}
	return errors.Join(faults...)
}

// checkPointer says what is wrong with a JSON Pointer.
func checkPointer(text string) error {
	switch {
	case text == "":
		return nil
	case !strings.HasPrefix(text, "/"):
		likely := strings.TrimPrefix(strings.TrimPrefix(text, "#"), "$")
		if !strings.Contains(likely, "/") {
			likely = strings.ReplaceAll(likely, ".", "/")
		}
		return fmt.Errorf("%q is no JSON Pointer, which begins with /; write /%s", text, strings.TrimPrefix(likely, "/"))
	case badTilde.MatchString(text):
		return fmt.Errorf("%q has ~ without 0 or 1 after it; write ~0 for ~, and ~1 for / in a name", text)
	}
	return nil
}

var badTilde = regexp.MustCompile(`~([^01]|$)`)

// Duration is a length of time, in a file as time.ParseDuration reads it.
type Duration time.Duration

func (*Duration) wanted() string { return "a duration such as 1500ms, 30s, 5m or 1h30m" }

// UnmarshalYAML reads a plain value.
func (d *Duration) UnmarshalYAML(node ast.Node) error {
	switch n := node.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		return fmt.Errorf("is a number without a unit; write %ss, or %sms", n.GetToken().Value, n.GetToken().Value)
	case *ast.StringNode:
		value, err := time.ParseDuration(n.Value)
		if err != nil {
			return fmt.Errorf("%q is no duration; write %s", n.Value, d.wanted())
		}
		if value <= 0 {
			return errors.New("is not more than 0; leave the field out for its default")
		}
		*d = Duration(value)
		return nil
	}
	return fmt.Errorf("is %s; write %s", given(node), d.wanted())
}

// Range is a number, or all from one to another, both included: 4401, 3500-3999. The
// zero Range is none.
type Range struct{ From, To int }

func (*Range) wanted() string { return "a number such as 4401, or a range such as 3500-3999" }

// UnmarshalYAML reads a plain value.
func (r *Range) UnmarshalYAML(node ast.Node) error {
	switch node.(type) {
	case *ast.IntegerNode, *ast.StringNode:
	default:
		return fmt.Errorf("is %s; write %s", given(node), r.wanted())
	}
	text := node.GetToken().Value
	ends := rangeForm.FindStringSubmatch(text)
	if ends == nil {
		return fmt.Errorf("%q is no number and no range; write %s", text, r.wanted())
	}
	from, errFrom := strconv.Atoi(ends[1])
	to, errTo := from, error(nil)
	if ends[2] != "" {
		to, errTo = strconv.Atoi(ends[2])
	}
	switch {
	case errFrom != nil || errTo != nil:
		return errors.New("has a number of more than 64 bits; write a smaller one")
	case to < from:
		return fmt.Errorf("ends before it begins; write %d-%d", to, from)
	case from == 0 || to == 0:
		return errors.New("begins or ends with 0, which is no code; write another number")
	}
	*r = Range{from, to}
	return nil
}

var rangeForm = regexp.MustCompile(`^\s*(-?[0-9]+)\s*(?:-\s*(-?[0-9]+))?\s*$`)

// Saying is the code of a message: a number, a range of them, or a text.
type Saying struct {
	Range Range
	Text  string
}

func (*Saying) wanted() string {
	return "a number such as 109, a range such as 100-199, or a text such as token_expired"
}

// UnmarshalYAML reads a plain value. A text that is a number remains a text, as the
// codes of messages may be such texts.
func (s *Saying) UnmarshalYAML(node ast.Node) error {
	switch n := node.(type) {
	case *ast.IntegerNode:
		return s.Range.UnmarshalYAML(n)
	case *ast.StringNode:
		if ends := rangeForm.FindStringSubmatch(n.Value); ends != nil && ends[2] != "" {
			return s.Range.UnmarshalYAML(n)
		}
		if s.Text = n.Value; s.Text == "" {
			return fmt.Errorf("is empty; write %s", s.wanted())
		}
		return nil
	}
	return fmt.Errorf("is %s; write %s", given(node), s.wanted())
}
