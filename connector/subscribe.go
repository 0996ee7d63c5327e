package connector

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync/atomic"
	"time"

	"github.com/custom-app/interlock/transitions"
)

// Subscription is what a socket is to be subscribed to while running: on this
// connection, if the socket is authorised, and on each one after it.
type Subscription[U, Req, Res any] struct {
	Join Step[U, Req, Res] // its message
	// Leave is the message that ends it; nil: none, the server is not told.
	Leave *Step[U, Req, Res]
}

// Subscribed is a subscription that [Subscribe] has made. It may be used by many
// goroutines.
type Subscribed struct{ run *subscriptionRun }

// subscriptionRun performs the effects of one subscription.
type subscriptionRun struct {
	id          uint32
	number      int // of a declared one, from 1
	socket      *socketRun
	join, leave *step
	active      chan struct{} // closed when it was active once
	removed     chan struct{} // closed when it is no more
	err         error         // why; set before

	cancel context.CancelFunc // of the message that is being made; of the goroutine that runs outputs
	wireID atomic.Uint64      // of the message that was sent last
	joined atomic.Bool        // its message was sent on this connection
}

// Subscribe adds a subscription to a socket, and returns when the server has
// accepted it; until the socket is authorised it waits. It is sent once on each
// connection, and again after a drop, until it is left, or the socket is closed,
// fails for good, or loses its user. To a socket that is closed it is
// [ErrSocketClosed].
// A subscription that the server rejects, or does not answer in nine tenths of SubscribeTimeout,
// ends, also when it is sent again: see [Subscribed.Done]. The error is then a
// [*SocketError], and the context's when that ends before: the subscription is left.
// Messages of the subscription are on the socket's stream of messages.
func Subscribe[U, Req, Res any](ctx context.Context, socket *Socket[Req, Res], s Subscription[U, Req, Res]) (*Subscribed, error) {
	wiring := socket.run.wiring
	if reflect.TypeFor[U]() != wiring.types.user {
		return nil, fmt.Errorf("interlock: socket %s: subscribe: the user is a %s, not a %s", wiring.id, wiring.types.user, reflect.TypeFor[U]())
	}
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	join, leave, err := bindSubscription(socket, s)
	if err != nil {
		return nil, err
	}
	run := &subscriptionRun{socket: socket.run, join: join, leave: leave, active: make(chan struct{}), removed: make(chan struct{})}
	if err := socket.run.driver.addSubscription(run); err != nil {
		return nil, err
	}
	subscribed := &Subscribed{run}
	select {
	case <-run.active:
		return subscribed, nil
	case <-run.removed:
		return nil, run.err
	case <-ctx.Done():
		run.end()
		return nil, context.Cause(ctx)
	}
}

// bindSubscription takes the types off a subscription.
func bindSubscription[U, Req, Res any](socket *Socket[Req, Res], s Subscription[U, Req, Res]) (join, leave *step, err error) {
	bind, ok := socket.run.wiring.bindStep.(func(name string, s *Step[U, Req, Res]) (*step, error))
	if !ok {
		return nil, nil, fmt.Errorf("interlock: socket %s: subscribe: the types are others", socket.run.wiring.id)
	}
	join, joinErr := bind("Join", &s.Join)
	leave, leaveErr := bind("Leave", s.Leave)
	if err := errors.Join(joinErr, leaveErr); err != nil {
		return nil, nil, fmt.Errorf("interlock: socket %s: subscribe: %w", socket.run.wiring.id, err)
	}
	return join, leave, nil
}

// Leave ends the subscription: it tells the server, if there is a message for that,
// and waits for the answer, for SubscribeTimeout at most, or until ctx ends: then it
// goes on by itself. What the server says against it is on the socket's errors.
func (s *Subscribed) Leave(ctx context.Context) error {
	s.run.end()
	select {
	case <-s.run.removed:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Done returns a channel that is closed when the subscription is no more.
func (s *Subscribed) Done() <-chan struct{} { return s.run.removed }

// Err returns why the subscription is no more: nil while it lasts, and after Leave.
func (s *Subscribed) Err() error {
	select {
	case <-s.run.removed:
		return s.run.err
	default:
		return nil
	}
}

// end asks for the subscription's end.
func (r *subscriptionRun) end() {
	_ = r.socket.driver.post(transitions.Input{To: transitions.SubscriptionKind, ID: r.id, On: uint8(transitions.SubscriptionRemoveRequested)}, noCause)
}

// addSubscription posts a subscription under the next id.
func (d *driver) addSubscription(run *subscriptionRun) error {
	now := d.settings.now()
	d.mailbox.Lock()
	d.lookAtClock(now)
	err := run.socket.removed()
	if d.core.HasSocket(run.socket.id) {
		run.id = d.core.NextSubscription()
		d.subscriptions.Store(run.id, run)
		err = d.step(transitions.Input{
			To: transitions.SubscriptionKind, ID: run.id, On: uint8(transitions.SubscriptionAdded), Gen: run.socket.id,
		}, noCause)
	}
	for _, job := range d.drain() {
		go job()
	}
	return err
}

// subscriptionRun returns the subscription of an id.
func (d *driver) subscriptionRun(id uint32) *subscriptionRun {
	run, _ := d.subscriptions.Load(id)
	typed, _ := run.(*subscriptionRun)
	return typed
}

func (d *driver) performSubscription(w work) {
	run := d.subscriptionRun(w.out.ID)
	switch transitions.SubscriptionEffect(w.out.Effect) {
	case transitions.SubscriptionSend:
		run.joined.Store(false)
		run.send(expectation{step: run.join, number: run.number, subscription: w.out.ID, gen: w.out.Now, run: run})
	case transitions.SubscriptionSendLeave:
		run.send(expectation{step: run.leave, subscription: w.out.ID, gen: w.out.Now, leaves: true, run: run})
	case transitions.SubscriptionTellActive:
		run.tellActive()
	case transitions.SubscriptionTellRemoved:
		d.subscriptions.Delete(w.out.ID)
		run.tellRemoved(w)
	case transitions.SubscriptionAskSocket, transitions.SubscriptionReportRejected, transitions.SubscriptionReportFailed:
		// Links carry these to the socket.
	}
}

// send lines up a message, in the place of one that is still being made.
func (r *subscriptionRun) send(e expectation) {
	r.drop()
	c, k := r.socket.connection, r.socket.known()
	var ctx context.Context
	ctx, r.cancel = context.WithCancel(c.ctx)
	c.do(func() { c.sendSubscription(ctx, e, k) })
}

// drop gives up the message that is being made, or its answer.
func (r *subscriptionRun) drop() {
	if r.cancel != nil {
		r.cancel()
	}
	if c := r.socket.connection; c != nil {
		c.forget(r.wireID.Load())
	}
}

// timeout is how long the answer is waited for. One that was added ends before the
// deadline that its socket has for all.
func (r *subscriptionRun) timeout(timer uint8) time.Duration {
	timeout := r.socket.wiring.SubscribeTimeout
	if r.number == 0 && timer == uint8(transitions.SubscriptionTimedOut) {
		timeout -= timeout / 10
	}
	return timeout
}

func (r *subscriptionRun) tellActive() {
	select {
	case <-r.active: // on a connection before
	default:
		close(r.active)
	}
}

// tellRemoved says why the subscription has ended, but for one that its owner has
// ended.
func (r *subscriptionRun) tellRemoved(w work) {
	r.drop()
	if w.out.From == uint8(transitions.SubscriptionLeaving) {
		close(r.removed)
		return
	}
	switch transitions.SubscriptionEvent(w.out.On) {
	case transitions.SubscriptionRejected, transitions.SubscriptionBuilderFailed:
		r.err = w.why.err
	case transitions.SubscriptionTimedOut:
		fault := &SocketError{Socket: r.socket.wiring.id, Op: "subscribe", Err: ErrTimedOut}
		r.err = fault
		r.socket.tellFault(fault)
	case transitions.SubscriptionClosed:
		r.err = &SocketError{Socket: r.socket.wiring.id, Op: "subscribe", Err: ErrSocketClosed}
	}
	close(r.removed)
}
