package errcode_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"syscall"
	"testing"

	"github.com/custom-app/interlock/authhttp/errcode"
)

// slow is an error that timed out, of nobody's type.
type slow struct{}

func (slow) Error() string { return "slow" }
func (slow) Timeout() bool { return true }

func TestOf(t *testing.T) {
	busy := &errcode.Error{Code: errcode.Busy, Peer: true}
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	for _, c := range []struct {
		name string
		err  error
		want errcode.Code
		peer bool
	}{
		{"E1 nil", nil, "", false},
		{"E1 coded", busy, errcode.Busy, true},
		{"E1 coded by us", &errcode.Error{Code: errcode.Busy}, errcode.Busy, false},
		{"E1 coded, wrapped", fmt.Errorf("x: %w", busy), errcode.Busy, true},
		{"E1 coded, joined", errors.Join(io.EOF, busy), errcode.Busy, true},
		{"E1 coded wins over its cause", &errcode.Error{Code: errcode.Conflict, Err: context.Canceled}, errcode.Conflict, false},
		{"E1 the outer code wins", &errcode.Error{Code: errcode.Conflict, Err: busy}, errcode.Conflict, false},
		{"E1 the first of two joined wins", errors.Join(&errcode.Error{Code: errcode.Conflict}, busy), errcode.Conflict, false},
		{"E1 without a code the cause decides", &errcode.Error{Err: busy}, errcode.Busy, true},
		{"E1 without code and cause", &errcode.Error{}, errcode.Unhandled, false},
		{"E1 nil of a type", (*errcode.Error)(nil), errcode.Unhandled, false},
		{"E1 a backend's own", &errcode.Error{Code: "no_beds", Peer: true}, "no_beds", true},

		{"E1 deadline", fmt.Errorf("x: %w", context.DeadlineExceeded), errcode.Timeout, false},
		{"E1 deadline of a file", fmt.Errorf("x: %w", os.ErrDeadlineExceeded), errcode.Timeout, false},
		{"E1 method Timeout", slow{}, errcode.Timeout, false},
		{"E1 timeout below an error that denies it", &url.Error{Op: "Get", Err: fmt.Errorf("x: %w", slow{})}, errcode.Timeout, false},
		{"E1 timeout of the network", &net.OpError{Op: "read", Err: slow{}}, errcode.Timeout, false},
		{"E1 timeout of DNS", &net.DNSError{Err: "x", IsTimeout: true}, errcode.Timeout, false},
		{"E1 errno of a timeout", syscall.ETIMEDOUT, errcode.Timeout, false},
		{"E1 cancelled", &url.Error{Op: "Get", Err: context.Canceled}, errcode.Cancelled, false},
		{"E1 cancelled dial", &net.OpError{Op: "dial", Err: context.Canceled}, errcode.Cancelled, false},

		{"E1 refused", &url.Error{Op: "Get", Err: refused}, errcode.NoConnection, false},
		{"E1 errno alone", syscall.ECONNRESET, errcode.NoConnection, false},
		{"E1 errno of a file", syscall.ENOENT, errcode.Unhandled, false},
		{"E1 no such host", &net.DNSError{Err: "no such host", IsNotFound: true}, errcode.NoConnection, false},
		{"E1 end of stream", fmt.Errorf("x: %w", io.EOF), errcode.NoConnection, false},
		{"E1 unexpected end", io.ErrUnexpectedEOF, errcode.NoConnection, false},
		{"E1 closed", net.ErrClosed, errcode.NoConnection, false},
		{"E1 empty text", errors.New(""), errcode.NoConnection, false},
		{"E1 blank text", errors.New(" "), errcode.NoConnection, false},
		{"E1 empty text, wrapped", fmt.Errorf("x: %w", errors.New("")), errcode.NoConnection, false},
		{"E1 empty text with a code", &errcode.Error{Code: errcode.Busy, Err: errors.New("")}, errcode.Busy, false},
		{"E1 anything else", errors.New("x"), errcode.Unhandled, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := errcode.Of(c.err); got != c.want {
				t.Errorf("Of: got %q, want %q", got, c.want)
			}
			if got := errcode.SaidByPeer(c.err); got != c.peer {
				t.Errorf("SaidByPeer: got %t, want %t", got, c.peer)
			}
		})
	}
}

func TestOfRealNetwork(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	get := func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		return err
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name string
		ctx  context.Context
		want errcode.Code
	}{
		{"E1 nobody listens", t.Context(), errcode.NoConnection},
		{"E1 given up", ended, errcode.Cancelled},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := get(c.ctx); errcode.Of(err) != c.want {
				t.Errorf("got %q of %v, want %q", errcode.Of(err), err, c.want)
			}
		})
	}
}

func TestErrorText(t *testing.T) {
	for _, c := range []struct {
		name string
		err  *errcode.Error
		want string
	}{
		{"E1 nil", nil, "interlock: error: a nil *Error"},
		{"E1 code", &errcode.Error{Code: errcode.Busy}, "interlock: busy"},
		{"E1 no code", &errcode.Error{Err: errors.New("x")}, "interlock: unhandled: x"},
		{"E1 all", &errcode.Error{Code: errcode.Busy, Op: "GET /x", Err: &errcode.Error{Code: errcode.Conflict}},
			"interlock: GET /x: busy: conflict"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.err.Error(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	t.Run("E1 the cause stays", func(t *testing.T) {
		if err := error(&errcode.Error{Err: io.EOF}); !errors.Is(err, io.EOF) {
			t.Errorf("errors.Is(%v, EOF): got false, want true", err)
		}
	})
}
