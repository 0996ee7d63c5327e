package authhttp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/custom-app/interlock/authhttp/errcode"
)

// The names of the calls of a [Service], as they stand in [Error].Op.
const (
	opLogin            = "login"
	opRefresh          = "refresh"
	opResume           = "resume"
	opLoginAs          = "login as"
	opLogout           = "logout"
	opLogoutEverywhere = "logout everywhere"
)

// A failed call of a [Service] ends in one of two ways, and one of a [Resumer]
// or an [Impersonator] in one of three, never in two at once. Ask with
// [errors.Is].
var (
	// ErrRejected means that the server, or the configuration, said no:
	// the same call will fail again.
	ErrRejected = errcode.New(errcode.FailedAuth, "interlock: auth: rejected")
	// ErrUnavailable means that nobody said no: the same call may succeed
	// later, and the tokens are as good as they were.
	ErrUnavailable = errcode.New(errcode.ServiceUnavailable, "interlock: auth: unavailable")
	// ErrTokenRefused means that the access token of a Resume or a LoginAs was
	// refused: the same call may succeed with a newer one. By itself it ends no
	// session, since an intermediary can refuse a token that its server takes.
	ErrTokenRefused = errcode.New(errcode.InvalidToken, "interlock: auth: the access token was refused")
)

// ErrNotSupported means that the backend has no such call; nothing was sent. An
// error that is ErrNotSupported is [ErrRejected] too.
var ErrNotSupported error = notSupported{}

type notSupported struct{}

func (notSupported) Error() string           { return "interlock: auth: not supported by this backend" }
func (notSupported) Unwrap() error           { return ErrRejected }
func (notSupported) ErrorCode() errcode.Code { return errcode.NotSupported }
func (notSupported) SaidByPeer() bool        { return false }

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

// Resumer is a [Service] that can tell at start-up whose the stored tokens are.
// Resume keeps the rules of the calls of a Service, but that its error may be
// [ErrTokenRefused]; one that is [ErrRejected] ends the session. A Grant with a
// zero Pair means that the tokens stay as they are.
type Resumer[U any] interface {
	Resume(ctx context.Context, pair Pair) (Grant[U], error)
}

// Impersonator is a [Service] that can log in as another user. LoginAs keeps the
// rules of the calls of a Service, but that its error may be [ErrTokenRefused].
// The pair is the current user's, and stays valid; id names the other user in
// a type that caller and service agree on. A Grant with a zero Pair means that
// the answer carried no tokens.
type Impersonator[U any] interface {
	LoginAs(ctx context.Context, pair Pair, id any) (Grant[U], error)
}

// Everywhere is a [Service] that can end every session of a user, on this and on
// other devices. LogoutEverywhere keeps the rules of the calls of a Service.
type Everywhere interface {
	LogoutEverywhere(ctx context.Context, pair Pair) error
}

// Feature is something that not every backend can do.
type Feature uint8

// The features, with the methods they are reached through.
const (
	FeatureResume           Feature = iota + 1 // Resume of a [Resumer]
	FeatureLoginAs                             // LoginAs of an [Impersonator]
	FeatureLogoutEverywhere                    // LogoutEverywhere of an [Everywhere]
)

// String names the feature as the Op of an [Error] does.
func (f Feature) String() string {
	switch f {
	case FeatureResume:
		return opResume
	case FeatureLoginAs:
		return opLoginAs
	case FeatureLogoutEverywhere:
		return opLogoutEverywhere
	}
	return fmt.Sprintf("feature %d", uint8(f))
}

// Featured is a [Service] that has methods which its backend may not support,
// and says which it does. A service without this method supports what it has
// methods for. What is not supported fails with [ErrNotSupported].
type Featured interface {
	// Supports gives the same answer every time, without a request.
	Supports(feature Feature) bool
}

// Error is a failed call of a [Service]. The errors that this package makes
// print no URL, no token, and nothing of an answer but its status and media type.
type Error struct {
	Op         string        // login, refresh, resume, login as, logout or logout everywhere
	Status     int           // of the HTTP answer; 0: there was none
	RetryAfter time.Duration // what the server asked to wait; 0: it did not ask
	Err        error         // wraps ErrRejected, ErrUnavailable or ErrTokenRefused
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

// ErrorCode makes an Error an [errcode.Coded]: what the answer's status means for
// the call, or the code of what kept an answer from coming.
func (e *Error) ErrorCode() errcode.Code {
	switch {
	case e == nil:
		return errcode.Unhandled
	case errors.Is(e.Err, ErrNotSupported):
		return errcode.NotSupported
	case errors.Is(e.Err, ErrTokenRefused):
		return errcode.InvalidToken
	case e.Status == 0:
		if why, ok := errors.AsType[*reason](e.Err); ok {
			return errcode.Of(why.cause)
		}
		return "" // Err says it
	case !e.SaidByPeer():
		return errcode.BadAnswer
	case errors.Is(e.Err, ErrRejected):
		return e.refusal()
	}
	return errcode.FromStatus(e.Status)
}

// refusal is what a no means, by what was asked for.
func (e *Error) refusal() errcode.Code {
	switch e.Status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
		switch e.Op {
		case opLogin:
			return errcode.FailedAuth
		case opRefresh:
			return errcode.InvalidToken
		case opLoginAs:
			return errcode.PermissionDenied
		}
	}
	return errcode.FromStatus(e.Status)
}

// SaidByPeer says whether an answer with a status other than 2xx came.
func (e *Error) SaidByPeer() bool {
	return e != nil && e.Status != 0 && (e.Status < 200 || e.Status > 299)
}

// outcome makes a failure that is said, because of cause.
func outcome(said, cause error) error { return fmt.Errorf("%w: %w", said, &reason{cause}) }

func rejected(cause error) error { return outcome(ErrRejected, cause) }

// reason is all that its cause is but an outcome. So a failure has exactly one
// outcome, whatever its cause is.
type reason struct{ cause error }

func (r *reason) Error() string      { return r.cause.Error() }
func (r *reason) As(target any) bool { return errors.As(r.cause, target) }
func (r *reason) Is(target error) bool {
	switch target {
	case ErrRejected, ErrUnavailable, ErrTokenRefused:
		return false
	}
	return errors.Is(r.cause, target)
}
