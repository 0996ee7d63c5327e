package scenario

import (
	"context"
	"fmt"
	"sync"
)

// Server is a backend that runs. Its methods may be called from any goroutine.
type Server interface {
	// Variables are those that the config file of the server reads, its addresses
	// above all; USER_NAME and PASSWORD are added to them.
	Variables() map[string]string
	// Account is a user whom the server knows, with the right password.
	Account() Account
	// Restart ends every connection and comes back on the same port, with the same
	// users and tokens.
	Restart(ctx context.Context) error
	// Push sends a text to everyone who is subscribed.
	Push(ctx context.Context, text string) error
	// Revoke ends all tokens of a user, who cannot log in again either, and closes
	// the user's sockets.
	Revoke(ctx context.Context, name string) error
	// Counts are as they are now.
	Counts() Counts
	// Await returns when the counts are as ok wants them, or the error of ctx, which
	// then says what was waited for.
	Await(ctx context.Context, what string, ok func(Counts) bool) error
	// Close ends the server with all of its connections.
	Close() error
}

// Account is what a user logs in with.
type Account struct {
	Name     string `json:"name"`
	Password string `json:"password"`
}

// Counts are what a server has seen.
type Counts struct {
	Logins    int // that were accepted
	Refused   int // logins that were not
	Refreshes int // that were accepted
	Logouts   int
	Opened    int // sockets, ever
	Open      int // sockets that are open now
}

// Tally counts, and tells of every change those who wait for one. The zero value is
// ready for use; embed it for two of the methods of a [Server].
type Tally struct {
	mu      sync.Mutex
	counts  Counts
	changed chan struct{} // closed at the next change; nil: nobody waits
}

// Count changes the counts.
func (t *Tally) Count(change func(*Counts)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change(&t.counts)
	if t.changed != nil {
		close(t.changed)
		t.changed = nil
	}
}

// Counts returns the counts as they are now.
func (t *Tally) Counts() Counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.counts
}

// Await returns when the counts are as ok wants them. Else its error is that of ctx,
// and says what was waited for.
func (t *Tally) Await(ctx context.Context, what string, ok func(Counts) bool) error {
	for {
		t.mu.Lock()
		counts := t.counts
		if t.changed == nil {
			t.changed = make(chan struct{})
		}
		changed := t.changed
		t.mu.Unlock()
		if ok(counts) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("interlock: server: waiting for %s, with %+v: %w", what, counts, context.Cause(ctx))
		}
	}
}
