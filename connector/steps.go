package connector

import (
	"context"
	"errors"

	"github.com/cenkalti/backoff/v4"

	"github.com/custom-app/interlock/connector/internal/ws"
	"github.com/custom-app/interlock/transitions"
)

// build makes one message of a step. ok is false when there is none to send, and
// with a nil error the builder has declined.
func (c *connection) build(ctx context.Context, s *step, k known, id uint64) (f ws.Frame, ok bool, err error) {
	f, err = guarded(func() (ws.Frame, error) { return s.build(ctx, k, id) })
	declined, _ := guarded(func() (bool, error) {
		var permanent *backoff.PermanentError
		return errors.Is(err, ErrNone) || errors.As(err, &permanent), nil
	})
	switch {
	case err == nil:
		return f, true, nil
	case declined:
		return ws.Frame{}, false, nil
	default:
		return ws.Frame{}, false, err
	}
}

// sendAuth builds and sends the message that offers the token: the auth message of
// a new connection, or that of a renewal.
func (c *connection) sendAuth(s *step, k known) {
	id := c.run.driver.wireID.Add(1)
	f, ok, err := c.build(c.ctx, s, k, id)
	switch {
	case err != nil:
		c.stepFailed(expectation{step: s}, err)
		return
	case !ok:
		why := noCause
		if s == c.run.wiring.auth {
			why = c.run.because("auth", ErrNone)
		}
		c.run.post(transitions.SocketBuilderDeclined, c.gen, 0, why)
		return
	}
	if !s.noAnswer {
		c.expect(id, expectation{step: s})
	}
	c.put(frame{message: f})
	c.run.post(transitions.SocketAuthSent, c.gen, 0, noCause)
	c.flush()
	if s.noAnswer {
		c.run.post(transitions.SocketAuthSkipped, c.gen, 0, noCause)
	}
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
	f, ok, err := c.build(ctx, e.step, k, id)
	switch {
	case ctx.Err() != nil: // nobody wants it any more
		return
	case err != nil:
		c.stepFailed(e, err)
		return
	case !ok:
		c.postSubscription(e, done, noCause)
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
