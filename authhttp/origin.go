package authhttp

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// Secure says whether a secret may be sent to u without being seen on the way:
// u is https or wss, or its host is localhost or a loopback address. Names are
// not looked up. A nil u is not secure.
func Secure(u *url.URL) bool {
	if u == nil {
		return false
	}
	if strings.EqualFold(u.Scheme, "https") || strings.EqualFold(u.Scheme, "wss") {
		return true
	}
	host := u.Hostname()
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// sameOrigin compares scheme, host and port (RFC 6454 section 5).
func sameOrigin(a, b *url.URL) bool {
	return strings.EqualFold(a.Scheme, b.Scheme) &&
		strings.EqualFold(a.Hostname(), b.Hostname()) &&
		port(a) == port(b)
}

func port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case strings.EqualFold(u.Scheme, "https"):
		return "443"
	case strings.EqualFold(u.Scheme, "http"):
		return "80"
	}
	return ""
}

// within says whether u lies under prefix. A prefix ends where a path segment
// ends, so that /a is no prefix of /ab.
func within(u, prefix *url.URL) bool {
	if !sameOrigin(u, prefix) {
		return false
	}
	path := u.Path
	if path == "" {
		path = "/" // RFC 9110 section 4.2.3: they are the same
	}
	rest, ok := strings.CutPrefix(path, prefix.Path)
	return ok && (rest == "" || rest[0] == '/' || strings.HasSuffix(prefix.Path, "/"))
}

// stayed says whether every redirect that led to req stayed on the origin of
// the first request. A chain with a missing link did not.
func stayed(req *http.Request) bool {
	for r := req; r.Response != nil; r = r.Response.Request {
		previous := r.Response.Request
		if previous == nil || previous.URL == nil || !sameOrigin(req.URL, previous.URL) {
			return false
		}
	}
	return true
}
