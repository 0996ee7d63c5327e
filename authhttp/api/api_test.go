package api_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/authhttp/api"
	"github.com/custom-app/interlock/authhttp/errcode"
)

// hidden is a text that must not be printed.
const hidden = "S3CRET"

type user struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

type change struct {
	Name string `json:"name"`
}

// serve starts a backend on loopback.
func serve(t *testing.T, handler http.HandlerFunc) *api.API {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return &api.API{Base: server.URL + "/v1/", Client: server.Client()}
}

// answering is a backend that gives one answer to all.
func answering(t *testing.T, status int, kind, body string) *api.API {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, _ *http.Request) { reply(w, status, kind, body) })
}

func reply(w http.ResponseWriter, status int, kind, body string) {
	w.Header()["Content-Type"] = nil // nothing is guessed
	if kind != "" {
		w.Header().Set("Content-Type", kind)
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// fault returns the *Error that err is, having checked that it shows nothing hidden.
func fault(t *testing.T, err error) *api.Error {
	t.Helper()
	typed, ok := errors.AsType[*api.Error](err)
	if !ok {
		t.Fatalf("got error %v, want an *Error", err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%q"} {
		if text := fmt.Sprintf(verb, err); strings.Contains(text, hidden) {
			t.Errorf("a secret shows in %s", text)
		}
	}
	return typed
}

func TestValidate(t *testing.T) {
	for _, c := range []struct {
		name string
		api  api.API
		want []string // nil: valid
	}{
		{"E4 https", api.API{Base: "https://a.test"}, nil},
		{"E4 loopback", api.API{Base: "http://127.0.0.1:1/v1/"}, nil},
		{"E4 plain allowed", api.API{Base: "http://a.test", AllowPlain: true}, nil},
		{"E4 all faults at once", api.API{MaxBody: -1}, []string{"Base: missing", "MaxBody: -1 is negative"}},
		{"E4 plain", api.API{Base: "http://a.test"}, []string{"Base: plain http to a.test"}},
		{"E4 relative", api.API{Base: "/v1"}, []string{"Base: not an absolute"}},
		{"E4 another scheme", api.API{Base: "ftp://a.test"}, []string{"Base: not an absolute"}},
		{"E4 no host", api.API{Base: "https://:80"}, []string{"Base: not an absolute"}},
		{"E4 malformed", api.API{Base: "https://a.test/%zz" + hidden}, []string{"Base: not an absolute"}},
		{"E4 userinfo", api.API{Base: "https://ann:" + hidden + "@a.test"}, []string{"Base: has userinfo"}},
		{"E4 query", api.API{Base: "https://a.test?key=" + hidden}, []string{"Base: has userinfo, a query"}},
		{"E4 fragment", api.API{Base: "https://a.test#"}, []string{"Base: has userinfo, a query or a fragment"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.api.Validate()
			if (err == nil) != (c.want == nil) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), "interlock: api: "+want) || strings.Contains(err.Error(), hidden) {
					t.Errorf("got %v, want it to contain %q and nothing secret", err, want)
				}
			}
			if err == nil {
				return
			}
			if _, err := api.Get[api.None](t.Context(), &c.api, "/"); c.api.Base == "" && !strings.Contains(fault(t, err).Error(), "Base: missing") {
				t.Errorf("a request: got %v, want the fault of Base", err)
			}
		})
	}
}

func TestPaths(t *testing.T) {
	for _, c := range []struct{ name, path, want, fault string }{
		{"E4 path", "/users", "/v1/users", ""},
		{"E4 path without a slash", "users", "/v1/users", ""},
		{"E4 path and query", "/users?q=a%26b&x=%23", "/v1/users?q=a%26b&x=%23", ""},
		{"E4 Base itself", "", "/v1", ""},
		{"E4 Base and query", "?x=1", "/v1?x=1", ""},
		{"E4 slash", "/", "/v1/", ""},
		{"E4 encoded slash", "/users/a%2Fb", "/v1/users/a%2Fb", ""},
		{"E4 colon", "/users:all", "/v1/users:all", ""},
		{"E4 dots in a name", "/a..b/...", "/v1/a..b/...", ""},
		{"E4 spaces and letters", "/новый отчёт", "/v1/%D0%BD%D0%BE%D0%B2%D1%8B%D0%B9%20%D0%BE%D1%82%D1%87%D1%91%D1%82", ""},
		{"E4 another host", "https://evil.test/" + hidden, "", "path: has a host"},
		{"E4 another host without a scheme", "//evil.test/" + hidden, "", "path: has a host"},
		{"E4 above Base", "/users/../../admin?" + hidden, "", `path: has a segment "." or ".."`},
		{"E4 above Base, encoded", "/users/%2e%2E/admin", "", `path: has a segment "." or ".."`},
		{"E4 fragment", "/users/a#" + hidden, "", "path: has a fragment"},
		{"E4 malformed", "/users/%zz" + hidden, "", "path: not valid in a URL"},
		{"E4 line break", "/users\r\nX: " + hidden, "", "path: not valid in a URL"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ""
			a := serve(t, func(_ http.ResponseWriter, req *http.Request) { got = req.RequestURI })
			_, err := api.Get[api.None](t.Context(), a, c.path)
			if got != c.want {
				t.Errorf("requested: got %q, want %q", got, c.want)
			}
			if c.fault == "" {
				if err != nil {
					t.Errorf("got error %v, want none", err)
				}
				return
			}
			if f := fault(t, err); !strings.Contains(f.Error(), c.fault) || f.Code != errcode.Unhandled || f.Peer {
				t.Errorf("got %v, Code %q, Peer %t, want it to contain %q", err, f.Code, f.Peer, c.fault)
			}
		})
	}
}

func TestReporter(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/reports" {
			_, _ = io.WriteString(w, req.Header.Get("Authorization"))
			return
		}
		if req.Method == http.MethodPost {
			reply(w, 200, jsonType, "{}")
			return
		}
		reply(w, 503, "", "")
	}))
	t.Cleanup(server.Close)
	client := &http.Client{Transport: &authhttp.Transport{Source: rotating()}}
	var reports []errcode.Report
	var bearer string
	a := &api.API{Base: server.URL, Client: client, Reporter: &errcode.Reporter{
		Ignore: []errcode.Code{errcode.NotSupported},
		Report: func(ctx context.Context, r errcode.Report) {
			reports = append(reports, r)
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/reports", nil)
			if err != nil {
				t.Error(err)
				return
			}
			resp, err := client.Do(req)
			if err != nil {
				t.Errorf("sending the report: got %v, want no error", err)
				return
			}
			defer func() { _ = resp.Body.Close() }()
			sent, _ := io.ReadAll(resp.Body)
			bearer += string(sent)
		},
	}}
	ended, cancel := context.WithCancel(t.Context())
	cancel()

	for _, c := range []struct {
		name string
		ctx  context.Context
		call func(ctx context.Context) error
		code errcode.Code
		peer bool
		op   string
	}{
		{"E3 the peer says no", t.Context(), func(ctx context.Context) error {
			_, err := api.Get[user](ctx, a, "/users?key="+hidden)
			return err
		}, errcode.ServiceUnavailable, true, "GET /users"},
		{"E3 given up, and told all the same", ended, func(ctx context.Context) error {
			_, err := api.Get[user](ctx, a, "/users?key="+hidden)
			return err
		}, errcode.Cancelled, false, "GET /users"},
		{"E3 a file", t.Context(), func(ctx context.Context) error {
			_, err := api.Download(ctx, a, http.MethodGet, "/users?key="+hidden, api.None{})
			return err
		}, errcode.ServiceUnavailable, true, "GET /users"},
	} {
		t.Run(c.name, func(t *testing.T) {
			reports, bearer = nil, ""
			err := c.call(c.ctx)
			if len(reports) != 1 {
				t.Fatalf("got %d reports, want 1", len(reports))
			}
			got := reports[0]
			if got.Code != c.code || got.Peer != c.peer || got.Op != c.op || got.URL != server.URL+"/users" || got.Err != err || got.Time.IsZero() {
				t.Errorf("got %v, want %s, Peer %t, %s at /users, the error and a time", got, c.code, c.peer, c.op)
			}
			if strings.Contains(fmt.Sprintf("%v %+v %#v", got, got, got), hidden) {
				t.Errorf("a secret shows in %v", got)
			}
			if bearer != "" {
				t.Errorf("the report was sent with %q, want no token", bearer)
			}
		})
	}
	t.Run("E3 success is not told", func(t *testing.T) {
		reports = nil
		if _, err := api.Post[user](t.Context(), a, "/users", change{"Ann"}); err != nil {
			t.Errorf("got error %v, want none", err)
		}
		if len(reports) != 0 {
			t.Errorf("got %v, want no reports", reports)
		}
	})
}
