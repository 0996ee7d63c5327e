package simulation

import (
	"context"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// line is what is seen of one socket on the network.
type line struct {
	id       string
	address  string
	declared []string // what it subscribes to on each connection
	public   bool     // it gets no token, and outlives a logout

	mu     sync.Mutex
	chance *rand.Rand // of the dials; guarded by mu

	// Guarded by the lock of the ledger.
	dials []time.Time // of the last minute
	least time.Time   // the server wants no dial earlier
	asked time.Time   // when it said so
	open  []*tap      // not closed by the client, the oldest first
}

// tap is the client's end of one connection of a socket. It reads along what
// crosses, and judges it.
type tap struct {
	net.Conn
	world  *world
	line   *line
	number int // of the connection in the run

	useless time.Time // since when no socket owns it; guarded by the lock of the ledger

	mu       sync.Mutex
	up, down wire
	user     int // whose token it carries; 0: none so far
	auths    map[uint64]bool
	authed   bool
	subs     map[uint64]string // sent, by their ids
	joined   map[string]bool   // accepted
	closing  bool              // a close frame was sent
}

// dialSocket dials for a socket, and taps what comes of it.
func (w *world) dialSocket(ctx context.Context, network, address string) (net.Conn, error) {
	i := slices.IndexFunc(w.lines, func(l *line) bool { return l.address == address })
	if i < 0 {
		w.violation(4, "a socket was dialled at %s, which none is declared with", address)
		return nil, io.ErrUnexpectedEOF
	}
	if err := w.lines[i].rest(ctx); err != nil {
		return nil, err
	}
	w.noteDial(w.lines[i])
	conn, err := w.network.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	t := &tap{
		Conn: conn, world: w, line: w.lines[i], number: int(w.taps.Add(1)),
		auths: make(map[uint64]bool), subs: make(map[uint64]string), joined: make(map[string]bool),
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	t.line.open = append(t.line.open, t)
	return t, nil
}

// Close notes that the client is done with the connection.
func (t *tap) Close() error {
	t.world.mu.Lock()
	t.line.open = slices.DeleteFunc(t.line.open, func(other *tap) bool { return other == t })
	t.world.mu.Unlock()
	return t.Conn.Close()
}

// rest waits for a moment, as a name server would make it: two sockets that are
// dialled at one instant are then connected at two.
func (l *line) rest(ctx context.Context) error {
	l.mu.Lock()
	moment := time.Duration(l.chance.Int64N(int64(20 * time.Millisecond)))
	l.mu.Unlock()
	select {
	case <-time.After(moment):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// mostDials is how often a socket may be dialled in a minute beside what commands
// ask for: delays that double from RetryFloor make seven attempts, and a connection
// that is stable for StablePeriod begins anew.
const mostDials = 15

// noteDial judges the pace of dials.
func (w *world) noteDial(l *line) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	w.figures.Dials++
	l.dials = append(recent(l.dials, now), now)
	w.hurries = recent(w.hurries, now)
	if len(l.dials) > mostDials+4*len(w.hurries) {
		w.note(24, "socket %s was dialled %d times in a minute, after %d commands", l.id, len(l.dials), len(w.hurries))
	}
	if now.Before(l.least) && w.commands == 0 && w.commanded.Before(l.asked) {
		w.note(24, "socket %s was dialled %v before the time that the server had asked for", l.id, l.least.Sub(now))
	}
	if !l.public && !w.loggedOut.IsZero() && now.After(w.loggedOut) {
		w.note(1, "socket %s was dialled %v after everybody had logged out", l.id, now.Sub(w.loggedOut))
	}
}

// recent drops what was more than a minute ago.
func recent(times []time.Time, now time.Time) []time.Time {
	return slices.DeleteFunc(times, func(t time.Time) bool { return now.Sub(t) > time.Minute })
}

// Write reads along before the peer can answer.
func (t *tap) Write(p []byte) (int, error) {
	t.mu.Lock()
	t.up.feed(p, t.asks, t.sends)
	t.mu.Unlock()
	return t.Conn.Write(p)
}

// Read reads along before the client can react.
func (t *tap) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	t.mu.Lock()
	t.down.feed(p[:n], t.answers, t.hears)
	t.mu.Unlock()
	return n, err
}

// asks judges the head of the upgrade request. The methods from here on are called with t.mu held.
func (t *tap) asks(head string) bool {
	request, fields, _ := strings.Cut(head, "\r\n")
	if secret([]byte(request)) != "" {
		t.world.violation(4, "socket %s: the request line of an upgrade holds a token", t.line.id)
	}
	for field := range strings.SplitSeq(fields, "\r\n") {
		if access, ok := strings.CutPrefix(field, "Authorization: Bearer "); ok {
			t.carries(access)
		}
	}
	return true
}

// carries judges a token on the connection.
func (t *tap) carries(access string) {
	of := holder(access)
	switch {
	case t.line.public:
		t.world.violation(4, "socket %s: a token went to a public socket", t.line.id)
	case of == 0 || t.user == of:
	case t.user == 0:
		t.user = of
	default:
		t.world.violation(3, "socket %s: a connection of user %d carries a token of user %d", t.line.id, t.user, of)
	}
}

// answers reads the head of the answer to the upgrade request.
func (t *tap) answers(head string) bool {
	status, fields, _ := strings.Cut(head, "\r\n")
	opened := strings.Contains(status, " 101 ")
	for field := range strings.SplitSeq(fields, "\r\n") {
		if wait, ok := strings.CutPrefix(field, "Retry-After: "); ok {
			if seconds, err := strconv.Atoi(wait); err == nil {
				t.world.mu.Lock()
				t.line.asked = time.Now()
				t.line.least = t.line.asked.Add(time.Duration(seconds) * time.Second)
				t.world.mu.Unlock()
			}
		}
	}
	if opened {
		t.world.count(func(f *Figures) *int { return &f.Connections })
		t.world.pounce()
	}
	return opened
}

// sends judges a frame that the client writes.
func (t *tap) sends(f frame) {
	w := t.world
	if f.op == closeFrame {
		t.closing = true
		return
	}
	if t.closing {
		w.violation(14, "socket %s: a frame was sent after the close frame", t.line.id)
	}
	w.mu.Lock()
	if !t.line.public && !w.loggedOut.IsZero() && time.Now().After(w.loggedOut) {
		w.note(14, "socket %s: a frame was sent %v after everybody had logged out", t.line.id, time.Since(w.loggedOut))
	}
	w.mu.Unlock()
	if f.op != textFrame {
		return
	}
	var r request
	if err := json.Unmarshal(f.payload, &r); err != nil {
		w.violation(14, "socket %s: what was sent is no request: %v", t.line.id, err)
		return
	}
	switch {
	case r.Auth != nil:
		t.carries(r.Auth.Token)
		t.auths[r.ID] = true
	case len(t.auths) == 0 && !t.line.public:
		w.violation(14, "socket %s: a message was sent before the auth message", t.line.id)
	case r.Sub != nil:
		if !t.authed && !t.line.public {
			w.violation(14, "socket %s: the subscription to %s was sent before the answer to auth", t.line.id, r.Sub.Kind)
		}
		t.subs[r.ID] = r.Sub.Kind
	case r.Echo != nil:
		t.writes(r.Echo.Text)
	}
}

// writes judges a request of the application.
func (t *tap) writes(text string) {
	w := t.world
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.requests[text]
	if r == nil {
		w.note(16, "socket %s: %q was sent, which is settled or was never asked for", t.line.id, text)
		return
	}
	ready := !slices.ContainsFunc(t.line.declared, func(kind string) bool { return !t.joined[kind] })
	if r.need == needReady && !ready || r.need != needOpen && !t.authed && !t.line.public {
		w.note(14, "socket %s: %q was sent too early", t.line.id, text)
	}
	r.on[t.number]++
	r.writers[t.number] = t.user
	if r.on[t.number] > 1 || len(r.on) > 1 && !r.repeatable {
		w.note(16, "socket %s: %q was sent twice", t.line.id, text)
	}
}

// hears notes what the server has accepted.
func (t *tap) hears(f frame) {
	if f.op != textFrame {
		return
	}
	for messages := json.NewDecoder(strings.NewReader(string(f.payload))); ; {
		var r response
		if messages.Decode(&r) != nil {
			return
		}
		switch {
		case r.Error != nil || r.ID == 0:
		case r.Auth != nil && t.auths[r.ID]:
			t.authed = true
		case r.Sub != nil && t.subs[r.ID] != "":
			t.joined[t.subs[r.ID]] = true
		}
	}
}
