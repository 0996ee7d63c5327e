package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/configfile"
	"github.com/custom-app/interlock/transitions"
)

// longestLine is how many bytes a line of standard input may have, its end included.
const longestLine = 1 << 20

// order is what one line of standard input asks for: one of message, http, loginAs and
// logout.
type order struct {
	label    json.RawMessage // what answers are told by: the line's own, or else its number
	labelled bool            // it is the line's own

	socket   string
	message  *configfile.Message
	noAnswer bool
	traits   connector.Traits

	http string // method and path
	body json.RawMessage

	loginAs json.RawMessage
	logout  string // here or everywhere
}

// The fields of each kind of order, beside that which gives it its name.
var extras = map[string][]string{
	"message": {"socket", "request", "noAnswer", "need", "repeatable"},
	"http":    {"request", "body"},
	"loginAs": {"request"},
	"logout":  {"request"},
}

var needs = map[string]transitions.Need{"ready": transitions.NeedReady, "authed": transitions.NeedAuthed, "open": transitions.NeedOpen}

// grammar is what can be asked for: orders to the sockets of a config file.
type grammar struct{ sockets []string }

// example is a line that may be written.
func (g grammar) example() string {
	switch len(g.sockets) {
	case 0:
		return `{"http":"GET /path"}`
	case 1:
		return `{"message":{}}`
	}
	return fmt.Sprintf(`{"socket":%q,"message":{}}`, g.sockets[0])
}

// read reads the line of this number.
func (g grammar) read(number int, text []byte) (order, error) {
	o := order{label: fmt.Append(nil, number)}
	if !utf8.Valid(text) {
		return o, errors.New("is not UTF-8; write JSON in UTF-8")
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil || fields == nil {
		return o, fmt.Errorf("is not a JSON object%s; write one a line, such as %s", because(err), g.example())
	}
	kind, err := g.kind(fields)
	if err != nil {
		return o, err
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if err := g.field(&o, kind, name, fields[name]); err != nil {
			return o, err
		}
	}
	if kind == "message" && o.socket == "" {
		if len(g.sockets) == 0 {
			return o, fmt.Errorf("is for a socket, but the config file has none; use %s", g.example())
		}
		if len(g.sockets) > 1 {
			return o, fmt.Errorf(`has no "socket"; write which of %s`, strings.Join(g.sockets, ", "))
		}
		o.socket = g.sockets[0]
	}
	return o, nil
}

// because is what the JSON decoder says, in brackets.
func because(err error) string {
	if err == nil {
		return ""
	}
	var other *json.UnmarshalTypeError
	if errors.As(err, &other) {
		return " (but " + other.Value + ")"
	}
	return " (" + err.Error() + ")"
}

// kind tells what is asked for.
func (g grammar) kind(fields map[string]json.RawMessage) (string, error) {
	var kinds []string
	for _, kind := range slices.Sorted(maps.Keys(extras)) {
		if _, ok := fields[kind]; ok {
			kinds = append(kinds, kind)
		}
	}
	switch len(kinds) {
	case 1:
		return kinds[0], nil
	case 0:
		return "", fmt.Errorf(`asks for nothing; write a "message", "http", "loginAs" or "logout", such as %s`, g.example())
	}
	return "", fmt.Errorf("asks for %s at once; write them on lines of their own", strings.Join(kinds, " and "))
}

// field takes one field of a line into the order.
func (g grammar) field(o *order, kind, name string, value json.RawMessage) error {
	if name != kind && !slices.Contains(extras[kind], name) {
		return fmt.Errorf("has a field %q; beside %q there may be %s", name, kind, strings.Join(extras[kind], ", "))
	}
	switch name {
	case "message":
		o.message = new(configfile.Message)
		return json.Unmarshal(value, o.message)
	case "socket":
		return g.socket(o, value)
	case "need":
		return o.need(value)
	case "noAnswer":
		return into(&o.noAnswer, name, value, "true or false")
	case "repeatable":
		return into(&o.traits.Repeatable, name, value, "true or false")
	case "http":
		return o.path(value)
	case "logout":
		if err := into(&o.logout, name, value, `"here" or "everywhere"`); err != nil || o.logout == "here" || o.logout == "everywhere" {
			return err
		}
		return fmt.Errorf(`has "logout" %q; write "here" or "everywhere"`, o.logout)
	case "request":
		o.label, o.labelled = compact(value), true
	case "body":
		o.body = compact(value)
	case "loginAs":
		o.loginAs = compact(value)
	}
	return nil
}

// socket checks that there is such a socket.
func (g grammar) socket(o *order, value json.RawMessage) error {
	if err := into(&o.socket, "socket", value, "the id of one"); err != nil {
		return err
	}
	if slices.Contains(g.sockets, o.socket) {
		return nil
	}
	if len(g.sockets) == 0 {
		return fmt.Errorf("has a socket %q, but the config file has none; use %s", o.socket, g.example())
	}
	return fmt.Errorf("has an unknown socket %q; write one of %s", o.socket, strings.Join(g.sockets, ", "))
}

func (o *order) need(value json.RawMessage) error {
	var text string
	if err := into(&text, "need", value, `"open", "authed" or "ready"`); err != nil {
		return err
	}
	need, ok := needs[text]
	if !ok {
		return fmt.Errorf(`has "need" %q; write "open", "authed" or "ready"`, text)
	}
	o.traits.Need = need
	return nil
}

func (o *order) path(value json.RawMessage) error {
	if err := into(&o.http, "http", value, `a method and a path, such as "GET /path"`); err != nil {
		return err
	}
	if method, path, ok := strings.Cut(o.http, " "); !ok || method != strings.ToUpper(method) || path == "" || strings.Contains(path, " ") {
		return fmt.Errorf(`has "http" %q; write a method and a path, such as "GET /path"`, o.http)
	}
	return nil
}

// into decodes a field into a value of its type.
func into[T any](to *T, name string, value json.RawMessage, want string) error {
	if err := json.Unmarshal(value, to); err != nil || string(value) == "null" {
		return fmt.Errorf("has %q %s; write %s", name, shortened(string(value)), want)
	}
	return nil
}

// compact returns a valid JSON text without space around its parts.
func compact(text json.RawMessage) json.RawMessage {
	var buffer bytes.Buffer
	if err := json.Compact(&buffer, text); err != nil {
		return text
	}
	return buffer.Bytes()
}

// shortened is a text as long as fits a message.
func shortened(text string) string {
	if runes := []rune(text); len(runes) > 40 {
		return string(runes[:39]) + "…"
	}
	return text
}

// lines calls each with every line of a reader that is not empty, and its number.
func lines(from io.Reader, each func(number int, text []byte, err error) (more bool)) error {
	reader := bufio.NewReaderSize(from, 64<<10)
	for number := 1; ; number++ {
		text, fault, err := nextLine(reader)
		if text = bytes.TrimSpace(text); (len(text) > 0 || fault != nil) && !each(number, text, fault) {
			return nil
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// nextLine reads a line; one that is too long is read to its end, and a fault.
func nextLine(from *bufio.Reader) (text []byte, fault, err error) {
	for {
		part, err := from.ReadSlice('\n')
		if fault == nil {
			text = append(text, part...)
		}
		if len(text) > longestLine {
			text, fault = nil, errors.New("is longer than 1 MiB; write less at once")
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return text, fault, err
		}
	}
}
