package connector

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"
)

// epoch is a moment for budgets.
var epoch = time.Date(2026, 1, 2, 3, 4, 5, 600_000_000, time.UTC)

// mostIn returns the greatest number of moments within any stretch of this length.
func mostIn(at []time.Duration, stretch time.Duration) (most int) {
	for i, from := range at {
		n := 0
		for _, moment := range at[i:] {
			if moment-from < stretch {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

func TestBudget(t *testing.T) {
	for _, perMinute := range []int{1, 7, 59, 60, 90, 119, 120, 600, 1000} {
		t.Run(fmt.Sprintf("K5 %d a minute: put off, never early, and no more than that", perMinute), func(t *testing.T) {
			b := newBudget(perMinute)
			chance := rand.New(rand.NewPCG(1, uint64(perMinute)))
			var at []time.Duration
			for range 3 * perMinute {
				asked := time.Duration(chance.Int64N(int64(time.Second)))
				got := b.wait(epoch, asked)
				if got < asked {
					t.Fatalf("got %v, want not before the %v that were asked for", got, asked)
				}
				at = append(at, got)
			}
			moments := sorted(at)
			if most := mostIn(moments, time.Minute); most > perMinute+2 {
				t.Errorf("got %d attempts in a minute, want %d, and at most two more", most, perMinute)
			}
			if last := moments[len(moments)-1]; last > 3*time.Minute+time.Minute/4 {
				t.Errorf("got the last of three minutes' attempts after %v, want all of the budget used", last)
			}
		})
	}

	t.Run("K5 X4 a budget without end hardly puts anything off", func(t *testing.T) {
		for _, perMinute := range []int{1_000_000, math.MaxInt32, 10_000_000_000, math.MaxInt} {
			b := newBudget(perMinute)
			got, err := guarded(func() (got time.Duration, _ error) {
				for range 1000 {
					b.spend(epoch)
					got = max(got, b.wait(epoch, time.Second))
				}
				return got, nil
			})
			if got < time.Second || got > 1100*time.Millisecond || err != nil {
				t.Errorf("%d a minute: got %v, %v, want the 1s that was asked for, or hardly more", perMinute, got, err)
			}
		}
	})
	t.Run("K5 with room nothing is put off", func(t *testing.T) {
		b := newBudget(600)
		for i := range 100 {
			asked := time.Duration(i) * 100 * time.Millisecond
			if got := b.wait(epoch.Truncate(time.Second), asked); got != asked {
				t.Errorf("got %v, want the %v that were asked for", got, asked)
			}
		}
	})
	t.Run("K5 who comes late to a full slot goes to the next with room", func(t *testing.T) {
		b := newBudget(60)
		now := epoch.Truncate(time.Second)
		var got []time.Duration
		for _, asked := range []time.Duration{500, 500, 700, 1500, 0, 9000, 2000} {
			got = append(got, b.wait(now, asked*time.Millisecond))
		}
		second := time.Second
		want := []time.Duration{second / 2, second, 2 * second, 3 * second, 4 * second, 9 * second, 5 * second}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
	t.Run("K5 what is spent at once counts, and is never put off", func(t *testing.T) {
		b := newBudget(60)
		now := epoch.Truncate(time.Second)
		for range 10 {
			b.spend(now)
		}
		if got := b.wait(now, 0); got != time.Second {
			t.Errorf("got %v, want the next slot, whatever was spent in this one", got)
		}
		b.spend(now)
		if got := b.wait(now, 0); got != 2*time.Second {
			t.Errorf("got %v, want the slot after that", got)
		}
	})
	t.Run("K5 the past is forgotten", func(t *testing.T) {
		b := newBudget(600)
		now := epoch
		for range 10_000 {
			now = now.Add(700 * time.Millisecond)
			b.spend(now)
			b.wait(now, time.Second)
		}
		if len(b.later) > 1000 {
			t.Errorf("got %d slots kept of two hours, want a minute or two", len(b.later))
		}
	})
	t.Run("K5 X3 the past is forgotten when every attempt is a first one", func(t *testing.T) {
		b := newBudget(600)
		for i := range 100_000 {
			b.spend(epoch.Add(time.Duration(i) * time.Second))
		}
		if len(b.later) > 10_000 {
			t.Errorf("got %d slots kept of a day's logins, want a minute or two", len(b.later))
		}
	})
	t.Run("F42 a clock that jumps", func(t *testing.T) {
		const day = 24 * time.Hour
		b := newBudget(60)
		now := epoch
		for i, jump := range []time.Duration{0, day, -2 * day, day, -365 * day, 400 * day, 0} {
			now = now.Add(jump)
			for n := range 30 {
				got := b.wait(now, time.Second)
				if got < time.Second || got > time.Minute {
					t.Fatalf("jump %d: got attempt %d after %v, want 1s to a minute", i, n, got)
				}
			}
			now = now.Add(time.Hour)
		}
	})
	t.Run("K6 delays without end", func(t *testing.T) {
		b := newBudget(60)
		for _, asked := range []time.Duration{math.MaxInt64, math.MaxInt64, math.MaxInt64, math.MaxInt64 - time.Minute, 250 * 365 * 24 * time.Hour, 68 * 365 * 24 * time.Hour} {
			for range 5 {
				if got := b.wait(epoch, asked); got < asked {
					t.Errorf("got %v, want not before the %v that were asked for", got, asked)
				}
			}
		}
		if got := b.wait(epoch, time.Second); got != time.Second {
			t.Errorf("got %v, want 1s: the others are far away", got)
		}
	})
}

func TestBudgetOfMany(t *testing.T) {
	t.Run("K5 goroutines share it", func(t *testing.T) {
		b := newBudget(600)
		var mu sync.Mutex
		var at []time.Duration
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				for j := range 100 {
					asked := time.Duration(i*j) * time.Millisecond
					got := b.wait(epoch, asked)
					if got < asked {
						t.Errorf("got %v, want not before %v", got, asked)
					}
					if j%10 == 0 {
						b.spend(epoch)
					}
					mu.Lock()
					at = append(at, got)
					mu.Unlock()
				}
			})
		}
		all.Wait()
		if most := mostIn(sorted(at), time.Minute); most > 600+1 {
			t.Errorf("got %d attempts in a minute, want 600", most)
		}
	})
}

// sorted sorts moments.
func sorted(at []time.Duration) []time.Duration {
	slices.Sort(at)
	return at
}
