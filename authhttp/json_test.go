package authhttp_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/authhttp/errcode"
)

type credentials struct {
	Login    string `json:"login"`
	Password string `json:"password"`
}

type user struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

type backend = authhttp.JSON[credentials, user]

var _ authhttp.Service[credentials, user] = (*backend)(nil)

// tripFunc is a network in a function.
type tripFunc func(*http.Request) (*http.Response, error)

func (f tripFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func answer(status int, body string, header http.Header) *http.Response {
	got := http.Header{}
	maps.Copy(got, header)
	return &http.Response{StatusCode: status, Header: got, Body: io.NopCloser(strings.NewReader(body))}
}

func backendOn(trip tripFunc) *backend {
	return &backend{
		LoginURL:   "https://api.test/login?key=" + plain,
		RefreshURL: "https://api.test/refresh?key=" + plain,
		LogoutURL:  "https://api.test/logout?key=" + plain,
		Client:     &http.Client{Transport: trip},
	}
}

func answering(status int, body string, header http.Header) *backend {
	return backendOn(func(*http.Request) (*http.Response, error) { return answer(status, body, header), nil })
}

var oldPair = authhttp.Pair{Access: plain + "-a", Refresh: plain + "-r"}

// wantOutcome checks that err is of the one outcome and shows no secret.
func wantOutcome(t *testing.T, err, want error) {
	t.Helper()
	if want == nil {
		if err != nil {
			t.Errorf("got error %v, want none", err)
		}
		return
	}
	var typed *authhttp.Error
	if !errors.As(err, &typed) {
		t.Fatalf("got error %v, want an *Error", err)
	}
	for _, outcome := range []error{authhttp.ErrRejected, authhttp.ErrUnavailable, authhttp.ErrTokenRefused} {
		if got := errors.Is(err, outcome); got != (outcome == want) {
			t.Errorf("errors.Is(%v, %v): got %t, want %t", err, outcome, got, outcome == want)
		}
	}
	for _, text := range []string{err.Error(), fmt.Sprintf("%+v %#v", err, err)} {
		if strings.Contains(text, plain) {
			t.Errorf("a secret shows in %s", text)
		}
	}
}

func TestJSONSends(t *testing.T) {
	type seen struct{ method, url, body, auth, kind, extra string }
	var got seen
	service := backendOn(func(req *http.Request) (*http.Response, error) {
		body, _ := io.ReadAll(req.Body)
		got = seen{req.Method, req.URL.Path, string(body), req.Header.Get("Authorization"),
			req.Header.Get("Content-Type"), req.Header.Get("X-App")}
		return answer(200, `{"access_token":"A","refresh_token":"R","expires_in":60,"user":{"id":7,"name":"Ann"}}`, nil), nil
	})
	service.Header = http.Header{"x-app": {"demo"}}

	t.Run("S1 login", func(t *testing.T) {
		grant, err := service.Login(t.Context(), credentials{"ann", "pw"})
		wantOutcome(t, err, nil)
		want := authhttp.Grant[user]{Pair: authhttp.Pair{Access: "A", Refresh: "R", Life: time.Minute}, User: user{7, "Ann"}}
		if grant != want {
			t.Errorf("got %+v, want %+v", grant, want)
		}
		if want := (seen{"POST", "/login", `{"login":"ann","password":"pw"}`, "", "application/json", "demo"}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
	t.Run("T5 refresh", func(t *testing.T) {
		pair, err := service.Refresh(t.Context(), oldPair)
		wantOutcome(t, err, nil)
		if want := (authhttp.Pair{Access: "A", Refresh: "R", Life: time.Minute}); pair != want {
			t.Errorf("got %+v, want %+v", pair, want)
		}
		body, _ := json.Marshal(map[string]string{"refresh_token": oldPair.Refresh.Reveal()})
		if want := (seen{"POST", "/refresh", string(body), "", "application/json", "demo"}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
	t.Run("logout", func(t *testing.T) {
		wantOutcome(t, service.Logout(t.Context(), oldPair), nil)
		if want := (seen{"POST", "/logout", "", "Bearer " + plain + "-a", "", "demo"}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

func TestJSONStatus(t *testing.T) {
	rej, una := authhttp.ErrRejected, authhttp.ErrUnavailable
	for _, c := range []struct {
		status                 int
		login, refresh, logout error
	}{
		{200, nil, nil, nil},
		{201, nil, nil, nil},
		{302, una, una, una},
		{304, una, una, una},
		{307, una, una, una},
		{400, rej, rej, rej},
		{401, rej, rej, rej},
		{403, rej, rej, rej},
		{404, rej, una, una},
		{408, una, una, una},
		{409, rej, una, una},
		{422, rej, una, una},
		{425, una, una, una},
		{429, una, una, una},
		{499, rej, una, una},
		{500, una, una, una},
		{503, una, una, una},
	} {
		t.Run(fmt.Sprintf("S3 status %d", c.status), func(t *testing.T) {
			service := answering(c.status, `{"access_token":"A","error":"`+plain+`"}`,
				http.Header{"Retry-After": {"7"}, "Location": {"https://evil.test/?t=" + plain}})
			_, err := service.Login(t.Context(), credentials{})
			wantOutcome(t, err, c.login)
			_, err = service.Refresh(t.Context(), oldPair)
			wantOutcome(t, err, c.refresh)
			err = service.Logout(t.Context(), oldPair)
			wantOutcome(t, err, c.logout)

			if c.logout == nil {
				return
			}
			var fault *authhttp.Error
			errors.As(err, &fault)
			if fault.Op != "logout" || fault.Status != c.status || fault.RetryAfter != 7*time.Second {
				t.Errorf("got %s, %d, %v, want logout, %d, 7s", fault.Op, fault.Status, fault.RetryAfter, c.status)
			}
		})
	}
}

func TestJSONReaders(t *testing.T) {
	broken := errors.New("cannot read " + plain)
	for _, c := range []struct {
		name string
		err  error
		want error
	}{
		{"S3 reader fails", broken, authhttp.ErrUnavailable},
		{"S3 reader rejects a 200", fmt.Errorf("%w: %s", authhttp.ErrRejected, plain), authhttp.ErrRejected},
	} {
		t.Run(c.name, func(t *testing.T) {
			byTokens := answering(200, plain, nil)
			byTokens.Tokens = func([]byte) (authhttp.Pair, error) { return authhttp.Pair{}, c.err }
			_, err := byTokens.Login(t.Context(), credentials{})
			wantOutcome(t, err, c.want)
			if !errors.Is(err, c.err) {
				t.Errorf("errors.Is(%v, cause): got false, want true", err)
			}
			byUser := answering(200, `{}`, nil)
			byUser.User = func([]byte) (user, error) { return user{}, c.err }
			_, err = byUser.Login(t.Context(), credentials{})
			wantOutcome(t, err, c.want)
		})
	}
	t.Run("S3 the cause is kept, beside its outcome", func(t *testing.T) {
		service := answering(200, plain, nil)
		_, err := service.Login(t.Context(), credentials{})
		if _, ok := errors.AsType[*json.SyntaxError](err); !ok {
			t.Errorf("got %v, want it to wrap a *json.SyntaxError", err)
		}
		service.Tokens = func([]byte) (authhttp.Pair, error) {
			return authhttp.Pair{}, errors.Join(authhttp.ErrRejected, authhttp.ErrUnavailable, authhttp.ErrTokenRefused)
		}
		_, err = service.Login(t.Context(), credentials{})
		wantOutcome(t, err, authhttp.ErrRejected)
	})
	t.Run("X4 reader gives a negative Life", func(t *testing.T) {
		service := answering(200, `{}`, nil)
		service.Tokens = func([]byte) (authhttp.Pair, error) { return authhttp.Pair{Access: "A", Life: -1}, nil }
		_, err := service.Login(t.Context(), credentials{})
		wantOutcome(t, err, authhttp.ErrUnavailable)
	})
	t.Run("X4 credentials that are no JSON", func(t *testing.T) {
		service := authhttp.JSON[any, user]{LoginURL: "https://api.test/"}
		_, err := service.Login(t.Context(), make(chan int))
		wantOutcome(t, err, authhttp.ErrRejected)
	})
}

func TestJSONNetworkFaults(t *testing.T) {
	t.Run("S3 cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		service := backendOn(func(req *http.Request) (*http.Response, error) {
			cancel()
			<-req.Context().Done()
			return nil, req.Context().Err()
		})
		_, err := service.Login(ctx, credentials{})
		wantOutcome(t, err, authhttp.ErrUnavailable)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want it to wrap context.Canceled", err)
		}
	})
	t.Run("S3 body breaks off", func(t *testing.T) {
		service := backendOn(func(*http.Request) (*http.Response, error) {
			broken := io.MultiReader(strings.NewReader(`{"access_token":"`+plain), failingReader{})
			return &http.Response{StatusCode: 200, Body: io.NopCloser(broken)}, nil
		})
		_, err := service.Login(t.Context(), credentials{})
		wantOutcome(t, err, authhttp.ErrUnavailable)
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("got %v, want it to wrap io.ErrUnexpectedEOF", err)
		}
	})
}

func TestJSONNoLogin(t *testing.T) {
	service := able(answering(200, `{"access_token":"a"}`, nil))
	service.LoginURL, service.NoLogin = "", true
	if _, err := service.Login(t.Context(), credentials{}); !errors.Is(err, authhttp.ErrNotSupported) || errcode.Of(err) != errcode.NotSupported {
		t.Errorf("got %v, want that there is no login", err)
	}
	if pair, err := service.Refresh(t.Context(), authhttp.Pair{Access: "a", Refresh: "r"}); err != nil || pair.Access != "a" {
		t.Errorf("got %v, want that tokens are refreshed", err)
	}
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestJSONValidate(t *testing.T) {
	for _, c := range []struct {
		name    string
		service backend
		faults  []string // nil: valid
	}{
		{"X2 https", backend{LoginURL: "https://api.test/login"}, nil},
		{"X2 plain to loopback", backend{LoginURL: "http://127.0.0.1:80/"}, nil},
		{"X2 plain elsewhere", backend{LoginURL: "http://api.test/?k=" + plain}, []string{"LoginURL: plain http to api.test"}},
		{"X2 plain allowed", backend{LoginURL: "http://api.test/", AllowPlain: true}, nil},
		{"X4 all faults", backend{RefreshURL: "://" + plain, LogoutURL: "ftp://" + plain, MaxBody: -1},
			[]string{"LoginURL: missing", "RefreshURL: not an", "LogoutURL: not an", "MaxBody: -1"}},
		{"T1 no login", backend{NoLogin: true, RefreshURL: "https://api.test/refresh"}, nil},
		{"X4 a login beside none", backend{NoLogin: true, LoginURL: "https://api.test/login"}, []string{"NoLogin: set beside LoginURL or ByToken"}},
		{"X4 a login by token beside none", backend{NoLogin: true, ByToken: func(authhttp.Pair) credentials { return credentials{} }}, []string{"NoLogin: set beside LoginURL or ByToken"}},
		{"X4 no host", backend{LoginURL: "https:///" + plain}, []string{"LoginURL: not an"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.service.Validate()
			if len(c.faults) == 0 {
				if err != nil {
					t.Errorf("got %v, want nil", err)
				}
				return
			}
			for _, fault := range c.faults {
				if err == nil || !strings.Contains(err.Error(), fault) || strings.Contains(err.Error(), plain) {
					t.Errorf("got %v, want it to contain %q and no secret", err, fault)
				}
			}
			c.service.Client = &http.Client{Transport: tripFunc(func(*http.Request) (*http.Response, error) {
				t.Error("a request was made")
				return nil, io.EOF
			})}
			_, err = c.service.Login(t.Context(), credentials{})
			wantOutcome(t, err, authhttp.ErrRejected)
		})
	}
}
