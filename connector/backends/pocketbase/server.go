// Package pocketbase runs PocketBase, which logs in over HTTP, with a WebSocket of an
// application beside it, on the same router, that takes its tokens. It is a server
// for tests of a client: all of it runs in the process, on loopback.
//
// There are two users, [Ann] and [Bob] in the collection users, and a superuser,
// [Root] in _superusers, who may impersonate them; their password is [Password]. What
// a client has to know of PocketBase is shown by the tests named TestWire.
//
// On the WebSocket /ws, one JSON object a text frame, whose id comes back in the
// answer:
//
//	{"id":1,"auth":{"token":T}}  {"id":1,"auth":{"id":I,"email":E}}; T is a token of PocketBase, of any collection
//	{"id":2,"echo":anything}     {"id":2,"echo":anything}
//	                             {"push":{"text":T}} for each Push
//
// What fails is answered {"id":1,"error":{"code":C,"text":T}}: invalid_token,
// unauthorized before auth, unknown_method. A socket is closed with 4401 at the end of
// its token, and when its user's tokens are revoked. A newer token, by another auth,
// puts the end off.
//
// Its one invariant: PocketBase is as it comes. This package chooses what PocketBase
// leaves to its user, and changes nothing on the wire.
package pocketbase

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	_ "github.com/pocketbase/pocketbase/migrations" // make the collections

	"github.com/custom-app/interlock/connector/backends/scenario"
)

// Server is a PocketBase. Its methods may be called from any goroutine.
type Server struct {
	scenario.Tally

	dir  string // of the data
	site *scenario.Site

	mu   sync.Mutex
	app  *core.BaseApp
	room *room
}

// Start starts a server with its data in dir, which is empty at first. The tokens
// that users get for their passwords live for life, in whole seconds: 10 s at least,
// as PocketBase wants it; 0: five days.
func Start(dir string, life time.Duration) (*Server, error) {
	s := &Server{dir: dir}
	s.site = scenario.NewSite(&s.Tally)
	if err := s.Resume(); err != nil {
		return nil, err
	}
	if err := fill(s.app, life); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Resume starts a server that is stopped, with the same data on the same port.
func (s *Server) Resume() error {
	app := core.NewBaseApp(core.BaseAppConfig{DataDir: s.dir})
	if err := app.Bootstrap(); err != nil {
		return fmt.Errorf("interlock: pocketbase: bootstrap: %w", err)
	}
	if err := app.RunAllMigrations(); err != nil {
		return fmt.Errorf("interlock: pocketbase: migrations: %w", err)
	}
	app.Settings().Logs.MaxDays = 0 // rows of requests would be written after the answers
	s.watch(app)
	room := newRoom(app)
	router, err := apis.NewRouter(app)
	if err != nil {
		return fmt.Errorf("interlock: pocketbase: router: %w", err)
	}
	router.GET("/ws", room.serve)
	mux, err := router.BuildMux()
	if err != nil {
		return fmt.Errorf("interlock: pocketbase: router: %w", err)
	}
	s.mu.Lock()
	s.app, s.room = app, room
	s.mu.Unlock()
	return s.site.Start(mux)
}

// watch counts the logins and refreshes of an application.
func (s *Server) watch(app core.App) {
	app.OnRecordAuthWithPasswordRequest().BindFunc(func(e *core.RecordAuthWithPasswordRequestEvent) error {
		err := e.Next()
		if err != nil { // which is answered later
			s.Count(func(n *scenario.Counts) { n.Refused++ })
		}
		return err
	})
	app.OnRecordAuthRequest().BindFunc(func(e *core.RecordAuthRequestEvent) error {
		if e.AuthMethod == core.MFAMethodPassword {
			s.Count(func(n *scenario.Counts) { n.Logins++ })
		}
		return e.Next()
	})
	app.OnRecordAuthRefreshRequest().BindFunc(func(e *core.RecordAuthRefreshRequestEvent) error {
		s.Count(func(n *scenario.Counts) { n.Refreshes++ })
		return e.Next()
	})
}

// current is the application that runs, and its sockets.
func (s *Server) current() (*core.BaseApp, *room) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.app, s.room
}

// Stop ends a server as the end of its process does: connections break, and what is
// in the database stays.
func (s *Server) Stop() error {
	app, room := s.current()
	err := s.site.Stop()
	room.close()
	end := &core.TerminateEvent{App: app}
	return errors.Join(err, app.OnTerminate().Trigger(end, func(*core.TerminateEvent) error {
		return app.ResetBootstrapState()
	}))
}

// Restart stops the server, and starts it again.
func (s *Server) Restart(context.Context) error {
	if err := s.Stop(); err != nil {
		return err
	}
	return s.Resume()
}

// Close ends the server.
func (s *Server) Close() error { return s.Stop() }

// Variables are those that the config file reads.
func (s *Server) Variables() map[string]string { return map[string]string{"POCKETBASE": s.URL()} }

// URL is that of PocketBase, without a path.
func (s *Server) URL() string { return "http://" + s.site.Address() }

// WebSocketURL is that of the application's WebSocket.
func (s *Server) WebSocketURL() string { return "ws://" + s.site.Address() + "/ws" }

// Account is Ann.
func (s *Server) Account() scenario.Account {
	return scenario.Account{Name: Ann, Password: Password}
}

// Push sends a text to every socket whose user is known.
func (s *Server) Push(_ context.Context, text string) error {
	_, room := s.current()
	room.push(text)
	return nil
}

// Revoke gives one of users a password that nobody knows.
func (s *Server) Revoke(_ context.Context, name string) error {
	return s.SetPassword(name, rand.Text())
}
