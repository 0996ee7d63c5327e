package connector

import (
	"cmp"
	"context"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/transitions"
)

// Logout logs the current user out on this device: it closes the user's sockets,
// tells the server, and forgets the tokens and the user, whatever the server says.
// Somebody who has logged in as another is then the user before again, with tokens
// and with sockets that open, for which Require waits; the error is [ErrParentExpired] when that session had ended too.
//
// It returns when all that is done, at the latest after CloseTimeout, or when ctx
// ends: then it goes on by itself. When logged out it does nothing.
func (s *Session[C, U]) Logout(ctx context.Context) error {
	return s.driver.leave(ctx, transitions.SessionLogoutRequested, transitions.ThisDevice)
}

// LogoutEverywhere is Logout, but asks the server to log the current user out on
// every device. Where the service cannot, it changes nothing and the error is
// authhttp.ErrNotSupported. As with Logout, nil does not mean that the server has
// agreed: what it says against it, or that it says nothing in time, is on
// [Session.Errors]. Where the server is being told of a logout of this device already,
// or everything closes, it joins that and ends with [ErrNotEverywhere].
func (s *Session[C, U]) LogoutEverywhere(ctx context.Context) error {
	if !s.client.supports(authhttp.FeatureLogoutEverywhere) {
		return authhttp.ErrNotSupported
	}
	return s.driver.leave(ctx, transitions.SessionLogoutRequested, transitions.EveryDevice)
}

// Forget is Logout, but drops the tokens without a word to the server.
func (s *Session[C, U]) Forget(ctx context.Context) error {
	return s.driver.leave(ctx, transitions.SessionLogoutRequested, transitions.NoDevice)
}

// Close closes every socket, those opened before login too, and forgets all users
// and tokens, but tells the server nothing and leaves what is stored: it is the end
// of the process rather than of the login, with which Resume goes on another time.
// A token that is on its way is waited for, and stored. It returns as Logout does;
// a logout in flight ends with it, untold to the server, when what is stored is gone.
func (s *Session[C, U]) Close(ctx context.Context) error {
	return s.driver.leave(ctx, transitions.SessionCloseRequested, 0)
}

// leaveCall is a command to leave that waits for its end.
type leaveCall struct {
	within context.Context // of what is done for it
	err    error           // what it has missed already
	done   chan error      // holds one
}

// leave posts a command that ends what there is, and waits for its end.
func (d *driver) leave(ctx context.Context, on transitions.SessionEvent, devices uint32) error {
	within, operation := d.observer.begin(ctx, Operation{Kind: CommandOperation, Name: leaveName(on, devices)})
	err := d.leaveWithin(ctx, within, on, devices)
	operation.done(leaveOutcome(ctx, err), err)
	return err
}

// leaveName is what a command to leave is called.
func leaveName(on transitions.SessionEvent, devices uint32) string {
	switch {
	case on == transitions.SessionCloseRequested:
		return "close"
	case devices == transitions.EveryDevice:
		return "logoutEverywhere"
	case devices == transitions.NoDevice:
		return "forget"
	}
	return "logout"
}

func (d *driver) leaveWithin(ctx, within context.Context, on transitions.SessionEvent, devices uint32) error {
	call := &leaveCall{within: within, done: make(chan error, 1)}
	if err := d.post(transitions.Input{To: transitions.SessionKind, On: uint8(on), Arg: devices}, &cause{logout: call}); err != nil {
		return err
	}
	select {
	case err := <-call.done:
		d.log.flush(ctx)
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (d *driver) performSession(w work) {
	switch transitions.SessionEffect(w.out.Effect) {
	case transitions.SessionRefuseBusy:
		w.why.refuse(ErrBusy)
	case transitions.SessionRefuseLoggedIn:
		w.why.refuse(ErrLoggedIn)
	case transitions.SessionRefuseLoggedOut:
		w.why.refuse(ErrNotLoggedIn)
	case transitions.SessionTellLoggedIn:
		d.tellRequirers(nil, RequireLogin)
	case transitions.SessionReportReady:
		d.tellRequirers(nil, RequireReady)
	case transitions.SessionReportDegraded:
		d.tellRequirers(&LoginError{Command: transitions.CommandResume, LoggedIn: true, Err: because(ErrSocketFailed, w.why.err)}, RequireReady)
	case transitions.SessionTellNotLoggedIn:
		d.tellRequirers(&LoginError{Command: transitions.CommandResume, Err: because(ErrNotLoggedIn, w.why.err)}, RequireReady)
	case transitions.SessionReportDetached:
		d.tellRequirers(&LoginError{Command: transitions.CommandResume, LoggedIn: true, Err: ErrDetached}, RequireReady)
	case transitions.SessionOpenEarly, transitions.SessionOpenChain:
		tell(w.why.refused, nil)
	case transitions.SessionMakeGroup:
		d.makeGroup(w.out.Now)
	case transitions.SessionStopMaking:
		d.stopGroup(w)
	case transitions.SessionTellDetached:
		for _, detacher := range d.detachers {
			tell(detacher, nil)
		}
		d.detachers = nil
	case transitions.SessionRestoreToken:
		d.truncateUsers(len(d.loggedIn()) - 1)
	case transitions.SessionTellNarrow:
		w.why.logout.err = ErrNotEverywhere
	case transitions.SessionTellParentExpired:
		d.parent = because(ErrParentExpired, w.why.err)
	case transitions.SessionForgetUsers:
		d.truncateUsers(0)
	case transitions.SessionTellLoggedOut:
		d.tellLeavers(d.parent)
		d.parent = nil
	case transitions.SessionStartLogin, transitions.SessionStartResume, transitions.SessionStartLoginAs,
		transitions.SessionCancelLogin, transitions.SessionAnnounceLeaving, transitions.SessionOpenGroup, transitions.SessionSettleToken,
		transitions.SessionForgetSockets, transitions.SessionOpenSocket, transitions.SessionCloseSocket, transitions.SessionRemoveSocket, transitions.SessionWake,
		transitions.SessionCloseSockets, transitions.SessionCloseAll, transitions.SessionAbortSockets,
		transitions.SessionAbortAll, transitions.SessionRevokeToken, transitions.SessionEraseToken,
		transitions.SessionDropToken, transitions.SessionDropTokens, transitions.SessionReportLeft:
		// Links carry these to other machines.
	}
}

// refuse tells the command that the event stands for that nothing comes of it.
func (c *cause) refuse(err error) {
	switch {
	case c.require != nil:
		c.require.settle(err)
	case c.login != nil:
		c.login.settle(err)
	case c.refused != nil:
		tell(c.refused, err)
	case c.detacher != nil:
		tell(c.detacher, err)
	}
}

// tell tells somebody who waits for one outcome, if there is somebody; only the
// first counts.
func tell(waiter chan<- error, err error) {
	select {
	case waiter <- err:
	default:
	}
}

// tellLeavers tells everyone who waits for the end of a logout or a close.
func (d *driver) tellLeavers(err error) {
	for _, call := range d.logouts {
		call.done <- cmp.Or(call.err, err)
	}
	d.logouts = nil
}
