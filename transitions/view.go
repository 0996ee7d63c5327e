package transitions

import (
	"slices"
	"strings"

	"github.com/custom-app/interlock/fsm"
)

// Session returns the session machine's state and data.
func (c *Core) Session() (SessionState, SessionData) { return c.session.State, c.session.Data }

// Login returns the login machine's state and data.
func (c *Core) Login() (LoginState, LoginData) { return c.login.State, c.login.Data }

// Token returns the state and data of the current user's token.
func (c *Core) Token() (TokenState, TokenData) { return c.TokenOf(len(c.tokens) - 1) }

// Tokens returns how many tokens there are: one, and one more for each user who
// has logged in as another.
func (c *Core) Tokens() int { return len(c.tokens) }

// TokenOf returns the state and data of a token, the master's being 0.
func (c *Core) TokenOf(i int) (TokenState, TokenData) { return c.tokens[i].State, c.tokens[i].Data }

// Generation returns the generation that an event carries when it is not late: that of
// its machine, but of an erasure that of the session which has asked for it. false:
// there is no such machine, or it has no generations.
func (c *Core) Generation(in Input) (gen uint32, ok bool) {
	switch in.To {
	case SessionKind, LoginKind:
		ok = true
	case TokenKind:
		ok = int(in.ID) < len(c.tokens)
		if ok && in.On == uint8(TokenErased) {
			return c.tokens[in.ID].Data.Erasing, true
		}
	case SocketKind:
		ok = c.socketOf(in.ID) != nil
	case SubscriptionKind:
		ok = c.subscriptionOf(in.ID) != nil
	}
	if ok {
		gen, _ = c.generation(in.To, in.ID)
	}
	return gen, ok
}

// Sockets returns how many sockets there are.
func (c *Core) Sockets() int { return len(c.sockets) }

// Socket returns the state and data of the i-th socket there is, from 0.
func (c *Core) Socket(i int) (SocketState, SocketData) {
	return c.sockets[i].State, c.sockets[i].Data
}

// SocketID returns the id of the i-th socket there is. As long as none is removed,
// it is i.
func (c *Core) SocketID(i int) uint32 { return c.sockets[i].id }

// HasSocket tells whether there is a socket of this id, or no more.
func (c *Core) HasSocket(id uint32) bool { return c.socketOf(id) != nil }

// Subscriptions returns how many subscriptions there are.
func (c *Core) Subscriptions() int { return len(c.subscribed) }

// Subscription returns the id, the socket, the state and the data of the i-th
// subscription there is, from 0.
func (c *Core) Subscription(i int) (id, socket uint32, state SubscriptionState, data SubscriptionData) {
	s := &c.subscribed[i]
	return s.id, s.socket, s.State, s.Data
}

// Requests returns how many requests there are that have not settled.
func (c *Core) Requests() int { return len(c.requests) }

// Request returns the id, the socket, the state and the data of the i-th request
// that has not settled, from 0.
func (c *Core) Request(i int) (id, socket uint32, state RequestState, data RequestData) {
	r := &c.requests[i]
	return r.id, r.socket, r.State, r.Data
}

// Buffered returns how many requests of a need wait for the i-th socket there is,
// and of how many bytes.
func (c *Core) Buffered(i int, need Need) (count, bytes int) {
	b := c.sockets[i].buffered[need]
	return b.count, b.bytes
}

// Limits returns the limits of the i-th socket there is.
func (c *Core) Limits(i int) Limits { return c.sockets[i].limits }

// Pending returns how many requests have not settled, and how many of these wait
// in a buffer.
func (c *Core) Pending() (pending, buffered int) {
	for i := range c.sockets {
		for _, buffer := range c.sockets[i].buffered {
			buffered += buffer.count
		}
	}
	return len(c.requests), buffered
}

// Moves tells whether an event would take the session, the login, the token or a
// socket to another state; subscriptions and requests are not asked.
func (c *Core) Moves(in Input) bool {
	switch in.To {
	case SessionKind:
		return c.system.Session.Moves(&c.session, eventOf[SessionEvent](in))
	case LoginKind:
		return c.system.Login.Moves(&c.login, eventOf[LoginEvent](in))
	case TokenKind:
		return int(in.ID) < len(c.tokens) && c.system.Token.Moves(&c.tokens[in.ID], eventOf[TokenEvent](in))
	case SocketKind:
		s := c.socketOf(in.ID)
		return s != nil && c.system.Socket.Moves(&s.Snapshot, eventOf[SocketEvent](in))
	}
	return false
}

// Idle tells whether an event would be taken, but change nothing and lead to
// nothing. Asking is much cheaper than posting, and most of what may come at any
// time is idle.
func (c *Core) Idle(in Input) bool {
	switch in.To {
	case SessionKind:
		return c.system.Session.Idle(&c.session, eventOf[SessionEvent](in))
	case LoginKind:
		return c.system.Login.Idle(&c.login, eventOf[LoginEvent](in))
	case TokenKind:
		return int(in.ID) < len(c.tokens) && c.system.Token.Idle(&c.tokens[in.ID], eventOf[TokenEvent](in))
	case SocketKind:
		s := c.socketOf(in.ID)
		return s != nil && c.system.Socket.Idle(&s.Snapshot, eventOf[SocketEvent](in))
	case SubscriptionKind:
		s := c.subscriptionOf(in.ID)
		return s != nil && c.system.Subscription.Idle(&s.Snapshot, eventOf[SubscriptionEvent](in))
	case RequestKind:
		r := c.requestOf(in.ID)
		return r != nil && c.system.Request.Idle(&r.Snapshot, eventOf[RequestEvent](in))
	}
	return false
}

func eventOf[E ~uint8](in Input) fsm.Event[E] {
	return fsm.Event[E]{On: E(in.On), Gen: in.Gen, Arg: in.Arg}
}

// NextRequest returns the id that the next submitted request must have.
func (c *Core) NextRequest() uint32 { return c.lastRequest + 1 }

// NextSubscription returns the id that the next subscription must have.
func (c *Core) NextSubscription() uint32 { return c.lastSubscription + 1 }

// Clone returns a core that shares nothing with this one but the system.
func (c *Core) Clone() *Core {
	other := *c
	other.tokens = slices.Clone(c.tokens)
	other.sockets = slices.Clone(c.sockets)
	other.requests = slices.Clone(c.requests)
	other.subscribed = slices.Clone(c.subscribed)
	other.queue, other.out = nil, nil
	return &other
}

// Assign makes this core equal to another one of the same system, and shares
// nothing else with it. Used again and again it allocates nothing, unlike Clone.
func (c *Core) Assign(other *Core) {
	if c == other {
		return
	}
	mine := *c
	*c = *other
	c.tokens = append(mine.tokens[:0], other.tokens...)
	c.sockets = append(mine.sockets[:0], other.sockets...)
	c.requests = append(mine.requests[:0], other.requests...)
	c.subscribed = append(mine.subscribed[:0], other.subscribed...)
	c.queue, c.out = mine.queue[:0], mine.out[:0]
}

// Key returns what matters of the core to what it will do: two cores with equal
// keys do the same from here on, up to the names of sockets that are alike.
// Generations are compared, never counted; counters that no guard reads are left
// out; sockets are sorted.
func (c *Core) Key() string {
	sockets := make([]string, len(c.sockets))
	for i := range c.sockets {
		sockets[i] = string(c.AppendSocketKey(nil, i))
	}
	slices.Sort(sockets)
	return string(c.AppendKey(make([]byte, 0, 64))) + strings.Join(sockets, "")
}

// AppendKey appends the part of [Core.Key] that is not of sockets.
func (c *Core) AppendKey(b []byte) []byte {
	session, login := &c.session, &c.login
	broken := session.Data.Broken && session.State != SessionLoggedOut && session.State != SessionAuthenticating
	b = append(b, byte(session.State), byte(session.Data.Depth), session.Data.Group, flag(broken), 0, byte(login.State))
	switch session.State {
	case SessionClosing:
		b[len(b)-2] = session.Data.Leave
	case SessionShutting, SessionSettling:
		b[len(b)-2] = flag(session.Data.Forget)
	}
	d := login.Data
	switch login.State {
	case LoginIdle:
	case LoginOpening:
		b = append(b, byte(d.Ticket), flag(d.Brief))
	default:
		offers := d.Command != CommandLogin && d.Token == c.tokens[len(c.tokens)-1].Data.Gen
		if login.State == LoginTokenPending {
			offers = offers && d.Barred
		}
		b = append(b, byte(d.Ticket), byte(d.Command)<<3|flag(d.Refused)<<2|flag(offers)<<1|flag(d.Brief))
	}
	for i := range c.tokens {
		b = c.tokenKey(b, i)
	}
	return b
}

// tokenKey adds a token's part of the key: of its data what its state reads, or
// leaves to the next. Whether a refused token can have been another user's matters
// only to the one in use.
func (c *Core) tokenKey(b []byte, i int) []byte {
	d, state := c.tokens[i].Data, c.tokens[i].State
	what := flag(d.Erasing != 0)
	switch state {
	case TokenStoring, TokenFresh, TokenStale, TokenRefreshing, TokenWaiting, TokenRestoring:
		current := i == len(c.tokens)-1
		what |= flag(d.Renewable)<<1 | flag(d.Left)<<2 | flag(current && d.Gen == d.Since)<<3 | flag(current && later(d.Gen, d.Since) != d.Gen)<<6
	case TokenParking, TokenParked, TokenParkedStale:
		what |= flag(d.Renewable) << 1
	case TokenLeaving:
		what |= flag(d.Wide) << 1
	}
	switch state {
	case TokenStoring, TokenFresh:
		what |= flag(d.Young)<<4 | flag(d.Wanted)<<5
	case TokenWaiting:
		what |= flag(d.Paced) << 4
	}
	return append(b, byte(state), what)
}

// AppendSocketKey appends the part of [Core.Key] that is of the i-th socket. Data
// that every way out of a state sets anew before it is read again does not matter
// there.
func (c *Core) AppendSocketKey(b []byte, i int) []byte {
	s, current := &c.sockets[i], c.tokens[len(c.tokens)-1].Data.Gen
	what := flag(s.Data.Public) | flag(s.Data.Early)<<1 | flag(s.Data.Renews)<<2 | flag(s.Data.Added)<<3 | flag(s.Data.NoPing)<<5
	b = append(b, byte(s.State), what|flag(s.Data.Guest && s.State != SocketClosed && s.State != SocketFailed)<<4, 0, 0, 0, byte(s.group))
	key := b[len(b)-6:]
	switch s.State {
	case SocketTokenPending:
		key[2] = flag(s.Data.Barred && s.Data.Token == current)
	case SocketAuthenticating:
		key[2] = flag(s.Data.AuthSent)<<1 | flag(s.Data.AuthSent && s.Data.Greeted)
	case SocketRenewing:
		key[2] = flag(s.Data.AuthSent)<<1 | flag(s.Data.Barred && s.Data.Token == current)
	}
	switch s.State {
	case SocketOpening, SocketAuthenticating, SocketAuthed, SocketSubscribed, SocketProbing, SocketRenewing:
		key[3] = flag(s.Data.Token != current)
		if s.Data.Guest && !s.Data.Public {
			since := c.tokens[len(c.tokens)-1].Data.Since
			key[3] |= flag(s.Data.Token != 0)<<1 | flag(s.Data.offersAnothers(since))<<2
		}
	}
	switch s.State {
	case SocketTokenPending, SocketOpening, SocketAuthenticating, SocketAuthed, SocketWaiting, SocketOutage, SocketBusyWaiting:
		key[4] = min(s.Data.Refusals, 1)
	}
	for j := range c.subscribed {
		if sub := &c.subscribed[j]; sub.socket == s.id {
			b = append(b, subscriptionTag|byte(sub.State)<<1|flag(sub.Data.Declared))
		}
	}
	for j := range c.requests {
		if r := &c.requests[j]; r.socket == s.id {
			what := byte(r.Data.Need)<<3 | flag(r.Data.Repeatable)<<2 | flag(r.Data.OneWay)<<1 | flag(r.Data.Written)
			b = appendSize(append(b, requestTag|byte(r.State), what), r.size)
		}
	}
	return append(b, 0)
}

// What begins a part of the key of a socket's.
const (
	subscriptionTag = 0x40
	requestTag      = 0x80
)

// appendSize appends a size in as few bytes as it takes.
func appendSize(b []byte, size int) []byte {
	for ; size >= 0x80; size >>= 7 {
		b = append(b, byte(size)|0x80)
	}
	return append(b, byte(size))
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}
