package connector

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/custom-app/interlock/authhttp"
)

// applicationError is an error that code of the application gave. Its text is
// taken at once, where a panic is caught, since others print it where none is, and
// without what a URL that net/http names in it may hide.
type applicationError struct {
	text string
	err  error
}

func taken(err error) error {
	text := err.Error()
	if named, ok := errors.AsType[*url.Error](err); ok && named != nil {
		text = strings.ReplaceAll(text, strconv.Quote(named.URL), bare(named.URL))
	}
	return &applicationError{text, err}
}

// bare is a quoted URL without credentials, query and fragment, which may be secrets.
func bare(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "a URL"
	}
	return strconv.Quote((&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String())
}

func (e *applicationError) Error() string { return e.text }

func (e *applicationError) Unwrap() error { return e.err }

// panicError is a panic of the application's code.
type panicError struct{ text string }

func (e *panicError) Error() string { return e.text }

// in returns an error with what was being done when it came.
func in(doing string, err error) error {
	return &applicationError{"interlock: " + doing + ": " + detail(err), err}
}

// guarded calls code of the application and turns a panic into an error.
func guarded[T any](f func() (T, error)) (result T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &panicError{fmt.Sprintf("interlock: application: panic: %v", p)}
		}
	}()
	if result, err = f(); err != nil {
		err = taken(err)
	}
	return result, err
}

// failPanic tells watchers of a panic that would otherwise look like any failure.
func (d *driver) failPanic(err error) {
	var panicked *panicError
	if errors.As(err, &panicked) {
		d.fail("", err)
	}
}

// judgement is what an error of an auth call means.
type judgement struct {
	final   bool          // the server, or the application, says no for good
	refused bool          // the server has refused the token that the call was made with
	wait    time.Duration // what the server asked to wait
}

func judge(err error) judgement {
	v, _ := guarded(func() (v judgement, _ error) {
		var permanent *backoff.PermanentError
		v.refused = errors.Is(err, authhttp.ErrTokenRefused)
		v.final = errors.Is(err, authhttp.ErrRejected) || errors.As(err, &permanent)
		var e *authhttp.Error
		if errors.As(err, &e) && e != nil {
			v.wait = e.RetryAfter
		}
		return v, nil
	})
	return v
}
