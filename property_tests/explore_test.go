package propertytests

import (
	"fmt"
	"strings"
	"sync"
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
			s.Data.Gen, s.Data.Depth, s.Data.Attempt = 7, min(s.Data.Depth, 2), 0
			return s
		}, func(d transitions.SessionData) uint32 { return d.Gen }, transitions.SessionData{Last: 1})
	})
	t.Run("D2 login", func(t *testing.T) {
		exploreAlone(t, transitions.Login, func(s fsm.Snapshot[transitions.LoginState, transitions.LoginData]) fsm.Snapshot[transitions.LoginState, transitions.LoginData] {
			s.Data.Gen, s.Data.Attempt, s.Data.Ticket, s.Data.Token = 7, 0, 0, min(s.Data.Token, 1)
			return s
		}, func(d transitions.LoginData) uint32 { return d.Gen })
	})
	t.Run("D2 token", func(t *testing.T) {
		exploreAlone(t, transitions.Token, func(s fsm.Snapshot[transitions.TokenState, transitions.TokenData]) fsm.Snapshot[transitions.TokenState, transitions.TokenData] {
			s.Data.Since = 7 - min(s.Data.Gen-s.Data.Since, 1)
			s.Data.Gen, s.Data.Attempt = 7, 0
			return s
		}, func(d transitions.TokenData) uint32 { return d.Gen }, transitions.TokenData{Nested: true})
	})
	t.Run("D2 socket", func(t *testing.T) {
		exploreAlone(t, transitions.Socket, func(s fsm.Snapshot[transitions.SocketState, transitions.SocketData]) fsm.Snapshot[transitions.SocketState, transitions.SocketData] {
			d := &s.Data
			*d = transitions.SocketData{
				Gen: 7, Token: min(d.Token, 1), Refusals: min(d.Refusals, 1), Barred: d.Barred, AuthSent: d.AuthSent, Greeted: d.Greeted, Served: d.Served, Again: d.Again,
				Public: d.Public, Early: d.Early, Guest: d.Guest, Renews: d.Renews, Added: d.Added, NoPing: d.NoPing,
			}
			return s
		}, func(d transitions.SocketData) uint32 { return d.Gen }, bornSockets()...)
	})
	t.Run("D2 subscription", func(t *testing.T) {
		exploreAlone(t, transitions.Subscription, func(s fsm.Snapshot[transitions.SubscriptionState, transitions.SubscriptionData]) fsm.Snapshot[transitions.SubscriptionState, transitions.SubscriptionData] {
			s.Data.Gen = 7
			return s
		}, func(d transitions.SubscriptionData) uint32 { return d.Gen }, transitions.SubscriptionData{Declared: true})
	})
	t.Run("D2 request", func(t *testing.T) {
		exploreAlone(t, transitions.Request, nil, func(transitions.RequestData) uint32 { return 0 }, bornRequests()...)
	})
}

// bornSockets and bornRequests are all data that never changes.
func bornSockets() (born []transitions.SocketData) {
	for i := range 32 {
		born = append(born, transitions.SocketData{Public: i&1 > 0, Early: i&2 > 0, Renews: i&4 > 0, Added: i&8 > 0, NoPing: i&16 > 0})
	}
	return born
}

func bornRequests() (born []transitions.RequestData) {
	for need := transitions.NeedReady; need <= transitions.NeedOpen; need++ {
		for i := range 4 {
			born = append(born, transitions.RequestData{Need: need, Repeatable: i&1 > 0, OneWay: i&2 > 0})
		}
	}
	return born
}

// exploreAlone begins in the initial snapshot, and in those that differ from it in
// data that never changes.
func exploreAlone[S, E, F ~uint8, D comparable](t *testing.T, m *fsm.Machine[S, E, F, D], alike func(fsm.Snapshot[S, D]) fsm.Snapshot[S, D], gen func(D) uint32, born ...D) {
	machine := m.Using(fsm.Table)
	states, rows := make(map[S]bool), make(map[int]bool)
	space := explore.Machine(machine, func(s fsm.Snapshot[S, D], on E) []fsm.Event[E] {
		states[s.State] = true
		var all []fsm.Event[E]
		for _, g := range []uint32{gen(s.Data), gen(s.Data) - 1} {
			for arg := range uint32(5) {
				e := fsm.Event[E]{On: on, Gen: g, Arg: arg}
				rows[machine.RowOf(&s, e)] = true
				all = append(all, e)
			}
		}
		return all
	}, alike)
	space.Limit = 100_000
	for _, data := range born {
		start := machine.Initial()
		start.Data = data
		space.Start = append(space.Start, start)
	}
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

// plans are what is explored together. Each goal must be reached in one of them.
var plans = []struct {
	name  string
	plan  proof.Plan
	large bool // too much for the race detector, which finds nothing here: no goroutine takes part
}{
	{name: "S13 HTTP auth only, three deep", plan: proof.Plan{Depth: 3}, large: true},
	{name: "S13 HTTP auth, then a public socket", plan: proof.Plan{Depth: 1, Sockets: []transitions.SocketPlan{{Public: true}}}, large: true},
	{name: "S13 a public socket, then HTTP auth", plan: proof.Plan{Depth: 1, Sockets: []transitions.SocketPlan{{Public: true, Early: true}}}, large: true},
	{name: "S13 HTTP auth, then an authorised socket", plan: proof.Plan{Depth: 1, Sockets: make([]transitions.SocketPlan, 1)}, large: true},
	{name: "S13 login over the socket", plan: proof.Plan{Sockets: []transitions.SocketPlan{{Early: true}}}},
	{name: "S13 login over the socket, one deep", plan: proof.Plan{Depth: 1, Sockets: []transitions.SocketPlan{{Early: true}}}, large: true},
	{name: "D2 two sockets", plan: proof.Plan{Sockets: make([]transitions.SocketPlan, 2)}, large: true},
	{name: "K1 two groups", plan: proof.Plan{Calm: true, Groups: 2, Sockets: []transitions.SocketPlan{{Public: true}, {Group: 1, Public: true}}}, large: true},
	{name: "K4 a declared subscription, and an added one", plan: proof.Plan{Sockets: []transitions.SocketPlan{{Subscriptions: 1}}, Adds: 1}},
	{name: "K11 a socket that is authorised anew", plan: proof.Plan{Sockets: []transitions.SocketPlan{{Renews: true}}}},
	{name: "D2 one socket", plan: proof.Plan{Sockets: make([]transitions.SocketPlan, 1)}},
	{name: "D2 no socket, one deep", plan: proof.Plan{Depth: 1}},
}

func TestExploreTogether(t *testing.T) {
	var mu sync.Mutex
	explored := 0
	reached := make(map[string]bool)
	t.Cleanup(func() { // when all of them are done
		for goal, yes := range reached {
			if !yes && explored == len(plans) {
				t.Errorf("goal %q was not reached", goal)
			}
		}
	})
	for _, p := range plans {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			if p.large && underRace {
				t.Skip("SKIPPED: too large under the race detector; it runs without")
			}
			report := proof.Explore(transitions.Shipped, p.plan)
			t.Logf("%d states, %d transitions, depth %d", report.States, report.Transitions, report.Depth)
			if report.Err != nil || report.Violation != nil {
				t.Fatal(report.Err, report.Violation)
			}
			if !report.Whole {
				t.Error("not every reachable state was visited")
			}
			if readme := flush(readme(t)); p.name == "D2 two sockets" && !strings.Contains(readme, fmt.Sprintf("%d\u00a0%03d states", report.States/1000, report.States%1000)) {
				t.Errorf("the README says another number than %d states", report.States)
			}
			if len(report.Goals) == 0 {
				t.Error("there are no goals")
			}
			mu.Lock()
			defer mu.Unlock()
			explored++
			for goal, yes := range report.Goals {
				reached[goal] = reached[goal] || yes
			}
		})
	}
}

func TestExploreRefusesTooMuch(t *testing.T) {
	if report := proof.Explore(transitions.Shipped, proof.Plan{Depth: 99}); report.Err == nil || report.Whole {
		t.Errorf("got %+v, want an error", report)
	}
	if report := proof.Explore(transitions.Shipped, proof.Plan{Sockets: make([]transitions.SocketPlan, 99)}); report.Err == nil || report.Whole {
		t.Errorf("got %+v, want an error", report)
	}
}
