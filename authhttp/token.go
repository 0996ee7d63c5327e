package authhttp

import (
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/custom-app/interlock/authhttp/errcode"
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
var ErrNoLife = errcode.New(errcode.BadAnswer, "interlock: token: no lifetime: Life is 0 and the access token has no readable exp")

var errOpaque = errors.New("interlock: token: the access token is not a JWT")

// Pair is what a server hands out: an access token and, from some, a token to
// refresh it with. The zero Pair means no tokens.
type Pair struct {
	Access  Secret
	Refresh Secret
	// Life is how long Access lives, counted from its receipt.
	// 0 means that the claims of Access say it.
	Life time.Duration
	// Date is what the server's clock showed when the pair was sent, to the
	// second (the Date header, RFC 9110 section 6.6.1). Zero means unknown.
	Date time.Time
}

// Clock says how far the server's clock is ahead of the local one, which showed
// now when the pair was received: Date - now, else the claim iat - now, else
// unknown. Only of a token made for this answer does iat show the time. Date is
// in whole seconds and iat is cut to them, so the difference is too small by up
// to a second, and by the time the answer took. It is at most 100 years.
func (p Pair) Clock(now time.Time) (difference time.Duration, known bool) {
	server := p.Date
	if server.IsZero() {
		claims, err := ReadClaims(p.Access)
		if err != nil || claims.Issued.IsZero() {
			return 0, false
		}
		server = claims.Issued
	}
	return max(-maxLife, min(server.Sub(now), maxLife)), true
}

// Lifetime says how long Access lives, counted from its receipt at now: Life
// when set, else the claims exp - iat, else exp - Date (RFC 7519 sections 4.1.4
// and 4.1.6), none of which depends on how well two clocks agree, else exp -
// now. Seconds are whole, so it may be up to one too long. The claims are read
// as [ReadClaims] reads them, and give at most 100 years. The error is
// [ErrNoLife] when nothing says it. A negative Life, a broken claim, or an exp
// that is not after what it is counted from, are other errors, which name it.
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
	case !p.Date.IsZero():
		now = p.Date
	}
	if !claims.Expires.After(now) {
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
		return Claims{}, errTooLong(access)
	}
	claims := jwt.MapClaims{}
	_, _, err := jwt.NewParser().ParseUnverified(access.Reveal(), claims)
	// An algorithm unknown here does not matter: nothing is verified.
	if err != nil && !errors.Is(err, jwt.ErrTokenUnverifiable) {
		return Claims{}, errOpaque
	}
	return dated(claims)
}

func errTooLong(access Secret) error {
	return fmt.Errorf("interlock: token: the access token has %d bytes, more than %d", len(access), maxToken)
}

// dated picks the claims out of all that a token has.
func dated(claims jwt.MapClaims) (Claims, error) {
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
