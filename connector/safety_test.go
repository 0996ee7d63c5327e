package connector_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

// secrets notes the tokens that a backend hands out, and searches text for them.
type secrets struct {
	mu    sync.Mutex
	known []string
}

func (s *secrets) note(pair authhttp.Pair) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if pair.Access != "" {
		s.known = append(s.known, pair.Access.Reveal(), pair.Refresh.Reveal())
	}
}

// noting is a service that notes every pair that passes.
func (s *secrets) noting() *service {
	n := &service{}
	n.login = func(ctx context.Context, c credentials) (authhttp.Grant[user], error) {
		grant, err := n.Service.Login(ctx, c)
		s.note(grant.Pair)
		return grant, err
	}
	n.refresh = func(ctx context.Context, pair authhttp.Pair) (authhttp.Pair, error) {
		newer, err := n.Service.Refresh(ctx, pair)
		s.note(newer)
		return newer, err
	}
	return n
}

func TestNoSecrets(t *testing.T) {
	const password = "correct-horse-battery"
	backend := connectortest.Config{Users: []connectortest.User{{ID: 1, Name: "ann", Password: password}}}
	bubbles(t, "X1 no secret in any output", func(t *testing.T, engine change) {
		var out, journal bytes.Buffer
		hidden := &secrets{known: []string{password, "wrong-" + password}}
		w := newWorld(t, backend, engine, journalTo(&journal), serving(hidden.noting()))
		client, err := connector.New(w.config)
		if err != nil {
			t.Fatal(err)
		}
		errs := w.session.Errors(0)
		show := func(values ...any) {
			for _, v := range values {
				fmt.Fprintf(&out, "%v %+v %#v %s %q %x\n", v, v, v, v, v, v)
				text, _ := json.Marshal(v)
				out.Write(text)
				for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
					slog.New(h).Info("seen", "value", v)
				}
			}
		}
		show(w.session.Login(context.Background(), credentials{"ann", "wrong-" + password}))
		w.script(connectortest.RefuseLogins(1, 503), connectortest.RejectAuth(1), connectortest.RefuseUpgrades(1, 502))
		if err := w.session.Login(context.Background(), credentials{"ann", password}); err != nil {
			t.Fatal(err)
		}
		show(w.session, client, w.menu, w.session.Status(), w.token())
		fmt.Fprintf(&out, "%v %+v %#v\n", w.session.HTTP(), w.session.HTTP(), w.session.HTTP())
		w.script(connectortest.HoldRequests(1), connectortest.RefuseRefreshes(2, 500), connectortest.CloseSockets(4401, "token expired"))
		_, err = w.menu.Request(context.Background(), request{Delete: &category{ID: 99}})
		show(err)
		time.Sleep(5 * time.Minute)
		w.script(connectortest.ExpireTokens())
		answer, err := w.session.HTTP().Get(w.backend.URL() + "/me")
		show(err, answer.StatusCode)
		_ = answer.Body.Close()
		w.script(connectortest.RevokeAll())
		time.Sleep(5 * time.Minute)
		show(w.session.Login(context.Background(), credentials{"ann", "wrong-" + password}))
		w.changes.Close()
		for c := range w.changes.All(context.Background()) {
			show(c)
		}
		errs.Close()
		for err := range errs.All(context.Background()) {
			show(err)
		}
		w.end()
		out.Write(journal.Bytes())

		if len(hidden.known) < 8 || out.Len() < 10000 {
			t.Fatalf("got %d secrets and %d bytes, want a run worth searching", len(hidden.known), out.Len())
		}
		for i, secret := range hidden.known {
			for _, form := range []string{secret, fmt.Sprintf("%x", secret)} {
				if at := strings.Index(out.String(), form); at >= 0 {
					t.Errorf("secret %d is in the output: ...%s", i, out.String()[max(0, at-200):at])
				}
			}
		}
	})
}

func TestMalformedMessages(t *testing.T) {
	for _, c := range []struct {
		name  string
		kind  int
		data  string
		fault string // told on Errors; empty: it is a message
		drops bool
	}{
		{"not JSON", websocket.TextMessage, "{", "decode", false},
		{"empty", websocket.TextMessage, "", "decode", false},
		{"a field of another type", websocket.TextMessage, `{"id":"seven"}`, "decode", false},
		{"an id out of range", websocket.TextMessage, `{"id":-1}`, "decode", false},
		{"an array of what is none", websocket.TextMessage, `[1]`, "decode", false},
		{"an array of one", websocket.TextMessage, `[{"other":1}]`, "", false},
		{"binary garbage", websocket.BinaryMessage, "\xff\x00\xfe", "decode", false},
		{"nothing known in it", websocket.TextMessage, `{"other":1}`, "", false},
		{"an answer to an id never used", websocket.TextMessage, `{"id":99999,"echo":{"text":"x"}}`, "message", false},
		{"an answer to the auth message once more", websocket.TextMessage, `{"id":1,"error":{"code":"invalid_token"}}`, "", false},
		{"an error without an id", websocket.TextMessage, `{"error":{"code":"bad_message"}}`, "message", false},
		{"longer than ReadLimit", websocket.TextMessage, `{"id":"` + strings.Repeat("x", 1000) + `"}`, "read", true},
	} {
		bubbles(t, "X4 a message that is "+c.name, func(t *testing.T, engine change) {
			w := peerWorld(t, engine, func(n int, ws *websocket.Conn) {
				sent := n > 1
				follow(ws, func(r request) {
					if r.Echo != nil && !sent {
						sent = true
						_ = ws.WriteMessage(c.kind, []byte(c.data))
					}
				})
			}, socket(func(s *socketConfig) { s.ReadLimit = 900 }))
			defer w.end()
			errs, messages := w.session.Errors(0), w.menu.Messages(0)
			w.login()
			got, err := w.echo("hi")
			if want := connector.ErrOutcomeUnknown; c.drops && !errors.Is(err, want) {
				t.Errorf("got %q, %v, want %v", got, err, want)
			}
			if !c.drops && got != "hi" {
				t.Errorf("got %q, %v", got, err)
			}
			if got, err := w.echo("again"); got != "again" {
				t.Errorf("got %q, %v", got, err)
			}
			if c.fault != "" {
				wantFaults(t, errs, c.fault)
			}
			messages.Close()
			if _, ok := messages.Next(context.Background()); ok != (c.fault == "" || strings.Contains(c.data, "99999")) {
				t.Errorf("got a message: %v", ok)
			}
		})
	}
}

func TestPanics(t *testing.T) {
	// once makes a function that panics at its first call after it is armed.
	var armed atomic.Bool
	once := func() {
		if armed.Swap(false) {
			panic("boom")
		}
	}
	for _, c := range []struct {
		name  string
		edit  func(*socketConfig)
		fault string // told on Errors; empty: the request's own error
	}{
		{"an encoder", func(s *socketConfig) {
			s.Codec = coded(once, func() {})
		}, ""},
		{"SetID", func(s *socketConfig) { s.SetID = func(r *request, id uint64) { once(); r.ID = id } }, ""},
		{"a decoder", func(s *socketConfig) {
			s.Codec = coded(func() {}, once)
		}, "decode"},
		{"GetID", func(s *socketConfig) { s.GetID = func(r response) (uint64, bool) { once(); return r.ID, r.ID != 0 } }, "message"},
		{"IsError", func(s *socketConfig) { s.IsError = func(response) error { once(); return nil } }, "message"},
	} {
		bubbles(t, "X4 a panic in "+c.name, func(t *testing.T, engine change) {
			armed.Store(false)
			w := newWorld(t, connectortest.Config{}, engine, socket(c.edit))
			defer w.end()
			errs := w.session.Errors(0)
			w.login()
			time.Sleep(time.Second)
			armed.Store(true)
			if _, err := w.echo("hi"); err == nil || c.fault == "" && !strings.Contains(err.Error(), "boom") {
				t.Errorf("got %v, want an error", err)
			}
			if got, err := w.echo("again"); got != "again" {
				t.Errorf("got %q, %v", got, err)
			}
			if c.fault != "" {
				wantFaults(t, errs, c.fault)
			}
		})
	}
	bubbles(t, "X4 a panic in the header's maker", func(t *testing.T, engine change) {
		armed.Store(true)
		w := newWorld(t, connectortest.Config{}, engine, socket(func(s *socketConfig) {
			s.Header = func(knowing) http.Header { once(); return nil }
		}))
		defer w.end()
		errs := w.session.Errors(0)
		w.login()
		wantFaults(t, errs, "dial: application: panic: boom")
	})
	bubbles(t, "X4 a panic in the service", func(t *testing.T, engine change) {
		logins := 0
		s := granting(authhttp.Pair{Access: "a", Refresh: "r", Life: time.Minute})
		grant := s.login
		s.login = func(ctx context.Context, c credentials) (authhttp.Grant[user], error) {
			if logins++; logins == 1 {
				panic("boom")
			}
			return grant(ctx, c)
		}
		s.refresh = func(context.Context, authhttp.Pair) (authhttp.Pair, error) { panic("boom") }
		s.logout = func(context.Context, authhttp.Pair) error { panic("boom") }
		w := newWorld(t, connectortest.Config{}, engine, serving(s), noSockets)
		defer w.end()
		w.login()
		errs := w.session.Errors(0)
		w.logout()
		wantFaults(t, errs, "logout: the server was not told: application: panic: boom")
		w.login()
		w.until("token", "waiting")
		if logins != 3 {
			t.Errorf("got %d logins, want the first tried again", logins)
		}
	})
}

// TestNothingUnrequested shows that the upgrade is judged as RFC 6455 section
// 4.1 says.
func TestNothingUnrequested(t *testing.T) {
	bubbles(t, "F70 compression that nobody asked for is refused", func(t *testing.T, engine change) {
		network := connectortest.NewNetwork()
		listener, err := network.Listen("127.0.0.1:81")
		if err != nil {
			t.Fatal(err)
		}
		server := &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			conn, _, err := http.NewResponseController(rw).Hijack()
			if err != nil {
				return
			}
			defer conn.Close()
			_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
				"Sec-WebSocket-Accept: "+acceptKey(r)+"\r\nSec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n\r\n")
			_, _ = io.Copy(io.Discard, conn)
		})}
		go server.Serve(listener)
		t.Cleanup(func() { server.Close() })
		w := newWorldOn(t, network, connectortest.Config{}, engine, socket(func(s *socketConfig) { s.URL, s.Auth, s.Subscribe = "ws://127.0.0.1:81/", nil, nil }))
		defer w.end()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := w.session.Login(ctx, ann); err == nil {
			t.Error("got ready over an extension that was not asked for")
		}
	})
}
