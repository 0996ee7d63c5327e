package journal_test

import (
	"errors"
	"io"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/custom-app/interlock/connector/journal"
	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/transitions"
)

// replayAll replays a text and returns the replayer at its end.
func replayAll(t rapid.TB, text string, system *transitions.System) *journal.Replayer {
	t.Helper()
	p := journal.NewReplayer(strings.NewReader(text), system)
	for {
		if _, err := p.Next(); errors.Is(err, io.EOF) {
			return p
		} else if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
	}
}

func TestReplay(t *testing.T) {
	t.Run("D4 random runs replay the same, to the same states", func(t *testing.T) { rapid.Check(t, replaysTheSame) })

	t.Run("D4 records of sessions alternate", func(t *testing.T) {
		text := recorded(t, 1, 3, 500)
		p := journal.NewReplayer(strings.NewReader(text), nil)
		records, lines := uint64(0), uint64(0)
		for {
			line, err := p.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if lines++; line.Number != lines || line.Session < 1 || line.Session > 3 {
				t.Errorf("got line %+v, want number %d", line, lines)
			}
			if line.Event != nil {
				if records++; line.Event.Record != line.Record || line.Event.Session != line.Session {
					t.Errorf("got %+v of line %+v", line.Event, line)
				}
			}
		}
		got := p.Summary()
		if got.Records != 500 || got.Sessions != 3 || got.Truncated || got.Renumbered != 0 || records == 0 || records == 500 {
			t.Errorf("got %+v, %d events, want 500 records of 3 sessions, not all of them events", got, records)
		}
		if _, err := p.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("got %v after the end, want the end", err)
		}
	})

	t.Run("D4 what no connector posts replays the same, and is refused the same", func(t *testing.T) {
		refusals := make(map[string]int)
		for seed := range uint64(100) {
			p := newTape(byTable, 2, rand.New(rand.NewPCG(seed, 1)).IntN)
			p.anything()
			for range 150 {
				if err := p.step(); err != nil {
					t.Fatal(err)
				}
			}
			if got := replayAll(t, p.text.String(), nil).Summary(); got.Records != 150 {
				t.Errorf("got %+v, want 150 records", got)
			}
			for kind, n := range p.refusals {
				refusals[kind] += n
			}
		}
		for _, kind := range []string{"impossible", "settled", "invalid", "defect"} {
			if refusals[kind] == 0 {
				t.Errorf("got no event that is refused as %s, want some", kind)
			}
		}
		t.Logf("refused: %v", refusals)
	})

	t.Run("X4 tables that panic end the replay with an error", func(t *testing.T) {
		decl := transitions.Login.Declaration()
		decl.Rows = slices.Clone(decl.Rows)
		for i := range decl.Rows {
			if row := &decl.Rows[i]; slices.Contains(row.On, transitions.LoginGateOpened) && row.Never == "" {
				row.Set = &fsm.Update[transitions.LoginData, transitions.LoginEvent]{Name: "burn", Apply: func(*transitions.LoginData, fsm.Event[transitions.LoginEvent]) { panic("fire") }}
			}
		}
		machines := transitions.Shipped.Machines
		var err error
		if machines.Login, err = fsm.Declare(decl); err != nil {
			t.Fatal(err)
		}
		burning, err := transitions.NewSystem(machines, transitions.Shipped.Coupling)
		if err != nil {
			t.Fatal(err)
		}
		_, err = journal.Replay(strings.NewReader(strings.Join(short(t), "")), burning)
		if want := "interlock: journal: line 3, record 2 of session 1: the tables cannot take it: fire"; err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	})

	t.Run("D4 a journal of one engine is replayed by the other", func(t *testing.T) {
		p := replayAll(t, recorded(t, 2, 1, 300), transitions.Shipped.Using(fsm.Looplab))
		if got := p.Sessions()[0].Engine; got != "table" {
			t.Errorf("got engine %q, want that of the recording", got)
		}
	})

	t.Run("D4 a session's first line has the whole of its plan", func(t *testing.T) {
		p := newTape(byTable, 0, nil)
		var plan transitions.SocketPlan
		fill(reflect.ValueOf(&plan).Elem(), 1)
		plan.Group, plan.Early = 1, true
		recorder := p.writer.Session(1, journal.Plan{Groups: 2, Sockets: []journal.Socket{{Name: "s", Plan: plan}}})
		core, err := byTable.New(transitions.Plan{Groups: 2, Sockets: []transitions.SocketPlan{plan}})
		if err != nil {
			t.Fatal(err)
		}
		in := transitions.Input{To: transitions.SessionKind, On: uint8(transitions.SessionWoken)}
		outputs, err := core.Post(in)
		if err := recorder.Post(in, outputs, err); err != nil {
			t.Fatal(err)
		}
		got := replayAll(t, p.text.String(), nil).Sessions()[0]
		if !reflect.DeepEqual(got.Core(), core) {
			t.Errorf("got core %+v, want %+v", got.Core(), core)
		}
	})
}

// fill sets every field that a value has, each to another value.
func fill(v reflect.Value, n int) int {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			n = fill(v.Field(i), n)
		}
	case reflect.Array:
		for i := range v.Len() {
			n = fill(v.Index(i), n)
		}
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int:
		v.SetInt(int64(n))
		n++
	case reflect.Uint8: // a policy
		v.SetUint(2)
	default:
		panic("a field of a kind that the journal does not know: " + v.Kind().String())
	}
	return n
}

// replaysTheSame records a run of some cores, and replays it by other ones.
func replaysTheSame(t *rapid.T) {
	p := newTape(byTable, rapid.IntRange(1, 3).Draw(t, "sessions"), func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "pick") })
	for range rapid.IntRange(1, 40).Draw(t, "records") {
		if err := p.step(); err != nil {
			t.Fatal(err)
		}
	}
	text := p.text.String()
	again := replayAll(t, text, nil)
	if got := again.Summary(); got.Records != uint64(p.records) || got.Renumbered != 0 || got.Truncated {
		t.Fatalf("got %+v, want %d records", got, p.records)
	}
	for _, s := range again.Sessions() {
		want := p.cores[s.Number-1]
		if s.Core().Key() != want.Key() || s.Core().NextRequest() != want.NextRequest() {
			t.Fatalf("session %d: got %+v, want %+v\n%s", s.Number, s.Core(), want, text)
		}
		for i := range want.Sockets() {
			state, data := want.Socket(i)
			if gotState, got := s.Core().Socket(i); gotState != state || got != data {
				t.Fatalf("socket %d: got %s %+v, want %s %+v", i, gotState, got, state, data)
			}
		}
	}
}
