package ws

import (
	"errors"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

// maxControl is the longest payload of a control frame (RFC 6455 section 5.5).
const maxControl = 125

// Write writes one message, and waits at most until the deadline, for other
// writers and for the peer; the zero deadline is none. A message that was begun
// and not finished ends all writing. Text that is not UTF-8 is not written.
func (c *Conn) Write(f Frame, deadline time.Time) error {
	kind := websocket.BinaryMessage
	if !f.Binary {
		kind = websocket.TextMessage
		if !utf8.Valid(f.Data) {
			return violation(ownText, nil)
		}
	}
	return c.write(kind, f.Data, deadline)
}

// Ping writes a ping with a payload of at most 125 bytes (RFC 6455 section 5.5.2).
// The deadline is as with Write.
func (c *Conn) Ping(payload []byte, deadline time.Time) error {
	return c.control(websocket.PingMessage, payload, deadline)
}

// Pong writes a pong with a payload of at most 125 bytes (RFC 6455 section 5.5.3).
// The deadline is as with Write.
func (c *Conn) Pong(payload []byte, deadline time.Time) error {
	return c.control(websocket.PongMessage, payload, deadline)
}

// WriteClose writes a close frame, after which nothing can be written (RFC 6455
// section 5.5.1). Code 1005 writes one without a code. The reason is UTF-8 of at
// most 123 bytes. The deadline is as with Write.
func (c *Conn) WriteClose(code int, reason string, deadline time.Time) error {
	if !closeCode(code) || !utf8.ValidString(reason) || len(reason) > maxControl-2 {
		return violation(ownClose, nil)
	}
	return c.control(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), deadline)
}

// closeCode reports whether a code may be written (RFC 6455 section 7.4 and the
// registry it opens). 1005 stands for none.
func closeCode(code int) bool {
	return code >= 1000 && code <= 1003 || code == 1005 || code >= 1007 && code <= 1014 || code >= 3000 && code <= 4999
}

// control writes a control frame.
func (c *Conn) control(kind int, payload []byte, deadline time.Time) error {
	if len(payload) > maxControl {
		return violation(ownControl, nil)
	}
	return c.write(kind, payload, deadline)
}

// write writes one frame, after those that are being written.
func (c *Conn) write(kind int, data []byte, deadline time.Time) error {
	if !c.acquire(deadline) {
		return &Error{Fault: Timeout, Err: silentPeer}
	}
	defer func() { <-c.writing }()
	err := c.put(kind, data, deadline)
	below := c.pipe.writeError()
	switch {
	case err == nil:
		return nil
	case errors.Is(err, websocket.ErrCloseSent):
		return &Error{Fault: Closed, Err: because(closedWrite, err)}
	case below != nil: // the layers above tell less of it
		return network(below, silentPeer)
	}
	return network(err, silentPeer)
}

// put has gorilla/websocket write a frame; the caller has acquired the right to.
func (c *Conn) put(kind int, data []byte, deadline time.Time) (err error) {
	defer recovered(&err)
	if err := c.ws.SetWriteDeadline(deadline); err != nil {
		return err
	}
	return c.ws.WriteMessage(kind, data)
}

// acquire waits until nobody else writes, or until the deadline.
func (c *Conn) acquire(deadline time.Time) bool {
	if deadline.IsZero() {
		c.writing <- struct{}{}
		return true
	}
	wait := time.Until(deadline)
	if wait <= 0 {
		return false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case c.writing <- struct{}{}:
		return true
	case <-timer.C:
		return false
	}
}
