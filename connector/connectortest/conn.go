package connectortest

import (
	"bytes"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const bufferSize = 64 << 10 // bytes under way in each direction

// link is one connection of a Network: two ends and a stream each way.
type link struct {
	network        *Network
	client, server *conn
	ends           atomic.Int32 // not closed yet
}

func newLink(n *Network, client, server address) *link {
	k := &link{network: n}
	k.ends.Store(2)
	up, down := newStream(), newStream()
	k.client = &conn{link: k, in: down, out: up, local: client, remote: server}
	k.server = &conn{link: k, in: up, out: down, local: server, remote: client}
	return k
}

func (k *link) reset() {
	k.client.in.reset()
	k.client.out.reset()
}

// conn is one end of a link. It has CloseWrite as *net.TCPConn has.
type conn struct {
	link          *link
	in, out       *stream
	local, remote address
	closing       sync.Once
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
		c.out.closeWriter(net.ErrClosed)
		c.in.closeReader()
		if c.link.ends.Add(-1) == 0 {
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

// stream is one direction of a link. Whatever a reader or writer may wait for
// is announced on changed.
type stream struct {
	mu      sync.Mutex
	changed *sync.Cond

	buffer  bytes.Buffer
	writing bool // a write is under way, others wait so as not to mix with it

	readErr  error // what reading gives once the buffer is empty
	writeErr error // what writing gives

	readBy, writeBy deadline
}

// deadline is guarded by the lock of its stream.
type deadline struct {
	timer  *time.Timer
	passed bool
}

func newStream() *stream {
	s := &stream{}
	s.changed = sync.NewCond(&s.mu)
	return s
}

func (s *stream) read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.readErr == net.ErrClosed:
			return 0, s.readErr
		case s.readBy.passed:
			return 0, os.ErrDeadlineExceeded
		case len(p) == 0:
			return 0, nil
		case s.buffer.Len() > 0:
			s.changed.Broadcast()
			return s.buffer.Read(p)
		case s.readErr != nil:
			return 0, s.readErr
		}
		s.changed.Wait()
	}
}

func (s *stream) write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.waitWritable(func() bool { return !s.writing }); err != nil {
		return 0, err
	}
	s.writing = true
	defer func() {
		s.writing = false
		s.changed.Broadcast()
	}()
	written := 0
	for written < len(p) {
		if err := s.waitWritable(func() bool { return s.buffer.Len() < bufferSize }); err != nil {
			return written, err
		}
		part := p[written:min(len(p), written+bufferSize-s.buffer.Len())]
		s.buffer.Write(part)
		written += len(part)
		s.changed.Broadcast()
	}
	return written, nil
}

// waitWritable is called with s.mu held.
func (s *stream) waitWritable(ready func() bool) error {
	for {
		switch {
		case s.writeErr != nil:
			return s.writeErr
		case s.writeBy.passed:
			return os.ErrDeadlineExceeded
		case ready():
			return nil
		}
		s.changed.Wait()
	}
}

// closeWriter is called by the writing end, whose further writes give err.
func (s *stream) closeWriter(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.writeErr != net.ErrClosed {
		s.writeErr = err
	}
	if s.readErr == nil {
		s.readErr = io.EOF
	}
	s.writeBy.stop()
	s.changed.Broadcast()
}

// closeReader is called by the reading end.
func (s *stream) closeReader() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readErr = net.ErrClosed
	if s.writeErr == nil {
		s.writeErr = syscall.EPIPE
	}
	s.buffer = bytes.Buffer{}
	s.readBy.stop()
	s.changed.Broadcast()
}

// reset leaves an end that closed itself with its own error.
func (s *stream) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.readErr != net.ErrClosed {
		s.readErr = syscall.ECONNRESET
	}
	if s.writeErr != net.ErrClosed {
		s.writeErr = syscall.ECONNRESET
	}
	s.buffer = bytes.Buffer{}
	s.changed.Broadcast()
}

// setDeadline sets d, one of the stream's two; the zero time lifts it.
func (s *stream) setDeadline(d *deadline, t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d.stop()
	d.passed = false
	if left := time.Until(t); t.IsZero() {
		s.changed.Broadcast()
	} else if left <= 0 {
		d.passed = true
		s.changed.Broadcast()
	} else {
		var timer *time.Timer
		timer = time.AfterFunc(left, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			if d.timer == timer { // else it fired while being replaced
				d.passed = true
				s.changed.Broadcast()
			}
		})
		d.timer = timer
	}
}

func (d *deadline) stop() {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}
