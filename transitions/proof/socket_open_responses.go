package proof

import (
	"github.com/custom-app/interlock/fsm"
	t "github.com/custom-app/interlock/transitions"
)

// socketOpenRules lead from an open to a connection.
var socketOpenRules = []socketRule{
	{Name: "T3 an open asks for a fresh token", In: socketShut, On: socketOpens, If: socketNeedsToken, To: fsm.Of(t.SocketTokenPending), Do: fsm.Of(t.SocketNeedToken), Not: fsm.Of(t.SocketDial)},
	{Name: "S13 what needs no token dials at once", In: socketShut, On: socketOpens, If: socketIsPublic, To: fsm.Of(t.SocketOpening), Do: fsm.Of(t.SocketDial), Not: fsm.Of(t.SocketNeedToken)},
	{Name: "K5 an open begins to count anew, and before it is ready nothing was missed", In: socketShut, On: socketOpens, Data: socketBegins},
	{Name: "K16 who opens it is told", In: socketShut, On: fsm.Of(t.SocketOpenRequested, t.SocketReopenRequested), Do: fsm.Of(t.SocketTellOpened)},
	{Name: "K16 an open cuts a close short", In: fsm.Of(t.SocketClosing), On: socketOpensAll, If: socketNeedsToken, To: fsm.Of(t.SocketTokenPending), Do: fsm.Of(t.SocketCloseConnection, t.SocketTellClosed, t.SocketNeedToken), Not: fsm.Of(t.SocketDial), Data: socketBegins},
	{Name: "K16 and dials at once where no token is needed", In: fsm.Of(t.SocketClosing), On: socketOpensAll, If: socketIsPublic, To: fsm.Of(t.SocketOpening), Do: fsm.Of(t.SocketCloseConnection, t.SocketTellClosed, t.SocketDial), Not: fsm.Of(t.SocketNeedToken), Data: socketBegins},
	{Name: "K16 who opens them all is told", In: fsm.Of(t.SocketClosing), On: fsm.Of(t.SocketOpenRequested), Do: fsm.Of(t.SocketTellOpened)},
	{Name: "K7 to open what is open is an error", In: socketBut(socketShut...), On: fsm.Of(t.SocketReopenRequested), Stay: true, Do: fsm.Of(t.SocketRefuseOpen), Data: socketSame},
	{Name: "K7 unless all are opened at once", In: socketOpen, On: fsm.Of(t.SocketOpenRequested), If: func(d t.SocketData, _ fsm.Event[t.SocketEvent]) bool { return !d.Guest }, Stay: true, Quiet: true, Data: socketSame},
	{Name: "S13 what is open is not opened for guests", In: socketOpen, On: fsm.Of(t.SocketEarlyRequested), Stay: true, Quiet: true, Data: socketSame},

	{Name: "T4 a refused token is not offered again", In: fsm.Of(t.SocketTokenPending, t.SocketRenewing), On: fsm.Of(t.SocketTokenFresh), If: socketRefused, Stay: true, Quiet: true, Data: socketSame},
	{Name: "T3 the dial takes the token that has come for it", In: fsm.Of(t.SocketTokenPending), On: socketTokens, If: func(d t.SocketData, e fsm.Event[t.SocketEvent]) bool {
		return e.On == t.SocketTokenAbsent || !socketRefused(d, e)
	},
		To: fsm.Of(t.SocketOpening), Do: fsm.Of(t.SocketDial), Data: func(_, to t.SocketData, e fsm.Event[t.SocketEvent]) bool { return to.Token == e.Arg && !to.Barred }},
	{Name: "T8 without a token there is no attempt, and it is told", In: fsm.Of(t.SocketTokenPending), On: fsm.Of(t.SocketTokenUnavailable, t.SocketTokenTimedOut), To: fsm.Of(t.SocketWaiting), Do: fsm.Of(t.SocketReportNoToken), Data: socketCounts},
	{Name: "9 nothing noted of the last connection counts for this one", In: fsm.Of(t.SocketOpening), On: fsm.Of(t.SocketOpened), Data: func(_, to t.SocketData, _ fsm.Event[t.SocketEvent]) bool {
		return to.AuthSent == to.Public && !to.Greeted && to.Opened
	}},
	{Name: "T3 a connection asks for a fresh token for its auth", In: fsm.Of(t.SocketOpening), On: fsm.Of(t.SocketOpened), If: socketNeedsToken, To: fsm.Of(t.SocketAuthenticating), Do: fsm.Of(t.SocketAdoptConnection, t.SocketNeedToken), Not: fsm.Of(t.SocketSendAuth)},
	{Name: "S13 or authorises itself without one", In: fsm.Of(t.SocketOpening), On: fsm.Of(t.SocketOpened), If: socketIsPublic, To: fsm.Of(t.SocketAuthenticating), Do: fsm.Of(t.SocketAdoptConnection, t.SocketSendAuth), Not: fsm.Of(t.SocketNeedToken)},

	{Name: "10 a dial that succeeds late is closed", On: fsm.Of(t.SocketOpened), Late: true, Stay: true, Do: fsm.Of(t.SocketCloseLate), Data: socketSame},
	{Name: "10 a dial that was given up is closed when it succeeds", In: socketIdle, On: fsm.Of(t.SocketOpened), Stay: true, Do: fsm.Of(t.SocketCloseLate), Data: socketSame},
	{Name: "11 one dial opens one connection", In: append(fsm.Of(t.SocketClosing), socketConnected...), On: fsm.Of(t.SocketOpened), Never: true},
}

// socketAuthRules lead from a connection to one that is authorised, and keep it so.
var socketAuthRules = []socketRule{
	{Name: "T3 the auth message takes the token that has come for it", In: fsm.Of(t.SocketAuthenticating), On: socketTokens, If: func(d t.SocketData, e fsm.Event[t.SocketEvent]) bool {
		return !d.AuthSent && !(d.Guest && e.On == t.SocketTokenAbsent)
	}, Stay: true, Do: fsm.Of(t.SocketSendAuth), Data: socketOffers},
	{Name: "K3 the auth message is sent once", In: fsm.Of(t.SocketAuthenticating), On: socketTokens, If: socketOffered, Stay: true, Quiet: true, Data: socketSame},
	{Name: "T8 without a token the connection is of no use, and it is told", In: fsm.Of(t.SocketAuthenticating, t.SocketRenewing), On: fsm.Of(t.SocketTokenUnavailable), If: socketOwesAuth,
		To: fsm.Of(t.SocketWaiting), Do: fsm.Of(t.SocketCloseConnection, t.SocketLosePending, t.SocketReportNoToken), Data: socketCounts},
	{Name: "K3 with the auth message sent, its answer says", In: fsm.Of(t.SocketAuthenticating, t.SocketRenewing), On: fsm.Of(t.SocketTokenUnavailable), If: socketOffered, Stay: true, Quiet: true, Data: socketSame},
	{Name: "13 no answer is good before the auth message", In: fsm.Of(t.SocketAuthenticating, t.SocketRenewing), On: socketGood, If: socketOwesAuth, Stay: true, Quiet: true, Data: socketSame},
	{Name: "R3 what needs an open connection goes behind the auth message", In: fsm.Of(t.SocketAuthenticating), On: fsm.Of(t.SocketAuthSent), If: socketOffered, Stay: true, Do: fsm.Of(t.SocketReleaseRequests), Not: fsm.Of(t.SocketReleaseSubscriptions),
		Data: func(_, to t.SocketData, _ fsm.Event[t.SocketEvent]) bool { return to.Greeted }},
	{Name: "R4 a good answer sends the subscriptions, then what waited for it", In: fsm.Of(t.SocketAuthenticating), On: fsm.Of(t.SocketAuthAccepted, t.SocketAuthSkipped), If: socketOffered, To: fsm.Of(t.SocketAuthed), Do: fsm.Of(t.SocketReleaseSubscriptions, t.SocketReleaseRequests)},

	{Name: "S13 an open before login is for a guest", In: append(fsm.Of(t.SocketClosing), socketShut...), On: fsm.Of(t.SocketEarlyRequested), Data: func(_, to t.SocketData, _ fsm.Event[t.SocketEvent]) bool { return to.Guest }},
	{Name: "S13 an open after it is not", In: socketShut, On: fsm.Of(t.SocketOpenRequested, t.SocketReopenRequested), Data: socketHosts},
	{Name: "S13 a guest without a token is ready without auth and subscriptions", In: fsm.Of(t.SocketAuthenticating), On: fsm.Of(t.SocketTokenAbsent), If: func(d t.SocketData, _ fsm.Event[t.SocketEvent]) bool { return d.Guest && !d.AuthSent },
		To: fsm.Of(t.SocketSubscribed), Do: fsm.Of(t.SocketReleaseRequests, t.SocketReportReady), Not: fsm.Of(t.SocketSendAuth, t.SocketReleaseSubscriptions), Data: socketServes},
	{Name: "S13 a login makes the guest its user", In: socketBut(socketShut...), On: fsm.Of(t.SocketOpenRequested), Data: socketHosts},
	{Name: "K3 what was said to a guest does not count against the user", In: socketBut(socketShut...), On: fsm.Of(t.SocketOpenRequested), If: func(d t.SocketData, _ fsm.Event[t.SocketEvent]) bool { return d.Guest }, Data: func(_, to t.SocketData, _ fsm.Event[t.SocketEvent]) bool { return to.Refusals == 0 }},
	{Name: "3 a connection carries one user only", In: socketLive, On: fsm.Of(t.SocketOpenRequested), If: socketIsStrangers, To: fsm.Of(t.SocketTokenPending), Do: fsm.Of(t.SocketCloseConnection, t.SocketLosePending, t.SocketNeedToken),
		Data: func(from, to t.SocketData, _ fsm.Event[t.SocketEvent]) bool {
			return to.Gen == from.Gen+1 && !to.Guest && !to.Opened && !to.Barred && !to.Served
		}},
	{Name: "S13 the connection of a guest is authorised by the login", In: fsm.Of(t.SocketSubscribed, t.SocketProbing), On: fsm.Of(t.SocketOpenRequested), If: func(d t.SocketData, e fsm.Event[t.SocketEvent]) bool { return socketVisits(d, e) && d.Token == 0 },
		To: fsm.Of(t.SocketAuthenticating), Do: fsm.Of(t.SocketNeedToken), Not: fsm.Of(t.SocketCloseConnection), Data: func(from, to t.SocketData, _ fsm.Event[t.SocketEvent]) bool {
			return to.Gen == from.Gen && !to.Guest && !to.AuthSent && !to.Greeted && !to.Served
		}},
	{Name: "S13 what is authorised by a resume already subscribes", In: socketReady, On: fsm.Of(t.SocketOpenRequested), If: func(d t.SocketData, e fsm.Event[t.SocketEvent]) bool {
		return socketVisits(d, e) && d.Token != 0 && !socketIsStrangers(d, e)
	},
		Stay: true, Do: fsm.Of(t.SocketReleaseSubscriptions), Data: socketHosts},
	{Name: "S13 what is not ready yet goes on, for its user", In: fsm.Except(socketOpen, socketReady...), On: fsm.Of(t.SocketOpenRequested), If: func(d t.SocketData, e fsm.Event[t.SocketEvent]) bool { return !socketIsStrangers(d, e) }, Stay: true, Quiet: true},

	{Name: "K11 a newer token is offered on the connection", In: fsm.Of(t.SocketSubscribed, t.SocketProbing), On: fsm.Of(t.SocketTokenFresh), If: func(d t.SocketData, e fsm.Event[t.SocketEvent]) bool { return socketRenews(d, e) && e.Arg != d.Token },
		To: fsm.Of(t.SocketRenewing), Do: fsm.Of(t.SocketSendRenewal), Data: socketOffers},
	{Name: "K11 where the server can, and once", In: fsm.Of(t.SocketSubscribed, t.SocketProbing), On: fsm.Of(t.SocketTokenFresh), If: func(d t.SocketData, e fsm.Event[t.SocketEvent]) bool { return !socketRenews(d, e) || e.Arg == d.Token }, Stay: true, Quiet: true, Data: socketSame},
	{Name: "K11 a token refused in a message is renewed on the connection", In: fsm.Of(t.SocketSubscribed, t.SocketProbing), On: fsm.Of(t.SocketTokenRefused), If: socketRenews, To: fsm.Of(t.SocketRenewing), Do: fsm.Of(t.SocketRefuseToken), Not: fsm.Of(t.SocketCloseConnection, t.SocketLosePending),
		Data: func(_, to t.SocketData, e fsm.Event[t.SocketEvent]) bool {
			return to.Barred && !to.AuthSent && to.Code == uint16(e.Arg)
		}},
	{Name: "K11 that costs one refresh", In: fsm.Of(t.SocketRenewing), On: fsm.Of(t.SocketTokenRefused), Stay: true, Quiet: true, Data: socketSame},
	{Name: "K11 the token that comes is offered", In: fsm.Of(t.SocketRenewing), On: fsm.Of(t.SocketTokenFresh), If: func(d t.SocketData, e fsm.Event[t.SocketEvent]) bool { return !d.AuthSent && !socketRefused(d, e) }, Stay: true, Do: fsm.Of(t.SocketSendRenewal), Data: socketOffers},
	{Name: "K11 while one is offered, no other is", In: fsm.Of(t.SocketRenewing), On: append(fsm.Of(t.SocketAuthSent), socketTokens...), If: socketOffered, Stay: true, Quiet: true, Data: socketSame},
	{Name: "K11 a login without tokens has none to offer", In: fsm.Of(t.SocketRenewing), On: fsm.Of(t.SocketTokenAbsent), Stay: true, Quiet: true, Data: socketSame},
	{Name: "K11 a good answer keeps the connection", In: fsm.Of(t.SocketRenewing), On: fsm.Of(t.SocketAuthAccepted, t.SocketAuthSkipped), If: socketOffered, To: fsm.Of(t.SocketSubscribed), Quiet: true, Data: socketSame},
	{Name: "K11 and so does a builder that has nothing to send", In: fsm.Of(t.SocketRenewing), On: fsm.Of(t.SocketBuilderDeclined), To: fsm.Of(t.SocketSubscribed), Quiet: true, Data: socketSame},
}

// socketIsStrangers tells whether the token that a guest has offered is older than
// the first token of the user who logs in, or that user has none.
func socketIsStrangers(d t.SocketData, e fsm.Event[t.SocketEvent]) bool {
	return socketVisits(d, e) && d.Token != 0 && (e.Arg == 0 || int32(e.Arg-d.Token) > 0)
}

// socketBegins tells whether it counts anew, under a new generation, and has missed
// nothing.
func socketBegins(from, to t.SocketData, _ fsm.Event[t.SocketEvent]) bool {
	return to.Gen == from.Gen+1 && to.Attempt == 0 && to.Refusals == 0 && to.Code == 0 && !to.Opened && !to.Barred && !to.Served
}

func socketHosts(_, to t.SocketData, _ fsm.Event[t.SocketEvent]) bool { return !to.Guest }

func socketOffers(_, to t.SocketData, e fsm.Event[t.SocketEvent]) bool {
	return to.Token == e.Arg && to.AuthSent && !to.Barred
}
