// Package fsmtest tests machines that are declared with package fsm: it draws
// events and runs of them, and walks a machine at random while it holds
// invariants. What breaks one is shrunk, as far as that goes, to the shortest run
// that does, and printed in the machine's names:
//
//	turnstile: "passing costs two": 1 have passed for 0 coins
//	after 2 events:
//		locked {Coins:0 Passed:0}
//		-push-> open {Coins:0 Passed:0}
//		-push-> locked {Coins:0 Passed:1}, lock
//
// A walk starts in a machine's initial snapshot, unless it is told otherwise. How
// many walks there are and how long they get is said on the command line of the
// test: see the -rapid flags of pgregory.net/rapid. For machines that are small
// enough, package explore goes through every state instead.
//
// The one invariant: a walk depends on what is drawn alone, so that a failure can
// be shrunk and seen again.
//
// What it will not do: perform effects, run timers, or wait for anything. A timer
// is an event like the others, which may come whenever a walk draws it.
package fsmtest
