package authhttp

import (
	"context"
	"fmt"
	"io"
	"sync"
)

// MemoryStore is a [Store] that forgets all when the process ends: for tests,
// and for sessions that come and go within one process. The zero value is
// ready for use; it must not be copied after its first.
type MemoryStore struct {
	mu sync.Mutex
	// Each text is behind a function, since printers reach into the unexported
	// fields of whatever holds a MemoryStore, but not into functions.
	texts map[string]func() Secret
}

// Load implements [Store].
func (m *MemoryStore) Load(ctx context.Context, account string) (Secret, error) {
	if err := ctx.Err(); err != nil {
		return "", storeFault(err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	text, present := m.texts[account]
	if !present {
		return "", ErrNothingStored
	}
	return text(), nil
}

// Save implements [Store].
func (m *MemoryStore) Save(ctx context.Context, account string, content Secret) error {
	if err := ctx.Err(); err != nil {
		return storeFault(err)
	}
	if err := checkSize(content.Reveal()); err != nil {
		return storeFault(err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.texts == nil {
		m.texts = make(map[string]func() Secret)
	}
	m.texts[account] = func() Secret { return content }
	return nil
}

// Drop implements [Store].
func (m *MemoryStore) Drop(ctx context.Context, account string) error {
	if err := ctx.Err(); err != nil {
		return storeFault(err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.texts, account)
	return nil
}

// Format writes "MemoryStore", whatever the verb and its flags: what it keeps
// is secret, and may be changing.
func (m *MemoryStore) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "MemoryStore") }
