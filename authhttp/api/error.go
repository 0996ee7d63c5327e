package api

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
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

// GoString returns what Error returns, so that %#v does not show Text.
func (e *Error) GoString() string { return e.Error() }

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

// guarded keeps a cause for errors.Is and errors.As but prints only text,
// because the cause may quote a URL or a body.
type guarded struct {
	text  string
	cause error
}

func (g *guarded) Error() string { return g.text }
func (g *guarded) Unwrap() error { return g.cause }

// networkFault describes a failure to get an answer, or to read it to its end.
// The errors of net/http print URLs with their queries, redirect targets and
// malformed answers, so only those known to be harmless are quoted: those of
// the network, and those of this module, such as a Transport's.
func networkFault(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	text := "no valid HTTP answer"
	if network, ok := errors.AsType[*net.OpError](err); ok {
		text = network.Error()
	} else if certificate, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		text = certificate.Error()
	} else if strings.HasPrefix(err.Error(), "interlock: ") {
		text = err.Error()
	} else if errcode.Of(err) == errcode.Timeout {
		text = "timed out"
	}
	return &guarded{text, err}
}
