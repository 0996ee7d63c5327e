package errcode

import (
	"net/http"
	"slices"
	"strings"
)

// Code says what went wrong, in a text that stays the same from version to
// version and may be stored, compared and counted. A backend's own codes are
// Codes too. The empty Code means no error.
type Code string

// The codes of this module.
const (
	NoConnection        Code = "no_connection"         // the peer could not be reached, or the connection broke
	Timeout             Code = "timeout"               // no answer in time
	Unhandled           Code = "unhandled"             // an error that none of the others describes
	NotFound            Code = "not_found"             // there is no such thing
	Forbidden           Code = "forbidden"             // a 403: this may not be seen or done
	PermissionDenied    Code = "permission_denied"     // the user lacks a right
	ServiceUnavailable  Code = "service_unavailable"   // the service is down for now
	InternalServerError Code = "internal_server_error" // the peer failed
	BadGateway          Code = "bad_gateway"           // a gateway had no valid answer from behind it
	GatewayTimeout      Code = "gateway_timeout"       // a gateway had no answer in time
	FailedAuth          Code = "failed_auth"           // the credentials are wrong
	AuthRequired        Code = "auth_required"         // this needs a login
	MissingCredentials  Code = "missing_credentials"   // a login without login or password
	InvalidToken        Code = "invalid_token"         // the token is not, or no longer, good
	InvalidVersion      Code = "invalid_version"       // this program is too old for the peer, or too new
	UnknownMethod       Code = "unknown_method"        // the peer does not know how to do this
	Busy                Code = "busy"                  // something else is under way
	LoggedIn            Code = "logged_in"             // a user is logged in, and nobody should be
	LoggedOut           Code = "logged_out"            // nobody is logged in, or no longer
	NotSupported        Code = "not_supported"         // this cannot be done here
	Cancelled           Code = "cancelled"             // given up by whoever asked
	TooManyRequests     Code = "too_many_requests"     // the peer asks to slow down
	BadRequest          Code = "bad_request"           // the peer does not accept what was sent
	Conflict            Code = "conflict"              // what was sent does not fit what is there
	Dropped             Code = "dropped"               // never sent: newer messages took its place in the buffer
	BufferFull          Code = "buffer_full"           // never sent: the buffer had no place
	OutcomeUnknown      Code = "outcome_unknown"       // sent, and the connection was lost before the answer
	SocketClosed        Code = "socket_closed"         // the socket is closed, and meant to be
	SocketFailed        Code = "socket_failed"         // the socket has failed for good
	Expired             Code = "expired"               // the session has come to its end
	BadAnswer           Code = "bad_answer"            // the answer cannot be read
)

// All returns the codes of this module, sorted.
func All() []Code {
	return []Code{
		AuthRequired, BadAnswer, BadGateway, BadRequest, BufferFull, Busy, Cancelled, Conflict, Dropped, Expired,
		FailedAuth, Forbidden, GatewayTimeout, InternalServerError, InvalidToken, InvalidVersion, LoggedIn,
		LoggedOut, MissingCredentials, NoConnection, NotFound, NotSupported, OutcomeUnknown, PermissionDenied,
		ServiceUnavailable, SocketClosed, SocketFailed, Timeout, TooManyRequests, Unhandled, UnknownMethod,
	}
}

// FromStatus returns the code of an HTTP status (RFC 9110 section 15, RFC 6585
// section 4). A 4xx that has no code of its own is BadRequest, and a 5xx, or a
// status above it, is InternalServerError. A 2xx is no error: its code is
// empty. Any other status is no answer to a request, so BadAnswer.
func FromStatus(status int) Code {
	switch status {
	case http.StatusUnauthorized:
		return AuthRequired
	case http.StatusForbidden:
		return Forbidden
	case http.StatusNotFound:
		return NotFound
	case http.StatusRequestTimeout:
		return Timeout
	case http.StatusConflict:
		return Conflict
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return UnknownMethod
	case http.StatusUpgradeRequired:
		return InvalidVersion
	case http.StatusTooManyRequests:
		return TooManyRequests
	case http.StatusBadGateway:
		return BadGateway
	case http.StatusServiceUnavailable:
		return ServiceUnavailable
	case http.StatusGatewayTimeout:
		return GatewayTimeout
	}
	switch {
	case status >= 500:
		return InternalServerError
	case status >= 400:
		return BadRequest
	case status >= 200 && status <= 299:
		return ""
	}
	return BadAnswer
}

// maxCode bounds the codes that Parse takes, in bytes.
const maxCode = 64

// Parse reads a code that a peer wrote. A code of this module is recognised in
// any case, with or without "_", "-" or spaces between its words: "NotFound",
// "NOT_FOUND" and "not-found" are all NotFound. Any other is the backend's own
// and stays as it is written. The result is empty when text is no code: it
// is empty, longer than 64 bytes or has a character other than ASCII letters,
// digits and ".:/_-", so that no sentence, path with a query or control
// character passes for one.
func Parse(text string) Code {
	text = strings.TrimSpace(text)
	if len(text) > maxCode {
		return ""
	}
	spelt, known := letters(text), All()
	if i := slices.IndexFunc(known, func(c Code) bool { return letters(string(c)) == spelt }); i >= 0 {
		return known[i]
	}
	if strings.ContainsFunc(text, unfit) {
		return ""
	}
	return Code(text)
}

// letters is what stays of a code when its spelling is taken away.
func letters(text string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "").Replace(text))
}

func unfit(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		return false
	}
	return !strings.ContainsRune(".:/_-", r)
}
