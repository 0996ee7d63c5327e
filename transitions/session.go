package transitions

import "github.com/custom-app/interlock/fsm"

// SessionState is a state of the session: one logged-in user on this device,
// and below it those who have logged in as another.
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
	SessionSwitching
	SessionReturning
	SessionShutting
	SessionSettling
)

// String returns the state's name.
func (s SessionState) String() string { return Session.StateName(s) }

// SessionEvent is an event of the session.
type SessionEvent uint8

// The events of the session.
const (
	SessionLoginRequested SessionEvent = iota + 1
	SessionResumeRequested
	SessionRequired
	SessionLoginAsRequested
	SessionLogoutRequested
	SessionOpenRequested
	SessionCloseRequested
	SessionLoginAccepted
	SessionUserAccepted
	SessionLoginRejected
	SessionLoginGivenUp
	SessionSocketsAuthed
	SessionSocketsNotAuthed
	SessionSocketsReady
	SessionSocketsNotReady
	SessionSocketFailed
	SessionSocketsClosed
	SessionAllClosed
	SessionTokenExpired
	SessionTokenGone
	SessionTokenRestored
	SessionLeft
	SessionCloseTimedOut
)

// SessionEffect is an effect of the session.
type SessionEffect uint8

// The effects of the session.
const (
	SessionStartLogin SessionEffect = iota
	SessionStartResume
	SessionStartLoginAs
	SessionCancelLogin
	SessionOpenSockets
	SessionOpenEarly
	SessionReopenEarly
	SessionAnnounceLeaving
	SessionCloseSockets
	SessionCloseAll
	SessionAbortSockets
	SessionAbortAll
	SessionRevokeToken
	SessionSettleToken
	SessionEraseToken
	SessionDropToken
	SessionDropTokens
	SessionRestoreToken
	SessionReportLeft
	SessionReportReady
	SessionReportDegraded
	SessionRefuseBusy
	SessionRefuseLoggedIn
	SessionRefuseLoggedOut
	SessionTellLoggedIn
	SessionTellNotLoggedIn
	SessionTellNarrow
	SessionTellParentExpired
	SessionForgetUsers
	SessionTellLoggedOut
)

// What SessionLogoutRequested carries as Arg: whom the server is told of.
const (
	ThisDevice  uint32 = iota // this login alone
	EveryDevice               // every login of the user
	NoDevice                  // the server is not told
)

// SessionData is what a session remembers beside its state.
type SessionData struct {
	Gen    uint32 // grows with every user who becomes the current one
	Depth  uint32 // how many have logged in as another, below the current user
	Leave  uint8  // what the logout in flight was asked for: ThisDevice, EveryDevice or NoDevice
	Forget bool   // a logout was asked for while everything closes
}

type (
	sessionUpdate = fsm.Update[SessionData, SessionEvent]
	sessionGuard  = fsm.Guard[SessionData, SessionEvent]
	sessionRow    = fsm.Row[SessionState, SessionEvent, SessionEffect, SessionData]
)

var sessionStates = []fsm.StateInfo[SessionState, SessionEvent]{
	{Is: SessionLoggedOut, Name: "loggedOut", Kind: fsm.Rest, Doc: "no token, no timer, no socket but those opened before login"},
	{Is: SessionAuthenticating, Name: "authenticating", Kind: fsm.Follow, By: "login", Doc: "a login or a resume is under way or waits for its retry"},
	{Is: SessionSocketOpening, Name: "socketOpening", Kind: fsm.Follow, By: "socket", Group: "logged in", Doc: "some socket is not authorised yet, or no longer"},
	{Is: SessionSocketAuthed, Name: "socketAuthed", Kind: fsm.Follow, By: "socket", Group: "logged in", Doc: "every socket is authorised, some is not subscribed"},
	{Is: SessionSubscribed, Name: "subscribed", Kind: fsm.Rest, Group: "logged in", Doc: "every socket is ready"},
	{Is: SessionClosing, Name: "closing", Kind: fsm.Wait, Timers: of(SessionCloseTimedOut), Doc: "sockets close; nothing is sent on them"},
	{Is: SessionRevoking, Name: "revoking", Kind: fsm.Wait, Timers: of(SessionCloseTimedOut), Doc: "sockets are closed; the server is told"},
	{Is: SessionDegraded, Name: "degraded", Kind: fsm.Rest, Group: "logged in", Doc: "a socket has failed for good"},
	{Is: SessionSwitching, Name: "switching", Kind: fsm.Wait, Timers: of(SessionCloseTimedOut), Group: "logged in", Doc: "logged in as another; the sockets of the user before close"},
	{Is: SessionReturning, Name: "returning", Kind: fsm.Wait, Timers: of(SessionCloseTimedOut), Doc: "back to the user before, whose token is refreshed if it is stale"},
	{Is: SessionShutting, Name: "shutting", Kind: fsm.Wait, Timers: of(SessionCloseTimedOut), Doc: "every socket closes; the server is not told, and what is stored stays"},
	{Is: SessionSettling, Name: "settling", Kind: fsm.Wait, Timers: of(SessionCloseTimedOut), Doc: "everything is closed; a token that comes is stored"},
}

var sessionEvents = []fsm.EventInfo[SessionEvent]{
	{Is: SessionLoginRequested, Name: "loginRequested", Cause: fsm.User, Doc: "the application logs in", Carries: "Arg is the command's ticket"},
	{Is: SessionResumeRequested, Name: "resumeRequested", Cause: fsm.User, Doc: "the application resumes what was stored", Carries: "Arg is the command's ticket"},
	{Is: SessionRequired, Name: "required", Cause: fsm.User, Doc: "the application requires a login", Carries: "Arg is the ticket of the resume that it may lead to"},
	{Is: SessionLoginAsRequested, Name: "loginAsRequested", Cause: fsm.User, Doc: "the application logs in as another user", Carries: "Arg is the command's ticket"},
	{Is: SessionLogoutRequested, Name: "logoutRequested", Cause: fsm.User, Doc: "the application logs out", Carries: "Arg says of which devices"},
	{Is: SessionOpenRequested, Name: "openRequested", Cause: fsm.User, Doc: "the application opens the sockets that need no login"},
	{Is: SessionCloseRequested, Name: "closeRequested", Cause: fsm.User, Doc: "the application closes everything, to go on another time"},
	{Is: SessionLoginAccepted, Name: "loginAccepted", Cause: fsm.Peer, Doc: "the server has accepted the login"},
	{Is: SessionUserAccepted, Name: "userAccepted", Cause: fsm.Peer, Doc: "the server has accepted the login as another user"},
	{Is: SessionLoginRejected, Name: "loginRejected", Cause: fsm.Failure, Doc: "the server has rejected the login"},
	{Is: SessionLoginGivenUp, Name: "loginGivenUp", Cause: fsm.Failure, Doc: "the login was given up: retries spent, nothing stored, or the caller has left"},
	{Is: SessionSocketsAuthed, Name: "socketsAuthed", Cause: fsm.Peer, Doc: "every socket is authorised"},
	{Is: SessionSocketsNotAuthed, Name: "socketsNotAuthed", Cause: fsm.Failure, Doc: "some socket is not authorised"},
	{Is: SessionSocketsReady, Name: "socketsReady", Cause: fsm.Peer, Doc: "every socket is subscribed"},
	{Is: SessionSocketsNotReady, Name: "socketsNotReady", Cause: fsm.Failure, Doc: "some socket is not subscribed"},
	{Is: SessionSocketFailed, Name: "socketFailed", Cause: fsm.Failure, Doc: "some socket has failed for good"},
	{Is: SessionSocketsClosed, Name: "socketsClosed", Cause: fsm.Coupled, Doc: "every socket that ends with the user is closed"},
	{Is: SessionAllClosed, Name: "allClosed", Cause: fsm.Coupled, Doc: "every socket is closed"},
	{Is: SessionTokenExpired, Name: "tokenExpired", Cause: fsm.Failure, Doc: "the token has ended and cannot be refreshed"},
	{Is: SessionTokenGone, Name: "tokenGone", Cause: fsm.Coupled, Doc: "the token is revoked, or there was none"},
	{Is: SessionTokenRestored, Name: "tokenRestored", Cause: fsm.Coupled, Doc: "the token of the user before is in use again"},
	{Is: SessionLeft, Name: "left", Cause: fsm.Coupled, Doc: "sockets are cut and the token is dropped"},
	{Is: SessionCloseTimedOut, Name: "closeTimedOut", Cause: fsm.Timer, Doc: "leaving took too long", Carries: "Gen"},
}

var sessionEffects = []fsm.EffectInfo[SessionEffect, SessionEvent]{
	{Is: SessionStartLogin, Name: "startLogin", Answers: of(SessionLoginAccepted, SessionLoginRejected, SessionLoginGivenUp), Doc: "link: the login machine begins a login"},
	{Is: SessionStartResume, Name: "startResume", Answers: of(SessionLoginAccepted, SessionLoginRejected, SessionLoginGivenUp), Doc: "link: the login machine begins a resume"},
	{Is: SessionStartLoginAs, Name: "startLoginAs", Answers: of(SessionUserAccepted, SessionLoginRejected, SessionLoginGivenUp), Doc: "link: the login machine begins a login as another"},
	{Is: SessionCancelLogin, Name: "cancelLogin", Doc: "link: the login machine gives up what is in flight"},
	{Is: SessionOpenSockets, Name: "openSockets", Answers: of(SessionSocketsAuthed, SessionSocketFailed), Doc: "link: every socket opens"},
	{Is: SessionOpenEarly, Name: "openEarly", Doc: "link: the sockets that need no login open"},
	{Is: SessionReopenEarly, Name: "reopenEarly", Doc: "link: the sockets that need no login open, with one"},
	{Is: SessionAnnounceLeaving, Name: "announceLeaving", Doc: "link: whoever finds no fresh token from now on finds it for the sake of a logout"},
	{Is: SessionCloseSockets, Name: "closeSockets", Answers: of(SessionSocketsClosed), Doc: "link: every socket that ends with the user closes"},
	{Is: SessionCloseAll, Name: "closeAll", Answers: of(SessionAllClosed), Doc: "link: every socket closes"},
	{Is: SessionAbortSockets, Name: "abortSockets", Answers: of(SessionSocketsClosed), Doc: "link: every socket that ends with the user is gone at once"},
	{Is: SessionAbortAll, Name: "abortAll", Answers: of(SessionAllClosed), Doc: "link: every socket is gone at once"},
	{Is: SessionRevokeToken, Name: "revokeToken", Answers: of(SessionTokenGone), Doc: "link: the token is revoked and dropped"},
	{Is: SessionSettleToken, Name: "settleToken", Answers: of(SessionTokenGone), Doc: "link: the token to be stored is waited for"},
	{Is: SessionEraseToken, Name: "eraseToken", Doc: "link: the stored tokens are erased"},
	{Is: SessionDropToken, Name: "dropToken", Doc: "link: the token is dropped at once"},
	{Is: SessionDropTokens, Name: "dropTokens", Doc: "link: the tokens of all users are dropped at once"},
	{Is: SessionRestoreToken, Name: "restoreToken", Answers: of(SessionTokenRestored, SessionTokenExpired), Doc: "link: the token of the user before is the current one again"},
	{Is: SessionReportLeft, Name: "reportLeft", Answers: of(SessionLeft), Doc: "link: back to the session, behind what it has asked of others"},
	{Is: SessionReportReady, Name: "reportReady", Doc: "link and who requires: the sockets are ready"},
	{Is: SessionReportDegraded, Name: "reportDegraded", Doc: "link and who requires: the sockets will not be ready"},
	{Is: SessionRefuseBusy, Name: "refuseBusy", Doc: "tell the command that another is in flight"},
	{Is: SessionRefuseLoggedIn, Name: "refuseLoggedIn", Doc: "tell the command that a user is logged in"},
	{Is: SessionRefuseLoggedOut, Name: "refuseLoggedOut", Doc: "tell the command that nobody is logged in"},
	{Is: SessionTellLoggedIn, Name: "tellLoggedIn", Doc: "link and who requires: there is a login"},
	{Is: SessionTellNotLoggedIn, Name: "tellNotLoggedIn", Doc: "tell who requires a login that there is none"},
	{Is: SessionTellNarrow, Name: "tellNarrow", Doc: "tell the command, when it is done, that not every device was logged out"},
	{Is: SessionTellParentExpired, Name: "tellParentExpired", Doc: "tell every logout command that the session of the user before has ended too"},
	{Is: SessionForgetUsers, Name: "forgetUsers", Doc: "nobody is logged in: forget who was"},
	{Is: SessionTellLoggedOut, Name: "tellLoggedOut", Doc: "tell every command to leave that it is done"},
}

var (
	sessionAny      = states(sessionStates)
	sessionOpen     = of(SessionSocketOpening, SessionSocketAuthed, SessionSubscribed, SessionDegraded)
	sessionLoggedIn = append(of(SessionSwitching), sessionOpen...)
	sessionLeaving  = of(SessionClosing, SessionRevoking)
	sessionBusy     = of(SessionClosing, SessionRevoking, SessionReturning, SessionShutting, SessionSettling)
	sessionEnding   = of(SessionShutting, SessionSettling)
	sessionUntimed  = append(of(SessionLoggedOut, SessionAuthenticating), sessionOpen...)
)

var (
	sessionIsStale    = &sessionGuard{Name: "stale", Holds: func(d *SessionData, e fsm.Event[SessionEvent]) bool { return e.Gen != d.Gen }}
	sessionIsNested   = &sessionGuard{Name: "asAnother", Holds: func(d *SessionData, _ fsm.Event[SessionEvent]) bool { return d.Depth > 0 }}
	sessionIsForget   = &sessionGuard{Name: "logoutWanted", Holds: func(d *SessionData, _ fsm.Event[SessionEvent]) bool { return d.Forget }}
	sessionIsSilent   = &sessionGuard{Name: "ofNoDevice", Holds: func(d *SessionData, _ fsm.Event[SessionEvent]) bool { return uint32(d.Leave) == NoDevice }}
	sessionIsSilentAs = &sessionGuard{Name: "asAnotherOfNoDevice", Holds: func(d *SessionData, _ fsm.Event[SessionEvent]) bool {
		return d.Depth > 0 && uint32(d.Leave) == NoDevice
	}}
	sessionIsWider = &sessionGuard{Name: "ofMoreDevices", Holds: func(d *SessionData, e fsm.Event[SessionEvent]) bool {
		return e.Arg == EveryDevice && uint32(d.Leave) != EveryDevice
	}}

	sessionBegin = &sessionUpdate{Name: "nextGeneration", Apply: func(d *SessionData, _ fsm.Event[SessionEvent]) { d.Gen++ }}
	sessionEnter = &sessionUpdate{Name: "nextUser", Apply: func(d *SessionData, _ fsm.Event[SessionEvent]) { d.Gen, d.Depth = d.Gen+1, d.Depth+1 }}
	sessionAdd   = &sessionUpdate{Name: "oneMoreUser", Apply: func(d *SessionData, _ fsm.Event[SessionEvent]) { d.Depth++ }}
	sessionBack  = &sessionUpdate{Name: "oneUserLess", Apply: func(d *SessionData, _ fsm.Event[SessionEvent]) { d.Depth-- }}
	sessionEject = &sessionUpdate{Name: "previousUser", Apply: func(d *SessionData, _ fsm.Event[SessionEvent]) { d.Gen, d.Depth = d.Gen+1, d.Depth-1 }}
	sessionLeave = &sessionUpdate{Name: "noteDevices", Apply: func(d *SessionData, e fsm.Event[SessionEvent]) { d.Leave = uint8(min(e.Arg, NoDevice)) }}
	sessionLose  = &sessionUpdate{Name: "noteThisDevice", Apply: func(d *SessionData, _ fsm.Event[SessionEvent]) { d.Leave = uint8(ThisDevice) }}
	sessionShut  = &sessionUpdate{Name: "keepStored", Apply: func(d *SessionData, _ fsm.Event[SessionEvent]) { d.Leave, d.Forget = uint8(ThisDevice), false }}
	sessionHurry = &sessionUpdate{Name: "keepStoredOfMaster", Apply: func(d *SessionData, _ fsm.Event[SessionEvent]) { d.Leave, d.Forget = uint8(ThisDevice), d.Depth == 0 }}
	sessionNote  = &sessionUpdate{Name: "eraseStored", Apply: func(d *SessionData, _ fsm.Event[SessionEvent]) { d.Forget = true }}
	sessionClear = &sessionUpdate{Name: "noUser", Apply: func(d *SessionData, _ fsm.Event[SessionEvent]) { d.Depth, d.Forget = 0, false }}
)

// Session is the machine of the session.
var Session = fsm.MustDeclare(fsm.Declaration[SessionState, SessionEvent, SessionEffect, SessionData]{
	Name: "session", Initial: SessionLoggedOut,
	States: sessionStates, Events: sessionEvents, Effects: sessionEffects,
	Rows: []sessionRow{
		// Log in, or go on with what was stored.
		{From: of(SessionLoggedOut), On: of(SessionLoginRequested), To: SessionAuthenticating, Set: sessionBegin, Do: of(SessionStartLogin)},
		{From: of(SessionLoggedOut), On: of(SessionResumeRequested, SessionRequired), To: SessionAuthenticating, Set: sessionBegin, Do: of(SessionStartResume)},
		{From: of(SessionAuthenticating), On: of(SessionLoginRequested), Stay: true, Do: of(SessionStartLogin), Doc: "the login machine answers that it is busy"},
		{From: of(SessionAuthenticating), On: of(SessionResumeRequested), Stay: true, Do: of(SessionStartResume), Doc: "the login machine answers that it is busy"},
		{From: of(SessionAuthenticating), On: of(SessionRequired), Stay: true, Doc: "waits for what is in flight"},
		{From: sessionLoggedIn, On: of(SessionLoginRequested, SessionResumeRequested), Stay: true, Do: of(SessionRefuseLoggedIn)},
		{From: of(SessionSwitching, SessionSocketOpening, SessionSocketAuthed), On: of(SessionRequired), Stay: true, Do: of(SessionTellLoggedIn)},
		{From: of(SessionSubscribed), On: of(SessionRequired), Stay: true, Do: of(SessionTellLoggedIn, SessionReportReady)},
		{From: of(SessionDegraded), On: of(SessionRequired), Stay: true, Do: of(SessionTellLoggedIn, SessionReportDegraded)},
		{From: sessionBusy, On: of(SessionLoginRequested, SessionResumeRequested, SessionRequired), Stay: true, Do: of(SessionRefuseBusy)},

		{From: of(SessionAuthenticating), On: of(SessionLoginAccepted), To: SessionSocketOpening, Do: of(SessionOpenSockets, SessionTellLoggedIn)},
		{From: of(SessionAuthenticating), On: of(SessionLoginRejected), To: SessionLoggedOut, Do: of(SessionEraseToken, SessionDropToken, SessionTellNotLoggedIn)},
		{From: of(SessionAuthenticating), On: of(SessionLoginGivenUp), To: SessionLoggedOut, Do: of(SessionDropToken, SessionTellNotLoggedIn), Doc: "what is stored stays: nobody said that it is no good"},
		{From: sessionLoggedIn, On: of(SessionLoginRejected, SessionLoginGivenUp), Stay: true, Doc: "a login as another has failed, and nothing has changed"},
		{From: fsm.Except(sessionAny, SessionAuthenticating), On: of(SessionLoginAccepted), Never: "a login ends only where it began, in authenticating; leaving cancels it"},
		{From: sessionBusy, On: of(SessionLoginRejected, SessionLoginGivenUp), Stay: true, Doc: "the token of a login as another has ended, and with it the session"},
		{From: of(SessionLoggedOut), On: of(SessionLoginRejected, SessionLoginGivenUp), Never: "leaving cancels what is in flight"},

		// Log in as another: accepted first, then the sockets of the user before close.
		{From: of(SessionLoggedOut), On: of(SessionLoginAsRequested), Stay: true, Do: of(SessionRefuseLoggedOut)},
		{From: sessionLoggedIn, On: of(SessionLoginAsRequested), Stay: true, Do: of(SessionStartLoginAs)},
		{From: append(of(SessionAuthenticating), sessionBusy...), On: of(SessionLoginAsRequested), Stay: true, Do: of(SessionRefuseBusy)},
		{From: sessionOpen, On: of(SessionUserAccepted), To: SessionSwitching, Set: sessionEnter, Do: of(SessionCloseSockets, SessionTellLoggedIn)},
		{From: of(SessionSwitching), On: of(SessionUserAccepted), Stay: true, Set: sessionAdd, Do: of(SessionTellLoggedIn), Doc: "as yet another, before the sockets have closed"},
		{From: fsm.Except(sessionAny, sessionLoggedIn...), On: of(SessionUserAccepted), Never: "leaving cancels what is in flight"},
		{From: of(SessionSwitching), On: of(SessionSocketsClosed), To: SessionSocketOpening, Do: of(SessionOpenSockets), Doc: "also without any socket"},

		// The sockets, as their quorums say.
		{From: of(SessionSocketOpening), On: of(SessionSocketsAuthed), To: SessionSocketAuthed, Doc: "also without any socket"},
		{From: of(SessionSocketAuthed), On: of(SessionSocketsReady), To: SessionSubscribed, Do: of(SessionReportReady)},
		{From: of(SessionSocketAuthed, SessionSubscribed), On: of(SessionSocketsNotAuthed), To: SessionSocketOpening},
		{From: of(SessionSubscribed), On: of(SessionSocketsNotReady), To: SessionSocketAuthed},
		{From: of(SessionSocketOpening, SessionSocketAuthed, SessionSubscribed), On: of(SessionSocketFailed), To: SessionDegraded, Do: of(SessionReportDegraded)},

		{From: fsm.Except(sessionAny, SessionSocketOpening), On: of(SessionSocketsAuthed), Stay: true},
		{From: fsm.Except(sessionAny, SessionSocketAuthed), On: of(SessionSocketsReady), Stay: true},
		{From: fsm.Except(sessionAny, SessionSocketAuthed, SessionSubscribed), On: of(SessionSocketsNotAuthed), Stay: true},
		{From: fsm.Except(sessionAny, SessionSubscribed), On: of(SessionSocketsNotReady), Stay: true},
		{From: fsm.Except(sessionAny, SessionSocketOpening, SessionSocketAuthed, SessionSubscribed), On: of(SessionSocketFailed), Stay: true},
		{From: fsm.Except(sessionAny, SessionClosing, SessionSwitching), On: of(SessionSocketsClosed), Stay: true},

		{From: of(SessionLoggedOut, SessionAuthenticating), On: of(SessionOpenRequested), Stay: true, Do: of(SessionOpenEarly)},
		{From: sessionOpen, On: of(SessionOpenRequested), Stay: true, Do: of(SessionReopenEarly), Doc: "for the user: those that have failed"},
		{From: append(of(SessionSwitching), sessionBusy...), On: of(SessionOpenRequested), Stay: true, Do: of(SessionRefuseBusy)},

		// Log out, or lose the token: sockets first, then the server, then all is gone.
		{From: of(SessionLoggedOut), On: of(SessionLogoutRequested), Stay: true, Do: of(SessionTellLoggedOut)},
		{From: append(of(SessionAuthenticating), sessionLoggedIn...), On: of(SessionLogoutRequested), To: SessionClosing, Set: sessionLeave, Do: of(SessionCancelLogin, SessionTellNotLoggedIn, SessionAnnounceLeaving, SessionCloseSockets)},
		{From: of(SessionClosing), On: of(SessionLogoutRequested), If: sessionIsWider, Stay: true, Set: sessionLeave, Doc: "joins the logout in flight, and widens it"},
		{From: of(SessionRevoking, SessionReturning), On: of(SessionLogoutRequested), If: sessionIsWider, Stay: true, Do: of(SessionTellNarrow), Doc: "joins, but the server is being told of this device alone"},
		{From: of(SessionClosing, SessionRevoking, SessionReturning), On: of(SessionLogoutRequested), Stay: true, Doc: "joins the logout in flight"},
		{From: sessionLoggedIn, On: of(SessionTokenExpired), To: SessionClosing, Set: sessionLose, Do: of(SessionCancelLogin, SessionTellNotLoggedIn, SessionAnnounceLeaving, SessionCloseSockets)},
		{From: append(of(SessionAuthenticating, SessionClosing), sessionEnding...), On: of(SessionTokenExpired), Stay: true, Doc: "the resume in flight says so itself, or it no longer matters"},
		{From: of(SessionLoggedOut, SessionRevoking), On: of(SessionTokenExpired), Never: "there is no token to expire, or it is being revoked"},
		{From: of(SessionClosing), On: of(SessionSocketsClosed), If: sessionIsSilentAs, To: SessionReturning, Set: sessionBack, Do: of(SessionDropToken, SessionRestoreToken)},
		{From: of(SessionClosing), On: of(SessionSocketsClosed), If: sessionIsNested, To: SessionRevoking, Do: of(SessionRevokeToken), Doc: "what is stored is the master's"},
		{From: of(SessionClosing), On: of(SessionSocketsClosed), If: sessionIsSilent, To: SessionRevoking, Do: of(SessionEraseToken, SessionDropToken, SessionRevokeToken), Doc: "nothing is left to tell the server with"},
		{From: of(SessionClosing), On: of(SessionSocketsClosed), To: SessionRevoking, Do: of(SessionEraseToken, SessionRevokeToken), Doc: "also without any socket"},
		{From: of(SessionRevoking), On: of(SessionTokenGone), If: sessionIsNested, To: SessionReturning, Set: sessionBack, Do: of(SessionRestoreToken)},
		{From: of(SessionRevoking), On: of(SessionTokenGone), To: SessionLoggedOut, Do: of(SessionForgetUsers, SessionTellLoggedOut)},
		{From: of(SessionSettling), On: of(SessionTokenGone), If: sessionIsForget, To: SessionLoggedOut, Set: sessionClear, Do: of(SessionDropTokens, SessionEraseToken, SessionReportLeft)},
		{From: of(SessionSettling), On: of(SessionTokenGone), To: SessionLoggedOut, Set: sessionClear, Do: of(SessionDropTokens, SessionReportLeft)},
		{From: of(SessionShutting), On: of(SessionTokenGone), Stay: true, Doc: "the logout before was under way"},
		{From: fsm.Except(sessionAny, SessionRevoking, SessionShutting, SessionSettling), On: of(SessionTokenGone), Never: "nobody has asked for it"},

		// Back to the user before.
		{From: of(SessionReturning), On: of(SessionTokenRestored), To: SessionSocketOpening, Set: sessionBegin, Do: of(SessionOpenSockets, SessionTellLoggedOut)},
		{From: of(SessionReturning), On: of(SessionTokenExpired), If: sessionIsNested, Stay: true, Set: sessionBack, Do: of(SessionTellParentExpired, SessionRestoreToken), Doc: "to the one before that"},
		{From: of(SessionReturning), On: of(SessionTokenExpired), To: SessionRevoking, Set: sessionLose, Do: of(SessionTellParentExpired, SessionEraseToken, SessionRevokeToken)},
		{From: fsm.Except(sessionAny, SessionReturning), On: of(SessionTokenRestored), Stay: true, Doc: "the session has gone on without it"},

		// Close everything, and keep what is stored.
		{From: append(of(SessionLoggedOut, SessionAuthenticating, SessionReturning), sessionLoggedIn...), On: of(SessionCloseRequested), To: SessionShutting, Set: sessionShut, Do: of(SessionCancelLogin, SessionTellNotLoggedIn, SessionAnnounceLeaving, SessionCloseAll)},
		{From: sessionLeaving, On: of(SessionCloseRequested), To: SessionShutting, Set: sessionHurry, Do: of(SessionCloseAll)},
		{From: sessionEnding, On: of(SessionCloseRequested), Stay: true, Doc: "joins"},
		{From: sessionEnding, On: of(SessionLogoutRequested), If: sessionIsWider, Stay: true, Set: sessionNote, Do: of(SessionTellNarrow), Doc: "joins, but the server is told nothing any more"},
		{From: sessionEnding, On: of(SessionLogoutRequested), Stay: true, Set: sessionNote, Doc: "joins; the server is not told, but what is stored goes"},
		{From: of(SessionShutting), On: of(SessionAllClosed), If: sessionIsForget, To: SessionLoggedOut, Set: sessionClear, Do: of(SessionDropTokens, SessionEraseToken, SessionReportLeft)},
		{From: of(SessionShutting), On: of(SessionAllClosed), To: SessionSettling, Do: of(SessionSettleToken), Doc: "also without any socket"},
		{From: fsm.Except(sessionAny, SessionShutting), On: of(SessionAllClosed), Stay: true},

		// Out of time.
		{From: sessionAny, On: of(SessionCloseTimedOut), If: sessionIsStale, Stay: true},
		{From: sessionLeaving, On: of(SessionCloseTimedOut), If: sessionIsNested, To: SessionSocketOpening, Set: sessionEject, Do: of(SessionAbortSockets, SessionDropToken, SessionRestoreToken, SessionOpenSockets, SessionReportLeft)},
		{From: sessionLeaving, On: of(SessionCloseTimedOut), To: SessionLoggedOut, Do: of(SessionAbortSockets, SessionEraseToken, SessionDropToken, SessionReportLeft)},
		{From: of(SessionReturning), On: of(SessionCloseTimedOut), To: SessionSocketOpening, Set: sessionBegin, Do: of(SessionOpenSockets, SessionTellLoggedOut), Doc: "the token goes on by itself"},
		{From: of(SessionSwitching), On: of(SessionCloseTimedOut), To: SessionSocketOpening, Do: of(SessionAbortSockets, SessionOpenSockets)},
		{From: sessionEnding, On: of(SessionCloseTimedOut), If: sessionIsForget, To: SessionLoggedOut, Set: sessionClear, Do: of(SessionAbortAll, SessionDropTokens, SessionEraseToken, SessionReportLeft)},
		{From: sessionEnding, On: of(SessionCloseTimedOut), To: SessionLoggedOut, Set: sessionClear, Do: of(SessionAbortAll, SessionDropTokens, SessionReportLeft)},
		{From: sessionUntimed, On: of(SessionCloseTimedOut), Stay: true, Doc: "a timer of a state already left"},
		{From: of(SessionLoggedOut), On: of(SessionLeft), Stay: true, Do: of(SessionForgetUsers, SessionTellLoggedOut)},
		{From: of(SessionSocketOpening), On: of(SessionLeft), Stay: true, Do: of(SessionTellLoggedOut)},
		{From: fsm.Except(sessionAny, SessionLoggedOut, SessionSocketOpening), On: of(SessionLeft), Never: "it comes right behind what asked for it"},
	},
})
