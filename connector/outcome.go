package connector

import (
	"context"
	"errors"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/transitions"
)

// Outcome is the end of one command to log in, to resume or to log in as another.
// Each command that was not refused at once has exactly one, with one of six names.
type Outcome struct {
	Command  transitions.Command
	Ready    bool  // every socket is ready, or the caller did not want to wait for them
	LoggedIn bool  // the user of the command is logged in, ready or not
	Err      error // a *LoginError, unless Ready
}

// The names of outcomes.
const (
	LoginReady    = "loginReady"
	LoginFailed   = "loginFailed"
	ResumeReady   = "resumeReady"
	ResumeFailed  = "resumeFailed"
	LoginAsReady  = "loginAsReady"
	LoginAsFailed = "loginAsFailed"
)

var outcomeNames = map[transitions.Command][2]string{
	transitions.CommandLogin:   {LoginFailed, LoginReady},
	transitions.CommandResume:  {ResumeFailed, ResumeReady},
	transitions.CommandLoginAs: {LoginAsFailed, LoginAsReady},
}

// Name returns which of the six outcomes it is.
func (o Outcome) Name() string {
	if o.Ready {
		return outcomeNames[o.Command][1]
	}
	return outcomeNames[o.Command][0]
}

// tellLogin tells the caller of the command in flight, and watchers, its outcome,
// and the listener that the command has found no token.
func (d *driver) tellLogin(w work) {
	call, err := d.login, w.why.err
	switch transitions.LoginEffect(w.out.Effect) {
	case transitions.LoginTellAccepted, transitions.LoginTellReady:
		d.endLogin(w, Outcome{Ready: true, LoggedIn: true})
	case transitions.LoginTellRejected:
		d.endLogin(w, Outcome{Err: err})
		if call.command == transitions.CommandResume || errors.Is(err, authhttp.ErrTokenRefused) {
			d.noTokenFor(call, err)
		}
	case transitions.LoginTellNothingStored:
		d.endLogin(w, Outcome{Err: err})
		d.noTokenFor(call, err)
	case transitions.LoginTellNoToken:
		err = because(authhttp.ErrNoToken, err)
		d.endLogin(w, Outcome{Err: err})
		d.noTokenFor(call, err)
	case transitions.LoginTellGate:
		d.endLogin(w, Outcome{Err: because(ErrGate, err)})
	case transitions.LoginTellNoTokens:
		d.endLogin(w, Outcome{Err: ErrNoTokens})
	case transitions.LoginTellUnavailable:
		if err == nil { // the last request timed out
			err = because(authhttp.ErrUnavailable, call.last)
		}
		d.endLogin(w, Outcome{Err: err})
	case transitions.LoginTellCancelled:
		d.endLogin(w, Outcome{Err: because(ErrLoggedOut, err)})
	case transitions.LoginTellAbandoned:
		d.endLogin(w, Outcome{Err: because(call.left(w), call.last)})
	case transitions.LoginTellNotReady:
		d.endLogin(w, Outcome{LoggedIn: true, Err: call.left(w)})
	case transitions.LoginTellSocketsFailed:
		if !errors.Is(err, ErrDetached) {
			err = because(ErrSocketFailed, err)
		}
		d.endLogin(w, Outcome{LoggedIn: true, Err: err})
	}
}

// left is why a caller has left: the end of its context.
func (c *loginCall) left(w work) error {
	if w.why.err != nil {
		return w.why.err
	}
	return context.Cause(c.ctx)
}

// endLogin ends the command in flight, and forgets its credentials.
func (d *driver) endLogin(w work, o Outcome) {
	call := d.login
	d.login = nil
	if d.cancelLogin != nil {
		d.cancelLogin()
		d.cancelLogin = nil
	}
	o.Command = call.command
	if !o.Ready {
		o.Err = &LoginError{Command: o.Command, LoggedIn: o.LoggedIn, Err: o.Err}
	}
	ending := "ready"
	if !o.Ready {
		ending = d.settings.system.EventName(transitions.LoginKind, w.out.On)
	}
	call.operation.done(ending, o.Err)
	d.outcomes.publish(o) // first, so that who has returned can look
	call.settle(o.Err)
}
