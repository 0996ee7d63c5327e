// Package proof explores the shipped machines together: session, login, token
// and sockets, against an environment that may answer, fail, delay, repeat or
// forget anything, and press any command at any time.
//
// It holds the environment, the invariants, each under its number, and the goals
// that must be reachable, since a machine that does nothing breaks no invariant.
// Like the machines it is pure.
//
// What it will not do: prove anything about bytes, tokens, URLs or time, which
// the machines do not see.
package proof
