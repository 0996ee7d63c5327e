package authhttp_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/custom-app/interlock/authhttp"
)

func TestTransportRedirects(t *testing.T) {
	for _, header := range []string{"Authorization", "X-Auth"} {
		for _, c := range []struct {
			name string
			hops []string // server and path of each request: a or b
			want []string // the token each one got
		}{
			{"F71 same origin", []string{"a/1", "a/2", "a/3"}, []string{"T1", "T1", "T1"}},
			{"F71 other port", []string{"a/1", "b/2"}, []string{"T1", ""}},
			{"F71 other port and back", []string{"a/1", "b/2", "a/3"}, []string{"T1", "", ""}},
			{"F71 onward on the other port", []string{"a/1", "b/2", "b/3"}, []string{"T1", "", ""}},
		} {
			t.Run(c.name+" "+header, func(t *testing.T) {
				var got []string
				servers := map[byte]*httptest.Server{}
				serve := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
					got = append(got, req.Header.Get(header))
					if next := len(got); next < len(c.hops) {
						hop := c.hops[next]
						http.Redirect(w, req, servers[hop[0]].URL+hop[1:], http.StatusTemporaryRedirect)
					}
				})
				for _, name := range []byte("ab") {
					servers[name] = httptest.NewServer(serve)
					defer servers[name].Close()
				}
				client := &http.Client{Transport: &authhttp.Transport{Source: rotating, Header: header,
					Format: func(access string) string { return access }}}
				resp, err := client.Do(newRequest(t, "POST", servers['a'].URL+"/1", strings.NewReader("x")))
				if err != nil {
					t.Fatal(err)
				}
				_ = resp.Body.Close()
				if !slices.Equal(got, c.want) {
					t.Errorf("got tokens %q, want %q", got, c.want)
				}
			})
		}
	}
	t.Run("F71 https to http of one host", func(t *testing.T) {
		var got []string
		client := &http.Client{Transport: &authhttp.Transport{Source: rotating, AllowPlain: true, Base: tripFunc(func(req *http.Request) (*http.Response, error) {
			got = append(got, req.URL.Scheme+" "+req.Header.Get("Authorization"))
			if req.URL.Scheme == "https" {
				return answer(302, "", http.Header{"Location": {"http://a.test/"}}), nil
			}
			return answer(200, "", nil), nil
		})}}
		if _, err := client.Do(newRequest(t, "GET", "https://a.test/", nil)); err != nil {
			t.Fatal(err)
		}
		if want := []string{"https Bearer T1", "http "}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestSecure(t *testing.T) {
	for text, want := range map[string]bool{
		"https://a.test":            true,
		"WSS://a.test":              true,
		"http://a.test":             false,
		"ws://a.test":               false,
		"ws://localhost:8080":       true,
		"http://LOCALHOST":          true,
		"http://127.0.0.1":          true,
		"http://127.9.9.9:1":        true,
		"ws://[::1]:80":             true,
		"http://[::ffff:127.0.0.1]": true,
		"http://127.0.0.1.evil":     false,
		"http://localhost.evil":     false,
		"http://127.0.0.1@evil":     false,
		"http://0.0.0.0":            false,
		"http://10.0.0.1":           false,
		"":                          false,
	} {
		t.Run("X2 "+text, func(t *testing.T) {
			u, err := url.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			if got := authhttp.Secure(u); got != want {
				t.Errorf("got %t, want %t", got, want)
			}
		})
	}
	if authhttp.Secure(nil) {
		t.Error("nil URL: got secure, want not")
	}
}
