package connector

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cenkalti/backoff/v4"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/transitions"
)

// Group is sockets that open together, when every socket of the groups before is
// ready. When a socket of an earlier group drops and comes back, the later ones
// stay as they are.
type Group[U any] struct {
	Sockets []AnySocket[U] // those that are known beforehand

	// Make says which other sockets the group has, for this user. It runs on a
	// goroutine of its own and may block until ctx ends, at the latest after
	// Config.GroupTimeout. With [ErrNone] there are none. Another error is told, and
	// Make asked again after a while, but for a backoff.PermanentError, which ends the
	// chain: the session is degraded. What it returns lasts until the user is logged
	// out; at the next login it is asked again. nil: there are no others.
	Make func(context.Context, Chain[U]) ([]AnySocket[U], error)
}

// Chain is what the sockets so far have come to.
type Chain[U any] struct {
	User    U
	Token   authhttp.Token
	answers map[string]answers
}

// answers are those of one socket's handshake.
type answers struct {
	auth          any
	subscriptions []any
}

// AuthAnswer returns the answer to a socket's auth message; false when there is
// none of this type.
func AuthAnswer[Res, U any](so Chain[U], socket string) (Res, bool) {
	res, ok := so.answers[socket].auth.(Res)
	return res, ok
}

// SubscriptionAnswers returns the answers to a socket's subscription messages, as
// they came.
func SubscriptionAnswers[Res, U any](so Chain[U], socket string) []Res {
	var all []Res
	for _, value := range so.answers[socket].subscriptions {
		if res, ok := value.(Res); ok {
			all = append(all, res)
		}
	}
	return all
}

// made is a group of sockets that the application has made.
type made struct{ wirings []*wiring }

// soFar is Chain without its type.
type soFar struct {
	user    any
	token   authhttp.Token
	answers map[string]answers
}

func (d *driver) soFar() soFar {
	so := soFar{user: d.user(), token: d.current().token(), answers: make(map[string]answers)}
	for _, run := range d.socketRuns() {
		run.mu.Lock()
		so.answers[run.wiring.id] = answers{run.authed, slices.Clone(run.answers)}
		run.mu.Unlock()
	}
	return so
}

// bindGroup takes the types off a group's Make.
func bindGroup[U any](g Group[U], in surroundings) func(context.Context, soFar) ([]*wiring, error) {
	return func(ctx context.Context, so soFar) ([]*wiring, error) {
		if g.Make == nil {
			return nil, nil
		}
		sockets, err := guarded(func() ([]AnySocket[U], error) {
			return g.Make(ctx, Chain[U]{as[U](so.user), so.token, so.answers})
		})
		if err != nil {
			return nil, err
		}
		return bindAll(sockets, in)
	}
}

// bindAll validates and binds sockets that are given while running. A fault is not
// to be mended by another attempt.
func bindAll[U any](sockets []AnySocket[U], in surroundings) (all []*wiring, _ error) {
	var faults []error
	for i, s := range sockets {
		w, err := bindOne[U](s, in)
		if err != nil {
			faults = append(faults, fmt.Errorf("Sockets[%d]: %w", i, err))
		}
		all = append(all, w)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, backoff.Permanent(err)
	}
	return all, nil
}

func bindOne[U any](s AnySocket[U], in surroundings) (*wiring, error) {
	if s == nil {
		return nil, errors.New("is nil")
	}
	return guarded(func() (*wiring, error) {
		if err := s.validate(in); err != nil {
			return nil, err
		}
		if s.early() {
			return nil, errors.New("Early: only declared sockets open before login")
		}
		w := s.bind(in)
		w.plan.Added = true
		return w, nil
	})
}

// makeGroup asks the application for the next group, and posts what it says.
func (d *driver) makeGroup(gen uint32) {
	var ctx context.Context
	ctx, d.stopMaking = context.WithTimeout(context.Background(), d.settings.groupTimeout)
	stop, so := d.stopMaking, d.soFar()
	d.mailbox.Lock()
	_, data := d.core.Session()
	d.mailbox.Unlock()
	if int(data.Group) >= len(d.settings.chain) {
		return // the session has gone on
	}
	build := d.settings.chain[data.Group]
	d.begin(func() {
		defer stop()
		wirings, err := build(ctx, so)
		d.groupMade(gen, wirings, err)
	})
}

func (d *driver) groupMade(gen uint32, wirings []*wiring, err error) {
	in := transitions.Input{To: transitions.SessionKind, Gen: gen, On: uint8(transitions.SessionGroupUnavailable)}
	why := &cause{}
	final, _ := guarded(func() (bool, error) {
		var permanent *backoff.PermanentError
		return errors.As(err, &permanent), nil
	})
	none, _ := guarded(func() (bool, error) { return errors.Is(err, ErrNone), nil })
	switch {
	case err == nil, none:
		in.On = uint8(transitions.SessionGroupMade)
	case final:
		in.On = uint8(transitions.SessionGroupFailed)
	}
	if err != nil && !none {
		why.err = fmt.Errorf("interlock: chain: the next group was not made: %w", err)
		d.fail("", why.err)
	}
	_ = d.postGroup(in, wirings, why)
}

// postGroup posts that a group is made, and in the same breath adds its sockets.
func (d *driver) postGroup(in transitions.Input, wirings []*wiring, why *cause) error {
	now := d.settings.now()
	d.mailbox.Lock()
	d.lookAtClock(now)
	var err error
	if in.On == uint8(transitions.SessionGroupMade) && d.core.Moves(in) {
		_, data := d.core.Session()
		err = d.addRuns(wirings, int(data.Group)+1)
	}
	if err != nil {
		in.On, why.err = uint8(transitions.SessionGroupFailed), fmt.Errorf("interlock: chain: %w", err)
	}
	if failed := d.step(in, why); failed != nil {
		err = failed
	}
	jobs := d.drain()
	for _, job := range jobs {
		go job()
	}
	if why.err != nil && err != nil {
		d.fail("", why.err)
	}
	return err
}

// addRuns adds sockets to the core and to the session, all or none of them. The
// caller holds the mailbox's lock.
func (d *driver) addRuns(wirings []*wiring, group int) error {
	taken := make(map[string]bool)
	for _, run := range d.socketRuns() {
		taken[run.wiring.id] = true
	}
	for _, w := range wirings {
		if taken[w.id] {
			return fmt.Errorf("socket %s: ID: is taken", w.id)
		}
		taken[w.id] = true
	}
	for _, w := range wirings {
		plan := w.plan
		plan.Group = group
		if err := d.addRun(w, plan); err != nil {
			return err
		}
	}
	return nil
}

// addRun adds one socket.
func (d *driver) addRun(w *wiring, plan transitions.SocketPlan) error {
	first := d.core.NextSubscription()
	id, err := d.core.AddSocket(plan)
	if err != nil {
		return err
	}
	run := &socketRun{driver: d, id: id, wiring: w, messages: w.hub()}
	for i := range w.subscribe {
		s := &subscriptionRun{id: first + uint32(i), number: i + 1, socket: run, join: &w.subscribe[i], active: make(chan struct{})}
		run.declared = append(run.declared, s.id)
		d.subscriptions.Store(s.id, s)
	}
	runs := append(slices.Clone(d.socketRuns()), run)
	d.runs.Store(&runs)
	if d.journal != nil && plan.Added {
		d.mailbox.Put(work{record: &record{added: w.id, id: id, plan: plan}})
	}
	return nil
}

// removeRun forgets a socket that is no more.
func (d *driver) removeRun(id uint32) {
	run := d.socketRun(id)
	for _, s := range run.declared {
		d.subscriptions.Delete(s)
	}
	d.mailbox.Lock()
	defer d.mailbox.Unlock()
	runs := slices.DeleteFunc(slices.Clone(d.socketRuns()), func(r *socketRun) bool { return r.id == id })
	d.runs.Store(&runs)
}

// socketRuns returns the session's sockets, in the order of their ids.
func (d *driver) socketRuns() []*socketRun {
	if runs := d.runs.Load(); runs != nil {
		return *runs
	}
	return nil
}

// socketRun returns the socket of an id, or nil.
func (d *driver) socketRun(id uint32) *socketRun {
	for _, run := range d.socketRuns() {
		if run.id == id {
			return run
		}
	}
	return nil
}

// Add adds a socket for the current user and opens it, without waiting: requests to
// it do. It lasts until the user is logged out, or logs in as another. A login that
// is under way waits for it as for the others. The error names what is wrong with
// the declaration, or is [ErrNotLoggedIn].
func (s *Session[C, U]) Add(socket AnySocket[U]) (*Handle, error) {
	d := s.driver
	w, err := bindOne[U](socket, s.client.surroundings)
	if err != nil {
		return nil, fmt.Errorf("interlock: add: %w", err)
	}
	run, err := d.addLater(w)
	if err != nil {
		return nil, fmt.Errorf("interlock: add: %w", err)
	}
	h := &Handle{run}
	if err := h.Open(); err != nil {
		_ = h.command(transitions.SessionSocketRemoveRequested)
		return nil, err
	}
	return h, nil
}

// addLater adds a socket that is still to be opened.
func (d *driver) addLater(w *wiring) (*socketRun, error) {
	d.mailbox.Lock()
	_, data := d.core.Session()
	err := d.addRuns([]*wiring{w}, int(data.Group))
	runs := d.socketRuns()
	for _, job := range d.drain() {
		go job()
	}
	if err != nil {
		return nil, err
	}
	return runs[len(runs)-1], nil
}

// Remove closes a socket that was added, as [Handle.Close] does, and removes it. A
// declared one cannot be removed, only closed.
func (s *Session[C, U]) Remove(ctx context.Context, id string) error {
	h, err := s.Socket(id)
	if err != nil {
		return err
	}
	if !h.run.wiring.plan.Added {
		return fmt.Errorf("interlock: socket %s: is declared, and can only be closed", id)
	}
	if err := h.Close(ctx); err != nil {
		return err
	}
	err = h.command(transitions.SessionSocketRemoveRequested)
	if errors.Is(err, ErrSocketClosed) {
		return nil
	}
	return err
}
