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
type call[U any] struct {
	Call[U]
	field   string  // of JSON, for the URL
	what    string  // the body holds
	bearer  bool    // the access token goes into the token header
	renews  bool    // an answer without an access token is a fault
	verdict verdict // what a status other than 2xx means
	no      error   // what a reader that says no means; nil: what it says
	forged  error   // what a token means that fails Verify
}

// reply is a 2xx answer.
type reply struct {
	body []byte
	kind string    // its media type; empty: unknown
	date time.Time // the server's clock; zero: unknown
}

// do makes one call and reads a 2xx answer. Its error is an [*Error].
func (j *JSON[C, U]) do(ctx context.Context, c call[U]) (Grant[U], error) {
	token, err := j.token(c)
	if err != nil {
		return Grant[U]{}, &Error{Op: c.Op, Err: outcome(c.verdict(http.StatusUnauthorized), err)} // as the server would say
	}
	if err := j.shape(&c); err != nil {
		return Grant[U]{}, &Error{Op: c.Op, Err: rejected(err)}
	}
	req, err := j.request(ctx, c, token)
	if err != nil {
		return Grant[U]{}, &Error{Op: c.Op, Err: rejected(err)}
	}
	resp, err := j.client().Do(req)
	if err != nil {
		return Grant[U]{}, &Error{Op: c.Op, Err: c.failed(wire.Fault(ctx, err))}
	}
	defer wire.Drain(resp.Body)

	fault := &Error{Op: c.Op, Status: resp.StatusCode}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		fault.RetryAfter = wire.RetryAfter(resp.Header)
		fault.Err = c.verdict(resp.StatusCode)
		return Grant[U]{}, fault
	}
	grant, err := j.read(ctx, c, resp)
	if err != nil {
		fault.Err = c.failed(err)
		return Grant[U]{}, fault
	}
	if j.RefreshURL == "" {
		grant.Pair.Refresh = "" // of no use: nobody takes it
	}
	return grant, nil
}

// read reads a 2xx answer with the readers of the call.
func (j *JSON[C, U]) read(ctx context.Context, c call[U], resp *http.Response) (grant Grant[U], err error) {
	got := reply{kind: mediaType(resp.Header), date: wire.Date(resp.Header)}
	if c.Tokens != nil || c.User != nil {
		if got.body, err = j.readBody(ctx, resp.Body); err != nil {
			return grant, err
		}
	}
	if c.Tokens != nil {
		if grant.Pair, err = j.readPair(c, got); err != nil {
			return grant, err
		}
	}
	if c.renews && grant.Pair.Access == "" {
		return grant, errors.New("the answer has no access token")
	}
	if c.User != nil {
		if grant.User, err = c.User(got.body); err != nil {
			return grant, readFault("user", got, err)
		}
	}
	return grant, nil
}

// failed gives a cause its outcome: unavailable, unless the cause says no.
func (c call[U]) failed(cause error) error {
	for _, no := range []error{ErrRejected, ErrTokenRefused} {
		if errors.Is(cause, no) {
			return outcome(cmp.Or(c.no, no), cause)
		}
	}
	return outcome(ErrUnavailable, cause)
}

// request makes the request of a call, with the value of the token header.
func (j *JSON[C, U]) request(ctx context.Context, c call[U], token string) (*http.Request, error) {
	if err := checkURL(c.field, c.URL, j.AllowPlain); err != nil {
		return nil, err
	}
	if err := errors.Join(j.checkTokenHeader(), checkHeader("Header", j.Header)); err != nil {
		return nil, err
	}
	payload, kind, err := encode(c.what, c.Body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, c.Method, c.URL, bytes.NewReader(payload))
	if err != nil {
		return nil, wire.Guard(c.field+": no request can be made for it", err)
	}
	req.Header.Set("Accept", "application/json")
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	setAll(req.Header, j.Header)
	if token != "" {
		req.Header.Set(cmp.Or(j.TokenHeader, "Authorization"), token)
	}
	setAll(req.Header, c.Header)
	return req, nil
}

func setAll(header, more http.Header) {
	for name, values := range more {
		header[http.CanonicalHeaderKey(name)] = values
	}
}

func (j *JSON[C, U]) checkTokenHeader() error {
	if j.TokenHeader != "" && !isFieldName(j.TokenHeader) {
		return errors.New("TokenHeader: not the name of a header")
	}
	return nil
}

// token returns the value of the token header; empty: the call needs none.
func (j *JSON[C, U]) token(c call[U]) (string, error) {
	if !c.bearer {
		return "", nil
	}
	if c.Pair.Access == "" {
		return "", errors.New("the pair has no access token")
	}
	value := "Bearer " + c.Pair.Access.Reveal()
	if j.TokenFormat != nil {
		value = j.TokenFormat(c.Pair.Access.Reveal())
	}
	if !fitsHeader(value) {
		return "", errors.New("the access token of the pair has a character outside visible ASCII")
	}
	return value, nil
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
func (j *JSON[C, U]) readPair(c call[U], got reply) (Pair, error) {
	pair, err := c.Tokens(got.body)
	if err != nil {
		return Pair{}, readFault("tokens", got, err)
	}
	if pair, err = checkPair(pair); err != nil || pair.Access == "" {
		return Pair{}, err
	}
	if pair.Date.IsZero() {
		pair.Date = got.date
	}
	return pair, j.verify(pair, c.forged)
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

func (j *JSON[C, U]) tokensReader() func([]byte) (Pair, error) {
	if j.Tokens != nil {
		return j.Tokens
	}
	return readTokens
}

func (j *JSON[C, U]) userReader() func([]byte) (U, error) {
	if j.User != nil {
		return j.User
	}
	return readUserField[U]
}

func (j *JSON[C, U]) userInfoReader() func([]byte) (U, error) {
	if j.UserInfo != nil {
		return j.UserInfo
	}
	return readWholeUser[U]
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
