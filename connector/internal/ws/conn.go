package ws

import (
	"compress/flate"
	"errors"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

// farewell is how long reading waits for the close frame that answers a violation.
const farewell = 250 * time.Millisecond

// Frame is one whole message (RFC 6455 section 5.6): text, which is UTF-8, or
// binary.
type Frame struct {
	Binary bool
	Data   []byte
}

// Conn is an open WebSocket. One goroutine reads, any may write and close. Every
// error is an *Error.
type Conn struct {
	ws      *websocket.Conn
	pipe    *pipe
	limit   int64
	writing chan struct{} // holds one value while a frame is written
	ended   *Error        // what reading has ended with
}

func newConn(ws *websocket.Conn, below *pipe, limit int64) *Conn {
	c := &Conn{ws: ws, pipe: below, limit: limit, writing: make(chan struct{}, 1)}
	// It bounds what is read of a message that unpacks to nothing; data that does
	// not compress is a little longer on the wire.
	ws.SetReadLimit(limit + limit/8 + 1024)
	c.OnPing(func([]byte) {})
	c.OnPong(func() {})
	c.OnClose(func(int) {})
	return c
}

// OnPing sets what is called with the payload of each ping, on the goroutine that
// reads. No pong is written by itself. Set it before the first Read; not nil.
func (c *Conn) OnPing(f func(payload []byte)) {
	c.ws.SetPingHandler(func(payload string) error { f([]byte(payload)); return nil })
}

// OnPong sets what is called for each pong, on the goroutine that reads. Set it
// before the first Read; not nil.
func (c *Conn) OnPong(f func()) {
	c.ws.SetPongHandler(func(string) error { f(); return nil })
}

// OnClose sets what is called with the code of the peer's close frame, 1005 when
// it has none, on the goroutine that reads and before Read returns. No close frame
// is written by itself. Set it before the first Read; not nil.
func (c *Conn) OnClose(f func(code int)) {
	c.ws.SetCloseHandler(func(code int, _ string) error { f(code); return nil })
}

// Subprotocol returns the subprotocol that the server has chosen, or "".
func (c *Conn) Subprotocol() string { return c.ws.Subprotocol() }

// Read returns the next message, and waits for it without end: Close ends the
// wait. After an error every call returns the same error. A violation by the peer
// is answered with a close frame, if that can be written at once.
func (c *Conn) Read() (Frame, error) {
	if c.ended != nil {
		return Frame{}, c.ended
	}
	frame, err := c.next()
	if err == nil {
		return frame, nil
	}
	c.ended = c.failure(err)
	if c.ended.Fault == Protocol {
		_ = c.WriteClose(c.ended.Code, "", time.Now().Add(farewell))
	}
	return Frame{}, c.ended
}

// next reads one message; beside an error there is none.
func (c *Conn) next() (_ Frame, err error) {
	defer recovered(&err)
	kind, r, err := c.ws.NextReader()
	if err != nil {
		return Frame{}, err
	}
	data, err := io.ReadAll(io.LimitReader(r, c.limit+1))
	switch {
	case int64(len(data)) > c.limit:
		return Frame{}, violation(tooLong, nil)
	case err != nil:
		return Frame{}, err
	case kind == websocket.TextMessage && !utf8.Valid(data):
		return Frame{}, violation(notUTF8, nil)
	}
	return Frame{Binary: kind == websocket.BinaryMessage, Data: data}, nil
}

// failure says what an error of reading means.
func (c *Conn) failure(err error) *Error {
	if own, ok := errors.AsType[*Error](err); ok {
		return own
	}
	if e, ok := errors.AsType[*websocket.CloseError](err); ok {
		if e.Code == websocket.CloseAbnormalClosure { // never sent: the connection has ended
			return network(io.ErrUnexpectedEOF, silentPeer)
		}
		return &Error{Fault: Closed, Code: e.Code, Reason: e.Text}
	}
	_, corrupt := errors.AsType[flate.CorruptInputError](err)
	below := c.pipe.readError()
	switch {
	case errors.Is(err, websocket.ErrReadLimit):
		return violation(tooLong, err)
	case strings.HasPrefix(err.Error(), "websocket: "): // its errors have no type
		return violation(badFrame, err)
	case corrupt:
		return violation(badDeflate, err)
	case below != nil:
		return network(below, silentPeer)
	case alert(err):
		return insecure(err)
	case errors.Is(err, io.ErrUnexpectedEOF): // of the compressed data, not of the connection
		return violation(badDeflate, err)
	}
	return network(err, silentPeer)
}

// Close cuts the connection at once, without a close frame, and ends what reads
// and writes. It may be called more than once.
func (c *Conn) Close() error {
	if err := c.pipe.Close(); err != nil {
		return network(err, silentPeer)
	}
	return nil
}

// EndReads lets Read go on until the time given at the latest: it then fails with a
// timeout. Any goroutine may call it.
func (c *Conn) EndReads(by time.Time) { _ = c.ws.SetReadDeadline(by) }
