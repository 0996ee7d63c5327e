package configfile_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestProtocols(t *testing.T) {
	t.Run("R6 several objects in a frame, pings and pongs of {}, as Centrifuge has them", func(t *testing.T) {
		ponged := make(chan bool, 1)
		w := serve(t, usual, func(p *peer) {
			connect, _ := p.next()
			p.send(`{"id":%v,"connect":{"client":"c-1","expires":true,"ttl":5,"ping":3,"pong":true}}`, connect["id"])
			sub, _ := p.next()
			p.send("{\"id\":%v,\"subscribe\":{\"by\":%q}}\n{\"push\":{\"channel\":\"news\",\"pub\":{\"data\":1}}}\n{}\n", sub["id"], fmt.Sprint(sub["subscribe"]))
			for m, ok := p.next(); ok; m, ok = p.next() {
				switch {
				case len(m) == 0:
					ponged <- true
				case m["refresh"] != nil:
					p.send(`{"id":%v,"refresh":{"expires":true}}`, m["id"])
				case m["rpc"] != nil:
					p.send(`{"id":%v,"error":{"code":109,"message":"token expired"}}`, m["id"])
				}
			}
		})
		s := start(t, parse(t, usualHTTP+`
sockets:
  - id: s
    url: /ws
    messageID: {request: /id}
    error: /error
    code: {number: /error/code, text: /error/message}
    auth: {send: {connect: {token: "{{token}}"}}, accept: /connect/client}
    renew: {send: {refresh: {token: "{{token}}"}}}
    subscribe: [{send: {subscribe: {channel: news, client: "{{auth/connect/client}}"}}, recovered: {/subscribe/recovered: true}}]
    pong: {to: {"": {is: {}}}, send: {}}
    rules: [{message: 109, means: expired}, {close: 3500-3999, means: rejected}, {close: 4500-4999, means: rejected}]`, w.URL))
		messages := on(t, s, "s").Messages(0)
		defer messages.Close()
		if err := s.Login(soon(t), nil); err != nil {
			t.Fatal(err)
		}
		want(t, next(t, messages, "/push"), "/push/pub/data", "1")
		<-ponged
		if _, err := on(t, s, "s").Request(soon(t), message(t, `{"rpc":{}}`)); err == nil || !strings.HasSuffix(err.Error(), "token expired (109)") {
			t.Errorf("got %v, want token expired", err)
		}
	})
	t.Run("R3 an acknowledgement without an id, and ids that are texts, as graphql-transport-ws has them", func(t *testing.T) {
		w := serve(t, usual, func(p *peer) {
			if m, _ := p.next(); m["type"] != "connection_init" || p.Subprotocol() != "v1" {
				return
			}
			p.send(`{"type":"connection_ack"}`)
			for m, ok := p.next(); ok; m, ok = p.next() {
				switch id, _ := m["id"].(string); {
				case id == "":
					p.send(`{"type":"error","id":%v,"payload":[{"message":"the id is no text"}]}`, m["id"])
				case id == "feed":
					p.send(`{"id":"feed","type":"next","payload":{"data":1}}`)
				default:
					p.send(`{"id":%q,"type":"next","payload":{"data":2}}{"id":%q,"type":"complete"}`, id, id)
				}
			}
		})
		s := start(t, parse(t, usualHTTP+`
sockets:
  - id: s
    url: /ws
    subprotocols: [v1]
    messageID: {request: /id, as: string}
    error: {/type: error}
    code: {text: /payload/0/message}
    auth: {send: {type: connection_init, payload: {token: "{{token}}"}}, accept: {/type: connection_ack}}
    subscribe: [{send: {id: feed, type: subscribe, payload: {query: "subscription { news }"}}, noAnswer: true}]`, w.URL))
		messages := on(t, s, "s").Messages(0)
		defer messages.Close()
		if err := s.Login(soon(t), nil); err != nil {
			t.Fatal(err)
		}
		want(t, next(t, messages, "/payload"), "/payload/data", "1")
		answer, err := on(t, s, "s").Request(soon(t), message(t, `{"type":"subscribe","payload":{"query":"{ a }"}}`))
		if err != nil {
			t.Fatal(err)
		}
		want(t, answer, "/payload/data", "2")
	})
	t.Run("C3 an early socket without a token, and a public one", func(t *testing.T) {
		w := serve(t, usual, func(p *peer) {
			for m, ok := p.next(); ok; m, ok = p.next() {
				p.send(`{"ok":%q}`, fmt.Sprint(p.url, m["token"]))
			}
		})
		s := start(t, parse(t, usualHTTP+`
sockets:
  - {id: early, url: /ws/early, early: true, answer: /ok, auth: {send: {token: "{{token}}"}}}
  - {id: public, url: /ws/public, public: true, early: true, answer: /ok, subscribe: [{send: {channel: news}}]}`, w.URL))
		if err := s.Open(); err != nil {
			t.Fatal(err)
		}
		if got, err := on(t, s, "public").Request(soon(t), message(t, `{}`)); err != nil || got.String() != `{"ok":"/ws/public<nil>"}` {
			t.Errorf("got %s, %v before login", got, err)
		}
		if err := s.Login(soon(t), nil); err != nil {
			t.Fatal(err)
		}
		if got, err := on(t, s, "early").Request(soon(t), message(t, `{"token":1}`)); err != nil || got.String() != `{"ok":"/ws/early1"}` {
			t.Errorf("got %s, %v", got, err)
		}
	})
}
