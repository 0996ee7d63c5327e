package connectortest

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

// action is what an armed fault does to an arrival.
type action string

const (
	proceed    action = ""
	hold       action = "hold"
	refuse     action = "refuse"
	reject     action = "reject"
	reply      action = "answer"
	drop       action = "drop"
	dropAfter  action = "drop after the answer"
	closeWith  action = "close"
	closeAfter action = "close after the answer"
	deaf       action = "deaf"
	mute       action = "mute"
	anonymous  action = "answer without an id"
	repeat     action = "repeat the answer"
	stray      action = "stray answer"
	batch      action = "batch the answer"
)

const longestReason = 123 // bytes in a close frame; RFC 6455 section 5.5

// Fault is one way in which a backend misbehaves: at once, or on the next n
// arrivals of a kind. It is made by the functions of this package, does nothing
// until given to Backend.Script, and may be given more than once.
type Fault struct {
	now         func(*Backend) // set on a fault that acts at once
	step        step
	action      action
	times       int
	status      int
	retryAfter  time.Duration
	retryByDate bool
	contentType string
	body        string
	closing     bool
	code        int
	reason      string
	revoking    bool
	user        string
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

// RevokeUser ends every token issued so far to the user of that name, as
// RevokeAll does. The name is one that the backend knows.
func RevokeUser(name string) Fault {
	return Fault{
		now:      func(b *Backend) { b.accounts.revokeUser(name) },
		revoking: true, user: name,
	}
}

// Behave forgets the faults that are armed and not used up yet: from now on the
// backend behaves. What was held, muted or made deaf before stays so.
func Behave() Fault {
	return Fault{now: func(b *Backend) { b.script.disarm() }}
}

// RefuseLogins answers the next n logins with an HTTP status of 400 to 599. A
// login message is answered with the error that such an answer carries.
func RefuseLogins(n, status int) Fault { return refusal(atLogin, n, status) }

// RefuseLoginAs answers the next n logins as another user with an HTTP status
// of 400 to 599.
func RefuseLoginAs(n, status int) Fault { return refusal(atLoginAs, n, status) }

// RefuseRefreshes answers the next n refreshes with an HTTP status of 400 to
// 599. Their refresh tokens stay unused.
func RefuseRefreshes(n, status int) Fault { return refusal(atRefresh, n, status) }

// RefuseLogouts answers the next n logouts, everywhere or not, with an HTTP
// status of 400 to 599, or a logout message as RefuseLogins does. Their tokens
// stay valid.
func RefuseLogouts(n, status int) Fault { return refusal(atLogout, n, status) }

// RefuseMe answers the next n GET /me with an HTTP status of 400 to 599.
func RefuseMe(n, status int) Fault { return refusal(atMe, n, status) }

// RefuseUpgrades answers the next n WebSocket upgrades on /ws with an HTTP
// status of 400 to 599.
func RefuseUpgrades(n, status int) Fault { return refusal(atUpgrade, n, status) }

// RefusePublicUpgrades is RefuseUpgrades for /public.
func RefusePublicUpgrades(n, status int) Fault { return refusal(atPublicUpgrade, n, status) }

// HoldLogins leaves the next n logins without an answer until the client goes
// away or the backend closes. A login message is ignored.
func HoldLogins(n int) Fault { return armed(atLogin, hold, n) }

// HoldLoginAs leaves the next n logins as another user without an answer, as
// HoldLogins does.
func HoldLoginAs(n int) Fault { return armed(atLoginAs, hold, n) }

// HoldRefreshes leaves the next n refreshes without an answer, as HoldLogins
// does. Their refresh tokens stay unused.
func HoldRefreshes(n int) Fault { return armed(atRefresh, hold, n) }

// HoldLogouts leaves the next n logouts, everywhere or not, without an answer,
// as HoldLogins does. Their tokens stay valid.
func HoldLogouts(n int) Fault { return armed(atLogout, hold, n) }

// HoldMe leaves the next n GET /me without an answer, as HoldLogins does.
func HoldMe(n int) Fault { return armed(atMe, hold, n) }

// HoldUpgrades leaves the next n WebSocket upgrades on /ws without an answer,
// as HoldLogins does.
func HoldUpgrades(n int) Fault { return armed(atUpgrade, hold, n) }

// HoldPublicUpgrades is HoldUpgrades for /public.
func HoldPublicUpgrades(n int) Fault { return armed(atPublicUpgrade, hold, n) }

// AnswerLogins answers the next n logins with exactly this: an HTTP status of
// 200 to 599, a Content-Type header unless it is empty, and the body, which a
// status without one (RFC 9110 section 6.4.1) leaves empty. Nobody is logged
// in. A login message is answered with the body as one text frame.
func AnswerLogins(n, status int, contentType, body string) Fault {
	return scripted(atLogin, n, status, contentType, body)
}

// AnswerLoginAs answers the next n logins as another user, as AnswerLogins
// does.
func AnswerLoginAs(n, status int, contentType, body string) Fault {
	return scripted(atLoginAs, n, status, contentType, body)
}

// AnswerRefreshes answers the next n refreshes, as AnswerLogins does. Their
// refresh tokens stay unused.
func AnswerRefreshes(n, status int, contentType, body string) Fault {
	return scripted(atRefresh, n, status, contentType, body)
}

// AnswerMe answers the next n GET /me, as AnswerLogins does.
func AnswerMe(n, status int, contentType, body string) Fault {
	return scripted(atMe, n, status, contentType, body)
}

// AnswerUpgrades answers the next n WebSocket upgrades on /ws, as AnswerLogins
// does: with 200 and a page of HTML, as the portal of a public network does.
func AnswerUpgrades(n, status int, contentType, body string) Fault {
	return scripted(atUpgrade, n, status, contentType, body)
}

// CutLogins closes the connection of each of the next n logins without an
// answer, and nobody is logged in. Over HTTP the handler panics with
// http.ErrAbortHandler, which a server of net/http takes to mean just that; a
// socket ends without a close frame.
func CutLogins(n int) Fault { return armed(atLogin, drop, n) }

// CutRefreshes closes the connection of each of the next n refreshes, as
// CutLogins does. Their refresh tokens stay unused.
func CutRefreshes(n int) Fault { return armed(atRefresh, drop, n) }

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
	f.retryAfter, f.retryByDate = d, false
	return f
}

// RetryAfterDate is RetryAfter with a date in the header, by the backend's clock
// and rounded up to a whole second.
func (f Fault) RetryAfterDate(d time.Duration) Fault {
	f.retryAfter, f.retryByDate = d, true
	return f
}

func armed(s step, a action, n int) Fault { return Fault{step: s, action: a, times: n} }

func refusal(s step, n, status int) Fault {
	f := armed(s, refuse, n)
	f.status = status
	return f
}

func scripted(s step, n, status int, contentType, body string) Fault {
	f := armed(s, reply, n)
	f.status, f.contentType, f.body = status, contentType, body
	return f
}

// check joins what is wrong with f for a backend of these users.
func (f Fault) check(users map[string]User) error {
	var errs []error
	fault := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if f.now == nil && f.action == proceed {
		fault("empty fault")
	}
	if f.action != proceed && f.times < 1 {
		fault("n: %d is less than 1", f.times)
	}
	if f.action == refuse && (f.status < 400 || f.status > 599) {
		fault("status: %d is not in 400 to 599", f.status)
	}
	if f.action != refuse && f.retryAfter != 0 {
		fault("RetryAfter: only a refusal carries it")
	}
	if f.retryAfter < 0 {
		fault("RetryAfter: %v is negative", f.retryAfter)
	}
	if f.action == reply && (f.status < 200 || f.status > 599) {
		fault("status: %d is not in 200 to 599", f.status)
	}
	if strings.ContainsFunc(f.contentType, unicode.IsControl) {
		fault("contentType: %q has control characters", f.contentType)
	}
	if (f.status == http.StatusNoContent || f.status == http.StatusNotModified) && f.body != "" {
		fault("body: an answer with status %d has none", f.status)
	}
	if f.closing && !sendable(f.code) {
		fault("code: %d may not be sent in a close frame", f.code)
	}
	if len(f.reason) > longestReason || !utf8.ValidString(f.reason) {
		fault("reason: not UTF-8 of at most %d bytes", longestReason)
	}
	if _, known := users[f.user]; f.revoking && !known {
		fault("name: there is no user %q", f.user)
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
