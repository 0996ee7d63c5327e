package proof

import (
	"github.com/custom-app/interlock/fsm"
	t "github.com/custom-app/interlock/transitions"
)

type requestRule = response[t.RequestState, t.RequestEvent, t.RequestEffect, t.RequestData]

// requestBook is what is said of a request alone.
var requestBook = book[t.RequestState, t.RequestEvent, t.RequestEffect, t.RequestData]{
	machine: t.Request,
	alike: func(s fsm.Snapshot[t.RequestState, t.RequestData]) fsm.Snapshot[t.RequestState, t.RequestData] {
		return s
	},
	gen:  func(t.RequestData) uint32 { return 0 },
	born: bornRequests(),
	late: func(t.RequestData, fsm.Event[t.RequestEvent]) bool { return false },
	responses: []requestRule{
		{Name: "R3 it goes when what it needs is there", In: fsm.Of(t.RequestBuffered), On: fsm.Of(t.RequestRelease), If: func(d t.RequestData, e fsm.Event[t.RequestEvent]) bool { return uint32(d.Need) >= e.Arg }, To: fsm.Of(t.RequestSent), Do: fsm.Of(t.RequestWrite)},
	},
}

// bornRequests are all data of a request that never change.
func bornRequests() (born []t.RequestData) {
	for need := t.NeedReady; need <= t.NeedOpen; need++ {
		for i := range 4 {
			born = append(born, t.RequestData{Need: need, Repeatable: i&1 > 0, OneWay: i&2 > 0})
		}
	}
	return born
}
