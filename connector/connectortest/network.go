package connectortest

import (
	"context"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	backlog   = 128   // connections waiting for Accept
	firstPort = 49152 // of the clients' addresses; RFC 6335 section 6
	portCount = 1 << 14
)

// Network connects listeners and dialers inside the process, without a socket
// of the operating system. Its connections behave as TCP does: buffered,
// ordered, with deadlines and half-close. Make one with NewNetwork. All its
// methods may be called concurrently.
type Network struct {
	latency atomic.Int64 // a time.Duration
	slice   atomic.Int64 // bytes
	jitter  atomic.Pointer[jitter]

	mu        sync.Mutex
	refusing  bool
	hanging   chan struct{} // nil unless dials hang; closed when they may go on
	listeners map[string]*listener
	links     map[*link]struct{}
	dialed    int
}

// NewNetwork returns a network without listeners.
func NewNetwork() *Network {
	return &Network{
		listeners: make(map[string]*listener),
		links:     make(map[*link]struct{}),
	}
}

// Listen takes addr, a "host:port" with a port of 1 to 65535, until the
// listener is closed. The host is any name; nothing resolves it. A taken
// address is syscall.EADDRINUSE.
func (n *Network) Listen(addr string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("interlock: network: addr: %w", err)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if host == "" || err != nil || number == 0 {
		return nil, fmt.Errorf("interlock: network: addr: %q is not a host and a port of 1 to 65535", addr)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	name := strings.ToLower(addr)
	if n.listeners[name] != nil {
		return nil, opError("listen", address(name), os.NewSyscallError("bind", syscall.EADDRINUSE))
	}
	l := &listener{
		network: n,
		addr:    address(name),
		waiting: make(chan *conn, backlog),
		done:    make(chan struct{}),
	}
	n.listeners[name] = l
	return l, nil
}

// DialContext connects to the listener at addr. It serves as
// http.Transport.DialContext and as websocket.Dialer.NetDialContext. It waits
// only while Hang is set: the error is ctx's when that is over, and
// syscall.ECONNREFUSED when nothing listens at addr, too many connections wait
// to be accepted there, or Refuse is set.
func (n *Network) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	name := address(strings.ToLower(addr))
	switch network {
	case "tcp", "tcp4", "tcp6":
	default:
		return nil, opError("dial", name, net.UnknownNetworkError(network))
	}
	if err := n.awaitDial(ctx); err != nil {
		return nil, opError("dial", name, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	l := n.listeners[string(name)]
	if l == nil || n.refusing || len(l.waiting) == backlog {
		return nil, opError("dial", name, os.NewSyscallError("connect", syscall.ECONNREFUSED))
	}
	client := address(fmt.Sprintf("127.0.0.1:%d", firstPort+n.dialed%portCount))
	n.dialed++
	k := newLink(n, n.dialed, client, name)
	n.links[k] = struct{}{}
	l.waiting <- k.server
	return k.client, nil
}

func (n *Network) awaitDial(ctx context.Context) error {
	for {
		n.mu.Lock()
		hanging := n.hanging
		n.mu.Unlock()
		if hanging == nil {
			return ctx.Err()
		}
		select {
		case <-hanging:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Drop resets every open connection: what was not read yet is lost, and both
// ends get syscall.ECONNRESET. Listeners stay.
func (n *Network) Drop() {
	n.mu.Lock()
	links := n.links
	n.links = make(map[*link]struct{})
	n.mu.Unlock()
	for k := range links {
		k.reset()
	}
}

// Refuse sets whether dials are refused from now on. Open connections stay.
func (n *Network) Refuse(on bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.refusing = on
}

// Hang sets whether dials wait from now on, as when nothing answers at the
// address: until their contexts end, or until Hang(false), after which they go
// on. Open connections stay.
func (n *Network) Hang(on bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case on && n.hanging == nil:
		n.hanging = make(chan struct{})
	case !on && n.hanging != nil:
		close(n.hanging)
		n.hanging = nil
	}
}

// Freeze makes every connection that is open now half-open, for good: neither
// end hears of the other any more, not even that it closed (RFC 9293 section
// 3.5.1). What was not read yet is lost, and what is written vanishes without
// an error. Only an end's own Close and deadlines still work on it, and Drop.
// Connections dialed later are not affected.
//
// When the client's end of a frozen connection is closed the connection counts
// as closed, and its server's end, which would otherwise wait for ever, gets
// syscall.ECONNRESET.
func (n *Network) Freeze() {
	n.mu.Lock()
	links := slices.Collect(maps.Keys(n.links))
	n.mu.Unlock()
	for _, k := range links {
		k.freeze()
	}
}

// Latency makes what is written from now on, and the end of file after it,
// arrive d later, in order and on all connections; zero, as at first, or less is
// at once. What is on its way takes room in the buffer of its connection. A
// reset is at once, and so is that a closed end takes no more.
func (n *Network) Latency(d time.Duration) { n.latency.Store(int64(d)) }

// Slice makes each read return at most size bytes from now on, on all
// connections; zero, as at first, or less is no limit.
func (n *Network) Slice(size int) { n.slice.Store(int64(size)) }

// OpenConns returns how many connections are open: each from its dial until
// both of its ends are closed, or until it is reset. Of a frozen one only the
// client's end counts.
func (n *Network) OpenConns() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.links)
}

func (n *Network) forget(k *link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.links, k)
}

// address is a "host:port" of a Network.
type address string

func (address) Network() string  { return "tcp" }
func (a address) String() string { return string(a) }

type listener struct {
	network *Network
	addr    address
	waiting chan *conn // filled under the network's lock, until done
	done    chan struct{}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.waiting:
		return c, nil
	case <-l.done:
		return nil, opError("accept", l.addr, net.ErrClosed)
	}
}

// Close frees the address and resets the connections that nobody accepted.
func (l *listener) Close() error {
	waiting, err := l.stop()
	for _, c := range waiting {
		c.link.reset()
		l.network.forget(c.link)
	}
	return err
}

func (l *listener) stop() ([]*conn, error) {
	l.network.mu.Lock()
	defer l.network.mu.Unlock()
	select {
	case <-l.done:
		return nil, opError("close", l.addr, net.ErrClosed)
	default:
	}
	delete(l.network.listeners, string(l.addr))
	close(l.done)
	var waiting []*conn
	for {
		select {
		case c := <-l.waiting:
			waiting = append(waiting, c)
		default:
			return waiting, nil
		}
	}
}

func (l *listener) Addr() net.Addr { return l.addr }

func opError(op string, addr net.Addr, err error) error {
	return &net.OpError{Op: op, Net: "tcp", Addr: addr, Err: err}
}
