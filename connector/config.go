package connector

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/authhttp/errcode"
	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/transitions"
)

// Config is what a client is made from: C is what users log in with, U what the
// backend says about them. Zero values mean the defaults that the fields state.
type Config[C, U any] struct {
	Auth    authhttp.Service[C, U] // logs in, refreshes, logs out; required
	Sockets []AnySocket[U]         // the sockets of a session, opened together when it is logged in
	Chain   []Group[U]             // the sockets after those, group by group, each when all before are ready; at most 254 groups
	Common  Common                 // what the sockets have in common
	Base    string                 // http:// or https://, to which the URLs of sockets may be relative; empty: none may

	// Store keeps the tokens of each session's account, so that Resume can go on
	// with them when the process has ended. Only those of the user who has logged in
	// first are stored. What a session asks of it is done one after the other, so a
	// store that hangs holds up the next login for StoreTimeout. nil: tokens live as
	// long as the session.
	Store authhttp.Store

	// Gate is asked before each Login, Resume and LoginAs begins, on a goroutine of
	// its own; it may wait, and with an error the command fails. The session is
	// authenticating meanwhile. nil: they begin at once.
	Gate func(context.Context) error

	// NoToken is told that somebody wants a fresh token and there is none: for
	// HTTP requests and sockets once for each generation of the token, for a command
	// each time, and never for a logout. NoTokenMute names causes that it is not told
	// of, and [Quiet] single calls. nil: nobody is told.
	NoToken     func(NoToken)
	NoTokenMute []NoTokenCause

	// Reporter is told what [Session.Errors] tells, with its code. The zero value
	// tells nobody. Its context makes requests through [Session.HTTP] go without a
	// token.
	Reporter errcode.Reporter

	// HTTP is how the application's own requests go out: it is copied, and its
	// Source set to the session. Base, Header, Format, Origins, Exclude,
	// ExcludePattern and AllowPlain may be set. Set Origins where requests go to
	// other hosts too: without, every https or loopback host gets the token.
	HTTP authhttp.Transport

	DialContext func(ctx context.Context, network, address string) (net.Conn, error) // dials sockets; nil: net.Dialer
	TLS         *tls.Config                                                          // for sockets; nil: the defaults of crypto/tls
	Proxy       func(*http.Request) (*url.URL, error)                                // for sockets; nil: http.ProxyFromEnvironment
	AllowPlain  bool                                                                 // open ws:// sockets to hosts other than loopback

	// AttemptsPerMinute bounds how often all sockets of the client together are tried
	// again in a minute: further attempts are put off. First attempts, and those that
	// Wake asks for, count but do not wait. 0: 600. A program with thousands of
	// sessions sets what its server can bear.
	AttemptsPerMinute int

	GateTimeout    time.Duration // for the gate to open; 0: 30 s
	GroupTimeout   time.Duration // for a group of the chain to be made; 0: 30 s
	StoreTimeout   time.Duration // for the store to read, to save or to drop; 0: 5 s
	LoginTimeout   time.Duration // for the answer to one request of a Login, Resume or LoginAs; 0: 15 s
	RefreshTimeout time.Duration // for the answer to one refresh request; 0: 15 s
	RevokeTimeout  time.Duration // for the answer to the logout request; 0: 5 s
	CloseTimeout   time.Duration // for a whole logout, sockets and server; 0: 10 s

	StaleGap     time.Duration // a token counts as stale so long before its end, but never for more than half its life; 0: 30 s
	RefreshFloor time.Duration // least time between two refreshes, whatever the server says, and so also the least that a token counts as fresh; 0: 5 s

	// Backoff makes the delays between attempts of one login, token or socket;
	// backoff.Stop gives up. Its own randomisation and time limit should be off:
	// a delay is kept between RetryFloor and RetryCap, then spread: the first over
	// all from RetryFloor up to it, a later one over its second half. What the
	// server asks for by Retry-After is the least.
	// It is called while outputs of the machines are run, and must neither block
	// nor use the session. nil: exponential from 500 ms, doubling, to 30 s, without end.
	Backoff    func() backoff.BackOff
	RetryFloor time.Duration // least delay; 0: 100 ms
	RetryCap   time.Duration // greatest delay, unless the server asks for more; 0: 30 s
	Seed       uint64        // of the spread of delays; 0: another one for each session

	System *transitions.System // the machines; nil: transitions.Shipped. Another one is for tests of what a changed table would do
	Engine fsm.Engine          // what steps the machines; the zero value is fsm.Looplab
	Now    func() time.Time    // the clock, which must not use a session; nil: time.Now

	// Log is told what sessions do: each [Change] of the session itself at level Info
	// and of its other machines at Debug, and what [Session.Errors] tells at Warn, each
	// with [Session.Number]. It is never told a token, credentials or a URL, other
	// than what an error's own text says: where that is of net/http, without the URL's
	// credentials and query. A line of a change has the context of the
	// command whose doing it is, or that is in flight. Lines are written on goroutines of
	// their own, those of one session in order, and are written when its Logout or Close
	// returns, or a second later; what a slow handler leaves no place for, beyond 256
	// lines of a session, is left out, and the next line says how many were lost. Only its Enabled is asked while outputs of the machines are run: it must neither
	// block nor use a session. A handler that panics is called no more by that session.
	// nil: silent.
	Log *slog.Logger

	// Observer is told what sessions do, for metrics and traces. nil: nobody is.
	Observer Observer

	// Journal gets the journal of every session as JSON Lines, each in one Write,
	// before the effects of its event are performed: package journal, below this one,
	// says what the lines hold, and replays them by [journal.Replay], as the command
	// interlock replay does. It holds no secret, since the machines see none; the names
	// of sockets are those of their declarations. A writer holds one journal, of one
	// client. Writes of all sessions are made one at a time, while outputs of the
	// machines are run: they must neither block for long nor use a session. After one
	// that fails the journal ends, and each session that has more to write tells its
	// [Session.Errors] once. nil: none.
	Journal io.Writer
}

// durations are the fields that are durations, with their defaults.
func (c *Config[C, U]) durations() []duration {
	return []duration{
		{"GateTimeout", &c.GateTimeout, 30 * time.Second}, {"GroupTimeout", &c.GroupTimeout, 30 * time.Second},
		{"StoreTimeout", &c.StoreTimeout, 5 * time.Second}, {"LoginTimeout", &c.LoginTimeout, 15 * time.Second},
		{"RefreshTimeout", &c.RefreshTimeout, 15 * time.Second}, {"RevokeTimeout", &c.RevokeTimeout, 5 * time.Second},
		{"CloseTimeout", &c.CloseTimeout, 10 * time.Second}, {"StaleGap", &c.StaleGap, 30 * time.Second},
		{"RefreshFloor", &c.RefreshFloor, 5 * time.Second}, {"RetryFloor", &c.RetryFloor, 100 * time.Millisecond},
		{"RetryCap", &c.RetryCap, 30 * time.Second},
	}
}

// groups are the sockets, group by group.
func (c Config[C, U]) groups() []Group[U] {
	return append([]Group[U]{{Sockets: c.Sockets}}, c.Chain...)
}

// surroundings are what sockets are declared in.
func (c Config[C, U]) surroundings() surroundings {
	in := surroundings{allowPlain: c.AllowPlain, common: c.Common}
	if base, err := url.Parse(c.Base); c.Base != "" && err == nil {
		in.base = base
	}
	return in
}

// withDefaults returns the config with its zero values filled in.
func (c Config[C, U]) withDefaults() Config[C, U] {
	fill(c.durations())
	if c.AttemptsPerMinute == 0 {
		c.AttemptsPerMinute = 600
	}
	if c.Backoff == nil {
		c.Backoff = defaultBackoff
	}
	if c.System == nil {
		c.System = transitions.Shipped
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Seed == 0 {
		c.Seed = rand.Uint64()
	}
	return c
}

// defaultBackoff doubles from 500 ms to 30 s, without randomness and without end.
func defaultBackoff() backoff.BackOff {
	return backoff.NewExponentialBackOff(
		backoff.WithMultiplier(2), backoff.WithMaxInterval(30*time.Second),
		backoff.WithRandomizationFactor(0), backoff.WithMaxElapsedTime(0),
	)
}

// parts returns the errors that were joined into one.
func parts(err error) []error {
	if err == nil {
		return nil
	}
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		return []error{err}
	}
	if whole := errors.Join(joined.Unwrap()...); whole == nil || whole.Error() != err.Error() {
		return []error{err} // it says more than its parts
	}
	var all []error
	for _, one := range joined.Unwrap() {
		all = append(all, parts(one)...)
	}
	return all
}

// validate joins the faults of a config.
func (c Config[C, U]) validate() error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("interlock: config: "+format, args...))
	}
	if c.Auth == nil {
		fault("Auth: is required")
	}
	if v, ok := c.Auth.(interface{ Validate() error }); ok {
		_, err := guarded(func() (struct{}, error) { return struct{}{}, v.Validate() })
		for _, one := range parts(err) {
			fault("Auth: %s", detail(one))
		}
	}
	if v, ok := c.Store.(interface{ Validate() error }); ok {
		_, err := guarded(func() (struct{}, error) { return struct{}{}, v.Validate() })
		for _, one := range parts(err) {
			fault("Store: %s", detail(one))
		}
	}
	for i, cause := range c.NoTokenMute {
		if int(cause) >= len(noTokenCauses) {
			fault("NoTokenMute[%d]: %d is not a cause", i, cause)
		}
	}
	if c.HTTP.Source != nil {
		fault("HTTP: Source: is the session's, leave it nil")
	}
	for _, one := range parts(outOfRange(c.durations())) {
		fault("%w", one)
	}
	for _, one := range parts(c.Common.validate()) {
		fault("Common: %w", one)
	}
	if c.AttemptsPerMinute < 0 {
		fault("AttemptsPerMinute: %d is negative", c.AttemptsPerMinute)
	}
	if base, err := url.Parse(c.Base); c.Base != "" && (err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" || base.User != nil) {
		fault("Base: needs http://host or https://host, without credentials")
	}
	if b, err := guarded(func() (backoff.BackOff, error) { return c.Backoff(), nil }); err != nil {
		fault("Backoff: %s", detail(err))
	} else if b == nil {
		fault("Backoff: makes nil")
	}
	if c.RetryCap < c.RetryFloor {
		fault("RetryCap: %v is less than RetryFloor, %v", c.RetryCap, c.RetryFloor)
	}
	for _, one := range parts(checkSystem(c.System)) {
		fault("System: %s", detail(one))
	}
	if c.Engine != fsm.Looplab && c.Engine != fsm.Table {
		fault("Engine: %d is not an engine", c.Engine)
	}
	if len(c.Chain) > mostGroups {
		fault("Chain: %d groups are more than %d", len(c.Chain), mostGroups)
	}
	ids := make(map[string]bool)
	for i, group := range c.groups() {
		where := "Sockets"
		if i > 0 {
			where = fmt.Sprintf("Chain[%d]: Sockets", i-1)
		}
		for _, one := range c.validateSockets(where, group.Sockets, ids) {
			fault("%w", one)
		}
	}
	return errors.Join(faults...)
}

// checkSystem joins the faults of a system that transitions.NewSystem has not made.
func checkSystem(s *transitions.System) error {
	if m := s.Machines; m.Session == nil || m.Login == nil || m.Token == nil || m.Socket == nil || m.Subscription == nil || m.Request == nil {
		return errors.New("has not every machine; transitions.NewSystem makes one")
	}
	_, err := transitions.NewSystem(s.Machines, s.Coupling)
	return err
}

// mostGroups is how many groups there can be after the first.
const mostGroups = 254

// validateSockets returns the faults of one group's sockets.
func (c Config[C, U]) validateSockets(where string, sockets []AnySocket[U], ids map[string]bool) (faults []error) {
	for i, s := range sockets {
		if s == nil {
			faults = append(faults, fmt.Errorf("%s[%d]: is nil", where, i))
			continue
		}
		id, err := guarded(func() (string, error) { return s.name(), s.validate(c.surroundings()) })
		for _, one := range parts(err) {
			faults = append(faults, fmt.Errorf("%s[%d]: %s", where, i, detail(one)))
		}
		if ids[id] {
			faults = append(faults, fmt.Errorf("%s[%d]: ID: %q is taken", where, i, id))
		}
		ids[id] = true
	}
	return faults
}
