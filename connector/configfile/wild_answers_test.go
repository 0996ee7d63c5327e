package configfile_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

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
	t.Run("K3 a first message that may have no id, though requests have one", func(t *testing.T) {
		w := serve(t, usual, func(p *peer) {
			p.send(`{"type":"auth_required"}`)
			for m, ok := p.next(); ok; m, ok = p.next() {
				switch {
				case m["type"] != "auth":
					p.send(`{"id":%v,"type":"result"}`, m["id"])
				case m["id"] == nil:
					p.send(`{"type":"auth_ok"}`)
				default:
					p.send(`{"type":"auth_invalid"}`)
				}
			}
		})
		s := start(t, parse(t, usualHTTP+`
sockets:
  - id: s
    url: /ws
    auth: {send: {type: auth, access_token: "{{token}}"}, noID: true, answer: {/type: [auth_ok, auth_invalid]}}
    messageID: {request: /id}
    error: {/type: auth_invalid}`, w.URL))
		if err := s.Login(soon(t), nil); err != nil {
			t.Fatal(err)
		}
		if got, err := request(t, s, `{"type":"ping"}`); err != nil {
			t.Errorf("got %s, %v, want an answer by its id", got, err)
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
		got, enough := make(map[string]int), soon(t)
		for (got["map[type:are you there]"] < 2 || got["map[n:1.5 type:pong]"] < 1) && enough.Err() == nil {
			select {
			case text := <-ponged:
				got[text]++
			case <-enough.Done():
			}
		}
		if len(got) != 2 || got["map[n:1.5 type:pong]"] != 1 {
			t.Errorf("got %v, want pings, and a pong", got)
		}
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		if m, ok := messages.Next(ended); ok {
			t.Errorf("got %v, want pings and pongs kept from the application", m)
		}
	})
}
