package simulation

import (
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/custom-app/interlock/transitions"
)

var days = flag.Int("days", 1, "how many virtual days a run of TestDays lasts")

// raced tells whether the race detector slows the test down.
func raced() bool {
	info, _ := debug.ReadBuildInfo()
	return slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// simulated does many runs, as many at once as there are processors, and tells of
// each.
func simulated(seeds int, long time.Duration, tell func(Report)) {
	next := make(chan uint64)
	var mu sync.Mutex
	var working sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		working.Go(func() {
			for seed := range next {
				report := Run{Seed: seed, For: long}.Do()
				mu.Lock()
				tell(report)
				mu.Unlock()
			}
		})
	}
	for seed := range seeds {
		next <- uint64(seed)
	}
	close(next)
	working.Wait()
}

// told is a report of a failure.
func told(r Report) string {
	return fmt.Sprintf("seed %d: %v\nshrunk to: %v\njournal, its end:\n%s",
		r.Seed, r.Violations, Run{Seed: r.Seed}.Shrink(r, 100).Acts, strings.Join(r.Tail, "\n"))
}

func TestDays(t *testing.T) {
	seeds, long := 100, time.Duration(*days)*24*time.Hour
	if testing.Short() || raced() {
		seeds, long = 4, 6*time.Hour
	}
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	t.Run(fmt.Sprintf("V2 %d seeds, %v each", seeds, long), func(t *testing.T) {
		start := time.Now()
		var total Figures
		var lived time.Duration
		acts := make(map[string]int)
		simulated(seeds, long, func(r Report) {
			if r.Err() != nil {
				t.Error(told(r))
				return
			}
			for _, a := range r.Acts {
				acts[a.Do]++
			}
			lived += r.For
			total.add(r.Figures)
		})
		t.Logf("%.0f simulated days in %.1f s: %+v", lived.Hours()/24, time.Since(start).Seconds(), total)
		for _, name := range Acts() {
			if acts[name] == 0 && seeds >= 100 {
				t.Errorf("got no %s in any run, want all that can happen", name)
			}
		}
		perDay := int(lived / (24 * time.Hour))
		if total.Events < 5000*perDay || total.Faults < 50*perDay || total.Recoveries < 10*perDay || total.Logouts < 2*perDay || total.Readies < 50*perDay {
			t.Errorf("got %+v in %d days, want them to be busy", total, perDay)
		}
	})
}

// add adds the figures of another run.
func (f *Figures) add(other Figures) {
	for _, pair := range []struct{ sum, more *int }{
		{&f.Events, &other.Events}, {&f.Commands, &other.Commands}, {&f.Faults, &other.Faults}, {&f.Dials, &other.Dials},
		{&f.Connections, &other.Connections}, {&f.Readies, &other.Readies}, {&f.Messages, &other.Messages}, {&f.Requests, &other.Requests},
		{&f.Settled, &other.Settled}, {&f.HTTP, &other.HTTP}, {&f.Refreshes, &other.Refreshes}, {&f.Recoveries, &other.Recoveries}, {&f.Logouts, &other.Logouts},
	} {
		*pair.sum += *pair.more
	}
}

func TestSchedule(t *testing.T) {
	for seed := range uint64(50) {
		day := Day(seed, 24*time.Hour)
		if !slices.Equal(day, Day(seed, 24*time.Hour)) {
			t.Fatalf("seed %d: got two days", seed)
		}
		if slices.Equal(day, Day(seed+1, 24*time.Hour)) {
			t.Errorf("seeds %d and %d: got the same day", seed, seed+1)
		}
		if !slices.IsSortedFunc(day, func(a, b Act) int { return int(a.At - b.At) }) {
			t.Errorf("seed %d: got acts out of order", seed)
		}
		if n := len(day); n < 300 {
			t.Errorf("seed %d: got %d acts, want a busy day", seed, n)
		}
	}
}

func TestBadRuns(t *testing.T) {
	for _, c := range []struct {
		name, want string
		run        Run
	}{
		{"an unknown act", `interlock: simulation: acts: "dance" is not one`, Run{Acts: []Act{{Do: "dance"}}}},
		{"no machines", "System: has not every machine", Run{System: new(transitions.System), Acts: []Act{}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			report := c.run.Do()
			if err := report.Err(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
	t.Run("nothing happens", func(t *testing.T) {
		if report := (Run{Acts: []Act{}}).Do(); report.Err() != nil || report.Figures.Commands == 0 {
			t.Errorf("got %v, %+v, want the logout at the end", report.Err(), report.Figures)
		}
	})
}
