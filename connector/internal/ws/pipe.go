package ws

import (
	"math"
	"net"
	"sync"
)

// unbounded is the allowance of a pipe that may be read without end.
const unbounded = math.MaxInt64

// pipe is the connection below everything else, TLS included. It bounds what is
// read while a handshake lasts, and keeps the errors that the layers above turn
// into others.
type pipe struct {
	net.Conn
	left int64 // how many bytes may be read; only the reading goroutine knows

	mu      sync.Mutex
	reading error // the first failure to read
	writing error // the first failure to write

	cut sync.Once
	end error // what cutting it gave
}

// Read reads at most what is left, and fails when nothing is.
func (p *pipe) Read(b []byte) (int, error) {
	if p.left == 0 {
		p.keep(&p.reading, headerLong)
		return 0, headerLong
	}
	if p.left != unbounded {
		b = b[:min(int64(len(b)), p.left)]
	}
	n, err := p.Conn.Read(b)
	if p.left != unbounded {
		p.left -= int64(n)
	}
	p.keep(&p.reading, err)
	return n, err
}

// Write writes, and keeps the error.
func (p *pipe) Write(b []byte) (int, error) {
	n, err := p.Conn.Write(b)
	p.keep(&p.writing, err)
	return n, err
}

// Close cuts the connection, once. It is called where a panic of the
// application's connection would find nobody.
func (p *pipe) Close() error {
	p.cut.Do(func() {
		defer recovered(&p.end)
		p.end = p.Conn.Close()
	})
	return p.end
}

// keep keeps the first error of a direction.
func (p *pipe) keep(first *error, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if *first == nil {
		*first = err
	}
}

// readError returns the first failure to read, if any.
func (p *pipe) readError() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.reading
}

// writeError returns the first failure to write, if any.
func (p *pipe) writeError() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.writing
}
