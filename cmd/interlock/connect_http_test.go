package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

// webFile is a config file for a backend of HTTP alone, with a header for it.
const webFile = `
http:
  base: BASE
  headers: {X-Client: 'm{{"{{"}}ine'}
  login: {url: /login, body: {}}
`

// webBackend logs everybody in, and answers the rest as it is told.
func webBackend(t *testing.T, rest http.HandlerFunc) (file string) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/login", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"access_token":"t","expires_in":60}`)
	})
	mux.HandleFunc("/", rest)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return fileAt(t, server.URL, webFile)
}

func TestConnectHTTP(t *testing.T) {
	t.Run("X1 what is sent on to another host has no headers of the file", func(t *testing.T) {
		headers := func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, `"`+r.Header.Get("X-Client")+r.Header.Get("Authorization")+`"`)
		}
		other := httptest.NewServer(http.HandlerFunc(headers))
		t.Cleanup(other.Close)
		file := webBackend(t, func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/away":
				http.Redirect(w, r, other.URL, http.StatusFound)
			case "/near":
				http.Redirect(w, r, "/here", http.StatusFound)
			case "/round":
				http.Redirect(w, r, "/round", http.StatusFound)
			default:
				headers(w, r)
			}
		})
		for request, want := range map[string]string{
			`{"http":"GET /away"}`:  `{"http":"GET /away","status":200,"answer":""}`,
			`{"http":"GET /near"}`:  `{"http":"GET /near","status":200,"answer":"m{{ineBearer t"}`,
			`{"http":"GET /round"}`: `{"http":"GET /round","error":"it was sent on too often"}`,
		} {
			if got := runWith(t, "connect", "-c", file, "--once", request); got.stdout != want+"\n" {
				t.Errorf("%s: got stdout %s, stderr %s, want %s", request, got.stdout, got.stderr, want)
			}
		}
	})
	t.Run("the host of base gets the headers of the file, wherever the login is", func(t *testing.T) {
		file := webBackend(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, `"`+r.Header.Get("X-Client")+r.Header.Get("Authorization")+`"`)
		})
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		login := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"access_token":"t","expires_in":60}`)
		}))
		t.Cleanup(login.Close)
		file = fileAt(t, login.URL, strings.Replace(string(text), "url: /login", "url: BASE/login", 1))
		const want = `{"http":"GET /me","status":200,"answer":"m{{ineBearer t"}` + "\n"
		if got := runWith(t, "connect", "-c", file, "--once", `{"http":"GET /me"}`); got.stdout != want {
			t.Errorf("got stdout %s, stderr %s, want %s", got.stdout, got.stderr, want)
		}
	})
	t.Run("X2 an answer that is not UTF-8 is a text", func(t *testing.T) {
		file := webBackend(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{\"a\":\"\xff\"}") })
		const want = `{"http":"GET /","status":200,"answer":"{\"a\":\"\ufffd\"}"}` + "\n"
		if got := runWith(t, "connect", "-c", file, "--once", `{"http":"GET /"}`); got.stdout != want {
			t.Errorf("got stdout %s, stderr %s, want %s", got.stdout, got.stderr, want)
		}
	})
}
