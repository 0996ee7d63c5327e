package authhttp_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/authhttp"
)

func TestJSONLoginAnswers(t *testing.T) {
	una := authhttp.ErrUnavailable
	for _, c := range []struct {
		name, body string
		want       error
		fault      string
	}{
		{"S2 no tokens", `{"user":{"id":7}}`, nil, ""},
		{"S2 empty tokens", `{"access_token":"","refresh_token":null,"expires_in":60}`, nil, ""},
		{"S2 null", `null`, nil, ""},
		{"X4 access only", `{"access_token":"A"}`, nil, ""},
		{"X4 byte order mark", "\ufeff" + `{"access_token":"A"}`, nil, ""},
		{"X4 the largest token", `{"access_token":"` + strings.Repeat("x", 64<<10) + `"}`, nil, ""},
		{"X4 past exp is left to Lifetime", `{"access_token":"` + jwtOf(`{"exp":1}`).Reveal() + `"}`, nil, ""},
		{"X4 refresh only", `{"refresh_token":"` + plain + `"}`, una, "refresh token but no access token"},
		{"X4 empty body", ``, una, "the tokens cannot be read from the answer: it is empty"},
		{"X4 garbage", plain + "\x00\xff", una, "not JSON at byte 1"},
		{"X4 HTML", "<html>" + plain + "</html>", una, "not JSON at byte 1"},
		{"X4 trailing data", `{} ` + plain, una, "not JSON"},
		{"X4 cut short", `{"access_token":"` + plain, una, "not JSON at byte 29"},
		{"X4 list", `["` + plain + `"]`, una, "the whole: does not fit the type struct"},
		{"X4 text", `"` + plain + `"`, una, "the whole: does not fit the type struct"},
		{"X4 two byte order marks", "\ufeff\ufeff{}", una, "not JSON at byte 1"},
		{"X4 token is a number", `{"access_token":12345}`, una, `"access_token"`},
		{"X4 expires_in is a text", `{"expires_in":"` + plain + `"}`, una, `"expires_in"`},
		{"X4 expires_in is negative", `{"access_token":"A","expires_in":-1}`, una, "expires_in: out of range"},
		{"X4 expires_in is huge", `{"access_token":"A","expires_in":1e300}`, una, "expires_in: out of range"},
		{"X4 user is of another type", `{"user":{"id":"` + plain + `"}}`, una, `"user.id"`},
		{"X4 line break in the token", `{"access_token":"` + plain + `\r\nX: y"}`, una, "outside visible ASCII"},
		{"X4 control character in the token", `{"access_token":"` + plain + `\u0000"}`, una, "outside visible ASCII"},
		{"X4 letters beyond ASCII in the token", `{"access_token":"` + plain + `é"}`, una, "outside visible ASCII"},
		{"X4 token too large for a header", `{"access_token":"` + plain + strings.Repeat("x", 64<<10) + `"}`, una, "has 65548 bytes, more than 65536"},
		{"X4 megabyte of claims", `{"access_token":"` + strings.Repeat("x", 1<<20) + `"}`, una, "longer than MaxBody, 1048576 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			grant, err := answering(200, c.body, nil).Login(t.Context(), credentials{})
			wantOutcome(t, err, c.want)
			if c.want == nil {
				if strings.HasPrefix(c.name, "S2") && grant.Pair != (authhttp.Pair{}) {
					t.Errorf("got a pair, want the zero Pair")
				}
				return
			}
			if !strings.Contains(err.Error(), c.fault) {
				t.Errorf("got %v, want it to contain %q", err, c.fault)
			}
			if grant != (authhttp.Grant[user]{}) {
				t.Errorf("got a grant beside the error")
			}
		})
	}
}

func TestJSONRefreshAnswers(t *testing.T) {
	always := func(status int, body string, header http.Header) tripFunc {
		return func(*http.Request) (*http.Response, error) { return answer(status, body, header), nil }
	}
	const date = "Tue, 14 Nov 2023 22:13:20 GMT"
	same := `{"access_token":"` + oldPair.Access.Reveal() + `","refresh_token":"` + oldPair.Refresh.Reveal() + `"}`
	una, rej := authhttp.ErrUnavailable, authhttp.ErrRejected
	for _, c := range []struct {
		name  string
		trip  tripFunc
		want  error
		fault string
		pair  authhttp.Pair
		wait  time.Duration
	}{
		{"T5 F35 the same tokens are success", always(200, same, nil), nil, "", oldPair, 0},
		{"T5 the old refresh token stays", always(200, `{"access_token":"A"}`, nil), nil, "", authhttp.Pair{Access: "A", Refresh: oldPair.Refresh}, 0},
		{"T5 empty body", always(200, "", nil), una, "it is empty (status 200)", authhttp.Pair{}, 0},
		{"T5 no content", always(204, "", nil), una, "it is empty (status 204)", authhttp.Pair{}, 0},
		{"T5 no tokens", always(200, `{}`, nil), una, "the answer has no access token", authhttp.Pair{}, 0},
		{"T5 refresh token only", always(200, `{"refresh_token":"`+plain+`"}`, nil), una, "refresh token but no access token", authhttp.Pair{}, 0},
		{"T5 HTML", always(200, "<html>"+plain, nil), una, "not JSON at byte 1", authhttp.Pair{}, 0},
		{"T5 server error", always(500, plain, nil), una, "unavailable (status 500)", authhttp.Pair{}, 0},
		{"T5 refused", always(401, plain, nil), rej, "rejected (status 401)", authhttp.Pair{}, 0},
		{"T5 too many, wait some seconds", always(429, plain, http.Header{"Retry-After": {"7"}}), una,
			"unavailable (status 429)", authhttp.Pair{}, 7 * time.Second},
		{"T5 too many, wait until a date", always(429, plain, http.Header{"Date": {date}, "Retry-After": {"Tue, 14 Nov 2023 22:14:20 GMT"}}), una,
			"unavailable (status 429)", authhttp.Pair{}, time.Minute},
		{"T5 redirect", always(307, "", http.Header{"Location": {"https://evil.test/?t=" + plain}}), una, "unavailable (status 307)", authhttp.Pair{}, 0},
		{"T5 connection closed", func(*http.Request) (*http.Response, error) { return nil, io.EOF }, una, "the connection was closed before", authhttp.Pair{}, 0},
		{"T5 no HTTP", func(*http.Request) (*http.Response, error) { return nil, errors.New("malformed " + plain) }, una,
			"no valid HTTP answer", authhttp.Pair{}, 0},
		{"T5 no TLS", func(*http.Request) (*http.Response, error) { return nil, tls.RecordHeaderError{Msg: plain} }, una,
			"the server does not speak TLS: check the port, or use http", authhttp.Pair{}, 0},
		{"T5 HTTP where TLS is wanted", func(*http.Request) (*http.Response, error) { return nil, http.ErrSchemeMismatch }, una,
			"the server does not speak TLS", authhttp.Pair{}, 0},
		{"T5 no answer", func(req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, req.Context().Err()
		}, una, "timed out", authhttp.Pair{}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				service := backendOn(c.trip)
				service.Client.Timeout = time.Minute
				got, err := service.Refresh(t.Context(), oldPair)
				wantOutcome(t, err, c.want)
				if got != c.pair {
					t.Errorf("got %q, %q, want %q, %q", got.Access.Reveal(), got.Refresh.Reveal(), c.pair.Access.Reveal(), c.pair.Refresh.Reveal())
				}
				if err == nil {
					return
				}
				if fault, _ := errors.AsType[*authhttp.Error](err); !strings.Contains(err.Error(), c.fault) || fault.RetryAfter != c.wait {
					t.Errorf("got %v, to wait %v, want it to contain %q, to wait %v", err, fault.RetryAfter, c.fault, c.wait)
				}
			})
		})
	}
	t.Run("T5 no refresh token, no request", func(t *testing.T) {
		service := backendOn(func(*http.Request) (*http.Response, error) {
			t.Error("a request was made")
			return nil, io.EOF
		})
		_, err := service.Refresh(t.Context(), authhttp.Pair{Access: "A"})
		wantOutcome(t, err, authhttp.ErrRejected)
		service.RefreshURL = ""
		_, err = service.Refresh(t.Context(), oldPair)
		wantOutcome(t, err, authhttp.ErrRejected)
	})
	t.Run("logout with nothing to tell", func(t *testing.T) {
		wantOutcome(t, (&backend{}).Logout(t.Context(), oldPair), nil)
		wantOutcome(t, answering(500, "", nil).Logout(t.Context(), authhttp.Pair{}), nil)
	})
}

func TestJSONDate(t *testing.T) {
	header := http.Header{"Date": {"Tue, 14 Nov 2023 22:13:20 GMT"}}
	body := `{"access_token":"A"}`
	for _, c := range []struct {
		name string
		call func(*backend) (authhttp.Pair, error)
	}{
		{"S12 login", func(b *backend) (authhttp.Pair, error) {
			grant, err := b.Login(t.Context(), credentials{})
			return grant.Pair, err
		}},
		{"S12 refresh", func(b *backend) (authhttp.Pair, error) { return b.Refresh(t.Context(), oldPair) }},
		{"S12 resume", func(b *backend) (authhttp.Pair, error) {
			b.ByToken = func(authhttp.Pair) credentials { return credentials{} }
			grant, err := b.Resume(t.Context(), oldPair)
			return grant.Pair, err
		}},
		{"S12 login as", func(b *backend) (authhttp.Pair, error) {
			b.LoginAsURL = b.LoginURL
			grant, err := b.LoginAs(t.Context(), oldPair, 7)
			return grant.Pair, err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.call(answering(200, body, header))
			if err != nil || got.Date != now.UTC() {
				t.Errorf("got Date %v, %v, want %v", got.Date, err, now.UTC())
			}
			got, err = c.call(answering(200, body, http.Header{"Date": {"today"}}))
			if err != nil || !got.Date.IsZero() {
				t.Errorf("unreadable: got Date %v, %v, want none", got.Date, err)
			}
			service := answering(200, body, header)
			service.Tokens = func([]byte) (authhttp.Pair, error) { return authhttp.Pair{Access: "A", Date: now.Add(1)}, nil }
			got, err = c.call(service)
			if err != nil || !got.Date.Equal(now.Add(1)) {
				t.Errorf("set by Tokens: got Date %v, %v, want %v", got.Date, err, now.Add(1))
			}
		})
	}
	t.Run("S12 no tokens, no date", func(t *testing.T) {
		grant, err := answering(200, `{}`, header).Login(t.Context(), credentials{})
		if err != nil || grant.Pair != (authhttp.Pair{}) {
			t.Errorf("got %v, %v, want the zero Pair", grant.Pair, err)
		}
	})
}

func TestRetryAfter(t *testing.T) {
	const date = "Tue, 14 Nov 2023 22:13:20 GMT"
	for _, c := range []struct {
		name, retry, date string
		want              time.Duration
	}{
		{"absent", "", date, 0},
		{"seconds", "120", date, 2 * time.Minute},
		{"zero", "0", date, 0},
		{"negative", "-5", date, 0},
		{"garbage", "soon", date, 0},
		{"more than a Duration holds", "99999999999999999999", date, 9223372036 * time.Second},
		{"date after Date", "Tue, 14 Nov 2023 22:14:20 GMT", date, time.Minute},
		{"date before Date", "Tue, 14 Nov 2023 22:12:20 GMT", date, 0},
		{"date without Date", "Sat, 01 Jan 2000 00:00:30 GMT", "", 30 * time.Second},
	} {
		t.Run("S3 "+c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // its clock starts at 2000-01-01 and stands still
				header := http.Header{}
				header.Set("Retry-After", c.retry)
				header.Set("Date", c.date)
				_, err := answering(503, "", header).Login(t.Context(), credentials{})
				var fault *authhttp.Error
				if !errors.As(err, &fault) || fault.RetryAfter != c.want {
					t.Errorf("got %v, %+v, want RetryAfter %v", err, fault, c.want)
				}
			})
		})
	}
}
