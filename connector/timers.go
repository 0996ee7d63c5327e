package connector

import (
	"fmt"
	"os"
	"sync"
	"time"

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
		d.timers = make(map[timerKey]stopper)
	}
	fire := func() { _ = d.post(in, d.late(key)) }
	if key.machine == transitions.SocketKind && key.timer == uint8(transitions.SocketSilent) {
		d.timers[key] = watch(d.socketRun(key.id).connection, delay, fire)
		return
	}
	d.timers[key] = time.AfterFunc(delay, fire)
}

// late is the cause of what a timer leads to: what has not come in time.
func (d *driver) late(key timerKey) *cause {
	if key.machine != transitions.SocketKind {
		return noCause
	}
	missing, ok := missing[transitions.SocketEvent(key.timer)]
	run := d.socketRun(key.id)
	if !ok || run == nil {
		return noCause
	}
	text := missing.text
	if others := run.others.Load(); others > 0 && key.timer == uint8(transitions.SocketAuthTimedOut) {
		text += fmt.Sprintf(", though messages came that are no answer: %d", others)
	}
	return run.because(missing.op, &applicationError{text, os.ErrDeadlineExceeded})
}

// missing are what a socket's deadlines wait for.
var missing = map[transitions.SocketEvent]struct{ op, text string }{
	transitions.SocketTokenTimedOut:     {"open", "no token in time"},
	transitions.SocketOpenTimedOut:      {"dial", "no answer to the upgrade in time: check the address and the port, and whether the server expects TLS"},
	transitions.SocketAuthTimedOut:      {"auth", "no answer in time"},
	transitions.SocketSubscribeTimedOut: {"subscribe", "not every answer in time"},
	transitions.SocketAttemptTimedOut:   {"open", "not ready in time after the dial"},
	transitions.SocketPingTimedOut:      {"ping", "nothing was received: the peer, or the network to it, is gone"},
}

// stopper is a timer that runs.
type stopper interface{ Stop() bool }

// silenceWatch fires when a connection has been silent for so long.
type silenceWatch struct {
	mu      sync.Mutex
	timer   *time.Timer
	stopped bool
}

func watch(c *connection, after time.Duration, fire func()) *silenceWatch {
	w := &silenceWatch{}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = time.AfterFunc(max(after-c.idle(), 0), func() {
		if left := after - c.idle(); left > 0 {
			w.again(left)
			return
		}
		fire()
	})
	return w
}

// again waits for the rest of the silence, unless it was stopped meanwhile.
func (w *silenceWatch) again(left time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.stopped {
		w.timer.Reset(left)
	}
}

// Stop stops the watch.
func (w *silenceWatch) Stop() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	return w.timer.Stop()
}

func (d *driver) stopTimer(out transitions.Output) {
	key := timerKey{out.Machine, out.ID, out.Timer}
	if timer := d.timers[key]; timer != nil {
		timer.Stop()
		delete(d.timers, key)
		if next := d.next(out); next != nil {
			next.Store(nil)
		}
	}
}

// delay returns how long a timer runs; false where none is to run.
func (d *driver) delay(w work) (time.Duration, bool) {
	switch w.out.Machine {
	case transitions.SessionKind:
		return d.sessionDelay(w)
	case transitions.LoginKind:
		return d.loginDelay(w)
	case transitions.TokenKind:
		return d.tokenDelay(w)
	case transitions.SocketKind:
		return d.socketDelay(w, d.socketRun(w.out.ID))
	case transitions.SubscriptionKind:
		return d.subscriptionRun(w.out.ID).timeout(w.out.Timer), true
	default:
		return d.socketRun(w.out.Gen).wiring.RequestTimeout, true
	}
}

func (d *driver) sessionDelay(w work) (time.Duration, bool) {
	switch transitions.SessionEvent(w.out.Timer) {
	case transitions.SessionGroupTimedOut:
		return d.settings.groupTimeout, true
	case transitions.SessionRetryDue:
		return d.retry(w, &d.chainDelays, uint8(transitions.SessionRetriesSpent))
	default:
		return d.settings.closeTimeout, true
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
