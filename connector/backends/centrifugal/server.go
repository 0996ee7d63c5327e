// Package centrifugal runs a node of centrifugal/centrifuge, which speaks its JSON
// protocol over WebSocket, beside a login endpoint, which it has not. It is a server
// for tests of a client: all of it runs in the process, on loopback.
//
// The node takes the access token in the connect command, and a newer one in the
// refresh command. Whoever is connected may subscribe to news, a channel that keeps
// its history, and publish in it. Its RPC echo answers with what it is given, and the
// answers to hold wait for a call of release.
//
// Its one invariant: the protocol is the library's. This package chooses what the
// library leaves to its user, and changes nothing on the wire.
package centrifugal

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/centrifugal/centrifuge"
	"github.com/golang-jwt/jwt/v5"

	"github.com/custom-app/interlock/connector/backends/scenario"
)

// Channel is the one that there is.
const Channel = "news"

// Config is what a server is started with. Zero values mean the defaults that the
// fields state.
type Config struct {
	Life  time.Duration // of access tokens; 0: an hour
	Grace time.Duration // after the end of a token, before its connection is closed; 0: a second
	Ping  time.Duration // between pings of the server; 0: 25 s
	Pong  time.Duration // for the client to answer one; 0: 10 s
	Batch time.Duration // for which messages are collected into one frame; 0: they are not waited for
}

// Server is a node and a login endpoint. Its methods may be called from any goroutine.
type Server struct {
	scenario.Tally
	Accounts *scenario.Accounts

	config Config
	site   *scenario.Site
	held   chan struct{} // a token lets one call of hold be answered

	mu   sync.Mutex
	node *centrifuge.Node
	said map[string]int // commands of clients, by their names
}

// Start starts a server.
func Start(config Config) (*Server, error) {
	if config.Life == 0 {
		config.Life = time.Hour
	}
	if config.Grace == 0 {
		config.Grace = time.Second
	}
	s := &Server{config: config, held: make(chan struct{}, 1), said: make(map[string]int)}
	s.Accounts = scenario.NewAccounts(&s.Tally, config.Life)
	s.site = scenario.NewSite(&s.Tally)
	if err := s.start(); err != nil {
		return nil, err
	}
	return s, nil
}

// start runs a new node, with an empty history.
func (s *Server) start() error {
	node, err := centrifuge.New(centrifuge.Config{ClientExpiredCloseDelay: s.config.Grace})
	if err != nil {
		return err
	}
	node.OnConnecting(s.connecting)
	node.OnConnect(s.connected)
	node.OnCommandRead(func(_ *centrifuge.Client, event centrifuge.CommandReadEvent) error {
		s.note(event)
		return nil
	})
	if err := node.Run(); err != nil {
		return err
	}
	s.mu.Lock()
	s.node = node
	s.mu.Unlock()
	mux := http.NewServeMux()
	mux.Handle("/", s.Accounts)
	mux.Handle("/connection/websocket", centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{
		PingPongConfig: centrifuge.PingPongConfig{PingInterval: s.config.Ping, PongTimeout: s.config.Pong},
	}))
	return s.site.Start(mux)
}

// connecting looks at the token of a connect command.
func (s *Server) connecting(_ context.Context, event centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
	name, expires, err := s.Accounts.Verify(event.Token)
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return centrifuge.ConnectReply{}, centrifuge.ErrorTokenExpired
	case err != nil:
		return centrifuge.ConnectReply{}, centrifuge.DisconnectInvalidToken
	}
	return centrifuge.ConnectReply{
		Credentials:       &centrifuge.Credentials{UserID: name, ExpireAt: expires.Unix()},
		ClientSideRefresh: true,
		WriteDelay:        s.config.Batch,
	}, nil
}

// connected says what a client may do.
func (s *Server) connected(client *centrifuge.Client) {
	client.OnRefresh(func(event centrifuge.RefreshEvent, done centrifuge.RefreshCallback) {
		name, expires, err := s.Accounts.Verify(event.Token)
		switch {
		case errors.Is(err, jwt.ErrTokenExpired):
			done(centrifuge.RefreshReply{Expired: true}, nil)
		case err != nil || name != client.UserID():
			done(centrifuge.RefreshReply{}, centrifuge.DisconnectInvalidToken)
		default:
			done(centrifuge.RefreshReply{ExpireAt: expires.Unix()}, nil)
		}
	})
	client.OnSubscribe(func(event centrifuge.SubscribeEvent, done centrifuge.SubscribeCallback) {
		if event.Channel != Channel {
			done(centrifuge.SubscribeReply{}, centrifuge.ErrorPermissionDenied)
			return
		}
		done(centrifuge.SubscribeReply{Options: centrifuge.SubscribeOptions{EnableRecovery: true}}, nil)
	})
	client.OnPublish(func(_ centrifuge.PublishEvent, done centrifuge.PublishCallback) {
		done(centrifuge.PublishReply{Options: centrifuge.PublishOptions{HistorySize: 100, HistoryTTL: time.Minute}}, nil)
	})
	client.OnRPC(func(event centrifuge.RPCEvent, done centrifuge.RPCCallback) {
		s.call(client.Context(), event, done)
	})
}

// call answers an RPC: that of hold on a goroutine that ends with its client.
func (s *Server) call(ctx context.Context, event centrifuge.RPCEvent, done centrifuge.RPCCallback) {
	answer := centrifuge.RPCReply{Data: event.Data}
	switch event.Method {
	case "echo":
		done(answer, nil)
	case "release":
		done(answer, nil)
		s.held <- struct{}{}
	case "hold":
		go func() {
			select {
			case <-s.held:
				done(answer, nil)
			case <-ctx.Done():
				done(centrifuge.RPCReply{}, centrifuge.ErrorInternal)
			}
		}()
	default:
		done(centrifuge.RPCReply{}, centrifuge.ErrorMethodNotFound)
	}
}

// Variables are those that the config file reads.
func (s *Server) Variables() map[string]string {
	return map[string]string{"API": s.URL(), "CENTRIFUGE": s.WebSocketURL()}
}

// URL is that of the login endpoint, without a path.
func (s *Server) URL() string { return "http://" + s.site.Address() }

// WebSocketURL is that of the node.
func (s *Server) WebSocketURL() string { return "ws://" + s.site.Address() + "/connection/websocket" }

// Account is the user who may log in.
func (s *Server) Account() scenario.Account { return s.Accounts.Account() }

// Push publishes a text in the channel.
func (s *Server) Push(_ context.Context, text string) error {
	data, err := json.Marshal(map[string]string{"text": text})
	if err != nil {
		return err
	}
	_, err = s.current().Publish(Channel, data, centrifuge.WithHistory(100, time.Minute))
	return err
}

// Disconnect closes the connections of a user with a code.
func (s *Server) Disconnect(name string, code uint32) error {
	return s.current().Disconnect(name, centrifuge.WithCustomDisconnect(centrifuge.Disconnect{Code: code}))
}

// Revoke ends all tokens of a user, and disconnects with 3503.
func (s *Server) Revoke(_ context.Context, name string) error {
	s.Accounts.Revoke(name)
	return s.current().Disconnect(name)
}

// Cut ends every connection without another word.
func (s *Server) Cut() error { return s.site.Cut() }

// Restart shuts the node down, with 3001 for its clients, and starts another one,
// whose history is empty.
func (s *Server) Restart(ctx context.Context) error {
	if err := errors.Join(s.current().Shutdown(ctx), s.site.Stop()); err != nil {
		return err
	}
	return s.start()
}

// Close ends the server.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return errors.Join(s.current().Shutdown(ctx), s.site.Stop())
}

func (s *Server) current() *centrifuge.Node {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.node
}

// Said returns how often clients have sent a command: connect, refresh, subscribe,
// publish or rpc.
func (s *Server) Said(command string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said[command]
}

// note counts a command.
func (s *Server) note(event centrifuge.CommandReadEvent) {
	command, name := event.Command, ""
	switch {
	case command.Connect != nil:
		name = "connect"
	case command.Refresh != nil:
		name = "refresh"
	case command.Subscribe != nil:
		name = "subscribe"
	case command.Publish != nil:
		name = "publish"
	case command.Rpc != nil:
		name = "rpc"
	}
	s.mu.Lock()
	s.said[name]++
	s.mu.Unlock()
	s.Count(func(*scenario.Counts) {}) // for those who wait for the command
}
