// Package connector runs the declared machines of package transitions over real
// HTTP and WebSockets: log in, keep a token fresh, open sockets, authenticate
// and subscribe on them, send requests, receive messages, and survive drops,
// expiry and refusals, until logout closes everything.
//
// A [Client] holds what its sessions share. A [Session] is one user on it, and
// below that those who have logged in as another: its Login, Resume and LoginAs
// return when every socket is ready. [On] gives the typed handle of a
// socket. Everything that happens can be watched: [Session.Changes].
//
// The one invariant: the connector decides nothing. It posts events to the
// session's [transitions.Core], performs the effects that come out, and what
// moves is a declared row.
//
// What it will not do: store tokens beyond the process unless it is given a store,
// call the application under the lock of a session, or keep a goroutine for a
// session: a ready socket costs one, its reader.
package connector
