package connector

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v4"
	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/transitions"
)

// connection is one open WebSocket: a reader, which queues what it has to answer,
// and a short queue of frames, written by whoever finds it idle.
type connection struct {
	run *socketRun
	gen uint32
	ws  *websocket.Conn
	ctx context.Context // ends with the connection
	end context.CancelFunc

	steps chan func() // the steps of the handshake; holds both, closed after the last; nil between handshakes

	mu       sync.Mutex
	queue    []frame
	held     bool // frames wait for an event to be posted first
	writing  bool
	closing  bool // nothing is queued any more
	expected map[uint64]expectation
}

// frame is a message to write.
type frame struct {
	kind int // a message type of RFC 6455 section 11.8
	data []byte
}

// expectation says what the answer with an id answers.
type expectation struct {
	on      transitions.SocketEvent // set for handshake messages: what a good answer means
	step    *step
	request uint32 // set for requests
}

func newConnection(r *socketRun, o *opened, gen uint32) *connection {
	c := &connection{run: r, gen: gen, ws: o.ws, expected: make(map[uint64]expectation)}
	c.ctx, c.end = context.WithCancel(context.Background())
	c.ws.SetPingHandler(func(data string) error {
		c.put(frame{websocket.PongMessage, []byte(data)})
		go c.flush()
		return nil
	})
	c.ws.SetCloseHandler(func(code int, _ string) error {
		c.put(closeFrame(code)) // it leaves when the connection is cut, to which the end of reading leads
		return nil
	})
	return c
}

// closeFrame is the answer to, or the beginning of, a closing handshake.
func closeFrame(code int) frame {
	if code == websocket.CloseNoStatusReceived {
		code = websocket.CloseNormalClosure
	}
	return frame{websocket.CloseMessage, websocket.FormatCloseMessage(code, "")}
}

// begin begins a handshake: at the beginning, and when the same connection is
// authorised anew. Only the goroutine that runs outputs calls it.
func (c *connection) begin() {
	if c.steps == nil {
		steps := make(chan func(), 2)
		c.steps = steps
		c.run.driver.begin(func() { c.handshake(steps) })
	}
}

// finish ends the handshake when the steps given so far are done.
func (c *connection) finish() {
	close(c.steps)
	c.steps = nil
}

// handshake runs the steps of the way to ready, as the effects say, and ends with
// the last of them or with the connection.
func (c *connection) handshake(steps <-chan func()) {
	for {
		select {
		case step, ok := <-steps:
			if !ok {
				return
			}
			step()
		case <-c.ctx.Done():
			return
		}
	}
}

// read delivers messages until the connection ends, and posts its end.
func (c *connection) read() {
	for {
		_, data, err := c.ws.ReadMessage()
		if err != nil {
			code, why := closeCode(err), noCause
			if c.ctx.Err() == nil { // else it was ended on this side
				why = &cause{err: &SocketError{Socket: c.run.wiring.id, Op: "read", Err: err}}
			}
			c.run.post(verdict(code), c.gen, uint32(code), why)
			return
		}
		c.receive(data)
	}
}

// receive gives one message to whom it belongs.
func (c *connection) receive(data []byte) {
	a, err := guarded(func() (answer, error) { return c.run.wiring.decode(data) })
	if err != nil {
		c.run.fault("decode", err)
		return
	}
	if a.hasID {
		if e, ok := c.take(a.id); ok {
			c.answered(e, &a)
			return
		}
	}
	c.run.wiring.publish(c.run.messages, a.message)
}

// take returns what an id was expected for; an id is answered once.
func (c *connection) take(id uint64) (expectation, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.expected[id]
	delete(c.expected, id)
	return e, ok
}

// answered posts what an answer means.
func (c *connection) answered(e expectation, a *answer) {
	why := &cause{err: a.err, answer: a}
	if e.step == nil {
		on := transitions.RequestAnswer
		if a.err != nil {
			on = transitions.RequestErrorAnswer
		}
		_ = c.run.driver.post(transitions.Input{To: transitions.RequestKind, ID: e.request, On: uint8(on)}, why)
		return
	}
	accepted, err := guarded(func() (bool, error) { return a.err == nil && e.step.accept(a.message), nil })
	on, op := transitions.SocketSubscriptionRejected, "subscribe"
	if e.on == transitions.SocketAuthAccepted {
		on, op = transitions.SocketAuthRejected, "auth"
	}
	switch {
	case accepted:
		c.run.post(e.on, c.gen, 0, why)
		return
	case err != nil:
		on = transitions.SocketBuilderFailed
	case a.err != nil:
		err = a.err
	default:
		err = errNotAccepted
	}
	why.err = &SocketError{Socket: c.run.wiring.id, Op: op, Err: err}
	c.run.post(on, c.gen, 0, why)
}

// build makes one handshake message. ok is false when there is none to send, and
// with a nil error the builder has declined.
func (c *connection) build(s *step, k known, id uint64) (data []byte, ok bool, err error) {
	data, err = guarded(func() ([]byte, error) { return s.build(c.ctx, k, id) })
	declined, _ := guarded(func() (bool, error) {
		var permanent *backoff.PermanentError
		return errors.Is(err, ErrNone) || errors.As(err, &permanent), nil
	})
	switch {
	case err == nil:
		return data, true, nil
	case declined:
		return nil, false, nil
	default:
		return nil, false, err
	}
}

// sendAuth builds and sends the auth message.
func (c *connection) sendAuth(k known) {
	s, id := c.run.wiring.auth, c.run.driver.wireID.Add(1)
	data, ok, err := c.build(s, k, id)
	switch {
	case err != nil:
		c.run.post(transitions.SocketBuilderFailed, c.gen, 0, &cause{err: &SocketError{Socket: c.run.wiring.id, Op: "auth", Err: err}})
		return
	case !ok:
		c.run.post(transitions.SocketBuilderDeclined, c.gen, 0, &cause{err: &SocketError{Socket: c.run.wiring.id, Op: "auth", Err: ErrNone}})
		return
	}
	if !s.noAnswer {
		c.expect(id, expectation{on: transitions.SocketAuthAccepted, step: s})
	}
	c.put(c.message(data))
	c.flush()
	if s.noAnswer {
		c.run.post(transitions.SocketAuthSkipped, c.gen, 0, noCause)
	}
}

// sendSubscriptions builds all subscription messages, says how many answers are
// awaited, and sends them.
func (c *connection) sendSubscriptions(k known) {
	var frames []frame
	awaited := uint32(0)
	for i := range c.run.wiring.subscribe {
		s, id := &c.run.wiring.subscribe[i], c.run.driver.wireID.Add(1)
		data, ok, err := c.build(s, k, id)
		if err != nil {
			err = &SocketError{Socket: c.run.wiring.id, Op: "subscribe", Err: fmt.Errorf("message %d: %w", i+1, err)}
			c.run.post(transitions.SocketBuilderFailed, c.gen, 0, &cause{err: err})
			return
		}
		if !ok {
			continue
		}
		if !s.noAnswer {
			c.expect(id, expectation{on: transitions.SocketSubscriptionAccepted, step: s})
			awaited++
		}
		frames = append(frames, c.message(data))
	}
	c.hold(frames...)
	c.run.post(transitions.SocketSubscriptionsSent, c.gen, awaited, noCause)
	c.release()
}

// message is a frame of the socket's kind.
func (c *connection) message(data []byte) frame {
	if c.run.wiring.binary {
		return frame{websocket.BinaryMessage, data}
	}
	return frame{websocket.TextMessage, data}
}

func (c *connection) expect(id uint64, e expectation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expected[id] = e
}

// forget drops the expectation of an id that nobody waits for any more.
func (c *connection) forget(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.expected, id)
}

// put queues frames; nothing follows a close frame.
func (c *connection) put(frames ...frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range frames {
		if f.kind == websocket.PongMessage { // only the latest ping wants an answer (RFC 6455 section 5.5.3)
			c.queue = slices.DeleteFunc(c.queue, func(f frame) bool { return f.kind == websocket.PongMessage })
		}
		if !c.closing {
			c.queue = append(c.queue, f)
		}
		c.closing = c.closing || f.kind == websocket.CloseMessage
	}
}

// hold queues frames that leave only when released: after what is posted
// meanwhile, and before the frames that posting queues.
func (c *connection) hold(frames ...frame) {
	c.mu.Lock()
	c.held = true
	c.mu.Unlock()
	c.put(frames...)
}

func (c *connection) release() {
	c.mu.Lock()
	c.held = false
	c.mu.Unlock()
	c.flush()
}

// flush writes what is queued, unless somebody is at it.
func (c *connection) flush() {
	c.mu.Lock()
	if c.writing {
		c.mu.Unlock()
		return
	}
	c.writing = true
	for len(c.queue) > 0 && !c.held {
		next := c.queue[0]
		c.queue = c.queue[1:]
		c.mu.Unlock()
		err := c.write(next)
		c.mu.Lock()
		if err != nil {
			c.queue, c.closing = nil, true
			c.mu.Unlock()
			c.run.post(transitions.SocketDropped, c.gen, 0, &cause{err: &SocketError{Socket: c.run.wiring.id, Op: "write", Err: err}})
			return
		}
	}
	c.writing = false
	c.mu.Unlock()
}

// write writes one frame. Only flush calls it, one goroutine at a time.
func (c *connection) write(f frame) error {
	if err := c.ws.SetWriteDeadline(time.Now().Add(c.run.wiring.write)); err != nil {
		return err
	}
	return c.ws.WriteMessage(f.kind, f.data)
}

// sendClose begins the closing handshake (RFC 6455 section 7.1.2). What was
// queued before it is not sent any more.
func (c *connection) sendClose() {
	c.end()
	c.mu.Lock()
	if !c.closing {
		c.queue = nil
	}
	c.mu.Unlock()
	c.put(closeFrame(websocket.CloseNormalClosure))
	go c.flush()
}

// cut ends the connection at once; only a close frame that waits goes out first.
func (c *connection) cut() {
	c.end()
	c.mu.Lock()
	c.queue = slices.DeleteFunc(c.queue, func(f frame) bool { return f.kind != websocket.CloseMessage })
	c.closing, c.held = true, false
	c.mu.Unlock()
	go func() {
		c.flush()
		_ = c.ws.Close()
	}()
}
