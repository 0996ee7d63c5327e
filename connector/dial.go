package connector

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"

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
	header, err := guarded(func() (http.Header, error) {
		if r.wiring.header == nil {
			return nil, nil
		}
		return r.wiring.header(k), nil
	})
	if err != nil {
		r.post(transitions.SocketDropped, gen, 0, r.because("dial", err))
		return
	}
	conn, err := r.driver.settings.dial.of(r.wiring).Open(ctx, r.wiring.url, header)
	if err != nil {
		r.ended("dial", gen, err)
		return
	}
	o := &opened{conn: conn}
	if err := r.driver.postLast(transitions.Input{To: transitions.SocketKind, ID: r.id, On: uint8(transitions.SocketOpened), Gen: gen}, &cause{opened: o}); err != nil {
		o.close()
	}
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
