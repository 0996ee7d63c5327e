package connector

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/transitions"
)

// socketRun performs the effects of one socket.
type socketRun struct {
	driver   *driver
	id       uint32 // in the core
	wiring   *wiring
	messages any // the typed streams of messages
	faults   hub[error]
	readies  hub[Ready]
	declared []uint32      // the ids of the subscriptions that the config declares
	gone     chan struct{} // closed when the session knows it no more

	next   atomic.Pointer[time.Time] // when the next attempt begins, while it waits for that
	others atomic.Int64              // messages since the last auth message that are no answer

	// Only the goroutine that runs outputs touches these.
	connection *connection
	cancelDial context.CancelFunc
	attempt    *operation // that is told of; nil: none
	delays     backoff.BackOff
	booked     bool      // the budget knows of the next attempt
	down       time.Time // since when it is wanted and not ready; zero: it is not
	closers    []chan error

	mu      sync.Mutex
	answers []any // to the subscriptions of the connection, and before them to auth
	authed  any
}

// Ready is a socket that has become ready. After a login, and after an open by hand, it
// is so for the first time: whoever keeps something from before fetches it again then too.
type Ready struct {
	Generation uint32
	Again      bool // it was ready before, since it was opened
	Missed     bool // messages may have been missed in between: fetch again what matters
}

// post posts an event of this socket.
func (r *socketRun) post(on transitions.SocketEvent, gen, arg uint32, why *cause) {
	_ = r.driver.post(transitions.Input{To: transitions.SocketKind, ID: r.id, On: uint8(on), Gen: gen, Arg: arg}, why)
}

// because is the cause of an event that something has led to that went wrong.
func (r *socketRun) because(op string, err error) *cause {
	return &cause{err: &SocketError{Socket: r.wiring.id, Op: op, Err: err}}
}

// fault tells watchers what went wrong on this socket.
func (r *socketRun) fault(op string, err error) {
	r.tellFault(&SocketError{Socket: r.wiring.id, Op: op, Err: err})
}

func (r *socketRun) tellFault(err error) {
	r.faults.publish(err)
	r.driver.fail(r.wiring.url, err)
}

func (r *socketRun) perform(w work) {
	switch transitions.SocketEffect(w.out.Effect) {
	case transitions.SocketDial:
		r.begin(w)
	case transitions.SocketAdoptConnection:
		r.cancelDial = nil
		r.noteAnswer(nil)
		r.connection = newConnection(r, w.why.opened, w.out.Now)
		r.driver.begin(r.connection.read)
	case transitions.SocketSendAuth:
		r.sendAuth(r.wiring.auth, w.out.Now)
	case transitions.SocketSendRenewal:
		r.sendAuth(r.wiring.renew, w.out.Now)
	case transitions.SocketSendPing:
		r.driver.begin(r.connection.probe)
	case transitions.SocketReleaseSubscriptions:
		if w.why.answer != nil { // links carry the rest
			r.noteAnswer(w.why.answer)
		}
	case transitions.SocketLosePending:
		r.noteDown()
	case transitions.SocketSendClose:
		r.connection.sendClose()
	case transitions.SocketCloseConnection:
		r.cut()
	case transitions.SocketCloseLate:
		r.driver.begin(w.why.opened.close)
	case transitions.SocketRefuseOpen:
		tell(w.why.refused, ErrSocketOpen)
	case transitions.SocketTellOpened:
		tell(w.why.refused, nil)
	case transitions.SocketTellClosed:
		r.down = time.Time{}
		for _, closer := range r.closers {
			closer <- nil
		}
		r.closers = nil
	case transitions.SocketForget:
		r.driver.removeRun(r.id)
		tell(w.why.refused, nil)
	case transitions.SocketTellReady:
		r.reportReady(Ready{Generation: w.out.Now})
	case transitions.SocketTellReadyAgain:
		r.reportReady(Ready{Generation: w.out.Now, Again: true, Missed: r.connection.missed()})
	case transitions.SocketReportFailed:
		r.down = time.Time{}
		r.tellFault(&SocketError{Socket: r.wiring.id, Op: "open", Err: because(errGivenUp, w.why.err)})
	case transitions.SocketReportNoToken:
		r.driver.noTokenOnce(CauseSocket, because(authhttp.ErrNoToken, w.why.err))
	case transitions.SocketNeedToken:
		r.noteDown() // a link carries the rest
	case transitions.SocketRefuseToken, transitions.SocketReleaseSubscription,
		transitions.SocketReleaseRequests, transitions.SocketReleaseRequest, transitions.SocketRefuseRequest, transitions.SocketRefuseSubscription,
		transitions.SocketClosePending, transitions.SocketReportReady:
		// Links carry these to other machines.
	}
}

// begin begins a dial.
func (r *socketRun) begin(w work) {
	r.noteDown()
	if !r.booked {
		r.driver.settings.budget.spend(r.driver.settings.now())
	}
	r.booked = false
	var ctx context.Context
	ctx, r.attempt = r.driver.observer.begin(context.WithoutCancel(r.driver.contextOf(w.why)),
		Operation{Kind: AttemptOperation, Name: "connect", Socket: r.wiring.id, Generation: w.out.Now})
	ctx, r.cancelDial = context.WithCancel(ctx)
	k := r.known()
	r.driver.begin(func() { r.dial(ctx, k, w.out.Now) })
}

// noteDown notes since when the socket is not ready.
func (r *socketRun) noteDown() {
	if r.down.IsZero() {
		r.down = r.driver.settings.now()
	}
}

func (r *socketRun) sendAuth(s *step, gen uint32) {
	if s == nil {
		r.post(transitions.SocketAuthSent, gen, 0, noCause)
		r.post(transitions.SocketAuthSkipped, gen, 0, noCause)
		return
	}
	c, k := r.connection, r.known()
	c.do(func() { c.sendAuth(s, k) })
}

func (r *socketRun) reportReady(ready Ready) {
	r.down = time.Time{}
	r.readies.publish(ready)
}

// noteAnswer notes the answer to auth, with which a connection begins anew.
func (r *socketRun) noteAnswer(m *message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.authed, r.answers = nil, nil
	if m != nil {
		r.authed = m.value
	}
}

// answered notes an answer to a subscription.
func (r *socketRun) answered(m *message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers = append(r.answers, m.value)
}

// known is what builders are given at this moment.
func (r *socketRun) known() known {
	k := known{user: r.driver.user()}
	if !r.wiring.public {
		k.token = r.driver.current().token()
	}
	r.mu.Lock()
	k.authAnswer = r.authed
	r.mu.Unlock()
	return k
}

// cut ends the connection, or the dial, whichever there is.
func (r *socketRun) cut() {
	if r.cancelDial != nil {
		r.cancelDial()
		r.cancelDial = nil
	}
	if r.connection != nil {
		r.connection.cut()
		r.connection = nil
	}
}
