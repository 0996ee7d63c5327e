package fsm_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/custom-app/interlock/fsm"
	t "github.com/custom-app/interlock/transitions"
)

// cycle is the main line of a socket that is ready, drops, waits and comes back;
// it begins and ends in waiting. Generations are filled in as they grow.
var cycle = [...]fsm.Event[t.SocketEvent]{
	{On: t.SocketRetryDue},
	{On: t.SocketTokenFresh},
	{On: t.SocketOpened},
	{On: t.SocketTokenFresh},
	{On: t.SocketAuthSent},
	{On: t.SocketAuthAccepted},
	{On: t.SocketSubscriptionsActive},
	{On: t.SocketStable},
	{On: t.SocketRequestSubmitted},
	{On: t.SocketDropped, Arg: 1006},
}

type socketSnapshot = fsm.Snapshot[t.SocketState, t.SocketData]

// inWaiting returns a socket that has dropped once.
func inWaiting() socketSnapshot {
	return socketSnapshot{State: t.SocketWaiting, Data: t.SocketData{Gen: 1, Failures: 1}}
}

func benchmarkApply(b *testing.B, engine fsm.Engine) {
	machine := t.Socket.Using(engine)
	s, i := inWaiting(), 0
	b.ReportAllocs()
	for b.Loop() {
		e := cycle[i]
		e.Gen = s.Data.Gen
		if _, err := machine.Apply(&s, e); err != nil {
			b.Fatal(err)
		}
		if i++; i == len(cycle) {
			i = 0
		}
	}
}

// BenchmarkStep is one step of the shipped socket machine by the table.
func BenchmarkStep(b *testing.B) { benchmarkApply(b, fsm.Table) }

// BenchmarkStepLooplab is the same step by looplab.
func BenchmarkStepLooplab(b *testing.B) { benchmarkApply(b, fsm.Looplab) }

// BenchmarkLooplabEvent is the same step of a bare looplab machine, which knows
// no guards, no data and no effects.
func BenchmarkLooplabEvent(b *testing.B) {
	names, ctx := looplabCycle(), context.Background()
	bare, i := t.Socket.Looplab(), 0
	bare.SetState("waiting")
	b.ReportAllocs()
	for b.Loop() {
		_ = bare.Event(ctx, names[i]) // a stay is an error to looplab
		if i++; i == len(names) {
			i = 0
		}
	}
	b.StopTimer()
	for ; i > 0 && i < len(names); i++ {
		_ = bare.Event(ctx, names[i])
	}
	if got := bare.Current(); got != "waiting" {
		b.Fatalf("the cycle ends in %s, want waiting", got)
	}
}

// looplabCycle returns looplab's names of the cycle's events.
func looplabCycle() []string {
	var names []string
	s := inWaiting()
	for _, e := range cycle {
		e.Gen = s.Data.Gen
		names = append(names, looplabName(t.Socket, s.State, e.On, t.Socket.RowOf(&s, e)))
		if _, err := t.Socket.Apply(&s, e); err != nil {
			panic(err)
		}
	}
	return names
}

// looplabName returns what looplab calls the alternative that a row is in a cell.
func looplabName[S, E, F ~uint8, D comparable](m *fsm.Machine[S, E, F, D], s S, on E, row int) string {
	nth := 0
	for _, r := range m.Declaration().Rows[:row+1] {
		if slices.Contains(r.From, s) && slices.Contains(r.On, on) {
			nth++
		}
	}
	if nth == 1 {
		return m.EventName(on)
	}
	return fmt.Sprintf("%s#%d", m.EventName(on), nth)
}

func TestStepAllocatesNothing(tt *testing.T) {
	machine := t.Socket.Using(fsm.Table)
	s := inWaiting()
	allocs := testing.AllocsPerRun(100, func() {
		for _, e := range cycle {
			e.Gen = s.Data.Gen
			if _, err := machine.Apply(&s, e); err != nil {
				tt.Fatal(err)
			}
		}
	})
	if allocs != 0 || s.State != t.SocketWaiting || s.Data.Readies != 101 {
		tt.Errorf("101 cycles: %v allocations each, in %s, ready %d times; want none, waiting, 101",
			allocs, machine.StateName(s.State), s.Data.Readies)
	}
}
