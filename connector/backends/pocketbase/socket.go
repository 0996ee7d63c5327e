package pocketbase

import (
	"encoding/json"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/security"
	"github.com/spf13/cast"
)

// patience is how long a peer may take to read, or to answer a close.
const patience = time.Second

// closeUnauthorized is the close code of a socket whose token is good no longer.
const closeUnauthorized = 4401

// socket is one connection of the application's.
type socket struct {
	room *room
	conn *websocket.Conn

	mu sync.Mutex // of writes
}

// request is what a client says. One of its fields but ID is set.
type request struct {
	ID   uint64 `json:"id"`
	Auth *struct {
		Token string `json:"token"`
	} `json:"auth"`
	Echo json.RawMessage `json:"echo"`
}

// fault is what an answer says that is none.
type fault struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// read answers requests until the connection ends.
func (s *socket) read() {
	for {
		var r request
		if err := s.conn.ReadJSON(&r); err != nil {
			return
		}
		answer := s.answer(r)
		answer["id"] = r.ID
		s.write(answer)
	}
}

func (s *socket) answer(r request) map[string]any {
	switch {
	case r.Auth != nil:
		return s.auth(r.Auth.Token)
	case !s.room.knows(s):
		return map[string]any{"error": fault{"unauthorized", "say auth first"}}
	case r.Echo != nil:
		return map[string]any{"echo": r.Echo}
	}
	return map[string]any{"error": fault{"unknown_method", "say auth or echo"}}
}

// auth asks PocketBase whose the token is.
func (s *socket) auth(token string) map[string]any {
	record, err := s.room.app.FindAuthRecordByToken(token, core.TokenTypeAuth)
	if err != nil {
		return map[string]any{"error": fault{"invalid_token", "no record has this token"}}
	}
	claims, _ := security.ParseUnverifiedJWT(token) // verified above
	s.room.know(s, record, time.Unix(cast.ToInt64(claims["exp"]), 0))
	return map[string]any{"auth": map[string]string{"id": record.Id, "email": record.Email()}}
}

// write sends a message; a connection that has ended is the reader's to notice.
func (s *socket) write(message any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conn.SetWriteDeadline(time.Now().Add(patience))
	s.conn.WriteJSON(message)
}

// dismiss closes the socket, saying why.
func (s *socket) dismiss(why string) {
	by := time.Now().Add(patience)
	s.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(closeUnauthorized, why), by)
	s.conn.SetReadDeadline(by) // the reader ends with the peer's close
}
