package ws_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/custom-app/interlock/connector/internal/ws"
)

// past is a deadline that has passed.
var past = time.Unix(1, 0)

// keep is a Dial that gives the connection to the test, too.
func keep(below chan<- net.Conn) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		below <- conn
		return conn, err
	}
}

func TestWrite(t *testing.T) {
	t.Run("K12 what is written arrives", func(t *testing.T) {
		conn, received := speak(t, ws.Dialer{}, nil)
		for i, err := range []error{
			conn.Write(ws.Frame{Data: []byte("text")}, time.Time{}),
			conn.Write(ws.Frame{Binary: true, Data: []byte("\xff")}, time.Now().Add(time.Minute)),
			conn.Write(ws.Frame{}, time.Time{}),
			conn.Ping([]byte("ping"), time.Time{}),
			conn.Pong([]byte(strings.Repeat("p", 125)), time.Time{}),
			conn.WriteClose(4001, "why", time.Time{}),
		} {
			if err != nil {
				t.Errorf("write %d: got %v, want nil", i, err)
			}
		}
		for _, want := range []string{"1 text", "2 \xff", "1 ", "9 ping", "10 " + strings.Repeat("p", 125), "8 \x0f\xa1why"} {
			s := <-received
			if got := fmt.Sprintf("%d %s", s.opcode, s.payload); got != want {
				t.Errorf("the server got %q, want %q", got, want)
			}
		}
		want(t, failed(t, conn.Write(ws.Frame{}, time.Time{})), ws.Closed, 0, "close frame was written")
	})

	t.Run("K12 a close frame without a code", func(t *testing.T) {
		conn, received := speak(t, ws.Dialer{}, nil)
		if err := conn.WriteClose(1005, "", time.Time{}); err != nil {
			t.Error(err)
		}
		if s := <-received; s.opcode != 8 || len(s.payload) != 0 {
			t.Errorf("the server got %v, want an empty close frame", s)
		}
	})

	t.Run("F70 what may not be written is not, and writing goes on", func(t *testing.T) {
		conn, received := speak(t, ws.Dialer{}, nil)
		long := []byte(strings.Repeat("x", 126))
		want(t, failed(t, conn.Write(ws.Frame{Data: []byte("\xff")}, time.Time{})), ws.Protocol, 1007, "not UTF-8")
		want(t, failed(t, conn.Ping(long, time.Time{})), ws.Protocol, 1002, "125")
		want(t, failed(t, conn.Pong(long, time.Time{})), ws.Protocol, 1002, "125")
		for _, code := range []int{-1, 0, 999, 1004, 1006, 1015, 1016, 2999, 5000} {
			want(t, failed(t, conn.WriteClose(code, "", time.Time{})), ws.Protocol, 1002, "close code")
		}
		want(t, failed(t, conn.WriteClose(1000, "\xff", time.Time{})), ws.Protocol, 1002, "reason")
		want(t, failed(t, conn.WriteClose(1000, string(long), time.Time{})), ws.Protocol, 1002, "reason")
		want(t, failed(t, conn.Write(ws.Frame{}, past)), ws.Timeout, 0, "too long")
		if err := conn.Ping(nil, time.Time{}); err != nil {
			t.Errorf("got %v, want a ping written", err)
		}
		if s := <-received; s.opcode != 9 {
			t.Errorf("the server got %v, want the ping first", s)
		}
	})

	t.Run("F70 many goroutines may write", func(t *testing.T) {
		conn, received := speak(t, ws.Dialer{}, nil)
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				for range 20 {
					if err := conn.Write(ws.Frame{Data: []byte("whole")}, time.Time{}); err != nil {
						t.Error(err)
					}
					if err := conn.Ping(nil, time.Now().Add(time.Minute)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Go(func() {
			for range 200 {
				if s := <-received; s.opcode != 9 && string(s.payload) != "whole" {
					t.Errorf("the server got %v, want whole messages", s)
				}
			}
		})
		all.Wait()
	})
}

func TestWriteDeadline(t *testing.T) {
	noise := make([]byte, 32<<20) // more than the buffers of the kernel
	_, _ = rand.Read(noise)
	message := ws.Frame{Binary: true, Data: noise}
	for _, test := range []struct {
		name  string
		lines []string
		size  int
	}{
		{"K12 a peer that does not read", nil, len(noise)},
		{"K12 a peer that does not read what is compressed", []string{agreed}, len(noise)},
		{"K12 a peer that does not read small messages", nil, 1 << 15},
		{"K12 a peer that does not read small compressed messages", []string{agreed}, 1 << 15},
	} {
		t.Run(test.name, func(t *testing.T) {
			done := make(chan struct{})
			address := serve(t, func(conn net.Conn) { accept(conn, test.lines...); <-done })
			t.Cleanup(func() { close(done) })
			conn := open(t, ws.Dialer{Compress: true}, address)
			fill := func() (err error) {
				for err == nil { // until the buffers of the kernel are full
					err = conn.Write(ws.Frame{Binary: true, Data: noise[:test.size]}, time.Now().Add(50*time.Millisecond))
				}
				return err
			}
			other := make(chan error, 1)
			go func() { other <- fill() }()
			for _, err := range []error{fill(), <-other, conn.Ping(nil, time.Time{})} {
				want(t, failed(t, err), ws.Timeout, 0, "too long")
				if !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("got %v, want os.ErrDeadlineExceeded", err)
				}
			}
		})
	}

	t.Run("K12 a writer waits for another until its deadline only, and Close ends both", func(t *testing.T) {
		done := make(chan struct{})
		address := serve(t, func(conn net.Conn) { accept(conn); _, _ = receive(conn); <-done })
		t.Cleanup(func() { close(done) })
		conn := open(t, ws.Dialer{}, address)
		if err := conn.Ping(nil, time.Time{}); err != nil {
			t.Fatal(err)
		}
		writing := make(chan error, 1)
		go func() { writing <- conn.Write(message, time.Time{}) }()
		for { // until the other has begun
			err := conn.Ping(nil, time.Now().Add(20*time.Millisecond))
			if err != nil {
				want(t, failed(t, err), ws.Timeout, 0, "too long")
				break
			}
		}
		_ = conn.Close()
		want(t, failed(t, <-writing), ws.Network, 0, "cut on this side")
	})
}
