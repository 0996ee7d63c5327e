package connector

import (
	"context"
	"errors"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/transitions"
)

// loginCall is a command to log in, resume or log in as another that waits for its
// outcome.
type loginCall struct {
	ctx         context.Context
	within      context.Context // of what is done for it
	operation   *operation
	command     transitions.Command
	credentials any      // of a login
	id          any      // of the other user
	given       *granted // what the application has from elsewhere, instead of a request
	ticket      uint32
	brief       bool       // does not wait for the sockets
	require     *requirer  // whose resume it is, which others who require a login share
	quiet       bool       // does not want the listener told
	last        error      // what the last request failed with, for a caller who leaves
	done        chan error // holds one
}

func (d *driver) newCall(ctx context.Context, command transitions.Command) *loginCall {
	return &loginCall{
		ctx: ctx, within: ctx, command: command, ticket: d.tickets.Add(1),
		brief: isBrief(ctx), quiet: isQuiet(ctx), done: make(chan error, 1),
	}
}

// name is what the command is called.
func (c *loginCall) name() string {
	if c.given != nil {
		return "adopt"
	}
	return c.command.String()
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

	resumed bool // by a resume: the pair may be the one that stays in the store
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

// received dates what was granted, measures the server's clock by it, and reads
// how long it lives.
func (d *driver) received(g *granted) {
	g.at = d.settings.now()
	if difference, known := g.pair.Clock(g.at); known {
		d.clock.Store(&difference)
	}
	d.measureLife(g)
}

// measureLife reads how long a pair lives. Where only the end is known, it is by
// the server's clock. A life that makes no sense counts as over: the pair is kept,
// since the server has used up the one before it, and is renewed at the floor.
func (d *driver) measureLife(g *granted) {
	if g.pair.Access == "" {
		return
	}
	if g.pair.Date.IsZero() && d.clock.Load() != nil {
		g.pair.Date = g.at.Add(d.clockDifference())
	}
	life, err := g.pair.Lifetime(g.at)
	if err != nil && !errors.Is(err, authhttp.ErrNoLife) {
		d.fail("", err)
		life = 1
	}
	g.life = life
}

// clockDifference is how far the server's clock is ahead of ours; 0 also before it
// was measured.
func (d *driver) clockDifference() time.Duration {
	if difference := d.clock.Load(); difference != nil {
		return *difference
	}
	return 0
}

func (d *driver) performLogin(w work) {
	switch transitions.LoginEffect(w.out.Effect) {
	case transitions.LoginAskGate:
		d.login = w.why.login
		d.login.within, d.login.operation = d.observer.begin(d.login.ctx, Operation{Kind: CommandOperation, Name: d.login.name()})
		d.askGate(w.out.Now)
	case transitions.LoginLoad:
		d.load(d.commandContext(), w.out.Now)
	case transitions.LoginSend:
		ctx, call, pair := d.commandContext(), d.login, d.current().pairHeld()
		d.begin(func() { d.sendLogin(ctx, call, pair, w.out.Now) })
	case transitions.LoginCancel:
		if d.cancelLogin != nil {
			d.cancelLogin()
		}
	case transitions.LoginRevokeLate:
		if w.why.granted.pair.Access != "" && !w.why.granted.resumed {
			d.begin(func() { d.revokeLate(w.why.granted.pair) })
		}
	case transitions.LoginReportAccepted:
		d.truncateUsers(0)
		d.addUser(w.why.granted.user)
	case transitions.LoginReportUser:
		d.addUser(w.why.granted.user)
	case transitions.LoginRefuseBusy:
		w.why.refuse(ErrBusy)
	case transitions.LoginLoadToken, transitions.LoginNeedToken, transitions.LoginRefuseToken, transitions.LoginAdoptToken,
		transitions.LoginParkToken, transitions.LoginAddToken, transitions.LoginReportRejected, transitions.LoginReportGivenUp:
		// Links carry these to other machines.
	default:
		d.tellLogin(w)
	}
}

// commandContext is the context of what the command in flight does next; it ends
// with LoginCancel, or with the command.
func (d *driver) commandContext() context.Context {
	if d.cancelLogin != nil {
		d.cancelLogin()
	}
	var ctx context.Context
	ctx, d.cancelLogin = context.WithCancel(context.WithoutCancel(d.login.within))
	return ctx
}

// askGate asks the application's gate; where there is none it is open.
func (d *driver) askGate(gen uint32) {
	opened := transitions.Input{To: transitions.LoginKind, On: uint8(transitions.LoginGateOpened), Gen: gen}
	if d.settings.gate == nil {
		_ = d.post(opened, noCause)
		return
	}
	ctx := d.commandContext()
	d.begin(func() {
		_, err := guarded(func() (struct{}, error) { return struct{}{}, d.settings.gate(ctx) })
		d.failPanic(err)
		if err != nil {
			opened.On = uint8(transitions.LoginGateRefused)
		}
		_ = d.postLast(opened, &cause{err: err})
	})
}

// sendLogin makes one request of the command and posts its verdict.
func (d *driver) sendLogin(ctx context.Context, call *loginCall, pair authhttp.Pair, gen uint32) {
	in := transitions.Input{To: transitions.LoginKind, Gen: gen}
	var operation *operation
	if call.given == nil {
		ctx, operation = d.observer.begin(ctx, Operation{Kind: CallOperation, Name: call.name()})
	}
	given, err := guarded(func() (granted, error) {
		switch {
		case call.given != nil:
			return *call.given, nil
		case call.command == transitions.CommandResume:
			return d.settings.resume(ctx, pair)
		case call.command == transitions.CommandLoginAs:
			return d.settings.loginAs(ctx, pair, call.id)
		}
		return d.settings.login(ctx, call.credentials)
	})
	d.failPanic(err)
	if err == nil {
		given.resumed = call.command == transitions.CommandResume
		d.received(&given)
	}
	says := judge(err)
	operation.done(says.outcome(err), err)
	switch {
	case err == nil:
		in.On, in.Arg = uint8(transitions.LoginAccepted), given.tokens()
	case says.refused:
		in.On = uint8(transitions.LoginTokenRefused)
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
	ctx, operation := d.observer.begin(ctx, Operation{Kind: CallOperation, Name: "logout"})
	_, err := guarded(func() (struct{}, error) { return struct{}{}, d.settings.revoke(ctx, pair) })
	operation.done(judge(err).outcome(err), err)
	if err != nil {
		d.fail("", in("login: revoking late tokens", err))
	}
}
