package transitions

import "github.com/custom-app/interlock/fsm"

// LoginState is a state of the login: one attempt to log in, and its retries.
type LoginState uint8

// The states of the login.
const (
	LoginIdle LoginState = iota
	LoginRequesting
	LoginWaiting
	LoginOpening
)

// String returns the state's name.
func (s LoginState) String() string { return Login.StateName(s) }

// LoginEvent is an event of the login.
type LoginEvent uint8

// The events of the login.
const (
	LoginStarted LoginEvent = iota + 1
	LoginCancelled
	LoginAbandoned
	LoginAccepted
	LoginRejected
	LoginUnavailable
	LoginRetriesSpent
	LoginReady
	LoginSocketsFailed
	LoginTimedOut
	LoginRetryDue
)

// LoginEffect is an effect of the login.
type LoginEffect uint8

// The effects of the login.
const (
	LoginSend LoginEffect = iota
	LoginCancel
	LoginRevokeLate
	LoginAdoptToken
	LoginReportAccepted
	LoginReportRejected
	LoginReportGivenUp
	LoginRefuseBusy
	LoginTellReady
	LoginTellRejected
	LoginTellUnavailable
	LoginTellCancelled
	LoginTellAbandoned
	LoginTellNotReady
	LoginTellSocketsFailed
)

// What LoginAccepted carries as Arg.
const (
	NoTokens   uint32 = iota // the answer carried no tokens
	AccessOnly               // an access token that cannot be refreshed
	TokenPair                // an access token and a refresh token
)

// LoginData is what a login remembers beside its state.
type LoginData struct {
	Gen     uint32 // grows with every login request sent
	Ticket  uint32 // the command that began it
	Attempt uint16 // requests sent again for this command
}

type (
	loginGuard  = fsm.Guard[LoginData, LoginEvent]
	loginUpdate = fsm.Update[LoginData, LoginEvent]
	loginRow    = fsm.Row[LoginState, LoginEvent, LoginEffect, LoginData]
)

var loginStates = []fsm.StateInfo[LoginState, LoginEvent]{
	{Is: LoginIdle, Name: "idle", Kind: fsm.Rest, Doc: "no login in flight"},
	{Is: LoginRequesting, Name: "requesting", Kind: fsm.Wait, Timers: of(LoginTimedOut), Doc: "one login request is in flight"},
	{Is: LoginWaiting, Name: "waiting", Kind: fsm.Wait, Timers: of(LoginRetryDue), Doc: "backoff before the next request"},
	{Is: LoginOpening, Name: "opening", Kind: fsm.Follow, By: "session", Doc: "accepted; the caller waits for the sockets"},
}

var loginEvents = []fsm.EventInfo[LoginEvent]{
	{Is: LoginStarted, Name: "started", Cause: fsm.User, Doc: "the application logs in", Carries: "Arg is the command's ticket"},
	{Is: LoginCancelled, Name: "cancelled", Cause: fsm.User, Doc: "the session is leaving"},
	{Is: LoginAbandoned, Name: "abandoned", Cause: fsm.User, Doc: "the context of a caller has ended", Carries: "Arg is its command's ticket"},
	{Is: LoginAccepted, Name: "accepted", Cause: fsm.Peer, Doc: "the server has accepted the credentials", Carries: "Gen; Arg says which tokens came"},
	{Is: LoginRejected, Name: "rejected", Cause: fsm.Failure, Doc: "the server has rejected the credentials", Carries: "Gen"},
	{Is: LoginUnavailable, Name: "unavailable", Cause: fsm.Failure, Doc: "no verdict: network, 5xx, 429", Carries: "Gen"},
	{Is: LoginRetriesSpent, Name: "retriesSpent", Cause: fsm.Failure, Doc: "the backoff gives no further delay", Carries: "Gen"},
	{Is: LoginReady, Name: "ready", Cause: fsm.Peer, Doc: "every socket is ready"},
	{Is: LoginSocketsFailed, Name: "socketsFailed", Cause: fsm.Failure, Doc: "a socket has failed for good"},
	{Is: LoginTimedOut, Name: "timedOut", Cause: fsm.Timer, Doc: "no answer in time", Carries: "Gen"},
	{Is: LoginRetryDue, Name: "retryDue", Cause: fsm.Timer, Doc: "the backoff is over", Carries: "Gen"},
}

var loginEffects = []fsm.EffectInfo[LoginEffect, LoginEvent]{
	{Is: LoginSend, Name: "send", Answers: of(LoginAccepted, LoginRejected, LoginUnavailable), Doc: "send the login request"},
	{Is: LoginCancel, Name: "cancel", Answers: of(LoginUnavailable), Doc: "give up the request in flight, if any"},
	{Is: LoginRevokeLate, Name: "revokeLate", Doc: "revoke the tokens of an answer that came too late"},
	{Is: LoginAdoptToken, Name: "adoptToken", Doc: "link: the token machine has the answer's tokens"},
	{Is: LoginReportAccepted, Name: "reportAccepted", Doc: "link: the session is logged in; keep the user info"},
	{Is: LoginReportRejected, Name: "reportRejected", Doc: "link: the session is not logged in"},
	{Is: LoginReportGivenUp, Name: "reportGivenUp", Doc: "link: the session is not logged in"},
	{Is: LoginRefuseBusy, Name: "refuseBusy", Doc: "tell the command of this ticket that another is in flight"},
	{Is: LoginTellReady, Name: "tellReady", Doc: "tell the caller: logged in, every socket ready"},
	{Is: LoginTellRejected, Name: "tellRejected", Doc: "tell the caller: the credentials are wrong"},
	{Is: LoginTellUnavailable, Name: "tellUnavailable", Doc: "tell the caller: no verdict, retries spent"},
	{Is: LoginTellCancelled, Name: "tellCancelled", Doc: "tell the caller: logged out meanwhile"},
	{Is: LoginTellAbandoned, Name: "tellAbandoned", Doc: "tell the caller: its context has ended, nobody is logged in"},
	{Is: LoginTellNotReady, Name: "tellNotReady", Doc: "tell the caller: its context has ended; logged in, the sockets go on"},
	{Is: LoginTellSocketsFailed, Name: "tellSocketsFailed", Doc: "tell the caller: logged in, sockets not ready"},
}

var loginAny = states(loginStates)

var (
	loginIsStale     = &loginGuard{Name: "stale", Holds: func(d *LoginData, e fsm.Event[LoginEvent]) bool { return e.Gen != d.Gen }}
	loginHasTokens   = &loginGuard{Name: "withTokens", Holds: func(_ *LoginData, e fsm.Event[LoginEvent]) bool { return e.Arg != NoTokens }}
	loginIsOther     = &loginGuard{Name: "anotherCommand", Holds: func(d *LoginData, e fsm.Event[LoginEvent]) bool { return e.Arg != d.Ticket }}
	loginBegin       = &loginUpdate{Name: "firstAttempt", Apply: func(d *LoginData, e fsm.Event[LoginEvent]) { d.Gen, d.Ticket, d.Attempt = d.Gen+1, e.Arg, 0 }}
	loginNextAttempt = &loginUpdate{Name: "nextAttempt", Apply: func(d *LoginData, _ fsm.Event[LoginEvent]) { d.Gen, d.Attempt = d.Gen+1, saturated(d.Attempt) }}
)

// Login is the machine of the login.
var Login = fsm.MustDeclare(fsm.Declaration[LoginState, LoginEvent, LoginEffect, LoginData]{
	Name: "login", Initial: LoginIdle,
	States: loginStates, Events: loginEvents, Effects: loginEffects,
	Rows: []loginRow{
		{From: of(LoginIdle), On: of(LoginStarted), To: LoginRequesting, Set: loginBegin, Do: of(LoginSend)},
		{From: of(LoginRequesting, LoginWaiting), On: of(LoginStarted), Stay: true, Do: of(LoginRefuseBusy)},
		{From: of(LoginOpening), On: of(LoginStarted), Never: "the session is logged in and does not start a login"},

		// The verdict. One that comes while waiting belongs to the request that timed out, and counts.
		{From: loginAny, On: of(LoginAccepted), If: loginIsStale, Stay: true, Do: of(LoginRevokeLate)},
		{From: of(LoginRequesting, LoginWaiting), On: of(LoginAccepted), If: loginHasTokens, To: LoginOpening, Do: of(LoginAdoptToken, LoginReportAccepted)},
		{From: of(LoginRequesting, LoginWaiting), On: of(LoginAccepted), To: LoginOpening, Do: of(LoginReportAccepted), Doc: "login by token: the tokens stay as they are"},
		{From: of(LoginIdle), On: of(LoginAccepted), Stay: true, Do: of(LoginRevokeLate), Doc: "cancelled meanwhile"},
		{From: of(LoginOpening), On: of(LoginAccepted), Never: "one request has one answer"},
		{From: loginAny, On: of(LoginRejected, LoginUnavailable, LoginRetriesSpent), If: loginIsStale, Stay: true},
		{From: of(LoginRequesting, LoginWaiting), On: of(LoginRejected), To: LoginIdle, Do: of(LoginReportRejected, LoginTellRejected)},
		{From: of(LoginRequesting), On: of(LoginUnavailable), To: LoginWaiting},
		{From: of(LoginWaiting), On: of(LoginUnavailable), Stay: true, Doc: "the request that timed out ends"},
		{From: of(LoginIdle, LoginOpening), On: of(LoginRejected, LoginUnavailable), Stay: true, Doc: "cancelled meanwhile"},

		// Retries.
		{From: loginAny, On: of(LoginTimedOut, LoginRetryDue), If: loginIsStale, Stay: true},
		{From: of(LoginRequesting), On: of(LoginTimedOut), To: LoginWaiting, Do: of(LoginCancel)},
		{From: of(LoginWaiting), On: of(LoginRetryDue), To: LoginRequesting, Set: loginNextAttempt, Do: of(LoginSend)},
		{From: of(LoginWaiting), On: of(LoginRetriesSpent), To: LoginIdle, Do: of(LoginReportGivenUp, LoginTellUnavailable)},
		{From: fsm.Except(loginAny, LoginRequesting), On: of(LoginTimedOut), Stay: true, Doc: "a timer of a state already left"},
		{From: fsm.Except(loginAny, LoginWaiting), On: of(LoginRetryDue, LoginRetriesSpent), Stay: true, Doc: "a timer of a state already left"},

		// The caller's end.
		{From: of(LoginOpening), On: of(LoginReady), To: LoginIdle, Do: of(LoginTellReady)},
		{From: of(LoginOpening), On: of(LoginSocketsFailed), To: LoginIdle, Do: of(LoginTellSocketsFailed)},
		{From: of(LoginIdle), On: of(LoginReady, LoginSocketsFailed), Stay: true, Doc: "a reconnect, or nobody waits"},
		{From: of(LoginRequesting, LoginWaiting), On: of(LoginReady, LoginSocketsFailed), Never: "sockets open only after the login is accepted"},
		{From: fsm.Except(loginAny, LoginIdle), On: of(LoginAbandoned), If: loginIsOther, Stay: true, Doc: "that command has its answer already"},
		{From: of(LoginRequesting, LoginWaiting), On: of(LoginAbandoned), To: LoginIdle, Do: of(LoginCancel, LoginReportGivenUp, LoginTellAbandoned)},
		{From: of(LoginOpening), On: of(LoginAbandoned), To: LoginIdle, Do: of(LoginTellNotReady), Doc: "the session stays logged in"},
		{From: of(LoginRequesting, LoginWaiting, LoginOpening), On: of(LoginCancelled), To: LoginIdle, Do: of(LoginCancel, LoginTellCancelled)},
		{From: of(LoginIdle), On: of(LoginAbandoned, LoginCancelled), Stay: true},
	},
})

// saturated counts one up and stops at the end of the range.
func saturated[N ~uint8 | ~uint16](n N) N {
	if n+1 == 0 {
		return n
	}
	return n + 1
}
