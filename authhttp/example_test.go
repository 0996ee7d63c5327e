package authhttp_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"

	"golang.org/x/oauth2"

	"github.com/custom-app/interlock/authhttp"
)

func ExampleSecret() {
	token := authhttp.Token{Access: "eyJhbGciOi", Generation: 1}
	fmt.Printf("%+v\n", token)
	fmt.Println(token.Access.Reveal())
	// Output:
	// {Access:[secret] Generation:1}
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

// Some backends take other calls than a [authhttp.JSON] makes by itself. This one
// wants the bare token in the header, renews it by itself instead of by a refresh
// token, and has the id of the other user in the path, as PocketBase does.
func ExampleJSON_shape() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		fmt.Printf("%s %s token=%s body=%s\n", req.Method, req.URL.Path, req.Header.Get("Authorization"), body)
		_, _ = io.WriteString(w, `{"token":"T","record":{"name":"Ann"}}`)
	}))
	defer server.Close()

	type credentials struct {
		Identity string `json:"identity"`
		Password string `json:"password"`
	}
	type user struct{ Name string }
	type answer struct {
		Token  authhttp.Secret
		Record user
	}
	users := server.URL + "/api/collections/users/"
	service := &authhttp.JSON[credentials, user]{
		LoginURL:    users + "auth-with-password",
		RefreshURL:  users + "auth-refresh",
		LoginAsURL:  users + "impersonate/",
		TokenFormat: func(access string) string { return access },
		Tokens: func(body []byte) (authhttp.Pair, error) {
			var got answer
			if err := json.Unmarshal(body, &got); err != nil {
				return authhttp.Pair{}, err
			}
			if got.Token == "" {
				return authhttp.Pair{}, &authhttp.FieldError{Field: "token", Detail: "missing"}
			}
			return authhttp.Pair{Access: got.Token, Refresh: got.Token}, nil
		},
		User: func(body []byte) (user, error) {
			var got answer
			err := json.Unmarshal(body, &got)
			return got.Record, err
		},
		Shape: func(call *authhttp.Call[user]) error {
			switch call.Op {
			case "refresh":
				call.Header.Set("Authorization", call.Pair.Refresh.Reveal())
				call.Body = nil
			case "login as":
				id, ok := call.ID.(string)
				if !ok {
					return &authhttp.FieldError{Field: "id", Detail: "not a text"}
				}
				call.URL += url.PathEscape(id)
				call.Body = map[string]int{"duration": 3600}
			}
			return nil
		},
	}
	ctx := context.Background()
	grant, err := service.Login(ctx, credentials{"ann", "pw"})
	if err != nil {
		fmt.Println(err)
		return
	}
	pair, err := service.Refresh(ctx, grant.Pair)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = service.LoginAs(ctx, pair, "u7")
	fmt.Println(err)
	_, err = service.LoginAs(ctx, pair, 7)
	fmt.Println(err)
	// Output:
	// POST /api/collections/users/auth-with-password token= body={"identity":"ann","password":"pw"}
	// POST /api/collections/users/auth-refresh token=T body=
	// POST /api/collections/users/impersonate/u7 token=T body={"duration":3600}
	// <nil>
	// interlock: login as: rejected: id: not a text
}

func ExampleJSON_Resume() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Header.Get("Authorization") != "Bearer A2" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, `{"name":"Ann"}`)
	}))
	defer server.Close()

	type user struct{ Name string }
	service := &authhttp.JSON[string, user]{LoginURL: server.URL + "/login", UserURL: server.URL + "/me"}
	for _, access := range []authhttp.Secret{"A1", "A2"} {
		grant, err := service.Resume(context.Background(), authhttp.Pair{Access: access})
		if errors.Is(err, authhttp.ErrTokenRefused) {
			fmt.Println("a newer token may do")
			continue
		}
		fmt.Println(grant.User.Name, err)
	}
	// Output:
	// a newer token may do
	// Ann <nil>
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
		Source: authhttp.SourceFunc(func(context.Context, authhttp.Generation) (authhttp.Token, error) {
			return authhttp.Token{Access: "A"}, nil
		}),
		Exclude: []string{server.URL + "/public"},
	}}
	for _, path := range []string{"/private", "/public/logo"} {
		if err := get(client, server.URL+path); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// /private Bearer A
	// /public/logo
}

func get(client *http.Client, url string) error {
	resp, err := client.Get(url)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// A token source of golang.org/x/oauth2 becomes a Source in a few lines. It
// renews its token by itself, shortly before its end, and cannot be told of a
// refusal: so the token has no generation, and a 401 is the caller's.
func ExampleSourceFunc() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path != "/token" {
			fmt.Println(req.URL.Path, req.Header.Get("Authorization"))
			return
		}
		fmt.Println(req.URL.Path, req.FormValue("grant_type"))
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"access_token":"A","token_type":"Bearer","expires_in":3600}`)
	}))
	defer server.Close()

	endpoint := oauth2.Endpoint{TokenURL: server.URL + "/token", AuthStyle: oauth2.AuthStyleInParams}
	config := oauth2.Config{ClientID: "app", Endpoint: endpoint}
	stored := &oauth2.Token{RefreshToken: "R"}
	tokens := oauth2.ReuseTokenSource(nil, config.TokenSource(context.Background(), stored))

	client := &http.Client{Transport: &authhttp.Transport{
		Source: authhttp.SourceFunc(func(context.Context, authhttp.Generation) (authhttp.Token, error) {
			token, err := tokens.Token()
			if err != nil {
				return authhttp.Token{}, err
			}
			return authhttp.Token{Access: authhttp.Secret(token.AccessToken)}, nil
		}),
	}}
	for _, path := range []string{"/orders", "/orders/7"} {
		if err := get(client, server.URL+path); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// /token refresh_token
	// /orders Bearer A
	// /orders/7 Bearer A
}
