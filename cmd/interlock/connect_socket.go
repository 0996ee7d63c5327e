package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/configfile"
	"github.com/custom-app/interlock/transitions"
)

type (
	message = configfile.Message
	socket  = connector.Socket[message, message]
)

const (
	mostReceived = 64   // messages that wait to be printed, before no more is read
	mostAsked    = 64   // requests of a socket in flight, unless its buffer holds others
	mostOrdered  = 1024 // requests that wait to be in flight, however many its buffer holds

	// An answer that the stream of messages does not bring, since it was lost or the
	// connection has ended, is told without its place among them.
	placePatience = time.Second
)

// lane is one socket of the config file: what is said on it, and what comes.
type lane struct {
	live   *live
	id     string
	prefix []byte        // of its lines
	orders chan order    // in the order in which they are to be sent
	slots  chan struct{} // one for each request in flight
	within time.Duration // for which a request waits

	moved bell // rung when the socket moves

	mu      sync.Mutex
	socket  *socket // nil: it has not dialled yet
	stream  *connector.Stream[connector.Inbound[message]]
	readies *connector.Stream[connector.Ready]
	asked   map[uint64]*asked // requests in flight, by their numbers
	held    <-chan struct{}   // until it is closed, a change of the user is not told
	told    uint32            // the generation of the last connection before that
	others  int               // messages that --once does not print
}

// asked is a request in flight.
type asked struct {
	order   order
	pending *connector.Pending[message]
	told    chan struct{} // closed when its answer is printed
}

func newLane(l *live, declared configfile.Socket) *lane {
	id, _ := json.Marshal(declared.ID)
	most := mostAsked
	if declared.Buffer.Count > 0 {
		most = declared.Buffer.Count
	}
	within := time.Duration(declared.Timeouts.Request)
	if within == 0 {
		within = 30 * time.Second
	}
	return &lane{
		live: l, id: declared.ID, prefix: fmt.Appendf(nil, `{"socket":%s,`, id), within: within,
		orders: make(chan order, min(most, mostOrdered)), slots: make(chan struct{}, most), asked: make(map[uint64]*asked),
	}
}

// attach takes hold of the socket, which is about to dial, and prints what comes. One
// that was removed with its user's login gives way to that of the next.
func (n *lane) attach() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.socket != nil && n.socket.Status().State != transitions.SocketRemoved {
		return
	}
	if n.live.asking.Err() != nil {
		return // the program ends, and hush may have passed
	}
	s, err := connector.On[message, message](n.live.session, n.id)
	if err != nil {
		return // it is removed meanwhile
	}
	stream, readies := s.All(mostReceived), s.Readies(0)
	n.socket, n.stream, n.readies, n.told = s, stream, readies, 0
	n.live.printers.Go(func() { n.receive(stream) })
	n.live.printers.Go(func() { n.compare(readies) })
	n.moved.ring()
}

// hold keeps what later connections bring until the change of the user is told that
// leads to them.
func (n *lane) hold(told <-chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.held = told; n.socket != nil {
		n.told = n.socket.Status().Generation
	}
}

// hush ends what comes.
func (n *lane) hush() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.stream != nil {
		n.stream.Close()
		n.readies.Close()
	}
}

// compare tells when something may be missing in what is printed.
func (n *lane) compare(readies *connector.Stream[connector.Ready]) {
	for ready := range readies.All(context.Background()) {
		if ready.Missed && ready.Again {
			n.live.log.Warn("messages may have been missed", "socket", n.id)
		}
	}
}

// receive prints what the socket brings, until it is no more.
func (n *lane) receive(received *connector.Stream[connector.Inbound[message]]) {
	for in := range received.All(context.Background()) {
		n.mu.Lock()
		a, held := n.asked[in.Request], n.held
		if in.Generation <= n.told {
			held = nil
		}
		n.mu.Unlock()
		if held != nil {
			<-held
		}
		switch {
		case a != nil:
			answer, err := a.pending.Wait(n.live.asking)
			n.tell(a, answer, err)
		case in.Own || n.live.command.Ready:
		case n.live.command.Once:
			n.mu.Lock()
			n.others++
			n.mu.Unlock()
		default:
			n.print([]byte(`"message":`), in.Message)
		}
	}
}

func (n *lane) print(what []byte, m message) {
	text, err := m.MarshalJSON()
	if err != nil {
		n.live.log.Error("a message cannot be printed: "+detail(err), "socket", n.id)
		return
	}
	n.live.out.put(n.prefix, what, text, []byte("}"))
}

// send sends what is ordered, in this order, until the program ends.
func (n *lane) send() {
	for {
		select {
		case o := <-n.orders:
			if err := n.submit(o); err != nil {
				n.refuse(o, err)
			}
		case <-n.live.asking.Done():
			n.cancel()
			return
		}
	}
}

// cancel refuses what is ordered and not sent.
func (n *lane) cancel() {
	for {
		select {
		case o := <-n.orders:
			n.refuse(o, context.Cause(n.live.asking))
		default:
			return
		}
	}
}

// wait returns the socket when it is open, or about to be.
func (n *lane) wait() (*socket, error) {
	timeout := time.NewTimer(n.within)
	defer timeout.Stop()
	for {
		moved := n.moved.next()
		s, err := connector.On[message, message](n.live.session, n.id)
		if err == nil && isOpening(s.Status().State) {
			return s, nil
		}
		select {
		case <-moved:
		case <-n.live.asking.Done():
			return nil, context.Cause(n.live.asking)
		case <-timeout.C:
			return nil, errors.New("the socket was not opened in time: that takes a login, and the groups before it")
		}
	}
}

// isOpening tells whether requests to a socket wait in its buffer, or need not.
func isOpening(state transitions.SocketState) bool {
	return state != transitions.SocketClosed && state != transitions.SocketClosing && state != transitions.SocketRemoved
}

// submit begins a request, or sends what wants no answer.
func (n *lane) submit(o order) error {
	s, err := n.wait()
	if err != nil {
		return err
	}
	s = s.With(o.traits)
	if o.noAnswer || n.live.file.Unanswered(n.id, *o.message) {
		if err := s.Send(n.live.asking, *o.message); err != nil {
			return err
		}
		n.live.settle(true)
		return nil
	}
	select {
	case n.slots <- struct{}{}:
	case <-n.live.asking.Done():
		return context.Cause(n.live.asking)
	}
	n.mu.Lock() // so that it is known when the answer comes
	pending, err := s.Submit(*o.message)
	if err != nil {
		n.mu.Unlock()
		<-n.slots
		return err
	}
	a := &asked{order: o, pending: pending, told: make(chan struct{})}
	n.asked[pending.Number()] = a
	n.mu.Unlock()
	if !n.live.requests.Go(func() { n.await(a) }) { // the program ends, and waits for this goroutine
		n.await(a)
	}
	return nil
}

// await waits for the end of a request, and prints it unless that was done in its place
// among the messages.
func (n *lane) await(a *asked) {
	defer func() { <-n.slots }()
	answer, err := a.pending.Wait(n.live.asking)
	var no *connector.AnswerError
	if err == nil || errors.As(err, &no) {
		select {
		case <-a.told:
			return
		case <-time.After(placePatience):
		}
	}
	n.tell(a, answer, err)
}

// tell prints what became of a request, once.
func (n *lane) tell(a *asked, answer message, err error) {
	n.mu.Lock()
	_, mine := n.asked[a.pending.Number()]
	delete(n.asked, a.pending.Number())
	n.mu.Unlock()
	if !mine {
		return
	}
	defer close(a.told)
	var no *connector.AnswerError
	switch {
	case err == nil:
		n.print(fmt.Appendf(nil, `"request":%s,"answer":`, a.order.label), answer)
		n.live.settle(true)
	case errors.As(err, &no):
		said, _ := json.Marshal(detail(no.Err))
		n.print(fmt.Appendf(nil, `"request":%s,"error":%s,"answer":`, a.order.label, said), answer)
		n.live.settle(false)
	default:
		n.refuse(a.order, n.hinted(err))
	}
}

// hinted is an error with what may have led to it.
func (n *lane) hinted(err error) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.others == 0 || !errors.Is(err, connector.ErrTimedOut) {
		return err
	}
	return fmt.Errorf("%w, though messages came that are no answer: %d; look at them without --once, and at messageID and answer of the socket in the file", err, n.others)
}

// refuse prints that nothing became of a request.
func (n *lane) refuse(o order, err error) {
	text, _ := json.Marshal(detail(err))
	n.live.out.put(n.prefix, fmt.Appendf(nil, `"request":%s,"error":%s}`, o.label, text))
	n.live.settle(false)
}

// detail is the text of an error without the name of the program.
func detail(err error) string { return strings.ReplaceAll(err.Error(), "interlock: ", "") }

// watched makes the sockets of a config known to their lanes, before they dial, and lets
// them lose nothing: no more is read of a socket than standard output takes.
func (l *live) watched(sockets []anySocket) []anySocket {
	for i, s := range sockets {
		if s, ok := s.(connector.SocketConfig[configfile.User, message, message]); ok {
			lane, header := l.lanes[s.ID], s.Header
			s.Slow = connector.HoldBack
			s.Header = func(known connector.Known[configfile.User, message]) http.Header {
				lane.attach()
				if header == nil {
					return nil
				}
				return header(known)
			}
			sockets[i] = s
		}
	}
	return sockets
}
