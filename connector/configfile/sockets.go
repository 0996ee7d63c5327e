package configfile

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/transitions"
)

// The types of a socket.
type (
	socketConfig = connector.SocketConfig[User, Message, Message]
	stepConfig   = connector.Step[User, Message, Message]
	knowing      = connector.Known[User, Message]
)

// socket declares a socket. answers are those of sockets of earlier groups; nil: its
// templates have none.
func (f *File) socket(s *Socket, answers map[string]any) socketConfig {
	url := f.HTTP.resolve(s.URL)
	literal, _, _ := strings.Cut(url, "{{")
	know := func(k knowing) values { return valuesOfSocket(k, answers) }
	path := nth("sockets", slices.IndexFunc(f.Sockets, func(one Socket) bool { return one.ID == s.ID }))
	c := socketConfig{
		ID: s.ID, URL: webSocket(literal), Public: s.Public, Early: s.Early, Subprotocols: s.Subprotocols,
		Auth: s.step(s.Auth, path+".auth", know, backoff.Permanent), Renew: s.step(s.Renew, path+".renew", know, nil),
		Codec:     messages{},
		IsError:   s.isError(),
		Code:      s.code(),
		IsAnswer:  s.Answer.tester(),
		Heartbeat: s.heartbeat(),
		Buffer:    connector.Buffer{Count: s.Buffer.Count, Bytes: s.Buffer.Bytes, Policy: policies[s.Buffer.Overflow], None: s.Buffer.None},
		Common:    s.common(),
	}
	for i := range s.Subscribe {
		step := s.step(&s.Subscribe[i], nth(path+".subscribe", i), know, nil)
		accept, number := step.Accept, int32(i+1)
		step.Accept = func(m Message) bool {
			m.note(number)
			return accept == nil || accept(m)
		}
		c.Subscribe = append(c.Subscribe, *step)
	}
	if s.MessageID.Request != "" {
		c.SetID, c.GetID = s.ids()
	}
	if s.Blame == "oldest" {
		c.Blame = connector.BlameOldest[Message]
	}
	s.upgrade(&c, path, url, know)
	return c
}

// webSocket gives a URL that was resolved on an HTTP one its scheme.
func webSocket(url string) string {
	if rest, ok := strings.CutPrefix(url, "http"); ok {
		return "ws" + rest // wss of https
	}
	return url
}

// valuesOfSocket are what the templates of a socket know.
func valuesOfSocket(k knowing, answers map[string]any) values {
	known := make(values)
	if k.Token.Access != "" {
		known[ofToken] = k.Token.Access.Reveal()
	}
	if user, ok := decoded(k.User); ok && user != nil {
		known[ofUser] = user
	}
	if k.AuthAnswer != nil {
		known[ofAuth], _ = k.AuthAnswer.at(nil)
	}
	if answers != nil {
		known[ofAnswers] = answers
	}
	return known
}

// upgrade sets what of the upgrade request depends on who connects. What cannot be
// rendered is told by Target, since Header has no errors.
func (s *Socket) upgrade(c *socketConfig, path, url string, know func(knowing) values) {
	withTarget := strings.Contains(url, "{{")
	if len(s.Headers) > 0 {
		c.Header = func(k knowing) http.Header {
			header, _ := headers(path+".headers", s.Headers, know(k))
			return header
		}
	}
	if !withTarget && len(s.Headers) == 0 {
		return
	}
	c.Target = func(k knowing) (string, error) {
		known := know(k)
		if _, err := headers(path+".headers", s.Headers, known); err != nil {
			return "", backoff.Permanent(err)
		}
		full, err := address(url, known)
		if err != nil {
			return "", backoff.Permanent(at(path+".url", err))
		}
		_, rest, _ := strings.Cut(full, "://")
		if slash := strings.IndexAny(rest, "/?"); slash >= 0 {
			return "/" + strings.TrimPrefix(rest[slash:], "/"), nil
		}
		return "/", nil
	}
}

// step declares the step at a path of the file; nil stays nil. failed makes of an error
// of its template what it means.
func (s *Socket) step(step *Step, path string, know func(knowing) values, failed func(error) error) *stepConfig {
	if step == nil {
		return nil
	}
	return &stepConfig{
		Build: func(_ context.Context, k knowing) (Message, error) {
			m, err := step.Send.message(know(k))
			switch {
			case err == nil:
				m.keepsID, m.noID = step.NoAnswer || step.Answer.given(), step.NoID
			case failed != nil:
				err = failed(at(path+".send", err))
			default:
				err = at(path+".send", err)
			}
			return m, err
		},
		Accept:    step.Accept.tester(),
		IsAnswer:  s.isAnswer(step),
		NoAnswer:  step.NoAnswer,
		Recovered: step.Recovered.tester(),
	}
}

// isAnswer tells which messages without an id answer a step: those that the file says,
// or else those that are accepted, or answer requests. Before there is an answer to
// auth an error is that, if nothing else says what is.
func (s *Socket) isAnswer(step *Step) func(Message) bool {
	answer := step.Answer
	if !answer.given() {
		answer = step.Accept
	}
	if !answer.given() {
		answer = s.Answer
	}
	proves := step == s.Auth || step == s.Renew
	if !proves || step.Answer.given() || !s.Error.given() {
		return answer.tester()
	}
	return func(m Message) bool { return answer.fits(m) || s.Error.fits(m) }
}

// tester returns the match as a function; nil: the file says nothing.
func (m Match) tester() func(Message) bool {
	if !m.given() {
		return nil
	}
	return m.fits
}

// ids write and read the ids of messages.
func (s *Socket) ids() (func(*Message, uint64), func(Message) (uint64, bool)) {
	request, _ := parsePointer(s.MessageID.Request)
	answer, _ := parsePointer(cmp.Or(s.MessageID.Answer, s.MessageID.Request))
	set := func(m *Message, id uint64) {
		var written any = id
		if s.MessageID.As == "string" {
			written = strconv.FormatUint(id, 10)
		}
		*m = m.withID(request, written)
	}
	return set, func(m Message) (uint64, bool) {
		text, there := answer.find(m.text())
		if !there || s.Push.fits(m) {
			return 0, false
		}
		return idOf(text)
	}
}

// idOf reads an id that is a number, or a text of digits.
func idOf(text []byte) (uint64, bool) {
	digits := bytes.Trim(text, `"`)
	if id, err := strconv.ParseUint(string(digits), 10, 64); err == nil {
		return id, true
	}
	number, err := strconv.ParseFloat(string(digits), 64)
	id := uint64(max(number, 0))
	return id, err == nil && number < 1<<53 && float64(id) == number
}

// code reads the code of a message; nil: no message has one.
func (s *Socket) code() func(Message) (connector.Code, bool) {
	numbers, texts := s.Code.Number.parsed(), s.Code.Text.parsed()
	if len(numbers)+len(texts) == 0 {
		return nil
	}
	return func(m Message) (code connector.Code, ok bool) {
		if value, there := firstOf(numbers, m); there {
			text, _ := scalar(value)
			number, err := json.Number(text).Float64()
			if err == nil && number == float64(int(number)) {
				code.Number, ok = int(number), true
			}
		}
		if value, there := firstOf(texts, m); there {
			text, isText := value.(string)
			code.Text, ok = text, ok || isText
		}
		return code, ok
	}
}

// parsed are the pointers.
func (p Pointers) parsed() []pointer {
	var all []pointer
	for _, at := range p.At {
		if parsed, err := parsePointer(at); err == nil {
			all = append(all, parsed)
		}
	}
	return all
}

// firstOf returns the first of what is there at some pointers, other than null.
func firstOf(all []pointer, m Message) (any, bool) {
	for _, p := range all {
		if text, _ := p.find(m.text()); isThere(text) {
			return decode(text), true
		}
	}
	return nil, false
}

// PeerError is a message that is an error.
type PeerError struct {
	Code    connector.Code // zero: none, or the file does not say where it is
	Message Message
}

// Error returns the code, or else the names of the message's fields.
func (e *PeerError) Error() string {
	switch {
	case e.Code.Text != "" && e.Code.Number != 0:
		return fmt.Sprintf("%.200s (%d)", e.Code.Text, e.Code.Number)
	case e.Code.Text != "":
		return fmt.Sprintf("%.200s", e.Code.Text)
	case e.Code.Number != 0:
		return fmt.Sprintf("error %d", e.Code.Number)
	}
	return "an error of which " + strings.TrimPrefix(pointer(nil).instead(decode(e.Message.text())), "it ") + " is known"
}

// isError tells which messages are errors; nil: none is.
func (s *Socket) isError() func(Message) error {
	if !s.Error.given() {
		return nil
	}
	codeOf := s.code()
	return func(m Message) error {
		if !s.Error.fits(m) {
			return nil
		}
		fault := &PeerError{Message: m}
		if codeOf != nil {
			fault.Code, _ = codeOf(m)
		}
		return fault
	}
}

// heartbeat declares pings that are messages.
func (s *Socket) heartbeat() (h connector.Heartbeat[Message, Message]) {
	if ping := s.Ping; ping != nil {
		m, _ := ping.Send.message(nil) // it has no placeholders
		h.Ping, h.IsPong = func() Message { return m }, ping.Answer.tester()
	}
	if pong := s.Pong; pong != nil {
		h.Reply = func(m Message) (Message, bool) {
			if !pong.To.fits(m) {
				return Message{}, false
			}
			tree, _ := m.at(nil)
			reply, err := pong.Send.message(values{ofMessage: tree})
			if err != nil {
				return unsendable(err), true
			}
			return reply, true
		}
	}
	return h
}

var policies = map[string]transitions.Policy{
	"": transitions.DropOldest, "dropOldest": transitions.DropOldest, "dropNewest": transitions.DropNewest, "refuse": transitions.Refuse,
}

var classes = map[string]connector.Class{
	"network": connector.ClassNetwork, "expired": connector.ClassExpired, "rejected": connector.ClassRejected,
	"replaced": connector.ClassReplaced, "busy": connector.ClassBusy,
}

// common are the rules, deadlines and limits.
func (s *Socket) common() connector.Common {
	t := s.Timeouts
	c := connector.Common{
		OpenTimeout: time.Duration(t.Open), AuthTimeout: time.Duration(t.Auth), SubscribeTimeout: time.Duration(t.Subscribe),
		AttemptTimeout: time.Duration(t.Attempt), RequestTimeout: time.Duration(t.Request), StablePeriod: time.Duration(t.Stable),
		PingAfter: time.Duration(t.PingAfter), PingTimeout: time.Duration(t.Ping),
		ReadLimit: s.ReadLimit, Compress: s.Compress,
	}
	for _, rule := range s.Rules {
		c.Rules = append(c.Rules, rule.rule())
	}
	return c
}

func (r Rule) rule() connector.Rule {
	rule := connector.Rule{Source: connector.OfClose, From: r.Close.From, To: r.Close.To, Text: r.Reason, Class: classes[r.Means]}
	switch {
	case r.Message != nil:
		rule.Source, rule.From, rule.To, rule.Text = connector.OfMessage, r.Message.Range.From, r.Message.Range.To, r.Message.Text
	case r.Status != Range{}:
		rule.Source, rule.From, rule.To = connector.OfStatus, r.Status.From, r.Status.To
	}
	return rule
}
