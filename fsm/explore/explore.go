// Package explore walks every state that a machine, or a product of machines,
// can reach, breadth first, and finds the shortest way to one that breaks a rule.
//
// The one invariant: the walk depends on its arguments alone; two walks visit
// the same states in the same order, however many goroutines take part.
//
// What it will not do: abstract. The caller says which states are alike, by
// their key, and which moves there are.
package explore

import (
	"fmt"

	"github.com/custom-app/interlock/fsm"
)

// Space is what to walk: states of type N with moves of type A between them.
type Space[N, A any, K comparable] struct {
	Start []N
	Key   func(N) K                            // states with one key are alike; the first found stands for all
	Moves func(from N, each func(A, N, error)) // every move from a state; an error breaks a rule of the move itself
	Check func(N) error                        // nil, or which rule the state breaks; optional; it may be asked of states beyond the limit too
	Keep  func(N) N                            // what to keep of a state found, where Moves lends the same one again and again; optional
	Same  func(a, b N) bool                    // tells at once that a move leads nowhere, so that no key is made; optional
	Limit int                                  // states to visit at most; 0: no limit

	// Fork returns the same space for one more goroutine, with whatever Moves and
	// Check write to being its own; nil: one goroutine walks.
	Fork    func() Space[N, A, K]
	Workers int // goroutines that walk, where there is a Fork; 0: one

	// Progress is told now and then how far the walk is, and ends it by returning
	// false; optional. It is called by one goroutine at a time.
	Progress func(states, transitions, depth int) bool
}

// Violation is a broken rule with the shortest way to it.
type Violation[N, A any] struct {
	Err  error
	From N   // where the way starts
	Path []A // the moves of the way
	At   N   // where it ends
}

// Error returns the rule and the length of the way.
func (v *Violation[N, A]) Error() string {
	return fmt.Sprintf("explore: after %d moves: %v", len(v.Path), v.Err)
}

// Unwrap returns the broken rule.
func (v *Violation[N, A]) Unwrap() error { return v.Err }

// Report says what a walk has seen.
type Report[N, A any] struct {
	States, Transitions, Depth int
	Whole                      bool // every reachable state was visited: no violation, limit or Progress has ended the walk
	Violation                  *Violation[N, A]
}

type node[N, A any] struct {
	at     N
	move   A
	parent int
	depth  int
}

// Walk visits every reachable state and stops at the first violation.
func (s Space[N, A, K]) Walk() Report[N, A] {
	w := walk[N, A, K]{space: s, seen: make(map[K]struct{})}
	w.crew()
	for _, start := range s.Start {
		w.add(w.workers[0].kept(find[N, A, K]{at: start, key: s.Key(start), parent: -1}))
	}
	for first := 0; first < len(w.nodes) && !w.over(); {
		after := min(first+batch, len(w.nodes))
		w.walkAll(first, after)
		first = after
		if s.Progress != nil && !s.Progress(len(w.nodes), w.report.Transitions, w.report.Depth) {
			w.cut = true
		}
	}
	w.report.States = len(w.nodes)
	w.report.Whole = !w.over()
	return w.report
}

type walk[N, A any, K comparable] struct {
	space   Space[N, A, K]
	workers []*worker[N, A, K]
	seen    map[K]struct{} // written to only while no worker is at it
	nodes   []node[N, A]
	cut     bool // a further state was found at the limit, or nobody wants to know
	report  Report[N, A]
}

func (w *walk[N, A, K]) over() bool { return w.cut || w.report.Violation != nil }

// add takes what a worker has found among the states, in the order of the walk.
func (w *walk[N, A, K]) add(f find[N, A, K]) {
	if w.over() {
		return
	}
	if _, known := w.seen[f.key]; known && !f.broken {
		return
	}
	if w.space.Limit > 0 && len(w.nodes) == w.space.Limit {
		w.cut = true
		return
	}
	if !f.broken {
		w.seen[f.key] = struct{}{}
	}
	n := node[N, A]{at: f.at, move: f.move, parent: f.parent}
	if f.parent >= 0 {
		n.depth = w.nodes[f.parent].depth + 1
	}
	w.nodes = append(w.nodes, n)
	if f.err != nil {
		w.report.Violation = w.violation(len(w.nodes)-1, f.err)
	}
}

func (w *walk[N, A, K]) violation(i int, err error) *Violation[N, A] {
	v := &Violation[N, A]{Err: err, At: w.nodes[i].at}
	for ; w.nodes[i].parent >= 0; i = w.nodes[i].parent {
		v.Path = append([]A{w.nodes[i].move}, v.Path...)
	}
	v.From = w.nodes[i].at
	return v
}

// Machine is the space of one declared machine: every event from the initial
// snapshot. variants returns the events of one kind to try in a snapshot, with their
// numbers; nil tries the plain event alone. An event that is declared impossible is
// not a move. alike maps a snapshot to what stands for it, so that counters do not
// make the space endless; nil takes it as it is.
func Machine[S, E, F ~uint8, D comparable](
	m *fsm.Machine[S, E, F, D],
	variants func(fsm.Snapshot[S, D], E) []fsm.Event[E],
	alike func(fsm.Snapshot[S, D]) fsm.Snapshot[S, D],
) Space[fsm.Snapshot[S, D], fsm.Event[E], fsm.Snapshot[S, D]] {
	if variants == nil {
		variants = func(_ fsm.Snapshot[S, D], on E) []fsm.Event[E] { return []fsm.Event[E]{{On: on}} }
	}
	if alike == nil {
		alike = func(s fsm.Snapshot[S, D]) fsm.Snapshot[S, D] { return s }
	}
	return Space[fsm.Snapshot[S, D], fsm.Event[E], fsm.Snapshot[S, D]]{
		Start: []fsm.Snapshot[S, D]{m.Initial()},
		Key:   alike,
		Moves: func(from fsm.Snapshot[S, D], each func(fsm.Event[E], fsm.Snapshot[S, D], error)) {
			for e := 1; e <= len(m.Declaration().Events); e++ {
				for _, event := range variants(from, E(e)) {
					if to, _, err := m.Step(from, event); err == nil {
						each(event, to, nil)
					}
				}
			}
		},
	}
}
