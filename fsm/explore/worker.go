package explore

import (
	"sync"
	"sync/atomic"
)

const (
	batch = 4096 // states that are walked from before what was found is taken in
	share = 32   // those of a batch that one worker walks from in a row
)

// worker walks from some states. It only notes what it finds.
type worker[N, A any, K comparable] struct {
	space Space[N, A, K]
	mine  map[K]struct{} // found in this share already
}

// find is a state that was found, and not known by then.
type find[N, A any, K comparable] struct {
	at     N
	key    K
	move   A
	parent int
	broken bool  // the move itself breaks a rule: there is no key
	err    error // the rule that the move or the state breaks
}

// haul is what came of one share.
type haul[N, A any, K comparable] struct {
	finds       []find[N, A, K]
	transitions int
}

func (w *walk[N, A, K]) crew() {
	w.workers = []*worker[N, A, K]{{space: w.space}}
	if w.space.Fork != nil {
		for len(w.workers) < w.space.Workers {
			w.workers = append(w.workers, &worker[N, A, K]{space: w.space.Fork()})
		}
	}
}

// walkAll walks from the states of one batch, and then takes in what was found in
// the order of the states, so that it does not matter who found it.
func (w *walk[N, A, K]) walkAll(first, after int) {
	hauls := make([]haul[N, A, K], (after-first+share-1)/share)
	var next atomic.Int64
	var group sync.WaitGroup
	work := func(one *worker[N, A, K]) {
		for i := int(next.Add(1)) - 1; i < len(hauls); i = int(next.Add(1)) - 1 {
			from := first + i*share
			hauls[i] = one.walk(w, from, min(from+share, after))
		}
	}
	for _, one := range w.workers[1:] {
		group.Go(func() { work(one) })
	}
	work(w.workers[0])
	group.Wait()
	for i := range hauls {
		if w.over() {
			return
		}
		w.report.Transitions += hauls[i].transitions
		for _, f := range hauls[i].finds {
			w.add(f)
		}
	}
	w.report.Depth = w.nodes[after-1].depth
	for i := first; i < after; i++ {
		if w.nodes[i].parent >= 0 && !w.over() {
			var none N
			w.nodes[i].at = none // of what is done only the way is needed
		}
	}
}

// walk walks from some of the states.
func (one *worker[N, A, K]) walk(w *walk[N, A, K], first, after int) (h haul[N, A, K]) {
	one.mine = make(map[K]struct{})
	for i := first; i < after; i++ {
		from := w.nodes[i].at
		one.space.Moves(from, func(move A, to N, err error) {
			h.transitions++
			if err == nil && one.space.Same != nil && one.space.Same(from, to) {
				return
			}
			f := find[N, A, K]{at: to, move: move, parent: i, broken: err != nil, err: err}
			if err == nil {
				if f.key = one.space.Key(to); one.knows(w, f.key) {
					return
				}
			}
			h.finds = append(h.finds, one.kept(f))
		})
	}
	return h
}

// knows tells whether a state is known, and notes it.
func (one *worker[N, A, K]) knows(w *walk[N, A, K], key K) bool {
	if _, known := w.seen[key]; known {
		return true
	}
	if _, known := one.mine[key]; known {
		return true
	}
	one.mine[key] = struct{}{}
	return false
}

// kept keeps what was found and checks it.
func (one *worker[N, A, K]) kept(f find[N, A, K]) find[N, A, K] {
	if one.space.Keep != nil {
		f.at = one.space.Keep(f.at)
	}
	if !f.broken && one.space.Check != nil {
		f.err = one.space.Check(f.at)
	}
	return f
}
