package configfile_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/custom-app/interlock/connector/configfile"
)

// fileOf writes a config file of this mode.
func fileOf(t *testing.T, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoad(t *testing.T) {
	for _, c := range []struct{ name, path, want string }{
		{"missing", filepath.Join(t.TempDir(), "a.yaml"), "there is no such file; look at the path"},
		{"directory", t.TempDir(), "is a directory; name a file in it"},
		{"empty", fileOf(t, "", 0o600), "is empty; " + leastFile},
		{"too long", fileOf(t, login+strings.Repeat("#", 2<<20), 0o600), "is longer than 1 MiB; a config file is far shorter"},
	} {
		t.Run("X4 "+c.name, func(t *testing.T) {
			file, err := configfile.Load(c.path, configfile.Options{})
			if want := c.path + ": " + c.want; file != nil || err == nil || err.Error() != want {
				t.Errorf("got %v, error %v, want error %s", file, err, want)
			}
		})
	}
	t.Run("X4 what is right", func(t *testing.T) {
		file, err := configfile.Load(fileOf(t, whole, 0o644), configfile.Options{})
		if err != nil || len(file.Sockets) != 1 {
			t.Errorf("got %v, error %v, want the file", file, err)
		}
	})
	t.Run("X4 faults have the path", func(t *testing.T) {
		path := fileOf(t, login+"foo: 1\n", 0o600)
		_, err := configfile.Load(path, configfile.Options{})
		if want := path + ":2: foo: is no field of the file; write one of http, sockets, store, retry"; err == nil || err.Error() != want {
			t.Errorf("got error %v, want %s", err, want)
		}
	})
}

const (
	open    = ", and others can read this file; write a variable such as ${PASSWORD}, and set it, or chmod 600 the file, or read it with --insecure-config"
	inClear = "is a secret in clear" + open
)

func TestSecrets(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files have no modes there")
	}
	const secrets = `
http:
  base: https://example.com
  headers: {X-API-Key: hush1, X-Client: "1"}
  login:
    url: https://ann:hush2@example.com/login
    headers: {Authorization: Basic hush3, Content-Type: application/json}
    body:
      user: ann
      PASSWORD: hush4
      nested: {clientSecret: hush5, otp: 4711, public: true}
      credentials: [{code: hush6}]
      access_token: ""
      token_type: bearer
      monkey: banana
  refresh: {url: "refresh?api_key=hush7&page=2", body: {refresh_token: "{{refresh}}"}}
sockets:
  - id: a
    url: wss://example.com/ws?token={{token}}
    headers: {Cookie: session=hush8}
    auth: {send: {type: auth, token: "${ABSENT:-hush9}"}, noAnswer: true}
    renew: {send: {pin: hush10}, noAnswer: true}
    subscribe: [{send: {key: what is subscribed to}, noAnswer: true}]
  - id: b
    url: wss://example.com/ws?token=hush11
`
	want := []string{
		"4: http.headers.X-API-Key: " + inClear,
		"6: http.login.url: holds a user or a password in clear" + open,
		"7: http.login.headers.Authorization: " + inClear,
		"10: http.login.body.PASSWORD: " + inClear,
		"11: http.login.body.nested.clientSecret: " + inClear,
		"11: http.login.body.nested.otp: " + inClear,
		"12: http.login.body.credentials[0].code: " + inClear,
		"16: http.refresh.url: has a secret in clear after api_key=" + open,
		"20: sockets[0].headers.Cookie: " + inClear,
		"21: sockets[0].auth.send.token: " + inClear,
		"22: sockets[0].renew.send.pin: " + inClear,
		"25: sockets[1].url: has a secret in clear after token=" + open,
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o644, 0o601} {
		t.Run("X1 "+mode.String(), func(t *testing.T) {
			path := fileOf(t, secrets, mode)
			_, err := configfile.Load(path, configfile.Options{})
			got := ""
			if err != nil {
				got = err.Error()
			}
			if want := path + ":" + strings.Join(want, "\n"+path+":"); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
	t.Run("X1 mode 0600", func(t *testing.T) {
		if _, err := configfile.Load(fileOf(t, secrets, 0o600), configfile.Options{}); err != nil {
			t.Errorf("got error %v, want none", err)
		}
	})
	t.Run("X1 insecure", func(t *testing.T) {
		if _, err := configfile.Load(fileOf(t, secrets, 0o644), configfile.Options{Insecure: true}); err != nil {
			t.Errorf("got error %v, want none", err)
		}
	})
	t.Run("X1 variables and placeholders", func(t *testing.T) {
		text := "http: {login: {url: \"https://${WORD}:${WORD}@example.com/a?token=${WORD}\", headers: {Authorization: \"Basic ${WORD}\"}, " +
			"body: {password: \"{{credentials/password}}\", pin: \"${NUMBER}\", token: \"${ABSENT:-}\"}}}\n"
		if _, err := configfile.Load(fileOf(t, text, 0o644), configfile.Options{Env: env}); err != nil {
			t.Errorf("got error %v, want none", err)
		}
	})
	t.Run("X1 tokens", func(t *testing.T) {
		path := fileOf(t, "http:\n  base: https://example.com\n  refresh: {url: /a}\n  tokens:\n    access: hush1\n    refresh: \"${ABSENT:-hush2}\"\n", 0o644)
		want := path + ":5: http.tokens.access: " + inClear + "\n" + path + ":6: http.tokens.refresh: " + inClear
		if _, err := configfile.Load(path, configfile.Options{Env: env}); err == nil || err.Error() != want {
			t.Errorf("got\n%v\nwant\n%s", err, want)
		}
		file, err := configfile.Load(path, configfile.Options{Env: env, Insecure: true})
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%+v %#v", file.HTTP.Tokens, file.HTTP.Tokens); strings.Contains(got, "hush") {
			t.Errorf("got %s, want no secret", got)
		}
	})
	t.Run("X1 $${ is no variable", func(t *testing.T) {
		path := fileOf(t, "http: {login: {url: https://example.com/a, body: {password: \"$${WORD}\"}}}\n", 0o644)
		if _, err := configfile.Load(path, configfile.Options{Env: env}); err == nil || err.Error() != path+":1: http.login.body.password: "+inClear {
			t.Errorf("got error %v, want one of the password", err)
		}
	})
	t.Run("X1 an encoder prints nothing of a file", func(t *testing.T) {
		file, err := configfile.Load(fileOf(t, secrets, 0o600), configfile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range []any{file, *file, file.HTTP.Headers, file.HTTP.Login.Body} {
			if got, err := json.Marshal(v); err != nil || strings.Contains(string(got), "hush") {
				t.Errorf("got %s, %v of %T, want no secret", got, err, v)
			}
		}
	})
	t.Run("X1 a file prints nothing of it", func(t *testing.T) {
		file, err := configfile.Load(fileOf(t, secrets, 0o600), configfile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range []any{
			file, *file, file.HTTP, file.HTTP.Headers, file.HTTP.Login, *file.HTTP.Login, *file.HTTP.Login.Body,
			[]any{file.Sockets[0].Headers}, file.Sockets, file.Sockets[0].Auth,
		} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
				if got := fmt.Sprintf(verb, v); strings.Contains(got, "hush") || strings.Contains(got, fmt.Sprintf("%x", "hush")) {
					t.Errorf("%s of %T: got %s, want no secret", verb, v, got)
				}
			}
		}
	})
}
