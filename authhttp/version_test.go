package authhttp_test

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/custom-app/interlock/authhttp"
)

func TestTransportVersion(t *testing.T) {
	noToken := authhttp.SourceFunc(func(context.Context, authhttp.Generation) (authhttp.Token, error) {
		return authhttp.Token{}, authhttp.ErrNoToken
	})
	for _, c := range []struct {
		name      string
		transport authhttp.Transport
		ctx       func(context.Context) context.Context
		preset    http.Header
		want      http.Header // what is sent
	}{
		{"E4 no version", authhttp.Transport{Source: rotating}, nil, nil,
			http.Header{"Authorization": {"Bearer T1"}}},
		{"E4 with the token", authhttp.Transport{Source: rotating, Version: "1.2"}, nil, nil,
			http.Header{"Authorization": {"Bearer T1"}, "X-Version": {"1.2"}}},
		{"E4 without a fresh token", authhttp.Transport{Source: noToken, Version: "1.2"}, nil, nil,
			http.Header{"X-Version": {"1.2"}}},
		{"E4 on a URL that gets no token", authhttp.Transport{Source: rotating, Version: "1.2", Exclude: []string{"https://a.test"}}, nil, nil,
			http.Header{"X-Version": {"1.2"}}},
		{"E4 beside the caller's own token", authhttp.Transport{Source: rotating, Version: "1.2"}, nil, http.Header{"Authorization": {"mine"}},
			http.Header{"Authorization": {"mine"}, "X-Version": {"1.2"}}},
		{"E4 an existing one is kept", authhttp.Transport{Source: rotating, Version: "1.2"}, nil, http.Header{"X-Version": {"9"}},
			http.Header{"Authorization": {"Bearer T1"}, "X-Version": {"9"}}},
		{"E4 header of another name", authhttp.Transport{Source: rotating, Version: "1.2", VersionHeader: "x-app"}, nil, nil,
			http.Header{"Authorization": {"Bearer T1"}, "X-App": {"1.2"}}},
		{"E4 opted out", authhttp.Transport{Source: rotating, Version: "1.2"}, authhttp.WithoutVersion, nil,
			http.Header{"Authorization": {"Bearer T1"}}},
		{"E4 opted out of the token only", authhttp.Transport{Source: rotating, Version: "1.2"}, authhttp.WithoutToken, nil,
			http.Header{"X-Version": {"1.2"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.transport.Validate(); err != nil {
				t.Errorf("Validate: got %v, want nil", err)
			}
			var got http.Header
			c.transport.Base = tripFunc(func(req *http.Request) (*http.Response, error) {
				got = req.Header
				return &http.Response{StatusCode: 200, Request: req}, nil
			})
			req := newRequest(t, "GET", "https://a.test/x", nil)
			for name := range c.preset {
				req.Header.Set(name, c.preset.Get(name))
			}
			if c.ctx != nil {
				req = req.WithContext(c.ctx(req.Context()))
			}
			resp, err := c.transport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			if !sameHeader(got, c.want) {
				t.Errorf("got header %v, want %v", got, c.want)
			}
			if resp.Request != req || !sameHeader(req.Header, c.preset) {
				t.Errorf("the caller's request was changed: got header %v, want %v", req.Header, c.preset)
			}
		})
	}
}

func sameHeader(a, b http.Header) bool { return maps.EqualFunc(a, b, slices.Equal) }

func TestTransportVersionAgain(t *testing.T) {
	var got []string
	note := func(req *http.Request) {
		got = append(got, req.Header.Get("Authorization")+" "+req.Header.Get("X-Version"))
	}
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) { note(req) }))
	defer other.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		note(req)
		switch {
		case req.URL.Path == "/away":
			http.Redirect(w, req, other.URL, http.StatusFound)
		case req.Header.Get("Authorization") != "Bearer T2":
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	defer server.Close()
	client := &http.Client{Transport: &authhttp.Transport{Source: rotating, Version: "1.2"}}
	for _, c := range []struct {
		name, path string
		want       []string
	}{
		{"E4 on the retry", "/", []string{"Bearer T1 1.2", "Bearer T2 1.2"}},
		{"E4 redirected to another origin", "/away", []string{"Bearer T1 1.2", " 1.2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got = nil
			resp, err := client.Do(newRequest(t, "GET", server.URL+c.path, nil))
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != 200 || !slices.Equal(got, c.want) {
				t.Errorf("got %d after %q, want 200 after %q", resp.StatusCode, got, c.want)
			}
		})
	}
}
