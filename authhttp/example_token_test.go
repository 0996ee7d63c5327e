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
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/custom-app/interlock/authhttp"
)

// How long a token lives, by what came with it. No answer depends on the
// local clock, which is an hour behind.
func ExamplePair_Lifetime() {
	sent := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	now := sent.Add(-time.Hour)
	claims := jwt.MapClaims{"iat": sent.Unix(), "exp": sent.Add(15 * time.Minute).Unix()}
	access, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte("the backend's key"))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, pair := range []authhttp.Pair{
		{Access: "opaque", Life: 5 * time.Minute},
		{Access: authhttp.Secret(access)},
		{Access: "opaque"},
	} {
		life, err := pair.Lifetime(now)
		fmt.Println(life, errors.Is(err, authhttp.ErrNoLife))
	}
	ahead, known := authhttp.Pair{Access: "opaque", Date: sent}.Clock(now)
	fmt.Println("the server's clock is ahead by", ahead, known)
	// Output:
	// 5m0s false
	// 15m0s false
	// 0s true
	// the server's clock is ahead by 1h0m0s true
}

// A program that has the backend's key need not take its word for a token.
func ExampleVerify() {
	key := []byte("the backend's key, of 32 bytes..")
	verify := &authhttp.Verify{
		Methods: []string{"HS256"},
		Key:     func(string) (any, error) { return key, nil },
	}
	now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	claims := jwt.MapClaims{"sub": "ann", "exp": now.Add(time.Hour).Unix()}
	for _, signer := range []string{string(key), "another key"} {
		access, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(signer))
		if err != nil {
			fmt.Println(err)
			return
		}
		got, err := verify.Check(authhttp.Secret(access), now)
		fmt.Printf("%q %v\n", got.Subject, err)
	}
	// Output:
	// "ann" <nil>
	// "" interlock: verify: the signature does not fit
}

// A backend that says no with a 200. The text of the FieldError is printed: it
// holds names, and nothing out of the answer.
func ExampleFieldError() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"error":"wrong password hunter2"}`)
	}))
	defer server.Close()

	service := &authhttp.JSON[string, any]{
		LoginURL: server.URL + "/login",
		Tokens: func(body []byte) (authhttp.Pair, error) {
			var got struct {
				Error string
				Token authhttp.Secret
			}
			if err := json.Unmarshal(body, &got); err != nil {
				return authhttp.Pair{}, err
			}
			if got.Error != "" {
				no := &authhttp.FieldError{Field: "error", Detail: "the answer has one"}
				return authhttp.Pair{}, fmt.Errorf("%w: %w", authhttp.ErrRejected, no)
			}
			return authhttp.Pair{Access: got.Token}, nil
		},
	}
	_, err := service.Login(context.Background(), "hunter2")
	fmt.Println(err)
	// Output: interlock: login: rejected: error: the answer has one (status 200)
}

func ExampleSecure() {
	for _, text := range []string{"https://api.test/", "http://localhost:8080/", "ws://[::1]/", "http://api.test/"} {
		u, err := url.Parse(text)
		fmt.Println(text, authhttp.Secure(u), err)
	}
	// Output:
	// https://api.test/ true <nil>
	// http://localhost:8080/ true <nil>
	// ws://[::1]/ true <nil>
	// http://api.test/ false <nil>
}
