package proof

import (
	"github.com/custom-app/interlock/fsm"
	t "github.com/custom-app/interlock/transitions"
)

// socketReadyRules are of subscriptions, requests, and what is ready.
var socketReadyRules = []socketRule{
	{Name: "K4 it is ready when every subscription is active", In: fsm.Of(t.SocketAuthed), On: fsm.Of(t.SocketSubscriptionsActive), To: fsm.Of(t.SocketSubscribed), Data: socketServes},
	{Name: "R4 requests go before ready is announced", In: fsm.Of(t.SocketAuthed), On: fsm.Of(t.SocketSubscriptionsActive), Do: fsm.Of(t.SocketReleaseRequests, t.SocketReportReady), Not: fsm.Of(t.SocketTellReady, t.SocketTellReadyAgain)},
	{Name: "K14 ready is told", In: socketReady, On: fsm.Of(t.SocketReadyReported), If: func(d t.SocketData, _ fsm.Event[t.SocketEvent]) bool { return !d.Again }, Stay: true, Do: fsm.Of(t.SocketTellReady), Not: fsm.Of(t.SocketTellReadyAgain), Data: socketSame},
	{Name: "K14 ready again says that something may be missed", In: socketReady, On: fsm.Of(t.SocketReadyReported), If: func(d t.SocketData, _ fsm.Event[t.SocketEvent]) bool { return d.Again }, Stay: true, Do: fsm.Of(t.SocketTellReadyAgain), Not: fsm.Of(t.SocketTellReady), Data: socketSame},
	{Name: "K14 ready is told where it is", In: socketBut(socketReady...), On: fsm.Of(t.SocketReadyReported), Never: true},
	{Name: "K5 it counts anew after a stability period", In: socketReady, On: fsm.Of(t.SocketStable), Stay: true, Quiet: true, Data: func(_, to t.SocketData, _ fsm.Event[t.SocketEvent]) bool { return to.Attempt == 0 }},
	{Name: "K5 the count outlives connection, auth and ready", On: fsm.Of(t.SocketAuthAccepted, t.SocketAuthSkipped, t.SocketSubscriptionsActive), Data: func(from, to t.SocketData, _ fsm.Event[t.SocketEvent]) bool { return to.Attempt == from.Attempt }},

	{Name: "K4 a subscription added while running goes at once", In: append(fsm.Of(t.SocketAuthed), socketReady...), On: fsm.Of(t.SocketSubscriptionAdded), If: func(d t.SocketData, _ fsm.Event[t.SocketEvent]) bool { return !d.Guest || d.Public },
		Stay: true, Do: fsm.Of(t.SocketReleaseSubscription), Data: socketSame},
	{Name: "K4 it goes as soon as the auth is good", In: fsm.Of(t.SocketAuthed), On: fsm.Of(t.SocketSubscriptionAdded), Stay: true, Do: fsm.Of(t.SocketReleaseSubscription), Data: socketSame},
	{Name: "S13 a guest's waits for the login", In: socketReady, On: fsm.Of(t.SocketSubscriptionAdded), If: socketVisits, Stay: true, Quiet: true, Data: socketSame},
	{Name: "14 before that, it waits for the auth", In: append(fsm.Of(t.SocketTokenPending, t.SocketOpening, t.SocketAuthenticating), socketPausing...), On: fsm.Of(t.SocketSubscriptionAdded), Stay: true, Quiet: true, Data: socketSame},
	{Name: "K16 what is closed takes no subscription", In: socketUnused, On: fsm.Of(t.SocketSubscriptionAdded), Stay: true, Do: fsm.Of(t.SocketRefuseSubscription), Data: socketSame},
	{Name: "R3 a request goes when there is a connection that meets its need", In: socketConnected, On: fsm.Of(t.SocketRequestSubmitted), Stay: true, Do: fsm.Of(t.SocketReleaseRequest), Data: socketSame},
	{Name: "R3 before that, it waits in the buffer", In: append(fsm.Of(t.SocketTokenPending, t.SocketOpening), socketPausing...), On: fsm.Of(t.SocketRequestSubmitted), Stay: true, Quiet: true, Data: socketSame},
	{Name: "R2 what is closed takes no request", In: socketUnused, On: fsm.Of(t.SocketRequestSubmitted), Stay: true, Do: fsm.Of(t.SocketRefuseRequest), Data: socketSame},

	{Name: "K10 silence, or a doubt, is answered by a ping", In: fsm.Of(t.SocketSubscribed), On: fsm.Of(t.SocketSilent, t.SocketWoken), If: func(d t.SocketData, _ fsm.Event[t.SocketEvent]) bool { return !d.NoPing }, To: fsm.Of(t.SocketProbing), Do: fsm.Of(t.SocketSendPing), Data: socketSame},
	{Name: "K10 unless it is sent none", In: fsm.Of(t.SocketSubscribed), On: fsm.Of(t.SocketSilent, t.SocketWoken), If: func(d t.SocketData, _ fsm.Event[t.SocketEvent]) bool { return d.NoPing }, Stay: true, Quiet: true, Data: socketSame},
	{Name: "K10 anything at all answers a ping", In: fsm.Of(t.SocketProbing), On: fsm.Of(t.SocketHeard), To: fsm.Of(t.SocketSubscribed), Quiet: true, Data: socketSame},
}

// socketServes tells whether it has become ready: verdicts are forgotten, and it
// knows whether it was ready before on this open.
func socketServes(from, to t.SocketData, _ fsm.Event[t.SocketEvent]) bool {
	return to.Readies == from.Readies+1 && to.Served && to.Again == from.Served && to.Refusals == 0
}
