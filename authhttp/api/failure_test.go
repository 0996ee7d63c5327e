package api_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/custom-app/interlock/authhttp/api"
	"github.com/custom-app/interlock/authhttp/errcode"
)

func TestErrorBodies(t *testing.T) {
	const problem = "application/problem+json"
	for _, c := range []struct {
		name       string
		status     int
		kind, body string
		code       errcode.Code
		text       string
	}{
		{"E4 object", 400, jsonType, `{"error":{"code":"no_beds","text":"No beds."}}`, "no_beds", "No beds."},
		{"E4 object with a message", 400, jsonType, `{"error":{"code":"no_beds","message":"No beds."}}`, "no_beds", "No beds."},
		{"E1 a code in another spelling", 400, jsonType, `{"error":{"code":"NotFound"}}`, errcode.NotFound, ""},
		{"E1 a code that is a status", 400, jsonType, `{"error":{"code":404,"message":"gone"}}`, errcode.NotFound, "gone"},
		{"E1 a code that is another number", 400, jsonType, `{"error":{"code":-32601}}`, "-32601", ""},
		{"E1 a code that is a sentence", 409, jsonType, `{"error":{"code":"no beds left!"}}`, errcode.Conflict, ""},
		{"E1 a code that is an object", 409, jsonType, `{"error":{"code":{},"text":[]}}`, errcode.Conflict, ""},
		{"E4 RFC 6749", 400, jsonType, `{"error":"invalid_grant","error_description":"Used up."}`, "invalid_grant", "Used up."},
		{"E4 a sentence", 409, jsonType, `{"error":"No beds left!"}`, errcode.Conflict, "No beds left!"},
		{"E4 the name of the status", 401, jsonType, `{"error":"Unauthorized","message":"Who?"}`, errcode.AuthRequired, "Who?"},
		{"E4 error is true", 409, jsonType, `{"error":true,"code":"no_beds","message":"No beds."}`, "no_beds", "No beds."},
		{"E4 code and message", 400, jsonType, `{"code":"no_beds","message":"No beds."}`, "no_beds", "No beds."},
		{"E4 code and text", 400, jsonType, `{"code":"no_beds","text":"No beds."}`, "no_beds", "No beds."},
		{"E4 message only", 503, jsonType, `{"message":"Later."}`, errcode.ServiceUnavailable, "Later."},
		{"E4 RFC 9457", 403, problem, `{"type":"https://a.test/faults/no-beds","title":"Beds","detail":"No beds.","status":403}`, "no-beds", "No beds."},
		{"E4 RFC 9457, title only", 404, problem, `{"type":"about:blank","title":"Not Found"}`, errcode.NotFound, "Not Found"},
		{"E4 RFC 9457, a code of ours", 400, problem, `{"type":"urn:fault:permission-denied"}`, errcode.PermissionDenied, ""},
		{"E4 RFC 9457, a code of its own", 400, problem, `{"type":"https://a.test/x","code":"no_beds"}`, "no_beds", ""},
		{"E4 a type that is no URI", 400, jsonType, `{"type":"error","message":"No beds."}`, errcode.BadRequest, "No beds."},
		{"E4 JSON of an unsaid type", 400, "", `{"code":"no_beds"}`, "no_beds", ""},
		{"E4 byte order mark", 400, jsonType, "\ufeff" + `{"code":"no_beds"}`, "no_beds", ""},
		{"E4 no body", 404, "", "", errcode.NotFound, ""},
		{"E4 HTML", 502, "text/html", "<html>" + hidden, errcode.BadGateway, ""},
		{"E4 list", 500, jsonType, `["` + hidden + `"]`, errcode.InternalServerError, ""},
		{"E4 null", 500, jsonType, "null", errcode.InternalServerError, ""},
		{"E4 longer than MaxBody", 500, jsonType, `{"code":"no_beds","x":"` + strings.Repeat("x", 1<<20) + `"}`, errcode.InternalServerError, ""},

		{"E4 in a 200", 200, jsonType, `{"error":{"code":"no_beds","text":"No beds."}}`, "no_beds", "No beds."},
		{"E4 in a 200 of another type", 200, "text/plain", `{"error":{"code":"no_beds"}}`, "no_beds", ""},
		{"E4 in a 200, as a text", 200, jsonType, `{"error":"no_beds","error_description":"No beds."}`, "no_beds", "No beds."},
		{"E4 in a 200, without a code", 200, jsonType, `{"error":{}}`, errcode.Unhandled, ""},
		{"E4 in a 200, as true", 200, jsonType, `{"error":true,"message":"No beds."}`, errcode.Unhandled, "No beds."},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := api.Get[user](t.Context(), answering(t, c.status, c.kind, c.body), "/u?key="+hidden)
			f := fault(t, err)
			if f.Code != c.code || f.Text != c.text || !f.Peer || f.Status != c.status || f.Op != "GET /u" || f.Err != nil {
				t.Errorf("got %q, %q, Peer %t, status %d, op %q, cause %v, want %q, %q by the peer, status %d",
					f.Code, f.Text, f.Peer, f.Status, f.Op, f.Err, c.code, c.text, c.status)
			}
			if want := fmt.Sprintf("interlock: GET /u: %s (status %d)", c.code, c.status); err.Error() != want {
				t.Errorf("got %q, want %q", err, want)
			}
			if errcode.Of(err) != c.code || !errcode.SaidByPeer(err) {
				t.Errorf("got code %q, by the peer %t, want %q, true", errcode.Of(err), errcode.SaidByPeer(err), c.code)
			}
		})
	}
	for _, c := range []struct{ name, body string }{
		{"E4 no error in a 200, null", `{"id":7,"error":null}`},
		{"E4 no error in a 200, false", `{"id":7,"error":false}`},
		{"E4 no error in a 200, 0", `{"id":7,"error":0}`},
		{"E4 no error in a 200, empty", `{"id":7,"error":""}`},
		{"E4 no error in a 200, other fields", `{"id":7,"code":"x","message":"y","type":"a/b"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := api.Get[user](t.Context(), answering(t, 200, jsonType, c.body), "/u"); err != nil || got.ID != 7 {
				t.Errorf("got %v, %v, want user 7", got, err)
			}
		})
	}
}

func TestReadErrorOfOnesOwn(t *testing.T) {
	errOwn := errors.New("own")
	own := func(status int, body []byte) *api.Error {
		if text, no := strings.CutPrefix(string(body), "NO "); no {
			return &api.Error{Op: "x", Status: 999, Code: errcode.Parse(text), Text: text, Err: errOwn}
		}
		return nil
	}
	for _, c := range []struct {
		name   string
		status int
		body   string
		want   string // "": no error
	}{
		{"E4 own error in a 200", 200, "NO beds", "interlock: GET /u: beds: own (status 200)"},
		{"E4 own error in a 404", 404, "NO beds", "interlock: GET /u: beds: own (status 404)"},
		{"E4 own error without a code", 404, "NO beds at all", "interlock: GET /u: not_found: own (status 404)"},
		{"E4 no details", 404, `{"code":"no_beds"}`, "interlock: GET /u: not_found (status 404)"},
		{"E4 no error", 200, `{"error":"x"}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := answering(t, c.status, jsonType, c.body)
			a.ReadError = own
			_, err := api.Get[user](t.Context(), a, "/u")
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != c.want || errors.Is(err, errOwn) != strings.Contains(c.want, "own") {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	const date = "Tue, 14 Nov 2023 22:13:20 GMT"
	for _, c := range []struct {
		name   string
		header http.Header
		want   time.Duration
	}{
		{"E4 not asked", nil, 0},
		{"E4 seconds", http.Header{"Retry-After": {" 7 "}}, 7 * time.Second},
		{"E4 date", http.Header{"Date": {date}, "Retry-After": {"Tue, 14 Nov 2023 22:14:20 GMT"}}, time.Minute},
		{"E4 date in the past", http.Header{"Retry-After": {date}}, 0},
		{"E4 more than a Duration holds", http.Header{"Retry-After": {"99999999999999999999"}}, 9223372036 * time.Second},
		{"E4 negative", http.Header{"Retry-After": {"-7"}}, 0},
		{"E4 nonsense", http.Header{"Retry-After": {"soon"}}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := &api.API{Base: "https://a.test", Client: &http.Client{Transport: tripFunc(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 429, Header: c.header, Body: io.NopCloser(strings.NewReader(""))}, nil
			})}}
			_, err := api.Get[user](t.Context(), a, "/u")
			if f := fault(t, err); f.RetryAfter != c.want || f.Code != errcode.TooManyRequests {
				t.Errorf("got %v of %v, want %v", f.RetryAfter, err, c.want)
			}
		})
	}
}

func TestNilError(t *testing.T) {
	t.Run("E4 nil", func(t *testing.T) {
		var none *api.Error
		if none.Error() != "interlock: api: a nil *Error" || none.Unwrap() != nil || none.ErrorCode() != "" || none.SaidByPeer() {
			t.Errorf("got %q, %v, %q, %t, want a nil *Error that says nothing", none.Error(), none.Unwrap(), none.ErrorCode(), none.SaidByPeer())
		}
	})
}
