package connector

import (
	"sync"
	"time"
)

// budget spreads the attempts of all sockets of a client over time: it only ever
// puts one off. Time is cut into slots, each with room for one attempt.
type budget struct {
	slot time.Duration

	mu     sync.Mutex
	later  map[int64]int64 // for a booked slot, one after it that may not be
	oldest int64           // the slots before it are forgotten
}

// newBudget returns a budget of so many attempts a minute.
func newBudget(perMinute int) *budget {
	return &budget{slot: max(time.Minute/time.Duration(perMinute), time.Microsecond), later: make(map[int64]int64)}
}

// spend books an attempt that is made now, whatever the budget says.
func (b *budget) spend(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	current := b.at(now)
	b.forget(current)
	b.later[current] = current + 1
}

// farAway is a delay that is not looked at: nobody else will be about by then.
const farAway = 6 * time.Hour

// wait books an attempt after the delay, or as soon later as there is room, and
// returns how long that is.
func (b *budget) wait(now time.Time, delay time.Duration) time.Duration {
	if delay < 0 || delay > farAway {
		return max(delay, 0)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.forget(b.at(now))
	wanted := b.at(now.Add(delay))
	slot := b.free(wanted)
	b.later[slot] = slot + 1
	if slot == wanted {
		return delay
	}
	return time.Duration(slot)*b.slot - time.Duration(now.UnixNano())
}

func (b *budget) at(t time.Time) int64 { return t.UnixNano() / int64(b.slot) }

// free returns the first slot that is not booked, from this one on, and shortens the way for
// those who ask after it.
func (b *budget) free(slot int64) int64 {
	found := slot
	for next, full := b.later[found]; full; next, full = b.later[found] {
		found = next
	}
	for slot != found {
		slot, b.later[slot] = b.later[slot], found
	}
	return found
}

// forget drops the slots before the current one, once in a while.
func (b *budget) forget(current int64) {
	if current-b.oldest < 1000 && current >= b.oldest {
		return
	}
	for slot := range b.later {
		if slot < current {
			delete(b.later, slot)
		}
	}
	b.oldest = current
}
