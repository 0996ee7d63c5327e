package connector_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

// said and heard are what the socket speaks over which somebody logs in.
type (
	said struct {
		ID    uint64       `json:"id"`
		Login *credentials `json:"login,omitempty"`
		Auth  *authRequest `json:"auth,omitempty"`
		Sub   *subscribe   `json:"sub,omitempty"`
		Echo  *echo        `json:"echo,omitempty"`
	}
	heard struct {
		ID    uint64       `json:"id"`
		Error *serverError `json:"error"`
		Login struct {
			Access  authhttp.Secret `json:"access_token"`
			Refresh authhttp.Secret `json:"refresh_token"`
			Seconds float64         `json:"expires_in"`
			User    user            `json:"user"`
		} `json:"login"`
		Echo *echo `json:"echo"`
	}
)

// talk declares that socket: open for nobody before login, then authorised by the
// token, as is each connection after a drop.
func talk(url string) connector.SocketConfig[user, said, heard] {
	return connector.SocketConfig[user, said, heard]{
		ID: "talk", URL: url, Early: true,
		Auth: &connector.Step[user, said, heard]{
			Build: func(_ context.Context, known connector.Known[user, heard]) (said, error) {
				return said{Auth: &authRequest{Token: known.Token.Access.Reveal()}}, nil
			},
		},
		SetID: func(s *said, id uint64) { s.ID = id },
		GetID: func(h heard) (uint64, bool) { return h.ID, h.ID != 0 },
		IsError: func(h heard) error {
			if h.Error == nil {
				return nil
			}
			return h.Error
		},
	}
}

// overSocket logs in over the session's own socket, and does the rest over HTTP.
type overSocket struct {
	*authhttp.JSON[credentials, user]
	session *connector.Session[credentials, user]
	socket  *connector.Socket[said, heard]
}

// Login sends the login on the socket, which it opens if need be.
func (s *overSocket) Login(ctx context.Context, who credentials) (none authhttp.Grant[user], err error) {
	if err := s.session.Open(); err != nil {
		return none, fmt.Errorf("%w: %w", authhttp.ErrUnavailable, err)
	}
	answer, err := s.socket.Request(ctx, said{Login: &who})
	var no *serverError
	switch {
	case errors.As(err, &no) && no.Code == "failed_auth":
		return none, fmt.Errorf("%w: %w", authhttp.ErrRejected, err)
	case err != nil:
		return none, fmt.Errorf("%w: %w", authhttp.ErrUnavailable, err) // tried again
	}
	login := answer.Login
	life := time.Duration(login.Seconds * float64(time.Second))
	return authhttp.Grant[user]{Pair: authhttp.Pair{Access: login.Access, Refresh: login.Refresh, Life: life}, User: login.User}, nil
}

// bind gives the service the session that it logs in, of a client of its own.
func (s *overSocket) bind(config connector.Config[credentials, user]) (err error) {
	config.Auth = s
	client, err := connector.New(config)
	if err != nil {
		return err
	}
	s.session = client.NewSession()
	s.socket, err = connector.On[said, heard](s.session, "talk")
	return err
}

// Login over the socket itself, which is open before it.
func Example_patternOverSocket() {
	backend, err := connectortest.Start(connectortest.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer backend.Close()
	ctx := context.Background()
	service := &overSocket{JSON: &authhttp.JSON[credentials, user]{
		LoginURL: backend.URL() + "/login", RefreshURL: backend.URL() + "/refresh", LogoutURL: backend.URL() + "/logout",
	}}
	err = service.bind(connector.Config[credentials, user]{Sockets: []connector.AnySocket[user]{talk(backend.WebSocketURL())}})
	if err != nil {
		log.Fatal(err)
	}
	session, socket := service.session, service.socket
	if err := session.Login(ctx, ann); err != nil {
		log.Fatal(err)
	}
	answer, err := socket.Request(ctx, said{Echo: &echo{"hello"}})
	fmt.Println(answer.Echo.Text, err, session.Logout(ctx))
	fmt.Println("connections:", backend.Counts().Upgrades)
	fmt.Println("talk:", session.Status().Sockets[0].State)
	// Output:
	// hello <nil> <nil>
	// connections: 1
	// talk: closed
}
