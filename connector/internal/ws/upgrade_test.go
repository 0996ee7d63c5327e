package ws_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/connector/internal/ws"
)

// answering is a server that answers each request with a text and ends.
func answering(t *testing.T, text string) string {
	t.Helper()
	return serve(t, func(conn net.Conn) {
		_, _ = http.ReadRequest(bufio.NewReader(conn))
		_, _ = io.WriteString(conn, strings.ReplaceAll(text, "\n", "\r\n"))
	})
}

func TestUpgradeAnswers(t *testing.T) {
	const rest = "\nX-Token: " + secret + "\nContent-Length: 7\n\n" + secret
	const date = "\nDate: Mon, 05 Oct 2026 10:00:00 GMT\nRetry-After: "
	for _, test := range []struct {
		name, answer string
		fault        ws.Fault
		status       int
		words        string
		wait         time.Duration
	}{
		{"F80 status 200", "HTTP/1.1 200 OK" + rest, ws.Status, 200, "captive portal", 0},
		{"F80 status 302", "HTTP/1.1 302 Found\nLocation: http://" + secret + rest, ws.Status, 302, "redirects are not followed", 0},
		{"F80 status 400", "HTTP/1.1 400 Bad Request" + rest, ws.Status, 400, "subprotocols", 0},
		{"F80 status 401", "HTTP/1.1 401 " + secret + rest, ws.Status, 401, "credentials", 0},
		{"F80 status 403", "HTTP/1.1 403 Forbidden" + rest, ws.Status, 403, "not allowed", 0},
		{"F80 status 404", "HTTP/1.1 404 Not Found" + rest, ws.Status, 404, "path", 0},
		{"F80 status 418", "HTTP/1.1 418 Teapot" + rest, ws.Status, 418, "endpoint", 0},
		{"F80 status 426", "HTTP/1.1 426 Upgrade Required" + rest, ws.Status, 426, "version", 0},
		{"F80 status 429", "HTTP/1.1 429 Too Many Requests\nRetry-After: 3" + rest, ws.Status, 429, "too many", 3 * time.Second},
		{"F80 status 503, wait in seconds", "HTTP/1.1 503 Unavailable\nRetry-After: 120" + rest, ws.Status, 503, "overloaded", 2 * time.Minute},
		{"F80 status 503, wait until a date", "HTTP/1.1 503 Unavailable" + date + "Mon, 05 Oct 2026 10:01:30 GMT" + rest, ws.Status, 503, "wait", 90 * time.Second},
		{"F80 status 503, a date gone by", "HTTP/1.1 503 Unavailable" + date + "Mon, 05 Oct 2026 09:00:00 GMT" + rest, ws.Status, 503, "wait", 0},
		{"F80 status 503, a date without a clock", "HTTP/1.1 503 Unavailable\nRetry-After: Mon, 05 Oct 2026 10:01:30 GMT" + rest, ws.Status, 503, "wait", 0},
		{"F80 status 503, a wait of nonsense", "HTTP/1.1 503 Unavailable\nRetry-After: -1" + rest, ws.Status, 503, "wait", 0},
		{"F80 a wrong accept key", "HTTP/1.1 101 S\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Accept: " + secret + "\n\n", ws.Upgrade, 0, "accept key", 0},
		{"F80 no accept key", "HTTP/1.1 101 S\nUpgrade: websocket\nConnection: Upgrade\n\n", ws.Upgrade, 0, "accept key", 0},
		{"F80 no switch", "HTTP/1.1 101 S\nX-Token: " + secret + "\n\n", ws.Upgrade, 0, "does not switch", 0},
		{"F80 an answer that is not HTTP", secret + " garbage\n\n", ws.Upgrade, 0, "not HTTP", 0},
		{"F80 a header that is not HTTP", "HTTP/1.1 101 S\n" + secret + " garbage\n\n", ws.Upgrade, 0, "not HTTP", 0},
		{"F80 no answer", "", ws.Network, 0, "ended", 0},
		{"F80 half an answer", "HTTP/1.1 101 Swi", ws.Network, 0, "ended", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			header := http.Header{"Authorization": {"Bearer " + secret}}
			e := failing(t, t.Context(), ws.Dialer{}, "ws://"+answering(t, test.answer)+"/"+secret+"?token="+secret, header)
			want(t, e, test.fault, test.status, test.words)
			if e.RetryAfter != test.wait {
				t.Errorf("got a wait of %v, want %v", e.RetryAfter, test.wait)
			}
		})
	}
}

// counted counts what is read of a connection.
type counted struct {
	net.Conn
	n *atomic.Int64
}

func (c counted) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.n.Add(int64(n))
	return n, err
}

func TestEndlessHeader(t *testing.T) {
	for _, test := range []struct {
		name  string
		begin string
		limit int64
		want  int64
	}{
		{"F80 headers that never end stop at the limit", "HTTP/1.1 101 S\r\n", 1000, 1000},
		{"F80 headers that never end stop at the default limit", "HTTP/1.1 101 S\r\n", 0, 64 << 10},
		{"F80 one header that never ends", "HTTP/1.1 101 S\r\nX: ", 0, 64 << 10},
		{"F80 a status line that never ends", "HTTP/1.1 101 ", 0, 64 << 10},
	} {
		t.Run(test.name, func(t *testing.T) {
			wrote := make(chan int, 1)
			address := serve(t, func(conn net.Conn) {
				_, _ = http.ReadRequest(bufio.NewReader(conn))
				_, _ = io.WriteString(conn, test.begin)
				line := []byte(strings.Repeat("X-"+secret+": "+secret+"\r\n", 1000))
				if !strings.HasSuffix(test.begin, "\n") {
					line = []byte(strings.Repeat(secret, 1000))
				}
				total := 0
				for total < 256<<20 {
					n, err := conn.Write(line)
					if total += n; err != nil {
						break
					}
				}
				wrote <- total
			})
			var read atomic.Int64
			d := ws.Dialer{HeaderLimit: test.limit, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := new(net.Dialer).DialContext(ctx, network, address)
				return counted{conn, &read}, err
			}}
			want(t, failing(t, t.Context(), d, "ws://"+address, nil), ws.Upgrade, 0, "HeaderLimit")
			if got := read.Load(); got != test.want {
				t.Errorf("got %d bytes read, want %d", got, test.want)
			}
			if got := <-wrote; got > 32<<20 { // the rest is in buffers of the kernel
				t.Errorf("the server wrote %d bytes, want no more than the kernel buffers", got)
			}
		})
	}

	t.Run("F80 a header just within the limit, and messages right behind it", func(t *testing.T) {
		address := serve(t, func(conn net.Conn) {
			accept(conn)
			_, _ = conn.Write(frame(0x82, make([]byte, 70000)))
			drain(conn)
		})
		conn := open(t, ws.Dialer{HeaderLimit: int64(len(switching("")))}, address)
		if f, err := conn.Read(); err != nil || len(f.Data) != 70000 {
			t.Errorf("got %d bytes, %v, want 70000", len(f.Data), err)
		}
	})
}

func TestSilence(t *testing.T) {
	accepted := make(chan struct{}, 1)
	silent := serve(t, func(conn net.Conn) {
		accepted <- struct{}{}
		drain(conn) // and so it waits for the client's cut
	})
	never := func(ctx context.Context, _, _ string) (net.Conn, error) {
		accepted <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	}
	for _, test := range []struct {
		name, address string
		dialer        ws.Dialer
		words         string
	}{
		{"F80 TLS that never finishes", "wss://" + silent, ws.Dialer{}, "TLS handshake"},
		{"F80 TCP that accepts and says nothing", "ws://" + silent, ws.Dialer{}, "no answer to the upgrade"},
		{"F80 a proxy that says nothing", "ws://interlock.test", ws.Dialer{Proxy: through("http://" + silent)}, "no answer from the proxy"},
		{"F80 a dial that never ends", "ws://interlock.test", ws.Dialer{Dial: never}, "no connection in time"},
	} {
		t.Run(test.name+": deadline", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := test.dialer
				if d.Dial == nil {
					d.Dial = piped(func(conn net.Conn) { accepted <- struct{}{}; drain(conn) })
				}
				e := failing(t, shortly(t), d, test.address, nil)
				<-accepted
				want(t, e, ws.Timeout, 0, test.words)
				if !errors.Is(e, os.ErrDeadlineExceeded) || !errors.Is(e, context.DeadlineExceeded) || errors.Is(e, context.Canceled) {
					t.Errorf("got %v, want both deadline errors and no cancellation", e.Err)
				}
				if timeout, ok := error(e).(interface{ Timeout() bool }); !ok || !timeout.Timeout() {
					t.Error("got no timeout as net.Error has it")
				}
			})
		})
		t.Run(test.name+": cancelled", func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			go func() { <-accepted; cancel() }()
			e := failing(t, ctx, test.dialer, test.address, nil)
			want(t, e, ws.Network, 0, "cancelled")
			if !errors.Is(e, context.Canceled) || errors.Is(e, os.ErrDeadlineExceeded) {
				t.Errorf("got %v, want a cancellation and no deadline", e.Err)
			}
		})
	}

	t.Run("F80 a body that never ends does not hide the status", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := ws.Dialer{Dial: piped(func(conn net.Conn) {
				_, _ = http.ReadRequest(bufio.NewReader(conn))
				_, _ = fmt.Fprint(conn, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 100\r\n\r\n")
				drain(conn)
			})}
			want(t, failing(t, shortly(t), d, "ws://interlock.test", nil), ws.Status, 401, "credentials")
		})
	})

	t.Run("F80 a context that ended before dials nothing", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		want(t, failing(t, ctx, ws.Dialer{}, "ws://"+silent, nil), ws.Network, 0, "cancelled")
	})
}
