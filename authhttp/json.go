package authhttp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

const defaultMaxBody = 1 << 20

// JSON is a [Service] for backends that take and give JSON over HTTP POST. Its
// fields are not changed once it is in use; it may then be used by many
// goroutines at once.
//
// A 2xx answer that can be read is success. A login is rejected by any 4xx but
// 408, 425 and 429, a refresh or logout by 400, 401 and 403. All else is
// unavailable: no answer, a redirect, which is never followed, an answer that
// cannot be read or is longer than MaxBody, and every other status. A URL
// that is missing, malformed or refused for being plain http is rejected
// before anything is sent.
type JSON[C, U any] struct {
	LoginURL   string // required
	RefreshURL string // empty: the backend has no refresh; refresh tokens are left out of grants, and every Refresh is rejected
	LogoutURL  string // empty: the backend wants no logout, so every Logout is nil

	// Client makes the calls, bounded by their contexts. Its redirect policy is
	// replaced, in a copy. nil: a client of its own on http.DefaultTransport.
	// When it has a Transport of this package, a Login carries the current
	// token, as logging in as another user needs; a Refresh never asks for one.
	Client *http.Client

	// Tokens reads the tokens out of the answer to a login or a refresh; the
	// zero Pair means that there are none. An error that is ErrRejected rejects
	// the call, for backends that say no with a 200. nil: access_token, refresh_token
	// and expires_in, in seconds (RFC 6749 section 5.1).
	Tokens func(body []byte) (Pair, error)

	// User reads the user out of the answer to a login. nil: the field "user",
	// decoded as JSON into U; U is zero when the field is absent. Its error
	// counts as one of Tokens.
	User func(body []byte) (U, error)

	Header     http.Header // more headers on each call
	AllowPlain bool        // send secrets over plain http to hosts other than loopback
	MaxBody    int64       // the longest answer that is read, in bytes; 0: 1 MiB
}

// Validate returns all faults of the fields, joined, or nil.
func (j *JSON[C, U]) Validate() error {
	var faults []error
	for _, target := range []struct{ field, text string }{
		{"LoginURL", j.LoginURL}, {"RefreshURL", j.RefreshURL}, {"LogoutURL", j.LogoutURL},
	} {
		if target.text == "" && target.field != "LoginURL" {
			continue
		}
		if err := checkURL(target.field, target.text, j.AllowPlain); err != nil {
			faults = append(faults, fmt.Errorf("interlock: json: %w", err))
		}
	}
	if j.MaxBody < 0 {
		faults = append(faults, fmt.Errorf("interlock: json: MaxBody: %d is negative", j.MaxBody))
	}
	return errors.Join(faults...)
}

// Login posts the credentials, encoded as JSON, to LoginURL. A [Secret] among
// them would be sent redacted: credentials hold plain strings. An answer
// without tokens gives a Grant with a zero Pair. The error is an [*Error].
func (j *JSON[C, U]) Login(ctx context.Context, credentials C) (Grant[U], error) {
	payload, err := json.Marshal(credentials)
	if err != nil {
		cause := &guarded{"the credentials cannot be encoded as JSON", err}
		return Grant[U]{}, &Error{Op: opLogin, Err: rejected(cause)}
	}
	var grant Grant[U]
	err = j.post(ctx, call{
		op: opLogin, field: "LoginURL", target: j.LoginURL, payload: payload, rejects: loginRejects,
	}, func(body []byte) (err error) {
		if grant.Pair, err = j.readPair(body); err != nil {
			return err
		}
		if j.RefreshURL == "" {
			grant.Pair.Refresh = "" // of no use: nobody takes it
		}
		grant.User, err = j.readUser(body)
		return err
	})
	if err != nil {
		return Grant[U]{}, err
	}
	return grant, nil
}

// Refresh posts {"refresh_token": ...} to RefreshURL. When the answer has no
// refresh token the old one stays (RFC 6749 section 6). A pair without a
// refresh token is rejected without a request. The error is an [*Error].
func (j *JSON[C, U]) Refresh(ctx context.Context, pair Pair) (Pair, error) {
	if j.RefreshURL == "" {
		return Pair{}, &Error{Op: opRefresh, Err: rejected(errors.New("RefreshURL is empty: the backend has no refresh"))}
	}
	if pair.Refresh == "" {
		return Pair{}, &Error{Op: opRefresh, Err: rejected(errors.New("the pair has no refresh token"))}
	}
	payload, _ := json.Marshal(map[string]string{"refresh_token": pair.Refresh.Reveal()}) // strings always encode
	var newer Pair
	// A source that refreshes while it is asked for a token would wait for itself.
	err := j.post(WithoutToken(ctx), call{
		op: opRefresh, field: "RefreshURL", target: j.RefreshURL, payload: payload, rejects: refreshRejects,
	}, func(body []byte) (err error) {
		newer, err = j.readPair(body)
		if err == nil && newer.Access == "" {
			err = errors.New("the answer has no access token")
		}
		return err
	})
	if err != nil {
		return Pair{}, err
	}
	if newer.Refresh == "" {
		newer.Refresh = pair.Refresh
	}
	return newer, nil
}

// Logout posts an empty body to LogoutURL with the header
// "Authorization: Bearer" and the access token (RFC 6750 section 2.1).
// Without LogoutURL or an access token there is nothing to tell, and it
// returns nil. The error is an [*Error].
func (j *JSON[C, U]) Logout(ctx context.Context, pair Pair) error {
	if j.LogoutURL == "" || pair.Access == "" {
		return nil
	}
	return j.post(WithoutToken(ctx), call{
		op: opLogout, field: "LogoutURL", target: j.LogoutURL, bearer: pair.Access, rejects: refreshRejects,
	}, nil)
}

// call is one request to make and how its answer counts.
type call struct {
	op, field, target string
	payload           []byte
	bearer            Secret
	rejects           func(status int) bool
}

// post makes one call and hands the body of a 2xx answer to read, unless read
// is nil.
func (j *JSON[C, U]) post(ctx context.Context, c call, read func(body []byte) error) error {
	req, err := j.request(ctx, c)
	if err != nil {
		return &Error{Op: c.op, Err: rejected(err)}
	}
	resp, err := j.client().Do(req)
	if err != nil {
		return &Error{Op: c.op, Err: failed(sendFault(ctx, err))}
	}
	defer drain(resp.Body)

	fault := &Error{Op: c.op, Status: resp.StatusCode}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		fault.RetryAfter = retryAfter(resp.Header)
		fault.Err = ErrUnavailable
		if c.rejects(resp.StatusCode) {
			fault.Err = ErrRejected
		}
		return fault
	}
	if read == nil {
		return nil
	}
	body, err := j.readBody(ctx, resp.Body)
	if err == nil {
		err = read(body)
	}
	if err != nil {
		fault.Err = failed(err)
		return fault
	}
	return nil
}

func (j *JSON[C, U]) request(ctx context.Context, c call) (*http.Request, error) {
	if err := checkURL(c.field, c.target, j.AllowPlain); err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.target, bytes.NewReader(c.payload))
	if err != nil {
		return nil, &guarded{c.field + ": no request can be made for it", err}
	}
	req.Header.Set("Accept", "application/json")
	if len(c.payload) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, values := range j.Header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	if c.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+c.bearer.Reveal())
	}
	return req, nil
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
		return nil, sendFault(ctx, err)
	}
	return data, nil
}

func (j *JSON[C, U]) readPair(body []byte) (Pair, error) {
	read := j.Tokens
	if read == nil {
		read = readTokens
	}
	pair, err := read(body)
	if err != nil {
		return Pair{}, readFault("tokens", err)
	}
	return checkPair(pair)
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
