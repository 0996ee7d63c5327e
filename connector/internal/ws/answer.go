package ws

import (
	"errors"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// unasked is the flaw of an upgrade that brings what nobody asked for, which fails
// the connection (RFC 6455 section 4.1), or none.
func (d Dialer) unasked(header http.Header) flaw {
	if chosen := header.Values("Sec-WebSocket-Protocol"); len(chosen) > 1 ||
		len(chosen) == 1 && !slices.Contains(d.Subprotocols, chosen[0]) {
		return unaskedSubproto
	}
	extensions := header.Values("Sec-WebSocket-Extensions")
	if len(extensions) == 0 {
		return ""
	}
	parts := strings.Split(extensions[0], ";")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	if !d.Compress || len(extensions) > 1 || parts[0] != "permessage-deflate" {
		return unaskedExtension
	}
	slices.Sort(parts[1:])
	if !slices.Equal(parts[1:], []string{"client_no_context_takeover", "server_no_context_takeover"}) {
		return unaskedParameters
	}
	return ""
}

// mismatch is the flaw of an answer with status 101 that is none to this request.
func (d Dialer) mismatch(header http.Header) flaw {
	if f := d.unasked(header); f != "" {
		return f
	}
	list := func(name string) string { return strings.ToLower(strings.Join(header.Values(name), ",")) }
	if !strings.Contains(list("Upgrade"), "websocket") || !strings.Contains(list("Connection"), "upgrade") {
		return noSwitch
	}
	return wrongKey
}

// retryAfter returns for how long an answer asks to wait, in seconds or until a
// date by its own clock (RFC 9110 section 10.2.3).
func retryAfter(header http.Header) time.Duration {
	text := header.Get("Retry-After")
	seconds, err := strconv.ParseUint(text, 10, 64)
	if err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(seconds, math.MaxInt64/uint64(time.Second))) * time.Second
	}
	until, err := http.ParseTime(text)
	now, noDate := http.ParseTime(header.Get("Date"))
	if err != nil || noDate != nil {
		return 0
	}
	return max(0, until.Sub(now))
}
