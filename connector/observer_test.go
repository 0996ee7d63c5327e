package connector_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

// observed notes what an observer is told.
type observed struct {
	connector.NoObserver
	mu       sync.Mutex
	ended    []ending
	running  map[connector.Operation]int
	twice    []connector.Operation
	changes  []connector.Change
	messages map[connector.Flow]int
	bytes    map[connector.Flow]int
	failed   []error
}

// ending is an operation that has ended.
type ending struct {
	op     connector.Operation
	within string // the operations that it was told to be within, the innermost last
	end    connector.End
}

type withinKey struct{}

func newObserved() *observed {
	return &observed{running: make(map[connector.Operation]int), messages: make(map[connector.Flow]int), bytes: make(map[connector.Flow]int)}
}

func (o *observed) Begin(ctx context.Context, op connector.Operation) (context.Context, func(connector.End)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.running[op]++
	within, _ := ctx.Value(withinKey{}).(string)
	name := fmt.Sprint(op.Kind, " ", op.Name)
	over := false
	return context.WithValue(ctx, withinKey{}, within+"/"+name), func(end connector.End) {
		o.mu.Lock()
		defer o.mu.Unlock()
		if over {
			o.twice = append(o.twice, op)
		}
		over = true
		if o.running[op]--; o.running[op] == 0 {
			delete(o.running, op)
		}
		o.ended = append(o.ended, ending{op, within, end})
	}
}

func (o *observed) Changed(_ uint64, c connector.Change) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.changes = append(o.changes, c)
}

func (o *observed) Message(_ uint64, _ string, flow connector.Flow, size int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.messages[flow]++
	o.bytes[flow] += size
}

func (o *observed) Failed(_ uint64, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.failed = append(o.failed, err)
}

// outcomes are the endings of one kind of operation, as "name outcome".
func (o *observed) outcomes(kind connector.OperationKind) (all []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, e := range o.ended {
		if e.op.Kind == kind {
			all = append(all, e.op.Name+" "+e.end.Outcome)
		}
	}
	return all
}

// wantEnded fails the test when an operation has not ended, or has twice.
func (o *observed) wantEnded(t *testing.T) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.running) > 0 || len(o.twice) > 0 {
		t.Errorf("got operations %v without an end, and %v with two", o.running, o.twice)
	}
}

// observing has a world observed.
func observing(o connector.Observer) change {
	return func(c *connector.Config[credentials, user]) { c.Observer = o }
}

// observedWorlds runs a test in virtual time, observed.
func observedWorlds(t *testing.T, name string, test func(w *world, o *observed), changes ...change) {
	t.Helper()
	bubbles(t, name, func(t *testing.T, engine change) {
		o := newObserved()
		w := newWorld(t, connectortest.Config{}, append(slices.Clone(changes), engine, observing(o))...)
		test(w, o)
		w.end()
		o.wantEnded(t)
	})
}

func wantOutcomes(t *testing.T, o *observed, kind connector.OperationKind, want ...string) {
	t.Helper()
	synctest.Wait()
	if got := o.outcomes(kind); !slices.Equal(got, want) {
		t.Errorf("%v: got %q, want %q", kind, got, want)
	}
}

func TestObserveCommands(t *testing.T) {
	observedWorlds(t, "S10 commands, and the calls and attempts within them", func(w *world, o *observed) {
		if err := w.session.Login(context.Background(), credentials{"ann", "wrong"}); err == nil {
			w.t.Error("got a login with a wrong password")
		}
		w.script(connectortest.RefuseLogins(1, 503))
		w.login()
		if err := w.session.Login(context.Background(), ann); !errors.Is(err, connector.ErrLoggedIn) {
			w.t.Errorf("got %v, want logged in", err)
		}
		if err := w.session.LoginAs(context.Background(), 2); err != nil {
			w.t.Error(err)
		}
		w.logout()
		if err := w.session.Require(context.Background(), connector.RequireReady); err != nil {
			w.t.Error(err)
		}
		if err := w.session.LogoutEverywhere(context.Background()); err != nil {
			w.t.Error(err)
		}
		wantOutcomes(w.t, o, connector.CommandOperation, "login rejected", "login ready", "loginAs ready", "logout done", "logoutEverywhere done")
		wantOutcomes(w.t, o, connector.CallOperation,
			"login rejected", "login unavailable", "login accepted", "loginAs accepted", "logout accepted", "logoutEverywhere accepted")
		for _, e := range o.ended {
			want := map[string]string{
				"call login": "/command login", "call loginAs": "/command loginAs", "call logout": "/command logout",
				"call logoutEverywhere": "/command logoutEverywhere", "command login": "",
			}
			if want, ok := want[fmt.Sprint(e.op.Kind, " ", e.op.Name)]; ok && e.within != want {
				w.t.Errorf("%+v: got it within %q, want %q", e.op, e.within, want)
			}
			if good := e.end.Outcome == "accepted" || e.end.Outcome == "ready" || e.end.Outcome == "done"; good != (e.end.Err == nil) || e.op.Session != 1 {
				w.t.Errorf("got %+v of %+v", e.end, e.op)
			}
		}
		first := slices.IndexFunc(o.ended, func(e ending) bool { return e.op.Kind == connector.AttemptOperation })
		if first < 0 || o.ended[first].within != "/command login" || o.ended[first].op.Socket != "menu" || o.ended[first].op.Generation != 1 {
			w.t.Errorf("got %+v, want an attempt of menu within the login", o.ended)
		}
	})

	observedWorlds(t, "S9 a login whose sockets fail, and one that is left", func(w *world, o *observed) {
		w.script(connectortest.RejectAuth(2))
		if err := w.session.Login(context.Background(), ann); !errors.Is(err, connector.ErrSocketFailed) {
			w.t.Errorf("got %v, want a failed socket", err)
		}
		w.logout()
		w.script(connectortest.HoldLogins(1))
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := w.session.Login(ctx, ann); !errors.Is(err, context.DeadlineExceeded) {
			w.t.Errorf("got %v, want the deadline", err)
		}
		wantOutcomes(w.t, o, connector.CommandOperation, "login socketsFailed", "logout done", "login abandoned")
		wantOutcomes(w.t, o, connector.AttemptOperation, "connect authRejected", "connect authRejected")
		wantOutcomes(w.t, o, connector.CallOperation, "login accepted", "refresh accepted", "logout accepted", "login unavailable")
	})

	observedWorlds(t, "S4 a resume refreshes within its command, and Require resumes", func(w *world, o *observed) {
		w.login()
		if err := w.session.Close(context.Background()); err != nil {
			w.t.Error(err)
		}
		time.Sleep(2 * time.Minute) // the access token ends
		if err := w.session.Require(context.Background(), connector.RequireLogin); err != nil {
			w.t.Error(err)
		}
		wantOutcomes(w.t, o, connector.CommandOperation, "login ready", "close done", "resume ready")
		at := slices.IndexFunc(o.ended, func(e ending) bool { return e.op.Name == "refresh" })
		if at < 0 || o.ended[at].within != "/command resume" {
			w.t.Errorf("got %+v, want a refresh within the resume", o.ended)
		}
	}, func(c *connector.Config[credentials, user]) { c.Store = &authhttp.MemoryStore{} })
}

func TestObserveAttempts(t *testing.T) {
	observedWorlds(t, "K9 the class of each failure", func(w *world, o *observed) {
		w.login()
		w.until("session", "subscribed")
		w.network.Refuse(true)
		w.script(connectortest.DropSockets())
		w.until("socket", "waiting")
		w.until("socket", "socketOpening")
		w.until("socket", "waiting")
		w.network.Refuse(false)
		w.script(connectortest.RefuseUpgrades(1, 503), connectortest.RefuseUpgrades(1, 401))
		w.until("session", "subscribed")
		synctest.Wait()
		got := o.outcomes(connector.AttemptOperation)
		want := []string{"connect ready", "connect dropped", "connect busy", "connect expired", "connect ready"}
		if !slices.Equal(slices.Compact(got), want) {
			w.t.Errorf("got %q, want %q", got, want)
		}
		for _, e := range o.ended {
			if e.op.Kind == connector.AttemptOperation && (e.end.Outcome == "ready") != (e.end.Err == nil) {
				w.t.Errorf("got %+v, want an error with every failure", e.end)
			}
		}
	})

	observedWorlds(t, "K8 one that is given up", func(w *world, o *observed) {
		w.network.Refuse(false)
		w.script(connectortest.HoldUpgrades(1))
		w.loginOnly()
		w.until("socket", "socketOpening")
		w.logout()
		wantOutcomes(w.t, o, connector.AttemptOperation, "connect closeRequested")
		if e := o.ended[slices.IndexFunc(o.ended, func(e ending) bool { return e.op.Name == "connect" })]; e.end.Err != nil {
			w.t.Errorf("got %v, want no error", e.end.Err)
		}
	})

	observedWorlds(t, "K13 one that runs out of time", func(w *world, o *observed) {
		w.script(connectortest.HoldUpgrades(1))
		w.login()
		synctest.Wait()
		got := o.outcomes(connector.AttemptOperation)
		if len(got) != 2 || got[0] != "connect openTimedOut" || got[1] != "connect ready" {
			w.t.Errorf("got %q, want one that timed out", got)
		}
		if e := o.ended[slices.IndexFunc(o.ended, func(e ending) bool { return e.op.Name == "connect" })]; e.end.Err == nil {
			w.t.Error("got no error, want one")
		}
	})
}

func TestObserveRequests(t *testing.T) {
	observedWorlds(t, "R2 each request, with its settlement", func(w *world, o *observed) {
		ctx := context.WithValue(context.Background(), withinKey{}, "/page")
		if _, err := w.menu.With(connector.Traits{}).Request(ctx, request{Echo: &echo{Text: "early"}}); err == nil {
			w.t.Error("got an answer before login")
		}
		w.login()
		if _, err := w.menu.Request(ctx, request{Echo: &echo{Text: "hi"}}); err != nil {
			w.t.Error(err)
		}
		if _, err := w.menu.Request(ctx, request{Delete: &category{ID: 99}}); err == nil {
			w.t.Error("got no error answer")
		}
		if err := w.menu.Send(ctx, request{Echo: &echo{Text: "hi"}}); err != nil {
			w.t.Error(err)
		}
		synctest.Wait() // the backend has taken what wants no answer
		w.script(connectortest.HoldRequests(1))
		left, leave := context.WithTimeout(ctx, time.Second)
		defer leave()
		if _, err := w.menu.Request(left, request{Echo: &echo{Text: "hi"}}); !errors.Is(err, context.DeadlineExceeded) {
			w.t.Errorf("got %v", err)
		}
		w.script(connectortest.HoldRequests(1))
		if _, err := w.menu.Request(ctx, request{Echo: &echo{Text: "hi"}}); !errors.Is(err, connector.ErrTimedOut) {
			w.t.Errorf("got %v", err)
		}
		wantOutcomes(w.t, o, connector.RequestOperation,
			"request failed", "request answered", "request errorAnswered", "send written", "request cancelled", "request timedOut")
		for _, e := range o.ended {
			if e.op.Kind == connector.RequestOperation && (e.within != "/page" || e.op.Socket != "menu") {
				w.t.Errorf("got %+v, want it within that of its caller", e)
			}
		}
	})

	observedWorlds(t, "R5 messages and their bytes, and what a slow consumer misses", func(w *world, o *observed) {
		slow := w.menu.All(1)
		defer slow.Close()
		w.login()
		synctest.Wait()
		before, bytes := o.messages[connector.Received], o.bytes[connector.Sent]
		if _, err := w.echo(strings.Repeat("x", 1000)); err != nil {
			w.t.Error(err)
		}
		synctest.Wait()
		if got := o.messages[connector.Received] - before; got != 1 {
			w.t.Errorf("got %d messages, want 1", got)
		}
		if got := o.bytes[connector.Sent] - bytes; got < 1000 || got > 1100 {
			w.t.Errorf("got %d bytes, want those of one request", got)
		}
		if got, want := uint64(o.messages[connector.Missed]), slow.Missed(); got != want || want == 0 {
			w.t.Errorf("got %d missed, want %d", got, want)
		}
	})
}

func TestObserveChanges(t *testing.T) {
	observedWorlds(t, "K17 each change and each fault, in order", func(w *world, o *observed) {
		changes, errs := w.session.Changes(0), w.session.Errors(0)
		w.login()
		w.until("session", "subscribed")
		w.script(connectortest.DropSockets())
		w.until("session", "socketOpening")
		w.until("session", "subscribed")
		synctest.Wait()
		changes.Close()
		errs.Close()
		if want := slices.Collect(changes.All(context.Background())); !slices.Equal(o.changes, want) {
			w.t.Errorf("got %v, want %v", o.changes, want)
		}
		if want := slices.Collect(errs.All(context.Background())); !slices.Equal(o.failed, want) || len(want) == 0 {
			w.t.Errorf("got %v, want %v", o.failed, want)
		}
	})
}

// badObserver panics everywhere.
type badObserver struct{ connector.NoObserver }

func (badObserver) Begin(context.Context, connector.Operation) (context.Context, func(connector.End)) {
	panic("no begin")
}
func (badObserver) Changed(uint64, connector.Change) { panic("no change") }
func (badObserver) Failed(uint64, error)             { panic("no fault") }

// poorObserver returns nothing, and panics at the end of what has begun.
type poorObserver struct{ badObserver }

func (poorObserver) Begin(context.Context, connector.Operation) (context.Context, func(connector.End)) {
	return nil, func(connector.End) { panic("no end") }
}
func (poorObserver) Changed(uint64, connector.Change) {}

func TestObserverThatPanics(t *testing.T) {
	for want, o := range map[string]connector.Observer{"panic: no ": badObserver{}, "panic: no end": poorObserver{}} {
		bubbles(t, "E3 "+want+" is told once, and the session goes on", func(t *testing.T, engine change) {
			w := newWorld(t, connectortest.Config{}, engine, observing(o))
			defer w.end()
			errs := w.session.Errors(0)
			w.login()
			if got, err := w.echo("hi"); got != "hi" {
				t.Errorf("got %q, %v, want the session to go on", got, err)
			}
			wantFaults(t, errs, "interlock: observer: application: "+want)
		})
	}

	observedless := func(o connector.Observer) {
		ctx, end := o.Begin(context.Background(), connector.Operation{})
		o.Changed(1, connector.Change{})
		o.Message(1, "menu", connector.Sent, 1)
		o.Failed(1, nil)
		if ctx != context.Background() || end != nil {
			t.Errorf("got %v and an end, want none", ctx)
		}
	}
	observedless(connector.NoObserver{})
}
