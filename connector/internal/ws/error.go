package ws

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"
)

// Fault is a kind of failure.
type Fault uint8

const (
	Config   Fault = iota + 1 // the arguments cannot be used, nothing was dialled
	Network                   // no connection, a connection lost, or a context that was cancelled
	Timeout                   // a deadline passed: errors.Is(err, os.ErrDeadlineExceeded) holds
	TLS                       // TLS failed, at its handshake or later
	Status                    // the upgrade was answered with another status than 101
	Upgrade                   // the answer to the upgrade is none, or not the one to this request
	Protocol                  // the peer, or a call to write, violates the protocol or a limit
	Closed                    // a close frame came; for a call to write: a close frame went
)

// words say what each fault is, with the status or the code where it has one.
var words = map[Fault]string{
	Config:   "cannot be dialled",
	Network:  "network failed",
	Timeout:  "timed out",
	TLS:      "tls failed",
	Status:   "upgrade refused",
	Upgrade:  "upgrade failed",
	Protocol: "protocol violated",
	Closed:   "closed",
}

// String returns what the fault is, in a few words.
func (f Fault) String() string {
	if text, ok := words[f]; ok {
		return text
	}
	return "failed"
}

// advice is what to do about a fault of which nothing more is known.
var advice = map[Fault]string{
	Config:   "fix the arguments",
	Network:  "check the network, and try again",
	Timeout:  "check the network and the server, or allow more time",
	TLS:      "check the certificates and versions of both sides",
	Status:   "check that the address is a WebSocket endpoint",
	Upgrade:  "check that the address is a WebSocket endpoint, and what stands in between",
	Protocol: "check the server's WebSocket library, and what stands in between",
	Closed:   "look up what the server means by this code",
}

// statuses are the advice for answers to an upgrade (RFC 9110 section 15).
var statuses = map[int]string{
	http.StatusOK:                  "a captive portal, or not a WebSocket endpoint",
	http.StatusBadRequest:          "check the address, the headers and the subprotocols",
	http.StatusUnauthorized:        "the server wants credentials, or others than those sent",
	http.StatusForbidden:           "the credentials or the origin sent are not allowed here",
	http.StatusNotFound:            "check the path of the address",
	http.StatusUpgradeRequired:     "the server wants another version, or something in between strips the header Upgrade",
	http.StatusTooManyRequests:     "too many attempts: wait before the next",
	http.StatusServiceUnavailable:  "the server is overloaded or down: wait before the next attempt",
	http.StatusInternalServerError: "the server failed: look into its log",
	http.StatusBadGateway:          "the gateway does not reach the server",
	http.StatusGatewayTimeout:      "the gateway waits for the server in vain",
}

// Error is what every function of this package fails with. Only its fields hold
// what the peer said; its text quotes no address, header, body or reason.
type Error struct {
	Fault Fault
	// Status is the HTTP status of a refused upgrade, else 0.
	Status int
	// Code is the code of the peer's close frame, 1005 when it had none, or the
	// code that this side gives for a violation: 1002, 1007 or 1009 (RFC 6455
	// section 7.4.1); else 0.
	Code int
	// Reason is the text of the peer's close frame, valid UTF-8.
	Reason string
	// RetryAfter is how long a refused upgrade asks to wait (RFC 9110 section
	// 10.2.3), else 0.
	RetryAfter time.Duration
	// Err is the cause. It shows no more than Error, but wraps the original, for
	// errors.Is and errors.As; nil when a close frame came or a status was given.
	Err error
}

// Error says what went wrong, with the status or code, and what to do about it.
func (e *Error) Error() string {
	text := "interlock: websocket: " + e.Fault.String()
	switch {
	case e.Status != 0:
		text += fmt.Sprintf(" with status %d", e.Status)
	case e.Code != 0:
		text += fmt.Sprintf(" with code %d", e.Code)
	}
	if f, ok := errors.AsType[flaw](e.Err); ok {
		text += ": " + string(f)
	}
	return text + ": " + e.Advice()
}

// Advice says in one line what to do about it.
func (e *Error) Advice() string {
	if text, ok := statuses[e.Status]; ok {
		return text
	}
	if e.Status >= 300 && e.Status < 400 {
		return "redirects are not followed: dial the address that it leads to"
	}
	if f, ok := errors.AsType[flaw](e.Err); ok && remedies[f] != "" {
		return remedies[f]
	}
	if text, ok := advice[e.Fault]; ok {
		return text
	}
	return "no advice"
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is makes every timeout an os.ErrDeadlineExceeded.
func (e *Error) Is(target error) bool { return e.Fault == Timeout && target == os.ErrDeadlineExceeded }

// Timeout reports whether a deadline passed, as net.Error has it.
func (e *Error) Timeout() bool { return e.Fault == Timeout }

// Format writes what Error returns, whatever the verb.
func (e *Error) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, e.Error()) }

// MarshalText returns what Error returns; encoding/json and log/slog use it.
func (e *Error) MarshalText() ([]byte, error) { return []byte(e.Error()), nil }

// violation is a fault of the protocol, with the code that belongs to it.
func violation(f flaw, err error) *Error {
	return &Error{Fault: Protocol, Code: violations[f], Err: because(f, err)}
}

// failures are the flaws of connections by the errors that show them.
var failures = []struct {
	err  error
	flaw flaw
}{
	{net.ErrClosed, cutHere},
	{syscall.ECONNREFUSED, refused},
	{syscall.ECONNRESET, reset},
	{syscall.EPIPE, reset},
	{io.EOF, ended},
	{io.ErrUnexpectedEOF, ended},
}

// network is a failure of the connection below; silent says what did not come in
// time if it is a timeout.
func network(err error, silent flaw) *Error {
	if _, ok := errors.AsType[flaw](err); ok {
		return &Error{Fault: Network, Err: err}
	}
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		return &Error{Fault: Timeout, Err: because(silent, err)}
	}
	if e, ok := errors.AsType[*net.DNSError](err); ok && e.IsNotFound {
		return &Error{Fault: Network, Err: because(noHost, err)}
	}
	for _, f := range failures {
		if errors.Is(err, f.err) {
			return &Error{Fault: Network, Err: because(f.flaw, err)}
		}
	}
	return &Error{Fault: Network, Err: because(lost, err)}
}

// insecure is a failure of TLS.
func insecure(err error) *Error {
	f := badTLS
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		f = badAuthority
	} else if _, ok := errors.AsType[x509.HostnameError](err); ok {
		f = badName
	} else if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		f = badCertificate
	} else if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		f = notTLS
	}
	return &Error{Fault: TLS, Err: because(f, err)}
}

// alert reports whether an error is one of TLS itself: crypto/tls marks those
// that either side found in this way.
func alert(err error) bool {
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return e.Op == "remote error" || e.Op == "local error"
	}
	_, ok := errors.AsType[tls.RecordHeaderError](err)
	return ok
}
