package main

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
)

// What the demo counts to show that nothing is left.

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
