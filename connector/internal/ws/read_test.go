package ws_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/custom-app/interlock/connector/internal/ws"
)

func TestViolations(t *testing.T) {
	compress := ws.Dialer{Compress: true, ReadLimit: 1000}
	plain := ws.Dialer{ReadLimit: 1000}
	long := strings.Repeat("x", 1001)
	for _, test := range []struct {
		name   string
		dialer ws.Dialer
		bytes  []byte
		code   int
		words  string
	}{
		{"F70 text that is not UTF-8", plain, frame(0x81, []byte("\xff"+secret)), 1007, "not UTF-8"},
		{"F70 fragments of text that is not UTF-8", plain, slices.Concat(frame(0x01, []byte("\xd0")), frame(0x80, []byte("x"))), 1007, "not UTF-8"},
		{"F70 compressed text that is not UTF-8", compress, frame(0xc1, deflate(t, []byte("\xff"))), 1007, "not UTF-8"},
		{"F70 a message too long", plain, frame(0x82, []byte(long)), 1009, "ReadLimit"},
		{"F70 a message far too long, announced", plain, []byte{0x82, 127, 0, 0, 1, 0, 0, 0, 0, 0}, 1009, "ReadLimit"},
		{"F70 a negative length", plain, []byte{0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255}, 1009, "ReadLimit"},
		{"F70 fragments too long", plain, slices.Concat(frame(0x02, []byte(long[:600])), frame(0x80, []byte(long[:600]))), 1009, "ReadLimit"},
		{"F70 a compressed message too long", compress, frame(0xc2, deflate(t, []byte(long))), 1009, "ReadLimit"},
		{"F70 a compressed message that unpacks to nothing, without end", compress, frame(0xc2, bytes.Repeat([]byte{0, 0, 0, 255, 255}, 1000)), 1009, "ReadLimit"},
		{"F70 garbage for compressed data", compress, frame(0xc2, []byte(strings.Repeat("\xff", 50))), 1007, "decompressed"},
		{"F70 compressed data cut short", compress, frame(0xc2, deflate(t, []byte(secret))[:3]), 1007, "decompressed"},
		{"F70 compressed though it was not agreed", plain, frame(0xc1, deflate(t, []byte(secret))), 1002, "malformed"},
		{"F70 a reserved bit", compress, frame(0xa1, []byte(secret)), 1002, "malformed"},
		{"F70 an unknown opcode", plain, frame(0x83, []byte(secret)), 1002, "malformed"},
		{"F70 a masked frame", plain, []byte{0x81, 0x81, 0, 0, 0, 0, 'x'}, 1002, "malformed"},
		{"F70 a continuation of nothing", plain, frame(0x80, []byte(secret)), 1002, "malformed"},
		{"F70 a message within a message", plain, slices.Concat(frame(0x01, nil), frame(0x81, nil)), 1002, "malformed"},
		{"F70 a ping in fragments", plain, frame(0x09, nil), 1002, "malformed"},
		{"F70 a long ping", plain, frame(0x89, []byte(long[:126])), 1002, "malformed"},
		{"F70 a close code that may not be sent", plain, frame(0x88, []byte("\x03\xee"+secret)), 1002, "malformed"},
		{"F70 a close reason that is not UTF-8", plain, frame(0x88, []byte("\x03\xe8\xff"+secret)), 1002, "malformed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var lines []string
			if test.dialer.Compress {
				lines = []string{agreed}
			}
			conn, received := speak(t, test.dialer, test.bytes, lines...)
			f, err := conn.Read()
			e := failed(t, err)
			want(t, e, ws.Protocol, test.code, test.words)
			if f.Data != nil || e.Reason != "" {
				t.Errorf("got data %q and reason %q beside the error, want none", f.Data, e.Reason)
			}
			_ = conn.Close()
			if got := (<-received).code(); got != test.code {
				t.Errorf("the server got close code %d, want %d", got, test.code)
			}
			if more, ok := <-received; ok {
				t.Errorf("the server got %v after the close frame, want nothing", more)
			}
		})
	}
}

func TestBomb(t *testing.T) {
	t.Run("F70 a compressed bomb", func(t *testing.T) {
		const size = 64 << 20
		bomb := frame(0xc2, deflate(t, make([]byte, size)))
		conn, _ := speak(t, ws.Dialer{Compress: true}, bomb, agreed)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := conn.Read()
		runtime.ReadMemStats(&after)
		want(t, failed(t, err), ws.Protocol, 1009, "ReadLimit")
		if got := after.TotalAlloc - before.TotalAlloc; got > 16<<20 {
			t.Errorf("got %d bytes allocated for a bomb of %d in %d bytes, want few times the limit", got, size, len(bomb))
		}
	})
}

func TestReadLimit(t *testing.T) {
	noise := make([]byte, 1<<20+1)
	_, _ = rand.Read(noise)
	for _, test := range []struct {
		name   string
		dialer ws.Dialer
		first  byte
		limit  int
	}{
		{"K12 the default read limit is 1 MiB", ws.Dialer{}, 0x82, 1 << 20},
		{"K12 a read limit of its own", ws.Dialer{ReadLimit: 3}, 0x82, 3},
		{"K12 the read limit of compressed noise", ws.Dialer{Compress: true, ReadLimit: 100000}, 0xc2, 100000},
	} {
		t.Run(test.name, func(t *testing.T) {
			payload := func(n int) []byte { return noise[:n] }
			var lines []string
			if test.dialer.Compress {
				payload = func(n int) []byte { return deflate(t, noise[:n]) }
				lines = []string{agreed}
			}
			conn, _ := speak(t, test.dialer, slices.Concat(
				frame(test.first, payload(test.limit)), frame(test.first, payload(test.limit+1))), lines...)
			if f, err := conn.Read(); err != nil || !bytes.Equal(f.Data, noise[:test.limit]) {
				t.Errorf("got %d bytes, %v, want %d", len(f.Data), err, test.limit)
			}
			_, err := conn.Read()
			want(t, failed(t, err), ws.Protocol, 1009, "ReadLimit")
		})
	}
}

func TestTruncated(t *testing.T) {
	whole := frame(0x81, []byte("a whole message"))
	fragments := slices.Concat(frame(0x01, []byte("first")), frame(0x00, []byte("second")), frame(0x80, []byte("last")))
	compressed := frame(0xc1, deflate(t, []byte("compressed")))
	for _, test := range []struct {
		name   string
		dialer ws.Dialer
		lines  []string
		bytes  []byte
	}{
		{"F70 a truncated message is not delivered", ws.Dialer{}, nil, whole},
		{"F70 a truncated message of fragments is not delivered", ws.Dialer{}, nil, fragments},
		{"F70 a truncated compressed message is not delivered", ws.Dialer{Compress: true}, []string{agreed}, compressed},
	} {
		t.Run(test.name, func(t *testing.T) {
			for n := range len(test.bytes) {
				conn, _ := speak(t, test.dialer, test.bytes[:n], test.lines...)
				f, err := conn.Read()
				e := failed(t, err)
				want(t, e, ws.Network, 0, "ended")
				if f.Data != nil || !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("cut after %d bytes: got data %q, cause %v, want none and an unexpected end", n, f.Data, errors.Unwrap(err))
				}
				_ = conn.Close()
			}
		})
	}
}

func TestReadAfterError(t *testing.T) {
	t.Run("F70 reading on after an error gives the same error", func(t *testing.T) {
		conn, _ := speak(t, ws.Dialer{}, nil)
		_, first := conn.Read()
		for range 2000 {
			if _, err := conn.Read(); err != first {
				t.Fatalf("got %v, want %v again", err, first)
			}
		}
	})

	t.Run("F70 closing on this side ends the read, any number of times", func(t *testing.T) {
		conn := open(t, ws.Dialer{}, serve(t, func(conn net.Conn) { accept(conn); drain(conn) }))
		reading := make(chan error, 1)
		go func() { _, err := conn.Read(); reading <- err }()
		for range 3 {
			if err := conn.Close(); err != nil {
				t.Errorf("Close: got %v, want nil", err)
			}
		}
		err := <-reading
		want(t, failed(t, err), ws.Network, 0, "cut on this side")
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("got cause %v, want net.ErrClosed", errors.Unwrap(err))
		}
	})

	t.Run("F70 a deadline of the connection below is a timeout", func(t *testing.T) {
		address := serve(t, func(conn net.Conn) { accept(conn); drain(conn) })
		below := make(chan net.Conn, 1)
		conn := open(t, ws.Dialer{Dial: keep(below)}, address)
		_ = (<-below).SetReadDeadline(past)
		_, err := conn.Read()
		want(t, failed(t, err), ws.Timeout, 0, "too long")
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %v, want os.ErrDeadlineExceeded", err)
		}
	})

	t.Run("F70 panics of callbacks and connections become errors", func(t *testing.T) {
		conn, _ := speak(t, ws.Dialer{}, frame(0x89, nil))
		conn.OnPing(func([]byte) { panic(secret) })
		_, err := conn.Read()
		want(t, failed(t, err), ws.Network, 0, "panicked")
	})
}

func TestControlFrames(t *testing.T) {
	t.Run("K12 pings, pongs and messages arrive in order, and nothing is answered by itself", func(t *testing.T) {
		conn, received := speak(t, ws.Dialer{}, slices.Concat(
			frame(0x89, []byte("one")), frame(0x81, []byte("text")), frame(0x02, []byte("bin")), frame(0x8a, nil),
			frame(0x80, []byte("ary")), frame(0x81, nil), frame(0x88, []byte("\x0f\xa1"+secret))))
		var got []string
		conn.OnPing(func(payload []byte) { got = append(got, "ping "+string(payload)) })
		conn.OnPong(func() { got = append(got, "pong") })
		conn.OnClose(func(code int) { got = append(got, "close") })
		for {
			f, err := conn.Read()
			if err != nil {
				e := failed(t, err)
				want(t, e, ws.Closed, 4001, "closed with code 4001")
				if e.Reason != secret {
					t.Errorf("got reason %q, want %q", e.Reason, secret)
				}
				break
			}
			if f.Binary {
				got = append(got, "binary "+string(f.Data))
			} else {
				got = append(got, "text "+string(f.Data))
			}
		}
		if order := []string{"ping one", "text text", "pong", "binary binary", "text ", "close"}; !slices.Equal(got, order) {
			t.Errorf("got %q, want %q", got, order)
		}
		_ = conn.Close()
		if s, ok := <-received; ok {
			t.Errorf("the server got %v, want nothing", s)
		}
	})

	t.Run("K12 a close frame without a code", func(t *testing.T) {
		conn, _ := speak(t, ws.Dialer{}, frame(0x88, nil))
		code := 0
		conn.OnClose(func(got int) { code = got })
		_, err := conn.Read()
		if want(t, failed(t, err), ws.Closed, 1005, "1005"); code != 1005 {
			t.Errorf("OnClose: got %d, want 1005", code)
		}
	})
}
