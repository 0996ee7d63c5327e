package connector

import (
	"context"

	"github.com/custom-app/interlock/connector/internal/ws"
	"github.com/custom-app/interlock/transitions"
)

// call is a request that waits for its settlement.
type call struct {
	id        uint32 // set when it is submitted
	wireID    uint64 // 0: it has none, and no answer
	socket    *socketRun
	message   ws.Frame
	data      transitions.RequestData
	operation *operation
	done      chan outcome // holds one
}

type outcome struct {
	value any
	err   error
}

// begin tells that the request is about to be submitted.
func (c *call) begin(ctx context.Context) {
	name := "request"
	if c.data.OneWay {
		name = "send"
	}
	_, c.operation = c.socket.driver.observer.begin(ctx, Operation{Kind: RequestOperation, Name: name, Socket: c.socket.wiring.id})
}

// wait waits for the settlement of a request that is submitted; when ctx ends, the
// request is cancelled.
func (c *call) wait(ctx context.Context) (any, error) {
	select {
	case o := <-c.done:
		c.done <- o // for who waits again
		return o.value, o.err
	case <-ctx.Done():
	}
	_ = c.socket.driver.post(transitions.Input{To: transitions.RequestKind, ID: c.id, On: uint8(transitions.RequestCancel)}, &cause{err: context.Cause(ctx)})
	o := <-c.done
	c.done <- o
	return o.value, o.err
}

// submit posts a request under the next id.
func (d *driver) submit(c *call) error {
	now := d.settings.now()
	d.mailbox.Lock()
	d.lookAtClock(now)
	err := c.socket.removed()
	if d.core.HasSocket(c.socket.id) {
		c.id = d.core.NextRequest()
		err = d.step(transitions.Input{
			To: transitions.RequestKind, ID: c.id, On: uint8(transitions.RequestSubmit), Gen: c.socket.id,
			Arg: uint32(len(c.message.Data)), Request: c.data,
		}, &cause{request: c})
	}
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
	f := frame{message: c.message}
	if c.data.OneWay {
		f.left = func() {
			_ = c.socket.driver.post(transitions.Input{To: transitions.RequestKind, ID: c.id, On: uint8(transitions.RequestLeave)}, noCause)
		}
	} else {
		connection.expect(c.wireID, expectation{request: c.id})
	}
	connection.put(f)
	if !c.data.Repeatable {
		c.message = ws.Frame{}
	}
	go connection.flush() // the caller waits for its context too, which a write does not
}

// settle tells the caller what became of the request.
func (c *call) settle(w work) {
	if connection := c.socket.connection; connection != nil {
		connection.forget(c.wireID)
	}
	o := c.outcome(w)
	c.operation.done(c.socket.driver.settings.system.StateName(transitions.RequestKind, w.out.To), o.err)
	c.done <- o
}

func (c *call) outcome(w work) outcome {
	switch state := transitions.RequestState(w.out.To); state {
	case transitions.RequestAnswered:
		return outcome{value: w.why.answer.value}
	case transitions.RequestErrorAnswered:
		return outcome{value: w.why.answer.value, err: &AnswerError{Socket: c.socket.wiring.id, Err: w.why.err}}
	case transitions.RequestCancelled:
		return outcome{err: w.why.err}
	default:
		return outcome{err: settlements[state]} // nil for one that is written
	}
}
