package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
)

// What the demo counts to show that nothing is left.

// ledger counts requests by the journal, which it passes on.
type ledger struct {
	to io.Writer

	mu                 sync.Mutex
	submitted, settled int
}

// Write reads one line of the journal. A fault of the writer below is that
// writer's to keep: the counts go on.
func (l *ledger) Write(p []byte) (int, error) {
	_, _ = l.to.Write(p)
	var line struct {
		Machine, Event string
		Steps          []struct {
			Machine string
			Do      []string
		}
	}
	if err := json.Unmarshal(p, &line); err != nil {
		return 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if line.Machine == "request" && line.Event == "submitted" {
		l.submitted++
	}
	for _, s := range line.Steps {
		if s.Machine == "request" && slices.Contains(s.Do, "settle") {
			l.settled++
		}
	}
	return len(p), nil
}

// requests returns how many were submitted, and how many of these have not settled.
func (l *ledger) requests() (submitted, pending int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.submitted, l.submitted - l.settled
}

// links dials the sockets' connections and counts them.
type links struct{ dialed, open atomic.Int64 }

// DialContext dials as net.Dialer does.
func (l *links) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	l.dialed.Add(1)
	l.open.Add(1)
	return &link{conn, sync.OnceFunc(func() { l.open.Add(-1) })}, nil
}

// link is one connection that is counted.
type link struct {
	net.Conn
	closed func()
}

// Close closes the connection on this side.
func (l *link) Close() error {
	defer l.closed()
	return l.Conn.Close()
}
