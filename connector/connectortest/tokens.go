package connectortest

import (
	"crypto/rand"
	"strconv"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// clock is how far the backend's clock is ahead of the process's.
type clock time.Duration

func (c clock) now() time.Time { return time.Now().Add(time.Duration(c)) }

// tokenPair answers a login and a refresh; RFC 6749 section 5.1.
type tokenPair struct {
	AccessToken  string  `json:"access_token"`
	RefreshToken string  `json:"refresh_token,omitempty"`
	ExpiresIn    float64 `json:"expires_in,omitempty"` // seconds
	User         User    `json:"user"`
}

// issue gives l an access token. It is called with a.mu held.
func (a *accounts) issue(l *login) (tokenPair, error) {
	now := a.clock.now()
	forget(a.access, now)
	forget(a.refresh, now)

	id, expires := rand.Text(), now.Add(a.config.AccessLife)
	claims := jwt.MapClaims{
		"sub": strconv.Itoa(l.user.ID),
		"jti": id,
		"exp": numericDate(expires),
	}
	if !a.config.NoIssuedAt {
		claims["iat"] = numericDate(now)
	}
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(a.key)
	if err != nil {
		return tokenPair{}, err
	}
	a.access[id] = &grant{login: l, expires: expires}
	pair := tokenPair{AccessToken: signed, User: l.user}
	if !a.config.NoExpiresIn {
		pair.ExpiresIn = a.config.AccessLife.Seconds()
	}
	return pair, nil
}

// issueRefresh gives l a refresh token. It is called with a.mu held.
func (a *accounts) issueRefresh(l *login) string {
	token := rand.Text()
	a.refresh[token] = &grant{login: l, expires: a.clock.now().Add(a.config.RefreshLife)}
	return token
}

// idOf returns the jti claim of an access token that was signed here.
func (a *accounts) idOf(token string) (string, error) {
	// The tables hold the exact expiry; the library would cut exp to seconds.
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithoutClaimsValidation())
	claims := jwt.MapClaims{}
	_, err := parser.ParseWithClaims(token, claims, func(*jwt.Token) (any, error) { return a.key, nil })
	if err != nil {
		return "", errInvalidToken
	}
	id, _ := claims["jti"].(string)
	return id, nil
}

func forget(grants map[string]*grant, now time.Time) {
	for token, g := range grants {
		if !g.valid(now) {
			delete(grants, token)
		}
	}
}

// numericDate is seconds since the epoch, to the millisecond; RFC 7519 section
// 2 allows the fraction.
func numericDate(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
