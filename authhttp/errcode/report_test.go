package errcode_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/authhttp/errcode"
)

var errPlain = errors.New("plain")

func TestReporter(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	busy := &errcode.Error{Code: errcode.Busy, Peer: true}
	for _, c := range []struct {
		name   string
		report errcode.Report
		want   *errcode.Report // nil: nothing is reported
	}{
		{"E3 as it is", errcode.Report{Time: at, Code: errcode.Conflict, Peer: true, Op: "GET /x", URL: "https://a.test/x", Err: errPlain},
			&errcode.Report{Time: at, Code: errcode.Conflict, Peer: true, Op: "GET /x", URL: "https://a.test/x", Err: errPlain}},
		{"E3 code of the error", errcode.Report{Time: at, Err: busy}, &errcode.Report{Time: at, Code: errcode.Busy, Peer: true, Err: busy}},
		{"E3 code without an error", errcode.Report{Time: at, Code: errcode.Busy}, &errcode.Report{Time: at, Code: errcode.Busy}},
		{"E3 ignored", errcode.Report{Time: at, Code: errcode.Cancelled, Err: errPlain}, nil},
		{"E3 ignored by its error", errcode.Report{Time: at, Err: fmt.Errorf("x: %w", context.Canceled)}, nil},
		{"E3 nothing to tell", errcode.Report{Time: at, Op: "GET /x"}, nil},
		{"E3 secrets of the URL", errcode.Report{Time: at, Code: errcode.Busy, URL: "https://ann:s3cret@a.test:8443/a%2Fb/c?token=s3cret#s3cret"},
			&errcode.Report{Time: at, Code: errcode.Busy, URL: "https://a.test:8443/a%2Fb/c"}},
		{"E3 opaque URL", errcode.Report{Time: at, Code: errcode.Busy, URL: "mailto:s3cret"},
			&errcode.Report{Time: at, Code: errcode.Busy, URL: "mailto:"}},
		{"E3 malformed URL", errcode.Report{Time: at, Code: errcode.Busy, URL: "https://a.test/%zz?s3cret"},
			&errcode.Report{Time: at, Code: errcode.Busy}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got *errcode.Report
			reporter := &errcode.Reporter{
				Ignore: []errcode.Code{errcode.Cancelled},
				Report: func(_ context.Context, r errcode.Report) { got = &r },
			}
			reporter.Tell(t.Context(), c.report)
			if (got == nil) != (c.want == nil) || got != nil && *got != *c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
	t.Run("E3 off", func(t *testing.T) {
		var none *errcode.Reporter
		none.Tell(t.Context(), errcode.Report{Code: errcode.Busy})
		(&errcode.Reporter{}).Tell(t.Context(), errcode.Report{Code: errcode.Busy})
	})
	t.Run("E3 a panic of the hook stays there", func(t *testing.T) {
		calls := 0
		reporter := &errcode.Reporter{Report: func(context.Context, errcode.Report) { calls++; panic("x") }}
		reporter.Tell(t.Context(), errcode.Report{Code: errcode.Busy})
		if calls != 1 {
			t.Errorf("got %d calls, want 1", calls)
		}
	})
	t.Run("E3 the hook gets the caller's context", func(t *testing.T) {
		type key struct{}
		var got any
		reporter := &errcode.Reporter{Report: func(ctx context.Context, _ errcode.Report) { got = ctx.Value(key{}) }}
		reporter.Tell(context.WithValue(t.Context(), key{}, "mine"), errcode.Report{Code: errcode.Busy})
		if got != "mine" {
			t.Errorf("got %v, want mine", got)
		}
	})
	t.Run("E3 time is now", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var got time.Time
			reporter := &errcode.Reporter{Report: func(_ context.Context, r errcode.Report) { got = r.Time }}
			reporter.Tell(t.Context(), errcode.Report{Code: errcode.Busy})
			if want := time.Now(); !got.Equal(want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	})
}

func TestReportPrinted(t *testing.T) {
	report := errcode.Report{
		Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Code: errcode.Busy, Peer: true, Op: "GET /x",
		URL: "https://ann:s3cret@a.test/x?token=s3cret", Err: errPlain,
	}
	const want = `2026-01-02T03:04:05Z busy (peer) "GET /x" https://a.test/x: plain`
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		t.Run("E3 printed with "+verb, func(t *testing.T) {
			if got := fmt.Sprintf(verb, report); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
	t.Run("E3 decided by us", func(t *testing.T) {
		report.Peer = false
		if got := report.String(); !strings.Contains(got, "busy (we)") {
			t.Errorf("got %s, want (we) in it", got)
		}
	})
}
