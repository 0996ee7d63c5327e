package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// serving is a run of serve under way.
type serving struct {
	lines  *bufio.Scanner // of its standard output
	stop   func() (status int, stderr string)
	client *http.Client
}

func serve(t *testing.T, args ...string) *serving {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	var stderr bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		status := run(ctx, append([]string{"serve"}, args...), in, &stderr)
		_ = in.Close()
		ended <- status
	}()
	transport := &http.Transport{}
	s := &serving{lines: bufio.NewScanner(out), client: &http.Client{Transport: transport}}
	s.stop = func() (int, string) {
		cancel()
		for s.lines.Scan() {
			t.Errorf("got %q on stdout at the end, want nothing", s.lines.Text())
		}
		transport.CloseIdleConnections()
		return <-ended, stderr.String()
	}
	return s
}

func (s *serving) logIn(t *testing.T, url string) (answer struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	Life    int    `json:"expires_in"`
}) {
	t.Helper()
	r, err := s.client.Post(url, "application/json", strings.NewReader(`{"name":"bob","password":"hunter2"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	if err := json.NewDecoder(r.Body).Decode(&answer); err != nil || r.StatusCode != http.StatusOK || answer.Access == "" {
		t.Fatalf("got status %d, fault %v, want tokens", r.StatusCode, err)
	}
	return answer
}

func TestServeJSON(t *testing.T) {
	s := serve(t, "--addr", "127.0.0.1:0", "--access-life", "7s", "--json")
	endpoints, methods := make(map[string]string), make(map[string]string)
	var users []string
	for range 9 + 3 {
		if !s.lines.Scan() {
			t.Fatal("stdout has ended early")
		}
		var line struct {
			Endpoint, Method, URL string
			User                  *user
		}
		decoder := json.NewDecoder(strings.NewReader(s.lines.Text()))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&line); err != nil || (line.Endpoint == "") == (line.User == nil) {
			t.Fatalf("got line %q, %v, want an endpoint or a user", s.lines.Text(), err)
		}
		if line.Endpoint != "" {
			endpoints[line.Endpoint], methods[line.Endpoint] = line.URL, line.Method
		} else {
			users = append(users, line.User.Name)
		}
	}
	if want := []string{"ann", "bob", "carol"}; len(endpoints) != 9 || !slices.Equal(users, want) {
		t.Errorf("got %d endpoints, users %q, want 9 and %q", len(endpoints), users, want)
	}
	t.Run("every endpoint is there", func(t *testing.T) {
		for name, url := range endpoints {
			r, err := http.NewRequestWithContext(t.Context(), methods[name], strings.Replace(url, "ws://", "http://", 1), nil)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := s.client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusNotFound || answer.StatusCode == http.StatusMethodNotAllowed {
				t.Errorf("%s %s: got status %d, want another", methods[name], url, answer.StatusCode)
			}
		}
	})
	tokens := s.logIn(t, endpoints["login"])
	if tokens.Life != 7 {
		t.Errorf("got tokens that live %d s, want 7", tokens.Life)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, endpoints["me"], nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+tokens.Access)
	answer, err := s.client.Do(r)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("GET /me: got %v, %v, want 200", answer, err)
	}
	_ = answer.Body.Close()

	status, stderr := s.stop()
	if status != done || !strings.Contains(stderr, "everything is closed") || strings.Contains(stderr, "warning") {
		t.Errorf("got status %d, stderr %q, want a clean end", status, stderr)
	}
	t.Run("X1 no secret", func(t *testing.T) {
		for _, secret := range []string{tokens.Access, tokens.Refresh, "eyJ", "hunter2"} {
			if strings.Contains(stderr, secret) {
				t.Errorf("got %q on stderr", secret)
			}
		}
	})
	if _, err := s.client.Get(endpoints["login"]); err == nil {
		t.Error("got an answer after the end, want none")
	}
}

func TestServeText(t *testing.T) {
	s := serve(t, "--addr", "127.0.0.1:0")
	var text, login string
	for s.lines.Scan() {
		text += s.lines.Text() + "\n"
		for word := range strings.FieldsSeq(s.lines.Text()) {
			if strings.HasSuffix(word, "/login") {
				login = word
			}
		}
		if strings.Contains(s.lines.Text(), "$TOKEN") {
			break
		}
	}
	for _, want := range []string{"/login ", "/login-as ", "/refresh ", "/logout ", "/logout-everywhere ", "/me ", "/echo ", "ws://127.0.0.1:", "/ws ", "/public ", `"unsub"`, `"room-1"`, `"ping"`,
		"ann, id 1, password secret, may log in as another\n", "bob, id 2,", "carol, id 3, password letmein\n", "curl -s http://127.0.0.1:", "1m0s"} {
		if !strings.Contains(text, want) {
			t.Errorf("got %q, want it to have %q", text, want)
		}
	}
	s.logIn(t, login)
	s.lines.Scan() // the empty line at the end
	if status, stderr := s.stop(); status != done || !strings.Contains(stderr, "step=login") {
		t.Errorf("got status %d, stderr %q, want a clean end and the login logged", status, stderr)
	}
}

func TestServeIsExposed(t *testing.T) {
	for text, want := range map[string]bool{
		"127.0.0.1:80": false, "127.1.2.3:80": false, "[::1]:80": false,
		"0.0.0.0:80": true, "[::]:80": true, "192.0.2.1:80": true, "[2001:db8::1]:80": true,
	} {
		if got := isExposed(net.TCPAddrFromAddrPort(netip.MustParseAddrPort(text))); got != want {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
}

func TestServeAddressTaken(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	got := runWith(t, "serve", "--addr", listener.Addr().String())
	if got.status != failed || got.stdout != "" || !strings.Contains(got.stderr, "--addr") || !strings.Contains(got.stderr, "127.0.0.1:0 takes a free port") {
		t.Errorf("got %+v, want a failure that says what to do", got)
	}
}
