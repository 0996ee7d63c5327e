package connectortest

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"strconv"
	"time"
)

const bodyLimit = 64 << 10 // bytes of an HTTP request body

// failure is the error of an HTTP answer and of a socket message.
type failure struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// meetFault counts the arrival of r and tells whether a fault dealt with it.
func (b *Backend) meetFault(w http.ResponseWriter, r *http.Request, at step) bool {
	return b.dealWith(b.script.arrive(at), w, r, at)
}

// dealWith is false when f lets r proceed.
func (b *Backend) dealWith(f Fault, w http.ResponseWriter, r *http.Request, at step) bool {
	switch f.action {
	case refuse:
		if f.retryAfter > 0 {
			w.Header().Set("Retry-After", b.retryAfter(f))
		}
		deny(w, refused(at, f.status))
	case hold:
		select {
		case <-r.Context().Done():
		case <-b.done:
		}
		fail(w, http.StatusServiceUnavailable, failure{"unavailable", "the backend is closed"})
	case reply:
		w.Header()["Content-Type"] = nil // else net/http would guess one
		if f.contentType != "" {
			w.Header().Set("Content-Type", f.contentType)
		}
		w.WriteHeader(f.status)
		io.WriteString(w, f.body)
	case drop:
		panic(http.ErrAbortHandler)
	default:
		return false
	}
	return true
}

// retryAfter is the value of a Retry-After header (RFC 9110 section 10.2.3).
func (b *Backend) retryAfter(f Fault) string {
	if f.retryByDate {
		at := b.accounts.clock.now().Add(f.retryAfter + time.Second - 1)
		return at.UTC().Format(http.TimeFormat) // which cuts to the second
	}
	return strconv.FormatFloat(math.Ceil(f.retryAfter.Seconds()), 'f', 0, 64)
}

// refused makes a scripted refusal look like a genuine one of that status.
func refused(at step, status int) *denial {
	code := "unavailable"
	switch {
	case status == http.StatusUnauthorized && at == atLogin:
		code = errFailedAuth.Code
	case status == http.StatusUnauthorized:
		code = errInvalidToken.Code
	case status == http.StatusForbidden && at == atLoginAs:
		code = errNotPermitted.Code
	case status == http.StatusNotFound && at == atLoginAs:
		code = errUnknownUser.Code
	}
	return &denial{status, failure{code, "refused"}}
}

// denialOf is what a client hears of err.
func denialOf(err error) *denial {
	var d *denial
	if errors.As(err, &d) {
		return d
	}
	return &denial{http.StatusInternalServerError, failure{"unavailable", "no token could be issued"}}
}

func deny(w http.ResponseWriter, err error) {
	d := denialOf(err)
	if d.Code == errInvalidToken.Code {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`) // RFC 6750 section 3
	}
	fail(w, d.status, d.failure)
}

func answerTokens(w http.ResponseWriter, pair tokenPair, err error) {
	if err != nil {
		deny(w, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store") // RFC 6749 section 5.1
	answer(w, http.StatusOK, pair)
}

func fail(w http.ResponseWriter, status int, why failure) {
	answer(w, status, map[string]failure{"error": why})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// A failed write means that the client left, which nobody needs to hear.
	json.NewEncoder(w).Encode(body)
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		fail(w, http.StatusRequestEntityTooLarge, failure{"bad_message", "the body is too large"})
	case err != nil:
		fail(w, http.StatusBadRequest, failure{"bad_message", "the body cannot be read"})
	}
	return body, err == nil
}
