// Package propertytests proves what holds of the whole, in its test files:
//
//   - arrows_test.go: which package may import what, and that the machines are
//     pure: rules as data, held against the source.
//   - cells_test.go: every (state, event) pair of every machine is declared, and
//     both engines agree on it.
//   - explore_test.go: every state that the machines can reach together, alone
//     and with up to two sockets, also in groups and with subscriptions, keeps the
//     invariants; and the goals are reached.
//   - rapid_test.go: random events against naive models, for each machine and for
//     a whole core with subscriptions and requests.
//   - scenarios_test.go: scripts of what happens on a connection, with everything
//     that comes of it, in testdata.
//
// GUARANTEES.md lists what the library promises, clause by clause, and which
// clauses hold now. A test or subtest that shows a clause begins its name with
// the clause's number.
//
// The one invariant: nothing here is imported by anything.
//
// What it will not do: open a network connection or wait for time to pass.
package propertytests
