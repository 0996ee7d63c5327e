package connectortest

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

const (
	messageLimit = 64 << 10         // bytes of a client's message
	queueLength  = 256              // frames waiting to be written to a socket
	writeWait    = 10 * time.Second // for writing one frame
	closeWait    = 5 * time.Second  // for the answer to a close frame
)

// socket is one WebSocket connection: a goroutine reads it, another writes what
// is queued for it.
type socket struct {
	conn *websocket.Conn // nil until room.attach
	out  chan frame
	gone chan struct{} // closed when the socket leaves the room

	authed bool // of the reading goroutine

	// Guarded by the room's lock.
	subscribed bool
	closing    bool
}

type frame struct {
	kind    int
	payload []byte
}

type subscription struct {
	Kind string `json:"kind"`
}

type echoText struct {
	Text string `json:"text"`
}

type credentials struct {
	Token string `json:"token"`
}

type clientMessage struct {
	ID         *int64        `json:"id"`
	Auth       *credentials  `json:"auth"`
	Sub        *subscription `json:"sub"`
	MenuAdd    *category     `json:"menuAdd"`
	MenuDelete *categoryID   `json:"menuDelete"`
	Echo       *echoText     `json:"echo"`
}

type serverMessage struct {
	ID         *int64        `json:"id,omitempty"`
	Auth       *User         `json:"auth,omitempty"`
	Sub        *subscription `json:"sub,omitempty"`
	MenuAdd    *category     `json:"menuAdd,omitempty"`
	MenuDelete *categoryID   `json:"menuDelete,omitempty"`
	Echo       *echoText     `json:"echo,omitempty"`
	Push       any           `json:"push,omitempty"`
	Error      *failure      `json:"error,omitempty"`
}

func (b *Backend) upgrade(w http.ResponseWriter, r *http.Request) {
	if b.meetFault(w, r, atUpgrade) {
		return
	}
	// The socket joins before the client can know that it is open, so that
	// no fault misses a socket which the client has seen.
	s := &socket{out: make(chan frame, queueLength), gone: make(chan struct{})}
	if !b.room.join(s) {
		fail(w, http.StatusServiceUnavailable, "unavailable", "the backend is closed")
		return
	}
	defer b.room.leave(s)
	conn, err := b.upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // the upgrader has answered
	}
	if !b.room.attach(s, conn) {
		conn.Close()
		return
	}
	b.running.Go(func() { b.write(s) })
	b.read(s)
}

func (b *Backend) read(s *socket) {
	s.conn.SetReadLimit(messageLimit)
	for {
		kind, data, err := s.conn.ReadMessage()
		if err != nil {
			return
		}
		if b.room.closing(s) {
			continue
		}
		var m clientMessage
		if kind != websocket.TextMessage || json.Unmarshal(data, &m) != nil || m.ID == nil {
			b.room.answer(s, serverMessage{Error: &failure{"bad_message", "the message cannot be decoded"}})
			continue
		}
		if keep := b.handle(s, m); !keep {
			return
		}
	}
}

func (b *Backend) write(s *socket) {
	defer b.room.leave(s)
	for {
		select {
		case <-s.gone:
			return
		case f := <-s.out:
			deadline := time.Now().Add(writeWait)
			if f.kind == websocket.CloseMessage {
				if s.conn.WriteControl(f.kind, f.payload, deadline) != nil {
					return
				}
				s.conn.SetReadDeadline(time.Now().Add(closeWait))
				<-s.gone
				return
			}
			s.conn.SetWriteDeadline(deadline)
			if s.conn.WriteMessage(f.kind, f.payload) != nil {
				return
			}
		}
	}
}

// handle acts on a message that has an id; false breaks the connection.
func (b *Backend) handle(s *socket, m clientMessage) bool {
	at, known := m.step()
	if !known {
		b.deny(s, m, "bad_message", "the message must carry exactly one known request")
		return true
	}
	switch b.script.arrive(at).action {
	case hold:
		return true
	case drop:
		return false
	case reject:
		if at == atAuth {
			b.deny(s, m, "invalid_token", errInvalidToken.Error())
		} else {
			b.deny(s, m, "rejected", "rejected")
		}
		return true
	}
	switch {
	case at == atAuth:
		b.authenticate(s, m)
	case !s.authed:
		b.deny(s, m, "auth_required", "authenticate first")
	case at == atSubscribe:
		b.subscribe(s, m)
	default:
		b.perform(s, m)
	}
	return true
}

func (b *Backend) authenticate(s *socket, m clientMessage) {
	login, err := b.accounts.check(m.Auth.Token)
	if err != nil {
		b.deny(s, m, "invalid_token", err.Error())
		return
	}
	s.authed = true
	b.room.answer(s, serverMessage{ID: m.ID, Auth: &login.user})
}

func (b *Backend) subscribe(s *socket, m clientMessage) {
	if m.Sub.Kind != "categories" {
		b.deny(s, m, "not_found", "there is nothing of that kind to subscribe to")
		return
	}
	b.room.subscribe(s, *m.ID, *m.Sub)
}

func (b *Backend) perform(s *socket, m clientMessage) {
	switch {
	case m.MenuAdd != nil:
		b.room.add(s, *m.ID, m.MenuAdd.Name)
	case m.MenuDelete != nil:
		b.room.remove(s, *m.ID, *m.MenuDelete)
	default:
		b.room.answer(s, serverMessage{ID: m.ID, Echo: m.Echo})
	}
}

func (b *Backend) deny(s *socket, m clientMessage, code, text string) {
	b.room.answer(s, serverMessage{ID: m.ID, Error: &failure{code, text}})
}

// step tells what m asks for; it is false unless that is exactly one thing.
func (m clientMessage) step() (step, bool) {
	var found []step
	if m.Auth != nil {
		found = append(found, atAuth)
	}
	if m.Sub != nil {
		found = append(found, atSubscribe)
	}
	for _, request := range []bool{m.MenuAdd != nil, m.MenuDelete != nil, m.Echo != nil} {
		if request {
			found = append(found, atRequest)
		}
	}
	if len(found) != 1 {
		return 0, false
	}
	return found[0], true
}
