package connector_test

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/connector/connectortest"
)

// serverFrame is a frame as a server sends it (RFC 6455 section 5.2): first is
// FIN, RSV and the opcode.
func serverFrame(first byte, payload string) []byte {
	head := []byte{first}
	switch n := len(payload); {
	case n < 126:
		head = append(head, byte(n))
	case n < 1<<16:
		head = binary.BigEndian.AppendUint16(append(head, 126), uint16(n))
	default:
		head = binary.BigEndian.AppendUint64(append(head, 127), uint64(n))
	}
	return append(head, payload...)
}

// deflated is a message as RFC 7692 section 7.2.1 compresses it.
func deflated(data []byte) string {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression)
	_, _ = w.Write(data)
	_ = w.Flush()
	return strings.TrimSuffix(b.String(), "\x00\x00\xff\xff")
}

// zipWorld is a world whose server compresses if it is asked to, and answers the
// first echo with raw bytes.
func zipWorld(t *testing.T, engine change, raw []byte, changes ...change) *world {
	t.Helper()
	network := connectortest.NewNetwork()
	listener, err := network.Listen("127.0.0.1:81")
	if err != nil {
		t.Fatal(err)
	}
	said, upgrader := false, websocket.Upgrader{EnableCompression: true}
	server := &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		ws, err := upgrader.Upgrade(rw, r, nil)
		if err != nil {
			return
		}
		defer ws.Close()
		for {
			var r request
			if ws.ReadJSON(&r) != nil {
				return
			}
			if r.Echo != nil && !said {
				said = true
				if _, err := ws.NetConn().Write(raw); err != nil || bytes.HasSuffix(raw, []byte("half")) {
					return
				}
				continue
			}
			if ws.WriteJSON(answerTo(r)) != nil {
				return
			}
		}
	})}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	all := append([]change{engine, undying, socket(func(s *socketConfig) { s.URL = "ws://127.0.0.1:81/" })}, changes...)
	return newWorldOn(t, network, connectortest.Config{}, all...)
}

func TestHostileFrames(t *testing.T) {
	const text, binaryFrame, fin, rsv1 = 1, 2, 0x80, 0x40
	compress := socket(func(s *socketConfig) { s.Compress = true })
	for _, c := range []struct {
		name   string
		raw    []byte
		edit   change
		advice string
		code   uint16
	}{
		{"a compressed bomb", serverFrame(fin|rsv1|text, deflated(make([]byte, 64<<20))), compress, "raise ReadLimit", 1009},
		{"a compressed bomb in binary", serverFrame(fin|rsv1|binaryFrame, deflated(make([]byte, 8<<20))), compress, "raise ReadLimit", 1009},
		{"compressed garbage", serverFrame(fin|rsv1|text, "\xff\xff\xff\xff"), compress, "cannot be decompressed", 1007},
		{"compressed, and nobody asked", serverFrame(fin|rsv1|text, deflated([]byte("{}"))), undying, "malformed frame", 1002},
		{"text that is not UTF-8", serverFrame(fin|text, `{"push":"`+"\xff\xfe"+`"}`), undying, "not UTF-8", 1007},
		{"compressed text that is not UTF-8", serverFrame(fin|rsv1|text, deflated([]byte("\"\xc3\x28\""))), compress, "not UTF-8", 1007},
		{"half a message", append(serverFrame(text, `{"push":{}`), "\x80\x7ehalf"...), undying, "ended without a close frame", 1006},
		{"half a frame", append([]byte{fin | text, 100}, `{"push":{}}half`...), undying, "ended without a close frame", 1006},
		{"a message over the limit", serverFrame(fin|text, `"`+strings.Repeat("x", 1<<20)+`"`), undying, "raise ReadLimit", 1009},
		{"fragments over the limit", append(serverFrame(text, `"`+strings.Repeat("x", 1<<19)), serverFrame(fin, strings.Repeat("x", 1<<19)+`"`)...), undying, "raise ReadLimit", 1009},
		{"a continuation of nothing", serverFrame(fin, "{}"), undying, "malformed frame", 1002},
		{"an opcode of nobody", serverFrame(fin|3, "{}"), undying, "malformed frame", 1002},
		{"a masked frame", []byte{fin | text, 0x82, 0, 0, 0, 0, '{', '}'}, undying, "malformed frame", 1002},
		{"a ping that is too long", serverFrame(fin|9, strings.Repeat("p", 126)), undying, "malformed frame", 1002},
		{"a length that is negative", []byte{fin | text, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, undying, "", 0},
	} {
		bubbles(t, "F70 "+c.name, func(t *testing.T, engine change) {
			w := zipWorld(t, engine, c.raw, c.edit)
			defer w.end()
			errs, messages, all := w.menu.Errors(0), w.menu.Messages(0), w.menu.All(0)
			w.login()
			w.until("socket", "subscribed")
			for range 2 { // the answers to auth and the subscription
				_, _ = all.Next(context.Background())
			}
			start := time.Now()
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			if res, err := w.menu.Request(ctx, request{Echo: &echo{"hi"}}); err == nil {
				t.Errorf("got %+v as the answer, want none", res)
			}
			got := w.nextOfSocket()
			if got.Event != "dropped" || got.To != "waiting" || !strings.Contains(got.Reason, "menu: read: ") || !strings.Contains(got.Reason, c.advice) {
				t.Errorf("got -%s-> %s (%s), want dropped, and the advice %q", got.Event, got.To, got.Reason, c.advice)
			}
			if code := w.session.Status().Sockets[0].CloseCode; c.code != 0 && code != c.code {
				t.Errorf("got close code %d, want %d", code, c.code)
			}
			w.until("socket", "subscribed")
			if delay := time.Since(start); delay < 100*time.Millisecond || delay > 2*time.Second {
				t.Errorf("got ready again after %v, want after a backoff", delay)
			}
			if got, err := w.echo("again"); got != "again" {
				t.Errorf("got %q, %v", got, err)
			}
			wantFaults(t, errs, "menu: read: ")
			messages.Close()
			if m, ok := messages.Next(context.Background()); ok {
				t.Errorf("got the message %+v delivered, want nothing", m)
			}
			for range 3 { // auth, the subscription and the echo of the second connection
				m, _ := all.Next(context.Background())
				if m.Generation != 2 || !m.Own {
					t.Errorf("got %+v in the tap, want the second connection's answers alone", m)
				}
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			if s := w.session.Status().Sockets[0]; s.Generation != 2 || s.Failures != 1 {
				t.Errorf("got %+v, want one failure", s)
			}
		})
	}

	for name, lines := range map[string]string{
		"F70 an extension that nobody asked for":               "Sec-WebSocket-Extensions: x-webkit-deflate-frame",
		"F70 a subprotocol that nobody asked for":              "Sec-WebSocket-Protocol: soap",
		"F70 two subprotocols":                                 "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b",
		"F70 compression with a context that nobody asked for": "Sec-WebSocket-Extensions: permessage-deflate",
	} {
		bubbles(t, name, func(t *testing.T, engine change) {
			w := upgradeWorld(t, engine, hijacked(func(r *http.Request, conn net.Conn) {
				_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
					"Sec-WebSocket-Accept: "+acceptKey(r)+"\r\n"+lines+"\r\n\r\n"+string(serverFrame(fin|text, `{"push":{}}`)))
			}), undying, socket(func(s *socketConfig) {
				s.Subprotocols, s.Compress = []string{"a", "b"}, strings.Contains(lines, "permessage")
			}))
			defer w.end()
			errs, all := w.menu.Errors(0), w.menu.All(0)
			w.loginOnly()
			w.until("socket", "socketOpening")
			if got := w.nextOfSocket(); got.Event != "dropped" || got.To != "waiting" || !strings.Contains(got.Reason, "not asked for") {
				t.Errorf("got -%s-> %s (%s), want dropped, since it was not asked for", got.Event, got.To, got.Reason)
			}
			w.until("socket", "subscribed")
			wantFaults(t, errs, "not asked for")
			if m, _ := all.Next(context.Background()); m.Generation != 2 {
				t.Errorf("got %+v, want nothing of the first connection", m)
			}
		})
	}
}
