package transitions

import "github.com/custom-app/interlock/fsm"

// TokenState is a state of the session's token.
type TokenState uint8

// The states of the token.
const (
	TokenAbsent TokenState = iota
	TokenFresh
	TokenStale
	TokenRefreshing
	TokenWaiting
	TokenLeaving
	TokenRevoking
)

// String returns the state's name.
func (s TokenState) String() string { return Token.StateName(s) }

// TokenEvent is an event of the token.
type TokenEvent uint8

// The events of the token.
const (
	TokenAdopted TokenEvent = iota + 1
	TokenNeeded
	TokenRefused
	TokenRenewRequested
	TokenExpired
	TokenRefreshed
	TokenUnavailable
	TokenRejected
	TokenRetriesSpent
	TokenRevokeRequested
	TokenRevoked
	TokenDropRequested
	TokenRefreshDue
	TokenFloorPassed
	TokenRefreshTimedOut
	TokenRetryDue
	TokenRevokeTimedOut
)

// TokenEffect is an effect of the token.
type TokenEffect uint8

// The effects of the token.
const (
	TokenKeep TokenEffect = iota
	TokenDrop
	TokenSendRefresh
	TokenCancelRefresh
	TokenSendLogout
	TokenCancelLogout
	TokenAnnounceFresh
	TokenAnnounceUnavailable
	TokenTellUnavailable
	TokenAnnounceAbsent
	TokenReportExpired
	TokenReportGone
)

// TokenData is what a token remembers beside its state.
type TokenData struct {
	Gen       uint32 // grows with every token and with every request about one; a fresh token's generation is this
	Attempt   uint16 // refresh requests sent again since one was answered
	Renewable bool   // there is a refresh token
	Young     bool   // refreshed less than the floor ago
	Wanted    bool   // a socket waits for a newer one, until the floor has passed
}

type (
	tokenGuard  = fsm.Guard[TokenData, TokenEvent]
	tokenUpdate = fsm.Update[TokenData, TokenEvent]
	tokenRow    = fsm.Row[TokenState, TokenEvent, TokenEffect, TokenData]
)

var tokenStates = []fsm.StateInfo[TokenState, TokenEvent]{
	{Is: TokenAbsent, Name: "absent", Kind: fsm.Rest, Doc: "no token"},
	{Is: TokenFresh, Name: "fresh", Kind: fsm.Rest, Timers: of(TokenRefreshDue, TokenFloorPassed), Doc: "usable"},
	{Is: TokenStale, Name: "stale", Kind: fsm.Rest, Doc: "past its life; the next need refreshes it"},
	{Is: TokenRefreshing, Name: "refreshing", Kind: fsm.Wait, Timers: of(TokenRefreshTimedOut), Doc: "one refresh is in flight, everyone joins it"},
	{Is: TokenWaiting, Name: "waiting", Kind: fsm.Wait, Timers: of(TokenRetryDue), Doc: "backoff before the next refresh"},
	{Is: TokenLeaving, Name: "leaving", Kind: fsm.Wait, Timers: of(TokenRefreshTimedOut), Doc: "a last refresh, to log out with"},
	{Is: TokenRevoking, Name: "revoking", Kind: fsm.Wait, Timers: of(TokenRevokeTimedOut), Doc: "the server is told of the logout"},
}

var tokenEvents = []fsm.EventInfo[TokenEvent]{
	{Is: TokenAdopted, Name: "adopted", Cause: fsm.Peer, Doc: "the login answer has brought tokens", Carries: "Arg says which"},
	{Is: TokenNeeded, Name: "needed", Cause: fsm.User, Doc: "an HTTP request or a socket needs a fresh token"},
	{Is: TokenRefused, Name: "refused", Cause: fsm.Failure, Doc: "the server has answered an HTTP request with 401", Carries: "Gen is the refused token's"},
	{Is: TokenRenewRequested, Name: "renewRequested", Cause: fsm.Failure, Doc: "the server has refused a socket's token", Carries: "Gen is the refused token's"},
	{Is: TokenExpired, Name: "expired", Cause: fsm.Timer, Doc: "the clock says that it is past its life", Carries: "Gen"},
	{Is: TokenRefreshed, Name: "refreshed", Cause: fsm.Peer, Doc: "the refresh has brought a new token", Carries: "Gen; Arg says which tokens came"},
	{Is: TokenUnavailable, Name: "unavailable", Cause: fsm.Failure, Doc: "no verdict on the refresh", Carries: "Gen"},
	{Is: TokenRejected, Name: "rejected", Cause: fsm.Failure, Doc: "the refresh token is not valid", Carries: "Gen"},
	{Is: TokenRetriesSpent, Name: "retriesSpent", Cause: fsm.Failure, Doc: "the backoff gives no further delay", Carries: "Gen"},
	{Is: TokenRevokeRequested, Name: "revokeRequested", Cause: fsm.User, Doc: "the session logs out"},
	{Is: TokenRevoked, Name: "revoked", Cause: fsm.Peer, Doc: "the logout request has ended, well or not", Carries: "Gen"},
	{Is: TokenDropRequested, Name: "dropRequested", Cause: fsm.Coupled, Doc: "the logout is out of time"},
	{Is: TokenRefreshDue, Name: "refreshDue", Cause: fsm.Timer, Doc: "the token ends soon", Carries: "Gen"},
	{Is: TokenFloorPassed, Name: "floorPassed", Cause: fsm.Timer, Doc: "the least time between two refreshes is over", Carries: "Gen"},
	{Is: TokenRefreshTimedOut, Name: "refreshTimedOut", Cause: fsm.Timer, Doc: "no answer in time", Carries: "Gen"},
	{Is: TokenRetryDue, Name: "retryDue", Cause: fsm.Timer, Doc: "the backoff is over", Carries: "Gen"},
	{Is: TokenRevokeTimedOut, Name: "revokeTimedOut", Cause: fsm.Timer, Doc: "no answer in time", Carries: "Gen"},
}

var tokenEffects = []fsm.EffectInfo[TokenEffect, TokenEvent]{
	{Is: TokenKeep, Name: "keep", Doc: "keep the pair that came, under this generation"},
	{Is: TokenDrop, Name: "drop", Doc: "forget the pair"},
	{Is: TokenSendRefresh, Name: "sendRefresh", Answers: of(TokenRefreshed, TokenUnavailable, TokenRejected), Doc: "send the refresh request"},
	{Is: TokenCancelRefresh, Name: "cancelRefresh", Answers: of(TokenUnavailable), Doc: "give up the refresh in flight"},
	{Is: TokenSendLogout, Name: "sendLogout", Answers: of(TokenRevoked), Doc: "send the logout request"},
	{Is: TokenCancelLogout, Name: "cancelLogout", Answers: of(TokenRevoked), Doc: "give up the logout request in flight, if any"},
	{Is: TokenAnnounceFresh, Name: "announceFresh", Doc: "link and waiting requests: here is a fresh token"},
	{Is: TokenAnnounceUnavailable, Name: "announceUnavailable", Doc: "link and waiting requests: none for now"},
	{Is: TokenTellUnavailable, Name: "tellUnavailable", Doc: "waiting requests, but no socket: one may wait for the floor"},
	{Is: TokenAnnounceAbsent, Name: "announceAbsent", Doc: "link and waiting requests: there is none"},
	{Is: TokenReportExpired, Name: "reportExpired", Doc: "link: the session has lost its token"},
	{Is: TokenReportGone, Name: "reportGone", Doc: "link: the session's logout is done"},
}

var (
	tokenAny     = states(tokenStates)
	tokenAnswers = of(TokenRefreshed, TokenUnavailable, TokenRejected, TokenRetriesSpent, TokenRevoked)
	tokenTimers  = of(TokenExpired, TokenRefreshDue, TokenFloorPassed, TokenRefreshTimedOut, TokenRetryDue, TokenRevokeTimedOut)
)

var (
	tokenIsStale = &tokenGuard{Name: "stale", Holds: func(d *TokenData, e fsm.Event[TokenEvent]) bool { return e.Gen != d.Gen }}
	tokenIsOlder = &tokenGuard{Name: "olderToken", Holds: func(d *TokenData, e fsm.Event[TokenEvent]) bool { return e.Gen != d.Gen }}
	tokenIsYoung = &tokenGuard{Name: "young", Holds: func(d *TokenData, _ fsm.Event[TokenEvent]) bool { return d.Young }}
	tokenIsHeld  = &tokenGuard{Name: "youngAndRenewable", Holds: func(d *TokenData, _ fsm.Event[TokenEvent]) bool { return d.Young && d.Renewable }}
	tokenWanted  = &tokenGuard{Name: "wanted", Holds: func(d *TokenData, _ fsm.Event[TokenEvent]) bool { return d.Wanted }}
	tokenRenews  = &tokenGuard{Name: "renewable", Holds: func(d *TokenData, _ fsm.Event[TokenEvent]) bool { return d.Renewable }}

	tokenAdopt = &tokenUpdate{Name: "adopt", Apply: func(d *TokenData, e fsm.Event[TokenEvent]) {
		*d = TokenData{Gen: d.Gen + 1, Renewable: e.Arg == TokenPair}
	}}
	tokenRenew = &tokenUpdate{Name: "renew", Apply: func(d *TokenData, e fsm.Event[TokenEvent]) {
		*d = TokenData{Gen: d.Gen + 1, Renewable: e.Arg == TokenPair, Young: true}
	}}
	tokenBegin = &tokenUpdate{Name: "firstAttempt", Apply: func(d *TokenData, _ fsm.Event[TokenEvent]) {
		*d = TokenData{Gen: d.Gen + 1, Renewable: d.Renewable}
	}}
	tokenRetry = &tokenUpdate{Name: "nextAttempt", Apply: func(d *TokenData, _ fsm.Event[TokenEvent]) { d.Gen, d.Attempt = d.Gen+1, saturated(d.Attempt) }}
	tokenWant  = &tokenUpdate{Name: "want", Apply: func(d *TokenData, _ fsm.Event[TokenEvent]) { d.Wanted = true }}
	tokenGrow  = &tokenUpdate{Name: "notYoung", Apply: func(d *TokenData, _ fsm.Event[TokenEvent]) { d.Young = false }}
	tokenClear = &tokenUpdate{Name: "forget", Apply: func(d *TokenData, _ fsm.Event[TokenEvent]) { *d = TokenData{Gen: d.Gen + 1} }}
)

// Token is the machine of the token.
var Token = fsm.MustDeclare(fsm.Declaration[TokenState, TokenEvent, TokenEffect, TokenData]{
	Name: "token", Initial: TokenAbsent,
	States: tokenStates, Events: tokenEvents, Effects: tokenEffects,
	Rows: []tokenRow{
		{From: tokenAny, On: append(tokenAnswers, tokenTimers...), If: tokenIsStale, Stay: true, Doc: "of a token or a request that is no longer the current one"},

		{From: of(TokenAbsent), On: of(TokenAdopted), To: TokenFresh, Set: tokenAdopt, Do: of(TokenKeep), Doc: "nobody waits: before the login there was none to wait for"},
		{From: fsm.Except(tokenAny, TokenAbsent), On: of(TokenAdopted), Never: "a login begins only without a token"},

		// Someone needs a fresh token, or the server has refused one.
		{From: of(TokenAbsent, TokenLeaving, TokenRevoking), On: of(TokenNeeded, TokenRefused, TokenRenewRequested), Stay: true, Do: of(TokenAnnounceAbsent)},
		{From: of(TokenFresh), On: of(TokenNeeded), Stay: true, Do: of(TokenAnnounceFresh)},
		{From: of(TokenFresh), On: of(TokenRefused, TokenRenewRequested), If: tokenIsOlder, Stay: true, Do: of(TokenAnnounceFresh), Doc: "a late 401: there is a newer token already"},
		{From: of(TokenFresh), On: of(TokenRefused), If: tokenIsYoung, Stay: true, Do: of(TokenTellUnavailable), Doc: "not before the floor has passed; the 401 is the caller's"},
		{From: of(TokenFresh), On: of(TokenRenewRequested), If: tokenIsHeld, Stay: true, Set: tokenWant, Doc: "the socket waits until the floor has passed"},
		{From: of(TokenFresh), On: of(TokenRefused, TokenRenewRequested), If: tokenRenews, To: TokenRefreshing, Set: tokenBegin, Do: of(TokenSendRefresh)},
		{From: of(TokenFresh), On: of(TokenRefused, TokenRenewRequested), Stay: true, Do: of(TokenAnnounceUnavailable), Doc: "it cannot be renewed; the 401 is the caller's"},
		{From: of(TokenStale), On: of(TokenNeeded, TokenRefused, TokenRenewRequested), If: tokenRenews, To: TokenRefreshing, Set: tokenBegin, Do: of(TokenSendRefresh)},
		{From: of(TokenStale), On: of(TokenNeeded, TokenRefused, TokenRenewRequested), To: TokenAbsent, Set: tokenClear, Do: of(TokenDrop, TokenReportExpired)},
		{From: of(TokenRefreshing), On: of(TokenNeeded, TokenRefused, TokenRenewRequested), Stay: true, Doc: "joins the refresh in flight"},
		{From: of(TokenWaiting), On: of(TokenNeeded, TokenRefused, TokenRenewRequested), Stay: true, Do: of(TokenAnnounceUnavailable)},

		// Time.
		{From: of(TokenFresh), On: of(TokenExpired), If: tokenIsYoung, Stay: true, Doc: "not before the floor has passed"},
		{From: of(TokenFresh), On: of(TokenRefreshDue, TokenExpired), If: tokenRenews, To: TokenRefreshing, Set: tokenBegin, Do: of(TokenSendRefresh)},
		{From: of(TokenFresh), On: of(TokenRefreshDue, TokenExpired), To: TokenStale},
		{From: of(TokenFresh), On: of(TokenFloorPassed), If: tokenWanted, To: TokenRefreshing, Set: tokenBegin, Do: of(TokenSendRefresh)},
		{From: of(TokenFresh), On: of(TokenFloorPassed), Stay: true, Set: tokenGrow},
		{From: fsm.Except(tokenAny, TokenFresh), On: of(TokenRefreshDue, TokenExpired, TokenFloorPassed), Stay: true, Doc: "a timer of a state already left"},

		// The verdict on a refresh. One that comes while waiting belongs to the request that timed out, and counts.
		{From: of(TokenRefreshing, TokenWaiting), On: of(TokenRefreshed), To: TokenFresh, Set: tokenRenew, Do: of(TokenKeep, TokenAnnounceFresh)},
		{From: of(TokenRefreshing, TokenWaiting), On: of(TokenRejected), To: TokenAbsent, Set: tokenClear, Do: of(TokenDrop, TokenReportExpired)},
		{From: of(TokenRefreshing), On: of(TokenUnavailable), To: TokenWaiting, Do: of(TokenAnnounceUnavailable)},
		{From: of(TokenRefreshing), On: of(TokenRefreshTimedOut), To: TokenWaiting, Do: of(TokenCancelRefresh, TokenAnnounceUnavailable)},
		{From: of(TokenWaiting), On: of(TokenUnavailable), Stay: true, Doc: "the request that timed out ends"},
		{From: of(TokenWaiting), On: of(TokenRetryDue), To: TokenRefreshing, Set: tokenRetry, Do: of(TokenSendRefresh)},
		{From: of(TokenWaiting), On: of(TokenRetriesSpent), To: TokenStale, Doc: "the next need tries again"},

		// Log out: a stale token is refreshed once to log out with; without one there is no request.
		{From: of(TokenAbsent), On: of(TokenRevokeRequested), Stay: true, Do: of(TokenReportGone)},
		{From: of(TokenFresh), On: of(TokenRevokeRequested), To: TokenRevoking, Set: tokenBegin, Do: of(TokenSendLogout)},
		{From: of(TokenStale), On: of(TokenRevokeRequested), If: tokenRenews, To: TokenLeaving, Set: tokenBegin, Do: of(TokenSendRefresh)},
		{From: of(TokenStale), On: of(TokenRevokeRequested), To: TokenAbsent, Set: tokenClear, Do: of(TokenDrop, TokenReportGone)},
		{From: of(TokenRefreshing), On: of(TokenRevokeRequested), To: TokenLeaving, Doc: "the refresh in flight is the last"},
		{From: of(TokenWaiting), On: of(TokenRevokeRequested), To: TokenLeaving, Set: tokenBegin, Do: of(TokenSendRefresh)},
		{From: of(TokenLeaving, TokenRevoking), On: of(TokenRevokeRequested), Never: "the session asks once"},
		{From: of(TokenLeaving), On: of(TokenRefreshed), To: TokenRevoking, Set: tokenRenew, Do: of(TokenKeep, TokenSendLogout)},
		{From: of(TokenLeaving), On: of(TokenUnavailable, TokenRejected), To: TokenAbsent, Set: tokenClear, Do: of(TokenDrop, TokenReportGone)},
		{From: of(TokenLeaving), On: of(TokenRefreshTimedOut), To: TokenAbsent, Set: tokenClear, Do: of(TokenCancelRefresh, TokenDrop, TokenReportGone)},
		{From: of(TokenRevoking), On: of(TokenRevoked), To: TokenAbsent, Set: tokenClear, Do: of(TokenDrop, TokenReportGone)},
		{From: of(TokenRevoking), On: of(TokenRevokeTimedOut), To: TokenAbsent, Set: tokenClear, Do: of(TokenCancelLogout, TokenDrop, TokenReportGone)},
		{From: of(TokenAbsent), On: of(TokenDropRequested), Stay: true},
		{From: fsm.Except(tokenAny, TokenAbsent), On: of(TokenDropRequested), To: TokenAbsent, Set: tokenClear, Do: of(TokenCancelRefresh, TokenCancelLogout, TokenDrop)},

		// Answers and timers of states already left.
		{From: of(TokenAbsent, TokenFresh, TokenStale, TokenRevoking), On: of(TokenRefreshed, TokenUnavailable, TokenRejected), Stay: true},
		{From: fsm.Except(tokenAny, TokenRefreshing, TokenLeaving), On: of(TokenRefreshTimedOut), Stay: true},
		{From: fsm.Except(tokenAny, TokenWaiting), On: of(TokenRetryDue, TokenRetriesSpent), Stay: true},
		{From: fsm.Except(tokenAny, TokenRevoking), On: of(TokenRevoked, TokenRevokeTimedOut), Stay: true},
	},
})
