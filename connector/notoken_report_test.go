package connector_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/authhttp/errcode"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

// desk is an application's Config.Reporter that notes what it is told.
type desk struct {
	mu      sync.Mutex
	reports []errcode.Report
	then    func(ctx context.Context) // nil: nothing
}

func (d *desk) open(c *config) {
	d.reports = nil
	c.Reporter.Report = func(ctx context.Context, r errcode.Report) {
		d.mu.Lock()
		d.reports = append(d.reports, r)
		d.mu.Unlock()
		if d.then != nil {
			d.then(ctx)
		}
	}
}

// take returns what was reported, once all is at rest.
func (d *desk) take() []errcode.Report {
	synctest.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	reports := d.reports
	d.reports = nil
	return reports
}

// queried gives the socket's URL a query with a secret in it.
func queried(s *socketConfig) { s.URL += "?token=s3cret" }

func TestReporter(t *testing.T) {
	d := &desk{}
	engines(t, "E3 what is told on Errors is reported, with code and time", connectortest.Config{}, func(w *world) {
		errs := w.session.Errors(0)
		w.script(connectortest.RefuseUpgrades(1, 502))
		start := time.Now()
		w.login()
		w.script(connectortest.RevokeAll())
		w.logout()
		reports := d.take()
		errs.Close()
		told := slices.Collect(errs.All(context.Background()))
		if len(reports) != len(told) || len(told) < 2 {
			w.t.Fatalf("got reports %v, want one for each of %q", reports, told)
		}
		for i, r := range reports {
			if r.Err != told[i] || r.Code != errcode.Of(told[i]) || r.Code == "" || r.Peer != errcode.SaidByPeer(told[i]) {
				w.t.Errorf("got %v, want the code of %v, %s", r, told[i], errcode.Of(told[i]))
			}
			if r.Time.Before(start) || r.Time.After(time.Now()) {
				w.t.Errorf("got %v, want the time of the failure", r)
			}
		}
	}, d.open)
	engines(t, "E3 the time is that of the config's clock", connectortest.Config{}, func(w *world) {
		w.script(connectortest.RefuseUpgrades(1, 502))
		w.login()
		reports := d.take()
		if len(reports) == 0 {
			w.t.Fatal("got no report")
		}
		for _, r := range reports {
			if ahead := time.Until(r.Time); ahead < 23*time.Hour {
				w.t.Errorf("got the time %v, want a day ahead", r.Time)
			}
		}
	}, d.open, func(c *config) { c.Now = func() time.Time { return time.Now().Add(24 * time.Hour) } })
	engines(t, "E3 a socket's failure names its URL without the query", connectortest.Config{}, func(w *world) {
		w.script(connectortest.RefuseUpgrades(1, 502))
		w.login()
		w.script(connectortest.DropSockets())
		w.until("session", "subscribed")
		w.until("session", "socketOpening")
		w.until("session", "subscribed")
		reports := d.take()
		if len(reports) < 2 {
			w.t.Fatalf("got %v, want the dial and the drop", reports)
		}
		for _, r := range reports {
			if r.URL != "ws://127.0.0.1:80/ws" {
				w.t.Errorf("got the URL %q in %v, want that of the socket without its query", r.URL, r)
			}
			if text := fmt.Sprintf("%v %+v %#v", r, r, r); strings.Contains(text, "s3cret") {
				w.t.Errorf("got the query's secret in %d bytes", len(text))
			}
		}
	}, d.open, socket(queried))
	engines(t, "E3 codes that are ignored", connectortest.Config{}, func(w *world) {
		errs := w.session.Errors(0)
		w.network.Refuse(true)
		time.AfterFunc(2*time.Second, func() { w.network.Refuse(false) })
		if err := w.session.Adopt(context.Background(), authhttp.Grant[user]{Pair: authhttp.Pair{Access: "a"}}); err != nil && !errors.Is(err, connector.ErrSocketFailed) {
			w.t.Fatal(err)
		}
		reports := d.take()
		errs.Close()
		var ignored int
		for err := range errs.All(context.Background()) {
			if errcode.Of(err) == errcode.NoConnection {
				ignored++
			}
		}
		if ignored == 0 {
			w.t.Error("got no failure to connect, want some to ignore")
		}
		for _, r := range reports {
			if r.Code == errcode.NoConnection {
				w.t.Errorf("got %v, want it ignored", r)
			}
		}
		if len(reports) == 0 {
			w.t.Error("got no report, want the socket's refusal")
		}
	}, d.open, func(c *config) { c.Reporter.Ignore = []errcode.Code{errcode.NoConnection} })
	bubbles(t, "E3 X4 a hook that panics or blocks harms nothing", func(t *testing.T, engine change) {
		for _, then := range []func(context.Context, chan struct{}){
			func(context.Context, chan struct{}) { panic("boom") },
			func(_ context.Context, release chan struct{}) { <-release },
		} {
			release := make(chan struct{})
			d := &desk{then: func(ctx context.Context) { then(ctx, release) }}
			w := newWorld(t, connectortest.Config{}, engine, d.open)
			w.script(connectortest.RefuseUpgrades(1, 502))
			w.login()
			w.logout()
			close(release)
			if got := d.take(); len(got) == 0 {
				t.Error("got no report")
			}
			w.end()
		}
	})
	bubbles(t, "E3 requests of the hook go without a token", func(t *testing.T, engine change) {
		var w *world
		sent := make(chan string, 10)
		d := &desk{}
		d.then = func(ctx context.Context) { sent <- get(t, w.session.HTTP(), ctx, "https://reports.example/", "") }
		heard := &listener{}
		w = newWorld(t, connectortest.Config{}, engine, d.open, heard.listening, func(c *config) { c.HTTP.Base = &echoServer{status: http.StatusOK} })
		defer w.end()
		w.login()
		if got := get(t, w.session.HTTP(), context.Background(), "https://reports.example/", ""); got == "" {
			t.Error("got no token on a request of the application, want one")
		}
		w.script(connectortest.DropSockets())
		if got := <-sent; got != "" {
			t.Errorf("got a header of %d bytes on the hook's request, want none", len(got))
		}
		heard.want(t)
		w.until("session", "subscribed")
		synctest.Wait()
	})
}

func TestReportedPanics(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(c *config, boom func())
		run   func(w *world)
	}{
		{"the gate", func(c *config, boom func()) { c.Gate = func(context.Context) error { boom(); return nil } },
			func(w *world) {
				if err := w.session.Login(context.Background(), ann); !errors.Is(err, connector.ErrGate) {
					w.t.Errorf("got %v, want the gate not opened", err)
				}
			}},
		{"the listener", func(c *config, boom func()) { c.NoToken = func(connector.NoToken) { boom() } },
			func(w *world) { _ = w.session.Resume(context.Background()) }},
		{"a builder", func(c *config, boom func()) {
			socket(func(s *socketConfig) {
				build := s.Auth.Build
				s.Auth.Build = func(ctx context.Context, k knowing) (request, error) { boom(); return build(ctx, k) }
			})(c)
		}, func(w *world) { w.login() }},
		{"a header's maker", func(c *config, boom func()) {
			socket(func(s *socketConfig) { s.Header = func(knowing) http.Header { boom(); return nil } })(c)
		}, func(w *world) { w.login() }},
		{"the service's logout", func(c *config, boom func()) {
			serving(&service{logout: func(context.Context, authhttp.Pair) error { boom(); return nil }})(c)
		}, func(w *world) { w.login(); w.logout() }},
		{"the store", func(c *config, boom func()) {
			v := &vault{Store: &authhttp.MemoryStore{}}
			v.save.set(func(context.Context) error { boom(); return nil })
			c.Store = v
		}, func(w *world) { w.login() }},
	} {
		bubbles(t, "E3 X4 a panic of "+c.name+" is reported once", func(t *testing.T, engine change) {
			d, armed := &desk{}, true
			w := newWorld(t, connectortest.Config{}, engine, d.open, func(config *config) {
				c.spoil(config, func() {
					if armed {
						armed = false
						panic("boom")
					}
				})
			})
			defer w.end()
			c.run(w)
			reports := d.take()
			if len(reports) != 1 || !strings.Contains(reports[0].Err.Error(), "panic: boom") || reports[0].Code != errcode.Unhandled {
				t.Errorf("got reports %v, want the panic once, unhandled", reports)
			}
		})
	}
}

func TestReportedSecrets(t *testing.T) {
	bubbles(t, "E3 X1 no report shows a secret", func(t *testing.T, engine change) {
		d, hidden := &desk{}, &secrets{known: []string{"secret-query", ann.Password + "!"}}
		v := &vault{Store: &authhttp.MemoryStore{}}
		w := newWorld(t, connectortest.Config{}, engine, d.open, keptIn(v), serving(hidden.noting()),
			socket(func(s *socketConfig) { s.URL += "?secret-query" }))
		defer w.end()
		_ = w.session.Login(context.Background(), credentials{"ann", ann.Password + "!"})
		w.script(connectortest.RefuseLogins(1, 503), connectortest.RejectAuth(1), connectortest.RefuseUpgrades(2, 502))
		w.login()
		v.save.set(func(context.Context) error { return errors.New("the disk is full") })
		w.script(connectortest.RefuseRefreshes(2, 500), connectortest.CloseSockets(4401, "token expired"))
		time.Sleep(5 * time.Minute)
		w.script(connectortest.ExpireTokens(), connectortest.DropSockets())
		time.Sleep(5 * time.Minute)
		w.network.Refuse(true)
		w.network.Drop()
		time.Sleep(5 * time.Minute)
		w.network.Refuse(false)
		time.Sleep(5 * time.Minute)
		w.script(connectortest.RefuseLogouts(1, 500))
		w.logout()
		reports := d.take()
		if len(reports) < 10 || len(hidden.known) < 20 {
			t.Fatalf("got %d reports and %d secrets, want a run worth searching", len(reports), len(hidden.known))
		}
		var text strings.Builder
		for _, r := range reports {
			fmt.Fprintf(&text, "%v %+v %#v %s %q %v %+v %#v %x\n", r, r, r, r, r, r.Err, r.Err, r.Err, r.Err)
			shown, _ := json.Marshal(r)
			text.Write(shown)
		}
		for i, secret := range hidden.known {
			for _, form := range []string{secret, fmt.Sprintf("%x", secret)} {
				if at := strings.Index(text.String(), form); at >= 0 {
					t.Errorf("secret %d is in a report: ...%s", i, text.String()[max(0, at-200):at])
				}
			}
		}
	})
}
