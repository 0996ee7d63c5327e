package main

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector/configfile"
)

// adopted is a store that gives the tokens of the file, once they are offered, until
// newer ones are saved. What is saved and dropped is that of the store below.
type adopted struct {
	authhttp.Store
	pair    authhttp.Pair
	offered atomic.Bool
}

// Load returns the tokens of the file, or what the store below has.
func (a *adopted) Load(ctx context.Context, account string) (authhttp.Secret, error) {
	if a.offered.Load() {
		return authhttp.Stored{Pair: a.pair, Received: time.Now()}.Encode(account), nil
	}
	return a.Store.Load(ctx, account)
}

// Save saves to the store below.
func (a *adopted) Save(ctx context.Context, account string, content authhttp.Secret) error {
	a.offered.Store(false)
	return a.Store.Save(ctx, account, content)
}

// adopt has a session begin with the tokens of the file, if that has any.
func (l *live) adopt(config *configuration) {
	pair, given := l.file.Pair()
	if !given {
		return
	}
	l.adopted = &adopted{Store: config.Store, pair: pair}
	if l.file.Store == nil {
		l.adopted.Store = new(authhttp.MemoryStore)
	}
	config.Store = l.adopted
}

// enterAdopted goes on with the tokens of the file. Where the server tells whose they
// are, it is asked as for stored ones, and those that it refuses are refreshed.
func (l *live) enterAdopted(ctx context.Context) error {
	if l.file.HTTP.User == nil {
		return l.session.Adopt(ctx, authhttp.Grant[configfile.User]{Pair: l.adopted.pair})
	}
	l.adopted.offered.Store(true)
	return l.session.Resume(ctx)
}
