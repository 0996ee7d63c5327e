package proof

import (
	"slices"

	"github.com/custom-app/interlock/fsm"
	t "github.com/custom-app/interlock/transitions"
)

// sessionLoginRules say how somebody becomes the user.
var sessionLoginRules = []sessionRule{
	{Name: "S8 a login begins where nobody is logged in", In: fsm.Of(t.SessionLoggedOut), On: fsm.Of(t.SessionLoginRequested), To: fsm.Of(t.SessionAuthenticating), Do: fsm.Of(t.SessionStartLogin), Data: sessionAnew},
	{Name: "S14 who resumes, or requires a login, goes on with what was stored", In: fsm.Of(t.SessionLoggedOut), On: fsm.Of(t.SessionResumeRequested, t.SessionRequired), To: fsm.Of(t.SessionAuthenticating), Do: fsm.Of(t.SessionStartResume), Data: sessionAnew},
	{Name: "S8 the login machine answers a login that meets another", In: fsm.Of(t.SessionAuthenticating), On: fsm.Of(t.SessionLoginRequested), Stay: true, Do: fsm.Of(t.SessionStartLogin), Data: sessionSame},
	{Name: "S8 the login machine answers a resume that meets another", In: fsm.Of(t.SessionAuthenticating), On: fsm.Of(t.SessionResumeRequested), Stay: true, Do: fsm.Of(t.SessionStartResume), Data: sessionSame},
	{Name: "S14 who requires a login shares the one in flight", In: fsm.Of(t.SessionAuthenticating), On: fsm.Of(t.SessionRequired), Stay: true, Quiet: true},
	{Name: "S8 nobody logs in twice", In: sessionUser, On: fsm.Of(t.SessionLoginRequested, t.SessionResumeRequested), Stay: true, Do: fsm.Of(t.SessionRefuseLoggedIn), Not: sessionStarts},
	{Name: "S8 while leaving, every command is refused", In: sessionLeaves, On: sessionCommands, Stay: true, Do: fsm.Of(t.SessionRefuseBusy), Not: sessionStarts},

	{Name: "S14 who requires a login that is there is told at once", In: sessionUser, On: fsm.Of(t.SessionRequired), Stay: true, Do: fsm.Of(t.SessionTellLoggedIn), Not: sessionStarts},
	{Name: "S14 sockets that are ready are told at once", In: fsm.Of(t.SessionSubscribed), On: fsm.Of(t.SessionRequired), Do: fsm.Of(t.SessionReportReady)},
	{Name: "S14 sockets that have failed are told at once", In: fsm.Of(t.SessionDegraded), On: fsm.Of(t.SessionRequired), Do: fsm.Of(t.SessionReportDegraded)},
	{Name: "S14 sockets that are closed by hand are told at once", In: fsm.Of(t.SessionDetaching, t.SessionDetached), On: fsm.Of(t.SessionRequired), Do: fsm.Of(t.SessionReportDetached)},
	{Name: "S14 sockets that open are waited for", In: fsm.Of(t.SessionSocketOpening, t.SessionSocketAuthed, t.SessionChaining, t.SessionChainWaiting, t.SessionSwitching), On: fsm.Of(t.SessionRequired), Not: fsm.Of(t.SessionReportReady, t.SessionReportDegraded, t.SessionReportDetached)},

	{Name: "S9 an accepted login opens its sockets", In: fsm.Of(t.SessionAuthenticating), On: fsm.Of(t.SessionLoginAccepted), To: fsm.Of(t.SessionSocketOpening), Do: fsm.Of(t.SessionForgetSockets, t.SessionOpenGroup, t.SessionTellLoggedIn)},
	{Name: "S3 a rejected login drops the tokens, the stored ones too", In: fsm.Of(t.SessionAuthenticating), On: fsm.Of(t.SessionLoginRejected), To: fsm.Of(t.SessionLoggedOut), Do: fsm.Of(t.SessionEraseToken, t.SessionDropToken, t.SessionTellNotLoggedIn)},
	{Name: "S4 what nobody said no to stays stored", In: fsm.Of(t.SessionAuthenticating), On: fsm.Of(t.SessionLoginGivenUp), To: fsm.Of(t.SessionLoggedOut), Do: fsm.Of(t.SessionDropToken, t.SessionTellNotLoggedIn), Not: fsm.Of(t.SessionEraseToken)},
	{Name: "S8 leaving cancels the login in flight, of which nothing comes", In: fsm.Except(sessionAny, t.SessionAuthenticating), On: fsm.Of(t.SessionLoginAccepted), Never: true},
	{Name: "S8 leaving cancels the login in flight, which does not fail", In: fsm.Of(t.SessionLoggedOut), On: fsm.Of(t.SessionLoginRejected, t.SessionLoginGivenUp), Never: true},

	{Name: "S5 to log in as another somebody must be logged in", In: fsm.Of(t.SessionLoggedOut), On: fsm.Of(t.SessionLoginAsRequested), Stay: true, Do: fsm.Of(t.SessionRefuseLoggedOut)},
	{Name: "S8 a login as another that meets a login is refused", In: fsm.Of(t.SessionAuthenticating), On: fsm.Of(t.SessionLoginAsRequested), Stay: true, Do: fsm.Of(t.SessionRefuseBusy)},
	{Name: "S5 nothing changes before the server has accepted", In: sessionUser, On: fsm.Of(t.SessionLoginAsRequested), Stay: true, Do: fsm.Of(t.SessionStartLoginAs), Not: fsm.Of(t.SessionCloseSockets), Data: sessionSame},
	{Name: "S5 a login as another that fails changes nothing", In: slices.Concat(sessionUser, sessionLeaves), On: fsm.Of(t.SessionLoginRejected, t.SessionLoginGivenUp), Stay: true, Quiet: true, Data: sessionSame},
	{Name: "S5 once it is accepted the sockets of the user before close", In: fsm.Except(sessionUser, t.SessionSwitching), On: fsm.Of(t.SessionUserAccepted), To: fsm.Of(t.SessionSwitching), Do: fsm.Of(t.SessionStopMaking, t.SessionCloseSockets, t.SessionTellDetached, t.SessionTellLoggedIn), Not: fsm.Of(t.SessionOpenGroup), Data: func(from, to t.SessionData, _ sessionEvent) bool {
		return to.Depth == from.Depth+1 && to.Gen == from.Gen+1 && to.Group == 0 && !to.Broken
	}},
	{Name: "S5 somebody may log in as yet another before the sockets have closed", In: fsm.Of(t.SessionSwitching), On: fsm.Of(t.SessionUserAccepted), Stay: true, Do: fsm.Of(t.SessionTellLoggedIn), Data: func(from, to t.SessionData, _ sessionEvent) bool {
		return to.Depth == from.Depth+1
	}},
	{Name: "S5 nobody becomes another while nobody is logged in, or who was leaves", In: slices.Concat(sessionNobody, sessionLeaves), On: fsm.Of(t.SessionUserAccepted), Never: true},
	{Name: "S5 the sockets of the other user open when those before have closed", In: fsm.Of(t.SessionSwitching), On: fsm.Of(t.SessionSocketsClosed), To: fsm.Of(t.SessionSocketOpening), Do: fsm.Of(t.SessionForgetSockets, t.SessionOpenGroup)},
	{Name: "K8 sockets of the user before that do not close in time are cut", In: fsm.Of(t.SessionSwitching), On: fsm.Of(t.SessionCloseTimedOut), To: fsm.Of(t.SessionSocketOpening), Do: fsm.Of(t.SessionAbortSockets, t.SessionForgetSockets, t.SessionOpenGroup)},
}

// sessionStarts are the effects that send a request of a login.
var sessionStarts = fsm.Of(t.SessionStartLogin, t.SessionStartResume, t.SessionStartLoginAs)

// sessionCommands are the commands that need somebody to be, or to become, logged in.
var sessionCommands = fsm.Of(t.SessionLoginRequested, t.SessionResumeRequested, t.SessionRequired, t.SessionLoginAsRequested, t.SessionOpenRequested, t.SessionSocketOpenRequested, t.SessionDetachRequested)
