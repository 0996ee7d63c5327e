package connectortest

import (
	"log/slog"
	"slices"
	"sync"
	"time"
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
	atUnsubscribe
	atRequest
	atAppPing
	atPing
	atPong
	atMessage // any message on a socket; only faults wait here, nothing is counted
	atAnswer  // any answer on a socket; likewise
	stepCount
)

const upgradesKept = 10_000

func (s step) String() string {
	return [stepCount]string{
		"login", "login-as", "refresh", "logout", "logout-everywhere", "me",
		"upgrade", "public upgrade", "auth", "sub", "unsub", "request",
		"application ping", "ping", "pong", "message", "answer",
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
	Unsubscriptions   int // unsub messages, on both kinds of sockets
	Requests          int // echo, menuAdd and menuDelete messages, on both kinds of sockets
	AppPings          int // ping messages, on both kinds of sockets
	Pings             int // ping frames (RFC 6455 section 5.5.2), on both kinds of sockets
	Pongs             int // pong frames, on both kinds of sockets
	OpenSockets       int // sockets of both kinds open now, from just before the client learns of it
}

// script counts arrivals and hands each the fault armed for it.
type script struct {
	log *slog.Logger

	mu       sync.Mutex
	arrived  [stepCount]int
	upgrades []time.Time        // of the last at atUpgrade
	armed    [stepCount][]Fault // by step.queue
}

func newScript(log *slog.Logger) *script { return &script{log: log} }

func (s *script) arm(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed[f.step] = append(s.armed[f.step], f)
}

func (s *script) disarm() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.armed[:])
}

// arrive counts an arrival and returns the fault that it meets; the zero Fault
// lets it proceed.
func (s *script) arrive(at step) Fault {
	return s.meet(at, at.queue())
}

// arriveOnSocket is arrive for a message on a socket. What is armed for any
// message comes before what is armed for one of its kind.
func (s *script) arriveOnSocket(at step) Fault {
	return s.meet(at, atMessage, at.queue())
}

func (s *script) meet(at step, queues ...step) Fault {
	f := s.count(at, queues)
	s.log.Debug("arrived", "step", at.String(), "fault", string(f.action))
	return f
}

func (s *script) count(at step, queues []step) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.arrived[at]++
	if at == atUpgrade {
		s.upgrades = append(s.upgrades, time.Now())
		s.upgrades = s.upgrades[max(0, len(s.upgrades)-upgradesKept):]
	}
	return s.take(queues...)
}

// answer returns the fault that an answer on a socket meets.
func (s *script) answer() Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.take(atAnswer)
}

// take is called with s.mu held. It uses up the first fault that waits in one of
// the queues.
func (s *script) take(queues ...step) Fault {
	for _, queue := range queues {
		armed := s.armed[queue]
		if len(armed) == 0 {
			continue
		}
		f := armed[0]
		if armed[0].times--; armed[0].times == 0 {
			s.armed[queue] = armed[1:]
		}
		return f
	}
	return Fault{}
}

func (s *script) upgradeTimes() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.upgrades)
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
		Unsubscriptions:   s.arrived[atUnsubscribe],
		Requests:          s.arrived[atRequest],
		AppPings:          s.arrived[atAppPing],
		Pings:             s.arrived[atPing],
		Pongs:             s.arrived[atPong],
	}
}
