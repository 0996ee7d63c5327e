package configfile_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector/configfile"
	"github.com/custom-app/interlock/connector/connectortest"
)

func TestTokenFaults(t *testing.T) {
	tokens := func(fields string) string {
		return "http:\n  base: https://example.com\n  tokens: {" + fields + "}\n"
	}
	const spaced = "has a space, the end of a line, or another sign that no token has; write the token alone, without Bearer"
	runFaults(t, []faultCase{
		{"tokens", tokens("access: a"), nil},
		{"both", tokens(`access: "${WORD}", refresh: "${EMPTY:-}"`), nil},
		{"a token with braces", tokens(`access: "${BRACES}"`), nil},
		{"no access token", tokens("refresh: a") + "  refresh: {url: /r}\n", []string{`x.yaml:3: http.tokens.access: is missing; write something like access: "${TOKEN}"`}},
		{"an empty access token", tokens(`access: "${EMPTY}"`), []string{`x.yaml:3: http.tokens.access: is empty; write something like "${TOKEN}"`}},
		{"an access token that is not set", tokens(`access: "${ABSENT}"`), []string{"x.yaml:3: http.tokens.access: the variable ABSENT is not set; set it, or write ${ABSENT:-default}"}},
		{"beside a login", "http:\n  login: {url: https://example.com/login}\n  base: https://example.com\n  tokens: {access: a}\n", []string{"x.yaml:4: http.tokens: is there beside login; leave out one of the two"}},
		{"a refresh token for nothing", tokens("access: a, refresh: b"), []string{"x.yaml:3: http.tokens.refresh: is of no use without http.refresh; write that, such as refresh: {url: /refresh}, or leave this out"}},
		{"no base", "http: {tokens: {access: a}}\n", []string{"x.yaml:1: http.base: is missing; write the https:// that the tokens are for, as they go nowhere else by HTTP"}},
		{"a scheme", tokens("access: Bearer a"), []string{"x.yaml:3: http.tokens.access: " + spaced}},
		{"the end of a line", tokens(`access: a, refresh: "b\n"`) + "  refresh: {url: /r}\n", []string{"x.yaml:3: http.tokens.refresh: " + spaced}},
		{"a placeholder", tokens(`access: "{{token}}"`), []string{"x.yaml:3: http.tokens.access: {{token}} is not known here; nothing has placeholders here"}},
	})
}

// jwt is a token with claims.
func jwt(claims string) string {
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + part([]byte(claims)) + "." + part([]byte("signed"))
}

func TestPair(t *testing.T) {
	const minute = 60 + 946684800 // the clock of synctest starts at 2000-01-01
	for _, c := range []struct {
		name, access string
		life         time.Duration
	}{
		{"T1 nothing says how long", "a", 0},
		{"T2 a minute is left of a day", jwt(fmt.Sprintf(`{"iat":%d,"exp":%d}`, minute-86400, minute)), time.Minute},
		{"T2 it has no beginning", jwt(fmt.Sprintf(`{"exp":%d}`, minute)), time.Minute},
		{"T2 it is over", jwt(fmt.Sprintf(`{"exp":%d}`, minute-3600)), 1},
		{"T2 it has no end", jwt(`{"iat":1}`), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				file, err := configfile.Parse("x.yaml", []byte(`http: {base: "https://a", tokens: {access: "${TOKEN}", refresh: "{{\"{{\"}}"}, refresh: {url: b}}`),
					configfile.Options{Env: func(string) (string, bool) { return c.access, true }})
				if err != nil {
					t.Fatal(err)
				}
				pair, given := file.Pair()
				if !given || pair.Access.Reveal() != c.access || pair.Refresh != "{{" || pair.Life != c.life || !pair.Date.Equal(time.Now()) {
					t.Errorf("got %v, life %v, date %v, want life %v from now", given, pair.Life, pair.Date, c.life)
				}
			})
		})
	}
	t.Run("T1 a login has none", func(t *testing.T) {
		if pair, given := parse(t, menu, "http://127.0.0.1").Pair(); given || pair != (authhttp.Pair{}) {
			t.Errorf("got %v, %v, want none", pair, given)
		}
	})
}

func TestAdopt(t *testing.T) {
	backend, err := connectortest.Start(connectortest.Config{AccessLife: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Close()
	grant, err := (&authhttp.JSON[configfile.Credentials, configfile.User]{LoginURL: backend.URL() + "/login"}).Login(soon(t), ann)
	if err != nil {
		t.Fatal(err)
	}
	file, err := configfile.Parse("x.yaml", []byte(`
http:
  base: ${BASE}
  tokens: {access: "${TOKEN}"}
sockets:
  - id: menu
    url: /ws
    auth: {send: {auth: {token: "{{token}}"}}}
    messageID: {request: /id}
    error: /error
`), configfile.Options{Env: func(name string) (string, bool) {
		return map[string]string{"BASE": backend.URL(), "TOKEN": grant.Pair.Access.Reveal()}[name], true
	}})
	if err != nil {
		t.Fatal(err)
	}
	session := start(t, file)
	if err := session.Login(soon(t), nil); !errors.Is(err, authhttp.ErrNotSupported) {
		t.Errorf("got %v of a login, want that there is none", err)
	}
	pair, _ := file.Pair()
	if err := session.Adopt(soon(t), authhttp.Grant[configfile.User]{Pair: pair}); err != nil {
		t.Fatal(err)
	}
	if answer, err := on(t, session, "menu").Request(soon(t), message(t, `{"echo":{"text":"hi"}}`)); err != nil {
		t.Errorf("got %v, %v, want an answer", answer, err)
	}
	response, err := session.HTTP().Get(backend.URL() + "/me")
	if err != nil || response.StatusCode != 200 {
		t.Errorf("got %v, %v, want that requests carry the token", response, err)
	}
	if err := session.Logout(context.Background()); err != nil {
		t.Error(err)
	}
}
