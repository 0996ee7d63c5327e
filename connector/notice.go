package connector

import (
	"context"
	"fmt"
	"slices"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/authhttp/errcode"
	"github.com/custom-app/interlock/transitions"
)

// NoToken says that somebody wanted a fresh token and there is none.
type NoToken struct {
	Cause NoTokenCause
	Err   error // why there is none
}

// NoTokenCause is who wanted a fresh token.
type NoTokenCause uint8

// The causes.
const (
	CauseRequest NoTokenCause = iota // an HTTP request
	CauseResume                      // Resume
	CauseGuard                       // Require
	CauseLoginAs                     // LoginAs
	CauseSocket                      // a socket
)

var noTokenCauses = [...]string{"request", "resume", "guard", "loginAs", "socket"}

// String returns the cause's name.
func (c NoTokenCause) String() string {
	if int(c) < len(noTokenCauses) {
		return noTokenCauses[c]
	}
	return fmt.Sprintf("cause %d", uint8(c))
}

type (
	quietKey struct{}
	briefKey struct{}
)

// Quiet returns a context whose commands and HTTP requests do not call the
// listener of Config.NoToken. Others who wait for the same token still do.
func Quiet(ctx context.Context) context.Context { return context.WithValue(ctx, quietKey{}, true) }

func isQuiet(ctx context.Context) bool { return ctx.Value(quietKey{}) != nil }

// WithoutSockets returns a context with which Login, Resume, LoginAs and Adopt
// return when the user is logged in, while the sockets are still opening.
func WithoutSockets(ctx context.Context) context.Context {
	return context.WithValue(ctx, briefKey{}, true)
}

func isBrief(ctx context.Context) bool { return ctx.Value(briefKey{}) != nil }

// noTokenOnce tells the listener, once for each generation of the token.
func (d *driver) noTokenOnce(cause NoTokenCause, err error) {
	if d.noticed || slices.Contains(d.settings.mute, cause) {
		return
	}
	d.noticed = true
	d.noToken(cause, err)
}

// noTokenFor tells the listener that a command has found no token.
func (d *driver) noTokenFor(call *loginCall, err error) {
	cause := CauseResume
	switch {
	case call.command == transitions.CommandLogin:
		return
	case call.require != nil:
		if !slices.ContainsFunc(d.requirers, func(r *requirer) bool { return !r.quiet }) {
			return
		}
		cause = CauseGuard
	case call.quiet:
		return
	case call.command == transitions.CommandLoginAs:
		cause = CauseLoginAs
	}
	d.noToken(cause, err)
}

func (d *driver) noToken(cause NoTokenCause, err error) {
	if listener := d.settings.noToken; listener != nil && !slices.Contains(d.settings.mute, cause) {
		d.call(func() { listener(NoToken{Cause: cause, Err: err}) })
	}
}

// fail tells watchers and the reporter what went wrong, where there is one of the
// other side's addresses to name.
func (d *driver) fail(url string, err error) {
	d.log.fault(err)
	d.observer.failed(err)
	d.faults.publish(err)
	if d.settings.reporter.Report == nil {
		return
	}
	report := errcode.Report{Time: d.settings.now(), URL: url, Code: errcode.Of(err), Peer: errcode.SaidByPeer(err), Err: err}
	d.call(func() { d.settings.reporter.Tell(authhttp.WithoutToken(Quiet(context.Background())), report) })
}

// mostCallbacks bounds what waits for a callback that does not return.
const mostCallbacks = 1024

// call queues a call of the application, which nothing waits for.
func (d *driver) call(f func()) {
	d.callbacks.add(mostCallbacks, func(run func()) { go run() }, func() {
		if _, err := guarded(func() (struct{}, error) { f(); return struct{}{}, nil }); err != nil {
			d.fail("", err)
		}
	})
}

// failOn tells watchers of a fault that an output is about.
func (d *driver) failOn(out transitions.Output, fault *SocketError) {
	switch out.Machine {
	case transitions.SocketKind:
		d.socketRun(out.ID).tellFault(fault)
	case transitions.SubscriptionKind:
		d.subscriptionRun(out.ID).socket.tellFault(fault)
	default:
		d.fail("", fault)
	}
}
