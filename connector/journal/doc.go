// Package journal writes down what cores are given and what comes of it, and
// replays that: the same events give the same states and effects, or the first
// that do not are named.
//
// A journal is JSON Lines, in names. The lines of several sessions may alternate.
// Each kind of line is told by its first field:
//
//	{"journal":"interlock","version":2,"session":1,"engine":"looplab","groups":1,"sockets":[{"name":"menu","plan":{…}}],"sum":"…"}
//	{"record":1,"session":1,"machine":"session","id":0,"event":"loginRequested","gen":0,"arg":1,"steps":[{…}],"sum":"…"}
//	{"added":"room","record":7,"session":1,"id":1,"plan":{…},"sum":"…"}
//	{"delay":"retryDue","record":9,"session":1,"machine":"socket","id":0,"seconds":0.25,"sum":"…"}
//
// The first begins a session: the plan of its core. The second is an event: what
// the core was given, and the steps that it led to, each with the row of the
// machine's table, counted from 1, and the effects. An event that was refused has no
// steps, but says so. The third is a socket that is added while running. The fourth
// says how long the timer of a step runs, where chance has a say in it.
//
// Records, which are events and added sockets, are numbered from 1, those of all
// sessions together. The sum at the end of a line is the CRC-32C, in hexadecimal, of
// this line and all before it, each without its sum: a line that was changed, moved
// or taken out from between others is found by it, however little the machines care.
// That the last lines are missing cannot be told from a run that went on no longer. It
// is no signature: it shows accidents, not intent.
//
// The one invariant: a journal holds nothing but what a core sees, which is no
// secret, and the names that the application has given to its sockets.
//
// What it will not do: read the journals of another version, wait, or hold more of a
// journal in memory than one line and the machines of its sessions.
package journal
