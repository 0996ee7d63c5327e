package connector

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/custom-app/interlock/connector/internal/ws"
	"github.com/custom-app/interlock/transitions"
)

// Inbound is one message from the peer, as [Socket.All] has it.
type Inbound[Res any] struct {
	Message    Res
	Generation uint32 // of the connection that it came on
	Own        bool   // the connector has used it: an answer, an error, or a heartbeat
	Request    uint64 // the number of the request that it answers, as Pending.Number has it; 0: it answers none
}

// expectation says what the answer with an id answers: a step of the handshake, a
// subscription, or a request.
type expectation struct {
	step         *step  // nil for requests
	subscription uint32 // its id; 0: none
	run          *subscriptionRun
	gen          uint32 // the subscription's generation
	leaves       bool   // it ends the subscription
	number       int    // of a declared subscription, from 1; 0: it is not declared
	request      uint32 // its id; 0: none
	turn         uint64 // grows with every expectation of the connection
	settled      bool   // nobody waits for the answer any more, but its turn is still to come
}

// decode gives the messages of a frame to whom they belong.
func (c *connection) decode(f ws.Frame) error {
	_, err := guarded(func() (struct{}, error) {
		return struct{}{}, c.run.wiring.decode(f, func(m message) { c.receive(&m) })
	})
	return err
}

// receive gives one message to whom it belongs. It is published before anything
// comes of it, which may end the connection.
func (c *connection) receive(m *message) {
	act, err := guarded(func() (func(), error) { return c.use(m), m.unread })
	if err != nil {
		c.run.fault("message", err)
	}
	own := act != nil || err != nil && m.err != nil
	if !own {
		c.run.others.Add(1)
	}
	c.tell(m, own)
	if act != nil {
		act()
	}
}

// use returns what a message leads to; nil: it is the application's.
func (c *connection) use(m *message) func() {
	if act := c.heartbeat(m); act != nil {
		return act
	}
	if act := c.answers(m); act != nil {
		return act
	}
	if on, ok := c.verdict(m); ok {
		return func() { c.judge(on, m) }
	}
	if m.err != nil && !m.hasID { // nobody waits for it
		return func() { c.run.fault("message", m.err) }
	}
	return nil
}

// heartbeat answers a ping that is a message, and keeps its like from the
// application.
func (c *connection) heartbeat(m *message) func() {
	w := c.run.wiring
	if w.reply != nil {
		f, is, err := w.reply(m.value)
		switch {
		case is && err != nil:
			return func() { c.run.fault("ping", err) }
		case is:
			return func() {
				c.put(frame{message: f, reply: true})
				go c.flush()
			}
		}
	}
	if w.isPong != nil && w.isPong(m.value) {
		return func() {}
	}
	return nil
}

// answers gives an answer to who waits for it. A message without an id is one too,
// if the step or the socket knows it, or the socket's Blame says so of an error.
func (c *connection) answers(m *message) func() {
	id, named := m.id, m.hasID
	if !named {
		id, named = c.known(m)
	}
	if !named && m.err != nil && c.run.wiring.blame != nil {
		id, named = c.run.wiring.blame(m.value, c.pending())
	}
	if !named {
		return nil
	}
	e, ok := c.take(id)
	if !ok {
		if id > c.run.driver.wireID.Load() {
			c.run.fault("message", errNeverAsked)
		}
		return nil
	}
	if e.settled {
		return func() {}
	}
	if e.request != 0 {
		m.request = id
	}
	return func() { c.post(e, m) }
}

// known returns the id of what a message without one answers: the oldest step that
// knows it, or else the oldest request, if the socket does.
func (c *connection) known(m *message) (uint64, bool) {
	request := uint64(0)
	for _, p := range c.inTurn() {
		switch {
		case p.step != nil && p.step.isAnswer != nil && p.step.isAnswer(m.value):
			return p.id, true
		case p.step == nil && request == 0:
			request = p.id
		}
	}
	isAnswer := c.run.wiring.isAnswer
	return request, request != 0 && isAnswer != nil && isAnswer(m.value)
}

// judge posts what a message says of the connection.
func (c *connection) judge(on transitions.SocketEvent, m *message) {
	c.run.post(on, c.gen, codeArg(m.code), c.run.because("message", complaint(m)))
}

// verdict returns what the rules make of a message.
func (c *connection) verdict(m *message) (transitions.SocketEvent, bool) {
	if !m.hasCode {
		return 0, false
	}
	means, ok := class(c.run.wiring.Rules, OfMessage, m.code)
	return said[means], ok
}

// codeArg is a code as an event carries it; 0 when it does not fit.
func codeArg(code Code) uint32 {
	if code.Number < 0 || code.Number > 1<<16-1 {
		return 0
	}
	return uint32(code.Number)
}

// complaint is the error that a message is.
func complaint(m *message) error {
	if m.err != nil {
		return m.err
	}
	return errNotAccepted
}

// post posts what an answer means. An answer that is an error may also be a
// verdict on the connection.
func (c *connection) post(e expectation, m *message) {
	if e.step == nil {
		why, on := &cause{err: m.err, answer: m}, transitions.RequestAnswer
		if m.err != nil {
			on = transitions.RequestErrorAnswer
		}
		_ = c.run.driver.post(transitions.Input{To: transitions.RequestKind, ID: e.request, On: uint8(on)}, why)
		if verdict, ok := c.verdict(m); ok && m.err != nil {
			c.judge(verdict, m)
		}
		return
	}
	accepted, err := guarded(func() (bool, error) { return m.err == nil && e.step.accept(m.value), nil })
	switch {
	case err != nil:
		c.stepFailed(e, err)
	case accepted:
		c.stepAccepted(e, m)
	default:
		c.stepRejected(e, m)
	}
}

func (c *connection) stepAccepted(e expectation, m *message) {
	why := &cause{answer: m}
	switch {
	case e.leaves:
		c.postSubscription(e, transitions.SubscriptionLeft, why)
	case e.subscription != 0:
		recovered, err := guarded(func() (bool, error) { return e.step.recovered(m.value), nil })
		if err != nil {
			c.run.fault("subscribe", err)
		}
		c.noteRecovered(recovered)
		if e.number != 0 {
			c.run.answered(m)
		}
		c.postSubscription(e, transitions.SubscriptionAccepted, why)
	default:
		c.run.post(transitions.SocketAuthAccepted, c.gen, 0, why)
	}
}

func (c *connection) stepRejected(e expectation, m *message) {
	why := c.run.because(e.op(), e.which(complaint(m)))
	why.answer = m
	if on, ok := c.verdict(m); ok {
		c.run.post(on, c.gen, codeArg(m.code), why)
	}
	switch {
	case e.leaves:
		c.postSubscription(e, transitions.SubscriptionLeft, why)
	case e.subscription != 0:
		c.postSubscription(e, transitions.SubscriptionRejected, why)
	default:
		c.run.post(transitions.SocketAuthRejected, c.gen, 0, why)
	}
}

// stepFailed posts that the builder, the codec or the judge of a step has failed.
func (c *connection) stepFailed(e expectation, err error) {
	why := c.run.because(e.op(), e.which(err))
	if e.subscription != 0 {
		c.postSubscription(e, transitions.SubscriptionBuilderFailed, why)
		return
	}
	c.run.post(transitions.SocketBuilderFailed, c.gen, 0, why)
}

// op is what is being done, for errors.
func (e expectation) op() string {
	switch {
	case e.leaves:
		return "unsubscribe"
	case e.subscription != 0:
		return "subscribe"
	}
	return "auth"
}

// which names a declared subscription in an error.
func (e expectation) which(err error) error {
	if e.number == 0 {
		return err
	}
	return fmt.Errorf("message %d: %w", e.number, err)
}

func (c *connection) postSubscription(e expectation, on transitions.SubscriptionEvent, why *cause) {
	in := transitions.Input{To: transitions.SubscriptionKind, ID: e.subscription, On: uint8(on), Gen: e.gen}
	if err := c.run.driver.post(in, why); err != nil && !errors.Is(err, transitions.ErrSettled) {
		c.run.fault(e.op(), err)
	}
}

// noteRecovered notes whether something may have been missed.
func (c *connection) noteRecovered(recovered bool) {
	if recovered {
		c.answered.Store(true)
	} else {
		c.gap.Store(true)
	}
}

// missed tells whether something may have been missed since the connection before:
// unless every subscription says otherwise.
func (c *connection) missed() bool { return c.gap.Load() || !c.answered.Load() }

func (c *connection) expect(id uint64, e expectation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expects++
	e.turn = c.expects
	c.expected[id] = e
}

// take returns what an id was expected for; an id is answered once.
func (c *connection) take(id uint64) (expectation, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.expected[id]
	delete(c.expected, id)
	if e.settled {
		c.settled--
	}
	return e, ok
}

// mostSettled is how many answers that nobody waits for may be still to come, before
// the peer counts as one that does not answer.
const mostSettled = 1024

// forget drops the expectation of an id that nobody waits for any more. Where
// answers are told by their turn alone, it keeps its turn.
func (c *connection) forget(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.expected[id]
	if !ok || c.run.wiring.isAnswer == nil {
		delete(c.expected, id)
		return
	}
	if e.settled = true; c.settled == mostSettled {
		c.fail(errNoAnswers)
		return
	}
	c.settled++
	c.expected[id] = e
}

// pending is an expectation with its id.
type pending struct {
	id uint64
	expectation
}

// inTurn returns what is expected, in the order in which it was queued to be written.
func (c *connection) inTurn() []pending {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]pending, 0, len(c.expected))
	for id, e := range c.expected {
		all = append(all, pending{id, e})
	}
	slices.SortFunc(all, func(a, b pending) int { return cmp.Compare(a.turn, b.turn) })
	return all
}

// pending returns the ids that are expected, oldest first.
func (c *connection) pending() []uint64 {
	var ids []uint64
	for _, p := range c.inTurn() {
		ids = append(ids, p.id)
	}
	return ids
}
