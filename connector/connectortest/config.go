package connectortest

import (
	"errors"
	"fmt"
	"log/slog"
	"time"
)

const (
	defaultAccessLife  = time.Minute
	defaultRefreshLife = 24 * time.Hour
	shortestLife       = time.Millisecond // the resolution of the exp claim
)

// Config says who may log in, how long tokens live and what the answers leave
// out. The zero value is complete.
type Config struct {
	// Users are those who may log in; with none, DefaultUsers.
	Users []User
	// AccessLife is how long an access token is valid, at least 1 ms; zero
	// means 60 s.
	AccessLife time.Duration
	// RefreshLife is how long a refresh token is valid, at least 1 ms; zero
	// means 24 h.
	RefreshLife time.Duration
	// ClockSkew is how far the backend's clock runs ahead of the process's, or
	// behind when negative. The Date header (RFC 9110 section 6.6.1) and the
	// iat and exp claims (RFC 7519 section 4.1) follow the backend's clock, and
	// tokens are valid by it, so that their lives stay as long as they are.
	ClockSkew time.Duration
	// NoExpiresIn leaves expires_in out of the answers with tokens (RFC 6749
	// section 5.1 allows that), so that only the claims tell when they end.
	NoExpiresIn bool
	// NoIssuedAt leaves the iat claim out of access tokens.
	NoIssuedAt bool
	// FixedRefresh keeps refresh tokens as they are: a refresh answers without
	// one, and the old one stays valid for the rest of its life (RFC 6749
	// section 6).
	FixedRefresh bool
	// NoRefresh gives no refresh token at all; FixedRefresh then says nothing.
	NoRefresh bool
	// Log receives what arrives and which fault it meets, at debug level and
	// without any token or password; nil means silence.
	Log *slog.Logger
}

// User is someone who may log in. Printing one, or writing one as JSON, leaves
// the password out.
type User struct {
	ID       int    `json:"id"`   // positive and unique
	Name     string `json:"name"` // not empty and unique
	Password string `json:"-"`    // not empty
	// MayLoginAs lets the user log in as another one, by POST /login-as.
	MayLoginAs bool `json:"-"`
}

// DefaultUsers returns the users of a backend configured without any: ann with
// password secret and id 1, bob with password hunter2 and id 2, carol with
// password letmein and id 3. All but carol may log in as another user.
func DefaultUsers() []User {
	return []User{
		{ID: 1, Name: "ann", Password: "secret", MayLoginAs: true},
		{ID: 2, Name: "bob", Password: "hunter2", MayLoginAs: true},
		{ID: 3, Name: "carol", Password: "letmein"},
	}
}

// Format keeps the password out of every printed form of a user.
func (u User) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "{%d %s}", u.ID, u.Name) }

func (c Config) check() error {
	var errs []error
	fault := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("interlock: config: "+format, args...))
	}
	if c.AccessLife != 0 && c.AccessLife < shortestLife {
		fault("AccessLife: %v is shorter than %v", c.AccessLife, shortestLife)
	}
	if c.RefreshLife != 0 && c.RefreshLife < shortestLife {
		fault("RefreshLife: %v is shorter than %v", c.RefreshLife, shortestLife)
	}
	ids, names := map[int]bool{}, map[string]bool{}
	for i, u := range c.Users {
		if u.ID <= 0 {
			fault("Users[%d].ID: %d is not positive", i, u.ID)
		} else if ids[u.ID] {
			fault("Users[%d].ID: %d is taken", i, u.ID)
		}
		if u.Name == "" {
			fault("Users[%d].Name: empty", i)
		} else if names[u.Name] {
			fault("Users[%d].Name: %q is taken", i, u.Name)
		}
		if u.Password == "" {
			fault("Users[%d].Password: empty", i)
		}
		ids[u.ID], names[u.Name] = true, true
	}
	return errors.Join(errs...)
}

func (c Config) withDefaults() Config {
	if len(c.Users) == 0 {
		c.Users = DefaultUsers()
	}
	if c.AccessLife == 0 {
		c.AccessLife = defaultAccessLife
	}
	if c.RefreshLife == 0 {
		c.RefreshLife = defaultRefreshLife
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}
