package inspect

import (
	"errors"
	"fmt"
	"time"

	"github.com/custom-app/interlock/authhttp/errcode"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/transitions"
)

// listView is what the page of all sessions shows, and its JSON.
type listView struct {
	At       time.Time `json:"at"`
	All      int       `json:"all"`
	Matching int       `json:"matching"` // of which so many are like what is asked for
	Like     string    `json:"like,omitempty"`
	Sessions []rowView `json:"sessions"` // the first of these

	Still bool `json:"-"`
}

// rowView is a session in a list.
type rowView struct {
	Name    string    `json:"name"`
	Number  uint64    `json:"number"`
	Session stateView `json:"session"`
	Token   stateView `json:"token"`
	Sockets int       `json:"sockets"`
	Ready   int       `json:"ready"` // of these sockets
	Pending int       `json:"pending"`
}

// sessionView is what the page of a session shows, and its JSON.
type sessionView struct {
	Name    string       `json:"name"`
	Number  uint64       `json:"number"`
	At      time.Time    `json:"at"`
	Session stateView    `json:"session"`
	Login   stateView    `json:"login"`
	Token   stateView    `json:"token"`
	Sockets []socketView `json:"sockets"`

	LoggedIn  bool    `json:"loggedIn"`
	Ready     bool    `json:"ready"`
	Doing     string  `json:"doing,omitempty"` // the command in flight
	Depth     int     `json:"depth"`
	Pending   int     `json:"pending"`
	TokenLife seconds `json:"tokenLife"` // 0: it is not fresh, or nobody knows
	Clock     seconds `json:"clock"`

	Since   time.Time    `json:"recordedSince"`
	Changes []changeView `json:"changes"` // the newest first
	Errors  []errorView  `json:"errors"`

	Shown shownView `json:"-"`
	Still bool      `json:"-"`
}

// stateView is a machine's state.
type stateView struct {
	State string    `json:"state"`
	Next  time.Time `json:"next,omitzero"` // when it tries again
	In    seconds   `json:"-"`             // until then

	Tone string `json:"-"` // good, bad, busy, pause or rest: how it looks
}

// socketView is a socket.
type socketView struct {
	ID string `json:"id"`
	stateView
	Generation uint32 `json:"generation"`
	Attempt    uint16 `json:"attempt"`
	Readies    uint32 `json:"readies"`
	Failures   uint32 `json:"failures"`
	Opened     bool   `json:"opened"`
	CloseCode  uint16 `json:"closeCode,omitempty"`
}

// changeView is a change, and when it was first shown.
type changeView struct {
	Seen       time.Time `json:"seen"`
	Machine    string    `json:"machine"`
	ID         string    `json:"id,omitempty"`
	From       string    `json:"from"`
	Event      string    `json:"event"`
	To         string    `json:"to"`
	Reason     string    `json:"reason"`
	Generation uint32    `json:"generation"`

	Tone string `json:"-"` // of the state after it
}

// errorView is what has gone wrong, and when it was first shown.
type errorView struct {
	Seen   time.Time `json:"seen"`
	Code   string    `json:"code"`
	Socket string    `json:"socket,omitempty"`
	Text   string    `json:"text"`
}

// shownView is the machine whose diagram the page of a session shows.
type shownView struct{ Machine, ID, State string }

// seconds are a duration as JSON has it, and as a person reads it.
type seconds float64

func secondsOf(d time.Duration) seconds { return seconds(d.Seconds()) }

// String returns the duration, to a tenth of a second.
func (s seconds) String() string {
	return time.Duration(float64(time.Second) * float64(s)).Round(time.Second / 10).String()
}

// left is how long it is until a time; 0 when that has passed, or is not known.
func left(at, now time.Time) time.Duration {
	if at.IsZero() {
		return 0
	}
	return max(at.Sub(now), 0)
}

// view looks at a session.
func (h *Handler) view(name string, s Session, q request) sessionView {
	now, r, status := h.now(), h.recordOf(s), s.Status()
	v := sessionView{
		Name: name, Number: s.Number(), At: now, Since: r.since, Still: q.still,
		Session: stateOf(transitions.SessionKind, status.Session.String(), time.Time{}, now),
		Login:   stateOf(transitions.LoginKind, status.Login.String(), status.NextLogin, now),
		Token:   stateOf(transitions.TokenKind, status.Token.String(), status.NextRefresh, now),
		Sockets: []socketView{}, LoggedIn: status.LoggedIn, Ready: status.Ready, Doing: doing(status), Depth: status.Depth,
		Pending: status.Pending, TokenLife: secondsOf(left(status.StaleAt, now)), Clock: secondsOf(status.Clock),
	}
	v.Changes, v.Errors = r.look(now)
	for _, socket := range status.Sockets {
		v.Sockets = append(v.Sockets, socketViewOf(socket, now))
	}
	v.Shown = v.shown(q)
	return v
}

// shown is the machine that is asked for, or the session's own.
func (v sessionView) shown(q request) shownView {
	switch q.machine {
	case "login":
		return shownView{Machine: "login", State: v.Login.State}
	case "token":
		return shownView{Machine: "token", State: v.Token.State}
	case "socket":
		for _, socket := range v.Sockets {
			if socket.ID == q.id {
				return shownView{Machine: "socket", ID: socket.ID, State: socket.State}
			}
		}
	}
	return shownView{Machine: "session", State: v.Session.State}
}

func socketViewOf(s connector.SocketStatus, now time.Time) socketView {
	return socketView{
		ID: s.ID, stateView: stateOf(transitions.SocketKind, s.State.String(), s.Next, now), Generation: s.Generation,
		Attempt: s.Attempt, Readies: s.Readies, Failures: s.Failures, Opened: s.Opened, CloseCode: s.CloseCode,
	}
}

func stateOf(machine transitions.Kind, state string, next, now time.Time) stateView {
	v := stateView{State: state, Next: next, Tone: toneOf(machine, state)}
	if !next.IsZero() {
		v.In = secondsOf(max(next.Sub(now), 0))
	}
	return v
}

func rowOf(name string, number uint64, status connector.Status) rowView {
	row := rowView{
		Name: name, Number: number, Sockets: len(status.Sockets), Pending: status.Pending,
		Session: stateOf(transitions.SessionKind, status.Session.String(), time.Time{}, time.Time{}),
		Token:   stateOf(transitions.TokenKind, status.Token.String(), time.Time{}, time.Time{}),
	}
	for _, socket := range status.Sockets {
		if toneOf(transitions.SocketKind, socket.State.String()) == "good" {
			row.Ready++
		}
	}
	return row
}

func changeViewOf(c connector.Change, now time.Time) changeView {
	return changeView{
		Seen: now, Machine: c.Machine.String(), ID: c.ID, From: c.From, Event: c.Event, To: c.To, Reason: c.Reason,
		Generation: c.Generation, Tone: toneOf(c.Machine, c.To),
	}
}

func errorViewOf(err error, now time.Time) errorView {
	v := errorView{Seen: now, Code: string(errcode.Of(err)), Text: err.Error()}
	var on *connector.SocketError
	if errors.As(err, &on) {
		v.Socket = on.Socket
	}
	return v
}

// doing is the command in flight, in a word.
func doing(s connector.Status) string {
	switch {
	case s.LoggingIn:
		return "logging in"
	case s.Resuming:
		return "resuming"
	case s.LoggingInAs:
		return "logging in as another"
	case s.LoggingOut:
		return "logging out"
	case s.Closing:
		return "closing"
	}
	return ""
}

// tones are how states look that look otherwise than busy.
var tones = map[string]string{
	"session loggedOut": "rest", "session subscribed": "good", "session degraded": "bad", "session detached": "rest", "session chainWaiting": "pause",
	"login idle": "rest", "login waiting": "pause",
	"token absent": "rest", "token fresh": "good", "token stale": "pause", "token waiting": "pause", "token parked": "rest", "token parkedStale": "rest",
	"socket closed": "rest", "socket removed": "rest", "socket failed": "bad",
	"socket subscribed": "good", "socket probing": "good", "socket renewing": "good",
	"socket waiting": "pause", "socket outage": "pause", "socket busyWaiting": "pause",
	"subscription active": "good", "subscription wanted": "rest", "subscription removed": "rest",
}

// toneOf is how a state looks.
func toneOf(machine transitions.Kind, state string) string {
	if tone, ok := tones[fmt.Sprint(machine, " ", state)]; ok {
		return tone
	}
	return "busy"
}
