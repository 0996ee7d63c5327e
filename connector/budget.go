package connector

import (
	"sync"
	"time"
)

// budget spreads the attempts of all sockets of a client over time: it only ever
// puts one off. Time is cut into slots, each with room for a number of attempts.
type budget struct {
	slot time.Duration
	room int // attempts in a slot

	mu     sync.Mutex
	booked map[int64]int   // attempts by slot
	later  map[int64]int64 // for a full slot, one after it that may not be
	oldest int64           // the slots before it are forgotten
}

// newBudget returns a budget of so many attempts a minute.
func newBudget(perMinute int) *budget {
	b := &budget{slot: time.Second, room: perMinute / 60, booked: make(map[int64]int), later: make(map[int64]int64)}
	if perMinute < 60 {
		b.slot, b.room = time.Minute/time.Duration(perMinute), 1
	}
	return b
}

// spend books an attempt that is made now, whatever the budget says.
func (b *budget) spend(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.book(b.at(now))
}

// wait books an attempt after the delay, or as soon later as there is room, and
// returns how long that is.
func (b *budget) wait(now time.Time, delay time.Duration) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.forget(b.at(now))
	wanted := b.at(now.Add(delay))
	slot := b.free(wanted)
	b.book(slot)
	if slot == wanted {
		return delay
	}
	return time.Duration(slot)*b.slot - time.Duration(now.UnixNano())
}

func (b *budget) at(t time.Time) int64 { return t.UnixNano() / int64(b.slot) }

func (b *budget) book(slot int64) {
	if b.booked[slot]++; b.booked[slot] >= b.room {
		b.later[slot] = slot + 1
	}
}

// free returns the first slot with room, from this one on, and shortens the way for
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
	if current-b.oldest < 60 && current >= b.oldest {
		return
	}
	for slot := range b.booked {
		if slot < current {
			delete(b.booked, slot)
			delete(b.later, slot)
		}
	}
	b.oldest = current
}
