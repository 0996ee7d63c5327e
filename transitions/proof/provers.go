package proof

import (
	"fmt"

	"github.com/custom-app/interlock/fsm"
)

// Prover is what holds an invariant.
type Prover string

// The provers. What tables, rules and exploration hold is held here.
const (
	ByTable       Prover = "table"          // a declaration is refused without it, or the rules of a machine say it
	ByExploration Prover = "exploration"    // every world and every move that can be reached
	ByProperties  Prover = "property tests" // random runs, and runs that are done again
	BySimulation  Prover = "simulation"     // the connector itself: tokens, URLs, time and bytes
)

// Provers says what holds each invariant, from 1.
var Provers = [...]struct {
	By   Prover
	What string
}{
	{ByExploration, "no socket that needs a session is open or dialling without one"},
	{ByExploration, "loggedOut holds no token, no login, and no request but of sockets that need no login"},
	{BySimulation, "a token of one user is never used in a request, a dial or a frame of another"},
	{BySimulation, "a token goes to the declared origin alone, and never in a URL"},
	{ByExploration, "at most one login, one refresh and one logout of a user is in flight"},
	{BySimulation, "a refresh token that was rotated is used once"},
	{ByExploration, "a new token is stored before it is used"},
	{BySimulation, "no effect, journal line or error holds a secret"},
	{ByExploration, "a stale event changes nothing, but may close its connection or revoke its token"},
	{ByExploration, "a dial that succeeds late is closed exactly once; open connections are owned"},
	{ByExploration, "a socket has one connection"},
	{ByExploration, "no generation of a token is handed out for two users"},
	{ByExploration, "subscribed means authorised on this connection, and every subscription answered"},
	{ByExploration, "nothing precedes the auth message, and nothing follows the close frame"},
	{ByExploration, "each request settles exactly once"},
	{ByExploration, "a request that was written, and may not be repeated, never goes out again"},
	{BySimulation, "no message reaches the application after logout, or from an older connection"},
	{ByTable, "a gap is told when a socket is ready again"},
	{ByTable, "every cell is a move, a stay, or impossible for a reason"},
	{ByTable, "no state is unreachable, no row dead, and each state leads to a rest state"},
	{ByProperties, "the same events give the same outputs"},
	{ByProperties, "a copy of a core goes on as the core does"},
	{ByTable, "every state that waits has a deadline"},
	{BySimulation, "delays keep to floor, cap, budget and Retry-After"},
	{ByExploration, "every buffer keeps to its limits"},
	{BySimulation, "jumps of the clock lead to no storm, and to no early logout"},
	{ByExploration, "a logout ends by deadlines alone"},
	{ByExploration, "no state hangs"},
	{ByExploration, "when the world behaves, every wanted socket becomes ready and no request is left"},
	{ByExploration, "a session whose refresh token is no good ends"},
	{ByExploration, "every event comes to an end"},
	{ByExploration, "a socket that fails does not cut another"},
	{ByExploration, "a socket that has failed for good says so exactly once"},
}

// HoldTables holds the rules of each machine alone, in every snapshot that it
// reaches. That its tables were declared holds the rest of what is said of tables.
func HoldTables() error {
	for _, hold := range []func() error{sessionBook.holdAll, loginBook.holdAll, tokenBook.holdAll, socketBook.holdAll, subscriptionBook.holdAll, requestBook.holdAll} {
		if err := hold(); err != nil {
			return err
		}
	}
	return nil
}

// holdAll holds every rule of a book, and that each is about something.
func (b *book[S, E, F, D]) holdAll() error {
	decl, used := b.machine.Declaration(), make([]int, len(b.responses))
	var in []S
	for _, s := range decl.States {
		in = append(in, s.Is)
	}
	var on []E
	for _, e := range decl.Events {
		on = append(on, e.Is)
	}
	if err := b.holds(b.machine.Using(fsm.Table), b.reached(), in, on, used); err != nil {
		return fmt.Errorf("proof: %s: %w", decl.Name, err)
	}
	for i, n := range used {
		if n == 0 {
			return fmt.Errorf("proof: %s: rule %q is never held: nothing that it is about happens", decl.Name, b.responses[i].Name)
		}
	}
	return nil
}
