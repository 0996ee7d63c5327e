package main

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/transitions"
)

// The codes of ECMA-48 section 8.3.117, beside those of show.go.
const (
	red    = "31"
	green  = "32"
	yellow = "33"
)

// part is a part of the line that says how things are.
type part struct{ hue, text string }

// statusLine says in one line, of no more than this many characters, how a session is.
func (v *view) statusLine(s connector.Status, now time.Time, width int) string {
	parts := statusParts(s, now, false)
	if widthOf(parts) > width {
		parts = statusParts(s, now, true)
	}
	var line strings.Builder
	left := width
	for i, p := range parts {
		if i > 0 {
			p.text = " · " + p.text
		}
		if n := utf8.RuneCountInString(p.text); n > left {
			line.WriteString(v.paint(p.hue, string([]rune(p.text)[:max(left-1, 0)])+"…"))
			break
		} else {
			left -= n
		}
		line.WriteString(v.paint(p.hue, p.text))
	}
	return line.String()
}

func widthOf(parts []part) int {
	width := 3 * (len(parts) - 1)
	for _, p := range parts {
		width += utf8.RuneCountInString(p.text)
	}
	return width
}

// statusParts are what is to be said; where there is little room, sockets that are ready
// are only counted.
func statusParts(s connector.Status, now time.Time, narrow bool) []part {
	parts := []part{sessionPart(s, now)}
	ready := 0
	for _, socket := range s.Sockets {
		p := socketPart(socket, now)
		switch {
		case p.hue == green && narrow:
			ready++
		case socket.State != transitions.SocketClosed || s.LoggedIn:
			parts = append(parts, p)
		}
	}
	if ready > 0 {
		parts = append(parts, part{green, fmt.Sprintf("%d ready", ready)})
	}
	if p := tokenPart(s, now); p.text != "" {
		parts = append(parts, p)
	}
	if s.Pending > 0 {
		parts = append(parts, part{"", count(uint64(s.Pending), "request")})
	}
	return parts
}

func sessionPart(s connector.Status, now time.Time) part {
	switch {
	case s.LoggingOut || s.Closing:
		return part{yellow, "logging out"}
	case !s.NextLogin.IsZero():
		return part{yellow, "login again in " + until(s.NextLogin, now)}
	case s.LoggingIn || s.Resuming || s.LoggingInAs:
		return part{yellow, "logging in"}
	case s.Ready:
		return part{green, "ready"}
	case s.Session == transitions.SessionDegraded:
		return part{red, "degraded"}
	case s.LoggedIn:
		return part{yellow, "logged in"}
	}
	return part{red, "logged out"}
}

func socketPart(s connector.SocketStatus, now time.Time) part {
	p := part{yellow, ""}
	switch s.State {
	case transitions.SocketSubscribed, transitions.SocketProbing, transitions.SocketRenewing:
		return part{green, s.ID + " ready"}
	case transitions.SocketTokenPending:
		p.text = "waits for a token"
	case transitions.SocketOpening:
		p.text = "opening"
	case transitions.SocketAuthenticating:
		p.text = "authenticating"
	case transitions.SocketAuthed:
		p.text = "subscribing"
	case transitions.SocketWaiting:
		p.text = "again in " + until(s.Next, now)
	case transitions.SocketBusyWaiting:
		p.text = "busy, again in " + until(s.Next, now)
	case transitions.SocketOutage:
		p.text = "down, again in " + until(s.Next, now)
	case transitions.SocketFailed:
		return part{red, s.ID + " failed"}
	default:
		return part{"", s.ID + " " + s.State.String()}
	}
	p.text = s.ID + " " + p.text
	if s.Attempt > 0 {
		p.text += fmt.Sprintf(" (attempt %d)", s.Attempt+1)
	}
	return p
}

func tokenPart(s connector.Status, now time.Time) part {
	switch {
	case !s.NextRefresh.IsZero():
		return part{yellow, "token again in " + until(s.NextRefresh, now)}
	case s.Token == transitions.TokenRefreshing:
		return part{yellow, "token is refreshed"}
	case s.Token == transitions.TokenStale:
		return part{yellow, "token stale"}
	case !s.StaleAt.IsZero():
		return part{"", "token " + until(s.StaleAt, now)}
	}
	return part{}
}

// until is how long it is until a time.
func until(at, now time.Time) string {
	if at.IsZero() {
		return "a moment"
	}
	return brief(max(at.Sub(now), 0))
}
