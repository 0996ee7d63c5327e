// Package fsm declares finite-state machines as data and steps them.
//
// A machine is a slice literal of rows, read top to bottom. [Declare] validates
// it and joins the faults into one error; what it returns cannot be in a cell
// nobody thought of, because every (state, event) pair is a move, a stay, or
// impossible with a reason.
//
// Two engines step a machine. [Looplab] asks a real github.com/looplab/fsm
// machine for every step; [Table] reads a dense table that Declare filled from
// looplab's own answers, in about ten nanoseconds and without allocation. They
// cannot disagree: a difference from the rows fails the declaration.
//
// The one invariant: a snapshot changes only through a declared row, and a step
// that returns an error has changed nothing.
//
// What it will not do: I/O, time, randomness, goroutines, callbacks. Effects
// come out as data for the caller to perform, timers are named by the states
// they run in, and the caller posts what comes of them as events.
package fsm
