package graphql

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/transport"

	"github.com/custom-app/interlock/connector/backends/scenario"
)

// Server is the service on a port of loopback, with logins beside it. Its methods may
// be called from any goroutine.
type Server struct {
	scenario.Tally
	accounts *scenario.Accounts
	site     *scenario.Site
	news     *news
	mux      *http.ServeMux

	mu   sync.Mutex
	ends map[string][]context.CancelFunc // of connections, by user
}

// Start serves on a port that is free. Access tokens live for life. The server pings
// every pingEvery, and ends a connection whose client has not answered for twice as
// long; 0: never.
func Start(life, pingEvery time.Duration) (*Server, error) {
	s := &Server{news: newNews(), mux: http.NewServeMux(), ends: make(map[string][]context.CancelFunc)}
	s.accounts, s.site = scenario.NewAccounts(&s.Tally, life), scenario.NewSite(&s.Tally)
	service, err := newService(s.news)
	if err != nil {
		return nil, err
	}
	operations := handler.New(service)
	operations.AddTransport(transport.Websocket{InitFunc: s.admit, InitTimeout: time.Second, PingPongInterval: pingEvery})
	s.mux.Handle("/graphql", operations)
	s.mux.Handle("/", s.accounts)
	return s, s.site.Start(s.mux)
}

// closeForbidden is what the reference implementation of the protocol closes with
// when its onConnect says no. Of itself gqlgen closes with 1000 then.
const closeForbidden = 4403

// admit is the InitFunc: it checks the token of connection_init, and ends the
// connection's context with the token or with the user, whichever comes first.
func (s *Server) admit(ctx context.Context, payload transport.InitPayload) (context.Context, *transport.InitPayload, error) {
	name, expires, err := s.accounts.Verify(strings.TrimPrefix(payload.Authorization(), "Bearer "))
	if err != nil {
		ctx = transport.WithWebsocketCloseCode(ctx, closeForbidden)
		return transport.AppendCloseReason(ctx, "Forbidden"), nil, err
	}
	ctx, end := context.WithDeadline(ctx, expires)
	s.mu.Lock()
	s.ends[name] = append(s.ends[name], end)
	s.mu.Unlock()
	return ctx, &transport.InitPayload{"name": name}, nil
}

// Address is host:port of the server.
func (s *Server) Address() string { return s.site.Address() }

// Variables has the config file find the server.
func (s *Server) Variables() map[string]string {
	return map[string]string{"API": "http://" + s.Address()}
}

// Account is that of the user ann.
func (s *Server) Account() scenario.Account { return s.accounts.Account() }

// Token makes an access token of a user.
func (s *Server) Token(name string) (string, error) { return s.accounts.Token(name, s.accounts.Life) }

// Restart ends every connection, and comes back on the same port.
func (s *Server) Restart(ctx context.Context) error {
	if err := s.site.Stop(); err != nil {
		return err
	}
	if err := s.news.await(ctx, func(n int) bool { return n == 0 }); err != nil {
		return err
	}
	return s.site.Start(s.mux)
}

// Push tells all subscribers, as soon as there is one.
func (s *Server) Push(ctx context.Context, text string) error { return s.PushTo(ctx, 1, text) }

// PushTo tells all subscribers, as soon as there are so many: the server does not say
// when it has subscribed somebody.
func (s *Server) PushTo(ctx context.Context, subscribers int, text string) error {
	if err := s.news.await(ctx, func(n int) bool { return n >= subscribers }); err != nil {
		return err
	}
	s.news.tell(text)
	return nil
}

// Revoke ends the tokens of a user and, by their contexts, the user's connections.
func (s *Server) Revoke(_ context.Context, name string) error {
	s.accounts.Revoke(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.ends[name]) == 0 {
		return errors.New("interlock: graphql: " + name + " has no connection")
	}
	for _, end := range s.ends[name] {
		end()
	}
	return nil
}

// Close ends the server and every connection.
func (s *Server) Close() error { return s.site.Stop() }
