package connectortest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/connector/connectortest"
)

func write(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if n, err := c.Write([]byte(text)); n != len(text) || err != nil {
		t.Errorf("write: got %d, %v, want %d", n, err, len(text))
	}
}

// wantRead expects the next read to give exactly text.
func wantRead(t *testing.T, c net.Conn, text string) {
	t.Helper()
	p := make([]byte, 1<<10)
	if n, err := c.Read(p); string(p[:n]) != text || err != nil {
		t.Errorf("read: got %q, %v, want %q", p[:n], err, text)
	}
}

// wantNothing expects a read to hear nothing, not even an end, for d.
func wantNothing(t *testing.T, c net.Conn, d time.Duration) {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(d))
	p := make([]byte, 1<<10)
	if n, err := c.Read(p); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read: got %q, %v, want %v", p[:n], err, os.ErrDeadlineExceeded)
	}
	c.SetReadDeadline(time.Time{})
}

func closeWrite(c net.Conn) { c.(interface{ CloseWrite() error }).CloseWrite() }

func TestLatency(t *testing.T) {
	for _, test := range []struct {
		name string
		play func(t *testing.T, n *connectortest.Network, client, server net.Conn)
		want time.Duration // from the start to the end of play
	}{
		{"a write", func(t *testing.T, n *connectortest.Network, client, server net.Conn) {
			n.Latency(time.Second)
			write(t, client, "hi")
			wantRead(t, server, "hi")
		}, time.Second},
		{"both ways", func(t *testing.T, n *connectortest.Network, client, server net.Conn) {
			n.Latency(time.Second)
			write(t, client, "ping")
			wantRead(t, server, "ping")
			write(t, server, "pong")
			wantRead(t, client, "pong")
		}, 2 * time.Second},
		{"each write by itself", func(t *testing.T, n *connectortest.Network, client, server net.Conn) {
			n.Latency(time.Second)
			write(t, client, "a")
			time.Sleep(400 * time.Millisecond)
			write(t, client, "b")
			wantRead(t, server, "a")
			wantRead(t, server, "b")
		}, 1400 * time.Millisecond},
		{"in order, though the later one is faster", func(t *testing.T, n *connectortest.Network, client, server net.Conn) {
			n.Latency(time.Second)
			write(t, client, "slow ")
			n.Latency(0)
			write(t, client, "fast")
			wantRead(t, server, "slow fast")
		}, time.Second},
		{"not of what was written before", func(t *testing.T, n *connectortest.Network, client, server net.Conn) {
			write(t, client, "early")
			n.Latency(time.Second)
			wantRead(t, server, "early")
		}, 0},
		{"negative is none", func(t *testing.T, n *connectortest.Network, client, server net.Conn) {
			n.Latency(-time.Second)
			write(t, client, "hi")
			wantRead(t, server, "hi")
		}, 0},
		{"a half-close comes after the data", func(t *testing.T, n *connectortest.Network, client, server net.Conn) {
			n.Latency(time.Second)
			write(t, client, "last")
			closeWrite(client)
			got, err := io.ReadAll(server)
			if string(got) != "last" || err != nil {
				t.Errorf("got %q, %v, want last", got, err)
			}
			write(t, server, "still")
			wantRead(t, client, "still")
		}, 2 * time.Second},
		{"a close", func(t *testing.T, n *connectortest.Network, client, server net.Conn) {
			n.Latency(time.Second)
			client.Close()
			if _, err := server.Read(make([]byte, 1)); err != io.EOF {
				t.Errorf("read: got %v, want EOF", err)
			}
		}, time.Second},
		{"a reset loses what is on its way", func(t *testing.T, n *connectortest.Network, client, server net.Conn) {
			n.Latency(time.Second)
			write(t, client, "lost")
			n.Drop()
			_, err := server.Read(make([]byte, 1))
			wantErr(t, "read", err, syscall.ECONNRESET)
		}, 0},
		{"what is on its way takes room", func(t *testing.T, n *connectortest.Network, client, server net.Conn) {
			n.Latency(time.Minute)
			client.SetWriteDeadline(time.Now().Add(time.Second))
			got, err := client.Write(make([]byte, 100<<10))
			wantErr(t, "write", err, os.ErrDeadlineExceeded)
			if got != 64<<10 {
				t.Errorf("written: got %d, want %d", got, 64<<10)
			}
		}, time.Second},
		{"the writer may use its bytes again", func(t *testing.T, n *connectortest.Network, client, server net.Conn) {
			n.Latency(time.Second)
			p := []byte("old")
			client.Write(p)
			copy(p, "new")
			wantRead(t, server, "old")
		}, time.Second},
	} {
		t.Run("F78 "+test.name, func(t *testing.T) {
			linked(t, func(t *testing.T, n *connectortest.Network, client, server net.Conn) {
				started := time.Now()
				test.play(t, n, client, server)
				if got := time.Since(started); got != test.want {
					t.Errorf("took %v, want %v", got, test.want)
				}
			})
		})
	}
}

func TestSlice(t *testing.T) {
	t.Run("F78 slicing", func(t *testing.T) {
		linked(t, func(t *testing.T, n *connectortest.Network, client, server net.Conn) {
			n.Slice(2)
			write(t, client, "hello, world")
			for _, want := range []string{"he", "ll", "o,"} {
				wantRead(t, server, want)
			}
			n.Slice(0)
			wantRead(t, server, " world")
		})
	})
	t.Run("F78 a backend in slices, and late", func(t *testing.T) {
		inBubble(t, plain, func(t *testing.T, c *client, n *connectortest.Network) {
			n.Slice(1)
			n.Latency(time.Second)
			s := c.join()
			started := time.Now()
			s.send(echoMessage)
			s.want(echoMessage)
			if got := time.Since(started); got != 2*time.Second {
				t.Errorf("took %v, want 2s", got)
			}
		})
	})
}

func TestFreeze(t *testing.T) {
	for _, test := range []struct {
		name string
		play func(t *testing.T, n *connectortest.Network, client, server net.Conn)
	}{
		{"carries nothing", func(t *testing.T, _ *connectortest.Network, client, server net.Conn) {
			write(t, client, string(make([]byte, 1<<20))) // many times the buffer
			write(t, server, "lost")
			wantNothing(t, server, time.Hour)
			wantNothing(t, client, time.Hour)
		}},
		{"hides a half-close", func(t *testing.T, _ *connectortest.Network, client, server net.Conn) {
			closeWrite(server)
			_, err := server.Write([]byte("x"))
			wantErr(t, "own write", err, syscall.EPIPE)
			wantNothing(t, client, time.Hour)
		}},
		{"hides that the server closed", func(t *testing.T, n *connectortest.Network, client, server net.Conn) {
			server.Close()
			_, err := server.Read(make([]byte, 1))
			wantErr(t, "own read", err, net.ErrClosed)
			wantNothing(t, client, time.Hour)
			write(t, client, "lost")
			if got := n.OpenConns(); got != 1 {
				t.Errorf("connections: got %d, want 1", got)
			}
		}},
		{"ends with its client, the server is reset", func(t *testing.T, n *connectortest.Network, client, server net.Conn) {
			client.Close()
			_, err := client.Read(make([]byte, 1))
			wantErr(t, "own read", err, net.ErrClosed)
			_, err = server.Read(make([]byte, 1))
			wantErr(t, "server's read", err, syscall.ECONNRESET)
			_, err = server.Write([]byte("x"))
			wantErr(t, "server's write", err, syscall.ECONNRESET)
			if got := n.OpenConns(); got != 0 {
				t.Errorf("connections: got %d, want 0", got)
			}
		}},
		{"write deadlines", func(t *testing.T, _ *connectortest.Network, client, _ net.Conn) {
			client.SetWriteDeadline(time.Now().Add(-time.Second))
			_, err := client.Write([]byte("x"))
			wantErr(t, "write", err, os.ErrDeadlineExceeded)
		}},
		{"a reset reaches it", func(t *testing.T, n *connectortest.Network, client, server net.Conn) {
			n.Drop()
			for _, end := range []net.Conn{client, server} {
				_, err := end.Read(make([]byte, 1))
				wantErr(t, "read", err, syscall.ECONNRESET)
			}
		}},
		{"later connections work", func(t *testing.T, n *connectortest.Network, client, _ net.Conn) {
			again, err := n.DialContext(t.Context(), "tcp", named)
			wantErr(t, "dial", err, nil)
			n.Freeze() // what nobody accepted yet is open too
			again.Close()
			client.Close()
			if got := n.OpenConns(); got != 0 {
				t.Errorf("connections: got %d, want 0", got)
			}
		}},
	} {
		t.Run("F47 "+test.name, func(t *testing.T) {
			linked(t, func(t *testing.T, n *connectortest.Network, client, server net.Conn) {
				n.Freeze()
				test.play(t, n, client, server)
			})
		})
	}
}

func TestFreezeUnderWay(t *testing.T) {
	t.Run("F47 what is on its way is lost", func(t *testing.T) {
		linked(t, func(t *testing.T, n *connectortest.Network, client, server net.Conn) {
			write(t, client, "not read yet")
			n.Latency(time.Second)
			write(t, client, "under way")
			n.Freeze()
			wantNothing(t, server, time.Hour)
		})
	})
	t.Run("F47 a write that waits for room goes on", func(t *testing.T) {
		linked(t, func(t *testing.T, n *connectortest.Network, client, server net.Conn) {
			written := make(chan error)
			go func() {
				_, err := client.Write(make([]byte, 1<<20))
				written <- err
			}()
			synctest.Wait()
			n.Freeze()
			wantErr(t, "write", <-written, nil)
			wantNothing(t, server, time.Hour)
		})
	})
	t.Run("F47 a client that closed before, unheard", func(t *testing.T) {
		linked(t, func(t *testing.T, n *connectortest.Network, client, server net.Conn) {
			n.Latency(time.Second)
			client.Close()
			n.Freeze()
			_, err := server.Read(make([]byte, 1))
			wantErr(t, "server's read", err, syscall.ECONNRESET)
			if got := n.OpenConns(); got != 0 {
				t.Errorf("connections: got %d, want 0", got)
			}
		})
	})
	t.Run("F47 a backend behind a half-open link", func(t *testing.T) {
		inBubble(t, plain, func(t *testing.T, c *client, n *connectortest.Network) {
			s := c.join()
			n.Freeze()
			before := c.b.Counts()
			s.send(echoMessage)
			if err := c.b.Push("unheard"); err != nil {
				t.Fatal(err)
			}
			s.wantSilence()
			if got := c.b.Counts(); got != before {
				t.Errorf("counts: got %+v, want %+v", got, before)
			}
			s.ws.Close()
			synctest.Wait()
			if got := c.b.Counts().OpenSockets; got != 0 {
				t.Errorf("open sockets: got %d, want 0", got)
			}
		})
	})
}

func TestHang(t *testing.T) {
	hung := func(t *testing.T, f func(t *testing.T, n *connectortest.Network)) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			n, _ := listening(t)
			n.Hang(true)
			f(t, n)
		})
	}
	t.Run("F47 a dial waits until its context ends", func(t *testing.T) {
		hung(t, func(t *testing.T, n *connectortest.Network) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			started := time.Now()
			_, err := n.DialContext(ctx, "tcp", named)
			wantErr(t, "dial", err, context.DeadlineExceeded)
			if got := time.Since(started); got != time.Hour {
				t.Errorf("took %v, want 1h", got)
			}
			if got := n.OpenConns(); got != 0 {
				t.Errorf("connections: got %d, want 0", got)
			}
		})
	})
	t.Run("F47 a dial goes on when it may", func(t *testing.T) {
		hung(t, func(t *testing.T, n *connectortest.Network) {
			dialed := make(chan error)
			go func() {
				_, err := n.DialContext(t.Context(), "tcp", named)
				dialed <- err
			}()
			synctest.Wait()
			select {
			case err := <-dialed:
				t.Fatalf("dial while hanging: got %v, want none to return", err)
			default:
			}
			n.Hang(true) // changes nothing
			n.Hang(false)
			n.Hang(false)
			wantErr(t, "dial", <-dialed, nil)
			n.Hang(true)
			n.Refuse(true)
			n.Hang(false)
			_, err := n.DialContext(t.Context(), "tcp", named)
			wantErr(t, "dial", err, syscall.ECONNREFUSED)
		})
	})
	t.Run("F47 open connections stay", func(t *testing.T) {
		linked(t, func(t *testing.T, n *connectortest.Network, client, server net.Conn) {
			n.Hang(true)
			write(t, client, "hi")
			wantRead(t, server, "hi")
		})
	})
}
