package connector_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/authhttp/errcode"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

// inside is code of the application that calls the session once it is armed.
type inside struct {
	armed atomic.Bool
	do    func(context.Context) error
	calls atomic.Int32
	done  chan error
	took  time.Duration
}

// here is put into callbacks.
func (i *inside) here() {
	if i.do == nil || !i.armed.CompareAndSwap(true, false) {
		return
	}
	i.calls.Add(1)
	start := time.Now()
	err := i.do(context.Background())
	i.took = time.Since(start)
	i.done <- err
}

// step puts it into a step's functions.
func (i *inside) step(s socketStep, build, accept, recovered bool) socketStep {
	inner := s.Build
	s.Build = func(ctx context.Context, k knowing) (request, error) {
		if build {
			i.here()
		}
		return inner(ctx, k)
	}
	s.Accept = func(r response) bool {
		if accept {
			i.here()
		}
		return r.Error == nil
	}
	s.Recovered = func(response) bool {
		if recovered {
			i.here()
		}
		return false
	}
	return s
}

// callbacks are the application's functions that the connector calls, and what
// makes it do so when the session is ready; nil: a login does.
var callbacks = []struct {
	name    string
	put     func(*inside) change
	trigger func(w *world)
}{
	{"the auth builder", ofSteps(func(i *inside, s *socketConfig) { *s.Auth = i.step(*s.Auth, true, false, false) }), nil},
	{"the auth judge", ofSteps(func(i *inside, s *socketConfig) { *s.Auth = i.step(*s.Auth, false, true, false) }), nil},
	{"a subscription builder", ofSteps(func(i *inside, s *socketConfig) { s.Subscribe[0] = i.step(s.Subscribe[0], true, false, false) }), nil},
	{"a subscription judge", ofSteps(func(i *inside, s *socketConfig) { s.Subscribe[0] = i.step(s.Subscribe[0], false, true, false) }), nil},
	{"Recovered", ofSteps(func(i *inside, s *socketConfig) { s.Subscribe[0] = i.step(s.Subscribe[0], false, false, true) }), nil},
	{"the renewal builder", ofSteps(func(i *inside, s *socketConfig) { renew := i.step(*s.Auth, true, false, false); s.Renew = &renew }), refreshNow},
	{"Header", ofSteps(func(i *inside, s *socketConfig) {
		s.Header = func(knowing) http.Header { i.here(); return nil }
	}), nil},
	{"Code", ofSteps(func(i *inside, s *socketConfig) {
		s.Code = func(response) (connector.Code, bool) { i.here(); return connector.Code{}, false }
	}), echoNow},
	{"IsError", ofSteps(func(i *inside, s *socketConfig) {
		inner := s.IsError
		s.IsError = func(r response) error { i.here(); return inner(r) }
	}), echoNow},
	{"GetID", ofSteps(func(i *inside, s *socketConfig) {
		inner := s.GetID
		s.GetID = func(r response) (uint64, bool) { i.here(); return inner(r) }
	}), echoNow},
	{"SetID", ofSteps(func(i *inside, s *socketConfig) {
		inner := s.SetID
		s.SetID = func(r *request, id uint64) { i.here(); inner(r, id) }
	}), echoNow},
	{"Blame", ofSteps(func(i *inside, s *socketConfig) {
		s.Blame = func(_ response, pending []uint64) (uint64, bool) {
			i.here()
			return connector.BlameOldest(response{}, pending)
		}
	}), func(w *world) { w.script(connectortest.AnonymousErrors(1)); echoNow(w) }},
	{"the heartbeat's Ping", ofSteps(func(i *inside, s *socketConfig) {
		s.Heartbeat.Ping = func() request { i.here(); return request{Echo: &echo{"ping"}} }
	}), func(*world) { time.Sleep(time.Minute) }},
	{"the heartbeat's IsPong", ofSteps(func(i *inside, s *socketConfig) {
		s.Heartbeat.IsPong = func(response) bool { i.here(); return false }
	}), echoNow},
	{"the heartbeat's Reply", ofSteps(func(i *inside, s *socketConfig) {
		s.Heartbeat.Reply = func(response) (request, bool) { i.here(); return request{}, false }
	}), echoNow},
	{"a codec's encoder", ofSteps(func(i *inside, s *socketConfig) { s.Codec = coded(i.here, func() {}) }), echoNow},
	{"a codec's decoder", ofSteps(func(i *inside, s *socketConfig) { s.Codec = coded(func() {}, i.here) }), echoNow},
	{"Retry, by a goroutine of its own", ofSteps(func(i *inside, s *socketConfig) {
		s.Retry = func(o connector.Outlook) (time.Duration, bool) { go i.here(); return o.Delay, true }
	}), dropNow},
	{"Make of a group", func(i *inside) change {
		return chained(making(func(context.Context, groupSoFar) ([]anySocket, error) { i.here(); return nil, nil }))
	}, nil},
	{"the gate", func(i *inside) change { return gated(func(context.Context) error { i.here(); return nil }) }, func(w *world) {
		go func() { _ = w.session.LoginAs(context.Background(), bobID) }()
	}},
	{"the reporter", func(i *inside) change {
		return func(c *config) { c.Reporter.Report = func(context.Context, errcode.Report) { i.here() } }
	}, dropNow},
	{"NoToken", func(i *inside) change {
		return func(c *config) { c.NoToken = func(connector.NoToken) { i.here() } }
	}, func(w *world) {
		w.script(connectortest.RefuseRefreshes(1000, 503), connectortest.ExpireTokens())
		go func() {
			answer, err := w.session.HTTP().Get(w.backend.URL() + "/me")
			if err == nil {
				_ = answer.Body.Close()
			}
		}()
	}},
	{"the service's Login", ofService(func(i *inside, s *service) {
		s.login = func(ctx context.Context, c credentials) (authhttp.Grant[user], error) {
			i.here()
			return s.Service.Login(ctx, c)
		}
	}), nil},
	{"the service's Refresh", ofService(func(i *inside, s *service) {
		s.refresh = func(ctx context.Context, p authhttp.Pair) (authhttp.Pair, error) {
			i.here()
			return s.Service.Refresh(ctx, p)
		}
	}), refreshNow},
	{"the service's Logout", ofService(func(i *inside, s *service) {
		s.logout = func(ctx context.Context, p authhttp.Pair) error { i.here(); return s.Service.Logout(ctx, p) }
	}), func(w *world) { go w.session.Logout(context.Background()) }},
}

// ofSteps puts it into the world's one socket.
func ofSteps(put func(*inside, *socketConfig)) func(*inside) change {
	return func(i *inside) change {
		return socket(func(s *socketConfig) {
			auth := *s.Auth
			s.Auth = &auth
			put(i, s)
		})
	}
}

func ofService(put func(*inside, *service)) func(*inside) change {
	return func(i *inside) change {
		s := &service{}
		put(i, s)
		return func(c *config) {
			inner := c.Auth
			serving(s)(c)
			c.Auth = struct {
				*service
				authhttp.Impersonator[user]
			}{s, inner.(authhttp.Impersonator[user])}
		}
	}
}

func echoNow(w *world) { go func() { _, _ = w.echo("hi") }() }

func dropNow(w *world) { w.script(connectortest.DropSockets()) }

func refreshNow(w *world) {
	go func() { _, _ = w.session.Token(context.Background(), w.token().Generation) }()
}

func TestCloseInCallbacks(t *testing.T) {
	for _, by := range byHand {
		for _, c := range callbacks {
			i := &inside{}
			engines(t, "K8 F26 "+by.name+" inside "+c.name, longLived, func(w *world) {
				i.done = make(chan error, 10)
				i.do = func(ctx context.Context) error { return by.do(w, ctx) }
				i.calls.Store(0)
				if i.armed.Store(c.trigger == nil); c.trigger == nil {
					_ = w.begin()
				} else {
					w.login()
					w.wantReady("at first")
					i.armed.Store(true)
					c.trigger(w)
				}
				time.Sleep(2 * time.Minute) // virtual
				synctest.Wait()
				switch {
				case i.calls.Load() != 1:
					w.t.Fatalf("got called %d times, want once", i.calls.Load())
				case len(i.done) != 1:
					w.t.Fatalf("got no end in two minutes\n%s", w.history())
				}
				refused := func(err error) bool {
					return by.name == "CloseSockets" && (errors.Is(err, connector.ErrNotLoggedIn) || errors.Is(err, connector.ErrBusy))
				}
				if err := <-i.done; err != nil && !refused(err) || i.took > by.most {
					w.t.Errorf("got %v after %v, want within %v", err, i.took, by.most)
				}
				w.unwind()
				w.login() // and everything works
				w.wantReady("in the end")
				w.wantAnswer("in the end", "menu")
			}, c.put(i))
		}
	}
}
