package proof

import (
	"github.com/custom-app/interlock/fsm"
	t "github.com/custom-app/interlock/transitions"
)

type sessionRule = response[t.SessionState, t.SessionEvent, t.SessionEffect, t.SessionData]

// sessionBook is what is said of the session alone.
var sessionBook = book[t.SessionState, t.SessionEvent, t.SessionEffect, t.SessionData]{
	machine: t.Session,
	alike: func(s fsm.Snapshot[t.SessionState, t.SessionData]) fsm.Snapshot[t.SessionState, t.SessionData] {
		s.Data.Gen, s.Data.Depth, s.Data.Attempt = 7, min(s.Data.Depth, 2), 0
		return s
	},
	gen:  func(d t.SessionData) uint32 { return d.Gen },
	born: []t.SessionData{{Last: 1}},
	late: func(d t.SessionData, e fsm.Event[t.SessionEvent]) bool {
		switch e.On {
		case t.SessionCloseTimedOut, t.SessionGroupMade, t.SessionGroupUnavailable, t.SessionGroupFailed, t.SessionRetriesSpent, t.SessionGroupTimedOut, t.SessionRetryDue:
			return e.Gen != d.Gen
		}
		return false
	},
	responses: []sessionRule{
		{Name: "S8 a login while none is under way begins one", In: fsm.Of(t.SessionLoggedOut), On: fsm.Of(t.SessionLoginRequested), To: fsm.Of(t.SessionAuthenticating), Do: fsm.Of(t.SessionStartLogin)},
	},
}
