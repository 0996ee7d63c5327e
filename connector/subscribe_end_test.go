package connector_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

// buildingBy is a subscription whose message is built by a function.
func buildingBy(build func(context.Context, roomKnown) (wish, error)) connector.Subscription[user, wish, word] {
	s := joining("room-1")
	s.Join.Build = build
	return s
}

// told are the texts of errors that a stream holds by now.
func told(errs *connector.Stream[error]) []string {
	synctest.Wait()
	var all []string
	for _, err := range published(errs) {
		all = append(all, err.Error())
	}
	return all
}

// wantTold checks that the socket and the session have told the same errors, by a
// part of each.
func wantTold(t *testing.T, socket, session *connector.Stream[error], want ...string) {
	t.Helper()
	for name, got := range map[string][]string{"socket": told(socket), "session": told(session)} {
		same := len(got) == len(want)
		for i := range min(len(got), len(want)) {
			same = same && strings.Contains(got[i], want[i])
		}
		if !same {
			t.Errorf("errors of the %s: got %q, want %q", name, got, want)
		}
	}
}

func TestSubscribeFails(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault connectortest.Fault
		join  connector.Subscription[user, wish, word]
		err   error  // nil: any
		text  string // of the error, and of what is told
		after time.Duration
		sent  int // subscriptions that the server got, the declared one included
	}{
		{"K4 rejected", connectortest.RejectSubscriptions(1), joining("room-1"), nil, "subscribe: rejected", 0, 2},
		{"K4 Accept says no", connectortest.SaySockets("{}"), func() connector.Subscription[user, wish, word] {
			s := joining("room-1")
			s.Join.Accept = func(word) bool { return false }
			return s
		}(), nil, "subscribe: the answer was not accepted", 0, 2},
		{"K4 Accept panics", connectortest.SaySockets("{}"), func() connector.Subscription[user, wish, word] {
			s := joining("room-1")
			s.Join.Accept = func(word) bool { panic("boom") }
			return s
		}(), nil, "subscribe: application: panic: boom", 0, 2},
		{"K4 F46 no answer", connectortest.HoldSubscriptions(1), joining("room-1"), connector.ErrTimedOut, "subscribe: request: no answer in time", 9 * time.Second, 2},
		{"K4 an error answer without an id, and nobody to blame", connectortest.AnonymousErrors(1), joining("room-1"), connector.ErrTimedOut, "", 9 * time.Second, 2},
		{"K4 the builder fails", connectortest.SaySockets("{}"), buildingBy(func(context.Context, roomKnown) (wish, error) {
			return wish{}, errors.New("not now")
		}), nil, "subscribe: not now", 0, 1},
		{"K4 the builder panics", connectortest.SaySockets("{}"), buildingBy(func(context.Context, roomKnown) (wish, error) { panic("boom") }),
			nil, "subscribe: application: panic: boom", 0, 1},
		{"K4 the builder waits for ever", connectortest.SaySockets("{}"), buildingBy(func(ctx context.Context, _ roomKnown) (wish, error) {
			<-ctx.Done()
			return wish{}, ctx.Err()
		}), connector.ErrTimedOut, "subscribe: request: no answer in time", 9 * time.Second, 1},
	} {
		inRooms(t, c.name+": an error, and the socket stays ready", func(w *rooms) {
			w.ready()
			errs, all := w.socket.Errors(0), w.session.Errors(0)
			w.script(c.fault)
			start := time.Now()
			s, err := connector.Subscribe(context.Background(), w.socket, c.join)
			var fault *connector.SocketError
			if s != nil || !errors.As(err, &fault) || fault.Socket != "menu" || fault.Op != "subscribe" || c.err != nil && !errors.Is(err, c.err) || !strings.Contains(err.Error(), c.text) {
				w.t.Errorf("got %v, %v, want %s", s, err, c.text)
			}
			if took := time.Since(start); took != c.after {
				w.t.Errorf("got told after %v, want %v", took, c.after)
			}
			if c.text != "" {
				wantTold(w.t, errs, all, c.text)
			} else {
				wantTold(w.t, errs, all, "message: unavailable", "no answer in time")
			}
			w.wantOne()
			if got := w.backend.Counts().Subscriptions; got != c.sent {
				w.t.Errorf("got %d subscriptions sent, want %d", got, c.sent)
			}
			w.echoes("still ready")
			w.joins("room-2") // and others can subscribe
			w.script(connectortest.DropSockets())
			w.again()
			if got := w.backend.Counts().Subscriptions; got != c.sent+3 {
				w.t.Errorf("got %d subscriptions sent after a drop, want %d: what has ended is not sent again", got, c.sent+3)
			}
		})
	}

	for name, err := range map[string]error{"ErrNone": connector.ErrNone, "a permanent error": backoff.Permanent(errors.New("no"))} {
		inRooms(t, "K4 a builder that says "+name+": nothing is sent, and it lasts", func(w *rooms) {
			w.ready()
			s := w.joinsBy(buildingBy(func(context.Context, roomKnown) (wish, error) { return wish{}, err }))
			wantLasting(w.t, s)
			w.wantOne()
			if got := w.backend.Counts().Subscriptions; got != 1 {
				w.t.Errorf("got %d subscriptions sent, want the declared one", got)
			}
		})
	}

	byLedger(t, "K4 ctx ends before the answer: left, and told to the server after it was asked", func(w *rooms, l *ledger) {
		l.mute = []string{"1 sub room-1"}
		w.ready()
		why := errors.New("no longer needed")
		ctx, cancel := context.WithCancelCause(context.Background())
		s := w.join(ctx, joining("room-1"))
		synctest.Wait()
		cancel(why)
		if got := <-s; got.is != nil || !errors.Is(got.err, why) {
			w.t.Errorf("got %v, %v, want the cause", got.is, got.err)
		}
		l.want(w.t, "1 auth", "1 sub categories", "1 sub room-1", "1 unsub room-1")
		w.wantOne()
		w.network.Drop()
		w.again()
		l.want(w.t, "1 auth", "1 sub categories", "1 sub room-1", "1 unsub room-1", "2 auth", "2 sub categories")
	})

	byLedger(t, "K4 ctx ends before the message goes: nothing is sent", func(w *rooms, l *ledger) {
		l.mute = []string{"1 auth"}
		w.loginOnly()
		w.until("socket", "socketAuthenticating")
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if got := <-w.join(ctx, joining("room-1")); !errors.Is(got.err, context.DeadlineExceeded) {
			w.t.Errorf("got %v, want the deadline", got.err)
		}
		ended, cancelled := context.WithCancel(context.Background())
		cancelled()
		if got := <-w.join(ended, joining("room-1")); !errors.Is(got.err, context.Canceled) {
			w.t.Errorf("got %v, want cancelled", got.err)
		}
		w.until("session", "subscribed")
		l.want(w.t, "1 auth", "2 auth", "2 sub categories")
	})

	byLedger(t, "K4 ctx ends while the message is made: nothing is sent", func(w *rooms, l *ledger) {
		w.ready()
		errs := w.socket.Errors(0)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		slow := buildingBy(func(ctx context.Context, _ roomKnown) (wish, error) {
			select {
			case <-ctx.Done():
				return wish{}, ctx.Err()
			case <-time.After(5 * time.Second):
				return wish{request: request{Sub: &subscribe{"room-1"}}}, nil
			}
		})
		if got := <-w.join(ctx, slow); !errors.Is(got.err, context.DeadlineExceeded) {
			w.t.Errorf("got %v, want the deadline", got.err)
		}
		time.Sleep(time.Minute)
		l.want(w.t, "1 auth", "1 sub categories")
		if got := told(errs); len(got) != 0 {
			w.t.Errorf("got errors %q, want none", got)
		}
		w.wantOne()
	})

	byLedger(t, "K4 a builder that comes too late sends nothing", func(w *rooms, l *ledger) {
		w.ready()
		slow := buildingBy(func(context.Context, roomKnown) (wish, error) {
			time.Sleep(15 * time.Second)
			return wish{request: request{Sub: &subscribe{"room-1"}}}, nil
		})
		slow.Leave = nil
		if _, err := connector.Subscribe(context.Background(), w.socket, slow); !errors.Is(err, connector.ErrTimedOut) {
			w.t.Errorf("got %v, want timed out", err)
		}
		time.Sleep(10 * time.Second)
		l.want(w.t, "1 auth", "1 sub categories")
	})

	inRooms(t, "K4 other types than the socket's, and a step that cannot work", func(w *rooms) {
		w.ready()
		_, err := connector.Subscribe(context.Background(), w.socket, connector.Subscription[string, wish, word]{
			Join: connector.Step[string, wish, word]{Build: func(context.Context, connector.Known[string, word]) (wish, error) { return wish{}, nil }},
		})
		if err == nil || !strings.Contains(err.Error(), "the user is a connector_test.user, not a string") {
			w.t.Errorf("got %v, want the user's type named", err)
		}
		_, err = connector.Subscribe(context.Background(), w.socket, connector.Subscription[user, wish, word]{Leave: &roomStep{}})
		if err == nil || !strings.Contains(err.Error(), "Join: Build: is required") || !strings.Contains(err.Error(), "Leave: Build: is required") {
			w.t.Errorf("got %v, want both faults named", err)
		}
		w.wantOne()
	})
}

func TestResubscribe(t *testing.T) {
	byLedger(t, "F40 sent again once after each of two drops in a row", func(w *rooms, l *ledger) {
		w.ready()
		kept, left := w.joins("room-1"), w.joins("room-2")
		for n := 2; n <= 3; n++ {
			w.network.Drop()
			w.again()
			wantLasting(w.t, kept)
			wantLasting(w.t, left)
		}
		want := []string{}
		for n := 1; n <= 3; n++ {
			for _, line := range []string{"auth", "sub categories", "sub room-1", "sub room-2"} {
				want = append(want, fmt.Sprint(n, " ", line))
			}
		}
		l.want(w.t, want...)
		if err := left.Leave(context.Background()); err != nil || left.Err() != nil {
			w.t.Errorf("got %v, %v", err, left.Err())
		}
		w.network.Drop()
		w.again()
		l.want(w.t, append(want, "3 unsub room-2", "4 auth", "4 sub categories", "4 sub room-1")...)
	})

	byLedger(t, "F40 dropped while it is sent again", func(w *rooms, l *ledger) {
		w.ready()
		s := w.joins("room-1")
		l.change(func() { l.mute = []string{"2 sub room-1"} })
		w.network.Drop()
		w.until("socket", "socketAuthed")
		synctest.Wait()
		w.network.Drop()
		w.until("session", "subscribed")
		wantLasting(w.t, s)
		l.want(w.t, "1 auth", "1 sub categories", "1 sub room-1", "2 auth", "2 sub categories", "2 sub room-1", "3 auth", "3 sub categories", "3 sub room-1")
	})

	for _, c := range []struct {
		name    string
		arrange func(*ledger)
		err     error
	}{
		{"rejected when it is sent again", func(l *ledger) { l.refuse = []string{"2 sub room-1"} }, &serverError{"rejected", "2 sub room-1"}},
		{"not answered when it is sent again", func(l *ledger) { l.mute = []string{"2 sub room-1"} }, connector.ErrTimedOut},
	} {
		byLedger(t, "K4 "+c.name+": it ends, and the socket stays", func(w *rooms, l *ledger) {
			c.arrange(l)
			w.ready()
			s, other := w.joins("room-1"), w.joins("room-2")
			errs, all := w.socket.Errors(0), w.session.Errors(0)
			w.network.Drop()
			w.again()
			wantEnded(w.t, s, c.err)
			var fault *connector.SocketError
			if !errors.As(s.Err(), &fault) || fault.Op != "subscribe" {
				w.t.Errorf("got %v, want an error of the socket", s.Err())
			}
			wantLasting(w.t, other)
			if got := w.socket.Status(); got.Generation != 2 || got.State != transitions.SocketSubscribed {
				w.t.Errorf("got %+v, want ready on the second connection", got)
			}
			wantTold(w.t, errs, all, "read", "subscribe")
			w.network.Drop()
			w.again()
			l.want(w.t, "1 auth", "1 sub categories", "1 sub room-1", "1 sub room-2", "2 auth", "2 sub categories", "2 sub room-1", "2 sub room-2",
				"3 auth", "3 sub categories", "3 sub room-2")
		})
	}
}
