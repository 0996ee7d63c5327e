package connector_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

// events are those that have moved a machine, from what was published so far.
func (w *world) events(machine string) (all []string) {
	for _, c := range published(w.changes) {
		if c.Machine.String() == machine {
			all = append(all, c.Event)
		}
	}
	return all
}

// blaming has the socket take an error without an id for the oldest answer.
func blaming(s *roomConfig) { s.Blame = connector.BlameOldest[word] }

func TestAuthSteps(t *testing.T) {
	for _, c := range []struct {
		name string
		edit roomEdit
		auth string // the event that says how auth went
		sent int
	}{
		{"awaited", func(*roomConfig) {}, "authAccepted", 1},
		{"no answer awaited", func(s *roomConfig) { s.Auth.NoAnswer = true }, "authSkipped", 1},
		{"no auth message, by a token in the header", func(s *roomConfig) { s.Auth, s.Subscribe = nil, nil }, "authSkipped", 0},
		{"public", func(s *roomConfig) {
			s.URL, s.Public, s.Auth, s.Subscribe = "ws://127.0.0.1:80/public", true, nil, []roomStep{joining("news").Join}
		}, "authSkipped", 0},
	} {
		inRooms(t, "K3 every transition is seen: "+c.name, func(w *rooms) {
			w.login()
			synctest.Wait()
			want := []string{"openRequested", "tokenFresh", "opened", c.auth, "subscriptionsActive"}
			if c.name == "public" {
				want = slices.Delete(want, 1, 2)
			}
			if got := w.events("socket"); !slices.Equal(got, want) {
				w.t.Errorf("got %v, want %v", got, want)
			}
			if got := w.backend.Counts(); got.Auths != c.sent {
				w.t.Errorf("got %+v, want %d auth messages", got, c.sent)
			}
		}, c.edit)
	}

	inRooms(t, "K3 an answer that is not awaited is a message like others", func(w *rooms) {
		messages := w.socket.Messages(0)
		w.ready()
		synctest.Wait()
		if got := published(messages); len(got) == 0 || got[0].Auth == nil || got[0].Auth.Name != "ann" {
			w.t.Errorf("got %+v, want the answer first", got)
		}
	}, func(s *roomConfig) { s.Auth.NoAnswer = true })

	for name, none := range map[string]error{"ErrNone": connector.ErrNone, "wrapped": fmt.Errorf("guest: %w", connector.ErrNone), "a permanent error": backoff.Permanent(errors.New("no"))} {
		inRooms(t, "K3 no message to send is permanent: "+name, func(w *rooms) {
			if err := w.session.Login(context.Background(), ann); !errors.Is(err, connector.ErrSocketFailed) || !errors.Is(err, connector.ErrNone) {
				w.t.Errorf("got %v, want a failed socket and why", err)
			}
			time.Sleep(time.Hour)
			if got := w.socket.Status(); got.State != transitions.SocketFailed || got.Generation != 1 {
				w.t.Errorf("got %+v, want failed at the first attempt", got)
			}
		}, func(s *roomConfig) {
			s.Auth.Build = func(context.Context, roomKnown) (wish, error) { return wish{}, none }
		})
	}

	o := &offers{}
	inRooms(t, "K3 the first rejection costs one refresh, and the newer token is offered", func(w *rooms) {
		o.tokens = nil
		w.script(connectortest.RejectAuth(1))
		w.ready()
		o.want(w.t, 2)
		if got := w.backend.Counts(); got.Refreshes != 1 {
			w.t.Errorf("got %d refreshes, want 1", got.Refreshes)
		}
	}, o.note)

	inRooms(t, "F13 AuthTimeout counts from the upgrade, builder included", func(w *rooms) {
		w.script(connectortest.HoldAuth(1))
		start := time.Now()
		w.ready()
		if took := time.Since(start); took < 6*time.Second || took > 7*time.Second {
			w.t.Errorf("got ready after %v, want 4s of AuthTimeout, a retry, and the builder's 2s once more", took)
		}
	}, func(s *roomConfig) {
		s.AuthTimeout = 4 * time.Second
		build := s.Auth.Build
		s.Auth.Build = func(ctx context.Context, k roomKnown) (wish, error) {
			time.Sleep(2 * time.Second)
			return build(ctx, k)
		}
	})

	byLedger(t, "F3 F41 subscriptions without Accept are sent and awaited", func(w *rooms, l *ledger) {
		l.delay = time.Second
		start := time.Now()
		w.ready()
		if took := time.Since(start); took != 3*time.Second {
			w.t.Errorf("got ready after %v, want all three answers awaited", took)
		}
		l.want(w.t, "1 auth", "1 sub a", "1 sub b")
	}, func(s *roomConfig) { s.Subscribe = []roomStep{joining("a").Join, joining("b").Join} })

	var answers []*word
	noting := func(step *roomStep) {
		build := step.Build
		step.Build = func(ctx context.Context, k roomKnown) (wish, error) {
			answers = append(answers, k.AuthAnswer)
			return build(ctx, k)
		}
	}
	inRooms(t, "F4 builders of subscriptions are given the auth answer of their connection", func(w *rooms) {
		answers = nil
		w.ready()
		added := joining("room-1")
		noting(&added.Join)
		w.joinsBy(added)
		w.script(connectortest.DropSockets())
		w.again()
		synctest.Wait()
		seen := map[uint64]int{}
		for _, answer := range answers {
			if answer == nil || answer.Auth == nil || answer.Auth.Name != "ann" {
				w.t.Fatalf("got auth answers %+v, want ann's", answers)
			}
			seen[answer.ID]++
		}
		if len(answers) != 4 || len(seen) != 2 {
			w.t.Errorf("got %v, want two builders on each of two connections", seen)
		}
	}, func(s *roomConfig) { noting(&s.Subscribe[0]) })
}

func TestFirstOpenFails(t *testing.T) {
	for _, c := range []struct {
		name   string
		faults []connectortest.Fault
		most   time.Duration
	}{
		{"refused", []connectortest.Fault{connectortest.RefuseUpgrades(1, 502)}, time.Second},
		{"not answered", []connectortest.Fault{connectortest.HoldUpgrades(1)}, 16 * time.Second},
		{"dropped when open", []connectortest.Fault{connectortest.DropUpgraded(1)}, time.Second},
		{"closed when open", []connectortest.Fault{connectortest.CloseUpgraded(1, 1001, "restart")}, time.Second},
		{"a portal's page", []connectortest.Fault{connectortest.AnswerUpgrades(1, 200, "text/html", "<html>sign in</html>")}, time.Second},
		{"dropped at auth", []connectortest.Fault{connectortest.DropOnAuth(1)}, time.Second},
		{"closed at auth", []connectortest.Fault{connectortest.CloseOnAuth(1, 1011, "")}, time.Second},
		{"dropped at the subscription", []connectortest.Fault{connectortest.DropOnSubscribe(1)}, time.Second},
		{"closed at the subscription", []connectortest.Fault{connectortest.CloseOnSubscribe(1, 1011, "")}, time.Second},
		{"deaf, mute", []connectortest.Fault{connectortest.Mute(1)}, 11 * time.Second},
	} {
		inRooms(t, "F5 a first open that is "+c.name+" reconnects cleanly", func(w *rooms) {
			w.script(c.faults...)
			readies := w.socket.Readies(0)
			s := make(chan joined)
			go func() {
				w.until("socket", "tokenPending")
				s <- <-w.join(context.Background(), joining("room-1"))
			}()
			start := time.Now()
			w.login()
			if took := time.Since(start); took > c.most {
				w.t.Errorf("got ready after %v, want %v at most", took, c.most)
			}
			if got := <-s; got.err != nil {
				w.t.Errorf("subscribed during it: got %v", got.err)
			}
			w.echoes("hi")
			if got := w.socket.Status(); got.Generation != 2 || got.Readies != 1 || got.Failures != 1 {
				w.t.Errorf("got %+v, want ready at the second attempt", got)
			}
			if got := published(readies); len(got) != 1 || got[0] != (connector.Ready{Generation: 2}) {
				w.t.Errorf("got %+v, want ready once, for the first time", got)
			}
			w.script(connectortest.DropSockets()) // the mute one does not notice that it was left
		})
	}
}

func TestStrangeAnswers(t *testing.T) {
	// once makes the answer to the declared subscription an error without an id.
	once := func(w *rooms) roomEdit {
		return func(s *roomConfig) {
			build, done := s.Subscribe[0].Build, false
			s.Subscribe[0].Build = func(ctx context.Context, k roomKnown) (wish, error) {
				if !done {
					done = true
					w.script(connectortest.AnonymousErrors(1))
				}
				return build(ctx, k)
			}
		}
	}
	for _, c := range []struct {
		name  string
		at    string
		blame roomEdit
		after time.Duration
		told  []string
	}{
		{"F46 an error without an id at auth, nobody blamed", "auth", func(*roomConfig) {}, 10 * time.Second, []string{"message: unavailable", "auth: no answer in time"}},
		{"F46 an error without an id at auth, blamed", "auth", blaming, 0, []string{"auth: unavailable"}},
		{"F46 an error without an id at the subscription, nobody blamed", "subscribe", func(*roomConfig) {}, 10 * time.Second, []string{"message: unavailable", "subscribe: not every answer in time"}},
		{"F46 an error without an id at the subscription, blamed", "subscribe", blaming, 0, []string{"subscribe: message 1: unavailable"}},
	} {
		engines(t, c.name, connectortest.Config{AccessLife: time.Hour}, func(world *world) {
			w := &rooms{world: world}
			edit := once(w)
			if c.at == "auth" {
				edit = func(*roomConfig) {}
				w.script(connectortest.AnonymousErrors(1))
			}
			*w = *enterRooms(world, world.backend.WebSocketURL(), edit, c.blame)
			errs, all, messages := w.socket.Errors(0), w.session.Errors(0), w.socket.Messages(0)
			start := time.Now()
			w.ready()
			if took := time.Since(start); took < c.after || took > c.after+time.Second {
				w.t.Errorf("got ready after %v, want %v and a retry", took, c.after)
			}
			wantTold(w.t, errs, all, c.told...)
			for _, m := range published(messages) {
				if m.Error != nil {
					w.t.Errorf("got %v among the messages", m.Error)
				}
			}
			refreshes := 0
			if c.after == 0 {
				refreshes = 1 // a rejection like any other
			}
			if got := w.backend.Counts(); got.Upgrades != 2 || got.Refreshes != refreshes {
				w.t.Errorf("got %+v, want a second connection and %d refreshes", got, refreshes)
			}
		})
	}

	engines(t, "F46 an answer at auth that is not known as one", connectortest.Config{AccessLife: time.Hour}, func(world *world) {
		w := enterRooms(world, world.backend.WebSocketURL(), func(s *roomConfig) {
			s.GetID = func(word) (uint64, bool) { return 0, false }
		})
		errs, all := w.socket.Errors(0), w.session.Errors(0)
		w.loginOnly()
		w.until("socket", "waiting")
		wantTold(w.t, errs, all, "auth: no answer in time, though messages came that are no answer: 1")
	})

	inRooms(t, "F46 the answers of the handshake in frames with other messages", func(w *rooms) {
		messages := w.socket.Messages(0)
		w.script(connectortest.BatchAnswers(3))
		w.ready()
		w.echoes("hi")
		w.wantOne()
		synctest.Wait()
		news := 0
		for _, m := range published(messages) {
			if m.ID != 0 {
				w.t.Errorf("got an answer among the messages: %+v", m)
			}
			if m.Push != nil && m.Push.News != nil {
				news++
			}
		}
		if news != 3 {
			w.t.Errorf("got %d of what came in the same frames, want 3", news)
		}
	})
}
