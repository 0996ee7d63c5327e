package connector

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/authhttp/errcode"
	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/transitions"
)

// driver drives the core of one session: it posts events, journals, and performs
// what comes out. What a field's group says about goroutines is the locking of
// this package: outputs are run by one goroutine at a time, in order.
type driver struct {
	settings *settings
	number   uint64 // of the session in its client, from 1
	account  string // whose tokens are stored
	mailbox  fsm.Mailbox[work]
	core     *transitions.Core // behind the mailbox's lock

	// Only the goroutine that runs outputs touches these.
	timers       map[timerKey]stopper
	chance       *rand.Rand
	login        *loginCall // the command in flight
	cancelLogin  context.CancelFunc
	loginDelays  backoff.BackOff
	tokens       []tokenRun // the master's first
	tokenWaiters []*tokenCall
	requests     map[uint32]*call
	logouts      []*leaveCall
	parent       error // why the session of the user before has ended, for those who log out
	requirers    []*requirer
	noticed      bool                    // the listener was told that there is no fresh token of this generation
	stopMaking   context.CancelCauseFunc // of the group that is being made
	chainDelays  backoff.BackOff
	detachers    []chan error // who closes every socket by hand
	journal      *journalist
	jobs         *[]func() // of the goroutine that runs outputs

	runs          atomic.Pointer[[]*socketRun] // the sockets, in the order of their ids; changed under the mailbox's lock
	subscriptions sync.Map                     // of uint32, its id, to *subscriptionRun

	storage   serial // what is asked of the store: an answer that comes late undoes nothing that was asked later
	callbacks serial
	log       *logger
	observer  *observation
	held      atomic.Pointer[[]*held]       // the pairs: the master's first, the current user's last
	users     atomic.Pointer[[]any]         // in the same order
	clock     atomic.Pointer[time.Duration] // the server's less ours; nil: not measured
	wireID    atomic.Uint64                 // the last id put on a wire in this session
	tickets   atomic.Uint32                 // the last command

	nextLogin, nextRefresh atomic.Pointer[time.Time] // when the next attempt begins, while it is waited for

	changes  hub[Change]
	outcomes hub[Outcome]
	faults   hub[error]
}

// settings are a config without its types.
type settings struct {
	system     *transitions.System
	gate       func(context.Context) error
	login      func(ctx context.Context, credentials any) (granted, error)
	resume     func(context.Context, authhttp.Pair) (granted, error)
	loginAs    func(ctx context.Context, pair authhttp.Pair, id any) (granted, error)
	renew      func(context.Context, authhttp.Pair) (authhttp.Pair, error)
	revoke     func(context.Context, authhttp.Pair) error
	revokeWide func(context.Context, authhttp.Pair) error
	store      authhttp.Store
	resumes    bool // the service can
	dial       dialer
	chain      []func(context.Context, soFar) ([]*wiring, error) // the groups after the first
	budget     *budget
	now        func() time.Time
	delays     func() backoff.BackOff
	seed       uint64
	noToken    func(NoToken)
	mute       []NoTokenCause
	reporter   errcode.Reporter

	gateTimeout, storeTimeout, loginTimeout, refreshTimeout time.Duration
	groupTimeout                                            time.Duration
	revokeTimeout, closeTimeout                             time.Duration
	staleGap, refreshFloor, retryFloor, retryCap            time.Duration
}

// work is one output of a step, with what caused it; or, with record set, the
// step's line in the journal, which comes first.
type work struct {
	out    transitions.Output
	why    *cause
	record *record
}

// cause is what an event brings along that the core does not see. All outputs of
// the event share it.
type cause struct {
	err        error         // what went wrong
	told       bool          // watchers of errors know err; of the goroutine that runs outputs
	retryAfter time.Duration // what the server asked for
	granted    *granted      // what a login or refresh gave
	opened     *opened       // what a dial gave
	answer     *message      // what a message answered
	login      *loginCall    // who logs in, resumes, or logs in as another
	refused    chan<- error  // who opens, or removes
	require    *requirer
	logout     *leaveCall // who leaves
	token      *tokenCall // who needs a token
	request    *call      // who requests
	closer     chan error // who closes a socket
	detacher   chan error // who closes every socket
}

// noCause is shared by all events that bring nothing along, and never written to.
var noCause = &cause{}

// waits tells whether somebody is to be lined up for what the event leads to.
func (c *cause) waits() bool {
	return c.logout != nil || c.token != nil || c.require != nil || c.closer != nil || c.detacher != nil
}

// post gives one event to the core and sees to what comes of it. The error is
// this event's own: it was refused, and has changed nothing.
func (d *driver) post(in transitions.Input, why *cause) error {
	jobs, err := d.deliver(in, why)
	for _, job := range jobs {
		go job()
	}
	return err
}

// postLast is post for a goroutine whose work this ends: it goes on with the last
// of the jobs that came of what it ran, if any, instead of ending.
func (d *driver) postLast(in transitions.Input, why *cause) error {
	jobs, err := d.deliver(in, why)
	for i, job := range jobs {
		if i == len(jobs)-1 {
			job()
		} else {
			go job()
		}
	}
	return err
}

func (d *driver) deliver(in transitions.Input, why *cause) (jobs []func(), err error) {
	now := d.settings.now() // the application's clock may be anything, so not under the lock
	d.mailbox.Lock()
	d.lookAtClock(now)
	err = d.step(in, why)
	jobs = d.drain()
	if err != nil && !errors.Is(err, transitions.ErrSettled) {
		d.fail("", err)
	}
	return jobs, err
}

// drain ends a step, runs what waits, unless somebody is at it, and returns the
// jobs that came of it, which the caller sees to.
func (d *driver) drain() (jobs []func()) {
	d.mailbox.Drain(func(w work) {
		d.jobs = &jobs
		d.run(w)
	})
	return jobs
}

// begin puts off what blocks, or runs code of the application, until nothing is
// left to run; each job then has a goroutine of its own.
func (d *driver) begin(job func()) { *d.jobs = append(*d.jobs, job) }

// step gives one event to the core. The caller holds the mailbox's lock.
func (d *driver) step(in transitions.Input, why *cause) error {
	outputs, err := d.core.Post(in)
	works := make([]work, 0, len(outputs)+1)
	if d.journal != nil {
		works = append(works, work{record: newRecord(in, outputs, err)})
	}
	for _, out := range outputs {
		if stay := out.What == transitions.Stepped && out.From == out.To; !stay || why.waits() {
			works = append(works, work{out: out, why: why})
		}
	}
	d.mailbox.Put(works...)
	return err
}

// lookAtClock notes which tokens are past their life, which no timer tells while
// the machine is suspended. The caller holds the mailbox's lock.
func (d *driver) lookAtClock(now time.Time) {
	for i, h := range d.pairs() {
		if h == nil || h.staleAfter == 0 || elapsed(h.received, now) < h.staleAfter || i >= d.core.Tokens() {
			continue
		}
		_, token := d.core.TokenOf(i)
		in := transitions.Input{To: transitions.TokenKind, ID: uint32(i), On: uint8(transitions.TokenExpired), Gen: token.Gen}
		if d.core.Moves(in) {
			_ = d.step(in, noCause)
		}
	}
}

// elapsed returns the larger of monotonic and wall time.
func elapsed(since, now time.Time) time.Duration {
	return max(now.Sub(since), now.Round(0).Sub(since.Round(0)))
}

// run sees to one output.
func (d *driver) run(w work) {
	if w.record != nil {
		d.journal.write(w.record)
		return
	}
	switch w.out.What {
	case transitions.Stepped:
		d.stepped(w)
	case transitions.Start:
		d.startTimer(w)
	case transitions.Stop:
		d.stopTimer(w.out)
	case transitions.Perform:
		switch w.out.Machine {
		case transitions.SessionKind:
			d.performSession(w)
		case transitions.LoginKind:
			d.performLogin(w)
		case transitions.TokenKind:
			d.performToken(w)
		case transitions.SocketKind:
			d.socketRun(w.out.ID).perform(w)
		case transitions.SubscriptionKind:
			d.performSubscription(w)
		case transitions.RequestKind:
			d.performRequest(w)
		}
	}
}

// stepped lines up whoever waits for what the event leads to, and tells watchers
// of a change.
func (d *driver) stepped(w work) {
	out := w.out
	switch {
	case out.Machine == transitions.SessionKind && w.why.logout != nil && leaves(out.On):
		d.logouts = append(d.logouts, w.why.logout)
	case out.Machine == transitions.SessionKind && w.why.require != nil && out.On == uint8(transitions.SessionRequired):
		d.requirers = append(d.requirers, w.why.require)
	case out.Machine == transitions.LoginKind && w.why.require != nil && out.On == uint8(transitions.LoginAbandoned):
		d.requirers = slices.DeleteFunc(d.requirers, func(r *requirer) bool { return r == w.why.require })
	case out.Machine == transitions.TokenKind && w.why.token != nil && needs(out.On):
		d.tokenWaiters = append(d.tokenWaiters, w.why.token)
	case out.Machine == transitions.SocketKind && w.why.closer != nil && out.On == uint8(transitions.SocketCloseRequested):
		run := d.socketRun(out.ID)
		run.closers = append(run.closers, w.why.closer)
	case out.Machine == transitions.SessionKind && w.why.detacher != nil && out.On == uint8(transitions.SessionDetachRequested):
		d.detachers = append(d.detachers, w.why.detacher)
	}
	if out.From == out.To || out.Machine == transitions.RequestKind {
		return
	}
	if out.Machine == transitions.LoginKind && d.login != nil && w.why.err != nil {
		d.login.last = w.why.err
	}
	c := d.change(w)
	d.log.change(d.contextOf(w.why), c)
	d.observer.changed(c)
	if out.Machine == transitions.SocketKind {
		d.socketRun(out.ID).observe(w, c)
	}
	d.changes.publish(c)
	if fault, ok := w.why.err.(*SocketError); ok && !w.why.told {
		w.why.told = true // what else the same event moves is not another fault
		d.failOn(out, fault)
	}
}

// leaves and needs tell the events of commands that wait in line.
func leaves(session uint8) bool {
	return session == uint8(transitions.SessionLogoutRequested) || session == uint8(transitions.SessionCloseRequested)
}

func needs(token uint8) bool {
	return token == uint8(transitions.TokenAsked) || token == uint8(transitions.TokenRefused)
}

// random is the session's seeded source of chance.
func (d *driver) random() *rand.Rand {
	if d.chance == nil {
		d.chance = rand.New(rand.NewPCG(d.settings.seed, d.number))
	}
	return d.chance
}
