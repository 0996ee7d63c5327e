package authhttp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/custom-app/interlock/authhttp"
)

func ExampleSecret() {
	pair := authhttp.Pair{Access: "eyJhbGciOi", Life: time.Minute}
	fmt.Printf("%+v\n", pair)
	fmt.Println(pair.Access.Reveal())
	// Output:
	// {Access:[secret] Refresh: Life:1m0s}
	// eyJhbGciOi
}

func ExampleJSON() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"access_token":"A","refresh_token":"R","expires_in":300,"user":{"name":"Ann"}}`)
	}))
	defer server.Close()

	type credentials struct{ Login, Password string }
	type user struct{ Name string }
	service := &authhttp.JSON[credentials, user]{LoginURL: server.URL + "/login"}
	if err := service.Validate(); err != nil {
		fmt.Println(err)
		return
	}
	grant, err := service.Login(context.Background(), credentials{"ann", "pw"})
	fmt.Println(grant.User.Name, grant.Pair.Life, err)
	// Output: Ann 5m0s <nil>
}

func ExampleError() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer server.Close()

	service := &authhttp.JSON[string, string]{LoginURL: server.URL}
	_, err := service.Login(context.Background(), "token")
	var fault *authhttp.Error
	switch {
	case errors.Is(err, authhttp.ErrRejected):
		fmt.Println("wrong credentials")
	case errors.As(err, &fault):
		fmt.Println(err, "- again in", fault.RetryAfter)
	}
	// Output: interlock: login: unavailable (status 503) - again in 30s
}

func ExampleTransport() {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		fmt.Println(req.URL.Path, req.Header.Get("Authorization"))
	}))
	defer server.Close()

	client := &http.Client{Transport: &authhttp.Transport{
		Source:  staticSource("A"),
		Exclude: []string{server.URL + "/public"},
	}}
	for _, path := range []string{"/private", "/public/logo"} {
		resp, err := client.Get(server.URL + path)
		if err != nil {
			fmt.Println(err)
			return
		}
		_ = resp.Body.Close()
	}
	// Output:
	// /private Bearer A
	// /public/logo
}

// staticSource is a token that is never renewed.
type staticSource authhttp.Secret

func (s staticSource) Token(context.Context, authhttp.Generation) (authhttp.Token, error) {
	return authhttp.Token{Access: authhttp.Secret(s)}, nil
}

// oauthToken and oauthSource have the shape of Token and TokenSource of
// golang.org/x/oauth2.
type oauthToken struct{ AccessToken string }

type oauthSource interface{ Token() (*oauthToken, error) }

// fromOAuth makes a Source of one. Such a source renews its token by itself
// and cannot be told of a refusal, so the token has no generation.
type fromOAuth struct{ source oauthSource }

func (f fromOAuth) Token(context.Context, authhttp.Generation) (authhttp.Token, error) {
	token, err := f.source.Token()
	if err != nil {
		return authhttp.Token{}, err
	}
	return authhttp.Token{Access: authhttp.Secret(token.AccessToken)}, nil
}

type fixedOAuth struct{}

func (fixedOAuth) Token() (*oauthToken, error) { return &oauthToken{AccessToken: "A"}, nil }

// A token source of golang.org/x/oauth2 becomes a Source in a few lines.
func ExampleSource_oauth2() {
	var source authhttp.Source = fromOAuth{fixedOAuth{}}
	token, err := source.Token(context.Background(), 0)
	fmt.Println(token.Access.Reveal(), err)
	// Output: A <nil>
}
