package transitions

import "github.com/custom-app/interlock/fsm"

// SessionState is a state of the session: one logged-in user on this device.
type SessionState uint8

// The states of the session, the main line first.
const (
	SessionLoggedOut SessionState = iota
	SessionAuthenticating
	SessionSocketOpening
	SessionSocketAuthed
	SessionSubscribed
	SessionClosing
	SessionRevoking
	SessionDegraded
)

// String returns the state's name.
func (s SessionState) String() string { return Session.StateName(s) }

// SessionEvent is an event of the session.
type SessionEvent uint8

// The events of the session.
const (
	SessionLoginRequested SessionEvent = iota + 1
	SessionLogoutRequested
	SessionLoginAccepted
	SessionLoginRejected
	SessionLoginGivenUp
	SessionSocketsAuthed
	SessionSocketsNotAuthed
	SessionSocketsReady
	SessionSocketsNotReady
	SessionSocketFailed
	SessionSocketsClosed
	SessionTokenExpired
	SessionTokenGone
	SessionLeft
	SessionCloseTimedOut
)

// SessionEffect is an effect of the session.
type SessionEffect uint8

// The effects of the session.
const (
	SessionStartLogin SessionEffect = iota
	SessionCancelLogin
	SessionOpenSockets
	SessionCloseSockets
	SessionAbortSockets
	SessionRevokeToken
	SessionDropToken
	SessionReportLeft
	SessionReportReady
	SessionReportDegraded
	SessionRefuseBusy
	SessionRefuseLoggedIn
	SessionTellLoggedOut
)

// SessionData is what a session remembers beside its state.
type SessionData struct {
	Gen uint32 // grows with every login
}

type (
	sessionUpdate = fsm.Update[SessionData, SessionEvent]
	sessionGuard  = fsm.Guard[SessionData, SessionEvent]
	sessionRow    = fsm.Row[SessionState, SessionEvent, SessionEffect, SessionData]
)

var sessionStates = []fsm.StateInfo[SessionState, SessionEvent]{
	{Is: SessionLoggedOut, Name: "loggedOut", Kind: fsm.Rest, Doc: "no token, no socket, no timer"},
	{Is: SessionAuthenticating, Name: "authenticating", Kind: fsm.Follow, By: "login", Doc: "the login request is under way or waits for its retry"},
	{Is: SessionSocketOpening, Name: "socketOpening", Kind: fsm.Follow, By: "socket", Group: "logged in", Doc: "some socket is not authorised yet, or no longer"},
	{Is: SessionSocketAuthed, Name: "socketAuthed", Kind: fsm.Follow, By: "socket", Group: "logged in", Doc: "every socket is authorised, some is not subscribed"},
	{Is: SessionSubscribed, Name: "subscribed", Kind: fsm.Rest, Group: "logged in", Doc: "every socket is ready"},
	{Is: SessionClosing, Name: "closing", Kind: fsm.Wait, Timers: of(SessionCloseTimedOut), Doc: "sockets close; nothing is sent on them"},
	{Is: SessionRevoking, Name: "revoking", Kind: fsm.Wait, Timers: of(SessionCloseTimedOut), Doc: "sockets are closed; the server is told"},
	{Is: SessionDegraded, Name: "degraded", Kind: fsm.Rest, Group: "logged in", Doc: "a socket has failed for good"},
}

var sessionEvents = []fsm.EventInfo[SessionEvent]{
	{Is: SessionLoginRequested, Name: "loginRequested", Cause: fsm.User, Doc: "the application logs in", Carries: "Arg is the command's ticket"},
	{Is: SessionLogoutRequested, Name: "logoutRequested", Cause: fsm.User, Doc: "the application logs out"},
	{Is: SessionLoginAccepted, Name: "loginAccepted", Cause: fsm.Peer, Doc: "the server has accepted the credentials"},
	{Is: SessionLoginRejected, Name: "loginRejected", Cause: fsm.Failure, Doc: "the server has rejected the credentials"},
	{Is: SessionLoginGivenUp, Name: "loginGivenUp", Cause: fsm.Failure, Doc: "the login was given up: retries spent, or the caller has left"},
	{Is: SessionSocketsAuthed, Name: "socketsAuthed", Cause: fsm.Peer, Doc: "every socket is authorised"},
	{Is: SessionSocketsNotAuthed, Name: "socketsNotAuthed", Cause: fsm.Failure, Doc: "some socket is not authorised"},
	{Is: SessionSocketsReady, Name: "socketsReady", Cause: fsm.Peer, Doc: "every socket is subscribed"},
	{Is: SessionSocketsNotReady, Name: "socketsNotReady", Cause: fsm.Failure, Doc: "some socket is not subscribed"},
	{Is: SessionSocketFailed, Name: "socketFailed", Cause: fsm.Failure, Doc: "some socket has failed for good"},
	{Is: SessionSocketsClosed, Name: "socketsClosed", Cause: fsm.Coupled, Doc: "every socket is closed"},
	{Is: SessionTokenExpired, Name: "tokenExpired", Cause: fsm.Failure, Doc: "the token has ended and cannot be refreshed"},
	{Is: SessionTokenGone, Name: "tokenGone", Cause: fsm.Coupled, Doc: "the token is revoked, or there was none"},
	{Is: SessionLeft, Name: "left", Cause: fsm.Coupled, Doc: "sockets are cut and the token is dropped"},
	{Is: SessionCloseTimedOut, Name: "closeTimedOut", Cause: fsm.Timer, Doc: "closing and revoking took too long", Carries: "Gen"},
}

var sessionEffects = []fsm.EffectInfo[SessionEffect, SessionEvent]{
	{Is: SessionStartLogin, Name: "startLogin", Answers: of(SessionLoginAccepted, SessionLoginRejected, SessionLoginGivenUp), Doc: "link: the login machine begins an attempt"},
	{Is: SessionCancelLogin, Name: "cancelLogin", Doc: "link: the login machine gives up what is in flight"},
	{Is: SessionOpenSockets, Name: "openSockets", Answers: of(SessionSocketsAuthed, SessionSocketFailed), Doc: "link: every socket opens"},
	{Is: SessionCloseSockets, Name: "closeSockets", Answers: of(SessionSocketsClosed), Doc: "link: every socket closes"},
	{Is: SessionAbortSockets, Name: "abortSockets", Answers: of(SessionSocketsClosed), Doc: "link: every socket is gone at once"},
	{Is: SessionRevokeToken, Name: "revokeToken", Answers: of(SessionTokenGone), Doc: "link: the token is revoked and dropped"},
	{Is: SessionDropToken, Name: "dropToken", Doc: "link: the token is dropped at once"},
	{Is: SessionReportLeft, Name: "reportLeft", Answers: of(SessionLeft), Doc: "link: back to the session, behind what it has asked of others"},
	{Is: SessionReportReady, Name: "reportReady", Doc: "link: the login in flight has its sockets"},
	{Is: SessionReportDegraded, Name: "reportDegraded", Doc: "link: the login in flight will not have its sockets"},
	{Is: SessionRefuseBusy, Name: "refuseBusy", Doc: "tell the command of this ticket that a logout is in flight"},
	{Is: SessionRefuseLoggedIn, Name: "refuseLoggedIn", Doc: "tell the command of this ticket that a user is logged in"},
	{Is: SessionTellLoggedOut, Name: "tellLoggedOut", Doc: "tell every logout command that it is done; forget the user"},
}

var (
	sessionAny      = states(sessionStates)
	sessionLoggedIn = of(SessionSocketOpening, SessionSocketAuthed, SessionSubscribed, SessionDegraded)
	sessionLeaving  = of(SessionClosing, SessionRevoking)
)

var (
	sessionIsStale = &sessionGuard{Name: "stale", Holds: func(d *SessionData, e fsm.Event[SessionEvent]) bool { return e.Gen != d.Gen }}
	sessionBegin   = &sessionUpdate{Name: "nextGeneration", Apply: func(d *SessionData, _ fsm.Event[SessionEvent]) { d.Gen++ }}
)

// Session is the machine of the session.
var Session = fsm.MustDeclare(fsm.Declaration[SessionState, SessionEvent, SessionEffect, SessionData]{
	Name: "session", Initial: SessionLoggedOut,
	States: sessionStates, Events: sessionEvents, Effects: sessionEffects,
	Rows: []sessionRow{
		// Log in.
		{From: of(SessionLoggedOut), On: of(SessionLoginRequested), To: SessionAuthenticating, Set: sessionBegin, Do: of(SessionStartLogin)},
		{From: of(SessionAuthenticating), On: of(SessionLoginRequested), Stay: true, Do: of(SessionStartLogin), Doc: "the login machine answers that it is busy"},
		{From: sessionLoggedIn, On: of(SessionLoginRequested), Stay: true, Do: of(SessionRefuseLoggedIn)},
		{From: sessionLeaving, On: of(SessionLoginRequested), Stay: true, Do: of(SessionRefuseBusy)},

		{From: of(SessionAuthenticating), On: of(SessionLoginAccepted), To: SessionSocketOpening, Do: of(SessionOpenSockets)},
		{From: of(SessionAuthenticating), On: of(SessionLoginRejected, SessionLoginGivenUp), To: SessionLoggedOut},
		{From: fsm.Except(sessionAny, SessionAuthenticating), On: of(SessionLoginAccepted, SessionLoginRejected, SessionLoginGivenUp), Never: "a login ends only where it began, in authenticating; leaving cancels it"},

		// The sockets, as their quorums say.
		{From: of(SessionSocketOpening), On: of(SessionSocketsAuthed), To: SessionSocketAuthed, Doc: "also without any socket"},
		{From: of(SessionSocketAuthed), On: of(SessionSocketsReady), To: SessionSubscribed, Do: of(SessionReportReady)},
		{From: of(SessionSocketAuthed, SessionSubscribed), On: of(SessionSocketsNotAuthed), To: SessionSocketOpening},
		{From: of(SessionSubscribed), On: of(SessionSocketsNotReady), To: SessionSocketAuthed},
		{From: of(SessionSocketOpening, SessionSocketAuthed, SessionSubscribed), On: of(SessionSocketFailed), To: SessionDegraded, Do: of(SessionReportDegraded)},
		{From: of(SessionClosing), On: of(SessionSocketsClosed), To: SessionRevoking, Do: of(SessionRevokeToken), Doc: "also without any socket"},

		{From: fsm.Except(sessionAny, SessionSocketOpening), On: of(SessionSocketsAuthed), Stay: true},
		{From: fsm.Except(sessionAny, SessionSocketAuthed), On: of(SessionSocketsReady), Stay: true},
		{From: fsm.Except(sessionAny, SessionSocketAuthed, SessionSubscribed), On: of(SessionSocketsNotAuthed), Stay: true},
		{From: fsm.Except(sessionAny, SessionSubscribed), On: of(SessionSocketsNotReady), Stay: true},
		{From: fsm.Except(sessionAny, SessionSocketOpening, SessionSocketAuthed, SessionSubscribed), On: of(SessionSocketFailed), Stay: true},
		{From: fsm.Except(sessionAny, SessionClosing), On: of(SessionSocketsClosed), Stay: true},

		// Log out, or lose the token: sockets first, then the server, then all is gone.
		{From: of(SessionLoggedOut), On: of(SessionLogoutRequested), Stay: true, Do: of(SessionTellLoggedOut)},
		{From: of(SessionAuthenticating), On: of(SessionLogoutRequested), To: SessionClosing, Do: of(SessionCancelLogin, SessionCloseSockets)},
		{From: sessionLoggedIn, On: of(SessionLogoutRequested), To: SessionClosing, Do: of(SessionCancelLogin, SessionCloseSockets)},
		{From: sessionLeaving, On: of(SessionLogoutRequested), Stay: true, Doc: "joins the logout in flight"},
		{From: sessionLoggedIn, On: of(SessionTokenExpired), To: SessionClosing, Do: of(SessionCancelLogin, SessionCloseSockets)},
		{From: of(SessionClosing), On: of(SessionTokenExpired), Stay: true},
		{From: of(SessionLoggedOut, SessionAuthenticating, SessionRevoking), On: of(SessionTokenExpired), Never: "there is no token to expire, or it is being revoked"},
		{From: of(SessionRevoking), On: of(SessionTokenGone), To: SessionLoggedOut, Do: of(SessionTellLoggedOut)},
		{From: fsm.Except(sessionAny, SessionRevoking), On: of(SessionTokenGone), Never: "only revoking asks for it"},
		{From: of(SessionLoggedOut), On: of(SessionLeft), Stay: true, Do: of(SessionTellLoggedOut)},
		{From: fsm.Except(sessionAny, SessionLoggedOut), On: of(SessionLeft), Never: "only a logout out of time says so, and it is logged out by then"},
		{From: sessionLeaving, On: of(SessionCloseTimedOut), If: sessionIsStale, Stay: true},
		{From: sessionLeaving, On: of(SessionCloseTimedOut), To: SessionLoggedOut, Do: of(SessionAbortSockets, SessionDropToken, SessionReportLeft)},
		{From: fsm.Except(sessionAny, sessionLeaving...), On: of(SessionCloseTimedOut), Stay: true, Doc: "a timer of a state already left"},
	},
})
