package connector_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/transitions"
)

const stampede = 200

// overTCP runs a test in real time over loopback under both engines.
func overTCP(t *testing.T, name string, backend connectortest.Config, test func(*world), changes ...change) {
	t.Helper()
	for _, engine := range []fsm.Engine{fsm.Looplab, fsm.Table} {
		t.Run(name+"/tcp/"+engine.String(), func(t *testing.T) {
			w := newWorldOnTCP(t, backend, append(slices.Clone(changes), func(c *connector.Config[credentials, user]) { c.Engine = engine })...)
			defer w.endOnTCP()
			test(w)
		})
	}
}

func newWorldOnTCP(t *testing.T, backend connectortest.Config, changes ...change) *world {
	t.Helper()
	w := &world{t: t}
	var err error
	if w.backend, err = connectortest.Start(backend); err != nil {
		t.Fatal(err)
	}
	base := &http.Transport{MaxIdleConnsPerHost: stampede}
	w.config = connector.Config[credentials, user]{
		Auth: &authhttp.JSON[credentials, user]{
			LoginURL: w.backend.URL() + "/login", RefreshURL: w.backend.URL() + "/refresh", LogoutURL: w.backend.URL() + "/logout",
			UserURL: w.backend.URL() + "/me", LoginAsURL: w.backend.URL() + "/login-as", LogoutEverywhereURL: w.backend.URL() + "/logout-everywhere",
			Client: &http.Client{Transport: base},
		},
		HTTP:    authhttp.Transport{Base: base},
		Sockets: []connector.AnySocket[user]{menuSocket(w.backend.WebSocketURL())},
		Seed:    1,
	}
	t.Cleanup(base.CloseIdleConnections)
	for _, change := range changes {
		change(&w.config)
	}
	client, err := connector.New(w.config)
	if err != nil {
		t.Fatal(err)
	}
	w.session = client.NewSession()
	w.changes = w.session.Changes(0)
	if w.menu, err = connector.On[request, response](w.session, "menu"); err != nil {
		t.Fatal(err)
	}
	return w
}

// endOnTCP logs out, stops everything, and looks for goroutines left behind.
func (w *world) endOnTCP() {
	w.t.Helper()
	if err := w.session.Logout(context.Background()); err != nil {
		w.t.Errorf("logout: %v", err)
	}
	w.changes.Close()
	if err := w.backend.Close(); err != nil {
		w.t.Errorf("close the backend: %v", err)
	}
	wantNoDriver(w.t)
}

// wantNoDriver waits until no goroutine of a session runs any more.
func wantNoDriver(t *testing.T) {
	t.Helper()
	stacks := make([]byte, 4<<20)
	for deadline := time.Now().Add(10 * time.Second); ; runtime.Gosched() {
		left := string(stacks[:runtime.Stack(stacks, true)])
		if !strings.Contains(left, "interlock/connector.(*") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("got goroutines of a session 10s after its end:\n%s", left)
		}
	}
}

// timeShift is a clock that the test moves, as a suspend or a person does.
type timeShift struct{ offset atomic.Int64 }

func (s *timeShift) jump(by time.Duration) { s.offset.Add(int64(by)) }

func (s *timeShift) under(c *connector.Config[credentials, user]) {
	c.Now = func() time.Time { return time.Now().Add(time.Duration(s.offset.Load())) }
}

// everyone posts distinct bodies to /echo at once and returns the statuses, each
// with how many there were; 0 is no answer. An answer of 200 has its body back.
func everyone(w *world, ctx func(i int) context.Context) map[int]int {
	var mu sync.Mutex
	var all sync.WaitGroup
	got := make(map[int]int)
	client := w.session.HTTP()
	for i := range stampede {
		all.Go(func() {
			status := postEcho(w, client, ctx(i), fmt.Sprintf("body %d", i))
			mu.Lock()
			defer mu.Unlock()
			got[status]++
		})
	}
	all.Wait()
	return got
}

func postEcho(w *world, client *http.Client, ctx context.Context, body string) (status int) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.backend.URL()+"/echo", strings.NewReader(body))
	if err != nil {
		w.t.Error(err)
		return 0
	}
	answer, err := client.Do(r)
	if err != nil {
		if ctx.Err() == nil {
			w.t.Errorf("got %v before its context has ended", err)
		}
		return 0
	}
	defer answer.Body.Close()
	back, err := io.ReadAll(answer.Body)
	if answer.StatusCode == http.StatusOK && (string(back) != body || err != nil) {
		w.t.Errorf("got %q, %v, want %q", back, err, body)
	}
	return answer.StatusCode
}

func patient(int) context.Context { return context.Background() }

// crowded bounds the connections, so that the refused requests could take all
// those that the refresh needs.
func crowded(c *connector.Config[credentials, user]) {
	c.HTTP.Base.(*http.Transport).MaxConnsPerHost = stampede / 2
}

// both runs a test in virtual time and over loopback, under both engines.
func both(t *testing.T, name string, backend connectortest.Config, test func(*world), changes ...change) {
	t.Helper()
	changes = append([]change{crowded}, changes...)
	engines(t, name, backend, test, changes...)
	overTCP(t, name, backend, test, changes...)
}

// wantRefreshes checks how often the backend was asked, and that the session stays.
func wantRefreshes(w *world, want int) {
	w.t.Helper()
	if got := w.backend.Counts().Refreshes; got != want {
		w.t.Errorf("got %d refreshes, want %d", got, want)
	}
	if s := w.session.Status(); !s.LoggedIn {
		w.t.Errorf("got %+v, want logged in", s)
	}
}

// wantStatuses checks what answers everyone has.
func wantStatuses(w *world, got map[int]int, status, n int) {
	w.t.Helper()
	if got[status] != n || len(got) != 1 {
		w.t.Errorf("got statuses %v, want %d times %d", got, n, status)
	}
}

// tripCounter counts the requests that go out.
type tripCounter struct {
	http.RoundTripper
	n atomic.Int32
}

func (c *tripCounter) RoundTrip(r *http.Request) (*http.Response, error) {
	c.n.Add(1)
	return c.RoundTripper.RoundTrip(r)
}

func TestStampede(t *testing.T) {
	hour := connectortest.Config{AccessLife: time.Hour}
	clock := &timeShift{}

	var sent *tripCounter
	counted := func(c *connector.Config[credentials, user]) {
		sent = &tripCounter{RoundTripper: c.HTTP.Base}
		c.HTTP.Base = sent
	}
	both(t, "T4 200 goroutines that meet an expired token at once", hour, func(w *world) {
		defer sent.RoundTripper.(*http.Transport).CloseIdleConnections()
		w.login()
		clock.jump(2 * time.Hour)
		w.script(connectortest.ExpireTokens())
		wantStatuses(w, everyone(w, patient), http.StatusOK, stampede)
		wantRefreshes(w, 1)
		if got := sent.n.Load(); got != stampede {
			w.t.Errorf("got %d requests sent, want %d: none with the expired token", got, stampede)
		}
	}, clock.under, counted)

	both(t, "T4 200 goroutines whose token the server has expired", hour, func(w *world) {
		w.login()
		w.script(connectortest.ExpireTokens())
		wantStatuses(w, everyone(w, patient), http.StatusOK, stampede)
		wantRefreshes(w, 1)
	})

	both(t, "F34 200 goroutines whose refresh fails once", hour, func(w *world) {
		w.login()
		clock.jump(2 * time.Hour)
		w.script(connectortest.ExpireTokens(), connectortest.RefuseRefreshes(1, 503))
		got := everyone(w, patient)
		if got[http.StatusOK]+got[http.StatusUnauthorized] != stampede {
			w.t.Errorf("got statuses %v, want %d of 200 and 401", got, stampede)
		}
		w.until("token", "waiting")
		w.until("token", "fresh")
		wantStatuses(w, everyone(w, patient), http.StatusOK, stampede)
		wantRefreshes(w, 2)
	}, clock.under)

	var told chan error
	both(t, "F34 200 goroutines whose refresh is rejected", hour, func(w *world) {
		w.login()
		clock.jump(2 * time.Hour)
		w.script(connectortest.RevokeAll())
		wantStatuses(w, everyone(w, patient), http.StatusUnauthorized, stampede)
		w.until("session", "loggedOut")
		wantStatuses(w, everyone(w, patient), http.StatusUnauthorized, stampede)
		if got := w.backend.Counts(); got.Refreshes != 1 || got.Logouts != 0 {
			w.t.Errorf("got %+v, want one refresh and no logout with dead tokens", got)
		}
		select {
		case err := <-told:
			if !errors.Is(err, authhttp.ErrRejected) || len(told) != 0 {
				w.t.Errorf("got the listener told %v and %d times more, want rejected once", err, len(told))
			}
		case <-time.After(time.Minute):
			w.t.Error("got the listener not told")
		}
	}, clock.under, func(c *connector.Config[credentials, user]) {
		told = make(chan error, stampede)
		c.NoToken = func(n connector.NoToken) {
			told <- n.Err
			if n.Cause != connector.CauseRequest || !errors.Is(n.Err, authhttp.ErrNoToken) || !errors.Is(n.Err, authhttp.ErrRejected) {
				t.Errorf("got %v, %v, want a request's, rejected", n.Cause, n.Err)
			}
		}
	})

	both(t, "F36 200 goroutines whose refresh hangs", hour, func(w *world) {
		w.login()
		clock.jump(2 * time.Hour)
		w.script(connectortest.ExpireTokens(), connectortest.HoldRefreshes(1))
		// The first of them starts the refresh, and settles like all others.
		hasty := func(i int) context.Context {
			ctx, cancel := context.WithTimeout(context.Background(), time.Duration(100+i)*time.Millisecond)
			context.AfterFunc(ctx, cancel)
			return ctx
		}
		start := time.Now()
		wantStatuses(w, everyone(w, hasty), 0, stampede)
		if took := time.Since(start); took > 4*time.Second {
			w.t.Errorf("got all settled after %v, want by their own contexts", took)
		}
		if got, err := w.echo("meanwhile"); got != "meanwhile" {
			w.t.Errorf("got %q, %v over the socket", got, err)
		}
		wantRefreshes(w, 1)
		w.until("token", "waiting")
		w.until("token", "fresh")
		wantStatuses(w, everyone(w, patient), http.StatusOK, stampede)
		wantRefreshes(w, 2)
	}, clock.under, func(c *connector.Config[credentials, user]) { c.RefreshTimeout = 4 * time.Second })
}

// lateAnswers lets requests through and holds each 401 back: the first half of
// them until one gate opens, the second half until the other does.
type lateAnswers struct {
	http.RoundTripper
	came   sync.WaitGroup
	n      atomic.Int32
	gates  [2]chan struct{}
	resent atomic.Int32
}

func (l *lateAnswers) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := l.RoundTripper.RoundTrip(r)
	if err != nil || r.URL.Path != "/echo" {
		return answer, err
	}
	if answer.StatusCode != http.StatusUnauthorized {
		l.resent.Add(1)
		return answer, nil
	}
	n := l.n.Add(1)
	if n > stampede {
		return answer, nil
	}
	body, err := io.ReadAll(answer.Body) // which gives the connection to the next one
	_ = answer.Body.Close()
	answer.Body = io.NopCloser(bytes.NewReader(body))
	l.came.Done()
	<-l.gates[min(2*int(n-1)/stampede, 1)]
	return answer, err
}

func TestLateRefusals(t *testing.T) {
	var late *lateAnswers
	hold := func(c *connector.Config[credentials, user]) {
		late = &lateAnswers{RoundTripper: c.HTTP.Base, gates: [2]chan struct{}{make(chan struct{}), make(chan struct{})}}
		late.came.Add(stampede)
		c.HTTP.Base = late
	}
	both(t, "T4 200 late 401s", connectortest.Config{AccessLife: time.Hour}, func(w *world) {
		defer late.RoundTripper.(*http.Transport).CloseIdleConnections()
		w.login()
		old := w.token()
		w.script(connectortest.ExpireTokens())
		done := make(chan map[int]int)
		go func() { done <- everyone(w, patient) }()
		late.came.Wait() // all are answered, and nobody knows yet
		wantRefreshes(w, 0)
		close(late.gates[0])
		if got, err := w.session.Token(context.Background(), old.Generation); err != nil || got.Generation <= old.Generation {
			w.t.Errorf("got %v, %v, want a newer token", got, err)
		}
		close(late.gates[1]) // the refresh is done
		wantStatuses(w, <-done, http.StatusOK, stampede)
		wantRefreshes(w, 1)
		if sent, again := late.n.Load(), late.resent.Load(); sent != stampede || again != stampede {
			w.t.Errorf("got %d refused and %d sent again, want %d each", sent, again, stampede)
		}
	}, hold)
}

func TestLateRefusalsOfTheUserBefore(t *testing.T) {
	var late *lateAnswers
	hold := func(c *connector.Config[credentials, user]) {
		late = &lateAnswers{RoundTripper: c.HTTP.Base, gates: [2]chan struct{}{make(chan struct{}), make(chan struct{})}}
		late.came.Add(stampede)
		c.HTTP.Base = late
	}
	both(t, "T4 200 late 401s of the user before are not sent again as another", connectortest.Config{AccessLife: time.Hour}, func(w *world) {
		defer late.RoundTripper.(*http.Transport).CloseIdleConnections()
		w.login()
		w.script(connectortest.ExpireTokens())
		done := make(chan map[int]int)
		go func() { done <- everyone(w, patient) }()
		late.came.Wait()
		if err := w.session.LoginAs(context.Background(), 2); err != nil {
			w.t.Errorf("got %v", err)
		}
		close(late.gates[0])
		close(late.gates[1])
		wantStatuses(w, <-done, http.StatusUnauthorized, stampede)
		if again := late.resent.Load(); again != 0 {
			w.t.Errorf("got %d sent again, want none", again)
		}
		wantRefreshes(w, 1) // that of the login as another
	}, hold)
}

// TestStampedeAtLogout shows that a crowd that waits for a refresh settles when
// the session leaves meanwhile.
func TestStampedeAtLogout(t *testing.T) {
	for _, c := range []struct {
		name  string
		leave func(w *world) error
	}{
		{"Logout", func(w *world) error { return w.session.Logout(context.Background()) }},
		{"Forget", func(w *world) error { return w.session.Forget(context.Background()) }},
		{"Close", func(w *world) error { return w.session.Close(context.Background()) }},
	} {
		clock := &timeShift{}
		engines(t, "F34 200 goroutines wait for a refresh during "+c.name, connectortest.Config{AccessLife: time.Hour}, func(w *world) {
			w.login()
			clock.jump(2 * time.Hour)
			w.script(connectortest.ExpireTokens(), connectortest.HoldRefreshes(1))
			done := make(chan map[int]int)
			go func() { done <- everyone(w, patient) }()
			synctest.Wait()
			start := time.Now()
			if err := c.leave(w); err != nil {
				w.t.Errorf("got %v", err)
			}
			wantStatuses(w, <-done, http.StatusUnauthorized, stampede)
			if took := time.Since(start); took > 15*time.Second {
				w.t.Errorf("got all settled after %v", took)
			}
			if s := w.session.Status(); s.Session != transitions.SessionLoggedOut {
				w.t.Errorf("got %+v, want logged out", s)
			}
		}, crowded, clock.under)
	}
}
