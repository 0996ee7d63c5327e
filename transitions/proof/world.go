package proof

import (
	"errors"
	"slices"

	"github.com/custom-app/interlock/fsm"
	t "github.com/custom-app/interlock/transitions"
)

const (
	maxSockets = 3
	maxUsers   = 4
)

// world is a core and what surrounds it.
type world struct {
	core   *t.Core
	rules  *rules
	ledger ledger
	moment *moment // lent to the rules of what comes of an event; nil: none has come
}

// kept returns a world of one's own.
func (w *world) kept() *world {
	return &world{core: w.core.Clone(), rules: w.rules, ledger: w.ledger}
}

// walker moves worlds. Each goroutine has its own.
type walker struct {
	next    world    // lent for each move
	run     [2]world // lent for the moves of a run, in turn
	reached [len(goals)]bool
	known   uint8         // of the world that is checked: the policies by which it is sound
	sound   map[key]uint8 // worlds from which runs end as they should, a bit for each policy
}

func newWalker() *walker {
	return &walker{next: world{core: &t.Core{}}, run: [2]world{{core: &t.Core{}}, {core: &t.Core{}}}, sound: make(map[key]uint8)}
}

// moves calls each with every possible next world, which is lent until the next
// move. An event that is declared impossible changes nothing and is no move.
func (x *walker) moves(w *world, each func(t.Input, *world, error)) {
	w.inputs(func(in t.Input, current bool) {
		if w.core.Idle(in) && !w.heeds(in, current) {
			each(in, w, nil)
			return
		}
		err := x.next.post(w, in, current)
		if _, impossible := err.(*fsm.ImpossibleError); impossible {
			return
		}
		if err == nil {
			for i := range goals {
				x.reached[i] = x.reached[i] || goals[i].Holds(&x.next)
			}
		}
		each(in, &x.next, err)
	})
}

// post makes the world what becomes of another one by an event, and books what
// comes of it. The error is what must not be, or an [fsm.ImpossibleError].
func (w *world) post(from *world, in t.Input, current bool) error {
	w.rules, w.ledger = from.rules, from.ledger
	w.core.Assign(from.core)
	if in == joins {
		_, err := w.core.AddSocket(*w.rules.plan.Joins)
		return err
	}
	outputs, err := w.core.Post(in)
	switch {
	case errors.Is(err, t.ErrEndless):
		return &breach{"31", err}
	case errors.Is(err, t.ErrDefect):
		return &breach{"D2", err}
	case err != nil:
		return err
	}
	if !current && w.rules.about[in.To][in.On].generational {
		if err := checkStale(from, w, outputs); err != nil {
			return err
		}
	}
	w.cause(from, in, current)
	for i := range outputs {
		if err := w.book(from, &outputs[i]); err != nil {
			return err
		}
	}
	if err := checkOutputs(from, w, in, current, outputs); err != nil {
		return err
	}
	w.forget(from)
	return nil
}

// slot returns the place of a socket among those that there are.
func (w *world) slot(id uint32) int {
	for i := range w.core.Sockets() {
		if w.core.SocketID(i) == id {
			return i
		}
	}
	return maxSockets // which is nowhere
}

// forget removes the wires of sockets that are no more.
func (w *world) forget(from *world) {
	if from.core.Sockets() == w.core.Sockets() {
		return
	}
	var left [len(w.ledger.sockets)]wire
	for i := range w.core.Sockets() {
		left[i] = w.ledger.sockets[from.slot(w.core.SocketID(i))]
	}
	w.ledger.sockets = left
}

// key is what matters of a world. It holds all of it, not a hash, so that no two
// worlds are taken for one.
type key struct {
	length uint8
	bytes  [keySize]byte
}

const keySize = 63

// keySize is how long the key of a plan's worlds can be: of the session and the
// login, of each user's token, and of each socket with its subscriptions and
// requests.
func (p Plan) keySize() int {
	size := 8 + 3*(p.Depth+1) + p.Adds
	all := p.Sockets
	if p.Joins != nil {
		all = append(slices.Clone(all), *p.Joins)
	}
	for _, s := range all {
		size += 8 + s.Subscriptions
		if len(p.Requests) > 0 {
			size += 3 * max(p.Pending, 1)
		}
	}
	return size
}

func (w *world) key() key {
	var k key
	b := w.core.AppendKey(k.bytes[:0])
	for i := range w.core.Tokens() {
		user := &w.ledger.users[i]
		_, token := w.core.TokenOf(i) // as generations go, equal or not is all that matters
		b = append(b, bits(w.ledger.logins > 0, user.refreshes > 0, user.logouts > 0, user.storing == token.Gen, user.erasing))
	}
	b = w.appendSockets(b)
	k.length = uint8(len(b)) // which Plan's validation bounds
	return k
}

// appendSockets appends the parts of the sockets, sorted, since those that are alike
// may stand for each other.
func (w *world) appendSockets(b []byte) []byte {
	var ends [maxSockets + 1]int
	n := w.core.Sockets()
	ends[0] = len(b)
	for i := range n {
		b = append(w.core.AppendSocketKey(b, i), w.ledger.sockets[i].bits())
		ends[i+1] = len(b)
	}
	if n < 2 {
		return b
	}
	var unsorted [keySize]byte
	copy(unsorted[:], b)
	part := func(i int) []byte { return unsorted[ends[i]:ends[i+1]] }
	var order [maxSockets]int
	for i := range n {
		at := i
		for ; at > 0 && slices.Compare(part(i), part(order[at-1])) < 0; at-- {
			order[at] = order[at-1]
		}
		order[at] = i
	}
	b = b[:ends[0]]
	for _, i := range order[:n] {
		b = append(b, part(i)...)
	}
	return b
}

func (w wire) bits() uint8 { return bits(w.dialling, w.open, w.asked, w.authed, w.wanted) }

func bits(flags ...bool) uint8 {
	var all uint8
	for i, set := range flags {
		if set {
			all |= 1 << i
		}
	}
	return all
}
