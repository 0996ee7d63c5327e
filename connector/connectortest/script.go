package connectortest

import (
	"log/slog"
	"sync"
)

// step is a place in the protocol where something arrives at the backend.
type step int

const (
	atLogin step = iota
	atLoginAs
	atRefresh
	atLogout
	atLogoutEverywhere
	atMe
	atUpgrade
	atPublicUpgrade
	atAuth
	atSubscribe
	atRequest
	stepCount
)

func (s step) String() string {
	return [stepCount]string{
		"login", "login-as", "refresh", "logout", "logout-everywhere", "me",
		"upgrade", "public upgrade", "auth", "sub", "request",
	}[s]
}

// queue is the step whose faults s meets: both ways to log out share theirs.
func (s step) queue() step {
	if s == atLogoutEverywhere {
		return atLogout
	}
	return s
}

// Counts tells how often each step was reached, whatever the answer was. All
// but OpenSockets only grow.
type Counts struct {
	Logins            int // POST /login, and login messages
	LoginAs           int // POST /login-as
	Refreshes         int // POST /refresh
	Logouts           int // POST /logout, and logout messages
	LogoutsEverywhere int // POST /logout-everywhere
	Mes               int // GET /me
	Upgrades          int // GET /ws
	PublicUpgrades    int // GET /public
	Auths             int // auth messages
	Subscriptions     int // sub messages, on both kinds of sockets
	Requests          int // echo, menuAdd and menuDelete messages, on both kinds of sockets
	OpenSockets       int // sockets of both kinds open now, from just before the client learns of it
}

// script counts arrivals and hands each the fault armed for it.
type script struct {
	log *slog.Logger

	mu      sync.Mutex
	arrived [stepCount]int
	armed   [stepCount][]Fault // by step.queue
}

func newScript(log *slog.Logger) *script { return &script{log: log} }

func (s *script) arm(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed[f.step] = append(s.armed[f.step], f)
}

// arrive counts an arrival and returns the fault that it meets; the zero Fault
// lets it proceed.
func (s *script) arrive(at step) Fault {
	f := s.take(at)
	s.log.Debug("arrived", "step", at.String(), "fault", string(f.action))
	return f
}

func (s *script) take(at step) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.arrived[at]++
	queue := s.armed[at.queue()]
	if len(queue) == 0 {
		return Fault{}
	}
	f := queue[0]
	if queue[0].times--; queue[0].times == 0 {
		s.armed[at.queue()] = queue[1:]
	}
	return f
}

func (s *script) counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Counts{
		Logins:            s.arrived[atLogin],
		LoginAs:           s.arrived[atLoginAs],
		Refreshes:         s.arrived[atRefresh],
		Logouts:           s.arrived[atLogout],
		LogoutsEverywhere: s.arrived[atLogoutEverywhere],
		Mes:               s.arrived[atMe],
		Upgrades:          s.arrived[atUpgrade],
		PublicUpgrades:    s.arrived[atPublicUpgrade],
		Auths:             s.arrived[atAuth],
		Subscriptions:     s.arrived[atSubscribe],
		Requests:          s.arrived[atRequest],
	}
}
