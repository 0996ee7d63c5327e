package configfile_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

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
			upgrader := websocket.Upgrader{Subprotocols: []string{"v1"}}
			conn, err := upgrader.Upgrade(rw, r, nil)
			if err != nil {
				return
			}
			running.Add(1)
			defer running.Done()
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
			if len(asked) == 1 {
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
	t.Run("X4 a placeholder that leads nowhere", func(t *testing.T) {
		w := serve(t, usual, func(p *peer) { _ = p.rest() })
		for _, c := range []struct{ socket, want string }{
			{`{id: s, url: "/ws/{{user/idd}}"}`, "url: {{user/idd}}: there is no /idd in the user; it has /id"},
			{`{id: s, url: /ws, headers: {X-A: "{{user/name}}"}}`, "headers: X-A: {{user/name}}: there is no /name in the user; it has /id"},
			{`{id: s, url: /ws, auth: {send: "{{user/name}}", noAnswer: true}}`, "auth: builder: no message: {{user/name}}: there is no /name in the user; it has /id"},
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

func TestWildAnswers(t *testing.T) {
	request := func(t *testing.T, s *session, text string) (string, error) {
		answer, err := on(t, s, "s").Request(soon(t), message(t, text))
		return answer.String(), err
	}
	t.Run("R4 errors without an id are those of the oldest request", func(t *testing.T) {
		w := serve(t, usual, func(p *peer) {
			for m, ok := p.next(); ok; m, ok = p.next() {
				if m["bad"] != nil {
					p.send(`{"error":{"code":4,"reason":"no such thing"}}`)
					continue
				}
				p.send(`{"id":%v,"ok":true}`, m["id"])
			}
		})
		s := start(t, parse(t, usualHTTP+`
sockets: [{id: s, url: /ws, messageID: {request: /id}, error: /error, blame: oldest, code: {number: /error/code, text: /error/reason}}]`, w.URL))
		if err := s.Login(soon(t), nil); err != nil {
			t.Fatal(err)
		}
		if _, err := request(t, s, `{"bad":1}`); err == nil || !strings.HasSuffix(err.Error(), "no such thing (4)") {
			t.Errorf("got %v, want what the peer said", err)
		}
		if got, err := request(t, s, `{}`); err != nil {
			t.Errorf("got %s, %v after an error, want an answer", got, err)
		}
	})
	t.Run("R3 ids echoed as texts, events before and after the answer", func(t *testing.T) {
		w := serve(t, usual, func(p *peer) {
			for m, ok := p.next(); ok; m, ok = p.next() {
				p.send(`[{"event":"before"},{"id":"%v","answer":1},{"event":"after","id":"x"}]`, m["id"])
			}
		})
		s := start(t, parse(t, usualHTTP+`sockets: [{id: s, url: /ws, messageID: {request: /id}}]`, w.URL))
		messages := on(t, s, "s").Messages(0)
		defer messages.Close()
		if err := s.Login(soon(t), nil); err != nil {
			t.Fatal(err)
		}
		if got, err := request(t, s, `{}`); err != nil || !strings.Contains(got, `"answer":1`) {
			t.Errorf("got %s, %v, want the answer", got, err)
		}
		want(t, next(t, messages, "/event"), "/event", "before")
		want(t, next(t, messages, "/event"), "/event", "after")
	})
	t.Run("R3 ids written as texts, deep, and pushes that have an id", func(t *testing.T) {
		w := serve(t, usual, func(p *peer) {
			for m, ok := p.next(); ok; m, ok = p.next() {
				id := m["meta"].(map[string]any)["id"].(string)
				p.send(`{"reply":{"id":%q},"type":"push"}`, id)
				p.send(`{"reply":{"id":%q},"type":"answer"}`, id)
			}
		})
		s := start(t, parse(t, usualHTTP+`
sockets: [{id: s, url: /ws, messageID: {request: /meta/id, answer: /reply/id, as: string}, push: {/type: push}}]`, w.URL))
		if err := s.Login(soon(t), nil); err != nil {
			t.Fatal(err)
		}
		if got, err := request(t, s, `{"a":1}`); err != nil || !strings.Contains(got, "answer") {
			t.Errorf("got %s, %v, want the answer, not the push", got, err)
		}
	})
	t.Run("R5 no ids at all: answers in order, events apart, and requests that are not answered", func(t *testing.T) {
		w := serve(t, usual, func(p *peer) {
			for m, ok := p.next(); ok; m, ok = p.next() {
				if m["mute"] == nil {
					p.send(`{"event":1}{"result":%v}`, m["n"])
				}
			}
		})
		file := parse(t, usualHTTP+`sockets: [{id: s, url: /ws, answer: [/result, /error], error: /error, noAnswer: /mute}]`, w.URL)
		s := start(t, file)
		if err := s.Login(soon(t), nil); err != nil {
			t.Fatal(err)
		}
		for n := range 3 {
			if got, err := request(t, s, fmt.Sprintf(`{"n":%d}`, n)); err != nil || got != fmt.Sprintf(`{"result":%d}`, n) {
				t.Errorf("got %s, %v, want %d", got, err, n)
			}
		}
		mute := message(t, `{"mute":1}`)
		if !file.Unanswered("s", mute) || file.Unanswered("s", message(t, `{}`)) || file.Unanswered("x", mute) {
			t.Error("got other requests that are not answered")
		}
		if err := on(t, s, "s").Send(soon(t), mute); err != nil {
			t.Error(err)
		}
		if got, err := request(t, s, `{"n":9}`); err != nil || got != `{"result":9}` {
			t.Errorf("got %s, %v, want 9", got, err)
		}
	})
	t.Run("R10 pings that are messages, both ways, where pings of the protocol are not answered", func(t *testing.T) {
		ponged := make(chan string, 100)
		w := serve(t, usual, func(p *peer) {
			p.SetPingHandler(func(string) error { return nil })
			p.send(`{"type":"ping","n":1.50}`)
			for m, ok := p.next(); ok; m, ok = p.next() {
				ponged <- fmt.Sprint(m)
				if m["type"] == "are you there" {
					p.send(`{"type":"yes"}`)
				}
			}
		})
		s := start(t, parse(t, usualHTTP+`
sockets:
  - id: s
    url: /ws
    pong: {to: {/type: ping}, send: {type: pong, n: "{{message/n}}"}}
    ping: {send: {type: are you there}, answer: {/type: "yes"}}
    timeouts: {pingAfter: 20ms}`, w.URL))
		messages := on(t, s, "s").Messages(0)
		defer messages.Close()
		if err := s.Login(soon(t), nil); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"map[n:1.5 type:pong]", "map[type:are you there]", "map[type:are you there]"} {
			if got := <-ponged; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		if m, ok := messages.Next(ended); ok {
			t.Errorf("got %v, want pings and pongs kept from the application", m)
		}
	})
}

func TestWildSubscribe(t *testing.T) {
	t.Run("P3 no acknowledgement, and an id of its own, which replaces the same", func(t *testing.T) {
		seen := make(chan string, 10)
		w := serve(t, usual, func(p *peer) {
			for range 3 {
				m, _ := p.next()
				seen <- fmt.Sprint(m["id"])
			}
			p.send(`{"id":"feed","type":"next","data":1}`)
			if len(seen) <= 3 {
				return // the connection drops
			}
			_ = p.rest()
		})
		s := start(t, parse(t, usualHTTP+`
sockets:
  - id: s
    url: /ws
    messageID: {request: /id}
    subscribe:
      - {send: {id: feed, type: subscribe}, noAnswer: true}
      - {send: {id: 12, type: subscribe}, noAnswer: true}
      - {send: {type: subscribe}, noAnswer: true}`, w.URL))
		messages := on(t, s, "s").Messages(0)
		defer messages.Close()
		if err := s.Login(soon(t), nil); err != nil {
			t.Fatal(err)
		}
		next(t, messages, "/data")
		next(t, messages, "/data")
		for i, want := range []string{"feed", "12", "", "feed", "12", ""} {
			if got := <-seen; got != want && want != "" || got == "<nil>" {
				t.Errorf("message %d: got id %s, want %s", i, got, want)
			}
		}
	})
	t.Run("P3 an acknowledgement, and none on some errors", func(t *testing.T) {
		w := serve(t, usual, func(p *peer) {
			m, _ := p.next()
			if p.header.Get("X-Try") == "" {
				p.send(`{"error":"busy"}`)
			} else {
				p.send(`{"id":%v,"ok":1}`, m["id"])
			}
			_ = p.rest()
		})
		file := `
sockets: [{id: s, url: /ws, messageID: {request: /id}, error: /error, blame: oldest, code: {text: /error}, subscribe: [{send: {type: subscribe}}]%s}]`
		s := start(t, parse(t, usualHTTP+fmt.Sprintf(file, ", headers: {X-Try: '1'}"), w.URL))
		if err := s.Login(soon(t), nil); err != nil {
			t.Error(err)
		}
		s = start(t, parse(t, usualHTTP+fmt.Sprintf(file, ""), w.URL))
		faults := on(t, s, "s").Errors(0)
		defer faults.Close()
		if err := s.Login(soon(t), nil); !errors.Is(err, connector.ErrSocketFailed) {
			t.Errorf("got %v, want a failed socket", err)
		}
		if fault, _ := faults.Next(soon(t)); !strings.Contains(fmt.Sprint(fault), "subscribe: message 1: busy") {
			t.Errorf("got %v, want what the peer said", fault)
		}
	})
	t.Run("C4 a socket that uses what earlier ones were answered", func(t *testing.T) {
		asked := make(chan string, 1)
		w := serve(t, usual, func(p *peer) {
			if strings.HasPrefix(p.url, "/ws/second") {
				m, _ := p.next()
				asked <- p.url + " " + p.header.Get("X-Epoch") + " " + fmt.Sprint(m["client"], m["epoch"])
				_ = p.rest()
				return
			}
			auth, _ := p.next()
			p.send(`{"id":%v,"client":"c-1"}`, auth["id"])
			one, _ := p.next()
			two, _ := p.next()
			p.send(`{"id":%v,"epoch":"e-%v"}`, two["id"], two["channel"])
			p.send(`{"id":%v,"epoch":"e-%v"}`, one["id"], one["channel"])
			_ = p.rest()
		})
		s := start(t, parse(t, usualHTTP+`
sockets:
  - id: first
    url: /ws/first
    messageID: {request: /id}
    auth: {send: {token: "{{token}}"}}
    subscribe: [{send: {channel: a, client: "{{auth/client}}"}}, {send: {channel: b}}]
  - id: second
    group: 2
    url: /ws/second/{{answers/first/auth/client}}
    headers: {X-Epoch: "{{answers/first/subscribe/1/epoch}}"}
    auth: {send: {client: "{{answers/first/auth/client}}", epoch: "{{answers/first/subscribe/0/epoch}}"}, noAnswer: true}
  - {id: third, group: 2, url: /ws/second, auth: {send: {}, noAnswer: true}}`, w.URL))
		if err := s.Login(soon(t), nil); err != nil {
			t.Fatal(err)
		}
		got := map[string]bool{<-asked: true}
		if got[<-asked] = true; !got["/ws/second/c-1 e-b c-1e-a"] || !got["/ws/second  <nil> <nil>"] {
			t.Errorf("got %v, want c-1, e-b in the header and e-a in the message, and a third beside", got)
		}
	})
}

func TestWildLogout(t *testing.T) {
	t.Run("S4 a logout after which the server keeps the socket: it is closed here", func(t *testing.T) {
		ended := make(chan error, 1)
		w := serve(t, usual, func(p *peer) { ended <- p.rest() })
		s := start(t, parse(t, usualHTTP+`sockets: [{id: s, url: /ws}]`, w.URL))
		if err := errors.Join(s.Login(soon(t), nil), s.Logout(soon(t))); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; !websocket.IsCloseError(err, websocket.CloseNormalClosure, websocket.CloseGoingAway, websocket.CloseNoStatusReceived) {
			t.Errorf("got %v, want a close", err)
		}
		if got := w.called(); got[len(got)-1] != "POST /logout Bearer A1" {
			t.Errorf("got %q, want a logout with the token", got)
		}
		if _, err := s.Token(soon(t), 0); err == nil {
			t.Error("got a token after logout")
		}
	})
	t.Run("T2 a refresh of which one of several tokens works is made once", func(t *testing.T) {
		w := serve(t, usual, nil)
		s := start(t, parse(t, usualHTTP, w.URL))
		if err := s.Login(soon(t), nil); err != nil {
			t.Fatal(err)
		}
		old, _ := s.Token(soon(t), 0)
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				if token, err := s.Token(soon(t), old.Generation); err != nil || token.Access != "A2" {
					t.Errorf("got generation %d, %v, want the second token", token.Generation, err)
				}
			})
		}
		group.Wait()
		if got := w.called(); len(got) != 2 || got[1] != `POST /refresh  {"refresh_token":"R1"}` {
			t.Errorf("got %q, want one refresh", got)
		}
	})
	t.Run("T4 a life in milliseconds, nested, and no refresh token", func(t *testing.T) {
		w := serve(t, map[string]string{"/login": `{"data":{"token":"A","lifetime":3600000}}`}, nil)
		s := start(t, parse(t, `http: {base: "${BASE}", login: {url: /login}, answer: {access: /data/token, life: {at: /data/lifetime, unit: milliseconds}}}`, w.URL))
		if err := s.Login(soon(t), nil); err != nil {
			t.Fatal(err)
		}
		if life := s.Status().TokenLife; life < 50*time.Minute || life > time.Hour {
			t.Errorf("got a life of %v, want an hour", life)
		}
	})
}
