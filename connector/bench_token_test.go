package connector_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/fsm"
)

// okBase answers every request at once, and allocates nothing.
type okBase struct{ answer *http.Response }

func (b okBase) RoundTrip(*http.Request) (*http.Response, error) { return b.answer, nil }

func newOKBase() okBase { return okBase{&http.Response{StatusCode: http.StatusOK, Body: http.NoBody}} }

const benchToken = "a.token.of.a.common.length.0123456789.0123456789.0123456789.0123456789"

// benchSession is a session that is logged in, with sockets that are ready.
func benchSession(b *testing.B, engine fsm.Engine, sockets int) *connector.Session[credentials, user] {
	b.Helper()
	backend, client := loopback(b)
	service := granting(authhttp.Pair{Access: benchToken, Refresh: "r", Life: time.Hour})
	config := connector.Config[credentials, user]{
		Auth: service, Engine: engine, HTTP: authhttp.Transport{Base: newOKBase()},
	}
	if sockets > 0 {
		config.Auth = &authhttp.JSON[credentials, user]{
			LoginURL: backend.URL() + "/login", RefreshURL: backend.URL() + "/refresh", LogoutURL: backend.URL() + "/logout", Client: client,
		}
	}
	for i := range sockets {
		socket := menuSocket(backend.WebSocketURL())
		socket.ID = fmt.Sprint("menu", i)
		config.Sockets = append(config.Sockets, socket)
	}
	c, err := connector.New(config)
	if err != nil {
		b.Fatal(err)
	}
	session := c.NewSession()
	if err := session.Login(context.Background(), ann); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := session.Logout(context.Background()); err != nil {
			b.Error(err)
		}
	})
	return session
}

// eachSession runs a benchmark with sessions of either engine, without a socket
// and with some.
func eachSession(b *testing.B, bench func(b *testing.B, session *connector.Session[credentials, user])) {
	for _, engine := range []fsm.Engine{fsm.Looplab, fsm.Table} {
		for _, sockets := range []int{0, 1, 4} {
			b.Run(fmt.Sprintf("engine=%s/sockets=%d", engine, sockets), func(b *testing.B) {
				bench(b, benchSession(b, engine, sockets))
			})
		}
	}
}

func benchRequest(b *testing.B) *http.Request {
	b.Helper()
	r, err := http.NewRequest(http.MethodGet, "https://api.test/x", nil)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Accept", "application/json")
	return r
}

// BenchmarkSessionTransport is one request with a session's fresh token, over a
// server that costs nothing. BenchmarkSessionTransportByHand sets the header.
func BenchmarkSessionTransport(b *testing.B) {
	eachSession(b, func(b *testing.B, session *connector.Session[credentials, user]) {
		transport, r := session.HTTP().Transport, benchRequest(b)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := transport.RoundTrip(r); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkSessionTransportByHand(b *testing.B) {
	base, r, token := newOKBase(), benchRequest(b), string([]byte(benchToken))
	b.ReportAllocs()
	for b.Loop() {
		r.Header.Set("Authorization", "Bearer "+token)
		if _, err := base.RoundTrip(r); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSessionTransportOfSource is the transport without a session: its source
// has the token in its hand.
func BenchmarkSessionTransportOfSource(b *testing.B) {
	transport := &authhttp.Transport{Base: newOKBase(), Source: authhttp.SourceFunc(func(context.Context, authhttp.Generation) (authhttp.Token, error) {
		return authhttp.Token{Access: benchToken, Generation: 1}, nil
	})}
	r := benchRequest(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := transport.RoundTrip(r); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTokenFresh asks a session for a token that is fresh.
func BenchmarkTokenFresh(b *testing.B) {
	eachSession(b, func(b *testing.B, session *connector.Session[credentials, user]) {
		ctx := context.Background()
		b.ReportAllocs()
		for b.Loop() {
			if _, err := session.Token(ctx, 0); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkTokenFreshParallel asks from many goroutines at once.
func BenchmarkTokenFreshParallel(b *testing.B) {
	eachSession(b, func(b *testing.B, session *connector.Session[credentials, user]) {
		ctx := context.Background()
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := session.Token(ctx, 0); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

// BenchmarkTokenBelowAnother asks while two users below have logged in as another.
func BenchmarkTokenBelowAnother(b *testing.B) {
	for _, engine := range []fsm.Engine{fsm.Looplab, fsm.Table} {
		b.Run("engine="+engine.String(), func(b *testing.B) {
			backend, client := loopback(b)
			c, err := connector.New(connector.Config[credentials, user]{Engine: engine, Auth: &authhttp.JSON[credentials, user]{
				LoginURL: backend.URL() + "/login", RefreshURL: backend.URL() + "/refresh", LogoutURL: backend.URL() + "/logout",
				LoginAsURL: backend.URL() + "/login-as", Client: client,
			}})
			if err != nil {
				b.Fatal(err)
			}
			session, ctx := c.NewSession(), context.Background()
			if err := session.Login(ctx, ann); err != nil {
				b.Fatal(err)
			}
			for _, id := range []int{2, 3} {
				if err := session.LoginAs(ctx, id); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := session.Token(ctx, 0); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			if err := session.Close(ctx); err != nil {
				b.Error(err)
			}
		})
	}
}
