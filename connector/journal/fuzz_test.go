package journal_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/custom-app/interlock/connector/journal"
)

// FuzzReplay reads anything as a journal, as it is and with the right sums: it is
// replayed, or refused by one error that says where, and the same each time. What
// was replayed up to there can be looked at.
func FuzzReplay(f *testing.F) {
	f.Add(strings.Join(short(f), ""))
	for seed := range uint64(12) {
		f.Add(recorded(f, seed, 1+int(seed%2), 12))
	}
	for _, text := range []string{
		"", "\n", "{}\n", "null\n", `{"journal":` + "\n", `{"journal":"interlock","version":2,"sum":"00000000"}` + "\n",
		`{"journal":"interlock","version":1,"session":1,"engine":"looplab","sockets":["menu"]}` + "\n",
		`{"journal":"interlock","version":2,"session":1,"engine":"table","groups":255,"sockets":null,"sum":"00000000"}` + "\n" + `{"delay":"retryDue","record":0,"session":1,"machine":"login","id":0,"seconds":1e308,"sum":"00000000"}` + "\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, text := range []string{text, resealed(text)} {
			first, second := outcomeOf(t, text), outcomeOf(t, text)
			if first != second {
				t.Errorf("got %+v, then %+v", first, second)
			}
		}
	})
}

// outcome is what a replay came to.
type outcome struct {
	summary journal.Summary
	fault   string
}

func outcomeOf(t *testing.T, text string) outcome {
	p := journal.NewReplayer(strings.NewReader(text), nil)
	p.MachineLimit = 5000
	for {
		line, err := p.Next()
		for _, s := range p.Sessions() {
			if s.Record == line.Record {
				s.Machines()
			}
		}
		if errors.Is(err, io.EOF) {
			return outcome{summary: p.Summary()}
		}
		if err != nil {
			var fault *journal.Error
			if !errors.As(err, &fault) || fault.Line == 0 || fault.Line > uint64(strings.Count(text, "\n")+1) || len(err.Error()) > 2000 || strings.Contains(err.Error(), "cannot take it") {
				t.Errorf("got %T %.3000q", err, err)
			}
			return outcome{p.Summary(), err.Error()}
		}
	}
}
