package fsm

// The one file that locks.

import "sync"

// Mailbox runs steps one at a time and what they put out in order, outside its
// lock. A step runs between [Mailbox.Lock] and [Mailbox.Unlock]: whoever posts
// an event steps at once and knows the outcome, also from inside the running of
// an earlier output. What steps put out runs to completion, in the order it was
// put out, on the goroutine of whoever found the mailbox idle. The zero value is
// ready; a Mailbox must not be copied.
type Mailbox[O any] struct {
	mu    sync.Mutex
	queue *queue[O] // nil while nobody drains and nothing waits
}

type queue[O any] struct {
	waiting  []O
	draining bool
}

// Lock begins a step.
func (m *Mailbox[O]) Lock() { m.mu.Lock() }

// Put adds outputs of the step under way. The caller holds the lock, and leaves
// the slice to the mailbox.
func (m *Mailbox[O]) Put(outputs ...O) {
	if len(outputs) == 0 {
		return
	}
	if m.queue == nil {
		m.queue = &queue[O]{}
	}
	if m.queue.waiting == nil {
		m.queue.waiting = outputs
	} else {
		m.queue.waiting = append(m.queue.waiting, outputs...)
	}
}

// Unlock ends a step without running anything; for a step that put nothing out.
func (m *Mailbox[O]) Unlock() { m.mu.Unlock() }

// Drain ends a step and runs what waits, unless another goroutine is at it, or
// this one further up its stack: then that one runs it. A panic in run loses no
// lock and no later output; the next Drain goes on.
func (m *Mailbox[O]) Drain(run func(O)) {
	q := m.queue
	if q == nil || q.draining {
		m.mu.Unlock()
		return
	}
	q.draining = true
	var batch []O
	done := 0
	defer func() {
		if done < len(batch) { // run panicked
			m.mu.Lock()
			q.waiting = append(batch[done+1:len(batch):len(batch)], q.waiting...)
			q.draining = false
			m.mu.Unlock()
		}
	}()
	for len(q.waiting) > 0 {
		batch, q.waiting = q.waiting, nil
		m.mu.Unlock()
		for done = 0; done < len(batch); done++ {
			run(batch[done])
		}
		m.mu.Lock()
	}
	m.queue = nil
	m.mu.Unlock()
}

// pool keeps idle values for reuse.
type pool[T any] struct{ idle sync.Pool }

func (p *pool[T]) get() (T, bool) {
	v, ok := p.idle.Get().(T)
	return v, ok
}

func (p *pool[T]) put(v T) { p.idle.Put(v) }
