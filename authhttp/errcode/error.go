package errcode

import (
	"cmp"
	"context"
	"errors"
	"io"
	"iter"
	"net"
	"os"
	"strings"
	"syscall"
)

// Coded is an error that knows its code.
type Coded interface {
	error
	// ErrorCode returns the code, or "" to leave the answer to the errors
	// that this one wraps.
	ErrorCode() Code
	// SaidByPeer says who decided: the peer, as with a 503, or we, as with a
	// timeout.
	SaidByPeer() bool
}

// New is [errors.New] for an error with a code: one to compare with, which this
// side has decided on.
func New(code Code, text string) error { return &sentinel{code, text} }

type sentinel struct {
	code Code
	text string
}

func (s *sentinel) Error() string    { return s.text }
func (s *sentinel) ErrorCode() Code  { return s.code }
func (s *sentinel) SaidByPeer() bool { return false }

// Error gives an error a code. A nil *Error can be used and says nothing.
type Error struct {
	Code Code
	Peer bool   // the peer decided; false: we did
	Op   string // what was tried, such as "GET /users"; may be empty
	Err  error  // the cause; may be nil
}

// Error says what was tried, the code and the cause.
func (e *Error) Error() string {
	if e == nil {
		return "interlock: error: a nil *Error"
	}
	text := "interlock: "
	if e.Op != "" {
		text += e.Op + ": "
	}
	text += string(cmp.Or(e.ErrorCode(), Unhandled))
	if e.Err != nil {
		text += ": " + strings.TrimPrefix(e.Err.Error(), "interlock: ")
	}
	return text
}

// Unwrap returns Err.
func (e *Error) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}

// ErrorCode returns Code; it implements [Coded].
func (e *Error) ErrorCode() Code {
	if e == nil {
		return ""
	}
	return e.Code
}

// SaidByPeer returns Peer; it implements [Coded].
func (e *Error) SaidByPeer() bool { return e != nil && e.Peer }

// Of returns the code of err: that of the first [Coded] in its tree, in the
// order of [errors.Is], that has one. Without any, the tree decides:
//
//   - Timeout: [context.DeadlineExceeded], [os.ErrDeadlineExceeded], or an
//     error whose method Timeout returns true, as [net.Error] has;
//   - Cancelled: [context.Canceled];
//   - NoConnection: an error of package net, a stream cut short, an errno such
//     as ECONNREFUSED, or an error with an empty text;
//   - Unhandled: all else.
//
// The code of nil is "".
func Of(err error) Code {
	if err == nil {
		return ""
	}
	if coded := find(err); coded != nil {
		return coded.ErrorCode()
	}
	switch {
	case anyOf(err, timedOut):
		return Timeout
	case errors.Is(err, context.Canceled):
		return Cancelled
	case anyOf(err, disconnected):
		return NoConnection
	}
	return Unhandled
}

// SaidByPeer says whether the peer decided on the code that Of returns. It is
// false for nil, and for every error without a [Coded].
func SaidByPeer(err error) bool {
	coded := find(err)
	return coded != nil && coded.SaidByPeer()
}

// find returns the first error of the tree that has a code, or nil.
func find(err error) Coded {
	for node := range tree(err) {
		if coded, ok := node.(Coded); ok && coded.ErrorCode() != "" {
			return coded
		}
	}
	return nil
}

func anyOf(err error, is func(error) bool) bool {
	for node := range tree(err) {
		if is(node) {
			return true
		}
	}
	return false
}

// tree walks err and all that it wraps, depth first. Unlike errors.As it does
// not stop at the first error of a type: a *url.Error is a net.Error that
// knows nothing of a timeout two levels down.
func tree(err error) iter.Seq[error] {
	return func(yield func(error) bool) { walk(err, yield) }
}

func walk(err error, yield func(error) bool) bool {
	if err == nil {
		return true
	}
	if !yield(err) {
		return false
	}
	switch wrapper := err.(type) {
	case interface{ Unwrap() error }:
		return walk(wrapper.Unwrap(), yield)
	case interface{ Unwrap() []error }:
		for _, wrapped := range wrapper.Unwrap() {
			if !walk(wrapped, yield) {
				return false
			}
		}
	}
	return true
}

func timedOut(err error) bool {
	slow, ok := err.(interface{ Timeout() bool })
	return ok && slow.Timeout() || err == context.DeadlineExceeded || err == os.ErrDeadlineExceeded
}

func disconnected(err error) bool {
	switch e := err.(type) {
	case *net.OpError, *net.DNSError, *net.AddrError, net.UnknownNetworkError:
		return true
	case syscall.Errno:
		switch e {
		case syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE,
			syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.ENETDOWN, syscall.ENOTCONN:
			return true
		}
	}
	switch err {
	case io.EOF, io.ErrUnexpectedEOF, net.ErrClosed:
		return true
	}
	return strings.TrimSpace(err.Error()) == ""
}
