package transitions

import "github.com/custom-app/interlock/fsm"

// SubscriptionState is a state of one subscription on a socket.
type SubscriptionState uint8

// The states of a subscription.
const (
	SubscriptionWanted SubscriptionState = iota
	SubscriptionSent
	SubscriptionActive
	SubscriptionLeaving
	SubscriptionRemoved
)

// String returns the state's name.
func (s SubscriptionState) String() string { return Subscription.StateName(s) }

// SubscriptionEvent is an event of a subscription.
type SubscriptionEvent uint8

// The events of a subscription.
const (
	SubscriptionAdded SubscriptionEvent = iota + 1
	SubscriptionReleased
	SubscriptionAccepted
	SubscriptionSkipped
	SubscriptionRejected
	SubscriptionBuilderFailed
	SubscriptionRemoveRequested
	SubscriptionLeft
	SubscriptionLost
	SubscriptionClosed
	SubscriptionTimedOut
	SubscriptionLeaveTimedOut
)

// SubscriptionEffect is an effect of a subscription.
type SubscriptionEffect uint8

// The effects of a subscription.
const (
	SubscriptionAskSocket SubscriptionEffect = iota
	SubscriptionSend
	SubscriptionSendLeave
	SubscriptionReportRejected
	SubscriptionReportFailed
	SubscriptionTellActive
	SubscriptionTellRemoved
)

// SubscriptionData is what a subscription remembers beside its state.
type SubscriptionData struct {
	Gen      uint32 // grows with every message sent for it
	Declared bool   // by the socket's config: it lasts as long as the socket; never changes
}

type (
	subscriptionGuard  = fsm.Guard[SubscriptionData, SubscriptionEvent]
	subscriptionUpdate = fsm.Update[SubscriptionData, SubscriptionEvent]
	subscriptionRow    = fsm.Row[SubscriptionState, SubscriptionEvent, SubscriptionEffect, SubscriptionData]
)

var subscriptionStates = []fsm.StateInfo[SubscriptionState, SubscriptionEvent]{
	{Is: SubscriptionWanted, Name: "wanted", Kind: fsm.Rest, Doc: "goes out when the socket is authorised, on this connection or the next"},
	{Is: SubscriptionSent, Name: "sent", Kind: fsm.Wait, Timers: of(SubscriptionTimedOut), Group: "on this connection", Doc: "its message is being made, or its answer awaited"},
	{Is: SubscriptionActive, Name: "active", Kind: fsm.Rest, Group: "on this connection", Doc: "the answer is good, or none is awaited"},
	{Is: SubscriptionLeaving, Name: "leaving", Kind: fsm.Wait, Timers: of(SubscriptionLeaveTimedOut), Group: "on this connection", Doc: "the message that ends it is sent, and its answer awaited"},
	{Is: SubscriptionRemoved, Name: "removed", Kind: fsm.Rest, Doc: "no more wanted"},
}

var subscriptionEvents = []fsm.EventInfo[SubscriptionEvent]{
	{Is: SubscriptionAdded, Name: "added", Cause: fsm.User, Doc: "the application has subscribed"},
	{Is: SubscriptionReleased, Name: "released", Cause: fsm.Peer, Doc: "the socket is authorised"},
	{Is: SubscriptionAccepted, Name: "accepted", Cause: fsm.Peer, Doc: "the answer is good", Carries: "Gen"},
	{Is: SubscriptionSkipped, Name: "skipped", Cause: fsm.Peer, Doc: "no answer is awaited, or the builder has nothing to send", Carries: "Gen"},
	{Is: SubscriptionRejected, Name: "rejected", Cause: fsm.Failure, Doc: "the answer is an error", Carries: "Gen"},
	{Is: SubscriptionBuilderFailed, Name: "builderFailed", Cause: fsm.Failure, Doc: "the application's builder or codec failed", Carries: "Gen"},
	{Is: SubscriptionRemoveRequested, Name: "removeRequested", Cause: fsm.User, Doc: "the application wants it no more"},
	{Is: SubscriptionLeft, Name: "left", Cause: fsm.Peer, Doc: "the server has ended it, has refused to, or is not asked", Carries: "Gen"},
	{Is: SubscriptionLost, Name: "connectionLost", Cause: fsm.Failure, Doc: "the connection is lost"},
	{Is: SubscriptionClosed, Name: "socketClosed", Cause: fsm.Coupled, Doc: "the socket is closed, or has failed for good"},
	{Is: SubscriptionTimedOut, Name: "timedOut", Cause: fsm.Timer, Doc: "no answer in time", Carries: "Gen"},
	{Is: SubscriptionLeaveTimedOut, Name: "leaveTimedOut", Cause: fsm.Timer, Doc: "no answer to its end in time", Carries: "Gen"},
}

var subscriptionEffects = []fsm.EffectInfo[SubscriptionEffect, SubscriptionEvent]{
	{Is: SubscriptionAskSocket, Name: "askSocket", Answers: of(SubscriptionReleased), Doc: "link: may it go?"},
	{Is: SubscriptionSend, Name: "send", Answers: of(SubscriptionAccepted, SubscriptionSkipped, SubscriptionRejected, SubscriptionBuilderFailed), Doc: "build and send its message"},
	{Is: SubscriptionSendLeave, Name: "sendLeave", Answers: of(SubscriptionLeft, SubscriptionBuilderFailed), Doc: "build and send the message that ends it, if there is one"},
	{Is: SubscriptionReportRejected, Name: "reportRejected", Doc: "link: the socket is not what was declared"},
	{Is: SubscriptionReportFailed, Name: "reportFailed", Doc: "link: the socket is not what was declared"},
	{Is: SubscriptionTellActive, Name: "tellActive", Doc: "tell the one who has subscribed that it is active"},
	{Is: SubscriptionTellRemoved, Name: "tellRemoved", Doc: "tell the one who has subscribed, and everyone who ends it, that it is no more, and why"},
}

var (
	subscriptionAny     = states(subscriptionStates)
	subscriptionAnswers = of(SubscriptionAccepted, SubscriptionSkipped, SubscriptionRejected, SubscriptionBuilderFailed, SubscriptionLeft, SubscriptionTimedOut, SubscriptionLeaveTimedOut)
	subscriptionSaid    = of(SubscriptionAccepted, SubscriptionSkipped, SubscriptionRejected, SubscriptionTimedOut)

	subscriptionIsStale    = &subscriptionGuard{Name: "stale", Holds: func(d *SubscriptionData, e fsm.Event[SubscriptionEvent]) bool { return e.Gen != d.Gen }}
	subscriptionIsDeclared = &subscriptionGuard{Name: "declared", Holds: func(d *SubscriptionData, _ fsm.Event[SubscriptionEvent]) bool { return d.Declared }}

	subscriptionNext = &subscriptionUpdate{Name: "nextMessage", Apply: func(d *SubscriptionData, _ fsm.Event[SubscriptionEvent]) { d.Gen++ }}
)

// Subscription is the machine of one subscription: what is wanted of a socket, on
// each of its connections once. One that the socket's config declares is a part of
// the way to ready, and its rejection the socket's. One that is added while running
// stands for itself, and ends with the login.
var Subscription = fsm.MustDeclare(fsm.Declaration[SubscriptionState, SubscriptionEvent, SubscriptionEffect, SubscriptionData]{
	Name: "subscription", Initial: SubscriptionWanted,
	States: subscriptionStates, Events: subscriptionEvents, Effects: subscriptionEffects,
	Rows: []subscriptionRow{
		{From: subscriptionAny, On: subscriptionAnswers, If: subscriptionIsStale, Stay: true},

		// Once on each connection.
		{From: of(SubscriptionWanted), On: of(SubscriptionAdded), Stay: true, Do: of(SubscriptionAskSocket)},
		{From: fsm.Except(subscriptionAny, SubscriptionWanted), On: of(SubscriptionAdded), Never: "it is added once"},
		{From: of(SubscriptionWanted), On: of(SubscriptionReleased), To: SubscriptionSent, Set: subscriptionNext, Do: of(SubscriptionSend)},
		{From: fsm.Except(subscriptionAny, SubscriptionWanted), On: of(SubscriptionReleased), Stay: true, Doc: "sent on this connection already"},
		{From: of(SubscriptionSent), On: of(SubscriptionAccepted, SubscriptionSkipped), To: SubscriptionActive, Do: of(SubscriptionTellActive)},
		{From: of(SubscriptionSent), On: of(SubscriptionRejected), If: subscriptionIsDeclared, Stay: true, Do: of(SubscriptionReportRejected)},
		{From: of(SubscriptionSent), On: of(SubscriptionBuilderFailed), If: subscriptionIsDeclared, Stay: true, Do: of(SubscriptionReportFailed)},
		{From: of(SubscriptionSent), On: of(SubscriptionTimedOut), If: subscriptionIsDeclared, Stay: true, Doc: "the socket has a deadline for all of them"},
		{From: of(SubscriptionSent), On: of(SubscriptionRejected, SubscriptionBuilderFailed, SubscriptionTimedOut), To: SubscriptionRemoved, Do: of(SubscriptionTellRemoved)},
		{From: of(SubscriptionSent, SubscriptionActive), On: of(SubscriptionLost), To: SubscriptionWanted},
		{From: of(SubscriptionWanted, SubscriptionRemoved), On: of(SubscriptionLost), Stay: true},

		// Its end.
		{From: subscriptionAny, On: of(SubscriptionRemoveRequested), If: subscriptionIsDeclared, Stay: true, Doc: "it lasts as long as the socket"},
		{From: of(SubscriptionWanted), On: of(SubscriptionRemoveRequested), To: SubscriptionRemoved, Do: of(SubscriptionTellRemoved)},
		{From: of(SubscriptionSent, SubscriptionActive), On: of(SubscriptionRemoveRequested), To: SubscriptionLeaving, Set: subscriptionNext, Do: of(SubscriptionSendLeave)},
		{From: of(SubscriptionLeaving, SubscriptionRemoved), On: of(SubscriptionRemoveRequested), Stay: true, Doc: "joins"},
		{From: of(SubscriptionLeaving), On: of(SubscriptionLeft, SubscriptionBuilderFailed, SubscriptionLeaveTimedOut, SubscriptionLost), To: SubscriptionRemoved, Do: of(SubscriptionTellRemoved)},
		{From: of(SubscriptionSent, SubscriptionActive), On: of(SubscriptionClosed), If: subscriptionIsDeclared, To: SubscriptionWanted},
		{From: of(SubscriptionWanted), On: of(SubscriptionClosed), If: subscriptionIsDeclared, Stay: true},
		{From: fsm.Except(subscriptionAny, SubscriptionRemoved), On: of(SubscriptionClosed), To: SubscriptionRemoved, Do: of(SubscriptionTellRemoved)},
		{From: of(SubscriptionRemoved), On: of(SubscriptionClosed), Stay: true},

		// Answers to nothing.
		{From: fsm.Except(subscriptionAny, SubscriptionSent), On: subscriptionSaid, Stay: true},
		{From: fsm.Except(subscriptionAny, SubscriptionSent, SubscriptionLeaving), On: of(SubscriptionBuilderFailed), Stay: true},
		{From: fsm.Except(subscriptionAny, SubscriptionLeaving), On: of(SubscriptionLeft, SubscriptionLeaveTimedOut), Stay: true},
	},
})
