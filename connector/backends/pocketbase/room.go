package pocketbase

import (
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/pocketbase/pocketbase/core"
)

// room has the sockets of an application.
type room struct {
	app      core.App
	upgrader websocket.Upgrader
	running  sync.WaitGroup // of handlers

	mu      sync.Mutex
	sockets map[*socket]identity
	closed  bool
}

// identity is whose a socket is.
type identity struct {
	user string      // the record's id
	key  string      // the record's, which is another when its tokens are revoked
	end  *time.Timer // of the token
}

// newRoom opens a room, which learns from the application of tokens that are revoked.
func newRoom(app core.App) *room {
	r := &room{app: app, sockets: make(map[*socket]identity)}
	app.OnRecordAfterUpdateSuccess().BindFunc(r.revoke)
	return r
}

// serve answers /ws.
func (r *room) serve(e *core.RequestEvent) error {
	if !r.enter() {
		return e.NotFoundError("", nil)
	}
	defer r.running.Done()
	conn, err := r.upgrader.Upgrade(e.Response, e.Request, nil)
	if err != nil {
		return nil // which is answered
	}
	defer conn.Close()
	s := &socket{room: r, conn: conn}
	s.read()
	r.forget(s)
	return nil
}

// enter counts one more handler; false: the room is closed.
func (r *room) enter() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	r.running.Add(1)
	return true
}

// close returns when every handler has ended, as they do when their connections break.
func (r *room) close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.running.Wait()
}

// know takes a socket for a record's, until the end of its token.
func (r *room) know(s *socket, record *core.Record, end time.Time) {
	r.forget(s)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sockets[s] = identity{
		user: record.Id, key: record.TokenKey(),
		end: time.AfterFunc(time.Until(end), func() { s.dismiss("token expired") }),
	}
}

// knows tells whether a socket has said whose it is.
func (r *room) knows(s *socket) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, known := r.sockets[s]
	return known
}

func (r *room) forget(s *socket) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if whose, known := r.sockets[s]; known {
		whose.end.Stop()
		delete(r.sockets, s)
	}
}

// push sends a text to every socket that is known.
func (r *room) push(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for s := range r.sockets {
		s.write(map[string]any{"push": map[string]string{"text": text}})
	}
}

// revoke dismisses the sockets of a record whose tokens have been revoked.
func (r *room) revoke(e *core.RecordEvent) error {
	r.mu.Lock()
	for s, whose := range r.sockets {
		if whose.user == e.Record.Id && whose.key != e.Record.TokenKey() {
			s.dismiss("token revoked")
		}
	}
	r.mu.Unlock()
	return e.Next()
}
