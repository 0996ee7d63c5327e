package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/fsm"
)

const (
	longestRun = 30 * time.Second // a run takes about four seconds

	// A token is refreshed a second before its end, at the earliest, so that all
	// acts before that one are over by then.
	accessLife = 4 * time.Second
	staleGap   = time.Second
	// Long enough for a request to be submitted while the socket is down.
	retryFloor = 300 * time.Millisecond
)

// demoCommand plays a session.
type demoCommand struct {
	JSON    bool   `name:"json" help:"One JSON object a line for each change of state and each message; progress on standard error."`
	Journal string `placeholder:"FILE" help:"Keep the run's journal in this file, as JSON Lines."`
	Engine  string `enum:"looplab,table" default:"looplab" help:"What steps the machines: looplab or table."`
}

// Run plays a session and shows it.
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
		return play(ctx, engine, nil, view)
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

// demo is a session in play, and the backend under it.
type demo struct {
	goroutines int // before the demo began
	backend    *connectortest.Backend
	transport  *http.Transport
	session    *connector.Session[credentials, user]
	menu       *connector.Socket[request, response]

	changes *connector.Stream[connector.Change]
	pushes  *connector.Stream[response]
	show    show
}

// play plays all acts and leaves nothing running, however they end.
func play(ctx context.Context, engine fsm.Engine, journal io.Writer, view show) (err error) {
	d := &demo{goroutines: runtime.NumGoroutine(), transport: &http.Transport{}, show: view}
	d.backend, err = connectortest.Start(connectortest.Config{AccessLife: accessLife})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	if err := d.connect(engine, journal); err != nil {
		return err
	}
	view.begin(engine)
	for i, a := range d.acts() {
		view.act(i+1, a)
		if err := a.play(ctx); err != nil {
			return fmt.Errorf("demo: act %d, %q: %w", i+1, a.title, err)
		}
		if err := view.fault(); err != nil {
			return fmt.Errorf("demo: standard output: %w", err)
		}
	}
	return nil
}

// connect makes a session on the backend, still logged out.
func (d *demo) connect(engine fsm.Engine, journal io.Writer) error {
	client, err := connector.New(connector.Config[credentials, user]{
		Auth: &authhttp.JSON[credentials, user]{
			LoginURL: d.backend.URL() + "/login", RefreshURL: d.backend.URL() + "/refresh", LogoutURL: d.backend.URL() + "/logout",
			Client: &http.Client{Transport: d.transport},
		},
		HTTP:     authhttp.Transport{Base: d.transport},
		Sockets:  []connector.AnySocket[user]{menuSocket(d.backend.WebSocketURL())},
		StaleGap: staleGap, RefreshFloor: staleGap, RetryFloor: retryFloor,
		Seed: 1, Engine: engine, Journal: journal,
	})
	if err != nil {
		return err
	}
	d.session = client.NewSession()
	d.changes = d.session.Changes(0)
	if d.menu, err = connector.On[request, response](d.session, "menu"); err != nil {
		return err
	}
	d.pushes = d.menu.Messages(0)
	return nil
}

// close ends what is still running.
func (d *demo) close() error {
	var left error
	if d.session != nil {
		// The run's own context may be over.
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		if err := d.session.Logout(ctx); err != nil {
			left = fmt.Errorf("demo: logging out: %w", err)
		}
	}
	d.transport.CloseIdleConnections()
	return errors.Join(left, d.backend.Close())
}

// during does something and shows what changes meanwhile.
func (d *demo) during(ctx context.Context, do func(context.Context) error) error {
	over, end := context.WithCancel(ctx)
	result := make(chan error, 1)
	go func() {
		result <- do(ctx)
		end()
	}()
	// Twice, since the end of the context may come before a change that was there.
	for range 2 {
		for change := range d.changes.All(over) {
			d.show.change(change)
		}
	}
	return <-result
}

// until shows changes up to the one that is waited for.
func (d *demo) until(ctx context.Context, what string, is func(connector.Change) bool) error {
	for change := range d.changes.All(ctx) {
		d.show.change(change)
		if is(change) {
			return nil
		}
	}
	return fmt.Errorf("waiting for %s: %w", what, context.Cause(ctx))
}

// ask sends a request, and shows it, what changes meanwhile, and the answer.
func (d *demo) ask(ctx context.Context, r request) (answer response, err error) {
	d.show.request(r)
	err = d.during(ctx, func(ctx context.Context) (err error) {
		answer, err = d.menu.Request(ctx, r)
		return err
	})
	if err == nil {
		d.show.message("answer", answer)
	}
	return answer, err
}

// heard shows the next pushes.
func (d *demo) heard(ctx context.Context, count int) error {
	for range count {
		message, ok := d.pushes.Next(ctx)
		if !ok {
			return fmt.Errorf("waiting for a push: %w", context.Cause(ctx))
		}
		d.show.message("push", message)
	}
	return nil
}
