package simulation

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/transitions"
)

// recovery is how long everything may take to be ready when nothing goes wrong any
// more: the longest that anything waits is OutageRetry, beside a Retry-After of a
// minute and the deadlines of an attempt, which grow to four times their value.
const recovery = 12 * time.Minute

// dying is how long a connection may be open that is of no use any more: its close
// frame is written within WriteTimeout.
const dying = 15 * time.Second

// unnoticed is how long a half-open connection may seem to be ready: PingAfter and
// PingTimeout, and a little.
const unnoticed = 40 * time.Second

// recovers heals the network, and checks that everything comes back.
func (w *world) recovers(chance *rand.Rand) {
	w.heal()
	if chance.IntN(2) == 0 {
		w.session.Wake()
	}
	w.hurry()
	if !w.becomesReady() {
		return
	}
	ready := time.Now()
	for i, s := range w.sockets {
		w.answers(s, w.lines[i], chance)
	}
	time.Sleep(requestTimeout + slowness + time.Second) // for those that others have begun
	synctest.Wait()
	if pending := w.session.Status().Pending; pending > 0 {
		w.violation(29, "%d requests are pending %v after everything is well", pending, requestTimeout)
	}
	w.staysReady(ready)
	w.count(func(f *Figures) *int { return &f.Recoveries })
}

// staysReady checks that the session, which was ready, is so still, or again when a
// connection has turned out to be half-open: unless a command came between, or the
// server had ended the token before.
func (w *world) staysReady(since time.Time) {
	w.mu.Lock()
	excused := w.commands > 0 || w.commanded.After(since) || w.refused.After(since)
	w.mu.Unlock()
	if excused {
		return
	}
	defer w.command()()
	ctx, cancel := context.WithTimeout(context.Background(), recovery)
	defer cancel()
	if err := w.session.Require(ctx, connector.RequireReady); err != nil {
		w.violation(29, "the session, which was ready on a sound network, is %v: %v", w.session.Status().Session, err)
	}
}

// becomesReady waits until every socket is ready, logging in and opening what was
// closed or has failed, as a user would.
func (w *world) becomesReady() bool {
	ctx, cancel := context.WithTimeout(context.Background(), recovery)
	defer cancel()
	var err error
	for ctx.Err() == nil {
		done := w.command()
		if !w.session.Status().LoggedIn {
			err = w.session.Login(connector.WithoutSockets(ctx), credentials{users[0].Name, users[0].Password})
		}
		if err == nil || errors.Is(err, connector.ErrLoggedIn) {
			err = w.session.Open()
		}
		if err == nil {
			err = w.session.Require(ctx, connector.RequireReady)
		}
		done()
		if err == nil {
			return true
		}
		w.judges("the recovery", err)
		w.hurry()
		time.Sleep(time.Second)
		err = nil
	}
	w.violation(29, "not ready %v after the network has healed: %+v", recovery, w.session.Status())
	return false
}

// answers checks that a socket works: a request is answered, and a push arrives.
func (w *world) answers(s *socket, l *line, chance *rand.Rand) {
	if w.failed() {
		return
	}
	before := s.Status()
	if err := w.tries(s, chance.IntN(2) == 0); err != nil {
		time.Sleep(unnoticed)
		if sameConnection(before, s.Status()) {
			w.violation(29, "socket %s is ready, and a request came to %v", s.ID(), err)
		}
	}
	pushes := s.Messages(held)
	defer pushes.Close()
	before = s.Status()
	kind := l.declared[len(l.declared)-1]
	w.push(kind)
	ctx, cancel := context.WithTimeout(context.Background(), unnoticed)
	defer cancel()
	for m := range pushes.All(ctx) {
		if m.Push != nil && (m.Push.Kind == kind || m.Push.News != nil) {
			return
		}
	}
	if sameConnection(before, s.Status()) {
		w.violation(29, "socket %s is ready, and a push did not arrive", s.ID())
	}
}

// tries makes a request, and returns what came of it.
func (w *world) tries(s *socket, repeatable bool) error {
	settled := make(chan error, 1)
	w.running.Go(func() { settled <- w.asks(s, needReady, repeatable, requestTimeout) })
	select {
	case err := <-settled:
		return err
	case <-time.After(requestTimeout + slowness + time.Second):
		return errors.New("nothing at all")
	}
}

// sameConnection tells whether a socket was ready, and is so on the same connection.
func sameConnection(before, after connector.SocketStatus) bool {
	ready := func(s connector.SocketStatus) bool {
		return slices.Contains([]transitions.SocketState{transitions.SocketSubscribed, transitions.SocketProbing, transitions.SocketRenewing}, s.State)
	}
	return ready(before) && ready(after) && before.Generation == after.Generation
}

// leavesForDead logs out while the peer is gone: deadlines alone must end it, and
// leave nothing.
func (w *world) leavesForDead(chance *rand.Rand) {
	w.fault()
	switch chance.IntN(3) {
	case 0:
		w.network.Hang(true)
		w.network.Freeze()
	case 1:
		w.network.Refuse(true)
		for _, k := range w.network.Links() {
			k.Stall(true)
		}
	case 2:
		w.network.Hang(true)
	}
	w.leaves()
	w.network.Refuse(false)
	w.network.Hang(false)
	for _, k := range w.network.Links() {
		k.Stall(false)
	}
}

// leaves logs every user out, and checks that nothing is left.
func (w *world) leaves() {
	done := w.command()
	for range 1 + w.session.Status().Depth { // one after the other leads back to the user before
		_ = w.leave("Logout", closeTimeout, w.session.Logout)
		if w.session.Status().Session == transitions.SessionLoggedOut {
			break
		}
	}
	done()
	w.mu.Lock()
	alone := w.commands == 0
	if alone {
		w.loggedOut = time.Now()
	}
	w.mu.Unlock()
	time.Sleep(dying)
	synctest.Wait()
	w.mu.Lock()
	alone = alone && w.commands == 0
	w.mu.Unlock()
	if !alone {
		return
	}
	if status := w.session.Status(); status.Session != transitions.SessionLoggedOut || status.Pending > 0 && !w.lines[1].public {
		w.violation(27, "after a logout on a dead network the session is %v, and %d requests are pending", status.Session, status.Pending)
	}
	for i, l := range w.lines {
		if l.public {
			continue
		}
		if n := w.openTaps(l); n > 0 {
			w.violation(10, "%d connections of socket %s are open %v after everybody has logged out", n, l.id, dying)
		}
		if state := w.sockets[i].Status().State; state != transitions.SocketClosed {
			w.violation(1, "socket %s is %v after everybody has logged out", l.id, state)
		}
	}
	w.count(func(f *Figures) *int { return &f.Logouts })
}

// openTaps returns how many connections of a socket the client has not closed.
func (w *world) openTaps(l *line) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(l.open)
}

// sees checks what must hold at every moment.
func (w *world) sees() {
	synctest.Wait()
	w.look()
	for i, l := range w.lines {
		w.seesOwned(l, w.sockets[i].Status().State)
	}
	w.seesRequests()
}

// unconnected are the states in which a socket owns no connection.
var unconnected = []transitions.SocketState{
	transitions.SocketClosed, transitions.SocketTokenPending, transitions.SocketWaiting, transitions.SocketOutage,
	transitions.SocketBusyWaiting, transitions.SocketFailed, transitions.SocketRemoved,
}

// seesOwned checks that no connection is open but the one that its socket owns. One
// that it does not own any more may be dying for a while.
func (w *world) seesOwned(l *line, state transitions.SocketState) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, t := range l.open {
		last := i == len(l.open)-1
		switch long := time.Since(t.useless); {
		case last && !slices.Contains(unconnected, state):
		case t.useless.IsZero():
			t.useless = time.Now()
		case long > dying && last:
			w.note(10, "connection %d of socket %s, which is %v, is still open %v after nobody owned it any more", t.number, l.id, state, long)
		case long > dying:
			w.note(11, "connection %d of socket %s is still open %v after there was another one", t.number, l.id, long)
		}
	}
}

// seesRequests checks that no more requests wait than the buffers hold, and none for
// too long.
func (w *world) seesRequests() {
	w.mu.Lock()
	defer w.mu.Unlock()
	waiting := make(map[string]int)
	for text, r := range w.requests {
		if r.socket == "chat" && len(r.on) == 0 {
			waiting[r.need]++
		}
		if long := time.Since(r.began); long > r.most {
			w.note(15, "%q is not settled after %v", text, long)
		}
	}
	for _, need := range []string{needReady, needAuthed} {
		if waiting[need] > chatBuffer {
			w.note(25, "%d requests of need %s wait for socket chat, whose buffer holds %d", waiting[need], need, chatBuffer)
		}
	}
}
