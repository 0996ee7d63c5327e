package peer_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/backends/peer"
	"github.com/custom-app/interlock/connector/backends/scenario"
)

// ordered is the socket of /ordered, which has no ids: what answers a request is every
// message that is not sent unasked, and it answers the oldest.
func ordered() socketConfig {
	unasked := []string{"event", "ping", "token_expired"}
	auth := auth
	auth.IsAnswer = func(m message) bool { return m.Op == "auth" || m.Error == "auth_failed" }
	s := socket()
	s.URL = "/ordered"
	s.SetID, s.GetID, s.Blame = nil, nil, nil
	s.IsAnswer = func(m message) bool { return !slices.Contains(unasked, m.Op) }
	s.Auth, s.Renew = &auth, &auth
	s.Subscribe[0].NoAnswer = false
	s.Subscribe[0].IsAnswer = func(m message) bool { return m.Op == "subscribe" }
	return s
}

func TestScenariosOrdered(t *testing.T) { scenario.Run(t, backend("ws-ordered", ordered)) }

func TestOrdered(t *testing.T) {
	t.Run("R1 answers and errors in the order of requests, with events between them", func(t *testing.T) {
		v := begin(t, peer.Options{}, ordered())
		v.logIn()
		events := v.socket.Messages(0)
		var pending []*connector.Pending[message]
		for _, m := range []message{{Op: "echo", Text: "a", Late: 50}, {Op: "say", Text: "b"}, {Op: "echo"}, {Op: "nonsense"}, {Op: "echo", Text: "c"}} {
			p, err := v.socket.Submit(m)
			v.must(err)
			pending = append(pending, p)
		}
		wants := []message{{Op: "echo", Text: "a"}, {Op: "say"}, {Op: "error", Error: "empty"}, {Op: "error", Error: "unknown_op"}, {Op: "echo", Text: "c"}}
		for i, want := range wants {
			if got, err := pending[i].Wait(v.ctx); got != want || (err != nil) != (want.Error != "") {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
		}
		if got, _ := events.Next(v.ctx); got.Text != "b" {
			t.Errorf("got %+v, want the event b", got)
		}
	})

	t.Run("R2 a request that was cancelled is answered in its turn, and for nobody", func(t *testing.T) {
		v := begin(t, peer.Options{}, ordered())
		v.logIn()
		gone, cancel := context.WithCancel(v.ctx)
		cancel()
		for range 10 { // once more, if the answer was there first
			first, err := v.socket.Submit(message{Op: "echo", Text: "first", Late: 100})
			v.must(err)
			second, err := v.socket.Submit(message{Op: "echo", Text: "second"})
			v.must(err)
			_, err = first.Wait(gone)
			if got, err := second.Wait(v.ctx); err != nil || got.Text != "second" {
				t.Errorf("got %+v, %v, want the second answer", got, err)
			}
			if err == context.Canceled {
				return
			}
		}
		t.Errorf("got no %v in ten requests", context.Canceled)
	})

	t.Run("K11 a newer token on the same connection, while an answer is late", func(t *testing.T) {
		v := begin(t, peer.Options{Life: lifeUnknown, Grace: graceOfTests}, ordered(), withoutLife)
		v.logIn()
		late, err := v.socket.Submit(message{Op: "echo", Text: "late", Late: int((lifeUnknown + 300*time.Millisecond).Milliseconds())})
		v.must(err)
		v.renewed()
		if got, err := late.Wait(v.ctx); err != nil || got.Text != "late" {
			t.Errorf("got %+v, %v, want the late answer", got, err)
		}
		v.opened(1)
	})
}
