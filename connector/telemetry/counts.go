package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/transitions"
)

// move is what transitions are counted by. Its names are declared, so there are few.
type move struct {
	machine   transitions.Kind
	event, to string
}

// Changed counts a transition, and who is in which state.
func (t *observer) Changed(_ uint64, c connector.Change) {
	t.transitions.Add(context.Background(), 1, t.moveOptions(move{c.Machine, c.Event, c.To})...)
	switch c.Machine {
	case transitions.SessionKind:
		count(t.sessions, c, transitions.SessionLoggedOut.String())
	case transitions.SocketKind:
		count(t.sockets, c, transitions.SocketClosed.String(), socketKey.String(t.socket(c.ID).name))
	}
}

func (t *observer) moveOptions(m move) []metric.AddOption {
	if known, ok := t.moves.Load(m); ok {
		return known.([]metric.AddOption)
	}
	set := attribute.NewSet(machineKey.String(m.machine.String()), eventKey.String(m.event), stateKey.String(m.to))
	options := []metric.AddOption{metric.WithAttributeSet(set)}
	t.moves.Store(m, options)
	return options
}

// count takes a machine out of one state and puts it into another. In the state of
// rest nobody is counted, nor what is removed.
func count(in metric.Int64UpDownCounter, c connector.Change, rest string, attrs ...attribute.KeyValue) {
	add := func(n int64, state string) {
		if state != rest && state != transitions.SocketRemoved.String() {
			in.Add(context.Background(), n, metric.WithAttributes(append(attrs, stateKey.String(state))...))
		}
	}
	add(-1, c.From)
	add(1, c.To)
}

// Message counts messages and their bytes.
func (t *observer) Message(_ uint64, socket string, flow connector.Flow, size int) {
	ctx, s := context.Background(), t.socket(socket)
	direction := s.in
	switch flow {
	case connector.Missed:
		t.missed.Add(ctx, 1, s.alone...)
		return
	case connector.Sent:
		direction = s.out
	}
	t.messages.Add(ctx, 1, direction...)
	t.io.Add(ctx, int64(size), direction...)
}

// Failed counts faults by their codes.
func (t *observer) Failed(_ uint64, err error) {
	t.errors.Add(context.Background(), 1, metric.WithAttributes(errorKey.String(errorType(err))))
}

// mostNames bounds the names of sockets.
const mostNames = 1000

// socketOptions are the attributes of what is counted for the sockets of one name.
type socketOptions struct {
	name           string
	alone, in, out []metric.AddOption
}

// socket returns the attributes of a socket.
func (t *observer) socket(id string) *socketOptions {
	name := t.socketName(id)
	known, ok := t.named.Load(name)
	if !ok && t.names.Load() >= mostNames {
		name = other
		known, ok = t.named.Load(name)
	}
	if !ok {
		known, ok = t.named.LoadOrStore(name, newSocketOptions(name))
		if !ok {
			t.names.Add(1)
		}
	}
	return known.(*socketOptions)
}

func newSocketOptions(name string) *socketOptions {
	options := func(more ...attribute.KeyValue) []metric.AddOption {
		set := attribute.NewSet(append(more, socketKey.String(name))...)
		return []metric.AddOption{metric.WithAttributeSet(set)}
	}
	return &socketOptions{
		name: name, alone: options(),
		in: options(directionKey.String("receive")), out: options(directionKey.String("transmit")),
	}
}
