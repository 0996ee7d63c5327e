package connectortest

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"sync"
	"time"
)

// denial is what a client is told, as it is, when it may not do what it asks.
type denial struct {
	status int // of an HTTP answer
	failure
}

func (d *denial) Error() string { return d.Text }

var (
	errFailedAuth   = &denial{http.StatusUnauthorized, failure{"failed_auth", "the name or the password is wrong"}}
	errInvalidToken = &denial{http.StatusUnauthorized, failure{"invalid_token", "the token is not valid"}}
	errNotPermitted = &denial{http.StatusForbidden, failure{"permission_denied", "this user may not log in as another"}}
	errOtherUser    = &denial{http.StatusForbidden, failure{"other_user", "the connection belongs to another user"}}
	errUnknownUser  = &denial{http.StatusNotFound, failure{"not_found", "there is no such user"}}
)

// accounts issues and checks tokens. A token is good only while it stands in
// one of the tables, whatever it says itself.
type accounts struct {
	config Config
	clock  clock
	key    []byte
	byName map[string]User
	byID   map[int]User

	mu      sync.Mutex
	access  map[string]*grant // by the jti claim
	refresh map[string]*grant // by the token
}

// login is what one name and password, or one POST /login-as, began: all tokens
// that descend from it.
type login struct {
	user    User
	revoked bool // guarded by the lock of the accounts
}

type grant struct {
	login   *login
	expires time.Time
	used    bool // of a refresh token
}

func newAccounts(c Config) *accounts {
	a := &accounts{
		config:  c,
		clock:   clock(c.ClockSkew),
		key:     make([]byte, 32),
		byName:  make(map[string]User, len(c.Users)),
		byID:    make(map[int]User, len(c.Users)),
		access:  make(map[string]*grant),
		refresh: make(map[string]*grant),
	}
	rand.Read(a.key)
	for _, u := range c.Users {
		a.byName[u.Name], a.byID[u.ID] = u, u
	}
	return a
}

func (a *accounts) logIn(name, password string) (*login, tokenPair, error) {
	user, known := a.byName[name]
	if subtle.ConstantTimeCompare([]byte(user.Password), []byte(password)) == 0 || !known {
		return nil, tokenPair{}, errFailedAuth
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.begin(user)
}

// logInAs begins a login that has nothing to do with the one of the token.
func (a *accounts) logInAs(token string, id int) (tokenPair, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	caller, err := a.find(token)
	if err != nil {
		return tokenPair{}, err
	}
	if !caller.user.MayLoginAs {
		return tokenPair{}, errNotPermitted
	}
	user, known := a.byID[id]
	if !known {
		return tokenPair{}, errUnknownUser
	}
	_, pair, err := a.begin(user)
	return pair, err
}

// begin is called with a.mu held.
func (a *accounts) begin(user User) (*login, tokenPair, error) {
	l := &login{user: user}
	pair, err := a.issue(l)
	if err != nil {
		return nil, tokenPair{}, err
	}
	if !a.config.NoRefresh {
		pair.RefreshToken = a.issueRefresh(l)
	}
	return l, pair, nil
}

// rotate trades a refresh token for a new pair. A token that was traded before
// has been stolen by someone, so its whole login ends (RFC 9700 section
// 4.14.2).
func (a *accounts) rotate(token string) (tokenPair, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	g := a.refresh[token]
	if !g.valid(a.clock.now()) {
		return tokenPair{}, errInvalidToken
	}
	if g.used {
		g.login.revoked = true
		return tokenPair{}, errInvalidToken
	}
	pair, err := a.issue(g.login)
	if err == nil && !a.config.FixedRefresh {
		g.used = true
		pair.RefreshToken = a.issueRefresh(g.login)
	}
	return pair, err
}

// check returns the login that an access token belongs to.
func (a *accounts) check(token string) (*login, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.find(token)
}

// find is called with a.mu held.
func (a *accounts) find(token string) (*login, error) {
	id, err := a.idOf(token)
	if err != nil {
		return nil, err
	}
	g := a.access[id]
	if !g.valid(a.clock.now()) {
		return nil, errInvalidToken
	}
	return g.login, nil
}

func (a *accounts) logOut(token string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	l, err := a.find(token)
	if err != nil {
		return err
	}
	l.revoked = true
	return nil
}

// logOutEverywhere ends every login of the user whose token it is, and returns
// that user.
func (a *accounts) logOutEverywhere(token string) (User, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	l, err := a.find(token)
	if err != nil {
		return User{}, err
	}
	a.endAll(l.user)
	return l.user, nil
}

func (a *accounts) end(l *login) {
	a.mu.Lock()
	defer a.mu.Unlock()
	l.revoked = true
}

func (a *accounts) revokeUser(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.endAll(a.byName[name])
}

// endAll is called with a.mu held.
func (a *accounts) endAll(user User) {
	for _, table := range []map[string]*grant{a.access, a.refresh} {
		for _, g := range table {
			if g.login.user.ID == user.ID {
				g.login.revoked = true
			}
		}
	}
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

// valid may be called on nil, the grant of an unknown token.
func (g *grant) valid(now time.Time) bool {
	return g != nil && !g.login.revoked && now.Before(g.expires)
}
