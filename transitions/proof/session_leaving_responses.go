package proof

import (
	"slices"

	"github.com/custom-app/interlock/fsm"
	t "github.com/custom-app/interlock/transitions"
)

// What a logout asks for, and what the one in flight was asked for.
func sessionWider(d t.SessionData, e sessionEvent) bool {
	return e.Arg == t.EveryDevice && d.Leave != uint8(t.EveryDevice)
}
func sessionJoins(d t.SessionData, e sessionEvent) bool  { return !sessionWider(d, e) }
func sessionSpeaks(d t.SessionData, _ sessionEvent) bool { return d.Leave != uint8(t.NoDevice) }
func sessionSilent(d t.SessionData, _ sessionEvent) bool { return d.Leave == uint8(t.NoDevice) }

func sessionMasterSpeaks(d t.SessionData, e sessionEvent) bool {
	return sessionMaster(d, e) && sessionSpeaks(d, e)
}
func sessionMasterSilent(d t.SessionData, e sessionEvent) bool {
	return sessionMaster(d, e) && sessionSilent(d, e)
}
func sessionNestedSpeaks(d t.SessionData, e sessionEvent) bool {
	return sessionNested(d, e) && sessionSpeaks(d, e)
}
func sessionNestedSilent(d t.SessionData, e sessionEvent) bool {
	return sessionNested(d, e) && sessionSilent(d, e)
}

// sessionGivesUp are the effects by which whatever leaves ends what is in flight,
// and tells who waits for it.
var sessionGivesUp = fsm.Of(t.SessionCancelLogin, t.SessionStopMaking, t.SessionTellNotLoggedIn, t.SessionAnnounceLeaving)

// sessionLeavingRules say how a user goes: sockets first, then the server, then
// all is gone, or the user before is back.
var sessionLeavingRules = []sessionRule{
	{Name: "S6 a logout gives up what is in flight", In: slices.Concat(fsm.Of(t.SessionAuthenticating), sessionUser), On: fsm.Of(t.SessionLogoutRequested), To: fsm.Of(t.SessionClosing), Do: sessionGivesUp, Data: func(from, to t.SessionData, e sessionEvent) bool {
		return to.Depth == from.Depth && (e.Arg > t.NoDevice || uint32(to.Leave) == e.Arg)
	}},
	{Name: "S6 sockets close first, who closes them is told, and the tokens are still there", In: slices.Concat(fsm.Of(t.SessionAuthenticating), sessionUser), On: fsm.Of(t.SessionLogoutRequested), Do: fsm.Of(t.SessionCloseSockets, t.SessionTellDetached), Not: fsm.Of(t.SessionEraseToken, t.SessionDropToken, t.SessionRevokeToken)},
	{Name: "T5 a token that has ended leads the way of a logout", In: sessionUser, On: fsm.Of(t.SessionTokenExpired), To: fsm.Of(t.SessionClosing), Do: slices.Concat(sessionGivesUp, fsm.Of(t.SessionCloseSockets, t.SessionTellDetached)), Data: sessionOfThisDevice},
	{Name: "S6 a logout of nobody is done at once", In: fsm.Of(t.SessionLoggedOut), On: fsm.Of(t.SessionLogoutRequested), Stay: true, Do: fsm.Of(t.SessionTellLoggedOut)},
	{Name: "S6 asking twice is asking once", In: slices.Concat(sessionTold, fsm.Of(t.SessionReturning)), On: fsm.Of(t.SessionLogoutRequested), If: sessionJoins, Stay: true, Quiet: true, Data: sessionSame},
	{Name: "S6 of every device, as long as the server has not been told", In: fsm.Of(t.SessionClosing), On: fsm.Of(t.SessionLogoutRequested), If: sessionWider, Stay: true, Quiet: true, Data: func(_, to t.SessionData, _ sessionEvent) bool {
		return to.Leave == uint8(t.EveryDevice)
	}},
	{Name: "S6 who asks for every device too late is told", In: fsm.Of(t.SessionRevoking, t.SessionReturning), On: fsm.Of(t.SessionLogoutRequested), If: sessionWider, Stay: true, Do: fsm.Of(t.SessionTellNarrow), Data: sessionSame},
	{Name: "T5 a token that ends while everything does is no news", In: slices.Concat(fsm.Of(t.SessionAuthenticating, t.SessionClosing), sessionEnding), On: fsm.Of(t.SessionTokenExpired), Stay: true, Quiet: true, Data: sessionSame},
	{Name: "T5 no token ends where there is none", In: fsm.Of(t.SessionLoggedOut, t.SessionRevoking), On: fsm.Of(t.SessionTokenExpired), Never: true},
	{Name: "9 no deadline of before ends a logout or a close", In: fsm.Except(slices.Concat(sessionNobody, sessionUser), t.SessionLoggedOut), On: fsm.Of(t.SessionLogoutRequested, t.SessionCloseRequested), Data: sessionNewer},
	{Name: "9 no deadline of before ends a close of nobody", In: fsm.Of(t.SessionLoggedOut), On: fsm.Of(t.SessionCloseRequested), Data: sessionNewer},
	{Name: "9 no deadline of before ends what comes of a token that has ended", In: sessionUser, On: fsm.Of(t.SessionTokenExpired), Data: sessionNewer},
	{Name: "27 who goes on leaving has the deadline that runs", In: sessionLeaves, On: fsm.Of(t.SessionLogoutRequested, t.SessionCloseRequested, t.SessionSocketsClosed, t.SessionAllClosed), Data: sessionNoNewer},
	{Name: "27 who goes on leaving since the user before has died has it too", In: fsm.Of(t.SessionReturning), On: fsm.Of(t.SessionTokenExpired), Data: sessionNoNewer},

	{Name: "S6 when the sockets are closed the server is told, and what is stored goes whatever it says", In: fsm.Of(t.SessionClosing), On: fsm.Of(t.SessionSocketsClosed), If: sessionMasterSpeaks, To: fsm.Of(t.SessionRevoking), Do: fsm.Of(t.SessionEraseToken, t.SessionRevokeToken), Not: fsm.Of(t.SessionDropToken)},
	{Name: "S6 of no device, nothing is left to tell it with", In: fsm.Of(t.SessionClosing), On: fsm.Of(t.SessionSocketsClosed), If: sessionMasterSilent, To: fsm.Of(t.SessionRevoking), Do: fsm.Of(t.SessionEraseToken, t.SessionDropToken, t.SessionRevokeToken)},
	{Name: "S7 the tokens of another are revoked, and what is stored is the master's", In: fsm.Of(t.SessionClosing), On: fsm.Of(t.SessionSocketsClosed), If: sessionNestedSpeaks, To: fsm.Of(t.SessionRevoking), Do: fsm.Of(t.SessionRevokeToken), Not: fsm.Of(t.SessionEraseToken, t.SessionDropToken)},
	{Name: "S7 of no device, the tokens of another are dropped", In: fsm.Of(t.SessionClosing), On: fsm.Of(t.SessionSocketsClosed), If: sessionNestedSilent, To: fsm.Of(t.SessionReturning), Do: fsm.Of(t.SessionDropToken, t.SessionRestoreToken), Not: fsm.Of(t.SessionRevokeToken, t.SessionEraseToken), Data: sessionUserLess},
	{Name: "S6 when the token is gone everything is", In: fsm.Of(t.SessionRevoking), On: fsm.Of(t.SessionTokenGone), If: sessionMaster, To: fsm.Of(t.SessionLoggedOut), Do: fsm.Of(t.SessionForgetSockets, t.SessionReportLeft)},
	{Name: "S7 when the token of another is gone that of the user before is back", In: fsm.Of(t.SessionRevoking), On: fsm.Of(t.SessionTokenGone), If: sessionNested, To: fsm.Of(t.SessionReturning), Do: fsm.Of(t.SessionRestoreToken), Not: fsm.Of(t.SessionReportLeft), Data: sessionUserLess},
	{Name: "S7 back, the sockets of the user before open", In: fsm.Of(t.SessionReturning), On: fsm.Of(t.SessionTokenRestored, t.SessionCloseTimedOut), To: fsm.Of(t.SessionSocketOpening), Do: fsm.Of(t.SessionForgetSockets, t.SessionOpenGroup, t.SessionTellLoggedOut), Data: sessionAnew},
	{Name: "S7 who has died meanwhile is told, and the one before that is back", In: fsm.Of(t.SessionReturning), On: fsm.Of(t.SessionTokenExpired), If: sessionNested, Stay: true, Do: fsm.Of(t.SessionTellParentExpired, t.SessionRestoreToken), Data: sessionUserLess},
	{Name: "S7 a master who has died meanwhile is logged out, with that reason", In: fsm.Of(t.SessionReturning), On: fsm.Of(t.SessionTokenExpired), If: sessionMaster, To: fsm.Of(t.SessionRevoking), Do: fsm.Of(t.SessionTellParentExpired, t.SessionEraseToken, t.SessionRevokeToken), Data: sessionOfThisDevice},
	{Name: "S7 tokens come back to the one who waits for them", In: fsm.Except(sessionAny, t.SessionReturning), On: fsm.Of(t.SessionTokenRestored), Stay: true, Quiet: true},
	{Name: "S6 nobody's token goes unasked", In: slices.Concat(sessionNobody, sessionUser, fsm.Of(t.SessionClosing, t.SessionReturning)), On: fsm.Of(t.SessionTokenGone), Never: true},

	{Name: "27 a logout ends by its deadline", In: sessionTold, On: fsm.Of(t.SessionCloseTimedOut), If: sessionMaster, To: fsm.Of(t.SessionLoggedOut), Do: fsm.Of(t.SessionAbortSockets, t.SessionEraseToken, t.SessionDropToken, t.SessionForgetSockets, t.SessionReportLeft)},
	{Name: "27 a logout of another does so too, with the user before", In: sessionTold, On: fsm.Of(t.SessionCloseTimedOut), If: sessionNested, To: fsm.Of(t.SessionSocketOpening), Do: fsm.Of(t.SessionAbortSockets, t.SessionDropToken, t.SessionRestoreToken, t.SessionForgetSockets, t.SessionOpenGroup, t.SessionReportLeft), Not: fsm.Of(t.SessionEraseToken), Data: func(from, to t.SessionData, e sessionEvent) bool {
		return to.Depth == from.Depth-1 && to.Gen == from.Gen+1 && to.Group == 0 && !to.Broken
	}},
	{Name: "27 where nothing closes there is no deadline", In: slices.Concat(sessionNobody, sessionChain, fsm.Of(t.SessionDetached)), On: fsm.Of(t.SessionCloseTimedOut), Stay: true, Quiet: true},
	{Name: "S6 who has asked is told when all is gone", In: fsm.Of(t.SessionLoggedOut), On: fsm.Of(t.SessionLeft), Stay: true, Do: fsm.Of(t.SessionForgetUsers, t.SessionTellLoggedOut)},
	{Name: "S7 who has asked is told when the user before is back", In: fsm.Of(t.SessionSocketOpening), On: fsm.Of(t.SessionLeft), Stay: true, Do: fsm.Of(t.SessionTellLoggedOut), Not: fsm.Of(t.SessionForgetUsers)},
	{Name: "S6 nobody has left who is still there", In: fsm.Except(sessionAny, t.SessionLoggedOut, t.SessionSocketOpening), On: fsm.Of(t.SessionLeft), Never: true},
}

func sessionOfThisDevice(from, to t.SessionData, _ sessionEvent) bool {
	return to.Leave == uint8(t.ThisDevice) && to.Depth == from.Depth
}

// sessionClosingRules say how everything closes, to go on another time.
var sessionClosingRules = []sessionRule{
	{Name: "K8 a close gives up what is in flight, and closes every socket", In: slices.Concat(sessionNobody, sessionUser), On: fsm.Of(t.SessionCloseRequested), To: fsm.Of(t.SessionShutting), Do: slices.Concat(sessionGivesUp, fsm.Of(t.SessionCloseAll, t.SessionTellDetached)), Data: sessionStores},
	{Name: "K8 a close ends the logout in flight, untold to the server", In: sessionTold, On: fsm.Of(t.SessionCloseRequested), To: fsm.Of(t.SessionShutting), Do: fsm.Of(t.SessionCloseAll), Not: fsm.Of(t.SessionRevokeToken)},
	{Name: "K8 a close ends the return to the user before, whose tokens are asked for no more", In: fsm.Of(t.SessionReturning), On: fsm.Of(t.SessionCloseRequested), To: fsm.Of(t.SessionShutting), Do: fsm.Of(t.SessionAnnounceLeaving, t.SessionCloseAll), Data: sessionStores},
	{Name: "S6 a logout that a close ends erases what is stored all the same", In: sessionTold, On: fsm.Of(t.SessionCloseRequested), If: sessionMaster, Data: func(_, to t.SessionData, _ sessionEvent) bool {
		return to.Forget && to.Leave == uint8(t.ThisDevice)
	}},
	{Name: "S7 a logout of another that a close ends leaves what is stored, the master's", In: sessionTold, On: fsm.Of(t.SessionCloseRequested), If: sessionNested, Data: sessionStores},
	{Name: "K8 closing twice is closing once", In: sessionEnding, On: fsm.Of(t.SessionCloseRequested), Stay: true, Quiet: true, Data: sessionSame},
	{Name: "S6 a logout meanwhile erases what is stored", In: sessionEnding, On: fsm.Of(t.SessionLogoutRequested), Stay: true, Data: func(_, to t.SessionData, _ sessionEvent) bool { return to.Forget }},
	{Name: "S6 a logout of every device meanwhile is told that the server is not", In: sessionEnding, On: fsm.Of(t.SessionLogoutRequested), If: sessionWider, Do: fsm.Of(t.SessionTellNarrow)},
	{Name: "S6 another logout meanwhile joins", In: sessionEnding, On: fsm.Of(t.SessionLogoutRequested), If: sessionJoins, Quiet: true},
	{Name: "7 once every socket is closed, a token on its way is stored", In: fsm.Of(t.SessionShutting), On: fsm.Of(t.SessionAllClosed), If: sessionKeeping, To: fsm.Of(t.SessionSettling), Do: fsm.Of(t.SessionSettleToken)},
	{Name: "S6 where what is stored goes, no token on its way is waited for, but the store", In: fsm.Of(t.SessionShutting), On: fsm.Of(t.SessionAllClosed), If: sessionWanted, To: fsm.Of(t.SessionSettling), Do: sessionErases, Not: fsm.Of(t.SessionReportLeft), Data: sessionEmpty},
	{Name: "K8 in the end everything is gone but what is stored", In: fsm.Of(t.SessionSettling), On: fsm.Of(t.SessionTokenGone), If: sessionKeeping, To: fsm.Of(t.SessionLoggedOut), Do: sessionForgets, Not: fsm.Of(t.SessionEraseToken), Data: sessionEmpty},
	{Name: "S6 before the end what is stored goes too, if a logout has asked", In: fsm.Of(t.SessionSettling), On: fsm.Of(t.SessionTokenGone), If: sessionWanted, Stay: true, Do: sessionErases, Not: fsm.Of(t.SessionReportLeft), Data: sessionEmpty},
	{Name: "K8 the end of the logout before is not that of the close", In: fsm.Of(t.SessionShutting), On: fsm.Of(t.SessionTokenGone), Stay: true, Quiet: true, Data: sessionSame},
	{Name: "27 a close ends by its deadline", In: sessionEnding, On: fsm.Of(t.SessionCloseTimedOut), If: sessionKeeping, To: fsm.Of(t.SessionLoggedOut), Do: slices.Concat(fsm.Of(t.SessionAbortAll), sessionForgets), Not: fsm.Of(t.SessionEraseToken), Data: sessionEmpty},
	{Name: "27 a close that a logout has joined ends by its deadline", In: sessionEnding, On: fsm.Of(t.SessionCloseTimedOut), If: sessionWanted, To: fsm.Of(t.SessionLoggedOut), Do: fsm.Of(t.SessionAbortAll, t.SessionDropTokens, t.SessionEraseToken, t.SessionForgetSockets, t.SessionReportLeft), Data: sessionEmpty},
}

// Everything is forgotten, and told; what is stored is erased, and that waited for,
// only where a logout has asked for it.
var (
	sessionForgets = fsm.Of(t.SessionDropTokens, t.SessionForgetSockets, t.SessionReportLeft)
	sessionErases  = fsm.Of(t.SessionDropTokens, t.SessionEraseToken, t.SessionSettleToken)
)

func sessionStores(_, to t.SessionData, _ sessionEvent) bool {
	return !to.Forget && to.Leave == uint8(t.ThisDevice)
}
