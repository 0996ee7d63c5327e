package ws_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/custom-app/interlock/connector/internal/ws"
)

func TestTLSFaults(t *testing.T) {
	lender := quiet(http.NotFoundHandler())
	certificates := lender.TLS.Certificates
	trust := ws.Dialer{TLS: &tls.Config{RootCAs: lender.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}}
	lender.Close()
	server := func(auth tls.ClientAuthType, f func(secure *tls.Conn, below net.Conn)) string {
		return "wss://" + serve(t, func(conn net.Conn) {
			secure := tls.Server(conn, &tls.Config{Certificates: certificates, ClientAuth: auth})
			if secure.Handshake() == nil {
				f(secure, conn)
			}
			drain(conn) // to close with bytes unread would reset what was sent
		})
	}

	t.Run("K12 a server that wants a certificate of the client", func(t *testing.T) {
		address := server(tls.RequireAnyClientCert, func(*tls.Conn, net.Conn) {})
		want(t, failing(t, t.Context(), trust, address, nil), ws.TLS, 0, "no TLS connection")
	})

	t.Run("F80 no answer over TLS", func(t *testing.T) {
		address := server(tls.NoClientCert, func(secure *tls.Conn, _ net.Conn) {
			_, _ = http.ReadRequest(bufio.NewReader(secure))
			_ = secure.Close()
		})
		want(t, failing(t, t.Context(), trust, address, nil), ws.Network, 0, "ended")
	})

	t.Run("F80 headers over TLS that never end", func(t *testing.T) {
		address := server(tls.NoClientCert, func(secure *tls.Conn, _ net.Conn) {
			_, err := io.WriteString(secure, "HTTP/1.1 101 S\r\n")
			for err == nil {
				_, err = io.WriteString(secure, "X-Token: "+secret+"\r\n")
			}
		})
		want(t, failing(t, t.Context(), trust, address, nil), ws.Upgrade, 0, "HeaderLimit")
	})

	for _, test := range []struct {
		name  string
		end   func(secure *tls.Conn, below net.Conn)
		fault ws.Fault
		words string
	}{
		{"F70 TLS that ends in a frame", func(secure *tls.Conn, _ net.Conn) { _ = secure.Close() }, ws.Network, "ended"},
		{"F70 TLS that is cut in a frame", func(_ *tls.Conn, below net.Conn) { _ = below.Close() }, ws.Network, "ended"},
		{"F70 TLS that is cut in a record", func(_ *tls.Conn, below net.Conn) {
			_, _ = below.Write([]byte{23, 3, 3, 0, 100, 1})
			_ = below.Close()
		}, ws.Network, "ended"},
		{"F70 TLS that breaks", func(_ *tls.Conn, below net.Conn) {
			_, _ = below.Write(append([]byte{23, 3, 3, 0, 100}, make([]byte, 100)...))
		}, ws.TLS, "no TLS connection"},
	} {
		t.Run(test.name, func(t *testing.T) {
			address := server(tls.NoClientCert, func(secure *tls.Conn, below net.Conn) {
				accept(secure, agreed)
				_, _ = secure.Write(frame(0xc1, deflate(t, []byte(secret)))[:5])
				test.end(secure, below)
			})
			d := trust
			d.Compress = true
			conn, err := d.Open(t.Context(), address, nil)
			if err != nil {
				t.Fatalf("Open: %v", err)
			}
			defer func() { _ = conn.Close() }()
			f, err := conn.Read()
			if want(t, failed(t, err), test.fault, 0, test.words); f.Data != nil {
				t.Errorf("got data %q beside the error, want none", f.Data)
			}
		})
	}
}

func TestErrorText(t *testing.T) {
	t.Run("K12 an error of nothing has a text and an advice", func(t *testing.T) {
		if got, want := (&ws.Error{}).Error(), "interlock: websocket: failed: no advice"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
