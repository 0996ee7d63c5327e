package connector

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/custom-app/interlock/transitions"
)

// Observer is told what all sessions of a client do, for metrics and traces; package
// connector/telemetry, a module of its own, has one for OpenTelemetry. Embed
// [NoObserver] in yours: methods may be added.
//
// Its methods are called from many goroutines at a time, most of them while outputs of
// a session's machines are run or a message is read: they must return at once, and use
// no session. Changed is told of one session's changes in their order; the rest may come a
// little before or after what it belongs to. An observer that panics is told no more about
// that session. It is never told a token, credentials or a message.
type Observer interface {
	// Begin is told that something begins that takes time. What is done for it gets the
	// context that it returns, made from ctx; the function that it returns is called once,
	// when it ends, and may be nil.
	Begin(ctx context.Context, op Operation) (context.Context, func(End))

	// Changed is told what Session.Changes tells.
	Changed(session uint64, c Change)

	// Message is told of each WebSocket message of a socket, with its size in bytes before
	// compression, and of each that a slow consumer has missed, with size 0.
	Message(session uint64, socket string, flow Flow, size int)

	// Failed is told what Session.Errors tells.
	Failed(session uint64, err error)
}

// NoObserver is an observer that does nothing, to be embedded.
type NoObserver struct{}

// Begin returns ctx.
func (NoObserver) Begin(ctx context.Context, _ Operation) (context.Context, func(End)) {
	return ctx, nil
}

// Changed does nothing.
func (NoObserver) Changed(uint64, Change) {}

// Message does nothing.
func (NoObserver) Message(uint64, string, Flow, int) {}

// Failed does nothing.
func (NoObserver) Failed(uint64, error) {}

// Operation is something that takes time.
type Operation struct {
	Kind       OperationKind
	Name       string // see the kinds
	Session    uint64 // its [Session.Number]
	Socket     string // the id of the socket, of an attempt and of a request
	Generation uint32 // of the socket, of an attempt
}

// OperationKind says what an operation is.
type OperationKind uint8

// The kinds of operations.
const (
	// CommandOperation is a command of the application, within its context. Those to log
	// in, named login, adopt, resume and loginAs, are told unless they are refused at once,
	// the resume of Session.Require too; those to leave are logout, logoutEverywhere,
	// forget and close.
	CommandOperation OperationKind = iota
	// CallOperation is one call of Config.Auth, within the command in flight that it is
	// made for, or on its own: login, resume, loginAs, refresh, logout or logoutEverywhere.
	CallOperation
	// AttemptOperation is one attempt to get a socket ready, from its dial: connect. It is
	// within the command in flight, or on its own.
	AttemptOperation
	// RequestOperation is a request, from its submission to its settlement, within the
	// context of its caller: request, or send when it wants no answer.
	RequestOperation
)

var operationKinds = [...]string{"command", "call", "attempt", "request"}

// String returns the kind's name.
func (k OperationKind) String() string {
	if int(k) < len(operationKinds) {
		return operationKinds[k]
	}
	return fmt.Sprintf("operation %d", uint8(k))
}

// End is how an operation has ended.
type End struct {
	// Outcome is one of a few words. Of a command to log in and of an attempt it is the
	// event of package transitions that has ended it, as rejected, unavailable or
	// openTimedOut, but ready when all is well; of a command to leave it is done, or
	// abandoned when the caller's context ended before, or failed; of a call it is accepted, rejected,
	// tokenRefused or unavailable; of a request its settlement, as answered,
	// errorAnswered, written, timedOut, cancelled, dropped, refused, failed or unknown.
	Outcome string
	Err     error // nil: it went well, or an attempt was given up by the session
}

// Flow says what has become of a message.
type Flow uint8

// The flows.
const (
	Received Flow = iota // it has come
	Sent                 // it is written
	Missed               // it has come, and one consumer of Messages or All was too slow for it
)

var flows = [...]string{"received", "sent", "missed"}

// String returns the flow's name.
func (f Flow) String() string {
	if int(f) < len(flows) {
		return flows[f]
	}
	return fmt.Sprintf("flow %d", uint8(f))
}

// observation tells an observer about one session; nil tells nobody.
type observation struct {
	driver *driver
	to     Observer
	ended  atomic.Bool // the observer has panicked
}

// operation is one whose end is to be told; nil: nobody is told.
type operation struct {
	of  *observation
	end func(End)
}

// begin tells that an operation begins, and returns the context of what is done for it.
func (o *observation) begin(ctx context.Context, op Operation) (context.Context, *operation) {
	if o == nil {
		return ctx, nil
	}
	op.Session = o.driver.number
	within, begun := ctx, &operation{of: o}
	o.guard(func() { within, begun.end = o.to.Begin(ctx, op) })
	if within == nil {
		within = ctx
	}
	return within, begun
}

// done tells that an operation has ended.
func (op *operation) done(outcome string, err error) {
	if op != nil && op.end != nil {
		op.of.guard(func() { op.end(End{Outcome: outcome, Err: err}) })
	}
}

func (o *observation) changed(c Change) {
	if o != nil {
		o.guard(func() { o.to.Changed(o.driver.number, c) })
	}
}

func (o *observation) message(socket string, flow Flow, size int) {
	if o != nil {
		o.guard(func() { o.to.Message(o.driver.number, socket, flow, size) })
	}
}

func (o *observation) failed(err error) {
	if o != nil {
		o.guard(func() { o.to.Failed(o.driver.number, err) })
	}
}

// guard calls the observer. One that panics is told of once, and called no more.
func (o *observation) guard(call func()) {
	if o.ended.Load() {
		return
	}
	if _, err := guarded(func() (struct{}, error) { call(); return struct{}{}, nil }); err != nil && !o.ended.Swap(true) {
		o.driver.fail("", in("observer", err))
	}
}

// outcome is the word for how a call of Config.Auth has ended.
func (j judgement) outcome(err error) string {
	switch {
	case err == nil:
		return "accepted"
	case j.refused:
		return "tokenRefused"
	case j.final:
		return "rejected"
	}
	return "unavailable"
}

// leaveOutcome is the word for how a command to leave has ended.
func leaveOutcome(ctx context.Context, err error) string {
	switch {
	case err == nil:
		return "done"
	case ctx.Err() != nil:
		return "abandoned"
	}
	return "failed"
}

// observe tells of an attempt that ends with a change of the socket: when it is ready,
// or is no longer about to be.
func (r *socketRun) observe(w work, c Change) {
	if r.attempt == nil {
		return
	}
	err := w.why.err
	switch transitions.SocketState(w.out.To) {
	case transitions.SocketOpening, transitions.SocketAuthenticating, transitions.SocketAuthed:
		return
	case transitions.SocketSubscribed:
		c.Event, err = "ready", nil
	case transitions.SocketClosing, transitions.SocketClosed, transitions.SocketRemoved:
		err = nil
	case transitions.SocketWaiting, transitions.SocketOutage, transitions.SocketBusyWaiting, transitions.SocketFailed:
		if err == nil {
			err = &SocketError{Socket: r.wiring.id, Op: "open", Err: errors.New(c.Reason)}
		}
	}
	r.attempt.done(c.Event, err)
	r.attempt = nil
}
