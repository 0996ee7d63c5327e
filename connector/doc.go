// Package connector runs the declared machines of package transitions over real
// HTTP and WebSockets: log in, keep a token fresh, open sockets, authenticate
// and subscribe on them, send requests, receive messages, and survive drops,
// expiry and refusals, until logout closes everything.
//
// # Sessions
//
// A [Client] holds what its sessions share, and is made by [New] from one [Config],
// whose zero values are the defaults that its fields state. A [Session] is one user on
// it, and below that those who have logged in as another. [Session.Login],
// [Session.Resume] and [Session.LoginAs] return when every socket is ready, or say
// which half has failed: a [*LoginError]. [Session.Logout] leads back to the user
// before, or out; [Session.Close] is the end of the process. [Session.HTTP] is a client
// whose requests carry a fresh token.
//
// # Sockets
//
// A socket is declared by a [SocketConfig] with the types that it speaks: how it
// authenticates and subscribes, where a message's id is, which answers are errors. [On]
// gives its typed handle, for [Socket.Request], [Socket.Send] and [Socket.Messages].
// A [Group] of sockets opens when those before are ready, and can be made of what these
// have answered. What the end of a connection means is a table of [Rule] values.
//
// # Watching
//
// What happens can be read at any time from [Session.Status], and watched on a [Stream]
// by any number of consumers: [Session.Changes] has every change of state with its
// reason, [Session.Outcomes] the end of each command, [Session.Errors] and
// [Handle.Errors] what went wrong outside of any call, [Handle.Readies] whether messages
// may have been missed. A stream holds a bounded number of items and counts what a slow
// consumer loses; [Stream.All] ranges over it.
//
// For operators there is Config.Log, a log; Config.Observer, for metrics and traces (see
// connector/telemetry for OpenTelemetry); Config.Journal, a record that replays (see
// connector/journal); and connector/inspect, a page of running sessions.
//
// # Errors
//
// Every error has a stable code, by errcode.Of, and works with [errors.Is] and
// [errors.As]; those that callers branch on are variables of this package. No error,
// log line or record holds a token or credentials.
//
// # Concurrency
//
// Everything may be used by many goroutines, and every command may be called from every
// builder and callback, but for the few that say otherwise. A ready socket costs one
// goroutine, its reader; a session costs none.
//
// The one invariant: the connector decides nothing. It posts events to the
// session's [transitions.Core], performs the effects that come out, and what
// moves is a declared row.
//
// What it will not do: store tokens beyond the process unless it is given a store,
// call the application under the lock of a session, or keep a goroutine for a
// session.
package connector
