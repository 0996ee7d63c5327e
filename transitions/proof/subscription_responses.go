package proof

import (
	"slices"

	"github.com/custom-app/interlock/fsm"
	t "github.com/custom-app/interlock/transitions"
)

type subscriptionRule = response[t.SubscriptionState, t.SubscriptionEvent, t.SubscriptionEffect, t.SubscriptionData]

// subscriptionBook is what is said of a subscription alone.
var subscriptionBook = book[t.SubscriptionState, t.SubscriptionEvent, t.SubscriptionEffect, t.SubscriptionData]{
	machine: t.Subscription,
	alike: func(s fsm.Snapshot[t.SubscriptionState, t.SubscriptionData]) fsm.Snapshot[t.SubscriptionState, t.SubscriptionData] {
		s.Data.Gen = 7
		return s
	},
	gen:  func(d t.SubscriptionData) uint32 { return d.Gen },
	born: []t.SubscriptionData{{Declared: true}},
	late: func(d t.SubscriptionData, e fsm.Event[t.SubscriptionEvent]) bool {
		return e.Gen != d.Gen && slices.Contains(subscriptionReports, e.On)
	},
	responses: slices.Concat(subscriptionWantRules, subscriptionEndRules, subscriptionStrayRules),
}

var (
	subscriptionThere   = fsm.Of(t.SubscriptionSent, t.SubscriptionActive)                                                                                                                                    // on this connection, and wanted
	subscriptionReports = fsm.Of(t.SubscriptionAccepted, t.SubscriptionSkipped, t.SubscriptionRejected, t.SubscriptionBuilderFailed, t.SubscriptionLeft, t.SubscriptionTimedOut, t.SubscriptionLeaveTimedOut) // of one message
)

func subscriptionSame(from, to t.SubscriptionData, _ fsm.Event[t.SubscriptionEvent]) bool {
	return from == to
}

// subscriptionNext tells whether it counts another message, so that the answer to
// the one before is known for that.
func subscriptionNext(from, to t.SubscriptionData, _ fsm.Event[t.SubscriptionEvent]) bool {
	return to.Gen == from.Gen+1
}

func subscriptionLasts(d t.SubscriptionData, _ fsm.Event[t.SubscriptionEvent]) bool {
	return d.Declared
}

func subscriptionEnds(d t.SubscriptionData, _ fsm.Event[t.SubscriptionEvent]) bool {
	return !d.Declared
}

// subscriptionWantRules are of what is wanted, on each connection once.
var subscriptionWantRules = []subscriptionRule{
	{Name: "K4 one added while running asks whether it may go", In: fsm.Of(t.SubscriptionWanted), On: fsm.Of(t.SubscriptionAdded), Stay: true, Do: fsm.Of(t.SubscriptionAskSocket), Data: subscriptionSame},
	{Name: "K4 it is added once", In: fsm.Of(t.SubscriptionSent, t.SubscriptionActive, t.SubscriptionLeaving, t.SubscriptionRemoved), On: fsm.Of(t.SubscriptionAdded), Never: true},
	{Name: "K4 what is wanted is sent", In: fsm.Of(t.SubscriptionWanted), On: fsm.Of(t.SubscriptionReleased), To: fsm.Of(t.SubscriptionSent), Do: fsm.Of(t.SubscriptionSend), Data: subscriptionNext},
	{Name: "K4 once on a connection", In: fsm.Of(t.SubscriptionSent, t.SubscriptionActive, t.SubscriptionLeaving, t.SubscriptionRemoved), On: fsm.Of(t.SubscriptionReleased), Stay: true, Quiet: true, Data: subscriptionSame},
	{Name: "K4 a good answer, or none awaited, makes it active", In: fsm.Of(t.SubscriptionSent), On: fsm.Of(t.SubscriptionAccepted, t.SubscriptionSkipped), To: fsm.Of(t.SubscriptionActive), Do: fsm.Of(t.SubscriptionTellActive), Data: subscriptionSame},
	{Name: "K4 a declared one that is rejected is the socket's matter", In: fsm.Of(t.SubscriptionSent), On: fsm.Of(t.SubscriptionRejected), If: subscriptionLasts, Stay: true, Do: fsm.Of(t.SubscriptionReportRejected), Not: fsm.Of(t.SubscriptionReportFailed), Data: subscriptionSame},
	{Name: "F13 and so is one that cannot be built", In: fsm.Of(t.SubscriptionSent), On: fsm.Of(t.SubscriptionBuilderFailed), If: subscriptionLasts, Stay: true, Do: fsm.Of(t.SubscriptionReportFailed), Not: fsm.Of(t.SubscriptionReportRejected), Data: subscriptionSame},
	{Name: "F46 the socket has a deadline for the declared ones", In: fsm.Of(t.SubscriptionSent), On: fsm.Of(t.SubscriptionTimedOut), If: subscriptionLasts, Stay: true, Quiet: true, Data: subscriptionSame},
	{Name: "F46 one added while running ends by itself", In: fsm.Of(t.SubscriptionSent), On: fsm.Of(t.SubscriptionRejected, t.SubscriptionBuilderFailed, t.SubscriptionTimedOut), If: subscriptionEnds, To: fsm.Of(t.SubscriptionRemoved), Do: fsm.Of(t.SubscriptionTellRemoved), Not: fsm.Of(t.SubscriptionReportRejected, t.SubscriptionReportFailed), Data: subscriptionSame},
	{Name: "F40 it is wanted again after every lost connection", In: append(fsm.Of(t.SubscriptionWanted), subscriptionThere...), On: fsm.Of(t.SubscriptionLost), To: fsm.Of(t.SubscriptionWanted), Quiet: true, Data: subscriptionSame},
}

// subscriptionEndRules are of its end.
var subscriptionEndRules = []subscriptionRule{
	{Name: "K4 a declared one lasts as long as the socket", On: fsm.Of(t.SubscriptionRemoveRequested), If: subscriptionLasts, Stay: true, Quiet: true, Data: subscriptionSame},
	{Name: "K4 one that is not sent ends at once", In: fsm.Of(t.SubscriptionWanted), On: fsm.Of(t.SubscriptionRemoveRequested), If: subscriptionEnds, To: fsm.Of(t.SubscriptionRemoved), Do: fsm.Of(t.SubscriptionTellRemoved), Not: fsm.Of(t.SubscriptionSendLeave), Data: subscriptionSame},
	{Name: "K4 one that is sent ends by a message", In: subscriptionThere, On: fsm.Of(t.SubscriptionRemoveRequested), If: subscriptionEnds, To: fsm.Of(t.SubscriptionLeaving), Do: fsm.Of(t.SubscriptionSendLeave), Not: fsm.Of(t.SubscriptionTellRemoved), Data: subscriptionNext},
	{Name: "K4 to end it twice sends nothing twice", In: fsm.Of(t.SubscriptionLeaving, t.SubscriptionRemoved), On: fsm.Of(t.SubscriptionRemoveRequested), Stay: true, Quiet: true, Data: subscriptionSame},
	{Name: "K4 its end is awaited, but no longer than its deadline or its connection", In: fsm.Of(t.SubscriptionLeaving), On: fsm.Of(t.SubscriptionLeft, t.SubscriptionBuilderFailed, t.SubscriptionLeaveTimedOut, t.SubscriptionLost), To: fsm.Of(t.SubscriptionRemoved), Do: fsm.Of(t.SubscriptionTellRemoved), Data: subscriptionSame},
	{Name: "K4 a close keeps what is declared, for the next open", In: append(fsm.Of(t.SubscriptionWanted), subscriptionThere...), On: fsm.Of(t.SubscriptionClosed), If: subscriptionLasts, To: fsm.Of(t.SubscriptionWanted), Quiet: true, Data: subscriptionSame},
	{Name: "S6 a close ends what was added while running", In: append(fsm.Of(t.SubscriptionWanted, t.SubscriptionLeaving), subscriptionThere...), On: fsm.Of(t.SubscriptionClosed), If: subscriptionEnds, To: fsm.Of(t.SubscriptionRemoved), Do: fsm.Of(t.SubscriptionTellRemoved), Data: subscriptionSame},
}

// subscriptionStrayRules are of what comes where it means nothing.
var subscriptionStrayRules = []subscriptionRule{
	{Name: "9 the answer to another message changes nothing", On: subscriptionReports, Late: true, Stay: true, Quiet: true, Data: subscriptionSame},
	{Name: "D3 no answer is awaited", In: fsm.Of(t.SubscriptionWanted, t.SubscriptionActive, t.SubscriptionLeaving, t.SubscriptionRemoved), On: fsm.Of(t.SubscriptionAccepted, t.SubscriptionSkipped, t.SubscriptionRejected, t.SubscriptionTimedOut), Stay: true, Quiet: true, Data: subscriptionSame},
	{Name: "D3 nothing is being built", In: fsm.Of(t.SubscriptionWanted, t.SubscriptionActive, t.SubscriptionRemoved), On: fsm.Of(t.SubscriptionBuilderFailed), Stay: true, Quiet: true, Data: subscriptionSame},
	{Name: "D3 no end is awaited", In: fsm.Of(t.SubscriptionWanted, t.SubscriptionSent, t.SubscriptionActive, t.SubscriptionRemoved), On: fsm.Of(t.SubscriptionLeft, t.SubscriptionLeaveTimedOut), Stay: true, Quiet: true, Data: subscriptionSame},
	{Name: "K8 its end is told once", In: fsm.Of(t.SubscriptionRemoved), On: fsm.Of(t.SubscriptionLost, t.SubscriptionClosed), Stay: true, Quiet: true, Data: subscriptionSame},
}
