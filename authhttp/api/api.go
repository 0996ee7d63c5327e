package api

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/authhttp/errcode"
	"github.com/custom-app/interlock/authhttp/internal/wire"
)

const defaultMaxBody = 1 << 20

// API is a backend. A literal is ready for use. Its fields are not changed once
// it is in use; it may then be used by many goroutines at once.
type API struct {
	// Base is the absolute http or https URL that paths are joined to, such as
	// https://api.example.com/v1; required. It has no query, no fragment and no
	// userinfo.
	Base string

	// Client makes the requests, bounded by their contexts, and follows
	// redirects by its own policy. nil: a client of its own on
	// http.DefaultTransport.
	Client *http.Client

	Codec   Codec       // writes requests and reads answers; nil: JSON
	Header  http.Header // more headers on each request
	MaxBody int64       // the longest answer that is read, in bytes; 0: 1 MiB. Files have no bound

	// ReadError finds the backend's error in the body of an answer. It is asked
	// for every status, 2xx too, as some backends say no with a 200. nil is no
	// error when status is a 2xx, and an error without details otherwise. Of
	// the result Code, Text and Err count. nil: the function ReadError.
	ReadError func(status int, body []byte) *Error

	// Reporter is told each error. Its hook gets a context that does not end
	// with the request, and whose requests carry no token. nil: off.
	Reporter *errcode.Reporter

	AllowPlain bool // make requests over plain http to hosts other than loopback
}

// Validate returns all faults of the fields, joined, or nil.
func (a *API) Validate() error {
	var faults []error
	if _, err := a.base(); err != nil {
		faults = append(faults, err)
	}
	if a.MaxBody < 0 {
		faults = append(faults, fmt.Errorf("interlock: api: MaxBody: %d is negative", a.MaxBody))
	}
	return errors.Join(faults...)
}

// base reads Base. Its errors do not quote it.
func (a *API) base() (*url.URL, error) {
	if a.Base == "" {
		return nil, errors.New("interlock: api: Base: missing")
	}
	u, err := url.Parse(a.Base)
	switch {
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "":
		return nil, errors.New("interlock: api: Base: not an absolute http or https URL")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(a.Base, "#"):
		return nil, errors.New("interlock: api: Base: has userinfo, a query or a fragment")
	case !a.AllowPlain && !authhttp.Secure(u):
		return nil, fmt.Errorf("interlock: api: Base: plain http to %s, which is not loopback; use https or set AllowPlain", u.Host)
	}
	return u, nil
}

// resolve joins a path, which may have a query, to Base. It refuses whatever
// would leave Base, since paths are often made of what somebody typed. Its
// errors do not quote the path.
func (a *API) resolve(path string) (*url.URL, error) {
	base, err := a.base()
	if err != nil {
		return nil, err
	}
	relative, err := url.Parse(path)
	if err == nil && relative.Host != "" {
		return nil, errors.New("path: has a host; it must be relative to Base")
	}
	if strings.Contains(path, "#") {
		return nil, errors.New("path: has a fragment; write # as %23")
	}
	if path != "" && path[0] != '?' {
		path = "/" + strings.TrimLeft(path, "/")
	}
	target, err := url.Parse(strings.TrimRight(a.Base, "/") + path)
	if err != nil {
		return nil, wire.Guard("path: not valid in a URL", err)
	}
	added := strings.TrimPrefix(target.EscapedPath(), strings.TrimRight(base.EscapedPath(), "/"))
	if slices.ContainsFunc(strings.Split(added, "/"), dots) {
		return nil, errors.New(`path: has a segment "." or ".."`)
	}
	return target, nil
}

// dots says whether a segment is one of those that servers resolve
// (RFC 3986 section 5.2.4), or holds one, which they may do after decoding it.
func dots(segment string) bool {
	decoded, err := url.PathUnescape(segment)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(strings.FieldsFunc(decoded, func(r rune) bool { return r == '/' || r == '\\' }), func(part string) bool {
		return part == "." || part == ".."
	})
}

func (a *API) codec() Codec {
	if a.Codec == nil {
		return JSON{}
	}
	return a.Codec
}

func (a *API) client() *http.Client {
	if a.Client == nil {
		return &http.Client{}
	}
	return a.Client
}

func (a *API) maxBody() int64 {
	if a.MaxBody <= 0 {
		return defaultMaxBody
	}
	return a.MaxBody
}

func (a *API) readError(status int, body []byte) *Error {
	if a.ReadError == nil {
		return ReadError(status, body)
	}
	return a.ReadError(status, body)
}
