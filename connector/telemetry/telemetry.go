package telemetry

import (
	"errors"
	"fmt"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/custom-app/interlock/connector"
)

// scope names this package to whoever looks at its metrics and spans.
const scope = "github.com/custom-app/interlock/connector/telemetry"

// Options are where metrics and traces go. The zero value is complete.
type Options struct {
	MeterProvider  metric.MeterProvider // nil: otel.GetMeterProvider()
	TracerProvider trace.TracerProvider // nil: otel.GetTracerProvider()

	// SocketName returns the name of a socket in attributes, as "room" for the ids of all
	// rooms. It is asked often, from many goroutines. After 1000 names, others are _OTHER.
	// nil: the id.
	SocketName func(id string) string
}

// New returns an observer for Config.Observer, which any number of clients may share. The
// error joins those of the meter, each naming its instrument.
func New(o Options) (connector.Observer, error) {
	if o.MeterProvider == nil {
		o.MeterProvider = otel.GetMeterProvider()
	}
	if o.TracerProvider == nil {
		o.TracerProvider = otel.GetTracerProvider()
	}
	if o.SocketName == nil {
		o.SocketName = func(id string) string { return id }
	}
	t := &observer{tracer: o.TracerProvider.Tracer(scope), socketName: o.SocketName}
	if err := t.instrument(o.MeterProvider.Meter(scope)); err != nil {
		return nil, err
	}
	return t, nil
}

// boundaries of durations, in seconds: those advised for HTTP, and longer ones, since a
// command may try again for a while.
var boundaries = metric.WithExplicitBucketBoundaries(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60)

// instruments are what is measured.
type instruments struct {
	durations map[connector.OperationKind]metric.Float64Histogram
	active    metric.Int64UpDownCounter
	sessions  metric.Int64UpDownCounter
	sockets   metric.Int64UpDownCounter

	transitions, messages, io, missed, errors metric.Int64Counter
}

func (in *instruments) instrument(meter metric.Meter) error {
	var faults []error
	fault := func(name string, err error) {
		if err != nil {
			faults = append(faults, fmt.Errorf("interlock: telemetry: %s: %w", name, err))
		}
	}
	seconds := func(name, doc string) metric.Float64Histogram {
		h, err := meter.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(doc), boundaries)
		fault(name, err)
		return h
	}
	upDown := func(name, unit, doc string) metric.Int64UpDownCounter {
		c, err := meter.Int64UpDownCounter(name, metric.WithUnit(unit), metric.WithDescription(doc))
		fault(name, err)
		return c
	}
	counter := func(name, unit, doc string) metric.Int64Counter {
		c, err := meter.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(doc))
		fault(name, err)
		return c
	}
	in.durations = map[connector.OperationKind]metric.Float64Histogram{
		connector.CommandOperation: seconds("interlock.command.duration", "Commands of the application, from their begin to their outcome."),
		connector.CallOperation:    seconds("interlock.auth.duration", "Calls that log in, refresh tokens or log out."),
		connector.AttemptOperation: seconds("interlock.socket.attempt.duration", "Attempts to get a socket ready, from the dial to the last answer."),
		connector.RequestOperation: seconds("interlock.request.duration", "Requests on sockets, from their submission to their settlement."),
	}
	in.active = upDown("interlock.request.active", "{request}", "Requests that have not settled.")
	in.sessions = upDown("interlock.session.count", "{session}", "Sessions that are not logged out, by state.")
	in.sockets = upDown("interlock.socket.count", "{socket}", "Sockets that are not closed, by state.")
	in.transitions = counter("interlock.transitions", "{transition}", "Changes of state of the machines.")
	in.messages = counter("interlock.socket.messages", "{message}", "WebSocket messages.")
	in.io = counter("interlock.socket.io", "By", "Bytes of WebSocket messages, before compression.")
	in.missed = counter("interlock.socket.missed", "{message}", "Messages that a slow consumer has missed.")
	in.errors = counter("interlock.errors", "{error}", "What went wrong outside of any call.")
	return errors.Join(faults...)
}

// The keys of attributes.
const (
	commandKey    = attribute.Key("interlock.command")
	callKey       = attribute.Key("interlock.auth.call")
	requestKey    = attribute.Key("interlock.request")
	outcomeKey    = attribute.Key("interlock.outcome")
	socketKey     = attribute.Key("interlock.socket")
	stateKey      = attribute.Key("interlock.state")
	machineKey    = attribute.Key("interlock.machine")
	eventKey      = attribute.Key("interlock.event")
	sessionKey    = attribute.Key("interlock.session")           // in spans only
	generationKey = attribute.Key("interlock.socket.generation") // in spans only
	errorKey      = attribute.Key("error.type")
	directionKey  = attribute.Key("network.io.direction")
)

// other stands for what would be one name too many.
const other = "_OTHER"
