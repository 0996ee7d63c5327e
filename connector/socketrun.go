package connector

import (
	"context"

	"github.com/cenkalti/backoff/v4"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/transitions"
)

// socketRun performs the effects of one socket.
type socketRun struct {
	driver   *driver
	id       uint32
	wiring   *wiring
	messages any // the typed hub of messages that answer nothing

	// Only the goroutine that runs outputs touches these.
	connection *connection
	cancelDial context.CancelFunc
	delays     backoff.BackOff
}

// post posts an event of this socket.
func (r *socketRun) post(on transitions.SocketEvent, gen, arg uint32, why *cause) {
	_ = r.driver.post(transitions.Input{To: transitions.SocketKind, ID: r.id, On: uint8(on), Gen: gen, Arg: arg}, why)
}

// fault tells watchers what went wrong on this socket.
func (r *socketRun) fault(op string, err error) {
	r.driver.fail(r.wiring.url, &SocketError{Socket: r.wiring.id, Op: op, Err: err})
}

func (r *socketRun) perform(w work) {
	switch transitions.SocketEffect(w.out.Effect) {
	case transitions.SocketDial:
		var ctx context.Context
		ctx, r.cancelDial = context.WithCancel(context.Background())
		k := r.known()
		r.driver.begin(func() { r.dial(ctx, k, w.out.Now) })
	case transitions.SocketAdoptConnection:
		r.cancelDial = nil
		r.connection = newConnection(r, w.why.opened, w.out.Now)
		r.driver.begin(r.connection.read)
		r.connection.begin() // on the goroutine that has dialled
	case transitions.SocketSendAuth:
		if r.wiring.auth == nil {
			r.post(transitions.SocketAuthSkipped, w.out.Now, 0, noCause)
			return
		}
		c, k := r.connection, r.known()
		c.begin()
		c.steps <- func() { c.sendAuth(k) }
	case transitions.SocketSendSubscriptions:
		r.connection.begin()
		defer r.connection.finish()
		if len(r.wiring.subscribe) == 0 {
			r.post(transitions.SocketSubscriptionsSent, w.out.Now, 0, noCause)
			return
		}
		k := r.known()
		if w.why.answer != nil {
			k.authAnswer = w.why.answer.message
		}
		c := r.connection
		c.steps <- func() { c.sendSubscriptions(k) }
	case transitions.SocketSendClose:
		r.connection.sendClose()
	case transitions.SocketCloseConnection:
		r.cut()
	case transitions.SocketCloseLate:
		r.driver.begin(w.why.opened.close)
	case transitions.SocketReportFailed:
		r.fault("open", because(errGivenUp, w.why.err))
	case transitions.SocketReportNoToken:
		r.driver.noTokenOnce(CauseSocket, because(authhttp.ErrNoToken, w.why.err))
	case transitions.SocketNeedToken, transitions.SocketRefuseToken, transitions.SocketReleaseRequests,
		transitions.SocketReleaseRequest, transitions.SocketRefuseRequest, transitions.SocketLoseRequests,
		transitions.SocketCloseRequests:
		// Links carry these to other machines.
	}
}

// known is what builders are given at this moment.
func (r *socketRun) known() known {
	var k known
	if !r.wiring.public {
		k.token = r.driver.current().token()
	}
	if users := r.driver.loggedIn(); len(users) > 0 {
		k.user = users[len(users)-1]
	}
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
