package transitions

import (
	"fmt"
	"slices"
	"strings"

	"github.com/custom-app/interlock/fsm"
)

// Session returns the session machine's state and data.
func (c *Core) Session() (SessionState, SessionData) { return c.session.State, c.session.Data }

// Login returns the login machine's state and data.
func (c *Core) Login() (LoginState, LoginData) { return c.login.State, c.login.Data }

// Token returns the token machine's state and data.
func (c *Core) Token() (TokenState, TokenData) { return c.token.State, c.token.Data }

// Sockets returns how many sockets there are.
func (c *Core) Sockets() int { return len(c.sockets) }

// Socket returns the state and data of a socket, from 0.
func (c *Core) Socket(i int) (SocketState, SocketData) {
	return c.sockets[i].State, c.sockets[i].Data
}

// Pending returns how many requests have not settled, and how many of these wait
// in a buffer.
func (c *Core) Pending() (pending, buffered int) {
	for i := range c.sockets {
		buffered += c.sockets[i].buffered
	}
	return len(c.requests), buffered
}

// Moves tells whether an event would take the session, the login, the token or a
// socket to another state; requests are not asked.
func (c *Core) Moves(in Input) bool {
	switch in.To {
	case SessionKind:
		return c.system.Session.Moves(&c.session, fsm.Event[SessionEvent]{On: SessionEvent(in.On), Gen: in.Gen, Arg: in.Arg})
	case LoginKind:
		return c.system.Login.Moves(&c.login, fsm.Event[LoginEvent]{On: LoginEvent(in.On), Gen: in.Gen, Arg: in.Arg})
	case TokenKind:
		return c.system.Token.Moves(&c.token, fsm.Event[TokenEvent]{On: TokenEvent(in.On), Gen: in.Gen, Arg: in.Arg})
	case SocketKind:
		return int(in.ID) < len(c.sockets) &&
			c.system.Socket.Moves(&c.sockets[in.ID].Snapshot, fsm.Event[SocketEvent]{On: SocketEvent(in.On), Gen: in.Gen, Arg: in.Arg})
	}
	return false
}

// NextRequest returns the id that the next submitted request must have.
func (c *Core) NextRequest() uint32 { return c.lastRequest + 1 }

// Clone returns a core that shares nothing with this one but the system.
func (c *Core) Clone() *Core {
	other := *c
	other.sockets = slices.Clone(c.sockets)
	other.requests = slices.Clone(c.requests)
	other.queue, other.out = nil, nil
	return &other
}

// Key returns what matters of the core to what it will do: two cores with equal
// keys do the same from here on, up to the names of sockets that are alike.
// Generations are compared, never counted; counters that no guard reads are left
// out; sockets are sorted.
func (c *Core) Key() string {
	var b strings.Builder
	b.Write([]byte{byte(c.session.State), byte(c.login.State), byte(c.token.State), flag(c.token.Data.Renewable), flag(c.token.Data.Young), flag(c.token.Data.Wanted)})
	if c.login.State != LoginIdle {
		fmt.Fprintf(&b, "%d;", c.login.Data.Ticket)
	}
	sockets := make([]string, len(c.sockets))
	for i := range c.sockets {
		sockets[i] = c.socketKey(i)
	}
	slices.Sort(sockets)
	b.WriteString(strings.Join(sockets, ""))
	return b.String()
}

// socketKey is a socket's part of the key. Data that every way out of a state
// sets anew before it is read again does not matter there.
func (c *Core) socketKey(i int) string {
	s := &c.sockets[i]
	key := []byte{byte(s.State), 0, 0, 0}
	switch s.State {
	case SocketTokenPending:
		key[1] = flag(s.Data.Barred && s.Data.Token == c.token.Data.Gen)
	case SocketAuthenticating:
		key[1] = flag(s.Data.AuthSent)
	case SocketAuthed:
		key[1] = s.Data.Awaited
	}
	switch s.State {
	case SocketOpening, SocketAuthenticating, SocketAuthed, SocketSubscribed:
		key[2] = flag(s.Data.Token != c.token.Data.Gen)
	}
	switch s.State {
	case SocketTokenPending, SocketOpening, SocketAuthenticating, SocketAuthed, SocketWaiting:
		key[3] = min(s.Data.Refusals, 1)
	}
	for _, r := range c.requests {
		if int(r.socket) == i {
			key = fmt.Appendf(key, "%d:%d,", r.State, r.size)
		}
	}
	return string(append(key, 0))
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}
