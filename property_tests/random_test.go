package propertytests

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/transitions"
)

// TestRandomEvents posts ten million events to cores with two sockets and more,
// subscriptions and requests, whatever comes next, and holds what is cheap to hold.
// A core lives for some thousands of them; what fails names its seed, which walks
// that life again.
func TestRandomEvents(t *testing.T) {
	t.Run("D2 R2 S6 ten million events", func(t *testing.T) {
		events := 10_000_000
		if underRace || testing.Short() {
			events = 100_000
		}
		began := time.Now()
		rows := walkLives(t, events/life)
		if t.Failed() {
			return
		}
		t.Logf("%d events, %.0f a second", events, float64(events)/time.Since(began).Seconds())
		if events < 10_000_000 {
			return
		}
		for kind, chart := range transitions.Shipped.Chart().Machines {
			taken := 0
			for _, n := range rows[kind] {
				taken += min(n, 1)
			}
			t.Logf("%s: %d of %d rows taken", chart.Name, taken, len(chart.Rows))
			if taken*10 < possible(chart)*8 {
				t.Errorf("%s: %d of %d rows were taken, want most: the walk does not get about", chart.Name, taken, possible(chart))
			}
		}
	})
}

// life is how many events are posted to one core.
const life = 10_000

// rowCounts says how often each row of each machine was taken.
type rowCounts [transitions.RequestKind + 1][256]int

// walkLives walks so many lives, on as many goroutines as there is use for.
func walkLives(t *testing.T, lives int) (all rowCounts) {
	var next atomic.Int64
	var group sync.WaitGroup
	var mu sync.Mutex
	for range 2 {
		group.Go(func() {
			var rows rowCounts
			for seed := next.Add(1); seed <= int64(lives) && !t.Failed(); seed = next.Add(1) {
				s := newStroll(uint64(seed), &rows)
				if err := s.walk(); err != nil {
					t.Errorf("seed %d: %v\n%s", seed, err, s.said())
				}
			}
			mu.Lock()
			defer mu.Unlock()
			for kind := range rows {
				for row, n := range rows[kind] {
					all[kind][row] += n
				}
			}
		})
	}
	group.Wait()
	return all
}

// possible is how many rows of a machine can be taken.
func possible(chart fsm.Chart) (n int) {
	for _, r := range chart.Rows {
		if r.Never == "" {
			n++
		}
	}
	return n
}

// stroll is one life of a core, and the little that is believed of it.
type stroll struct {
	random  *rand.Rand
	core    *transitions.Core
	groups  int
	hostile int // how many events of a thousand are any at all
	rows    *rowCounts
	now     map[port]uint32 // the generation of each machine
	running map[port]uint64 // the timers of each machine, a bit for each
	waiting []uint32        // requests that have not settled
	handed  uint32          // the generation of the last token that was handed out
	ids     [3]uint32       // the last socket, subscription and request
	posted  int
	last    [50]transitions.Input
}

func newStroll(seed uint64, rows *rowCounts) *stroll {
	s := &stroll{random: rand.New(rand.NewPCG(seed, 0)), rows: rows, now: make(map[port]uint32), running: make(map[port]uint64)}
	s.groups, s.hostile = 1+s.random.IntN(2), []int{15, 40, 150, 500}[s.random.IntN(4)]
	plan := transitions.Plan{Groups: s.groups}
	for range 2 {
		p := s.socketPlan()
		plan.Sockets = append(plan.Sockets, p)
		s.ids[1] += uint32(p.Subscriptions)
	}
	s.ids[0] = 1
	core, err := tableSystem.New(plan)
	if err != nil {
		panic(err) // the plan is wrong
	}
	s.core = core
	return s
}

// walk lives the life and ends it: a logout, with a network that is gone.
func (s *stroll) walk() error {
	for range life {
		if err := s.step(); err != nil {
			return err
		}
	}
	session := func(on transitions.SessionEvent) error {
		_, d := s.core.Session()
		return s.post(transitions.Input{To: transitions.SessionKind, On: uint8(on), Gen: d.Gen})
	}
	for range 3 * (mostUsers + 2) {
		if err := errors.Join(session(transitions.SessionLogoutRequested), session(transitions.SessionCloseTimedOut)); err != nil {
			return err
		}
	}
	if err := errors.Join(session(transitions.SessionCloseRequested), session(transitions.SessionCloseTimedOut)); err != nil {
		return err
	}
	if state, _ := s.core.Session(); state != transitions.SessionLoggedOut || len(s.waiting) != 0 || len(s.running) != 0 {
		return fmt.Errorf("after a logout the session is %s, requests %v wait, timers %v run", state, s.waiting, s.running)
	}
	return nil
}

// step does one thing to the core, whatever it is.
func (s *stroll) step() error {
	switch at := s.random.IntN(1000); {
	case at < 2 && s.core.Sockets() < 4:
		return s.addSocket()
	case at < 12 && s.core.Subscriptions() < 12:
		return s.post(transitions.Input{To: transitions.SubscriptionKind, On: uint8(transitions.SubscriptionAdded), ID: s.core.NextSubscription(), Gen: s.socketID()})
	case at < 112 && len(s.waiting) < 24:
		return s.post(transitions.Input{
			To: transitions.RequestKind, On: uint8(transitions.RequestSubmit), ID: s.core.NextRequest(), Gen: s.socketID(), Arg: s.random.Uint32N(16),
			Request: transitions.RequestData{Need: transitions.Need(s.random.IntN(3)), Repeatable: s.flip(), OneWay: s.flip()},
		})
	case at < 150 && s.posted > 0: // what has come already comes again
		return s.post(s.last[s.random.IntN(min(s.posted, len(s.last)))])
	case at < 150+s.hostile:
		return s.post(s.draw(tableOutside))
	}
	in := s.draw(tableKindly)
	for range 10 {
		if in.To == transitions.SubscriptionKind || in.To == transitions.RequestKind || s.core.Moves(in) {
			break
		}
		in = s.draw(tableKindly)
	}
	return s.post(in)
}

func (s *stroll) addSocket() error {
	plan := s.socketPlan()
	plan.Added, plan.Early = true, false
	id, err := s.core.AddSocket(plan)
	if err != nil || id <= s.ids[0] {
		return fmt.Errorf("an added socket has the id %d after %d, %v", id, s.ids[0], err)
	}
	s.ids[0] = id
	s.ids[1] += uint32(plan.Subscriptions)
	return nil
}

// post gives an input to the core and holds what comes of it.
func (s *stroll) post(in transitions.Input) error {
	s.last[s.posted%len(s.last)] = in
	s.posted++
	outputs, err := s.core.Post(in)
	if err != nil {
		return s.refused(in, outputs, err)
	}
	switch {
	case in.To == transitions.RequestKind && in.On == uint8(transitions.RequestSubmit):
		if in.ID <= s.ids[2] {
			return fmt.Errorf("request %d was there before", in.ID)
		}
		s.ids[2] = in.ID
		s.waiting = append(s.waiting, in.ID)
	case in.To == transitions.SubscriptionKind && in.On == uint8(transitions.SubscriptionAdded):
		if in.ID <= s.ids[1] {
			return fmt.Errorf("subscription %d was there before", in.ID)
		}
		s.ids[1] = in.ID
	}
	for i := range outputs {
		if err := s.note(&outputs[i]); err != nil {
			return err
		}
	}
	return s.check()
}

// refused holds that a refusal is one of those that there may be.
func (s *stroll) refused(in transitions.Input, outputs []transitions.Output, err error) error {
	var impossible *fsm.ImpossibleError
	adds := in.To == transitions.RequestKind && in.On == uint8(transitions.RequestSubmit) || in.To == transitions.SubscriptionKind && in.On == uint8(transitions.SubscriptionAdded)
	switch {
	case errors.Is(err, transitions.ErrDefect), len(outputs) > 0:
		return fmt.Errorf("refused with %d outputs: %w", len(outputs), err)
	case !errors.Is(err, transitions.ErrSettled) && !errors.As(err, &impossible) && !adds:
		return err
	}
	return nil
}

// note holds one output against those before it.
func (s *stroll) note(out *transitions.Output) error {
	at := port{out.Machine, out.ID}
	bit := uint64(1) << out.Timer
	switch out.What {
	case transitions.Stepped:
		s.rows[out.Machine][out.Row]++
		if before := s.now[at]; out.Now < before && out.From != out.To {
			return fmt.Errorf("%s %d is of generation %d, was of %d", out.Machine, out.ID, out.Now, before)
		}
		if out.Machine != transitions.RequestKind {
			s.now[at] = max(s.now[at], out.Now)
		}
	case transitions.Start:
		if s.running[at]&bit != 0 {
			return fmt.Errorf("%s %d starts a timer that runs", out.Machine, out.ID)
		}
		s.running[at] |= bit
	case transitions.Stop:
		if s.running[at]&bit == 0 {
			return fmt.Errorf("%s %d stops a timer that does not run", out.Machine, out.ID)
		}
		if s.running[at] &^= bit; s.running[at] == 0 {
			delete(s.running, at)
		}
	case transitions.Perform:
		return s.perform(out)
	}
	return nil
}

// perform holds that a request settles once, and that the tokens handed out have
// ever greater generations.
func (s *stroll) perform(out *transitions.Output) error {
	switch {
	case out.Machine == transitions.RequestKind && out.Effect == uint8(transitions.RequestSettle):
		i := slices.Index(s.waiting, out.ID)
		if i < 0 {
			return fmt.Errorf("request %d settles and was not waiting", out.ID)
		}
		s.waiting = slices.Delete(s.waiting, i, i+1)
	case out.Machine == transitions.TokenKind && (out.Effect == uint8(transitions.TokenTellFresh) || out.Effect == uint8(transitions.TokenAnnounceFresh)):
		if out.Now < s.handed {
			return fmt.Errorf("a token of generation %d is handed out after one of %d", out.Now, s.handed)
		}
		s.handed = out.Now
	}
	return nil
}

// check holds what must be true between any two events.
func (s *stroll) check() error {
	if pending, _ := s.core.Pending(); pending != len(s.waiting) {
		return fmt.Errorf("the core has %d requests, %d have not settled", pending, len(s.waiting))
	}
	if session, _ := s.core.Session(); session != transitions.SessionLoggedOut {
		return nil
	}
	login, _ := s.core.Login()
	if token, _ := s.core.Token(); token != transitions.TokenAbsent || login != transitions.LoginIdle || s.core.Tokens() != 1 {
		return fmt.Errorf("logged out with %d tokens, one %s, and a login %s", s.core.Tokens(), token, login)
	}
	for i := range s.core.Sockets() {
		state, d := s.core.Socket(i)
		if !d.Early && state != transitions.SocketClosed && state != transitions.SocketRemoved {
			return fmt.Errorf("logged out with socket %d %s", s.core.SocketID(i), state)
		}
	}
	return nil
}

// said are the last inputs, in names.
func (s *stroll) said() string {
	var b strings.Builder
	for i := max(0, s.posted-len(s.last)); i < s.posted; i++ {
		in := s.last[i%len(s.last)]
		fmt.Fprintf(&b, "%d: %s %d %s gen %d arg %d\n", i+1, in.To, in.ID, tableSystem.EventName(in.To, in.On), in.Gen, in.Arg)
	}
	return b.String()
}
