package centrifugal_test

import (
	"context"
	"testing"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/backends/centrifugal"
	"github.com/custom-app/interlock/connector/backends/scenario"
)

type (
	clientConfig = connector.Config[login, user]
	nodeConfig   = connector.SocketConfig[user, frame, frame]
)

// world is a server and a session with it.
type world struct {
	*testing.T
	ctx     context.Context
	server  *centrifugal.Server
	session *connector.Session[login, user]
	node    *connector.Socket[frame, frame]

	pushes  *connector.Stream[frame]
	all     *connector.Stream[connector.Inbound[frame]]
	readies *connector.Stream[connector.Ready]
	faults  *connector.Stream[error]
}

// newWorld starts a server and makes a session, whose config edit may change. Both end
// with the test.
func newWorld(t *testing.T, c centrifugal.Config, edit func(*clientConfig, *nodeConfig)) *world {
	t.Helper()
	t.Parallel()
	server, err := centrifugal.Start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("close the server: %v", err)
		}
	})
	whole := config(server.URL(), server.WebSocketURL())
	node := whole.Sockets[0].(nodeConfig)
	if edit != nil {
		edit(&whole, &node)
	}
	whole.Sockets[0] = node
	client, err := connector.New(whole)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, server: server, session: client.NewSession()}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	w.ctx = ctx
	t.Cleanup(func() { w.must("close", w.session.Close(context.WithoutCancel(ctx))) })
	w.node, err = connector.On[frame, frame](w.session, "node")
	w.must("the socket", err)
	w.pushes, w.all, w.readies, w.faults = w.node.Messages(0), w.node.All(0), w.node.Readies(0), w.node.Errors(0)
	return w
}

func (w *world) must(what string, err error) {
	w.Helper()
	if err != nil {
		w.Fatalf("%s: %v", what, err)
	}
}

// ready logs in.
func (w *world) ready() {
	w.Helper()
	w.must("login", w.session.Login(w.ctx, login(w.server.Account())))
	w.readyNext()
}

// readyNext waits until the socket is ready once more.
func (w *world) readyNext() connector.Ready {
	w.Helper()
	return next(w, "ready", w.readies)
}

// pushed waits for a push, and returns what it says.
func (w *world) pushed() string {
	w.Helper()
	return next(w, "a push", w.pushes).Push.Pub.Data.Text
}

// await waits until the server has counted so many of something.
func (w *world) await(what string, least int, count func() int) {
	w.Helper()
	w.must("await", w.server.Await(w.ctx, what, func(scenario.Counts) bool { return count() >= least }))
}

// said waits until clients have sent a command so often.
func (w *world) said(command string, least int) {
	w.Helper()
	w.await(command, least, func() int { return w.server.Said(command) })
}

// wantSaid checks how often clients have sent commands.
func (w *world) wantSaid(command string, want int) {
	w.Helper()
	if got := w.server.Said(command); got != want {
		w.Errorf("got %d times %s, want %d", got, command, want)
	}
}

// granted returns the tokens of a login that the session has not made.
func (w *world) granted() authhttp.Grant[user] {
	w.Helper()
	service := authhttp.JSON[login, user]{LoginURL: w.server.URL() + "/login", RefreshURL: w.server.URL() + "/refresh"}
	grant, err := service.Login(w.ctx, login(w.server.Account()))
	w.must("login", err)
	return grant
}

// next returns what comes next on a stream.
func next[T any](w *world, what string, stream *connector.Stream[T]) T {
	w.Helper()
	item, ok := stream.Next(w.ctx)
	if !ok {
		w.Fatalf("got no %s, but %+v", what, w.session.Status())
	}
	return item
}
