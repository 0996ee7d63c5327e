// Package propertytests proves what holds of the whole. Its claims, each with the
// run that shows it:
//
//  1. Which package may import what, and that the machines are pure: rules as data
//     in rules_test.go, held against the source by TestArrows.
//  2. Every (state, event) cell of every machine is declared, and both engines agree
//     on it: TestCells, and TestMachinesLikeTheirRows with drawn data.
//  3. Any declaration, also one that nobody has thought of, is refused with a reason,
//     or steps like looplab and like its rows read one by one: TestDeclarations.
//  4. Every state that the machines can reach together keeps the invariants, and
//     every goal is reached: TestExploreTogether, for the product of session, login,
//     tokens, two sockets, a request for each and somebody who logs in as another,
//     and for the parts beside it. Several goroutines walk as one does
//     (TestExploreByMany), and what is found with sockets that are alike is a script
//     that can be played (TestViolationIsAScenario).
//  5. Ten million random events break nothing that is cheap to hold: TestRandomEvents.
//  6. A core does what a naive model of it does: TestCore.
//  7. What happens on a connection is what the scripts in testdata say, with
//     everything that comes of it, by both engines: TestScenarios.
//  8. The README shows programs that compile, config files that the tests connect
//     with, and figures that are current: TestReadme, TestReadmeFiles.
//
// What stands elsewhere, beside what it is about: the rules of each machine alone,
// that keys do not take different worlds for one, and that every changed row is
// caught, in transitions/proof; replay in connector/journal; the simulation of the
// connector in connector/simulation.
//
// GUARANTEES.md lists what the library promises, clause by clause, and which
// clauses hold now. A test or subtest that shows a clause begins its name with
// the clause's number.
//
// The one invariant: nothing here is imported by anything.
//
// What it will not do: open a network connection or wait for time to pass.
package propertytests
