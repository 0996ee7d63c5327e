package connectortest

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

// step is a place in the protocol where something arrives at the backend.
type step int

const (
	atLogin step = iota
	atRefresh
	atLogout
	atUpgrade
	atAuth
	atSubscribe
	atRequest
	stepCount
)

// action is what an armed fault does to an arrival.
type action string

const (
	proceed action = ""
	hold    action = "hold"
	refuse  action = "refuse"
	reject  action = "reject"
	drop    action = "drop"
)

const longestReason = 123 // bytes in a close frame; RFC 6455 section 5.5

// Fault is one way in which a backend misbehaves: at once, or on the next n
// arrivals of a kind. It is made by the functions of this package, does nothing
// until given to Backend.Script, and may be given more than once.
type Fault struct {
	now        func(*Backend) // set on a fault that acts at once
	step       step
	action     action
	times      int
	status     int
	retryAfter time.Duration
	closing    bool
	code       int
	reason     string
}

// DropSockets breaks the connection of every open socket now, without a close
// frame.
func DropSockets() Fault {
	return Fault{now: func(b *Backend) { b.room.dropAll() }}
}

// CloseSockets sends every open socket a close frame now. A socket ends when
// its client answers the frame, and at the latest after 5 s. The code is one
// that may be sent (RFC 6455 section 7.4), the reason at most 123 bytes.
func CloseSockets(code int, reason string) Fault {
	return Fault{
		now:     func(b *Backend) { b.room.closeAll(code, reason) },
		closing: true, code: code, reason: reason,
	}
}

// ExpireTokens makes every access token issued so far count as expired. Refresh
// tokens still work, and sockets stay as they are.
func ExpireTokens() Fault {
	return Fault{now: func(b *Backend) { b.accounts.expireAccess() }}
}

// RevokeAll ends every token issued so far, refresh tokens included. Sockets
// stay as they are.
func RevokeAll() Fault {
	return Fault{now: func(b *Backend) { b.accounts.revokeAll() }}
}

// RefuseLogins answers the next n logins with an HTTP status of 400 to 599.
func RefuseLogins(n, status int) Fault { return refusal(atLogin, n, status) }

// RefuseRefreshes answers the next n refreshes with an HTTP status of 400 to
// 599. Their refresh tokens stay unused.
func RefuseRefreshes(n, status int) Fault { return refusal(atRefresh, n, status) }

// RefuseUpgrades answers the next n WebSocket upgrades with an HTTP status of
// 400 to 599.
func RefuseUpgrades(n, status int) Fault { return refusal(atUpgrade, n, status) }

// HoldLogins leaves the next n logins without an answer until the client goes
// away or the backend closes.
func HoldLogins(n int) Fault { return armed(atLogin, hold, n) }

// HoldRefreshes leaves the next n refreshes without an answer, as HoldLogins
// does. Their refresh tokens stay unused.
func HoldRefreshes(n int) Fault { return armed(atRefresh, hold, n) }

// HoldUpgrades leaves the next n WebSocket upgrades without an answer, as
// HoldLogins does.
func HoldUpgrades(n int) Fault { return armed(atUpgrade, hold, n) }

// HoldAuth ignores the next n auth messages.
func HoldAuth(n int) Fault { return armed(atAuth, hold, n) }

// HoldSubscriptions ignores the next n sub messages.
func HoldSubscriptions(n int) Fault { return armed(atSubscribe, hold, n) }

// HoldRequests ignores the next n application requests on sockets: echo,
// menuAdd and menuDelete.
func HoldRequests(n int) Fault { return armed(atRequest, hold, n) }

// RejectAuth answers the next n auth messages with the error invalid_token.
func RejectAuth(n int) Fault { return armed(atAuth, reject, n) }

// RejectSubscriptions answers the next n sub messages with the error rejected.
func RejectSubscriptions(n int) Fault { return armed(atSubscribe, reject, n) }

// DropOnAuth breaks the connection, without a close frame, at each of the next
// n auth messages.
func DropOnAuth(n int) Fault { return armed(atAuth, drop, n) }

// DropOnSubscribe breaks the connection, without a close frame, at each of the
// next n sub messages.
func DropOnSubscribe(n int) Fault { return armed(atSubscribe, drop, n) }

// RetryAfter returns the refusal f with a Retry-After header (RFC 9110 section
// 10.2.3) of d, rounded up to whole seconds.
func (f Fault) RetryAfter(d time.Duration) Fault {
	f.retryAfter = d
	return f
}

func armed(s step, a action, n int) Fault { return Fault{step: s, action: a, times: n} }

func refusal(s step, n, status int) Fault {
	f := armed(s, refuse, n)
	f.status = status
	return f
}

func (f Fault) check() error {
	var errs []error
	if f.now == nil && f.action == proceed {
		errs = append(errs, errors.New("empty fault"))
	}
	if f.action != proceed && f.times < 1 {
		errs = append(errs, fmt.Errorf("n: %d is less than 1", f.times))
	}
	if f.action == refuse && (f.status < 400 || f.status > 599) {
		errs = append(errs, fmt.Errorf("status: %d is not in 400 to 599", f.status))
	}
	if f.action != refuse && f.retryAfter != 0 {
		errs = append(errs, errors.New("RetryAfter: only a refusal carries it"))
	}
	if f.retryAfter < 0 {
		errs = append(errs, fmt.Errorf("RetryAfter: %v is negative", f.retryAfter))
	}
	if f.closing && !sendable(f.code) {
		errs = append(errs, fmt.Errorf("code: %d may not be sent in a close frame", f.code))
	}
	if len(f.reason) > longestReason || !utf8.ValidString(f.reason) {
		errs = append(errs, fmt.Errorf("reason: not UTF-8 of at most %d bytes", longestReason))
	}
	return errors.Join(errs...)
}

// sendable follows RFC 6455 section 7.4: 1005, 1006 and 1015 are only ever
// reported locally.
func sendable(code int) bool {
	switch code {
	case websocket.CloseNoStatusReceived, websocket.CloseAbnormalClosure, websocket.CloseTLSHandshake:
		return false
	}
	return code >= 1000 && code <= 4999
}

// Counts tells how often each step was reached, whatever the answer was. All
// but OpenSockets only grow.
type Counts struct {
	Logins        int // POST /login
	Refreshes     int // POST /refresh
	Logouts       int // POST /logout
	Upgrades      int // GET /ws
	Auths         int // auth messages
	Subscriptions int // sub messages
	Requests      int // echo, menuAdd and menuDelete messages
	OpenSockets   int // sockets open now, from just before the client learns of it
}

// script counts arrivals and hands each the fault armed for it.
type script struct {
	log *slog.Logger

	mu      sync.Mutex
	arrived [stepCount]int
	armed   [stepCount][]Fault
}

func newScript(log *slog.Logger) *script { return &script{log: log} }

func (s *script) arm(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed[f.step] = append(s.armed[f.step], f)
}

// arrive counts an arrival and returns the fault that it meets; the zero Fault
// lets it proceed.
func (s *script) arrive(at step) Fault {
	f := s.take(at)
	s.log.Debug("arrived", "step", at.String(), "fault", string(f.action))
	return f
}

func (s *script) take(at step) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.arrived[at]++
	queue := s.armed[at]
	if len(queue) == 0 {
		return Fault{}
	}
	f := queue[0]
	if queue[0].times--; queue[0].times == 0 {
		s.armed[at] = queue[1:]
	}
	return f
}

func (s *script) counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Counts{
		Logins:        s.arrived[atLogin],
		Refreshes:     s.arrived[atRefresh],
		Logouts:       s.arrived[atLogout],
		Upgrades:      s.arrived[atUpgrade],
		Auths:         s.arrived[atAuth],
		Subscriptions: s.arrived[atSubscribe],
		Requests:      s.arrived[atRequest],
	}
}

func (s step) String() string {
	return [stepCount]string{"login", "refresh", "logout", "upgrade", "auth", "sub", "request"}[s]
}
