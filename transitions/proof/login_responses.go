package proof

import (
	"github.com/custom-app/interlock/fsm"
	t "github.com/custom-app/interlock/transitions"
)

type loginRule = response[t.LoginState, t.LoginEvent, t.LoginEffect, t.LoginData]

// loginBook is what is said of the login alone.
var loginBook = book[t.LoginState, t.LoginEvent, t.LoginEffect, t.LoginData]{
	machine: t.Login,
	alike: func(s fsm.Snapshot[t.LoginState, t.LoginData]) fsm.Snapshot[t.LoginState, t.LoginData] {
		s.Data.Gen, s.Data.Attempt, s.Data.Ticket, s.Data.Token = 7, 0, 0, min(s.Data.Token, 1)
		return s
	},
	gen: func(d t.LoginData) uint32 { return d.Gen },
	late: func(d t.LoginData, e fsm.Event[t.LoginEvent]) bool {
		switch e.On {
		case t.LoginGateOpened, t.LoginGateRefused, t.LoginLoaded, t.LoginNothingLoaded, t.LoginAccepted, t.LoginTokenRefused, t.LoginRejected, t.LoginUnavailable,
			t.LoginRetriesSpent, t.LoginGateTimedOut, t.LoginLoadTimedOut, t.LoginTokenTimedOut, t.LoginTimedOut, t.LoginRetryDue:
			return e.Gen != d.Gen
		}
		return false
	},
	responses: []loginRule{
		{Name: "S8 a command asks the gate first", In: fsm.Of(t.LoginIdle), On: fsm.Of(t.LoginStarted, t.LoginResumeStarted, t.LoginAsStarted), To: fsm.Of(t.LoginGated), Do: fsm.Of(t.LoginAskGate)},
	},
}
