package configfile_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/connector"
)

// wild is a server that speaks as a test says.
type wild struct {
	*httptest.Server
	mu    sync.Mutex
	calls []string // METHOD path body
}

// serve serves HTTP with an answer for each path, and WebSockets at /ws by serve.
func serve(t *testing.T, answers map[string]string, serve func(*peer)) *wild {
	t.Helper()
	w := &wild{}
	var running sync.WaitGroup
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if websocket.IsWebSocketUpgrade(r) {
			running.Add(1) // before the upgrade, after which Close waits for nobody
			defer running.Done()
			upgrader := websocket.Upgrader{Subprotocols: []string{"v1"}}
			conn, err := upgrader.Upgrade(rw, r, nil)
			if err != nil {
				return
			}
			defer conn.Close()
			serve(&peer{Conn: conn, url: r.URL.String(), header: r.Header})
			return
		}
		body, _ := io.ReadAll(r.Body)
		w.mu.Lock()
		w.calls = append(w.calls, strings.TrimSpace(r.Method+" "+r.URL.String()+" "+r.Header.Get("Authorization")+" "+string(body)))
		n := len(w.calls)
		w.mu.Unlock()
		answer, ok := answers[r.URL.Path]
		if !ok {
			http.NotFound(rw, r)
			return
		}
		if strings.HasPrefix(answer, "<") {
			rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		}
		_, _ = io.WriteString(rw, strings.ReplaceAll(answer, "#", fmt.Sprint(n)))
	}))
	t.Cleanup(func() { w.Close(); running.Wait() })
	return w
}

func (w *wild) called() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.calls...)
}

// peer is a server's side of a WebSocket.
type peer struct {
	*websocket.Conn
	url    string
	header http.Header
}

// next returns the next message; false: there is none.
func (p *peer) next() (message map[string]any, ok bool) {
	_, text, err := p.ReadMessage()
	return message, err == nil && json.Unmarshal(text, &message) == nil
}

func (p *peer) send(format string, args ...any) {
	_ = p.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, format, args...))
}

// rest reads until the connection ends, and returns how it ended.
func (p *peer) rest() error {
	for {
		if _, _, err := p.ReadMessage(); err != nil {
			return err
		}
	}
}

// tokens is an answer to login, and to refresh, with the number of the call for #.
const tokens = `{"access_token":"A#","refresh_token":"R#","expires_in":3600,"user":{"id":7}}`

var usual = map[string]string{"/login": tokens, "/refresh": tokens, "/logout": ""}

const usualHTTP = "http: {base: '${BASE}', login: {url: /login}, refresh: {url: /refresh}, logout: {url: /logout}}\n"

func TestWildAuth(t *testing.T) {
	const file = usualHTTP + `
sockets:
  - {id: s, url: /ws, auth: {send: {type: hello, token: "{{token}}"}, answer: [/ready, /error]}, error: /error, code: {text: /error}}`
	t.Run("C7 a no is only in a message without id, the close is 1005, and a newer token helps", func(t *testing.T) {
		w := serve(t, usual, func(p *peer) {
			if m, _ := p.next(); m["token"] != "A2" { // the same for a wrong token, a wrong message, and none in time
				p.send(`{"error":"unauthorized"}`)
				_ = p.WriteMessage(websocket.CloseMessage, nil)
			} else {
				p.send(`{"ready":true}`)
			}
			_ = p.rest()
		})
		s := start(t, parse(t, file, w.URL))
		if err := s.Login(soon(t), nil); err != nil || len(w.called()) != 2 {
			t.Errorf("got %v after %q, want ready after one refresh", err, w.called())
		}
	})
	t.Run("C7 such a no to the newer token is final, and says why", func(t *testing.T) {
		w := serve(t, usual, func(p *peer) {
			_, _ = p.next()
			p.send(`{"error":"unauthorized"}`)
			_ = p.WriteMessage(websocket.CloseMessage, nil)
			_ = p.rest()
		})
		s := start(t, parse(t, file, w.URL))
		faults := on(t, s, "s").Errors(0)
		defer faults.Close()
		if err := s.Login(soon(t), nil); !errors.Is(err, connector.ErrSocketFailed) {
			t.Errorf("got %v, want a failed socket", err)
		}
		if fault, _ := faults.Next(soon(t)); !strings.Contains(fmt.Sprint(fault), "auth: unauthorized") {
			t.Errorf("got %v, want what the peer said", fault)
		}
	})
	t.Run("C7 without answer an error before the answer to auth is it", func(t *testing.T) {
		w := serve(t, usual, func(p *peer) {
			if m, _ := p.next(); m["token"] != "A2" {
				p.send(`{"error":"unauthorized"}`)
			} else {
				p.send(`{"type":"welcome"}`)
			}
			_ = p.rest()
		})
		s := start(t, parse(t, usualHTTP+`
sockets:
  - {id: s, url: /ws, auth: {send: {type: hello, token: "{{token}}"}, accept: {/type: welcome}}, error: /error}`, w.URL))
		if err := s.Login(soon(t), nil); err != nil || len(w.called()) != 2 {
			t.Errorf("got %v after %q, want ready after one refresh", err, w.called())
		}
	})
	t.Run("T8 token expired in-band, to be renewed with the subscriptions kept", func(t *testing.T) {
		renewed := make(chan string, 1)
		w := serve(t, usual, func(p *peer) {
			_, _ = p.next()
			p.send(`{"ready":true}`)
			p.send(`{"event":"token_expired","seconds":5}`)
			m, _ := p.next()
			renewed <- fmt.Sprint(m["type"], m["token"])
			p.send(`{"ready":true}{"news":"still here"}`)
			_ = p.rest()
		})
		s := start(t, parse(t, usualHTTP+`
sockets:
  - id: s
    url: /ws
    auth: {send: {type: hello, token: "{{token}}"}, answer: /ready}
    renew: {send: {type: again, token: "{{token}}"}, answer: /ready}
    code: {text: /event}
    rules: [{message: token_expired, means: expired}]`, w.URL))
		messages := on(t, s, "s").Messages(0)
		defer messages.Close()
		if err := s.Login(soon(t), nil); err != nil {
			t.Fatal(err)
		}
		if got := <-renewed; got != "againA2" {
			t.Errorf("got %s, want again with A2", got)
		}
		want(t, next(t, messages, "/news"), "/news", "still here")
	})
	t.Run("K12 the token in the URL and in a header, made for each attempt", func(t *testing.T) {
		asked := make(chan string, 2)
		w := serve(t, usual, func(p *peer) {
			asked <- p.url + " " + p.header.Get("X-User") + " " + p.Subprotocol()
			if strings.Contains(p.url, "token=A1") {
				_ = p.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(4401, ""))
			}
			_ = p.rest()
		})
		s := start(t, parse(t, usualHTTP+`
sockets:
  - {id: s, url: "/ws/{{user/id}}?token={{token}}&v=1", headers: {X-User: "u-{{user/id}}"}, subprotocols: [v2, v1]}`, w.URL))
		if err := s.Login(soon(t), nil); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"/ws/7?token=A1&v=1 u-7 v1", "/ws/7?token=A2&v=1 u-7 v1"} {
			if got := <-asked; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
	})
	t.Run("K12 the token in the query of a URL that has no path", func(t *testing.T) {
		asked := make(chan string, 1)
		root := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked <- r.URL.String()
			w.WriteHeader(http.StatusForbidden)
		}))
		defer root.Close()
		w := serve(t, usual, func(*peer) {})
		s := start(t, parse(t, usualHTTP+`sockets: [{id: s, url: "ws`+strings.TrimPrefix(root.URL, "http")+`?token={{token}}"}]`, w.URL))
		if err := s.Login(soon(t), nil); !errors.Is(err, connector.ErrSocketFailed) {
			t.Errorf("got %v, want a failed socket", err)
		}
		if got := <-asked; got != "/?token=A1" {
			t.Errorf("got %s, want /?token=A1", got)
		}
	})
	t.Run("X4 a placeholder that leads nowhere", func(t *testing.T) {
		w := serve(t, usual, func(p *peer) { _ = p.rest() })
		for _, c := range []struct{ socket, want string }{
			{`{id: s, url: "/ws/{{user/idd}}"}`, "sockets[0].url: {{user/idd}}: there is no /idd in the user; it has /id"},
			{`{id: s, url: /ws, headers: {X-A: "{{user/name}}"}}`, "sockets[0].headers.X-A: {{user/name}}: there is no /name in the user; it has /id"},
			{`{id: s, url: /ws, auth: {send: "{{user/name}}", noAnswer: true}}`, "auth: builder: no message: sockets[0].auth.send: {{user/name}}: there is no /name in the user; it has /id"},
		} {
			s := start(t, parse(t, usualHTTP+"sockets: ["+c.socket+"]", w.URL))
			faults := on(t, s, "s").Errors(0)
			if err := s.Login(soon(t), nil); !errors.Is(err, connector.ErrSocketFailed) {
				t.Errorf("%s: got %v, want a failed socket", c.socket, err)
			}
			if fault, _ := faults.Next(soon(t)); !strings.Contains(fmt.Sprint(fault), c.want) {
				t.Errorf("%s: got %v, want %s", c.socket, fault, c.want)
			}
			faults.Close()
		}
	})
}
