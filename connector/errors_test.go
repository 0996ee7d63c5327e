package connector_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/authhttp/errcode"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

func TestCodes(t *testing.T) {
	for want, errs := range map[errcode.Code][]error{
		errcode.Busy:               {connector.ErrBusy, connector.ErrNotEverywhere},
		errcode.LoggedIn:           {connector.ErrLoggedIn},
		errcode.LoggedOut:          {connector.ErrLoggedOut},
		errcode.AuthRequired:       {connector.ErrNotLoggedIn, authhttp.ErrNoToken, authhttp.ErrNothingStored},
		errcode.Cancelled:          {connector.ErrGate, context.Canceled},
		errcode.BadAnswer:          {connector.ErrNoTokens, authhttp.ErrNoLife},
		errcode.Expired:            {connector.ErrParentExpired},
		errcode.SocketFailed:       {connector.ErrSocketFailed},
		errcode.SocketClosed:       {connector.ErrSocketClosed},
		errcode.Timeout:            {connector.ErrTimedOut, context.DeadlineExceeded},
		errcode.Dropped:            {connector.ErrDropped},
		errcode.BufferFull:         {connector.ErrBufferFull},
		errcode.OutcomeUnknown:     {connector.ErrOutcomeUnknown},
		errcode.MissingCredentials: {connector.ErrNone},
		errcode.FailedAuth:         {authhttp.ErrRejected},
		errcode.ServiceUnavailable: {authhttp.ErrUnavailable},
		errcode.InvalidToken:       {authhttp.ErrTokenRefused, authhttp.ErrUnusable},
		errcode.NotSupported:       {authhttp.ErrNotSupported},
	} {
		for _, err := range errs {
			t.Run(fmt.Sprintf("E1 %v", err), func(t *testing.T) {
				for _, err := range []error{err, fmt.Errorf("x: %w", err), &connector.LoginError{Command: transitions.CommandResume, Err: err}, &connector.SocketError{Socket: "s", Op: "dial", Err: err}} {
					if got := errcode.Of(err); got != want || errcode.SaidByPeer(err) {
						t.Errorf("got %q, by the peer %t, want %q by this side: %v", got, errcode.SaidByPeer(err), want, err)
					}
				}
			})
		}
	}
	t.Run("E1 the peer's answer is the peer's", func(t *testing.T) {
		err := &connector.AnswerError{Socket: "s", Err: errors.New("no")}
		if got := errcode.Of(err); got != errcode.Unhandled || !errcode.SaidByPeer(err) {
			t.Errorf("got %q, by the peer %t, want unhandled by the peer", got, errcode.SaidByPeer(err))
		}
	})
}

func TestUpgradeCodes(t *testing.T) {
	for status, want := range map[int]errcode.Code{
		401: errcode.AuthRequired, 404: errcode.NotFound, 429: errcode.TooManyRequests, 503: errcode.ServiceUnavailable,
	} {
		engines(t, fmt.Sprint("E1 an upgrade that the peer refuses with status ", status), connectortest.Config{}, func(w *world) {
			faults := w.session.Errors(0)
			defer faults.Close()
			w.script(connectortest.RefuseUpgrades(1, status))
			w.loginOnly()
			err, ok := faults.Next(context.Background())
			if got := errcode.Of(err); !ok || got != want || !errcode.SaidByPeer(err) {
				w.t.Errorf("got %q of %v, by the peer %t, want %q by the peer", got, err, errcode.SaidByPeer(err), want)
			}
		})
	}

	engines(t, "E1 a host that refuses the connection", connectortest.Config{}, func(w *world) {
		faults := w.session.Errors(0)
		defer faults.Close()
		w.login()
		w.network.Refuse(true)
		w.script(connectortest.DropSockets())
		for range 2 {
			if err, _ := faults.Next(context.Background()); errcode.Of(err) != errcode.NoConnection || errcode.SaidByPeer(err) {
				w.t.Errorf("got %q of %v, want no_connection by us", errcode.Of(err), err)
			}
		}
		w.network.Refuse(false)
	})
}
