package authhttp

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/custom-app/interlock/authhttp/internal/wire"
)

// call is one request to make and how its answer counts.
type call struct {
	op, method, field, target string
	payload                   []byte
	access                    *Secret // goes into the token header; nil: the call needs none
	verdict                   verdict // what a status other than 2xx means
	no                        error   // what a reader that says no means; nil: what it says
	forged                    error   // what a token means that fails Verify
}

// reply is a 2xx answer.
type reply struct {
	body []byte
	date time.Time // the server's clock; zero: unknown
}

// do makes one call and hands a 2xx answer to read, unless read is nil.
func (j *JSON[C, U]) do(ctx context.Context, c call, read func(reply) error) error {
	req, err := j.request(ctx, c)
	if err != nil {
		return &Error{Op: c.op, Err: rejected(err)}
	}
	if err := j.authorize(req, c.access); err != nil {
		return &Error{Op: c.op, Err: outcome(c.verdict(http.StatusUnauthorized), err)} // as the server would say
	}
	resp, err := j.client().Do(req)
	if err != nil {
		return &Error{Op: c.op, Err: c.failed(wire.Fault(ctx, err))}
	}
	defer wire.Drain(resp.Body)

	fault := &Error{Op: c.op, Status: resp.StatusCode}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		fault.RetryAfter = wire.RetryAfter(resp.Header)
		fault.Err = c.verdict(resp.StatusCode)
		return fault
	}
	if read == nil {
		return nil
	}
	body, err := j.readBody(ctx, resp.Body)
	if err == nil {
		err = read(reply{body, wire.Date(resp.Header)})
	}
	if err != nil {
		fault.Err = c.failed(err)
		return fault
	}
	return nil
}

// failed gives a cause its outcome: unavailable, unless the cause says no.
func (c call) failed(cause error) error {
	for _, no := range []error{ErrRejected, ErrTokenRefused} {
		if errors.Is(cause, no) {
			return outcome(cmp.Or(c.no, no), cause)
		}
	}
	return outcome(ErrUnavailable, cause)
}

func (j *JSON[C, U]) request(ctx context.Context, c call) (*http.Request, error) {
	if err := checkURL(c.field, c.target, j.AllowPlain); err != nil {
		return nil, err
	}
	if err := j.checkTokenHeader(); err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, c.method, c.target, bytes.NewReader(c.payload))
	if err != nil {
		return nil, wire.Guard(c.field+": no request can be made for it", err)
	}
	req.Header.Set("Accept", "application/json")
	if len(c.payload) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, values := range j.Header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	return req, nil
}

func (j *JSON[C, U]) checkTokenHeader() error {
	if j.TokenHeader != "" && !isFieldName(j.TokenHeader) {
		return errors.New("TokenHeader: not the name of a header")
	}
	return nil
}

// authorize puts the access token on req, if the call needs one.
func (j *JSON[C, U]) authorize(req *http.Request, access *Secret) error {
	if access == nil {
		return nil
	}
	if *access == "" {
		return errors.New("the pair has no access token")
	}
	value := "Bearer " + access.Reveal()
	if j.TokenFormat != nil {
		value = j.TokenFormat(access.Reveal())
	}
	if !fitsHeader(value) {
		return errors.New("the access token of the pair has a character outside visible ASCII")
	}
	req.Header.Set(cmp.Or(j.TokenHeader, "Authorization"), value)
	return nil
}

// client returns a client that follows no redirect: net/http would send the
// credentials of a 307 or 308 again, to any host.
func (j *JSON[C, U]) client() *http.Client {
	var client http.Client
	if j.Client != nil {
		client = *j.Client
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client
}

func (j *JSON[C, U]) readBody(ctx context.Context, body io.ReadCloser) ([]byte, error) {
	limit := j.MaxBody
	if limit <= 0 {
		limit = defaultMaxBody
	}
	data, err := io.ReadAll(http.MaxBytesReader(nil, body, limit))
	if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
		return nil, fmt.Errorf("the answer is longer than MaxBody, %d bytes", limit)
	}
	if err != nil {
		return nil, wire.Fault(ctx, err)
	}
	return data, nil
}

// readPair reads the tokens of an answer, dates them and has them verified.
func (j *JSON[C, U]) readPair(got reply, forged error) (Pair, error) {
	read := j.Tokens
	if read == nil {
		read = readTokens
	}
	pair, err := read(got.body)
	if err != nil {
		return Pair{}, readFault("tokens", err)
	}
	if pair, err = checkPair(pair); err != nil || pair.Access == "" {
		return Pair{}, err
	}
	if pair.Date.IsZero() {
		pair.Date = got.date
	}
	return pair, j.verify(pair, forged)
}

// verify gives a token that fails the outcome forged, but for want of a key.
func (j *JSON[C, U]) verify(pair Pair, forged error) error {
	if j.Verify == nil {
		return nil
	}
	now := pair.Date
	if now.IsZero() {
		now = time.Now()
	}
	_, err := j.Verify.Check(pair.Access, now)
	if err == nil {
		return nil
	}
	if errors.Is(err, ErrUnavailable) {
		forged = ErrUnavailable
	}
	text := "the access token of the answer: " + strings.TrimPrefix(err.Error(), "interlock: ")
	return wire.Guard(text, outcome(forged, err))
}

func (j *JSON[C, U]) readUser(body []byte) (U, error) {
	read := j.User
	if read == nil {
		read = readUserField[U]
	}
	user, err := read(body)
	if err != nil {
		return user, readFault("user", err)
	}
	return user, nil
}

func (j *JSON[C, U]) readUserInfo(body []byte) (U, error) {
	read := j.UserInfo
	if read == nil {
		read = readWholeUser[U]
	}
	user, err := read(body)
	if err != nil {
		return user, readFault("user", err)
	}
	return user, nil
}

// checkURL checks a URL that secrets are sent to. Its errors do not quote the
// URL, which may have a secret in its query.
func checkURL(field, text string, allowPlain bool) error {
	if text == "" {
		return fmt.Errorf("%s: missing", field)
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return fmt.Errorf("%s: not an absolute http or https URL", field)
	}
	if !allowPlain && !Secure(u) {
		return fmt.Errorf("%s: plain http to %s, which is not loopback; use https or set AllowPlain", field, u.Host)
	}
	return nil
}
