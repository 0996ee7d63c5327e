package transitions

import "github.com/custom-app/interlock/fsm"

// TokenState is a state of a user's token. A session has one for its user, and
// one for each user below who has logged in as another.
type TokenState uint8

// The states of the token.
const (
	TokenAbsent TokenState = iota
	TokenStoring
	TokenFresh
	TokenStale
	TokenRefreshing
	TokenWaiting
	TokenRestoring
	TokenLeaving
	TokenRevoking
	TokenErasing
	TokenParking
	TokenParked
	TokenParkedStale
	TokenSettling
)

// String returns the state's name.
func (s TokenState) String() string { return Token.StateName(s) }

// TokenEvent is an event of the token.
type TokenEvent uint8

// The events of the token.
const (
	TokenAdopted TokenEvent = iota + 1
	TokenLoaded
	TokenStored
	TokenAsked
	TokenNeeded
	TokenRefused
	TokenRenewRequested
	TokenExpired
	TokenRefreshed
	TokenUnavailable
	TokenRejected
	TokenRetriesSpent
	TokenParkRequested
	TokenRestoreRequested
	TokenLeaveRequested
	TokenEraseRequested
	TokenErased
	TokenRevokeRequested
	TokenSettleRequested
	TokenWoken
	TokenRevoked
	TokenDropRequested
	TokenRefreshDue
	TokenFloorPassed
	TokenStoreTimedOut
	TokenRefreshTimedOut
	TokenRetryDue
	TokenRevokeTimedOut
	TokenEraseTimedOut
)

// TokenEffect is an effect of the token.
type TokenEffect uint8

// The effects of the token.
const (
	TokenKeep TokenEffect = iota
	TokenReuse
	TokenStore
	TokenErase
	TokenDrop
	TokenSendRefresh
	TokenCancelRefresh
	TokenSendLogout
	TokenSendLogoutEverywhere
	TokenCancelLogout
	TokenTellFresh
	TokenAnnounceFresh
	TokenAnnounceUnavailable
	TokenTellUnavailable
	TokenTellStranger
	TokenTellLeaving
	TokenAnnounceAbsent
	TokenReportExpired
	TokenReportRestored
	TokenReportGone
)

// TokenData is what a token remembers beside its state.
type TokenData struct {
	Gen       uint32 // grows with every token and with every request about one; a fresh token's generation is this
	Since     uint32 // the generation of this user's first token
	Attempt   uint16 // refresh requests sent again since one was answered
	Nested    bool   // of a user logged in as by another: it is never stored
	Renewable bool   // there is a refresh token
	Young     bool   // refreshed less than the floor ago
	Wanted    bool   // a socket or a login waits for a newer one, until the floor has passed
	Erasing   uint32 // the generation of the session for which what is stored is being erased; 0: it is not
	Left      bool   // the session is leaving: who needs a token that is stale, or waits for its retry, is told so
	Wide      bool   // every device of the user is to be logged out
	Paced     bool   // the server has asked to wait before the next refresh
}

type (
	tokenGuard  = fsm.Guard[TokenData, TokenEvent]
	tokenUpdate = fsm.Update[TokenData, TokenEvent]
	tokenRow    = fsm.Row[TokenState, TokenEvent, TokenEffect, TokenData]
)

var tokenStates = []fsm.StateInfo[TokenState, TokenEvent]{
	{Is: TokenAbsent, Name: "absent", Kind: fsm.Rest, Doc: "no token"},
	{Is: TokenStoring, Name: "storing", Kind: fsm.Wait, Timers: of(TokenStoreTimedOut), Group: "in use", Doc: "a new token is stored before it is used"},
	{Is: TokenFresh, Name: "fresh", Kind: fsm.Rest, Timers: of(TokenRefreshDue, TokenFloorPassed), Group: "in use", Doc: "usable"},
	{Is: TokenStale, Name: "stale", Kind: fsm.Rest, Group: "in use", Doc: "past its life; the next need refreshes it"},
	{Is: TokenRefreshing, Name: "refreshing", Kind: fsm.Wait, Timers: of(TokenRefreshTimedOut), Group: "in use", Doc: "one refresh is in flight, everyone joins it"},
	{Is: TokenWaiting, Name: "waiting", Kind: fsm.Wait, Timers: of(TokenRetryDue), Group: "in use", Doc: "backoff before the next refresh"},
	{Is: TokenRestoring, Name: "restoring", Kind: fsm.Wait, Timers: of(TokenRefreshTimedOut), Group: "in use", Doc: "a refresh before its user's session goes on"},
	{Is: TokenLeaving, Name: "leaving", Kind: fsm.Wait, Timers: of(TokenRefreshTimedOut), Group: "logging out", Doc: "a last refresh, to log out with"},
	{Is: TokenRevoking, Name: "revoking", Kind: fsm.Wait, Timers: of(TokenRevokeTimedOut), Group: "logging out", Doc: "the server is told of the logout"},
	{Is: TokenErasing, Name: "erasing", Kind: fsm.Wait, Timers: of(TokenEraseTimedOut), Group: "logging out", Doc: "the token is dropped; what is stored is being erased"},
	{Is: TokenParking, Name: "parking", Kind: fsm.Wait, Timers: of(TokenRefreshTimedOut), Group: "below another user", Doc: "what is in flight ends, then the token rests"},
	{Is: TokenParked, Name: "parked", Kind: fsm.Rest, Group: "below another user", Doc: "its user has logged in as another"},
	{Is: TokenParkedStale, Name: "parkedStale", Kind: fsm.Rest, Group: "below another user", Doc: "the same, past its life"},
	{Is: TokenSettling, Name: "settling", Kind: fsm.Wait, Timers: of(TokenRefreshTimedOut), Doc: "what is in flight ends and is stored, then all is over"},
}

var tokenEvents = []fsm.EventInfo[TokenEvent]{
	{Is: TokenAdopted, Name: "adopted", Cause: fsm.Peer, Doc: "the login answer has brought tokens", Carries: "Gen is the generation of the last token, whoever's; Arg says which"},
	{Is: TokenLoaded, Name: "loaded", Cause: fsm.Coupled, Doc: "there were stored tokens", Carries: "Gen is the generation of the last token, whoever's; Arg says which"},
	{Is: TokenStored, Name: "stored", Cause: fsm.Coupled, Doc: "the store has the token, or has failed", Carries: "Gen"},
	{Is: TokenAsked, Name: "asked", Cause: fsm.User, Doc: "an HTTP request needs a fresh token"},
	{Is: TokenNeeded, Name: "needed", Cause: fsm.Coupled, Doc: "a login or a socket needs a fresh token"},
	{Is: TokenRefused, Name: "refused", Cause: fsm.Failure, Doc: "the server has answered an HTTP request with 401", Carries: "Gen is the refused token's"},
	{Is: TokenRenewRequested, Name: "renewRequested", Cause: fsm.Failure, Doc: "the server has refused the token of a socket or a login", Carries: "Gen is the refused token's"},
	{Is: TokenExpired, Name: "expired", Cause: fsm.Timer, Doc: "the clock says that it is past its life", Carries: "Gen"},
	{Is: TokenRefreshed, Name: "refreshed", Cause: fsm.Peer, Doc: "the refresh has brought a new token", Carries: "Gen; Arg says which tokens came"},
	{Is: TokenUnavailable, Name: "unavailable", Cause: fsm.Failure, Doc: "no verdict on the refresh", Carries: "Gen; Arg is not 0 when the server asks to wait"},
	{Is: TokenRejected, Name: "rejected", Cause: fsm.Failure, Doc: "the refresh token is not valid", Carries: "Gen"},
	{Is: TokenRetriesSpent, Name: "retriesSpent", Cause: fsm.Failure, Doc: "the backoff gives no further delay", Carries: "Gen"},
	{Is: TokenParkRequested, Name: "parkRequested", Cause: fsm.Coupled, Doc: "its user has logged in as another"},
	{Is: TokenRestoreRequested, Name: "restoreRequested", Cause: fsm.Coupled, Doc: "its user is back", Carries: "Gen is the generation of the token that was in use"},
	{Is: TokenLeaveRequested, Name: "leaveRequested", Cause: fsm.Coupled, Doc: "the session is about to log out, or to close"},
	{Is: TokenEraseRequested, Name: "eraseRequested", Cause: fsm.Coupled, Doc: "what is stored must go", Carries: "Gen is the session's generation"},
	{Is: TokenErased, Name: "erased", Cause: fsm.Coupled, Doc: "what was stored is gone, or the store has failed", Carries: "Gen is that of the erasure asked for"},
	{Is: TokenRevokeRequested, Name: "revokeRequested", Cause: fsm.User, Doc: "the session logs out", Carries: "Arg says of which devices"},
	{Is: TokenSettleRequested, Name: "settleRequested", Cause: fsm.Coupled, Doc: "the session closes, and goes on another time"},
	{Is: TokenWoken, Name: "woken", Cause: fsm.User, Doc: "the application says that the network is back"},
	{Is: TokenRevoked, Name: "revoked", Cause: fsm.Peer, Doc: "the logout request has ended, well or not", Carries: "Gen"},
	{Is: TokenDropRequested, Name: "dropRequested", Cause: fsm.Coupled, Doc: "the session has no use for it any more"},
	{Is: TokenRefreshDue, Name: "refreshDue", Cause: fsm.Timer, Doc: "the token ends soon", Carries: "Gen"},
	{Is: TokenFloorPassed, Name: "floorPassed", Cause: fsm.Timer, Doc: "the least time between two refreshes is over", Carries: "Gen"},
	{Is: TokenStoreTimedOut, Name: "storeTimedOut", Cause: fsm.Timer, Doc: "the store has not answered in time", Carries: "Gen"},
	{Is: TokenRefreshTimedOut, Name: "refreshTimedOut", Cause: fsm.Timer, Doc: "no answer in time", Carries: "Gen"},
	{Is: TokenRetryDue, Name: "retryDue", Cause: fsm.Timer, Doc: "the backoff is over", Carries: "Gen"},
	{Is: TokenRevokeTimedOut, Name: "revokeTimedOut", Cause: fsm.Timer, Doc: "no answer in time", Carries: "Gen"},
	{Is: TokenEraseTimedOut, Name: "eraseTimedOut", Cause: fsm.Timer, Doc: "the store has not answered in time", Carries: "Gen"},
}

var tokenEffects = []fsm.EffectInfo[TokenEffect, TokenEvent]{
	{Is: TokenKeep, Name: "keep", Doc: "keep the pair that came, under this generation"},
	{Is: TokenReuse, Name: "reuse", Doc: "the pair that rested is the current one again, under this generation"},
	{Is: TokenStore, Name: "store", Answers: of(TokenStored), Doc: "store the pair"},
	{Is: TokenErase, Name: "erase", Answers: of(TokenErased), Doc: "erase what is stored"},
	{Is: TokenDrop, Name: "drop", Doc: "forget the pair"},
	{Is: TokenSendRefresh, Name: "sendRefresh", Answers: of(TokenRefreshed, TokenUnavailable, TokenRejected), Doc: "send the refresh request"},
	{Is: TokenCancelRefresh, Name: "cancelRefresh", Answers: of(TokenUnavailable), Doc: "give up the refresh in flight"},
	{Is: TokenSendLogout, Name: "sendLogout", Answers: of(TokenRevoked), Doc: "send the logout request"},
	{Is: TokenSendLogoutEverywhere, Name: "sendLogoutEverywhere", Answers: of(TokenRevoked), Doc: "send the request to log out every device"},
	{Is: TokenCancelLogout, Name: "cancelLogout", Answers: of(TokenRevoked), Doc: "give up the logout request in flight, if any"},
	{Is: TokenTellFresh, Name: "tellFresh", Doc: "waiting requests: here is a fresh token; nobody else waits"},
	{Is: TokenAnnounceFresh, Name: "announceFresh", Doc: "link and waiting requests: here is a fresh token"},
	{Is: TokenAnnounceUnavailable, Name: "announceUnavailable", Doc: "link and waiting requests: none for now"},
	{Is: TokenTellUnavailable, Name: "tellUnavailable", Doc: "waiting requests, but no socket: one may wait for the floor"},
	{Is: TokenTellStranger, Name: "tellStranger", Doc: "the request that asks, and no other: the refused token was another user's"},
	{Is: TokenTellLeaving, Name: "tellLeaving", Doc: "waiting requests: none, the session logs out"},
	{Is: TokenAnnounceAbsent, Name: "announceAbsent", Doc: "link and waiting requests: there is none"},
	{Is: TokenReportExpired, Name: "reportExpired", Doc: "link: the session has lost its token"},
	{Is: TokenReportRestored, Name: "reportRestored", Doc: "link: the session goes on with its user"},
	{Is: TokenReportGone, Name: "reportGone", Doc: "link: the session's logout is done"},
}

var (
	tokenAny     = states(tokenStates)
	tokenNeeds   = of(TokenAsked, TokenNeeded, TokenRefused, TokenRenewRequested)
	tokenEnding  = of(TokenLeaving, TokenRevoking, TokenErasing, TokenSettling)
	tokenFlying  = of(TokenStoring, TokenRefreshing, TokenRestoring, TokenParking)
	tokenBelow   = of(TokenParking, TokenParked, TokenParkedStale)
	tokenAnswers = of(TokenStored, TokenRefreshed, TokenUnavailable, TokenRejected, TokenRetriesSpent, TokenRevoked)
	tokenTimers  = of(TokenExpired, TokenRefreshDue, TokenFloorPassed, TokenStoreTimedOut, TokenRefreshTimedOut, TokenRetryDue, TokenRevokeTimedOut, TokenEraseTimedOut)
)

var (
	tokenIsStale    = &tokenGuard{Name: "stale", Holds: func(d *TokenData, e fsm.Event[TokenEvent]) bool { return e.Gen != d.Gen }}
	tokenIsStranger = &tokenGuard{Name: "ofAnotherUser", Holds: func(d *TokenData, e fsm.Event[TokenEvent]) bool { return later(e.Gen, d.Since) != e.Gen }}
	tokenIsOlder    = &tokenGuard{Name: "olderToken", Holds: func(d *TokenData, e fsm.Event[TokenEvent]) bool { return e.Gen != d.Gen }}
	tokenIsYoung    = &tokenGuard{Name: "young", Holds: func(d *TokenData, _ fsm.Event[TokenEvent]) bool { return d.Young }}
	tokenIsHeld     = &tokenGuard{Name: "youngAndRenewable", Holds: func(d *TokenData, _ fsm.Event[TokenEvent]) bool { return d.Young && d.Renewable }}
	tokenIsNested   = &tokenGuard{Name: "nested", Holds: func(d *TokenData, _ fsm.Event[TokenEvent]) bool { return d.Nested }}
	tokenIsErasing  = &tokenGuard{Name: "eraseInFlight", Holds: func(d *TokenData, _ fsm.Event[TokenEvent]) bool { return d.Erasing != 0 }}
	tokenIsErased   = &tokenGuard{Name: "earlierErase", Holds: func(d *TokenData, e fsm.Event[TokenEvent]) bool { return e.Gen != d.Erasing }}
	tokenIsLeft     = &tokenGuard{Name: "sessionLeaves", Holds: func(d *TokenData, _ fsm.Event[TokenEvent]) bool { return d.Left }}
	tokenIsWide     = &tokenGuard{Name: "everyDevice", Holds: func(d *TokenData, _ fsm.Event[TokenEvent]) bool { return d.Wide }}
	tokenIsAsked    = &tokenGuard{Name: "ofEveryDevice", Holds: func(_ *TokenData, e fsm.Event[TokenEvent]) bool { return e.Arg == EveryDevice }}
	tokenLoadsStale = &tokenGuard{Name: "storedStale", Holds: func(_ *TokenData, e fsm.Event[TokenEvent]) bool { return e.Arg == StaleAccess || e.Arg == StalePair }}
	tokenIsPaced    = &tokenGuard{Name: "serverAsksToWait", Holds: func(d *TokenData, _ fsm.Event[TokenEvent]) bool { return d.Paced }}
	tokenWanted     = &tokenGuard{Name: "wanted", Holds: func(d *TokenData, _ fsm.Event[TokenEvent]) bool { return d.Wanted }}
	tokenIsLast     = &tokenGuard{Name: "notRenewable", Holds: func(d *TokenData, _ fsm.Event[TokenEvent]) bool { return !d.Renewable }}
	tokenRenews     = &tokenGuard{Name: "renewable", Holds: func(d *TokenData, _ fsm.Event[TokenEvent]) bool { return d.Renewable }}

	tokenAdopt = &tokenUpdate{Name: "adopt", Apply: func(d *TokenData, e fsm.Event[TokenEvent]) {
		*d = TokenData{Gen: e.Gen + 1, Since: e.Gen + 1, Nested: d.Nested, Renewable: e.Arg == TokenPair || e.Arg == StalePair}
	}}
	tokenReplace = &tokenUpdate{Name: "replace", Apply: func(d *TokenData, e fsm.Event[TokenEvent]) {
		*d = TokenData{Gen: next(d), Since: d.Since, Nested: d.Nested, Renewable: e.Arg == TokenPair}
	}}
	tokenRefill = &tokenUpdate{Name: "refill", Apply: func(d *TokenData, e fsm.Event[TokenEvent]) { d.Renewable = e.Arg == TokenPair }}
	tokenRenew  = &tokenUpdate{Name: "renew", Apply: func(d *TokenData, e fsm.Event[TokenEvent]) {
		*d = TokenData{Gen: next(d), Since: d.Since, Nested: d.Nested, Renewable: e.Arg == TokenPair, Young: true, Erasing: d.Erasing, Left: d.Left, Wide: d.Wide}
	}}
	tokenBegin = &tokenUpdate{Name: "firstAttempt", Apply: func(d *TokenData, _ fsm.Event[TokenEvent]) {
		*d = TokenData{Gen: next(d), Since: d.Since, Nested: d.Nested, Renewable: d.Renewable, Erasing: d.Erasing, Left: d.Left}
	}}
	tokenRevoke = &tokenUpdate{Name: "firstAttemptOfDevices", Apply: func(d *TokenData, e fsm.Event[TokenEvent]) {
		*d = TokenData{Gen: next(d), Since: d.Since, Nested: d.Nested, Renewable: d.Renewable, Erasing: d.Erasing, Wide: e.Arg == EveryDevice}
	}}
	tokenNote  = &tokenUpdate{Name: "noteDevices", Apply: func(d *TokenData, e fsm.Event[TokenEvent]) { d.Wide = e.Arg == EveryDevice }}
	tokenRetry = &tokenUpdate{Name: "nextAttempt", Apply: func(d *TokenData, _ fsm.Event[TokenEvent]) {
		d.Gen, d.Attempt, d.Paced = next(d), saturated(d.Attempt), false
	}}
	tokenPace = &tokenUpdate{Name: "noteWait", Apply: func(d *TokenData, e fsm.Event[TokenEvent]) { d.Paced = e.Arg != 0 }}
	tokenWant = &tokenUpdate{Name: "want", Apply: func(d *TokenData, _ fsm.Event[TokenEvent]) { d.Wanted = true }}
	tokenGrow = &tokenUpdate{Name: "notYoung", Apply: func(d *TokenData, _ fsm.Event[TokenEvent]) { d.Young = false }}
	tokenRest = &tokenUpdate{Name: "rest", Apply: func(d *TokenData, _ fsm.Event[TokenEvent]) { d.Young, d.Wanted, d.Paced = false, false, false }}
	tokenDie  = &tokenUpdate{Name: "notRenewable", Apply: func(d *TokenData, _ fsm.Event[TokenEvent]) { d.Renewable = false }}
	tokenBack = &tokenUpdate{Name: "return", Apply: func(d *TokenData, e fsm.Event[TokenEvent]) { d.Gen, d.Since, d.Attempt = e.Gen+1, e.Gen+1, 0 }}
	tokenBury = &tokenUpdate{Name: "forgetInReturn", Apply: func(d *TokenData, e fsm.Event[TokenEvent]) {
		*d = TokenData{Gen: e.Gen + 1, Nested: d.Nested, Erasing: d.Erasing}
	}}
	tokenAwait = &tokenUpdate{Name: "returnLater", Apply: func(d *TokenData, e fsm.Event[TokenEvent]) { d.Since = e.Gen + 1 }}
	tokenRise  = &tokenUpdate{Name: "rise", Apply: func(d *TokenData, _ fsm.Event[TokenEvent]) { d.Gen = next(d) }}
	tokenQuit  = &tokenUpdate{Name: "noteLeaving", Apply: func(d *TokenData, _ fsm.Event[TokenEvent]) { d.Left = true }}
	tokenErase = &tokenUpdate{Name: "erase", Apply: func(d *TokenData, e fsm.Event[TokenEvent]) { d.Erasing = e.Gen }}
	tokenClean = &tokenUpdate{Name: "erased", Apply: func(d *TokenData, _ fsm.Event[TokenEvent]) { d.Erasing = 0 }}
	tokenClear = &tokenUpdate{Name: "forget", Apply: func(d *TokenData, _ fsm.Event[TokenEvent]) {
		*d = TokenData{Gen: d.Gen + 1, Nested: d.Nested, Erasing: d.Erasing}
	}}
)

// Token is the machine of the token.
var Token = fsm.MustDeclare(fsm.Declaration[TokenState, TokenEvent, TokenEffect, TokenData]{
	Name: "token", Initial: TokenAbsent,
	States: tokenStates, Events: tokenEvents, Effects: tokenEffects,
	Rows: []tokenRow{
		{From: tokenAny, On: append(tokenAnswers, tokenTimers...), If: tokenIsStale, Stay: true, Doc: "of a token or a request that is no longer the current one"},

		// A token comes. The master's is stored before anyone uses it.
		{From: of(TokenAbsent), On: of(TokenAdopted), If: tokenIsNested, To: TokenFresh, Set: tokenAdopt, Do: of(TokenKeep), Doc: "nobody waits: the sockets of the user before are about to close"},
		{From: of(TokenAbsent), On: of(TokenAdopted), To: TokenStoring, Set: tokenAdopt, Do: of(TokenKeep, TokenStore)},
		{From: of(TokenStoring), On: of(TokenAdopted), Stay: true, Set: tokenReplace, Do: of(TokenKeep, TokenStore), Doc: "the answer to a resume, right behind that to a refresh: what is stored is no longer the current one"},
		{From: of(TokenFresh, TokenStale), On: of(TokenAdopted), To: TokenStoring, Set: tokenReplace, Do: of(TokenKeep, TokenStore), Doc: "the answer to a resume has brought newer tokens"},
		{From: of(TokenRefreshing, TokenWaiting), On: of(TokenAdopted), To: TokenStoring, Set: tokenReplace, Do: of(TokenCancelRefresh, TokenKeep, TokenStore)},
		{From: append(append(of(TokenRestoring), tokenEnding...), tokenBelow...), On: of(TokenAdopted), Never: "leaving cancels a login, and below another user there is none"},
		{From: of(TokenAbsent), On: of(TokenLoaded), If: tokenLoadsStale, To: TokenStale, Set: tokenAdopt, Do: of(TokenKeep)},
		{From: of(TokenAbsent), On: of(TokenLoaded), To: TokenFresh, Set: tokenAdopt, Do: of(TokenKeep)},
		{From: fsm.Except(tokenAny, TokenAbsent), On: of(TokenLoaded), Never: "a resume begins only without a token"},
		{From: of(TokenStoring), On: of(TokenStored, TokenStoreTimedOut), To: TokenFresh, Do: of(TokenAnnounceFresh)},
		{From: of(TokenParking, TokenRestoring), On: of(TokenUnavailable), If: tokenIsLast, Stay: true, Doc: "no refresh is in flight: the token is on its way to the store"},
		{From: of(TokenParking), On: of(TokenRefreshTimedOut), If: tokenRenews, To: TokenParkedStale, Do: of(TokenCancelRefresh)},
		{From: of(TokenParking), On: of(TokenStored, TokenRefreshTimedOut), To: TokenParked, Doc: "also when the store hangs"},
		{From: of(TokenRestoring), On: of(TokenRefreshTimedOut), If: tokenRenews, To: TokenWaiting, Do: of(TokenCancelRefresh, TokenAnnounceUnavailable, TokenReportRestored)},
		{From: of(TokenRestoring), On: of(TokenStored, TokenRefreshTimedOut), To: TokenFresh, Set: tokenRise, Do: of(TokenReuse, TokenAnnounceFresh, TokenReportRestored)},
		{From: fsm.Except(tokenAny, TokenStoring, TokenParking, TokenRestoring, TokenSettling), On: of(TokenStored), Stay: true},
		{From: fsm.Except(tokenAny, TokenStoring), On: of(TokenStoreTimedOut), Stay: true},

		// Someone needs a fresh token, or the server has refused one.
		{From: of(TokenAbsent), On: tokenNeeds, Stay: true, Do: of(TokenAnnounceAbsent)},
		{From: tokenEnding, On: tokenNeeds, Stay: true, Do: of(TokenTellLeaving)},
		{From: of(TokenStoring, TokenFresh, TokenStale, TokenRefreshing, TokenWaiting, TokenRestoring), On: of(TokenRefused), If: tokenIsStranger, Stay: true, Do: of(TokenTellStranger), Doc: "no request of one user goes out again with the token of another"},
		{From: of(TokenFresh), On: of(TokenAsked), Stay: true, Do: of(TokenTellFresh)},
		{From: of(TokenFresh), On: of(TokenNeeded), Stay: true, Do: of(TokenAnnounceFresh)},
		{From: of(TokenFresh), On: of(TokenRefused, TokenRenewRequested), If: tokenIsOlder, Stay: true, Do: of(TokenAnnounceFresh), Doc: "a late 401: there is a newer token already"},
		{From: of(TokenFresh), On: of(TokenRefused), If: tokenIsYoung, Stay: true, Do: of(TokenTellUnavailable), Doc: "not before the floor has passed; the 401 is the caller's"},
		{From: of(TokenFresh), On: of(TokenRenewRequested), If: tokenIsHeld, Stay: true, Set: tokenWant, Doc: "who asks waits until the floor has passed"},
		{From: of(TokenFresh), On: of(TokenRefused, TokenRenewRequested), If: tokenRenews, To: TokenRefreshing, Set: tokenBegin, Do: of(TokenSendRefresh)},
		{From: of(TokenFresh), On: of(TokenRefused, TokenRenewRequested), Stay: true, Do: of(TokenAnnounceUnavailable), Doc: "it cannot be renewed; the 401 is the caller's"},
		{From: of(TokenStale, TokenWaiting), On: tokenNeeds, If: tokenIsLeft, Stay: true, Do: of(TokenTellLeaving)},
		{From: of(TokenStale), On: tokenNeeds, If: tokenRenews, To: TokenRefreshing, Set: tokenBegin, Do: of(TokenSendRefresh)},
		{From: of(TokenStale), On: tokenNeeds, To: TokenAbsent, Set: tokenClear, Do: of(TokenReportExpired, TokenDrop)},
		{From: of(TokenStoring, TokenRefreshing, TokenRestoring), On: tokenNeeds, Stay: true, Doc: "joins what is in flight"},
		{From: of(TokenWaiting), On: tokenNeeds, Stay: true, Do: of(TokenAnnounceUnavailable)},
		{From: tokenBelow, On: tokenNeeds, Never: "who needs a token is given the current user's"},

		// Time.
		{From: of(TokenFresh), On: of(TokenExpired), If: tokenIsYoung, Stay: true, Doc: "not before the floor has passed"},
		{From: of(TokenFresh), On: of(TokenRefreshDue, TokenExpired), If: tokenRenews, To: TokenRefreshing, Set: tokenBegin, Do: of(TokenSendRefresh)},
		{From: of(TokenFresh), On: of(TokenRefreshDue, TokenExpired), To: TokenStale},
		{From: of(TokenFresh), On: of(TokenFloorPassed), If: tokenWanted, To: TokenRefreshing, Set: tokenBegin, Do: of(TokenSendRefresh)},
		{From: of(TokenFresh), On: of(TokenFloorPassed), Stay: true, Set: tokenGrow},
		{From: of(TokenParked), On: of(TokenExpired), To: TokenParkedStale},
		{From: fsm.Except(tokenAny, TokenFresh), On: of(TokenRefreshDue, TokenFloorPassed), Stay: true, Doc: "a timer of a state already left"},
		{From: fsm.Except(tokenAny, TokenFresh, TokenParked), On: of(TokenExpired), Stay: true},

		// The verdict on a refresh. One that comes while waiting belongs to the request that timed out, and counts.
		{From: of(TokenRefreshing, TokenWaiting), On: of(TokenRefreshed), If: tokenIsNested, To: TokenFresh, Set: tokenRenew, Do: of(TokenKeep, TokenAnnounceFresh)},
		{From: of(TokenRefreshing, TokenWaiting), On: of(TokenRefreshed), To: TokenStoring, Set: tokenRenew, Do: of(TokenKeep, TokenStore)},
		{From: of(TokenRefreshing, TokenWaiting), On: of(TokenRejected), If: tokenIsLeft, To: TokenAbsent, Set: tokenClear, Do: of(TokenTellLeaving, TokenDrop)},
		{From: of(TokenRefreshing, TokenWaiting), On: of(TokenRejected), To: TokenAbsent, Set: tokenClear, Do: of(TokenReportExpired, TokenDrop)},
		{From: of(TokenRefreshing), On: of(TokenUnavailable), If: tokenIsLeft, To: TokenWaiting, Set: tokenPace, Do: of(TokenTellLeaving)},
		{From: of(TokenRefreshing), On: of(TokenUnavailable), To: TokenWaiting, Set: tokenPace, Do: of(TokenAnnounceUnavailable)},
		{From: of(TokenRefreshing), On: of(TokenRefreshTimedOut), If: tokenIsLeft, To: TokenWaiting, Do: of(TokenCancelRefresh, TokenTellLeaving)},
		{From: of(TokenRefreshing), On: of(TokenRefreshTimedOut), To: TokenWaiting, Do: of(TokenCancelRefresh, TokenAnnounceUnavailable)},
		{From: of(TokenWaiting), On: of(TokenUnavailable), Stay: true, Doc: "the request that timed out ends"},
		{From: of(TokenWaiting), On: of(TokenRetryDue), To: TokenRefreshing, Set: tokenRetry, Do: of(TokenSendRefresh)},
		{From: of(TokenWaiting), On: of(TokenWoken), If: tokenIsPaced, Stay: true, Doc: "it is the server who wants to be left alone"},
		{From: of(TokenWaiting), On: of(TokenWoken), To: TokenRefreshing, Set: tokenRetry, Do: of(TokenSendRefresh)},
		{From: fsm.Except(tokenAny, TokenWaiting), On: of(TokenWoken), Stay: true},
		{From: of(TokenWaiting), On: of(TokenRetriesSpent), To: TokenStale, Doc: "the next need tries again"},

		// Below another user. A refresh in flight ends first, since the server may have used up the pair, and what it brings is stored.
		{From: of(TokenFresh), On: of(TokenParkRequested), To: TokenParked, Set: tokenRest},
		{From: of(TokenStale, TokenWaiting), On: of(TokenParkRequested), To: TokenParkedStale, Set: tokenRest},
		{From: of(TokenStoring, TokenRefreshing, TokenRestoring), On: of(TokenParkRequested), To: TokenParking, Set: tokenRest, Do: of(TokenTellUnavailable)},
		{From: append(append(of(TokenAbsent), tokenEnding...), tokenBelow...), On: of(TokenParkRequested), Never: "a login as another begins with a fresh token, and leaving cancels it"},
		{From: of(TokenParking), On: of(TokenRefreshed), If: tokenIsNested, To: TokenParked, Set: tokenReplace, Do: of(TokenKeep)},
		{From: of(TokenParking), On: of(TokenRefreshed), Stay: true, Set: tokenRefill, Do: of(TokenKeep, TokenStore)},
		{From: of(TokenParking), On: of(TokenUnavailable), To: TokenParkedStale},
		{From: of(TokenParking), On: of(TokenRejected), To: TokenParkedStale, Set: tokenDie},
		{From: of(TokenParked), On: of(TokenRestoreRequested), To: TokenFresh, Set: tokenBack, Do: of(TokenReuse, TokenReportRestored)},
		{From: of(TokenParking), On: of(TokenRestoreRequested), To: TokenRestoring, Set: tokenAwait, Do: of(TokenReuse), Doc: "what is in flight is what is needed"},
		{From: of(TokenParkedStale), On: of(TokenRestoreRequested), If: tokenRenews, To: TokenRestoring, Set: tokenBack, Do: of(TokenReuse, TokenSendRefresh)},
		{From: of(TokenParkedStale), On: of(TokenRestoreRequested), To: TokenAbsent, Set: tokenBury, Do: of(TokenReportExpired, TokenDrop)},
		{From: fsm.Except(tokenAny, tokenBelow...), On: of(TokenRestoreRequested), Never: "only a token below another user's comes back"},
		{From: of(TokenRestoring), On: of(TokenRefreshed), If: tokenIsNested, To: TokenFresh, Set: tokenRenew, Do: of(TokenKeep, TokenAnnounceFresh, TokenReportRestored)},
		{From: of(TokenRestoring), On: of(TokenRefreshed), To: TokenStoring, Set: tokenRenew, Do: of(TokenKeep, TokenStore, TokenReportRestored)},
		{From: of(TokenRestoring), On: of(TokenRejected), To: TokenAbsent, Set: tokenClear, Do: of(TokenReportExpired, TokenDrop)},
		{From: of(TokenRestoring), On: of(TokenUnavailable), To: TokenWaiting, Set: tokenPace, Do: of(TokenAnnounceUnavailable, TokenReportRestored), Doc: "the session goes on, and so do the retries"},

		// Log out: a stale token is refreshed once to log out with; without one there is no request.
		{From: tokenAny, On: of(TokenLeaveRequested), Stay: true, Set: tokenQuit},
		{From: tokenAny, On: of(TokenEraseRequested), Stay: true, Set: tokenErase, Do: of(TokenErase)},
		{From: tokenAny, On: of(TokenErased), If: tokenIsErased, Stay: true, Doc: "for the logout or the login before: what is asked for now comes behind it"},
		{From: of(TokenErasing), On: of(TokenErased, TokenEraseTimedOut), To: TokenAbsent, Set: tokenClean, Do: of(TokenReportGone)},
		{From: fsm.Except(tokenAny, TokenErasing), On: of(TokenErased), Stay: true, Set: tokenClean},
		{From: fsm.Except(tokenAny, TokenErasing), On: of(TokenEraseTimedOut), Stay: true},
		{From: of(TokenAbsent), On: of(TokenRevokeRequested), If: tokenIsErasing, To: TokenErasing},
		{From: of(TokenAbsent), On: of(TokenRevokeRequested), Stay: true, Do: of(TokenReportGone)},
		{From: of(TokenFresh, TokenStoring), On: of(TokenRevokeRequested), If: tokenIsAsked, To: TokenRevoking, Set: tokenRevoke, Do: of(TokenTellLeaving, TokenSendLogoutEverywhere)},
		{From: of(TokenFresh, TokenStoring), On: of(TokenRevokeRequested), To: TokenRevoking, Set: tokenRevoke, Do: of(TokenTellLeaving, TokenSendLogout)},
		{From: of(TokenStale), On: of(TokenRevokeRequested), If: tokenRenews, To: TokenLeaving, Set: tokenRevoke, Do: of(TokenSendRefresh)},
		{From: of(TokenStale), On: of(TokenRevokeRequested), If: tokenIsErasing, To: TokenErasing, Set: tokenClear, Do: of(TokenDrop)},
		{From: of(TokenStale), On: of(TokenRevokeRequested), To: TokenAbsent, Set: tokenClear, Do: of(TokenDrop, TokenReportGone)},
		{From: of(TokenRefreshing, TokenRestoring), On: of(TokenRevokeRequested), To: TokenLeaving, Set: tokenNote, Do: of(TokenTellLeaving), Doc: "the refresh in flight is the last"},
		{From: of(TokenWaiting), On: of(TokenRevokeRequested), To: TokenLeaving, Set: tokenRevoke, Do: of(TokenSendRefresh)},
		{From: append(tokenBelow, tokenEnding...), On: of(TokenRevokeRequested), Never: "the session asks once, for the current user"},
		{From: of(TokenLeaving), On: of(TokenRefreshed), If: tokenIsWide, To: TokenRevoking, Set: tokenRenew, Do: of(TokenKeep, TokenSendLogoutEverywhere)},
		{From: of(TokenLeaving), On: of(TokenRefreshed), To: TokenRevoking, Set: tokenRenew, Do: of(TokenKeep, TokenSendLogout)},
		{From: of(TokenLeaving), On: of(TokenUnavailable, TokenRejected), If: tokenIsErasing, To: TokenErasing, Set: tokenClear, Do: of(TokenDrop)},
		{From: of(TokenLeaving), On: of(TokenUnavailable, TokenRejected), To: TokenAbsent, Set: tokenClear, Do: of(TokenDrop, TokenReportGone)},
		{From: of(TokenLeaving), On: of(TokenRefreshTimedOut), If: tokenIsErasing, To: TokenErasing, Set: tokenClear, Do: of(TokenCancelRefresh, TokenDrop)},
		{From: of(TokenLeaving), On: of(TokenRefreshTimedOut), To: TokenAbsent, Set: tokenClear, Do: of(TokenCancelRefresh, TokenDrop, TokenReportGone)},
		{From: of(TokenRevoking), On: of(TokenRevoked, TokenRevokeTimedOut), If: tokenIsErasing, To: TokenErasing, Set: tokenClear, Do: of(TokenCancelLogout, TokenDrop)},
		{From: of(TokenRevoking), On: of(TokenRevoked, TokenRevokeTimedOut), To: TokenAbsent, Set: tokenClear, Do: of(TokenCancelLogout, TokenDrop, TokenReportGone)},

		// Close: a token that comes is stored, for the server may have used up the one before.
		{From: tokenFlying, On: of(TokenSettleRequested), To: TokenSettling, Do: of(TokenTellLeaving)},
		{From: of(TokenAbsent), On: of(TokenSettleRequested), If: tokenIsErasing, To: TokenErasing},
		{From: fsm.Except(tokenAny, append(of(TokenSettling), tokenFlying...)...), On: of(TokenSettleRequested), Stay: true, Do: of(TokenReportGone)},
		{From: of(TokenSettling), On: of(TokenSettleRequested), Never: "the session asks once"},
		{From: of(TokenSettling), On: of(TokenRefreshed), Stay: true, Do: of(TokenKeep, TokenStore)},
		{From: of(TokenSettling), On: of(TokenStored, TokenUnavailable, TokenRejected), To: TokenAbsent, Set: tokenClear, Do: of(TokenDrop, TokenReportGone)},
		{From: of(TokenSettling), On: of(TokenRefreshTimedOut), To: TokenAbsent, Set: tokenClear, Do: of(TokenCancelRefresh, TokenDrop, TokenReportGone)},

		// Drop: nobody is told.
		{From: of(TokenAbsent), On: of(TokenDropRequested), Stay: true},
		{From: fsm.Except(tokenAny, TokenAbsent), On: of(TokenDropRequested), To: TokenAbsent, Set: tokenClear, Do: of(TokenCancelRefresh, TokenCancelLogout, TokenDrop)},

		// Answers and timers of states already left.
		{From: of(TokenAbsent, TokenStoring, TokenFresh, TokenStale, TokenParked, TokenParkedStale, TokenRevoking, TokenErasing), On: of(TokenRefreshed, TokenUnavailable, TokenRejected), Stay: true},
		{From: fsm.Except(tokenAny, TokenRefreshing, TokenParking, TokenRestoring, TokenLeaving, TokenSettling), On: of(TokenRefreshTimedOut), Stay: true},
		{From: fsm.Except(tokenAny, TokenWaiting), On: of(TokenRetryDue, TokenRetriesSpent), Stay: true},
		{From: fsm.Except(tokenAny, TokenRevoking), On: of(TokenRevoked, TokenRevokeTimedOut), Stay: true},
	},
})

// next returns the generation after a token's own, or its user's first, which
// lies ahead while one that was below another user has not been renewed yet.
func next(d *TokenData) uint32 { return later(d.Gen+1, d.Since) }

// later returns the later of two generations, which wrap around.
func later(a, b uint32) uint32 {
	if int32(a-b) < 0 {
		return b
	}
	return a
}
