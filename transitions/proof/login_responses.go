package proof

import (
	"slices"

	"github.com/custom-app/interlock/fsm"
	t "github.com/custom-app/interlock/transitions"
)

type loginRule = response[t.LoginState, t.LoginEvent, t.LoginEffect, t.LoginData]

// loginBook is what is said of the login alone.
var loginBook = book[t.LoginState, t.LoginEvent, t.LoginEffect, t.LoginData]{
	machine: t.Login,
	alike: func(s fsm.Snapshot[t.LoginState, t.LoginData]) fsm.Snapshot[t.LoginState, t.LoginData] {
		s.Data.Gen, s.Data.Attempt, s.Data.Ticket, s.Data.Token = 7, min(s.Data.Attempt, 1), 0, min(s.Data.Token, 1)
		return s
	},
	gen: func(d t.LoginData) uint32 { return d.Gen },
	late: func(d t.LoginData, e fsm.Event[t.LoginEvent]) bool {
		return e.Gen != d.Gen && slices.Contains(loginTimed, e.On)
	},
	responses: slices.Concat(loginCommandRules, loginTokenRules, loginVerdictRules, loginCallerRules),
}

// The sets of states that the rules speak of.
var (
	loginAny    = fsm.Of(t.LoginIdle, t.LoginGated, t.LoginLoading, t.LoginTokenPending, t.LoginRequesting, t.LoginWaiting, t.LoginOpening)
	loginBusy   = fsm.Except(loginAny, t.LoginIdle)
	loginBefore = fsm.Except(loginBusy, t.LoginOpening) // the server has not accepted yet
	loginAsked  = fsm.Of(t.LoginRequesting, t.LoginWaiting)
	loginUnsent = fsm.Except(loginAny, loginAsked...)
	loginIdle   = fsm.Of(t.LoginIdle)
)

var (
	loginCommands = fsm.Of(t.LoginStarted, t.LoginResumeStarted, t.LoginAsStarted)
	loginOf       = map[t.LoginEvent]t.Command{t.LoginStarted: t.CommandLogin, t.LoginResumeStarted: t.CommandResume, t.LoginAsStarted: t.CommandLoginAs}
	loginTokens   = fsm.Of(t.LoginTokenFresh, t.LoginTokenUnavailable, t.LoginTokenAbsent)

	// loginTimed are the events that belong to a generation.
	loginTimed = fsm.Of(t.LoginGateOpened, t.LoginGateRefused, t.LoginLoaded, t.LoginNothingLoaded, t.LoginAccepted, t.LoginTokenRefused, t.LoginRejected, t.LoginUnavailable,
		t.LoginRetriesSpent, t.LoginGateTimedOut, t.LoginLoadTimedOut, t.LoginTokenTimedOut, t.LoginTimedOut, t.LoginRetryDue)
)

type loginEvent = fsm.Event[t.LoginEvent]

// What a rule asks of the command, and of the event.
func loginIsLogin(d t.LoginData, _ loginEvent) bool     { return d.Command == t.CommandLogin }
func loginIsResume(d t.LoginData, _ loginEvent) bool    { return d.Command == t.CommandResume }
func loginIsAs(d t.LoginData, _ loginEvent) bool        { return d.Command == t.CommandLoginAs }
func loginIsNotAs(d t.LoginData, _ loginEvent) bool     { return d.Command != t.CommandLoginAs }
func loginWithToken(d t.LoginData, _ loginEvent) bool   { return d.Command != t.CommandLogin }
func loginOfCaller(d t.LoginData, e loginEvent) bool    { return e.Arg == d.Ticket }
func loginOfAnother(d t.LoginData, e loginEvent) bool   { return e.Arg != d.Ticket }
func loginWaitedFor(d t.LoginData, _ loginEvent) bool   { return !d.Brief }
func loginBrief(d t.LoginData, _ loginEvent) bool       { return d.Brief }
func loginHasTokens(_ t.LoginData, e loginEvent) bool   { return e.Arg != t.NoTokens }
func loginHasNoTokens(_ t.LoginData, e loginEvent) bool { return e.Arg == t.NoTokens }

func loginRefusedBefore(d t.LoginData, e loginEvent) bool { return d.Barred && e.Arg == d.Token }
func loginNewToken(d t.LoginData, e loginEvent) bool      { return !loginRefusedBefore(d, e) }

// loginBoth is a condition of two.
func loginBoth(a, b func(t.LoginData, loginEvent) bool) func(t.LoginData, loginEvent) bool {
	return func(d t.LoginData, e loginEvent) bool { return a(d, e) && b(d, e) }
}

// What a rule asks of the data afterwards.
func loginSame(from, to t.LoginData, _ loginEvent) bool { return from == to }

func loginNew(from, to t.LoginData, e loginEvent) bool {
	return to == t.LoginData{Gen: from.Gen + 1, Ticket: e.Arg, Command: loginOf[e.On]}
}

func loginAgain(from, to t.LoginData, _ loginEvent) bool {
	from.Gen, from.Attempt = from.Gen+1, from.Attempt+1
	return to == from
}

// loginTells are what a caller can be told: one of them, once.
var loginTells = fsm.Of(t.LoginTellAccepted, t.LoginTellReady, t.LoginTellRejected, t.LoginTellGate, t.LoginTellNothingStored, t.LoginTellNoToken, t.LoginTellNoTokens,
	t.LoginTellUnavailable, t.LoginTellCancelled, t.LoginTellAbandoned, t.LoginTellNotReady, t.LoginTellSocketsFailed)
