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
	SessionChaining
	SessionChainWaiting
	SessionDetaching
	SessionDetached
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
	SessionDetachRequested
	SessionSocketOpenRequested
	SessionSocketCloseRequested
	SessionSocketRemoveRequested
	SessionWoken
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
	SessionSocketsSound
	SessionSocketsClosed
	SessionAllClosed
	SessionGroupMade
	SessionGroupUnavailable
	SessionGroupFailed
	SessionRetriesSpent
	SessionTokenExpired
	SessionTokenGone
	SessionTokenRestored
	SessionLeft
	SessionCloseTimedOut
	SessionGroupTimedOut
	SessionRetryDue
)

// SessionEffect is an effect of the session.
type SessionEffect uint8

// The effects of the session.
const (
	SessionStartLogin SessionEffect = iota
	SessionStartResume
	SessionStartLoginAs
	SessionCancelLogin
	SessionForgetSockets
	SessionOpenGroup
	SessionOpenChain
	SessionOpenEarly
	SessionOpenSocket
	SessionCloseSocket
	SessionRemoveSocket
	SessionMakeGroup
	SessionStopMaking
	SessionWake
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
	SessionReportDetached
	SessionRefuseBusy
	SessionRefuseLoggedIn
	SessionRefuseLoggedOut
	SessionTellLoggedIn
	SessionTellNotLoggedIn
	SessionTellDetached
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
	Gen     uint32 // grows with every login, every switch to another user and back, every group that is made, and whatever begins to close
	Depth   uint32 // how many have logged in as another, below the current user
	Attempt uint16 // how often the next group was to be made again
	Leave   uint8  // what the logout in flight was asked for: ThisDevice, EveryDevice or NoDevice
	Forget  bool   // a logout was asked for while everything closes
	Group   uint8  // the group of sockets that the chain has come to, from 0
	Last    uint8  // the last group; never changes
	Broken  bool   // the next group cannot be made
}

type (
	sessionUpdate = fsm.Update[SessionData, SessionEvent]
	sessionGuard  = fsm.Guard[SessionData, SessionEvent]
	sessionRow    = fsm.Row[SessionState, SessionEvent, SessionEffect, SessionData]
)

var sessionStates = []fsm.StateInfo[SessionState, SessionEvent]{
	{Is: SessionLoggedOut, Name: "loggedOut", Kind: fsm.Rest, Doc: "no token, no timer, no socket but those opened before login"},
	{Is: SessionAuthenticating, Name: "authenticating", Kind: fsm.Follow, By: "login", Doc: "a login or a resume is under way or waits for its retry"},
	{Is: SessionSocketOpening, Name: "socketOpening", Kind: fsm.Follow, By: "socket", Group: "logged in/sockets open", Doc: "some socket is not authorised yet, or no longer"},
	{Is: SessionSocketAuthed, Name: "socketAuthed", Kind: fsm.Follow, By: "socket", Group: "logged in/sockets open", Doc: "every socket is authorised, some is not subscribed"},
	{Is: SessionSubscribed, Name: "subscribed", Kind: fsm.Rest, Group: "logged in/sockets open", Doc: "every socket is ready"},
	{Is: SessionClosing, Name: "closing", Kind: fsm.Wait, Timers: of(SessionCloseTimedOut), Doc: "sockets close; nothing is sent on them"},
	{Is: SessionRevoking, Name: "revoking", Kind: fsm.Wait, Timers: of(SessionCloseTimedOut), Doc: "sockets are closed; the server is told"},
	{Is: SessionDegraded, Name: "degraded", Kind: fsm.Rest, Group: "logged in/sockets open", Doc: "a socket has failed for good"},
	{Is: SessionSwitching, Name: "switching", Kind: fsm.Wait, Timers: of(SessionCloseTimedOut), Group: "logged in", Doc: "logged in as another; the sockets of the user before close"},
	{Is: SessionReturning, Name: "returning", Kind: fsm.Wait, Timers: of(SessionCloseTimedOut), Doc: "back to the user before, whose token is refreshed if it is stale"},
	{Is: SessionShutting, Name: "shutting", Kind: fsm.Wait, Timers: of(SessionCloseTimedOut), Doc: "every socket closes; the server is not told, and what is stored stays"},
	{Is: SessionSettling, Name: "settling", Kind: fsm.Wait, Timers: of(SessionCloseTimedOut), Doc: "everything is closed; a token that comes is stored, or what is stored is erased"},
	{Is: SessionChaining, Name: "chaining", Kind: fsm.Wait, Timers: of(SessionGroupTimedOut), Group: "logged in/sockets open", Doc: "every socket so far is ready; the next group of sockets is made"},
	{Is: SessionChainWaiting, Name: "chainWaiting", Kind: fsm.Wait, Timers: of(SessionRetryDue), Group: "logged in/sockets open", Doc: "backoff before the next group is made again"},
	{Is: SessionDetaching, Name: "detaching", Kind: fsm.Wait, Timers: of(SessionCloseTimedOut), Group: "logged in", Doc: "the application closes every socket, and stays logged in"},
	{Is: SessionDetached, Name: "detached", Kind: fsm.Rest, Group: "logged in", Doc: "logged in; the application has closed every socket"},
}

var sessionEvents = []fsm.EventInfo[SessionEvent]{
	{Is: SessionLoginRequested, Name: "loginRequested", Cause: fsm.User, Doc: "the application logs in", Carries: "Arg is the command's ticket"},
	{Is: SessionResumeRequested, Name: "resumeRequested", Cause: fsm.User, Doc: "the application resumes what was stored", Carries: "Arg is the command's ticket"},
	{Is: SessionRequired, Name: "required", Cause: fsm.User, Doc: "the application requires a login", Carries: "Arg is the ticket of the resume that it may lead to"},
	{Is: SessionLoginAsRequested, Name: "loginAsRequested", Cause: fsm.User, Doc: "the application logs in as another user", Carries: "Arg is the command's ticket"},
	{Is: SessionLogoutRequested, Name: "logoutRequested", Cause: fsm.User, Doc: "the application logs out", Carries: "Arg says of which devices"},
	{Is: SessionOpenRequested, Name: "openRequested", Cause: fsm.User, Doc: "the application opens its sockets: before login those that need none"},
	{Is: SessionDetachRequested, Name: "detachRequested", Cause: fsm.User, Doc: "the application closes every socket, and stays logged in"},
	{Is: SessionSocketOpenRequested, Name: "socketOpenRequested", Cause: fsm.User, Doc: "the application opens one socket", Carries: "Arg is its id"},
	{Is: SessionSocketCloseRequested, Name: "socketCloseRequested", Cause: fsm.User, Doc: "the application closes one socket", Carries: "Arg is its id"},
	{Is: SessionSocketRemoveRequested, Name: "socketRemoveRequested", Cause: fsm.User, Doc: "the application removes one socket that it has added", Carries: "Arg is its id"},
	{Is: SessionWoken, Name: "woken", Cause: fsm.User, Doc: "the application says that the network is back"},
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
	{Is: SessionSocketsSound, Name: "socketsSound", Cause: fsm.Coupled, Doc: "no socket has failed for good, or none any more"},
	{Is: SessionSocketsClosed, Name: "socketsClosed", Cause: fsm.Coupled, Doc: "every socket that ends with the user is closed"},
	{Is: SessionAllClosed, Name: "allClosed", Cause: fsm.Coupled, Doc: "every socket is closed"},
	{Is: SessionGroupMade, Name: "groupMade", Cause: fsm.Coupled, Doc: "the sockets of the next group are known", Carries: "Gen"},
	{Is: SessionGroupUnavailable, Name: "groupUnavailable", Cause: fsm.Failure, Doc: "the application cannot say yet what the next group is", Carries: "Gen"},
	{Is: SessionGroupFailed, Name: "groupFailed", Cause: fsm.Failure, Doc: "the application will never be able to say what the next group is", Carries: "Gen"},
	{Is: SessionRetriesSpent, Name: "retriesSpent", Cause: fsm.Failure, Doc: "the backoff gives no further delay", Carries: "Gen"},
	{Is: SessionTokenExpired, Name: "tokenExpired", Cause: fsm.Failure, Doc: "the token has ended and cannot be refreshed"},
	{Is: SessionTokenGone, Name: "tokenGone", Cause: fsm.Coupled, Doc: "the token is revoked, or there was none"},
	{Is: SessionTokenRestored, Name: "tokenRestored", Cause: fsm.Coupled, Doc: "the token of the user before is in use again"},
	{Is: SessionLeft, Name: "left", Cause: fsm.Coupled, Doc: "sockets are cut and the token is dropped"},
	{Is: SessionCloseTimedOut, Name: "closeTimedOut", Cause: fsm.Timer, Doc: "leaving, or closing, took too long", Carries: "Gen"},
	{Is: SessionGroupTimedOut, Name: "groupTimedOut", Cause: fsm.Timer, Doc: "the next group was not made in time", Carries: "Gen"},
	{Is: SessionRetryDue, Name: "retryDue", Cause: fsm.Timer, Doc: "the backoff is over", Carries: "Gen"},
}

var sessionEffects = []fsm.EffectInfo[SessionEffect, SessionEvent]{
	{Is: SessionStartLogin, Name: "startLogin", Answers: of(SessionLoginAccepted, SessionLoginRejected, SessionLoginGivenUp), Doc: "link: the login machine begins a login"},
	{Is: SessionStartResume, Name: "startResume", Answers: of(SessionLoginAccepted, SessionLoginRejected, SessionLoginGivenUp), Doc: "link: the login machine begins a resume"},
	{Is: SessionStartLoginAs, Name: "startLoginAs", Answers: of(SessionUserAccepted, SessionLoginRejected, SessionLoginGivenUp), Doc: "link: the login machine begins a login as another"},
	{Is: SessionCancelLogin, Name: "cancelLogin", Doc: "link: the login machine gives up what is in flight"},
	{Is: SessionForgetSockets, Name: "forgetSockets", Doc: "link: the sockets that were added for the user before are removed"},
	{Is: SessionOpenGroup, Name: "openGroup", Answers: of(SessionSocketsAuthed, SessionSocketsReady, SessionSocketFailed), Doc: "link: the sockets of the group open"},
	{Is: SessionOpenChain, Name: "openChain", Answers: of(SessionSocketsAuthed, SessionSocketsReady, SessionSocketFailed), Doc: "link: the sockets of the groups so far open, those that are not open"},
	{Is: SessionOpenEarly, Name: "openEarly", Doc: "link: the sockets that need no login open"},
	{Is: SessionOpenSocket, Name: "openSocket", Doc: "link: that socket opens"},
	{Is: SessionCloseSocket, Name: "closeSocket", Doc: "link: that socket closes"},
	{Is: SessionRemoveSocket, Name: "removeSocket", Doc: "link: that socket is removed"},
	{Is: SessionMakeGroup, Name: "makeGroup", Answers: of(SessionGroupMade, SessionGroupUnavailable, SessionGroupFailed), Doc: "ask the application for the next group of sockets, if it is not declared"},
	{Is: SessionStopMaking, Name: "stopMaking", Doc: "give up what is asked of the application"},
	{Is: SessionWake, Name: "wake", Doc: "link: the token and the sockets try again at once"},
	{Is: SessionAnnounceLeaving, Name: "announceLeaving", Doc: "link: whoever finds no fresh token from now on finds it for the sake of a logout"},
	{Is: SessionCloseSockets, Name: "closeSockets", Answers: of(SessionSocketsClosed), Doc: "link: every socket that ends with the user closes"},
	{Is: SessionCloseAll, Name: "closeAll", Answers: of(SessionAllClosed), Doc: "link: every socket closes"},
	{Is: SessionAbortSockets, Name: "abortSockets", Answers: of(SessionSocketsClosed), Doc: "link: every socket that ends with the user is gone at once"},
	{Is: SessionAbortAll, Name: "abortAll", Answers: of(SessionAllClosed), Doc: "link: every socket is gone at once"},
	{Is: SessionRevokeToken, Name: "revokeToken", Answers: of(SessionTokenGone), Doc: "link: the token is revoked and dropped"},
	{Is: SessionSettleToken, Name: "settleToken", Answers: of(SessionTokenGone), Doc: "link: the token to be stored, or what is to be erased, is waited for"},
	{Is: SessionEraseToken, Name: "eraseToken", Doc: "link: the stored tokens are erased"},
	{Is: SessionDropToken, Name: "dropToken", Doc: "link: the token is dropped at once"},
	{Is: SessionDropTokens, Name: "dropTokens", Doc: "link: the tokens of all users are dropped at once"},
	{Is: SessionRestoreToken, Name: "restoreToken", Answers: of(SessionTokenRestored, SessionTokenExpired), Doc: "link: the token of the user before is the current one again"},
	{Is: SessionReportLeft, Name: "reportLeft", Answers: of(SessionLeft), Doc: "link: back to the session, behind what it has asked of others"},
	{Is: SessionReportReady, Name: "reportReady", Doc: "link and who requires: the sockets are ready"},
	{Is: SessionReportDegraded, Name: "reportDegraded", Doc: "link and who requires: the sockets will not be ready"},
	{Is: SessionReportDetached, Name: "reportDetached", Doc: "link and who requires: the sockets are closed by hand"},
	{Is: SessionRefuseBusy, Name: "refuseBusy", Doc: "tell the command that another is in flight"},
	{Is: SessionRefuseLoggedIn, Name: "refuseLoggedIn", Doc: "tell the command that a user is logged in"},
	{Is: SessionRefuseLoggedOut, Name: "refuseLoggedOut", Doc: "tell the command that nobody is logged in"},
	{Is: SessionTellLoggedIn, Name: "tellLoggedIn", Doc: "link and who requires: there is a login"},
	{Is: SessionTellNotLoggedIn, Name: "tellNotLoggedIn", Doc: "tell who requires a login that there is none"},
	{Is: SessionTellDetached, Name: "tellDetached", Doc: "tell everyone who closes every socket that it is done"},
	{Is: SessionTellNarrow, Name: "tellNarrow", Doc: "tell the command, when it is done, that not every device was logged out"},
	{Is: SessionTellParentExpired, Name: "tellParentExpired", Doc: "tell every logout command that the session of the user before has ended too"},
	{Is: SessionForgetUsers, Name: "forgetUsers", Doc: "nobody is logged in: forget who was"},
	{Is: SessionTellLoggedOut, Name: "tellLoggedOut", Doc: "tell every command to leave that it is done"},
}
