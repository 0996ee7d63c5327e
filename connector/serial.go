package connector

import "sync"

// serial runs jobs one after the other, in order. Its goroutine ends when nothing
// is left to run.
type serial struct {
	mu      sync.Mutex
	waiting []func()
	busy    bool
}

// add adds a job, and begins the goroutine if there is none. A job beyond the
// limit of those that wait is left out, which is false; 0: there is none.
func (s *serial) add(limit int, begin func(run func()), job func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if limit > 0 && len(s.waiting) >= limit {
		return false
	}
	s.waiting = append(s.waiting, job)
	if !s.busy {
		s.busy = true
		begin(s.run)
	}
	return true
}

func (s *serial) run() {
	for {
		s.mu.Lock()
		if len(s.waiting) == 0 {
			s.busy = false
			s.mu.Unlock()
			return
		}
		next := s.waiting[0]
		s.waiting = s.waiting[1:]
		s.mu.Unlock()
		next()
	}
}
