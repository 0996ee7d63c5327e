package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/transitions"
)

const (
	longestRun = 30 * time.Second // a run takes about three seconds

	// A token is refreshed about a second before its end, so that all acts before
	// that one are over by then, and those after it before the next refresh.
	accessLife = 4 * time.Second
	staleGap   = time.Second
	// Long enough for requests to be submitted while the socket is down.
	retryFloor = 300 * time.Millisecond
	// No act is silent for so long but the one that is about it.
	pingAfter   = time.Second
	pingTimeout = 300 * time.Millisecond
	// Shorter than pingAfter, so that each attempt to come back is a first one, and soon.
	stablePeriod = 500 * time.Millisecond
	// Half of it is for the sockets: what an interrupted run waits for dead links.
	closeTimeout = 2 * time.Second
)

// demoCommand plays sessions.
type demoCommand struct {
	JSON    bool   `name:"json" help:"One JSON object a line for each change of state and each message of a session; progress on standard error."`
	Journal string `placeholder:"FILE" help:"Keep the run's journal in this file, as JSON Lines."`
	Engine  string `enum:"looplab,table" default:"looplab" help:"What steps the machines: looplab or table."`
}

// Run plays the sessions and shows them.
func (c *demoCommand) Run(ctx context.Context, out *console) error {
	ctx, cancel := context.WithTimeoutCause(ctx, longestRun, fmt.Errorf("not over after %v", longestRun))
	defer cancel()
	var view show = newTextShow(out.stdout, time.Now())
	if c.JSON {
		view = &jsonShow{out: written{to: out.stdout}, progress: out.stderr}
	}
	engine := fsm.Looplab
	if c.Engine == fsm.Table.String() {
		engine = fsm.Table
	}
	if c.Journal == "" {
		return play(ctx, engine, io.Discard, view)
	}
	journal, err := os.Create(c.Journal)
	if err != nil {
		return fmt.Errorf("demo: --journal: %w; name a file that can be written", err)
	}
	kept := &written{to: journal}
	err = play(ctx, engine, kept, view)
	if fault := errors.Join(kept.err, journal.Close()); fault != nil {
		err = errors.Join(err, fmt.Errorf("demo: --journal: %w; it is not complete", fault))
	}
	return err
}

// demo is the sessions in play, and what is under them.
type demo struct {
	goroutines int // before the demo began
	backend    *connectortest.Backend
	proxy      *connectortest.Proxy // between the sockets and the backend
	transport  *http.Transport
	links      links
	store      authhttp.FileStore
	client     *connector.Client[credentials, user]
	sessions   []*session // all that were opened
	session    *session   // the one at hand
	show       show
}

// play plays all acts and leaves nothing running, however they end.
func play(ctx context.Context, engine fsm.Engine, journal io.Writer, view show) (err error) {
	d := &demo{goroutines: runtime.NumGoroutine(), transport: &http.Transport{}, show: view}
	d.store.Dir, err = os.MkdirTemp("", "interlock-demo-*")
	if err != nil {
		return fmt.Errorf("demo: a directory for the store: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(d.store.Dir)) }()
	d.backend, err = connectortest.Start(connectortest.Config{AccessLife: accessLife})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	if d.proxy, err = connectortest.NewProxy(strings.TrimPrefix(d.backend.URL(), "http://")); err != nil {
		return err
	}
	if err := d.connect(engine, journal); err != nil {
		return err
	}
	view.begin(engine)
	for i, a := range d.acts() {
		view.act(i+1, a)
		if err := a.play(ctx); err != nil {
			if errors.Is(err, ctx.Err()) {
				err = context.Cause(ctx) // which says why
			}
			return fmt.Errorf("demo: act %d, %q: %w", i+1, a.title, err)
		}
		if err := view.fault(); err != nil {
			return fmt.Errorf("demo: standard output: %w", err)
		}
	}
	return nil
}

// connect makes a client of the backend, and a first session on it, still logged out.
func (d *demo) connect(engine fsm.Engine, journal io.Writer) (err error) {
	web, sockets := d.backend.URL(), "ws://"+d.proxy.Addr()+"/ws"
	d.client, err = connector.New(connector.Config[credentials, user]{
		Auth: &authhttp.JSON[credentials, user]{
			LoginURL: web + "/login", RefreshURL: web + "/refresh", LogoutURL: web + "/logout",
			UserURL: web + "/me", LoginAsURL: web + "/login-as", LogoutEverywhereURL: web + "/logout-everywhere",
			Client: &http.Client{Transport: d.transport},
		},
		Store:       d.store,
		HTTP:        authhttp.Transport{Base: d.transport},
		Sockets:     firstGroup(sockets),
		Chain:       []connector.Group[user]{secondGroup(sockets)},
		Common:      connector.Common{PingAfter: pingAfter, PingTimeout: pingTimeout, StablePeriod: stablePeriod},
		DialContext: d.links.DialContext,
		StaleGap:    staleGap, RefreshFloor: staleGap, RetryFloor: retryFloor, CloseTimeout: closeTimeout,
		Seed: 1, Engine: engine, Journal: journal,
	})
	if err != nil {
		return err
	}
	d.session, err = d.open("this device")
	return err
}

// close ends what is still running.
func (d *demo) close() error {
	// The run's own context may be over.
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout+time.Second)
	defer cancel()
	var left error
	for _, s := range d.sessions {
		if s.Status().Session == transitions.SessionLoggedOut {
			continue
		}
		if err := s.Close(ctx); err != nil {
			left = errors.Join(left, fmt.Errorf("demo: closing session %d: %w", s.number, err))
		}
	}
	d.transport.CloseIdleConnections()
	if d.proxy != nil {
		left = errors.Join(left, d.proxy.Close())
	}
	return errors.Join(left, d.backend.Close())
}
