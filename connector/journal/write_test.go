package journal_test

import (
	"errors"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/custom-app/interlock/connector/journal"
	"github.com/custom-app/interlock/transitions"
)

// woken is what wakes a session, and does nothing to one that is logged out.
var woken = transitions.Input{To: transitions.SessionKind, On: uint8(transitions.SessionWoken)}

// filling takes so many lines and then part of one.
type filling struct{ lines, taken int }

func (f *filling) Write(p []byte) (int, error) {
	if f.taken++; f.taken > f.lines {
		return len(p) / 2, nil
	}
	return len(p), nil
}

func TestWriter(t *testing.T) {
	t.Run("X4 after a failed write nothing more is written", func(t *testing.T) {
		to := &filling{lines: 3}
		w := journal.NewWriter(to, byTable)
		first, second := w.Session(1, journal.Plan{}), w.Session(2, journal.Plan{})
		for i, want := range []error{nil, nil, io.ErrShortWrite, io.ErrShortWrite} { // the first of each also begins its session
			recorder := first
			if i == 2 {
				recorder = second
			}
			if err := recorder.Post(woken, nil, transitions.ErrSettled); !errors.Is(err, want) {
				t.Errorf("record %d: got %v, want %v", i+1, err, want)
			}
		}
		if err := second.Delay(transitions.Output{Timer: 1}, 1); !errors.Is(err, io.ErrShortWrite) || to.taken != 4 {
			t.Errorf("got %v after %d writes, want the same error after 4", err, to.taken)
		}
	})
	t.Run("X4 what is not declared cannot be written", func(t *testing.T) {
		p := newTape(byTable, 0, nil)
		to := p.writer.Session(1, journal.Plan{})
		for _, in := range []transitions.Input{{To: 99, On: 1}, {}, {On: 255}} {
			if err := to.Post(in, nil, nil); err == nil || !strings.HasPrefix(err.Error(), "interlock: journal: ") {
				t.Errorf("%+v: got %v, want it refused", in, err)
			}
			if err := to.Delay(transitions.Output{Machine: in.To, Timer: in.On}, 1); err == nil {
				t.Errorf("a delay of %+v: got no error", in)
			}
		}
		if p.text.Len() != 0 {
			t.Errorf("got %q, want nothing written", p.text.String())
		}
	})
	t.Run("D4 records of goroutines are numbered in the order of their lines", func(t *testing.T) {
		p := newTape(byTable, 0, nil)
		var group sync.WaitGroup
		for number := range uint64(4) {
			core, err := byTable.New(transitions.Plan{})
			if err != nil {
				t.Fatal(err)
			}
			to := p.writer.Session(number+1, journal.Plan{})
			group.Go(func() {
				for range 50 {
					outputs, refused := core.Post(woken)
					if err := to.Post(woken, outputs, refused); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		if got := replayAll(t, p.text.String(), nil).Summary(); got.Records != 200 || got.Sessions != 4 {
			t.Errorf("got %+v, want 200 records of 4 sessions", got)
		}
	})
}
