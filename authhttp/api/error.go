package api

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/custom-app/interlock/authhttp/errcode"
)

// Error is a failed request. Printed with any verb it shows no query, no body,
// no Text and no token.
type Error struct {
	Op         string        // method and path, without a query: "GET /users"
	Status     int           // of the answer; 0: there was none
	Code       errcode.Code  // the backend's, if it gave one, else that of Status or Err
	Peer       bool          // the peer decided; false: we did, as with an answer that cannot be read
	Text       string        // what the peer says, as it says it; it may quote what was sent
	RetryAfter time.Duration // what the peer asked to wait; 0: it did not ask
	Err        error         // the cause; nil when the answer says it all
}

// Error says which request failed, how and why.
func (e *Error) Error() string {
	if e == nil {
		return "interlock: api: a nil *Error"
	}
	text := "interlock: " + cmp.Or(e.Op, "api") + ": " + string(cmp.Or(e.Code, errcode.Unhandled))
	if e.Err != nil {
		text += ": " + strings.TrimPrefix(e.Err.Error(), "interlock: ")
	}
	if e.Status != 0 {
		text += fmt.Sprintf(" (status %d)", e.Status)
	}
	return text
}

// Format writes what Error returns, whatever the verb, so that none shows Text.
func (e *Error) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, e.Error()) }

// Unwrap returns Err.
func (e *Error) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}

// ErrorCode returns Code; it implements [errcode.Coded].
func (e *Error) ErrorCode() errcode.Code {
	if e == nil {
		return ""
	}
	return e.Code
}

// SaidByPeer returns Peer; it implements [errcode.Coded].
func (e *Error) SaidByPeer() bool { return e != nil && e.Peer }
