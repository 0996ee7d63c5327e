package connectortest

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// The texts of these go to clients as they are.
var (
	errFailedAuth   = errors.New("the name or the password is wrong")
	errInvalidToken = errors.New("the token is not valid")
)

// accounts issues and checks tokens. A token is good only while it stands in
// one of the tables, whatever it says itself.
type accounts struct {
	users       map[string]User
	key         []byte
	accessLife  time.Duration
	refreshLife time.Duration

	mu      sync.Mutex
	access  map[string]*grant // by the jti claim
	refresh map[string]*grant // by the token
}

// login is what one POST /login began: all tokens that descend from it.
type login struct {
	user    User
	revoked bool
}

type grant struct {
	login   *login
	expires time.Time
	used    bool // of a refresh token
}

type tokenPair struct {
	AccessToken  string  `json:"access_token"`
	RefreshToken string  `json:"refresh_token"`
	ExpiresIn    float64 `json:"expires_in"` // seconds; RFC 6749 section 5.1
	User         User    `json:"user"`
}

func newAccounts(c Config) *accounts {
	a := &accounts{
		users:       make(map[string]User, len(c.Users)),
		key:         make([]byte, 32),
		accessLife:  c.AccessLife,
		refreshLife: c.RefreshLife,
		access:      make(map[string]*grant),
		refresh:     make(map[string]*grant),
	}
	rand.Read(a.key)
	for _, u := range c.Users {
		a.users[u.Name] = u
	}
	return a
}

func (a *accounts) logIn(name, password string) (tokenPair, error) {
	user, known := a.users[name]
	if subtle.ConstantTimeCompare([]byte(user.Password), []byte(password)) == 0 || !known {
		return tokenPair{}, errFailedAuth
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.issue(&login{user: user})
}

// rotate trades a refresh token for a new pair. A token that was traded before
// has been stolen by someone, so its whole login ends (RFC 9700 section
// 4.14.2).
func (a *accounts) rotate(token string) (tokenPair, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	g := a.refresh[token]
	if !g.valid(time.Now()) {
		return tokenPair{}, errInvalidToken
	}
	if g.used {
		g.login.revoked = true
		return tokenPair{}, errInvalidToken
	}
	g.used = true
	return a.issue(g.login)
}

func (a *accounts) logOut(token string) error {
	l, err := a.check(token)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	l.revoked = true
	return nil
}

// check returns the login that an access token belongs to.
func (a *accounts) check(token string) (*login, error) {
	// The tables hold the exact expiry; the library would cut exp to seconds.
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithoutClaimsValidation())
	claims := jwt.MapClaims{}
	_, err := parser.ParseWithClaims(token, claims, func(*jwt.Token) (any, error) { return a.key, nil })
	if err != nil {
		return nil, errInvalidToken
	}
	id, _ := claims["jti"].(string)

	a.mu.Lock()
	defer a.mu.Unlock()
	g := a.access[id]
	if !g.valid(time.Now()) {
		return nil, errInvalidToken
	}
	return g.login, nil
}

func (a *accounts) expireAccess() {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.access)
}

func (a *accounts) revokeAll() {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.access)
	clear(a.refresh)
}

// issue is called with a.mu held.
func (a *accounts) issue(l *login) (tokenPair, error) {
	now := time.Now()
	forget(a.access, now)
	forget(a.refresh, now)

	id, expires := rand.Text(), now.Add(a.accessLife)
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub": strconv.Itoa(l.user.ID),
		"jti": id,
		"iat": numericDate(now),
		"exp": numericDate(expires),
	}).SignedString(a.key)
	if err != nil {
		return tokenPair{}, err
	}
	refresh := rand.Text()
	a.access[id] = &grant{login: l, expires: expires}
	a.refresh[refresh] = &grant{login: l, expires: now.Add(a.refreshLife)}
	return tokenPair{
		AccessToken:  signed,
		RefreshToken: refresh,
		ExpiresIn:    a.accessLife.Seconds(),
		User:         l.user,
	}, nil
}

// valid may be called on nil, the grant of an unknown token.
func (g *grant) valid(now time.Time) bool {
	return g != nil && !g.login.revoked && now.Before(g.expires)
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
