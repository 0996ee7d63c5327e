package authhttp_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/custom-app/interlock/authhttp"
)

var (
	fresh    = string([]byte(plain)) // no constant, which the compiler would join to the header
	okAnswer = &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}
	okBase   = tripFunc(func(*http.Request) (*http.Response, error) { return okAnswer, nil })
	steady   = authhttp.SourceFunc(func(context.Context, authhttp.Generation) (authhttp.Token, error) {
		return authhttp.Token{Access: authhttp.Secret(fresh), Generation: 1}, nil
	})
)

// overTransport and overBareHeader make one request each.
func overTransport(tb testing.TB, version string) func() {
	transport := &authhttp.Transport{Source: steady, Base: okBase, Version: version}
	req := newRequest(tb, http.MethodGet, "https://a.test/x", nil)
	req.Header.Set("Accept", "application/json")
	return func() {
		if _, err := transport.RoundTrip(req); err != nil {
			tb.Fatal(err)
		}
	}
}

func overBareHeader(tb testing.TB) func() {
	req := newRequest(tb, http.MethodGet, "https://a.test/x", nil)
	req.Header.Set("Accept", "application/json")
	return func() {
		req.Header.Set("Authorization", "Bearer "+fresh)
		if _, err := okBase.RoundTrip(req); err != nil {
			tb.Fatal(err)
		}
	}
}

func TestTransportAllocations(t *testing.T) {
	bare := testing.AllocsPerRun(100, overBareHeader(t))
	for _, version := range []string{"", "1.2.3"} {
		got := testing.AllocsPerRun(100, overTransport(t, version))
		if got > bare+3 {
			t.Errorf("version %q: got %v allocations with a fresh token, want at most 3 more than the bare %v", version, got, bare)
		}
	}
}

func BenchmarkTransport(b *testing.B) {
	trip := overTransport(b, "")
	b.ReportAllocs()
	for b.Loop() {
		trip()
	}
}

func BenchmarkBareHeader(b *testing.B) {
	trip := overBareHeader(b)
	b.ReportAllocs()
	for b.Loop() {
		trip()
	}
}
