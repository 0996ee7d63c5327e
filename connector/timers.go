package connector

import (
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/custom-app/interlock/transitions"
)

// timerKey names a running timer.
type timerKey struct {
	machine transitions.Kind
	id      uint32
	timer   uint8
}

// startTimer starts the timer that a state runs; when it fires, its event is
// posted with the machine's generation of now. A retry whose backoff gives no
// delay is given up instead.
func (d *driver) startTimer(w work) {
	delay, ok := d.delay(w)
	if !ok {
		return
	}
	key := timerKey{w.out.Machine, w.out.ID, w.out.Timer}
	in := transitions.Input{To: key.machine, ID: key.id, On: key.timer, Gen: w.out.Now}
	if d.timers == nil {
		d.timers = make(map[timerKey]*time.Timer)
	}
	d.timers[key] = time.AfterFunc(delay, func() { _ = d.post(in, noCause) })
}

func (d *driver) stopTimer(out transitions.Output) {
	key := timerKey{out.Machine, out.ID, out.Timer}
	if timer := d.timers[key]; timer != nil {
		timer.Stop()
		delete(d.timers, key)
	}
}

// delay returns how long a timer runs; false where none is to run.
func (d *driver) delay(w work) (time.Duration, bool) {
	s := d.settings
	switch w.out.Machine {
	case transitions.SessionKind:
		return s.closeTimeout, true
	case transitions.LoginKind:
		return d.loginDelay(w)
	case transitions.TokenKind:
		return d.tokenDelay(w)
	case transitions.SocketKind:
		return d.socketDelay(w, d.sockets[w.out.ID])
	default:
		return d.sockets[w.out.Gen].wiring.request, true
	}
}

func (d *driver) loginDelay(w work) (time.Duration, bool) {
	s := d.settings
	switch transitions.LoginEvent(w.out.Timer) {
	case transitions.LoginGateTimedOut:
		return s.gateTimeout, true
	case transitions.LoginLoadTimedOut:
		return s.storeTimeout, true
	case transitions.LoginTokenTimedOut:
		return s.tokenTimeout(), true
	case transitions.LoginRetryDue:
		return d.retry(w, &d.loginDelays, uint8(transitions.LoginRetriesSpent))
	default:
		return s.loginTimeout, true
	}
}

func (d *driver) tokenDelay(w work) (time.Duration, bool) {
	s := d.settings
	switch transitions.TokenEvent(w.out.Timer) {
	case transitions.TokenRefreshDue:
		return d.refreshDelay(d.pairs()[w.out.ID])
	case transitions.TokenFloorPassed:
		return s.refreshFloor, true
	case transitions.TokenRetryDue:
		return d.retry(w, &d.tokenRun(w.out.ID).delays, uint8(transitions.TokenRetriesSpent))
	case transitions.TokenStoreTimedOut, transitions.TokenEraseTimedOut:
		return s.storeTimeout, true
	case transitions.TokenRevokeTimedOut:
		return s.revokeTimeout, true
	default:
		return s.refreshTimeout, true
	}
}

// refreshDelay returns how long before a token is refreshed by itself, or ends.
func (d *driver) refreshDelay(h *held) (time.Duration, bool) {
	if h.staleAfter == 0 {
		return 0, false // nobody knows when it ends
	}
	due := h.staleAfter - max(elapsed(h.received, d.settings.now()), 0) // a clock that was set back puts nothing off
	if h.pair.Refresh == "" {
		return max(due, 0), true // its end, not a request to be spread
	}
	early := time.Duration(d.random().Int64N(int64(max(due, 0))/10 + 1))
	return max(due-early, d.settings.refreshFloor), true
}

// tokenTimeout is how long somebody waits for a fresh token, which may have to be
// refreshed, after the floor, and stored.
func (s *settings) tokenTimeout() time.Duration {
	return s.refreshFloor + s.refreshTimeout + s.storeTimeout
}

// staleAfter returns how long after its receipt a token of this life is stale.
func (s *settings) staleAfter(life time.Duration) time.Duration {
	return max(life-min(s.staleGap, life/2), s.refreshFloor)
}

func (d *driver) socketDelay(w work, run *socketRun) (time.Duration, bool) {
	switch transitions.SocketEvent(w.out.Timer) {
	case transitions.SocketTokenTimedOut:
		return d.settings.tokenTimeout(), true
	case transitions.SocketOpenTimedOut:
		return run.wiring.open, true
	case transitions.SocketAuthTimedOut:
		return run.wiring.authenticate, true
	case transitions.SocketSubscribeTimedOut:
		return run.wiring.subscribed, true
	case transitions.SocketStable:
		return run.wiring.stable, true
	case transitions.SocketRetryDue:
		return d.retry(w, &run.delays, uint8(transitions.SocketRetriesSpent))
	default:
		return d.settings.closeTimeout / 2, true // the other half is for telling the server
	}
}

// retry returns the next delay of a backoff, between floor and cap, spread over
// its second half, or over all of it for a first retry, since a server that went
// down loses all its clients at once. What the server asked for is the least.
// When the backoff stops, the event spent is posted.
func (d *driver) retry(w work, delays *backoff.BackOff, spent uint8) (time.Duration, bool) {
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
		_ = d.post(transitions.Input{To: w.out.Machine, ID: w.out.ID, On: spent, Gen: w.out.Now}, &cause{err: w.why.err, told: true})
		return 0, false
	}
	next = min(max(next, s.retryFloor), s.retryCap)
	least := max(next/2, s.retryFloor)
	if w.out.Attempt == 0 {
		least = s.retryFloor
	}
	next = least + time.Duration(d.random().Int64N(int64(next-least)+1))
	next = max(next, w.why.retryAfter)
	if d.journal != nil {
		d.journal.delay(w.out, next)
	}
	return next, true
}
