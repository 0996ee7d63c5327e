package journal_test

import (
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/custom-app/interlock/connector/journal"
	"github.com/custom-app/interlock/transitions"
)

// endless is a journal that is recorded while it is read, and ends after so many
// bytes.
type endless struct {
	tape *tape
	left int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	for e.tape.text.Len() < len(p) {
		if err := e.tape.step(); err != nil {
			return 0, err
		}
	}
	n, err := e.tape.text.Read(p)
	e.left -= n
	return n, err
}

// heap is how many bytes are in use.
func heap() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func TestLargeJournals(t *testing.T) {
	t.Run("X3 X4 a journal of any length takes no more memory", func(t *testing.T) {
		const size = 24 << 20
		from := &endless{tape: newTape(byTable, 4, rand.New(rand.NewPCG(7, 0)).IntN), left: size}
		p := journal.NewReplayer(from, nil)
		before := heap()
		for {
			line, err := p.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if line.Number%10_000 == 0 {
				if now := heap(); now > before+4<<20 {
					t.Fatalf("got %d bytes in use at line %d, %d before", now, line.Number, before)
				}
			}
		}
		if got := p.Summary(); got.Records < 50_000 || !got.Truncated {
			t.Errorf("got %+v, want many records, and the last line cut off", got)
		}
	})

	t.Run("X3 X4 a line without an end is refused, not kept", func(t *testing.T) {
		head := short(t)[0]
		before := heap()
		p := journal.NewReplayer(io.MultiReader(strings.NewReader(head), spaces{}), nil)
		_, first := p.Next()
		_, second := p.Next()
		if first != nil || second == nil || !strings.Contains(second.Error(), "line 2, after record 0: is longer than") && !strings.Contains(second.Error(), "line 2: is longer than") {
			t.Errorf("got %v, %v, want the second line refused", first, second)
		}
		if now := heap(); now > before+4*journal.LineLimit {
			t.Errorf("got %d bytes in use, %d before", now, before)
		}
		runtime.KeepAlive(p)
	})

	t.Run("X3 X4 more machines than may be are refused", func(t *testing.T) {
		from := &sessions{tape: newTape(byTable, 0, nil)}
		p := journal.NewReplayer(from, nil)
		p.MachineLimit = 1000
		var err error
		for err == nil {
			_, err = p.Next()
		}
		if want := "there are more than 1000 machines at once"; !strings.Contains(err.Error(), want) || p.Summary().Sessions != 334 {
			t.Errorf("got %v with %+v, want %s", err, p.Summary(), want)
		}
		text := strings.Replace(short(t)[0], `"subscriptions":1`, `"subscriptions":255`, 1)
		p = journal.NewReplayer(strings.NewReader(resealed(text)), nil)
		p.MachineLimit = 200
		if _, err := p.Next(); err == nil || !strings.Contains(err.Error(), "line 1, session 1: there are more than 200 machines") {
			t.Errorf("got %v, want the header refused", err)
		}
		text = strings.Replace(short(t)[0], `"menu"`, `"`+strings.Repeat("x", 100_000)+`"`, 1)
		p = journal.NewReplayer(strings.NewReader(resealed(text)), nil)
		p.MachineLimit = 200
		if _, err := p.Next(); err == nil || !strings.Contains(err.Error(), "more than 200 machines") {
			t.Errorf("got %v, want the name refused", err)
		}
	})

	t.Run("X4 a line that could not be read back is not written", func(t *testing.T) {
		tape := newTape(byTable, 0, nil)
		name := strings.Repeat("x", journal.LineLimit)
		recorder := tape.writer.Session(1, journal.Plan{Sockets: []journal.Socket{{Name: name}}})
		err := recorder.Post(transitions.Input{To: transitions.SessionKind, On: uint8(transitions.SessionWoken)}, nil, nil)
		if err == nil || !strings.Contains(err.Error(), "at most") || tape.text.Len() != 0 {
			t.Errorf("got %v and %d bytes, want none", err, tape.text.Len())
		}
	})
}

// spaces is a line that never ends.
type spaces struct{}

func (spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// sessions is a journal in which ever more sessions begin.
type sessions struct {
	tape *tape
	n    uint64
}

func (s *sessions) Read(p []byte) (int, error) {
	for s.tape.text.Len() < len(p) {
		s.n++
		core, err := byTable.New(transitions.Plan{})
		if err != nil {
			return 0, err
		}
		in := transitions.Input{To: transitions.SessionKind, On: uint8(transitions.SessionWoken)}
		outputs, refused := core.Post(in)
		if err := s.tape.writer.Session(s.n, journal.Plan{}).Post(in, outputs, refused); err != nil {
			return 0, err
		}
	}
	return s.tape.text.Read(p)
}

func BenchmarkReplay(b *testing.B) {
	text := recorded(b, 1, 4, 20_000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	records := uint64(0)
	for b.Loop() {
		got, err := journal.Replay(strings.NewReader(text), nil)
		if err != nil {
			b.Fatal(err)
		}
		records += got.Records
	}
	b.ReportMetric(float64(records)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkRecord is what a record costs its writer.
func BenchmarkRecord(b *testing.B) {
	core, err := byTable.New(transitions.Plan{})
	if err != nil {
		b.Fatal(err)
	}
	in := transitions.Input{To: transitions.SessionKind, On: uint8(transitions.SessionLoginRequested), Arg: 1}
	outputs, err := core.Post(in)
	if err != nil {
		b.Fatal(err)
	}
	to := journal.NewWriter(io.Discard, byTable).Session(1, journal.Plan{})
	b.ReportAllocs()
	for b.Loop() {
		if err := to.Post(in, outputs, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMachines is what a machine costs whoever replays it.
func BenchmarkMachines(b *testing.B) {
	const machines = 1 << 16
	for b.Loop() {
		before := heap()
		p := journal.NewReplayer(&sessions{tape: newTape(byTable, 0, nil)}, nil)
		p.MachineLimit = machines
		for err := error(nil); err == nil; {
			_, err = p.Next()
		}
		b.ReportMetric(float64(heap()-before)/machines, "bytes/machine")
		runtime.KeepAlive(p)
	}
}
