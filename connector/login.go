package connector

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/transitions"
)

// loginCall is a login command that waits for its outcome.
type loginCall struct {
	ctx         context.Context
	credentials any
	ticket      uint32
	early       bool       // does not wait for the sockets
	last        error      // what the last request failed with, for a caller who leaves
	done        chan error // holds one
}

// settle tells the caller its outcome; only the first counts.
func (c *loginCall) settle(err error) {
	select {
	case c.done <- err:
	default:
	}
}

// granted is what a login or a refresh gave.
type granted struct {
	pair authhttp.Pair
	life time.Duration // 0: unknown
	user any
	at   time.Time
}

// tokens says which tokens came, as an event's argument.
func (g *granted) tokens() uint32 {
	switch {
	case g.pair.Access == "":
		return transitions.NoTokens
	case g.pair.Refresh == "":
		return transitions.AccessOnly
	}
	return transitions.TokenPair
}

// received dates what was granted and reads how long it lives. A life that makes
// no sense, as of a clock that is wrong, counts as over: the pair is kept, since
// the server has used up the one before it, and is renewed at the floor.
func (d *driver) received(g *granted) {
	g.at = d.settings.now()
	if g.pair.Access == "" {
		return
	}
	life, err := g.pair.Lifetime(g.at)
	if err != nil && !errors.Is(err, authhttp.ErrNoLife) {
		d.faults.publish(err)
		life = 1
	}
	g.life = life
}

func (d *driver) performLogin(w work) {
	switch transitions.LoginEffect(w.out.Effect) {
	case transitions.LoginSend:
		if w.why.login != nil {
			d.login = w.why.login
		}
		var ctx context.Context
		ctx, d.cancelLogin = context.WithCancel(context.WithoutCancel(d.login.ctx))
		credentials := d.login.credentials
		d.begin(func() { d.sendLogin(ctx, credentials, w.out.Now) })
	case transitions.LoginCancel:
		d.cancelLogin()
	case transitions.LoginRevokeLate:
		if w.why.granted.pair.Access != "" {
			d.begin(func() { d.revokeLate(w.why.granted.pair) })
		}
	case transitions.LoginReportAccepted:
		user := w.why.granted.user
		d.user.Store(&user)
		if d.login.early {
			d.login.settle(nil)
		}
	case transitions.LoginRefuseBusy:
		w.why.login.settle(ErrBusy)
	case transitions.LoginTellReady:
		d.tellLogin(nil)
	case transitions.LoginTellRejected:
		d.tellLogin(&LoginError{Err: w.why.err})
	case transitions.LoginTellUnavailable:
		err := w.why.err
		if err == nil { // the last request timed out
			err = because(authhttp.ErrUnavailable, d.login.last)
		}
		d.tellLogin(&LoginError{Err: err})
	case transitions.LoginTellCancelled:
		d.tellLogin(&LoginError{Err: because(ErrLoggedOut, w.why.err)})
	case transitions.LoginTellAbandoned:
		d.tellLogin(&LoginError{Err: because(context.Cause(d.login.ctx), d.login.last)})
	case transitions.LoginTellNotReady:
		d.tellLogin(&LoginError{LoggedIn: true, Err: context.Cause(d.login.ctx)})
	case transitions.LoginTellSocketsFailed:
		d.tellLogin(&LoginError{LoggedIn: true, Err: because(ErrSocketFailed, w.why.err)})
	case transitions.LoginAdoptToken, transitions.LoginReportRejected, transitions.LoginReportGivenUp:
		// Links carry these to other machines.
	}
}

// tellLogin tells the caller of the login in flight its outcome, and forgets the
// credentials.
func (d *driver) tellLogin(err error) {
	if d.cancelLogin != nil {
		d.cancelLogin()
	}
	d.login.settle(err)
	d.login = nil
}

// sendLogin makes one login request and posts its verdict.
func (d *driver) sendLogin(ctx context.Context, credentials any, gen uint32) {
	in := transitions.Input{To: transitions.LoginKind, Gen: gen}
	given, err := guarded(func() (granted, error) { return d.settings.login(ctx, credentials) })
	if err == nil {
		d.received(&given)
	}
	says := judge(err)
	switch {
	case err == nil:
		in.On, in.Arg = uint8(transitions.LoginAccepted), given.tokens()
	case says.final:
		in.On = uint8(transitions.LoginRejected)
	default:
		in.On = uint8(transitions.LoginUnavailable)
	}
	_ = d.postLast(in, &cause{err: err, retryAfter: says.wait, granted: &given})
}

// revokeLate revokes tokens that nobody wants any more; nobody waits for it.
func (d *driver) revokeLate(pair authhttp.Pair) {
	ctx, cancel := context.WithTimeout(context.Background(), d.settings.revokeTimeout)
	defer cancel()
	_, err := guarded(func() (struct{}, error) { return struct{}{}, d.settings.revoke(ctx, pair) })
	if err != nil {
		d.faults.publish(fmt.Errorf("interlock: login: revoking late tokens: %w", err))
	}
}
