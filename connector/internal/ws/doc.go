// Package ws is the client side of a WebSocket (RFC 6455): the one adapter around
// github.com/gorilla/websocket, whose names do not leave it.
//
// Its one invariant: a caller is given a whole, valid message within the limits it
// has set, or an *Error that says what went wrong. What the library below lets
// through ends the connection here: what was not asked for, text that is not
// UTF-8, a header or a decompressed message beyond its limit, half a message.
//
// It does not reconnect, watches no silence, answers no ping and no close frame, queues
// nothing, follows no redirect, and starts no goroutine: all that is the caller's.
package ws
