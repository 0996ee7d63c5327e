package transitions

import "github.com/custom-app/interlock/fsm"

// Kind is one of the coupled machines.
type Kind uint8

// The coupled machines.
const (
	SessionKind Kind = iota
	LoginKind
	TokenKind
	SocketKind
	SubscriptionKind
	RequestKind
	kinds
)

var kindNames = [kinds]string{"session", "login", "token", "socket", "subscription", "request"}

// String returns the machine's name.
func (k Kind) String() string {
	if k < kinds {
		return kindNames[k]
	}
	return "no machine"
}

// Port is an effect or an event of one machine.
type Port struct {
	Machine Kind
	Number  uint8
}

// Scope says which machines of a kind a link reaches, or a quorum asks. There is
// one session and one login in a core, one token for the user and one for each
// user below, several sockets, and many subscriptions and requests.
type Scope uint8

// The scopes.
const (
	TheOne           Scope = iota // the session, the login, or the token of the current user
	AddedToken                    // another token machine, added for the user who becomes the current one
	PreviousToken                 // the token of the user below the current one
	MasterToken                   // the token of the user who has logged in first
	EachToken                     // every token, the current user's first
	EachSocket                    // every socket
	EachUserSocket                // every socket that ends with the user: all but the public ones opened before login
	EachEarlySocket               // every socket that may open before login
	EachGroupSocket               // every socket of the group that the session has come to
	EachChainSocket               // every socket of the groups up to that
	EachAddedSocket               // every socket that was added while running
	SameSocket                    // the socket that the effect came from
	OneSocket                     // the socket whose id the cause carries as Arg, if it is still there
	OwnSocket                     // the socket of the subscription or the request
	EachSubscription              // every subscription of the socket, in the order of their ids
	OneSubscription               // the subscription whose id the cause carries as Arg
	EachRequest                   // every pending request of the socket, in the order of submission
	OneRequest                    // the request whose id the cause carries as Arg
)

var scopeNames = [...]string{
	"", "one more token", "the previous user's token", "the master's token", "each token",
	"each socket", "each socket of the user", "each early socket", "each socket of the group", "each socket of the chain so far",
	"each added socket", "itself", "that socket", "its socket", "each of its subscriptions", "that subscription", "each of its requests", "that request",
}

// String returns the scope in words.
func (s Scope) String() string { return scopeNames[s] }

// Carry says what number a link puts into an event.
type Carry uint8

// What links carry.
const (
	Nothing       Carry = iota
	OwnGeneration       // the generation of the machine the effect came from
	OfferedToken        // the generation of the token that the socket or the login offered
	CurrentToken        // the generation of the current user's token
	UserToken           // the generation of the current user's first token
	LastToken           // the greatest generation that any token of the session has had
	CauseArg            // the Arg of the event that caused the effect
	OwnID               // the id of the machine the effect came from
	Devices             // of which devices the session logs out
	MetNeed             // the greatest need of requests that the socket meets
)

var carryNames = [...]string{"", "its generation", "the offered token's generation", "the current token's generation", "the user's first token's generation", "the last token's generation", "the cause's argument", "its id", "which devices", "the need that it meets"}

// String returns what is carried, in words.
func (c Carry) String() string { return carryNames[c] }

// Link says that an effect of one machine is an event of another.
type Link struct {
	From  Port // an effect
	To    Port // an event
	Scope Scope
	Gen   Carry
	Arg   Carry
	Doc   string
}

// Quorum posts to the session what all sockets of a scope say together: Up while
// every one is in one of the states, Down while not every one is. It is looked at
// whenever no internal event waits, and posts only what moves the session; so it
// works without any socket, and never waits for an edge that does not come.
type Quorum struct {
	Over Scope
	All  []SocketState
	Up   SessionEvent // 0: nothing is posted
	Down SessionEvent // 0: nothing is posted
	Doc  string
}

// Gather posts to a socket what its subscriptions say together: Up while every
// one is in one of the states. It is looked at as quorums are, before them.
type Gather struct {
	All []SubscriptionState
	Up  SocketEvent
	Doc string
}

// Policy says who gives way when a socket's buffer of requests is full.
type Policy uint8

// The policies.
const (
	DropOldest Policy = iota // the request submitted first is dropped
	DropNewest               // the request just submitted is dropped
	Refuse                   // the request just submitted is refused
	oversize                 // the request just submitted can never fit
)

var policyNames = [...]string{"dropOldest", "dropNewest", "refuse", "oversize"}

// String returns the policy's name.
func (p Policy) String() string { return policyNames[p] }

// Bound posts to a buffered request when its socket's buffer of its need holds
// more than its limit, until it no longer does.
type Bound struct {
	Policy Policy
	Newest bool // the request submitted last; else the first
	Post   RequestEvent
	Doc    string
}

var links = []Link{
	{From: port(SessionStartLogin), To: port(LoginStarted), Arg: CauseArg},
	{From: port(SessionStartResume), To: port(LoginResumeStarted), Arg: CauseArg},
	{From: port(SessionStartLoginAs), To: port(LoginAsStarted), Arg: CauseArg},
	{From: port(SessionCancelLogin), To: port(LoginCancelled)},
	{From: port(SessionTellLoggedIn), To: port(LoginLoggedIn)},
	{From: port(SessionReportReady), To: port(LoginReady)},
	{From: port(SessionReportDegraded), To: port(LoginSocketsFailed)},
	{From: port(SessionReportDetached), To: port(LoginSocketsFailed)},
	{From: port(SessionForgetSockets), To: port(SocketRemoveRequested), Scope: EachAddedSocket},
	{From: port(SessionOpenGroup), To: port(SocketOpenRequested), Scope: EachGroupSocket, Arg: UserToken},
	{From: port(SessionOpenChain), To: port(SocketOpenRequested), Scope: EachChainSocket, Arg: UserToken},
	{From: port(SessionOpenEarly), To: port(SocketEarlyRequested), Scope: EachEarlySocket},
	{From: port(SessionOpenSocket), To: port(SocketReopenRequested), Scope: OneSocket},
	{From: port(SessionCloseSocket), To: port(SocketCloseRequested), Scope: OneSocket},
	{From: port(SessionRemoveSocket), To: port(SocketRemoveRequested), Scope: OneSocket},
	{From: port(SessionWake), To: port(TokenWoken)},
	{From: port(SessionWake), To: port(SocketWoken), Scope: EachSocket},
	{From: port(SessionAnnounceLeaving), To: port(TokenLeaveRequested)},
	{From: port(SessionCloseSockets), To: port(SocketCloseRequested), Scope: EachUserSocket},
	{From: port(SessionCloseAll), To: port(SocketCloseRequested), Scope: EachSocket},
	{From: port(SessionAbortSockets), To: port(SocketAbortRequested), Scope: EachUserSocket},
	{From: port(SessionAbortAll), To: port(SocketAbortRequested), Scope: EachSocket},
	{From: port(SessionRevokeToken), To: port(TokenRevokeRequested), Arg: Devices},
	{From: port(SessionSettleToken), To: port(TokenSettleRequested), Scope: MasterToken},
	{From: port(SessionEraseToken), To: port(TokenEraseRequested), Scope: MasterToken, Gen: OwnGeneration},
	{From: port(SessionDropToken), To: port(TokenDropRequested)},
	{From: port(SessionDropTokens), To: port(TokenDropRequested), Scope: EachToken},
	{From: port(SessionRestoreToken), To: port(TokenRestoreRequested), Scope: PreviousToken, Gen: CurrentToken},
	{From: port(SessionReportLeft), To: port(SessionLeft), Doc: "behind the others, so that logout returns when all is gone"},

	{From: port(LoginLoadToken), To: port(TokenLoaded), Gen: LastToken, Arg: CauseArg},
	{From: port(LoginNeedToken), To: port(TokenNeeded)},
	{From: port(LoginRefuseToken), To: port(TokenRenewRequested), Gen: OfferedToken},
	{From: port(LoginAdoptToken), To: port(TokenAdopted), Gen: LastToken, Arg: CauseArg, Doc: "before the session is told, so that its sockets find a token"},
	{From: port(LoginParkToken), To: port(TokenParkRequested)},
	{From: port(LoginAddToken), To: port(TokenAdopted), Scope: AddedToken, Gen: LastToken, Arg: CauseArg},
	{From: port(LoginReportAccepted), To: port(SessionLoginAccepted)},
	{From: port(LoginReportUser), To: port(SessionUserAccepted)},
	{From: port(LoginReportRejected), To: port(SessionLoginRejected)},
	{From: port(LoginReportGivenUp), To: port(SessionLoginGivenUp)},

	{From: port(TokenAnnounceFresh), To: port(SocketTokenFresh), Scope: EachSocket, Arg: OwnGeneration},
	{From: port(TokenAnnounceFresh), To: port(LoginTokenFresh), Arg: OwnGeneration},
	{From: port(TokenAnnounceUnavailable), To: port(SocketTokenUnavailable), Scope: EachSocket},
	{From: port(TokenAnnounceUnavailable), To: port(LoginTokenUnavailable)},
	{From: port(TokenAnnounceAbsent), To: port(SocketTokenAbsent), Scope: EachSocket},
	{From: port(TokenAnnounceAbsent), To: port(LoginTokenAbsent)},
	{From: port(TokenReportExpired), To: port(SessionTokenExpired)},
	{From: port(TokenReportExpired), To: port(LoginTokenAbsent)},
	{From: port(TokenReportExpired), To: port(SocketTokenUnavailable), Scope: EachSocket},
	{From: port(TokenReportRestored), To: port(SessionTokenRestored)},
	{From: port(TokenReportGone), To: port(SessionTokenGone)},

	{From: port(SocketNeedToken), To: port(TokenNeeded)},
	{From: port(SocketRefuseToken), To: port(TokenRenewRequested), Gen: OfferedToken},
	{From: port(SocketReleaseSubscriptions), To: port(SubscriptionReleased), Scope: EachSubscription},
	{From: port(SocketReleaseSubscription), To: port(SubscriptionReleased), Scope: OneSubscription},
	{From: port(SocketReleaseRequests), To: port(RequestRelease), Scope: EachRequest, Arg: MetNeed},
	{From: port(SocketReleaseRequest), To: port(RequestRelease), Scope: OneRequest, Arg: MetNeed},
	{From: port(SocketRefuseRequest), To: port(RequestClose), Scope: OneRequest},
	{From: port(SocketRefuseSubscription), To: port(SubscriptionClosed), Scope: OneSubscription},
	{From: port(SocketReportReady), To: port(SocketReadyReported), Scope: SameSocket, Doc: "behind the requests, so that they are on their way when the application is told"},
	{From: port(SocketLosePending), To: port(RequestLose), Scope: EachRequest},
	{From: port(SocketLosePending), To: port(SubscriptionLost), Scope: EachSubscription},
	{From: port(SocketClosePending), To: port(RequestClose), Scope: EachRequest},
	{From: port(SocketClosePending), To: port(SubscriptionClosed), Scope: EachSubscription},

	{From: port(SubscriptionAskSocket), To: port(SocketSubscriptionAdded), Scope: OwnSocket, Arg: OwnID},
	{From: port(SubscriptionReportRejected), To: port(SocketSubscriptionRejected), Scope: OwnSocket},
	{From: port(SubscriptionReportFailed), To: port(SocketSubscriptionFailed), Scope: OwnSocket},
	{From: port(RequestAskSocket), To: port(SocketRequestSubmitted), Scope: OwnSocket, Arg: OwnID},
}

// A socket that the application has closed, or whose group has not been opened
// yet, holds nobody up.
var (
	socketGone   = of(SocketClosed, SocketRemoved)
	socketServes = append(of(SocketClosing, SocketClosed, SocketRemoved), socketReady...)
)

var quorums = []Quorum{
	{Over: EachSocket, All: fsm.Except(socketAny, SocketFailed), Up: SessionSocketsSound, Down: SessionSocketFailed, Doc: "one socket that failed for good degrades the session"},
	{Over: EachSocket, All: append(of(SocketAuthed), socketServes...), Up: SessionSocketsAuthed, Down: SessionSocketsNotAuthed, Doc: "the slowest socket says"},
	{Over: EachSocket, All: socketServes, Up: SessionSocketsReady, Down: SessionSocketsNotReady, Doc: "the slowest socket says"},
	{Over: EachUserSocket, All: socketGone, Up: SessionSocketsClosed, Doc: "sockets are closed before the server is told"},
	{Over: EachSocket, All: socketGone, Up: SessionAllClosed, Doc: "the sockets opened before login too"},
}

var gathers = []Gather{
	{All: of(SubscriptionActive, SubscriptionLeaving, SubscriptionRemoved), Up: SocketSubscriptionsActive, Doc: "the slowest subscription says"},
}

var bounds = []Bound{
	{Policy: oversize, Newest: true, Post: RequestRefuse, Doc: "larger than the whole buffer"},
	{Policy: DropOldest, Newest: false, Post: RequestOverflow},
	{Policy: DropNewest, Newest: true, Post: RequestOverflow},
	{Policy: Refuse, Newest: true, Post: RequestRefuse},
}

// port names an effect or an event by its typed number.
func port[T SessionEvent | SessionEffect | LoginEvent | LoginEffect | TokenEvent | TokenEffect |
	SocketEvent | SocketEffect | SubscriptionEvent | SubscriptionEffect | RequestEvent | RequestEffect](number T) Port {
	switch any(number).(type) {
	case SessionEvent, SessionEffect:
		return Port{SessionKind, uint8(number)}
	case LoginEvent, LoginEffect:
		return Port{LoginKind, uint8(number)}
	case TokenEvent, TokenEffect:
		return Port{TokenKind, uint8(number)}
	case SocketEvent, SocketEffect:
		return Port{SocketKind, uint8(number)}
	case SubscriptionEvent, SubscriptionEffect:
		return Port{SubscriptionKind, uint8(number)}
	default:
		return Port{RequestKind, uint8(number)}
	}
}
