package fsm_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/custom-app/interlock/fsm"
)

// onBoth runs a test with the turnstile under each engine.
func onBoth(t *testing.T, test func(*testing.T, *gateMachine)) {
	declared := fsm.MustDeclare(turnstile())
	for _, engine := range engines() {
		t.Run(engine.String(), func(t *testing.T) { test(t, declared.Using(engine)) })
	}
}

func TestInstancePostReturnsItsOwnOutcome(t *testing.T) {
	onBoth(t, func(t *testing.T, m *gateMachine) {
		var inner error
		in := m.New(func(in *gateInstance, effect doing, _ gateEvent) {
			if effect == unlock {
				inner = in.Post(gateEvent{On: coin}) // open: impossible
			}
		})
		if err := in.Post(gateEvent{On: coin, Arg: 2}); err != nil {
			t.Errorf("the outer post: got %v, want none", err)
		}
		if impossible := new(fsm.ImpossibleError); !errors.As(inner, &impossible) || impossible.State != "open" {
			t.Errorf("the inner post: got %v, want impossible in open", inner)
		}
		if got, want := in.Now(), (gateSnapshot{open, till{2, 0}}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

func TestInstanceRunsEffectsInOrder(t *testing.T) {
	onBoth(t, func(t *testing.T, m *gateMachine) {
		var done []string
		depth := 0
		in := m.New(func(in *gateInstance, effect doing, cause gateEvent) {
			if depth++; depth > 1 {
				t.Error("an effect is performed inside another")
			}
			defer func() { depth-- }()
			done = append(done, m.EventName(cause.On)+" does "+m.EffectName(effect))
			if effect == lock {
				// Posted inside: stepped at once, performed after ring.
				if err := in.Post(gateEvent{On: kick}); err != nil || in.Now().State != jammed {
					t.Errorf("a kick from inside: %v, %v", err, in.Now())
				}
			}
		})
		for _, e := range []gateEvent{{On: coin, Arg: 2}, {On: push}} {
			if err := in.Post(e); err != nil {
				t.Fatal(err)
			}
		}
		want := []string{"coin does unlock", "push does lock", "push does ring", "kick does callHelp"}
		if !slices.Equal(done, want) {
			t.Errorf("got %q, want %q", done, want)
		}
	})
}

func TestInstanceRaise(t *testing.T) {
	t.Run("after the effects of the step", func(t *testing.T) {
		onBoth(t, func(t *testing.T, m *gateMachine) {
			var seen []string
			in := m.New(func(in *gateInstance, effect doing, _ gateEvent) {
				if effect == lock {
					in.Raise(gateEvent{On: kick})
				}
				seen = append(seen, m.EffectName(effect)+" in "+m.StateName(in.Now().State))
			})
			postAll(t, in, gateEvent{On: coin, Arg: 2}, gateEvent{On: push})
			want := []string{"unlock in open", "lock in locked", "ring in locked", "callHelp in jammed"}
			if !slices.Equal(seen, want) {
				t.Errorf("got %q, want %q", seen, want)
			}
		})
	})
	t.Run("before what is posted from outside", func(t *testing.T) {
		onBoth(t, func(t *testing.T, m *gateMachine) {
			var outcome error
			in := m.New(func(in *gateInstance, effect doing, _ gateEvent) {
				if effect == lock {
					in.Raise(gateEvent{On: coin, Arg: 2})
					outcome = in.Post(gateEvent{On: coin, Arg: 1}) // finds it open
				}
			})
			postAll(t, in, gateEvent{On: coin, Arg: 2}, gateEvent{On: push})
			if outcome == nil || in.Now() != (gateSnapshot{open, till{2, 1}}) {
				t.Errorf("got %v in %+v; want the raised coin to have opened it first", outcome, in.Now())
			}
		})
	})
	t.Run("an impossible one changes nothing", func(t *testing.T) {
		onBoth(t, func(t *testing.T, m *gateMachine) {
			in := m.New(func(in *gateInstance, effect doing, _ gateEvent) {
				if effect == unlock {
					in.Raise(gateEvent{On: coin})
					in.Raise(gateEvent{On: 99})
				}
			})
			postAll(t, in, gateEvent{On: coin, Arg: 2})
			if got, want := in.Now(), (gateSnapshot{open, till{2, 0}}); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	})
	t.Run("outside of perform it is a post", func(t *testing.T) {
		onBoth(t, func(t *testing.T, m *gateMachine) {
			rings := 0
			in := m.New(func(*gateInstance, doing, gateEvent) { rings++ })
			in.Raise(gateEvent{On: push})
			in.Raise(gateEvent{On: kick})
			if in.Now().State != jammed || rings != 2 {
				t.Errorf("got %+v and %d effects, want jammed and 2", in.Now(), rings)
			}
		})
	})
}

func TestInstanceWithoutPerform(t *testing.T) {
	onBoth(t, func(t *testing.T, m *gateMachine) {
		in := m.New(nil)
		postAll(t, in, gateEvent{On: coin, Arg: 2}, gateEvent{On: push})
		in.Raise(gateEvent{On: kick})
		if got, want := in.Now(), (gateSnapshot{jammed, till{0, 1}}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

func TestInstancePanicInPerform(t *testing.T) {
	onBoth(t, func(t *testing.T, m *gateMachine) {
		var done []string
		in := m.New(func(_ *gateInstance, effect doing, _ gateEvent) {
			if effect == lock {
				panic("the bolt is stuck")
			}
			done = append(done, m.EffectName(effect))
		})
		postAll(t, in, gateEvent{On: coin, Arg: 2})
		if got := panicOf(func() { _ = in.Post(gateEvent{On: push}) }); got != "the bolt is stuck" {
			t.Fatalf("got panic %v", got)
		}
		postAll(t, in, gateEvent{On: kick}) // blocks if the lock was lost
		if want := []string{"unlock", "ring", "callHelp"}; !slices.Equal(done, want) {
			t.Errorf("performed %q, want %q", done, want)
		}
		if got := in.Now().State; got != jammed {
			t.Errorf("in %s, want jammed", m.StateName(got))
		}
	})
}

func TestInstanceConcurrentPosts(t *testing.T) {
	onBoth(t, func(t *testing.T, m *gateMachine) {
		const posters, each = 6, 200
		var log []string
		in := m.New(func(in *gateInstance, effect doing, _ gateEvent) {
			log = append(log, m.EffectName(effect))
			if effect == unlock {
				in.Raise(gateEvent{On: push})
			}
		})
		var posting sync.WaitGroup
		var opened atomic.Int64
		for range posters {
			posting.Go(func() {
				for range each {
					switch err := in.Post(gateEvent{On: coin, Arg: 2}); {
					case err == nil:
						opened.Add(1)
					case !errors.As(err, new(*fsm.ImpossibleError)): // another's coin has opened it
						t.Error(err)
					}
				}
			})
		}
		posting.Wait()
		turns := int(opened.Load())
		if got, want := in.Now(), (gateSnapshot{locked, till{0, uint32(turns)}}); got != want || turns == 0 {
			t.Errorf("got %+v, want %+v", got, want)
		}
		counts := map[string]int{}
		for _, effect := range log {
			counts[effect]++
		}
		if want := fmt.Sprint(map[string]int{"unlock": turns, "lock": turns, "ring": turns}); fmt.Sprint(counts) != want {
			t.Errorf("performed %v, want %v", counts, want)
		}
	})
}

func postAll(t *testing.T, in *gateInstance, events ...gateEvent) {
	t.Helper()
	for _, e := range events {
		if err := in.Post(e); err != nil {
			t.Fatal(err)
		}
	}
}

func TestInstancePanicInGuard(t *testing.T) {
	decl := turnstile()
	decl.Rows = slices.Clone(decl.Rows)
	for i := range decl.Rows {
		if decl.Rows[i].If != nil {
			broken := *decl.Rows[i].If
			broken.Holds = func(*till, gateEvent) bool { panic("no till") }
			decl.Rows[i].If = &broken
		}
	}
	in := fsm.MustDeclare(decl).New(nil)
	before := in.Now()
	if got := panicOf(func() { _ = in.Post(gateEvent{On: coin, Arg: 1}) }); got != "no till" {
		t.Fatalf("got panic %v", got)
	}
	if got := in.Now(); got != before { // blocks if the lock was lost
		t.Errorf("got %+v after the panic, want %+v", got, before)
	}
}

// panicOf returns what f panics with.
func panicOf(f func()) (value any) {
	defer func() { value = recover() }()
	f()
	return nil
}
