package connector

import (
	"context"
	"fmt"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/transitions"
)

// held is the pair that the session holds. Sessions keep it behind a pointer, so
// that printing one never reaches it.
type held struct {
	pair       authhttp.Pair
	generation uint32
	received   time.Time
	staleAfter time.Duration // 0: nobody knows
}

// token returns what is put on requests.
func (h *held) token() authhttp.Token {
	if h == nil {
		return authhttp.Token{}
	}
	return authhttp.Token{Access: h.pair.Access, Generation: authhttp.Generation(h.generation)}
}

// tokenCall is somebody who waits for a fresh token.
type tokenCall struct {
	done chan tokenOutcome // holds one
}

type tokenOutcome struct {
	token authhttp.Token
	err   error
}

// token asks the token machine for a fresh token, or for a newer one than the
// generation that was refused, and waits for what it announces.
func (d *driver) token(ctx context.Context, refused authhttp.Generation) (authhttp.Token, error) {
	call := &tokenCall{done: make(chan tokenOutcome, 1)}
	in := transitions.Input{To: transitions.TokenKind, On: uint8(transitions.TokenNeeded)}
	if refused != 0 {
		in.On, in.Gen = uint8(transitions.TokenRefused), uint32(refused)
	}
	if err := d.post(in, &cause{token: call}); err != nil {
		return authhttp.Token{}, err
	}
	select {
	case outcome := <-call.done:
		return outcome.token, outcome.err
	case <-ctx.Done():
		return authhttp.Token{}, ctx.Err()
	}
}

func (d *driver) performToken(w work) {
	switch transitions.TokenEffect(w.out.Effect) {
	case transitions.TokenKeep:
		given := w.why.granted
		h := &held{pair: given.pair, generation: w.out.Now, received: given.at}
		if given.life > 0 {
			h.staleAfter = d.settings.staleAfter(given.life)
		}
		d.held.Store(h)
	case transitions.TokenDrop:
		d.held.Store(nil)
		d.tellTokenWaiters(authhttp.ErrNoToken)
	case transitions.TokenSendRefresh:
		var ctx context.Context
		ctx, d.cancelToken = context.WithCancel(context.Background())
		pair := d.held.Load().pair
		d.begin(func() { d.sendRefresh(ctx, pair, w.out.Now) })
	case transitions.TokenSendLogout:
		var ctx context.Context
		ctx, d.cancelToken = context.WithCancel(context.Background())
		pair := d.held.Load().pair
		d.begin(func() { d.sendLogout(ctx, pair, w.out.Now) })
	case transitions.TokenCancelRefresh, transitions.TokenCancelLogout:
		if d.cancelToken != nil {
			d.cancelToken()
		}
	case transitions.TokenAnnounceFresh:
		d.tellTokenWaiters(nil)
	case transitions.TokenAnnounceUnavailable, transitions.TokenTellUnavailable:
		d.tellTokenWaiters(because(authhttp.ErrNoToken, w.why.err))
	case transitions.TokenAnnounceAbsent:
		d.tellTokenWaiters(authhttp.ErrNoToken)
	case transitions.TokenReportExpired, transitions.TokenReportGone:
		// Links carry these to other machines.
	}
}

// tellTokenWaiters hands the token held, or the error, to everyone who waits.
func (d *driver) tellTokenWaiters(err error) {
	outcome := tokenOutcome{err: err}
	if err == nil {
		outcome.token = d.held.Load().token()
	}
	for _, waiter := range d.tokenWaiters {
		waiter.done <- outcome
	}
	d.tokenWaiters = nil
}

// sendRefresh makes one refresh request and posts its verdict.
func (d *driver) sendRefresh(ctx context.Context, pair authhttp.Pair, gen uint32) {
	in := transitions.Input{To: transitions.TokenKind, Gen: gen}
	var given granted
	var err error
	given.pair, err = guarded(func() (authhttp.Pair, error) { return d.settings.renew(ctx, pair) })
	if err == nil {
		d.received(&given)
	}
	says := judge(err)
	switch {
	case err == nil && given.pair.Access != "":
		in.On, in.Arg = uint8(transitions.TokenRefreshed), given.tokens()
	case err == nil:
		in.On, err = uint8(transitions.TokenUnavailable), fmt.Errorf("interlock: refresh: the answer has no access token")
	case says.final:
		in.On = uint8(transitions.TokenRejected)
	default:
		in.On = uint8(transitions.TokenUnavailable)
	}
	_ = d.postLast(in, &cause{err: err, retryAfter: says.wait, granted: &given})
}

// sendLogout tells the server that the pair is no longer used.
func (d *driver) sendLogout(ctx context.Context, pair authhttp.Pair, gen uint32) {
	_, err := guarded(func() (struct{}, error) { return struct{}{}, d.settings.revoke(ctx, pair) })
	if err != nil && ctx.Err() == nil {
		d.faults.publish(fmt.Errorf("interlock: logout: the server was not told: %w", err))
	}
	_ = d.postLast(transitions.Input{To: transitions.TokenKind, On: uint8(transitions.TokenRevoked), Gen: gen}, &cause{err: err})
}
