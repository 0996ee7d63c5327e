package transitions

import "github.com/custom-app/interlock/fsm"

var (
	sessionAny      = states(sessionStates)
	sessionChain    = of(SessionSocketOpening, SessionSocketAuthed, SessionSubscribed, SessionDegraded, SessionChaining, SessionChainWaiting)
	sessionOpen     = append(of(SessionDetached), sessionChain...)
	sessionLoggedIn = append(of(SessionSwitching, SessionDetaching), sessionOpen...)
	sessionLeaving  = of(SessionClosing, SessionRevoking)
	sessionBusy     = of(SessionClosing, SessionRevoking, SessionReturning, SessionShutting, SessionSettling)
	sessionEnding   = of(SessionShutting, SessionSettling)
	sessionNobody   = of(SessionLoggedOut, SessionAuthenticating)
	sessionUntimed  = append(of(SessionLoggedOut, SessionAuthenticating), sessionOpen...)
	sessionAnswers  = of(SessionGroupMade, SessionGroupUnavailable, SessionGroupFailed, SessionRetriesSpent, SessionGroupTimedOut, SessionRetryDue)
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

	sessionHasMore  = &sessionGuard{Name: "moreGroups", Holds: func(d *SessionData, _ fsm.Event[SessionEvent]) bool { return d.Group < d.Last }}
	sessionIsBroken = &sessionGuard{Name: "chainBroken", Holds: func(d *SessionData, _ fsm.Event[SessionEvent]) bool { return d.Broken }}

	sessionBegin = &sessionUpdate{Name: "firstGroup", Apply: func(d *SessionData, _ fsm.Event[SessionEvent]) {
		d.Gen, d.Group, d.Broken = d.Gen+1, 0, false
	}}
	sessionEnter = &sessionUpdate{Name: "nextUser", Apply: func(d *SessionData, _ fsm.Event[SessionEvent]) {
		d.Gen, d.Depth, d.Group, d.Broken = d.Gen+1, d.Depth+1, 0, false
	}}
	sessionMake  = &sessionUpdate{Name: "makeGroup", Apply: func(d *SessionData, _ fsm.Event[SessionEvent]) { d.Gen, d.Attempt = d.Gen+1, 0 }}
	sessionRetry = &sessionUpdate{Name: "makeGroupAgain", Apply: func(d *SessionData, _ fsm.Event[SessionEvent]) { d.Gen, d.Attempt = d.Gen+1, saturated(d.Attempt) }}
	sessionNext  = &sessionUpdate{Name: "nextGroup", Apply: func(d *SessionData, _ fsm.Event[SessionEvent]) { d.Group++ }}
	sessionBreak = &sessionUpdate{Name: "breakChain", Apply: func(d *SessionData, _ fsm.Event[SessionEvent]) { d.Broken = true }}
	sessionMend  = &sessionUpdate{Name: "mendChain", Apply: func(d *SessionData, _ fsm.Event[SessionEvent]) { d.Broken = false }}
	sessionAdd   = &sessionUpdate{Name: "oneMoreUser", Apply: func(d *SessionData, _ fsm.Event[SessionEvent]) { d.Depth++ }}
	sessionBack  = &sessionUpdate{Name: "oneUserLess", Apply: func(d *SessionData, _ fsm.Event[SessionEvent]) { d.Depth-- }}
	sessionEject = &sessionUpdate{Name: "previousUser", Apply: func(d *SessionData, _ fsm.Event[SessionEvent]) {
		d.Gen, d.Depth, d.Group, d.Broken = d.Gen+1, d.Depth-1, 0, false
	}}
	sessionDetach = &sessionUpdate{Name: "ownDeadline", Apply: func(d *SessionData, _ fsm.Event[SessionEvent]) { d.Gen++ }}
	sessionLeave  = &sessionUpdate{Name: "noteDevices", Apply: func(d *SessionData, e fsm.Event[SessionEvent]) {
		d.Gen, d.Leave = d.Gen+1, uint8(min(e.Arg, NoDevice))
	}}
	sessionWiden = &sessionUpdate{Name: "everyDevice", Apply: func(d *SessionData, _ fsm.Event[SessionEvent]) { d.Leave = uint8(EveryDevice) }}
	sessionLose  = &sessionUpdate{Name: "noteThisDevice", Apply: func(d *SessionData, _ fsm.Event[SessionEvent]) { d.Gen, d.Leave = d.Gen+1, uint8(ThisDevice) }}
	sessionHere  = &sessionUpdate{Name: "thisDevice", Apply: func(d *SessionData, _ fsm.Event[SessionEvent]) { d.Leave = uint8(ThisDevice) }}
	sessionShut  = &sessionUpdate{Name: "keepStored", Apply: func(d *SessionData, _ fsm.Event[SessionEvent]) {
		d.Gen, d.Leave, d.Forget = d.Gen+1, uint8(ThisDevice), false
	}}
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
		{From: of(SessionSwitching, SessionSocketOpening, SessionSocketAuthed, SessionChaining, SessionChainWaiting), On: of(SessionRequired), Stay: true, Do: of(SessionTellLoggedIn)},
		{From: of(SessionSubscribed), On: of(SessionRequired), Stay: true, Do: of(SessionTellLoggedIn, SessionReportReady)},
		{From: of(SessionDegraded), On: of(SessionRequired), Stay: true, Do: of(SessionTellLoggedIn, SessionReportDegraded)},
		{From: of(SessionDetaching, SessionDetached), On: of(SessionRequired), Stay: true, Do: of(SessionTellLoggedIn, SessionReportDetached)},
		{From: sessionBusy, On: of(SessionLoginRequested, SessionResumeRequested, SessionRequired), Stay: true, Do: of(SessionRefuseBusy)},

		{From: of(SessionAuthenticating), On: of(SessionLoginAccepted), To: SessionSocketOpening, Do: of(SessionForgetSockets, SessionOpenGroup, SessionTellLoggedIn)},
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
		{From: append(of(SessionDetaching), sessionOpen...), On: of(SessionUserAccepted), To: SessionSwitching, Set: sessionEnter, Do: of(SessionStopMaking, SessionCloseSockets, SessionTellDetached, SessionTellLoggedIn)},
		{From: of(SessionSwitching), On: of(SessionUserAccepted), Stay: true, Set: sessionAdd, Do: of(SessionTellLoggedIn), Doc: "as yet another, before the sockets have closed"},
		{From: fsm.Except(sessionAny, sessionLoggedIn...), On: of(SessionUserAccepted), Never: "leaving cancels what is in flight"},
		{From: of(SessionSwitching), On: of(SessionSocketsClosed), To: SessionSocketOpening, Do: of(SessionForgetSockets, SessionOpenGroup), Doc: "also without any socket"},

		// The sockets, as their quorums say, group by group.
		{From: of(SessionSocketOpening), On: of(SessionSocketsAuthed), If: sessionHasMore, Stay: true, Doc: "those of the next group are not open yet"},
		{From: of(SessionSocketOpening), On: of(SessionSocketsAuthed), To: SessionSocketAuthed, Doc: "also without any socket"},
		{From: of(SessionSocketOpening), On: of(SessionSocketsReady), If: sessionHasMore, To: SessionChaining, Set: sessionMake, Do: of(SessionMakeGroup), Doc: "also without any socket"},
		{From: of(SessionSocketAuthed), On: of(SessionSocketsReady), To: SessionSubscribed, Do: of(SessionReportReady)},
		{From: of(SessionSocketAuthed, SessionSubscribed), On: of(SessionSocketsNotAuthed), To: SessionSocketOpening},
		{From: of(SessionSubscribed), On: of(SessionSocketsNotReady), To: SessionSocketAuthed},
		{From: of(SessionSocketOpening, SessionSocketAuthed, SessionSubscribed, SessionChaining, SessionChainWaiting), On: of(SessionSocketFailed), To: SessionDegraded, Do: of(SessionStopMaking, SessionReportDegraded)},
		{From: of(SessionDegraded), On: of(SessionSocketsSound), If: sessionIsBroken, Stay: true},
		{From: of(SessionDegraded), On: of(SessionSocketsSound), To: SessionSocketOpening, Doc: "it was opened again, or closed by hand"},

		{From: fsm.Except(sessionAny, SessionSocketOpening), On: of(SessionSocketsAuthed), Stay: true},
		{From: fsm.Except(sessionAny, SessionSocketAuthed), On: of(SessionSocketsReady), Stay: true},
		{From: fsm.Except(sessionAny, SessionSocketAuthed, SessionSubscribed), On: of(SessionSocketsNotAuthed), Stay: true},
		{From: fsm.Except(sessionAny, SessionSubscribed), On: of(SessionSocketsNotReady), Stay: true},
		{From: fsm.Except(sessionAny, SessionSocketOpening, SessionSocketAuthed, SessionSubscribed, SessionChaining, SessionChainWaiting), On: of(SessionSocketFailed), Stay: true},
		{From: fsm.Except(sessionAny, SessionDegraded), On: of(SessionSocketsSound), Stay: true},
		{From: fsm.Except(sessionAny, SessionClosing, SessionSwitching), On: of(SessionSocketsClosed), Stay: true},

		// The next group of the chain.
		{From: sessionAny, On: sessionAnswers, If: sessionIsStale, Stay: true},
		{From: of(SessionChaining), On: of(SessionGroupMade), To: SessionSocketOpening, Set: sessionNext, Do: of(SessionOpenGroup)},
		{From: of(SessionChaining), On: of(SessionGroupUnavailable), To: SessionChainWaiting},
		{From: of(SessionChaining), On: of(SessionGroupTimedOut), To: SessionChainWaiting, Do: of(SessionStopMaking)},
		{From: of(SessionChaining), On: of(SessionGroupFailed), To: SessionDegraded, Set: sessionBreak, Do: of(SessionReportDegraded)},
		{From: of(SessionChainWaiting), On: of(SessionRetriesSpent), To: SessionDegraded, Set: sessionBreak, Do: of(SessionReportDegraded)},
		{From: of(SessionChainWaiting), On: of(SessionRetryDue), To: SessionChaining, Set: sessionRetry, Do: of(SessionMakeGroup)},
		{From: of(SessionChainWaiting), On: of(SessionWoken), To: SessionChaining, Set: sessionRetry, Do: of(SessionMakeGroup, SessionWake)},
		{From: fsm.Except(sessionAny, SessionChainWaiting), On: of(SessionWoken), Stay: true, Do: of(SessionWake)},
		{From: fsm.Except(sessionAny, SessionChaining), On: of(SessionGroupMade, SessionGroupUnavailable, SessionGroupFailed, SessionGroupTimedOut), Stay: true},
		{From: fsm.Except(sessionAny, SessionChainWaiting), On: of(SessionRetriesSpent, SessionRetryDue), Stay: true},

		// Sockets opened and closed by hand.
		{From: sessionNobody, On: of(SessionOpenRequested), Stay: true, Do: of(SessionOpenEarly)},
		{From: of(SessionDegraded), On: of(SessionOpenRequested), If: sessionIsBroken, To: SessionSocketOpening, Set: sessionMend, Do: of(SessionOpenChain)},
		{From: of(SessionDetached), On: of(SessionOpenRequested), To: SessionSocketOpening, Set: sessionMend, Do: of(SessionOpenChain)},
		{From: sessionChain, On: of(SessionOpenRequested), Stay: true, Do: of(SessionOpenChain)},
		{From: append(of(SessionSwitching, SessionDetaching), sessionBusy...), On: of(SessionOpenRequested, SessionSocketOpenRequested), Stay: true, Do: of(SessionRefuseBusy)},
		{From: sessionNobody, On: of(SessionSocketOpenRequested, SessionDetachRequested), Stay: true, Do: of(SessionRefuseLoggedOut)},
		{From: of(SessionDetached), On: of(SessionSocketOpenRequested), To: SessionSocketOpening, Set: sessionMend, Do: of(SessionOpenSocket)},
		{From: sessionChain, On: of(SessionSocketOpenRequested), Stay: true, Do: of(SessionOpenSocket)},
		{From: sessionAny, On: of(SessionSocketCloseRequested), Stay: true, Do: of(SessionCloseSocket)},
		{From: sessionAny, On: of(SessionSocketRemoveRequested), Stay: true, Do: of(SessionRemoveSocket)},
		{From: sessionChain, On: of(SessionDetachRequested), To: SessionDetaching, Set: sessionDetach, Do: of(SessionStopMaking, SessionCloseAll, SessionReportDetached)},
		{From: of(SessionDetaching), On: of(SessionDetachRequested), Stay: true, Doc: "joins"},
		{From: of(SessionDetached), On: of(SessionDetachRequested), Stay: true, Do: of(SessionTellDetached)},
		{From: append(of(SessionSwitching), sessionBusy...), On: of(SessionDetachRequested), Stay: true, Do: of(SessionRefuseBusy)},
		{From: of(SessionDetaching), On: of(SessionAllClosed), To: SessionDetached, Do: of(SessionTellDetached), Doc: "also without any socket"},

		// Log out, or lose the token: sockets first, then the server, then all is gone.
		{From: of(SessionLoggedOut), On: of(SessionLogoutRequested), Stay: true, Do: of(SessionTellLoggedOut)},
		{From: append(of(SessionAuthenticating), sessionLoggedIn...), On: of(SessionLogoutRequested), To: SessionClosing, Set: sessionLeave, Do: of(SessionCancelLogin, SessionStopMaking, SessionTellNotLoggedIn, SessionAnnounceLeaving, SessionCloseSockets, SessionTellDetached)},
		{From: of(SessionClosing), On: of(SessionLogoutRequested), If: sessionIsWider, Stay: true, Set: sessionWiden, Doc: "joins the logout in flight, and widens it"},
		{From: of(SessionRevoking, SessionReturning), On: of(SessionLogoutRequested), If: sessionIsWider, Stay: true, Do: of(SessionTellNarrow), Doc: "joins, but the server is being told of this device alone"},
		{From: of(SessionClosing, SessionRevoking, SessionReturning), On: of(SessionLogoutRequested), Stay: true, Doc: "joins the logout in flight"},
		{From: sessionLoggedIn, On: of(SessionTokenExpired), To: SessionClosing, Set: sessionLose, Do: of(SessionCancelLogin, SessionStopMaking, SessionTellNotLoggedIn, SessionAnnounceLeaving, SessionCloseSockets, SessionTellDetached)},
		{From: append(of(SessionAuthenticating, SessionClosing), sessionEnding...), On: of(SessionTokenExpired), Stay: true, Doc: "the resume in flight says so itself, or it no longer matters"},
		{From: of(SessionLoggedOut, SessionRevoking), On: of(SessionTokenExpired), Never: "there is no token to expire, or it is being revoked"},
		{From: of(SessionClosing), On: of(SessionSocketsClosed), If: sessionIsSilentAs, To: SessionReturning, Set: sessionBack, Do: of(SessionDropToken, SessionRestoreToken)},
		{From: of(SessionClosing), On: of(SessionSocketsClosed), If: sessionIsNested, To: SessionRevoking, Do: of(SessionRevokeToken), Doc: "what is stored is the master's"},
		{From: of(SessionClosing), On: of(SessionSocketsClosed), If: sessionIsSilent, To: SessionRevoking, Do: of(SessionEraseToken, SessionDropToken, SessionRevokeToken), Doc: "nothing is left to tell the server with"},
		{From: of(SessionClosing), On: of(SessionSocketsClosed), To: SessionRevoking, Do: of(SessionEraseToken, SessionRevokeToken), Doc: "also without any socket"},
		{From: of(SessionRevoking), On: of(SessionTokenGone), If: sessionIsNested, To: SessionReturning, Set: sessionBack, Do: of(SessionRestoreToken)},
		{From: of(SessionRevoking), On: of(SessionTokenGone), To: SessionLoggedOut, Do: of(SessionForgetSockets, SessionReportLeft)},
		{From: of(SessionSettling), On: of(SessionTokenGone), If: sessionIsForget, Stay: true, Set: sessionClear, Do: of(SessionDropTokens, SessionEraseToken, SessionSettleToken)},
		{From: of(SessionSettling), On: of(SessionTokenGone), To: SessionLoggedOut, Set: sessionClear, Do: of(SessionDropTokens, SessionForgetSockets, SessionReportLeft)},
		{From: of(SessionShutting), On: of(SessionTokenGone), Stay: true, Doc: "the logout before was under way"},
		{From: fsm.Except(sessionAny, SessionRevoking, SessionShutting, SessionSettling), On: of(SessionTokenGone), Never: "nobody has asked for it"},

		// Back to the user before.
		{From: of(SessionReturning), On: of(SessionTokenRestored), To: SessionSocketOpening, Set: sessionBegin, Do: of(SessionForgetSockets, SessionOpenGroup, SessionTellLoggedOut)},
		{From: of(SessionReturning), On: of(SessionTokenExpired), If: sessionIsNested, Stay: true, Set: sessionBack, Do: of(SessionTellParentExpired, SessionRestoreToken), Doc: "to the one before that"},
		{From: of(SessionReturning), On: of(SessionTokenExpired), To: SessionRevoking, Set: sessionHere, Do: of(SessionTellParentExpired, SessionEraseToken, SessionRevokeToken)},
		{From: fsm.Except(sessionAny, SessionReturning), On: of(SessionTokenRestored), Stay: true, Doc: "the session has gone on without it"},

		// Close everything, and keep what is stored.
		{From: append(of(SessionLoggedOut, SessionAuthenticating), sessionLoggedIn...), On: of(SessionCloseRequested), To: SessionShutting, Set: sessionShut, Do: of(SessionCancelLogin, SessionStopMaking, SessionTellNotLoggedIn, SessionAnnounceLeaving, SessionCloseAll, SessionTellDetached)},
		{From: of(SessionReturning), On: of(SessionCloseRequested), To: SessionShutting, Set: sessionHere, Do: of(SessionAnnounceLeaving, SessionCloseAll), Doc: "within the deadline of the logout"},
		{From: sessionLeaving, On: of(SessionCloseRequested), To: SessionShutting, Set: sessionHurry, Do: of(SessionCloseAll)},
		{From: sessionEnding, On: of(SessionCloseRequested), Stay: true, Doc: "joins"},
		{From: sessionEnding, On: of(SessionLogoutRequested), If: sessionIsWider, Stay: true, Set: sessionNote, Do: of(SessionTellNarrow), Doc: "joins, but the server is told nothing any more"},
		{From: sessionEnding, On: of(SessionLogoutRequested), Stay: true, Set: sessionNote, Doc: "joins; the server is not told, but what is stored goes"},
		{From: of(SessionShutting), On: of(SessionAllClosed), If: sessionIsForget, To: SessionSettling, Set: sessionClear, Do: of(SessionDropTokens, SessionEraseToken, SessionSettleToken)},
		{From: of(SessionShutting), On: of(SessionAllClosed), To: SessionSettling, Do: of(SessionSettleToken), Doc: "also without any socket"},
		{From: fsm.Except(sessionAny, SessionShutting, SessionDetaching), On: of(SessionAllClosed), Stay: true},

		// Out of time.
		{From: sessionAny, On: of(SessionCloseTimedOut), If: sessionIsStale, Stay: true},
		{From: sessionLeaving, On: of(SessionCloseTimedOut), If: sessionIsNested, To: SessionSocketOpening, Set: sessionEject, Do: of(SessionAbortSockets, SessionDropToken, SessionRestoreToken, SessionForgetSockets, SessionOpenGroup, SessionReportLeft)},
		{From: sessionLeaving, On: of(SessionCloseTimedOut), To: SessionLoggedOut, Do: of(SessionAbortSockets, SessionEraseToken, SessionDropToken, SessionForgetSockets, SessionReportLeft)},
		{From: of(SessionReturning), On: of(SessionCloseTimedOut), To: SessionSocketOpening, Set: sessionBegin, Do: of(SessionForgetSockets, SessionOpenGroup, SessionTellLoggedOut), Doc: "the token goes on by itself"},
		{From: of(SessionSwitching), On: of(SessionCloseTimedOut), To: SessionSocketOpening, Do: of(SessionAbortSockets, SessionForgetSockets, SessionOpenGroup)},
		{From: of(SessionDetaching), On: of(SessionCloseTimedOut), To: SessionDetached, Do: of(SessionAbortAll, SessionTellDetached)},
		{From: sessionEnding, On: of(SessionCloseTimedOut), If: sessionIsForget, To: SessionLoggedOut, Set: sessionClear, Do: of(SessionAbortAll, SessionDropTokens, SessionEraseToken, SessionForgetSockets, SessionReportLeft)},
		{From: sessionEnding, On: of(SessionCloseTimedOut), To: SessionLoggedOut, Set: sessionClear, Do: of(SessionAbortAll, SessionDropTokens, SessionForgetSockets, SessionReportLeft)},
		{From: sessionUntimed, On: of(SessionCloseTimedOut), Stay: true, Doc: "a timer of a state already left"},
		{From: of(SessionLoggedOut), On: of(SessionLeft), Stay: true, Do: of(SessionForgetUsers, SessionTellLoggedOut)},
		{From: of(SessionSocketOpening), On: of(SessionLeft), Stay: true, Do: of(SessionTellLoggedOut)},
		{From: fsm.Except(sessionAny, SessionLoggedOut, SessionSocketOpening), On: of(SessionLeft), Never: "it comes right behind what asked for it"},
	},
})
