package main

import (
	"bytes"
	"errors"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/transitions"
)

func TestStatusLine(t *testing.T) {
	now := time.Unix(1000, 0)
	socket := func(id string, state transitions.SocketState, attempt uint16, next time.Duration) connector.SocketStatus {
		s := connector.SocketStatus{ID: id, State: state, Attempt: attempt}
		if next != 0 {
			s.Next = now.Add(next)
		}
		return s
	}
	menu := socket("menu", transitions.SocketSubscribed, 0, 0)
	var many []connector.SocketStatus
	for _, id := range strings.Fields("a-socket-with-a-long-name another-of-that-kind and-a-third-one-here the-fourth") {
		many = append(many, socket(id, transitions.SocketProbing, 0, 0))
	}
	for _, c := range []struct {
		status connector.Status
		width  int
		want   string
	}{
		{connector.Status{}, 80, "logged out"},
		{connector.Status{LoggingIn: true, Sockets: []connector.SocketStatus{socket("menu", transitions.SocketClosed, 0, 0)}}, 80, "logging in"},
		{connector.Status{LoggingIn: true, NextLogin: now.Add(3 * time.Second)}, 80, "login again in 3.0s"},
		{connector.Status{LoggedIn: true, Ready: true, StaleAt: now.Add(41 * time.Second), Sockets: []connector.SocketStatus{menu}}, 80, "ready · menu ready · token 41s"},
		{connector.Status{LoggedIn: true, Ready: true, StaleAt: now.Add(150 * time.Second), Pending: 2}, 80, "ready · token 2m30s · 2 requests"},
		{connector.Status{LoggedIn: true, Token: transitions.TokenRefreshing, Sockets: []connector.SocketStatus{
			menu, socket("room", transitions.SocketWaiting, 3, 2400*time.Millisecond), socket("news", transitions.SocketOpening, 0, 0),
		}}, 99, "logged in · menu ready · room again in 2.4s (attempt 4) · news opening · token is refreshed"},
		{connector.Status{LoggedIn: true, NextRefresh: now.Add(7 * time.Second), Sockets: []connector.SocketStatus{
			socket("room", transitions.SocketBusyWaiting, 1, 20*time.Second), socket("news", transitions.SocketOutage, 9, 100*time.Second),
		}}, 120, "logged in · room busy, again in 20s (attempt 2) · news down, again in 100s (attempt 10) · token again in 7.0s"},
		{connector.Status{LoggedIn: true, Session: transitions.SessionDegraded, Sockets: []connector.SocketStatus{
			socket("a", transitions.SocketFailed, 1, 0), socket("b", transitions.SocketAuthenticating, 0, 0), socket("c", transitions.SocketAuthed, 0, 0),
			socket("d", transitions.SocketTokenPending, 0, 0), socket("e", transitions.SocketClosed, 0, 0),
		}}, 120, "degraded · a failed · b authenticating · c subscribing · d waits for a token · e closed"},
		{connector.Status{LoggedIn: true, LoggingOut: true}, 80, "logging out"},
		{connector.Status{LoggedIn: true, Ready: true, StaleAt: now.Add(41 * time.Second), Sockets: many}, 80, "ready · 4 ready · token 41s"},
		{connector.Status{LoggedIn: true, Ready: true, StaleAt: now.Add(41 * time.Second), Sockets: many}, 20, "ready · 4 ready · t…"},
		{connector.Status{LoggedIn: true, Sockets: []connector.SocketStatus{socket("room", transitions.SocketWaiting, 3, -time.Second)}}, 80, "logged in · room again in 0.0s (attempt 4)"},
	} {
		got := new(view).statusLine(c.status, now, c.width)
		if got != c.want || utf8.RuneCountInString(got) > c.width {
			t.Errorf("got %q, want %q, no wider than %d", got, c.want, c.width)
		}
		coloured := (&view{coloured: true}).statusLine(c.status, now, c.width)
		if bare := regexp.MustCompile("\x1b\\[[0-9]*m").ReplaceAllString(coloured, ""); bare != c.want {
			t.Errorf("got %q in colour, want %q", bare, c.want)
		}
	}
}

func TestView(t *testing.T) {
	var out bytes.Buffer
	v := &view{to: &lastingWriter{to: &out}}
	for _, c := range []struct {
		do   func()
		want string
	}{
		{func() { v.draw("a", 80, 24) }, "\n\x1b7\x1b[1;23r\x1b8\x1b[A\x1b7\x1b[24;1H\x1b[Ka\x1b8"},
		{func() { v.draw("a", 80, 24) }, ""},
		{func() { v.draw("b", 80, 24) }, "\x1b7\x1b[24;1H\x1b[Kb\x1b8"},
		{func() { v.draw("b", 80, 30) }, "\n\x1b7\x1b[1;29r\x1b8\x1b[A\x1b7\x1b[30;1H\x1b[Kb\x1b8"},
		{func() { v.draw("b", 80, 3) }, "\r\x1b[K\x1b7\x1b[r\x1b[30;1H\x1b[K\x1b8"},
		{func() { v.wipe() }, ""},
		{func() { v.draw("c", 80, 24); out.Reset(); v.wipe() }, "\r\x1b[K\x1b7\x1b[r\x1b[24;1H\x1b[K\x1b8"},
		{func() { v.draw("c", 0, 0) }, ""},
	} {
		out.Reset()
		if c.do(); out.String() != c.want {
			t.Errorf("got %q, want %q", out.String(), c.want)
		}
	}
}

func TestLinesForAPerson(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(lineHandler{&view{to: &lastingWriter{to: &out}}})
	for _, c := range []struct {
		say  func()
		want string
	}{
		{func() { log.Info("logged in") }, "session   logged in\n"},
		{func() { log.Info("ready", "socket", "menu") }, "menu      ready\n"},
		{func() { log.Info("opening", "socket", "menu", "attempt", 2) }, "menu      opening, attempt 2\n"},
		{func() { log.Info("token is fresh", "for", 41*time.Second) }, "session   token is fresh for 41s\n"},
		{func() {
			log.Warn("lost", "socket", "menu", slog.Duration("next", 400*time.Millisecond), "reason", "read: \x1b[2Jgone\n")
		}, "menu      lost: read: ·[2Jgone·; again in 0.4s\n"},
		{func() { log.Debug("nothing") }, ""},
	} {
		out.Reset()
		c.say()
		_, got, _ := strings.Cut(out.String(), "  ")
		if got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
	out.Reset()
	slog.New(lineHandler{&view{to: &lastingWriter{to: &out}, coloured: true}}).Error("failed for good", "socket", "menu")
	if want := "\x1b[31mfailed for good\x1b[0m"; !strings.Contains(out.String(), want) {
		t.Errorf("got %q, want %q in it", out.String(), want)
	}
}

func TestViewElsewhere(t *testing.T) {
	var out bytes.Buffer
	v := newView(&out)
	v.log.Info("ready", "socket", "menu")
	if v.size != nil || v.coloured || !strings.Contains(out.String(), " level=INFO msg=ready socket=menu\n") || strings.Contains(out.String(), "\x1b") {
		t.Errorf("got %q, want a line of log/slog alone", out.String())
	}
	said := out.Len()
	v.to.end()
	if v.log.Info("late"); out.Len() != said {
		t.Errorf("got %q, want nothing after the end", out.String())
	}
}

func TestTeller(t *testing.T) {
	var out bytes.Buffer
	noTime := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == slog.LevelKey {
			return slog.Attr{}
		}
		return a
	}
	next := time.Now().Add(time.Hour)
	status := connector.Status{NextLogin: next, NextRefresh: next, StaleAt: time.Now().Add(time.Minute), Sockets: []connector.SocketStatus{{ID: "menu", Attempt: 2, Next: next}}}
	tell := &teller{log: slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: noTime})), urls: map[string]string{"menu": "ws://h/ws"}, stored: true, status: func() connector.Status { return status }}
	log := slog.New(tell)
	changed := func(machine, id, from, event, to, reason string) {
		log.Debug("state changed", "machine", machine, "id", id, "from", from, "event", event, "to", to, "reason", reason)
	}
	fault := errors.New("interlock: socket menu: read: gone")
	early := func() {
		log.Warn("something went wrong", "code", "x", "reason", "interlock: socket menu: decode: odd", "id", "menu", "op", "decode")
	}
	for _, c := range []struct {
		do   func()
		want string
	}{
		{func() { changed("login", "", "idle", "started", "gated", "") }, `msg="logging in"`},
		{early, `msg="something went wrong" socket=menu reason="decode: odd"`},
		{early, ""}, // it was told
		{func() { changed("login", "", "idle", "resumeStarted", "gated", "") }, `msg="looking for stored tokens"`},
		{func() { changed("login", "", "requesting", "unavailable", "waiting", "interlock: login: unavailable") }, `msg="not logged in yet" next=1h reason="login: unavailable"`},
		{func() { changed("session", "", "closing", "left", "loggedOut", "") }, ""},
		{func() { changed("session", "", "authenticating", "loginAccepted", "socketOpening", "") }, `msg="logged in"`},
		{func() { changed("session", "", "socketOpening", "socketsReady", "subscribed", "") }, `msg="every socket is ready"`},
		{func() { changed("token", "", "storing", "stored", "fresh", "") }, `msg="token is fresh" for=1m0s`},
		{func() {
			changed("token", "", "refreshing", "unavailable", "waiting", "interlock: refresh: unavailable")
		}, `msg="token is not refreshed" next=1h reason="refresh: unavailable"`},
		{func() { changed("socket", "menu", "tokenPending", "tokenFresh", "socketOpening", "") }, `msg=opening socket=menu attempt=3`},
		{func() { changed("socket", "menu", "socketAuthed", "subscriptionsActive", "subscribed", "") }, `msg=ready socket=menu`},
		{func() { changed("socket", "menu", "probing", "heard", "subscribed", "") }, ""},
		{func() { changed("socket", "menu", "subscribed", "tokenFresh", "renewing", "") }, `msg="offering the new token" socket=menu`},
		{func() { changed("socket", "menu", "subscribed", "dropped", "waiting", fault.Error()) }, `msg=lost socket=menu next=1h reason="read: gone"`},
		{func() {
			log.Warn("something went wrong", "code", "x", "reason", fault.Error(), "id", "menu", "op", "read")
		}, ""},
		{func() {
			changed("socket", "menu", "socketOpening", "dropped", "waiting", "interlock: socket menu: dial: refused")
		}, `msg="not ready" socket=menu next=1h attempt=3 url=ws://h/ws reason="dial: refused"`},
		{func() {
			changed("socket", "menu", "socketAuthenticating", "authTimedOut", "waiting", "interlock: socket menu: auth: no answer in time, though messages came that are no answer: 2")
		}, `msg="not ready" socket=menu next=1h attempt=3 reason="auth: no answer in time, though messages came that are no answer: 2; look at accept and answer of its auth in the file"`},
		{func() {
			log.Warn("something went wrong", "code", "x", "reason", "interlock: socket menu: decode: bad", "id", "menu", "op", "decode")
		}, `msg="something went wrong" socket=menu reason="decode: bad"`},
		{func() { log.Warn("something went wrong", "code", "x", "reason", "interlock: journal: full", "lost", 3) }, "msg=\"journal: full\"\nmsg=\"more has happened than could be told\" lost=3"},
		{func() {
			changed("socket", "menu", "subscribed", "replaced", "failed", "interlock: socket menu: read: replaced")
		}, `msg="failed for good" socket=menu reason="read: replaced"`},
		{func() {
			log.Warn("something went wrong", "reason", "interlock: socket menu: open: given up for good: socket menu: read: replaced", "id", "menu")
		}, ""},
		{func() {
			changed("session", "", "subscribed", "tokenExpired", "closing", "interlock: refresh: rejected")
		}, `msg="the server has ended the session" reason="refresh: rejected"`},
		{func() { changed("session", "", "subscribed", "logoutRequested", "closing", "") }, `msg="logging out"`},
		{func() { changed("socket", "menu", "closing", "ended", "closed", "") }, `msg=closed socket=menu`},
		{func() { changed("session", "", "revoking", "tokenGone", "loggedOut", "") }, `msg="logged out"`},
		{func() { changed("session", "", "settling", "tokenGone", "loggedOut", "") }, ""},
		{func() { changed("session", "", "authenticating", "loginAccepted", "socketOpening", "") }, `msg="logged in"`},
		{func() { changed("session", "", "settling", "tokenGone", "loggedOut", "") }, `msg="closed; the tokens stay stored"`},
	} {
		out.Reset()
		c.do()
		got := strings.TrimSuffix(out.String(), "\n")
		got = regexp.MustCompile(`next=59m59\.\d+s`).ReplaceAllString(strings.ReplaceAll(got, "next=1h0m0s", "next=1h"), "next=1h")
		if got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}
