package connector

import (
	"context"
	"iter"
	"slices"
	"sync"
)

// Slow says what happens to a consumer who is slower than its stream can hold.
type Slow uint8

// The policies.
const (
	LoseOldest Slow = iota // the oldest item is lost
	LoseNewest             // the item that has just come is lost
	EndStream              // the stream ends: what it holds can still be taken
	// HoldBack loses nothing: nothing more is read from the connection until the
	// consumer takes an item, closes its stream, or the connection is closed. What is
	// not read are answers and pings too, so the consumer must not wait for those.
	HoldBack
	policies
)

// Stream is one consumer's view of what is published, in order. It holds a
// bounded number of items; what a consumer slower than that loses, the oldest
// unless something else is declared, Missed counts. Its methods may be used by any
// goroutine.
type Stream[T any] struct {
	from *hub[T]

	mu     sync.Mutex
	items  []T
	limit  int
	slow   Slow
	missed uint64
	ended  bool
	more   chan struct{} // holds one token while there is something to look at
	room   chan struct{} // holds one token when somebody who waits for room is to look again
}

// Next returns the next item, waiting for it as long as ctx lasts. ok is false
// when nothing is left and ctx or the stream has ended.
func (s *Stream[T]) Next(ctx context.Context) (item T, ok bool) {
	for {
		if item, ok = s.take(); ok {
			return item, true
		}
		s.mu.Lock()
		ended := s.ended && len(s.items) == 0
		s.mu.Unlock()
		if ended {
			s.wake() // others wait on the same stream
			return item, false
		}
		select {
		case <-s.more:
		case <-ctx.Done():
			return s.take()
		}
	}
}

// take returns the next item, if there is one.
func (s *Stream[T]) take() (item T, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.items) == 0 {
		return item, false
	}
	var none T
	item, s.items[0] = s.items[0], none
	s.items = s.items[1:]
	s.makeRoom()
	if len(s.items) > 0 {
		s.wake()
	}
	return item, true
}

// All returns the items as they come, until ctx or the stream ends: then those that it
// holds at that moment, and no more.
func (s *Stream[T]) All(ctx context.Context) iter.Seq[T] {
	return func(yield func(T) bool) {
		for ctx.Err() == nil {
			if item, ok := s.Next(ctx); !ok || !yield(item) {
				return
			}
		}
		for range s.held() {
			if item, ok := s.take(); !ok || !yield(item) {
				return
			}
		}
	}
}

// held returns how many items there are.
func (s *Stream[T]) held() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.items)
}

// Missed returns how many items were lost because the consumer was slow.
func (s *Stream[T]) Missed() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.missed
}

// Close ends the stream; what it holds can still be taken.
func (s *Stream[T]) Close() {
	s.from.remove(s)
	s.end()
}

// put adds an item, and tells whether the stream goes on, and whether an item is lost.
func (s *Stream[T]) put(item T) (lasts, full bool) {
	s.mu.Lock()
	full = len(s.items) == s.limit
	if full {
		s.missed++
	}
	switch {
	case full && s.slow == EndStream:
		s.ended = true
	case full && s.slow == LoseNewest:
	case full:
		s.items = append(s.items[1:], item)
	default:
		s.items = append(s.items, item)
	}
	lasts = !s.ended
	s.mu.Unlock()
	s.wake()
	return lasts, full
}

// over tells whether the stream has ended.
func (s *Stream[T]) over() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

// end ends the stream; what it holds can still be taken.
func (s *Stream[T]) end() {
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	s.makeRoom()
	s.wake()
}

// hold is put, but waits for room until ctx ends.
func (s *Stream[T]) hold(ctx context.Context, item T) {
	for {
		s.mu.Lock()
		if s.ended || len(s.items) < s.limit {
			break
		}
		s.mu.Unlock()
		select {
		case <-s.room:
		case <-ctx.Done():
			return
		}
	}
	defer s.mu.Unlock()
	if !s.ended {
		s.items = append(s.items, item)
		s.wake()
	}
}

// makeRoom wakes who waits for room.
func (s *Stream[T]) makeRoom() {
	select {
	case s.room <- struct{}{}:
	default:
	}
}

func (s *Stream[T]) wake() {
	select {
	case s.more <- struct{}{}:
	default:
	}
}

// hub publishes to any number of streams.
type hub[T any] struct {
	slow    Slow
	mu      sync.Mutex
	ended   bool
	streams []*Stream[T]
}

// stream adds a consumer that holds at most limit items; 0: 1024.
func (h *hub[T]) stream(limit int) *Stream[T] {
	if limit <= 0 {
		limit = 1024
	}
	s := &Stream[T]{from: h, limit: limit, slow: h.slow, more: make(chan struct{}, 1), room: make(chan struct{}, 1)}
	h.mu.Lock()
	defer h.mu.Unlock()
	if s.ended = h.ended; !s.ended {
		h.streams = append(h.streams, s)
	}
	return s
}

// end ends every stream, those that are still to come too; what they hold can still
// be taken.
func (h *hub[T]) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.streams {
		s.end()
	}
	h.streams, h.ended = nil, true
}

func (h *hub[T]) remove(s *Stream[T]) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.streams = slices.DeleteFunc(slices.Clone(h.streams), func(other *Stream[T]) bool { return other == s })
}

// offer is publish for somebody who may be held back, until ctx ends. Only one
// goroutine at a time may call it.
func (h *hub[T]) offer(ctx context.Context, item T) (lost int) {
	if h.slow != HoldBack {
		return h.publish(item)
	}
	h.mu.Lock()
	streams := h.streams // which others replace, but do not change
	h.mu.Unlock()
	for _, s := range streams {
		s.hold(ctx, item)
	}
	return 0
}

// publish gives an item to every stream, in one order for all of them, and returns how
// many have lost one by it.
func (h *hub[T]) publish(item T) (lost int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := true
	for _, s := range h.streams {
		lasts, full := s.put(item)
		all = all && lasts
		if full {
			lost++
		}
	}
	if !all {
		h.streams = slices.DeleteFunc(slices.Clone(h.streams), func(s *Stream[T]) bool { return s.over() })
	}
	return lost
}
