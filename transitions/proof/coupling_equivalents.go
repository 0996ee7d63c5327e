package proof

import "slices"

// couplingEquivalents are the changes to the coupling that nobody can tell, and why.
var couplingEquivalents = slices.Concat([]equivalence{
	{"coupling, link login loadToken -> token loaded: to the master's token", onlyOneToken},
	{"coupling, link login loadToken -> token loaded: to each token", onlyOneToken},
	{"coupling, link login adoptToken -> token adopted: to the master's token", onlyOneToken},
	{"coupling, link login adoptToken -> token adopted: to each token", onlyOneToken},
	{"coupling, link socket refuseRequest -> request socketClosed of that request: to each of its requests", "a socket that refuses has no other request: those that it had failed with it when it began to close, or failed for good, and those submitted since were refused at once"},
	{"coupling, quorum socketsAuthed|socketsNotAuthed: over each socket of the chain so far", "in every state of the session that these events move from it has come to the last group, so that these are all sockets; before the last one socketsAuthed moves nothing"},
	{"coupling, quorum socketsAuthed|socketsNotAuthed: with the state failed", failedSaysFirst},
	{"coupling, quorum socketsReady|socketsNotReady: with the state failed", failedSaysFirst},
	{"coupling, quorum socketsReady|socketsNotReady: without socketsNotReady", "a socket that is no longer ready is no longer authorised either: from ready it never goes to authorised within one event, and socketsNotAuthed, which is looked at first, has moved the session"},
	{"coupling, quorum allClosed: without the state removed", "a socket that is removed while every socket closes is removed by hand, and alone: another one is still closing, and when that one has closed the removed one is no longer there"},
	{"coupling, gather subscriptionsActive: with the state wanted", "a socket that is authorised has sent every subscription, and sends at once what is added"},
}, neverWhileClosing("socketsClosed"), neverWhileClosing("allClosed"))

const (
	onlyOneToken    = "a login or a resume that brings tokens begins logged out, where there is one token, the master's"
	failedSaysFirst = "the quorum of failed sockets is looked at before, and has moved the session from every state that these events move from"
)

// neverWhileClosing are the changes by which a quorum of closed sockets takes one
// that is not for closed.
func neverWhileClosing(quorum string) (all []equivalence) {
	for _, state := range []string{"tokenPending", "socketOpening", "socketAuthenticating", "socketAuthed", "subscribed", "probing", "renewing", "waiting", "outage", "busyWaiting", "failed"} {
		all = append(all, equivalence{
			"coupling, quorum " + quorum + ": with the state " + state,
			"in the states of the session that it moves from, each socket that it asks is closing, closed or removed, as invariant 1 says: it was told to close when the session entered them, and none opens meanwhile",
		})
	}
	return all
}
