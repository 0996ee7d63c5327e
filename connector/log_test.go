package connector_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

// logTo has what happens logged to a handler.
func logTo(h slog.Handler) change {
	return func(c *connector.Config[credentials, user]) { c.Log = slog.New(h) }
}

// syncBuffer is a buffer that several goroutines may use.
type syncBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// logLine is a line of a log in JSON.
type logLine struct {
	Level, Msg, Machine, ID, From, Event, To, Reason, Code, Op string
	Session, Generation, Lost                                  uint64
}

func logLines(t *testing.T, text string) (lines []logLine) {
	t.Helper()
	for line := range strings.Lines(text) {
		var l logLine
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		lines = append(lines, l)
	}
	return lines
}

// find returns the first line that something holds of.
func find(lines []logLine, holds func(logLine) bool) (logLine, bool) {
	for _, l := range lines {
		if holds(l) {
			return l, true
		}
	}
	return logLine{}, false
}

func TestLog(t *testing.T) {
	bubbles(t, "S10 each change at its level, in order, with the session and its reason", func(t *testing.T, engine change) {
		var text syncBuffer
		w := newWorld(t, connectortest.Config{}, engine, logTo(slog.NewJSONHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug})))
		changes := w.session.Changes(0)
		w.login()
		w.until("session", "subscribed")
		w.script(connectortest.DropSockets())
		w.until("session", "socketOpening")
		w.until("session", "subscribed")
		w.end()
		changes.Close()

		lines := logLines(t, text.String())
		faults := 0
		for _, got := range lines {
			if got.Msg == "something went wrong" {
				faults++
				if got.Level != "WARN" || got.ID != "menu" || got.Op != "read" || got.Code == "" || got.Session != 1 {
					t.Errorf("got fault %+v, want one of reading menu, at WARN", got)
				}
				continue
			}
			c, ok := changes.Next(context.Background())
			want := logLine{
				Level: "DEBUG", Msg: "state changed", Session: 1, Machine: c.Machine.String(), ID: c.ID, From: c.From, Event: c.Event,
				To: c.To, Reason: c.Reason, Generation: uint64(c.Generation),
			}
			if want.Machine == "session" {
				want.Level = "INFO"
			}
			if got != want || !ok {
				t.Errorf("got %+v, want %+v", got, want)
			}
		}
		if c, ok := changes.Next(context.Background()); ok || faults == 0 {
			t.Errorf("got no line of %v, and %d faults, want a line of each change and of the drop", c, faults)
		}
	})

	bubbles(t, "X1 no token and no password", func(t *testing.T, engine change) {
		var text syncBuffer
		w := newWorld(t, connectortest.Config{}, engine, logTo(slog.NewJSONHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug})))
		if err := w.session.Login(context.Background(), credentials{"ann", "not-the-password"}); err == nil {
			t.Error("got a login with a wrong password")
		}
		w.login()
		secrets := []string{"not-the-password", ann.Password, w.token().Access.Reveal()}
		w.script(connectortest.RejectAuth(1), connectortest.DropSockets())
		w.until("session", "subscribed")
		w.until("session", "socketOpening")
		w.until("session", "subscribed")
		secrets = append(secrets, w.token().Access.Reveal())
		if err := w.session.LoginAs(context.Background(), 2); err != nil {
			t.Error(err)
		}
		secrets = append(secrets, w.token().Access.Reveal())
		w.logout()
		w.end()
		for _, secret := range secrets {
			if secret == "" || strings.Contains(text.String(), secret) {
				t.Errorf("the log holds the secret %q, or there was none", secret)
			}
		}
		if _, ok := find(logLines(t, text.String()), func(l logLine) bool { return l.To == "refreshing" }); !ok {
			t.Error("the log lacks the refresh")
		}
	})
}

// TestLogOfForeignErrors has a service fail with what net/http and net/url say, which
// name the URL that they were given.
func TestLogOfForeignErrors(t *testing.T) {
	_, unread := url.Parse(strings.Clone("http://ann:hidden@h/%zz?key=hidden"))
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"a request": {
			fmt.Errorf("logging in: %w", &url.Error{Op: "Get", URL: "https://ann:hidden@h/login?key=hidden#hidden", Err: io.EOF}),
			`logging in: Get "https://h/login": EOF`,
		},
		"a URL that cannot be read": {unread, `parse a URL: invalid URL escape "%zz"`},
	} {
		t.Run("X1 no query and no credentials of a URL: "+name, func(t *testing.T) {
			var text syncBuffer
			auth := granting(authhttp.Pair{})
			auth.login = func(context.Context, credentials) (authhttp.Grant[user], error) {
				return authhttp.Grant[user]{}, backoff.Permanent(c.err)
			}
			client, err := connector.New(connector.Config[credentials, user]{
				Auth: auth, Log: slog.New(slog.NewJSONHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug})),
			})
			if err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				session := client.NewSession()
				if err := session.Login(context.Background(), ann); err == nil || !strings.Contains(err.Error(), c.want) || !errors.Is(err, c.err) {
					t.Errorf("got %v, want %s", err, c.want)
				}
				if err := session.Logout(context.Background()); err != nil {
					t.Error(err)
				}
			})
			got, ok := find(logLines(t, text.String()), func(l logLine) bool { return strings.Contains(l.Reason, c.want) })
			if !ok || strings.Contains(text.String(), "hidden") {
				t.Errorf("got %+v of %s, want %s", got, text.String(), c.want)
			}
		})
	}
}

// ctxHandler notes what the context of a line says, by its event.
type ctxHandler struct {
	slog.Handler
	mu   sync.Mutex
	said map[string]any
}

type saysKey struct{}

func (h *ctxHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h *ctxHandler) Handle(ctx context.Context, r slog.Record) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	key := ""
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "machine" || a.Key == "to" {
			key += a.Value.String() + " "
		}
		return true
	})
	if _, ok := h.said[key]; !ok {
		h.said[key] = ctx.Value(saysKey{})
	}
	return nil
}

func TestLogContext(t *testing.T) {
	bubbles(t, "S10 a line has the context of its command", func(t *testing.T, engine change) {
		h := &ctxHandler{said: make(map[string]any)}
		w := newWorld(t, connectortest.Config{}, engine, logTo(h))
		if err := w.session.Login(context.WithValue(context.Background(), saysKey{}, "login"), ann); err != nil {
			t.Fatal(err)
		}
		if err := w.session.Logout(context.WithValue(context.Background(), saysKey{}, "logout")); err != nil {
			t.Fatal(err)
		}
		w.end()
		for key, want := range map[string]any{
			"session authenticating ": "login", "login requesting ": "login", "socket socketOpening ": "login", "session subscribed ": "login",
			"session closing ": "logout", "socket closing ": "logout", "session revoking ": "logout", "session loggedOut ": "logout",
		} {
			if got, ok := h.said[key]; got != want || !ok {
				t.Errorf("%s: got %v, want %v", key, got, want)
			}
		}
	})
}

// heldHandler holds every line until it is let go.
type heldHandler struct {
	slog.Handler
	release chan struct{}
}

func (h *heldHandler) Handle(ctx context.Context, r slog.Record) error {
	<-h.release
	return h.Handler.Handle(ctx, r)
}

// slowHandler takes its time.
type slowHandler struct{ slog.Handler }

func (h slowHandler) Handle(ctx context.Context, r slog.Record) error {
	time.Sleep(100 * time.Millisecond)
	return h.Handler.Handle(ctx, r)
}

// badHandler panics, when asked or when told.
type badHandler struct{ asked bool }

func (h badHandler) Enabled(context.Context, slog.Level) bool {
	if h.asked {
		panic("no log")
	}
	return true
}

func (badHandler) Handle(context.Context, slog.Record) error { panic("no log") }
func (h badHandler) WithAttrs([]slog.Attr) slog.Handler      { return h }
func (h badHandler) WithGroup(string) slog.Handler           { return h }

func TestLogHandler(t *testing.T) {
	bubbles(t, "R5 a handler that hangs holds up nothing, and learns what it has lost", func(t *testing.T, engine change) {
		var text syncBuffer
		h := &heldHandler{slog.NewJSONHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}), make(chan struct{})}
		w := newWorld(t, connectortest.Config{}, engine, logTo(h))
		changes := w.session.Changes(100_000)
		for range 30 {
			w.login()
			w.logout()
		}
		close(h.release)
		synctest.Wait()
		if held := len(logLines(t, text.String())); held > 1+256 { // one at the handler, and those that wait
			t.Errorf("got %d lines held, want those that wait bounded", held)
		}
		w.login()
		w.end()
		changes.Close()
		all := uint64(0)
		for range changes.All(context.Background()) {
			all++
		}
		lines := logLines(t, text.String())
		lost := uint64(0)
		for _, l := range lines {
			lost += l.Lost
		}
		if lost == 0 || lost+uint64(len(lines)) != all {
			t.Errorf("got %d lines and %d lost, want %d in all", len(lines), lost, all)
		}
	})

	bubbles(t, "S6 what a slow handler is told before the logout is written when that returns", func(t *testing.T, engine change) {
		var text syncBuffer
		w := newWorld(t, connectortest.Config{}, engine, logTo(slowHandler{slog.NewJSONHandler(&text, nil)}))
		defer w.end()
		w.login()
		w.logout()
		if last, ok := find(logLines(t, text.String()), func(l logLine) bool { return l.To == "loggedOut" }); !ok {
			t.Errorf("got %+v, want a line of the logout", last)
		}
	})

	for name, h := range map[string]slog.Handler{"E3 a handler that panics": badHandler{}, "E3 a handler that panics when asked": badHandler{asked: true}} {
		bubbles(t, name+" is told once, and the session goes on", func(t *testing.T, engine change) {
			w := newWorld(t, connectortest.Config{}, engine, logTo(h))
			defer w.end()
			errs := w.session.Errors(0)
			w.login()
			if got, err := w.echo("hi"); got != "hi" {
				t.Errorf("got %q, %v, want the session to go on", got, err)
			}
			synctest.Wait() // the lines are written on a goroutine of their own
			wantFaults(t, errs, "interlock: log: application: panic: no log")
		})
	}

	t.Run("S10 one session logs as another number than the next", func(t *testing.T) {
		client, err := connector.New(connector.Config[credentials, user]{Auth: granting(authhttp.Pair{}), Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		if one, two := client.NewSession().Number(), client.NewSession().Number(); one != 1 || two != 2 {
			t.Errorf("got %d and %d, want 1 and 2", one, two)
		}
	})
}
