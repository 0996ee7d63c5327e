package proof

import (
	"slices"

	"github.com/custom-app/interlock/fsm"
	t "github.com/custom-app/interlock/transitions"
)

// socketAlwaysRules are of whatever may happen.
var socketAlwaysRules = []socketRule{
	{Name: "13 only a good answer to the auth message authorises", In: socketBut(t.SocketAuthed), On: socketEventsBut(t.SocketAuthAccepted, t.SocketAuthSkipped), To: socketBut(t.SocketAuthed)},
	{Name: "13 only active subscriptions make it ready, or that there is nobody to subscribe for", In: socketBut(socketReady...), On: socketEventsBut(t.SocketSubscriptionsActive, t.SocketTokenAbsent), To: socketBut(socketReady...)},
	{Name: "S13 what needs no token asks for none and is given none", On: socketEventsBut(), If: socketIsPublic, Not: fsm.Of(t.SocketNeedToken, t.SocketRefuseToken, t.SocketSendRenewal), Data: func(from, to t.SocketData, _ fsm.Event[t.SocketEvent]) bool { return to.Token == from.Token }},
	{Name: "14 nothing is sent behind the close frame, and nothing dialled", In: fsm.Of(t.SocketClosing), On: socketEventsBut(socketOpensAll...), To: fsm.Of(t.SocketClosing, t.SocketClosed),
		Not: fsm.Of(t.SocketDial, t.SocketNeedToken, t.SocketSendAuth, t.SocketSendRenewal, t.SocketSendPing, t.SocketReleaseSubscriptions, t.SocketReleaseSubscription, t.SocketReleaseRequests, t.SocketReleaseRequest)},
	{Name: "K6 only an open leaves an end, or a close", In: append(fsm.Of(t.SocketRemoved), socketShut...), On: fsm.Except(socketEventsBut(), socketOpens...), To: append(fsm.Of(t.SocketRemoved), socketShut...), Not: fsm.Of(t.SocketDial, t.SocketNeedToken)},
	{Name: "12 a generation is never used again, and its kind stays", On: socketEventsBut(), Data: func(from, to t.SocketData, _ fsm.Event[t.SocketEvent]) bool {
		kind := from
		kind.Public, kind.Early, kind.Renews, kind.Added, kind.NoPing = to.Public, to.Early, to.Renews, to.Added, to.NoPing
		return kind == from && (to.Gen == from.Gen || to.Gen == from.Gen+1)
	}},
}

// socketEventsBut are all events of a socket without some, and without those that
// can be impossible.
func socketEventsBut(without ...t.SocketEvent) (rest []t.SocketEvent) {
	for _, e := range t.Socket.Declaration().Events {
		if e.Is != t.SocketOpened && e.Is != t.SocketReadyReported && !slices.Contains(without, e.Is) {
			rest = append(rest, e.Is)
		}
	}
	return rest
}

// socketStrayRules are of what comes where it means nothing.
var socketStrayRules = []socketRule{
	{Name: "9 what is of another generation changes nothing", On: fsm.Except(socketReports, t.SocketOpened), Late: true, Stay: true, Quiet: true, Data: socketSame},
	{Name: "D3 somebody else asked for a token", In: socketBut(append(fsm.Of(t.SocketTokenPending, t.SocketAuthenticating), socketReady...)...), On: fsm.Of(t.SocketTokenFresh), Stay: true, Quiet: true, Data: socketSame},
	{Name: "D3 somebody else asked and got none", In: socketBut(t.SocketTokenPending, t.SocketAuthenticating, t.SocketRenewing), On: fsm.Of(t.SocketTokenAbsent, t.SocketTokenUnavailable), Stay: true, Quiet: true, Data: socketSame},
	{Name: "D3 nobody has asked for auth", In: socketBut(t.SocketAuthenticating, t.SocketRenewing), On: append(fsm.Of(t.SocketAuthTimedOut), socketAnswers...), Stay: true, Quiet: true, Data: socketSame},
	{Name: "D3 no subscription is awaited", In: socketBut(t.SocketAuthed), On: fsm.Of(t.SocketSubscriptionsActive, t.SocketSubscriptionRejected, t.SocketSubscriptionFailed, t.SocketSubscribeTimedOut), Stay: true, Quiet: true, Data: socketSame},
	{Name: "D3 no token is awaited", In: socketBut(t.SocketTokenPending), On: fsm.Of(t.SocketTokenTimedOut), Stay: true, Quiet: true, Data: socketSame},
	{Name: "D3 no dial is under way", In: socketBut(t.SocketOpening), On: fsm.Of(t.SocketOpenTimedOut), Stay: true, Quiet: true, Data: socketSame},
	{Name: "D3 no attempt is under way", In: socketBut(t.SocketOpening, t.SocketAuthenticating, t.SocketAuthed), On: fsm.Of(t.SocketAttemptTimedOut), Stay: true, Quiet: true, Data: socketSame},
	{Name: "D3 there is no pause to end", In: socketBut(socketPausing...), On: fsm.Of(t.SocketRetryDue, t.SocketRetriesSpent), Stay: true, Quiet: true, Data: socketSame},
	{Name: "D3 there is no outage to note", In: socketBut(t.SocketWaiting), On: fsm.Of(t.SocketOutageDue), Stay: true, Quiet: true, Data: socketSame},
	{Name: "D3 a hint is for what pauses or serves", In: socketBut(append(fsm.Of(t.SocketSubscribed), socketPausing...)...), On: fsm.Of(t.SocketWoken), Stay: true, Quiet: true, Data: socketSame},
	{Name: "D3 silence is of what is ready", In: socketBut(t.SocketSubscribed), On: fsm.Of(t.SocketSilent), Stay: true, Quiet: true, Data: socketSame},
	{Name: "D3 nothing is stable that is not ready", In: socketBut(socketReady...), On: fsm.Of(t.SocketStable), Stay: true, Quiet: true, Data: socketSame},
	{Name: "D3 no ping is under way", In: socketBut(t.SocketProbing), On: fsm.Of(t.SocketHeard, t.SocketPingTimedOut), Stay: true, Quiet: true, Data: socketSame},
	{Name: "D3 no close is under way", In: socketBut(t.SocketClosing), On: fsm.Of(t.SocketCloseTimedOut), Stay: true, Quiet: true, Data: socketSame},
	{Name: "D3 the connection or the dial is cut already", In: socketIdle, On: append(fsm.Of(t.SocketTokenRefused), socketEnds...), Stay: true, Quiet: true, Data: socketSame},
	{Name: "D3 what the server says of a token while closing", In: fsm.Of(t.SocketClosing), On: fsm.Of(t.SocketTokenRefused), Stay: true, Quiet: true, Data: socketSame},
}
