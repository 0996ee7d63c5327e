package ws_test

import (
	"bufio"
	"bytes"
	"compress/flate"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/custom-app/interlock/connector/internal/ws"
)

// secret is in everything that an error must not quote.
const secret = "hunter2"

// serve has f serve each TCP connection of a server, whose address it returns.
func serve(t *testing.T, f func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer func() { _ = conn.Close() }()
				f(conn)
			})
		}
	})
	t.Cleanup(all.Wait) // and so every connection that a test leaves open hangs it
	t.Cleanup(func() { _ = listener.Close() })
	return listener.Addr().String()
}

// drain reads until the client's end is gone.
func drain(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

// switching is the answer to an upgrade, with more header lines if given.
func switching(key string, lines ...string) string {
	hash := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	lines = append([]string{
		"HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
		"Sec-WebSocket-Accept: " + base64.StdEncoding.EncodeToString(hash[:]),
	}, lines...)
	return strings.Join(lines, "\r\n") + "\r\n\r\n"
}

// accept reads an upgrade and answers it.
func accept(conn net.Conn, lines ...string) *http.Request {
	r, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return new(http.Request)
	}
	_, _ = io.WriteString(conn, switching(r.Header.Get("Sec-WebSocket-Key"), lines...))
	return r
}

// frame is a frame as a server sends it: first is FIN, RSV and opcode.
func frame(first byte, payload []byte) []byte {
	head := []byte{first}
	switch n := len(payload); {
	case n < 126:
		head = append(head, byte(n))
	case n < 1<<16:
		head = binary.BigEndian.AppendUint16(append(head, 126), uint16(n))
	default:
		head = binary.BigEndian.AppendUint64(append(head, 127), uint64(n))
	}
	return append(head, payload...)
}

// sent is a frame as the server received it.
type sent struct {
	opcode  byte
	payload []byte
}

// code is the code of a close frame.
func (s sent) code() int {
	if s.opcode != 8 || len(s.payload) < 2 {
		return 0
	}
	return int(binary.BigEndian.Uint16(s.payload))
}

// receive reads one frame of at most 64 KiB of a client.
func receive(conn net.Conn) (sent, error) {
	head := make([]byte, 2)
	if _, err := io.ReadFull(conn, head); err != nil {
		return sent{}, err
	}
	n := int(head[1] & 127)
	if n == 126 {
		long := make([]byte, 2)
		if _, err := io.ReadFull(conn, long); err != nil {
			return sent{}, err
		}
		n = int(binary.BigEndian.Uint16(long))
	}
	data := make([]byte, 4+n)
	if _, err := io.ReadFull(conn, data); err != nil {
		return sent{}, err
	}
	for i := range data[4:] {
		data[4+i] ^= data[i%4]
	}
	return sent{head[0] & 15, data[4:]}, nil
}

// deflate compresses a message as RFC 7692 section 7.2.1 says.
func deflate(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write(data)
	_ = w.Flush()
	return bytes.TrimSuffix(b.Bytes(), []byte{0, 0, 0xff, 0xff})
}

// agreed is the header line with which a server agrees to compress.
const agreed = "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover"

// open opens a connection to an address, or fails the test.
func open(t *testing.T, d ws.Dialer, address string) *ws.Conn {
	t.Helper()
	conn, err := d.Open(t.Context(), "ws://"+address, nil)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// speak opens a connection to a server that sends bytes after the upgrade and then
// closes its half of it, and that gives what it received on the channel.
func speak(t *testing.T, d ws.Dialer, bytes []byte, lines ...string) (*ws.Conn, <-chan sent) {
	t.Helper()
	received := make(chan sent, 100)
	address := serve(t, func(conn net.Conn) {
		defer close(received)
		accept(conn, lines...)
		_, _ = conn.Write(bytes)
		_ = conn.(*net.TCPConn).CloseWrite()
		for s, err := receive(conn); err == nil; s, err = receive(conn) {
			received <- s
		}
	})
	return open(t, d, address), received
}

// failing opens what must not open, and returns the error.
func failing(t *testing.T, ctx context.Context, d ws.Dialer, address string, header http.Header) *ws.Error {
	t.Helper()
	conn, err := d.Open(ctx, address, header)
	if err == nil {
		_ = conn.Close()
		t.Fatal("Open: got a connection, want an error")
	}
	return failed(t, err)
}

// failed returns an error's type, and checks that it is quiet about secrets.
func failed(t *testing.T, err error) *ws.Error {
	t.Helper()
	e, ok := errors.AsType[*ws.Error](err)
	if !ok {
		t.Fatalf("got error %T %v, want *ws.Error", err, err)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("", "err", e, "cause", e.Err)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("", "err", e, "cause", e.Err)
	asJSON, _ := json.Marshal(e)
	text := log.String() + string(asJSON)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		text += fmt.Sprintf(verb, e) + fmt.Sprintf(verb, e.Err)
	}
	if strings.Contains(text, secret) || strings.Contains(text, fmt.Sprintf("%x", secret)) {
		t.Errorf("got a secret in %s", text)
	}
	if got := e.Error(); !strings.HasPrefix(got, "interlock: websocket: ") || strings.ContainsAny(got, "\r\n") || !strings.HasSuffix(got, e.Advice()) {
		t.Errorf("got error text %q, want one line that begins with its noun and ends with its advice", got)
	}
	return e
}

// want checks the fault, status and code of an error, and words of its text.
func want(t *testing.T, e *ws.Error, fault ws.Fault, number int, words string) {
	t.Helper()
	if got := e.Status + e.Code; e.Fault != fault || got != number || !strings.Contains(e.Error(), words) {
		t.Errorf("got fault %q, status or code %d, text %q; want %q, %d, text with %q", e.Fault, got, e, fault, number, words)
	}
}

// piped is a Dial, for bubbles, to a server that serves each connection.
func piped(serve func(net.Conn)) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go serve(server)
		return client, nil
	}
}

// shortly is a context that ends by its deadline. It is for bubbles, in which that is
// when nothing else goes on.
func shortly(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}
