package simulation

import (
	"context"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/transitions"
)

type (
	tokenRow   = fsm.Row[transitions.TokenState, transitions.TokenEvent, transitions.TokenEffect, transitions.TokenData]
	socketRow  = fsm.Row[transitions.SocketState, transitions.SocketEvent, transitions.SocketEffect, transitions.SocketData]
	requestRow = fsm.Row[transitions.RequestState, transitions.RequestEvent, transitions.RequestEffect, transitions.RequestData]
)

// bug is planted alone, most into the tables.
type bug struct {
	name     string
	find     []int // the invariants, one of which it breaks first
	slow     bool  // it takes most of a virtual day to find
	machines func(*testing.T, *transitions.Machines)
	links    func([]transitions.Link) []transitions.Link
	edit     func(*connector.Config[credentials, user])
}

var bugs = []bug{
	{name: "no stale check", slow: true, find: []int{9, 10, 11, 19}, machines: func(t *testing.T, m *transitions.Machines) {
		m.Socket = planted(t, m.Socket, func(r *socketRow) {
			if r.If != nil && r.If.Name == "stale" {
				r.If = &fsm.Guard[transitions.SocketData, transitions.SocketEvent]{Name: "never", Holds: func(*transitions.SocketData, fsm.Event[transitions.SocketEvent]) bool { return false }}
			}
		})
	}},
	// The declaration refuses a state that no timer ends, so this one is in the shell.
	{name: "a logout without deadline", find: []int{27}, edit: func(c *connector.Config[credentials, user]) { c.CloseTimeout = 365 * 24 * time.Hour }},
	{name: "a socket left open", slow: true, find: []int{1, 3, 10, 27}, links: func(links []transitions.Link) []transitions.Link {
		return slices.DeleteFunc(links, func(l transitions.Link) bool {
			return l.From == transitions.Port{Machine: transitions.SessionKind, Number: uint8(transitions.SessionCloseSockets)}
		})
	}},
	{name: "a connection that is not cut", find: []int{10, 11}, machines: func(t *testing.T, m *transitions.Machines) {
		m.Socket = planted(t, m.Socket, func(r *socketRow) {
			if r.To == transitions.SocketWaiting {
				r.Do = without(r.Do, transitions.SocketCloseConnection)
			}
		})
	}},
	{name: "a double refresh", find: []int{5, 6}, machines: func(t *testing.T, m *transitions.Machines) {
		m.Token = planted(t, m.Token, func(r *tokenRow) {
			if slices.Contains(r.From, transitions.TokenRefreshing) && slices.Contains(r.On, transitions.TokenNeeded) {
				r.Do = []transitions.TokenEffect{transitions.TokenSendRefresh}
			}
		})
	}},
	{name: "a dropped request", find: []int{15}, machines: func(t *testing.T, m *transitions.Machines) {
		m.Request = planted(t, m.Request, func(r *requestRow) {
			if r.To == transitions.RequestUnknown {
				r.Do = without(r.Do, transitions.RequestSettle)
			}
		})
	}},
	{name: "a leaked late dial", find: []int{10, 11}, machines: func(t *testing.T, m *transitions.Machines) {
		m.Socket = planted(t, m.Socket, func(r *socketRow) {
			if r.If == nil {
				r.Do = without(r.Do, transitions.SocketCloseLate)
			}
		})
	}},
	{name: "a leaked late dial, by the dialer", slow: true, find: []int{1, 10, 11}, edit: func(c *connector.Config[credentials, user]) {
		below := c.DialContext
		c.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := below(context.WithoutCancel(ctx), network, address)
			if ctx.Err() != nil {
				return nil, ctx.Err() // and what has come late is forgotten
			}
			return conn, err
		}
	}},
}

// buggy is a run with a bug in it.
func buggy(t *testing.T, name string) Run {
	t.Helper()
	bug := bugs[slices.IndexFunc(bugs, func(b bug) bool { return b.name == name })]
	machines, coupling := transitions.Shipped.Machines, transitions.Shipped.Coupling
	if bug.machines != nil {
		bug.machines(t, &machines)
	}
	if bug.links != nil {
		coupling.Links = bug.links(slices.Clone(coupling.Links))
	}
	system, err := transitions.NewSystem(machines, coupling)
	if err != nil {
		t.Fatal(err)
	}
	return Run{System: system, edit: bug.edit}
}

// found returns the first seed under which a run fails, and its report.
func found(t *testing.T, r Run) (Run, Report) {
	t.Helper()
	const seeds = 20
	for range seeds {
		if report := r.Do(); report.Err() != nil {
			return r, report
		}
		r.Seed++
	}
	t.Fatalf("got nothing wrong under %d seeds, want it found", seeds)
	return r, Report{}
}

func TestPlanted(t *testing.T) {
	for _, bug := range bugs {
		t.Run("V2 a planted bug is found: "+bug.name, func(t *testing.T) {
			if bug.slow && raced() {
				t.Skip("the race detector makes it take a minute")
			}
			r, report := found(t, buggy(t, bug.name))
			first := report.Violations[0]
			if !slices.Contains(bug.find, first.Invariant) {
				t.Errorf("got %v, want a violation of one of %v", first, bug.find)
			}
			t.Logf("under seed %d, after %v: %s", r.Seed, first.At.Round(time.Second), first.Text)
		})
	}
}

func TestShrink(t *testing.T) {
	for _, name := range []string{"a logout without deadline", "a leaked late dial", "a dropped request"} {
		t.Run("V2 a failing seed shrinks: "+name, func(t *testing.T) {
			r, report := found(t, buggy(t, name))
			shrunk := r.Shrink(report, 200)
			if n := len(shrunk.Acts); n > 8 || n > len(report.Acts) || shrunk.Violations[0].Invariant != report.Violations[0].Invariant {
				t.Errorf("got %d acts of %d, %v, then %v: %v", n, len(report.Acts), report.Err(), shrunk.Err(), shrunk.Acts)
			}
			t.Logf("%d acts of %d: %v", len(shrunk.Acts), len(report.Acts), shrunk.Acts)
		})
	}
	t.Run("what has not failed stays", func(t *testing.T) {
		report := Report{Acts: []Act{{Do: "login"}}}
		if got := (Run{}).Shrink(report, 10); !slices.Equal(got.Acts, report.Acts) {
			t.Errorf("got %v", got.Acts)
		}
	})
	t.Run("no more runs than allowed", func(t *testing.T) {
		r, report := found(t, buggy(t, "a dropped request"))
		if got := r.Shrink(report, 0); len(got.Acts) != len(report.Acts) {
			t.Errorf("got %d acts of %d without a try", len(got.Acts), len(report.Acts))
		}
	})
}

// planted declares a machine again with changed rows.
func planted[S, E, F ~uint8, D comparable](t *testing.T, m *fsm.Machine[S, E, F, D], change func(*fsm.Row[S, E, F, D])) *fsm.Machine[S, E, F, D] {
	t.Helper()
	decl := m.Declaration()
	decl.Rows = slices.Clone(decl.Rows)
	for i := range decl.Rows {
		change(&decl.Rows[i])
	}
	mutant, err := fsm.Declare(decl)
	if err != nil {
		t.Fatalf("the declaration refuses the bug before the simulation sees it: %v", err)
	}
	return mutant
}

func without[F comparable](effects []F, effect F) []F {
	return slices.DeleteFunc(slices.Clone(effects), func(f F) bool { return f == effect })
}
