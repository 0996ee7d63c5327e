package connectortest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/connector/connectortest"
)

const named = "backend.test:80"

// linked runs f with both ends of a connection, in virtual time.
func linked(t *testing.T, f func(t *testing.T, n *connectortest.Network, client, server net.Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n, l := listening(t)
		client, err := n.DialContext(t.Context(), "tcp", named)
		if err != nil {
			t.Fatal(err)
		}
		server, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		f(t, n, client, server)
	})
}

func listening(t *testing.T) (*connectortest.Network, net.Listener) {
	t.Helper()
	n := connectortest.NewNetwork()
	l, err := n.Listen(named)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return n, l
}

func wantErr(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestBytesCross(t *testing.T) {
	linked(t, func(t *testing.T, _ *connectortest.Network, client, server net.Conn) {
		want := bytes.Repeat([]byte("0123456789"), 50_000) // many times the buffer
		var writing sync.WaitGroup
		writing.Go(func() {
			client.Write(want)
			client.(interface{ CloseWrite() error }).CloseWrite()
		})
		got, err := io.ReadAll(server)
		writing.Wait()
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("got %d bytes, %v, want the %d sent", len(got), err, len(want))
		}
		_, err = client.Write([]byte("more"))
		wantErr(t, "write after CloseWrite", err, syscall.EPIPE)
		if _, err := server.Write([]byte("still")); err != nil {
			t.Errorf("write the other way: got %v, want nil", err)
		}
		answer := make([]byte, 5)
		if _, err := io.ReadFull(client, answer); err != nil || string(answer) != "still" {
			t.Errorf("read: got %q, %v, want still", answer, err)
		}
		if got := server.RemoteAddr().String(); got != client.LocalAddr().String() || client.RemoteAddr().String() != named {
			t.Errorf("addresses: got %s and %s", got, client.RemoteAddr())
		}
	})
}

func TestWritesDoNotMix(t *testing.T) {
	linked(t, func(t *testing.T, _ *connectortest.Network, client, server net.Conn) {
		const size = 200_000
		var writing sync.WaitGroup
		for _, letter := range []byte("ab") {
			writing.Go(func() { client.Write(bytes.Repeat([]byte{letter}, size)) })
		}
		got := make([]byte, 2*size)
		if _, err := io.ReadFull(server, got); err != nil {
			t.Fatal(err)
		}
		writing.Wait()
		if first := got[:size]; bytes.Count(first, first[:1]) != size {
			t.Error("got two writes mixed, want one after the other")
		}
	})
}

func TestWriterWaitsForRoom(t *testing.T) {
	linked(t, func(t *testing.T, _ *connectortest.Network, client, server net.Conn) {
		client.SetWriteDeadline(time.Now().Add(time.Second))
		n, err := client.Write(make([]byte, 100<<10))
		wantErr(t, "write", err, os.ErrDeadlineExceeded)
		if n != 64<<10 {
			t.Errorf("written: got %d, want %d", n, 64<<10)
		}
	})
}

func TestDeadlines(t *testing.T) {
	linked(t, func(t *testing.T, _ *connectortest.Network, client, server net.Conn) {
		buffer := make([]byte, 8)
		started := time.Now()
		client.SetReadDeadline(started.Add(time.Second))
		_, err := client.Read(buffer)
		wantErr(t, "read", err, os.ErrDeadlineExceeded)
		var timeout net.Error
		if !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("read: got %v, want a net.Error that is a timeout", err)
		}
		if got := time.Since(started); got != time.Second {
			t.Errorf("waited: got %v, want 1s", got)
		}

		// A past deadline holds even when there is something to read.
		server.Write([]byte("hi"))
		_, err = client.Read(buffer)
		wantErr(t, "read again", err, os.ErrDeadlineExceeded)
		client.SetDeadline(time.Time{})
		if n, err := client.Read(buffer); err != nil || string(buffer[:n]) != "hi" {
			t.Errorf("read without deadline: got %q, %v, want hi", buffer[:n], err)
		}

		// A deadline moves a read that waits already.
		read := make(chan error)
		client.SetReadDeadline(time.Now().Add(time.Second))
		go func() {
			_, err := client.Read(buffer)
			read <- err
		}()
		synctest.Wait()
		moved := time.Now()
		client.SetReadDeadline(moved.Add(time.Minute))
		wantErr(t, "waiting read", <-read, os.ErrDeadlineExceeded)
		if got := time.Since(moved); got != time.Minute {
			t.Errorf("waited: got %v, want 1m", got)
		}
		go func() {
			client.SetReadDeadline(time.Time{})
			_, err := client.Read(buffer)
			read <- err
		}()
		synctest.Wait()
		client.SetReadDeadline(time.Now().Add(-time.Second))
		wantErr(t, "read cut short", <-read, os.ErrDeadlineExceeded)
	})
}

func TestCloseUnblocksBothSides(t *testing.T) {
	linked(t, func(t *testing.T, n *connectortest.Network, client, server net.Conn) {
		here, there := make(chan error, 1), make(chan error, 1)
		go func() {
			_, err := client.Read(make([]byte, 1))
			here <- err
		}()
		go func() {
			_, err := server.Write(make([]byte, 100<<10))
			there <- err
		}()
		synctest.Wait()
		<-here // the first byte
		client.Close()
		wantErr(t, "peer's write", <-there, syscall.EPIPE)
		_, err := client.Read(make([]byte, 1))
		wantErr(t, "own read", err, net.ErrClosed)
		_, err = client.Write([]byte("x"))
		wantErr(t, "own write", err, net.ErrClosed)
		if _, err := server.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("peer's read: got %v, want a bare EOF", err)
		}
		if got := n.OpenConns(); got != 1 {
			t.Errorf("with one end closed: got %d connections, want 1", got)
		}
		server.Close()
		server.Close()
		if got := n.OpenConns(); got != 0 {
			t.Errorf("with both ends closed: got %d connections, want 0", got)
		}
	})
}

func TestCloseUnblocksOwnRead(t *testing.T) {
	linked(t, func(t *testing.T, _ *connectortest.Network, client, _ net.Conn) {
		read := make(chan error)
		go func() {
			_, err := client.Read(make([]byte, 1))
			read <- err
		}()
		synctest.Wait()
		client.Close()
		wantErr(t, "read", <-read, net.ErrClosed)
	})
}

func TestDrop(t *testing.T) {
	linked(t, func(t *testing.T, n *connectortest.Network, client, server net.Conn) {
		client.Write([]byte("lost"))
		read := make(chan error)
		go func() {
			_, err := client.Read(make([]byte, 1))
			read <- err
		}()
		synctest.Wait()
		n.Drop()
		wantErr(t, "waiting read", <-read, syscall.ECONNRESET)
		_, err := server.Read(make([]byte, 1))
		wantErr(t, "peer's read", err, syscall.ECONNRESET)
		_, err = server.Write([]byte("x"))
		wantErr(t, "peer's write", err, syscall.ECONNRESET)
		if got := n.OpenConns(); got != 0 {
			t.Errorf("connections: got %d, want 0", got)
		}
		client.Close()
		_, err = client.Read(make([]byte, 1))
		wantErr(t, "read after close", err, net.ErrClosed)
		if _, err := n.DialContext(t.Context(), "tcp", named); err != nil {
			t.Errorf("dial after drop: got %v, want nil", err)
		}
	})
}

func TestDialFaults(t *testing.T) {
	n, l := listening(t)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	dial := func(ctx context.Context, network, addr string) error {
		_, err := n.DialContext(ctx, network, addr)
		return err
	}
	wantErr(t, "unknown address", dial(t.Context(), "tcp", "other.test:80"), syscall.ECONNREFUSED)
	wantErr(t, "context over", dial(over, "tcp", named), context.Canceled)
	wantErr(t, "unknown network", dial(t.Context(), "udp", named), net.UnknownNetworkError("udp"))
	n.Refuse(true)
	wantErr(t, "refusing", dial(t.Context(), "tcp", named), syscall.ECONNREFUSED)
	n.Refuse(false)
	wantErr(t, "no longer refusing", dial(t.Context(), "tcp", strings.ToUpper(named)), nil)

	for n.OpenConns() < 128 {
		wantErr(t, "filling the backlog", dial(t.Context(), "tcp", named), nil)
	}
	wantErr(t, "backlog full", dial(t.Context(), "tcp", named), syscall.ECONNREFUSED)
	l.Close()
	wantErr(t, "listener closed", dial(t.Context(), "tcp", named), syscall.ECONNREFUSED)
	if got := n.OpenConns(); got != 0 {
		t.Errorf("connections nobody accepted: got %d, want 0", got)
	}
}

func TestListenFaults(t *testing.T) {
	n, l := listening(t)
	_, err := n.Listen(strings.ToUpper(named))
	wantErr(t, "taken", err, syscall.EADDRINUSE)
	for _, addr := range []string{"", "backend.test", ":80", "backend.test:0", "backend.test:http", "backend.test:70000"} {
		if _, err := n.Listen(addr); err == nil || !strings.Contains(err.Error(), "addr") {
			t.Errorf("listen on %q: got %v, want a fault of addr", addr, err)
		}
	}
	wantErr(t, "close", l.Close(), nil)
	wantErr(t, "close again", l.Close(), net.ErrClosed)
	_, err = n.Listen(named)
	wantErr(t, "listen again", err, nil)
}

func TestApplicationSurvivesDrop(t *testing.T) {
	inBubble(t, plain, func(t *testing.T, c *client, n *connectortest.Network) {
		s := c.join()
		n.Drop()
		_, _, err := s.ws.ReadMessage()
		wantErr(t, "read", err, syscall.ECONNRESET)
		synctest.Wait()
		if got := c.b.Counts().OpenSockets; got != 0 {
			t.Errorf("open sockets: got %d, want 0", got)
		}
		n.Refuse(true)
		_, err = c.do(t.Context(), "GET", "/me", "", "")
		wantErr(t, "request", err, syscall.ECONNREFUSED)
		n.Refuse(false)
		c.join()
	})
}
