package authhttp_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/custom-app/interlock/authhttp"
)

// heard is what a backend takes: method, path, headers but Accept and Content-Type,
// and the body with its type.
func heard(req *http.Request) string {
	var body []byte
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
	}
	parts := []string{req.Method, req.URL.EscapedPath()}
	for _, name := range slices.Sorted(maps.Keys(req.Header)) {
		if name != "Accept" && name != "Content-Type" {
			parts = append(parts, fmt.Sprintf("%s=%s", name, strings.Join(req.Header[name], ",")))
		}
	}
	if len(body) != 0 {
		parts = append(parts, strings.TrimPrefix(req.Header.Get("Content-Type"), "application/"), string(body))
	}
	return strings.Join(parts, " ")
}

func TestJSONShapeSends(t *testing.T) {
	const token, older = plain + "-a", plain + "-r"
	for _, c := range []struct {
		name, call string
		shape      func(*authhttp.Call[user]) error
		want       string
	}{
		{"S1 nothing changed", "login", func(*authhttp.Call[user]) error { return nil },
			`POST /login json {"login":"","password":"` + plain + `"}`},
		{"S1 another body", "login", func(c *authhttp.Call[user]) error {
			c.Body = map[string]any{"identity": c.Body.(credentials).Login, "password": c.Body.(credentials).Password}
			return nil
		}, `POST /login json {"identity":"","password":"` + plain + `"}`},
		{"S1 a form", "login", func(c *authhttp.Call[user]) error {
			c.Body = url.Values{"grant_type": {"password"}, "password": {c.Body.(credentials).Password}}
			return nil
		}, "POST /login x-www-form-urlencoded grant_type=password&password=" + plain},
		{"S1 another type of body", "login", func(c *authhttp.Call[user]) error {
			c.Body = 7
			c.Header.Set("content-type", "application/vnd.api+json")
			return nil
		}, `POST /login vnd.api+json 7`},
		{"T5 refresh with the access token and no body", "refresh", func(c *authhttp.Call[user]) error {
			c.Header.Set("Authorization", c.Pair.Access.Reveal())
			c.Body = nil
			return nil
		}, "POST /refresh Authorization=" + token},
		{"T5 refresh token in a cookie", "refresh", func(c *authhttp.Call[user]) error {
			c.Header["cookie"] = []string{"refresh=" + c.Pair.Refresh.Reveal()}
			c.Body = nil
			return nil
		}, "POST /refresh Cookie=refresh=" + older},
		{"T5 another field", "refresh", func(c *authhttp.Call[user]) error {
			c.Body = map[string]string{"refreshToken": c.Pair.Refresh.Reveal()}
			return nil
		}, `POST /refresh json {"refreshToken":"` + older + `"}`},
		{"S4 resume by a refresh", "resume", func(c *authhttp.Call[user]) error {
			c.Method = "POST"
			return nil
		}, "POST /me Authorization=Bearer " + token},
		{"S4 resume by token", "resume by token", func(c *authhttp.Call[user]) error {
			c.URL += "&by=token"
			c.Body = map[string]string{"t": c.Body.(credentials).Password}
			return nil
		}, `POST /login json {"t":"` + token + `"}`},
		{"S5 id in the path", "login as", func(c *authhttp.Call[user]) error {
			c.URL = "https://api.test/impersonate/" + url.PathEscape(fmt.Sprint("a/b ", c.ID))
			c.Body = map[string]int{"duration": 60}
			return nil
		}, `POST /impersonate/a%2Fb%207 Authorization=Bearer ` + token + ` json {"duration":60}`},
		{"S6 another method", "logout", func(c *authhttp.Call[user]) error {
			c.Method = "DELETE"
			return nil
		}, "DELETE /logout Authorization=Bearer " + token},
		{"S6 GET", "logout everywhere", func(c *authhttp.Call[user]) error {
			c.Method = "GET"
			return nil
		}, "GET /everywhere Authorization=Bearer " + token},
		{"T7 its token header goes first", "logout", func(c *authhttp.Call[user]) error {
			c.Header.Set("Authorization", "mine")
			return nil
		}, "POST /logout Authorization=mine"},
		{"T7 no token header", "logout", func(c *authhttp.Call[user]) error {
			c.Header["Authorization"] = nil
			c.Body = map[string]string{"token": c.Pair.Access.Reveal()}
			return nil
		}, `POST /logout Authorization= json {"token":"` + token + `"}`},
		{"S5 what is to be read changes nothing", "login as", func(c *authhttp.Call[user]) error {
			c.Op, c.ID, c.Pair = "x", 8, authhttp.Pair{}
			return nil
		}, "POST /as Authorization=Bearer " + token + ` json {"user_id":7}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got string
			service := able(backendOn(func(req *http.Request) (*http.Response, error) {
				got = heard(req)
				return answer(200, `{"access_token":"A"}`, nil), nil
			}))
			service.Shape = c.shape
			wantOutcome(t, authCalls[c.call](t.Context(), service), nil)
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// A header with no values is not sent, and a Transport puts none in its place.
func TestJSONShapeWithoutHeaders(t *testing.T) {
	var got http.Header
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) { got = req.Header }))
	defer server.Close()
	service := allAt(server.URL)
	service.Client = &http.Client{Transport: &authhttp.Transport{Source: rotating}}
	service.Shape = func(c *authhttp.Call[user]) error {
		c.Tokens, c.User = nil, nil
		for _, name := range []string{"authorization", "User-Agent", "Accept", "Content-Type"} {
			c.Header[name] = nil
		}
		return nil
	}
	for _, name := range []string{"login", "login as", "logout"} {
		t.Run("T7 "+name, func(t *testing.T) {
			wantOutcome(t, authCalls[name](t.Context(), service), nil)
			for _, name := range []string{"Content-Length", "Accept-Encoding"} {
				got.Del(name)
			}
			if len(got) != 0 {
				t.Errorf("got %d headers, want none: %v", len(got), slices.Collect(maps.Keys(got)))
			}
		})
	}
}

// Each call says what it is.
func TestJSONShapeSees(t *testing.T) {
	for name := range authCalls {
		t.Run("S1 "+name, func(t *testing.T) {
			service := able(answering(200, `{"access_token":"A"}`, nil))
			shaped := 0
			service.Shape = func(c *authhttp.Call[user]) error {
				shaped++
				if want := strings.TrimSuffix(name, " by token"); c.Op != want {
					t.Errorf("Op: got %s, want %s", c.Op, want)
				}
				wantPair, wantID := oldPair, any(nil)
				if name == "login" {
					wantPair = authhttp.Pair{}
				}
				if name == "login as" {
					wantID = 7
				}
				if c.Pair != wantPair || c.ID != wantID || c.Header == nil || len(c.Header) != 0 {
					t.Errorf("got %q, %v, %d headers, want the tokens in hand, %v, an empty Header", c.Pair.Access.Reveal(), c.ID, len(c.Header), wantID)
				}
				logout := strings.HasPrefix(name, "logout")
				if got, want := c.Tokens != nil, !logout && name != "resume"; got != want {
					t.Errorf("a reader of tokens: got %t, want %t", got, want)
				}
				if got, want := c.User != nil, !logout && name != "refresh"; got != want {
					t.Errorf("a reader of the user: got %t, want %t", got, want)
				}
				if got, want := fmt.Sprintf("%v, %+v, %#v, %s", *c, *c, *c, c), fmt.Sprintf("%[1]s, %[1]s, %[1]s, %[1]s", c.Op); got != want {
					t.Errorf("X1 it prints as %s, want %s", got, want)
				}
				return nil
			}
			wantOutcome(t, authCalls[name](t.Context(), service), nil)
			if shaped != 1 {
				t.Errorf("got %d calls of Shape, want 1", shaped)
			}
		})
	}
}

func TestJSONShapeFaults(t *testing.T) {
	for _, c := range []struct {
		name   string
		shape  func(*authhttp.Call[user]) error
		faults string
	}{
		{"X4 an error", func(*authhttp.Call[user]) error { return errors.New("no " + plain) }, "rejected: Shape: gave an error"},
		{"S3 an error of another outcome", func(*authhttp.Call[user]) error { return authhttp.ErrUnavailable }, "rejected: Shape: gave an error"},
		{"X4 a fault of a field", func(*authhttp.Call[user]) error {
			return fmt.Errorf("%s: %w", plain, &authhttp.FieldError{Field: "{{user/id}}", Detail: "there is no user yet"})
		}, "rejected: {{user/id}}: there is no user yet"},
		{"X4 no URL", func(c *authhttp.Call[user]) error { c.URL = ""; return nil }, "rejected: the URL that Shape leaves: missing"},
		{"X4 no absolute URL", func(c *authhttp.Call[user]) error { c.URL = "/" + plain; return nil }, "rejected: the URL that Shape leaves: not an absolute http or https URL"},
		{"X2 plain http", func(c *authhttp.Call[user]) error { c.URL = "http://api.test/" + plain; return nil }, "rejected: the URL that Shape leaves: plain http to api.test"},
		{"X4 no method", func(c *authhttp.Call[user]) error { c.Method = ""; return nil }, "rejected: the Method that Shape leaves: not the name of a method"},
		{"X4 no name of a method", func(c *authhttp.Call[user]) error { c.Method = "GET " + plain; return nil }, "rejected: the Method that Shape leaves: not the name of a method"},
		{"X4 nil header", func(c *authhttp.Call[user]) error { c.Header = nil; return nil }, "rejected: the Header that Shape leaves: nil"},
		{"X4 name of a header", func(c *authhttp.Call[user]) error { c.Header["X "+plain] = nil; return nil }, "rejected: the Header that Shape leaves: not the name of a header"},
		{"X4 value of a header", func(c *authhttp.Call[user]) error { c.Header["x-key"] = []string{plain + "\n"}; return nil },
			"rejected: the Header that Shape leaves: X-Key: has a control character"},
		{"X4 a body that is no JSON", func(c *authhttp.Call[user]) error { c.Body = make(chan int); return nil },
			"rejected: the body that Shape leaves cannot be encoded as JSON"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for name, call := range authCalls {
				service := able(backendOn(func(*http.Request) (*http.Response, error) {
					t.Error("a request was made")
					return nil, io.EOF
				}))
				service.Shape = c.shape
				err := call(t.Context(), service)
				wantOutcome(t, err, authhttp.ErrRejected)
				if !strings.Contains(err.Error(), c.faults) {
					t.Errorf("%s: got %v, want it to contain %q", name, err, c.faults)
				}
			}
		})
	}
	t.Run("S3 no token, nothing to shape", func(t *testing.T) {
		service := able(answering(200, "", nil))
		service.Shape = func(*authhttp.Call[user]) error { t.Error("Shape was called"); return nil }
		_, err := service.LoginAs(t.Context(), authhttp.Pair{}, 7)
		wantOutcome(t, err, authhttp.ErrTokenRefused)
	})
	t.Run("X4 a fault of JSON is not Shape's", func(t *testing.T) {
		service := backend{LoginURL: "http://api.test/", Shape: func(*authhttp.Call[user]) error { return nil }}
		_, err := service.Login(t.Context(), credentials{})
		if want := "interlock: login: rejected: LoginURL: plain http to api.test"; err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want it to begin with %q", err, want)
		}
	})
}

func TestJSONShapeReads(t *testing.T) {
	nested := func(body []byte) (authhttp.Pair, error) {
		var answer struct {
			Data struct{ Token authhttp.Secret }
		}
		err := json.Unmarshal(body, &answer)
		return authhttp.Pair{Access: answer.Data.Token}, err
	}
	says := func(err error) func(*authhttp.Call[user]) error {
		return func(c *authhttp.Call[user]) error {
			c.Tokens = func([]byte) (authhttp.Pair, error) { return authhttp.Pair{Access: "A"}, err }
			return nil
		}
	}
	const body = `{"data":{"token":"B"},"user":{"id":7},"id":8}`
	rej, una := authhttp.ErrRejected, authhttp.ErrUnavailable
	for _, c := range []struct {
		name, call, body string
		shape            func(*authhttp.Call[user]) error
		want             error
		fault            string
		pair             authhttp.Pair
		id               int
	}{
		{"S1 tokens elsewhere", "login", body, func(c *authhttp.Call[user]) error { c.Tokens = nested; return nil }, nil, "", authhttp.Pair{Access: "B"}, 7},
		{"S1 user elsewhere", "login as", body, func(c *authhttp.Call[user]) error {
			c.User = func(body []byte) (u user, err error) { return u, json.Unmarshal(body, &u) }
			return nil
		}, nil, "", authhttp.Pair{}, 8},
		{"S2 nothing is read", "login", "<html>", func(c *authhttp.Call[user]) error { c.Tokens, c.User = nil, nil; return nil }, nil, "", authhttp.Pair{}, 0},
		{"S4 resume takes tokens that it finds", "resume", body, func(c *authhttp.Call[user]) error { c.Tokens = nested; return nil }, nil, "",
			authhttp.Pair{Access: "B", Refresh: oldPair.Refresh}, 8},
		{"T5 a refresh without tokens is none", "refresh", body, func(c *authhttp.Call[user]) error { c.Tokens = nil; return nil }, una,
			"the answer has no access token (status 200)", authhttp.Pair{}, 0},
		{"T5 tokens elsewhere", "refresh", body, func(c *authhttp.Call[user]) error { c.Tokens = nested; return nil }, nil, "",
			authhttp.Pair{Access: "B", Refresh: oldPair.Refresh}, 0},
		{"S3 a logout that says no in a 200", "logout", body, says(fmt.Errorf("%w: %w", rej, &authhttp.FieldError{Field: "/error", Detail: "is there"})), rej,
			"interlock: logout: rejected: /error: is there (status 200)", authhttp.Pair{}, 0},
		{"S6 a logout gives no tokens", "logout everywhere", body, says(nil), nil, "", authhttp.Pair{}, 0},
		{"S3 a login that says no in a 200", "login", body, says(fmt.Errorf("%s: %w: %w", plain, rej, &authhttp.FieldError{Detail: "the answer has the field error"})), rej,
			"interlock: login: rejected: the answer has the field error (status 200)", authhttp.Pair{}, 0},
		{"X4 tokens in the wrong place", "login", body, says(&authhttp.FieldError{Field: "/token", Detail: "missing; the answer has the fields data, id, user"}), una,
			"interlock: login: unavailable: the tokens cannot be read from the answer: /token: missing; the answer has the fields data, id, user (status 200)",
			authhttp.Pair{}, 0},
		{"X4 an error that may quote", "login", body, says(errors.New(plain)), una,
			"interlock: login: unavailable: the tokens cannot be read from the answer (status 200)", authhttp.Pair{}, 0},
		{"X4 a nil fault of a field", "login", body, says((*authhttp.FieldError)(nil)), una, "a nil *FieldError", authhttp.Pair{}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			service := able(answering(200, c.body, nil))
			service.Shape = c.shape
			var grant authhttp.Grant[user]
			var err error
			switch c.call {
			case "login":
				grant, err = service.Login(t.Context(), credentials{})
			case "login as":
				grant, err = service.LoginAs(t.Context(), oldPair, 7)
			case "resume":
				grant, err = service.Resume(t.Context(), oldPair)
			case "refresh":
				grant.Pair, err = service.Refresh(t.Context(), oldPair)
			default:
				err = authCalls[c.call](t.Context(), service)
			}
			wantOutcome(t, err, c.want)
			if err != nil && !strings.Contains(err.Error(), c.fault) {
				t.Errorf("got %v, want it to contain %q", err, c.fault)
			}
			if want := (authhttp.Grant[user]{Pair: c.pair, User: user{ID: c.id}}); grant != want {
				t.Errorf("got %+v, want %+v", grant, want)
			}
		})
	}
}

func TestFieldError(t *testing.T) {
	for _, c := range []struct {
		fault *authhttp.FieldError
		want  string
	}{
		{&authhttp.FieldError{Field: "/token", Detail: "missing"}, "/token: missing"},
		{&authhttp.FieldError{Detail: "there is no token"}, "there is no token"},
		{nil, "a nil *FieldError"},
	} {
		if got := c.fault.Error(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestJSONMediaType(t *testing.T) {
	page := "<html>" + plain + "</html>"
	cutShort := func(body []byte) (p authhttp.Pair, err error) {
		err = json.NewDecoder(bytes.NewReader(body)).Decode(&p)
		return p, err
	}
	for _, c := range []struct {
		name, kind, body string
		tokens           func([]byte) (authhttp.Pair, error)
		want             string // after "interlock: login: "
	}{
		{"a page", "text/html; charset=utf-8", page, nil, "unavailable: the answer is text/html, not JSON: is the URL that of the API? (status 200)"},
		{"plain text", "TEXT/plain", plain, nil, "unavailable: the answer is text/plain, not JSON: is the URL that of the API? (status 200)"},
		{"a page cut short", "text/html", "{", cutShort, "unavailable: the answer is text/html, not JSON: is the URL that of the API? (status 200)"},
		{"said to be JSON", "application/json", page, nil,
			"unavailable: the tokens cannot be read from the answer: not JSON at byte 1, though it is said to be application/json (status 200)"},
		{"said to be a kind of JSON", "application/problem+json;x", `{"a":"` + plain, cutShort,
			"unavailable: the tokens cannot be read from the answer: not JSON: cut short, though it is said to be application/problem+json (status 200)"},
		{"nothing", "text/html", "", nil, "unavailable: the tokens cannot be read from the answer: it is empty (status 200)"},
		{"no type", "", page, nil, "unavailable: the tokens cannot be read from the answer: not JSON at byte 1 (status 200)"},
		{"no media type", plain, page, nil, "unavailable: the tokens cannot be read from the answer: not JSON at byte 1 (status 200)"},
		{"malformed", "text/<" + plain, page, nil, "unavailable: the tokens cannot be read from the answer: not JSON at byte 1 (status 200)"},
		{"too long for a type", "text/" + strings.Repeat("x", 100), page, nil, "unavailable: the tokens cannot be read from the answer: not JSON at byte 1 (status 200)"},
		{"JSON of another type", "text/html", `{"access_token":"A"}`, nil, ""},
		{"JSON with something in it that is none", "text/html", `"{"`, func([]byte) (authhttp.Pair, error) { return authhttp.Pair{}, json.Unmarshal([]byte("{"), new(any)) },
			"unavailable: the tokens cannot be read from the answer: not JSON at byte 1 (status 200)"},
	} {
		t.Run("X4 "+c.name, func(t *testing.T) {
			service := answering(200, c.body, http.Header{"Content-Type": {c.kind}})
			service.Tokens = c.tokens
			_, err := service.Login(t.Context(), credentials{})
			if c.want == "" {
				wantOutcome(t, err, nil)
				return
			}
			wantOutcome(t, err, authhttp.ErrUnavailable)
			if want := "interlock: login: " + c.want; err.Error() != want {
				t.Errorf("got %v, want %s", err, want)
			}
		})
	}
}
