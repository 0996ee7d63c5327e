package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/custom-app/interlock/connector/journal"
	"github.com/custom-app/interlock/transitions"
)

// short is a journal of one session: a login that fails, is tried again, and is
// given up, and a socket that is added.
func short(t testing.TB) []string {
	t.Helper()
	p := newTape(byTable, 0, nil)
	plan := transitions.SocketPlan{Limits: transitions.Limits{{Count: 1, Bytes: 9}}, Subscriptions: 1}
	core, err := byTable.New(transitions.Plan{Sockets: []transitions.SocketPlan{plan}})
	if err != nil {
		t.Fatal(err)
	}
	to := p.writer.Session(1, journal.Plan{Sockets: []journal.Socket{{Name: "menu", Plan: plan}}})
	post := func(in transitions.Input) {
		outputs, refused := core.Post(in)
		err := to.Post(in, outputs, refused)
		for _, out := range outputs {
			if out.What == transitions.Start && out.Timer == uint8(transitions.LoginRetryDue) && out.Machine == transitions.LoginKind {
				err = errors.Join(err, to.Delay(out, 1500))
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	login := func(on transitions.LoginEvent) {
		_, d := core.Login()
		post(transitions.Input{To: transitions.LoginKind, On: uint8(on), Gen: d.Gen})
	}
	post(transitions.Input{To: transitions.SessionKind, On: uint8(transitions.SessionLoginRequested), Arg: 1})
	login(transitions.LoginGateOpened)
	login(transitions.LoginUnavailable)
	post(transitions.Input{To: transitions.SocketKind, ID: 7, On: uint8(transitions.SocketOpened)})
	post(transitions.Input{To: transitions.RequestKind, ID: 1, On: uint8(transitions.RequestSubmit), Arg: 3, Request: transitions.RequestData{Need: transitions.NeedOpen, Repeatable: true}})
	post(transitions.Input{To: transitions.RequestKind, ID: 3, On: uint8(transitions.RequestSubmit), Arg: 3})
	plan.Added = true
	id, err := core.AddSocket(plan)
	if err := errors.Join(err, to.Add(journal.Socket{Name: "room", Plan: plan}, id)); err != nil {
		t.Fatal(err)
	}
	login(transitions.LoginRetryDue)
	return strings.SplitAfter(strings.TrimSuffix(p.text.String(), "\n")+"\n", "\n")[:p.lines()]
}

func (p *tape) lines() int { return bytes.Count(p.text.Bytes(), []byte("\n")) }

// The lines of short.
const (
	headerLine = 1 + iota
	loginLine
	gateLine
	unavailableLine
	delayLine
	settledLine
	submitLine
	invalidLine
	addedLine
	retryLine
)

func TestBadJournals(t *testing.T) {
	good := short(t)
	if len(good) != retryLine {
		t.Fatalf("got %d lines, want %d:\n%s", len(good), retryLine, strings.Join(good, ""))
	}
	// edit replaces something in one line, and seals the journal anew.
	edit := func(line int, old, new string) string {
		t.Helper()
		lines := append([]string(nil), good...)
		if !strings.Contains(lines[line-1], old) {
			t.Fatalf("line %d has no %s: %s", line, old, lines[line-1])
		}
		lines[line-1] = strings.Replace(lines[line-1], old, new, 1)
		return resealed(strings.Join(lines, ""))
	}
	without := func(line int) string {
		return strings.Join(append(append([]string(nil), good[:line-1]...), good[line:]...), "")
	}
	twice := func(line int) string {
		return strings.Join(append(append([]string(nil), good[:line]...), good[line-1:]...), "")
	}
	all := strings.Join(good, "")

	for _, c := range []struct {
		name, text   string
		line, record uint64
		want         string
	}{
		{"empty", "", 1, 0, "the journal is empty"},
		{"an empty line", "\n", 1, 0, "no journal"},
		{"text", "a poem\nof two lines\n", 1, 0, "no journal"},
		{"one line that has no end", "a poem", 1, 0, "no journal"},
		{"another JSON", `{"a":1}` + "\n", 1, 0, "no journal"},
		{"binary garbage", "\x00\x01\xff\xfe\n\x80\n", 1, 0, "no journal"},
		{"a journal of something else", `{"journal":"diary","version":2}` + "\n", 1, 0, `"diary"`},
		{"version 1", `{"journal":"interlock","version":1,"session":1,"engine":"looplab","sockets":["menu"]}` + "\n", 1, 0, "version: is 1, and this program reads 2"},
		{"version 3", edit(headerLine, `"version":2`, `"version":3,"colour":"red"`), 1, 0, "version: is 3"},
		{"no version", edit(headerLine, `"version":2,`, ``), 1, 0, "version: is 0"},
		{"a version in words", edit(headerLine, `"version":2`, `"version":"two"`), 1, 0, "version: must not be a string"},
		{"no header", without(headerLine), 1, 0, "the header is missing"},
		{"the header of another session", edit(headerLine, `"session":1`, `"session":2`), 2, 1, "session: 1 has not begun"},
		{"a session 0", edit(headerLine, `"session":1`, `"session":0`), 1, 0, "session: is 0"},
		{"a session that begins twice", resealed(all + good[0]), retryLine + 1, 0, "has begun before"},
		{"two journals in a file", all + all, retryLine + 1, 0, "one journal"},
		{"an unknown engine", edit(headerLine, `"table"`, `"steam"`), 1, 0, `engine: "steam"`},
		{"negative groups", edit(headerLine, `"groups":0`, `"groups":-1`), 1, 0, "Groups"},
		{"an unknown need of a limit", edit(headerLine, `"need":"open"`, `"need":"sleep"`), 1, 0, `sockets[0]: plan: limits[2]: need: "sleep"`},
		{"no need of a limit", edit(headerLine, `"need":"open"`, `"need":"nothing"`), 1, 0, `limits[2]: need: "nothing"`},
		{"the same need twice", edit(headerLine, `"need":"open"`, `"need":"ready"`), 1, 0, `limits[2]: need: "ready"`},
		{"a missing need", edit(headerLine, `{"need":"ready","count":1,"bytes":9,"policy":"dropOldest"},`, ``), 1, 0, "limits: there are 2"},
		{"an unknown policy", edit(headerLine, `"dropOldest"`, `"dropAll"`), 1, 0, `limits[0]: policy: "dropAll"`},
		{"the policy of tables alone", edit(headerLine, `"dropOldest"`, `"oversize"`), 1, 0, `policy: "oversize"`},
		{"a negative limit", edit(headerLine, `"count":1`, `"count":-1`), 1, 0, "must not be negative"},
		{"a socket of no group", edit(headerLine, `"group":0`, `"group":5`), 1, 0, "Group is 5"},
		{"very many subscriptions", edit(headerLine, `"subscriptions":1`, `"subscriptions":9223372036854775807`), 1, 0, "Subscriptions"},
		{"an unknown machine", edit(gateLine, `"machine":"login"`, `"machine":"logout"`), 3, 2, `machine: "logout"`},
		{"an unknown event", edit(gateLine, `"event":"gateOpened"`, `"event":"gateShut"`), 3, 2, `the login knows no "gateShut"`},
		{"an unknown state", edit(gateLine, `"from":"gated"`, `"from":"grated"`), 3, 2, `steps[0]: from: the login knows no state "grated"`},
		{"another unknown state", edit(gateLine, `"to":"requesting"`, `"to":"begging"`), 3, 2, `steps[0]: to: the login knows no state "begging"`},
		{"an unknown effect", edit(gateLine, `"do":["`, `"do":["un`), 3, 2, `do: the login knows no effect "un`},
		{"an unknown machine of a step", edit(gateLine, `"steps":[{"machine":"login"`, `"steps":[{"machine":"x"`), 3, 2, `steps[0]: machine: "x"`},
		{"another state", edit(gateLine, `"to":"requesting"`, `"to":"idle"`), 3, 2, "step 1: the journal says login 0: gated -gateOpened-> idle"},
		{"a step more", edit(gateLine, `"steps":[`, `"steps":[{"machine":"login","id":0,"from":"idle","event":"started","to":"gated","row":3},`), 3, 2, "step 1: the journal says login 0: idle -started-> gated"},
		{"a step less", edit(gateLine, good[gateLine-1][strings.Index(good[gateLine-1], `,"steps"`):strings.Index(good[gateLine-1], `,"sum"`)], ``), 3, 2, "step 1: the journal says nothing more, the tables say login 0"},
		{"row 0", edit(gateLine, `"row":7`, `"row":0`), 3, 2, "row: is 0"},
		{"a refusal that is none", edit(gateLine, `"steps"`, `"refused":"settled","steps"`), 3, 2, "the journal says that it was refused as settled"},
		{"a refusal taken out", edit(settledLine, `"refused":"settled",`, ``), settledLine, 4, "the journal says that it was taken, the tables say that it was refused as settled"},
		{"another refusal", edit(settledLine, `"refused":"settled"`, `"refused":"impossible"`), settledLine, 4, "the tables say that it was refused as settled"},
		{"an unknown refusal", edit(settledLine, `"refused":"settled"`, `"refused":"ignored"`), settledLine, 4, `refused: "ignored" is unknown`},
		{"a request without what it is", edit(submitLine, `"request":{"need":"open","repeatable":true},`, ``), submitLine, 5, "request: belongs to"},
		{"a request where none is", edit(gateLine, `"arg":0`, `"arg":0,"request":{"need":"open"}`), 3, 2, "request: belongs to"},
		{"an unknown need", edit(submitLine, `"need":"open"`, `"need":"closed"`), submitLine, 5, `request: need: "closed"`},
		{"another id of a socket", edit(addedLine, `"id":1`, `"id":2`), addedLine, 7, "the journal says socket 2, the tables say socket 1"},
		{"a plan of no group", edit(addedLine, `"group":0`, `"group":-1`), addedLine, 7, "plan: the Group is -1"},
		{"an unknown policy of a plan", edit(addedLine, `"dropOldest"`, `""`), addedLine, 7, `plan: limits[0]: policy: ""`},
		{"the delay of another record", edit(delayLine, `"record":3`, `"record":2`), delayLine, 2, "the session's last is 3"},
		{"the delay of no timer", edit(delayLine, `"delay":"retryDue"`, `"delay":"timedOut"`), delayLine, 3, "has not started the timer timedOut of the login 0"},
		{"an unknown timer", edit(delayLine, `"delay":"retryDue"`, `"delay":"teatime"`), delayLine, 3, `knows no "teatime"`},
		{"a delay that is told twice", resealed(twice(delayLine)), delayLine + 1, 3, "told before"},
		{"a negative delay", edit(delayLine, `"seconds":`, `"seconds":-`), delayLine, 3, "seconds: must not be negative"},
		{"the delay of no session", edit(delayLine, `"session":1`, `"session":4`), delayLine, 3, "session: 4 has not begun"},
		{"a record that is missing", without(gateLine), 3, 3, "record: is 3 after 1: what is between is missing"},
		{"a record that is there twice", twice(gateLine), 4, 2, "record: is 2 after 2"},
		{"a delay that is missing", without(delayLine), delayLine, 4, "does not follow the line before it"},
		{"an edited number", strings.Replace(all, `"arg":3`, `"arg":4`, 1), submitLine, 5, "was changed"},
		{"a number as a text", edit(gateLine, `"gen":1`, `"gen":"1"`), 3, 1, "gen: must not be a string"},
		{"a number out of range", edit(gateLine, `"gen":1`, `"gen":-1`), 3, 1, "gen: must not be a number"},
		{"an unknown field", edit(gateLine, `"gen":1`, `"genus":1`), 3, 1, `unknown field "genus"`},
		{"no JSON", edit(gateLine, `"gen":1`, `"gen":`), 3, 1, "cannot be read"},
		{"two objects", edit(gateLine, `"gen":1`, `"gen":1}{"x":1`), 3, 1, "goes on after its object"},
		{"no sum", strings.Replace(all, `,"sum":"`, `,"sun":"`, 2), 1, 0, "has no sum"},
		{"a sum that is none", good[0] + good[1][:len(good[1])-5] + "x" + good[1][len(good[1])-4:], 2, 0, "sum: is not of eight"},
		{"a line of another kind", good[0] + strings.Replace(good[1], `{"record"`, `{"retort"`, 1), 2, 0, "is no line of a journal"},
		{"a line that is cut in two", strings.Replace(all, `,"gen":1`, "\n"+`,"gen":1`, 1), 3, 1, "has no sum"},
		{"a line of spaces", good[0] + "  \n" + good[1], 2, 0, "has no sum"},
		{"a line that is too long", good[0] + strings.Repeat("x", journal.LineLimit+1) + "\n", 2, 0, fmt.Sprintf("is longer than %d bytes", journal.LineLimit)},
	} {
		t.Run("X4 "+c.name, func(t *testing.T) {
			_, fault := replayed(t, c.text)
			if fault == nil {
				t.Fatalf("got no error, want %q", c.want)
			}
			if fault.Line != c.line || fault.Record != c.record || !strings.Contains(fault.Error(), c.want) {
				t.Errorf("got line %d, record %d: %v\nwant line %d, record %d: %s", fault.Line, fault.Record, fault, c.line, c.record, c.want)
			}
		})
	}

	t.Run("X4 nothing that the tables say is a divergence of form", func(t *testing.T) {
		_, fault := replayed(t, edit(gateLine, `"to":"requesting"`, `"to":"idle"`))
		var diverged *journal.Divergence
		if !errors.As(fault, &diverged) || diverged.Step != 1 {
			t.Errorf("got %v, want a divergence in step 1", fault)
		}
	})
	t.Run("D4 a row of another number is told, but no divergence", func(t *testing.T) {
		got, fault := replayed(t, edit(gateLine, `"row":7`, `"row":8`))
		if fault != nil || got.Renumbered != 2 || got.Records != 8 {
			t.Errorf("got %+v, %v, want other numbers from record 2 on", got, fault)
		}
	})
	t.Run("D4 a journal that is cut anywhere is replayed up to there", func(t *testing.T) {
		ends, whole := 0, uint64(0)
		for i := len(good[0]); i <= len(all); i++ {
			got, fault := replayed(t, all[:i])
			if fault != nil {
				t.Fatalf("cut to %d bytes: %v", i, fault)
			}
			cut := !strings.HasSuffix(all[:i], "\n")
			if !cut {
				ends++
			}
			if got.Truncated != cut || got.Records < whole || got.Records > 8 {
				t.Errorf("cut to %d bytes: got %+v, want truncated %t", i, got, cut)
			}
			whole = got.Records
		}
		if ends != len(good) || whole != 8 {
			t.Errorf("got %d whole lines and %d records at the end, want %d and 8", ends, whole, len(good))
		}
	})
	t.Run("X4 the error of the reader is told", func(t *testing.T) {
		_, err := journal.Replay(&faulty{text: strings.NewReader(all[:300])}, nil)
		if !errors.Is(err, errBroken) || !strings.Contains(err.Error(), "line ") {
			t.Errorf("got %v, want %v and the line", err, errBroken)
		}
	})
	t.Run("X4 after an error there is no more", func(t *testing.T) {
		p := journal.NewReplayer(strings.NewReader(without(gateLine)), nil)
		var first error
		for first == nil {
			_, first = p.Next()
		}
		if _, again := p.Next(); again != first {
			t.Errorf("got %v, then %v, want the same", first, again)
		}
	})
}

var errBroken = errors.New("the disk is on fire")

// faulty reads a text and then fails.
type faulty struct{ text *strings.Reader }

func (f *faulty) Read(p []byte) (int, error) {
	if n, err := f.text.Read(p); err == nil {
		return n, nil
	}
	return 0, errBroken
}
