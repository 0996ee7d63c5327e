package connector

import (
	"context"

	"github.com/custom-app/interlock/connector/internal/ws"
	"github.com/custom-app/interlock/transitions"
)

// build makes one message of a step. With declined set there is none, as the builder
// says, or there never will be.
func (c *connection) build(ctx context.Context, s *step, k known, id uint64) (f ws.Frame, declined bool, err error) {
	f, err = guarded(func() (ws.Frame, error) { return s.build(ctx, k, id) })
	none, final := verdictOf(err)
	return f, none || final, err
}

// sendAuth builds and sends the message that offers the token: the auth message of
// a new connection, or that of a renewal.
func (c *connection) sendAuth(s *step, k known) {
	id := c.run.driver.wireID.Add(1)
	f, declined, err := c.build(c.ctx, s, k, id)
	switch {
	case declined && s == c.run.wiring.renew:
		c.run.post(transitions.SocketBuilderDeclined, c.gen, 0, noCause)
		return
	case declined:
		c.run.post(transitions.SocketBuilderDeclined, c.gen, 0, c.run.because("auth", noMessage(err)))
		return
	case err != nil:
		c.stepFailed(expectation{step: s}, err)
		return
	}
	if !s.noAnswer {
		c.run.others.Store(0)
		c.expect(id, expectation{step: s})
	}
	c.put(frame{message: f})
	c.run.post(transitions.SocketAuthSent, c.gen, 0, noCause)
	c.flush()
	if s.noAnswer {
		c.run.post(transitions.SocketAuthSkipped, c.gen, 0, noCause)
	}
}

// noMessage is why there is no message: the builder's word for it, or its error.
func noMessage(err error) error {
	if none, _ := verdictOf(err); none {
		return ErrNone
	}
	return because(ErrNone, err)
}

// sendSubscription builds and sends a subscription message, or the one that ends
// the subscription.
func (c *connection) sendSubscription(ctx context.Context, e expectation, k known) {
	done := transitions.SubscriptionSkipped
	if e.leaves {
		done = transitions.SubscriptionLeft
	}
	if e.step == nil || e.leaves && !e.run.joined.Load() {
		c.postSubscription(e, done, noCause)
		return
	}
	id := c.run.driver.wireID.Add(1)
	e.run.wireID.Store(id)
	f, declined, err := c.build(ctx, e.step, k, id)
	switch {
	case ctx.Err() != nil: // nobody wants it any more
		return
	case declined:
		if none, _ := verdictOf(err); !none {
			c.run.fault(e.op(), e.which(err))
		}
		c.postSubscription(e, done, noCause)
		return
	case err != nil:
		c.stepFailed(e, err)
		return
	}
	if !e.step.noAnswer {
		c.expect(id, e)
	}
	e.run.joined.Store(!e.leaves)
	c.put(frame{message: f})
	c.flush()
	if e.step.noAnswer {
		c.noteRecovered(false)
		c.postSubscription(e, done, noCause)
	}
}
