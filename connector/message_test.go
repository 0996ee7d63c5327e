package connector_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

func TestTap(t *testing.T) {
	inRooms(t, "R5 All shows everything in order, and what the connector has used", func(w *rooms) {
		taps := []*connector.Stream[connector.Inbound[word]]{w.socket.All(0), w.socket.All(0)}
		messages := w.socket.Messages(0)
		w.ready()
		w.joins("room-1")
		w.say("room-1", "a")
		w.echoes("hi")
		_, _ = w.socket.Request(context.Background(), wish{request: request{Delete: &category{ID: 99}}})
		w.script(connectortest.SaySockets(`{"error":{"code":"bad_message","text":"which?"}}`))
		w.say("room-1", "b")
		synctest.Wait()
		w.script(connectortest.DropSockets())
		w.again()
		w.say("room-1", "c")
		synctest.Wait()
		want := "1 own auth, 1 own sub categories, 1 menu, 1 own sub room-1, 1 a, 1 own echo hi, 1 own error not_found, 1 own error bad_message, 1 b, " +
			"2 own auth, 2 own sub categories, 2 menu, 2 own sub room-1, 2 c"
		for _, tap := range taps {
			var got []string
			for _, m := range published(tap) {
				text := fmt.Sprint(m.Generation, " ")
				if m.Own {
					text += "own "
				}
				got = append(got, text+shown(m.Message))
			}
			if strings.Join(got, ", ") != want {
				w.t.Errorf("got\n%s\nwant\n%s", strings.Join(got, ", "), want)
			}
		}
		var rest []string
		for _, m := range published(messages) {
			rest = append(rest, shown(m))
		}
		if got := strings.Join(rest, ", "); got != "menu, a, b, menu, c" {
			w.t.Errorf("got %s among the messages, want what answers nothing", got)
		}
	})
}

func TestTapTellsRequests(t *testing.T) {
	inRooms(t, "R5 All says which request a message answers, before that has its answer", func(w *rooms) {
		w.ready()
		synctest.Wait() // for what the server says unasked
		tap := w.socket.All(0)
		good, err := w.socket.Submit(wish{request: request{Echo: &echo{Text: "hi"}}})
		if err != nil {
			w.t.Fatal(err)
		}
		bad, err := w.socket.Submit(wish{request: request{Delete: &category{ID: 99}}})
		if err != nil {
			w.t.Fatal(err)
		}
		w.say("room-1", "a")
		_, _ = good.Wait(context.Background())
		_, _ = bad.Wait(context.Background())
		w.joins("room-1")
		w.say("room-1", "b")
		synctest.Wait()
		want := map[string]uint64{"echo hi": good.Number(), "error not_found": bad.Number(), "sub room-1": 0, "b": 0}
		if good.Number() == 0 || good.Number() == bad.Number() {
			w.t.Errorf("got the numbers %d and %d, want two others", good.Number(), bad.Number())
		}
		for _, m := range published(tap) {
			number, known := want[shown(m.Message)]
			if !known || m.Request != number {
				w.t.Errorf("got %s as the answer to request %d, want that to %d", shown(m.Message), m.Request, number)
			}
			delete(want, shown(m.Message))
		}
		if len(want) > 0 {
			w.t.Errorf("got no %v", want)
		}
	})
}

// shown is a message in short.
func shown(m word) string {
	switch {
	case m.Error != nil:
		return "error " + m.Error.Code
	case m.Auth != nil:
		return "auth"
	case m.Sub != nil:
		return "sub " + m.Sub.Kind
	case m.Echo != nil:
		return "echo " + m.Echo.Text
	case m.Push != nil && m.Push.Message != "":
		return m.Push.Message
	}
	return "menu"
}

func TestSlowConsumers(t *testing.T) {
	for _, c := range []struct {
		name   string
		slow   connector.Slow
		got    string
		missed uint64
		ended  bool
	}{
		{"R5 the oldest are lost", connector.LoseOldest, "7 8 9", 7, false},
		{"R5 the newest are lost", connector.LoseNewest, "0 1 2", 7, false},
		{"R5 the stream ends", connector.EndStream, "0 1 2", 1, true},
	} {
		inRooms(t, c.name+", and the consumer can tell", func(w *rooms) {
			w.ready()
			w.joins("room-1")
			synctest.Wait()
			slow, fast, tap := w.socket.Messages(3), w.socket.Messages(0), w.socket.All(3)
			for i := range 10 {
				w.say("room-1", fmt.Sprint(i))
			}
			synctest.Wait()
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			var got, tapped []string
			for m := range slow.All(ctx) {
				got = append(got, m.Push.Message)
			}
			for m := range tap.All(ctx) {
				tapped = append(tapped, m.Message.Push.Message)
			}
			if g := strings.Join(got, " "); g != c.got || slow.Missed() != c.missed {
				w.t.Errorf("got %s and %d missed, want %s and %d", g, slow.Missed(), c.got, c.missed)
			}
			if g := strings.Join(tapped, " "); g != c.got || tap.Missed() != c.missed {
				w.t.Errorf("all: got %s and %d missed, want %s and %d", g, tap.Missed(), c.got, c.missed)
			}
			if got := len(published(fast)); got != 10 || fast.Missed() != 0 {
				w.t.Errorf("another consumer: got %d and %d missed, want all 10", got, fast.Missed())
			}
			w.say("room-1", "later")
			if c.ended { // the stream's end is what the consumer sees, not its context's
				if m, ok := slow.Next(context.Background()); ok {
					w.t.Errorf("got %+v after the end", m)
				}
				return
			}
			if m, ok := slow.Next(context.Background()); !ok || m.Push.Message != "later" || slow.Missed() != c.missed {
				w.t.Errorf("got %+v, %v, want it to go on", m, ok)
			}
		}, func(s *roomConfig) { s.Slow = c.slow })
	}

	holding := func(s *roomConfig) { s.Slow = connector.HoldBack }
	inRooms(t, "R5 nothing is lost, and what is not taken is not read", func(w *rooms) {
		w.ready()
		w.joins("room-1")
		synctest.Wait()
		slow := w.socket.Messages(3)
		for i := range 10 {
			w.say("room-1", fmt.Sprint(i))
		}
		time.Sleep(time.Hour) // far beyond PingAfter and PingTimeout: not reading is no silence
		if got := w.socket.Status(); got.Failures != 0 {
			w.t.Errorf("got %+v, want the connection kept", got)
		}
		for i := range 10 {
			if m, ok := slow.Next(context.Background()); !ok || m.Push.Message != fmt.Sprint(i) {
				w.t.Errorf("got %+v, %v, want %d", m, ok, i)
			}
		}
		time.Sleep(time.Hour)
		if got := w.socket.Status(); slow.Missed() != 0 || got.Failures != 0 {
			w.t.Errorf("got %d missed and %+v", slow.Missed(), got)
		}
	}, holding)
	for name, release := range map[string]func(*rooms, *connector.Stream[word]){
		"the stream is closed": func(_ *rooms, s *connector.Stream[word]) { s.Close() },
		"the user logs out":    func(w *rooms, _ *connector.Stream[word]) {},
	} {
		inRooms(t, "R5 K8 a reader that is held back goes on when "+name, func(w *rooms) {
			w.ready()
			w.joins("room-1")
			synctest.Wait()
			slow := w.socket.Messages(1)
			for i := range 10 {
				w.say("room-1", fmt.Sprint(i))
			}
			synctest.Wait()
			release(w, slow)
			start := time.Now()
			if err := w.session.Logout(context.Background()); err != nil || time.Since(start) > time.Second {
				w.t.Errorf("logout: got %v after %v", err, time.Since(start))
			}
		}, holding)
	}

	t.Run("R5 a policy that is not declared", func(t *testing.T) {
		s, config := roomSocket("wss://api.example/ws"), goodConfig()
		s.Slow = 4
		config.Sockets = []connector.AnySocket[user]{s}
		if _, err := connector.New(config); err == nil || !strings.Contains(err.Error(), "Slow: 4 is not a policy") {
			t.Errorf("got %v, want the field named", err)
		}
	})
}

func TestErrorsWithoutID(t *testing.T) {
	for _, c := range []struct {
		name  string
		blame func(word, []uint64) (uint64, bool)
		err   error // of the first of two requests on the wire; nil: the peer's answer
		told  []string
	}{
		{"nobody to blame", nil, connector.ErrTimedOut, []string{"message: unavailable"}},
		{"none of them", func(word, []uint64) (uint64, bool) { return 0, false }, connector.ErrTimedOut, []string{"message: unavailable"}},
		{"the oldest", connector.BlameOldest[word], nil, nil},
		{"one that is not on the wire", func(word, []uint64) (uint64, bool) { return 1 << 50, true }, connector.ErrTimedOut, []string{"never made", "message: unavailable"}},
		{"by a panic", func(word, []uint64) (uint64, bool) { panic("boom") }, connector.ErrTimedOut, []string{"panic: boom"}},
	} {
		inRooms(t, "R7 an error without an id, "+c.name, func(w *rooms) {
			w.ready()
			errs, all, messages := w.socket.Errors(0), w.session.Errors(0), w.socket.Messages(0)
			w.script(connectortest.AnonymousErrors(1), connectortest.HoldRequests(1))
			first, second := make(chan error, 1), make(chan error, 1)
			for _, done := range []chan error{first, second} {
				go func() {
					_, err := w.socket.Request(context.Background(), wish{request: request{Echo: &echo{"hi"}}})
					done <- err
				}()
				synctest.Wait()
			}
			var answer *connector.AnswerError
			var said *serverError
			start := time.Now()
			err := <-first
			if c.err != nil && !errors.Is(err, c.err) || c.err == nil && (!errors.As(err, &answer) || !errors.As(err, &said) || said.Code != "unavailable" || time.Since(start) != 0) {
				w.t.Errorf("got %v after %v, want %v", err, time.Since(start), c.err)
			}
			if err := <-second; !errors.Is(err, connector.ErrTimedOut) {
				w.t.Errorf("got %v for the one behind it, want timed out", err)
			}
			wantTold(w.t, errs, all, c.told...)
			for _, m := range published(messages) {
				if m.Error != nil {
					w.t.Errorf("got %v among the messages", m.Error)
				}
			}
			w.echoes("goes on")
			w.wantOne()
		}, func(s *roomConfig) { s.Blame = c.blame })
	}

	inRooms(t, "R7 who has ended is blamed for nothing more", func(w *rooms) {
		w.ready()
		w.script(connectortest.HoldSubscriptions(1))
		if _, err := connector.Subscribe(context.Background(), w.socket, joining("room-1")); !errors.Is(err, connector.ErrTimedOut) {
			w.t.Errorf("got %v, want timed out", err)
		}
		w.script(connectortest.AnonymousErrors(1))
		_, err := w.socket.Request(context.Background(), wish{request: request{Echo: &echo{"hi"}}})
		if !errors.As(err, new(*connector.AnswerError)) {
			w.t.Errorf("got %v for the only one on the wire, want the answer", err)
		}
	}, blaming)

	for name, blame := range map[string]roomEdit{"nobody blamed": func(*roomConfig) {}, "the oldest blamed": blaming} {
		inRooms(t, "F46 R7 a server that answers everything with an error without an id, "+name, func(w *rooms) {
			errs := w.socket.Errors(5000)
			w.script(connectortest.AnonymousErrors(1000))
			s := make(chan joined)
			go func() {
				w.until("socket", "tokenPending")
				s <- <-w.join(context.Background(), joining("room-1"))
			}()
			done := w.begin()
			time.Sleep(10 * time.Minute)
			counts, faults := w.backend.Counts(), len(told(errs))
			if took := w.logout(); took > 10*time.Second {
				w.t.Errorf("got logged out after %v", took)
			}
			err := <-done
			if name == "the oldest blamed" { // a rejection, and a second one
				if !errors.Is(err, connector.ErrSocketFailed) || counts.Upgrades != 2 || faults != 3 {
					w.t.Errorf("got %v after %d upgrades with %d errors told, want failed after 2", err, counts.Upgrades, faults)
				}
			} else if !errors.Is(err, connector.ErrLoggedOut) || counts.Upgrades < 12 || counts.Upgrades > 40 || faults < 2*counts.Auths-1 || faults > 2*counts.Auths {
				w.t.Errorf("got %v, %+v and %d errors told in ten minutes, want a retry each 10s to 2m, and each error told, and each deadline", err, counts, faults)
			}
			if got := <-s; !errors.Is(got.err, connector.ErrSocketClosed) {
				w.t.Errorf("got %v for the subscription, want closed", got.err)
			}
			if got := w.socket.Status().State; got != transitions.SocketClosed {
				w.t.Errorf("got %v, want closed", got)
			}
		}, blame)
	}
}

func TestStrays(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault connectortest.Fault
		told  string // for each answer; empty: nothing
	}{
		{"R7 answers that come twice", connectortest.RepeatAnswers(100), ""},
		{"R7 answers to what nobody has asked", connectortest.StrayAnswers(100), "message: an answer to a request that was never made"},
	} {
		inRooms(t, c.name+": one settlement each", func(w *rooms) {
			errs, all, messages := w.socket.Errors(0), w.session.Errors(0), w.socket.Messages(0)
			w.script(c.fault)
			w.ready()
			s := w.joins("room-1")
			var waiting sync.WaitGroup
			for i := range 10 {
				waiting.Go(func() { w.echoes(fmt.Sprint(i)) })
			}
			waiting.Wait()
			if err := s.Leave(context.Background()); err != nil || s.Err() != nil {
				w.t.Errorf("got %v, %v", err, s.Err())
			}
			w.wantOne()
			if got := w.backend.Counts(); got.Subscriptions != 2 || got.Unsubscriptions != 1 || got.Requests != 10 {
				w.t.Errorf("got %+v, want everything sent once", got)
			}
			var want []string
			if c.told != "" {
				want = slices.Repeat([]string{c.told}, 14)
			}
			wantTold(w.t, errs, all, want...)
			synctest.Wait()
			strays := 0
			for _, m := range published(messages) {
				if m.ID != 0 {
					strays++
				}
			}
			if strays != 14 {
				w.t.Errorf("got %d of them among the messages, want all 14: they answer nothing", strays)
			}
		})
	}
}

func TestErrorStreams(t *testing.T) {
	inRooms(t, "K17 errors in order, to every consumer, and what was missed is counted", func(w *rooms) {
		var all []*connector.Stream[error]
		for _, stream := range []func(int) *connector.Stream[error]{w.socket.Errors, w.session.Errors} {
			all = append(all, stream(0), stream(0), stream(4))
		}
		w.ready()
		for i := range 10 {
			w.script(connectortest.SaySockets(fmt.Sprintf(`{"error":{"code":"no","text":"%d"}}`, i)))
		}
		synctest.Wait()
		for i, errs := range all {
			var got []string
			for _, err := range published(errs) {
				var fault *connector.SocketError
				if !errors.As(err, &fault) || fault.Socket != "menu" || fault.Op != "message" {
					w.t.Errorf("got %v, want an error of the socket", err)
				}
				got = append(got, strings.TrimPrefix(err.Error(), "interlock: socket menu: message: no: "))
			}
			want, missed := "0 1 2 3 4 5 6 7 8 9", uint64(0)
			if i%3 == 2 {
				want, missed = "6 7 8 9", 6
			}
			if strings.Join(got, " ") != want || errs.Missed() != missed {
				w.t.Errorf("consumer %d: got %s and %d missed, want %s and %d", i, strings.Join(got, " "), errs.Missed(), want, missed)
			}
		}
	})

	bubbles(t, "K17 what several sockets tell at once comes to every consumer in one order", func(t *testing.T, engine change) {
		w := newWorld(t, connectortest.Config{}, engine, beside)
		defer w.end()
		first, second := w.session.Errors(10000), w.session.Errors(10000)
		w.login()
		for range 500 {
			w.script(connectortest.SaySockets("garbage"), connectortest.SaySockets(`{"error":{"code":"no"}}`))
			synctest.Wait()
		}
		a, b := told(first), told(second)
		if len(a) != 2000 || !slices.Equal(a, b) {
			t.Errorf("got %d and %d errors, want 2000 in the same order", len(a), len(b))
		}
	})

	bubbles(t, "K17 a socket tells its own errors, the session those of all", func(t *testing.T, engine change) {
		w := newWorld(t, connectortest.Config{}, engine, beside)
		defer w.end()
		private, err := w.session.Socket("private")
		if err != nil {
			t.Fatal(err)
		}
		own, others, all := w.menu.Errors(0), private.Errors(0), w.session.Errors(0)
		w.login()
		w.script(connectortest.SaySockets("garbage"))
		synctest.Wait()
		if got := told(own); len(got) != 1 || !strings.Contains(got[0], "socket menu: decode") {
			t.Errorf("got %q from the one, want its own", got)
		}
		if got := told(others); len(got) != 1 || !strings.Contains(got[0], "socket private: decode") {
			t.Errorf("got %q from the other, want its own", got)
		}
		if got := told(all); len(got) != 2 {
			t.Errorf("got %q from the session, want both", got)
		}
	})
}
