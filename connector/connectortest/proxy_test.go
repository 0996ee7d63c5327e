package connectortest_test

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/custom-app/interlock/connector/connectortest"
)

// quiet is how long a test listens on the loopback to hear nothing. A byte that
// does cross takes far less, so that a fault is found; none fails by accident.
const quiet = 100 * time.Millisecond

func newProxy(t *testing.T, target string) *connectortest.Proxy {
	t.Helper()
	p, err := connectortest.NewProxy(target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("close: got %v, want nil", err)
		}
	})
	return p
}

func loopback(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// through returns both ends of a connection through p that has carried bytes.
func through(t *testing.T, p *connectortest.Proxy, l net.Listener) (client, server net.Conn) {
	t.Helper()
	client, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	server, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	write(t, server, "hello")
	wantRead(t, client, "hello")
	write(t, client, "hello yourself")
	wantRead(t, server, "hello yourself")
	return client, server
}

func TestProxy(t *testing.T) {
	for _, test := range []struct {
		name string
		play func(t *testing.T, p *connectortest.Proxy, client, server net.Conn)
	}{
		{"carries half-closes", func(t *testing.T, _ *connectortest.Proxy, client, server net.Conn) {
			write(t, client, "last")
			closeWrite(client)
			if got, err := io.ReadAll(server); string(got) != "last" || err != nil {
				t.Errorf("read: got %q, %v, want last", got, err)
			}
			write(t, server, "still")
			wantRead(t, client, "still")
			server.Close()
			if _, err := client.Read(make([]byte, 1)); err != io.EOF {
				t.Errorf("read: got %v, want EOF", err)
			}
		}},
		{"carries a reset", func(t *testing.T, _ *connectortest.Proxy, client, server net.Conn) {
			client.(*net.TCPConn).SetLinger(0)
			client.Close()
			wantReset(t, server)
		}},
		{"drop resets both ends", func(t *testing.T, p *connectortest.Proxy, client, server net.Conn) {
			p.Drop()
			wantReset(t, client)
			wantReset(t, server)
		}},
		{"close resets both ends", func(t *testing.T, p *connectortest.Proxy, client, server net.Conn) {
			for range 2 {
				wantErr(t, "close", p.Close(), nil)
			}
			wantReset(t, client)
			wantReset(t, server)
			_, err := net.Dial("tcp", p.Addr())
			wantErr(t, "dial", err, syscall.ECONNREFUSED)
		}},
		{"refuse lets what is open be", func(t *testing.T, p *connectortest.Proxy, client, server net.Conn) {
			p.Refuse(true)
			wantRefused(t, p)
			write(t, client, "hi")
			wantRead(t, server, "hi")
		}},
		{"F47 freeze carries nothing and keeps both ends open", func(t *testing.T, p *connectortest.Proxy, client, server net.Conn) {
			p.Freeze()
			p.Freeze() // changes nothing
			write(t, client, "lost")
			write(t, server, "lost")
			wantNothing(t, client, quiet)
			wantNothing(t, server, quiet)
		}},
		{"F47 freeze hides a close", func(t *testing.T, p *connectortest.Proxy, client, server net.Conn) {
			p.Freeze()
			client.Close()
			wantNothing(t, server, quiet)
			p.Drop()
			wantReset(t, server)
		}},
		{"F47 freeze hides a half-close", func(t *testing.T, p *connectortest.Proxy, client, server net.Conn) {
			p.Freeze()
			closeWrite(server)
			wantNothing(t, client, quiet)
		}},
		{"F47 freeze while bytes cross", func(t *testing.T, p *connectortest.Proxy, client, server net.Conn) {
			// Nobody reads, so that all buffers are full and the proxy waits to write.
			client.SetWriteDeadline(time.Now().Add(quiet))
			for err := error(nil); err == nil; {
				_, err = client.Write(make([]byte, 1<<20))
			}
			p.Freeze()
			if _, err := io.Copy(io.Discard, until(server, quiet)); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("read: got %v, want %v", err, os.ErrDeadlineExceeded)
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := loopback(t)
			p := newProxy(t, l.Addr().String())
			client, server := through(t, p, l)
			test.play(t, p, client, server)
		})
	}
}

// until is c with a read deadline.
func until(c net.Conn, d time.Duration) io.Reader {
	c.SetReadDeadline(time.Now().Add(d))
	return c
}

func wantReset(t *testing.T, c net.Conn) {
	t.Helper()
	n, err := c.Read(make([]byte, 1))
	if n != 0 || !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("read: got %d bytes, %v, want %v", n, err, syscall.ECONNRESET)
	}
}

// wantRefused expects a client of p to be reset, be it before its dial returns.
func wantRefused(t *testing.T, p *connectortest.Proxy) {
	t.Helper()
	client, err := net.Dial("tcp", p.Addr())
	if err != nil {
		wantErr(t, "dial", err, syscall.ECONNRESET)
		return
	}
	defer client.Close()
	wantReset(t, client)
}

func TestProxyLaterConnections(t *testing.T) {
	l := loopback(t)
	p := newProxy(t, l.Addr().String())
	through(t, p, l)
	for _, fault := range []func(){p.Freeze, p.Drop, func() { p.Refuse(true); p.Refuse(false) }} {
		fault()
		through(t, p, l)
	}
}

func TestProxyTargets(t *testing.T) {
	if _, err := connectortest.NewProxy("nowhere"); err == nil || !strings.Contains(err.Error(), "interlock: proxy: target: ") {
		t.Errorf("got %v, want a fault of target", err)
	}
	l := loopback(t)
	p := newProxy(t, l.Addr().String())
	l.Close()
	wantRefused(t, p)
}

func TestProxyBeforeABackend(t *testing.T) {
	t.Run("F47 a half-open WebSocket, then another", func(t *testing.T) {
		c := onLoopback(t, plain)
		p := newProxy(t, strings.TrimPrefix(c.b.URL(), "http://"))
		open := func() *socket {
			s := c.dial("ws://" + p.Addr() + "/public")
			s.send(echoMessage)
			s.want(echoMessage)
			return s
		}
		s := open()
		p.Freeze()
		s.send(echoMessage)
		s.ws.SetReadDeadline(time.Now().Add(quiet))
		if _, data, err := s.ws.ReadMessage(); !isTimeout(err) {
			t.Errorf("read: got %q, %v, want a timeout", data, err)
		}
		open()
		if got := c.b.Counts(); got.Requests != 2 || got.OpenSockets != 2 {
			t.Errorf("got %+v, want 2 requests and 2 open sockets", got)
		}
	})
}
