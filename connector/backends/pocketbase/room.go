package pocketbase

import (
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/pocketbase/pocketbase/core"
)

// room has the sockets of one run of the server.
type room struct {
	app      core.App
	upgrader websocket.Upgrader
	running  sync.WaitGroup // of handlers

	mu      sync.Mutex
	sockets map[*socket]identity
	closed  bool
}

// identity is whose a socket is; zero before auth.
type identity struct {
	id  string // of the user
	key string // changes when the user's tokens are revoked
	end *time.Timer
}

func newRoom(app core.App) *room {
	return &room{app: app, sockets: make(map[*socket]identity)}
}

// serve answers /ws.
func (r *room) serve(e *core.RequestEvent) error {
	conn, err := r.upgrader.Upgrade(e.Response, e.Request, nil)
	if err != nil {
		return nil // it is answered
	}
	defer conn.Close()
	s := &socket{room: r, conn: conn}
	if r.enter(s) {
		s.read()
		r.leave(s)
	}
	return nil
}

// enter counts s in; false: the room is shut.
func (r *room) enter(s *socket) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	r.running.Add(1)
	r.sockets[s] = identity{}
	return true
}

// identify says whose s is, until the end of its token.
func (r *room) identify(s *socket, record *core.Record, end time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sockets[s].stop()
	r.sockets[s] = identity{record.Id, record.TokenKey(), time.AfterFunc(time.Until(end), func() { s.dismiss("token expired") })}
}

func (i identity) stop() {
	if i.end != nil {
		i.end.Stop()
	}
}

// who is whose s is; empty before auth.
func (r *room) who(s *socket) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sockets[s].id
}

func (r *room) leave(s *socket) {
	r.mu.Lock()
	r.sockets[s].stop()
	delete(r.sockets, s)
	r.mu.Unlock()
	r.running.Done()
}

// push sends {"push": value} to the sockets of a user.
func (r *room) push(id string, value any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for s, whose := range r.sockets {
		if whose.id == id {
			s.write(map[string]any{"push": value})
		}
	}
}

// revoke dismisses the sockets of a user whose tokens are good no longer.
func (r *room) revoke(e *core.RecordEvent) error {
	r.mu.Lock()
	for s, whose := range r.sockets {
		if whose.id == e.Record.Id && whose.key != e.Record.TokenKey() {
			s.dismiss("token revoked")
		}
	}
	r.mu.Unlock()
	return e.Next()
}

// shut breaks all connections, and waits for their handlers.
func (r *room) shut() {
	r.mu.Lock()
	r.closed = true
	for s := range r.sockets {
		s.conn.Close()
	}
	r.mu.Unlock()
	r.running.Wait()
}
