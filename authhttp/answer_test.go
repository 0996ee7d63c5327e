package authhttp_test

import (
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
		{"access only", `{"access_token":"A"}`, nil, ""},
		{"past exp is the reader's affair", `{"access_token":"` + jwtOf(`{"exp":1}`).Reveal() + `"}`, nil, ""},
		{"X4 refresh only", `{"refresh_token":"` + plain + `"}`, una, "refresh token but no access token"},
		{"X4 empty body", ``, una, "not JSON at byte 0"},
		{"X4 garbage", plain + "\x00\xff", una, "not JSON at byte 1"},
		{"X4 HTML", "<html>" + plain + "</html>", una, "not JSON at byte 1"},
		{"X4 trailing data", `{} ` + plain, una, "not JSON"},
		{"X4 list", `["` + plain + `"]`, una, "tokens"},
		{"X4 token is a number", `{"access_token":12345}`, una, `"access_token"`},
		{"X4 expires_in is a text", `{"expires_in":"` + plain + `"}`, una, `"expires_in"`},
		{"X4 expires_in is negative", `{"access_token":"A","expires_in":-1}`, una, "expires_in: out of range"},
		{"X4 expires_in is huge", `{"access_token":"A","expires_in":1e300}`, una, "expires_in: out of range"},
		{"X4 user is of another type", `{"user":{"id":"` + plain + `"}}`, una, `"user.id"`},
		{"X4 line break in the token", `{"access_token":"` + plain + `\r\nX: y"}`, una, "outside visible ASCII"},
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
	t.Run("T5 old refresh token stays", func(t *testing.T) {
		got, err := answering(200, `{"access_token":"A"}`, nil).Refresh(t.Context(), oldPair)
		wantOutcome(t, err, nil)
		if got.Access != "A" || got.Refresh != oldPair.Refresh {
			t.Errorf("got %q, %q, want A and the old refresh token", got.Access.Reveal(), got.Refresh.Reveal())
		}
	})
	t.Run("F35 the same tokens are success", func(t *testing.T) {
		body := `{"access_token":"` + oldPair.Access.Reveal() + `","refresh_token":"` + oldPair.Refresh.Reveal() + `"}`
		got, err := answering(200, body, nil).Refresh(t.Context(), oldPair)
		wantOutcome(t, err, nil)
		if got != oldPair {
			t.Errorf("got another pair, want the same")
		}
	})
	t.Run("T5 no tokens", func(t *testing.T) {
		_, err := answering(200, `{}`, nil).Refresh(t.Context(), oldPair)
		wantOutcome(t, err, authhttp.ErrUnavailable)
	})
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
