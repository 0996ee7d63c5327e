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
	SocketProbing
	SocketRenewing
	SocketWaiting
	SocketOutage
	SocketBusyWaiting
	SocketClosing
	SocketFailed
	SocketRemoved
)

// String returns the state's name.
func (s SocketState) String() string { return Socket.StateName(s) }

// SocketEvent is an event of a socket.
type SocketEvent uint8

// The events of a socket.
const (
	SocketOpenRequested SocketEvent = iota + 1
	SocketReopenRequested
	SocketEarlyRequested
	SocketCloseRequested
	SocketAbortRequested
	SocketRemoveRequested
	SocketWoken
	SocketTokenFresh
	SocketTokenUnavailable
	SocketTokenAbsent
	SocketRequestSubmitted
	SocketSubscriptionAdded
	SocketOpened
	SocketAuthSent
	SocketAuthAccepted
	SocketAuthSkipped
	SocketAuthRejected
	SocketSubscriptionsActive
	SocketSubscriptionRejected
	SocketSubscriptionFailed
	SocketReadyReported
	SocketHeard
	SocketEnded
	SocketDropped
	SocketExpired
	SocketTokenRefused
	SocketRejected
	SocketReplaced
	SocketBusy
	SocketBuilderDeclined
	SocketBuilderFailed
	SocketRetriesSpent
	SocketTokenTimedOut
	SocketOpenTimedOut
	SocketAuthTimedOut
	SocketSubscribeTimedOut
	SocketAttemptTimedOut
	SocketRetryDue
	SocketOutageDue
	SocketStable
	SocketSilent
	SocketPingTimedOut
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
	SocketSendRenewal
	SocketSendPing
	SocketReleaseSubscriptions
	SocketReleaseSubscription
	SocketReleaseRequests
	SocketReleaseRequest
	SocketRefuseRequest
	SocketRefuseSubscription
	SocketLosePending
	SocketClosePending
	SocketSendClose
	SocketCloseConnection
	SocketCloseLate
	SocketRefuseOpen
	SocketTellOpened
	SocketTellClosed
	SocketForget
	SocketReportReady
	SocketTellReady
	SocketTellReadyAgain
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
	Refusals uint8  // verdicts against the token or the subscription since it was last ready
	Opened   bool   // the last attempt opened a connection
	Barred   bool   // the token offered last was refused and is not offered again
	AuthSent bool   // the auth message is being made, with the token that has come for it
	Greeted  bool   // the auth message is on the wire
	Served   bool   // it has been ready since it was opened
	Again    bool   // it was ready before: there may be a gap
	Public   bool   // needs no token, and is given none; never changes
	Early    bool   // may open before login; never changes
	Guest    bool   // opened before login, without auth and subscriptions
	Renews   bool   // can be authorised anew on the same connection; never changes
	Added    bool   // while running, for one login; never changes
	NoPing   bool   // is sent no ping; never changes
}

type (
	socketGuard  = fsm.Guard[SocketData, SocketEvent]
	socketUpdate = fsm.Update[SocketData, SocketEvent]
	socketRow    = fsm.Row[SocketState, SocketEvent, SocketEffect, SocketData]
)

var socketStates = []fsm.StateInfo[SocketState, SocketEvent]{
	{Is: SocketClosed, Name: "closed", Kind: fsm.Rest, Doc: "no connection, none wanted"},
	{Is: SocketTokenPending, Name: "tokenPending", Kind: fsm.Wait, Timers: of(SocketTokenTimedOut), Doc: "a fresh token is asked for"},
	{Is: SocketOpening, Name: "socketOpening", Kind: fsm.Wait, Timers: of(SocketOpenTimedOut, SocketAttemptTimedOut), Group: "one connection", Doc: "one dial is in flight"},
	{Is: SocketAuthenticating, Name: "socketAuthenticating", Kind: fsm.Wait, Timers: of(SocketAuthTimedOut, SocketAttemptTimedOut), Group: "one connection", Doc: "open; the auth answer is awaited"},
	{Is: SocketAuthed, Name: "socketAuthed", Kind: fsm.Wait, Timers: of(SocketSubscribeTimedOut, SocketAttemptTimedOut), Group: "one connection", Doc: "authorised; subscription answers are awaited"},
	{Is: SocketSubscribed, Name: "subscribed", Kind: fsm.Rest, Timers: of(SocketStable, SocketSilent), Group: "one connection", Doc: "ready"},
	{Is: SocketProbing, Name: "probing", Kind: fsm.Wait, Timers: of(SocketStable, SocketPingTimedOut), Group: "one connection", Doc: "ready, but silent: a ping is sent, and anything at all is awaited"},
	{Is: SocketRenewing, Name: "renewing", Kind: fsm.Wait, Timers: of(SocketStable, SocketAuthTimedOut), Group: "one connection", Doc: "ready, and authorised anew on the same connection"},
	{Is: SocketWaiting, Name: "waiting", Kind: fsm.Wait, Timers: of(SocketRetryDue, SocketOutageDue), Doc: "backoff before the next attempt"},
	{Is: SocketOutage, Name: "outage", Kind: fsm.Wait, Timers: of(SocketRetryDue), Doc: "not ready for long: slow backoff before the next attempt"},
	{Is: SocketBusyWaiting, Name: "busyWaiting", Kind: fsm.Wait, Timers: of(SocketRetryDue), Doc: "the server is too busy: slow backoff before the next attempt"},
	{Is: SocketClosing, Name: "closing", Kind: fsm.Wait, Timers: of(SocketCloseTimedOut), Doc: "the close frame is sent; its answer is awaited"},
	{Is: SocketFailed, Name: "failed", Kind: fsm.Rest, Doc: "given up, or refused for good"},
	{Is: SocketRemoved, Name: "removed", Kind: fsm.Rest, Doc: "it was added while running, and is no more"},
}

var socketEvents = []fsm.EventInfo[SocketEvent]{
	{Is: SocketOpenRequested, Name: "openRequested", Cause: fsm.User, Doc: "the session opens its sockets", Carries: "Arg is the generation of the user's first token"},
	{Is: SocketReopenRequested, Name: "reopenRequested", Cause: fsm.User, Doc: "the application opens this socket"},
	{Is: SocketEarlyRequested, Name: "earlyRequested", Cause: fsm.User, Doc: "the application opens what needs no login"},
	{Is: SocketCloseRequested, Name: "closeRequested", Cause: fsm.User, Doc: "the session, or the application, closes it"},
	{Is: SocketAbortRequested, Name: "abortRequested", Cause: fsm.Coupled, Doc: "closing took too long"},
	{Is: SocketRemoveRequested, Name: "removeRequested", Cause: fsm.User, Doc: "the application, or the end of its user's login, removes what was added"},
	{Is: SocketWoken, Name: "woken", Cause: fsm.User, Doc: "the application says that the network is back"},
	{Is: SocketTokenFresh, Name: "tokenFresh", Cause: fsm.Peer, Doc: "a fresh token is there", Carries: "Arg is the token's generation"},
	{Is: SocketTokenUnavailable, Name: "tokenUnavailable", Cause: fsm.Failure, Doc: "no fresh token for now"},
	{Is: SocketTokenAbsent, Name: "tokenAbsent", Cause: fsm.Coupled, Doc: "this login has no tokens"},
	{Is: SocketRequestSubmitted, Name: "requestSubmitted", Cause: fsm.User, Doc: "a request was submitted", Carries: "Arg is its id"},
	{Is: SocketSubscriptionAdded, Name: "subscriptionAdded", Cause: fsm.User, Doc: "a subscription was added", Carries: "Arg is its id"},
	{Is: SocketOpened, Name: "opened", Cause: fsm.Peer, Doc: "the dial and the upgrade have succeeded", Carries: "Gen"},
	{Is: SocketAuthSent, Name: "authSent", Cause: fsm.Coupled, Doc: "the auth message is on the wire, or none is declared", Carries: "Gen"},
	{Is: SocketAuthAccepted, Name: "authAccepted", Cause: fsm.Peer, Doc: "the auth answer is good", Carries: "Gen"},
	{Is: SocketAuthSkipped, Name: "authSkipped", Cause: fsm.Peer, Doc: "no auth message is declared, or no answer to it awaited", Carries: "Gen"},
	{Is: SocketAuthRejected, Name: "authRejected", Cause: fsm.Failure, Doc: "the auth answer is an error", Carries: "Gen"},
	{Is: SocketSubscriptionsActive, Name: "subscriptionsActive", Cause: fsm.Peer, Doc: "every subscription has its answer"},
	{Is: SocketSubscriptionRejected, Name: "subscriptionRejected", Cause: fsm.Failure, Doc: "the answer to a declared subscription is an error"},
	{Is: SocketSubscriptionFailed, Name: "subscriptionFailed", Cause: fsm.Failure, Doc: "the builder or codec of a declared subscription failed"},
	{Is: SocketReadyReported, Name: "readyReported", Cause: fsm.Coupled, Doc: "it is ready, and what waited for that is on its way"},
	{Is: SocketHeard, Name: "heard", Cause: fsm.Peer, Doc: "something came after the ping", Carries: "Gen"},
	{Is: SocketEnded, Name: "ended", Cause: fsm.Peer, Doc: "the peer has closed in good order", Carries: "Gen; Arg is the close code"},
	{Is: SocketDropped, Name: "dropped", Cause: fsm.Failure, Doc: "the connection is lost, or could not be made", Carries: "Gen; Arg is the close code or HTTP status"},
	{Is: SocketExpired, Name: "expired", Cause: fsm.Failure, Doc: "the server has ended the connection since the token is no good", Carries: "Gen; Arg is the code"},
	{Is: SocketTokenRefused, Name: "tokenRefused", Cause: fsm.Failure, Doc: "the server says in a message that the token is no good", Carries: "Gen; Arg is the code"},
	{Is: SocketRejected, Name: "rejected", Cause: fsm.Failure, Doc: "the server says never to come back", Carries: "Gen; Arg is the code"},
	{Is: SocketReplaced, Name: "replaced", Cause: fsm.Failure, Doc: "the server says that another connection has taken the place of this one", Carries: "Gen; Arg is the code"},
	{Is: SocketBusy, Name: "busy", Cause: fsm.Failure, Doc: "the server says to come back later", Carries: "Gen; Arg is the code"},
	{Is: SocketBuilderDeclined, Name: "builderDeclined", Cause: fsm.User, Doc: "the application's builder says there is no message to send", Carries: "Gen"},
	{Is: SocketBuilderFailed, Name: "builderFailed", Cause: fsm.Failure, Doc: "the application's builder or codec failed", Carries: "Gen"},
	{Is: SocketRetriesSpent, Name: "retriesSpent", Cause: fsm.Failure, Doc: "the backoff, or the application, gives no further delay", Carries: "Gen"},
	{Is: SocketTokenTimedOut, Name: "tokenTimedOut", Cause: fsm.Timer, Doc: "no token in time", Carries: "Gen"},
	{Is: SocketOpenTimedOut, Name: "openTimedOut", Cause: fsm.Timer, Doc: "no upgrade in time", Carries: "Gen"},
	{Is: SocketAuthTimedOut, Name: "authTimedOut", Cause: fsm.Timer, Doc: "no auth answer in time", Carries: "Gen"},
	{Is: SocketSubscribeTimedOut, Name: "subscribeTimedOut", Cause: fsm.Timer, Doc: "not every subscription answer in time", Carries: "Gen"},
	{Is: SocketAttemptTimedOut, Name: "attemptTimedOut", Cause: fsm.Timer, Doc: "not ready in time after the dial", Carries: "Gen"},
	{Is: SocketRetryDue, Name: "retryDue", Cause: fsm.Timer, Doc: "the backoff is over", Carries: "Gen"},
	{Is: SocketOutageDue, Name: "outageDue", Cause: fsm.Timer, Doc: "not ready for long", Carries: "Gen"},
	{Is: SocketStable, Name: "stable", Cause: fsm.Timer, Doc: "ready for a stability period", Carries: "Gen"},
	{Is: SocketSilent, Name: "silent", Cause: fsm.Timer, Doc: "nothing was received for a ping interval", Carries: "Gen"},
	{Is: SocketPingTimedOut, Name: "pingTimedOut", Cause: fsm.Timer, Doc: "nothing was received after the ping either", Carries: "Gen"},
	{Is: SocketCloseTimedOut, Name: "closeTimedOut", Cause: fsm.Timer, Doc: "no answer to the close frame in time", Carries: "Gen"},
}

var socketEffects = []fsm.EffectInfo[SocketEffect, SocketEvent]{
	{Is: SocketNeedToken, Name: "needToken", Answers: of(SocketTokenFresh, SocketTokenUnavailable, SocketTokenAbsent), Doc: "link: ask the token machine"},
	{Is: SocketRefuseToken, Name: "refuseToken", Doc: "link: tell the token machine that the offered token was refused"},
	{Is: SocketDial, Name: "dial", Answers: of(SocketOpened, SocketDropped, SocketExpired, SocketRejected, SocketReplaced, SocketBusy), Doc: "dial with the fresh token"},
	{Is: SocketAdoptConnection, Name: "adoptConnection", Answers: of(SocketEnded, SocketDropped, SocketExpired, SocketTokenRefused, SocketRejected, SocketReplaced, SocketBusy), Doc: "the connection that opened is the socket's; read it"},
	{Is: SocketSendAuth, Name: "sendAuth", Answers: of(SocketAuthSent, SocketAuthAccepted, SocketAuthSkipped, SocketAuthRejected, SocketBuilderDeclined, SocketBuilderFailed), Doc: "build and send the auth message, if one is declared"},
	{Is: SocketSendRenewal, Name: "sendRenewal", Answers: of(SocketAuthSent, SocketAuthAccepted, SocketAuthSkipped, SocketAuthRejected, SocketBuilderDeclined, SocketBuilderFailed), Doc: "build and send the message that offers a newer token on the same connection"},
	{Is: SocketSendPing, Name: "sendPing", Answers: of(SocketHeard), Doc: "send a ping, and tell when anything comes"},
	{Is: SocketReleaseSubscriptions, Name: "releaseSubscriptions", Answers: of(SocketSubscriptionsActive), Doc: "link: every subscription goes"},
	{Is: SocketReleaseSubscription, Name: "releaseSubscription", Doc: "link: the subscription just added goes"},
	{Is: SocketReleaseRequests, Name: "releaseRequests", Doc: "link: buffered requests that need no more than this state go, in the order of submission"},
	{Is: SocketReleaseRequest, Name: "releaseRequest", Doc: "link: the request just submitted goes, if it needs no more than this state"},
	{Is: SocketRefuseRequest, Name: "refuseRequest", Doc: "link: the request just submitted fails, the socket is closed"},
	{Is: SocketRefuseSubscription, Name: "refuseSubscription", Doc: "link: the subscription just added ends, the socket is closed"},
	{Is: SocketLosePending, Name: "losePending", Doc: "link: what was written on the lost connection has an unknown outcome, and subscriptions are to be sent again"},
	{Is: SocketClosePending, Name: "closePending", Doc: "link: every request fails by close, and what was subscribed while running is dropped"},
	{Is: SocketSendClose, Name: "sendClose", Answers: of(SocketEnded, SocketDropped), Doc: "send the close frame and nothing after it"},
	{Is: SocketCloseConnection, Name: "closeConnection", Answers: of(SocketDropped), Doc: "cut the connection, or cancel the dial"},
	{Is: SocketCloseLate, Name: "closeLate", Doc: "cut the connection of this event's generation: its dial was given up"},
	{Is: SocketRefuseOpen, Name: "refuseOpen", Doc: "tell the one who opens or removes it that the socket is open"},
	{Is: SocketTellOpened, Name: "tellOpened", Doc: "tell the one who opens it that it is opening"},
	{Is: SocketTellClosed, Name: "tellClosed", Doc: "tell everyone who closes or removes it that it is closed"},
	{Is: SocketForget, Name: "forget", Doc: "the socket is no more"},
	{Is: SocketReportReady, Name: "reportReady", Answers: of(SocketReadyReported), Doc: "link: back to the socket, behind the requests that it has released"},
	{Is: SocketTellReady, Name: "tellReady", Doc: "tell the application that the socket is ready"},
	{Is: SocketTellReadyAgain, Name: "tellReadyAgain", Doc: "tell the application that the socket is ready again, and may have missed something"},
	{Is: SocketReportFailed, Name: "reportFailed", Doc: "tell the application, once, that the socket has ended for good"},
	{Is: SocketReportNoToken, Name: "reportNoToken", Doc: "tell the application that the socket has no fresh token to go on with"},
}
