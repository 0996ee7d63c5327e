package proof

import (
	"slices"

	"github.com/custom-app/interlock/fsm"
	t "github.com/custom-app/interlock/transitions"
)

// Its user has logged in as another, and comes back.
var tokenBelowRules = []tokenRule{
	{Name: "S5 a fresh one rests", In: fsm.Of(t.TokenFresh), On: fsm.Of(t.TokenParkRequested), To: fsm.Of(t.TokenParked), Quiet: true, Data: tokenRests},
	{Name: "S5 a stale one rests, and no more attempts are made", In: fsm.Of(t.TokenStale, t.TokenWaiting), On: fsm.Of(t.TokenParkRequested), To: fsm.Of(t.TokenParkedStale), Quiet: true, Data: tokenRests},
	{Name: "6 a refresh in flight ends first, since the server may have used up the pair", In: fsm.Of(t.TokenStoring, t.TokenRefreshing, t.TokenRestoring), On: fsm.Of(t.TokenParkRequested),
		To: fsm.Of(t.TokenParking), Do: fsm.Of(t.TokenTellUnavailable), Not: fsm.Of(t.TokenCancelRefresh), Data: tokenRests},
	{Name: "S5 only who is in use is logged in as another", In: slices.Concat(fsm.Of(t.TokenAbsent), tokenBelow, tokenEnding), On: fsm.Of(t.TokenParkRequested), Never: true},

	{Name: "7 what the refresh brings is stored", In: fsm.Of(t.TokenParking), On: fsm.Of(t.TokenRefreshed), If: tokenNot(tokenIsNested),
		Stay: true, Do: fsm.Of(t.TokenKeep, t.TokenStore), Data: func(_, to t.TokenData, e fsm.Event[t.TokenEvent]) bool { return to.Renewable == (e.Arg == t.TokenPair) }},
	{Name: "T1 and not for another user", In: fsm.Of(t.TokenParking), On: fsm.Of(t.TokenRefreshed), If: tokenIsNested, To: fsm.Of(t.TokenParked), Do: fsm.Of(t.TokenKeep), Not: fsm.Of(t.TokenStore), Data: tokenNext},
	{Name: "7 one that cannot be refreshed is on its way to the store, and rests when that hangs", In: fsm.Of(t.TokenParking), On: fsm.Of(t.TokenRefreshTimedOut), If: tokenNot(tokenRenews), To: fsm.Of(t.TokenParked), Quiet: true, Data: tokenUnchanged},
	{Name: "7 it is the current one again when the store hangs, too", In: fsm.Of(t.TokenRestoring), On: fsm.Of(t.TokenRefreshTimedOut), If: tokenNot(tokenRenews), To: fsm.Of(t.TokenFresh),
		Do: fsm.Of(t.TokenReuse, t.TokenAnnounceFresh, t.TokenReportRestored), Data: tokenRisen},
	{Name: "6 no refresh is in flight without a refresh token", In: fsm.Of(t.TokenParking, t.TokenRestoring), On: fsm.Of(t.TokenUnavailable), If: tokenNot(tokenRenews), Stay: true, Quiet: true, Data: tokenUnchanged},
	{Name: "7 stored, it rests", In: fsm.Of(t.TokenParking), On: fsm.Of(t.TokenStored), To: fsm.Of(t.TokenParked), Quiet: true, Data: tokenUnchanged},
	{Name: "T5 without a verdict it is stale", In: fsm.Of(t.TokenParking), On: fsm.Of(t.TokenUnavailable), If: tokenRenews, To: fsm.Of(t.TokenParkedStale), Quiet: true, Data: tokenUnchanged},
	{Name: "5 without an answer the refresh is given up", In: fsm.Of(t.TokenParking), On: fsm.Of(t.TokenRefreshTimedOut), If: tokenRenews, To: fsm.Of(t.TokenParkedStale), Do: fsm.Of(t.TokenCancelRefresh), Data: tokenUnchanged},
	{Name: "T5 a rejected pair is not tried again", In: fsm.Of(t.TokenParking), On: fsm.Of(t.TokenRejected), To: fsm.Of(t.TokenParkedStale), Quiet: true,
		Data: func(_, to t.TokenData, _ fsm.Event[t.TokenEvent]) bool { return !to.Renewable }},

	{Name: "S7 a token is restored", In: fsm.Of(t.TokenParked), On: fsm.Of(t.TokenRestoreRequested), To: fsm.Of(t.TokenFresh), Do: fsm.Of(t.TokenReuse, t.TokenReportRestored), Data: tokenReturned},
	{Name: "S7 a stale one is refreshed before its session goes on", In: fsm.Of(t.TokenParkedStale), On: fsm.Of(t.TokenRestoreRequested), If: tokenRenews,
		To: fsm.Of(t.TokenRestoring), Do: fsm.Of(t.TokenReuse, t.TokenSendRefresh), Not: fsm.Of(t.TokenReportRestored), Data: tokenReturned},
	{Name: "S7 one that cannot be refreshed has ended meanwhile", In: fsm.Of(t.TokenParkedStale), On: fsm.Of(t.TokenRestoreRequested), If: tokenNot(tokenRenews),
		To: fsm.Of(t.TokenAbsent), Do: fsm.Of(t.TokenReportExpired, t.TokenDrop), Data: func(from, to t.TokenData, e fsm.Event[t.TokenEvent]) bool {
			return to == t.TokenData{Gen: e.Gen + 1, Nested: from.Nested, Erasing: from.Erasing}
		}},
	{Name: "5 a refresh in flight is the one that is needed", In: fsm.Of(t.TokenParking), On: fsm.Of(t.TokenRestoreRequested), To: fsm.Of(t.TokenRestoring),
		Do: fsm.Of(t.TokenReuse), Not: fsm.Of(t.TokenSendRefresh, t.TokenReportRestored), Data: func(from, to t.TokenData, e fsm.Event[t.TokenEvent]) bool {
			return to.Since == e.Gen+1 && to.Gen == from.Gen
		}},
	{Name: "S7 only who has logged in as another comes back", In: fsm.Except(tokenStates, tokenBelow...), On: fsm.Of(t.TokenRestoreRequested), Never: true},

	{Name: "7 stored, it is the current one again, in a generation that no other user had", In: fsm.Of(t.TokenRestoring), On: fsm.Of(t.TokenStored), To: fsm.Of(t.TokenFresh),
		Do: fsm.Of(t.TokenReuse, t.TokenAnnounceFresh, t.TokenReportRestored), Data: tokenRisen},
	{Name: "7 what the refresh has brought is stored before it is used", In: fsm.Of(t.TokenRestoring), On: fsm.Of(t.TokenRefreshed), If: tokenNot(tokenIsNested),
		To: fsm.Of(t.TokenStoring), Do: fsm.Of(t.TokenKeep, t.TokenStore, t.TokenReportRestored), Not: fsm.Of(t.TokenAnnounceFresh), Data: tokenRenewed},
	{Name: "T1 or used, of another user", In: fsm.Of(t.TokenRestoring), On: fsm.Of(t.TokenRefreshed), If: tokenIsNested,
		To: fsm.Of(t.TokenFresh), Do: fsm.Of(t.TokenKeep, t.TokenAnnounceFresh, t.TokenReportRestored), Not: fsm.Of(t.TokenStore), Data: tokenRenewed},
	{Name: "S7 without a verdict the session goes on all the same", In: fsm.Of(t.TokenRestoring), On: fsm.Of(t.TokenUnavailable, t.TokenRefreshTimedOut), If: tokenRenews,
		Do: fsm.Of(t.TokenAnnounceUnavailable, t.TokenReportRestored)},
}

// The session logs out, or loses its token.
var tokenLeaveRules = []tokenRule{
	{Name: "S6 it is known that the session leaves", On: fsm.Of(t.TokenLeaveRequested), Stay: true, Quiet: true, Data: func(_, to t.TokenData, _ fsm.Event[t.TokenEvent]) bool { return to.Left }},
	{Name: "S6 what is stored goes", On: fsm.Of(t.TokenEraseRequested), Stay: true, Do: fsm.Of(t.TokenErase), Data: func(_, to t.TokenData, e fsm.Event[t.TokenEvent]) bool { return to.Erasing == e.Gen }},

	{Name: "S6 the server is told", In: fsm.Of(t.TokenFresh, t.TokenStoring), On: fsm.Of(t.TokenRevokeRequested), If: tokenNot(tokenForWide),
		To: fsm.Of(t.TokenRevoking), Do: fsm.Of(t.TokenTellLeaving, t.TokenSendLogout), Not: fsm.Of(t.TokenSendLogoutEverywhere), Data: tokenSentLast},
	{Name: "S6 the server is told of every device", In: fsm.Of(t.TokenFresh, t.TokenStoring), On: fsm.Of(t.TokenRevokeRequested), If: tokenForWide,
		To: fsm.Of(t.TokenRevoking), Do: fsm.Of(t.TokenTellLeaving, t.TokenSendLogoutEverywhere), Not: fsm.Of(t.TokenSendLogout), Data: tokenSentLast},
	{Name: "S7 a stale token is refreshed before it is used to log out", In: fsm.Of(t.TokenStale), On: fsm.Of(t.TokenRevokeRequested), If: tokenRenews,
		To: fsm.Of(t.TokenLeaving), Do: fsm.Of(t.TokenSendRefresh), Not: tokenLogouts, Data: tokenSentLast},
	{Name: "S7 also between two attempts, at once", In: fsm.Of(t.TokenWaiting), On: fsm.Of(t.TokenRevokeRequested), To: fsm.Of(t.TokenLeaving), Do: fsm.Of(t.TokenSendRefresh), Not: tokenLogouts, Data: tokenSentLast},
	{Name: "5 a refresh in flight is the last", In: fsm.Of(t.TokenRefreshing, t.TokenRestoring), On: fsm.Of(t.TokenRevokeRequested),
		To: fsm.Of(t.TokenLeaving), Do: fsm.Of(t.TokenTellLeaving), Not: tokenRequests, Data: tokenNotesWide},
	{Name: "S7 without a refresh token there is no request", In: fsm.Of(t.TokenStale), On: fsm.Of(t.TokenRevokeRequested), If: tokenNot(tokenRenews), Do: fsm.Of(t.TokenDrop), Not: tokenRequests, Data: tokenForgotten},
	{Name: "S6 it is asked once, of the current user", In: slices.Concat(tokenBelow, tokenEnding), On: fsm.Of(t.TokenRevokeRequested), Never: true},

	{Name: "S6 with what the last refresh brings the server is told", In: fsm.Of(t.TokenLeaving), On: fsm.Of(t.TokenRefreshed), If: tokenNot(tokenIsWide),
		To: fsm.Of(t.TokenRevoking), Do: fsm.Of(t.TokenKeep, t.TokenSendLogout), Not: fsm.Of(t.TokenSendLogoutEverywhere, t.TokenStore), Data: tokenRenewed},
	{Name: "S6 with what the last refresh brings the server is told of every device", In: fsm.Of(t.TokenLeaving), On: fsm.Of(t.TokenRefreshed), If: tokenIsWide,
		To: fsm.Of(t.TokenRevoking), Do: fsm.Of(t.TokenKeep, t.TokenSendLogoutEverywhere), Not: fsm.Of(t.TokenSendLogout, t.TokenStore), Data: tokenRenewed},
	{Name: "S6 without one it is not", In: fsm.Of(t.TokenLeaving), On: fsm.Of(t.TokenUnavailable, t.TokenRejected, t.TokenRefreshTimedOut), Do: fsm.Of(t.TokenDrop), Not: tokenRequests, Data: tokenForgotten},
	{Name: "5 the last refresh is given up at its deadline", In: fsm.Of(t.TokenLeaving), On: fsm.Of(t.TokenRefreshTimedOut), Do: fsm.Of(t.TokenCancelRefresh, t.TokenDrop)},
	{Name: "S6 the token goes whatever the server says", In: fsm.Of(t.TokenRevoking), On: fsm.Of(t.TokenRevoked, t.TokenRevokeTimedOut), Do: fsm.Of(t.TokenCancelLogout, t.TokenDrop), Data: tokenForgotten},

	{Name: "S6 without a token it is over when what is stored is gone", In: fsm.Of(t.TokenAbsent), On: fsm.Of(t.TokenRevokeRequested), If: tokenErases, To: fsm.Of(t.TokenErasing), Quiet: true, Data: tokenUnchanged},
	{Name: "S6 without a token, and with nothing to erase, it is over at once", In: fsm.Of(t.TokenAbsent), On: fsm.Of(t.TokenRevokeRequested), If: tokenNot(tokenErases), Stay: true, Do: fsm.Of(t.TokenReportGone), Data: tokenUnchanged},
	{Name: "S7 without a request it is over when what is stored is gone", In: fsm.Of(t.TokenStale), On: fsm.Of(t.TokenRevokeRequested), If: tokenBoth(tokenErases, tokenNot(tokenRenews)), To: fsm.Of(t.TokenErasing), Not: fsm.Of(t.TokenReportGone)},
	{Name: "S7 without a request it is over at once", In: fsm.Of(t.TokenStale), On: fsm.Of(t.TokenRevokeRequested), If: tokenBoth(tokenNot(tokenErases), tokenNot(tokenRenews)), To: fsm.Of(t.TokenAbsent), Do: fsm.Of(t.TokenDrop, t.TokenReportGone)},
	{Name: "S6 after a last refresh that failed it is over when what is stored is gone", In: fsm.Of(t.TokenLeaving), On: fsm.Of(t.TokenUnavailable, t.TokenRejected, t.TokenRefreshTimedOut), If: tokenErases, To: fsm.Of(t.TokenErasing), Not: fsm.Of(t.TokenReportGone)},
	{Name: "S6 after a last refresh that failed it is over", In: fsm.Of(t.TokenLeaving), On: fsm.Of(t.TokenUnavailable, t.TokenRejected, t.TokenRefreshTimedOut), If: tokenNot(tokenErases), To: fsm.Of(t.TokenAbsent), Do: fsm.Of(t.TokenDrop, t.TokenReportGone)},
	{Name: "S6 when the server was told it is over when what is stored is gone", In: fsm.Of(t.TokenRevoking), On: fsm.Of(t.TokenRevoked, t.TokenRevokeTimedOut), If: tokenErases, To: fsm.Of(t.TokenErasing), Not: fsm.Of(t.TokenReportGone)},
	{Name: "S6 when the server was told it is over", In: fsm.Of(t.TokenRevoking), On: fsm.Of(t.TokenRevoked, t.TokenRevokeTimedOut), If: tokenNot(tokenErases), To: fsm.Of(t.TokenAbsent), Do: fsm.Of(t.TokenDrop, t.TokenReportGone)},
	{Name: "S6 it is over when the store has erased, or hangs", In: fsm.Of(t.TokenErasing), On: fsm.Of(t.TokenErased, t.TokenEraseTimedOut), To: fsm.Of(t.TokenAbsent), Do: fsm.Of(t.TokenReportGone), Data: tokenCleaned},
	{Name: "S6 what was erased for an earlier logout, or login, ends no later one", On: fsm.Of(t.TokenErased), Late: true, Stay: true, Quiet: true, Data: tokenUnchanged},
	{Name: "S6 what is erased is known", In: fsm.Except(tokenStates, t.TokenErasing), On: fsm.Of(t.TokenErased), Stay: true, Quiet: true, Data: tokenCleaned},
}

// The session closes and goes on another time, or has no use for the token.
var tokenEndRules = []tokenRule{
	{Name: "6 what is in flight ends before the session is closed", In: fsm.Of(t.TokenStoring, t.TokenRefreshing, t.TokenRestoring, t.TokenParking), On: fsm.Of(t.TokenSettleRequested),
		To: fsm.Of(t.TokenSettling), Do: fsm.Of(t.TokenTellLeaving), Not: fsm.Of(t.TokenCancelRefresh, t.TokenReportGone), Data: tokenUnchanged},
	{Name: "S6 what is being erased is waited for", In: fsm.Of(t.TokenAbsent), On: fsm.Of(t.TokenSettleRequested), If: tokenErases, To: fsm.Of(t.TokenErasing), Quiet: true, Data: tokenUnchanged},
	{Name: "K8 with nothing to erase it is closed at once", In: fsm.Of(t.TokenAbsent), On: fsm.Of(t.TokenSettleRequested), If: tokenNot(tokenErases), Stay: true, Do: fsm.Of(t.TokenReportGone), Data: tokenUnchanged},
	{Name: "K8 with nothing in flight it is closed at once", In: fsm.Except(tokenStates, t.TokenAbsent, t.TokenStoring, t.TokenRefreshing, t.TokenRestoring, t.TokenParking, t.TokenSettling), On: fsm.Of(t.TokenSettleRequested),
		Stay: true, Do: fsm.Of(t.TokenReportGone), Not: tokenRequests, Data: tokenUnchanged},
	{Name: "K8 it is closed once", In: fsm.Of(t.TokenSettling), On: fsm.Of(t.TokenSettleRequested), Never: true},
	{Name: "7 what the refresh brings is stored first", In: fsm.Of(t.TokenSettling), On: fsm.Of(t.TokenRefreshed), Stay: true, Do: fsm.Of(t.TokenKeep, t.TokenStore), Not: fsm.Of(t.TokenReportGone)},
	{Name: "K8 then it is closed", In: fsm.Of(t.TokenSettling), On: fsm.Of(t.TokenStored, t.TokenUnavailable, t.TokenRejected, t.TokenRefreshTimedOut),
		To: fsm.Of(t.TokenAbsent), Do: fsm.Of(t.TokenDrop, t.TokenReportGone), Not: fsm.Of(t.TokenReportExpired), Data: tokenForgotten},
	{Name: "5 at the deadline the refresh is given up", In: fsm.Of(t.TokenSettling), On: fsm.Of(t.TokenRefreshTimedOut), Do: fsm.Of(t.TokenCancelRefresh, t.TokenDrop)},

	{Name: "S6 what is dropped leaves nothing in flight", In: fsm.Except(tokenStates, t.TokenAbsent), On: fsm.Of(t.TokenDropRequested),
		To: fsm.Of(t.TokenAbsent), Do: fsm.Of(t.TokenCancelRefresh, t.TokenCancelLogout, t.TokenDrop), Not: fsm.Of(t.TokenReportGone, t.TokenReportExpired), Data: tokenForgotten},
	{Name: "S6 dropping nothing changes nothing", In: fsm.Of(t.TokenAbsent), On: fsm.Of(t.TokenDropRequested), Stay: true, Quiet: true, Data: tokenUnchanged},
}

// What comes late.
var tokenLateRules = []tokenRule{
	{Name: "6 no refresh is sent without a refresh token", On: fsm.Of(t.TokenRefreshDue, t.TokenExpired, t.TokenFloorPassed, t.TokenRetryDue, t.TokenWoken), If: tokenNot(tokenRenews), Not: fsm.Of(t.TokenSendRefresh)},
	{Name: "9 what belongs to another generation changes nothing", On: tokenDated, Late: true, Stay: true, Quiet: true, Data: tokenUnchanged},
	{Name: "D3 nobody waits for the store", In: fsm.Except(tokenStates, t.TokenStoring, t.TokenParking, t.TokenRestoring, t.TokenSettling), On: fsm.Of(t.TokenStored), Stay: true, Quiet: true, Data: tokenUnchanged},
	{Name: "D3 nobody waits for a refresh", In: fsm.Of(t.TokenAbsent, t.TokenStoring, t.TokenFresh, t.TokenStale, t.TokenParked, t.TokenParkedStale, t.TokenRevoking, t.TokenErasing), On: tokenVerdicts,
		Stay: true, Quiet: true, Data: tokenUnchanged},
	{Name: "D3 the refresh that was given up has ended", In: fsm.Of(t.TokenWaiting), On: fsm.Of(t.TokenUnavailable), Stay: true, Quiet: true, Data: tokenUnchanged},
	{Name: "D3 nobody waits for a logout", In: fsm.Except(tokenStates, t.TokenRevoking), On: fsm.Of(t.TokenRevoked, t.TokenRevokeTimedOut), Stay: true, Quiet: true, Data: tokenUnchanged},
	{Name: "D3 nobody waits for another attempt", In: fsm.Except(tokenStates, t.TokenWaiting), On: fsm.Of(t.TokenRetryDue, t.TokenRetriesSpent, t.TokenWoken), Stay: true, Quiet: true, Data: tokenUnchanged},
	{Name: "D3 a timer of a token in use", In: fsm.Except(tokenStates, t.TokenFresh), On: fsm.Of(t.TokenRefreshDue, t.TokenFloorPassed), Stay: true, Quiet: true, Data: tokenUnchanged},
	{Name: "D3 it has ended already, or is being replaced", In: fsm.Except(tokenStates, t.TokenFresh, t.TokenParked), On: fsm.Of(t.TokenExpired), Stay: true, Quiet: true, Data: tokenUnchanged},
	{Name: "D3 a deadline of a store that is done", In: fsm.Except(tokenStates, t.TokenStoring), On: fsm.Of(t.TokenStoreTimedOut), Stay: true, Quiet: true, Data: tokenUnchanged},
	{Name: "D3 a deadline of an erasure that is done", In: fsm.Except(tokenStates, t.TokenErasing), On: fsm.Of(t.TokenEraseTimedOut), Stay: true, Quiet: true, Data: tokenUnchanged},
	{Name: "D3 a deadline of a refresh that is done", In: fsm.Except(tokenStates, t.TokenRefreshing, t.TokenParking, t.TokenRestoring, t.TokenLeaving, t.TokenSettling), On: fsm.Of(t.TokenRefreshTimedOut),
		Stay: true, Quiet: true, Data: tokenUnchanged},
}
