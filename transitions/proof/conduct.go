package proof

import (
	"strings"

	t "github.com/custom-app/interlock/transitions"
)

// conduct is a rule of the machines together: what an effect of one is for, at the
// others. What it names happens within the same event, to everyone whom it names;
// what no rule names, nor any level, does not happen.
type conduct struct {
	Name     string                          // which begins with the number of its clause or invariant
	Does     []t.Port                        // one of these effects
	Meets    t.Port                          // is this event
	At       func(m *moment, id uint32) bool // of these machines; nil: of the only one
	Gen, Arg func(m *moment, n uint32) bool  // with such numbers; nil: 0
}

// moment is when something happens, while one event is worked off.
type moment struct {
	from, to *world
	in       t.Input
	outputs  []t.Output
	met      marks  // the events that rules have named
	at       int    // where it is among the outputs
	token    uint32 // of the current user, at that time
}

func (m *moment) cause() *t.Output { return &m.outputs[m.at] }

// marks are a bit for each output of an event.
type marks [mostOutputs/64 + 1]uint64

func (m *marks) has(i int) bool { return m[i/64]&(1<<(i%64)) != 0 }
func (m *marks) set(i int)      { m[i/64] |= 1 << (i % 64) }

// conducts are the rules of each effect.
var conducts = func() (all [kinds][64][]*conduct) {
	for _, rules := range [][]conduct{sessionConduct, loginConduct, tokenConduct, socketConduct} {
		for i := range rules {
			for _, effect := range rules[i].Does {
				list := &all[effect.Machine][effect.Number]
				*list = append(*list, &rules[i])
			}
		}
	}
	return all
}()

// checkConduct holds what came of an event against the rules of the machines
// together.
func checkConduct(from, to *world, in t.Input, outputs []t.Output) error {
	if to.moment == nil {
		to.moment = new(moment)
	}
	m := to.moment
	*m = moment{from: from, to: to, in: in, outputs: outputs, token: uint32(from.core.Tokens() - 1)}
	outside := true
	for i := range outputs {
		out := &outputs[i]
		m.at = i
		switch out.What {
		case t.Stepped:
			if !outside && !m.met.has(i) {
				if err := m.checkLevel(); err != nil {
					return err
				}
			}
			outside = false
			if out.Machine == t.TokenKind && (out.ID > m.token || t.TokenEvent(out.On) == t.TokenRestoreRequested) {
				m.token = out.ID
			}
		case t.Perform:
			if err := checkTold(from, in, out); err != nil {
				return err
			}
			for _, c := range conducts[out.Machine][out.Effect] {
				if err := c.hold(m); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// hold finds what the effect is for among the outputs behind it, and marks it.
func (c *conduct) hold(m *moment) error {
	for k := 0; ; k++ {
		id, ok := m.there(c.Meets.Machine, k)
		if !ok {
			return nil
		}
		if (c.At == nil || c.At(m, id)) && !c.meets(m, id) {
			clause, rest, _ := strings.Cut(c.Name, " ")
			return broken(clause, "%s: %s, and no such %s comes to %s %d", rest, m.from.rules.EffectName(m.cause().Machine, m.cause().Effect), m.from.rules.EventName(c.Meets.Machine, c.Meets.Number), c.Meets.Machine, id)
		}
	}
}

func (c *conduct) meets(m *moment, id uint32) bool {
	for i := m.at + 1; i < len(m.outputs); i++ {
		out := &m.outputs[i]
		if out.What == t.Stepped && out.On == c.Meets.Number && out.Machine == c.Meets.Machine && out.ID == id && !m.met.has(i) {
			m.met.set(i)
			return carries(c.Gen, m, out.Gen) && carries(c.Arg, m, out.Arg)
		}
	}
	return false
}

func carries(want func(*moment, uint32) bool, m *moment, n uint32) bool {
	if want == nil {
		return n == 0
	}
	return want(m, n)
}

// there returns the id of the k-th machine of a kind that there is at that time,
// or, of tokens, may be added.
func (m *moment) there(kind t.Kind, k int) (id uint32, ok bool) {
	core := m.from.core
	switch kind {
	case t.SessionKind, t.LoginKind:
		return 0, k == 0
	case t.TokenKind:
		return uint32(k), k <= int(m.token)+1
	case t.SocketKind:
		if k < core.Sockets() {
			return core.SocketID(k), true
		}
	case t.SubscriptionKind:
		if k < core.Subscriptions() {
			id, _, _, _ = core.Subscription(k)
			return id, true
		}
		return m.in.ID, k == core.Subscriptions() && m.in.To == kind && t.SubscriptionEvent(m.in.On) == t.SubscriptionAdded
	case t.RequestKind:
		if k < core.Requests() {
			id, _, _, _ = core.Request(k)
			return id, true
		}
		return m.in.ID, k == core.Requests() && m.in.To == kind && t.RequestEvent(m.in.On) == t.RequestSubmit
	}
	return 0, false
}

// socket returns the data of a socket.
func (m *moment) socket(id uint32) t.SocketData {
	_, data := m.from.core.Socket(m.from.slot(id))
	return data
}

// group returns the group of a socket.
func (m *moment) group(id uint32) int {
	plan := &m.from.rules.plan
	if int(id) < len(plan.Sockets) {
		return plan.Sockets[id].Group
	}
	return plan.Joins.Group
}

// owner returns the socket of a subscription or a request.
func (m *moment) owner(kind t.Kind, id uint32) uint32 {
	if m.in.To == kind && m.in.ID == id && (kind == t.RequestKind && t.RequestEvent(m.in.On) == t.RequestSubmit || kind == t.SubscriptionKind && t.SubscriptionEvent(m.in.On) == t.SubscriptionAdded) {
		return m.in.Gen
	}
	if kind == t.RequestKind {
		socket, _, _ := m.from.request(id)
		return socket
	}
	for i := range m.from.core.Subscriptions() {
		if of, socket, _, _ := m.from.core.Subscription(i); of == id {
			return socket
		}
	}
	return maxSockets
}

// generation returns that of a token at the time.
func (m *moment) generation(token uint32) uint32 {
	for i := m.at - 1; i >= 0; i-- {
		if out := &m.outputs[i]; out.What == t.Stepped && out.Machine == t.TokenKind && out.ID == token {
			return out.Now
		}
	}
	gen, _ := m.from.core.Generation(t.Input{To: t.TokenKind, ID: token})
	return gen
}
