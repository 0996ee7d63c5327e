package proof

import (
	"github.com/custom-app/interlock/fsm"
	t "github.com/custom-app/interlock/transitions"
)

// loginVerdictRules say what comes of a request: accepted, rejected, unavailable.
var loginVerdictRules = []loginRule{
	{Name: "S1 the answer's tokens are there before the session is told", In: loginAsked, On: fsm.Of(t.LoginAccepted), If: loginBoth(loginIsNotAs, loginHasTokens), To: fsm.Of(t.LoginOpening), Do: fsm.Of(t.LoginAdoptToken, t.LoginReportAccepted), Not: loginTells},
	{Name: "S2 where the answer has no tokens the stored ones stay", In: loginAsked, On: fsm.Of(t.LoginAccepted), If: loginBoth(loginIsNotAs, loginHasNoTokens), To: fsm.Of(t.LoginOpening), Do: fsm.Of(t.LoginReportAccepted), Not: fsm.Of(t.LoginAdoptToken)},
	{Name: "S5 the present token rests, and the other's are added to it", In: loginAsked, On: fsm.Of(t.LoginAccepted), If: loginBoth(loginIsAs, loginHasTokens), To: fsm.Of(t.LoginOpening), Do: fsm.Of(t.LoginParkToken, t.LoginAddToken, t.LoginReportUser), Not: loginTells},
	{Name: "S5 a login as another whose answer has no tokens has failed", In: loginAsked, On: fsm.Of(t.LoginAccepted), If: loginBoth(loginIsAs, loginHasNoTokens), To: loginIdle, Do: fsm.Of(t.LoginReportGivenUp, t.LoginTellNoTokens), Not: fsm.Of(t.LoginParkToken, t.LoginReportUser)},
	{Name: "S3 rejected is final, and the tokens are no good", In: loginAsked, On: fsm.Of(t.LoginRejected), To: loginIdle, Do: fsm.Of(t.LoginReportRejected, t.LoginTellRejected), Not: fsm.Of(t.LoginReportGivenUp)},
	{Name: "S3 unavailable is no verdict", In: loginAsked, On: fsm.Of(t.LoginUnavailable), To: fsm.Of(t.LoginWaiting), Quiet: true},
	{Name: "28 a request that is not answered in time is given up", In: fsm.Of(t.LoginRequesting), On: fsm.Of(t.LoginTimedOut), To: fsm.Of(t.LoginWaiting), Do: fsm.Of(t.LoginCancel), Not: loginTells},
	{Name: "S3 after the backoff the request is sent again", In: fsm.Of(t.LoginWaiting), On: fsm.Of(t.LoginRetryDue), If: loginIsLogin, To: fsm.Of(t.LoginRequesting), Do: fsm.Of(t.LoginSend), Data: loginAgain},
	{Name: "T3 a request that is sent again has a fresh token", In: fsm.Of(t.LoginWaiting), On: fsm.Of(t.LoginRetryDue), If: loginWithToken, To: fsm.Of(t.LoginTokenPending), Do: fsm.Of(t.LoginNeedToken), Not: fsm.Of(t.LoginSend), Data: loginAgain},
	{Name: "S3 retries that are spent end the command, and take no tokens away", In: fsm.Of(t.LoginWaiting), On: fsm.Of(t.LoginRetriesSpent), To: loginIdle, Do: fsm.Of(t.LoginReportGivenUp, t.LoginTellUnavailable), Not: fsm.Of(t.LoginReportRejected)},

	{Name: "9 what belongs to a request given up changes nothing", On: fsm.Except(loginTimed, t.LoginAccepted), Late: true, Stay: true, Quiet: true, Data: loginSame},
	{Name: "9 tokens that come too late are revoked", On: fsm.Of(t.LoginAccepted), Late: true, Stay: true, Do: fsm.Of(t.LoginRevokeLate), Not: fsm.Of(t.LoginReportAccepted, t.LoginReportUser), Data: loginSame},
	{Name: "9 tokens that come while nothing is in flight are revoked", In: loginUnsent, On: fsm.Of(t.LoginAccepted), Stay: true, Do: fsm.Of(t.LoginRevokeLate), Not: fsm.Of(t.LoginReportAccepted, t.LoginReportUser), Data: loginSame},
	{Name: "9 any other verdict while nothing is in flight changes nothing", In: loginUnsent, On: fsm.Of(t.LoginTokenRefused, t.LoginRejected, t.LoginUnavailable), Stay: true, Quiet: true, Data: loginSame},
	{Name: "9 a deadline already left changes nothing", In: fsm.Except(loginAny, t.LoginRequesting), On: fsm.Of(t.LoginTimedOut), Stay: true, Quiet: true, Data: loginSame},
	{Name: "9 a backoff already left changes nothing", In: fsm.Except(loginAny, t.LoginWaiting), On: fsm.Of(t.LoginRetryDue, t.LoginRetriesSpent), Stay: true, Quiet: true, Data: loginSame},
}

// loginCallerRules say what the caller is told, and when it no longer waits.
var loginCallerRules = []loginRule{
	{Name: "S9 the call returns when every socket is ready", In: fsm.Of(t.LoginOpening), On: fsm.Of(t.LoginReady), To: loginIdle, Do: fsm.Of(t.LoginTellReady)},
	{Name: "S9 the call returns when a socket has failed for good", In: fsm.Of(t.LoginOpening), On: fsm.Of(t.LoginSocketsFailed), To: loginIdle, Do: fsm.Of(t.LoginTellSocketsFailed)},
	{Name: "S9 a caller who does not wait for them returns once there is a login", In: fsm.Of(t.LoginOpening), On: fsm.Of(t.LoginLoggedIn), If: loginBrief, To: loginIdle, Do: fsm.Of(t.LoginTellAccepted)},
	{Name: "S9 a caller who waits for the sockets stays", In: fsm.Of(t.LoginOpening), On: fsm.Of(t.LoginLoggedIn), If: loginWaitedFor, Stay: true, Quiet: true},
	{Name: "F2 no outcome is told where nobody waits for it", In: fsm.Except(loginAny, t.LoginOpening), On: fsm.Of(t.LoginReady, t.LoginSocketsFailed, t.LoginLoggedIn), Stay: true, Quiet: true, Data: loginSame},
	{Name: "S9 a caller may say beforehand that it does not wait for the sockets", In: loginBefore, On: fsm.Of(t.LoginSufficed), If: loginOfCaller, Stay: true, Quiet: true, Data: func(from, to t.LoginData, _ loginEvent) bool {
		from.Brief = true
		return to == from
	}},
	{Name: "S9 a caller may stop waiting for the sockets that open", In: fsm.Of(t.LoginOpening), On: fsm.Of(t.LoginSufficed), If: loginOfCaller, To: loginIdle, Do: fsm.Of(t.LoginTellAccepted)},
	{Name: "S9 a caller who leaves before ends the command", In: loginBefore, On: fsm.Of(t.LoginAbandoned), If: loginOfCaller, To: loginIdle, Do: fsm.Of(t.LoginCancel, t.LoginReportGivenUp, t.LoginTellAbandoned)},
	{Name: "S9 a caller who leaves while the sockets open leaves a login", In: fsm.Of(t.LoginOpening), On: fsm.Of(t.LoginAbandoned), If: loginOfCaller, To: loginIdle, Do: fsm.Of(t.LoginTellNotReady), Not: fsm.Of(t.LoginReportGivenUp)},
	{Name: "S9 the caller of another command ends nothing", In: loginBusy, On: fsm.Of(t.LoginSufficed, t.LoginAbandoned), If: loginOfAnother, Stay: true, Quiet: true, Data: loginSame},
	{Name: "S8 a logout cancels the command", In: loginBusy, On: fsm.Of(t.LoginCancelled), To: loginIdle, Do: fsm.Of(t.LoginCancel, t.LoginTellCancelled), Not: fsm.Of(t.LoginReportGivenUp)},
	{Name: "S9 where no command is in flight there is none to end", In: loginIdle, On: fsm.Of(t.LoginSufficed, t.LoginAbandoned, t.LoginCancelled), Stay: true, Quiet: true, Data: loginSame},
}
