package proof

import (
	"github.com/custom-app/interlock/fsm"
	t "github.com/custom-app/interlock/transitions"
)

type tokenRule = response[t.TokenState, t.TokenEvent, t.TokenEffect, t.TokenData]

// tokenBook is what is said of a token alone.
var tokenBook = book[t.TokenState, t.TokenEvent, t.TokenEffect, t.TokenData]{
	machine: t.Token,
	alike: func(s fsm.Snapshot[t.TokenState, t.TokenData]) fsm.Snapshot[t.TokenState, t.TokenData] {
		s.Data.Since = 7 - min(s.Data.Gen-s.Data.Since, 1)
		s.Data.Gen, s.Data.Attempt = 7, 0
		return s
	},
	gen:  func(d t.TokenData) uint32 { return d.Gen },
	born: []t.TokenData{{Nested: true}},
	late: func(d t.TokenData, e fsm.Event[t.TokenEvent]) bool {
		switch e.On {
		case t.TokenStored, t.TokenExpired, t.TokenRefreshed, t.TokenUnavailable, t.TokenRejected, t.TokenRetriesSpent, t.TokenRevoked,
			t.TokenRefreshDue, t.TokenFloorPassed, t.TokenStoreTimedOut, t.TokenRefreshTimedOut, t.TokenRetryDue, t.TokenRevokeTimedOut, t.TokenEraseTimedOut:
			return e.Gen != d.Gen
		}
		return false
	},
	responses: []tokenRule{
		{Name: "T4 whoever asks while a refresh is in flight joins it", In: fsm.Of(t.TokenRefreshing), On: fsm.Of(t.TokenAsked, t.TokenNeeded), Stay: true, Quiet: true},
	},
}
