package connector_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/transitions"
)

// storm is one random run: faults and commands at random moments.
type storm struct {
	*world
	chance  *rand.Rand
	running sync.WaitGroup
}

// fault is something that may happen to a backend.
func (s *storm) fault() connectortest.Fault {
	n := 1 + s.chance.IntN(3)
	faults := []connectortest.Fault{
		connectortest.DropSockets(), connectortest.ExpireTokens(), connectortest.RevokeAll(),
		connectortest.CloseSockets([]int{1000, 1001, 4000, 4401, 4403}[s.chance.IntN(5)], ""),
		connectortest.HoldLogins(n), connectortest.HoldRefreshes(n), connectortest.HoldUpgrades(n),
		connectortest.HoldAuth(n), connectortest.HoldSubscriptions(n), connectortest.HoldRequests(n),
		connectortest.RefuseLogins(n, []int{401, 429, 503}[s.chance.IntN(3)]),
		connectortest.RefuseRefreshes(n, []int{500, 503}[s.chance.IntN(2)]),
		connectortest.RefuseUpgrades(n, []int{401, 403, 429, 503}[s.chance.IntN(4)]),
		connectortest.RejectAuth(n), connectortest.RejectSubscriptions(n),
		connectortest.DropOnAuth(n), connectortest.DropOnSubscribe(n),
	}
	return faults[s.chance.IntN(len(faults))]
}

// command does one random thing.
func (s *storm) command() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(s.chance.IntN(60))*time.Second)
	context.AfterFunc(ctx, cancel) // the command may outlive this call
	switch s.chance.IntN(12) {
	case 0, 1:
		s.running.Go(func() { s.check(s.session.Login(ctx, ann)) })
	case 2:
		s.running.Go(func() { s.check(s.session.Login(connector.WithoutSockets(ctx), ann)) })
	case 3:
		s.running.Go(func() { s.check(s.session.Logout(ctx)) })
	case 4, 5, 6:
		s.running.Go(func() { s.request(ctx) })
	case 7:
		s.running.Go(func() {
			token, _ := s.session.Token(ctx, 0)
			_, _ = s.session.Token(ctx, token.Generation) // refused
		})
	case 8:
		s.network.Drop()
	case 9:
		s.network.Refuse(s.chance.IntN(2) == 0)
	default:
		s.script(s.fault())
	}
}

// check fails on an error that is none of those which are declared.
func (s *storm) check(err error) {
	var impossible *fsm.ImpossibleError
	if errors.As(err, &impossible) || errors.Is(err, transitions.ErrDefect) {
		s.t.Errorf("got %v", err)
	}
}

// request must settle in its time, with an answer or a declared reason.
func (s *storm) request(ctx context.Context) {
	start := time.Now()
	res, err := s.menu.Request(ctx, request{Echo: &echo{"hi"}})
	for _, reason := range []error{connector.ErrTimedOut, connector.ErrDropped, connector.ErrSocketClosed, connector.ErrOutcomeUnknown, context.DeadlineExceeded} {
		if errors.Is(err, reason) {
			err = nil
			res.Echo = &echo{"hi"}
		}
	}
	if err != nil || res.Echo == nil || res.Echo.Text != "hi" || time.Since(start) > 30*time.Second {
		s.t.Errorf("got %+v, %v after %v", res, err, time.Since(start))
	}
}

func TestStorm(t *testing.T) {
	runs := 100 // under each engine
	if testing.Short() {
		runs = 10
	}
	for _, engine := range []fsm.Engine{fsm.Looplab, fsm.Table} {
		for seed := range uint64(runs) {
			t.Run(fmt.Sprintf("F62 seed %d/%s", seed, engine), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := &storm{chance: rand.New(rand.NewPCG(seed, 0))}
					s.world = newWorld(t, connectortest.Config{}, func(c *config) { c.Engine, c.Seed = engine, seed+1 })
					defer s.end()
					errs := s.session.Errors(100000)
					for range 40 {
						s.command()
						time.Sleep(time.Duration(s.chance.Int64N(int64(10 * time.Second))))
					}
					if took := s.logout(); took > 10*time.Second {
						t.Errorf("got logged out after %v", took)
					}
					s.running.Wait()
					s.logout() // a login may have come after the first
					wantGone(s.world)
					errs.Close()
					for err := range errs.All(context.Background()) {
						s.check(err)
					}
					if errs.Missed() != 0 {
						t.Errorf("got %d errors missed", errs.Missed())
					}
				})
			})
		}
	}
}
