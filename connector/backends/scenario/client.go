package scenario

import (
	"context"
	"encoding/json"
)

// Client is a program that uses a backend. Its waits are bounded by their contexts.
type Client interface {
	// Login logs in, and returns when the sockets are ready. A login that the server
	// refuses is authhttp.ErrRejected.
	Login(ctx context.Context, account Account) error
	// Ready returns when the socket has become ready again: once for each time after
	// the one of Login.
	Ready(ctx context.Context) error
	// Request says text, and returns what the answer says.
	Request(ctx context.Context, text string) (answer string, err error)
	// Pushed returns what the next push says.
	Pushed(ctx context.Context) (text string, err error)
	// LoggedOut returns when the client is logged out, though it has not asked to be.
	LoggedOut(ctx context.Context) error
	// Logout logs out, and returns when the sockets are closed and the server is told.
	Logout(ctx context.Context) error
}

// Dialect says what a server's requests, answers and pushes look like.
type Dialect struct {
	Socket string // the id of the socket
	// Ask makes a request that says text: a message of the socket, without its id.
	Ask func(text string) any
	// Answer reads what an answer says.
	Answer func(answer json.RawMessage) (text string, err error)
	// Push reads what a push says; false: the message is another one.
	Push func(message json.RawMessage) (text string, ok bool)
}
