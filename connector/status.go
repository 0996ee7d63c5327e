package connector

import (
	"sync/atomic"
	"time"

	"github.com/custom-app/interlock/transitions"
)

// Status is a session at one moment.
type Status struct {
	Session transitions.SessionState
	Login   transitions.LoginState
	Token   transitions.TokenState

	LoggingIn   bool // Login or Adopt is in flight
	Resuming    bool // Resume, or that of Require, is in flight
	LoggingInAs bool // LoginAs is in flight
	LoggedIn    bool
	Opening     bool // logged in, and some socket is not ready yet
	Ready       bool // every socket is ready
	LoggingOut  bool // Logout and its like are in flight, or lead back to the user before
	Closing     bool // Close is in flight

	Depth  int  // how many users below the current one have logged in as another
	Master bool // logged in, and not as another

	Pending int // requests of all sockets that have not settled

	// StaleAt is until when the current user's token counts as fresh, by Config.Now; zero:
	// it is not fresh, or nobody knows.
	StaleAt time.Time
	// NextLogin and NextRefresh are when a login and a refresh that were unavailable
	// are tried again, by Config.Now; zero: nothing is waited for.
	NextLogin, NextRefresh time.Time

	Clock time.Duration // how far the server's clock is ahead of this one, as last measured; 0 also when not measured

	Sockets []SocketStatus // in the order of the config, then those that were added
}

// SocketStatus is a socket at one moment.
type SocketStatus struct {
	ID         string
	State      transitions.SocketState
	Generation uint32 // grows with every attempt to connect
	Attempt    uint16 // attempts since it was last stable
	Readies    uint32 // how often it became ready
	Failures   uint32 // how often an attempt or a connection failed
	Opened     bool   // whether the last attempt opened a connection
	CloseCode  uint16 // the close code or HTTP status of the last failure; 0: none was given
	// Next is when the next attempt begins, by Config.Now; zero: none is waited for, or
	// the socket has only just begun to.
	Next time.Time
}

// Status returns the session at this moment.
func (s *Session[C, U]) Status() Status {
	d := s.driver
	d.mailbox.Lock()
	defer d.mailbox.Unlock()
	var status Status
	status.Session, _ = d.core.Session()
	status.Login, _ = d.core.Login()
	status.Token, _ = d.core.Token()
	status.describe(d.core)
	status.Clock = d.clockDifference()
	status.times(d)
	status.Pending, _ = d.core.Pending()
	for i := range d.core.Sockets() {
		status.Sockets = append(status.Sockets, d.socketRun(d.core.SocketID(i)).status(d.core.Socket(i)))
	}
	return status
}

// status puts a socket into words.
func (r *socketRun) status(state transitions.SocketState, data transitions.SocketData) SocketStatus {
	s := SocketStatus{
		ID: r.wiring.id, State: state, Generation: data.Gen, Attempt: data.Attempt, Readies: data.Readies,
		Failures: data.Failures, Opened: data.Opened, CloseCode: data.Code,
	}
	switch state {
	case transitions.SocketWaiting, transitions.SocketBusyWaiting, transitions.SocketOutage:
		s.Next = at(&r.next)
	}
	return s
}

// times says what is waited for, and until when the token is fresh.
func (s *Status) times(d *driver) {
	if h := d.current(); h != nil && h.staleAfter != 0 && s.Token == transitions.TokenFresh {
		s.StaleAt = h.received.Add(h.staleAfter)
	}
	if s.Login == transitions.LoginWaiting {
		s.NextLogin = at(&d.nextLogin)
	}
	if s.Token == transitions.TokenWaiting {
		s.NextRefresh = at(&d.nextRefresh)
	}
}

// at returns a time that was noted; zero when none was yet.
func at(noted *atomic.Pointer[time.Time]) time.Time {
	if t := noted.Load(); t != nil {
		return *t
	}
	return time.Time{}
}

// describe derives the flags from the states.
func (s *Status) describe(core *transitions.Core) {
	_, session := core.Session()
	if _, login := core.Login(); s.Login != transitions.LoginIdle && s.Login != transitions.LoginOpening {
		s.LoggingIn = login.Command == transitions.CommandLogin
		s.Resuming = login.Command == transitions.CommandResume
		s.LoggingInAs = login.Command == transitions.CommandLoginAs
	}
	switch s.Session {
	case transitions.SessionSwitching, transitions.SessionSocketOpening, transitions.SessionSocketAuthed,
		transitions.SessionChaining, transitions.SessionChainWaiting:
		s.LoggedIn, s.Opening = true, true
	case transitions.SessionSubscribed:
		s.LoggedIn, s.Ready = true, true
	case transitions.SessionDegraded, transitions.SessionDetaching, transitions.SessionDetached:
		s.LoggedIn = true
	case transitions.SessionClosing, transitions.SessionRevoking, transitions.SessionReturning:
		s.LoggingOut = true
	case transitions.SessionShutting, transitions.SessionSettling:
		s.Closing = true
	case transitions.SessionLoggedOut, transitions.SessionAuthenticating:
	}
	s.Depth, s.Master = int(session.Depth), s.LoggedIn && session.Depth == 0
}
