// Package proof explores the shipped machines together: session, login, tokens,
// sockets, subscriptions and requests, against an environment that may answer, fail,
// delay, repeat or forget anything, and press any command at any time. It says of
// each machine alone what must come of which event, and tests what it says by
// changing the tables a row at a time.
//
//   - plans.go says what is explored; environment.go what may happen there; world.go
//     and ledger.go what a core and its surroundings come to.
//   - invariants.go, moves.go and liveness.go hold the invariants, each under its
//     number: of worlds, of moves, and of runs to a good end. conduct.go,
//     conducts.go and levels.go hold what effects are for at the other machines.
//     goals.go has what must be reachable, since a machine that does nothing breaks
//     no invariant. provers.go says what holds which invariant.
//   - response.go and the files of responses hold the rules of each machine alone.
//   - mutant.go and coupling_mutant.go change the tables, judge.go and trials.go
//     judge, and equivalent.go lists the changes that mean the same, with reasons.
//
// The one invariant: like the machines it is pure, so that two runs see the same.
//
// What it will not do: prove anything about bytes, tokens, URLs or time, which
// the machines do not see.
package proof
