package connector_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/connector/journal"
	"github.com/custom-app/interlock/transitions"
)

// recordings are sessions of one client, which record themselves in one journal.
type recordings struct {
	*world
	text bytes.Buffer
}

// recording gives a world a client whose sessions are recorded.
func recording(w *world, changes ...change) (r *recordings, open func() *world) {
	w.t.Helper()
	r = &recordings{world: w}
	config := w.config
	config.Journal = &r.text
	for _, change := range changes {
		change(&config)
	}
	client, err := connector.New(config)
	if err != nil {
		w.t.Fatal(err)
	}
	return r, func() *world {
		one := *w
		one.session = client.NewSession()
		one.changes = one.session.Changes(0)
		if one.menu, err = connector.On[request, response](one.session, "menu"); err != nil {
			w.t.Fatal(err)
		}
		return &one
	}
}

// replayed replays what was recorded.
func (r *recordings) replayed(system *transitions.System) (journal.Summary, error) {
	return journal.Replay(bytes.NewReader(r.text.Bytes()), system)
}

// wantReplayed replays what a world's first session has recorded.
func (w *world) wantReplayed() {
	w.t.Helper()
	if w.recorded == nil || w.recorded.Len() == 0 { // it has another journal, or nothing was done
		return
	}
	got, err := journal.Replay(bytes.NewReader(w.recorded.Bytes()), w.config.System)
	if err != nil || got.Records == 0 || got.Truncated || got.Renumbered != 0 {
		w.t.Errorf("D4 replayed %+v: %v\n%s", got, err, w.recorded.String())
	}
}

// turbulence leads a session through most of what can happen to it.
func turbulence(w *world) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	w.script(connectortest.RefuseLogins(2, 503), connectortest.RejectAuth(1), connectortest.RefuseUpgrades(1, 502))
	w.login()
	w.script(connectortest.HoldRequests(1))
	held, err := w.menu.Submit(request{Echo: &echo{"held"}})
	if err != nil {
		w.t.Fatal(err)
	}
	added := w.addExtra()
	news := connector.Step[user, request, response]{Build: func(context.Context, connector.Known[user, response]) (request, error) {
		return request{Sub: &subscribe{"news"}}, nil
	}}
	s, err := connector.Subscribe(ctx, added, connector.Subscription[user, request, response]{Join: news})
	if err != nil {
		w.t.Fatal(err)
	}
	w.network.Hang(true)
	w.soFar()
	w.script(connectortest.RefuseRefreshes(1, 500), connectortest.DropSockets())
	w.until("session", "socketOpening")
	for i := range 6 { // more than the buffer holds
		if _, err := w.menu.Submit(request{Echo: &echo{fmt.Sprint(i)}}); err != nil {
			w.t.Error(err)
		}
	}
	time.Sleep(time.Minute)
	w.network.Hang(false)
	w.session.Wake()
	if err := w.session.Require(ctx, connector.RequireReady); err != nil {
		w.t.Fatal(err)
	}
	_, _ = held.Wait(ctx)
	w.session.Wake()
	time.Sleep(5 * time.Minute)
	w.script(connectortest.ExpireTokens())
	_ = w.me(w.token().Access.Reveal())
	if err := w.session.Require(ctx, connector.RequireReady); err != nil {
		w.t.Fatal(err)
	}
	if err := errors.Join(s.Leave(ctx), w.session.Remove(ctx, "extra")); err != nil {
		w.t.Error(err)
	}
	w.as(bobID, carolID)
	w.script(connectortest.RefuseMe(1, 503), connectortest.CloseSockets(4401, "token expired"))
	time.Sleep(time.Minute)
	w.logout()
	if err := w.session.CloseSockets(ctx); err != nil {
		w.t.Error(err)
	}
	w.unwind()
	w.changes.Close()
}

// cramped is a socket whose buffers overflow soon.
var cramped = buffers(connector.Buffer{Count: 3}, &connector.Buffer{Count: 1, Policy: transitions.Refuse}, &connector.Buffer{Count: 1, Policy: transitions.DropNewest})

func TestReplay(t *testing.T) {
	bubbles(t, "D4 a whole run with faults, of several sessions, replays the same", func(t *testing.T, engine change) {
		w := newWorld(t, connectortest.Config{AccessLife: time.Minute}, engine, cramped)
		r, open := recording(w)
		turbulence(open())
		for _, s := range []*world{open(), open()} { // side by side
			s.loginOnly()
			defer func() { s.unwind(); s.changes.Close() }()
		}
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		got, err := r.replayed(nil)
		if err != nil {
			t.Fatalf("%v\n%s", err, r.text.String())
		}
		if got.Sessions != 3 || got.Records < 200 || got.Truncated || got.Renumbered != 0 {
			t.Errorf("got %+v, want all of three sessions", got)
		}
		for _, want := range []string{`"added":"extra"`, `"delay":"retryDue"`, `"to":"parked"`, `"event":"woken"`, `"machine":"subscription"`, `"machine":"request"`} {
			if !strings.Contains(r.text.String(), want) {
				t.Errorf("the run lacks %s, and shows too little", want)
			}
		}
		w.end()
	})

	bubbles(t, "D4 a run of other tables replays by these, and diverges from the shipped ones", func(t *testing.T, engine change) {
		coupling := transitions.Shipped.Coupling
		coupling.Links = slices.DeleteFunc(slices.Clone(coupling.Links), func(l transitions.Link) bool {
			return l.To == transitions.Port{Machine: transitions.SocketKind, Number: uint8(transitions.SocketWoken)}
		})
		deafToWake, err := transitions.NewSystem(transitions.Shipped.Machines, coupling)
		if err != nil {
			t.Fatal(err)
		}
		w := newWorld(t, connectortest.Config{}, engine)
		r, open := recording(w, func(c *config) { c.System = deafToWake })
		s := open()
		s.login()
		s.session.Wake()
		s.unwind()
		s.changes.Close()
		if got, err := r.replayed(deafToWake); err != nil || got.Records < 10 {
			t.Errorf("got %+v, %v, want the same by the tables that were run", got, err)
		}
		_, err = r.replayed(nil)
		var fault *journal.Error
		var diverged *journal.Divergence
		if !errors.As(err, &fault) || !errors.As(err, &diverged) || fault.Session != 1 {
			t.Fatalf("got %v, want a divergence", err)
		}
		line := strings.Split(r.text.String(), "\n")[fault.Line-1]
		if want := fmt.Sprintf(`{"record":%d,"session":1,"machine":"session","id":0,"event":"woken"`, fault.Record); !strings.HasPrefix(line, want) {
			t.Errorf("got %v, which is of %s, want the record of Wake", err, line)
		}
		if diverged.Journal != "nothing more" || !strings.HasPrefix(diverged.Tables, "socket 0: subscribed -woken-> ") {
			t.Errorf("got %+v, want the step that the shipped tables take", diverged)
		}
		w.end()
	})
}
