package connector

import (
	"log/slog"
	"slices"

	"github.com/custom-app/interlock/transitions"
)

// Change is one change of state of one machine.
type Change struct {
	Machine    transitions.Kind
	ID         string // the id of the socket, or of the subscription's; empty for the other machines
	From       string
	Event      string
	To         string
	Reason     string // why the event came: what went wrong, or what the event means
	Generation uint32 // the machine's generation after the change
}

// LogValue returns the change as a group, for log/slog; without an id where there is none.
func (c Change) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.String("machine", c.Machine.String()), slog.String("id", c.ID), slog.String("from", c.From),
		slog.String("event", c.Event), slog.String("to", c.To), slog.String("reason", c.Reason),
		slog.Uint64("generation", uint64(c.Generation)),
	}
	if c.ID == "" {
		attrs = slices.Delete(attrs, 1, 2)
	}
	return slog.GroupValue(attrs...)
}

// change puts an output into names.
func (d *driver) change(w work) Change {
	out, system := w.out, d.settings.system
	c := Change{
		Machine: out.Machine, From: system.StateName(out.Machine, out.From), Event: system.EventName(out.Machine, out.On),
		To: system.StateName(out.Machine, out.To), Reason: system.EventDoc(out.Machine, out.On), Generation: out.Now,
	}
	if out.Machine == transitions.SocketKind {
		c.ID = d.socketRun(out.ID).wiring.id
	}
	if out.Machine == transitions.SubscriptionKind {
		c.ID = d.subscriptionRun(out.ID).socket.wiring.id
	}
	if w.why.err != nil {
		c.Reason = w.why.err.Error()
	}
	return c
}
