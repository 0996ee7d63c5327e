// Package pocketbase runs PocketBase in the process, on loopback, with a small
// WebSocket of an application beside it, to try clients on a server that
// nobody has written for them.
//
// PocketBase is as it comes: its router, its database, its tokens. Its records are a
// superuser and two users, all with the password [Password]:
//
//	_superusers  root@example.com
//	users        ann@example.com, bob@example.com
//
// The WebSocket is what an application would put on the same router. See [Server].
package pocketbase

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	_ "github.com/pocketbase/pocketbase/migrations" // make the tables
)

// Password is that of every record that Start makes.
const Password = "correct-horse"

// The emails of the records that Start makes.
const (
	Root = "root@example.com" // of _superusers
	Ann  = "ann@example.com"  // of users
	Bob  = "bob@example.com"  // of users
)

// Server is PocketBase and, at /ws, the application's WebSocket. There, one JSON
// object a text frame, whose id comes back in the answer:
//
//	{"id":1,"auth":{"token":T}}  {"id":1,"auth":{"id":I,"email":E}}; T is a token of PocketBase
//	{"id":2,"echo":anything}     {"id":2,"echo":anything}
//	{"id":2,"say":anything}      {"id":2,"said":true}, and before it, to every socket of the user, {"push":anything}
//
// What fails is answered {"id":1,"error":{"code":C,"text":T}}: invalid_token,
// unauthorized before auth, unknown_method. A socket is closed with 4401 at
// its token's end, and when the user's tokens are revoked; a newer token by another
// auth puts the end off.
//
// Its methods may be called concurrently.
type Server struct {
	dir  string
	addr string // host:port, which Restart keeps

	mu     sync.Mutex
	app    *core.BaseApp
	server *http.Server
	room   *room
	served chan struct{} // closed when the listener has ended
}

// Start serves a PocketBase with its data in dir, on a free port of 127.0.0.1. The
// tokens that users get for their passwords live for life, in whole seconds,
// of which PocketBase itself wants 10 at least; zero is its default of five days.
func Start(dir string, life time.Duration) (*Server, error) {
	s := &Server{dir: dir, addr: "127.0.0.1:0"}
	if err := s.open(); err != nil {
		return nil, err
	}
	if err := s.fill(life); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// URL is where PocketBase is, as "http://host:port".
func (s *Server) URL() string { return "http://" + s.addr }

// WebSocketURL is where the application's WebSocket is.
func (s *Server) WebSocketURL() string { return "ws://" + s.addr + "/ws" }

// open starts the server on s.addr.
func (s *Server) open() error {
	app := core.NewBaseApp(core.BaseAppConfig{DataDir: s.dir})
	if err := app.Bootstrap(); err != nil {
		return fmt.Errorf("interlock: pocketbase: bootstrap: %w", err)
	}
	if err := app.RunAllMigrations(); err != nil {
		return fmt.Errorf("interlock: pocketbase: migrations: %w", err)
	}
	app.Settings().Logs.MaxDays = 0 // no rows of requests, which are written after their answers
	router, err := apis.NewRouter(app)
	if err != nil {
		return fmt.Errorf("interlock: pocketbase: router: %w", err)
	}
	room := newRoom(app)
	router.GET("/ws", room.serve)
	app.OnRecordAfterUpdateSuccess().BindFunc(room.revoke)
	mux, err := router.BuildMux()
	if err != nil {
		return fmt.Errorf("interlock: pocketbase: routes: %w", err)
	}
	listener, err := net.Listen("tcp", s.addr)
	if err != nil {
		return fmt.Errorf("interlock: pocketbase: listen: %w", err)
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	s.addr = listener.Addr().String()
	s.app, s.room = app, room
	s.server, s.served = &http.Server{Handler: mux}, make(chan struct{})
	go func(server *http.Server, served chan struct{}) {
		defer close(served)
		server.Serve(listener)
	}(s.server, s.served)
	return nil
}

// Stop ends the server as the end of its process would: connections break, what is
// in the database stays.
func (s *Server) Stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.app == nil {
		return nil
	}
	err := s.server.Close()
	<-s.served
	s.room.shut()
	app := s.app
	s.app = nil
	end := &core.TerminateEvent{App: app}
	return errors.Join(err, app.OnTerminate().Trigger(end, func(*core.TerminateEvent) error {
		return app.ResetBootstrapState()
	}))
}

// Restart stops the server if it runs, and serves the same data at the same address.
func (s *Server) Restart() error {
	if err := s.Stop(); err != nil {
		return err
	}
	return s.open()
}

// Close stops the server, and waits for what it has started.
func (s *Server) Close() error { return s.Stop() }
