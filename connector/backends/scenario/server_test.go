package scenario

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func TestAwait(t *testing.T) {
	t.Run("returns when the counts are right", func(t *testing.T) {
		var tally Tally
		done := make(chan error)
		go func() {
			done <- tally.Await(t.Context(), "two logins", func(n Counts) bool { return n.Logins == 2 })
		}()
		for range 2 {
			tally.Count(func(n *Counts) { n.Logins++ })
		}
		if err := <-done; err != nil {
			t.Errorf("got %v, want no error", err)
		}
	})
	t.Run("says what it has waited for", func(t *testing.T) {
		var tally Tally
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := tally.Await(ctx, "two logins", func(n Counts) bool { return n.Logins == 2 })
		if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "two logins") {
			t.Errorf("got %v, want %v and what was waited for", err, context.Canceled)
		}
	})
}

// hijacker takes every connection for a socket, and hands it to got.
func hijacker(got chan<- net.Conn) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			got <- conn
		}
	})
}

func TestSite(t *testing.T) {
	var tally Tally
	site, conns := NewSite(&tally), make(chan net.Conn, 1)
	start := func() {
		t.Helper()
		if err := site.Start(hijacker(conns)); err != nil {
			t.Fatal(err)
		}
	}
	open := func() net.Conn {
		t.Helper()
		conn, err := net.Dial("tcp", site.Address())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		<-conns
		return conn
	}
	want := func(opened, now int) {
		t.Helper()
		if got := tally.Counts(); got.Opened != opened || got.Open != now {
			t.Errorf("got %+v, want %d opened and %d open", got, opened, now)
		}
	}
	start()
	address, conn := site.Address(), open()
	want(1, 1)
	if err := site.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("got a byte of a site that has stopped, want an error")
	}
	want(1, 0)
	start()
	if got := site.Address(); got != address {
		t.Errorf("got the address %s, want %s as before", got, address)
	}
	open()
	if site.Cut(); tally.Counts().Open != 0 {
		t.Errorf("got %+v after a cut, want none open", tally.Counts())
	}
	open()
	want(3, 1)
	if err := errors.Join(site.Stop(), site.Stop()); err != nil {
		t.Error(err)
	}
	want(3, 0)
}

// post makes a request of JSON, and returns the status and the answer.
func post(t *testing.T, h http.Handler, path, token string, body any) (int, grant) {
	t.Helper()
	encoded, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, bytes.NewReader(encoded))
	request.Header.Set("Authorization", "Bearer "+token)
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, request)
	var given grant
	if answer.Body.Len() > 0 {
		if err := json.Unmarshal(answer.Body.Bytes(), &given); err != nil {
			t.Fatal(err)
		}
	}
	return answer.Code, given
}

func TestAccounts(t *testing.T) {
	var tally Tally
	a := NewAccounts(&tally, time.Hour)
	status, given := post(t, a, "/login", "", a.Account())
	if name, _, err := a.Verify(given.Access); status != 200 || name != a.Account().Name || err != nil {
		t.Fatalf("got %d, %q, %v, want a token of %s", status, name, err, a.Account().Name)
	}
	if status, _ := post(t, a, "/login", "", Account{"ann", "wrong"}); status != 401 {
		t.Errorf("got %d for a wrong password, want 401", status)
	}
	status, newer := post(t, a, "/refresh", "", map[string]string{"refresh_token": given.Refresh})
	if status != 200 || newer.Access == given.Access {
		t.Errorf("got %d, want another token", status)
	}
	if status, _ := post(t, a, "/refresh", "", map[string]string{"refresh_token": given.Refresh}); status != 401 {
		t.Errorf("got %d for a refresh token that was used, want 401", status)
	}
	if status, _ := post(t, a, "/logout", newer.Access, nil); status != 204 {
		t.Errorf("got %d for a logout, want 204", status)
	}
	if status, _ := post(t, a, "/refresh", "", map[string]string{"refresh_token": newer.Refresh}); status != 401 {
		t.Errorf("got %d for a refresh after a logout, want 401", status)
	}
	before := time.Now()
	lasting, err := a.Token("ann", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if _, expires, err := a.Verify(lasting); err != nil || expires.Before(before.Add(time.Minute)) || expires.After(time.Now().Add(time.Minute+time.Second)) {
		t.Errorf("got the end %v, %v, want a minute after %v, and the end of the second", expires, err, before)
	}
	expired, err := a.Token("ann", -time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := a.Verify(expired); !errors.Is(err, jwt.ErrTokenExpired) {
		t.Errorf("got %v, want %v", err, jwt.ErrTokenExpired)
	}
	a.Revoke("ann")
	if _, _, err := a.Verify(newer.Access); err == nil || errors.Is(err, jwt.ErrTokenExpired) {
		t.Errorf("got %v for a revoked user, want an error that is not %v", err, jwt.ErrTokenExpired)
	}
	if got, want := tally.Counts(), (Counts{Logins: 1, Refused: 1, Refreshes: 1, Logouts: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
