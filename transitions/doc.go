// Package transitions declares the machines of a connection: session, login,
// token, socket, subscription and request, and how they are coupled. Each is a table
// of rows, to be read top to bottom; start with session.go and session_rows.go.
//
// A [Core] runs them for one session. It is pure: an event goes in, and what
// moved and what is to be done come out. It sees symbols, ids and generations,
// never bytes, tokens, URLs or times, so whatever is recorded of it holds no
// secret. Give it the same events and it puts out the same outputs.
//
// The one invariant: nothing moves outside a declared row, the coupling between
// the machines included.
//
// What it will not do: I/O, clocks, randomness, goroutines, locks. A Core
// belongs to one goroutine at a time; the package connector drives it over real
// HTTP and WebSockets, and a test or a program may drive it by hand.
package transitions

import "github.com/custom-app/interlock/fsm"

// of is fsm.Of, short for the tables.
func of[T ~uint8](members ...T) []T { return members }

// states and events list what a machine declares, in its order.
func states[S, E ~uint8](infos []fsm.StateInfo[S, E]) []S {
	var all []S
	for _, info := range infos {
		all = append(all, info.Is)
	}
	return all
}
