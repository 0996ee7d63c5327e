package scenario

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Accounts is a login endpoint for servers that have none: /login, /refresh, which
// exchanges refresh tokens, and /logout, of one user. Its access tokens are JWTs,
// signed with HS256 and Key. Its methods may be called from any goroutine.
type Accounts struct {
	Key  []byte // of the signatures
	Life time.Duration

	tally *Tally
	mux   *http.ServeMux

	mu      sync.Mutex
	owners  map[string]string // of refresh tokens
	revoked map[string]bool   // by user
}

// NewAccounts returns an endpoint whose access tokens live for life, of which it tells
// whole seconds, and which counts in tally.
func NewAccounts(tally *Tally, life time.Duration) *Accounts {
	a := &Accounts{
		Key: []byte(rand.Text()), Life: life, tally: tally, mux: http.NewServeMux(),
		owners: make(map[string]string), revoked: make(map[string]bool),
	}
	a.mux.HandleFunc("POST /login", a.login)
	a.mux.HandleFunc("POST /refresh", a.refresh)
	a.mux.HandleFunc("POST /logout", a.logout)
	return a
}

// Account is the one user there is.
func (a *Accounts) Account() Account { return Account{Name: "ann", Password: "secret"} }

// ServeHTTP answers a login, a refresh or a logout.
func (a *Accounts) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }

// Revoke ends all tokens of a user, who cannot log in again.
func (a *Accounts) Revoke(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.revoked[name] = true
}

// Verify returns whose a token is, and when it ends. The error is jwt.ErrTokenExpired
// for one that was good, and another for one that never was, or was revoked.
func (a *Accounts) Verify(token string) (name string, expires time.Time, err error) {
	var claims jwt.RegisteredClaims
	key := func(*jwt.Token) (any, error) { return a.Key, nil }
	if _, err := jwt.ParseWithClaims(token, &claims, key, jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired()); err != nil {
		return "", time.Time{}, err
	}
	if a.isRevoked(claims.Subject) {
		return "", time.Time{}, fmt.Errorf("interlock: accounts: %s is revoked", claims.Subject)
	}
	return claims.Subject, claims.ExpiresAt.Time, nil
}

// Token makes an access token of a user, good for life, which may be negative, and to
// the end of the second then.
func (a *Accounts) Token(name string, life time.Duration) (string, error) {
	now := time.Now()
	end := now.Add(life).Truncate(time.Second).Add(time.Second)
	return jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.RegisteredClaims{
		Subject: name, ID: rand.Text(), IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(end),
	}).SignedString(a.Key)
}

func (a *Accounts) isRevoked(name string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.revoked[name]
}

// grant is the answer to a login or a refresh.
type grant struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	Seconds int    `json:"expires_in"`
	User    *owner `json:"user,omitempty"`
}

// owner is what is told of a user.
type owner struct {
	Name string `json:"name"`
}

func (a *Accounts) login(w http.ResponseWriter, r *http.Request) {
	var asked Account
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	if asked != a.Account() || a.isRevoked(asked.Name) {
		a.tally.Count(func(n *Counts) { n.Refused++ })
		refuse(w, http.StatusUnauthorized, errors.New("wrong name or password"))
		return
	}
	a.tally.Count(func(n *Counts) { n.Logins++ })
	a.answer(w, asked.Name, &owner{asked.Name})
}

func (a *Accounts) refresh(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Refresh string `json:"refresh_token"`
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	a.mu.Lock()
	name, ok := a.owners[asked.Refresh]
	delete(a.owners, asked.Refresh)
	a.mu.Unlock()
	if !ok || a.isRevoked(name) {
		refuse(w, http.StatusUnauthorized, errors.New("the refresh token is no good"))
		return
	}
	a.tally.Count(func(n *Counts) { n.Refreshes++ })
	a.answer(w, name, nil)
}

func (a *Accounts) logout(w http.ResponseWriter, r *http.Request) {
	name, _, err := a.Verify(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	if err != nil {
		refuse(w, http.StatusUnauthorized, err)
		return
	}
	a.mu.Lock()
	for token, owner := range a.owners {
		if owner == name {
			delete(a.owners, token)
		}
	}
	a.mu.Unlock()
	a.tally.Count(func(n *Counts) { n.Logouts++ })
	w.WriteHeader(http.StatusNoContent)
}

// answer writes a new pair of tokens.
func (a *Accounts) answer(w http.ResponseWriter, name string, user *owner) {
	access, err := a.Token(name, a.Life)
	if err != nil {
		refuse(w, http.StatusInternalServerError, err)
		return
	}
	given := grant{Access: access, Refresh: rand.Text(), Seconds: int(a.Life / time.Second), User: user}
	a.mu.Lock()
	a.owners[given.Refresh] = name
	a.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(given)
}

// refuse answers with a status and why.
func refuse(w http.ResponseWriter, status int, why error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": why.Error()})
}
