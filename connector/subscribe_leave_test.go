package connector_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

// leaving ends a subscription without waiting.
func leaving(ctx context.Context, s *connector.Subscribed) <-chan error {
	done := make(chan error, 1)
	go func() { done <- s.Leave(ctx) }()
	return done
}

func TestLeave(t *testing.T) {
	inRooms(t, "K4 what was left is pushed no more, and the declared ones stay", func(w *rooms) {
		messages := w.socket.Messages(0)
		w.ready()
		s, other := w.joins("room-1"), w.joins("room-2")
		w.say("room-1", "a")
		if err := s.Leave(context.Background()); err != nil {
			w.t.Errorf("got %v", err)
		}
		wantEnded(w.t, s, nil)
		w.say("room-1", "b")
		w.say("room-2", "c")
		if got := w.heard(messages); got != "room-1 a, room-2 c" {
			w.t.Errorf("got %q", got)
		}
		if err := w.backend.Push(parcel{Kind: "categories"}); err != nil {
			w.t.Fatal(err)
		}
		if got := w.heard(messages); got != "categories " {
			w.t.Errorf("got %q, want the declared subscription to last", got)
		}
		wantLasting(w.t, other)
		w.wantOne()
		w.joins("room-1") // which the server would refuse if it were subscribed
		if got := w.backend.Counts(); got.Unsubscriptions != 1 || got.Subscriptions != 4 {
			w.t.Errorf("got %+v", got)
		}
	})

	byLedger(t, "K4 without a message the server is not told", func(w *rooms, l *ledger) {
		w.ready()
		quiet := joining("room-1")
		quiet.Leave = nil
		s := w.joinsBy(quiet)
		start := time.Now()
		if err := s.Leave(context.Background()); err != nil || time.Since(start) != 0 {
			w.t.Errorf("got %v after %v, want left at once", err, time.Since(start))
		}
		wantEnded(w.t, s, nil)
		w.network.Drop()
		w.again()
		l.want(w.t, "1 auth", "1 sub categories", "1 sub room-1", "2 auth", "2 sub categories")
	})

	for _, c := range []struct {
		name  string
		edit  func(*ledger, *connector.Subscription[user, wish, word])
		after time.Duration
		sent  bool
		fault string // told; empty: none
	}{
		{"its answer", func(*ledger, *connector.Subscription[user, wish, word]) {}, 0, true, ""},
		{"a refusal", func(l *ledger, _ *connector.Subscription[user, wish, word]) { l.refuse = []string{"1 unsub room-1"} }, 0, true, "unsubscribe: rejected"},
		{"no answer", func(l *ledger, _ *connector.Subscription[user, wish, word]) { l.mute = []string{"1 unsub room-1"} }, 10 * time.Second, true, ""},
		{"no answer awaited", func(l *ledger, s *connector.Subscription[user, wish, word]) {
			l.mute, s.Leave.NoAnswer = []string{"1 unsub room-1"}, true
		}, 0, true, ""},
		{"a builder that fails", func(_ *ledger, s *connector.Subscription[user, wish, word]) {
			s.Leave.Build = func(context.Context, roomKnown) (wish, error) { return wish{}, errors.New("not now") }
		}, 0, false, "unsubscribe: not now"},
		{"a builder that panics", func(_ *ledger, s *connector.Subscription[user, wish, word]) {
			s.Leave.Build = func(context.Context, roomKnown) (wish, error) { panic("boom") }
		}, 0, false, "unsubscribe: application: panic: boom"},
		{"a builder without a message", func(_ *ledger, s *connector.Subscription[user, wish, word]) {
			s.Leave.Build = func(context.Context, roomKnown) (wish, error) { return wish{}, connector.ErrNone }
		}, 0, false, ""},
	} {
		byLedger(t, "K4 leave with "+c.name, func(w *rooms, l *ledger) {
			s := joining("room-1")
			c.edit(l, &s)
			w.ready()
			joined := w.joinsBy(s)
			errs, all := w.socket.Errors(0), w.session.Errors(0)
			start := time.Now()
			if err := joined.Leave(context.Background()); err != nil {
				w.t.Errorf("got %v", err)
			}
			if took := time.Since(start); took != c.after {
				w.t.Errorf("got left after %v, want %v", took, c.after)
			}
			wantEnded(w.t, joined, nil)
			if err := joined.Leave(context.Background()); err != nil || joined.Err() != nil {
				w.t.Errorf("left twice: got %v, %v", err, joined.Err())
			}
			lines := []string{"1 auth", "1 sub categories", "1 sub room-1"}
			if c.sent {
				lines = append(lines, "1 unsub room-1")
			}
			l.want(w.t, lines...)
			w.wantOne()
			if c.fault == "" {
				wantTold(w.t, errs, all)
			} else {
				wantTold(w.t, errs, all, c.fault)
			}
			w.network.Drop()
			w.again()
			l.want(w.t, append(lines, "2 auth", "2 sub categories")...)
		})
	}

	byLedger(t, "K4 the connection drops while the server is told", func(w *rooms, l *ledger) {
		l.mute = []string{"1 unsub room-1"}
		w.ready()
		s := w.joins("room-1")
		start := time.Now()
		left, again := leaving(context.Background(), s), leaving(context.Background(), s)
		synctest.Wait()
		w.network.Drop()
		for _, done := range []<-chan error{left, again} {
			if err := <-done; err != nil || time.Since(start) != 0 {
				w.t.Errorf("got %v after %v, want left at once", err, time.Since(start))
			}
		}
		wantEnded(w.t, s, nil)
		w.again()
		l.want(w.t, "1 auth", "1 sub categories", "1 sub room-1", "1 unsub room-1", "2 auth", "2 sub categories")
	})

	byLedger(t, "K4 left while there is no connection: it is not sent again", func(w *rooms, l *ledger) {
		w.ready()
		s := w.joins("room-1")
		w.network.Drop()
		w.until("session", "socketOpening")
		if err := s.Leave(context.Background()); err != nil {
			w.t.Errorf("got %v", err)
		}
		wantEnded(w.t, s, nil)
		w.until("session", "subscribed")
		l.want(w.t, "1 auth", "1 sub categories", "1 sub room-1", "2 auth", "2 sub categories")
	})

	byLedger(t, "K4 who leaves may leave that too: it goes on by itself", func(w *rooms, l *ledger) {
		l.mute = []string{"1 unsub room-1"}
		w.ready()
		s := w.joins("room-1")
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := s.Leave(ctx); !errors.Is(err, context.DeadlineExceeded) {
			w.t.Errorf("got %v, want the deadline", err)
		}
		wantLasting(w.t, s)
		wantEnded(w.t, s, nil)
	})
}

func TestSubscriptionEnds(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(*rooms) error
		back func(*rooms) // opens the socket again
	}{
		{"Logout", func(w *rooms) error { return w.session.Logout(context.Background()) }, (*rooms).ready},
		{"LoginAs", func(w *rooms) error { return w.session.LoginAs(context.Background(), 2) }, func(*rooms) {}},
		{"Handle.Close", func(w *rooms) error { return w.socket.Close(context.Background()) }, func(w *rooms) {
			if err := w.socket.Open(); err != nil {
				w.t.Fatal(err)
			}
		}},
		{"CloseSockets", func(w *rooms) error { return w.session.CloseSockets(context.Background()) }, func(w *rooms) { w.open() }},
	} {
		inRooms(t, "K4 "+c.name+" ends it, also one under way", func(w *rooms) {
			w.ready()
			errs := w.session.Errors(0)
			s := w.joins("room-1")
			w.script(connectortest.HoldSubscriptions(1))
			pending := w.join(context.Background(), joining("room-2"))
			synctest.Wait()
			if err := c.end(w); err != nil {
				w.t.Fatal(err)
			}
			wantEnded(w.t, s, connector.ErrSocketClosed)
			if got := <-pending; got.is != nil || !errors.Is(got.err, connector.ErrSocketClosed) {
				w.t.Errorf("got %v, %v for one under way, want closed", got.is, got.err)
			}
			if err := s.Leave(context.Background()); err != nil || !errors.Is(s.Err(), connector.ErrSocketClosed) {
				w.t.Errorf("left when it has ended: got %v, %v", err, s.Err())
			}
			c.back(w)
			w.echoes("open again")
			if got := w.backend.Counts(); got.Subscriptions != 4 || got.Unsubscriptions != 0 {
				w.t.Errorf("got %+v, want only the declared one sent again", got)
			}
			if got := told(errs); len(got) != 0 {
				w.t.Errorf("got errors %q, want none", got)
			}
		})
	}

	inRooms(t, "K4 a socket that fails for good ends it", func(w *rooms) {
		w.ready()
		s := w.joins("room-1")
		w.script(connectortest.CloseSockets(4403, "go away"))
		wantEnded(w.t, s, connector.ErrSocketClosed)
	})
}
