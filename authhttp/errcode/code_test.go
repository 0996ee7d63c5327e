package errcode_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/custom-app/interlock/authhttp/errcode"
)

func TestAll(t *testing.T) {
	t.Run("E1 codes are snake case, sorted and different", func(t *testing.T) {
		all := errcode.All()
		snake := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
		for i, code := range all {
			if !snake.MatchString(string(code)) {
				t.Errorf("got %q, want snake case", code)
			}
			if i > 0 && all[i-1] >= code {
				t.Errorf("got %q before %q, want sorted and different", all[i-1], code)
			}
		}
	})
	t.Run("E1 codes keep their texts", func(t *testing.T) {
		want := strings.Fields(`auth_required bad_answer bad_gateway bad_request buffer_full busy cancelled conflict
			dropped expired failed_auth forbidden gateway_timeout internal_server_error invalid_token invalid_version
			logged_in logged_out missing_credentials no_connection not_found not_supported outcome_unknown
			permission_denied service_unavailable socket_closed socket_failed timeout too_many_requests unhandled
			unknown_method`)
		var got []string
		for _, code := range errcode.All() {
			got = append(got, string(code))
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("E1 callers cannot change each other's list", func(t *testing.T) {
		errcode.All()[0] = "changed"
		if got := errcode.All()[0]; got != errcode.AuthRequired {
			t.Errorf("got %q, want %q", got, errcode.AuthRequired)
		}
	})
}

func TestFromStatus(t *testing.T) {
	statuses := map[int]errcode.Code{
		200: "", 204: "", 299: "",
		0: errcode.BadAnswer, -1: errcode.BadAnswer, 101: errcode.BadAnswer, 199: errcode.BadAnswer, 302: errcode.BadAnswer, 399: errcode.BadAnswer,
		400: errcode.BadRequest, 401: errcode.AuthRequired, 403: errcode.Forbidden, 404: errcode.NotFound,
		405: errcode.UnknownMethod, 408: errcode.Timeout, 409: errcode.Conflict, 418: errcode.BadRequest,
		426: errcode.InvalidVersion, 429: errcode.TooManyRequests, 499: errcode.BadRequest,
		500: errcode.InternalServerError, 501: errcode.UnknownMethod, 502: errcode.BadGateway,
		503: errcode.ServiceUnavailable, 504: errcode.GatewayTimeout, 599: errcode.InternalServerError, 999: errcode.InternalServerError,
	}
	t.Run("E1 every status has its code", func(t *testing.T) {
		for status, want := range statuses {
			if got := errcode.FromStatus(status); got != want {
				t.Errorf("status %d: got %q, want %q", status, got, want)
			}
		}
	})
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       errcode.Code
	}{
		{"E1 as it is", "not_found", errcode.NotFound},
		{"E1 upper case", "NOT_FOUND", errcode.NotFound},
		{"E1 camel case", "NotFound", errcode.NotFound},
		{"E1 kebab case", "not-found", errcode.NotFound},
		{"E1 words", " Not Found ", errcode.NotFound},
		{"E1 a backend's own stays", "NO_BEDS", "NO_BEDS"},
		{"E1 a type of RFC 9457", "https://a.test/faults/no-beds", "https://a.test/faults/no-beds"},
		{"E1 the longest", strings.Repeat("a", 64), errcode.Code(strings.Repeat("a", 64))},
		{"E1 too long", strings.Repeat("a", 65), ""},
		{"E1 empty", "", ""},
		{"E1 blank", " \t", ""},
		{"E1 sentence", "no beds left", ""},
		{"E1 path with a query", "/x?token=1", ""},
		{"E1 control character", "no\x00beds", ""},
		{"E1 not ASCII", "нет", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := errcode.Parse(c.text); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	t.Run("E1 every code reads back", func(t *testing.T) {
		for _, code := range errcode.All() {
			if got := errcode.Parse(strings.ToUpper(string(code))); got != code {
				t.Errorf("got %q, want %q", got, code)
			}
		}
	})
}
