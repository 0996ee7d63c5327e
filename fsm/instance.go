package fsm

// Instance is a live machine: a snapshot, and a function that performs its
// effects. Events may be posted from any goroutine, also while an effect is
// performed; effects are performed one at a time, in order, outside the lock.
type Instance[S, E, F ~uint8, D comparable] struct {
	machine *Machine[S, E, F, D]
	perform func(*Instance[S, E, F, D], F, Event[E])
	mailbox Mailbox[performance[F, E]]
	raised  *[]Event[E]
	now     Snapshot[S, D]
}

// performance is an effect to perform, with the event that caused it; or, with
// raised set, the moment to step what was raised.
type performance[F, E ~uint8] struct {
	effect F
	raised bool
	cause  Event[E]
}

// New returns a live instance in the initial state. perform does what an effect
// says; it may post and raise events. A nil perform drops effects.
func (m *Machine[S, E, F, D]) New(perform func(in *Instance[S, E, F, D], effect F, cause Event[E])) *Instance[S, E, F, D] {
	return &Instance[S, E, F, D]{machine: m, perform: perform, now: m.Initial()}
}

// Post steps the instance and returns the outcome of this very event. The
// effects have been performed when Post returns, unless Post was called while
// others were being performed: then those go first.
func (in *Instance[S, E, F, D]) Post(e Event[E]) error {
	in.mailbox.Lock()
	defer in.mailbox.Drain(in.run) // deferred, lest a guard that panics keep the lock
	in.stepRaised()
	return in.step(e)
}

// Raise queues an internal event from inside perform: it is stepped when the
// effects of the step under way are performed, or before the next event that is
// posted from outside, whichever comes first. An impossible one changes nothing.
// Elsewhere it is Post without the outcome.
func (in *Instance[S, E, F, D]) Raise(e Event[E]) {
	in.mailbox.Lock()
	if in.raised == nil {
		in.raised = new([]Event[E])
	}
	*in.raised = append(*in.raised, e)
	in.mailbox.Put(performance[F, E]{raised: true})
	in.mailbox.Drain(in.run)
}

// Now returns the snapshot of this moment.
func (in *Instance[S, E, F, D]) Now() Snapshot[S, D] {
	in.mailbox.Lock()
	defer in.mailbox.Unlock()
	return in.now
}

func (in *Instance[S, E, F, D]) run(p performance[F, E]) {
	if p.raised {
		in.mailbox.Lock()
		defer in.mailbox.Unlock()
		in.stepRaised()
		return
	}
	in.perform(in, p.effect, p.cause)
}

func (in *Instance[S, E, F, D]) step(e Event[E]) error {
	effects, err := in.machine.Apply(&in.now, e)
	if in.perform != nil {
		for _, effect := range effects {
			in.mailbox.Put(performance[F, E]{effect: effect, cause: e})
		}
	}
	return err
}

func (in *Instance[S, E, F, D]) stepRaised() {
	if in.raised == nil {
		return
	}
	events := *in.raised
	in.raised = nil
	for _, e := range events {
		_ = in.step(e)
	}
}
