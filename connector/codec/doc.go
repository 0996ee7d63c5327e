// Package codec turns the requests of an application into WebSocket messages,
// and WebSocket messages into the messages of the application.
//
// A [Codec] writes a request as one [Frame] and reads the messages that a frame
// holds. [JSON], [Text] and [Bytes] are built in, [Funcs] makes one of a pair of
// functions, and package protobuf, below this one, speaks Protocol Buffers.
//
// Its one invariant: what a frame holds is handed on in order, whole messages
// only, up to the first that cannot be read; and no error prints any of it, only
// where the fault is.
//
// It does not join a message that was spread over several frames, limits no
// size (a frame is in memory already), and does not know which message answers
// which request.
package codec
