package simulation

import (
	"slices"
	"time"
)

// Shrink looks for fewer acts that break the same invariant as a run has, trying at
// most so many runs. It returns the report of the run with the fewest; that is the
// one found when nothing shorter fails. Goroutines that wake at one instant run in
// any order, so a run that has failed may pass when it is done again: the acts are a
// way to look for the fault, and the journal is the proof of it.
func (r Run) Shrink(found Report, tries int) Report {
	if len(found.Violations) == 0 {
		return found
	}
	s := &shrinking{run: r, best: found, left: tries}
	s.run.Journal, s.run.For = nil, found.For
	for s.fewer() || s.closer() {
	}
	return s.best
}

// fewer leaves out what it can, and tells whether it could.
func (s *shrinking) fewer() (any bool) {
	for size := len(s.best.Acts) / 2; size > 0; size /= 2 {
		any = s.without(size) || any
	}
	return any
}

// closer moves the acts together, and tells whether it could.
func (s *shrinking) closer() bool {
	for _, most := range []time.Duration{time.Second, time.Minute, 10 * time.Minute} {
		if moved := closer(s.best.Acts, most); !slices.Equal(moved, s.best.Acts) && s.try(moved) {
			return true
		}
	}
	return false
}

// shrinking is a search under way.
type shrinking struct {
	run  Run
	best Report
	left int // runs
}

// without leaves out so many acts in a row, wherever that still fails, and tells
// whether it does anywhere.
func (s *shrinking) without(size int) (shorter bool) {
	for at := 0; at+size <= len(s.best.Acts) && len(s.best.Acts) > size; {
		acts := slices.Delete(slices.Clone(s.best.Acts), at, at+size)
		if s.try(acts) {
			shorter = true
		} else {
			at += size
		}
	}
	return shorter
}

// try does the run with other acts, and keeps it when the same invariant does not
// hold.
func (s *shrinking) try(acts []Act) bool {
	if s.left == 0 {
		return false
	}
	s.left--
	s.run.Acts = acts
	report := s.run.Do()
	if len(report.Violations) == 0 || report.Violations[0].Invariant != s.best.Violations[0].Invariant {
		return false
	}
	s.best = report
	return true
}

// closer moves acts together: no two are further apart than most.
func closer(acts []Act, most time.Duration) []Act {
	moved := slices.Clone(acts)
	for i := range moved {
		gap, before := acts[i].At, time.Duration(0)
		if i > 0 {
			gap, before = acts[i].At-acts[i-1].At, moved[i-1].At
		}
		moved[i].At = before + min(gap, most)
	}
	return moved
}
