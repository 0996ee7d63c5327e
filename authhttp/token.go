package authhttp

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// maxToken bounds the access tokens whose claims are read, in bytes.
const maxToken = 64 << 10

// maxLife bounds lifetimes, so that arithmetic on them never overflows.
const maxLife = 100 * 365 * 24 * time.Hour

// maxUnix is the last second of the year 9999, the last that RFC 3339 can
// write; later dates in a token are nonsense and would overflow arithmetic.
const maxUnix = 253402300799

// ErrNoLife is returned by [Pair.Lifetime] when nothing says how long the
// access token lives: Life is 0 and the token is opaque or has no exp.
var ErrNoLife = errors.New("interlock: token: no lifetime: Life is 0 and the access token has no readable exp")

// ErrNoToken is returned by a [Source] that has no fresh token. [Transport]
// then sends the request without one.
var ErrNoToken = errors.New("interlock: token: no fresh token")

var errOpaque = errors.New("interlock: token: the access token is not a JWT")

// Generation numbers the tokens of one [Source]; every newer token has a
// greater one. 0 means none.
type Generation uint32

// Pair is what a server hands out: an access token and, from some, a token to
// refresh it with. The zero Pair means no tokens.
type Pair struct {
	Access  Secret
	Refresh Secret
	// Life is how long Access lives, counted from its receipt.
	// 0 means that the claims of Access say it.
	Life time.Duration
}

// Lifetime says how long Access lives, counted from its receipt at now: Life
// when set, else the claims exp - iat, which does not depend on how well two
// clocks agree, else exp - now (RFC 7519 sections 4.1.4 and 4.1.6). The claims
// are read as [ReadClaims] reads them, and give at most 100 years. The error is
// [ErrNoLife] when nothing says it. A negative Life, a broken claim, an exp not
// after iat, or without iat not after now, are other errors, which name it.
func (p Pair) Lifetime(now time.Time) (time.Duration, error) {
	switch {
	case p.Access == "":
		return 0, errors.New("interlock: token: the access token is empty")
	case p.Life < 0:
		return 0, fmt.Errorf("interlock: token: Life: %v is negative", p.Life)
	case p.Life > 0:
		return p.Life, nil
	}
	claims, err := ReadClaims(p.Access)
	switch {
	case errors.Is(err, errOpaque):
		return 0, ErrNoLife
	case err != nil:
		return 0, err
	case claims.Expires.IsZero():
		return 0, ErrNoLife
	case !claims.Issued.IsZero() && !claims.Expires.After(claims.Issued):
		return 0, errors.New("interlock: token: exp: not after iat")
	case !claims.Issued.IsZero():
		return min(claims.Expires.Sub(claims.Issued), maxLife), nil
	case !claims.Expires.After(now):
		return 0, fmt.Errorf("interlock: token: exp: %s is in the past", claims.Expires.Format(time.RFC3339))
	}
	return min(claims.Expires.Sub(now), maxLife), nil
}

// Claims are the registered claims of a JWT that matter to its holder
// (RFC 7519 section 4.1). A claim that is absent is zero.
type Claims struct {
	Subject string    // sub; empty also when sub is not a string
	Expires time.Time // exp
	Issued  time.Time // iat
}

// ReadClaims reads the claims of an access token WITHOUT verifying its
// signature, issuer or dates. They tell the holder when to ask for another
// token; they must never decide what somebody may do. A token that is not a
// JWT, is larger than 64 KiB, or has an exp or iat that is no date is an error.
func ReadClaims(access Secret) (Claims, error) {
	if len(access) > maxToken {
		return Claims{}, fmt.Errorf("interlock: token: the access token has %d bytes, more than %d", len(access), maxToken)
	}
	claims := jwt.MapClaims{}
	_, _, err := jwt.NewParser().ParseUnverified(access.Reveal(), claims)
	// An algorithm unknown here does not matter: nothing is verified.
	if err != nil && !errors.Is(err, jwt.ErrTokenUnverifiable) {
		return Claims{}, errOpaque
	}
	expires, err := readDate(claims, "exp")
	if err != nil {
		return Claims{}, err
	}
	issued, err := readDate(claims, "iat")
	if err != nil {
		return Claims{}, err
	}
	subject, _ := claims["sub"].(string)
	return Claims{Subject: subject, Expires: expires, Issued: issued}, nil
}

// readDate reads a NumericDate (RFC 7519 section 2) to the second. Absent and
// 0, which some servers write for it, are the zero time.
func readDate(claims jwt.MapClaims, name string) (time.Time, error) {
	value, present := claims[name]
	if !present {
		return time.Time{}, nil
	}
	seconds, ok := value.(float64)
	if !ok {
		return time.Time{}, fmt.Errorf("interlock: token: %s: not a number", name)
	}
	if seconds < 0 || seconds > maxUnix {
		return time.Time{}, fmt.Errorf("interlock: token: %s: out of range", name)
	}
	if seconds == 0 {
		return time.Time{}, nil
	}
	return time.Unix(int64(seconds), 0).UTC(), nil
}

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
