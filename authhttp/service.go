package authhttp

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// The names of the calls of a [Service], as they stand in [Error].Op.
const (
	opLogin   = "login"
	opRefresh = "refresh"
	opLogout  = "logout"
)

// A failed call of a [Service] ends in one of two ways, never both. Ask with
// [errors.Is].
var (
	// ErrRejected means that the server, or the configuration, said no:
	// the same call will fail again.
	ErrRejected = errors.New("interlock: auth: rejected")
	// ErrUnavailable means that nobody said no: the same call may succeed
	// later, and the tokens are as good as they were.
	ErrUnavailable = errors.New("interlock: auth: unavailable")
)

// Grant is the answer to a login.
type Grant[U any] struct {
	Pair Pair // zero: the answer carried no tokens
	User U
}

// Service reaches a backend: C is what somebody logs in with, U what the
// backend says about the user. Each call makes at most one request, is bounded
// by its context and may be made from many goroutines at once. Its error is
// nil, or one that is [ErrRejected] or [ErrUnavailable] in the sense of
// [errors.Is]; wrapping it in an [*Error] adds details.
type Service[C, U any] interface {
	// Login exchanges credentials for tokens.
	Login(ctx context.Context, credentials C) (Grant[U], error)
	// Refresh exchanges a pair for a newer one. Getting the same, still valid
	// tokens back is success.
	Refresh(ctx context.Context, pair Pair) (Pair, error)
	// Logout tells the backend that the pair is no longer used.
	Logout(ctx context.Context, pair Pair) error
}

// Error is a failed call of a [Service]. The errors that this package makes
// print no URL, no part of an answer and no token.
type Error struct {
	Op         string        // login, refresh or logout
	Status     int           // of the HTTP answer; 0: there was none
	RetryAfter time.Duration // what the server asked to wait; 0: it did not ask
	Err        error         // wraps ErrRejected or ErrUnavailable
}

// Error says which call failed, how and why.
func (e *Error) Error() string {
	if e == nil {
		return "interlock: auth: a nil *Error"
	}
	text := "interlock: " + e.Op
	if e.Err != nil {
		text += ": " + strings.TrimPrefix(e.Err.Error(), "interlock: auth: ")
	}
	if e.Status != 0 {
		text += fmt.Sprintf(" (status %d)", e.Status)
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

func rejected(cause error) error { return fmt.Errorf("%w: %w", ErrRejected, cause) }

// failed gives a cause its outcome: unavailable, unless the cause itself says
// rejected, so that no error is ever both.
func failed(cause error) error {
	if errors.Is(cause, ErrRejected) {
		return rejected(cause)
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, cause)
}

// guarded keeps a cause for errors.Is and errors.As but prints only text,
// because the cause may quote a URL, an answer or credentials.
type guarded struct {
	text  string
	cause error
}

func (g *guarded) Error() string { return g.text }
func (g *guarded) Unwrap() error { return g.cause }
