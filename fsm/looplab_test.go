package fsm_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"unsafe"

	lab "github.com/looplab/fsm"

	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/transitions"
)

// TestLooplabFaults holds that what goes wrong with a bare looplab machine
// cannot happen to a declared one.
func TestLooplabFaults(t *testing.T) {
	t.Run("F60 a cancelled context wedges only the bare machine", cancelledContext)
	t.Run("F61 an event from inside perform", eventFromPerform)
	t.Run("F62 concurrent posts", concurrentPosts)
	t.Run("F63 a stay is no error and an error no move", func(t *testing.T) {
		for _, engine := range engines() {
			errorsNeverMove(t, transitions.Session.Using(engine))
			errorsNeverMove(t, transitions.Login.Using(engine))
			errorsNeverMove(t, transitions.Token.Using(engine))
			errorsNeverMove(t, transitions.Socket.Using(engine))
			errorsNeverMove(t, transitions.Request.Using(engine))
		}
	})
	t.Run("F64 duplicates, an unknown initial state and wrong names are refused", sloppyDeclaration)
	t.Run("F65 an instance is small", smallInstance)
}

func cancelledContext(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	bare := transitions.Socket.Looplab()
	if err := bare.Event(cancelled, "openRequested"); !errors.Is(err, context.Canceled) {
		t.Fatalf("bare looplab with a cancelled context: got %v, want it cancelled", err)
	}
	bare.SetState("closed")
	if err := bare.Event(t.Context(), "openRequested"); !errors.As(err, new(lab.InTransitionError)) {
		t.Fatalf("bare looplab afterwards: got %v, want it wedged; is the fault gone?", err)
	}

	machine := transitions.Socket.Using(fsm.Looplab)
	for range 100 {
		s := machine.Initial()
		if _, err := machine.Apply(&s, fsm.Event[transitions.SocketEvent]{On: transitions.SocketOpenRequested}); err != nil || s.State != transitions.SocketTokenPending {
			t.Fatalf("declared machine: got %s, %v; want tokenPending", machine.StateName(s.State), err)
		}
	}
	if err := transitions.Socket.Looplab().Event(t.Context(), "openRequested"); err != nil {
		t.Errorf("another looplab machine: %v", err)
	}
}

func eventFromPerform(t *testing.T) {
	declared := fsm.MustDeclare(turnstile())
	for _, engine := range engines() {
		var seen []gate
		in := declared.Using(engine).New(func(in *gateInstance, effect doing, _ gateEvent) {
			seen = append(seen, in.Now().State)
			if effect == unlock {
				if err := in.Post(gateEvent{On: push}); err != nil {
					t.Error(err)
				}
				seen = append(seen, in.Now().State)
			}
		})
		if err := in.Post(gateEvent{On: coin, Arg: 2}); err != nil {
			t.Fatal(err)
		}
		// unlock sees open, its own push leads to locked, and so see lock and ring.
		if want := []gate{open, locked, locked, locked}; !slices.Equal(seen, want) {
			t.Errorf("%s: effects have seen states %v, want %v", engine, seen, want)
		}
	}
}

func concurrentPosts(t *testing.T) {
	const posters, each = 8, 100
	declared := fsm.MustDeclare(turnstile())
	for _, engine := range engines() {
		rings, running := 0, 0
		in := declared.Using(engine).New(func(*gateInstance, doing, gateEvent) {
			running++ // races unless effects run one at a time
			rings++
			running--
		})
		var posting sync.WaitGroup
		for range posters {
			posting.Go(func() {
				for range each {
					if err := in.Post(gateEvent{On: push}); err != nil {
						t.Error(err)
					}
					_ = in.Now()
				}
			})
		}
		posting.Wait()
		if rings != posters*each || running != 0 {
			t.Errorf("%s: %d rings, %d under way; want %d and none", engine, rings, running, posters*each)
		}
	}
}

func errorsNeverMove[S, E, F ~uint8, D comparable](t *testing.T, m *fsm.Machine[S, E, F, D]) {
	for _, state := range m.Declaration().States {
		for _, event := range m.Declaration().Events {
			from := fsm.Snapshot[S, D]{State: state.Is}
			e := fsm.Event[E]{On: event.Is}
			row := m.Declaration().Rows[m.RowOf(&from, e)]
			to, effects, err := m.Step(from, e)
			if (err != nil) != (row.Never != "") {
				t.Errorf("%s: %s in %s: got %v; only a Never is an error", m.Name(), event.Name, state.Name, err)
			}
			if err != nil && (to != from || effects != nil) {
				t.Errorf("%s: %s in %s: an error with %+v and effects %v", m.Name(), event.Name, state.Name, to, effects)
			}
			if row.Stay && to.State != from.State {
				t.Errorf("%s: %s in %s: a stay has moved to %s", m.Name(), event.Name, state.Name, m.StateName(to.State))
			}
		}
	}
}

func sloppyDeclaration(t *testing.T) {
	decl := turnstile()
	decl.Initial = 9
	decl.Rows[0].To = 8
	decl.Rows[2].On = fsm.Of[act](7)
	if _, err := fsm.Declare(decl); err == nil || strings.Count(err.Error(), "is not declared") != 3 {
		t.Errorf("an initial state, a target and an event that are not declared: got %v", err)
	}
	decl = turnstile()
	decl.Rows = append(decl.Rows, gateRow{From: fsm.Of(open), On: fsm.Of(push), To: jammed})
	if _, err := fsm.Declare(decl); err == nil || !strings.Contains(err.Error(), "row 10: push in open is already decided") {
		t.Errorf("a second row for push in open: got %v", err)
	}
	bare := lab.NewFSM("nowhere", []lab.EventDesc{
		{Name: "push", Src: []string{"open"}, Dst: "locked"},
		{Name: "push", Src: []string{"open"}, Dst: "jammed"},
	}, lab.Callbacks{"enter_lokced": nil})
	if got := bare.Current(); got != "nowhere" {
		t.Errorf("bare looplab starts in %q; does it refuse now?", got)
	}
}

func smallInstance(t *testing.T) {
	const instances, limit = 20000, 96
	type instance = fsm.Instance[transitions.SocketState, transitions.SocketEvent, transitions.SocketEffect, transitions.SocketData]
	if got := unsafe.Sizeof(instance{}); got > limit {
		t.Errorf("an instance of the socket machine has %d bytes, want at most %d", got, limit)
	}
	for _, engine := range engines() {
		machine := transitions.Socket.Using(engine)
		all := make([]*instance, instances)
		before := heap()
		for i := range all {
			all[i] = machine.New(nil)
			if err := all[i].Post(fsm.Event[transitions.SocketEvent]{On: transitions.SocketOpenRequested}); err != nil {
				t.Fatal(err)
			}
		}
		each := float64(heap()-before) / instances
		t.Logf("%s: %.1f bytes an instance", engine, each)
		if each > limit {
			t.Errorf("%s: a live instance holds %.1f bytes, want at most %d", engine, each, limit)
		}
		runtime.KeepAlive(all)
		if got := testing.AllocsPerRun(1000, func() { all[0] = machine.New(nil) }); got > 1 {
			t.Errorf("%s: a new instance costs %v allocations, want 1", engine, got)
		}
	}
}

// heap returns the bytes in use after a collection; twice, which empties pools.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

func TestLooplabReturnsAFreshMachine(t *testing.T) {
	declared := fsm.MustDeclare(turnstile())
	first, second := declared.Looplab(), declared.Looplab()
	for _, event := range []string{"coin", "push", "coin", "kick"} {
		if err := first.Event(t.Context(), event); err != nil {
			t.Errorf("%s in %s: %v", event, first.Current(), err)
		}
	}
	if got := first.Current(); got != "jammed" {
		t.Errorf("after coin, push, coin, kick: got %s, want jammed", got)
	}
	if got := second.Current(); got != "locked" {
		t.Errorf("another machine is in %s, want the initial state", got)
	}
	if !second.Can("coin") || !second.Can("coin#2") || second.Can("coin#3") {
		t.Errorf("in locked there are %v; want coin and coin#2", second.AvailableTransitions())
	}
	second.SetState("open")
	if second.Can("coin") {
		t.Error("an impossible cell has become a transition of looplab")
	}
	s := declared.Initial()
	if _, err := declared.Apply(&s, gateEvent{On: push}); err != nil || s.State != locked {
		t.Errorf("the declared machine after all that: %v, %v", s, err)
	}
}
