package proof

import (
	"slices"

	"github.com/custom-app/interlock/fsm"
	t "github.com/custom-app/interlock/transitions"
)

// What all sockets say together: as long as they serve, and once they are closed.
var (
	sessionServing = fsm.Of(t.SessionSocketsAuthed, t.SessionSocketsNotAuthed, t.SessionSocketsReady, t.SessionSocketsNotReady, t.SessionSocketFailed, t.SessionSocketsSound)
	sessionQuorums = slices.Concat(sessionServing, fsm.Of(t.SessionSocketsClosed, t.SessionAllClosed))
)

// sessionSocketRules say how the session follows its sockets: the slowest says
// where it is.
var sessionSocketRules = []sessionRule{
	{Name: "S9 when every socket of the chain is authorised", In: fsm.Of(t.SessionSocketOpening), On: fsm.Of(t.SessionSocketsAuthed), If: sessionLast, To: fsm.Of(t.SessionSocketAuthed)},
	{Name: "S9 when every socket of the chain is ready, who waits is told", In: fsm.Of(t.SessionSocketAuthed), On: fsm.Of(t.SessionSocketsReady), To: fsm.Of(t.SessionSubscribed), Do: fsm.Of(t.SessionReportReady)},
	{Name: "S9 the sockets so far are not all of the chain", In: fsm.Of(t.SessionSocketOpening), On: fsm.Of(t.SessionSocketsAuthed), If: sessionMore, Stay: true, Quiet: true},
	{Name: "S10 nothing is ready before it is authorised", In: fsm.Of(t.SessionSocketOpening), On: fsm.Of(t.SessionSocketsReady), If: sessionLast, Stay: true, Quiet: true},
	{Name: "S10 a socket that is no longer authorised takes the session back", In: fsm.Of(t.SessionSocketAuthed, t.SessionSubscribed), On: fsm.Of(t.SessionSocketsNotAuthed), To: fsm.Of(t.SessionSocketOpening)},
	{Name: "S10 a socket that is no longer ready takes the session back", In: fsm.Of(t.SessionSubscribed), On: fsm.Of(t.SessionSocketsNotReady), To: fsm.Of(t.SessionSocketAuthed)},
	{Name: "33 a socket that has failed for good is told, once", In: fsm.Except(sessionChain, t.SessionDegraded), On: fsm.Of(t.SessionSocketFailed), To: fsm.Of(t.SessionDegraded), Do: fsm.Of(t.SessionStopMaking, t.SessionReportDegraded)},
	{Name: "S9 a later ready is observable once no socket has failed any more", In: fsm.Of(t.SessionDegraded), On: fsm.Of(t.SessionSocketsSound), If: sessionSound, To: fsm.Of(t.SessionSocketOpening)},
	{Name: "33 sound sockets do not mend the chain", In: fsm.Of(t.SessionDegraded), On: fsm.Of(t.SessionSocketsSound), If: sessionBroken, Stay: true, Quiet: true},

	// What is no news to a state changes nothing.
	{Name: "D3 of sockets that open nothing else is news", In: fsm.Of(t.SessionSocketOpening), On: fsm.Of(t.SessionSocketsNotAuthed, t.SessionSocketsNotReady, t.SessionSocketsSound), Stay: true, Quiet: true},
	{Name: "D3 of sockets that are authorised nothing else is news", In: fsm.Of(t.SessionSocketAuthed), On: fsm.Of(t.SessionSocketsAuthed, t.SessionSocketsNotReady, t.SessionSocketsSound), Stay: true, Quiet: true},
	{Name: "D3 of sockets that are ready nothing else is news", In: fsm.Of(t.SessionSubscribed), On: fsm.Of(t.SessionSocketsAuthed, t.SessionSocketsReady, t.SessionSocketsSound), Stay: true, Quiet: true},
	{Name: "D3 a socket that has failed stays the one that counts", In: fsm.Of(t.SessionDegraded), On: fsm.Except(sessionServing, t.SessionSocketsSound), Stay: true, Quiet: true},
	{Name: "K1 sockets of the groups before do not hold up the next", In: fsm.Of(t.SessionChaining, t.SessionChainWaiting), On: fsm.Except(sessionServing, t.SessionSocketFailed), Stay: true, Quiet: true},
	{Name: "K16 sockets closed one by one leave the session where it is", In: sessionChain, On: fsm.Of(t.SessionSocketsClosed, t.SessionAllClosed), Stay: true, Quiet: true},
	{Name: "K16 whoever closes all sockets waits for nothing else", In: fsm.Of(t.SessionDetaching), On: fsm.Except(sessionQuorums, t.SessionAllClosed), Stay: true, Quiet: true},
	{Name: "K16 what has closed all sockets is a state of rest", In: fsm.Of(t.SessionDetached), On: sessionQuorums, Stay: true, Quiet: true},
	{Name: "S5 the switch to another user waits for nothing else", In: fsm.Of(t.SessionSwitching), On: fsm.Except(sessionQuorums, t.SessionSocketsClosed), Stay: true, Quiet: true},
	{Name: "S6 a logout waits for nothing else", In: fsm.Of(t.SessionClosing), On: fsm.Except(sessionQuorums, t.SessionSocketsClosed), Stay: true, Quiet: true},
	{Name: "K8 a close waits for nothing else", In: fsm.Of(t.SessionShutting), On: fsm.Except(sessionQuorums, t.SessionAllClosed), Stay: true, Quiet: true},
	{Name: "S13 sockets of nobody move nobody", In: fsm.Of(t.SessionLoggedOut, t.SessionAuthenticating, t.SessionRevoking, t.SessionReturning, t.SessionSettling), On: sessionQuorums, Stay: true, Quiet: true},
}

// sessionGroupRules say how the chain comes to its next group.
var sessionGroupRules = []sessionRule{
	{Name: "K1 the next group follows when every socket so far is ready", In: fsm.Of(t.SessionSocketOpening), On: fsm.Of(t.SessionSocketsReady), If: sessionMore, To: fsm.Of(t.SessionChaining), Do: fsm.Of(t.SessionMakeGroup), Data: func(from, to t.SessionData, _ sessionEvent) bool {
		return to.Gen == from.Gen+1 && to.Group == from.Group && to.Attempt == 0
	}},
	{Name: "K1 the sockets of a group open once they are known", In: fsm.Of(t.SessionChaining), On: fsm.Of(t.SessionGroupMade), To: fsm.Of(t.SessionSocketOpening), Do: fsm.Of(t.SessionOpenGroup), Data: func(from, to t.SessionData, _ sessionEvent) bool {
		return to.Group == from.Group+1
	}},
	{Name: "K1 what the application cannot say yet it is asked again", In: fsm.Of(t.SessionChaining), On: fsm.Of(t.SessionGroupUnavailable), To: fsm.Of(t.SessionChainWaiting), Not: fsm.Of(t.SessionReportDegraded)},
	{Name: "28 the application is not waited for without end", In: fsm.Of(t.SessionChaining), On: fsm.Of(t.SessionGroupTimedOut), To: fsm.Of(t.SessionChainWaiting), Do: fsm.Of(t.SessionStopMaking)},
	{Name: "K5 after the backoff the application is asked again", In: fsm.Of(t.SessionChainWaiting), On: fsm.Of(t.SessionRetryDue, t.SessionWoken), To: fsm.Of(t.SessionChaining), Do: fsm.Of(t.SessionMakeGroup), Data: func(from, to t.SessionData, _ sessionEvent) bool {
		return to.Gen == from.Gen+1 && to.Group == from.Group && to.Attempt == from.Attempt+1
	}},
	{Name: "33 a chain that will not go on is told, once", In: fsm.Of(t.SessionChaining), On: fsm.Of(t.SessionGroupFailed), To: fsm.Of(t.SessionDegraded), Do: fsm.Of(t.SessionReportDegraded), Data: sessionBreaks},
	{Name: "33 a chain whose retries are spent is told, once", In: fsm.Of(t.SessionChainWaiting), On: fsm.Of(t.SessionRetriesSpent), To: fsm.Of(t.SessionDegraded), Do: fsm.Of(t.SessionReportDegraded), Data: sessionBreaks},
	{Name: "K15 when the network is back everything tries at once", On: fsm.Of(t.SessionWoken), Do: fsm.Of(t.SessionWake)},
	{Name: "K15 what does not wait stays where it is when the network is back", In: fsm.Except(sessionAny, t.SessionChainWaiting), On: fsm.Of(t.SessionWoken), Stay: true, Data: sessionSame},

	{Name: "9 what belongs to another generation changes nothing", On: sessionTimed, Late: true, Stay: true, Quiet: true, Data: sessionSame},
	{Name: "9 an answer that nobody waits for changes nothing", In: fsm.Except(sessionAny, t.SessionChaining), On: fsm.Of(t.SessionGroupMade, t.SessionGroupUnavailable, t.SessionGroupFailed, t.SessionGroupTimedOut), Stay: true, Quiet: true, Data: sessionSame},
	{Name: "9 a backoff already left changes nothing", In: fsm.Except(sessionAny, t.SessionChainWaiting), On: fsm.Of(t.SessionRetriesSpent, t.SessionRetryDue), Stay: true, Quiet: true, Data: sessionSame},
}

func sessionBreaks(from, to t.SessionData, _ sessionEvent) bool {
	return to.Broken && to.Group == from.Group
}

// sessionHandRules say how the application opens and closes sockets by hand.
var sessionHandRules = []sessionRule{
	{Name: "S13 before login only those sockets open that need none", In: sessionNobody, On: fsm.Of(t.SessionOpenRequested), Stay: true, Do: fsm.Of(t.SessionOpenEarly), Not: fsm.Of(t.SessionOpenGroup, t.SessionOpenChain)},
	{Name: "1 nobody opens or closes the sockets of nobody", In: sessionNobody, On: fsm.Of(t.SessionSocketOpenRequested, t.SessionDetachRequested), Stay: true, Do: fsm.Of(t.SessionRefuseLoggedOut)},
	{Name: "K16 all sockets so far can be opened", In: slices.Concat(sessionChain, fsm.Of(t.SessionDetached)), On: fsm.Of(t.SessionOpenRequested), Do: fsm.Of(t.SessionOpenChain)},
	{Name: "K16 one socket can be opened", In: slices.Concat(sessionChain, fsm.Of(t.SessionDetached)), On: fsm.Of(t.SessionSocketOpenRequested), Do: fsm.Of(t.SessionOpenSocket)},
	{Name: "K16 sockets that are opened by hand end the rest", In: fsm.Of(t.SessionDetached), On: fsm.Of(t.SessionOpenRequested, t.SessionSocketOpenRequested), To: fsm.Of(t.SessionSocketOpening), Data: sessionMended},
	{Name: "K6 only an open of all by hand goes on with a broken chain", In: fsm.Of(t.SessionDegraded), On: fsm.Of(t.SessionOpenRequested), If: sessionBroken, To: fsm.Of(t.SessionSocketOpening), Data: sessionMended},
	{Name: "K7 to open all sockets leaves those that are open", In: sessionChain, On: fsm.Of(t.SessionOpenRequested), If: sessionSound, Stay: true, Data: sessionSame},
	{Name: "K7 to open one socket leaves the others", In: sessionChain, On: fsm.Of(t.SessionSocketOpenRequested), Stay: true, Data: sessionSame},
	{Name: "S8 nothing opens while everything closes", In: fsm.Of(t.SessionSwitching, t.SessionDetaching), On: fsm.Of(t.SessionOpenRequested, t.SessionSocketOpenRequested), Stay: true, Do: fsm.Of(t.SessionRefuseBusy)},
	{Name: "K8 one socket can be closed in every state", On: fsm.Of(t.SessionSocketCloseRequested), Stay: true, Do: fsm.Of(t.SessionCloseSocket)},
	{Name: "K1 one socket can be removed in every state", On: fsm.Of(t.SessionSocketRemoveRequested), Stay: true, Do: fsm.Of(t.SessionRemoveSocket)},

	{Name: "K16 all sockets can be closed", In: sessionChain, On: fsm.Of(t.SessionDetachRequested), To: fsm.Of(t.SessionDetaching), Do: fsm.Of(t.SessionStopMaking, t.SessionCloseAll, t.SessionReportDetached), Data: sessionNewer},
	{Name: "K16 who asks meanwhile is told with the others", In: fsm.Of(t.SessionDetaching), On: fsm.Of(t.SessionDetachRequested), Stay: true, Quiet: true},
	{Name: "K16 who asks afterwards is told at once", In: fsm.Of(t.SessionDetached), On: fsm.Of(t.SessionDetachRequested), Stay: true, Do: fsm.Of(t.SessionTellDetached)},
	{Name: "S8 all sockets of a user who goes close already", In: fsm.Of(t.SessionSwitching), On: fsm.Of(t.SessionDetachRequested), Stay: true, Do: fsm.Of(t.SessionRefuseBusy)},
	{Name: "K16 closed is told, also without a socket", In: fsm.Of(t.SessionDetaching), On: fsm.Of(t.SessionAllClosed), To: fsm.Of(t.SessionDetached), Do: fsm.Of(t.SessionTellDetached)},
	{Name: "K16 closed is told by the deadline", In: fsm.Of(t.SessionDetaching), On: fsm.Of(t.SessionCloseTimedOut), To: fsm.Of(t.SessionDetached), Do: fsm.Of(t.SessionAbortAll, t.SessionTellDetached)},
}
