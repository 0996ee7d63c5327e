package transitions

import "github.com/custom-app/interlock/fsm"

// SocketState is a state of one WebSocket.
type SocketState uint8

// The states of a socket.
const (
	SocketClosed SocketState = iota
	SocketTokenPending
	SocketOpening
	SocketAuthenticating
	SocketAuthed
	SocketSubscribed
	SocketWaiting
	SocketClosing
	SocketFailed
)

// String returns the state's name.
func (s SocketState) String() string { return Socket.StateName(s) }

// SocketEvent is an event of a socket.
type SocketEvent uint8

// The events of a socket.
const (
	SocketOpenRequested SocketEvent = iota + 1
	SocketEarlyRequested
	SocketCloseRequested
	SocketAbortRequested
	SocketTokenFresh
	SocketTokenUnavailable
	SocketTokenAbsent
	SocketRequestSubmitted
	SocketOpened
	SocketAuthAccepted
	SocketAuthSkipped
	SocketAuthRejected
	SocketSubscriptionsSent
	SocketSubscriptionAccepted
	SocketSubscriptionRejected
	SocketEnded
	SocketDropped
	SocketExpired
	SocketRejected
	SocketBuilderDeclined
	SocketBuilderFailed
	SocketRetriesSpent
	SocketTokenTimedOut
	SocketOpenTimedOut
	SocketAuthTimedOut
	SocketSubscribeTimedOut
	SocketRetryDue
	SocketStable
	SocketCloseTimedOut
)

// SocketEffect is an effect of a socket.
type SocketEffect uint8

// The effects of a socket.
const (
	SocketNeedToken SocketEffect = iota
	SocketRefuseToken
	SocketDial
	SocketAdoptConnection
	SocketSendAuth
	SocketSendSubscriptions
	SocketReleaseRequests
	SocketReleaseRequest
	SocketRefuseRequest
	SocketLoseRequests
	SocketCloseRequests
	SocketSendClose
	SocketCloseConnection
	SocketCloseLate
	SocketReportFailed
	SocketReportNoToken
)

// SocketData is what a socket remembers beside its state.
type SocketData struct {
	Gen      uint32 // grows with every attempt to connect
	Token    uint32 // the generation of the token it offered last
	Readies  uint32 // how often it became ready
	Failures uint32 // how often an attempt or a connection failed
	Code     uint16 // the close code or HTTP status of the last failure; 0 = none was given
	Attempt  uint16 // attempts since it was last stable
	Awaited  uint8  // subscription answers still awaited
	Refusals uint8  // verdicts against the token or the subscription since it was last ready
	Opened   bool   // the last attempt opened a connection
	Barred   bool   // the token offered last was refused and is not offered again
	AuthSent bool   // the auth message is on its way, with the token that has come for it
	Public   bool   // needs no token, and is given none; never changes
	Early    bool   // may open before login; never changes
	Guest    bool   // opened before login, without auth and subscriptions
}

type (
	socketGuard  = fsm.Guard[SocketData, SocketEvent]
	socketUpdate = fsm.Update[SocketData, SocketEvent]
	socketRow    = fsm.Row[SocketState, SocketEvent, SocketEffect, SocketData]
)

var socketStates = []fsm.StateInfo[SocketState, SocketEvent]{
	{Is: SocketClosed, Name: "closed", Kind: fsm.Rest, Doc: "no connection, none wanted"},
	{Is: SocketTokenPending, Name: "tokenPending", Kind: fsm.Wait, Timers: of(SocketTokenTimedOut), Doc: "a fresh token is asked for"},
	{Is: SocketOpening, Name: "socketOpening", Kind: fsm.Wait, Timers: of(SocketOpenTimedOut), Group: "one connection", Doc: "one dial is in flight"},
	{Is: SocketAuthenticating, Name: "socketAuthenticating", Kind: fsm.Wait, Timers: of(SocketAuthTimedOut), Group: "one connection", Doc: "open; the auth answer is awaited"},
	{Is: SocketAuthed, Name: "socketAuthed", Kind: fsm.Wait, Timers: of(SocketSubscribeTimedOut), Group: "one connection", Doc: "authorised; subscription answers are awaited"},
	{Is: SocketSubscribed, Name: "subscribed", Kind: fsm.Rest, Timers: of(SocketStable), Group: "one connection", Doc: "ready"},
	{Is: SocketWaiting, Name: "waiting", Kind: fsm.Wait, Timers: of(SocketRetryDue), Doc: "backoff before the next attempt"},
	{Is: SocketClosing, Name: "closing", Kind: fsm.Wait, Timers: of(SocketCloseTimedOut), Doc: "the close frame is sent; its answer is awaited"},
	{Is: SocketFailed, Name: "failed", Kind: fsm.Rest, Doc: "given up, or refused for good"},
}

var socketEvents = []fsm.EventInfo[SocketEvent]{
	{Is: SocketOpenRequested, Name: "openRequested", Cause: fsm.User, Doc: "the session opens its sockets"},
	{Is: SocketEarlyRequested, Name: "earlyRequested", Cause: fsm.User, Doc: "the application opens what needs no login"},
	{Is: SocketCloseRequested, Name: "closeRequested", Cause: fsm.User, Doc: "the session closes its sockets"},
	{Is: SocketAbortRequested, Name: "abortRequested", Cause: fsm.Coupled, Doc: "the logout is out of time"},
	{Is: SocketTokenFresh, Name: "tokenFresh", Cause: fsm.Peer, Doc: "a fresh token is there", Carries: "Arg is the token's generation"},
	{Is: SocketTokenUnavailable, Name: "tokenUnavailable", Cause: fsm.Failure, Doc: "no fresh token for now"},
	{Is: SocketTokenAbsent, Name: "tokenAbsent", Cause: fsm.Coupled, Doc: "this login has no tokens"},
	{Is: SocketRequestSubmitted, Name: "requestSubmitted", Cause: fsm.User, Doc: "a request was submitted", Carries: "Arg is its id"},
	{Is: SocketOpened, Name: "opened", Cause: fsm.Peer, Doc: "the dial and the upgrade have succeeded", Carries: "Gen"},
	{Is: SocketAuthAccepted, Name: "authAccepted", Cause: fsm.Peer, Doc: "the auth answer is good", Carries: "Gen"},
	{Is: SocketAuthSkipped, Name: "authSkipped", Cause: fsm.Peer, Doc: "no auth message is declared, or no answer to it awaited", Carries: "Gen"},
	{Is: SocketAuthRejected, Name: "authRejected", Cause: fsm.Failure, Doc: "the auth answer is an error", Carries: "Gen"},
	{Is: SocketSubscriptionsSent, Name: "subscriptionsSent", Cause: fsm.Coupled, Doc: "the subscription messages are built", Carries: "Gen; Arg is how many answers to await"},
	{Is: SocketSubscriptionAccepted, Name: "subscriptionAccepted", Cause: fsm.Peer, Doc: "one subscription answer is good", Carries: "Gen"},
	{Is: SocketSubscriptionRejected, Name: "subscriptionRejected", Cause: fsm.Failure, Doc: "one subscription answer is an error", Carries: "Gen"},
	{Is: SocketEnded, Name: "ended", Cause: fsm.Peer, Doc: "the peer has closed in good order", Carries: "Gen; Arg is the close code"},
	{Is: SocketDropped, Name: "dropped", Cause: fsm.Failure, Doc: "the connection is lost, or could not be made", Carries: "Gen; Arg is the close code or HTTP status"},
	{Is: SocketExpired, Name: "expired", Cause: fsm.Failure, Doc: "the server says by status or close code that the token is no good", Carries: "Gen; Arg is the code"},
	{Is: SocketRejected, Name: "rejected", Cause: fsm.Failure, Doc: "the server says by status or close code never to come back", Carries: "Gen; Arg is the code"},
	{Is: SocketBuilderDeclined, Name: "builderDeclined", Cause: fsm.User, Doc: "the application's builder says there is no message to send", Carries: "Gen"},
	{Is: SocketBuilderFailed, Name: "builderFailed", Cause: fsm.Failure, Doc: "the application's builder or codec failed", Carries: "Gen"},
	{Is: SocketRetriesSpent, Name: "retriesSpent", Cause: fsm.Failure, Doc: "the backoff gives no further delay", Carries: "Gen"},
	{Is: SocketTokenTimedOut, Name: "tokenTimedOut", Cause: fsm.Timer, Doc: "no token in time", Carries: "Gen"},
	{Is: SocketOpenTimedOut, Name: "openTimedOut", Cause: fsm.Timer, Doc: "no upgrade in time", Carries: "Gen"},
	{Is: SocketAuthTimedOut, Name: "authTimedOut", Cause: fsm.Timer, Doc: "no auth answer in time", Carries: "Gen"},
	{Is: SocketSubscribeTimedOut, Name: "subscribeTimedOut", Cause: fsm.Timer, Doc: "not every subscription answer in time", Carries: "Gen"},
	{Is: SocketRetryDue, Name: "retryDue", Cause: fsm.Timer, Doc: "the backoff is over", Carries: "Gen"},
	{Is: SocketStable, Name: "stable", Cause: fsm.Timer, Doc: "ready for a stability period", Carries: "Gen"},
	{Is: SocketCloseTimedOut, Name: "closeTimedOut", Cause: fsm.Timer, Doc: "no answer to the close frame in time", Carries: "Gen"},
}

var socketEffects = []fsm.EffectInfo[SocketEffect, SocketEvent]{
	{Is: SocketNeedToken, Name: "needToken", Answers: of(SocketTokenFresh, SocketTokenUnavailable, SocketTokenAbsent), Doc: "link: ask the token machine"},
	{Is: SocketRefuseToken, Name: "refuseToken", Doc: "link: tell the token machine that the offered token was refused"},
	{Is: SocketDial, Name: "dial", Answers: of(SocketOpened, SocketDropped, SocketExpired, SocketRejected), Doc: "dial with the fresh token"},
	{Is: SocketAdoptConnection, Name: "adoptConnection", Answers: of(SocketEnded, SocketDropped, SocketExpired, SocketRejected), Doc: "the connection that opened is the socket's; read it"},
	{Is: SocketSendAuth, Name: "sendAuth", Answers: of(SocketAuthAccepted, SocketAuthSkipped, SocketAuthRejected, SocketBuilderDeclined, SocketBuilderFailed), Doc: "build and send the auth message, if one is declared"},
	{Is: SocketSendSubscriptions, Name: "sendSubscriptions", Answers: of(SocketSubscriptionsSent, SocketSubscriptionAccepted, SocketSubscriptionRejected, SocketBuilderFailed), Doc: "build and send every subscription message"},
	{Is: SocketReleaseRequests, Name: "releaseRequests", Doc: "link: buffered requests go, in the order of submission"},
	{Is: SocketReleaseRequest, Name: "releaseRequest", Doc: "link: the request just submitted goes"},
	{Is: SocketRefuseRequest, Name: "refuseRequest", Doc: "link: the request just submitted fails, the socket is closed"},
	{Is: SocketLoseRequests, Name: "loseRequests", Doc: "link: what was written on the lost connection has an unknown outcome"},
	{Is: SocketCloseRequests, Name: "closeRequests", Doc: "link: every request fails by close"},
	{Is: SocketSendClose, Name: "sendClose", Answers: of(SocketEnded, SocketDropped), Doc: "send the close frame and nothing after it"},
	{Is: SocketCloseConnection, Name: "closeConnection", Answers: of(SocketDropped), Doc: "cut the connection, or cancel the dial"},
	{Is: SocketCloseLate, Name: "closeLate", Doc: "cut the connection of this event's generation: its dial was given up"},
	{Is: SocketReportFailed, Name: "reportFailed", Doc: "tell the application, once, that the socket has ended for good"},
	{Is: SocketReportNoToken, Name: "reportNoToken", Doc: "tell the application that the socket has no fresh token to go on with"},
}

var (
	socketAny       = states(socketStates)
	socketConnected = of(SocketAuthenticating, SocketAuthed, SocketSubscribed)
	socketLive      = of(SocketOpening, SocketAuthenticating, SocketAuthed, SocketSubscribed)
	socketIdle      = of(SocketClosed, SocketTokenPending, SocketWaiting, SocketFailed)
	socketAnswers   = of(SocketAuthAccepted, SocketAuthSkipped, SocketAuthRejected, SocketSubscriptionsSent, SocketSubscriptionAccepted, SocketSubscriptionRejected, SocketEnded, SocketDropped, SocketExpired, SocketRejected, SocketBuilderDeclined, SocketBuilderFailed, SocketRetriesSpent)
	socketTimers    = of(SocketTokenTimedOut, SocketOpenTimedOut, SocketAuthTimedOut, SocketSubscribeTimedOut, SocketRetryDue, SocketStable, SocketCloseTimedOut)
)

var (
	socketIsStale    = &socketGuard{Name: "stale", Holds: func(d *SocketData, e fsm.Event[SocketEvent]) bool { return e.Gen != d.Gen }}
	socketIsFirst    = &socketGuard{Name: "firstRefusal", Holds: func(d *SocketData, _ fsm.Event[SocketEvent]) bool { return !d.Public && d.Refusals == 0 }}
	socketIsPublic   = &socketGuard{Name: "public", Holds: func(d *SocketData, _ fsm.Event[SocketEvent]) bool { return d.Public }}
	socketIsEarly    = &socketGuard{Name: "early", Holds: func(d *SocketData, _ fsm.Event[SocketEvent]) bool { return d.Early }}
	socketIsGuest    = &socketGuard{Name: "guest", Holds: func(d *SocketData, _ fsm.Event[SocketEvent]) bool { return d.Guest && !d.Public }}
	socketIsShy      = &socketGuard{Name: "guestAuthNotSent", Holds: func(d *SocketData, _ fsm.Event[SocketEvent]) bool { return d.Guest && !d.AuthSent }}
	socketIsUnsent   = &socketGuard{Name: "authNotSent", Holds: func(d *SocketData, _ fsm.Event[SocketEvent]) bool { return !d.AuthSent }}
	socketIsBarred   = &socketGuard{Name: "refusedToken", Holds: func(d *SocketData, e fsm.Event[SocketEvent]) bool { return d.Barred && e.Arg == d.Token }}
	socketHasNone    = &socketGuard{Name: "noneAwaited", Holds: func(_ *SocketData, e fsm.Event[SocketEvent]) bool { return e.Arg == 0 }}
	socketAwaitsLast = &socketGuard{Name: "lastAwaited", Holds: func(d *SocketData, _ fsm.Event[SocketEvent]) bool { return d.Awaited == 1 }}

	socketBegin = &socketUpdate{Name: "firstAttempt", Apply: func(d *SocketData, _ fsm.Event[SocketEvent]) {
		d.Gen, d.Attempt, d.Refusals, d.Code, d.Opened, d.Barred, d.Guest = d.Gen+1, 0, 0, 0, false, false, false
	}}
	socketVisit = &socketUpdate{Name: "firstAttemptAsGuest", Apply: func(d *SocketData, _ fsm.Event[SocketEvent]) {
		d.Gen, d.Attempt, d.Refusals, d.Code, d.Opened, d.Barred, d.Guest = d.Gen+1, 0, 0, 0, false, false, true
	}}
	socketWelcome = &socketUpdate{Name: "noGuest", Apply: func(d *SocketData, _ fsm.Event[SocketEvent]) { d.Guest = false }}
	socketReauth  = &socketUpdate{Name: "noGuestAuthNotSent", Apply: func(d *SocketData, _ fsm.Event[SocketEvent]) { d.Guest, d.AuthSent, d.Awaited = false, false, 0 }}
	socketRetry   = &socketUpdate{Name: "nextAttempt", Apply: func(d *SocketData, _ fsm.Event[SocketEvent]) {
		d.Gen, d.Attempt, d.Opened = d.Gen+1, saturated(d.Attempt), false
	}}
	socketOpen     = &socketUpdate{Name: "noteOpened", Apply: func(d *SocketData, _ fsm.Event[SocketEvent]) { d.Opened = true }}
	socketGreet    = &socketUpdate{Name: "noteOpenedAndAuthSent", Apply: func(d *SocketData, _ fsm.Event[SocketEvent]) { d.Opened, d.AuthSent = true, true }}
	socketUseToken = &socketUpdate{Name: "useToken", Apply: func(d *SocketData, e fsm.Event[SocketEvent]) { d.Token, d.AuthSent, d.Barred = e.Arg, false, false }}
	socketMarkAuth = &socketUpdate{Name: "markAuthSent", Apply: func(d *SocketData, e fsm.Event[SocketEvent]) { d.Token, d.AuthSent = e.Arg, true }}
	socketUnawait  = &socketUpdate{Name: "awaitNone", Apply: func(d *SocketData, _ fsm.Event[SocketEvent]) { d.Awaited = 0 }}
	socketAwait    = &socketUpdate{Name: "awaitAnswers", Apply: func(d *SocketData, e fsm.Event[SocketEvent]) { d.Awaited = uint8(min(e.Arg, 255)) }}
	socketCount    = &socketUpdate{Name: "countAnswer", Apply: func(d *SocketData, _ fsm.Event[SocketEvent]) { d.Awaited = max(d.Awaited, 1) - 1 }}
	socketReady    = &socketUpdate{Name: "becomeReady", Apply: func(d *SocketData, _ fsm.Event[SocketEvent]) { d.Awaited, d.Refusals, d.Readies = 0, 0, d.Readies+1 }}
	socketSettle   = &socketUpdate{Name: "resetAttempts", Apply: func(d *SocketData, _ fsm.Event[SocketEvent]) { d.Attempt = 0 }}
	socketFail     = &socketUpdate{Name: "countFailure", Apply: func(d *SocketData, e fsm.Event[SocketEvent]) {
		d.Failures, d.Code, d.Barred = d.Failures+1, uint16(e.Arg), false
	}}
	socketRefuse = &socketUpdate{Name: "countRefusal", Apply: func(d *SocketData, e fsm.Event[SocketEvent]) {
		d.Gen, d.Failures, d.Refusals, d.Code = d.Gen+1, d.Failures+1, saturated(d.Refusals), uint16(e.Arg)
		d.Opened, d.Barred = false, true
	}}
)

// Socket is the machine of one WebSocket.
var Socket = fsm.MustDeclare(fsm.Declaration[SocketState, SocketEvent, SocketEffect, SocketData]{
	Name: "socket", Initial: SocketClosed,
	States: socketStates, Events: socketEvents, Effects: socketEffects,
	Rows: []socketRow{
		// What belongs to an attempt already given up; a dial that succeeds late is closed.
		{From: socketAny, On: of(SocketOpened), If: socketIsStale, Stay: true, Do: of(SocketCloseLate)},
		{From: socketAny, On: append(socketAnswers, socketTimers...), If: socketIsStale, Stay: true},

		// Open: a fresh token first.
		{From: of(SocketClosed, SocketFailed), On: of(SocketOpenRequested), If: socketIsPublic, To: SocketOpening, Set: socketBegin, Do: of(SocketDial)},
		{From: of(SocketClosed, SocketFailed), On: of(SocketOpenRequested), To: SocketTokenPending, Set: socketBegin, Do: of(SocketNeedToken)},
		{From: of(SocketClosed, SocketFailed), On: of(SocketEarlyRequested), If: socketIsPublic, To: SocketOpening, Set: socketVisit, Do: of(SocketDial)},
		{From: of(SocketClosed, SocketFailed), On: of(SocketEarlyRequested), To: SocketTokenPending, Set: socketVisit, Do: of(SocketNeedToken)},
		{From: fsm.Except(socketAny, SocketClosed, SocketFailed), On: of(SocketEarlyRequested), Stay: true},
		{From: of(SocketSubscribed), On: of(SocketOpenRequested), If: socketIsGuest, To: SocketAuthenticating, Set: socketReauth, Do: of(SocketNeedToken), Doc: "opened before login: the same connection is authorised"},
		{From: fsm.Except(socketAny, SocketClosed, SocketFailed), On: of(SocketOpenRequested), If: socketIsEarly, Stay: true, Set: socketWelcome, Doc: "opened before login"},
		{From: fsm.Except(socketAny, SocketClosed, SocketFailed), On: of(SocketOpenRequested), Never: "a login opens sockets once, and logout has closed them before"},
		{From: of(SocketTokenPending), On: of(SocketTokenFresh), If: socketIsBarred, Stay: true, Doc: "a newer one is on its way"},
		{From: of(SocketTokenPending), On: of(SocketTokenFresh, SocketTokenAbsent), To: SocketOpening, Set: socketUseToken, Do: of(SocketDial)},
		{From: of(SocketTokenPending), On: of(SocketTokenUnavailable, SocketTokenTimedOut), To: SocketWaiting, Set: socketFail, Do: of(SocketReportNoToken)},
		{From: of(SocketOpening), On: of(SocketOpened), If: socketIsPublic, To: SocketAuthenticating, Set: socketGreet, Do: of(SocketAdoptConnection, SocketSendAuth)},
		{From: of(SocketOpening), On: of(SocketOpened), To: SocketAuthenticating, Set: socketOpen, Do: of(SocketAdoptConnection, SocketNeedToken)},
		{From: socketIdle, On: of(SocketOpened), Stay: true, Do: of(SocketCloseLate), Doc: "the dial was given up"},
		{From: of(SocketAuthenticating, SocketAuthed, SocketSubscribed, SocketClosing), On: of(SocketOpened), Never: "one dial opens once"},

		// Auth: again with a fresh token, asked for when the connection opened.
		{From: of(SocketAuthenticating), On: of(SocketTokenAbsent), If: socketIsShy, To: SocketSubscribed, Set: socketReady, Do: of(SocketReleaseRequests), Doc: "before login there is nobody to authorise, or to subscribe for"},
		{From: of(SocketAuthenticating), On: of(SocketTokenFresh, SocketTokenAbsent), If: socketIsUnsent, Stay: true, Set: socketMarkAuth, Do: of(SocketSendAuth)},
		{From: of(SocketAuthenticating), On: of(SocketTokenFresh, SocketTokenAbsent), Stay: true},
		{From: of(SocketAuthenticating), On: of(SocketTokenUnavailable), If: socketIsUnsent, To: SocketWaiting, Set: socketFail, Do: of(SocketCloseConnection, SocketLoseRequests, SocketReportNoToken)},
		{From: of(SocketAuthenticating), On: of(SocketTokenUnavailable), Stay: true},
		{From: of(SocketAuthenticating), On: of(SocketAuthAccepted, SocketAuthSkipped), If: socketIsUnsent, Stay: true, Doc: "an answer to nothing"},
		{From: of(SocketAuthenticating), On: of(SocketAuthAccepted, SocketAuthSkipped), To: SocketAuthed, Set: socketUnawait, Do: of(SocketSendSubscriptions)},
		{From: fsm.Except(socketAny, SocketTokenPending, SocketAuthenticating), On: of(SocketTokenFresh, SocketTokenAbsent, SocketTokenUnavailable), Stay: true, Doc: "somebody else asked"},
		{From: fsm.Except(socketAny, SocketAuthenticating), On: of(SocketAuthAccepted, SocketAuthSkipped), Stay: true},

		// Subscriptions: all are sent, each answer is counted.
		{From: of(SocketAuthed), On: of(SocketSubscriptionsSent), If: socketHasNone, To: SocketSubscribed, Set: socketReady, Do: of(SocketReleaseRequests)},
		{From: of(SocketAuthed), On: of(SocketSubscriptionsSent), Stay: true, Set: socketAwait},
		{From: of(SocketAuthed), On: of(SocketSubscriptionAccepted), If: socketAwaitsLast, To: SocketSubscribed, Set: socketReady, Do: of(SocketReleaseRequests)},
		{From: of(SocketAuthed), On: of(SocketSubscriptionAccepted), Stay: true, Set: socketCount},
		{From: fsm.Except(socketAny, SocketAuthed), On: of(SocketSubscriptionsSent, SocketSubscriptionAccepted), Stay: true},
		{From: of(SocketSubscribed), On: of(SocketStable), Stay: true, Set: socketSettle},
		{From: fsm.Except(socketAny, SocketSubscribed), On: of(SocketStable), Stay: true},

		// The server's verdict: the first costs a forced refresh, the second is final.
		{From: of(SocketOpening, SocketAuthenticating), On: of(SocketExpired), If: socketIsFirst, To: SocketTokenPending, Set: socketRefuse, Do: of(SocketCloseConnection, SocketLoseRequests, SocketRefuseToken)},
		{From: of(SocketOpening, SocketAuthenticating), On: of(SocketExpired), To: SocketFailed, Set: socketFail, Do: of(SocketCloseConnection, SocketCloseRequests, SocketReportFailed)},
		{From: of(SocketAuthenticating), On: of(SocketAuthRejected), If: socketIsFirst, To: SocketTokenPending, Set: socketRefuse, Do: of(SocketCloseConnection, SocketLoseRequests, SocketRefuseToken)},
		{From: of(SocketAuthenticating), On: of(SocketAuthRejected), To: SocketFailed, Set: socketFail, Do: of(SocketCloseConnection, SocketCloseRequests, SocketReportFailed)},
		{From: of(SocketAuthed), On: of(SocketSubscriptionRejected), If: socketIsFirst, To: SocketTokenPending, Set: socketRefuse, Do: of(SocketCloseConnection, SocketLoseRequests, SocketRefuseToken)},
		{From: of(SocketAuthed), On: of(SocketSubscriptionRejected), To: SocketFailed, Set: socketFail, Do: of(SocketCloseConnection, SocketCloseRequests, SocketReportFailed)},
		{From: of(SocketAuthed, SocketSubscribed), On: of(SocketExpired), If: socketIsPublic, To: SocketWaiting, Set: socketFail, Do: of(SocketCloseConnection, SocketLoseRequests)},
		{From: of(SocketAuthed, SocketSubscribed), On: of(SocketExpired), To: SocketWaiting, Set: socketFail, Do: of(SocketCloseConnection, SocketLoseRequests, SocketRefuseToken)},
		{From: socketLive, On: of(SocketRejected), To: SocketFailed, Set: socketFail, Do: of(SocketCloseConnection, SocketCloseRequests, SocketReportFailed)},
		{From: of(SocketAuthenticating), On: of(SocketBuilderDeclined), To: SocketFailed, Set: socketFail, Do: of(SocketCloseConnection, SocketCloseRequests, SocketReportFailed)},
		{From: fsm.Except(socketAny, SocketAuthenticating), On: of(SocketAuthRejected, SocketBuilderDeclined), Stay: true},
		{From: fsm.Except(socketAny, SocketAuthed), On: of(SocketSubscriptionRejected), Stay: true},

		// Failures: back off.
		{From: socketLive, On: of(SocketEnded, SocketDropped), To: SocketWaiting, Set: socketFail, Do: of(SocketCloseConnection, SocketLoseRequests)},
		{From: of(SocketOpening), On: of(SocketOpenTimedOut), To: SocketWaiting, Set: socketFail, Do: of(SocketCloseConnection, SocketLoseRequests)},
		{From: of(SocketAuthenticating), On: of(SocketAuthTimedOut), To: SocketWaiting, Set: socketFail, Do: of(SocketCloseConnection, SocketLoseRequests)},
		{From: of(SocketAuthed), On: of(SocketSubscribeTimedOut), To: SocketWaiting, Set: socketFail, Do: of(SocketCloseConnection, SocketLoseRequests)},
		{From: of(SocketAuthenticating, SocketAuthed), On: of(SocketBuilderFailed), To: SocketWaiting, Set: socketFail, Do: of(SocketCloseConnection, SocketLoseRequests)},
		{From: of(SocketWaiting), On: of(SocketRetryDue), If: socketIsPublic, To: SocketOpening, Set: socketRetry, Do: of(SocketDial)},
		{From: of(SocketWaiting), On: of(SocketRetryDue), To: SocketTokenPending, Set: socketRetry, Do: of(SocketNeedToken)},
		{From: of(SocketWaiting), On: of(SocketRetriesSpent), To: SocketFailed, Do: of(SocketCloseRequests, SocketReportFailed)},
		{From: fsm.Except(socketAny, SocketWaiting), On: of(SocketRetryDue, SocketRetriesSpent), Stay: true},
		{From: fsm.Except(socketAny, SocketAuthenticating, SocketAuthed), On: of(SocketBuilderFailed), Stay: true},
		{From: socketIdle, On: of(SocketEnded, SocketDropped, SocketExpired, SocketRejected), Stay: true, Doc: "the end of a connection or dial already cut"},

		// Close.
		{From: of(SocketClosed, SocketClosing), On: of(SocketCloseRequested), Stay: true},
		{From: of(SocketTokenPending, SocketOpening, SocketWaiting, SocketFailed), On: of(SocketCloseRequested), To: SocketClosed, Do: of(SocketCloseConnection, SocketCloseRequests)},
		{From: socketConnected, On: of(SocketCloseRequested), To: SocketClosing, Do: of(SocketCloseRequests, SocketSendClose)},
		{From: of(SocketClosing), On: of(SocketEnded, SocketDropped, SocketExpired, SocketRejected, SocketCloseTimedOut), To: SocketClosed, Do: of(SocketCloseConnection)},
		{From: of(SocketClosed), On: of(SocketAbortRequested), Stay: true},
		{From: fsm.Except(socketAny, SocketClosed), On: of(SocketAbortRequested), To: SocketClosed, Do: of(SocketCloseConnection, SocketCloseRequests)},

		// Requests.
		{From: of(SocketSubscribed), On: of(SocketRequestSubmitted), Stay: true, Do: of(SocketReleaseRequest)},
		{From: of(SocketClosed, SocketClosing, SocketFailed), On: of(SocketRequestSubmitted), Stay: true, Do: of(SocketRefuseRequest)},
		{From: of(SocketTokenPending, SocketOpening, SocketAuthenticating, SocketAuthed, SocketWaiting), On: of(SocketRequestSubmitted), Stay: true, Doc: "it waits in the buffer"},

		// Timers of states already left.
		{From: fsm.Except(socketAny, SocketTokenPending), On: of(SocketTokenTimedOut), Stay: true},
		{From: fsm.Except(socketAny, SocketOpening), On: of(SocketOpenTimedOut), Stay: true},
		{From: fsm.Except(socketAny, SocketAuthenticating), On: of(SocketAuthTimedOut), Stay: true},
		{From: fsm.Except(socketAny, SocketAuthed), On: of(SocketSubscribeTimedOut), Stay: true},
		{From: fsm.Except(socketAny, SocketClosing), On: of(SocketCloseTimedOut), Stay: true},
	},
})
