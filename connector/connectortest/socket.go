package connectortest

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

const (
	messageLimit = 64 << 10         // bytes of a client's message
	queueLength  = 256              // frames waiting to be written to a socket
	writeWait    = 10 * time.Second // for writing one frame
	closeWait    = 5 * time.Second  // for the answer to a close frame
)

// What there is to subscribe to, besides the plain channels.
const (
	categories = "categories"
	news       = "news"
)

// offered tells whether kind is there to subscribe to.
func offered(kind string, public bool) bool {
	if public || kind == news {
		return kind == news
	}
	number, channel := strings.CutPrefix(kind, "room-")
	return kind == categories || channel && len(number) == 1 && number >= "1" && number <= "9"
}

// cut is the kind of a frame that is not sent: it breaks the connection once
// those before it are.
const cut = -1

// socket is one WebSocket connection: a goroutine reads it, another writes what
// is queued for it.
type socket struct {
	public bool            // it asks for no token and knows no menu
	conn   *websocket.Conn // nil until room.attach
	out    chan frame
	gone   chan struct{} // closed when the socket leaves the room

	// Guarded by the room's lock.
	login   *login          // nil while anonymous
	hears   map[string]bool // the kinds it is subscribed to
	closing bool
}

type frame struct {
	kind    int
	payload []byte
}

func newSocket(public bool) *socket {
	return &socket{
		public: public,
		out:    make(chan frame, queueLength),
		gone:   make(chan struct{}),
		hears:  make(map[string]bool),
	}
}

func (b *Backend) upgrade(w http.ResponseWriter, r *http.Request) {
	b.open(w, r, atUpgrade, newSocket(false))
}

func (b *Backend) upgradePublic(w http.ResponseWriter, r *http.Request) {
	b.open(w, r, atPublicUpgrade, newSocket(true))
}

// open makes the connection of r that of s, unless a fault comes first, and
// stays until it ends.
func (b *Backend) open(w http.ResponseWriter, r *http.Request, at step, s *socket) {
	f := b.script.arrive(at)
	if b.dealWith(f, w, r, at) {
		return
	}
	// The socket joins before the client can know that it is open, so that
	// no fault misses a socket which the client has seen.
	if !b.room.join(s) {
		fail(w, http.StatusServiceUnavailable, failure{"unavailable", "the backend is closed"})
		return
	}
	defer b.room.leave(s)
	conn, err := b.upgrader.Upgrade(w, r, http.Header{"Date": w.Header()["Date"]})
	if err != nil {
		return // the upgrader has answered
	}
	if !b.room.attach(s, conn) {
		conn.Close()
		return
	}
	switch f.action {
	case dropAfter:
		return
	case closeAfter:
		b.room.close(s, f.code, f.reason)
	case mute:
		<-s.gone
		return
	}
	b.countPings(s, f.action == deaf)
	b.running.Go(func() { b.write(s) })
	b.read(s)
}

func (b *Backend) countPings(s *socket, deaf bool) {
	pong := s.conn.PingHandler()
	s.conn.SetPingHandler(func(data string) error {
		b.script.arrive(atPing)
		if deaf {
			return nil
		}
		return pong(data)
	})
	s.conn.SetPongHandler(func(string) error {
		b.script.arrive(atPong)
		return nil
	})
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
			if !s.writeFrame(f) {
				return
			}
		}
	}
}

// writeFrame is false when nothing may follow.
func (s *socket) writeFrame(f frame) bool {
	deadline := time.Now().Add(writeWait)
	switch f.kind {
	case cut:
		return false
	case websocket.PingMessage:
		return s.conn.WriteControl(f.kind, f.payload, deadline) == nil
	case websocket.CloseMessage:
		if s.conn.WriteControl(f.kind, f.payload, deadline) == nil {
			s.conn.SetReadDeadline(time.Now().Add(closeWait))
			<-s.gone
		}
		return false
	}
	s.conn.SetWriteDeadline(deadline)
	return s.conn.WriteMessage(f.kind, f.payload) == nil
}

// handle acts on a message that has an id; false breaks the connection.
func (b *Backend) handle(s *socket, m clientMessage) bool {
	at, known := m.step(s.public)
	if !known {
		b.deny(s, m, failure{"bad_message", "the message must carry exactly one known request"})
		return true
	}
	f := b.script.arriveOnSocket(at)
	switch f.action {
	case hold:
	case drop:
		return false
	case dropAfter:
		b.perform(s, m, at)
		b.room.cut(s)
	case closeWith:
		b.room.close(s, f.code, f.reason)
	case closeAfter:
		b.perform(s, m, at)
		b.room.close(s, f.code, f.reason)
	case anonymous:
		b.room.answer(s, serverMessage{Error: &failure{"unavailable", "an answer without an id"}})
	case refuse:
		b.deny(s, m, refused(at, f.status).failure)
	case reply:
		b.room.say(s, f.body)
	case reject:
		if at == atAuth {
			b.deny(s, m, errInvalidToken.failure)
		} else {
			b.deny(s, m, failure{"rejected", "rejected"})
		}
	default:
		b.perform(s, m, at)
	}
	return true
}

func (b *Backend) perform(s *socket, m clientMessage, at step) {
	switch {
	case at == atAuth:
		b.authenticate(s, m)
	case at == atLogin:
		b.logInOn(s, m)
	case !s.public && !b.room.authenticated(s):
		b.deny(s, m, failure{"auth_required", "authenticate first"})
	case at == atLogout:
		b.accounts.end(b.room.forget(s))
		b.room.answer(s, serverMessage{ID: m.ID, Logout: m.Logout})
	case at == atSubscribe:
		b.subscribe(s, m)
	case at == atUnsubscribe:
		b.room.unsubscribe(s, *m.ID, m.Unsub.Kind)
	case at == atAppPing:
		b.room.answer(s, serverMessage{ID: m.ID, Ping: m.Ping})
	case m.MenuAdd != nil:
		b.room.add(s, *m.ID, m.MenuAdd.Name)
	case m.MenuDelete != nil:
		b.room.remove(s, *m.ID, *m.MenuDelete)
	default:
		b.room.answer(s, serverMessage{ID: m.ID, Echo: m.Echo})
	}
}

func (b *Backend) authenticate(s *socket, m clientMessage) {
	login, err := b.room.admit(s, func() (*login, error) {
		l, err := b.accounts.check(m.Auth.Token)
		if err == nil && s.login != nil && s.login.user.ID != l.user.ID {
			return nil, errOtherUser
		}
		return l, err
	})
	if err != nil {
		b.deny(s, m, denialOf(err).failure)
		return
	}
	b.room.answer(s, serverMessage{ID: m.ID, Auth: &login.user})
}

func (b *Backend) logInOn(s *socket, m clientMessage) {
	var pair tokenPair
	_, err := b.room.admit(s, func() (l *login, err error) {
		l, pair, err = b.accounts.logIn(m.Login.Name, m.Login.Password)
		return l, err
	})
	if err != nil {
		b.deny(s, m, denialOf(err).failure)
		return
	}
	b.room.answer(s, serverMessage{ID: m.ID, Login: &pair})
}

func (b *Backend) subscribe(s *socket, m clientMessage) {
	if !offered(m.Sub.Kind, s.public) {
		b.deny(s, m, failure{"not_found", "there is nothing of that kind to subscribe to"})
		return
	}
	b.room.subscribe(s, *m.ID, *m.Sub)
}

func (b *Backend) deny(s *socket, m clientMessage, why failure) {
	b.room.answer(s, serverMessage{ID: m.ID, Error: &why})
}
