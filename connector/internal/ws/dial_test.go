package ws_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/connector/internal/ws"
)

// through is a Proxy that always chooses the same.
func through(proxy string) func(*http.Request) (*url.URL, error) {
	return func(*http.Request) (*url.URL, error) { return url.Parse(proxy) }
}

// echo is a gorilla server that sends every message back.
func echo(w http.ResponseWriter, r *http.Request) {
	upgrader := websocket.Upgrader{EnableCompression: true, Subprotocols: []string{"v2", "v1"}}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	for {
		kind, data, err := conn.ReadMessage()
		if err != nil || conn.WriteMessage(kind, data) != nil {
			return
		}
	}
}

// echoes checks that a message comes back.
func echoes(t *testing.T, d ws.Dialer, address string) {
	t.Helper()
	conn, err := d.Open(t.Context(), address, nil)
	if err != nil {
		t.Fatalf("Open: %v, cause %v", err, errors.Unwrap(err))
	}
	defer func() { _ = conn.Close() }()
	text := strings.Repeat("over and over ", 10000)
	if err := conn.Write(ws.Frame{Data: []byte(text)}, time.Time{}); err != nil {
		t.Fatalf("Write: %v", err)
	}
	if f, err := conn.Read(); err != nil || f.Binary || string(f.Data) != text {
		t.Errorf("got %d bytes, %v, want %d", len(f.Data), err, len(text))
	}
}

// quiet is a server over TLS that logs no failed handshakes.
func quiet(handler http.Handler) *httptest.Server {
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	return server
}

func TestNegotiation(t *testing.T) {
	offer := []string{"v1", "v2"}
	const deflate = "Sec-WebSocket-Extensions: permessage-deflate"
	for _, test := range []struct {
		name    string
		dialer  ws.Dialer
		answer  []string
		flaw    string
		subprot string
	}{
		{"K12 a subprotocol that was offered", ws.Dialer{Subprotocols: offer}, []string{"Sec-WebSocket-Protocol: v2"}, "", "v2"},
		{"K12 no subprotocol", ws.Dialer{Subprotocols: offer}, nil, "", ""},
		{"K12 compression agreed", ws.Dialer{Compress: true}, []string{agreed}, "", ""},
		{"K12 compression declined", ws.Dialer{Compress: true}, nil, "", ""},
		{"F70 a subprotocol that was not offered", ws.Dialer{Subprotocols: offer}, []string{"Sec-WebSocket-Protocol: " + secret}, "subprotocol", ""},
		{"F70 a subprotocol though none was offered", ws.Dialer{}, []string{"Sec-WebSocket-Protocol: v1"}, "subprotocol", ""},
		{"F70 an empty subprotocol", ws.Dialer{}, []string{"Sec-WebSocket-Protocol:"}, "subprotocol", ""},
		{"F70 two subprotocols", ws.Dialer{Subprotocols: offer}, []string{"Sec-WebSocket-Protocol: v1", "Sec-WebSocket-Protocol: v2"}, "subprotocol", ""},
		{"F70 compression that was not offered", ws.Dialer{}, []string{agreed}, "extension", ""},
		{"F70 half of compression that was not offered", ws.Dialer{}, []string{deflate}, "extension", ""},
		{"F70 an extension that was not offered", ws.Dialer{}, []string{"Sec-WebSocket-Extensions: " + secret}, "extension", ""},
		{"F70 another extension", ws.Dialer{Compress: true}, []string{"Sec-WebSocket-Extensions: " + secret}, "extension", ""},
		{"F70 another extension besides", ws.Dialer{Compress: true}, []string{agreed, "Sec-WebSocket-Extensions: x"}, "extension", ""},
		{"F70 another extension on the same line", ws.Dialer{Compress: true}, []string{agreed + ", x"}, "parameters", ""},
		{"F70 compression with context", ws.Dialer{Compress: true}, []string{deflate}, "parameters", ""},
		{"F70 compression with another parameter", ws.Dialer{Compress: true}, []string{agreed + "; server_max_window_bits=10"}, "parameters", ""},
		{"F70 compression with a parameter twice", ws.Dialer{Compress: true}, []string{agreed + "; server_no_context_takeover"}, "parameters", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			address := serve(t, func(conn net.Conn) { accept(conn, test.answer...); drain(conn) })
			if test.flaw != "" {
				want(t, failing(t, t.Context(), test.dialer, "ws://"+address, nil), ws.Upgrade, 0, test.flaw)
				return
			}
			if got := open(t, test.dialer, address).Subprotocol(); got != test.subprot {
				t.Errorf("got subprotocol %q, want %q", got, test.subprot)
			}
		})
	}
}

func TestRequest(t *testing.T) {
	t.Run("K12 headers, host, subprotocols and no unasked offer", func(t *testing.T) {
		requests := make(chan *http.Request, 1)
		address := serve(t, func(conn net.Conn) { requests <- accept(conn); drain(conn) })
		header := http.Header{"Authorization": {"Bearer x"}, "x-many": {"a", "b"}, "host": {"other.test"}}
		conn, err := ws.Dialer{Subprotocols: []string{"v1", "v2"}}.Open(t.Context(), "ws://"+address+"/path?q=1", header)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.Close()
		r := <-requests
		for what, pair := range map[string][2]string{
			"path":          {r.RequestURI, "/path?q=1"},
			"host":          {r.Host, "other.test"},
			"authorization": {r.Header.Get("Authorization"), "Bearer x"},
			"many":          {strings.Join(r.Header.Values("X-Many"), " "), "a b"},
			"subprotocols":  {r.Header.Get("Sec-WebSocket-Protocol"), "v1, v2"},
			"extensions":    {r.Header.Get("Sec-WebSocket-Extensions"), ""},
			"version":       {r.Header.Get("Sec-WebSocket-Version"), "13"},
		} {
			if pair[0] != pair[1] {
				t.Errorf("%s: got %q, want %q", what, pair[0], pair[1])
			}
		}
	})

	for _, test := range []struct {
		name, address string
		dialer        ws.Dialer
		header        http.Header
		words         string
	}{
		{"K12 no URL", "://" + secret, ws.Dialer{}, nil, "not a URL"},
		{"K12 another scheme", "http://x/" + secret, ws.Dialer{}, nil, "scheme"},
		{"K12 no host", "ws:///" + secret, ws.Dialer{}, nil, "no host"},
		{"K12 a user in the address", "ws://me:" + secret + "@x", ws.Dialer{}, nil, "user"},
		{"K12 a fragment in the address", "ws://x/#" + secret, ws.Dialer{}, nil, "fragment"},
		{"K12 a header that the upgrade sets", "ws://x", ws.Dialer{}, http.Header{"sec-websocket-extensions": {secret}}, "Sec-Websocket-Extensions"},
		{"K12 a header of two lines", "ws://x", ws.Dialer{}, http.Header{"X-A": {secret + "\r\nX-B: 1"}}, "X-A"},
		{"K12 a header without a name", "ws://x", ws.Dialer{}, http.Header{"a b": {secret}}, "name"},
		{"K12 two subprotocols in one", "ws://x", ws.Dialer{Subprotocols: []string{"a", "b, c"}}, nil, "Subprotocols[1]"},
		{"K12 a subprotocol twice", "ws://x", ws.Dialer{Subprotocols: []string{"a", "a"}}, nil, "twice"},
		{"K12 all faults at once", "x", ws.Dialer{ReadLimit: -1, HeaderLimit: -1, Subprotocols: []string{""}}, nil, "scheme"},
		{"K12 a read limit that is too big", "ws://x", ws.Dialer{ReadLimit: 1 << 40}, nil, "ReadLimit"},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := failing(t, t.Context(), test.dialer, test.address, test.header)
			want(t, e, ws.Config, 0, test.words)
			if test.dialer.ReadLimit < 0 && (!strings.Contains(e.Error(), "ReadLimit") || !strings.Contains(e.Error(), "HeaderLimit")) {
				t.Errorf("got %q, want all faults", e)
			}
		})
	}
}

func TestTLSAndProxy(t *testing.T) {
	secure := quiet(http.HandlerFunc(echo))
	defer secure.Close()
	plain := httptest.NewServer(http.HandlerFunc(echo))
	defer plain.Close()
	config := &tls.Config{RootCAs: secure.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, NextProtos: []string{"h2"}}
	wss, plainWS := strings.Replace(secure.URL, "https", "wss", 1), strings.Replace(plain.URL, "http", "ws", 1)
	proxy := "http://me:" + secret + "@" + serve(t, connectProxy)

	t.Run("K12 plain", func(t *testing.T) { echoes(t, ws.Dialer{}, plainWS) })
	t.Run("K12 TLS, with a config made for HTTP/2", func(t *testing.T) { echoes(t, ws.Dialer{TLS: config, HeaderLimit: 2000}, wss) })
	t.Run("K12 compressed", func(t *testing.T) { echoes(t, ws.Dialer{Compress: true}, plainWS) })
	t.Run("K12 a proxy", func(t *testing.T) { echoes(t, ws.Dialer{Proxy: through(proxy)}, plainWS) })
	t.Run("K12 a proxy, TLS, compressed", func(t *testing.T) {
		echoes(t, ws.Dialer{TLS: config, Compress: true, Proxy: through(proxy), HeaderLimit: 2000}, wss)
	})

	for _, test := range []struct {
		name, address string
		dialer        ws.Dialer
		fault         ws.Fault
		words         string
	}{
		{"K12 an unknown authority", wss, ws.Dialer{}, ws.TLS, "unknown authority"},
		{"K12 a certificate for another name", wss, ws.Dialer{TLS: &tls.Config{RootCAs: config.RootCAs, ServerName: "interlock.test"}}, ws.TLS, "another name"},
		{"K12 TLS where there is none", "wss" + strings.TrimPrefix(plainWS, "ws"), ws.Dialer{}, ws.TLS, "does not speak TLS"},
		{"K12 versions without overlap", wss, ws.Dialer{TLS: &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}}, ws.TLS, "no TLS connection"},
		{"K12 TLS cut off", "wss://" + serve(t, func(conn net.Conn) { _, _ = conn.Read(make([]byte, 1)) }), ws.Dialer{}, ws.Network, ""},
		{"K12 a proxy that wants other credentials", plainWS, ws.Dialer{Proxy: through(strings.Replace(proxy, "me:", "you:", 1))}, ws.Network, "proxy refused"},
		{"K12 a proxy that gives no reason", plainWS, ws.Dialer{Proxy: through("http://" + answering(t, "HTTP/1.1 407\n\n"))}, ws.Network, "proxy refused"},
		{"K12 a proxy that hangs up", plainWS, ws.Dialer{Proxy: through("http://" + answering(t, ""))}, ws.Network, "ended"},
		{"K12 a proxy that talks too much", plainWS, ws.Dialer{Proxy: through("http://" + answering(t, "HTTP/1.1 200 OK\n"+strings.Repeat("X: y\n", 20000)))}, ws.Network, "HeaderLimit"},
		{"K12 a proxy of an unknown kind", plainWS, ws.Dialer{Proxy: through("quic://" + secret)}, ws.Network, "proxy"},
		{"K12 a proxy that is not known", plainWS, ws.Dialer{Proxy: through("http://[" + secret)}, ws.Network, "proxy"},
	} {
		t.Run(test.name, func(t *testing.T) {
			want(t, failing(t, t.Context(), test.dialer, test.address, nil), test.fault, 0, test.words)
		})
	}

	t.Run("K12 a port where nobody listens", func(t *testing.T) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_ = listener.Close()
		e := failing(t, t.Context(), ws.Dialer{}, "ws://"+listener.Addr().String(), nil)
		if want(t, e, ws.Network, 0, "refuses connections"); !errors.Is(e, syscall.ECONNREFUSED) {
			t.Errorf("got cause %v, want ECONNREFUSED", errors.Unwrap(e.Err))
		}
	})
}

// connectProxy is an HTTP proxy for one CONNECT of one user.
func connectProxy(conn net.Conn) {
	r, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return
	}
	r.Header.Set("Authorization", r.Header.Get("Proxy-Authorization"))
	if user, password, _ := r.BasicAuth(); r.Method != http.MethodConnect || user != "me" || password != secret {
		_, _ = io.WriteString(conn, "HTTP/1.1 407 "+secret+"\r\n\r\n")
		return
	}
	target, err := new(net.Dialer).DialContext(context.Background(), "tcp", r.Host)
	if err != nil {
		return
	}
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(target, conn); _ = target.Close() })
	_, _ = io.Copy(conn, target)
	_ = conn.Close()
	both.Wait()
}
