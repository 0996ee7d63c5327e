package proof

import (
	t "github.com/custom-app/interlock/transitions"
)

// sessionConduct says what the session's effects are for.
var sessionConduct = []conduct{
	{Name: "S1 a login begins with the ticket of its command", Does: ports(t.SessionStartLogin), Meets: port(t.LoginStarted), Arg: asTold},
	{Name: "S4 a resume begins with the ticket of its command", Does: ports(t.SessionStartResume), Meets: port(t.LoginResumeStarted), Arg: asTold},
	{Name: "S5 a login as another begins with the ticket of its command", Does: ports(t.SessionStartLoginAs), Meets: port(t.LoginAsStarted), Arg: asTold},
	{Name: "S8 leaving cancels the login in flight", Does: ports(t.SessionCancelLogin), Meets: port(t.LoginCancelled)},
	{Name: "S9 who does not wait for sockets has an answer once there is a login", Does: ports(t.SessionTellLoggedIn), Meets: port(t.LoginLoggedIn)},
	{Name: "S9 who waits for the sockets is told that they are ready", Does: ports(t.SessionReportReady), Meets: port(t.LoginReady)},
	{Name: "S9 who waits for the sockets is told that they will not be ready", Does: ports(t.SessionReportDegraded, t.SessionReportDetached), Meets: port(t.LoginSocketsFailed)},

	{Name: "K1 the first group opens with its user, and the next one when it is made", Does: ports(t.SessionOpenGroup), Meets: port(t.SocketOpenRequested), At: inNextGroup, Arg: firstOfUser},
	{Name: "K16 who opens the sockets opens those of every group so far", Does: ports(t.SessionOpenChain), Meets: port(t.SocketOpenRequested), At: inGroupSoFar, Arg: firstOfUser},
	{Name: "S13 before login only those open that may", Does: ports(t.SessionOpenEarly), Meets: port(t.SocketEarlyRequested), At: mayOpenEarly},
	{Name: "K16 one socket opens by hand, and no other", Does: ports(t.SessionOpenSocket), Meets: port(t.SocketReopenRequested), At: isNamed},
	{Name: "K16 one socket closes by hand, and no other", Does: ports(t.SessionCloseSocket), Meets: port(t.SocketCloseRequested), At: isNamed},
	{Name: "K1 one socket is removed, and no other", Does: ports(t.SessionRemoveSocket), Meets: port(t.SocketRemoveRequested), At: isNamed},
	{Name: "K1 what was added for one login goes with it", Does: ports(t.SessionForgetSockets), Meets: port(t.SocketRemoveRequested), At: wasAdded},
	{Name: "K15 a hint reaches the current user's token", Does: ports(t.SessionWake), Meets: port(t.TokenWoken), At: isCurrent},
	{Name: "K15 a hint reaches every socket", Does: ports(t.SessionWake), Meets: port(t.SocketWoken), At: isAny},

	{Name: "S6 every socket that ends with the user closes, and no other", Does: ports(t.SessionCloseSockets), Meets: port(t.SocketCloseRequested), At: endsWithUser},
	{Name: "27 out of time every socket that ends with the user is gone, and no other", Does: ports(t.SessionAbortSockets), Meets: port(t.SocketAbortRequested), At: endsWithUser},
	{Name: "K16 every socket closes", Does: ports(t.SessionCloseAll), Meets: port(t.SocketCloseRequested), At: isAny},
	{Name: "K8 out of time every socket is gone", Does: ports(t.SessionAbortAll), Meets: port(t.SocketAbortRequested), At: isAny},
	{Name: "T8 nobody is refreshed for while the current user leaves", Does: ports(t.SessionAnnounceLeaving), Meets: port(t.TokenLeaveRequested), At: isCurrent},
	{Name: "S6 the current user's token is revoked, for the devices that were asked for", Does: ports(t.SessionRevokeToken), Meets: port(t.TokenRevokeRequested), At: isCurrent, Arg: ofDevices},
	{Name: "7 what the master's refresh may bring is stored before all is closed", Does: ports(t.SessionSettleToken), Meets: port(t.TokenSettleRequested), At: isMaster},
	{Name: "T1 what is stored is the master's, and is erased for the master alone", Does: ports(t.SessionEraseToken), Meets: port(t.TokenEraseRequested), At: isMaster, Gen: ownGeneration},
	{Name: "S7 the token of the user who leaves is dropped, and no other", Does: ports(t.SessionDropToken), Meets: port(t.TokenDropRequested), At: isCurrent},
	{Name: "2 where nobody is left, every user's token is dropped", Does: ports(t.SessionDropTokens), Meets: port(t.TokenDropRequested), At: isUsers},
	{Name: "S7 the token of the user before is the current one, later than any in use", Does: ports(t.SessionRestoreToken), Meets: port(t.TokenRestoreRequested), At: isPrevious, Gen: currentGeneration},
	{Name: "S6 logout has an answer when all is gone", Does: ports(t.SessionReportLeft), Meets: port(t.SessionLeft)},
}

// loginConduct says what the login's effects are for.
var loginConduct = []conduct{
	{Name: "S4 what was stored is the current token, later than any before", Does: ports(t.LoginLoadToken), Meets: port(t.TokenLoaded), At: isCurrent, Gen: laterThanAll, Arg: asTold},
	{Name: "S1 the tokens of the answer are the current ones, later than any before", Does: ports(t.LoginAdoptToken), Meets: port(t.TokenAdopted), At: isCurrent, Gen: laterThanAll, Arg: asTold},
	{Name: "S5 the tokens of another user are that user's, later than any before", Does: ports(t.LoginAddToken), Meets: port(t.TokenAdopted), At: isNext, Gen: laterThanAll, Arg: asTold},
	{Name: "S5 the token of the user before rests", Does: ports(t.LoginParkToken), Meets: port(t.TokenParkRequested), At: isCurrent},
	{Name: "S1 an accepted login logs in", Does: ports(t.LoginReportAccepted), Meets: port(t.SessionLoginAccepted)},
	{Name: "S5 an accepted login as another is another user's", Does: ports(t.LoginReportUser), Meets: port(t.SessionUserAccepted)},
	{Name: "S3 a rejected login is not one without a verdict", Does: ports(t.LoginReportRejected), Meets: port(t.SessionLoginRejected)},
	{Name: "S3 a login without a verdict is not a rejected one", Does: ports(t.LoginReportGivenUp), Meets: port(t.SessionLoginGivenUp)},
}

// tokenConduct says what the token's effects are for.
var tokenConduct = []conduct{
	{Name: "T4 every socket joins, and has the token that came", Does: ports(t.TokenAnnounceFresh), Meets: port(t.SocketTokenFresh), At: isAny, Arg: ownGeneration},
	{Name: "T4 the login joins, and has the token that came", Does: ports(t.TokenAnnounceFresh), Meets: port(t.LoginTokenFresh), Arg: ownGeneration},
	{Name: "T8 every socket is told that there is none for now", Does: ports(t.TokenAnnounceUnavailable, t.TokenReportExpired), Meets: port(t.SocketTokenUnavailable), At: isAny},
	{Name: "T8 the login is told that there is none for now", Does: ports(t.TokenAnnounceUnavailable), Meets: port(t.LoginTokenUnavailable)},
	{Name: "S2 every socket is told that this login has none", Does: ports(t.TokenAnnounceAbsent), Meets: port(t.SocketTokenAbsent), At: isAny},
	{Name: "S4 the login is told that there is none, or none any more", Does: ports(t.TokenAnnounceAbsent, t.TokenReportExpired), Meets: port(t.LoginTokenAbsent)},
	{Name: "30 a session whose token has ended is told", Does: ports(t.TokenReportExpired), Meets: port(t.SessionTokenExpired)},
	{Name: "S7 a session whose user is back is told", Does: ports(t.TokenReportRestored), Meets: port(t.SessionTokenRestored)},
	{Name: "S6 a session whose token is gone is told", Does: ports(t.TokenReportGone), Meets: port(t.SessionTokenGone)},
}

// socketConduct says what the effects of sockets, and of what goes over them, are for.
var socketConduct = []conduct{
	{Name: "T3 who needs a fresh token is given the current user's", Does: append(ports(t.SocketNeedToken), port(t.LoginNeedToken)), Meets: port(t.TokenNeeded), At: isCurrent},
	{Name: "T4 a refused token is refreshed if it is the current one still", Does: append(ports(t.SocketRefuseToken), port(t.LoginRefuseToken)), Meets: port(t.TokenRenewRequested), At: isCurrent, Gen: offered},
	{Name: "K4 every subscription of the socket goes, and of no other", Does: ports(t.SocketReleaseSubscriptions), Meets: port(t.SubscriptionReleased), At: subscribesOnIt},
	{Name: "K4 the subscription just added goes, and no other", Does: ports(t.SocketReleaseSubscription), Meets: port(t.SubscriptionReleased), At: isNamed},
	{Name: "R3 requests of the socket go that need no more than it is", Does: ports(t.SocketReleaseRequests), Meets: port(t.RequestRelease), At: goesOverIt, Arg: asFarAsSocket},
	{Name: "R3 the request just submitted goes, if it needs no more", Does: ports(t.SocketReleaseRequest), Meets: port(t.RequestRelease), At: isNamed, Arg: asFarAsSocket},
	{Name: "R2 the request just submitted to a closed socket fails, and no other", Does: ports(t.SocketRefuseRequest), Meets: port(t.RequestClose), At: isNamed},
	{Name: "K4 the subscription just added to a closed socket ends, and no other", Does: ports(t.SocketRefuseSubscription), Meets: port(t.SubscriptionClosed), At: isNamed},
	{Name: "R4 ready is announced behind what waited for it", Does: ports(t.SocketReportReady), Meets: port(t.SocketReadyReported), At: isItself},
	{Name: "R2 requests on a lost connection are lost, and on no other", Does: ports(t.SocketLosePending), Meets: port(t.RequestLose), At: goesOverIt},
	{Name: "K4 subscriptions on a lost connection are lost, and on no other", Does: ports(t.SocketLosePending), Meets: port(t.SubscriptionLost), At: subscribesOnIt},
	{Name: "R2 requests fail with their socket, and with no other", Does: ports(t.SocketClosePending), Meets: port(t.RequestClose), At: goesOverIt},
	{Name: "K4 subscriptions end with their socket, and with no other", Does: ports(t.SocketClosePending), Meets: port(t.SubscriptionClosed), At: subscribesOnIt},

	{Name: "K4 an added subscription asks its socket", Does: ports(t.SubscriptionAskSocket), Meets: port(t.SocketSubscriptionAdded), At: isOwner, Arg: ownID},
	{Name: "K4 the rejection of a declared subscription is its socket's", Does: ports(t.SubscriptionReportRejected), Meets: port(t.SocketSubscriptionRejected), At: isOwner},
	{Name: "K4 a declared subscription that cannot be made is its socket's failure", Does: ports(t.SubscriptionReportFailed), Meets: port(t.SocketSubscriptionFailed), At: isOwner},
	{Name: "R3 a submitted request asks its socket", Does: ports(t.RequestAskSocket), Meets: port(t.SocketRequestSubmitted), At: isOwner, Arg: ownID},
}

// Whom an effect is for: sockets.
func isAny(*moment, uint32) bool             { return true }
func endsWithUser(m *moment, id uint32) bool { d := m.socket(id); return !d.Public || !d.Early }
func mayOpenEarly(m *moment, id uint32) bool { return m.socket(id).Early }
func wasAdded(m *moment, id uint32) bool     { return m.socket(id).Added }
func isItself(m *moment, id uint32) bool     { return id == m.cause().ID }
func isNamed(m *moment, id uint32) bool      { return id == m.cause().Arg }
func isOwner(m *moment, id uint32) bool      { return id == m.owner(m.cause().Machine, m.cause().ID) }

func inGroupSoFar(m *moment, id uint32) bool {
	_, session := m.from.core.Session()
	return m.group(id) <= int(session.Group)
}

func inNextGroup(m *moment, id uint32) bool {
	if t.SessionEvent(m.cause().On) != t.SessionGroupMade {
		return m.group(id) == 0
	}
	_, session := m.from.core.Session()
	return m.group(id) == int(session.Group)+1
}

// Tokens: the master's is the first, the current user's the last.
func isUsers(m *moment, id uint32) bool    { return id <= m.token }
func isCurrent(m *moment, id uint32) bool  { return id == m.token }
func isNext(m *moment, id uint32) bool     { return id == m.token+1 }
func isPrevious(m *moment, id uint32) bool { return id+1 == m.token }
func isMaster(_ *moment, id uint32) bool   { return id == 0 }

// Subscriptions and requests.
func subscribesOnIt(m *moment, id uint32) bool {
	return m.owner(t.SubscriptionKind, id) == m.cause().ID
}
func goesOverIt(m *moment, id uint32) bool { return m.owner(t.RequestKind, id) == m.cause().ID }

// With which number.
func asTold(m *moment, n uint32) bool        { return n == m.cause().Arg }
func ownID(m *moment, n uint32) bool         { return n == m.cause().ID }
func ownGeneration(m *moment, n uint32) bool { return n == m.cause().Now }

func currentGeneration(m *moment, n uint32) bool { return n == m.generation(m.token) }

func laterThanAll(m *moment, n uint32) bool {
	for id := range m.token + 1 {
		if int32(n-m.generation(id)) < 0 {
			return false
		}
	}
	return true
}

// firstOfUser tells whether it is the generation of the first token of the user who
// is there before the event, or after it.
func firstOfUser(m *moment, n uint32) bool {
	_, before := m.from.core.Token()
	_, after := m.to.core.Token()
	return n == before.Since || n == after.Since
}

// offered is the generation of the token that the one who asks has offered.
func offered(m *moment, n uint32) bool {
	if m.cause().Machine == t.LoginKind {
		_, login := m.from.core.Login()
		return n == login.Token
	}
	return n == m.socket(m.cause().ID).Token
}

// ofDevices tells whether these are the devices that a logout is of, the one of
// this event too.
func ofDevices(m *moment, n uint32) bool {
	_, before := m.from.core.Session()
	_, after := m.to.core.Session()
	return n == uint32(before.Leave) || n == uint32(after.Leave) || n == m.in.Arg && m.in.To == t.SessionKind && t.SessionEvent(m.in.On) == t.SessionLogoutRequested
}

// asFarAsSocket is the greatest need that the socket meets.
func asFarAsSocket(m *moment, n uint32) bool {
	switch state := t.SocketState(m.cause().To); {
	case ready(state):
		return n == uint32(t.NeedReady)
	case state == t.SocketAuthed:
		return n == uint32(t.NeedAuthed)
	}
	_, socket := m.to.core.Socket(m.to.slot(m.cause().ID))
	return (n == uint32(t.NeedOpen)) == socket.Greeted && n >= uint32(t.NeedOpen)
}

type number interface {
	t.SessionEvent | t.LoginEvent | t.TokenEvent | t.SocketEvent | t.SubscriptionEvent | t.RequestEvent |
		t.SessionEffect | t.LoginEffect | t.TokenEffect | t.SocketEffect | t.SubscriptionEffect | t.RequestEffect
}

// port names an event or an effect by its typed number.
func port[N number](n N) t.Port {
	kind := t.RequestKind
	switch any(n).(type) {
	case t.SessionEvent, t.SessionEffect:
		kind = t.SessionKind
	case t.LoginEvent, t.LoginEffect:
		kind = t.LoginKind
	case t.TokenEvent, t.TokenEffect:
		kind = t.TokenKind
	case t.SocketEvent, t.SocketEffect:
		kind = t.SocketKind
	case t.SubscriptionEvent, t.SubscriptionEffect:
		kind = t.SubscriptionKind
	}
	return t.Port{Machine: kind, Number: uint8(n)}
}

func ports[N number](all ...N) (ports []t.Port) {
	for _, n := range all {
		ports = append(ports, port(n))
	}
	return ports
}
