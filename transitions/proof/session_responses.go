package proof

import (
	"slices"

	"github.com/custom-app/interlock/fsm"
	t "github.com/custom-app/interlock/transitions"
)

type sessionRule = response[t.SessionState, t.SessionEvent, t.SessionEffect, t.SessionData]

// sessionBook is what is said of the session alone.
var sessionBook = book[t.SessionState, t.SessionEvent, t.SessionEffect, t.SessionData]{
	machine: t.Session,
	alike: func(s fsm.Snapshot[t.SessionState, t.SessionData]) fsm.Snapshot[t.SessionState, t.SessionData] {
		s.Data.Gen, s.Data.Depth, s.Data.Attempt = 7, min(s.Data.Depth, 2), min(s.Data.Attempt, 1)
		return s
	},
	gen:  func(d t.SessionData) uint32 { return d.Gen },
	born: []t.SessionData{{Last: 1}},
	late: func(d t.SessionData, e fsm.Event[t.SessionEvent]) bool {
		return e.Gen != d.Gen && slices.Contains(sessionTimed, e.On)
	},
	responses: slices.Concat(sessionLoginRules, sessionSocketRules, sessionGroupRules, sessionHandRules, sessionLeavingRules, sessionClosingRules),
}

// The sets of states that the rules speak of.
var (
	sessionNobody = fsm.Of(t.SessionLoggedOut, t.SessionAuthenticating)
	sessionChain  = fsm.Of(t.SessionSocketOpening, t.SessionSocketAuthed, t.SessionSubscribed, t.SessionDegraded, t.SessionChaining, t.SessionChainWaiting)
	sessionUser   = slices.Concat(sessionChain, fsm.Of(t.SessionSwitching, t.SessionDetaching, t.SessionDetached))
	sessionTold   = fsm.Of(t.SessionClosing, t.SessionRevoking)  // the way to telling the server
	sessionEnding = fsm.Of(t.SessionShutting, t.SessionSettling) // the way to the end of the process
	sessionLeaves = slices.Concat(sessionTold, fsm.Of(t.SessionReturning), sessionEnding)
	sessionAny    = slices.Concat(sessionNobody, sessionUser, sessionLeaves)
)

// sessionTimed are the events that belong to a generation.
var sessionTimed = fsm.Of(t.SessionCloseTimedOut, t.SessionGroupMade, t.SessionGroupUnavailable, t.SessionGroupFailed, t.SessionRetriesSpent, t.SessionGroupTimedOut, t.SessionRetryDue)

type sessionEvent = fsm.Event[t.SessionEvent]

// What a rule asks of the data before.
func sessionNested(d t.SessionData, _ sessionEvent) bool  { return d.Depth > 0 }
func sessionMaster(d t.SessionData, _ sessionEvent) bool  { return d.Depth == 0 }
func sessionMore(d t.SessionData, _ sessionEvent) bool    { return d.Group != d.Last }
func sessionLast(d t.SessionData, _ sessionEvent) bool    { return d.Group == d.Last }
func sessionBroken(d t.SessionData, _ sessionEvent) bool  { return d.Broken }
func sessionSound(d t.SessionData, _ sessionEvent) bool   { return !d.Broken }
func sessionWanted(d t.SessionData, _ sessionEvent) bool  { return d.Forget }
func sessionKeeping(d t.SessionData, _ sessionEvent) bool { return !d.Forget }

// What a rule asks of the data afterwards.
func sessionSame(from, to t.SessionData, _ sessionEvent) bool { return from == to }

func sessionAnew(from, to t.SessionData, _ sessionEvent) bool {
	return to.Gen == from.Gen+1 && to.Depth == from.Depth && to.Group == 0 && !to.Broken
}

func sessionNewer(from, to t.SessionData, _ sessionEvent) bool { return to.Gen == from.Gen+1 }

func sessionNoNewer(from, to t.SessionData, _ sessionEvent) bool { return to.Gen == from.Gen }

func sessionUserLess(from, to t.SessionData, _ sessionEvent) bool { return to.Depth == from.Depth-1 }

func sessionMended(_, to t.SessionData, _ sessionEvent) bool { return !to.Broken }

func sessionEmpty(_, to t.SessionData, _ sessionEvent) bool { return to.Depth == 0 && !to.Forget }
