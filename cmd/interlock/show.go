package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/transitions"
)

// show is how a run of the demo is shown, by one goroutine. What cannot be
// printed is told once, by fault. A session is given by its number; 0: none.
type show interface {
	begin(engine fsm.Engine)
	act(number int, a act)
	change(session int, c connector.Change)
	request(session int, socket string, r request)
	message(session int, socket, kind string, m response) // kind is answer or push
	note(session int, who, text string)
	fault() error
}

// widest is how wide the widest of the second column is, "subscription menu".
const widest = 17

// textShow shows a run to a person.
type textShow struct {
	out      written
	start    time.Time
	coloured bool
	events   map[event]fsm.ChartEvent
	said     string // the reason of the change before
}

// event names an event of a machine.
type event struct{ machine, name string }

func newTextShow(to io.Writer, start time.Time) *textShow {
	s := &textShow{out: written{to: to}, start: start, coloured: isColoured(to), events: make(map[event]fsm.ChartEvent)}
	for _, machine := range transitions.Shipped.Chart().Machines {
		for _, e := range machine.Events {
			s.events[event{machine.Name, e.Name}] = e
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
	s.out.printf("%s\n\n", s.paint(bold, fmt.Sprintf("Sessions against a backend in this process, their machines stepped by the %s engine.", engine)))
	s.out.printf("Each line: seconds since the start, the number of the session, its machine and of which socket,\nthe change of state, the event that caused it, and what that means.\n")
}

func (s *textShow) act(number int, a act) {
	s.out.printf("\n%s\n%s\n\n", s.paint(bold, fmt.Sprintf("%d. %s", number, a.title)), s.paint(dim, "   "+a.about))
}

func (s *textShow) change(session int, c connector.Change) {
	machine := c.Machine.String()
	caused := s.events[event{machine, c.Event}]
	reason := c.Reason
	if reason == s.said { // one failure moves several machines
		reason = caused.Doc
	}
	s.said = c.Reason
	if c.ID != "" {
		machine += " " + c.ID
	}
	padding := strings.Repeat(" ", max(0, 33-len(c.From)-len(c.To)))
	s.line(session, fmt.Sprintf("%-*s", widest, machine), fmt.Sprintf("%s -> %s%s  %s: %s",
		c.From, s.paint(bold, c.To), padding, s.paint(hue(caused.Cause), c.Event), s.paint(dim, strings.TrimPrefix(reason, "interlock: "))))
}

func (s *textShow) request(session int, socket string, r request) {
	s.note(session, "request "+socket, r.String())
}

func (s *textShow) message(session int, socket, kind string, m response) {
	s.note(session, kind+" "+socket, m.String())
}

func (s *textShow) note(session int, who, text string) {
	s.line(session, s.paint(magenta, fmt.Sprintf("%-*s", widest, who)), text)
}

func (s *textShow) fault() error { return s.out.err }

func (s *textShow) line(session int, who, text string) {
	elapsed := fmt.Sprintf("%6.3f", time.Since(s.start).Seconds())
	number := " "
	if session != 0 {
		number = strconv.Itoa(session)
	}
	s.out.printf("  %s  %s %s  %s\n", s.paint(dim, elapsed), number, who, text)
}

// jsonShow shows a run to a program: a line for each change and each message on
// one writer, and the progress on another.
type jsonShow struct {
	out      written
	progress io.Writer
}

// changeLine is a change on one line.
type changeLine struct {
	Session    int    `json:"session"`
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
	Session int      `json:"session"`
	Socket  string   `json:"socket"`
	Message response `json:"message"`
}

func (s *jsonShow) begin(engine fsm.Engine) { s.tell("engine %s", engine) }
func (s *jsonShow) act(number int, a act)   { s.tell("%d. %s", number, a.title) }
func (s *jsonShow) fault() error            { return s.out.err }

func (s *jsonShow) request(session int, socket string, r request) {
	s.note(session, "request "+socket, r.String())
}

func (s *jsonShow) note(session int, who, text string) {
	if session != 0 {
		who = fmt.Sprintf("session %d, %s", session, who)
	}
	s.tell("%s: %s", who, text)
}

func (s *jsonShow) message(session int, socket, _ string, m response) {
	s.put(messageLine{session, socket, m})
}

func (s *jsonShow) change(session int, c connector.Change) {
	s.put(changeLine{
		Session: session, Machine: c.Machine.String(), ID: c.ID, From: c.From, Event: c.Event, To: c.To,
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
	_, _ = fmt.Fprintf(s.progress, "interlock: demo: "+format+"\n", args...)
}
