package connectortest

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

func TestUpgradeTimesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(slog.New(slog.DiscardHandler))
		started := time.Now()
		for range upgradesKept + 5 {
			s.arrive(atUpgrade)
			time.Sleep(time.Second)
		}
		got := s.upgradeTimes()
		if len(got) != upgradesKept || got[0].Sub(started) != 5*time.Second {
			t.Errorf("got %d times, the first %v after the start, want %d and 5s", len(got), got[0].Sub(started), upgradesKept)
		}
		if got := s.counts().Upgrades; got != upgradesKept+5 {
			t.Errorf("upgrades: got %d, want %d", got, upgradesKept+5)
		}
	})
}

func TestEveryStepHasAName(t *testing.T) {
	names := map[string]bool{"": true}
	for s := range stepCount {
		if names[s.String()] {
			t.Errorf("step %d: got %q, want a name of its own", s, s)
		}
		names[s.String()] = true
	}
}
