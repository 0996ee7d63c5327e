package proof

import (
	"slices"

	"github.com/custom-app/interlock/fsm"
	t "github.com/custom-app/interlock/transitions"
)

type (
	tokenRule = response[t.TokenState, t.TokenEvent, t.TokenEffect, t.TokenData]
	tokenIf   = func(t.TokenData, fsm.Event[t.TokenEvent]) bool
	tokenThen = func(from, to t.TokenData, e fsm.Event[t.TokenEvent]) bool
)

// tokenBook is what is said of a token alone.
var tokenBook = book[t.TokenState, t.TokenEvent, t.TokenEffect, t.TokenData]{
	machine: t.Token,
	alike: func(s fsm.Snapshot[t.TokenState, t.TokenData]) fsm.Snapshot[t.TokenState, t.TokenData] {
		since := int32(s.Data.Since - s.Data.Gen) // below another user it may come later
		s.Data.Since = uint32(7 + min(max(since, -1), 2))
		s.Data.Gen, s.Data.Attempt, s.Data.Erasing = 7, min(s.Data.Attempt, 1), 7*min(s.Data.Erasing, 1)
		return s
	},
	gen:  func(d t.TokenData) uint32 { return d.Gen },
	born: []t.TokenData{{Nested: true}},
	late: func(d t.TokenData, e fsm.Event[t.TokenEvent]) bool {
		return slices.Contains(tokenDated, e.On) && e.Gen != d.Gen || e.On == t.TokenErased && e.Gen != d.Erasing
	},
	responses: slices.Concat(tokenNewRules, tokenNeedRules, tokenTimeRules, tokenVerdictRules, tokenBelowRules, tokenLeaveRules, tokenEndRules, tokenLateRules),
}

// The states, by what the token is to its user, and the events.
var (
	tokenUsed   = fsm.Of(t.TokenStoring, t.TokenFresh, t.TokenStale, t.TokenRefreshing, t.TokenWaiting, t.TokenRestoring)
	tokenBelow  = fsm.Of(t.TokenParking, t.TokenParked, t.TokenParkedStale)
	tokenEnding = fsm.Of(t.TokenLeaving, t.TokenRevoking, t.TokenErasing, t.TokenSettling)
	tokenStates = slices.Concat(fsm.Of(t.TokenAbsent), tokenUsed, tokenBelow, tokenEnding)

	tokenNeeds    = fsm.Of(t.TokenAsked, t.TokenNeeded, t.TokenRefused, t.TokenRenewRequested)
	tokenRefusals = fsm.Of(t.TokenRefused, t.TokenRenewRequested)
	tokenVerdicts = fsm.Of(t.TokenRefreshed, t.TokenUnavailable, t.TokenRejected)
	tokenDated    = slices.Concat(tokenVerdicts, fsm.Of(t.TokenStored, t.TokenExpired, t.TokenRetriesSpent, t.TokenRevoked, t.TokenRefreshDue, t.TokenFloorPassed,
		t.TokenStoreTimedOut, t.TokenRefreshTimedOut, t.TokenRetryDue, t.TokenRevokeTimedOut, t.TokenEraseTimedOut))

	tokenRequests = fsm.Of(t.TokenSendRefresh, t.TokenSendLogout, t.TokenSendLogoutEverywhere)
	tokenLogouts  = fsm.Of(t.TokenSendLogout, t.TokenSendLogoutEverywhere)
)

// What the rules ask of a token and an event.
var (
	tokenRenews   tokenIf = func(d t.TokenData, _ fsm.Event[t.TokenEvent]) bool { return d.Renewable }
	tokenIsNested tokenIf = func(d t.TokenData, _ fsm.Event[t.TokenEvent]) bool { return d.Nested }
	tokenIsYoung  tokenIf = func(d t.TokenData, _ fsm.Event[t.TokenEvent]) bool { return d.Young }
	tokenIsWanted tokenIf = func(d t.TokenData, _ fsm.Event[t.TokenEvent]) bool { return d.Wanted }
	tokenIsLeft   tokenIf = func(d t.TokenData, _ fsm.Event[t.TokenEvent]) bool { return d.Left }
	tokenIsPaced  tokenIf = func(d t.TokenData, _ fsm.Event[t.TokenEvent]) bool { return d.Paced }
	tokenIsWide   tokenIf = func(d t.TokenData, _ fsm.Event[t.TokenEvent]) bool { return d.Wide }
	tokenErases   tokenIf = func(d t.TokenData, _ fsm.Event[t.TokenEvent]) bool { return d.Erasing != 0 }
	tokenForWide  tokenIf = func(_ t.TokenData, e fsm.Event[t.TokenEvent]) bool { return e.Arg == t.EveryDevice }
	tokenIsCalled tokenIf = func(d t.TokenData, e fsm.Event[t.TokenEvent]) bool { return e.Gen == d.Gen }
	tokenWasStale tokenIf = func(_ t.TokenData, e fsm.Event[t.TokenEvent]) bool {
		return e.Arg == t.StaleAccess || e.Arg == t.StalePair
	}

	// An HTTP request was refused with a token that this user has never had.
	tokenIsStrange tokenIf = func(d t.TokenData, e fsm.Event[t.TokenEvent]) bool {
		return e.On == t.TokenRefused && int32(e.Gen-d.Since) < 0
	}
	tokenIsOwn = tokenNot(tokenIsStrange)
)

func tokenNot(holds tokenIf) tokenIf {
	return func(d t.TokenData, e fsm.Event[t.TokenEvent]) bool { return !holds(d, e) }
}

func tokenBoth(all ...tokenIf) tokenIf {
	return func(d t.TokenData, e fsm.Event[t.TokenEvent]) bool {
		return !slices.ContainsFunc(all, func(holds tokenIf) bool { return !holds(d, e) })
	}
}

// What a token remembers afterwards.
var (
	tokenUnchanged tokenThen = func(from, to t.TokenData, _ fsm.Event[t.TokenEvent]) bool { return to == from }

	// The first of a user: its generation begins behind that of every other user's.
	tokenFirst tokenThen = func(from, to t.TokenData, e fsm.Event[t.TokenEvent]) bool {
		renews := e.Arg == t.TokenPair || e.Arg == t.StalePair
		return to == t.TokenData{Gen: e.Gen + 1, Since: e.Gen + 1, Nested: from.Nested, Renewable: renews}
	}
	// Another in its place, of the same user.
	tokenNext tokenThen = func(from, to t.TokenData, e fsm.Event[t.TokenEvent]) bool {
		return ofUser(from, to) && to.Renewable == (e.Arg == t.TokenPair)
	}
	// One that a refresh has brought.
	tokenRenewed tokenThen = func(from, to t.TokenData, e fsm.Event[t.TokenEvent]) bool {
		kept := to.Nested == from.Nested && to.Left == from.Left && to.Erasing == from.Erasing
		return ofUser(from, to) && kept && to.Young && !to.Wanted && to.Attempt == 0 && to.Renewable == (e.Arg == t.TokenPair)
	}
	// The first request about it, and one that is sent again.
	tokenSent tokenThen = func(from, to t.TokenData, _ fsm.Event[t.TokenEvent]) bool {
		return ofUser(from, to) && to.Attempt == 0 && to.Renewable == from.Renewable && !to.Wanted && !to.Paced
	}
	tokenResent tokenThen = func(from, to t.TokenData, _ fsm.Event[t.TokenEvent]) bool {
		return ofUser(from, to) && to.Attempt == from.Attempt+1 && !to.Paced
	}
	// The last request about it, to log out.
	tokenSentLast tokenThen = func(from, to t.TokenData, e fsm.Event[t.TokenEvent]) bool {
		return tokenSent(from, to, e) && tokenNotesWide(from, to, e) && to.Erasing == from.Erasing
	}
	tokenNotesWide tokenThen = func(_, to t.TokenData, e fsm.Event[t.TokenEvent]) bool { return to.Wide == (e.Arg == t.EveryDevice) }
	tokenNotesPace tokenThen = func(_, to t.TokenData, e fsm.Event[t.TokenEvent]) bool { return to.Paced == (e.Arg != 0) }
	tokenUnpaced   tokenThen = func(_, to t.TokenData, _ fsm.Event[t.TokenEvent]) bool { return !to.Paced }
	tokenCleaned   tokenThen = func(_, to t.TokenData, _ fsm.Event[t.TokenEvent]) bool { return to.Erasing == 0 }
	tokenRests     tokenThen = func(from, to t.TokenData, _ fsm.Event[t.TokenEvent]) bool {
		return !to.Young && !to.Wanted && to.Gen == from.Gen && to.Renewable == from.Renewable
	}
	// Nothing is left, but that what is stored is being erased.
	tokenForgotten tokenThen = func(from, to t.TokenData, _ fsm.Event[t.TokenEvent]) bool {
		return to == t.TokenData{Gen: from.Gen + 1, Nested: from.Nested, Erasing: from.Erasing}
	}
	// It is in use again, in a generation that no other user had.
	tokenRisen tokenThen = func(from, to t.TokenData, _ fsm.Event[t.TokenEvent]) bool {
		return int32(to.Gen-from.Gen) > 0 && int32(to.Gen-to.Since) >= 0 && to.Since == from.Since
	}
	// It is the current one again, behind those of the user who has left.
	tokenReturned tokenThen = func(from, to t.TokenData, e fsm.Event[t.TokenEvent]) bool {
		return to.Gen == e.Gen+1 && to.Since == e.Gen+1 && to.Attempt == 0 && to.Renewable == from.Renewable
	}
)

// ofUser tells whether a generation is a new one, and of the same user.
func ofUser(from, to t.TokenData) bool {
	return int32(to.Gen-from.Gen) > 0 && int32(to.Gen-from.Since) >= 0 && to.Since == from.Since
}
