package connector

import (
	"fmt"
	"slices"

	"github.com/custom-app/interlock/connector/journal"
	"github.com/custom-app/interlock/transitions"
)

// addRuns adds sockets to the core and to the session, all or none of them. The
// caller holds the mailbox's lock.
func (d *driver) addRuns(wirings []*wiring, group int) error {
	taken := make(map[string]bool)
	for _, run := range d.socketRuns() {
		taken[run.wiring.id] = d.core.HasSocket(run.id)
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
	run := &socketRun{driver: d, id: id, wiring: w, messages: w.hub(), gone: make(chan struct{})}
	for i := range w.subscribe {
		s := &subscriptionRun{id: first + uint32(i), number: i + 1, socket: run, join: &w.subscribe[i], active: make(chan struct{})}
		run.declared = append(run.declared, s.id)
		d.subscriptions.Store(s.id, s)
	}
	runs := append(slices.Clone(d.socketRuns()), run)
	d.runs.Store(&runs)
	if d.journal != nil && plan.Added {
		d.mailbox.Put(work{record: &record{added: &journal.Socket{Name: w.id, Plan: plan}, id: id}})
	}
	return nil
}

// removeRun forgets a socket that is no more.
func (d *driver) removeRun(id uint32) {
	run := d.socketRun(id)
	for _, s := range run.declared {
		d.subscriptions.Delete(s)
	}
	run.wiring.end(run.messages)
	run.faults.end()
	run.readies.end()
	defer close(run.gone)
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
