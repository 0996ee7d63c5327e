package connector_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector/connectortest"
)

func TestSameToken(t *testing.T) {
	fixed := connectortest.Config{AccessLife: time.Hour, FixedRefresh: true}
	sameAgain := func(w *world, n int) authhttp.Token {
		w.t.Helper()
		old := w.token()
		body := fmt.Sprintf(`{"access_token":%q,"expires_in":3600}`, old.Access.Reveal())
		w.script(connectortest.AnswerRefreshes(n, 200, "application/json", body))
		return old
	}
	engines(t, "F35 a forced refresh that brings the same token is success", fixed, func(w *world) {
		w.login()
		old := sameAgain(w, 1)
		got, err := w.session.Token(context.Background(), old.Generation)
		if err != nil || got.Access != old.Access || got.Generation <= old.Generation {
			w.t.Errorf("got %v, %v, want the same token as a newer one", got, err)
		}
		w.wantBack(1)
		if got := w.backend.Counts(); got.Refreshes != 1 || got.Upgrades != 1 {
			w.t.Errorf("got %+v, want one refresh and the socket left alone", got)
		}
	})
	engines(t, "F35 refreshes in time that bring the same token do not end the session", fixed, func(w *world) {
		w.login()
		sameAgain(w, 1)
		w.until("token", "refreshing")
		w.until("token", "fresh")
		w.wantBack(1)
		time.Sleep(59 * time.Minute) // the next one brings another, with the old refresh token
		w.wantBack(1)
		if got := w.backend.Counts(); got.Refreshes != 2 || got.Logins != 1 {
			w.t.Errorf("got %+v, want two refreshes", got)
		}
	})
	engines(t, "F35 a 401 and the same token back: one retry, and the 401 is the caller's", fixed, func(w *world) {
		w.login()
		sameAgain(w, 1000)
		w.script(connectortest.ExpireTokens())
		client := w.session.HTTP()
		for range 60 {
			if got := postEcho(w, client, context.Background(), "hi"); got != http.StatusUnauthorized {
				w.t.Errorf("got %d, want 401", got)
			}
			time.Sleep(time.Second)
		}
		wantRefreshesAtMost(w, 12)
	})
}

func wantRefreshesAtMost(w *world, most int) {
	w.t.Helper()
	if got := w.backend.Counts().Refreshes; got < 1 || got > most {
		w.t.Errorf("got %d refreshes, want 1 to %d", got, most)
	}
	if s := w.session.Status(); !s.Ready {
		w.t.Errorf("got %+v, want ready", s)
	}
}

// TestDeafRefresh has a service whose refresh never returns, whatever its context.
func TestDeafRefresh(t *testing.T) {
	bubbles(t, "F36 a refresh that never returns wedges nothing", func(t *testing.T, engine change) {
		release := make(chan struct{})
		deaf := &service{refresh: func(context.Context, authhttp.Pair) (authhttp.Pair, error) {
			<-release
			return authhttp.Pair{}, authhttp.ErrUnavailable
		}}
		w := newWorld(t, connectortest.Config{AccessLife: time.Minute}, engine, serving(deaf))
		defer w.end()
		defer close(release)
		w.login()
		w.until("token", "refreshing")
		for range 10 {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			start := time.Now()
			if _, err := w.session.Token(ctx, 0); err == nil || time.Since(start) > time.Second {
				t.Errorf("got %v after %v, want none by its context", err, time.Since(start))
			}
			cancel()
			if got, err := w.echo("meanwhile"); got != "meanwhile" {
				t.Errorf("got %q, %v", got, err)
			}
			if s := w.session.Status(); !s.Ready {
				t.Errorf("got %+v, want ready", s)
			}
			time.Sleep(7 * time.Second)
		}
		if took := w.logout(); took > 15*time.Second {
			t.Errorf("got logged out after %v", took)
		}
		wantGone(w)
		w.login() // and the next user is not held up
	})
}

func TestRefreshAnswers(t *testing.T) {
	// seen is what the token and the session have gone through after the answer.
	type seen struct{ unavailable, refreshed, rejected, expired int }
	for _, c := range []struct {
		name    string
		script  func(w *world) connectortest.Fault
		want    seen
		reason  string        // of the end
		noRetry time.Duration // from the answer
	}{
		{name: "200 the same token", want: seen{refreshed: 1}, script: func(w *world) connectortest.Fault {
			return connectortest.AnswerRefreshes(1, 200, "application/json", fmt.Sprintf(`{"access_token":%q,"expires_in":60}`, w.token().Access.Reveal()))
		}},
		{name: "200 with an empty body", want: seen{unavailable: 1, refreshed: 1}, script: func(*world) connectortest.Fault { return connectortest.AnswerRefreshes(1, 200, "", "") }},
		{name: "200 with an empty object", want: seen{unavailable: 1, refreshed: 1}, script: func(*world) connectortest.Fault {
			return connectortest.AnswerRefreshes(1, 200, "application/json", "{}")
		}},
		{name: "204", want: seen{unavailable: 1, refreshed: 1}, script: func(*world) connectortest.Fault { return connectortest.AnswerRefreshes(1, 204, "", "") }},
		{name: "HTML", want: seen{unavailable: 1, refreshed: 1}, script: func(*world) connectortest.Fault {
			return connectortest.AnswerRefreshes(1, 200, "text/html", "<html>Welcome to the hotel</html>")
		}},
		{name: "500", want: seen{unavailable: 1, refreshed: 1}, script: func(*world) connectortest.Fault { return connectortest.RefuseRefreshes(1, 500) }},
		{name: "404", want: seen{unavailable: 1, refreshed: 1}, script: func(*world) connectortest.Fault { return connectortest.RefuseRefreshes(1, 404) }},
		{name: "429 with Retry-After", want: seen{unavailable: 1, refreshed: 1}, noRetry: 17 * time.Second, script: func(*world) connectortest.Fault {
			return connectortest.RefuseRefreshes(1, 429).RetryAfter(17 * time.Second)
		}},
		{name: "429 with a Retry-After beyond the end of the token", want: seen{unavailable: 1, refreshed: 1}, noRetry: 100 * time.Second, script: func(*world) connectortest.Fault {
			return connectortest.RefuseRefreshes(1, 429).RetryAfter(100 * time.Second)
		}},
		{name: "a cut connection", want: seen{unavailable: 1, refreshed: 1}, script: func(*world) connectortest.Fault { return connectortest.CutRefreshes(1) }},
		{name: "no answer", want: seen{unavailable: 1, refreshed: 1}, script: func(*world) connectortest.Fault { return connectortest.HoldRefreshes(1) }},
		{name: "400", want: seen{rejected: 1, expired: 1}, reason: "rejected", script: func(*world) connectortest.Fault { return connectortest.RefuseRefreshes(1, 400) }},
		{name: "401", want: seen{rejected: 1, expired: 1}, reason: "rejected", script: func(*world) connectortest.Fault { return connectortest.RefuseRefreshes(1, 401) }},
		{name: "403", want: seen{rejected: 1, expired: 1}, reason: "rejected", script: func(*world) connectortest.Fault { return connectortest.RefuseRefreshes(1, 403) }},
	} {
		engines(t, "T5 "+c.name, connectortest.Config{AccessLife: time.Minute}, func(w *world) {
			w.login()
			w.script(c.script(w))
			w.until("token", "refreshing")
			start, retried := time.Now(), time.Duration(0)
			var got seen
			ctx, cancel := context.WithTimeout(context.Background(), 25*time.Second+c.noRetry)
			defer cancel()
			for change := range w.changes.All(ctx) {
				switch change.Event {
				case "unavailable", "refreshTimedOut":
					got.unavailable++
				case "refreshed":
					got.refreshed++
				case "rejected":
					got.rejected++
				case "tokenExpired":
					got.expired++
					if !strings.Contains(change.Reason, c.reason) {
						w.t.Errorf("got reason %q, want one with %q", change.Reason, c.reason)
					}
				case "retryDue":
					retried = time.Since(start)
				}
			}
			if got != c.want {
				w.t.Errorf("got %+v, want %+v", got, c.want)
			}
			if c.noRetry > 0 && (retried < c.noRetry || retried > c.noRetry+5*time.Second) {
				w.t.Errorf("got a retry after %v, want not before %v", retried, c.noRetry)
			}
			s := w.session.Status()
			if stays := c.want.expired == 0; s.Ready != stays || s.LoggedIn != stays {
				w.t.Errorf("got %+v, want logged in and ready: %v", s, stays)
			}
			if counts := w.backend.Counts(); counts.Refreshes != c.want.unavailable+1 || counts.Logins != 1 || counts.Upgrades != 1 {
				w.t.Errorf("got %+v, want %d refreshes, one login and one socket", counts, c.want.unavailable+1)
			}
		})
	}
}
