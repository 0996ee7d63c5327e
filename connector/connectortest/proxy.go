package connectortest

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const targetWait = 5 * time.Second // for a connection to the target

// Proxy stands between clients and a server over TCP on the loopback, and can
// do to their connections what a network does. Make one with NewProxy. All its
// methods may be called concurrently.
//
// A connection through it counts as open once the target has accepted it, which
// a client knows from the first byte that it gets.
type Proxy struct {
	listener net.Listener
	target   string
	cancel   context.CancelFunc // of connections to the target not made yet

	mu        sync.Mutex
	closed    bool
	refusing  bool
	crossings map[*crossing]struct{}
	running   sync.WaitGroup
}

// NewProxy listens on a free port of 127.0.0.1 and connects each client to
// target, a "host:port". Whether anything listens there shows only then: a
// client that cannot be connected is reset.
func NewProxy(target string) (*Proxy, error) {
	if _, _, err := net.SplitHostPort(target); err != nil {
		return nil, fmt.Errorf("interlock: proxy: target: %w", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("interlock: proxy: listen: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &Proxy{listener: l, target: target, cancel: cancel, crossings: make(map[*crossing]struct{})}
	p.running.Go(func() { p.accept(ctx) })
	return p, nil
}

// Addr returns where the proxy listens, as "host:port".
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Freeze makes every connection that is open now half-open, for good, as when
// the other host lost its power: once Freeze has returned no byte crosses, nor
// the news that an end closed, and both ends stay open (RFC 9293 section
// 3.5.1). Writes succeed until the buffers of the operating system are full.
// Drop and Close end such connections; later ones are not affected.
func (p *Proxy) Freeze() {
	p.mu.Lock()
	crossings := slices.Collect(maps.Keys(p.crossings))
	p.mu.Unlock()
	for _, c := range crossings {
		c.freeze()
	}
}

// Drop resets both ends of every connection that is open now.
func (p *Proxy) Drop() {
	p.mu.Lock()
	crossings := p.crossings
	p.crossings = make(map[*crossing]struct{})
	p.mu.Unlock()
	for c := range crossings {
		c.reset()
	}
}

// Refuse sets whether clients are reset from now on, as soon as they have
// connected. Open connections stay.
func (p *Proxy) Refuse(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refusing = on
}

// Close stops listening, resets both ends of every connection and waits until
// all of the proxy's goroutines have ended. Further calls wait likewise and
// return nil.
func (p *Proxy) Close() error {
	p.mu.Lock()
	first := !p.closed
	p.closed = true
	p.mu.Unlock()

	var err error
	if first {
		p.cancel()
		err = p.listener.Close()
		p.Drop()
	}
	p.running.Wait()
	if err != nil {
		return fmt.Errorf("interlock: proxy: close: %w", err)
	}
	return nil
}

func (p *Proxy) accept(ctx context.Context) {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.running.Go(func() { p.connect(ctx, client.(*net.TCPConn)) })
	}
}

// connect serves client, and stays until its connection ends or is frozen.
func (p *Proxy) connect(ctx context.Context, client *net.TCPConn) {
	server, err := p.dial(ctx)
	if err != nil {
		abort(client)
		return
	}
	c := &crossing{client: client, server: server}
	if !p.begin(c) {
		c.reset()
		return
	}
	c.copying.Wait()
	if c.frozen.Load() {
		return
	}
	client.Close()
	server.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.crossings, c)
}

func (p *Proxy) dial(ctx context.Context) (*net.TCPConn, error) {
	p.mu.Lock()
	refusing := p.refusing
	p.mu.Unlock()
	if refusing {
		return nil, net.ErrClosed
	}
	conn, err := (&net.Dialer{Timeout: targetWait}).DialContext(ctx, "tcp", p.target)
	if err != nil {
		return nil, err
	}
	return conn.(*net.TCPConn), nil
}

// begin is false once the proxy is closed.
func (p *Proxy) begin(c *crossing) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.crossings[c] = struct{}{}
	c.copying.Go(func() { c.copy(c.server, c.client) })
	c.copying.Go(func() { c.copy(c.client, c.server) })
	return true
}

// crossing is one connection through a proxy.
type crossing struct {
	client, server *net.TCPConn
	frozen         atomic.Bool
	copying        sync.WaitGroup
}

// copy ends in silence when the crossing is frozen.
func (c *crossing) copy(to, from *net.TCPConn) {
	_, err := io.Copy(to, from)
	switch {
	case c.frozen.Load():
	case err == nil:
		to.CloseWrite()
	default:
		c.reset()
	}
}

func (c *crossing) freeze() {
	c.frozen.Store(true)
	past := time.Unix(1, 0)
	c.client.SetDeadline(past)
	c.server.SetDeadline(past)
	c.copying.Wait()
}

func (c *crossing) reset() {
	abort(c.client)
	abort(c.server)
}

// abort makes the peer of conn see a reset.
func abort(conn *net.TCPConn) {
	conn.SetLinger(0)
	conn.Close()
}
