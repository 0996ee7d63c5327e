package proof

import (
	"slices"

	"github.com/custom-app/interlock/fsm"
	t "github.com/custom-app/interlock/transitions"
)

type socketRule = response[t.SocketState, t.SocketEvent, t.SocketEffect, t.SocketData]

// socketBook is what is said of a socket alone. Two sockets are alike that differ
// in counters which no guard reads.
var socketBook = book[t.SocketState, t.SocketEvent, t.SocketEffect, t.SocketData]{
	machine: t.Socket,
	alike: func(s fsm.Snapshot[t.SocketState, t.SocketData]) fsm.Snapshot[t.SocketState, t.SocketData] {
		d := &s.Data
		d.Gen, d.Attempt, d.Failures, d.Readies, d.Code = 7, 7, 7, 7, 7
		d.Token, d.Refusals = min(d.Token, 1), min(d.Refusals, 1)
		return s
	},
	gen:  func(d t.SocketData) uint32 { return d.Gen },
	born: bornSockets(),
	late: func(d t.SocketData, e fsm.Event[t.SocketEvent]) bool {
		return e.Gen != d.Gen && slices.Contains(socketReports, e.On)
	},
	responses: slices.Concat(socketOpenRules, socketAuthRules, socketReadyRules, socketVerdictRules, socketFailureRules, socketCloseRules, socketAlwaysRules, socketStrayRules),
}

// bornSockets are the kinds of sockets. Who may open one early is not its matter;
// that it is sent no ping, and ends with a login, is tried together.
func bornSockets() (born []t.SocketData) {
	for i := range 8 {
		born = append(born, t.SocketData{Public: i&1 > 0, Renews: i&2 > 0, Added: i&4 > 0, NoPing: i&4 > 0})
	}
	return born
}

// Where a socket is.
var (
	socketShut      = fsm.Of(t.SocketClosed, t.SocketFailed)                                                             // only an open leads out
	socketPausing   = fsm.Of(t.SocketWaiting, t.SocketOutage, t.SocketBusyWaiting)                                       // until the next attempt
	socketReady     = fsm.Of(t.SocketSubscribed, t.SocketProbing, t.SocketRenewing)                                      // serves the application
	socketConnected = append(fsm.Of(t.SocketAuthenticating, t.SocketAuthed), socketReady...)                             // has a connection
	socketLive      = append(fsm.Of(t.SocketOpening), socketConnected...)                                                // has one, or dials
	socketIdle      = append(fsm.Of(t.SocketTokenPending, t.SocketRemoved), slices.Concat(socketShut, socketPausing)...) // neither
	socketOpen      = socketBut(append(fsm.Of(t.SocketClosing), socketShut...)...)                                       // or on its way to it, or removed
	socketUnused    = append(fsm.Of(t.SocketClosing, t.SocketRemoved), socketShut...)                                    // takes nothing to send
)

// What happens to it.
var (
	socketOpens    = fsm.Of(t.SocketOpenRequested, t.SocketReopenRequested, t.SocketEarlyRequested)
	socketOpensAll = fsm.Of(t.SocketOpenRequested, t.SocketEarlyRequested) // every one of the session
	socketTokens   = fsm.Of(t.SocketTokenFresh, t.SocketTokenAbsent)
	socketEnds     = fsm.Of(t.SocketEnded, t.SocketDropped, t.SocketExpired, t.SocketRejected, t.SocketReplaced, t.SocketBusy)
	socketGood     = fsm.Of(t.SocketAuthSent, t.SocketAuthAccepted, t.SocketAuthSkipped)
	socketAnswers  = append(fsm.Of(t.SocketAuthRejected, t.SocketBuilderDeclined, t.SocketBuilderFailed), socketGood...)
	socketTimers   = fsm.Of(t.SocketTokenTimedOut, t.SocketOpenTimedOut, t.SocketAuthTimedOut, t.SocketSubscribeTimedOut, t.SocketAttemptTimedOut,
		t.SocketRetryDue, t.SocketOutageDue, t.SocketStable, t.SocketSilent, t.SocketPingTimedOut, t.SocketCloseTimedOut)
	socketReports = append(slices.Concat(socketEnds, socketAnswers, socketTimers), t.SocketOpened, t.SocketTokenRefused, t.SocketHeard, t.SocketRetriesSpent) // of one generation
)

// socketBut are all states of a socket without some.
func socketBut(without ...t.SocketState) (rest []t.SocketState) {
	for _, s := range t.Socket.Declaration().States {
		if !slices.Contains(without, s.Is) {
			rest = append(rest, s.Is)
		}
	}
	return rest
}

// What it remembers.
func socketSame(from, to t.SocketData, _ fsm.Event[t.SocketEvent]) bool { return from == to }

func socketIsPublic(d t.SocketData, _ fsm.Event[t.SocketEvent]) bool { return d.Public }

func socketNeedsToken(d t.SocketData, _ fsm.Event[t.SocketEvent]) bool { return !d.Public }

// socketVisits tells whether it is open for somebody who has not logged in yet.
func socketVisits(d t.SocketData, _ fsm.Event[t.SocketEvent]) bool { return d.Guest && !d.Public }

func socketRenews(d t.SocketData, _ fsm.Event[t.SocketEvent]) bool {
	return d.Renews && !d.Public && !d.Guest
}

func socketOffered(d t.SocketData, _ fsm.Event[t.SocketEvent]) bool { return d.AuthSent }

func socketOwesAuth(d t.SocketData, _ fsm.Event[t.SocketEvent]) bool { return !d.AuthSent }

// socketRefused tells whether the event brings the token that was refused.
func socketRefused(d t.SocketData, e fsm.Event[t.SocketEvent]) bool {
	return d.Barred && e.Arg == d.Token
}
