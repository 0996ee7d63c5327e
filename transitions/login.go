package transitions

import "github.com/custom-app/interlock/fsm"

// LoginState is a state of the login: one command to log in, to resume or to log
// in as another, and its retries. It stands beside the session, which lives on
// while a login as another is in flight.
type LoginState uint8

// The states of the login.
const (
	LoginIdle LoginState = iota
	LoginGated
	LoginLoading
	LoginTokenPending
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
	LoginResumeStarted
	LoginAsStarted
	LoginSufficed
	LoginAbandoned
	LoginCancelled
	LoginGateOpened
	LoginGateRefused
	LoginLoaded
	LoginNothingLoaded
	LoginTokenFresh
	LoginTokenUnavailable
	LoginTokenAbsent
	LoginAccepted
	LoginTokenRefused
	LoginRejected
	LoginUnavailable
	LoginRetriesSpent
	LoginReady
	LoginSocketsFailed
	LoginLoggedIn
	LoginGateTimedOut
	LoginLoadTimedOut
	LoginTokenTimedOut
	LoginTimedOut
	LoginRetryDue
)

// LoginEffect is an effect of the login.
type LoginEffect uint8

// The effects of the login.
const (
	LoginAskGate LoginEffect = iota
	LoginLoad
	LoginLoadToken
	LoginNeedToken
	LoginRefuseToken
	LoginSend
	LoginCancel
	LoginRevokeLate
	LoginAdoptToken
	LoginParkToken
	LoginAddToken
	LoginReportAccepted
	LoginReportUser
	LoginReportRejected
	LoginReportGivenUp
	LoginRefuseBusy
	LoginTellAccepted
	LoginTellReady
	LoginTellRejected
	LoginTellGate
	LoginTellNothingStored
	LoginTellNoToken
	LoginTellNoTokens
	LoginTellUnavailable
	LoginTellCancelled
	LoginTellAbandoned
	LoginTellNotReady
	LoginTellSocketsFailed
)

// What events about tokens carry as Arg: which have come, or were stored.
const (
	NoTokens    uint32 = iota // none
	AccessOnly                // an access token that cannot be refreshed
	TokenPair                 // an access token and a refresh token
	StaleAccess               // stored: as AccessOnly, but past its life
	StalePair                 // stored: as TokenPair, but past its life
)

// Command is what a login was begun for.
type Command uint8

// The commands.
const (
	CommandLogin Command = iota
	CommandResume
	CommandLoginAs
)

var commandNames = [...]string{"login", "resume", "loginAs"}

// String returns the command's name.
func (c Command) String() string { return commandNames[c] }

// LoginData is what a login remembers beside its state.
type LoginData struct {
	Gen     uint32 // grows with every request sent, and with every command
	Ticket  uint32 // the command that began it
	Token   uint32 // the generation of the token that the request carries; of a resume and a login as another
	Attempt uint16 // requests sent again for this command
	Command Command
	Brief   bool // the caller does not wait for the sockets
	Refused bool // the server has refused the token once
	Barred  bool // that token is not offered again
}

type (
	loginGuard  = fsm.Guard[LoginData, LoginEvent]
	loginUpdate = fsm.Update[LoginData, LoginEvent]
	loginRow    = fsm.Row[LoginState, LoginEvent, LoginEffect, LoginData]
)

var loginStates = []fsm.StateInfo[LoginState, LoginEvent]{
	{Is: LoginIdle, Name: "idle", Kind: fsm.Rest, Doc: "no command in flight"},
	{Is: LoginGated, Name: "gated", Kind: fsm.Wait, Timers: of(LoginGateTimedOut), Doc: "the application's gate has not opened yet"},
	{Is: LoginLoading, Name: "loading", Kind: fsm.Wait, Timers: of(LoginLoadTimedOut), Doc: "the stored tokens are read"},
	{Is: LoginTokenPending, Name: "tokenPending", Kind: fsm.Wait, Timers: of(LoginTokenTimedOut), Doc: "a fresh token is asked for"},
	{Is: LoginRequesting, Name: "requesting", Kind: fsm.Wait, Timers: of(LoginTimedOut), Doc: "one request is in flight"},
	{Is: LoginWaiting, Name: "waiting", Kind: fsm.Wait, Timers: of(LoginRetryDue), Doc: "backoff before the next request"},
	{Is: LoginOpening, Name: "opening", Kind: fsm.Follow, By: "session", Doc: "accepted; the caller waits for the sockets"},
}

var loginEvents = []fsm.EventInfo[LoginEvent]{
	{Is: LoginStarted, Name: "started", Cause: fsm.User, Doc: "the application logs in", Carries: "Arg is the command's ticket"},
	{Is: LoginResumeStarted, Name: "resumeStarted", Cause: fsm.User, Doc: "the application resumes what was stored", Carries: "Arg is the command's ticket"},
	{Is: LoginAsStarted, Name: "asStarted", Cause: fsm.User, Doc: "the application logs in as another user", Carries: "Arg is the command's ticket"},
	{Is: LoginSufficed, Name: "sufficed", Cause: fsm.User, Doc: "the caller does not wait for the sockets", Carries: "Arg is its command's ticket"},
	{Is: LoginAbandoned, Name: "abandoned", Cause: fsm.User, Doc: "the context of a caller has ended", Carries: "Arg is its command's ticket"},
	{Is: LoginCancelled, Name: "cancelled", Cause: fsm.User, Doc: "the session is leaving"},
	{Is: LoginGateOpened, Name: "gateOpened", Cause: fsm.User, Doc: "the application's gate lets it pass", Carries: "Gen"},
	{Is: LoginGateRefused, Name: "gateRefused", Cause: fsm.Failure, Doc: "the application's gate has failed", Carries: "Gen"},
	{Is: LoginLoaded, Name: "loaded", Cause: fsm.Coupled, Doc: "tokens were stored", Carries: "Gen; Arg says which"},
	{Is: LoginNothingLoaded, Name: "nothingLoaded", Cause: fsm.Failure, Doc: "no tokens were stored, or none that can be used", Carries: "Gen"},
	{Is: LoginTokenFresh, Name: "tokenFresh", Cause: fsm.Peer, Doc: "a fresh token is there", Carries: "Arg is the token's generation"},
	{Is: LoginTokenUnavailable, Name: "tokenUnavailable", Cause: fsm.Failure, Doc: "no fresh token for now"},
	{Is: LoginTokenAbsent, Name: "tokenAbsent", Cause: fsm.Failure, Doc: "there is no token, or it has ended"},
	{Is: LoginAccepted, Name: "accepted", Cause: fsm.Peer, Doc: "the server has accepted", Carries: "Gen; Arg says which tokens came"},
	{Is: LoginTokenRefused, Name: "tokenRefused", Cause: fsm.Failure, Doc: "the server has refused the token of the request", Carries: "Gen"},
	{Is: LoginRejected, Name: "rejected", Cause: fsm.Failure, Doc: "the server has said no for good", Carries: "Gen"},
	{Is: LoginUnavailable, Name: "unavailable", Cause: fsm.Failure, Doc: "no verdict: network, 5xx, 429", Carries: "Gen"},
	{Is: LoginRetriesSpent, Name: "retriesSpent", Cause: fsm.Failure, Doc: "the backoff gives no further delay", Carries: "Gen"},
	{Is: LoginReady, Name: "ready", Cause: fsm.Peer, Doc: "every socket is ready"},
	{Is: LoginSocketsFailed, Name: "socketsFailed", Cause: fsm.Failure, Doc: "a socket has failed for good"},
	{Is: LoginLoggedIn, Name: "loggedIn", Cause: fsm.Coupled, Doc: "the session is logged in"},
	{Is: LoginGateTimedOut, Name: "gateTimedOut", Cause: fsm.Timer, Doc: "the gate has not opened in time", Carries: "Gen"},
	{Is: LoginLoadTimedOut, Name: "loadTimedOut", Cause: fsm.Timer, Doc: "the store has not answered in time", Carries: "Gen"},
	{Is: LoginTokenTimedOut, Name: "tokenTimedOut", Cause: fsm.Timer, Doc: "no token in time", Carries: "Gen"},
	{Is: LoginTimedOut, Name: "timedOut", Cause: fsm.Timer, Doc: "no answer in time", Carries: "Gen"},
	{Is: LoginRetryDue, Name: "retryDue", Cause: fsm.Timer, Doc: "the backoff is over", Carries: "Gen"},
}

var loginEffects = []fsm.EffectInfo[LoginEffect, LoginEvent]{
	{Is: LoginAskGate, Name: "askGate", Answers: of(LoginGateOpened, LoginGateRefused), Doc: "ask the application whether to begin"},
	{Is: LoginLoad, Name: "load", Answers: of(LoginLoaded, LoginNothingLoaded), Doc: "read the stored tokens"},
	{Is: LoginLoadToken, Name: "loadToken", Doc: "link: the token machine has the stored tokens"},
	{Is: LoginNeedToken, Name: "needToken", Answers: of(LoginTokenFresh, LoginTokenUnavailable, LoginTokenAbsent), Doc: "link: ask the token machine"},
	{Is: LoginRefuseToken, Name: "refuseToken", Answers: of(LoginTokenFresh, LoginTokenUnavailable, LoginTokenAbsent), Doc: "link: tell the token machine that the offered token was refused"},
	{Is: LoginSend, Name: "send", Answers: of(LoginAccepted, LoginTokenRefused, LoginRejected, LoginUnavailable), Doc: "send the request of the command"},
	{Is: LoginCancel, Name: "cancel", Answers: of(LoginUnavailable), Doc: "give up the request, the gate or the reading in flight, if any"},
	{Is: LoginRevokeLate, Name: "revokeLate", Doc: "revoke the tokens of an answer that came too late"},
	{Is: LoginAdoptToken, Name: "adoptToken", Doc: "link: the token machine has the answer's tokens"},
	{Is: LoginParkToken, Name: "parkToken", Doc: "link: the token of the user before rests"},
	{Is: LoginAddToken, Name: "addToken", Doc: "link: another token machine has the answer's tokens"},
	{Is: LoginReportAccepted, Name: "reportAccepted", Doc: "link: the session is logged in; keep the user info"},
	{Is: LoginReportUser, Name: "reportUser", Doc: "link: the session is logged in as another; keep the user info above that of the user before"},
	{Is: LoginReportRejected, Name: "reportRejected", Doc: "link: the session is not logged in, and its tokens are no good"},
	{Is: LoginReportGivenUp, Name: "reportGivenUp", Doc: "link: the session is not logged in"},
	{Is: LoginRefuseBusy, Name: "refuseBusy", Doc: "tell the command of this ticket that another is in flight"},
	{Is: LoginTellAccepted, Name: "tellAccepted", Doc: "tell the caller: logged in, the sockets follow"},
	{Is: LoginTellReady, Name: "tellReady", Doc: "tell the caller: logged in, every socket ready"},
	{Is: LoginTellRejected, Name: "tellRejected", Doc: "tell the caller: the server has said no"},
	{Is: LoginTellGate, Name: "tellGate", Doc: "tell the caller: the gate has not opened"},
	{Is: LoginTellNothingStored, Name: "tellNothingStored", Doc: "tell the caller: there is nothing to resume"},
	{Is: LoginTellNoToken, Name: "tellNoToken", Doc: "tell the caller: there is no token to do it with, or it has ended"},
	{Is: LoginTellNoTokens, Name: "tellNoTokens", Doc: "tell the caller: the answer has no tokens"},
	{Is: LoginTellUnavailable, Name: "tellUnavailable", Doc: "tell the caller: no verdict, retries spent"},
	{Is: LoginTellCancelled, Name: "tellCancelled", Doc: "tell the caller: logged out meanwhile"},
	{Is: LoginTellAbandoned, Name: "tellAbandoned", Doc: "tell the caller: its context has ended, and nothing has come of it"},
	{Is: LoginTellNotReady, Name: "tellNotReady", Doc: "tell the caller: its context has ended; logged in, the sockets go on"},
	{Is: LoginTellSocketsFailed, Name: "tellSocketsFailed", Doc: "tell the caller: logged in, sockets not ready"},
}

var (
	loginAny     = states(loginStates)
	loginBefore  = of(LoginGated, LoginLoading, LoginTokenPending, LoginRequesting, LoginWaiting)
	loginStarts  = of(LoginStarted, LoginResumeStarted, LoginAsStarted)
	loginAnswers = of(LoginGateOpened, LoginGateRefused, LoginLoaded, LoginNothingLoaded, LoginTokenRefused, LoginRejected, LoginUnavailable, LoginRetriesSpent)
	loginTimers  = of(LoginGateTimedOut, LoginLoadTimedOut, LoginTokenTimedOut, LoginTimedOut, LoginRetryDue)
	loginTokens  = of(LoginTokenFresh, LoginTokenUnavailable, LoginTokenAbsent)
)

var (
	loginIsStale   = &loginGuard{Name: "stale", Holds: func(d *LoginData, e fsm.Event[LoginEvent]) bool { return e.Gen != d.Gen }}
	loginIsOther   = &loginGuard{Name: "anotherCommand", Holds: func(d *LoginData, e fsm.Event[LoginEvent]) bool { return e.Arg != d.Ticket }}
	loginIsResume  = &loginGuard{Name: "resume", Holds: func(d *LoginData, _ fsm.Event[LoginEvent]) bool { return d.Command == CommandResume }}
	loginIsAs      = &loginGuard{Name: "asAnother", Holds: func(d *LoginData, _ fsm.Event[LoginEvent]) bool { return d.Command == CommandLoginAs }}
	loginIsLogin   = &loginGuard{Name: "login", Holds: func(d *LoginData, _ fsm.Event[LoginEvent]) bool { return d.Command == CommandLogin }}
	loginIsBarred  = &loginGuard{Name: "refusedToken", Holds: func(d *LoginData, e fsm.Event[LoginEvent]) bool { return d.Barred && e.Arg == d.Token }}
	loginIsFirst   = &loginGuard{Name: "firstRefusal", Holds: func(d *LoginData, _ fsm.Event[LoginEvent]) bool { return d.Command != CommandLogin && !d.Refused }}
	loginHasTokens = &loginGuard{Name: "withTokens", Holds: func(d *LoginData, e fsm.Event[LoginEvent]) bool {
		return d.Command != CommandLoginAs && e.Arg != NoTokens
	}}
	loginHasOthers = &loginGuard{Name: "asAnotherWithTokens", Holds: func(d *LoginData, e fsm.Event[LoginEvent]) bool {
		return d.Command == CommandLoginAs && e.Arg != NoTokens
	}}
	loginIsBrief = &loginGuard{Name: "brief", Holds: func(d *LoginData, _ fsm.Event[LoginEvent]) bool { return d.Brief }}

	loginBegin = &loginUpdate{Name: "newCommand", Apply: func(d *LoginData, e fsm.Event[LoginEvent]) {
		*d = LoginData{Gen: d.Gen + 1, Ticket: e.Arg, Command: Command(e.On - LoginStarted)}
	}}
	loginNextAttempt = &loginUpdate{Name: "nextAttempt", Apply: func(d *LoginData, _ fsm.Event[LoginEvent]) {
		d.Gen, d.Attempt = d.Gen+1, saturated(d.Attempt)
	}}
	loginUseToken = &loginUpdate{Name: "useToken", Apply: func(d *LoginData, e fsm.Event[LoginEvent]) { d.Token, d.Barred = e.Arg, false }}
	loginRefuse   = &loginUpdate{Name: "countRefusal", Apply: func(d *LoginData, _ fsm.Event[LoginEvent]) {
		d.Gen, d.Refused, d.Barred = d.Gen+1, true, true
	}}
	loginFail    = &loginUpdate{Name: "noToken", Apply: func(d *LoginData, _ fsm.Event[LoginEvent]) { d.Barred = false }}
	loginShorten = &loginUpdate{Name: "becomeBrief", Apply: func(d *LoginData, _ fsm.Event[LoginEvent]) { d.Brief = true }}
)

// Login is the machine of the login.
var Login = fsm.MustDeclare(fsm.Declaration[LoginState, LoginEvent, LoginEffect, LoginData]{
	Name: "login", Initial: LoginIdle,
	States: loginStates, Events: loginEvents, Effects: loginEffects,
	Rows: []loginRow{
		// What belongs to a request already given up; tokens that come late are revoked.
		{From: loginAny, On: of(LoginAccepted), If: loginIsStale, Stay: true, Do: of(LoginRevokeLate)},
		{From: loginAny, On: append(loginAnswers, loginTimers...), If: loginIsStale, Stay: true},

		// A command; the gate first.
		{From: of(LoginIdle), On: loginStarts, To: LoginGated, Set: loginBegin, Do: of(LoginAskGate)},
		{From: fsm.Except(loginAny, LoginIdle), On: loginStarts, Stay: true, Do: of(LoginRefuseBusy)},
		{From: of(LoginGated), On: of(LoginGateOpened), If: loginIsResume, To: LoginLoading, Do: of(LoginLoad)},
		{From: of(LoginGated), On: of(LoginGateOpened), If: loginIsAs, To: LoginTokenPending, Do: of(LoginNeedToken)},
		{From: of(LoginGated), On: of(LoginGateOpened), To: LoginRequesting, Do: of(LoginSend)},
		{From: of(LoginGated), On: of(LoginGateRefused, LoginGateTimedOut), To: LoginIdle, Do: of(LoginCancel, LoginReportGivenUp, LoginTellGate)},
		{From: fsm.Except(loginAny, LoginGated), On: of(LoginGateOpened, LoginGateRefused, LoginGateTimedOut), Stay: true},

		// A resume has stored tokens to begin with.
		{From: of(LoginLoading), On: of(LoginLoaded), To: LoginTokenPending, Do: of(LoginLoadToken, LoginNeedToken)},
		{From: of(LoginLoading), On: of(LoginNothingLoaded), To: LoginIdle, Do: of(LoginReportGivenUp, LoginTellNothingStored)},
		{From: of(LoginLoading), On: of(LoginLoadTimedOut), To: LoginIdle, Do: of(LoginCancel, LoginReportGivenUp, LoginTellUnavailable)},
		{From: fsm.Except(loginAny, LoginLoading), On: of(LoginLoaded, LoginNothingLoaded, LoginLoadTimedOut), Stay: true},

		// A resume and a login as another carry a fresh token.
		{From: of(LoginTokenPending), On: of(LoginTokenFresh), If: loginIsBarred, Stay: true, Doc: "a newer one is on its way"},
		{From: of(LoginTokenPending), On: of(LoginTokenFresh), To: LoginRequesting, Set: loginUseToken, Do: of(LoginSend)},
		{From: of(LoginTokenPending), On: of(LoginTokenUnavailable, LoginTokenTimedOut), To: LoginWaiting, Set: loginFail},
		{From: of(LoginTokenPending), On: of(LoginTokenAbsent), To: LoginIdle, Do: of(LoginReportRejected, LoginTellNoToken)},
		{From: fsm.Except(loginAny, LoginTokenPending), On: append(of(LoginTokenTimedOut), loginTokens...), Stay: true, Doc: "somebody else asked"},

		// The verdict. One that comes while waiting belongs to the request that timed out, and counts.
		{From: of(LoginRequesting, LoginWaiting), On: of(LoginAccepted), If: loginHasOthers, To: LoginOpening, Do: of(LoginParkToken, LoginAddToken, LoginReportUser)},
		{From: of(LoginRequesting, LoginWaiting), On: of(LoginAccepted), If: loginIsAs, To: LoginIdle, Do: of(LoginReportGivenUp, LoginTellNoTokens)},
		{From: of(LoginRequesting, LoginWaiting), On: of(LoginAccepted), If: loginHasTokens, To: LoginOpening, Do: of(LoginAdoptToken, LoginReportAccepted)},
		{From: of(LoginRequesting, LoginWaiting), On: of(LoginAccepted), To: LoginOpening, Do: of(LoginReportAccepted), Doc: "login by token: the tokens stay as they are"},
		{From: fsm.Except(loginAny, LoginRequesting, LoginWaiting), On: of(LoginAccepted), Stay: true, Do: of(LoginRevokeLate), Doc: "cancelled meanwhile"},
		{From: of(LoginRequesting, LoginWaiting), On: of(LoginTokenRefused), If: loginIsFirst, To: LoginTokenPending, Set: loginRefuse, Do: of(LoginRefuseToken)},
		{From: of(LoginRequesting, LoginWaiting), On: of(LoginTokenRefused), To: LoginIdle, Do: of(LoginReportGivenUp, LoginTellRejected), Doc: "what is stored stays: whoever refuses a token that was just refreshed may be in between"},
		{From: of(LoginRequesting, LoginWaiting), On: of(LoginRejected), To: LoginIdle, Do: of(LoginReportRejected, LoginTellRejected)},
		{From: of(LoginRequesting), On: of(LoginUnavailable), To: LoginWaiting},
		{From: of(LoginWaiting), On: of(LoginUnavailable), Stay: true, Doc: "the request that timed out ends"},
		{From: fsm.Except(loginAny, LoginRequesting, LoginWaiting), On: of(LoginTokenRefused, LoginRejected, LoginUnavailable), Stay: true, Doc: "cancelled meanwhile"},

		// Retries.
		{From: of(LoginRequesting), On: of(LoginTimedOut), To: LoginWaiting, Do: of(LoginCancel)},
		{From: of(LoginWaiting), On: of(LoginRetryDue), If: loginIsLogin, To: LoginRequesting, Set: loginNextAttempt, Do: of(LoginSend)},
		{From: of(LoginWaiting), On: of(LoginRetryDue), To: LoginTokenPending, Set: loginNextAttempt, Do: of(LoginNeedToken)},
		{From: of(LoginWaiting), On: of(LoginRetriesSpent), To: LoginIdle, Do: of(LoginReportGivenUp, LoginTellUnavailable)},
		{From: fsm.Except(loginAny, LoginRequesting), On: of(LoginTimedOut), Stay: true, Doc: "a timer of a state already left"},
		{From: fsm.Except(loginAny, LoginWaiting), On: of(LoginRetryDue, LoginRetriesSpent), Stay: true, Doc: "a timer of a state already left"},

		// The caller's end.
		{From: fsm.Except(loginAny, LoginIdle), On: of(LoginAbandoned, LoginSufficed), If: loginIsOther, Stay: true, Doc: "that command has its answer already"},
		{From: loginBefore, On: of(LoginSufficed), Stay: true, Set: loginShorten},
		{From: of(LoginOpening), On: of(LoginSufficed), To: LoginIdle, Do: of(LoginTellAccepted)},
		{From: of(LoginOpening), On: of(LoginLoggedIn), If: loginIsBrief, To: LoginIdle, Do: of(LoginTellAccepted)},
		{From: loginAny, On: of(LoginLoggedIn), Stay: true},
		{From: of(LoginOpening), On: of(LoginReady), To: LoginIdle, Do: of(LoginTellReady)},
		{From: of(LoginOpening), On: of(LoginSocketsFailed), To: LoginIdle, Do: of(LoginTellSocketsFailed)},
		{From: fsm.Except(loginAny, LoginOpening), On: of(LoginReady, LoginSocketsFailed), Stay: true, Doc: "a reconnect, or nobody waits"},
		{From: loginBefore, On: of(LoginAbandoned), To: LoginIdle, Do: of(LoginCancel, LoginReportGivenUp, LoginTellAbandoned)},
		{From: of(LoginOpening), On: of(LoginAbandoned), To: LoginIdle, Do: of(LoginTellNotReady), Doc: "the session stays logged in"},
		{From: fsm.Except(loginAny, LoginIdle), On: of(LoginCancelled), To: LoginIdle, Do: of(LoginCancel, LoginTellCancelled)},
		{From: of(LoginIdle), On: of(LoginAbandoned, LoginSufficed, LoginCancelled), Stay: true},
	},
})

// saturated counts one up and stops at the end of the range.
func saturated[N ~uint8 | ~uint16](n N) N {
	if n+1 == 0 {
		return n
	}
	return n + 1
}
