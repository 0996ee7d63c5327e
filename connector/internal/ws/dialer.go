package ws

import (
	"context"
	"crypto/tls"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	defaultReadLimit   = 1 << 20
	defaultHeaderLimit = 64 << 10
)

// Dialer is how connections are opened. It is a plain value: zero fields mean
// what they say, and one Dialer may be used by several goroutines.
type Dialer struct {
	// Dial opens the connection below; it must obey its context. nil: that of a
	// zero net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// TLS is used with wss, but for NextProtos, which is always http/1.1. It is
	// not changed. nil: the zero value.
	TLS *tls.Config
	// Proxy chooses a proxy, by http or socks5, or none. nil:
	// http.ProxyFromEnvironment.
	Proxy func(*http.Request) (*url.URL, error)
	// Subprotocols are offered in this order (RFC 6455 section 1.9). The server
	// may choose one of them or none.
	Subprotocols []string
	// Compress offers permessage-deflate without context takeover (RFC 7692).
	// A server that sends a final DEFLATE block ends its message with it.
	Compress bool
	// ReadLimit is the longest message to be read, in bytes, after decompression;
	// at most math.MaxInt32. 0: 1 MiB.
	ReadLimit int64
	// HeaderLimit is how many bytes are read of the answer to the upgrade, and of
	// a proxy's answer before; of the encrypted bytes, with wss. At most
	// math.MaxInt32. 0: 64 KiB.
	HeaderLimit int64
}

// Open dials the address, a URL of the scheme ws or wss, and upgrades the
// connection (RFC 6455 section 4.1). The header is sent along; "Host" replaces the
// host of the address. The end of ctx ends whatever Open is at, and has no
// meaning afterwards. The error is an *Error.
func (d Dialer) Open(ctx context.Context, address string, header http.Header) (*Conn, error) {
	own := canonical(header)
	if err := d.Validate(address); err != nil {
		return nil, &Error{Fault: Config, Err: flaw(err.Error())}
	}
	if faults := headerFaults(own); len(faults) > 0 {
		return nil, &Error{Fault: Config, Err: flaw(strings.Join(faults, "; "))}
	}
	if d.Dial == nil {
		d.Dial = new(net.Dialer).DialContext
	}
	if d.Proxy == nil {
		d.Proxy = http.ProxyFromEnvironment
	}
	if d.ReadLimit == 0 {
		d.ReadLimit = defaultReadLimit
	}
	if d.HeaderLimit == 0 {
		d.HeaderLimit = defaultHeaderLimit
	}
	o := &opening{Dialer: d, ctx: ctx}
	conn, failure := o.open(address, own)
	if failure != nil {
		return nil, failure
	}
	return conn, nil
}

// Validate returns what is wrong with the fields and the address, in one error.
func (d Dialer) Validate(address string) error {
	if faults := slices.Concat(d.faults(), addressFaults(address)); len(faults) > 0 {
		return flaw(strings.Join(faults, "; "))
	}
	return nil
}

// faults are the fields that cannot be used.
func (d Dialer) faults() (faults []string) {
	if d.ReadLimit < 0 || d.ReadLimit > math.MaxInt32 {
		faults = append(faults, "ReadLimit is negative or too big")
	}
	if d.HeaderLimit < 0 || d.HeaderLimit > math.MaxInt32 {
		faults = append(faults, "HeaderLimit is negative or too big")
	}
	for i, name := range d.Subprotocols {
		switch {
		case !token(name):
			faults = append(faults, fmt.Sprintf("Subprotocols[%d] is not a token", i))
		case slices.Contains(d.Subprotocols[:i], name):
			faults = append(faults, fmt.Sprintf("Subprotocols[%d] is there twice", i))
		}
	}
	return faults
}

// addressFaults are what is wrong with the address (RFC 6455 section 3).
func addressFaults(address string) (faults []string) {
	u, err := url.Parse(address)
	if err != nil {
		return []string{"the address is not a URL"}
	}
	if u.Scheme != "ws" && u.Scheme != "wss" {
		faults = append(faults, "the scheme of the address is not ws or wss")
	}
	if u.Hostname() == "" {
		faults = append(faults, "the address has no host")
	}
	if port, err := strconv.ParseUint(u.Port(), 10, 16); u.Port() != "" && (err != nil || port == 0) {
		faults = append(faults, "the address has a port that is none")
	}
	if u.User != nil {
		faults = append(faults, "the address has a user")
	}
	if u.Fragment != "" {
		faults = append(faults, "the address has a fragment")
	}
	return faults
}

// reserved are the headers that the upgrade sets by itself.
var reserved = []string{
	"Upgrade", "Connection", "Sec-Websocket-Key", "Sec-Websocket-Version",
	"Sec-Websocket-Extensions", "Sec-Websocket-Protocol",
}

// headerFaults are what is wrong with a header of canonical names.
func headerFaults(header http.Header) (faults []string) {
	for name, values := range header {
		switch {
		case slices.Contains(reserved, name):
			faults = append(faults, fmt.Sprintf("the header %s is set by the upgrade", name))
		case !token(name):
			faults = append(faults, "a header has a name that is not a token")
		case strings.ContainsAny(strings.Join(values, ""), "\r\n\x00"):
			faults = append(faults, fmt.Sprintf("the header %s has more than one line", name))
		}
	}
	slices.Sort(faults)
	return faults
}

// canonical returns a copy with canonical names: others would slip through as a
// second header of the same meaning.
func canonical(header http.Header) http.Header {
	own := make(http.Header, len(header))
	for name, values := range header {
		name = http.CanonicalHeaderKey(name)
		own[name] = append(own[name], values...)
	}
	return own
}

// token reports whether a text is a token (RFC 9110 section 5.6.2).
func token(text string) bool {
	for _, r := range text {
		if r <= ' ' || r > '~' || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r) {
			return false
		}
	}
	return text != ""
}
