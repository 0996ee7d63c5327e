package connectortest

import (
	"encoding/json"
	"slices"
	"sync"

	"github.com/gorilla/websocket"
)

type category struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

type categoryID struct {
	ID int `json:"id"`
}

// room holds the open sockets and the menu they share. Answers and pushes are
// queued under its lock, so every socket hears of changes in the order in which
// they happened. Whoever holds that lock may take the ones of the accounts and
// the script, and never the other way round.
type room struct {
	script *script

	mu      sync.Mutex
	closed  bool
	sockets map[*socket]struct{}
	menu    []category
	lastID  int
}

func newRoom(s *script) *room {
	menu := []category{{1, "Soup"}, {2, "Bread"}, {3, "Cake"}}
	return &room{script: s, sockets: make(map[*socket]struct{}), menu: menu, lastID: len(menu)}
}

// join is false once the room is shut.
func (r *room) join(s *socket) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	r.sockets[s] = struct{}{}
	return true
}

// attach gives s its connection. It is false when s was dropped meanwhile.
func (r *room) attach(s *socket, conn *websocket.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, open := r.sockets[s]; !open {
		return false
	}
	s.conn = conn
	return true
}

func (r *room) leave(s *socket) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drop(s)
}

func (r *room) open() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.sockets)
}

func (r *room) shut() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.dropAll()
}

func (r *room) dropAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for s := range r.sockets {
		r.drop(s)
	}
}

func (r *room) closeAll(code int, reason string) {
	r.closeThose(func(*socket) bool { return true }, code, reason)
}

// close closes one socket.
func (r *room) close(s *socket, code int, reason string) {
	r.closeThose(func(other *socket) bool { return other == s }, code, reason)
}

// closeUser closes the sockets that are authenticated as user.
func (r *room) closeUser(user User, code int, reason string) {
	r.closeThose(func(s *socket) bool { return s.login != nil && s.login.user.ID == user.ID }, code, reason)
}

func (r *room) closeThose(chosen func(*socket) bool, code int, reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for s := range r.sockets {
		if chosen(s) {
			r.queue(s, frame{kind: websocket.CloseMessage, payload: websocket.FormatCloseMessage(code, reason)})
			s.closing = true
		}
	}
}

// cut breaks the connection of s once what it was told is written.
func (r *room) cut(s *socket) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queue(s, frame{kind: cut})
	s.closing = true
}

// closing tells whether s was sent a close frame or is to be cut, after which
// what it still says is ignored.
func (r *room) closing(s *socket) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return s.closing
}

// admit authenticates s with the login that check gives. As check runs under
// the lock, of a user who logs out everywhere meanwhile either check fails or
// closeUser finds the socket.
func (r *room) admit(s *socket, check func() (*login, error)) (*login, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l, err := check()
	if err != nil {
		return nil, err
	}
	s.login = l
	return l, nil
}

func (r *room) authenticated(s *socket) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return s.login != nil
}

// forget makes s anonymous, without a subscription, and returns the login that
// it had.
func (r *room) forget(s *socket) *login {
	r.mu.Lock()
	defer r.mu.Unlock()
	had := s.login
	s.login = nil
	clear(s.hears)
	return had
}

// say sends text as it is.
func (r *room) say(s *socket, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queue(s, frame{kind: websocket.TextMessage, payload: []byte(text)})
}

// sayAll sends f as it is.
func (r *room) sayAll(f frame) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for s := range r.sockets {
		r.queue(s, f)
	}
}

func (r *room) tellAuthenticated(m serverMessage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for s := range r.sockets {
		if s.login != nil {
			r.tell(s, m)
		}
	}
}

func (r *room) answer(s *socket, m serverMessage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tell(s, m)
}

// push sends message to every socket that has subscribed to kind.
func (r *room) push(kind string, message any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pushAll(kind, message)
}

func (r *room) subscribe(s *socket, id int64, kind subscription) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.hears[kind.Kind] {
		r.tell(s, serverMessage{ID: &id, Error: &failure{"already_subscribed", "the connection is subscribed to that kind already"}})
		return
	}
	s.hears[kind.Kind] = true
	r.tell(s, serverMessage{ID: &id, Sub: &kind})
	if kind.Kind == categories {
		r.tell(s, serverMessage{Push: map[string][]category{categories: r.menu}})
	}
}

func (r *room) unsubscribe(s *socket, id int64, kind string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !s.hears[kind] {
		r.tell(s, serverMessage{ID: &id, Error: &failure{"not_subscribed", "the connection is not subscribed to that kind"}})
		return
	}
	delete(s.hears, kind)
	r.tell(s, serverMessage{ID: &id, Unsub: &struct{}{}})
}

func (r *room) add(s *socket, id int64, name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lastID++
	added := category{ID: r.lastID, Name: name}
	r.menu = append(r.menu, added)
	r.tell(s, serverMessage{ID: &id, MenuAdd: &added})
	r.pushAll(categories, map[string]category{"categoryUpdate": added})
}

func (r *room) remove(s *socket, id int64, target categoryID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.menu, func(c category) bool { return c.ID == target.ID })
	if i < 0 {
		r.tell(s, serverMessage{ID: &id, Error: &failure{"not_found", "there is no such category"}})
		return
	}
	r.menu = slices.Delete(r.menu, i, i+1)
	r.tell(s, serverMessage{ID: &id, MenuDelete: &target})
	r.pushAll(categories, map[string]categoryID{"categoryDelete": target})
}

// The functions below are called with r.mu held.

func (r *room) pushAll(kind string, message any) {
	for s := range r.sockets {
		if s.hears[kind] {
			r.tell(s, serverMessage{Push: message})
		}
	}
}

func (r *room) tell(s *socket, m serverMessage) {
	payload, err := json.Marshal(m)
	if err != nil {
		r.drop(s)
		return
	}
	if m.ID != nil {
		r.tellAnswer(s, payload)
		return
	}
	r.queue(s, frame{kind: websocket.TextMessage, payload: payload})
}

// tellAnswer sends answer as the fault that it meets wants.
func (r *room) tellAnswer(s *socket, answer []byte) {
	frames := [][]byte{answer}
	switch r.script.answer().action {
	case repeat:
		frames = [][]byte{answer, answer}
	case stray:
		frames = [][]byte{[]byte(strayAnswer), answer}
	case batch:
		frames = [][]byte{slices.Concat(answer, []byte("\n"+batchedPush))}
	}
	for _, payload := range frames {
		r.queue(s, frame{kind: websocket.TextMessage, payload: payload})
	}
}

// queue never waits: a socket too slow for its queue is dropped.
func (r *room) queue(s *socket, f frame) {
	if s.closing {
		return
	}
	select {
	case s.out <- f:
	default:
		r.drop(s)
	}
}

func (r *room) drop(s *socket) {
	if _, open := r.sockets[s]; !open {
		return
	}
	delete(r.sockets, s)
	close(s.gone)
	if s.conn != nil {
		s.conn.Close()
	}
}
