package main

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode"

	"github.com/custom-app/interlock/connector/journal"
)

// sessionState is a session and its machines after a record.
type sessionState struct {
	Session  uint64         `json:"session"`
	Record   uint64         `json:"record"` // the last of its own; 0: none yet
	Engine   string         `json:"engine"`
	Machines []machineState `json:"machines"`
}

type machineState struct {
	Machine string         `json:"machine"`
	ID      uint32         `json:"id"`
	Socket  string         `json:"socket,omitempty"`
	State   string         `json:"state"`
	Data    map[string]any `json:"data"` // what is not zero
}

func statesOf(sessions []*journal.Session) []sessionState {
	var all []sessionState
	for _, s := range sessions {
		state := sessionState{Session: s.Number, Record: s.Record, Engine: s.Engine}
		for _, m := range s.Machines() {
			data := make(map[string]any)
			for _, f := range fieldsOf(m.Data) {
				data[f.name] = f.value
			}
			state.Machines = append(state.Machines, machineState{m.Kind.String(), m.ID, m.Socket, m.State, data})
		}
		all = append(all, state)
	}
	return all
}

func printSessions(out *written, sessions []*journal.Session) {
	for _, s := range sessions {
		out.printf("\nsession %d, after its record %d, by the %s engine\n", s.Number, s.Record, s.Engine)
		for _, m := range s.Machines() {
			what := m.Kind.String()
			if m.ID != 0 || m.Socket != "" {
				what += " " + strconv.FormatUint(uint64(m.ID), 10)
			}
			var data strings.Builder
			for _, f := range fieldsOf(m.Data) {
				_, _ = fmt.Fprintf(&data, " %s=%v", f.name, f.value)
			}
			if m.Socket != "" {
				data.WriteString(" of " + strconv.Quote(m.Socket))
			}
			out.printf("%s\n", strings.TrimRight(fmt.Sprintf("  %-*s %-20s%s", widest, what, m.State, data.String()), " "))
		}
	}
}

// field is a field of a machine's data that is not zero.
type field struct {
	name  string
	value any
}

// fieldsOf returns the fields of a struct, in its order, with what has a name named.
func fieldsOf(data any) (all []field) {
	v := reflect.ValueOf(data)
	for i := range v.NumField() {
		value := v.Field(i)
		name := []rune(v.Type().Field(i).Name)
		name[0] = unicode.ToLower(name[0])
		if named, ok := value.Interface().(fmt.Stringer); ok {
			all = append(all, field{string(name), named.String()})
		} else if !value.IsZero() {
			all = append(all, field{string(name), value.Interface()})
		}
	}
	return all
}

// count is a number of things, in words.
func count(n uint64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
