package connector_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

func TestLoginAsRefused(t *testing.T) {
	engines(t, "S5 403 to those who may not", longLived, func(w *world) {
		if err := w.session.Login(context.Background(), credentials{"carol", "letmein"}); err != nil {
			w.t.Fatal(err)
		}
		w.wantUntouched(carolID, func() {
			err := w.session.LoginAs(context.Background(), bobID)
			wantNotLoggedIn(w.t, err, authhttp.ErrRejected)
		})
		if got := w.backend.Counts().LoginAs; got != 1 {
			w.t.Errorf("got %d requests, want 1: a refusal is final", got)
		}
	})

	engines(t, "S5 403 above another user", longLived, func(w *world) {
		defer w.unwind()
		w.login()
		w.as(carolID)
		w.wantUntouched(carolID, func() {
			wantNotLoggedIn(w.t, w.session.LoginAs(context.Background(), bobID), authhttp.ErrRejected)
		})
		w.wantUsers("ann", "carol")
	})

	engines(t, "S5 404 for a user that does not exist", longLived, func(w *world) {
		w.login()
		w.wantUntouched(annID, func() {
			wantNotLoggedIn(w.t, w.session.LoginAs(context.Background(), 77), authhttp.ErrRejected)
		})
	})

	engines(t, "S5 the network is dead and the context ends", longLived, func(w *world) {
		w.login()
		w.outOfReach()
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		start := time.Now()
		err := w.session.LoginAs(ctx, bobID)
		wantNotLoggedIn(w.t, err, context.DeadlineExceeded)
		if got := time.Since(start); got != 20*time.Second {
			w.t.Errorf("got the answer after %v, want 20s", got)
		}
		w.network.Refuse(false)
		w.wantUntouched(annID, func() { time.Sleep(time.Hour) }) // and nothing goes on behind
		if got := w.backend.Counts(); got.LoginAs != 0 || got.Upgrades != 1 {
			w.t.Errorf("got %+v, want nothing sent and the one connection", got)
		}
	})

	engines(t, "S5 retries spent", longLived, func(w *world) {
		w.login()
		w.script(connectortest.RefuseLoginAs(1000, 503))
		w.wantUntouched(annID, func() {
			wantNotLoggedIn(w.t, w.session.LoginAs(context.Background(), bobID), authhttp.ErrUnavailable)
		})
		if got := w.backend.Counts().LoginAs; got != 4 {
			w.t.Errorf("got %d requests, want 1 and 3 retries", got)
		}
	}, threeRetries)

	engines(t, "S5 an answer without tokens", longLived, func(w *world) {
		w.login()
		w.script(connectortest.AnswerLoginAs(1, 200, "application/json", `{"user":{"id":2,"name":"bob"}}`))
		w.wantUntouched(annID, func() {
			wantNotLoggedIn(w.t, w.session.LoginAs(context.Background(), bobID), connector.ErrNoTokens)
		})
		if got := w.backend.Counts().LoginAs; got != 1 {
			w.t.Errorf("got %d requests, want 1", got)
		}
	})

	for _, c := range []struct{ name, kind, body string }{
		{"not JSON", "text/html", "<html>"},
		{"empty", "", ""},
		{"tokens of another type", "application/json", `{"access_token":7,"user":{"id":2}}`},
		{"a user of another type", "application/json", `{"access_token":"a","user":"bob"}`},
	} {
		engines(t, "S5 a spoilt answer is no verdict: "+c.name, longLived, func(w *world) {
			defer w.unwind()
			w.login()
			w.script(connectortest.AnswerLoginAs(4, 200, c.kind, c.body))
			w.wantUntouched(annID, func() {
				wantNotLoggedIn(w.t, w.session.LoginAs(context.Background(), bobID), authhttp.ErrUnavailable)
			})
			w.script(connectortest.AnswerLoginAs(1, 200, c.kind, c.body))
			w.as(bobID)
			w.wantUsers("ann", "bob")
			if got := w.backend.Counts().LoginAs; got != 6 {
				w.t.Errorf("got %d requests, want 4 and then 2", got)
			}
		}, threeRetries)
	}

	engines(t, "T6 401 twice", longLived, func(w *world) {
		w.login()
		token := w.token()
		w.script(connectortest.RefuseLoginAs(2, 401))
		err := w.session.LoginAs(context.Background(), bobID)
		wantNotLoggedIn(w.t, err, authhttp.ErrTokenRefused)
		if got := w.backend.Counts(); got.LoginAs != 2 || got.Refreshes != 1 || got.Upgrades != 1 || got.OpenSockets != 1 {
			w.t.Errorf("got %+v, want two requests, one refresh and the same connection", got)
		}
		if got := w.token(); got.Generation <= token.Generation {
			w.t.Errorf("got token %v, want a newer one than %v", got.Generation, token.Generation)
		}
		w.wantUsers("ann")
		w.wantWorking(annID)
	})

	engines(t, "S5 when nobody is logged in", longLived, func(w *world) {
		err := w.session.LoginAs(context.Background(), bobID)
		var outcome *connector.LoginError
		if !errors.Is(err, connector.ErrNotLoggedIn) || errors.As(err, &outcome) {
			w.t.Errorf("got %v, want not logged in", err)
		}
		if got := w.backend.Counts(); got != (connectortest.Counts{}) {
			w.t.Errorf("got %+v, want nothing sent", got)
		}
	})

	for _, c := range []struct {
		name   string
		cannot change
	}{
		{"without the method", serving(&service{})},
		{"without the URL", func(c *config) { c.Auth.(*authhttp.JSON[credentials, user]).LoginAsURL = "" }},
	} {
		engines(t, "S5 a service that cannot, "+c.name, longLived, func(w *world) {
			w.login()
			w.wantUntouched(annID, func() {
				if err := w.session.LoginAs(context.Background(), bobID); !errors.Is(err, authhttp.ErrNotSupported) {
					w.t.Errorf("got %v, want not supported", err)
				}
			})
		}, c.cannot)
	}

	engines(t, "S5 the sockets of the other user fail, who stays logged in", longLived, func(w *world) {
		defer w.unwind()
		w.login()
		w.script(connectortest.RejectAuth(2))
		err := w.session.LoginAs(context.Background(), bobID)
		var outcome *connector.LoginError
		if !errors.As(err, &outcome) || !outcome.LoggedIn || !errors.Is(err, connector.ErrSocketFailed) {
			w.t.Errorf("got %v, want logged in with a failed socket", err)
		}
		w.wantUsers("ann", "bob")
		if s := w.session.Status(); s.Ready || s.Opening || !s.LoggedIn {
			w.t.Errorf("got %+v, want degraded", s)
		}
		w.logout()
		w.wantUsers("ann")
		w.wantWorking(annID)
	})
}
