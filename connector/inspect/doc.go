// Package inspect shows running sessions to a person, or to a program, over HTTP: the
// states of their machines, their counters, when the next attempt begins, what has
// changed and gone wrong of late, and the diagram of each machine with its current
// state marked.
//
//	mux.Handle("/debug/interlock", &inspect.Handler{Sessions: inspect.Only("main", session)})
//
// It is for debugging. It has no login of its own, and shows what sessions do to
// everyone who reaches it: it belongs on a private port. Its pages work without
// JavaScript, load nothing from elsewhere, and refresh themselves.
//
// Everything is under one path, wherever it is mounted, and told apart by the query:
//
//	?                                      the sessions; the one session, if there is no other
//	?session=NAME                          one of them; machine=socket&id=ID draws that one
//	?session=NAME&format=json              the same as JSON; without session, all of them
//	?machine=socket&state=waiting&format=svg   a machine with a state marked; or dot, mermaid, json
//
// A session costs nothing until somebody looks at it. From then on what changes and
// goes wrong is kept, the last 200 and 50 of it, until nobody has looked for ten
// minutes; what was before is not known. There is no goroutine for it.
//
// The one invariant: no page holds a token or credentials, nor a user; the handler
// never asks a session for them. Errors say what their own texts say.
//
// What it will not do: change anything. It answers GET and HEAD alone.
package inspect
