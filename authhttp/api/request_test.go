package api_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/authhttp/api"
	"github.com/custom-app/interlock/authhttp/errcode"
)

// tripFunc is a network in a function.
type tripFunc func(*http.Request) (*http.Response, error)

func (f tripFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// rotating hands out T1, and T2 once T1 is refused.
func rotating() authhttp.Source {
	return authhttp.SourceFunc(func(_ context.Context, refused authhttp.Generation) (authhttp.Token, error) {
		if refused == 0 {
			return authhttp.Token{Access: "T1", Generation: 1}, nil
		}
		return authhttp.Token{Access: "T2", Generation: refused + 1}, nil
	})
}

const jsonType = "application/json"

func TestDoSends(t *testing.T) {
	type seen struct{ line, body, kind, accept, extra string }
	var got seen
	a := serve(t, func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		got = seen{req.Method + " " + req.RequestURI, string(body), req.Header.Get("Content-Type"), req.Header.Get("Accept"), req.Header.Get("X-App")}
		reply(w, 200, jsonType, `{"id":7,"name":"Ann"}`)
	})
	a.Header = http.Header{"x-app": {"demo"}}
	for _, c := range []struct {
		name string
		call func(ctx context.Context) (user, error)
		want seen
	}{
		{"E4 get", func(ctx context.Context) (user, error) { return api.Get[user](ctx, a, "/u?x=1") },
			seen{"GET /v1/u?x=1", "", "", jsonType, "demo"}},
		{"E4 delete", func(ctx context.Context) (user, error) { return api.Delete[user](ctx, a, "/u") },
			seen{"DELETE /v1/u", "", "", jsonType, "demo"}},
		{"E4 post", func(ctx context.Context) (user, error) { return api.Post[user](ctx, a, "/u", change{"Ann"}) },
			seen{"POST /v1/u", `{"name":"Ann"}`, jsonType, jsonType, "demo"}},
		{"E4 post nothing", func(ctx context.Context) (user, error) { return api.Post[user](ctx, a, "/u", api.None{}) },
			seen{"POST /v1/u", "", "", jsonType, "demo"}},
		{"E4 put", func(ctx context.Context) (user, error) { return api.Put[user](ctx, a, "/u", &change{"Ann"}) },
			seen{"PUT /v1/u", `{"name":"Ann"}`, jsonType, jsonType, "demo"}},
		{"E4 another method", func(ctx context.Context) (user, error) {
			return api.Do[user](ctx, a, http.MethodPatch, "/u", map[string]string{"name": "Ann"})
		}, seen{"PATCH /v1/u", `{"name":"Ann"}`, jsonType, jsonType, "demo"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			res, err := c.call(t.Context())
			if err != nil || res != (user{7, "Ann"}) {
				t.Errorf("got %v, %v, want Ann", res, err)
			}
			if got != c.want {
				t.Errorf("sent: got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestDefaults(t *testing.T) {
	t.Run("E4 client and codec of its own", func(t *testing.T) {
		a := answering(t, 200, jsonType, `{"id":7}`)
		bare := &api.API{Base: a.Base}
		if got, err := api.Get[user](t.Context(), bare, "/u"); err != nil || got.ID != 7 {
			t.Errorf("got %v, %v, want user 7", got, err)
		}
	})
}

func TestDoReads(t *testing.T) {
	getUser := func(ctx context.Context, a *api.API) error {
		_, err := api.Get[user](ctx, a, "/u?key="+hidden)
		return err
	}
	getNone := func(ctx context.Context, a *api.API) error {
		_, err := api.Get[api.None](ctx, a, "/u?key="+hidden)
		return err
	}
	long := `{"name":"` + strings.Repeat("x", 1<<20) + `"}`
	for _, c := range []struct {
		name       string
		call       func(context.Context, *api.API) error
		status     int
		kind, body string
		want       string // "": no error
	}{
		{"E4 JSON", getUser, 200, jsonType, `{"id":7}`, ""},
		{"E4 created", getUser, 201, jsonType, `{"id":7}`, ""},
		{"E4 parameters of the type", getUser, 200, "Application/JSON; charset=utf-8", `{}`, ""},
		{"E4 malformed parameter of the type", getUser, 200, "application/json; charset", `{}`, ""},
		{"E4 kind of JSON", getUser, 200, "application/vnd.a+json", `{}`, ""},
		{"E4 byte order mark", getUser, 200, jsonType, "\ufeff{}", ""},
		{"E4 nothing, 204", getNone, 204, "", "", ""},
		{"E4 nothing, 200", getNone, 200, "", "", ""},
		{"E4 nothing, of any type", getNone, 200, "text/html", "", ""},
		{"E4 nothing is looked for", getNone, 200, jsonType, `{"id":7}`, ""},
		{"E4 nothing is null", getUser, 200, jsonType, "null", ""},

		{"E4 HTML", getUser, 200, "text/html; charset=utf-8", "<html>" + hidden, `the answer is "text/html", not application/json (status 200)`},
		{"E4 HTML for nothing", getNone, 200, "text/html", "<html>" + hidden, `the answer is "text/html", not application/json`},
		{"E4 no type", getUser, 200, "", `{}`, "the answer has no content type"},
		{"E4 malformed type", getUser, 200, "/" + hidden, `{}`, "the answer has a malformed content type"},
		{"E4 JSON in name only", getUser, 200, "text/json+html", `{}`, `not application/json`},
		{"E4 nothing for something, 204", getUser, 204, "", "", "the answer has no content type"},
		{"E4 nothing for something, 200", getUser, 200, jsonType, "", "the answer cannot be read: not JSON at byte 0"},
		{"E4 not JSON", getUser, 200, jsonType, hidden, "not JSON at byte 1"},
		{"E4 trailing data", getUser, 200, jsonType, `{} ` + hidden, "not JSON at byte 4"},
		{"E4 another type of a field", getUser, 200, jsonType, `{"id":"` + hidden + `"}`, `field "id": does not fit a int`},
		{"E4 another type of all", getUser, 200, jsonType, `["` + hidden + `"]`, `the whole: does not fit a user`},
		{"E4 too long", getUser, 200, jsonType, long, "the answer is longer than MaxBody, 1048576 bytes"},
		{"E4 too long for nothing", getNone, 200, jsonType, long, "the answer is longer than MaxBody, 1048576 bytes"},
		{"E4 redirect without a target", getUser, 304, "", "", "bad_answer (status 304)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.call(t.Context(), answering(t, c.status, c.kind, c.body))
			if c.want == "" {
				if err != nil {
					t.Errorf("got error %v, want none", err)
				}
				return
			}
			f := fault(t, err)
			if !strings.Contains(f.Error(), c.want) || !strings.HasPrefix(f.Error(), "interlock: GET /u: bad_answer") {
				t.Errorf("got %v, want it to contain %q", err, c.want)
			}
			if f.Status != c.status || f.Peer || errcode.Of(err) != errcode.BadAnswer {
				t.Errorf("got status %d, Peer %t, code %q, want %d, false, bad_answer", f.Status, f.Peer, errcode.Of(err), c.status)
			}
		})
	}
	t.Run("E4 the longest answer", func(t *testing.T) {
		a := answering(t, 200, jsonType, `{"id":7}`)
		a.MaxBody = 8
		if _, err := api.Get[user](t.Context(), a, "/u"); err != nil {
			t.Errorf("got error %v, want none", err)
		}
		a.MaxBody = 7
		if _, err := api.Get[user](t.Context(), a, "/u"); errcode.Of(err) != errcode.BadAnswer {
			t.Errorf("got error %v, want bad_answer", err)
		}
	})
	t.Run("E4 a result is zero beside an error", func(t *testing.T) {
		got, err := api.Get[user](t.Context(), answering(t, 200, jsonType, `{"name":"Ann","id":"x"}`), "/u")
		if err == nil || got != (user{}) {
			t.Errorf("got %v, %v, want a zero user and an error", got, err)
		}
	})
}

func TestDoWithoutAnswer(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close()
	errSource := &errcode.Error{Code: errcode.LoggedOut, Op: "session"}
	for _, c := range []struct {
		name string
		trip http.RoundTripper
		code errcode.Code
		want string
	}{
		{"E1 nobody listens", http.DefaultTransport, errcode.NoConnection, "dial tcp"},
		{"E1 connection closed", tripFunc(func(*http.Request) (*http.Response, error) { return nil, io.EOF }),
			errcode.NoConnection, "the connection was closed"},
		{"E1 an error without a text", tripFunc(func(*http.Request) (*http.Response, error) { return nil, errors.New("") }),
			errcode.NoConnection, "no valid HTTP answer"},
		{"E1 an answer that is none", tripFunc(func(*http.Request) (*http.Response, error) { return nil, errors.New(hidden) }),
			errcode.Unhandled, "no valid HTTP answer"},
		{"E1 no such host", tripFunc(func(*http.Request) (*http.Response, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "a.test", IsNotFound: true}}
		}), errcode.NoConnection, "lookup a.test: no such host"},
		{"E1 a certificate that nobody vouches for", tripFunc(func(*http.Request) (*http.Response, error) {
			return nil, &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}
		}), errcode.Unhandled, "certificate signed by unknown authority"},
		{"E1 no token", &authhttp.Transport{Source: authhttp.SourceFunc(func(context.Context, authhttp.Generation) (authhttp.Token, error) {
			return authhttp.Token{}, errSource
		})}, errcode.LoggedOut, "transport: token: interlock: session: logged_out"},
		{"E1 cut short", tripFunc(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {jsonType}},
				Body: io.NopCloser(io.MultiReader(strings.NewReader(hidden), errReader{io.ErrUnexpectedEOF}))}, nil
		}), errcode.NoConnection, "(status 200)"},
		{"E1 garbled on the way", tripFunc(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: io.NopCloser(errReader{errors.New(hidden)})}, nil
		}), errcode.BadAnswer, "(status 200)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := &api.API{Base: closed.URL, Client: &http.Client{Transport: c.trip}}
			_, err := api.Get[user](t.Context(), a, "/u?key="+hidden)
			f := fault(t, err)
			if f.Code != c.code || f.Peer || !strings.Contains(f.Error(), c.want) {
				t.Errorf("got %v, Code %q, Peer %t, want %q by us, containing %q", err, f.Code, f.Peer, c.code, c.want)
			}
		})
	}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

func TestDoEndsWithContext(t *testing.T) {
	silent := tripFunc(func(req *http.Request) (*http.Response, error) {
		<-req.Context().Done()
		return nil, req.Context().Err()
	})
	for _, c := range []struct {
		name   string
		client http.Client
		bound  func(context.Context) (context.Context, context.CancelFunc)
		want   errcode.Code
		cause  error
	}{
		{"E1 deadline", http.Client{Transport: silent}, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Minute)
		}, errcode.Timeout, context.DeadlineExceeded},
		{"E1 timeout of the client", http.Client{Transport: silent, Timeout: time.Minute}, context.WithCancel, errcode.Timeout, context.DeadlineExceeded},
		{"E1 cancelled", http.Client{Transport: silent}, func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			context.AfterFunc(ctx, cancel)
			time.AfterFunc(time.Minute, cancel)
			return ctx, cancel
		}, errcode.Cancelled, context.Canceled},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := c.bound(t.Context())
				defer cancel()
				begun := time.Now()
				_, err := api.Get[user](ctx, &api.API{Base: "https://a.test", Client: &c.client}, "/u?key="+hidden)
				if f := fault(t, err); f.Code != c.want || f.Peer || !errors.Is(err, c.cause) {
					t.Errorf("got %v, Code %q, Peer %t, want %q by us for %v", err, f.Code, f.Peer, c.want, c.cause)
				}
				if took := time.Since(begun); took != time.Minute {
					t.Errorf("took %v, want 1m", took)
				}
			})
		})
	}
}

func TestDoRefusesBadRequests(t *testing.T) {
	a := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was made") })
	t.Run("E4 a value that JSON has no form for", func(t *testing.T) {
		_, err := api.Post[api.None](t.Context(), a, "/u?key="+hidden, map[string]any{hidden: func() {}})
		const want = "interlock: POST /u: unhandled: a map[string]interface {} cannot be encoded as JSON"
		if got := fault(t, err).Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("E4 a method that is none", func(t *testing.T) {
		_, err := api.Do[api.None](t.Context(), a, "GE T", "/u", api.None{})
		if got := fault(t, err).Error(); !strings.Contains(got, "method: not one of HTTP") {
			t.Errorf("got %q, want the fault of method", got)
		}
	})
}

func TestDoThroughTransport(t *testing.T) {
	t.Run("E4 a body is sent again after a 401", func(t *testing.T) {
		var got []string
		a := serve(t, func(w http.ResponseWriter, req *http.Request) {
			body, _ := io.ReadAll(req.Body)
			got = append(got, req.Header.Get("Authorization")+" "+string(body))
			if len(got) == 1 {
				reply(w, 401, "", "")
				return
			}
			reply(w, 200, jsonType, `{"id":7}`)
		})
		a.Client.Transport = &authhttp.Transport{Source: rotating(), Base: a.Client.Transport}
		res, err := api.Post[user](t.Context(), a, "/u", change{"Ann"})
		if err != nil || res.ID != 7 {
			t.Errorf("got %v, %v, want user 7", res, err)
		}
		if want := `Bearer T1 {"name":"Ann"}, Bearer T2 {"name":"Ann"}`; strings.Join(got, ", ") != want {
			t.Errorf("sent: got %q, want %q", got, want)
		}
	})
	t.Run("E4 the second 401 is the answer", func(t *testing.T) {
		a := answering(t, 401, jsonType, `{"error":{"code":"invalid_token","text":"`+hidden+`"}}`)
		a.Client.Transport = &authhttp.Transport{Source: rotating(), Base: a.Client.Transport}
		_, err := api.Post[user](t.Context(), a, "/u", change{"Ann"})
		if f := fault(t, err); f.Code != errcode.InvalidToken || !f.Peer || f.Status != 401 || f.Text != hidden {
			t.Errorf("got %v, Peer %t, Text %q, want invalid_token by the peer", err, f.Peer, f.Text)
		}
	})
	t.Run("E4 redirects are the client's affair", func(t *testing.T) {
		a := serve(t, func(w http.ResponseWriter, req *http.Request) {
			if req.URL.Path == "/v1/old" {
				http.Redirect(w, req, "/v1/new", http.StatusTemporaryRedirect)
				return
			}
			body, _ := io.ReadAll(req.Body)
			reply(w, 200, jsonType, string(body))
		})
		if got, err := api.Post[user](t.Context(), a, "/old", change{"Ann"}); err != nil || got.Name != "Ann" {
			t.Errorf("followed: got %v, %v, want Ann", got, err)
		}
		a.Client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		_, err := api.Post[user](t.Context(), a, "/old", change{"Ann"})
		if f := fault(t, err); f.Status != 307 || f.Code != errcode.BadAnswer || f.Peer {
			t.Errorf("not followed: got %v, Peer %t, want bad_answer of a 307", err, f.Peer)
		}
	})
}
