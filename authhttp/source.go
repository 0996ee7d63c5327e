package authhttp

import (
	"context"

	"github.com/custom-app/interlock/authhttp/errcode"
)

// ErrNoToken is returned by a [Source] that has no fresh token. [Transport]
// then sends the request without one.
var ErrNoToken = errcode.New(errcode.AuthRequired, "interlock: token: no fresh token")

// Generation numbers the tokens of one [Source]; every newer token has a
// greater one. 0 means none.
type Generation uint32

// Token is what a [Source] hands out. Its Generation tells a refused token
// from the one that replaced it.
type Token struct {
	Access     Secret
	Generation Generation
}

// Source hands out fresh tokens. It is used by many goroutines at once.
//
// Token returns a token that is fresh now, waiting for one no longer than ctx
// lasts. A refused other than 0 is the generation of a token that the server
// has refused: the source returns a token of a greater generation, refreshing
// if it must, or an error. The error is [ErrNoToken] when there is no fresh
// token and a request should go out without one. A source that cannot renew
// its tokens may leave Generation 0; such a token is never reported as refused.
type Source interface {
	Token(ctx context.Context, refused Generation) (Token, error)
}

// SourceFunc is a [Source] in a function. It makes a Source of whatever hands
// out tokens by other means, as a TokenSource of golang.org/x/oauth2 does.
type SourceFunc func(ctx context.Context, refused Generation) (Token, error)

// Token calls f.
func (f SourceFunc) Token(ctx context.Context, refused Generation) (Token, error) {
	return f(ctx, refused)
}
