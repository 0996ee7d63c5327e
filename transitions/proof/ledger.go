package proof

import (
	t "github.com/custom-app/interlock/transitions"
)

// ledger is what the world outside of a core knows: which operations are under
// way, and which connections are open. The core never sees it.
type ledger struct {
	logins  int8 // requests sent and neither answered nor given up
	users   [maxUsers]account
	sockets [maxSockets + 1]wire // in the order of the core's; the last one is nobody's
	handed  uint32               // the generation of the last token that was handed out, which nothing depends on
	since   uint32               // the first of the user whom it was handed out for
}

// account is the world's side of one user's token.
type account struct {
	refreshes, logouts int8
	storing            uint32 // the generation of the token that is on its way to the store; 0: none
	erasing            bool   // what is stored of this login is being erased, or of the one before
}

// wire is the world's side of one socket.
type wire struct {
	dialling bool // the dial of the current generation is under way
	open     bool // a connection is open and owned
	asked    bool // the auth message of this connection is on its way
	authed   bool // its answer was good, or none was needed
	wanted   bool // it was last asked to open, not to close
}

// heeds tells whether an event is to be looked at, whatever the core makes of it: it
// changes the ledger, brings a connection that is somebody's to close, or is a
// command that wants an answer.
func (w *world) heeds(in t.Input, current bool) bool {
	if in.To == t.SocketKind && t.SocketEvent(in.On) == t.SocketOpened || w.rules.about[in.To][in.On].command {
		return true
	}
	if !current || !w.rules.about[in.To][in.On].booked {
		return false
	}
	next := world{ledger: w.ledger}
	next.cause(w, in, current)
	return next.ledger != w.ledger
}

// booked tells whether the ledger has something to do with an event.
func booked(kind t.Kind, on uint8) bool {
	full := ledger{logins: 1}
	for i := range full.users {
		full.users[i] = account{refreshes: 1, logouts: 1, storing: 1, erasing: true}
	}
	for _, one := range [...]wire{{dialling: true}, {asked: true}, {authed: true}} {
		for i := range full.sockets {
			full.sockets[i] = one
		}
		next := full
		if next.cause(t.Input{To: kind, On: on}, 0); next != full {
			return true
		}
	}
	return false
}

// cause books what an event says about the world.
func (w *world) cause(from *world, in t.Input, current bool) {
	if !current {
		return
	}
	slot := 0
	if in.To == t.SocketKind {
		slot = from.slot(in.ID)
	}
	w.ledger.cause(in, slot)
}

// cause books an event; slot is the place of a socket.
func (l *ledger) cause(in t.Input, slot int) {
	switch in.To {
	case t.LoginKind:
		switch t.LoginEvent(in.On) {
		case t.LoginAccepted, t.LoginTokenRefused, t.LoginRejected, t.LoginUnavailable:
			l.logins = 0
		}
	case t.TokenKind:
		switch t.TokenEvent(in.On) {
		case t.TokenRefreshed, t.TokenRejected, t.TokenUnavailable:
			l.users[in.ID].refreshes = 0
		case t.TokenRevoked:
			l.users[in.ID].logouts = 0
		case t.TokenStored, t.TokenStoreTimedOut:
			l.users[in.ID].storing = 0
		case t.TokenErased, t.TokenEraseTimedOut:
			l.users[in.ID].erasing = false
		}
	case t.SocketKind:
		l.sockets[slot].cause(t.SocketEvent(in.On))
	}
}

func (w *wire) cause(e t.SocketEvent) {
	switch e {
	case t.SocketOpened:
		if w.dialling {
			w.dialling, w.open = false, true
		}
	case t.SocketAuthAccepted, t.SocketAuthSkipped:
		w.authed = w.asked
	case t.SocketEnded, t.SocketDropped, t.SocketExpired, t.SocketRejected, t.SocketReplaced, t.SocketBusy:
		w.dialling = false
	}
}

// book books an output, and tells if it must not be.
func (w *world) book(from *world, out *t.Output) error {
	if out.What == t.Stepped {
		return w.bookStep(from, out)
	}
	if out.What != t.Perform {
		return nil
	}
	switch out.Machine {
	case t.LoginKind:
		switch t.LoginEffect(out.Effect) {
		case t.LoginSend:
			return one(&w.ledger.logins, "login")
		case t.LoginCancel:
			w.ledger.logins = 0
		}
	case t.TokenKind:
		since := uint32(0)
		if int(out.ID) < w.core.Tokens() {
			_, token := w.core.TokenOf(int(out.ID))
			since = token.Since
		}
		return w.ledger.perform(out, since)
	case t.SocketKind:
		return w.ledger.sockets[from.slot(out.ID)].perform(t.SocketEffect(out.Effect))
	case t.SubscriptionKind:
		return w.bookSubscription(from, out)
	case t.RequestKind:
		return w.bookRequest(from, out)
	}
	return nil
}

// bookStep books what a socket was asked for last, and tells if a request goes back
// to be sent again that must not.
func (w *world) bookStep(from *world, out *t.Output) error {
	if out.Machine == t.SocketKind {
		w.ledger.sockets[from.slot(out.ID)].ask(t.SocketEvent(out.On))
		return nil
	}
	if out.Machine != t.RequestKind || t.RequestState(out.From) != t.RequestSent || t.RequestState(out.To) != t.RequestBuffered {
		return nil
	}
	if _, data, ok := from.request(out.ID); ok && !data.Repeatable {
		return broken("16", "a request that was written, and may not be repeated, is to go out again")
	}
	return nil
}

// ask books what the session has asked for. An open by hand counts when it is not
// refused.
func (w *wire) ask(on t.SocketEvent) {
	switch on {
	case t.SocketOpenRequested, t.SocketEarlyRequested:
		w.wanted = true
	case t.SocketCloseRequested, t.SocketAbortRequested:
		w.wanted = false
	}
}

// request returns the socket and the data of a request that has not settled.
func (w *world) request(id uint32) (socket uint32, data t.RequestData, ok bool) {
	for i := range w.core.Requests() {
		if found, socket, _, data := w.core.Request(i); found == id {
			return socket, data, true
		}
	}
	return 0, t.RequestData{}, false
}

// bookRequest tells if a request is written to a socket that is not what it needs.
func (w *world) bookRequest(from *world, out *t.Output) error {
	if t.RequestEffect(out.Effect) != t.RequestWrite {
		return nil
	}
	socket, data, ok := w.request(out.ID)
	if !ok {
		if socket, data, ok = from.request(out.ID); !ok {
			return broken("15", "a request that has settled is written")
		}
	}
	if w.slot(socket) == maxSockets {
		return broken("14", "a request is written to a socket that is no more")
	}
	wire := w.ledger.sockets[from.slot(socket)]
	state, s := w.core.Socket(w.slot(socket))
	switch {
	case !wire.open:
		return broken("14", "a request is written without a connection")
	case !s.Guest && !wire.asked, data.Need == t.NeedAuthed && !s.Guest && !wire.authed, data.Need == t.NeedReady && !ready(state):
		return broken("14", "a request that needs %s is written to a socket that is %s", data.Need, w.rules.Socket.StateName(state))
	}
	return nil
}

// bookSubscription tells if a message of a subscription must not be sent.
func (w *world) bookSubscription(from *world, out *t.Output) error {
	if effect := t.SubscriptionEffect(out.Effect); effect != t.SubscriptionSend && effect != t.SubscriptionSendLeave {
		return nil
	}
	for i := range w.core.Subscriptions() {
		if id, socket, _, _ := w.core.Subscription(i); id == out.ID && !w.ledger.sockets[from.slot(socket)].authed {
			return broken("14", "%s on a connection that is not authorised", w.rules.EffectName(out.Machine, out.Effect))
		}
	}
	return nil
}

// hand books a token that is handed out, and tells if its generation was another
// user's, or is older than one before.
func (l *ledger) hand(gen, since uint32) error {
	if older := int32(gen - l.handed); older < 0 || older == 0 && since != l.since {
		return broken("12", "a token of generation %d is handed out after one of %d", gen, l.handed)
	}
	l.handed, l.since = gen, since
	return nil
}

// perform books an effect of a token, of a user whose generations began with since.
func (l *ledger) perform(out *t.Output, since uint32) error {
	a := &l.users[out.ID]
	switch t.TokenEffect(out.Effect) {
	case t.TokenSendRefresh:
		return one(&a.refreshes, "refresh")
	case t.TokenCancelRefresh:
		a.refreshes = 0
	case t.TokenSendLogout, t.TokenSendLogoutEverywhere:
		return one(&a.logouts, "logout")
	case t.TokenCancelLogout:
		a.logouts = 0
	case t.TokenStore:
		a.storing = out.Now
	case t.TokenErase:
		a.erasing = true
	case t.TokenKeep:
		a.erasing = a.erasing && t.TokenState(out.From) != t.TokenAbsent // nobody waits for it whose tokens are others
	case t.TokenDrop:
		a.storing = 0
	case t.TokenTellFresh, t.TokenAnnounceFresh:
		if a.storing == out.Now {
			return broken("7", "a token is used before it is stored")
		}
		return l.hand(out.Now, since)
	}
	return nil
}

func one(inFlight *int8, what string) error {
	if *inFlight++; *inFlight > 1 {
		return broken("5", "a second %s is sent while one is in flight", what)
	}
	return nil
}

func (w *wire) perform(effect t.SocketEffect) error {
	switch effect {
	case t.SocketDial:
		if w.dialling || w.open {
			return broken("11", "a dial while the socket has a connection, or dials")
		}
		w.dialling = true
	case t.SocketTellOpened:
		w.wanted = true
	case t.SocketCloseConnection:
		*w = wire{wanted: w.wanted}
	case t.SocketAdoptConnection, t.SocketSendAuth, t.SocketSendRenewal, t.SocketSendPing, t.SocketSendClose:
		if !w.open {
			return broken("14", "something is sent without a connection")
		}
		w.asked = effect == t.SocketSendAuth || effect == t.SocketSendRenewal || w.asked
		if effect == t.SocketSendClose {
			w.asked, w.authed = false, false // nothing goes after it
		}
	case t.SocketNeedToken:
		w.asked, w.authed = false, false // a connection that was opened before login is authorised now
	}
	return nil
}
