package centrifugal_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/backends/centrifugal"
	"github.com/custom-app/interlock/connector/backends/scenario"
	"github.com/custom-app/interlock/connector/codec"
	"github.com/custom-app/interlock/transitions"
)

// counting is a codec that knows the most values that one frame has held.
type counting struct {
	codec.JSON[frame, frame]
	most *atomic.Int64
}

func (c counting) Decode(f codec.Frame, each func(frame)) error {
	values := int64(0)
	err := c.JSON.Decode(f, func(value frame) {
		values++
		each(value)
	})
	if values > c.most.Load() { // of one connection, whose reader alone comes here
		c.most.Store(values)
	}
	return err
}

func TestSeveralValuesInOneFrame(t *testing.T) {
	var most atomic.Int64
	w := newWorld(t, centrifugal.Config{Batch: 50 * time.Millisecond}, func(_ *clientConfig, node *nodeConfig) {
		node.Codec = counting{most: &most}
	})
	w.ready()
	var asked []*connector.Pending[frame]
	for _, said := range []string{"a", "b", "c", "d"} {
		one, err := w.node.Submit(frame{RPC: &call{Method: "echo", Data: &text{said}}})
		w.must("submit", err)
		asked = append(asked, one)
	}
	got := ""
	for _, one := range asked {
		answer, err := one.Wait(w.ctx)
		w.must("wait", err)
		got += answer.RPC.Data.Text
	}
	if got != "abcd" {
		t.Errorf("F46 got the answers %s, want abcd", got)
	}
	if got := most.Load(); got < 2 {
		t.Errorf("F46 got at most %d values in a frame, want several", got)
	}
}

func TestAnswersOutOfOrder(t *testing.T) {
	w := newWorld(t, centrifugal.Config{}, nil)
	w.ready()
	held, err := w.node.Submit(frame{RPC: &call{Method: "hold", Data: &text{"first"}}})
	w.must("submit", err)
	released, err := w.node.Request(w.ctx, frame{RPC: &call{Method: "release", Data: &text{"second"}}})
	w.must("request", err)
	answer, err := held.Wait(w.ctx)
	w.must("wait", err)
	if answer.RPC.Data.Text != "first" || released.RPC.Data.Text != "second" {
		t.Errorf("R1 got %+v and %+v, want first and second", answer.RPC.Data, released.RPC.Data)
	}
	var order []string
	for inbound := range w.all.All(w.ctx) {
		if inbound.Message.RPC == nil {
			continue
		}
		if order = append(order, inbound.Message.RPC.Data.Text); len(order) == 2 {
			break
		}
	}
	if got := strings.Join(order, " "); got != "second first" {
		t.Errorf("R1 got %s, want the second answered first", got)
	}
}

func TestPushBeforeItsAnswer(t *testing.T) {
	w := newWorld(t, centrifugal.Config{}, nil)
	w.ready()
	_, err := w.node.Request(w.ctx, frame{Publish: &news{Channel: centrifugal.Channel, Data: &text{"tea"}}})
	w.must("publish", err)
	var order []string
	for inbound := range w.all.All(w.ctx) {
		if inbound.Message.Push != nil {
			order = append(order, "push")
		}
		if inbound.Message.Publish != nil {
			order = append(order, "answer")
			break
		}
	}
	if got := strings.Join(order, " "); got != "push answer" {
		t.Errorf("R1 got %s, want the push before the answer", got)
	}
	if got := w.pushed(); got != "tea" {
		t.Errorf("R5 got the push %q, want tea", got)
	}
}

func TestServerPings(t *testing.T) {
	t.Run("K10 answered, the connection stays", func(t *testing.T) {
		w := newWorld(t, centrifugal.Config{Ping: 1500 * time.Millisecond, Pong: 1400 * time.Millisecond}, nil)
		w.ready()
		pings := make(map[uint32]int) // by connection
		for inbound := next(w, "ping", w.all); ; inbound = next(w, "ping", w.all) {
			if inbound.Message != (frame{}) {
				continue
			}
			if pings[inbound.Generation]++; pings[inbound.Generation] == 3 { // the first is answered
				break
			}
		}
	})
	t.Run("K10 not answered, 3012 and another connection", func(t *testing.T) {
		w := newWorld(t, centrifugal.Config{Ping: 200 * time.Millisecond, Pong: 50 * time.Millisecond}, func(_ *clientConfig, node *nodeConfig) {
			node.Heartbeat = connector.Heartbeat[frame, frame]{}
		})
		w.ready()
		if got := next(w, "fault", w.faults).Error(); !strings.Contains(got, "3012") {
			t.Errorf("got %s, want close code 3012", got)
		}
		w.readyNext()
		w.said("connect", 2)
	})
}

func TestRefreshOnTheConnection(t *testing.T) {
	w := newWorld(t, centrifugal.Config{Life: 3 * time.Second}, func(c *clientConfig, _ *nodeConfig) {
		c.RefreshFloor = 500 * time.Millisecond
	})
	w.ready()
	w.said("refresh", 4) // each after 1.5 s: the node would have closed after 5 s
	w.must("push", w.server.Push(w.ctx, "still here"))
	if got := w.pushed(); got != "still here" {
		t.Errorf("got the push %q, want still here", got)
	}
	w.wantSaid("connect", 1)
	w.wantSaid("subscribe", 1) // K11: kept
	if got := w.server.Counts(); got.Opened != 1 || got.Logins != 1 {
		t.Errorf("K11 got %+v, want one login and one socket", got)
	}
}

// TestEndOfTheConnectionsLife is what becomes of a client that does not offer a newer
// token: the node closes with 3005.
func TestEndOfTheConnectionsLife(t *testing.T) {
	w := newWorld(t, centrifugal.Config{Life: 2 * time.Second, Grace: time.Millisecond}, func(c *clientConfig, node *nodeConfig) {
		c.RefreshFloor = 500 * time.Millisecond
		node.Renew = nil
	})
	w.ready()
	if got := next(w, "fault", w.faults).Error(); !strings.Contains(got, "3005") {
		t.Errorf("got %s, want close code 3005", got)
	}
	w.readyNext()
	w.wantSaid("refresh", 0)
	if got := w.server.Counts(); got.Logins != 1 {
		t.Errorf("K9 got %+v, want one login", got)
	}
}

func TestTokensAtConnect(t *testing.T) {
	t.Run("K9 expired, 109, is refreshed", func(t *testing.T) {
		w := newWorld(t, centrifugal.Config{}, nil)
		expired, err := w.server.Accounts.Token(w.server.Account().Name, -time.Minute)
		w.must("token", err)
		grant := w.granted()
		grant.Pair.Access = authhttp.Secret(expired) // whose life is another than the answer says
		w.must("adopt", w.session.Adopt(w.ctx, grant))
		if got := next(w, "fault", w.faults).Error(); !strings.Contains(got, "109 token expired") {
			t.Errorf("got %s, want 109", got)
		}
		w.wantSaid("connect", 2)
		if got := w.server.Counts(); got.Refreshes != 1 {
			t.Errorf("got %+v, want one refresh", got)
		}
	})
	t.Run("K9 invalid, 3500, is final", func(t *testing.T) {
		w := newWorld(t, centrifugal.Config{}, nil)
		grant := w.granted()
		grant.Pair.Access = "not.a.token"
		if err := w.session.Adopt(w.ctx, grant); !errors.Is(err, connector.ErrSocketFailed) {
			t.Errorf("got %v, want %v", err, connector.ErrSocketFailed)
		}
		if got := w.node.Status(); got.CloseCode != 3500 {
			t.Errorf("got %+v, want close code 3500", got)
		}
		w.wantSaid("connect", 1)
		if got := w.server.Counts(); got.Refreshes != 0 || got.Opened != 1 {
			t.Errorf("got %+v, want no refresh and no other socket", got)
		}
	})
}

func TestChannelsThatAreRefused(t *testing.T) {
	w := newWorld(t, centrifugal.Config{}, nil)
	w.ready()
	_, err := connector.Subscribe(w.ctx, w.node, connector.Subscription[user, frame, frame]{
		Join: connector.Step[user, frame, frame]{Build: func(context.Context, connector.Known[user, frame]) (frame, error) {
			return frame{Subscribe: &place{Channel: "secret"}}, nil
		}},
	})
	if err == nil || !strings.Contains(err.Error(), "103 permission denied") {
		t.Errorf("K4 got %v, want 103 permission denied", err)
	}
	if _, err := w.node.Request(w.ctx, frame{RPC: &call{Method: "echo", Data: &text{"hi"}}}); err != nil {
		t.Errorf("K4 got %v, want the socket as it was", err)
	}
	w.must("await", w.server.Await(w.ctx, "one socket", func(n scenario.Counts) bool { return n.Open == 1 && n.Opened == 1 }))
}

// closes are codes that a node closes with, and what comes of them, whatever the code
// means elsewhere.
var closes = []struct {
	code uint32
	want transitions.SocketEvent
}{
	{3004, transitions.SocketDropped}, {3014, transitions.SocketExpired}, {3500, transitions.SocketRejected},
	{4403, transitions.SocketDropped}, {4409, transitions.SocketDropped}, {4500, transitions.SocketRejected},
}

// wantHeeded checks the first change of a socket that the node has closed, and that it is
// ready again, unless it is rejected.
func wantHeeded(t *testing.T, ctx context.Context, changes *connector.Stream[connector.Change], want transitions.SocketEvent) {
	t.Helper()
	first, wanted := "", transitions.Socket.EventName(want)
	for change := range changes.All(ctx) {
		if change.Machine != transitions.SocketKind {
			continue
		}
		if first == "" {
			first = change.Event
		}
		if change.To == transitions.SocketSubscribed.String() || change.To == transitions.SocketFailed.String() {
			if failed := change.To == transitions.SocketFailed.String(); first != wanted || failed != (want == transitions.SocketRejected) {
				t.Errorf("got %s, and then %s, want %s", first, change.To, wanted)
			}
			return
		}
	}
	t.Errorf("got %q and no end, want %s", first, wanted)
}

func TestCloses(t *testing.T) {
	for _, c := range closes {
		t.Run(fmt.Sprintf("K9 %d", c.code), func(t *testing.T) {
			w := newWorld(t, centrifugal.Config{}, nil)
			w.ready()
			changes := w.session.Changes(0)
			w.must("disconnect", w.server.Disconnect(w.server.Account().Name, c.code))
			wantHeeded(t, w.ctx, changes, c.want)
		})
	}
}

// TestExpiredAtRefresh is what becomes of a token that has ended on its way to the node.
func TestExpiredAtRefresh(t *testing.T) {
	expired := ""
	w := newWorld(t, centrifugal.Config{Life: 3 * time.Second}, func(c *clientConfig, node *nodeConfig) {
		c.RefreshFloor = 500 * time.Millisecond
		node.Renew.Build = func(context.Context, connector.Known[user, frame]) (frame, error) {
			return frame{Refresh: &token{expired}}, nil
		}
	})
	var err error
	expired, err = w.server.Accounts.Token(w.server.Account().Name, -time.Minute)
	w.must("token", err)
	w.ready()
	if got := next(w, "fault", w.faults).Error(); !strings.Contains(got, "3005") {
		t.Errorf("K11 got %s, want close code 3005", got)
	}
	w.readyNext()
}
