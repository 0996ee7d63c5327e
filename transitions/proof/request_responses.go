package proof

import (
	"github.com/custom-app/interlock/fsm"
	t "github.com/custom-app/interlock/transitions"
)

type (
	requestRule = response[t.RequestState, t.RequestEvent, t.RequestEffect, t.RequestData]
	requestIf   = func(t.RequestData, fsm.Event[t.RequestEvent]) bool
)

// requestBook is what is said of a request alone.
var requestBook = book[t.RequestState, t.RequestEvent, t.RequestEffect, t.RequestData]{
	machine: t.Request,
	alike: func(s fsm.Snapshot[t.RequestState, t.RequestData]) fsm.Snapshot[t.RequestState, t.RequestData] {
		return s
	},
	gen:       func(t.RequestData) uint32 { return 0 },
	born:      bornRequests(),
	late:      func(t.RequestData, fsm.Event[t.RequestEvent]) bool { return false },
	responses: requestRules,
}

// bornRequests are all data of a request that never change.
func bornRequests() (born []t.RequestData) {
	for need := t.NeedReady; need <= t.NeedOpen; need++ {
		for i := range 4 {
			born = append(born, t.RequestData{Need: need, Repeatable: i&1 > 0, OneWay: i&2 > 0})
		}
	}
	return born
}

var (
	requestBuffered = fsm.Of(t.RequestBuffered)
	requestSent     = fsm.Of(t.RequestSent)
	requestPending  = fsm.Of(t.RequestBuffered, t.RequestSent)
	requestSettled  = fsm.Of(t.RequestAnswered, t.RequestErrorAnswered, t.RequestWritten, t.RequestTimedOut, t.RequestCancelled,
		t.RequestDropped, t.RequestRefused, t.RequestFailed, t.RequestUnknown)
	requestEvents = fsm.Of(t.RequestSubmit, t.RequestRelease, t.RequestAnswer, t.RequestErrorAnswer, t.RequestLeave, t.RequestCancel,
		t.RequestOverflow, t.RequestRefuse, t.RequestLose, t.RequestClose, t.RequestTimeOut)

	requestWrites  = fsm.Of(t.RequestWrite)
	requestSettles = fsm.Of(t.RequestSettle)
)

// What the rules ask of a request.
var (
	requestIsMet    requestIf = func(d t.RequestData, e fsm.Event[t.RequestEvent]) bool { return e.Arg <= uint32(d.Need) }
	requestIsUnmet  requestIf = func(d t.RequestData, e fsm.Event[t.RequestEvent]) bool { return e.Arg > uint32(d.Need) }
	requestIsNew    requestIf = func(d t.RequestData, _ fsm.Event[t.RequestEvent]) bool { return !d.Written }
	requestIsKnown  requestIf = func(d t.RequestData, _ fsm.Event[t.RequestEvent]) bool { return d.Written }
	requestIsOneWay requestIf = func(d t.RequestData, _ fsm.Event[t.RequestEvent]) bool { return d.OneWay }
	requestIsTwoWay requestIf = func(d t.RequestData, _ fsm.Event[t.RequestEvent]) bool { return !d.OneWay }
	requestRepeats  requestIf = func(d t.RequestData, _ fsm.Event[t.RequestEvent]) bool { return d.Repeatable }
	requestGoesOnce requestIf = func(d t.RequestData, _ fsm.Event[t.RequestEvent]) bool { return !d.Repeatable }
)

var requestRules = []requestRule{
	// It waits until its socket is as far as it needs.
	{Name: "R3 its socket is asked whether it may go", In: requestBuffered, On: fsm.Of(t.RequestSubmit), Stay: true, Do: fsm.Of(t.RequestAskSocket)},
	{Name: "R3 it goes when what it needs is there", In: requestBuffered, On: fsm.Of(t.RequestRelease), If: requestIsMet, To: requestSent, Do: requestWrites, Not: requestSettles, Data: func(_, to t.RequestData, _ fsm.Event[t.RequestEvent]) bool { return to.Written }},
	{Name: "R3 it waits while it needs more", In: requestBuffered, On: fsm.Of(t.RequestRelease), If: requestIsUnmet, Stay: true, Quiet: true},
	{Name: "16 what is on the wire is not written again", In: requestSent, On: fsm.Of(t.RequestRelease), Stay: true, Quiet: true},
	{Name: "D3 it is submitted once", In: requestSent, On: fsm.Of(t.RequestSubmit), Never: true},

	// The buffer is full.
	{Name: "R3 what the buffer drops learns it at once", In: requestBuffered, On: fsm.Of(t.RequestOverflow), If: requestIsNew, To: fsm.Of(t.RequestDropped), Do: requestSettles},
	{Name: "R3 what the buffer refuses learns it at once", In: requestBuffered, On: fsm.Of(t.RequestRefuse), If: requestIsNew, To: fsm.Of(t.RequestRefused), Do: requestSettles},
	{Name: "R2 of what was on the wire before nobody knows", In: requestBuffered, On: fsm.Of(t.RequestOverflow, t.RequestRefuse), If: requestIsKnown, To: fsm.Of(t.RequestUnknown), Do: requestSettles},
	{Name: "D3 what has left the buffer takes no room in it", In: requestSent, On: fsm.Of(t.RequestOverflow, t.RequestRefuse), Never: true},

	// The connection.
	{Name: "R5 what wants no answer settles when it is written", In: requestSent, On: fsm.Of(t.RequestLeave), If: requestIsOneWay, To: fsm.Of(t.RequestWritten), Do: requestSettles},
	{Name: "R2 what wants an answer goes on waiting for it", In: requestSent, On: fsm.Of(t.RequestLeave), If: requestIsTwoWay, Stay: true, Quiet: true},
	{Name: "R2 what was sent is sent again only if that was allowed", In: requestSent, On: fsm.Of(t.RequestLose), If: requestRepeats, To: requestBuffered, Quiet: true},
	{Name: "16 what was sent is not sent again otherwise", In: requestSent, On: fsm.Of(t.RequestLose), If: requestGoesOnce, To: fsm.Of(t.RequestUnknown), Do: requestSettles},
	{Name: "R2 what has not been sent loses nothing with a connection", In: requestBuffered, On: fsm.Of(t.RequestLose, t.RequestLeave), Stay: true, Quiet: true},

	// Each end has its name, and is told once.
	{Name: "R2 answered", In: requestPending, On: fsm.Of(t.RequestAnswer), To: fsm.Of(t.RequestAnswered), Do: requestSettles},
	{Name: "R2 answered by an error", In: requestPending, On: fsm.Of(t.RequestErrorAnswer), To: fsm.Of(t.RequestErrorAnswered), Do: requestSettles},
	{Name: "R2 cancelled", In: requestPending, On: fsm.Of(t.RequestCancel), To: fsm.Of(t.RequestCancelled), Do: requestSettles},
	{Name: "R2 failed by a close", In: requestPending, On: fsm.Of(t.RequestClose), To: fsm.Of(t.RequestFailed), Do: requestSettles},
	{Name: "R2 timed out", In: requestPending, On: fsm.Of(t.RequestTimeOut), To: fsm.Of(t.RequestTimedOut), Do: requestSettles},
	{Name: "15 it settles once", In: requestSettled, On: requestEvents, Stay: true, Quiet: true},
}
