package connectortest

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

const bufferSize = 64 << 10 // bytes in each direction, on their way or waiting to be read

// stream is one direction of a link. Whatever a reader or writer may wait for
// is announced on changed.
type stream struct {
	network *Network
	number  int // among the streams of the network

	mu      sync.Mutex
	changed *sync.Cond

	buffer   bytes.Buffer // what has arrived
	underWay []packet     // what has not, in its order
	flying   int          // bytes under way
	arrival  *time.Timer  // of the first packet under way
	chance   *rand.Rand   // of the jitter; nil until there was some
	frozen   bool         // what is sent vanishes
	stalled  bool         // what is sent stays under way
	writing  bool         // a write is at work, others wait so as not to mix with it

	readErr  error // what reading gives once the buffer is empty
	writeErr error // what writing gives

	readBy, writeBy deadline
}

// packet is what one write or one close sends.
type packet struct {
	data []byte
	end  bool      // nothing follows
	due  time.Time // when it arrives, unless an earlier one holds it up
}

// deadline is guarded by the lock of its stream.
type deadline struct {
	timer  *time.Timer
	passed bool
}

func newStream(n *Network, number int) *stream {
	s := &stream{network: n, number: number}
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
			if most := int(s.network.slice.Load()); most > 0 {
				p = p[:min(len(p), most)]
			}
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
		if err := s.waitWritable(func() bool { return s.frozen || s.space() > 0 }); err != nil {
			return written, err
		}
		if s.frozen {
			return len(p), nil
		}
		part := p[written:min(len(p), written+s.space())]
		s.send(packet{data: part})
		written += len(part)
	}
	return written, nil
}

// space is called with s.mu held.
func (s *stream) space() int { return bufferSize - s.buffer.Len() - s.flying }

// send is called with s.mu held.
func (s *stream) send(p packet) {
	if s.frozen {
		return
	}
	now := time.Now()
	due := s.due(now)
	first := len(s.underWay) == 0
	if !due.After(now) && first && !s.stalled {
		s.receive(p)
		return
	}
	p.data = bytes.Clone(p.data) // the writer may use its own again
	p.due = due
	s.underWay = append(s.underWay, p)
	s.flying += len(p.data)
	if first {
		s.awaitArrival()
	}
}

// due is called with s.mu held. It returns when what is sent now arrives.
func (s *stream) due(now time.Time) time.Time {
	due := now.Add(time.Duration(s.network.latency.Load()))
	if j := s.network.jitter.Load(); j != nil {
		if s.chance == nil {
			s.chance = rand.New(rand.NewPCG(j.seed, uint64(s.number)))
		}
		late := time.Duration(s.chance.Int64N(int64(j.spread) + 1))
		due = due.Add(late).Truncate(time.Microsecond).Add(time.Microsecond + time.Duration(s.number%1000))
	}
	return due
}

// stall is called on both streams of a link.
func (s *stream) stall(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stalled = on
	if !on && len(s.underWay) > 0 {
		s.awaitArrival()
	}
}

// receive is called with s.mu held.
func (s *stream) receive(p packet) {
	s.buffer.Write(p.data)
	if p.end && s.readErr == nil {
		s.readErr = io.EOF
	}
	s.changed.Broadcast()
}

// awaitArrival is called with s.mu held.
func (s *stream) awaitArrival() {
	s.arrival = time.AfterFunc(time.Until(s.underWay[0].due), s.receiveDue)
}

func (s *stream) receiveDue() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for len(s.underWay) > 0 && !s.stalled {
		p := s.underWay[0]
		if p.due.After(now) {
			s.awaitArrival()
			return
		}
		s.underWay = s.underWay[1:]
		s.flying -= len(p.data)
		s.receive(p)
	}
}

// lose is called with s.mu held. It forgets all that was not read yet.
func (s *stream) lose() {
	s.buffer = bytes.Buffer{}
	s.underWay, s.flying = nil, 0
	if s.arrival != nil {
		s.arrival.Stop()
	}
	s.changed.Broadcast()
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
	s.send(packet{end: true})
	s.writeBy.stop()
	s.changed.Broadcast()
}

// closeReader is called by the reading end.
func (s *stream) closeReader() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readErr = net.ErrClosed
	if s.writeErr == nil && !s.frozen {
		s.writeErr = syscall.EPIPE
	}
	s.readBy.stop()
	s.lose()
}

// freeze leaves both ends without news of each other.
func (s *stream) freeze() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frozen = true
	s.lose()
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
	s.lose()
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
