package proof

import (
	"github.com/custom-app/interlock/fsm"
	t "github.com/custom-app/interlock/transitions"
)

type socketRule = response[t.SocketState, t.SocketEvent, t.SocketEffect, t.SocketData]

// socketBook is what is said of a socket alone.
var socketBook = book[t.SocketState, t.SocketEvent, t.SocketEffect, t.SocketData]{
	machine: t.Socket,
	alike: func(s fsm.Snapshot[t.SocketState, t.SocketData]) fsm.Snapshot[t.SocketState, t.SocketData] {
		d := &s.Data
		*d = t.SocketData{
			Gen: 7, Token: min(d.Token, 1), Refusals: min(d.Refusals, 1), Barred: d.Barred, AuthSent: d.AuthSent, Greeted: d.Greeted, Served: d.Served, Again: d.Again,
			Public: d.Public, Early: d.Early, Guest: d.Guest, Renews: d.Renews, Added: d.Added, NoPing: d.NoPing,
		}
		return s
	},
	gen:  func(d t.SocketData) uint32 { return d.Gen },
	born: bornSockets(),
	late: func(d t.SocketData, e fsm.Event[t.SocketEvent]) bool {
		return e.Gen != d.Gen && (e.On == t.SocketOpened || e.On == t.SocketAuthSent || e.On == t.SocketAuthAccepted || e.On == t.SocketAuthSkipped || e.On == t.SocketAuthRejected || e.On >= t.SocketHeard)
	},
	responses: []socketRule{
		{Name: "10 a dial that succeeds late is closed", On: fsm.Of(t.SocketOpened), Late: true, Stay: true, Do: fsm.Of(t.SocketCloseLate)},
	},
}

// bornSockets are all data of a socket that never change.
func bornSockets() (born []t.SocketData) {
	for i := range 32 {
		born = append(born, t.SocketData{Public: i&1 > 0, Early: i&2 > 0, Renews: i&4 > 0, Added: i&8 > 0, NoPing: i&16 > 0})
	}
	return born
}
