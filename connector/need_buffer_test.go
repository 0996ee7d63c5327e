package connector_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

// offline is a world that is logged in, whose dials hang.
func offline(t *testing.T, engine change, server *wire, changes ...change) *world {
	t.Helper()
	w := peerWorld(t, engine, server.serve, append([]change{undying}, changes...)...)
	w.network.Hang(true)
	w.loginOnly()
	return w
}

// buffers sets the buffers of the three needs.
func buffers(ready connector.Buffer, authed, open *connector.Buffer) change {
	return socket(func(s *socketConfig) { s.Buffer, s.BufferAuthed, s.BufferOpen = ready, authed, open })
}

var allNeeds = []transitions.Need{transitions.NeedReady, transitions.NeedAuthed, transitions.NeedOpen}

func TestBufferOfEachNeed(t *testing.T) {
	forever := context.Background()
	bubbles(t, "R3 each need has its own buffer, and its own policy", func(t *testing.T, engine change) {
		server := &wire{}
		w := offline(t, engine, server, buffers(
			connector.Buffer{Count: 3}, &connector.Buffer{Count: 2, Policy: transitions.DropNewest}, &connector.Buffer{Count: 1, Policy: transitions.Refuse},
		))
		defer w.end()
		want := map[string]error{
			"ready 0": connector.ErrDropped, "ready 1": connector.ErrDropped, "authed 2": connector.ErrDropped, "authed 3": connector.ErrDropped,
			"authed 4": connector.ErrDropped, "open 1": connector.ErrBufferFull, "open 2": connector.ErrBufferFull, "open 3": connector.ErrBufferFull, "open 4": connector.ErrBufferFull,
		}
		start := time.Now()
		var all []submitted
		for i := range 5 {
			for _, need := range allNeeds {
				all = append(all, w.needing(need).submit(forever, fmt.Sprint(need, " ", i)))
			}
		}
		for _, s := range all {
			if err := want[s.text]; err == nil {
				s.pending(t)
			} else if got := s.want(t, err); got.at != start {
				t.Errorf("request %s: got told %v later, want at once", s.text, got.at.Sub(start))
			}
		}
		w.network.Hang(false)
		for _, s := range all {
			if want[s.text] == nil {
				s.want(t, nil)
			}
		}
		if len(server.lines()) != 2+6 {
			t.Errorf("got %v on the wire, want six requests", server.lines())
		}
	})

	for _, need := range allNeeds {
		for _, c := range []struct {
			name   string
			buffer connector.Buffer
			want   []error
		}{
			{"count, drop the oldest", connector.Buffer{Count: 2}, []error{connector.ErrDropped, nil, nil}},
			{"count, drop the newest", connector.Buffer{Count: 2, Policy: transitions.DropNewest}, []error{nil, nil, connector.ErrDropped}},
			{"count, refuse", connector.Buffer{Count: 2, Policy: transitions.Refuse}, []error{nil, nil, connector.ErrBufferFull}},
			{"bytes, drop the oldest", connector.Buffer{Bytes: 100}, []error{connector.ErrDropped, nil, nil}},
			{"bytes, drop the newest", connector.Buffer{Bytes: 100, Policy: transitions.DropNewest}, []error{nil, nil, connector.ErrDropped}},
			{"bytes, refuse", connector.Buffer{Bytes: 100, Policy: transitions.Refuse}, []error{nil, nil, connector.ErrBufferFull}},
			{"none", connector.Buffer{None: true}, []error{connector.ErrBufferFull, connector.ErrBufferFull, connector.ErrBufferFull}},
			{"none, whatever else is said", connector.Buffer{None: true, Count: 9, Bytes: 9000}, []error{connector.ErrBufferFull, connector.ErrBufferFull, connector.ErrBufferFull}},
		} {
			bubbles(t, "R3 what needs "+need.String()+": "+c.name, func(t *testing.T, engine change) {
				roomy := connector.Buffer{}
				edit := buffers(roomy, &roomy, &roomy)
				switch need {
				case transitions.NeedReady:
					edit = buffers(c.buffer, &roomy, &roomy)
				case transitions.NeedAuthed:
					edit = buffers(roomy, &c.buffer, &roomy)
				case transitions.NeedOpen:
					edit = buffers(roomy, &roomy, &c.buffer)
				}
				server := &wire{}
				w := offline(t, engine, server, edit)
				defer w.end()
				start := time.Now()
				var all, others []submitted
				for i := range c.want {
					for _, other := range allNeeds {
						s := w.needing(other).submit(forever, fmt.Sprint("request ", other, i)) // of 40 to 45 bytes
						if other == need {
							all = append(all, s)
						} else {
							others = append(others, s)
						}
					}
				}
				for i, want := range c.want {
					if want == nil {
						all[i].pending(t)
					} else if got := all[i].want(t, want); got.at != start {
						t.Errorf("request %d: got told %v later, want at once", i, got.at.Sub(start))
					}
				}
				w.network.Hang(false)
				for i, want := range c.want {
					if want == nil {
						all[i].want(t, nil)
					}
				}
				for _, s := range others {
					s.want(t, nil)
				}
				w.until("session", "subscribed")
				w.needing(need).submit(forever, "met").want(t, nil)
			})
		}
	}

	bubbles(t, "R3 the buffers of authed and open are like that of ready unless declared", func(t *testing.T, engine change) {
		w := offline(t, engine, &wire{}, buffers(connector.Buffer{Count: 1}, nil, nil))
		defer w.end()
		for _, need := range allNeeds {
			first := w.needing(need).submit(forever, "first")
			w.needing(need).submit(forever, "second").pending(t)
			first.want(t, connector.ErrDropped)
		}
	})
	bubbles(t, "R3 what has left the buffer makes room", func(t *testing.T, engine change) {
		w := offline(t, engine, &wire{}, buffers(connector.Buffer{Count: 2, Policy: transitions.Refuse}, nil, nil))
		defer w.end()
		ctx, cancel := context.WithCancel(forever)
		gone := w.submit(ctx, "gone")
		stays := w.submit(forever, "stays")
		w.submit(forever, "too many").want(t, connector.ErrBufferFull)
		cancel()
		gone.want(t, context.Canceled)
		w.submit(forever, "fits").pending(t)
		time.Sleep(20 * time.Second)
		stays.pending(t)
		time.Sleep(10 * time.Second)
		stays.want(t, connector.ErrTimedOut)
		w.submit(forever, "fits too").pending(t)
	})
	bubbles(t, "R3 a buffer is emptied at logout, and empty at the next login", func(t *testing.T, engine change) {
		server := &wire{}
		w := offline(t, engine, server, buffers(connector.Buffer{Count: 2, Policy: transitions.Refuse}, nil, nil))
		defer w.end()
		for range 2 {
			first, second := w.submit(forever, "a"), w.submit(forever, "b")
			w.submit(forever, "c").want(t, connector.ErrBufferFull)
			w.logout()
			first.want(t, connector.ErrSocketClosed)
			second.want(t, connector.ErrSocketClosed)
			w.submit(forever, "nobody").want(t, connector.ErrSocketClosed)
			w.loginOnly()
		}
		w.network.Hang(false)
		w.until("session", "subscribed")
		if got := fmt.Sprint(server.lines()); strings.Contains(got, "a ") || strings.Contains(got, " b") {
			t.Errorf("got %v, want nothing of the logins before", got)
		}
	})

	t.Run("R3 X4 faults of the buffers name them", func(t *testing.T) {
		for want, edit := range map[string]change{
			"BufferAuthed: Count":  buffers(connector.Buffer{}, &connector.Buffer{Count: -1}, nil),
			"BufferOpen: Policy":   buffers(connector.Buffer{}, nil, &connector.Buffer{Policy: 77}),
			"Buffer: Count and By": buffers(connector.Buffer{Bytes: -1}, nil, nil),
		} {
			bad := goodConfig()
			edit(&bad)
			if _, err := connector.New(bad); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want it to say %q", err, want)
			}
		}
	})
}

// TestManyOffline submits far more than a buffer holds. It is in real time, since
// a bubble keeps the timers that were stopped.
func TestManyOffline(t *testing.T) {
	const size = 64
	for _, c := range []struct {
		policy transitions.Policy
		name   string
		want   error
		n      int
	}{
		{transitions.DropOldest, "drop the oldest", connector.ErrDropped, 100_000},
		{transitions.DropNewest, "drop the newest", connector.ErrDropped, 20_000},
		{transitions.Refuse, "refuse", connector.ErrBufferFull, 20_000},
	} {
		if raced() {
			c.n /= 10
		}
		t.Run(fmt.Sprintf("F30 %d requests offline: %s", c.n, c.name), func(t *testing.T) {
			online := make(chan struct{})
			w := newWorldOnTCP(t, connectortest.Config{}, buffers(connector.Buffer{Count: size, Policy: c.policy}, nil, nil), func(c *config) {
				c.Common.RequestTimeout, c.Common.OpenTimeout, c.Common.AttemptTimeout = time.Hour, time.Hour, time.Hour
				c.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
					<-online
					return new(net.Dialer).DialContext(ctx, network, address)
				}
			})
			defer w.endOnTCP()
			w.loginOnly()
			before := heap()
			work, refused, answered := make(chan string), make(chan string, c.n), make(chan string, c.n)
			var all sync.WaitGroup
			for range size + 8 { // most of them wait
				all.Go(func() {
					for text := range work {
						res, err := w.menu.Request(context.Background(), request{Echo: &echo{text}})
						switch {
						case err == nil && res.Echo.Text == text:
							answered <- text
						case errors.Is(err, c.want):
							refused <- text
						default:
							t.Errorf("request %.8s: got %v, want %v", text, err, c.want)
						}
					}
				})
			}
			for i := range c.n {
				work <- fmt.Sprint(i, strings.Repeat(" ", 1000))
			}
			close(work)
			for range c.n - size {
				<-refused
			}
			if grown := heap() - before; grown > 4<<20 {
				t.Errorf("got %d bytes more in use, want about those of %d requests", grown, size)
			}
			close(online)
			all.Wait()
			if len(answered) != size || len(refused) != 0 {
				t.Errorf("got %d answered and %d more told no, want %d and none", len(answered), len(refused), size)
			}
		})
	}
}

// heap returns the bytes in use.
func heap() int64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// TestBufferOverTCP is in real time.
func TestBufferOverTCP(t *testing.T) {
	var proxy *connectortest.Proxy
	overTCP(t, "R3 R4 what waits while the server is away goes out in order", connectortest.Config{AccessLife: time.Hour}, func(w *world) {
		w.login()
		w.until("socket", "subscribed")
		proxy.Refuse(true)
		proxy.Drop()
		w.until("socket", "waiting")
		type outcome struct {
			i   int
			err error
		}
		outcomes := make(chan outcome, 5)
		for i := range 5 {
			go func() {
				_, err := w.echo(fmt.Sprint(i))
				outcomes <- outcome{i, err}
			}()
		}
		for range 2 {
			if got := <-outcomes; !errors.Is(got.err, connector.ErrDropped) {
				w.t.Errorf("request %d: got %v, want dropped", got.i, got.err)
			}
		}
		proxy.Refuse(false)
		w.session.Wake()
		for range 3 {
			if got := <-outcomes; got.err != nil {
				w.t.Errorf("request %d: got %v, want an answer", got.i, got.err)
			}
		}
		if err := proxy.Close(); err != nil {
			w.t.Error(err)
		}
	}, throughProxy(t, &proxy), socket(func(s *socketConfig) { s.Buffer.Count = 3 }))
}
