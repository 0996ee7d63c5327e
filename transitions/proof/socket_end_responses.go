package proof

import (
	"slices"

	"github.com/custom-app/interlock/fsm"
	t "github.com/custom-app/interlock/transitions"
)

// What comes of a connection, or of the attempt to make one: it is always cut, and
// what was sent on it is lost, unless the socket has ended.
var (
	socketCut = fsm.Of(t.SocketCloseConnection, t.SocketLosePending)
	socketEnd = fsm.Of(t.SocketCloseConnection, t.SocketClosePending, t.SocketReportFailed)
)

// socketVerdictRules are of what the server, or the application's builder, says of
// the token, the subscriptions or the socket itself.
var socketVerdictRules = slices.Concat(
	socketJudged(fsm.Of(t.SocketOpening, t.SocketAuthenticating, t.SocketAuthed), t.SocketExpired, t.SocketTokenRefused),
	socketJudged(fsm.Of(t.SocketAuthenticating, t.SocketRenewing), t.SocketAuthRejected),
	socketJudged(fsm.Of(t.SocketAuthed), t.SocketSubscriptionRejected),
	[]socketRule{
		{Name: "K9 who is never to come back, or replaced, stops", In: socketLive, On: fsm.Of(t.SocketRejected, t.SocketReplaced), To: fsm.Of(t.SocketFailed), Do: socketEnd, Data: socketCounts},
		{Name: "K3 a builder without an auth message ends the socket", In: fsm.Of(t.SocketAuthenticating), On: fsm.Of(t.SocketBuilderDeclined), To: fsm.Of(t.SocketFailed), Do: socketEnd, Data: socketCounts},
		{Name: "K9 a token that is good no more is refused, and a connection made anew", In: socketReady, On: fsm.Of(t.SocketExpired), If: socketNeedsToken,
			To: fsm.Of(t.SocketWaiting), Do: append(slices.Clone(socketCut), t.SocketRefuseToken), Data: socketCounts},
		{Name: "K9 also when a message says so, where the server takes none on the connection", In: fsm.Of(t.SocketSubscribed, t.SocketProbing), On: fsm.Of(t.SocketTokenRefused), If: func(d t.SocketData, e fsm.Event[t.SocketEvent]) bool { return !d.Public && !socketRenews(d, e) },
			To: fsm.Of(t.SocketWaiting), Do: append(slices.Clone(socketCut), t.SocketRefuseToken), Data: socketCounts},
		{Name: "S13 what needs no token refuses none", In: fsm.Of(t.SocketSubscribed, t.SocketProbing), On: fsm.Of(t.SocketExpired, t.SocketTokenRefused), If: socketIsPublic, To: fsm.Of(t.SocketWaiting), Do: socketCut, Not: fsm.Of(t.SocketRefuseToken), Data: socketCounts},
	})

// socketJudged are the rules of a verdict against the token on the way to ready:
// the first costs a forced refresh, the second is final.
func socketJudged(in []t.SocketState, on ...t.SocketEvent) []socketRule {
	first := func(d t.SocketData, _ fsm.Event[t.SocketEvent]) bool { return !d.Public && d.Refusals == 0 }
	last := func(d t.SocketData, _ fsm.Event[t.SocketEvent]) bool { return d.Public || d.Refusals > 0 }
	return []socketRule{
		{Name: "K3 the first verdict costs a forced refresh", In: in, On: on, If: first, To: fsm.Of(t.SocketTokenPending), Do: append(slices.Clone(socketCut), t.SocketRefuseToken), Not: fsm.Of(t.SocketReportFailed), Data: socketIsRefused},
		{Name: "K3 the second verdict is final", In: in, On: on, If: last, To: fsm.Of(t.SocketFailed), Do: socketEnd, Not: fsm.Of(t.SocketRefuseToken), Data: socketCounts},
	}
}

// socketFailureRules are of whatever ends an attempt, and of the pause behind it.
var socketFailureRules = slices.Concat(
	socketBacksOff("K9 a lost connection or dial", socketLive, t.SocketEnded, t.SocketDropped),
	socketBacksOff("K13 a dial without an answer in time", fsm.Of(t.SocketOpening), t.SocketOpenTimedOut, t.SocketAttemptTimedOut),
	socketBacksOff("F13 an auth answer that never comes, or a builder that fails,", fsm.Of(t.SocketAuthenticating), t.SocketAuthTimedOut, t.SocketAttemptTimedOut, t.SocketBuilderFailed),
	socketBacksOff("F46 a subscription that gets no answer, or whose builder fails,", fsm.Of(t.SocketAuthed), t.SocketSubscribeTimedOut, t.SocketAttemptTimedOut, t.SocketSubscriptionFailed),
	socketBacksOff("K11 a renewal without an answer, or whose builder fails,", fsm.Of(t.SocketRenewing), t.SocketAuthTimedOut, t.SocketBuilderFailed),
	socketBacksOff("K10 a ping after which nothing comes", fsm.Of(t.SocketProbing), t.SocketPingTimedOut),
	[]socketRule{
		{Name: "K9 a server that is busy is left alone for longer", In: socketLive, On: fsm.Of(t.SocketBusy), To: fsm.Of(t.SocketBusyWaiting), Do: socketCut, Not: fsm.Of(t.SocketRefuseToken), Data: socketCounts},

		{Name: "T3 an attempt asks for a fresh token", In: socketPausing, On: fsm.Of(t.SocketRetryDue), If: socketNeedsToken, To: fsm.Of(t.SocketTokenPending), Do: fsm.Of(t.SocketNeedToken), Not: fsm.Of(t.SocketDial), Data: socketTries},
		{Name: "S13 where none is needed, it dials", In: socketPausing, On: fsm.Of(t.SocketRetryDue), If: socketIsPublic, To: fsm.Of(t.SocketOpening), Do: fsm.Of(t.SocketDial), Not: fsm.Of(t.SocketNeedToken), Data: socketTries},
		{Name: "K15 a hint retries at once", In: fsm.Of(t.SocketWaiting, t.SocketOutage), On: fsm.Of(t.SocketWoken), If: socketNeedsToken, To: fsm.Of(t.SocketTokenPending), Do: fsm.Of(t.SocketNeedToken), Data: socketTries},
		{Name: "K15 also where no token is needed", In: fsm.Of(t.SocketWaiting, t.SocketOutage), On: fsm.Of(t.SocketWoken), If: socketIsPublic, To: fsm.Of(t.SocketOpening), Do: fsm.Of(t.SocketDial), Data: socketTries},
		{Name: "K15 a server that has asked to wait is left alone", In: fsm.Of(t.SocketBusyWaiting), On: fsm.Of(t.SocketWoken), Stay: true, Quiet: true, Data: socketSame},
		{Name: "K15 a long outage is a state of its own", In: fsm.Of(t.SocketWaiting), On: fsm.Of(t.SocketOutageDue), To: fsm.Of(t.SocketOutage), Quiet: true, Data: socketSame},
		{Name: "K6 giving up is told, once", In: socketPausing, On: fsm.Of(t.SocketRetriesSpent), To: fsm.Of(t.SocketFailed), Do: fsm.Of(t.SocketClosePending, t.SocketReportFailed), Data: socketSame},
	})

// socketBacksOff is the rule that something leads to a pause before the next attempt.
func socketBacksOff(what string, in []t.SocketState, on ...t.SocketEvent) []socketRule {
	return []socketRule{{Name: what + " leads to a pause", In: in, On: on, To: fsm.Of(t.SocketWaiting), Do: socketCut, Not: fsm.Of(t.SocketRefuseToken, t.SocketReportFailed), Data: socketCounts}}
}

// socketCloseRules are of what closes or removes it.
var socketCloseRules = []socketRule{
	{Name: "K8 an open connection is closed in good order, and nothing sent behind", In: socketConnected, On: fsm.Of(t.SocketCloseRequested), To: fsm.Of(t.SocketClosing), Do: fsm.Of(t.SocketClosePending, t.SocketSendClose), Not: fsm.Of(t.SocketTellClosed), Data: socketSame},
	{Name: "K8 a close without a connection is done at once, and the dial cancelled", In: append(fsm.Of(t.SocketTokenPending, t.SocketOpening, t.SocketFailed), socketPausing...), On: fsm.Of(t.SocketCloseRequested),
		To: fsm.Of(t.SocketClosed), Do: fsm.Of(t.SocketCloseConnection, t.SocketClosePending, t.SocketTellClosed), Data: socketSame},
	{Name: "K8 what is closed says so", In: fsm.Of(t.SocketClosed, t.SocketRemoved), On: fsm.Of(t.SocketCloseRequested), Stay: true, Do: fsm.Of(t.SocketTellClosed), Data: socketSame},
	{Name: "K8 a second close joins the first", In: fsm.Of(t.SocketClosing), On: fsm.Of(t.SocketCloseRequested), Stay: true, Quiet: true, Data: socketSame},
	{Name: "K8 a close ends with the connection, or by its deadline", In: fsm.Of(t.SocketClosing), On: append(fsm.Of(t.SocketCloseTimedOut), socketEnds...), To: fsm.Of(t.SocketClosed), Do: fsm.Of(t.SocketCloseConnection, t.SocketTellClosed), Data: socketSame},
	{Name: "K8 a close that takes too long is cut short", In: socketBut(t.SocketClosed, t.SocketRemoved), On: fsm.Of(t.SocketAbortRequested), To: fsm.Of(t.SocketClosed), Do: fsm.Of(t.SocketCloseConnection, t.SocketClosePending, t.SocketTellClosed), Data: socketSame},
	{Name: "K8 what is closed is not told twice", In: fsm.Of(t.SocketClosed, t.SocketRemoved), On: fsm.Of(t.SocketAbortRequested), Stay: true, Quiet: true, Data: socketSame},
	{Name: "K1 what was added is removed", In: fsm.Of(t.SocketClosed), On: fsm.Of(t.SocketRemoveRequested), If: func(d t.SocketData, _ fsm.Event[t.SocketEvent]) bool { return d.Added },
		To: fsm.Of(t.SocketRemoved), Do: fsm.Of(t.SocketClosePending, t.SocketTellClosed, t.SocketForget), Data: socketSame},
	{Name: "K1 what is declared is not", In: socketBut(t.SocketRemoved), On: fsm.Of(t.SocketRemoveRequested), If: func(d t.SocketData, _ fsm.Event[t.SocketEvent]) bool { return !d.Added }, Stay: true, Do: fsm.Of(t.SocketRefuseOpen), Data: socketSame},
	{Name: "K1 it is closed first", In: socketBut(t.SocketClosed, t.SocketRemoved), On: fsm.Of(t.SocketRemoveRequested), Stay: true, Do: fsm.Of(t.SocketRefuseOpen), Data: socketSame},
	{Name: "K1 and once", In: fsm.Of(t.SocketRemoved), On: fsm.Of(t.SocketRemoveRequested), Stay: true, Quiet: true, Data: socketSame},
}

// socketCounts tells whether a failure is counted, with its code.
func socketCounts(from, to t.SocketData, e fsm.Event[t.SocketEvent]) bool {
	return to.Failures == from.Failures+1 && to.Code == uint16(e.Arg) && !to.Barred
}

// socketIsRefused tells whether a verdict is counted, and the token kept from the
// next attempt.
func socketIsRefused(from, to t.SocketData, e fsm.Event[t.SocketEvent]) bool {
	return to.Gen == from.Gen+1 && to.Failures == from.Failures+1 && to.Refusals == from.Refusals+1 && to.Code == uint16(e.Arg) && to.Barred && !to.Opened
}

// socketTries tells whether another attempt is counted, under a new generation.
func socketTries(from, to t.SocketData, _ fsm.Event[t.SocketEvent]) bool {
	return to.Gen == from.Gen+1 && to.Attempt == from.Attempt+1 && !to.Opened
}
