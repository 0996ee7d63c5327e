package transitions

import "github.com/custom-app/interlock/fsm"

// RequestState is a state of one request on a socket.
type RequestState uint8

// The states of a request; all but the first two are its settlement.
const (
	RequestBuffered RequestState = iota
	RequestSent
	RequestAnswered
	RequestErrorAnswered
	RequestWritten
	RequestTimedOut
	RequestCancelled
	RequestDropped
	RequestRefused
	RequestFailed
	RequestUnknown
)

// String returns the state's name.
func (s RequestState) String() string { return Request.StateName(s) }

// RequestEvent is an event of a request.
type RequestEvent uint8

// The events of a request.
const (
	RequestSubmit RequestEvent = iota + 1
	RequestRelease
	RequestAnswer
	RequestErrorAnswer
	RequestLeave
	RequestCancel
	RequestOverflow
	RequestRefuse
	RequestLose
	RequestClose
	RequestTimeOut
)

// RequestEffect is an effect of a request.
type RequestEffect uint8

// The effects of a request.
const (
	RequestAskSocket RequestEffect = iota
	RequestWrite
	RequestSettle
)

// Need says how far its socket must be before a request goes out.
type Need uint8

// The needs, the greatest first.
const (
	NeedReady  Need = iota // subscribed
	NeedAuthed             // authorised; subscriptions may still be on their way
	NeedOpen               // open, and the auth message is sent, if there is one
	needs
)

var needNames = [...]string{"ready", "authed", "open", "nothing"}

// String returns the need's name.
func (n Need) String() string { return needNames[min(n, needs)] }

// RequestData is what a request is, and remembers beside its state. Its id is never
// used again, so nothing about it can be stale.
type RequestData struct {
	Need       Need // never changes, as the next two
	Repeatable bool // may go out again when the connection is lost before its answer
	OneWay     bool // wants no answer
	Written    bool // it has gone out at least once
}

type (
	requestGuard  = fsm.Guard[RequestData, RequestEvent]
	requestUpdate = fsm.Update[RequestData, RequestEvent]
	requestRow    = fsm.Row[RequestState, RequestEvent, RequestEffect, RequestData]
)

var requestStates = []fsm.StateInfo[RequestState, RequestEvent]{
	{Is: RequestBuffered, Name: "buffered", Kind: fsm.Wait, Timers: of(RequestTimeOut), Group: "pending", Doc: "waits until its socket is as far as it needs"},
	{Is: RequestSent, Name: "sent", Kind: fsm.Wait, Timers: of(RequestTimeOut), Group: "pending", Doc: "on the wire; the answer is awaited"},
	{Is: RequestAnswered, Name: "answered", Kind: fsm.Rest, Doc: "the answer came"},
	{Is: RequestErrorAnswered, Name: "errorAnswered", Kind: fsm.Rest, Doc: "an error answer came"},
	{Is: RequestWritten, Name: "written", Kind: fsm.Rest, Doc: "on the wire, and no answer is wanted"},
	{Is: RequestTimedOut, Name: "timedOut", Kind: fsm.Rest, Doc: "no answer in time, counted from submission"},
	{Is: RequestCancelled, Name: "cancelled", Kind: fsm.Rest, Doc: "the caller has left"},
	{Is: RequestDropped, Name: "dropped", Kind: fsm.Rest, Doc: "the buffer overflowed"},
	{Is: RequestRefused, Name: "refused", Kind: fsm.Rest, Doc: "the buffer is full"},
	{Is: RequestFailed, Name: "failed", Kind: fsm.Rest, Doc: "the socket was closed"},
	{Is: RequestUnknown, Name: "unknown", Kind: fsm.Rest, Doc: "sent, then the connection was lost"},
}

var requestEvents = []fsm.EventInfo[RequestEvent]{
	{Is: RequestSubmit, Name: "submitted", Cause: fsm.User, Doc: "the application has submitted it"},
	{Is: RequestRelease, Name: "released", Cause: fsm.Peer, Doc: "the socket has come further", Carries: "Arg is the greatest need that it meets"},
	{Is: RequestAnswer, Name: "answered", Cause: fsm.Peer, Doc: "the answer has come"},
	{Is: RequestErrorAnswer, Name: "errorAnswered", Cause: fsm.Failure, Doc: "an error answer has come"},
	{Is: RequestLeave, Name: "written", Cause: fsm.Peer, Doc: "it has left for the wire"},
	{Is: RequestCancel, Name: "cancelled", Cause: fsm.User, Doc: "the caller's context has ended"},
	{Is: RequestOverflow, Name: "overflowed", Cause: fsm.Failure, Doc: "the buffer holds more than it may, and the policy picks this one"},
	{Is: RequestRefuse, Name: "refused", Cause: fsm.Failure, Doc: "the buffer is full and the policy refuses"},
	{Is: RequestLose, Name: "connectionLost", Cause: fsm.Failure, Doc: "the connection is lost"},
	{Is: RequestClose, Name: "socketClosed", Cause: fsm.Failure, Doc: "the socket is closed, or has failed for good"},
	{Is: RequestTimeOut, Name: "timedOut", Cause: fsm.Timer, Doc: "no answer in time"},
}

var requestEffects = []fsm.EffectInfo[RequestEffect, RequestEvent]{
	{Is: RequestAskSocket, Name: "askSocket", Answers: of(RequestRelease, RequestClose), Doc: "link: may it go?"},
	{Is: RequestWrite, Name: "write", Answers: of(RequestAnswer, RequestErrorAnswer, RequestLeave, RequestLose), Doc: "write it"},
	{Is: RequestSettle, Name: "settle", Doc: "tell the caller; the state says what"},
}

var (
	requestPending = of(RequestBuffered, RequestSent)
	requestSettled = fsm.Except(states(requestStates), requestPending...)

	requestIsMet        = &requestGuard{Name: "needIsMet", Holds: func(d *RequestData, e fsm.Event[RequestEvent]) bool { return uint32(d.Need) >= e.Arg }}
	requestIsRepeatable = &requestGuard{Name: "repeatable", Holds: func(d *RequestData, _ fsm.Event[RequestEvent]) bool { return d.Repeatable }}
	requestIsWritten    = &requestGuard{Name: "writtenBefore", Holds: func(d *RequestData, _ fsm.Event[RequestEvent]) bool { return d.Written }}
	requestIsOneWay     = &requestGuard{Name: "wantsNoAnswer", Holds: func(d *RequestData, _ fsm.Event[RequestEvent]) bool { return d.OneWay }}

	requestWrite = &requestUpdate{Name: "noteWritten", Apply: func(d *RequestData, _ fsm.Event[RequestEvent]) { d.Written = true }}
)

// Request is the machine of one request. It settles once: no row leaves a
// settlement.
var Request = fsm.MustDeclare(fsm.Declaration[RequestState, RequestEvent, RequestEffect, RequestData]{
	Name: "request", Initial: RequestBuffered,
	States: requestStates, Events: requestEvents, Effects: requestEffects, Engine: fsm.Table,
	Rows: []requestRow{
		{From: of(RequestBuffered), On: of(RequestSubmit), Stay: true, Do: of(RequestAskSocket)},
		{From: of(RequestBuffered), On: of(RequestRelease), If: requestIsMet, To: RequestSent, Set: requestWrite, Do: of(RequestWrite)},
		{From: of(RequestBuffered), On: of(RequestRelease), Stay: true, Doc: "it needs more"},
		{From: of(RequestBuffered), On: of(RequestOverflow, RequestRefuse), If: requestIsWritten, To: RequestUnknown, Do: of(RequestSettle), Doc: "it was to go out again"},
		{From: of(RequestBuffered), On: of(RequestOverflow), To: RequestDropped, Do: of(RequestSettle)},
		{From: of(RequestBuffered), On: of(RequestRefuse), To: RequestRefused, Do: of(RequestSettle)},
		{From: of(RequestBuffered), On: of(RequestLose, RequestLeave), Stay: true, Doc: "of a connection that is lost"},

		{From: of(RequestSent), On: of(RequestLeave), If: requestIsOneWay, To: RequestWritten, Do: of(RequestSettle)},
		{From: of(RequestSent), On: of(RequestLeave), Stay: true},
		{From: of(RequestSent), On: of(RequestLose), If: requestIsRepeatable, To: RequestBuffered, Doc: "it goes out again"},
		{From: of(RequestSent), On: of(RequestLose), To: RequestUnknown, Do: of(RequestSettle)},
		{From: of(RequestSent), On: of(RequestSubmit), Never: "a request is submitted once"},
		{From: of(RequestSent), On: of(RequestRelease), Stay: true, Doc: "it has left already"},
		{From: of(RequestSent), On: of(RequestOverflow, RequestRefuse), Never: "it left the buffer"},

		{From: requestPending, On: of(RequestAnswer), To: RequestAnswered, Do: of(RequestSettle), Doc: "also to one that is to go out again"},
		{From: requestPending, On: of(RequestErrorAnswer), To: RequestErrorAnswered, Do: of(RequestSettle)},
		{From: requestPending, On: of(RequestCancel), To: RequestCancelled, Do: of(RequestSettle)},
		{From: requestPending, On: of(RequestClose), To: RequestFailed, Do: of(RequestSettle)},
		{From: requestPending, On: of(RequestTimeOut), To: RequestTimedOut, Do: of(RequestSettle)},

		{From: requestSettled, On: of(RequestSubmit, RequestRelease, RequestAnswer, RequestErrorAnswer, RequestLeave, RequestCancel, RequestOverflow, RequestRefuse, RequestLose, RequestClose, RequestTimeOut), Stay: true, Doc: "late; it has settled"},
	},
})
