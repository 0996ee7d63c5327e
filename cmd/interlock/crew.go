package main

import "sync"

// crew is goroutines that are waited for together.
type crew struct {
	mu    sync.Mutex
	over  bool
	tasks sync.WaitGroup
}

// Go begins a task, unless they are waited for already; then it returns false.
func (c *crew) Go(task func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.over {
		c.tasks.Go(task)
	}
	return !c.over
}

// Wait waits for the tasks, after which there are no others.
func (c *crew) Wait() {
	c.mu.Lock()
	c.over = true
	c.mu.Unlock()
	c.tasks.Wait()
}

// bell wakes all who wait for something to change.
type bell struct {
	mu   sync.Mutex
	rung chan struct{} // closed by the next ring; nil: nobody waits
}

// next returns a channel that is closed when the bell is rung.
func (b *bell) next() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rung == nil {
		b.rung = make(chan struct{})
	}
	return b.rung
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rung != nil {
		close(b.rung)
		b.rung = nil
	}
}
