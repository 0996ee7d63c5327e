package connector_test

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

// echoServer answers every request with its Authorization header.
type echoServer struct {
	status int
	hits   int
}

func (s *echoServer) RoundTrip(r *http.Request) (*http.Response, error) {
	s.hits++
	return &http.Response{StatusCode: s.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(r.Header.Get("Authorization"))), Request: r}, nil
}

// get returns what the client sent as Authorization.
func get(t *testing.T, client *http.Client, ctx context.Context, url string, header string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if header != "" {
		r.Header.Set("Authorization", header)
	}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	return string(body)
}

func TestHTTP(t *testing.T) {
	bubbles(t, "T7 who gets the token", func(t *testing.T, engine change) {
		w := newWorld(t, connectortest.Config{}, engine, func(c *connector.Config[credentials, user]) {
			c.HTTP = authhttp.Transport{
				Base: &echoServer{status: 200}, Origins: []string{"https://api.example"},
				Exclude: []string{"https://api.example/public"}, ExcludePattern: []*regexp.Regexp{regexp.MustCompile(`\.png$`)},
			}
		})
		defer w.end()
		client := w.session.HTTP()
		if got := get(t, client, context.Background(), "https://api.example/a", ""); got != "" {
			t.Errorf("logged out: got %q, want no header", got)
		}
		w.login()
		token := "Bearer " + w.token().Access.Reveal()
		for _, c := range []struct {
			name, url, header string
			ctx               context.Context
			want              string
		}{
			{name: "the origin", url: "https://api.example/a", want: token},
			{name: "another origin", url: "https://other.example/a"},
			{name: "an excluded prefix", url: "https://api.example/public/a"},
			{name: "an excluded pattern", url: "https://api.example/a.png"},
			{name: "an existing header", url: "https://api.example/a", header: "Basic x", want: "Basic x"},
			{name: "opted out", url: "https://api.example/a", ctx: authhttp.WithoutToken(context.Background())},
		} {
			ctx := c.ctx
			if ctx == nil {
				ctx = context.Background()
			}
			if got := get(t, client, ctx, c.url, c.header); got != c.want {
				t.Errorf("%s: got %d bytes, want %d", c.name, len(got), len(c.want))
			}
		}
		w.logout()
		if got := get(t, client, context.Background(), "https://api.example/a", ""); got != "" {
			t.Errorf("after logout: got %q, want no header", got)
		}
	})

	engines(t, "T6 a refused token is renewed once and the body sent again", connectortest.Config{}, func(w *world) {
		w.login()
		w.script(connectortest.ExpireTokens())
		answer, err := w.session.HTTP().Post(w.backend.URL()+"/echo", "text/plain", strings.NewReader("the body"))
		if err != nil {
			w.t.Fatal(err)
		}
		defer answer.Body.Close()
		body, _ := io.ReadAll(answer.Body)
		if string(body) != "the body" || w.backend.Counts().Refreshes != 1 {
			w.t.Errorf("got %d %q and %+v, want the body back after one refresh", answer.StatusCode, body, w.backend.Counts())
		}
	})

	bubbles(t, "T6 a 401 that stays is the caller's and keeps the session", func(t *testing.T, engine change) {
		server := &echoServer{status: http.StatusUnauthorized}
		w := newWorld(t, connectortest.Config{}, engine, func(c *connector.Config[credentials, user]) { c.HTTP.Base = server })
		defer w.end()
		w.login()
		for i := range 3 {
			get(t, w.session.HTTP(), context.Background(), "https://api.example/a", "")
			time.Sleep(time.Second)
			if want := 2 + i; server.hits != want {
				t.Errorf("got %d requests, want %d: one retry, and none before the floor", server.hits, want)
			}
		}
		if s := w.session.Status(); !s.Ready || w.backend.Counts().Refreshes != 1 {
			t.Errorf("got %+v and %+v, want ready after one refresh", s, w.backend.Counts())
		}
	})
}
