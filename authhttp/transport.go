package authhttp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"

	"github.com/custom-app/interlock/authhttp/errcode"
	"github.com/custom-app/interlock/authhttp/internal/wire"
)

// Transport is an [http.RoundTripper] that puts a fresh token on each request.
// When the server refuses the token with a 401 it asks the source for a newer
// one and, if that comes, sends the request once more; the second answer is
// the caller's whatever it is. It gives up on the retry, so that the first 401
// is the caller's, when no newer token comes or the body cannot be replayed
// for want of GetBody.
//
// A request goes out without it when it already has the header, was opted out
// with [WithoutToken], lies outside Origins or inside Exclude or
// ExcludePattern, was redirected through another origin, or when the source
// has no token ([ErrNoToken]). Any other error of the source is the request's,
// and so is a fault that Validate would find.
//
// With a Version, every request goes out with it, whether it gets a token or
// not and wherever it is redirected to, but those that already have that header
// or were opted out with [WithoutVersion].
//
// A literal is ready for use. Its fields are not changed once it is in use; it
// may then be used by many goroutines at once.
type Transport struct {
	Source Source            // required
	Base   http.RoundTripper // nil: http.DefaultTransport

	Header string                     // carries the token; empty: Authorization
	Format func(access string) string // makes the header's value; nil: "Bearer " and the token (RFC 6750 section 2.1)

	// Origins, when not empty, are the only ones to get the token, each as
	// scheme://host or scheme://host:port.
	Origins []string
	// Exclude are URL prefixes that do not get the token. A prefix is an
	// absolute URL without a query and ends where a path segment ends.
	Exclude []string
	// ExcludePattern are matched against the whole URL; a match means no token.
	ExcludePattern []*regexp.Regexp

	AllowPlain bool // send the token over plain http to hosts other than loopback

	Version       string // of the application, for servers that ask; empty: none is sent
	VersionHeader string // carries it; empty: X-Version
}

type withoutToken struct{}

// WithoutToken returns a context whose requests, and those they are redirected
// to, get no token from a [Transport].
func WithoutToken(ctx context.Context) context.Context {
	return context.WithValue(ctx, withoutToken{}, true)
}

type withoutVersion struct{}

// WithoutVersion returns a context whose requests, and those they are redirected
// to, get no version from a [Transport].
func WithoutVersion(ctx context.Context) context.Context {
	return context.WithValue(ctx, withoutVersion{}, true)
}

// Validate returns all faults of the fields, joined, or nil.
func (t *Transport) Validate() error {
	var faults []error
	if t.Source == nil {
		faults = append(faults, errNoSource)
	}
	for i, text := range t.Origins {
		if _, err := parseOrigin(i, text); err != nil {
			faults = append(faults, err)
		}
	}
	for i, text := range t.Exclude {
		if _, err := parsePrefix(i, text); err != nil {
			faults = append(faults, err)
		}
	}
	for i, pattern := range t.ExcludePattern {
		if pattern == nil {
			faults = append(faults, fmt.Errorf("interlock: transport: ExcludePattern[%d]: nil", i))
		}
	}
	if err := t.headerFault(); err != nil {
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// headerFault finds what would make no header.
func (t *Transport) headerFault() error {
	switch {
	case t.Header != "" && !isFieldName(t.Header):
		return errors.New("interlock: transport: Header: not the name of a header")
	case t.Version == "":
		return nil
	case !fitsHeader(t.Version):
		return errors.New("interlock: transport: Version: has a character outside visible ASCII")
	case t.VersionHeader != "" && !isFieldName(t.VersionHeader):
		return errors.New("interlock: transport: VersionHeader: not the name of a header")
	case t.versionHeader() == t.header():
		return errors.New("interlock: transport: VersionHeader: carries the token already")
	}
	return nil
}

var errNoSource = errors.New("interlock: transport: Source: missing")

// RoundTrip implements [http.RoundTripper]. It leaves req as it is, and the
// answer's Request is req, without the token.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	token, err := t.token(req)
	if errors.Is(err, ErrNoToken) {
		return t.send(req, req.Body, Token{})
	}
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	resp, err := t.send(req, req.Body, token)
	if err != nil || resp.StatusCode != http.StatusUnauthorized || token.Generation == 0 || !replayable(req) {
		return resp, err
	}
	return t.retry(req, resp, token.Generation)
}

// retry sends req once more if the source has a token newer than the refused
// one; otherwise resp, the refusal, is the answer.
func (t *Transport) retry(req *http.Request, resp *http.Response, refused Generation) (*http.Response, error) {
	release(resp)
	newer, err := t.Source.Token(req.Context(), refused)
	if err != nil || newer.Access == "" || newer.Generation <= refused {
		return resp, nil
	}
	body := req.Body
	if body != nil && body != http.NoBody {
		if body, err = req.GetBody(); err != nil {
			return resp, nil
		}
	}
	wire.Drain(resp.Body)
	return t.send(req, body, newer)
}

// token returns the token for req, or ErrNoToken when it goes out without one.
func (t *Transport) token(req *http.Request) (Token, error) {
	if t.Source == nil {
		return Token{}, errNoSource
	}
	if err := t.headerFault(); err != nil {
		return Token{}, err
	}
	wanted, err := t.wants(req)
	if err != nil {
		return Token{}, err
	}
	if !wanted {
		return Token{}, ErrNoToken
	}
	if !t.AllowPlain && !Secure(req.URL) {
		return Token{}, fmt.Errorf("interlock: transport: refusing to send the token over plain %s to %s; set AllowPlain",
			req.URL.Scheme, req.URL.Host)
	}
	token, err := t.Source.Token(req.Context(), 0)
	if err != nil {
		return Token{}, sourceFault(err)
	}
	if token.Access == "" {
		return Token{}, ErrNoToken
	}
	return token, nil
}

// sourceFault describes why a source has no token. Only errors that are known to be
// harmless are quoted: those of other sources can hold the answers of servers.
func sourceFault(err error) error {
	var coded errcode.Coded
	switch {
	case errors.As(err, &coded), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("interlock: transport: token: %w", err)
	}
	return wire.Guard("interlock: transport: token: the source gave an error", err)
}

// wants says whether req is one that the token belongs on.
func (t *Transport) wants(req *http.Request) (bool, error) {
	if _, present := req.Header[t.header()]; present {
		return false, nil
	}
	if req.URL == nil || req.Context().Value(withoutToken{}) != nil || !stayed(req) {
		return false, nil
	}
	listed, err := t.listed(req.URL)
	if err != nil || !listed {
		return false, err
	}
	excluded, err := t.excluded(req.URL)
	return !excluded, err
}

func (t *Transport) listed(u *url.URL) (bool, error) {
	listed := len(t.Origins) == 0
	for i, text := range t.Origins {
		origin, err := parseOrigin(i, text)
		if err != nil {
			return false, err
		}
		listed = listed || sameOrigin(u, origin)
	}
	return listed, nil
}

func (t *Transport) excluded(u *url.URL) (bool, error) {
	for i, text := range t.Exclude {
		prefix, err := parsePrefix(i, text)
		if err != nil {
			return false, err
		}
		if within(u, prefix) {
			return true, nil
		}
	}
	for i, pattern := range t.ExcludePattern {
		if pattern == nil {
			return false, fmt.Errorf("interlock: transport: ExcludePattern[%d]: nil", i)
		}
		if pattern.MatchString(u.String()) {
			return true, nil
		}
	}
	return false, nil
}

// send sends a copy of req with the token and the version, if there are such,
// since a RoundTripper must not change its request. The header's values are
// shared, because only new ones are added.
func (t *Transport) send(req *http.Request, body io.ReadCloser, token Token) (*http.Response, error) {
	versioned := t.wantsVersion(req)
	if token.Access == "" && !versioned {
		return t.base().RoundTrip(req)
	}
	sent := new(http.Request)
	*sent = *req
	sent.Body = body
	sent.Header = maps.Clone(req.Header)
	if sent.Header == nil {
		sent.Header = make(http.Header, 2)
	}
	values := []string{"", t.Version} // one slice for both headers costs one allocation
	if token.Access != "" {
		values[0] = t.format(token.Access)
		sent.Header[t.header()] = values[:1:1]
	}
	if versioned {
		sent.Header[t.versionHeader()] = values[1:]
	}

	resp, err := t.base().RoundTrip(sent)
	if resp != nil {
		resp.Request = req
		if resp.Body == nil {
			resp.Body = http.NoBody
		}
	}
	return resp, err
}

func (t *Transport) wantsVersion(req *http.Request) bool {
	if t.Version == "" || req.Context().Value(withoutVersion{}) != nil {
		return false
	}
	_, present := req.Header[t.versionHeader()]
	return !present
}

func (t *Transport) format(access Secret) string {
	if t.Format == nil {
		return "Bearer " + access.Reveal()
	}
	return t.Format(access.Reveal())
}

func (t *Transport) base() http.RoundTripper {
	if t.Base == nil {
		return http.DefaultTransport
	}
	return t.Base
}

func (t *Transport) header() string {
	if t.Header == "" {
		return "Authorization"
	}
	return http.CanonicalHeaderKey(t.Header)
}

func (t *Transport) versionHeader() string {
	if t.VersionHeader == "" {
		return "X-Version"
	}
	return http.CanonicalHeaderKey(t.VersionHeader)
}

func replayable(req *http.Request) bool {
	return req.Body == nil || req.Body == http.NoBody || req.GetBody != nil
}

// release moves a short body into memory, so that its connection is free for
// the refresh: with MaxConnsPerHost set, refused requests could otherwise hold
// every connection that the refresh needs.
func release(resp *http.Response) {
	head, err := io.ReadAll(io.LimitReader(resp.Body, wire.DrainLimit+1))
	if err == nil && len(head) <= wire.DrainLimit {
		_ = resp.Body.Close()
		resp.Body = io.NopCloser(bytes.NewReader(head))
		return
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), resp.Body), resp.Body}
}

func parseOrigin(i int, text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" || u.Hostname() == "" || u.User != nil ||
		(u.Path != "" && u.Path != "/") || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("interlock: transport: Origins[%d]: not of the form scheme://host[:port]", i)
	}
	return u, nil
}

func parsePrefix(i int, text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("interlock: transport: Exclude[%d]: not an absolute URL without query and fragment", i)
	}
	return u, nil
}
