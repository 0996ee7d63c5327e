package ws

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"time"

	"github.com/gorilla/websocket"
)

// phase is how far an opening has come.
type phase uint8

const (
	connecting phase = iota // to the host, or to the proxy
	proxying                // the proxy connects to the host
	securing                // TLS
	upgrading
)

// silences say what has not come in time.
var silences = [...]flaw{
	connecting: silentDial, proxying: silentProxy, securing: silentTLS, upgrading: silentUpgrade,
}

// opening is one run of Open. gorilla/websocket runs it on the goroutine of Open,
// its callbacks too; only the context cuts the pipe from another.
type opening struct {
	Dialer
	ctx     context.Context
	phase   phase
	proxied bool
	pipe    *pipe
	release func() bool // the context no longer matters; false when it has ended
}

// open runs the opening. Whatever ends it but success, a panic or the end of the
// goroutine included, leaves no connection.
func (o *opening) open(address string, header http.Header) (conn *Conn, failure *Error) {
	defer func() {
		if conn == nil && o.pipe != nil {
			o.release()
			_ = o.pipe.Close()
		}
	}()
	ws, response, err := o.upgrade(address, header)
	if err != nil {
		return nil, o.failure(response, err)
	}
	if f := o.unasked(response.Header); f != "" {
		return nil, &Error{Fault: Upgrade, Err: f}
	}
	if !o.release() {
		return nil, o.overdue()
	}
	o.pipe.left = unbounded
	return newConn(ws, o.pipe, o.ReadLimit), nil
}

// upgrade dials and upgrades.
func (o *opening) upgrade(address string, header http.Header) (ws *websocket.Conn, response *http.Response, err error) {
	defer recovered(&err)
	config := o.TLS.Clone()
	if config == nil {
		config = new(tls.Config)
	}
	config.NextProtos = []string{"http/1.1"} // a config shared with net/http offers HTTP/2, which has no upgrade
	dialer := websocket.Dialer{
		NetDialContext: func(_ context.Context, network, address string) (net.Conn, error) {
			return o.dial(network, address)
		},
		Proxy: o.proxy, TLSClientConfig: config, Subprotocols: o.Subprotocols, EnableCompression: o.Compress,
	}
	return dialer.DialContext(httptrace.WithClientTrace(o.ctx, o.trace()), address, header)
}

// proxy asks for the proxy. The error of http.ProxyFromEnvironment quotes the
// proxy's address, with its password.
func (o *opening) proxy(r *http.Request) (*url.URL, error) {
	u, err := o.Proxy(r)
	switch {
	case err != nil:
		return nil, because(noProxy, err)
	case u != nil && u.Scheme != "http" && u.Scheme != "socks5":
		return nil, noProxy
	}
	o.proxied = u != nil
	return u, nil
}

// dial opens the connection below, which the end of the context cuts from now on:
// gorilla/websocket looks at a context without deadline no more.
func (o *opening) dial(network, address string) (net.Conn, error) {
	conn, err := o.Dial(o.ctx, network, address)
	switch {
	case err != nil:
		return nil, err
	case conn == nil:
		return nil, nothing
	case o.ctx.Err() != nil: // a Dial that did not look
		_ = conn.Close()
		return nil, o.ctx.Err()
	}
	o.pipe = &pipe{Conn: conn, left: o.HeaderLimit}
	o.release = context.AfterFunc(o.ctx, func() { _ = o.pipe.Close() })
	o.phase = upgrading
	if o.proxied {
		o.phase = proxying
	}
	return o.pipe, nil
}

// trace follows the phases. Each answer may have as many bytes as HeaderLimit
// says; crypto/tls bounds its own messages.
func (o *opening) trace() *httptrace.ClientTrace {
	enter := func(p phase, left int64) { o.phase, o.pipe.left = p, left }
	return &httptrace.ClientTrace{
		GotConn:           func(httptrace.GotConnInfo) { enter(upgrading, o.HeaderLimit) },
		TLSHandshakeStart: func() { enter(securing, unbounded) },
		TLSHandshakeDone: func(_ tls.ConnectionState, err error) {
			if err == nil {
				enter(upgrading, o.HeaderLimit)
			}
		},
	}
}

// failure says what an error of the upgrade means.
func (o *opening) failure(response *http.Response, err error) *Error {
	switch {
	case errors.Is(err, panicked) && o.phase == proxying: // as gorilla/websocket does at an answer without a reason text
		return &Error{Fault: Network, Err: because(proxyNo, err)}
	case errors.Is(err, panicked):
		return &Error{Fault: Network, Err: err}
	case response != nil && response.StatusCode != http.StatusSwitchingProtocols:
		return &Error{Fault: Status, Status: response.StatusCode, RetryAfter: retryAfter(response.Header)}
	case response != nil:
		return &Error{Fault: Upgrade, Err: because(o.mismatch(response.Header), err)}
	case o.over():
		return o.overdue()
	case o.pipe == nil:
		return network(err, silences[o.phase])
	}
	below := o.pipe.readError()
	if below == nil {
		below = o.pipe.writeError()
	}
	switch {
	case below == headerLong && o.phase == proxying:
		return &Error{Fault: Network, Err: proxyLong}
	case below == headerLong:
		return &Error{Fault: Upgrade, Err: headerLong}
	case below != nil:
		return network(below, silences[o.phase])
	case o.phase == proxying:
		return &Error{Fault: Network, Err: because(proxyNo, err)}
	case o.phase == securing, alert(err):
		return insecure(err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF): // the end of TLS
		return network(err, silentUpgrade)
	}
	return &Error{Fault: Upgrade, Err: because(notHTTP, err)}
}

// over reports whether the context has ended. The connection's deadline, which is
// that of the context, may pass a moment earlier.
func (o *opening) over() bool {
	deadline, ok := o.ctx.Deadline()
	return o.ctx.Err() != nil || ok && !time.Now().Before(deadline)
}

// overdue is the failure of an opening whose context has ended.
func (o *opening) overdue() *Error {
	err := o.ctx.Err()
	if err == nil || errors.Is(err, context.DeadlineExceeded) {
		return &Error{Fault: Timeout, Err: because(silences[o.phase], context.DeadlineExceeded)}
	}
	return &Error{Fault: Network, Err: because(cancelled, err)}
}
