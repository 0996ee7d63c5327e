package connector

import (
	"context"
	"errors"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/transitions"
)

// save stores the master's pair; without a store there is nothing to wait for.
func (d *driver) save(h *held, gen uint32) {
	stored := transitions.Input{To: transitions.TokenKind, On: uint8(transitions.TokenStored), Gen: gen}
	if d.settings.store == nil {
		_ = d.post(stored, noCause)
		return
	}
	content := authhttp.Stored{Pair: h.pair, Received: h.received, Clock: d.clockDifference()}.Encode(d.account)
	d.storage.add(0, d.begin, func() {
		ctx, cancel := context.WithTimeout(context.Background(), d.settings.storeTimeout)
		defer cancel()
		_, err := guarded(func() (struct{}, error) { return struct{}{}, d.settings.store.Save(ctx, d.account, content) })
		if err != nil {
			err = in("store: save", err)
			d.fail("", err)
		}
		_ = d.post(stored, &cause{err: err, told: true})
	})
}

// erase drops what is stored, and says for which generation of the session.
func (d *driver) erase(gen uint32) {
	erased := transitions.Input{To: transitions.TokenKind, On: uint8(transitions.TokenErased), Gen: gen}
	if d.settings.store == nil {
		_ = d.post(erased, noCause)
		return
	}
	d.storage.add(0, d.begin, func() {
		err := d.dropStored()
		_ = d.post(erased, &cause{err: err, told: true})
	})
}

func (d *driver) dropStored() error {
	ctx, cancel := context.WithTimeout(context.Background(), d.settings.storeTimeout)
	defer cancel()
	_, err := guarded(func() (struct{}, error) { return struct{}{}, d.settings.store.Drop(ctx, d.account) })
	if err != nil {
		err = in("store: drop", err)
		d.fail("", err)
	}
	return err
}

// load reads what is stored and posts what it is.
func (d *driver) load(ctx context.Context, gen uint32) {
	in := transitions.Input{To: transitions.LoginKind, On: uint8(transitions.LoginNothingLoaded), Gen: gen}
	switch {
	case !d.settings.resumes:
		_ = d.post(in, &cause{err: authhttp.ErrNotSupported})
		return
	case d.settings.store == nil:
		_ = d.post(in, &cause{err: authhttp.ErrNothingStored})
		return
	}
	d.storage.add(0, d.begin, func() {
		given, err := d.readStored(ctx)
		if err == nil {
			in.On, in.Arg = uint8(transitions.LoginLoaded), given.stored(d.settings)
		}
		_ = d.post(in, &cause{err: err, granted: given, told: true})
	})
}

// readStored reads what is stored. What must not be used is reported and dropped.
func (d *driver) readStored(ctx context.Context) (*granted, error) {
	ctx, cancel := context.WithTimeout(ctx, d.settings.storeTimeout)
	defer cancel()
	kept, err := guarded(func() (authhttp.Stored, error) {
		content, err := d.settings.store.Load(ctx, d.account)
		if err != nil {
			return authhttp.Stored{}, err
		}
		return authhttp.DecodeStored(d.account, content)
	})
	switch {
	case err == nil:
	case errors.Is(err, authhttp.ErrNothingStored):
		return nil, err
	default:
		err = in("store: load", err)
		d.fail("", err)
		if errors.Is(err, authhttp.ErrUnusable) {
			_ = d.dropStored()
		}
		return nil, err
	}
	given := &granted{pair: kept.Pair, at: kept.Received}
	if given.pair.Date.IsZero() && kept.Clock != 0 {
		given.pair.Date = given.at.Add(kept.Clock)
	}
	if kept.Clock != 0 {
		d.clock.Store(&kept.Clock)
	}
	d.measureLife(given)
	return given, nil
}

// backInTime is how far the wall clock may have been set back since tokens were
// stored before their age is no longer believed.
const backInTime = time.Minute

// stored says which tokens were stored, and whether they are past their life, as
// an event's argument.
func (g *granted) stored(s *settings) uint32 {
	age := elapsed(g.at, s.now())
	stale := g.life > 0 && age >= s.staleAfter(g.life) || age < -backInTime
	switch {
	case stale && g.pair.Refresh == "":
		return transitions.StaleAccess
	case stale:
		return transitions.StalePair
	}
	return g.tokens()
}
