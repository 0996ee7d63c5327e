package connector

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/transitions"
)

// dialer is how sockets are dialled.
type dialer struct {
	dial func(ctx context.Context, network, address string) (net.Conn, error)
	tls  *tls.Config
}

// handshake is one dial whose connection is cut when the dial's context ends:
// gorilla/websocket looks at a context only until the connection is there, and
// would wait for the answer to the upgrade without end.
type handshake struct {
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	release func() // the context no longer matters
}

func (d dialer) cancellable() *handshake {
	dial := d.dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	h := &handshake{release: func() {}}
	h.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := guarded(func() (net.Conn, error) { return dial(ctx, network, address) })
		switch {
		case err != nil:
			return nil, err
		case conn == nil:
			return nil, errors.New("DialContext gave neither a connection nor an error")
		case ctx.Err() != nil:
			_ = conn.Close()
			return nil, ctx.Err()
		}
		stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
		h.release = func() { stop() }
		return conn, nil
	}
	return h
}

// opened is a connection that a dial gave.
type opened struct{ ws *websocket.Conn }

func (o *opened) close() { _ = o.ws.Close() }

// verdicts classify what the server says by the HTTP status of a refused upgrade
// or by close code (RFC 6455 section 7.4: 4000 to 4999 are the application's).
// Everything else is a connection lost, and tried again.
var verdicts = map[int]transitions.SocketEvent{
	websocket.CloseNormalClosure: transitions.SocketEnded,
	websocket.CloseGoingAway:     transitions.SocketEnded,
	http.StatusUnauthorized:      transitions.SocketExpired,
	http.StatusForbidden:         transitions.SocketRejected,
	4401:                         transitions.SocketExpired,
	4403:                         transitions.SocketRejected,
}

// verdict returns the event that a status or close code means.
func verdict(code int) transitions.SocketEvent {
	if event, ok := verdicts[code]; ok {
		return event
	}
	return transitions.SocketDropped
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
		r.post(transitions.SocketDropped, gen, 0, &cause{err: &SocketError{Socket: r.wiring.id, Op: "dial", Err: err}})
		return
	}
	handshake := r.driver.settings.dial.cancellable()
	dialer := websocket.Dialer{
		NetDialContext: handshake.dial, TLSClientConfig: r.driver.settings.dial.tls,
		Subprotocols: r.wiring.subprotocols, Proxy: http.ProxyFromEnvironment,
	}
	var ws *websocket.Conn
	var response *http.Response
	_, err = guarded(func() (_ struct{}, err error) { // the TLS config and the connection hold code of the application
		ws, response, err = dialer.DialContext(ctx, r.wiring.url, header)
		return struct{}{}, err
	})
	handshake.release()
	if err == nil {
		if err = r.wiring.unrequested(response.Header); err != nil {
			_ = ws.Close()
			response = nil
		}
	}
	if err != nil {
		code, wait := refusal(response)
		if code != 0 {
			err = fmt.Errorf("upgrade refused with status %d: %w", code, err)
		}
		r.post(verdict(code), gen, uint32(code), &cause{err: &SocketError{Socket: r.wiring.id, Op: "dial", Err: err}, retryAfter: wait})
		return
	}
	ws.SetReadLimit(r.wiring.readLimit)
	o := &opened{ws: ws}
	if err := r.driver.postLast(transitions.Input{To: transitions.SocketKind, ID: r.id, On: uint8(transitions.SocketOpened), Gen: gen}, &cause{opened: o}); err != nil {
		o.close()
	}
}

// unrequested is the fault of an upgrade that brings what nobody asked for, which
// fails the connection (RFC 6455 section 4.1). Compression is never asked for:
// the read limit would not bound what a message unpacks to.
func (w *wiring) unrequested(header http.Header) error {
	if header.Get("Sec-WebSocket-Extensions") != "" {
		return errors.New("the upgrade has an extension that was not asked for")
	}
	if chosen := header.Get("Sec-WebSocket-Protocol"); chosen != "" && !slices.Contains(w.subprotocols, chosen) {
		return errors.New("the upgrade has a subprotocol that was not asked for")
	}
	return nil
}

// refusal reads a refused upgrade: its status, and for how long the server asks
// to wait, in seconds or until a date by its own clock (RFC 9110 section 10.2.3).
func refusal(response *http.Response) (code int, wait time.Duration) {
	if response == nil {
		return 0, 0
	}
	_ = response.Body.Close()
	text := response.Header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return response.StatusCode, time.Duration(seconds) * time.Second
	}
	until, err := http.ParseTime(text)
	now, noDate := http.ParseTime(response.Header.Get("Date"))
	if err == nil && noDate == nil {
		wait = max(0, until.Sub(now))
	}
	return response.StatusCode, wait
}

// closeCode returns the code of the close frame that ended a connection, or 0.
func closeCode(err error) int {
	var e *websocket.CloseError
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}
