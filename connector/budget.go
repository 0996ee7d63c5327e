package connector

import (
	"sync"
	"time"
)

// budget spreads the attempts of all sockets of a client over time: it only ever
// puts one off. Time is cut into slots, each for a number of attempts.
type budget struct {
	slot time.Duration
	room int // attempts in a slot

	mu     sync.Mutex
	booked map[int64]int // attempts by slot
	oldest int64         // no slot before it is looked at any more
}

// newBudget returns a budget of so many attempts a minute.
func newBudget(perMinute int) *budget {
	b := &budget{slot: time.Second, room: perMinute / 60, booked: make(map[int64]int)}
	if perMinute < 60 {
		b.slot, b.room = time.Minute/time.Duration(perMinute), 1
	}
	return b
}

// spend books an attempt that is made now, whatever the budget says.
func (b *budget) spend(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.booked[b.at(now)]++
}

// wait books an attempt after the delay, or as soon later as there is room, and
// returns how long that is. What is booked is spent twice when it is made; so each
// booking is of the wait alone.
func (b *budget) wait(now time.Time, delay time.Duration) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.forget(now)
	slot := b.at(now.Add(delay))
	for first := slot; ; slot++ {
		if b.booked[slot] < b.room {
			b.booked[slot]++
			if slot == first {
				return delay
			}
			return time.Duration(slot)*b.slot - time.Duration(now.UnixNano())
		}
	}
}

func (b *budget) at(t time.Time) int64 { return t.UnixNano() / int64(b.slot) }

// forget drops the slots that are past.
func (b *budget) forget(now time.Time) {
	current := b.at(now)
	if current-b.oldest < 60 && current >= b.oldest {
		return
	}
	for slot := range b.booked {
		if slot < current {
			delete(b.booked, slot)
		}
	}
	b.oldest = current
}
