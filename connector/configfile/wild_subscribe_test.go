package configfile_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/connector"
)

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
		if life := time.Until(s.Status().StaleAt); life < 50*time.Minute || life > time.Hour {
			t.Errorf("got a life of %v, want an hour", life)
		}
	})
}
