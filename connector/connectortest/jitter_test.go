package connectortest_test

import (
	"io"
	"net"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/connector/connectortest"
)

// dialed returns both ends of so many connections.
func dialed(t *testing.T, n *connectortest.Network, l net.Listener, count int) (clients, servers []net.Conn) {
	t.Helper()
	for range count {
		client, err := n.DialContext(t.Context(), "tcp", named)
		if err != nil {
			t.Fatal(err)
		}
		server, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		clients, servers = append(clients, client), append(servers, server)
	}
	return clients, servers
}

// arrivals writes every second on each of five connections, ten times, and returns
// after how long the writes arrived on each. Those of the first are left out on request.
func arrivals(t *testing.T, seed uint64, first bool) [5][]time.Duration {
	var all [5][]time.Duration
	synctest.Test(t, func(t *testing.T) {
		n, l := listening(t)
		n.Latency(time.Millisecond)
		n.Jitter(seed, 20*time.Millisecond)
		clients, servers := dialed(t, n, l, 5)
		start := time.Now()
		var reading sync.WaitGroup
		for i, server := range servers {
			reading.Go(func() {
				for p := make([]byte, 10); ; {
					if _, err := server.Read(p); err != nil {
						return
					}
					all[i] = append(all[i], time.Since(start))
				}
			})
		}
		for range 10 {
			for i, client := range clients {
				if i > 0 || first {
					write(t, client, "x")
				}
			}
			time.Sleep(time.Second)
		}
		for _, c := range slices.Concat(clients, servers) {
			c.Close()
		}
		reading.Wait()
	})
	return all
}

func TestJitter(t *testing.T) {
	got, again := arrivals(t, 1, true), arrivals(t, 1, true)
	seen := make(map[time.Duration]bool)
	for i, times := range got {
		if !slices.Equal(times, again[i]) || len(times) != 10 {
			t.Errorf("connection %d: got arrivals %v, then %v under the same seed, want ten, and the same", i, times, again[i])
		}
		for k, at := range times {
			if late := at - time.Duration(k)*time.Second; late < time.Millisecond || late > 22*time.Millisecond {
				t.Errorf("connection %d: write %d arrived %v late, want 1ms to 21ms", i, k, late)
			}
			if seen[at] {
				t.Errorf("connection %d: write %d arrived at the same instant as another", i, k)
			}
			seen[at] = true
		}
	}
	if other := arrivals(t, 2, true); slices.Equal(got[0], other[0]) {
		t.Errorf("got arrivals %v under another seed too", other[0])
	}
	if quiet := arrivals(t, 1, false); !slices.Equal(got[4], quiet[4]) {
		t.Errorf("got arrivals %v while another connection was quiet, want them as before, %v", quiet[4], got[4])
	}
	t.Run("ends", func(t *testing.T) {
		linked(t, func(t *testing.T, n *connectortest.Network, client, server net.Conn) {
			n.Jitter(1, time.Hour)
			n.Jitter(1, 0)
			start := time.Now()
			write(t, client, "x")
			wantRead(t, server, "x")
			if took := time.Since(start); took != 0 {
				t.Errorf("got it %v later, want at once", took)
			}
		})
	})
}

func TestLinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, l := listening(t)
		clients, servers := dialed(t, n, l, 4)
		links := n.Links()
		if len(links) != 4 || links[0].Server() != named {
			t.Fatalf("got %d links, to %s, want 4 to %s", len(links), links[0].Server(), named)
		}
		links[0].Reset()
		links[1].Freeze()
		for i, want := range map[int]error{0: syscall.ECONNRESET, 2: nil, 3: nil} {
			_, err := clients[i].Write([]byte("hi"))
			wantErr(t, "write", err, want)
		}
		write(t, clients[1], "lost")
		wantNothing(t, servers[1], time.Hour)
		wantRead(t, servers[2], "hi")
		if got := len(n.Links()); got != 3 || n.OpenConns() != 3 {
			t.Errorf("after a reset: got %d links, want 3", got)
		}
		for _, c := range slices.Concat(clients, servers) {
			c.Close()
		}
		for _, link := range links {
			link.Reset()
			link.Freeze()
			link.Stall(false)
		}
		if got := n.OpenConns(); got != 0 {
			t.Errorf("got %d connections at the end, want 0", got)
		}
	})
}

func TestStall(t *testing.T) {
	linked(t, func(t *testing.T, n *connectortest.Network, client, server net.Conn) {
		link := n.Links()[0]
		n.Latency(time.Second)
		write(t, client, "under way, ")
		link.Stall(true)
		write(t, client, "stalled")
		write(t, server, "back")
		client.SetWriteDeadline(time.Now().Add(time.Minute))
		if k, err := client.Write(make([]byte, 1<<20)); err == nil || k >= 1<<20 {
			t.Errorf("got %d bytes written, %v, want the buffer to be full", k, err)
		}
		wantNothing(t, client, time.Hour)
		wantNothing(t, server, time.Hour)
		closeWrite(server)
		link.Stall(false)
		wantRead(t, client, "back")
		if _, err := client.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("got %v, want the end of file, which was under way too", err)
		}
		got := make([]byte, len("under way, stalled"))
		if _, err := io.ReadFull(server, got); err != nil || string(got) != "under way, stalled" {
			t.Errorf("got %q, %v, want what was written, in order", got, err)
		}
		client.Close()
		server.Close()
	})
}
