package connector_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

// submitted is a request under way and its outcome.
type submitted struct {
	text string
	done chan settled
}

type settled struct {
	text string
	err  error
	at   time.Time
}

// submit begins an echo; it has been submitted when submit returns.
func (w *world) submit(ctx context.Context, text string) submitted {
	s := submitted{text, make(chan settled, 1)}
	go func() {
		res, err := w.menu.Request(ctx, request{Echo: &echo{text}})
		got := settled{err: err, at: time.Now()}
		if res.Echo != nil {
			got.text = res.Echo.Text
		}
		s.done <- got
	}()
	synctest.Wait()
	return s
}

// want waits for the outcome.
func (s submitted) want(t *testing.T, want error) settled {
	t.Helper()
	var got settled
	select {
	case got = <-s.done:
	case <-time.After(time.Hour):
		t.Fatalf("request %s: got nothing in an hour, want %v", s.text, want)
	}
	if !errors.Is(got.err, want) || want == nil && got.text != s.text {
		t.Errorf("request %s: got %q, %v, want %v", s.text, got.text, got.err, want)
	}
	return got
}

// pending checks that there is no outcome yet.
func (s submitted) pending(t *testing.T) {
	t.Helper()
	synctest.Wait()
	if len(s.done) != 0 {
		t.Errorf("request %s: got settled with %v, want pending", s.text, (<-s.done).err)
	}
}

func TestSettlements(t *testing.T) {
	forever := context.Background()
	for _, c := range []struct {
		name string
		test func(w *world)
	}{
		{"R2 answered", func(w *world) { w.submit(forever, "hi").want(w.t, nil) }},
		{"R2 an error answer", func(w *world) {
			_, err := w.menu.Request(forever, request{Delete: &category{ID: 99}})
			var answer *connector.AnswerError
			var said *serverError
			if !errors.As(err, &answer) || answer.Socket != "menu" || !errors.As(err, &said) || said.Code != "not_found" {
				w.t.Errorf("got %v, want what the peer said", err)
			}
		}},
		{"F31 never answered: timed out", func(w *world) {
			w.script(connectortest.HoldRequests(1))
			start := time.Now()
			if got := w.submit(forever, "hi").want(w.t, connector.ErrTimedOut).at.Sub(start); got != 30*time.Second {
				w.t.Errorf("got timed out after %v, want 30s", got)
			}
		}},
		{"R2 timed out, counted from submission", func(w *world) {
			w.script(connectortest.HoldRequests(1), connectortest.RefuseUpgrades(1, 503).RetryAfter(20*time.Second), connectortest.DropSockets())
			w.until("session", "socketOpening")
			start := time.Now()
			s := w.submit(forever, "hi")
			time.Sleep(25 * time.Second)
			if got := w.backend.Counts().Requests; got != 1 {
				w.t.Errorf("got %d requests, want it sent by now", got)
			}
			if got := s.want(w.t, connector.ErrTimedOut).at.Sub(start); got != 30*time.Second {
				w.t.Errorf("got timed out after %v, want 30s", got)
			}
		}},
		{"R2 timed out in the buffer", func(w *world) {
			w.script(connectortest.RefuseUpgrades(1000, 502), connectortest.DropSockets())
			w.until("session", "socketOpening")
			w.submit(forever, "hi").want(w.t, connector.ErrTimedOut)
		}},
		{"R2 cancelled when sent", func(w *world) {
			w.script(connectortest.HoldRequests(1))
			why := errors.New("no longer needed")
			ctx, cancel := context.WithCancelCause(forever)
			s := w.submit(ctx, "hi")
			s.pending(w.t)
			cancel(why)
			s.want(w.t, why)
			if got := w.backend.Counts().Requests; got != 1 {
				w.t.Errorf("got %d requests sent, want 1", got)
			}
		}},
		{"R2 cancelled in the buffer", func(w *world) {
			w.script(connectortest.RefuseUpgrades(1, 502), connectortest.DropSockets())
			w.until("session", "socketOpening")
			ctx, cancel := context.WithTimeout(forever, 10*time.Millisecond)
			defer cancel()
			w.submit(ctx, "hi").want(w.t, context.DeadlineExceeded)
			w.until("session", "subscribed")
			if got := w.backend.Counts().Requests; got != 0 {
				w.t.Errorf("got %d requests sent, want none", got)
			}
		}},
		{"R2 cancelled before it is submitted", func(w *world) {
			ctx, cancel := context.WithCancel(forever)
			cancel()
			w.submit(ctx, "hi").want(w.t, context.Canceled)
			if got := w.backend.Counts().Requests; got != 0 {
				w.t.Errorf("got %d requests sent, want none", got)
			}
		}},
		{"R2 failed by close when sent", func(w *world) {
			w.script(connectortest.HoldRequests(1))
			s := w.submit(forever, "hi")
			w.logout()
			s.want(w.t, connector.ErrSocketClosed)
		}},
		{"R2 failed by close in the buffer", func(w *world) {
			w.script(connectortest.RefuseUpgrades(1, 502), connectortest.DropSockets())
			w.until("session", "socketOpening")
			s := w.submit(forever, "hi")
			w.logout()
			s.want(w.t, connector.ErrSocketClosed)
		}},
		{"F10 sent, then the connection is lost: unknown at once", func(w *world) {
			w.script(connectortest.HoldRequests(1))
			s := w.submit(forever, "hi")
			start := time.Now()
			w.script(connectortest.DropSockets())
			if got := s.want(w.t, connector.ErrOutcomeUnknown).at.Sub(start); got != 0 {
				w.t.Errorf("got the outcome after %v, want at once", got)
			}
		}},
		{"F32 what was sent is never sent again", func(w *world) {
			w.script(connectortest.HoldRequests(1))
			s := w.submit(forever, "hi")
			for range 3 {
				w.script(connectortest.DropSockets())
				w.until("session", "socketOpening")
				w.until("session", "subscribed")
			}
			s.want(w.t, connector.ErrOutcomeUnknown)
			if got := w.backend.Counts().Requests; got != 1 {
				w.t.Errorf("got %d requests on the wire, want 1", got)
			}
		}},
	} {
		engines(t, c.name, connectortest.Config{}, func(w *world) {
			w.login()
			w.until("session", "subscribed")
			c.test(w)
		})
	}
}

func TestBuffer(t *testing.T) {
	big := strings.Repeat("x", 100)
	for _, c := range []struct {
		name   string
		buffer connector.Buffer
		send   []string
		want   []error
	}{
		{"R3 count, drop the oldest", connector.Buffer{Count: 2}, []string{"a", "b", "c"}, []error{connector.ErrDropped, nil, nil}},
		{"R3 count, drop the newest", connector.Buffer{Count: 2, Policy: transitions.DropNewest}, []string{"a", "b", "c"}, []error{nil, nil, connector.ErrDropped}},
		{"R3 count, refuse", connector.Buffer{Count: 2, Policy: transitions.Refuse}, []string{"a", "b", "c"}, []error{nil, nil, connector.ErrBufferFull}},
		{"R3 bytes, drop the oldest", connector.Buffer{Bytes: 180}, []string{"a", "b", big}, []error{connector.ErrDropped, nil, nil}},
		{"R3 bytes, drop as many as it takes", connector.Buffer{Bytes: 140}, []string{"a", "b", big}, []error{connector.ErrDropped, connector.ErrDropped, nil}},
		{"R3 bytes, drop the newest", connector.Buffer{Bytes: 140, Policy: transitions.DropNewest}, []string{"a", "b", big}, []error{nil, nil, connector.ErrDropped}},
		{"R3 bytes, refuse", connector.Buffer{Bytes: 140, Policy: transitions.Refuse}, []string{"a", "b", big}, []error{nil, nil, connector.ErrBufferFull}},
		{"R3 larger than the whole buffer", connector.Buffer{Bytes: 100}, []string{"a", big, "b"}, []error{nil, connector.ErrBufferFull, nil}},
		{"R3 no buffer", connector.Buffer{None: true}, []string{"a"}, []error{connector.ErrBufferFull}},
	} {
		engines(t, c.name, connectortest.Config{}, func(w *world) {
			w.script(connectortest.HoldUpgrades(1))
			w.loginOnly()
			start := time.Now()
			var all []submitted
			for _, text := range c.send {
				all = append(all, w.submit(context.Background(), text))
			}
			for i, s := range all {
				if c.want[i] == nil {
					s.pending(w.t)
				} else if got := s.want(w.t, c.want[i]); got.at != start {
					w.t.Errorf("request %s: got told after %v, want at once", s.text, got.at.Sub(start))
				}
			}
			for i, s := range all {
				if c.want[i] == nil {
					s.want(w.t, nil)
				}
			}
			w.until("session", "subscribed")
			if got, err := w.echo("ready"); got != "ready" {
				w.t.Errorf("when ready: got %q, %v", got, err)
			}
		}, socket(func(s *socketConfig) { s.Buffer = c.buffer }))
	}

	engines(t, "F30 a thousand requests while offline", connectortest.Config{}, func(w *world) {
		w.script(connectortest.HoldUpgrades(1))
		w.loginOnly()
		var all sync.WaitGroup
		dropped, answered := make(chan string, 1000), make(chan string, 1000)
		for i := range 1000 {
			all.Go(func() {
				switch got, err := w.echo(fmt.Sprint(i)); {
				case err == nil:
					answered <- got
				case errors.Is(err, connector.ErrDropped):
					dropped <- got
				default:
					w.t.Errorf("got %v", err)
				}
			})
		}
		all.Wait()
		if len(answered) != 64 || len(dropped) != 936 {
			w.t.Errorf("got %d answered and %d dropped, want 64 and 936", len(answered), len(dropped))
		}
	})
}
