package connector

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector/journal"
	"github.com/custom-app/interlock/transitions"
)

// Client holds what its sessions share. It has no goroutine and nothing to
// close: each session ends with its logout. It may be used by many goroutines.
type Client[C, U any] struct {
	config   Config[C, U]
	settings settings
	sockets  []*wiring // those that are declared, group by group
	plan     transitions.Plan

	surroundings surroundings
	journal      *journal.Writer // nil: none is written
	recorded     journal.Plan    // plan, with the names of the sockets
	sessions     atomic.Uint64
}

// New returns a client of the config, or one error that joins all its faults,
// each naming a field. It starts nothing.
func New[C, U any](config Config[C, U]) (*Client[C, U], error) {
	config = config.withDefaults()
	if err := config.validate(); err != nil {
		return nil, err
	}
	c := &Client[C, U]{config: config}
	transport := config.HTTP
	transport.Source = noSource{}
	if faults := parts(transport.Validate()); len(faults) > 0 {
		for i, one := range faults {
			faults[i] = fmt.Errorf("interlock: config: HTTP: %s", detail(one))
		}
		return nil, errors.Join(faults...)
	}
	c.settings = c.settingsOf(config)
	c.bindGroups()
	if config.Journal != nil {
		c.journal = journal.NewWriter(journalWriter{config.Journal}, c.settings.system)
	}
	if _, err := c.settings.system.New(c.plan); err != nil {
		return nil, err
	}
	return c, nil
}

// bindGroups takes the types off the sockets that are declared, and off what makes
// others.
func (c *Client[C, U]) bindGroups() {
	c.surroundings = c.config.surroundings()
	groups := c.config.groups()
	c.plan.Groups, c.recorded.Groups = len(groups), len(groups)
	for i, group := range groups {
		for _, socket := range group.Sockets {
			w := socket.bind(c.surroundings)
			w.plan.Group = i
			c.sockets = append(c.sockets, w)
			c.plan.Sockets = append(c.plan.Sockets, w.plan)
			c.recorded.Sockets = append(c.recorded.Sockets, journal.Socket{Name: w.id, Plan: w.plan})
		}
		if i > 0 {
			c.settings.chain = append(c.settings.chain, bindGroup(group, c.surroundings))
		}
	}
}

// settingsOf takes the types off a config.
func (c *Client[C, U]) settingsOf(config Config[C, U]) settings {
	return settings{
		system: config.System.Using(config.Engine),
		gate:   config.Gate,
		login: func(ctx context.Context, credentials any) (granted, error) {
			typed, _ := credentials.(C)
			return untyped(config.Auth.Login(ctx, typed))
		},
		resume: func(ctx context.Context, pair authhttp.Pair) (granted, error) {
			if service, ok := config.Auth.(authhttp.Resumer[U]); ok {
				return untyped(service.Resume(ctx, pair))
			}
			return granted{}, authhttp.ErrNotSupported
		},
		loginAs: func(ctx context.Context, pair authhttp.Pair, id any) (granted, error) {
			if service, ok := config.Auth.(authhttp.Impersonator[U]); ok {
				return untyped(service.LoginAs(ctx, pair, id))
			}
			return granted{}, authhttp.ErrNotSupported
		},
		renew:  config.Auth.Refresh,
		revoke: config.Auth.Logout,
		revokeWide: func(ctx context.Context, pair authhttp.Pair) error {
			if service, ok := config.Auth.(authhttp.Everywhere); ok {
				return service.LogoutEverywhere(ctx, pair)
			}
			return authhttp.ErrNotSupported
		},
		store: config.Store, resumes: c.supports(authhttp.FeatureResume),
		dial: dialer{dial: config.DialContext, tls: config.TLS, proxy: config.Proxy}, budget: newBudget(config.AttemptsPerMinute),
		now: config.Now, delays: config.Backoff, seed: config.Seed,
		noToken: config.NoToken, mute: config.NoTokenMute, reporter: config.Reporter,
		gateTimeout: config.GateTimeout, groupTimeout: config.GroupTimeout, storeTimeout: config.StoreTimeout,
		loginTimeout: config.LoginTimeout, refreshTimeout: config.RefreshTimeout,
		revokeTimeout: config.RevokeTimeout, closeTimeout: config.CloseTimeout,
		staleGap: config.StaleGap, refreshFloor: config.RefreshFloor,
		retryFloor: config.RetryFloor, retryCap: config.RetryCap,
	}
}

// untyped takes the type off a grant.
func untyped[U any](grant authhttp.Grant[U], err error) (granted, error) {
	return granted{pair: grant.Pair, user: grant.User}, err
}

// supports tells whether the service can do something, by what it says and by the
// methods that it has.
func (c *Client[C, U]) supports(feature authhttp.Feature) bool {
	supported, err := guarded(func() (bool, error) {
		f, ok := c.config.Auth.(authhttp.Featured)
		return !ok || f.Supports(feature), nil
	})
	has := false
	switch feature {
	case authhttp.FeatureResume:
		_, has = c.config.Auth.(authhttp.Resumer[U])
	case authhttp.FeatureLoginAs:
		_, has = c.config.Auth.(authhttp.Impersonator[U])
	case authhttp.FeatureLogoutEverywhere:
		_, has = c.config.Auth.(authhttp.Everywhere)
	}
	return has && supported && err == nil
}

// noSource stands for the session while a transport is validated.
type noSource struct{}

func (noSource) Token(context.Context, authhttp.Generation) (authhttp.Token, error) {
	return authhttp.Token{}, authhttp.ErrNoToken
}

// String names the client without showing what it holds.
func (c *Client[C, U]) String() string { return "interlock client" }

// NewSession returns a session that is logged out, whose tokens Config.Store keeps
// under the account "". It starts nothing, and costs about two kilobytes with one
// socket until it opens.
func (c *Client[C, U]) NewSession() *Session[C, U] { return c.NewSessionOf("") }

// NewSessionOf is NewSession for a program that has several accounts: Config.Store
// keeps the tokens of each under its name. Two sessions of one account at a time
// would overwrite each other's.
func (c *Client[C, U]) NewSessionOf(account string) *Session[C, U] {
	d := &driver{settings: &c.settings, number: c.sessions.Add(1), account: account}
	core, err := c.settings.system.New(transitions.Plan{Groups: c.plan.Groups})
	if err != nil {
		panic(err) // New has made one of the same plan
	}
	d.core = core
	for _, w := range c.sockets {
		if err := d.addRun(w, w.plan); err != nil {
			panic(err)
		}
	}
	if c.config.Log != nil {
		d.log = &logger{driver: d, to: c.config.Log.Handler()}
	}
	if c.config.Observer != nil {
		d.observer = &observation{driver: d, to: c.config.Observer}
	}
	if c.journal != nil {
		d.journal = &journalist{driver: d, to: c.journal.Session(d.number, c.recorded)}
	}
	return &Session[C, U]{driver: d, client: c}
}
