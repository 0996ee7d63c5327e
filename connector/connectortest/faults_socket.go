package connectortest

import (
	"slices"

	"github.com/gorilla/websocket"
)

const (
	strayAnswer = `{"id":1099511627776,"echo":{"text":"nobody asked"}}`
	batchedPush = `{"push":{"news":{"text":"in the frame of an answer"}}}`
)

// DropUpgraded lets each of the next n WebSocket upgrades on /ws succeed and
// then breaks its connection at once, without a close frame.
func DropUpgraded(n int) Fault { return armed(atUpgrade, dropAfter, n) }

// CloseUpgraded lets each of the next n WebSocket upgrades on /ws succeed and
// then sends a close frame at once, as CloseSockets does.
func CloseUpgraded(n, code int, reason string) Fault {
	return ending(atUpgrade, closeAfter, n, code, reason)
}

// Deaf lets each of the next n WebSocket upgrades on /ws succeed, and never
// answers a ping frame on its socket (RFC 6455 section 5.5.2 wants it to). All
// else works there.
func Deaf(n int) Fault { return armed(atUpgrade, deaf, n) }

// Mute lets each of the next n WebSocket upgrades on /ws succeed, and neither
// reads nor writes on its socket any more. As it cannot notice that its client
// left, the socket stays open until DropSockets or Backend.Close.
func Mute(n int) Fault { return armed(atUpgrade, mute, n) }

// CloseOnAuth sends a close frame, as CloseSockets does, in the place of an
// answer to each of the next n auth messages.
func CloseOnAuth(n, code int, reason string) Fault {
	return ending(atAuth, closeWith, n, code, reason)
}

// CloseOnSubscribe sends a close frame, as CloseSockets does, in the place of
// an answer to each of the next n sub messages.
func CloseOnSubscribe(n, code int, reason string) Fault {
	return ending(atSubscribe, closeWith, n, code, reason)
}

// DropSubscribed answers each of the next n sub messages and then breaks the
// connection, without a close frame. What belongs to the answer, such as the
// menu, is still sent.
func DropSubscribed(n int) Fault { return armed(atSubscribe, dropAfter, n) }

// CloseSubscribed answers each of the next n sub messages, as DropSubscribed
// does, and then sends a close frame, as CloseSockets does.
func CloseSubscribed(n, code int, reason string) Fault {
	return ending(atSubscribe, closeAfter, n, code, reason)
}

// AnonymousErrors answers the next n messages on sockets, of whatever step,
// with the error unavailable and without an id. It comes before the faults
// armed on a step, and a message meets only one.
func AnonymousErrors(n int) Fault { return armed(atMessage, anonymous, n) }

// RepeatAnswers sends each of the next n answers on sockets twice. An answer,
// here and below, is what carries the id of a message, be it an error; one that
// a fault gives word for word does not count. An answer meets only one fault.
func RepeatAnswers(n int) Fault { return armed(atAnswer, repeat, n) }

// StrayAnswers sends, before each of the next n answers on sockets, one more to
// a message that nobody sent: {"id":1099511627776,"echo":{"text":"nobody
// asked"}}, where the id is 1<<40.
func StrayAnswers(n int) Fault { return armed(atAnswer, stray, n) }

// BatchAnswers puts each of the next n answers on sockets into one frame with a
// push, on two lines; the second one is {"push":{"news":{"text":"in the frame
// of an answer"}}}.
func BatchAnswers(n int) Fault { return armed(atAnswer, batch, n) }

// SaySockets sends text, as it is, in a text frame on every open socket now.
func SaySockets(text string) Fault { return saying(websocket.TextMessage, []byte(text)) }

// SayBinary sends data in a binary frame on every open socket now.
func SayBinary(data []byte) Fault { return saying(websocket.BinaryMessage, slices.Clone(data)) }

// PingSockets sends a ping frame (RFC 6455 section 5.5.2) on every open socket
// now.
func PingSockets() Fault { return saying(websocket.PingMessage, nil) }

// AnnounceExpiry sends the error token_expired, without an id, on every
// authenticated socket now. The sockets stay authenticated, and the tokens
// valid; ExpireTokens ends those.
func AnnounceExpiry() Fault {
	expired := failure{"token_expired", "the token has expired; authenticate again"}
	return Fault{now: func(b *Backend) { b.room.tellAuthenticated(serverMessage{Error: &expired}) }}
}

func ending(s step, a action, n, code int, reason string) Fault {
	f := armed(s, a, n)
	f.closing, f.code, f.reason = true, code, reason
	return f
}

func saying(kind int, payload []byte) Fault {
	return Fault{now: func(b *Backend) { b.room.sayAll(frame{kind: kind, payload: payload}) }}
}
