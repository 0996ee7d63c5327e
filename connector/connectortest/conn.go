package connectortest

import (
	"io"
	"net"
	"sync"
	"syscall"
	"time"
)

// link is one connection of a Network: two ends and a stream each way.
type link struct {
	network        *Network
	number         int // from 1, in the order of the dials
	client, server *conn

	mu     sync.Mutex // taken before the locks of the streams
	frozen bool
}

func newLink(n *Network, number int, client, server address) *link {
	k := &link{network: n, number: number}
	up, down := newStream(n, 2*number), newStream(n, 2*number+1)
	k.client = &conn{link: k, in: down, out: up, local: client, remote: server}
	k.server = &conn{link: k, in: up, out: down, local: server, remote: client}
	return k
}

func (k *link) reset() {
	k.client.in.reset()
	k.client.out.reset()
}

// freeze leaves neither end anything to learn from the other.
func (k *link) freeze() {
	k.mu.Lock()
	k.frozen = true
	k.client.in.freeze()
	k.client.out.freeze()
	over := k.over()
	k.mu.Unlock()
	if over {
		k.network.forget(k)
	}
}

// close is called once by each end, and tells whether the link is over.
func (k *link) close(c *conn) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	c.out.closeWriter(net.ErrClosed)
	c.in.closeReader()
	c.closed = true
	return k.over()
}

// over is called with k.mu held. A frozen link ends with its client: the server
// could wait for ever, so it is given a reset.
func (k *link) over() bool {
	if k.frozen && k.client.closed {
		k.reset()
		return true
	}
	return k.client.closed && k.server.closed
}

// conn is one end of a link. It has CloseWrite as *net.TCPConn has.
type conn struct {
	link          *link
	in, out       *stream
	local, remote address
	closing       sync.Once
	closed        bool // guarded by the lock of the link
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.in.read(p)
	return n, c.wrap("read", err)
}

func (c *conn) Write(p []byte) (int, error) {
	n, err := c.out.write(p)
	return n, c.wrap("write", err)
}

// Close lets the peer read what was written and then io.EOF. Further calls do
// nothing.
func (c *conn) Close() error {
	c.closing.Do(func() {
		if c.link.close(c) {
			c.link.network.forget(c.link)
		}
	})
	return nil
}

// CloseWrite ends this direction only; the end can still read.
func (c *conn) CloseWrite() error {
	c.out.closeWriter(syscall.EPIPE)
	return nil
}

func (c *conn) LocalAddr() net.Addr  { return c.local }
func (c *conn) RemoteAddr() net.Addr { return c.remote }

func (c *conn) SetDeadline(t time.Time) error {
	c.in.setDeadline(&c.in.readBy, t)
	c.out.setDeadline(&c.out.writeBy, t)
	return nil
}

func (c *conn) SetReadDeadline(t time.Time) error {
	c.in.setDeadline(&c.in.readBy, t)
	return nil
}

func (c *conn) SetWriteDeadline(t time.Time) error {
	c.out.setDeadline(&c.out.writeBy, t)
	return nil
}

// wrap leaves io.EOF bare, as readers compare with it.
func (c *conn) wrap(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &net.OpError{Op: op, Net: "tcp", Source: c.local, Addr: c.remote, Err: err}
}
