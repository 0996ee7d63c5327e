package authhttp

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// drainLimit is how much of an unwanted body is read so that its connection
// can be used again, in bytes.
const drainLimit = 64 << 10

func drain(body io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, body, drainLimit)
	_ = body.Close()
}

// loginRejects says whether a status other than 2xx means that the
// credentials are wrong. 408, 425 and 429 ask for the same request later
// (RFC 9110 section 15.5.9, RFC 8470 section 5.2, RFC 6585 section 4).
func loginRejects(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return status >= 400 && status <= 499
}

// refreshRejects is narrower than loginRejects: a session must not end because
// a proxy answers 404 for an hour.
func refreshRejects(status int) bool {
	return status == http.StatusBadRequest || status == http.StatusUnauthorized || status == http.StatusForbidden
}

// retryAfter reads Retry-After, in seconds or as a date (RFC 9110 section
// 10.2.3). A date counts from the server's own Date when there is one.
func retryAfter(header http.Header) time.Duration {
	text := strings.TrimSpace(header.Get("Retry-After"))
	seconds, err := strconv.ParseUint(text, 10, 64)
	if err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(seconds, math.MaxInt64/uint64(time.Second))) * time.Second
	}
	until, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return max(0, until.Sub(now))
}

// sendFault describes a failure to get an answer. The errors of net/http print
// URLs with their queries, redirect targets and malformed answers, so only
// those known to be harmless are quoted.
func sendFault(ctx context.Context, err error) error {
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
	} else if slow, ok := errors.AsType[net.Error](err); ok && slow.Timeout() {
		text = "timed out"
	}
	return &guarded{text, err}
}

// fieldFault is a fault of one field of an answer. Its text quotes no value.
type fieldFault struct{ field, detail string }

func (f *fieldFault) Error() string { return f.field + ": " + f.detail }

// readFault describes why the tokens or the user could not be read from an
// answer, quoting nothing of it.
func readFault(what string, err error) error {
	text := "the " + what + " cannot be read from the answer"
	if field, ok := errors.AsType[*fieldFault](err); ok {
		text += ": " + field.Error()
	} else if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		text += fmt.Sprintf(": not JSON at byte %d", syntax.Offset)
	} else if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		text += fmt.Sprintf(": field %q: does not fit a %s", mismatch.Field, mismatch.Type)
	}
	return &guarded{text, err}
}

// readTokens reads the answer of RFC 6749 section 5.1.
func readTokens(body []byte) (Pair, error) {
	var answer struct {
		Access    string  `json:"access_token"`
		Refresh   string  `json:"refresh_token"`
		ExpiresIn float64 `json:"expires_in"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return Pair{}, err
	}
	if answer.ExpiresIn < 0 || answer.ExpiresIn > maxLife.Seconds() {
		return Pair{}, &fieldFault{"expires_in", "out of range"}
	}
	return Pair{
		Access:  Secret(answer.Access),
		Refresh: Secret(answer.Refresh),
		Life:    time.Duration(answer.ExpiresIn * float64(time.Second)),
	}, nil
}

// readUserField reads the field "user".
func readUserField[U any](body []byte) (U, error) {
	var answer struct {
		User U `json:"user"`
	}
	err := json.Unmarshal(body, &answer)
	return answer.User, err
}

// checkPair refuses half a pair, and an access token that fits no header: it
// consists of visible ASCII and spaces (RFC 6749 appendix A.12).
func checkPair(pair Pair) (Pair, error) {
	if pair.Access == "" {
		if pair.Refresh != "" {
			return Pair{}, errors.New("the answer has a refresh token but no access token")
		}
		return Pair{}, nil
	}
	if pair.Life < 0 {
		return Pair{}, errors.New("the access token of the answer has a negative Life")
	}
	for _, b := range []byte(pair.Access) {
		if b < 0x20 || b > 0x7e {
			return Pair{}, errors.New("the access token of the answer has a character outside visible ASCII")
		}
	}
	return pair, nil
}
