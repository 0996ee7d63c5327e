package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/custom-app/interlock/connector"
)

// teller is what Config.Log writes to: it tells what happens to a session in words, and
// each thing once. Its lines come from one goroutine at a time.
type teller struct {
	log    *slog.Logger
	urls   map[string]string // where sockets dial, by their ids
	stored bool              // there is a store
	status func() connector.Status

	said   string // the reason of the last line that had one
	within bool   // somebody is logged in, as far as was told
}

// Enabled wants every change.
func (*teller) Enabled(context.Context, slog.Level) bool { return true }

// WithAttrs is not used by the connector.
func (t *teller) WithAttrs([]slog.Attr) slog.Handler { return t }

// WithGroup is not used by the connector.
func (t *teller) WithGroup(string) slog.Handler { return t }

// Handle tells of one change, or of one fault.
func (t *teller) Handle(_ context.Context, r slog.Record) error {
	said := make(map[string]string)
	r.Attrs(func(a slog.Attr) bool {
		said[a.Key] = a.Value.String()
		return true
	})
	c := change{said["id"], said["from"], said["event"], said["to"], said["reason"]}
	switch said["machine"] {
	case "login":
		t.login(c)
	case "session":
		t.session(c)
	case "token":
		t.token(c)
	case "socket":
		t.socket(c)
	case "":
		t.fault(c)
	}
	if lost := said["lost"]; lost != "" {
		t.say(slog.LevelWarn, "more has happened than could be told", slog.String("lost", lost))
	}
	return nil
}

// change is a change of state, or, with a reason alone, a fault.
type change struct{ id, from, event, to, reason string }

func (t *teller) login(c change) {
	switch {
	case c.from == "idle" && c.event == "resumeStarted" && t.stored:
		t.say(slog.LevelInfo, "looking for stored tokens")
	case c.from == "idle" && c.event == "resumeStarted":
		t.say(slog.LevelInfo, "going on with the tokens of the file")
	case c.from == "idle" && c.event == "asStarted":
		t.say(slog.LevelInfo, "logging in as another user")
	case c.from == "idle":
		t.say(slog.LevelInfo, "logging in")
	case c.to == "waiting":
		next := t.next(func(s connector.Status) time.Time { return s.NextLogin })
		t.fails(slog.LevelWarn, "not logged in yet", c.reason, again(next))
	}
}

func (t *teller) session(c change) {
	switch {
	case c.event == "loginAccepted":
		t.within = true
		t.say(slog.LevelInfo, "logged in")
	case c.event == "userAccepted":
		t.say(slog.LevelInfo, "logged in as another user")
	case c.event == "tokenRestored":
		t.say(slog.LevelInfo, "back to the user before")
	case c.to == "subscribed" && len(t.status().Sockets) > 0:
		t.say(slog.LevelInfo, "every socket is ready")
	case c.to == "chainWaiting":
		t.fails(slog.LevelWarn, "the sockets of the next group are not known", c.reason)
	case c.event == "tokenExpired":
		t.fails(slog.LevelWarn, "the server has ended the session", c.reason)
	case c.to == "closing":
		t.say(slog.LevelInfo, "logging out")
	case c.to == "loggedOut" && t.within:
		t.within = false
		if c.from == "shutting" || c.from == "settling" {
			t.say(slog.LevelInfo, "closed; the tokens stay stored")
			return
		}
		t.say(slog.LevelInfo, "logged out")
	}
}

func (t *teller) token(c change) {
	switch {
	case c.to == "fresh":
		if at := t.status().StaleAt; !at.IsZero() {
			t.say(slog.LevelInfo, "token is fresh", slog.Duration("for", time.Until(at).Round(time.Second)))
			return
		}
		t.say(slog.LevelInfo, "token is fresh, and nothing says for how long")
	case c.to == "waiting":
		next := t.next(func(s connector.Status) time.Time { return s.NextRefresh })
		t.fails(slog.LevelWarn, "token is not refreshed", c.reason, again(next))
	case c.to == "absent" && c.event == "refreshRejected":
		t.fails(slog.LevelWarn, "token has ended", c.reason)
	}
}

func (t *teller) socket(c change) {
	id := slog.String("socket", c.id)
	switch c.to {
	case "socketOpening":
		t.say(slog.LevelInfo, "opening", id, slog.Int("attempt", t.attempt(c.id)))
	case "subscribed":
		if !wasReady(c.from) {
			t.say(slog.LevelInfo, "ready", id)
		}
	case "renewing":
		t.say(slog.LevelInfo, "offering the new token", id)
	case "waiting", "busyWaiting":
		next := again(t.next(func(s connector.Status) time.Time { return socketOf(s, c.id).Next }))
		if wasReady(c.from) {
			t.fails(slog.LevelWarn, "lost", c.reason, id, next)
			return
		}
		t.fails(slog.LevelWarn, "not ready", c.reason, id, next, slog.Int("attempt", t.attempt(c.id)))
	case "outage":
		t.say(slog.LevelWarn, "down for long: it is tried slowly from now on", id)
	case "failed":
		t.fails(slog.LevelError, "failed for good", c.reason, id)
	case "closed":
		t.say(slog.LevelInfo, "closed", id)
	}
}

// wasReady tells whether a socket was ready in a state.
func wasReady(state string) bool {
	return state == "subscribed" || state == "probing" || state == "renewing"
}

// attempt is which attempt a socket is at, from 1.
func (t *teller) attempt(id string) int { return int(socketOf(t.status(), id).Attempt) + 1 }

func socketOf(s connector.Status, id string) connector.SocketStatus {
	for _, socket := range s.Sockets {
		if socket.ID == id {
			return socket
		}
	}
	return connector.SocketStatus{}
}

// fault tells of what went wrong, unless that was the last that was told.
func (t *teller) fault(c change) {
	if t.said != "" && strings.HasSuffix(c.reason, detail(errors.New(t.said))) {
		return
	}
	if c.id == "" {
		t.say(slog.LevelWarn, detail(errors.New(c.reason)))
		return
	}
	t.fails(slog.LevelWarn, "something went wrong", c.reason, slog.String("socket", c.id))
}

// next returns when something is tried again. The time is known a moment after the
// change that it belongs to.
func (t *teller) next(of func(connector.Status) time.Time) time.Time {
	for range 20 {
		if at := of(t.status()); !at.IsZero() {
			return at
		}
		time.Sleep(time.Millisecond)
	}
	return time.Time{}
}

// again says how long it is until a time; nothing, if that is not known.
func again(at time.Time) slog.Attr {
	if at.IsZero() {
		return slog.Attr{}
	}
	return slog.Duration("next", max(time.Until(at), 0).Round(time.Millisecond))
}

func (t *teller) fails(level slog.Level, text, reason string, attrs ...slog.Attr) {
	t.said = reason
	if i := slices.IndexFunc(attrs, func(a slog.Attr) bool { return a.Key == "socket" }); i >= 0 {
		id := attrs[i].Value.String()
		reason = strings.TrimPrefix(detail(errors.New(reason)), "socket "+id+": ")
		if strings.HasPrefix(reason, "dial: ") {
			attrs = append(attrs, slog.String("url", t.urls[id]))
		}
		if strings.HasPrefix(reason, "auth: no answer in time, though") {
			reason += "; look at accept and answer of its auth in the file"
		}
	}
	t.say(level, text, append(attrs, slog.String("reason", detail(errors.New(reason))))...)
}

func (t *teller) say(level slog.Level, text string, attrs ...slog.Attr) {
	t.log.LogAttrs(context.Background(), level, text, attrs...)
}
