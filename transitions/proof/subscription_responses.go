package proof

import (
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
		switch e.On {
		case t.SubscriptionAccepted, t.SubscriptionSkipped, t.SubscriptionRejected, t.SubscriptionBuilderFailed, t.SubscriptionLeft, t.SubscriptionTimedOut, t.SubscriptionLeaveTimedOut:
			return e.Gen != d.Gen
		}
		return false
	},
	responses: []subscriptionRule{
		{Name: "K4 it is sent once on a connection", In: fsm.Of(t.SubscriptionWanted), On: fsm.Of(t.SubscriptionReleased), To: fsm.Of(t.SubscriptionSent), Do: fsm.Of(t.SubscriptionSend)},
	},
}
