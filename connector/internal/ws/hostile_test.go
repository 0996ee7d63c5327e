package ws_test

import (
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/connector/internal/ws"
)

// brittle is a connection that does something before it reads, writes and closes.
type brittle struct {
	net.Conn
	read, write, close func()
}

func (b brittle) Read(p []byte) (int, error)  { b.read(); return b.Conn.Read(p) }
func (b brittle) Write(p []byte) (int, error) { b.write(); return b.Conn.Write(p) }
func (b brittle) Close() error                { defer b.close(); return b.Conn.Close() }

func calm()  {}
func throw() { panic(secret) }

// dials is a Dial whose connections are brittle.
func dials(read, write, close func()) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		return brittle{conn, read, write, close}, err
	}
}

func TestApplicationPanics(t *testing.T) {
	silent := "ws://" + serve(t, drain) // which hangs at its end if a connection is left
	secure := quiet(http.NotFoundHandler())
	defer secure.Close()
	wss := strings.Replace(secure.URL, "https", "wss", 1)
	dial := func(f func() (net.Conn, error)) ws.Dialer {
		return ws.Dialer{Dial: func(context.Context, string, string) (net.Conn, error) { return f() }}
	}
	for _, test := range []struct {
		name, address string
		dialer        ws.Dialer
		words         string
	}{
		{"F70 Dial panics", silent, dial(func() (net.Conn, error) { panic(secret) }), "panicked"},
		{"F70 Dial panics with an error", silent, dial(func() (net.Conn, error) { panic(errors.New(secret)) }), "panicked"},
		{"F70 Dial gives nothing", silent, dial(func() (net.Conn, error) { return nil, nil }), "neither"},
		{"F70 Dial fails", silent, dial(func() (net.Conn, error) { return nil, errors.New(secret) }), "failed"},
		{"F70 Proxy panics", silent, ws.Dialer{Proxy: func(*http.Request) (*url.URL, error) { panic(secret) }}, "panicked"},
		{"F70 a connection panics at reading", silent, ws.Dialer{Dial: dials(throw, calm, calm)}, "panicked"},
		{"F70 a connection panics at writing", silent, ws.Dialer{Dial: dials(calm, throw, calm)}, "panicked"},
		{"F70 a connection panics at everything", silent, ws.Dialer{Dial: dials(throw, throw, throw)}, "panicked"},
		{"F70 the clock of TLS panics", wss, ws.Dialer{TLS: &tls.Config{Time: func() time.Time { throw(); return past }}}, "panicked"},
		{"F70 a callback of TLS panics", wss, ws.Dialer{TLS: &tls.Config{
			InsecureSkipVerify: true, VerifyConnection: func(tls.ConnectionState) error { throw(); return nil },
		}}, "panicked"},
	} {
		t.Run(test.name, func(t *testing.T) {
			want(t, failing(t, t.Context(), test.dialer, test.address, nil), ws.Network, 0, test.words)
		})
	}

	t.Run("F70 a connection panics when its context ends", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := ws.Dialer{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := piped(drain)(ctx, network, address)
				return brittle{conn, calm, calm, throw}, err
			}}
			want(t, failing(t, shortly(t), d, "ws://interlock.test", nil), ws.Timeout, 0, "no answer")
		})
	})

	t.Run("F70 a goroutine that ends within Open leaves no connection", func(t *testing.T) {
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			_, err := ws.Dialer{Dial: dials(calm, runtime.Goexit, calm)}.Open(t.Context(), silent, nil)
			t.Errorf("Open: returned %v, want no return", err)
		}()
		<-gone
	})

	t.Run("F70 a connection panics once it is open", func(t *testing.T) {
		address := "ws://" + serve(t, func(conn net.Conn) { accept(conn); drain(conn) })
		act := calm
		conn, err := ws.Dialer{Dial: dials(func() { act() }, func() { act() }, func() { act() })}.Open(t.Context(), address, nil)
		if err != nil {
			t.Fatal(err)
		}
		act = throw
		_, err = conn.Read()
		want(t, failed(t, err), ws.Network, 0, "panicked")
		for range 2 {
			want(t, failed(t, conn.Write(ws.Frame{}, time.Time{})), ws.Network, 0, "panicked")
		}
		want(t, failed(t, conn.Close()), ws.Network, 0, "panicked")
	})
}

func TestBubble(t *testing.T) {
	t.Run("F80 nothing outlives an opening that fails", func(t *testing.T) {
		for _, address := range []string{"ws://interlock.test", "wss://interlock.test"} {
			synctest.Test(t, func(t *testing.T) { // which fails when a goroutine is left
				d := ws.Dialer{Dial: piped(drain)}
				begin := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
				defer cancel()
				e := failing(t, ctx, d, address, nil)
				want(t, e, ws.Timeout, 0, "in time")
				if got := time.Since(begin); got != 7*time.Second || !errors.Is(e, os.ErrDeadlineExceeded) {
					t.Errorf("got the end after %v: %v, want a timeout after 7s", got, e)
				}
			})
		}
	})

	t.Run("F80 a context that ends after the opening means nothing", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := ws.Dialer{Dial: piped(func(server net.Conn) {
				accept(server)
				<-time.After(time.Hour)
				_, _ = server.Write(frame(0x81, []byte("late")))
				drain(server)
			})}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			conn, err := d.Open(ctx, "ws://interlock.test", nil)
			if err != nil {
				t.Fatal(err)
			}
			if f, err := conn.Read(); err != nil || string(f.Data) != "late" {
				t.Errorf("got %q, %v, want late", f.Data, err)
			}
			_ = conn.Close()
		})
	})
}

func TestRandomBytes(t *testing.T) {
	t.Run("F70 random bytes after the upgrade never panic", func(t *testing.T) {
		random := rand.New(rand.NewPCG(1, 2))
		for range 300 {
			data := make([]byte, random.IntN(300))
			for i := range data {
				data[i] = byte(random.Uint32())
			}
			if len(data) > 1 && random.IntN(2) == 0 { // a header that may be good
				data[0], data[1] = data[0]&0xcf, data[1]&0x7f
			}
			swallow(t, data)
		}
	})
}

func FuzzRead(f *testing.F) {
	f.Add(frame(0x81, []byte("text")))
	f.Add(frame(0xc2, []byte{0x4a, 0x4c, 0x04, 0x00}))
	f.Add(frame(0x88, []byte{3, 232}))
	f.Fuzz(func(t *testing.T, data []byte) { swallow(t, data) })
}

// swallow reads bytes that a server sends after the upgrade until they end.
func swallow(t *testing.T, data []byte) {
	t.Helper()
	client, server := net.Pipe()
	served := make(chan struct{})
	go func() {
		defer close(served)
		accept(server, agreed)
		go drain(server)
		_, _ = server.Write(data)
		_ = server.Close()
	}()
	d := ws.Dialer{Compress: true, ReadLimit: 200, Dial: func(context.Context, string, string) (net.Conn, error) { return client, nil }}
	conn, err := d.Open(t.Context(), "ws://interlock.test", nil)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		var message ws.Frame
		message, err = conn.Read()
		if len(message.Data) > 200 {
			t.Fatalf("got %d bytes, want at most 200", len(message.Data))
		}
	}
	if e := failed(t, err); strings.Contains(e.Error(), "panic") {
		t.Fatalf("% x: got %v", data, e)
	}
	_ = conn.Close()
	<-served
}
