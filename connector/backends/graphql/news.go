package graphql

import (
	"context"
	"fmt"
	"sync"
)

// news is what subscribers are told.
type news struct {
	mu        sync.Mutex
	listeners map[chan string]bool
	changed   chan struct{} // closed when one comes or goes
}

func newNews() *news {
	return &news{listeners: make(map[chan string]bool), changed: make(chan struct{})}
}

// listen returns what is told from now on until ctx ends. A listener misses what is
// told while 64 texts wait for it.
func (n *news) listen(ctx context.Context) <-chan string {
	heard := make(chan string, 64)
	n.change(func() { n.listeners[heard] = true })
	context.AfterFunc(ctx, func() {
		n.change(func() { delete(n.listeners, heard) })
	})
	return heard
}

func (n *news) change(change func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	change()
	close(n.changed)
	n.changed = make(chan struct{})
}

// tell tells all who listen.
func (n *news) tell(text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for listener := range n.listeners {
		select {
		case listener <- text:
		default:
		}
	}
}

// await returns when as many listen as ok wants, or when ctx ends, with its error.
func (n *news) await(ctx context.Context, ok func(listeners int) bool) error {
	for {
		n.mu.Lock()
		listeners, changed := len(n.listeners), n.changed
		n.mu.Unlock()
		if ok(listeners) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("interlock: graphql: with %d subscribers: %w", listeners, context.Cause(ctx))
		}
	}
}
