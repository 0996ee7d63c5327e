package connector

import (
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/custom-app/interlock/transitions"
)

// Outlook is what a socket's Retry decides from.
type Outlook struct {
	Socket SocketStatus
	Err    error         // what went wrong; nil: nobody has said
	Delay  time.Duration // what the backoff says; at least RetryFloor, and what the server asks for, is waited
}

// socketDelay returns how long a socket's timer runs; false where none is to run.
func (d *driver) socketDelay(w work, run *socketRun) (time.Duration, bool) {
	c := &run.wiring.Common
	switch transitions.SocketEvent(w.out.Timer) {
	case transitions.SocketTokenTimedOut:
		return d.settings.tokenTimeout(), true
	case transitions.SocketOpenTimedOut:
		return patient(c.OpenTimeout, w.out.Attempt), true
	case transitions.SocketAttemptTimedOut:
		return patient(c.AttemptTimeout, w.out.Attempt), true
	case transitions.SocketAuthTimedOut:
		return c.AuthTimeout, true
	case transitions.SocketSubscribeTimedOut:
		return c.SubscribeTimeout, true
	case transitions.SocketStable:
		return c.StablePeriod, true
	case transitions.SocketSilent:
		return c.PingAfter, !c.NoPing
	case transitions.SocketPingTimedOut:
		return c.PingTimeout, true
	case transitions.SocketOutageDue:
		return max(c.OutageAfter-run.outage(), 0), true
	case transitions.SocketRetryDue:
		return run.retry(w)
	default:
		return d.settings.closeTimeout / 2, true // the other half is for telling the server
	}
}

// patient is a deadline that grows with attempts that have failed.
func patient(timeout time.Duration, attempt uint16) time.Duration {
	return timeout * time.Duration(1+min(attempt, 3))
}

// outage is for how long the socket is not ready.
func (r *socketRun) outage() time.Duration {
	if r.down.IsZero() {
		return 0
	}
	now := r.driver.settings.now()
	since := elapsed(r.down, now)
	if since < 0 { // the clock was set back
		r.down, since = now, 0
	}
	return since
}

// retry returns the delay before the socket's next attempt. It is slow in a long
// outage, and when the server is busy without saying for how long.
func (r *socketRun) retry(w work) (time.Duration, bool) {
	d, c := r.driver, &r.wiring.Common
	next, ok := d.nextDelay(w, &r.delays)
	switch {
	case !ok:
		d.spend(w, uint8(transitions.SocketRetriesSpent))
		return 0, false
	case r.outage() >= c.OutageAfter:
		next = max(next, d.between(c.OutageRetry/2, c.OutageRetry))
	case w.out.To == uint8(transitions.SocketBusyWaiting) && w.why.retryAfter == 0:
		next = max(next, d.between(d.settings.retryCap/2, d.settings.retryCap))
	}
	if c.Retry != nil {
		if next, ok = r.ask(w, next); !ok {
			d.spend(w, uint8(transitions.SocketRetriesSpent))
			return 0, false
		}
	}
	next = max(next, d.settings.retryFloor)
	if least := w.why.retryAfter; next < least { // not all at the same moment
		next = least + d.between(0, d.settings.retryFloor)
	}
	next, r.booked = d.settings.budget.wait(d.settings.now(), next), true
	d.noteDelay(w, next)
	return next, true
}

// ask asks the application whether to go on.
func (r *socketRun) ask(w work, next time.Duration) (time.Duration, bool) {
	type answer struct {
		delay time.Duration
		again bool
	}
	outlook := Outlook{Socket: (&Handle{r}).Status(), Err: w.why.err, Delay: next}
	a, err := guarded(func() (a answer, _ error) {
		a.delay, a.again = r.wiring.Retry(outlook)
		return a, nil
	})
	if err != nil {
		r.fault("retry", err)
		return next, true
	}
	return a.delay, a.again
}

// retry returns the delay before the next attempt of a login, a token or a chain.
// When the backoff stops, the event spent is posted.
func (d *driver) retry(w work, delays *backoff.BackOff, spent uint8) (time.Duration, bool) {
	next, ok := d.nextDelay(w, delays)
	if !ok {
		d.spend(w, spent)
		return 0, false
	}
	next = max(next, w.why.retryAfter)
	d.noteDelay(w, next)
	return next, true
}

// nextDelay returns the next delay of a backoff, between floor and cap, spread over
// its second half, or over all of it for a first retry, since a server that went
// down loses all its clients at once; false: the backoff stops.
func (d *driver) nextDelay(w work, delays *backoff.BackOff) (time.Duration, bool) {
	s := d.settings
	next, err := guarded(func() (time.Duration, error) {
		if *delays == nil {
			*delays = s.delays()
		}
		if w.out.Attempt == 0 {
			(*delays).Reset()
		}
		return (*delays).NextBackOff(), nil
	})
	if err != nil {
		d.fail("", err)
	}
	if err != nil || next == backoff.Stop {
		return 0, false
	}
	next = min(max(next, s.retryFloor), s.retryCap)
	least := max(next/2, s.retryFloor)
	if w.out.Attempt == 0 {
		least = s.retryFloor
	}
	return d.between(least, next), true
}

// between returns a random duration, the ends included.
func (d *driver) between(least, most time.Duration) time.Duration {
	return least + time.Duration(d.random().Int64N(int64(most-least)+1))
}

// spend posts that there is no further attempt.
func (d *driver) spend(w work, spent uint8) {
	_ = d.post(transitions.Input{To: w.out.Machine, ID: w.out.ID, On: spent, Gen: w.out.Now}, &cause{err: w.why.err, told: true})
}

// next is where the time of the next attempt is noted that the timer of an output is
// for; nil: it is for none, or for one that nobody asks about.
func (d *driver) next(out transitions.Output) *atomic.Pointer[time.Time] {
	switch {
	case out.Machine == transitions.SocketKind && out.Timer == uint8(transitions.SocketRetryDue):
		if run := d.socketRun(out.ID); run != nil {
			return &run.next
		}
	case out.Machine == transitions.LoginKind && out.Timer == uint8(transitions.LoginRetryDue):
		return &d.nextLogin
	case out.Machine == transitions.TokenKind && out.Timer == uint8(transitions.TokenRetryDue):
		return &d.nextRefresh
	}
	return nil
}

// noteDelay notes when the next attempt begins, and writes the delay into the journal.
func (d *driver) noteDelay(w work, delay time.Duration) {
	if next := d.next(w.out); next != nil {
		at := d.settings.now().Add(delay)
		next.Store(&at)
	}
	if d.journal != nil {
		d.journal.delay(w.out, delay)
	}
}
