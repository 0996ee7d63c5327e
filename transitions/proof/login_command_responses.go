package proof

import (
	"slices"

	"github.com/custom-app/interlock/fsm"
	t "github.com/custom-app/interlock/transitions"
)

// loginCommandRules say how a command begins, and what it begins with.
var loginCommandRules = []loginRule{
	{Name: "S13 a command asks the gate first", In: loginIdle, On: loginCommands, To: fsm.Of(t.LoginGated), Do: fsm.Of(t.LoginAskGate), Not: fsm.Of(t.LoginSend, t.LoginRefuseBusy), Data: loginNew},
	{Name: "S8 a command that meets another is told, and nothing is sent", In: loginBusy, On: loginCommands, Stay: true, Do: fsm.Of(t.LoginRefuseBusy), Not: fsm.Of(t.LoginAskGate, t.LoginSend), Data: loginSame},
	{Name: "S1 a login that may begin is one request", In: fsm.Of(t.LoginGated), On: fsm.Of(t.LoginGateOpened), If: loginIsLogin, To: fsm.Of(t.LoginRequesting), Do: fsm.Of(t.LoginSend)},
	{Name: "S4 a resume that may begin has stored tokens read", In: fsm.Of(t.LoginGated), On: fsm.Of(t.LoginGateOpened), If: loginIsResume, To: fsm.Of(t.LoginLoading), Do: fsm.Of(t.LoginLoad), Not: fsm.Of(t.LoginSend)},
	{Name: "S5 a login as another that may begin needs the present token", In: fsm.Of(t.LoginGated), On: fsm.Of(t.LoginGateOpened), If: loginIsAs, To: fsm.Of(t.LoginTokenPending), Do: fsm.Of(t.LoginNeedToken), Not: fsm.Of(t.LoginSend)},
	{Name: "S13 a gate that fails, or does not open in time, ends the command", In: fsm.Of(t.LoginGated), On: fsm.Of(t.LoginGateRefused, t.LoginGateTimedOut), To: loginIdle, Do: fsm.Of(t.LoginCancel, t.LoginReportGivenUp, t.LoginTellGate), Not: fsm.Of(t.LoginSend)},
	{Name: "9 a gate that was not asked, or no longer is, changes nothing", In: fsm.Except(loginAny, t.LoginGated), On: fsm.Of(t.LoginGateOpened, t.LoginGateRefused, t.LoginGateTimedOut), Stay: true, Quiet: true, Data: loginSame},

	{Name: "S4 what is stored is refreshed first when it is stale", In: fsm.Of(t.LoginLoading), On: fsm.Of(t.LoginLoaded), To: fsm.Of(t.LoginTokenPending), Do: fsm.Of(t.LoginLoadToken, t.LoginNeedToken), Not: fsm.Of(t.LoginSend)},
	{Name: "S4 where nothing is stored there is nothing to resume", In: fsm.Of(t.LoginLoading), On: fsm.Of(t.LoginNothingLoaded), To: loginIdle, Do: fsm.Of(t.LoginReportGivenUp, t.LoginTellNothingStored)},
	{Name: "28 a store that does not answer ends the resume", In: fsm.Of(t.LoginLoading), On: fsm.Of(t.LoginLoadTimedOut), To: loginIdle, Do: fsm.Of(t.LoginCancel, t.LoginReportGivenUp, t.LoginTellUnavailable)},
	{Name: "9 a store that was not asked, or no longer is, changes nothing", In: fsm.Except(loginAny, t.LoginLoading), On: fsm.Of(t.LoginLoaded, t.LoginNothingLoaded, t.LoginLoadTimedOut), Stay: true, Quiet: true, Data: loginSame},
}

// loginTokenRules say which token a resume and a login as another carry.
var loginTokenRules = []loginRule{
	{Name: "T3 a fresh token goes on the request", In: fsm.Of(t.LoginTokenPending), On: fsm.Of(t.LoginTokenFresh), If: loginNewToken, To: fsm.Of(t.LoginRequesting), Do: fsm.Of(t.LoginSend), Data: func(_, to t.LoginData, e loginEvent) bool {
		return to.Token == e.Arg && !to.Barred
	}},
	{Name: "F33 a token that was refused is not offered again, for a newer one is on its way", In: fsm.Of(t.LoginTokenPending), On: fsm.Of(t.LoginTokenFresh), If: loginRefusedBefore, Stay: true, Quiet: true, Data: loginSame},
	{Name: "F36 without a token for now the command tries again, with any token", In: fsm.Of(t.LoginTokenPending), On: fsm.Of(t.LoginTokenUnavailable, t.LoginTokenTimedOut), To: fsm.Of(t.LoginWaiting), Not: loginTells, Data: func(_, to t.LoginData, _ loginEvent) bool {
		return !to.Barred
	}},
	{Name: "T5 a token that has ended ends the command", In: fsm.Of(t.LoginTokenPending), On: fsm.Of(t.LoginTokenAbsent), To: loginIdle, Do: fsm.Of(t.LoginReportRejected, t.LoginTellNoToken)},
	{Name: "T4 a token that others have asked for changes nothing", In: fsm.Except(loginAny, t.LoginTokenPending), On: slices.Concat(loginTokens, fsm.Of(t.LoginTokenTimedOut)), Stay: true, Quiet: true, Data: loginSame},
	{Name: "T6 the first refusal of a token costs one forced refresh", In: loginAsked, On: fsm.Of(t.LoginTokenRefused), If: loginBoth(loginWithToken, func(d t.LoginData, _ loginEvent) bool { return !d.Refused }), To: fsm.Of(t.LoginTokenPending), Do: fsm.Of(t.LoginRefuseToken), Not: loginTells, Data: func(from, to t.LoginData, _ loginEvent) bool {
		return to.Gen == from.Gen+1 && to.Token == from.Token && to.Refused && to.Barred
	}},
	{Name: "T6 the second refusal is the caller's, and takes no tokens away", In: loginAsked, On: fsm.Of(t.LoginTokenRefused), If: loginBoth(loginWithToken, func(d t.LoginData, _ loginEvent) bool { return d.Refused }), To: loginIdle, Do: fsm.Of(t.LoginReportGivenUp, t.LoginTellRejected), Not: fsm.Of(t.LoginReportRejected, t.LoginRefuseToken)},
	{Name: "30 where no token was carried, none is refreshed", In: loginAsked, On: fsm.Of(t.LoginTokenRefused), If: loginIsLogin, To: loginIdle, Do: fsm.Of(t.LoginReportGivenUp, t.LoginTellRejected), Not: fsm.Of(t.LoginReportRejected, t.LoginRefuseToken)},
}
