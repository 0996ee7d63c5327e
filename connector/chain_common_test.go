package connector_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

// inCommon sets what sockets have in common.
func inCommon(common connector.Common) change { return func(c *config) { c.Common = common } }

func TestCommon(t *testing.T) {
	type common = connector.Common
	for _, c := range []struct {
		name   string
		fault  connectortest.Fault
		common common
		own    common
		base   time.Duration // by default
	}{
		{"OpenTimeout", connectortest.HoldUpgrades(1), common{OpenTimeout: 3 * time.Second}, common{OpenTimeout: 2 * time.Second}, 15 * time.Second},
		{"AuthTimeout", connectortest.HoldAuth(1), common{AuthTimeout: 3 * time.Second}, common{AuthTimeout: 2 * time.Second}, 10 * time.Second},
		{"SubscribeTimeout", connectortest.HoldSubscriptions(1), common{SubscribeTimeout: 3 * time.Second}, common{SubscribeTimeout: 2 * time.Second}, 10 * time.Second},
		{"AttemptTimeout", connectortest.HoldAuth(1), common{AttemptTimeout: 3 * time.Second}, common{AttemptTimeout: 2 * time.Second}, 10 * time.Second},
	} {
		for _, said := range []struct {
			name        string
			common, own common
			want        time.Duration
		}{
			{"by nobody", common{}, common{}, c.base},
			{"in common", c.common, common{}, 3 * time.Second},
			{"by the socket", common{}, c.own, 2 * time.Second},
			{"by both", c.common, c.own, 2 * time.Second},
		} {
			engines(t, "K1 "+c.name+" said "+said.name, longLived, func(w *world) {
				w.script(c.fault)
				start := time.Now()
				w.loginOnly()
				w.until("socket", "waiting")
				if got := time.Since(start); got != said.want {
					w.t.Errorf("got given up after %v, want %v", got, said.want)
				}
			}, inCommon(said.common), socket(func(s *socketConfig) { s.Common = said.own }))
		}
	}

	engines(t, "K1 RequestTimeout in common is that of declared, computed and added sockets", longLived, func(w *world) {
		w.login()
		if _, err := w.session.Add(link("added")); err != nil {
			w.t.Fatal(err)
		}
		w.wantReady("added")
		for id, want := range map[string]time.Duration{"menu": 3, "declared": 3, "own": 1, "computed": 3, "computed own": 2, "added": 3} {
			w.script(connectortest.HoldRequests(1))
			s, err := connector.On[request, response](w.session, id)
			if err != nil {
				w.t.Fatal(err)
			}
			start := time.Now()
			_, err = s.Request(context.Background(), request{Echo: &echo{"hi"}})
			if took := time.Since(start); !errors.Is(err, connector.ErrTimedOut) || took != want*time.Second {
				w.t.Errorf("%s: got %v after %v, want out of time after %ds", id, err, took, want)
			}
		}
	}, inCommon(common{RequestTimeout: 3 * time.Second}), chained(
		socketGroup{Sockets: []anySocket{link("declared"), link("own", func(s *socketConfig) { s.RequestTimeout = time.Second })}},
		making(func(context.Context, groupSoFar) ([]anySocket, error) {
			return []anySocket{link("computed"), link("computed own", func(s *socketConfig) { s.RequestTimeout = 2 * time.Second })}, nil
		}),
	))

	rule := func(class connector.Class) []connector.Rule {
		return []connector.Rule{{Source: connector.OfClose, From: 4403, Class: class}}
	}
	for _, c := range []struct {
		name        string
		common, own []connector.Rule
		want        string
	}{
		{"the built-in one", nil, nil, "failed"},
		{"one in common before the built-in one", rule(connector.ClassBusy), nil, "busyWaiting"},
		{"one of the socket before the built-in one", nil, rule(connector.ClassNetwork), "waiting"},
		{"one of the socket before that in common", rule(connector.ClassBusy), rule(connector.ClassNetwork), "waiting"},
		{"one in common behind others of the socket", rule(connector.ClassBusy), []connector.Rule{{Source: connector.OfClose, From: 4000, Class: connector.ClassRejected}}, "busyWaiting"},
	} {
		engines(t, "K1 K9 the first rule counts: "+c.name, longLived, func(w *world) {
			w.login()
			w.until("socket", "subscribed")
			w.script(connectortest.CloseSockets(4403, "no"))
			if got := w.until("socket", c.want); got.From != "subscribed" {
				w.t.Errorf("got %+v, want %s next", got, c.want)
			}
		}, inCommon(common{Rules: c.common}), socket(func(s *socketConfig) { s.Rules = c.own }))
	}

	asked := ""
	retry := func(who string) func(connector.Outlook) (time.Duration, bool) {
		return func(o connector.Outlook) (time.Duration, bool) {
			asked += who + o.Socket.ID + " "
			return time.Hour, true
		}
	}
	engines(t, "K1 K6 Retry in common is asked for every socket that has none", longLived, func(w *world) {
		asked = ""
		w.login()
		w.wantReady("at first")
		w.script(connectortest.DropSockets())
		synctest.Wait()
		got := strings.Fields(asked)
		slices.Sort(got)
		if !slices.Equal(got, []string{"all:menu", "own:a"}) {
			w.t.Errorf("got asked %v, want all:menu and own:a", got)
		}
		for _, s := range w.session.Status().Sockets {
			if s.State != transitions.SocketWaiting {
				w.t.Errorf("got %+v, want waiting", s)
			}
		}
	}, inCommon(common{Retry: retry("all:")}), chained(socketGroup{Sockets: []anySocket{link("a", func(s *socketConfig) { s.Retry = retry("own:") })}}))

	t.Run("K1 faults in common are named once", func(t *testing.T) {
		c := goodConfig()
		c.Common = common{RequestTimeout: -1, ReadLimit: -1, Rules: []connector.Rule{{Class: 99}}}
		_, err := connector.New(c)
		for _, want := range []string{"Common: RequestTimeout: -1ns is negative", "Common: ReadLimit: ", "Common: Rules[0]: Class: "} {
			if err == nil || strings.Count(err.Error(), want) != 1 || strings.Contains(err.Error(), "Sockets") {
				t.Errorf("got %v, want %q once and no socket", err, want)
			}
		}
	})
}

func TestBase(t *testing.T) {
	path := func(url string) change { return socket(func(s *socketConfig) { s.URL = url }) }
	for _, c := range []struct{ base, url string }{
		{"http://127.0.0.1:80", "/ws"}, {"http://127.0.0.1:80/", "ws"}, {"http://127.0.0.1", "/ws"},
		{"http://127.0.0.1:80/some/page?x=1", "/ws"}, {"http://127.0.0.1:80/some/page", "../ws"},
		{"http://127.0.0.1:80", "ws://127.0.0.1:80/ws"},
	} {
		engines(t, "K12 "+c.url+" on "+c.base, longLived, func(w *world) {
			w.login()
			if _, err := w.session.Add(link("added", func(s *socketConfig) { s.URL = c.url })); err != nil {
				w.t.Errorf("add: %v", err)
			}
			w.wantReady("added")
			w.wantSockets("added", subscribed, subscribed, subscribed)
		}, func(cfg *config) { cfg.Base = c.base }, path(c.url),
			chained(making(func(context.Context, groupSoFar) ([]anySocket, error) {
				return []anySocket{link("computed", func(s *socketConfig) { s.URL = c.url })}, nil
			})))
	}

	dialled := ""
	for _, c := range []struct{ base, url, want string }{
		{"https://example.com", "/ws", "example.com:443"},
		{"https://example.com:8443/x", "ws", "example.com:8443"},
		{"https://example.com", "wss://other.example.com/ws", "other.example.com:443"},
		{"http://localhost:8080", "/ws", "localhost:8080"},
	} {
		engines(t, "K12 "+c.url+" on "+c.base+" is dialled at "+c.want, longLived, func(w *world) {
			w.loginOnly()
			w.until("socket", "waiting")
			if dialled != c.want {
				w.t.Errorf("got dialled %q, want %q", dialled, c.want)
			}
		}, path(c.url), func(cfg *config) {
			cfg.Base = c.base
			cfg.DialContext = func(_ context.Context, _, address string) (net.Conn, error) {
				dialled = address
				return nil, errors.New("no")
			}
		})
	}

	for _, c := range []struct {
		name, base, url string
		plain           bool
		want            string
	}{
		{"no base for a path", "", "/ws", false, "Sockets[0]: URL: needs ws://host or wss://host, or Config.Base for a path"},
		{"a base of another scheme", "ftp://127.0.0.1", "ws://127.0.0.1/", false, "config: Base: needs http://host"},
		{"a base without a scheme", "127.0.0.1:80", "ws://127.0.0.1/", false, "config: Base: "},
		{"a base without a host", "http:///ws", "ws://127.0.0.1/", false, "config: Base: "},
		{"a base that is none", "http://[::1", "ws://127.0.0.1/", false, "config: Base: "},
		{"credentials in a base", "http://ann:s3cret@127.0.0.1", "/ws", false, "config: Base: "},
		{"another scheme", "http://127.0.0.1", "http://127.0.0.1/ws", false, "URL: needs ws://host"},
		{"a host without a scheme", "http://127.0.0.1", "//127.0.0.1/ws", false, "URL: needs ws://host"},
		{"nothing", "http://127.0.0.1", "", false, "URL: needs ws://host"},
		{"a fragment", "http://127.0.0.1", "/ws#x", false, "URL: has a fragment"},
		{"what others can read", "http://example.com", "/ws", false, "URL: ws:// to example.com is readable"},
		{"what others may read", "http://example.com", "/ws", true, ""},
		{"https", "https://example.com", "/ws", false, ""},
	} {
		t.Run("K12 base and address: "+c.name, func(t *testing.T) {
			cfg := goodConfig()
			cfg.Base, cfg.AllowPlain = c.base, c.plain
			s := menuSocket(c.url)
			cfg.Sockets = []anySocket{s}
			_, err := connector.New(cfg)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "s3cret") {
				t.Errorf("got a secret in %v", err)
			}
		})
	}
}
