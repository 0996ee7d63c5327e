package inspect

import (
	"context"
	"sync"
	"time"

	"github.com/custom-app/interlock/connector"
)

// What is kept of a session that somebody looks at.
const (
	mostChanges = 200
	mostErrors  = 50
	keptFor     = 10 * time.Minute // after the last look
)

// record is what a session that somebody looks at has told. Its streams hold it until
// the next look: that is the whole of the recording.
type record struct {
	since   time.Time
	changes *connector.Stream[connector.Change]
	errors  *connector.Stream[error]
	expiry  *time.Timer

	mu    sync.Mutex
	moved []changeView // the newest first, as the next
	wrong []errorView
}

// recordOf returns the record of a session, and begins it if there is none.
func (h *Handler) recordOf(s Session) *record {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r, ok := h.records[s]; ok {
		r.expiry.Reset(keptFor)
		return r
	}
	r := &record{since: h.now(), changes: s.Changes(mostChanges), errors: s.Errors(mostErrors)}
	r.expiry = time.AfterFunc(keptFor, func() { h.forget(s, r) })
	if h.records == nil {
		h.records = make(map[Session]*record)
	}
	h.records[s] = r
	return r
}

func (h *Handler) forget(s Session, r *record) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.records[s] == r {
		delete(h.records, s)
	}
	r.changes.Close()
	r.errors.Close()
}

// look takes what has been told since the last look, and returns all that is kept.
func (r *record) look(now time.Time) (moved []changeView, wrong []errorView) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		c, ok := r.changes.Next(over)
		if !ok {
			break
		}
		r.moved = push(r.moved, changeViewOf(c, now), mostChanges)
	}
	for {
		err, ok := r.errors.Next(over)
		if !ok {
			break
		}
		r.wrong = push(r.wrong, errorViewOf(err, now), mostErrors)
	}
	return append([]changeView{}, r.moved...), append([]errorView{}, r.wrong...)
}

// push puts an item in front, and keeps the newest ones.
func push[T any](items []T, item T, most int) []T {
	return append([]T{item}, items[:min(len(items), most-1)]...)
}

// over is a context that has ended: with it, Next does not wait.
var over = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()
