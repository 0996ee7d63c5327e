package connector

import (
	"context"

	"github.com/custom-app/interlock/transitions"
)

// call is a request that waits for its settlement.
type call struct {
	id      uint32 // set when it is submitted
	wireID  uint64
	socket  *socketRun
	payload []byte
	done    chan outcome // holds one
}

type outcome struct {
	message any
	err     error
}

// request submits an encoded request, and waits for its settlement.
func (r *socketRun) request(ctx context.Context, wireID uint64, payload []byte) (any, error) {
	d := r.driver
	c := &call{wireID: wireID, socket: r, payload: payload, done: make(chan outcome, 1)}
	if err := d.submit(c); err != nil {
		return nil, err
	}
	select {
	case o := <-c.done:
		return o.message, o.err
	case <-ctx.Done():
	}
	_ = d.post(transitions.Input{To: transitions.RequestKind, ID: c.id, On: uint8(transitions.RequestCancel)}, &cause{err: context.Cause(ctx)})
	o := <-c.done
	return o.message, o.err
}

// submit posts a request under the next id.
func (d *driver) submit(c *call) error {
	now := d.settings.now()
	d.mailbox.Lock()
	d.lookAtClock(now)
	c.id = d.core.NextRequest()
	err := d.step(transitions.Input{
		To: transitions.RequestKind, ID: c.id, On: uint8(transitions.RequestSubmit), Gen: c.socket.id, Arg: uint32(len(c.payload)),
	}, &cause{request: c})
	for _, job := range d.drain() {
		go job()
	}
	return err
}

func (d *driver) performRequest(w work) {
	switch transitions.RequestEffect(w.out.Effect) {
	case transitions.RequestAskSocket:
		if d.requests == nil {
			d.requests = make(map[uint32]*call)
		}
		d.requests[w.out.ID] = w.why.request
	case transitions.RequestWrite:
		d.requests[w.out.ID].write()
	case transitions.RequestSettle:
		c := d.requests[w.out.ID]
		delete(d.requests, w.out.ID)
		c.settle(w)
	}
}

// write queues the request on its socket's connection.
func (c *call) write() {
	connection := c.socket.connection
	connection.expect(c.wireID, expectation{request: c.id})
	connection.put(connection.message(c.payload))
	c.payload = nil
	go connection.flush() // the caller waits for its context too, which a write does not
}

// settle tells the caller what became of the request.
func (c *call) settle(w work) {
	if connection := c.socket.connection; connection != nil {
		connection.forget(c.wireID)
	}
	state := transitions.RequestState(w.out.To)
	switch state {
	case transitions.RequestAnswered:
		c.done <- outcome{message: w.why.answer.message}
	case transitions.RequestErrorAnswered:
		c.done <- outcome{message: w.why.answer.message, err: &AnswerError{Socket: c.socket.wiring.id, Err: w.why.err}}
	case transitions.RequestCancelled:
		c.done <- outcome{err: w.why.err}
	default:
		c.done <- outcome{err: settlements[state]}
	}
}
