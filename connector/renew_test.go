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

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

// offers notes the tokens that a socket's messages offer.
type offers struct {
	mu     sync.Mutex
	tokens []authhttp.Generation
}

// note has the auth message and the renewals noted.
func (o *offers) note(s *roomConfig) {
	for _, step := range []*roomStep{s.Auth, s.Renew} {
		if step == nil {
			continue
		}
		build := step.Build
		step.Build = func(ctx context.Context, k roomKnown) (wish, error) {
			o.mu.Lock()
			o.tokens = append(o.tokens, k.Token.Generation)
			o.mu.Unlock()
			return build(ctx, k)
		}
	}
}

// want checks that so many messages were sent, each with a newer token.
func (o *offers) want(t *testing.T, want int) {
	t.Helper()
	synctest.Wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	if newer := slices.Compact(slices.Sorted(slices.Values(o.tokens))); len(o.tokens) != want || !slices.Equal(newer, o.tokens) {
		t.Errorf("got tokens %v offered, want %d, each newer", o.tokens, want)
	}
}

// expiring has the socket take the server's word that its token has expired.
func expiring(s *roomConfig) {
	s.Code = func(w word) (connector.Code, bool) {
		if w.Error == nil {
			return connector.Code{}, false
		}
		return connector.Code{Text: w.Error.Code}, true
	}
	s.Rules = []connector.Rule{{Source: connector.OfMessage, Text: "token_expired", Class: connector.ClassExpired}}
}

// reoffering has the socket offer newer tokens on the same connection.
func reoffering(s *roomConfig) { s.Renew = offer() }

// renews runs a test of a socket that renews, and says what it has offered.
func renews(t *testing.T, name string, backend connectortest.Config, test func(*rooms, *offers), edits ...roomEdit) {
	t.Helper()
	engines(t, name, backend, func(w *world) {
		o := &offers{}
		r := enterRooms(w, w.backend.WebSocketURL(), append([]roomEdit{expiring, reoffering}, append(edits, o.note)...)...)
		test(r, o)
	})
}

// wantSame checks that the first connection lasts, with its subscriptions.
func (w *rooms) wantSame(subscriptions int) {
	w.t.Helper()
	w.wantOne()
	if got := w.backend.Counts(); got.Upgrades != 1 || got.Subscriptions != subscriptions {
		w.t.Errorf("got %+v, want one connection and %d subscriptions", got, subscriptions)
	}
}

func TestRenew(t *testing.T) {
	renews(t, "K11 after a refresh the newer token goes out on the same connection", connectortest.Config{}, func(w *rooms, o *offers) {
		messages := w.socket.Messages(0)
		w.ready()
		s := w.joins("room-1")
		for i := range 3 { // a token lives for 60s
			w.until("socket", "renewing")
			w.until("socket", "subscribed")
			w.say("room-1", fmt.Sprint(i))
			w.echoes("hi")
		}
		o.want(w.t, 4)
		wantLasting(w.t, s)
		w.wantSame(2)
		if got := w.heard(messages); got != "room-1 0, room-1 1, room-1 2" {
			w.t.Errorf("got %q, want what is pushed to go on", got)
		}
		if got := w.backend.Counts(); got.Auths != 4 || got.Refreshes != 3 {
			w.t.Errorf("got %+v, want a renewal for each refresh", got)
		}
	})

	renews(t, "K11 the server says that the token has expired: a forced refresh, and a renewal", connectortest.Config{AccessLife: time.Hour}, func(w *rooms, o *offers) {
		messages := w.socket.Messages(0)
		w.ready()
		w.joins("room-1")
		w.script(connectortest.ExpireTokens(), connectortest.AnnounceExpiry())
		change := w.until("socket", "renewing")
		if change.From != "subscribed" || change.Event != "tokenRefused" || !strings.Contains(change.Reason, "token_expired") {
			w.t.Errorf("got %+v, want what the server said", change)
		}
		w.until("socket", "subscribed")
		o.want(w.t, 2)
		w.wantSame(2)
		w.say("room-1", "still")
		if got := w.heard(messages); got != "room-1 still" {
			w.t.Errorf("got %q", got)
		}
		for m := range slices.Values(published(messages)) {
			if m.Error != nil {
				w.t.Errorf("got %v among the messages, want it kept by the connector", m.Error)
			}
		}
	})

	renews(t, "K11 the server says so several times at once: one renewal, on the same connection", connectortest.Config{AccessLife: time.Hour}, func(w *rooms, o *offers) {
		w.ready()
		w.network.Latency(time.Second)
		w.script(connectortest.ExpireTokens(), connectortest.AnnounceExpiry(), connectortest.AnnounceExpiry(), connectortest.AnnounceExpiry())
		w.until("socket", "renewing")
		w.until("socket", "subscribed")
		o.want(w.t, 2)
		w.wantSame(1)
	})

	renews(t, "K11 the server says so again before it has the renewal", connectortest.Config{AccessLife: time.Hour}, func(w *rooms, o *offers) {
		w.ready()
		w.network.Latency(time.Second)
		w.script(connectortest.AnnounceExpiry())
		w.until("socket", "renewing") // the refresh takes two seconds, and the renewal two more
		time.Sleep(1500 * time.Millisecond)
		w.script(connectortest.AnnounceExpiry())
		time.Sleep(time.Minute)
		w.wantSame(1)
	})

	renews(t, "K11 requests and subscriptions go on during a renewal", connectortest.Config{AccessLife: time.Hour}, func(w *rooms, o *offers) {
		w.ready()
		w.network.Latency(time.Second)
		w.script(connectortest.AnnounceExpiry())
		w.until("socket", "renewing")
		w.echoes("while the token is refreshed")
		if got := w.socket.Status().State; got != transitions.SocketRenewing {
			w.t.Errorf("got %v after an answer, want still renewing", got)
		}
		w.echoes("meanwhile")
		w.joins("room-1")
		time.Sleep(10 * time.Second)
		o.want(w.t, 2)
		w.wantSame(2)
	})

	renews(t, "K11 K10 a renewal while a ping waits, and its answer is a sign of life", connectortest.Config{}, func(w *rooms, o *offers) {
		w.script(connectortest.Deaf(1)) // silent for 25s, renewed after 27 to 30s
		w.ready()
		for range 5 {
			if got := w.until("socket", "renewing"); got.From != "probing" {
				w.t.Errorf("got %+v, want a renewal while the ping waits", got)
			}
			w.until("socket", "subscribed")
		}
		o.want(w.t, 6)
		w.wantSame(1)
	})

	renews(t, "K11 no answer awaited", connectortest.Config{AccessLife: time.Hour}, func(w *rooms, o *offers) {
		w.ready()
		w.script(connectortest.HoldAuth(1), connectortest.AnnounceExpiry())
		w.until("socket", "renewing")
		if got := w.until("socket", "subscribed"); got.Event != "authSkipped" {
			w.t.Errorf("got %+v, want no answer awaited", got)
		}
		time.Sleep(time.Minute)
		o.want(w.t, 2)
		w.wantSame(1)
	}, func(s *roomConfig) { s.Renew.NoAnswer = true })
}

func TestRenewFails(t *testing.T) {
	life := connectortest.Config{AccessLife: time.Hour}
	for _, c := range []struct {
		name    string
		arrange func(*rooms)
		after   [2]time.Duration // until ready again
		offered int
		fault   string
		edit    roomEdit
	}{
		{"K11 rejected: reconnect with a fresh token", func(w *rooms) { w.script(connectortest.RejectAuth(1)) },
			[2]time.Duration{0, 6 * time.Second}, 3, "auth: invalid_token", func(*roomConfig) {}},
		{"K11 no answer: reconnect after AuthTimeout", func(w *rooms) { w.script(connectortest.HoldAuth(1)) },
			[2]time.Duration{10 * time.Second, 11 * time.Second}, 0, "auth: no answer in time", func(*roomConfig) {}},
		{"K11 the connection drops meanwhile: reconnect", func(w *rooms) { w.script(connectortest.DropOnAuth(1)) },
			[2]time.Duration{0, time.Second}, 0, "read", func(*roomConfig) {}},
		{"K11 the builder fails: reconnect", func(*rooms) {}, [2]time.Duration{0, time.Second}, 0, "auth: not now", func(s *roomConfig) {
			s.Renew.Build = func(context.Context, roomKnown) (wish, error) { return wish{}, errors.New("not now") }
		}},
		{"K11 the builder panics: reconnect", func(*rooms) {}, [2]time.Duration{0, time.Second}, 0, "auth: application: panic: boom", func(s *roomConfig) {
			s.Renew.Build = func(context.Context, roomKnown) (wish, error) { panic("boom") }
		}},
		{"K11 the builder waits for ever: reconnect after AuthTimeout", func(*rooms) {}, [2]time.Duration{10 * time.Second, 11 * time.Second}, 0, "auth: no answer in time", func(s *roomConfig) {
			s.Renew.Build = func(ctx context.Context, _ roomKnown) (wish, error) { <-ctx.Done(); return wish{}, ctx.Err() }
		}},
		{"K11 no refresh to be had: reconnect when there is", func(w *rooms) { w.script(connectortest.RefuseRefreshes(2, 503)) },
			[2]time.Duration{0, 5 * time.Second}, 2, "", func(*roomConfig) {}},
		{"K11 without Renew: reconnect with a new token", func(*rooms) {}, [2]time.Duration{0, time.Second}, 2, "message: token_expired", func(s *roomConfig) { s.Renew = nil }},
	} {
		renews(t, c.name, life, func(w *rooms, o *offers) {
			w.ready()
			s := w.joins("room-1")
			errs, all := w.socket.Errors(0), w.session.Errors(0)
			c.arrange(w)
			start := time.Now()
			w.script(connectortest.ExpireTokens(), connectortest.AnnounceExpiry())
			w.again()
			if took := time.Since(start); took < c.after[0] || took > c.after[1] {
				w.t.Errorf("got ready again after %v, want %v to %v", took, c.after[0], c.after[1])
			}
			if c.offered > 0 {
				o.want(w.t, c.offered)
			}
			if got := w.socket.Status(); got.Readies != 2 || got.Generation < 2 {
				w.t.Errorf("got %+v, want ready a second time, on another connection", got)
			}
			wantLasting(w.t, s)
			if got := w.backend.Counts(); got.Subscriptions != 4 || got.OpenSockets != 1 {
				w.t.Errorf("got %+v, want both subscriptions sent again, on one connection", got)
			}
			want := []string{}
			if !strings.Contains(c.name, "without Renew") {
				want = append(want, "message: token_expired")
			}
			if c.fault != "" {
				want = append(want, c.fault)
			}
			wantTold(w.t, errs, all, want...)
		}, c.edit)
	}

	renews(t, "K11 K3 rejected on the next connection too: final", life, func(w *rooms, o *offers) {
		w.ready()
		w.script(connectortest.RejectAuth(2), connectortest.AnnounceExpiry())
		w.until("socket", "failed")
		o.want(w.t, 3)
	})

	for name, fault := range map[string]connectortest.Fault{
		"while its answer is awaited": connectortest.HoldAuth(1), "while the token is refreshed": connectortest.HoldRefreshes(1),
	} {
		renews(t, "K11 logout during a renewal, "+name, life, func(w *rooms, o *offers) {
			w.ready()
			s := w.joins("room-1")
			w.script(connectortest.AnnounceExpiry(), fault)
			w.until("socket", "renewing")
			synctest.Wait()
			if took := w.logout(); took > 10*time.Second {
				w.t.Errorf("got logged out after %v", took)
			}
			wantEnded(w.t, s, connector.ErrSocketClosed)
			if got := w.socket.Status().State; got != transitions.SocketClosed {
				w.t.Errorf("got %v, want closed", got)
			}
			w.ready()
			w.echoes("logged in again")
		})
	}

	t.Run("K11 a public socket has nothing to renew", func(t *testing.T) {
		s := roomSocket("wss://api.example/ws")
		s.Public, s.Renew = true, offer()
		config := goodConfig()
		config.Sockets = []connector.AnySocket[user]{s}
		if _, err := connector.New(config); err == nil || !strings.Contains(err.Error(), "Renew: a public socket is given no token") {
			t.Errorf("got %v, want the field named", err)
		}
	})
}
