package authhttp_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/custom-app/interlock/authhttp"
)

// rotating hands out T1, and T2 once T1 is refused.
var rotating = authhttp.SourceFunc(func(_ context.Context, refused authhttp.Generation) (authhttp.Token, error) {
	if refused == 0 {
		return authhttp.Token{Access: "T1", Generation: 1}, nil
	}
	return authhttp.Token{Access: "T2", Generation: refused + 1}, nil
})

var errBroken = errors.New("broken")

func newRequest(t testing.TB, method, target string, body io.Reader) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, target, body)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func TestTransportChoosesRequests(t *testing.T) {
	const bearer = "Bearer T1"
	for _, c := range []struct {
		name   string
		target string
		change func(*authhttp.Transport)
		want   string // the Authorization header; "": none
	}{
		{"T7 plain case", "https://a.test/x", nil, bearer},
		{"T7 format", "https://a.test/x", func(tr *authhttp.Transport) {
			tr.Format = func(access string) string { return "Token " + access }
		}, "Token T1"},
		{"T7 prefix", "https://a.test/public/x", exclude("https://a.test/public"), ""},
		{"T7 prefix itself", "https://a.test/public", exclude("https://a.test/public"), ""},
		{"T7 prefix and query", "https://a.test/public?x=1", exclude("https://a.test/public"), ""},
		{"T7 prefix with a slash", "https://a.test/public/x", exclude("https://a.test/public/"), ""},
		{"T7 prefix within a segment", "https://a.test/publicity", exclude("https://a.test/public"), bearer},
		{"T7 prefix of a host", "https://a.test.evil/x", exclude("https://a.test"), bearer},
		{"T7 prefix is a host", "https://a.test", exclude("https://a.test/"), ""},
		{"T7 prefix, other case and port", "https://A.test:443/x", exclude("https://a.test"), ""},
		{"T7 prefix, encoded", "https://a.test/%70ublic", exclude("https://a.test/public"), ""},
		{"T7 pattern", "https://a.test/v1/health", func(tr *authhttp.Transport) {
			tr.ExcludePattern = []*regexp.Regexp{regexp.MustCompile(`/health$`)}
		}, ""},
		{"T7 pattern that does not match", "https://a.test/v1/wealth", func(tr *authhttp.Transport) {
			tr.ExcludePattern = []*regexp.Regexp{regexp.MustCompile(`/health$`)}
		}, bearer},
		{"T7 origin", "https://a.test/x", origins("https://b.test", "https://A.test:443"), bearer},
		{"T7 origin, other port", "https://a.test:444/x", origins("https://a.test"), ""},
		{"T7 origin, other scheme", "http://a.test/x", origins("https://a.test"), ""},
		{"T7 origin, other host", "https://a.test.evil/x", origins("https://a.test"), ""},
		{"T7 no fresh token", "https://a.test/x", func(tr *authhttp.Transport) {
			tr.Source = authhttp.SourceFunc(func(context.Context, authhttp.Generation) (authhttp.Token, error) {
				return authhttp.Token{}, errors.Join(errBroken, authhttp.ErrNoToken)
			})
		}, ""},
		{"T7 empty token", "https://a.test/x", func(tr *authhttp.Transport) {
			tr.Source = authhttp.SourceFunc(func(context.Context, authhttp.Generation) (authhttp.Token, error) {
				return authhttp.Token{Generation: 1}, nil
			})
		}, ""},
		{"X2 loopback", "http://localhost:8080/x", nil, bearer},
		{"X2 plain allowed", "http://a.test/x", func(tr *authhttp.Transport) { tr.AllowPlain = true }, bearer},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			transport := &authhttp.Transport{Source: rotating, Base: tripFunc(func(req *http.Request) (*http.Response, error) {
				got = req.Header["Authorization"]
				return answer(200, "", nil), nil
			})}
			if c.change != nil {
				c.change(transport)
			}
			if err := transport.Validate(); err != nil {
				t.Errorf("Validate: got %v, want nil", err)
			}
			req := newRequest(t, "GET", c.target, nil)
			if _, err := transport.RoundTrip(req); err != nil {
				t.Fatal(err)
			}
			if strings.Join(got, ",") != c.want {
				t.Errorf("Authorization: got %q, want %q", got, c.want)
			}
			if len(req.Header) != 0 {
				t.Errorf("the caller's request was changed: got header %v, want none", req.Header)
			}
		})
	}
}

func exclude(prefixes ...string) func(*authhttp.Transport) {
	return func(tr *authhttp.Transport) { tr.Exclude = prefixes }
}

func origins(list ...string) func(*authhttp.Transport) {
	return func(tr *authhttp.Transport) { tr.Origins = list }
}

func TestTransportLeavesHeader(t *testing.T) {
	for _, c := range []struct{ name, header, key string }{
		{"T7 Authorization", "", "Authorization"},
		{"T7 header of another name", "x-auth", "X-Auth"},
	} {
		t.Run(c.name, func(t *testing.T) {
			calls := 0
			transport := &authhttp.Transport{Header: c.header, Source: rotating, Base: tripFunc(func(req *http.Request) (*http.Response, error) {
				calls++
				if got := req.Header.Get(c.key); got != "mine" {
					t.Errorf("got %q, want mine", got)
				}
				return answer(401, "", nil), nil
			})}
			req := newRequest(t, "GET", "https://a.test/", nil)
			req.Header.Set(c.key, "mine")
			resp, err := transport.RoundTrip(req)
			if err != nil || resp.StatusCode != 401 || calls != 1 {
				t.Errorf("got %v, %v after %d calls, want the 401 after 1", resp, err, calls)
			}
		})
	}
	t.Run("T7 opted out", func(t *testing.T) {
		transport := &authhttp.Transport{Source: rotating, Base: tripFunc(func(req *http.Request) (*http.Response, error) {
			if _, present := req.Header["Authorization"]; present {
				t.Error("got a token, want none")
			}
			return answer(200, "", nil), nil
		})}
		req := newRequest(t, "GET", "https://a.test/", nil)
		if _, err := transport.RoundTrip(req.WithContext(authhttp.WithoutToken(req.Context()))); err != nil {
			t.Fatal(err)
		}
	})
}

// closes counts how often a body is closed.
type closes struct {
	io.Reader
	n *int
}

func (c closes) Close() error { *c.n++; return nil }

func TestTransportRefuses(t *testing.T) {
	source := func(err error) authhttp.SourceFunc {
		return func(context.Context, authhttp.Generation) (authhttp.Token, error) { return authhttp.Token{}, err }
	}
	for _, c := range []struct {
		name, target, want string
		transport          authhttp.Transport
		is                 error
	}{
		{"X2 plain http", "http://a.test:81/?k=" + plain,
			"interlock: transport: refusing to send the token over plain http to a.test:81; set AllowPlain",
			authhttp.Transport{Source: rotating}, nil},
		{"T7 source fails", "https://a.test/", "the source gave an error", authhttp.Transport{Source: source(errBroken)}, errBroken},
		{"T7 cancelled", "https://a.test/", "canceled", authhttp.Transport{Source: source(context.Canceled)}, context.Canceled},
		{"X4 no source", "https://a.test/", "Source: missing", authhttp.Transport{}, nil},
		{"X4 origin", "https://a.test/", "Origins[1]", authhttp.Transport{Source: rotating, Origins: []string{"https://a.test", "a.test"}}, nil},
		{"X4 prefix", "https://a.test/", "Exclude[0]", authhttp.Transport{Source: rotating, Exclude: []string{"/public"}}, nil},
		{"X4 pattern", "https://a.test/", "ExcludePattern[0]", authhttp.Transport{Source: rotating, ExcludePattern: []*regexp.Regexp{nil}}, nil},
		{"X4 header", "https://a.test/", "Header: not", authhttp.Transport{Source: rotating, Header: "X Auth"}, nil},
		{"X4 version", "https://a.test/", "Version: has", authhttp.Transport{Source: rotating, Version: "1\r\n" + plain}, nil},
		{"X4 version header", "https://a.test/", "VersionHeader: not", authhttp.Transport{Source: rotating, Version: "1", VersionHeader: "X:"}, nil},
		{"X4 version in the token's header", "https://a.test/", "VersionHeader: carries",
			authhttp.Transport{Source: rotating, Version: "1", VersionHeader: "authorization"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.transport.Base = tripFunc(func(*http.Request) (*http.Response, error) {
				t.Error("a request was made")
				return answer(200, "", nil), nil
			})
			closed := 0
			resp, err := c.transport.RoundTrip(newRequest(t, "POST", c.target, closes{strings.NewReader("x"), &closed}))
			if resp != nil || err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), plain) {
				t.Fatalf("got %v, %v, want an error with %q", resp, err, c.want)
			}
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("errors.Is(%v, %v): got false, want true", err, c.is)
			}
			if closed != 1 {
				t.Errorf("the body was closed %d times, want 1", closed)
			}
			if c.name[:2] == "X4" && !strings.Contains(c.transport.Validate().Error(), c.want) {
				t.Errorf("Validate: got %v, want it to contain %q", c.transport.Validate(), c.want)
			}
		})
	}
}

func TestTransportRetry(t *testing.T) {
	after := func(token authhttp.Token, err error) authhttp.SourceFunc {
		return func(_ context.Context, refused authhttp.Generation) (authhttp.Token, error) {
			if refused == 0 {
				return authhttp.Token{Access: "T1", Generation: 5}, nil
			}
			if refused != 5 {
				return authhttp.Token{}, errBroken
			}
			return token, err
		}
	}
	t2 := authhttp.Token{Access: "T2", Generation: 6}
	replayable := func() io.Reader { return strings.NewReader("body") }
	stream := func() io.Reader { return io.MultiReader(strings.NewReader("body")) }
	none := func() io.Reader { return nil }
	for _, c := range []struct {
		name   string
		source authhttp.Source
		body   func() io.Reader
		status map[string]int // by token
		want   int
		sent   []string // token and body of each request
	}{
		{"T6 accepted", after(t2, nil), replayable, map[string]int{"T1": 200}, 200, []string{"T1 body"}},
		{"T6 retried with the original body", after(t2, nil), replayable, map[string]int{"T1": 401, "T2": 200}, 200, []string{"T1 body", "T2 body"}},
		{"T6 retried without a body", after(t2, nil), none, map[string]int{"T1": 401, "T2": 200}, 200, []string{"T1 ", "T2 "}},
		{"F33 retried once", after(t2, nil), replayable, map[string]int{"T1": 401, "T2": 401}, 401, []string{"T1 body", "T2 body"}},
		{"T6 a body that cannot be replayed", after(t2, nil), stream, map[string]int{"T1": 401}, 401, []string{"T1 body"}},
		{"T6 403 is the caller's", after(t2, nil), replayable, map[string]int{"T1": 403}, 403, []string{"T1 body"}},
		{"T6 no newer token", after(authhttp.Token{}, authhttp.ErrNoToken), replayable, map[string]int{"T1": 401}, 401, []string{"T1 body"}},
		{"T6 refresh fails", after(authhttp.Token{}, context.Canceled), replayable, map[string]int{"T1": 401}, 401, []string{"T1 body"}},
		{"T6 the refused token again", after(authhttp.Token{Access: "T1", Generation: 5}, nil), replayable, map[string]int{"T1": 401}, 401, []string{"T1 body"}},
		{"F35 the same text in a new generation", after(authhttp.Token{Access: "T1", Generation: 6}, nil), replayable, map[string]int{"T1": 401}, 401, []string{"T1 body", "T1 body"}},
		{"T6 a source without generations", authhttp.SourceFunc(func(_ context.Context, refused authhttp.Generation) (authhttp.Token, error) {
			return authhttp.Token{Access: "T1"}, nil
		}), replayable, map[string]int{"T1": 401}, 401, []string{"T1 body"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var sent []string
			closed := 0
			client := &http.Client{Transport: &authhttp.Transport{Source: c.source, Base: tripFunc(func(req *http.Request) (*http.Response, error) {
				token := strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer ")
				var body []byte
				if req.Body != nil {
					body, _ = io.ReadAll(req.Body)
					_ = req.Body.Close()
				}
				sent = append(sent, token+" "+string(body))
				resp := answer(c.status[token], "", nil)
				resp.Body = closes{strings.NewReader("answer to " + token), &closed}
				return resp, nil
			})}}
			resp, err := client.Do(newRequest(t, "POST", "https://a.test/", c.body()))
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if resp.StatusCode != c.want || !slices.Equal(sent, c.sent) {
				t.Errorf("got %d after %q, want %d after %q", resp.StatusCode, sent, c.want, c.sent)
			}
			last, _, _ := strings.Cut(sent[len(sent)-1], " ")
			if want := "answer to " + last; string(body) != want {
				t.Errorf("body: got %q, want %q", body, want)
			}
			if closed != len(sent) {
				t.Errorf("got %d answers closed, want %d", closed, len(sent))
			}
			if resp.Request.Header.Get("Authorization") != "" {
				t.Errorf("the answer's request shows the token")
			}
		})
	}
}

func TestTransportRetryBodies(t *testing.T) {
	t.Run("T6 GetBody fails", func(t *testing.T) {
		transport := &authhttp.Transport{Source: rotating, Base: tripFunc(func(*http.Request) (*http.Response, error) {
			return answer(401, "why", nil), nil
		})}
		req := newRequest(t, "POST", "https://a.test/", strings.NewReader("x"))
		req.GetBody = func() (io.ReadCloser, error) { return nil, errBroken }
		resp, err := transport.RoundTrip(req)
		if err != nil || resp.StatusCode != 401 {
			t.Fatalf("got %v, %v, want the 401", resp, err)
		}
		if body, err := io.ReadAll(resp.Body); string(body) != "why" || err != nil {
			t.Errorf("got body %q, %v, want why", body, err)
		}
	})
	t.Run("T6 a long 401 reaches the caller whole", func(t *testing.T) {
		long := strings.Repeat("x", 200<<10)
		transport := &authhttp.Transport{Base: tripFunc(func(*http.Request) (*http.Response, error) {
			return answer(401, long, nil), nil
		}), Source: authhttp.SourceFunc(func(_ context.Context, refused authhttp.Generation) (authhttp.Token, error) {
			if refused != 0 {
				return authhttp.Token{}, errBroken
			}
			return authhttp.Token{Access: "T1", Generation: 1}, nil
		})}
		resp, err := transport.RoundTrip(newRequest(t, "GET", "https://a.test/", nil))
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(resp.Body); len(body) != len(long) || err != nil {
			t.Errorf("got %d bytes, %v, want %d", len(body), err, len(long))
		}
	})
	t.Run("T6 refresh over the one connection there is", func(t *testing.T) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			switch {
			case req.URL.Path == "/refresh":
				_, _ = io.WriteString(w, `{"access_token":"T2"}`)
			case req.Header.Get("Authorization") != "Bearer T2":
				w.WriteHeader(401)
				_, _ = io.WriteString(w, strings.Repeat("x", 32<<10))
			}
		}))
		defer server.Close()
		narrow := &http.Transport{MaxConnsPerHost: 1}
		defer narrow.CloseIdleConnections()
		service := &backend{RefreshURL: server.URL + "/refresh", Client: &http.Client{Transport: narrow}}
		transport := &authhttp.Transport{Base: narrow, Source: authhttp.SourceFunc(func(ctx context.Context, refused authhttp.Generation) (authhttp.Token, error) {
			if refused == 0 {
				return authhttp.Token{Access: "T1", Generation: 1}, nil
			}
			pair, err := service.Refresh(ctx, oldPair)
			return authhttp.Token{Access: pair.Access, Generation: 2}, err
		})}
		resp, err := (&http.Client{Transport: transport}).Do(newRequest(t, "POST", server.URL, bytes.NewReader([]byte("x"))))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != 200 {
			t.Errorf("got %d, want 200", resp.StatusCode)
		}
	})
}
