package connector

import (
	"context"
	"errors"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/custom-app/interlock/connector/internal/ws"
	"github.com/custom-app/interlock/transitions"
)

// connection is one open WebSocket: a reader, which queues what it has to answer,
// and a short queue of frames, written by whoever finds it idle.
type connection struct {
	run  *socketRun
	gen  uint32
	conn *ws.Conn
	ctx  context.Context // ends with the connection
	end  context.CancelFunc

	steps    serial // the messages of the handshake, of renewals and subscriptions, made in order
	began    time.Time
	heard    atomic.Int64 // how long after that anything came last, in nanoseconds
	probing  atomic.Bool  // somebody waits for anything to come
	held     atomic.Bool  // the reader may be held back by a consumer
	gap      atomic.Bool  // some subscription's answer does not say that nothing was missed
	answered atomic.Bool  // some subscription's answer says so

	telling sync.Mutex // held while a message is published, and while the connection ends

	mu       sync.Mutex
	queue    []frame
	bytes    int // that are queued
	writing  bool
	closing  bool  // nothing is queued any more
	broken   error // what a write has failed with
	expected map[uint64]expectation
	expects  uint64 // how many there have been
	settled  int    // of them that nobody waits for any more
}

// frameKind is what a frame is; the zero value is a message.
type frameKind uint8

const (
	messageFrame frameKind = iota
	pingFrame
	pongFrame
	closeFrame
)

// frame is what is to be written.
type frame struct {
	kind    frameKind
	message ws.Frame
	payload []byte // of a ping or a pong
	code    int    // of a close
	reply   bool   // to a ping that is a message: only the latest matters
	left    func() // called when it was written; nil: nobody asks
}

// normalClosure is the close code of an end in good order (RFC 6455 section 7.4.1).
const normalClosure = 1000

func newConnection(r *socketRun, o *opened, gen uint32) *connection {
	c := &connection{run: r, gen: gen, conn: o.conn, began: time.Now(), expected: make(map[uint64]expectation)}
	c.ctx, c.end = context.WithCancel(context.Background())
	c.conn.OnPing(func(payload []byte) {
		c.noteHeard()
		c.put(frame{kind: pongFrame, payload: slices.Clone(payload)})
		go c.flush()
	})
	c.conn.OnPong(c.noteHeard)
	c.conn.OnClose(func(code int) {
		c.put(frame{kind: closeFrame, code: code}) // it leaves when the connection is cut, to which the end of reading leads
	})
	return c
}

// noteHeard notes that something came, and tells the one who waits for it.
func (c *connection) noteHeard() {
	c.heard.Store(int64(c.age()))
	if c.probing.Swap(false) {
		c.run.post(transitions.SocketHeard, c.gen, 0, noCause)
	}
}

// age returns for how long the connection is open.
func (c *connection) age() time.Duration { return time.Since(c.began) }

// idle returns for how long nothing has come, though it was looked for.
func (c *connection) idle() time.Duration {
	if c.held.Load() {
		return 0
	}
	return c.age() - time.Duration(c.heard.Load())
}

// probe sends a ping.
func (c *connection) probe() {
	c.probing.Store(true)
	f := frame{kind: pingFrame}
	if c.run.wiring.ping != nil {
		message, err := guarded(c.run.wiring.ping)
		if err != nil {
			c.run.fault("ping", err)
			return // as to a ping that is lost
		}
		f = frame{message: message}
	}
	c.put(f)
	c.flush()
}

// read delivers messages until the connection ends, and posts its end.
func (c *connection) read() {
	for {
		f, err := c.conn.Read()
		if err != nil {
			c.readFailed(err)
			return
		}
		c.noteHeard()
		c.run.driver.observer.message(c.run.wiring.id, Received, len(f.Data))
		if err := c.decode(f); err != nil {
			c.run.fault("decode", err)
		}
	}
}

// readFailed posts the end of the connection. One that this side has begun is no
// fault: the peer has answered the close frame, or the connection was cut.
func (c *connection) readFailed(err error) {
	var fault *ws.Error
	closed := errors.As(err, &fault) && fault.Fault == ws.Closed
	c.mu.Lock()
	broken := c.broken
	c.mu.Unlock()
	switch {
	case c.ctx.Err() != nil && closed:
		c.run.post(transitions.SocketEnded, c.gen, 0, noCause)
	case c.ctx.Err() != nil:
		c.run.post(transitions.SocketDropped, c.gen, 0, noCause)
	case broken != nil && !closed:
		c.run.post(transitions.SocketDropped, c.gen, abnormalClosure, c.run.because("write", broken))
	default:
		c.run.ended("read", c.gen, err)
	}
}

// do lines up the making of a message; what is still in line when the connection
// ends is not made.
func (c *connection) do(job func()) {
	c.steps.add(0, c.run.driver.begin, func() {
		if c.ctx.Err() == nil {
			job()
		}
	})
}

// put queues frames; nothing follows a close frame.
func (c *connection) put(frames ...frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range frames {
		if f.kind == pongFrame { // only the latest ping wants an answer (RFC 6455 section 5.5.3)
			c.discard(func(f frame) bool { return f.kind == pongFrame })
		}
		if f.reply {
			c.discard(func(f frame) bool { return f.reply })
		}
		if !c.closing {
			c.queue = append(c.queue, f)
			c.bytes += f.size()
		}
		c.closing = c.closing || f.kind == closeFrame
	}
	if c.bytes > mostQueued {
		c.fail(errQueueFull)
	}
}

// discard takes frames out of the queue. The caller holds c.mu.
func (c *connection) discard(these func(frame) bool) {
	c.queue = slices.DeleteFunc(c.queue, these)
	c.bytes = 0
	for i := range c.queue {
		c.bytes += c.queue[i].size()
	}
}

// mostQueued is how many bytes may wait to be written, frames themselves included,
// before the peer counts as one that does not read.
const mostQueued = 16 << 20

// size is what a frame costs while it waits.
func (f *frame) size() int { return len(f.message.Data) + len(f.payload) + 128 }

// fail ends the connection after a fault of writing. The caller holds c.mu.
func (c *connection) fail(err error) {
	c.queue, c.bytes, c.closing, c.broken = nil, 0, true, err
	c.endReads(err)
}

// flush writes what is queued, unless somebody is at it.
func (c *connection) flush() {
	c.mu.Lock()
	if c.writing {
		c.mu.Unlock()
		return
	}
	c.writing = true
	for len(c.queue) > 0 {
		next := c.queue[0]
		c.queue, c.bytes = c.queue[1:], c.bytes-next.size()
		c.mu.Unlock()
		err := c.write(next)
		if err == nil && next.kind == messageFrame {
			c.run.driver.observer.message(c.run.wiring.id, Sent, len(next.message.Data))
		}
		if err == nil && next.left != nil {
			next.left()
		}
		c.mu.Lock()
		if err != nil {
			c.fail(err)
			c.mu.Unlock()
			return
		}
	}
	c.writing = false
	c.mu.Unlock()
}

// endReads lets the reader say how the connection has ended: at once when the peer
// reads nothing, and so says nothing.
func (c *connection) endReads(err error) {
	by := time.Now()
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		by = by.Add(farewell)
	}
	c.conn.EndReads(by)
}

// farewell is how long a connection on which nothing can be written any more is
// still read: a close frame that says why may have come already.
const farewell = 250 * time.Millisecond

// write writes one frame. Only flush calls it, one goroutine at a time.
func (c *connection) write(f frame) error {
	deadline := time.Now().Add(c.run.wiring.WriteTimeout)
	switch f.kind {
	case pingFrame:
		return c.conn.Ping(f.payload, deadline)
	case pongFrame:
		return c.conn.Pong(f.payload, deadline)
	case closeFrame:
		return c.conn.WriteClose(f.code, "", deadline)
	default:
		return c.conn.Write(f.message, deadline)
	}
}

// silence ends what the connection makes and tells: no message of it reaches the
// application any more.
func (c *connection) silence() {
	c.end() // also of what holds the reader back
	c.telling.Lock()
	defer c.telling.Unlock()
}

// tell publishes a message, unless the connection has ended.
func (c *connection) tell(m *message, own bool) {
	c.telling.Lock()
	defer c.telling.Unlock()
	if c.ctx.Err() == nil {
		w := c.run.wiring
		c.held.Store(w.holdsBack)
		for range w.tell(c.ctx, c.run.messages, *m, c.gen, own) {
			c.run.driver.observer.message(w.id, Missed, 0)
		}
		if w.holdsBack {
			c.heard.Store(int64(c.age()))
			c.held.Store(false)
		}
	}
}

// sendClose begins the closing handshake (RFC 6455 section 7.1.2). What was
// queued before it is not sent any more.
func (c *connection) sendClose() {
	c.silence()
	c.mu.Lock()
	if !c.closing {
		c.discard(func(frame) bool { return true })
	}
	c.mu.Unlock()
	c.put(frame{kind: closeFrame, code: normalClosure})
	go c.flush()
}

// cut ends the connection at once; only a close frame that waits goes out first.
func (c *connection) cut() {
	c.silence()
	c.mu.Lock()
	c.discard(func(f frame) bool { return f.kind != closeFrame })
	c.closing = true
	c.mu.Unlock()
	go func() {
		c.flush()
		_ = c.conn.Close()
	}()
}
