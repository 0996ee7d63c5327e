package configfile

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// fill puts the values of variables into a text: ${NAME}, and ${NAME:-default} where
// the variable may be empty or not set. $${ is a literal ${. What is put in is not
// read again, its placeholders neither. found says that there was one.
func fill(text string, env func(string) (string, bool)) (filled string, found bool, err error) {
	var out strings.Builder
	for {
		before, after, ok := strings.Cut(text, "${")
		if !ok {
			out.WriteString(text)
			return out.String(), found, nil
		}
		if literal, ok := strings.CutSuffix(before, "$"); ok {
			out.WriteString(literal + "${")
			text = after
			continue
		}
		out.WriteString(before)
		inside, rest, ok := strings.Cut(after, "}")
		if !ok {
			return "", true, errors.New("has ${ without }; write ${NAME}, or $${ for the two signs themselves")
		}
		value, err := variable(inside, env)
		if err != nil {
			return "", true, err
		}
		out.WriteString(value)
		text, found = rest, true
	}
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// variable returns the value of what stands between ${ and }.
func variable(inside string, env func(string) (string, bool)) (string, error) {
	name, fallback, optional := strings.Cut(inside, ":-")
	switch {
	case !variableName.MatchString(name):
		return "", errors.New("has ${ without the name of a variable after it; write ${NAME} or ${NAME:-default}, or $${ for the two signs themselves")
	case strings.Contains(fallback, "${"):
		return "", fmt.Errorf("has a variable in the default of ${%s}; write a plain text there", name)
	}
	value, set := env(name)
	switch {
	case optional && value == "":
		return fallback, nil
	case !set:
		return "", fmt.Errorf("the variable %s is not set; set it, or write ${%s:-default}", name, name)
	}
	return strings.ReplaceAll(value, "{{", literalBraces), nil
}
