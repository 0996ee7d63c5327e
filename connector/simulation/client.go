package simulation

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/transitions"
)

// held is how many items a stream of a run holds. Consumers are as fast as virtual
// time is, so that nothing is lost.
const held = 1 << 14

// listen judges what a socket tells.
func (w *world) listen(s *socket) {
	all, readies := s.All(held), s.Readies(held)
	w.streams = append(w.streams, all, readies)
	w.joins.Go(func() {
		var last uint32
		for m := range all.All(context.Background()) {
			w.hears(s.ID(), m, last)
			last = m.Generation
		}
		if n := all.Missed(); n > 0 {
			w.violation(15, "socket %s: %d messages were lost", s.ID(), n)
		}
	})
	w.joins.Go(func() {
		var last uint32
		for r := range readies.All(context.Background()) {
			w.count(func(f *Figures) *int { return &f.Readies })
			if r.Generation <= last {
				w.violation(12, "socket %s: ready in generation %d after %d", s.ID(), r.Generation, last)
			}
			if r.Again && !r.Missed {
				w.violation(18, "socket %s: ready again, and nobody is told that messages may have been missed", s.ID())
			}
			last = r.Generation
		}
	})
}

// hears judges a message; last is the generation of the one before.
func (w *world) hears(id string, m connector.Inbound[response], last uint32) {
	w.count(func(f *Figures) *int { return &f.Messages })
	if m.Generation < last {
		w.violation(17, "socket %s: a message of generation %d came after one of %d", id, m.Generation, last)
	}
	if m.Generation > last && last != 0 {
		w.look()
		w.told.Lock()
		lost := w.lost[id]
		w.told.Unlock()
		if lost < last {
			w.violation(18, "socket %s: the first message of generation %d came before it was told that %d is lost", id, m.Generation, last)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.isPublic(id) && !w.loggedOut.IsZero() && time.Now().After(w.loggedOut) {
		w.note(17, "socket %s: a message came %v after everybody had logged out", id, time.Since(w.loggedOut))
	}
}

// isPublic tells whether a socket outlives a logout.
func (w *world) isPublic(id string) bool {
	return slices.ContainsFunc(w.lines, func(l *line) bool { return l.id == id && l.public })
}

// watch judges what the session tells.
func (w *world) watch() {
	faults, outcomes := w.session.Errors(held), w.session.Outcomes(held)
	changes := w.session.Changes(held)
	w.changes = w.session.Changes(held)
	w.streams = append(w.streams, faults, outcomes, changes, w.changes)
	w.joins.Go(func() {
		for err := range faults.All(context.Background()) {
			w.judges("an error", err)
		}
	})
	w.joins.Go(func() {
		for outcome := range outcomes.All(context.Background()) {
			w.judges("an outcome", outcome.Err)
		}
	})
	w.joins.Go(func() {
		for change := range changes.All(context.Background()) {
			w.changed(change)
		}
	})
}

// judges looks at an error that somebody is told.
func (w *world) judges(what string, err error) {
	if err == nil {
		return
	}
	w.clean(what, err.Error())
	var impossible *fsm.ImpossibleError
	if errors.As(err, &impossible) || errors.Is(err, transitions.ErrDefect) {
		w.violation(19, "%s: %v", what, err)
	}
}

// ended is a context that has ended: with it a stream gives what it holds.
var ended = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// look takes the changes that were told so far, and notes which connections were
// told to be lost.
func (w *world) look() {
	w.told.Lock()
	defer w.told.Unlock()
	for {
		c, ok := w.changes.Next(ended)
		if !ok {
			return
		}
		if c.Machine != transitions.SocketKind {
			continue
		}
		switch c.To {
		case "tokenPending", "waiting", "outage", "busyWaiting", "failed", "closing", "closed":
			w.lost[c.ID] = c.Generation
		}
	}
}

// changed judges a change.
func (w *world) changed(c connector.Change) {
	w.clean("a change", c.Reason)
	if c.Machine == transitions.SessionKind && c.To == "loggedOut" && c.From != "authenticating" {
		w.sessionEnds(c)
	}
}

// sessionEnds judges the end of a session: a command asks for it, or the server has
// refused the token.
func (w *world) sessionEnds(c connector.Change) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.commands == 0 && time.Since(w.commanded) > time.Minute && time.Since(w.refused) > time.Minute {
		w.note(26, "the session has ended by %s, and nobody has asked for it", c.Event)
	}
}
