package propertytests

import (
	"fmt"
	"strings"
	"testing"

	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/fsm/explore"
	"github.com/custom-app/interlock/transitions"
	"github.com/custom-app/interlock/transitions/proof"
)

// TestExploreEachMachine walks each machine alone, with generations compared and
// counters kept small, and holds that the walk is whole and finds every state
// and every row that a machine alone can take.
func TestExploreEachMachine(t *testing.T) {
	t.Run("D2 session", func(t *testing.T) {
		exploreAlone(t, transitions.Session, func(s fsm.Snapshot[transitions.SessionState, transitions.SessionData]) fsm.Snapshot[transitions.SessionState, transitions.SessionData] {
			s.Data.Gen = 7
			return s
		}, func(d transitions.SessionData) uint32 { return d.Gen })
	})
	t.Run("D2 login", func(t *testing.T) {
		exploreAlone(t, transitions.Login, func(s fsm.Snapshot[transitions.LoginState, transitions.LoginData]) fsm.Snapshot[transitions.LoginState, transitions.LoginData] {
			s.Data = transitions.LoginData{Gen: 7}
			return s
		}, func(d transitions.LoginData) uint32 { return d.Gen })
	})
	t.Run("D2 token", func(t *testing.T) {
		exploreAlone(t, transitions.Token, func(s fsm.Snapshot[transitions.TokenState, transitions.TokenData]) fsm.Snapshot[transitions.TokenState, transitions.TokenData] {
			s.Data.Gen, s.Data.Attempt = 7, 0
			return s
		}, func(d transitions.TokenData) uint32 { return d.Gen })
	})
	t.Run("D2 socket", func(t *testing.T) {
		exploreAlone(t, transitions.Socket, func(s fsm.Snapshot[transitions.SocketState, transitions.SocketData]) fsm.Snapshot[transitions.SocketState, transitions.SocketData] {
			d := &s.Data
			*d = transitions.SocketData{Gen: 7, Awaited: min(d.Awaited, 3), Refusals: min(d.Refusals, 1), AuthSent: d.AuthSent}
			return s
		}, func(d transitions.SocketData) uint32 { return d.Gen })
	})
	t.Run("D2 request", func(t *testing.T) {
		exploreAlone(t, transitions.Request, nil, func(transitions.RequestData) uint32 { return 0 })
	})
}

func exploreAlone[S, E, F ~uint8, D comparable](t *testing.T, m *fsm.Machine[S, E, F, D], alike func(fsm.Snapshot[S, D]) fsm.Snapshot[S, D], gen func(D) uint32) {
	machine := m.Using(fsm.Table)
	states, rows := make(map[S]bool), make(map[int]bool)
	space := explore.Machine(machine, func(s fsm.Snapshot[S, D], on E) []fsm.Event[E] {
		states[s.State] = true
		var all []fsm.Event[E]
		for _, g := range []uint32{gen(s.Data), gen(s.Data) - 1} {
			for arg := range uint32(3) {
				e := fsm.Event[E]{On: on, Gen: g, Arg: arg}
				rows[machine.RowOf(&s, e)] = true
				all = append(all, e)
			}
		}
		return all
	}, alike)
	space.Limit = 100_000
	report := space.Walk()
	if !report.Whole || report.Violation != nil {
		t.Errorf("got %+v, want the whole space", report)
	}
	for _, info := range machine.Declaration().States {
		if !states[info.Is] {
			t.Errorf("state %s is never entered", info.Name)
		}
	}
	for i, row := range machine.Declaration().Rows {
		if !rows[i] {
			t.Errorf("row %d is never taken: %+v", i+1, row)
		}
	}
	again := space.Walk()
	if report.States != again.States || report.Transitions != again.Transitions || report.Depth != again.Depth {
		t.Errorf("a second walk sees %+v, the first %+v", again, report)
	}
}

// unreachable says which goals cannot be reached with fewer sockets, and why. With two
// all are.
var unreachable = map[int]map[string]string{
	0: {
		"back in socketOpening after ready":          "there is no socket to lose",
		"degraded":                                   "there is no socket to fail",
		"a refused token refreshed":                  "there is no socket to be refused",
		"a refused token waits for the floor":        "there is no socket to be refused",
		"a late dial pending while logged out":       "there is no dial",
		"closing with a socket that answers nothing": "there is no socket to close",
	},
}

func TestExploreTogether(t *testing.T) {
	for sockets := range 3 {
		t.Run(fmt.Sprintf("D2 %d sockets", sockets), func(t *testing.T) {
			report := proof.Explore(transitions.Shipped, sockets)
			t.Logf("%d states, %d transitions, depth %d", report.States, report.Transitions, report.Depth)
			if report.Err != nil {
				t.Fatal(report.Err)
			}
			if !report.Whole {
				t.Error("not every reachable state was visited")
			}
			if readme := flush(readme(t)); sockets == 2 && !strings.Contains(readme, fmt.Sprintf("%d\u00a0%03d states", report.States/1000, report.States%1000)) {
				t.Errorf("the README says another number than %d states", report.States)
			}
			if len(report.Goals) == 0 {
				t.Error("there are no goals")
			}
			for goal, reached := range report.Goals {
				if reason, not := unreachable[sockets][goal]; !reached && !not {
					t.Errorf("goal %q was not reached", goal)
				} else if reached && not {
					t.Errorf("goal %q was reached, though %s", goal, reason)
				}
			}
		})
	}
}

func TestExploreRefusesTooManySockets(t *testing.T) {
	if report := proof.Explore(transitions.Shipped, 99); report.Err == nil || report.Whole {
		t.Errorf("got %+v, want an error", report)
	}
}
