package connector

import (
	"errors"
	"fmt"
	"strings"

	"github.com/custom-app/interlock/authhttp/errcode"
	"github.com/custom-app/interlock/connector/internal/ws"
	"github.com/custom-app/interlock/transitions"
)

// Outcomes of commands and requests, for errors.Is. A login that the server
// rejects is authhttp.ErrRejected, one that finds no verdict
// authhttp.ErrUnavailable, and one whose caller leaves its context's error.
var (
	ErrBusy          = errcode.New(errcode.Busy, "interlock: session: another command is in flight")
	ErrLoggedIn      = errcode.New(errcode.LoggedIn, "interlock: session: a user is logged in")
	ErrNotLoggedIn   = errcode.New(errcode.AuthRequired, "interlock: session: nobody is logged in")
	ErrLoggedOut     = errcode.New(errcode.LoggedOut, "interlock: session: logged out meanwhile")
	ErrGate          = errcode.New(errcode.Cancelled, "interlock: session: the gate has not opened")
	ErrNoTokens      = errcode.New(errcode.BadAnswer, "interlock: session: the answer has no tokens")
	ErrNotEverywhere = errcode.New(errcode.Busy, "interlock: session: logged out, but not on every device")
	ErrParentExpired = errcode.New(errcode.Expired, "interlock: session: that of the user before has ended too")
	ErrSocketFailed  = errcode.New(errcode.SocketFailed, "interlock: session: a socket has failed for good")

	ErrDetached   = errcode.New(errcode.SocketClosed, "interlock: session: its sockets are closed by hand")
	ErrSocketOpen = errcode.New(errcode.Busy, "interlock: socket: is open, or not closed yet")

	ErrTimedOut       = errcode.New(errcode.Timeout, "interlock: request: no answer in time")
	ErrDropped        = errcode.New(errcode.Dropped, "interlock: request: dropped, the buffer overflowed")
	ErrBufferFull     = errcode.New(errcode.BufferFull, "interlock: request: refused, the buffer is full")
	ErrSocketClosed   = errcode.New(errcode.SocketClosed, "interlock: socket: is closed")
	ErrOutcomeUnknown = errcode.New(errcode.OutcomeUnknown, "interlock: request: sent, then the connection was lost")

	// ErrNone is what a builder returns that has no message to send. An auth
	// builder thereby closes its socket for good; a subscription is left out.
	ErrNone = errcode.New(errcode.MissingCredentials, "interlock: builder: no message")
)

// errOwnerLeft ends a resume that several have required when the one whose it was
// has left.
var errOwnerLeft = errcode.New(errcode.Cancelled, "interlock: session: who began the resume has left")

// errNotAccepted is the fault of an answer that is no error, and that the step's
// Accept does not like.
var errNotAccepted = errors.New("the answer was not accepted")

// errNeverAsked is the fault of an answer to a request that was never made.
var errNeverAsked = errors.New("an answer to a request that was never made")

// errQueueFull is the fault of a connection whose peer reads too slowly.
var errQueueFull = errors.New("too much waits to be written: the peer reads too slowly")

// errNoAnswers is the fault of a connection on which too many requests have had no
// answer, though the next one is told by its turn alone.
var errNoAnswers = errors.New("too many requests were not answered in time, whose turn is still to come")

// errGivenUp is the fault of a socket that has failed for good.
var errGivenUp = errors.New("given up for good")

// LoginError is a command to log in, to resume or to log in as another that did
// not come to its end, and says which half failed.
type LoginError struct {
	Command  transitions.Command
	LoggedIn bool  // the user of the command is logged in, but not every socket is ready
	Err      error // the cause
}

// Error says which half failed and why.
func (e *LoginError) Error() string {
	half := "not logged in"
	switch {
	case e.LoggedIn:
		half = "logged in, sockets not ready"
	case e.Command == transitions.CommandLoginAs:
		half = "still the user before"
	}
	return fmt.Sprintf("interlock: %s: %s: %s", e.Command, half, detail(e.Err))
}

// Unwrap returns the cause.
func (e *LoginError) Unwrap() error { return e.Err }

// AnswerError is a request that the peer answered with an error.
type AnswerError struct {
	Socket string
	Err    error // what the socket's IsError made of the answer
}

// Error says that the peer said no, and what it said.
func (e *AnswerError) Error() string {
	return fmt.Sprintf("interlock: request: %s: the peer answered: %s", e.Socket, detail(e.Err))
}

// ErrorCode returns the code of what IsError made of the answer.
func (e *AnswerError) ErrorCode() errcode.Code { return errcode.Of(e.Err) }

// SaidByPeer is true: it is the peer's answer.
func (e *AnswerError) SaidByPeer() bool { return true }

// Unwrap returns what IsError made of the answer.
func (e *AnswerError) Unwrap() error { return e.Err }

// SocketError is what went wrong on one socket, outside of any request.
type SocketError struct {
	Socket string
	Op     string // open, dial, auth, subscribe, unsubscribe, ping, retry, decode, message, read or write
	Err    error
}

// Error names the socket, what was being done, and what went wrong.
func (e *SocketError) Error() string {
	return fmt.Sprintf("interlock: socket %s: %s: %s", e.Socket, e.Op, detail(e.Err))
}

// ErrorCode returns the code of the status with which the peer has refused an upgrade;
// without one it is empty, and errcode.Of looks at what went wrong.
func (e *SocketError) ErrorCode() errcode.Code {
	if refused, ok := errors.AsType[*ws.Error](e.Err); ok && refused.Status != 0 {
		return errcode.FromStatus(refused.Status)
	}
	return ""
}

// SaidByPeer is true when the peer has refused an upgrade with a status.
func (e *SocketError) SaidByPeer() bool { return e.ErrorCode() != "" }

// Unwrap returns what went wrong.
func (e *SocketError) Unwrap() error { return e.Err }

// detail is an error's text inside that of another.
func detail(err error) string {
	if err == nil {
		return "no cause given"
	}
	return strings.TrimPrefix(err.Error(), "interlock: ")
}

// because returns err with its cause, if there is one.
func because(err, cause error) error {
	if cause == nil {
		return err
	}
	return fmt.Errorf("%w: %w", err, cause)
}

// settlements are the errors of requests that end without an answer.
var settlements = map[transitions.RequestState]error{
	transitions.RequestTimedOut: ErrTimedOut,
	transitions.RequestDropped:  ErrDropped,
	transitions.RequestRefused:  ErrBufferFull,
	transitions.RequestFailed:   ErrSocketClosed,
	transitions.RequestUnknown:  ErrOutcomeUnknown,
}
