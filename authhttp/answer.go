package authhttp

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/custom-app/interlock/authhttp/internal/wire"
)

// A verdict says what a status other than 2xx means: ErrRejected,
// ErrTokenRefused or ErrUnavailable.
type verdict func(status int) error

// onLogin rejects credentials for any 4xx but 408, 425 and 429, which ask for
// the same request later (RFC 9110 section 15.5.9, RFC 8470 section 5.2, RFC 6585
// section 4).
func onLogin(status int) error {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return ErrUnavailable
	}
	if status >= 400 && status <= 499 {
		return ErrRejected
	}
	return ErrUnavailable
}

// onLoginAs tells a token that is refused from a user who may not.
func onLoginAs(status int) error {
	if status == http.StatusUnauthorized {
		return ErrTokenRefused
	}
	return onLogin(status)
}

// among gives the outcome no to some statuses. They are few: a session must not
// end because a proxy answers 404 for an hour.
func among(no error, statuses ...int) verdict {
	return func(status int) error {
		if slices.Contains(statuses, status) {
			return no
		}
		return ErrUnavailable
	}
}

var (
	onRefresh      = among(ErrRejected, http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden)
	onLogout       = onRefresh
	onUser         = among(ErrTokenRefused, http.StatusUnauthorized, http.StatusForbidden)
	onLoginByToken = among(ErrTokenRefused, http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden)
)

// readFault describes why the tokens or the user could not be read from an
// answer, quoting nothing of it but its media type.
func readFault(what string, got reply, err error) error {
	text := "the " + what + " cannot be read from the answer"
	field, isField := errors.AsType[*FieldError](err)
	mismatch, isMismatch := errors.AsType[*json.UnmarshalTypeError](err)
	syntax := syntaxFault(err)
	switch {
	case isField && (errors.Is(err, ErrRejected) || errors.Is(err, ErrTokenRefused)):
		text = field.Error() // it was read, and says no
	case isField:
		text += ": " + field.Error()
	case syntax != "" && !json.Valid(withoutMark(got.body)):
		text = got.notJSON(text, syntax)
	case syntax != "":
		text += ": " + syntax
	case isMismatch:
		where := "the whole"
		if mismatch.Field != "" {
			where = fmt.Sprintf("field %q", mismatch.Field)
		}
		text += fmt.Sprintf(": %s: does not fit the type %s", where, cmp.Or(mismatch.Type.Name(), mismatch.Type.Kind().String()))
	}
	return wire.Guard(text, err)
}

// syntaxFault describes an error of package encoding/json that says no more than
// that there is no JSON; empty: it is another.
func syntaxFault(err error) string {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Sprintf("not JSON at byte %d", syntax.Offset)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "not JSON: cut short"
	}
	return ""
}

// notJSON completes text for an answer that is no JSON. It names a wrong URL as a
// cause where the media type lets it be one.
func (r reply) notJSON(text, fault string) string {
	switch {
	case len(r.body) == 0:
		return text + ": it is empty"
	case r.kind == "":
		return text + ": " + fault
	case strings.HasSuffix(r.kind, "/json"), strings.HasSuffix(r.kind, "+json"):
		return fmt.Sprintf("%s: %s, though it is said to be %s", text, fault, r.kind)
	}
	return fmt.Sprintf("the answer is %s, not JSON: is the URL that of the API?", r.kind)
}

// mediaType reads Content-Type; empty: absent, malformed or longer than any that
// is registered.
func mediaType(header http.Header) string {
	kind, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) || len(kind) > 100 || !strings.Contains(kind, "/") {
		return ""
	}
	return kind
}

// readTokens reads the answer of RFC 6749 section 5.1.
func readTokens(body []byte) (Pair, error) {
	var answer struct {
		Access    string  `json:"access_token"`
		Refresh   string  `json:"refresh_token"`
		ExpiresIn float64 `json:"expires_in"`
	}
	if err := decode(body, &answer); err != nil {
		return Pair{}, err
	}
	if answer.ExpiresIn < 0 || answer.ExpiresIn > maxLife.Seconds() {
		return Pair{}, &FieldError{"expires_in", "out of range"}
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
	err := decode(body, &answer)
	return answer.User, err
}

// readWholeUser reads an answer that is the user. Some backends answer null
// where there is nobody.
func readWholeUser[U any](body []byte) (user U, err error) {
	var answer *U
	if err = decode(body, &answer); err != nil {
		return user, err
	}
	if answer == nil {
		return user, fmt.Errorf("%w: %w", ErrTokenRefused, &FieldError{"user", "null, which is nobody"})
	}
	return *answer, nil
}

// decode decodes JSON, ignoring a byte order mark as RFC 8259 section 8.1 allows.
func decode(body []byte, into any) error {
	return json.Unmarshal(withoutMark(body), into)
}

func withoutMark(body []byte) []byte { return bytes.TrimPrefix(body, []byte("\ufeff")) }

// checkPair refuses half a pair, an access token larger than servers take in a
// header, and one that fits none: it consists of visible ASCII and spaces
// (RFC 6749 appendix A.12).
func checkPair(pair Pair) (Pair, error) {
	switch {
	case pair.Access == "" && pair.Refresh != "":
		return Pair{}, errors.New("the answer has a refresh token but no access token")
	case pair.Access == "":
		return Pair{}, nil
	case pair.Life < 0:
		return Pair{}, errors.New("the access token of the answer has a negative Life")
	case len(pair.Access) > maxToken:
		return Pair{}, fmt.Errorf("the access token of the answer has %d bytes, more than %d", len(pair.Access), maxToken)
	case !fitsHeader(pair.Access.Reveal()):
		return Pair{}, errors.New("the access token of the answer has a character outside visible ASCII")
	}
	return pair, nil
}
