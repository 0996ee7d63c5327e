package main

import (
	"context"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector/configfile"
	"github.com/custom-app/interlock/connector/connectortest"
)

// loggedIn returns the tokens of ann, who has logged in elsewhere.
func loggedIn(t *testing.T, backend *connectortest.Backend) authhttp.Pair {
	t.Helper()
	service := authhttp.JSON[map[string]string, configfile.User]{LoginURL: backend.URL() + "/login", RefreshURL: backend.URL() + "/refresh"}
	grant, err := service.Login(t.Context(), map[string]string{"name": "ann", "password": "secret"})
	if err != nil {
		t.Fatal(err)
	}
	return grant.Pair
}

const cafeLogin = "  login: {url: /login, body: {name: ann, password: secret}}\n"

// keyed is cafe with tokens in the place of the login, and without some of its lines.
func keyed(access, refresh authhttp.Secret, without ...string) string {
	text := strings.Replace(cafe, cafeLogin, "  tokens: {access: \""+access.Reveal()+"\", refresh: \""+refresh.Reveal()+"\"}\n", 1)
	for _, line := range without {
		text = strings.Replace(text, "  "+line+"\n", "", 1)
	}
	return text
}

const (
	asksWhose = "user: {url: /me}"
	logsOut   = "logout: {url: /logout}"
)

func TestConnectTokens(t *testing.T) {
	const request, answer = `{"message":{"echo":{"text":"one"}}}`, `{"socket":"menu","request":1,"answer":{"id":ID,"echo":{"text":"one"}}}`
	backend := backendOf(t, connectortest.Config{AccessLife: time.Hour})
	t.Run("T1 nobody is asked whose they are", func(t *testing.T) {
		before := backend.Counts()
		c := connect(t, fileFor(t, backend, keyed(loggedIn(t, backend).Access, "", asksWhose, logsOut)))
		c.hear(theMenu)
		c.say(request)
		c.hear(answer)
		c.stop()
		c.ends(done, `msg="logged out"`)
		if after := backend.Counts(); after.Logins != before.Logins+1 || after.Logouts != before.Logouts {
			t.Errorf("got %+v after %+v, want no login by the program, and no logout", after, before)
		}
	})
	t.Run("S11 templates have the user, and a logout ends the tokens", func(t *testing.T) {
		before := backend.Counts()
		pair := loggedIn(t, backend)
		text := strings.Replace(keyed(pair.Access, pair.Refresh), "kind: categories", `kind: "room-{{user/id}}"`, 1)
		c := connect(t, fileFor(t, backend, text), "--once", request)
		c.hear(answer)
		c.ends(done)
		if after := backend.Counts(); after.Logouts != before.Logouts+1 || after.Refreshes != before.Refreshes {
			t.Errorf("got %+v after %+v, want a logout and no refresh", after, before)
		}
	})
	t.Run("T5 those that have ended are refreshed", func(t *testing.T) {
		for _, access := range []authhttp.Secret{"no-more", ended} {
			before := backend.Counts()
			c := connect(t, fileFor(t, backend, keyed(access, loggedIn(t, backend).Refresh)), "--once", request)
			c.hear(answer)
			c.ends(done)
			if after := backend.Counts(); after.Refreshes != before.Refreshes+1 {
				t.Errorf("got %+v after %+v, want one refresh", after, before)
			}
		}
	})
}

// ended is a token whose life is over.
var ended = func() authhttp.Secret {
	part := base64.RawURLEncoding.EncodeToString
	return authhttp.Secret(part([]byte(`{"alg":"HS256"}`)) + "." + part([]byte(`{"iat":1,"exp":60}`)) + "." + part([]byte("x")))
}()

func TestConnectTokensRefused(t *testing.T) {
	const look = "; look at http.tokens of the file, which may have ended"
	for name, test := range map[string]struct {
		access, refresh authhttp.Secret
		without         string
		stderr          string
	}{
		"no refresh token":                                     {"no-more", "", "", "interlock: connect: resume: not logged in: resume: the access token was refused (status 401)" + look},
		"no refresh token, and it is old":                      {ended, "", "", "interlock: connect: resume: not logged in: resume: the access token was refused (status 401)" + look},
		"a refresh token that is no good":                      {"no-more", "no-more", "", "no fresh token: refresh: rejected (status 401)" + look},
		"nobody is asked":                                      {"no-more", "", asksWhose, "interlock: connect: every socket has failed for good"},
		"nobody is asked, and a refresh token that is no good": {"no-more", "no-more", asksWhose, "interlock: connect: the server has ended the session: refresh: rejected (status 401)"},
	} {
		t.Run("T5 "+name, func(t *testing.T) {
			backend := backendOf(t, connectortest.Config{})
			connect(t, fileFor(t, backend, keyed(test.access, test.refresh, test.without))).ends(failed, test.stderr)
			if n := backend.Counts(); n.Logins != 0 || n.Refreshes > 1 || n.Upgrades > 2 {
				t.Errorf("got %+v, want that it ends soon", n)
			}
		})
	}
}

func TestConnectTokensStored(t *testing.T) {
	backend, dir := backendOf(t, connectortest.Config{AccessLife: time.Hour}), t.TempDir()
	first := loggedIn(t, backend)
	file := func(access authhttp.Secret) string {
		return fileFor(t, backend, keyed(access, first.Refresh, logsOut)+"store: {dir: "+dir+"}\n")
	}
	run := func(access authhttp.Secret, stderr ...string) {
		t.Helper()
		connect(t, file(access), "--until-ready", "--keep").ends(done, stderr...)
	}
	t.Run("T1 the first run uses up the refresh token, and the next goes on with its own", func(t *testing.T) {
		run("no-more")
		run("no-more", "looking for stored tokens")
		if n := backend.Counts().Refreshes; n != 1 {
			t.Errorf("got %d refreshes, want 1", n)
		}
	})
	t.Run("T1 those of the file are there when those of the store are no good", func(t *testing.T) {
		bad := authhttp.Stored{Pair: authhttp.Pair{Access: "no-more", Refresh: "no-more"}, Received: time.Now()}
		if err := (authhttp.FileStore{Dir: dir}).Save(context.Background(), "", bad.Encode("")); err != nil {
			t.Fatal(err)
		}
		run(loggedIn(t, backend).Access, "the stored tokens are of no use")
	})
}

func TestConnectTokensUsage(t *testing.T) {
	backend := backendOf(t, connectortest.Config{})
	t.Run("X4 nobody can log in again", func(t *testing.T) {
		got := runWith(t, "connect", "-c", fileFor(t, backend, keyed("hunter2", "")), "--relogin")
		if want := "has http.tokens and no http.login, so that nobody can log in again"; got.status != wrongUsage || !strings.Contains(got.stderr, want) {
			t.Errorf("got %+v, want %s", got, want)
		}
	})
	t.Run("X1 others can read the token", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "open.yaml")
		if err := os.WriteFile(file, []byte("http:\n  base: https://example.com\n  tokens: {access: hunter2}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, 0o644); err != nil {
			t.Fatal(err)
		}
		got := runWith(t, "connect", "-c", file)
		if got.status != wrongUsage || !strings.Contains(got.stderr, "open.yaml:3: http.tokens.access: is a secret in clear") || strings.Contains(got.stderr, "hunter2") {
			t.Errorf("got %+v, want that it is refused", got)
		}
	})
	t.Run("X1 a dry run", func(t *testing.T) {
		got := runWith(t, "connect", "-c", fileFor(t, backend, keyed("hunter2", "hunter2")), "--dry-run")
		for _, want := range []string{"\n  tokens            of the file: access and refresh\n  refresh           POST ", "    adopt --> token((token))\n    adopt --> group1\n", "    ready --> logout\n"} {
			if got.status != done || !strings.Contains(got.stdout, want) || strings.Contains(got.stdout, "hunter2") {
				t.Errorf("got %+v, want %q and no token", got, want)
			}
		}
	})
	t.Run("X4 a dry run of HTTP alone", func(t *testing.T) {
		got := runWith(t, "connect", "-c", fileFor(t, backend, "http: {base: BASE, tokens: {access: a}}\n"), "--dry-run")
		if !strings.Contains(got.stdout, "  tokens            of the file: access\n") || !strings.HasSuffix(got.stdout, "    adopt --> logout\n") {
			t.Errorf("got %+v, want a plan", got)
		}
	})
}
