package proof_test

import (
	"github.com/custom-app/interlock/transitions"
	"github.com/custom-app/interlock/transitions/proof"
	"testing"
	"time"
)

func TestX(t *testing.T) {
	for _, p := range []proof.Plan{{}, {Sockets: make([]transitions.SocketPlan, 1)}, {Depth: 1}, {Depth: 2}, {Depth: 1, Sockets: make([]transitions.SocketPlan, 1)},
		{Sockets: []transitions.SocketPlan{{Public: true}}}, {Sockets: []transitions.SocketPlan{{Early: true}}}, {Sockets: []transitions.SocketPlan{{Public: true, Early: true}}}} {
		s := time.Now()
		r := proof.Explore(transitions.Shipped, p)
		t.Logf("%+v: %d %d %d %v %v", p, r.States, r.Transitions, r.Depth, time.Since(s), r.Err)
		if r.Err != nil {
			break
		}
	}
}
