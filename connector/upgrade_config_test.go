package connector_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

// upgrades notes the upgrade requests of a server that serves as the backend does.
type upgrades struct {
	upgrader websocket.Upgrader
	serve    func(ws *websocket.Conn) // nil: follow

	mu   sync.Mutex
	seen []*http.Request
}

func (u *upgrades) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	u.mu.Lock()
	u.seen = append(u.seen, r)
	u.mu.Unlock()
	ws, err := u.upgrader.Upgrade(rw, r, nil)
	if err != nil {
		return
	}
	defer ws.Close()
	if u.serve != nil {
		u.serve(ws)
		return
	}
	follow(ws, func(request) {})
}

// serverWorld is a world whose socket is served by this, over TLS if scheme is wss.
func serverWorld(t *testing.T, engine change, scheme string, handler http.Handler, changes ...change) (*world, *x509.CertPool) {
	t.Helper()
	network := connectortest.NewNetwork()
	listener, err := network.Listen("127.0.0.1:81")
	if err != nil {
		t.Fatal(err)
	}
	server, pool := httptest.NewUnstartedServer(handler), x509.NewCertPool()
	_ = server.Listener.Close() // the real one
	server.Listener = listener
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	if scheme == "wss" {
		server.StartTLS()
		pool.AddCert(server.Certificate())
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	all := append([]change{engine, undying, socket(func(s *socketConfig) { s.URL = scheme + "://127.0.0.1:81/ws?x=1" }), func(c *config) {
		c.TLS = &tls.Config{RootCAs: pool}
	}}, changes...)
	return newWorldOn(t, network, connectortest.Config{}, all...), pool
}

// connects is a proxy for CONNECT requests (RFC 9110 section 9.3.6).
type connects struct {
	dial func(ctx context.Context, network, address string) (net.Conn, error)
	to   []string
}

func (p *connects) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	p.to = append(p.to, r.Method+" "+r.Host)
	there, err := p.dial(context.Background(), "tcp", r.Host)
	if err != nil {
		rw.WriteHeader(http.StatusBadGateway)
		return
	}
	defer there.Close()
	here, _, err := http.NewResponseController(rw).Hijack()
	if err != nil {
		return
	}
	defer here.Close()
	_, _ = io.WriteString(here, "HTTP/1.1 200 Connection established\r\n\r\n")
	go func() { _, _ = io.Copy(there, here); _ = there.Close() }()
	_, _ = io.Copy(here, there)
}

func TestUpgradeRequest(t *testing.T) {
	bubbles(t, "K12 subprotocols, in their order", func(t *testing.T, engine change) {
		server := &upgrades{upgrader: websocket.Upgrader{Subprotocols: []string{"menu.v1"}}}
		w, _ := serverWorld(t, engine, "ws", server, socket(func(s *socketConfig) { s.Subprotocols = []string{"menu.v2", "menu.v1"} }))
		defer w.end()
		w.login()
		if got := fmt.Sprint(websocket.Subprotocols(server.seen[0])); got != "[menu.v2 menu.v1]" {
			t.Errorf("got offered %v, want [menu.v2 menu.v1]", got)
		}
	})
	bubbles(t, "K12 none of them chosen is fine", func(t *testing.T, engine change) {
		w, _ := serverWorld(t, engine, "ws", &upgrades{}, socket(func(s *socketConfig) { s.Subprotocols = []string{"menu.v2"} }))
		defer w.end()
		w.login()
	})

	bubbles(t, "K12 the header is made for each attempt, with what is known then", func(t *testing.T, engine change) {
		server, refreshes := &upgrades{}, 0
		w, _ := serverWorld(t, engine, "ws", server, counting(&refreshes), socket(func(s *socketConfig) {
			s.Header = func(k knowing) http.Header {
				return http.Header{"authorization": {"Bearer " + k.Token.Access.Reveal()}, "X-User": {k.User.Name}, "Host": {"menu.example"}}
			}
		}))
		defer w.end()
		w.login()
		w.until("socket", "subscribed")
		if _, err := w.session.Token(context.Background(), w.token().Generation); err != nil {
			t.Fatal(err)
		}
		w.network.Drop()
		w.until("socket", "subscribed")
		for i, want := range []string{"Bearer a", "Bearer b1"} {
			r := server.seen[i]
			if got := r.Header.Get("Authorization"); got != want || r.Header.Get("X-User") != "ann" || r.Host != "menu.example" || r.URL.RawQuery != "x=1" {
				t.Errorf("upgrade %d: got %q, %v to %s%s, want %q", i, got, r.Header, r.Host, r.URL, want)
			}
		}
	})
	bubbles(t, "K12 the target is made for each attempt, with what is known then", func(t *testing.T, engine change) {
		server, refreshes, failures := &upgrades{}, 0, 1
		w, _ := serverWorld(t, engine, "ws", server, counting(&refreshes), socket(func(s *socketConfig) {
			s.Target = func(k knowing) (string, error) {
				if failures--; failures == 0 {
					return "", errors.New("not yet")
				}
				return "/of%2F/" + k.User.Name + "?token=" + k.Token.Access.Reveal(), nil
			}
		}))
		defer w.end()
		w.login()
		w.until("socket", "subscribed")
		if _, err := w.session.Token(context.Background(), w.token().Generation); err != nil {
			t.Fatal(err)
		}
		w.network.Drop()
		w.until("socket", "subscribed")
		for i, want := range []string{"/of%2F/ann?token=a", "/of%2F/ann?token=b1"} {
			if got := server.seen[i].RequestURI; got != want || server.seen[i].Host != "127.0.0.1:81" {
				t.Errorf("upgrade %d: got %q, want %q", i, got, want)
			}
		}
	})
	for _, target := range []string{"", "x?token=S3CRET", "//other.example/S3CRET", "ws://other.example/S3CRET", "/S3CRET#x", "/\x7fS3CRET", "?token=S3CRET"} {
		bubbles(t, "K12 X4 a target that is no path fails at once: "+target, func(t *testing.T, engine change) {
			server := &upgrades{}
			w, _ := serverWorld(t, engine, "ws", server, socket(func(s *socketConfig) {
				s.Target = func(knowing) (string, error) { return target, nil }
			}))
			defer w.end()
			err := w.session.Login(context.Background(), ann)
			if !errors.Is(err, connector.ErrSocketFailed) || !strings.Contains(err.Error(), "Target") || strings.Contains(err.Error(), "S3CRET") || len(server.seen) != 0 {
				t.Errorf("got %v after %d upgrades, want a failed socket, and Target named", err, len(server.seen))
			}
		})
	}
	for name, header := range map[string]http.Header{
		"one that the upgrade sets": {"Sec-WebSocket-Key": {"x"}},
		"one of two lines":          {"X-Name": {"a\r\nX-Other: b"}},
		"one without a name":        {"": {"x"}},
	} {
		bubbles(t, "K12 X4 a header that cannot be sent fails at once: "+name, func(t *testing.T, engine change) {
			server := &upgrades{}
			w, _ := serverWorld(t, engine, "ws", server, socket(func(s *socketConfig) {
				s.Header = func(knowing) http.Header { return header }
			}))
			defer w.end()
			err := w.session.Login(context.Background(), ann)
			if !errors.Is(err, connector.ErrSocketFailed) || !strings.Contains(err.Error(), "header") || len(server.seen) != 0 {
				t.Errorf("got %v after %d upgrades, want a failed socket, and the header named", err, len(server.seen))
			}
		})
	}

	for _, compress := range []bool{false, true} {
		bubbles(t, fmt.Sprint("K12 compression is offered only when declared: ", compress), func(t *testing.T, engine change) {
			server := &upgrades{upgrader: websocket.Upgrader{EnableCompression: true}}
			w, _ := serverWorld(t, engine, "ws", server, socket(func(s *socketConfig) { s.Compress = compress }))
			defer w.end()
			w.login()
			big := strings.Repeat("menu ", 50_000)
			if got, err := w.echo(big); got != big {
				t.Errorf("got %d bytes back, %v, want %d", len(got), err, len(big))
			}
			if got := server.seen[0].Header.Get("Sec-WebSocket-Extensions"); strings.Contains(got, "permessage-deflate") != compress {
				t.Errorf("got offered %q, want compression: %v", got, compress)
			}
		})
	}
	bubbles(t, "K12 compression, and a server that cannot", func(t *testing.T, engine change) {
		w, _ := serverWorld(t, engine, "ws", &upgrades{}, func(c *config) { c.Common.Compress = true })
		defer w.end()
		w.login()
	})
}

func TestUpgradeTLS(t *testing.T) {
	bubbles(t, "K12 TLS, with a config made for HTTP/2 too", func(t *testing.T, engine change) {
		server := &upgrades{}
		w, _ := serverWorld(t, engine, "wss", server, func(c *config) { c.TLS.NextProtos = []string{"h2", "http/1.1"} })
		defer w.end()
		w.login()
		if got, err := w.echo("hi"); got != "hi" || server.seen[0].TLS == nil {
			t.Errorf("got %q, %v, want an answer over TLS", got, err)
		}
		if got := w.config.TLS.NextProtos; fmt.Sprint(got) != "[h2 http/1.1]" {
			t.Errorf("got the config changed to %v", got)
		}
	})
	for _, c := range []struct {
		name, advice string
		spoil        func(*tls.Config)
	}{
		{"an authority that nobody knows", "add the authority to RootCAs", func(c *tls.Config) { c.RootCAs = x509.NewCertPool() }},
		{"another name", "set ServerName", func(c *tls.Config) { c.ServerName = "elsewhere.example" }},
		{"versions that do not meet", "check the certificates and versions", func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS10 }},
	} {
		bubbles(t, "K12 F80 TLS that fails is tried again, with advice: "+c.name, func(t *testing.T, engine change) {
			w, _ := serverWorld(t, engine, "wss", &upgrades{}, func(config *config) { c.spoil(config.TLS) })
			defer w.end()
			w.loginOnly()
			w.until("socket", "socketOpening")
			if got := w.nextOfSocket(); got.Event != "dropped" || got.To != "waiting" || !strings.Contains(got.Reason, c.advice) {
				t.Errorf("got -%s-> %s (%s), want dropped and the advice %q", got.Event, got.To, got.Reason, c.advice)
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			if got := w.network.OpenConns(); got > 1 {
				t.Errorf("got %d connections left open", got)
			}
		})
	}
	bubbles(t, "K12 F80 wss to a server without TLS", func(t *testing.T, engine change) {
		w, _ := serverWorld(t, engine, "ws", &upgrades{}, socket(func(s *socketConfig) { s.URL = "wss://127.0.0.1:81/" }))
		defer w.end()
		w.loginOnly()
		w.until("socket", "socketOpening")
		if got := w.nextOfSocket(); got.Event != "dropped" || !strings.Contains(got.Reason, "use ws instead of wss") {
			t.Errorf("got -%s-> %s (%s), want dropped, with advice", got.Event, got.To, got.Reason)
		}
	})
}

func TestUpgradeProxy(t *testing.T) {
	for _, scheme := range []string{"ws", "wss"} {
		bubbles(t, "K12 a proxy, "+scheme, func(t *testing.T, engine change) {
			p, server, asked := &connects{}, &upgrades{}, ""
			w, _ := serverWorld(t, engine, scheme, server, func(c *config) {
				p.dial = c.DialContext
				c.Proxy = func(r *http.Request) (*url.URL, error) {
					asked = r.URL.String()
					return url.Parse("http://user:hunter2@127.0.0.1:82")
				}
			})
			listener, err := w.network.Listen("127.0.0.1:82")
			if err != nil {
				t.Fatal(err)
			}
			proxy := &http.Server{Handler: p}
			go proxy.Serve(listener)
			defer proxy.Close()
			defer w.end()
			w.login()
			if got, err := w.echo("hi"); got != "hi" || fmt.Sprint(p.to) != "[CONNECT 127.0.0.1:81]" || asked == "" {
				t.Errorf("got %q, %v through %v, want an answer by way of the proxy", got, err, p.to)
			}
		})
	}
	for _, c := range []struct {
		name, advice string
		proxy        func(*http.Request) (*url.URL, error)
	}{
		{"is not there", "check host and port", func(*http.Request) (*url.URL, error) { return url.Parse("http://user:hunter2@127.0.0.1:83") }},
		{"is of another scheme", "http or socks5", func(*http.Request) (*url.URL, error) { return url.Parse("ftp://user:hunter2@127.0.0.1:83") }},
		{"cannot be told", "http or socks5", func(*http.Request) (*url.URL, error) { return nil, errors.New("hunter2") }},
		{"panics", "fix the function", func(*http.Request) (*url.URL, error) { panic("hunter2") }},
	} {
		bubbles(t, "K12 F80 a proxy that "+c.name, func(t *testing.T, engine change) {
			w, _ := serverWorld(t, engine, "ws", &upgrades{}, func(config *config) { config.Proxy = c.proxy })
			defer w.end()
			w.loginOnly()
			w.until("socket", "socketOpening")
			if got := w.nextOfSocket(); got.Event != "dropped" || !strings.Contains(got.Reason, c.advice) || strings.Contains(got.Reason, "hunter2") {
				t.Errorf("got -%s-> %s (%s), want dropped, the advice %q and no secret", got.Event, got.To, got.Reason, c.advice)
			}
		})
	}
}

func TestUpgradeLimits(t *testing.T) {
	// padded is an answer of so many bytes on the wire.
	padded := func(n int) func(*websocket.Conn) {
		return func(ws *websocket.Conn) {
			for {
				var r request
				if ws.ReadJSON(&r) != nil {
					return
				}
				if r.Echo == nil {
					_ = ws.WriteJSON(answerTo(r))
					continue
				}
				text := fmt.Sprintf(`{"id":%d,"echo":{"text":"hi"}}`, r.ID)
				_ = ws.WriteMessage(websocket.TextMessage, []byte(text+strings.Repeat(" ", n-len(text))))
			}
		}
	}
	for _, c := range []struct {
		name  string
		limit change
		bytes int
		fits  bool
	}{
		{"the default is 1 MiB", undying, 1 << 20, true},
		{"a byte more than the default", undying, 1<<20 + 1, false},
		{"of Common", func(c *config) { c.Common.ReadLimit = 500 }, 501, false},
		{"the socket's before that of Common", func(c *config) {
			c.Common.ReadLimit = 500
			socket(func(s *socketConfig) { s.ReadLimit = 600 })(c)
		}, 600, true},
		{"more than the default", socket(func(s *socketConfig) { s.ReadLimit = 3 << 20 }), 3 << 20, true},
	} {
		bubbles(t, "K12 ReadLimit: "+c.name, func(t *testing.T, engine change) {
			w, _ := serverWorld(t, engine, "ws", &upgrades{serve: padded(c.bytes)}, c.limit)
			defer w.end()
			w.login()
			got, err := w.echo("hi")
			if (got == "hi") != c.fits || !c.fits && !errors.Is(err, connector.ErrOutcomeUnknown) {
				t.Errorf("got %q, %v, want it to fit: %v", got, err, c.fits)
			}
		})
	}

	stop := make(chan struct{})
	deaf := func(ws *websocket.Conn) {
		for range 2 { // auth and the subscription
			var r request
			if ws.ReadJSON(&r) != nil || ws.WriteJSON(answerTo(r)) != nil {
				return
			}
		}
		<-stop
	}
	for _, c := range []struct {
		name string
		edit change
		want time.Duration
	}{
		{"the default is 10s", undying, 10 * time.Second},
		{"3s", socket(func(s *socketConfig) { s.WriteTimeout = 3 * time.Second }), 3 * time.Second},
		{"3s, of Common", func(c *config) { c.Common.WriteTimeout = 3 * time.Second }, 3 * time.Second},
	} {
		bubbles(t, "K12 WriteTimeout, and a peer that does not read: "+c.name, func(t *testing.T, engine change) {
			stop = make(chan struct{})
			w, _ := serverWorld(t, engine, "ws", &upgrades{serve: deaf}, c.edit)
			defer w.end()
			defer close(stop)
			w.login()
			w.until("socket", "subscribed")
			start := time.Now()
			small := w.submit(context.Background(), "small")
			big := w.submit(context.Background(), strings.Repeat("x", 1<<20))
			behind := w.submit(context.Background(), "behind")
			got := w.nextOfSocket()
			if took := time.Since(start); got.Event != "dropped" || !strings.Contains(got.Reason, "menu: write: ") || took < c.want || took > c.want+time.Second {
				t.Errorf("got -%s-> %s (%s) after %v, want dropped by a write after %v", got.Event, got.To, got.Reason, took, c.want)
			}
			for _, s := range []submitted{small, big, behind} {
				s.want(t, connector.ErrOutcomeUnknown)
			}
			w.until("socket", "subscribed")
		})
	}
}
