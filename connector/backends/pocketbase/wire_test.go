package pocketbase

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/pocketbase/pocketbase/tools/security"
	"github.com/spf13/cast"
)

// start serves a PocketBase for the length of a test.
func start(t *testing.T, life time.Duration) *Server {
	t.Helper()
	s, err := Start(t.TempDir(), life)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// id is that of one of users.
func id(t *testing.T, s *Server, email string) string {
	t.Helper()
	id, err := s.ID(email)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// reply is an answer of PocketBase.
type reply struct {
	Status int
	Token  string
	Record map[string]any
	Body   map[string]any
}

// call makes one request, with the token as it is for its Authorization.
func call(t *testing.T, s *Server, method, path, token string, body any) reply {
	t.Helper()
	payload, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(method, s.URL()+path, bytes.NewReader(payload))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", token)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	answer := reply{Status: resp.StatusCode}
	if err := json.Unmarshal(text, &answer.Body); err != nil {
		t.Fatalf("%s %s: %v: %s", method, path, err, text)
	}
	answer.Token, _ = answer.Body["token"].(string)
	answer.Record, _ = answer.Body["record"].(map[string]any)
	return answer
}

func login(t *testing.T, s *Server, collection, email, password string) reply {
	t.Helper()
	return call(t, s, "POST", "/api/collections/"+collection+"/auth-with-password", "", map[string]string{"identity": email, "password": password})
}

func refresh(t *testing.T, s *Server, token string) reply {
	t.Helper()
	return call(t, s, "POST", "/api/collections/users/auth-refresh", token, nil)
}

// claims are those of a token, whose signature is not looked at.
func claims(t *testing.T, token string) map[string]any {
	t.Helper()
	c, err := security.ParseUnverifiedJWT(token)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// own reads a user's own record.
func own(t *testing.T, s *Server, id, token string) reply {
	t.Helper()
	return call(t, s, "GET", "/api/collections/users/records/"+id, token, nil)
}

func status(t *testing.T, what string, got reply, want int) {
	t.Helper()
	if got.Status != want {
		t.Errorf("%s: got %d %v, want %d", what, got.Status, got.Body, want)
	}
}

// TestWire shows the facts about PocketBase that the clients of this package go by.
func TestWire(t *testing.T) {
	s := start(t, 0)
	ann, bob := id(t, s, Ann), id(t, s, Bob)
	first := login(t, s, "users", Ann, Password)

	t.Run("a login gives a token and a record", func(t *testing.T) {
		status(t, "login", first, 200)
		if got := claims(t, first.Token); got["id"] != ann || got["refreshable"] != true || got["iat"] != nil {
			t.Errorf("claims: got %v, want the id %s, refreshable and no iat", got, ann)
		}
		if first.Record["id"] != ann || first.Record["email"] != Ann {
			t.Errorf("record: got %v", first.Record)
		}
	})
	t.Run("a wrong password and an unknown user are 400", func(t *testing.T) {
		status(t, "wrong password", login(t, s, "users", Ann, "wrong"), 400)
		status(t, "unknown user", login(t, s, "users", "eve@example.com", Password), 400)
		status(t, "no password", login(t, s, "users", Ann, ""), 400)
	})
	t.Run("the token goes bare, and with Bearer too", func(t *testing.T) {
		status(t, "bare", own(t, s, ann, first.Token), 200)
		status(t, "Bearer", own(t, s, ann, "Bearer "+first.Token), 200)
	})
	t.Run("whoever may not see a record is told that there is none", func(t *testing.T) {
		status(t, "guest", own(t, s, ann, ""), 404)
		status(t, "another user", own(t, s, bob, first.Token), 404)
		status(t, "no token at all", own(t, s, ann, "nonsense"), 404)
	})
	t.Run("a refresh takes the token itself, which stays good", func(t *testing.T) {
		next := refresh(t, s, first.Token)
		status(t, "refresh", next, 200)
		status(t, "with the new one", own(t, s, ann, next.Token), 200)
		status(t, "with the old one", refresh(t, s, first.Token), 200)
		status(t, "without one", refresh(t, s, ""), 401)
	})
	t.Run("a refresh is of the token's own collection", func(t *testing.T) {
		root := login(t, s, "_superusers", Root, Password)
		status(t, "login", root, 200)
		status(t, "of users", refresh(t, s, root.Token), 403)
		status(t, "of _superusers", call(t, s, "POST", "/api/collections/_superusers/auth-refresh", root.Token, nil), 200)
	})
}

// TestWireImpersonation shows what a token of an impersonation can do.
func TestWireImpersonation(t *testing.T) {
	t.Parallel()
	s := start(t, 0)
	ann := id(t, s, Ann)
	become := func(token string, seconds int) reply {
		return call(t, s, "POST", "/api/collections/users/impersonate/"+ann, token, map[string]int{"duration": seconds})
	}
	root := login(t, s, "_superusers", Root, Password).Token

	status(t, "by a user", become(login(t, s, "users", Bob, Password).Token, 60), 403)
	status(t, "by a guest", become("", 60), 401)
	status(t, "of nobody", call(t, s, "POST", "/api/collections/users/impersonate/nobody", root, nil), 404)

	long := become(root, 60)
	status(t, "impersonate", long, 200)
	if claims(t, long.Token)["refreshable"] != false || long.Record["id"] != ann {
		t.Errorf("got %v and %v, want a token that is not refreshable, and ann", claims(t, long.Token), long.Record)
	}
	status(t, "own record", own(t, s, ann, long.Token), 200)
	again := refresh(t, s, long.Token)
	status(t, "refresh", again, 200)
	if again.Token != long.Token {
		t.Errorf("refresh: got another token, want the same one back")
	}

	short := become(root, 1)
	end := time.Unix(cast.ToInt64(claims(t, short.Token)["exp"]), 0)
	<-time.After(time.Until(end) + 50*time.Millisecond)
	status(t, "own record after the end", own(t, s, ann, short.Token), 404)
	status(t, "refresh after the end", refresh(t, s, short.Token), 401)
}

// TestWireRevoked shows that a new password ends all tokens, and the socket.
func TestWireRevoked(t *testing.T) {
	t.Parallel()
	s := start(t, 0)
	token := login(t, s, "users", Ann, Password).Token
	conn, _, err := websocket.DefaultDialer.Dial(s.WebSocketURL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	hears := func(want string) {
		t.Helper()
		_, got, err := conn.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		if string(bytes.TrimSpace(got)) != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	ask := func(message, want string) {
		t.Helper()
		if err := conn.WriteMessage(websocket.TextMessage, []byte(message)); err != nil {
			t.Fatal(err)
		}
		hears(want)
	}
	ask(`{"id":1,"echo":1}`, `{"error":{"code":"unauthorized","text":"say auth first"},"id":1}`)
	ask(`{"id":2,"auth":{"token":"nonsense"}}`, `{"error":{"code":"invalid_token","text":"no record has this token"},"id":2}`)
	ask(`{"id":3,"auth":{"token":"`+token+`"}}`, `{"auth":{"email":"ann@example.com","id":"`+id(t, s, Ann)+`"},"id":3}`)
	ask(`{"id":4,"echo":{"text":"hi"}}`, `{"echo":{"text":"hi"},"id":4}`)
	ask(`{"id":5}`, `{"error":{"code":"unknown_method","text":"say auth or echo"},"id":5}`)
	if err := s.Push(t.Context(), "now"); err != nil {
		t.Fatal(err)
	}
	hears(`{"push":{"text":"now"}}`)

	if err := s.SetPassword(Ann, "another-horse"); err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, _, err = conn.ReadMessage()
	}
	if !websocket.IsCloseError(err, closeUnauthorized) {
		t.Errorf("socket: got %v, want the close code %d", err, closeUnauthorized)
	}
	status(t, "refresh", refresh(t, s, token), 401)
	status(t, "the old password", login(t, s, "users", Ann, Password), 400)
	status(t, "the new password", login(t, s, "users", Ann, "another-horse"), 200)
}

// TestWireRestart shows that records and tokens outlive the process.
func TestWireRestart(t *testing.T) {
	t.Parallel()
	s := start(t, 0)
	token, ann := login(t, s, "users", Ann, Password).Token, id(t, s, Ann)
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	status(t, "own record", own(t, s, ann, token), 200)
	status(t, "refresh", refresh(t, s, token), 200)
}
