package configfile

import (
	"bytes"
	"errors"
	"strings"

	"github.com/goccy/go-yaml"
)

// syntax tells why a text is no YAML.
func (r *reader) syntax(err error, text []byte) {
	var fault yaml.Error
	if !errors.As(err, &fault) || fault.GetToken() == nil {
		r.add(0, "", "is no YAML; look at its indentation, quotes and brackets")
		return
	}
	line := min(fault.GetToken().Position.Line, r.last)
	lines := bytes.Split(text, []byte("\n"))
	var source string
	if line >= 1 && line <= len(lines) {
		source = string(lines[line-1])
	}
	r.add(line, "", "%s", meant(fault.GetMessage(), source))
}

// meant says what is wrong with a line, by what go-yaml says of it.
func meant(message, line string) string {
	if strings.Contains(line, "${") || strings.Contains(line, "{{") {
		for _, part := range []string{"flow", "'}'", "']'", "scalar"} {
			if strings.Contains(message, part) {
				return "has a {{placeholder}} or a ${VARIABLE} outside of quotes; put the text in quotes, as in \"{{token}}\""
			}
		}
	}
	for _, m := range syntaxMessages {
		if strings.Contains(message, m.part) {
			return m.text
		}
	}
	return "is no YAML (" + message + "); look at its indentation, quotes and brackets"
}

// syntaxMessages say what is meant, by a part of what go-yaml says.
var syntaxMessages = []struct{ part, text string }{
	{"tab character", "begins with a tab; indent with spaces"},
	{"'\t'", "begins with a tab; indent with spaces"},
	{"mapping value is not allowed", "has a second \": \", or is indented under a text; put a text that holds one in quotes"},
	{"sequence end token ']'", "opens a list with [ that has no ]; write ] at its end"},
	{"end token '}'", "opens fields with { that have no }; write } at their end"},
	{"',' or '}'", "goes on in fields that a { has opened, without a comma or }; write the one that is missing"},
	{"',' or ']'", "goes on in a list that a [ has opened, without a comma or ]; write the one that is missing"},
	{"flow map content", "has no colon after a name in {}; write {NAME: VALUE}"},
	{"could not find '['", "has a ] without a [; leave it out, or put the text in quotes"},
	{"could not find '{'", "has a } without a {; leave it out, or put the text in quotes"},
	{"end character of", "opens a quote that is not closed; write the same quote at its end"},
	{"non-map value is specified", "has no colon after the name; write NAME: VALUE"},
	{"unexpected key name", "has no colon after the name; write NAME: VALUE"},
	{"invalid key for this map", "has no text before the colon; write NAME: VALUE"},
	{"is a reserved character", "begins a text with a sign that YAML keeps for itself; put the text in quotes"},
	{"unexpected directive", "begins a text with %; put the text in quotes"},
	{"undefined alias name", "begins a text with *; put the text in quotes"},
	{"undefined anchor name", "begins a text with &; put the text in quotes"},
	{"sequence entries are not allowed", "begins a list behind a name; write each - in a line of its own, below the name"},
	{"header option", "goes on after | or >; begin the text in the next line"},
	{"escape character", "has a \\ in double quotes before a sign with which it means nothing; use single quotes"},
	{"value is not allowed in this context", "does not belong to what stands before; indent it like the fields of its level, and close all quotes"},
}
