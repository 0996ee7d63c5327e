package connector

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector/codec"
	"github.com/custom-app/interlock/connector/internal/ws"
)

// FuzzRule holds what rules say of a code against the plainest reading of them.
func FuzzRule(f *testing.F) {
	f.Add(uint8(OfClose), 4000, 4999, "", uint8(ClassBusy), 4401, "token expired")
	f.Add(uint8(OfMessage), 0, 0, "busy", uint8(ClassExpired), 0, "busy")
	f.Add(uint8(OfStatus), 401, 0, "", uint8(ClassNetwork), 401, "")
	f.Add(uint8(OfStatus), 500, 400, "", uint8(0), 450, "")
	f.Add(uint8(OfMessage), -5, -1, "", uint8(ClassReplaced), -3, "")
	f.Add(uint8(OfMessage), -5, 0, "", uint8(ClassReplaced), -5, "x")
	f.Add(uint8(9), -1<<63, 1<<62, "\xff", uint8(255), 1<<62, "\xff")
	f.Fuzz(func(t *testing.T, source uint8, from, to int, text string, class8 uint8, number int, said string) {
		rule := Rule{Source: Source(source), From: from, To: to, Text: text, Class: Class(class8)}
		code := Code{Number: number, Text: said}
		err := rule.validate()
		if err != nil {
			if field, _, ok := strings.Cut(err.Error(), ": "); !ok || !slices.Contains([]string{"Source", "Class", "From", "To", "Text"}, field) {
				t.Errorf("got %q, want it to name a field", err)
			}
			return
		}
		last := to
		if last == 0 {
			last = from
		}
		fits := (from == 0 && to == 0 || number >= from && number <= last) && (text == "" || text == said)
		for _, source := range []Source{OfStatus, OfClose, OfMessage} {
			got, declared := class([]Rule{rule}, source, code)
			want, wanted := class(nil, source, code)
			if fits && source == rule.Source {
				want, wanted = rule.Class, true
			}
			if got != want || declared != wanted || got >= classes {
				t.Errorf("%+v of source %d: got %s %t, want %s %t", code, source, got, declared, want, wanted)
			}
		}
		if arg := codeArg(code); arg != 0 && int(arg) != number || arg > 1<<16-1 {
			t.Errorf("%d is carried as %d", number, arg)
		}
	})
}

// packet is a message of a peer that may say anything.
type packet struct {
	ID    *uint64 `json:"id,omitempty"`
	Error string  `json:"error,omitempty"`
	Code  *int    `json:"code,omitempty"`
	Is    string  `json:"is,omitempty"` // ping, pong, or what makes the application's functions panic
}

// nobody is a backend that is never asked.
type nobody struct {
	authhttp.Service[string, string]
}

// listener is a socket whose reader reads what a fuzzer writes.
func listener(f *testing.F) *socketRun {
	must := func(is, when string) {
		if is == when {
			panic(is)
		}
	}
	client, err := New(Config[string, string]{Auth: nobody{}, Sockets: []AnySocket[string]{SocketConfig[string, packet, packet]{
		ID: "a", URL: "wss://interlock.test/a",
		SetID: func(p *packet, id uint64) { p.ID = &id },
		GetID: func(p packet) (uint64, bool) {
			if must(p.Is, "panic of GetID"); p.ID == nil {
				return 0, false
			}
			return *p.ID, true
		},
		IsError: func(p packet) error {
			if must(p.Is, "panic of IsError"); p.Error == "" {
				return nil
			}
			return errors.New(p.Error)
		},
		Code: func(p packet) (Code, bool) {
			if must(p.Is, "panic of Code"); p.Code == nil {
				return Code{}, false
			}
			return Code{Number: *p.Code, Text: p.Error}, true
		},
		Blame: BlameOldest[packet],
		Heartbeat: Heartbeat[packet, packet]{
			IsPong: func(p packet) bool { must(p.Is, "panic of IsPong"); return p.Is == "pong" },
			Reply:  func(p packet) (packet, bool) { must(p.Is, "panic of Reply"); return packet{Is: "pong"}, p.Is == "ping" },
		},
		Common: Common{Rules: messageRules},
	}}})
	if err != nil {
		f.Fatal(err)
	}
	return client.NewSession().driver.socketRuns()[0]
}

var messageRules = []Rule{
	{Source: OfMessage, From: 1, To: 9, Class: ClassExpired}, {Source: OfMessage, From: 10, Class: ClassBusy},
	{Source: OfMessage, Text: "gone", Class: ClassRejected},
}

// awaited is a connection that awaits the answers 1 to 4: to a request, to its auth
// message, to a subscription and to the end of one. It writes nothing.
func awaited(run *socketRun) *connection {
	yes := &step{accept: func(any) bool { return true }, recovered: func(any) bool { return true }}
	c := &connection{run: run, gen: 7, closing: true, expected: make(map[uint64]expectation)}
	for i, e := range []expectation{{request: 1}, {step: yes}, {step: yes, subscription: 1, number: 1}, {step: yes, subscription: 1, leaves: true}} {
		c.expect(uint64(i+1), e)
	}
	c.ctx, c.end = context.WithCancel(context.Background())
	return c
}

// FuzzMessages reads any frame as what comes on an open connection: every message
// in it is published once, in order, whoever it is for, and what the connector
// makes of it is what the plainest reading makes of it.
func FuzzMessages(f *testing.F) {
	for _, frame := range []string{
		`{"id":1}`, `{"id":1}{"id":1}`, `[{"id":2},{"id":3},{"id":4}]`, `{"id":99,"error":"no"}`, `{"error":"no"}{"error":"no"}`,
		`{"id":2,"error":"no","code":5}`, `{"id":3,"error":"no"}`, `{"code":10}{"code":11}`, `{"error":"gone","code":0}`, `{"is":"ping"}{"is":"pong"}{}`,
		`{"is":"panic of GetID"}{"is":"panic of Code","error":"no"}`, `{"is":"panic of Reply"}{"is":"panic of IsPong"}{"is":"panic of IsError"}{"id":1}`,
		`{"id":-1}`, `{"id":18446744073709551615}`, `{"id":1e1}`, "{\"id\":1}\n{\"id\":", `[[]]`, "\xff\xfe", "", `null`, `{"ID":1,"id":2}`, `{"code":4294967296}`,
	} {
		f.Add(false, []byte(frame))
	}
	f.Add(true, []byte(`{"id":1}`))
	run := listener(f)
	f.Fuzz(func(t *testing.T, binary bool, data []byte) {
		streams, faults := run.messages.(*inbound[packet]), run.faults.stream(2*len(data)+4)
		all, rest := streams.all.stream(len(data)+1), streams.messages.stream(len(data)+1)
		defer func() { all.Close(); rest.Close(); faults.Close() }()
		c := awaited(run)
		defer c.end()
		err := c.decode(ws.Frame{Binary: binary, Data: data})

		var sent []packet
		wrong := codec.JSON[packet, packet]{}.Decode(codec.Frame{Binary: binary, Data: data}, func(p packet) { sent = append(sent, p) })
		if (err == nil) != (wrong == nil) {
			t.Errorf("got error %v, the codec says %v", err, wrong)
		}
		pending := []uint64{1, 2, 3, 4}
		for _, p := range sent {
			want := Inbound[packet]{Message: p, Generation: 7, Own: own(p, &pending)}
			if got, ok := all.take(); !ok || !same(got, want) {
				t.Fatalf("%s: got %s %t, want %s", data, text(got), ok, text(want))
			}
			if want.Own {
				continue
			}
			if got, ok := rest.take(); !ok || text(got) != text(p) {
				t.Fatalf("%s: the application got %s %t, want %s", data, text(got), ok, text(p))
			}
		}
		_, more := all.take()
		if _, moreRest := rest.take(); more || moreRest {
			t.Errorf("%s: more messages came than were sent", data)
		}
		if got := c.pending(); !slices.Equal(got, pending) {
			t.Errorf("%s: %d are still awaited, want %d", data, got, pending)
		}
		for fault, ok := faults.take(); ok; fault, ok = faults.take() {
			if strings.Contains(fault.Error(), "panic") && !strings.Contains(string(data), "panic of") {
				t.Errorf("%s: %v", data, fault)
			}
		}
	})
}

// own tells whether the connector uses a message, and takes the answer that it is
// out of those that are pending.
func own(p packet, pending *[]uint64) bool {
	if strings.HasPrefix(p.Is, "panic of ") && slices.Contains([]string{"GetID", "IsError", "Code", "IsPong", "Reply"}, p.Is[len("panic of "):]) {
		return p.Error != "" && (p.Is == "panic of IsPong" || p.Is == "panic of Reply")
	}
	if p.Is == "ping" || p.Is == "pong" {
		return true
	}
	id, named := uint64(0), p.ID != nil
	if named {
		id = *p.ID
	} else if p.Error != "" && len(*pending) > 0 {
		id, named = (*pending)[0], true
	}
	if i := slices.Index(*pending, id); named && i >= 0 {
		*pending = slices.Delete(*pending, i, i+1)
		return true
	}
	ruled := p.Code != nil && (*p.Code >= 1 && *p.Code <= 10 || p.Error == "gone")
	return ruled || p.Error != "" && p.ID == nil
}

func same(a, b Inbound[packet]) bool {
	return text(a.Message) == text(b.Message) && a.Generation == b.Generation && a.Own == b.Own
}

func text(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}
