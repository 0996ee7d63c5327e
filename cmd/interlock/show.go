package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/transitions"
)

// show is how a run of the demo is shown, by one goroutine. What cannot be
// printed is told once, by fault.
type show interface {
	begin(engine fsm.Engine)
	act(number int, a act)
	change(c connector.Change)
	request(r request)
	message(kind string, m response) // kind is answer or push
	note(who, text string)
	fault() error
}

// textShow shows a run to a person.
type textShow struct {
	out      written
	start    time.Time
	coloured bool
	causes   map[event]fsm.Cause
}

// event names an event of a machine.
type event struct{ machine, name string }

func newTextShow(to io.Writer, start time.Time) *textShow {
	s := &textShow{out: written{to: to}, start: start, coloured: isColoured(to), causes: make(map[event]fsm.Cause)}
	for _, machine := range transitions.Shipped.Chart().Machines {
		for _, e := range machine.Events {
			s.causes[event{machine.Name, e.Name}] = e.Cause
		}
	}
	return s
}

// The codes of ECMA-48 section 8.3.117, select graphic rendition.
const (
	bold    = "1"
	dim     = "2"
	magenta = "35"
)

// hue returns the colour of whose doing an event is, much as in the diagrams.
func hue(cause fsm.Cause) string {
	switch cause {
	case fsm.User:
		return "34" // blue
	case fsm.Peer:
		return "32" // green
	case fsm.Timer:
		return "33" // yellow
	case fsm.Failure:
		return "31" // red
	default:
		return "36" // cyan
	}
}

func (s *textShow) paint(code, text string) string {
	if !s.coloured {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s *textShow) begin(engine fsm.Engine) {
	s.out.printf("%s\n\n", s.paint(bold, fmt.Sprintf("A session against a backend in this process, its machines stepped by the %s engine.", engine)))
	s.out.printf("Each line: seconds since the start, the machine, its change of state,\nthe event that caused it, and what that means.\n")
}

func (s *textShow) act(number int, a act) {
	s.out.printf("\n%s\n%s\n\n", s.paint(bold, fmt.Sprintf("%d. %s", number, a.title)), s.paint(dim, "   "+a.about))
}

func (s *textShow) change(c connector.Change) {
	machine := c.Machine.String()
	cause := s.causes[event{machine, c.Event}]
	if c.ID != "" {
		machine += " " + c.ID
	}
	padding := strings.Repeat(" ", max(0, 36-len(c.From)-len(c.To)))
	s.line(fmt.Sprintf("%-11s", machine), fmt.Sprintf("%s -> %s%s  %s: %s",
		c.From, s.paint(bold, c.To), padding, s.paint(hue(cause), c.Event), s.paint(dim, strings.TrimPrefix(c.Reason, "interlock: "))))
}

func (s *textShow) request(r request)               { s.said("request", r.String()) }
func (s *textShow) message(kind string, m response) { s.said(kind, m.String()) }
func (s *textShow) note(who, text string)           { s.said(who, text) }
func (s *textShow) fault() error                    { return s.out.err }

func (s *textShow) said(who, text string) {
	s.line(s.paint(magenta, fmt.Sprintf("%-11s", who)), text)
}

func (s *textShow) line(who, text string) {
	elapsed := fmt.Sprintf("%6.3f", time.Since(s.start).Seconds())
	s.out.printf("  %s  %s  %s\n", s.paint(dim, elapsed), who, text)
}

// jsonShow shows a run to a program: a line for each change and each message on
// one writer, and the progress on another.
type jsonShow struct {
	out      written
	progress io.Writer
}

// changeLine is a change on one line.
type changeLine struct {
	Machine    string `json:"machine"`
	ID         string `json:"id"`
	From       string `json:"from"`
	Event      string `json:"event"`
	To         string `json:"to"`
	Reason     string `json:"reason"`
	Generation uint32 `json:"generation"`
}

// messageLine is a message of the backend on one line.
type messageLine struct {
	Message response `json:"message"`
}

func (s *jsonShow) begin(engine fsm.Engine) { s.tell("demo: engine %s", engine) }
func (s *jsonShow) act(number int, a act)   { s.tell("demo: %d. %s", number, a.title) }
func (s *jsonShow) request(r request)       { s.tell("demo: request %v", r) }
func (s *jsonShow) note(who, text string)   { s.tell("demo: %s %s", who, text) }
func (s *jsonShow) fault() error            { return s.out.err }

func (s *jsonShow) message(_ string, m response) { s.put(messageLine{m}) }

func (s *jsonShow) change(c connector.Change) {
	s.put(changeLine{
		Machine: c.Machine.String(), ID: c.ID, From: c.From, Event: c.Event, To: c.To,
		Reason: c.Reason, Generation: c.Generation,
	})
}

func (s *jsonShow) put(line any) {
	text, err := json.Marshal(line)
	if err != nil && s.out.err == nil {
		s.out.err = err
	}
	s.out.printf("%s\n", text)
}

func (s *jsonShow) tell(format string, args ...any) {
	_, _ = fmt.Fprintf(s.progress, "interlock: "+format+"\n", args...)
}
