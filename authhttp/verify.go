package authhttp

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/custom-app/interlock/authhttp/internal/wire"
	"github.com/golang-jwt/jwt/v5"
)

// Verify checks the signature and the claims of access tokens (RFC 7519 section
// 7.2), for an application that has the key. Every token must have an exp. Its
// fields are not changed once it is in use; it may then be used by many
// goroutines at once.
type Verify struct {
	// Methods are the algorithms that a token may be signed with, such as RS256
	// (RFC 7518 section 3.1); the token's own word for it is not trusted.
	// Required; never "none".
	Methods []string

	// Key returns the key for a token whose header names it kid, "" when it
	// names none: a *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey, []byte
	// for HS256 and its like, or a jwt.VerificationKeySet of them. Its error refuses
	// the token, unless it is [ErrUnavailable]: then the key could not be had.
	// Required; called by many goroutines at once. No context bounds it.
	Key func(kid string) (any, error)

	Issuer   string        // what iss must be; empty: anything
	Audience string        // what aud must contain; empty: anything
	Leeway   time.Duration // how much exp and nbf may be off
}

// Validate returns all faults of the fields, joined, or nil.
func (v *Verify) Validate() error {
	var faults []error
	if len(v.Methods) == 0 {
		faults = append(faults, errors.New("interlock: verify: Methods: missing"))
	}
	for i, method := range v.Methods {
		switch {
		case strings.EqualFold(method, "none"):
			faults = append(faults, fmt.Errorf("interlock: verify: Methods[%d]: none verifies nothing", i))
		case jwt.GetSigningMethod(method) == nil:
			faults = append(faults, fmt.Errorf("interlock: verify: Methods[%d]: %q is not known", i, method))
		}
	}
	if v.Key == nil {
		faults = append(faults, errors.New("interlock: verify: Key: missing"))
	}
	if v.Leeway < 0 {
		faults = append(faults, fmt.Errorf("interlock: verify: Leeway: %v is negative", v.Leeway))
	}
	return errors.Join(faults...)
}

// Check returns the claims of an access token that is genuine and valid at now.
// Its error says what is wrong without quoting the token, and wraps the error of
// golang-jwt or of Key. A fault that Validate would find is an error, and so is
// a token larger than 64 KiB.
//
// Whoever says what time it is can revive an expired token. [JSON] takes now from
// the answer that brought the token, so that a local clock that is hours off
// refuses nobody.
func (v *Verify) Check(access Secret, now time.Time) (Claims, error) {
	if err := v.Validate(); err != nil {
		return Claims{}, err
	}
	if len(access) > maxToken {
		return Claims{}, errTooLong(access)
	}
	options := []jwt.ParserOption{
		jwt.WithValidMethods(v.Methods),
		jwt.WithExpirationRequired(),
		jwt.WithTimeFunc(func() time.Time { return now }),
		jwt.WithLeeway(v.Leeway),
		jwt.WithIssuer(v.Issuer),
	}
	if v.Audience != "" {
		options = append(options, jwt.WithAudience(v.Audience))
	}
	claims := jwt.MapClaims{}
	token, err := jwt.NewParser(options...).ParseWithClaims(access.Reveal(), claims, v.key)
	if err != nil {
		return Claims{}, wire.Guard("interlock: verify: "+v.describe(token, err), err)
	}
	return dated(claims)
}

func (v *Verify) key(token *jwt.Token) (any, error) {
	kid, _ := token.Header["kid"].(string)
	key, err := v.Key(kid)
	if err == nil && empty(key) {
		err = errors.New("interlock: verify: Key: an empty key, which anybody has")
	}
	return key, err
}

// empty tells whether a key, or one of a set, is a shared one without a byte.
func empty(key any) bool {
	switch key := key.(type) {
	case []byte:
		return len(key) == 0
	case jwt.VerificationKeySet:
		return slices.ContainsFunc(key.Keys, func(one jwt.VerificationKey) bool { return empty(one) })
	}
	return false
}

// describe says why a token was refused. The errors of golang-jwt, but those of
// claims, and the errors of Key may quote parts of it.
func (v *Verify) describe(token *jwt.Token, err error) string {
	switch {
	case errors.Is(err, jwt.ErrTokenInvalidClaims):
		return err.Error()
	case errors.Is(err, jwt.ErrTokenMalformed):
		return "not a JWT"
	case token.Method == nil || !slices.Contains(v.Methods, token.Method.Alg()):
		return "alg: not one of Methods"
	case errors.Is(err, jwt.ErrTokenUnverifiable):
		return "Key: gave no key"
	case errors.Is(err, jwt.ErrInvalidKeyType):
		return "Key: the key is not one for the alg"
	}
	return "the signature does not fit"
}
