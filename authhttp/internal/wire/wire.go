// Package wire reads what every HTTP answer has, and describes why there is none,
// for the packages of authhttp.
//
// Its one invariant: no text that it makes quotes a URL or a part of an answer.
package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// DrainLimit is how much of an unwanted body is read so that its connection can be
// used again, in bytes.
const DrainLimit = 64 << 10

// Drain reads what is left of a body, up to DrainLimit, and closes it.
func Drain(body io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, body, DrainLimit)
	_ = body.Close()
}

// RetryAfter reads Retry-After, in seconds or as a date (RFC 9110 section 10.2.3).
// A date counts from the server's own Date when there is one. 0: the server does
// not ask to wait.
func RetryAfter(header http.Header) time.Duration {
	text := strings.TrimSpace(header.Get("Retry-After"))
	seconds, err := strconv.ParseUint(text, 10, 64)
	if err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(seconds, math.MaxInt64/uint64(time.Second))) * time.Second
	}
	until, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	now := Date(header)
	if now.IsZero() {
		now = time.Now()
	}
	return max(0, until.Sub(now))
}

// Date reads Date (RFC 9110 section 6.6.1); zero: absent or unreadable.
func Date(header http.Header) time.Time {
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return date.UTC()
}

// Guard returns an error that keeps a cause for errors.Is and errors.As but prints
// only text, because the cause may quote a URL, an answer or credentials.
func Guard(text string, cause error) error { return &guarded{text, cause} }

type guarded struct {
	text  string
	cause error
}

func (g *guarded) Error() string { return g.text }
func (g *guarded) Unwrap() error { return g.cause }

// Fault describes a failure to get an answer, or to read it to its end. The errors
// of net/http print URLs with their queries, redirect targets and malformed
// answers, so only those known to be harmless are quoted: those of the network,
// and those of this module, such as a Transport's.
func Fault(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	return Guard(harmless(err), err)
}

func harmless(err error) string {
	if network, ok := errors.AsType[*net.OpError](err); ok {
		return network.Error()
	}
	if certificate, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return certificate.Error()
	}
	slow, ok := errors.AsType[net.Error](err)
	switch {
	case strings.HasPrefix(err.Error(), "interlock: "):
		return err.Error()
	case ok && slow.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return "timed out"
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, new(tls.RecordHeaderError)):
		return "the server does not speak TLS: check the port, or use http instead of https"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed before the end of the answer"
	}
	return "no valid HTTP answer"
}
