package connector

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/cenkalti/backoff/v4"

	"github.com/custom-app/interlock/connector/internal/ws"
	"github.com/custom-app/interlock/transitions"
)

// dialer is how sockets are dialled.
type dialer struct {
	dial  func(ctx context.Context, network, address string) (net.Conn, error)
	tls   *tls.Config
	proxy func(*http.Request) (*url.URL, error)
}

// opened is a connection that a dial gave.
type opened struct{ conn *ws.Conn }

func (o *opened) close() { _ = o.conn.Close() }

// of returns the dialer of one socket.
func (d dialer) of(w *wiring) ws.Dialer {
	return ws.Dialer{
		Dial: d.dial, TLS: d.tls, Proxy: d.proxy,
		Subprotocols: w.subprotocols, Compress: w.Compress, ReadLimit: w.ReadLimit, HeaderLimit: w.HeaderLimit,
	}
}

// dial opens a connection and posts what came of it. A connection that nobody
// waits for any more is closed by the effect that says so.
func (r *socketRun) dial(ctx context.Context, k known, gen uint32) {
	address, header, err := r.wiring.request(k)
	if err != nil {
		on := transitions.SocketDropped
		if _, final := verdictOf(err); final {
			on = transitions.SocketRejected
		}
		r.post(on, gen, 0, r.because("dial", err))
		return
	}
	conn, err := r.driver.settings.dial.of(r.wiring).Open(ctx, address, header)
	if err != nil {
		r.ended("dial", gen, err)
		return
	}
	o := &opened{conn: conn}
	if err := r.driver.postLast(transitions.Input{To: transitions.SocketKind, ID: r.id, On: uint8(transitions.SocketOpened), Gen: gen}, &cause{opened: o}); err != nil {
		o.close()
	}
}

// request returns the URL and the header of the upgrade request.
func (w *wiring) request(k known) (address string, header http.Header, err error) {
	header, err = guarded(func() (header http.Header, err error) {
		if address = w.url; w.target != nil {
			address, err = w.target(k)
		}
		if err == nil && w.header != nil {
			header = w.header(k)
		}
		return header, err
	})
	return address, header, err
}

// aimed returns a URL with another path and query. Its error does not quote them.
func aimed(address url.URL, target string) (string, error) {
	u, err := url.Parse(target)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Fragment != "" || !strings.HasPrefix(target, "/") {
		return "", backoff.Permanent(errors.New("interlock: Target: is no path with a query"))
	}
	address.Path, address.RawPath, address.RawQuery, address.ForceQuery = u.Path, u.RawPath, u.RawQuery, u.ForceQuery
	return address.String(), nil
}

// ended posts what the end of a connection, or of a dial, means.
func (r *socketRun) ended(op string, gen uint32, err error) {
	why := r.because(op, err)
	var e *ws.Error
	if !errors.As(err, &e) {
		r.post(transitions.SocketDropped, gen, 0, why)
		return
	}
	source, code := OfClose, Code{e.Code, e.Reason}
	if e.Status != 0 {
		source, code = OfStatus, Code{Number: e.Status}
	}
	if op == "read" && code.Number == 0 {
		code.Number = abnormalClosure
	}
	on := transitions.SocketDropped
	switch e.Fault {
	case ws.Config:
		on = transitions.SocketRejected // no attempt can mend it
	case ws.Status, ws.Closed:
		means, _ := class(r.wiring.Rules, source, code)
		switch on = ends[means]; {
		case means == ClassNetwork && e.RetryAfter > 0:
			on = transitions.SocketBusy // which nobody wakes before its time
		case means == ClassNetwork && orderly(e):
			on = transitions.SocketEnded
		}
	}
	why.retryAfter = min(e.RetryAfter, longest)
	r.post(on, gen, uint32(code.Number), why)
}

// abnormalClosure is the code of a connection that ended without a close frame (RFC
// 6455 section 7.4.1).
const abnormalClosure = 1006

// orderly tells whether the peer has closed without a complaint (RFC 6455 section
// 7.4.1).
func orderly(e *ws.Error) bool {
	return e.Fault == ws.Closed && (e.Code == 1000 || e.Code == 1001 || e.Code == 1005)
}
