package proof

import (
	"testing"

	"github.com/custom-app/interlock/fsm"
	tr "github.com/custom-app/interlock/transitions"
)

// TestKeys holds that worlds of one key do the same, so that one may stand for the
// others: whatever comes next leads them to worlds of one key again. Of those that
// a walk takes for known it looks at each so manieth.
func TestKeys(t *testing.T) {
	for _, test := range []struct {
		name string
		plan Plan
		each int
	}{
		{"V1 one socket, one deep", Plan{Depth: 1, Sockets: make([]tr.SocketPlan, 1)}, 400},
		{"V1 a socket that opens early", Plan{Sockets: []tr.SocketPlan{{Early: true}}}, 100},
		{"V1 a socket that is authorised anew", Plan{Sockets: []tr.SocketPlan{{Renews: true, Subscriptions: 1}}, Adds: 1}, 400},
		{"V1 no socket, three deep", Plan{Depth: 3}, 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			system := tr.Shipped.Using(fsm.Table)
			core, err := system.New(tr.Plan{Sockets: test.plan.Sockets})
			if err != nil {
				t.Fatal(err)
			}
			start, x := &world{core: core, rules: newRules(system, test.plan)}, newWalker()
			first, queue := map[key]*world{start.key(): start}, []*world{start}
			known, compared := 0, 0
			for len(queue) > 0 && !t.Failed() {
				from := queue[0]
				queue = queue[1:]
				var doubtful []*world
				x.moves(from, func(_ tr.Input, to *world, err error) {
					k := to.key()
					switch other := first[k]; {
					case other == nil:
						to = to.kept()
						first[k], queue = to, append(queue, to)
					case other != to:
						if known++; known%test.each == 0 {
							doubtful = append(doubtful, other, to.kept())
						}
					}
				})
				for i := 0; i < len(doubtful); i += 2 {
					compared++
					alike(t, x, doubtful[i], doubtful[i+1])
				}
			}
			t.Logf("%d worlds stand for %d more; %d were compared", len(first), known, compared)
			if compared < 100 {
				t.Errorf("only %d were compared", compared)
			}
		})
	}
}

// alike holds that two worlds of one key may meet the same events, and that each of
// these leads to worlds of one key.
func alike(t *testing.T, x *walker, a, b *world) {
	t.Helper()
	type answer struct {
		in     tr.Input
		key    key
		broken bool
	}
	answers := func(w *world) (all []answer) {
		x.moves(w, func(in tr.Input, to *world, err error) {
			in.Gen = 0 // which is compared, never counted
			if in.To == tr.SubscriptionKind || in.To == tr.RequestKind {
				in.ID = 0
			}
			all = append(all, answer{in, to.key(), err != nil})
		})
		return all
	}
	left, right := answers(a), answers(b)
	if len(left) != len(right) {
		t.Fatalf("of two worlds of one key one has %d moves, the other %d", len(left), len(right))
	}
	for i := range left {
		if left[i] != right[i] {
			l, r := left[i].in, right[i].in
			t.Fatalf("two worlds of one key part at %s %s arg %d, %s %s arg %d:\n%+v\n%+v", l.To, a.rules.EventName(l.To, l.On), l.Arg, r.To, a.rules.EventName(r.To, r.On), r.Arg, a.core, b.core)
		}
	}
}
