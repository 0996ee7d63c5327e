package connector

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/transitions"
)

// held is the pair that a session holds for one of its users. Sessions keep it
// behind a pointer, so that printing one never reaches it.
type held struct {
	pair       authhttp.Pair
	generation uint32
	received   time.Time
	life       time.Duration // 0: nobody knows
	staleAfter time.Duration // 0: nobody knows
}

// token returns what is put on requests.
func (h *held) token() authhttp.Token {
	if h == nil {
		return authhttp.Token{}
	}
	return authhttp.Token{Access: h.pair.Access, Generation: authhttp.Generation(h.generation)}
}

// pairHeld returns the pair; the zero one if there is none.
func (h *held) pairHeld() authhttp.Pair {
	if h == nil {
		return authhttp.Pair{}
	}
	return h.pair
}

// pairs returns what is held, the master's first; nil where there is none.
func (d *driver) pairs() []*held {
	if all := d.held.Load(); all != nil {
		return *all
	}
	return nil
}

// current returns what is held for the current user, or nil.
func (d *driver) current() *held {
	all := d.pairs()
	if len(all) == 0 {
		return nil
	}
	return all[len(all)-1]
}

// keep holds a pair for a user, and none beyond the users given.
func (d *driver) keep(user uint32, h *held, users int) {
	all := make([]*held, users)
	copy(all, d.pairs())
	all[user] = h
	if !slices.ContainsFunc(all, func(h *held) bool { return h != nil }) {
		all = nil
	}
	d.held.Store(&all)
}

// tokenRun performs the effects of one user's token.
type tokenRun struct {
	cancel context.CancelFunc // of the refresh or logout request in flight
	delays backoff.BackOff
}

func (d *driver) tokenRun(user uint32) *tokenRun {
	for int(user) >= len(d.tokens) {
		d.tokens = append(d.tokens, tokenRun{})
	}
	return &d.tokens[user]
}

// tokenCall is somebody who waits for a fresh token.
type tokenCall struct {
	quiet bool
	done  chan tokenOutcome // holds one
}

type tokenOutcome struct {
	token authhttp.Token
	err   error
}

// token asks the token machine for a fresh token, or for a newer one than the
// generation that was refused, and waits for what it announces.
func (d *driver) token(ctx context.Context, refused authhttp.Generation) (authhttp.Token, error) {
	call := &tokenCall{quiet: isQuiet(ctx), done: make(chan tokenOutcome, 1)}
	if err := d.askToken(call, refused); err != nil {
		return authhttp.Token{}, err
	}
	select {
	case outcome := <-call.done:
		return outcome.token, outcome.err
	case <-ctx.Done():
		return authhttp.Token{}, context.Cause(ctx)
	}
}

// askToken asks the machine of the current user's token.
func (d *driver) askToken(call *tokenCall, refused authhttp.Generation) error {
	now := d.settings.now()
	d.mailbox.Lock()
	d.lookAtClock(now)
	in := transitions.Input{To: transitions.TokenKind, ID: uint32(d.core.Tokens() - 1), On: uint8(transitions.TokenAsked)}
	if refused != 0 {
		in.On, in.Gen = uint8(transitions.TokenRefused), uint32(refused)
	}
	err := d.step(in, &cause{token: call})
	for _, job := range d.drain() {
		go job()
	}
	return err
}

func (d *driver) performToken(w work) {
	user := w.out.ID
	run := d.tokenRun(user)
	switch transitions.TokenEffect(w.out.Effect) {
	case transitions.TokenKeep:
		given := w.why.granted
		h := &held{pair: given.pair, generation: w.out.Now, received: given.at, life: given.life}
		if given.life > 0 {
			h.staleAfter = d.settings.staleAfter(given.life)
		}
		d.noticed = false
		d.keep(user, h, max(len(d.pairs()), int(user)+1))
	case transitions.TokenReuse:
		d.noticed = false
		again := *d.pairs()[user]
		again.generation = w.out.Now
		d.keep(user, &again, int(user)+1)
	case transitions.TokenStore:
		d.save(d.pairs()[user], w.out.Now)
	case transitions.TokenErase:
		d.erase(w.out.Gen)
	case transitions.TokenDrop:
		d.keep(user, nil, max(len(d.pairs()), int(user)+1))
		d.tellTokenWaiters(w, authhttp.ErrNoToken)
	case transitions.TokenSendRefresh:
		ctx, pair := run.context(d.contextOf(w.why)), d.pairs()[user].pairHeld()
		d.begin(func() { d.sendRefresh(ctx, user, pair, w.out.Now) })
	case transitions.TokenSendLogout:
		ctx, pair := run.context(d.contextOf(w.why)), d.pairs()[user].pairHeld()
		d.begin(func() { d.sendLogout(ctx, "logout", d.settings.revoke, user, pair, w.out.Now) })
	case transitions.TokenSendLogoutEverywhere:
		ctx, pair := run.context(d.contextOf(w.why)), d.pairs()[user].pairHeld()
		d.begin(func() { d.sendLogout(ctx, "logoutEverywhere", d.settings.revokeWide, user, pair, w.out.Now) })
	case transitions.TokenCancelRefresh, transitions.TokenCancelLogout:
		if run.cancel != nil {
			run.cancel()
		}
		if w.out.On == uint8(transitions.TokenRevokeTimedOut) {
			d.fail("", in("logout: the server was not told", context.DeadlineExceeded))
		}
	case transitions.TokenTellFresh, transitions.TokenAnnounceFresh:
		d.tellTokenWaiters(w, nil)
	case transitions.TokenAnnounceUnavailable, transitions.TokenAnnounceAbsent:
		d.noTokenForWaiters(w)
		d.tellTokenWaiters(w, because(authhttp.ErrNoToken, w.why.err))
	case transitions.TokenTellUnavailable, transitions.TokenTellLeaving:
		d.tellTokenWaiters(w, because(authhttp.ErrNoToken, w.why.err))
	case transitions.TokenTellStranger:
		d.tellStranger(w.why.token)
	case transitions.TokenReportExpired:
		d.noTokenForWaiters(w)
		d.tellTokenWaiters(w, because(authhttp.ErrNoToken, w.why.err))
	case transitions.TokenReportRestored, transitions.TokenReportGone:
		// Links carry these to other machines.
	}
}

// context returns the context of the run's next request, within that of a command.
func (r *tokenRun) context(command context.Context) context.Context {
	if r.cancel != nil {
		r.cancel()
	}
	var ctx context.Context
	ctx, r.cancel = context.WithCancel(context.WithoutCancel(command))
	return ctx
}

// tellTokenWaiters hands the token held, or the error, to everyone who waits.
func (d *driver) tellTokenWaiters(w work, err error) {
	outcome := tokenOutcome{err: err}
	if err == nil {
		outcome.token = d.current().token()
	}
	for _, waiter := range d.tokenWaiters {
		waiter.done <- outcome
	}
	d.tokenWaiters = nil
}

// tellStranger answers the one who asks in the name of another user.
func (d *driver) tellStranger(call *tokenCall) {
	d.tokenWaiters = slices.DeleteFunc(d.tokenWaiters, func(waiter *tokenCall) bool { return waiter == call })
	call.done <- tokenOutcome{err: authhttp.ErrNoToken}
}

// noTokenForWaiters tells the listener, if anyone waits who does not mind.
func (d *driver) noTokenForWaiters(w work) {
	if slices.ContainsFunc(d.tokenWaiters, func(waiter *tokenCall) bool { return !waiter.quiet }) {
		d.noTokenOnce(CauseRequest, because(authhttp.ErrNoToken, w.why.err))
	}
}

// sendRefresh makes one refresh request and posts its verdict.
func (d *driver) sendRefresh(ctx context.Context, user uint32, pair authhttp.Pair, gen uint32) {
	in := transitions.Input{To: transitions.TokenKind, ID: user, Gen: gen}
	var given granted
	var err error
	ctx, operation := d.observer.begin(ctx, Operation{Kind: CallOperation, Name: "refresh"})
	given.pair, err = guarded(func() (authhttp.Pair, error) { return d.settings.renew(ctx, pair) })
	d.failPanic(err)
	if err == nil {
		d.received(&given)
	}
	says := judge(err)
	operation.done(says.outcome(err), err)
	switch {
	case err == nil && given.pair.Access != "":
		in.On, in.Arg = uint8(transitions.TokenRefreshed), given.tokens()
	case err == nil:
		in.On, err = uint8(transitions.TokenUnavailable), fmt.Errorf("interlock: refresh: the answer has no access token")
	case says.final:
		in.On = uint8(transitions.TokenRejected)
	default:
		in.On = uint8(transitions.TokenUnavailable)
		if says.wait > 0 {
			in.Arg = 1
		}
	}
	_ = d.postLast(in, &cause{err: err, retryAfter: says.wait, granted: &given})
}

// sendLogout tells the server that the pair is no longer used.
func (d *driver) sendLogout(ctx context.Context, name string, tell func(context.Context, authhttp.Pair) error, user uint32, pair authhttp.Pair, gen uint32) {
	within, operation := d.observer.begin(ctx, Operation{Kind: CallOperation, Name: name})
	_, err := guarded(func() (struct{}, error) { return struct{}{}, tell(within, pair) })
	operation.done(judge(err).outcome(err), err)
	if err != nil && ctx.Err() == nil {
		d.fail("", in("logout: the server was not told", err))
	}
	_ = d.postLast(transitions.Input{To: transitions.TokenKind, ID: user, On: uint8(transitions.TokenRevoked), Gen: gen}, &cause{err: err})
}
