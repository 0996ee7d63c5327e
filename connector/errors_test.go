package connector_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/authhttp/errcode"
	"github.com/custom-app/interlock/connector"
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
