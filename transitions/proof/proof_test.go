package proof_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/transitions"
	"github.com/custom-app/interlock/transitions/proof"
)

// TestPlanted shows that the invariants can fail: each planted bug breaks the one
// that is there for it.
func TestPlanted(t *testing.T) {
	type (
		session = fsm.Row[transitions.SessionState, transitions.SessionEvent, transitions.SessionEffect, transitions.SessionData]
		token   = fsm.Row[transitions.TokenState, transitions.TokenEvent, transitions.TokenEffect, transitions.TokenData]
		socket  = fsm.Row[transitions.SocketState, transitions.SocketEvent, transitions.SocketEffect, transitions.SocketData]
	)
	subscribed := proof.Plan{Sockets: []transitions.SocketPlan{{Subscriptions: 1}}}
	tests := []struct {
		name, want string
		plan       proof.Plan // none: one socket, one deep
		machines   func(*testing.T, *transitions.Machines)
		links      func([]transitions.Link) []transitions.Link
		coupling   func(*transitions.Coupling)
	}{
		{name: "1 logout leaves the sockets", want: "invariant 1:", links: unlinked(transitions.SessionKind, uint8(transitions.SessionCloseSockets))},
		{name: "2 a logout out of time keeps the token", want: "invariant 2:", links: unlinked(transitions.SessionKind, uint8(transitions.SessionDropToken))},
		{name: "2 a logout that does not wait for the store", want: "invariant 2:", machines: func(t *testing.T, m *transitions.Machines) {
			m.Token = planted(t, m.Token, func(r *token) {
				if r.To == transitions.TokenErasing && slices.Contains(r.On, transitions.TokenRevoked) {
					r.To, r.Do = transitions.TokenAbsent, append(slices.Clone(r.Do), transitions.TokenReportGone)
				}
			})
		}},
		{name: "3 a user who is not counted", want: "invariant 3:", machines: func(t *testing.T, m *transitions.Machines) {
			m.Session = planted(t, m.Session, func(r *session) {
				if slices.Contains(r.On, transitions.SessionUserAccepted) && r.To == transitions.SessionSwitching {
					r.Set = nil
				}
			})
		}},
		{name: "7 a token used before it is stored", want: "invariant 7:", machines: func(t *testing.T, m *transitions.Machines) {
			m.Token = planted(t, m.Token, func(r *token) {
				if r.To == transitions.TokenStoring && slices.Contains(r.On, transitions.TokenRefreshed) {
					r.To = transitions.TokenFresh
				}
			})
		}},
		{name: "5 a second refresh in flight", want: "invariant 5:", machines: func(t *testing.T, m *transitions.Machines) {
			m.Token = planted(t, m.Token, func(r *token) {
				if slices.Contains(r.From, transitions.TokenRefreshing) && slices.Contains(r.On, transitions.TokenNeeded) {
					r.Do = []transitions.TokenEffect{transitions.TokenSendRefresh}
				}
			})
		}},
		{name: "9 a late answer counts", want: "invariant 9:", machines: func(t *testing.T, m *transitions.Machines) {
			m.Socket = planted(t, m.Socket, func(r *socket) {
				if r.If != nil && r.If.Name == "stale" {
					r.If = &fsm.Guard[transitions.SocketData, transitions.SocketEvent]{Name: "never", Holds: func(*transitions.SocketData, fsm.Event[transitions.SocketEvent]) bool { return false }}
				}
			})
		}},
		{name: "10 a late connection is not closed", want: "invariant 10:", machines: func(t *testing.T, m *transitions.Machines) {
			m.Socket = planted(t, m.Socket, func(r *socket) {
				if r.If == nil {
					r.Do = without(r.Do, transitions.SocketCloseLate)
				}
			})
		}},
		{name: "11 a dropped connection is not cut", want: "invariant 1", machines: func(t *testing.T, m *transitions.Machines) {
			m.Socket = planted(t, m.Socket, func(r *socket) {
				if r.To == transitions.SocketWaiting {
					r.Do = without(r.Do, transitions.SocketCloseConnection)
				}
			})
		}},
		{name: "13 ready without auth", want: "invariant 13:", machines: func(t *testing.T, m *transitions.Machines) {
			m.Socket = planted(t, m.Socket, func(r *socket) {
				if slices.Contains(r.From, transitions.SocketAuthenticating) && slices.Contains(r.On, transitions.SocketTokenFresh) && r.If == nil {
					r.Stay, r.To = false, transitions.SocketAuthed
				}
			})
		}},
		{name: "28 a login that nobody ends", want: "invariant 28:", links: unlinked(transitions.LoginKind, uint8(transitions.LoginReportGivenUp))},
		{name: "1 a detached session keeps its sockets", want: "invariant 1:", machines: func(t *testing.T, m *transitions.Machines) {
			m.Session = planted(t, m.Session, func(r *session) {
				if r.To == transitions.SessionDetaching {
					r.Do = without(r.Do, transitions.SessionCloseAll)
				}
			})
		}},
		{name: "3 a guest of a resume that failed serves the next user", want: "invariant 3:", plan: proof.Plan{Sockets: []transitions.SocketPlan{{Early: true}}}, machines: func(t *testing.T, m *transitions.Machines) {
			m.Socket = planted(t, m.Socket, func(r *socket) {
				if r.If != nil && r.If.Name == "guestWithTokenOfAnother" {
					r.If = &fsm.Guard[transitions.SocketData, transitions.SocketEvent]{Name: "never", Holds: func(*transitions.SocketData, fsm.Event[transitions.SocketEvent]) bool { return false }}
				}
			})
		}},
		{name: "3 it serves a user without tokens", want: "invariant 3:", plan: proof.Plan{Sockets: []transitions.SocketPlan{{Early: true}}}, machines: func(t *testing.T, m *transitions.Machines) {
			m.Socket = planted(t, m.Socket, func(r *socket) {
				if r.If != nil && r.If.Name == "guestWithTokenOfAnother" {
					asked := r.If.Holds
					r.If = &fsm.Guard[transitions.SocketData, transitions.SocketEvent]{Name: "ifThereIsAToken", Holds: func(d *transitions.SocketData, e fsm.Event[transitions.SocketEvent]) bool {
						return e.Arg != 0 && asked(d, e)
					}}
				}
			})
		}},
		{name: "10 a silent connection is not cut", want: "invariant 10:", machines: func(t *testing.T, m *transitions.Machines) {
			m.Socket = planted(t, m.Socket, func(r *socket) {
				if slices.Contains(r.On, transitions.SocketPingTimedOut) && r.To == transitions.SocketWaiting {
					r.Do = without(r.Do, transitions.SocketCloseConnection)
				}
			})
		}},
		{name: "13 ready before the answer to a subscription", want: "invariant 13:", plan: subscribed, coupling: func(c *transitions.Coupling) {
			c.Gathers = slices.Clone(c.Gathers)
			c.Gathers[0].All = append(slices.Clone(c.Gathers[0].All), transitions.SubscriptionSent)
		}},
		{name: "14 a subscription sent before auth", want: "invariant 14:", plan: subscribed, machines: func(t *testing.T, m *transitions.Machines) {
			m.Socket = planted(t, m.Socket, func(r *socket) {
				if slices.Contains(r.From, transitions.SocketAuthenticating) && slices.Contains(r.On, transitions.SocketAuthSent) && r.If == nil {
					r.Do = append(slices.Clone(r.Do), transitions.SocketReleaseSubscriptions)
				}
			})
		}},
		{name: "28 a socket closed by hand holds the session up", want: "invariant 28:", coupling: func(c *transitions.Coupling) {
			c.Quorums = slices.Clone(c.Quorums)
			for i, q := range c.Quorums {
				if q.Up == transitions.SessionSocketsAuthed {
					c.Quorums[i].All = without(q.All, transitions.SocketClosed)
				}
			}
		}},
		{name: "29 an open while it closes comes to nothing", want: "invariant 29:", machines: func(t *testing.T, m *transitions.Machines) {
			m.Socket = planted(t, m.Socket, func(r *socket) {
				if slices.Contains(r.From, transitions.SocketClosing) && slices.Contains(r.On, transitions.SocketOpenRequested) {
					r.Stay, r.To, r.Set, r.Do = true, transitions.SocketClosed, nil, nil
				}
			})
		}},
		{name: "30 a token that is refused behind the auth is refreshed for ever", want: "invariant 30:", plan: subscribed, machines: func(t *testing.T, m *transitions.Machines) {
			m.Socket = planted(t, m.Socket, func(r *socket) {
				if slices.Contains(r.From, transitions.SocketAuthed) && slices.Contains(r.On, transitions.SocketExpired) && !r.Stay {
					r.Set, r.To, r.Do = nil, transitions.SocketWaiting, []transitions.SocketEffect{transitions.SocketCloseConnection, transitions.SocketLosePending, transitions.SocketRefuseToken}
				}
			})
		}},
		{name: "28 degraded for ever", want: "invariant 28:", machines: func(t *testing.T, m *transitions.Machines) {
			m.Session = planted(t, m.Session, func(r *session) {
				if slices.Contains(r.On, transitions.SessionSocketsSound) && !r.Stay {
					r.Stay, r.To = true, transitions.SessionLoggedOut
				}
			})
		}},
		{name: "27 a logout that is ignored", want: "invariant 27:", machines: func(t *testing.T, m *transitions.Machines) {
			decl := m.Session.Declaration()
			ignored := session{From: []transitions.SessionState{transitions.SessionSubscribed}, On: []transitions.SessionEvent{transitions.SessionLogoutRequested}, Stay: true, If: &fsm.Guard[transitions.SessionData, transitions.SessionEvent]{Name: "always", Holds: func(*transitions.SessionData, fsm.Event[transitions.SessionEvent]) bool { return true }}}
			decl.Rows = append([]session{ignored}, decl.Rows...)
			var err error
			if m.Session, err = fsm.Declare(decl); err != nil {
				t.Fatal(err)
			}
		}},
		{name: "12 a user with the generation of another", want: "invariant 12:", machines: func(t *testing.T, m *transitions.Machines) {
			m.Token = planted(t, m.Token, func(r *token) {
				if r.Set != nil && r.Set.Name == "adopt" {
					adopt := r.Set.Apply
					r.Set = &fsm.Update[transitions.TokenData, transitions.TokenEvent]{Name: "adoptAgain", Apply: func(d *transitions.TokenData, e fsm.Event[transitions.TokenEvent]) {
						if adopt(d, e); e.Gen > 0 {
							d.Gen, d.Since = e.Gen, e.Gen
						}
					}}
				}
			})
		}},
		{name: "31 what comes of a logout has no end", want: "invariant 31:", links: func(links []transitions.Link) []transitions.Link {
			return append(links, transitions.Link{
				From: transitions.Port{Machine: transitions.SessionKind, Number: uint8(transitions.SessionTellLoggedOut)},
				To:   transitions.Port{Machine: transitions.SessionKind, Number: uint8(transitions.SessionLogoutRequested)},
			})
		}},
		{name: "D2 tables that contradict each other", want: "invariant D2:", links: func(links []transitions.Link) []transitions.Link {
			return append(links, transitions.Link{
				From: transitions.Port{Machine: transitions.TokenKind, Number: uint8(transitions.TokenAnnounceFresh)},
				To:   transitions.Port{Machine: transitions.SessionKind, Number: uint8(transitions.SessionTokenGone)},
			})
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			machines, coupling := transitions.Shipped.Machines, transitions.Shipped.Coupling
			if test.machines != nil {
				test.machines(t, &machines)
			}
			if test.links != nil {
				coupling.Links = test.links(slices.Clone(coupling.Links))
			}
			if test.coupling != nil {
				test.coupling(&coupling)
			}
			system, err := transitions.NewSystem(machines, coupling)
			if err != nil {
				t.Fatal(err)
			}
			plan := test.plan
			if plan.Sockets == nil {
				plan = proof.Plan{Depth: 1, Sockets: make([]transitions.SocketPlan, 1)}
			}
			if !strings.HasPrefix(test.want, "invariant 29") && !strings.HasPrefix(test.want, "invariant 30") {
				plan.Without, plan.Aimless = []int{29, 30}, true // which say of most of them that they come to no good end
			}
			report := proof.Explore(system, plan)
			if v := report.Violation; v == nil || !strings.Contains(v.Error(), test.want) {
				t.Errorf("got %v, want a violation of %s", v, test.want)
			}
		})
	}
}

// unlinked leaves out the links of one effect.
func unlinked(machine transitions.Kind, effect uint8) func([]transitions.Link) []transitions.Link {
	return func(links []transitions.Link) []transitions.Link {
		return slices.DeleteFunc(links, func(l transitions.Link) bool { return l.From == transitions.Port{Machine: machine, Number: effect} })
	}
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
		t.Fatalf("the declaration refuses the mutant before the invariants see it: %v", err)
	}
	return mutant
}

func without[F comparable](effects []F, effect F) []F {
	return slices.DeleteFunc(slices.Clone(effects), func(f F) bool { return f == effect })
}
