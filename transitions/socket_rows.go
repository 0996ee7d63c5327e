package transitions

import "github.com/custom-app/interlock/fsm"

var (
	socketAny       = states(socketStates)
	socketReady     = of(SocketSubscribed, SocketProbing, SocketRenewing)
	socketConnected = append(of(SocketAuthenticating, SocketAuthed), socketReady...)
	socketLive      = append(of(SocketOpening), socketConnected...)
	socketPausing   = of(SocketWaiting, SocketOutage, SocketBusyWaiting)
	socketIdle      = of(SocketClosed, SocketTokenPending, SocketWaiting, SocketOutage, SocketBusyWaiting, SocketFailed, SocketRemoved)
	socketEnds      = of(SocketEnded, SocketDropped, SocketExpired, SocketTokenRefused, SocketRejected, SocketReplaced, SocketBusy)
	socketAnswers   = append(of(SocketAuthSent, SocketAuthAccepted, SocketAuthSkipped, SocketAuthRejected, SocketHeard, SocketBuilderDeclined, SocketBuilderFailed, SocketRetriesSpent), socketEnds...)
	socketTimers    = of(SocketTokenTimedOut, SocketOpenTimedOut, SocketAuthTimedOut, SocketSubscribeTimedOut, SocketAttemptTimedOut, SocketRetryDue, SocketOutageDue, SocketStable, SocketSilent, SocketPingTimedOut, SocketCloseTimedOut)
)

var (
	socketIsStale    = &socketGuard{Name: "stale", Holds: func(d *SocketData, e fsm.Event[SocketEvent]) bool { return e.Gen != d.Gen }}
	socketIsFirst    = &socketGuard{Name: "firstRefusal", Holds: func(d *SocketData, _ fsm.Event[SocketEvent]) bool { return !d.Public && d.Refusals == 0 }}
	socketIsPublic   = &socketGuard{Name: "public", Holds: func(d *SocketData, _ fsm.Event[SocketEvent]) bool { return d.Public }}
	socketIsVisitor  = &socketGuard{Name: "openedBeforeLogin", Holds: func(d *SocketData, _ fsm.Event[SocketEvent]) bool { return d.Guest }}
	socketIsGuest    = &socketGuard{Name: "guest", Holds: func(d *SocketData, _ fsm.Event[SocketEvent]) bool { return d.Guest && !d.Public }}
	socketIsStranger = &socketGuard{Name: "guestWithTokenOfAnother", Holds: func(d *SocketData, e fsm.Event[SocketEvent]) bool {
		return d.Guest && !d.Public && d.offersAnothers(e.Arg)
	}}
	socketIsHost   = &socketGuard{Name: "guestWithToken", Holds: func(d *SocketData, _ fsm.Event[SocketEvent]) bool { return d.Guest && !d.Public && d.Token != 0 }}
	socketIsShy    = &socketGuard{Name: "guestAuthNotSent", Holds: func(d *SocketData, _ fsm.Event[SocketEvent]) bool { return d.Guest && !d.AuthSent }}
	socketIsUnsent = &socketGuard{Name: "authNotSent", Holds: func(d *SocketData, _ fsm.Event[SocketEvent]) bool { return !d.AuthSent }}
	socketIsBarred = &socketGuard{Name: "refusedToken", Holds: func(d *SocketData, e fsm.Event[SocketEvent]) bool { return d.Barred && e.Arg == d.Token }}
	socketIsNewer  = &socketGuard{Name: "renewsByNewerToken", Holds: func(d *SocketData, e fsm.Event[SocketEvent]) bool {
		return d.Renews && !d.Public && !d.Guest && e.Arg != d.Token
	}}
	socketIsRenewable = &socketGuard{Name: "renews", Holds: func(d *SocketData, _ fsm.Event[SocketEvent]) bool { return d.Renews && !d.Public && !d.Guest }}
	socketIsAdded     = &socketGuard{Name: "added", Holds: func(d *SocketData, _ fsm.Event[SocketEvent]) bool { return d.Added }}
	socketIsNoPing    = &socketGuard{Name: "noPing", Holds: func(d *SocketData, _ fsm.Event[SocketEvent]) bool { return d.NoPing }}
	socketIsAgain     = &socketGuard{Name: "readyBefore", Holds: func(d *SocketData, _ fsm.Event[SocketEvent]) bool { return d.Again }}

	socketBegin = &socketUpdate{Name: "firstAttempt", Apply: func(d *SocketData, _ fsm.Event[SocketEvent]) {
		d.Gen, d.Attempt, d.Refusals, d.Code = d.Gen+1, 0, 0, 0
		d.Opened, d.Barred, d.Guest, d.Served = false, false, false, false
	}}
	socketVisit = &socketUpdate{Name: "firstAttemptAsGuest", Apply: func(d *SocketData, _ fsm.Event[SocketEvent]) {
		d.Gen, d.Attempt, d.Refusals, d.Code = d.Gen+1, 0, 0, 0
		d.Opened, d.Barred, d.Guest, d.Served = false, false, true, false
	}}
	socketWelcome = &socketUpdate{Name: "noGuestNoRefusal", Apply: func(d *SocketData, _ fsm.Event[SocketEvent]) { d.Guest, d.Refusals = false, 0 }}
	socketReauth  = &socketUpdate{Name: "noGuestAuthNotSent", Apply: func(d *SocketData, _ fsm.Event[SocketEvent]) {
		d.Guest, d.AuthSent, d.Greeted, d.Served = false, false, false, false
	}}
	socketSwitch = &socketUpdate{Name: "nextAttemptNoGuest", Apply: func(d *SocketData, _ fsm.Event[SocketEvent]) {
		d.Gen, d.Refusals = d.Gen+1, 0
		d.Guest, d.Served, d.Opened, d.Barred = false, false, false, false
	}}
	socketRetry = &socketUpdate{Name: "nextAttempt", Apply: func(d *SocketData, _ fsm.Event[SocketEvent]) {
		d.Gen, d.Attempt, d.Opened = d.Gen+1, saturated(d.Attempt), false
	}}
	socketOpen     = &socketUpdate{Name: "noteOpened", Apply: func(d *SocketData, _ fsm.Event[SocketEvent]) { d.Opened, d.AuthSent, d.Greeted = true, false, false }}
	socketGreet    = &socketUpdate{Name: "noteOpenedAndAuth", Apply: func(d *SocketData, _ fsm.Event[SocketEvent]) { d.Opened, d.AuthSent, d.Greeted = true, true, false }}
	socketUseToken = &socketUpdate{Name: "useToken", Apply: func(d *SocketData, e fsm.Event[SocketEvent]) { d.Token, d.Barred = e.Arg, false }}
	socketMarkAuth = &socketUpdate{Name: "noteAuth", Apply: func(d *SocketData, e fsm.Event[SocketEvent]) { d.Token, d.Barred, d.AuthSent = e.Arg, false, true }}
	socketMarkSent = &socketUpdate{Name: "noteGreeted", Apply: func(d *SocketData, _ fsm.Event[SocketEvent]) { d.Greeted = true }}
	socketBar      = &socketUpdate{Name: "barToken", Apply: func(d *SocketData, e fsm.Event[SocketEvent]) {
		d.Barred, d.AuthSent, d.Code = true, false, uint16(e.Arg)
	}}
	socketServe = &socketUpdate{Name: "becomeReady", Apply: func(d *SocketData, _ fsm.Event[SocketEvent]) {
		d.Refusals, d.Again, d.Served, d.Readies = 0, d.Served, true, d.Readies+1
	}}
	socketSettle = &socketUpdate{Name: "resetAttempts", Apply: func(d *SocketData, _ fsm.Event[SocketEvent]) { d.Attempt = 0 }}
	socketFail   = &socketUpdate{Name: "countFailure", Apply: func(d *SocketData, e fsm.Event[SocketEvent]) {
		d.Failures, d.Code, d.Barred = d.Failures+1, uint16(e.Arg), false
	}}
	socketRefuse = &socketUpdate{Name: "countRefusal", Apply: func(d *SocketData, e fsm.Event[SocketEvent]) {
		d.Gen, d.Failures, d.Refusals, d.Code = d.Gen+1, d.Failures+1, saturated(d.Refusals), uint16(e.Arg)
		d.Opened, d.Barred = false, true
	}}
)

// offersAnothers tells whether the token offered last is not of the user whose first
// one has the generation since; 0: that user has none.
func (d *SocketData) offersAnothers(since uint32) bool {
	return d.Token != 0 && (since == 0 || later(d.Token, since) != d.Token)
}

// Socket is the machine of one WebSocket.
var Socket = fsm.MustDeclare(fsm.Declaration[SocketState, SocketEvent, SocketEffect, SocketData]{
	Name: "socket", Initial: SocketClosed,
	States: socketStates, Events: socketEvents, Effects: socketEffects,
	Rows: []socketRow{
		// What belongs to an attempt already given up; a dial that succeeds late is closed.
		{From: socketAny, On: of(SocketOpened), If: socketIsStale, Stay: true, Do: of(SocketCloseLate)},
		{From: socketAny, On: append(socketAnswers, socketTimers...), If: socketIsStale, Stay: true},

		// Open: a fresh token first.
		{From: of(SocketClosed, SocketFailed), On: of(SocketOpenRequested, SocketReopenRequested), If: socketIsPublic, To: SocketOpening, Set: socketBegin, Do: of(SocketDial, SocketTellOpened)},
		{From: of(SocketClosed, SocketFailed), On: of(SocketOpenRequested, SocketReopenRequested), To: SocketTokenPending, Set: socketBegin, Do: of(SocketNeedToken, SocketTellOpened)},
		{From: of(SocketClosed, SocketFailed), On: of(SocketEarlyRequested), If: socketIsPublic, To: SocketOpening, Set: socketVisit, Do: of(SocketDial)},
		{From: of(SocketClosed, SocketFailed), On: of(SocketEarlyRequested), To: SocketTokenPending, Set: socketVisit, Do: of(SocketNeedToken)},
		{From: of(SocketClosing), On: of(SocketOpenRequested), If: socketIsPublic, To: SocketOpening, Set: socketBegin, Do: of(SocketCloseConnection, SocketTellClosed, SocketDial, SocketTellOpened), Doc: "the close is cut short"},
		{From: of(SocketClosing), On: of(SocketOpenRequested), To: SocketTokenPending, Set: socketBegin, Do: of(SocketCloseConnection, SocketTellClosed, SocketNeedToken, SocketTellOpened), Doc: "the close is cut short"},
		{From: of(SocketClosing), On: of(SocketEarlyRequested), If: socketIsPublic, To: SocketOpening, Set: socketVisit, Do: of(SocketCloseConnection, SocketTellClosed, SocketDial), Doc: "the close is cut short"},
		{From: of(SocketClosing), On: of(SocketEarlyRequested), To: SocketTokenPending, Set: socketVisit, Do: of(SocketCloseConnection, SocketTellClosed, SocketNeedToken), Doc: "the close is cut short"},
		{From: fsm.Except(socketAny, SocketClosed, SocketFailed, SocketClosing), On: of(SocketEarlyRequested), Stay: true},
		{From: fsm.Except(socketAny, SocketClosed, SocketFailed), On: of(SocketReopenRequested), Stay: true, Do: of(SocketRefuseOpen)},
		{From: socketLive, On: of(SocketOpenRequested), If: socketIsStranger, To: SocketTokenPending, Set: socketSwitch, Do: of(SocketCloseConnection, SocketLosePending, SocketNeedToken), Doc: "opened before login, and authorised by a resume that came to nothing: a connection carries one user only"},
		{From: socketReady, On: of(SocketOpenRequested), If: socketIsHost, Stay: true, Set: socketWelcome, Do: of(SocketReleaseSubscriptions), Doc: "opened before login, and authorised for this user already"},
		{From: of(SocketSubscribed, SocketProbing), On: of(SocketOpenRequested), If: socketIsGuest, To: SocketAuthenticating, Set: socketReauth, Do: of(SocketNeedToken), Doc: "opened before login: the same connection is authorised"},
		{From: fsm.Except(socketAny, SocketClosed, SocketFailed, SocketClosing), On: of(SocketOpenRequested), If: socketIsVisitor, Stay: true, Set: socketWelcome, Doc: "opened before login; the verdicts of then do not count against the user"},
		{From: fsm.Except(socketAny, SocketClosed, SocketFailed, SocketClosing), On: of(SocketOpenRequested), Stay: true, Doc: "open already"},
		{From: of(SocketTokenPending), On: of(SocketTokenFresh), If: socketIsBarred, Stay: true, Doc: "a newer one is on its way"},
		{From: of(SocketTokenPending), On: of(SocketTokenFresh, SocketTokenAbsent), To: SocketOpening, Set: socketUseToken, Do: of(SocketDial)},
		{From: of(SocketTokenPending), On: of(SocketTokenUnavailable, SocketTokenTimedOut), To: SocketWaiting, Set: socketFail, Do: of(SocketReportNoToken)},
		{From: of(SocketOpening), On: of(SocketOpened), If: socketIsPublic, To: SocketAuthenticating, Set: socketGreet, Do: of(SocketAdoptConnection, SocketSendAuth)},
		{From: of(SocketOpening), On: of(SocketOpened), To: SocketAuthenticating, Set: socketOpen, Do: of(SocketAdoptConnection, SocketNeedToken)},
		{From: socketIdle, On: of(SocketOpened), Stay: true, Do: of(SocketCloseLate), Doc: "the dial was given up"},
		{From: append(of(SocketClosing), socketConnected...), On: of(SocketOpened), Never: "one dial opens once"},

		// Auth: again with a fresh token, asked for when the connection opened.
		{From: of(SocketAuthenticating), On: of(SocketTokenAbsent), If: socketIsShy, To: SocketSubscribed, Set: socketServe, Do: of(SocketReleaseRequests, SocketReportReady), Doc: "before login there is nobody to authorise, or to subscribe for"},
		{From: of(SocketAuthenticating), On: of(SocketTokenFresh, SocketTokenAbsent), If: socketIsUnsent, Stay: true, Set: socketMarkAuth, Do: of(SocketSendAuth)},
		{From: of(SocketAuthenticating), On: of(SocketTokenFresh, SocketTokenAbsent), Stay: true},
		{From: of(SocketAuthenticating, SocketRenewing), On: of(SocketTokenUnavailable), If: socketIsUnsent, To: SocketWaiting, Set: socketFail, Do: of(SocketCloseConnection, SocketLosePending, SocketReportNoToken)},
		{From: of(SocketAuthenticating, SocketRenewing), On: of(SocketTokenUnavailable), Stay: true},
		{From: of(SocketAuthenticating, SocketRenewing), On: of(SocketAuthSent, SocketAuthAccepted, SocketAuthSkipped), If: socketIsUnsent, Stay: true, Doc: "an answer to nothing"},
		{From: of(SocketAuthenticating), On: of(SocketAuthSent), Stay: true, Set: socketMarkSent, Do: of(SocketReleaseRequests)},
		{From: of(SocketAuthenticating), On: of(SocketAuthAccepted, SocketAuthSkipped), To: SocketAuthed, Do: of(SocketReleaseSubscriptions, SocketReleaseRequests)},
		{From: fsm.Except(socketAny, append(of(SocketTokenPending, SocketAuthenticating), socketReady...)...), On: of(SocketTokenFresh), Stay: true, Doc: "somebody else asked"},
		{From: fsm.Except(socketAny, SocketTokenPending, SocketAuthenticating, SocketRenewing), On: of(SocketTokenAbsent, SocketTokenUnavailable), Stay: true, Doc: "somebody else asked"},
		{From: fsm.Except(socketAny, SocketAuthenticating, SocketRenewing), On: of(SocketAuthSent, SocketAuthAccepted, SocketAuthSkipped), Stay: true},

		// Auth anew, on the same connection, with a newer token.
		{From: of(SocketSubscribed, SocketProbing), On: of(SocketTokenFresh), If: socketIsNewer, To: SocketRenewing, Set: socketMarkAuth, Do: of(SocketSendRenewal)},
		{From: of(SocketSubscribed, SocketProbing), On: of(SocketTokenFresh), Stay: true, Doc: "this one is offered already, or the server takes none on an open connection"},
		{From: of(SocketSubscribed, SocketProbing), On: of(SocketTokenRefused), If: socketIsRenewable, To: SocketRenewing, Set: socketBar, Do: of(SocketRefuseToken)},
		{From: of(SocketRenewing), On: of(SocketTokenFresh), If: socketIsBarred, Stay: true, Doc: "a newer one is on its way"},
		{From: of(SocketRenewing), On: of(SocketTokenFresh), If: socketIsUnsent, Stay: true, Set: socketMarkAuth, Do: of(SocketSendRenewal)},
		{From: of(SocketRenewing), On: of(SocketTokenFresh, SocketTokenAbsent), Stay: true},
		{From: of(SocketRenewing), On: of(SocketAuthSent), Stay: true},
		{From: of(SocketRenewing), On: of(SocketAuthAccepted, SocketAuthSkipped), To: SocketSubscribed},

		// Subscriptions: all are sent, and every answer is awaited.
		{From: of(SocketAuthed), On: of(SocketSubscriptionsActive), To: SocketSubscribed, Set: socketServe, Do: of(SocketReleaseRequests, SocketReportReady), Doc: "also without any subscription"},
		{From: fsm.Except(socketAny, SocketAuthed), On: of(SocketSubscriptionsActive), Stay: true},
		{From: socketReady, On: of(SocketReadyReported), If: socketIsAgain, Stay: true, Do: of(SocketTellReadyAgain)},
		{From: socketReady, On: of(SocketReadyReported), Stay: true, Do: of(SocketTellReady)},
		{From: fsm.Except(socketAny, socketReady...), On: of(SocketReadyReported), Never: "it comes right behind what asked for it"},
		{From: socketReady, On: of(SocketSubscriptionAdded), If: socketIsGuest, Stay: true, Doc: "it waits for a login"},
		{From: append(of(SocketAuthed), socketReady...), On: of(SocketSubscriptionAdded), Stay: true, Do: of(SocketReleaseSubscription)},
		{From: of(SocketClosed, SocketClosing, SocketFailed, SocketRemoved), On: of(SocketSubscriptionAdded), Stay: true, Do: of(SocketRefuseSubscription)},
		{From: append(of(SocketTokenPending, SocketOpening, SocketAuthenticating), socketPausing...), On: of(SocketSubscriptionAdded), Stay: true, Doc: "it goes with the others"},
		{From: socketReady, On: of(SocketStable), Stay: true, Set: socketSettle},
		{From: fsm.Except(socketAny, socketReady...), On: of(SocketStable), Stay: true},

		// Liveness: silence is answered by a ping, and a ping by anything at all.
		{From: of(SocketSubscribed), On: of(SocketSilent, SocketWoken), If: socketIsNoPing, Stay: true},
		{From: of(SocketSubscribed), On: of(SocketSilent), To: SocketProbing, Do: of(SocketSendPing)},
		{From: of(SocketProbing), On: of(SocketHeard), To: SocketSubscribed},
		{From: fsm.Except(socketAny, SocketProbing), On: of(SocketHeard), Stay: true},

		// The server's verdict: before ready, the first against a token costs a forced refresh, and the second is final.
		{From: of(SocketOpening, SocketAuthenticating, SocketAuthed), On: of(SocketExpired, SocketTokenRefused), If: socketIsFirst, To: SocketTokenPending, Set: socketRefuse, Do: of(SocketCloseConnection, SocketLosePending, SocketRefuseToken)},
		{From: of(SocketOpening, SocketAuthenticating, SocketAuthed), On: of(SocketExpired, SocketTokenRefused), To: SocketFailed, Set: socketFail, Do: of(SocketCloseConnection, SocketClosePending, SocketReportFailed)},
		{From: of(SocketAuthenticating, SocketRenewing), On: of(SocketAuthRejected), If: socketIsFirst, To: SocketTokenPending, Set: socketRefuse, Do: of(SocketCloseConnection, SocketLosePending, SocketRefuseToken)},
		{From: of(SocketAuthenticating, SocketRenewing), On: of(SocketAuthRejected), To: SocketFailed, Set: socketFail, Do: of(SocketCloseConnection, SocketClosePending, SocketReportFailed)},
		{From: of(SocketAuthed), On: of(SocketSubscriptionRejected), If: socketIsFirst, To: SocketTokenPending, Set: socketRefuse, Do: of(SocketCloseConnection, SocketLosePending, SocketRefuseToken)},
		{From: of(SocketAuthed), On: of(SocketSubscriptionRejected), To: SocketFailed, Set: socketFail, Do: of(SocketCloseConnection, SocketClosePending, SocketReportFailed)},
		{From: of(SocketRenewing), On: of(SocketTokenRefused), Stay: true, Doc: "that is known: a newer one is on its way, and its answer says whether it is good"},
		{From: of(SocketSubscribed, SocketProbing), On: of(SocketExpired, SocketTokenRefused), If: socketIsPublic, To: SocketWaiting, Set: socketFail, Do: of(SocketCloseConnection, SocketLosePending)},
		{From: of(SocketSubscribed, SocketProbing), On: of(SocketExpired, SocketTokenRefused), To: SocketWaiting, Set: socketFail, Do: of(SocketCloseConnection, SocketLosePending, SocketRefuseToken)},
		{From: of(SocketRenewing), On: of(SocketExpired), To: SocketWaiting, Set: socketFail, Do: of(SocketCloseConnection, SocketLosePending, SocketRefuseToken)},
		{From: socketLive, On: of(SocketRejected, SocketReplaced), To: SocketFailed, Set: socketFail, Do: of(SocketCloseConnection, SocketClosePending, SocketReportFailed)},
		{From: of(SocketRenewing), On: of(SocketBuilderDeclined), To: SocketSubscribed, Doc: "the connection stays with the token it has"},
		{From: of(SocketAuthenticating), On: of(SocketBuilderDeclined), To: SocketFailed, Set: socketFail, Do: of(SocketCloseConnection, SocketClosePending, SocketReportFailed)},
		{From: fsm.Except(socketAny, SocketAuthenticating, SocketRenewing), On: of(SocketAuthRejected, SocketBuilderDeclined), Stay: true},
		{From: fsm.Except(socketAny, SocketAuthed), On: of(SocketSubscriptionRejected, SocketSubscriptionFailed), Stay: true},

		// Failures: back off.
		{From: socketLive, On: of(SocketBusy), To: SocketBusyWaiting, Set: socketFail, Do: of(SocketCloseConnection, SocketLosePending)},
		{From: socketLive, On: of(SocketEnded, SocketDropped), To: SocketWaiting, Set: socketFail, Do: of(SocketCloseConnection, SocketLosePending)},
		{From: of(SocketOpening), On: of(SocketOpenTimedOut, SocketAttemptTimedOut), To: SocketWaiting, Set: socketFail, Do: of(SocketCloseConnection, SocketLosePending)},
		{From: of(SocketAuthenticating), On: of(SocketAuthTimedOut, SocketAttemptTimedOut, SocketBuilderFailed), To: SocketWaiting, Set: socketFail, Do: of(SocketCloseConnection, SocketLosePending)},
		{From: of(SocketAuthed), On: of(SocketSubscribeTimedOut, SocketAttemptTimedOut, SocketSubscriptionFailed), To: SocketWaiting, Set: socketFail, Do: of(SocketCloseConnection, SocketLosePending)},
		{From: of(SocketRenewing), On: of(SocketAuthTimedOut, SocketBuilderFailed), To: SocketWaiting, Set: socketFail, Do: of(SocketCloseConnection, SocketLosePending)},
		{From: of(SocketProbing), On: of(SocketPingTimedOut), To: SocketWaiting, Set: socketFail, Do: of(SocketCloseConnection, SocketLosePending)},
		{From: fsm.Except(socketAny, SocketAuthenticating, SocketRenewing), On: of(SocketBuilderFailed), Stay: true},
		{From: append(socketIdle, SocketClosing), On: of(SocketTokenRefused), Stay: true, Doc: "of a connection already cut, or being closed"},
		{From: socketIdle, On: fsm.Except(socketEnds, SocketTokenRefused), Stay: true, Doc: "the end of a connection or dial already cut"},

		// Try again, when the backoff is over or the application says so.
		{From: socketPausing, On: of(SocketRetryDue), If: socketIsPublic, To: SocketOpening, Set: socketRetry, Do: of(SocketDial)},
		{From: socketPausing, On: of(SocketRetryDue), To: SocketTokenPending, Set: socketRetry, Do: of(SocketNeedToken)},
		{From: socketPausing, On: of(SocketRetriesSpent), To: SocketFailed, Do: of(SocketClosePending, SocketReportFailed)},
		{From: of(SocketWaiting), On: of(SocketOutageDue), To: SocketOutage, Doc: "the retry that is due comes first, the next ones are slow"},
		{From: of(SocketWaiting, SocketOutage), On: of(SocketWoken), If: socketIsPublic, To: SocketOpening, Set: socketRetry, Do: of(SocketDial)},
		{From: of(SocketWaiting, SocketOutage), On: of(SocketWoken), To: SocketTokenPending, Set: socketRetry, Do: of(SocketNeedToken)},
		{From: of(SocketBusyWaiting), On: of(SocketWoken), Stay: true, Doc: "it is the server who wants to be left alone"},
		{From: of(SocketSubscribed), On: of(SocketWoken), To: SocketProbing, Do: of(SocketSendPing), Doc: "is the connection still good?"},
		{From: fsm.Except(socketAny, append(of(SocketSubscribed), socketPausing...)...), On: of(SocketWoken), Stay: true},
		{From: fsm.Except(socketAny, socketPausing...), On: of(SocketRetryDue, SocketRetriesSpent), Stay: true},
		{From: fsm.Except(socketAny, SocketWaiting), On: of(SocketOutageDue), Stay: true},

		// Close.
		{From: of(SocketClosed, SocketRemoved), On: of(SocketCloseRequested), Stay: true, Do: of(SocketTellClosed)},
		{From: of(SocketClosing), On: of(SocketCloseRequested), Stay: true, Doc: "joins"},
		{From: of(SocketTokenPending, SocketOpening, SocketWaiting, SocketOutage, SocketBusyWaiting, SocketFailed), On: of(SocketCloseRequested), To: SocketClosed, Do: of(SocketCloseConnection, SocketClosePending, SocketTellClosed)},
		{From: socketConnected, On: of(SocketCloseRequested), To: SocketClosing, Do: of(SocketClosePending, SocketSendClose)},
		{From: of(SocketClosing), On: append(of(SocketCloseTimedOut), fsm.Except(socketEnds, SocketTokenRefused)...), To: SocketClosed, Do: of(SocketCloseConnection, SocketTellClosed)},
		{From: of(SocketClosed, SocketRemoved), On: of(SocketAbortRequested), Stay: true},
		{From: fsm.Except(socketAny, SocketClosed, SocketRemoved), On: of(SocketAbortRequested), To: SocketClosed, Do: of(SocketCloseConnection, SocketClosePending, SocketTellClosed)},
		{From: of(SocketClosed), On: of(SocketRemoveRequested), If: socketIsAdded, To: SocketRemoved, Do: of(SocketClosePending, SocketTellClosed, SocketForget)},
		{From: of(SocketRemoved), On: of(SocketRemoveRequested), Stay: true},
		{From: fsm.Except(socketAny, SocketRemoved), On: of(SocketRemoveRequested), Stay: true, Do: of(SocketRefuseOpen)},

		// Requests.
		{From: append(of(SocketAuthenticating, SocketAuthed), socketReady...), On: of(SocketRequestSubmitted), Stay: true, Do: of(SocketReleaseRequest)},
		{From: of(SocketClosed, SocketClosing, SocketFailed, SocketRemoved), On: of(SocketRequestSubmitted), Stay: true, Do: of(SocketRefuseRequest)},
		{From: append(of(SocketTokenPending, SocketOpening), socketPausing...), On: of(SocketRequestSubmitted), Stay: true, Doc: "it waits in the buffer"},

		// Timers of states already left.
		{From: fsm.Except(socketAny, SocketTokenPending), On: of(SocketTokenTimedOut), Stay: true},
		{From: fsm.Except(socketAny, SocketOpening), On: of(SocketOpenTimedOut), Stay: true},
		{From: fsm.Except(socketAny, SocketAuthenticating, SocketRenewing), On: of(SocketAuthTimedOut), Stay: true},
		{From: fsm.Except(socketAny, SocketAuthed), On: of(SocketSubscribeTimedOut), Stay: true},
		{From: fsm.Except(socketAny, SocketOpening, SocketAuthenticating, SocketAuthed), On: of(SocketAttemptTimedOut), Stay: true},
		{From: fsm.Except(socketAny, SocketSubscribed), On: of(SocketSilent), Stay: true},
		{From: fsm.Except(socketAny, SocketProbing), On: of(SocketPingTimedOut), Stay: true},
		{From: fsm.Except(socketAny, SocketClosing), On: of(SocketCloseTimedOut), Stay: true},
	},
})
