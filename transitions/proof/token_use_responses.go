package proof

import (
	"slices"

	"github.com/custom-app/interlock/fsm"
	t "github.com/custom-app/interlock/transitions"
)

// A token comes.
var tokenNewRules = []tokenRule{
	{Name: "7 a new token is stored before it is used", In: fsm.Of(t.TokenAbsent), On: fsm.Of(t.TokenAdopted), If: tokenNot(tokenIsNested),
		To: fsm.Of(t.TokenStoring), Do: fsm.Of(t.TokenKeep, t.TokenStore), Data: tokenFirst},
	{Name: "T1 a token of another user is not stored", In: fsm.Of(t.TokenAbsent), On: fsm.Of(t.TokenAdopted), If: tokenIsNested,
		To: fsm.Of(t.TokenFresh), Do: fsm.Of(t.TokenKeep), Not: fsm.Of(t.TokenStore), Data: tokenFirst},
	{Name: "S2 tokens of a resume's answer replace those in use", In: fsm.Of(t.TokenStoring, t.TokenFresh, t.TokenStale, t.TokenRefreshing, t.TokenWaiting), On: fsm.Of(t.TokenAdopted),
		To: fsm.Of(t.TokenStoring), Do: fsm.Of(t.TokenKeep, t.TokenStore), Data: tokenNext},
	{Name: "5 for them a refresh in flight is given up", In: fsm.Of(t.TokenRefreshing), On: fsm.Of(t.TokenAdopted), Do: fsm.Of(t.TokenCancelRefresh, t.TokenKeep)},
	{Name: "S8 no answer to a login comes while leaving, or to a user below", In: slices.Concat(fsm.Of(t.TokenRestoring), tokenBelow, tokenEnding), On: fsm.Of(t.TokenAdopted), Never: true},

	{Name: "S4 a stored token is used as it is", In: fsm.Of(t.TokenAbsent), On: fsm.Of(t.TokenLoaded), If: tokenNot(tokenWasStale),
		To: fsm.Of(t.TokenFresh), Do: fsm.Of(t.TokenKeep), Not: fsm.Of(t.TokenStore), Data: tokenFirst},
	{Name: "S4 a stored token that is stale is refreshed first", In: fsm.Of(t.TokenAbsent), On: fsm.Of(t.TokenLoaded), If: tokenWasStale,
		To: fsm.Of(t.TokenStale), Do: fsm.Of(t.TokenKeep), Not: fsm.Of(t.TokenStore), Data: tokenFirst},
	{Name: "S4 what is stored is loaded only where there is no token", In: fsm.Except(tokenStates, t.TokenAbsent), On: fsm.Of(t.TokenLoaded), Never: true},

	{Name: "7 once it is stored everyone may use it, and also when the store hangs", In: fsm.Of(t.TokenStoring), On: fsm.Of(t.TokenStored, t.TokenStoreTimedOut),
		To: fsm.Of(t.TokenFresh), Do: fsm.Of(t.TokenAnnounceFresh), Data: tokenUnchanged},
}

// Someone needs a fresh token, or the server has refused one.
var tokenNeedRules = []tokenRule{
	{Name: "T8 who needs one is told that there is none", In: fsm.Of(t.TokenAbsent), On: tokenNeeds, Stay: true, Do: fsm.Of(t.TokenAnnounceAbsent), Data: tokenUnchanged},
	{Name: "S6 nobody is given one while it is used to log out", In: tokenEnding, On: tokenNeeds, Stay: true, Do: fsm.Of(t.TokenTellLeaving), Data: tokenUnchanged},
	{Name: "S6 nobody is refreshed for while the session leaves", In: fsm.Of(t.TokenStale, t.TokenWaiting), On: tokenNeeds, If: tokenBoth(tokenIsLeft, tokenIsOwn),
		Stay: true, Do: fsm.Of(t.TokenTellLeaving), Not: tokenRequests, Data: tokenUnchanged},
	{Name: "S5 who needs one is given the current user's", In: tokenBelow, On: tokenNeeds, Never: true},
	{Name: "3 a request of another user is given none", In: tokenUsed, On: fsm.Of(t.TokenRefused), If: tokenIsStrange,
		Stay: true, Do: fsm.Of(t.TokenTellStranger), Not: fsm.Of(t.TokenTellFresh, t.TokenAnnounceFresh), Data: tokenUnchanged},

	{Name: "T3 a request is given a fresh one", In: fsm.Of(t.TokenFresh), On: fsm.Of(t.TokenAsked), Stay: true, Do: fsm.Of(t.TokenTellFresh), Data: tokenUnchanged},
	{Name: "T3 a socket or a login is given a fresh one", In: fsm.Of(t.TokenFresh), On: fsm.Of(t.TokenNeeded), Stay: true, Do: fsm.Of(t.TokenAnnounceFresh), Data: tokenUnchanged},
	{Name: "T3 a stale one is refreshed for who needs it", In: fsm.Of(t.TokenStale), On: tokenNeeds, If: tokenBoth(tokenRenews, tokenIsOwn, tokenNot(tokenIsLeft)),
		To: fsm.Of(t.TokenRefreshing), Do: fsm.Of(t.TokenSendRefresh), Data: tokenSent},
	{Name: "30 a stale one that cannot be refreshed ends the session", In: fsm.Of(t.TokenStale), On: tokenNeeds, If: tokenBoth(tokenNot(tokenRenews), tokenIsOwn, tokenNot(tokenIsLeft)),
		To: fsm.Of(t.TokenAbsent), Do: fsm.Of(t.TokenReportExpired, t.TokenDrop), Not: tokenRequests, Data: tokenForgotten},
	{Name: "T4 who needs one joins the refresh in flight", In: fsm.Of(t.TokenStoring, t.TokenRefreshing, t.TokenRestoring), On: tokenNeeds, If: tokenIsOwn, Stay: true, Quiet: true, Data: tokenUnchanged},
	{Name: "T5 there is none for now between two attempts", In: fsm.Of(t.TokenWaiting), On: tokenNeeds, If: tokenBoth(tokenIsOwn, tokenNot(tokenIsLeft)),
		Stay: true, Do: fsm.Of(t.TokenAnnounceUnavailable), Data: tokenUnchanged},

	{Name: "T4 a late 401 about an older one costs nothing", In: fsm.Of(t.TokenFresh), On: tokenRefusals, If: tokenBoth(tokenIsOwn, tokenNot(tokenIsCalled)),
		Stay: true, Do: fsm.Of(t.TokenAnnounceFresh), Data: tokenUnchanged},
	{Name: "T6 a 401 forces a refresh", In: fsm.Of(t.TokenFresh), On: tokenRefusals, If: tokenBoth(tokenIsOwn, tokenIsCalled, tokenNot(tokenIsYoung), tokenRenews),
		To: fsm.Of(t.TokenRefreshing), Do: fsm.Of(t.TokenSendRefresh), Data: tokenSent},
	{Name: "T2 no 401 forces one before the floor has passed", In: fsm.Of(t.TokenFresh), On: fsm.Of(t.TokenRefused), If: tokenBoth(tokenIsOwn, tokenIsCalled, tokenIsYoung),
		Stay: true, Do: fsm.Of(t.TokenTellUnavailable), Data: tokenUnchanged},
	{Name: "T2 a socket whose token was refused waits until it has", In: fsm.Of(t.TokenFresh), On: fsm.Of(t.TokenRenewRequested), If: tokenBoth(tokenIsCalled, tokenIsYoung, tokenRenews),
		Stay: true, Quiet: true, Data: func(_, to t.TokenData, _ fsm.Event[t.TokenEvent]) bool { return to.Wanted }},
	{Name: "T6 what cannot be refreshed is the caller's 401", In: fsm.Of(t.TokenFresh), On: tokenRefusals,
		If:   tokenBoth(tokenIsOwn, tokenIsCalled, tokenNot(tokenRenews), func(d t.TokenData, e fsm.Event[t.TokenEvent]) bool { return !d.Young || e.On == t.TokenRenewRequested }),
		Stay: true, Do: fsm.Of(t.TokenAnnounceUnavailable), Data: tokenUnchanged},
}

// Time passes.
var tokenTimeRules = []tokenRule{
	{Name: "T3 it is refreshed before it ends", In: fsm.Of(t.TokenFresh), On: fsm.Of(t.TokenRefreshDue), If: tokenRenews, To: fsm.Of(t.TokenRefreshing), Do: fsm.Of(t.TokenSendRefresh), Data: tokenSent},
	{Name: "T2 one that the clock says has ended is refreshed", In: fsm.Of(t.TokenFresh), On: fsm.Of(t.TokenExpired), If: tokenBoth(tokenRenews, tokenNot(tokenIsYoung)),
		To: fsm.Of(t.TokenRefreshing), Do: fsm.Of(t.TokenSendRefresh), Data: tokenSent},
	{Name: "T2 but not before the floor has passed", In: fsm.Of(t.TokenFresh), On: fsm.Of(t.TokenExpired), If: tokenIsYoung, Stay: true, Quiet: true, Data: tokenUnchanged},
	{Name: "T2 one that cannot be refreshed is stale then", In: fsm.Of(t.TokenFresh), On: fsm.Of(t.TokenRefreshDue, t.TokenExpired),
		If: tokenBoth(tokenNot(tokenRenews), func(d t.TokenData, e fsm.Event[t.TokenEvent]) bool { return !d.Young || e.On == t.TokenRefreshDue }),
		To: fsm.Of(t.TokenStale), Quiet: true},
	{Name: "T2 who waits for the floor has a refresh then", In: fsm.Of(t.TokenFresh), On: fsm.Of(t.TokenFloorPassed), If: tokenIsWanted, To: fsm.Of(t.TokenRefreshing), Do: fsm.Of(t.TokenSendRefresh), Data: tokenSent},
	{Name: "T2 behind the floor a refresh is allowed", In: fsm.Of(t.TokenFresh), On: fsm.Of(t.TokenFloorPassed), If: tokenNot(tokenIsWanted),
		Stay: true, Quiet: true, Data: func(_, to t.TokenData, _ fsm.Event[t.TokenEvent]) bool { return !to.Young }},
	{Name: "T2 also one below another user ends", In: fsm.Of(t.TokenParked), On: fsm.Of(t.TokenExpired), To: fsm.Of(t.TokenParkedStale), Quiet: true, Data: tokenUnchanged},
}

// The verdict on a refresh, also one that comes after its deadline.
var tokenVerdictRules = []tokenRule{
	{Name: "7 what a refresh brings is stored before it is used", In: fsm.Of(t.TokenRefreshing, t.TokenWaiting), On: fsm.Of(t.TokenRefreshed), If: tokenNot(tokenIsNested),
		To: fsm.Of(t.TokenStoring), Do: fsm.Of(t.TokenKeep, t.TokenStore), Not: fsm.Of(t.TokenAnnounceFresh), Data: tokenRenewed},
	{Name: "T1 what a refresh brings another user is not stored", In: fsm.Of(t.TokenRefreshing, t.TokenWaiting), On: fsm.Of(t.TokenRefreshed), If: tokenIsNested,
		To: fsm.Of(t.TokenFresh), Do: fsm.Of(t.TokenKeep, t.TokenAnnounceFresh), Not: fsm.Of(t.TokenStore), Data: tokenRenewed},
	{Name: "T5 a rejected refresh ends the session", In: fsm.Of(t.TokenRefreshing, t.TokenWaiting, t.TokenRestoring), On: fsm.Of(t.TokenRejected),
		If: tokenNot(tokenIsLeft), To: fsm.Of(t.TokenAbsent), Do: fsm.Of(t.TokenReportExpired, t.TokenDrop), Data: tokenForgotten},
	{Name: "T8 a session that leaves does not end for it", In: fsm.Of(t.TokenRefreshing, t.TokenWaiting), On: fsm.Of(t.TokenRejected),
		If: tokenIsLeft, To: fsm.Of(t.TokenAbsent), Do: fsm.Of(t.TokenTellLeaving, t.TokenDrop), Not: fsm.Of(t.TokenReportExpired), Data: tokenForgotten},
	{Name: "T5 without a verdict the session stays, and it is tried again", In: fsm.Of(t.TokenRefreshing, t.TokenRestoring), On: fsm.Of(t.TokenUnavailable), If: tokenRenews,
		To: fsm.Of(t.TokenWaiting), Not: fsm.Of(t.TokenReportExpired, t.TokenDrop), Data: tokenNotesPace},
	{Name: "5 a refresh without an answer is given up, and tried again", In: fsm.Of(t.TokenRefreshing, t.TokenRestoring), On: fsm.Of(t.TokenRefreshTimedOut), If: tokenRenews,
		To: fsm.Of(t.TokenWaiting), Do: fsm.Of(t.TokenCancelRefresh), Not: fsm.Of(t.TokenReportExpired, t.TokenDrop), Data: tokenUnpaced},
	{Name: "T8 who waits is told that there is none for now", In: fsm.Of(t.TokenRefreshing), On: fsm.Of(t.TokenUnavailable, t.TokenRefreshTimedOut), If: tokenNot(tokenIsLeft), Do: fsm.Of(t.TokenAnnounceUnavailable)},
	{Name: "T8 who waits while the session leaves is told so", In: fsm.Of(t.TokenRefreshing), On: fsm.Of(t.TokenUnavailable, t.TokenRefreshTimedOut),
		If: tokenIsLeft, Do: fsm.Of(t.TokenTellLeaving), Not: fsm.Of(t.TokenAnnounceUnavailable)},

	{Name: "S3 behind the delay it is tried again", In: fsm.Of(t.TokenWaiting), On: fsm.Of(t.TokenRetryDue), To: fsm.Of(t.TokenRefreshing), Do: fsm.Of(t.TokenSendRefresh), Data: tokenResent},
	{Name: "K15 when the network is back it is tried at once", In: fsm.Of(t.TokenWaiting), On: fsm.Of(t.TokenWoken), If: tokenNot(tokenIsPaced),
		To: fsm.Of(t.TokenRefreshing), Do: fsm.Of(t.TokenSendRefresh), Data: tokenResent},
	{Name: "K15 but not before the server wants it", In: fsm.Of(t.TokenWaiting), On: fsm.Of(t.TokenWoken), If: tokenIsPaced, Stay: true, Quiet: true, Data: tokenUnchanged},
	{Name: "T5 given up, the next need tries again", In: fsm.Of(t.TokenWaiting), On: fsm.Of(t.TokenRetriesSpent), To: fsm.Of(t.TokenStale), Quiet: true},
}
